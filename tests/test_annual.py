"""Days that come each year, and deadlines that are due on the next one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from domain.casework.deadlines import Escalated, Reminded
from domain.effects import Instant
from domain.recommendation import Recommendation, begin
from tests.clock import SetClock
from tests.given import deferred, given, received
from tests.server import running
from tests.test_own_procedures import adopted, published
from workflows.annual import Annual
from workflows.calendars import Calendars
from workflows.procedure.as_if import AsIf
from workflows.procedure.compiled import Compiled
from workflows.procedure.gate import check
from workflows.procedure.shipped import read, shipped

NOVEMBER = {"month": 11, "weekday": 1, "nth": 2}


@pytest.mark.parametrize(
    ("said", "day", "due"),
    [
        ({"month": 3, "day": 31}, "2026-03-30", "2026-03-31"),
        ({"month": 3, "day": 31}, "2026-03-31", "2027-03-31"),
        ({"month": 3, "day": 31}, "2026-12-31", "2027-03-31"),
        ({"month": 2, "day": 29}, "2026-01-01", "2026-02-28"),
        ({"month": 2, "day": 29}, "2027-02-28", "2028-02-29"),
        ({"month": 2, "day": 28}, "2028-02-28", "2029-02-28"),
        ({"month": 1, "day": 1}, "2026-01-01", "2027-01-01"),
        (NOVEMBER, "2026-11-08", "2026-11-09"),
        (NOVEMBER, "2026-11-09", "2027-11-08"),
        ({"month": 5, "weekday": 5, "nth": -1}, "2026-05-28", "2026-05-29"),
        ({"month": 5, "weekday": 5, "nth": -1}, "2026-05-29", "2027-05-28"),
        ({"month": 8, "weekday": 6, "nth": 1}, "2026-07-01", "2026-08-01"),
        ({"end-of": "quarter"}, "2026-01-01", "2026-03-31"),
        ({"end-of": "quarter"}, "2026-03-31", "2026-06-30"),
        ({"end-of": "quarter"}, "2026-12-31", "2027-03-31"),
        ({"end-of": "month"}, "2028-02-01", "2028-02-29"),
        ({"end-of": "half-year"}, "2026-06-30", "2026-12-31"),
        ({"end-of": "year"}, "2026-12-30", "2026-12-31"),
    ],
)
def test_the_next_annual_day_comes_after_a_day(said: Any, day: str, due: str) -> None:
    assert msgspec.convert(said, Annual).after(day) == due


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"month": 3},
        {"month": 2, "day": 30},
        {"month": 4, "day": 31},
        {"month": 13, "day": 1},
        {"month": 1, "day": 0},
        {"month": 1, "weekday": 1},
        {"month": 1, "weekday": 8, "nth": 1},
        {"month": 1, "weekday": 1, "nth": 5},
        {"month": 1, "weekday": 1, "nth": 0},
        {"month": 1, "day": 1, "nth": 1},
        {"end-of": "week"},
        {"end-of": "quarter", "month": 1},
    ],
)
def test_what_is_no_annual_day_is_refused(wrong: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Annual)


@given_any(
    on=st.dates(date(1950, 1, 1), date(2200, 1, 1)),
    said=st.one_of(
        st.fixed_dictionaries({"month": st.integers(1, 12), "day": st.integers(1, 28)}),
        st.fixed_dictionaries(
            {
                "month": st.integers(1, 12),
                "weekday": st.integers(1, 7),
                "nth": st.sampled_from([-1, 1, 2, 3, 4]),
            }
        ),
        st.sampled_from([{"end-of": "quarter"}, {"end-of": "half-year"}, {"month": 2, "day": 29}]),
    ),
)
def test_it_is_the_first_that_one_meets_on_the_way(on: date, said: dict[str, Any]) -> None:
    day = on + timedelta(days=1)
    while not is_one(day, said):
        day += timedelta(days=1)
    assert msgspec.convert(said, Annual).after(on.isoformat()) == day.isoformat()


def is_one(day: date, said: dict[str, Any]) -> bool:
    """Whether a day is one of these, looked at by itself."""
    tomorrow = day + timedelta(days=1)
    if "end-of" in said:
        months = {"quarter": (3, 6, 9, 12), "half-year": (6, 12)}[said["end-of"]]
        return tomorrow.day == 1 and day.month in months
    if day.month != said["month"]:
        return False
    if "day" in said:
        return day.day == said["day"] or (day.day < said["day"] and tomorrow.day == 1)
    if day.isoweekday() != said["weekday"]:
        return False
    if said["nth"] == -1:
        return (day + timedelta(days=7)).month != day.month
    return (day.day - 1) // 7 + 1 == said["nth"]


YEARLY = """
format: suivi-overlay/1
name: yearly
extends: upr
labels: {en: Yearly}
for: {mechanisms: [upr]}
operations:
  - op: add-deadline
    deadline:
      id: yearly
      labels: {en: Yearly report}
      while: [reporting.unreported]
      due: {annual: {month: 3, day: 31}}
      reminders: [{before: {days: 30}, to: [coordinator, {institution: finance}]}]
      escalations:
        - after: {days: 5}
          to: [{institution: court-of-audit, role: clerk}, {institution: finance}]
  - op: add-deadline
    deadline:
      id: after-the-answer
      labels: {en: After the answer was due}
      while: [reporting.unreported]
      due: {fact: answer-due, annual: {end-of: quarter}}
