"""The first dimension: the position that the State takes, in the Universal Periodic Review only;
before other bodies it comments. Which position is in force: `Recommendation.current_position`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, Protected, Stamp, dated
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.held import PositionHeld
from domain.recommendation.state import Recommendation
from domain.refusals import AlreadySo, InvalidInput, NoPositionHere
from domain.words import Answer, Kind, Mechanism, Organ

# --- Events (the archive's format: frozen) -------------------------------------------------------


class PositionTaken(RecommendationEvent, frozen=True):
    """The State took a position, or revised an earlier one. `effectiveOn` is when it expressed it,
    `source` the citation as printed."""

    topic: ClassVar[str] = "recommendation.position-taken.v1"
    by_step: ClassVar[str] = "take-position"

    answer: Answer
    """Supported or noted."""
    organ: Organ
    """Where the State expressed it."""
    instrument: str | None = None
    """The document in which the State expressed it; null where none is known."""
    printed: str | None = None
    """The wording of the answer, as printed; null where there is none."""
    in_part: bool = False
    """True where the answer is to a part of the text only."""
    said_already_implemented: bool = False
    """True where the State says that it is implemented already: a claim, not an assessment."""
    published: str | None = None
    """The day on which the document appeared; null where it is `effectiveOn` or unknown."""
    adopted: str | None = None
    """The day on which the outcome was adopted; null where it is `effectiveOn` or unknown."""
    comment: Protected | None = None
    """The State's comment on its answer; null where there is none."""
    doubt: str | None = None
    """Why the citation as printed cannot be right; null where nothing is in doubt."""
    revises: int | None = None
    """The version of the entry with the earlier position; null for a first one."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.positions.append(
            PositionHeld(
                version=entry.version,
                answer=self.answer,
                on=self.stamp.effective.order,
                part=self.stamp.part,
                instrument=self.instrument,
            )
        )


class PositionDeferred(RecommendationEvent, frozen=True):
    """The State will answer later. A deadline that passes never produces a position."""

    topic: ClassVar[str] = "recommendation.position-deferred.v1"
    by_step: ClassVar[str] = "defer-position"

    due: str | None = None
    """The day by whose end it will answer; null where only a session is named."""
    session: str | None = None
    """The session by which it will answer; null where only a day is named."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.answer_due = self.due


class StateCommented(RecommendationEvent, frozen=True):
    """The State commented, where the mechanism knows no position."""

    topic: ClassVar[str] = "recommendation.state-commented.v1"
    by_step: ClassVar[str] = "comment"

    comment: Protected
    """The comment, which can be erased."""


# --- Commands ------------------------------------------------------------------------------------


def take(
    r: Recommendation,
    stamp: Stamp,
    answer: Answer,
    *,
    organ: Organ,
    instrument: Annotated[
        str | None, Meta(description="Symbol of the document it is expressed in.")
    ] = None,
    printed: Annotated[str | None, Meta(description="The wording, as printed.")] = None,
    in_part: bool = False,
    published: Annotated[str | None, Meta(description="When it was published.")] = None,
    adopted: Annotated[str | None, Meta(description="When the outcome was adopted.")] = None,
    comment: Annotated[Protected | None, Meta(description="The State's comment.")] = None,
    said_already_implemented: Annotated[
        bool, Meta(description="The State says it is implemented already: its claim.")
    ] = False,
    doubt: str | None = None,
) -> PositionTaken:
    """The State supports or notes it. A later answer revises an earlier one and never wipes it
    out; the very same answer from the same instrument is refused."""
    _of_the_review(r)
    before = r.current_position(stamp.part)
    if before and (before.answer, before.instrument, before.on) == (
        answer,
        instrument,
        stamp.effective.order,
    ):
        raise AlreadySo(f"It is {answer.value} by {instrument or 'the State'} already.")
    return PositionTaken(
        stamp=stamp,
        answer=answer,
        organ=organ,
        instrument=instrument,
        printed=printed,
        in_part=in_part,
        said_already_implemented=said_already_implemented,
        published=dated(published, "published"),
        adopted=dated(adopted, "adopted"),
        comment=comment,
        doubt=doubt,
        revises=before.version if before else None,
    )


def defer(
    r: Recommendation, stamp: Stamp, due: str | None, session: str | None
) -> PositionDeferred:
    """The State will answer later: by a date, by a session, or both."""
    _of_the_review(r)
    if due is None and session is None:
        raise InvalidInput("Say by when the State will answer: a date or a session.")
    return PositionDeferred(stamp=stamp, due=dated(due, "due"), session=session)


def comment(r: Recommendation, stamp: Stamp, comment: Protected) -> StateCommented:
    """The State comments, where the mechanism knows no position."""
    _of_another_body(r)
    return StateCommented(stamp=stamp, comment=comment)


# --- What must be so before a command, whatever it says ------------------------------------------


def _of_the_review(r: Recommendation) -> None:
    if r.mechanism is not Mechanism.UPR:
        raise NoPositionHere(
            f"A {r.mechanism.value} asks for no position; record the State's comment."
        )
    if r.kind is Kind.PLEDGE:
        raise NoPositionHere("A pledge is the State's own word: it asks for no position.")


def _of_another_body(r: Recommendation) -> None:
    if r.mechanism is Mechanism.UPR:
        raise InvalidInput("In the Universal Periodic Review a comment goes with the position.")


READY: dict[str, Callable[[Recommendation], None]] = {
    "take-position": _of_the_review,
    "defer-position": _of_the_review,
    "comment": _of_another_body,
}
