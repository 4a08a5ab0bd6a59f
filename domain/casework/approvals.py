"""Approvals of a step by other persons, before it is taken."""

from __future__ import annotations

from typing import ClassVar

from domain.casework.event import CaseEvent
from domain.casework.held import ApprovalHeld
from domain.casework.state import Case
from domain.casework.tasks import person
from domain.entry import Entry, Protected, Stamp, named
from domain.refusals import AlreadySo, LimitExceeded

approvals_max = 200


# --- Events (the archive's format: frozen) -------------------------------------------------------


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
    part_of: ClassVar[str] = "step"

    content: str
    """SHA-256, in hex, of what the step says in the open and of the draft that it is about."""
    words: Protected | None = None
    """The protected texts that are approved; null where the step has none."""

    @property
    def what(self) -> tuple[str | None, str | None]:
        return self.content, None if self.words is None else self.words.commitment

    def again(self, case: Case, stamp: Stamp) -> CaseEvent:
        return approve(case, stamp, self.step, self.content, self.words)


# --- Commands ------------------------------------------------------------------------------------


def approve(
    case: Case, stamp: Stamp, step: str, content: str, words: Protected | None = None
) -> StepApproved:
    """A person approves that a step be taken; `content` is the SHA-256 of what it says in the
    open, `words` that of its free texts. The same twice by the same person is refused, where
    it has no free texts."""
    actor = person(stamp, "approve")
    mine = [held.content for held in case.approved_by(step, 0) if held.actor == actor]
    if (content in mine and words is None) or None in mine:
        raise AlreadySo(f"You have approved “{step[:80]}” already.")
    if len(case.approvals) >= approvals_max:
        raise LimitExceeded(f"A case may have {approvals_max} open approvals.")
    return case.own(StepApproved)(stamp=stamp, step=named(step), content=content, words=words)
