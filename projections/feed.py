"""The feed: brings views up to the log, each entry exactly once.

A batch of entries is folded and written in one transaction that also moves the views' heads, and
only from where this batch began, so two feeders can't apply it twice. An entry that can't be
applied stops the feed there: the heads stay, readiness goes red, nothing drifts.

A rebuild needs no order but that inside a stream: it folds stream by stream and writes each state
once, then catches up with what came meanwhile, and switches.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from domain.aggregates import BY_EVENT
from domain.casework import Case, CaseEvent
from domain.entry import Entry, UnreadableEntry
from projections import (
    agenda,
    credentials,
    figures,
    recommendations,
    register,
    search,
    timers,
)
from projections.audiences import Audience, Telling
from projections.reading import ReadableLog
from projections.tables import VIEWS
from projections.views import Generation, Unreadable, Views
from projections.writing import Change

batch_entries_max = 2_000
rebuild_states_max = 5_000
cached_bytes_max = 64_000_000
poll_seconds = 0.1
others_seconds_max = 2.0
"""How long a feed waits for the process that feeds before it does so itself."""
look_seconds = 0.005
idle_seconds_max = 30.0
switch_seconds_max = 120.0
"""How long a process that stands still while it feeds, or while it switches to what it has rebuilt,
may keep all other feeders waiting; on SQLite there is no such limit."""

log_line = structlog.get_logger("suivi.feed")


class States(OrderedDict[UUID, Any]):
    """States folded lately, so that the next entry of a stream needs no reading; of a case
    what each audience is told (`Telling`). As many as memory allows."""

    def __init__(self, bytes_max: int = cached_bytes_max) -> None:
        super().__init__()
        self._bytes_max = bytes_max
        self._bytes: dict[UUID, int] = {}
        self._held = 0

    def weigh(self, streams: Iterable[UUID]) -> None:
        """Counts anew what the states of some streams take, and lets go of those that were used
        longest ago where all together take too much."""
        for stream in streams:
            self._held -= self._bytes.get(stream, 0)
            self._bytes[stream] = _bytes_of(self[stream])
            self._held += self._bytes[stream]
        while self._held > self._bytes_max:
            stream, _ = self.popitem(last=False)
            self._held -= self._bytes.pop(stream, 0)

    def clear(self) -> None:
        super().clear()
        self._bytes.clear()
        self._held = 0


def _bytes_of(state: Any) -> int:
    """About how much memory a state takes."""
    if not isinstance(state, Telling):
        return 3 * len(register.written(state))
    entries = sum(one.state.version for _, one in state if one.state is not None)
    return 1_000 + 600 * entries + 2 * state.whole.chars


STORES: dict[str, Callable[[Connection, Sequence[Change]], None]] = {
    "recommendations": recommendations.store,
    "search": search.store,
    "figures": figures.store,
    "register": register.store,
    "timers": timers.store,
    "agenda": agenda.store,
    "credentials": credentials.store,
}
"""How each view writes what has changed."""


class FeedStopped(Exception):
    """The feed can't go on: which entry stopped it, and why."""

    def __init__(self, log_index: int, why: BaseException) -> None:
        super().__init__(f"the feed stopped at log index {log_index}: {why}")
        self.log_index = log_index
        self.why = why


class LogWentBack(FeedStopped):
    """The log is not the one that the views were made of: `held` of its entries are in the views,
    and it has `size`, or others."""

    def __init__(self, held: int, size: int) -> None:
        less = f"The log holds {size:,} entries and the views {held:,}"
        found = less if size < held else "The log holds other entries than the views were made of"
        Exception.__init__(
            self,
            f"{found}: an older copy was restored, or these are the views of another log. Bring "
            "the newer log back; if this one is right, run `suivi rebuild`.",
        )
        self.log_index = size
        self.why = self


