"""Uploaded files: their bytes lie in a folder beside the log, what is known of them in the log.

A file is written under its random id, and read back only if it still is what was uploaded: the
digest lies in the vault, so an erased file can't be told by its content (domain rule 15).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from domain import stored_file
from domain.entry import Stamp, protected_texts
from domain.refusals import InvalidInput, LimitExceeded, NotFound, Unavailable
from domain.stored_file import FileStored, StoredFile, store_file
from workflows.access import Principal, authorise
from workflows.desk import Command, Desk, Taken

chunk_bytes = 1 << 20


class Upload:
    """A file on its way in: bytes are hashed and counted as they come."""

    def __init__(self, folder: Path, size_bytes_max: int) -> None:
        self.id = uuid4()
        self.size = 0
        self._max = size_bytes_max
        self._hash = hashlib.sha256()
        self._place = folder / self.id.hex
        self._part = self._place.with_suffix(".part")
        with _keeping():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("xb", buffering=0)

    @property
    def digest(self) -> str:
        """SHA-256 of what has come, in hex."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Adds bytes; refuses more than the limit."""
        self.size += len(chunk)
        if self.size > self._max:
            raise LimitExceeded(f"A file may have {self._max:,} bytes.")
        self._hash.update(chunk)
        with _keeping():
            rest = memoryview(chunk)
            while rest:
                rest = rest[self._file.write(rest) :]

    def keep(self) -> None:
        """Puts the bytes in their place, on the disk, before the log says that they are there."""
        try:
            with _keeping():
                os.fsync(self._file.fileno())
                self._file.close()
                self._part.rename(self._place)
                folder = os.open(self._place.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)  # or the name may be lost with the power
                finally:
                    os.close(folder)
        except Unavailable:
            self.drop()
            raise

    def drop(self) -> None:
        """Leaves nothing behind."""
        self._file.close()
        self._part.unlink(missing_ok=True)
        self._place.unlink(missing_ok=True)


@contextmanager
def _keeping() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "The file can't be kept: the disk of the files is full, or can't be written. Send it "
            "again when that is mended."
        ) from error


class Files:
    """The files of one log."""

    def __init__(self, desk: Desk, folder: Path, size_bytes_max: int) -> None:
        self._desk = desk
        self._folder = folder
        self._max = size_bytes_max

    def admit(self, principal: Principal, addressee: str) -> None:
        """Refuses a principal who may store no file of this State, before its bytes come."""
        authorise(principal, "store-file", addressee)

    def upload(self) -> Upload:
        """Begins an upload."""
        return Upload(self._folder, self._max)

    def record(
        self,
        principal: Principal,
        command: Command,
        upload: Upload,
        stamp: Stamp,
        *,
        addressee: str,
        name: str,
        media_type: str,
    ) -> Taken:
        """Records an upload whose bytes are all there."""
        if upload.size == 0:
            raise InvalidInput("The file is empty.")
        upload.keep()
        return self._desk.begin(
            principal,
            command,
            "store-file",
            addressee,
            lambda: store_file(
                stamp,
                id=upload.id,
                media_type=media_type,
                size=upload.size,
                name=name,
                digest=upload.digest,
            ),
        )

    def find(self, principal: Principal, id: UUID) -> tuple[StoredFile, str]:
        """A file this principal may read, and its name."""
        state = self._desk.read(id, stored_file.fold, principal)
        stored = self._stored(id)
        return state, stored.name.text or id.hex

    def path(self, id: UUID) -> Path:
        """Where the bytes are, if they still are what was uploaded. Refuses an erased file, and
        one that was changed in its folder."""
        stored = self._stored(id)
        place = self._folder / id.hex
        if not place.is_file():
            raise NotFound("The bytes of this file are not here: it was erased or not copied.")
        with place.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != stored.digest.text:
            raise Unavailable("The file in its folder is not the one that was uploaded.")
        return place

    def is_there(self, id: UUID) -> bool:
        """True if there are bytes under this id, whatever they are."""
        return (self._folder / id.hex).exists()

    def is_named(self, id: UUID) -> bool:
        """True if the vault still holds its name or its digest."""
        return any(text.text is not None for text in protected_texts(self._stored(id)))

    def strays(self, known: Collection[UUID]) -> list[Path]:
        """Files in the folder that no entry tells of: uploads that a crash broke off."""
        if not self._folder.is_dir():
            return []
        names = {id.hex for id in known}
        return sorted(path for path in self._folder.iterdir() if path.name not in names)

    def erase(self, id: UUID) -> None:
        """Removes the bytes of a file whose erasure is recorded, its name and its digest."""
        (self._folder / id.hex).unlink(missing_ok=True)
        self._desk.log.erase(t.commitment or "" for t in protected_texts(self._stored(id)))

    @staticmethod
    def chunks(place: Path) -> Iterator[bytes]:
        """The bytes of a file, piece by piece."""
        with place.open("rb") as file:
            while chunk := file.read(chunk_bytes):
                yield chunk

    def _stored(self, id: UUID) -> FileStored:
        history = self._desk.log.history([id])
        event = history[0].event if history else None
        if not isinstance(event, FileStored):
            raise NotFound("There is no such file.")
        self._desk.log.reveal(protected_texts(event))
        return event
