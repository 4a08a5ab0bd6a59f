"""A plain table, CSV or spreadsheet, for what no other reader knows; docs/table.md has its columns.

A Working Group's report lists its recommendations long before any position is taken; typed into
this table they are in the record the same day. The table is written by hand for this system, so
what its writer can put right is an unreadable row, not a doubt. `read_grid` also serves the other
readers of tables.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

import msgspec
from python_calamine import CalamineWorkbook

from domain.addressees import addressee, recognise
from domain.answers import read_answer
from domain.bodies import recognise_body
from domain.cycles import cycle_of
from domain.entry import is_date, label_chars_max, text_chars_max
from domain.identity import normal_paragraph, normal_symbol, paragraphs_of, spelt_symbol
from domain.names import folded
from domain.recommendation.elements import Recommender, Term
from domain.vocabulary import VocabularyTerm, shipped
from domain.words import Kind, Mechanism
from workflows.list_cells import divide
from workflows.sources import (
    NotThisFormat,
    Read,
    RepeatedRow,
    RowsNotRead,
    SourceRow,
    UnreadableRow,
)
from workflows.sources.other_tables import is_national, recognise_table

Word = TypeVar("Word", bound=StrEnum)
Found = TypeVar("Found")

file_bytes_max = 50_000_000
unpacked_bytes_max = 200_000_000
rows_max = 200_000
cells_max = 6_000_000
columns_max = 256
separators_max = 50_000
"""In one line of a CSV file, those that stand in its texts among them."""
printed_chars_max = 500
key_chars_max = 200

REFUSALS = {
    "file-too-large": "The file is larger than 50 MB. Divide it into several.",
    "not-text": "This is neither text nor a spreadsheet. Save it as CSV or .xlsx.",
    "not-utf-8": "The file is not in UTF-8. Save it as “CSV UTF-8”.",
    "damaged": "The file is damaged or protected by a password. Open it in a spreadsheet program "
    "and save it again.",
    "word-document": "This is a Word document. Take the format ohchr-matrix for OHCHR's thematic "
    "list, the format wg-report for a Working Group's report, and the format answers for an "
    "addendum.",
    "unpacked-too-large": "Unpacked, the spreadsheet is far larger than its rows can be. Copy the "
    "rows into a new one and save that.",
    "quotation-not-closed": "A field is far too long: a quotation mark is probably not closed.",
    "columns-too-many": "A row has more than 256 cells. Remove what is not needed.",
    "rows-too-many": "The table has more than 200,000 rows. Divide it into several files.",
    "no-heading-row": "The file is empty. Its first row must name the columns.",
    "heading-repeated": "Two columns have the same heading. Remove or rename one.",
    "heading-unknown": "Some columns are not known. Remove or rename them.",
    "columns-missing": "The heading row lacks columns that are needed.",
    "action-plan": "This looks like an action plan: it has columns such as activity, responsible "
    "institution, deadline, indicator or budget. Plans can't be imported yet. "
    "Record them by the mutations planImplementation and assignRecommendation. To bring the "
    "recommendations, leave only the columns of a table.",
    "assessment-table": "This looks like a table of assessments: it has a column such as grade or "
    "rating. Take the format assessments. To bring recommendations, leave only the columns of a "
    "table.",
    "thematic-list": "This looks like OHCHR's thematic list in a spreadsheet. Take the format "
    "ohchr-matrix, or leave only the columns of a table.",
    "answers-only": "This table has positions and no texts. Take the format answers, with the "
    "report's symbol as document and the date of the document that answers.",
    "own-list": "This is a list that Suivi exported: it has the columns id and version. Take the "
    "format lists, which records what you changed in it.",
    "state-unknown": "The addressee given for the whole file is not known. Give its code or name.",
}

REASONS = {
    "columns-differ": "The row has another number of fields than the heading row. Look for a comma "
    "or quotation mark too many or too few.",
    "addressee-missing": "The addressee is empty. Fill in its code or name.",
    "addressee-unknown": "The addressee is not known. Write its code, or its name as the UN does.",
    "text-missing": "There is no text. Copy it from the document.",
    "cell-too-long": "A cell is far longer than a recommendation. Check whether rows ran together.",
    "key-missing": "Nothing names this row: fill in symbol and paragraph, or a key of your own.",
    "kind-unknown": "Write one of: recommendation, concern, pledge, views, ruling, request.",
    "mechanism-unknown": "Write one of: upr, treaty-body, special-procedure, regional-body.",
    "national-body": "Recommendations of national bodies (an ombudsman, a human rights "
    "institution, a parliament, an audit office) can't be recorded yet. Leave the row out of the "
    "file and keep it elsewhere until they can; never give it another mechanism.",
    "body-missing": "Outside the UPR the body must be named, as in CEDAW.",
    "mechanism-missing": "The body is not known here. Name its mechanism in the column mechanism: "
    "upr, treaty-body, special-procedure, regional-body.",
    "mechanism-differs": "The body belongs to another mechanism than the one named. Correct one of "
    "them, or leave the mechanism empty.",
    "paragraphs-several": "A row is one paragraph. Write a row for each, with its own text.",
    "cell-in-error": "A cell holds an error of the spreadsheet program, as #REF!. Put what belongs "
    "there in its place.",
    "cell-no-text": "A cell holds TRUE, FALSE or a date where a word or number belongs; programs "
    "turn 4.10 into a date. Make the column text, and type what the document has.",
    "position-outside-upr": "Only recommendations of the UPR ask for a position. Empty it, or "
    "correct the mechanism or the kind.",
    "cycle-unreadable": "Write the cycle as a number.",
    "date-unreadable": "Write the date as 2025-04-08, 2025-04 or 2025.",
    "language-unreadable": "Write the language as a tag: en, fr, sl, zh-Hans.",
    "term-too-long": "A theme, goal or group of persons is too long. Divide several by semicolons.",
    "repeated-differently": "This paragraph or key stands in an earlier row with other content. "
    "Compare both with the document and correct the one that is wrong.",
}

COLUMNS = tuple(
    "addressee mechanism body kind symbol paragraph text recommending_states position "
    "position_printed cycle session themes sdgs affected_persons published key language".split()
)
CODED_THEMES, THEMES, SDGS = "2014", "2025", "2015"
"""Versions of vocabularies: only the theme list of 2014 prints codes (domain rule 12)."""

NOT_READ = {
    "other-sheet": "It has other headings than the first. Bring it as a file of its own.",
}

_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff]")
_SPREADSHEET = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_CODED = re.compile(r"([A-Z]\d{1,3})\s+(\S.*)", re.DOTALL)
_GOAL = re.compile(r"(\d{1,2}(?:\.\w{1,2})?)\b[\s\-–—:.]*(.*)", re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)


class Table:
    """The table at `path`; `state` (code or name) is the addressee of rows that name none,
    `language` that of their texts. Sheets with the headings of the first are read after it, and the
    numbers of their rows go on from it; others are not read."""

    format = "table"
    version = 2

    def __init__(self, path: Path, language: str = "en", state: str | None = None) -> None:
        self.path, self.language, self.state = path, language, state
        self._done = (0, 0)

    def done(self) -> tuple[int, int]:
        """Rows read, and rows there are."""
        return self._done

    def read(self) -> Iterator[Read]:
        """The rows in order. Raises NotThisFormat with a code of `REFUSALS`."""
        if self.state and code_of(self.state) is None:
            _refuse("state-unknown", printed(self.state))
        grid, not_read = rows_under_one_heading(self.path, utf_8, self._headed)
        earlier: dict[tuple[str | None, ...], SourceRow] = {}
        for place, (number, names, cells, where) in enumerate(grid, 1):
            self._done = (place, len(grid))
            cells = fitted(cells, len(names))
            if len(cells) != len(names):
                yield _unreadable(number, "columns-differ", cells, where)
                continue
            try:
                row = self._row(number, dict(zip(names, cells, strict=True)))
            except _Unreadable as reason:
                yield _unreadable(number, reason.code, cells, where, reason.more)
                continue
            name: tuple[str | None, ...] = (row.addressee, row.key)
            if row.symbol and row.paragraph:
                symbol, paragraph = normal_symbol(row.symbol), normal_paragraph(row.paragraph)
                name = (row.addressee, symbol, paragraph)
            first = earlier.setdefault(name, row)
            if first is row:
                yield row
            elif _said(first) == _said(row):
                yield RepeatedRow(number, first.rows[0])
            else:
                yield _unreadable(number, "repeated-differently", cells, where)
        yield from not_read

    def _headed(self, heading: list[str]) -> list[str]:
        names = ["_".join(name.casefold().split()) for name in heading]
        while names and not names[-1]:
            names.pop()
        if not names:
            _refuse("no-heading-row")
        unknown = [printed(name, 40) for name in names if name not in COLUMNS]
        if (unknown or "text" not in names) and (kind := recognise_table(heading)):
            _refuse(kind, f"Unknown columns: {_quoted(unknown)}." if unknown else "")
        if unknown:
            _refuse("heading-unknown", f"Unknown: {_quoted(unknown)}; known: {', '.join(COLUMNS)}.")
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            _refuse("heading-repeated", f"Repeated: {', '.join(repeated)}.")
        missing = [] if self.state else ["addressee"]
        missing = [name for name in (*missing, "text") if name not in names]
        if "key" not in names and not {"symbol", "paragraph"} <= set(names):
            missing.append("symbol and paragraph (or key)")
        if missing:
            _refuse("columns-missing", f"Missing: {', '.join(missing)}.")
        return names

    def _row(self, number: int, said: dict[str, str]) -> SourceRow:
        def cell(column: str) -> str:
            return str(said.get(column, ""))

        def listed(column: str, vocabulary: str | None = None) -> list[str]:
            return divide(cell(column), partial(_is_label, vocabulary) if vocabulary else None)

        if any(len(value) > text_chars_max for value in said.values()):
            raise _Unreadable("cell-too-long")
        _check_cells(said)
        named = cell("addressee") or self.state or ""
        code = code_of(named)
        kind = _word(Kind, cell("kind") or Kind.RECOMMENDATION, "kind-unknown")
        body = recognise_body(cell("body"))
        mechanism = _mechanism(cell("mechanism"), cell("body"))
        upr = mechanism is Mechanism.UPR
        position = read_answer(cell("position"))
        symbol, session = spelt_symbol(cell("symbol")), cell("session")
        paragraphs = paragraphs_of(cell("paragraph"))
        paragraph = next(iter(paragraphs), "")
        if len(paragraphs) > 1 or (cell("paragraph") and not paragraphs):
            raise _Unreadable("paragraphs-several", ", ".join(paragraphs[:20]))
        language, cycle = cell("language") or self.language, cell("cycle")
        published = cell("published").removesuffix("T00:00:00")
        own = bool(symbol and paragraph)
        terms = (
            *(theme(item) for item in listed("themes", "theme")),
            *map(sdg, listed("sdgs", "sdg")),
            *map(affected, listed("affected_persons", "affected-persons")),
        )
        for wrong, reason in (
            (not named, "addressee-missing"),
            (code is None, "addressee-unknown"),
            (not cell("text"), "text-missing"),
            (not own and not cell("key"), "key-missing"),
            (max(map(len, (symbol, paragraph, cell("key")))) > key_chars_max, "cell-too-long"),
            (not cell("body") and not upr, "body-missing"),
            (cell("position") and (not upr or kind is Kind.PLEDGE), "position-outside-upr"),
            (cycle and not re.fullmatch("[1-9][0-9]?", cycle), "cycle-unreadable"),
            (published and not is_date(published), "date-unreadable"),
            (not _LANGUAGE.fullmatch(language), "language-unreadable"),
            (any(len(term.label) > label_chars_max for term in terms), "term-too-long"),
        ):
            if wrong:
                raise _Unreadable(reason)
        recommenders = tuple(
            Recommender(printed=state, code=code_of(state))
            for state in listed("recommending_states")
        )
        return SourceRow(
            rows=(number,),
            scheme="un" if own else "table",
            key=f"{symbol} {paragraph}" if own else cell("key"),
            addressee=code,
            addressee_printed=named,
            kind=kind,
            mechanism=mechanism,
            body=body.code if body else cell("body") or "UPR",
            text=cell("text"),
            language=language,
            symbol=symbol or None,
            paragraph=paragraph or None,
            paragraph_is_number=kind_of(said.get("paragraph", "")) is CellKind.NUMBER,
            cycle=int(cycle) if cycle else upr_cycle(session) if upr else None,
            session=session or None,
            recommenders=recommenders,
            answer=position.answer if position else None,
            in_part=position.in_part if position else False,
            said_already_implemented=position.said_already_implemented if position else False,
            printed=cell("position_printed") or cell("position") or None,
            terms=tuple({term.key: term for term in terms}.values()),
            published=published or None,
            doubts=(
                *(["state-not-recognised"] if any(r.code is None for r in recommenders) else []),
                *(["position-unknown"] if position is None else []),
            ),
        )


class _Unreadable(Exception):
    """`code`: a key of `REASONS`; `more`: what is added to the sentence there."""

    def __init__(self, code: str, more: str = "") -> None:
        super().__init__(code)
        self.code, self.more = code, more


def _unreadable(
    number: int, reason: str, cells: list[str], where: str = "", more: str = ""
) -> UnreadableRow:
    message = " ".join(filter(None, (REASONS[reason], more and f"They are: {more}.", where)))
    return UnreadableRow(number, reason, message, printed(" | ".join(filter(None, cells))))


def _said(row: SourceRow) -> SourceRow:
    """What must agree where a paragraph or key stands in two rows."""
    return msgspec.structs.replace(row, rows=(), key="", symbol=None, paragraph=None)


def _check_cells(said: dict[str, str]) -> None:
    for column, value in said.items():
        kind = kind_of(value)
        if kind is CellKind.ERROR:
            raise _Unreadable("cell-in-error")
        if kind is CellKind.BOOLEAN or (kind is CellKind.DATE and column != "published"):
            raise _Unreadable("cell-no-text")


def _quoted(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names[:20])


def _refuse(code: str, more: str = "") -> NoReturn:
    raise NotThisFormat(code, f"{REFUSALS[code]} {more}".strip())


def code_of(name: str) -> str | None:
    """The code of an addressee given by code or name."""
    code = name.strip().upper()
    return code if len(code) == 3 and addressee(code) else recognise(name)


@cache
def _labels(vocabulary: str) -> frozenset[str]:
    terms = (term for content in shipped()[vocabulary].versions.values() for term in content.terms)
    return frozenset(folded(name) for term in terms for name in _names(term))


def _names(term: VocabularyTerm) -> Iterator[str]:
    yield term.code
    for name in (*(label.text for label in term.labels), *term.altnames):
        yield name
        yield f"{term.code} {name}"


def _is_label(vocabulary: str, printed: str) -> bool:
    """True if a shipped version of the vocabulary has a term of this name."""
    return folded(printed) in _labels(vocabulary)


def _word(words: type[Word], value: str, reason: str) -> Word:
    try:
        return words(value.strip().casefold().replace(" ", "-"))
    except ValueError:
        raise _Unreadable(reason) from None


def _mechanism(named: str, body: str) -> Mechanism:
    """The mechanism that is named, else the body's own; a body that is not known has none."""
    known = recognise_body(body)
    if known is None and is_national(named or body):
        raise _Unreadable("national-body")
    if not named:
        if body and known is None:
            raise _Unreadable("mechanism-missing")
        return known.mechanism if known else Mechanism.UPR
    mechanism = _word(Mechanism, named, "mechanism-unknown")
    belongs = known.mechanism if known else None
    if belongs not in (None, mechanism) or (mechanism is Mechanism.UPR and body and not known):
        raise _Unreadable("mechanism-differs")
    return mechanism


