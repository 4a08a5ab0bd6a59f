"""What every mutation answers: what it led to, the entries recorded, or why nothing was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.context import Context
from api.history import HistoryEntry
from domain.entry import Entry
from domain.refusals import (
    CommandReused,
    Refusal,
    StaleVersion,
    UnknownAssignment,
    UnknownDeadline,
    UnknownGrade,
    UnknownLink,
    UnknownPart,
    UnknownReport,
    UnknownTask,
    all_refusals,
)
from projections import history
from workflows.desk import Taken

RefusalCode = Enum("RefusalCode", {r.code: r.code for r in all_refusals()})  # type: ignore[misc]
strawberry.enum(
    RefusalCode, description="Why something is refused. Codes are added, never changed."
)


@strawberry.type(description="Why a step was refused. Nothing was recorded.")
class StepError:
    code: RefusalCode = strawberry.field(description="Stable: for programs.")
    message: str = strawberry.field(description="A sentence for the person: what to do.")
    current_version: int | None = strawberry.field(
        description="Where the case is now, when the version you saw has passed."
    )
    field: str | None = strawberry.field(
        default=None,
        description="The field of the step that is refused, where one is, however the step was "
        "sent; below another with a point between, as in `parts.0.text` (places count from 0).",
    )
    path: list[str] | None = strawberry.field(
        default=None,
        description="The way to that field from the arguments: `input`, `parts`, `0`, `text`; "
        "where a step was sent by its name, `input`, `data`, `parts`, `0`, `text`.",
    )


@strawberry.interface(
    description="The answer of every mutation, besides its result: the entries recorded, or why "
    "nothing was."
)
class Payload:
    entries: list[HistoryEntry] = strawberry.field(
        default_factory=list, description="The entries recorded, as far as you may read them."
    )
    log_index: int | None = strawberry.field(
        default=None, description="Log index of the last of them."
    )
    errors: list[StepError] = strawberry.field(
        default_factory=list, description="Why nothing was recorded; empty where something was."
    )


Answer = TypeVar("Answer", bound=Payload)


FIELDS: dict[type[Refusal], str] = {
    CommandReused: "commandId",
    StaleVersion: "expectedVersion",
    UnknownAssignment: "assignment",
    UnknownDeadline: "deadline",
    UnknownGrade: "grade",
    UnknownLink: "link",
    UnknownPart: "part",
    UnknownReport: "report",
    UnknownTask: "task",
}
"""The field of the input that a refusal is about, where it names none and the input has it."""


def refused(refusal: Refusal, input: Any = None, *around: Any) -> StepError:
    """A refusal as data; `input`: what was asked for, `around`: the inputs it is part of."""
    current, said = refusal.facts.get("current"), refusal.facts.get("field")
    way = _way(said if isinstance(said, str) else None, refusal, input, around)
    own = way[1:] if way[:1] == ["data"] and len(way) > 1 else way
    return StepError(
        code=RefusalCode[refusal.code],
        message=refusal.message,
        current_version=current if isinstance(current, int) else None,
        field=".".join(own) or None,
        path=["input", *way] if way else None,
    )


def _way(field: str | None, refusal: Refusal, input: Any, around: Sequence[Any]) -> list[str]:
    """The way to the field of an input that a refusal is about, empty where it is about none: from
    the input, or from the data of a step that is taken by its name."""
    named = field or FIELDS.get(type(refusal))
    if named is None or input is None:
        return [] if field is None else field.split(".")
    way = named.split(".")
    for one in (input, *around):
        if way[0] in (names := names_of(one)):
            return way
        if (its := names.get("circumstances")) is not None and way[0] in names_of(its):
            return ["circumstances", *way]
    data = getattr(input, "data", None)
    if isinstance(data, dict) and (field is not None or named in data):
        return ["data", *way]
    return [] if field is None else way


def names_of(input: Any) -> dict[str, Any]:
    """The fields of an input by their names in GraphQL."""
    return {to_camel_case(field.name): getattr(input, field.name) for field in fields(input)}


def shown(context: Context, entries: Sequence[Entry]) -> list[HistoryEntry]:
    """Entries just recorded, as far as the reader may read them, with their texts."""
    seen = [entry for entry in entries if context.scope.sees(entry)]
    history.reveal(context.service.log, seen)
    context.effects.expect(seen)
    return seen  # type: ignore[return-value]


def last_of(taken: Taken) -> int:
    """The log index of the last entry of a step."""
    return taken.appended.first + taken.appended.count - 1


def answered(
    context: Context,
    input: Any,
    kind: type[Answer],
    take: Callable[[], Taken],
    read: Callable[[Sequence[Entry]], dict[str, Any]],
    always: Callable[[], dict[str, Any]] = dict,
) -> Answer:
    """Takes a step, waits until the views hold it, and answers with what `read` finds then.
    `always`: what is answered whether it was taken or not."""
    try:
        taken = take()
    except Refusal as refusal:
        return kind(errors=[refused(refusal, input)], **always())
    last = last_of(taken)
    result: dict[str, Any] = {}
    entries = shown(context, taken.entries)
    if taken.entries and context.service.wait_for(last):
        context.refresh()
        result = read(taken.entries)
    return kind(entries=entries, log_index=last, **result, **always())
