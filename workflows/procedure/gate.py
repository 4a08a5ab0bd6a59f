"""The gate: is a definition sound? Each fault comes with the way there, found by walking it.

Regions that know nothing of one another are walked apart. Each walk takes every step from every
place that can be reached, and takes any step to change any fact that guards read, whatever the
record may say: what it finds nowhere is nowhere. It gives up, and says so, where there is more than
it may look at.

What a promise says is always or never so is looked for on such a walk of the regions it reads. What
it says stays possible is looked for on a stricter one, where each step has to be open, and changes
no facts but those it can; a correction leads to places, and is no way out of them.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from domain.words import Aspect, Bucket
from workflows import spans
from workflows.access import MAY, WRITING
from workflows.procedure import forms
from workflows.procedure.compiled import PAST, Compiled, Promised, signal
from workflows.procedure.definition import (
    HISTORY,
    DeadlineSpec,
    Definition,
    StateSpec,
    StepSpec,
    Unsound,
)
from workflows.procedure.facts import KNOWN, UNDONE_BY
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
from workflows.statecharts.kernel import EndlessLoop, Microstep, Stepped

visits_max = 400_000
faults_max = 100
CORRECTIONS = ("correct", "strike")
"""Steps that lead somewhere only where something was entered in error: nothing to count on."""
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


def check(definition: Definition) -> Report:
    """Looks at a whole definition, and lists every fault."""
    try:
        compiled = Compiled(definition)
    except Unsound as fault:
        return Report(False, definition.hash, (Fault(fault.code, str(fault), fault.where),))
    parts = _Parts(compiled)
    walks = [parts.walk(group) for group in parts.groups]
    faults = [
        *_unlabelled(definition),
        *_uncounted(definition),
        *_for_nobody(definition),
        *_formless(definition),
        *_same_eyes(definition),
        *_untimely(definition),
        *(fault for walk in walks for fault in walk.faults),
        *_overlapping(compiled),
        *_unread(compiled),
    ]
    if not any(walk.faults for walk in walks):
        faults += _unreached(definition, walks)
        faults += _without_end(definition, walks)
        faults += _never_open(compiled, walks)
        faults += _unheard(parts)
        faults += _bypassed(parts)
        faults += _broken(parts)
    return Report(not faults, definition.hash, tuple(faults[:faults_max]), parts.visited)


@lru_cache(maxsize=256)
def checked(compiled: Compiled) -> Report:
    """What the gate says of a definition that is ready, looked at once."""
    return check(compiled.definition)


@lru_cache(maxsize=256)
def reachable(compiled: Compiled) -> tuple[frozenset[frozenset[str]], ...]:
    """The sets of states that a case can get to, in each part that knows nothing of the others."""
    parts = _Parts(compiled)
    return tuple(frozenset(parts.walk(group).sets) for group in parts.groups)


# --- The parts -----------------------------------------------------------------------------------


class _Parts:
    """A definition in parts that know nothing of one another, and the walks of them, each walked
    once. A part is some regions, by their numbers."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.definition = compiled.definition
        self.region = {
            state.id: n
            for n, top in enumerate(self.definition.states)
            for state, _ in _places((top,), "$")
        }
        self.listening: dict[str, set[int]] = {}
        self.groups = self._apart()
        self._walks: dict[object, _Walk] = {}

    def _apart(self) -> list[frozenset[int]]:
        """Regions whose guards ask for each other's states, that lead into each other, listen to
        the same step or to a deadline of the other stay together."""
        definition, region = self.definition, self.region
        together = list(range(len(definition.states)))

        def join(regions: Iterable[int]) -> None:
            joined = {together[n] for n in regions}
            for n, one in enumerate(together):
                if one in joined:
                    together[n] = min(joined)

        for n, top in enumerate(definition.states):
            for state, _ in _places((top,), "$"):
                for move in state.moves:
                    join([n, *([region[move.to]] if move.to else [])])
                    if move.on is not None:
                        self.listening.setdefault(move.on, set()).add(n)
                    if move.past is not None:
                        join([n, *self.running(self.compiled.deadlines[move.past])])
            for guard in self.compiled.guards_within(f"$.states[{n}]"):
                join([n, *(region[id] for id in states_of(guard))])
        for step, regions in self.listening.items():
            join([*regions, *self.asked(step)])
        return [
            frozenset(n for n, one in enumerate(together) if one == first)
            for first in sorted(set(together))
        ]

    def running(self, deadline: DeadlineSpec) -> set[int]:
        """The regions in whose states a deadline runs."""
        return {self.region[id] for id in deadline.within}

    def asked(self, step: str) -> set[int]:
        """The regions that a step's own condition asks for."""
        when = self.compiled.guards[step]
        return {self.region[id] for id in (states_of(when) if when else ())}

    def around(self, regions: Collection[int]) -> frozenset[int]:
        """Some regions, with those they can't be walked without; of none, the first."""
        wanted = {*regions} or {0}
        return frozenset().union(*(group for group in self.groups if group & wanted))

    def reading(self, *conditions: Expression) -> set[int]:
        """The regions whose states some conditions ask for."""
        return {self.region[id] for one in conditions for id in states_of(one)}

    def walk(
        self,
        regions: frozenset[int],
        conditions: tuple[Expression, ...] = (),
        steps: Collection[str] = (),
    ) -> _Walk:
        """The walk of some regions, which tells apart what the conditions can, and also takes some
        steps that the regions do not listen to."""
        taken = {name for name, heard in self.listening.items() if heard & regions} | {*steps}
        compiled = self._part(regions, taken)
        known = _told_apart(compiled, conditions)
        names = tuple(known)
        changes = dict.fromkeys((*sorted(taken), *compiled.passings, ANY_STEP), names)
        return self._walked(regions, compiled, known, changes, strict=False)

    def strict_walk(self, conditions: tuple[Expression, ...]) -> _Walk:
        """The walk of all that bears on some conditions, on which each step has to be open, and
        changes those facts only that it can."""
        regions: frozenset[int] = frozenset()
        wanted = self.reading(*conditions) or {0}
        read = {fact for one in conditions for fact in facts_of(one)}
        steps: set[str] = set()
        before = None
        while before != (before := (len(wanted), len(read), len(steps))):
            regions = self.around(wanted)
            wanted |= regions
            for n in regions:
                for guard in self.compiled.guards_within(f"$.states[{n}]"):
                    read |= facts_of(guard)
            steps |= {name for name, heard in self.listening.items() if heard & regions}
            steps |= {step.name for step in self.definition.steps if read & self._changes(step)}
            for name in steps:
                wanted |= self.asked(name)
                read |= self.compiled.read_by(name)
        compiled = self._part(regions, steps)
        known = _told_apart(compiled, conditions)
        changes: dict[str, tuple[str, ...]] = {}
        alike: set[object] = set()
        for step in self.definition.steps:
            changed = tuple(name for name in known if name in self._changes(step))
            undone = tuple(name for name in changed if _undoes(step.name, name))
            kind = step.when, changed, undone, step.name in CORRECTIONS
            if step.name in steps and (step.name in self.listening or kind not in alike):
                changes[step.name] = changed
                alike.add(kind)
        changes |= dict.fromkeys(compiled.passings, ())
        return self._walked(regions, compiled, known, changes, strict=True)

    def _walked(
        self,
        regions: frozenset[int],
        compiled: Compiled,
        known: dict[str, tuple[Value | None, ...]],
        changes: dict[str, tuple[str, ...]],
        strict: bool,
    ) -> _Walk:
        key = regions, tuple(known.items()), tuple(changes), strict
        if key not in self._walks:
            self._walks[key] = _Walk(compiled, known, changes, strict)
        return self._walks[key]

    def _changes(self, step: StepSpec) -> frozenset[str]:
        """The facts that a step may change."""
        return frozenset(
            name
            for name, fact in self.definition.facts.items()
            if (
                step.name in KNOWN[name].changed_by
                if fact.filled is None
                else fact.filled.partition(".")[0] == step.name
            )
        )

    def _part(self, regions: frozenset[int], steps: Collection[str]) -> Compiled:
        definition = self.definition
        part = msgspec.structs.replace(
            definition,
            states=tuple(definition.states[n] for n in sorted(regions)),
            steps=tuple(s for s in definition.steps if s.name in steps),
            deadlines=tuple(d for d in definition.deadlines if self.running(d) & regions),
            tasks=(),
            promises=(),
            ends=tuple(end for end in definition.ends if self.region[end] in regions),
        )
        return Compiled(part, whole=False)

    @property
    def visited(self) -> int:
        """How many steps were taken, on all walks."""
        return sum(walk.visited for walk in self._walks.values())


