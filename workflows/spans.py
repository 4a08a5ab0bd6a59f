"""A span of time, as a procedure says it: 60 days, 20 working days, 6 months, 2 years."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

days_max = 36_600
working_days_max = 25_000
months_max = 1_200
years_max = 100


class Span(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"working_days": "working-days"},
):
    """How long something takes: days, working days, months or years; one of them, and no more than
    a century. Raises ValueError for anything else (which msgspec tells with the place)."""

    days: int | None = None
    working_days: int | None = None
    months: int | None = None
    years: int | None = None

    def __post_init__(self) -> None:
        said = [
            (count, most)
            for count, most in (
                (self.days, days_max),
                (self.working_days, working_days_max),
                (self.months, months_max),
                (self.years, years_max),
            )
            if count is not None
        ]
        if len(said) != 1:
            raise ValueError("A span says one of days, working-days, months and years")
        ((count, most),) = said
        if not 1 <= count <= most:
            raise ValueError(f"A span is between 1 and {most:,} here, not {count:,}")

    def __str__(self) -> str:
        ((count, unit),) = (
            (n, unit)
            for n, unit in (
                (self.days, "day"),
                (self.working_days, "working day"),
                (self.months, "month"),
                (self.years, "year"),
            )
            if n is not None
        )
        return f"{count} {unit}{'' if count == 1 else 's'}"


holidays_together_max = 10
"""So many public holidays besides weekends lie together at most, in the calendars that are known:
those of the Spring Festival or of the two Eids, with the days that are moved to them."""


def is_usually_shorter(one: Span, other: Span) -> bool:
    """True if one span is shorter than another, whichever day they are counted from, in a calendar
    as they usually are: a week of five or six working days, and no more holidays than
    `holidays_together_max` for each year."""
    return _in_one_unit(one, other, lambda a, b: a < b) or _usual_most(one) < _usual_least(other)


def is_no_longer(one: Span, other: Span) -> bool:
    """True if one span is no longer than another, whichever day they are counted from."""
    return _in_one_unit(one, other, lambda a, b: a <= b) or _longest(one) <= _shortest(other)


def _in_one_unit(one: Span, other: Span, holds: Callable[[int, int], bool]) -> bool:
    return any(
        a is not None and b is not None and holds(a, b)
        for a, b in (
            (one.days, other.days),
            (one.working_days, other.working_days),
            (_months(one), _months(other)),
        )
    )


def _months(span: Span) -> int | None:
    return span.months if span.years is None else span.years * 12


def _shortest(span: Span) -> float:
    """At least so many days."""
    months = _months(span)
    if months is not None:
        return months // 12 * 365 + months % 12 * 28
    return span.days or span.working_days or 0


def _longest(span: Span) -> float:
    """At most so many days; nobody knows how many holidays a State has."""
    months = _months(span)
    if months is not None:
        return months // 12 * 366 + months % 12 * 31
    return span.days if span.days is not None else math.inf


def _usual_most(span: Span) -> float:
    if span.working_days is None:
        return _longest(span)
    years = 1 + span.working_days // 200
    return math.ceil(span.working_days * 7 / 5) + 2 + holidays_together_max * years


def _usual_least(span: Span) -> float:
    if span.working_days is None:
        return _shortest(span)
    return span.working_days + (span.working_days - 1) // 6
