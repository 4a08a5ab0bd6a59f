"""Chunks whose sizes lie, overflow, are negative, or carry extensions and trailers."""

from __future__ import annotations

from tests.hostile.doors import Raw, raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = "POST /graphql HTTP/1.1\nHost: x\n{key}\nContent-Type: application/json\nConnection: close\nTransfer-Encoding: chunked"
    bodies = [
        b"ffffffffffffffffffff\r\nx",
        b"-1\r\nx\r\n0\r\n\r\n",
        b"0x5\r\nabcde\r\n0\r\n\r\n",
        b"5\r\nabc",
        b"5;" + b"a" * 200_000 + b"\r\nabcde\r\n0\r\n\r\n",
        b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"zz\r\n",
        b"1\nx\n0\n\n",
    ]
    return [
        raw(head, body, means="400 413 431 408 CLOSED 200 415", seconds_max=6) for body in bodies
    ]
