"""Chaos in small: few rounds a store, and proof that its searches can fail (`make chaos`: many)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SECONDS_MAX = 150


def chaos(*asked: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.chaos", *asked],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_killed_writers_and_servers_lose_double_and_halve_nothing(
    store: str, request: pytest.FixtureRequest
) -> None:
    if store == "postgresql":
        request.getfixturevalue("postgres_server")  # or the reason why there is none
    done = chaos("--only", "events", "--rounds", "3", "--store", store)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{store}: 3 rounds, 3 writers killed" in done.stdout
    assert "0 violations" in done.stdout


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_whatever_is_lost_doubled_or_halved_would_be_found(
    store: str, request: pytest.FixtureRequest
) -> None:
    if store == "postgresql":
        request.getfixturevalue("postgres_server")
    done = chaos("--only", "events", "--sabotage", "--store", store)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 not found" in done.stdout


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_workers_killed_and_paused_lose_no_timer_and_fire_none_twice(
    store: str, request: pytest.FixtureRequest
) -> None:
    if store == "postgresql":
        request.getfixturevalue("postgres_server")
    done = chaos("--only", "timers", "--rounds", "1", "--seconds", "4", "--store", store)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{store}: 1 rounds of 4 s" in done.stdout
    assert "0 violations" in done.stdout


def test_whatever_a_worker_does_wrong_would_be_found() -> None:
    done = chaos("--only", "timers", "--sabotage", "--store", "sqlite")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 not found" in done.stdout
