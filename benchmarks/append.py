"""Appending, against the barest inserts there are and against the eventsourcing library."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from eventsourcing.persistence import InfrastructureFactory, IntegrityError
from eventsourcing.utils import Environment
from sqlalchemy.engine import make_url

from benchmarks.measuring import Bench
from benchmarks.record import an_assignment
from benchmarks.stores import STORES, Fresh
from domain.entry import Entry
from domain.refusals import StaleVersion
from workflows.log import Log
from workflows.log.mapper import EntryMapper, SealedEvent

EVENTS = (1, 10, 1_000)
WRITERS = (1, 4, 16, 64)
REQUESTS = {1: 6_000, 10: 3_000, 1_000: 128}
AIMS = {1: 0.8, 16: 1.0}


class Request(NamedTuple):
    """One append, in the form each arm takes it: a writer builds nothing but its parameters."""

    command: str
    sha256: bytes
    entries: Sequence[Entry]
    sealed: Sequence[SealedEvent]
    rows: Sequence[tuple[bytes, UUID, int, str, str, bytes]]


def requests(count: int, events: int, refused: float) -> list[Request]:
    """Requests of so many events each, on streams of their own; of every ten, as many as `refused`
    says append to a stream that has moved on."""
    random = Random(events)
    event = an_assignment()
    taken = Entry(UUID(int=1), 1, "SVN", event)
    topic, payload = event.topic, EntryMapper().to_stored_event(taken).state
    made = []
    for n in range(count):
        streams = [UUID(int=random.getrandbits(128)) for _ in range(events)]
        if n % 10 < refused * 10:
            streams[-1] = taken.stream
        made.append(
            Request(
                command=f"command-{n}",
                sha256=bytes(32),
                entries=[Entry(stream, 1, "SVN", event) for stream in streams],
                sealed=[SealedEvent(stream, 1, topic, payload, "SVN") for stream in streams],
                rows=[(stream.bytes, stream, 1, topic, "SVN", payload) for stream in streams],
            )
        )
    return made


Writer = Callable[[Request], object]


class Arm(ABC):
    """A way to append. `Refused` is what it raises when a stream has moved on."""

    Refused: type[Exception] = IntegrityError

    def __init__(self, url: str) -> None:
        self.url = url
        self._writers: list[Writer] = []

    def writers(self, count: int) -> Sequence[Writer]:
        """What each of so many threads appends with, made once."""
        while len(self._writers) < count:
            self._writers.append(self.writer())
        return self._writers

    @abstractmethod
    def writer(self) -> Writer:
        """What one thread appends with."""

    @abstractmethod
    def empty(self) -> None:
        """Empties the tables but for one event, the one that refused requests collide with."""

    @abstractmethod
    def close(self) -> None: ...


def together(arm: Arm, writers: int, requests: Sequence[Request], seconds: float) -> float:
    """Events appended a second by so many threads, each with its share of the requests, until the
    time is over or the requests are."""
    arm.empty()
    recorded: list[int] = []
    failed: list[BaseException] = []
    ends: list[float] = []
    start = 0.0

    def begin() -> None:
        nonlocal start
        start = time.perf_counter()

    barrier = threading.Barrier(writers, begin)

    def work(append: Writer, share: Sequence[Request]) -> None:
        done = 0
        refused = arm.Refused
        try:
            barrier.wait()
            deadline = start + seconds
            for request in share:
                try:
                    append(request)
                    done += len(request.entries)
                except refused:
                    pass
                if time.perf_counter() > deadline:
                    break
        except BaseException as error:
            failed.append(error)
        ends.append(time.perf_counter())
        recorded.append(done)

    threads = [
        threading.Thread(target=work, args=(append, requests[n::writers]))
        for n, append in enumerate(arm.writers(writers))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sum(recorded) / (max(ends) - start)


def alone(arm: Arm, requests: Sequence[Request], at_once: int) -> Callable[[], float]:
    """Events appended a second by a lone writer, a few requests each time it is called."""
    arm.empty()
    (append,) = arm.writers(1)
    coming = iter(requests)

    def next_few() -> float:
        recorded = 0
        start = time.perf_counter()
        for request in itertools.islice(coming, at_once):
            with suppress(arm.Refused):
                append(request)
                recorded += len(request.entries)
        return recorded / (time.perf_counter() - start)

    return next_few


# --- Ours ----------------------------------------------------------------------------------------


class Ours(Arm):
    """Our recorder, given sealed events."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.log = Log(url)

    def writer(self) -> Writer:
        append = self.log.recorder.append
        return lambda request: append(request.command, request.sha256, request.sealed)

    def empty(self) -> None:
        clear(self.url)

    def close(self) -> None:
        self.log.close()


