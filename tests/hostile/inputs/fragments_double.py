"""Each fragment spreads the next one twice: written short, selected 2^40 times."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fragments = [
        f"fragment f{n} on Recommendation {{ a{n}: id ...f{n + 1} ...f{n + 1} }}" for n in range(40)
    ]
    document = "{ recommendations { nodes { ...f0 } } } " + " ".join(fragments)
    return Query(
        means="LIMIT_EXCEEDED", document=document + " fragment f40 on Recommendation { id }"
    )
