"""Formats that there are not, and those that need to know more."""

from __future__ import annotations

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    formats = [
        "",
        "x",
        "CSV",
        "csv/",
        "csv%00",
        "jsonl",
        "../csv",
        "ocel2",
        "x" * 5_000,
        "%F0%9F%98%80",
        "ohchr-matrix",
        "worklist",
    ]
    return [Request(means="400 404 405 307 414", path=f"/exports/{format}") for format in formats]
