"""Tasks of a case: who of an institution does them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from domain.casework.event import CaseEvent
from domain.casework.held import Claim, TaskHeld
from domain.casework.state import Case
from domain.entry import Entry, Stamp, named
from domain.refusals import AlreadySo, FourEyes, TaskClaimedByOther

# --- Events (the archive's format: frozen) -------------------------------------------------------


class TaskEvent(CaseEvent, frozen=True):
    """Base of what happens to a task."""

    task: str
    opened: int
    """The version of the entry that opened the task."""

    def about(self, case: Case) -> int | None:
        return self.opened

    def apply(self, case: Case, entry: Entry) -> None:
        case.tasks = [
            msgspec.structs.replace(held, claims=self.claims(held, entry))
            if (held.task, held.opened) == (self.task, self.opened)
            else held
            for held in case.tasks
        ]

    def claims(self, held: TaskHeld, entry: Entry) -> tuple[Claim, ...]:
        """Who does it after this."""
        raise NotImplementedError


class TaskClaimed(TaskEvent, frozen=True):
    """A person took the task on, for the institution that speaks."""

    topic: ClassVar[str] = "recommendation.task-claimed.v1"
    by_step: ClassVar[str] = "claim-task"
    beside: ClassVar[bool] = True

    def claims(self, held: TaskHeld, entry: Entry) -> tuple[Claim, ...]:
        return _claimed(held, entry, entry.stamp.speaker.actor or "")

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return claim(case, stamp, self.task)


class TaskReleased(TaskEvent, frozen=True):
    """The task is free again in one institution."""

    topic: ClassVar[str] = "recommendation.task-released.v1"
    by_step: ClassVar[str] = "release-task"
    beside: ClassVar[bool] = True

    released: str
    """Code of the institution."""

    def claims(self, held: TaskHeld, entry: Entry) -> tuple[Claim, ...]:
        return tuple(c for c in held.claims if c.institution != self.released)

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return release(case, stamp, self.task, self.released)


class TaskDelegated(TaskEvent, frozen=True):
    """The task was given to another person of the institution that speaks."""

    topic: ClassVar[str] = "recommendation.task-delegated.v1"
    by_step: ClassVar[str] = "delegate-task"
    beside: ClassVar[bool] = True

    to: str
    """The other person, by pseudonym."""

    def claims(self, held: TaskHeld, entry: Entry) -> tuple[Claim, ...]:
        return _claimed(held, entry, self.to)

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return delegate(case, stamp, self.task, self.to)


def _claimed(held: TaskHeld, entry: Entry, actor: str) -> tuple[Claim, ...]:
    mine = entry.stamp.speaker.institution
    others = tuple(claim for claim in held.claims if claim.institution != mine)
    return (*others, Claim(institution=mine, actor=actor, version=entry.version))


# --- Commands ------------------------------------------------------------------------------------


def claim(case: Case, stamp: Stamp, task: str) -> TaskClaimed:
    """The person who speaks takes a task on; one that another person of the same institution
    has is refused."""
    held, actor = case.task(task), person(stamp, "claim a task")
    if by := held.claim_of(stamp.speaker.institution):
        if by.actor == actor:
            raise AlreadySo("You have claimed this task already.")
        raise TaskClaimedByOther(f"{by.actor} has claimed this task; ask for its release.")
    return case.own(TaskClaimed)(stamp=stamp, task=task, opened=held.opened)


def release(case: Case, stamp: Stamp, task: str, institution: str) -> TaskReleased:
    """Whoever of an institution has claimed a task does it no more."""
    held = case.task(task)
    if held.claim_of(institution) is None:
        raise AlreadySo(f"Nobody of {institution} has claimed this task.")
    return case.own(TaskReleased)(stamp=stamp, task=task, opened=held.opened, released=institution)


def delegate(case: Case, stamp: Stamp, task: str, to: str) -> TaskDelegated:
    """Another person of the same institution does the task from now on."""
    held = case.task(task)
    by = held.claim_of(stamp.speaker.institution)
    if by is not None and by.actor == named(to):
        raise AlreadySo(f"{to} has this task already.")
    return case.own(TaskDelegated)(stamp=stamp, task=task, opened=held.opened, to=named(to))


def person(stamp: Stamp, what: str) -> str:
    """The person who speaks, by pseudonym; refuses a system that names none."""
    actor = stamp.speaker.actor
    if actor is None:
        raise FourEyes(f"Only a person can {what}: name `actor`, by pseudonym.")
    return actor
