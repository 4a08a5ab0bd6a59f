"""The register: everything that is no recommendation, and what it means for recommendations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select

from domain import institution, review
from domain.entry import Entry, Event, Visibility, last_day
from domain.institution import Institution, InstitutionName
from domain.recommendation import Recommendation
from domain.recommendation.elements import Term
from domain.recommendation.held import Assignment
from domain.refusals import InvalidInput
from domain.review import Review, review_id
from domain.scope import Scope, everything
from domain.words import LinkType, Mechanism, Owed
from projections import recommendations, register, tables
from projections.recommendations import Where
from projections.register import SHELVES, Shelf, page_size_max
from tests.given import (
    Act,
    Given,
    accepted,
    any_history,
    classified,
    closed,
    continued,
    declared,
    declined,
    decreed,
    deferred,
    ended,
    given,
    handed_over,
    linked,
    offered,
    planned,
    received,
    reported,
    selected,
    stamp,
    supported,
    term,
)
from tests.length import times
from tests.test_views import Place, on_postgresql, on_sqlite, place

__all__ = ["on_postgresql", "on_sqlite"]

NAMES = {shelf.table.name: shelf for shelf in SHELVES}


@pytest.fixture
def here(database_url: str) -> Iterator[Place]:
    with place(database_url) as made:
        yield made


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def library(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place with a long history of everything, for tests that only ask."""
    with request.getfixturevalue(f"on_{request.param}")() as there:
        for entries in any_history(Random(33), 60, times(500, long=3_000)):
            there.record(*entries)
        there.feed.advance()
        yield there


def everything_on(shelf: Shelf[Any], connection: Connection) -> list[Any]:
    return shelf.page(connection, everything, first=page_size_max).rows


# --- Lists ---------------------------------------------------------------------------------------


@pytest.mark.endurance
@pytest.mark.parametrize("name", NAMES)
def test_pages_of_any_size_give_the_whole_shelf_once_in_either_direction(
    library: Place, name: str
) -> None:
    shelf = NAMES[name]
    with library.views.snapshot() as (connection, _):
        whole = everything_on(shelf, connection)
        assert len(whole) >= 2, "or it would prove little"
        for falling, size in itertools.product((False, True), (1, 2, 7)):
            found: list[Any] = []
            after = None
            more = True
            while more:
                page = shelf.page(
                    connection, everything, first=size, after=after, descending=falling
                )
                assert shelf.count(connection, everything) == len(whole)
                found.extend(page.rows)
                after, more = page.end, page.has_next
            assert found == (whole[::-1] if falling else whole)


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_finds_on_a_shelf_what_it_may_read_and_nothing_else(
    library: Place, name: str
) -> None:
    shelf = NAMES[name]
    public = frozenset({Visibility.PUBLIC})
    scopes = (
        Scope(visibilities=public),
        Scope(visibilities=public | {Visibility.INTERNAL}, institution="labour"),
        Scope(visibilities=public, addressees=frozenset({"FRA"})),
        Scope(visibilities=frozenset()),
    )
    with library.views.snapshot() as (connection, _):
        whole = everything_on(shelf, connection)
        ids = [row.state.id for row in whole]
        for scope in scopes:
            mine = [
                row
                for row in whole
                if scope.reads(row.state.visibility, row.state.institution)
                and (scope.addressees is None or row.state.addressee in {*scope.addressees, ""})
            ]
            page = shelf.page(connection, scope, first=page_size_max)
            assert _told(shelf, page.rows) == _told(shelf, mine)
            assert shelf.count(connection, scope) == len(mine)
            found = shelf.by_ids(connection, scope, ids)
            assert _told(shelf, found.values()) == _told(shelf, mine)
            for row in whole:
                one = shelf.by_id(connection, scope, row.state.id)
                assert _told(shelf, filter(None, [one])) == _told(shelf, [row] * (row in mine))
                if row not in mine:
                    with pytest.raises(InvalidInput, match="no cursor of this list"):
                        shelf.page(connection, scope, after=row.state.id.hex)


def _told(shelf: Any, rows: Iterable[Any]) -> Any:
    """The rows by their ids; of a case, of which each reader is told as much as they may read
    (test_audiences.py), the ids alone."""
    return [row.state.id if shelf.is_case else row for row in sorted(rows, key=_id)]


def _id(row: Any) -> Any:
    return row.state.id


def test_vocabularies_are_for_every_reader_whatever_its_states(library: Place) -> None:
    of_one = Scope(visibilities=frozenset({Visibility.PUBLIC}), addressees=frozenset({"nobody's"}))
    with library.views.snapshot() as (connection, _):
        assert len(register.vocabularies.page(connection, of_one).rows) == 3
        assert register.reviews.page(connection, of_one).rows == []


