"""Events under chaos: real writers killed, and the server under them, and a search for what was
lost, doubled or halved.

A round: a process of eight threads takes steps through the desk while a feed fills the views; each
command is noted in a file once its append has returned. At a random moment the process is killed
(SIGKILL), sometimes while it starts; on PostgreSQL every third round kills the server first, all
of its processes, and the writers must go on when it is back. Then the store is searched: what was
acknowledged is there, each command whole and once, indexes dense, versions contiguous, time never
back, the vault whole. After ten rounds the views as fed, the views rebuilt and the naive reader of
the export must agree, and a new store begins.

`sabotage` proves that the search can fail: it damages a store in many ways, each of which must be
found.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psutil  # type: ignore[import-untyped]
import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from domain.entry import CLOCK, Entry
from domain.recommendation import fold
from domain.refusals import Refusal, StaleVersion, Unavailable
from projections.feed import Feed, FeedStopped
from projections.views import Views
from tests import naive, postgres
from tests.given import (
    Outcome,
    any_open_act,
    classified,
    given,
    principal,
    received,
    stamp,
    supported,
    term,
)
from workflows.desk import Command, Desk, Taken, is_kept_as
from workflows.log import Log
from workflows.procedure import SHIPPED

THREADS = 8
ERA_ROUNDS = 10
SERVER_EVERY = 3
START_SECONDS_MAX = 60
RECOVER_SECONDS_MAX = 40
KILL_SECONDS_MAX = 0.5
SAID_MAX = 20_000
HERE = Path(__file__).parents[2]
UNMEASURED = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
"""For writers: who is killed tells of no coverage."""

# --- The writer, a process to be killed ----------------------------------------------------------


class Writer:
    """Takes real steps from many threads until it is killed."""

    threads = THREADS
    steps_max: float = math.inf
    """How many steps each thread takes before it rests."""

    def __init__(self, url: str, file: Path, name: str) -> None:
        self.log = Log(url)
        self.views = Views(self.log.url)
        self.feed = Feed(self.log, self.views)
        self.desk = Desk(self.log)
        self.who = principal()
        self.name = name
        self.file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.ids: list[UUID] = list(
            {row.stream for row in self.log.rows() if row.topic.startswith("recommendation.")}
        )

    def note(self, *words: object) -> None:
        os.write(self.file, (" ".join(map(str, words)) + "\n").encode())

    def run(self) -> None:
        self.feed.start()
        threads = [threading.Thread(target=self.write, args=(n,)) for n in range(self.threads)]
        for thread in threads:
            thread.start()
        parent = os.getppid()
        while os.getppid() == parent:  # a test that is killed leaves no writer behind
            if self.feed.stopped is not None:
                self.note("ERROR", self.feed.stopped)
            time.sleep(0.1)
        os._exit(1)

    def write(self, thread: int) -> None:
        random = Random(f"{self.name}-{thread}")
        number = 0
        while number < self.steps_max:
            number += 1
            try:
                self.step(random, f"{self.name}-{thread}-{number}")
            except (StaleVersion, Unavailable):
                continue
            except BaseException as error:
                self.note("ERROR", type(error).__name__, str(error).replace("\n", " "))
                raise

    def step(self, random: Random, name: str) -> None:
        kind = random.random()
        if kind < 0.2 or not self.ids:
            entry = received(name, command=f"{name}-k1", reason="as printed")
            command = Command.of(f"{name}-k1", self.who, name)
            self.acknowledged(random, command, lambda: self.desk.append(command, [entry]))
            self.ids.append(entry.stream)
        elif kind < 0.45:
            entries = self.several(random, name)
            command = Command.of(entries[0].stamp.command, self.who, name)
            self.acknowledged(random, command, lambda: self.desk.append(command, entries))
            self.ids.extend({entry.stream for entry in entries})
        else:
            id = random.choice(self.ids[-200:])
            r = self.log.load(id, fold)
            assert r is not None
            act = any_open_act(r, random)
            said = stamp(f"{name}-k1", **act.said)
            command = Command.of(f"{name}-k1", self.who, name)
            self.acknowledged(
                random,
                command,
                lambda: self.desk.take(
                    self.who, command, id, act.step, said, act.command, expected_version=None
                ),
            )

    def several(self, random: Random, name: str) -> list[Entry]:
        """The entries of one command over several recommendations, as an import writes them."""
        count = random.randint(2, 4)
        command = f"{name}-k{3 * count}"
        entries: list[Entry] = []
        for n in range(count):
            it = given(received(f"{name}.{n}", command=command))
            for act in (classified(term("theme", "A12")), supported(reason="so printed")):
                said = stamp(command, **act.said)
                entry = SHIPPED.enter(it.it, act.step, act.command(it.it, said))
                it = Outcome(it.entries, entry, None).then(type(entry.event))
            entries.extend(it.entries)
        return entries

    def acknowledged(self, random: Random, command: Command, take: Callable[[], Taken]) -> None:
        """Sends a command, again for as long as the log can't be reached, and notes its answer."""
        while True:
            try:
                taken = take()
            except Unavailable:
                time.sleep(0.05)
                continue
            except Refusal:
                return
            self.note(command.id, taken.appended.first, taken.appended.count)
            if random.random() < 0.1:
                again = take()
                if not again.appended.repeated or again.appended[:2] != taken.appended[:2]:
                    self.note("ERROR", command.id, "was not repeated:", again.appended)
            return


