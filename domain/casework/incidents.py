"""A timer that can't be fired, until somebody lets the clock try again."""

from __future__ import annotations

from typing import ClassVar

from domain.casework.event import CaseEvent
from domain.casework.held import IncidentHeld
from domain.casework.state import Case
from domain.effects import Instant
from domain.entry import Entry, Stamp, reasoned
from domain.refusals import AlreadySo

# --- Events (the archive's format: frozen) -------------------------------------------------------


class IncidentRaised(CaseEvent, frozen=True):
    """A timer could not be fired. The clock leaves the case alone until somebody lets it try
    again."""

    topic: ClassVar[str] = "recommendation.incident-raised.v1"
    by_step: ClassVar[str] = "raise-incident"
    beside: ClassVar[bool] = True

    code: str
    """Stable, for programs: the code of a refusal, TOO_MANY_TIMERS or INTERNAL."""
    message: str
    """A sentence for the person who mends it."""
    timer: str
    """`remind`, `pass`, `escalate` or `resume`."""
    at: Instant
    """The instant at which the timer was due."""
    deadline: str | None = None
    """The deadline's name in the procedure; null where the whole case was to be resumed."""

    def about(self, case: Case) -> int | None:
        return None if self.deadline is None else case.generation(self.deadline)

    def apply(self, case: Case, entry: Entry) -> None:
        case.incident = IncidentHeld(
            version=entry.version,
            code=self.code,
            message=self.message,
            timer=self.timer,
            at=self.at,
            deadline=self.deadline,
        )


class TimersRetried(CaseEvent, frozen=True):
    """What kept timers from being fired has been mended, with a reason: the clock tries again."""

    topic: ClassVar[str] = "recommendation.timers-retried.v1"
    by_step: ClassVar[str] = "retry-timers"
    beside: ClassVar[bool] = True

    def apply(self, case: Case, entry: Entry) -> None:
        case.incident = None

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return retry(case, stamp)


# --- Commands ------------------------------------------------------------------------------------


def retry(case: Case, stamp: Stamp) -> TimersRetried:
    """Lets the clock try again what it could not do (see `incidents`); what was mended?"""
    reasoned(stamp, "Trying timers again")
    if case.incident is None:
        raise AlreadySo("No timer of it waits to be tried again.")
    return case.own(TimersRetried)(stamp=stamp)
