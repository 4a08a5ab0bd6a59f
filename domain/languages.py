"""Languages, by their BCP 47 tags: well-formed, and of subtags that are registered.

`languages.json` holds the subtags of languages, scripts and regions from the registry that RFC 5646
names. A language of private use ("qaa" to "qtz", "x-…") says nothing to others and is refused.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.refusals import InvalidInput

tag_chars_max = 35

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-(?P<script>[a-z]{4}))?"
    r"(?:-(?P<region>[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*"
    r"(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)


class _File(msgspec.Struct):
    source: str
    languages: list[str]
    scripts: list[str]
    regions: list[str]


class _Subtags(NamedTuple):
    languages: frozenset[str]
    scripts: frozenset[str]
    regions: frozenset[str]


# Made before there are threads: see `domain.vocabulary.decode`.
_read_file = msgspec.json.Decoder(_File).decode


def is_language(tag: str) -> bool:
    """True for a well-formed BCP 47 tag whose language, script and region are registered. Case
    makes no difference, as BCP 47 has it."""
    if len(tag) > tag_chars_max:
        return False
    found = _TAG.fullmatch(tag)
    if found is None:
        return False
    language, script, region = found.group("language", "script", "region")
    known = _subtags()
    return (
        language.lower() in known.languages
        and (script is None or script.title() in known.scripts)
        and (region is None or region.upper() in known.regions)
    )


def language(tag: str, field: str = "language") -> str:
    """The tag, where it is one; refuses it otherwise, naming the field."""
    if not is_language(tag):
        raise InvalidInput(
            f"`{field}`: “{tag[:40]}” is no language; give its BCP 47 tag, such as en, fr, sr-Latn "
            "or pt-BR.",
            field=field,
        )
    if tag != (usual := _usual(tag)):
        # One language has one name here: texts are kept by it.
        raise InvalidInput(f"`{field}`: write “{tag}” as “{usual}”.", field=field)
    return tag


def _usual(tag: str) -> str:
    """The tag in the case that RFC 5646 recommends."""
    first, *rest = tag.lower().split("-")
    after_single = False
    words = [first]
    for word in rest:
        if not after_single and len(word) == 4 and word.isalpha():
            word = word.title()
        elif not after_single and len(word) == 2:
            word = word.upper()
        after_single = after_single or len(word) == 1
        words.append(word)
    return "-".join(words)


@cache
def _subtags() -> _Subtags:
    read = _read_file(Path(__file__).with_name("languages.json").read_bytes())
    kinds = (read.languages, read.scripts, read.regions)
    return _Subtags(*(frozenset(word for line in kind for word in line.split()) for kind in kinds))
