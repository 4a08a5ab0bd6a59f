"""Suivi's own lists, changed in a spreadsheet program and brought back."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.exports import Export
from domain.recommendation import fold, terms
from domain.recommendation.position import PositionTaken
from domain.recommendation.terms import Declassified
from domain.recommendation.wording import Corrected, add_text
from domain.refusals import InvalidInput
from tests.given import received, stamp, term, text
from tests.test_importing import Office
from tests.test_new_formats import exported, listed
from workflows.desk import Command
from workflows.importing import Format, Receipt
from workflows.procedure import SHIPPED

REPORT = "A/HRC/90/12"
ADDENDUM = f"{REPORT}/Add.1"

TABLE = "\n".join(
    [
        "addressee,symbol,paragraph,text,recommending_states,position,themes,session",
        f'XAA,{REPORT},50.1,"Ratify the convention; ""soon""",Norway,,Right to education,34',
        f"XAA,{REPORT},50.10,Build schools in all rural areas,Chad,supported,Right to health,34",
        f"XAA,{REPORT},50.2,=Train the judges of the appeal courts,Kenya,,,34",
    ]
).encode()


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    yield opened
    opened.service.close()


@pytest.fixture
def rows(office: Office) -> list[dict[str, str]]:
    """The list of three recommendations, as exported."""
    assert office.bring(TABLE, format=Format.TABLE).new == 3
    return listed(exported(office))


