"""Everywhere a case can get: a walk of some regions of a procedure, step by step."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from workflows.procedure.compiled import Compiled
from workflows.procedure.gate.fault import Fault
from workflows.procedure.gate.work import TooLarge, Work, step_work
from workflows.procedure.valuations import told, valuations
from workflows.statecharts.expressions import Expression, Facts, Value, holds
from workflows.statecharts.kernel import EndlessLoop, Microstep

valuations_max = 50_000
"""So many combinations of facts one walk tells apart at most: they are held in memory."""
CORRECTIONS = ("correct", "strike")
"""Steps that lead somewhere only where something was entered in error: nothing to count on."""
ANY_STEP = "(any step)"
"""A step that no state waits for: it only changes facts."""


class Place(NamedTuple):
    """Where a case can get: its states, what history states remember, and its facts by number."""

    states: frozenset[str]
    remembered: tuple[tuple[str, tuple[str, ...]], ...]
    facts: int


class Turn(NamedTuple):
    """A step that is taken in some states, and the facts that tell whether it can, by number."""

    states: frozenset[str]
    remembered: tuple[tuple[str, tuple[str, ...]], ...]
    step: str
    read: int


class Way(NamedTuple):
    """How a place was reached: from which, by which step."""

    before: Place | None
    by: str


class Arrival(NamedTuple):
    """Where a step leads, whatever becomes of the facts then, and through what."""

    states: frozenset[str]
    remembered: tuple[tuple[str, tuple[str, ...]], ...]
    microsteps: tuple[Microstep, ...]


class Led(NamedTuple):
    """What a turn leads to, and through what."""

    place: Place
    microsteps: tuple[Microstep, ...]


class _Watched(dict[str, Value | None]):
    """Facts that remember which of them were read."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


class _Known(NamedTuple):
    """Where steps led that read the same facts. `told_by`: of the values of all facts before a step
    and after it, in one row, those that were read."""

    told_by: Callable[[tuple[Value | None, ...]], object]
    arrivals: dict[object, Arrival]


class _Change(NamedTuple):
    """What a step may make of the facts that it changes. `offset`: how much higher the facts are
    numbered than with the first value of each; `undone`: those it makes true that it never does
    on a strict walk."""

    offset: int
    undone: tuple[str, ...]


