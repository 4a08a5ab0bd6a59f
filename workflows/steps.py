"""Steps by name, with what they carry as data: one table of the steps that people take on a
recommendation by hand.

What a step's data may be is read from the signature of its command, once, by `_data_of`; what comes
of that is checked in as `steps.json`. To add a step is to add a row to `BY_HAND`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from enum import EnumType
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.addressees import recognise
from domain.casework import CaseEvent
from domain.entry import Protected, RecommendationId, Stamp, text_chars_max
from domain.events import (
    Alias,
    AliasWithdrawn,
    Corrected,
    Part,
    PartText,
    Recommender,
    Text,
    TextAdded,
)
from domain.recommendation import Recommendation, parts_max
from domain.refusals import InvalidInput, LimitExceeded, valid
from domain.words import CorrectionKind, TextStatus
from workflows.access import MAY
from workflows.procedure import Procedures, forms

JSON_SCHEMA = forms.JSON_SCHEMA

# --- Commands whose data is shaped otherwise than the aggregate takes it --------------------------


class PartSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A part of a paragraph: its text, and the States that made it, as printed."""

    text: str
    recommending_states: tuple[str, ...] = ()


def parts_of(said: Sequence[PartSaid]) -> tuple[tuple[Part, ...], tuple[PartText, ...]]:
    """Parts and their texts, numbered in order; States are recognised by their names."""
    if len(said) > parts_max:
        raise LimitExceeded(f"A paragraph has at most {parts_max} parts.")
    parts = tuple(
        Part(
            id=str(i),
            recommenders=tuple(
                Recommender(printed=name, code=recognise(name)) for name in part.recommending_states
            ),
        )
        for i, part in enumerate(said, start=1)
    )
    return parts, tuple(PartText(part=str(i), text=p.text) for i, p in enumerate(said, start=1))


def add_text(
    r: Recommendation,
    stamp: Stamp,
    language: str,
    texts: tuple[str, ...],
    status: TextStatus = TextStatus.TRANSLATION,
) -> TextAdded:
    """A text in a further language, or a better one: a wording for each part, in order."""
    _, parts = parts_of([PartSaid(text=text) for text in texts])
    return r.add_text(stamp, Text(language=language, status=status, parts=parts))


def correct(
    r: Recommendation,
    stamp: Stamp,
    correction: CorrectionKind,
    language: str,
    parts: tuple[PartSaid, ...],
) -> Corrected:
    """Puts a text, or the parts with their States, right: all parts as they should read. Without
    recommending States those stay."""
    corrected, texts = parts_of(parts)
    named = any(part.recommenders for part in corrected)
    held = r.texts.get(language)
    status = held.status if held else TextStatus.OFFICIAL
    return r.correct(
        stamp,
        correction,
        text=Text(language=language, status=status, parts=texts),
        parts=corrected if named and corrected != r.parts else None,
    )


def withdraw_alias(r: Recommendation, stamp: Stamp, scheme: str, value: str) -> AliasWithdrawn:
    """Takes back another system's id that is not its own."""
    return r.withdraw_alias(stamp, Alias(scheme=scheme, value=value))


# --- The table -----------------------------------------------------------------------------------


class ByHand(NamedTuple):
    """How a step is taken by hand: the command, whose parameters are the step's data but for those
    it goes `without`; whether its `report` names a progress report that it drafts again. A
    parameter `assignment` is the one the step is about."""

    command: Callable[..., CaseEvent]
    redrafts: bool = False
    without: frozenset[str] = frozenset()


