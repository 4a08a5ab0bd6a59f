"""One field said a thousand times: validation compares each with each."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    return Query(means="LIMIT_EXCEEDED OK", document="{ " + "logIndex " * 3_900 + "}")
