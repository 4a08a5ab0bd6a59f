"""The feed: brings views up to the log, each entry exactly once.

A batch of entries is folded and written in one transaction that also moves the views' head, and
only from where this batch began, so two feeders can't apply it twice. An entry that can't be
applied stops the feed there: the head stays, readiness goes red, nothing drifts.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from domain import credential as credential_module
from domain import recommendation as recommendation_module
from domain.credential import Credential, CredentialEvent
from domain.entry import Entry, UnreadableEntry
from domain.events import (
    RecommendationEvent,
)
from domain.recommendation import (
    Recommendation,
)
from projections import credentials, recommendations, views
from projections.reading import ReadableLog
from projections.views import Generation, Views

batch_entries_max = 500
rebuild_entries_max = 20_000
cached_states_max = 20_000
poll_seconds = 0.1

log_line = structlog.get_logger("suivi.feed")

States = OrderedDict[UUID, Recommendation]
"""States folded lately, so that the next entry of a stream needs no reading."""

Touched = dict[UUID, tuple[Recommendation, int, int]]
"""What a batch changed: states, with the log index and the time of their last entries."""


class FeedStopped(Exception):
    """The feed can't go on: which entry stopped it, and why."""

    def __init__(self, log_index: int, why: BaseException) -> None:
        super().__init__(f"the feed stopped at log index {log_index}: {why}")
        self.log_index = log_index
        self.why = why