BY_HAND: dict[str, ByHand] = {
    "add-text": ByHand(add_text),
    "correct": ByHand(correct),
    "strike": ByHand(Recommendation.strike),
    "renumber": ByHand(Recommendation.renumber),
    "identify": ByHand(Recommendation.identify),
    "withdraw-alias": ByHand(withdraw_alias),
    "classify": ByHand(Recommendation.classify),
    "declassify": ByHand(Recommendation.declassify),
    "take-position": ByHand(Recommendation.take_position, without=frozenset({"doubt"})),
    "defer-position": ByHand(Recommendation.defer_position),
    "comment": ByHand(Recommendation.comment),
    "select-for-follow-up": ByHand(Recommendation.select_for_follow_up),
    "offer-assignment": ByHand(Recommendation.offer_assignment),
    "decree-assignment": ByHand(Recommendation.decree_assignment),
    "accept-assignment": ByHand(Recommendation.accept_assignment),
    "decline-assignment": ByHand(Recommendation.decline_assignment),
    "lapse-assignment": ByHand(Recommendation.lapse_assignment),
    "hand-over-assignment": ByHand(Recommendation.hand_over_assignment),
    "end-assignment": ByHand(Recommendation.end_assignment),
    "plan": ByHand(Recommendation.plan),
    "draft-progress": ByHand(Recommendation.draft_progress, redrafts=True),
    "clear-progress": ByHand(Recommendation.clear_progress),
    "publish-progress": ByHand(Recommendation.publish_progress),
    "assess": ByHand(Recommendation.assess, without=frozenset({"schemes"})),
    "declare-implemented": ByHand(Recommendation.declare_implemented),
    "report": ByHand(Recommendation.report),
    "link": ByHand(Recommendation.link),
    "withdraw-link": ByHand(Recommendation.withdraw_link),
    "declare-duplicate": ByHand(Recommendation.declare_duplicate),
    "undo-duplicate": ByHand(Recommendation.undo_duplicate),
    "continue": ByHand(Recommendation.continue_into),
    "close": ByHand(Recommendation.close),
    "reopen": ByHand(Recommendation.reopen),
    "suspend": ByHand(Recommendation.suspend),
    "resume": ByHand(Recommendation.resume),
    "extend-deadline": ByHand(Recommendation.extend_deadline),
}
"""Step → how it is taken by hand."""

OTHERWISE = {
    "receive": "“receive” begins a recommendation: by `receiveRecommendation`, or by an import.",
    "import": "“import” is no step on one recommendation: `startImport` reads a whole file.",
    "fill-in-worklist": "“fill-in-worklist” is taken by importing a worklist: `startImport`.",
    "record-history": "History is recorded by the step that it was, with `asHistory`, or by "
    "`startImport`.",
    "claim-task": "A task is claimed by `claimTask`.",
    "release-task": "A task is released by `releaseTask`.",
    "delegate-task": "A task is delegated by `delegate`.",
    "remark": "A remark is made by `remark`.",
    "give-approval": "A step is approved by `approveStep`.",
    "suspend-deadline": "One deadline rests by `suspendDeadline`.",
    "resume-deadline": "One deadline runs again by `resumeDeadline`.",
    "retry-timers": "The clock tries again by `retryTimers`.",
    "migrate": "A case goes over to another procedure by `migrateCases`.",
    "cover": "“cover” is taken by publishing a progress report that covers it: `publishReport`.",
}
"""Steps that can't be taken by name, and what takes them."""

# --- What a step carries --------------------------------------------------------------------------

