"""What events leave in a case: its deadlines, tasks, hands, approvals. Never stored in the log;
views keep it, and are filled anew where it changes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from domain.casework.event import StepDatum
from domain.effects import Instant, Notice, Whose
from domain.entry import Effective, Entry, Stored, Visibility


class DeadlineStatus(StrEnum):
    """How a deadline stands."""

    RUNNING = "running"
    """its clock runs"""
    PAUSED = "paused"
    """its clock stopped until the case, or the deadline alone, is resumed"""
    PASSED = "passed"
    """its day is over, and what was due was not done"""
    DROPPED = "dropped"
    """it was lifted by decision while its states stand"""


class DeadlineHeld(Stored, frozen=True):
    """A deadline as it stands. `generation` is the version of the entry that set it; `reminded` and
    `escalated` count the notices that were given; `paused` is the day its clock stopped."""

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
    status: DeadlineStatus = DeadlineStatus.RUNNING
    reminded: int = 0
    escalated: int = 0
    paused: str | None = None

    @property
    def is_owed(self) -> bool:
        """True where what it is for has to be done, and time counts."""
        resting = self.status in (DeadlineStatus.PAUSED, DeadlineStatus.DROPPED)
        return not (self.voluntary or resting)

    @property
    def next(self) -> Due | None:
        """What it comes to next by itself; None where nothing more does."""
        if self.status is DeadlineStatus.RUNNING:
            if self.reminded < len(self.reminders):
                return Due(self.reminders[self.reminded].at, Timer.REMIND, self)
            return None if self.voluntary else Due(self.due, Timer.PASS, self)
        if self.status is DeadlineStatus.PASSED and self.escalated < len(self.escalations):
            return Due(self.escalations[self.escalated].at, Timer.ESCALATE, self)
        return None


class Timer(StrEnum):
    """An act of the clock."""

    REMIND = "remind"
    """gives notice before a deadline"""
    PASS = "pass"  # noqa: S105 - a deadline passes
    """lets a deadline pass that nobody has met"""
    ESCALATE = "escalate"
    """gives notice to others after a deadline"""
    RESUME = "resume"
    """ends a suspension on its last day"""


class Due(NamedTuple):
    """What happens at an instant, to which deadline; to none where the whole case is resumed."""

    at: Instant
    timer: Timer
    deadline: DeadlineHeld | None = None


def order_of(due: Due) -> tuple[Instant, str]:
    """What comes first: the earliest, ties by the deadline's name."""
    return due.at, "" if due.deadline is None else due.deadline.deadline


class Claim(Stored, frozen=True):
    """A person of an institution does the task: by pseudonym, since the entry of this version."""

    institution: str
    actor: str
    version: int


class TaskHeld(Stored, frozen=True):
    """A task as it stands. `opened` is the version of the entry it began with; of each institution
    that has it one person may have claimed it."""

    task: str
    opened: int
    roles: tuple[str, ...]
    steps: tuple[str, ...]
    whose: Whose = Whose.COORDINATOR
    deadline: str | None = None
    claims: tuple[Claim, ...] = ()

    def claim_of(self, institution: str) -> Claim | None:
        """Who of an institution does it."""
        return next((claim for claim in self.claims if claim.institution == institution), None)


class HandHeld(Stored, frozen=True):
    """Who took a step last: the pseudonym of a person, None where a system named none, and the
    system that spoke. `before` are the others who took it before, on the same thing, and
    `systems_before` the systems by which."""

    version: int
    actor: str | None = None
    before: tuple[str | None, ...] = ()
    system: str | None = None
    systems_before: tuple[str, ...] = ()

    @property
    def everybody(self) -> frozenset[str | None]:
        """All who took it."""
        return frozenset((self.actor, *self.before))

    @property
    def systems(self) -> frozenset[str]:
        """All systems by which it was taken."""
        return frozenset((*filter(None, (self.system,)), *self.systems_before))

    @classmethod
    def of(cls, entry: Entry, earlier: HandHeld | None) -> HandHeld:
        """The hand of an entry, after an earlier one on the same thing."""
        speaker = entry.stamp.speaker
        return cls(
            version=entry.version,
            actor=speaker.actor,
            before=() if earlier is None else tuple(sorted(earlier.everybody, key=str)),
            system=speaker.system,
            systems_before=() if earlier is None else tuple(sorted(earlier.systems)),
        )


class ApprovalHeld(Stored, frozen=True):
    """A person's approval that a step be taken; `content` is the SHA-256 of what was approved
    (None: an approval from before approvals named it), `words` the commitment to that of its free
    texts, `system` the one that spoke for the person."""

    step: str
    actor: str
    role: str
    institution: str
    version: int
    content: str | None = None
    words: str | None = None
    system: str | None = None

    @property
    def key(self) -> str:
        """Whose key spoke: the system's, which may name several persons, or the person's own."""
        return self.actor if self.system is None else f"system {self.system}"


class StepHeld(Stored, frozen=True):
    """A step of the procedure's own that was taken, and what it left and entered: what striking it
    undoes."""

    version: int
    step: str
    data: tuple[StepDatum, ...] = ()
    left: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()


class IncidentHeld(Stored, frozen=True):
    """A timer of the case can't be fired, since the entry of this version: which one, and why."""

    version: int
    code: str
    message: str
    timer: str
    at: Instant
    deadline: str | None = None


class SuspensionHeld(Stored, frozen=True):
    """Follow-up rests, since the entry of this version, until a day where one was named: to its
    end, at `wakes`."""

    version: int
    since: Effective
    until: str | None = None
    wakes: Instant | None = None


class Narrower(NamedTuple):
    """An entry that fewer may read than the case: by its version, those of its visibility, and the
    readers of some institutions."""

    version: int
    visibility: Visibility
    institutions: tuple[str, ...]


def hand_on(step: str, subject: int) -> str:
    """Under what name a case remembers whose hand took a step on one thing of several."""
    return f"{step} {subject}"
