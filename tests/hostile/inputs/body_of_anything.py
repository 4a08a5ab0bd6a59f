"""Bodies that are no request: nothing, null bytes, other encodings, other types."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    bodies = [
        b"",
        b"\0" * 1_000,
        b"null",
        b"[]",
        b'"query"',
        b"0",
        b"{",
        b"\xff\xfe{\x00}\x00",
        '{"query": "{ logIndex }"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"query": "{ logIndex }"}',
        b'{"query": null}',
        b'{"query": ["{ logIndex }"]}',
        b'{"query": "{ logIndex }", "variables": []}',
        b'{"query": "{ logIndex }", "operationName": 1}',
        b'{"query": "\xff"}',
        b'{"query": "\\ud83d"}',
        b'[{"query": "{ logIndex }"}]',
        b'{"query": NaN}',
        b'{"query": "{ logIndex }"} {"query": ""}',
    ]
    return [Query(means="400", raw=body) for body in bodies]
