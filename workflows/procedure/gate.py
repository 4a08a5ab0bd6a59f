"""The gate: is a definition sound? Each fault comes with the way there, found by walking it.

Regions that know nothing of one another are walked apart. Each walk takes every step from every set
of states that can be reached, under every combination of what the guards read, whatever the record
may say: what it calls sound is sound in every case. It gives up, and says so, where there is more
than it may look at.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from workflows.access import MAY, WRITING
from workflows.procedure import forms
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition, Due, StateSpec, Unsound
from workflows.spans import Span
from workflows.statecharts.expressions import (
    Compare,
    Expression,
    Fact,
    Facts,
    FactType,
    OneOf,
    Value,
    facts_of,
    holds,
    parts_of,
    states_of,
)
from workflows.statecharts.kernel import EndlessLoop, Microstep

visits_max = 400_000
faults_max = 100
ANY_STEP = "(any step)"
"""A step that no state waits for: it only changes facts."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong: a stable code, the sentence, where in the definition, and the way there from
    the beginning, line by line."""

    code: str
    message: str
    where: str = "$"
    trace: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """What the gate found. `visited`: how many steps it took."""

    ok: bool
    hash: str
    faults: tuple[Fault, ...]
    visited: int = 0


class _Way(NamedTuple):
    """How a set of states was reached: from which, by what."""

    before: frozenset[str] | None
    by: str


def check(definition: Definition) -> Report:
    """Looks at a whole definition, and lists every fault."""
    try:
        compiled = Compiled(definition)
    except Unsound as fault:
        return Report(False, definition.hash, (Fault(fault.code, str(fault), fault.where),))
    walks = [_Walk(Compiled(part)) for part in apart(compiled)]
    faults = [
        *_unlabelled(definition),
        *_for_nobody(definition),
        *_formless(definition),
        *(fault for walk in walks for fault in walk.faults),
        *_overlapping(compiled),
        *_unread(compiled),
    ]
    if not any(walk.faults for walk in walks):
        faults += _unreached(definition, walks)
        faults += _without_end(definition, walks)
        faults += _never_open(compiled, walks)
    visited = sum(walk.visited for walk in walks)
    return Report(not faults, definition.hash, tuple(faults[:faults_max]), visited)


def apart(compiled: Compiled) -> list[Definition]:
    """The definition in parts that know nothing of one another: regions whose guards ask for each
    other's states, that lead into each other or listen to the same step stay together."""
    definition = compiled.definition
    region = {
        state.id: n for n, top in enumerate(definition.states) for state, _ in _places((top,), "$")
    }
    together = list(range(len(definition.states)))

    def join(regions: Iterable[int]) -> None:
        joined = {together[n] for n in regions}
        for n, one in enumerate(together):
            if one in joined:
                together[n] = min(joined)

    listening: dict[str, set[int]] = {}
    for n, top in enumerate(definition.states):
        for state, _ in _places((top,), "$"):
            for move in state.moves:
                join([n, *([region[move.to]] if move.to else [])])
                if move.on is not None:
                    listening.setdefault(move.on, set()).add(n)
                if move.past is not None:
                    join([n, *(region[id] for id in compiled.deadlines[move.past].within)])
        for guard in compiled.guards_within(f"$.states[{n}]"):
            join([n, *(region[id] for id in states_of(guard))])
    for step, regions in listening.items():
        when = compiled.guards[step]
        join([*regions, *(region[id] for id in (states_of(when) if when else ()))])
    return [
        _part(definition, [n for n, one in enumerate(together) if one == first], listening)
        for first in sorted(set(together))
    ]


_SOME_TIME = Due(after=Span(days=1))


