"""A body that is announced and comes byte by byte, or never."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\n{key}\r\n"
        b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    put = head.replace(b"POST /graphql", b"PUT /files?addressee=SVN")
    return [
        Raw(means="408 400 CLOSED", pieces=[head], seconds_max=8, connections=20),
        Raw(means="408 400 CLOSED", pieces=[head, *[b"{"] * 12], pause_seconds=0.4, seconds_max=4),
        Raw(means="408 400 CLOSED", pieces=[put, *[b"x"] * 12], pause_seconds=0.4, seconds_max=4),
    ]