class Feed:
    """Feeds the views of one log."""

    def __init__(self, log: ReadableLog, views_: Views) -> None:
        self.log = log
        self.views = views_
        self.stopped: FeedStopped | None = None
        self._door = threading.Lock()
        self._states: States = OrderedDict()
        self._cached_for = 0
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    # -- running

    def start(self) -> None:
        """Feeds in the background, for what other processes write."""
        self._thread = threading.Thread(target=self._run, name="suivi-feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the background feed."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(poll_seconds):
            try:
                self.advance()
            except FeedStopped:
                self._ending.wait(1.0)  # until somebody rebuilds
            except Exception:
                log_line.exception("feed could not read; trying again")
                self._ending.wait(1.0)

    # -- feeding

    def advance(self) -> int:
        """Applies all that is new; returns how many entries the views hold. Whoever needs the
        views fresh calls it; callers that come together share the work."""
        if self.stopped is not None:
            if self.views.current().number == self._cached_for:
                raise self.stopped
            self.stopped = None  # somebody rebuilt the views
        with self._door:
            while True:
                generation = self.views.current()
                if generation.number != self._cached_for:
                    self._states.clear()
                    self._cached_for = generation.number
                with generation.engine.connect() as connection:
                    start = generation.next(connection)
                entries = self._read(start)
                if not entries:
                    return start
                self._apply_or_stop(generation, start, entries)

    def wait_for(self, log_index: int, seconds: float) -> bool:
        """True once the views hold the entry at `log_index`; False when it took too long."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self.advance() > log_index:
                    return True
            except FeedStopped:
                return False
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> Generation:
        """Fills the next generation from log index 0 beside the running one, and switches to it."""
        generation = self.views.begin_next()
        states: States = OrderedDict()
        done = self._fill(generation, 0, states, progress)
        with self._door:
            self._fill(generation, done, states, progress)  # what came meanwhile
            self.views.switch(generation)
            self.stopped = None
        return generation

    def _fill(
        self,
        generation: Generation,
        start: int,
        states: States,
        progress: Callable[[int, int], None] | None,
    ) -> int:
        while entries := self.log.read(start, rebuild_entries_max):
            if not _apply(generation, start, entries, states):
                raise RuntimeError("somebody else is filling these views")
            start += len(entries)
            if progress is not None:
                progress(start, max(self.log.size, start))
        return start

    # -- where it stops

    def _read(self, start: int) -> list[Entry]:
        try:
            return self.log.read(start, batch_entries_max)
        except UnreadableEntry as why:
            if why.log_index is None or why.log_index <= start:
                raise self._stop(start, why) from why
            return self.log.read(start, batch_entries_max, why.log_index - 1)

    def _apply_or_stop(self, generation: Generation, start: int, entries: list[Entry]) -> None:
        try:
            _apply(generation, start, entries, self._states)
        except Exception as error:
            if _is_of_the_store(error):
                raise
            # One of them can't be applied: those before it can, and the feed stops there.
            for i, entry in enumerate(entries):
                try:
                    _apply(generation, start + i, [entry], self._states)
                except Exception as why:
                    if _is_of_the_store(why):
                        raise
                    raise self._stop(start + i, why) from why

    def _stop(self, log_index: int, why: Exception) -> FeedStopped:
        self.stopped = FeedStopped(log_index, why)
        log_line.error("feed stopped", log_index=log_index, why=str(why))
        return self.stopped


def _is_of_the_store(error: Exception) -> bool:
    """True for what passes, such as a lost connection; False for what an entry itself causes."""
    return isinstance(error, SQLAlchemyError) and not isinstance(error, (DataError, IntegrityError))


# --- One batch -----------------------------------------------------------------------------------


def _apply(generation: Generation, start: int, entries: list[Entry], states: States) -> bool:
    """Adds entries to the views, all or none; False when somebody else did so before."""
    engine = generation.engine.execution_options(writes=True)
    try:
        with engine.begin() as connection:
            moved = connection.execute(
                text("UPDATE view_head SET next = :end WHERE next = :start"),
                {"end": start + len(entries), "start": start},
            )
            if moved.rowcount != 1:
                connection.rollback()
                states.clear()
                return False
            _write(connection, entries, states)
    except BaseException:
        states.clear()
        raise
    return True


def _write(connection: Connection, entries: list[Entry], states: States) -> None:
    if touched := _fold(connection, entries, states):
        _store(connection, touched, {e.stream for e in entries if e.version == 1})
    if held := _credentials(connection, entries):
        _put(connection, views.credential, [credentials.columns(h) for h in held])


def _store(connection: Connection, touched: Touched, fresh: set[UUID]) -> None:
    _put(connection, views.recommendation, [recommendations.columns(*t) for t in touched.values()])
    stale = [(id.hex,) for id in touched if id not in fresh]
    beside: dict[str, list[tuple[Any, ...]]] = {table.name: [] for table in views.SIDES}
    for state, _, _ in touched.values():
        for name, some in recommendations.sides(state).items():
            beside[name].extend(some)
    for table in views.SIDES:
        if stale:
            _delete(connection, table, stale)
        if beside[table.name]:
            _insert(connection, table, beside[table.name])


def _fold(connection: Connection, entries: list[Entry], known: States) -> Touched:
    mine = [e for e in entries if isinstance(e.event, RecommendationEvent)]
    unknown = {
        e.stream
        for e in mine
        if e.version > 1 and (e.stream not in known or known[e.stream].version != e.version - 1)
    }
    for id, loaded in recommendations.states(connection, unknown).items():
        known[id] = loaded
    touched: Touched = {}
    for entry in mine:
        before = None if entry.version == 1 else known.get(entry.stream)
        if (before.version if before else 0) != entry.version - 1:
            raise ValueError(f"version {entry.version} does not follow")
        state = recommendation_module.fold((entry,), before)
        assert state is not None
        known[entry.stream] = state
        known.move_to_end(entry.stream)
        touched[entry.stream] = (state, entry.log_index or 0, entry.recorded_at or 0)
    while len(known) > cached_states_max:
        known.popitem(last=False)
    return touched


def _credentials(connection: Connection, entries: Iterable[Entry]) -> list[Credential]:
    mine = [e for e in entries if isinstance(e.event, CredentialEvent)]
    if not mine:
        return []
    held: dict[UUID, Credential | None] = dict(
        credentials.states(connection, {e.stream for e in mine})
    )
    for entry in mine:
        held[entry.stream] = credential_module.fold((entry,), held.get(entry.stream))
    return [h for h in held.values() if h is not None]


def _insert(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    names = [column.name for column in table.columns]
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    values = ", ".join([mark] * len(names))
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values})",
        rows,
    )


def _put(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    names = [column.name for column in table.columns]
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    values = ", ".join([mark] * len(names))
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values})"
        f" ON CONFLICT (id) DO UPDATE SET {changes}",
        rows,
    )


def _delete(connection: Connection, table: Table, ids: list[tuple[str]]) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(
        f"DELETE FROM {table.name} WHERE recommendation = {mark}",
        ids,
    )
