"""What a step leads to besides states: deadlines set, lifted or paused, tasks opened and ended.

It is decided once, when the step is taken, and stored with it. A deadline is an instant from then
on: neither a new release of the holidays nor another calendar moves it. Only three things do: the
fact it is due by says another day, somebody gives more time, or the case rests for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property

from domain.casework import Case, CaseEvent
from domain.casework.deadlines import DeadlineExtended
from domain.casework.held import DeadlineHeld, DeadlineStatus, TaskHeld
from domain.casework.migration import DeadlinePolicy, Migrated
from domain.casework.suspension import Suspended
from domain.effects import (
    AnyEffect,
    DeadlineDropped,
    DeadlineKept,
    DeadlineLifted,
    DeadlinePaused,
    DeadlineSet,
    Instant,
    Notice,
    NoticeInstitution,
    Remembered,
    RestUntil,
    TaskEnded,
    TaskOpened,
)
from domain.entry import Effective
from workflows.access import Role
from workflows.calendars import Calendar
from workflows.procedure.compiled import Compiled, Outcome
from workflows.procedure.definition import DeadlineSpec, To
from workflows.statecharts.expressions import Facts


class Moment:
    """When a step is taken, by the addressee's calendar."""

    def __init__(self, calendar: Calendar, now: int) -> None:
        self.calendar = calendar
        self.microseconds = now

    @property
    def now(self) -> Instant:
        """The instant."""
        return instant_of(self.microseconds)

    @property
    def today(self) -> str:
        """The State's day."""
        return self.calendar.day_of(self.microseconds)

    def day(self, effective: Effective) -> str:
        """The day a step counts from: when it was true in the world, where that day is known."""
        on = effective.on
        return on if on is not None and len(on) == 10 else self.today


def effects(
    procedure: Compiled,
    r: Case,
    event: CaseEvent,
    outcome: Outcome,
    facts: Facts,
    moment: Callable[[], Moment],
) -> tuple[AnyEffect, ...]:
    """What an event leads to besides states. `r` is the case with the event's facts, still in the
    states before it; `facts` are those after it; `moment` tells when it is taken, if anything hangs
    on it."""
    states = r.states
    if outcome.left or outcome.entered:
        states = sorted({*states}.difference(outcome.left).union(outcome.entered))
    armed = procedure.armed(states)
    found: list[AnyEffect] = [
        Remembered(state=state, states=names) for state, names in outcome.remembered
    ]
    if isinstance(event, Suspended) and event.until is not None:
        found.append(RestUntil(at=moment().calendar.end_of(event.until)))
    if armed.deadlines or r.deadlines:
        clock = _Clock(r, event, facts, moment)
        wanted = {spec.id for spec in armed.deadlines}
        found += [
            DeadlineLifted(deadline=held.deadline, generation=held.generation)
            for held in r.deadlines
            if held.deadline not in wanted
        ]
        for spec in armed.deadlines:
            found.extend(clock.of(spec))
    if armed.tasks or r.tasks:
        there = [held.task for held in r.tasks]
        found.extend(TaskEnded(task=name) for name in there if name not in armed.tasks)
        found.extend(opened for name, opened in armed.tasks.items() if name not in there)
    return tuple(found)


def carried_over(
    procedure: Compiled,
    r: Case,
    event: Migrated,
    states: Sequence[str],
    facts: Facts,
    moment: Callable[[], Moment],
) -> Iterator[AnyEffect]:
    """What becomes of the deadlines and tasks of a case that goes on under `procedure` in `states`.
    `r` is the case with the event's facts, still with what it had; `facts` are those after it."""
    armed = procedure.armed(states)
    if armed.deadlines or r.deadlines:
        clock = _Clock(r, event, facts, moment)
        policies = {treated.deadline: treated.policy for treated in event.overrides}
        wanted = {spec.id for spec in armed.deadlines}
        for held in r.deadlines:
            if held.deadline not in wanted:
                yield DeadlineLifted(deadline=held.deadline, generation=held.generation)
        for spec in armed.deadlines:
            yield from clock.over(spec, policies.get(spec.id), event.deadlines)
    held_now = {held.task: held for held in r.tasks}
    for name in held_now:
        if name not in armed.tasks:
            yield TaskEnded(task=name)
    for name, opened in armed.tasks.items():
        if name not in held_now or not is_as_it_was(held_now[name], opened):
            yield opened


