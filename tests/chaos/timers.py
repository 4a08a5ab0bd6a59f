"""Timers under chaos: `suivi worker` killed and paused, beside people who take steps on the same
cases, and a search for what was lost, fired twice or fired wrongly.

An era is one store. In it people receive cases whose deadlines lie behind (their own clock stands
years back, so that reminders were set too) and extend, suspend, answer, close and reopen them;
workers fire what is due, one on SQLite, three on PostgreSQL, with leases of a second. In each round
somebody from outside kills workers and people, pauses them for longer than their lease and lets
them go on, rebuilds views and, on PostgreSQL, kills the server. One worker of several sleeps from
the first round to the last.

After each round, and after the workers have done all that is left, the log is searched
(`events.search`) and read by `naive_clock`, which shares no code with what wrote it: each timer
that was due was fired once, by the generation that stood, not before it was due, in the order of
its due, with what follows from it. The views as fed, the views rebuilt and the naive reader agree,
and `suivi replay` decides everything the same.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import text as sql

from api.service import Service
from api.settings import Settings, variable
from domain.casework import steps
from domain.casework.deadlines import DeadlinePassed
from domain.casework.held import DeadlineHeld
from domain.entry import Effective, Entry
from domain.recommendation import Recommendation, fold
from domain.refusals import Refusal
from domain.words import Mechanism
from tests import naive_clock, postgres
from tests.chaos.events import (
    HERE,
    SAID_MAX,
    START_SECONDS_MAX,
    UNMEASURED,
    Acknowledged,
    Found,
    Writer,
    compare_views,
    kill_server,
    search,
    snapshot,
    stores,
)
from tests.given import (
    Act,
    accepted,
    act,
    closed,
    declared,
    declined,
    decreed,
    deferred,
    extended,
    lapsed,
    noted,
    offered,
    planned,
    principal,
    received,
    reopened,
    reported,
    resumed,
    selected,
    stamp,
    supported,
    suspended,
)
from workflows import publishing
from workflows.desk import Command, Desk
from workflows.log import Log
from workflows.procedure import SHIPPED, firing

ROUND_SECONDS = 10.0
ERA_ROUNDS = 12
SERVER_EVERY = 3
LEASE_SECONDS = 1.0
PAUSES_SECONDS = (1.5, 4.0)
"""A pause is longer than a lease."""
WORKERS = {"sqlite": 1, "postgresql": 3}
STARTING_SECONDS = 3.0
PEOPLE = 3
PORTION = 10
"""How many cases people receive at a time."""
LATE_SECONDS_MAX = 120
END_SECONDS_MAX = 30
SILENT_SECONDS_MAX = 45.0
"""How long a paused process may keep all others from recording."""
LAPSES, MOVES = "silence", "look-again"
"""The deadlines of `SILENCE` that lead to something."""
OWN = "review"
"""How the states begin that no other procedure has."""


@cache
def with_silence() -> publishing.Examined:
    """The procedure in which passed deadlines lead to something."""
    from tests.test_timers import SILENCE  # people start without it

    return publishing.examine(SHIPPED, "SVN", SILENCE.encode())


def set_up(url: str) -> None:
    """Publishes and adopts it."""
    log = Log(url)
    desk, who, examined = Desk(log), principal(), with_silence()
    assert examined.definition is not None, examined.report
    hash = examined.definition.hash
    publish = Command.of("publish", who, "publish")
    publishing.publish(desk, who, publish, stamp("publish"), "SVN", lambda: examined)
    publishing.adopt(desk, who, Command.of("adopt", who, ""), stamp("adopt"), "SVN", hash)
    log.close()


# --- People --------------------------------------------------------------------------------------


class People(Writer):
    """Take steps on cases that are due, on days long ago, until they are killed."""

    threads = PEOPLE

    def __init__(self, url: str, file: Path, name: str, steps_max: float) -> None:
        super().__init__(url, file, name)
        self.steps_max = steps_max
        days = Random(name)
        self.desk = Desk(self.log, lambda: _microseconds(_day(days, 2018, 2023)))

    def step(self, random: Random, name: str) -> None:
        if random.random() < 0.08 or len(self.ids) < PORTION:
            entries = portion(self.desk, random, name)
            command = Command.of(entries[0].stamp.command, self.who, name)
            self.acknowledged(random, command, lambda: self.desk.append(command, entries))
            self.ids.extend({entry.stream for entry in entries})
            return
        id = random.choice(self.ids[-300:])
        r = self.log.load(id, fold)
        assert r is not None
        taken = what_people_do(r, random)
        said = stamp(f"{name}-k1", **taken.said)
        command = Command.of(f"{name}-k1", self.who, name)
        self.acknowledged(
            random,
            command,
            lambda: self.desk.take(
                self.who, command, id, taken.step, said, taken.command, expected_version=None
            ),
        )


def portion(desk: Desk, random: Random, name: str) -> list[Entry]:
    """Cases that arrive together, each with something due."""
    procedures = desk.procedures.for_a_file()
    made: list[Callable[[str], list[Entry]]] = []
    for n in range(PORTION):
        mechanism = random.choice([Mechanism.UPR, Mechanism.UPR, Mechanism.TREATY_BODY])
        if random.random() < 0.5:
            acts = [decreed("labour"), planned(_due(random))]
        else:
            acts = [offered("labour", _due(random)), offered("justice", _due(random))]
        if mechanism is Mechanism.TREATY_BODY:
            acts.append(selected(due=_due(random)))
        else:
            acts.append(deferred(_due(random)))

        def case(command: str, n: int = n, of: Mechanism = mechanism, acts: Any = acts) -> Any:
            first = received(f"{name}.{n}", mechanism=of, command=command, reason="as printed")
            opening = procedures.opening(first.stream, "SVN", first.event)  # type: ignore[arg-type]
            r = fold([opening])
            assert r is not None
            entries = [opening]
            for step, make, said in acts:
                procedures.check(r, step)
                entries.append(procedures.enter(r, step, make(r, stamp(command, **said))))
            return entries

        made.append(case)
    count = sum(len(case("count")) for case in made)
    return [entry for case in made for entry in case(f"{name}-k{count}")]


def what_people_do(r: Recommendation, random: Random) -> Act:
    """A step that bears on what is due; it may still be refused."""
    if r.closed is not None:
        return reopened()
    if r.suspended is not None:
        return resumed(on=random.choice([None, "2023-05-01"]))
    kind = random.random()
    if kind < 0.3 and r.deadlines:
        held = random.choice(r.deadlines)
        return extended(held.deadline, _later(random, held))
    if kind < 0.45:
        until = random.choice([None, "2022-09-01", "2090-06-30"])
        return suspended(until=until, on=random.choice([None, "2022-05-01"]))
    if kind < 0.5:
        return closed()
    return random.choice(
        [
            deferred(_due(random)),
            noted(None),
            supported("2019-04-08"),
            offered(random.choice(["labour", "interior", "health"]), _due(random)),
            decreed(random.choice(["justice", "finance"])),
            planned(_due(random)),
            declared(),
            reported(f"report {random.random()}"),
            selected(due=_due(random)),
            act("review", lambda r, s: steps.take(r, s, "review")),
            *(accepted(a.id) for a in r.assignments[-3:]),
            *(declined(a.id) for a in r.assignments[-3:]),
            *(lapsed(a.id) for a in r.assignments[-1:]),
        ]
    )


def _day(random: Random, first: int, last: int) -> str:
    days = random.randrange((last - first) * 365)
    return (date(first, 1, 1) + timedelta(days=days)).isoformat()


def _due(random: Random) -> str:
    """A day that lies behind, or now and then one that is far off."""
    return "2090-06-30" if random.random() < 0.1 else _day(random, 2019, 2026)


def _later(random: Random, held: DeadlineHeld) -> str:
    if held.day >= "2090" or random.random() < 0.1:
        return f"209{random.randint(1, 9)}-06-30"
    days = timedelta(days=random.randint(1, 200))
    return (date.fromisoformat(held.day) + days).isoformat()


def _microseconds(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()) * 1_000_000


# --- The search ----------------------------------------------------------------------------------


def rows_of(connection: Any) -> list[naive_clock.Row]:
    """The rows of a log for the naive reader."""
    found = connection.execute(
        "SELECT log_index, stream_id, stream_version, topic, recorded_at, payload FROM log_event"
        " ORDER BY log_index"
    ).fetchall()
    return [
        {
            "log_index": index,
            "stream": stream.hex() if isinstance(stream, bytes) else str(stream).replace("-", ""),
            "version": version,
            "topic": topic,
            "recorded_at": recorded_at,
            "payload": json.loads(bytes(payload)),
        }
        for index, stream, version, topic, recorded_at, payload in found
    ]


def clock_of(connection: Any) -> naive_clock.Found:
    """What the clock did, and did not do."""
    return naive_clock.read(rows_of(connection), time.time_ns() // 1000, LAPSES, MOVES)


class Silence(NamedTuple):
    """The longest times, in seconds, in which nobody recorded anything: while the server ran, and
    when it was killed, until somebody recorded again."""

    paused: float = 0.0
    killed: float = 0.0


def longest_silence(connection: Any, kills: Sequence[float]) -> Silence:
    """The longest silences in a log; `kills`: when the server was killed, seconds since 1970."""
    rows = connection.execute("SELECT recorded_at FROM log_event ORDER BY log_index").fetchall()
    paused = killed = 0.0
    for (before,), (after,) in itertools.pairwise(rows):
        if any(before / 1e6 - 0.5 < kill < after / 1e6 for kill in kills):
            killed = max(killed, (after - before) / 1e6)
        else:
            paused = max(paused, (after - before) / 1e6)
    return Silence(paused, killed)


# --- What runs, and is killed and paused ---------------------------------------------------------


class Running:
    """A process that is killed, or paused until an instant."""

    def __init__(self, name: str, folder: Path, command: Sequence[str], **settings: str) -> None:
        self.name = name
        self.said = folder / f"{name}.log"
        self.started = time.monotonic()
        self.paused_until: float | None = None
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=HERE,
                stdout=output,
                stderr=output,
                env=UNMEASURED | {"PYTHONFAULTHANDLER": "1"} | settings,
            )

    def pause(self, seconds: float) -> None:
        self.process.send_signal(signal.SIGSTOP)
        self.paused_until = time.monotonic() + seconds

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.paused_until = None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def last_words(self) -> str:
        return self.said.read_text(errors="replace")[-SAID_MAX:]


class Era:
    """One store: who works on it, and what was done to them."""

    def __init__(self, it: Chaos, url: str, number: int, server: postgres.Server | None) -> None:
        self.it = it
        self.url = url
        self.number = number
        self.server = server
        self.random = it.random
        self.workers: list[Running] = []
        self.rebuilding: Running | None = None
        self.sleeper: Running | None = None
        self.noted: list[Acknowledged] = []
        self.notes: list[Path] = []
        self.server_kills: list[float] = []
        self.server_killed = 0.0
        self.names = iter(range(1_000_000))
        set_up(url)
        for _ in range(WORKERS[it.store]):
            self.workers.append(self.a_worker())
        self.people = self.some_people()
        self._wait_for_timers()

    def _wait_for_timers(self) -> None:
        """The first round begins when something has been fired."""
        until = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < until:
            with snapshot(self.url) as connection:
                if clock_of(connection).fired:
                    return
            time.sleep(0.1)
        self.it.told("the start", [f"nothing was fired within {START_SECONDS_MAX} s"])

    # -- who works

    def _named(self, what: str) -> str:
        return f"{what}-{self.number}-{next(self.names)}"

    def a_worker(self) -> Running:
        lease = {variable("timers_lease_seconds"): str(LEASE_SECONDS)}
        return self._suivi("worker", "worker", **lease)

    def _suivi(self, name: str, *command: str, **settings: str) -> Running:
        settings[variable("database_url")] = self.url
        arguments = ["api.command_line", *command]
        return Running(self._named(name), self.it.folder, arguments, **settings)

    def some_people(self) -> Running:
        name = self._named("people")
        self.notes.append(self.it.folder / f"{name}.acknowledged")
        command = ["tests.chaos", "people", self.url, str(self.notes[-1]), name]
        command.append(str(self.it.steps_max))
        return Running(name, self.it.folder, command)

    def all(self) -> list[Running]:
        return [*self.workers, self.people, *([self.rebuilding] if self.rebuilding else [])]

    # -- what is done to them

    def round(self, number: int, seconds: float) -> None:
        """Some seconds of chaos, and what is there then."""
        until = time.monotonic() + seconds
        if len(self.workers) > 1 and self.sleeper is None:
            self.sleeper = self.workers[0]
            self.sleeper.pause(float("inf"))
        if self.server is not None and number % SERVER_EVERY == SERVER_EVERY - 1:
            self.kill_the_server(self.server)
        while time.monotonic() < until:
            self.wake_and_start_again()
            self.something_happens()
            time.sleep(self.random.uniform(0.05, 0.6))
        noted = self._read_notes()
        with snapshot(self.url) as connection:
            clock = clock_of(connection)
            found = search(connection, noted)
        self.it.told(f"round {number}", [*found.violations, *clock.wrong])

    def something_happens(self) -> None:
        random, it = self.random, self.it
        awake = [w for w in self.workers if w.paused_until is None]
        if random.random() < 0.8:  # few are killed while they start
            awake = [w for w in awake if time.monotonic() - w.started > STARTING_SECONDS]
        what = random.choices(
            [
                "a worker is killed",
                "a worker pauses",
                "people are killed",
                "people pause",
                "rebuild",
            ],
            [25, 35, 3, 3, 5],
        )
        if what == ["a worker is killed"] and awake:
            random.choice(awake).kill()
            it.kills += 1
        elif what == ["a worker pauses"] and awake:
            seconds = random.uniform(*PAUSES_SECONDS)
            random.choice(awake).pause(seconds)
            it.pauses += 1
            it.paused_seconds += seconds
        elif what == ["people are killed"]:
            self.people.kill()
        elif what == ["people pause"] and self.people.paused_until is None:
            self.people.pause(random.uniform(*PAUSES_SECONDS))
        elif what == ["rebuild"] and self.rebuilding is None:
            view = random.choice([("--view", "timers"), ()])
            self.rebuilding = self._suivi("rebuild", "rebuild", *view)

    def kill_the_server(self, server: postgres.Server) -> None:
        self.server_kills.append(time.time())
        kill_server(server)
        time.sleep(self.random.uniform(0, 0.5))
        server.crash()  # starts it again
        self.server_killed = time.monotonic()
        self.it.server_kills += 1

    def wake_and_start_again(self, at_the_end: bool = False) -> None:
        """Lets those go on whose pause is over, and starts anew whoever was killed; at the end lets
        all workers go on, and nobody else starts."""
        for running in self.all():
            until = running.paused_until
            if until is not None and (at_the_end or time.monotonic() > until):
                running.go_on()
        for n, worker in enumerate(self.workers):
            if self._ended(worker):
                self.workers[n] = self.a_worker()
                if self.sleeper is worker:
                    self.sleeper = None
        if at_the_end:
            return
        if self._ended(self.people):
            self.people = self.some_people()
        if self.rebuilding is not None and self._ended(self.rebuilding, may=True):
            self.it.rebuilds += self.rebuilding.process.returncode == 0
            self.rebuilding = None

    def _ended(self, running: Running, may: bool = False) -> bool:
        code = running.process.poll()
        if code is None:
            return False
        # Whoever starts while there is no server may give up; whoever runs may not.
        gave_up = code > 0 and running.started < self.server_killed < running.started + 15
        if code != -signal.SIGKILL and not may and not gave_up:
            self.it.told(running.name, [f"ended by itself: {code}\n{running.last_words()}"])
        return True

    def _read_notes(self) -> list[Acknowledged]:
        self.noted = []
        for file in self.notes:
            for line in file.read_text().splitlines(keepends=True) if file.exists() else ():
                words = line.split()
                if words and words[0] == "ERROR":
                    self.it.told(file.stem, [line.strip()])
                elif line.endswith("\n"):
                    self.noted.append(Acknowledged(words[0], int(words[1]), int(words[2])))
        return self.noted

    # -- how it ends

    def end(self) -> Found:
        """Lets the workers do all that is left, and searches everything."""
        self.people.kill()
        if self.rebuilding is not None:
            self.rebuilding.kill()
            self.rebuilding = None
        self.wake_and_start_again(at_the_end=True)
        least, until = math.inf, time.monotonic()
        while True:
            with snapshot(self.url) as connection:
                clock = clock_of(connection)
            if len(clock.left) < least:
                least, until = len(clock.left), time.monotonic() + LATE_SECONDS_MAX
            if not clock.left or time.monotonic() > until:
                break
            self.wake_and_start_again(at_the_end=True)
            time.sleep(0.5)
        self.wake_and_start_again(at_the_end=True)
        self.it.told("the end", [f"lost: {what}" for what in clock.left])
        for worker in self.workers:
            worker.process.send_signal(signal.SIGTERM)
        for worker in self.workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(END_SECONDS_MAX)
            if worker.process.poll() not in (0, -signal.SIGTERM):  # the latter while it started
                words = f"did not end when told: {worker.process.poll()}\n{worker.last_words()}"
                self.it.told(worker.name, [words])
        with snapshot(self.url) as connection:
            clock = clock_of(connection)
            found = search(connection, self._read_notes())
            silence = longest_silence(connection, self.server_kills)
        self.it.told("the end", [*found.violations, *clock.wrong])
        if self.server is not None and silence.paused > SILENT_SECONDS_MAX:
            self.it.told("the end", [f"nobody recorded for {silence.paused:.0f} s"])
        self.it.silence = Silence(*map(max, self.it.silence, silence))
        self.it.told("the end", compare_views(self.url, OWN))
        replayed = self._suivi("replay", "replay", "--check")
        if replayed.process.wait(LATE_SECONDS_MAX):
            self.it.told("the end", [f"replay: {replayed.last_words()}"])
        self.it.fired.update(clock.fired)
        return found

    def close(self) -> None:
        for running in self.all():
            running.kill()


class Chaos:
    """All rounds on one store, and what came of them."""

    def __init__(self, store: str, folder: Path, random: Random, steps_max: float) -> None:
        self.store = store
        self.steps_max = steps_max
        self.folder = folder
        self.random = random
        self.kills = self.pauses = self.server_kills = self.rebuilds = 0
        self.paused_seconds = 0.0
        self.silence = Silence()
        self.events = self.commands = self.acknowledged = 0
        self.fired: Counter[str] = Counter()
        self.violations: dict[str, None] = {}

    def told(self, where: str, wrong: Sequence[str]) -> None:
        for one in wrong:
            self.violations.setdefault(f"{where}: {one}")

    def era(
        self, url: str, rounds: range, seconds: float, server: postgres.Server | None
    ) -> Iterator[int]:
        era = Era(self, url, rounds[0], server)
        try:
            for number in rounds:
                era.round(number, seconds)
                yield number
            found = era.end()
        finally:
            era.close()
        self.events += found.events
        self.commands += found.commands
        self.acknowledged += len(era.noted)


def run(
    store: str,
    rounds: int,
    seed: int,
    console: Console,
    seconds: float = ROUND_SECONDS,
    steps_max: float = math.inf,
) -> bool:
    """All rounds on one store; prints what came of them, True if nothing was wrong."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="suivi-chaos-") as name:
        folder = Path(name)
        it = Chaos(store, folder, Random(f"{seed}-{store}"), steps_max)
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
            task = progress.add_task(f"{store}, timers", total=rounds)
            for first in range(0, rounds, ERA_ROUNDS):
                with new() as url:
                    if url.startswith("sqlite"):
                        Path(url.removeprefix("sqlite:///")).parent.mkdir()
                    era = range(first, min(first + ERA_ROUNDS, rounds))
                    for _ in it.era(url, era, seconds, server):
                        progress.advance(task)
    for wrong in list(it.violations)[:50]:
        console.print(f"  VIOLATION {wrong}", markup=False, highlight=False)
    kinds = ", ".join(f"{count:,} {kind}s" for kind, count in sorted(it.fired.items()))
    console.print(
        f"{store}: {rounds} rounds of {seconds:.0f} s, {it.kills} workers killed, {it.pauses}"
        f" paused for {it.paused_seconds:.0f} s, {it.server_kills} servers killed, {it.rebuilds}"
        f" rebuilds; {it.events:,} events in {it.commands:,} commands, {it.acknowledged:,}"
        f" acknowledged; {it.fired.total():,} timers fired ({kinds}); nobody recorded for"
        f" {it.silence.paused:.0f} s at most, and {it.silence.killed:.0f} s when the server was"
        f" killed; {len(it.violations)} violations; seed {seed}, {time.monotonic() - start:.0f} s",
        soft_wrap=True,
        highlight=False,
    )
    return not it.violations


