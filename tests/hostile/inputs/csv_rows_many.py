"""A CSV of a million empty rows, and one whose rows are all the same."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import TABLE_HEAD
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    row = b"KEN,A/HRC/90/12,50.1,Build schools,Norway,34,\n"
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED",
            file=TABLE_HEAD + b"\n" * 1_000_000,
            format="table",
            options={"state": "KEN"},
        ),
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED",
            file=TABLE_HEAD + b",,,,,,\n" * 300_000,
            format="table",
            options={"state": "KEN"},
        ),
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED",
            file=TABLE_HEAD + row * 2_000,
            format="table",
            options={"state": "KEN"},
        ),
    ]
