"""Forms: what a step of a State's own procedure carries, field by field, checked against its
definition. A form has no patterns and no scripts, so checking it always ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.casework.event import StepDatum
from domain.entry import Protected, is_date, text_chars_max
from domain.refusals import InvalidInput, listed, valid
from workflows.procedure.definition import Field, FieldType, Unsound, label

number_max = (1 << 53) - 1
"""The largest whole number that JSON has in every program (RFC 8785)."""

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def fill_in(form: tuple[Field, ...], said: Mapping[str, Any]) -> tuple[StepDatum, ...]:
    """What somebody said, in the form's order. Refuses what the form does not ask for, and says of
    every field what is wrong with it."""
    unasked = sorted(said.keys() - {field.name for field in form})
    names = [field.name for field in form]
    wrong = [
        f"{name[:80]}: the form has no such field. {valid(names, name).rstrip('.')}"
        for name in unasked
    ]
    filled: list[StepDatum] = []
    for field in form:
        value = said.get(field.name)
        if value is None:
            if field.required:
                wrong.append(f"{field.name}: is required")
        elif why := _wrong(field, value):
            wrong.append(f"{field.name}: {why}")
        elif is_protected(field):
            filled.append(StepDatum(field=field.name, words=Protected(value)))
        else:
            filled.append(StepDatum(field=field.name, value=value))
    if wrong:
        first = wrong[0].partition(": ")[0]
        raise InvalidInput(
            f"The form is not filled in rightly. {'; '.join(wrong)}.", field=f"data.{first}"
        )
    return tuple(filled)


def is_protected(field: Field) -> bool:
    """True for free text that its form does not call public."""
    return field.type is FieldType.TEXT and not field.public


def json_schema(form: tuple[Field, ...], language: str = "en") -> dict[str, Any]:
    """A form as JSON Schema (2020-12), with titles in `language`, else in English."""
    return {
        "$schema": JSON_SCHEMA,
        "type": "object",
        "properties": {
            field.name: {
                "title": label(field.labels, language, field.name),
                **_values(field, language),
            }
            for field in form
        },
        "required": [field.name for field in form if field.required],
        "additionalProperties": False,
    }


def check(form: tuple[Field, ...], where: str) -> None:
    """Refuses a form that can't be filled in, or says a thing twice. Raises Unsound."""
    seen: set[str] = set()
    for n, field in enumerate(form):
        here = f"{where}[{n}]"
        if field.name in seen:
            raise Unsound("field-twice", f"There are two fields {field.name}.", here)
        seen.add(field.name)
        ids = [choice.id for choice in field.choices]
        if (field.type is FieldType.CHOICE) != bool(ids) or len(set(ids)) < len(ids):
            raise Unsound("choices-wrong", "A choice, and only that, has choices, once each.", here)
        bounded = field.type is FieldType.NUMBER
        if (field.least is not None and not bounded) or (
            field.most is not None and not bounded and field.type is not FieldType.TEXT
        ):
            raise Unsound("bounds-wrong", "Only numbers and texts are bounded.", here)
        if not _least(field) <= _most(field):
            raise Unsound("bounds-wrong", "Nothing lies between these bounds.", here)


def _least(field: Field) -> int:
    usual = 1 if field.type is FieldType.TEXT else -number_max
    return usual if field.least is None else max(field.least, -number_max)


def _most(field: Field) -> int:
    usual = text_chars_max if field.type is FieldType.TEXT else number_max
    return usual if field.most is None else min(field.most, usual)


def _wrong(field: Field, value: Any) -> str | None:
    """What is wrong with a value; None if nothing is."""
    match field.type:
        case FieldType.FLAG:
            return None if isinstance(value, bool) else "is true or false"
        case FieldType.NUMBER:
            fits = isinstance(value, int) and not isinstance(value, bool)
            if fits and _least(field) <= value <= _most(field):
                return None
            return f"is a whole number from {_least(field)} to {_most(field)}"
        case FieldType.DAY:
            fits = isinstance(value, str) and len(value) == 10 and is_date(value)
            return None if fits else "is a day, as in 2025-04-08"
        case FieldType.CHOICE:
            ids = [choice.id for choice in field.choices]
            return None if value in ids else f"is one of {listed(ids)}"
        case FieldType.TEXT:
            fits = isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= _most(field)
            return None if fits else f"is a text of 1 to {_most(field):,} characters"


def _values(field: Field, language: str) -> dict[str, Any]:
    match field.type:
        case FieldType.FLAG:
            return {"type": "boolean"}
        case FieldType.NUMBER:
            return {"type": "integer", "minimum": _least(field), "maximum": _most(field)}
        case FieldType.DAY:
            return {"type": "string", "format": "date"}
        case FieldType.CHOICE:
            return {
                "oneOf": [
                    {"const": choice.id, "title": label(choice.labels, language, choice.id)}
                    for choice in field.choices
                ]
            }
        case FieldType.TEXT:
            return {"type": "string", "minLength": 1, "maxLength": _most(field)}
