"""Looking back: from any standpoint every question is answered as it would have been there."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from domain.entry import Entry, Visibility
from domain.refusals import LimitExceeded, Unavailable
from domain.scope import Scope, everything
from domain.words import Answer, AssignmentStatus, LinkType, Position
from projections import figures, history, recommendations
from projections.figures import Dimension
from projections.ration import Ration
from projections.recommendations import Order, Where, page_size_max
from projections.refilled import rows_of
from projections.register import SHELVES
from projections.standpoints import Standpoint, Standpoints
from tests.given import (
    Given,
    accepted,
    answered,
    any_history,
    assessed,
    classified,
    closed,
    corrected,
    declared,
    decreed,
    duplicate,
    given,
    handed_over,
    linked,
    noted,
    offered,
    received,
    reopened,
    struck,
    supported,
    term,
    undone,
    unlinked,
)
from tests.given import text as wording
from tests.length import times
from tests.test_views import Place, contents, place

PUBLIC = Scope(visibilities=frozenset({Visibility.PUBLIC}))


def known(connection: Connection) -> dict[str, Any]:
    """What views hold; keys are not looked back at."""
    found = contents(connection)
    del found["credential"]
    return found


def answers(connection: Connection, scope: Scope, where: Where) -> dict[str, Any]:
    """What lists, counts, search and figures say."""
    said: dict[str, Any] = {
        order.value: recommendations.page(
            connection, scope, where, order=order, first=page_size_max
        ).rows
        for order in Order
    }
    said["count"] = recommendations.count(connection, scope, where)
    for word in ("ratify", "酷刑", "تعذيب", "140.1"):
        both = Where(search=word, addressee=where.addressee)
        said[word] = recommendations.count(connection, scope, both)
    for by in (Dimension.ALL, Dimension.INSTITUTION, Dimension.SDG):
        said[f"by {by}"] = [
            (row.key, row.label, [(unit.total, dict(unit.by)) for unit in row.units], row.grades)
            for row in figures.progress(connection, scope, by, where)
        ]
    for name in ("orphaned", "undecided"):
        flag = Where(**{name: True, "addressee": where.addressee})  # type: ignore[arg-type]
        said[name] = recommendations.count(connection, scope, flag)
    return said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A long history of everything."""
    with place(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'suivi.db'}") as made:
        for entries in any_history(Random(17), 25, 700):
            made.record(*entries)
        made.feed.advance()
        yield made


def copied(whole: Place, cut: Place, index: int) -> None:
    """Brings the very rows of one log up to an index into another."""
    file = cut.url.removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ATTACH ? AS whole", (whole.url.removeprefix("sqlite:///"),))
        rows = (
            "FROM whole.log_event WHERE log_index <= ? AND log_index >= (SELECT next FROM log_head)"
        )
        connection.execute(f"INSERT INTO log_event SELECT * {rows}", (index,))
        connection.execute("INSERT OR IGNORE INTO vault SELECT * FROM whole.vault")
        connection.execute("UPDATE log_head SET next = ?", (index + 1,))


# --- The first clock -----------------------------------------------------------------------------


@pytest.mark.endurance
def test_at_any_log_index_all_is_as_in_a_log_that_ends_there(whole: Place, tmp_path: Path) -> None:
    indexes = sorted(Random(1).sample(range(whole.log.size), times(25, long=200)))
    back = Standpoints(whole.log, 100_000)
    with place(f"sqlite:///{tmp_path / 'cut.db'}") as cut, whole.views.snapshot() as (now, _):
        for index in indexes:
            copied(whole, cut, index)
            assert cut.feed.advance() == index + 1
            with back.look(Standpoint(index), now) as then, cut.views.snapshot() as (ends, _):
                assert known(then) == known(ends), index
                if index % 5:
                    continue
                for scope in (everything, PUBLIC):
                    assert answers(then, scope, Where()) == answers(ends, scope, Where())
                    for shelf in SHELVES:
                        assert shelf.page(then, scope) == shelf.page(ends, scope)
                streams = sorted({entry.stream for entry in whole.log.read_all()})
                there = history.histories(whole.log, PUBLIC, streams, index)
                assert there == history.histories(cut.log, PUBLIC, streams, index)
                assert sum(map(len, there.values())) <= index + 1
    back.close()


