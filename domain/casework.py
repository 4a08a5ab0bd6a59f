"""A case under its procedure: where it stands, what is due by when, who has something to do, and
whose hands a step went through.

What is decided is in the stamp of each entry: states left and entered, and effects
(`domain.effects`). It is applied here and never decided again. The events below are what happens to
deadlines and tasks themselves, by people and by the clock; a recommendation is such a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar, cast, get_origin
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.effects import (
    DeadlineDropped,
    DeadlineKept,
    DeadlineLifted,
    DeadlinePaused,
    DeadlineSet,
    Instant,
    Notice,
    Remembered,
    RestUntil,
    TaskEnded,
    TaskOpened,
    Whose,
)
from domain.entry import (
    CLOCK,
    NARROWNESS,
    Effective,
    Entry,
    Event,
    Protected,
    Stamp,
    Stored,
    Visibility,
    is_date,
    last_day,
    named,
    reasoned,
)
from domain.refusals import (
    AlreadySo,
    FourEyes,
    InvalidInput,
    LimitExceeded,
    TaskClaimedByOther,
    UnknownDeadline,
    UnknownTask,
)
from domain.scope import Scope
from domain.words import Closing

taken_max = 50
"""How many of the latest steps of a procedure's own may still be struck."""
approvals_max = 200

Told = TypeVar("Told", bound="CaseEvent")

DeadlineName = Annotated[str, Meta(description="The deadline's name in the procedure.")]

# --- What they leave in the state ----------------------------------------------------------------


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


def _order(due: Due) -> tuple[Instant, str]:
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


# --- Events (the archive's format: frozen) -------------------------------------------------------


class CaseEvent(Event, frozen=True):
    """Base of what is said of a case. `by_step` is the step that records it; one that is `beside`
    the procedures is in no definition, and is open whenever what it is about is there. Cases begin
    with an event that `begins` them."""

    by_step: ClassVar[str]
    beside: ClassVar[bool] = False
    begins: ClassVar[bool] = False

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

    def apply(self, case: Any, entry: Entry) -> None:
        """Adds what this event says to the state; by itself it adds nothing."""


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


class Suspended(CaseEvent, frozen=True):
    """Follow-up was suspended, with a reason; what runs against the clock stands still."""

    topic: ClassVar[str] = "recommendation.suspended.v1"
    by_step: ClassVar[str] = "suspend"

    until: str | None = None
    """The last day of the rest; null where somebody has to resume it."""

    def apply(self, case: Case, entry: Entry) -> None:
        case.suspended = SuspensionHeld(
            version=entry.version, since=self.stamp.effective, until=self.until
        )

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return case.suspend(stamp, self.until)


class Resumed(CaseEvent, frozen=True):
    """Follow-up goes on, with a reason, or because the day that was named is over; deadlines have
    the time that was left to them."""

    topic: ClassVar[str] = "recommendation.resumed.v1"
    by_step: ClassVar[str] = "resume"

    def about(self, case: Case) -> int | None:
        return None if case.suspended is None else case.suspended.version

    def apply(self, case: Case, entry: Entry) -> None:
        case.suspended = None

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return case.resume(stamp)


class DeadlineExtended(CaseEvent, frozen=True):
    """More time was given, with a reason."""

    topic: ClassVar[str] = "recommendation.deadline-extended.v1"
    by_step: ClassVar[str] = "extend-deadline"

    deadline: str
    until: str
    """The new last day."""

    def about(self, case: Case) -> int | None:
        return case.generation(self.deadline)

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return case.extend_deadline(stamp, self.deadline, self.until)


class DeadlineEvent(CaseEvent, frozen=True, kw_only=True):
    """Base of what the clock does to a deadline of one generation; its effective date is the day it
    was due, however late the machine that noticed."""

    deadline: str
    generation: int
    to: tuple[Addressed, ...] = ()
    """The recipients of the notice."""

    @property
    def addressed(self) -> tuple[str, ...]:
        return tuple(one.institution for one in self.to if one.institution)

    def about(self, case: Case) -> int | None:
        return self.generation

    def apply(self, case: Case, entry: Entry) -> None:
        case.deadlines = [
            self.change(held)
            if (held.deadline, held.generation) == (self.deadline, self.generation)
            else held
            for held in case.deadlines
        ]

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        """The deadline after it."""
        raise NotImplementedError


