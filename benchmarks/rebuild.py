"""Reading, folding and the views, against what the store alone takes for the same rows.

Rounds are taken on a record of some 50,000 events; one of two millions is rebuilt once, in a
process of its own, whose memory is looked at."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from benchmarks.append import postgres_connection, sqlite_connection
from benchmarks.measuring import Bench, Growth, Ratio, apart, one_ratio
from benchmarks.record import a_long_record, a_record
from benchmarks.stores import STORES, sqlite
from domain.aggregates import BY_EVENT
from projections import feed
from projections.feed import Feed
from projections.tables import VIEWS
from projections.views import Views
from projections.writing import Change
from workflows.log import Log, page_rows_max

SELECT = (
    "SELECT log_index, stream_id, stream_version, topic, addressee, recorded_at, payload"
    " FROM log_event WHERE log_index BETWEEN {0} AND {0} ORDER BY log_index"
)


SIZES, SIZES_QUICK = (200_000, 2_000_000), (2_000, 20_000)
APPENDED_AT_ONCE = 2_000


class Sent(NamedTuple):
    """A statement as our feed sent it to the views' database, with its rows."""

    statement: str
    rows: Any


def steps(quick: bool) -> int:
    return 3 * len(STORES) + len(SIZES)


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
    large(bench)


# --- Reading -------------------------------------------------------------------------------------


def reading(bench: Bench, store: str, url: str, log: Log, size: int) -> None:
    def ours() -> float:
        return size / folding(log)

    with bare_connection(url) as connection:

        def bare() -> float:
            start = time.perf_counter()
            deque(bare_read(connection, size), maxlen=0)
            return size / (time.perf_counter() - start)

        def decoded() -> float:
            start = time.perf_counter()
            for row in bare_read(connection, size):
                msgspec.json.decode(row[-1])
            return size / (time.perf_counter() - start)

        bench.compare(
            "rebuild",
            store,
            "read, decode and fold",
            {
                "ours": ours,
                "the same rows read, nothing more": bare,
                "the same rows read, their JSON decoded into dictionaries": decoded,
            },
            ours="ours",
            unit="events/s",
            aims={
                "the same rows read, nothing more": 0.35,
                "the same rows read, their JSON decoded into dictionaries": 0.35,
            },
        )


def folding(log: Log) -> float:
    """The seconds a rebuild takes to read, decode and fold, writing nothing."""
    start = time.perf_counter()
    for stream in log.read_streams(log.size - 1):
        BY_EVENT[type(stream[0].event)].fold(stream, None)
    return time.perf_counter() - start


def bare_read(connection: Any, size: int) -> Iterator[Any]:
    """Every row of the log, page by page."""
    is_sqlite = isinstance(connection, sqlite3.Connection)
    for first in range(0, size, page_rows_max):
        bounds = (first, first + page_rows_max - 1)
        if is_sqlite:
            yield from connection.execute(SELECT.format("?"), bounds).fetchall()
        else:
            rows = connection.execute(SELECT.format("%s"), bounds, prepare=True, binary=True)
            yield from rows.fetchall()


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
    streams = log.read_streams(log.size - 1)
    changes = [change for stream in streams for change in feed.all_changes(stream)]
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
            deque(bare_read(reader, size), maxlen=0)
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


# --- A large one ---------------------------------------------------------------------------------


class Rebuilt(NamedTuple):
    """The seconds that parts of a rebuild took: all of it; reading, decoding and folding, on its
    own; and writing, by view."""

    whole: float
    folding: float
    writing: dict[str, float]


