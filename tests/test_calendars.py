"""Calendars: what a State says of its own, and when something is due by it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import hypothesis
import msgspec
import pytest
import tzdata
from holidays import country_holidays
from holidays.registry import COUNTRIES
from holidays.version import __version__ as library_version
from hypothesis import strategies as st

from domain.addressees import addressees, recognise
from domain.calendar import (
    CalendarSet,
    DayOff,
    OwnCalendar,
    calendar_id,
    days_max,
    fold,
    set_calendar,
)
from domain.entry import Entry
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded, Refusal, Unavailable
from tests.given import stamp
from tests.server import HOLDERS, ROOT, Server, running
from workflows.calendars import Calendar, Calendars, _countries, check, year_max, year_min
from workflows.log import Log
from workflows.procedure.as_if import CalendarsThen
from workflows.spans import Span
from workflows.spans import days_max as span_days_max

LJUBLJANA = "Europe/Ljubljana"
ZONES = sorted(available_timezones() - {"localtime"})


def said(held: OwnCalendar | None = None, timezone: str = LJUBLJANA, **more: Any) -> CalendarSet:
    return set_calendar(stamp(), held, timezone=timezone, **more)


def folded(*events: CalendarSet, addressee: str = "SVN") -> OwnCalendar:
    held = fold(
        Entry(calendar_id(addressee), n, addressee, event) for n, event in enumerate(events, 1)
    )
    assert held is not None
    return held


def of(addressee: str = "SVN", timezone: str = LJUBLJANA, **more: Any) -> Calendar:
    """The calendar of a State that has said this."""
    return Calendar(addressee, folded(said(None, timezone, **more), addressee=addressee))


def off(*days: str) -> list[DayOff]:
    return [DayOff(day=day, name="bridge") for day in days]


# --- What a State says ---------------------------------------------------------------------------


def test_what_is_said_replaces_what_stood_before() -> None:
    first = said(
        days_off=off("2025-12-24", "2025-05-02"),
        working_days=["2025-12-27"],
        weekend=[7, 6],
        subdivision="BY",
    )
    held = folded(first)
    assert [day.day for day in held.days_off] == ["2025-05-02", "2025-12-24"]
    assert (held.version, held.weekend) == (1, (6, 7))
    then = folded(first, said(held, "UTC"))
    assert (then.version, then.timezone, then.subdivision) == (2, "UTC", None)
    assert (then.days_off, then.working_days, then.weekend) == ((), (), ())


def test_the_same_again_is_refused_in_whatever_order_it_is_said() -> None:
    said_once = {"days_off": off("2025-12-24", "2025-05-02"), "weekend": (6, 7)}
    held = folded(said(**said_once))
    with pytest.raises(AlreadySo):
        said(held, days_off=off("2025-05-02", "2025-12-24"), weekend=(7, 6))
    for more in ({"timezone": "UTC"}, {"subdivision": "BY"}, {"working_days": ["2025-12-27"]}):
        assert said(held, **{**said_once, **more})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"timezone": "Europe/Atlantis"}, InvalidInput),
        ({"timezone": "localtime"}, InvalidInput),
        ({"timezone": ""}, InvalidInput),
        ({"days_off": off("2025-02-29")}, InvalidInput),
        ({"days_off": off("2025-02")}, InvalidInput),
        ({"days_off": off("2025-05-02", "2025-05-02")}, InvalidInput),
        ({"days_off": [DayOff(day="2025-05-02", name=" ")]}, InvalidInput),
        ({"days_off": [DayOff(day="2025-05-02", name="x" * 201)]}, LimitExceeded),
        ({"days_off": off(*("2025-05-02",) * (days_max + 1))}, LimitExceeded),
        ({"working_days": ["tomorrow"]}, InvalidInput),
        ({"working_days": ["2025-05-02"] * 2}, InvalidInput),
        ({"days_off": off("2025-05-02"), "working_days": ["2025-05-02"]}, InvalidInput),
        ({"weekend": [0]}, InvalidInput),
        ({"weekend": [8]}, InvalidInput),
        ({"weekend": [6, 6]}, InvalidInput),
        ({"weekend": [1, 2, 3, 4, 5, 6, 7]}, InvalidInput),
        ({"subdivision": ""}, InvalidInput),
    ],
)
def test_what_no_calendar_can_say_is_refused(wrong: dict[str, Any], reason: type[Refusal]) -> None:
    with pytest.raises(Refusal) as refused:
        said(**wrong)
    assert type(refused.value) is reason


def test_the_id_of_a_states_calendar_is_frozen() -> None:
    assert calendar_id("SVN") == UUID("d3cadd95-ca1f-50ad-8cb6-a844a099ced8")


# --- Working days --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "due"),
    [
        (1, "2025-04-09"),
        (8, "2025-04-18"),  # Good Friday is worked in Slovenia
        (9, "2025-04-22"),  # Easter Monday is not
        (15, "2025-04-30"),
        (16, "2025-05-05"),  # two days off in May, and a weekend
        (60, "2025-07-07"),  # and the 25th of June
    ],
)
def test_working_days_in_slovenia_after_the_addendum_of_2025(count: int, due: str) -> None:
    slovenia = of()
    assert slovenia.after("2025-04-08", Span(working_days=count)) == due
    assert slovenia.is_working_day(due)
    assert slovenia.before(due, Span(working_days=count)) == "2025-04-08"


def test_the_first_day_is_not_counted_whether_it_is_worked_or_not() -> None:
    slovenia = of()
    for friday_or_weekend in ("2025-04-11", "2025-04-12", "2025-04-13"):
        assert slovenia.after(friday_or_weekend, Span(working_days=1)) == "2025-04-14"
    for monday_or_weekend in ("2025-04-14", "2025-04-13", "2025-04-12"):
        assert slovenia.before(monday_or_weekend, Span(working_days=1)) == "2025-04-11"


@pytest.mark.parametrize(
    ("addressee", "day", "is_worked"),
    [
        ("SAU", "2025-04-11", False),  # a Friday
        ("SAU", "2025-04-13", True),  # a Sunday
        ("ARE", "2021-11-05", False),  # Friday and Saturday until 2021
        ("ARE", "2022-11-04", True),  # Saturday and Sunday since
        ("BRN", "2025-04-12", True),  # Brunei rests on Friday and Sunday
        ("BRN", "2025-04-13", False),
        ("CHN", "2025-01-26", True),  # a Sunday, worked for the New Year's holidays
        ("DEU", "2025-06-19", True),  # Corpus Christi, in parts of the country
        ("XAA", "2025-12-25", True),  # of whom nothing is known
        ("XAA", "2025-12-27", False),
    ],
)
def test_states_rest_on_days_of_their_own(addressee: str, day: str, is_worked: bool) -> None:
    assert of(addressee).is_working_day(day) is is_worked


def test_holidays_of_a_part_of_the_country_count_where_the_state_has_named_it() -> None:
    assert not of("DEU", subdivision="BY").is_working_day("2025-06-19")
    assert of("DEU", subdivision="BE").is_working_day("2025-06-19")
    check("DEU", LJUBLJANA, "BY")
    for addressee, subdivision in (("DEU", "XX"), ("XAA", "BY")):
        with pytest.raises(InvalidInput, match="is no part of"):
            check(addressee, LJUBLJANA, subdivision)


def test_what_the_state_says_goes_before_what_is_known_of_it() -> None:
    own = of(
        days_off=off("2025-04-09"),
        working_days=["2025-04-12", "2025-04-21"],  # a Saturday, and Easter Monday
        weekend=[5, 6],
    )
    assert not own.is_working_day("2025-04-09")
    assert own.is_working_day("2025-04-12")
    assert own.is_working_day("2025-04-21")
    assert not own.is_working_day("2025-04-18"), "Friday is its weekend"
    assert own.is_working_day("2025-04-13"), "and Sunday is not"
    assert not own.is_working_day("2025-06-25"), "holidays stay"
    assert own.after("2025-04-08", Span(working_days=1)) == "2025-04-10"


def test_the_holidays_of_a_year_have_names_and_say_whose_they_are() -> None:
    own = of(days_off=off("2025-12-24", "2026-01-02"), working_days=["2025-05-02"])
    told = {h.day: h for h in own.holidays(2025)}
    assert list(told) == sorted(told)
    assert told["2025-04-21"][1:] == ("Easter Monday", False)
    assert told["2025-12-24"][1:] == ("bridge", True)
    assert not {"2025-05-02", "2026-01-02"} & set(told)


def test_holidays_that_are_moved_out_of_a_year_are_off_in_the_next() -> None:
    # The first of January 2022 was a Saturday: the United States' civil service rested before.
    assert not of("USA", "America/New_York").is_working_day("2021-12-31")


# --- Days, months and years ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "span", "after", "before"),
    [
        ("2025-01-31", Span(months=1), "2025-02-28", "2024-12-31"),
        ("2024-01-31", Span(months=1), "2024-02-29", "2023-12-31"),
        ("2024-02-29", Span(years=1), "2025-02-28", "2023-02-28"),
        ("2024-02-29", Span(years=4), "2028-02-29", "2020-02-29"),
        ("2025-03-31", Span(months=18), "2026-09-30", "2023-09-30"),
        ("2025-12-15", Span(months=12), "2026-12-15", "2024-12-15"),
        ("2025-04-08", Span(days=60), "2025-06-07", "2025-02-07"),
        ("2024-12-31", Span(days=1), "2025-01-01", "2024-12-30"),
    ],
)
def test_a_month_that_has_no_such_day_ends_earlier(
    day: str, span: Span, after: str, before: str
) -> None:
    assert of().after(day, span) == after
    assert of().before(day, span) == before


def test_a_last_day_on_which_nobody_works_stays_where_it_is() -> None:
    slovenia = of()
    due = slovenia.after("2025-04-08", Span(days=60))
    assert (due, slovenia.is_working_day(due)) == ("2025-06-07", False)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"days": 1, "months": 1},
        {"days": 0},
        {"working_days": -5},
        {"days": span_days_max + 1},
        {"years": 101},
    ],
)
def test_a_span_is_one_number_of_one_unit_and_no_longer_than_a_century(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"A span (says one|is between)"):
        Span(**wrong)


def test_a_span_in_a_file_is_told_from_what_is_none() -> None:
    assert msgspec.json.decode(b'{"working-days": 60}', type=Span) == Span(working_days=60)
    for wrong in (b'{"working_days": 60}', b'{"days": 60.5}', b'{"days": 1, "years": 1}', b"{}"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(wrong, type=Span)


@pytest.mark.parametrize("day", ["2025-04", "2025-02-30", "", "1850-01-01", "2400-01-01"])
def test_what_is_no_day_in_reach_is_refused(day: str) -> None:
    for ask in (of().is_working_day, of().end_of, lambda day: of().after(day, Span(days=1))):
        with pytest.raises(InvalidInput):
            ask(day)


@pytest.mark.parametrize(
    "span", [Span(days=366), Span(working_days=366), Span(months=12), Span(years=1)]
)
def test_a_deadline_beyond_what_calendars_reach_is_refused(span: Span) -> None:
    with pytest.raises(InvalidInput, match="reach"):
        of().after(f"{year_max}-12-31", span)
    with pytest.raises(InvalidInput, match="reach"):
        of().before(f"{year_min}-01-01", span)


# --- When a day ends -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timezone", "day", "end"),
    [
        (LJUBLJANA, "2025-03-29", "2025-03-29T22:59:59Z"),
        (LJUBLJANA, "2025-03-30", "2025-03-30T21:59:59Z"),  # summer time began that night
        ("UTC", "2025-03-30", "2025-03-30T23:59:59Z"),
        ("Asia/Beirut", "2024-10-26", "2024-10-26T21:59:59Z"),  # its last hour came twice
        ("America/St_Johns", "2010-11-06", "2010-11-07T03:29:59Z"),  # back from a minute past
        ("America/Toronto", "1919-03-30", "1919-03-31T04:29:59Z"),  # from 23:30 to 0:30
        ("Pacific/Apia", "2011-12-29", "2011-12-30T09:59:59Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T09:59:59Z"),  # a day there was not
        ("Pacific/Apia", "2011-12-31", "2011-12-31T09:59:59Z"),
        ("Pacific/Kwajalein", "1969-09-30", "1969-10-01T11:59:59Z"),  # a day that came twice
    ],
)
def test_a_day_ends_with_its_last_second_there(timezone: str, day: str, end: str) -> None:
    assert of(timezone=timezone).end_of(day) == end


def test_a_day_begins_when_the_day_before_it_has_ended() -> None:
    assert of(timezone=LJUBLJANA).start_of("2025-03-30") == "2025-03-29T23:00:00Z"
    assert of(timezone=LJUBLJANA).start_of("2025-03-31") == "2025-03-30T22:00:00Z"
    assert of(timezone="Asia/Beirut").start_of("2024-10-27") == "2024-10-26T22:00:00Z"


def test_an_instant_lies_in_the_day_it_is_there() -> None:
    midnight = round(datetime(2025, 4, 8, 22, tzinfo=UTC).timestamp() * 1_000_000)
    assert of().day_of(midnight - 1) == "2025-04-08"
    assert of().day_of(midnight) == "2025-04-09"
    assert of().day_of(-1) == "1970-01-01"
    assert Calendar("SVN").day_of(-1) == "1969-12-31"


def microseconds(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp()) * 1_000_000


DAYS = st.dates(date(1900, 1, 1), date(2150, 1, 1))


@hypothesis.given(st.sampled_from(ZONES), DAYS)
@hypothesis.example("Pacific/Apia", date(2011, 12, 30))
@hypothesis.example("Pacific/Kiritimati", date(1994, 12, 31))
@hypothesis.example("Pacific/Kwajalein", date(1969, 9, 30))
@hypothesis.example("America/Toronto", date(1919, 3, 30))
@hypothesis.example("America/Sao_Paulo", date(2018, 2, 17))
def test_the_end_of_a_day_lies_in_it_and_the_next_second_does_not(timezone: str, on: date) -> None:
    calendar, day = of(timezone=timezone), on.isoformat()
    end = microseconds(calendar.end_of(day))
    assert calendar.day_of(end + 1_000_000) != day
    if calendar.day_of(end) != day:  # the zone left it out
        before = (on - timedelta(days=1)).isoformat()
        after = (on + timedelta(days=1)).isoformat()
        assert calendar.end_of(before) == calendar.end_of(day)
        assert (calendar.day_of(end), calendar.day_of(end + 1_000_000)) == (before, after)


@hypothesis.given(st.sampled_from(ZONES), DAYS)
@hypothesis.example("Pacific/Apia", date(2011, 12, 29))
@hypothesis.example("Pacific/Apia", date(2011, 12, 30))
@hypothesis.example("Pacific/Kwajalein", date(1969, 9, 29))
def test_a_later_day_never_ends_earlier(timezone: str, on: date) -> None:
    calendar = of(timezone=timezone)
    tomorrow = on + timedelta(days=1)
    assert calendar.end_of(on.isoformat()) <= calendar.end_of(tomorrow.isoformat())


# --- What holds for every calendar ---------------------------------------------------------------

SOME_DAYS = st.dates(date(2024, 1, 1), date(2027, 1, 1)).map(date.isoformat)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    addressee = draw(st.sampled_from(["SVN", "SAU", "CHN", "DEU", "XAA"]))
    some = draw(st.lists(SOME_DAYS, unique=True, max_size=40))
    split = draw(st.integers(0, len(some)))
    weekend = draw(st.lists(st.integers(1, 7), unique=True, max_size=6))
    return of(addressee, days_off=off(*some[:split]), working_days=some[split:], weekend=weekend)


@hypothesis.given(calendars(), SOME_DAYS, st.integers(1, 400))
def test_working_days_are_those_one_counts_on_the_way(
    calendar: Calendar, day: str, count: int
) -> None:
    span = Span(working_days=count)
    for reckoned, way in ((calendar.after(day, span), 1), (calendar.before(day, span), -1)):
        at, counted = date.fromisoformat(day), 0
        while counted < count:
            at += timedelta(days=way)
            counted += calendar.is_working_day(at.isoformat())
        assert reckoned == at.isoformat()


SPANS = st.one_of(
    st.builds(Span, days=st.integers(1, 900)),
    st.builds(Span, working_days=st.integers(1, 600)),
    st.builds(Span, months=st.integers(1, 60)),
    st.builds(Span, years=st.integers(1, 20)),
)


@hypothesis.given(calendars(), st.dates(date(2024, 1, 1), date(2027, 1, 1)), SPANS)
def test_who_begins_later_is_never_due_earlier(calendar: Calendar, on: date, span: Span) -> None:
    day, next_day = on.isoformat(), (on + timedelta(days=1)).isoformat()
    assert calendar.before(day, span) < day < calendar.after(day, span)
    assert calendar.after(day, span) <= calendar.after(next_day, span)
    assert calendar.before(day, span) <= calendar.before(next_day, span)


# --- By what it was reckoned ---------------------------------------------------------------------


def test_a_calendar_says_by_what_it_reckons() -> None:
    zones = f"tzdata {tzdata.IANA_VERSION}"
    assert Calendar("SVN").version == f"holidays {library_version}; SVN 0; {zones}"
    twice = folded(said(), said(weekend=[5]))
    assert Calendar("SVN", twice).version == f"holidays {library_version}; SVN 2; {zones}"
    assert Calendar("XAA").version == f"holidays {library_version} (none of it); XAA 0; {zones}"


@pytest.mark.slow
def test_a_day_ends_at_the_same_instant_whatever_zones_and_language_the_machine_has(
    tmp_path: Path,
) -> None:
    wrong = tmp_path / "Europe" / "Ljubljana"
    wrong.parent.mkdir()
    shutil.copy(Path(tzdata.__file__).parent / "zoneinfo" / "Asia" / "Tokyo", wrong)
    asks = """
