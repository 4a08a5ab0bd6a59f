"""Figures count what the record says: as one who reads it row by row counts, in every unit."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given as all_examples
from hypothesis import settings
from hypothesis import strategies as st

from domain.casework import CaseEvent
from domain.entry import Visibility
from domain.refusals import LimitExceeded
from domain.scope import Scope, everything
from domain.words import Answer, AssessorKind, Kind, Position
from projections import figures
from projections.figures import FOUR_AND_STAGE, Dimension, ProgressRow, progress
from projections.recommendations import Where
from tests import naive
from tests.given import (
    INSTITUTIONS,
    Act,
    answered,
    any_recommendations,
    assessed,
    classified,
    closed,
    decreed,
    duplicate,
    given,
    offered,
    received,
    reopened,
    resumed,
    struck,
    supported,
    suspended,
    term,
    undone,
)
from tests.length import times
from tests.test_views import Fresh, Place, everything_in, exported, on_sqlite, place

__all__ = ["on_sqlite"]

BY = (
    Dimension.ALL,
    Dimension.ADDRESSEE,
    Dimension.MECHANISM,
    Dimension.BODY,
    Dimension.CYCLE,
    Dimension.INSTITUTION,
    Dimension.THEME,
    Dimension.SDG,
    Dimension.SDG_TARGET,
    Dimension.AFFECTED_PERSONS,
    Dimension.MONTH,
)
PUBLIC = Scope(visibilities=frozenset({Visibility.PUBLIC}))
OFFICIAL = Scope(visibilities=frozenset({Visibility.PUBLIC, Visibility.INTERNAL}))
ANY = Where()
OF_ALL = Where(symbol=["A/HRC/59/15"])
"""A condition that cells don't know and that everything meets: it is counted one by one."""


@pytest.fixture
def here(database_url: str) -> Iterator[Place]:
    with place(database_url) as made:
        yield made


def told(row: ProgressRow) -> dict[str, Any]:
    """A row in the words of the naive reader."""
    counts: dict[Any, int] = {}
    for unit, name in zip(row.units, naive.UNITS, strict=True):
        counts[name, "total", ""] = unit.total
        counts[name, "open", "True"] = unit.open
        counts[name, "open", "False"] = unit.total - unit.open
        for dimension, states in unit.by.items():
            counts.update(((name, dimension, state), n) for state, n in states.items())
    return {
        "counts": {what: n for what, n in counts.items() if n},
        "grades": {g.grade: (g.paragraphs, g.parts, g.pairs) for g in row.grades},
    }


def asked(
    there: Place, by: Dimension, scope: Scope = everything, where: Where = ANY, **how: bool
) -> dict[tuple[str, str], dict[str, Any]]:
    with there.views.snapshot() as (connection, _):
        rows = progress(connection, scope, by, where, **how)
        assert len({(row.key, row.version) for row in rows}) == len(rows)
        return {(row.key, row.version): told(row) for row in rows}


def recorded(there: Place, first: Any, *acts: Act) -> None:
    there.record(*given(first, *acts).entries)
    there.feed.advance()


# --- Counted by another --------------------------------------------------------------------------


def _every_count_is_the_naive_one(there: Place) -> None:
    rows = exported(there.log)
    for by in BY:
        for merged in (True, False):
            counted = naive.figures(rows, by.value, merged=merged)
            assert asked(there, by, merged=merged) == counted
            assert asked(there, by, where=OF_ALL, merged=merged) == counted, "one by one"
        for scope, sees in ((PUBLIC, ("public",)), (OFFICIAL, ("public", "internal"))):
            counted = naive.figures(rows, by.value, sees=sees)
            assert asked(there, by, scope) == counted
            assert asked(there, by, scope, OF_ALL) == counted, "one by one"
        concerns = naive.figures(rows, by.value, kinds=("concern",))
        assert asked(there, by, where=Where(kind=[Kind.CONCERN])) == concerns


