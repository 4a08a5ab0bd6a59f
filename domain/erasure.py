"""What was erased of one entry: which of its protected texts, by whom and why.

An entry never changes: it goes on holding commitments. That the texts behind them were erased is
an entry of its own, in a stream of its own, whatever the erased entry is about (domain rule 15).
Who may read the erased entry may read this one, and nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Stamp, Visibility, reasoned, texts_by_field
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo, InvalidInput, valid
from domain.stored_file import FileStored

# --- Events (the archive's format: frozen) -------------------------------------------------------


class ErasureEvent(Event, frozen=True):
    """Base of an erasure's events."""


class TextsErased(ErasureEvent, frozen=True):
    """Protected texts of an entry were erased, with a reason. The entry stays, with its
    commitments."""

    topic: ClassVar[str] = "texts.erased.v1"

    erased_entry: int
    """Log index of the entry."""
    erased_stream: UUID
    """The aggregate that the entry is about, by its UUID."""
    erased_version: int
    """The entry's version: its place among the entries about the same thing, from 1."""
    written_by: str
    """Code of the institution that wrote the entry."""
    commitments: tuple[str, ...]
    """The commitments to the texts that were erased; they stay in the log."""

    @property
    def readers(self) -> tuple[str, ...]:
        return self.written_by, *self.stamp.readers


EVENTS: tuple[type[ErasureEvent], ...] = (TextsErased,)

# --- State ---------------------------------------------------------------------------------------


class Erasure(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The protected texts that were erased of one entry. `history` says when, by whom and why. Only
    readers of the entry may read this."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    """Code of the institution that wrote the entry."""
    erased_entry: int
    erased_stream: UUID
    erased_version: int
    commitments: tuple[str, ...] = ()


def erasure_id(stream: UUID, version: int) -> UUID:
    """The id of what was erased of one entry: the same in every installation."""
    return uuid5(NAMESPACE, f"erasure\x1f{stream}\x1f{version}")


def erase_texts(
    stamp: Stamp, of: Entry, fields: Sequence[str] | None, before: Erasure | None
) -> TextsErased:
    """Records that texts of an entry are erased, with a reason: those in `fields`, all if None.
    `before` is what was erased of it already. Refuses a file's entry: a file is erased whole."""
    reasoned(stamp, "Erasing a text")
    if isinstance(of.event, FileStored):
        raise InvalidInput("A file is erased with its name and its bytes: by `eraseFile`.")
    texts = texts_by_field(of.event)
    if not texts:
        raise InvalidInput("This entry holds no text that can be erased.")
    for field in fields or ():
        if field not in texts:
            raise InvalidInput(f"There is no text “{field[:80]}”. {valid(texts, field)}")
    gone = set(before.commitments if before else ())
    named = texts if fields is None else dict.fromkeys(fields)
    chosen = [str(texts[field].commitment) for field in named]
    if not (fresh := tuple(one for one in chosen if one not in gone)):
        raise AlreadySo("This is erased already.")
    assert of.log_index is not None
    return TextsErased(
        stamp=msgspec.structs.replace(
            stamp, visibility=of.stamp.visibility, readers=of.event.readers
        ),
        erased_entry=of.log_index,
        erased_stream=of.stream,
        erased_version=of.version,
        written_by=of.stamp.speaker.institution,
        commitments=fresh,
    )


def fold(entries: Iterable[Entry], state: Erasure | None = None) -> Erasure | None:
    """What these entries say was erased, on top of `state`; None if there are none."""
    for entry in entries:
        event = entry.event
        assert isinstance(event, TextsErased), "an erasure has no other events"
        if state is None:
            state = Erasure(
                id=entry.stream,
                addressee=entry.addressee,
                version=entry.version,
                visibility=event.stamp.visibility,
                institution=event.written_by,
                erased_entry=event.erased_entry,
                erased_stream=event.erased_stream,
                erased_version=event.erased_version,
            )
        state.version = entry.version
        state.commitments = (*state.commitments, *event.commitments)
    return state
