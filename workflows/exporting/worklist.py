"""An institution's worklist: XLSX out, to be filled in without a connection, and steps back in.

A row is one assignment that is offered to the institution or binds it, with what a person needs to
know, locked, and cells to fill in. A hidden sheet says which worklist this is: version of the
format, institution, log index it shows, and every row that was written. What is read back is
compared with that: a row that is not in it, or whose id, version or assignment was changed, gives
no step. This guards against accidents, not against malice: what a key may do is decided when the
steps are taken (`workflows.access`), and `version` is what they expect to find.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import UUID
from xml.parsers import expat

import msgspec
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineError, CalamineWorkbook

from domain.entry import is_date, last_day, text_chars_max
from domain.identity import natural_order
from domain.recommendation import Recommendation
from domain.recommendation.held import Assignment
from domain.refusals import LimitExceeded
from domain.words import AssignmentStatus, Owed
from workflows.exporting.cells import fitting
from workflows.exporting.sheets import CREATED
from workflows.sources import NotThisFormat, UnreadableRow

FORMAT, FORMAT_VERSION = "suivi-worklist", 1
rows_max = 5_000
columns_max = 200
file_bytes_max = 20_000_000
unpacked_bytes_max = 200_000_000
printed_characters_max = 200

SHEET, EXPLANATION, MARKER = "Worklist", "How to fill in", "Suivi"
_OPEN = (AssignmentStatus.OFFERED, AssignmentStatus.ASSIGNED)

Step = Literal[
    "accept-assignment", "decline-assignment", "plan", "draft-progress", "declare-implemented"
]


class WorklistStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that a person filled in. `row`: of the sheet, from 1; `version`: of the recommendation
    as exported; several steps of one row follow one another in this order, each a version later.
    `part`: the part the assignment is about. Of the rest a step has what its columns hold; dates
    are ISO 8601, of day, month or year."""

    step: Step
    row: int
    id: UUID
    version: int
    assignment: int
    part: str | None = None
    reason: str | None = None
    measures: str | None = None
    plan: str | None = None
    starts: str | None = None
    ends: str | None = None
    narrative: str | None = None
    period_from: str | None = None
    period_to: str | None = None
    statement: str | None = None
    effective_on: str | None = None


class Worklist(msgspec.Struct, frozen=True):
    """A worklist as it came back. `log_index`: what the record had reached when it was written;
    `rows`: how many it was written with."""

    institution: str
    log_index: int
    rows: int
    steps: tuple[WorklistStep, ...]
    unreadable: tuple[UnreadableRow, ...]


class Known(NamedTuple):
    """A locked column."""

    heading: str
    width: int


class ToFill(NamedTuple):
    """A column to fill in. `offers`: the words to choose from; `hint`: shown beside the cell."""

    heading: str
    width: int
    field: str
    hint: str
    offers: tuple[str, ...] = ()
    is_date: bool = False


KNOWN = (
    Known("Paragraph", 11),
    Known("Text", 50),
    Known("Symbol", 16),
    Known("Part", 6),
    Known("Position", 12),
    Known("Status", 10),
    Known("Answer due", 12),
    Known("Owed", 20),
    Known("Id", 8),
    Known("Version", 8),
    Known("Assignment", 11),
)
_KEYS = ("Id", "Version", "Assignment")
_LINE_POINTS, _LINES_LEAST, _LINES_MOST = 15, 3, 25
_DATE_HINT = "A date: 2026-03-31, 2026-03 or 2026."
TO_FILL = (
    ToFill("Answer", 12, "answer", "Only where the status is offered.", ("accept", "decline")),
    ToFill("Reason", 30, "reason", "Needed to decline."),
    ToFill("Measures planned", 40, "measures", "What will be done, and by whom."),
    ToFill("Plan", 20, "plan", "Name of the plan or programme they stand in."),
    ToFill("Planned from", 12, "starts", _DATE_HINT, is_date=True),
    ToFill("Planned to", 12, "ends", _DATE_HINT, is_date=True),
    ToFill("Progress", 40, "narrative", "What has been done. It is recorded as a draft."),
    ToFill("Progress from", 12, "period_from", _DATE_HINT, is_date=True),
    ToFill("Progress to", 12, "period_to", _DATE_HINT, is_date=True),
    ToFill("Implemented", 12, "declared", "Only if it has been carried out in full.", ("yes",)),
    ToFill("Statement", 30, "statement", "What shows that it is implemented."),
    ToFill("Implemented on", 14, "effective_on", _DATE_HINT, is_date=True),
)

