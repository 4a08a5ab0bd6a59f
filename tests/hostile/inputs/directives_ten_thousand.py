"""Ten thousand directives on one field, known ones and unknown ones."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    return [
        Query(means="LIMIT_EXCEEDED", document="{ logIndex " + "@skip(if: false) " * 10_000 + "}"),
        Query(means="LIMIT_EXCEEDED 400", document="{ logIndex " + "@a " * 10_000 + "}"),
        Query(means="INVALID_INPUT LIMIT_EXCEEDED", document="{ logIndex " + "@a " * 1_900 + "}"),
    ]
