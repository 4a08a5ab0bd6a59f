"""Between an entry and its stored form: canonical JSON, with protected texts put aside.

The payload is RFC 8785 JSON (sorted ASCII keys, integers, no floats), so equal events are equal
bytes. A `Protected` text is replaced, by its type, with a commitment: SHA-256 over a domain tag, a
random salt of 32 bytes and the UTF-8 text. Salt and text go to the vault in the same transaction.
Topics resolve by a dictionary, never by import; unknown topics and fields are refused.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, StoredEvent

from domain.aggregates import BY_EVENT
from domain.entry import Entry, Event, Protected, UnreadableEntry
from domain.refusals import InvalidInput

EVENTS: dict[str, type[Event]] = {event.topic: event for event in BY_EVENT}
"""Every topic ever stored and the class that reads it. Topics are added, never changed."""

COMMITMENT_TAG = b"suivi:commitment:v1\x00"

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class VaultRow:
    """What the vault keeps for one protected text."""

    commitment: bytes
    salt: bytes
    content: str


@dataclass(frozen=True)
class SealedEvent(StoredEvent):
    """A stored event with what the log keeps beside it."""

    addressee: str = ""
    vault: tuple[VaultRow, ...] = ()


def commit(salt: bytes, text: str) -> bytes:
    """The commitment to a protected text."""
    return hashlib.sha256(COMMITMENT_TAG + salt + text.encode()).digest()


def _from_stored(type_: type, value: Any) -> Protected:
    if type_ is Protected and isinstance(value, dict) and set(value) == {"commitment"}:
        return Protected(commitment=value["commitment"])
    raise ValueError(f"not a {type_.__name__}")


def sealed(value: object) -> object:
    """How a protected text that is in the log already is written elsewhere: its commitment."""
    if isinstance(value, Protected) and value.commitment is not None:
        return {"commitment": value.commitment}
    raise TypeError(f"{type(value).__name__} is not written")


_decoders: dict[str, Callable[[bytes], Event]] = {
    topic: msgspec.json.Decoder(cls, dec_hook=_from_stored).decode for topic, cls in EVENTS.items()
}


class EntryMapper(Mapper[UUID]):
    """Maps entries to stored events and back."""

    def __init__(self) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self.transcoder.register(DatetimeAsISO())  # type: ignore[attr-defined]

    def to_stored_event(self, domain_event: Any) -> SealedEvent:
        """The entry sealed: canonical payload, and a vault row for each protected text."""
        entry: Entry = domain_event
        vault: list[VaultRow] = []

        def seal(value: object) -> object:
            if not isinstance(value, Protected):
                raise TypeError(f"{type(value).__name__} can't be stored")
            if value.text is None:
                raise TypeError("a protected text is sealed once, when it is first recorded")
            salt = secrets.token_bytes(32)
            commitment = commit(salt, value.text)
            value.commitment = commitment.hex()
            vault.append(VaultRow(commitment, salt, value.text))
            return {"commitment": value.commitment}

        try:
            payload = msgspec.json.Encoder(enc_hook=seal, order="sorted").encode(entry.event)
        except UnicodeEncodeError as error:
            raise InvalidInput("A text holds half a character (a lone surrogate).") from error
        if _NUL.search(payload) or any("\x00" in row.content for row in vault):
            raise InvalidInput("A text holds the character U+0000, which no store keeps.")
        return SealedEvent(
            originator_id=entry.stream,
            originator_version=entry.version,
            topic=entry.event.topic,
            state=payload,
            addressee=entry.addressee,
            vault=tuple(vault),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The entry as stored, without its place in the log."""
        return Entry(
            stored_event.originator_id,  # type: ignore[arg-type]
            stored_event.originator_version,
            getattr(stored_event, "addressee", ""),
            read_payload(stored_event.topic, stored_event.state),
        )


def read_payload(topic: str, payload: bytes) -> Event:
    """The event stored under `topic`; UnreadableEntry if topic or payload is not known."""
    try:
        return _decoders[topic](payload)
    except KeyError:
        raise UnreadableEntry(f"topic “{topic}” is not known to this version") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise UnreadableEntry(f"{topic}: {error}") from error
