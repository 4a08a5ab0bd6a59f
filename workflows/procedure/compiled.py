"""A definition made ready to decide: a chart whose guards are read, and its steps.

    before: which steps are open?   after: which states does what happened leave and enter?

A step's own guards see the facts as they were before it; everything that follows from it sees them
as they are after. Decisions depend on nothing but states, step, and what guards can tell apart of
facts, so they are remembered by these: cases whose dates differ share what was decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from domain.aggregates import CASES
from domain.casework import Case
from domain.effects import TaskOpened
from domain.refusals import valid
from workflows.access import Role
from workflows.calendars import year_max, year_min
from workflows.procedure.aggregates import facts_about
from workflows.procedure.definition import (
    HISTORY,
    DeadlineSpec,
    Definition,
    FieldType,
    Move,
    Promise,
    StateSpec,
    TaskSpec,
    Unsound,
    label,
)
from workflows.procedure.telling_apart import telling_apart
from workflows.statecharts.expressions import (
    And,
    At,
    Constant,
    Expression,
    Fact,
    Facts,
    FactType,
    Not,
    Unreadable,
    Value,
    compared,
    facts_of,
    holds,
    read,
    ready,
    states_of,
    write,
)
from workflows.statecharts.kernel import (
    Active,
    Chart,
    Emit,
    Event,
    Kind,
    MalformedChart,
    Snapshot,
    State,
    Stepped,
    Transition,
    resume,
    start,
    step,
)
from workflows.step_table import STEPS

remembered_max = 50_000
STEP, PAST = "step.", "past."
"""How the chart's events for steps begin, and those for deadlines that pass: none is taken for an
event of the chart's own. A step has no dot in its name, so `past.` and a deadline's name stands for
its passing wherever a step is named."""
WHOLE, ALL = "(whole)", "(all)"
"""The two states around those of the definition: no name of one reads so."""


Told = TypeVar("Told")

Remembered = Mapping[str, tuple[str, ...]]
"""What each history state remembers."""


class Outcome(NamedTuple):
    """What a step leaves and enters, and what history states remember anew."""

    left: tuple[str, ...]
    entered: tuple[str, ...]
    remembered: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Armed(NamedTuple):
    """What a procedure asks for in some states: the deadlines that run, and the tasks, each as it
    is opened."""

    deadlines: tuple[DeadlineSpec, ...]
    tasks: Mapping[str, TaskOpened]


class Blocked(NamedTuple):
    """Why a step is not open: the guard that does not hold, and the facts and states it reads."""

    guard: str
    facts: tuple[str, ...]
    states: tuple[str, ...]


class Promised(NamedTuple):
    """A promise whose conditions are read: `goal` is what holds always, never, or in the end;
    `whence` and `along` hold everywhere, where it says nothing of them."""

    promise: Promise
    goal: Expression
    whence: Expression = Constant(True)
    along: Expression = Constant(True)

    @property
    def conditions(self) -> tuple[Expression, ...]:
        """All that it asks."""
        return self.goal, self.whence, self.along


class _Guard(NamedTuple):
    """A guard as the chart has it: what it says, and ready to be asked."""

    expression: Expression
    holds: Callable[[Facts, Active], bool]

    @classmethod
    def of(cls, expression: Expression | None) -> _Guard | None:
        return None if expression is None else cls(expression, ready(expression))


class _Guards:
    """What the guards of a chart mean: those of the step itself by the facts before it, others by
    those after."""

    __slots__ = ("after", "before", "step")

    def __init__(self, step: str, before: Facts, after: Facts) -> None:
        self.step = step
        self.before = before
        self.after = after

    def holds(self, guard: _Guard, event: Event | None, active: Active, emit: Emit) -> bool:
        is_step = event is not None and event.name == signal(self.step)
        return guard.holds(self.before if is_step else self.after, active)

    def run(self, actions: Sequence[Any], event: Event | None, active: Active, emit: Emit) -> None:
        for action in actions:
            emit(action)

    def done_data(self, content: Any, event: Event | None, active: Active, emit: Emit) -> Any:
        return content


def _reader(field: str) -> Callable[[Case], Value | None]:
    return lambda r: r.data.get(field)


def _opened(task: TaskSpec) -> TaskOpened:
    return TaskOpened(
        task=task.id,
        roles=tuple(role.value for role in task.roles),
        steps=task.steps,
        whose=task.whose,
        deadline=task.deadline,
    )


def signal(name: str) -> str:
    """The chart's event for a step, or for a deadline that passes."""
    return name if name.startswith(PAST) else STEP + name


