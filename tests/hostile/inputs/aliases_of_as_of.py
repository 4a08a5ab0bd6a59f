"""Looks back at many log indexes, under aliases in one document."""

from __future__ import annotations

from tests.hostile.doors import LOOK_BACK, Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fields = " ".join(
        f"a{n}: recommendation(id: $id, asOf: {{logIndex: {13_000 - n}}}) {{ version }}"
        for n in range(100)
    )
    return Query(
        means="LIMIT_EXCEEDED OK BUSY",
        allowed=LOOK_BACK,
        document=f"query($id: ID!) {{ {fields} some: recommendation(id: $id) {{ id }} }}",
        variables={"id": known.some},
    )
