"""The deadlines of a case: the clock passes, reminds and escalates; people give more time, or
let one deadline rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from domain.casework.event import Addressed, CaseEvent
from domain.casework.held import DeadlineHeld, DeadlineStatus
from domain.casework.state import Case
from domain.casework.suspension import day
from domain.entry import Entry, Stamp, reasoned
from domain.refusals import AlreadySo, InvalidInput, UnknownDeadline

DeadlineName = Annotated[str, Meta(description="The deadline's name in the procedure.")]


# --- Events (the archive's format: frozen) -------------------------------------------------------


class DeadlineExtended(CaseEvent, frozen=True):
    """More time was given, with a reason."""

    topic: ClassVar[str] = "recommendation.deadline-extended.v1"
    by_step: ClassVar[str] = "extend-deadline"

    deadline: str
    until: str
    """The new last day."""

    def about(self, case: Case) -> int | None:
        return case.generation(self.deadline)

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return extend(case, stamp, self.deadline, self.until)


class DeadlineEvent(CaseEvent, frozen=True, kw_only=True):
    """Base of what the clock does to a deadline of one generation; its effective date is the day it
    was due, however late the machine that noticed."""

    deadline: str
    generation: int
    to: tuple[Addressed, ...] = ()
    """The recipients of the notice."""

    @property
    def addressed(self) -> tuple[str, ...]:
        return tuple(one.institution for one in self.to if one.institution)

    def about(self, case: Case) -> int | None:
        return self.generation

    def apply(self, case: Case, entry: Entry) -> None:
        case.deadlines = [
            self.change(held)
            if (held.deadline, held.generation) == (self.deadline, self.generation)
            else held
            for held in case.deadlines
        ]

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        """The deadline after it."""
        raise NotImplementedError


class DeadlinePassed(DeadlineEvent, frozen=True):
    """The deadline passed without what was due."""

    topic: ClassVar[str] = "recommendation.deadline-passed.v1"
    by_step: ClassVar[str] = "pass-deadline"
    beside: ClassVar[bool] = True

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        return msgspec.structs.replace(held, status=DeadlineStatus.PASSED)


class Reminded(DeadlineEvent, frozen=True):
    """Those concerned were reminded, before it is due."""

    topic: ClassVar[str] = "recommendation.reminded.v1"
    by_step: ClassVar[str] = "remind"
    beside: ClassVar[bool] = True

    number: int
    """Which reminder of this deadline it is, from 1."""

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        return msgspec.structs.replace(held, reminded=self.number)


class Escalated(DeadlineEvent, frozen=True):
    """Others were told that it is overdue."""

    topic: ClassVar[str] = "recommendation.escalated.v1"
    by_step: ClassVar[str] = "escalate"
    beside: ClassVar[bool] = True

    number: int
    """Which escalation of this deadline it is, from 1."""

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        return msgspec.structs.replace(held, escalated=self.number)


class DeadlineSuspended(CaseEvent, frozen=True):
    """One deadline rests, with a reason: its clock stands still, and the case goes on."""

    topic: ClassVar[str] = "recommendation.deadline-suspended.v1"
    by_step: ClassVar[str] = "suspend-deadline"
    beside: ClassVar[bool] = True

    deadline: str

    def about(self, case: Case) -> int | None:
        return case.generation(self.deadline)

    def apply(self, case: Case, entry: Entry) -> None:
        case.resting = [*case.resting, self.deadline]

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return suspend(case, stamp, self.deadline)


class DeadlineResumed(CaseEvent, frozen=True):
    """A deadline that rested alone runs again, with a reason: it has the time that was left."""

    topic: ClassVar[str] = "recommendation.deadline-resumed.v1"
    by_step: ClassVar[str] = "resume-deadline"
    beside: ClassVar[bool] = True

    deadline: str

    def about(self, case: Case) -> int | None:
        return case.generation(self.deadline)

    def apply(self, case: Case, entry: Entry) -> None:
        case.resting = [name for name in case.resting if name != self.deadline]

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return resume(case, stamp, self.deadline)


# --- Commands ------------------------------------------------------------------------------------


def extend(
    case: Case,
    stamp: Stamp,
    deadline: DeadlineName,
    until: Annotated[str, Meta(description="The day by whose end it is due: 2026-03-01.")],
) -> DeadlineExtended:
    """Gives more time; why?"""
    reasoned(stamp, "Extending a deadline")
    _has_deadline(case)
    held = _named(case, deadline)
    if held.status is DeadlineStatus.PAUSED:
        raise InvalidInput("The clock stands still while it is suspended: resume it first.")
    if day(until) <= held.day:
        raise InvalidInput(f"It is due by {held.day} already: name a later day.")
    return case.own(DeadlineExtended)(stamp=stamp, deadline=deadline, until=until)


def suspend(case: Case, stamp: Stamp, deadline: DeadlineName) -> DeadlineSuspended:
    """Lets one deadline rest; why? Its clock stands still, and the case goes on."""
    reasoned(stamp, "Suspending a deadline")
    held = _named(case, deadline)
    if deadline in case.resting:
        raise AlreadySo(f"The deadline “{deadline}” rests already.")
    if held.status not in (DeadlineStatus.RUNNING, DeadlineStatus.PAUSED):
        raise InvalidInput(f"The deadline “{deadline}” is {held.status.value}: it runs no more.")
    return case.own(DeadlineSuspended)(stamp=stamp, deadline=deadline)


def resume(case: Case, stamp: Stamp, deadline: DeadlineName) -> DeadlineResumed:
    """A deadline that rested alone runs again; why? It has the time that was left."""
    reasoned(stamp, "Resuming a deadline")
    _named(case, deadline)
    if deadline not in case.resting:
        raise AlreadySo(f"The deadline “{deadline}” does not rest alone.")
    return case.own(DeadlineResumed)(stamp=stamp, deadline=deadline)


def let_pass(
    case: Case, stamp: Stamp, held: DeadlineHeld, to: tuple[Addressed, ...] = ()
) -> DeadlinePassed:
    """A deadline passes."""
    return case.own(DeadlinePassed)(
        stamp=stamp, deadline=held.deadline, generation=held.generation, to=to
    )


def remind(case: Case, stamp: Stamp, held: DeadlineHeld, to: tuple[Addressed, ...]) -> Reminded:
    """Reminds those concerned."""
    return case.own(Reminded)(
        stamp=stamp,
        deadline=held.deadline,
        generation=held.generation,
        number=held.reminded + 1,
        to=to,
    )


def escalate(case: Case, stamp: Stamp, held: DeadlineHeld, to: tuple[Addressed, ...]) -> Escalated:
    """Tells others that it is overdue."""
    return case.own(Escalated)(
        stamp=stamp,
        deadline=held.deadline,
        generation=held.generation,
        number=held.escalated + 1,
        to=to,
    )


def _named(case: Case, name: str) -> DeadlineHeld:
    held = case.deadline(name)
    if held is None:
        now = ", ".join(d.deadline for d in case.deadlines) or "none"
        raise UnknownDeadline(f"There is no deadline “{name[:80]}” now; there are: {now}.")
    return held


# --- What must be so before a command, whatever it says ------------------------------------------


def _has_deadline(case: Case) -> None:
    if not case.deadlines:
        raise UnknownDeadline("No deadline runs now.")
    if all(held.status is DeadlineStatus.PAUSED for held in case.deadlines):
        raise InvalidInput("The clock stands still while it is suspended: resume it first.")


READY: dict[str, Callable[[Any], None]] = {"extend-deadline": _has_deadline}
"""Step → what must be so before it, whatever it says."""