class Compiled:
    """A definition, ready. Raises Unsound. A part of one that was ready is not asked for what only
    a whole one has."""

    def __init__(self, definition: Definition, whole: bool = True) -> None:
        self.definition = definition
        self.hash = definition.hash
        self.fact_names = tuple(definition.facts)
        self.readers: list[tuple[str, Callable[[Case], Value | None]]] = []
        self.specs = {step.name: step for step in definition.steps}
        self.guards: dict[str, Expression | None] = {}
        self._read: list[tuple[Expression, str]] = []
        self.listened: set[str] = set()
        self._spec_of = {state.id: state for state in definition.all_states()}
        self.deadlines = {deadline.id: deadline for deadline in definition.deadlines}
        self._histories = {s.id for s in definition.all_states() if s.kind in HISTORY}
        if definition.applies.aggregates and (
            definition.applies.mechanisms or definition.applies.kinds
        ):
            raise Unsound(
                "applies-twice",
                "Only recommendations have mechanisms and kinds of text: leave them out, or leave "
                "out the aggregate.",
                "$.for",
            )
        known = facts_about(definition.applies.aggregate)
        if known is None:
            raise Unsound(
                "unknown-aggregate",
                f"No case is called {definition.applies.aggregate}.",
                "$.for.aggregate",
            )
        self.known = known
        """The facts there are about what it is for."""
        if whole:
            self._check_facts()
        for name, fact in definition.facts.items():
            reader = known[name].read if fact.filled is None else _reader(fact.filled)
            self.readers.append((name, reader))
        self._reader_of = dict(self.readers)
        for n, spec in enumerate(definition.steps):
            if spec.name in self.guards:
                raise Unsound("step-twice", f"There are two steps {spec.name}.", f"$.steps[{n}]")
            if not self._is_taken_here(spec.name):
                raise Unsound(
                    "step-elsewhere",
                    f"{spec.name} is a step on a {STEPS[spec.name].about}: leave it out, or name a "
                    "step of your own otherwise.",
                    f"$.steps[{n}].name",
                )
            self.guards[spec.name] = self._guard(spec.when, f"$.steps[{n}].when")
        regions = tuple(
            self._state(spec, f"$.states[{n}]") for n, spec in enumerate(definition.states)
        )
        self._seen = telling_apart(definition.facts, self.all_guards())
        self.promises = tuple(
            self._promise(n, promise) for n, promise in enumerate(definition.promises)
        )
        everything = State(id=ALL, kind=Kind.PARALLEL, children=regions)
        try:
            self.chart = Chart(State(id=WHOLE, kind=Kind.COMPOUND, children=(everything,)))
        except MalformedChart as problem:
            raise Unsound("no-chart", str(problem), "$.states") from None
        for n, end in enumerate(definition.ends):
            if end not in self.chart.index:
                raise Unsound("unknown-state", self._no_state(end), f"$.ends[{n}]")
        for guard, where in self._read:
            for name in sorted(states_of(guard) - self.chart.index.keys()):
                raise Unsound("unknown-state", self._no_state(name), where)
        if whole:
            self._check_deadlines()
            self._check_tasks()
        self.has_history = any(map(self.chart.histories.__getitem__, range(len(self.chart.ids))))
        self._armed: dict[tuple[str, ...], Armed] = {}
        self._outcomes: dict[Any, Outcome] = {}
        self._blocked: dict[Any, tuple[Blocked, ...]] = {}
        self._changing: dict[str, list[str]] = {}

    def _is_taken_here(self, step: str) -> bool:
        """True if a step is one of what the definition is for, of any case, or of its own."""
        return step not in STEPS or issubclass(
            CASES[self.definition.applies.aggregate], STEPS[step].on
        )

    # -- what it reads

    def facts(self, r: Case) -> dict[str, Value | None]:
        """The facts that guards read, as they stand."""
        return {name: read(r) for name, read in self.readers}

    def facts_after(self, step: str, r: Case, before: Facts) -> dict[str, Value | None]:
        """The facts after a step, which changes only those that it can; `before`: all of them, as
        they stood."""
        names = self._changing.get(step)
        if names is None:
            names = [name for name in self.fact_names if step in self.changed_by(name)]
            self._changing[step] = names
        after = dict(before)
        for name in names:
            after[name] = self._reader_of[name](r)
        return after

    def changed_by(self, fact: str) -> tuple[str, ...]:
        """The steps that may change a fact."""
        filled = self.definition.facts[fact].filled
        return self.known[fact].changed_by if filled is None else (filled.partition(".")[0],)

    def undoes(self, step: str, fact: str) -> bool:
        """True if a step never makes a fact true."""
        return fact in self.known and step in self.known[fact].undone_by

    # -- deciding

    def open_steps(self, states: Sequence[str], facts: Facts) -> list[str]:
        """The steps that are open, in the definition's order."""
        return [name for name in self.guards if not self.blocked(name, states, facts)]

    def blocked(self, name: str, states: Sequence[str], facts: Facts) -> Sequence[Blocked]:
        """Why a step is not open, condition by condition; nothing if it is. A step that the
        definition does not have is open nowhere; a deadline passes only where it runs."""
        if name.startswith(PAST):
            deadline = self.deadlines[name.removeprefix(PAST)]
            runs = deadline in self.armed(states).deadlines
            where = " or ".join(f"at {state}" for state in deadline.within)
            return () if runs else (Blocked(where, (), deadline.within),)
        if name not in self.guards:
            return (Blocked(f"a procedure that has the step {name}", (), ()),)
        key = name, tuple(states), self._seen(facts)
        found = self._blocked.get(key)
        if found is None:
            found = _remember(self._blocked, key, tuple(self._blocking(name, states, facts)))
        return found

    def _blocking(self, name: str, states: Sequence[str], facts: Facts) -> Iterator[Blocked]:
        active = self.active(states)
        guard = self.guards[name]
        parts = guard.parts if isinstance(guard, And) else (guard,) if guard else ()
        failing = [part for part in parts if not holds(part, facts, active)]
        yield from map(_blocked, failing)
        if not failing and name in self.listened:
            stepped = self.step(name, states, facts, facts)
            if all(microstep.event != signal(name) for microstep in stepped.microsteps):
                yield Blocked(f"a state that takes {name}", (), ())

    def called(self, state: str) -> str:
        """A state with its name for people: `cabinet.waits (Waits)`."""
        spec = self._spec_of.get(state)
        return state if spec is None else f"{state} ({label(spec.labels, 'en', state)})"

    def in_words(self, blocked: Blocked) -> str:
        """A condition with the names that people have for the states it asks for."""

        def named(found: re.Match[str]) -> str:
            return f"at {self.called(found[1])}"

        return (
            re.sub(r"\bat ([a-z][\w.-]*)", named, blocked.guard)
            if blocked.states
            else blocked.guard
        )

    def may(self, name: str) -> frozenset[Role]:
        """The roles that may take a step; none, where there is no such step."""
        spec = self.specs.get(name)
        if spec is None:
            return frozenset()
        if spec.roles or name not in STEPS:
            return frozenset(spec.roles)
        return STEPS[name].may

    def begin(self, facts: Facts) -> Outcome:
        """The states a case starts in."""
        return Outcome((), tuple(sorted(self.start(facts).snapshot.active)))

    def start(self, facts: Facts) -> Stepped:
        """How a case starts, as the kernel takes it."""
        return start(self.chart, _Guards("", facts, facts))

    def resume(
        self, leaves: Sequence[str], remembered: Remembered, facts: Facts
    ) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        """The states a case stands in that goes on here from some that have none within them, and
        what history states remember then."""
        stepped = resume(
            self.chart, leaves, tuple(sorted(remembered.items())), _Guards("", facts, facts)
        )
        return tuple(sorted(stepped.snapshot.active)), dict(stepped.snapshot.history)

    def outcome(
        self,
        name: str,
        states: Sequence[str],
        before: Facts,
        after: Facts,
        remembered: Remembered | None = None,
    ) -> Outcome:
        """What a step leaves and enters, in the order of names. `remembered`: what history states
        remember, where the procedure has any."""
        history = tuple(sorted((remembered or {}).items())) if self.has_history else ()
        key = name, tuple(states), self._seen(before), self._seen(after), history
        found = self._outcomes.get(key)
        if found is None:
            stepped = self.step(name, states, before, after, history)
            now, then = set(stepped.snapshot.active), set(states)
            found = Outcome(
                tuple(sorted(then - now)),
                tuple(sorted(now - then)),
                tuple(sorted({*stepped.snapshot.history} - {*history})),
            )
            _remember(self._outcomes, key, found)
        return found

    def armed(self, states: Sequence[str]) -> Armed:
        """The deadlines that run in some states, and the tasks there are: none once a case is at
        its end."""
        key = tuple(states)
        found = self._armed.get(key)
        if found is None:
            active = self.active(states)
            at_its_end = bool(active.intersection(self.definition.ends))
            found = (
                Armed((), {})
                if at_its_end
                else Armed(
                    tuple(d for d in self.definition.deadlines if active.intersection(d.within)),
                    {
                        task.id: _opened(task)
                        for task in self.definition.tasks
                        if active.intersection(task.within)
                    },
                )
            )
            _remember(self._armed, key, found)
        return found

    def step(
        self,
        name: str,
        states: Sequence[str],
        before: Facts,
        after: Facts,
        history: tuple[tuple[str, tuple[str, ...]], ...] = (),
    ) -> Stepped:
        """A step as the kernel takes it."""
        guards = _Guards(name, before, after)
        return step(self.chart, self._snapshot(states, history), Event(signal(name)), guards)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The states that have none within them, in order."""
        return self.chart.names(self.chart.leaves)

    def around(self, state: str) -> tuple[str, ...]:
        """A state and those around it, from within."""
        chart = self.chart
        names = (chart.ids[i] for i in chart.path[chart.index[state]])
        return tuple(name for name in names if name not in (WHOLE, ALL))

    def excludes(self, one: str, other: str) -> bool:
        """True if two states that have none within them are never active at once."""
        if one == other:
            return False
        chart = self.chart
        path = chart.path[chart.index[other]]
        nearest = next(i for i in chart.path[chart.index[one]] if i in path)
        return chart.kind[nearest] is Kind.COMPOUND

    @property
    def passings(self) -> tuple[str, ...]:
        """The passing of each deadline, as a step is named."""
        return tuple(PAST + id for id in self.deadlines)

    def all_guards(self) -> list[Expression]:
        """Every guard there is."""
        return [guard for guard, _ in self._read]

    def guards_within(self, place: str) -> list[Expression]:
        """The guards that stand within a place of the definition."""
        return [guard for guard, where in self._read if where.startswith(f"{place}.")]

    def listening(self, name: str) -> frozenset[str]:
        """The states that have a move on a step."""
        return frozenset(
            self.chart.ids[i]
            for i, edges in enumerate(self.chart.edges)
            if any(signal(name) in edge.events for edge in edges)
        )

    def facts_leading_to(self, states: Iterable[str]) -> frozenset[str]:
        """The facts that guards of transitions into some states read."""
        return frozenset(
            fact
            for edge in self._edges_to(states)
            if edge.guard
            for fact in facts_of(edge.guard.expression)
        )

    def steps_leading_to(self, states: Iterable[str]) -> frozenset[str]:
        """The steps that move into some states."""
        return frozenset(
            event.removeprefix(STEP)
            for edge in self._edges_to(states)
            for event in edge.events
            if event.startswith(STEP)
        )

    def _edges_to(self, states: Iterable[str]) -> list[Any]:
        wanted = {self.chart.index[id] for id in states if id in self.chart.index}
        return [edge for edges in self.chart.edges for edge in edges if wanted & {*edge.targets}]

    def guard_at(self, where: str) -> Expression | None:
        """The guard that stands at a place of the definition; None if none does."""
        return next((guard for guard, there in self._read if there == where), None)

    def read_by(self, name: str) -> frozenset[str]:
        """The facts that decide whether a step is open."""
        guards = [self.guards.get(name)]
        guards += [
            edge.guard.expression
            for edges in self.chart.edges
            for edge in edges
            if edge.guard and signal(name) in edge.events
        ]
        return frozenset(fact for guard in guards if guard for fact in facts_of(guard))

    def _snapshot(
        self, states: Iterable[str], history: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ) -> Snapshot:
        index = self.chart.index
        known = sorted((s for s in states if s in index), key=index.__getitem__)
        # What another procedure remembered, before a case was migrated, means nothing here.
        remembered = [(at, names) for at, names in history if {at, *names} <= index.keys()]
        return Snapshot(tuple(known), tuple(remembered))

    def active(self, states: Iterable[str]) -> frozenset[str]:
        """All active states, from those that have no others within them."""
        known = [state for state in states if state in self.chart.index]
        return frozenset(self.chart.names(self.chart.decode(known)))

    # -- making it ready

    def _check_facts(self) -> None:
        for name, fact in self.definition.facts.items():
            where = f"$.facts.{name}"
            if fact.filled is not None:
                self._check_filled(name, fact, where)
                continue
            if name not in self.known:
                known = ", ".join(sorted(self.known))
                raise Unsound(
                    "unknown-fact",
                    f"No fact is called {name}; these are: {known}; or say by which field of a "
                    "form it is `filled`.",
                    where,
                )
            if self.known[name].fact != fact:
                raise Unsound("fact-differs", f"The fact {name} is of another type.", where)

    def _check_filled(self, name: str, fact: Fact, where: str) -> None:
        """A fact that a form says is what its field says: of the same type, unknown until then, and
        said in the open."""
        step, _, field = (fact.filled or "").partition(".")
        form = next((s.form for s in self.definition.steps if s.name == step), ())
        found = next((f for f in form if f.name == field), None)
        if name in self.known or found is None:
            fields = (f"{s.name}.{f.name}" for s in self.definition.steps for f in s.form)
            why = (
                f"{name} is read from the record, and filled in by no form: name it otherwise."
                if name in self.known
                else f"There is no field {fact.filled}. {valid(fields, fact.filled)}"
            )
            raise Unsound("fact-not-filled", why, where)
        values = tuple(choice.id for choice in found.choices)
        said_openly = found.type is not FieldType.TEXT or found.public
        if (found.type.value, values) != (fact.type.value, fact.values) or not (
            fact.optional and said_openly
        ):
            why = f"{name} is of the type of {fact.filled}, `optional`, and no protected text."
            raise Unsound("fact-differs", why, where)

    def _check_deadlines(self) -> None:
        for n, deadline in enumerate(self.definition.deadlines):
            where = f"$.deadlines[{n}]"
            self._known_states(deadline.within, f"{where}.while")
            if len(self.deadlines) < len(self.definition.deadlines):
                raise Unsound("deadline-twice", "Two deadlines have one name.", "$.deadlines")
            if (fact := deadline.due.fact) is not None:
                declared = self.definition.facts.get(fact)
                if declared is None or declared.type is not FactType.DAY:
                    raise Unsound("due-by-no-day", f"{fact} is no day.", f"{where}.due")
            if deadline.then is not None and deadline.then not in self.guards:
                raise Unsound("unknown-step", self._no_step(deadline.then), where)

    def _check_tasks(self) -> None:
        names = [task.id for task in self.definition.tasks]
        for n, task in enumerate(self.definition.tasks):
            where = f"$.tasks[{n}]"
            if names.count(task.id) > 1:
                raise Unsound("task-twice", f"There are two tasks {task.id}.", where)
            self._known_states(task.within, f"{where}.while")
            for name in task.steps:
                if name not in self.guards:
                    raise Unsound("unknown-step", self._no_step(name), f"{where}.steps")
            if task.deadline is not None and task.deadline not in self.deadlines:
                why = self._no_deadline(task.deadline)
                raise Unsound("unknown-deadline", why, f"{where}.deadline")

    def _known_states(self, ids: tuple[str, ...], where: str) -> None:
        for id in ids:
            if id not in self.chart.index:
                raise Unsound("unknown-state", self._no_state(id), where)

    def _no_state(self, id: str) -> str:
        known = (state.id for state in self.definition.all_states())
        return f"There is no state {id}. {valid(known, id)}"

    def _no_step(self, name: str) -> str:
        known = (step.name for step in self.definition.steps)
        return f"There is no step {name}. {valid(known, name)}"

    def _no_deadline(self, id: str) -> str:
        return f"There is no deadline {id}. {valid(self.deadlines, id)}"

    def _guard(self, text: str | None, where: str) -> Expression | None:
        if text is None:
            return None
        try:
            guard = read(text, self.definition.facts)
        except Unreadable as problem:
            message = f"{problem} (at character {problem.at + 1})"
            raise Unsound("guard-unreadable", message, where) from None
        for fact, value in compared(guard):
            is_day = self.definition.facts[fact].type is FactType.DAY
            if is_day and not year_min <= int(str(value)[:4]) <= year_max:
                why = f"{value} is in no calendar: they reach from {year_min} to {year_max}."
                raise Unsound("day-out-of-reach", why, where)
        self._read.append((guard, where))
        return guard

    def _promise(self, n: int, promise: Promise) -> Promised:
        where, within = f"$.promises[{n}]", promise.within
        said = {
            "always": promise.always,
            "never": promise.never,
            "eventually": promise.eventually,
            "within.to": None if within is None else within.to,
        }
        ways = {kind: text for kind, text in said.items() if text is not None}
        led = promise.whence is not None or promise.along is not None
        if len(ways) != 1 or (led and promise.eventually is None):
            why = (
                "A promise says one of always, never, eventually, within; with eventually it may "
                "say from and while."
            )
            raise Unsound("promise-unclear", why, where)
        if any(other.id == promise.id for other in self.definition.promises[:n]):
            raise Unsound("promise-twice", f"There are two promises {promise.id}.", where)
        ((kind, text),) = ways.items()
        goal = self._guard(text, f"{where}.{kind}")
        whence = promise.whence if within is None else within.whence
        start = f"{where}.from" if within is None else f"{where}.within.from"
        assert goal is not None
        return Promised(
            promise,
            goal,
            self._guard(whence, start) or Constant(True),
            self._guard(promise.along, f"{where}.while") or Constant(True),
        )

    def _state(self, spec: StateSpec, where: str) -> State:
        children = tuple(
            self._state(child, f"{where}.states[{n}]") for n, child in enumerate(spec.states)
        )
        kind = Kind.COMPOUND if children else Kind.ATOMIC
        if spec.kind is not None:
            kind = Kind(spec.kind)
        is_history = kind in (Kind.HISTORY, Kind.DEEP_HISTORY)
        if is_history and spec.initial in self._histories:
            why = f"{spec.id} leads to {spec.initial}, which remembers too: name a plain state."
            raise Unsound("history-to-history", why, f"{where}.initial")
        if spec.initial is not None and not children and not is_history:
            raise Unsound("nothing-within", f"{spec.id} has no states within it.", where)
        return State(
            id=spec.id,
            kind=kind,
            children=children,
            initial=Transition(targets=(spec.initial,)) if spec.initial else None,
            transitions=(
                *(self._move(move, f"{where}.moves[{n}]") for n, move in enumerate(spec.moves)),
                *self._follows(spec, where),
            ),
        )

    def _move(self, move: Move, where: str) -> Transition:
        if move.past is not None:
            if move.past not in self.deadlines or move.on is not None:
                both = "A move is on a step, or past a deadline, and not both."
                why = self._no_deadline(move.past) if move.on is None else both
                raise Unsound("unknown-deadline", why, f"{where}.past")
        elif move.on is not None:
            if move.on not in self.guards:
                raise Unsound("unknown-step", self._no_step(move.on), f"{where}.on")
            self.listened.add(move.on)
        elif move.to is None:
            raise Unsound("moves-nowhere", "Without a step and a state it does nothing.", where)
        if move.to is not None and move.to not in self._spec_of:
            raise Unsound("no-chart", self._no_state(move.to), "$.states")
        return Transition(
            events=_events(move),
            guard=_Guard.of(self._guard(move.when, f"{where}.when")),
            targets=() if move.to is None else (move.to,),
        )

    def _follows(self, spec: StateSpec, where: str) -> list[Transition]:
        """A transition to each state that facts lead to: its condition holds, none before it does,
        and it is not there already."""
        own = {child.id for child in spec.states}
        found: list[Transition] = []
        before: list[Expression] = []
        for n, follow in enumerate(spec.follows):
            here = f"{where}.follows[{n}]"
            last = n == len(spec.follows) - 1
            if follow.to not in own:
                raise Unsound("follows-outside", f"{follow.to} is not within {spec.id}.", here)
            if last != (follow.when is None):
                why = "The last one, and only that, says no condition: it is what holds otherwise."
                raise Unsound("follows-incomplete", why, here)
            guard = self._guard(follow.when, f"{here}.when")
            parts = [Not(At(follow.to)), *(Not(g) for g in before), *([guard] if guard else [])]
            whole = And(tuple(parts)) if len(parts) > 1 else parts[0]
            found.append(Transition(guard=_Guard.of(whole), targets=(follow.to,), internal=True))
            if guard is not None:
                before.append(guard)
        return found


def _events(move: Move) -> tuple[str, ...]:
    if move.past is not None:
        return (PAST + move.past,)
    return () if move.on is None else (STEP + move.on,)


def _remember(known: dict[Any, Told], key: Any, found: Told) -> Told:
    """Keeps what was found; where there is too much, what was found before is found again."""
    if len(known) >= remembered_max:
        known.clear()
    known[key] = found
    return found


def _blocked(guard: Expression) -> Blocked:
    return Blocked(write(guard), tuple(sorted(facts_of(guard))), tuple(sorted(states_of(guard))))