# --- Sabotage ------------------------------------------------------------------------------------

Sabotage = Callable[[Service, Desk], None]
"""Makes a worker do wrong; the desk is for people who come between."""


def fires_twice(service: Service, people: Desk) -> None:
    append = service.desk.append

    def twice(command: Command, entries: Sequence[Entry]) -> Any:
        done = append(command, entries)
        more = Counter(entry.stream for entry in entries)
        again = [entry._replace(version=entry.version + more[entry.stream]) for entry in entries]
        append(Command.of_the_machine(f"{command.id}/again"), again)
        return done

    service.desk.append = twice  # type: ignore[method-assign]


def loses_some(service: Service, people: Desk) -> None:
    claim = service.claim

    def some(now: Any, most: int, lease_seconds: float) -> Any:
        return claim(now, most, 1e9)[::3]

    service.claim = some  # type: ignore[method-assign]


def overrides(taken: Callable[[DeadlineHeld], Act]) -> Sabotage:
    """What was decided before somebody took a step is written after it."""

    def sabotage(service: Service, people: Desk) -> None:
        append = service.desk.append

        def overriding(command: Command, entries: Sequence[Entry]) -> Any:
            service.desk.append = append  # type: ignore[method-assign]
            event = next(e.event for e in entries if isinstance(e.event, DeadlinePassed))
            (id,) = {e.stream for e in entries if e.event is event}
            r = people.log.load(id, fold)
            assert r is not None
            held = r.deadline(event.deadline)
            assert held is not None
            step, act, said = taken(held)
            between = Command.of("between", principal(), "")
            people.take(
                *(principal(), between, id, step, stamp("between", **said), act),
                expected_version=None,
            )
            return append(
                command,
                [e._replace(version=e.version + (e.stream == id)) for e in entries],
            )

        service.desk.append = overriding  # type: ignore[method-assign]

    return sabotage


