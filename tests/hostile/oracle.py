"""The one oracle: what must hold whatever is sent.

`suivi serve` runs as a process of its own, as an operator starts it. An input is sent; then

- its answer is one of those that are meant, never a fault of ours (5xx, INTERNAL), and the server's
  log has no traceback;
- the process took at most 1 s of CPU for it and 50 MB of memory at its highest; an input of which
  honest people ask as much says so (`Allowed`), and may take what they need;
- the log has as many entries more as are meant;
- nobody else waited: somebody with another key asks for one recommendation, again and again;
- the process lives and is ready, and no file is left behind.

CPU and memory are read from /proc, so they tell of the process, not of how busy the machine is. A
wait is measured in the server's CPU too: had it answered the bystander first, it would have spent
none; the seconds that it may take besides are wide, for what waits without computing. A server that
goes on computing is ended, and another started for the next input.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from api.settings import variable
from tests.chaos.events import UNMEASURED, connect
from tests.hostile.doors import Answer, Command, Place, Query, Request, Sent, Used
from tests.hostile.record import Known
from tests.server import ROOT, SUIVI, own_port

WAIT_CPU_SECONDS_MAX = 0.5
WAIT_SECONDS_MAX = 5.0
ENDED_TIMES = 3.0
"""A server that has spent so many times what one input may take is ended, so that the next can be
tried."""
ENDED_MEMORY_BYTES = 500_000_000
START_SECONDS_MAX = 60
QUIET_SECONDS = 0.05
REMOVE_SECONDS_MAX = 5.0
QUIET_SECONDS_MAX = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
ONE = "query($id: ID!) { recommendation(id: $id) { id version } }"


def can_measure() -> bool:
    """True where the system tells of processes in /proc, as Linux does."""
    return Path("/proc/self/status").exists() and Path("/proc/self/clear_refs").exists()


class Process:
    """A process with those that it has started, as /proc tells of them."""

    def __init__(self, id: int) -> None:
        self._id = id
        self._folders: list[Path] = []
        self.look()

    def look(self) -> None:
        """Looks for those that it has started, which takes as long as a hundred readings. What one
        of them spends that is not seen counts once it has ended."""
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self._id).children()
            self._folders = [Path(f"/proc/{one}") for one in (self._id, *(c.pid for c in children))]

    def cpu_seconds(self) -> float:
        """CPU that they have spent, in all of their threads; infinite where it has ended."""
        ticks = 0
        for folder in self._folders:
            with contextlib.suppress(OSError):
                told = (folder / "stat").read_text().rpartition(")")[2].split()
                # With those of a process go its children's that have ended.
                ticks += sum(int(one) for one in told[11:15])
        return ticks / TICKS or float("inf")

    def memory_bytes(self, what: str) -> int:
        """`VmRSS`: what they hold; `VmHWM`: the most each held since `forget_peak`."""
        held = 0
        for folder in self._folders:
            with contextlib.suppress(OSError):
                for line in (folder / "status").read_text().splitlines():
                    if line.startswith(what):
                        held += int(line.split()[1]) * 1_024
        return held

    def forget_peak(self) -> None:
        for folder in self._folders:
            (folder / "clear_refs").write_text("5")


class Wait(NamedTuple):
    """How long the bystander waited for an answer, and what the server computed meanwhile."""

    seconds: float
    cpu_seconds: float


class Oracle:
    """A server on a record, and the judge of what is sent to it."""

    def __init__(self, url: str, known: Known, folder: Path) -> None:
        self._url = url
        self._known = known
        self._folder = folder
        self._left = folder / "tmp"
        self._files = folder / "files"
        self._log = folder / "server.log"
        self._started: subprocess.Popen[bytes] | None = None
        self._cost = 0.0
        self._bare: Used | None = None
        self.place = Place(0, known, {})
        self._process = Process(0)

    def __enter__(self) -> Oracle:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    # -- the server

    @property
    def server_id(self) -> int:
        """The process id of the server."""
        assert self._started is not None
        return self._started.pid

    def _start(self) -> None:
        self._end()
        self._clean()
        port = own_port()
        settings = {
            "database_url": self._url,
            "files_folder": self._files,
            "serve_timers": False,  # what is due in old histories is nobody's input
            "bulkhead_nice": 0,  # other tests run beside it, and are not what it yields to
            "key_body_bytes_per_second_max": 1e9,  # each is read, however many came before it
            "header_seconds_max": 2,  # so that slow ones are tried in little time
            "body_seconds_max": 2,
        }
        environment = {
            **UNMEASURED,
            **{variable(name): str(value) for name, value in settings.items()},
            "TMPDIR": str(self._left),
        }
        self.place = Place(port, self._known, environment)
        with self._log.open("ab") as log:
            self._started = subprocess.Popen(
                [*SUIVI, "serve", "--port", str(port)], env=environment, cwd=ROOT, stderr=log
            )
        self._process = Process(self._started.pid)
        until = time.monotonic() + START_SECONDS_MAX
        while not self._ready():
            assert time.monotonic() < until, self._log.read_text()[-2_000:]
            time.sleep(0.05)
        self._warm_up()

    def _end(self) -> None:
        if self._started is not None:
            self._started.kill()
            self._started.wait()
            self._started = None

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.place.port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/health/ready")
            with connection.getresponse() as answer:
                return answer.status == 200
        return False

    def _warm_up(self) -> None:
        """Has everything asked for once, so that no input pays for what is loaded only once."""
        for sent in warming(self._known):
            answer = sent.send(self.place)
            assert "OK" in answer.words, (sent, answer.words, answer.body[:500])
        self._process.look()
        self._quiet()
        asks, before = 10, self._process.cpu_seconds()
        with contextlib.closing(Bystander(self)) as bystander:
            for _ in range(asks):
                bystander.ask()
        self._cost = (self._process.cpu_seconds() - before) / asks

    def _quiet(self) -> bool:
        """Waits until the server computes nothing more, or has ended; False where it goes on."""
        until = time.monotonic() + QUIET_SECONDS_MAX
        before = self._process.cpu_seconds()
        while time.monotonic() < until:
            time.sleep(QUIET_SECONDS)
            now = self._process.cpu_seconds()
            if now == float("inf") or now - before <= 1 / TICKS:
                return True
            before = now
        return False

    def _size(self) -> int:
        with contextlib.closing(connect(self._url)) as connection:
            return int(connection.execute("SELECT next FROM log_head").fetchone()[0])

    # -- judging

    def judge(self, sent: Sent, *, changed: bool = False) -> list[str]:
        """Sends an input; the rules that it broke. `changed`: at random, so that nobody knows what
        is meant."""
        if self._started is None or self._started.poll() is not None:
            self._start()
        self._process.look()
        size, told = self._size(), self._log.stat().st_size
        before, held = self._process.cpu_seconds(), self._process.memory_bytes("VmRSS")
        self._process.forget_peak()
        allowed = sent.allowed
        with self._watched(before, held, allowed.cpu_seconds * ENDED_TIMES) as watched:
            answer = sent.send(self.place)
            is_quiet = self._quiet()
        spent = self._process.cpu_seconds() - before - watched.asked * self._cost
        grown = self._process.memory_bytes("VmHWM") - held
        if answer.used is not None:
            bare = self._bare_command()
            spent = answer.used.cpu_seconds - bare.cpu_seconds
            grown = answer.used.peak_bytes - bare.peak_bytes
        wrong = [] if watched.ended else [*self._answered(sent, answer, changed)]
        if "OK" in answer.words:
            wrong += sent.harm(answer)
        with self._log.open("rb") as log:
            log.seek(told)
            wrong += self._said(log.read() + (answer.body if answer.used else b""))
        if watched.ended is not None:
            wrong.append(f"{watched.ended}, and it was ended")
        else:
            if spent > allowed.cpu_seconds:
                most = f"{allowed.cpu_seconds:.0f} s is the limit"
                wrong.append(f"it took {spent:.2f} s of CPU; {most}")
            if grown > allowed.memory_bytes:
                most = f"{allowed.memory_bytes / 1e6:.0f} MB is the limit"
                wrong.append(f"it took {grown / 1e6:.0f} MB; {most}")
            if not is_quiet:
                wrong.append(f"it goes on computing {QUIET_SECONDS_MAX:.0f} s after its answer")
            if watched.waited.cpu_seconds > WAIT_CPU_SECONDS_MAX:
                wrong.append(f"somebody else waited for {watched.waited.cpu_seconds:.2f} s of CPU")
            elif watched.waited.seconds > WAIT_SECONDS_MAX:
                wrong.append(f"somebody else waited for {watched.waited.seconds:.1f} s")
            if not self._ready():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._started.wait(1)
                code = self._started.returncode
                wrong.append(
                    "it is not ready afterwards" if code is None else f"the process ended: {code}"
                )
        more = self._size() - size
        meant = sent.entries(answer)
        if more != meant and not (changed and more >= 0):
            wrong.append(f"the log grew by {more}; {meant} were meant")
        left = self._left_behind()
        if left and watched.ended is None:
            wrong.append(f"files are left: {', '.join(file.name for file in left)[:200]}")
        self._clean()
        if not (watched.ended is None and is_quiet and self._ready()):
            self._end()  # the next input meets another one
        return wrong

    def _left_behind(self) -> list[Path]:
        """Files that are not removed; what runs may still be about to."""
        until = time.monotonic() + REMOVE_SECONDS_MAX
        while left := [*self._left.iterdir(), *self._files.glob("*.part")]:
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        return left

    def _clean(self) -> None:
        """Removes what was left, so that nobody else is blamed for it."""
        shutil.rmtree(self._left, ignore_errors=True)
        self._left.mkdir(parents=True)
        for part in self._files.glob("*.part"):
            part.unlink()

    @contextlib.contextmanager
    def _watched(self, before: float, held: int, cpu_seconds_max: float) -> Iterator[Watched]:
        watched = Watched(self, before, held, cpu_seconds_max)
        threads = [threading.Thread(target=run) for run in (watched.watch, watched.stand_by)]
        for thread in threads:
            thread.start()
        try:
            yield watched
        finally:
            watched.over.set()
            for thread in threads:
                thread.join()

    @staticmethod
    def _answered(sent: Sent, answer: Answer, changed: bool) -> Iterator[str]:
        meant = set(sent.means.split())
        if answer.status >= 500 and not (answer.status == 503 and "503" in meant):
            yield f"status {answer.status}: {answer.body[:200]!r}"
        if "INTERNAL" in answer.words or b'"INTERNAL"' in answer.body:
            yield f"INTERNAL: {answer.body[:200]!r}"
        if not changed and not meant & answer.words:
            words = " ".join(sorted(answer.words))
            yield f"answered {words}; {sent.means} is meant: {answer.body[:300]!r}"

    @staticmethod
    def _said(log: bytes) -> Iterator[str]:
        text = log.decode("utf-8", "replace")
        for sign in (
            "Traceback (most recent call last)",
            '"level": "error"',
            "exception was never",
        ):
            if sign in text:
                at = text.index(sign)
                around = text[max(0, at - 300) : at + 200]
                yield f"the log says: …{around} … {text[at + 200 :][-2_500:]}"
                return

    def _bare_command(self) -> Used:
        """What a command takes that does next to nothing on the store."""
        if self._bare is None:
            used = Command(means="EXIT0", arguments=("key", "list")).send(self.place).used
            assert used is not None
            self._bare = used
        return self._bare


class Bystander:
    """Somebody else, who asks for one recommendation over a connection that is kept."""

    def __init__(self, oracle: Oracle) -> None:
        self._place = oracle.place
        self._process = oracle._process
        self._connection = http.client.HTTPConnection("127.0.0.1", self._place.port, timeout=30)
        self._body = json.dumps({"query": ONE, "variables": {"id": self._place.known.some}})
        key = self._place.known.keys["bystander"]
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(self) -> Wait:
        start, before = time.monotonic(), self._process.cpu_seconds()
        self._connection.request("POST", "/graphql", self._body, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        wait = Wait(time.monotonic() - start, self._process.cpu_seconds() - before)
        assert answer.status == 200, said
        assert json.loads(said)["data"]["recommendation"] is not None, said
        return wait

    def close(self) -> None:
        self._connection.close()


class Watched:
    """What is seen while an input is answered."""

    def __init__(self, oracle: Oracle, before: float, held: int, cpu_seconds_max: float) -> None:
        self._oracle = oracle
        self._cpu_seconds_max = cpu_seconds_max
        self._process = oracle._process
        self._before = before
        self._held = held
        self.over = threading.Event()
        self.waited = Wait(0, 0)
        self.asked = 0
        self.ended: str | None = None

    def watch(self) -> None:
        """Ends a server that computes or grows without end."""
        while not self.over.wait(0.05):
            spent = self._process.cpu_seconds() - self._before
            grown = self._process.memory_bytes("VmRSS") - self._held
            if self._cpu_seconds_max < spent < float("inf"):
                self.ended = f"it took more than {self._cpu_seconds_max:.0f} s of CPU"
            elif grown > ENDED_MEMORY_BYTES:
                self.ended = f"it took more than {ENDED_MEMORY_BYTES / 1e6:.0f} MB"
            if self.ended is not None:
                self._oracle._end()
                return

    def stand_by(self) -> None:
        with contextlib.closing(Bystander(self._oracle)) as bystander:
            while not self.over.is_set():
                start = time.monotonic()
                try:
                    wait = bystander.ask()
                except (OSError, http.client.HTTPException, AssertionError):
                    wait = Wait(time.monotonic() - start, 0)  # it was ended, or kept nobody
                    if self.ended is None:
                        wait = Wait(float("inf"), 0)
                    self.waited = max(self.waited, wait)
                    return
                self.asked += 1
                self.waited = Wait(*map(max, self.waited, wait))
                self.over.wait(0.05)


def warming(known: Known) -> Iterator[Sent]:
    """One honest request of each kind."""
    yield Query(means="OK", document="{ recommendations(first: 3) { totalCount nodes { id } } }")
    yield Query(
        means="OK",
        document="""query($id: ID!) { recommendation(id: $id) { text
            history { nodes { event { __typename } reason } }
            lineage { type recommendation { id } } path(to: "implementation.planned") { reachable }
            steps { name isOpen } } }""",
        variables={"id": known.some},
    )
    yield Query(
        means="OK",
        document="""{ recommendations(first: 3, search: "women", asOf: {logIndex: 9000},
            where: {addressee: ["SVN"]}) { nodes { id } } progress(by: THEME) { key } }""",
    )
    for format in ("csv", "xlsx", "ocel", "xes"):
        yield Request(means="OK", path=f"/exports/{format}", parameters=(("addressee", "KEN"),))
    yield Request(means="OK", path="/plots/progress.svg", parameters=(("by", "sdg"),))