def _undoes(step: str, fact: str) -> bool:
    """True if a step never makes a fact true."""
    return step in UNDONE_BY.get(fact, ())


def _told_apart(
    compiled: Compiled, conditions: Iterable[Expression]
) -> dict[str, tuple[Value | None, ...]]:
    """What each fact may be that a part or some conditions read."""
    guards = [*compiled.all_guards(), *conditions]
    read = {fact for guard in guards for fact in facts_of(guard)}
    facts = {name: fact for name, fact in compiled.definition.facts.items() if name in read}
    return domains(facts, guards)


# --- The walk ------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a case can get: its states, what history states remember, and its facts by number."""

    states: frozenset[str]
    remembered: tuple[tuple[str, tuple[str, ...]], ...]
    facts: int


class _Turn(NamedTuple):
    """A step that is taken in some states, and the facts that tell whether it can, by number."""

    states: frozenset[str]
    remembered: tuple[tuple[str, tuple[str, ...]], ...]
    step: str
    read: int


class _Way(NamedTuple):
    """How a place was reached: from which, by what."""

    before: _Place | None
    by: str


class _Led(NamedTuple):
    """What a turn leads to, and through what."""

    place: _Place
    microsteps: tuple[Microstep, ...]


class _Walk:
    """Everywhere a case can get. `changes`: the steps that are taken, and the facts that each may
    change; a strict walk leaves the others as they are."""

    def __init__(
        self,
        compiled: Compiled,
        domains: dict[str, tuple[Value | None, ...]],
        changes: dict[str, tuple[str, ...]],
        strict: bool,
    ) -> None:
        self.compiled = compiled
        self.domains = domains
        self.changes = changes
        self.strict = strict
        self.faults: list[Fault] = []
        self.visited = 0
        self.ways: dict[_Place, _Way] = {}
        self.led: dict[_Turn, list[_Led]] = {}
        self.takers: dict[_Turn, list[_Place]] = {}
        self.passed: set[str] = set()
        self._active: dict[frozenset[str], frozenset[str]] = {}
        self._settled: dict[object, Stepped] = {}
        if math.prod(map(len, domains.values())) > visits_max:
            self._too_large()
            return
        self.facts = list(valuations(domains, tuple(domains)))
        self.number = {tuple(facts.values()): n for n, facts in enumerate(self.facts)}
        self.seen = {name: self._seen(name) for name in self.changes}
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

    def holds(self, condition: Expression, place: _Place) -> bool:
        """True if a condition holds somewhere."""
        return holds(condition, self.facts[place.facts], self.active(place.states))

    def turn(self, place: _Place, name: str) -> _Turn:
        """A step that is taken somewhere."""
        return _Turn(place.states, place.remembered, name, self.seen[name][place.facts])

    def _go(self) -> None:
        queue: deque[_Place] = deque()

        def reach(place: _Place, way: _Way) -> None:
            if place not in self.ways:
                self.ways[place] = way
                self.passed |= self.active(place.states)
                queue.append(place)

        for n, facts in enumerate(self.facts):
            self.visited += 1
            try:
                entered = self.compiled.begin(facts).entered
            except EndlessLoop as loop:
                self._loops(None, "begin", facts, loop)
                return
            reach(_Place(frozenset(entered), (), n), _Way(None, f"begin where {_told(facts)}"))
        while queue:
            place = queue.popleft()
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
                    told = _told(self.facts[led.place.facts])
                    reach(led.place, _Way(place, f"{name}, then {told}"))

    def _seen(self, name: str) -> list[int]:
        """For all facts, by number, what matters of them before a step: on a strict walk all, since
        it leaves most as they are."""
        if self.strict:
            return list(range(len(self.facts)))
        read = sorted(self.compiled.read_by(name))
        seen: dict[tuple[Value | None, ...], int] = {}
        return [
            seen.setdefault(tuple(facts[fact] for fact in read), len(seen)) for facts in self.facts
        ]

    def _take(self, place: _Place, name: str) -> list[_Led]:
        """All that a step can lead to from a place; nothing where it is not open."""
        compiled, before, states = self.compiled, self.facts[place.facts], sorted(place.states)
        if name != ANY_STEP and compiled.blocked(name, states, before):
            return []
        found: list[_Led] = []
        for changed in valuations(self.domains, self.changes[name]):
            if self.strict and any(
                value is True and not before[fact] and _undoes(name, fact)
                for fact, value in changed.items()
            ):
                continue
            self.visited += 1
            if self.visited > visits_max:
                self._too_large()
                return []
            after = {**before, **changed}
            try:
                taken = self._step(place, name, states, before, after)
            except EndlessLoop as loop:
                self._loops(place, name, after, loop)
                return []
            for microstep in taken.microsteps:
                self.passed.update(microstep.entered)
            active, remembered = taken.snapshot
            led = _Place(frozenset(active), remembered, self.number[tuple(after.values())])
            found.append(_Led(led, taken.microsteps))
        return found

    def _step(
        self, place: _Place, name: str, states: list[str], before: Facts, after: Facts
    ) -> Stepped:
        """A step; what no state listens to only lets things settle, however it is called."""
        if name in self.compiled.listened or name in self.compiled.passings:
            return self.compiled.step(name, states, before, after, place.remembered)
        key = place.states, place.remembered, tuple(after.values())
        found = self._settled.get(key)
        if found is None:
            found = self.compiled.step(name, states, before, after, place.remembered)
            self._settled[key] = found
        return found

    def _too_large(self) -> None:
        why = (
            f"More than {visits_max:,} steps would have to be looked at: use fewer facts in one "
            "procedure, or fewer states at once."
        )
        self.faults.append(Fault("too-large-to-check", why))

    def _loops(self, place: _Place | None, name: str, facts: Facts, loop: EndlessLoop) -> None:
        trace = self.trace(place, f"{name}, then {_told(facts)}", "→ …")
        self.faults.append(Fault("endless", str(loop), "$.states", trace))

    def able(
        self,
        goal: Callable[[_Place], bool],
        along: Callable[[_Place], bool] = lambda place: True,
    ) -> set[_Place]:
        """The places from which a way leads `along` some others to a `goal`, and the goals."""
        back: dict[_Place, list[_Turn]] = {}
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

    def trace(self, place: _Place | None, *last: str) -> tuple[str, ...]:
        """The way to a place, line by line."""
        lines: list[str] = []
        while place is not None:
            way = self.ways[place]
            lines[:0] = [way.by, f"→ {', '.join(sorted(place.states))}"]
            place = way.before
        return (*lines, *last)

    def beyond(self, turn: _Turn, led: _Led) -> tuple[str, ...]:
        """The way to where a turn leads, line by line."""
        told = _told(self.facts[led.place.facts])
        states = ", ".join(sorted(led.place.states))
        return self.trace(self.takers[turn][0], f"{turn.step}, then {told}", f"→ {states}")