"""
DEFINITION = read(YEARLY.encode(), lambda name: shipped()[name].definition)


def a_case(on: str) -> tuple[AsIf, Recommendation]:
    as_if = AsIf(Compiled(DEFINITION), Calendars())
    first = received(on=on)
    r = begin(first)
    as_if.now = SetClock(on).now
    begun = as_if.begin(r, as_if.under, first.event, lambda: as_if.moment("SVN"))  # type: ignore[arg-type]
    r.follow(first._replace(event=begun))
    return as_if, r


def due_on(r: Recommendation, name: str) -> str | None:
    held = r.deadline(name)
    return None if held is None else held.day


def test_a_deadline_is_due_on_the_next_annual_day() -> None:
    assert check(DEFINITION).ok
    as_if, r = a_case("2031-05-02")
    assert (due_on(r, "yearly"), due_on(r, "after-the-answer")) == ("2032-03-31", None)
    act = deferred("2031-09-30")
    as_if.enter(r, act.step, act.command(r, given(received()).entries[0].stamp))
    assert due_on(r, "after-the-answer") == "2031-12-31", "after that day, not on it"
    held = r.deadline("yearly")
    assert held is not None
    assert held.reminders[0].at == Instant("2032-03-01T23:59:59Z")


def test_an_institution_that_a_notice_names_is_told_wherever_the_case_is() -> None:
    as_if, r = a_case("2031-05-02")
    told: list[tuple[str, list[tuple[str, str | None]]]] = []
    enter = as_if.enter_notice

    def noting(r: Recommendation, notice: Reminded | Escalated) -> Any:
        if notice.deadline == "yearly":
            kind = type(notice).__name__
            told.append((kind, [(to.role, to.institution) for to in notice.to]))
        return enter(r, notice)

    as_if.enter_notice = noting  # type: ignore[method-assign]
    as_if.pass_time(r, SetClock("2032-06-01").now)
    assert told == [
        ("Reminded", [("coordinator", None), ("focal-point", "finance")]),
        ("Escalated", [("clerk", "court-of-audit"), ("focal-point", "finance")]),
    ]


def test_an_institution_reads_what_it_was_told_and_others_may_ask_for_it(sqlite_url: str) -> None:
    clock = SetClock("2031-05-02")
    query = """query($at: String) { notifications(institution: $at) { nodes {
        kind deadline role institutionCode } } }"""
    with running(sqlite_url, clock) as here:
        adopted(here, published(here, YEARLY))
        here.receive()
        here.grant("finance", "focal-point", "finance", addressees=("SVN",))
        clock.set("2032-03-05")
        here.service.worker.catch_up()
        told = {
            "kind": "Reminded",
            "deadline": "yearly",
            "role": "focal-point",
            "institutionCode": "finance",
        }
        assert here.ask("finance", query)["notifications"]["nodes"] == [told]
        assert here.ask("coordinator", query, at="finance")["notifications"]["nodes"] == [told]
        assert here.ask("coordinator", query, at="justice")["notifications"]["nodes"] == []
        error = here.refused("finance", query, at="justice")
        assert error["extensions"]["code"] == "FORBIDDEN"
