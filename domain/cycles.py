"""Cycles of the Universal Periodic Review and the Working Group sessions that make them up.

Cycle 1 = sessions 1–12 (2008–2011), 2 = 13–26 (2012–2016), 3 = 27–40 (2017–2022), 4 = 41–54 (from
November 2022). A Working Group session is not a session of the Council.
"""

from __future__ import annotations

SESSIONS: dict[int, range] = {
    1: range(1, 13),
    2: range(13, 27),
    3: range(27, 41),
    4: range(41, 55),
}


def cycle_of(session: int) -> int | None:
    """The cycle a Working Group session belongs to, None if it is not in the table."""
    return next((cycle for cycle, sessions in SESSIONS.items() if session in sessions), None)
