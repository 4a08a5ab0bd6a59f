"""A calendar of as many days off as a body can hold, as sent and of one day again and again."""

from __future__ import annotations

from tests.hostile.doors import Step
from tests.hostile.record import Known


def hostile(known: Known) -> list[Step]:
    many = [
        {"day": f"{2000 + n // 336}-{n // 28 % 12 + 1:02d}-{n % 28 + 1:02d}", "name": "x"}
        for n in range(25_000)
    ]
    said = {"addressee": "KEN", "timezone": "Africa/Nairobi"}
    return [
        Step(means="LIMIT_EXCEEDED INVALID_INPUT", mutation="setCalendar", input={**said, **more})
        for more in (
            {"daysOff": many},
            {"daysOff": [{"day": "2025-01-01", "name": "x"}] * 25_000},
            {"workingDays": [day["day"] for day in many] * 2},
            {"weekend": list(range(1, 8)) * 10_000},
            {"timezone": "../../etc/passwd"},
            {"timezone": "\0"},
            {"timezone": "x" * 100_000},
            {"subdivision": "\u202e" * 1_000},
            {"weekend": [1, 2, 3, 4, 5, 6, 7]},
        )
    ]
