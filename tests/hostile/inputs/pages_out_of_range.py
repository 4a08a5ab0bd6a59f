"""Sizes and places of pages that there are not."""

from __future__ import annotations

from itertools import product

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    lists = ("recommendations", "reviews", "files", "importRuns", "matches", "incidents", "timers")
    asked = [
        f"{{ {name}(first: {first}) {{ pageInfo {{ hasNextPage }} }} }}"
        for name, first in product(lists, (0, -1, 2147483647))
    ]
    asked += [
        "{ recommendations(first: 1, last: 1) { totalCount } }",
        "{ recommendations(last: 2147483647) { totalCount nodes { id } } }",
        "{ events(first: 2147483647) { endIndex nodes { logIndex } } }",
        "{ events(after: 2147483647) { endIndex } }",
        "{ recommendations(first: 1, asOf: {logIndex: 2147483647}) { totalCount } }",
        "{ recommendations(first: 1, asOf: {logIndex: -5}) { totalCount } }",
    ]
    return [
        Query(means="INVALID_INPUT LIMIT_EXCEEDED UNKNOWN_CURSOR OK", document=one) for one in asked
    ]
