"""Honest clients beside hostile ones: how long do the honest wait, and does the server grow?

Fifty honest clients list, read one recommendation with its history, and take a step now and then;
by turns alone and beside ten hostile clients of each kind, which send what `tests/hostile/inputs`
holds under that name, again and again. Each client has a key and an address of the loopback network
of its own, as strangers have. The hostile ones are a process of their own that takes what time of
the processor is left over, for the machine of an attacker is another one.

Searched for: an honest p99 within twice of what it is alone, honest clients that are refused, and
memory that grows once the caches are full: the mean of both processes in the last third of the
attack against that in the second. Looks back are kept in little memory, so that it is full soon.

`sabotage` proves that the search can fail: the server is paused for half of the time.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import psutil  # type: ignore[import-untyped]
import structlog
from rich.console import Console
from rich.table import Table

from api.settings import variable
from benchmarks.stores import STORES
from tests.chaos.events import UNMEASURED
from tests.hostile.doors import Place, Query, Sent, Step
from tests.hostile.oracle import Process
from tests.hostile.record import Known, make
from tests.server import ROOT, SUIVI, own_port
from workflows.keys import create_key
from workflows.log import Log

HONEST = 50
OF_EACH = 10
KINDS = (
    "lineage_nested",
    "aliases_of_as_of",
    "exports_whose_client_hangs_up",
    "plots_by_log_index",
    "keys_unknown",
    "slow_headers",
    "tokens_too_many",
    "answers_of_ranges",
)
"""Nested lineage, looks back, exports nobody reads, plots of the past, unknown keys, slow headers,
huge documents, previews of imports."""

THINK_SECONDS = (0.5, 2.5)
"""Between two requests of an honest client."""
REST_SECONDS = 0.02
"""Between two requests of a hostile one, so that refusals do not only measure the sender."""
TIMES_MAX = 2.0
GROWTH_MAX = 1.1
KEPT_BYTES = 32_000_000
SECONDS = 120.0
TURNS = 4
"""So often the honest are alone and then beside the hostile: what else the machine does in an hour
befalls both."""
START_SECONDS_MAX = 60

LIST = """query($after: String) { recommendations(first: 50, after: $after) {
    pageInfo { endCursor } nodes { id symbol paragraph text position stage version } } }"""
READ = """query($id: ID!) { recommendation(id: $id) { id text position stage version
    history { nodes { event { __typename } logIndex recordedAt effectiveOn reason } } } }"""


class Taken(NamedTuple):
    """How long an honest request took; whether it was answered as it should be."""

    what: str
    seconds: float
    is_well: bool


# --- The honest ----------------------------------------------------------------------------------


class Honest(threading.Thread):
    """One honest client, with cases of its own to take steps on."""

    def __init__(
        self, place: Place, key: str, cases: dict[str, int], over: threading.Event
    ) -> None:
        super().__init__(daemon=True)
        self._place, self._key, self._over = place, key, over
        self._cases = cases
        self._random = Random(key)
        self.taken: list[Taken] = []

    def run(self) -> None:
        while not self._over.wait(self._random.uniform(*THINK_SECONDS)):
            asked = self._random.random()
            if asked < 0.5:
                self._ask("list", Query(means="OK", who=self._key, document=LIST))
            elif asked < 0.8:
                id = self._random.choice(list(self._cases))
                said = {"id": id}
                self._ask("read", Query(means="OK", who=self._key, document=READ, variables=said))
            else:
                self._step()

    def _step(self) -> None:
        id = self._random.choice(list(self._cases))
        said: dict[str, Any] = {
            "commandId": uuid4().hex,
            "id": id,
            "expectedVersion": self._cases[id],
            "words": "Asked the ministry.",
        }
        step = Step(means="OK", who=self._key, mutation="remark", input=said)
        if self._ask("step", step.query()):
            self._cases[id] += 1

    def _ask(self, what: str, query: Query) -> bool:
        start = time.perf_counter()
        answer = query.send(self._place)
        is_well = "OK" in answer.words
        self.taken.append(Taken(what, time.perf_counter() - start, is_well))
        return is_well


# --- The hostile, a process of their own ---------------------------------------------------------


class Attack(msgspec.Struct):
    """What the hostile process is told: whom to ask, and a key for each client of each kind."""

    port: int
    known: Known
    keys: dict[str, list[str]]


def attack(told: Path) -> None:
    """Attacks until this process is ended, or its parent is; counts the answers into a file."""
    os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    it = msgspec.json.decode(told.read_bytes(), type=Attack)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    clients = [
        threading.Thread(target=_client, args=(it, kind, n, key, counts[kind]), daemon=True)
        for kind, keys in it.keys.items()
        for n, key in enumerate(keys)
    ]
    for client in clients:
        client.start()
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)
        said = msgspec.json.encode({kind: dict(count) for kind, count in counts.items()})
        part = told.with_suffix(".part")
        part.write_bytes(said)
        part.rename(told.with_suffix(".counts"))


def _client(it: Attack, kind: str, n: int, key: str, count: Counter[str]) -> None:
    address = f"127.0.{1 + list(it.keys).index(kind)}.{1 + n}"
    place = Place(it.port, it.known, {}, _usable(address))
    made = import_module(f"tests.hostile.inputs.{kind}").hostile(it.known)
    sent: list[Sent] = made if isinstance(made, list) else [made]
    while True:
        for one in sent:
            own = msgspec.structs.replace(one, who=key) if one.who is not None else one
            try:
                answer = own.send(place)
                word = next((w for w in sorted(answer.words) if w.isdecimal()), "no answer")
            except OSError as error:
                word = type(error).__name__
            count[word] += 1
            time.sleep(REST_SECONDS)


def _usable(address: str) -> str:
    """An address of the loopback network; the first one where the system has no other."""
    return address if sys.platform == "linux" else "127.0.0.1"


# --- The measuring -------------------------------------------------------------------------------


class Phase(NamedTuple):
    """What the honest met, and what memory the server held, sample by sample."""

    taken: list[Taken]
    memory: list[int]

    def add(self, more: Phase) -> None:
        """Goes on with another turn of it."""
        self.taken.extend(more.taken)
        self.memory.extend(more.memory)

    def percentile(self, per_cent: int, what: str | None = None) -> float:
        seconds = sorted(t.seconds for t in self.taken if what in (None, t.what))
        if not seconds:
            return float("nan")
        return seconds[min(len(seconds) * per_cent // 100, len(seconds) - 1)]

    @property
    def refused(self) -> int:
        return sum(not t.is_well for t in self.taken)

    def third(self, n: int) -> float:
        size = max(len(self.memory) // 3, 1)
        return statistics.mean(self.memory[n * size : (n + 1) * size] or [0])


class Found(NamedTuple):
    """Both phases on one store, and what the hostile were answered."""

    alone: Phase
    beside: Phase
    counts: Mapping[str, Mapping[str, int]]

    @property
    def violations(self) -> list[str]:
        """What may not be."""
        wrong = []
        alone, beside = self.alone.percentile(99), self.beside.percentile(99)
        if not beside <= TIMES_MAX * alone:
            wrong.append(
                f"honest p99 is {beside * 1_000:.0f} ms beside the hostile, {beside / alone:.1f}"
                f" times the {alone * 1_000:.0f} ms alone; {TIMES_MAX:.0f} times are the limit"
            )
        for name, phase in (("alone", self.alone), ("beside the hostile", self.beside)):
            if phase.refused:
                wrong.append(f"{phase.refused} of {len(phase.taken)} honest requests failed {name}")
        before, last = self.beside.third(1), self.beside.third(2)
        if last > GROWTH_MAX * before:
            wrong.append(f"memory grew from {before / 1e6:.0f} to {last / 1e6:.0f} MB")
        return wrong


def measure(url: str, seconds: float, folder: Path, *, pausing: bool = False) -> Found:
    """Both phases on a new record: so many seconds beside the hostile, half as many alone."""
    known = make(url)
    log = Log(url)
    try:
        honest_keys = [_key(log, f"honest-{n}") for n in range(HONEST)]
        keys = {kind: [_key(log, f"{kind}-{n}") for n in range(OF_EACH)] for kind in KINDS}
    finally:
        log.close()
    with _served(url, folder) as (port, server):
        process = Process(server.pid)
        cases = [list(known.cases.items())[n::HONEST] for n in range(HONEST)]

        def honest(seconds: float, *, paused: bool = False) -> Phase:
            over = threading.Event()
            clients = [
                Honest(Place(port, known, {}, _usable(f"127.0.0.{n + 2}")), key, own, over)
                for n, (key, own) in enumerate(zip(honest_keys, mine, strict=True))
            ]
            for client in clients:
                client.start()
            memory, until = [], time.monotonic() + seconds
            while time.monotonic() < until:
                process.look()
                memory.append(process.memory_bytes("VmRSS"))
                if paused:
                    server.send_signal(signal.SIGSTOP)
                time.sleep(0.25)
                if paused:
                    server.send_signal(signal.SIGCONT)
                    time.sleep(0.25)
            over.set()
            for client in clients:
                client.join()
            return Phase([t for client in clients for t in client.taken], memory)

        mine = [dict(some) for some in cases]
        honest(min(seconds / 10, 5))  # who comes first pays for what is loaded only once
        alone, beside = Phase([], []), Phase([], [])
        counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        told = folder / "attack.json"
        told.write_bytes(msgspec.json.encode(Attack(port, known, keys)))
        for _ in range(TURNS):
            alone.add(honest(max(seconds / 2 / TURNS, 1)))
            with _attacked(told, counts):
                beside.add(honest(seconds / TURNS, paused=pausing))
        assert server.poll() is None, "the server ended"
    return Found(alone, beside, counts)


@contextlib.contextmanager
def _attacked(told: Path, counts: Mapping[str, Counter[str]]) -> Iterator[None]:
    """The hostile process attacks meanwhile; what it was answered is added to the counts."""
    attackers = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", "attack", str(told)], cwd=ROOT, env=UNMEASURED
    )
    try:
        yield
    finally:
        attackers.kill()
        attackers.wait()
    answered = told.with_suffix(".counts")
    if answered.exists():
        for kind, count in json.loads(answered.read_bytes()).items():
            counts[kind].update(count)


def _key(log: Log, name: str) -> str:
    more: dict[str, Any] = {"actor": f"p-{name}", "system": None, "authority": None}
    return create_key(log, role="coordinator", institution="mfa", **more)[1]


@contextlib.contextmanager
def _served(url: str, folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`suivi serve` on a free port, with its usual settings but one."""
    port = own_port()
    environment = {
        **UNMEASURED,
        variable("database_url"): url,
        variable("files_folder"): str(folder / "files"),
        variable("as_of_memory_bytes_max"): str(KEPT_BYTES),
        variable("serve_timers"): "false",  # the cases are older than their deadlines
    }
    with (folder / "server.log").open("wb") as errors:
        server = subprocess.Popen(
            [*SUIVI, "serve", "--port", str(port)], env=environment, cwd=ROOT, stderr=errors
        )
    try:
        until = time.monotonic() + START_SECONDS_MAX
        while not _is_ready(port):
            assert time.monotonic() < until, (folder / "server.log").read_text()[-2_000:]
            time.sleep(0.1)
        yield port, server
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            behind = psutil.Process(server.pid).children()
            server.kill()
            psutil.wait_procs(behind)  # which ends after it
        server.wait()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", "/health/ready")
        with connection.getresponse() as answer:
            return answer.status == 200
    return False


