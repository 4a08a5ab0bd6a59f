"""Brackets in brackets, in a document, in a value and in a type."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    return [
        Query(means="LIMIT_EXCEEDED INVALID_INPUT", document="{ a " * 1_900 + "} " * 1_900),
        Query(
            means="LIMIT_EXCEEDED INVALID_INPUT",
            document="{ recommendations(where: {cycle: "
            + "[" * 1_900
            + "]" * 1_900
            + "}) { totalCount } }",
        ),
        Query(
            means="LIMIT_EXCEEDED INVALID_INPUT",
            document="query($a: " + "[" * 1_900 + "Int" + "]" * 1_900 + ") { logIndex }",
        ),
        Query(means="LIMIT_EXCEEDED INVALID_INPUT", document="{ ... " * 1_900 + "} " * 1_900),
    ]