_COLUMNS: tuple[Known | ToFill, ...] = (*KNOWN, *TO_FILL)

REASONS = {
    "row-changed": "The id, version or assignment of this row was changed or lost, or the row is "
    "not from this worklist. Fill in the row of a fresh worklist.",
    "row-repeated": "This assignment stands in several rows that are filled in. Keep one of them.",
    "answers-contradict": "The row both accepts and declines, or declines and goes on to plan or "
    "report. Say one of the two.",
    "answer-unknown": "An answer is accept or decline, and implemented is yes or empty.",
    "not-offered": "The assignment binds the institution already: it can't be answered any more. "
    "Empty the answer; to be released, ask the coordinating mechanism.",
    "reason-missing": "Declining needs a reason. Write it beside the answer.",
    "answer-missing": "There is a reason and no answer. Choose accept or decline, or empty it.",
    "measures-missing": "There is a plan or a date and no measures. Say what will be done.",
    "progress-missing": "There are dates of progress and no text. Say what has been done.",
    "declaration-missing": "There is a statement or a date and no yes under Implemented.",
    "date-unreadable": f"This is no date. Write it so: {_DATE_HINT[8:]}",
    "dates-reversed": "The later date comes before the earlier one. Change them.",
    "text-too-long": f"A text may have {text_chars_max:,} characters. Shorten it.",
}
REFUSALS = {
    "file-too-large": f"The file is larger than {file_bytes_max // 1_000_000} MB, or would be far "
    "larger unpacked. Remove pictures and other sheets.",
    "not-xlsx": "This is no workbook of the kind .xlsx. Save the worklist as .xlsx.",
    "encrypted-or-old": "This is a workbook of the old kind (.xls) or protected by a password. "
    "Save it as .xlsx without a password.",
    "damaged": "The workbook is damaged. Open it, save it again as .xlsx.",
    "not-a-worklist": "This workbook is no worklist of ours, or its hidden sheet or its headings "
    "were removed. Fill in the worklist as it was sent, in the same file.",
    "format-newer": "This worklist was written by a newer version. Read it with that version.",
    "another-institution": "This is the worklist of another institution.",
    "too-many-rows": f"A worklist has {rows_max:,} rows and {columns_max} columns at most. Remove "
    "what was put beside or below them.",
}


def write_worklist(
    states: Iterable[Recommendation],
    institution: str,
    out: Path,
    language: str = "en",
    *,
    log_index: int,
) -> int:
    """Writes the worklist of an institution and says how many rows it has: one for each of its
    offered or standing assignments on recommendations that are not closed, in natural order.
    `log_index`: up to where the record was read. Raises LimitExceeded beyond `rows_max`."""
    rows = [
        (r, a)
        for r in states
        if r.closed is None
        for a in r.assignments
        if a.institution == institution and a.status in _OPEN
    ]
    if len(rows) > rows_max:
        raise LimitExceeded(f"A worklist has {rows_max:,} rows at most; filter by cycle or theme.")
    rows.sort(
        key=lambda row: (row[0].symbol or "", natural_order(row[0].paragraph or ""), row[1].id)
    )
    book = xlsxwriter.Workbook(out)
    book.set_properties({"title": f"Worklist of {institution}", "created": CREATED})
    _worklist(book, rows, language)
    _explanation(book, institution)
    marker = book.add_worksheet(MARKER)
    marker.very_hidden()
    marker.protect()
    told = [
        [FORMAT, str(FORMAT_VERSION)],
        ["institution", institution],
        ["log_index", str(log_index)],
    ]
    issued = [[str(r.id), str(r.version), str(a.id), a.status.value, a.part or ""] for r, a in rows]
    for number, cells in enumerate([*told, *issued]):
        for place, cell in enumerate(cells):
            marker.write_string(number, place, cell)
    book.close()
    return len(rows)