Number = Annotated[int, Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
"""A whole number as GraphQL has it: views and other programs count on no larger ones."""

Another = Annotated[str, Meta(max_length=100, description="The id of a recommendation.")]

_READ_AS = {int: Number, RecommendationId: Another}


def _data_of(step: str, way: ByHand) -> type[msgspec.Struct]:
    """The type of a step's data, from its command's parameters behind recommendation and stamp:
    the same names in camel case, and the same types. What may be None may be left out."""

    def read_as(hint: Any) -> Any:
        if get_origin(hint) in (Union, UnionType):
            return reduce(or_, map(read_as, get_args(hint)))
        return _READ_AS.get(hint, hint)

    hints = get_type_hints(way.command)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, parameter in list(inspect.signature(way.command).parameters.items())[2:]:
        if name in way.without:
            continue
        if parameter.default is not parameter.empty:
            fields.append((name, read_as(hints[name]), parameter.default))
        elif NoneType in get_args(hints[name]):
            fields.append((name, read_as(hints[name]), None))
        else:
            fields.append((name, read_as(hints[name])))
    return msgspec.defstruct(
        "".join(word.capitalize() for word in step.split("-")),
        fields,
        namespace={"__doc__": " ".join((way.command.__doc__ or "").split())},
        rename="camel",
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
    )


DATA: dict[str, type[msgspec.Struct]] = {step: _data_of(step, way) for step, way in BY_HAND.items()}

POINTING: dict[str, tuple[str, ...]] = {
    step: tuple(
        name
        for name, hint in get_type_hints(BY_HAND[step].command).items()
        if hint is RecommendationId and name in data.__struct_fields__
    )
    for step, data in DATA.items()
}
"""The fields of a step's data that name other recommendations."""


def _protected(type_: type, value: Any) -> Protected:
    if type_ is not Protected or not isinstance(value, str) or not value.strip():
        raise ValueError("Expected a text that says something")
    if len(value) > text_chars_max:
        raise ValueError(f"Expected a text of {text_chars_max:,} characters at most")
    return Protected(value)


# msgspec readies a type when it is first read; threads that meet it unready crash the process.
_READY = [msgspec.json.Decoder(data, dec_hook=_protected) for data in DATA.values()]


def read(step: str, said: Any) -> dict[str, Any]:
    """A step's data as arguments of its command, ids of other recommendations as they were given.
    Refuses what the step does not carry, and says where."""
    try:
        data = msgspec.convert(said, DATA[step], dec_hook=_protected)
    except msgspec.ValidationError as error:
        told = f"`data` does not fit “{step}”: {str(error)[:300]}."
        raise InvalidInput(f"{told}{_valid_instead(DATA[step], str(error))}") from None
    return {name: getattr(data, name) for name in data.__struct_fields__}


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


def json_schema(step: str) -> dict[str, Any]:
    """What a step of `BY_HAND` carries, as JSON Schema (2020-12)."""

    def words(type_: type) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": text_chars_max}

    data = DATA[step]
    _, within = msgspec.json.schema_components([data], schema_hook=words)
    schema = {"$schema": JSON_SCHEMA, **within.pop(data.__name__)}
    return {**schema, "$defs": within} if within else schema


# --- Taking one -----------------------------------------------------------------------------------


class Asked(NamedTuple):
    """A step somebody asks for: its command, ready to be given a recommendation and a stamp; the
    assignment it is about, and the progress report that it drafts again."""

    act: Callable[[Recommendation, Stamp], CaseEvent]
    assignment: int | None = None
    report: int | None = None


def ask(procedures: Procedures, step: str, said: Any, find: Callable[[str], UUID]) -> Asked:
    """A step by its name, with what it carries: of those in the table, or of a State's own
    procedure. `find` gives the recommendation that an id names, where the speaker may see it."""
    if not isinstance(said, dict):
        raise InvalidInput("`data` is an object, with a value a field.")
    if step in BY_HAND:
        return _ask_by_hand(procedures, step, read(step, said), find)
    if step in MAY:
        otherwise = f"“{step}” is no step on a recommendation: it has a mutation of its own."
        raise InvalidInput(OTHERWISE.get(step, otherwise))

    def take(r: Recommendation, stamp: Stamp) -> CaseEvent:
        form = procedures.of(r).specs[step].form
        return r.take_step(stamp, step, forms.fill_in(form, said))

    return Asked(take)


def _ask_by_hand(
    procedures: Procedures, step: str, given: dict[str, Any], find: Callable[[str], UUID]
) -> Asked:
    way = BY_HAND[step]

    def take(r: Recommendation, stamp: Stamp) -> CaseEvent:
        others = {name: RecommendationId(find(given[name])) for name in POINTING[step]}
        known = {"schemes": procedures.schemes()} if step == "assess" else {}
        return way.command(r, stamp, **{**given, **others, **known})

    return Asked(take, given.get("assignment"), given["report"] if way.redrafts else None)


def schemas() -> str:
    """The JSON Schema of every step that is taken by hand, as the checked-in file has it."""
    every = {step: json_schema(step) for step in BY_HAND}
    return msgspec.json.format(msgspec.json.encode(every), indent=2).decode() + "\n"