from tests.test_calendars import of
print(of().end_of("2025-04-08"), of().holidays(2025)[3].name)
"""
    told = subprocess.run(
        [sys.executable, "-c", asks],
        env={**os.environ, "PYTHONTZPATH": str(tmp_path), "TZ": "Asia/Tokyo", "LANGUAGE": "sl"},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "2025-04-08T21:59:59Z Easter Sunday"


def test_what_a_newer_release_has_recorded_is_told_from_what_is_wrong() -> None:
    newer = msgspec.structs.replace(folded(said()), timezone="Europe/Atlantis")
    with pytest.raises(Unavailable, match="newer release"):
        Calendar("SVN", newer)
    gone = Calendar("DEU", folded(said(subdivision="XX"), addressee="DEU"))
    with pytest.raises(Unavailable, match="set the calendar anew"):
        gone.is_working_day("2025-04-08")


# --- Whose holidays are known --------------------------------------------------------------------

ENDED_OR_NO_STATE = {"ANT", "CSK", "DDR", "EUE", "SCG", "SUN", "XXX", "YMD", "YUG"}
"""Addressees of whom no calendar can be known: States that ended, the European Union, nobody."""


def test_the_holidays_of_every_state_of_the_list_are_known() -> None:
    unknown = {one.code for one in addressees() if not Calendar(one.code).knows_holidays}
    assert unknown == ENDED_OR_NO_STATE


def test_the_library_means_the_same_state_by_each_code() -> None:
    named = {entry[1]: name.replace("_", " ") for name, entry in COUNTRIES.items()}
    named["HK"] = "Hong Kong"
    meant = {
        one.code: recognise(named[country_holidays(_countries()[one.code]).country])
        for one in addressees()
        if Calendar(one.code).knows_holidays
    }
    assert meant == {code: code for code in meant}


def test_where_no_holidays_are_known_it_is_said_of_the_state_and_of_the_year() -> None:
    assert not Calendar("YUG").knows_holidays
    assert not Calendar("YUG").knows_holidays_of(2026, 2026)
    assert Calendar("LKA").knows_holidays
    assert Calendar("LKA").knows_holidays_of(2026, 2026)
    assert not Calendar("LKA").knows_holidays_of(2026, 2031)
    with pytest.raises(InvalidInput, match="from 1900 to 2300"):
        Calendar("LKA").knows_holidays_of(2026, 100_000)


# --- Over the API --------------------------------------------------------------------------------

SET = """mutation($input: SetCalendarInput!) { setCalendar(input: $input) {
    calendar { version timezone daysOff { day name } } logIndex
    entries { event { __typename ... on CalendarSet { timezone daysOff { day name } } } version }
    errors { code message currentVersion } } }"""
CALENDAR = """query($whose: String!, $at: AsOf) { calendar(addressee: $whose, asOf: $at) {
    addressee version reckonedBy knowsHolidays timezone subdivision weekend workingDays
    daysOff { day name } } }"""
DUE = """query($whose: String!, $from: Date!, $after: SpanInput!) {
    calendar(addressee: $whose) { due(from: $from, after: $after) {
        day endsAt isWorkingDay reckonedBy } } }"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}") as server:
        yield server


