"""The OHCHR thematic list of UPR recommendations ("matrix"), a DOCX, or pasted into a spreadsheet:
read, nothing else.

Three layouts are known, one for each UPR cycle that has one, and the heading row and the way the
themes are written tell which; no name, symbol or State does:

- 2: themes are coded ("A12 …"), States stand in one bracket, divided by commas;
- 3: themes have a dash, goals and groups of persons follow under labels in the same cell, each
  State has its bracket;
- 4: goals have a column of their own, and there is none for the State's comments.

Older lists name the States in a column of their own, number in another one or let Word number,
repeat no heading row above later tables, or have no column of themes: they are read as well.

What a file holds is a claim by its makers: it is kept as printed, and what cannot be right gets a
doubt (a stable code), never a repair. A row that cannot be read is handed back whole.

Only English files have been met. The words of the other five languages (`LANGUAGES`) are those
that UN documents use; where a word for an answer is missing, the row is pending and doubted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Literal, get_args

import msgspec

from domain.addressees import recognise
from domain.answers import Reading, read_answer
from workflows import word_document
from workflows.ohchr_matrix_words import LANGUAGES, Position
from workflows.sources import NotThisFormat, RowsNotRead
from workflows.sources.table import CellKind, is_workbook, kind_of, read_sheets, utf_8
from workflows.word_document import Cell, UnreadableDocument, bytes_of, clean, read_word
from workflows.word_printed import UNCOMPUTED

version = 2
"""Raised when the same file would be read differently."""

rows_max = 10_000
cell_characters_max = 10_000
printed_characters_max = 500
unclosed_brackets_max = 8
theme_characters_max = 200

TermKind = Literal["theme", "sdg", "affected-persons"]


class Citation(msgspec.Struct, frozen=True):
    """Where a position is said to be written.

    `printed`: all that follows the label; `symbol`, `paragraph`: what of it could be read.
    `doubt`: "symbol-missing"; "paragraph-malformed" (something stands there that is no number);
    "differs-from-its-paragraph" (nearly all paragraphs of the same leading number cite another
    document). A citation that names no paragraph is in no doubt."""

    printed: str
    symbol: str | None = None
    paragraph: str | None = None
    doubt: str | None = None


class MatrixPart(msgspec.Struct, frozen=True):
    """One text of a paragraph and who recommends it; `states` as printed, in order."""

    text: str
    states: tuple[str, ...] = ()


class MatrixTerm(msgspec.Struct, frozen=True):
    """`code`: "A12" (theme list of 2014), "16" or "16.2" (goal or target), else None."""

    kind: TermKind
    code: str | None
    label: str


class MatrixRow(msgspec.Struct, frozen=True):
    """One paragraph. `row`: the first row of the table where it stands, from 1, counting on
    through the tables of a file. `in_part`: the answer is given to a part only;
    `said_already_implemented`: the State's claim. `comment`: what stands in the last column, and
    in columns that are not known, each after its heading.

    `doubts`: "state-not-recognised", "states-missing", "states-in-the-text" (a bracket of States
    in mid-sentence: perhaps two texts), "states-differ" (the column of States names others than
    the text), "bracket-not-closed", "position-missing", "position-unclear" (neither is an answer:
    the position is pending, the wording is kept), "citation-missing",
    "citation-repeated-differently"."""

    row: int
    paragraph: str
    parts: tuple[MatrixPart, ...]
    position: Position
    position_printed: str
    in_part: bool = False
    said_already_implemented: bool = False
    citation: Citation | None = None
    terms: tuple[MatrixTerm, ...] = ()
    comment: str = ""
    doubts: tuple[str, ...] = ()


class UnreadableRow(msgspec.Struct, frozen=True):
    """A row that needs a person. `reason`: a key of `REASONS`; `message`: the sentence there."""

    row: int
    reason: str
    message: str
    printed: str


class Matrix(msgspec.Struct, frozen=True):
    """All that one file says.

    `generation`: 2, 3 or 4. `theme_list`: the vocabulary of its themes, "2014" (coded), "2019" or
    "2025". `state_printed`, `state` (code), `cycle`, `session`: from the page header, where it
    says so. `document`: the report that most citations belong to, without /Add.N. `data_rows`:
    all rows that are no heading, no theme and not empty; always the sum of `rows`, `unreadable`,
    `merged` (the same paragraph printed again under another theme) and those in `not_read` (tables
    without a heading row that fit none before them). `theme_rows`: those that open a theme."""

    generation: int
    theme_list: str
    heading_language: str
    state_printed: str
    state: str | None
    cycle: int | None
    session: int | None
    document: str | None
    rows: tuple[MatrixRow, ...]
    unreadable: tuple[UnreadableRow, ...]
    merged: int
    not_read: tuple[RowsNotRead, ...]
    theme_rows: int
    data_rows: int


class NotAMatrix(ValueError):
    """The file cannot be read at all. `code`: a key of `REFUSALS`; the message says what to do."""

    def __init__(self, code: str, more: str = "") -> None:
        super().__init__(f"{REFUSALS[code]} {more}".strip())
        self.code = code


REFUSALS = {
    "no-list": "No list of recommendations was found: numbered paragraphs (140.1 …) under one that "
    "says what the State answers. Choose the Working Group's report.",
    "report-not-english": "Reports are read in English. Take the matrix for other languages.",
    **word_document.REFUSALS,
    "not-a-docx": "This is no Word document (.docx) and no spreadsheet. Choose the matrix as OHCHR "
    "publishes it.",
    "no-heading-row": "No table or sheet has the heading row of a matrix (Recommendation, "
    "Position). Check that this is the thematic list, and that its first row was not removed.",
    "language-differs": "The heading row is in another language than was chosen. "
    "Choose the language of the file.",
    "language-unknown": "Choose one of the six UN languages: ar, en, es, fr, ru, zh.",
    "rows-too-many": "The table has more rows than a matrix can have. Check the file.",
}

REASONS = {
    "paragraph-missing": "The paragraph number (as in 115.3) is missing at the start of the first "
    "cell. Look it up in the report and type it in front of the text.",
    "number-not-computed": "Word makes the paragraph number here, in a way that is not read. Turn "
    "the numbering into text (copy the list, paste it as text) and save the file again.",
    "paragraph-is-number": "The cell of the number is a number, so that 50.1 may be 50.10. Make "
    "the column text, and write the numbers again from the document.",
    "text-missing": "There is no text of a recommendation after the paragraph number. "
    "Copy it from the report.",
    "columns-missing": "The row has lost its columns. Restore them as in the rows around it.",
    "paragraph-repeated-differently": "This paragraph stands in an earlier row with another text "
    "or position. Compare both with the report and correct the one that is wrong.",
    "cell-too-long": "A cell is far longer than a recommendation. Check whether rows ran together.",
}


NOT_READ = {
    "table-without-heading": "A table has no heading row, and its rows are not like those of a "
    "table before it. If they are recommendations, copy the heading row above them.",
}

_THEME_LISTS = {2: "2014", 3: "2019", 4: "2025"}
_COLUMNS_NEEDED = {"recommendation", "position"}
_DASHES = "-–—−‐‑•·"
_NUMBER = re.compile(
    r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]*"
    r"(\d{1,4}(?:\s?\.\s?\d{1,4}|\.[a-z](?![a-z]))+|\d{1,4}(?=[.)]))(?![\d\w]*\d)[.):]?\s*"
)
_ARABIC_NUMBER = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]*(\d{1,4})\s?-\s?(\d{1,4})")
_CLOSES_A_PART = re.compile(r"[\s)）*]*(?:[;；.。]+\s*|$)")
_BETWEEN_BRACKETS = re.compile(r"\s*(?:,|、|，|and|&)?\s*")
_CONJUNCTION = re.compile(r"\s*(?:/|&|和|及|\b(?:and|et|y|e|и)\b)\s*|\s+و\s?", re.IGNORECASE)
_SYMBOL = re.compile(
    r"\b[A-Z]{1,6}(?:\s?/\s?[A-Za-z0-9][A-Za-z0-9.]*(?:-\d+)?)+(?:\s+(?:Add|Corr|Rev)\.\s?\d+)?"
)
_ADDENDUM = re.compile(r"(?:/(?:Add|Corr|Rev)\.\d+)+$", re.IGNORECASE)
_PARAGRAPH_LABEL = re.compile(
    r"\b(?:paragraphes?|paragraphs?|párrafos?|párrs?|paras?|pars?|пункты?|пп?)\b\.?"
    r"|الفقرات|الفقرة|فقرة|段落?|第|§+",
    re.IGNORECASE,
)
_PARAGRAPHS = re.compile(
    r"\d+(?:\.\d+)*(?:\s*\([a-z]\))?"
    r"(?:\s*(?:[-–—,;&]|and|to|et|à|y|a|и|و|至|和)\s*\d+(?:\.\d+)*(?:\s*\([a-z]\))?)*"
)
_COUNTED = re.compile(r"\d{1,3}[.)]\s+")
_THEME_CODE = re.compile(r"([A-Z]\d{1,3})\s+(\S.*)")
_GOAL = re.compile(r"(?:SDG|ODD|ODS|ЦУР)?\s*(\d{1,2}(?:\.\w{1,2})?)\s*[-–—−:.]*\s*(.*)")
# A majority makes a lonely citation doubtful only where it is large and plain.
_MAJORITY_PERCENT, _MAJORITY_LEAST = 80, 5


def read_matrix(
    source: bytes | Path,
    *,
    language: str = "en",
    progress: Callable[[int, int], None] | None = None,
) -> Matrix:
    """The matrix in `source`, a DOCX or spreadsheet or its bytes, whose texts are in `language`.

    English headings and labels are read in any language's file. `progress` is called with
    each row: which one it is, and how many there are. Raises NotAMatrix; a bad row never raises."""
    if language not in LANGUAGES:
        raise NotAMatrix("language-unknown")
    header, tables = _header_and_tables(source)
    heading_language, matrices, not_read = _with_headings(tables, language)
    total = sum(len(rows) for rows, _ in matrices)
    if total > rows_max:
        raise NotAMatrix("rows-too-many")
    rows: dict[str, MatrixRow] = {}
    unreadable: list[UnreadableRow] = []
    merged = number = theme_rows = 0
    data_rows = sum(table.rows for table in not_read)
    for table, columns in matrices:
        theme = ""
        for cells in table:
            number += 1
            if progress is not None:
                progress(number, total)
            if not _is_data(cells, columns, heading_language, language):
                opened = _theme_of(cells, heading_language, language)
                theme, theme_rows = opened or theme, theme_rows + bool(opened)
                continue
            data_rows += 1
            read = _row(number, cells, columns, theme, language)
            if isinstance(read, UnreadableRow):
                unreadable.append(read)
            elif (earlier := rows.get(read.paragraph)) is None:
                rows[read.paragraph] = read
            elif says(earlier) == says(read):
                rows[read.paragraph] = _together(earlier, read)
                merged += 1
            else:
                unreadable.append(_unreadable(number, "paragraph-repeated-differently", cells))
    found = tuple(_doubted(list(rows.values())))
    state_printed, cycle, session = _headline(header, language)
    coded = any(t.kind == "theme" and t.code for row in found for t in row.terms)
    own_goals = any("sdgs" in columns for _, columns in matrices)
    generation = 4 if own_goals else 2 if coded or cycle in {1, 2} else 3
    return Matrix(
        generation=generation,
        theme_list=_THEME_LISTS[generation],
        heading_language=heading_language,
        state_printed=state_printed,
        state=recognise(state_printed),
        cycle=cycle,
        session=session,
        document=_report(found),
        rows=found,
        unreadable=tuple(unreadable),
        merged=merged,
        not_read=tuple(not_read),
        theme_rows=theme_rows,
        data_rows=data_rows,
    )


def text_and_states(printed: str, language: str) -> tuple[str, tuple[str, ...]]:
    """A recommendation as lists print it: its text without the source of its position, and without
    the States in the brackets that end it; these as printed. Where it bundles several texts, each
    keeps its States."""
    body, _ = _source(printed, language if language in LANGUAGES else "en")
    parts = texts_with_states(body, set(), in_brackets_only=False)
    if len(parts) == 1 and parts[0].states:
        return parts[0].text, parts[0].states
    return body or printed, ()


# The table


def _header_and_tables(source: bytes | Path) -> tuple[str, list[list[list[Cell]]]]:
    """What says what the file is about, and its tables."""
    try:
        data = bytes_of(source)
        if is_workbook(data):
            return _sheets(data)
        document = read_word(data)
    except UnreadableDocument as problem:
        raise NotAMatrix(problem.code) from None
    return document.header_and_text, document.tables


def _sheets(data: bytes) -> tuple[str, list[list[list[Cell]]]]:
    """The sheets as tables. Lines of one cell above all others are the header."""
    try:
        sheets = read_sheets(data, utf_8)
    except NotThisFormat as problem:
        raise NotAMatrix(problem.code if problem.code in REFUSALS else "damaged") from None
    header: list[str] = []
    tables = []
    for sheet in sheets:
        rows = [cells for _, cells in sheet.rows]
        title = list(takewhile(lambda cells: len(list(filter(None, cells))) == 1, rows))
        header += [cell for cells in title for cell in cells if cell]
        tables.append(
            [
                [
                    Cell(str(cell), start, 1, is_number=kind_of(cell) is CellKind.NUMBER)
                    for start, cell in enumerate(cells)
                ]
                for cells in rows[len(title) :]
            ]
        )
    return " ".join(header), tables


_Columns = dict[str, tuple[int, int, int]]
"""Column → place of its heading cell in the row, its start on the grid, cells in that row. One that
is not known stands under its heading, after a colon."""


def _with_headings(
    tables: list[list[list[Cell]]], language: str
) -> tuple[str, list[tuple[list[list[Cell]], _Columns]], list[RowsNotRead]]:
    """The tables that have a heading row, in the first language that any has one in, those that go
    on without one under the heading of the table before, and the others."""
    for tongue in (language, "en"):
        found: list[tuple[list[list[Cell]], _Columns]] = []
        others: list[RowsNotRead] = []
        for table in tables:
            columns = next(filter(None, (_columns(row, tongue) for row in table)), None)
            if columns is None and found and _goes_on(table, found[-1][1], language):
                columns = found[-1][1]
            if columns is not None:
                found.append((table, columns))
            elif filled := [row for row in table if any(clean(cell.text) for cell in row)]:
                printed = " | ".join(filter(None, (clean(cell.text) for cell in filled[0])))
                reason = "table-without-heading"
                printed = printed[:printed_characters_max]
                others.append(RowsNotRead(len(filled), reason, NOT_READ[reason], printed))
        if found:
            return tongue, found, others
    for tongue in LANGUAGES:
        if any(_columns(row, tongue) for table in tables for row in table):
            raise NotAMatrix("language-differs", f"It is in “{tongue}”.")
    raise NotAMatrix("no-heading-row")


def _goes_on(table: list[list[Cell]], columns: _Columns, language: str) -> bool:
    """True if a table without a heading row has rows like those of the table before it: as many
    cells, and a paragraph number where it belongs."""
    for row in table:
        if len(row) != columns["recommendation"][2]:
            continue
        for column in ("number", "recommendation"):
            if numbered(clean(_cell(row, columns, column)), language)[0]:
                return True
    return False


def _columns(cells: list[Cell], language: str) -> _Columns:
    """What the cells of a heading row head; empty if this is none."""
    found: _Columns = {}
    if len(cells) < len(_COLUMNS_NEEDED) or any(len(cell.text) > 200 for cell in cells):
        return found
    for place, cell in enumerate(cells):
        printed = _plain(cell.text)
        where = (place, cell.start, len(cells))
        for column, beginnings in _folded_headings(language):
            if printed in beginnings or (column != "number" and printed.startswith(beginnings)):
                found.setdefault(column, where)
                break
        else:
            if printed:
                found.setdefault(f"{clean(cell.text)}:", where)
    return found if found.keys() >= _COLUMNS_NEEDED else {}


@cache
def _folded_headings(language: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (column, tuple(_plain(heading) for heading in headings))
        for column, headings in LANGUAGES[language].headings.items()
    )


def _is_data(cells: list[Cell], columns: _Columns, heading_language: str, language: str) -> bool:
    """True unless the row is empty, a heading row, or opens a theme."""
    filled = [cell for cell in cells if cell.own and clean(cell.text)]
    if not filled or _columns(cells, heading_language):
        return False
    return len(filled) > 1 or not _opens_a_theme(cells, filled[0], columns, language)


def _opens_a_theme(cells: list[Cell], filled: Cell, columns: _Columns, language: str) -> bool:
    """True if the only cell that is filled names a theme: after its label, across the whole row, or
    in the first cell, where it is no text of a recommendation: it has no paragraph number, cites
    nothing and names no States."""
    text = clean(filled.text)
    number, rest = numbered(text, language)
    is_counted = number.isdigit()
    if number and not is_counted:
        return False
    label = _labels("theme", language).match(text)
    is_whole_row = len(cells) == 1 and filled.span > 1
    _, first, count = columns["recommendation"]
    if not (label or is_whole_row or (filled.start == first and len(cells) == count)):
        return False
    if _labels("source", language).search(text):
        return False
    if any(bracket.names_a_state for bracket in _brackets(text)):
        return False
    return bool(label) or is_whole_row or len(rest if is_counted else text) <= theme_characters_max


def _theme_of(cells: list[Cell], heading_language: str, language: str) -> str:
    """The theme that a row opens, without its label and its number in a list."""
    if _columns(cells, heading_language):
        return ""
    text = next((printed for cell in cells if (printed := clean(cell.text))), "")
    text = _labels("theme", language).sub("", text, count=1)
    return _COUNTED.sub("", text)


def says(row: MatrixRow) -> tuple[object, ...]:
    """What must not differ where a paragraph is printed again."""
    return row.parts, row.position, row.in_part


def _cell(cells: list[Cell], columns: _Columns, column: str) -> str:
    """The text under a heading."""
    found = _under(cells, columns, column)
    return found.text if found else ""


def _under(cells: list[Cell], columns: _Columns, column: str) -> Cell | None:
    """The cell under a heading: by place where the row has as many cells as the heading row, else
    by the grid."""
    if column not in columns:
        return None
    place, start, count = columns[column]
    if len(cells) == count:
        return cells[place]
    return next((c for c in cells if c.start <= start < c.start + c.span), None)


# One row


def _row(
    number: int, cells: list[Cell], columns: _Columns, theme: str, language: str
) -> MatrixRow | UnreadableRow:
    if sum(len(cell.text) for cell in cells) > cell_characters_max:
        return _unreadable(number, "cell-too-long", cells)
    if len(cells) == 1:
        return _unreadable(number, "columns-missing", cells)
    told = _cell(cells, columns, "recommendation")
    body, citation = _source(clean(told), language)
    paragraph, body = numbered(body, language)
    if not paragraph:
        printed = clean(_cell(cells, columns, "number"))
        paragraph, rest = numbered(f"{printed} ", language)
        if rest.strip():
            paragraph = ""
        counted = _under(cells, columns, "number")
        if paragraph and counted and counted.is_number:
            return _unreadable(number, "paragraph-is-number", cells)
    if not paragraph:
        reason = "number-not-computed" if UNCOMPUTED in told else "paragraph-missing"
        return _unreadable(number, reason, cells)
    doubts: set[str] = set()
    parts = texts_with_states(body, doubts, in_brackets_only="states" not in columns)
    if not parts:
        return _unreadable(number, "text-missing", cells)
    if "states" in columns:
        parts = _with_states(parts, _listed(_cell(cells, columns, "states")), doubts)
    position_printed = clean(_cell(cells, columns, "position"))
    answer = read_answer(position_printed)
    if answer is None:
        doubts.add("position-unclear")
        answer = Reading(None)
    elif answer.answer is None and not any(map(str.isalnum, position_printed)):
        doubts.add("position-missing")
    if citation is None and answer.answer is not None:
        doubts.add("citation-missing")
    terms = [
        *_terms(_cell(cells, columns, "themes"), "theme", language),
        *_terms(_cell(cells, columns, "sdgs"), "sdg", language),
    ]
    if "themes" not in columns and theme:
        terms.extend(_terms(theme, "theme", language))
    comments = [("", _cell(cells, columns, "comment"))]
    comments += [(f"{c} ", _cell(cells, columns, c)) for c in columns if c.endswith(":")]
    return MatrixRow(
        row=number,
        paragraph=paragraph,
        parts=parts,
        position=answer.answer.value if answer.answer else "pending",
        position_printed=position_printed,
        in_part=answer.in_part,
        said_already_implemented=answer.said_already_implemented,
        citation=citation,
        terms=_in_order(terms),
        comment="\n".join(f"{c}{line}" for c, cell in comments for line in _lines(cell)),
        doubts=tuple(sorted(doubts)),
    )


def _listed(cell: str) -> tuple[tuple[str, bool], ...]:
    """The States in a cell, one a line or divided by commas, and whether each is known."""
    return tuple(dict.fromkeys(name for line in _lines(cell) for name in _names(line)))


def _with_states(
    parts: tuple[MatrixPart, ...], listed: tuple[tuple[str, bool], ...], doubts: set[str]
) -> tuple[MatrixPart, ...]:
    """The parts with the States that the column of States names. A single text has them all; of
    several, each has its own in brackets, and the column can add none to any."""
    if not all(known for _, known in listed):
        doubts.add("state-not-recognised")
    named = {recognise(state) or state for part in parts for state in part.states}
    more = tuple(name for name, _ in listed if (recognise(name) or name) not in named)
    if more and named:
        doubts.add("states-differ")
    if more and len(parts) == 1:
        parts = (MatrixPart(parts[0].text, (*parts[0].states, *more)),)
    if all(part.states for part in parts):
        doubts.discard("states-missing")
    return parts


def _unreadable(number: int, reason: str, cells: list[Cell]) -> UnreadableRow:
    printed = " | ".join(clean(cell.text) for cell in cells)
    return UnreadableRow(number, reason, REASONS[reason], printed[:printed_characters_max])


def _together(earlier: MatrixRow, again: MatrixRow) -> MatrixRow:
    """One paragraph from two rows that agree: all terms, every comment, the first citation."""
    doubts = {*earlier.doubts, *again.doubts}
    if earlier.citation and again.citation and earlier.citation != again.citation:
        doubts.add("citation-repeated-differently")
    if citation := earlier.citation or again.citation:
        doubts.discard("citation-missing")
    return msgspec.structs.replace(
        earlier,
        citation=citation,
        terms=_in_order([*earlier.terms, *again.terms]),
        comment="\n".join(dict.fromkeys(filter(None, (earlier.comment, again.comment)))),
        doubts=tuple(sorted(doubts)),
    )


def numbered(body: str, language: str) -> tuple[str, str]:
    """The number at the start, without stray spaces, and what follows it."""
    number = _NUMBER.match(body)
    if number:
        return "".join(number[1].split()), body[number.end() :]
    # Arabic documents write 115-3 for what the others print as 115.3.
    if language == "ar" and (number := _ARABIC_NUMBER.match(body)):
        return f"{int(number[1])}.{int(number[2])}", body[number.end() :].lstrip(" .)-")
    return "", body


def _terms(cell: str, kind: TermKind, language: str) -> Iterator[MatrixTerm]:
    for line in _items(cell, language):
        if _labels("sdgs", language).match(line):
            kind, line = "sdg", _labels("sdgs", language).sub("", line, count=1)
        elif _labels("persons", language).match(line):
            kind, line = "affected-persons", _labels("persons", language).sub("", line, count=1)
        label = line.strip(f" \t{_DASHES}") if line[:1] in _DASHES else line.strip()
        if not label:
            continue
        pattern = {"theme": _THEME_CODE, "sdg": _GOAL}.get(kind)
        coded = pattern.fullmatch(label) if pattern else None
        yield MatrixTerm(kind, coded[1], coded[2]) if coded else MatrixTerm(kind, None, label)


def _in_order(terms: list[MatrixTerm]) -> tuple[MatrixTerm, ...]:
    """Each once: themes, goals, groups of persons, whatever the layout; else as printed."""
    return tuple(sorted(dict.fromkeys(terms), key=lambda term: get_args(TermKind).index(term.kind)))


def _items(cell: str, language: str) -> list[str]:
    """The lines of a cell; one that a soft break cut off an item with a dash is put back."""
    items: list[str] = []
    for paragraph in cell.split("\n"):
        for place, line in enumerate(map(clean, paragraph.split("\v"))):
            begins = (
                place == 0
                or not items
                or items[-1][:1] not in _DASHES
                or line[:1] in _DASHES
                or any(_labels(label, language).match(line) for label in ("sdgs", "persons"))
            )
            if line and begins:
                items.append(line)
            elif line:
                items[-1] = f"{items[-1]} {line}"
    return items


# Texts and States


class _Bracket(msgspec.Struct, frozen=True):
    start: int
    end: int
    names: tuple[tuple[str, bool], ...]
    """Each name as printed, and whether it is known."""
    closed: bool

    @property
    def names_a_state(self) -> bool:
        return any(known for _, known in self.names)


def texts_with_states(
    body: str, doubts: set[str], *, in_brackets_only: bool = True
) -> tuple[MatrixPart, ...]:
    """The texts of a cell, each with the States in the brackets that end it.

    A run of brackets is a run of States if it ends a text and, from some bracket on, names known
    States. The last brackets of a cell are, if they look like names: the list of States may lack
    one, and a doubt says so. All other brackets belong to the text, and where a column names the
    States (not `in_brackets_only`) so do those that name no known State."""
    parts: list[MatrixPart] = []
    begin = 0
    runs = _runs(body)
    for place, run in enumerate(runs):
        end = _CLOSES_A_PART.match(body, run[-1].end)
        first = next((i for i, bracket in enumerate(run) if bracket.names_a_state), None)
        if first is None and end and end.end() == len(body) and place == len(runs) - 1:
            first = len(run) - 1 if in_brackets_only and _like_names(run[-1]) else None
        if first is None:
            continue
        if not end:
            if any(all(known for _, known in bracket.names) for bracket in run):
                doubts.add("states-in-the-text")
            continue
        names = [name for bracket in run[first:] for name in bracket.names]
        if not all(known for _, known in names):
            doubts.add("state-not-recognised")
        if not all(bracket.closed for bracket in run):
            doubts.add("bracket-not-closed")
        _add(parts, body[begin : run[first].start], tuple(name for name, _ in names))
        begin = end.end()
    rest = body[begin:].strip(" ;；")
    if rest.strip(".)*"):
        # "(Norway); ensure …" without a bracket of its own: kept, and told.
        parts.append(MatrixPart(rest))
    if not all(part.states for part in parts):
        doubts.add("states-missing")
    return tuple(parts) if all(part.text for part in parts) else ()


def _add(parts: list[MatrixPart], text: str, states: tuple[str, ...]) -> None:
    text = text.strip(" ;；")
    if text or not parts:
        parts.append(MatrixPart(text, states))
    else:
        parts[-1] = MatrixPart(parts[-1].text, (*parts[-1].states, *states))


def _runs(body: str) -> list[list[_Bracket]]:
    runs: list[list[_Bracket]] = []
    for bracket in _brackets(body):
        if runs and _BETWEEN_BRACKETS.fullmatch(body, runs[-1][-1].end, bracket.start):
            runs[-1].append(bracket)
        else:
            runs.append([bracket])
    return runs


def _brackets(body: str) -> Iterator[_Bracket]:
    """Outermost brackets, from the left. One that is never closed counts if it holds a State, up
    to the next closing bracket before a semicolon, or to the end."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for place, character in enumerate(body):
        if character in "(（":
            opened.append(place)
        elif character in ")）" and opened:
            pairs[opened.pop()] = place + 1
    unpaired = set(opened[:unclosed_brackets_max])
    done = 0
    for start in sorted((*pairs, *unpaired)):
        if start < done:
            continue
        if start in pairs:
            done = pairs[start]
            yield _Bracket(start, done, _names(body[start + 1 : done - 1]), closed=True)
        else:
            stop = re.compile(r"[)）]?(?=\s*[;；]|\.?\s*$)").search(body, start, start + 500)
            end = stop.end() if stop else min(len(body), start + 500)
            bracket = _Bracket(start, end, _names(body[start + 1 : end]), closed=False)
            if bracket.names_a_state:
                done = end
                yield bracket


