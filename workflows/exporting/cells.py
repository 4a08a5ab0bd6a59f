"""What may stand in a cell: nothing that a program refuses, cuts unnoticed or takes for a formula,
and nothing that the reader may not see.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from domain.entry import Visibility
from domain.recommendation import Recommendation
from domain.recommendation.elements import Term
from domain.recommendation.held import Assignment

cell_characters_max = 32_767
"""What Excel holds in one cell, in UTF-16 units."""

CUT = " […]"
"""Ends a cell that was cut."""

Sees = Callable[[Visibility, str], bool]
"""True if the reader may read what this institution wrote with this visibility."""

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAKEN_FOR_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


def printable(text: str) -> str:
    """Without the characters that XML 1.0 forbids: most control characters, lone surrogates."""
    return _FORBIDDEN.sub("", text)


def fitting(text: str) -> str:
    """As much as a cell of a spreadsheet holds; what is cut ends in `CUT`."""
    text = printable(text).replace("\r\n", "\n").replace("\r", "\n")
    units = text.encode("utf-16-le")
    if len(units) <= 2 * cell_characters_max:
        return text
    kept = units[: 2 * (cell_characters_max - len(CUT))]
    return kept.decode("utf-16-le", errors="ignore") + CUT


def no_formula(text: str) -> str:
    """With an apostrophe in front if a spreadsheet would take it for a formula, or if it begins
    with one already: so whoever takes a leading apostrophe away again has the text."""
    return f"'{text}" if is_taken_for_a_formula(text) else text


def is_taken_for_a_formula(text: str) -> bool:
    """True if `no_formula` puts an apostrophe in front."""
    return text.startswith(_TAKEN_FOR_A_FORMULA)


def public_only(visibility: Visibility, _institution: str) -> bool:
    """The reader who sees least."""
    return visibility is Visibility.PUBLIC


def seen(r: Recommendation, sees: Sees) -> list[Assignment]:
    """The assignments a reader may see: whoever assigned, and whoever was assigned, may."""
    return [
        a
        for a in r.assignments
        if sees(a.visibility, a.assigned_by) or sees(a.visibility, a.institution)
    ]


def terms(r: Recommendation, vocabulary: str) -> list[Term]:
    """The terms of one vocabulary that it bears, each once, in the order they were said."""
    held = (h.term for h in r.terms if h.term.vocabulary == vocabulary)
    return list({(term.code, term.label): term for term in held}.values())


def named(term: Term) -> str:
    """A term in a cell: its code, where it has one, and its label."""
    return term.label if term.code in (None, term.label) else f"{term.code} {term.label}"
