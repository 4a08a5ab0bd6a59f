"""One run of an import: which file was read by which parser, how, and what came of it.

Its id is the `batch` in the stamps of all it recorded, so everything it made can be found again. A
run tells what it could not read; nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.entry import Entry, Event, Stamp, Stored, Visibility, named
from domain.refusals import HasEnded, InvalidInput, LimitExceeded
from domain.words import ImportStatus

options_max = 100
mapping_rows_max = 1_000
counts_max = 100
notes_max = 1_000
value_chars_max = 2_000
number_max = 2_000_000_000

_SHA256 = re.compile(r"[0-9a-f]{64}")

# --- Events (the archive's format: frozen) -------------------------------------------------------


class ImportOption(Stored, frozen=True):
    """A choice for the import, or a part of the file and how it was understood."""

    name: str
    """The option, or the column or word of the file."""
    value: str
    """The choice, or the meaning that was found."""


class ImportCount(Stored, frozen=True):
    """A number, in the unit that its name states."""

    name: str
    """The unit, such as `rows` or `paragraphs-supported`."""
    value: int
    """How many."""


class ImportNote(Stored, frozen=True):
    """A row that could not be read."""

    row: int
    """Its number in the file, from 1."""
    reason: str
    """Why: a stable code."""
    message: str
    """Why: a sentence."""
    printed: str
    """The text in the row, as far as it could be read."""


class ImportRunEvent(Event, frozen=True):
    """Base of the events of an import's run."""

    def apply(self, run: ImportRun, entry: Entry) -> None:
        """Adds what this event says to the state."""


class ImportStarted(ImportRunEvent, frozen=True):
    """An import began."""

    topic: ClassVar[str] = "import-run.started.v1"

    format: str
    """The format of the file, such as `ohchr-matrix` or `uhri`."""
    parser_version: int
    """Version of the reader of that format: a later one may read more."""
    file_sha256: str
    """SHA-256 of the file, in hex."""
    file_size: int
    """Size of the file, in bytes."""
    options: tuple[ImportOption, ...] = ()
    """The choices for the import, by name."""
    mapping: tuple[ImportOption, ...] = ()
    """Columns and words of the file, and how they were understood."""


class ImportCompleted(ImportRunEvent, frozen=True):
    """The import came to its end."""

    topic: ClassVar[str] = "import-run.completed.v1"

    counts: tuple[ImportCount, ...]
    """Numbers of rows and of recommendations, each with its unit."""
    unreadable: tuple[ImportNote, ...] = ()
    """The first rows that could not be read, at most 1,000."""
    unreadable_rows: int = 0
    """How many rows could not be read."""
    missing: int = 0
    """How many recommendations an earlier such file had and this one has not."""

    def apply(self, run: ImportRun, entry: Entry) -> None:
        run.status = ImportStatus.COMPLETED
        run.counts = self.counts
        run.unreadable_rows = self.unreadable_rows
        run.missing = self.missing
        run.outcome_for = entry.stamp.visibility


class ImportFailed(ImportRunEvent, frozen=True):
    """The import broke off. Its recorded entries stay."""

    topic: ClassVar[str] = "import-run.failed.v1"

    code: str
    """Why it failed: a stable code, for programs."""
    message: str
    """Why it failed: a sentence for the person."""

    def apply(self, run: ImportRun, entry: Entry) -> None:
        run.status = ImportStatus.FAILED
        run.code, run.message = self.code, self.message
        run.outcome_for = entry.stamp.visibility


EVENTS: tuple[type[ImportRunEvent], ...] = (ImportStarted, ImportCompleted, ImportFailed)

# --- State ---------------------------------------------------------------------------------------


