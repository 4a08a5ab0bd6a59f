"""Lineage of lineage of lineage, as deep as documents may be, where each has eight others."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    nested = "id"
    for _ in range(6):
        nested = f"lineage {{ recommendation {{ {nested} }} }}"
    return Query(
        means="LIMIT_EXCEEDED OK",
        document=f"query($id: ID!) {{ recommendation(id: $id) {{ {nested} }} }}",
        variables={"id": known.joined},
    )
