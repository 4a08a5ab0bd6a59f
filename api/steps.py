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
from api.register import cases_of
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
from domain.recommendation import Recommendation as Aggregate
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


@strawberry.input
class Circumstances:
    command_id: str = strawberry.field(
        description="Yours to choose, new for every step. Sent again with the same input it gives "
        "the first result, so a lost answer can be asked for again."
    )
    effective_on: str | None = strawberry.field(
        default=None, description="When it was true in the world: 2025-04-08, 2025-04 or 2025."
    )
    effective_basis: enum_type(Basis) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="How that date is known; stated, where a date is given."
    )
    reason: str | None = strawberry.field(default=None, description="Why. It can be erased later.")
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


@strawberry.input
class BeginInput(Circumstances):
    addressee: str = strawberry.field(description="Code of the State or other addressee.")
    visibility: enum_type(Visibility) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="Who may read it."
    )


@strawberry.input
class StepInput(Circumstances):
    id: strawberry.ID = strawberry.field(description="The case, such as a recommendation.")
    expected_version: int = strawberry.field(
        description="The version you saw. If it has moved on, the step is refused."
    )
    visibility: enum_type(Visibility) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="Who may read the entry."
    )
    part: strawberry.ID | None = strawberry.field(
        default=None,
        metadata=within_case("RecommendationPart"),
        description="The part of the paragraph it is about, by its id or its number; the whole, if "
        "not given.",
    )
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


Said = TypeVar("Said", bound=StepInput)


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
    input: StepInput,
    act: Callable[[Aggregate, Stamp, Any], CaseEvent],
) -> StepPayload:
    """Takes a step on a recommendation; `act` is the aggregate's command, given what is said with
    numbers for ids (`numbered`)."""
    row = STEPS[name]

    def take() -> Taken:
        said: Any = numbered(input)
        return context.service.desk.take(
            context.principal,
            command(context, name, said),
            case_id(said.id),
            name,
            circumstances(context, said, said.visibility or bounds(name).usual, said.part),
            lambda r, stamp: act(r, stamp, said),
            expected_version=said.expected_version,
            assignment=said.assignment if row.assignment else None,
            report=said.report if row.redrafts else None,
            late=said.recorded_late,
        )

    return answer(context, input, take)


def numbered(input: Said) -> Said:
    """An input with numbers in place of ids of what is within its case, so that a command is the
    same whichever names that."""
    case = case_id(input.id)
    numbers: dict[str, Any] = {
        field.name: read_within(said, kind, case)
        for field in dataclasses.fields(input)
        if (kind := field.metadata.get("within")) and (said := getattr(input, field.name))
    }
    data = getattr(input, "data", None)
    if isinstance(data, dict) and (row := STEPS.get(getattr(input, "step", ""))):
        numbers["data"] = {
            name: read_within(said, row.within[name], case)
            if name in row.within and isinstance(said, str)
            else said
            for name, said in data.items()
        }
    return dataclasses.replace(input, **numbers)


def case_id(id: str) -> UUID:
    """The case that the field `id` names."""
    with within("id"):
        return read_case_id(id)


def answer(context: Context, input: Circumstances, take: Callable[[], Taken]) -> StepPayload:
    """Takes a step, and answers with its case as it stands then."""

    def read(entries: Sequence[Entry]) -> dict[str, Case | None]:
        rows = cases.by_ids(context.connection, context.scope, [entries[-1].stream])
        return {"case": next(iter(cases_of(context, [*rows.values()])), None)}

    return answered(context, input, StepPayload, take, read)


def command(context: Context, name: str, input: Circumstances) -> Command:
    """The command an input is: its id, and the digest of all it says."""
    said = dataclasses.asdict(input)
    for field in dataclasses.fields(input):
        if field.metadata.get("added_later") and said[field.name] == field.default:
            del said[field.name]
    return Command.of(input.command_id, context.principal, [name, said])


def circumstances(
    context: Context, input: Circumstances, visibility: Visibility, part: str | None = None
) -> Stamp:
    """The stamp an input asks for."""
    basis = input.effective_basis or (Basis.STATED if input.effective_on else Basis.UNKNOWN)
    if (input.effective_on is None) != (basis is Basis.UNKNOWN):
        raise InvalidInput(
            "An effective date is stated or inferred; no date is unknown.", field="effectiveBasis"
        )
    return Stamp(
        command=input.command_id,
        speaker=_speaker(context, input),
        effective=effective(input.effective_on, basis),
        visibility=visibility,
        source=None if input.source is None else _source(input.source),
        part=part,
        reason=protected(input.reason),
        history=authority_of(input.as_history, "asHistory")
        if isinstance(input, StepInput)
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


def _speaker(context: Context, input: Circumstances) -> Speaker:
    actor = input.actor and _short(input.actor, "actor")
    on_behalf_of = input.on_behalf_of and _short(input.on_behalf_of, "onBehalfOf")
    authority = authority_of(input.authority, "authority")
    principal = context.principal
    try:
        if actor is not None and principal.system is not None:
            check_known(context.service.log, principal, actor)
        return principal.speaker(actor, on_behalf_of, authority, cites=input.source is not None)
    except Refusal:
        if context.service.desk.recorded(input.command_id, principal):
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
