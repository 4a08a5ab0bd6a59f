"""Importing a list: recommendations that left as CSV or XLSX (`workflows.exporting.sheets`), were
changed in a spreadsheet program, and come back.

A row is known by its id and compared, cell by cell, with what the list said of the version that it
was exported at. So only what a person changed is news, and what the record learnt in between is not
undone. A row is taken whole: where one change of it needs a person, nothing of it is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.answers import read_answer
from domain.entry import Effective, Entry, effective, is_date, label_chars_max, text_chars_max
from domain.identity import normal_paragraph, normal_symbol
from domain.recommendation import Recommendation, fold, position, terms, wording
from domain.recommendation.elements import Term
from domain.recommendation.position import PositionTaken
from domain.recommendation.terms import Classified, Declassified
from domain.review import review_id
from domain.words import AssertedHow, CorrectionKind, Mechanism, Position
from workflows.exporting.cells import fitting, is_taken_for_a_formula, named, public_only
from workflows.exporting.columns import Reading
from workflows.exporting.sheets import COLUMNS
from workflows.importing.facts import Fact, FactsImport, NotAskedFor
from workflows.importing.matching import NEAR, nearness, same_text
from workflows.importing.matrix import organ_of
from workflows.importing.receipt import (
    Conflict,
    Outcome,
    text_differs,
    text_of_another,
)
from workflows.importing.terms import Terms, told
from workflows.list_cells import divide
from workflows.sources import NotThisFormat, RepeatedRow, RowsNotRead, UnreadableRow
from workflows.sources.table import (
    REFUSALS,
    CellKind,
    affected,
    fitted,
    is_spreadsheet,
    kind_of,
    printed,
    rows_under_one_heading,
    sdg,
    theme,
    utf_8,
)

FURTHER = ("position_date", "position_source", "reason")
"""Columns that a person may add: date and document of a new position, why a text is corrected."""

REASON = "Changed in a list that was exported and brought back."

NEEDED = ("id", "version")

TERMS: dict[str, tuple[str, Callable[[str], Term]]] = {
    "themes": ("theme", theme),
    "sdgs": ("sdg", sdg),
    "affected_persons": ("affected-persons", affected),
}
"""Column → its vocabulary, and how a term of it is read."""

_OF = {column.name: column.of for column in COLUMNS}
_CHANGED_ELSEWHERE = [
    name
    for name in _OF
    if name not in (*NEEDED, *TERMS, "symbol", "paragraph", "text", "text_language", "position")
]

REASONS = {
    "columns-differ": "The row has another number of fields than the heading row. Look for a "
    "separator or quotation mark too many or too few.",
    "id-missing": "The row has no id. Bring new recommendations in as a table (--format table).",
    "id-unreadable": "The id is none. Copy it from the exported list.",
    "version-unreadable": "The version is no number. Copy it from the exported list.",
    "repeated-differently": "An earlier row has the same id and other content. Keep the one that "
    "is right.",
}


class ListRow(NamedTuple):
    """A row of a list: its number, the recommendation and its version, its cells by column."""

    row: int
    id: UUID
    version: int
    cells: dict[str, str]


ReadListRow = ListRow | UnreadableRow | RepeatedRow | RowsNotRead


class ListReader:
    """The list at `path`, CSV or spreadsheet."""

    format = "lists"
    version = 1

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unknown: list[str] = []

    def read(self) -> Iterator[ReadListRow]:
        """The rows in order; `unknown` holds the headings that no list has. Raises
        NotThisFormat."""
        rows, not_read = rows_under_one_heading(self.path, utf_8, self._headed)
        self.unknown = [name for name in rows[0].names if not _is_known(name)] if rows else []
        earlier: dict[UUID, tuple[int, dict[str, str]]] = {}
        for row in rows:
            cells = fitted(row.cells, len(row.names))
            if len(cells) != len(row.names):
                yield _unreadable(row.number, "columns-differ", row.cells)
                continue
            said = {name: cell for name, cell in zip(row.names, cells, strict=True) if name}
            reason, found = _identified(row.number, said)
            if found is None:
                yield _unreadable(row.number, reason, cells)
                continue
            first, content = earlier.setdefault(found.id, (row.number, said))
            if first == row.number:
                yield found
            elif content == said:
                yield RepeatedRow(row.number, first)
            else:
                yield _unreadable(row.number, "repeated-differently", cells)
        yield from not_read

    def _headed(self, heading: list[str]) -> list[str]:
        names = ["_".join(name.casefold().split()) for name in heading]
        if not any(names):
            raise NotThisFormat("no-heading-row", REFUSALS["no-heading-row"])
        if missing := [name for name in NEEDED if name not in names]:
            raise NotThisFormat(
                "columns-missing",
                f"This is no exported list: it lacks {' and '.join(missing)}. Export the list as "
                "CSV or XLSX, keep these columns, and change that file.",
            )
        if repeated := sorted({name for name in names if name and names.count(name) > 1}):
            raise NotThisFormat(
                "heading-repeated", f"{REFUSALS['heading-repeated']} {', '.join(repeated)}."
            )
        return names


class _Row(NamedTuple):
    """A row beside the record. `then`: the recommendation as the list showed it; `shown`: as a list
    would show it now; `now`: as it is; `entries`: its history, as far as it may be read;
    `language`: of the row's text."""

    said: ListRow
    name: str
    then: Recommendation
    shown: Recommendation
    now: Recommendation
    entries: Sequence[Entry]
    language: str

    def further(self, column: str) -> str:
        """What a person says in a column of `FURTHER`."""
        return str(self.said.cells.get(column, ""))

    @property
    def since(self) -> list[Entry]:
        """What was recorded after the list was exported."""
        return [entry for entry in self.entries if entry.version > self.said.version]


