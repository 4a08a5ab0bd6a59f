"""A procedure as data: what a case is pinned to.

A definition has a published JSON Schema (`schema.json`) and one canonical form, whose SHA-256 is
its identity. It says which states there are, when they are left and entered, which steps there are
and when they are open; it holds no scripts. It is written in YAML 1.2 or JSON (`read_file`).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from domain.effects import Whose
from domain.words import Bucket, Mechanism
from domain.words import Kind as TextKind
from workflows.access import Role
from workflows.annual import Annual
from workflows.spans import Span
from workflows.statecharts.expressions import Fact

FORMAT = "suivi-procedure/1"
bytes_max = 300_000
marks_max = 15_000
"""Names, values, lists and objects that a file in YAML may have; what all procedures share has
1,600."""
nesting_max = 60
states_max = 500
steps_max = 200
fields_max = 50
choices_max = 200
deadlines_max = 100
tasks_max = 100
notices_max = 20
seats_max = 50
promises_max = 50
depth_max = 12

_ID = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

Said = TypeVar("Said")

Labels = dict[str, str]
"""A name for people, by language."""


def label(labels: Labels, language: str, name: str = "") -> str:
    """The name in a language, else in English, else in any; `name` where there is none."""
    return labels.get(language) or labels.get("en") or next(iter(labels.values()), name)


class Follow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A state that facts lead to. Without `when`: otherwise."""

    to: str
    when: str | None = None


class Move(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A transition: `on` a step, or when a deadline is `past` (neither: as soon as it may), `when`
    a guard holds, `to` a state. Without `to` the step is taken where it stands."""

    on: str | None = None
    past: str | None = None
    when: str | None = None
    to: str | None = None


class StateSpec(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A state. `kind` is said of those that are not plain: `parallel` (all states within it are
    active at once), `final`, `history` and `deep-history` (which lead back to where the state
    around them was last, at first to `initial`). It begins with `initial`, by default the first
    state within it. `follows`: of the states within it, the first whose condition holds is the
    active one.
    `bucket`: what it, and all within it that say nothing else, counts as in overviews."""

    id: str
    labels: Labels
    kind: Literal["parallel", "final", "history", "deep-history"] | None = None
    states: tuple[StateSpec, ...] = ()
    initial: str | None = None
    follows: tuple[Follow, ...] = ()
    moves: tuple[Move, ...] = ()
    bucket: Bucket | None = None


HISTORY = ("history", "deep-history")
"""The kinds of state that are never active themselves: they remember."""


class FieldType(StrEnum):
    """What a field of a form takes."""

    FLAG = "flag"
    NUMBER = "number"
    """a whole number"""
    DAY = "day"
    CHOICE = "choice"
    TEXT = "text"


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of the values that a choice may have."""

    id: str
    labels: Labels


class Field(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """One thing that a step carries. What is free text is kept where it can be erased, unless the
    form says that it is `public`; `least` and `most` bound numbers, `most` the characters of a
    text."""

    name: str
    labels: Labels
    type: FieldType
    required: bool = False
    public: bool = False
    choices: tuple[Choice, ...] = ()
    least: int | None = None
    most: int | None = None


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who may approve: somebody in a role, of an institution, or both."""

    role: Role | None = None
    institution: str | None = None


class Approvals(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"apart_from": "apart-from", "separate_keys": "separate-keys"},
):
    """How many of some seats must have approved, each filled by another person. Whoever took one
    of the steps in `apart-from` fills none, though they may take the step itself.

    `separate-keys`: by another key, too. What a system says for one person it may say for another:
    it fills no seat where it took one of those steps, drafted what is approved, or takes the step,
    and one seat at most elsewhere."""

    needed: int
    of: tuple[Seat, ...]
    apart_from: tuple[str, ...] = ()
    separate_keys: bool = False


class StepSpec(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"apart_from": "apart-from"},
):
    """A step people take. It is open while `when` holds and, where moves of states are `on` it,
    one of them can be taken. `roles` are those that may take it: all who may, for a step that
    every procedure has; a State's own step has to say. `form` is what a step of its own carries.

    Four eyes: it is taken by another person than the one who last took any of the steps in
    `apart_from`, and only after the `approvals` it needs. A system that names no person satisfies
    neither."""

    name: str
    labels: Labels
    when: str | None = None
    roles: tuple[Role, ...] = ()
    form: tuple[Field, ...] = ()
    apart_from: tuple[str, ...] = ()
    approvals: Approvals | None = None


