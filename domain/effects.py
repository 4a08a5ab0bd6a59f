"""Effects: what an entry leads to besides states, decided once and kept in its stamp.

A deadline is an absolute instant, fixed when it is set: the last second of the day, in the
addressee's own time, reckoned by a calendar whose version is kept. Each setting has a generation,
so that what was due by an earlier one is never taken for what is due by the next. Applying an
effect evaluates nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, NewType

import msgspec

Instant = NewType("Instant", str)
"""An instant in UTC, to the second, as RFC 3339 has it: `2026-03-01T22:59:59Z`. Sorts as a text."""


Thing = tuple[str, str]
"""What has a beginning and an end: `deadline` or `task`, and its name."""


class Whose(StrEnum):
    """The institution to which a task belongs."""

    COORDINATOR = "coordinator"
    """the coordinators: anybody with one of the task's roles"""
    OFFERED = "offered"
    """each institution that was offered the recommendation"""
    ASSIGNED = "assigned"
    """each institution that it is assigned to"""


class _Kept(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """As everything that is stored in an entry."""


class NoticeInstitution(_Kept, frozen=True):
    """A role in an institution that is named."""

    role: str
    """The role that receives the notice there, such as `focal-point`."""
    institution: str
    """Code of the institution."""


class Notice(_Kept, frozen=True):
    """A notice of a deadline: when it is due, and who receives it."""

    at: Instant
    """The instant, in UTC, from which the notice is due."""
    roles: tuple[str, ...]
    """Roles that receive it, in each institution to which the task belongs."""
    institutions: tuple[NoticeInstitution, ...] = ()
    """Institutions that receive it besides, each in a role."""


class Effect(_Kept, frozen=True, tag_field="effect"):
    """Base of all effects. One that `begins` a thing, a deadline or a task, may also continue one
    that stands; one that `ends` it is the last of it."""

    begins: ClassVar[bool] = False
    ends: ClassVar[bool] = False

    @property
    def thing(self) -> Thing | None:
        """The deadline or the task that it is about; None: it is about the case."""
        return None


class DeadlineEffect(Effect, frozen=True):
    """Base of effects on a deadline."""

    deadline: str
    generation: int

    @property
    def thing(self) -> Thing:
        return "deadline", self.deadline


class TaskEffect(Effect, frozen=True):
    """Base of effects on a task."""

    task: str

    @property
    def thing(self) -> Thing:
        return "task", self.task


class DeadlineSet(DeadlineEffect, frozen=True, tag="deadline-set"):
    """Something is due from now on."""

    begins: ClassVar[bool] = True

    due: Instant
    """The last second of `day`, in UTC."""
    day: str
    """The day by whose end it is due, in the time zone of the addressee."""
    basis: str
    """The day that it is computed from: the day of `fact`, else the day on which it was set."""
    calendar: str
    """Versions of the holidays, the State's own calendar and the time zones that were used."""
    fact: str | None = None
    """Name of the fact that gives `basis`; null where no fact does."""
    reminders: tuple[Notice, ...] = ()
    """Notices before it is due, in their order."""
    escalations: tuple[Notice, ...] = ()
    """Notices after it has passed, in their order."""
    voluntary: bool = False
    """True for a deadline that reminds and is never overdue, such as a mid-term report's."""


class DeadlineLifted(DeadlineEffect, frozen=True, tag="deadline-lifted"):
    """Nothing is due any more."""

    ends: ClassVar[bool] = True


class DeadlinePaused(DeadlineEffect, frozen=True, tag="deadline-paused"):
    """The clock stands still from this day until the case is resumed."""

    on: str
    """The day on which the clock stops."""


class DeadlineKept(DeadlineEffect, frozen=True, tag="deadline-kept"):
    """It stays due when it was due, under another procedure; notices that were given stay given."""

    basis: str
    """The day that it is computed from under the other procedure."""
    fact: str | None = None
    """Name of the fact that gives `basis` from now on; null where no fact does."""


class DeadlineDropped(DeadlineEffect, frozen=True, tag="deadline-dropped"):
    """It no longer counts, although its states stand: nothing is due by it until it is set anew."""


class RestUntil(Effect, frozen=True, tag="rest-until"):
    """The case rests until this instant, the end of the day that was named, unless somebody takes
    it up before."""

    at: Instant
    """The last second of the day that was named, in UTC."""


class TaskOpened(TaskEffect, frozen=True, tag="task-opened"):
    """Somebody in one of the roles has something to do: one of the steps, by a deadline."""

    begins: ClassVar[bool] = True

    roles: tuple[str, ...]
    """Roles that may do it; one person is enough."""
    steps: tuple[str, ...]
    """Steps that end it; any of them does."""
    whose: Whose = Whose.COORDINATOR
    """The institutions to which it belongs."""
    deadline: str | None = None
    """Name of the deadline by which it is due; null where it has none."""


class TaskEnded(TaskEffect, frozen=True, tag="task-ended"):
    """It has been done, or need not be done any more."""

    ends: ClassVar[bool] = True


class Remembered(Effect, frozen=True, tag="remembered"):
    """A history state of the procedure remembers, or forgets, where it leads back to."""

    state: str
    """Name of the history state."""
    states: tuple[str, ...]
    """The states that it leads back to; empty where it has forgotten them."""


AnyEffect = (
    DeadlineSet
    | DeadlineLifted
    | DeadlinePaused
    | DeadlineKept
    | DeadlineDropped
    | RestUntil
    | TaskOpened
    | TaskEnded
    | Remembered
)
"""One of the effects; in JSON its `effect` says which."""
