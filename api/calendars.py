"""Calendars in GraphQL: what a State's is, when something would be due there, and setting it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from api.context import Context, Reading
from api.derive import struct_type
from api.describing import arg
from api.looking_back import AsOf, look
from api.payloads import Payload, answered
from api.steps import EntryInput, circumstances, command
from domain import calendar
from domain.addressees import addressee as known_addressee
from domain.calendar import DayOff, OwnCalendar, calendar_id
from domain.entry import Event, Visibility
from domain.refusals import InvalidInput, NotFound
from projections import register
from workflows import calendars
from workflows.desk import Taken
from workflows.spans import Span

DayOffType: Any = struct_type(DayOff)


@strawberry.input(one_of=True, description="A span of time, in one of these units.")
class SpanInput:
    days: int | None = strawberry.field(
        default=strawberry.UNSET, description="Days, whether they are worked or not."
    )
    working_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="Working days; the first day is not counted."
    )
    months: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Months: to the day of the same number, or to the month's last day.",
    )
    years: int | None = strawberry.field(default=strawberry.UNSET, description="Likewise.")


@strawberry.type(description="A day off that has a name, whether it falls on a weekend or not.")
class Holiday:
    day: str
    """The day: ISO 8601."""
    name: str
    """Its name, as the library of holidays or the State gives it."""
    own: bool = strawberry.field(description="The State has said so itself.")


@strawberry.type(description="When something would be due.")
class DueDay:
    day: str = strawberry.field(description="The last day, in the State's time zone.")
    ends_at: datetime = strawberry.field(description="Its last second.")
    is_working_day: bool = strawberry.field(
        description="Whether it is worked. A last day stays where it is, worked or not."
    )
    reckoned_by: str = strawberry.field(description="As in `Calendar.reckonedBy`.")
    knows_holidays: bool = strawberry.field(
        description="Whether public holidays are known of every year between the two days."
    )


@strawberry.type(
    description="The calendar by which a State's deadlines are reckoned: public holidays and "
    "weekends that are known of it, with what it has said itself."
)
class Calendar:
    known: strawberry.Private[calendars.Calendar]

    @strawberry.field
    def addressee(self) -> str:
        return self.known.addressee

    @strawberry.field(
        description="The version of what the State has said; 0, where it has said nothing. Send it "
        "back as expectedVersion."
    )
    def version(self) -> int:
        return self.known.own_version

    @strawberry.field(
        description="What is recorded with each deadline: the versions of the library of holidays, "
        "of what the State has said, and of the time zones."
    )
    def reckoned_by(self) -> str:
        return self.known.version

    @strawberry.field(
        description="Whether public holidays of this State are known; with a year, those of that "
        "year. Where none are known, there are weekends and what the State has said."
    )
    def knows_holidays(
        self,
        year: Annotated[int | None, arg("A year of four digits.")] = None,
    ) -> bool:
        if year is None:
            return self.known.knows_holidays
        return self.known.knows_holidays_of(year, year)

    @strawberry.field(description="IANA name of the time zone in which its days end.")
    def timezone(self) -> str:
        return self.known.timezone

    @strawberry.field(description="The part of the country whose holidays count.")
    def subdivision(self) -> str | None:
        return self.known.own.subdivision if self.known.own else None

    @strawberry.field(description="Days off that the State has said, besides the holidays.")
    def days_off(self) -> list[DayOffType]:
        return list(self.known.own.days_off) if self.known.own else []

    @strawberry.field(description="Days that are worked, although they would be off.")
    def working_days(self) -> list[str]:
        return list(self.known.own.working_days) if self.known.own else []

    @strawberry.field(
        description="Days of the week at rest, 1 Monday to 7 Sunday, where the State has said so; "
        "else those usual there."
    )
    def weekend(self) -> list[int]:
        return list(self.known.own.weekend) if self.known.own else []

    @strawberry.field(description="The days off in a year that have a name, in order.")
    def holidays(self, year: Annotated[int, arg("A year of four digits.")]) -> list[Holiday]:
        return [Holiday(day=h.day, name=h.name, own=h.own) for h in self.known.holidays(year)]

    @strawberry.field(description="Whether a day is worked.")
    def is_working_day(self, day: Annotated[str, arg("The day: ISO 8601.")]) -> bool:
        return self.known.is_working_day(day)

    @strawberry.field(description="When something would be due, a span after a day.")
    def due(
        self,
        from_: Annotated[str, arg("The day that the span starts from: ISO 8601.", name="from")],
        after: Annotated[SpanInput, arg("The span of time.")],
    ) -> DueDay:
        day = self.known.after(from_, _span(after))
        return DueDay(
            day=day,
            ends_at=datetime.fromisoformat(self.known.end_of(day)),
            is_working_day=self.known.is_working_day(day),
            reckoned_by=self.known.version,
            knows_holidays=self.known.knows_holidays_of(int(from_[:4]), int(day[:4])),
        )


@strawberry.input(description="A day on which the State does not work.")
class DayOffInput:
    day: str = strawberry.field(description="ISO 8601: 2025-12-24.")
    name: str = strawberry.field(description="Its name.")


@strawberry.input
class SetCalendarInput(EntryInput):
    addressee: str = strawberry.field(description="The State whose calendar it is.")
    expected_version: int = strawberry.field(
        default=0,
        description="The version you saw; 0, where the State had said nothing. If it has moved on, "
        "the step is refused.",
    )
    timezone: str = strawberry.field(description="IANA name, such as Europe/Ljubljana.")
    subdivision: str | None = strawberry.field(
        default=None,
        description="The part of the country whose holidays count, as ISO 3166-2 has it after the "
        "hyphen: BY of DE-BY.",
    )
    days_off: list[DayOffInput] = strawberry.field(
        default_factory=list, description="Days off besides the holidays."
    )
    working_days: list[str] = strawberry.field(
        default_factory=list, description="Days that are worked, although they would be off."
    )
    weekend: list[int] = strawberry.field(
        default_factory=list,
        description="Days of the week at rest, 1 Monday to 7 Sunday; those usual there, if not "
        "given.",
    )


@strawberry.type(description="The calendar after the step, or the reasons for its refusal.")
class CalendarPayload(Payload):
    calendar: Calendar | None = strawberry.field(
        default=None,
        description="As it stands after the step; null when refused, or when the views took too "
        "long: then it can be read once they have reached logIndex.",
    )


@strawberry.type
class CalendarQuery:
    @strawberry.field(
        description="The calendar of a State: now, or as it was. Where the State has said nothing, "
        "its days end in UTC."
    )
    def calendar(
        self,
        info: Info[Context, None],
        addressee: Annotated[str, arg("Code of the State or other addressee, such as SVN.")],
        as_of: AsOf | None = None,
    ) -> Calendar:
        return _calendar(look(info.context, as_of, None, [addressee]), addressee)


@strawberry.type
class CalendarMutation:
    @strawberry.mutation(
        description="Says what a State's calendar is, as a whole: what is left out is gone. "
        "Deadlines that have been set stay where they are."
    )
    def set_calendar(self, info: Info[Context, None], input: SetCalendarInput) -> CalendarPayload:
        context = info.context
        return answered(
            context,
            input,
            CalendarPayload,
            lambda: _set(context, input),
            lambda _: {"calendar": _calendar(context, input.addressee)},
        )


def _calendar(reading: Reading, addressee: str) -> Calendar:
    whose = reading.scope.addressees
    if whose is not None and addressee not in whose:
        raise NotFound("This key is not for that addressee.")
    if known_addressee(addressee) is None:
        raise InvalidInput("An addressee is named by its code of three letters, such as SVN.")
    row = register.calendars.by_id(reading.connection, reading.scope, calendar_id(addressee))
    return Calendar(known=calendars.Calendar(addressee, row.state if row else None))


def _set(context: Context, input: SetCalendarInput) -> Taken:
    step = "set-calendar"
    stamp = circumstances(context, input, Visibility.PUBLIC)

    def act(held: OwnCalendar | None) -> list[Event]:
        calendars.check(input.addressee, input.timezone, input.subdivision)
        said = calendar.set_calendar(
            stamp,
            held,
            timezone=input.timezone,
            subdivision=input.subdivision,
            days_off=[DayOff(day=off.day, name=off.name) for off in input.days_off],
            working_days=input.working_days,
            weekend=input.weekend,
        )
        return [said]

    return context.service.desk.go_on(
        context.principal,
        command(context, step, input),
        calendar_id(input.addressee),
        OwnCalendar,
        step,
        act,
        expected_version=input.expected_version,
        addressee=input.addressee,
    )


def _span(after: SpanInput) -> Span:
    said = {
        unit: count
        for unit in ("days", "working_days", "months", "years")
        if (count := getattr(after, unit)) is not strawberry.UNSET
    }
    try:
        return Span(**said)
    except ValueError as error:
        raise InvalidInput(f"{error}.") from None