def as_it_was(r: Case, earlier: Case) -> Iterator[AnyEffect]:
    """What brings deadlines, tasks and memories of a case back to what they were. What had been
    told stays told; a deadline that had passed before counts no more."""
    before = {held.deadline: held for held in earlier.deadlines}
    for held in r.deadlines:
        if held.deadline not in before:
            yield DeadlineLifted(deadline=held.deadline, generation=held.generation)
    for name, held in before.items():
        now = r.deadline(name)
        same = now is not None and (now.generation, now.due) == (held.generation, held.due)
        if now is not None and same and now.status is held.status:
            continue
        yield DeadlineSet(
            deadline=name,
            generation=held.generation,
            due=held.due,
            day=held.day,
            basis=held.basis,
            calendar=held.calendar,
            fact=held.fact,
            reminders=held.reminders[held.reminded :],
            escalations=held.escalations[held.escalated :],
            voluntary=held.voluntary,
        )
        if held.status is DeadlineStatus.PAUSED:
            on = held.paused or held.day
            yield DeadlinePaused(deadline=name, generation=held.generation, on=on)
        elif held.status is not DeadlineStatus.RUNNING:
            yield DeadlineDropped(deadline=name, generation=held.generation)
    there = {held.task: held for held in r.tasks}
    then = {held.task: held for held in earlier.tasks}
    for name in there:
        if name not in then:
            yield TaskEnded(task=name)
    for name, task in then.items():
        opened = TaskOpened(
            task=name,
            roles=task.roles,
            steps=task.steps,
            whose=task.whose,
            deadline=task.deadline,
        )
        if name not in there or not is_as_it_was(there[name], opened):
            yield opened
    for state in sorted(r.remembered.keys() | earlier.remembered.keys()):
        memory = earlier.remembered.get(state, ())
        if r.remembered.get(state, ()) != memory:
            yield Remembered(state=state, states=memory)


def is_as_it_was(held: TaskHeld, opened: TaskOpened) -> bool:
    """True if a task that is open is the one that a procedure would open."""
    return (held.roles, held.steps, held.whose, held.deadline) == (
        opened.roles,
        opened.steps,
        opened.whose,
        opened.deadline,
    )


