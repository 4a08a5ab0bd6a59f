"""Inputs of GraphQL, derived from structs: from what a step carries, and what that is made of."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, Optional, Union, get_args, get_origin
from uuid import UUID

import msgspec
import strawberry
from msgspec import NODEFAULT, Meta
from strawberry.utils.str_converters import to_camel_case

from api.derive import enum_type, read_id, summary
from api.steps import ADDED_LATER, protected, required, within_case
from domain.docstrings import of_members
from domain.entry import Protected, RecommendationId
from domain.refusals import within

_nullable: Any = Optional
_list: Any = list
_structs: dict[type, Given] = {}


class Given(NamedTuple):
    """The GraphQL type of something given, and how the value is read from it."""

    type: Any
    read: Callable[[Any], Any]


def given(hint: Any, what: str = "") -> Given:
    """How a value of a type is given; `what` names it where it is refused."""
    hint = _plain(hint)
    if hint is RecommendationId:
        return Given(strawberry.ID, read_id)
    if get_origin(hint) in (Union, types.UnionType):
        (some,) = (_plain(one) for one in get_args(hint) if one is not types.NoneType)
        type_, read = given(some, what)
        if some is Protected:
            return Given(_nullable[type_], protected)
        return Given(_nullable[type_], lambda value: None if value is None else read(value))
    if get_origin(hint) in (tuple, Sequence):
        type_, read = given(get_args(hint)[0], what)
        return Given(_list[type_], lambda values: tuple(_each(read, values)))
    if hint is Protected:
        return Given(str, lambda text: required(text, what))
    if hint is UUID:
        return Given(strawberry.ID, lambda id: id)
    if issubclass(hint, msgspec.Struct):
        return _struct(hint)
    return Given(enum_type(hint) if issubclass(hint, StrEnum) else hint, lambda value: value)


def input_type(
    name: str,
    struct: type[msgspec.Struct],
    base: type = object,
    *,
    without: Collection[str] = (),
    ids: Collection[str] = (),
    within: Mapping[str, str] = MappingProxyType({}),
    later: Collection[str] = (),
    description: str | None = None,
    means: type | None = None,
) -> Given:
    """An input with the fields of a struct, behind those of `base`, and how those are read from it,
    by name. `without`: fields that it does not have; `ids`: those that are ids; `within`: those
    that name something within the case, by kind; `later`: those that it got after clients had sent
    it. Fields mean what they mean in `means`, unless their types say more."""
    body: dict[str, Any] = {"__module__": __name__, "__annotations__": {}}
    reads: dict[str, Callable[[Any], Any]] = {}
    meanings = of_members(means or struct)
    for field in msgspec.structs.fields(struct):
        if field.name in without:
            continue
        type_, reads[field.name] = given(field.type, f"`{field.encode_name}`")
        if field.name in within:
            optional = field.default is not NODEFAULT
            type_ = _nullable[strawberry.ID] if optional else strawberry.ID
        elif field.name in ids:
            type_ = strawberry.ID
        body["__annotations__"][field.name] = type_
        body[field.name] = strawberry.field(
            description=_said_of(field.type) or meanings.get(field.name),
            metadata={
                **(ADDED_LATER if field.name in later else {}),
                **(within_case(within[field.name]) if field.name in within else {}),
            },
            **({} if field.default is NODEFAULT else {"default": field.default}),
        )
    made = strawberry.input(type(name, (base,), body), name=name, description=description)
    return Given(made, lambda it: {name: _at(name, read, it) for name, read in reads.items()})


def _at(name: str, read: Callable[[Any], Any], it: Any) -> Any:
    with within(to_camel_case(name)):
        return read(getattr(it, name))


def _each(read: Callable[[Any], Any], values: Iterable[Any]) -> Iterator[Any]:
    for place, value in enumerate(values):
        with within(str(place)):
            yield read(value)


def _struct(struct: type[msgspec.Struct]) -> Given:
    """The input of a struct; one that is only said, and stored otherwise, is named `…Said`."""
    if struct not in _structs:
        name = f"{struct.__name__.removesuffix('Said')}Input"
        type_, read = input_type(name, struct, description=summary(struct))
        _structs[struct] = Given(type_, lambda it: struct(**read(it)))
    return _structs[struct]


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _said_of(hint: Any) -> str | None:
    """What a type says of its values."""
    if get_origin(hint) is Annotated:
        inner, *meta = get_args(hint)
        told = [one.description for one in meta if isinstance(one, Meta) and one.description]
        return told[-1] if told else _said_of(inner)
    if get_origin(hint) in (Union, types.UnionType):
        return next(filter(None, map(_said_of, get_args(hint))), None)
    return None
