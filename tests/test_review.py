"""A review: when it takes place, which documents it has, when it is adopted and over.

Here is also what the tests of the aggregates beside the recommendation share: `told`, a history
command by command, and `walk`, any commands in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as all_examples
from hypothesis import strategies as st

from domain import import_run, institution, match, progress_report, review, stored_file
from domain.entry import Entry, Event, Stamp, Visibility
from domain.refusals import AlreadySo, HasEnded, InvalidInput, LimitExceeded, Refusal, all_refusals
from domain.review import Review, ReviewDocument, documents_max, fold, open_review, review_id
from domain.words import DocumentKind, Mechanism, ReviewStatus
from tests.given import stamp
from workflows.log.mapper import EntryMapper, read_payload

ASIDE = (review, institution, progress_report, stored_file, import_run, match)
"""The modules of the aggregates beside the recommendation."""

CODES = {cls.code for cls in all_refusals()}


def told(fold: Callable[..., Any], begun: tuple[UUID, Event], *commands: Any) -> Any:
    """The state after a first event and what further commands, each given the state, return."""
    id, first = begun
    entries = [Entry(id, 1, "SVN", first)]
    for version, command in enumerate(commands, 2):
        entries.append(Entry(id, version, "SVN", command(fold(entries))))
    return fold(entries)


def walk(
    fold: Callable[..., Any],
    begun: tuple[UUID, Event],
    commands: Iterable[Callable[[Any, Stamp, Random], Event]],
    random: Random,
    steps: int,
) -> None:
    """Any commands in any order: each gives an event that is stored, read back and folds, or a
    refusal that changes nothing; one entry more is all entries from the first; the state survives
    being written as JSON."""
    id, first = begun
    entries = [Entry(id, 1, "SVN", first)]
    state = fold(entries)
    choices = list(commands)
    for _ in range(steps):
        before = msgspec.json.encode(state)
        said = stamp(
            on=random.choice([None, "2024", "2025-03", "2025-04-08"]),
            reason=random.choice([None, " ", "it says so", "it says so"]),
        )
        event = _given_or_refused(random.choice(choices), state, said, random)
        if event is None:
            assert msgspec.json.encode(state) == before
            continue
        payload = EntryMapper().to_stored_event(Entry(id, 1, "SVN", event)).state
        assert read_payload(event.topic, payload) == event
        entries.append(Entry(id, len(entries) + 1, "SVN", event))
        state = fold(entries[-1:], state)
        assert state == fold(entries)
        assert (state.id, state.version) == (id, len(entries))
        assert msgspec.json.encode(state) != before
        assert msgspec.json.decode(msgspec.json.encode(state), type=type(state)) == state


def _given_or_refused(
    command: Callable[[Any, Stamp, Random], Event], state: Any, said: Stamp, random: Random
) -> Event | None:
    try:
        return command(state, said, random)
    except Refusal as refusal:
        if refusal.code not in CODES or not refusal.message.strip():
            raise
        return None


# --- What all of them hold to --------------------------------------------------------------------


@pytest.mark.parametrize("module", ASIDE, ids=lambda module: module.__name__)
def test_frozen_samples_fold_in_the_order_of_their_events(module: ModuleType) -> None:
    stored = Path(__file__).parent / "stored"
    state: Any = None
    for version, cls in enumerate(module.EVENTS, 1):
        event = read_payload(cls.topic, (stored / f"{cls.topic}.json").read_bytes())
        state = module.fold([Entry(UUID(int=1), version, "SVN", event)], state)
        assert state.version == version
    assert state.addressee == "SVN"
    assert state.visibility is Visibility.INTERNAL
    assert state.institution == "Ministry of Foreign Affairs"


# --- A review ------------------------------------------------------------------------------------


def opened(**other: Any) -> tuple[UUID, Event]:
    facts = {"addressee": "SVN", "mechanism": Mechanism.UPR, "body": "UPR", "cycle": 4}
    return open_review(stamp(), **{**facts, **other})


def by_committee(**other: Any) -> tuple[UUID, Event]:
    facts = {"mechanism": Mechanism.TREATY_BODY, "body": "CRC", "cycle": None, "round": 6}
    return opened(**{**facts, **other})


def given(*commands: Any, begun: tuple[UUID, Event] | None = None) -> Review:
    it = told(fold, begun or opened(), *commands)
    assert isinstance(it, Review)
    return it


def adopted(r: Review) -> Event:
    return r.adopt(stamp(on="2025-07-02"), council_session="59", decision="A/HRC/DEC/59/112")


def closed(r: Review) -> Event:
    return r.close(stamp())


def reopened(r: Review) -> Event:
    return r.reopen(stamp(reason="the follow-up goes on"))


def document(
    symbol: str = "A/HRC/59/15", kind: DocumentKind = DocumentKind.WORKING_GROUP_REPORT, **more: Any
) -> ReviewDocument:
    return ReviewDocument(kind=kind, symbol=symbol, **more)


def test_a_new_review_is_open_and_says_who_opened_it() -> None:
    it = given(begun=opened(session="48", reviewed="2025-01-28"))
    assert (it.status, it.cycle, it.round) == (ReviewStatus.OPEN, 4, None)
    assert (it.session, it.reviewed, it.institution) == ("48", "2025-01-28", "mfa")


def test_a_review_has_the_same_id_in_every_installation() -> None:
    """Frozen."""
    assert str(review_id("SVN", "UPR", 4, None)) == "e375b876-844d-5f50-9729-6e050d6aa9cd"
    assert str(review_id("svn", " crc", None, 6)) == "b4d195ad-bd84-57a9-a4f3-689534a8f7ef"
    assert opened()[0] == review_id("SVN", "UPR", 4, None)
    assert (
        len({opened()[0], opened(cycle=3)[0], opened(addressee="FRA")[0], by_committee()[0]}) == 4
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"cycle": None},
        {"round": 1},
        {"cycle": None, "round": 1},
        {"cycle": 0},
        {"cycle": 1_000},
        {"body": " "},
        {"session": ""},
        {"reviewed": "28 January 2025"},
        {"mechanism": Mechanism.TREATY_BODY, "body": "CRC"},
    ],
)
def test_a_review_belongs_to_a_cycle_or_to_a_round_and_its_dates_are_dates(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        opened(**wrong)


def test_scheduling_leaves_what_it_does_not_name_as_it_was() -> None:
    it = given(
        lambda r: r.schedule(stamp(), session="48", reviewed="2025-01", answers_due="2025-06"),
        lambda r: r.schedule(stamp(), reviewed="2025-01-28", council_session="59"),
    )
    assert (it.session, it.reviewed) == ("48", "2025-01-28")
    assert (it.council_session, it.answers_due) == ("59", "2025-06")


def test_scheduling_says_something_new() -> None:
    it = given(lambda r: r.schedule(stamp(), session="48"))
    with pytest.raises(AlreadySo):
        it.schedule(stamp(), session="48")
    for wrong in ({}, {"answers_due": "soon"}, {"reviewed": "2025-02-30"}, {"session": " "}):
        with pytest.raises(InvalidInput):
            it.schedule(stamp(), **wrong)


def test_a_committees_review_goes_to_no_session_of_the_council() -> None:
    it = given(begun=by_committee())
    with pytest.raises(InvalidInput):
        it.schedule(stamp(), council_session="59")
    with pytest.raises(InvalidInput):
        it.adopt(stamp(), council_session="59")
    assert it.adopt(stamp(), decision="CRC/C/SVN/CO/6").council_session is None


def test_the_same_symbol_again_takes_the_place_of_its_document() -> None:
    final = document("a/hrc/59/15 ", title="Report of the Working Group", date="2025-03-21")
    other = document("A/HRC/59/15/Add.1", DocumentKind.ADDENDUM)
    it = given(
        lambda r: r.add_document(stamp(), document()),
        lambda r: r.add_document(stamp(), other),
        lambda r: r.add_document(stamp(), final),
    )
    assert it.documents == [other, final]
    with pytest.raises(AlreadySo):
        it.add_document(stamp(), final)


@pytest.mark.parametrize("wrong", [{"symbol": ""}, {"date": "2025-13"}, {"title": " "}])
def test_a_document_has_a_symbol_and_its_date_is_a_date(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        given().add_document(stamp(), document(**wrong))


def test_a_review_has_a_limit_of_documents_but_can_still_put_one_right() -> None:
    it = given()
    it.documents = [document(f"A/{n}") for n in range(documents_max)]
    with pytest.raises(LimitExceeded):
        it.add_document(stamp(), document("A/NEW"))
    right = document("A/1", title="Found")
    assert it.add_document(stamp(), right).document == right


def test_adoption_happens_once_and_is_dated() -> None:
    it = given(adopted)
    assert it.status is ReviewStatus.ADOPTED
    assert it.adopted is not None
    assert (it.adopted.on, it.council_session, it.decision) == (
        "2025-07-02",
        "59",
        "A/HRC/DEC/59/112",
    )
    with pytest.raises(AlreadySo):
        adopted(it)
    with pytest.raises(AlreadySo):
        adopted(given(adopted, closed, reopened))


def test_a_closed_review_takes_only_documents_until_it_is_reopened() -> None:
    it = given(closed)
    assert it.status is ReviewStatus.CLOSED
    with pytest.raises(AlreadySo):
        closed(it)
    for command in (adopted, lambda r: r.schedule(stamp(), session="48")):
        with pytest.raises(HasEnded):
            command(it)
    assert it.add_document(stamp(), document()).document == document()
    assert given(closed, reopened, adopted).status is ReviewStatus.ADOPTED


def test_a_reopened_review_is_as_far_as_it_had_come() -> None:
    assert given(closed, reopened).status is ReviewStatus.OPEN
    assert given(adopted, closed, reopened).status is ReviewStatus.ADOPTED


def test_reopening_needs_a_reason_and_a_closed_review() -> None:
    with pytest.raises(InvalidInput):
        given(closed).reopen(stamp())
    with pytest.raises(AlreadySo):
        reopened(given(adopted))


ANY = (
    lambda r, s, x: r.schedule(
        s,
        session=x.choice([None, "48", "49", ""]),
        reviewed=x.choice([None, "2025-01-28", "soon"]),
        council_session=x.choice([None, "59"]),
        answers_due=x.choice([None, "2025-06"]),
    ),
    lambda r, s, x: r.add_document(
        s, document(x.choice(["A/1", "a/1", "A/2", " "]), x.choice(list(DocumentKind)))
    ),
    lambda r, s, x: r.adopt(s, council_session=x.choice([None, "59"])),
    lambda r, s, x: r.close(s),
    lambda r, s, x: r.reopen(s),
)


@all_examples(st.sampled_from([opened, by_committee]), st.randoms(use_true_random=False))
def test_whatever_is_said_of_a_review_it_folds_or_is_refused(begin: Any, random: Random) -> None:
    walk(fold, begin(), ANY, random, 20)
