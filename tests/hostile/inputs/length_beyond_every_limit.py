"""A body announced as larger than any may be, by each door that takes one."""

from __future__ import annotations

from tests.hostile.doors import Raw, raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = "{} HTTP/1.1\nHost: x\n{{key}}\nContent-Type: application/json\nContent-Length: {}"
    return [
        raw(head.format(door, length), means="413 400", seconds_max=6)
        for door in ("POST /graphql", "PUT /files?addressee=SVN")
        for length in (10**12, 2**63, 2**64 + 10)
    ]
