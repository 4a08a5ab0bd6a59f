"""A definition of a State's own: published once, it never changes.

Its identity is the SHA-256 of its canonical form. Publishing decides nothing: which definitions a
State has adopted is told in `domain.adoptions`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Stamp, Visibility, named
from domain.identity import NAMESPACE
from domain.refusals import LimitExceeded

canonical_chars_max = 1_000_000

# --- Events (the archive's format: frozen) -------------------------------------------------------


class DefinitionEvent(Event, frozen=True):
    """Base of a definition's events."""


class DefinitionPublished(DefinitionEvent, frozen=True):
    """A procedure passed the gate and was published."""

    topic: ClassVar[str] = "definition.published.v1"

    name: str
    """The procedure's name, as it gives it itself."""
    sha256: str
    """SHA-256 of `canonical`, in hex: the procedure's `hash`."""
    canonical: str
    """The procedure in canonical form (RFC 8785 JSON)."""


EVENTS: tuple[type[DefinitionEvent], ...] = (DefinitionPublished,)

# --- State ---------------------------------------------------------------------------------------


class PublishedDefinition(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A definition as it was published, by whom and for which State."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    name: str
    sha256: str
    canonical: str


def definition_id(addressee: str, sha256: str) -> UUID:
    """The id of a definition that a State publishes. Frozen."""
    return uuid5(NAMESPACE, f"definition\x1f{addressee}\x1f{sha256}")


def publish(
    stamp: Stamp, *, addressee: str, name: str, canonical: str
) -> tuple[UUID, DefinitionPublished]:
    """Publishes a definition for a State; whether it is sound was asked before."""
    if len(canonical) > canonical_chars_max:
        raise LimitExceeded(f"A definition may have {canonical_chars_max:,} characters.")
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    event = DefinitionPublished(stamp=stamp, name=named(name), sha256=sha256, canonical=canonical)
    return definition_id(addressee, sha256), event


def fold(
    entries: Iterable[Entry], state: PublishedDefinition | None = None
) -> PublishedDefinition | None:
    """The definition that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event, stamp = entry.event, entry.stamp
        assert isinstance(event, DefinitionPublished)
        state = PublishedDefinition(
            id=entry.stream,
            addressee=entry.addressee,
            version=entry.version,
            visibility=stamp.visibility,
            institution=stamp.speaker.institution,
            name=event.name,
            sha256=event.sha256,
            canonical=event.canonical,
        )
    return state
