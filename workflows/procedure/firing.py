"""Firing: what the clock does to a case when something is due on it.

Nobody speaks then but the procedure, by the mandate of its definition. What is fired is true from
the day it was due, however late it is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.casework import Addressed, DeadlineHeld, Due, Timer
from domain.effects import Notice, Whose
from domain.entry import Authority, AuthorityKind, Basis, Effective, Entry, Speaker, Stamp
from domain.recommendation import Recommendation
from domain.words import AssignmentStatus
from workflows.access import Role
from workflows.procedure import Procedures, by_itself
from workflows.procedure.compiled import PAST
from workflows.procedure.consequences import microseconds_of

BY_ITSELF = "procedure"
"""In what role a procedure speaks itself."""

RESUME = "resume"


def fire(procedures: Procedures, r: Recommendation, due: Due, command: str) -> list[Entry]:
    """Fires one timer of a case, and adds what comes of it to `r`: the notice, the passing and what
    the procedure does itself then, or that the case no longer rests."""
    held = due.deadline
    day = procedures.calendars.of(r.addressee).day_of(microseconds_of(due.at))
    stamp = _stamp(r, day, command)
    if held is None:
        return [procedures.enter(r, RESUME, r.wake(stamp))]
    if due.timer is Timer.REMIND:
        to = told(r, held, held.reminders[held.reminded])
        return [procedures.enter_notice(r, r.remind(stamp, held, to))]
    if due.timer is Timer.ESCALATE:
        to = told(r, held, held.escalations[held.escalated])
        return [procedures.enter_notice(r, r.escalate(stamp, held, to))]
    spec = procedures.of(r).deadlines.get(held.deadline)
    roles = next((task.roles for task in r.tasks if task.deadline == held.deadline), ())
    passed = r.pass_deadline(stamp, held, addressed(r, held, roles))
    entries = [procedures.enter(r, PAST + held.deadline, passed)]
    if spec is not None and spec.then is not None:
        entries += _then(procedures, r, spec.then, held, stamp)
    return entries


def _then(
    procedures: Procedures, r: Recommendation, step: str, held: DeadlineHeld, stamp: Stamp
) -> Iterator[Entry]:
    """The step that follows by itself, where it is open."""
    procedure = procedures.of(r)
    if procedure.blocked(step, r.states, procedures.facts(r)):
        return
    until = None if held.fact is None else held.basis
    for event in by_itself.events(r, procedure.specs[step], stamp, held.deadline, until):
        yield procedures.enter(r, step, event)


def told(r: Recommendation, held: DeadlineHeld, notice: Notice) -> tuple[Addressed, ...]:
    """Whom a notice is for: those in its roles, and in institutions that it names, each once."""
    named = (Addressed(role=to.role, institution=to.institution) for to in notice.institutions)
    return tuple(dict.fromkeys((*addressed(r, held, notice.roles), *named)))


def addressed(r: Recommendation, held: DeadlineHeld, roles: Sequence[str]) -> tuple[Addressed, ...]:
    """Whom a notice is for: focal points of the institutions concerned, and whoever else has one of
    the roles."""
    task = next((task for task in r.tasks if task.deadline == held.deadline), None)
    is_offer = task is not None and task.whose is Whose.OFFERED
    status = AssignmentStatus.OFFERED if is_offer else AssignmentStatus.ASSIGNED
    bound = sorted({a.institution for a in r.assignments if a.status is status})
    found: list[Addressed] = []
    for role in roles:
        if role == Role.FOCAL_POINT.value:
            found += [Addressed(role=role, institution=institution) for institution in bound]
        else:
            found.append(Addressed(role=role))
    return tuple(found)


def _stamp(r: Recommendation, day: str, command: str) -> Stamp:
    mandate = Authority(kind=AuthorityKind.MANDATE, reference=f"procedure {r.definition or ''}")
    return Stamp(
        command=command,
        speaker=Speaker(
            system="suivi",
            role=BY_ITSELF,
            institution="procedure",
            on_behalf_of=r.addressee,
            authority=mandate,
        ),
        effective=Effective(on=day, basis=Basis.STATED),
    )