class OursSealing(Ours):
    """The whole of our append: entries are written as canonical JSON and sealed too."""

    Refused = StaleVersion

    def writer(self) -> Writer:
        append = self.log.append
        return lambda request: append(request.command, request.sha256, request.entries)


# --- Bare inserts --------------------------------------------------------------------------------

COLUMNS = "log_index, recorded_at, stream_id, stream_version, topic, addressee, payload"
SQLITE_EVENT = f"INSERT INTO log_event ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
SQLITE_COMMAND = "INSERT INTO log_command (id, request_sha256, first, count) VALUES (?, ?, ?, ?)"
SQLITE_HEAD = "UPDATE log_head SET next = next + ?, at = max(at, ?) RETURNING next, at"
POSTGRES_EVENT = f"INSERT INTO log_event ({COLUMNS}) VALUES (%b, %b, %b, %b, %b, %b, %b)"
POSTGRES_COMMAND = (
    "INSERT INTO log_command (id, request_sha256, first, count) VALUES (%b, %b, %b, %b)"
)
POSTGRES_HEAD = "UPDATE log_head SET next = next + %b, at = greatest(at, %b) RETURNING next, at"


class SQLiteRows(Arm):
    """Event rows and nothing else, numbered by the caller: one connection behind a lock."""

    Refused = sqlite3.IntegrityError

    def __init__(self, url: str) -> None:
        super().__init__(url)
        Log(url).close()  # the same tables and indexes
        self.connection = sqlite_connection(url)
        self.door = threading.Lock()
        self.index = itertools.count(1)

    def writer(self) -> Writer:
        return lambda request: self.append(self.connection, self.door, request)

    def append(self, connection: sqlite3.Connection, door: Any, request: Request) -> None:
        at = time.time_ns() // 1000
        rows = [(next(self.index), at, stream, *rest) for stream, _, *rest in request.rows]
        with door:
            if len(rows) == 1:
                connection.execute(SQLITE_EVENT, rows[0])
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany(SQLITE_EVENT, rows)
            except sqlite3.IntegrityError:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def empty(self) -> None:
        clear(self.url)
        self.index = itertools.count(1)

    def close(self) -> None:
        self.connection.close()