# --- What is told --------------------------------------------------------------------------------


def run(
    store: str, rounds: int, seed: int, console: Console, seconds: float = SECONDS, **_: Any
) -> bool:
    """Both phases on a store, as often as `rounds` says; True if nothing was wrong."""
    is_well = True
    for _ in range(rounds):
        found = _measured(store, seconds)
        _show(store, found, console)
        for wrong in found.violations:
            console.print(f"  VIOLATION {wrong}", markup=False, highlight=False, soft_wrap=True)
        is_well &= not found.violations
        words = (
            "is"
            if found.beside.percentile(99) <= TIMES_MAX * found.alone.percentile(99)
            else "is not"
        )
        console.print(
            f"{store}: {seconds:.0f} s beside {OF_EACH * len(KINDS)} hostile clients: honest p99 "
            f"{words} within {TIMES_MAX:.0f} times; {len(found.violations)} violations",
            highlight=False,
            soft_wrap=True,
        )
    return is_well


def sabotage(store: str, seed: int, console: Console) -> bool:
    """Pauses the server for half of the time; True if that was found."""
    found = _measured(store, 6, pausing=True)
    missed = not any("p99" in wrong for wrong in found.violations)
    if missed:
        console.print("  NOT FOUND the server is paused for half of the time")
    console.print(f"{store}: 1 way to keep the honest waiting, {int(missed)} not found")
    return not missed


