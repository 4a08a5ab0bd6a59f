"""The lineage of a whole page, and theirs, with the texts of all."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    nested = "text"
    for _ in range(3):
        nested = f"id lineage {{ recommendation {{ {nested} }} }}"
    return Query(
        means="LIMIT_EXCEEDED OK",
        document=f"{{ recommendations(first: 100) {{ nodes {{ {nested} }} }} }}",
    )
