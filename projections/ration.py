"""How much one request may still do, and until when.

Work is counted where it is done. What works asks before each piece, so a request that is through
with its ration, whose time is up or whose client has gone ends at the next piece; a statement that
runs meanwhile is interrupted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.entry import Entry, Protected
from domain.refusals import LimitExceeded, Refusal, TimedOut
from projections.reading import ReadableLog

steps_between_looks = 1_000_000
"""Of SQLite's machine: some hundredths of a second. Each look waits for the interpreter's lock."""
cancel_seconds_max = 1.0
page_rows_max = 20_000
folded_least = 25_000
"""Entries that one request may fold, however short the log is."""
what_ifs_max = 3
"""Questions what-if in one request: each retells histories."""
without_end = 1 << 62


class Ration:
    """What one request may still do: at how many standpoints it looks back and how many entries are
    folded for all of them, how many rows of views and entries of the log it reads, how many objects
    it answers with, for how many seconds."""

    def __init__(
        self,
        standpoints_max: int = without_end,
        events_max: int = without_end,
        rows_max: int = without_end,
        objects_max: int = without_end,
        seconds_max: float | None = None,
        stopped: Callable[[], Refusal | None] = lambda: None,
    ) -> None:
        self.standpoints_max = standpoints_max
        self.events_max = events_max
        self.rows_max = rows_max
        self.objects_max = objects_max
        self.seconds_max = seconds_max
        self.standpoints = 0
        self.events = 0
        self.what_ifs = 0
        self.rows = 0
        self.objects = 0
        self.refused: Refusal | None = None
        """Why it ended, where it did; whatever it still asks for is refused with the same."""
        self._until: float | None = None
        self._stopped = stopped
        self._door = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []

    # -- time

    def begin(self) -> None:
        """Its time begins: what it waited for before does not count."""
        if self.seconds_max is not None:
            self._until = time.monotonic() + self.seconds_max

    def check(self) -> None:
        """Raises why the request is to end, where it is."""
        if self.is_over():
            assert self.refused is not None
            raise self.refused

    def is_over(self) -> bool:
        """True once the request is to end."""
        if self.refused is None:
            if self._until is not None and time.monotonic() > self._until:
                self.refused = TimedOut(
                    f"This takes longer than the {self.seconds_max:g} seconds that a request may "
                    "take: ask for less at once."
                )
            else:
                self.refused = self._stopped()
        return self.refused is not None

    def end(self) -> None:
        """Ends the request, whose client has gone, or whose time is up."""
        if not self.is_over():
            self.refused = TimedOut("Nobody waits for this answer any more.")
        with self._door:
            for interrupt in self._interrupts:
                interrupt()

    @contextmanager
    def interrupting(self, connection: Connection) -> Iterator[None]:
        """While this lasts, statements on a connection are interrupted once the request is to
        end."""
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            driver.set_progress_handler(self.is_over, steps_between_looks)
            try:
                yield
            finally:
                driver.set_progress_handler(None, 0)
            return

        def cancel() -> None:
            driver.cancel_safe(timeout=cancel_seconds_max)

        with self._door:
            self._interrupts.append(cancel)
        try:
            yield
        finally:
            # Under the door: no cancelling reaches whoever takes the connection next.
            with self._door:
                self._interrupts.remove(cancel)

    # -- amounts

    def look(self, entries: int) -> None:
        """Counts one more standpoint, in a log of so many entries; refuses one too many. Those of
        one request, asked for in their order, fold the log once; they may fold it twice."""
        self.standpoints += 1
        self.events_max = min(self.events_max, max(folded_least, 2 * entries))
        if self.standpoints > self.standpoints_max:
            self._refuse(
                f"One request looks back at {self.standpoints_max} standpoints at most (a log "
                "index, a day, the addressees named): ask for the others in further requests."
            )
        self.check()

    def fold(self, events: int) -> None:
        """Counts entries that are about to be folded; refuses those that are too many."""
        self.events += events
        if self.events > self.events_max:
            self._refuse(
                f"One request folds {self.events_max:,} entries at most to look back: name the "
                "addressee, or ask in several requests."
            )
        self.check()

    def read(self, rows: int) -> None:
        """Counts rows or entries that were read, or are about to be; refuses too many."""
        self.rows += rows
        if self.rows > self.rows_max:
            self._refuse(
                f"One request reads {self.rows_max:,} rows and entries at most: ask for less at "
                "once, page by page."
            )
        self.check()

    def ask_what_if(self) -> None:
        """Counts one more question what-if; refuses one too many."""
        self.what_ifs += 1
        if self.what_ifs > what_ifs_max:
            self._refuse(
                f"One request asks what-if {what_ifs_max} times at most: ask the others in further "
                "requests."
            )
        self.check()

    def answer(self, objects: int = 1) -> None:
        """Counts one more object of the answer, or what takes as long as some; refuses one too
        many."""
        self.objects += objects
        if self.objects > self.objects_max:
            self._refuse(
                f"One answer has {self.objects_max:,} objects at most: ask for less at once, page "
                "by page, or nest less deeply."
            )
        if objects > 1 or not self.objects & 15 or self.refused is not None:
            self.check()

    def _refuse(self, message: str) -> None:
        self.refused = LimitExceeded(message)
        raise self.refused


class CountedLog:
    """A log whose reading counts."""

    def __init__(self, log: ReadableLog, ration: Ration) -> None:
        self._log = log
        self._ration = ration

    @property
    def size(self) -> int:
        return self._log.size

    def at(self, recorded_at: int) -> int:
        return self._log.at(recorded_at)

    def read(
        self, start: int = 0, limit: int = page_rows_max, stop: int | None = None
    ) -> list[Entry]:
        self._ration.check()
        found = self._log.read(start, limit, stop)
        self._ration.read(len(found))
        return found

    def history(self, streams: Sequence[UUID], stop: int | None = None) -> list[Entry]:
        self._ration.check()
        found = self._log.history(streams, stop)
        self._ration.read(len(found))
        return found

    def read_streams(self, stop: int) -> Iterator[list[Entry]]:
        for stream in self._log.read_streams(stop):
            self._ration.read(len(stream))
            yield stream

    def reveal(self, texts: Iterable[Protected]) -> None:
        self._ration.check()
        self._log.reveal(texts)