class Feed:
    """Feeds the views of one log. `wake_feeder`: wakes the process that feeds them, where this is
    another one; this feed then feeds only where that one does not. `bytes_max`: how much memory
    states that are kept may take."""

    def __init__(
        self,
        log: ReadableLog,
        views_: Views,
        bytes_max: int = cached_bytes_max,
        wake_feeder: Callable[[], None] | None = None,
    ) -> None:
        self.log = log
        self.views = views_
        self._wake_feeder = wake_feeder
        self.stopped: FeedStopped | None = None
        self.failure: Exception | None = None
        """why the views could not be brought up to the log when it was last tried"""
        self._door = threading.Lock()
        self._feeding: Generation | None = None
        self._states = States(bytes_max)
        self._held = 0
        """How many entries the views held when they were last looked at, or fed."""
        self._cached_for: dict[str, int] = {}
        self._agreed_for: dict[str, int] = {}
        self._ending = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    # -- running

    def start(self) -> None:
        """Feeds in the background, for what other processes write."""
        self._thread = threading.Thread(target=self._run, name="suivi-feed", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Has the background feed look at the log at once."""
        self._woken.set()

    def stop(self) -> None:
        """Ends the background feed."""
        self._ending.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._woken.wait(poll_seconds)
            self._woken.clear()
            try:
                self.advance()
            except (FeedStopped, Unreadable):
                self._ending.wait(1.0)  # until somebody rebuilds
            except Exception:
                log_line.exception("feed could not read; trying again")
                self._ending.wait(1.0)

    # -- feeding

    def advance(self, beyond: int | None = None) -> int:
        """Applies all that is new; returns how many entries the views hold. Whoever needs the
        views fresh calls it; callers that come together share the work. `beyond`: it is enough
        that the views hold the entry of this log index."""
        try:
            held = self._advance(sys.maxsize if beyond is None else beyond)
        except SQLAlchemyError as error:
            self.failure = self.views.refusal(error, self._feeding)
            if isinstance(self.failure, Unreadable):
                raise self.failure from error
            raise
        except Exception as failure:
            self.failure = failure
            raise
        self.failure = None
        return held

    def _advance(self, beyond: int) -> int:
        if isinstance(self.stopped, LogWentBack):
            self._agree_now()
            self.stopped = None  # somebody brought the newer log back, or rebuilt the views
        if self.stopped is not None:
            if self.views.current().numbers == self._cached_for:
                raise self.stopped
            self.stopped = None  # somebody rebuilt the views
        if self._wake_feeder is not None:
            self._let_feed(self._wake_feeder, beyond)
        with self._door:
            while self._held <= beyond:
                generation, heads = self.views.standing()
                self._feeding, self._cached_for = generation, generation.numbers
                start = self._held = min(heads.values())
                entries = self._read(start)
                if not entries or self._agreed_for != generation.numbers:
                    self._agree(generation, max(heads.values()))
                if not entries or self._ending.is_set():
                    return start
                self._apply_or_stop(generation, entries)
                self.views.shorten(generation)
            return self._held

    def _let_feed(self, wake_feeder: Callable[[], None], beyond: int) -> None:
        """Waits a while for the process that feeds to do so."""
        last = min(beyond, self.log.size - 1)
        until = time.monotonic() + others_seconds_max
        if self._held <= last and self._look() <= last:
            wake_feeder()
            while self._look() <= last and time.monotonic() < until:
                time.sleep(look_seconds)

    def _look(self) -> int:
        """How many entries the views hold."""
        _, heads = self.views.standing()
        self._held = min(heads.values())
        return self._held

    def agree(self) -> None:
        """Stops the feed where the log is not the one that the views were made of."""
        with suppress(LogWentBack):
            self._agree_now()

    def _agree_now(self) -> None:
        with self._door:
            generation, heads = self.views.standing()
            self._agree(generation, max(heads.values()))

    def _agree(self, generation: Generation, held: int) -> None:
        """Raises LogWentBack where the log has fewer entries than the views hold or, looked at
        once for each generation, another one where a recommendation changed last."""
        size = self.log.size
        is_the_same = held <= size
        if is_the_same and self._agreed_for != generation.numbers:
            with generation.engine.connect() as connection:
                last = recommendations.last_change(connection)
            if last is not None:
                there = self.log.read(last.log_index, 1, last.log_index)
                found = [(e.stream.hex, e.version, e.recorded_at) for e in there]
                is_the_same = found == [(last.id, last.version, last.recorded_at)]
        if not is_the_same:
            if self.stopped is None:
                log_line.error("the log went back", held=held, size=size)
            self._agreed_for, self._held = {}, 0
            self.stopped = LogWentBack(held, size)
            raise self.stopped
        self._agreed_for = generation.numbers

    def wait_for(self, log_index: int, seconds: float) -> bool:
        """True once the views hold the entry at `log_index`; False when it took too long."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self.advance(log_index) > log_index:
                    return True
            except FeedStopped:
                return False
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)

    # -- rebuilding

    def rebuild(
        self,
        progress: Callable[[int, int], None] | None = None,
        names: Iterable[str] | None = None,
    ) -> Generation:
        """Fills the next generations of some views (all, if none are named) from the log, beside
        the running ones, and switches to them in one step. `progress` is told how many entries are
        done, and how many there are."""
        beside = self.views.begin_next(VIEWS if names is None else names)
        try:
            size = self.log.size
            fill(self.log, beside, size, progress)
            with self._door:
                self._catch_up_and_switch(beside, size)
                self.stopped = None
                self._states.clear()
        finally:
            beside.engine.dispose()
        self.views.forget(beside)
        return beside

    def _catch_up_and_switch(self, beside: Generation, held: int) -> None:
        gone = self.views.misshapen()
        while True:
            current = self.views.current(besides=gone)
            with current.engine.execution_options(writes=True).begin() as connection:
                lock(connection, switch_seconds_max)
                heads = current.current_heads(connection)
                if heads is None:
                    continue
                # Nobody who has read an entry may look for it in vain afterwards.
                end = max([held, *heads.values()])
                end = min(end, self.log.size)  # unless the log went back
                with beside.engine.execution_options(writes=True).begin() as writing:
                    while held < end:
                        entries = self.log.read(held, batch_entries_max, end - 1)
                        _write(writing, beside.numbers, changes(self.log, entries, States()))
                        held += len(entries)
                    beside.move(writing, beside.numbers, held)
                self.views.switch(connection, beside)
                return

    # -- where it stops

    def _read(self, start: int) -> list[Entry]:
        try:
            return self.log.read(start, batch_entries_max)
        except UnreadableEntry as why:
            if why.log_index is None or why.log_index <= start:
                raise self._stop(start, why) from why
            return self.log.read(start, batch_entries_max, why.log_index - 1)

    def _apply_or_stop(self, generation: Generation, entries: list[Entry]) -> None:
        try:
            self._apply(generation, entries)
        except Exception as error:
            if _is_of_the_store(error):
                raise
            # One of them can't be applied: those before it can, and the feed stops there.
            for entry in entries:
                try:
                    self._apply(generation, [entry])
                except Exception as why:
                    if _is_of_the_store(why):
                        raise
                    raise self._stop(entry.log_index or 0, why) from why

    def _stop(self, log_index: int, why: Exception) -> FeedStopped:
        self.stopped = FeedStopped(log_index, why)
        log_line.error("feed stopped", log_index=log_index, why=str(why))
        return self.stopped

    def _apply(self, generation: Generation, entries: list[Entry]) -> None:
        """Adds entries to the views that want them next, all or none; nothing where somebody else
        did so before, or other generations are current."""
        start = entries[0].log_index
        try:
            with generation.engine.execution_options(writes=True).begin() as connection:
                lock(connection, idle_seconds_max)
                heads = generation.current_heads(connection)
                if heads is None or min(heads.values()) != start:
                    connection.rollback()
                    return
                # A crash may leave one view's file behind another's: those behind come first.
                behind = [name for name, head in heads.items() if head == start]
                ahead = [head - start for head in heads.values() if head > start]
                mine = entries[: min(ahead)] if ahead else entries
                _write(connection, behind, changes(self.log, mine, self._states))
                generation.move(connection, behind, start + len(mine))
            self._held = start + len(mine)
        except BaseException:
            self._states.clear()
            raise


