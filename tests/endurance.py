"""What the last `make endurance` did, written by the run itself into tests/endurance.md."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

FILE = Path(__file__).with_suffix(".md")
EXAMPLES = "examples at most"
STARTED = time.monotonic()


def examples_of(item: pytest.Item) -> int | None:
    """How many examples Hypothesis tries, None where it tries none."""
    test = getattr(item, "obj", None)
    if not hasattr(test, "hypothesis"):
        return None
    own = getattr(test, "_hypothesis_internal_use_settings", None)
    return (own or hypothesis.settings()).max_examples


def write(reports: Iterable[pytest.TestReport], *, complete: bool) -> None:
    """Writes a line for each test: how its runs (a store or seed each) ended, and its seconds."""
    tests: dict[str, list[pytest.TestReport]] = {}
    for report in reports:
        if report.when == "call" or report.outcome != "passed":
            tests.setdefault(report.nodeid.partition("[")[0], []).append(report)
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    rows = []
    for name, runs in sorted(tests.items()):
        outcomes = [run.outcome for run in runs]
        for outcome in outcomes:
            counts[outcome] += 1
        ended = ", ".join(f"{outcomes.count(one)} {one}" for one in counts if outcomes.count(one))
        tried = dict(runs[0].user_properties).get(EXAMPLES, "")
        took = sum(run.duration for run in runs)
        rows.append(f"| `{name.removeprefix('tests/')}` | {ended} | {tried} | {took:,.0f} |")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    minutes = (time.monotonic() - STARTED) / 60
    early = "" if complete else "It was ended early: the table lacks what it did not come to.\n"
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}"
    )
    lines = [
        "# The last endurance run\n",
        f"Written by `make endurance` at {commit} on {datetime.now(UTC):%Y-%m-%d}: {told}, in",
        f"{minutes:,.0f} minutes ({machine}).\n{early}",
        f"| test | how its runs ended | {EXAMPLES} | seconds |",
        "|---|---|---:|---:|",
        *rows,
    ]
    FILE.write_text("\n".join(lines) + "\n")
