"""What was true on many days, each of which folds what one State has."""

from __future__ import annotations

from tests.hostile.doors import LOOK_BACK, Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    fields = " ".join(
        f'a{n}: recommendations(where: {{addressee: ["SVN"]}}, effectiveOn: "20{n % 25:02d}-01-{1 + n % 28:02d}")'
        " { totalCount }"
        for n in range(90)
    )
    return Query(
        allowed=LOOK_BACK, means="LIMIT_EXCEEDED OK BUSY TIMED_OUT", document=f"{{ {fields} }}"
    )
