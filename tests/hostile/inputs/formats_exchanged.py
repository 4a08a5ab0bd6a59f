"""A file of each format read as each other format."""

from __future__ import annotations

from itertools import product
from typing import Any

from tests.hostile.doors import Import
from tests.hostile.made import case
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    said: dict[str, Any] = {"state": "XAA", "cycle": 3, "session": 34, "document": "A/HRC/90/12"}
    files = ("f3a-matrix.docx", "f3b-extract.xlsx", "f4-uhri.json", "f2a-report.csv")
    formats = (
        "ohchr-matrix",
        "wg-report",
        "upr-info",
        "uhri",
        "table",
        "answers",
        "assessments",
        "lists",
        "worklist",
    )
    return [
        Import(
            means="FAILED INVALID_INPUT COMPLETED NOT_FOUND",
            file=case(name),
            format=format,
            options=said,
        )
        for name, format in product(files, formats)
    ]
