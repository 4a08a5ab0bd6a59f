"""Parameters of plots that are huge, unknown, or of another type."""

from __future__ import annotations

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    made = [
        [("by", "x")],
        [("by", "BUCKET")],
        [("by", "\0")],
        [("cycle", "9" * 5_000)],
        [("cycle", "9" * 30)],
        [("cycle", "-1")],
        [("cycle", "１")],
        [("logIndex", "9" * 5_000)],
        [("logIndex", "9" * 30)],
        [("logIndex", "²")],
        [("logIndex", "-1")],
        [("logIndex", "٣")],
        [("state", "<script>alert(1)</script>")],
        [("state", "\0")],
        [("state", "x" * 20_000)],
        [("state", "]]>&x;")],
        [("state", "\u202e\ufffe")],
        [("state", "\ud7ff\U0010ffff")],
        [("language", "x" * 5_000)],
        [("of", "x")],
        [("unit", "x")],
        [("of", "position"), ("unit", "pairs"), ("by", "institution")],
        [("unknown", "x")],
    ]
    return [
        Request(means="OK 200 400 404 413", path="/plots/progress.svg", parameters=one)
        for one in made
    ]
