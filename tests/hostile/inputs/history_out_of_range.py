"""More of a history than there is, and from beyond its end."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    asks = [(0, "0"), (-1, "0"), (2147483647, "0"), (10, "9" * 18), (10, "-1"), (10, "٣")]
    return [
        Query(
            means="OK INVALID_INPUT",
            document="query($id: ID!, $n: Int!, $a: String!) { recommendation(id: $id) { history(first: $n, after: $a) { nodes { event { __typename } } } } }",
            variables={"id": known.some, "n": first, "a": after},
        )
        for first, after in asks
    ]
