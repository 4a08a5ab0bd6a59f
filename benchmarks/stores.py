"""The two stores the figures are taken on: a file on disk, and PostgreSQL from its wheel."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests import postgres

Fresh = Callable[[], AbstractContextManager[str]]
"""Gives the URL of an empty database for as long as the block lasts."""


@contextmanager
def sqlite() -> Iterator[Fresh]:
    """SQLite in the machine's temporary folder."""

    @contextmanager
    def fresh() -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="suivi-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'suivi.db'}"

    yield fresh


@contextmanager
def postgresql() -> Iterator[Fresh]:
    """PostgreSQL with fsync, synchronous commit and full page writes on."""
    with postgres.running() as server:
        yield server.database


STORES = {"SQLite": sqlite, "PostgreSQL": postgresql}
