"""A progress report over many recommendations, and the files that are its evidence."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as all_examples
from hypothesis import strategies as st

from domain import stored_file
from domain.entry import Entry, Event, Protected, RecommendationId, Visibility
from domain.progress_report import (
    ProgressReport,
    covers_max,
    draft_report,
    evidence_max,
    fold,
)
from domain.refusals import (
    AlreadySo,
    HasEnded,
    InvalidInput,
    LimitExceeded,
    NotFound,
    UnknownReport,
)
from domain.stored_file import StoredFile, size_bytes_max, store_file
from domain.words import ProgressStatus
from tests.given import stamp
from tests.test_review import told, walk
from workflows.log.mapper import EntryMapper, read_payload

ONE, TWO, THREE = (RecommendationId(UUID(int=n)) for n in (1, 2, 3))
FILE, OTHER_FILE = UUID(int=71), UUID(int=72)


def drafted(**other: Any) -> tuple[UUID, Event]:
    facts: dict[str, Any] = {
        "id": UUID(int=9),
        "title": "Mid-term report",
        "covers": [ONE, TWO],
        "narrative": Protected("Draft"),
    }
    said = other.pop("stamp", stamp())
    return draft_report(said, **{**facts, **other})


def given(*commands: Any, begun: tuple[UUID, Event] | None = None) -> ProgressReport:
    it = told(fold, begun or drafted(), *commands)
    assert isinstance(it, ProgressReport)
    return it


def cleared(r: ProgressReport) -> Event:
    return r.clear(stamp())


def published(r: ProgressReport) -> Event:
    return r.publish(stamp(), Protected("As published"))


def withdrawn(r: ProgressReport) -> Event:
    return r.withdraw(stamp(reason="it was the wrong file"))


def attached(file: UUID = FILE, about: RecommendationId | None = None) -> Any:
    return lambda r: r.attach_evidence(stamp(), file, about)


def test_a_drafted_report_says_what_it_covers_and_which_entry_bears_its_words() -> None:
    it = given(begun=drafted(period_from="2025", period_to="2027-06"))
    assert (it.status, it.covers, it.narrative_version) == (ProgressStatus.DRAFTED, (ONE, TWO), 1)
    assert (it.period_from, it.period_to, it.institution) == ("2025", "2027-06", "mfa")


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"covers": []},
        {"covers": [ONE, ONE]},
        {"covers": [RecommendationId(UUID(int=n)) for n in range(covers_max + 1)]},
        {"period_from": "last year"},
        {"period_from": "2026", "period_to": "2025-12"},
        {"period_from": "2025-06-02", "period_to": "2025-06-01"},
    ],
)
def test_a_report_covers_something_once_in_a_period_that_does_not_end_before_it_begins(
    wrong: Any,
) -> None:
    with pytest.raises(InvalidInput):
        drafted(**wrong)


def test_a_period_may_end_in_the_month_or_year_it_begins() -> None:
    assert given(begun=drafted(period_from="2025-06-02", period_to="2025-06")).period_to
    assert given(begun=drafted(period_from="2025-06", period_to="2025")).period_to


def test_a_report_covers_as_many_recommendations_as_its_limit_says() -> None:
    covers = [RecommendationId(UUID(int=n)) for n in range(covers_max)]
    assert len(given(begun=drafted(covers=covers)).covers) == covers_max


def test_drafting_again_leaves_what_it_does_not_name_as_it_was() -> None:
    it = given(lambda r: r.redraft(stamp(), covers=[THREE], period_to="2027"))
    assert (it.title, it.covers, it.period_to) == ("Mid-term report", (THREE,), "2027")
    assert (it.narrative_version, it.version) == (1, 2)
    it = given(lambda r: r.redraft(stamp(), title="New", narrative=Protected("Second")))
    assert (it.title, it.covers, it.narrative_version) == ("New", (ONE, TWO), 2)


@pytest.mark.parametrize(
    "wrong", [{}, {"title": ""}, {"covers": []}, {"period_to": "2024"}, {"period_from": "x"}]
)
def test_drafting_again_changes_something_and_the_period_still_holds(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        given(begun=drafted(period_from="2025")).redraft(stamp(), **wrong)


def test_a_cleared_report_that_is_drafted_again_has_to_be_cleared_again() -> None:
    it = given(cleared, lambda r: r.redraft(stamp(), title="Corrected"))
    assert it.status is ProgressStatus.DRAFTED
    with pytest.raises(UnknownReport):
        published(it)
    it = given(cleared, lambda r: r.redraft(stamp(), title="New"), cleared, published)
    assert (it.status, it.title) == (ProgressStatus.PUBLISHED, "New")


def test_a_report_is_published_in_the_words_of_its_publication() -> None:
    it = given(cleared, lambda r: r.publish(stamp(), Protected("Said"), title="Final"))
    assert (it.status, it.title, it.covers) == (ProgressStatus.PUBLISHED, "Final", (ONE, TWO))
    assert it.narrative_version == 3


def test_what_is_published_is_not_drafted_cleared_or_published_again() -> None:
    it = given(cleared, published)
    for command in (cleared, published, lambda r: r.redraft(stamp(), title="Again")):
        with pytest.raises(UnknownReport):
            command(it)
    with pytest.raises(UnknownReport):
        cleared(given(cleared))


def test_a_confidential_draft_may_be_published_for_all() -> None:
    begun = drafted(stamp=stamp(visibility=Visibility.CONFIDENTIAL))
    assert given(cleared, begun=begun).visibility is Visibility.CONFIDENTIAL
    assert given(cleared, published, begun=begun).visibility is Visibility.PUBLIC


def test_words_that_fewer_may_read_hide_the_report() -> None:
    secret = stamp(visibility=Visibility.INTERNAL)
    assert given(lambda r: r.redraft(secret, title="X")).visibility is Visibility.INTERNAL


@pytest.mark.parametrize("before", [[], [cleared], [cleared, published]])
def test_a_withdrawn_report_takes_no_further_step(before: list[Any]) -> None:
    it = given(*before, attached(), withdrawn)
    assert it.status is ProgressStatus.WITHDRAWN
    remove = lambda r: r.remove_evidence(stamp(reason="x"), FILE)  # noqa: E731 a row of a list
    redraft = lambda r: r.redraft(stamp(), title="X")  # noqa: E731 a row of a list
    for command in (cleared, published, withdrawn, redraft, remove, attached(OTHER_FILE)):
        with pytest.raises(HasEnded):
            command(it)


def test_withdrawing_and_removing_need_a_reason() -> None:
    it = given(attached())
    with pytest.raises(InvalidInput):
        it.withdraw(stamp())
    with pytest.raises(InvalidInput):
        it.remove_evidence(stamp(reason=" "), FILE)


def test_evidence_is_attached_once_and_about_what_the_report_covers() -> None:
    it = given(attached(about=TWO), cleared, published, attached(OTHER_FILE))
    held = [(e.file, e.about, e.version, e.institution) for e in it.evidence]
    assert held == [(FILE, TWO, 2, "mfa"), (OTHER_FILE, None, 5, "mfa")]
    with pytest.raises(AlreadySo):
        attached(about=ONE)(it)
    with pytest.raises(InvalidInput):
        attached(UUID(int=73), THREE)(it)


def test_evidence_that_was_removed_is_gone_and_may_come_back() -> None:
    def removed(r: ProgressReport) -> Event:
        return r.remove_evidence(stamp(reason="it names a witness"), FILE)

    it = given(attached(), attached(OTHER_FILE), removed)
    assert [e.file for e in it.evidence] == [OTHER_FILE]
    with pytest.raises(NotFound):
        removed(it)
    assert len(given(attached(), removed, attached()).evidence) == 1


def test_evidence_has_a_limit() -> None:
    it = given(attached())
    it.evidence *= evidence_max
    with pytest.raises(LimitExceeded):
        attached(OTHER_FILE)(it)


ANY = (
    lambda r, s, x: r.redraft(
        s,
        title=x.choice([None, "A", "B", " "]),
        covers=x.choice([None, [ONE], [ONE, THREE], [ONE, ONE]]),
        narrative=x.choice([None, Protected("again")]),
        period_from=x.choice([None, "2025", "2026-03"]),
        period_to=x.choice([None, "2024", "2027"]),
    ),
    lambda r, s, x: r.clear(s),
    lambda r, s, x: r.clear(s),
    lambda r, s, x: r.publish(s, Protected("said"), covers=x.choice([None, [TWO], []])),
    lambda r, s, x: r.attach_evidence(s, x.choice([FILE, OTHER_FILE]), x.choice([None, ONE, TWO])),
    lambda r, s, x: r.remove_evidence(s, x.choice([FILE, OTHER_FILE])),
    lambda r, s, x: r.withdraw(s) if x.random() < 0.2 else r.clear(s),
)


@all_examples(st.randoms(use_true_random=False))
def test_whatever_is_said_of_a_report_it_folds_or_is_refused(random: Random) -> None:
    walk(fold, drafted(), ANY, random, 20)


# --- Files ---------------------------------------------------------------------------------------


def stored(**other: Any) -> tuple[UUID, Event]:
    facts = {"media_type": "application/pdf", "size": 48_213, "name": "Annex.pdf"}
    return store_file(stamp(), **{"id": FILE, "digest": "ab" * 32, **facts, **other})


def file_given(*commands: Any) -> StoredFile:
    it = told(stored_file.fold, stored(), *commands)
    assert isinstance(it, StoredFile)
    return it


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Application/PDF", "application/pdf"),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("image/svg+xml", "image/svg+xml"),
    ],
)
def test_a_media_type_is_kept_in_small_letters(written: str, kept: str) -> None:
    event = stored(media_type=written)[1]
    assert isinstance(event, stored_file.FileStored)
    assert event.media_type == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"media_type": "pdf"},
        {"media_type": "text/html; charset=utf-8"},
        {"media_type": "text/plain\n"},
        {"media_type": "text/" + "x" * 128},
        {"media_type": "-text/plain"},
        {"size": 0},
        {"size": size_bytes_max + 1},
        {"name": ""},
        {"digest": "AB" * 32},
        {"digest": "ab" * 31},
    ],
)
def test_a_file_has_a_media_type_a_size_a_name_and_a_digest(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        stored(**wrong)


def test_a_files_name_and_digest_are_in_no_payload() -> None:
    id, event = stored(size=size_bytes_max)
    payload = EntryMapper().to_stored_event(Entry(id, 1, "SVN", event)).state
    assert b"Annex" not in payload
    assert b"ab" * 32 not in payload
    assert read_payload(event.topic, payload) == event


def test_a_file_is_erased_once_and_with_a_reason() -> None:
    it = file_given()
    assert (it.erased, it.size, it.media_type) == (False, 48_213, "application/pdf")
    with pytest.raises(InvalidInput):
        it.erase(stamp())
    gone = file_given(lambda f: f.erase(stamp(reason="it names a child")))
    assert gone.erased
    with pytest.raises(AlreadySo):
        gone.erase(stamp(reason="again"))


@all_examples(st.randoms(use_true_random=False))
def test_whatever_is_said_of_a_file_it_folds_or_is_refused(random: Random) -> None:
    walk(stored_file.fold, stored(), [lambda f, s, x: f.erase(s)], random, 4)
