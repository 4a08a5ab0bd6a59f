"""What a State has adopted: by which definitions whatever it receives is followed up.

What has started stays under the definition it started under; an adoption counts for what arrives
from then on, for some mechanisms and some kinds of text, until another takes its place there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Stamp, Stored, Visibility
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo
from domain.words import Kind, Mechanism

# --- Events (the archive's format: frozen) -------------------------------------------------------


class ProcedureEvent(Event, frozen=True):
    """Base of the events of what a State has adopted."""


class DefinitionAdopted(ProcedureEvent, frozen=True):
    """From now on recommendations that the State receives start under this procedure."""

    topic: ClassVar[str] = "procedure.adopted.v1"

    adopted: str
    """SHA-256 of the procedure, in hex: its `hash`."""
    name: str
    """The procedure's name."""
    mechanisms: tuple[Mechanism, ...] = ()
    """The mechanisms whose texts start under it."""
    kinds: tuple[Kind, ...] = ()
    """The kinds of text that start under it, whatever their mechanism."""


class DefinitionAdoptedForCases(ProcedureEvent, frozen=True):
    """From now on cases of some aggregates start under this procedure."""

    topic: ClassVar[str] = "procedure.adopted-for-cases.v1"

    adopted: str
    """SHA-256 of the procedure, in hex: its `hash`."""
    name: str
    """The procedure's name."""
    aggregates: tuple[str, ...]
    """The aggregates whose cases start under it, such as `measure`."""


EVENTS: tuple[type[ProcedureEvent], ...] = (DefinitionAdopted, DefinitionAdoptedForCases)

# --- State ---------------------------------------------------------------------------------------


class Adopted(Stored, frozen=True):
    """A definition in force, for what it was adopted."""

    sha256: str
    name: str
    mechanisms: tuple[Mechanism, ...] = ()
    kinds: tuple[Kind, ...] = ()
    aggregates: tuple[str, ...] = ()


class Adoptions(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What a State has adopted, the latest first; for each mechanism, each kind of text and each
    aggregate the latest counts."""

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

    def for_aggregate(self, word: str) -> str | None:
        """The definition adopted for the cases of an aggregate other than the recommendation."""
        return next((a.sha256 for a in self.adopted if word in a.aggregates), None)

    @property
    def in_force(self) -> set[str]:
        """The definitions that count for something."""
        found = {self.for_kind(kind) for kind in Kind}
        found.update(self.for_mechanism(mechanism) for mechanism in Mechanism)
        found.update(self.for_aggregate(word) for a in self.adopted for word in a.aggregates)
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
    aggregates: tuple[str, ...] = (),
) -> DefinitionAdopted | DefinitionAdoptedForCases:
    """Adopts a definition; refuses the one that counts for all of this already."""
    if (
        held is not None
        and all(held.for_kind(kind) == sha256 for kind in kinds)
        and all(held.for_mechanism(mechanism) == sha256 for mechanism in mechanisms)
        and all(held.for_aggregate(word) == sha256 for word in aggregates)
    ):
        raise AlreadySo(f"“{name}” is in force already.")
    if aggregates:
        return DefinitionAdoptedForCases(
            stamp=stamp, adopted=sha256, name=name, aggregates=aggregates
        )
    return DefinitionAdopted(
        stamp=stamp, adopted=sha256, name=name, mechanisms=mechanisms, kinds=kinds
    )


def fold(entries: Iterable[Entry], state: Adoptions | None = None) -> Adoptions | None:
    """What a State's entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event, stamp = entry.event, entry.stamp
        assert isinstance(event, DefinitionAdopted | DefinitionAdoptedForCases)
        now = Adopted(sha256=event.adopted, name=event.name)
        if isinstance(event, DefinitionAdopted):
            now = msgspec.structs.replace(now, mechanisms=event.mechanisms, kinds=event.kinds)
        else:
            now = msgspec.structs.replace(now, aggregates=event.aggregates)
        state = Adoptions(
            id=entry.stream,
            addressee=entry.addressee,
            version=entry.version,
            visibility=state.visibility if state else stamp.visibility,
            institution=state.institution if state else stamp.speaker.institution,
            adopted=(now, *_still(state.adopted if state else (), now)),
        )
    return state


def _still(before: tuple[Adopted, ...], now: Adopted) -> list[Adopted]:
    """The earlier ones that still count for something beside `now`."""
    left = []
    for held in before:
        mechanisms = tuple(m for m in held.mechanisms if m not in now.mechanisms)
        kinds = tuple(k for k in held.kinds if k not in now.kinds)
        aggregates = tuple(word for word in held.aggregates if word not in now.aggregates)
        if mechanisms or kinds or aggregates:
            left.append(
                msgspec.structs.replace(
                    held, mechanisms=mechanisms, kinds=kinds, aggregates=aggregates
                )
            )
    return left