def as_csv(rows: list[dict[str, str]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig")


def as_xlsx(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    for number, cells in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
        for place, cell in enumerate(cells):
            write = sheet.write_string if isinstance(cell, str) else sheet.write_number
            write(number, place, cell)
    book.close()
    return file.getvalue()


def back(office: Office, file: bytes, **options: Any) -> Receipt:
    receipt = office.bring(file, format=Format.LISTS, **options)
    assert sum(receipt.row_outcomes.values()) == receipt.rows, "each row is in one count"
    return receipt


def by_number(rows: list[dict[str, str]], paragraph: str) -> dict[str, str]:
    return next(row for row in rows if row["paragraph"] == paragraph)


def test_a_list_that_nobody_changed_changes_nothing(
    office: Office, rows: list[dict[str, str]]
) -> None:
    size = office.service.log.size
    for file in (exported(office), exported(office, Export.XLSX), as_csv(rows), as_xlsx(rows)):
        receipt = back(office, file)
        assert (receipt.rows, receipt.same, receipt.events) == (3, 3, 0)
        assert not receipt.doubts
    assert office.service.log.size == size


def test_what_was_changed_is_recorded_once(office: Office, rows: list[dict[str, str]]) -> None:
    by_number(rows, "50.1")["text"] = 'Ratify the conventions; "soon"'
    by_number(rows, "50.10")["themes"] = "Right to education; A theme that nobody knows"
    by_number(rows, "50.2").update(sdgs="16.3", affected_persons="Judges; lawyers")
    receipt = back(office, as_csv(rows))
    assert (receipt.changed, receipt.same, receipt.undecided) == (3, 0, 0)
    assert [note.reason for note in receipt.doubts].count("term-unknown") == 3
    after = listed(exported(office))
    assert by_number(after, "50.1")["text"] == 'Ratify the conventions; "soon"'
    assert by_number(after, "50.10")["themes"] == "Right to education; A theme that nobody knows"
    assert by_number(after, "50.2")["affected_persons"] == "Judges; lawyers"
    told = office.events(0)
    (corrected,) = (e for e in told if isinstance(e, Corrected))
    assert corrected.stamp.reason is not None
    assert corrected.stamp.batch == receipt.batch
    assert [len(e.terms) for e in told if isinstance(e, Declassified)] == [1]
    assert back(office, as_csv(rows)).same == 3, "the same file again"


def test_what_the_record_learnt_after_the_export_is_not_undone(
    office: Office, rows: list[dict[str, str]]
) -> None:
    first = [dict(row) for row in rows]
    by_number(first, "50.1").update(text='Ratify the conventions; "soon"', themes="Minorities")
    back(office, as_csv(first))
    assert back(office, as_csv(rows)).same == 3, "the list as it was says nothing new"
    third = [dict(row) for row in rows]
    by_number(third, "50.1")["text"] = 'Ratify two conventions; "soon"'
    receipt = back(office, as_csv(third))
    assert (receipt.undecided, receipt.conflicts[0].reason) == (1, "changed-meanwhile")


@pytest.mark.parametrize(
    ("paragraph", "changes", "reason"),
    [
        ("50.1", {"text": "Abolish the tax on bread and salt"}, "text-differs"),
        ("50.1", {"text": ""}, "text-missing"),
        ("50.1", {"paragraph": "50.10"}, "row-of-another"),
        ("50.10", {"paragraph": "50.1"}, "row-of-another"),
        ("50.1", {"symbol": "A/HRC/90/13"}, "row-of-another"),
        ("50.1", {"stage": "closed"}, "column-not-changed-here"),
        ("50.1", {"recommending_states": "NOR; TCD"}, "column-not-changed-here"),
        ("50.1", {"assigned_to": "justice"}, "column-not-changed-here"),
        ("50.1", {"text_language": "fr"}, "column-not-changed-here"),
        ("50.1", {"version": "99"}, "version-unknown"),
        ("50.1", {"position": "noted"}, "position-without-source"),
        ("50.1", {"position": "perhaps"}, "position-unknown"),
        ("50.10", {"position": "noted"}, "position-answered"),
        ("50.10", {"position": "pending"}, "position-unknown"),
    ],
)
def test_a_row_that_needs_a_person_changes_nothing(
    office: Office,
    rows: list[dict[str, str]],
    paragraph: str,
    changes: dict[str, str],
    reason: str,
) -> None:
    size = office.service.log.size
    by_number(rows, paragraph).update(changes | {"themes": "Minorities"})
    receipt = back(office, as_csv(rows))
    assert (receipt.undecided, receipt.same) == (1, 2)
    assert receipt.conflicts[0].reason == reason
    assert office.service.log.size == size, "not even its theme"


def test_the_text_of_another_row_is_a_conflict(office: Office, rows: list[dict[str, str]]) -> None:
    near = TABLE.replace(b"50.10", b"50.11").replace(b"all rural", b"all urban")
    office.bring(near, format=Format.TABLE)
    rows = listed(exported(office))
    a, b = by_number(rows, "50.10"), by_number(rows, "50.11")
    a["text"], b["text"] = b["text"], a["text"]
    receipt = back(office, as_csv(rows))
    assert [note.reason for note in receipt.conflicts] == ["text-of-another"] * 2


def test_a_pending_position_is_taken_with_its_date_and_source(
    office: Office, rows: list[dict[str, str]]
) -> None:
    for row in rows:
        row.update(position_date="", position_source="")
    by_number(rows, "50.1").update(
        position="Partially accepted", position_date="2020-02-19", position_source=ADDENDUM
    )
    receipt = back(office, as_csv(rows))
    assert (receipt.changed, receipt.same) == (1, 2)
    taken = [e for e in office.events(0) if isinstance(e, PositionTaken)][-1]
    assert (taken.instrument, taken.stamp.effective.on, taken.in_part) == (
        *(ADDENDUM, "2020-02-19", True),
    )
    assert by_number(listed(exported(office)), "50.1")["position"] == "supported"
    assert back(office, as_csv(rows)).same == 3, "the same file again"


def test_rows_and_columns_that_no_list_has_are_told(
    office: Office, rows: list[dict[str, str]]
) -> None:
    one, two, three = rows
    added = [
        {**one, "id": ""},
        {**one, "id": "50.1"},
        {**one, "id": "00000000-0000-4000-8000-000000000000"},
        {**two, "version": "first"},
        {**three, "themes": "Minorities"},
    ]
    told = [{**row, "Our notes": "to discuss"} for row in (one, one, three, *added)]
    receipt = back(office, as_csv(told))
    assert (receipt.rows, receipt.same, receipt.repeated, receipt.unreadable) == (8, 2, 1, 5)
    assert {note.reason for note in receipt.unreadable_rows} == {
        *("id-missing", "id-unreadable", "not-found", "version-unreadable"),
        "repeated-differently",
    }
    assert [note.reason for note in receipt.doubts] == ["column-unknown"]


def test_a_program_that_made_numbers_of_the_cells_changed_nothing(
    office: Office, rows: list[dict[str, str]]
) -> None:
    numbered: list[dict[str, Any]] = [
        {**row, "paragraph": float(row["paragraph"]), "version": int(row["version"])}
        for row in rows
    ]
    assert back(office, as_xlsx(numbered)).same == 3


def test_rows_of_another_state_are_left_out(office: Office, rows: list[dict[str, str]]) -> None:
    by_number(rows, "50.1")["themes"] = "Minorities"
    receipt = back(office, as_csv(rows), state="SVN")
    assert (receipt.other_states, receipt.changed) == (3, 0)


def test_a_file_without_ids_is_no_list(office: Office) -> None:
    with pytest.raises(InvalidInput, match="lacks id and version"):
        back(office, TABLE)


# --- Any text ------------------------------------------------------------------------------------

TEXTS = st.text("aé;\"',\n\r\t =+-@\u2028\x7f\ufeff\x85中😀_x0041", min_size=1, max_size=12)
ROWS = st.tuples(
    st.lists(TEXTS.filter(str.strip), min_size=1, max_size=3),
    st.booleans(),
    st.lists(TEXTS.filter(str.strip), max_size=3, unique_by=str.casefold),
)


@settings(max_examples=15)
@example(
    [
        (["=_x0041_ and _x000D_"], True, ["_x0041_", "'=a"]),
        ([" '=b"], False, []),
        (["\r\x7f"], False, []),
    ],
    "fr",
)
@given(st.lists(ROWS, min_size=1, max_size=6), st.sampled_from(["en", "fr"]))
def test_any_list_comes_back_as_it_left(
    wanted: list[tuple[list[str], bool, list[str]]], language: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(f"sqlite:///{Path(folder) / 'suivi.db'}")
        try:
            record(office, wanted)
            size = office.service.log.size
            for format in (Export.CSV, Export.XLSX):
                receipt = back(office, exported(office, format, language=language))
                assert (receipt.rows, receipt.same) == (len(wanted),) * 2, receipt.conflicts
                assert not receipt.doubts
            assert office.service.log.size == size
        finally:
            office.service.close()


def record(office: Office, wanted: list[tuple[list[str], bool, list[str]]]) -> None:
    """Recommendations 50.1, 50.2 and so on with these parts' texts, in French too, and themes."""
    entries = []
    for number, (wordings, in_french, themes) in enumerate(wanted, start=1):
        paragraph = f"50.{number}" if number > 1 else "50.10"
        entry = received(paragraph, wordings=tuple(wordings))
        entries.append(entry)
        r = fold([entry])
        assert r is not None
        if in_french:
            other = text(*(f"{wording} en français" for wording in wordings), language="fr")
            entries.append(SHIPPED.enter(r, "add-text", add_text(r, stamp("add-text"), other)))
        if themes:
            fits = terms.classify(
                r, stamp("classify"), [term("theme", None, label) for label in themes]
            )
            entries.append(SHIPPED.enter(r, "classify", fits))
    office.service.desk.append(Command.of("record", office.clerk, "record"), entries)


def test_a_list_of_another_state_than_the_keys_changes_nothing(
    office: Office, rows: list[dict[str, str]]
) -> None:
    by_number(rows, "50.1")["text"] = "Ratify the convention; at once"
    office.clerk = msgspec.structs.replace(office.clerk, addressees=("KEN",))
    size = office.service.log.size
    receipt = back(office, as_csv(rows))
    assert (receipt.other_states, receipt.changed) == (3, 0)
    assert not [e for e in office.service.log.read_all(size) if e.addressee == "XAA"]
