"""The log in PostgreSQL: a batch is one statement that takes its indexes from the head row.

The head row's lock orders commits, so indexes are dense and commit order is index order. The clock
is read under that lock. When a batch breaks a unique rule, the head is locked first, what is
already there is looked up with a snapshot taken after the lock, and the rest is inserted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import OperationalError, StoredEvent
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

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

readers_max = 16
reconnect_seconds_max = 10.0
idle_seconds_max = 10.0
"""How long a process that stands still in the middle of an append may keep all others waiting."""
_SCHEMA_LOCK = 0x5C17

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_event (
    log_index BIGINT PRIMARY KEY,
    stream_id UUID NOT NULL,
    stream_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    addressee TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    UNIQUE (stream_id, stream_version)
);
CREATE TABLE IF NOT EXISTS log_command (
    id TEXT PRIMARY KEY,
    request_sha256 BYTEA NOT NULL,
    first BIGINT NOT NULL,
    count INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS log_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    next BIGINT NOT NULL,
    at BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (one, next, at) VALUES (1, 0, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS vault (
    commitment BYTEA PRIMARY KEY,
    salt BYTEA NOT NULL,
    content TEXT NOT NULL
);
"""

_APPEND = """
WITH head AS (
    UPDATE log_head
    SET next = next + %(count)s,
        at = greatest(at, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    RETURNING next - %(count)s AS first, at
), commands AS (
    INSERT INTO log_command (id, request_sha256, first, count)
    SELECT c.id, c.sha256, head.first + c.skip, c.count
    FROM head, unnest(
        %(commands)b::text[], %(sha256s)b::bytea[], %(skips)b::int[], %(counts)b::int[]
    ) AS c (id, sha256, skip, count)
), secrets AS (
    INSERT INTO vault (commitment, salt, content)
    SELECT * FROM unnest(%(commitments)b::bytea[], %(salts)b::bytea[], %(contents)b::text[])
), events AS (
    INSERT INTO log_event
        (log_index, stream_id, stream_version, topic, addressee, recorded_at, payload)
    SELECT head.first + e.n - 1, e.stream_id, e.stream_version, e.topic, e.addressee, head.at,
        e.payload
    FROM head, unnest(
        %(streams)b::uuid[], %(versions)b::int[], %(topics)b::text[], %(addressees)b::text[],
        %(payloads)b::bytea[]
    ) WITH ORDINALITY AS e (stream_id, stream_version, topic, addressee, payload, n)
)
SELECT first, at FROM head
"""
_SELECT = (
    "SELECT log_index, stream_id, stream_version, topic, addressee, recorded_at, payload"
    " FROM log_event"
)


_LOST = (psycopg.OperationalError, errors.IdleInTransactionSessionTimeout)
"""The connection is gone, or the server has ended it."""


