"""What all mutations share: the input every step takes, the payload it gives, and the way between.

A mutation is one command: it names the step, and calls the aggregate's command. Refusals come back
as data, with stable codes; nothing was recorded then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from api.cases import Case
from api.context import Context
from api.derive import enum_type, read_case_id, read_id, read_within
from api.payloads import Payload, answered
from api.recommendations import MayBeRecommendation
from api.registered import cases_of
from domain.casework import CaseEvent
from domain.entry import (
    Authority,
    AuthorityKind,
    Basis,
    Entry,
    Protected,
    Source,
    Speaker,
    Stamp,
    Visibility,
    dated,
    effective,
)
from domain.refusals import InvalidInput, LimitExceeded, Refusal, within
from projections import cases
from workflows.desk import Command, Taken
from workflows.persons import check_known
from workflows.step_table import STEPS
from workflows.visibility import bounds

name_chars_max = 200

ADDED_LATER = {"added_later": True}
"""Metadata of a field that an input got after clients had sent it: without the field it is the
command that it was, so what was sent before an update may be sent again after it."""


def within_case(kind: str) -> dict[str, str]:
    """Metadata of a field that names something within the case, by its id or its number."""
    return {"within": kind}


@strawberry.input(description="By what authority somebody speaks.")
class AuthorityInput:
    kind: enum_type(AuthorityKind)  # type: ignore[valid-type]
    """Whether it is lasting, a single decision, or lent."""
    reference: str = strawberry.field(description="The decision, mandate or delegation, by name.")
    scope: str | None = strawberry.field(default=None, description="What it covers.")
    since: str | None = strawberry.field(default=None, description="From which day it holds.")
    until: str | None = strawberry.field(default=None, description="To which day it holds.")


@strawberry.input(description="The document a fact is taken from.")
class SourceInput:
    document: str = strawberry.field(description="Its UN symbol, or another reference.")
    paragraph: str | None = strawberry.field(default=None, description="Paragraph, as printed.")
    language: str | None = strawberry.field(default=None, description="BCP 47 tag.")
    sha256: str | None = strawberry.field(default=None, description="Hex digest of the file.")


@strawberry.input(
    description="How an entry is known, who speaks, and by what authority. All of it may be left "
    "out."
)
class CircumstancesInput:
    effective_basis: enum_type(Basis) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="How `effectiveOn` is known; stated, where a date is given."
    )
    source: SourceInput | None = None
    """The document that it is taken from."""
    actor: str | None = strawberry.field(
        default=None,
        description="A system's key names here the person it acts for, by pseudonym: one "
        "who is registered (`registerPerson`) for its institution.",
    )
    on_behalf_of: str | None = strawberry.field(
        default=None,
        description="On behalf of whom: an institution that the key represents, its own if not "
        "given. Whoever enters what others have said names any, with the `source`.",
    )
    authority: AuthorityInput | None = strawberry.field(
        default=None,
        description="By what authority, none that goes further than the key's own; that, if not "
        "given.",
    )


@strawberry.input(
    description="How the entry of a step on a case is known, who speaks, by what authority, and "
    "whether it comes late. All of it may be left out."
)
class StepCircumstancesInput(CircumstancesInput):
    recorded_late: bool = strawberry.field(
        default=False,
        metadata=ADDED_LATER,
        description="It was true by `effectiveOn`, before a deadline passed, and is recorded "
        "after. What the clock did since stays in history and counts no more; needs a reason.",
    )
    as_history: AuthorityInput | None = strawberry.field(
        default=None,
        metadata=ADDED_LATER,
        description="By what authority it is recorded as history: it happened outside the "
        "procedure, on `effectiveOn`, and `source` tells it. Open states, roles and other eyes are "
        "not asked; it is a right of its own, `record-history`.",
    )


@strawberry.input
class EntryInput:
    command_id: str = strawberry.field(
        description="Yours to choose, new for every step. Sent again with the same input it gives "
        "the first result, so a lost answer can be asked for again."
    )
    effective_on: str | None = strawberry.field(
        default=None, description="When it was true in the world: 2025-04-08, 2025-04 or 2025."
    )
    reason: str | None = strawberry.field(default=None, description="Why. It can be erased later.")
    circumstances: CircumstancesInput | None = None
    """How it is known, who speaks, and by what authority."""


@strawberry.input
class BeginInput(EntryInput):
    addressee: str = strawberry.field(description="Code of the State or other addressee.")
    visibility: enum_type(Visibility) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="Who may read it."
    )


@strawberry.input
class WholeStepInput(EntryInput):
    circumstances: StepCircumstancesInput | None = None
    """How it is known, who speaks, by what authority, and whether it comes late."""
    id: strawberry.ID = strawberry.field(description="The case, such as a recommendation.")
    expected_version: int = strawberry.field(
        description="The version you saw. If it has moved on, the step is refused."
    )
    visibility: enum_type(Visibility) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="Who may read the entry."
    )


@strawberry.input
class StepInput(WholeStepInput):
    part: strawberry.ID | None = strawberry.field(
        default=None,
        metadata=within_case("RecommendationPart"),
        description="The part of the paragraph it is about, by its id or its number; the whole, if "
        "not given.",
    )


Said = TypeVar("Said", bound=WholeStepInput)


@strawberry.type(description="What a step led to: an entry or more, or the reasons it was refused.")
class StepPayload(MayBeRecommendation, Payload):
    case: Case | None = strawberry.field(
        default=None,
        description="As it stands after the step; null when refused, or when the views took too "
        "long: then it can be read once they have reached logIndex.",
    )


def step(
    context: Context,
    name: str,
    input: WholeStepInput,
    act: Callable[[Any, Stamp, Any], CaseEvent],
) -> StepPayload:
    """Takes a step on a recommendation; `act` is the aggregate's command, given what is said with
    numbers for ids (`numbered`)."""
    row = STEPS[name]

    def take() -> Taken:
        said: Any = numbered(input, getattr(input, "step", name))
        return context.service.desk.take(
            context.principal,
            command(context, name, said),
            case_id(said.id),
            name,
            circumstances(
                context, said, said.visibility or bounds(name).usual, getattr(said, "part", None)
            ),
            lambda r, stamp: act(r, stamp, said),
            expected_version=said.expected_version,
            assignment=said.assignment if row.assignment else None,
            report=said.report if row.redrafts else None,
            late=recorded_late(said),
        )

    return answer(context, input, take)


def numbered(input: Said, name: str) -> Said:
    """The input of a step, or of what is about that step, with numbers in place of ids of what is
    within its case, so that a command is the same whichever names that."""
    row, case, data = STEPS.get(name), case_id(input.id), getattr(input, "data", None)
    data = data if isinstance(data, dict) else {}
    has_part = case
    if row is not None and row.part_of:
        named = getattr(input, row.part_of, data.get(row.part_of))
        has_part = read_id(named) if isinstance(named, str) else case
    numbers: dict[str, Any] = {
        field.name: read_within(said, kind, has_part if field.name == "part" else case)
        for field in dataclasses.fields(input)
        if (kind := field.metadata.get("within")) and (said := getattr(input, field.name))
    }
    if data and row is not None:
        numbers["data"] = {
            field: read_within(said, row.within[field], case)
            if field in row.within and isinstance(said, str)
            else said
            for field, said in data.items()
        }
    return dataclasses.replace(input, **numbers)


def case_id(id: str) -> UUID:
    """The case that the field `id` names."""
    with within("id"):
        return read_case_id(id)


def answer(context: Context, input: EntryInput, take: Callable[[], Taken]) -> StepPayload:
    """Takes a step, and answers with its case as it stands then."""

    def read(entries: Sequence[Entry]) -> dict[str, Case | None]:
        rows = cases.by_ids(context.connection, context.scope, [entries[-1].stream])
        return {"case": next(iter(cases_of(context, [*rows.values()])), None)}

    return answered(context, input, StepPayload, take, read)


def command(context: Context, name: str, input: EntryInput) -> Command:
    """The command an input is: its id, and the digest of all it says."""
    return Command.of(input.command_id, context.principal, [name, all_said(input)])


def all_said(input: EntryInput) -> dict[str, Any]:
    """What makes a command of an input: all that it says. What stands in its circumstances stood
    beside them once, and every step had a part; both count as if it were so still, so that what was
    sent before an update may be sent again after it."""
    said = {**_digested(input), **_digested(_circumstances(input))}
    del said["circumstances"]
    return {"part": None, **said} if isinstance(input, WholeStepInput) else said


def one_of(input: EntryInput, command_id: str, reason: str | None = None) -> EntryInput:
    """What an input with many steps says of one of them, which is a command of its own."""
    return EntryInput(
        command_id=command_id,
        effective_on=input.effective_on,
        reason=reason or input.reason,
        circumstances=input.circumstances,
    )


def _digested(input: Any) -> dict[str, Any]:
    said = dataclasses.asdict(input)
    for field in dataclasses.fields(input):
        if field.metadata.get("added_later") and said[field.name] == field.default:
            del said[field.name]
    return said


def _circumstances(input: EntryInput) -> CircumstancesInput:
    if input.circumstances is not None:
        return input.circumstances
    return StepCircumstancesInput() if isinstance(input, WholeStepInput) else CircumstancesInput()


def recorded_late(input: WholeStepInput) -> bool:
    """True where what is said was true before a deadline passed, and is recorded after."""
    its = input.circumstances
    return isinstance(its, StepCircumstancesInput) and its.recorded_late


def circumstances(
    context: Context, input: EntryInput, visibility: Visibility, part: str | None = None
) -> Stamp:
    """The stamp an input asks for."""
    its = _circumstances(input)
    basis = its.effective_basis or (Basis.STATED if input.effective_on else Basis.UNKNOWN)
    if (input.effective_on is None) != (basis is Basis.UNKNOWN):
        raise InvalidInput(
            "An effective date is stated or inferred; no date is unknown.", field="effectiveBasis"
        )
    return Stamp(
        command=input.command_id,
        speaker=_speaker(context, input.command_id, its),
        effective=effective(input.effective_on, basis),
        visibility=visibility,
        source=None if its.source is None else _source(its.source),
        part=part,
        reason=protected(input.reason),
        history=authority_of(its.as_history, "asHistory")
        if isinstance(its, StepCircumstancesInput)
        else None,
    )


def protected(text: str | None) -> Protected | None:
    """A protected text, None where nothing was said."""
    return Protected(text) if text and text.strip() else None


def required(text: str, what: str) -> Protected:
    """A protected text that must say something."""
    if not text.strip():
        raise InvalidInput(f"{what} says something; it is empty.")
    return Protected(text)


def other(context: Context, id: str) -> UUID:
    """Another recommendation that an input points to; refuses one this reader can't see."""
    return context.service.desk.load(read_id(id), context.principal).id


