"""Header lines that never stop, and one header that never stops."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    many = [
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n",
        *(b"X-%d: y\r\n" % n * 1_000 for n in range(1_000)),
    ]
    long = [b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: ", *[b"y" * 65_536] * 300]
    return [
        Raw(means="431 400 CLOSED", who=None, pieces=many),
        Raw(means="431 400 CLOSED", who=None, pieces=long),
        Raw(
            means="431 400 414 CLOSED",
            who=None,
            pieces=[b"GET /" + b"a" * 65_536, *[b"b" * 65_536] * 300],
        ),
    ]