def fill(
    log: ReadableLog,
    generation: Generation,
    size: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Fills empty views with what the log's first `size` entries add up to."""
    done = 0
    batch: list[Change] = []

    def flush() -> None:
        with generation.engine.execution_options(writes=True).begin() as connection:
            _write(connection, generation.numbers, batch)
        batch.clear()
        if progress is not None:
            progress(done, size)

    for stream in log.read_streams(size - 1):
        batch.extend(all_changes(stream))
        done += len(stream)
        if len(batch) >= rebuild_states_max:
            flush()
    flush()
    with generation.engine.execution_options(writes=True).begin() as connection:
        generation.move(connection, generation.numbers, size)


def changes(log: ReadableLog, entries: Sequence[Entry], known: States) -> list[Change]:
    """What entries that follow one another in the log change. States that are not in `known` are
    folded from the log; those met are kept there."""
    firsts: dict[UUID, Entry] = {}
    for entry in entries:
        firsts.setdefault(entry.stream, entry)
    unknown = [
        stream
        for stream, first in firsts.items()
        if first.version > 1 and (stream not in known or known[stream].version != first.version - 1)
    ]
    for entry in log.history(unknown, (entries[0].log_index or 0) - 1) if unknown else ():
        before = None if entry.version == 1 else known[entry.stream]
        known[entry.stream], _ = add(entry, before)
    befores: dict[UUID, Before] = {}
    heard: dict[UUID, list[Heard]] = {}
    for entry in entries:
        state = None if entry.version == 1 else known.get(entry.stream)
        if (state.version if state else 0) != entry.version - 1:
            raise ValueError(f"version {entry.version} does not follow")
        if entry.stream not in befores:
            befores[entry.stream] = as_told(state)
        known[entry.stream], rows = add(entry, state)
        known.move_to_end(entry.stream)
        heard.setdefault(entry.stream, []).append((entry, rows))
    found = [
        change
        for stream, told in heard.items()
        for change in changes_of(known[stream], befores[stream], told)
    ]
    known.weigh(heard)
    return found


Before = dict[str, tuple[Case, Audience]]
"""What each audience was told of a case, by its row; empty for anything else."""

Heard = tuple[Entry, list[str]]
"""An entry, and the rows of the audiences that heard it."""


def as_told(state: Any) -> Before:
    """What each audience is told, as it stands."""
    if not isinstance(state, Telling):
        return {}
    return {
        audience.row(state.whole.id): (one.state.clone(), audience)
        for audience, one in state
        if one.state is not None
    }


def changes_of(state: Any, before: Before, heard: Sequence[Heard]) -> Iterator[Change]:
    """What entries made of a state: one change, or one for each audience that heard any of them, or
    that is another one now."""
    if not isinstance(state, Telling):
        entries = [entry for entry, _ in heard]
        last = entries[-1]
        yield Change(None, state, last.log_index or 0, last.recorded_at or 0, entries)
        return
    for audience, one in state:
        if one.state is None:
            continue
        row = audience.row(one.state.id)
        met, was = before.get(row, (None, audience))
        entries = [entry for entry, rows in heard if audience.hears_all or row in rows]
        if entries or met is None or was != audience:
            yield Change(met, one.state, one.log_index, one.recorded_at, entries, audience, was)


def add(entry: Entry, state: Any) -> tuple[Any, list[str]]:
    """A state with one more entry, and the rows of the audiences that heard it."""
    if not isinstance(entry.event, CaseEvent):
        return BY_EVENT[type(entry.event)].fold((entry,), state), []
    telling = Telling() if state is None else state
    return telling, [audience.row(entry.stream) for audience in telling.add(entry)]


def lock(connection: Connection, idle_seconds: float) -> None:
    """Keeps other feeders out until the transaction ends; on SQLite it began by doing so. The
    server ends it when nothing is heard for so long."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, true),"
            " pg_advisory_xact_lock(23576)",
            (str(int(idle_seconds * 1000)),),
        )


def all_changes(stream: Sequence[Entry]) -> Iterator[Change]:
    """What all the entries of a stream make of nothing."""
    last = stream[-1]
    if [entry.version for entry in stream] != list(range(1, len(stream) + 1)):
        raise ValueError(f"the versions of stream {last.stream} have gaps")
    state: Any = None
    heard: list[Heard] = []
    for entry in stream:
        state, rows = add(entry, state)
        heard.append((entry, rows))
    return changes_of(state, {}, heard)


def _write(connection: Connection, names: Iterable[str], some: Sequence[Change]) -> None:
    for name in names:
        STORES[name](connection, some)


def _is_of_the_store(error: Exception) -> bool:
    """True for what passes, such as a lost connection; False for what an entry itself causes."""
    return isinstance(error, SQLAlchemyError) and not isinstance(error, (DataError, IntegrityError))
