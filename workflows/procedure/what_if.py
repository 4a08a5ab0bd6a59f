"""What if: the history of a recommendation, step by step, under another procedure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from domain.casework import DeadlinePassed
from domain.entry import Entry
from domain.events import RecommendationEvent
from domain.recommendation import Recommendation, begin
from domain.steps import BESIDE, step_of
from workflows.procedure.compiled import PAST, Blocked, Compiled


class Fate(StrEnum):
    """What would have become of a recommendation under another procedure."""

    SAME = "same"
    """every step would have been open, and it would stand where it stands, as far as both
    procedures know those states"""
    ELSEWHERE = "elsewhere"
    """every step would have been open, and it would stand in other states"""
    DIVERGES = "diverges"
    """a step that was taken would not have been open"""


class Story(NamedTuple):
    """A history under another procedure: the states it stands in and those it would stand in, up to
    where it diverges; there the log index, the step, and the conditions that would not have
    held."""

    fate: Fate
    states: tuple[str, ...]
    would_stand: tuple[str, ...]
    log_index: int | None = None
    step: str | None = None
    blocked: Sequence[Blocked] = ()


class Break(NamedTuple):
    """A condition that steps which were taken would not have met, and in how many cases."""

    step: str
    guard: str
    cases: int


class Totals(NamedTuple):
    """How many cases would have had which fate, and what the diverging ones break at, the most
    frequent first. A case counts under each condition that would not have held."""

    same: int
    elsewhere: int
    diverges: int
    breaks: tuple[Break, ...]


def retell(
    entries: Sequence[Entry], of: Callable[[Recommendation], Compiled], under: Compiled
) -> Story:
    """A recommendation's whole history under another procedure than its own, which `of` names."""
    r = begin(entries[0])
    would = under.begin(under.facts(r)).entered
    r.move(entries[0].stamp.left, entries[0].stamp.entered)
    for entry in entries[1:]:
        event = entry.event
        assert isinstance(event, RecommendationEvent)
        step = _signal(event, under)
        before = under.facts(r)
        if step not in BESIDE and (blocked := under.blocked(step, would, before)):
            return Story(
                Fate.DIVERGES, tuple(r.states), would, entry.log_index, step, tuple(blocked)
            )
        r.apply(entry)
        outcome = under.outcome(step, would, before, under.facts(r))
        would = tuple(sorted({*would}.difference(outcome.left).union(outcome.entered)))
    both = of(r).chart.index.keys() & under.chart.index.keys()
    same = both & {*r.states} == both & {*would}
    return Story(Fate.SAME if same else Fate.ELSEWHERE, tuple(r.states), would)


def _signal(event: RecommendationEvent, under: Compiled) -> str:
    """The step that an event came from, or the passing of a deadline that the other procedure has
    too."""
    if isinstance(event, DeadlinePassed) and event.deadline in under.deadlines:
        return PAST + event.deadline
    return step_of(event)


def tally(stories: Iterable[Story]) -> Totals:
    """What many stories add up to."""
    fates: Counter[Fate] = Counter()
    breaks: Counter[tuple[str, str]] = Counter()
    for story in stories:
        fates[story.fate] += 1
        breaks.update({(story.step or "", blocked.guard) for blocked in story.blocked})
    by_cases = sorted(breaks.items(), key=lambda item: (-item[1], item[0]))
    return Totals(
        fates[Fate.SAME],
        fates[Fate.ELSEWHERE],
        fates[Fate.DIVERGES],
        tuple(Break(*at, cases) for at, cases in by_cases),
    )