class DeadlinePassed(DeadlineEvent, frozen=True):
    """The deadline passed without what was due."""

    topic: ClassVar[str] = "recommendation.deadline-passed.v1"
    by_step: ClassVar[str] = "pass-deadline"
    beside: ClassVar[bool] = True

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        return msgspec.structs.replace(held, status=DeadlineStatus.PASSED)


class Reminded(DeadlineEvent, frozen=True):
    """Those concerned were reminded, before it is due."""

    topic: ClassVar[str] = "recommendation.reminded.v1"
    by_step: ClassVar[str] = "remind"
    beside: ClassVar[bool] = True

    number: int
    """Which reminder of this deadline it is, from 1."""

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        return msgspec.structs.replace(held, reminded=self.number)


class Escalated(DeadlineEvent, frozen=True):
    """Others were told that it is overdue."""

    topic: ClassVar[str] = "recommendation.escalated.v1"
    by_step: ClassVar[str] = "escalate"
    beside: ClassVar[bool] = True

    number: int
    """Which escalation of this deadline it is, from 1."""

    def change(self, held: DeadlineHeld) -> DeadlineHeld:
        return msgspec.structs.replace(held, escalated=self.number)


class IncidentRaised(CaseEvent, frozen=True):
    """A timer could not be fired. The clock leaves the case alone until somebody lets it try
    again."""

    topic: ClassVar[str] = "recommendation.incident-raised.v1"
    by_step: ClassVar[str] = "raise-incident"
    beside: ClassVar[bool] = True

    code: str
    """Stable, for programs: the code of a refusal, TOO_MANY_TIMERS or INTERNAL."""
    message: str
    """A sentence for the person who mends it."""
    timer: str
    """`remind`, `pass`, `escalate` or `resume`."""
    at: Instant
    """The instant at which the timer was due."""
    deadline: str | None = None
    """The deadline's name in the procedure; null where the whole case was to be resumed."""

    def about(self, case: Case) -> int | None:
        return None if self.deadline is None else case.generation(self.deadline)

    def apply(self, case: Case, entry: Entry) -> None:
        case.incident = IncidentHeld(
            version=entry.version,
            code=self.code,
            message=self.message,
            timer=self.timer,
            at=self.at,
            deadline=self.deadline,
        )


class TimersRetried(CaseEvent, frozen=True):
    """What kept timers from being fired has been mended, with a reason: the clock tries again."""

    topic: ClassVar[str] = "recommendation.timers-retried.v1"
    by_step: ClassVar[str] = "retry-timers"
    beside: ClassVar[bool] = True

    def apply(self, case: Case, entry: Entry) -> None:
        case.incident = None

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return case.retry_timers(stamp)


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

    def about(self, case: Case) -> int | None:
        return self.since

    def apply(self, case: Case, entry: Entry) -> None:
        case.set_back(self)


class DeadlineSuspended(CaseEvent, frozen=True):
    """One deadline rests, with a reason: its clock stands still, and the case goes on."""

    topic: ClassVar[str] = "recommendation.deadline-suspended.v1"
    by_step: ClassVar[str] = "suspend-deadline"
    beside: ClassVar[bool] = True

    deadline: str

    def about(self, case: Case) -> int | None:
        return case.generation(self.deadline)

    def apply(self, case: Case, entry: Entry) -> None:
        case.resting = [*case.resting, self.deadline]

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return case.suspend_deadline(stamp, self.deadline)


class DeadlineResumed(CaseEvent, frozen=True):
    """A deadline that rested alone runs again, with a reason: it has the time that was left."""

    topic: ClassVar[str] = "recommendation.deadline-resumed.v1"
    by_step: ClassVar[str] = "resume-deadline"
    beside: ClassVar[bool] = True

    deadline: str

    def about(self, case: Case) -> int | None:
        return case.generation(self.deadline)

    def apply(self, case: Case, entry: Entry) -> None:
        case.resting = [name for name in case.resting if name != self.deadline]

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return case.resume_deadline(stamp, self.deadline)


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
        return case.claim_task(stamp, self.task)


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
        return case.release_task(stamp, self.task, self.released)


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
        return case.delegate_task(stamp, self.task, self.to)