def is_early(service: Service, people: Desk) -> None:
    service.desk.procedures.clock = lambda: _microseconds("2095-01-01")


def forgets_what_follows(service: Service, people: Desk) -> None:
    firing._then = lambda *_: iter(())  # type: ignore[assignment]


def keeps_no_order(service: Service, people: Desk) -> None:
    append = service.desk.append
    service.desk.append = lambda command, entries: append(  # type: ignore[method-assign]
        command, sorted(entries, key=lambda entry: entry.stream)
    )


def says_today(service: Service, people: Desk) -> None:
    append = service.desk.append
    today = Effective(on=date.today().isoformat())  # noqa: DTZ011 - any day but the right one

    def dated(entry: Entry) -> Entry:
        said = msgspec.structs.replace(entry.event.stamp, effective=today)
        return entry._replace(event=msgspec.structs.replace(entry.event, stamp=said))

    service.desk.append = lambda command, entries: append(  # type: ignore[method-assign]
        command, [dated(entry) for entry in entries]
    )


WRONG_WORKERS: dict[str, Sabotage] = {
    "it fires twice": fires_twice,
    "it loses some": loses_some,
    "it fires what was extended": overrides(lambda held: extended(held.deadline, "2091-06-30")),
    "it fires what is at rest": overrides(lambda held: suspended()),
    "it fires what was lifted": overrides(lambda held: closed()),
    "it fires before it is due": is_early,
    "it forgets what follows": forgets_what_follows,
    "it keeps no order": keeps_no_order,
    "it says that it was today": says_today,
}
LAST_OF = "DELETE FROM log_event WHERE log_index = (SELECT max(log_index) FROM log_event WHERE "
WRONG_RECORDS = {
    "an escalation is lost": f"{LAST_OF} topic = 'recommendation.escalated.v1')",
    "a passing is lost": f"{LAST_OF} topic = 'recommendation.deadline-passed.v1')",
    "a reminder is lost": f"{LAST_OF} topic = 'recommendation.reminded.v1')",
    "a lapse is lost": f"{LAST_OF} topic = 'recommendation.assignment-lapsed.v1')",
}


