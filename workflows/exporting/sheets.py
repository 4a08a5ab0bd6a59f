"""Cases as a list, one row each, for spreadsheets and for statistics: CSV and XLSX.

Both have the columns of their aggregate, and both hold text only: paragraph 140.10 stays 140.10
(domain rule 4), dates are ISO 8601, several values in a cell are written by
`workflows.list_cells`. What the reader may not see is left out: rows, and assignments inside rows.
No cell is a formula. What
state does not hold (narratives, findings, reasons) is not in the list: it is read from the history.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import xlsxwriter  # type: ignore[import-untyped]

from domain.casework import Case
from domain.measure import Measure
from domain.recommendation import Recommendation
from domain.recommendation.elements import Recommender
from domain.refusals import LimitExceeded
from domain.words import AssignmentStatus, ProgressStatus
from workflows.exporting import measure_columns
from workflows.exporting.cells import (
    Sees,
    fitting,
    named,
    no_formula,
    printable,
    public_only,
    seen,
    terms,
)
from workflows.exporting.columns import Column, Reading
from workflows.list_cells import join

sheet_rows_max = 1_048_575
"""What a sheet of XLSX holds below its heading row."""

CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed date in the file, no moment


def _recommender(by: Recommender) -> str:
    return by.code or by.printed


def _assigned(r: Recommendation, reading: Reading, status: AssignmentStatus) -> str:
    return join(a.institution for a in seen(r, reading.sees) if a.status is status)


def _last_report(r: Recommendation) -> tuple[int | str, str, str]:
    """Version, kind and institution of the latest report that is out: a published one on its
    progress, one on several recommendations, one to a mechanism. Drafts are nobody else's."""
    published = [
        (p.version, "progress", p.institution)
        for p in r.progress
        if p.status is ProgressStatus.PUBLISHED
    ]
    covers = [(c.version, "covering-report", "") for c in r.covers]
    reported = [(version, "to-mechanism", "") for version in r.reported]
    standing = [told for told in (*published, *covers, *reported) if r.stands(told[0])]
    return max(standing, default=("", "", ""))


def _assessments(r: Recommendation, reading: Reading) -> str:
    shown = [a for a in r.assessments if reading.sees(a.visibility, a.recorded_by)]
    current = msgspec.structs.replace(r, assessments=shown).current_assessments
    return join(
        f"{a.assessor}: {a.scheme} {a.scheme_version} {a.grade}"
        + (f" (part {a.part})" if a.part else "")
        for part in (None, *(part.id for part in r.parts))
        for a in current(part)
    )


COLUMNS: tuple[Column[Recommendation], ...] = (
    Column("id", 38, lambda r, _: str(r.id)),
    Column("version", 8, lambda r, _: str(r.version)),
    Column("addressee", 10, lambda r, _: r.addressee),
    Column("mechanism", 12, lambda r, _: r.mechanism.value),
    Column("body", 8, lambda r, _: r.body),
    Column("kind", 16, lambda r, _: r.kind.value),
    Column("cycle", 6, lambda r, _: "" if r.cycle is None else str(r.cycle)),
    Column("session", 8, lambda r, _: r.session or ""),
    Column("symbol", 20, lambda r, _: r.symbol or ""),
    Column("paragraph", 10, lambda r, _: r.paragraph or ""),
    Column("text", 70, lambda r, reading: r.text(reading.language)),
    Column(
        "text_language",
        8,
        lambda r, reading: reading.language if reading.language in r.texts else r.original,
    ),
    Column(
        "recommending_states",
        20,
        lambda r, _: join(_recommender(by) for part in r.parts for by in part.recommenders),
    ),
    Column("position", 12, lambda r, _: r.position.value),
    Column("stage", 12, lambda r, _: r.stage.value),
    Column("assigned_to", 20, lambda r, to: _assigned(r, to, AssignmentStatus.ASSIGNED)),
    Column("offered_to", 20, lambda r, to: _assigned(r, to, AssignmentStatus.OFFERED)),
    Column("themes", 30, lambda r, _: join(map(named, terms(r, "theme")))),
    Column("sdgs", 20, lambda r, _: join(map(named, terms(r, "sdg")))),
    Column("affected_persons", 20, lambda r, _: join(map(named, terms(r, "affected-persons")))),
    Column(
        "declared_implemented", 12, lambda r, _: "yes" if any(map(r.stands, r.declared)) else ""
    ),
    Column("last_report", 15, lambda r, _: _last_report(r)[1]),
    Column("last_report_by", 20, lambda r, _: _last_report(r)[2]),
    Column("last_report_version", 8, lambda r, _: str(_last_report(r)[0])),
    Column("assessments", 40, _assessments),
    Column("duplicate_of", 38, lambda r, _: str(r.duplicate_of or "")),
    Column("closed", 14, lambda r, _: r.closed.value if r.closed else ""),
    Column("issues", 30, lambda r, _: join(map(named, terms(r, "issue")))),
    Column("actions", 16, lambda r, _: join(map(named, terms(r, "action")))),
)
"""The columns of recommendations, in order. Programs read them: names are added at the end, never
changed."""

