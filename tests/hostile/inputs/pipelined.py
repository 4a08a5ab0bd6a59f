"""A thousand requests at once on one connection, whose answers nobody reads."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    one = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    return [
        Raw(means="CLOSED", who=None, pieces=[one * 1_000], hangs_up=True),
        Raw(
            means="CLOSED",
            pieces=[b"GET /exports/csv HTTP/1.1\r\nHost: x\r\n{key}\r\n\r\n"],
            hangs_up=True,
        ),
    ]
