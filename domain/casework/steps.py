"""Steps that a State's own procedure has and no other, and remarks among those who work on a
case.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from domain.casework.event import CaseEvent, StepDatum
from domain.casework.held import StepHeld
from domain.casework.state import Case
from domain.entry import Entry, Protected, Stamp, named

taken_max = 50
"""How many of the latest steps of a procedure's own may still be struck."""


# --- Events (the archive's format: frozen) -------------------------------------------------------


class StepTaken(CaseEvent, frozen=True):
    """A step that a State's own procedure has and no other was taken; `definition` in the stamp
    says what its name and its data mean."""

    topic: ClassVar[str] = "recommendation.step-taken.v1"

    step: str
    """Name of the step in the procedure that `definition` names."""
    data: tuple[StepDatum, ...] = ()
    """The fields of its form that were filled in."""

    @property
    def step_name(self) -> str:
        return self.step

    def apply(self, case: Case, entry: Entry) -> None:
        case.fill_in(self.step, self.data)

    def settle(self, case: Case, entry: Entry) -> None:
        held = StepHeld(
            version=entry.version,
            step=self.step,
            data=tuple(datum for datum in self.data if datum.value is not None),
            left=entry.stamp.left,
            entered=entry.stamp.entered,
        )
        case.taken = [*case.taken, held][-taken_max:]


class Remarked(CaseEvent, frozen=True):
    """Somebody who works on it remarked something for the others; it changes nothing."""

    topic: ClassVar[str] = "recommendation.remarked.v1"
    by_step: ClassVar[str] = "remark"
    beside: ClassVar[bool] = True

    words: Protected
    """The remark, which can be erased."""


# --- Commands ------------------------------------------------------------------------------------


def take(case: Case, stamp: Stamp, step: str, data: tuple[StepDatum, ...] = ()) -> StepTaken:
    """Takes a step that the State's own procedure has, with what its form asks for."""
    return case.own(StepTaken)(stamp=stamp, step=named(step), data=data)


def remark(
    case: Case,
    stamp: Stamp,
    words: Annotated[Protected, Meta(description="The comment. It can be erased later.")],
) -> Remarked:
    """Remarks something for those who work on it: a comment that changes nothing. Read inside
    the State, unless said otherwise."""
    return case.own(Remarked)(stamp=stamp, words=words)
