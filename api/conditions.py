"""The conditions of lists as names and values, the same in an address and on a command line:
`position=noted&overdue=true&theme=A12`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

from strawberry.utils.str_converters import to_camel_case

from api.derive import read_id
from domain.refusals import InvalidInput

values_max = 200

Where = TypeVar("Where")
IDS = {
    "review": ("Review", "review"),
    "run": ("ImportRun", "run"),
    "recommendation": ("Recommendation", "recommendation"),
}
_TRUTH = {"true": True, "false": False}


def _word(words: type[StrEnum]) -> Callable[[str], StrEnum]:
    by_name = {word.value: word for word in words} | {word.name: word for word in words}

    def read(value: str) -> StrEnum:
        if value not in by_name:
            raise InvalidInput(f"“{value[:40]}” is none of {', '.join(words)}")
        return by_name[value]

    return read


def _number(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise InvalidInput(f"“{value[:40]}” is no whole number")
    return int(value)


def _truth(value: str) -> bool:
    if value not in _TRUTH:
        raise InvalidInput(f"“{value[:40]}” is neither true nor false")
    return _TRUTH[value]


def _reader(field: str, said: Any) -> tuple[bool, Callable[[str], Any]]:
    """Whether a condition takes several values, and how each is read."""
    (kind,) = [one for one in get_args(said) if one is not type(None)]
    several = bool(get_args(kind))
    of = get_args(kind)[0] if several else kind
    if of is UUID:
        return several, lambda value: read_id(value, *IDS[field])
    if of is bool or of is int:
        return several, _truth if of is bool else _number
    return several, _word(of) if issubclass(of, StrEnum) else str


def _fields(where: Any) -> dict[str, tuple[str, bool, Callable[[str], Any]]]:
    """What GraphQL calls a condition → its field, whether it takes several values, how a value is
    read."""
    return {
        ("importRun" if field == "run" else to_camel_case(field)): (field, *_reader(field, said))
        for field, said in get_type_hints(where).items()
        if field != "today"
    }


def names(where: type[Any]) -> tuple[str, ...]:
    """The conditions that a list takes, by their names in GraphQL."""
    return tuple(_fields(where))


def read_where(where: type[Where], said: Iterable[tuple[str, str]]) -> Where:
    """The conditions of a list that names and values say. All hold together; a name said several
    times means any of its values. Refuses names that there are not, and values that are none of
    theirs."""
    given: dict[str, Any] = {}
    fields = _fields(where)
    for name, value in said:
        if name not in fields:
            raise InvalidInput(f"“{name[:40]}” is no condition; there are {', '.join(fields)}.")
        field, several, read = fields[name]
        try:
            if "\x00" in value:
                raise InvalidInput("a value holds the character U+0000")
            found = read(value)
        except InvalidInput as refusal:
            why = refusal.message.rstrip(".")
            raise InvalidInput(f"The condition `{name}`: {why}.") from None
        if several:
            values = given.setdefault(field, [])
            values.append(found)
            if len(values) > values_max:
                raise InvalidInput(f"The condition `{name}` has {values_max} values at most.")
        elif field in given:
            raise InvalidInput(f"The condition `{name}` is said once.")
        else:
            given[field] = found
    return where(**given)
