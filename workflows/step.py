"""What is said of a step, once: a row of the table in `step_table.py`, and what follows from it.

What a step's data may be is read from the signature of its command, by `data_of`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from domain.aggregates import BY_STATE
from domain.casework import BESIDE, Case, CaseEvent
from domain.entry import RecommendationId, Visibility
from domain.recommendation.assignment import AssignmentId
from domain.recommendation.progress import ReportId
from domain.words import AssignmentStatus
from workflows.roles import Role

PUBLIC, INTERNAL, CONFIDENTIAL = Visibility


class Bounds(NamedTuple):
    """The visibility of a step's entry where nobody says one (`widest`, where that is narrower),
    the widest that it may have, and the narrowest.

    Without a `widest` it is PUBLIC on what is public and INTERNAL on the rest: a reason given on a
    draft tells of the draft. Without a `narrowest` it is that of the recommendation: whoever reads
    the recommendation reads what the step says, so that fewer readers would be promised in vain."""

    usual: Visibility = PUBLIC
    widest: Visibility | None = PUBLIC
    narrowest: Visibility | None = CONFIDENTIAL


ANY = Bounds()
WITH_IT = Bounds(narrowest=None)
"""What is shown with the recommendation: its texts, names, terms, dates, and what is published."""
DRAFT = Bounds(CONFIDENTIAL, widest=INTERNAL)
"""Words that nobody has cleared."""
WITHIN = Bounds(INTERNAL, widest=INTERNAL)
AS_IT_IS = Bounds(widest=None)


class Mutation(NamedTuple):
    """A mutation that takes a step: its name; and where it is one of several, what it `does`, and
    what of the step's data it `says` by its name alone."""

    name: str
    does: str = ""
    says: Mapping[str, Any] = MappingProxyType({})

    @property
    def input(self) -> str:
        """The name of its input, where that is its own."""
        return f"{self.name[0].upper()}{self.name[1:]}Input"


@dataclass(frozen=True, eq=False)
class Step:
    """A step: its name, the aggregate that it is taken `on` (`Case`: any that is one), and the
    roles that `may` take it.

    `command`: what takes it; its parameters behind case and stamp are the step's data, its
    docstring says what it does. One that begins something has parameters behind stamp and
    addressee, and gives the id with the event. Mutations follow from it, or from a process of that
    name (`workflows/processes.py`); without either they are written by hand.
    `without`: parameters that nobody says; `later`: those that it got after clients had sent it.
    `readers`: who may read its entry.
    `by`: the mutations that take it, if there is not one that has its name;
    `elsewhere`: what else takes it, in words; `input`: the name of their input, where steps share
    one.
    `assignment`: as what the assignment stands that it is about, which its data names.
    `redrafts`: its `report` names a progress report that it drafts again.
    `among_persons`: it is a matter of one institution's persons among themselves.
    `where_concerned`: a focal point takes it only where its institution is assigned, or was offered
    an assignment; it is beside every procedure.
    """

    name: str
    on: type[Any]
    may: frozenset[Role]
    command: Callable[..., Any] | None = None
    readers: Bounds = ANY
    by: tuple[str | Mutation, ...] | None = None
    elsewhere: str = ""
    input: str = ""
    without: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    assignment: AssignmentStatus | None = None
    redrafts: bool = False
    among_persons: bool = False
    where_concerned: bool = False

    @property
    def about(self) -> str:
        """What it is taken on, in a word: an aggregate's, or `case` for any that is one."""
        return "case" if self.on is Case else BY_STATE[self.on].word

    @property
    def mutations(self) -> tuple[Mutation, ...]:
        """The mutations that take it."""
        if self.by is not None:
            return tuple(Mutation(one) if isinstance(one, str) else one for one in self.by)
        first, *rest = self.name.split("-")
        return (Mutation(first + "".join(word.capitalize() for word in rest)),)

    @cached_property
    def begins(self) -> bool:
        """True if its command begins what it is taken on."""
        return self.command is not None and begins_by(self.command)

    @property
    def by_name(self) -> bool:
        """True if it is taken by its name, as `takeStep` does: a step of procedures."""
        is_on_cases = self.command is not None and issubclass(self.on, Case)
        return is_on_cases and self.name not in BESIDE and not self.begins

    @property
    def does(self) -> str:
        """What its command does: the first paragraph of what is said of that."""
        return said_of(self.command)

    @cached_property
    def data(self) -> type[msgspec.Struct]:
        """The type of what it carries, where it has a command."""
        assert self.command is not None, self.name
        return data_of(self, self.command)

    @cached_property
    def event(self) -> type[CaseEvent]:
        """The event that its command gives, where it has one."""
        assert self.command is not None, self.name
        gives = _gives(self.command)
        event: type[CaseEvent] = get_args(gives)[1] if self.begins else gives
        return event

    @property
    def part_of(self) -> str:
        """The field that names what has the part that it is about; empty: the case."""
        if self.command is None or not issubclass(self.on, Case):
            return ""
        return self.event.part_of

    @property
    def has_part(self) -> bool:
        """True if it may be about a part."""
        return self.on is Case or self.on.has_parts or bool(self.part_of)

    @cached_property
    def pointing(self) -> tuple[str, ...]:
        """The fields of its data that name other recommendations."""
        return pointing_in(self.data, self.command)

    @cached_property
    def within(self) -> dict[str, str]:
        """The fields of its data that name something within the case by its number, which has an
        opaque id too: the kind in that."""
        if self.command is None:
            return {}
        hints = get_type_hints(self.command, include_extras=True)
        kinds = {f: map(_WITHIN.get, _either(hints[f])) for f in self.data.__struct_fields__}
        return {f: kind for f, some in kinds.items() if (kind := next(filter(None, some), None))}