def domains(
    facts: dict[str, Fact], guards: Iterable[Expression]
) -> dict[str, tuple[Value | None, ...]]:
    """What each fact may be, as far as guards can tell values apart: of numbers and days, those
    that are compared with, and their neighbours; of choices, those, and one more."""
    compared: dict[str, set[Value]] = {name: set() for name in facts}
    for guard in guards:
        for part in parts_of(guard):
            if isinstance(part, Compare):
                compared[part.fact].add(part.value)
            elif isinstance(part, OneOf):
                compared[part.fact].update(part.values)
    return {name: _domain(fact, compared[name]) for name, fact in facts.items()}


def _all_domains(compiled: Compiled) -> dict[str, tuple[Value | None, ...]]:
    return domains(compiled.definition.facts, compiled.all_guards())


def _domain(fact: Fact, compared: set[Value]) -> tuple[Value | None, ...]:
    unknown: tuple[None, ...] = (None,) if fact.optional else ()
    match fact.type:
        case FactType.FLAG:
            return (False, True, *unknown)
        case FactType.CHOICE:
            others = [value for value in fact.values if value not in compared]
            return (
                *(value for value in fact.values if value in {*compared, *others[:1]}),
                *unknown,
            )
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
    for n, s in enumerate(definition.steps):
        named.append((s.name, s.labels, f"$.steps[{n}]"))
        for f, field in enumerate(s.form):
            here = f"$.steps[{n}].form[{f}]"
            named.append((field.name, field.labels, here))
            named += [
                (choice.id, choice.labels, f"{here}.choices[{c}]")
                for c, choice in enumerate(field.choices)
            ]
    for kind in ("deadlines", "tasks", "promises"):
        for n, one in enumerate(getattr(definition, kind)):
            named.append((one.id, one.labels, f"$.{kind}[{n}]"))
    for name, labels, where in named:
        if missing := sorted(languages - labels.keys()):
            yield Fault(
                "label-missing", f"{name} has no label in {', '.join(missing)}.", f"{where}.labels"
            )