@settings(max_examples=times(5, long=50))
@all_examples(st.randoms(use_true_random=False), st.integers(1, 12), st.integers(0, 120))
def test_figures_are_what_one_counts_who_reads_row_by_row(
    on_sqlite: Fresh, random: Random, streams: int, steps: int
) -> None:
    with on_sqlite() as there:
        for n, entries in enumerate(any_recommendations(random, streams, steps)):
            there.record(*entries)
            if n % 3 == 0:
                there.feed.advance()
        there.feed.advance()
        _every_count_is_the_naive_one(there)


def test_who_was_not_told_of_a_deadline_counts_without_it(here: Place) -> None:
    offer = offered(visibility=Visibility.CONFIDENTIAL)
    history = given(received(), supported(), offer).when(suspended()).then(CaseEvent)
    assert any(effect.deadline == "offer-answer" for effect in history.entries[-1].stamp.effects)  # type: ignore[union-attr]
    history = history.when(resumed()).then(CaseEvent)
    for entry in history.entries:
        here.record(entry)
    here.feed.advance()
    _every_count_is_the_naive_one(here)


@pytest.mark.endurance
@pytest.mark.parametrize("seed", [4, 5])
def test_figures_of_a_long_record_are_what_one_counts_who_reads_row_by_row(
    here: Place, seed: int
) -> None:
    history = any_recommendations(Random(seed), 40, times(1_000, long=3_000))
    for n, entries in enumerate(history):
        here.record(*entries)
        if seed == 5 and n % 10 == 0:
            here.feed.advance()
    here.feed.advance()
    _every_count_is_the_naive_one(here)
    assert len(asked(here, Dimension.ALL, merged=False)["", ""]["grades"]) > 2, (
        "or it would prove little"
    )
    assert len(asked(here, Dimension.INSTITUTION)) == len(INSTITUTIONS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "where",
    [
        Where(addressee=["SVN"]),
        Where(cycle=[3]),
        Where(position=[Position.SUPPORTED, Position.PENDING]),
        Where(open=True),
        Where(open=False),
        Where(kind=[Kind.RECOMMENDATION, Kind.CONCERN], body=["CRC"]),
        Where(kind=[]),
        Where(duplicate=True),
        Where(stage=[], addressee=["SVN"]),
    ],
    ids=repr,
)
def test_what_cells_count_under_a_condition_is_what_is_counted_one_by_one(
    on_sqlite: Fresh, where: Where
) -> None:
    with on_sqlite() as there:
        for entries in any_recommendations(Random(4), 30, 300):
            there.record(*entries)
        there.feed.advance()
        said = {n: getattr(where, n) for n in Where.__struct_fields__}
        slowly = Where(**{**said, "symbol": ["A/HRC/59/15"]})
        for merged in (True, False):
            for scope in (everything, PUBLIC):
                fast = asked(there, Dimension.THEME, scope, where, merged=merged)
                assert fast == asked(there, Dimension.THEME, scope, slowly, merged=merged)


# --- In every unit -------------------------------------------------------------------------------


def test_a_paragraph_of_two_parts_and_three_states_counts_in_three_units(here: Place) -> None:
    recorded(here, received(wordings=("Ratify", "Report"), states=("FRA", "LTU", "LVA")))
    with here.views.snapshot() as (connection, _):
        (row,) = progress(connection, everything, Dimension.ALL, Where())
    assert [unit.total for unit in row.units] == [1, 2, 3], "a State that asks twice is one pair"


def test_each_part_stands_where_it_was_answered(here: Place) -> None:
    two = received("140.1", wordings=("Ratify", "Report"), states=())
    recorded(here, two, supported(part="1"), answered(Answer.NOTED, part="2"))
    recorded(here, received("140.2", wordings=("A", "B"), states=()), supported(part="1"))
    with here.views.snapshot() as (connection, _):
        (row,) = progress(connection, everything, Dimension.ALL, Where())
    paragraphs, parts, pairs = (dict(unit.by["position"]) for unit in row.units)
    assert paragraphs == {"by-part": 1, "pending": 1}
    assert parts == {"supported": 2, "noted": 1, "pending": 1}
    assert pairs == {}, "no State is named, so no pair counts"


