"""How much may be uploaded: by one key's holder, and by all, those on their way in included."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

from sqlalchemy import Connection

from domain.entry import Speaker
from domain.refusals import LimitExceeded
from domain.scope import everything
from projections import register
from projections.reading import ReadableLog

Holder = tuple[str, str | None, str | None]
"""Whose a file is: institution, person, system. Keys of one person share what they may."""


class Quota:
    """What files take, as the views tell; `all_max` and `holder_max` are in bytes."""

    def __init__(
        self,
        log: ReadableLog,
        views: Callable[[], AbstractContextManager[tuple[Connection, int]]],
        all_max: int,
        holder_max: int,
    ) -> None:
        self._log = log
        self._views = views
        self._all_max = all_max
        self._holder_max = holder_max
        self._door = threading.Lock()
        self._looked = 0
        """From which log index on what is kept is not counted yet."""
        self._sizes: dict[UUID, int] = {}
        self._whose: dict[UUID, Holder] = {}
        self._kept: Counter[Holder] = Counter()
        self._coming: Counter[Holder] = Counter()

    def look(self) -> None:
        """Counts what is kept now: what came or changed since the last look."""
        with self._door, self._views() as (connection, index):
            since = [register.files.changed_from(self._looked)]
            sizes = {
                file.id: 0 if file.erased else file.size
                for file in register.files.all(connection, everything, since)
            }
            self._learn(sizes.keys() - self._whose.keys())
            for id, size in sizes.items():
                self._kept[self._whose[id]] += size - self._sizes.get(id, 0)
            self._sizes |= sizes
            self._looked = max(self._looked, index)

    def _learn(self, ids: Iterable[UUID]) -> None:
        for entry in self._log.history(sorted(ids)):
            if entry.version == 1:
                self._whose[entry.stream] = holder(entry.stamp.speaker)

    @contextmanager
    def room(self, whose: Holder) -> Iterator[Room]:
        """Room for one file on its way in; from when it has come, `look` tells of it."""
        room = Room(self, whose)
        try:
            yield room
        finally:
            self.count(whose, -room.size)

    def count(self, whose: Holder, size: int) -> None:
        """Counts bytes that come, or have come; LimitExceeded where there is no room for them."""
        with self._door:
            coming = self._coming[whose] + size
            in_all = self._coming.total() + size
            if size > 0 and self._kept[whose] + coming > self._holder_max:
                raise LimitExceeded(
                    f"The files of one holder may take {self._holder_max:,} bytes: have some "
                    "erased first."
                )
            if size > 0 and self._kept.total() + in_all > self._all_max:
                raise LimitExceeded(
                    f"All files together may take {self._all_max:,} bytes: ask the operator "
                    "of this installation."
                )
            self._coming[whose] = coming
            if not coming:
                del self._coming[whose]


class Room:
    """What one file on its way in takes."""

    def __init__(self, quota: Quota, whose: Holder) -> None:
        self.size = 0
        self._quota = quota
        self._whose = whose

    def take(self, size: int) -> None:
        """Takes room up to a size in bytes; LimitExceeded where there is none."""
        if size > self.size:
            self._quota.count(self._whose, size - self.size)
            self.size = size


def holder(speaker: Speaker) -> Holder:
    """Whom a speaker's files count for."""
    return speaker.institution, speaker.actor, speaker.system