def _uncounted(definition: Definition) -> Iterator[Fault]:
    """Each state says what it counts as, and no case counts twice in one aspect."""
    buckets = definition.buckets()
    seen: dict[Aspect, list[dict[str, int]]] = {}

    def within(state: StateSpec, where: str, way: dict[str, int]) -> Iterator[Fault]:
        """`way`: by each parallel state around, in which of its states."""
        for n, child in enumerate(state.states):
            beside = {**way, state.id: n} if state.kind == "parallel" else way
            yield from within(child, f"{where}.states[{n}]", beside)
        if state.states or state.kind in HISTORY:
            return
        bucket = buckets[state.id]
        if bucket is None:
            why = f"Say what {state.id} counts as: one of {', '.join(Bucket)}."
            yield Fault("bucket-missing", why, where)
        elif bucket.aspect is not None:
            ways = seen.setdefault(bucket.aspect, [])
            if any(other.get(around, n) != n for other in ways for around, n in way.items()):
                why = (
                    f"{state.id} counts as {bucket} while another state of {bucket.aspect} is "
                    f"active, and a case counts once in each: one of them is {Bucket.NOT_COUNTED}."
                )
                yield Fault("bucket-twice", why, where)
            ways.append(way)

    for n, top in enumerate(definition.states):
        yield from within(top, f"$.states[{n}]", {"": n})


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


