"""Standpoints: what was known at a log index, of what was true on a day.

A standpoint is views like the current ones, in memory, filled from the log up to its log index with
what counts on its day; so every question that can be asked of now can be asked of then, by the very
same code.

Standpoints share what they have folded. One is a copy of the nearest standpoint below, with the
streams that changed between the two folded on. On the way to a log index standpoints are left at
round indexes, so that the next one, above or below, finds a near neighbour. The lately used ones
are kept, as far as memory allows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, QueuePool, Table, create_engine, event, exists, select

from domain.casework import Case
from domain.entry import Entry, last_day
from domain.recommendation.lineage import DeclaredDuplicate, DuplicateUndone, Linked, LinkWithdrawn
from domain.recommendation.names import AliasWithdrawn, Identified, Renumbered
from domain.recommendation.receiving import Received
from domain.recommendation.terms import Classified, Declassified
from domain.recommendation.wording import Corrected, TextAdded
from domain.refusals import LimitExceeded, Refusal
from projections import tables
from projections.feed import STORES, Before, Heard, add, as_told, changes_of
from projections.ration import Ration
from projections.reading import ReadableLog
from projections.register import SHELVES
from projections.tables import VIEWS, make_tables
from projections.views import begin_sqlite
from projections.writing import Change

kept_max = 64
kept_bytes_max = 128_000_000
streams_at_once_max = 1_000
changes_at_once_max = 100
"""Changes stored before it is looked whether this is to end, or to give way."""
spacing_entries = 1_000
"""How far apart the standpoints are that others begin from."""
wait_seconds = 0.2
"""After how long one who waits for what another fills looks whether it is to end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OF_THE_RECORD = (
    Received,
    TextAdded,
    Corrected,
    Renumbered,
    Identified,
    AliasWithdrawn,
    Classified,
    Declassified,
    Linked,
    LinkWithdrawn,
    DeclaredDuplicate,
    DuplicateUndone,
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


def fold(entries: Iterable[Entry], day: str | None, known: int = -1) -> list[Change]:
    """What those entries of one stream that count on a day add up to, as each audience is told;
    nothing where none counts after the log index `known`, to which views hold the stream already.

    With a day, the states of the procedure are left out: it runs by the order of recording."""
    state: Any = None
    before: Before = {}
    fresh: list[Heard] = []
    for entry in entries:
        if not counts(entry, day) or (state is None and entry.version > 1):
            continue
        is_new = (entry.log_index or 0) > known
        if is_new and not fresh:
            before = as_told(state)
        try:
            state, rows = add(entry, state)
        except Refusal:
            continue  # what it is about had not begun that day
        if is_new:
            fresh.append((entry, rows))
    if not fresh:
        return []
    found = list(changes_of(state, before, fresh))
    for change in found if day is not None else ():
        for one in (change.before, change.after):
            if isinstance(one, Case):
                one.states = []
    return found


class Standpoints:
    """The standpoints lately asked for. `events_max`: how many entries one may be made of;
    `bytes_max`: how much memory those that are kept may take."""

    def __init__(self, log: ReadableLog, events_max: int, bytes_max: int = kept_bytes_max) -> None:
        self._log = log
        self._events_max = events_max
        self._bytes_max = bytes_max
        self._door = threading.Lock()
        self._kept: OrderedDict[Standpoint, _Filled] = OrderedDict()
        self._empty: _Filled | None = None

    @contextmanager
    def look(
        self, from_: Standpoint, current: Connection, ration: Ration | None = None
    ) -> Iterator[Connection]:
        """A connection to views as they were. `current`: today's views, which know whose streams
        are whose. Refuses one that would read too much, or more than is left of the ration."""
        if ration is None:
            ration = Ration(1, self._events_max)
        from_ = self._of_everybody(from_, current)
        with (
            self._at(from_, current, ration) as filled,
            filled.engine.connect() as connection,
            connection.begin(),
            ration.interrupting(connection),
        ):
            yield connection

    def _of_everybody(self, from_: Standpoint, current: Connection) -> Standpoint:
        """The standpoint of the whole record, where that is the record of those named: many may
        share it, and each of them reads their own part of it."""
        if from_.addressees is None or from_.log_index >= self._events_max:
            return from_
        named = tables.recommendation.c.addressee.in_(from_.addressees)
        if current.execute(select(exists().where(~named))).scalar_one():
            return from_
        return from_._replace(addressees=None)

    @contextmanager
    def _at(self, from_: Standpoint, current: Connection, ration: Ration) -> Iterator[_Filled]:
        """Filled views, held while they are used."""
        with self._door:
            filled = self._kept.get(from_)
            if filled is None:
                filled = self._kept[from_] = _Filled()
            self._kept.move_to_end(from_)
            filled.enter()
            self._let_go()
        try:
            with filled.entered(ration):
                if not filled.is_full:
                    self._fill(filled, from_, current, ration)
            with self._door:
                self._let_go()
            yield filled
        finally:
            filled.leave()

    def _let_go(self) -> None:
        """Lets go of those not used for longest, where there are too many or they are too large."""
        held = sum(filled.bytes for filled in self._kept.values())
        while len(self._kept) > kept_max or (held > self._bytes_max and len(self._kept) > 1):
            _, gone = self._kept.popitem(last=False)
            held -= gone.bytes
            gone.close()

    # -- filling

    def _fill(
        self, filled: _Filled, from_: Standpoint, current: Connection, ration: Ration
    ) -> None:
        if from_.addressees is None and from_.log_index >= self._events_max:
            raise LimitExceeded(
                f"Looking back reads at most {self._events_max:,} entries: name the addressee."
            )
        with self._neighbour(from_, current, ration) as (index, below):
            below_bytes = (below or self._nothing()).bytes
            with self._door:
                filled.bytes = below_bytes  # what is being filled takes memory, too
                self._let_go()
            filled.copy(below or self._nothing())
            filled.entries = below.entries if below else 0
            changes = (
                self._from_zero(filled, from_, current, ration)
                if below is None
                else self._from(index, filled, from_, ration)
            )
            batch: list[Change] = []
            with filled.engine.begin() as connection:
                for some in changes:
                    batch += some
                    if len(batch) >= changes_at_once_max:
                        ration.check()
                        _store(connection, batch)
                _store(connection, batch)
        filled.finish()

    @contextmanager
    def _neighbour(
        self, from_: Standpoint, current: Connection, ration: Ration
    ) -> Iterator[tuple[int, _Filled | None]]:
        """The nearest full standpoint below, held, with its log index; (-1, None) where folding
        from zero is less work."""
        start = self._start(from_)
        if start is not None and not self._is_near(from_, start.log_index):
            # Others begin from there, too. It is filled on the way, and what it costs counts.
            with self._at(start, current, ration):
                pass
        with ExitStack() as held:
            with self._door:
                near = [
                    (kept.log_index, filled)
                    for kept, filled in self._kept.items()
                    if kept[1:] == from_[1:] and kept.log_index < from_.log_index and filled.is_full
                ]
                index, below = max(near, key=itemgetter(0), default=(-1, None))
                if below is not None:
                    if from_.log_index - index > max(spacing_entries, below.entries):
                        index, below = -1, None
                    else:
                        below.enter()
                        held.callback(below.leave)
            yield index, below

    def _start(self, from_: Standpoint) -> Standpoint | None:
        """The round standpoint from which this one begins; None: from zero.

        Round ones begin from rounder ones: the lowest bit of their number falls away. So whoever
        goes through the log in any order finds one near, and folds little more than once what there
        is. The first one is folded from zero: nobody may come after it. So are round ones of some
        addressees, who may have few entries in a long log."""
        if from_.log_index < 0:
            return None  # before the first entry
        place, rest = divmod(from_.log_index, spacing_entries)
        if not rest:
            with self._door:
                others = any(k[1:] == from_[1:] and one.is_full for k, one in self._kept.items())
            place = place & (place - 1) if others and from_.addressees is None else 0
        return from_._replace(log_index=place * spacing_entries) if place else None

    def _is_near(self, from_: Standpoint, start: int) -> bool:
        """True if a full standpoint lies at `start` or between it and `from_`."""
        with self._door:
            return any(
                kept[1:] == from_[1:] and start <= kept.log_index < from_.log_index and one.is_full
                for kept, one in self._kept.items()
            )

    def _nothing(self) -> _Filled:
        """Empty views, to be copied."""
        with self._door:
            if self._empty is None:
                self._empty = _Filled()
                self._empty.make()
            return self._empty

    def _from_zero(
        self, filled: _Filled, from_: Standpoint, current: Connection, ration: Ration
    ) -> Iterator[list[Change]]:
        """What everything up to the standpoint adds up to."""
        if from_.addressees is None:
            self._count(filled, from_, from_.log_index + 1, ration)
            for stream in self._log.read_streams(from_.log_index):
                ration.check()
                yield fold(stream, from_.effective_on)
            return
        # Their streams, and those that are nobody's.
        wanted = [*sorted(from_.addressees), ""]
        ids: list[UUID] = []
        for table in (tables.recommendation, *(shelf.table for shelf in SHELVES)):
            ids.extend(_streams(current, table, wanted))
        for stream in self._histories(ids, from_, filled, ration):
            yield fold(stream, from_.effective_on)

    def _from(
        self, known: int, filled: _Filled, from_: Standpoint, ration: Ration
    ) -> Iterator[list[Change]]:
        """What changed after the log index `known`."""
        touched: dict[UUID, None] = {}
        start, fresh = known + 1, 0
        while start <= from_.log_index:
            entries = self._log.read(start, stop=from_.log_index)
            ration.fold(len(entries))
            start += len(entries)
            for entry in entries:
                if from_.addressees is None or entry.addressee in (*from_.addressees, ""):
                    touched[entry.stream] = None
                    fresh += 1
        self._count(filled, from_, fresh, None)
        for stream in self._histories(list(touched), from_, None, ration):
            yield fold(stream, from_.effective_on, known)

    def _histories(
        self, ids: Sequence[UUID], from_: Standpoint, filled: _Filled | None, ration: Ration
    ) -> Iterator[list[Entry]]:
        for i in range(0, len(ids), streams_at_once_max):
            entries = self._log.history(ids[i : i + streams_at_once_max], from_.log_index)
            if filled is None:
                ration.fold(len(entries))
            else:
                self._count(filled, from_, len(entries), ration)
            entries.sort(key=lambda e: (e.stream, e.version))
            for _, stream in groupby(entries, key=attrgetter("stream")):
                ration.check()
                yield list(stream)

    def _count(
        self, filled: _Filled, from_: Standpoint, entries: int, ration: Ration | None
    ) -> None:
        """Counts the entries that a standpoint is made of; refuses it where they are too many."""
        filled.entries += entries
        if filled.entries > self._events_max:
            whose = ", ".join(sorted(from_.addressees or ())) or "the whole record"
            raise LimitExceeded(
                f"Looking back reads at most {self._events_max:,} entries, and {whose} has more up "
                "to there."
            )
        if ration is not None:
            ration.fold(entries)

    def close(self) -> None:
        """Lets go of all of them."""
        with self._door:
            while self._kept:
                self._kept.popitem()[1].close()
            if self._empty is not None:
                self._empty.close()
                self._empty = None


class _Filled:
    """Views in memory, which several readers share until the last has left. `entries`: of how many
    they are made; `bytes`: how much memory they take."""

    def __init__(self) -> None:
        self._door = threading.Lock()
        self.is_full = False
        self.entries = 0
        self.bytes = 0
        self.readers = 0
        self._closing = False
        self._count = threading.Lock()
        self._engine: Engine | None = None
        self._anchor: Connection | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = create_engine(
                f"sqlite:///file:standpoint-{uuid4().hex}?mode=memory&cache=shared&uri=true",
                connect_args={"isolation_level": None, "check_same_thread": False},
                poolclass=QueuePool,
            )
            event.listen(self._engine, "begin", begin_sqlite)
            # The memory lives as long as a connection does.
            self._anchor = self._engine.connect()
        return self._engine

    @contextmanager
    def entered(self, ration: Ration) -> Iterator[None]:
        """Keeps others from filling it; whoever waits here may end meanwhile."""
        while not self._door.acquire(timeout=wait_seconds):
            ration.check()
        try:
            yield
        finally:
            self._door.release()

    def make(self) -> None:
        """Makes empty views."""
        with self.engine.begin() as connection:
            for view in VIEWS.values():
                make_tables(connection, view)
        self.finish()

    def copy(self, other: _Filled) -> None:
        """Takes over what another holds; what was here is gone."""
        with self.engine.connect() as to, other.engine.connect() as source:
            _driver(source).backup(_driver(to))

    def finish(self) -> None:
        with self.engine.connect() as connection:
            pages, size = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("page_count", "page_size")
            )
        self.bytes = pages * size
        self.is_full = True

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
            if self.readers == 0 and self._engine is not None and self._anchor is not None:
                self._anchor.close()
                self._engine.dispose()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _store(connection: Connection, batch: list[Change]) -> None:
    for name, store in STORES.items():
        if name != "credentials":
            store(connection, batch)
    batch.clear()


def _streams(connection: Connection, table: Table, addressees: Sequence[str]) -> list[UUID]:
    id = table.c.stream if "stream" in table.c else table.c.id
    query = select(id).where(table.c.addressee.in_(addressees)).distinct()
    return [UUID(hex=id) for (id,) in connection.execute(query)]
