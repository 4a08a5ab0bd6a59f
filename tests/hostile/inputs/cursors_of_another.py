"""A cursor that a coordinator was given, sent by others, and in another order."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    document = "query($c: String!) { recommendations(first: 3, after: $c, orderBy: {field: CHANGED}) { nodes { id addressee } } }"
    same = "query($c: String!) { recommendations(first: 3, after: $c) { nodes { addressee } } }"
    return [
        Query(
            means="UNKNOWN_CURSOR INVALID_INPUT", document=document, variables={"c": known.cursor}
        ),
        *(
            Query(means="OK", who=who, document=same, variables={"c": known.cursor})
            for who in ("reader", "kenya")
        ),
    ]
