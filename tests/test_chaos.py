"""Chaos in small, and proof that its searches can fail (at length: `make endurance`)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

import pytest

from tests.chaos.__main__ import main
from tests.length import times

pytestmark = pytest.mark.endurance

SECONDS_MAX = times(600, long=14_400)
"""What goes on for longer waits for what never comes."""
AGAIN_SECONDS = 60
"""Until it is stopped again, where it waits on its way out as well."""


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> str:
    """Its name; skips where it does not start."""
    if request.param == "postgresql":
        request.getfixturevalue("postgres_server")
    return str(request.param)


@contextmanager
def stopped_after(seconds: float, what: str, said: StringIO) -> Iterator[None]:
    """Fails what goes on for longer: wherever it waits, a signal wakes it."""

    def too_long(*_: object) -> None:
        pytest.fail(f"{what} went on for more than {seconds:,} s; it said: {said.getvalue()}")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def chaos(*asked: str) -> str:
    """What it prints; it must find nothing wrong, and come to its end."""
    with (
        redirect_stdout(StringIO()) as said,
        stopped_after(SECONDS_MAX, f"chaos {' '.join(asked)}", said),
    ):
        code = main([*asked])
    assert code == 0, said.getvalue()
    return said.getvalue()


def test_what_goes_on_for_too_long_is_stopped_and_says_so() -> None:
    with (
        pytest.raises(
            pytest.fail.Exception, match=r"it went on for more than 0\.01 s; it said: so far"
        ),
        stopped_after(0.01, "it", StringIO("so far")),
    ):
        threading.Event().wait()


def test_killed_writers_and_servers_lose_double_and_halve_nothing(store: str) -> None:
    rounds = times(2, long=20)
    said = chaos("--only", "events", "--rounds", str(rounds), "--store", store)
    assert f"{store}: {rounds} rounds, {rounds} writers killed" in said
    assert "0 violations" in said


@pytest.mark.parametrize(
    "store",
    # What the search asks is the same words on both.
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.endurance(only=True))],
    indirect=True,
)
def test_whatever_is_lost_doubled_or_halved_would_be_found(store: str) -> None:
    assert "0 not found" in chaos("--only", "events", "--sabotage", "--store", store)


def test_workers_killed_and_paused_lose_no_timer_and_fire_none_twice(store: str) -> None:
    rounds, seconds, steps = times(1, long=3), times(2, long=10), times(30, long=100_000)
    said = chaos(
        *("--only", "timers", "--rounds", str(rounds), "--seconds", str(seconds)),
        *("--steps", str(steps), "--store", store),
    )
    assert f"{store}: {rounds} rounds of {seconds} s" in said
    assert "0 violations" in said


def test_whatever_a_worker_does_wrong_would_be_found() -> None:
    assert "0 not found" in chaos("--only", "timers", "--sabotage", "--store", "sqlite")


# It takes minutes: what one hostile input does is in `make check` (tests/test_hostile.py).
@pytest.mark.endurance(only=True)
def test_fifty_honest_clients_wait_no_longer_beside_hostile_ones(store: str) -> None:
    said = chaos("--only", "hostile", "--store", store)
    assert "is within 2 times; 0 violations" in said


# As above: the measure is made nowhere else.
@pytest.mark.endurance(only=True)
def test_honest_clients_that_are_kept_waiting_would_be_found() -> None:
    assert "0 not found" in chaos("--only", "hostile", "--sabotage", "--store", "sqlite")


def test_whatever_befalls_the_store_of_a_running_server_loses_and_distorts_nothing(
    store: str,
) -> None:
    """The short form: whichever mishap comes first. What each does without others beside it,
    tests/test_damaged_views.py and tests/test_readiness.py hold."""
    rounds, mishaps = times(1, long=10), times(1, long=100)
    said = chaos(
        *("--only", "mishaps", "--rounds", str(rounds), "--mishaps", str(mishaps)),
        *("--store", store),
    )
    assert f"{store}: {rounds} rounds" in said
    assert "0 violations" in said


def test_whatever_a_server_does_wrong_meanwhile_would_be_found() -> None:
    assert "0 not found" in chaos("--only", "mishaps", "--sabotage", "--store", "sqlite")