class _Clock:
    """What becomes of the deadlines that run in the states after an event."""

    def __init__(
        self,
        r: Case,
        event: CaseEvent,
        facts: Facts,
        moment: Callable[[], Moment],
    ) -> None:
        self.r = r
        self.event = event
        self.facts = facts
        self._moment = moment

    @cached_property
    def moment(self) -> Moment:
        """When it is: asked for by what is set or paused, which most steps do not."""
        return self._moment()

    @property
    def calendar(self) -> Calendar:
        return self.moment.calendar

    @property
    def day(self) -> str:
        return self.moment.day(self.event.stamp.effective)

    def of(self, spec: DeadlineSpec) -> Iterator[AnyEffect]:
        held = self.r.deadline(spec.id)
        basis: object
        if spec.due.fact is not None:
            basis = self.facts.get(spec.due.fact)
        else:
            basis = self.day if held is None else held.basis
        if basis is None:
            if held is not None:
                yield DeadlineLifted(deadline=held.deadline, generation=held.generation)
            return
        basis = str(basis)
        extended = isinstance(self.event, DeadlineExtended) and self.event.deadline == spec.id
        said_anew = held is not None and held.fact is not None and held.basis != basis
        if held is None or said_anew:
            yield self._set(spec, basis, self._due(spec, basis))
        elif extended:
            assert isinstance(self.event, DeadlineExtended)
            yield self._set(spec, held.basis, self.event.until)
        elif held.status is DeadlineStatus.PAUSED and not self._rests(spec):
            yield self._set(spec, held.basis, self._after_the_rest(spec, held))
            return
        else:
            if held.status is DeadlineStatus.RUNNING and self._rests(spec):
                yield self._paused(spec, held.generation)
            return
        if self._rests(spec):
            yield self._paused(spec, self.r.version + 1)

    def _rests(self, spec: DeadlineSpec) -> bool:
        """True if its clock stands still: the case rests, or it alone."""
        return self.r.suspended is not None or spec.id in self.r.resting

    def over(
        self, spec: DeadlineSpec, own: DeadlinePolicy | None, others: DeadlinePolicy
    ) -> Iterator[AnyEffect]:
        """What becomes of a deadline of the procedure that the case goes over to. `own`: the policy
        for this one, where there is one. One that did not run before begins."""
        held = self.r.deadline(spec.id)
        said = None if spec.due.fact is None else self.facts.get(spec.due.fact)
        if spec.due.fact is not None and said is None:
            if held is not None:
                yield DeadlineLifted(deadline=held.deadline, generation=held.generation)
            return
        by_fact = None if said is None else str(said)
        if held is None:
            basis = by_fact or self.day
            yield from self._begun(spec, basis, self._due(spec, basis))
            if own is DeadlinePolicy.DROP:
                yield DeadlineDropped(deadline=spec.id, generation=self.r.version + 1)
            return
        policy = own or others
        from_before = held.basis if held.fact is None else self.day
        basis = by_fact or (from_before if policy is DeadlinePolicy.RECOMPUTE else self.day)
        match policy:
            case DeadlinePolicy.KEEP:
                basis = by_fact or held.basis
                if (basis, spec.due.fact) != (held.basis, held.fact):
                    yield DeadlineKept(
                        deadline=spec.id,
                        generation=held.generation,
                        basis=basis,
                        fact=spec.due.fact,
                    )
            case DeadlinePolicy.DROP:
                if held.status is not DeadlineStatus.DROPPED:
                    yield DeadlineDropped(deadline=spec.id, generation=held.generation)
            case DeadlinePolicy.RESTART:
                yield from self._begun(spec, basis, self._due(spec, basis))
            case DeadlinePolicy.RECOMPUTE:
                yield from self._begun(spec, basis, self._due(spec, basis), held.paused)

    def _begun(
        self, spec: DeadlineSpec, basis: str, day: str, paused: str | None = None
    ) -> Iterator[AnyEffect]:
        """Sets it, and stops its clock where the case rests: since `paused`, or from now on."""
        yield self._set(spec, basis, day)
        if self._rests(spec):
            yield DeadlinePaused(
                deadline=spec.id, generation=self.r.version + 1, on=paused or self.day
            )

    def _due(self, spec: DeadlineSpec, basis: str) -> str:
        if spec.due.annual is not None:
            return spec.due.annual.after(basis)
        return basis if spec.due.after is None else self.calendar.after(basis, spec.due.after)

    def _after_the_rest(self, spec: DeadlineSpec, held: DeadlineHeld) -> str:
        """The day it is due when its clock goes on: what was left of it, counted from today. What
        is left of working days is counted in working days, of all else in days."""
        stopped, today = held.paused or self.day, self.day
        if today <= stopped:
            return held.day
        after = spec.due.after
        if after is not None and after.working_days is not None:
            working = self.calendar.working_days_until(stopped, held.day)
            return self.calendar.after_working_days(today, working)
        left = date.fromisoformat(held.day) - date.fromisoformat(stopped)
        return (date.fromisoformat(today) + left).isoformat()

    def _paused(self, spec: DeadlineSpec, generation: int) -> DeadlinePaused:
        return DeadlinePaused(deadline=spec.id, generation=generation, on=self.day)

    def _set(self, spec: DeadlineSpec, basis: str, day: str) -> DeadlineSet:
        """Sets it, with the reminders that still lie ahead."""
        calendar, now = self.calendar, self.moment.now
        reminders = (
            _notice(calendar.end_of(calendar.before(day, reminder.before)), reminder.to)
            for reminder in spec.reminders
        )
        escalations = (
            _notice(calendar.end_of(calendar.after(day, escalation.after)), escalation.to)
            for escalation in spec.escalations
        )
        return DeadlineSet(
            deadline=spec.id,
            generation=self.r.version + 1,
            due=calendar.end_of(day),
            day=day,
            basis=basis,
            calendar=calendar.version,
            fact=spec.due.fact,
            voluntary=spec.voluntary,
            reminders=tuple(sorted((n for n in reminders if n.at > now), key=lambda n: n.at)),
            escalations=tuple(sorted(escalations, key=lambda n: n.at)),
        )


def _notice(at: Instant, to: Sequence[Role | To]) -> Notice:
    named = (one for one in to if isinstance(one, To))
    return Notice(
        at=at,
        roles=tuple(one.value for one in to if isinstance(one, Role)),
        institutions=tuple(
            NoticeInstitution(role=to.role.value, institution=to.institution) for to in named
        ),
    )


def instant_of(microseconds: int) -> Instant:
    """An instant from microseconds since 1970, the second it lies in."""
    at = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return Instant(at.isoformat().replace("+00:00", "Z"))


def microseconds_of(instant: Instant) -> int:
    """An instant in microseconds since 1970."""
    return int(datetime.fromisoformat(instant).timestamp()) * 1_000_000
