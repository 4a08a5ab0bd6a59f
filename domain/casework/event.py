"""What is said of a case: the base of its events, and what those are made of.

Names, fields and topics of events are the archive's format: frozen. Nothing here knows the
state: an event knows a case by what it calls.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from domain.entry import Entry, Event, Protected, Stamp, Stored, Visibility

Told = TypeVar("Told", bound="CaseEvent")


class CaseEvent(Event, frozen=True):
    """Base of what is said of a case. `by_step` is the step that records it; one that is `beside`
    the procedures is in no definition, and is open whenever what it is about is there. Cases begin
    with an event that `begins` them. The part that one is about is a part of the case, or of what
    the field `part_of` names. One that `publishes` a case of the State's own makes the case as it
    stands known to all who may read the event; the entries before keep their readers."""

    by_step: ClassVar[str]
    beside: ClassVar[bool] = False
    begins: ClassVar[bool] = False
    publishes: ClassVar[bool] = False
    part_of: ClassVar[str] = ""

    @property
    def step_name(self) -> str:
        """The step that recorded it."""
        return self.by_step

    def about(self, case: Any) -> int | None:
        """The version of the earlier entry that it is about; it has no more readers than that one.
        None: it is about the case."""
        return None

    def thing(self, version: int) -> int | None:
        """What it is about, of several things of a kind: by its id, which is the version of the
        entry that it began with. `version`: that of the event's own entry. None: the case."""
        return None

    def draft(self, case: Any) -> int | None:
        """The version of the draft that it is about; None: it is about none."""
        return None

    def met_by(self, told: Any, whole: Any) -> None:
        """Adds to a case, as some readers were told of it, the thing that this event is about and
        that they have not been told of. `whole`: the case as it is. Raises where there is no such
        thing."""

    @property
    def addressed(self) -> tuple[str, ...]:
        """The institutions that it is for, such as the one that an assignment is offered to."""
        return ()

    def again(self, case: Any, stamp: Stamp) -> CaseEvent:
        """The event by the aggregate's own command, where what that refuses may hang on the clock:
        offers that have lapsed, deadlines, tasks, whether the case rests; else the event as it
        is."""
        return self

    def check_part(self, case: Any) -> None:
        """Refuses a part that the case does not have."""
        if not self.part_of:
            case.check_part(self.stamp.part)

    def opens(self, of: Visibility) -> bool:
        """True if it makes a case of this visibility known to more readers."""
        to = self.stamp.visibility
        return self.publishes and of is Visibility.INTERNAL and to is Visibility.PUBLIC

    def apply(self, case: Any, entry: Entry) -> None:
        """Adds what this event says to the state; by itself it adds nothing."""

    def settle(self, case: Any, entry: Entry) -> None:
        """Adds what can be said only when the procedure has said what follows; nothing by
        itself."""


class StepDatum(Stored, frozen=True):
    """One field of the form that a step of a State's own procedure carries."""

    field: str
    """Name of the field in the form; in a migration, with its step: `step.field`."""
    value: bool | int | str | None = None
    """The value, where the form does not protect the field; else null."""
    words: Protected | None = None
    """The text, where the form protects the field; else null."""


class Addressed(Stored, frozen=True):
    """A recipient of a notice."""

    role: str
    """The role that receives it, such as `focal-point`."""
    institution: str | None = None
    """Code of the institution; null: the coordinators."""
