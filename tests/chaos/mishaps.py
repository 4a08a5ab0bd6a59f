"""What befalls the store of a server that runs: its disk fills, files become read-only, views are
deleted and damaged; and a search for what was lost, doubled or told wrongly.

A round: `suivi serve` is a process; clients take steps over HTTP, send each again under its command
id until it is taken, and others ask how many recommendations there are. Meanwhile mishaps befall
the store, one after the other. Of each the server must say that it is not ready; it is mended, a
view by the command that the server names, and the server must be ready again, never started anew.
Then the log is searched as in `events`, every answer is compared with the log as far as it says
that it knows it, and `suivi check` must find nothing.

The store lies on a disk of its own, where one may be mounted.

`sabotage` proves that the search can fail.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
import psycopg
from rich.console import Console

from api.settings import variable
from tests import postgres
from tests.chaos.events import Acknowledged, compare_views, connect, search, snapshot, stores
from tests.server import HOLDERS, STATES, SUIVI, Server, document, process
from workflows.keys import create_key
from workflows.log import Log

WRITERS = 3
READERS = 2
DISK_MEGABYTES = 300
FREE_BYTES_MIN = 20_000_000
NOTICED_SECONDS_MAX = 30.0
MENDED_SECONDS_MAX = 60.0
PAUSE_SECONDS = 0.02
ASKED_SECONDS = 0.1
"""Between two questions of one who asks: what a mishap does lasts for longer."""
SUFFERED_SECONDS = 0.5
"""For how long clients meet a mishap that the server has told of, before it is mended."""
HERE = Path(__file__).parents[2]
WITHOUT_OVERRIDING = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
"""So that a superuser's server, too, can't write where its user may not."""
TOLD = """
{ logIndex
  recommendations(first: 1) { totalCount }
  found: recommendations(first: 1, search: "convention") { totalCount }
  progress { paragraphs { total } } }
