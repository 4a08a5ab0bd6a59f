"""A case goes on under another procedure."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from domain.casework.event import CaseEvent, StepDatum
from domain.casework.state import Case
from domain.entry import Entry, Stamp, Stored
from domain.refusals import AlreadySo

# --- Events (the archive's format: frozen) -------------------------------------------------------


class DeadlinePolicy(StrEnum):
    """What becomes of a deadline when its case goes on under another procedure."""

    KEEP = "keep"
    """it is due when it was due"""
    RESTART = "restart"
    """it counts anew, from the day of migration"""
    RECOMPUTE = "recompute"
    """the new procedure's span, from the day it counted from before"""
    DROP = "drop"
    """it no longer counts"""


class StateMapped(Stored, frozen=True):
    """A state of the procedure before, and the state after that takes its place."""

    before: str
    """Name of the state before."""
    after: str | None = None
    """Name of the state after; null: none takes its place."""


class DeadlineTreated(Stored, frozen=True):
    """What becomes of one deadline, where it is not what becomes of the others."""

    deadline: str
    policy: DeadlinePolicy
    """Whether the deadline is kept, counted anew or dropped."""


class Migrated(CaseEvent, frozen=True):
    """The case goes on under another procedure, by decision; `definition` names it."""

    topic: ClassVar[str] = "recommendation.migrated.v1"
    by_step: ClassVar[str] = "migrate"
    beside: ClassVar[bool] = True

    before: str
    """SHA-256 of the procedure that the case leaves."""
    states: tuple[StateMapped, ...] = ()
    """Which states took the place of which."""
    deadlines: DeadlinePolicy = DeadlinePolicy.KEEP
    """Whether deadlines that both procedures have are kept, counted anew or dropped."""
    overrides: tuple[DeadlineTreated, ...] = ()
    """Deadlines that are treated otherwise."""
    data: tuple[StepDatum, ...] = ()
    """Values filled in for fields of forms, for conditions of the procedure to read."""

    def apply(self, case: Case, entry: Entry) -> None:
        case.definition = self.stamp.definition
        for datum in self.data:
            step, _, field = datum.field.partition(".")
            case.fill_in(step, (msgspec.structs.replace(datum, field=field),))


# --- Commands ------------------------------------------------------------------------------------


def migrate(
    case: Case,
    stamp: Stamp,
    before: str,
    after: str,
    states: tuple[StateMapped, ...] = (),
    deadlines: DeadlinePolicy = DeadlinePolicy.KEEP,
    overrides: tuple[DeadlineTreated, ...] = (),
    data: tuple[StepDatum, ...] = (),
) -> Migrated:
    """The case goes on under another procedure, `after`; both are named by their SHA-256."""
    if before == after:
        raise AlreadySo("It is under this procedure already.")
    return case.own(Migrated)(
        stamp=msgspec.structs.replace(stamp, definition=after),
        before=before,
        states=states,
        deadlines=deadlines,
        overrides=overrides,
        data=data,
    )
