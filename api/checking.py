"""`suivi check`: reads everything there is and says whether it holds together.

It finds damage and our own faults, needs the right to read and no other, and changes nothing. It
can't find a log that was rewritten whole; that takes a proof kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from api.reading_only import ReadingOnly
from api.settings import Settings, files_folder
from domain import stored_file
from domain.entry import Entry, Protected, UnreadableEntry, protected_texts
from domain.erasure import TextsErased, erasure_id
from domain.refusals import Refusal, Unavailable
from domain.stored_file import StoredFile
from projections import history
from projections.feed import Feed, add
from projections.refilled import Refilled
from projections.tables import VIEWS
from projections.views import Unreadable, Views
from workflows.desk import Desk, is_kept_as
from workflows.files import Files
from workflows.log import Log, entry_of
from workflows.log.mapper import commit, read_payload, sealed
from workflows.log.recorder import CommandSpan, Row

faults_max = 100
batch_texts = 500
commands_at_once = 100_000


class Report(msgspec.Struct):
    """What was read, and every fault that was found."""

    ok: bool = True
    events: int = 0
    streams: int = 0
    commands: int = 0
    protected: int = 0
    erased: int = 0
    files: int = 0
    stray_files: int = 0
    """in the folder of files, and told of by no entry: an upload under way, or broken off"""
    behind: dict[str, int] = {}
    """by how many entries views are behind the log; what they hold was compared"""
    faults: list[str] = []

    rebuild: list[str] = []
    """views that are not what the log adds up to, and that a rebuild mends"""

    def fault(self, text: str, rebuild: str | None = None) -> None:
        self.ok = False
        if rebuild is not None and rebuild not in self.rebuild:
            self.rebuild.append(rebuild)
        if len(self.faults) < faults_max:
            self.faults.append(text)


class Parts(Protocol):
    """What is checked."""

    @property
    def log(self) -> Log: ...
    @property
    def views(self) -> Views: ...
    @property
    def files(self) -> Files: ...


class ToRead(NamedTuple):
    """The parts of an installation, opened for reading alone."""

    log: Log
    views: Views
    files: Files


@contextmanager
def opened(settings: Settings) -> Iterator[ToRead]:
    """The log, the views and the files, of which nothing is made or changed. Refuses in the end if
    files were put in the place of others meanwhile."""
    with ReadingOnly() as reading, ExitStack() as stack:
        log = Log(settings.database_url, reading.uri)
        stack.callback(log.close)
        views = Views(log.url, reading.uri)
        stack.callback(views.close)
        folder = files_folder(settings, log.url)
        yield ToRead(log, views, Files(Desk(log), folder, settings.file_bytes_max))


def check_all(parts: Parts, tell: Callable[[str, int, int], None]) -> Report:
    """Checks the log (dense, clock never back nor ahead, versions without gaps, payloads
    canonical), the vault (every text answers its commitment), the uploaded files (what was
    uploaded, and gone where it was erased) and the views: every row of every table, as far as each
    view has come."""
    report = Report()
    with ExitStack() as stack:
        there = _open_views(parts, report, stack)
        size = parts.log.size
        torn = _check_log(parts, report, size, tell)
        heads = {name: min(held, size) for name, (_, held) in there.items()}
        # Views that nobody has made yet hold nothing; those that can't be read are told of above.
        reached = heads or ({} if report.rebuild else dict.fromkeys(VIEWS, 0))
        report.behind = {name: size - head for name, head in reached.items() if head < size}
        refilled = stack.enter_context(Refilled(heads))
        files = _refill(parts, report, size, refilled, torn, tell)
        _check_files(parts, report, files)
        for name, (connection, held) in there.items():
            if held <= size:
                _check_view(report, name, connection, refilled, torn)
    return report


def _check_log(
    parts: Parts, report: Report, size: int, tell: Callable[[str, int, int], None]
) -> set[str]:
    """The hexadecimal ids of the streams that can't be told because an entry is damaged."""
    encode = msgspec.json.Encoder(enc_hook=sealed, order="sorted").encode
    commands = _Commands(parts.log, report, size)
    torn: set[str] = set()
    texts: list[tuple[Entry, Protected]] = []
    erasures: list[Entry] = []
    at = 0
    now = parts.log.now()
    ahead: list[int] = []
    for expected, row in enumerate(parts.log.rows(stop=size - 1)):
        where = f"log index {row.log_index}"
        if row.log_index != expected:
            report.fault(f"{where}: expected {expected}; the log is not dense")
            break
        if row.recorded_at < at:
            report.fault(f"{where}: recorded earlier than the entry before it")
        if row.recorded_at > now:
            ahead.append(row.log_index)
        at = row.recorded_at
        report.events += 1
        try:
            event = read_payload(row.topic, row.payload)
        except UnreadableEntry as problem:
            report.fault(f"{where}: {problem}")
            torn.add(row.stream.hex)
            commands.take(row.log_index, None)
            continue
        commands.take(row.log_index, event.stamp.command)
        if encode(event) != row.payload:
            report.fault(f"{where}: the payload is not in canonical form")
        entry = Entry(row.stream, row.version, row.addressee, event, row.log_index, row.recorded_at)
        texts.extend((entry, text) for text in protected_texts(event))
        if isinstance(event, TextsErased):
            erasures.append(entry)
        if len(texts) >= batch_texts or len(erasures) >= batch_texts:
            _check_vault(parts, report, texts, erasures)
        if report.events % 500 == 0:
            tell("checking the log", report.events, size)
    _check_vault(parts, report, texts, erasures)
    if ahead:
        more = f", and {len(ahead) - 1:,} more" if len(ahead) > 1 else ""
        report.fault(f"log index {ahead[0]}{more}: recorded later than now")
    if report.events != size:
        report.fault(f"the head says {size} events, {report.events} were found")
    tell("checking the log", size, size)
    return torn