def theme(item: str) -> Term:
    """A theme as printed: its code apart from its label, where there is one."""
    coded = _CODED.fullmatch(item)
    return Term(
        vocabulary="theme",
        version=CODED_THEMES if coded else THEMES,
        code=coded[1] if coded else None,
        label=coded[2] if coded else item,
    )


def sdg(item: str) -> Term:
    """A goal or target, "16 - PEACE, …" or "16.2": its code apart from its label, where there
    is one."""
    found = _GOAL.fullmatch(item)
    code = found[1] if found else None
    label = (found and found[2]) or item
    return Term(vocabulary="sdg", version=SDGS, code=code, label=label)


def affected(item: str) -> Term:
    """A group of affected persons, as printed."""
    return Term(vocabulary="affected-persons", version=THEMES, label=item)


def upr_cycle(session: str) -> int | None:
    """The UPR cycle of a Working Group session as printed, None where that is no number."""
    return cycle_of(int(session)) if re.fullmatch("[0-9]{1,3}", session) else None


# Files of rows


class CellKind(StrEnum):
    """What a cell of a spreadsheet holds. CSV has text alone, and errors as they are shown."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"


class Cell(str):
    """A cell as a person reads it, which knows what it was."""

    __slots__ = ("kind",)
    kind: CellKind

    def __new__(cls, text: str, kind: CellKind = CellKind.TEXT) -> Cell:
        made = super().__new__(cls, text)
        made.kind = CellKind.ERROR if _ERROR.fullmatch(text) else kind
        return made


def kind_of(cell: str) -> CellKind:
    return cell.kind if isinstance(cell, Cell) else CellKind.TEXT


_ERROR = re.compile(
    r"#(?:REF|DIV/0|VALUE|NAME|NUM|NULL|N/A|SPILL|CALC|FIELD|BLOCKED|CONNECT|UNKNOWN|BUSY)[!?]?"
)


_EMPTY = Cell("")


class Sheet(NamedTuple):
    """A sheet's rows that are not empty, each with its number (from 1, as a spreadsheet shows it).
    `name`: empty for a CSV file."""

    name: str
    rows: list[tuple[int, list[str]]]


def is_workbook(data: bytes) -> bool:
    """True for the bytes of a spreadsheet, of the new kind or the old, and no other document."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return any(name.encode("utf-16-le") in data for name in ("Workbook", "Book\0"))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return any(name.startswith("xl/workbook.") for name in package.namelist())
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError):
        return False