def _part(
    definition: Definition, regions: Sequence[int], listening: dict[str, set[int]]
) -> Definition:
    states = tuple(definition.states[n] for n in regions)
    here = {state.id for state, _ in _places(states, "$")}
    whole = msgspec.structs.replace(
        definition,
        states=states,
        steps=tuple(s for s in definition.steps if listening.get(s.name, set()) & {*regions}),
        ends=(),
        # Here it only matters that they may pass, at any time while they run.
        deadlines=tuple(
            msgspec.structs.replace(deadline, within=within, due=_SOME_TIME, then=None)
            for deadline in definition.deadlines
            if (within := tuple(id for id in deadline.within if id in here))
        ),
        tasks=(),
    )
    read = {fact for guard in Compiled(whole).all_guards() for fact in facts_of(guard)}
    facts = {name: fact for name, fact in definition.facts.items() if name in read}
    return msgspec.structs.replace(whole, facts=facts)


# --- The walk ------------------------------------------------------------------------------------


class _Walk:
    """Everywhere a case can get."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.faults: list[Fault] = []
        self.visited = 0
        self.ways: dict[frozenset[str], _Way] = {}
        self.next: dict[frozenset[str], set[frozenset[str]]] = {}
        self.passed: set[str] = set()
        self.domains = domains(compiled)
        self._go()

    def _go(self) -> None:
        compiled = self.compiled
        queue: deque[frozenset[str]] = deque()

        def reach(states: Sequence[str], way: _Way) -> None:
            found = frozenset(states)
            if way.before is not None:
                self.next.setdefault(way.before, set()).add(found)
            if found not in self.ways:
                self.ways[found] = way
                self.passed |= compiled.active(states)
                queue.append(found)

        for facts in valuations(self.domains, compiled.fact_names):
            self.visited += 1
            try:
                entered = compiled.begin(facts).entered
            except EndlessLoop as loop:
                self._loops(None, "begin", facts, loop)
                return
            reach(entered, _Way(None, f"begin where {_told(facts)}"))
        steps = [*sorted(compiled.listened), *compiled.passings, ANY_STEP]
        while queue:
            states = queue.popleft()
            for name in steps:
                for before, after in self._facts(name):
                    self.visited += 1
                    if self.visited > visits_max:
                        self.faults.append(
                            Fault(
                                "too-large-to-check",
                                f"More than {visits_max:,} steps would have to be looked at: use "
                                "fewer facts in one procedure, or fewer states at once.",
                            )
                        )
                        return
                    if name != ANY_STEP and compiled.blocked(name, sorted(states), before):
                        continue
                    try:
                        taken = compiled.step(name, sorted(states), before, after)
                    except EndlessLoop as loop:
                        self._loops(states, name, after, loop)
                        return
                    self._pass(taken.microsteps)
                    reach(taken.snapshot.active, _Way(states, f"{name}, then {_told(after)}"))

    def _facts(self, name: str) -> Iterator[tuple[Facts, Facts]]:
        """The facts before and after a step; before, only what its own guards read."""
        compiled = self.compiled
        read = compiled.read_by(name)
        for before in valuations(self.domains, sorted(read)):
            for after in valuations(self.domains, compiled.fact_names):
                yield before, after

    def _pass(self, microsteps: Iterable[Microstep]) -> None:
        for microstep in microsteps:
            self.passed.update(microstep.entered)

    def _loops(
        self, states: frozenset[str] | None, name: str, facts: Facts, loop: EndlessLoop
    ) -> None:
        trace = (*self.trace(states), f"{name}, then {_told(facts)}", "→ …")
        self.faults.append(Fault("endless", str(loop), "$.states", trace))

    def trace(self, states: frozenset[str] | None) -> tuple[str, ...]:
        """The way to a set of states, line by line."""
        lines: list[str] = []
        while states is not None:
            way = self.ways[states]
            lines[:0] = [way.by, f"→ {', '.join(sorted(states))}"]
            states = way.before
        return tuple(lines)


def domains(compiled: Compiled) -> dict[str, tuple[Value | None, ...]]:
    """What each fact may be, as far as guards can tell values apart: of numbers and days, those
    that are compared with, and their neighbours."""
    compared: dict[str, set[Value]] = {name: set() for name in compiled.fact_names}
    for guard in compiled.all_guards():
        for part in parts_of(guard):
            if isinstance(part, Compare):
                compared[part.fact].add(part.value)
            elif isinstance(part, OneOf):
                compared[part.fact].update(part.values)
    return {name: _domain(fact, compared[name]) for name, fact in compiled.definition.facts.items()}


def _domain(fact: Fact, compared: set[Value]) -> tuple[Value | None, ...]:
    unknown: tuple[None, ...] = (None,) if fact.optional else ()
    match fact.type:
        case FactType.FLAG:
            return (False, True, *unknown)
        case FactType.CHOICE:
            return (*fact.values, *unknown)
        case FactType.NUMBER:
            near = {n + d for n in compared if isinstance(n, int) for d in (-1, 0, 1)}
            return (*sorted(near or {0}), *unknown)
        case FactType.DAY:
            days = {
                str(date.fromisoformat(str(on)) + timedelta(days=d))
                for on in compared
                for d in (-1, 0, 1)
            }
            return (*sorted(days or {"2026-01-01"}), *unknown)
        case FactType.TEXT:
            return (*sorted(map(str, compared)), "something else", *unknown)


def valuations(
    domains: dict[str, tuple[Value | None, ...]], names: Sequence[str]
) -> Iterator[dict[str, Value | None]]:
    """Every combination of what some facts may be."""
    for values in itertools.product(*(domains[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _told(facts: Facts) -> str:
    """Facts in a line, without those that are false or unknown."""
    told = [
        name if value is True else f"{name} is {value}"
        for name, value in facts.items()
        if value is not None and value is not False
    ]
    return ", ".join(told) or "nothing is the case"


# --- What is asked -------------------------------------------------------------------------------


def _places(states: Sequence[StateSpec], where: str) -> Iterator[tuple[StateSpec, str]]:
    for n, state in enumerate(states):
        yield state, f"{where}[{n}]"
        yield from _places(state.states, f"{where}[{n}].states")


def _unlabelled(definition: Definition) -> Iterator[Fault]:
    """Everything people see has a name in every language that the procedure itself has one in."""
    languages = definition.labels.keys()
    if "en" not in languages:
        yield Fault("label-missing", "The procedure has no label in en.", "$.labels")
    named = [(s.id, s.labels, where) for s, where in _places(definition.states, "$.states")]
    named += [(d.id, d.labels, f"$.deadlines[{n}]") for n, d in enumerate(definition.deadlines)]
    named += [(t.id, t.labels, f"$.tasks[{n}]") for n, t in enumerate(definition.tasks)]
    for n, s in enumerate(definition.steps):
        named.append((s.name, s.labels, f"$.steps[{n}]"))
        for f, field in enumerate(s.form):
            here = f"$.steps[{n}].form[{f}]"
            named.append((field.name, field.labels, here))
            named += [
                (choice.id, choice.labels, f"{here}.choices[{c}]")
                for c, choice in enumerate(field.choices)
            ]
    for name, labels, where in named:
        if missing := sorted(languages - labels.keys()):
            yield Fault(
                "label-missing", f"{name} has no label in {', '.join(missing)}.", f"{where}.labels"
            )


def _for_nobody(definition: Definition) -> Iterator[Fault]:
    """Each step has somebody who may take it: one of the procedure's own says who, one that every
    procedure has is left to fewer, never to more."""
    for n, step in enumerate(definition.steps):
        where = f"$.steps[{n}].roles"
        allowed = MAY.get(step.name, WRITING)
        if step.name not in MAY and not step.roles:
            yield Fault("roles-missing", f"Say which roles may take {step.name}.", where)
        for role in step.roles:
            if role not in allowed:
                roles = ", ".join(sorted(allowed))
                message = f"The role {role} may not take {step.name}; these may: {roles}."
                yield Fault("role-not-allowed", message, where)


def _formless(definition: Definition) -> Iterator[Fault]:
    """Forms that can be filled in, and only for steps that have no shape of their own."""
    for n, step in enumerate(definition.steps):
        where = f"$.steps[{n}].form"
        if step.form and step.name in MAY:
            yield Fault("form-not-asked", f"{step.name} has its own input, and no form.", where)
        try:
            forms.check(step.form, where)
        except Unsound as fault:
            yield Fault(fault.code, str(fault), fault.where)


def _unreached(definition: Definition, walks: Sequence[_Walk]) -> Iterator[Fault]:
    passed = set().union(*(walk.passed for walk in walks))
    for state, where in _places(definition.states, "$.states"):
        if state.id not in passed:
            yield Fault("unreachable", f"Nothing leads to {state.id}.", where)


def _without_end(definition: Definition, walks: Sequence[_Walk]) -> Iterator[Fault]:
    """From everywhere a case can come to an end: in one of the parts, whatever the others do."""
    if not definition.ends:
        yield Fault("no-end", "Say in which states a case is at its end.", "$.ends")
        return
    stuck = [found for walk in walks if (found := _stuck(walk, set(definition.ends))) is not None]
    if len(stuck) == len(walks):
        ends = " or ".join(definition.ends)
        trace = next(trace for trace in stuck if trace)
        yield Fault("no-way-out", f"From here no way leads to {ends}.", "$.states", trace)


def _stuck(walk: _Walk, ends: set[str]) -> tuple[str, ...] | None:
    """The way to where no end can be reached any more; empty where a part has no end in it, None
    where from everywhere one can be."""
    if not ends & walk.compiled.chart.index.keys():
        return ()
    back: dict[frozenset[str], set[frozenset[str]]] = {}
    for states, following in walk.next.items():
        for after in following:
            back.setdefault(after, set()).add(states)
    able = {states for states in walk.ways if ends & walk.compiled.active(sorted(states))}
    queue = deque(able)
    while queue:
        for before in back.get(queue.popleft(), ()):
            if before not in able:
                able.add(before)
                queue.append(before)
    return next((walk.trace(states) for states in walk.ways if states not in able), None)


def _never_open(compiled: Compiled, walks: Sequence[_Walk]) -> Iterator[Fault]:
    known = domains(compiled)
    for n, step in enumerate(compiled.definition.steps):
        guard = compiled.guards[step.name]
        asked = states_of(guard) if guard else frozenset()
        listening = compiled.listening(step.name)
        parts = [
            sorted(map(sorted, walk.ways))
            for walk in walks
            if (asked | listening) & walk.compiled.chart.index.keys()
        ]
        read = sorted(compiled.read_by(step.name))
        is_open = any(
            not compiled.blocked(step.name, [*itertools.chain(*some)], facts)
            for some in itertools.islice(itertools.product(*parts), visits_max)
            for facts in valuations(known, read)
        )
        if not is_open:
            yield Fault("never-open", f"The step {step.name} is never open.", f"$.steps[{n}]")


def _overlapping(compiled: Compiled) -> Iterator[Fault]:
    """Of two moves of one state on one step, which is taken must not hang on their order."""
    known = domains(compiled)
    for state, where in _places(compiled.definition.states, "$.states"):
        by_step: dict[str | None, list[tuple[int, Expression | None]]] = {}
        for n, move in enumerate(state.moves):
            by_step.setdefault(move.on, []).append(
                (n, compiled.guard_at(f"{where}.moves[{n}].when"))
            )
        for some in by_step.values():
            for (a, one), (b, other) in itertools.combinations(some, 2):
                read = sorted(
                    {*(facts_of(one) if one else ()), *(facts_of(other) if other else ())}
                )
                for facts in valuations(known, read):
                    if all(g is None or holds(g, facts, _Everywhere()) for g in (one, other)):
                        yield Fault(
                            "guards-overlap",
                            f"Moves {a} and {b} of {state.id} can both be taken, where "
                            f"{_told(facts)}.",
                            f"{where}.moves[{b}]",
                        )
                        break


class _Everywhere:
    def __contains__(self, id: object) -> bool:
        return True


def _unread(compiled: Compiled) -> Iterator[Fault]:
    read = {fact for guard in compiled.all_guards() for fact in facts_of(guard)}
    read.update(d.due.fact for d in compiled.definition.deadlines if d.due.fact is not None)
    for name in compiled.fact_names:
        if name not in read:
            message = f"No guard reads the fact {name}, and nothing is due by it."
            yield Fault("fact-unread", message, f"$.facts.{name}")
