"""A file of each format in which some bytes were changed."""

from __future__ import annotations

from typing import Any

from tests.hostile.doors import Import
from tests.hostile.made import case, swapped
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    said: dict[str, Any] = {"state": "XAA", "cycle": 3, "session": 34, "document": "A/HRC/90/12"}
    files = {
        "f3a-matrix.docx": ("ohchr-matrix", "answers", "wg-report"),
        "f3b-extract.xlsx": ("table", "ohchr-matrix", "answers"),
        "f4-uhri.json": ("uhri",),
        "f2a-report.csv": ("table", "answers"),
        "t17-assessment-table.csv": ("assessments",),
        "u07-export.xlsx": ("lists", "upr-info", "worklist"),
    }
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED NOT_FOUND",
            file=swapped(case(name), seed),
            format=format,
            options=said,
        )
        for name, formats in files.items()
        for format in formats
        for seed in range(2)
    ]
