"""The feed, from many places at once, under aliases in one document."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fields = " ".join(
        f"a{n}: events(after: {n}, first: 500) {{ nodes {{ event {{ __typename }} reason }} }}"
        for n in range(120)
    )
    return Query(
        means="LIMIT_EXCEEDED OK BUSY",
        document=f"query($id: ID!) {{ {fields} some: recommendation(id: $id) {{ id }} }}",
        variables={"id": known.some},
    )