@pytest.mark.parametrize("addressees", [("SVN",), ("FRA",), ("FRA", "SVN"), ("XXX",)])
@pytest.mark.slow
def test_the_record_of_some_states_is_theirs_in_the_record_of_all(
    whole: Place, addressees: tuple[str, ...]
) -> None:
    back = Standpoints(whole.log, 100_000)
    scope = Scope(visibilities=everything.visibilities, addressees=frozenset(addressees))
    where = Where(addressee=sorted(addressees))
    for index in Random(2).sample(range(whole.log.size), 6):
        with (
            whole.views.snapshot() as (now, _),
            back.look(Standpoint(index), now) as every,
            back.look(Standpoint(index, None, frozenset(addressees)), now) as some,
        ):
            theirs = answers(some, everything, where)
            assert theirs == answers(every, everything, where)
            assert theirs == answers(some, scope, Where())
            for shelf in SHELVES:
                page = shelf.page(some, everything, first=page_size_max)
                assert page == shelf.page(every, scope, first=page_size_max)
                assert shelf.count(some, everything) == shelf.count(every, scope)
            ours = some.execute(text("SELECT DISTINCT addressee FROM recommendation"))
            assert set(ours.scalars()) <= set(addressees)
    back.close()


# --- The second clock ----------------------------------------------------------------------------


def told(views: Connection, by: Dimension) -> list[Any]:
    """The figures by a dimension, as plain data."""
    return [
        (row.key, row.version, [(u.total, u.open, u.by) for u in row.units], row.grades)
        for row in figures.progress(views, everything, by, Where())
    ]


