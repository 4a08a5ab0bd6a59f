"""Content-Length too long, too short, negative, twice, huge, and no number."""

from __future__ import annotations

from tests.hostile.doors import Raw, raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = "POST /graphql HTTP/1.1\nHost: x\n{key}\nContent-Type: application/json\nConnection: close\n"
    lengths = [
        "1",
        "-1",
        "+24",
        "9" * 40,
        "0x18",
        "",
        "24, 24",
        "24\nContent-Length: 1",
        "１８",
        "1e3",
        " 24 ",
    ]
    return [
        raw(
            head + f"Content-Length: {length}".encode().decode("latin-1"),
            b'{"query": "{ logIndex }"}',
            means="400 413 408 CLOSED 200",
            seconds_max=6,
        )
        for length in lengths
    ]
