"""What the steps on a measure may come to, for the search for a way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from uuid import UUID

import msgspec

from domain.entry import RecommendationId
from domain.measure import Measure
from domain.words import CorrectionKind, MeasureKind, MeasureTurn
from workflows.procedure.trials import SOMEBODY, WORDS, Domains, Make, Maker, Trials, one, saying


def _strikes(m: Measure, domains: Domains) -> Iterator[Make]:
    """The latest turn of each sort, as far as facts hang on them."""
    latest = {turn.turn: turn.version for turn in m.turns}
    return saying(
        lambda m, s, v: m.strike(s, CorrectionKind.ENTERED_IN_ERROR, v), sorted(latest.values())
    )


def _revisions(m: Measure, domains: Domains) -> Iterator[Make]:
    """What guards may read of what it is; else another title."""
    kinds = [kind for kind in MeasureKind if "kind" in domains and kind is not m.kind]
    asked: list[tuple[MeasureKind | None, bool | None]] = [(kind, None) for kind in kinds]
    if "preventive" in domains:
        asked.append((None, not m.preventive))
    if asked:
        return saying(lambda m, s, said: m.revise(s, kind=said[0], preventive=said[1]), asked)
    text = next(iter(m.texts.values()))
    other = msgspec.structs.replace(text, language=f"zxx-x-{m.version + 1}")
    return saying(lambda m, s, text: m.revise(s, texts=(text,)), [other])


def _dates(m: Measure, domains: Domains) -> Iterator[Make]:
    """Each pair of days that matters."""
    starts = domains.get("starts-by", (None,))
    ends = domains.get("ends-by", (None,))
    some = [pair for pair in itertools.product(starts, ends) if pair != (None, None)]
    return saying(
        lambda m, s, said: m.reschedule(s, *(None if day is None else str(day) for day in said)),
        some or [("2000-01-01", None)],
    )


_MAKERS: dict[str, Maker] = {
    "revise-measure": _revisions,
    "adopt-measure": one(lambda m, s: m.adopt(s)),
    "assign-measure": one(lambda m, s: m.assign(s, f"{SOMEBODY} {m.version + 1}")),
    "start-measure": one(lambda m, s: m.start(s)),
    "delay-measure": lambda m, domains: saying(
        lambda m, s, day: m.delay(s, None if day is None else str(day)),
        domains.get("ends-by", (None,)),
    ),
    "reschedule-measure": _dates,
    "complete-measure": one(lambda m, s: m.complete(s)),
    "abandon-measure": one(lambda m, s: m.abandon(s)),
    "reopen-measure": one(lambda m, s: m.reopen(s)),
    "link-measure": one(lambda m, s: m.link(s, RecommendationId(UUID(int=m.version + 1)), WORDS)),
    "withdraw-measure-link": one(lambda m, s: m.withdraw_link(s, m.links[0].id if m.links else -1)),
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