"""

# --- The mishaps ---------------------------------------------------------------------------------


class Mishap(NamedTuple):
    """What befalls a store, and what is to be done about it: nothing where a rebuild mends it."""

    name: str
    befall: Callable[[], None]
    mend: Callable[[], None] | None = None


def on_sqlite(folder: Path, disk: bool, console: Console) -> list[Mishap]:
    """What can befall a store in a folder."""

    def place(name: str) -> Path:
        with contextlib.closing(sqlite3.connect(folder / "suivi-views.db", timeout=30)) as pointer:
            query = "SELECT generation FROM view_generation WHERE name = ?"
            (number,) = pointer.execute(query, (name,)).fetchone()
        return folder / f"suivi-{name}-{number}.db"

    def delete(name: str) -> None:
        file = place(name)
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)

    def zero(name: str) -> None:
        file = place(name)
        with contextlib.closing(sqlite3.connect(file, timeout=30)) as connection:
            while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                time.sleep(PAUSE_SECONDS)
        with file.open("r+b") as opened:
            opened.seek(4_096)
            opened.write(bytes(max(0, file.stat().st_size - 4_096)))

    def read_only(name: str, on: bool) -> None:
        # What SQLite makes anew beside a file has the rights of that file.
        for file in folder.glob(name if on else f"{name}*"):
            file.chmod(0o400 if on else 0o600)

    found = [
        Mishap("the log is read-only", *_on_and_off(read_only, "suivi.db")),
        Mishap("a view is read-only", *_on_and_off(read_only, "suivi-search-*.db")),
        Mishap("a view is deleted", lambda: delete("figures")),
        Mishap("a view is damaged", lambda: zero("recommendations")),
        Mishap("another view is damaged", lambda: zero("search")),
        Mishap("the pointers are deleted", lambda: (folder / "suivi-views.db").unlink()),
    ]
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        console.print("  no file is made read-only: setpriv is not there to forbid root anything")
        found = found[2:]
    if disk:
        found.insert(0, Mishap("the disk is full", *_full(folder)))
    return found


def _full(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """Fills the disk of a folder to the last byte; makes room again."""
    filler = folder / "filler"

    def fill() -> None:
        for size in (1 << 20, 512):
            with contextlib.suppress(OSError), filler.open("ab", buffering=0) as opened:
                while True:
                    opened.write(bytes(size))

    return fill, filler.unlink


def on_postgresql(url: str, server: postgres.Server, folder: Path, disk: bool) -> list[Mishap]:
    """What can befall a database; its server lies in a folder."""

    def ask(*questions: str) -> None:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            for question in questions:
                _through(connection, question)

    def current(name: str) -> str:
        with contextlib.closing(connect(url)) as connection:
            query = "SELECT generation FROM view_generation WHERE name = %s"
            return f"{name}_{connection.execute(query, (name,)).fetchone()[0]}"

    def read_only(name: str, on: bool) -> None:
        database = url.split("@/")[1].split("?")[0]
        ask(
            f"ALTER DATABASE {database} SET {name} = {'on' if on else 'off'}",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )

    fill, make_room = _full(folder)

    def mend_disk() -> None:
        make_room()
        try:
            ask("SELECT 1")
        except psycopg.OperationalError:
            server.crash()  # it ended, as it does where it can't write ahead, and is started again

    found = [
        Mishap("it is read-only", *_on_and_off(read_only, "default_transaction_read_only")),
        Mishap("a view is dropped", lambda: ask(f"DROP SCHEMA {current('figures')} CASCADE")),
        Mishap("a table is dropped", lambda: ask(f"DROP TABLE {current('search')}.search_text")),
        Mishap(
            "a view forgot how far it is",
            lambda: ask(f"TRUNCATE {current('recommendations')}.recommendations_head"),
        ),
        Mishap("the pointers are dropped", lambda: ask("DROP TABLE view_generation")),
    ]
    if disk:
        found.insert(0, Mishap("the disk is full", fill, mend_disk))
    return found


def _through(connection: psycopg.Connection[Any], question: str) -> None:
    """Asks until no reader and no feed stands in the way."""
    while True:
        with contextlib.suppress(psycopg.errors.DeadlockDetected):
            connection.execute(question)
            return


def _on_and_off(
    set_: Callable[[str, bool], None], name: str
) -> tuple[Callable[[], None], Callable[[], None]]:
    return lambda: set_(name, True), lambda: set_(name, False)


@contextlib.contextmanager
def disk(folder: Path, console: Console) -> Iterator[bool]:
    """A disk of its own for a folder; False, and why is printed, where none may be mounted."""
    options = f"size={DISK_MEGABYTES}m,mode=755"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        why = done.stderr.strip() if done.returncode else None
    except OSError as error:
        why = str(error)
    if why is not None:
        console.print(f"  no disk is filled, none may be mounted: {why}", highlight=False)
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


# --- The clients ---------------------------------------------------------------------------------


class Told(NamedTuple):
    """What an answer said: up to which log index, and how many recommendations, by each view."""

    log_index: int
    counts: tuple[int, ...]


class Clients:
    """Those who write and ask, until they are told to stop."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.acknowledged: list[Acknowledged] = []
        self.told: list[Told] = []
        self.violations: list[str] = []
        self.refused = 0
        self._stopping = threading.Event()
        self._threads = [
            *(threading.Thread(target=self._held, args=(self._write, n)) for n in range(WRITERS)),
            *(threading.Thread(target=self._held, args=(self._ask, n)) for n in range(READERS)),
        ]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _held(self, work: Callable[[int], None], thread: int) -> None:
        try:
            work(thread)
        except BaseException as error:
            self.violations.append(f"a client failed: {type(error).__name__}: {error}")

    def _write(self, thread: int) -> None:
        random = Random(f"{self.name}-{thread}")
        number = 0
        while not self._stopping.is_set():
            number += 1
            command = f"{self.name}-{thread}-{number}-k1"
            until = time.monotonic() + MENDED_SECONDS_MAX + NOTICED_SECONDS_MAX
            while (at := self._receive(command, f"{thread}.{number}")) is None:
                if time.monotonic() > until:
                    self.violations.append(f"{command} was refused to the end")
                    return
                time.sleep(PAUSE_SECONDS * 5)
            self.acknowledged.append(Acknowledged(command, at, 1))
            again = self._receive(command, f"{thread}.{number}") if random.random() < 0.1 else None
            if again not in (None, at):
                self.violations.append(f"{command}: repeated at {again}, was at {at}")
            time.sleep(PAUSE_SECONDS)

    def _receive(self, command: str, paragraph: str) -> int | None:
        """Where a recommendation was recorded; None where it was refused as unavailable."""
        said = {
            "addressee": "SVN",
            "mechanism": "UPR",
            "body": "UPR",
            "cycle": 4,
            "language": "en",
            "parts": [{"text": "Ratify the convention"}],
            "symbol": self.name,
            "paragraph": paragraph,
            "commandId": command,
        }
        data = self._post(document("receiveRecommendation"), input=said)
        if data is None:
            return None
        payload = data["receiveRecommendation"]
        if self._unavailable(error["code"] for error in payload["errors"]):
            return None
        return int(payload["logIndex"])

    def _ask(self, _: int) -> None:
        while not self._stopping.is_set():
            if (data := self._post(TOLD)) is not None:
                self.told.append(
                    Told(
                        data["logIndex"],
                        (
                            data["recommendations"]["totalCount"],
                            data["found"]["totalCount"],
                            sum(row["paragraphs"]["total"] for row in data["progress"]),
                        ),
                    )
                )
            time.sleep(ASKED_SECONDS)

    def _post(self, query: str, **variables: Any) -> Any:
        try:
            response = self.server.post("coordinator", query, **variables)
        except httpx.TransportError:
            return None
        if "json" not in response.headers.get("content-type", ""):
            raise ValueError(f"{response.status_code}: {response.text[:200]}")
        answer = response.json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        return None if self._unavailable(codes) else answer["data"]

    def _unavailable(self, codes: Any) -> bool:
        found = {*codes}
        if found - {"UNAVAILABLE", "BUSY", "TIMED_OUT"}:
            self.violations.append(f"refused with {', '.join(sorted(found))}")
        self.refused += bool(found)
        return bool(found)


