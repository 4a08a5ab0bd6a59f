"""Recording history as it happened: what came about outside the procedure that a case is under
here, before it came here or by other hands, and that a document tells.

It is no step of a procedure, so it waits for no state, no other eyes and no role of one. It is a
right of its own, `record-history`, and every such entry says by what authority it was recorded.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.casework import CaseEvent
from domain.entry import Stamp
from domain.recommendation.implementation import Assessed
from domain.refusals import InvalidInput
from domain.words import AssessorKind

RIGHT = "record-history"

OF_OTHERS = frozenset(
    (
        "add-text",
        "correct",
        "renumber",
        "identify",
        "classify",
        "declassify",
        "assess",
    )
)
"""Steps of imports that record what others than the State have said: a mechanism's texts, numbers
and terms, an assessor's grades. Whoever imports documents records them, whenever they come."""


def is_said_by_others(step: str, event: CaseEvent) -> bool:
    """True if an event records what others than the State have said."""
    own = isinstance(event, Assessed) and event.assessor_kind is AssessorKind.STATE
    return step in OF_OTHERS and not own


def lacks(stamp: Stamp, today: Callable[[], str]) -> str | None:
    """What an entry lacks to be history, in words; None if nothing. `today`: the addressee's day,
    in ISO."""
    on = stamp.effective.on
    if on is None:
        return "the day on which it happened"
    if stamp.source is None or not stamp.source.document:
        return "the document that tells it"
    if on > today()[: len(on)]:
        return f"a day that has come: {on} has not"
    return None


def check(stamp: Stamp, today: Callable[[], str]) -> None:
    """Refuses an entry that is to be history and lacks what that needs."""
    if (what := lacks(stamp, today)) is not None:
        raise InvalidInput(f"`asHistory`: history needs {what}.", field="asHistory")
