"""The log's contract, the same for every store, and wrong stores that it must catch."""

from __future__ import annotations

import contextlib
import io
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent
from eventsourcing.tests import persistence as library

from domain.entry import UnreadableEntry, protected_texts
from domain.refusals import CommandReused, InvalidInput, LimitExceeded, StaleVersion, Unavailable
from tests import postgres
from tests.given import given, noted, received, supported
from workflows.log import Log, open_recorder, read_url
from workflows.log.mapper import SealedEvent, VaultRow
from workflows.log.recorder import (
    Append,
    Appended,
    Recorder,
    append_events_max,
    batch_events_max,
    settle_repeat,
)
from workflows.log.sqlite import SQLiteRecorder

WRITERS = 16
HOUR = 3_600_000_000

Request = tuple[str, bytes, list[SealedEvent]]


class Store:
    """One store, its recorders, and what lies in its tables."""

    def __init__(self, url: str, opened_by: Callable[[str], Recorder] | None = None) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._open = opened_by or (lambda url: open_recorder(read_url(url)))
        self._opened: list[Recorder] = []

    def open(self) -> Recorder:
        recorder = self._open(self.url)
        self._opened.append(recorder)
        return recorder

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()

    def connect(self) -> Any:
        if self.is_sqlite:
            path = self.url.removeprefix("sqlite:///")
            return sqlite3.connect(path, timeout=30, isolation_level=None)
        return psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    @contextlib.contextmanager
    def held_up(self) -> Iterator[None]:
        """Nobody commits as long as this lasts, so requests gather."""
        with contextlib.closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
            connection.execute("UPDATE log_head SET next = next")
            yield
            connection.execute("ROLLBACK")

    def assert_whole(self) -> None:
        """Indexes are dense from 0, commands cover them exactly, time never goes back, and the
        vault holds what the events need and nothing else."""
        columns = "log_index, recorded_at, payload"
        events = self.sql(f"SELECT {columns} FROM log_event ORDER BY log_index")
        assert [row[0] for row in events] == list(range(len(events))), "indexes are dense from 0"
        times = [row[1] for row in events]
        assert times == sorted(times), "recorded_at never decreases"
        assert self.sql("SELECT next FROM log_head") == [(len(events),)]
        covered: list[int] = []
        for first, count in self.sql("SELECT first, count FROM log_command ORDER BY first"):
            covered.extend(range(first, first + count))
        assert covered == list(range(len(events))), "every event belongs to one command"
        promised = {bytes(row[2]) for row in events if row[2]}
        kept = {bytes(row[0]) for row in self.sql("SELECT commitment FROM vault")}
        assert kept == promised, "the vault goes with the events"


def event(stream: UUID | None = None, version: int = 1) -> SealedEvent:
    """A stored event whose payload is the commitment to its one protected text."""
    row = VaultRow(secrets.token_bytes(32), secrets.token_bytes(32), "words")
    return SealedEvent(
        originator_id=stream or uuid4(),
        originator_version=version,
        topic="tested.v1",
        state=row.commitment,
        addressee="SVN",
        vault=(row,),
    )


def request(count: int = 1, stream: UUID | None = None) -> Request:
    stream = stream or uuid4()
    command = str(uuid4())
    return command, command.encode(), [event(stream, n + 1) for n in range(count)]


def all_at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each call gives or raises, when all are made at the same time by threads."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def gathered(store: Store, recorder: Recorder, requests: Sequence[Request]) -> list[Any]:
    """What each request gives or raises when one holds the store up and the others gather."""
    with ThreadPoolExecutor(len(requests)) as pool:
        with store.held_up():
            waiting = []
            for number, one in enumerate(requests):
                waiting.append(pool.submit(recorder.append, *one))
                until = time.monotonic() + 5
                while len(recorder._queue) < number and time.monotonic() < until:
                    time.sleep(0.001)
        return [future.exception() or future.result() for future in waiting]


