"""Calendars: when something is due in a State, reckoned once.

Days are ISO 8601 texts, `2025-04-08`. Whoever sets a deadline keeps what came out, and `version`,
which says by what it was reckoned: nothing is reckoned again when a calendar changes.

    the library `holidays`      the public holidays and the weekend of a country, by its code
    what the State has said     domain/calendar.py: days off besides, days worked, its time zone
    the package `tzdata`        when a day ends there, whatever the machine's own zones say

**Working days**: the first day is not counted, those that follow are: one working day after a
Friday is the Monday, if that is none off. **Months and years** lead to the day of the same number,
or to the month's last day where it has none of that number: a month after 31 January is 28 or 29
February. A last day on which nobody works is the last day all the same: plain days are plain days,
and whoever means working days says so.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays
import tzdata  # type: ignore[import-untyped]
from holidays.registry import EntityLoader
from holidays.version import __version__ as library_version

from domain import calendar
from domain.calendar import OwnCalendar, calendar_id
from domain.effects import Instant
from domain.entry import Entry, is_date
from domain.refusals import InvalidInput, Unavailable
from workflows.spans import Span

year_min = 1900
year_max = 2300
calendars_max = 1_000
library_years_max = 4_000
remembered_max = 20_000
subdivisions_told_max = 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_LIBRARY = f"holidays {library_version}"

State = TypeVar("State")


class ReadableLog(Protocol):
    """What calendars need of the log."""

    def load(
        self, stream: UUID, fold: Callable[[Iterable[Entry], State | None], State | None]
    ) -> State | None: ...


class Holiday(NamedTuple):
    """A day off that has a name; `own`: the State has said so itself."""

    day: str
    name: str
    own: bool


class Calendar:
    """The calendar of one State: the library's, with what the State has said of it (`own`)."""

    def __init__(self, addressee: str, own: OwnCalendar | None = None) -> None:
        self.addressee = addressee
        self.own = own
        self.timezone = own.timezone if own else "UTC"
        self._zone = _zone(self.timezone)
        self._subdivision = own.subdivision if own else None
        off, worked = (own.days_off, own.working_days) if own else ((), ())
        self._off = {date.fromisoformat(one.day): one.name for one in off}
        self._worked = frozenset(map(date.fromisoformat, worked))
        self._weekend = frozenset(own.weekend) if own else frozenset()
        self._working: dict[int, tuple[int, ...]] = {}
        self._ends: dict[str, Instant] = {}
        self._reached: dict[tuple[str, Span, int], str] = {}

    @property
    def knows_holidays(self) -> bool:
        """Whether the library knows the State. Of a State that it does not know, the calendar has
        weekends, Saturday and Sunday, and what the State has said."""
        return self.addressee in _countries()

    def knows_holidays_of(self, first: int, last: int) -> bool:
        """Whether the library knows public holidays of every year from `first` to `last`. Its
        knowledge of a State may begin late or end early."""
        _in_reach(first)
        _in_reach(last)
        return all(
            _library(self.addressee, self._subdivision, year).holidays
            for year in range(first, last + 1)
        )

    @cached_property
    def version(self) -> str:
        """By what deadlines are reckoned: the library's version, the version of what the State has
        said (0: nothing) and that of the time zones."""
        knows = "" if self.knows_holidays else " (none of it)"
        zones = f"tzdata {tzdata.IANA_VERSION}"
        return f"{_LIBRARY}{knows}; {self.addressee} {self.own_version}; {zones}"

    @property
    def own_version(self) -> int:
        """The version of what the State has said; 0 where it has said nothing."""
        return self.own.version if self.own else 0

    # -- reckoning

    def after(self, day: str, span: Span) -> str:
        """The day that lies a span after another."""
        return self._reckoned(day, span, 1)

    def before(self, day: str, span: Span) -> str:
        """The day that lies a span before another."""
        return self._reckoned(day, span, -1)

    def working_days_until(self, day: str, last: str) -> int:
        """How many working days there are after a day, up to and with the last."""
        start, end = _day(day), _day(last)
        if end <= start:
            return 0
        years = range(start.year, end.year + 1)
        count = sum(len(self._working_of(year)) for year in years[:-1])
        count += bisect_right(self._working_of(end.year), end.toordinal())
        return count - bisect_right(self._working_of(start.year), start.toordinal())

    def after_working_days(self, day: str, count: int) -> str:
        """The day that lies so many working days after another; that day itself after none."""
        return self._by_working_days(_day(day), count).isoformat() if count else day

    def is_working_day(self, day: str) -> bool:
        """Whether the State's administration works on this day."""
        start = _day(day)
        working, ordinal = self._working_of(start.year), start.toordinal()
        at = bisect_left(working, ordinal)
        return at < len(working) and working[at] == ordinal

    def holidays(self, year: int) -> list[Holiday]:
        """The days off in a year that have a name, those at weekends among them, in order."""
        _in_reach(year)
        known = _library(self.addressee, self._subdivision, year).holidays
        found = {day: (name, False) for day, name in known.items()}
        found.update({day: (name, True) for day, name in self._off.items() if day.year == year})
        return [
            Holiday(day.isoformat(), name, own)
            for day, (name, own) in sorted(found.items())
            if day not in self._worked
        ]

    def end_of(self, day: str) -> Instant:
        """The last second of the State's day, in UTC: `2025-04-08T21:59:59Z`. A day that the zone
        left out ended when the day before it did."""
        found = self._ends.get(day)
        if found is None:
            found = self._end_of(_day(day))
            if len(self._ends) < remembered_max:
                self._ends[day] = found
        return found

    def start_of(self, day: str) -> Instant:
        """The first second of the State's day, in UTC."""
        ended = datetime.fromisoformat(self._end_of(_day(day) - timedelta(days=1)))
        return Instant((ended + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _end_of(self, last: date) -> Instant:
        wall = datetime(last.year, last.month, last.day, 23, 59, 59)  # noqa: DTZ001 - zoned below
        end = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        if end.astimezone(self._zone).replace(tzinfo=None) != wall:
            end = self._last_second_before(wall, end)
        return Instant(end.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def day_of(self, instant: int) -> str:
        """The State's day in which an instant lies (microseconds since 1970, UTC)."""
        there = (_EPOCH + timedelta(microseconds=instant)).astimezone(self._zone)
        return there.date().isoformat()

    def _reckoned(self, day: str, span: Span, way: int) -> str:
        key = day, span, way
        found = self._reached.get(key)
        if found is None:
            found = self._reckon(day, span, way)
            if len(self._reached) < remembered_max:
                self._reached[key] = found
        return found

    def _reckon(self, day: str, span: Span, way: int) -> str:
        start = _day(day)
        if span.working_days is not None:
            return self._by_working_days(start, way * span.working_days).isoformat()
        if span.days is not None:
            return _in_reach_day(start + timedelta(days=way * span.days)).isoformat()
        months = span.months if span.months is not None else 12 * (span.years or 0)
        year, month = divmod(12 * start.year + start.month - 1 + way * months, 12)
        _in_reach(year)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last)).isoformat()

    def _by_working_days(self, start: date, count: int) -> date:
        year, ordinal = start.year, start.toordinal()
        working = self._working_of(year)
        if count > 0:
            at = bisect_right(working, ordinal) + count - 1
            while at >= len(working):
                at -= len(working)
                year += 1
                working = self._working_of(year)
        else:
            at = bisect_left(working, ordinal) + count
            while at < 0:
                year -= 1
                working = self._working_of(year)
                at += len(working)
        return date.fromordinal(working[at])

    def _working_of(self, year: int) -> tuple[int, ...]:
        """The working days of a year, as ordinals."""
        found = self._working.get(year)
        if found is None:
            _in_reach(year)
            found = self._working[year] = tuple(
                day.toordinal() for day in _days_of(year) if self._works_on(day)
            )
        return found

    def _works_on(self, day: date) -> bool:
        if day in self._worked:
            return True
        if day in self._off:
            return False
        known = _library(self.addressee, self._subdivision, day.year)
        rests = day.isoweekday() in self._weekend if self._weekend else day in known.weekend
        return day in known.worked if rests else day not in known.holidays

    def _last_second_before(self, wall: datetime, early: datetime) -> datetime:
        """The last second of a day whose end, by the clock on the wall, there was not: the clock
        was put forward over it. `early` lies before that, by the offset that came after."""
        late = wall.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
        low, high = 0, int((late - early).total_seconds())
        while low < high:
            middle = (low + high + 1) // 2
            there = (early + middle * _SECOND).astimezone(self._zone).replace(tzinfo=None)
            low, high = (middle, high) if there <= wall else (low, middle - 1)
        return early + low * _SECOND


class Calendars:
    """The calendars of one installation: the library's, with what States have said in `log`;
    without one, the library's."""

    def __init__(self, log: ReadableLog | None = None) -> None:
        self._log = log
        self._made: dict[str, Calendar] = {}
        self._held: dict[str, Calendar] | None = None

    def for_a_file(self) -> Calendars:
        """The same, with what each State has said looked up but once: it counts for all that is
        received together."""
        same = Calendars(self._log)
        same._made, same._held = self._made, {}
        return same

    def of(self, addressee: str) -> Calendar:
        """The calendar by which a State's deadlines are reckoned now."""
        if self._held is not None and addressee in self._held:
            return self._held[addressee]
        own = None if self._log is None else self._log.load(calendar_id(addressee), calendar.fold)
        version = own.version if own else 0
        found = self._made.get(addressee)
        if found is None or found.own_version != version:
            found = Calendar(addressee, own)
            if addressee in self._made or len(self._made) < calendars_max:
                self._made[addressee] = found
        if self._held is not None:
            self._held[addressee] = found
        return found


def check(addressee: str, timezone: str, subdivision: str | None) -> None:
    """Refuses a time zone or a part of the country that calendars could not be reckoned by."""
    if timezone not in _zones():
        raise InvalidInput(
            f"“{timezone[:40]}” is no time zone here: write its IANA name, such as "
            f"Europe/Ljubljana (tzdata {tzdata.IANA_VERSION})."
        )
    if subdivision is not None and subdivision not in (known := _subdivisions(addressee)):
        some = ", ".join(known[:subdivisions_told_max])
        raise InvalidInput(
            f"“{subdivision[:40]}” is no part of {addressee} whose holidays are known: "
            f"{some or 'none is'}."
        )


# --- What is known of days and zones -------------------------------------------------------------


class _Year(NamedTuple):
    """What the library knows of a year: holidays and their names, the days of weekends, and which
    of those are worked (a holiday was moved)."""

    holidays: dict[date, str]
    weekend: frozenset[date]
    worked: frozenset[date]


@lru_cache(maxsize=library_years_max)
def _library(code: str, subdivision: str | None, year: int) -> _Year:
    if code not in _countries():
        saturdays_and_sundays = frozenset(day for day in _days_of(year) if day.isoweekday() > 5)
        return _Year({}, saturdays_and_sundays, frozenset())
    try:
        found = holidays.country_holidays(
            _countries()[code],
            subdiv=subdivision,
            years=year,
            expand=False,
            language="en_US",  # else it would be the machine's
        )
    except NotImplementedError:
        raise Unavailable(
            f"{_LIBRARY} knows no part of {code} called {subdivision}: set the calendar anew."
        ) from None
    days = list(_days_of(year))
    return _Year(
        {day: name for day, name in found.items() if day.year == year},
        frozenset(day for day in days if found.is_weekend(day)),
        frozenset(day for day in days if day in found.weekend_workdays),
    )


_OTHER_CODES = {
    "BGR": "BG",
    "BHR": "BH",
    "GTM": "GT",
    "MAR": "MA",
    "SWZ": "SZ",
    "VUT": "VU",
    "XKX": "XK",
}
"""ISO 3166-1 alpha-2 codes of those whose alpha-3 code the library writes otherwise (BLG, BAH)."""


@cache
def _countries() -> dict[str, str]:
    """By the code of an addressee, the code under which the library has its calendar."""
    known = set(EntityLoader.get_country_codes())
    return {
        code: _OTHER_CODES.get(code, code) for code in known | {*_OTHER_CODES} if len(code) == 3
    }


def _subdivisions(code: str) -> tuple[str, ...]:
    if code not in _countries():
        return ()
    known = holidays.country_holidays(_countries()[code])
    return (*known.subdivisions, *known.subdivisions_aliases)


@cache
def _zones() -> frozenset[str]:
    return frozenset((files("tzdata") / "zones").read_text().split())


@cache
def _zone(name: str) -> ZoneInfo:
    """A zone of the package, never of the machine: what was reckoned is reckoned so elsewhere."""
    if name not in _zones():
        raise Unavailable(
            f"The time zone {name} is not known here: a newer release has it "
            f"(tzdata {tzdata.IANA_VERSION})."
        )
    with (files("tzdata.zoneinfo").joinpath(*name.split("/"))).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _day(said: str) -> date:
    if len(said) != 10 or not is_date(said):
        raise InvalidInput(f"“{said[:40]}” is no day: write 2025-04-08.")
    return _in_reach_day(date.fromisoformat(said))


def _in_reach_day(day: date) -> date:
    _in_reach(day.year)
    return day


def _in_reach(year: int) -> None:
    if not year_min <= year <= year_max:
        raise InvalidInput(f"Calendars reach from {year_min} to {year_max}, not to {year}.")


def _days_of(year: int) -> Iterable[date]:
    first = date(year, 1, 1).toordinal()
    return map(date.fromordinal, range(first, date(year + 1, 1, 1).toordinal()))
