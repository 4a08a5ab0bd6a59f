"""One name twice in an object: as variable, as parameter, as argument."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    return [
        Query(means="400", raw=b'{"query": "{ logIndex }", "query": "{ vocabularies }"}'),
        Query(means="400", raw=b'{"query": "{ logIndex }", "variables": {"a": 1, "a": 2}}'),
        Query(means="400", raw=b'{"query": "{ logIndex }", "variables": {"a": 1, "\\u0061": 2}}'),
        Query(
            means="INVALID_INPUT", document="{ recommendations(first: 1, first: 2) { totalCount } }"
        ),
        Query(
            means="INVALID_INPUT",
            document="query($a: Int, $a: Int) { events(after: $a) { endIndex } }",
        ),
        Query(
            means="INVALID_INPUT",
            document="query A { logIndex } query A { logIndex }",
            operation="A",
        ),
    ]