def setting(server: Server, who: str = "coordinator", **more: Any) -> dict[str, Any]:
    """The payload of `setCalendar`, refused or not."""
    input = {"commandId": uuid4().hex, "addressee": "SVN", "timezone": LJUBLJANA, **more}
    payload = server.ask(who, SET, input=input)["setCalendar"]
    assert isinstance(payload, dict)
    return payload


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


def asked(server: Server, whose: str = "SVN", **more: Any) -> dict[str, Any]:
    return server.ask("reader", CALENDAR, whose=whose, **more)["calendar"]  # type: ignore[no-any-return]


def due(server: Server, after: dict[str, int], whose: str = "SVN") -> dict[str, Any]:
    asked = {"whose": whose, "from": "2025-04-08", "after": after}
    return server.ask("reader", DUE, **asked)["calendar"]["due"]  # type: ignore[no-any-return]


def test_a_calendar_is_set_read_reckoned_by_and_read_as_it_was(database_url: str) -> None:
    with running(database_url) as server:
        nothing = asked(server)
        assert (nothing["version"], nothing["timezone"]) == (0, "UTC")
        assert due(server, {"workingDays": 60})["endsAt"] == "2025-07-07T23:59:59+00:00"

        bridge = [{"day": "2025-05-05", "name": "Bridge"}]
        payload = setting(server, daysOff=bridge, workingDays=["2025-04-12"], weekend=[6, 7])
        assert payload["errors"] == []
        assert payload["calendar"] == {"version": 1, "timezone": LJUBLJANA, "daysOff": bridge}
        (entry,) = payload["entries"]
        assert (entry["event"]["__typename"], entry["event"]["daysOff"]) == ("CalendarSet", bridge)

        now = asked(server)
        assert now == {
            **nothing,
            "version": 1,
            "reckonedBy": nothing["reckonedBy"].replace("SVN 0", "SVN 1"),
            "timezone": LJUBLJANA,
            "daysOff": bridge,
            "workingDays": ["2025-04-12"],
            "weekend": [6, 7],
        }
        assert due(server, {"workingDays": 60}) == {
            "day": "2025-07-07",
            "endsAt": "2025-07-07T21:59:59+00:00",
            "isWorkingDay": True,
            "reckonedBy": now["reckonedBy"],
        }
        assert due(server, {"days": 60})["isWorkingDay"] is False
        assert due(server, {"months": 1})["day"] == "2025-05-08"
        assert due(server, {"years": 2})["day"] == "2027-04-08"

        cleared = setting(server, expectedVersion=1)
        assert (cleared["calendar"]["version"], cleared["calendar"]["daysOff"]) == (2, [])
        assert asked(server, at={"logIndex": payload["logIndex"]}) == now
        assert asked(server, at={"logIndex": payload["logIndex"] - 1}) == nothing
        assert asked(server, "HRV")["version"] == 0