class Contract:
    """What a store must keep. Each method takes a store nobody has used and fails if it doesn't."""

    def test_indexes_are_dense_from_0_whoever_is_refused(self, store: Store) -> None:
        recorder = store.open()
        taken = uuid4()
        recorder.append(*request(stream=taken))

        def write(writer: int) -> tuple[int, int]:
            written = refused = 0
            for n in range(20):
                if n % 10 == writer % 10:
                    with pytest.raises(IntegrityError):
                        recorder.append(*request(2, stream=taken))
                    refused += 1
                else:
                    written += recorder.append(*request(1 + n % 3)).count
            return written, refused

        done = all_at_once([lambda w=w: write(w) for w in range(WRITERS)])  # type: ignore[misc]
        failed = [d for d in done if isinstance(d, BaseException)]
        assert not failed, failed[0]
        assert sum(refused for _, refused in done) == 2 * WRITERS
        assert recorder.size() == 1 + sum(written for written, _ in done)
        store.assert_whole()

    def test_a_tailing_reader_misses_nothing_and_sees_nothing_twice(self, store: Store) -> None:
        recorder = store.open()
        seen: list[int] = []
        streams: list[UUID] = []
        ended = threading.Event()

        def tail() -> None:
            last = False
            while not last:
                last = ended.is_set()
                while rows := recorder.read(seen[-1] + 1 if seen else 0, 7):
                    seen.extend(row.log_index for row in rows)
                    streams.extend(row.stream for row in rows)

        reader = threading.Thread(target=tail)
        reader.start()

        def write() -> None:
            for _ in range(10):
                recorder.append(*request(2))

        done = all_at_once([write] * WRITERS)
        ended.set()
        reader.join(60)
        assert not [d for d in done if d is not None]
        assert seen == list(range(2 * 10 * WRITERS))
        assert streams == [row.stream for row in recorder.read(0, 10_000)]

    def test_the_order_of_commits_is_the_order_of_indexes(self, store: Store) -> None:
        recorder = store.open()
        ended = threading.Event()
        sizes: list[tuple[int, int]] = []

        def watch() -> None:
            while not ended.is_set():
                size = recorder.size()
                sizes.append((size, len(recorder.read(0, 10_000, size - 1)) if size else 0))

        reader = threading.Thread(target=watch)
        reader.start()
        all_at_once([lambda: [recorder.append(*request(3)) for _ in range(8)]] * 8)
        ended.set()
        reader.join(60)
        assert all(size == there for size, there in sizes), "below the head nothing is missing"

    def test_recorded_at_never_decreases_when_the_clock_goes_back(self, store: Store) -> None:
        recorder = store.open()
        before = recorder.append(*request()).recorded_at
        # Like a clock that was an hour fast and has been put right.
        store.sql(f"UPDATE log_head SET at = at + {HOUR}")
        fast = recorder.append(*request()).recorded_at
        after = [recorder.append(*request()).recorded_at for _ in range(3)]
        assert before + HOUR <= fast <= min(after)
        store.assert_whole()

    def test_recorded_at_is_the_time_of_recording(self, store: Store) -> None:
        recorder = store.open()
        start = time.time_ns() // 1000
        at = recorder.append(*request()).recorded_at
        assert start - HOUR / 3600 <= at <= time.time_ns() // 1000 + HOUR / 3600

    def test_a_refused_request_leaves_nothing_while_its_neighbours_commit(
        self, store: Store
    ) -> None:
        recorder = store.open()
        taken = uuid4()
        recorder.append(*request(2, stream=taken))
        late = str(uuid4()), b"late", [event(), event(taken, 2)]
        twice = event()
        double = str(uuid4()), b"double", [twice, event(UUID(str(twice.originator_id)), 1)]
        good = [request(2) for _ in range(6)]
        mixed = [good[0], good[1], late, good[2], double, good[3], good[4], late, good[5]]
        results = gathered(store, recorder, mixed)
        for asked, result in zip(mixed, results, strict=True):
            if asked in good:
                assert isinstance(result, Appended), result
                assert [r.stream for r in recorder.read(result.first, result.count)] == [
                    e.originator_id for e in asked[2]
                ]
            else:
                assert isinstance(result, IntegrityError)
                assert recorder.find_command(asked[0]) is None
        assert recorder.size() == 2 + 12
        store.assert_whole()

    def test_a_request_no_store_can_hold_harms_no_neighbour(self, store: Store) -> None:
        recorder = store.open()
        command, sha256, events = request()
        poison = command, sha256, [event(version=1 << 70), *events]
        good = [request() for _ in range(4)]
        results = gathered(store, recorder, [good[0], good[1], poison, good[2], good[3]])
        assert isinstance(results.pop(2), Exception)
        assert all(isinstance(result, Appended) for result in results), results
        store.assert_whole()
        assert recorder.append(command, sha256, events).count == 1

    def test_all_events_of_an_append_are_recorded_or_none(self, store: Store) -> None:
        recorder = store.open()
        taken = uuid4()
        recorder.append(*request(stream=taken))
        for bad in ([event(), event(taken, 1)], [event(taken, 1), event()]):
            with pytest.raises(IntegrityError):
                recorder.append(str(uuid4()), b"x", bad)
        assert recorder.size() == 1
        store.assert_whole()

    def test_the_same_command_with_the_same_request_gives_the_first_result(
        self, store: Store
    ) -> None:
        recorder = store.open()
        asked = request(2)
        first = recorder.append(*asked)
        recorder.append(*request())
        again = recorder.append(*asked)
        fresh = recorder.append(asked[0], asked[1], request()[2])
        assert (again.first, again.count, again.recorded_at) == first[:3]
        assert fresh[:3] == first[:3]
        assert (first.repeated, again.repeated) == (False, True)
        assert recorder.size() == 3
        store.assert_whole()

    def test_the_same_command_sent_16_times_at_once_is_appended_once(self, store: Store) -> None:
        recorder = store.open()
        asked = request(3)
        results = all_at_once([lambda: recorder.append(*asked)] * WRITERS)
        assert all(isinstance(result, Appended) for result in results), results
        assert len({result[:3] for result in results}) == 1
        assert [result.repeated for result in results].count(False) == 1
        assert recorder.size() == 3
        store.assert_whole()

    def test_the_same_command_twice_in_one_batch_is_appended_once(self, store: Store) -> None:
        recorder = store.open()
        asked, other = request(), request()
        same = asked[0], asked[1], request()[2]
        changed = asked[0], b"another request", request()[2]
        results = gathered(store, recorder, [request(), asked, other, same, changed])
        assert isinstance(results[3], Appended), results[3]
        assert results[1][:3] == results[3][:3]
        assert isinstance(results[4], IntegrityError)
        assert recorder.size() == 3
        store.assert_whole()

    def test_requests_that_come_together_stand_or_fall_each_for_itself(self, store: Store) -> None:
        recorder = store.open()
        known, stream = request(2), uuid4()
        first = recorder.append(*known)
        asked = [request(), request(1, stream), known, request(1, stream), request(3)]
        together = [Append(*one) for one in asked]
        recorder.append_all(together)
        assert isinstance(together[3].failure, IntegrityError)
        settled = [together[n].settle() for n in (0, 1, 2, 4)]
        assert [done.first for done in settled] == [2, 3, first.first, 4]
        assert [done.repeated for done in settled] == [False, False, True, False]
        found = recorder.find_commands([asked[4][0], asked[3][0], known[0]])
        assert {name: row.count for name, row in found.items()} == {asked[4][0]: 3, known[0]: 2}
        assert recorder.find_commands([]) == {}
        store.assert_whole()

    def test_many_who_bring_many_requests_share_the_log(self, store: Store) -> None:
        recorder = store.open()
        counts = (batch_events_max // 7 + 10, 80, 80, 80)  # the first needs more than one commit
        brought = [[Append(*request(7)) for _ in range(count)] for count in counts]
        all_at_once([lambda mine=mine: recorder.append_all(mine) for mine in brought])  # type: ignore[misc]
        for mine in brought:
            firsts = [one.settle().first for one in mine]
            assert firsts == sorted(firsts), "in the order they were brought in"
        recorder.append(*request())
        assert recorder.size() == sum(counts) * 7 + 1
        store.assert_whole()

    def test_the_same_command_with_another_request_is_refused(self, store: Store) -> None:
        recorder = store.open()
        command, _, events = request()
        recorder.append(command, b"this", events)
        with pytest.raises(IntegrityError):
            recorder.append(command, b"that", request()[2])
        assert recorder.size() == 1
        store.assert_whole()

    def test_what_was_recorded_is_there_after_a_restart(self, store: Store) -> None:
        recorder = store.open()
        asked = request(2)
        first = recorder.append(*asked)
        before = recorder.read(0, 10)
        store.close()
        recorder = store.open()
        assert recorder.read(0, 10) == before
        assert recorder.append(*asked)[:2] == first[:2]
        assert recorder.append(*request()).first == 2
        found = recorder.find_command(asked[0])
        assert found is not None
        assert (found.first, found.count) == (0, 2)
        store.assert_whole()

    def test_a_reader_reads_from_an_index_up_to_one_and_no_more_than_asked(
        self, store: Store
    ) -> None:
        recorder = store.open()
        assert (recorder.read(0, 10), recorder.size()) == ([], 0)
        one, other = uuid4(), uuid4()
        recorder.append("1", b"1", [event(one), event(other), event(one, 2)])
        recorder.append("2", b"2", [event(other, 2)])
        indexes = [row.log_index for row in recorder.read(1, 2)]
        assert indexes == [1, 2]
        assert [row.log_index for row in recorder.read(1, 9, 2)] == [1, 2]
        assert [row.log_index for row in recorder.read_streams([other, one])] == [0, 1, 2, 3]
        assert [row.log_index for row in recorder.read_streams([other], 2)] == [1]
        assert {row.addressee for row in recorder.read(0, 9)} == {"SVN"}
        assert [row.version for row in recorder.read_streams([one])] == [1, 2]
        many = [uuid4() for _ in range(1_200)]
        assert [r.log_index for r in recorder.read_streams([*many, one])] == [0, 2]

    def test_the_vault_gives_what_was_put_in_and_nothing_that_was_erased(
        self, store: Store
    ) -> None:
        recorder = store.open()
        _, _, events = request(3)
        recorder.append("1", b"1", events)
        rows = [e.vault[0] for e in events]
        asked = [row.commitment for row in rows] + [bytes(32)] * 600
        assert recorder.open_vault(asked) == {row.commitment: row for row in rows}
        recorder.erase_vault([rows[1].commitment, bytes(32)])
        recorder.erase_vault([rows[1].commitment])
        assert set(recorder.open_vault(asked)) == {rows[0].commitment, rows[2].commitment}

    def test_an_append_has_a_limit_and_holds_something(self, store: Store) -> None:
        recorder = store.open()
        with pytest.raises(LimitExceeded):
            recorder.append("1", b"1", [event()] * (append_events_max + 1))
        with pytest.raises(ValueError, match="at least one"):
            recorder.append("1", b"1", [])
        assert recorder.size() == 0
        assert recorder.find_command("1") is None

    def test_a_notification_is_the_log_index_and_one(self, store: Store) -> None:
        recorder = store.open()
        done = recorder.append(*request(3))
        notes = recorder.select_notifications(start=2, limit=5)
        assert [note.id for note in notes] == [done.first + 2, done.first + 3]
        assert recorder.max_notification_id() == 3
        with pytest.raises(NotImplementedError):
            recorder.subscribe()


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """An empty database: here stores are made."""
    with postgres_server.database() as url:
        yield url


class TestContract(Contract):
    """Both stores keep it."""

    @pytest.fixture
    def store(self, database_url: str) -> Iterator[Store]:
        store = Store(database_url)
        yield store
        store.close()

    @pytest.mark.slow
    def test_two_processes_write_at_once_to_a_store_nobody_has_made(self, store: Store) -> None:
        acknowledged: list[str] = []
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITE, store.url, "40"],
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[1],
            )
            for _ in range(2)
        ]
        for writer in writers:
            out, _ = writer.communicate(timeout=60)
            assert writer.returncode == 0
            acknowledged.extend(out.split())
        assert len(acknowledged) == 80
        recorder = store.open()
        assert all(recorder.find_command(command) for command in acknowledged)
        assert recorder.size() == 80
        store.assert_whole()