def read_sheets(source: Path | bytes, decode: Callable[[bytes], str]) -> list[Sheet]:
    """The sheets of a file or its bytes that are not empty, in order; their cells are stripped
    text. `decode` turns the bytes of a CSV file into text; the separator is the comma, semicolon or
    tab that divides its first row most. Raises NotThisFormat with a code of `REFUSALS`."""
    if isinstance(source, bytes):
        data = source
    else:
        with source.open("rb") as file:
            data = file.read(file_bytes_max + 1)
    if len(data) > file_bytes_max:
        _refuse("file-too-large")
    sheets: list[Sheet] = []
    count = 0
    for name, rows in (
        _sheets(data) if data.startswith(_SPREADSHEET) else [("", _comma_separated(decode(data)))]
    ):
        sheet = Sheet(name, [])
        for number, cells in rows:
            if not any(cells):
                continue
            clean: list[str] = [_clean(cell) for cell in cells]
            if any(clean):
                sheet.rows.append((number, clean))
                count += 1
            if count > rows_max + 1:
                _refuse("rows-too-many")
        if sheet.rows:
            sheets.append(sheet)
    return sheets


def _clean(cell: str) -> str:
    """A cell without what is not printed, and without space around it."""
    return Cell(_UNPRINTABLE.sub(" ", cell).strip(), kind_of(cell)) if cell else _EMPTY


