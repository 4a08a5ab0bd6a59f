"""All that there is, in the formats that tell whole histories, and as it was."""

from __future__ import annotations

from tests.hostile.doors import EXPORT, LOOK_BACK, Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    return [
        Request(
            means="OK 200 413 429 503",
            allowed=LOOK_BACK if more else EXPORT,
            path=f"/exports/{format}",
            parameters=more,
        )
        for format, more in (
            ("csv", []),
            ("xlsx", []),
            ("ocel", []),
            ("xes", []),
            ("csv", [("logIndex", "13000")]),
        )
    ]
