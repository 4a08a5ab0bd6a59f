"""What is left of a deadline when a case rests, and goes on: held against a count day by day."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import DayOff, OwnCalendar
from domain.casework import deadlines, suspension
from domain.casework.held import DeadlineStatus
from domain.entry import Visibility
from domain.recommendation import Recommendation, begin
from tests.clock import SetClock
from tests.given import received, stamp
from tests.length import times
from tests.naive_clock import due_after_rest
from workflows.calendars import Calendar, Calendars
from workflows.procedure.as_if import AsIf
from workflows.procedure.compiled import Compiled
from workflows.procedure.shipped import read, shipped

DEADLINES = """
format: suivi-overlay/1
name: terms
extends: upr
labels: {en: Terms}
for: {mechanisms: [upr]}
operations:
  - {op: add-deadline, deadline: {id: worked, labels: {en: Worked}, while: [reporting.unreported],
      due: {after: {working-days: 40}}}}
  - {op: add-deadline, deadline: {id: plain, labels: {en: Plain}, while: [reporting.unreported],
      due: {after: {days: 50}}}}
  - {op: add-deadline, deadline: {id: long, labels: {en: Long}, while: [reporting.unreported],
      due: {after: {months: 3}}}}
"""
UNDER = Compiled(read(DEADLINES.encode(), lambda name: shipped()[name].definition))
START = date(2031, 11, 3)


class One(Calendars):
    """One calendar, for everybody."""

    def __init__(self, calendar: Calendar) -> None:
        super().__init__()
        self.calendar = calendar

    def of(self, addressee: str) -> Calendar:
        return self.calendar


def own_calendar(random: Random) -> Calendar:
    """Slovenia's holidays, with days off and days worked besides."""
    days = [(START + timedelta(days=n)).isoformat() for n in random.sample(range(400), 40)]
    own = OwnCalendar(
        id=UUID(int=1),
        addressee="SVN",
        version=1,
        visibility=Visibility.PUBLIC,
        institution="mfa",
        timezone="Europe/Ljubljana",
        days_off=tuple(DayOff(day=day, name="off") for day in days[:25]),
        working_days=tuple(days[25:]),
        weekend=random.choice([(), (5, 6), (7,)]),
    )
    return Calendar("SVN", own)


def started(as_if: AsIf) -> Recommendation:
    first = received(on=START.isoformat())
    r = begin(first)
    as_if.now = SetClock(START.isoformat()).now
    event = as_if.begin(r, UNDER, first.event, lambda: as_if.moment("SVN"))  # type: ignore[arg-type]
    r.follow(first._replace(event=event))
    return r


@settings(max_examples=times(60, long=3_000))
@given(seed=st.integers(0, 1 << 32))
def test_what_is_left_is_counted_as_one_counts_on_the_way(seed: int) -> None:
    random = Random(seed)
    calendar = own_calendar(random)
    as_if = AsIf(UNDER, One(calendar))
    r = started(as_if)
    works = {"worked": lambda day: calendar.is_working_day(day.isoformat())}
    expected = {held.deadline: held.day for held in r.deadlines if held.deadline != "position"}
    assert {*expected} == {"worked", "plain", "long"}
    day = START
    for _ in range(random.randint(1, 4)):
        day += timedelta(days=random.randint(0, 12))
        stopped = day.isoformat()
        if stopped >= min(expected.values()):
            break
        if random.random() < 0.3:
            which = random.choice(sorted(expected))
            later = date.fromisoformat(expected[which]) + timedelta(days=random.randint(1, 30))
            expected[which] = later.isoformat()
            said = deadlines.extend(r, stamp(on=stopped, reason="…"), which, later.isoformat())
            as_if.enter(r, "extend-deadline", said)
        as_if.enter(r, "suspend", suspension.suspend(r, stamp(on=stopped, reason="…")))
        day += timedelta(days=random.choice([0, 1, 2, 5, 30, 90]))
        as_if.enter(r, "resume", suspension.resume(r, stamp(on=day.isoformat(), reason="…")))
        expected = {
            name: due_after_rest(due, stopped, day.isoformat(), works.get(name))
            for name, due in expected.items()
        }
        for name, due in expected.items():
            held = r.deadline(name)
            assert held is not None
            assert (held.status, held.day) == (DeadlineStatus.RUNNING, due), name


@pytest.mark.parametrize(
    ("stopped", "resumed", "due"),
    [
        # 40 working days after Monday 3 November 2031, by Slovenia's weekends and holidays alone
        ("2031-11-03", "2031-11-03", "2031-12-31"),
        ("2031-11-07", "2031-11-10", "2032-01-05"),
        ("2031-12-31", "2032-02-09", "2032-02-09"),
        ("2031-12-30", "2032-02-07", "2032-02-09"),
    ],
)
def test_working_days_that_were_left_are_left(stopped: str, resumed: str, due: str) -> None:
    as_if = AsIf(UNDER, One(Calendar("SVN")))
    r = started(as_if)
    as_if.enter(r, "suspend", suspension.suspend(r, stamp(on=stopped, reason="…")))
    as_if.enter(r, "resume", suspension.resume(r, stamp(on=resumed, reason="…")))
    held = r.deadline("worked")
    assert held is not None
    assert held.day == due
