"""Plots of the whole record as it was, each at another log index."""

from __future__ import annotations

from tests.hostile.doors import LOOK_BACK, Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    return [
        Request(
            allowed=LOOK_BACK,
            means="OK 200 413 429",
            path="/plots/progress.svg",
            parameters=[("by", by), ("logIndex", str(index))],
        )
        for by, index in (("theme", 13_600), ("institution", 9_000), ("addressee", 5_000))
    ]
