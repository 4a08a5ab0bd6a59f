"""Headers that hold what they should not: controls, other encodings, thousands of choices."""

from __future__ import annotations

from tests.hostile.doors import Raw, raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    head = "GET /graphql?query={{logIndex}} HTTP/1.1\nHost: x\nConnection: close\n"
    wanted = ",".join(f"a/b{n};q=0.{n}" for n in range(5_000))
    lines = [
        "Accept: " + wanted,
        "Accept: */*;q=nan",
        "Accept: */*;q=1e999",
        "Accept: application/json;" + "q=1;" * 5_000,
        "Authorization: Bearer \xff\xfe",
        "Authorization: Bearer " + "x" * 30_000,
        "Authorization: Basic Og==",
        "Authorization: Bearer",
        "Authorization: bearer\t\tsuivi_x",
        "Content-Type: \xe9",
        "Host: \xff",
        "X: a\x00b",
        "Accept-Language: " + "x," * 10_000,
        "If-None-Match: " + "x" * 30_000,
        "Range: bytes=0-0,1-1",
        "X-Forwarded-For: " + "1.2.3.4," * 5_000,
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: x",
        "Upgrade: h2c\nHTTP2-Settings: AAMAAABk",
        "Expect: 100-continue",
        "Transfer-Encoding: gzip",
    ]
    return [
        raw(
            head.replace("{{", "{").replace("}}", "}") + line,
            means="200 400 401 406 431 408 415 417 501 CLOSED",
            who=None,
            seconds_max=6,
        )
        for line in lines
    ]
