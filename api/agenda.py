"""The agenda in GraphQL: the inbox of tasks, the outbox of notices, and what runs on a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import strawberry
from strawberry.types import Info

from api.cases import Case, TaskOnCase
from api.context import Context, Reading
from api.derive import enum_type
from api.describing import arg, said_in
from api.joining import InstitutionType, naming
from api.looking_back import AsOf, look
from api.pages import Connection, connection, page_info
from api.recommendations import MayBeRecommendation
from api.registered import cases_of
from domain import institution
from domain.casework.held import Timer
from domain.casework.incidents import IncidentRaised
from domain.refusals import Forbidden
from projections import agenda, cases, register, timers
from projections.agenda import Asked
from workflows.access import WRITING, Principal, Role, speaking

RoleType: Any = enum_type(Role)


@strawberry.input(description="Which tasks. All conditions hold together; a list means any of it.")
class TaskWhere:
    addressee: list[str] | None = None
    """Codes of States or other addressees, such as SVN."""
    institution: list[str] | None = strawberry.field(
        default=None,
        description="Tasks of these institutions; your own and, for a coordinator or clerk, those "
        "of whoever coordinates, if not given.",
    )
    role: list[RoleType] | None = strawberry.field(
        default=None, description="Tasks for these roles; for your own, if not given."
    )
    task: list[str] | None = strawberry.field(default=None, description="By the task's name.")
    claimed_by: list[str] | None = strawberry.field(
        default=None, description="Persons, by pseudonym."
    )
    actor: str | None = strawberry.field(
        default=None,
        description="A person of your institution: what they have claimed, and what those "
        "have for whom they stand in today.",
    )
    claimed: bool | None = None
    """A person does it, or none."""
    overdue: bool | None = strawberry.field(
        default=None, description="Its deadline has passed, or not."
    )
    escalated: bool | None = None
    """Others were told that it is overdue, or not."""


@strawberry.type(description="Something about a case.")
class AboutCase(MayBeRecommendation):
    case: Case = strawberry.field(
        description="The recommendation, or other thing with a procedure, that it is about."
    )


@strawberry.type(description="Something that somebody has to do about a case.")
class Task(AboutCase):
    found: strawberry.Private[agenda.Task]

    @strawberry.field(description="The task as the procedure has it, with its steps and roles.")
    def task(self) -> TaskOnCase:
        return TaskOnCase(held=self.found.held, case=self.case)

    @strawberry.field(
        description="Code of the institution to which it belongs; null: the coordinators."
    )
    def institution_code(self) -> str | None:
        return self.found.institution

    @strawberry.field(
        description="The institution to which it belongs; null: the coordinators, or one that is "
        "not registered."
    )
    def institution(self) -> InstitutionType | None:
        return self.case.institution_of(self.found.institution)

    @strawberry.field(description="The day by whose end it is due.")
    def due(self) -> str | None:
        return self.found.day

    @strawberry.field(description="Its deadline has passed.")
    def overdue(self) -> bool:
        return self.found.is_overdue

    @strawberry.field(description="How often others were told that it is overdue.")
    def escalated(self) -> int:
        return self.found.escalated

    @strawberry.field(description="The person who does it, by pseudonym.")
    def claimed_by(self) -> str | None:
        return self.found.claimed_by


@strawberry.type(description="Something that one of those concerned is to be told.")
class Notification(AboutCase):
    found: strawberry.Private[agenda.Notice]

    @strawberry.field(description="Its own for ever, in the order of the log: tell each once.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.found.id)

    @strawberry.field(description="The log index of the entry that gave it.")
    def log_index(self) -> int:
        return self.found.log_index

    @strawberry.field(
        description="The type of the event that gave it: `Reminded`, `DeadlinePassed`, `Escalated`."
    )
    def kind(self) -> str:
        return self.found.kind

    @strawberry.field(description="The deadline's name in the procedure.")
    def deadline(self) -> str:
        return self.found.deadline

    @strawberry.field(description="The day from which it holds.")
    def day(self) -> str:
        return self.found.day

    @strawberry.field(description="Role that receives it, such as `focal-point`.")
    def role(self) -> str:
        return self.found.role

    @strawberry.field(description="Code of the institution; null: the coordinators.")
    def institution_code(self) -> str | None:
        return self.found.institution

    @strawberry.field(
        description="The institution; null: the coordinators, or one that is not registered."
    )
    def institution(self) -> InstitutionType | None:
        return self.case.institution_of(self.found.institution)


@strawberry.type(description="The next timer of a case.")
class NextTimer(AboutCase):
    at: datetime = strawberry.field(description="The instant from which it is done.")
    does: enum_type(Timer) = strawberry.field(  # type: ignore[valid-type]
        description="The act of the clock at that instant."
    )
    deadline: str | None = strawberry.field(
        description="The deadline's name in the procedure; null where the whole case is resumed."
    )


@strawberry.type(
    description="A timer that can't be fired: the clock leaves its case alone until `retryTimers`."
)
@said_in(IncidentRaised)
class Incident(AboutCase):
    code: str
    message: str
    timer: enum_type(Timer)  # type: ignore[valid-type]
    deadline: str | None
    at: datetime
    since: int = strawberry.field(description="The version of the case's entry that says so.")


@strawberry.type
class AgendaQuery:
    @strawberry.field(
        description="Timers that can't be fired, one a case, until somebody mends what "
        "keeps them and lets the clock try again. For those who work on recommendations, and "
        "auditors."
    )
    def incidents(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[Incident]:
        context = info.context
        _working(context.principal)
        mine = context.scope.addressees
        asked = addressee if mine is None else sorted(mine & set(addressee or mine))
        found, more = timers.incidents(
            context.connection, context.scope, asked, first=first, after=after
        )
        ids = [one.recommendation for one in found]
        rows = cases.by_ids(context.connection, context.scope, ids)
        shown = [rows[id] for id in ids]
        nodes = [
            (
                one.cursor,
                Incident(
                    code=held.code,
                    message=held.message,
                    timer=Timer(held.timer),
                    deadline=held.deadline,
                    at=datetime.fromisoformat(held.at),
                    since=held.version,
                    case=node,
                ),
            )
            for one, row, node in zip(found, shown, cases_of(context, shown), strict=True)
            if (held := row.state.incident) is not None
        ]
        return connection(
            nodes,
            lambda: timers.count_incidents(context.connection, context.scope, asked),
            page_info([one.cursor for one in found], after, has_next=more),
        )

    @strawberry.field(
        description="The next timer of each case. A page may have fewer than asked for. "
        "For those who work on recommendations, and auditors."
    )
    def timers(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[NextTimer]:
        context = info.context
        _working(context.principal)
        mine = context.scope.addressees
        asked = addressee if mine is None else sorted(mine & set(addressee or mine))
        found, more = timers.waiting(
            context.connection, context.scope, asked, first=first, after=after
        )
        ids = [one.recommendation for one in found]
        rows = cases.by_ids(context.connection, context.scope, ids)
        shown = [rows[id] for id in ids]
        due = [row.state.next_due for row in shown]
        nodes = [
            (
                one.cursor,
                NextTimer(
                    at=datetime.fromisoformat(next_.at),
                    does=next_.timer,
                    deadline=None if next_.deadline is None else next_.deadline.deadline,
                    case=node,
                ),
            )
            for one, next_, node in zip(found, due, cases_of(context, shown), strict=True)
            if next_ is not None
        ]
        return connection(
            nodes,
            lambda: timers.count_waiting(context.connection, context.scope, asked),
            page_info([one.cursor for one in found], after, has_next=more),
        )

    @strawberry.field(
        description="The inbox: what there is to do for this key's role and institution, or for "
        "those named. For those who work on recommendations, and auditors."
    )
    def tasks(
        self,
        info: Info[Context, None],
        where: Annotated[
            TaskWhere | None, arg("Which tasks: all conditions hold together.")
        ] = None,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
    ) -> Connection[Task]:
        principal = info.context.principal
        _working(principal)
        asked = where or TaskWhere()
        reading = look(info.context, as_of, None, asked.addressee)
        said = _asked(principal, asked)
        if asked.actor is not None:
            said = msgspec.structs.replace(said, claimed_by=_persons(reading, asked.actor))
        return _page(reading, said, first, after)

    @strawberry.field(
        description="The outbox: reminders, deadlines that passed, escalations, each once for each "
        "one it is for. `institution`: those to it, by its code; a focal point reads those to its "
        "own."
    )
    def notifications(
        self,
        info: Info[Context, None],
        role: Annotated[list[RoleType] | None, arg("Only notices to these roles.")] = None,
        institution: Annotated[
            str | None, arg("Only notices to this institution, by its code.")
        ] = None,
        addressee: list[str] | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[Notification]:
        context = info.context
        _working(context.principal)
        if context.principal.role is Role.FOCAL_POINT:
            own = speaking(context.principal)
            if institution not in (None, own):
                raise Forbidden(f"A focal point reads what its institution, {own}, receives.")
            institution = own
        asked = agenda.AskedNotices(
            roles=None if role is None else [one.value for one in role],
            institution=institution,
            addressee=addressee,
        )
        found, more = agenda.notices(
            context.connection, context.scope, asked, first=first, after=after
        )
        nodes = cases_of(context, [one.row for one in found])
        _naming(context, found)
        return connection(
            (
                (one.id, Notification(found=one, case=node))
                for one, node in zip(found, nodes, strict=True)
            ),
            lambda: agenda.count_notices(context.connection, context.scope, asked),
            page_info([one.id for one in found], after, has_next=more),
        )


def tasks_of(
    reading: Reading, of: institution.Institution, first: int, after: str | None
) -> Connection[Task] | None:
    """The tasks of an institution, whatever their roles; None for those who may not read them."""
    principal = reading.principal
    if principal.role not in (*WRITING, Role.AUDITOR):
        return None
    if principal.role is Role.FOCAL_POINT and principal.speaks_for != of.code:
        return None
    said = Asked(addressee=[of.addressee], institution=[of.code], coordinator=False)
    return _page(reading, said, first, after)


def _page(reading: Reading, said: Asked, first: int, after: str | None) -> Connection[Task]:
    found, more = agenda.tasks(reading.connection, reading.scope, said, first=first, after=after)
    nodes = cases_of(reading, [one.row for one in found])
    _naming(reading, found)
    return connection(
        ((one.cursor, Task(found=one, case=node)) for one, node in zip(found, nodes, strict=True)),
        lambda: agenda.count_tasks(reading.connection, reading.scope, said),
        page_info([one.cursor for one in found], after, has_next=more),
    )


def _naming(reading: Reading, found: Sequence[agenda.Task | agenda.Notice]) -> None:
    naming(reading, lambda: [(one.row.state.addressee, one.institution) for one in found])


def _working(principal: Principal) -> None:
    if principal.role not in (*WRITING, Role.AUDITOR):
        raise Forbidden("Tasks and notices are for those who work on recommendations.")


def _persons(reading: Reading, actor: str) -> list[str]:
    """A person, and those for whom they stand in today."""
    mine = [register.absences.table.c.institution == reading.institution]
    away = register.absences.all(reading.connection, reading.scope, mine)
    others = {one for held in away for one in held.absent_for(actor, reading.today)}
    return [actor, *sorted(others)]


def _asked(principal: Principal, where: TaskWhere) -> Asked:
    institution, role, coordinator = where.institution, where.role, True
    if principal.role in WRITING:
        role = [principal.role] if role is None else role
        if institution is None:
            institution = [] if principal.speaks_for is None else [principal.speaks_for]
        else:
            coordinator = False
        if principal.role is Role.FOCAL_POINT and set(institution) != {speaking(principal)}:
            raise Forbidden("A focal point reads the tasks of its own institution.")
    return Asked(
        addressee=where.addressee,
        institution=institution,
        coordinator=coordinator,
        role=None if role is None else [one.value for one in role],
        task=where.task,
        claimed_by=where.claimed_by,
        claimed=where.claimed,
        overdue=where.overdue,
        escalated=where.escalated,
    )