def test_a_row_says_when_it_last_changed(library: Place) -> None:
    last = {entry.stream: entry for entry in library.log.read_all()}
    with library.views.snapshot() as (connection, _):
        for shelf in SHELVES:
            for row in everything_on(shelf, connection):
                entry = last[row.state.id]
                assert (row.log_index, row.recorded_at) == (entry.log_index, entry.recorded_at)
                assert row.state.version == entry.version


def test_reviews_are_sorted_by_state_body_and_number(here: Place) -> None:
    for cycle in (10, 2, 1):
        here.record(begun(opened(cycle)))
    here.feed.advance()
    with here.views.snapshot() as (connection, _):
        assert [row.state.cycle for row in everything_on(register.reviews, connection)] == [
            *(1, 2, 10)
        ]


def test_a_page_of_the_register_has_a_size_and_a_cursor_of_its_own(library: Place) -> None:
    with library.views.snapshot() as (connection, _):
        file = everything_on(register.files, connection)[0].state.id.hex
        for wrong in ({"first": -1}, {"first": page_size_max + 1}, {"after": file}, {"after": "x"}):
            with pytest.raises(InvalidInput):
                register.reviews.page(connection, everything, **wrong)  # type: ignore[arg-type]
        none = register.reviews.page(connection, everything, first=0)
        assert (none.rows, none.end, none.has_next) == ([], None, True)


def test_reports_are_found_by_what_they_cover(library: Place) -> None:
    with library.views.snapshot() as (connection, _):
        rows = everything_on(register.reports, connection)
        for covered in {id for row in rows for id in row.state.covers}:
            c = tables.SEVERAL["report_cover"].c
            owners = select(c.owner).where(c.recommendation == covered.hex)
            found = register.reports.page(
                connection,
                everything,
                [register.reports.table.c.id.in_(owners)],
                first=page_size_max,
            )
            assert found.rows == [row for row in rows if covered in row.state.covers]


# --- Stories -------------------------------------------------------------------------------------


def begun(made: tuple[UUID, Event], addressee: str = "SVN") -> Entry:
    return Entry(made[0], 1, addressee, made[1])


def opened(cycle: int) -> tuple[UUID, Event]:
    return review.open_review(
        stamp(), addressee="SVN", mechanism=Mechanism.UPR, body="UPR", cycle=cycle
    )


def registered(code: str = "labour", addressee: str = "SVN") -> tuple[UUID, Event]:
    names = [InstitutionName(language="en", text="Ministry of Labour")]
    return institution.register_institution(stamp(), addressee=addressee, code=code, names=names)


def goes_on(there: Place, fold: Any, id: UUID, command: Any) -> None:
    """Takes a step on an aggregate beside the recommendation."""
    entries = there.log.history([id])
    event = command(fold(entries))
    there.record(Entry(id, len(entries) + 1, entries[0].addressee, event))
    there.feed.advance()


def told(there: Place, first: Entry, *acts: Act) -> Given:
    it = given(first, *acts)
    there.record(*it.entries)
    there.feed.advance()
    return it


def then(there: Place, it: Given, *acts: Act) -> Given:
    for taken in acts:
        outcome = it.when(taken)
        it = outcome.then(Event)
        there.record(it.entries[-1])
    there.feed.advance()
    return it


def asked(there: Place, scope: Scope = everything, **conditions: Any) -> set[str | None]:
    """The paragraph numbers of what fits; what fits not is the rest."""
    with there.views.snapshot() as (connection, _):
        page = recommendations.page(connection, scope, Where(**conditions), first=page_size_max)
        flag = next(name for name in ("overdue", "orphaned", "undecided") if name in conditions)
        others = Where(**{**conditions, flag: not conditions[flag]})
        count = recommendations.count
        assert count(connection, scope, others) + len(page.rows) == count(
            connection, scope, Where()
        )
        return {row.state.paragraph for row in page.rows}


# --- Overdue -------------------------------------------------------------------------------------

OWED: dict[Owed, tuple[tuple[Act, ...], str, str, Act]] = {
    Owed.POSITION: ((deferred("2025-06-30"),), "2025-06-30", "2025-07-01", supported()),
    Owed.ANSWER_TO_OFFER: ((offered(),), "2025-09-01", "2025-09-02", accepted(2)),
    Owed.MEASURES: ((decreed(), planned()), "2026-06-30", "2026-07-01", declared()),
    Owed.FOLLOW_UP: ((selected(due="2026-05"),), "2026-05-31", "2026-06-01", reported()),
}
"""What is owed: the steps by which, the last day for it, the day after, and the step that does it;
months count to their end."""


