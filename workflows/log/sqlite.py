"""The log in one SQLite file: write-ahead log, full fsync, as few statements as can be."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import OperationalError, StoredEvent

from workflows.log.mapper import VaultRow
from workflows.log.recorder import (
    Append,
    Appended,
    CommandRow,
    CommandSpan,
    Recorder,
    Row,
    addressee_of,
    cant_write,
    disk_full,
    moved_on,
    settle_repeat,
    trial_of_writing,
    vault_rows,
)

busy_timeout_seconds = 30
busy_look_seconds = 0.001
variables_max = 500
look_seconds_max = 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_event (
    log_index INTEGER PRIMARY KEY,
    stream_id BLOB NOT NULL,
    stream_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    addressee TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS log_event_stream ON log_event (stream_id, stream_version);
CREATE TABLE IF NOT EXISTS log_command (
    id TEXT PRIMARY KEY,
    request_sha256 BLOB NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    next INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO log_head (one, next, at) VALUES (1, 0, 0);
"""

VAULT = """(
    commitment BLOB PRIMARY KEY,
    salt BLOB NOT NULL,
    content TEXT NOT NULL
) STRICT, WITHOUT ROWID"""

INSERT_EVENT = (
    "INSERT INTO log_event (log_index, stream_id, stream_version, topic, addressee, recorded_at,"
    " payload) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_COMMAND = "INSERT INTO log_command (id, request_sha256, first, count) VALUES (?, ?, ?, ?)"
_INSERT_VAULT = "INSERT INTO vault (commitment, salt, content) VALUES (?, ?, ?)"
_SELECT = (
    "SELECT log_index, stream_id, stream_version, topic, addressee, recorded_at, payload"
    " FROM log_event"
)
_TAKE = "UPDATE log_head SET next = next + ?, at = max(at, ?) WHERE one = 1 RETURNING next - ?, at"
_SELECT_COMMAND = "SELECT request_sha256, first, count FROM log_command WHERE id = ?"
_BEGIN = "BEGIN IMMEDIATE"

_OF_WHAT_IS_WRITTEN = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.NotSupportedError,
)