class _Commands:
    """Looks, entry by entry, whether each was recorded by one command, by that which it says."""

    def __init__(self, log: Log, report: Report, size: int) -> None:
        self._log = log
        self._report = report
        self._size = size
        self._read = -(1 << 62)
        self._coming: Iterator[CommandSpan] = iter(())
        self._next: CommandSpan | None = None
        self._open: list[CommandSpan] = []

    def take(self, index: int, said: str | None) -> None:
        """The next entry, and the command id that it says; None where it can't be read."""
        while (command := self._peek(index)) is not None and command.first <= index:
            self._next = None
            self._open.append(command)
            self._report.commands += 1
            if command.first < 0 or command.first + command.count > self._size:
                self._report.fault(
                    f"log index {command.first}: its command has recorded more than there is"
                )
        self._open = [held for held in self._open if held.first + held.count > index]
        where = f"log index {index}"
        if said is not None and not all(is_kept_as(said, held.kept) for held in self._open):
            self._report.fault(f"{where}: another command has recorded it than it says")
        if len(self._open) != 1:
            many = "more than one command has" if self._open else "no command has"
            self._report.fault(f"{where}: {many} recorded it")

    def _peek(self, index: int) -> CommandSpan | None:
        if self._next is None:
            self._next = next(self._coming, None)
        if self._next is None and index >= self._read:
            stop = min(index + commands_at_once, self._size)
            self._coming = iter(self._log.recorder.read_commands(self._read, stop - 1))
            self._read = stop
            self._next = next(self._coming, None)
        return self._next


def _check_vault(
    parts: Parts, report: Report, texts: list[tuple[Entry, Protected]], erasures: list[Entry]
) -> None:
    """Compares texts with what was committed to, and erasures with what is missing; empties both
    lists."""
    committed = [(entry, bytes.fromhex(text.commitment or "")) for entry, text in texts]
    vault = parts.log.recorder.open_vault(list({commitment for _, commitment in committed}))
    missing: dict[int, Entry] = {}
    for entry, commitment in committed:
        row = vault.get(commitment)
        if row is None:
            missing[entry.log_index or 0] = entry
        elif commit(row.salt, row.content) != commitment:
            where = f"log index {entry.log_index}"
            report.fault(f"{where}: a protected text is not the one committed to")
    report.protected += len(texts)
    texts.clear()
    _check_missing(parts, report, list(missing.values()))
    for erasure in erasures:
        _check_erasure(parts, report, erasure)
    erasures.clear()


def _check_missing(parts: Parts, report: Report, missing: list[Entry]) -> None:
    """What is missing was erased by an entry."""
    history.reveal(parts.log, missing)
    for entry in missing:
        for text in protected_texts(entry.event):
            report.erased += text.missing and text.erased_by is not None
            if text.missing and text.erased_by is None:
                report.fault(
                    f"log index {entry.log_index}: a protected text is missing from the vault, "
                    "and no entry says that it was erased"
                )


def _check_erasure(parts: Parts, report: Report, erasure: Entry) -> None:
    """What an entry erased is where it says, and missing."""
    assert isinstance(erasure.event, TextsErased)
    said = erasure.event
    of = next((e for e in parts.log.read(said.erased_entry, 1, said.erased_entry)), None)
    texts = {text.commitment for text in protected_texts(of.event)} if of else set()
    if (
        of is None
        or (of.stream, of.version) != (said.erased_stream, said.erased_version)
        or not texts.issuperset(said.commitments)
        or erasure.stream != erasure_id(of.stream, of.version)
    ):
        report.fault(f"log index {erasure.log_index}: what it erased is not where it says")
    if parts.log.still_there(said.commitments):
        report.fault(
            f"log index {said.erased_entry}: erased by entry {erasure.log_index}, and the text "
            "is still there: run `suivi erase`"
        )