class ImportRun(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One run of an import; its `uuid` is the `batch` of the entries that it recorded."""

    id: UUID
    addressee: str
    """Code of the State or other addressee; empty where the file is about many."""
    version: int
    visibility: Visibility
    institution: str
    format: str
    parser_version: int
    file_sha256: str
    file_size: int
    options: tuple[ImportOption, ...] = ()
    mapping: tuple[ImportOption, ...] = ()
    status: ImportStatus = ImportStatus.RUNNING
    """Whether it goes on, came to its end, or broke off."""
    counts: tuple[ImportCount, ...] = ()
    unreadable_rows: int = 0
    missing: int = 0
    code: str | None = None
    message: str | None = None
    outcome_for: Visibility | None = None
    """The readers of what came of it; null: the readers of the run."""

    def complete(
        self,
        stamp: Stamp,
        counts: Iterable[ImportCount],
        *,
        unreadable: Iterable[ImportNote] = (),
        unreadable_rows: int | None = None,
        missing: int = 0,
    ) -> ImportCompleted:
        """The run comes to its end; without `unreadable_rows`, the notes are all there are."""
        self._runs()
        counted, notes = tuple(counts), tuple(unreadable)
        if len(counted) > counts_max or len(notes) > notes_max:
            raise LimitExceeded(f"A run has {counts_max} counts and {notes_max:,} notes at most.")
        if len({count.name for count in counted}) != len(counted):
            raise InvalidInput("Counts have different names.")
        for count in counted:
            named(count.name)
            _number(count.value)
        for note in notes:
            named(note.reason)
            _short(note.message)
            _short(note.printed)
            if _number(note.row) < 1:
                raise InvalidInput("Rows count from 1.")
        rows = len(notes) if unreadable_rows is None else _number(unreadable_rows)
        if rows < len({note.row for note in notes}):
            raise InvalidInput(f"{rows} unreadable rows are fewer than those noted.")
        return ImportCompleted(
            stamp=stamp,
            counts=counted,
            unreadable=notes,
            unreadable_rows=rows,
            missing=_number(missing),
        )

    def fail(self, stamp: Stamp, code: str, message: str) -> ImportFailed:
        """The run breaks off."""
        self._runs()
        return ImportFailed(stamp=stamp, code=named(code), message=_short(message))

    def _runs(self) -> None:
        if self.status is not ImportStatus.RUNNING:
            raise HasEnded(f"This run is {self.status.value}; start another one.")


def start_import(
    stamp: Stamp,
    *,
    id: UUID,
    format: str,
    parser_version: int,
    file_sha256: str,
    file_size: int,
    options: Iterable[ImportOption] = (),
    mapping: Iterable[ImportOption] = (),
) -> tuple[UUID, ImportStarted]:
    """A run begins under the id given: the `batch` of what it will record."""
    if not _SHA256.fullmatch(file_sha256):
        raise InvalidInput("A file is named by the SHA-256 of its bytes: 64 small hex digits.")
    if parser_version < 1:
        raise InvalidInput("Versions of a parser count from 1.")
    event = ImportStarted(
        stamp=stamp,
        format=named(format),
        parser_version=_number(parser_version),
        file_sha256=file_sha256,
        file_size=_number(file_size),
        options=_chosen(options, options_max),
        mapping=_chosen(mapping, mapping_rows_max),
    )
    return id, event


def begin(entry: Entry) -> ImportRun:
    """The state after a run's first entry."""
    event = entry.event
    assert isinstance(event, ImportStarted), "a run's first entry is ImportStarted"
    return ImportRun(
        id=entry.stream,
        addressee=entry.addressee,
        version=entry.version,
        visibility=event.stamp.visibility,
        institution=event.stamp.speaker.institution,
        format=event.format,
        parser_version=event.parser_version,
        file_sha256=event.file_sha256,
        file_size=event.file_size,
        options=event.options,
        mapping=event.mapping,
    )


def fold(entries: Iterable[Entry], state: ImportRun | None = None) -> ImportRun | None:
    """The run that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        if state is None:
            state = begin(entry)
        elif isinstance(entry.event, ImportRunEvent):
            entry.event.apply(state, entry)
            state.version = entry.version
    return state


def _chosen(options: Iterable[ImportOption], rows_max: int) -> tuple[ImportOption, ...]:
    chosen = tuple(options)
    if len(chosen) > rows_max:
        raise LimitExceeded(f"At most {rows_max:,} may be given; there are {len(chosen):,}.")
    if len({option.name for option in chosen}) != len(chosen):
        raise InvalidInput("A name is given once.")
    for option in chosen:
        named(option.name)
        _short(option.value)
    return chosen


def _short(text: str) -> str:
    if len(text) > value_chars_max:
        raise LimitExceeded(f"A value, a message or a row may have {value_chars_max:,} characters.")
    return text


def _number(value: int) -> int:
    if not 0 <= value <= number_max:
        raise InvalidInput(f"A number here lies between 0 and {number_max:,}.")
    return value
