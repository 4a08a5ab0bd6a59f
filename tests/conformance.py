"""`make conformance`: the suites of others that we run, a line each, `name: passed/total`.

Exits with 1 if anything that should pass does not. What can't be had on this machine is said."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from tests.suites import (
    EXTERNAL,
    NotThere,
    as_definition,
    invokes,
    needs_data,
    passes,
    passes_as_definition,
    scxml_documents,
)

RECORDERS = {
    f"eventsourcing, {what} recorder on {store}": f"tests/test_log.py::Test{what}Recorder{store}"
    for what in ("Application", "Aggregate")
    for store in ("SQLite", "PostgreSQL")
}


def main() -> int:
    """Runs them all."""
    is_well = True

    def line(name: str, passed: int, total: int, why: str = "") -> None:
        print(f"{name}: {passed}/{total}{f' ({why})' if why else ''}", flush=True)

    with tempfile.TemporaryDirectory(prefix="suivi-scxml-") as folder:
        try:
            documents = scxml_documents(Path(folder))
        except NotThere as reason:
            print(f"SCXML 1.0, W3C: not run ({reason})")
        else:
            left_out = [p for p in documents if invokes(p) or p.stem in EXTERNAL]
            run = [p for p in documents if p not in left_out]
            own = [p for p in run if not needs_data(p)]
            passed = sum(map(passes, run))
            is_well &= passed == len(run)
            line("SCXML 1.0, W3C mandatory", passed, len(run))
            line("  of these by the kernel alone, without data", sum(map(passes, own)), len(own))
            told = [p for p in map(as_definition, run) if p is not None]
            told_well = sum(map(passes_as_definition, told))
            is_well &= told_well == len(told)
            line("  of these by the definition language itself", told_well, len(told))
            line("  left out", 0, len(left_out), "they start other documents, or read a file")
    for name, place in RECORDERS.items():
        passed, total = _pytest(place)
        is_well &= passed == total > 0
        line(name, passed, total)
    return 0 if is_well else 1


def _pytest(place: str) -> tuple[int, int]:
    with tempfile.TemporaryDirectory(prefix="suivi-conformance-") as folder:
        file = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:xdist",
            f"--junitxml={file}",
            place,
        ]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        suite = ElementTree.parse(file).getroot()[0]  # noqa: S314 - our own report
    total = int(suite.get("tests", 0)) - int(suite.get("skipped", 0))  # those measure, and no more
    return total - sum(int(suite.get(name, 0)) for name in ("failures", "errors")), total


if __name__ == "__main__":
    sys.exit(main())
