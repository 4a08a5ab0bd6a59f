"""How SQLite reads files without touching them, whoever writes them meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from domain.refusals import Unavailable


class ReadingOnly:
    """Files of SQLite, opened with the right to read alone.

    SQLite itself would make a `-shm` beside a file that it reads, or write in the one it finds. So
    a file that nobody has open is read as one that can't change, and one with a `-wal` under the
    `-shm` of whoever writes; where that is missing, as in a backup, both are copied.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._quiet: dict[Path, tuple[float, ...]] = {}
        self._copies: dict[Path, Path] = {}

    def __enter__(self) -> ReadingOnly:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        for file, was in self._quiet.items():
            if error is None and _state(file) != was:
                raise Unavailable(f"{file.name} was written to while it was read; check it again.")

    def uri(self, file: Path) -> str:
        """SQLite's URI of a file."""
        wal, shm = (file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))
        if file in self._copies or (_size(wal) and not shm.exists()):
            return f"{_uri(self._copy(file, wal))}?mode=ro"
        if wal.exists() and shm.exists():
            return f"{_uri(file)}?mode=ro&readonly_shm=1"
        self._quiet.setdefault(file, _state(file))
        return f"{_uri(file)}?mode=ro&immutable=1"

    def _copy(self, file: Path, wal: Path) -> Path:
        if file not in self._copies:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
            for one in (file, wal):
                shutil.copyfile(one, folder / one.name)
            self._copies[file] = folder / file.name
        return self._copies[file]


def _uri(file: Path) -> str:
    return f"file:{quote(str(file.absolute()))}"


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _state(file: Path) -> tuple[float, ...]:
    if not file.exists():
        return ()
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
