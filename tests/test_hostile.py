"""Whatever is sent, the server answers as it is meant, at little cost, and nobody else waits.

Each file in tests/hostile/inputs/ is one input, judged by the one oracle (tests/hostile/oracle.py).
"""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile import oracle
from tests.hostile.changing import changed
from tests.hostile.doors import Answer, Place, Sent, Step, Used
from tests.hostile.oracle import Oracle
from tests.hostile.record import Known, make
from tests.length import times
from tests.server import A_RECOMMENDATION

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not oracle.can_measure(), reason="this system has no /proc, by which processes are measured"
    ),
]

INPUTS = sorted(
    file.stem for file in (Path(__file__).parent / "hostile" / "inputs").glob("[!_]*.py")
)


def sent(name: str, known: Known) -> list[Sent]:
    """What an input sends: one request, or some that are judged one after the other."""
    made = import_module(f"tests.hostile.inputs.{name}").hostile(known)
    return made if isinstance(made, list) else [made]


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Known]:
    """The folder of the record on SQLite: made once for all processes that share the session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "hostile-record"
    folder.mkdir(exist_ok=True)
    told = folder / "known.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            known = make(f"sqlite:///{folder / 'suivi.db'}")
            told.write_bytes(msgspec.json.encode(known))
    return folder, msgspec.json.decode(told.read_bytes(), type=Known)


@pytest.fixture(
    scope="session",
    # What does not depend on the store is shown on SQLite.
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.endurance(only=True))],
)
def judge(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Oracle]:
    """The oracle over a copy of the record."""
    folder = tmp_path_factory.mktemp("hostile")
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        with server.database() as url, Oracle(url, make(url), folder) as made:
            yield made
        return
    record, known = request.getfixturevalue("record")
    for file in record.glob("*.db*"):
        shutil.copyfile(file, folder / file.name)
    with Oracle(f"sqlite:///{folder / 'suivi.db'}", known, folder) as made:
        yield made


@pytest.mark.parametrize("name", INPUTS)
def test_a_hostile_input_does_no_harm(judge: Oracle, name: str) -> None:
    """The short form sends three of what an input has, evenly chosen: the first among them."""
    every = list(enumerate(sent(name, judge.place.known)))
    some = every[:: math.ceil(len(every) / times(3, long=len(every)))]
    wrong = [f"{name}[{n}]: {rule}" for n, one in some for rule in judge.judge(one)]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


# The test above holds the fact in `make check`, for the inputs as they are.
@pytest.mark.endurance(only=True)
@settings(
    max_examples=times(20, long=2_000),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=st.sampled_from(INPUTS), seed=st.integers(0, 2**32))
def test_an_input_changed_at_random_does_no_harm(judge: Oracle, name: str, seed: int) -> None:
    random = Random(seed)
    one = changed(random.choice(sent(name, judge.place.known)), random)
    wrong = judge.judge(one, changed=True)
    if wrong:
        pytest.fail("\n".join([f"{name}, changed by {seed}:", *wrong]), pytrace=False)


# --- The oracle can fail -------------------------------------------------------------------------


class Harm(Sent, frozen=True, kw_only=True):
    """An input that does harm by itself, where a server can't be made to."""

    does: Callable[[Place], Answer]

    def send(self, place: Place) -> Answer:
        return self.does(place)


OK = Answer(frozenset({"200", "OK"}))


def stopped(judge: Oracle) -> Answer:
    """Pauses the server for longer than anybody should wait."""
    os.kill(judge.server_id, signal.SIGSTOP)
    time.sleep(oracle.WAIT_SECONDS_MAX + 1)
    os.kill(judge.server_id, signal.SIGCONT)
    return OK


def killed(judge: Oracle) -> Answer:
    os.kill(judge.server_id, signal.SIGKILL)
    return OK


def recorded(judge: Oracle) -> Answer:
    step = Step(means="OK", mutation="receiveRecommendation", input=A_RECOMMENDATION)
    return msgspec.structs.replace(step.send(judge.place), words=OK.words)


def left(judge: Oracle) -> Answer:
    (Path(judge.place.environment["TMPDIR"]) / "left").touch()
    return OK


@pytest.mark.parametrize("judge", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("does", "rule"),
    [
        (stopped, "somebody else waited"),
        (killed, "the process ended"),
        (recorded, "the log grew by 1; 0 were meant"),
        (left, "files are left: left"),
        (lambda _: Answer(frozenset({"503"})), "status 503"),
        (lambda _: Answer(frozenset({"404"})), "answered 404; OK is meant"),
        (lambda _: Answer(frozenset({"200", "INTERNAL"})), "INTERNAL"),
        (lambda _: Answer(OK.words, used=Used(20.0, 0)), "s of CPU; 1 s is the limit"),
        (lambda _: Answer(OK.words, used=Used(0.0, 10**9)), "MB; 50 MB is the limit"),
        (lambda _: Answer(OK.words, b"Traceback (most recent call last)", Used(0, 0)), "the log"),
    ],
)
def test_the_oracle_finds_what_is_wrong(
    judge: Oracle, does: Callable[[Oracle], Answer], rule: str
) -> None:
    wrong = judge.judge(Harm(means="OK", does=lambda _: does(judge)))
    assert any(rule in said for said in wrong), wrong
