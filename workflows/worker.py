"""The worker: fires what is due, in the order in which it was due, once.

    claim cases that are due → load them → what has fallen due since, in order → one append

A timer is no row that is ticked off: it is the deadline in the case itself. What a worker writes
follows the version it has loaded, so of two that fire the same timer one is refused by the log and
finds, loading again, that nothing is left to do; so is one that was paused for an hour, killed
between append and answer, or met a person's step. Claims only keep workers out of one another's
way: they are leases, and losing them all loses no timer.

After a standstill everything is fired in the order of its due: effective is the day it was due,
recorded is now. The clock is handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID, uuid4

import msgspec
import structlog

from domain.casework import Addressed, DeadlineHeld, Due, Timer
from domain.effects import Instant, Whose
from domain.entry import (
    Authority,
    AuthorityKind,
    Basis,
    Effective,
    Entry,
    Speaker,
    Stamp,
    Visibility,
)
from domain.events import RecommendationEvent
from domain.recommendation import Recommendation, fold
from domain.refusals import Refusal, StaleVersion, Unavailable
from domain.words import AssignmentStatus
from workflows.access import Role
from workflows.desk import Command, Desk
from workflows.procedure.compiled import PAST
from workflows.procedure.consequences import instant_of, microseconds_of

batch_cases_max = 200
lease_seconds = 60.0
events_a_case_max = 100
attempts_max = 5
poll_seconds = 1.0

log_line = structlog.get_logger("suivi.worker")


class Claimed(NamedTuple):
    """A case that a worker has claimed, for so long as its lease holds; `epoch` counts how often it
    was claimed, so that whoever has lost it can't give it back."""

    recommendation: UUID
    epoch: int


class Timers(Protocol):
    """What the worker needs of the views: which cases are due. Handed in by `api`."""

    def claim(self, now: Instant, most: int, lease_seconds: float) -> list[Claimed]:
        """Claims cases that are due, those due first, and that nobody has claimed."""

    def release(self, claimed: Sequence[Claimed]) -> None:
        """Gives them back, as far as they are still this worker's."""

    def advance(self) -> None:
        """Brings the views up to the log."""