def connect(path: Path) -> sqlite3.Connection:
    """A connection with the settings durability rests on: WAL, synchronous FULL."""
    connection = sqlite3.connect(
        path,
        timeout=busy_timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    _once_not_busy(connection, "PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _once_not_busy(connection: sqlite3.Connection, statement: str) -> None:
    """Executes a statement when no other process keeps SQLite from it. SQLite itself would sleep
    for up to a tenth of a second before it looks again, or, for some statements, not look again."""
    until = time.monotonic() + busy_timeout_seconds
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(busy_look_seconds)


def _is_the_stores(error: Exception) -> bool:
    """True for what fails because of the store and not of what is written: a damaged file, a full
    disk."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _OF_WHAT_IS_WRITTEN)


def _rows(events: Sequence[StoredEvent], first: int, at: int) -> Iterator[tuple[Any, ...]]:
    """The rows of events that follow one another in the log."""
    for index, event in enumerate(events, start=first):
        yield (
            index,
            event.originator_id.bytes,  # type: ignore[union-attr]
            event.originator_version,
            event.topic,
            addressee_of(event),
            at,
            event.state,
        )


class SQLiteRecorder(Recorder):
    """Records into the SQLite file at `path`, made with its folder if it is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._distrusted = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = connect(path)
            self._writer.executescript(
                f"{_BEGIN};{SCHEMA}CREATE TABLE IF NOT EXISTS vault {VAULT};COMMIT;"
            )
            self._writer.execute("PRAGMA busy_timeout = 0")
            self._begin_anew()
        except (OSError, sqlite3.DatabaseError) as error:
            raise OperationalError(f"{path}: {error}") from error
        self._idle: deque[sqlite3.Connection] = deque()

    def _commit(self, batch: list[Append]) -> None:
        try:
            writer = self._sound_writer()
            _once_not_busy(writer, _BEGIN)
            try:
                done = self._insert(batch)
            except Exception as error:
                if _is_the_stores(error):
                    raise
                writer.execute("ROLLBACK")
                _once_not_busy(writer, _BEGIN)
                done = self._insert_the_good(batch)
            writer.execute("COMMIT" if done else "ROLLBACK")
        except BaseException as error:
            with suppress(sqlite3.Error):
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                self._distrusted = True
                raise OperationalError(str(error)) from error
            raise
        for request, appended in done:
            request.result = appended

    def _insert(self, batch: list[Append]) -> list[tuple[Append, Appended]]:
        """Appends all of them. After each statement this thread waits for the interpreter, and
        other processes wait for the store: there are as few as can be."""
        return self._insert_at(*self._take(sum(len(request.events) for request in batch)), batch)

    def _take(self, count: int) -> tuple[int, int]:
        """The next so many log indexes, from which one on, and the time of recording."""
        ((first, at),) = self._writer.execute(_TAKE, (count, self.now(), count)).fetchall()
        return first, at

    def _insert_at(self, first: int, at: int, batch: list[Append]) -> list[tuple[Append, Appended]]:
        writer = self._writer
        events = [event for request in batch for event in request.events]
        starts = list(accumulate((len(request.events) for request in batch), initial=first))
        done = [
            (request, Appended(start, len(request.events), at))
            for request, start in zip(batch, starts, strict=False)
        ]
        commands = [(r.command, r.sha256, a.first, a.count) for r, a in done]
        writer.executemany(_INSERT_COMMAND, commands)
        writer.executemany(INSERT_EVENT, _rows(events, first, at))
        if secrets := vault_rows(events):
            writer.executemany(_INSERT_VAULT, [(s.commitment, s.salt, s.content) for s in secrets])
        return done

    def _insert_the_good(self, batch: list[Append]) -> list[tuple[Append, Appended]]:
        """Appends those that fit, each by itself: what is wrong with one is not its neighbours'
        affair."""
        writer = self._writer
        done: list[tuple[Append, Appended]] = []
        for request in batch:
            writer.execute("SAVEPOINT request")
            try:
                done += self._insert([request])
            except Exception as error:
                if _is_the_stores(error):
                    raise
                writer.execute("ROLLBACK TO request")
                if isinstance(error, sqlite3.IntegrityError):
                    self._refuse(request)
                else:
                    request.failure = error
            writer.execute("RELEASE request")
        return done

    def _sound_writer(self) -> sqlite3.Connection:
        """The writer; another one where it has failed: it may keep what it has read wrongly."""
        if self._distrusted:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = connect(self.path)
            self._writer.execute("PRAGMA busy_timeout = 0")
            self._distrusted = False
        return self._writer

    def _refuse(self, request: Append) -> None:
        row = self._writer.execute(_SELECT_COMMAND, (request.command,)).fetchone()
        if row is None:
            request.failure = moved_on()
            return
        known = CommandRow(*row)
        (at,) = self._writer.execute(
            "SELECT recorded_at FROM log_event WHERE log_index = ?", (known.first,)
        ).fetchone()
        settle_repeat(request, known, at)

    # -- reading

    def _open(self) -> sqlite3.Connection:
        return connect(self.path)

    def _ask(self, query: str, params: Sequence[Any]) -> list[Any]:
        connection: sqlite3.Connection | None = None
        try:
            with suppress(IndexError):
                connection = self._idle.pop()
            if connection is None:
                connection = self._open()
            found = connection.execute(query, params).fetchall()
        except sqlite3.DatabaseError as error:
            if connection is not None:
                connection.close()  # or it keeps what it has read wrongly
            raise OperationalError(str(error)) from error
        self._idle.append(connection)
        return found

    def _sample(self, place: float) -> None:
        try:
            with closing(self._open()) as fresh:
                (size,) = fresh.execute("SELECT next FROM log_head").fetchone()
                fresh.execute(f"{_SELECT} WHERE log_index = ?", (int(place * size),)).fetchall()
        except sqlite3.DatabaseError as error:
            raise OperationalError(str(error)) from error

    def _look_for_writing(self, *, anew: bool) -> None:
        for suffix in ("", "-wal", "-shm"):
            file = self.path.with_name(self.path.name + suffix)
            if file.exists() and not os.access(file, os.W_OK):
                raise OperationalError(f"{file.name} is read-only")
        if not os.access(self.path.absolute().parent, os.W_OK | os.X_OK):
            raise OperationalError("its folder is read-only")
        if not anew:
            return
        try:
            with closing(self._open()) as fresh:
                fresh.execute(f"PRAGMA busy_timeout = {look_seconds_max * 1000}")
                fresh.execute(_BEGIN)
                trial = trial_of_writing()
                fresh.execute(_INSERT_COMMAND, (*trial, 0, 0))
                fresh.execute("DELETE FROM log_command WHERE id = ?", trial[:1])
                fresh.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            full = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
            raise OperationalError(disk_full if full else cant_write) from error

    def size(self) -> int:
        return int(self._fetch("SELECT next FROM log_head")[0][0])

    def now(self) -> int:
        return time.time_ns() // 1000

    def read(self, start: int, limit: int, stop: int | None = None) -> list[Row]:
        found = self._fetch(
            f"{_SELECT} WHERE log_index BETWEEN ? AND ? ORDER BY log_index LIMIT ?",
            (start, (1 << 62) if stop is None else stop, limit),
        )
        return [_row(row) for row in found]

    def read_streams(self, streams: Sequence[UUID], stop: int | None = None) -> list[Row]:
        last = (1 << 62) if stop is None else stop
        rows: list[Row] = []
        for i in range(0, len(streams), variables_max):
            some = [stream.bytes for stream in streams[i : i + variables_max]]
            marks = ",".join("?" * len(some))
            rows.extend(
                _row(row)
                for row in self._fetch(
                    f"{_SELECT} WHERE stream_id IN ({marks}) AND log_index <= ?",
                    (*some, last),
                )
            )
        rows.sort()
        return rows

    def read_by_stream(self, after: tuple[UUID, int] | None, limit: int, stop: int) -> list[Row]:
        stream, version = (b"", 0) if after is None else (after[0].bytes, after[1])
        found = self._fetch(
            f"{_SELECT} WHERE (stream_id, stream_version) > (?, ?) AND log_index <= ?"
            " ORDER BY stream_id, stream_version LIMIT ?",
            (stream, version, stop, limit),
        )
        return [_row(row) for row in found]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        assert isinstance(originator_id, UUID)
        found = self._fetch(
            "SELECT stream_version, topic, payload FROM log_event WHERE stream_id = ?"
            " AND stream_version > ? AND stream_version <= ?"
            f" ORDER BY stream_version {'DESC' if desc else 'ASC'} LIMIT ?",
            (
                originator_id.bytes,
                -1 if gt is None else gt,
                (1 << 62) if lte is None else lte,
                -1 if limit is None else limit,
            ),
        )
        return [StoredEvent(originator_id, *row) for row in found]

    def find_commands(self, commands: Sequence[str]) -> dict[str, CommandRow]:
        found: dict[str, CommandRow] = {}
        for i in range(0, len(commands), variables_max):
            some = commands[i : i + variables_max]
            marks = ",".join("?" * len(some))
            for row in self._fetch(
                f"SELECT id, request_sha256, first, count FROM log_command WHERE id IN ({marks})",
                some,
            ):
                found[row[0]] = CommandRow(*row[1:])
        return found

    def read_commands(self, start: int, stop: int) -> list[CommandSpan]:
        found = self._fetch(
            "SELECT id, first, count FROM log_command WHERE first BETWEEN ? AND ?"
            " ORDER BY first, id",
            (start, stop),
        )
        return [CommandSpan(*row) for row in found]

    def open_vault(self, commitments: Sequence[bytes]) -> dict[bytes, VaultRow]:
        rows: dict[bytes, VaultRow] = {}
        for i in range(0, len(commitments), variables_max):
            some = commitments[i : i + variables_max]
            marks = ",".join("?" * len(some))
            for row in self._fetch(
                f"SELECT commitment, salt, content FROM vault WHERE commitment IN ({marks})",
                some,
            ):
                rows[row[0]] = VaultRow(*row)
        return rows

    def erase_vault(self, commitments: Sequence[bytes]) -> None:
        try:
            with closing(connect(self.path)) as connection:
                connection.execute(_BEGIN)
                query = "DELETE FROM vault WHERE commitment = ?"
                connection.executemany(query, [(commitment,) for commitment in commitments])
                # Rows that moved when others came leave copies behind, which deleting does not
                # find; pages that are given up whole are overwritten whole.
                connection.execute(f"CREATE TABLE vault_kept {VAULT}")
                connection.execute("INSERT INTO vault_kept SELECT * FROM vault ORDER BY 1")
                connection.execute("DROP TABLE vault")
                connection.execute("ALTER TABLE vault_kept RENAME TO vault")
                connection.execute("COMMIT")
                # The pages as they were stand in the write-ahead log until it is begun anew.
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:
                    raise OperationalError("others read the log for long: erase it again later")
        except sqlite3.Error as error:
            raise OperationalError(str(error)) from error

    def _begin_anew(self) -> None:
        """Begins the write-ahead log anew, if nobody reads it: an erasure that a crash broke off
        may have left something there."""
        with suppress(sqlite3.OperationalError):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        self._writer.close()
        self._let_go()

    def _let_go(self) -> None:
        while self._idle:
            self._idle.pop().close()


class SQLiteReader(SQLiteRecorder):
    """Reads the SQLite file at `path` by a URI of SQLite that opens nothing for writing."""

    def __init__(self, path: Path, uri: str) -> None:
        Recorder.__init__(self)
        self.path = path
        self._uri = uri
        self._idle = deque()
        try:
            self.size()
        except OperationalError as error:
            raise OperationalError(f"{path}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._uri,
            uri=True,
            timeout=busy_timeout_seconds,
            isolation_level=None,
            check_same_thread=False,
        )

    def close(self) -> None:
        self._let_go()


def _row(row: tuple[int, bytes, int, str, str, int, bytes]) -> Row:
    return Row(row[0], UUID(bytes=row[1]), *row[2:])
