"""What is asked of more than the case: whose task it is, and who approves what."""

from __future__ import annotations

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from api.context import Context
from api.derive import read_id
from api.steps import ADDED_LATER, StepInput, StepPayload, other, step
from domain.casework import Case, CaseEvent
from domain.entry import Stamp
from workflows import casework

Request = Info[Context, None]


@strawberry.input
class TaskInput(StepInput):
    task: str = strawberry.field(description="The task's name in the recommendation's procedure.")


@strawberry.input
class ReleaseTaskInput(TaskInput):
    institution: str | None = strawberry.field(
        default=None,
        description="The person whose claim is released; by default your own. Only a "
        "coordinator may name another.",
    )


@strawberry.input
class DelegateInput(TaskInput):
    to: str = strawberry.field(description="The person of your institution, by pseudonym.")


@strawberry.input
class ApproveStepInput(StepInput):
    step: str = strawberry.field(
        description="The step that is approved, by its name; `cover` for the publication of a "
        "progress report of many."
    )
    data: JSON | None = strawberry.field(
        default=None,
        metadata=ADDED_LATER,
        description="What the step is to say, as `takeStep` takes it: the approval counts for just "
        "that. Of `cover`: the `report` by its id, and its `narrative`.",
    )


@strawberry.type
class CaseworkMutation:
    @strawberry.mutation(
        description="The person who speaks takes a task on; others of the same institution then "
        "leave its steps alone."
    )
    def claim_task(self, info: Request, input: TaskInput) -> StepPayload:
        who = info.context.principal
        return step(
            info.context,
            "claim-task",
            input,
            lambda case, stamp, said: casework.claim(who, case, stamp, said.task),
        )

    @strawberry.mutation(description="A claimed task is free again.")
    def release_task(self, info: Request, input: ReleaseTaskInput) -> StepPayload:
        who = info.context.principal
        return step(
            info.context,
            "release-task",
            input,
            lambda case, stamp, said: casework.release(
                who, case, stamp, said.task, said.institution
            ),
        )

    @strawberry.mutation(description="Another person of your institution does a task from now on.")
    def delegate(self, info: Request, input: DelegateInput) -> StepPayload:
        who = info.context.principal
        return step(
            info.context,
            "delegate-task",
            input,
            lambda case, stamp, said: casework.delegate(who, case, stamp, said.task, said.to),
        )

    @strawberry.mutation(
        description="Approves that a step be taken with just this data, where the procedure asks "
        "you for that; it counts until the step is taken, or what is approved changes."
    )
    def approve_step(self, info: Request, input: ApproveStepInput) -> StepPayload:
        context = info.context

        def act(case: Case, stamp: Stamp, said: ApproveStepInput) -> CaseEvent:
            return casework.approve(
                context.service.desk,
                context.principal,
                case,
                stamp,
                said.step,
                {} if said.data is None else said.data,
                lambda id: other(context, id),
                lambda id: read_id(id, "ProgressReport", "report"),
            )

        return step(context, "give-approval", input, act)
