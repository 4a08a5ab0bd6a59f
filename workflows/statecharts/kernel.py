"""A statechart, and a step of it, with the semantics of SCXML (W3C Recommendation, 1 September
2015, appendix D).

    step(chart, snapshot, event, behaviour) → snapshot + effects

The kernel is pure: no clock, no input or output, nothing random, and nothing is kept between steps
but the snapshot. It doesn't know what guards and actions mean; it asks the `behaviour` whether a
guard holds and hands it the actions, in SCXML's order. What they emit is raised as an internal
event, or comes back as an effect.

States are numbered in document order, and sets of them are the bits of an integer: entry order is
from the lowest bit up, exit order from the highest down.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import msgspec

microsteps_max = 1_000


class Kind(StrEnum):
    """What sort of state it is. A state with children is compound unless it is parallel."""

    ATOMIC = "atomic"
    COMPOUND = "compound"
    PARALLEL = "parallel"
    FINAL = "final"
    HISTORY = "history"
    DEEP_HISTORY = "deep-history"


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A transition of a state. `events` are descriptors (`position.*`, `*`), none: eventless. No
    `targets`: its actions run and no state is left. `guard` and `actions` are the behaviour's."""

    events: tuple[str, ...] = ()
    guard: Any = None
    targets: tuple[str, ...] = ()
    actions: tuple[Any, ...] = ()
    internal: bool = False


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A state with its children, in document order. `entering` and `leaving` are blocks of
    actions; an action that fails ends its block. `initial` is where a compound state begins, by
    default with its first child; of a history state it is the default, and must be there."""

    id: str
    kind: Kind = Kind.ATOMIC
    children: tuple[State, ...] = ()
    initial: Transition | None = None
    transitions: tuple[Transition, ...] = ()
    entering: tuple[tuple[Any, ...], ...] = ()
    leaving: tuple[tuple[Any, ...], ...] = ()
    done_data: Any = None


class Event(msgspec.Struct, frozen=True):
    """An event: its name, and what it carries. Names of internal ones begin as SCXML says."""

    name: str
    data: Any = None


class Snapshot(NamedTuple):
    """Where a chart stands: the active states that have no children, in document order, and what
    each history state remembers. Small, hashable, and meaningful by names alone."""

    active: tuple[str, ...] = ()
    history: tuple[tuple[str, tuple[str, ...]], ...] = ()


_History = tuple[tuple[str, tuple[str, ...]], ...]
"""What each history state remembers."""


class Microstep(NamedTuple):
    """Transitions that were taken at once: by which event (None: eventless), which (by source and
    place among its transitions), and the states left and entered, in that order."""

    event: str | None
    taken: tuple[tuple[str, int], ...]
    left: tuple[str, ...]
    entered: tuple[str, ...]


class Stepped(NamedTuple):
    """What a step came to. `done`: a final state of the whole chart is reached."""

    snapshot: Snapshot
    effects: tuple[Any, ...]
    microsteps: tuple[Microstep, ...]
    done: bool


Emit = Callable[[Any], None]
"""Hands out what an action does: an `Event` is raised inside, anything else is an effect."""


class Active(Protocol):
    """What guards and actions may ask of the chart."""

    def __contains__(self, id: object) -> bool:
        """True if the state is active now (SCXML's In)."""


class Behaviour(Protocol):
    """What guards and actions mean."""

    def holds(self, guard: Any, event: Event | None, active: Active, emit: Emit) -> bool:
        """True if a guard holds."""

    def run(self, actions: Sequence[Any], event: Event | None, active: Active, emit: Emit) -> None:
        """Runs a block of actions."""

    def done_data(self, content: Any, event: Event | None, active: Active, emit: Emit) -> Any:
        """What the done event of a final state carries."""


class MalformedChart(Exception):
    """The states do not make a chart; says which, and why."""


class EndlessLoop(Exception):
    """Transitions follow one another without end; says between which states."""


class _Edge:
    """A transition as compiled. `entries` is what it enters, where no history state decides."""

    __slots__ = ("actions", "domain", "entries", "events", "guard", "place", "source", "targets")

    def __init__(self, source: int, place: int, transition: Transition, targets: list[int]) -> None:
        self.source = source
        self.place = place
        self.events = transition.events
        self.guard = transition.guard
        self.actions = transition.actions
        self.targets = targets
        self.domain: int | None = None
        self.entries: _Entries | None = None


class _Entries:
    """What is to be entered: a set of states, the initial transitions that lead there, and of
    history states without a memory the parents whose defaults run."""

    __slots__ = ("by_default", "by_history", "has_history", "states")

    def __init__(self) -> None:
        self.states = 0
        self.by_default: dict[int, tuple[Any, ...]] = {}
        self.by_history: dict[int, tuple[Any, ...]] = {}
        self.has_history = False


class Chart:
    """A chart made ready to step. Refuses states that make none."""

    def __init__(self, root: State) -> None:
        self.ids: list[str] = []
        self.states: list[State] = []
        self.parent: list[int] = []
        self._number(root, -1)
        count = len(self.states)
        self.index = {id: i for i, id in enumerate(self.ids)}
        if len(self.index) != count:
            twice = sorted({id for id in self.ids if self.ids.count(id) > 1})
            raise MalformedChart(f"There are several states called {', '.join(twice)}.")
        self.kind = [state.kind for state in self.states]
        self.children: list[list[int]] = [[] for _ in range(count)]
        self.within = [0] * count  # proper descendants
        for i in range(count - 1, 0, -1):
            self.children[self.parent[i]].insert(0, i)
            self.within[self.parent[i]] |= 1 << i | self.within[i]
        self.path = [list(self._up(i)) for i in range(count)]
        self.histories = [[c for c in cs if self._is_history(c)] for cs in self.children]
        self.proper = [[c for c in cs if not self._is_history(c)] for cs in self.children]
        self._check()
        self.leaves = sum(1 << i for i in range(count) if self.kind[i] in (Kind.ATOMIC, Kind.FINAL))
        self.ends = _set([i for i in self.children[0] if self.kind[i] is Kind.FINAL])
        self.initial = [self._initial(i) for i in range(count)]
        self.edges = [
            [self._edge(i, place, t) for place, t in enumerate(state.transitions)]
            for i, state in enumerate(self.states)
        ]
        self._candidates: dict[str | None, list[tuple[int, list[_Edge]]]] = {}

    def candidates(self, event: str | None) -> list[tuple[int, list[_Edge]]]:
        """The transitions that an event may take, with None the eventless ones: for each leaf (its
        bit) that has any, in document order, those on the way up from it, its own first."""
        found = self._candidates.get(event)
        if found is None:
            found = []
            for leaf in _bits(self.leaves):
                edges = [
                    edge
                    for i in self.path[leaf]
                    for edge in self.edges[i]
                    if (not edge.events if event is None else matches(edge.events, event))
                ]
                if edges:
                    found.append((1 << leaf, edges))
            if len(self._candidates) < 10_000:  # names may come from outside
                self._candidates[event] = found
        return found

    def decode(self, active: Sequence[str]) -> int:
        """The set of active states, from those that have no children."""
        found = 0
        for id in active:
            for i in self.path[self.index[id]]:
                found |= 1 << i
        return found & ~1

    def names(self, states: int) -> tuple[str, ...]:
        """The ids of a set of states, in document order."""
        return tuple([self.ids[i] for i in _bits(states)])

    # -- making it

    def _number(self, state: State, parent: int) -> None:
        mine = len(self.ids)
        self.ids.append(state.id)
        self.states.append(state)
        self.parent.append(parent)
        for child in state.children:
            self._number(child, mine)

    def _up(self, i: int) -> Iterator[int]:
        while i >= 0:
            yield i
            i = self.parent[i]

    def _is_history(self, i: int) -> bool:
        return self.kind[i] in (Kind.HISTORY, Kind.DEEP_HISTORY)

    def _check(self) -> None:
        for i, state in enumerate(self.states):
            nested = state.kind in (Kind.COMPOUND, Kind.PARALLEL)
            if nested != bool(self.proper[i]):
                have = "needs states within it" if nested else "may have no states within it"
                raise MalformedChart(f"The {state.kind} state {state.id} {have}.")
            if self._is_history(i) and (state.initial is None or state.transitions):
                raise MalformedChart(f"The history state {state.id} has a default, and no more.")
            for transition in (*state.transitions, *([state.initial] if state.initial else [])):
                for target in transition.targets:
                    if target not in self.index:
                        raise MalformedChart(f"{state.id} leads to {target}, which is no state.")
        if self.kind[0] is not Kind.COMPOUND:
            raise MalformedChart("A chart is a compound state.")

    def _initial(self, i: int) -> _Edge | None:
        state = self.states[i]
        if state.initial is None:
            if self.kind[i] is not Kind.COMPOUND:
                return None
            first = self.ids[self.proper[i][0]]
            return _Edge(i, -1, Transition(targets=(first,)), [self.proper[i][0]])
        targets = [self.index[target] for target in state.initial.targets]
        inside = self.within[self.parent[i] if self._is_history(i) else i]
        if not targets or any(not inside >> target & 1 for target in targets):
            raise MalformedChart(f"{state.id} begins outside of itself, or nowhere.")
        return _Edge(i, -1, state.initial, targets)

    def _edge(self, source: int, place: int, transition: Transition) -> _Edge:
        edge = _Edge(source, place, transition, [self.index[t] for t in transition.targets])
        if edge.targets and not any(self._is_history(t) for t in edge.targets):
            edge.domain = self.domain(source, transition.internal, edge.targets)
        return edge

    def domain(self, source: int, internal: bool, targets: Sequence[int]) -> int:
        """The state within which everything is left and entered."""
        inside = all(self.within[source] >> target & 1 for target in targets)
        if internal and inside and self.kind[source] is Kind.COMPOUND:
            return source
        for i in self.path[source][1:]:
            compound = self.kind[i] is Kind.COMPOUND
            if compound and all(self.within[i] >> target & 1 for target in targets):
                return i
        return 0

    # -- what is entered

    def entries(self, edge: _Edge, history: Mapping[int, int]) -> _Entries:
        """What a transition enters."""
        if edge.entries is not None:
            return edge.entries
        found = _Entries()
        if edge.targets:
            domain = edge.domain
            for target in edge.targets:
                self._descend(target, found, history)
            if domain is None:
                internal = self.states[edge.source].transitions[edge.place].internal
                domain = self.domain(edge.source, internal, self.effective(edge, history))
            for target in self.effective(edge, history):
                self._ascend(target, domain, found, history)
        if not found.has_history:
            edge.entries = found
        return found

    def effective(self, edge: _Edge, history: Mapping[int, int]) -> list[int]:
        """Its targets, with what history states remember, or their defaults, in their place."""
        found: list[int] = []
        for target in edge.targets:
            if not self._is_history(target):
                found.append(target)
            elif target in history:
                found.extend(_bits(history[target]))
            else:
                default = self.initial[target]
                assert default is not None
                found.extend(self.effective(default, history))
        return found

    def _descend(self, i: int, found: _Entries, history: Mapping[int, int]) -> None:
        if self._is_history(i):
            found.has_history = True
            parent = self.parent[i]
            if i in history:
                reached = list(_bits(history[i]))
            else:
                default = self.initial[i]
                assert default is not None
                found.by_history[parent] = default.actions
                reached = default.targets
            for target in reached:
                self._descend(target, found, history)
            for target in reached:
                self._ascend(target, parent, found, history)
            return
        found.states |= 1 << i
        if self.kind[i] is Kind.COMPOUND:
            initial = self.initial[i]
            assert initial is not None
            found.by_default[i] = initial.actions
            for target in initial.targets:
                self._descend(target, found, history)
            for target in initial.targets:
                self._ascend(target, i, found, history)
        elif self.kind[i] is Kind.PARALLEL:
            self._fill(i, found, history)

    def _ascend(self, i: int, to: int, found: _Entries, history: Mapping[int, int]) -> None:
        for above in self.path[i][1:]:
            if above == to:
                return
            found.states |= 1 << above
            if self.kind[above] is Kind.PARALLEL:
                self._fill(above, found, history)

    def _fill(self, i: int, found: _Entries, history: Mapping[int, int]) -> None:
        """Enters the regions of a parallel state that nothing else enters."""
        for child in self.proper[i]:
            if not found.states & (1 << child | self.within[child]):
                self._descend(child, found, history)


class _Step:
    """A macrostep under way."""

    def __init__(
        self, chart: Chart, active: int, history: dict[int, int], behaviour: Behaviour
    ) -> None:
        self.chart = chart
        self.active = active
        self.history = history
        self.behaviour = behaviour
        self.raised: deque[Event] = deque()
        self.effects: list[Any] = []
        self.microsteps: list[Microstep] = []
        self.event: Event | None = None
        self.done = bool(active & chart.ends)

    def __contains__(self, id: object) -> bool:
        i = self.chart.index.get(id)  # type: ignore[call-overload]
        return i is not None and bool(self.active >> i & 1)

    def emit(self, output: Any) -> None:
        if isinstance(output, Event):
            self.raised.append(output)
        else:
            self.effects.append(output)

    def run(self, actions: Sequence[Any]) -> None:
        if actions:
            self.behaviour.run(actions, self.event, self, self.emit)

    def settle(self) -> None:
        """Takes eventless transitions and internal events until nothing moves."""
        while not self.done:
            self.event = None
            enabled = self.select(None)
            if not enabled:
                if not self.raised:
                    return
                self.event = self.raised.popleft()
                enabled = self.select(self.event.name)
            if enabled:
                self.take(enabled)

    def select(self, name: str | None) -> list[_Edge]:
        """The transitions that an event takes: of each active leaf the first that is enabled, on
        the way up from it, without those that others pre-empt."""
        enabled: list[_Edge] = []
        for leaf, edges in self.chart.candidates(name):
            if not self.active & leaf:
                continue
            for edge in edges:
                if edge.guard is None or self.behaviour.holds(
                    edge.guard, self.event, self, self.emit
                ):
                    if edge not in enabled:
                        enabled.append(edge)
                    break
        return enabled if len(enabled) < 2 else self._without_conflicts(enabled)

    def _without_conflicts(self, enabled: list[_Edge]) -> list[_Edge]:
        kept: list[_Edge] = []
        for edge in enabled:
            leaving = self.leaving(edge)
            beaten: list[_Edge] = []
            for other in kept:
                if leaving & self.leaving(other):
                    if not self.chart.within[other.source] >> edge.source & 1:
                        break
                    beaten.append(other)
            else:
                kept = [other for other in kept if other not in beaten]
                kept.append(edge)
        return kept

    def leaving(self, edge: _Edge) -> int:
        """The states that a transition leaves."""
        if not edge.targets:
            return 0
        domain = edge.domain
        if domain is None:
            internal = self.chart.states[edge.source].transitions[edge.place].internal
            targets = self.chart.effective(edge, self.history)
            domain = self.chart.domain(edge.source, internal, targets)
        return self.active & self.chart.within[domain]

    def take(self, enabled: Sequence[_Edge]) -> None:
        """One microstep: leaves, acts, enters."""
        chart = self.chart
        if len(self.microsteps) >= microsteps_max:
            between = ", ".join(sorted({id for m in self.microsteps[-50:] for id in m.entered}))
            raise EndlessLoop(f"More than {microsteps_max} transitions follow at once: {between}.")
        leaving = 0
        for edge in enabled:
            leaving |= self.leaving(edge)
        self._leave(leaving)
        for edge in enabled:
            self.run(edge.actions)
        entries = [chart.entries(edge, self.history) for edge in enabled]
        entering = 0
        for entry in entries:
            entering |= entry.states
        self._enter(entering, entries)
        ids = chart.ids
        self.microsteps.append(
            Microstep(
                None if self.event is None else self.event.name,
                tuple((ids[edge.source], edge.place) for edge in enabled),
                chart.names(leaving)[::-1],
                chart.names(entering),
            )
        )

    def _leave(self, leaving: int) -> None:
        chart = self.chart
        going = list(_bits(leaving))[::-1]
        for i in going:
            for memory in chart.histories[i]:
                deep = chart.kind[memory] is Kind.DEEP_HISTORY
                below = chart.within[i] & chart.leaves if deep else _set(chart.proper[i])
                self.history[memory] = self.active & below
        for i in going:
            for block in chart.states[i].leaving:
                self.run(block)
            self.active &= ~(1 << i)

    def _enter(self, entering: int, entries: Sequence[_Entries]) -> None:
        chart = self.chart
        for i in _bits(entering):
            self.active |= 1 << i
            for block in chart.states[i].entering:
                self.run(block)
            for entry in entries:
                if i in entry.by_default:
                    self.run(entry.by_default[i])
                if i in entry.by_history:
                    self.run(entry.by_history[i])
            if chart.kind[i] is Kind.FINAL:
                self._finish(i)

    def _finish(self, i: int) -> None:
        chart = self.chart
        parent = chart.parent[i]
        if parent == 0:
            self.done = True
            return
        content = chart.states[i].done_data
        data = None
        if content is not None:
            data = self.behaviour.done_data(content, self.event, self, self.emit)
        self.raised.append(Event(f"done.state.{chart.ids[parent]}", data))
        above = chart.parent[parent]
        if chart.kind[above] is Kind.PARALLEL and self._is_final(above):
            self.raised.append(Event(f"done.state.{chart.ids[above]}"))

    def _is_final(self, i: int) -> bool:
        chart = self.chart
        if chart.kind[i] is Kind.PARALLEL:
            return all(self._is_final(child) for child in chart.proper[i])
        return any(
            chart.kind[child] is Kind.FINAL and self.active >> child & 1
            for child in chart.proper[i]
        )

    def result(self) -> Stepped:
        chart = self.chart
        history = tuple(
            (chart.ids[i], chart.names(states)) for i, states in sorted(self.history.items())
        )
        return Stepped(
            Snapshot(chart.names(self.active & chart.leaves), history),
            tuple(self.effects),
            tuple(self.microsteps),
            self.done,
        )


def start(chart: Chart, behaviour: Behaviour) -> Stepped:
    """Enters a chart's initial states, and goes on until nothing moves."""
    under_way = _Step(chart, 0, {}, behaviour)
    initial = chart.initial[0]
    assert initial is not None
    found = _Entries()
    for target in initial.targets:
        chart._descend(target, found, {})
    for target in chart.effective(initial, {}):
        chart._ascend(target, 0, found, {})
    under_way.run(initial.actions)
    under_way._enter(found.states, [found])
    under_way.microsteps.append(Microstep(None, (), (), chart.names(found.states)))
    under_way.settle()
    return under_way.result()


def resume(chart: Chart, leaves: Sequence[str], history: _History, behaviour: Behaviour) -> Stepped:
    """Stands in some states that have no children, with all that is around them; what is beside
    them, and not said, begins. Goes on from there until nothing moves. Raises KeyError for states
    of another chart; two that exclude each other make no sense."""
    if not leaves:
        return start(chart, behaviour)
    under_way = _Step(chart, 0, _bits_of(chart, history), behaviour)
    found = _Entries()
    targets = [chart.index[leaf] for leaf in leaves]
    for target in targets:
        chart._descend(target, found, under_way.history)
    for target in targets:
        chart._ascend(target, 0, found, under_way.history)
    under_way._enter(found.states, [found])
    under_way.microsteps.append(Microstep(None, (), (), chart.names(found.states)))
    under_way.settle()
    return under_way.result()


def step(chart: Chart, snapshot: Snapshot, event: Event, behaviour: Behaviour) -> Stepped:
    """Takes an event, and goes on until nothing moves. An event that nothing takes changes
    nothing. Raises EndlessLoop, and KeyError for a snapshot of another chart."""
    history = _bits_of(chart, snapshot.history)
    under_way = _Step(chart, chart.decode(snapshot.active), history, behaviour)
    if not under_way.done:
        under_way.event = event
        enabled = under_way.select(event.name)
        if enabled:
            under_way.take(enabled)
        under_way.settle()
    return under_way.result()


def matches(descriptors: Sequence[str], event: str) -> bool:
    """True if an event's name fits one of the descriptors: `a.b` fits `a.b` and `a.b.c`, not
    `a.bc`; `*` fits all (SCXML, section 3.12.1)."""
    for descriptor in descriptors:
        if descriptor == "*":
            return True
        plain = descriptor.removesuffix("*").removesuffix(".")
        if event == plain or event.startswith(f"{plain}."):
            return True
    return False


def _bits_of(chart: Chart, history: _History) -> dict[int, int]:
    return {chart.index[id]: sum(1 << chart.index[name] for name in names) for id, names in history}


def _set(states: Sequence[int]) -> int:
    return sum(1 << i for i in states)


def _bits(states: int) -> Iterator[int]:
    while states:
        low = states & -states
        yield low.bit_length() - 1
        states ^= low
