"""The second dimension: which institutions have it, by offer or by decree, and what becomes of
that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from domain.casework import CaseEvent
from domain.entry import Entry, Stamp, dated, named, reasoned
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.held import Assignment
from domain.recommendation.state import Recommendation
from domain.refusals import AlreadySo, LimitExceeded, UnknownAssignment
from domain.words import AssignmentStatus, Capacity

assignments_max = 200

Decree = Annotated[str | None, Meta(description="The decree or decision, by name.")]
AssignmentId = Annotated[int, Meta(description="The assignment's id, or its number.")]
Assignee = Annotated[str, Meta(description="Code of the institution that is to take it on.")]


# --- Events (the archive's format: frozen) -------------------------------------------------------


class AssignmentOpened(RecommendationEvent, frozen=True):
    """Base of the two ways an assignment begins. Its id is the version of this entry."""

    assignee: str
    """Code of the institution that gets the assignment."""
    capacity: Capacity
    """Whether the institution leads or supports."""
    instrument: str | None = None

    status: ClassVar[AssignmentStatus]

    @property
    def addressed(self) -> tuple[str, ...]:
        return (self.assignee,)

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.assignments.append(
            Assignment(
                id=entry.version,
                institution=self.assignee,
                capacity=self.capacity,
                status=self.status,
                part=self.stamp.part,
                since=self.stamp.effective,
                instrument=self.instrument,
                visibility=self.stamp.visibility,
                assigned_by=self.stamp.speaker.institution,
                answer_due=self.due_by(),
            )
        )

    def thing(self, version: int) -> int | None:
        return version

    def due_by(self) -> str | None:
        """By when the institution answers; a decree asks for no answer."""
        return None


class AssignmentOffered(AssignmentOpened, frozen=True):
    """An institution was asked to take it on; it accepts, declines, or lets the offer lapse."""

    topic: ClassVar[str] = "recommendation.assignment-offered.v1"
    by_step: ClassVar[str] = "offer-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.OFFERED

    answer_due: str | None = None
    """The last day for its answer; null where none is set."""

    def due_by(self) -> str | None:
        return self.answer_due

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return offer(r, stamp, self.assignee, self.capacity, self.instrument, self.answer_due)


class AssignmentDecreed(AssignmentOpened, frozen=True):
    """An institution was assigned by decree."""

    topic: ClassVar[str] = "recommendation.assignment-decreed.v1"
    by_step: ClassVar[str] = "decree-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ASSIGNED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return decree(r, stamp, self.assignee, self.capacity, self.instrument)


class AssignmentChanged(RecommendationEvent, frozen=True):
    """Base of what happens to an assignment, named by the version of the entry that opened it."""

    assignment: int
    """The assignment's id: the version of the entry that opened it."""

    status: ClassVar[AssignmentStatus]

    def about(self, r: Recommendation) -> int | None:
        return self.assignment

    def thing(self, version: int) -> int | None:
        return self.assignment

    def met_by(self, told: Recommendation, whole: Recommendation) -> None:
        mine = whole.assignment(self.assignment)
        if mine.id not in {one.id for one in told.assignments}:
            told.assignments += [mine]

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.assignments = [
            msgspec.structs.replace(a, status=self.status, since=self.stamp.effective)
            if a.id == self.assignment
            else a
            for a in r.assignments
        ]


class AssignmentAccepted(AssignmentChanged, frozen=True):
    """The institution took on what it was offered."""

    topic: ClassVar[str] = "recommendation.assignment-accepted.v1"
    by_step: ClassVar[str] = "accept-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ASSIGNED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return accept(r, stamp, self.assignment)


class AssignmentDeclined(AssignmentChanged, frozen=True):
    """The institution declined, with a reason."""

    topic: ClassVar[str] = "recommendation.assignment-declined.v1"
    by_step: ClassVar[str] = "decline-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.DECLINED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return decline(r, stamp, self.assignment)


class AssignmentLapsed(AssignmentChanged, frozen=True):
    """The offer was met by silence until it lapsed."""

    topic: ClassVar[str] = "recommendation.assignment-lapsed.v1"
    by_step: ClassVar[str] = "lapse-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.LAPSED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return lapse(r, stamp, self.assignment)


class AssignmentEnded(AssignmentChanged, frozen=True):
    """The assignment ended."""

    topic: ClassVar[str] = "recommendation.assignment-ended.v1"
    by_step: ClassVar[str] = "end-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ENDED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return end(r, stamp, self.assignment)


class AssignmentHandedOver(AssignmentChanged, frozen=True):
    """The assignment passed to another institution; a new one begins with this entry."""

    topic: ClassVar[str] = "recommendation.assignment-handed-over.v1"
    by_step: ClassVar[str] = "hand-over-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.HANDED_OVER

    to: str
    """Code of the institution that takes it over."""
    instrument: str | None = None

    @property
    def addressed(self) -> tuple[str, ...]:
        return (self.to,)

    def apply(self, r: Recommendation, entry: Entry) -> None:
        before = r.assignment(self.assignment)
        super().apply(r, entry)
        r.assignments.append(
            msgspec.structs.replace(
                before,
                id=entry.version,
                institution=self.to,
                status=AssignmentStatus.ASSIGNED,
                since=self.stamp.effective,
                instrument=self.instrument,
                visibility=self.stamp.visibility,
                assigned_by=self.stamp.speaker.institution,
            )
        )

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return hand_over(r, stamp, self.assignment, self.to, self.instrument)


