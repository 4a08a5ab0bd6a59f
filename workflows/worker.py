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

import structlog

from domain.casework import Due
from domain.effects import Instant
from domain.entry import Entry
from domain.recommendation import Recommendation, fold
from domain.refusals import Refusal, StaleVersion, Unavailable
from workflows.desk import Command, Desk
from workflows.procedure.consequences import instant_of
from workflows.procedure.firing import fire

batch_cases_max = 200
lease_seconds = 60.0
timers_a_case_max = 100
attempts_max = 5
poll_seconds = 1.0

log_line = structlog.get_logger("suivi.worker")


class Claimed(NamedTuple):
    """A case that a worker has claimed, for so long as its lease holds; `epoch` counts how often it
    was claimed, so that whoever has lost it can't give it back."""

    recommendation: UUID
    epoch: int
    wakes_at: str


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
        self._failed: set[UUID] = set()

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
        # What others are due by is looked at next, so that no one is served out of turn.
        until = now if len(claimed) < batch_cases_max else Instant(claimed[-1].wakes_at)
        self._failed.clear()
        try:
            fired = self._fire([case.recommendation for case in claimed], until)
            self._timers.advance()
        finally:
            # What failed stays claimed: its turn comes again when the lease has run out.
            done = [case for case in claimed if case.recommendation not in self._failed]
            self._timers.release(done)
        return fired

    # -- firing

    def _fire(self, ids: list[UUID], now: Instant) -> int:
        try:
            return self._append(ids, now)
        except StaleVersion:  # a step on one of them came between: each goes by itself
            return sum(self._fire_one(id, now) for id in ids)

    def _fire_one(self, id: UUID, now: Instant) -> int:
        for _ in range(attempts_max):
            try:
                return self._append([id], now)
            except StaleVersion:
                continue
        return 0  # somebody works on it all the time: the next turn finds it

    def _append(self, ids: Sequence[UUID], now: Instant) -> int:
        """Fires what is due on these cases in one append, in the order of its due."""
        command = Command.of_the_machine(f"timers/{uuid4().hex}")
        fired = 0
        entries: list[tuple[Instant, Entry]] = []
        for r in self._load(ids):
            for due, made in self._due(r, now, command.id):
                fired += 1
                entries += [(due.at, entry) for entry in made]
        if entries:
            entries.sort(key=lambda pair: pair[0])  # stable: a case's own order stays
            self._desk.append(command, [entry for _, entry in entries])
        return fired

    def _load(self, ids: Sequence[UUID]) -> Iterator[Recommendation]:
        found: dict[UUID, Recommendation | None] = {}
        for entry in self._desk.log.history(ids):
            found[entry.stream] = fold([entry], found.get(entry.stream))
        for r in found.values():
            if r is not None:
                yield r

    def _due(
        self, r: Recommendation, now: Instant, command: str
    ) -> Iterator[tuple[Due, list[Entry]]]:
        """What has fallen due on a case, one after the other, with the entries it leads to. A case
        that can't be decided is left as it is, and told of."""
        for _ in range(timers_a_case_max):
            due = r.next_due
            if due is None or due.at > now:
                return
            try:
                yield due, fire(self._desk.procedures, r, due, command)
            except Refusal as refusal:
                self._failed.add(r.id)
                log_line.error(
                    "a timer can't be fired", id=str(r.id), code=refusal.code, why=refusal.message
                )
                return
