"""Standpoints: what was known at a log index, of what was true on a day.

A standpoint is views like the current ones, in memory, filled from the log up to its log index with
what counts on its day; so every question that can be asked of now can be asked of then, by the very
same code. Filling costs as much as there is to fold: the whole log, or the record of the States
that are asked for. The last few standpoints are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection, QueuePool, Table, create_engine, event, select

from domain import events
from domain.entry import Entry, last_day
from domain.refusals import LimitExceeded, UnknownAssignment
from projections import views
from projections.feed import FOLDS, STORES
from projections.reading import ReadableLog
from projections.register import SHELVES
from projections.views import VIEWS, begin_sqlite, make_tables
from projections.writing import Change

kept_max = 8
streams_at_once_max = 1_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OF_THE_RECORD = (
    events.Received,
    events.TextAdded,
    events.Corrected,
    events.Renumbered,
    events.Identified,
    events.AliasWithdrawn,
    events.Classified,
    events.Declassified,
    events.Linked,
    events.LinkWithdrawn,
    events.DeclaredDuplicate,
    events.DuplicateUndone,
)
"""Events that say what the recommendation is. Where their date is unknown they hold from its
beginning; the others say what became of it, and hold from the day they were recorded at the
latest."""


class Standpoint(NamedTuple):
    """From where one looks: up to and with a log index; on a day (ISO), None for every day; at the
    record of some addressees, None for all."""

    log_index: int
    effective_on: str | None = None
    addressees: frozenset[str] | None = None


def counts(entry: Entry, day: str | None) -> bool:
    """True if an entry was true by the end of `day`: a date of month or year precision counts from
    its last day on, for then it was true whichever day it means."""
    if day is None:
        return True
    on = entry.stamp.effective.on
    if on is not None:
        return last_day(on) <= day
    return isinstance(entry.event, OF_THE_RECORD) or recorded_on(entry.recorded_at or 0) <= day


def recorded_on(microseconds: int) -> str:
    """The day of a recording time, in UTC."""
    return (_EPOCH + timedelta(microseconds=microseconds)).date().isoformat()


def fold(entries: Iterable[Entry], day: str | None) -> Change | None:
    """What those entries of one stream that count on a day add up to; None if nothing does.

    With a day, the states of the procedure are left out: it runs by the order of recording."""
    state = None
    last: Entry | None = None
    counted: list[Entry] = []
    for entry in entries:
        if not counts(entry, day) or (state is None and entry.version > 1):
            continue
        try:
            state = FOLDS[type(entry.event)]((entry,), state)
        except UnknownAssignment:
            continue  # what it is about had not begun that day
        last = entry
        counted.append(entry)
    if last is None or state is None:
        return None
    if day is not None and hasattr(state, "states"):
        state.states = []
    return Change(None, state, last.log_index or 0, last.recorded_at or 0, counted)


class Standpoints:
    """The standpoints lately asked for."""

    def __init__(self, log: ReadableLog, events_max: int) -> None:
        self._log = log
        self._events_max = events_max
        self._door = threading.Lock()
        self._kept: OrderedDict[Standpoint, _Filled] = OrderedDict()

    @contextmanager
    def look(self, from_: Standpoint, current: Connection) -> Iterator[Connection]:
        """A connection to views as they were. `current`: today's views, which know whose streams
        are whose. Refuses one that would read too much."""
        with self._door:
            filled = self._kept.get(from_)
            if filled is None:
                filled = self._kept[from_] = _Filled()
            self._kept.move_to_end(from_)
            while len(self._kept) > kept_max:
                self._kept.popitem(last=False)[1].close()
            filled.enter()
        try:
            with filled.door:
                if not filled.is_full:
                    self._fill(filled, from_, current)
            with filled.engine.connect() as connection, connection.begin():
                yield connection
        finally:
            filled.leave()

    def _fill(self, filled: _Filled, from_: Standpoint, current: Connection) -> None:
        streams = (
            self._of_all(from_)
            if from_.addressees is None
            else self._of(from_, from_.addressees, current)
        )
        filled.empty()
        batch: list[Change] = []
        with filled.engine.begin() as connection:
            for stream in streams:
                change = fold(stream, from_.effective_on)
                if change is not None:
                    batch.append(change)
                if len(batch) >= streams_at_once_max:
                    _store(connection, batch)
            _store(connection, batch)
        filled.is_full = True

    def _of_all(self, from_: Standpoint) -> Iterator[list[Entry]]:
        if from_.log_index >= self._events_max:
            raise LimitExceeded(
                f"Looking back reads at most {self._events_max:,} entries: name the addressee."
            )
        return self._log.read_streams(from_.log_index)

    def _of(
        self, from_: Standpoint, addressees: Collection[str], current: Connection
    ) -> Iterator[list[Entry]]:
        """The streams of some addressees, and those that are nobody's."""
        wanted = [*sorted(addressees), ""]
        read = 0
        ids: list[UUID] = []
        for table in (views.recommendation, *(shelf.table for shelf in SHELVES)):
            ids.extend(_streams(current, table, wanted))
        for i in range(0, len(ids), streams_at_once_max):
            entries = self._log.history(ids[i : i + streams_at_once_max], from_.log_index)
            read += len(entries)
            if read > self._events_max:
                raise LimitExceeded(
                    f"Looking back reads at most {self._events_max:,} entries, and "
                    f"{', '.join(sorted(addressees))} has more up to there."
                )
            entries.sort(key=lambda e: (e.stream, e.version))
            for _, stream in groupby(entries, key=attrgetter("stream")):
                yield list(stream)

    def close(self) -> None:
        """Lets go of all of them."""
        with self._door:
            while self._kept:
                self._kept.popitem()[1].close()


class _Filled:
    """Views in memory, which several readers share until the last has left."""

    def __init__(self) -> None:
        self.door = threading.Lock()
        self.is_full = False
        self.readers = 0
        self._closing = False
        self._count = threading.Lock()
        self.engine = create_engine(
            f"sqlite:///file:standpoint-{uuid4().hex}?mode=memory&cache=shared&uri=true",
            connect_args={"isolation_level": None, "check_same_thread": False},
            poolclass=QueuePool,
        )
        event.listen(self.engine, "begin", begin_sqlite)
        self._anchor = self.engine.connect()  # the memory lives as long as a connection does

    def empty(self) -> None:
        with self.engine.begin() as connection:
            for view in VIEWS.values():
                view.tables.drop_all(connection)
                connection.exec_driver_sql("DROP TABLE IF EXISTS search_text")
            for view in VIEWS.values():
                make_tables(connection, view)

    def enter(self) -> None:
        with self._count:
            self.readers += 1

    def leave(self) -> None:
        with self._count:
            self.readers -= 1
        if self._closing:
            self.close()

    def close(self) -> None:
        self._closing = True
        with self._count:
            if self.readers == 0:
                self._anchor.close()
                self.engine.dispose()


def _store(connection: Connection, batch: list[Change]) -> None:
    for name, store in STORES.items():
        if name != "credentials":
            store(connection, batch)
    batch.clear()


def _streams(connection: Connection, table: Table, addressees: Sequence[str]) -> list[UUID]:
    query = select(table.c.id).where(table.c.addressee.in_(addressees))
    return [UUID(hex=id) for (id,) in connection.execute(query)]
