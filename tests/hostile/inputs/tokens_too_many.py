"""A document as long as a body may be."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    return [
        Query(means="LIMIT_EXCEEDED", document="{ " + "a " * 490_000 + "}"),
        Query(
            means="LIMIT_EXCEEDED",
            document='{ node(id: "' + "x" * 990_000 + '") { id } }',
        ),
        Query(means="LIMIT_EXCEEDED", document="{ logIndex } " + "#" * 990_000),
        Query(means="LIMIT_EXCEEDED", document="{ logIndex } " + "," * 990_000),
        Query(means="LIMIT_EXCEEDED", document="{ " + "x" * 990_000 + " }"),
    ]
