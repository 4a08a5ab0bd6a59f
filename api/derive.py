"""GraphQL types derived from the domain's own classes, so nothing is said twice.

Every stored struct becomes an object type, every word list an enum, every event a type with what it
says itself. What comes out is visible in `api/schema.graphql`.
"""

from __future__ import annotations

import base64
import re
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import (
    Any,
    NamedTuple,
    NewType,
    Optional,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

import msgspec
import strawberry
from strawberry.scalars import JSON
from strawberry.types.field import StrawberryField

from api.describing import said_in
from domain.aggregates import CASES
from domain.docstrings import of_members
from domain.effects import Instant
from domain.entry import Event, Protected, RecommendationId
from domain.refusals import InvalidInput

_UNSHOWN = {(None, "stamp"), ("CredentialGranted", "sha256")}
"""Fields of events that are shown elsewhere (the stamp) or nowhere (digests of keys)."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Shown = TypeVar("Shown")

_nullable: Any = Optional
_list: Any = list
_enums: dict[type, Any] = {}
_structs: dict[type, Any] = {}


@strawberry.type(description="A text that can be erased. Its commitment stays.")
class ProtectedText:
    text: str | None = strawberry.field(description="Null where it was erased, or is missing.")
    erased: bool = strawberry.field(description="True where an entry says that it was erased.")
    missing: bool = strawberry.field(
        description="True where it is not there, and no entry says that it was erased: it was lost."
    )
    commitment: str | None
    """The salted SHA-256 of the text in the log, in hex; it stays when the text is erased. Null
    where none was made."""


def global_id(id: UUID, kind: str = "Recommendation", number: int | str = "") -> strawberry.ID:
    """An opaque id, as Relay has it, of a stream, or of what has a number in that stream."""
    named = f"{kind}:".encode() + id.bytes + str(number).encode()
    return strawberry.ID(base64.urlsafe_b64encode(named).decode())


class Named(NamedTuple):
    """What an opaque id names: its kind (None: a plain UUID), its stream, and its number there
    (empty: the stream itself)."""

    kind: str | None
    id: UUID
    number: str = ""


def read_global_id(id: str) -> Named:
    """What an opaque id, or a plain UUID, names; refuses anything else."""
    try:
        if _UUID.fullmatch(id):
            return Named(None, UUID(id))
        kind, _, raw = base64.urlsafe_b64decode(id.encode()).partition(b":")
        named = Named(kind.decode("ascii"), UUID(bytes=raw[:16]), raw[16:].decode())
    except ValueError:
        named = None
    if named is None or bool(named.number) != (named.kind in WITHIN):
        raise InvalidInput("That is no id; take it from the field `id`.")
    return named


def read_stream(id: str) -> UUID:
    """The stream that an opaque id of any kind, or a plain UUID, names; refuses anything else."""
    named = read_global_id(id)
    if named.number:
        raise InvalidInput("That is an id of a part of something: name what it belongs to.")
    return named.id


def read_id(id: str, kind: str = "Recommendation", what: str = "recommendation") -> UUID:
    """The one of a kind that an opaque id, or a plain UUID, names; refuses anything else."""
    named = _named(id)
    if named is None or named.kind not in (None, kind):
        raise InvalidInput(f"That is no id of a {what}; take it from the field `id`.")
    return named.id


def read_within(said: str, kind: str, of: UUID) -> int | str:
    """The number that something has in a stream: `said` is it, or its opaque id. Refuses an id of
    anything else."""
    if (named := _named(said)) is None and WITHIN[kind].number.fullmatch(said):
        return WITHIN[kind].read(said)
    if named is None or (named.kind, named.id) != (kind, of):
        what = WITHIN[kind].what
        raise InvalidInput(f"That is no id of {what} of this case; take it from the field `id`.")
    return WITHIN[kind].read(named.number)


def read_case_id(id: str) -> UUID:
    """The case that an opaque id, or a plain UUID, names; refuses anything else."""
    named = _named(id)
    if named is None or named.kind not in (None, *_CASES):
        raise InvalidInput("That is no id of a case; take it from the field `id`.")
    return named.id


def _named(id: str) -> Named | None:
    try:
        return read_global_id(id)
    except InvalidInput:
        return None


class Within(NamedTuple):
    """What a recommendation has several of: `what` it is, and its number there, in text and as
    `read`."""

    what: str
    number: re.Pattern[str]
    read: Callable[[str], int | str]


WITHIN = {
    "Assignment": Within("an assignment", re.compile(r"[0-9]{1,10}"), int),
    "Report": Within("a report", re.compile(r"[0-9]{1,10}"), int),
    "RecommendationPart": Within("a part", re.compile(r".*", re.DOTALL), str),
}
"""By the kind in an opaque id."""

_CASES = {state.__name__ for state in CASES.values()}


def enum_type(words: type[StrEnum]) -> Any:
    """The GraphQL enum of a word list."""
    if words not in _enums:
        _enums[words] = strawberry.enum(words, description=summary(words))
    return words


def struct_type(struct: type[msgspec.Struct]) -> Any:
    """The GraphQL object type of a stored struct; its fields are the struct's. What is its id in
    its stream alone is its `number`."""
    if struct not in _structs:
        said = of_members(struct)
        body = {
            "number" if f.name == "id" else f.name: _field(
                f.name, f.type, description=said["id"] if f.name == "id" else None
            )
            for f in msgspec.structs.fields(struct)
        }
        _structs[struct] = _object(struct, body)
    return _structs[struct]


def event_type(event: type[Event], shown_as: Mapping[tuple[str, str], str]) -> Any:
    """The GraphQL type of an event: what it says besides the stamp, or its topic where that is
    nothing. `shown_as`: under which names, by event and field, where not under their own."""
    said = of_members(event)
    body: dict[str, Any] = {}
    for f in msgspec.structs.fields(event):
        if not _UNSHOWN & {(None, f.name), (event.__name__, f.name)}:
            name = shown_as.get((event.__name__, f.name), f.name)
            body[name] = _field(f.name, f.type, description=said.get(f.name))
    return _object(event, body or {"topic": _field("topic", str)})


def shows(
    struct: type[msgspec.Struct], source: Callable[[Any], Any], /, *names: str
) -> Callable[[type[Shown]], type[Shown]]:
    """Gives a class fields of the struct that `source` finds in it, before its own."""
    known = {f.name: f.type for f in msgspec.structs.fields(struct)}

    def shown(cls: type[Shown]) -> type[Shown]:
        own = {name: it for name, it in vars(cls).items() if isinstance(it, StrawberryField)}
        for name in own:
            delattr(cls, name)
        derived = {name: _field(name, known[name], source) for name in names}
        for name, field in {**derived, **own}.items():
            setattr(cls, name, field)
        return said_in(struct)(cls)

    return shown


def asked_type(struct: type[msgspec.Struct], field: str) -> Any:
    """The GraphQL type of a value that a field, or a property, of a struct may have; never null."""
    fields = {f.name: f.type for f in msgspec.structs.fields(struct)}
    said = fields.get(field) or get_type_hints(vars(struct)[field].fget)["return"]
    if get_origin(said) in (Union, types.UnionType):
        (said,) = (one for one in get_args(said) if one is not type(None))
    return _shown(said)[0]


def _object(struct: type[msgspec.Struct], fields: dict[str, Any]) -> Any:
    body = {
        "__module__": __name__,
        "is_type_of": classmethod(lambda cls, obj, info: isinstance(obj, struct)),
        **fields,
    }
    made = said_in(struct)(type(struct.__name__, (), body))
    return strawberry.type(made, name=struct.__name__, description=summary(struct))


def _field(
    name: str,
    annotation: Any,
    source: Callable[[Any], Any] | None = None,
    description: str | None = None,
) -> Any:
    shown, convert = _shown(annotation)

    def resolve(root: Any) -> Any:
        value = getattr(root if source is None else source(root), name)
        return None if value is None else convert(value)

    resolve.__annotations__ = {"root": Any, "return": shown}
    return strawberry.field(resolver=resolve, description=description)


def _shown(annotation: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The GraphQL side of a stored field's type, and how a value is turned into it."""
    if annotation is RecommendationId:
        return strawberry.ID, global_id
    if annotation is Instant:
        return datetime, datetime.fromisoformat
    if isinstance(annotation, NewType):
        return _shown(annotation.__supertype__)
    if get_origin(annotation) in (Union, types.UnionType):
        inner, *others = [a for a in get_args(annotation) if a is not type(None)]
        if others:  # one of several scalars: what it is, the definition says
            return _nullable[JSON], lambda value: value
        shown, convert = _shown(inner)
        return _nullable[shown], convert
    if get_origin(annotation) in (tuple, list):
        shown, convert = _shown(get_args(annotation)[0])
        return _list[shown], lambda values: [convert(value) for value in values]
    if annotation is Protected:
        return ProtectedText, protected_text
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return enum_type(annotation), lambda value: value
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return struct_type(annotation), lambda value: value
    return annotation, lambda value: value


def protected_text(value: Protected) -> ProtectedText:
    """A protected text as it is shown."""
    erased = value.erased_by is not None
    return ProtectedText(
        text=value.text,
        erased=erased,
        missing=value.missing and not erased,
        commitment=value.commitment,
    )


def summary(cls: type) -> str:
    """The first paragraph of a class's docstring, on one line."""
    return " ".join((cls.__doc__ or "").split("\n\n")[0].split())
