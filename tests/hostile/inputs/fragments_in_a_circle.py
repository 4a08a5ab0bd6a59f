"""Fragments that spread one another without end."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fragments = " ".join(
        f"fragment f{n} on Recommendation {{ id ...f{(n + 1) % 100} }}" for n in range(100)
    )
    return Query(
        means="400 INVALID_INPUT LIMIT_EXCEEDED",
        document=f"{{ recommendations {{ nodes {{ ...f0 }} }} }} {fragments}",
    )