def test_the_guide_does_what_it_says(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "calendars.md").read_text()
    mutation, query = re.findall(r"```graphql\n(.*?)```", guide, re.DOTALL)
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        assert server.ask("reader", query)["calendar"]["due"]["day"] == "2026-12-24"
        assert server.ask("coordinator", mutation)["setCalendar"]["errors"] == []
        told = server.ask("reader", query)["calendar"]
        assert told["due"]["day"] == "2026-12-23"
        versions = r"\d[\d.]*[a-z]?"
        shape = re.sub(versions, "…", told["due"]["reckonedBy"])
        assert f"    {shape}\n" in re.sub(versions, "…", guide)
        assert told["holidays"][-3]["name"] == "Afternoon off, by decree"


def test_a_year_is_shown_day_by_day(here: Server) -> None:
    query = """{ calendar(addressee: "DEU") { holidays(year: 2025) { day name own }
        isWorkingDay(day: "2025-12-25") } }"""
    told = here.ask("reader", query)["calendar"]
    assert told["isWorkingDay"] is False
    assert {"day": "2025-12-25", "name": "Christmas Day", "own": False} in told["holidays"]


def test_a_calendar_that_has_moved_on_is_not_set_over(here: Server) -> None:
    (error,) = setting(here, addressee="FRA", expectedVersion=3)["errors"]
    assert (error["code"], error["currentVersion"]) == ("STALE_VERSION", 0)
    assert setting(here, addressee="FRA", timezone="Europe/Paris")["errors"] == []
    size = here.size()
    (error,) = setting(here, addressee="FRA")["errors"]
    assert (error["code"], error["currentVersion"]) == ("STALE_VERSION", 1)
    same = setting(here, addressee="FRA", timezone="Europe/Paris", expectedVersion=1)
    assert codes(same) == ["ALREADY_SO"]
    assert here.size() == size