def test_at_the_end_of_days_everything_counts_but_the_states_of_the_procedure(
    whole: Place,
) -> None:
    back = Standpoints(whole.log, 100_000)
    for index in (whole.log.size - 1, whole.log.size // 2):
        with (
            whole.views.snapshot() as (now, _),
            back.look(Standpoint(index), now) as every,
            back.look(Standpoint(index, "9999-12-31"), now) as counted,
        ):
            asked = (everything, Where())
            a, b = (
                recommendations.page(c, *asked, first=page_size_max).rows for c in (every, counted)
            )
            assert [row.state.states for row in b] == [[] for _ in a]
            for row in a:
                row.state.states = []
            assert a == b
            for by in {*Dimension} - {Dimension.BUCKET}:
                assert told(every, by) == told(counted, by)
            shelves = [[*rows_of(c, s.table)] for c in (every, counted) for s in SHELVES]
            assert shelves[: len(SHELVES)] == shelves[len(SHELVES) :]
    back.close()


def test_no_day_shows_what_was_only_true_later(whole: Place) -> None:
    """Whatever a day shows of positions, assignments and assessments is dated by then."""
    back = Standpoints(whole.log, 100_000)
    for day in ("2024-12-31", "2025-01-31", "2025-04-07", "2025-04-08"):
        from_ = Standpoint(whole.log.size - 1, day)
        with whole.views.snapshot() as (now, _), back.look(from_, now) as then:
            rows = recommendations.page(then, everything, Where(), first=page_size_max).rows
        assert rows
        for r in (row.state for row in rows):
            held = [p.on for p in r.positions] + [a.on for a in r.assessments]
            assert all("" < on <= day for on in held), "what is undated was learned today"
    back.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(f"sqlite:///{tmp_path / 'suivi.db'}") as made:
        yield made


def recorded(there: Place, *histories: Given, on: str | None = None) -> None:
    """Records histories; `on`: as if they had been recorded that day."""
    for it in histories:
        there.record(*it.entries)
    if on is not None:
        file = there.url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE log_event SET recorded_at = unixepoch(?) * 1000000", (on,))
    there.feed.advance()


@contextlib.contextmanager
def seen(there: Place, day: str | None, index: int | None = None) -> Iterator[Connection]:
    back = Standpoints(there.log, 1_000)
    last = there.log.size - 1 if index is None else index
    with there.views.snapshot() as (now, _), back.look(Standpoint(last, day), now) as then:
        yield then
    back.close()


def states(connection: Connection) -> dict[str | None, Any]:
    rows = recommendations.page(connection, everything, Where()).rows
    return {row.state.paragraph: row.state for row in rows}


def test_a_late_addendum_is_told_on_both_clocks(here: Place) -> None:
    """Expressed on 19 February 2020 in an addendum that was entered here after the adoption."""
    it = given(
        received(on="2019-11-12"),
        answered(Answer.SUPPORTED, "2020-02-19", instrument="A/HRC/43/15/Add.1"),
    )
    recorded(here, it, on="2020-06-30")
    for index, day, position in (
        (0, "2020-03-12", Position.PENDING),
        (1, "2020-03-12", Position.SUPPORTED),
        (1, "2020-02-18", Position.PENDING),
        (1, None, Position.SUPPORTED),
    ):
        with seen(here, day, index) as then:
            assert states(then)["140.1"].position is position, (index, day)
            for wanted in (Position.PENDING, Position.SUPPORTED):
                count = recommendations.count(then, everything, Where(position=[wanted]))
                assert count == int(wanted is position)


@pytest.mark.parametrize(
    ("on", "first"), [("2020-02", "2020-02-29"), ("2020", "2020-12-31"), (None, "2021-05-05")]
)
def test_what_is_dated_roughly_or_not_at_all_counts_from_the_last_day_it_may_mean(
    here: Place, on: str | None, first: str
) -> None:
    recorded(here, given(received(on="2019"), noted(on)), on="2021-05-05")
    before = f"{first[:-2]}{int(first[-2:]) - 1:02}"
    for day, position in ((before, Position.PENDING), (first, Position.NOTED)):
        with seen(here, day) as then:
            assert states(then)["140.1"].position is position


def test_what_it_is_holds_from_its_beginning_where_no_date_is_known(here: Place) -> None:
    """A correction of a slip, a classification and a link say what it always was; a position does
    not."""
    to = UUID(int=7)
    it = given(
        received(on="2020-01-01"),
        corrected(text=wording("Accede")),
        classified(term("theme", "A12")),
        linked(to, LinkType.OVERLAPS),
        supported(None),
        assessed("B"),
    )
    recorded(here, it, on="2024-05-05")
    with seen(here, "2020-01-01") as then:
        r = states(then)["140.1"]
        assert (r.text(), [h.term.code for h in r.terms]) == ("Accede", ["A12"])
        assert [link.to for link in r.links] == [to]
        assert (r.position, r.assessments) == (Position.PENDING, [])
        assert recommendations.count(then, everything, Where(theme=["A12"])) == 1
        assert recommendations.count(then, everything, Where(search="ratify")) == 0
    with seen(here, "2019-12-31") as then:
        assert states(then) == {}, "nothing is said of what had not begun"


def test_what_was_taken_back_on_a_day_stands_before_it(here: Place) -> None:
    to = UUID(int=7)
    it = given(
        received(on="2020-01-01"),
        linked(to, on="2020-02-01"),
        unlinked(2)._replace(said={"reason": "another subject", "on": "2020-05-01"}),
        duplicate(to)._replace(said={"on": "2020-02-01"}),
        undone()._replace(said={"reason": "they differ", "on": "2020-05-01"}),
        supported("2020-02-01"),
        struck(6)._replace(said={"reason": "another's", "on": "2020-05-01"}),
        closed()._replace(said={"reason": "done", "on": "2020-02-01"}),
        reopened()._replace(said={"reason": "repealed", "on": "2020-05-01"}),
    )
    recorded(here, it)
    with seen(here, "2020-04-30") as then:
        r = states(then)["140.1"]
        assert (len(r.links), r.duplicate_of, r.position) == (1, to, Position.SUPPORTED)
        assert r.closed is not None
        assert r.states == []
    for day in ("2020-05-01", None):
        with seen(here, day) as then:
            r = states(then)["140.1"]
            assert (r.links, r.duplicate_of, r.closed) == ([], None, None)
            assert r.position is Position.PENDING


def test_a_handover_is_left_out_while_the_offer_before_it_does_not_count(here: Place) -> None:
    earlier = {"on": "2021-01-01"}
    it = given(
        received(on="2020"),
        offered(on="2022-01-01"),
        accepted(2)._replace(said=earlier),
        handed_over(2, "justice")._replace(said=earlier),
    )
    recorded(here, it)
    with seen(here, "2021-06-01") as then:
        assert states(then)["140.1"].assignments == []
    with seen(here, "2022-01-01") as then:
        found = {a.institution: a.status for a in states(then)["140.1"].assignments}
        assert found == {
            "labour": AssignmentStatus.HANDED_OVER,
            "justice": AssignmentStatus.ASSIGNED,
        }


def test_history_on_a_day_tells_what_the_state_of_that_day_is_made_of(whole: Place) -> None:
    last = whole.log.size - 1
    back = Standpoints(whole.log, 100_000)
    for day, is_all in (("2019-12-31", False), ("2025-04-08", True)):
        with whole.views.snapshot() as (now, _), back.look(Standpoint(last, day), now) as then:
            rows = recommendations.page(now, everything, Where(), first=page_size_max).rows
            streams = [row.state.id for row in rows]
            told = history.histories(whole.log, everything, streams, last, day)
            shown = recommendations.by_ids(then, everything, streams)
        assert (len(shown) > 0, len(shown) == len(streams)) == (True, is_all)
        for id, entries in told.items():
            versions = [entry.version for entry in entries]
            if 1 not in versions:
                assert id not in shown
                continue
            r = shown[id].state
            facts = [p.version for p in (*r.positions, *r.assessments, *r.plans, *r.covers)]
            facts += [*r.declared, *r.reported, *(a.id for a in r.assignments)]
            assert set(facts) <= set(versions)
            assert r.version in versions
    back.close()


def test_a_declaration_counts_on_its_day_in_figures_too(here: Place) -> None:
    it = given(
        received(on="2020-01-01"), decreed("labour", on="2020-02-01"), declared(on="2021-06-30")
    )
    recorded(here, it)
    found = {}
    for day in ("2020-01-15", "2020-12-31", "2021-07-01"):
        with seen(here, day) as then:
            (row,) = figures.progress(then, everything, Dimension.ALL, Where())
            found[day] = dict(row.units[0].by["stage"])
    assert found == {
        "2020-01-15": {"received": 1},
        "2020-12-31": {"assigned": 1},
        "2021-07-01": {"implemented": 1},
    }


def test_a_recording_time_is_the_log_index_of_the_last_entry_by_then(here: Place) -> None:
    recorded(here, given(received(), supported(), noted()))
    assert here.log.at(0) == -1
    last = here.log.read(2, 1)[0]
    assert here.log.at(last.recorded_at or 0) == 2
    assert here.log.at((last.recorded_at or 0) + 1_000_000) == 2


# --- Limits --------------------------------------------------------------------------------------


def test_looking_back_reads_at_most_what_it_may_and_a_refusal_stands_in_nobodys_way(
    here: Place,
) -> None:
    recorded(here, given(received("140.1"), supported()), given(received("140.2", addressee="FRA")))
    back = Standpoints(here.log, 2)
    with here.views.snapshot() as (now, _):
        for _ in range(2):
            with pytest.raises(LimitExceeded, match="addressee"), back.look(Standpoint(2), now):
                pass
        for states_, fits in (({"SVN"}, True), ({"FRA"}, True), ({"SVN", "FRA"}, False)):
            one = Standpoint(2, None, frozenset(states_))
            if fits:
                with back.look(one, now) as then:
                    assert recommendations.count(then, everything, Where()) == 1
            else:
                with pytest.raises(LimitExceeded, match="FRA, SVN"), back.look(one, now):
                    pass
    back.close()


def test_a_look_that_broke_off_is_filled_anew_by_the_next(here: Place) -> None:
    recorded(here, *(given(received(f"140.{n}")) for n in range(5)))

    class Flaky:
        """The log, whose reading breaks off half way the first time."""

        broke = False

        def __getattr__(self, name: str) -> Any:
            return getattr(here.log, name)

        def read_streams(self, stop: int) -> Iterator[list[Entry]]:
            for n, stream in enumerate(here.log.read_streams(stop)):
                if n == 3 and not self.broke:
                    self.broke = True
                    raise Unavailable("The log can't be reached now.")
                yield stream

    log: Any = Flaky()
    back = Standpoints(log, 100)
    with here.views.snapshot() as (now, _):
        with pytest.raises(Unavailable), back.look(Standpoint(4), now):
            pass
        with back.look(Standpoint(4), now) as then:
            assert recommendations.count(then, everything, Where()) == 5
    back.close()


def test_what_is_let_go_goes_on_for_those_who_still_read_it(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.standpoints.kept_max", 1)
    recorded(here, *(given(received(f"140.{n}")) for n in range(3)))
    back = Standpoints(here.log, 100)
    with here.views.snapshot() as (now, _):
        with back.look(Standpoint(0), now) as first:
            for index in (1, 2):
                with back.look(Standpoint(index), now) as other:
                    assert recommendations.count(other, everything, Where()) == index + 1
            with back.look(Standpoint(0), now) as again:
                assert recommendations.count(again, everything, Where()) == 1
            assert recommendations.count(first, everything, Where()) == 1
            assert recommendations.count(first, everything, Where(search="ratify")) == 1
        with back.look(Standpoint(0), now) as anew:
            assert recommendations.count(anew, everything, Where()) == 1
    back.close()


def test_a_standpoint_asked_for_again_is_not_read_again(here: Place) -> None:
    recorded(here, given(received()))
    reads: list[int] = []

    class Counted:
        """The log, and how often it was read."""

        def __getattr__(self, name: str) -> Any:
            return getattr(here.log, name)

        def read_streams(self, stop: int) -> Iterator[list[Entry]]:
            reads.append(stop)
            return here.log.read_streams(stop)

    log: Any = Counted()
    back = Standpoints(log, 100)

    def look(_: int) -> int:
        with here.views.snapshot() as (now, _), back.look(Standpoint(0), now) as then:
            return recommendations.count(then, everything, Where())

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(look, range(40))) == {1}
    assert reads == [0]
    back.close()


def test_many_look_back_at_once_while_others_are_let_go(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.standpoints.kept_max", 2)
    recorded(here, given(received(on="2019"), supported("2019")))
    back = Standpoints(here.log, 1_000)
    days = [f"2020-{month:02d}-28" for month in range(1, 13)]

    def look(n: int) -> int:
        from_ = Standpoint(1, days[n % 12])
        with here.views.snapshot() as (now, _), back.look(from_, now) as then:
            return recommendations.count(then, everything, Where())

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(look, range(60))) == {1}
    back.close()


# --- What is folded is shared --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.endurance
def test_whoever_looked_before_all_is_as_folded_from_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many standpoints on both clocks, in any order, each folded on from whatever is kept."""
    random = Random(23)
    with place(f"sqlite:///{tmp_path / 'suivi.db'}") as there:
        for entries in any_history(random, 10, 160):
            there.record(*entries)
        there.feed.advance()
        monkeypatch.setattr("projections.standpoints.spacing_entries", 16)
        shared = Standpoints(there.log, 100_000, bytes_max=6_000_000)
        days = (None, None, "2024-12-31", "2025-04-08", "9999-12-31")
        whose = (None, None, frozenset({"SVN"}), frozenset({"FRA"}))
        with there.views.snapshot() as (now, _):
            for _ in range(times(40, long=400)):
                index = random.randrange(there.log.size)
                from_ = Standpoint(index, random.choice(days), random.choice(whose))
                alone = Standpoints(there.log, 100_000)
                with monkeypatch.context() as zero:
                    zero.setattr("projections.standpoints.spacing_entries", 1_000_000)
                    with alone.look(from_, now) as then:
                        expected = known(then)
                alone.close()
                with shared.look(from_, now) as then:
                    assert known(then) == expected, from_
        shared.close()


def long(there: Place, streams: int) -> None:
    """A log of a hundred entries for each of the streams, in turn."""
    there.record(*(given(received(f"140.{n}")).entries[0] for n in range(streams)))
    there.feed.advance()


@pytest.mark.slow
def test_neighbours_fold_what_lies_between_them(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is counted in entries: the first look folds the log, those after it what is between."""
    long(here, 400)
    monkeypatch.setattr("projections.standpoints.spacing_entries", 32)
    back = Standpoints(here.log, 100_000)

    def work(index: int) -> int:
        ration = Ration(1, 100_000)
        from_ = Standpoint(index)
        with here.views.snapshot() as (now, _), back.look(from_, now, ration) as then:
            assert recommendations.count(then, everything, Where()) == index + 1
        return ration.events

    assert work(390) <= 391 + 2 * 32
    assert max(work(index) for index in (391, 389, 385)) <= 2 * 32
    assert work(390) == 0
    downward = [work(index) for index in range(380, 20, -6)]
    assert len(downward) == 60
    assert sum(downward) <= 400 * 10, "each of sixty would fold two hundred from zero: 12,000"
    back.close()


def test_a_request_looks_back_as_far_as_its_ration_goes(here: Place) -> None:
    long(here, 50)
    back = Standpoints(here.log, 1_000)
    ration = Ration(3, 45)
    with here.views.snapshot() as (now, _):
        for index in (20, 25):
            ration.look(50)
            with back.look(Standpoint(index), now, ration):
                pass
        assert ration.events == 21 + 2 * 5
        ration.look(50)
        with (
            pytest.raises(LimitExceeded, match="45 entries"),
            back.look(Standpoint(49), now, ration),
        ):
            pass
        with pytest.raises(LimitExceeded, match="3 standpoints"):
            ration.look(50)
        with back.look(Standpoint(49), now):
            pass
    back.close()


def test_a_request_folds_a_long_log_twice_at_most() -> None:
    ration = Ration(100, 500_000)
    ration.look(30_000)
    ration.fold(60_000)
    with pytest.raises(LimitExceeded, match="60,000 entries"):
        ration.fold(1)


def test_the_only_states_record_is_everybodys(here: Place) -> None:
    """Where there is one State, a key for it and a key for all share what was folded."""
    long(here, 20)
    back = Standpoints(here.log, 1_000)
    ration = Ration(2, 1_000)
    with here.views.snapshot() as (now, _):
        for whose in (None, frozenset({"SVN"})):
            with back.look(Standpoint(10, None, whose), now, ration):
                pass
    assert ration.events == 11
    back.close()


def test_what_is_kept_takes_no_more_memory_than_it_may(here: Place) -> None:
    long(here, 40)
    back = Standpoints(here.log, 1_000, bytes_max=1)
    with here.views.snapshot() as (now, _):
        for index in range(5):
            with back.look(Standpoint(index), now) as then:
                assert recommendations.count(then, everything, Where()) == index + 1
            assert len(back._kept) == 1
    back.close()
