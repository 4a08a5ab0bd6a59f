"""The record that is measured: made through the domain's own commands, the same on every run."""

from __future__ import annotations

from domain.entry import Authority, AuthorityKind, Basis, Effective, Source, Speaker, Stamp
from domain.events import (
    AssignmentDecreed,
)
from domain.words import (
    Capacity,
)

MINISTRY = Speaker(
    role="coordinator",
    institution="ministry-of-foreign-affairs",
    on_behalf_of="ministry-of-foreign-affairs",
    authority=Authority(kind=AuthorityKind.DECISION, reference="Decree 12/2024", since="2024-02-01"),
    actor="p-0001",
)


def an_assignment() -> AssignmentDecreed:
    """One event of middling size, without protected texts."""
    stamp = Stamp(
        command="assign-0001",
        speaker=MINISTRY,
        effective=Effective(on="2024-03-05", basis=Basis.STATED),
        source=Source(document="A/HRC/43/13", paragraph="139.12", language="en"),
        definition="0" * 64,
        left=("assignment.unassigned",),
        entered=("assignment.assigned",),
    )
    return AssignmentDecreed(
        stamp=stamp,
        assignee="ministry-of-justice",
        capacity=Capacity.LEAD,
        instrument="Government decision 44/2024",
    )
