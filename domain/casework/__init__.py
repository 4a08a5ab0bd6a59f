"""A case under its procedure: where it stands, what is due by when, who has something to do, and
whose hands a step went through.

What is decided is in the stamp of each entry: states left and entered, and effects
(`domain.effects`). It is applied in `state` and never decided again. What an entry leaves there
is in `held`. The other modules hold, each for one thing that can become of a case, the events,
which are frozen, and the commands: functions that take the case first, and return the event or
refuse. Each imports what stands before it in this list: event, held, state, the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.casework import deadlines, suspension
from domain.casework.approvals import Approved, StepApproved
from domain.casework.deadlines import (
    DeadlineExtended,
    DeadlinePassed,
    DeadlineResumed,
    DeadlineSuspended,
    Escalated,
    Reminded,
)
from domain.casework.event import CaseEvent
from domain.casework.incidents import IncidentRaised, TimersRetried
from domain.casework.migration import Migrated
from domain.casework.setback import SetBack
from domain.casework.state import Case
from domain.casework.steps import Remarked, StepTaken
from domain.casework.suspension import Resumed, Suspended
from domain.casework.tasks import TaskClaimed, TaskDelegated, TaskReleased

__all__ = ["BESIDE", "CASE_EVENTS", "READY", "Case", "CaseEvent", "events_of"]


CASE_EVENTS: tuple[type[CaseEvent], ...] = (
    Suspended,
    Resumed,
    DeadlineExtended,
    DeadlinePassed,
    Reminded,
    Escalated,
    IncidentRaised,
    TimersRetried,
    SetBack,
    DeadlineSuspended,
    DeadlineResumed,
    TaskClaimed,
    TaskReleased,
    TaskDelegated,
    Remarked,
    Approved,
    StepApproved,
    StepTaken,
    Migrated,
)
"""What becomes of any case, as it is recorded of recommendations."""


BESIDE = frozenset(event.by_step for event in CASE_EVENTS if event.beside)
"""Steps beside every procedure."""


READY: dict[str, Callable[[Any], None]] = {**suspension.READY, **deadlines.READY}
"""Step of any case → what must be so before it, whatever it says."""


def events_of(word: str) -> dict[type[CaseEvent], type[CaseEvent]]:
    """The events of any case under the topics of an aggregate, such as `measure.suspended.v1`. They
    have the fields of those of recommendations and mean the same."""
    return {event: _under(word, event) for event in CASE_EVENTS if event is not Approved}


def _under(word: str, event: type[CaseEvent]) -> type[CaseEvent]:
    name = event.topic.partition(".")[2]
    said = {"topic": f"{word}.{name}", "__doc__": event.__doc__, "__module__": event.__module__}
    kind: Any = type(event)
    own: type[CaseEvent] = kind(word.capitalize() + event.__name__, (event,), said, frozen=True)
    return own
