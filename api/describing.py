"""Descriptions that no field says where it is made: from docstrings, or shared by many types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from domain.docstrings import of_members, sentence
from domain.refusals import meanings

FIELDS = {
    "addressee": "Code of the State or other addressee, such as SVN.",
    "effective_on": "When it was true in the world: a day, month or year; null where unknown.",
    "log_index": "Log index of the entry that says so.",
    "part": "Number of the part of the paragraph that it is about; null: the whole.",
    "recorded_at": "When this system learned it.",
    "topic": "The name under which it is stored, as in `HistoryEntry.topic`.",
}
"""Fields that mean the same in every type that says nothing else of them."""

ARGUMENTS = {
    "addressee": "Codes of States or other addressees, such as SVN; all that you may read, if not "
    "given.",
    "after": "Reads on after this cursor, the `endCursor` of an earlier page.",
    "before": "Reads back before this cursor, the `startCursor` of another page.",
    "as_of": "Asks the record as it was at a log index or time; as it is now, if not given.",
    "effective_on": "Asks what was true on this day, such as 2025-04-08, whenever it was recorded.",
    "first": "How many at most.",
    "input": "The fields of the step, and its circumstances.",
    "language": "BCP 47 tag of the language, such as `sl`.",
    "last": "How many at most, from the end of the list or before `before`.",
    "order_by": "The order; that of documents and paragraphs, if not given.",
    "search": "Words in any language, all of which the texts have.",
    "where": "Which recommendations: all conditions hold together.",
}
"""Arguments that mean the same in every field that says nothing else of them."""

SCALARS = {"UUID": "A UUID in text: 32 hexadecimal digits in five groups."}

ENUMS = {"RefusalCode": {code: sentence(text) for code, text in meanings().items()}}

_OURS = "strawberry-definition"

Shown = TypeVar("Shown", bound=type)


def arg(meaning: str, name: str | None = None) -> Any:
    """Says what an argument means, and its name where Python reserves that."""
    return strawberry.argument(description=meaning, name=name)


def said_in(*structs: type) -> Callable[[Shown], Shown]:
    """Lets fields of a type mean what fields of their names mean in structs."""

    def said(cls: Shown) -> Shown:
        cls.said_in = structs  # type: ignore[attr-defined]
        return cls

    return said


def describe(built: GraphQLSchema) -> None:
    """Describes what a schema has no description of, as far as the meaning is known."""
    for name, kind in built.type_map.items():
        ours = kind.extensions.get(_OURS)
        if name in SCALARS:
            kind.description = SCALARS[name]
        elif isinstance(kind, GraphQLEnumType) and ours is not None:
            _describe(kind.values.items(), ENUMS.get(name) or of_members(ours.wrapped_cls))
        elif isinstance(kind, GraphQLInputObjectType) and ours is not None:
            _describe(_by_python_name(kind.fields), _of_type(ours.origin))
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and ours is not None:
            _describe(_by_python_name(kind.fields), FIELDS | _of_type(ours.origin))
            for field in kind.fields.values():
                _describe(_by_python_name(field.args), ARGUMENTS)
    assert built.mutation_type is not None
    _describe_inputs(built.mutation_type)


def _describe_inputs(mutations: GraphQLObjectType) -> None:
    """Says of an input which mutations take it, where nothing more is said."""
    takers: dict[Any, list[str]] = {}
    for name, mutation in mutations.fields.items():
        takers.setdefault(get_named_type(mutation.args["input"].type), []).append(f"`{name}`")
    for kind, names in takers.items():
        kind.description = kind.description or f"The input of {' and '.join(names)}."


def _of_type(cls: type) -> dict[str, str]:
    said: dict[str, str] = {}
    for one in (*getattr(cls, "said_in", ()), cls):
        said |= of_members(one)
    return said


def _by_python_name(shown: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for one in shown.values():
        if _OURS in one.extensions:
            yield one.extensions[_OURS].python_name, one


def _describe(shown: Iterable[tuple[str, Any]], said: Mapping[str, str]) -> None:
    for name, one in shown:
        one.description = one.description or said.get(name)
