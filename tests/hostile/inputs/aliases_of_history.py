"""The history of one, again and again, under aliases in one document."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fields = " ".join(
        f"a{n}: recommendation(id: $id) {{ history {{ nodes {{ event {{ __typename }} reason logIndex }} }} }}"
        for n in range(150)
    )
    return Query(
        means="LIMIT_EXCEEDED OK BUSY",
        document=f"query($id: ID!) {{ {fields} some: recommendation(id: $id) {{ id }} }}",
        variables={"id": known.some},
    )
