"""Many fragments on one type that select the same field, each compared with each other."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    names = [f"f{n}" for n in range(300)]
    fragments = " ".join(
        f"fragment {n} on Recommendation {{ history {{ nodes {{ logIndex }} }} }}" for n in names
    )
    spread = " ".join(f"...{name}" for name in names)
    return Query(
        means="LIMIT_EXCEEDED OK INVALID_INPUT",
        document=f"{{ recommendations(first: 1) {{ nodes {{ {spread} }} }} }} {fragments}",
    )
