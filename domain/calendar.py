"""The calendar of a State: its time zone, and the days on which its administration does not work.

What a State says here stands beside the public holidays that are known of it: days it has off
besides, days it works although they would be off, which days of the week it rests. It is said as a
whole and replaces what stood before, so a day that is left out is gone. A deadline that has been
set stays where it is: it was reckoned once, and says by which version of the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import ClassVar
from uuid import UUID, uuid5
from zoneinfo import available_timezones

import msgspec

from domain.entry import Entry, Event, Stamp, Stored, Visibility, is_date, named
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded

days_max = 2_000

# --- Events (the archive's format: frozen) -------------------------------------------------------


class DayOff(Stored, frozen=True):
    """A day on which a State's administration does not work."""

    day: str
    """ISO 8601, such as 2025-12-24."""
    name: str
    """Its name, such as that of a holiday."""


class CalendarEvent(Event, frozen=True):
    """Base of the events of a State's calendar."""


class CalendarSet(CalendarEvent, frozen=True):
    """From now on new deadlines are computed by this calendar."""

    topic: ClassVar[str] = "calendar.set.v1"

    timezone: str
    """IANA name of the time zone in which days end, such as Europe/Ljubljana."""
    subdivision: str | None = None
    """The part of the country whose holidays count, as in ISO 3166-2; null: the whole country."""
    days_off: tuple[DayOff, ...] = ()
    """Days off besides the public holidays that are known."""
    working_days: tuple[str, ...] = ()
    """Days that are worked although they would be off."""
    weekend: tuple[int, ...] = ()
    """Days of the week at rest, from 1 (Monday) to 7 (Sunday); empty: the usual ones there."""


EVENTS: tuple[type[CalendarEvent], ...] = (CalendarSet,)

# --- State ---------------------------------------------------------------------------------------


class OwnCalendar(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What a State has said of its calendar; `version` is what a deadline is recorded with."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    timezone: str
    subdivision: str | None = None
    days_off: tuple[DayOff, ...] = ()
    working_days: tuple[str, ...] = ()
    weekend: tuple[int, ...] = ()


def calendar_id(addressee: str) -> UUID:
    """The id of a State's calendar. Frozen."""
    return uuid5(NAMESPACE, f"calendar\x1f{addressee}")


def set_calendar(
    stamp: Stamp,
    held: OwnCalendar | None,
    *,
    timezone: str,
    subdivision: str | None = None,
    days_off: Sequence[DayOff] = (),
    working_days: Sequence[str] = (),
    weekend: Sequence[int] = (),
) -> CalendarSet:
    """Says what a State's calendar is, as a whole; refuses what says the same again."""
    if timezone not in _timezones():
        raise InvalidInput(
            f"“{timezone[:40]}” is no time zone: write its IANA name, such as Europe/Ljubljana."
        )
    said = CalendarSet(
        stamp=stamp,
        timezone=timezone,
        subdivision=None if subdivision is None else named(subdivision),
        days_off=_named(days_off),
        working_days=_days(working_days, "working days"),
        weekend=_weekend(weekend),
    )
    if both := {off.day for off in said.days_off} & set(said.working_days):
        raise InvalidInput(f"{min(both)} is both off and worked; leave one out.")
    if held is not None and _what(held) == _what(said):
        raise AlreadySo("The calendar says this already.")
    return said


def fold(entries: Iterable[Entry], state: OwnCalendar | None = None) -> OwnCalendar | None:
    """What a State's entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event, stamp = entry.event, entry.stamp
        assert isinstance(event, CalendarSet)
        state = OwnCalendar(
            id=entry.stream,
            addressee=entry.addressee,
            version=entry.version,
            visibility=state.visibility if state else stamp.visibility,
            institution=state.institution if state else stamp.speaker.institution,
            timezone=event.timezone,
            subdivision=event.subdivision,
            days_off=event.days_off,
            working_days=event.working_days,
            weekend=event.weekend,
        )
    return state


def _what(said: OwnCalendar | CalendarSet) -> tuple[object, ...]:
    return said.timezone, said.subdivision, said.days_off, said.working_days, said.weekend


def _named(days_off: Sequence[DayOff]) -> tuple[DayOff, ...]:
    _days([off.day for off in days_off], "days off")
    for off in days_off:
        named(off.name)
    return tuple(sorted(days_off, key=lambda off: off.day))


def _days(days: Sequence[str], what: str) -> tuple[str, ...]:
    if len(days) > days_max:
        raise LimitExceeded(f"A calendar has {days_max:,} {what} at most: leave out the oldest.")
    for day in days:
        if len(day) != 10 or not is_date(day):
            raise InvalidInput(f"“{day[:40]}” is no day: write 2025-04-08.")
    if len(set(days)) < len(days):
        twice = min(day for day in days if days.count(day) > 1)
        raise InvalidInput(f"{twice} is among the {what} twice.")
    return tuple(sorted(days))


def _weekend(weekend: Sequence[int]) -> tuple[int, ...]:
    if any(not 1 <= weekday <= 7 for weekday in weekend):
        raise InvalidInput("A day of the week is a number from 1, Monday, to 7, Sunday.")
    if len(set(weekend)) < len(weekend):
        raise InvalidInput("The weekend names a day twice.")
    if len(weekend) > 6:
        raise InvalidInput("A week has a working day: the weekend has six days at most.")
    return tuple(sorted(weekend))


@cache
def _timezones() -> frozenset[str]:
    # "localtime" lies among the zones on some machines, and is another one on each.
    return frozenset(available_timezones() - {"localtime"})
