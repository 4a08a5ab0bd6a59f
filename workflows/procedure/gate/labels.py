"""What people read in a definition: names in all its languages, in letters that are what they seem,
which say what the states count as."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from domain.words import Bucket
from workflows.procedure.definition import Definition, Labels
from workflows.procedure.gate.fault import Fault, places
from workflows.procedure.shipped import shipped


def named(definition: Definition) -> Iterator[tuple[str, Labels, str]]:
    """Everything that has a name for people: how it is called, its names, where it stands."""
    yield definition.name, definition.labels, "$"
    for state, where in places(definition.states, "$.states"):
        yield state.id, state.labels, where
    for n, step in enumerate(definition.steps):
        yield step.name, step.labels, f"$.steps[{n}]"
        for f, field in enumerate(step.form):
            here = f"$.steps[{n}].form[{f}]"
            yield field.name, field.labels, here
            for c, choice in enumerate(field.choices):
                yield choice.id, choice.labels, f"{here}.choices[{c}]"
    for kind in ("deadlines", "tasks", "promises"):
        for n, one in enumerate(getattr(definition, kind)):
            yield one.id, one.labels, f"$.{kind}[{n}]"


def unlabelled(definition: Definition) -> Iterator[Fault]:
    """Everything people see has a name in every language that the procedure itself has one in."""
    languages = definition.labels.keys()
    if "en" not in languages:
        yield Fault("label-missing", "The procedure has no label in en.", "$.labels")
    for name, labels, where in named(definition):
        if missing := sorted(languages - labels.keys()):
            why = f"{name} has no label in {', '.join(missing)}."
            yield Fault("label-missing", why, f"{where}.labels")


# --- Letters -------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W\d_]+(?:[\u200c\u200d\u0300-\u036f'’]?[^\W\d_]+)*")
_JOINERS = "\u200c\u200d"
_JOINED: tuple[str, ...] = (
    "ARABIC",
    "SYRIAC",
    "MONGOLIAN",
    "DEVANAGARI",
    "BENGALI",
    "GUJARATI",
    "GURMUKHI",
)
_JOINED += ("KANNADA", "MALAYALAM", "ORIYA", "SINHALA", "TAMIL", "TELUGU", "KHMER", "MYANMAR")
_TOGETHER = ({"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "BOPOMOFO", "HANGUL"},)
"""Scripts that are written in one word."""
_LOOKS_LATIN = frozenset("аеорсухіјѕԁһԛԝҽвкмнтзАВЕЗКМНОРСТУХІЈЅԌԚԜαοορτυνικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
"""Cyrillic and Greek letters that are taken for Latin ones."""
_PHONETIC = frozenset("ɑɡɩʏꭵ")
"""Letters of phonetic writing that are taken for those of the alphabet."""
_IN_LATIN = frozenset(
    "en fr es pt de it nl sl hr bs cs sk pl hu ro sq sv da no nb nn fi et lv lt".split()
)
"""Languages that are written in Latin letters alone."""


def illegible(definition: Definition) -> Iterator[Fault]:
    """No name holds signs that nobody sees, that turn the line round, or letters of one script in
    a word of another (Unicode Technical Standard 39)."""
    for name, labels, where in named(definition):
        for language, text in labels.items():
            if why := _misleads(text, language):
                message = f"The label of {name} in {language} {why}."
                yield Fault("label-misleading", message, f"{where}.labels.{language}")


def _misleads(text: str, language: str) -> str | None:
    for at, sign in enumerate(text):
        category = unicodedata.category(sign)
        joins = sign in _JOINERS and at < len(text) - 1 and _script_before(text, at) in _JOINED
        if (category[0] == "C" and not joins) or category in ("Zl", "Zp"):
            called = unicodedata.name(sign, "a sign that has no name").lower()
            return f"holds a sign that is not seen: U+{ord(sign):04X} {called}"
        before = text[at - 1] if at else ""
        chosen = sign in _SELECTORS and before and unicodedata.category(before)[0] in "SN"
        if sign in _UNSEEN or (sign in _SELECTORS and not chosen):
            called = unicodedata.name(sign, "a sign that has no name").lower()
            return f"holds a sign that is not seen: U+{ord(sign):04X} {called}"
        marks = text[max(0, at - marks_max) : at + 1]
        if len(marks) > marks_max and all(unicodedata.category(one) == "Mn" for one in marks):
            return "piles marks on one letter"
    if not any(unicodedata.category(sign)[0] in "LNSP" for sign in text):
        return "holds nothing that is seen"
    for word in _WORD.findall(text):
        scripts = {one for sign in word if (one := script(sign)) is not None}
        if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
            return f"mixes letters of {' and '.join(sorted(map(str.title, scripts)))} in “{word}”"
        if _PHONETIC.intersection(word):
            return f"writes “{word}” with a letter of phonetics that looks like another"
        is_latin = language.partition("-")[0] in _IN_LATIN
        if is_latin and scripts and "LATIN" not in scripts and _LOOKS_LATIN.issuperset(word):
            return f"writes “{word}” in {min(scripts).title()} letters that look Latin"
    return None


def _script_before(text: str, at: int) -> str | None:
    """The script of the letter before a place, over the marks that it bears."""
    letters = (sign for sign in reversed(text[:at]) if unicodedata.category(sign)[0] != "M")
    return script(next(letters, " "))


marks_max = 4
"""So many combining marks one letter may bear; Hebrew and Vietnamese need three."""

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Fillers and joiners that no category of Unicode tells from letters and marks."""

_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Variation selectors: they choose the look of the sign before them, of emoji for instance."""


@cache
def script(sign: str) -> str | None:
    """The script of a letter, in capitals; None for what is written in every script."""
    if unicodedata.category(sign)[0] != "L":
        return None
    first, *more = unicodedata.name(sign, "").split(" ")
    if first in ("MODIFIER", "FEMININE", "MASCULINE", ""):
        return None
    if first in (
        "FULLWIDTH",
        "MATHEMATICAL",
        "HALFWIDTH",
        "SCRIPT",
        "DOUBLE-STRUCK",
        "BLACK-LETTER",
    ):
        return f"{first} {more[0] if more else ''}".strip()
    return first


# --- What labels say -----------------------------------------------------------------------------


@cache
def _usual() -> dict[tuple[str, str], frozenset[Bucket]]:
    """What states of the procedures that ship count as, by language and label."""
    found: dict[tuple[str, str], set[Bucket]] = {}
    for compiled in shipped().values():
        buckets = compiled.definition.buckets()
        for state in compiled.definition.all_states():
            bucket = buckets[state.id]
            if state.states or bucket is None or bucket.aspect is None:
                continue
            for language, text in state.labels.items():
                found.setdefault((language, _plain(text)), set()).add(bucket)
    return {label: frozenset(buckets) for label, buckets in found.items()}


def misnamed(definition: Definition) -> Iterator[Fault]:
    """States whose label says, in the words of the procedures that ship, that they count as
    something else."""
    buckets = definition.buckets()
    for state, where in places(definition.states, "$.states"):
        bucket = buckets[state.id]
        if state.states or bucket is None or bucket.aspect is None:
            continue
        for language, text in state.labels.items():
            usual = _usual().get((language, _plain(text)), frozenset())
            said = {one for one in usual if one.aspect is bucket.aspect}
            if said and bucket not in said:
                why = (
                    f"{state.id} is called “{text}” and counts as {bucket}: people will read "
                    f"{', '.join(sorted(said))}."
                )
                yield Fault("label-contradicts", why, f"{where}.labels.{language}")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
