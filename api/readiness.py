"""Whether a server can do its work now: read and write the record, and answer from the views.

Each look reads a little anew, by chance, and tries again what failed before; `suivi check` reads
everything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from sqlalchemy.exc import SQLAlchemyError

from api.settings import Settings
from domain.refusals import Refusal, Unavailable
from projections.feed import Feed, FeedStopped
from projections.views import Views
from workflows.log import Log

looks_apart_seconds = 0.5
"""Whoever asks sooner hears what was found last: anybody may ask, and looking costs."""


class Readiness:
    """What keeps a service from its work; `folders`: where it writes besides its store."""

    def __init__(
        self, log: Log, views: Views, feed: Feed, settings: Settings, folders: Iterable[Path]
    ) -> None:
        self._log = log
        self._views = views
        self._feed = feed
        self._settings = settings
        self._folders = [*folders]
        self._door = Lock()
        self._found: str | None = None
        self._looked = -looks_apart_seconds

    def why_not(self) -> str | None:
        """Why the service can't work, None when it can."""
        if self._feed.stopped is not None:
            return str(self._feed.stopped)
        with self._door:
            if time.monotonic() - self._looked >= looks_apart_seconds:
                self._found = self._look()
                self._looked = time.monotonic()
            return self._found

    def _look(self) -> str | None:
        try:
            for folder in self._folders:
                self._has_room(folder)
            self._log.look()
            self._views.look()
            if self._feed.failure is not None:
                return _said(self._feed.failure)
            behind = self._log.size
            with self._views.snapshot() as (_, held):
                behind -= held
        except (Refusal, SQLAlchemyError, OSError) as error:
            return _said(error)
        most = self._settings.views_behind_entries_max
        return f"The views are {behind:,} entries behind the log." if behind > most else None

    def _has_room(self, folder: Path) -> None:
        while not folder.exists():  # it is made with its first file
            folder = folder.parent
        held = os.statvfs(folder)
        free = held.f_bavail * held.f_frsize
        if free < self._settings.disk_free_bytes_min:
            raise Unavailable(
                f"The disk is full: {free:,} bytes are left in {folder.name}, and "
                f"{self._settings.disk_free_bytes_min:,} are to be (SUIVI_DISK_FREE_BYTES_MIN)."
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Unavailable(f"The folder {folder.name} can't be written to.")


def _said(error: Exception) -> str:
    # What the store's driver says names hosts and statements: for the log, not for callers.
    if isinstance(error, (Refusal, FeedStopped)):
        return str(error)
    return "The views can't be read or brought up to date now."
