"""The persons of an institution, by pseudonym: those whom a system may name as acting.

One stream a person and institution, so that whether somebody is registered is read at once. Who a
pseudonym is, the institution knows and the record does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Stamp, Visibility, named
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo

# --- Events (the archive's format: frozen) -------------------------------------------------------


class PersonEvent(Event, frozen=True):
    """Base of the events of a person."""


class PersonRegistered(PersonEvent, frozen=True):
    """A person works for an institution of the State; again, after having left."""

    topic: ClassVar[str] = "person.registered.v1"

    works_for: str
    """Code of the institution."""
    person: str
    """The person, by pseudonym."""


class PersonRetired(PersonEvent, frozen=True):
    """The person works there no more; what the person did stays done."""

    topic: ClassVar[str] = "person.retired.v1"


EVENTS: tuple[type[PersonEvent], ...] = (PersonRegistered, PersonRetired)

# --- State ---------------------------------------------------------------------------------------


class Person(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A person of an institution, by pseudonym. Systems of the institution may name the person as
    acting."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    """Code of the institution."""
    person: str
    """The pseudonym."""
    registered: bool = True
    """False once the person has left."""

    def retire(self, stamp: Stamp) -> PersonRetired:
        """The person works there no more."""
        if not self.registered:
            raise AlreadySo(f"{self.person} is retired already.")
        return PersonRetired(stamp=stamp)


def person_id(addressee: str, institution: str, person: str) -> UUID:
    """The id of a person of an institution of a State. Frozen."""
    return uuid5(NAMESPACE, f"person\x1f{addressee}\x1f{institution}\x1f{person}")


def register(stamp: Stamp, held: Person | None, institution: str, person: str) -> PersonRegistered:
    """Registers a person, or one who had left again."""
    if held is not None and held.registered:
        raise AlreadySo(f"{person} is registered for {institution} already.")
    return PersonRegistered(stamp=stamp, works_for=named(institution), person=named(person))


def fold(entries: Iterable[Entry], state: Person | None = None) -> Person | None:
    """The person that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event = entry.event
        assert isinstance(event, PersonEvent)
        if state is None:
            assert isinstance(event, PersonRegistered), "a person's first entry is PersonRegistered"
            state = Person(
                id=entry.stream,
                addressee=entry.addressee,
                version=entry.version,
                visibility=event.stamp.visibility,
                institution=event.works_for,
                person=event.person,
            )
        state.registered = isinstance(event, PersonRegistered)
        state.version = entry.version
    return state
