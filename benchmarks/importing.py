"""An import of 250,000 records of a made-up UHRI file: events a second, beside the same rows
appended bare, and the memory it takes at most, beside that of a file a tenth as large."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from uuid import uuid4

from api.service import Service
from api.settings import Settings
from benchmarks.append import SQLITE_EVENT, sqlite_connection
from benchmarks.measuring import Bench, Growth, apart, one_ratio
from domain.entry import Authority, AuthorityKind
from tests.generated_uhri import write_uhri
from workflows.access import Principal, Role
from workflows.importing import Format, Import, Options

SIZES, SIZES_QUICK = (25_000, 250_000), (500, 5_000)

importer = Principal(
    key=uuid4(),
    role=Role.COORDINATOR,
    institution="mfa",
    authority=Authority(kind=AuthorityKind.DECISION, reference="Decree 12/2024"),
    actor="p-0001",
)


def steps(quick: bool) -> int:
    return 2


def measure(bench: Bench) -> None:
    sizes = SIZES_QUICK if bench.quick else SIZES
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="suivi-bench-") as folder:
            file, url = Path(folder) / "uhri.json", f"sqlite:///{Path(folder) / 'suivi.db'}"
            write_uhri(file, size)
            (events, seconds), megabytes = apart(imported, url, file)
            peaks.append(megabytes)
            if size == sizes[-1]:
                bare = bare_append(url, f"sqlite:///{Path(folder) / 'bare.db'}")
                bench.ratios.append(
                    one_ratio(
                        "importing",
                        "SQLite",
                        f"import of {size:,} records: {events:,} events",
                        "the same rows appended bare, in the same transactions",
                        events / seconds,
                        bare,
                    )
                )
        bench.done(f"importing: {size:,} records")
    bench.growths.append(
        Growth(
            part="importing",
            store="SQLite",
            case="records imported, memory at most",
            unit="MB",
            sizes=sizes,
            values=tuple(round(peak, 1) for peak in peaks),
        )
    )


def imported(url: str, file: Path) -> tuple[int, float]:
    """Imports a file into an empty record: how many events that made, and the seconds it took."""
    service = Service(Settings(database_url=url))
    try:
        start = time.perf_counter()
        receipt = Import(service.desk, service, importer).run(
            file, Options(all_states=True), format=Format.UHRI
        )
        return receipt.events, time.perf_counter() - start
    finally:
        service.close()


def bare_append(url: str, beside: str) -> float:
    """Events a second when the rows of a log are put into an empty one as they lie, one
    transaction for each there was."""
    with sqlite3.connect(beside.removeprefix("sqlite:///")) as schema:
        source = sqlite_connection(url)
        for (statement,) in source.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'log_event' AND sql IS NOT NULL"
        ):
            schema.execute(statement)
    target = sqlite_connection(beside)
    events, seconds = 0, 0.0
    for rows in _transactions(source):
        start = time.perf_counter()
        target.execute("BEGIN IMMEDIATE")
        target.executemany(SQLITE_EVENT, rows)
        target.execute("COMMIT")
        seconds += time.perf_counter() - start
        events += len(rows)
    source.close()
    target.close()
    return events / seconds


def _transactions(source: sqlite3.Connection) -> Iterator[list[tuple[object, ...]]]:
    rows = source.execute(
        "SELECT log_index, recorded_at, stream_id, stream_version, topic, addressee, payload"
        " FROM log_event ORDER BY log_index"
    )
    for _, together in groupby(rows, key=lambda row: row[1]):
        yield list(together)
