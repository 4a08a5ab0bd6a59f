"""The facts about a recommendation that a definition's guards may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from domain.recommendation import Recommendation
from domain.words import AssignmentStatus, Position, ProgressStatus
from workflows.statecharts.expressions import Fact, FactType, Value


def _is_offered(r: Recommendation) -> bool:
    return any(a.status is AssignmentStatus.OFFERED for a in r.assignments)


def _has_progress(r: Recommendation) -> bool:
    published = any(p.status is ProgressStatus.PUBLISHED for p in r.progress)
    return published or any(r.stands(held.version) for held in r.covers)


class Known(NamedTuple):
    """A fact there is: its type, how it is read off the record, which steps may change it."""

    fact: Fact
    read: Callable[[Recommendation], Value | None]
    changed_by: tuple[str, ...]


_CORRECTED = ("strike",)
_ASSIGNED = (
    *("offer-assignment", "decree-assignment", "accept-assignment", "decline-assignment"),
    *("lapse-assignment", "hand-over-assignment", "end-assignment"),
)

KNOWN: dict[str, Known] = {
    "closed": Known(Fact(FactType.FLAG), lambda r: r.closed is not None, ("close", "reopen")),
    "position": Known(
        Fact(FactType.CHOICE, tuple(position.value for position in Position)),
        lambda r: r.position.value,
        ("take-position", "correct", *_CORRECTED),
    ),
    "assigned": Known(Fact(FactType.FLAG), lambda r: bool(r.standing), _ASSIGNED),
    "offered": Known(Fact(FactType.FLAG), _is_offered, _ASSIGNED),
    "planned": Known(
        Fact(FactType.FLAG), lambda r: any(r.stands(p.version) for p in r.plans), ("plan", "strike")
    ),
    "progress-published": Known(
        Fact(FactType.FLAG), _has_progress, ("publish-progress", "cover", *_CORRECTED)
    ),
    "declared": Known(
        Fact(FactType.FLAG),
        lambda r: any(r.stands(v) for v in r.declared),
        ("declare-implemented", "reopen", *_CORRECTED),
    ),
    "reported": Known(
        Fact(FactType.FLAG),
        lambda r: any(r.stands(v) for v in r.reported),
        ("report", *_CORRECTED),
    ),
    "duplicate": Known(
        Fact(FactType.FLAG),
        lambda r: r.duplicate_of is not None,
        ("declare-duplicate", "undo-duplicate"),
    ),
    "selected-for-follow-up": Known(
        Fact(FactType.FLAG), lambda r: r.selected, ("select-for-follow-up",)
    ),
    "answer-due": Known(
        Fact(FactType.DAY, optional=True), lambda r: _day(r.answer_due), ("defer-position",)
    ),
    "follow-up-due": Known(
        Fact(FactType.DAY, optional=True),
        lambda r: _day(r.follow_up_due),
        ("select-for-follow-up",),
    ),
}


def _day(on: str | None) -> str | None:
    return on if on is not None and len(on) == 10 else None


def facts_of(r: Recommendation, names: Iterable[str]) -> dict[str, Value | None]:
    """Facts as they stand, by name."""
    return {name: KNOWN[name].read(r) for name in names}
