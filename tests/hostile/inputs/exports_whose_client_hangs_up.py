"""Exports of everything, each of whose clients is gone at once."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = b"GET /exports/%s HTTP/1.1\r\nHost: x\r\n{key}\r\n\r\n"
    return [
        Raw(means="CLOSED", pieces=[head % format], hangs_up=True, pause_seconds=0.2)
        for format in (b"csv?addressee=SVN", b"xlsx?addressee=KEN", b"ocel?addressee=KEN")
    ]
