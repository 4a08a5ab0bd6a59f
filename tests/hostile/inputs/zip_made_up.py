"""Archives that are none, end early, hold names that lead out, are locked, or hold themselves."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import case, packed
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    whole = case("f3a-matrix.docx")
    files = [
        b"PK\x03\x04",
        whole[:-30],
        whole[: len(whole) // 2],
        b"PK\x05\x06" + bytes(18),
        whole + b"x" * 100_000,
        b"x" * 100_000 + whole,
        packed([("../../../tmp/out", b"x"), ("word/document.xml", b"")]),
        packed([("a" * 60_000, b"")]),
        packed([]),
        packed([(f"p{n}", b"") for n in range(20_000)]),
    ]
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED",
            file=file,
            format=format,
            options={"state": "KEN", "cycle": 3, "session": 34, "document": "A/HRC/90/12"},
        )
        for file in files
        for format in ("ohchr-matrix", "table")
    ]
