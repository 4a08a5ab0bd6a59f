"""Effects: what an entry leads to besides states, decided once and kept in its stamp.

A deadline is an absolute instant, fixed when it is set: the last second of the day, in the
addressee's own time, reckoned by a calendar whose version is kept. Each setting has a generation,
so that what was due by an earlier one is never taken for what is due by the next. Applying an
effect evaluates nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

Instant = NewType("Instant", str)
"""An instant in UTC, to the second, as RFC 3339 has it: `2026-03-01T22:59:59Z`. Sorts as a text."""


class Whose(StrEnum):
    """The institution to which a task belongs."""

    COORDINATOR = "coordinator"
    """whoever coordinates: anybody with one of the task's roles"""
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
    institution: str


class Notice(_Kept, frozen=True):
    """When somebody is told of a deadline, and who: the roles, each wherever the task is, and the
    `institutions` that are named, wherever it is."""

    at: Instant
    roles: tuple[str, ...]
    institutions: tuple[NoticeInstitution, ...] = ()


class Effect(_Kept, frozen=True, tag_field="effect"):
    """Base of all effects."""


class DeadlineSet(Effect, frozen=True, tag="deadline-set"):
    """Something is due: by the end of `day`, at `due`. It was reckoned from `basis` (the day it
    counts from, or the one it is due by) with the calendar of this version. `fact`: which fact says
    the day. What is `voluntary` is never overdue."""

    deadline: str
    generation: int
    due: Instant
    day: str
    basis: str
    calendar: str
    fact: str | None = None
    reminders: tuple[Notice, ...] = ()
    escalations: tuple[Notice, ...] = ()
    voluntary: bool = False


class DeadlineLifted(Effect, frozen=True, tag="deadline-lifted"):
    """Nothing is due any more."""

    deadline: str
    generation: int


class DeadlinePaused(Effect, frozen=True, tag="deadline-paused"):
    """The clock stands still from this day until the case is resumed."""

    deadline: str
    generation: int
    on: str


class DeadlineKept(Effect, frozen=True, tag="deadline-kept"):
    """It stays due when it is, and what was told stays told, under another procedure: from now on
    `fact` says its day (none: it counts from `basis`)."""

    deadline: str
    generation: int
    basis: str
    fact: str | None = None


class DeadlineDropped(Effect, frozen=True, tag="deadline-dropped"):
    """It no longer counts, although its states stand: nothing is due by it until it is set anew."""

    deadline: str
    generation: int


class RestUntil(Effect, frozen=True, tag="rest-until"):
    """The case rests until this instant, the end of the day that was named, unless somebody takes
    it up before."""

    at: Instant


class TaskOpened(Effect, frozen=True, tag="task-opened"):
    """Somebody in one of the roles has something to do: one of the steps, by a deadline."""

    task: str
    roles: tuple[str, ...]
    steps: tuple[str, ...]
    whose: Whose = Whose.COORDINATOR
    deadline: str | None = None


class TaskEnded(Effect, frozen=True, tag="task-ended"):
    """It has been done, or need not be done any more."""

    task: str


class Remembered(Effect, frozen=True, tag="remembered"):
    """What a history state remembers: the states it leads back to; none: it has forgotten."""

    state: str
    states: tuple[str, ...]


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
