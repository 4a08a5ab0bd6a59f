"""Parameters of exports that are huge, unknown, of another type, or syntax for somebody else."""

from __future__ import annotations

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    made = [
        [("logIndex", "9" * 5_000)],
        [("logIndex", "-1")],
        [("logIndex", "2147483648")],
        [("logIndex", "1e5")],
        [("logIndex", "")],
        [("logIndex", "٣")],
        [("logIndex", "1_0")],
        [("layout", "9" * 5_000)],
        [("layout", "-1")],
        [("language", "x" * 5_000)],
        [("language", "\u202e")],
        [("cycle", "9" * 5_000)],
        [("cycle", "1e400")],
        [("cycle", "99999999999999999999")],
        [("cycle", str(n)) for n in range(5_000)],
        [("addressee", "%")],
        [("addressee", "' OR 1=1 --")],
        [("addressee", "x" * 9_000)],
        [("addressee", "\0")],
        [("search", "%_*\"'(")],
        [("search", "a" * 20_000)],
        [("unknown", "1")],
        [("__class__", "1")],
        [("today", "9999-99-99")],
        [("overdue", "maybe")],
        [("open", "2")],
        [("review", "x")],
        [("institution", "=cmd")],
        [("first", "1")],
        [("state", "SVN"), ("addressee", "KEN")],
        [("mechanism", "x" * 500)],
        [("definition", "\0")],
    ]
    return [
        Request(
            means="200 400 404 413 OK",
            who="reader",
            path="/exports/csv",
            parameters=[("addressee", "KEN"), *one],
        )
        for one in made
    ]
