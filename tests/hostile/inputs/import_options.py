"""Options of imports that are out of range, and a file that is none."""

from __future__ import annotations

from typing import Any

from tests.hostile.doors import Import, Step
from tests.hostile.made import case
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import | Step]:
    made: list[dict[str, Any]] = [
        {"state": "\0"},
        {"state": "x" * 100_000},
        {"state": "KEN", "cycle": 2147483647},
        {"state": "KEN", "cycle": -1},
        {"state": "KEN", "session": -2147483648},
        {"state": "KEN", "language": "\u202e"},
        {"state": "KEN", "language": "x" * 50_000},
        {"state": "KEN", "document": "x" * 100_000},
        {"state": "KEN", "reviewed": "9999-99-99"},
        {"state": "KEN", "documentDates": [{"document": "x" * 10_000, "date": "0000"}]},
        {"state": "KEN", "allStates": True},
        {},
    ]
    return [
        *(
            Import(
                means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED 400 NOT_FOUND",
                file=case("f2a-report.csv"),
                format="table",
                options=one,
            )
            for one in made
        ),
        *(
            Step(
                means="INVALID_INPUT NOT_FOUND 400",
                mutation="startImport",
                input={"file": id, "format": "TABLE", "state": "KEN", "dryRun": True},
            )
            for id in ("", "x", "\0", known.some, "A" * 100_000)
        ),
    ]
