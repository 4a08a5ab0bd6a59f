"""What is asked of more than the case: whose task it is, and who approves what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from api.context import Context
from api.derive import read_id
from api.steps import ADDED_LATER, StepInput, StepPayload, other, step
from domain import progress_report
from domain.casework import CaseEvent, approvals, tasks
from domain.casework.tasks import TaskClaimed, TaskDelegated, TaskEvent, TaskReleased
from domain.entry import Protected, Stamp
from domain.recommendation import Recommendation
from domain.refusals import InvalidInput
from workflows.access import authorise_release, authorise_task
from workflows.procedure.four_eyes import Said, authorise_approval, looks_at, said_by, said_of
from workflows.steps import ask

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
        def act(r: Recommendation, stamp: Stamp, said: TaskInput) -> TaskClaimed:
            return tasks.claim(r, stamp, said.task)

        return step(info.context, "claim-task", input, _own(info.context, act))

    @strawberry.mutation(description="A claimed task is free again.")
    def release_task(self, info: Request, input: ReleaseTaskInput) -> StepPayload:
        context = info.context
        principal = context.principal
        whose = input.institution or principal.institution

        def act(r: Recommendation, stamp: Stamp, said: TaskInput) -> TaskReleased:
            authorise_release(principal, r, said.task, whose)
            return tasks.release(r, stamp, said.task, whose)

        return step(context, "release-task", input, act)

    @strawberry.mutation(description="Another person of your institution does a task from now on.")
    def delegate(self, info: Request, input: DelegateInput) -> StepPayload:
        def act(r: Recommendation, stamp: Stamp, said: DelegateInput) -> TaskDelegated:
            return tasks.delegate(r, stamp, said.task, said.to)

        return step(info.context, "delegate-task", input, _own(info.context, act))

    @strawberry.mutation(
        description="Approves that a step be taken with just this data, where the procedure asks "
        "you for that; it counts until the step is taken, or what is approved changes."
    )
    def approve_step(self, info: Request, input: ApproveStepInput) -> StepPayload:
        context = info.context

        def act(r: Recommendation, stamp: Stamp, input: ApproveStepInput) -> CaseEvent:
            said = _approved(context, r, stamp, input)
            words = None if said.words is None else Protected(said.words)
            return approvals.approve(r, stamp, input.step, said.content, words)

        return step(context, "give-approval", input, act)


def _approved(context: Context, r: Recommendation, stamp: Stamp, input: ApproveStepInput) -> Said:
    """What somebody approves who may; refuses what the step could not say."""
    principal, desk = context.principal, context.service.desk
    name = input.step
    data: Any = {} if input.data is None else input.data
    procedure = desk.procedures.of(r)
    asking = "publish-progress" if name == "cover" and not looks_at(procedure, name) else name
    authorise_approval(
        procedure,
        asking,
        principal.role.value,
        principal.institution,
        is_a_states=principal.speaks_for is not None,
    )
    if name == "cover":
        if not isinstance(data, dict) or not isinstance(data.get("report"), str):
            raise InvalidInput("Say which report: `data: {report: …, narrative: …}`.")
        id = read_id(data["report"], "ProgressReport", "report")
        report = desk.read(id, progress_report.fold, principal)
        if r.id not in report.covers:
            raise InvalidInput("That report does not cover this recommendation.")
        narrative = data.get("narrative")
        if not isinstance(narrative, str) or not narrative.strip():
            raise InvalidInput("Say what is to be published: `data: {report: …, narrative: …}`.")
        return said_of(report, narrative)
    asked = ask(desk.procedures, name, data, lambda id: other(context, id))
    trial = stamp if stamp.reason else msgspec.structs.replace(stamp, reason=Protected("…"))
    event = asked.act(r, trial)
    event.check_part(r)
    return said_by(r, name, event)


def _own(
    context: Context, act: Callable[[Recommendation, Stamp, Any], TaskEvent]
) -> Callable[[Recommendation, Stamp, Any], TaskEvent]:
    """The act, for those whose task it is."""

    def checked(r: Recommendation, stamp: Stamp, said: Any) -> TaskEvent:
        authorise_task(context.principal, r, said.task)
        return act(r, stamp, said)

    return checked