def test_the_same_command_again_gives_its_first_result(here: Server) -> None:
    first = setting(here, addressee="ITA", timezone="Europe/Rome", commandId="set-italy")
    size = here.size()
    again = setting(here, addressee="ITA", timezone="Europe/Rome", commandId="set-italy")
    assert (again["errors"], again["logIndex"], here.size()) == ([], first["logIndex"], size)
    other = setting(here, addressee="ITA", timezone="Europe/Paris", commandId="set-italy")
    assert codes(other) == ["COMMAND_REUSED"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Europe/Atlantis"},
        {"subdivision": "XX"},
        {"daysOff": [{"day": "2025-02-30", "name": "no day"}]},
        {"workingDays": ["2025-12-27", "2025-12-27"]},
        {"weekend": [1, 2, 3, 4, 5, 6, 7]},
        {"addressee": "ABC"},
        {"addressee": "Slovenia"},
    ],
)
def test_what_makes_no_calendar_is_refused_as_data(here: Server, wrong: dict[str, Any]) -> None:
    size = here.size()
    assert codes(setting(here, **{"addressee": "AUT", **wrong})) == ["INVALID_INPUT"]
    assert here.size() == size


@pytest.mark.parametrize("who", sorted(set(HOLDERS) - {"coordinator"}))
def test_only_a_coordinator_sets_a_calendar(here: Server, who: str) -> None:
    setting(here, addressee="HRV", timezone="Europe/Zagreb")
    size = here.size()
    assert codes(setting(here, who, addressee="HUN")) == ["FORBIDDEN"]
    assert codes(setting(here, who, addressee="HRV", expectedVersion=1)) == ["FORBIDDEN"]
    assert here.size() == size