def test_all_figures_of_a_unit_add_up_to_its_total(here: Place) -> None:
    for entries in any_recommendations(Random(8), 40, 400):
        here.record(*entries)
    here.feed.advance()
    with here.views.snapshot() as (connection, _):
        for row in progress(connection, everything, Dimension.THEME, Where()):
            for unit in row.units:
                for name in FOUR_AND_STAGE:
                    assert sum(unit.by[name].values()) == unit.total >= unit.open
                    assert 0 not in unit.by[name].values(), "nothing stands where nothing is left"


def test_concerns_never_count_unless_they_are_asked_for(here: Place) -> None:
    recorded(here, received("140.1"))
    recorded(here, received("140.2", kind=Kind.CONCERN))
    for where, count in ((Where(), 1), (Where(kind=[Kind.CONCERN]), 1), (Where(kind=[*Kind]), 2)):
        with here.views.snapshot() as (connection, _):
            (row,) = progress(connection, everything, Dimension.ALL, where)
        assert row.units[0].total == count


def test_a_duplicate_counts_beside_what_it_duplicates_only_where_they_stand_apart(
    here: Place,
) -> None:
    one = received("140.1")
    recorded(here, one)
    twice = given(received("140.2"), duplicate(one.stream))
    recorded(here, twice.entries[0], duplicate(one.stream))

    def totals(**how: bool) -> int:
        counts = asked(here, Dimension.ALL, **how)["", ""]["counts"]
        return counts["paragraphs", "total", ""]

    assert (totals(), totals(merged=False)) == (1, 2)
    again = twice.when(undone()).entry
    assert again is not None
    here.record(again)
    here.feed.advance()
    assert (totals(), totals(merged=False)) == (2, 2)


def test_grades_stand_apart_by_assessor_scheme_and_version(here: Place) -> None:
    recorded(
        here,
        received(wordings=("Ratify", "Report"), states=("FRA", "LTU")),
        assessed("B1", version="2013", on="2016-01-01"),
        assessed("B", on="2018-01-01"),
        assessed("C", on="2017-01-01"),
        assessed("A", on="2018-06-01", part="2"),
        assessed(
            "fully-implemented",
            assessor="UPR Info",
            kind=AssessorKind.UPR_INFO,
            scheme="upr-info",
            version="1",
            on="2019-01-01",
        ),
    )
    with here.views.snapshot() as (connection, _):
        (row,) = progress(connection, everything, Dimension.ALL, Where())
    committee = ("treaty-body", "Human Rights Committee", "hrc-follow-up")
    found = {g.grade[:5]: (g.paragraphs, g.parts, g.pairs) for g in row.grades}
    assert found == {
        (*committee, "2013", "B1"): (1, 2, 2),
        (*committee, "2017", "B"): (1, 1, 2),
        (*committee, "2017", "A"): (0, 1, 0),
        ("upr-info", "UPR Info", "upr-info", "1", "fully-implemented"): (1, 2, 2),
    }
    assert row.units[0].total == 1, "grades are no recommendations"


def test_a_grade_that_was_struck_gives_way_to_the_one_before(here: Place) -> None:
    recorded(here, received(), assessed("B", on="2018"), assessed("A", on="2019"), struck(3))
    with here.views.snapshot() as (connection, _):
        (row,) = progress(connection, everything, Dimension.ALL, Where())
    assert [g.grade[4] for g in row.grades] == ["B"]


# --- Seen by right -------------------------------------------------------------------------------

INTERNAL = PUBLIC.visibilities | {Visibility.INTERNAL}
SECRET: dict[str, Any] = {"visibility": Visibility.CONFIDENTIAL, "institution": "justice"}


