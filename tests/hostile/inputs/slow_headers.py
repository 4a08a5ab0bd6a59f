"""Connections that send a header line now and then and never end; fifty at once."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = b"GET /graphql HTTP/1.1\r\nHost: x\r\n"
    return [
        Raw(means="408 CLOSED", who=None, pieces=[head], seconds_max=8, connections=50),
        Raw(
            means="408 CLOSED",
            who=None,
            pieces=[head, *[b"X: y\r\n"] * 12],
            pause_seconds=0.4,
            seconds_max=4,
        ),
        Raw(means="408 CLOSED", who=None, pieces=[b""], seconds_max=8, connections=50),
    ]