def test_a_key_for_another_state_neither_reads_nor_sets_it(here: Server) -> None:
    setting(here, addressee="PRT", timezone="Europe/Lisbon")
    here.grant("elsewhere", "coordinator", "mfa", addressees=("ESP",))
    said = {"addressee": "PRT", "expectedVersion": 1}
    assert codes(setting(here, "elsewhere", **said)) == ["NOT_FOUND"]
    assert codes(setting(here, "elsewhere", addressee="POL")) == ["FORBIDDEN"]
    error = here.refused("elsewhere", CALENDAR, whose="PRT")
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert here.ask("elsewhere", CALENDAR, whose="ESP")["calendar"]["version"] == 0


@pytest.mark.parametrize(
    "asked",
    [
        {"whose": "Slovenia"},
        {"from": "2025-04"},
        {"after": {"days": 0}},
        {"after": {"workingDays": 25_001}},
        {"from": "2290-01-01", "after": {"years": 50}},
    ],
)
def test_what_can_not_be_reckoned_is_refused(here: Server, asked: dict[str, Any]) -> None:
    usual = {"whose": "SVN", "from": "2025-04-08", "after": {"days": 1}}
    error = here.refused("reader", DUE, **{**usual, **asked})
    assert error["extensions"]["code"] == "INVALID_INPUT"


