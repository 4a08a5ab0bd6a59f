"""What is said to an import, and what it says when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from uuid import UUID

import msgspec

from domain.entry import Authority, dated, label_chars_max
from domain.identity import normal_symbol
from domain.recommendation import Recommendation
from domain.refusals import InvalidInput, LimitExceeded

notes_max = 1_000
"""How many rows of a sort a receipt lists; it counts them all."""

document_dates_max = 100
"""How many documents one import can be told the date of."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says about a file; what is None is taken from the file where it says so.
    `all_states`: the file addresses many States, and all are wanted. `document_dates` gives the
    date of documents by symbol: a matrix carries none. `as_history`: by what authority that is
    recorded which the procedure would not let pass; nothing of it is, where none is given."""

    state: str | None = None
    all_states: bool = False
    cycle: int | None = None
    session: int | None = None
    document: str | None = None
    reviewed: str | None = None
    document_dates: dict[str, str] = {}
    language: str = "en"
    as_history: Authority | None = None

    def date_of(self, symbol: str) -> str | None:
        """The date given for a document, however its symbol is spelt; None if none is given."""
        asked = normal_symbol(symbol)
        return next(
            (on for given, on in self.document_dates.items() if normal_symbol(given) == asked), None
        )


def read_document_dates(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Dates by symbol for `Options.document_dates`. Refuses an empty symbol, what is not a date,
    and two dates for one document."""
    dates: dict[str, str] = {}
    known: dict[str, str] = {}
    for printed, on in given:
        symbol = printed.strip()
        if not normal_symbol(symbol) or len(symbol) > label_chars_max:
            raise InvalidInput(
                f"A document needs its symbol, of {label_chars_max} characters at most: "
                "A/HRC/43/15/Add.1.",
                field="documentDates",
            )
        dated(on, "documentDates")
        name = normal_symbol(symbol)
        if known.get(name, on) != on:
            raise InvalidInput(
                f"“{symbol}” is given two dates. Leave one of them out.", field="documentDates"
            )
        if name not in known:
            known[name] = dates[symbol] = on
    if len(known) > document_dates_max:
        raise LimitExceeded(f"One import takes the dates of {document_dates_max} documents.")
    return dates


class Positions(msgspec.Struct):
    """How many of something are supported, noted and pending."""

    supported: int = 0
    noted: int = 0
    pending: int = 0


class Outcome(StrEnum):
    """What came of a row of a file. Where one row gives several recommendations, the first of these
    that applies counts."""

    UNREADABLE = "unreadable"
    NEW = "new"
    CHANGED = "changed"
    UNDECIDED = "undecided"
    MATCHED = "matched"
    SAME = "same"
    MERGED = "merged"
    REPEATED = "repeated"
    OTHER_STATES = "other_states"
    NOT_READ = "not_read"


_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


class RowOutcomes:
    """What came of the rows of a file, by their numbers: each row has one outcome."""

    def __init__(self) -> None:
        self._by_row: dict[int, Outcome] = {}

    def settle(self, outcome: Outcome, rows: Iterable[int]) -> None:
        """Says what came of some rows, or of a part of what they give."""
        for row in rows:
            before = self._by_row.get(row, outcome)
            self._by_row[row] = min(before, outcome, key=_RANK.__getitem__)

    def add_to(self, receipt: Receipt) -> None:
        """Counts them in the receipt."""
        for outcome in self._by_row.values():
            receipt.count(outcome)


class Conflict(Exception):
    """A row contradicts the record and needs a person: a stable reason, and the sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def text_differs(name: str, r: Recommendation, language: str) -> Conflict:
    """What is said where a row's text shares too little with that of the recommendation of its
    name."""
    held = r.text(language)[:200]
    return Conflict(
        "text-differs",
        f"{name}: the record says “{held}”, and the file something else. Compare both with the "
        "document, and correct the one that is wrong by hand.",
    )


def text_of_another(name: str, other: Recommendation) -> Conflict:
    """What is said where a row would give a recommendation the text that another one has."""
    return Conflict(
        "text-of-another",
        f"{name}: the text is that of {other.symbol} {other.paragraph}. Compare the numbers with "
        "the document.",
    )


class RowNote(msgspec.Struct, frozen=True):
    """What a person should know about a row: stable `reason`, the sentence, what stood there."""

    row: int
    paragraph: str | None
    reason: str
    message: str
    printed: str = ""


class Receipt(msgspec.Struct, kw_only=True):
    """What an import found and did. Every count names its unit.

    `rows`: data rows of the file. Each has one `Outcome`, and `row_outcomes` says how many rows
    have which; their sum is `rows`. `not_read_reasons` says how many are not read for which reason.
    `merged` rows are joined to another row of the file, `repeated` ones say it again word for word,
    `other_states` are of States not asked for, `unreadable` ones need a person, `not_read` ones the
    format does not read (a second sheet, a table without heading row). `undecided` ones wait for a
    person. `paragraphs`: recommendations; where a source has no paragraphs, its texts. `parts`:
    texts, where a paragraph bundles several. `pairs`: paragraph and recommending State.

    `new`, `changed`, `same`, `matched`, `undecided`, `missing`, `positions`: paragraphs. `matched`
    and `undecided` are rows of a second source, joined to what a review has or waiting for a
    person. `missing`: recorded from such a file before, and not in this one, which is said and
    changes nothing. `conflicts`: rows that contradict the record and steps of a worklist that were
    not taken; nothing of them is recorded. `batch`: the run.
    `first` and `events`: where in the log it was recorded, None where nothing was.
    """

    format: str = "ohchr-matrix"
    parser_version: int = 1
    layout: int | None = None
    language: str
    sha256: str
    size: int = 0
    addressee: str
    cycle: int | None = None
    session: int | None = None
    document: str | None = None
    inferred: list[str] = []
    dry_run: bool = False
    rows: int = 0
    paragraphs: int = 0
    merged: int = 0
    repeated: int = 0
    other_states: int = 0
    parts: int = 0
    pairs: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    matched: int = 0
    undecided: int = 0
    missing: int = 0
    unreadable: int = 0
    not_read: int = 0
    positions: Positions = msgspec.field(default_factory=Positions)
    pairs_by_position: Positions = msgspec.field(default_factory=Positions)
    parts_by_position: Positions = msgspec.field(default_factory=Positions)
    positions_by_document: dict[str, Positions] = {}
    changes: list[RowNote] = []
    conflicts: list[RowNote] = []
    doubts: list[RowNote] = []
    missing_rows: list[RowNote] = []
    unreadable_rows: list[RowNote] = []
    not_read_rows: list[RowNote] = []
    row_outcomes: dict[str, int] = {}
    not_read_reasons: dict[str, int] = {}
    batch: UUID | None = None
    first: int | None = None
    events: int = 0

    def count(self, outcome: Outcome, rows: int = 1) -> None:
        """Says what came of some rows: the only place where rows are counted."""
        if rows:
            self.rows += rows
            self.row_outcomes[outcome.value] = self.row_outcomes.get(outcome.value, 0) + rows

    def leave(self, rows: int, reason: str, message: str, printed: str = "") -> None:
        """Says that some rows are not read, and why."""
        self.not_read += rows
        self.count(Outcome.NOT_READ, rows)
        self.not_read_reasons[reason] = self.not_read_reasons.get(reason, 0) + rows
        self.note(self.not_read_rows, RowNote(0, None, reason, f"{rows} rows: {message}", printed))

    def note(self, notes: list[RowNote], note: RowNote) -> None:
        """Lists a row, as far as there is room."""
        if len(notes) < notes_max:
            notes.append(note)
