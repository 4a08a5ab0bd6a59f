"""What if: the history of a recommendation, step by step, under another procedure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from domain.casework import DeadlinePassed, Migrated
from domain.entry import Entry
from domain.events import RecommendationEvent, StepTaken
from domain.recommendation import Recommendation, begin
from domain.steps import BESIDE, step_of
from workflows.procedure.compiled import PAST, Blocked, Compiled, remembered_max
from workflows.statecharts.expressions import Value

Values = tuple[Value | None, ...]
"""Facts, in the order of a procedure's."""

History = tuple[tuple[str, tuple[str, ...]], ...]
"""What history states remember."""


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
    held. `migrated`: the entry with which it went over to the procedure that it is under, where it
    did not begin there."""

    fate: Fate
    states: tuple[str, ...]
    would_stand: tuple[str, ...]
    log_index: int | None = None
    step: str | None = None
    blocked: Sequence[Blocked] = ()
    migrated: int | None = None


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


class _Decided(NamedTuple):
    """What a step would have led to: why it would not have been open, or the states then and what
    history states remember."""

    blocked: tuple[Blocked, ...]
    states: tuple[str, ...]
    history: History


class Retelling:
    """Histories retold under one procedure instead of their own, which `of` names. What has been
    decided once is remembered: it hangs on step, states and facts only, and histories are alike."""

    def __init__(self, of: Callable[[Recommendation], Compiled], under: Compiled) -> None:
        self._of = of
        self._under = under
        self._begun: dict[Values, tuple[str, ...]] = {}
        self._decided: dict[Any, _Decided] = {}
        self._changed: dict[str, tuple[int, ...]] = {}
        self._both: dict[str, frozenset[str]] = {}

    def tell(self, entries: Sequence[Entry]) -> Story:
        """A recommendation's whole history, under the procedure."""
        under, first = self._under, entries[0]
        r = begin(first)
        facts: Values = tuple(under.facts(r).values())
        would = self._begin(facts)
        history: History = ()
        migrated: int | None = None
        r.follow(first)
        for entry in entries[1:]:
            event = entry.event
            assert isinstance(event, RecommendationEvent)
            step, standing = step_of(event), r.states
            r.apply(entry)
            if isinstance(event, Migrated):
                # Its own procedure and what was filled in for it; none of it is a step of another.
                migrated, facts = entry.log_index, tuple(under.facts(r).values())
                continue
            after = self._facts(r, step, facts)
            if step in BESIDE and not isinstance(event, StepTaken):
                passed = event.deadline if isinstance(event, DeadlinePassed) else None
                if passed not in under.deadlines:  # the clock's and people's, not the procedure's
                    facts = after
                    continue
                step = f"{PAST}{passed}"
            key = step, would, history, facts, after
            decided = self._decided.get(key) or self._decide(*key)
            if decided.blocked and not step.startswith(PAST):
                blocked = decided.blocked
                return Story(
                    Fate.DIVERGES, tuple(standing), would, entry.log_index, step, blocked, migrated
                )
            _, would, history = decided
            facts = after
        both = self._known_to_both(r)
        same = both.intersection(r.states) == both.intersection(would)
        fate = Fate.SAME if same else Fate.ELSEWHERE
        return Story(fate, tuple(r.states), would, migrated=migrated)

    def _begin(self, facts: Values) -> tuple[str, ...]:
        found = self._begun.get(facts)
        if found is None:
            found = self._begun[facts] = self._under.begin(self._named(facts)).entered
        return found

    def _facts(self, r: Recommendation, step: str, before: Values) -> Values:
        """The facts after a step: read again as far as it may have changed them."""
        places = self._changed.get(step)
        if places is None:
            under = self._under
            places = self._changed[step] = tuple(
                n for n, fact in enumerate(under.fact_names) if step in under.changed_by(fact)
            )
        if not places:
            return before
        after, readers = list(before), self._under.readers
        for n in places:
            after[n] = readers[n][1](r)
        return tuple(after)

    def _decide(
        self, step: str, would: tuple[str, ...], history: History, before: Values, after: Values
    ) -> _Decided:
        under, facts = self._under, self._named(before)
        blocked = tuple(under.blocked(step, would, facts))
        if blocked:
            found = _Decided(blocked, would, history)
        else:
            outcome = under.outcome(step, would, facts, self._named(after), dict(history))
            states = tuple(sorted({*would}.difference(outcome.left).union(outcome.entered)))
            then = tuple(sorted({**dict(history), **dict(outcome.remembered)}.items()))
            found = _Decided((), states, then)
        if len(self._decided) < remembered_max:
            self._decided[step, would, history, before, after] = found
        return found

    def _named(self, facts: Values) -> dict[str, Value | None]:
        return dict(zip(self._under.fact_names, facts, strict=True))

    def _known_to_both(self, r: Recommendation) -> frozenset[str]:
        """The states that a case's own procedure and the other one know."""
        own = self._of(r)
        if own.hash not in self._both:
            self._both[own.hash] = frozenset(
                own.chart.index.keys() & self._under.chart.index.keys()
            )
        return self._both[own.hash]


def retell(
    entries: Sequence[Entry], of: Callable[[Recommendation], Compiled], under: Compiled
) -> Story:
    """A recommendation's whole history under another procedure than its own, which `of` names."""
    return Retelling(of, under).tell(entries)


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