# --- Commands ------------------------------------------------------------------------------------


def offer(
    r: Recommendation,
    stamp: Stamp,
    institution: Assignee,
    capacity: Capacity = Capacity.LEAD,
    instrument: Decree = None,
    answer_due: str | None = None,
) -> AssignmentOffered:
    """Offers it to an institution, which accepts or declines."""
    _assignable(r, institution, stamp.part)
    return AssignmentOffered(
        stamp=stamp,
        assignee=institution,
        capacity=capacity,
        instrument=instrument,
        answer_due=dated(answer_due, "answerDue"),
    )


def decree(
    r: Recommendation,
    stamp: Stamp,
    institution: Assignee,
    capacity: Capacity = Capacity.LEAD,
    instrument: Decree = None,
) -> AssignmentDecreed:
    """Assigns it to an institution by decree."""
    _assignable(r, institution, stamp.part)
    return AssignmentDecreed(
        stamp=stamp, assignee=institution, capacity=capacity, instrument=instrument
    )


def accept(r: Recommendation, stamp: Stamp, assignment: AssignmentId) -> AssignmentAccepted:
    """The institution accepts what it was offered."""
    _offered(r)
    _that_is(r, assignment, AssignmentStatus.OFFERED)
    return AssignmentAccepted(stamp=stamp, assignment=assignment)


def decline(r: Recommendation, stamp: Stamp, assignment: AssignmentId) -> AssignmentDeclined:
    """The institution declines what it was offered; why?"""
    reasoned(stamp, "Declining")
    _offered(r)
    _that_is(r, assignment, AssignmentStatus.OFFERED)
    return AssignmentDeclined(stamp=stamp, assignment=assignment)


def lapse(r: Recommendation, stamp: Stamp, assignment: AssignmentId) -> AssignmentLapsed:
    """The offer lapsed in silence."""
    _offered(r)
    _that_is(r, assignment, AssignmentStatus.OFFERED)
    return AssignmentLapsed(stamp=stamp, assignment=assignment)


def end(r: Recommendation, stamp: Stamp, assignment: AssignmentId) -> AssignmentEnded:
    """The assignment ends; why?"""
    reasoned(stamp, "Ending an assignment")
    _assigned(r)
    _that_is(r, assignment, AssignmentStatus.ASSIGNED)
    return AssignmentEnded(stamp=stamp, assignment=assignment)


def hand_over(
    r: Recommendation,
    stamp: Stamp,
    assignment: AssignmentId,
    to: Annotated[str, Meta(description="The institution that takes it over.")],
    instrument: Decree = None,
) -> AssignmentHandedOver:
    """The assignment passes to another institution."""
    _assigned(r)
    before = _that_is(r, assignment, AssignmentStatus.ASSIGNED)
    _assignable(r, to, before.part)
    return AssignmentHandedOver(stamp=stamp, assignment=assignment, to=to, instrument=instrument)


def _assignable(r: Recommendation, institution: str, part: str | None) -> None:
    named(institution)
    _may_be_assigned(r)
    for a in r.assignments:
        open_now = a.status in (AssignmentStatus.OFFERED, AssignmentStatus.ASSIGNED)
        if open_now and (a.institution, a.part) == (institution, part):
            raise AlreadySo(f"{institution} is {a.status.value} already (assignment {a.id}).")


def _that_is(r: Recommendation, id: int, status: AssignmentStatus) -> Assignment:
    a = r.assignment(id)
    if a.status is not status:
        raise UnknownAssignment(f"Assignment {id} is {a.status.value}, not {status.value}.")
    return a


# --- What must be so before a command, whatever it says ------------------------------------------


def _may_be_assigned(r: Recommendation) -> None:
    if len(r.assignments) >= assignments_max:
        raise LimitExceeded(f"A recommendation may have {assignments_max} assignments.")


def _an_assignment(status: AssignmentStatus) -> Callable[[Recommendation], None]:
    def asked(r: Recommendation) -> None:
        if all(a.status is not status for a in r.assignments):
            raise UnknownAssignment(f"No assignment is {status.value} now.")

    return asked


_offered = _an_assignment(AssignmentStatus.OFFERED)
_assigned = _an_assignment(AssignmentStatus.ASSIGNED)


READY: dict[str, Callable[[Recommendation], None]] = {
    "offer-assignment": _may_be_assigned,
    "decree-assignment": _may_be_assigned,
    "accept-assignment": _offered,
    "decline-assignment": _offered,
    "lapse-assignment": _offered,
    "hand-over-assignment": _assigned,
    "end-assignment": _assigned,
}
