"""The worker: fires what is due, in the order in which it was due, once.

    claim cases that are due → load them → what has fallen due since, in order → one append

A timer is no row that is ticked off: it is the deadline in the case itself. What a worker writes
follows the version it has loaded, so of two that fire the same timer one is refused by the log and
finds, loading again, that nothing is left to do; so is one that was paused for an hour, killed
between append and answer, or met a person's step. Claims only keep workers out of one another's
way: they are leases, and losing them all loses no timer.

What can't be fired becomes an incident, an entry of the case that people see (`firing`); the clock
leaves such a case alone until somebody lets it try again.

After a standstill everything is fired in the order of its due: effective is the day it was due,
recorded is now. The clock is handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID, uuid4

import structlog

from domain.aggregates import fold_streams
from domain.casework import Case
from domain.casework.incidents import IncidentRaised
from domain.effects import Instant
from domain.entry import Entry
from domain.refusals import StaleVersion, Unavailable
from workflows.desk import Command, Desk
from workflows.procedure.consequences import instant_of
from workflows.procedure.firing import fire_until, incident_of

batch_cases_max = 500
lease_seconds_usual = 60.0
timers_a_case_max = 20
"""How many timers of one case are fired in one turn."""
entries_a_turn_max = 2_000
"""After how many entries a turn ends, so that a worker that is told to end soon does."""
attempts_max = 3
poll_seconds = 1.0

log_line = structlog.get_logger("suivi.worker")


class Claimed(NamedTuple):
    """A case that a worker has claimed, for so long as its lease holds; `epoch` counts how often it
    was claimed, so that whoever has lost it can't give it back."""

    recommendation: UUID
    epoch: int
    wakes_at: str


class Turn(NamedTuple):
    """What a worker did in one go: on which cases, and how many timers it fired."""

    cases: frozenset[UUID]
    fired: int


class Timers(Protocol):
    """What the worker needs of the views: which cases are due. Handed in by `api`."""

    def claim(self, now: Instant, most: int, lease_seconds: float) -> list[Claimed]:
        """Claims cases that are due, those due first, and that nobody has claimed."""

    def release(self, claimed: Sequence[Claimed]) -> None:
        """Gives them back, as far as they are still this worker's."""

    def advance(self) -> None:
        """Brings the views up to the log."""


class Worker:
    """Fires what is due on the cases of one log, and keeps other workers off them for
    `lease_seconds` at most."""

    def __init__(
        self, desk: Desk, timers: Timers, lease_seconds: float = lease_seconds_usual
    ) -> None:
        self._desk = desk
        self._timers = timers
        self._lease_seconds = lease_seconds
        self._ending = threading.Event()
        self._failed: set[UUID] = set()

    # -- running

    def run(self, tell: Callable[[int], None] = lambda fired: None) -> None:
        """Fires until it is told to stop; `tell` hears how many it fired, each time it did."""
        while not self._ending.is_set():
            fired = 0
            try:
                fired = self.turn().fired
            except Unavailable as error:
                log_line.warning("the store can't be reached; trying again", why=error.message)
            except Exception:
                log_line.exception("timers could not be fired; trying again")
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
        before: frozenset[UUID] = frozenset()
        while not self._ending.is_set():
            turn = self.turn()
            fired += turn.fired
            if turn.cases <= before and not turn.fired:
                break
            before = turn.cases
        return fired

    def turn(self) -> Turn:
        """Fires what is due on some cases."""
        self._timers.advance()
        now = instant_of(self._desk.procedures.clock())
        claimed = self._timers.claim(now, batch_cases_max, self._lease_seconds)
        if not claimed:
            return Turn(frozenset(), 0)
        # What others are due by is looked at next, so that no one is served out of turn.
        until = now if len(claimed) < batch_cases_max else Instant(claimed[-1].wakes_at)
        self._failed.clear()
        try:
            fired = self._fire([case.recommendation for case in claimed], until)
        finally:
            # What failed stays claimed: its turn comes again when the lease has run out.
            done = [case for case in claimed if case.recommendation not in self._failed]
            self._timers.release(done)
        return Turn(frozenset(case.recommendation for case in claimed), fired)

    # -- firing

    def _fire(self, ids: Sequence[UUID], now: Instant) -> int:
        """Fires what is due on some cases together. Where steps of others keep coming between, or
        one of them can't be recorded, it goes on with the halves."""
        for _ in range(attempts_max):
            try:
                return self._append(ids, now)
            except StaleVersion:  # a step on one of them came between: they are decided anew
                continue
            except Unavailable:
                raise
            except Exception as error:
                if len(ids) == 1:
                    self._give_up(ids[0], error)
                break
        if len(ids) == 1:
            return 0  # somebody works on it all the time: the next turn finds it
        half = len(ids) // 2
        return self._fire(ids[:half], now) + self._fire(ids[half:], now)

    def _append(self, ids: Sequence[UUID], now: Instant) -> int:
        """Fires what is due on these cases in one append, in the order of its due: as much as fits
        into a turn. Nothing, where it is told to end meanwhile."""
        command = Command.of_the_machine(f"timers/{uuid4().hex}")
        procedures = self._desk.procedures.for_a_file()
        until = now
        groups: list[tuple[Instant, list[Entry]]] = []
        for r in self._load(ids):
            if self._ending.is_set():
                return 0
            at = Instant("")
            for count, (due, made) in enumerate(fire_until(procedures, r, until, command.id), 1):
                # What a passing has led to may have been due before it, and comes after it.
                at = max(at, due.at)
                groups.append((at, made))
                if count == timers_a_case_max:
                    until = min(until, at)  # what is due later on any case waits for the rest
                    break
        groups.sort(key=lambda group: group[0])  # stable: a case's own order stays
        entries: list[Entry] = []
        fired = 0
        for at, made in groups:
            if at > until or len(entries) >= entries_a_turn_max:
                break
            entries += made
            fired += not isinstance(made[-1].event, IncidentRaised)
        if entries:
            self._desk.append(command, entries)
        return fired

    def _load(self, ids: Sequence[UUID]) -> Iterable[Case]:
        return fold_streams(self._desk.log.history(ids)).values()

    def _give_up(self, id: UUID, error: Exception) -> None:
        """Records that what is due on a case can't be; where even that can't be recorded, leaves
        it until its lease has run out."""
        log_line.error("timers of a case can't be recorded", id=str(id), exc_info=error)
        try:
            command = Command.of_the_machine(f"timers/{uuid4().hex}")
            for r in self._load([id]):
                if (due := r.next_due) is not None:
                    entry = incident_of(self._desk.procedures, r, due, command.id, error)
                    self._desk.append(command, [entry])
        except Exception as another:
            log_line.error("nor can the incident", id=str(id), why=type(another).__name__)
            self._failed.add(id)