@pytest.mark.parametrize("table", ["log_head", "log_event_stream", "log_command"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_damaged_file_fails_every_request_as_the_stores_fault_until_it_is_mended(
    tmp_path: Path, table: str, count: int
) -> None:
    path = tmp_path / "suivi.db"
    recorder = SQLiteRecorder(path)
    recorder.append(*request(1))
    with contextlib.closing(Store(f"sqlite:///{path}")) as other:
        other.open().append(*request(1))  # so that the recorder reads its pages anew
        ((page,),) = other.sql(f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")
        ((page_bytes,),) = other.sql("PRAGMA page_size")
        assert other.sql("PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
    sound = path.read_bytes()
    start = (page - 1) * page_bytes
    path.write_bytes(sound[:start] + b"\xff" * page_bytes + sound[start + page_bytes :])
    asked = [Append(*request(1)) for _ in range(count)]
    recorder.append_all(asked)
    for one in asked:
        with pytest.raises(OperationalError, match="malformed"):
            one.settle()
    path.write_bytes(sound)
    assert [recorder.append(*request(1)).first for _ in range(2)] == [2, 3]
    recorder.close()


def test_an_erasure_that_leaves_the_text_in_the_write_ahead_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.log.sqlite.busy_timeout_seconds", 0.1)
    recorder = SQLiteRecorder(tmp_path / "suivi.db")
    _, _, events = request(1)
    recorder.append("1", b"1", events)
    reader = sqlite3.connect(tmp_path / "suivi.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM vault").fetchone()
    commitments = [events[0].vault[0].commitment]
    with pytest.raises(OperationalError, match="again later"):
        recorder.erase_vault(commitments)
    reader.execute("COMMIT")
    reader.close()
    recorder.erase_vault(commitments)
    assert events[0].vault[0].content.encode() not in b"".join(
        path.read_bytes() for path in tmp_path.iterdir()
    )
    recorder.close()


def test_a_new_store_waits_for_the_process_that_makes_it_at_the_same_time(tmp_path: Path) -> None:
    file = tmp_path / "suivi.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor() as threads:
        opening = threads.submit(SQLiteRecorder, file)
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.1)
        other.execute("COMMIT")
        opening.result(timeout=30).close()
    other.close()


WRITE = """
import sys, tests.test_log as t
store = t.Store(sys.argv[1])
recorder = store.open()
for _ in range(int(sys.argv[2])):
    asked = t.request()
    recorder.append(*asked)
    print(asked[0], flush=True)
store.close()
"""


class TestLostConnections:
    """PostgreSQL only: SQLite has no connection to lose."""

    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[Store]:
        store = Store(postgres_url)
        yield store
        store.close()

    def test_an_append_whose_connection_is_killed_happens_once_or_is_refused(
        self, store: Store
    ) -> None:
        recorder: Any = store.open()
        asked = [request(2) for _ in range(160)]
        killed = 0
        ended = threading.Event()

        def kill() -> int:
            kills = 0
            with contextlib.closing(store.connect()) as connection:
                while not ended.is_set():
                    pid = recorder._writer.info.backend_pid if not recorder._writer.closed else 0
                    kills += connection.execute(
                        "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) AS done"
                        " FROM pg_stat_activity WHERE pid = %s) AS k WHERE done",
                        (pid,),
                    ).fetchone()[0]
                    time.sleep(0.005 + secrets.randbelow(30) / 1000)
            return kills

        def write(some: list[Request]) -> list[Any]:
            results: list[Any] = []
            for one in some:
                try:
                    results.append(recorder.append(*one))
                except OperationalError as error:
                    results.append(error)
            return results

        with ThreadPoolExecutor(9) as pool:
            killer = pool.submit(kill)
            parts = [pool.submit(write, asked[n::8]) for n in range(8)]
            results = {n: part.result() for n, part in enumerate(parts)}
            ended.set()
            killed = killer.result()
        assert killed > 0
        for n in range(8):
            for one, result in zip(asked[n::8], results[n], strict=True):
                found = recorder.find_command(one[0])
                if isinstance(result, Appended):
                    assert found is not None
                    assert (found.first, found.count) == (result.first, 2)
                again = recorder.append(*one)
                assert found is None or (found.first, found.count) == again[:2]
        assert recorder.size() == 2 * len(asked)
        store.assert_whole()

    def test_a_reader_whose_connections_were_lost_reads_on(self, store: Store) -> None:
        recorder: Any = store.open()
        recorder.append(*request())
        all_at_once([lambda: recorder._fetch("SELECT pg_sleep(0.2)")] * 8)
        store.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert [recorder.size() for _ in range(3)] == [1, 1, 1]
        assert recorder.append(*request()).first == 1

    def test_whoever_stands_still_in_an_append_keeps_others_waiting_but_for_a_while(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("workflows.log.postgresql.idle_seconds_max", 0.5)
        paused: Any = store.open()
        first = request(2)
        paused.append(*first)
        stands, goes_on = threading.Event(), threading.Event()
        insert = paused._insert_what_fits

        def standing_still(batch: list[Append]) -> None:  # once, holding the head's lock
            paused._insert_what_fits = insert
            stands.set()
            goes_on.wait()
            insert(batch)

        paused._insert_what_fits = standing_still
        again = request(3)
        with ThreadPoolExecutor(2) as pool:
            late = pool.submit(paused.append_all, [Append(*first), one := Append(*again)])
            stands.wait()
            assert store.open().append(*request()).first == 2
            goes_on.set()
            late.result()
        assert one.settle()[:2] == (3, 3)
        store.assert_whole()

    def test_a_store_that_is_not_there_is_unavailable(self, store: Store) -> None:
        with pytest.raises(Unavailable):
            Log(store.url + "&port=1")


# --- Wrong stores, on purpose --------------------------------------------------------------------


class Wrong(SQLiteRecorder):
    """A recorder that writes by itself, for stores that are wrong in one way each."""

    def __init__(self, url: str) -> None:
        super().__init__(Path(url.removeprefix("sqlite:///")))
        self._lock = threading.Lock()

    def write(self, asked: Append, first: int, at: int) -> Appended:
        """One transaction, right in itself: events, command and vault rows."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                ((_, done),) = self._insert_at(first, at, [asked])
            except sqlite3.IntegrityError:
                self._writer.execute("ROLLBACK")
                self._refuse(asked)
                return asked.settle()
            self._writer.execute("COMMIT")
        return done

    def take(self, count: int) -> tuple[int, int]:
        """Takes indexes in a transaction of its own."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            ((first, at),) = self._writer.execute("SELECT next, at FROM log_head").fetchall()
            at = max(at, time.time_ns() // 1000)
            self._writer.execute("UPDATE log_head SET next = ?, at = ?", (first + count, at))
            self._writer.execute("COMMIT")
        return int(first), int(at)


class BurnsIndexes(Wrong):
    """Takes indexes from a sequence: a refused append burns them."""

    def append(self, command: str, sha256: bytes, events: Sequence[StoredEvent]) -> Appended:
        return self.write(Append(command, sha256, events), *self.take(len(events)))


class CommitsLate(Wrong):
    """Gives indexes away before the commit: a reader that tails loses what commits later."""

    def append(self, command: str, sha256: bytes, events: Sequence[StoredEvent]) -> Appended:
        taken = self.take(len(events))
        time.sleep(secrets.randbelow(4) / 1000)
        return self.write(Append(command, sha256, events), *taken)


class ForgetsCommands(Wrong):
    """Keeps no command ids apart: what is sent twice is appended twice."""

    def append(self, command: str, sha256: bytes, events: Sequence[StoredEvent]) -> Appended:
        return super().append(f"{command}#{uuid4()}", sha256, events)


class TakesAnyRequest(Wrong):
    """Doesn't look whether a command id comes with the same request."""

    def _refuse(self, request: Append) -> None:
        known = self.find_command(request.command)
        if known is None:
            super()._refuse(request)
        else:
            settle_repeat(request, known._replace(request_sha256=request.sha256), 0)


class BelievesTheClock(Wrong):
    """Asks the machine's clock and nobody else."""

    def _take(self, count: int) -> tuple[int, int]:
        return super()._take(count)[0], time.time_ns() // 1000


class FillsTheVaultFirst(Wrong):
    """Puts protected texts away before it knows whether the event will be recorded."""

    def append(self, command: str, sha256: bytes, events: Sequence[StoredEvent]) -> Appended:
        with self._lock:
            for e in events:
                assert isinstance(e, SealedEvent)
                for row in e.vault:
                    self._writer.execute(
                        "INSERT OR IGNORE INTO vault VALUES (?, ?, ?)",
                        (row.commitment, row.salt, row.content),
                    )
        bare = [SealedEvent(**{**vars(e), "vault": ()}) for e in events]
        return super().append(command, sha256, bare)


class RecordsHalves(Wrong):
    """Commits event by event."""

    def append(self, command: str, sha256: bytes, events: Sequence[StoredEvent]) -> Appended:
        done = [
            super(Wrong, self).append(f"{command}#{n}" if n else command, sha256, [e])
            for n, e in enumerate(events)
        ]
        return done[0]._replace(count=len(events))


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (BurnsIndexes, "test_indexes_are_dense_from_0_whoever_is_refused"),
        (CommitsLate, "test_a_tailing_reader_misses_nothing_and_sees_nothing_twice"),
        (CommitsLate, "test_the_order_of_commits_is_the_order_of_indexes"),
        (ForgetsCommands, "test_the_same_command_with_the_same_request_gives_the_first_result"),
        (ForgetsCommands, "test_the_same_command_sent_16_times_at_once_is_appended_once"),
        (TakesAnyRequest, "test_the_same_command_with_another_request_is_refused"),
        (BelievesTheClock, "test_recorded_at_never_decreases_when_the_clock_goes_back"),
        (FillsTheVaultFirst, "test_all_events_of_an_append_are_recorded_or_none"),
        (RecordsHalves, "test_all_events_of_an_append_are_recorded_or_none"),
    ],
)
def test_a_store_that_is_wrong_does_not_pass(
    wrong: type[Wrong], caught_by: str, sqlite_url: str
) -> None:
    store = Store(sqlite_url, wrong)
    try:
        with pytest.raises((AssertionError, IntegrityError, pytest.fail.Exception)):
            getattr(Contract(), caught_by)(store)
    finally:
        store.close()


def test_a_wrong_store_that_does_nothing_wrong_passes(sqlite_url: str) -> None:
    """What makes the others fail is what is wrong with each, not how they are built."""
    for number, name in enumerate(sorted(n for n in vars(Contract) if n.startswith("test_"))):
        store = Store(f"{sqlite_url}-{number}", Wrong)
        getattr(Contract(), name)(store)
        store.close()


# --- The library's own suite ---------------------------------------------------------------------


class LibrarySuite:
    """Opens recorders for the library's test cases, and keeps their measurements to itself."""

    url: str

    @pytest.fixture(autouse=True)
    def _given(self, request: pytest.FixtureRequest) -> Iterator[None]:
        fixture = "sqlite_url" if "SQLite" in type(self).__name__ else "postgres_url"
        self.url = request.getfixturevalue(fixture)
        self.store = Store(self.url)
        with contextlib.redirect_stdout(io.StringIO()):
            yield
        self.store.close()

    def create_recorder(self) -> Any:
        return self.store.open()

    def test_performance(self) -> None:
        pytest.skip("it measures and asserts nothing; benchmarks/ measures")

    def test_concurrent_throughput(self) -> None:
        pytest.skip("it measures and asserts nothing; benchmarks/ measures")


class AggregateSuite(LibrarySuite):
    """A recorder of aggregates gives no notification ids back; ours, of applications, does."""

    def create_recorder(self) -> Any:
        recorder = super().create_recorder()
        insert = recorder.insert_events

        def insert_and_tell_nothing(events: Sequence[StoredEvent]) -> None:
            insert(events)

        recorder.insert_events = insert_and_tell_nothing
        return recorder


class TestApplicationRecorderSQLite(LibrarySuite, library.ApplicationRecorderTestCase):
    pass


class TestApplicationRecorderPostgreSQL(LibrarySuite, library.ApplicationRecorderTestCase):
    pass


class TestAggregateRecorderSQLite(AggregateSuite, library.AggregateRecorderTestCase):
    pass


class TestAggregateRecorderPostgreSQL(AggregateSuite, library.AggregateRecorderTestCase):
    pass


# --- The log itself ------------------------------------------------------------------------------


@pytest.fixture
def log(database_url: str) -> Iterator[Log]:
    log = Log(database_url)
    yield log
    log.close()


def test_an_entry_comes_back_as_it_was_recorded(log: Log) -> None:
    entries = given(received(reason="as printed"), supported(reason="so decided")).entries
    done = log.append("c", b"c", entries)
    back = log.read()
    assert [e.event for e in back] == [e.event for e in entries]
    assert [(e.stream, e.version, e.addressee) for e in back] == [e[:3] for e in entries]
    assert [e.log_index for e in back] == [0, 1]
    assert {e.recorded_at for e in back} == {done.recorded_at}
    assert list(log.read_all()) == back == log.history([entries[0].stream])


def test_a_stream_that_has_moved_on_is_refused(log: Log) -> None:
    log.append("1", b"1", [received()])
    with pytest.raises(StaleVersion):
        log.append("2", b"2", [received()])
    with pytest.raises(CommandReused):
        log.append("1", b"another", [received("140.2")])
    assert log.size == 1


def test_entries_of_a_stream_that_do_not_follow_one_another_are_a_fault(log: Log) -> None:
    history = given(received(), supported(), noted()).entries
    for wrong in ((0, 2, 1), (0, 2)):
        with pytest.raises(ValueError, match="does not follow"):
            log.append("c-1", b"c-1", [history[n] for n in wrong])
    assert log.size == 0


def test_protected_texts_are_revealed_together_and_wherever_they_occur(log: Log) -> None:
    log.append("1", b"1", given(received(reason="one"), supported(reason="two")).entries)
    texts = [t for e in (*log.read(), *log.read()) for t in protected_texts(e.event)]
    log.reveal(texts)
    assert [t.text for t in texts] == ["one", "two", "one", "two"]


def test_a_text_that_is_gone_or_altered_is_marked_as_missing(log: Log, database_url: str) -> None:
    log.append("1", b"1", [received(reason="one"), received("140.2", reason="two")])
    Store(database_url).sql("UPDATE vault SET content = 'three' WHERE content = 'one'")
    Store(database_url).sql("DELETE FROM vault WHERE content = 'two'")
    texts = [t for e in log.read() for t in protected_texts(e.event)]
    log.reveal(texts)
    assert [(t.text, t.missing) for t in texts] == [(None, True), (None, True)]


def test_what_cannot_be_read_says_where_it_lies(log: Log, database_url: str) -> None:
    log.append("1", b"1", [received(), received("140.2")])
    Store(database_url).sql("UPDATE log_event SET topic = 'dreamt-of.v1' WHERE log_index = 1")
    assert len(log.read(limit=1)) == 1
    with pytest.raises(UnreadableEntry) as unreadable:
        log.read()
    assert unreadable.value.log_index == 1


def test_a_text_no_store_keeps_is_refused_and_leaves_nothing(log: Log) -> None:
    for words in ("null \x00", "half \ud83d"):
        for bad in (received(reason=words), received(document=words), received(wordings=(words,))):
            with pytest.raises(InvalidInput):
                log.append("1", b"1", [received("140.2"), bad])
    assert log.size == 0
    assert log.append("1", b"1", [received()]).first == 0


def test_a_protected_text_is_sealed_once(log: Log) -> None:
    log.append("1", b"1", [received(reason="one")])
    (entry,) = log.read()
    with pytest.raises(TypeError):
        log.append("2", b"2", [entry._replace(version=2)])


@pytest.mark.parametrize(
    "url", ["", "suivi.db", "sqlite://", "sqlite:///:memory:", "mysql://somewhere/suivi"]
)
def test_what_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        read_url(url)


def test_a_file_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable):
        Log(f"sqlite:///{tmp_path / 'file' / 'suivi.db'}")
