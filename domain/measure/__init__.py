"""A measure: what a State does so that recommendations are met. It is proposed, adopted, assigned
to a lead and to supporting institutions, begun, and completed, or given up.

A measure is a case of its own and no field of a recommendation: one measure may contribute to many
recommendations, and many to one. Nothing that becomes of a measure implements a recommendation; a
link says that it contributes to it, and why (domain rule 21).

A module each: its events, which are frozen, and its commands. Each imports what stands before it in
this list: held, proposing, state, course, the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.casework import CaseEvent
from domain.measure import assignment, course, links, wording
from domain.measure.assignment import MeasureAssigned
from domain.measure.course import (
    MeasureAbandoned,
    MeasureAdopted,
    MeasureCompleted,
    MeasureDelayed,
    MeasureEntryStruck,
    MeasureReopened,
    MeasureRescheduled,
    MeasureStarted,
)
from domain.measure.links import MeasureLinked, MeasureLinkWithdrawn
from domain.measure.proposing import MeasureEvent, MeasureProposed, propose
from domain.measure.state import Measure
from domain.measure.wording import MeasureRevised

__all__ = ["EVENTS", "READY", "Measure", "MeasureEvent", "fold", "propose"]

fold = Measure.fold

EVENTS: tuple[type[CaseEvent], ...] = (
    MeasureProposed,
    MeasureRevised,
    MeasureAssigned,
    MeasureAdopted,
    MeasureStarted,
    MeasureDelayed,
    MeasureRescheduled,
    MeasureCompleted,
    MeasureAbandoned,
    MeasureReopened,
    MeasureLinked,
    MeasureLinkWithdrawn,
    MeasureEntryStruck,
    *Measure.own_events.values(),
)

READY: dict[str, Callable[[Any], None]] = {
    **wording.READY,
    **assignment.READY,
    **course.READY,
    **links.READY,
}
"""Step → what must be so before it, whatever it says."""
