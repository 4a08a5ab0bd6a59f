"""What projections need of the log: reading it, nothing else. `api` hands it in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol
from uuid import UUID

from domain.entry import Entry, Protected


class ReadableLog(Protocol):
    """The log, read-only."""

    @property
    def size(self) -> int: ...

    def read(self, start: int = 0, limit: int = ..., stop: int | None = None) -> list[Entry]: ...

    def history(self, streams: Sequence[UUID], stop: int | None = None) -> list[Entry]: ...

    def read_streams(self, stop: int) -> Iterator[list[Entry]]: ...

    def at(self, recorded_at: int) -> int: ...

    def reveal(self, texts: Iterable[Protected]) -> None: ...
