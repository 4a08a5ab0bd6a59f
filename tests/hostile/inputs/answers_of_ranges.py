"""Answers whose ranges name billions of numbers, overlap, or go backwards."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    texts = [
        "Kenya supports recommendations 1.1 to 1.999999999.",
        "number,position\n1.1-1.9999999,supported\n" * 500,
        "1.1-99999999999.9, noted.\n" * 2_000,
        "The State supports " + ", ".join(f"1.{n}" for n in range(30_000)) + ".",
        "1." * 100_000,
        "140.1 " * 50_000,
        "supports " * 100_000,
        "140.1 to " * 50_000 + "140.2 are noted.",
        "(" * 100_000,
        "1.9-1.1 supported. " * 5_000,
    ]
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED NOT_FOUND",
            file=text.encode(),
            format="answers",
            options={"state": "SVN", "document": known.symbol},
        )
        for text in texts
    ]
