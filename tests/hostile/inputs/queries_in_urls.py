"""GraphQL by GET whose parameters are twice, empty, huge, or do not decode."""

from __future__ import annotations

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    targets = [
        "query=",
        "query",
        "query={logIndex}&query={vocabularies}",
        "query=%7BlogIndex%7D&variables=",
        "query=%",
        "query=%ff%fe",
        "query={logIndex}&variables=" + "[" * 10_000,
        'query={logIndex}&variables={"a":1,"a":2}'.replace('"', "%22"),
        "query={logIndex}&extensions=1",
        "variables={}",
        "query=mutation{x}",
        "query=" + "a" * 60_000,
        "&" * 10_000,
        "query={logIndex}&" + "a=b&" * 10_000,
        "query={logIndex}&operationName=%00",
    ]
    return [
        Request(
            means="200 400 401 405 414 431 OK INVALID_INPUT CLOSED",
            path="/graphql?" + target,
            headers={"Accept": "application/json"},
        )
        for target in targets
    ]