def _worklist(book: Any, rows: list[tuple[Recommendation, Assignment]], language: str) -> None:
    sheet = book.add_worksheet(SHEET)
    wrapped = {"text_wrap": True, "valign": "top", "num_format": "@"}
    heading = book.add_format({**wrapped, "bold": True, "bg_color": "#D9E2EC", "border": 1})
    to_fill = book.add_format({**wrapped, "bold": True, "bg_color": "#FFE699", "border": 1})
    known = book.add_format({**wrapped, "font_color": "#444444", "bottom": 4})
    fill = book.add_format({**wrapped, "bg_color": "#FFF9E5", "locked": False, "border": 4})
    key = book.add_format(
        {"valign": "top", "num_format": "@", "font_color": "#999999", "bottom": 4}
    )
    keys = len(KNOWN) - len(_KEYS)
    for place, column in enumerate(_COLUMNS):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.heading, heading if place < len(KNOWN) else to_fill)
    for number, (r, a) in enumerate(rows, start=1):
        lines = _LINES_LEAST
        for place, cell in enumerate(_known(r, a, language)):
            sheet.write_string(number, place, fitting(cell), known if place < keys else key)
            lines = max(lines, -(-len(cell) // KNOWN[place].width)) if place < keys else lines
        sheet.set_row(number, _LINE_POINTS * min(lines, _LINES_MOST))
        for place in range(len(KNOWN), len(KNOWN) + len(TO_FILL)):
            sheet.write_blank(number, place, None, fill)
    last = max(len(rows), 1)
    for place, column in enumerate(TO_FILL, start=len(KNOWN)):
        shown = {"input_title": column.heading, "input_message": column.hint}
        listed = {"validate": "list", "source": list(column.offers)}
        allowed = listed if column.offers else {"validate": "any"}
        sheet.data_validation(1, place, last, place, {**allowed, **shown})
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, last, len(KNOWN) + len(TO_FILL) - 1)
    sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _known(r: Recommendation, a: Assignment, language: str) -> tuple[str, ...]:
    """The locked cells, in the order of `KNOWN`. Whom else it was offered to is not said."""
    text = r.text(language)
    if a.part is not None:
        wording = r.texts.get(language) or r.texts[r.original]
        text = next(part.text for part in wording.parts if part.part == a.part)
    owed = (f"{what.value}: {on}" for what, on in r.owed() if what is not Owed.ANSWER_TO_OFFER)
    return (
        *(r.paragraph or "", text, r.symbol or "", a.part or "", r.position.value),
        *(a.status.value, a.answer_due or "", "; ".join(owed)),
        *(str(r.id), str(r.version), str(a.id)),
    )


def _explanation(book: Any, institution: str) -> None:
    sheet = book.add_worksheet(EXPLANATION)
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"text_wrap": True, "valign": "top", "bold": True})
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 90)
    lines = [
        (f"Worklist of {institution}", ""),
        ("What this is", "Each row is one recommendation that was offered or assigned to you."),
        ("What to do", "Fill in the yellow cells, as many as you like, and send the file back."),
        ("", "Rows you leave empty change nothing. Nothing is recorded before the file is back."),
        ("", "Grey columns are locked. Don't copy rows, and don't move cells between rows."),
        ("Dates", "2026-03-31 is a day, 2026-03 a month, 2026 a year: write what you know."),
        *((column.heading, column.hint) for column in TO_FILL),
        ("If it is refused", "Each row that can't be read is named, with what to do about it."),
        ("", "If somebody else has changed a recommendation meanwhile, you are asked again."),
    ]
    for number, (label, text) in enumerate(lines):
        sheet.write_string(number, 0, label, bold)
        sheet.write_string(number, 1, text, plain)
    sheet.protect()


# Back in


class _Problem(ValueError):
    """A row that needs a person: a key of `REASONS`."""


class _Issued(NamedTuple):
    """A row as the hidden sheet has it."""

    id: str
    version: str
    assignment: str
    status: str
    part: str


