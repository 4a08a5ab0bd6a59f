"""Procedures in GraphQL: publishing and adopting a State's own, and taking any step of a procedure
by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from api.context import Context
from api.payloads import Payload, answered
from api.procedures import Gate, WorkflowDefinition, adoptions_in, definition_of, gate_of
from api.steps import (
    EntryInput,
    StepInput,
    StepPayload,
    answer,
    case_id,
    circumstances,
    command,
    numbered,
    other,
    recorded_late,
)
from domain.adoptions import DefinitionAdopted, DefinitionAdoptedForCases
from domain.entry import Entry, Visibility
from domain.workflow_definition import DefinitionPublished
from workflows import publishing
from workflows.desk import Deed, Taken
from workflows.procedure import gate
from workflows.steps import ask
from workflows.visibility import bounds

Request = Info[Context, None]


@strawberry.input
class PublishWorkflowDefinitionInput(EntryInput):
    addressee: str = strawberry.field(description="The State whose procedure it is.")
    text: str = strawberry.field(
        description="The definition, or an overlay on another, in YAML 1.2 or JSON."
    )


@strawberry.input
class AdoptWorkflowDefinitionInput(EntryInput):
    addressee: str = strawberry.field(description="The State that adopts it.")
    definition: str = strawberry.field(
        description="Its hash: of one that ships, or that this State has published."
    )


@strawberry.input
class TakeStepInput(StepInput):
    step: str = strawberry.field(description="The step's name in the recommendation's procedure.")
    data: JSON | None = strawberry.field(
        default=None,
        description="The data of the step, an object: the field `form` of the recommendation's "
        "`steps` lists its fields. Words may be spelled as in GraphQL (`MID_TERM_REPORT`) or as in "
        "the log (`mid-term-report`).",
    )


@strawberry.type(description="The procedure after the step, or the reasons for its refusal.")
class WorkflowDefinitionPayload(Payload):
    definition: WorkflowDefinition | None = strawberry.field(
        default=None, description="The definition, where it was published or adopted."
    )
    gate: Gate | None = strawberry.field(
        default=None, description="Findings of the gate, if a definition was to be published."
    )


@strawberry.type
class ProcedureMutation:
    @strawberry.mutation(
        description="Publishes a procedure that the gate lets through. It counts for nothing until "
        "it is adopted."
    )
    def publish_workflow_definition(
        self, info: Request, input: PublishWorkflowDefinitionInput
    ) -> WorkflowDefinitionPayload:
        context = info.context
        desk, source = context.service.desk, input.text.encode(errors="replace")
        reports: list[gate.Report] = []

        def examined() -> publishing.Examined:
            found = publishing.examine(
                desk.procedures, input.addressee, source, context.service.stopping.is_set
            )
            reports.append(found.report)
            return found

        def take() -> Taken:
            return publishing.publish(
                desk,
                context.principal,
                command(context, "publish-definition", input),
                circumstances(context, input, Visibility.PUBLIC),
                input.addressee,
                examined,
            )

        return _answer(context, input, take, reports)

    @strawberry.mutation(
        description="Whatever the State receives from now on starts under this procedure, for what "
        "it says it is for. What has started stays under what it started under."
    )
    def adopt_workflow_definition(
        self, info: Request, input: AdoptWorkflowDefinitionInput
    ) -> WorkflowDefinitionPayload:
        context = info.context

        def take() -> Taken:
            return publishing.adopt(
                context.service.desk,
                context.principal,
                command(context, "adopt-definition", input),
                circumstances(context, input, Visibility.PUBLIC),
                input.addressee,
                input.definition,
            )

        return _answer(context, input, take, [])

    @strawberry.mutation(
        description="Takes a step of the recommendation's procedure by its name. Those that every "
        "procedure has can be taken by mutations of their own too."
    )
    def take_step(self, info: Request, input: TakeStepInput) -> StepPayload:
        context = info.context
        desk = context.service.desk
        return answer(context, input, lambda: desk.do(context.principal, deed_of(context, input)))


def deed_of(context: Context, input: TakeStepInput) -> Deed:
    """What taking a step by its name does; refuses data that the step does not carry."""
    desk, principal = context.service.desk, context.principal
    input = numbered(input, input.step)
    said: Any = {} if input.data is None else input.data
    asked = ask(desk.procedures, input.step, said, lambda id: other(context, id))
    id = case_id(input.id)

    def make(held: Mapping[UUID, Any]) -> Sequence[Entry]:
        visibility = input.visibility or bounds(input.step).usual
        stamp = circumstances(context, input, visibility, input.part)
        return desk.make(
            principal,
            held[id],
            input.step,
            stamp,
            asked.act,
            expected_version=input.expected_version,
            assignment=asked.assignment,
            report=asked.report,
            late=recorded_late(input),
        )

    return Deed(command(context, input.step, input), input.step, (id,), make)


def _answer(
    context: Context,
    input: EntryInput,
    take: Callable[[], Taken],
    reports: list[gate.Report],
) -> WorkflowDefinitionPayload:
    """Takes a step; `reports` then has what the gate said, where it was asked."""

    def read(entries: Sequence[Entry]) -> dict[str, WorkflowDefinition]:
        (entry,) = entries
        event = entry.event
        assert isinstance(
            event, DefinitionPublished | DefinitionAdopted | DefinitionAdoptedForCases
        )
        sha256 = event.sha256 if isinstance(event, DefinitionPublished) else event.adopted
        found = context.service.desk.procedures.find(sha256, entry.addressee)
        assert found is not None, "it was recorded just now"
        adopted = lambda: adoptions_in(context)  # noqa: E731
        return {"definition": definition_of(found, context, adopted, entry.addressee)}

    return answered(
        context,
        input,
        WorkflowDefinitionPayload,
        take,
        read,
        lambda: {"gate": gate_of(reports[-1]) if reports else None},
    )