@pytest.mark.parametrize("owed", Owed)
@pytest.mark.parametrize("way", ["done", "closed"])
def test_what_is_owed_is_overdue_from_the_day_after_until_it_is_done(
    here: Place, owed: Owed, way: str
) -> None:
    steps, last, after, done = OWED[owed]
    it = told(here, received("140.1"), *steps)
    told(here, received("140.2"))
    assert [what for what, _ in it.it.owed()] == [owed]
    assert asked(here, overdue=True, today=last) == set()
    assert asked(here, overdue=True, today=after) == {"140.1"}
    assert asked(here, overdue=False, today=after) == {"140.2"}
    then(here, it, done if way == "done" else closed())
    assert asked(here, overdue=True, today="2099-01-01") == set()


# --- Orphaned ------------------------------------------------------------------------------------

ENDS = {
    "merged": lambda i: i.merge(stamp(on="2025-03"), "social"),
    "split": lambda i: i.split(stamp(on="2025-03"), ["work", "family"]),
    "abolished": lambda i: i.abolish(stamp(on="2025-03")),
}
EQUALITY = term("theme", "B31")


@pytest.mark.parametrize("end", ENDS)
def test_open_assignments_of_an_institution_that_ended_wait_for_a_decision(
    here: Place, end: str
) -> None:
    """Until it is handed over; nobody decides for a closed one, and a namesake is another."""
    id = registered()[0]
    here.record(begun(registered()))
    here.record(begun(registered(addressee="FRA"), "FRA"))
    it = told(here, received("140.1"), decreed("labour"))
    told(here, received("140.2"), offered("labour"))
    told(here, received("140.3"), decreed("justice"))
    told(here, received("140.4"), decreed("labour"), ended(2))
    told(here, received("140.5"), offered("labour"), declined(2))
    told(here, received("140.6"), decreed("labour"), closed())
    told(here, received("140.7", addressee="FRA"), decreed("labour"))
    told(here, received("140.8"), decreed("not registered"))
    assert asked(here, orphaned=True) == set()
    goes_on(here, institution.fold, id, ENDS[end])
    assert asked(here, orphaned=True) == {"140.1", "140.2"}
    it = then(here, it, handed_over(2, "justice"))
    assert asked(here, orphaned=True) == {"140.2"}


def moves(there: Place, on: str | None, *terms: Any, to: str = "justice") -> None:
    goes_on(
        there,
        institution.fold,
        registered()[0],
        lambda i: i.transfer_competence(stamp(on=on), to, "equality", terms),
    )


def test_a_competence_that_passed_on_touches_what_bears_its_terms(here: Place) -> None:
    here.record(begun(registered()))
    women = term("affected-persons", None, "Women & girls")
    it = told(here, received("140.1"), decreed("labour", on="2024"), classified(EQUALITY))
    told(here, received("140.2"), decreed("labour", on="2024"), classified(term("theme", "A12")))
    told(here, received("140.3"), decreed("labour", on="2024"), classified(term("sdg", "B31")))
    told(here, received("140.4"), decreed("justice", on="2024"), classified(EQUALITY))
    told(here, received("140.5"), decreed("labour", on="2024"), classified(women))
    told(here, received("140.6"), decreed("labour", on="2024"))
    moves(here, "2025-03-01", EQUALITY)
    assert asked(here, orphaned=True) == {"140.1"}
    moves(here, "2025-03-01", term("affected-persons", None, "WOMEN & GIRLS"))
    assert asked(here, orphaned=True) == {"140.1", "140.5"}
    moves(here, "2025-03-01")
    assert asked(here, orphaned=True) == {"140.1", "140.5"}, "without terms nothing is named"
    then(here, it, handed_over(2, "justice"))
    assert asked(here, orphaned=True) == {"140.5"}


@pytest.mark.parametrize(
    ("assigned", "moved", "is_orphaned"),
    [
        ("2025-04-08", "2025-04-09", True),
        ("2025-04-08", "2025-04-07", False),
        ("2025-04-08", "2025-04", True),
        ("2025-04-08", "2025", True),
        ("2025-04-08", "2025-03", False),
        ("2025-04-08", "2024", False),
        ("2025-04", "2025-04-01", True),
        ("2025-04-08", None, True),
        (None, "2024", True),
        (None, None, True),
    ],
)
def test_a_competence_that_may_have_passed_on_since_waits_for_a_decision(
    here: Place, assigned: str | None, moved: str | None, is_orphaned: bool
) -> None:
    here.record(begun(registered()))
    told(here, received("140.1"), decreed("labour", on=assigned), classified(EQUALITY))
    moves(here, moved, EQUALITY)
    assert asked(here, orphaned=True) == ({"140.1"} if is_orphaned else set())


