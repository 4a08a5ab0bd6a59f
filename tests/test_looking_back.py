"""Looking back: what was known at a log index, of what was true on a day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection

from domain.entry import Entry, Event
from domain.events import AssignmentHandedOver
from domain.refusals import LimitExceeded
from domain.scope import everything
from domain.words import Position
from projections import figures, recommendations, search
from projections.figures import Dimension
from projections.recommendations import Where
from projections.register import SHELVES
from projections.standpoints import Standpoint, Standpoints, counts, fold
from tests.given import (
    Given,
    accepted,
    any_history,
    classified,
    declared,
    decreed,
    given,
    handed_over,
    noted,
    offered,
    received,
    supported,
    term,
)
from tests.test_views import Place, place

WORDS = ("Ratify", "Report")


def answers(connection: Connection) -> dict[str, Any]:
    """What some questions are answered with, on any views."""
    where = Where()
    page = recommendations.page(connection, everything, where, first=200)
    return {
        "states": [recommendations.written(row.state) for row in page.rows],
        "at": [(row.log_index, row.state.version) for row in page.rows],
        "count": recommendations.count(connection, everything, where),
        "figures": figures.dump(connection),
        "words": search.dump(connection),
        "found": [
            recommendations.count(connection, everything, Where(search=word)) for word in WORDS
        ],
        "register": {shelf.table.name: shelf.dump(connection).keys() for shelf in SHELVES},
        "themes": [
            (row.key, row.units[0].total)
            for row in figures.progress(connection, everything, Dimension.THEME, where)
        ],
    }


def test_at_a_hundred_log_indexes_everything_is_as_in_a_replay_cut_there(tmp_path: Path) -> None:
    """The replay is fed entry by entry into a log of its own."""
    with place(f"sqlite:///{tmp_path / 'all.db'}") as whole:
        appends = any_history(Random(11), 12, 400)
        for entries in appends:
            whole.record(*entries)
        whole.feed.advance()
        size = whole.log.size
        indexes = sorted(Random(12).sample(range(size), 100))
        with place(f"sqlite:///{tmp_path / 'cut.db'}") as cut, whole.views.snapshot() as (now, _):
            back = Standpoints(whole.log, 100_000)
            for index in indexes:
                for entry in whole.log.read(cut.log.size, size, index):
                    cut.record(_unsealed(appends, entry))
                cut.feed.advance()
                with (
                    back.look(Standpoint(index), now) as then,
                    cut.views.snapshot() as (replayed, held),
                ):
                    assert held == index + 1
                    assert answers(then) == answers(replayed), index
            back.close()


def _unsealed(appends: list[list[Entry]], entry: Entry) -> Entry:
    """The entry as it was handed in, for protected texts are sealed once."""
    wanted = entry.stream, entry.version
    return next(e for some in appends for e in some if (e.stream, e.version) == wanted)


def test_one_states_record_is_as_in_all_of_it(tmp_path: Path) -> None:
    with place(f"sqlite:///{tmp_path / 'all.db'}") as here:
        for entries in any_history(Random(13), 10, 200):
            here.record(*entries)
        here.feed.advance()
        back = Standpoints(here.log, 100_000)
        index = here.log.size // 2
        with here.views.snapshot() as (now, _):
            where = Where(addressee=["FRA"])
            with back.look(Standpoint(index), now) as every:
                rows = recommendations.page(every, everything, where, first=200).rows
            with back.look(Standpoint(index, None, frozenset({"FRA"})), now) as one:
                found = recommendations.page(one, everything, Where(), first=200).rows
        assert found == rows
        assert {row.state.addressee for row in found} <= {"FRA"}
        back.close()


# --- The second clock ----------------------------------------------------------------------------

REVIEWED, ADDENDUM, ADOPTED, MID_TERM = "2019-11-12", "2020-02-19", "2020-03-12", "2022-01-15"


@pytest.fixture
def late(tmp_path: Path) -> Any:
    """A late addendum: adopted on 12 March 2020, and the positions it took on 19 February were
    entered here only after the decision."""
    with place(f"sqlite:///{tmp_path / 'late.db'}") as here:
        story = given(received(on=REVIEWED), supported(ADDENDUM, instrument="Add.1"))
        noted_later = story.when(noted(MID_TERM, instrument="mid-term")).then(Event)
        for entry in noted_later.entries:
            here.record(entry)
        here.feed.advance()
        yield here


def position(here: Place, index: int, day: str | None) -> Position | None:
    back = Standpoints(here.log, 1_000)
    try:
        with here.views.snapshot() as (now, _), back.look(Standpoint(index, day), now) as then:
            rows = recommendations.page(then, everything, Where()).rows
            return rows[0].state.position if rows else None
    finally:
        back.close()


def test_what_was_known_is_told_from_what_was_true(late: Place) -> None:
    assert position(late, 0, ADOPTED) is Position.PENDING, "known on the day of adoption"
    assert position(late, 1, ADOPTED) is Position.SUPPORTED, "true that day, learned later"
    assert position(late, 2, ADOPTED) is Position.SUPPORTED, "whatever came after it"
    assert position(late, 2, ADDENDUM) is Position.SUPPORTED
    assert position(late, 2, "2020-02-18") is Position.PENDING
    assert position(late, 2, None) is Position.NOTED
    assert position(late, 2, "2019-11-11") is None, "nothing was said yet"


@pytest.mark.parametrize(
    ("on", "day", "counted"),
    [
        ("2020-02-19", "2020-02-18", False),
        ("2020-02-19", "2020-02-19", True),
        ("2020-02", "2020-02-28", False),
        ("2020-02", "2020-02-29", True),
        ("2020", "2020-12-30", False),
        ("2020", "2020-12-31", True),
    ],
)
def test_a_date_counts_from_the_last_day_it_may_mean(on: str, day: str, counted: bool) -> None:
    entry = given(received(), supported(on)).entries[-1]
    assert counts(entry, day) is counted


def test_a_fact_of_unknown_date_counts_from_the_day_it_was_recorded() -> None:
    entry = given(received(), noted(None)).entries[-1]
    recorded = entry._replace(recorded_at=1_600_000_000_000_000)  # 13 September 2020
    assert not counts(recorded, "2020-09-12")
    assert counts(recorded, "2020-09-13")


def test_what_a_recommendation_is_holds_from_its_beginning() -> None:
    entry = given(received(), classified(term("theme", "A12"))).entries[-1]
    assert counts(entry._replace(recorded_at=1_600_000_000_000_000), "1999-01-01")


def test_what_follows_on_something_that_had_not_begun_is_left_out() -> None:
    history: Given = given(
        received(on="2020"), offered(on="2021-05-01"), accepted(2), handed_over(2, "justice")
    )
    dated = [
        e._replace(recorded_at=0) if isinstance(e.event, AssignmentHandedOver) else e
        for e in history.entries
    ]
    change = fold(dated, "2020-12-31")
    assert change is not None
    assert change.after.assignments == []
    assert change.after.states == [], "the procedure runs on the other clock"
    assert fold(dated, "2019-01-01") is None


def test_a_declaration_counts_on_its_day_in_figures_too(tmp_path: Path) -> None:
    with place(f"sqlite:///{tmp_path / 'figures.db'}") as here:
        it = given(
            received(on="2020-01-01"), decreed("labour", on="2020-02-01"), declared(on="2021-06-30")
        )
        for entry in it.entries:
            here.record(entry)
        here.feed.advance()
        back = Standpoints(here.log, 1_000)
        found = {}
        with here.views.snapshot() as (now, _):
            for day in ("2020-01-15", "2020-12-31", "2021-07-01"):
                with back.look(Standpoint(2, day), now) as then:
                    (row,) = figures.progress(then, everything, Dimension.ALL, Where())
                    found[day] = dict(row.units[0].by["stage"])
        back.close()
        assert found == {
            "2020-01-15": {"received": 1},
            "2020-12-31": {"assigned": 1},
            "2021-07-01": {"implemented": 1},
        }


# --- Limits --------------------------------------------------------------------------------------


def test_looking_back_reads_no_more_than_it_may(late: Place) -> None:
    back = Standpoints(late.log, 2)
    with late.views.snapshot() as (now, _):
        with pytest.raises(LimitExceeded, match="addressee"), back.look(Standpoint(2), now):
            pass
        narrowed = Standpoint(2, None, frozenset({"SVN"}))
        with pytest.raises(LimitExceeded, match="SVN"), back.look(narrowed, now):
            pass
        with back.look(Standpoint(1), now) as then:
            assert recommendations.count(then, everything, Where()) == 1
    back.close()


def test_many_look_back_at_once_while_others_are_let_go(
    late: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.standpoints.kept_max", 2)
    back = Standpoints(late.log, 1_000)
    days = [f"2020-{month:02d}-28" for month in range(1, 13)]

    def look(n: int) -> int:
        from_ = Standpoint(2, days[n % 12])
        with late.views.snapshot() as (now, _), back.look(from_, now) as then:
            return recommendations.count(then, everything, Where())

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(look, range(60))) == {1}
    back.close()


def test_an_act_of_the_day_is_told_by_the_log_too(late: Place) -> None:
    assert late.log.at(0) == -1
    last = late.log.read(2, 1)[0]
    assert late.log.at(last.recorded_at or 0) == 2
    assert late.log.at((last.recorded_at or 0) + 1_000_000) == 2