def large(bench: Bench) -> None:
    """A rebuild of all views, once: its rate against the least reading and the least writing, the
    shares of its parts, and its memory beside that of a record a tenth as large."""
    sizes = SIZES_QUICK if bench.quick else SIZES
    peaks: list[float] = []
    with sqlite() as fresh:
        for size in sizes:
            with fresh() as url:
                log = Log(url)
                entries = islice(a_long_record(size), size)  # each makes some ten
                while batch := list(islice(entries, APPENDED_AT_ONCE)):
                    log.append(f"import-{batch[0].stream}-{batch[0].version}", bytes(32), batch)
                log.close()
                taken, peak = apart(rebuilt, url)
                peaks.append(peak)
                if size == sizes[-1]:
                    bench.ratios.extend(shares(url, size, taken))
            bench.done(f"rebuild, SQLite: {size:,} events")
    values = tuple(round(peak, 1) for peak in peaks)
    bench.growths.append(
        Growth("rebuild", "SQLite", "events rebuilt, memory at most", "MB", sizes, values)
    )


def rebuilt(url: str) -> Rebuilt:
    """Rebuilds all views of a log, in this process."""
    log = Log(url)
    views = Views(log.url)
    writing = dict.fromkeys(feed.STORES, 0.0)

    def timed(name: str, store: Any) -> Any:
        def store_and_note(connection: Any, changes: Sequence[Change]) -> None:
            start = time.perf_counter()
            store(connection, changes)
            writing[name] += time.perf_counter() - start

        return store_and_note

    try:
        alone = folding(log)
        feed.STORES.update({name: timed(name, store) for name, store in feed.STORES.items()})
        start = time.perf_counter()
        Feed(log, views).rebuild()
        return Rebuilt(time.perf_counter() - start, alone, writing)
    finally:
        views.close()
        log.close()


def shares(url: str, size: int, taken: Rebuilt) -> Iterator[Ratio]:
    """What a large rebuild is told by."""
    case, ours = f"all views at {size:,} events", size / taken.whole
    with bare_connection(url) as connection:
        start = time.perf_counter()
        deque(bare_read(connection, size), maxlen=0)
        read = time.perf_counter() - start
    views = Views(make_url(url))
    try:
        copied = copying(views)
    finally:
        views.close()
    for peer, seconds in (
        ("every row read, no more", read),
        ("every row of the views copied by INSERT … SELECT, no more", copied),
        ("both", read + copied),
    ):
        yield one_ratio("rebuild", "SQLite", case, peer, ours, size / seconds)
    writing = {f"writing {name}": seconds for name, seconds in taken.writing.items()}
    parts = {"reading, decoding, folding": taken.folding, **writing}
    for name, seconds in parts.items():
        peer = "the whole of it: share of the time"
        yield one_ratio(
            "rebuild", "SQLite", f"{case}: {name}", peer, 1_000 * seconds, 1_000 * taken.whole, "ms"
        )


def copying(views: Views) -> float:
    """The seconds it takes to copy the current views of an SQLite record into empty ones."""
    with views.current().engine.connect() as connection:
        now = _files(connection.exec_driver_sql("PRAGMA database_list").all())
    seconds = 0.0
    generation = views.begin_next(VIEWS)
    with generation.engine.connect() as connection:
        empty = _files(connection.exec_driver_sql("PRAGMA database_list").all())
    generation.engine.dispose()
    for name, view in VIEWS.items():
        target = sqlite_connection(f"sqlite:///{empty[name]}")
        target.execute("PRAGMA secure_delete = OFF")
        target.execute("PRAGMA synchronous = NORMAL")
        target.execute("ATTACH ? AS old", (now[name],))
        start = time.perf_counter()
        target.execute("BEGIN IMMEDIATE")
        for table in (*view.tables.tables, *(["search_text"] if name == "search" else [])):
            columns = "rowid, tokens" if table == "search_text" else "*"
            into = f"{table} (rowid, tokens)" if table == "search_text" else table
            if not table.endswith("_head"):
                target.execute(f"INSERT INTO main.{into} SELECT {columns} FROM old.{table}")
        target.execute("COMMIT")
        seconds += time.perf_counter() - start
        target.close()
    return seconds


def _files(databases: Sequence[Any]) -> dict[str, str]:
    return {name: file for _, name, file in databases}
