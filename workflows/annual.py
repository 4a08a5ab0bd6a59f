"""A day that comes each year: 31 March, the second Monday of November, the end of a quarter.

    {month: 3, day: 31}
    {month: 11, weekday: 1, nth: 2}      # 1 Monday to 7 Sunday; nth 1 to 4, or -1: the last one
    {end-of: quarter}                    # month, quarter, half-year, year

29 February is 28 February in a year that has none, as months clamp everywhere (docs/calendars.md).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

import msgspec

_LEAP_YEAR = 2024
_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


class Annual(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"end_of": "end-of"},
):
    """A day that comes each year, or at each end of something: `month` with `day`; `month` with
    `weekday` (1 Monday to 7 Sunday) and `nth` (1 to 4, or -1 for the last); or `end-of`. Raises
    ValueError for anything else (which msgspec tells with the place)."""

    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    nth: int | None = None
    end_of: Literal["month", "quarter", "half-year", "year"] | None = None

    def __post_init__(self) -> None:
        said = {name for name in self.__struct_fields__ if getattr(self, name) is not None}
        if said not in ({"month", "day"}, {"month", "weekday", "nth"}, {"end_of"}):
            raise ValueError(
                "An annual day says month and day, or month, weekday and nth, or end-of"
            )
        if self.month is not None and not 1 <= self.month <= 12:
            raise ValueError(f"A month is between 1 and 12, not {self.month}")
        if self.day is not None:
            last = monthrange(_LEAP_YEAR, self.month or 1)[1]
            if not 1 <= self.day <= last:
                raise ValueError(f"This month has days from 1 to {last}, not {self.day}")
        if self.weekday is not None and not 1 <= self.weekday <= 7:
            raise ValueError(f"A weekday is 1, Monday, to 7, Sunday, not {self.weekday}")
        if self.nth is not None and self.nth not in (-1, 1, 2, 3, 4):
            raise ValueError(f"The nth is 1 to 4, or -1 for the last, not {self.nth}")

    def after(self, day: str) -> str:
        """The next such day after another: never that day itself."""
        start = date.fromisoformat(day)
        for year in (start.year, start.year + 1):
            for one in self._in(year):
                if one > start:
                    return one.isoformat()
        raise AssertionError("it comes each year")

    def _in(self, year: int) -> Iterator[date]:
        """The days of a year, in order."""
        if self.end_of is not None:
            every = _MONTHS[self.end_of]
            for month in range(every, 13, every):
                yield date(year, month, monthrange(year, month)[1])
            return
        assert self.month is not None
        last = monthrange(year, self.month)[1]
        if self.day is not None:
            yield date(year, self.month, min(self.day, last))
            return
        assert self.weekday is not None
        assert self.nth is not None
        if self.nth > 0:
            first = date(year, self.month, 1)
            ahead = (self.weekday - first.isoweekday()) % 7
            yield first + timedelta(days=ahead + 7 * (self.nth - 1))
        else:
            end = date(year, self.month, last)
            yield end - timedelta(days=(end.isoweekday() - self.weekday) % 7)