def read_worklist(source: bytes | Path, institution: str | None = None) -> Worklist:
    """What was filled into a worklist: steps in the order of rows, and the rows that need a person.
    A row gives all its steps or none. With `institution`, the worklist must be that one's. Raises
    NotThisFormat where the file as a whole can't be read."""
    book = _opened(source)
    told, issued = _marker(book)
    if institution not in (None, told["institution"]):
        raise _refusal("another-institution")
    rows = _rows(book, SHEET)
    headings = [_text(cell) or "" for cell in (rows[0] if rows else [])]
    wanted = [*_KEYS, *(column.heading for column in TO_FILL)]
    if any(headings.count(heading) != 1 for heading in wanted):
        raise _refusal("not-a-worklist")
    filled: dict[int, dict[str, Any]] = {}
    for number, printed_row in enumerate(rows[1:], start=2):
        named = dict(zip(headings, printed_row, strict=False))
        if any(_text(named[column.heading]) for column in TO_FILL):
            filled[number] = named
    whose = Counter((_id(cells), _text(cells["Assignment"])) for cells in filled.values())
    steps: list[WorklistStep] = []
    unreadable: list[UnreadableRow] = []
    for number, cells in filled.items():
        key = _id(cells), _text(cells["Assignment"])
        try:
            row = issued.get(key)
            if row is None or row.version != _text(cells["Version"]):
                raise _Problem("row-changed")
            if whose[key] > 1:
                raise _Problem("row-repeated")
            steps.extend(_steps(number, row, _answers(cells)))
        except _Problem as problem:
            reason = str(problem)
            printed = " | ".join(text for cell in cells.values() if (text := _text(cell)))
            unreadable.append(
                UnreadableRow(number, reason, REASONS[reason], printed[:printed_characters_max])
            )
    return Worklist(
        institution=told["institution"],
        log_index=int(told["log_index"]),
        rows=len(issued),
        steps=tuple(steps),
        unreadable=tuple(unreadable),
    )


class _Group(NamedTuple):
    """Cells that make one step: the one it can't do without, those it takes, what to say where
    the first is missing."""

    step: Step
    leading: str
    fields: tuple[str, ...]
    missing: str


_GROUPS = (
    _Group("accept-assignment", "answer", ("reason",), "answer-missing"),
    _Group("plan", "measures", ("measures", "plan", "starts", "ends"), "measures-missing"),
    _Group(
        "draft-progress", "narrative", ("narrative", "period_from", "period_to"), "progress-missing"
    ),
    _Group("declare-implemented", "declared", ("statement", "effective_on"), "declaration-missing"),
)


def _steps(number: int, row: _Issued, said: Mapping[str, str]) -> Iterator[WorklistStep]:
    """The steps of one row; raises _Problem if it makes no sense as a whole."""
    answer = said.get("answer", "").casefold()
    if "accept" in answer and "decline" in answer:
        raise _Problem("answers-contradict")
    declared = said.get("declared", "").casefold()
    if answer not in ("", "accept", "decline") or declared not in ("", "yes", "true"):
        raise _Problem("answer-unknown")
    if answer == "decline" and said.keys() - {"answer", "reason"}:
        raise _Problem("answers-contradict")
    if answer and row.status != AssignmentStatus.OFFERED.value:
        raise _Problem("not-offered")
    if answer == "decline" and "reason" not in said:
        raise _Problem("reason-missing")
    for earlier, later in (("starts", "ends"), ("period_from", "period_to")):
        if earlier in said and later in said and said[earlier] > last_day(said[later]):
            raise _Problem("dates-reversed")
    for _, leading, fields, missing in _GROUPS:
        if leading not in said and any(field in said for field in fields):
            raise _Problem(missing)
    for step, leading, fields, _ in _GROUPS:
        if leading in said:
            yield WorklistStep(
                step="decline-assignment" if answer == "decline" else step,
                row=number,
                id=UUID(row.id),
                version=int(row.version),
                assignment=int(row.assignment),
                part=row.part or None,
                **{field: said[field] for field in fields if field in said},
            )


def _answers(cells: Mapping[str, Any]) -> dict[str, str]:
    """Field → what was filled in, empty cells left out."""
    said: dict[str, str] = {}
    for column in TO_FILL:
        text = _text(cells[column.heading])
        if text is None:
            continue
        if column.is_date and not is_date(text):
            raise _Problem("date-unreadable")
        if len(text) > text_chars_max:
            raise _Problem("text-too-long")
        said[column.field] = text
    return said