class SQLiteRowsEach(SQLiteRows):
    """The same with a connection for each thread, waiting on SQLite's own lock."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.connections: list[sqlite3.Connection] = []

    def writer(self) -> Writer:
        connection = sqlite_connection(self.url)
        self.connections.append(connection)
        door = ExitStack()
        return lambda request: self.append(connection, door, request)

    def close(self) -> None:
        super().close()
        for connection in self.connections:
            connection.close()


class SQLiteRowsHeadCommand(SQLiteRows):
    """Event rows, the head they are numbered from, and the command row."""

    def append(self, connection: sqlite3.Connection, door: Any, request: Request) -> None:
        count = len(request.rows)
        with door:
            connection.execute("BEGIN IMMEDIATE")
            try:
                now = time.time_ns() // 1000
                ((end, at),) = connection.execute(SQLITE_HEAD, (count, now)).fetchall()
                first = end - count
                connection.executemany(
                    SQLITE_EVENT,
                    [(first + i, at, row[0], *row[2:]) for i, row in enumerate(request.rows)],
                )
                connection.execute(SQLITE_COMMAND, (request.command, request.sha256, first, count))
            except sqlite3.IntegrityError:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


class PostgresRows(Arm):
    """Event rows and nothing else, numbered by the caller: a connection for each thread."""

    Refused = psycopg.errors.UniqueViolation

    def __init__(self, url: str) -> None:
        super().__init__(url)
        Log(url).close()  # the same tables and indexes
        self.connections: list[psycopg.Connection[Any]] = []
        self.index = itertools.count(1)

    def writer(self) -> Writer:
        connection = postgres_connection(self.url)
        self.connections.append(connection)
        return lambda request: self.append(connection, request)

    def append(self, connection: psycopg.Connection[Any], request: Request) -> None:
        at = time.time_ns() // 1000
        rows = [(next(self.index), at, *row[1:]) for row in request.rows]
        if len(rows) == 1:
            connection.execute(POSTGRES_EVENT, rows[0], prepare=True)
            return
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(POSTGRES_EVENT, rows)

    def empty(self) -> None:
        clear(self.url)
        self.index = itertools.count(1)

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


class PostgresRowsHeadCommand(PostgresRows):
    """Event rows, the head they are numbered from, and the command row."""

    def append(self, connection: psycopg.Connection[Any], request: Request) -> None:
        count = len(request.rows)
        with connection.transaction(), connection.cursor() as cursor:
            now = time.time_ns() // 1000
            ((end, at),) = cursor.execute(POSTGRES_HEAD, (count, now), prepare=True).fetchall()
            first = end - count
            rows = [(first + i, at, *row[1:]) for i, row in enumerate(request.rows)]
            if count == 1:
                cursor.execute(POSTGRES_EVENT, rows[0], prepare=True)
            else:
                cursor.executemany(POSTGRES_EVENT, rows)
            cursor.execute(
                POSTGRES_COMMAND, (request.command, request.sha256, first, count), prepare=True
            )


def sqlite_connection(url: str) -> sqlite3.Connection:
    """With the log's own settings."""
    connection = sqlite3.connect(
        make_url(url).database or "", timeout=60, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def postgres_connection(url: str) -> psycopg.Connection[Any]:
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(conninfo, autocommit=True, prepare_threshold=0)


def clear(url: str) -> None:
    """The log's tables, empty but for the one event that refused requests collide with."""
    statements = (
        "DELETE FROM log_event",
        "DELETE FROM log_command",
        "UPDATE log_head SET next = 1, at = 0",
    )
    if url.startswith("sqlite"):
        sqlite = sqlite_connection(url)
        sqlite.execute("BEGIN IMMEDIATE")
        for statement in statements:
            sqlite.execute(statement)
        sqlite.execute(SQLITE_EVENT, (0, 0, UUID(int=1).bytes, 1, "", "", b""))
        sqlite.execute("COMMIT")
        sqlite.close()
        return
    with postgres_connection(url) as postgres, postgres.transaction():
        postgres.execute("TRUNCATE log_event, log_command")
        postgres.execute(statements[2])
        postgres.execute(POSTGRES_EVENT, (0, 0, UUID(int=1), 1, "", "", b""))


# --- The library ---------------------------------------------------------------------------------


class Library(Arm):
    """The eventsourcing library's own application recorder, with its own tables."""

    def __init__(self, url: str, writers: int) -> None:
        super().__init__(url)
        parts = make_url(url)
        if url.startswith("sqlite"):
            settings = {
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": f"{parts.database}-library",
                "SQLITE_LOCK_TIMEOUT": "60",
                "SQLITE_POOL_SIZE": str(writers),
                "SQLITE_POOL_TIMEOUT": "60",
            }
        else:
            settings = {
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": parts.database or "",
                "POSTGRES_HOST": str(parts.query["host"]),
                "POSTGRES_PORT": "5432",
                "POSTGRES_USER": parts.username or "",
                "POSTGRES_PASSWORD": "",
                "POSTGRES_POOL_SIZE": str(writers),
                "POSTGRES_POOL_TIMEOUT": "60",
            }
        self.factory: Any = InfrastructureFactory.construct(Environment("bench", settings))
        self.recorder: Any = self.factory.application_recorder()

    def writer(self) -> Writer:
        insert = self.recorder.insert_events
        return lambda request: insert(request.sealed)

    def empty(self) -> None:
        taken = SealedEvent(UUID(int=1), 1, "", b"")
        if self.url.startswith("sqlite"):
            with self.factory.datastore.transaction(commit=True) as cursor:
                cursor.execute(f"DELETE FROM {self.recorder.events_table_name}")
        else:
            with postgres_connection(self.url) as connection:
                connection.execute(f"TRUNCATE {self.recorder.events_table_name}")
        self.recorder.insert_events([taken])

    def close(self) -> None:
        self.factory.close()


# --- The part ------------------------------------------------------------------------------------

RECORDER = "our recorder"
ROWS = "event rows only"
FULL = "event, head and command rows"
SEALING = "our whole append"
LIBRARY = "the library's recorder"

LIBRARY_HANGS = ("PostgreSQL", 1_000)
"""There eventsourcing 9.5.6 with psycopg 3.3.9 waits for ever: it pipelines one statement that is
larger than the socket's buffer, then syncs, and neither side reads on."""


def cases(quick: bool) -> list[tuple[int, int, float]]:
    """Events in a transaction, writers, share of requests refused."""
    if quick:
        return [(1, 1, 0.0), (1, 16, 0.0), (1, 16, 0.1), (1_000, 1, 0.0)]
    plain = [(events, writers, 0.0) for events in EVENTS for writers in WRITERS]
    return [*plain, *((1, writers, 0.1) for writers in WRITERS)]


def steps(quick: bool) -> int:
    return len(STORES) * len(cases(quick))


def measure(bench: Bench) -> None:
    pools = {
        (events, refused): requests(REQUESTS[events], events, refused)
        for events, _, refused in cases(bench.quick)
    }
    for store, started in STORES.items():
        with started() as fresh:
            for events, writers, refused in cases(bench.quick):
                one(bench, store, fresh, events, writers, refused, pools[events, refused])


def one(
    bench: Bench,
    store: str,
    fresh: Fresh,
    events: int,
    writers: int,
    refused: float,
    pool: Sequence[Request],
) -> None:
    """One case: all arms in turns, each with a database of its own."""

    def arm(make: Callable[[str], Arm]) -> Callable[[], float]:
        database: AbstractContextManager[str] = fresh()
        made = make(stack.enter_context(database))
        stack.callback(made.close)
        if writers == 1:
            return alone(made, pool, 1 if events == 1_000 else 5)
        return lambda: together(made, writers, pool, 0.12)

    with ExitStack() as stack:
        if store == "SQLite":
            rows = arm(SQLiteRows)
            if writers > 1:
                each = arm(SQLiteRowsEach)
                each_is_faster = each() > rows()
                bench.notes.setdefault("sqlite_connection_each_faster", []).append(each_is_faster)
                rows = each if each_is_faster else rows
            full = arm(SQLiteRowsHeadCommand)
        else:
            rows, full = arm(PostgresRows), arm(PostgresRowsHeadCommand)
        arms = {RECORDER: arm(Ours), ROWS: rows, FULL: full}
        if events == 1:
            arms[SEALING] = arm(OursSealing)
        if (store, events) != LIBRARY_HANGS:
            arms[LIBRARY] = arm(lambda url: Library(url, writers))
        named = f"{events:,} a transaction, {writers} writer{'s' if writers > 1 else ''}"
        aim = AIMS.get(writers) if events == 1 and not refused else None
        bench.compare(
            "append",
            store,
            f"{named}, 10 % refused" if refused else named,
            arms,
            ours=RECORDER,
            unit="events/s",
            aims={FULL: aim, ROWS: aim} if aim else None,
            # Alone, it waits for the disk, whose moods are short: many short turns.
            turns=10 if writers == 1 else 1,
        )