def _same_eyes(definition: Definition) -> Iterator[Fault]:
    """Four eyes look at a step that there is, and that is another."""
    names = {step.name for step in definition.steps}
    for n, step in enumerate(definition.steps):
        for m, other in enumerate(step.apart_from):
            if other not in names or other == step.name:
                why = f"{step.name} can't be apart from {other}: name another step there is."
                yield Fault("four-eyes-unknown", why, f"$.steps[{n}].apart-from[{m}]")


def _untimely(definition: Definition) -> Iterator[Fault]:
    """Reminders come before what they remind of, and after what it is counted from; what is
    voluntary is never overdue; the procedure takes no step that somebody has to say something
    with."""
    forms_of = {step.name: step.form for step in definition.steps}
    for n, deadline in enumerate(definition.deadlines):
        where = f"$.deadlines[{n}]"
        for m, reminder in enumerate(deadline.reminders):
            after = deadline.due.after
            if after is not None and not spans.is_shorter(reminder.before, after):
                why = f"{deadline.id} would remind before it runs: it is due after {after}."
                yield Fault("reminder-too-early", why, f"{where}.reminders[{m}]")
        if deadline.voluntary and deadline.escalations:
            why = f"{deadline.id} is voluntary, so never overdue: it is escalated to nobody."
            yield Fault("voluntary-escalated", why, f"{where}.escalations")
        if deadline.then is not None and any(f.required for f in forms_of[deadline.then]):
            why = f"{deadline.then} asks for what only somebody can say, so nothing takes it alone."
            yield Fault("then-asks", why, f"{where}.then")