def _measured(store: str, seconds: float, *, pausing: bool = False) -> Found:
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)  # what the record is made by tells of each request
    started = STORES["SQLite" if store == "sqlite" else "PostgreSQL"]
    with (
        tempfile.TemporaryDirectory(prefix="suivi-chaos-") as name,
        started() as fresh,
        fresh() as url,
    ):
        return measure(url, seconds, Path(name), pausing=pausing)


def _show(store: str, found: Found, console: Console) -> None:
    table = Table(title=f"{store}: {HONEST} honest clients", title_justify="left")
    for head in ("", "alone p50", "p99", "beside p50", "p99", "times", "requests"):
        table.add_column(head, justify="right" if head else "left")
    for what in (None, "list", "read", "step"):
        numbers = [p.percentile(n, what) for p in (found.alone, found.beside) for n in (50, 99)]
        count = sum(what in (None, t.what) for t in found.beside.taken)
        table.add_row(
            what or "all",
            *(f"{number * 1_000:.0f} ms" for number in numbers),
            f"{numbers[3] / numbers[1]:.1f}",
            f"{count:,}",
        )
    console.print(table)
    thirds = [f"{found.beside.third(n) / 1e6:.0f}" for n in range(3)]
    console.print(
        f"  memory, by thirds of the attack: {', '.join(thirds)} MB; before"
        f" {found.alone.memory[0] / 1e6:.0f} MB",
        highlight=False,
    )
    for kind, counts in found.counts.items():
        told = ", ".join(f"{count:,} × {word}" for word, count in sorted(counts.items()))
        console.print(f"  {kind}: {told or 'nothing answered'}", highlight=False, soft_wrap=True)
