"""The door by which files come into a case: what an import may record there, and in whose name.

A file tells what has happened; it takes no decision. What the importing role may not do by hand, a
State's procedure puts under four eyes, or does not have open, an import does not record: the row is
listed with what it needs, and a person takes the step. Two things pass all the same, as history
(`workflows.as_history`): what others than the State have said, and, by an authority that was given
for it, the State's own acts of which a document tells the day.

What was due on a case before the file came is fired first, as before a person's step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.casework import CaseEvent
from domain.entry import Authority, Entry
from domain.recommendation import Recommendation
from domain.recommendation.receiving import Received
from workflows import as_history
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


class Ruling(NamedTuple):
    """What an import may do with an event: nothing, and `why`; or record it, as a step, or by
    `history` as that."""

    why: str | None = None
    history: Authority | None = None


class LeftOut(NamedTuple):
    """A step that a file may not take, and what it needs."""

    step: str
    why: str


class Door:
    """Enters what a file says for a principal. `command` gives the id of the command that is
    recorded next; `history` is the authority to record the State's own acts as history. `left_out`
    holds the steps that were not entered since it was last emptied."""

    def __init__(
        self,
        procedures: Procedures,
        principal: Principal,
        command: Callable[[], str],
        history: Authority | None = None,
    ) -> None:
        self._procedures = procedures
        self._principal = principal
        self._command = command
        self._history = history
        self.left_out: list[LeftOut] = []

    def opening(self, id: UUID, addressee: str, event: Received) -> Entry:
        """The first entry of a recommendation."""
        return self._procedures.opening(id, addressee, event)

    def enter(
        self, r: Recommendation, step: str, event: CaseEvent, *, is_new: bool = False
    ) -> list[Entry]:
        """The entries of a step, with what was due before it, added to `r`; none where the step is
        left out. `is_new`: the recommendation comes with this file, so nothing was due on it."""
        ruling = self.judge(r, step, event)
        if ruling.why is not None:
            self.left_out.append(LeftOut(step, ruling.why))
            return []
        if ruling.history is not None:
            stamp = msgspec.structs.replace(event.stamp, history=ruling.history)
            event = msgspec.structs.replace(event, stamp=stamp)
        fired = [] if is_new else due_now(self._procedures, r, self._command())
        return [*fired, self._procedures.enter(r, step, event)]

    def judge(self, r: Recommendation, step: str, event: CaseEvent) -> Ruling:
        """What a file may do with an event of a step on a recommendation: the one rule of what
        imports may do that people may not."""
        why, is_right = self._hindrance(r, step)
        if why is None:
            return Ruling()
        lacks = as_history.lacks(event.stamp, lambda: self._procedures.moment(r.addressee).today)
        if self._history is not None and lacks is None:
            return Ruling(history=self._history)
        if is_right and as_history.is_said_by_others(step, event):
            return Ruling(history=self._principal.authority)
        if self._history is not None:
            why += f"; to be recorded as history it needs {lacks}"
        return Ruling(why)

    def _hindrance(self, r: Recommendation, step: str) -> tuple[str | None, bool]:
        """Why the procedure would not let a step pass, None if it would; and whether it would be
        the importing role's to take, without other eyes."""
        procedure = self._procedures.of(r)
        if (roles := procedure.may(step)) and self._principal.role not in roles:
            return f"“{step}” needs a decision by: {', '.join(sorted(roles))}", False
        if four_eyes.looks_at(procedure, step):
            return f"“{step}” needs four eyes by the State's procedure: take it by hand", False
        if r.next_due is not None:  # what is due is fired before, and may open or close it
            r = r.clone()
            due_now(self._procedures, r, self._command())
        if procedure.blocked(step, r.states, procedure.facts(r)):
            why = f"“{step}” is not open by the State's procedure: take it by hand once it is"
            return why, True
        return None, True

    def take_left_out(self) -> list[LeftOut]:
        """The steps that were left out, and empties the list."""
        left, self.left_out = self.left_out, []
        return left