class Remarked(CaseEvent, frozen=True):
    """Somebody who works on it remarked something for the others; it changes nothing."""

    topic: ClassVar[str] = "recommendation.remarked.v1"
    by_step: ClassVar[str] = "remark"
    beside: ClassVar[bool] = True

    words: Protected
    """The remark, which can be erased."""


class Approval(CaseEvent, frozen=True):
    """Base of the approvals of a step."""

    step: str
    """Name of the step that is approved."""

    @property
    def what(self) -> tuple[str | None, str | None]:
        """The SHA-256 of what is approved, and the commitment to that of its free texts, where the
        approval names it."""
        return None, None

    def apply(self, case: Case, entry: Entry) -> None:
        speaker = self.stamp.speaker
        content, words = self.what
        case.approvals.append(
            ApprovalHeld(
                step=self.step,
                actor=speaker.actor or "",
                role=speaker.role,
                institution=speaker.institution,
                version=entry.version,
                content=content,
                words=words,
                system=speaker.system,
            )
        )


class Approved(Approval, frozen=True):
    """A person approved that a step be taken, whatever it says; it counts for the next time it is.
    Recorded until approvals named what they approve (`StepApproved`)."""

    topic: ClassVar[str] = "recommendation.approved.v1"
    by_step: ClassVar[str] = "give-approval"
    beside: ClassVar[bool] = True


class StepApproved(Approval, frozen=True):
    """A person approved that a step be taken as it was shown. It counts for that, the next time the
    step is taken."""

    topic: ClassVar[str] = "recommendation.step-approved.v1"
    by_step: ClassVar[str] = "give-approval"
    beside: ClassVar[bool] = True

    content: str
    """SHA-256, in hex, of what the step says in the open and of the draft that it is about."""
    words: Protected | None = None
    """The protected texts that are approved; null where the step has none."""

    @property
    def what(self) -> tuple[str | None, str | None]:
        return self.content, None if self.words is None else self.words.commitment

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return case.approve(stamp, self.step, self.content, self.words)


class StepTaken(CaseEvent, frozen=True):
    """A step that a State's own procedure has and no other was taken; `definition` in the stamp
    says what its name and its data mean."""

    topic: ClassVar[str] = "recommendation.step-taken.v1"

    step: str
    """Name of the step in the procedure that `definition` names."""
    data: tuple[StepDatum, ...] = ()
    """The fields of its form that were filled in."""

    @property
    def step_name(self) -> str:
        return self.step

    def apply(self, case: Case, entry: Entry) -> None:
        case.fill_in(self.step, self.data)


class DeadlinePolicy(StrEnum):
    """What becomes of a deadline when its case goes on under another procedure."""

    KEEP = "keep"
    """it is due when it was due"""
    RESTART = "restart"
    """it counts anew, from the day of migration"""
    RECOMPUTE = "recompute"
    """the new procedure's span, from the day it counted from before"""
    DROP = "drop"
    """it no longer counts"""


class StateMapped(Stored, frozen=True):
    """A state of the procedure before, and the state after that takes its place."""

    before: str
    """Name of the state before."""
    after: str | None = None
    """Name of the state after; null: none takes its place."""


class DeadlineTreated(Stored, frozen=True):
    """What becomes of one deadline, where it is not what becomes of the others."""

    deadline: str
    policy: DeadlinePolicy
    """Whether the deadline is kept, counted anew or dropped."""


class Migrated(CaseEvent, frozen=True):
    """The case goes on under another procedure, by decision; `definition` names it."""

    topic: ClassVar[str] = "recommendation.migrated.v1"
    by_step: ClassVar[str] = "migrate"
    beside: ClassVar[bool] = True

    before: str
    """SHA-256 of the procedure that the case leaves."""
    states: tuple[StateMapped, ...] = ()
    """Which states took the place of which."""
    deadlines: DeadlinePolicy = DeadlinePolicy.KEEP
    """Whether deadlines that both procedures have are kept, counted anew or dropped."""
    overrides: tuple[DeadlineTreated, ...] = ()
    """Deadlines that are treated otherwise."""
    data: tuple[StepDatum, ...] = ()
    """Values filled in for fields of forms, for conditions of the procedure to read."""

    def apply(self, case: Case, entry: Entry) -> None:
        case.definition = self.stamp.definition
        for datum in self.data:
            step, _, field = datum.field.partition(".")
            case.fill_in(step, (msgspec.structs.replace(datum, field=field),))


