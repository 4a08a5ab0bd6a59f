"""Chaos in small: three rounds a store, and proof that its search can fail (`make chaos`: 100)."""

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
