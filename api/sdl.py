"""The schema as text: its definition, and the fragment that asks for every field of every event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from api.events import UNION
from api.schema import schema

SDL_FILE = Path(__file__).with_name("schema.graphql")
FRAGMENT_FILE = Path(__file__).with_name("every_event.graphql")

FENCE = '"""'


def sdl() -> str:
    """The schema in GraphQL's definition language: a line for each description, and an empty one
    between types."""
    return "\n".join(_closer(schema.as_str().strip().split("\n"))) + "\n"


def _closer(lines: list[str]) -> Iterator[str]:
    described: list[str] | None = None
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.strip() != FENCE:
            if described is not None:
                described.append(line.strip())
            elif line or not following.startswith(" "):
                yield line
        elif described is None:
            described = []
        else:
            yield line.replace(FENCE, f"{FENCE}{' '.join(described)}{FENCE}")
            described = None


def fragment() -> str:
    """A fragment on events, with every field of every one. It is valid as it stands, since in the
    union a field of one name has one type."""
    return f"fragment everyEvent on {UNION} {of_every_event()}\n"


def of_every_event() -> str:
    """The selection of every field of every event."""
    union = schema._schema.type_map[UNION]
    assert isinstance(union, GraphQLUnionType)
    each = "\n".join(f"  ... on {kind.name} {_all_of(kind)}" for kind in union.types)
    return f"{{\n  __typename\n{each}\n}}"


def _all_of(kind: GraphQLOutputType) -> str:
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    assert isinstance(named, GraphQLObjectType), named
    fields = (
        f"{name} {_all_of(field.type)}".rstrip()
        for name, field in named.fields.items()
        if not any(is_required_argument(argument) for argument in field.args.values())
    )
    return f"{{ {' '.join(fields)} }}"
