"""What a procedure decides, beside other engines of statecharts.

    by the chart    one `kernel.step`, guards included
    remembered      what the product asks for: the outcome of a step, decided once for each states,
                    step and what guards can tell apart of facts, and the states it leads to;
                    as people's cases are, each has dates of its own

Others run in processes of their own and take the time themselves, over many walks after a warm-up.
None is timed before it stood, after every step of a walk, where our kernel stands.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from benchmarks.append import SQLiteRows, alone, requests
from benchmarks.charts import AS_PEOPLES, Case, cases, plain, told, with_own_dates
from benchmarks.measuring import Arm, Bench
from benchmarks.record import a_life
from benchmarks.stores import sqlite
from domain.casework import CaseEvent
from domain.recommendation import Recommendation, fold
from tests.suites import XSTATE as XSTATE_FILES
from tests.suites import NotThere, installed
from workflows.procedure import SHIPPED
from workflows.statecharts.expressions import Facts
from workflows.statecharts.kernel import Active, Emit, Event, Snapshot, start, step

HERE = Path(__file__).parent / "peers"
PART, STORE, UNIT = "deciding", "memory", "steps/s"
OURS = "our kernel"
INTERPRETED, REMEMBERED = "by the chart", "remembered"
XSTATE, STATEMACHINE = "XState 5.33.3", "python-statemachine 3.2.2"
ROWS = "event rows only, appended to SQLite"
AIMS = {INTERPRETED: 1.5, REMEMBERED: 10.0}
TURN_SECONDS, WARM_SECONDS = 0.25, 1.0
WALKS_AT_ONCE = 20
TURNS = 3
"""So many times as many rounds as usual: turns are short, and other work comes and goes."""
LIFE_SEED = 1
LIFE = (
    *("classify", "take-position", "decree-assignment", "offer-assignment", "accept-assignment"),
    *("plan", "draft-progress", "clear-progress", "publish-progress"),
    *("draft-progress", "clear-progress", "publish-progress"),
)
"""The steps of the life that comes of the seed, after it was received."""
CASES_MANY = 20_000
"""So many cases, each with dates of its own, are walked in turn."""
ROWS_AT_ONCE, ROWS_MOST = 20, 6_000

Steps = Callable[[], Sequence[str]]
"""Walks once, from where it stands, and says where it stands then."""


class Answers(NamedTuple):
    """What guards mean on one step: its own read the facts before it, all that follows from it
    those after."""

    before: Facts
    after: Facts

    def holds(self, guard: Any, event: Event | None, active: Active, emit: Emit) -> bool:
        holds: bool = guard.holds(self.after if event is None else self.before, active)
        return holds

    def run(self, actions: Sequence[Any], event: Event | None, active: Active, emit: Emit) -> None:
        raise AssertionError("these charts have no actions")

    def done_data(self, content: Any, event: Event | None, active: Active, emit: Emit) -> Any:
        raise AssertionError("these charts have no final states")


# --- Ours ----------------------------------------------------------------------------------------


def walked(case: Case) -> list[list[str]]:
    """Where our kernel stands after each step of a walk, in names that others use."""
    snapshot = beginning(case)
    found = []
    for name, before, after in case.walk:
        event = Event(f"step.{name}")
        snapshot = step(case.chart, snapshot, event, Answers(before, after)).snapshot
        found.append(sorted(map(plain, snapshot.active)))
    assert len({*map(tuple, found)}) > 2, "or it would say little"
    return found


def beginning(case: Case) -> Snapshot:
    first = case.walk[0].before
    return start(case.chart, Answers(first, first)).snapshot


def by_the_chart(case: Case) -> Steps:
    chart, snapshot = case.chart, beginning(case)
    taken = [(Event(f"step.{t.step}"), Answers(t.before, t.after)) for t in case.walk]

    def walk() -> Sequence[str]:
        nonlocal snapshot
        for event, answers in taken:
            snapshot = step(chart, snapshot, event, answers).snapshot
        return snapshot.active

    return walk


def remembered(case: Case) -> Steps:
    outcome, states = case.procedure.outcome, sorted(beginning(case).active)

    def walk() -> Sequence[str]:
        nonlocal states
        for name, before, after in case.walk:
            left, entered, _ = outcome(name, states, before, after)
            if left or entered:
                states = sorted({*states}.difference(left).union(entered))
        return states

    return walk


def remembered_of_many(case: Case) -> Steps:
    """The same for many cases, one after the other, each with dates of its own."""
    outcome, states = case.procedure.outcome, sorted(beginning(case).active)
    random = Random(LIFE_SEED)
    walks = cycle([with_own_dates(case.walk, random) for _ in range(CASES_MANY)])

    def walk() -> Sequence[str]:
        nonlocal states
        for name, before, after in next(walks):
            left, entered, _ = outcome(name, states, before, after)
            if left or entered:
                states = sorted({*states}.difference(left).union(entered))
        return states

    return walk


def timed(walk: Steps, length: int, end: list[str]) -> Arm:
    """Steps a second of an engine that runs here."""

    def run(seconds: float = TURN_SECONDS) -> float:
        steps = 0
        started = time.perf_counter()
        until = started + seconds
        states: Sequence[str] = ()
        while time.perf_counter() < until:
            for _ in range(WALKS_AT_ONCE):
                states = walk()
            steps += WALKS_AT_ONCE * length
        took = time.perf_counter() - started
        assert sorted(map(plain, states)) == end
        return steps / took

    run(WARM_SECONDS)
    return run


# --- Others --------------------------------------------------------------------------------------


class Peer:
    """An engine in a process of its own, told all cases when it starts."""

    def __init__(self, command: Sequence[str], folder: Path, cases: Sequence[Case]) -> None:
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.say([told(case) for case in cases])

    def say(self, said: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(said) + "\n")
        self.process.stdin.flush()

    def ask(self, chart: int, **more: float) -> Any:
        self.say({"chart": chart, **more})
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"{self.process.args!r} ended"
        return json.loads(line)

    def timed(self, chart: int, ends: list[list[str]]) -> Arm:
        """Steps a second on one of the charts, once it stands where it should."""
        assert self.ask(chart) == ends

        def run(seconds: float = TURN_SECONDS) -> float:
            said = self.ask(chart, seconds=seconds)
            assert said["active"] == ends[-1]
            rate: float = said["steps"] / said["seconds"]
            return rate

        run(WARM_SECONDS)
        return run

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def xstate(folder: Path, cases: Sequence[Case]) -> Peer:
    installed(XSTATE_FILES, folder)
    (folder / "beside.cjs").write_bytes((HERE / "xstate.cjs").read_bytes())
    return Peer(["node", "beside.cjs"], folder, cases)


def statemachine(folder: Path, cases: Sequence[Case]) -> Peer:
    lock = HERE / "python-statemachine.txt"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(folder)]
    done = subprocess.run(
        [*command, "--requirement", str(lock)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotThere(f"it can't be installed: {done.stderr.strip()[-200:]}")
    (folder / "beside.py").write_bytes((HERE / "python_statemachine.py").read_bytes())
    return Peer([sys.executable, "beside.py"], folder, cases)


PEERS = {XSTATE: xstate, STATEMACHINE: statemachine}


# --- A whole life --------------------------------------------------------------------------------


class Step(NamedTuple):
    """A step of a life: the recommendation before it, and with its facts; the states entered."""

    name: str
    then: Recommendation
    now: Recommendation
    entered: tuple[str, ...]


def a_life_of_steps() -> list[Step]:
    """A made-up life under the UPR's procedure."""
    first, *rest = a_life(Random(LIFE_SEED), 0)
    r = fold([first])
    assert r is not None
    steps = []
    for name, entry in zip(LIFE, rest, strict=True):
        assert isinstance(entry.event, CaseEvent)
        now = r.clone()
        entry.event.apply(now, entry)
        steps.append(Step(name, r, now, entry.stamp.entered))
        r = r.clone()
        r.apply(entry)
    return steps


