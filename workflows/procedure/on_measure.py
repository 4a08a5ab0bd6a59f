"""What procedures know of measures: the facts that guards may read, and what the search for a
way tries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from uuid import UUID

import msgspec

from domain.entry import RecommendationId
from domain.measure import Measure, course, links
from domain.measure.assignment import assign
from domain.measure.wording import revise
from domain.words import CorrectionKind, MeasureKind, MeasureTurn
from workflows.procedure.facts import Known, day
from workflows.procedure.trials import SOMEBODY, WORDS, Domains, Make, Maker, Trials, one, saying
from workflows.statecharts.expressions import Fact, FactType

# --- Facts ----------------------------------------------------------------------------------------


_OF_A_MEASURE = ("strike-measure-entry",)
_OF_ITS_DATES = ("delay-measure", "reschedule-measure", *_OF_A_MEASURE)


def _turned(turn: MeasureTurn, *by: str, undone_by: tuple[str, ...] = ()) -> Known:
    undoing = (*undone_by, *_OF_A_MEASURE)
    return Known(Fact(FactType.FLAG), lambda m: m.has(turn), (*by, *undoing), undone_by=undone_by)


FACTS: dict[str, Known] = {
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
        Fact(FactType.DAY, optional=True), lambda m: day(m.starts), _OF_ITS_DATES[1:]
    ),
    "ends-by": Known(Fact(FactType.DAY, optional=True), lambda m: day(m.ends), _OF_ITS_DATES),
}

# --- Trials ---------------------------------------------------------------------------------------


def _strikes(m: Measure, domains: Domains) -> Iterator[Make]:
    """The latest turn of each sort, as far as facts hang on them."""
    latest = {turn.turn: turn.version for turn in m.turns}
    return saying(
        lambda m, s, v: course.strike(m, s, CorrectionKind.ENTERED_IN_ERROR, v),
        sorted(latest.values()),
    )


def _revisions(m: Measure, domains: Domains) -> Iterator[Make]:
    """What guards may read of what it is; else another title."""
    kinds = [kind for kind in MeasureKind if "kind" in domains and kind is not m.kind]
    asked: list[tuple[MeasureKind | None, bool | None]] = [(kind, None) for kind in kinds]
    if "preventive" in domains:
        asked.append((None, not m.preventive))
    if asked:
        return saying(lambda m, s, said: revise(m, s, kind=said[0], preventive=said[1]), asked)
    text = next(iter(m.texts.values()))
    other = msgspec.structs.replace(text, language=f"zxx-x-{m.version + 1}")
    return saying(lambda m, s, text: revise(m, s, texts=(text,)), [other])


def _dates(m: Measure, domains: Domains) -> Iterator[Make]:
    """Each pair of days that matters."""
    starts = domains.get("starts-by", (None,))
    ends = domains.get("ends-by", (None,))
    some = [pair for pair in itertools.product(starts, ends) if pair != (None, None)]
    return saying(
        lambda m, s, said: course.reschedule(
            m, s, *(None if day is None else str(day) for day in said)
        ),
        some or [("2000-01-01", None)],
    )


_MAKERS: dict[str, Maker] = {
    "revise-measure": _revisions,
    "adopt-measure": one(lambda m, s: course.adopt(m, s)),
    "assign-measure": one(lambda m, s: assign(m, s, f"{SOMEBODY} {m.version + 1}")),
    "start-measure": one(lambda m, s: course.start(m, s)),
    "delay-measure": lambda m, domains: saying(
        lambda m, s, day: course.delay(m, s, None if day is None else str(day)),
        domains.get("ends-by", (None,)),
    ),
    "reschedule-measure": _dates,
    "complete-measure": one(lambda m, s: course.complete(m, s)),
    "abandon-measure": one(lambda m, s: course.abandon(m, s)),
    "reopen-measure": one(lambda m, s: course.reopen(m, s)),
    "link-measure": one(
        lambda m, s: links.link(m, s, RecommendationId(UUID(int=m.version + 1)), WORDS)
    ),
    "withdraw-measure-link": one(
        lambda m, s: links.withdraw(m, s, m.links[0].id if m.links else -1)
    ),
    "strike-measure-entry": _strikes,
}


def _sight(m: Measure, domains: Domains) -> tuple[object, ...]:
    return (*map(m.has, MeasureTurn), m.is_delayed, bool(m.links))


def _room(m: Measure, start: int) -> tuple[object, ...]:
    """Each turn that stands may still be struck."""
    return tuple(sorted(turn.turn for turn in m.turns))


TRIALS = Trials(
    _MAKERS,
    prepared_by={"withdraw-measure-link": ("link-measure",)},
    again=frozenset(("strike-measure-entry",)),
    sight=_sight,
    room=_room,
)
