"""Steps by name, with what they carry as data, for whoever takes them by hand.

What a step carries is checked in as `steps.json`; it follows from the rows of `step_table.py`.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import EnumType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin
from uuid import UUID

import msgspec

from domain.casework import Case, CaseEvent, steps
from domain.docstrings import of_members
from domain.entry import Protected, RecommendationId, Stamp, text_chars_max
from domain.refusals import InvalidInput, valid, within
from workflows.procedure import Procedures, forms
from workflows.step import Step
from workflows.step_table import STEPS

JSON_SCHEMA = forms.JSON_SCHEMA


def by_name() -> dict[str, Step]:
    """The steps that are taken by name, on a recommendation."""
    return {name: row for name, row in STEPS.items() if row.by_name}


# --- What a step carries --------------------------------------------------------------------------


def _protected(type_: type, value: Any) -> Protected:
    if type_ is not Protected or not isinstance(value, str) or not value.strip():
        raise ValueError("Expected a text that says something")
    if len(value) > text_chars_max:
        raise ValueError(f"Expected a text of {text_chars_max:,} characters at most")
    return Protected(value)


# msgspec readies a type when it is first read; threads that meet it unready crash the process.
_READY = [msgspec.json.Decoder(row.data, dec_hook=_protected) for row in by_name().values()]


def read(step: str, said: Any) -> dict[str, Any]:
    """A step's data as arguments of its command, ids of other recommendations as they were given,
    and words as they are stored or as GraphQL spells them. Refuses what the step does not carry,
    and says where."""
    kind = STEPS[step].data
    try:
        data = msgspec.convert(_as_stored(said, kind), kind, dec_hook=_protected)
    except msgspec.ValidationError as error:
        told = f"`data` does not fit “{step}”: {str(error)[:300]}."
        raise InvalidInput(
            f"{told}{_valid_instead(kind, str(error))}", field=_place(str(error))
        ) from None
    return {name: getattr(data, name) for name in data.__struct_fields__}


def _as_stored(said: Any, hint: Any) -> Any:
    """What was said, each word of a word list as it is stored."""
    if get_origin(hint) is Annotated:
        return _as_stored(said, get_args(hint)[0])
    if isinstance(said, str) and isinstance(hint, EnumType):
        return getattr(hint.__members__.get(said), "value", said)
    if isinstance(said, dict) and isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        fields = {f.encode_name: f.type for f in msgspec.structs.fields(hint)}
        return {name: _as_stored(value, fields.get(name)) for name, value in said.items()}
    if isinstance(said, list) and get_origin(hint) in (tuple, list, Sequence):
        return [_as_stored(one, get_args(hint)[0]) for one in said]
    for one in get_args(hint) if get_origin(hint) in (Union, types.UnionType) else ():
        if (stored := _as_stored(said, one)) != said:
            return stored
    return said


def _place(error: str) -> str:
    """Where in `data` an error is that msgspec found: `data.parts.0.text`."""
    at = error.partition(" - at `$")[2].partition("[...]")[0].removesuffix("`")
    return "data" + re.sub(r"\[(\d+)\]", r".\1", at)


def _valid_instead(data: type[msgspec.Struct], error: str) -> str:
    """What would be valid where something else was said: the fields, or the values of one."""
    unknown = re.search("unknown field `(.*?)`", error)
    *_, at = re.findall(r"[.$](\w+)", error.partition(" - at `")[2]) or [""]
    field = next((f for f in msgspec.structs.fields(data) if f.encode_name == at), None)
    if unknown is not None and field is None:
        fields = (f.encode_name for f in msgspec.structs.fields(data))
        return f" {valid(fields, unknown[1])}"
    if field is None:
        return ""
    said = re.search("Invalid enum value '(.*?)'", error)
    kinds = [kind for kind in (field.type, *get_args(field.type)) if isinstance(kind, EnumType)]
    return " ".join(f" {valid(kind, said[1] if said else '')}" for kind in kinds)


_SPELLED = " The words of GraphQL are taken too, such as `MID_TERM_REPORT` for `mid-term-report`."


def json_schema(step: str) -> dict[str, Any]:
    """What a step that is taken by name carries, as JSON Schema (2020-12)."""

    def words(type_: type) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": text_chars_max}

    data = STEPS[step].data
    _, within = msgspec.json.schema_components([data], schema_hook=words)
    _say(within[data.__name__], data, STEPS[step].event)
    for struct in _structs_in(data):
        _say(within[struct.__name__], struct, struct)
    for name in STEPS[step].within:
        said = within[data.__name__]["properties"][name]
        for one in said.get("anyOf", [said]):
            if one["type"] == "integer":
                one["type"] = ["integer", "string"]
    for word_list in within.values():
        if "enum" in word_list:
            word_list["description"] += _SPELLED
    schema = {"$schema": JSON_SCHEMA, **within.pop(data.__name__)}
    return {**schema, "$defs": within} if within else schema


def _say(schema: dict[str, Any], struct: type[msgspec.Struct], of: type) -> None:
    """Says of each field what it means in `of`: what a step carries means what it means in the
    event."""
    meanings = of_members(of)
    for field in msgspec.structs.fields(struct):
        if field.name in meanings:
            schema["properties"][field.encode_name].setdefault("description", meanings[field.name])


def _structs_in(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """The structs that fields of a struct are made of."""
    within: list[Any] = [field.type for field in msgspec.structs.fields(struct)]
    for hint in within:
        within.extend(get_args(hint))
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield hint
            yield from _structs_in(hint)


# --- Taking one -----------------------------------------------------------------------------------


class Asked(NamedTuple):
    """A step somebody asks for: its command, ready to be given a recommendation and a stamp; the
    assignment it is about, and the progress report that it drafts again."""

    act: Callable[[Any, Stamp], CaseEvent]
    assignment: int | None = None
    report: int | None = None


def ask(procedures: Procedures, step: str, said: Any, find: Callable[[str], UUID]) -> Asked:
    """A step by its name, with what it carries: of those in the table, or of a State's own
    procedure. `find` gives the recommendation that an id names, where the speaker may see it."""
    if not isinstance(said, dict):
        raise InvalidInput("`data` is an object, with a value a field.", field="data")
    if step in STEPS:
        return _ask_by_hand(procedures, STEPS[step], said, find)

    def take(r: Case, stamp: Stamp) -> CaseEvent:
        form = procedures.of(r).specs[step].form
        return steps.take(r, stamp, step, forms.fill_in(form, said))

    return Asked(take)


def _ask_by_hand(
    procedures: Procedures, row: Step, said: Any, find: Callable[[str], UUID]
) -> Asked:
    if not row.by_name:
        raise InvalidInput(_otherwise(row))
    given = read(row.name, said)
    return Asked(
        lambda r, stamp: event_of(procedures, row, r, stamp, given, find),
        given.get("assignment"),
        given["report"] if row.redrafts else None,
    )


def event_of(
    procedures: Procedures,
    row: Step,
    r: Case,
    stamp: Stamp,
    given: Mapping[str, Any],
    find: Callable[[str], UUID],
) -> CaseEvent:
    """What the command of a step makes of its data; ids of other recommendations as they were
    given."""
    assert row.command is not None, row.name
    others: dict[str, RecommendationId] = {}
    for name in row.pointing:
        with within(name):
            others[name] = RecommendationId(find(given[name]))
    known = {"schemes": procedures.schemes()} if "schemes" in row.without else {}
    event: CaseEvent = row.command(r, stamp, **{**given, **others, **known})
    return event


def _otherwise(row: Step) -> str:
    """What takes a step that is not taken by name."""
    no = "not taken by name" if issubclass(row.on, Case) else "no step on a case"
    by = " or ".join(takers(row))
    return f"“{row.name}” is {no}" + (f": it is taken by {by}." if by else ".")


def takers(row: Step) -> list[str]:
    """What takes a step: mutations by their names, and what else does."""
    elsewhere = [row.elsewhere] if row.elsewhere else []
    return [*(f"`{mutation.name}`" for mutation in row.mutations), *elsewhere]


def schemas() -> str:
    """The JSON Schema of every step that is taken by hand, as the checked-in file has it."""
    every = {step: json_schema(step) for step in by_name()}
    return msgspec.json.format(msgspec.json.encode(every), indent=2).decode() + "\n"
