"""Long work gives way to short: one interpreter computes for all, and whoever asks for little is
not to wait for whoever asks for much."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

share = 0.25
"""Of the interpreter: what all long work together takes while short work is there."""
piece_seconds = 0.002
"""Of CPU: what long work does between two looks at whether to give way."""
wait_seconds_max = 1.0
"""In one piece, so that whoever waits hears that they are to end."""


class Pace:
    """How many work on what takes little, and how long those rest who work on what takes much."""

    def __init__(self) -> None:
        self._short = 0
        self._changed = threading.Condition()
        self._free = 0.0
        """When the next piece of long work may be done, on the monotonic clock."""
        self._mine = threading.local()

    @contextmanager
    def short(self) -> Iterator[None]:
        """While this lasts, long work gives way."""
        with self._changed:
            self._short += 1
        try:
            yield
        finally:
            with self._changed:
                self._short -= 1
                if self._short <= 1:
                    self._changed.notify_all()

    def begin(self) -> None:
        """Long work begins in this thread."""
        self._mine.at = time.thread_time()

    def give_way(self, own: int = 0) -> None:
        """Rests in proportion to what this thread has done since it was last asked, as long as
        there is short work. `own`: how much of that is what this thread does."""
        at = time.thread_time()
        done = at - getattr(self._mine, "at", at)
        if 0 < done < piece_seconds:
            return
        self._mine.at = at
        if self._short <= own:
            return
        with self._changed:
            now = time.monotonic()
            self._free = max(self._free, now) + done / share
            rest = min(self._free - now - done, wait_seconds_max)
            if rest > 0 and self._changed.wait_for(lambda: self._short <= own, rest):
                self._free = 0.0