class Walk:
    """Everywhere a case can get. `changes`: the steps that are taken, and the facts that each may
    change; a strict walk leaves the others as they are."""

    def __init__(
        self,
        compiled: Compiled,
        domains: dict[str, tuple[Value | None, ...]],
        changes: dict[str, tuple[str, ...]],
        strict: bool,
        work: Work,
    ) -> None:
        self.compiled = compiled
        self.domains = domains
        self.changes = changes
        self.passings = {*compiled.passings}
        self.strict = strict
        self.faults: list[Fault] = []
        self._work = work
        # A step of many regions costs more than one of a few.
        self._step_work = step_work * max(1, len(compiled.definition.states) // 4)
        self.ways: dict[Place, Way] = {}
        self.led: dict[Turn, list[Led]] = {}
        self.takers: dict[Turn, list[Place]] = {}
        self.passed: set[str] = set()
        self.settling: dict[frozenset[str], tuple[Place | None, str]] = {}
        """The sets of states that are active on the way from one place to the next, or there, with
        a step that leads through them."""
        self._active: dict[frozenset[str], frozenset[str]] = {}
        self._arrivals: dict[object, dict[tuple[int, ...], _Known]] = {}
        self._open: dict[object, bool] = {}
        if math.prod(map(len, domains.values())) > valuations_max:
            raise TooLarge(domains)
        self.facts = list(valuations(domains, tuple(domains)))
        self._values = [tuple(facts.values()) for facts in self.facts]
        self._column = {name: n for n, name in enumerate(domains)}
        # How far apart facts are numbered that differ in one only, by a value.
        sizes = [*map(len, domains.values())]
        self._weight = {name: math.prod(sizes[n + 1 :]) for n, name in enumerate(domains)}
        self._deciding = {name: self._told_apart_by(compiled.read_by(name)) for name in changes}
        self._changes: dict[str, list[_Change]] = {}
        self._go()

    @property
    def sets(self) -> list[frozenset[str]]:
        """The sets of states that can be reached, the nearest first."""
        return list(dict.fromkeys(place.states for place in self.ways))

    def active(self, states: frozenset[str]) -> frozenset[str]:
        """All active states, from those that have no others within them."""
        if states not in self._active:
            self._active[states] = self.compiled.active(states)
        return self._active[states]

    def kept(self, at: Place | Turn) -> frozenset[str]:
        """All active states, and those that a history state leads back to: what is remembered of a
        state that is active is forgotten when that is left."""
        active, chart = self.active(at.states), self.compiled.chart
        back = [
            state
            for history, states in at.remembered
            if chart.ids[chart.parent[chart.index[history]]] not in active
            for state in states
        ]
        return active | self.active(frozenset(back)) if back else active

    def holds(self, condition: Expression, place: Place) -> bool:
        """True if a condition holds somewhere."""
        return holds(condition, self.facts[place.facts], self.active(place.states))

    def turn(self, place: Place, name: str) -> Turn:
        """A step that is taken somewhere. On a strict walk, which leaves most facts as they are,
        all of them matter."""
        read = place.facts if self.strict else self._deciding[name][place.facts]
        return Turn(place.states, place.remembered, name, read)

    def _go(self) -> None:
        queue: deque[Place] = deque()

        def reach(place: Place, way: Way) -> None:
            if place not in self.ways:
                self.ways[place] = way
                self.passed |= self.active(place.states)
                queue.append(place)

        for n, facts in enumerate(self.facts):
            self._work.spend(self._step_work)
            try:
                begun = self.compiled.start(facts)
            except EndlessLoop as loop:
                self._loops(None, "begin", facts, loop)
                return
            self._settle(None, "begin", frozenset(), begun.microsteps)
            reach(Place(frozenset(begun.snapshot.active), (), n), Way(None, "begin where"))
        while queue:
            place = queue.popleft()
            self._work.spend(len(self.changes))
            for name in self.changes:
                turn = self.turn(place, name)
                takers = self.takers.setdefault(turn, [])
                takers.append(place)
                if len(takers) > 1:
                    continue
                self.led[turn] = self._take(place, name)
                if self.faults:
                    return
                for led in self.led[turn]:
                    reach(led.place, Way(place, f"{name}, then"))

    def _changes_of(self, name: str) -> list[_Change]:
        """All that a step may make of the facts that it changes."""
        changed = self.changes[name]
        found: list[_Change] = []
        for places in itertools.product(*(range(len(self.domains[fact])) for fact in changed)):
            become = [*zip(changed, places, strict=True)]
            undone = (
                fact
                for fact, place in become
                if self.strict
                and self.domains[fact][place] is True
                and self.compiled.undoes(name, fact)
            )
            offset = sum(self._weight[fact] * place for fact, place in become)
            found.append(_Change(offset, tuple(undone)))
        return found

    def _told_apart_by(self, read: Collection[str]) -> list[int]:
        """For all facts, by number, the first that are alike in those that are read."""
        names = sorted(read & self.domains.keys())
        alike: dict[tuple[Value | None, ...], int] = {}
        return [
            alike.setdefault(tuple([facts[name] for name in names]), n)
            for n, facts in enumerate(self.facts)
        ]

    def _is_open(self, place: Place, name: str) -> bool:
        key = place.states, place.remembered, name, self._deciding[name][place.facts]
        found = self._open.get(key)
        if found is None:
            self._work.spend(self._step_work)
            facts = self.facts[place.facts]
            found = not self.compiled.blocked(name, sorted(place.states), facts)
            self._open[key] = found
        return found

    def _take(self, place: Place, name: str) -> list[Led]:
        """All that a step can lead to from a place; nothing where it is not open."""
        before = self.facts[place.facts]
        try:
            if name != ANY_STEP and not self._is_open(place, name):
                return []
        except EndlessLoop as loop:
            self._loops(place, name, before, loop)
            return []
        found: list[Led] = []
        if name not in self._changes:
            self._changes[name] = self._changes_of(name)
        unchanged = place.facts
        for fact in self.changes[name]:
            weight = self._weight[fact]
            unchanged -= unchanged // weight % len(self.domains[fact]) * weight
        for change in self._changes[name]:
            if change.undone and not all(before[fact] for fact in change.undone):
                continue
            self._work.spend(self._step_work)
            after = unchanged + change.offset
            try:
                states, remembered, microsteps = self._arrival(place, name, after)
            except EndlessLoop as loop:
                self._loops(place, name, self.facts[after], loop)
                return []
            found.append(Led(Place(states, remembered, after), microsteps))
        return found

    def _arrival(self, place: Place, name: str, after: int) -> Arrival:
        """Where a step leads, which only the facts decide that it reads on its way. One that no
        state listens to only lets things settle, however it is called."""
        listened = name in self.compiled.listened or name in self.passings
        step = place.states, place.remembered, name if listened else ""
        known = self._arrivals.setdefault(step, {})
        values = self._values[place.facts] + self._values[after]
        for told_by, arrivals in known.values():
            arrival = arrivals.get(told_by(values))
            if arrival is not None:
                return arrival
        before, then = _Watched(self.facts[place.facts]), _Watched(self.facts[after])
        taken = self.compiled.step(name, sorted(place.states), before, then, place.remembered)
        self._settle(place, name, self.active(place.states), taken.microsteps)
        active, remembered = taken.snapshot
        arrival = Arrival(frozenset(active), remembered, taken.microsteps)
        columns = sorted(self._column[fact] for fact in before.read)
        columns += sorted(len(self._column) + self._column[fact] for fact in then.read)
        read = tuple(columns)
        told_by, arrivals = known.setdefault(read, _Known(_row(read), {}))
        arrivals[told_by(values)] = arrival
        return arrival

    def _settle(
        self,
        place: Place | None,
        name: str,
        active: frozenset[str],
        microsteps: Sequence[Microstep],
    ) -> None:
        """Notes the sets of states that some microsteps lead through, one after the other."""
        for microstep in microsteps:
            self.passed.update(microstep.entered)
            active = active.difference(microstep.left).union(microstep.entered)
            self.settling.setdefault(active, (place, name))

    def _loops(self, place: Place | None, name: str, facts: Facts, loop: EndlessLoop) -> None:
        trace = self.trace(place, f"{name}, then {told(facts)}", "→ …")
        self.faults.append(Fault("endless", str(loop), "$.states", trace))

    def able(
        self,
        goal: Callable[[Place], bool],
        along: Callable[[Place], bool] = lambda place: True,
    ) -> set[Place]:
        """The places from which a way leads `along` some others to a `goal`, and the goals."""
        back: dict[Place, list[Turn]] = {}
        for turn, some in self.led.items():
            for led in some if turn.step not in CORRECTIONS else ():
                back.setdefault(led.place, []).append(turn)
        able = {place for place in self.ways if goal(place)}
        queue = deque(able)
        while queue:
            for turn in back.pop(queue.popleft(), ()):
                fresh = [p for p in self.takers[turn] if p not in able and along(p)]
                able.update(fresh)
                queue.extend(fresh)
        return able

    def trace(self, place: Place | None, *last: str) -> tuple[str, ...]:
        """The way to a place, line by line."""
        lines: list[str] = []
        while place is not None:
            way = self.ways[place]
            facts = told(self.facts[place.facts])
            lines[:0] = [f"{way.by} {facts}", f"→ {', '.join(sorted(place.states))}"]
            place = way.before
        return (*lines, *last)

    def beyond(self, turn: Turn, led: Led) -> tuple[str, ...]:
        """The way to where a turn leads, line by line."""
        facts, states = self.facts[led.place.facts], ", ".join(sorted(led.place.states))
        step = f"{turn.step}, then {told(facts)}"
        return self.trace(self.takers[turn][0], step, f"→ {states}")


def _row(columns: tuple[int, ...]) -> Callable[[tuple[Value | None, ...]], object]:
    """What takes some columns from a row of values."""
    return itemgetter(*columns) if columns else lambda values: ()
