"""Looks back at fewer log indexes, with no State named: each folds the whole log."""

from __future__ import annotations

from tests.hostile.doors import LOOK_BACK, Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fields = " ".join(
        f"a{n}: recommendations(first: 50, asOf: {{logIndex: {13_000 - n}}}) {{ totalCount }}"
        for n in range(90)
    )
    return Query(
        allowed=LOOK_BACK, means="LIMIT_EXCEEDED OK BUSY TIMED_OUT", document=f"{{ {fields} }}"
    )
