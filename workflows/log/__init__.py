"""The log: the only opener of the store. One installation, one log, one dense index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, OperationalError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.entry import Entry, Protected, UnreadableEntry
from domain.refusals import CommandReused, InvalidInput, Refusal, StaleVersion, Unavailable
from workflows.log.mapper import EntryMapper, commit, read_payload
from workflows.log.recorder import Append, Appended, CommandRow, CommandTaken, Recorder, Row

__all__ = ["REUSED", "Appended", "CommandRow", "Log", "Reads", "entry_of", "read_url"]

State = TypeVar("State")
Reads = Callable[[Path], str]

page_rows_max = 20_000

REUSED = "This command id was used for another request; take a new one."


def read_url(text: str) -> URL:
    """The database URL in SQLAlchemy's form: `sqlite:///FILE` or `postgresql+psycopg://…`."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise InvalidInput(
            "SUIVI_DATABASE_URL is no database URL; write sqlite:///var/suivi.db or "
            "postgresql+psycopg://user@host/name."
        ) from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return url
    raise InvalidInput(
        f"“{url.get_backend_name()}” can't hold the log; SUIVI_DATABASE_URL names an SQLite file "
        "or a PostgreSQL database."
    )


def open_recorder(url: URL, reads: Reads | None = None) -> Recorder:
    """The recorder for a database URL; one that only reads, where `reads` is given."""
    if url.get_backend_name() == "sqlite":
        from workflows.log.sqlite import SQLiteReader, SQLiteRecorder

        path = Path(url.database or "")
        return SQLiteRecorder(path) if reads is None else SQLiteReader(path, reads(path))
    from workflows.log.postgresql import PostgreSQLReader, PostgreSQLRecorder

    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgreSQLRecorder(conninfo) if reads is None else PostgreSQLReader(conninfo)


