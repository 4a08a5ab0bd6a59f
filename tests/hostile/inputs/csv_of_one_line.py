"""A CSV of one line of five megabytes: one cell, many cells, an open quote, and separators alone."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import TABLE_HEAD
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED"
            # as running text it is one paragraph that needs a person
            + (" COMPLETED" if format == "answers" else ""),
            file=file,
            format=format,
            options={"state": "KEN"},
        )
        for file in (
            TABLE_HEAD + b"x" * 5_000_000,
            b"a," * 2_500_000,
            TABLE_HEAD + b'"' + b"x" * 5_000_000,
            b";" * 5_000_000,
            TABLE_HEAD + b'""' * 2_500_000,
        )
        for format in ("table", "answers")
    ] + [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED",
            file=b"x" * 5_000_000,
            format=format,
            options={"state": "KEN"},
        )
        for format in ("upr-info", "assessments", "lists")
    ]