def is_spreadsheet(path: Path) -> bool:
    """True if a file is a spreadsheet, by its first bytes; CSV otherwise."""
    with path.open("rb") as file:
        return file.read(4).startswith(_SPREADSHEET)


def read_grid(path: Path, decode: Callable[[bytes], str]) -> list[tuple[int, list[str]]]:
    """The rows of the first sheet that is not empty."""
    return next((sheet.rows for sheet in read_sheets(path, decode)), [])


class Row(NamedTuple):
    """A row under a heading row. `number` counts on through the sheets; `names`: of the columns,
    as this sheet orders them; `where`: the sheet and row, for a person, in all but the first."""

    number: int
    names: list[str]
    cells: list[str]
    where: str = ""


def rows_under_one_heading(
    path: Path, decode: Callable[[bytes], str], headed: Callable[[list[str]], list[str]]
) -> tuple[list[Row], list[RowsNotRead]]:
    """The rows of all sheets that have the columns of the first that has a heading row, and what
    is not read. `headed` gives the columns of a heading row, or raises NotThisFormat: where it does
    for every sheet, so does this for the first."""
    sheets = read_sheets(path, decode) or [Sheet("", [(0, [])])]
    names: list[list[str] | None] = []
    problem: NotThisFormat | None = None
    for sheet in sheets:
        try:
            names.append(headed(sheet.rows[0][1]))
        except NotThisFormat as refused:
            names.append(None)
            problem = problem or refused
    columns = next((set(found) for found in names if found), None)
    if columns is None:
        assert problem is not None
        raise problem
    rows: list[Row] = []
    not_read: list[RowsNotRead] = []
    before = 0
    for sheet, found in zip(sheets, names, strict=True):
        if found is None or set(found) != columns:
            amount = max(len(sheet.rows) - 1, 1)
            reason = "other-sheet"
            message = f"Sheet “{printed(sheet.name, 60)}”: {NOT_READ[reason]}"
            head = printed(" | ".join(filter(None, sheet.rows[0][1])))
            not_read.append(RowsNotRead(amount, reason, message, head))
            continue
        for number, cells in sheet.rows[1:]:
            where = f"(Sheet “{printed(sheet.name, 60)}”, row {number}.)" if before else ""
            rows.append(Row(before + number, found, cells, where))
        before += sheet.rows[-1][0]
    return rows, not_read


