"""Days, instants and zones that no calendar has."""

from __future__ import annotations

from tests.hostile.doors import LOOK_BACK, Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    days = [
        "0000-00-00",
        "9999-99-99",
        "2025-02-30",
        "-1",
        "99999-01-01",
        "2025-1-1",
        "٢٠٢٥-٠١-٠١",
        "",
        "2025-01-01T00:00:00Z",
        "2025-13",
        "0000",
        "\u202e2025",
    ]
    instants = [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2025-01-01",
        "now",
        "2025-01-01T25:00:00Z",
        "1e10",
        "",
    ]
    day = "query($d: Date) { recommendations(first: 1, effectiveOn: $d) { totalCount } }"
    instant = (
        "query($d: DateTime!) { recommendations(first: 1, asOf: {recordedAt: $d}) { totalCount } }"
    )
    return [
        *(
            Query(
                allowed=LOOK_BACK,
                means="INVALID_INPUT OK LIMIT_EXCEEDED",
                document=day,
                variables={"d": d},
            )
            for d in days
        ),
        *(
            Query(
                allowed=LOOK_BACK,
                means="400 INVALID_INPUT OK LIMIT_EXCEEDED",
                document=instant,
                variables={"d": d},
            )
            for d in instants
        ),
    ]
