"""What a worker fires in a second, beside many cases that sleep.

    ours        claim, load, decide and append, the views brought up to it: `Worker.catch_up`
    the log     the same entries in the same batches, decided beforehand
    bare rows   a queue of timers in a table: claimed by SKIP LOCKED, a row inserted for each

Each case that is due has four timers behind it: two reminders, the passing and an escalation. What
is due in a turn is recorded before the time is taken. Several workers are processes of their own.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from api.service import Service
from api.settings import Settings
from benchmarks.append import postgres_connection, sqlite_connection
from benchmarks.measuring import Arm, Bench, Growth, in_turns
from benchmarks.stores import STORES
from domain.entry import Entry
from domain.recommendation import fold
from domain.recommendation.receiving import Received
from tests.given import deferred, received, stamp
from workflows.log import Log
from workflows.log.mapper import EntryMapper
from workflows.procedure import Procedures
from workflows.procedure.consequences import microseconds_of
from workflows.procedure.firing import fire
from workflows.worker import batch_cases_max

PART, UNIT = "timers", "timers/s"
OURS, LOG, BARE = "ours", "the same entries appended by the log", "bare rows: claim and insert"
SLEEPING, SLEEPING_QUICK = (1_000, 100_000), (1_000, 10_000)
DUE, DUE_QUICK = 2_000, 500
"""How many cases are due in a turn."""
WORKERS = {"SQLite": (1,), "PostgreSQL": (1, 2, 4)}
TIMERS_A_CASE = 4
FILL_CASES, FILL_STEPS = 1_000, 10
SET_ON = microseconds_of("2018-01-10T12:00:00Z")  # type: ignore[arg-type]
"""When all deadlines were set: before the first of them was to be reminded of."""


class Cases:
    """Cases as they arrive with a deadline: made once for each day, and given an id each."""

    def __init__(self) -> None:
        self.random = Random(4)
        self.procedures = Procedures(clock=lambda: SET_ON)
        self.made: dict[str, tuple[Entry, Entry]] = {}

    def due(self, count: int, first: str) -> Iterator[tuple[Entry, Entry]]:
        """So many cases, due on days of the five years from a day on."""
        for _ in range(count):
            days = timedelta(days=self.random.randrange(5 * 365))
            one, two = self._on((date.fromisoformat(first) + days).isoformat())
            id = UUID(int=self.random.getrandbits(128))
            event = msgspec.structs.replace(one.event, paragraph=f"{id.int % 10**9}")
            yield one._replace(stream=id, event=event), two._replace(stream=id)

    def _on(self, day: str) -> tuple[Entry, Entry]:
        if day not in self.made:
            event = received().event
            assert isinstance(event, Received)
            first = self.procedures.opening(UUID(int=0), "SVN", event)
            r = fold([first])
            assert r is not None
            step, act, said = deferred(day)
            second = self.procedures.enter(r, step, act(r, stamp("defer", **said)))
            self.made[day] = first, second
        return self.made[day]


# --- Ours ----------------------------------------------------------------------------------------


class Place:
    """A record of many cases that sleep, and a worker."""

    def __init__(self, url: str, sleeping: int, bench: Bench, name: str) -> None:
        self.url = url
        self.service = Service(Settings(database_url=url))
        self.cases = Cases()
        self.commands = iter(range(1_000_000))
        self.service.worker.catch_up()
        steps = FILL_STEPS if sleeping > FILL_CASES else 1
        for n in range(steps):
            self.arrive(sleeping // steps, "2090-01-01")
            bench.done(f"{PART}, {name}: {(n + 1) * sleeping // steps:,} cases sleep")

    def arrive(self, count: int, first: str) -> None:
        """So many cases arrive, and the views know of them."""
        for chunk in _chunks(self.cases.due(count, first), FILL_CASES):
            command = f"fill-{next(self.commands)}"
            entries = [entry for case in chunk for entry in case]
            self.service.log.append(command, command.encode(), entries)
        self.service.feed.advance()

    def fired_by(self, workers: Sequence[Any], due: int) -> Arm:
        """Timers fired a second by some workers, each asked to do all that is due."""

        def run() -> float:
            self.arrive(due, "2019-01-01")
            start = time.perf_counter()
            running = [worker.submit(catch_up) for worker in workers]
            fired = sum(one.result() for one in running) if workers else self._catch_up()
            took = time.perf_counter() - start
            assert fired == due * TIMERS_A_CASE, fired
            return fired / took

        return run

    def _catch_up(self) -> int:
        return self.service.worker.catch_up()

    def close(self) -> None:
        self.service.close()


_service: Service


def begin(url: str) -> None:
    """What a worker's process does first."""
    global _service
    _service = Service(Settings(database_url=url))


def catch_up() -> int:
    """What it does then, as often as it is asked."""
    return _service.worker.catch_up()


# --- Against -------------------------------------------------------------------------------------


class Appended:
    """The entries that a worker would make, appended in its batches."""

    def __init__(self, url: str, due: int) -> None:
        self.log = Log(url)
        self.cases = Cases()
        self.due = due
        self.commands = iter(range(1_000_000))

    def entries(self) -> list[list[Entry]]:
        """The entries of so many cases, batch by batch, in the order of their due."""
        batches = []
        for chunk in _chunks(self.cases.due(self.due, "2019-01-01"), batch_cases_max):
            made = []
            for first, second in chunk:
                r = fold([first, second])
                assert r is not None
                while (due := r.next_due) is not None:
                    made += [(due.at, e) for e in fire(self.cases.procedures, r, due, "timers/1")]
            batches.append([entry for _, entry in sorted(made, key=lambda pair: pair[0])])
        return batches

    def run(self) -> float:
        batches = self.entries()
        start = time.perf_counter()
        for batch in batches:
            command = f"timers/{next(self.commands)}"
            self.log.append(command, command.encode(), batch)
        return sum(map(len, batches)) / (time.perf_counter() - start)

    def close(self) -> None:
        self.log.close()