def _unreached(definition: Definition, walks: Sequence[_Walk]) -> Iterator[Fault]:
    passed = set().union(*(walk.passed for walk in walks))
    led_to = {move.to for state in definition.all_states() for move in state.moves}
    for state, where in _places(definition.states, "$.states"):
        if state.id not in (led_to if state.kind in HISTORY else passed):
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
    able = walk.able(lambda place: bool(ends & walk.active(place.states)))
    return next((walk.trace(place) for place in walk.ways if place not in able), None)


def _never_open(compiled: Compiled, walks: Sequence[_Walk]) -> Iterator[Fault]:
    known = _all_domains(compiled)
    for n, step in enumerate(compiled.definition.steps):
        guard = compiled.guards[step.name]
        asked = states_of(guard) if guard else frozenset()
        listening = compiled.listening(step.name)
        parts = [
            sorted(map(sorted, walk.sets))
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
    known = _all_domains(compiled)
    for state, where in _places(compiled.definition.states, "$.states"):
        by_step: dict[object, list[tuple[int, Expression | None]]] = {}
        for n, move in enumerate(state.moves):
            by_step.setdefault((move.on, move.past), []).append(
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


# --- Deadlines, four eyes, promises --------------------------------------------------------------


def _unheard(parts: _Parts) -> Iterator[Fault]:
    """Wherever a deadline can pass, something follows where the procedure says that it does."""
    definition = parts.definition
    heard = {move.past for state in definition.all_states() for move in state.moves}
    for n, deadline in enumerate(definition.deadlines):
        regions, where = parts.running(deadline), f"$.deadlines[{n}]"
        if deadline.id in heard:
            walk = parts.walk(parts.around(regions))
            if found := walk.faults or [*_unheard_in(walk, PAST + deadline.id, where)]:
                yield found[0]
                continue
        if deadline.then is not None:
            then = deadline.then
            regions |= {*parts.asked(then), *parts.listening.get(then, ())}
            walk = parts.walk(parts.around(regions), steps=(then,))
            yield from walk.faults or itertools.islice(
                _idle_in(walk, deadline, where, definition.ends), 1
            )


def _unheard_in(walk: _Walk, passing: str, where: str) -> Iterator[Fault]:
    for turn, some in walk.led.items():
        if turn.step == passing:
            for led in some:
                if all(microstep.event != signal(passing) for microstep in led.microsteps):
                    why = "It can pass where nothing follows: add a move for it, maybe without to."
                    trace = walk.trace(walk.takers[turn][0], passing)
                    yield Fault("deadline-unheard", why, where, trace)


def _idle_in(
    walk: _Walk, deadline: DeadlineSpec, where: str, ends: Sequence[str]
) -> Iterator[Fault]:
    """Where a deadline has passed, and the step that it leads to is not open."""
    for turn, some in walk.led.items():
        if turn.step != PAST + deadline.id:
            continue
        for led in some:
            facts = walk.facts[led.place.facts]
            at_its_end = walk.compiled.active(sorted(led.place.states)).intersection(ends)
            if at_its_end or facts.get("suspended") is True:
                continue  # nothing passes there: the clock stands still
            assert deadline.then is not None
            blocked = walk.compiled.blocked(deadline.then, sorted(led.place.states), facts)
            if blocked:
                why = f"{deadline.then} is not open here: it needs {blocked[0].guard}."
                yield Fault("then-not-open", why, f"{where}.then", walk.beyond(turn, led))


def _bypassed(parts: _Parts) -> Iterator[Fault]:
    """What one person may not do alone can't be come by otherwise: the states that a step under
    four eyes leads to are entered by no other, and left when what was looked at changes."""
    definition = parts.definition
    steps = {step.name: step for step in definition.steps}
    for n, step in enumerate(definition.steps):
        targets = {
            move.to
            for state in definition.all_states()
            for move in state.moves
            if move.on == step.name and move.to is not None
        }
        if not targets or not (step.apart_from or step.approvals):
            continue
        looked_at = [name for name in step.apart_from if name in steps]
        regions = {parts.region[target] for target in targets}
        for name in looked_at:
            regions |= {*parts.asked(name), *parts.listening.get(name, ())}
        walk = parts.walk(parts.around(regions), steps=looked_at)
        as_strict = {
            other.name
            for other in definition.steps
            if {*other.apart_from} >= {*step.apart_from}
            and other.approvals == (step.approvals or other.approvals)
        }
        found = walk.faults or [*_entered_otherwise(walk, targets, as_strict)]
        found = found or [*_kept_though_changed(walk, targets, looked_at)]
        for fault in found[:1]:
            yield msgspec.structs.replace(fault, where=f"$.steps[{n}]")


def _entered_otherwise(walk: _Walk, targets: set[str], by: set[str]) -> Iterator[Fault]:
    for place, way in walk.ways.items():
        if way.before is None and (met := targets & walk.active(place.states)):
            why = f"A case can begin in {min(met)}, before anybody has looked at anything."
            yield Fault("four-eyes-bypassed", why, trace=walk.trace(place))
    for turn, some in walk.led.items():
        for led in some:
            if turn.step in by and any(m.event == signal(turn.step) for m in led.microsteps):
                continue
            now = {*walk.active(turn.states)}
            for microstep in led.microsteps:
                if met := targets.intersection(microstep.entered) - now:
                    why = f"{min(met)} can be entered without the step that two people take."
                    yield Fault("four-eyes-bypassed", why, trace=walk.beyond(turn, led))
                now = now.difference(microstep.left).union(microstep.entered)


def _kept_though_changed(
    walk: _Walk, targets: set[str], looked_at: Collection[str]
) -> Iterator[Fault]:
    for turn, some in walk.led.items():
        if turn.step not in looked_at:
            continue
        before = targets & walk.active(turn.states)
        for led in some:
            if kept := before & walk.active(led.place.states):
                why = (
                    f"{min(kept)} stays although {turn.step} was taken again after it was looked "
                    f"at: move on {turn.step} from there."
                )
                yield Fault("four-eyes-bypassed", why, trace=walk.beyond(turn, led))


def _broken(parts: _Parts) -> Iterator[Fault]:
    for n, promised in enumerate(parts.compiled.promises):
        where = f"$.promises[{n}]"
        promise = promised.promise
        for fault in _looked_for(parts, promised):
            if fault.code != "promise-broken":
                yield msgspec.structs.replace(fault, where=where)
                continue
            why = f"The promise {promise.id} is broken: {promise.says}. {fault.message}"
            yield msgspec.structs.replace(fault, message=why, where=where)


def _looked_for(parts: _Parts, promised: Promised) -> Sequence[Fault]:
    """The first place where a promise does not hold, as a fault; none where it holds."""
    promise, goal, whence, along = promised
    if promise.within is not None:
        return _not_within(parts, promised)
    if promise.eventually is None:
        walk = parts.walk(parts.around(parts.reading(goal)), (goal,))
        so = promise.always is not None
        broken = (place for place in walk.ways if walk.holds(goal, place) is not so)
        why = "Here it does not." if so else "Here it holds."
    else:
        walk = parts.strict_walk(promised.conditions)
        able = walk.able(
            lambda place: walk.holds(goal, place), lambda place: walk.holds(along, place)
        )
        broken = (p for p in walk.ways if p not in able and walk.holds(whence, p))
        why = "From here no way leads there."
    if walk.faults:
        return walk.faults
    return [
        Fault("promise-broken", why, trace=walk.trace(place))
        for place in itertools.islice(broken, 1)
    ]


def _not_within(parts: _Parts, promised: Promised) -> Sequence[Fault]:
    """A promise of a time holds where one deadline runs as long as it is about, starts no later,
    is no longer, and leads on when it passes. What is told otherwise: where the last one looked
    at fails."""
    within, goal, whence = promised.promise.within, promised.goal, promised.whence
    assert within is not None
    found: Sequence[Fault] = [
        Fault("promise-broken", f"No deadline is due after {within.span} or less.")
    ]
    for deadline in parts.definition.deadlines:
        if deadline.due.after is None or not spans.is_no_longer(deadline.due.after, within.span):
            continue
        then = (deadline.then,) if deadline.then is not None else ()
        regions = parts.running(deadline) | parts.reading(goal, whence)
        for name in then:
            regions |= {*parts.asked(name), *parts.listening.get(name, ())}
        walk = parts.walk(parts.around(regions), (goal, whence), then)
        found = walk.faults or [*itertools.islice(_late(walk, deadline, goal, whence), 1)]
        if not found:
            return []
    return found


def _late(
    walk: _Walk, deadline: DeadlineSpec, goal: Expression, whence: Expression
) -> Iterator[Fault]:
    """Where the time that a deadline gives is not the time that was promised. A case at its end has
    all the time."""
    ends = {*walk.compiled.definition.ends}
    under_way = [place for place in walk.ways if ends.isdisjoint(walk.active(place.states))]
    about = {p for p in under_way if walk.holds(whence, p) and not walk.holds(goal, p)}
    running = {p for p in under_way if not walk.active(p.states).isdisjoint(deadline.within)}
    passing = PAST + deadline.id
    for place in walk.ways:
        if place in about - running:
            why = f"Here {deadline.id} does not run."
            yield Fault("promise-broken", why, trace=walk.trace(place))
        elif place in about and not _leads_on(walk, deadline, goal, place):
            why = f"Here {deadline.id} can pass and nothing leads on."
            yield Fault("promise-broken", why, trace=walk.trace(place, passing))
    goes_on = any(
        led.place in running and led.place not in about
        for turn, some in walk.led.items()
        if turn.step == passing
        for led in some
    )
    for turn, some in walk.led.items() if goes_on else ():
        for led in some:
            if led.place in about and not (running - about).isdisjoint(walk.takers[turn]):
                why = f"Here {deadline.id} has run before, and can have passed."
                yield Fault("promise-broken", why, trace=walk.beyond(turn, led))


def _leads_on(walk: _Walk, deadline: DeadlineSpec, goal: Expression, place: _Place) -> bool:
    """True if what a deadline does when it passes, which changes no fact by itself, leads on; of
    the step that follows it is taken that it changes what it can."""
    passing = walk.turn(place, PAST + deadline.id)
    after = [led.place for led in walk.led[passing] if led.place.facts == place.facts]
    if any(walk.holds(goal, led) for led in after):
        return True
    if deadline.then is None:
        return False
    return any(
        walk.holds(goal, led.place)
        for one in after
        for led in walk.led[walk.turn(one, deadline.then)]
    )
