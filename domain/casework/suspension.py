"""A case rests, and goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from domain.casework.event import CaseEvent
from domain.casework.held import SuspensionHeld
from domain.casework.state import Case
from domain.entry import Entry, Stamp, is_date, last_day, reasoned
from domain.refusals import AlreadySo, InvalidInput

# --- Events (the archive's format: frozen) -------------------------------------------------------


class Suspended(CaseEvent, frozen=True):
    """Follow-up was suspended, with a reason; what runs against the clock stands still."""

    topic: ClassVar[str] = "recommendation.suspended.v1"
    by_step: ClassVar[str] = "suspend"

    until: str | None = None
    """The last day of the rest; null where somebody has to resume it."""

    def apply(self, case: Case, entry: Entry) -> None:
        case.suspended = SuspensionHeld(
            version=entry.version, since=self.stamp.effective, until=self.until
        )

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return suspend(case, stamp, self.until)


class Resumed(CaseEvent, frozen=True):
    """Follow-up goes on, with a reason, or because the day that was named is over; deadlines have
    the time that was left to them."""

    topic: ClassVar[str] = "recommendation.resumed.v1"
    by_step: ClassVar[str] = "resume"

    def about(self, case: Case) -> int | None:
        return None if case.suspended is None else case.suspended.version

    def apply(self, case: Case, entry: Entry) -> None:
        case.suspended = None

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return resume(case, stamp)


# --- Commands ------------------------------------------------------------------------------------


def suspend(
    case: Case,
    stamp: Stamp,
    until: Annotated[
        str | None,
        Meta(
            description="To the end of which day, where that is known: 2026-03-01. Then it "
            "goes on by itself."
        ),
    ] = None,
) -> Suspended:
    """Lets follow-up rest; why? Its deadlines stand still."""
    reasoned(stamp, "Suspending")
    _not_suspended(case)
    return case.own(Suspended)(stamp=stamp, until=None if until is None else day(until))


def resume(case: Case, stamp: Stamp) -> Resumed:
    """Follow-up goes on; why? Deadlines have the time that was left to them."""
    reasoned(stamp, "Resuming")
    _suspended(case)
    return case.own(Resumed)(stamp=stamp)


def wake(case: Case, stamp: Stamp) -> Resumed:
    """Takes follow-up up again when the day has passed until which it was to rest."""
    return case.own(Resumed)(stamp=stamp)


def day(on: str) -> str:
    """A day as somebody wrote it; refuses what is none."""
    if not is_date(on) or last_day(on) != on:
        message = f"`until`: “{on[:40]}” is not a day: write 2026-03-01."
        raise InvalidInput(message, field="until")
    return on


# --- What must be so before a command, whatever it says ------------------------------------------


def _not_suspended(case: Case) -> None:
    if case.suspended is not None:
        raise AlreadySo("It is suspended already.")


def _suspended(case: Case) -> None:
    if case.suspended is None:
        raise AlreadySo("It is not suspended.")


READY: dict[str, Callable[[Any], None]] = {"suspend": _not_suspended, "resume": _suspended}
"""Step → what must be so before it, whatever it says."""
