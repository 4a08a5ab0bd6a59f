"""A body of a hundred thousand keys, numbers or empty objects beside the query."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    keys = ",".join(f'"k{n}":{n}' for n in range(60_000)).encode()
    return [
        Query(
            means="OK 400 LIMIT_EXCEEDED",
            raw=b'{"query": "{ logIndex }", "variables": {' + keys + b"}}",
        ),
        Query(
            means="OK 400 LIMIT_EXCEEDED",
            raw=b'{"query": "{ logIndex }", "variables": {"a": [' + b"{}," * 300_000 + b"{}]}}",
        ),
        Query(
            means="OK 400 LIMIT_EXCEEDED",
            raw=b'{"query": "{ logIndex }", "extensions": {"a": [' + b"1," * 450_000 + b"1]}}",
        ),
    ]