# --- The search ----------------------------------------------------------------------------------


def judge(url: str, acknowledged: list[Acknowledged], told: list[Told]) -> list[str]:
    """Everything that is wrong with the log, and with what answers said of it."""
    with snapshot(url) as connection:
        wrong = search(connection, acknowledged).violations
        rows = connection.execute(
            "SELECT log_index FROM log_event WHERE topic = 'recommendation.received.v1'"
            " ORDER BY log_index"
        ).fetchall()
    received = [row[0] for row in rows]
    for answer in told:
        there = sum(index <= answer.log_index for index in received)
        if {*answer.counts} != {there}:
            wrong.append(f"up to {answer.log_index} there are {there}, told were {answer.counts}")
    return wrong


# --- Rounds --------------------------------------------------------------------------------------


class Run:
    """Rounds on one store, one after the other."""

    def __init__(self, store: str, random: Random, console: Console) -> None:
        self.store = store
        self.random = random
        self.console = console
        self.mishaps = self.events = self.told = self.refused = 0
        self.violations: list[str] = []

    def round(self, url: str, folder: Path, name: str, mishaps: list[Mishap]) -> Clients:
        """One server, and what befalls its store."""
        log = Log(url)
        role, institution = HOLDERS["coordinator"]
        holder = {"role": role, "institution": institution, "actor": "p-coordinator"}
        _, key = create_key(log, system=None, authority=None, addressees=STATES, **holder)
        log.close()
        held_back = self.store == "sqlite" and os.geteuid() == 0 and shutil.which("setpriv")
        under = WITHOUT_OVERRIDING if held_back else ()
        settings = {
            "serve_timers": "false",
            "disk_free_bytes_min": FREE_BYTES_MIN,
            "files_folder": folder / "files",
        }
        with process(url, folder / f"{name}.log", under=under, **settings) as (server, running):
            server.keys["coordinator"] = key
            with Clients(server, name) as clients:
                self._wait(server, MENDED_SECONDS_MAX, ready=True)
                for mishap in mishaps:
                    self.mishaps += 1
                    said = self._suffer(url, server, mishap)
                    self.violations += [f"{name}, {mishap.name}: {wrong}" for wrong in said]
            if running.poll() is not None:
                self.violations.append(f"{name}: the server ended by itself")
        found = judge(url, clients.acknowledged, clients.told)
        found += clients.violations + compare_views(url) + sound(url)
        self.violations += [f"{name}: {wrong}" for wrong in found]
        self.events += len(clients.acknowledged)
        self.told += len(clients.told)
        self.refused += clients.refused
        return clients

    def _suffer(self, url: str, server: Server, mishap: Mishap) -> list[str]:
        mishap.befall()
        reason = self._wait(server, NOTICED_SECONDS_MAX, ready=False)
        if reason is None:
            if mishap.mend is not None:
                mishap.mend()
            return ["the server says that it is ready"]
        time.sleep(SUFFERED_SECONDS)
        if mishap.mend is not None:
            mishap.mend()
        else:
            # Another part may have met it first, and is named with it once all of it is known.
            named = re.search(r"`suivi (rebuild[^`]*)`", self._reason(server) or reason)
            if named is None:
                return [f"no command is named: {reason}"]
            done = suivi(url, *named[1].split())
            if done.returncode:
                return [f"`suivi {named[1]}`: {done.stderr.strip()}"]
        if (still := self._wait(server, MENDED_SECONDS_MAX, ready=True)) is not None:
            return [f"mended, and not ready: {still}"]
        return []

    def _wait(self, server: Server, seconds: float, *, ready: bool) -> str | None:
        """Waits until the server is ready, or not; why it is not in the end."""
        until = time.monotonic() + seconds
        while True:
            reason = self._reason(server)
            if (reason is None) == ready or time.monotonic() > until:
                return reason
            time.sleep(0.1)

    @staticmethod
    def _reason(server: Server) -> str | None:
        answer = server.client.get("/health/ready")
        return None if answer.status_code == 200 else str(answer.json()["reason"])


