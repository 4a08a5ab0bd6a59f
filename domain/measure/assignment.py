"""Who carries a measure out: one institution leads, others support."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from domain.entry import Entry, Stamp, named
from domain.measure.course import not_ended
from domain.measure.held import MeasureResponsibility
from domain.measure.proposing import Decree, MeasureEvent
from domain.measure.state import Measure
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded
from domain.words import Capacity

institutions_max = 50

# --- Events (the archive's format: frozen) -------------------------------------------------------


class MeasureAssigned(MeasureEvent, frozen=True):
    """The measure was assigned: one institution leads, others support. Institutions that
    are not named are responsible no more."""

    topic: ClassVar[str] = "measure.assigned.v1"
    by_step: ClassVar[str] = "assign-measure"

    lead: str
    """Code of the institution that leads."""
    supporting: tuple[str, ...] = ()
    """Codes of the institutions that support it."""
    instrument: str | None = None
    """The decree or decision, by name; null where none is named."""

    @property
    def addressed(self) -> tuple[str, ...]:
        return self.lead, *self.supporting

    def apply(self, case: Measure, entry: Entry) -> None:
        since = self.stamp.effective
        capacities = dict.fromkeys(self.supporting, Capacity.SUPPORTING)
        capacities[self.lead] = Capacity.LEAD
        kept: list[MeasureResponsibility] = []
        for held in case.responsible:
            if held.until is None and capacities.get(held.institution) is not held.capacity:
                held = msgspec.structs.replace(held, until=since)
            elif held.until is None:
                del capacities[held.institution]
            kept.append(held)
        case.responsible = [
            *kept,
            *(
                MeasureResponsibility(
                    version=entry.version, institution=code, capacity=capacity, since=since
                )
                for code, capacity in sorted(capacities.items(), key=lambda one: one[1].value)
            ),
        ]


# --- Commands ------------------------------------------------------------------------------------


def assign(
    m: Measure,
    stamp: Stamp,
    lead: str,
    supporting: tuple[str, ...] = (),
    instrument: Decree = None,
) -> MeasureAssigned:
    """Assigns the measure: one institution leads, others support. It takes the place of the
    assignment before."""
    not_ended(m)
    supporting = tuple(map(named, supporting))
    if len(supporting) > institutions_max:
        raise LimitExceeded(f"A measure may have {institutions_max} supporting institutions.")
    if len({named(lead), *supporting}) != 1 + len(supporting):
        raise InvalidInput("An institution leads or supports, once: name each once.")
    if {(r.institution, r.capacity) for r in m.current} == {
        (lead, Capacity.LEAD),
        *((code, Capacity.SUPPORTING) for code in supporting),
    }:
        raise AlreadySo("It is assigned like that already.")
    return MeasureAssigned(stamp=stamp, lead=lead, supporting=supporting, instrument=instrument)


READY = {"assign-measure": not_ended}
"""Step → what must be so before it, whatever it says."""
