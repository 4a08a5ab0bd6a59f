"""A body of brackets, and variables of brackets."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    return [
        Query(means="400", raw=b"[" * 900_000),
        Query(
            means="400",
            raw=b'{"query": "{ logIndex }", "variables": {"a": '
            + b"[" * 400_000
            + b"]" * 400_000
            + b"}}",
        ),
        Query(
            means="400 OK",
            raw=b'{"query": "{ logIndex }", "variables": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}",
        ),
        Query(
            means="400",
            raw=b'{"query": "{ logIndex }", "extensions": '
            + b'{"a":' * 150_000
            + b"1"
            + b"}" * 150_000
            + b"}",
        ),
    ]