def utf_8(data: bytes) -> str:
    """UTF-8 with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("not-utf-8")


def fitted(cells: list[str], width: int) -> list[str]:
    """A row without the empty cells that stand beyond the heading row."""
    return cells[:width] if not any(cells[width:]) else cells


def printed(text: str, chars: int = printed_chars_max) -> str:
    """What stood there, in one line, cut short."""
    line = " ".join(_UNPRINTABLE.sub(" ", text[: chars * 4]).split())
    return line if len(line) <= chars else line[: chars - 1] + "…"


def _comma_separated(text: str) -> Iterator[tuple[int, list[str]]]:
    if "\0" in text:
        _refuse("not-text")
    first = re.split("[\r\n]", text[:10_000].lstrip(), maxsplit=1)[0]
    delimiter = max(",;\t", key=first.count)
    number = 0
    lines = _narrow(io.StringIO(text, newline=""), delimiter)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > columns_max:
                _refuse("columns-too-many", f"Look at row {number}.")
            yield number, cells
    except csv.Error:
        _refuse("quotation-not-closed", f"Look at row {number + 1}.")


def _narrow(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """Lines that can be rows; one of millions of separators is not made into cells first."""
    for number, line in enumerate(lines, 1):
        if line.count(delimiter) > separators_max:
            _refuse("columns-too-many", f"Look at line {number}.")
        yield line


def _sheets(data: bytes) -> Iterator[tuple[str, Iterator[tuple[int, list[str]]]]]:
    if data.startswith(b"PK"):
        data = _checked(data)
    workbook = _library(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    for place, name in enumerate(workbook.sheet_names):
        yield name, _sheet(workbook, place)


def _sheet(workbook: CalamineWorkbook, place: int) -> Iterator[tuple[int, list[str]]]:
    sheet = _library(lambda: workbook.get_sheet_by_index(place))
    if sheet.start is not None and sheet.width > columns_max:
        _refuse("unpacked-too-large")
    rows = _library(sheet.iter_rows)
    number = 0
    while (row := _library(lambda: next(rows, None))) is not None:
        number += 1
        yield number, [_cell(cell) for cell in row]


def _library(read: Callable[[], Found]) -> Found:
    """What the library reads; a file that it can't read is damaged."""
    try:
        return read()
    except BaseException as reason:
        # A panic of the library is no Exception; whatever else is none is not ours to stop.
        if isinstance(reason, Exception) or type(reason).__name__ == "PanicException":
            raise NotThisFormat("damaged", REFUSALS["damaged"]) from reason
        raise