QUEUE = """
CREATE TABLE queue (id INTEGER PRIMARY KEY, wakes_at TEXT NOT NULL, leased_until REAL NOT NULL);
CREATE INDEX queue_wakes_at ON queue (wakes_at);
CREATE TABLE done (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload {bytes} NOT NULL)
"""
CLAIM = """
UPDATE queue SET leased_until = {mark} WHERE id IN (
    SELECT id FROM queue WHERE wakes_at <= {mark} AND leased_until < {mark}
    ORDER BY wakes_at, id LIMIT {most}{skip}
) RETURNING id
"""


class Bare(ABC):
    """A queue of timers in a table, one row each: claimed, a row inserted for each, taken out."""

    mark, bytes, skip = "?", "BLOB", ""

    def __init__(self, url: str, sleeping: int, due: int) -> None:
        self.connection = self.connect(url)
        self.due = due * TIMERS_A_CASE
        self.most = batch_cases_max * TIMERS_A_CASE
        self.ids = iter(range(10**9))
        batch = Appended(f"{url}", batch_cases_max)
        sealed = EntryMapper().to_stored_event(batch.entries()[0][0])
        batch.close()
        self.topic, self.payload = sealed.topic, sealed.state
        for statement in QUEUE.format(bytes=self.bytes).split(";"):
            self.connection.execute(statement)
        self.add(sleeping, "2090-01-01T00:00:00Z")
        self.claim = CLAIM.format(mark=self.mark, skip=self.skip, most=self.most)
        self.insert = f"INSERT INTO done VALUES ({self.mark}, {self.mark}, {self.mark})"
        self.delete = f"DELETE FROM queue WHERE id = {self.mark}"

    @abstractmethod
    def connect(self, url: str) -> Any:
        """A connection that commits by itself."""

    def add(self, count: int, at: str) -> None:
        rows = [(next(self.ids), at) for _ in range(count)]
        self.connection.execute("BEGIN")
        with_zero = f"INSERT INTO queue VALUES ({self.mark}, {self.mark}, 0)"
        self.connection.cursor().executemany(with_zero, rows)
        self.connection.execute("COMMIT")

    def run(self) -> float:
        self.add(self.due, "2020-01-01T00:00:00Z")
        execute, many = self.connection.execute, self.connection.cursor().executemany
        done = 0
        start = time.perf_counter()
        while True:
            now = time.time()
            claimed = execute(self.claim, (now + 60, "2026-01-01T00:00:00Z", now)).fetchall()
            if not claimed:
                break
            execute("BEGIN")
            many(self.insert, [(id, self.topic, self.payload) for (id,) in claimed])
            many(self.delete, claimed)
            execute("COMMIT")
            done += len(claimed)
        took = time.perf_counter() - start
        assert done == self.due
        return done / took

    def close(self) -> None:
        self.connection.close()


class SQLiteBare(Bare):
    def connect(self, url: str) -> sqlite3.Connection:
        return sqlite_connection(url)


class PostgresBare(Bare):
    mark, bytes, skip = "%s", "BYTEA", " FOR UPDATE SKIP LOCKED"

    def connect(self, url: str) -> psycopg.Connection[Any]:
        return postgres_connection(url)


BARES: dict[str, type[Bare]] = {"SQLite": SQLiteBare, "PostgreSQL": PostgresBare}


# --- The part ------------------------------------------------------------------------------------


def steps(quick: bool) -> int:
    return sum(FILL_STEPS + 2 + len(workers) for workers in WORKERS.values())


def measure(bench: Bench) -> None:
    sleeping = SLEEPING_QUICK if bench.quick else SLEEPING
    due = DUE_QUICK if bench.quick else DUE
    many = sleeping[-1]
    for store, make in STORES.items():
        with ExitStack() as stack:
            fresh = stack.enter_context(make())
            urls = [stack.enter_context(fresh()) for _ in range(3)]
            places = [
                stack.enter_context(closing(Place(url, count, bench, store)))
                for url, count in zip(urls, sleeping, strict=False)
            ]
            appended = stack.enter_context(closing(Appended(urls[2], due)))
            bare = stack.enter_context(closing(BARES[store](urls[2], many, due)))
            for count in WORKERS[store]:
                with ExitStack() as these:
                    workers = [
                        these.enter_context(_process(urls[1]))
                        for _ in range(count if count > 1 else 0)
                    ]
                    for worker in workers:
                        worker.submit(catch_up).result()
                    bench.compare(
                        PART,
                        store,
                        f"{count} worker{'s' * (count > 1)} beside {many:,} that sleep",
                        {
                            OURS: places[1].fired_by(workers, due),
                            LOG: appended.run,
                            BARE: bare.run,
                        },
                        ours=OURS,
                        unit=UNIT,
                    )
            rates = in_turns(
                {str(n): place.fired_by((), due) for n, place in enumerate(places)}, bench.rounds
            )
            each = tuple(round(1e6 / statistics.median(some), 1) for some in rates.values())
            case = "one of the timers that are due, by the number of cases that sleep"
            bench.growths.append(Growth(PART, store, case, "µs", sleeping, each))
            bench.done(f"{PART}, {store}: beside few and many")


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _process(url: str) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawn, initializer=begin, initargs=(url,))
