"""Assessment schemes: who grades how, by version, and what a grade means on the common scale.

The Human Rights Committee's grades: A to E with B1, B2, C1, C2, D1, D2 before 2017, A to E since;
D means no cooperation, which says nothing about implementation and so maps to nothing. UPR Info
grades fully, partially, not implemented. `common` is Suivi's own three-step scale, for assessors
who publish no scheme. Disagreement is shown side by side, never averaged (domain rule 6).
"""

from __future__ import annotations

from enum import StrEnum

from domain.refusals import UnknownGrade


class Common(StrEnum):
    """The small common scale that overviews use."""

    IMPLEMENTED = "implemented"
    PARTLY_IMPLEMENTED = "partly-implemented"
    NOT_IMPLEMENTED = "not-implemented"


SCHEMES: dict[tuple[str, str], dict[str, Common | None]] = {
    ("hrc-follow-up", "2013"): {
        "A": Common.IMPLEMENTED,
        "B1": Common.PARTLY_IMPLEMENTED,
        "B2": Common.PARTLY_IMPLEMENTED,
        "C1": Common.NOT_IMPLEMENTED,
        "C2": Common.NOT_IMPLEMENTED,
        "D1": None,
        "D2": None,
        "E": Common.NOT_IMPLEMENTED,
    },
    ("hrc-follow-up", "2017"): {
        "A": Common.IMPLEMENTED,
        "B": Common.PARTLY_IMPLEMENTED,
        "C": Common.NOT_IMPLEMENTED,
        "D": None,
        "E": Common.NOT_IMPLEMENTED,
    },
    ("upr-info", "1"): {
        "fully-implemented": Common.IMPLEMENTED,
        "partially-implemented": Common.PARTLY_IMPLEMENTED,
        "not-implemented": Common.NOT_IMPLEMENTED,
    },
    ("common", "1"): {
        "implemented": Common.IMPLEMENTED,
        "partly-implemented": Common.PARTLY_IMPLEMENTED,
        "not-implemented": Common.NOT_IMPLEMENTED,
        "not-assessable": None,
    },
}


def common_grade(scheme: str, version: str, grade: str) -> Common | None:
    """The grade on the common scale, None where the scheme says that it does not map."""
    try:
        grades = SCHEMES[scheme, version]
    except KeyError:
        known = ", ".join(f"{name} {v}" for name, v in SCHEMES)
        raise UnknownGrade(
            f"There is no scheme “{scheme}” of version “{version}”; known are: {known}."
        ) from None
    try:
        return grades[grade]
    except KeyError:
        raise UnknownGrade(
            f"Scheme {scheme} {version} has no grade “{grade}”; it has {', '.join(grades)}."
        ) from None
