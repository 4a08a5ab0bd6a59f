"""An uploaded file: what it is and how large, never its bytes.

Its name and the SHA-256 of its bytes are protected texts: a plain content address would go on
telling, after the file was erased, who held which document. The bytes lie where the workflow put
them; erasing them there is recorded here (domain rule 15).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.entry import Entry, Event, Protected, Stamp, Visibility, named, reasoned
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded

size_bytes_max = 1_000_000_000

# RFC 6838, section 4.2: names of types and subtypes, at most 127 characters each.
_NAME = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(f"{_NAME}/{_NAME}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

# --- Events (the archive's format: frozen) -------------------------------------------------------


class FileEvent(Event, frozen=True):
    """Base of a stored file's events."""


class FileStored(FileEvent, frozen=True):
    """A file was stored."""

    topic: ClassVar[str] = "file.stored.v1"

    media_type: str
    """Media type, such as `application/pdf`."""
    size: int
    """Size in bytes."""
    name: Protected
    """The file's name, which can be erased."""
    digest: Protected
    """SHA-256 of its bytes, in hex; it can be erased."""


class FileErased(FileEvent, frozen=True):
    """The file's bytes were erased, with a reason."""

    topic: ClassVar[str] = "file.erased.v1"


EVENTS: tuple[type[FileEvent], ...] = (FileStored, FileErased)

# --- State ---------------------------------------------------------------------------------------


class StoredFile(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """An uploaded file; its bytes are at `/files/{uuid}`."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    media_type: str
    size: int
    erased: bool = False
    """True once its bytes are deleted; the record of it stays."""

    def erase(self, stamp: Stamp) -> FileErased:
        """Records that the bytes are erased, with a reason; once."""
        reasoned(stamp, "Erasing a file")
        if self.erased:
            raise AlreadySo("This file is erased already.")
        return FileErased(stamp=stamp)


def store_file(
    stamp: Stamp, *, id: UUID, media_type: str, size: int, name: str, digest: str
) -> tuple[UUID, FileStored]:
    """A file is stored under the id given, a random one. `digest` is the SHA-256 of its bytes in
    small hex digits; the media type is written without parameters."""
    media_type = media_type.lower()
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise InvalidInput(
            f"“{media_type[:40]}” is no media type: write type and subtype, as in application/pdf."
        )
    if size < 1:
        raise InvalidInput("The file is empty.")
    if size > size_bytes_max:
        raise LimitExceeded(f"A file may have {size_bytes_max:,} bytes; it has {size:,}.")
    if not _SHA256.fullmatch(digest):
        raise InvalidInput("A digest is the SHA-256 of the bytes: 64 small hex digits.")
    event = FileStored(
        stamp=stamp,
        media_type=media_type,
        size=size,
        name=Protected(named(name)),
        digest=Protected(digest),
    )
    return id, event


def begin(entry: Entry) -> StoredFile:
    """The state after a file's first entry."""
    event = entry.event
    assert isinstance(event, FileStored), "a file's first entry is FileStored"
    return StoredFile(
        id=entry.stream,
        addressee=entry.addressee,
        version=entry.version,
        visibility=event.stamp.visibility,
        institution=event.stamp.speaker.institution,
        media_type=event.media_type,
        size=event.size,
    )


def fold(entries: Iterable[Entry], state: StoredFile | None = None) -> StoredFile | None:
    """The file that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        if state is None:
            state = begin(entry)
        elif isinstance(entry.event, FileErased):
            state.erased = True
            state.version = entry.version
    return state