def _check_files(parts: Parts, report: Report, files: Mapping[UUID, StoredFile]) -> None:
    for held in files.values():
        if held.erased:
            if parts.files.is_there(held.id):
                report.fault(f"file {held.id}: it was erased, and its bytes are still there")
            if parts.files.is_named(held.id):
                report.fault(f"file {held.id}: it was erased, and its name is still there")
            continue
        try:
            parts.files.path(held.id)
        except Refusal as refusal:
            now = parts.log.load(held.id, stored_file.fold)  # perhaps erased since
            if now is None or not now.erased:
                report.fault(f"file {held.id}: {refusal.message}")
    report.files = len(files)
    report.stray_files = len(parts.files.strays(files.keys()))


def _open_views(
    parts: Parts, report: Report, stack: ExitStack
) -> dict[str, tuple[Connection, int]]:
    """A read transaction on each view that can be read, and how many entries it holds. No views at
    all are no fault: whatever starts next makes them."""
    found: dict[str, tuple[Connection, int]] = {}
    try:
        numbers = parts.views.numbers()
    except Unreadable as gone:
        report.fault(gone.message)
        return found
    for name in VIEWS if numbers else ():
        try:
            connection = stack.enter_context(parts.views.alone(name, numbers[name]))
            if connection.dialect.name != "sqlite":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            stack.enter_context(connection.begin())
            head = VIEWS[name].head
            held, shape = connection.execute(select(head.c.next, head.c.shape)).one()
            if shape != VIEWS[name].shape:
                raise Unavailable("another version of Suivi made it")
            found[name] = connection, int(held)
        except (KeyError, ValueError, Refusal, SQLAlchemyError) as error:
            _unreadable(report, name, error)
    if len(found) == len(VIEWS):
        feed = Feed(parts.log, parts.views)
        feed.agree()
        if feed.stopped is not None:
            report.fault(str(feed.stopped))
    return found


def _refill(
    parts: Parts,
    report: Report,
    size: int,
    refilled: Refilled,
    torn: set[str],
    tell: Callable[[str, int, int], None],
) -> dict[UUID, StoredFile]:
    """Folds the log stream by stream into empty views; gives the files that it tells of."""
    files: dict[UUID, StoredFile] = {}
    done = 0
    for rows in parts.log.row_streams(size - 1):
        done += len(rows)
        id = rows[0].stream
        report.streams += 1
        _check_order(report, rows)
        if id.hex in torn:
            continue
        entries = [entry_of(row) for row in rows]
        try:
            state = refilled.add(entries)
        except Exception as problem:
            at = _where_it_fails(entries)
            report.fault(f"log index {at}: it does not follow from what was before: {problem}")
            torn.add(id.hex)
            continue
        if isinstance(state, StoredFile):
            files[id] = state
        tell("folding the log", done, size)
    tell("folding the log", size, size)
    return files


def _check_order(report: Report, rows: Sequence[Row]) -> None:
    """The versions of a stream have no gaps, and follow one another in the log."""
    if rows[0].version != 1:
        where = f"log index {rows[0].log_index}"
        report.fault(f"{where}: version {rows[0].version} follows 0")
    for before, row in pairwise(rows):
        where = f"log index {row.log_index}"
        if row.version != before.version + 1:
            report.fault(f"{where}: version {row.version} follows {before.version}")
        if row.log_index < before.log_index:
            report.fault(f"{where}: version {row.version} stands before version {before.version}")


def _where_it_fails(entries: Sequence[Entry]) -> int | None:
    """The log index of the first entry of a stream that does not follow."""
    state: Any = None
    for n, entry in enumerate(entries, start=1):
        try:
            state, _ = add(entry, state)
        except Exception:
            return entry.log_index
        if entry.version != n:
            break
    return entry.log_index


def _check_view(
    report: Report, name: str, connection: Connection, refilled: Refilled, torn: set[str]
) -> None:
    try:
        for table, key, what in refilled.differences(name, connection, torn):
            report.fault(f"view {name}, table {table}, row {key}: {what}", rebuild=name)
    except (SQLAlchemyError, UnicodeError) as error:
        _unreadable(report, name, error)


def _unreadable(report: Report, name: str, error: Exception) -> None:
    why = getattr(error, "orig", error)
    why = "it is not there" if isinstance(error, (KeyError, Unreadable)) else why
    report.fault(f"view {name}: it can't be read: {why}", rebuild=name)
