"""Assessment schemes: who grades how, by version, and what a grade means on the common scale.

A scheme is a version of the vocabulary `assessment-scheme`, named by scheme and version
("hrc-follow-up-2017"); its terms are the grades. A mapping to `common-1` says which step of the
common scale a grade falls under. A grade without such a mapping means nothing there: grade D of the
Human Rights Committee says that the State did not cooperate. A new scheme is published like any
vocabulary. Disagreement is shown side by side, never averaged.
"""

from __future__ import annotations

from enum import StrEnum

from domain.refusals import UnknownGrade
from domain.vocabulary import MappingRelation, Vocabulary, shipped

VOCABULARY = "assessment-scheme"
COMMON = "common-1"
"""The version that holds the common scale."""


class Common(StrEnum):
    """The small common scale that overviews use."""

    IMPLEMENTED = "implemented"
    """the grade means that it is implemented"""
    PARTLY_IMPLEMENTED = "partly-implemented"
    """the grade means that it is implemented in part"""
    NOT_IMPLEMENTED = "not-implemented"
    """the grade means that it is not implemented"""


def common_grade(
    scheme: str, version: str, grade: str, schemes: Vocabulary | None = None
) -> Common | None:
    """The grade on the common scale, None where the scheme does not map it. `schemes` are the
    schemes there are, those that ship where it is None. Refuses a scheme or grade that there is
    not."""
    held = schemes or shipped()[VOCABULARY]
    name = f"{scheme}-{version}"
    content = held.versions.get(name)
    if content is None:
        raise UnknownGrade(
            f"There is no scheme “{scheme}” of version “{version}”; known are: "
            f"{', '.join(held.versions)}. A new one is published as a version of the vocabulary "
            f"“{VOCABULARY}”."
        )
    grades = [term.code for term in content.terms]
    if grade not in grades:
        raise UnknownGrade(
            f"Scheme {scheme} {version} has no grade “{grade}”; it has {', '.join(grades)}."
        )
    if name == COMMON:
        steps = [grade]
    else:
        steps = [
            mapping.to_code
            for mapping in held.translate(grade, name, COMMON)
            if mapping.relation in (MappingRelation.EXACT, MappingRelation.BROADER)
        ]
    return next((Common(step) for step in steps if step in set(Common)), None)
