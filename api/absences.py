"""Absences in GraphQL: who is away from an institution, and who stands in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from api.context import Context, Reading
from api.derive import struct_type
from api.describing import arg
from api.joining import InstitutionType, institution_named
from api.looking_back import AsOf, look
from api.payloads import Payload, answered
from api.steps import EntryInput, circumstances, command
from domain import absence
from domain.absence import AbsenceHeld, Absences, absences_id
from domain.refusals import NotFound
from projections import register
from workflows.access import absences_of, speaking
from workflows.desk import Taken
from workflows.visibility import bounds

AbsenceType: Any = struct_type(AbsenceHeld)


@strawberry.type(
    description="Absences of persons of an institution. Persons are named by pseudonym."
)
class InstitutionAbsences:
    reading: strawberry.Private[Reading]
    addressee: str
    institution_code: str
    """Code of the institution whose persons are away."""
    version: int = strawberry.field(
        description="0, where nothing was said yet. Send it back as expectedVersion."
    )
    absences: list[AbsenceType] = strawberry.field(
        description="Those that stand, past ones among them; `version` is an absence's id."
    )

    @strawberry.field(description="The institution; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        return institution_named(self.reading, self.addressee, self.institution_code)


@strawberry.input
class AbsencesInput(EntryInput):
    addressee: str = strawberry.field(description="The State whose institution it is.")
    expected_version: int = strawberry.field(
        default=0, description="The version you saw; 0, where nothing was said yet."
    )


@strawberry.input
class DeclareAbsenceInput(AbsencesInput):
    absent: str = strawberry.field(description="The person who is away, by pseudonym.")
    substitute: str = strawberry.field(description="The substitute.")
    since: str = strawberry.field(description="The first day: 2026-08-03.")
    until: str = strawberry.field(description="The last day.")


@strawberry.input
class EndAbsenceInput(AbsencesInput):
    absence: int = strawberry.field(description="The absence's id.")


@strawberry.type(
    description="Absences of an institution after a step, or the reasons for its refusal."
)
class AbsencesPayload(Payload):
    absences: InstitutionAbsences | None = strawberry.field(
        default=None,
        description="As they stand after the step; null when refused, or when the views took too "
        "long.",
    )


@strawberry.type
class AbsenceQuery:
    @strawberry.field(description="Absent persons of your institution, and their substitutes.")
    def absences(
        self,
        info: Info[Context, None],
        addressee: Annotated[str, arg("Code of the State whose institution you work for.")],
        as_of: AsOf | None = None,
    ) -> InstitutionAbsences:
        institution = absences_of(info.context.principal, addressee)
        return _absences(look(info.context, as_of, None, [addressee]), addressee, institution)


@strawberry.type
class AbsenceMutation:
    @strawberry.mutation(
        description="A person of your institution is away and another stands in: takes the steps "
        "of tasks that the first has claimed, as himself."
    )
    def declare_absence(
        self, info: Info[Context, None], input: DeclareAbsenceInput
    ) -> AbsencesPayload:
        return _take(
            info.context,
            "declare-absence",
            input,
            lambda held, stamp: absence.declare(
                stamp,
                held,
                absent=input.absent,
                substitute=input.substitute,
                since=input.since,
                until=input.until,
            ),
        )

    @strawberry.mutation(description="A person of your institution is back, or is not going.")
    def end_absence(self, info: Info[Context, None], input: EndAbsenceInput) -> AbsencesPayload:
        def act(held: Absences | None, stamp: Any) -> Any:
            if held is None:
                raise NotFound("Nobody is away.")
            return held.end(stamp, input.absence)

        return _take(info.context, "end-absence", input, act)


def _take(
    context: Context, step: str, input: AbsencesInput, act: Callable[[Absences | None, Any], Any]
) -> AbsencesPayload:
    return answered(
        context,
        input,
        AbsencesPayload,
        lambda: _taken(context, step, input, act),
        lambda _: {"absences": _absences(context, input.addressee, speaking(context.principal))},
    )


def _taken(
    context: Context, step: str, input: AbsencesInput, act: Callable[[Absences | None, Any], Any]
) -> Taken:
    stamp = circumstances(context, input, bounds(step).usual)
    return context.service.desk.go_on(
        context.principal,
        command(context, step, input),
        absences_id(input.addressee, speaking(context.principal)),
        Absences,
        step,
        lambda held: [act(held, stamp)],
        expected_version=input.expected_version,
        addressee=input.addressee,
    )


def _absences(reading: Reading, addressee: str, institution: str) -> InstitutionAbsences:
    row = register.absences.by_id(
        reading.connection, reading.scope, absences_id(addressee, institution)
    )
    return InstitutionAbsences(
        reading=reading,
        addressee=addressee,
        institution_code=institution,
        version=row.state.version if row else 0,
        absences=list(row.state.declared) if row else [],
    )
