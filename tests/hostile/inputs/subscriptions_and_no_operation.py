"""Operations that there are not, and documents without any."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    return [
        Query(means="INVALID_INPUT", document="subscription { logIndex }"),
        Query(means="INVALID_INPUT", document=""),
        Query(means="INVALID_INPUT", document="fragment a on Query { logIndex }"),
        Query(means="INVALID_INPUT", document="{ logIndex }", operation="x" * 100_000),
        Query(means="INVALID_INPUT", document="query A { logIndex } query B { logIndex }"),
        Query(means="INVALID_INPUT", document="type Query { a: Int }"),
        Query(means="INVALID_INPUT", document="{ __typename @deprecated }"),
        Query(means="INVALID_INPUT OK", document="query($a: Int = 1, $b: Int = $a) { logIndex }"),
        Query(
            means="INVALID_INPUT LIMIT_EXCEEDED",
            document="query(" + " ".join(f"$a{n}: Int" for n in range(1_200)) + ") { logIndex }",
        ),
    ]
