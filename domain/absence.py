"""Who is away from an institution, and who stands in: persons by pseudonym, from a day to a day.

Whoever stands in may take the steps of tasks that the other has claimed, and sees them. They speak
as themselves: where four eyes are asked for, they are one person and the other another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Stamp, Stored, Visibility, is_date, named
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded, UnknownEntry

absences_max = 2_000

# --- Events (the archive's format: frozen) -------------------------------------------------------


class AbsenceEvent(Event, frozen=True):
    """Base of the events of who is away from an institution."""

    def apply(self, a: Absences, entry: Entry) -> None:
        """Adds what this event says to the state."""


class AbsenceDeclared(AbsenceEvent, frozen=True):
    """A person is away, and another stands in."""

    topic: ClassVar[str] = "absence.declared.v1"

    absent: str
    substitute: str
    since: str
    """The first day of the absence: ISO 8601."""
    until: str
    """The last day of the absence: ISO 8601."""

    def apply(self, a: Absences, entry: Entry) -> None:
        a.declared.append(
            AbsenceHeld(
                version=entry.version,
                absent=self.absent,
                substitute=self.substitute,
                since=self.since,
                until=self.until,
            )
        )


class AbsenceEnded(AbsenceEvent, frozen=True):
    """The person is back, or is not going."""

    topic: ClassVar[str] = "absence.ended.v1"

    absence: int
    """The absence, by the version of the entry that declared it."""

    def apply(self, a: Absences, entry: Entry) -> None:
        a.declared = [held for held in a.declared if held.version != self.absence]


EVENTS: tuple[type[AbsenceEvent], ...] = (AbsenceDeclared, AbsenceEnded)

# --- State ---------------------------------------------------------------------------------------


class AbsenceHeld(Stored, frozen=True):
    """A person is away, and another stands in."""

    version: int
    """The absence's id: the version of the entry that declared it."""
    absent: str
    substitute: str
    since: str
    """The first day of the absence: ISO 8601."""
    until: str
    """The last day of the absence: ISO 8601."""


class Absences(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """Who is away from an institution, and when."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    declared: list[AbsenceHeld] = []

    def absent_for(self, substitute: str, day: str) -> list[str]:
        """Those whom a person stands in for on a day."""
        return [
            held.absent
            for held in self.declared
            if held.substitute == substitute and held.since <= day <= held.until
        ]

    def end(self, stamp: Stamp, absence: int) -> AbsenceEnded:
        """The person is back, or is not going."""
        if absence not in {held.version for held in self.declared}:
            raise UnknownEntry(f"There is no absence {absence} now; ask for `absences`.")
        return AbsenceEnded(stamp=stamp, absence=absence)


def absences_id(addressee: str, institution: str) -> UUID:
    """The id of the absences from an institution of a State. Frozen."""
    return uuid5(NAMESPACE, f"absences\x1f{addressee}\x1f{institution}")


def declare(
    stamp: Stamp, held: Absences | None, *, absent: str, substitute: str, since: str, until: str
) -> AbsenceDeclared:
    """Says that a person is away and who stands in. Refuses a substitute who is away himself on one
    of these days, or for whom somebody stands in: nobody stands in for two at once by another."""
    for day in (since, until):
        if not is_date(day) or len(day) != 10:
            raise InvalidInput(f"“{day[:40]}” is no day: write 2026-08-03.")
    if until < since:
        raise InvalidInput("An absence ends on its first day or later.")
    if named(absent) == named(substitute):
        raise InvalidInput("The absent person cannot be the substitute: name another person.")
    there = [] if held is None else held.declared
    if len(there) >= absences_max:
        raise LimitExceeded(
            f"At most {absences_max:,} absences may stand: end those that are over."
        )
    for other in there:
        if other.until < since or until < other.since:
            continue
        if other.absent == absent:
            raise AlreadySo(f"{absent} is away from {other.since} to {other.until} already.")
        if other.absent == substitute or other.substitute == absent:
            raise InvalidInput(
                f"{other.absent} is away from {other.since} to {other.until} and "
                f"{other.substitute} is the substitute: name another person."
            )
    return AbsenceDeclared(
        stamp=stamp, absent=absent, substitute=substitute, since=since, until=until
    )


def fold(entries: Iterable[Entry], state: Absences | None = None) -> Absences | None:
    """What the entries of an institution add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event, stamp = entry.event, entry.stamp
        assert isinstance(event, AbsenceEvent)
        if state is None:
            state = Absences(
                id=entry.stream,
                addressee=entry.addressee,
                version=0,
                visibility=stamp.visibility,
                institution=stamp.speaker.institution,
            )
        event.apply(state, entry)
        state.version = entry.version
    return state