class Log(Application[UUID]):
    """The record itself. Entries go in once and never change. With `reads`, which gives SQLite's
    URI for reading a file, nothing is made or changed, and the right to read is enough."""

    def __init__(self, url: str, reads: Reads | None = None) -> None:
        self.url = read_url(url)
        self._reads = reads
        try:
            super().__init__()
        except OperationalError as error:
            raise Unavailable(f"The log can't be opened: {error}") from error

    recorder: Recorder

    def construct_recorder(self) -> Recorder:
        return open_recorder(self.url, self._reads)

    def construct_mapper(self) -> EntryMapper:
        return EntryMapper()

    # -- writing

    def append(self, command: str, sha256: bytes, entries: Sequence[Entry]) -> Appended:
        """Records all entries or none. The same command with the same request (`sha256`) gives
        its first result; with another it is refused. Refuses a stream that has moved on."""
        _in_order(entries)
        stored = [self.mapper.to_stored_event(entry) for entry in entries]
        with _recording():
            return self.recorder.append(command, sha256, stored)

    def append_all(
        self, requests: Sequence[tuple[str, bytes, Sequence[Entry]]]
    ) -> list[Appended | Refusal]:
        """The same for many commands that share no stream, in one commit where that is possible:
        what became of each."""
        appends: list[Append | Refusal] = []
        for command, sha256, entries in requests:
            _in_order(entries)
            try:
                stored = [self.mapper.to_stored_event(entry) for entry in entries]
                appends.append(Append(command, sha256, stored))
            except Refusal as refusal:
                appends.append(refusal)
        self.recorder.append_all([one for one in appends if isinstance(one, Append)])
        return [one if isinstance(one, Refusal) else _settled(one) for one in appends]

    # -- reading

    @property
    def size(self) -> int:
        """How many entries there are: the log index the next one gets."""
        with _reaching():
            return self.recorder.size()

    def find_command(self, command: str) -> CommandRow | None:
        """What a command recorded, None if it is unknown."""
        return self.find_commands([command]).get(command)

    def find_commands(self, commands: Sequence[str]) -> dict[str, CommandRow]:
        """What some commands recorded; those unknown are missing."""
        with _reaching():
            return self.recorder.find_commands(commands)

    def load(
        self, stream: UUID, fold: Callable[[Iterable[Entry], State | None], State | None]
    ) -> State | None:
        """The state a stream's entries add up to, None if there are none."""
        return fold(self.history([stream]), None)

    def read(
        self, start: int = 0, limit: int = page_rows_max, stop: int | None = None
    ) -> list[Entry]:
        """Entries from log index `start` on, at most `limit`, up to and with `stop`."""
        return [entry_of(row) for row in self._rows(start, min(limit, page_rows_max), stop)]

    def read_all(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """All entries from log index `start` on, read page by page."""
        while rows := self._rows(start, page_rows_max, stop):
            yield from map(entry_of, rows)
            start = rows[-1].log_index + 1

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """All rows as they lie in the store, for exports."""
        while rows := self._rows(start, page_rows_max, stop):
            yield from rows
            start = rows[-1].log_index + 1

    def _rows(self, start: int, limit: int, stop: int | None) -> list[Row]:
        with _reaching():
            return self.recorder.read(start, limit, stop)

    def look(self) -> None:
        """Reads a little anew and tries again what failed last. Raises Unavailable where the record
        can't be read or written."""
        try:
            self.recorder.look()
        except OperationalError as error:
            raise Unavailable(f"The record can't be read or written now: {error}.") from error

    def now(self) -> int:
        """The instant (microseconds, UTC) by the clock that gives recording times."""
        with _reaching():
            return self.recorder.now()

    def at(self, recorded_at: int) -> int:
        """The log index of the last entry recorded at or before an instant (microseconds, UTC);
        -1 if there is none. Recording times never decrease, so it is found by halving."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) // 2
            if self._rows(middle, 1, middle)[0].recorded_at <= recorded_at:
                low = middle + 1
            else:
                high = middle
        return low - 1

    def history(self, streams: Sequence[UUID], stop: int | None = None) -> list[Entry]:
        """The entries of some streams up to and with log index `stop`, in the log's order."""
        if not streams:
            return []
        with _reaching():
            rows = self.recorder.read_streams(streams, stop)
        return [entry_of(row) for row in rows]

    def read_streams(self, stop: int) -> Iterator[list[Entry]]:
        """Every stream's entries up to and with log index `stop`, stream by stream."""
        for stream in self.row_streams(stop):
            yield [entry_of(row) for row in stream]

    def row_streams(self, stop: int) -> Iterator[list[Row]]:
        """The same, as they lie in the store."""
        stream: list[Row] = []
        after: tuple[UUID, int] | None = None
        while True:
            with _reaching():
                rows = self.recorder.read_by_stream(after, page_rows_max, stop)
            for row in rows:
                if stream and stream[0].stream != row.stream:
                    yield stream
                    stream = []
                stream.append(row)
            if not rows:
                break
            after = rows[-1].stream, rows[-1].version
        if stream:
            yield stream

    def reveal(self, texts: Iterable[Protected]) -> None:
        """Loads protected texts from the vault, all in one read, and checks each against its
        commitment. What is not there is marked as missing; whether it was erased, an entry says."""
        wanted: dict[bytes, list[Protected]] = {}
        for text in texts:
            if text.commitment and text.text is None:
                wanted.setdefault(bytes.fromhex(text.commitment), []).append(text)
        if not wanted:
            return
        with _reaching():
            vault = self.recorder.open_vault(list(wanted))
        for commitment, same in wanted.items():
            row = vault.get(commitment)
            there = row is not None and commit(row.salt, row.content) == commitment
            for text in same:
                text.text = row.content if row is not None and there else None
                text.missing = not there

    def erase(self, commitments: Iterable[str]) -> None:
        """Erases protected texts from the vault. That they are erased is an entry's to say, which
        is recorded before."""
        try:
            self.recorder.erase_vault([bytes.fromhex(one) for one in commitments])
        except OperationalError as error:
            raise Unavailable(
                "The erasure is recorded, and what it erases is not gone yet: others read it. "
                "Send the same command again, or run `suivi erase`."
            ) from error

    def still_there(self, commitments: Iterable[str]) -> list[str]:
        """Those of some commitments whose texts the vault still holds."""
        with _reaching():
            vault = self.recorder.open_vault([bytes.fromhex(one) for one in commitments])
        return [one.hex() for one in vault]

    def close(self) -> None:
        super().close()
        recorder: Any = getattr(self, "recorder", None)
        if recorder is not None:
            recorder.close()


def _in_order(entries: Sequence[Entry]) -> None:
    """Entries of one stream follow one another: the store sees that no version is there twice, and
    not that none is left out, which no reader could follow."""
    last: dict[UUID, int] = {}
    for entry in entries:
        if last.get(entry.stream, entry.version - 1) != entry.version - 1:
            raise ValueError(f"version {entry.version} of {entry.stream} does not follow")
        last[entry.stream] = entry.version


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable(
            "The log can't be reached now. Try again, a step under the same command id."
        ) from error


def _settled(append: Append) -> Appended | Refusal:
    try:
        with _recording():
            return append.settle()
    except Refusal as refusal:
        return refusal


@contextmanager
def _recording() -> Iterator[None]:
    try:
        with _reaching():
            yield
    except CommandTaken:
        raise CommandReused(REUSED) from None
    except IntegrityError:
        raise StaleVersion(
            "Somebody else was faster; read the recommendation again and decide anew."
        ) from None


def entry_of(row: Row) -> Entry:
    """The entry that a row holds. Raises UnreadableEntry."""
    try:
        event = read_payload(row.topic, row.payload)
    except UnreadableEntry as error:
        error.log_index = row.log_index
        raise
    return Entry(row.stream, row.version, row.addressee, event, row.log_index, row.recorded_at)