def test_an_assignment_one_may_not_see_is_orphaned_for_others_only(here: Place) -> None:
    here.record(begun(registered()))
    secret = {"visibility": Visibility.CONFIDENTIAL, "institution": "mfa"}
    told(here, received("140.1"), decreed("labour", **secret))
    goes_on(here, institution.fold, registered()[0], ENDS["abolished"])
    public = frozenset({Visibility.PUBLIC})
    assert asked(here, Scope(visibilities=public), orphaned=True) == set()
    internal = public | {Visibility.INTERNAL}
    assert asked(here, Scope(visibilities=internal, institution="mfa"), orphaned=True) == {"140.1"}


# --- Undecided -----------------------------------------------------------------------------------


def test_a_pending_position_and_an_open_offer_are_undecided(here: Place) -> None:
    committee = {"mechanism": Mechanism.TREATY_BODY, "cycle": None}
    it = told(here, received("140.1"))
    told(here, received("140.2"), supported())
    offer = told(here, received("140.3"), supported(), offered())
    told(here, received("140.4", **committee))  # type: ignore[arg-type]
    told(here, received("140.5"), offered(), closed())
    assert asked(here, undecided=True) == {"140.1", "140.3"}
    then(here, it, supported())
    then(here, offer, accepted(3))
    assert asked(here, undecided=True) == set()


def test_what_a_closed_review_leaves_open_is_undecided_case_by_case(here: Place) -> None:
    """Domain rule 9: closed, continued, or linked to a successor; else it waits."""
    id, event = opened(4)
    here.record(begun((id, event)))
    left = told(here, received("140.1"), supported())
    told(here, received("140.2"), supported(), closed())
    told(here, received("140.3"), supported(), continued(5))
    earlier = told(here, received("140.4"), supported())
    told(here, received("140.5", cycle=3), supported())
    told(here, received("140.6", addressee="FRA"), supported())
    later = received("200.1", symbol="A/HRC/80/1", cycle=5)
    told(here, later, supported(), linked(earlier.it.id, LinkType.SUCCEEDS))
    assert asked(here, undecided=True) == set(), "the review goes on"
    goes_on(here, review.fold, id, lambda r: r.close(stamp()))
    assert asked(here, undecided=True) == {"140.1"}
    goes_on(here, review.fold, id, lambda r: r.reopen(stamp(reason="too early")))
    assert asked(here, undecided=True) == set()
    goes_on(here, review.fold, id, lambda r: r.close(stamp()))
    then(here, left, continued(5))
    assert asked(here, undecided=True) == set()


# --- All of them, in a long history --------------------------------------------------------------


def is_orphaned(r: Recommendation, known: list[Institution]) -> bool:
    def bears(asked: Term) -> bool:
        borne = [held.term for held in r.terms if held.term.vocabulary == asked.vocabulary]
        if asked.code:
            return any(term.code == asked.code for term in borne)
        return any(term.label.casefold() == asked.label.casefold() for term in borne)

    def has_lost(a: Assignment, i: Institution) -> bool:
        return i.status != "active" or any(
            any(map(bears, m.terms)) and (not m.on or last_day(m.on) >= a.since.order)
            for m in i.transfers
        )

    return r.closed is None and any(
        has_lost(a, i)
        for a in r.assignments
        for i in known
        if a.status in ("offered", "assigned")
        and (i.code, i.addressee) == (a.institution, r.addressee)
    )


def is_undecided(r: Recommendation, reviews: list[Review], linked_to: set[UUID]) -> bool:
    if r.closed:
        return False
    if r.position == "pending" or any(a.status == "offered" for a in r.assignments):
        return True
    if r.cycle is None or r.continued_into or r.id in linked_to:
        return False
    numbers = (r.cycle, None) if r.mechanism is Mechanism.UPR else (None, r.cycle)
    of = review_id(r.addressee, r.body, *numbers)
    return any(one.id == of and one.status == "closed" for one in reviews)


def test_each_question_gives_what_asking_row_by_row_gives(library: Place) -> None:
    with library.views.snapshot() as (connection, _):
        known = [row.state for row in everything_on(register.institutions, connection)]
        reviews = [row.state for row in everything_on(register.reviews, connection)]
    states = [row.state for row in library.rows()]
    to = {link.to for r in states for link in r.links}
    orphaned = {r.paragraph for r in states if is_orphaned(r, known)}
    undecided = {r.paragraph for r in states if is_undecided(r, reviews, to)}
    overdue = {r.paragraph for r in states if r.due and r.due < "2026-01-01"}
    assert min(map(len, (orphaned, undecided, overdue))) > 0, "or it would prove little"
    assert asked(library, orphaned=True) == orphaned
    assert asked(library, undecided=True) == undecided
    assert asked(library, overdue=True, today="2026-01-01") == overdue
