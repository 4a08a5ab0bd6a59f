"""Firing: what the clock does to a case when something is due on it.

Nobody speaks then but the procedure, by the mandate of its definition. What is fired is true from
the day it was due, however late it is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import structlog

from domain.casework import BESIDE, Case, CaseEvent, deadlines, suspension
from domain.casework.deadlines import DeadlinePassed
from domain.casework.event import Addressed
from domain.casework.held import DeadlineHeld, Due, Timer
from domain.casework.incidents import IncidentRaised
from domain.casework.setback import SetBack
from domain.effects import Instant, Notice, Whose
from domain.entry import (
    CLOCK,
    Authority,
    AuthorityKind,
    Basis,
    Effective,
    Entry,
    Protected,
    Speaker,
    Stamp,
    reasoned,
)
from domain.refusals import InvalidInput, Refusal, Unavailable
from workflows.access import Role
from workflows.procedure import Procedures, by_itself
from workflows.procedure.compiled import PAST
from workflows.procedure.consequences import instant_of, microseconds_of

BY_ITSELF = CLOCK
"""In what role a procedure speaks itself."""

timers_in_a_row_max = 200
"""How many entries the clock makes on a case while nobody else does anything to it. A procedure
whose deadlines lead to one another would fill the log without end, at once or in years."""

TOO_MANY = "TOO_MANY_TIMERS"
_TOO_MANY = (
    f"{timers_in_a_row_max} timers were fired in a row and nobody did anything in between: the "
    "procedure's deadlines lead to one another. Migrate the case to a procedure that is mended."
)

RESUME = "resume"

log_line = structlog.get_logger("suivi.timers")


def fire_until(
    procedures: Procedures, r: Case, now: Instant, command: str
) -> Iterator[tuple[Due, list[Entry]]]:
    """Fires what has fallen due on a case by an instant, one after the other, and adds it to `r`:
    each with the entries it leads to. A timer that can't be fired is entered as an incident, and
    nothing more is fired then; so is the first of more than `timers_in_a_row_max`. Raises
    Unavailable while the store can't be reached."""
    while (due := r.next_due) is not None and due.at <= now:
        yield due, _fire_or_raise(procedures, r, due, command)


def due_now(procedures: Procedures, r: Case, command: str) -> list[Entry]:
    """Fires what has fallen due on a case by now, before somebody does something to it: the same
    entries that a worker would have made."""
    if r.next_due is None:
        return []
    now = instant_of(procedures.clock())
    fired = [entry for _, made in fire_until(procedures, r, now, command) for entry in made]
    r.unrecorded = len(fired)
    return fired


def _fire_or_raise(procedures: Procedures, r: Case, due: Due, command: str) -> list[Entry]:
    if r.fired_in_a_row >= timers_in_a_row_max:
        return [_incident(procedures, r, due, command, TOO_MANY, _TOO_MANY)]
    before = r.clone()
    try:
        return fire(procedures, r, due, command)
    except Exception as error:  # whatever it is, people have to see it
        for name in r.__struct_fields__:
            setattr(r, name, getattr(before, name))
        if isinstance(error, Unavailable) and _is_known(procedures, r):
            raise  # the store can't be reached: nothing is wrong with the case
        log_line.error("a timer can't be fired", id=str(r.id), exc_info=error)
        return [incident_of(procedures, r, due, command, error)]


def incident_of(procedures: Procedures, r: Case, due: Due, command: str, error: Exception) -> Entry:
    """The entry that says why a timer can't be fired, added to `r`."""
    if isinstance(error, Refusal):
        return _incident(procedures, r, due, command, error.code, error.message)
    why = f"It met an error in the program: {type(error).__name__}. The operator's log has more."
    return _incident(procedures, r, due, command, "INTERNAL", why)


class Passing(NamedTuple):
    """A deadline that passed: the entry, and the case as it stood before it."""

    entry: Entry
    earlier: Case


def passings(
    procedures: Procedures, history: Sequence[Entry], fired: int, r: Case, command: str
) -> list[Passing]:
    """The deadlines of a case that have passed since anybody last took a step on it, in order.
    `history` is what is recorded of it, `fired` how many entries the clock has made besides to
    come to `r`: they are made again. None, where somebody took a step besides."""
    if len(history) + fired != r.version:
        return []
    it: Case | None = None
    found: list[Passing] = []
    for entry in history:
        if isinstance(entry.event, DeadlinePassed) and it is not None:
            found.append(Passing(entry, it.clone()))
        elif entry.stamp.speaker.role != CLOCK and _step(entry) not in BESIDE:
            found.clear()
        it = type(r).fold([entry], it)
    while it is not None and it.version < r.version and (due := it.next_due) is not None:
        earlier = it.clone()
        made = _fire_or_raise(procedures, it, due, command)
        found += [Passing(e, earlier) for e in made if isinstance(e.event, DeadlinePassed)]
    return found


