"""Counts of what fits a condition that nothing makes fast, under aliases in one document."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fields = " ".join(
        f'a{n}: recommendations(where: {{recommendingState: ["AUT"], undecided: true, cycle: [{n}]}}) {{ totalCount }}'
        for n in range(90)
    )
    return Query(
        means="LIMIT_EXCEEDED OK BUSY",
        document=f"query($id: ID!) {{ {fields} some: recommendation(id: $id) {{ id }} }}",
        variables={"id": known.some},
    )
