"""Ten thousand headers, all there; one of them a hundred thousand bytes long."""

from __future__ import annotations

from tests.hostile.doors import Raw, raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = "GET /health/live HTTP/1.1\nHost: x\nConnection: close\n"
    return [
        raw(head + "".join(f"X-{n}: y\n" for n in range(10_000)), means="431 400 CLOSED", who=None),
        raw(head + "X: " + "y" * 100_000, means="431 400 CLOSED", who=None),
        raw(head + "Cookie: a=b\n" * 500, means="OK 200 431 400", who=None),
    ]
