"""A recommendation: what was asked of a State, and everything that has become of it since.

Four dimensions are kept apart, because a State may support what nobody carries out, and carry
out what it only noted (domain rule 1): the **position** (Universal Periodic Review only), the
**assignment** to ministries, the **implementation** as declared and assessed, and the
**reporting**. "Received → accepted or noted → assigned → implemented → reported" is a view over
them, `Recommendation.stage`.

A module each: its events, which are frozen, what each adds to the state, and its commands: what
may be said when. A command is a function that takes the state first and returns the event, or
refuses what no State may do; which step follows which is the procedure's business
(`workflows.procedure`). `state` is what entries add up to, `held` what they leave there,
`elements` what events are made of. Each imports what stands before it in this list: elements,
held, receiving, state, the others. Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.casework import CASE_EVENTS, CaseEvent
from domain.recommendation import assignment, lineage, names, position, progress, terms, wording
from domain.recommendation.assignment import (
    AssignmentAccepted,
    AssignmentDeclined,
    AssignmentDecreed,
    AssignmentEnded,
    AssignmentHandedOver,
    AssignmentLapsed,
    AssignmentOffered,
)
from domain.recommendation.closing import Closed, Reopened
from domain.recommendation.implementation import Assessed, DeclaredImplemented, Planned
from domain.recommendation.lineage import (
    Continued,
    DeclaredDuplicate,
    DuplicateUndone,
    Linked,
    LinkWithdrawn,
)
from domain.recommendation.names import AliasWithdrawn, Identified, Renumbered
from domain.recommendation.position import PositionDeferred, PositionTaken, StateCommented
from domain.recommendation.progress import (
    Covered,
    ProgressCleared,
    ProgressDrafted,
    ProgressPublished,
)
from domain.recommendation.receiving import BEGINNING, Received, receive
from domain.recommendation.reporting import Reported, SelectedForFollowUp
from domain.recommendation.state import Recommendation
from domain.recommendation.terms import Classified, Declassified
from domain.recommendation.wording import Corrected, TextAdded

__all__ = ["BEGINNING", "EVENTS", "READY", "Recommendation", "begin", "fold", "receive"]


begin = Recommendation.begin
fold = Recommendation.fold


EVENTS: tuple[type[CaseEvent], ...] = (
    Received,
    TextAdded,
    Corrected,
    Renumbered,
    Identified,
    AliasWithdrawn,
    Classified,
    Declassified,
    PositionTaken,
    PositionDeferred,
    StateCommented,
    SelectedForFollowUp,
    AssignmentOffered,
    AssignmentDecreed,
    AssignmentAccepted,
    AssignmentDeclined,
    AssignmentLapsed,
    AssignmentEnded,
    AssignmentHandedOver,
    Planned,
    ProgressDrafted,
    ProgressCleared,
    ProgressPublished,
    Covered,
    Assessed,
    DeclaredImplemented,
    Reported,
    Linked,
    LinkWithdrawn,
    DeclaredDuplicate,
    DuplicateUndone,
    Closed,
    Reopened,
    Continued,
    *CASE_EVENTS,
)
"""Every event a recommendation can have: what is said of it, then what becomes of the case."""


READY: dict[str, Callable[[Recommendation], None]] = {
    **wording.READY,
    **names.READY,
    **terms.READY,
    **position.READY,
    **assignment.READY,
    **progress.READY,
    **lineage.READY,
}
"""Step → what its command asks of the state before it asks of anything it says."""