_WAYS_DUE = (
    (True, False, False),
    (False, True, False),
    (False, False, True),
    (True, False, True),
)
"""Which of a fact, a span and an annual day say together when something is due."""


class Due(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When something is due: on the day that a `fact` says; so long `after` its state was entered;
    or on the next `annual` day after that, or after the day that the `fact` says."""

    fact: str | None = None
    after: Span | None = None
    annual: Annual | None = None

    def __post_init__(self) -> None:
        said = (self.fact is not None, self.after is not None, self.annual is not None)
        if said not in _WAYS_DUE:
            raise ValueError(
                "Something is due by a fact, after a span, or on an annual day (after a fact's "
                "day, where it names one): say one of them"
            )


class To(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An institution that is told, by its code, wherever the case is: its focal points, or those in
    another `role`."""

    institution: str
    role: Role = Role.FOCAL_POINT


class Reminder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is reminded, how long before: roles, and institutions."""

    before: Span
    to: tuple[Role | To, ...]


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told that it is overdue, how long after: roles, and institutions."""

    after: Span
    to: tuple[Role | To, ...]


class DeadlineSpec(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"within": "while"},
):
    """A deadline, which runs `while` one of some states is active. It is fixed once, when it begins
    to run or the fact it is due by says another day. When it passes, `then` names a step that the
    procedure itself takes. What is `voluntary` reminds and is never overdue."""

    id: str
    labels: Labels
    within: tuple[str, ...]
    due: Due
    voluntary: bool = False
    reminders: tuple[Reminder, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    then: str | None = None


class TaskSpec(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"within": "while"},
):
    """Something that somebody in one of the `roles` has to do `while` one of some states is active:
    one of the `steps`, by a `deadline` where it has one."""

    id: str
    labels: Labels
    within: tuple[str, ...]
    steps: tuple[str, ...]
    roles: tuple[Role, ...]
    whose: Whose = Whose.COORDINATOR
    deadline: str | None = None


class Within(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"whence": "from"}):
    """A time that is promised: from wherever `from` holds, a deadline leads `to` after the span, if
    nobody has led there before. It counts from when the deadline's state was entered."""

    span: Span
    whence: str
    to: str


class Promise(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"whence": "from", "along": "while"},
):
    """What a procedure promises, and so does all that extends it. One of: `always`, what holds
    wherever a case can get; `never`, what holds nowhere; `eventually`, what a way leads to from
    wherever a case can get, or only where `from` holds, and if it says so a way on which `while`
    holds until then; `within`, a time. Nobody can promise that people act: a way that stays open,
    and a deadline, are what can be promised."""

    id: str
    labels: Labels
    always: str | None = None
    never: str | None = None
    eventually: str | None = None
    whence: str | None = None
    along: str | None = None
    within: Within | None = None

    @property
    def says(self) -> str:
        """What it promises, in a line."""
        if self.within is not None:
            within = self.within
            return f"within {within.span} from {within.whence} to {within.to}"
        if self.eventually is None:
            return f"never {self.never}" if self.always is None else f"always {self.always}"
        start = "" if self.whence is None else f"from {self.whence} "
        along = "" if self.along is None else f" while {self.along}"
        return f"{start}eventually {self.eventually}{along}"