OF_ANY_CASE: tuple[Column[Case], ...] = (
    Column("id", 38, lambda case, _: str(case.id)),
    Column("version", 8, lambda case, _: str(case.version)),
    Column("addressee", 10, lambda case, _: case.addressee),
    Column("states", 30, lambda case, _: join(case.states)),
)

SHEETS: dict[type[Case], tuple[Column[Any], ...]] = {
    Recommendation: COLUMNS,
    Measure: measure_columns.COLUMNS,
}
"""The columns of lists, where an aggregate has others than any case."""


def csv_lines(
    states: Iterable[Case],
    language: str = "en",
    *,
    sees: Sees = public_only,
    of: type[Case] = Recommendation,
) -> Iterator[bytes]:
    """The list as CSV, a record at a time, the names of the columns first: RFC 4180, UTF-8 with a
    byte order mark, CRLF. Texts are in `language`, else in the original's. A text that a
    spreadsheet would take for a formula has an apostrophe in front (`cells.no_formula`)."""
    columns = SHEETS.get(of, OF_ANY_CASE)
    yield b"\xef\xbb\xbf" + _record(column.name for column in columns)
    for cells in _rows(states, columns, Reading(language, sees)):
        yield _record(no_formula(printable(cell)) for cell in cells)


def write_xlsx(
    states: Iterable[Case],
    out: Path,
    language: str = "en",
    *,
    sees: Sees = public_only,
    of: type[Case] = Recommendation,
) -> int:
    """Writes the list as one sheet of XLSX, and says how many cases are in it. A text
    longer than a cell holds is cut and ends in `cells.CUT`. Raises LimitExceeded, and leaves no
    file, where there are more rows than a sheet holds."""
    part = out.with_name(f"{out.name}.part")
    book = xlsxwriter.Workbook(part, {"constant_memory": True})
    book.set_properties({"created": CREATED})
    try:
        columns = SHEETS.get(of, OF_ANY_CASE)
        rows = _rows(states, columns, Reading(language, sees))
        count = _fill(book, f"{of.__name__}s", columns, rows)
    except BaseException:
        book.close()  # or what it keeps beside it stays behind
        part.unlink(missing_ok=True)
        raise
    book.close()
    part.replace(out)
    return count


def _fill(book: Any, name: str, columns: Sequence[Column[Any]], rows: Iterable[list[str]]) -> int:
    count = 0
    sheet = book.add_worksheet(name)
    heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "valign": "top", "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.name, heading)
    for count, cells in enumerate(rows, start=1):
        if count > sheet_rows_max:
            raise LimitExceeded(f"A sheet holds {sheet_rows_max:,} rows; filter, or take CSV.")
        for place, cell in enumerate(cells):
            if cell:
                sheet.write_string(count, place, fitting(cell), wrapped)
    sheet.autofilter(0, 0, count, len(columns) - 1)
    return count


def _rows(
    states: Iterable[Case], columns: Sequence[Column[Any]], reading: Reading
) -> Iterator[list[str]]:
    for case in states:
        if reading.sees(case.visibility, case.institution):
            yield [column.of(case, reading) for column in columns]


def _record(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