Number = Annotated[int, Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
"""A whole number as GraphQL has it: views and other programs count on no larger ones."""

Another = Annotated[str, Meta(max_length=100, description="The id of a recommendation.")]

_READ_AS = {int: Number, RecommendationId: Another}

_WITHIN = {AssignmentId: "Assignment", ReportId: "Report"}


def _either(hint: Any) -> tuple[Any, ...]:
    """The types that a value may have."""
    if get_origin(hint) in (Union, UnionType):
        return get_args(hint)
    if get_origin(hint) is Annotated and hint not in _WITHIN:
        return _either(get_args(hint)[0])
    return (hint,)


def begins_by(command: Callable[..., Any]) -> bool:
    """True if a command begins something: it gives the id with the event."""
    return get_origin(_gives(command)) is tuple


def _gives(command: Callable[..., Any]) -> Any:
    return get_type_hints(command)["return"]


def pointing_in(data: type[msgspec.Struct], command: Any) -> tuple[str, ...]:
    """The fields of a command's data that name a recommendation."""
    hints = get_type_hints(command)
    return tuple(f for f in data.__struct_fields__ if hints[f] is RecommendationId)


def said_of(command: Callable[..., Any] | None) -> str:
    """What a command does: the first paragraph of what is said of it."""
    return " ".join((inspect.getdoc(command) or "").split("\n\n")[0].split())


def data_of(step: Step, command: Callable[..., Any]) -> type[msgspec.Struct]:
    """The type of a step's data, from its command's parameters behind the stamp, and the addressee
    where it begins something: the same names in camel case, and the same types. What may be None
    may be left out."""

    def read_as(hint: Any) -> Any:
        if get_origin(hint) is Annotated:
            inner, *said = get_args(hint)
            return Annotated[read_as(inner), *said]
        if get_origin(hint) in (Union, UnionType):
            return reduce(or_, map(read_as, get_args(hint)))
        return _READ_AS.get(hint, hint)

    plain, hints = get_type_hints(command), get_type_hints(command, include_extras=True)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    parameters = list(inspect.signature(command).parameters.items())
    names = [name for name, _ in parameters]
    for name, parameter in parameters[names.index("stamp") + 1 :]:
        if name in step.without or name == "addressee":
            continue
        if parameter.default is not parameter.empty:
            fields.append((name, read_as(hints[name]), parameter.default))
        elif NoneType in get_args(plain[name]):
            fields.append((name, read_as(hints[name]), None))
        else:
            fields.append((name, read_as(hints[name])))
    return msgspec.defstruct(
        "".join(word.capitalize() for word in step.name.split("-")),
        fields,
        namespace={"__doc__": step.does},
        rename="camel",
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
    )