def set_back(procedures: Procedures, r: Case, stamp: Stamp, passed: Sequence[Passing]) -> Entry:
    """The entry by which a fact that is recorded late comes in, added to `r`: what the clock did
    since the first deadline that passed though the fact was true by then counts no more. Refuses a
    fact that is not late, and one without a day or a reason."""
    reasoned(stamp, "What is recorded late")
    on = stamp.effective.on
    if on is None or len(on) != 10:
        raise InvalidInput("What is recorded late says on which day it was true: `effectiveOn`.")
    first = next((one for one in passed if on <= (one.entry.stamp.effective.on or "")), None)
    if first is None:
        raise InvalidInput(
            f"No deadline that a fact of {on} was in time for has passed since the last step on "
            "it: record it without `recordedLate`, or strike what was recorded since."
        )
    entry, earlier = first
    event = entry.event
    assert isinstance(event, DeadlinePassed)
    why = None if stamp.reason is None else stamp.reason.text
    said = SetBack(
        stamp=msgspec.structs.replace(stamp, part=None, reason=Protected(why)),
        deadline=event.deadline,
        generation=event.generation,
        since=entry.version,
        **r.done_since(earlier),
    )
    return procedures.set_back(r, earlier, said)


def _is_known(procedures: Procedures, r: Case) -> bool:
    return r.definition is None or procedures.find(r.definition, r.addressee) is not None


def _incident(
    procedures: Procedures, r: Case, due: Due, command: str, code: str, message: str
) -> Entry:
    event = IncidentRaised(
        stamp=_stamp(r, due, due.at[:10], command),
        code=code,
        message=message,
        timer=due.timer.value,
        at=due.at,
        deadline=None if due.deadline is None else due.deadline.deadline,
    )
    return procedures.enter_notice(r, event)


def fire(procedures: Procedures, r: Case, due: Due, command: str) -> list[Entry]:
    """Fires one timer of a case, and adds what comes of it to `r`: the notice, the passing and what
    the procedure does itself then, or that the case no longer rests."""
    held = due.deadline
    day = procedures.calendars.of(r.addressee).day_of(microseconds_of(due.at))
    stamp = _stamp(r, due, day, command)
    if held is None:
        return [procedures.enter(r, RESUME, suspension.wake(r, stamp))]
    if due.timer is Timer.REMIND:
        to = told(r, held, held.reminders[held.reminded])
        return [procedures.enter_notice(r, deadlines.remind(r, stamp, held, to))]
    if due.timer is Timer.ESCALATE:
        to = told(r, held, held.escalations[held.escalated])
        return [procedures.enter_notice(r, deadlines.escalate(r, stamp, held, to))]
    spec = procedures.of(r).deadlines.get(held.deadline)
    roles = next((task.roles for task in r.tasks if task.deadline == held.deadline), ())
    passed = deadlines.let_pass(r, stamp, held, addressed(r, held, roles))
    entries = [procedures.enter(r, PAST + held.deadline, passed)]
    if spec is not None and spec.then is not None:
        entries += _then(procedures, r, spec.then, held, stamp)
    return entries


def _then(
    procedures: Procedures, r: Case, step: str, held: DeadlineHeld, stamp: Stamp
) -> Iterator[Entry]:
    """The step that follows by itself, where it is open."""
    procedure = procedures.of(r)
    if procedure.blocked(step, r.states, procedures.facts(r)):
        return
    until = None if held.fact is None else held.basis
    for event in by_itself.events(r, procedure.specs[step], stamp, held.deadline, until):
        yield procedures.enter(r, step, event)


def told(r: Case, held: DeadlineHeld, notice: Notice) -> tuple[Addressed, ...]:
    """Whom a notice is for: those in its roles, and in institutions that it names, each once."""
    named = (Addressed(role=to.role, institution=to.institution) for to in notice.institutions)
    return tuple(dict.fromkeys((*addressed(r, held, notice.roles), *named)))


def addressed(r: Case, held: DeadlineHeld, roles: Sequence[str]) -> tuple[Addressed, ...]:
    """Whom a notice is for: focal points of the institutions concerned, and whoever else has one of
    the roles."""
    task = next((task for task in r.tasks if task.deadline == held.deadline), None)
    is_offer = task is not None and task.whose is Whose.OFFERED
    bound = sorted(r.concerned(Whose.OFFERED if is_offer else Whose.ASSIGNED))
    found: list[Addressed] = []
    for role in roles:
        if role == Role.FOCAL_POINT.value:
            found += [Addressed(role=role, institution=institution) for institution in bound]
        else:
            found.append(Addressed(role=role))
    return tuple(found)


def _step(entry: Entry) -> str:
    assert isinstance(entry.event, CaseEvent)
    return entry.event.step_name


def _stamp(r: Case, due: Due, day: str, command: str) -> Stamp:
    """Whoever reads why something was due reads what the clock did then."""
    set_by = None if due.deadline is None else r.readers_of(due.deadline.generation)
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
        visibility=r.visibility if set_by is None else set_by.visibility,
        readers=() if set_by is None else set_by.institutions,
    )
