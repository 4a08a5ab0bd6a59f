"""Uploads that end in the middle, in chunks and by length; nothing of them is left."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = b"PUT /files?addressee=SVN HTTP/1.1\r\nHost: x\r\n{key}\r\n"
    return [
        Raw(
            means="CLOSED",
            pieces=[head + b"Content-Length: 1000000\r\n\r\n" + b"x" * 500_000],
            hangs_up=True,
            pause_seconds=0.1,
        ),
        Raw(
            means="CLOSED",
            pieces=[head + b"Transfer-Encoding: chunked\r\n\r\n10000\r\n" + b"x" * 65_536],
            hangs_up=True,
            pause_seconds=0.1,
        ),
    ]