def suivi(url: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SUIVI, *command],
        cwd=HERE,
        env={**os.environ, variable("database_url"): url},
        capture_output=True,
        text=True,
        check=False,
    )


def sound(url: str) -> list[str]:
    """What `suivi check` finds."""
    done = suivi(url, "check")
    return [] if done.returncode == 0 else [f"suivi check: {done.stdout}{done.stderr}"]


def run(
    store: str, rounds: int, seed: int, console: Console, mishaps_max: int | None = None
) -> bool:
    """All rounds on one store; prints what came of them, True if nothing was wrong."""
    start = time.monotonic()
    it = Run(store, Random(f"{seed}-{store}"), console)
    with tempfile.TemporaryDirectory(prefix="suivi-chaos-") as name:
        Path(name).chmod(0o755)  # for the user of PostgreSQL
        for number in range(rounds):
            folder, beside = Path(name) / f"round-{number}", Path(name) / f"beside-{number}"
            folder.mkdir()
            beside.mkdir()
            with contextlib.ExitStack() as stack:
                is_disk = stack.enter_context(disk(folder, console))
                if store == "sqlite":
                    url = f"sqlite:///{folder}/suivi.db"
                    mishaps = on_sqlite(folder, is_disk, console)
                else:
                    server = stack.enter_context(postgres.running(folder, max_wal_size="64MB"))
                    url = stack.enter_context(server.database())
                    mishaps = on_postgresql(url, server, folder, is_disk)
                it.random.shuffle(mishaps)
                it.round(url, beside, f"r{number}", mishaps[:mishaps_max])
    for wrong in it.violations[:50]:
        console.print(f"  VIOLATION {wrong}", markup=False, highlight=False)
    console.print(
        f"{store}: {rounds} rounds, {it.mishaps} mishaps; {it.events:,} steps acknowledged,"
        f" {it.told:,} answers, {it.refused:,} refusals; {len(it.violations)} violations;"
        f" seed {seed}, {time.monotonic() - start:.0f} s",
        soft_wrap=True,
        highlight=False,
    )
    return not it.violations


# --- Sabotage ------------------------------------------------------------------------------------


def sabotage(store: str, seed: int, console: Console) -> bool:
    """True if everything that a server might do wrong is found, and nothing where it does well."""
    global NOTICED_SECONDS_MAX
    missed: list[str] = []
    it = Run(store, Random(seed), console)
    with tempfile.TemporaryDirectory(prefix="suivi-chaos-") as name:
        folder = Path(name)
        with stores(store, folder) as (new, _), new() as url:
            if store == "sqlite":
                Path(url.removeprefix("sqlite:///")).parent.mkdir()
            usual, NOTICED_SECONDS_MAX = NOTICED_SECONDS_MAX, 1.0
            clients = it.round(url, folder, "r0", [Mishap("nothing", lambda: None)])
            NOTICED_SECONDS_MAX = usual
            if it.violations != ["r0, nothing: the server says that it is ready"]:
                missed.append(f"a server that is ready where it should not be: {it.violations}")
            *_, last = clients.told
            acknowledged = clients.acknowledged
            wrong = {
                "a step is lost": ([*acknowledged, Acknowledged("r0-9-9-k1", 3, 1)], [last]),
                "a step is elsewhere": ([acknowledged[0]._replace(first=0)], [last]),
                "a view has told of too few": (
                    acknowledged,
                    [last._replace(counts=(*last.counts[:2], last.counts[2] - 1))],
                ),
                "a view has told of what was to come": (
                    acknowledged,
                    [last._replace(log_index=acknowledged[0].first)],
                ),
            }
            missed += [how for how, (noted, told) in wrong.items() if not judge(url, noted, told)]
    for how in missed:
        console.print(f"  NOT FOUND {how}", markup=False, highlight=False)
    console.print(
        f"{store}: {len(wrong) + 1} ways to go wrong, {len(missed)} not found", highlight=False
    )
    return not missed
