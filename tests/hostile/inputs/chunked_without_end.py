"""A chunked body that goes on and on, in chunks of one byte and of many."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\n{key}\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return [
        Raw(means="413 400 CLOSED", pieces=[head, *[b"1\r\nx\r\n" * 10_000] * 150]),
        Raw(means="413 400 CLOSED", pieces=[head, *[b"10000\r\n" + b"x" * 65_536 + b"\r\n"] * 100]),
    ]