def _names(content: str) -> tuple[tuple[str, bool], ...]:
    """The names in a bracket. A name may hold commas and brackets of its own."""
    if recognise(content):
        return ((content.strip(), True),)
    pieces = [piece.strip() for piece in _at_commas(content)]
    names: list[tuple[str, bool]] = []
    while pieces:
        for length in range(min(3, len(pieces)), 0, -1):
            printed = ", ".join(pieces[:length])
            if recognise(printed):
                names.append((printed, True))
                del pieces[:length]
                break
        else:
            names.extend(_apart(pieces.pop(0)))
    return tuple(names)


def _apart(printed: str) -> list[tuple[str, bool]]:
    """Two names that an "and" joins, if both are known; else one name that is not."""
    several = [name for name in _CONJUNCTION.split(printed) if name]
    if several and all(map(recognise, several)):
        return [(name, True) for name in several]
    return [(printed, False)] if printed else []


def _at_commas(content: str) -> list[str]:
    pieces, depth = [""], 0
    for character in content:
        depth += (character in "(（") - (character in ")）")
        if depth <= 0 and character in ",;，；、":
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _like_names(bracket: _Bracket) -> bool:
    """No number, no abbreviation, no words in small letters."""
    return bool(bracket.names) and not any(
        any(map(str.isdigit, name)) or name[0].islower() or (name.isupper() and " " not in name)
        for name, _ in bracket.names
    )