class Applies(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which cases a procedure is for: those of an `aggregate`; of recommendations, those of some
    mechanisms, or of some kinds whatever the mechanism."""

    aggregate: str = "recommendation"
    mechanisms: tuple[Mechanism, ...] = ()
    kinds: tuple[TextKind, ...] = ()

    @property
    def aggregates(self) -> tuple[str, ...]:
        """The aggregate of which it is for every case; none where it is for recommendations."""
        return () if self.aggregate == "recommendation" else (self.aggregate,)


class Definition(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"applies": "for"},
):
    """A procedure: what it is for; the facts its guards read, with the types they count on; its
    states, of which those at the top are active all at once; in which of them a case is at its
    end; its steps; what is due by when, and whose task it is; what it promises."""

    format: Literal["suivi-procedure/1"]
    name: str
    labels: Labels
    applies: Applies
    facts: dict[str, Fact] = {}
    states: tuple[StateSpec, ...]
    ends: tuple[str, ...]
    steps: tuple[StepSpec, ...]
    deadlines: tuple[DeadlineSpec, ...] = ()
    tasks: tuple[TaskSpec, ...] = ()
    promises: tuple[Promise, ...] = ()

    @property
    def hash(self) -> str:
        """The SHA-256 of its canonical form, in hex: its identity."""
        return hashlib.sha256(canonical(self)).hexdigest()

    def all_states(self) -> Iterator[StateSpec]:
        """All states, in document order."""

        def within(states: tuple[StateSpec, ...]) -> Iterator[StateSpec]:
            for state in states:
                yield state
                yield from within(state.states)

        return within(self.states)

    def buckets(self) -> dict[str, Bucket | None]:
        """What each state counts as: what it says, else what the state around it does."""

        def within(
            states: tuple[StateSpec, ...], around: Bucket | None
        ) -> Iterator[tuple[str, Bucket | None]]:
            for state in states:
                own = state.bucket or around
                yield state.id, own
                yield from within(state.states, own)

        return dict(within(self.states, None))


# msgspec readies a type when it is first read; threads that meet it unready crash the process.
decode = msgspec.json.Decoder(Definition).decode


class Unsound(Exception):
    """What is no definition, or one that can't be used: which fault, why, and where in it (a path
    such as `$.steps[3].when`)."""

    def __init__(self, code: str, why: str, where: str = "$") -> None:
        super().__init__(why)
        self.code = code
        self.where = where


class NoDefinition(Unsound):
    """What was given is no definition."""

    def __init__(self, why: str, where: str = "$") -> None:
        super().__init__("no-definition", why, where)


# --- Reading and writing -------------------------------------------------------------------------


def read_file(source: bytes) -> Any:
    """The plain data that a file says, in YAML 1.2 or JSON. Raises NoDefinition."""
    if len(source) > bytes_max:
        raise NoDefinition(f"A definition has at most {bytes_max:,} bytes.")
    try:
        text = source.decode()
        if text.lstrip().startswith("{"):
            try:
                return json.loads(text, object_pairs_hook=_without_repeats)
            except (json.JSONDecodeError, RecursionError):
                pass  # YAML may begin so too, and says what is wrong
        _check_bounds(text)
        return YAML(typ="safe", pure=True).load(io.StringIO(text))
    except UnicodeDecodeError:
        raise NoDefinition("A definition is written in UTF-8.") from None
    except MarkedYAMLError as error:
        at = f"line {error.problem_mark.line + 1}" if error.problem_mark else "$"
        raise NoDefinition(f"This is neither YAML nor JSON: {error.problem}.", at) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise NoDefinition(f"This is neither YAML nor JSON: {error}.") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        raise NoDefinition(f"“{name[:80]}” is said twice in one object.")
    return said


def _check_bounds(text: str) -> None:
    """Refuses, before any of it is built, what would unfold or nest without measure: the time that
    YAML takes grows with the cube of its nesting."""
    depth = 0
    for marks, event in enumerate(YAML(typ="safe", pure=True).parse(io.StringIO(text))):
        if marks > marks_max:
            raise NoDefinition(
                f"It has more than {marks_max:,} names and values. Divide it, or write it in JSON."
            )
        match event:
            case AliasEvent():
                raise NoDefinition("Aliases (*name) are not for definitions: write it out.")
            case MappingStartEvent() | SequenceStartEvent():
                depth += 1
            case MappingEndEvent() | SequenceEndEvent():
                depth -= 1
        if depth > nesting_max:
            raise NoDefinition(f"It has more than {nesting_max} levels within one another.")


def convert(said: Any, type: type[Said]) -> Said:
    """Plain data as a definition or an overlay. Raises NoDefinition for other fields and types."""
    try:
        msgspec.json.encode(said)
        return msgspec.convert(said, type)
    except UnicodeEncodeError:
        raise NoDefinition("A text holds half a character (a lone surrogate).") from None
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `")
        raise NoDefinition(f"{why}.", where.rstrip("`") or "$") from None
    except RecursionError:
        raise NoDefinition("States lie too deep within one another.") from None


def canonical(definition: Definition) -> bytes:
    """RFC 8785 JSON, what is by default left out: the same definition is the same bytes, however
    it was written."""
    return msgspec.json.encode(definition, order="sorted")


def check_names(definition: Definition) -> None:
    """Refuses names that are no names, and more of anything than there may be."""

    def named(what: str, id: str, where: str) -> None:
        if not _ID.fullmatch(id) or len(id) > 80:
            raise NoDefinition(f"“{id[:80]}” is no name of {what}: write it as record.open.", where)

    def labelled(labels: Labels, where: str) -> None:
        for language, label in labels.items():
            if not _LANGUAGE.fullmatch(language):
                raise NoDefinition(f"“{language}” is no language: write it as fr.", where)
            if not label.strip() or len(label) > 200:
                raise NoDefinition("A label has between 1 and 200 characters.", where)

    def within(states: tuple[StateSpec, ...], where: str, depth: int) -> int:
        if depth > depth_max:
            raise NoDefinition(f"States lie at most {depth_max} deep.", where)
        count = 0
        for n, state in enumerate(states):
            here = f"{where}[{n}]"
            named("a state", state.id, f"{here}.id")
            labelled(state.labels, f"{here}.labels")
            count += 1 + within(state.states, f"{here}.states", depth + 1)
        return count

    named("a procedure", definition.name, "$.name")
    labelled(definition.labels, "$.labels")
    for fact in definition.facts:
        named("a fact", fact, f"$.facts.{fact}")
    if not definition.states or within(definition.states, "$.states", 1) > states_max:
        raise NoDefinition(f"A procedure has between 1 and {states_max} states.", "$.states")
    if len(definition.promises) > promises_max:
        raise NoDefinition(f"A procedure makes at most {promises_max} promises.", "$.promises")
    for n, promise in enumerate(definition.promises):
        named("a promise", promise.id, f"$.promises[{n}].id")
        labelled(promise.labels, f"$.promises[{n}].labels")
    if len(definition.steps) > steps_max:
        raise NoDefinition(f"A procedure has at most {steps_max} steps.", "$.steps")
    for n, step in enumerate(definition.steps):
        named("a step", step.name, f"$.steps[{n}].name")
        if "." in step.name:
            raise NoDefinition(f"A step has no dot in its name: {step.name}.", f"$.steps[{n}].name")
        labelled(step.labels, f"$.steps[{n}].labels")
        if len(step.form) > fields_max:
            raise NoDefinition(f"A form has at most {fields_max} fields.", f"$.steps[{n}].form")
        for f, field in enumerate(step.form):
            here = f"$.steps[{n}].form[{f}]"
            named("a field", field.name, f"{here}.name")
            labelled(field.labels, f"{here}.labels")
            if len(field.choices) > choices_max:
                raise NoDefinition(f"A field has at most {choices_max} choices.", here)
            for c, choice in enumerate(field.choices):
                named("a choice", choice.id, f"{here}.choices[{c}].id")
                labelled(choice.labels, f"{here}.choices[{c}].labels")
    _count(definition.deadlines, deadlines_max, "deadlines", "$.deadlines")
    for n, deadline in enumerate(definition.deadlines):
        here = f"$.deadlines[{n}]"
        named("a deadline", deadline.id, f"{here}.id")
        labelled(deadline.labels, f"{here}.labels")
        _count(deadline.reminders, notices_max, "reminders", f"{here}.reminders")
        _count(deadline.escalations, notices_max, "escalations", f"{here}.escalations")
    _count(definition.tasks, tasks_max, "tasks", "$.tasks")
    for n, task in enumerate(definition.tasks):
        named("a task", task.id, f"$.tasks[{n}].id")
        labelled(task.labels, f"$.tasks[{n}].labels")


def _count(some: tuple[Any, ...], most: int, what: str, where: str) -> None:
    if len(some) > most:
        raise NoDefinition(f"There are at most {most} {what}.", where)
