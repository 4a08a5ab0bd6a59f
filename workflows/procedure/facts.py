"""The facts that a definition's guards may read: those of any case, and those of each aggregate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain.aggregates import AGGREGATES, CASES, said_of_each
from domain.casework import Case
from domain.entry import last_day
from domain.measure import Measure
from domain.recommendation import Recommendation
from domain.words import (
    AssessorKind,
    AssignmentStatus,
    MeasureKind,
    MeasureTurn,
    Position,
    ProgressStatus,
)
from workflows.statecharts.expressions import Fact, FactType, Value


def _is_offered(r: Recommendation) -> bool:
    return any(a.status is AssignmentStatus.OFFERED for a in r.assignments)


def _has_progress(r: Recommendation) -> bool:
    published = any(p.status is ProgressStatus.PUBLISHED for p in r.progress)
    return published or any(r.stands(held.version) for held in r.covers)


def _offer_answer_due(r: Recommendation) -> str | None:
    """The earliest day by which an offer is to be answered."""
    offered = [a for a in r.assignments if a.status is AssignmentStatus.OFFERED and a.answer_due]
    return min((last_day(a.answer_due) for a in offered if a.answer_due), default=None)


def _measures_due(r: Recommendation) -> str | None:
    """The day by which the measures of the latest plan end."""
    ends = [plan.ends for plan in r.plans if plan.ends and r.stands(plan.version)]
    return last_day(ends[-1]) if ends else None


class Known(NamedTuple):
    """A fact there is: its type, how it is read off the record, which steps may change it, and
    which of those never make it true."""

    fact: Fact
    read: Callable[[Any], Value | None]
    changed_by: tuple[str, ...]
    undone_by: tuple[str, ...] = ()


_CORRECTED = ("strike",)
_ENDED = ("decline-assignment", "lapse-assignment", "end-assignment")
_ASSIGNED = (
    *("offer-assignment", "decree-assignment", "accept-assignment", "hand-over-assignment"),
    *_ENDED,
)

_MECHANISMS = (
    AssessorKind.TREATY_BODY,
    AssessorKind.SPECIAL_PROCEDURE,
    AssessorKind.REGIONAL_BODY,
)

OF_ANY_CASE = {
    "suspended": Known(
        Fact(FactType.FLAG),
        lambda case: case.suspended is not None,
        ("suspend", "resume"),
        undone_by=("resume",),
    ),
}

OF_RECOMMENDATION: dict[str, Known] = {
    "closed": Known(
        Fact(FactType.FLAG),
        lambda r: r.closed is not None,
        ("close", "reopen"),
        undone_by=("reopen",),
    ),
    "position": Known(
        Fact(FactType.CHOICE, tuple(position.value for position in Position)),
        lambda r: r.position.value,
        ("take-position", "correct", *_CORRECTED),
    ),
    "assigned": Known(
        Fact(FactType.FLAG),
        lambda r: bool(r.standing),
        _ASSIGNED,
        undone_by=("offer-assignment", *_ENDED),
    ),
    "offered": Known(
        Fact(FactType.FLAG), _is_offered, _ASSIGNED, undone_by=("accept-assignment", *_ENDED)
    ),
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
        undone_by=("reopen",),
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
        undone_by=("undo-duplicate",),
    ),
    "selected-for-follow-up": Known(
        Fact(FactType.FLAG), lambda r: r.selected, ("select-for-follow-up",)
    ),
    "graded": Known(
        Fact(FactType.FLAG),
        lambda r: any(
            a.assessor_kind in _MECHANISMS and r.stands(a.version) for a in r.assessments
        ),
        ("assess", *_CORRECTED),
    ),
    "offer-answer-due": Known(Fact(FactType.DAY, optional=True), _offer_answer_due, (*_ASSIGNED,)),
    "measures-due": Known(Fact(FactType.DAY, optional=True), _measures_due, ("plan", *_CORRECTED)),
    "answer-due": Known(
        Fact(FactType.DAY, optional=True), lambda r: _day(r.answer_due), ("defer-position",)
    ),
    "follow-up-due": Known(
        Fact(FactType.DAY, optional=True),
        lambda r: _day(r.follow_up_due),
        ("select-for-follow-up",),
    ),
}

_OF_A_MEASURE = ("strike-measure-entry",)
_OF_ITS_DATES = ("delay-measure", "reschedule-measure", *_OF_A_MEASURE)


def _turned(turn: MeasureTurn, *by: str, undone_by: tuple[str, ...] = ()) -> Known:
    undoing = (*undone_by, *_OF_A_MEASURE)
    return Known(Fact(FactType.FLAG), lambda m: m.has(turn), (*by, *undoing), undone_by=undone_by)


OF_MEASURE: dict[str, Known] = {
    "adopted": _turned(MeasureTurn.ADOPTED, "adopt-measure"),
    "started": _turned(MeasureTurn.STARTED, "start-measure"),
    "completed": _turned(MeasureTurn.COMPLETED, "complete-measure", undone_by=("reopen-measure",)),
    "abandoned": _turned(MeasureTurn.ABANDONED, "abandon-measure", undone_by=("reopen-measure",)),
    "delayed": Known(
        Fact(FactType.FLAG),
        lambda m: m.is_delayed,
        (
            *("delay-measure", "reschedule-measure", "start-measure", "complete-measure"),
            *("adopt-measure", "abandon-measure", "reopen-measure", *_OF_A_MEASURE),
        ),
    ),
    "led": Known(Fact(FactType.FLAG), lambda m: m.lead is not None, ("assign-measure",)),
    "linked": Known(
        Fact(FactType.FLAG),
        lambda m: bool(m.links),
        ("link-measure", "withdraw-measure-link"),
        undone_by=("withdraw-measure-link",),
    ),
    "preventive": Known(Fact(FactType.FLAG), lambda m: m.preventive, ("revise-measure",)),
    "kind": Known(
        Fact(FactType.CHOICE, tuple(kind.value for kind in MeasureKind)),
        lambda m: m.kind.value,
        ("revise-measure",),
    ),
    "starts-by": Known(
        Fact(FactType.DAY, optional=True), lambda m: _day(m.starts), _OF_ITS_DATES[1:]
    ),
    "ends-by": Known(Fact(FactType.DAY, optional=True), lambda m: _day(m.ends), _OF_ITS_DATES),
}

FACTS: dict[type[Case], Mapping[str, Known]] = {
    Measure: OF_MEASURE,
    Recommendation: OF_RECOMMENDATION,
}
"""The facts of each aggregate that is a case, besides those of any."""

said_of_each(
    [aggregate for aggregate in AGGREGATES if aggregate.is_case],
    FACTS,
    "workflows/procedure/facts.py",
    "which facts there are",
)


_BY_WORD = {word: {**OF_ANY_CASE, **FACTS[state]} for word, state in CASES.items()}


def facts_about(aggregate: str) -> Mapping[str, Known] | None:
    """The facts of an aggregate by its word, such as `recommendation`; None where it is no case."""
    return _BY_WORD.get(aggregate)


def _day(on: str | None) -> str | None:
    return None if on is None else last_day(on)