# --- The search ----------------------------------------------------------------------------------


class Found(NamedTuple):
    """What a search found."""

    events: int
    commands: int
    violations: list[str]


class Acknowledged(NamedTuple):
    """A command whose append returned, and what it was told."""

    command: str
    first: int
    count: int  # type: ignore[assignment]


def connect(url: str) -> Any:
    """A connection of the search's own, past all code that wrote."""
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[Any]:
    """A transaction over the whole store, rolled back in the end."""
    with contextlib.closing(connect(url)) as connection:
        is_sqlite = isinstance(connection, sqlite3.Connection)
        connection.execute("BEGIN" if is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ")
        yield connection
        connection.execute("ROLLBACK")


def is_made(connection: Any) -> bool:
    """False for a store whose writer was killed before it had made its tables."""
    if isinstance(connection, sqlite3.Connection):
        question = "SELECT count(*) FROM sqlite_master WHERE name = 'log_head'"
    else:
        question = "SELECT count(*) FROM pg_tables WHERE tablename = 'log_head'"
    return bool(connection.execute(question).fetchone()[0])


def search(connection: Any, acknowledged: list[Acknowledged]) -> Found:
    """Everything that is wrong with the log."""
    wrong: list[str] = []
    if not is_made(connection):
        return Found(0, 0, ["acknowledged but no table is there"] if acknowledged else [])

    def ask(question: str) -> list[Any]:
        found: list[Any] = connection.execute(question).fetchall()
        return found

    events = ask(
        "SELECT log_index, stream_id, stream_version, recorded_at, payload FROM log_event"
        " ORDER BY log_index"
    )
    rows = ask("SELECT id, first, count FROM log_command")
    commands = {id: (first, count) for id, first, count in rows}
    ((next_, at),) = ask("SELECT next, at FROM log_head")
    if [row[0] for row in events] != list(range(len(events))):
        wrong.append("indexes are not dense from 0")
    if next_ != len(events):
        wrong.append(f"the head says {next_}, there are {len(events)} events")
    versions: dict[Any, int] = {}
    before = 0
    said_by: list[str] = []
    by_clock: list[bool] = []
    promised: set[str] = set()
    for index, stream, version, recorded_at, payload in events:
        key = bytes(stream) if isinstance(stream, bytes | memoryview) else stream
        if version != versions.get(key, 0) + 1:
            wrong.append(f"{index}: version {version} follows {versions.get(key, 0)}")
        versions[key] = version
        if recorded_at < before:
            wrong.append(f"{index}: recorded_at goes back by {before - recorded_at} µs")
        before = recorded_at
        try:
            said = msgspec.json.decode(bytes(payload))
        except msgspec.DecodeError:
            wrong.append(f"{index}: half a payload")
            said_by.append("")
            by_clock.append(False)
            continue
        said_by.append(said["stamp"]["command"])
        by_clock.append(said["stamp"]["speaker"]["role"] == CLOCK)
        promised.update(_commitments(said))
    if at < before:
        wrong.append("the head's time is before the last entry's")
    covered = 0
    names: dict[str, tuple[int, int]] = {}
    for kept, (first, count) in sorted(commands.items(), key=lambda item: item[1]):
        command = said_by[first] if first < len(said_by) else kept
        names[command] = first, count
        if not is_kept_as(command, kept):
            wrong.append(f"{command}: kept as {kept}")
        if first != covered:
            wrong.append(f"{command}: begins at {first}, the one before ended at {covered}")
        covered = first + count
        promised_count = command.rpartition("-k")[2]  # commands of others do not say how many
        is_whole = said_by[first:covered] == [command] * count
        own = count - sum(by_clock[first:covered])  # a step records first what was due before it
        if not is_whole or (promised_count.isdecimal() and promised_count != str(own)):
            wrong.append(f"{command}: not whole, or not its own entries")
    if covered != len(events):
        wrong.append(f"commands cover {covered} of {len(events)} events")
    kept = {bytes(row[0]).hex() for row in ask("SELECT commitment FROM vault")}
    if kept != promised:
        wrong.append(f"vault: {len(promised - kept)} missing, {len(kept - promised)} without event")
    for command, first, count in acknowledged:
        found = names.get(command, commands.get(command))
        if found != (first, count):
            wrong.append(f"{command}: acknowledged at {first}, found {found}")
    return Found(len(events), len(commands), wrong)


def _commitments(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "commitment" in value:
            yield value["commitment"]
        for inner in value.values():
            yield from _commitments(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _commitments(inner)


def compare_views(url: str, own: str = "(none)") -> list[str]:
    """What the views say against what they would say rebuilt, and against the naive reader, who
    knows no states of a State's own: those that begin with `own`."""
    from tests.test_views import Place, as_told, everything_in, exported  # writers start without

    log = Log(url)
    views = Views(log.url)
    feed = Feed(log, views)
    wrong: list[str] = []
    try:
        if feed.advance() != log.size:
            wrong.append("the feed did not reach the end of the log")
        fed = everything_in(views)
        feed.rebuild()
        if everything_in(views) != fed:
            wrong.append("the views as fed are not the views rebuilt")
        rows = exported(log)
        at = {row["log_index"]: row["recorded_at"] for row in rows}
        told = {
            str(row.state.id): as_told(row.state, row.log_index, at[row.log_index])
            for row in Place(url, log, views, feed).rows()
        }
        for it in told.values():
            it["amounts to"] = [name for name in it["amounts to"] if not name.startswith(own)]
        if told != naive.what_stands(rows):
            wrong.append("the views are not what the naive reader reads")
    except FeedStopped as stopped:
        wrong.append(str(stopped))
    finally:
        views.close()
        log.close()
    return wrong


# --- Rounds --------------------------------------------------------------------------------------


class Run:
    """Rounds on one store, one after the other."""

    def __init__(self, store: str, folder: Path, random: Random) -> None:
        self.store = store
        self.folder = folder
        self.random = random
        self.kills = self.server_kills = self.unborn = 0
        self.events = self.commands = self.acknowledged = 0
        self.violations: list[str] = []

    def round(self, url: str, name: str, server: postgres.Server | None) -> list[Acknowledged]:
        """One writer started and killed; what it had noted until then."""
        notes = self.folder / f"{name}.acknowledged"
        with (self.folder / f"{name}.log").open("wb") as output:
            writer = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos", "write", url, str(notes), name],
                cwd=HERE,
                stdout=output,
                stderr=output,
                env=UNMEASURED | {"PYTHONFAULTHANDLER": "1"},
            )
        try:
            if self.random.random() < 0.15:  # while it starts
                time.sleep(self.random.uniform(0, 1.5))
            else:
                self._wait_for_notes(writer, notes, 1, START_SECONDS_MAX)
                time.sleep(self.random.uniform(0, KILL_SECONDS_MAX))
                if server is not None:
                    kill_server(server)
                    self.server_kills += 1
                    server.crash()  # starts it again
                    lines = _lines(notes)
                    self._wait_for_notes(writer, notes, lines + THREADS, RECOVER_SECONDS_MAX)
        finally:
            writer.kill()
            writer.wait()
            self.kills += 1
        noted = []
        for line in notes.read_text().splitlines(keepends=True) if notes.exists() else ():
            words = line.split()
            if words and words[0] == "ERROR":
                self.violations.append(f"{name}: {line.strip()}")
            elif line.endswith("\n"):
                noted.append(Acknowledged(words[0], int(words[1]), int(words[2])))
        if not noted:
            self.unborn += 1
        notes.unlink(missing_ok=True)
        return noted

    def _wait_for_notes(
        self, writer: subprocess.Popen[bytes], notes: Path, lines: int, seconds: float
    ) -> None:
        until = time.monotonic() + seconds
        while _lines(notes) < lines:
            if writer.poll() is not None:
                said = notes.with_suffix(".log").read_text(errors="replace")[-SAID_MAX:]
                self.violations.append(f"the writer ended by itself: {writer.returncode}\n{said}")
                return
            if time.monotonic() > until:
                self.violations.append(f"nothing was recorded within {seconds:.0f} s")
                return
            time.sleep(0.005)

    def era(self, url: str, rounds: range, server: postgres.Server | None) -> Iterator[int]:
        """Some rounds on one store, and its views compared in the end."""
        acknowledged: list[Acknowledged] = []
        found = Found(0, 0, [])
        for number in rounds:
            is_hit = server is not None and number % SERVER_EVERY == SERVER_EVERY - 1
            noted = self.round(url, f"r{number}", server if is_hit else None)
            acknowledged.extend(noted)
            self.acknowledged += len(noted)
            with snapshot(url) as connection:
                found = search(connection, acknowledged)
            self.violations.extend(f"round {number}: {wrong}" for wrong in found.violations)
            yield number
        if found.events:
            self.violations.extend(f"round {rounds[-1]}: {wrong}" for wrong in compare_views(url))
        self.events += found.events
        self.commands += found.commands


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def kill_server(server: postgres.Server) -> None:
    """Kills the server's own processes, each by its id, the postmaster first."""
    pid = int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    postmaster = psutil.Process(pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes[1:], timeout=10)


@contextlib.contextmanager
def stores(store: str, folder: Path) -> Iterator[tuple[Callable[[], Any], postgres.Server | None]]:
    """How to make a new store, and the server it lies on where there is one."""
    if store == "postgresql":
        with postgres.running() as server:
            yield server.database, server
        return
    made = iter(range(1_000_000))
    yield (
        lambda: contextlib.nullcontext(f"sqlite:///{folder / str(next(made)) / 'suivi.db'}"),
        None,
    )


def run(store: str, rounds: int, seed: int, console: Console) -> bool:
    """All rounds on one store; prints what came of them, True if nothing was wrong."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="suivi-chaos-") as name:
        folder = Path(name)
        it = Run(store, folder, Random(f"{seed}-{store}"))
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with (
            stores(store, folder) as (new, server),
            Progress(*columns, console=console, transient=True) as progress,
        ):
            task = progress.add_task(store, total=rounds)
            for first in range(0, rounds, ERA_ROUNDS):
                with new() as url:
                    if url.startswith("sqlite"):
                        Path(url.removeprefix("sqlite:///")).parent.mkdir()
                    era = range(first, min(first + ERA_ROUNDS, rounds))
                    for _ in it.era(url, era, server):
                        progress.advance(task)
    for wrong in it.violations[:50]:
        console.print(f"  VIOLATION {wrong}", markup=False, highlight=False)
    console.print(
        f"{store}: {rounds} rounds, {it.kills} writers killed ({it.unborn} before their first"
        f" append), {it.server_kills} servers killed; {it.events:,} events in {it.commands:,}"
        f" commands, {it.acknowledged:,} acknowledged; {len(it.violations)} violations;"
        f" seed {seed}, {time.monotonic() - start:.0f} s",
        soft_wrap=True,
        highlight=False,
    )
    return not it.violations


# --- Sabotage ------------------------------------------------------------------------------------

LAST = "(SELECT max(log_index) FROM log_event)"
LAST_COMMAND = "(SELECT max(first) FROM log_command)"
WHOLE = "(SELECT min(first) FROM log_command WHERE count > 1)"
DOUBLE_EVENT = """
    INSERT INTO log_event
    SELECT next, stream_id, 1 + (
        SELECT max(stream_version) FROM log_event WHERE stream_id = first.stream_id
    ), topic, addressee, at, payload
    FROM log_event AS first, log_head WHERE log_index = 0
"""
DOUBLE_COMMAND = """
    INSERT INTO log_command
    SELECT id || '-again-k1', request_sha256, next, 1 FROM log_command, log_head WHERE first = 0
"""
SABOTAGE: dict[str, tuple[str, ...]] = {
    "the last event is lost": (
        f"DELETE FROM log_command WHERE first + count - 1 = {LAST}",
        f"DELETE FROM log_event WHERE log_index = {LAST}",
    ),
    "the last command is lost without a trace": (
        f"UPDATE log_head SET next = {LAST_COMMAND}",
        f"DELETE FROM log_event WHERE log_index >= {LAST_COMMAND}",
        f"DELETE FROM log_command WHERE first = {LAST_COMMAND}",
    ),
    "a command is recorded twice": (
        DOUBLE_EVENT,
        DOUBLE_COMMAND,
        "UPDATE log_head SET next = next + 1",
    ),
    "half of a command is there": (f"DELETE FROM log_event WHERE log_index = {WHOLE} + 1",),
    "an index is burnt": ("UPDATE log_head SET next = next + 1",),
    "there is a hole": ("UPDATE log_event SET log_index = 1000000 WHERE log_index = 3",),
    "time goes back": (
        "UPDATE log_event SET recorded_at = recorded_at - 60000000 WHERE log_index = 5",
    ),
    "a version is missing": (
        "UPDATE log_event SET stream_version = stream_version + 7 WHERE log_index = 2",
    ),
    "half a payload is there": (
        "UPDATE log_event SET payload = substr(payload, 1, 40) WHERE log_index = 1",
    ),
    "a command's row is lost": ("DELETE FROM log_command WHERE first = 0",),
    "a protected text is lost": (
        "DELETE FROM vault WHERE commitment IN (SELECT commitment FROM vault LIMIT 1)",
    ),
    "a protected text belongs to nothing": (
        "INSERT INTO vault SELECT salt, commitment, content FROM vault LIMIT 1",
    ),
}


def sabotage(store: str, seed: int, console: Console) -> bool:
    """Damages a real store in each way; True if each was found and the whole store was not."""
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="suivi-chaos-") as name:
        folder = Path(name)
        it = Run(store, folder, Random(seed))
        with stores(store, folder) as (new, _), new() as url:
            noted: list[Acknowledged] = []
            while len(noted) < 50:
                noted += it.round(url, f"r{it.kills}", None)
            with snapshot(url) as connection:
                if (found := search(connection, noted)).violations:
                    missed.append(f"nothing was damaged, yet: {found.violations[0]}")
            # The last command may not be acknowledged yet; this search needs one that is.
            with snapshot(url) as connection:
                rows = connection.execute("SELECT id, first, count FROM log_command").fetchall()
            noted = [Acknowledged(*row) for row in rows]
            for damage, statements in SABOTAGE.items():
                with snapshot(url) as connection:
                    for statement in statements:
                        connection.execute(statement)
                    if not search(connection, noted).violations:
                        missed.append(damage)
            if wrong := compare_views(url):
                missed.append(f"nothing was damaged, yet: {wrong[0]}")
            log = Log(url)
            views = Views(log.url)
            with views.current().engine.execution_options(writes=True).begin() as held:
                held.exec_driver_sql("UPDATE recommendation SET stage = 'reported', is_open = 0")
            views.close()
            log.close()
            if not compare_views(url):
                missed.append("a view has drifted")
    for damage in missed:
        console.print(f"  NOT FOUND {damage}", markup=False, highlight=False)
    console.print(
        f"{store}: {len(SABOTAGE) + 1} ways to damage it, {len(missed)} not found", highlight=False
    )
    return not missed
