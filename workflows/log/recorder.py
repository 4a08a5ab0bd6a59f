"""Recording: appends are gathered and committed together, one batch at a time.

A caller who finds nobody committing commits; others queue. The committer takes what has queued,
commits it in one transaction, hands the lead to the next in the queue and publishes the results.
So one writer pays one commit, and many writers share one. Both stores use this mechanism and
differ only in `_commit`.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from random import SystemRandom
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
    Subscription,
)

from domain.refusals import LimitExceeded
from workflows.log.mapper import SealedEvent, VaultRow

append_events_max = 100_000
batch_events_max = 2_000
trial_bytes = 65_536

disk_full = "the disk is full"
cant_write = "it can't be written"


class Appended(NamedTuple):
    """Where an append stands in the log: log index of its first event, how many there are, when
    they were recorded (microseconds, UTC), and whether the command had been appended before."""

    first: int
    count: int  # type: ignore[assignment]
    recorded_at: int
    repeated: bool = False


class Row(NamedTuple):
    """A row of the log, as it lies there."""

    log_index: int
    stream: UUID
    version: int
    topic: str
    addressee: str
    recorded_at: int
    payload: bytes


class CommandRow(NamedTuple):
    """What the log keeps of a command: SHA-256 of its request, and where its events are."""

    request_sha256: bytes
    first: int
    count: int  # type: ignore[assignment]


class CommandSpan(NamedTuple):
    """The id under which the log keeps a command, and where its events are."""

    kept: str
    first: int
    count: int  # type: ignore[assignment]


class Append:
    """One request to append, waiting for its turn: command id, SHA-256 of the request, events."""

    __slots__ = ("command", "events", "failure", "leads", "result", "sha256", "turn")

    def __init__(self, command: str, sha256: bytes, events: Sequence[StoredEvent]) -> None:
        self.command = command
        self.sha256 = sha256
        self.events = events
        self.result: Appended | None = None
        self.failure: BaseException | None = None
        self.leads = False
        self.turn: Lock | None = None

    def settle(self) -> Appended:
        if self.failure is not None:
            raise self.failure
        assert self.result is not None
        return self.result


class Recorder(ApplicationRecorder):
    """The library's application recorder over one dense log. The library's notification id is
    the log index + 1."""

    def __init__(self) -> None:
        self._queue: deque[Append] = deque()
        self._committing = False
        self._door = Lock()
        self._unwritten = False
        """whether the last commit failed for a reason of the store's"""
        self._unread: tuple[str, Sequence[Any]] | None = None
        """the question that failed last, and has not been answered since"""

    # -- writing

    def append(self, command: str, sha256: bytes, events: Sequence[StoredEvent]) -> Appended:
        """Appends all events or none, under a command id.

        The same command with the same request again gives the first result. Raises IntegrityError
        when a stream has moved on or the command id was used for another request, and
        OperationalError when the store can't be reached: whether anything was written is then
        found out by sending the same command again.
        """
        mine = Append(command, sha256, events)
        self.append_all([mine])
        return mine.settle()

    def append_all(self, requests: Sequence[Append]) -> None:
        """Appends each of some requests or leaves it, as if each had come alone: `settle` says
        which. They queue together, so that they share a commit; none may count on another."""
        for request in requests:
            if not request.events:
                raise ValueError("an append holds at least one event")
            if len(request.events) > append_events_max:
                raise LimitExceeded(f"One append may hold {append_events_max:,} events.")
        with self._door:
            waiting = list(requests)
            if waiting and not self._committing:
                self._committing = waiting.pop(0).leads = True
            for request in waiting:
                request.turn = Lock()
                request.turn.acquire()
            self._queue.extend(waiting)
        for request in requests:  # in the queue's order, so that whoever is to lead is woken first
            if request.turn is not None:
                request.turn.acquire()
            if request.leads:
                self._lead(request)

    def _lead(self, mine: Append) -> None:
        batch = [mine]
        size = len(mine.events)
        with self._door:
            while self._queue and size < batch_events_max:
                batch.append(self._queue.popleft())
                size += len(batch[-1].events)
        try:
            self._commit(batch)
        except BaseException as error:
            for request in batch:
                if request.result is None and request.failure is None:
                    request.failure = error
        finally:
            self._unwritten = any(isinstance(r.failure, OperationalError) for r in batch)
            with self._door:
                heir = self._queue.popleft() if self._queue else None
                self._committing = heir is not None
            if heir is not None:
                heir.leads = True
                assert heir.turn is not None
                heir.turn.release()
            for request in batch[1:]:
                assert request.turn is not None
                request.turn.release()

    @abstractmethod
    def _commit(self, batch: list[Append]) -> None:
        """Commits a batch in one transaction and gives each request its result or failure."""

    # -- reading

    def _fetch(self, query: str, params: Sequence[Any] = ()) -> list[Any]:
        """The rows of an answer. Raises OperationalError where they can't be read."""
        try:
            found = self._ask(query, params)
        except OperationalError:
            self._unread = query, params
            raise
        if self._unread == (query, params):
            self._unread = None
        return found

    @abstractmethod
    def _ask(self, query: str, params: Sequence[Any]) -> list[Any]:
        """The same, once."""

    def look(self) -> None:
        """Asks again what failed last, reads an entry by chance, and looks whether more can be
        written. Raises OperationalError where not, with a reason that is fit for anybody."""
        try:
            if self._unread is not None:
                self._fetch(*self._unread)
            self._sample(SystemRandom().random())
        except OperationalError as error:
            raise OperationalError("it can't be read") from error
        self._look_for_writing(anew=self._unwritten)
        self._unwritten = False

    @abstractmethod
    def _sample(self, place: float) -> None:
        """Reads the entry at a place (0: the first, 1: behind the last) past all that is kept in
        memory, as far as the store can. Raises OperationalError."""

    @abstractmethod
    def _look_for_writing(self, *, anew: bool) -> None:
        """Raises OperationalError where nothing can be written; `anew`: writes as much as a step
        does, and leaves nothing of it."""

    @abstractmethod
    def size(self) -> int:
        """How many events there are: the log index the next one gets."""

    @abstractmethod
    def now(self) -> int:
        """The instant (microseconds, UTC) by the clock that gives recording times."""

    @abstractmethod
    def read(self, start: int, limit: int, stop: int | None = None) -> list[Row]:
        """Rows from log index `start` on, at most `limit`, up to and with `stop`."""

    @abstractmethod
    def read_streams(self, streams: Sequence[UUID], stop: int | None = None) -> list[Row]:
        """All rows of some streams up to and with log index `stop`, in the order of the log."""

    @abstractmethod
    def read_by_stream(self, after: tuple[UUID, int] | None, limit: int, stop: int) -> list[Row]:
        """Rows up to and with log index `stop`, in the order of streams and of the versions in
        them, at most `limit`, from behind the stream and version `after`."""

    def find_command(self, command: str) -> CommandRow | None:
        """What was appended under a command id."""
        return self.find_commands([command]).get(command)

    @abstractmethod
    def find_commands(self, commands: Sequence[str]) -> dict[str, CommandRow]:
        """What was appended under some command ids; those unknown are missing."""

    @abstractmethod
    def read_commands(self, start: int, stop: int) -> list[CommandSpan]:
        """The commands whose events begin at log indexes from `start` up to and with `stop`, in
        that order."""

    @abstractmethod
    def open_vault(self, commitments: Sequence[bytes]) -> dict[bytes, VaultRow]:
        """The vault's rows for these commitments; erased ones are missing."""

    @abstractmethod
    def erase_vault(self, commitments: Sequence[bytes]) -> None:
        """Deletes the vault's rows for these commitments, and what the store itself still keeps of
        them as far as it can be told to; those that are missing are left."""

    @abstractmethod
    def close(self) -> None:
        """Closes every connection."""

    # -- the library's protocol

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Appends under `command` and `sha256`, or as a command of its own."""
        if not stored_events:
            return []
        command = kwargs.get("command") or str(uuid4())
        done = self.append(command, kwargs.get("sha256") or b"", stored_events)
        return list(range(done.first + 1, done.first + done.count + 1))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Notifications from id `start` on; a notification's id is its log index + 1."""
        first = max((start or 1) - (1 if inclusive_of_start or start is None else 0), 0)
        found: list[Notification] = []
        while len(found) < limit:
            rows = self.read(first, limit, None if stop is None else stop - 1)
            if not rows:
                break
            found.extend(
                Notification(row.stream, row.version, row.topic, row.payload, row.log_index + 1)
                for row in rows
                if not topics or row.topic in topics
            )
            first = rows[-1].log_index + 1
        return found[:limit]

    def max_notification_id(self) -> int | None:
        """The last log index + 1, None when the log is empty."""
        return self.size() or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Not offered: readers poll `read`, and are woken in-process by whoever appends."""
        raise NotImplementedError("poll read(); the feed in projections does")


def vault_rows(events: Sequence[StoredEvent]) -> list[VaultRow]:
    """The vault rows that come with sealed events."""
    return [row for e in events if isinstance(e, SealedEvent) for row in e.vault]


def trial_of_writing() -> tuple[str, bytes]:
    """A command id and a digest, of which nothing is to stay."""
    return f"trial:{uuid4()}", os.urandom(trial_bytes)


def addressee_of(event: StoredEvent) -> str:
    """The addressee of a sealed event; plain stored events of the library have none."""
    return event.addressee if isinstance(event, SealedEvent) else ""


def moved_on(event: StoredEvent | None = None) -> IntegrityError:
    """The failure of a request whose stream has moved on."""
    return IntegrityError("another event has this version" if event is None else repr(event))


class CommandTaken(IntegrityError):
    """The command id was used for another request."""


def settle_repeat(request: Append, known: CommandRow, recorded_at: int) -> None:
    """Gives a request whose command is in the log already its first result, or refuses it."""
    if known.request_sha256 == request.sha256 and request.sha256:
        request.result = Appended(known.first, known.count, recorded_at, repeated=True)
    else:
        request.failure = CommandTaken(f"command {request.command} was used before")
