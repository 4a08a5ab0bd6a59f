"""A body that is packed: a bomb that says it is JSON."""

from __future__ import annotations

import gzip

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    bomb = gzip.compress(b" " * 200_000_000, 9)
    head = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return Query(means="400 413 415", raw=bomb[:900_000], headers=head)
