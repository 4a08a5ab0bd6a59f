"""Steps that ask more than the case: whose task it is, and who approves what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from domain import progress_report
from domain.casework import Case, CaseEvent, approvals, tasks
from domain.casework.tasks import TaskClaimed, TaskDelegated, TaskReleased
from domain.entry import Protected, Stamp
from domain.refusals import InvalidInput
from workflows.access import Principal, authorise_release, authorise_task
from workflows.desk import Desk
from workflows.procedure.four_eyes import Said, authorise_approval, looks_at, said_by, said_of
from workflows.steps import ask


def claim(principal: Principal, case: Case, stamp: Stamp, task: str) -> TaskClaimed:
    """The person who speaks takes a task on; refuses a task of others."""
    authorise_task(principal, case, task)
    return tasks.claim(case, stamp, task)


def delegate(principal: Principal, case: Case, stamp: Stamp, task: str, to: str) -> TaskDelegated:
    """Another person of the same institution does a task; refuses a task of others."""
    authorise_task(principal, case, task)
    return tasks.delegate(case, stamp, task, to)


def release(
    principal: Principal, case: Case, stamp: Stamp, task: str, institution: str | None
) -> TaskReleased:
    """A claimed task is free again: the claim of an institution, by default the speaker's."""
    whose = institution or principal.institution
    authorise_release(principal, case, task, whose)
    return tasks.release(case, stamp, task, whose)


def approve(
    desk: Desk,
    principal: Principal,
    case: Case,
    stamp: Stamp,
    step: str,
    data: Any,
    point: Callable[[str], UUID],
    report_id: Callable[[str], UUID],
) -> CaseEvent:
    """Approves that a step be taken with this data. `point` finds what it names, `report_id` reads
    the id of a progress report. Refuses what the step could not say, and whom nobody asks."""
    procedure = desk.procedures.of(case)
    asking = "publish-progress" if step == "cover" and not looks_at(procedure, step) else step
    authorise_approval(
        procedure,
        asking,
        principal.role.value,
        principal.institution,
        is_a_states=principal.speaks_for is not None,
    )
    if step == "cover":
        said = _cover(desk, principal, case, data, report_id)
    else:
        asked = ask(desk.procedures, step, data, point)
        trial = stamp if stamp.reason else msgspec.structs.replace(stamp, reason=Protected("…"))
        event = asked.act(case, trial)
        event.check_part(case)
        said = said_by(case, step, event)
    words = None if said.words is None else Protected(said.words)
    return approvals.approve(case, stamp, step, said.content, words)


def _cover(
    desk: Desk, principal: Principal, case: Case, data: Any, report_id: Callable[[str], UUID]
) -> Said:
    """What the publication of a progress report of many would say of one that it covers."""
    if not isinstance(data, dict) or not isinstance(data.get("report"), str):
        raise InvalidInput("Say which report: `data: {report: …, narrative: …}`.")
    report = desk.read(report_id(data["report"]), progress_report.fold, principal)
    if case.id not in report.covers:
        raise InvalidInput("That report does not cover this recommendation.")
    narrative = data.get("narrative")
    if not isinstance(narrative, str) or not narrative.strip():
        raise InvalidInput("Say what is to be published: `data: {report: …, narrative: …}`.")
    return said_of(report, narrative)