class Worker:
    """Fires what is due on the cases of one log."""

    def __init__(self, desk: Desk, timers: Timers) -> None:
        self._desk = desk
        self._timers = timers
        self._ending = threading.Event()

    # -- running

    def run(self, tell: Callable[[int], None] = lambda fired: None) -> None:
        """Fires until it is told to stop; `tell` hears how many it fired, each time it did."""
        while not self._ending.is_set():
            try:
                fired = self.turn()
            except Unavailable as error:
                log_line.warning("the store can't be reached; trying again", why=error.message)
                fired = 0
            if fired:
                tell(fired)
            else:
                self._ending.wait(poll_seconds)

    def stop(self) -> None:
        """Ends after the turn that is under way."""
        self._ending.set()

    def catch_up(self) -> int:
        """Fires all that is due now; how many timers that were."""
        fired = 0
        while mine := self.turn():
            fired += mine
        return fired

    def turn(self) -> int:
        """Fires what is due on some cases; how many timers that were, 0 where none was due."""
        self._timers.advance()
        now = instant_of(self._desk.procedures.clock())
        claimed = self._timers.claim(now, batch_cases_max, lease_seconds)
        if not claimed:
            return 0
        try:
            fired = self._fire([case.recommendation for case in claimed], now)
            self._timers.advance()
        finally:
            self._timers.release(claimed)
        return fired

    # -- firing

    def _fire(self, ids: list[UUID], now: Instant) -> int:
        try:
            return self._append(ids, now)
        except StaleVersion:
            if len(ids) == 1:
                raise
        # A step on one of them came between: each goes by itself.
        return sum(self._fire_one(id, now) for id in ids)

    def _fire_one(self, id: UUID, now: Instant) -> int:
        for _ in range(attempts_max):
            try:
                return self._append([id], now)
            except StaleVersion:
                continue
            except Unavailable:
                raise
            except Refusal as refusal:
                log_line.error("a timer can't be fired", id=str(id), code=refusal.code)
                return 0
        return 0  # somebody works on it all the time: the next turn finds it

    def _append(self, ids: Sequence[UUID], now: Instant) -> int:
        """Fires what is due on these cases in one append, in the order of its due."""
        entries: list[tuple[Instant, Entry]] = []
        fired = 0
        for r in self._load(ids):
            for at, made in self._due(r, now):
                fired += 1
                entries += [(at, entry) for entry in made]
        if entries:
            entries.sort(key=lambda pair: pair[0])  # stable: a case's own order stays
            command = Command.of_the_machine(f"timers/{uuid4().hex}")
            self._desk.append(
                command,
                [_under(entry, command.id) for _, entry in entries],
            )
        return fired

    def _load(self, ids: Sequence[UUID]) -> Iterator[Recommendation]:
        found: dict[UUID, Recommendation | None] = {}
        for entry in self._desk.log.history(ids):
            found[entry.stream] = fold([entry], found.get(entry.stream))
        for r in found.values():
            if r is not None:
                yield r

    def _due(self, r: Recommendation, now: Instant) -> Iterator[tuple[Instant, list[Entry]]]:
        """What has fallen due on a case, one after the other, each with the entries it leads to."""
        for _ in range(events_a_case_max):
            due = r.next_due
            if due is None or due.at > now:
                return
            try:
                yield due.at, self._entries(r, due)
            except Refusal as refusal:
                log_line.error("a timer can't be fired", id=str(r.id), code=refusal.code)
                return

    def _entries(self, r: Recommendation, due: Due) -> list[Entry]:
        procedures, held = self._desk.procedures, due.deadline
        stamp = _stamp(procedures.calendars.of(r.addressee).day_of(microseconds_of(due.at)), r)
        if due.timer is not Timer.PASS:
            notices = held.reminders if due.timer is Timer.REMIND else held.escalations
            number = held.reminded if due.timer is Timer.REMIND else held.escalated
            to = addressed(r, held, notices[number].roles)
            tell = r.remind if due.timer is Timer.REMIND else r.escalate
            return [procedures.enter(r, due.timer.value, tell(stamp, held, to))]
        spec = procedures.of(r).deadlines.get(held.deadline)
        task = next((task for task in r.tasks if task.deadline == held.deadline), None)
        to = addressed(r, held, task.roles if task else ())
        passed = procedures.enter(r, PAST + held.deadline, r.pass_deadline(stamp, held, to))
        then = spec.then if spec else None
        follow = [] if then is None else list(self._then(r, then, held, stamp))
        return [passed, *follow]

    def _then(
        self, r: Recommendation, step: str, held: DeadlineHeld, stamp: Stamp
    ) -> Iterator[Entry]:
        """The step that the procedure takes itself when a deadline has passed, where it is open."""
        procedures = self._desk.procedures
        if procedures.of(r).blocked(step, r.states, procedures.facts(r)):
            return
        events: list[RecommendationEvent]
        if step == "lapse-assignment":
            events = [
                r.lapse_assignment(stamp, a.id)
                for a in r.assignments
                if a.status is AssignmentStatus.OFFERED and (a.answer_due or "") <= held.basis
            ]
        else:
            events = [r.take_step(stamp, step)]
        for event in events:
            yield procedures.enter(r, step, event)


def addressed(r: Recommendation, held: DeadlineHeld, roles: Sequence[str]) -> tuple[Addressed, ...]:
    """Whom a notice is for: in each role whoever coordinates, or of the institutions concerned."""
    found: list[Addressed] = []
    task = next((task for task in r.tasks if task.deadline == held.deadline), None)
    whose = task.whose if task else Whose.ASSIGNED
    status = AssignmentStatus.OFFERED if whose is Whose.OFFERED else AssignmentStatus.ASSIGNED
    bound = sorted({a.institution for a in r.assignments if a.status is status})
    for role in roles:
        if role == Role.FOCAL_POINT.value:
            found += [Addressed(role=role, institution=one) for one in bound]
        else:
            found.append(Addressed(role=role))
    return tuple(found)


def _stamp(day: str, r: Recommendation) -> Stamp:
    """Who speaks when nobody does: the procedure, by the mandate of its definition."""
    return Stamp(
        command="",
        speaker=Speaker(
            system="suivi",
            role="procedure",
            institution="procedure",
            on_behalf_of=r.addressee,
            authority=Authority(
                kind=AuthorityKind.MANDATE, reference=f"procedure {r.definition or ''}".strip()
            ),
        ),
        effective=Effective(on=day, basis=Basis.STATED),
        visibility=Visibility.PUBLIC,
    )


def _under(entry: Entry, command: str) -> Entry:
    event = entry.event
    stamp = msgspec.structs.replace(event.stamp, command=command)
    return entry._replace(event=msgspec.structs.replace(event, stamp=stamp))
