"""The door by which files come into a case: what an import may record there, and in whose name.

A file tells what has happened; it takes no decision. What a State's procedure puts under four eyes,
or leaves to other roles than the importing one, an import does not record: the row is listed with
what it needs, and a person takes the step. All else is recorded as history, whether the step is
open now or not, in the name and by the authority of whoever imports; its `batch` says so.

What was due on a case before the file came is fired first, as before a person's step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from domain.entry import Entry
from domain.events import Received, RecommendationEvent
from domain.recommendation import Recommendation
from workflows.access import Principal, Role
from workflows.importing.receipt import Conflict
from workflows.procedure import Procedures, four_eyes
from workflows.procedure.firing import due_now

NEEDS_DECISION = "needs-decision"
"""The reason of a row's note where a step of it is left to people."""


def taken(step: str) -> Conflict:
    """What is said where a row would record something under a name that is taken by what its key
    can't read. It is the same whatever that is, and says nothing of it."""
    return Conflict(NEEDS_DECISION, f"“{step}” needs a decision by: {Role.COORDINATOR.value}")


class LeftOut(NamedTuple):
    """A step that a file may not take, and what it needs."""

    step: str
    why: str


class Door:
    """Enters what a file says for a principal. `command` gives the id of the command that is
    recorded next. `left_out` holds the steps that were not entered since it was last emptied."""

    def __init__(
        self, procedures: Procedures, principal: Principal, command: Callable[[], str]
    ) -> None:
        self._procedures = procedures
        self._principal = principal
        self._command = command
        self.left_out: list[LeftOut] = []

    def opening(self, id: UUID, addressee: str, event: Received) -> Entry:
        """The first entry of a recommendation."""
        return self._procedures.opening(id, addressee, event)

    def enter(
        self, r: Recommendation, step: str, event: RecommendationEvent, *, is_new: bool = False
    ) -> list[Entry]:
        """The entries of a step, with what was due before it, added to `r`; none where the step is
        left out. `is_new`: the recommendation comes with this file, so nothing was due on it."""
        if (why := self.hindrance(r, step)) is not None:
            self.left_out.append(LeftOut(step, why))
            return []
        fired = [] if is_new else due_now(self._procedures, r, self._command())
        return [*fired, self._procedures.enter(r, step, event)]

    def hindrance(self, r: Recommendation, step: str) -> str | None:
        """Why a file may not take a step on a recommendation, and what is needed; None if it may.
        The one rule of what imports may do that people may not."""
        procedure = self._procedures.of(r)
        if four_eyes.looks_at(procedure, step):
            return f"“{step}” needs four eyes by the State's procedure: take it by hand"
        spec = procedure.specs.get(step)
        if spec is not None and spec.roles and self._principal.role not in spec.roles:
            roles = ", ".join(sorted(spec.roles))
            return f"“{step}” needs a decision by: {roles}"
        return None

    def take_left_out(self) -> list[LeftOut]:
        """The steps that were left out, and empties the list."""
        left, self.left_out = self.left_out, []
        return left