_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,7})([0-9]{1,10})["']""")


_STRING = re.compile(rb"<(?:\w+:)?si\b.*?</(?:\w+:)?si\s*>", re.DOTALL)
_NAMED = re.compile(
    rb"""<(?:\w+:)?c\b[^<>]*\bt\s*=\s*["']s["'][^<>]*>"""
    rb"""(?:(?!</?(?:\w+:)?c\b).){0,2000}?<(?:\w+:)?v\b[^<>]*>\s*([0-9]{1,9})""",
    re.DOTALL,
)
_ERROR_CELL = re.compile(rb"""(<(?:\w+:)?c\b[^<>]*\bt\s*=\s*)(?:"e"|'e')""")


def _checked(data: bytes) -> bytes:
    """A workbook in which errors are text, since the library takes them for empty cells. Refuses
    one whose cells lie so far apart that the rectangle which the library makes of them would not
    fit into memory: it ends the process where it can't have it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            if any(part.filename == "word/document.xml" for part in parts):
                _refuse("word-document")
            if sum(part.file_size for part in parts) > unpacked_bytes_max:
                _refuse("unpacked-too-large")
            strings, named = array("I"), 0
            for part in parts:
                if part.filename.lower().endswith("sharedstrings.xml"):
                    strings.extend(len(one[0]) for one in _STRING.finditer(package.read(part)))
            longest = max(strings, default=0)
            has_errors = False
            for part in parts:
                content = package.read(part)
                rows = columns = 0
                for place in _PLACE.finditer(content):
                    rows = max(rows, int(place[2]))
                    columns = max(columns, _column(place[1].upper()))
                if rows * columns > cells_max:
                    _refuse("unpacked-too-large")
                # The library gives each cell a text of its own.
                if longest * content.count(b"<") > unpacked_bytes_max:
                    for cell in _NAMED.finditer(content):
                        place_of = int(cell[1])
                        named += strings[place_of] if place_of < len(strings) else 0
                        if named > unpacked_bytes_max:
                            _refuse("unpacked-too-large")
                has_errors = has_errors or _ERROR_CELL.search(content) is not None
            return _with_errors_as_text(package) if has_errors else data
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as reason:
        if isinstance(reason, NotThisFormat):
            raise
        raise NotThisFormat("damaged", REFUSALS["damaged"]) from reason


def _with_errors_as_text(package: zipfile.ZipFile) -> bytes:
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w") as changed:
        for part in package.infolist():
            content = _ERROR_CELL.sub(rb'\1"str"', package.read(part))
            changed.writestr(part.filename, content)
    return again.getvalue()


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _cell(value: object) -> Cell:
    """A cell as a person reads it: 5, not 5.0; a day without its midnight."""
    if isinstance(value, bool):
        return Cell(str(value).upper(), CellKind.BOOLEAN)
    if isinstance(value, int | float):
        is_whole = isinstance(value, float) and value.is_integer()
        return Cell(str(int(value) if is_whole else value), CellKind.NUMBER)
    if isinstance(value, datetime.datetime):
        return Cell(value.isoformat().removesuffix("T00:00:00"), CellKind.DATE)
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return Cell(str(value), CellKind.DATE)
    return Cell(str(value))