# Citations


def _source(printed: str, language: str) -> tuple[str, Citation | None]:
    """What precedes the label of the source, and the citation after it."""
    labels = list(_labels("source", language).finditer(printed))
    if not labels:
        return printed, None
    label = labels[-1]
    return printed[: label.start()].strip(), _citation(printed[label.end() :].strip())


def _citation(printed: str) -> Citation:
    found = _SYMBOL.search(printed)
    if not found:
        return Citation(printed, doubt="symbol-missing")
    symbol = re.sub(r"\s+(?=Add|Corr|Rev)", "/", found[0])
    symbol = re.sub(r"/+", "/", re.sub(r"\s+", "", symbol)).rstrip(".")
    rest = printed[found.end() :].strip(f" ,;.:{_DASHES}")
    if rest.startswith("("):
        rest = rest[1:].removesuffix(")")
    values = {value.strip(f" ,;.:{_DASHES}") for value in _PARAGRAPH_LABEL.split(rest)} - {""}
    if len(values) == 1 and _PARAGRAPHS.fullmatch(next(iter(values))):
        return Citation(printed, symbol, values.pop())
    return Citation(printed, symbol, doubt="paragraph-malformed" if values else None)


def _doubted(rows: list[MatrixRow]) -> Iterator[MatrixRow]:
    """The rows, those in doubt whose citation stands alone among its leading number."""
    cited: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.citation and row.citation.symbol:
            cited[_leading(row)][row.citation.symbol] += 1
    for row in rows:
        citation = row.citation
        if citation and citation.symbol:
            symbols = cited[_leading(row)]
            usual, count = symbols.most_common(1)[0]
            plain = count * 100 >= symbols.total() * _MAJORITY_PERCENT and count >= _MAJORITY_LEAST
            if plain and citation.symbol != usual:
                doubted = msgspec.structs.replace(citation, doubt="differs-from-its-paragraph")
                row = msgspec.structs.replace(row, citation=doubted)
        yield row


