"""The facts about a recommendation that a definition's guards may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from domain.recommendation import Recommendation
from domain.words import AssignmentStatus, Position, ProgressStatus
from workflows.statecharts.expressions import Fact, FactType, Value


def _is_offered(r: Recommendation) -> bool:
    return any(a.status is AssignmentStatus.OFFERED for a in r.assignments)


def _has_progress(r: Recommendation) -> bool:
    published = any(p.status is ProgressStatus.PUBLISHED for p in r.progress)
    return published or any(r.stands(held.version) for held in r.covers)


KNOWN: dict[str, tuple[Fact, Callable[[Recommendation], Value | None]]] = {
    "closed": (Fact(FactType.FLAG), lambda r: r.closed is not None),
    "position": (
        Fact(FactType.CHOICE, tuple(position.value for position in Position)),
        lambda r: r.position.value,
    ),
    "assigned": (Fact(FactType.FLAG), lambda r: bool(r.standing)),
    "offered": (Fact(FactType.FLAG), _is_offered),
    "planned": (Fact(FactType.FLAG), lambda r: any(r.stands(p.version) for p in r.plans)),
    "progress-published": (Fact(FactType.FLAG), _has_progress),
    "declared": (Fact(FactType.FLAG), lambda r: any(r.stands(v) for v in r.declared)),
    "reported": (Fact(FactType.FLAG), lambda r: any(r.stands(v) for v in r.reported)),
    "duplicate": (Fact(FactType.FLAG), lambda r: r.duplicate_of is not None),
    "selected-for-follow-up": (Fact(FactType.FLAG), lambda r: r.selected),
    "answer-due": (Fact(FactType.DAY, optional=True), lambda r: _day(r.answer_due)),
    "follow-up-due": (Fact(FactType.DAY, optional=True), lambda r: _day(r.follow_up_due)),
}
"""Each fact's type, and how it is read off the record."""


def _day(on: str | None) -> str | None:
    return on if on is not None and len(on) == 10 else None


def facts_of(r: Recommendation, names: Iterable[str]) -> dict[str, Value | None]:
    """Facts as they stand, by name."""
    return {name: KNOWN[name][1](r) for name in names}
