"""Overlays: how a State extends a procedure, by typed operations on it, and changes nothing else.

What an overlay comes to is a definition like any other, with an identity of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from domain.refusals import valid
from workflows.access import Role
from workflows.procedure.definition import (
    FORMAT,
    Applies,
    Approvals,
    DeadlineSpec,
    Definition,
    Due,
    Labels,
    Move,
    NoDefinition,
    Promise,
    StateSpec,
    StepSpec,
    TaskSpec,
    check_names,
)
from workflows.spans import Span
from workflows.statecharts.expressions import Fact

OVERLAY = "suivi-overlay/1"
operations_max = 500


class _Operation(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    tag_field="op",
):
    """One change to what is extended."""


class AddFact(_Operation, tag="add-fact", frozen=True, kw_only=True):
    """Declares one more fact for guards to read."""

    name: str
    fact: Fact


class AddState(_Operation, tag="add-state", frozen=True, kw_only=True):
    """A state more, `within` a state (none: at the top), `after` one of its states (none: last)."""

    state: StateSpec
    within: str | None = None
    after: str | None = None


class AddStep(_Operation, tag="add-step", frozen=True, kw_only=True):
    """A step more, `after` another (none: last)."""

    step: StepSpec
    after: str | None = None


class AddMove(_Operation, tag="add-move", frozen=True, kw_only=True):
    """A transition more, from a state; it comes before those that are there."""

    state: str
    move: Move


class AddPromise(_Operation, tag="add-promise", frozen=True, kw_only=True):
    """A promise more. None that is made can be taken back."""

    promise: Promise


class Retarget(_Operation, tag="retarget", frozen=True, kw_only=True):
    """Leads what a step does in a state to another state."""

    state: str
    on: str
    to: str


class Restrict(_Operation, tag="restrict", frozen=True, kw_only=True):
    """Leaves a step to fewer roles than may take it elsewhere."""

    step: str
    roles: tuple[Role, ...]


class Require(_Operation, tag="require", frozen=True, kw_only=True):
    """Opens a step only if a further condition holds too."""

    step: str
    when: str


class FourEyes(
    _Operation, tag="four-eyes", frozen=True, kw_only=True, rename={"apart_from": "apart-from"}
):
    """Lets a step be taken only by another person than took those steps, or after approvals; it
    adds to what the step asks for already."""

    step: str
    apart_from: tuple[str, ...] = ()
    approvals: Approvals | None = None


class AddDeadline(_Operation, tag="add-deadline", frozen=True, kw_only=True):
    """One deadline more."""

    deadline: DeadlineSpec


class Tighten(_Operation, tag="tighten", frozen=True, kw_only=True):
    """A deadline comes sooner: `after` a shorter span than it had, of the same unit."""

    deadline: str
    after: Span


class AddTask(_Operation, tag="add-task", frozen=True, kw_only=True):
    """One task more."""

    task: TaskSpec


class Rename(_Operation, tag="rename", frozen=True, kw_only=True):
    """Other labels, in the languages given, for a state or a step."""

    state: str | None = None
    step: str | None = None
    labels: Labels


Operation = (
    AddFact
    | AddState
    | AddStep
    | AddMove
    | Retarget
    | Restrict
    | Require
    | FourEyes
    | AddDeadline
    | Tighten
    | AddTask
    | AddPromise
    | Rename
)


class Overlay(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"applies": "for"},
):
    """What a procedure becomes elsewhere: which it `extends` (by name, or by hash), and how."""

    format: Literal["suivi-overlay/1"]
    name: str
    extends: str
    labels: Labels
    applies: Applies
    operations: tuple[Operation, ...] = ()


msgspec.json.Decoder(Overlay)  # readied here, before there are threads: see `definition.decode`


def extend(base: Definition, overlay: Overlay) -> Definition:
    """The definition that an overlay makes of another. Raises NoDefinition where an operation
    finds nothing to work on."""
    if len(overlay.operations) > operations_max:
        raise NoDefinition(f"An overlay has at most {operations_max} operations.", "$.operations")
    made = msgspec.structs.replace(
        base, name=overlay.name, labels=overlay.labels, applies=overlay.applies, format=FORMAT
    )
    for n, operation in enumerate(overlay.operations):
        made = _operate(made, operation, f"$.operations[{n}]")
    check_names(made)
    return made


def _operate(d: Definition, operation: Operation, where: str) -> Definition:
    replace = msgspec.structs.replace
    match operation:
        case AddFact(name=name, fact=fact):
            if d.facts.get(name, fact) != fact:
                raise NoDefinition(f"The fact {name} is declared otherwise already.", where)
            return replace(d, facts={**d.facts, name: fact})
        case AddState(state=state, within=within, after=behind):
            if within is None:
                return replace(d, states=_put(d.states, state, behind, where))
            return _in_state(
                d,
                within,
                lambda s: replace(s, states=_put(s.states, state, behind, where)),
                where,
            )
        case AddStep(step=step, after=behind):
            names = [s.name for s in d.steps]
            if step.name in names:
                raise NoDefinition(f"There is a step {step.name} already.", where)
            place = _place(names, behind, where)
            return replace(d, steps=(*d.steps[:place], step, *d.steps[place:]))
        case AddMove(state=id, move=move):
            return _in_state(d, id, lambda s: replace(s, moves=(move, *s.moves)), where)
        case AddPromise(promise=promise):
            if any(made.id == promise.id for made in d.promises):
                raise NoDefinition(f"There is a promise {promise.id} already.", where)
            return replace(d, promises=(*d.promises, promise))
        case Retarget(state=id, on=on, to=to):

            def retarget(s: StateSpec) -> StateSpec:
                if all(move.on != on for move in s.moves):
                    raise NoDefinition(f"{id} does nothing on {on}.", where)
                moves = (replace(m, to=to) if m.on == on else m for m in s.moves)
                return replace(s, moves=tuple(moves))

            return _in_state(d, id, retarget, where)
        case Restrict(step=name, roles=roles):

            def restrict(s: StepSpec) -> StepSpec:
                if not roles or (s.roles and not {*roles} <= {*s.roles}):
                    left = ", ".join(s.roles or ("all who may take it",))
                    raise NoDefinition(f"{name} is left to {left}: name some of those.", where)
                return replace(s, roles=roles)

            return _in_step(d, name, restrict, where)
        case Require(step=name, when=when):
            return _in_step(d, name, lambda s: replace(s, when=_both(s.when, when)), where)
        case FourEyes(step=name, apart_from=apart_from, approvals=approvals):

            def guard(s: StepSpec) -> StepSpec:
                if s.approvals is not None and approvals is not None:
                    raise NoDefinition(f"{name} asks for approvals already.", where)
                return replace(
                    s,
                    apart_from=tuple(dict.fromkeys((*s.apart_from, *apart_from))),
                    approvals=s.approvals or approvals,
                )

            return _in_step(d, name, guard, where)
        case AddDeadline(deadline=deadline):
            if deadline.id in {known.id for known in d.deadlines}:
                raise NoDefinition(f"There is a deadline {deadline.id} already.", where)
            return replace(d, deadlines=(*d.deadlines, deadline))
        case Tighten(deadline=id, after=after):
            if id not in {known.id for known in d.deadlines}:
                known_ids = (known.id for known in d.deadlines)
                raise NoDefinition(f"There is no deadline {id}. {valid(known_ids, id)}", where)
            return replace(
                d,
                deadlines=tuple(
                    replace(known, due=_sooner(known, after, where)) if known.id == id else known
                    for known in d.deadlines
                ),
            )
        case AddTask(task=task):
            if task.id in {known.id for known in d.tasks}:
                raise NoDefinition(f"There is a task {task.id} already.", where)
            return replace(d, tasks=(*d.tasks, task))
        case Rename(state=state_id, step=step_name, labels=labels):
            if (state_id is None) == (step_name is None):
                raise NoDefinition("Rename a state or a step: name one of them.", where)
            if state_id is not None:
                return _in_state(
                    d, state_id, lambda s: replace(s, labels={**s.labels, **labels}), where
                )
            return _in_step(
                d, step_name or "", lambda s: replace(s, labels={**s.labels, **labels}), where
            )


def _sooner(deadline: DeadlineSpec, after: Span, where: str) -> Due:
    before = deadline.due.after
    units = ("days", "working_days", "months", "years")
    if before is None or not any(
        (old := getattr(before, unit)) and (new := getattr(after, unit)) and new < old
        for unit in units
    ):
        raise NoDefinition(
            f"{deadline.id} comes sooner by a shorter span of the same unit than it has.", where
        )
    return Due(after=after)


def _both(one: str | None, other: str) -> str:
    return other if one is None else f"({one}) and ({other})"


def _place(names: list[str], after: str | None, where: str) -> int:
    if after is None:
        return len(names)
    if after not in names:
        raise NoDefinition(f"There is no {after} to come after. {valid(names, after)}", where)
    return names.index(after) + 1


def _put(
    states: tuple[StateSpec, ...], state: StateSpec, after: str | None, where: str
) -> tuple[StateSpec, ...]:
    place = _place([s.id for s in states], after, where)
    return (*states[:place], state, *states[place:])


def _in_state(
    d: Definition, id: str, change: Callable[[StateSpec], StateSpec], where: str
) -> Definition:
    found = False

    def within(states: tuple[StateSpec, ...]) -> tuple[StateSpec, ...]:
        nonlocal found
        made = []
        for state in states:
            if state.id == id:
                found = True
                made.append(change(state))
            else:
                made.append(msgspec.structs.replace(state, states=within(state.states)))
        return tuple(made)

    states = within(d.states)
    if not found:
        known = (state.id for state in d.all_states())
        raise NoDefinition(f"There is no state {id}. {valid(known, id)}", where)
    return msgspec.structs.replace(d, states=states)


def _in_step(
    d: Definition, name: str, change: Callable[[StepSpec], StepSpec], where: str
) -> Definition:
    if all(step.name != name for step in d.steps):
        known = (step.name for step in d.steps)
        raise NoDefinition(f"There is no step {name}. {valid(known, name)}", where)
    steps = (change(step) if step.name == name else step for step in d.steps)
    return msgspec.structs.replace(d, steps=tuple(steps))