# --- State ---------------------------------------------------------------------------------------


class Narrower(NamedTuple):
    """An entry that fewer may read than the case: by its version, those of its visibility, and the
    readers of some institutions."""

    version: int
    visibility: Visibility
    institutions: tuple[str, ...]


class Case(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What every case under a procedure has. `institution` is the one that recorded it;
    `definition` the procedure it is under, by its SHA-256; `data` what forms filled in, by step and
    field, for guards to read. `resting` are the deadlines that rest alone; `taken` the steps of its
    own that may be struck; `narrower` the entries that fewer may read than the case.
    `fired_in_a_row` counts what the clock did since somebody else did anything, `unrecorded` the
    entries that were made just now and are not in the log."""

    id: UUID
    addressee: str
    visibility: Visibility
    institution: str
    version: int = 0
    own_events: ClassVar[Mapping[type[CaseEvent], type[CaseEvent]]] = {}
    """Event of any case → the same under a topic of this aggregate; where it is not here, as it
    is."""

    definition: str | None = None
    states: list[str] = []
    remembered: dict[str, tuple[str, ...]] = {}
    deadlines: list[DeadlineHeld] = []
    tasks: list[TaskHeld] = []
    hands: dict[str, HandHeld] = {}
    approvals: list[ApprovalHeld] = []
    data: dict[str, bool | int | str] = {}
    suspended: SuspensionHeld | None = None
    resting: list[str] = []
    taken: list[StepHeld] = []
    incident: IncidentHeld | None = None
    fired_in_a_row: int = 0
    unrecorded: int = 0
    narrower: list[Narrower] = []

    # -- reading

    def readers_of(self, version: int | None) -> Narrower | None:
        """Who may read the entry of this version; None: whoever may read the case."""
        return next((one for one in self.narrower if one.version == version), None)

    def shows(self, version: int, scope: Scope) -> bool:
        """True if a reader of the case may read the entry of this version."""
        of = self.readers_of(version)
        return of is None or (
            of.visibility in scope.visibilities or scope.institution in of.institutions
        )

    def version_for(self, scope: Scope, version: int) -> int:
        """The version of the last entry that a reader may see, up to one; 0 if they see none."""
        while version and not self.shows(version, scope):
            version -= 1
        return version

    def concerned(self, whose: Whose) -> frozenset[str]:
        """The institutions that are concerned with it in one of the ways that tasks know; none
        unless the aggregate says so."""
        return frozenset()

    @property
    def chars(self) -> int:
        """About how many characters its texts have."""
        return 0

    @property
    def next_due(self) -> Due | None:
        """What the clock does to it next; the earliest, ties by the deadline's name. None while a
        timer that could not be fired is to be looked at."""
        if self.incident is not None:
            return None
        found = [due for held in self.deadlines if (due := held.next)]
        if self.suspended is not None and self.suspended.wakes is not None:
            found.append(Due(self.suspended.wakes, Timer.RESUME))
        return min(found, key=_order, default=None)

    def deadline(self, name: str) -> DeadlineHeld | None:
        """A deadline that stands, by its name."""
        return next((held for held in self.deadlines if held.deadline == name), None)

    def generation(self, name: str) -> int | None:
        """The version of the entry that set a deadline that stands, by its name."""
        held = self.deadline(name)
        return None if held is None else held.generation

    def task(self, name: str) -> TaskHeld:
        """A task that stands, by its name; refuses one that does not."""
        for held in self.tasks:
            if held.task == name:
                return held
        open_now = ", ".join(held.task for held in self.tasks) or "none"
        raise UnknownTask(f"There is no task “{name[:80]}” now; there are: {open_now}.")

    def approved_by(self, step: str, since: int) -> Iterator[ApprovalHeld]:
        """The approvals of a step given after the entry of this version."""
        for held in self.approvals:
            if held.step == step and held.version > since:
                yield held

    def as_read(self, scope: Scope) -> Self:
        """The case as a reader knows it; the same for every reader who may read the case, unless
        the aggregate says otherwise."""
        return self

    @classmethod
    def own(cls, event: type[Told]) -> type[Told]:
        """The type by which an event of any case is recorded of this aggregate."""
        return cast("type[Told]", cls.own_events.get(event, event))

    # -- folding

    @classmethod
    def begin(cls, entry: Entry) -> Self:
        """The state after a case's first entry, as far as its facts go."""
        raise NotImplementedError

    @classmethod
    def fold(cls, entries: Iterable[Entry], state: Self | None = None) -> Self | None:
        """The state that entries of one case add up to, on top of `state`; None if there are
        none."""
        for entry in entries:
            if state is None:
                state = cls.begin(entry)
                state.follow(entry)
            else:
                state.apply(entry)
        return state

    def clone(self) -> Self:
        """A copy that further entries of this one leave as it is."""
        other = copy(self)
        for name in _collections(type(self)):
            setattr(other, name, getattr(self, name).copy())
        return other

    def apply(self, entry: Entry) -> None:
        """Adds one entry: its facts, then what the procedure said follows from them."""
        event = entry.event
        assert isinstance(event, CaseEvent)
        event.apply(self, entry)
        self.follow(entry)

    def follow(self, entry: Entry) -> None:
        """Applies what the procedure decided for an entry: states, effects, and whose hand it
        was."""
        stamp = entry.stamp
        self.version = entry.version
        self.move(stamp.left, stamp.entered)
        event = entry.event
        assert isinstance(event, CaseEvent)
        if stamp.speaker.role == CLOCK:
            self.fired_in_a_row += 1
        elif self.fired_in_a_row:
            self.fired_in_a_row = 0
        if not event.begins:
            self._by_hand(event, entry)
        for effect in stamp.effects:
            self._affect(effect, entry)
        visibility, readers = stamp.visibility, event.readers
        if NARROWNESS[visibility] > NARROWNESS[self.visibility] or (
            self.visibility is Visibility.CONFIDENTIAL and self.institution not in readers
        ):
            self.narrower.append(Narrower(entry.version, visibility, readers))

    def _by_hand(self, event: CaseEvent, entry: Entry) -> None:
        """Remembers whose hand took a step: on the case, and on the thing that it is about."""
        step = event.step_name
        self.hands[step] = HandHeld.of(entry, None)
        about = event.thing(entry.version)
        if about is not None:
            key = hand_on(step, about)
            self.hands[key] = HandHeld.of(entry, self.hands.get(key))
        if self.approvals:
            self.approvals = [held for held in self.approvals if held.step != step]
        if isinstance(event, StepTaken):
            held = StepHeld(
                version=entry.version,
                step=step,
                data=tuple(datum for datum in event.data if datum.value is not None),
                left=entry.stamp.left,
                entered=entry.stamp.entered,
            )
            self.taken = [*self.taken, held][-taken_max:]

    def done_since(self, earlier: Any) -> dict[str, Any]:
        """What the procedure has done by itself since the case stood so, as `SetBack` says it."""
        return {"resumed": earlier.suspended is None and self.suspended is not None}

    def set_back(self, to: SetBack) -> None:
        """Stands again as it did before a deadline passed."""
        self.taken = [held for held in self.taken if held.version < to.since]
        if to.resumed:
            self.suspended = None

    def unfill(self, version: int) -> None:
        """What a struck step filled in counts no more: what the step said before it does. Nobody's
        hand is that of a struck step."""
        gone = next((held for held in self.taken if held.version == version), None)
        self.hands = {key: hand for key, hand in self.hands.items() if hand.version != version}
        if gone is None:
            return
        self.taken = [held for held in self.taken if held.version != version]
        for datum in gone.data:
            self.data.pop(f"{gone.step}.{datum.field}", None)
        for held in self.taken:
            if held.step == gone.step:
                self.fill_in(held.step, held.data)

    def move(self, left: tuple[str, ...], entered: tuple[str, ...]) -> None:
        """Leaves and enters states of the procedure; the rest stay as they are."""
        if left or entered:
            self.states = sorted({*self.states}.difference(left).union(entered))

    def fill_in(self, step: str, data: tuple[StepDatum, ...]) -> None:
        """Keeps what a form said in the open, by step and field."""
        for datum in data:
            if datum.value is not None:
                self.data[f"{step}.{datum.field}"] = datum.value

    def come_after(self, entry: Entry) -> None:
        """Comes where an entry led that is not told here: to its states, with what it ended
        ended."""
        self.move(entry.stamp.left, entry.stamp.entered)
        for effect in entry.stamp.effects:
            if isinstance(effect, (TaskEnded, DeadlineLifted, DeadlineDropped)):
                self._affect(effect, entry)

    def _affect(self, effect: Any, entry: Entry) -> None:
        match effect:
            case DeadlineSet():
                self._without(effect.deadline)
                self.deadlines.append(DeadlineHeld(**_fields(effect)))
            case DeadlineLifted():
                self._without(effect.deadline)
                if effect.deadline in self.resting:
                    self.resting = [name for name in self.resting if name != effect.deadline]
            case DeadlinePaused():
                self._change(effect.deadline, status=DeadlineStatus.PAUSED, paused=effect.on)
            case DeadlineKept():
                self._change(effect.deadline, fact=effect.fact, basis=effect.basis)
            case RestUntil():
                if self.suspended is not None:
                    self.suspended = msgspec.structs.replace(self.suspended, wakes=effect.at)
            case DeadlineDropped():
                self._change(effect.deadline, status=DeadlineStatus.DROPPED)
            case TaskOpened():
                self.tasks = [held for held in self.tasks if held.task != effect.task]
                self.tasks.append(TaskHeld(opened=entry.version, **_fields(effect)))
            case TaskEnded():
                self.tasks = [held for held in self.tasks if held.task != effect.task]
            case Remembered(state=state, states=()):
                self.remembered.pop(state, None)
            case Remembered():
                self.remembered[effect.state] = effect.states

    def _change(self, deadline: str, **fields: Any) -> None:
        self.deadlines = [
            msgspec.structs.replace(held, **fields) if held.deadline == deadline else held
            for held in self.deadlines
        ]

    def _without(self, deadline: str) -> None:
        self.deadlines = [held for held in self.deadlines if held.deadline != deadline]

    # -- commands

    def ready(self, step: str) -> None:
        """Refuses a step that can't be taken as things stand, whatever it says: what its command
        asks first, and what a list of steps asks before anybody takes one."""
        if (asked := READY.get(step)) is not None:
            asked(self)

    def suspend(
        self,
        stamp: Stamp,
        until: Annotated[
            str | None,
            Meta(
                description="To the end of which day, where that is known: 2026-03-01. Then it "
                "goes on by itself."
            ),
        ] = None,
    ) -> Suspended:
        """Lets follow-up rest; why? Its deadlines stand still."""
        reasoned(stamp, "Suspending")
        self.ready("suspend")
        return self.own(Suspended)(stamp=stamp, until=None if until is None else _day(until))

    def resume(self, stamp: Stamp) -> Resumed:
        """Follow-up goes on; why? Deadlines have the time that was left to them."""
        reasoned(stamp, "Resuming")
        self.ready("resume")
        return self.own(Resumed)(stamp=stamp)

    def wake(self, stamp: Stamp) -> Resumed:
        """Takes follow-up up again when the day has passed until which it was to rest."""
        return self.own(Resumed)(stamp=stamp)

    def extend_deadline(
        self,
        stamp: Stamp,
        deadline: DeadlineName,
        until: Annotated[str, Meta(description="The day by whose end it is due: 2026-03-01.")],
    ) -> DeadlineExtended:
        """Gives more time; why?"""
        reasoned(stamp, "Extending a deadline")
        self.ready("extend-deadline")
        held = self._deadline(deadline)
        if held.status is DeadlineStatus.PAUSED:
            raise InvalidInput("The clock stands still while it is suspended: resume it first.")
        if _day(until) <= held.day:
            raise InvalidInput(f"It is due by {held.day} already: name a later day.")
        return self.own(DeadlineExtended)(stamp=stamp, deadline=deadline, until=until)

    def suspend_deadline(self, stamp: Stamp, deadline: DeadlineName) -> DeadlineSuspended:
        """Lets one deadline rest; why? Its clock stands still, and the case goes on."""
        reasoned(stamp, "Suspending a deadline")
        held = self._deadline(deadline)
        if deadline in self.resting:
            raise AlreadySo(f"The deadline “{deadline}” rests already.")
        if held.status not in (DeadlineStatus.RUNNING, DeadlineStatus.PAUSED):
            raise InvalidInput(
                f"The deadline “{deadline}” is {held.status.value}: it runs no more."
            )
        return self.own(DeadlineSuspended)(stamp=stamp, deadline=deadline)

    def resume_deadline(self, stamp: Stamp, deadline: DeadlineName) -> DeadlineResumed:
        """A deadline that rested alone runs again; why? It has the time that was left."""
        reasoned(stamp, "Resuming a deadline")
        self._deadline(deadline)
        if deadline not in self.resting:
            raise AlreadySo(f"The deadline “{deadline}” does not rest alone.")
        return self.own(DeadlineResumed)(stamp=stamp, deadline=deadline)

    def _deadline(self, name: str) -> DeadlineHeld:
        held = self.deadline(name)
        if held is None:
            now = ", ".join(d.deadline for d in self.deadlines) or "none"
            raise UnknownDeadline(f"There is no deadline “{name[:80]}” now; there are: {now}.")
        return held

    def retry_timers(self, stamp: Stamp) -> TimersRetried:
        """Lets the clock try again what it could not do (see `incidents`); what was mended?"""
        reasoned(stamp, "Trying timers again")
        if self.incident is None:
            raise AlreadySo("No timer of it waits to be tried again.")
        return self.own(TimersRetried)(stamp=stamp)

    def pass_deadline(
        self, stamp: Stamp, held: DeadlineHeld, to: tuple[Addressed, ...] = ()
    ) -> DeadlinePassed:
        """A deadline passes."""
        return self.own(DeadlinePassed)(
            stamp=stamp, deadline=held.deadline, generation=held.generation, to=to
        )

    def remind(self, stamp: Stamp, held: DeadlineHeld, to: tuple[Addressed, ...]) -> Reminded:
        """Reminds those concerned."""
        return self.own(Reminded)(
            stamp=stamp,
            deadline=held.deadline,
            generation=held.generation,
            number=held.reminded + 1,
            to=to,
        )

    def escalate(self, stamp: Stamp, held: DeadlineHeld, to: tuple[Addressed, ...]) -> Escalated:
        """Tells others that it is overdue."""
        return self.own(Escalated)(
            stamp=stamp,
            deadline=held.deadline,
            generation=held.generation,
            number=held.escalated + 1,
            to=to,
        )

    def take_step(self, stamp: Stamp, step: str, data: tuple[StepDatum, ...] = ()) -> StepTaken:
        """Takes a step that the State's own procedure has, with what its form asks for."""
        return self.own(StepTaken)(stamp=stamp, step=named(step), data=data)

    def claim_task(self, stamp: Stamp, task: str) -> TaskClaimed:
        """The person who speaks takes a task on; one that another person of the same institution
        has is refused."""
        held, actor = self.task(task), _person(stamp, "claim a task")
        if claim := held.claim_of(stamp.speaker.institution):
            if claim.actor == actor:
                raise AlreadySo("You have claimed this task already.")
            raise TaskClaimedByOther(f"{claim.actor} has claimed this task; ask for its release.")
        return self.own(TaskClaimed)(stamp=stamp, task=task, opened=held.opened)

    def release_task(self, stamp: Stamp, task: str, institution: str) -> TaskReleased:
        """Whoever of an institution has claimed a task does it no more."""
        held = self.task(task)
        if held.claim_of(institution) is None:
            raise AlreadySo(f"Nobody of {institution} has claimed this task.")
        return self.own(TaskReleased)(
            stamp=stamp, task=task, opened=held.opened, released=institution
        )

    def delegate_task(self, stamp: Stamp, task: str, to: str) -> TaskDelegated:
        """Another person of the same institution does the task from now on."""
        held = self.task(task)
        claim = held.claim_of(stamp.speaker.institution)
        if claim is not None and claim.actor == named(to):
            raise AlreadySo(f"{to} has this task already.")
        return self.own(TaskDelegated)(stamp=stamp, task=task, opened=held.opened, to=named(to))

    def remark(
        self,
        stamp: Stamp,
        words: Annotated[Protected, Meta(description="The comment. It can be erased later.")],
    ) -> Remarked:
        """Remarks something for those who work on it: a comment that changes nothing. Read inside
        the State, unless said otherwise."""
        return self.own(Remarked)(stamp=stamp, words=words)

    def approve(
        self, stamp: Stamp, step: str, content: str, words: Protected | None = None
    ) -> StepApproved:
        """A person approves that a step be taken; `content` is the SHA-256 of what it says in the
        open, `words` that of its free texts. The same twice by the same person is refused, where
        it has no free texts."""
        actor = _person(stamp, "approve")
        mine = [held.content for held in self.approved_by(step, 0) if held.actor == actor]
        if (content in mine and words is None) or None in mine:
            raise AlreadySo(f"You have approved “{step[:80]}” already.")
        if len(self.approvals) >= approvals_max:
            raise LimitExceeded(f"A case may have {approvals_max} open approvals.")
        return self.own(StepApproved)(stamp=stamp, step=named(step), content=content, words=words)

    def migrate(
        self,
        stamp: Stamp,
        before: str,
        after: str,
        states: tuple[StateMapped, ...] = (),
        deadlines: DeadlinePolicy = DeadlinePolicy.KEEP,
        overrides: tuple[DeadlineTreated, ...] = (),
        data: tuple[StepDatum, ...] = (),
    ) -> Migrated:
        """The case goes on under another procedure, `after`; both are named by their SHA-256."""
        if before == after:
            raise AlreadySo("It is under this procedure already.")
        return self.own(Migrated)(
            stamp=msgspec.structs.replace(stamp, definition=after),
            before=before,
            states=states,
            deadlines=deadlines,
            overrides=overrides,
            data=data,
        )


def _not_suspended(case: Case) -> None:
    if case.suspended is not None:
        raise AlreadySo("It is suspended already.")


def _suspended(case: Case) -> None:
    if case.suspended is None:
        raise AlreadySo("It is not suspended.")


def _has_deadline(case: Case) -> None:
    if not case.deadlines:
        raise UnknownDeadline("No deadline runs now.")
    if all(held.status is DeadlineStatus.PAUSED for held in case.deadlines):
        raise InvalidInput("The clock stands still while it is suspended: resume it first.")


READY: dict[str, Callable[[Any], None]] = {
    "suspend": _not_suspended,
    "resume": _suspended,
    "extend-deadline": _has_deadline,
}
"""Step → what must be so before it, whatever it says."""

_fields = msgspec.structs.asdict


@cache
def _collections(case: type[Case]) -> tuple[str, ...]:
    fields = msgspec.structs.fields(case)
    return tuple(field.name for field in fields if get_origin(field.type) in (list, dict))


CASE_EVENTS: tuple[type[CaseEvent], ...] = (
    Suspended,
    Resumed,
    DeadlineExtended,
    DeadlinePassed,
    Reminded,
    Escalated,
    IncidentRaised,
    TimersRetried,
    SetBack,
    DeadlineSuspended,
    DeadlineResumed,
    TaskClaimed,
    TaskReleased,
    TaskDelegated,
    Remarked,
    Approved,
    StepApproved,
    StepTaken,
    Migrated,
)
"""What becomes of any case, as it is recorded of recommendations."""

BESIDE = frozenset(event.by_step for event in CASE_EVENTS if event.beside)
"""Steps beside every procedure."""


def events_of(word: str) -> dict[type[CaseEvent], type[CaseEvent]]:
    """The events of any case under the topics of an aggregate, such as `measure.suspended.v1`. They
    have the fields of those of recommendations and mean the same."""
    return {event: _under(word, event) for event in CASE_EVENTS if event is not Approved}


def _under(word: str, event: type[CaseEvent]) -> type[CaseEvent]:
    name = event.topic.partition(".")[2]
    said = {"topic": f"{word}.{name}", "__doc__": event.__doc__, "__module__": event.__module__}
    kind: Any = type(event)
    own: type[CaseEvent] = kind(word.capitalize() + event.__name__, (event,), said, frozen=True)
    return own


def hand_on(step: str, subject: int) -> str:
    """Under what name a case remembers whose hand took a step on one thing of several."""
    return f"{step} {subject}"


def _claimed(held: TaskHeld, entry: Entry, actor: str) -> tuple[Claim, ...]:
    mine = entry.stamp.speaker.institution
    others = tuple(claim for claim in held.claims if claim.institution != mine)
    return (*others, Claim(institution=mine, actor=actor, version=entry.version))


def _person(stamp: Stamp, what: str) -> str:
    actor = stamp.speaker.actor
    if actor is None:
        raise FourEyes(f"Only a person can {what}: name `actor`, by pseudonym.")
    return actor


def _day(on: str) -> str:
    if not is_date(on) or last_day(on) != on:
        message = f"`until`: “{on[:40]}” is not a day: write 2026-03-01."
        raise InvalidInput(message, field="until")
    return on
