"""Whom recommendations are addressed to, and who makes them: codes, UN names, printed names.

One table, `addressees.json`, over ISO 3166-1 alpha-3: all Member States of the United Nations, the
two observer States, the territories. Addressees that are no country of ISO 3166-1 today:

- dissolved States keep the alpha-3 code they had: YUG, SCG, CSK, DDR, SUN, YMD, ANT;
- EUE, exceptionally reserved, is the European Union;
- XKX, from the user-assigned range, is UNMIK/Kosovo (the name says nothing about status);
- XXX, as in travel documents (ICAO 9303), is a recommending State that a source does not know.

A former name of a State that goes on is an alias of that State. Aliases are in the six languages of
the United Nations: short and formal names, former ones, abbreviations (docs/vocabularies.md says
where they come from). A code says who is meant and nothing about recognition.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

from domain.names import folded, turned, without_articles

_USER_ASSIGNED = re.compile(r"AA[A-Z]|Q[M-Z][A-Z]|X[A-Z][A-Z]|ZZ[A-Z]")


class Addressee(msgspec.Struct, frozen=True):
    """`code`: three capital letters; `name`: as the United Nations prints it; `aliases`: other
    forms met in documents, former names among them."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()


def addressee(code: str) -> Addressee | None:
    """The addressee of this code, or None.

    A code that ISO 3166 leaves to its users (AAA–AAZ, QMA–QZZ, XAA–XZZ, ZZA–ZZZ) and that is not
    in the table is an addressee named by its code: tests, demonstrations, local agreements."""
    known = _by_code().get(code)
    if known is None and _USER_ASSIGNED.fullmatch(code):
        return Addressee(code=code, name=code)
    return known


def recognise(printed: str) -> str | None:
    """The code that a printed name stands for, or None.

    What `domain.names.folded` makes alike is alike here; an article before or after the name, and
    the order of a name in an index ("Korea, Republic of"), make no difference."""
    for form in (printed, turned(printed)):
        if form and (code := _by_name().get(_key(form))):
            return code
    return None


def addressees() -> tuple[Addressee, ...]:
    """The whole table, by code."""
    return tuple(_by_code().values())


def _key(printed: str) -> str:
    return without_articles(folded(printed))


# Made before there are threads: see `domain.vocabulary.decode`.
_read_table = msgspec.json.Decoder(list[Addressee]).decode


@cache
def _by_code() -> dict[str, Addressee]:
    table = Path(__file__).with_name("addressees.json").read_bytes()
    return {known.code: known for known in _read_table(table)}


@cache
def _by_name() -> dict[str, str]:
    return {
        _key(name): known.code
        for known in _by_code().values()
        for name in (known.name, *known.aliases)
    }