def _text(cell: Any) -> str | None:
    """A cell as a person reads it: real dates as ISO 8601, whole numbers without a point."""
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return ("" if cell is None else str(cell)).strip() or None


def _id(cells: Mapping[str, Any]) -> str | None:
    return (_text(cells["Id"]) or "").lower() or None


def _marker(
    book: CalamineWorkbook,
) -> tuple[dict[str, str], dict[tuple[str | None, str | None], _Issued]]:
    """What the hidden sheet says of the worklist, and the rows that were written into it."""
    rows = [[_text(cell) or "" for cell in row] for row in _rows(book, MARKER)]
    told = {row[0]: row[1] for row in rows[:3] if len(row) > 1}
    if not told.get(FORMAT, "").isdecimal() or not told.get("log_index", "").isdecimal():
        raise _refusal("not-a-worklist")
    if int(told[FORMAT]) > FORMAT_VERSION:
        raise _refusal("format-newer")
    # The part comes last: where no assignment is about one, the sheet is a column narrower.
    issued = [_Issued(*[*row, ""][:5]) for row in rows[3:] if len(row) >= len(_Issued._fields) - 1]
    try:
        for row in issued:
            UUID(row.id), int(row.version), int(row.assignment)
        told["institution"]
    except (ValueError, KeyError):
        raise _refusal("not-a-worklist") from None
    return told, {(row.id, row.assignment): row for row in issued}


def _rows(book: CalamineWorkbook, sheet: str) -> list[list[Any]]:
    if sheet not in book.sheet_names:
        raise _refusal("not-a-worklist")
    try:
        return book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except CalamineError as reason:
        raise _refusal("damaged") from reason


_UNREADABLE = (
    *(CalamineError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, expat.ExpatError),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError),
)


def _opened(source: bytes | Path) -> CalamineWorkbook:
    if isinstance(source, Path):
        with source.open("rb") as file:
            source = file.read(file_bytes_max + 1)
    if len(source) > file_bytes_max:
        raise _refusal("file-too-large")
    if source.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refusal("encrypted-or-old")
    if not source.startswith(b"PK"):
        raise _refusal("not-xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as package:
            _bounded(package)
        return CalamineWorkbook.from_filelike(io.BytesIO(source))
    except NotThisFormat:
        raise
    except _UNREADABLE as reason:
        raise _refusal("damaged") from reason


def _bounded(package: zipfile.ZipFile) -> None:
    """Refuses what would take more memory than a worklist needs. Calamine makes room for every
    cell up to the last one, so a single cell at XFD1048576 would take it all."""
    entries = package.infolist()
    if sum(entry.file_size for entry in entries) > unpacked_bytes_max:
        raise _refusal("file-too-large")
    names = {entry.filename for entry in entries}
    if len(names) < len(entries):
        raise _refusal("damaged")
    if "xl/workbook.xml" not in names or names & {"content.xml", "xl/workbook.bin"}:
        raise _refusal("not-xlsx")
    for name in names:
        content = package.read(name)
        if name.endswith(".xml"):
            parser = expat.ParserCreate(namespace_separator=" ")
            parser.StartElementHandler = _small
            parser.StartDoctypeDeclHandler = _no_document_type
            parser.Parse(content, True)
        elif b"sheetData" in content:
            raise _refusal("damaged")


def _small(tag: str, attributes: dict[str, str]) -> None:
    """`r`: a row's number, or a cell's place, letters and number."""
    kind = tag.rpartition(" ")[2]
    place = attributes.get("r", "")
    if kind not in ("row", "c") or not place:
        return
    letters = place.rstrip("0123456789")
    column = 0
    for letter in letters.upper()[:4]:
        column = column * 26 + ord(letter) - 64
    row = int(place[len(letters) :] or 0)
    # The hidden sheet has a few rows more than the worklist.
    if row > rows_max + 10 or column > columns_max:
        raise _refusal("too-many-rows")


def _no_document_type(*_: object) -> None:
    raise _refusal("damaged")


def _refusal(code: str) -> NotThisFormat:
    return NotThisFormat(code, REFUSALS[code])
