"""What sets aside what the clock did. The case itself undoes it (`Case.set_back`), each
aggregate its own part, so this event alone lies below the state.
"""

from __future__ import annotations

from typing import Any, ClassVar

from domain.casework.event import CaseEvent
from domain.entry import Entry
from domain.words import Closing


class SetBack(CaseEvent, frozen=True):
    """A fact is recorded late: it was true before the deadline passed. What the clock did from then
    on stays in the history and counts no more; the case is again as it was before."""

    topic: ClassVar[str] = "recommendation.set-back.v1"
    by_step: ClassVar[str] = "set-back"
    beside: ClassVar[bool] = True

    deadline: str
    generation: int
    since: int
    """The version of the entry by which the deadline passed."""
    offered: tuple[int, ...] = ()
    """Ids of assignments that had lapsed and are offered again."""
    reopened: bool = False
    """True where the clock had closed the case, which is open again."""
    closed: Closing | None = None
    """Why the case is closed again, where the clock had reopened it; else null."""
    resumed: bool = False
    """True where the clock had suspended the case, which goes on."""

    def about(self, case: Any) -> int | None:
        return self.since

    def apply(self, case: Any, entry: Entry) -> None:
        case.set_back(self)
