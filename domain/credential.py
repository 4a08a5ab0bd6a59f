"""A credential: the key by which a person or a system speaks, granted and revoked by events.

The log holds the SHA-256 of the key, never the key; a key is 256 random bits, so its digest gives
nothing away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.entry import Authority, Entry, Event, Stamp, Stored
from domain.refusals import AlreadySo, InvalidInput

# --- Events (the archive's format: frozen) -------------------------------------------------------


class CredentialEvent(Event, frozen=True):
    """Base of a credential's events."""


class Holder(Stored, frozen=True):
    """The person or system that a key speaks for."""

    role: str
    """The role in which it speaks, such as `coordinator`."""
    institution: str
    """Code of the institution that it speaks for."""
    authority: Authority
    """The authority by which it speaks."""
    actor: str | None = None
    """The person, by pseudonym; null for a system."""
    system: str | None = None
    """The system, by name; null for a person."""
    addressees: tuple[str, ...] = ()
    """Codes of the States whose record it reads and writes; empty: all."""
    represents: tuple[str, ...] = ()
    """Codes of institutions that it may speak for besides its own."""


class CredentialGranted(CredentialEvent, frozen=True):
    """A key was granted to its holder."""

    topic: ClassVar[str] = "credential.granted.v1"

    sha256: str
    holder: Holder
    """The person or system, and its rights."""


class CredentialRevoked(CredentialEvent, frozen=True):
    """The key was revoked; what was said with it stays said."""

    topic: ClassVar[str] = "credential.revoked.v1"


EVENTS: tuple[type[CredentialEvent], ...] = (CredentialGranted, CredentialRevoked)

# --- State ---------------------------------------------------------------------------------------


class Credential(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A key as it stands."""

    id: UUID
    version: int
    sha256: str
    holder: Holder
    revoked: bool = False

    def revoke(self, stamp: Stamp) -> CredentialRevoked:
        """Revokes the key; a revoked one is refused."""
        if self.revoked:
            raise AlreadySo("This key is revoked already.")
        return CredentialRevoked(stamp=stamp)


def grant(stamp: Stamp, sha256: str, holder: Holder) -> CredentialGranted:
    """Grants a key to a person or a system; one of the two must be named."""
    if not holder.actor and not holder.system:
        raise InvalidInput("Name the person (a pseudonym) or the system the key is for.")
    return CredentialGranted(stamp=stamp, sha256=sha256, holder=holder)


def fold(entries: Iterable[Entry], state: Credential | None = None) -> Credential | None:
    """The credential that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event = entry.event
        if isinstance(event, CredentialGranted):
            state = Credential(
                id=entry.stream,
                version=entry.version,
                sha256=event.sha256,
                holder=event.holder,
            )
        elif isinstance(event, CredentialRevoked) and state is not None:
            state.revoked = True
            state.version = entry.version
    return state