def decided(steps: Sequence[Step]) -> Arm:
    """Steps a second: is it open, and what does it lead to, as the desk asks for each."""

    def walk() -> None:
        for name, then, now, entered in steps:
            SHIPPED.check(then, name)
            before, after = SHIPPED.facts(then), SHIPPED.facts(now)
            outcome = SHIPPED.of(then).outcome(name, then.states, before, after)
            assert outcome.entered == entered, name

    def run() -> float:
        walks = 0
        started = time.perf_counter()
        until = started + TURN_SECONDS
        while time.perf_counter() < until:
            walk()
            walks += 1
        return walks * len(steps) / (time.perf_counter() - started)

    return run


# --- The part ------------------------------------------------------------------------------------


def steps(quick: bool) -> int:
    return 2 * len(cases()) + 1


def measure(bench: Bench) -> None:
    charts = cases()
    ends = [walked(case) for case in charts]
    with ExitStack() as stack:
        peers = started(stack, charts, bench)
        for n, case in enumerate(charts):
            theirs = {name: peer.timed(n, ends[n]) for name, peer in peers.items()}
            recalling = remembered_of_many if case.name == AS_PEOPLES else remembered
            for how, ours in ((INTERPRETED, by_the_chart), (REMEMBERED, recalling)):
                mine = timed(ours(case), len(case.walk), ends[n][-1])
                bench.compare(
                    PART,
                    STORE,
                    f"{case.name}, {how}",
                    {OURS: mine, **theirs},
                    ours=OURS,
                    unit=UNIT,
                    aims={XSTATE: AIMS[how]},
                    turns=TURNS,
                )
    whole_life(bench)


def started(stack: ExitStack, charts: Sequence[Case], bench: Bench) -> Mapping[str, Peer]:
    """The engines that can be had on this machine; of the others it is said why not."""
    found = {}
    for name, start_in in PEERS.items():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="suivi-bench-")))
        try:
            found[name] = start_in(folder, charts)
        except NotThere as reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
            bench.notes.setdefault("engines_left_out", {})[name] = str(reason)
        else:
            stack.callback(found[name].close)
    return found


def whole_life(bench: Bench) -> None:
    """What is decided of a step, beside the row of its event."""
    with sqlite() as fresh, fresh() as url:
        rows = SQLiteRows(url)
        try:
            bench.compare(
                PART,
                "SQLite",
                f"a life of {len(LIFE)} steps: is each open, what comes of it",
                {
                    OURS: decided(a_life_of_steps()),
                    ROWS: alone(rows, requests(ROWS_MOST, 1, 0.0), ROWS_AT_ONCE),
                },
                ours=OURS,
                unit=UNIT,
                turns=TURNS,
            )
        finally:
            rows.close()
