"""What if: the history of a recommendation, step by step, under another procedure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from domain.entry import Entry
from domain.events import RecommendationEvent
from domain.recommendation import begin
from domain.steps import step_of
from workflows.procedure.compiled import Blocked, Compiled


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


def retell(entries: Sequence[Entry], now: Compiled, under: Compiled) -> Story:
    """A recommendation's whole history, which went by the procedure `now`, under another one."""
    r = begin(entries[0])
    would = under.begin(under.facts(r)).entered
    r.move(entries[0].stamp.left, entries[0].stamp.entered)
    for entry in entries[1:]:
        event = entry.event
        assert isinstance(event, RecommendationEvent)
        step = step_of(event)
        before = under.facts(r)
        if blocked := under.blocked(step, would, before):
            return Story(
                Fate.DIVERGES, tuple(r.states), would, entry.log_index, step, tuple(blocked)
            )
        r.apply(entry)
        outcome = under.outcome(step, would, before, under.facts(r))
        would = tuple(sorted({*would}.difference(outcome.left).union(outcome.entered)))
    both = now.chart.index.keys() & under.chart.index.keys()
    same = both & {*r.states} == both & {*would}
    return Story(Fate.SAME if same else Fate.ELSEWHERE, tuple(r.states), would)
