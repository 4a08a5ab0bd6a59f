"""A run of an import: what was read, what came of it, what could not be read."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as all_examples
from hypothesis import strategies as st

from domain.entry import Entry, Event
from domain.import_run import (
    ImportCompleted,
    ImportCount,
    ImportNote,
    ImportOption,
    ImportRun,
    counts_max,
    fold,
    mapping_rows_max,
    notes_max,
    number_max,
    options_max,
    start_import,
    value_chars_max,
)
from domain.refusals import HasEnded, InvalidInput, LimitExceeded
from domain.words import ImportStatus
from tests.given import stamp
from tests.test_review import told, walk


def started(**other: Any) -> tuple[UUID, Event]:
    facts: dict[str, Any] = {
        "id": UUID(int=5),
        "format": "ohchr-matrix",
        "parser_version": 3,
        "file_sha256": "0" * 64,
        "file_size": 152_034,
    }
    return start_import(stamp(), **{**facts, **other})


def given(*commands: Any, begun: tuple[UUID, Event] | None = None) -> ImportRun:
    it = told(fold, begun or started(), *commands)
    assert isinstance(it, ImportRun)
    return it


def note(row: int = 17, **other: str) -> ImportNote:
    facts = {"reason": "no-paragraph", "message": "There is no number.", "printed": "Ratify"}
    return ImportNote(row=row, **{**facts, **other})


def options(count: int) -> list[ImportOption]:
    return [ImportOption(name=str(n), value="x") for n in range(count)]


def completed(r: ImportRun) -> Event:
    return r.complete(stamp(), [ImportCount(name="rows", value=260)], unreadable=[note()])


def failed(r: ImportRun) -> Event:
    return r.fail(stamp(), "UNAVAILABLE", "The log cannot be reached; run it again.")


def test_a_run_keeps_what_was_read_and_how_it_was_understood() -> None:
    chosen = ImportOption(name="language", value="en")
    understood = ImportOption(name="Position", value="answer")
    it = given(begun=started(options=[chosen], mapping=[understood]))
    assert (it.id, it.status) == (UUID(int=5), ImportStatus.RUNNING)
    assert (it.format, it.parser_version, it.file_size) == ("ohchr-matrix", 3, 152_034)
    assert (it.options, it.mapping) == ((chosen,), (understood,))


def test_a_run_over_many_states_has_no_addressee() -> None:
    id, event = started()
    it = fold([Entry(id, 1, "", event)])
    assert it is not None
    assert it.addressee == ""


def test_options_and_the_mapping_have_limits_of_their_own() -> None:
    full = started(options=options(options_max), mapping=options(mapping_rows_max))
    assert len(given(begun=full).mapping) == mapping_rows_max
    for wrong in (
        {"options": options(options_max + 1)},
        {"mapping": options(mapping_rows_max + 1)},
        {"options": [ImportOption(name="a", value="x" * (value_chars_max + 1))]},
    ):
        with pytest.raises(LimitExceeded):
            started(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": ""},
        {"parser_version": 0},
        {"file_sha256": "0" * 63},
        {"file_sha256": "F" * 64},
        {"file_size": -1},
        {"file_size": number_max + 1},
        {"options": [ImportOption(name=" ", value="x")]},
        {"mapping": options(1) * 2},
    ],
)
def test_a_run_names_its_format_parser_and_file(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        started(**wrong)


def test_a_completed_run_says_what_came_of_it() -> None:
    it = given(
        lambda r: r.complete(
            stamp(),
            [ImportCount(name="rows", value=260), ImportCount(name="texts-new", value=254)],
            unreadable=[note(17), note(18)],
            unreadable_rows=6,
            missing=2,
        )
    )
    assert (it.status, it.unreadable_rows, it.missing) == (ImportStatus.COMPLETED, 6, 2)
    assert {count.name: count.value for count in it.counts} == {"rows": 260, "texts-new": 254}


def test_without_a_number_the_notes_are_all_that_could_not_be_read() -> None:
    event = completed(given())
    assert isinstance(event, ImportCompleted)
    assert (event.unreadable, event.unreadable_rows) == ((note(),), 1)


def test_a_row_may_be_noted_for_two_reasons() -> None:
    notes = [note(17), note(17, reason="no-state")]
    event = given().complete(stamp(), [], unreadable=notes, unreadable_rows=1)
    assert event.unreadable_rows == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"counts": [ImportCount(name=str(n), value=1) for n in range(counts_max + 1)]},
        {"counts": [ImportCount(name="rows", value=1)] * 2},
        {"counts": [ImportCount(name="", value=1)]},
        {"counts": [ImportCount(name="rows", value=-1)]},
        {"unreadable": [note(n) for n in range(1, notes_max + 2)]},
        {"unreadable": [note(0)]},
        {"unreadable": [note(reason=" ")]},
        {"unreadable": [note(printed="x" * (value_chars_max + 1))]},
        {"unreadable": [note(1), note(2)], "unreadable_rows": 1},
        {"missing": -1},
    ],
)
def test_counts_are_named_once_and_never_less_than_nothing(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        given().complete(stamp(), **{"counts": [], **wrong})


def test_a_failed_run_says_why() -> None:
    it = given(failed)
    assert (it.status, it.code) == (ImportStatus.FAILED, "UNAVAILABLE")
    assert it.message == "The log cannot be reached; run it again."
    with pytest.raises(InvalidInput):
        given().fail(stamp(), " ", "why")


@pytest.mark.parametrize("end", [completed, failed])
def test_a_run_ends_once(end: Any) -> None:
    for again in (completed, failed):
        with pytest.raises(HasEnded):
            again(given(end))


ANY = (
    lambda r, s, x: r.complete(
        s,
        [ImportCount(name="rows", value=x.choice([0, 260, -1]))],
        unreadable=[note(x.choice([0, 17]))],
        unreadable_rows=x.choice([None, 0, 3]),
    ),
    lambda r, s, x: r.fail(s, x.choice(["UNAVAILABLE", ""]), "why"),
)


@all_examples(st.randoms(use_true_random=False))
def test_whatever_is_said_of_a_run_it_folds_or_is_refused(random: Random) -> None:
    walk(fold, started(options=options(2)), ANY, random, 6)