def _speaker(context: Context, command_id: str, its: CircumstancesInput) -> Speaker:
    actor = its.actor and _short(its.actor, "actor")
    on_behalf_of = its.on_behalf_of and _short(its.on_behalf_of, "onBehalfOf")
    authority = authority_of(its.authority, "authority")
    principal = context.principal
    try:
        if actor is not None and principal.system is not None:
            check_known(context.service.log, principal, actor)
        return principal.speaker(actor, on_behalf_of, authority, cites=its.source is not None)
    except Refusal:
        if context.service.desk.recorded(command_id, principal):
            return principal.speaker()  # the desk gives the first result
        raise


def authority_of(given: AuthorityInput | None, field: str) -> Authority | None:
    """An authority as it was given in a field; None where none was."""
    if given is None:
        return None
    dated(given.since, f"{field}.since")
    dated(given.until, f"{field}.until")
    return Authority(
        kind=given.kind,
        reference=_short(given.reference, f"{field}.reference"),
        scope=given.scope and _short(given.scope, f"{field}.scope"),
        since=given.since,
        until=given.until,
    )


def _source(given: SourceInput) -> Source:
    return Source(
        document=_short(given.document, "source.document"),
        paragraph=given.paragraph and _short(given.paragraph, "source.paragraph"),
        language=given.language and _short(given.language, "source.language"),
        sha256=given.sha256 and _short(given.sha256, "source.sha256"),
    )


def _short(name: str, field: str) -> str:
    if not name.strip():
        raise InvalidInput(f"`{field}`: a name or number is missing; it is empty.", field=field)
    if len(name) > name_chars_max:
        raise LimitExceeded(
            f"`{field}`: a name may have {name_chars_max} characters: “{name[:40]}…”.", field=field
        )
    return name