def test_a_calendar_is_looked_up_each_time_and_for_a_file_once(here: Server) -> None:
    calendars = here.service.desk.procedures.calendars
    assert calendars.of("EST") is calendars.of("EST")
    for_a_file = calendars.for_a_file()
    assert for_a_file.of("EST").own_version == 0
    assert setting(here, addressee="EST", timezone="Europe/Tallinn")["errors"] == []
    assert calendars.of("EST").own_version == 1
    assert calendars.of("EST").end_of("2025-04-08") == "2025-04-08T20:59:59Z"
    assert calendars.of("EST") is calendars.of("EST")
    assert for_a_file.of("EST").own_version == 0
    assert calendars.for_a_file().of("EST").own_version == 1
    assert Calendars().of("EST").own_version == 0


@pytest.mark.parametrize(
    ("whose", "from_", "day"),
    [
        ("BGR", "2026-03-02", "2026-03-04"),
        ("MAR", "2026-07-29", "2026-07-31"),
        ("GTM", "2026-09-14", "2026-09-16"),
        ("BHR", "2026-12-15", "2026-12-20"),
        ("VUT", "2026-07-29", "2026-07-31"),
        ("SWZ", "2026-09-04", "2026-09-08"),
        ("XKX", "2026-02-16", "2026-02-18"),
    ],
)
def test_a_working_day_passes_over_the_holidays_of_each_state(
    here: Server, whose: str, from_: str, day: str
) -> None:
    query = """query($whose: String!, $from: Date!) { calendar(addressee: $whose) {
        knowsHolidays due(from: $from, after: {workingDays: 1}) { day knowsHolidays } } }"""
    told = here.ask("reader", query, whose=whose, **{"from": from_})["calendar"]
    assert told == {"knowsHolidays": True, "due": {"day": day, "knowsHolidays": True}}


