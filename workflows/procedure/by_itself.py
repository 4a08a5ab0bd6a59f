"""The steps that a procedure takes by itself when a deadline has passed (`then`): one place says
which they are and what they record, for the clock, the gate and the search for ways.

A step of a procedure's own is one of them where its form asks for nothing and no four eyes look at
it. Of the steps that every procedure may have, only those of `BY_ITSELF_STEPS` are: the others say
something that only a person can say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from domain.casework import Case, CaseEvent, steps, suspension
from domain.entry import Protected, Stamp
from domain.recommendation import Recommendation, assignment, closing
from domain.refusals import AlreadySo
from domain.words import AssignmentStatus, Closing
from workflows.procedure.definition import StepSpec
from workflows.step_table import STEPS

LAPSE = "lapse-assignment"


def _lapse(r: Recommendation, stamp: Stamp, until: str | None) -> list[CaseEvent]:
    """Every offer lapses that was to be answered by then; every offer, where no day is named."""
    return [
        assignment.lapse(r, stamp, a.id)
        for a in r.assignments
        if a.status is AssignmentStatus.OFFERED
        and (until is None or (a.answer_due or until) <= until)
    ]


BY_ITSELF_STEPS: Mapping[str, Callable[[Any, Stamp, str | None], Sequence[CaseEvent]]] = {
    LAPSE: _lapse,
    "close": lambda r, stamp, until: [closing.close(r, stamp, Closing.NOT_PURSUED)],
    "reopen": lambda r, stamp, until: [closing.reopen(r, stamp)],
    "suspend": lambda r, stamp, until: [suspension.suspend(r, stamp)],
}
"""Step that every procedure may have → the events that it records when a procedure takes it by
itself: of a case, with the stamp of the clock, by the day that the deadline was due by (None where
it counts from a day of its own)."""


def why_not(spec: StepSpec) -> str | None:
    """Why a procedure can't take a step by itself, in words; None if it can."""
    if spec.apart_from or spec.approvals is not None:
        return f"{spec.name} is under four eyes, so nothing takes it alone."
    if spec.name in BY_ITSELF_STEPS:
        return None
    if spec.name in STEPS:
        able = ", ".join(sorted(BY_ITSELF_STEPS))
        return (
            f"{spec.name} asks for what only somebody can say, so nothing takes it alone; a "
            f"procedure takes by itself: {able}, and its own steps whose forms ask for nothing."
        )
    if any(field.required for field in spec.form):
        return f"{spec.name} asks for what only somebody can say, so nothing takes it alone."
    return None


def events(
    r: Case, spec: StepSpec, stamp: Stamp, deadline: str, until: str | None
) -> Sequence[CaseEvent]:
    """The events of a step that a procedure takes by itself, since `deadline` has passed; none
    where it can't take it. Whether the step is open is for the procedure to say."""
    if why_not(spec) is not None:
        return ()
    reason = Protected(f"The deadline {deadline} has passed.")
    reasoned = msgspec.structs.replace(stamp, reason=reason)
    make = BY_ITSELF_STEPS.get(spec.name)
    if make is None:
        return [steps.take(r, stamp, spec.name)]
    try:
        return make(r, stamp if spec.name == LAPSE else reasoned, until)
    except AlreadySo:
        return ()
