"""Reading, folding and the views, against what the store alone takes for the same rows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Engine, event

from benchmarks.append import postgres_connection, sqlite_connection
from benchmarks.measuring import Bench
from benchmarks.record import a_record
from benchmarks.stores import STORES
from domain.recommendation import Recommendation, fold
from projections import feed
from projections.feed import Feed
from projections.views import VIEWS, Views
from projections.writing import Change
from workflows.log import Log, page_rows_max

SELECT = (
    "SELECT log_index, stream_id, stream_version, topic, addressee, recorded_at, payload"
    " FROM log_event WHERE log_index BETWEEN {0} AND {0} ORDER BY log_index"
)


class Sent(NamedTuple):
    """A statement as our feed sent it to the views' database, with its rows."""

    statement: str
    rows: Any


def steps(quick: bool) -> int:
    return 3 * len(STORES)


def measure(bench: Bench) -> None:
    entries = a_record(500 if bench.quick else 5_000)
    size = len(entries)
    for store, started in STORES.items():
        with started() as fresh, fresh() as url:
            log = Log(url)
            views = Views(log.url)
            try:
                for start in range(0, size, 1_000):
                    log.append(f"import-{start}", bytes(32), entries[start : start + 1_000])
                reading(bench, store, url, log, size)
                writing(bench, store, url, log, views, size)
                whole(bench, store, url, log, views, size)
            finally:
                views.close()
                log.close()


# --- Reading -------------------------------------------------------------------------------------


def reading(bench: Bench, store: str, url: str, log: Log, size: int) -> None:
    def ours() -> float:
        states: dict[UUID, Recommendation | None] = {}
        start = time.perf_counter()
        for entry in log.read_all():
            states[entry.stream] = fold((entry,), states.get(entry.stream))
        return size / (time.perf_counter() - start)

    with bare_connection(url) as connection:

        def bare() -> float:
            start = time.perf_counter()
            bare_read(connection, size)
            return size / (time.perf_counter() - start)

        bench.compare(
            "rebuild",
            store,
            "read, decode and fold",
            {"ours": ours, "the same rows read, nothing more": bare},
            ours="ours",
            unit="events/s",
            aims={"the same rows read, nothing more": 0.35},
        )


def bare_read(connection: Any, size: int) -> None:
    is_sqlite = isinstance(connection, sqlite3.Connection)
    for first in range(0, size, page_rows_max):
        bounds = (first, first + page_rows_max - 1)
        if is_sqlite:
            connection.execute(SELECT.format("?"), bounds).fetchall()
        else:
            connection.execute(SELECT.format("%s"), bounds, prepare=True, binary=True).fetchall()


# --- Writing -------------------------------------------------------------------------------------


def writing(bench: Bench, store: str, url: str, log: Log, views: Views, size: int) -> None:
    batches = folded(log)

    def ours() -> float:
        generation = views.begin_next(VIEWS)
        engine = generation.engine.execution_options(writes=True)
        engine.connect().close()
        start = time.perf_counter()
        for batch in batches:
            with engine.begin() as connection:
                feed._write(connection, generation.numbers, batch)
        taken = time.perf_counter() - start
        generation.engine.dispose()
        return size / taken

    with sending() as sent:
        ours()

    def bare() -> float:
        with bare_views(views) as connection:
            start = time.perf_counter()
            for batch in sent:
                bare_write(connection, batch)
            return size / (time.perf_counter() - start)

    bench.compare(
        "rebuild",
        store,
        "write the views",
        {"ours": ours, "executemany of the same rows": bare},
        ours="ours",
        unit="events/s",
        aims={"executemany of the same rows": 0.7},
    )


def folded(log: Log) -> list[list[Change]]:
    """What a rebuild hands to its writing: each stream's last state, in its batches."""
    changes = [feed._change(stream) for stream in log.read_streams(log.size - 1)]
    size = feed.rebuild_states_max
    return [changes[i : i + size] for i in range(0, len(changes), size)]


@contextmanager
def sending() -> Iterator[list[list[Sent]]]:
    """Notes what is sent to the views, transaction by transaction."""
    batches: list[list[Sent]] = []

    def begun(connection: Any) -> None:
        batches.append([])

    def sent(c: Any, cursor: Any, statement: str, rows: Any, context: Any, many: bool) -> None:
        if many and batches:
            batches[-1].append(Sent(statement, rows))

    event.listen(Engine, "begin", begun)
    event.listen(Engine, "before_cursor_execute", sent)
    try:
        yield batches
    finally:
        event.remove(Engine, "begin", begun)
        event.remove(Engine, "before_cursor_execute", sent)
        batches[:] = [batch for batch in batches if batch]


def bare_write(connection: Any, batch: Sequence[Sent]) -> None:
    """The same statements with the same rows, in one transaction."""
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE" if isinstance(connection, sqlite3.Connection) else "BEGIN")
    for statement, rows in batch:
        cursor.executemany(statement, rows)
    cursor.execute("COMMIT")


@contextmanager
def bare_connection(url: str) -> Iterator[Any]:
    """A plain connection to the log."""
    connection: Any = (
        sqlite_connection(url) if url.startswith("sqlite") else postgres_connection(url)
    )
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def bare_views(views: Views) -> Iterator[Any]:
    """The driver's own connection to empty views, with the views' settings."""
    generation = views.begin_next(VIEWS)
    held = generation.engine.raw_connection()
    connection: Any = held.driver_connection
    if not isinstance(connection, sqlite3.Connection):
        connection.autocommit = True
    try:
        yield connection
    finally:
        held.invalidate()
        generation.engine.dispose()


# --- All of it -----------------------------------------------------------------------------------


def whole(bench: Bench, store: str, url: str, log: Log, views: Views, size: int) -> None:
    """A rebuild, from the first row read to the switch of the pointer, against the least that any
    rebuild does: the rows read, and each row of the views written once, as it is at the end."""
    rebuilding = Feed(log, views)

    def ours() -> float:
        start = time.perf_counter()
        rebuilding.rebuild()
        return size / (time.perf_counter() - start)

    last = at_the_end(log, views)

    def bare() -> float:
        with (
            bare_connection(url) as reader,
            bare_views(views) as writer,
        ):
            start = time.perf_counter()
            bare_read(reader, size)
            for batch in last:
                bare_write(writer, batch)
            return size / (time.perf_counter() - start)

    bench.compare(
        "rebuild",
        store,
        "the whole rebuild",
        {"ours": ours, "every row read, every last row written, no more": bare},
        ours="ours",
        unit="events/s",
    )


def at_the_end(log: Log, views: Views) -> list[list[Sent]]:
    """The insert statements of the views as they are once all is written."""
    generation = views.begin_next(VIEWS)
    with sending() as sent:
        engine = generation.engine.execution_options(writes=True)
        for batch in folded(log):
            with engine.begin() as connection:
                feed._write(connection, generation.numbers, batch)
    generation.engine.dispose()
    return sent
