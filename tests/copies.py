"""A copy of the product to which something invented is added, and a process that runs in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.server import ROOT

Places = Mapping[str, tuple[tuple[str, str], ...]]
"""Where something is added: file → after what, which is there once, and what is added; a new file
has nothing before it."""


def copied(to: Path, places: Places, without: str | None = None) -> Path:
    """The product with what is added, `without` what one of its places says."""
    for folder in ("domain", "workflows", "projections", "api"):
        shutil.copytree(ROOT / folder, to / folder)
    for name, additions in places.items():
        if name == without:
            continue
        path = to / name
        said = path.read_text() if path.exists() else ""
        for after, addition in additions:
            assert not after or said.count(after) == 1, (name, after)
            said = said.replace(after, after + addition, 1) if after else addition
        path.write_text(said)
    return to


def run(copy: Path, code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a copy."""
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
    )
