"""One object asked for a thousand times, so that what is below is compared too."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    said = "recommendations { nodes { id } } "
    return Query(means="LIMIT_EXCEEDED OK", document="{ " + said * 480 + "}")