def test_an_assignment_counts_for_its_institution_only_with_those_who_may_see_it(
    here: Place,
) -> None:
    recorded(here, received(), decreed("labour"), decreed("police", **SECRET), offered("mfa"))
    seen = {
        name: {key for key, _ in asked(here, Dimension.INSTITUTION, scope)}
        for name, scope in (
            ("public", PUBLIC),
            ("justice", Scope(visibilities=INTERNAL, institution="justice")),
            ("all", everything),
        )
    }
    assert seen == {
        "public": {"labour"},
        "justice": {"labour", "police"},
        "all": {"labour", "police"},
    }


def test_whoever_may_see_one_of_two_assignments_is_told_of_the_institution(here: Place) -> None:
    parts = received(wordings=("Ratify", "Report"))
    recorded(here, parts, decreed("labour", part="1", **SECRET), decreed("labour", part="2"))
    for scope in (PUBLIC, everything):
        (row,) = asked(here, Dimension.INSTITUTION, scope).values()
        assert row["counts"]["paragraphs", "total", ""] == 1, "and once only"


def test_a_grade_counts_with_those_who_may_read_it(here: Place) -> None:
    recorded(here, received("140.1"), assessed("B", on="2018"), assessed("A", on="2019", **SECRET))
    internal = received("140.2", visibility=Visibility.INTERNAL)
    recorded(here, internal, assessed("D", on="2018"))
    grades = asked(here, Dimension.ALL)["", ""]["grades"]
    assert {grade[4]: n for grade, n in grades.items()} == {"A": (1, 1, 1), "D": (1, 1, 1)}
    public = asked(here, Dimension.ALL, PUBLIC)["", ""]["grades"]
    assert [grade[4] for grade in public] == ["B"]


def test_a_reader_of_one_state_counts_its_record_only(here: Place) -> None:
    recorded(here, received("140.1"))
    recorded(here, received("140.2", addressee="FRA"))
    scope = Scope(visibilities=PUBLIC.visibilities, addressees=frozenset({"FRA"}))
    for where in (Where(), OF_ALL):
        assert list(asked(here, Dimension.ADDRESSEE, scope, where)) == [("FRA", "")]
    assert asked(here, Dimension.ALL, scope, Where(addressee=["SVN"])) == {}


# --- Kept ----------------------------------------------------------------------------------------


def test_a_goal_is_named_by_its_own_term_whichever_came_first(here: Place) -> None:
    target, goal = term("sdg", "16.2", "End abuse"), term("sdg", "16", "Peace")
    recorded(here, received("140.1"), classified(target, goal))
    with here.views.snapshot() as (connection, _):
        (row,) = progress(connection, everything, Dimension.SDG, Where())
    assert (row.key, row.label, row.units[0].total) == ("16", "Peace", 1)


def test_what_goes_back_to_where_it_was_leaves_nothing_elsewhere(here: Place) -> None:
    it = given(received())
    recorded(here, it.entries[0])
    before = asked(here, Dimension.ALL)
    for step in (closed(), reopened()):
        outcome = it.when(step)
        assert outcome.entry is not None
        here.record(outcome.entry)
        here.feed.advance()
        it = outcome.then(type(outcome.entry.event))
    assert asked(here, Dimension.ALL) == before
    counted = everything_in(here.views)
    here.feed.rebuild(names=["figures"])
    assert everything_in(here.views) == counted


def test_what_is_counted_one_by_one_has_a_limit_and_concerns_do_not_use_it_up(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "counted_one_by_one_max", 2)
    here.record(*(received(f"140.{n}") for n in range(2)))
    here.record(*(received(f"150.{n}", kind=Kind.CONCERN) for n in range(3)))
    here.feed.advance()
    counts = asked(here, Dimension.ALL, where=OF_ALL)["", ""]["counts"]
    assert counts["paragraphs", "total", ""] == 2
    recorded(here, received("160.1"))
    with pytest.raises(LimitExceeded, match="narrow"):
        asked(here, Dimension.ALL, where=OF_ALL)
    assert asked(here, Dimension.ALL)["", ""]["counts"]["paragraphs", "total", ""] == 3
