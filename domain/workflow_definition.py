"""A State's own procedures: definitions it published, and which of them it adopted.

A definition is published once and never changes; its identity is the SHA-256 of its canonical form.
Publishing decides nothing: a State adopts a definition for its mechanisms, and whatever it receives
from then on starts under it. What has started stays under what it started under.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Stamp, Stored, Visibility, named
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo, LimitExceeded
from domain.words import Kind, Mechanism

canonical_chars_max = 1_000_000

# --- Events (the archive's format: frozen) -------------------------------------------------------


class DefinitionEvent(Event, frozen=True):
    """Base of the events of a State's procedures."""


class DefinitionPublished(DefinitionEvent, frozen=True):
    """A definition passed the gate and was published. `canonical` is its canonical form (RFC 8785
    JSON), `sha256` the digest of that in hex, `name` what it calls itself."""

    topic: ClassVar[str] = "definition.published.v1"

    name: str
    sha256: str
    canonical: str


class DefinitionAdopted(DefinitionEvent, frozen=True):
    """From now on whatever the State receives from these mechanisms, or of these kinds, starts
    under this definition (its SHA-256)."""

    topic: ClassVar[str] = "procedure.adopted.v1"

    adopted: str
    name: str
    mechanisms: tuple[Mechanism, ...] = ()
    kinds: tuple[Kind, ...] = ()


EVENTS: tuple[type[DefinitionEvent], ...] = (DefinitionPublished, DefinitionAdopted)

# --- A published definition ----------------------------------------------------------------------


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


# --- What a State has adopted --------------------------------------------------------------------


class Adopted(Stored, frozen=True):
    """A definition in force, for what it was adopted."""

    sha256: str
    name: str
    mechanisms: tuple[Mechanism, ...] = ()
    kinds: tuple[Kind, ...] = ()


class Adoptions(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What a State has adopted, the latest first; for each mechanism and each kind of text the
    latest counts."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    adopted: tuple[Adopted, ...] = ()

    def for_kind(self, kind: Kind) -> str | None:
        """The definition adopted for a kind of text, whatever the mechanism."""
        return next((a.sha256 for a in self.adopted if kind in a.kinds), None)

    def for_mechanism(self, mechanism: Mechanism) -> str | None:
        """The definition adopted for a mechanism."""
        return next((a.sha256 for a in self.adopted if mechanism in a.mechanisms), None)

    @property
    def in_force(self) -> set[str]:
        """The definitions that count for something."""
        found = {self.for_kind(kind) for kind in Kind}
        found.update(self.for_mechanism(mechanism) for mechanism in Mechanism)
        return {sha256 for sha256 in found if sha256}


def adoptions_id(addressee: str) -> UUID:
    """The id of what a State has adopted. Frozen."""
    return uuid5(NAMESPACE, f"adoptions\x1f{addressee}")


def adopt(
    stamp: Stamp,
    held: Adoptions | None,
    *,
    sha256: str,
    name: str,
    mechanisms: tuple[Mechanism, ...],
    kinds: tuple[Kind, ...],
) -> DefinitionAdopted:
    """Adopts a definition; refuses the one that counts for all of this already."""
    if (
        held is not None
        and all(held.for_kind(kind) == sha256 for kind in kinds)
        and all(held.for_mechanism(mechanism) == sha256 for mechanism in mechanisms)
    ):
        raise AlreadySo(f"“{name}” is in force already.")
    return DefinitionAdopted(
        stamp=stamp, adopted=sha256, name=name, mechanisms=mechanisms, kinds=kinds
    )


# --- Folding -------------------------------------------------------------------------------------

Procedure = PublishedDefinition | Adoptions


def fold(entries: Iterable[Entry], state: Procedure | None = None) -> Procedure | None:
    """What the entries of one stream add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event, stamp = entry.event, entry.stamp
        if isinstance(event, DefinitionPublished):
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
        else:
            assert isinstance(event, DefinitionAdopted)
            before = state.adopted if isinstance(state, Adoptions) else ()
            now = Adopted(
                sha256=event.adopted,
                name=event.name,
                mechanisms=event.mechanisms,
                kinds=event.kinds,
            )
            state = Adoptions(
                id=entry.stream,
                addressee=entry.addressee,
                version=entry.version,
                visibility=state.visibility if state else stamp.visibility,
                institution=state.institution if state else stamp.speaker.institution,
                adopted=(now, *_still(before, now)),
            )
    return state


def _still(before: tuple[Adopted, ...], now: Adopted) -> list[Adopted]:
    """The earlier ones that still count for something beside `now`."""
    left = []
    for held in before:
        mechanisms = tuple(m for m in held.mechanisms if m not in now.mechanisms)
        kinds = tuple(k for k in held.kinds if k not in now.kinds)
        if mechanisms or kinds:
            left.append(msgspec.structs.replace(held, mechanisms=mechanisms, kinds=kinds))
    return left
