"""The worklist: what is filled in is what is read, and what was damaged gives no step."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis
import pytest
import xlsxwriter
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from domain.entry import last_day
from domain.recommendation import Recommendation
from domain.refusals import LimitExceeded
from tests.given import (
    accepted,
    closed,
    decreed,
    drafted,
    given,
    offered,
    planned,
    received,
    supported,
)
from tests.length import times
from workflows.exporting import worklist
from workflows.exporting.worklist import KNOWN, REASONS, TO_FILL, WorklistStep, read_worklist
from workflows.sources import NotThisFormat

ORDER = [column.heading for column in (*KNOWN, *TO_FILL)]
OFFERED = given(received("140.10"), supported(), offered("labour")).it
ASSIGNED = given(received("140.2"), supported(), decreed("labour"), planned()).it
BY_PART = given(received("140.3", wordings=("Train", "Pay")), decreed("labour", part="2")).it
ANOTHERS = given(received("140.4"), decreed("justice")).it
CLOSED = given(received("140.5"), decreed("labour"), closed()).it
STATES = [OFFERED, ASSIGNED, BY_PART, ANOTHERS, CLOSED]
ROW_OF = {ASSIGNED.id: 2, BY_PART.id: 3, OFFERED.id: 4}
"""In natural order: 140.2, 140.3, 140.10."""


def written(folder: Path, states: list[Recommendation] | None = None) -> Path:
    out = folder / "worklist.xlsx"
    worklist.write_worklist(STATES if states is None else states, "labour", out, log_index=41)
    return out


def saved_again(
    path: Path,
    cells: dict[tuple[int, str], Any],
    *,
    without: str = "",
    extra: int = 0,
    backwards: bool = False,
) -> bytes:
    """The workbook as a program saves it after somebody has sorted its rows backwards, or typed
    into these cells."""
    saved = io.BytesIO()
    book = xlsxwriter.Workbook(saved)
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    before = CalamineWorkbook.from_path(path)
    for name in before.sheet_names:
        if name == without:
            continue
        sheet = book.add_worksheet(name)
        rows = before.get_sheet_by_name(name).to_python(skip_empty_area=False)
        if name == worklist.SHEET and backwards:
            rows[1:] = rows[:0:-1]
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(number, place, cell)
        if name == worklist.SHEET:
            for (number, heading), value in cells.items():
                place = ORDER.index(heading)
                if isinstance(value, date):
                    sheet.write_datetime(number - 1, place, value, day)
                elif isinstance(value, str):
                    sheet.write_string(number - 1, place, value)
                else:
                    sheet.write(number - 1, place, value)
            if extra:
                sheet.write_string(extra, 0, "far away")
    book.close()
    return saved.getvalue()


def test_the_rows_are_the_institutions_open_assignments_in_natural_order(tmp_path: Path) -> None:
    rows = CalamineWorkbook.from_path(written(tmp_path)).get_sheet_by_name("Worklist").to_python()
    assert rows[0] == ORDER
    told = [dict(zip(ORDER, row, strict=True)) for row in rows[1:]]
    assert [row["Paragraph"] for row in told] == ["140.2", "140.3", "140.10"]
    assert [row["Status"] for row in told] == ["assigned", "assigned", "offered"]
    assert (told[1]["Part"], told[1]["Text"]) == ("2", "Pay")
    assert told[2]["Answer due"] == "2025-09-01"
    assert told[0]["Owed"] == "measures: 2026-06-30"
    assert told[0]["Version"] == str(ASSIGNED.version)


def test_a_worklist_does_not_say_whom_else_it_was_offered_to(tmp_path: Path) -> None:
    both = given(received(), decreed("labour"), offered("secret-service")).it
    path = written(tmp_path, [both])
    with zipfile.ZipFile(path) as package:
        everything = b"".join(package.read(name) for name in package.namelist())
    assert b"secret-service" not in everything
    assert b"2025-09-01" not in everything
    assert b"labour" in everything


def test_only_the_cells_to_fill_in_are_unlocked(tmp_path: Path) -> None:
    with zipfile.ZipFile(written(tmp_path)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
        styles = package.read("xl/styles.xml").decode()
        book = package.read("xl/workbook.xml").decode()
    assert "<sheetProtection" in sheet
    assert styles.count('locked="0"') == 1
    assert sheet.count("<dataValidation ") == len(TO_FILL)
    assert 'name="Suivi" sheetId="3" state="veryHidden"' in book


def test_an_untouched_worklist_gives_no_steps(tmp_path: Path) -> None:
    path = written(tmp_path)
    for file in (path, path.read_bytes(), saved_again(path, {})):
        read = read_worklist(file)
        assert (read.institution, read.log_index, read.rows) == ("labour", 41, 3)
        assert (read.steps, read.unreadable) == ((), ())


def test_the_same_states_give_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path).read_bytes()
    assert written(tmp_path, list(reversed(STATES))).read_bytes() == first


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(
    lambda text: text == text.strip() and "\ufffe" not in text and "\uffff" not in text
)
days = st.dates(date(1950, 1, 1), date(2099, 12, 31))
dates = st.one_of(days, days.map(str), days.map(lambda d: str(d)[:7]), days.map(lambda d: d.year))
filled = st.fixed_dictionaries(
    {},
    optional={column.field: dates if column.is_date else words for column in TO_FILL[1:]}
    | {"answer": st.sampled_from(["accept", "decline", "Accept "]), "declared": st.just("yes")},
)


def sensible(offered: bool, said: dict[str, Any]) -> dict[str, Any]:
    """What a careful person leaves of it, so that the row makes sense."""
    kept = dict(said)
    if not offered:
        kept.pop("answer", None)
    if kept.get("answer") == "decline":
        kept = {"answer": "decline", "reason": kept.get("reason", "not ours")}
    for leading, others in (
        ("answer", ("reason",)),
        ("measures", ("plan", "starts", "ends")),
        ("narrative", ("period_from", "period_to")),
        ("declared", ("statement", "effective_on")),
    ):
        if leading not in kept:
            for field in others:
                kept.pop(field, None)
    for first, second in (("starts", "ends"), ("period_from", "period_to")):
        if first in kept and second in kept and str(kept[first]) > last_day(str(kept[second])):
            del kept[first]
    return kept


@hypothesis.settings(max_examples=times(20, long=200))
@hypothesis.given(st.lists(filled, min_size=3, max_size=3))
def test_what_is_filled_in_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = written(tmp_path_factory.mktemp("worklist"))
    heading = {column.field: column.heading for column in TO_FILL}
    cells: dict[tuple[int, str], Any] = {}
    wanted: dict[int, dict[str, str]] = {}
    for (id, number), said in zip(ROW_OF.items(), rows, strict=True):
        kept = sensible(id == OFFERED.id, said)
        cells |= {(number, heading[field]): value for field, value in kept.items()}
        if kept:
            wanted[number] = {field: str(value) for field, value in kept.items()}
    read = read_worklist(saved_again(path, cells))
    assert read.unreadable == ()
    given_back: dict[int, dict[str, str]] = {}
    for step in read.steps:
        assert ROW_OF[step.id] == step.row
        row = given_back.setdefault(step.row, {})
        if step.step.endswith("-assignment"):
            row["answer"] = step.step.removesuffix("-assignment")
        if step.step == "declare-implemented":
            row["declared"] = "yes"
        for field in WorklistStep.__struct_fields__[6:]:
            if (value := getattr(step, field)) is not None:
                assert field not in row
                row[field] = value
    for row in wanted.values():
        if "answer" in row:
            row["answer"] = row["answer"].strip().lower()
    assert given_back == wanted


def test_one_row_may_give_several_steps_in_the_order_they_are_taken(tmp_path: Path) -> None:
    cells = {
        (4, "Answer"): "accept",
        (4, "Progress"): "a bill is drafted",
        (4, "Progress to"): date(2025, 12, 31),
        (4, "Measures planned"): "a bill",
        (4, "Planned to"): 2026.0,
        (3, "Implemented"): True,
    }
    read = read_worklist(saved_again(written(tmp_path), cells), "labour")
    told = [(s.row, s.step, s.part, s.assignment) for s in read.steps]
    assert told == [
        (3, "declare-implemented", "2", 2),
        (4, "accept-assignment", None, 3),
        (4, "plan", None, 3),
        (4, "draft-progress", None, 3),
    ]
    assert (read.steps[2].ends, read.steps[3].period_to) == ("2026", "2025-12-31")
    assert {s.version for s in read.steps[1:]} == {OFFERED.version}
    history = given(received("140.10"), supported(), offered("labour"), accepted(3), planned())
    assert history.when(drafted()).entry is not None, "the procedure takes them in this order"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({(4, "Answer"): "accept and decline"}, "answers-contradict"),
        (
            {(4, "Answer"): "decline", (4, "Reason"): "no", (4, "Progress"): "x"},
            "answers-contradict",
        ),
        ({(4, "Answer"): "perhaps"}, "answer-unknown"),
        ({(4, "Implemented"): "nearly"}, "answer-unknown"),
        ({(4, "Answer"): "decline"}, "reason-missing"),
        ({(4, "Reason"): "because"}, "answer-missing"),
        ({(2, "Answer"): "accept"}, "not-offered"),
        ({(4, "Plan"): "Plan 2030"}, "measures-missing"),
        ({(4, "Progress to"): "2025"}, "progress-missing"),
        ({(4, "Implemented on"): "2025"}, "declaration-missing"),
        ({(4, "Measures planned"): "x", (4, "Planned to"): "soon"}, "date-unreadable"),
        ({(4, "Measures planned"): "x", (4, "Planned to"): "2025-02-30"}, "date-unreadable"),
        (
            {(4, "Progress"): "x", (4, "Progress from"): "2026", (4, "Progress to"): "2025-05"},
            "dates-reversed",
        ),
        ({(4, "Measures planned"): "x" * 20_001}, "text-too-long"),
        ({(4, "Measures planned"): "x", (4, "Id"): ""}, "row-changed"),
        ({(4, "Measures planned"): "x", (4, "Id"): str(ANOTHERS.id)}, "row-changed"),
        ({(4, "Measures planned"): "x", (4, "Version"): "99"}, "row-changed"),
        ({(4, "Measures planned"): "x", (4, "Version"): ""}, "row-changed"),
        ({(4, "Measures planned"): "x", (4, "Assignment"): "7"}, "row-changed"),
        ({(9, "Measures planned"): "x"}, "row-changed"),
    ],
)
def test_a_row_that_makes_no_sense_gives_no_step_and_says_what_to_do(
    tmp_path: Path, cells: dict[tuple[int, str], Any], reason: str
) -> None:
    (number,) = {row for row, _ in cells}
    cells = {(3, "Progress"): "a bill is drafted", **cells}
    read = read_worklist(saved_again(written(tmp_path), cells))
    assert [(row.row, row.reason) for row in read.unreadable] == [(number, reason)]
    assert read.unreadable[0].message == REASONS[reason]
    assert len(read.unreadable[0].printed) <= worklist.printed_characters_max
    assert [(s.row, s.step) for s in read.steps] == [(3, "draft-progress")]


def test_of_a_row_that_was_copied_and_filled_in_twice_neither_is_believed(tmp_path: Path) -> None:
    copied = {(9, "Id"): str(OFFERED.id).upper(), (9, "Version"): float(OFFERED.version)}
    cells = {(4, "Answer"): "accept", **copied, (9, "Assignment"): 3.0}
    path = written(tmp_path)
    alone = read_worklist(saved_again(path, cells))
    assert [step.row for step in alone.steps] == [4]
    twice = {**cells, (9, "Answer"): "decline", (9, "Reason"): "not ours"}
    read = read_worklist(saved_again(path, twice))
    assert [(row.row, row.reason) for row in read.unreadable] == [
        (4, "row-repeated"),
        (9, "row-repeated"),
    ]
    assert read.steps == ()


def test_numbers_for_text_are_read_as_they_are_seen(tmp_path: Path) -> None:
    cells = {(4, "Progress"): 12.0, (4, "Measures planned"): 2.5}
    read = read_worklist(saved_again(written(tmp_path), cells))
    assert (read.steps[0].measures, read.steps[1].narrative) == ("2.5", "12")


def refused(source: bytes | Path, institution: str | None = None) -> str:
    with pytest.raises(NotThisFormat) as refusal:
        read_worklist(source, institution)
    assert str(refusal.value) == worklist.REFUSALS[refusal.value.code]
    return refusal.value.code


def test_what_is_no_worklist_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    assert refused(path, "justice") == "another-institution"
    assert refused(b"id;version\r\n") == "not-xlsx"
    assert refused(b"PK\x03\x04 and no more") == "damaged"
    assert refused(path.read_bytes()[:-200]) == "damaged"
    assert refused(b"\xd0\xcf\x11\xe0 old") == "encrypted-or-old"
    assert refused(saved_again(path, {}, without=worklist.MARKER)) == "not-a-worklist"
    assert refused(saved_again(path, {}, without=worklist.SHEET)) == "not-a-worklist"
    assert refused(saved_again(path, {(1, "Progress"): "How far"})) == "not-a-worklist"
    assert refused(saved_again(path, {}, extra=1_000_000)) == "too-many-rows"
    monkeypatch.setattr(worklist, "FORMAT_VERSION", 0)
    assert refused(path) == "format-newer"
    monkeypatch.setattr(worklist, "file_bytes_max", 1_000)
    assert refused(path) == "file-too-large"


def rezipped(path: Path, change: dict[str, Any]) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(saved, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, change[name](content) if name in change else content)
    return saved.getvalue()


def test_one_cell_far_to_the_right_takes_no_memory(tmp_path: Path) -> None:
    far = b'<row r="9"><c r="XFD9" t="str"><v>x</v></c></row></sheetData>'
    sheet = {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"</sheetData>", far)}
    assert refused(rezipped(written(tmp_path), sheet)) == "too-many-rows"


def test_a_document_type_ends_the_reading(tmp_path: Path) -> None:
    declared = {
        "xl/workbook.xml": lambda xml: xml.replace(b"<workbook", b"<!DOCTYPE a []><workbook", 1)
    }
    assert refused(rezipped(written(tmp_path), declared)) == "damaged"


def test_a_worklist_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist, "rows_max", 2)
    with pytest.raises(LimitExceeded, match="filter"):
        written(tmp_path)


@pytest.mark.slow
def test_the_largest_worklist_that_is_written_can_be_read(tmp_path: Path) -> None:
    states = []
    for number in range(worklist.rows_max):
        clone = given(received(), decreed("labour")).it if number == 0 else states[0].clone()
        clone.id = UUID(int=number + 1)
        states.append(clone)
    assert read_worklist(written(tmp_path, states)).rows == worklist.rows_max