class PostgreSQLRecorder(Recorder):
    """Records into the PostgreSQL database at `conninfo` (libpq URL or string)."""

    def __init__(self, conninfo: str) -> None:
        super().__init__()
        self.conninfo = conninfo
        try:
            self._writer = self._connect()
            with self._writer.transaction():
                self._writer.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
                self._writer.execute(SCHEMA, prepare=False)
        except psycopg.OperationalError as error:
            raise OperationalError(str(error)) from error
        self._pool = self._readers()

    def _readers(self, **more: Any) -> ConnectionPool[psycopg.Connection[tuple[Any, ...]]]:
        return ConnectionPool(
            self.conninfo,
            min_size=1,
            max_size=readers_max,
            timeout=reconnect_seconds_max,
            kwargs={"autocommit": True, "prepare_threshold": 1, **more},
            open=True,
        )

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self.conninfo, autocommit=True, prepare_threshold=0)
        # Planning the append anew for each batch would take longer than running it.
        connection.execute("SET plan_cache_mode = force_generic_plan")
        milliseconds = int(idle_seconds_max * 1000)
        connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")
        return connection

    # -- writing

    def _commit(self, batch: list[Append]) -> None:
        try:
            try:
                self._insert(batch)
            except errors.UniqueViolation:
                self._insert_the_good(batch)
        except _LOST as error:
            for request in batch:
                request.result = request.failure = None
            self._resume(batch, error, reconnect_seconds_max)
        except errors.ReadOnlySqlTransaction as error:
            self._resume(batch, error, 0)  # a connection stays so when the database no longer is
        except psycopg.Error as error:
            if len(batch) == 1:
                if isinstance(error, (psycopg.InternalError, psycopg.ProgrammingError)):
                    raise OperationalError(str(error)) from error
                raise
            # What is wrong with one request is not its neighbours' affair.
            for request in batch:
                request.result = request.failure = None
                try:
                    self._commit([request])
                except (psycopg.Error, OperationalError) as failure:
                    request.failure = failure

    def _insert(self, batch: list[Append]) -> None:
        events = [event for request in batch for event in request.events]
        secrets = vault_rows(events)
        counts = [len(request.events) for request in batch]
        skips = list(accumulate(counts, initial=0))[:-1]
        found = self._writer.execute(
            _APPEND,
            {
                "count": len(events),
                "commands": [r.command for r in batch],
                "sha256s": [r.sha256 for r in batch],
                "skips": skips,
                "counts": counts,
                "commitments": [s.commitment for s in secrets],
                "salts": [s.salt for s in secrets],
                "contents": [s.content for s in secrets],
                "streams": [e.originator_id for e in events],
                "versions": [e.originator_version for e in events],
                "topics": [e.topic for e in events],
                "addressees": [addressee_of(e) for e in events],
                "payloads": [e.state for e in events],
            },
        ).fetchone()
        assert found is not None
        first, at = found
        for request, skip in zip(batch, skips, strict=True):
            request.result = Appended(first + skip, len(request.events), at)

    def _insert_the_good(self, batch: list[Append]) -> None:
        with self._writer.transaction():
            # The lock comes first: only a snapshot taken after it sees all that came before us.
            self._writer.execute("SELECT next FROM log_head FOR UPDATE")
            self._insert_what_fits(batch)

    def _insert_what_fits(self, batch: list[Append]) -> None:
        """Settles the requests that can't be inserted and inserts the others."""
        known = self._known_commands([r.command for r in batch])
        keys = [(e.originator_id, e.originator_version) for r in batch for e in r.events]
        taken = set(
            self._writer.execute(
                "SELECT e.stream_id, e.stream_version FROM log_event e"
                " JOIN unnest(%b::uuid[], %b::int[]) AS k (stream_id, stream_version)"
                " USING (stream_id, stream_version)",
                ([k[0] for k in keys], [k[1] for k in keys]),
            ).fetchall()
        )
        good: dict[str, Append] = {}
        again: list[Append] = []
        for request in batch:
            mine = [(e.originator_id, e.originator_version) for e in request.events]
            if request.command in known:
                settle_repeat(request, *known[request.command])
            elif request.command in good:
                again.append(request)
            elif taken.intersection(mine) or len(set(mine)) < len(mine):
                request.failure = moved_on()
            else:
                good[request.command] = request
                taken.update(mine)
        if good:
            self._insert(list(good.values()))
        for request in again:  # the same command twice in one batch: the first one's result
            first = good[request.command]
            assert first.result is not None
            row = CommandRow(first.sha256, first.result.first, first.result.count)
            settle_repeat(request, row, first.result.recorded_at)

    def _known_commands(self, commands: list[str]) -> dict[str, tuple[CommandRow, int]]:
        rows = self._writer.execute(
            "SELECT c.id, c.request_sha256, c.first, c.count, e.recorded_at FROM log_command c"
            " JOIN log_event e ON e.log_index = c.first WHERE c.id = ANY(%b)",
            (commands,),
        ).fetchall()
        return {row[0]: (CommandRow(*row[1:4]), row[4]) for row in rows}

    def _resume(self, batch: list[Append], lost: psycopg.Error, seconds_max: float) -> None:
        """After a lost connection a commit may or may not have happened: wait for it to end under
        the head's lock, look, and insert what is missing."""
        deadline = time.monotonic() + seconds_max
        while True:
            try:
                self._writer.close()
                self._writer = self._connect()
                with self._writer.transaction():
                    self._writer.execute("SELECT next FROM log_head FOR UPDATE")
                    self._insert_what_fits(batch)
                return
            except (*_LOST, errors.ReadOnlySqlTransaction) as error:
                for request in batch:
                    request.result = request.failure = None
                if time.monotonic() > deadline:
                    raise OperationalError(str(lost)) from error
                time.sleep(0.2)

    # -- reading

    def _ask(self, query: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            try:
                return self._fetch_once(query, params)
            except PoolTimeout:
                raise
            except psycopg.OperationalError:
                self._pool.check()  # after a restart of the server every connection is a lost one
                return self._fetch_once(query, params)
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error

    def _sample(self, place: float) -> None:
        self._fetch(
            f"{_SELECT} WHERE log_index = (SELECT floor(next * %s::float) FROM log_head)", (place,)
        )

    def _look_for_writing(self, *, anew: bool) -> None:
        try:
            with self._connect() as fresh:
                # Locking a row is written, and refused wherever writing is; nobody waits for it.
                fresh.execute("SELECT next FROM log_head FOR UPDATE SKIP LOCKED")
                if anew:
                    with fresh.transaction():
                        trial = trial_of_writing()
                        fresh.execute("INSERT INTO log_command VALUES (%s, %s, 0, 0)", trial)
                        fresh.execute("DELETE FROM log_command WHERE id = %s", trial[:1])
        except psycopg.Error as error:
            full = isinstance(error, errors.DiskFull)
            raise OperationalError(disk_full if full else cant_write) from error

    def _fetch_once(self, query: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._pool.connection() as connection:
            return connection.execute(query, params, prepare=True, binary=True).fetchall()

    def size(self) -> int:
        return int(self._fetch("SELECT next FROM log_head")[0][0])

    def now(self) -> int:
        question = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        return int(self._fetch(question)[0][0])

    def read(self, start: int, limit: int, stop: int | None = None) -> list[Row]:
        last = (1 << 62) if stop is None else stop
        return [
            Row(*row)
            for row in self._fetch(
                f"{_SELECT} WHERE log_index BETWEEN %s AND %s ORDER BY log_index LIMIT %s",
                (start, last, limit),
            )
        ]

    def read_streams(self, streams: Sequence[UUID], stop: int | None = None) -> list[Row]:
        last = (1 << 62) if stop is None else stop
        return [
            Row(*row)
            for row in self._fetch(
                f"{_SELECT} WHERE stream_id = ANY(%s) AND log_index <= %s ORDER BY log_index",
                (list(streams), last),
            )
        ]

    def read_by_stream(self, after: tuple[UUID, int] | None, limit: int, stop: int) -> list[Row]:
        stream, version = after or (UUID(int=0), 0)
        return [
            Row(*row)
            for row in self._fetch(
                f"{_SELECT} WHERE (stream_id, stream_version) > (%s, %s) AND log_index <= %s"
                " ORDER BY stream_id, stream_version LIMIT %s",
                (stream, version, stop, limit),
            )
        ]

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
            "SELECT stream_version, topic, payload FROM log_event WHERE stream_id = %s"
            " AND stream_version > %s AND stream_version <= %s"
            f" ORDER BY stream_version {'DESC' if desc else 'ASC'} LIMIT %s",
            (
                originator_id,
                -1 if gt is None else gt,
                (1 << 31) - 1 if lte is None else lte,
                limit,
            ),
        )
        return [StoredEvent(originator_id, *row) for row in found]

    def find_commands(self, commands: Sequence[str]) -> dict[str, CommandRow]:
        rows = self._fetch(
            "SELECT id, request_sha256, first, count FROM log_command WHERE id = ANY(%s)",
            (list(commands),),
        )
        return {row[0]: CommandRow(*row[1:]) for row in rows}

    def read_commands(self, start: int, stop: int) -> list[CommandSpan]:
        found = self._fetch(
            "SELECT id, first, count FROM log_command WHERE first BETWEEN %s AND %s"
            " ORDER BY first, id",
            (start, stop),
        )
        return [CommandSpan(*row) for row in found]

    def open_vault(self, commitments: Sequence[bytes]) -> dict[bytes, VaultRow]:
        rows = self._fetch(
            "SELECT commitment, salt, content FROM vault WHERE commitment = ANY(%s)",
            (list(commitments),),
        )
        return {row[0]: VaultRow(*row) for row in rows}

    def erase_vault(self, commitments: Sequence[bytes]) -> None:
        self._fetch(
            "DELETE FROM vault WHERE commitment = ANY(%s) RETURNING commitment",
            (list(commitments),),
        )
        try:
            with self._pool.connection() as connection:
                connection.execute("VACUUM vault", prepare=False)
        except psycopg.OperationalError as error:
            raise OperationalError(str(error)) from error

    def close(self) -> None:
        self._pool.close()
        self._writer.close()


class PostgreSQLReader(PostgreSQLRecorder):
    """Reads the PostgreSQL database at `conninfo`, in transactions that can't write."""

    def __init__(self, conninfo: str) -> None:
        Recorder.__init__(self)
        self.conninfo = conninfo
        read_only = "-cdefault_transaction_read_only=on"
        try:
            with psycopg.connect(conninfo, autocommit=True, options=read_only) as connection:
                connection.execute("SELECT next FROM log_head")
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error
        self._pool = self._readers(options=read_only)

    def close(self) -> None:
        self._pool.close()