def sabotage(store: str, seed: int, console: Console) -> bool:
    """Lets workers do wrong in each way; True if each was found, and nothing where none did."""
    missed: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="suivi-chaos-") as name,
        stores(store, Path(name)) as (new, _),
    ):
        for what, how in WRONG_WORKERS.items():
            with new() as url:
                clock = worked(url, Random(seed), how)
                if not clock.wrong and not clock.left:
                    missed.append(what)
        with new() as url:
            clock = worked(url, Random(seed), lambda service, people: None)
            if wrong := [*clock.wrong, *clock.left, *compare_views(url, OWN)]:
                missed.append(f"nothing was wrong, yet: {wrong[0]}")
            for what, statement in WRONG_RECORDS.items():
                with snapshot(url) as connection:
                    connection.execute(statement)
                    clock = clock_of(connection)
                    if not clock.wrong and not clock.left:
                        missed.append(what)
            service = Service(Settings(database_url=url))
            with service._timers() as connection:
                connection.execute(sql("DELETE FROM timer"))
            service.close()
            if not compare_views(url, OWN):
                missed.append("a view has lost timers")
    for what in missed:
        console.print(f"  NOT FOUND {what}", markup=False, highlight=False)
    ways = len(WRONG_WORKERS) + len(WRONG_RECORDS) + 1
    console.print(f"{store}: {ways} ways to fire wrongly, {len(missed)} not found", highlight=False)
    return not missed


def worked(url: str, random: Random, how: Sabotage) -> naive_clock.Found:
    """What a worker has done on a new store of some cases, and left undone."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    set_up(url)
    service = Service(Settings(database_url=url))
    people = Desk(service.log, lambda: _microseconds("2018-01-10"))
    then = firing._then
    try:
        for n in range(4):
            entries = portion(people, random, f"portion-{n}")
            people.append(Command.of_the_machine(entries[0].stamp.command), entries)
        how(service, people)
        with contextlib.suppress(Refusal):
            service.worker.catch_up()
    finally:
        firing._then = then
        service.close()
    with snapshot(url) as connection:
        return clock_of(connection)