class ListImport(FactsImport[list[ReadListRow]]):
    """An import of a list."""

    format = ListReader.format
    version = ListReader.version

    def read(self) -> list[ReadListRow]:
        reader = ListReader(self.path)
        found = list(reader.read())
        for name in reader.unknown:
            message = f"“{printed(name, 60)}” is no column of a list; it is not read."
            self.doubt(1, None, "column-unknown", message)
        return found

    def facts(self, found: list[ReadListRow]) -> Iterator[Fact]:
        self._terms = Terms(self.lookups)
        self._there: dict[UUID, list[Recommendation]] = {}
        self._is_spreadsheet = is_spreadsheet(self.path)
        for read in found:
            if isinstance(read, ListRow) and self._is_of_another(read):
                self.receipt.count(Outcome.OTHER_STATES)
                self.receipt.other_states += 1
            elif isinstance(read, ListRow):
                yield self._of(read)
            else:
                self.account(read)

    def _is_of_another(self, row: ListRow) -> bool:
        """True if a row says that it is of a State that the key is not for: the record is not
        asked, since that is not for the key either."""
        mine, said = self.principal.addressees, row.cells.get("addressee")
        return bool(mine and said) and said not in mine

    def _of(self, row: ListRow) -> Fact:
        """What a row states."""

        def plan(r: Recommendation, entries: Sequence[Entry]) -> list[Entry]:
            return self._compare(row, r, entries)

        name = row.cells.get("paragraph") or str(row.id)
        return Fact(row.row, name, row.id, plan, printed(row.cells.get("text", "")))

    def _compare(self, said: ListRow, now: Recommendation, entries: Sequence[Entry]) -> list[Entry]:
        if self.options.state not in (None, now.addressee):
            raise NotAskedFor
        name = now.paragraph or str(now.id)
        if said.version > now.version:
            raise Conflict(
                "version-unknown",
                f"{name}: the record has no version {said.version} of it. The list is of another "
                "record, or its version was changed: export it again.",
            )
        scope = self.principal.scope
        read = [entry for entry in entries if now.shows(entry.version, scope)]
        then = fold(entry for entry in read if entry.version <= said.version)
        shown = fold(read)
        assert then is not None
        assert shown is not None
        language = str(said.cells.get("text_language") or self.options.language)
        row = _Row(said, name, then, shown, now, read, language)
        self._check(row)
        planned: list[Entry] = []
        changes = (self._position, self._text, self._classification)
        for change in changes:
            planned.extend(change(row))
        return planned

    # -- what is compared only

    def _check(self, row: _Row) -> None:
        """Raises Conflict where the row is another's, or a cell differs that is not changed
        here."""
        cells = row.said.cells
        for column, normal in (("symbol", normal_symbol), ("paragraph", normal_paragraph)):
            if column not in cells or self._is_as_shown(row, column):
                continue
            held = {normal(getattr(r, column) or "") for r in (row.then, row.now)}
            cell = normal(self._value(row, column))
            is_number = kind_of(cells[column]) is CellKind.NUMBER
            if cell in held or (is_number and any(_is_same_number(cell, h) for h in held)):
                continue
            raise Conflict(
                "row-of-another",
                f"{row.name}: the id is of {column} “{getattr(row.now, column) or ''}”, and the "
                f"row says “{printed(cells[column], 60)}”. Cells may have slipped, or a program "
                "turned 50.10 into 50.1: compare the row with the exported list.",
            )
        changed = [
            name for name in _CHANGED_ELSEWHERE if name in cells and not self._is_shown(row, name)
        ]
        shown = {row.then.original, *row.then.texts, *row.shown.texts}
        if "text_language" in cells and row.language not in shown:
            changed.append("text_language")
        if changed:
            raise Conflict(
                "column-not-changed-here",
                f"{row.name}: {', '.join(changed)} can't be changed in a list. Put back what the "
                "list said, and take the step that changes it.",
            )

    def _is_shown(self, row: _Row, column: str) -> bool:
        """True if a cell says what the list said, to this reader or to one who sees less."""
        if self._is_as_shown(row, column):
            return True
        if column not in ("assigned_to", "offered_to"):
            return False
        said = set(divide(self._value(row, column)))
        mine = Reading(row.language, self.principal.scope.reads)
        public = Reading(row.language, public_only)
        return any(
            set(divide(_OF[column](r, public))) <= said <= set(divide(_OF[column](r, mine)))
            for r in (row.then, row.shown)
        )

    def _is_as_shown(self, row: _Row, column: str) -> bool:
        """True if a cell says what the list said then, or would say now."""
        said = {_spaced(row.said.cells[column]), _spaced(self._value(row, column))}
        return any(self._shown(r, row, column) in said for r in (row.then, row.shown))

    # -- what may be changed

    def _text(self, row: _Row) -> Iterator[Entry]:
        if "text" not in row.said.cells or self._is_as_shown(row, "text"):
            return
        now, said, language = row.now, self._value(row, "text"), row.language
        if language not in now.texts:
            language = now.original
        held = now.texts[language]
        ever = {
            _spaced(part.text)
            for entry in row.since
            if (text := getattr(entry.event, "text", None)) and text.language == language
            for part in text.parts
        }
        if _spaced(said) in ever:
            return
        if not said:
            raise Conflict("text-missing", f"{row.name}: the text is empty. Put it back.")
        if kind_of(row.said.cells["text"]) is CellKind.ERROR:
            raise Conflict("cell-in-error", f"{row.name}: the text is an error of the program.")
        if len(held.parts) > 1:
            raise Conflict(
                "text-in-parts",
                f"{row.name}: the text has {len(held.parts)} parts, which a cell does not keep "
                "apart. Correct it by hand.",
            )
        if self._shown(row.then, row, "text") != self._shown(now, row, "text"):
            raise Conflict(
                "changed-meanwhile",
                f"{row.name}: the text was corrected after the list was exported. Export it again.",
            )
        if len(said) > text_chars_max:
            raise Conflict(
                "cell-too-long",
                f"{row.name}: the text is longer than {text_chars_max:,} characters.",
            )
        if nearness(said, now, language) < NEAR:
            raise text_differs(row.name, now, language)
        if other := same_text(self._of_its_review(now), now, said, language):
            raise text_of_another(row.name, other)
        part = msgspec.structs.replace(held.parts[0], text=said)
        text = msgspec.structs.replace(held, parts=(part,))
        stamp = self.stamp(
            row.said.row,
            Effective(),
            document=now.symbol,
            paragraph=now.paragraph,
            reason=row.further("reason") or REASON,
        )
        corrected = wording.correct(now, stamp, CorrectionKind.CLERICAL, text=text)
        yield from self.enter(now, "correct", corrected)

    def _of_its_review(self, r: Recommendation) -> list[Recommendation]:
        if r.cycle is None:
            return []
        upr = r.mechanism is Mechanism.UPR
        id = review_id(r.addressee, r.body, r.cycle if upr else None, None if upr else r.cycle)
        if id not in self._there:
            self._there[id] = self.lookups.held_in_review(self.principal.scope, id)
        return self._there[id]

    def _classification(self, row: _Row) -> Iterator[Entry]:
        now, since = row.now, row.since
        again = {
            term.key for e in since if isinstance(e.event, Classified) for term in e.event.terms
        }
        gone = {
            term.key for e in since if isinstance(e.event, Declassified) for term in e.event.terms
        }
        new: list[Term] = []
        old: list[Term] = []
        for column, (vocabulary, read) in TERMS.items():
            if column not in row.said.cells or self._is_as_shown(row, column):
                continue
            said = {_spaced(value): value for value in divide(self._value(row, column))}
            shown = {_spaced(value) for value in divide(_OF[column](row.then, _ALL))}
            for value in (said[key] for key in said if key not in shown):
                term = read(value)
                if len(term.label) > label_chars_max:
                    raise Conflict(
                        "term-too-long",
                        f"{row.name}: “{printed(value, 60)}” is too long for a term. Divide "
                        "several by semicolons.",
                    )
                (term,), unknown = self._terms.resolve([term])
                for one in self._terms.to_tell(unknown):
                    self.doubt(row.said.row, now.paragraph, "term-unknown", told(one))
                if term.key not in again:
                    new.append(term)
            held = [h.term for h in now.terms if h.term.vocabulary == vocabulary]
            left = shown - said.keys()
            old += [t for t in held if _spaced(named(t)) in left and t.key not in gone | again]
        stays = {term.key for term in new}
        borne = {h.term.key for h in now.terms}
        stamp = self.stamp(row.said.row, Effective(), document=now.symbol, paragraph=now.paragraph)
        if old := [term for term in old if term.key not in stays]:
            yield from self.enter(now, "declassify", terms.declassify(now, stamp, old))
        if new := [term for term in new if term.key not in borne]:
            fits = terms.classify(now, stamp, new, AssertedHow.PERSON)
            yield from self.enter(now, "classify", fits)

    def _position(self, row: _Row) -> Iterator[Entry]:
        if "position" not in row.said.cells or self._is_as_shown(row, "position"):
            return
        now, cell = row.now, self._value(row, "position")
        reading = read_answer(cell)
        if reading is None or reading.answer is None:
            raise Conflict(
                "position-unknown",
                f"{row.name}: “{printed(cell, 60)}” is no position that the record can take from a "
                "list. Write supported or noted, or put back what the list said.",
            )
        answer, in_part, done = reading.answer, reading.in_part, reading.said_already_implemented
        source = row.further("position_source")
        on = row.further("position_date").removesuffix("T00:00:00")
        for taken in (e.event for e in row.since if isinstance(e.event, PositionTaken)):
            said = normal_symbol(taken.instrument or "")
            if (taken.answer, taken.in_part) == (answer, in_part) and (
                not source or said == normal_symbol(source)
            ):
                return
        if not now.awaits_position or row.shown.position is not Position.PENDING:
            raise Conflict(
                "position-answered",
                f"{row.name}: the record has {row.shown.position.value}, and a list answers only "
                "what is pending. A later answer comes in from its document (--format answers).",
            )
        if not source or not is_date(on):
            raise Conflict(
                "position-without-source",
                f"{row.name}: say when and in which document the State answered: add the columns "
                "position_date (2025-04-08) and position_source (A/HRC/59/15/Add.1).",
            )
        stamp = self.stamp(row.said.row, effective(on), document=source)
        event = position.take(
            row.shown,
            stamp,
            answer,
            organ=organ_of(source, now.symbol or ""),
            instrument=source,
            printed=cell,
            in_part=in_part,
            said_already_implemented=done,
        )
        yield from self.enter(now, "take-position", event)

    # -- cells

    def _shown(self, r: Recommendation, row: _Row, column: str) -> str:
        """What the list shows of a recommendation in a column."""
        reading = Reading(row.language, self.principal.scope.reads)
        return _spaced(_OF[column](r, reading))

    def _value(self, row: _Row, column: str) -> str:
        """What a cell says, without the apostrophe that a list puts before what looks like a
        formula; a list as XLSX puts none."""
        cell = row.said.cells[column]
        rest = cell[1:]
        if not cell.startswith("'") or (rest and not is_taken_for_a_formula(rest)):
            return str(cell)
        if self._is_spreadsheet and self._shown(row.then, row, column).startswith("'"):
            return str(cell)
        return rest


_ALL = Reading("en", lambda *_: True)


def _spaced(text: str) -> str:
    """A cell as compared: programs change white space, and drop what XML forbids."""
    return " ".join(fitting(text).replace("\x7f", " ").replace("\ufeff", " ").split())


def _is_known(name: str) -> bool:
    return name in _OF or name in FURTHER


def _is_same_number(cell: str, held: str) -> bool:
    try:
        return float(cell) == float(held)
    except ValueError:
        return False


def _identified(number: int, said: dict[str, str]) -> tuple[str, ListRow | None]:
    """The row, or why it is none."""
    if not said["id"]:
        return "id-missing", None
    try:
        id = UUID(said["id"])
    except ValueError:
        return "id-unreadable", None
    version = said["version"]
    if not (version.isascii() and version.isdecimal() and 0 < len(version) < 10 and int(version)):
        return "version-unreadable", None
    return "", ListRow(number, id, int(version), said)


def _unreadable(row: int, reason: str, cells: list[str]) -> UnreadableRow:
    return UnreadableRow(row, reason, REASONS[reason], printed(" | ".join(filter(None, cells))))