def test_a_day_reckoned_through_years_whose_holidays_are_unknown_says_so(here: Server) -> None:
    query = """{ calendar(addressee: "LKA") { knowsHolidays this: knowsHolidays(year: 2026)
        later: knowsHolidays(year: 2030)
        due(from: "2026-11-02", after: {workingDays: 60}) { knowsHolidays } } }"""
    assert here.ask("reader", query)["calendar"] == {
        "knowsHolidays": True,
        "this": True,
        "later": False,
        "due": {"knowsHolidays": False},
    }


# --- As it was then ------------------------------------------------------------------------------


def test_what_a_state_said_of_its_calendar_counts_from_when_it_said_it(sqlite_url: str) -> None:
    said = ("2031-01-06", "2031-01-07")
    log = Log(sqlite_url)
    try:
        held: OwnCalendar | None = None
        since: list[int] = []
        for version, day in enumerate(said, 1):
            off = [DayOff(day=day, name="National day")]
            event = set_calendar(stamp(), held, timezone="Europe/Ljubljana", days_off=off)
            entry = Entry(calendar_id("SVN"), version, "SVN", event)
            held = fold([entry], held)
            command = uuid4().hex
            log.append(command, command.encode(), [entry])
            (recorded,) = log.read(version - 1, 1)
            assert recorded.recorded_at is not None
            since.append(recorded.recorded_at)
            time.sleep(0.002)
        clock = [0]
        then = CalendarsThen(log, lambda: clock[0])
        for at, days_off in (
            (since[0] - 1, (False, False)),
            (since[0], (True, False)),
            (since[1] - 1, (True, False)),
            (since[1], (False, True)),
            (since[1] + 10**9, (False, True)),
        ):
            clock[0] = at
            works = tuple(then.of("SVN").is_working_day(day) for day in said)
            assert works == tuple(not off for off in days_off)
        assert then.of("KEN").own is None
    finally:
        log.close()