def _leading(row: MatrixRow) -> str:
    return row.paragraph.partition(".")[0]


def _report(rows: tuple[MatrixRow, ...]) -> str | None:
    """The document that more than half of the citations belong to."""
    reports = Counter(
        _ADDENDUM.sub("", row.citation.symbol)
        for row in rows
        if row.citation and row.citation.symbol
    )
    for symbol, count in reports.most_common(1):
        if count * 2 > reports.total():
            return symbol
    return None


def _headline(header: str, language: str) -> tuple[str, int | None, int | None]:
    """State, cycle and session that the page header names."""
    state, numbers = "", dict[str, int]()
    for tongue in (language, "en"):
        patterns = LANGUAGES[tongue].header
        if not state and (found := re.search(patterns["state"], header, re.IGNORECASE)):
            state = found[1].strip(" ,–—-")
        for what in ("cycle", "session"):
            found = re.search(patterns[what], header, re.IGNORECASE)
            if found and len(found[1]) < 4:
                numbers.setdefault(what, int(found[1]))
    return state, numbers.get("cycle"), numbers.get("session")


# Words


def _lines(text: str) -> list[str]:
    return [line for line in map(clean, re.split("[\n\v]", text)) if line]


def _plain(text: str) -> str:
    """As compared: no case, diacritics, curly apostrophes or stray spaces."""
    letters = unicodedata.normalize("NFKD", clean(text).casefold().replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def _labels(which: str, language: str) -> re.Pattern[str]:
    """A label with its colon. A source may lack the colon; a theme in mid-text must not match."""
    words = dict.fromkeys((*LANGUAGES[language].labels[which], *LANGUAGES["en"].labels[which]))
    either = "|".join(
        re.escape(word).replace("\\ ", r"\s+") for word in sorted(words, key=len, reverse=True)
    )
    return re.compile(rf"(?:{either})\s*[:：]{'?' if which == 'source' else ''}\s*", re.IGNORECASE)
