"""A review: one State before one body, once; the Universal Periodic Review in a cycle, a treaty
body in a reporting round.

Here stand the dates and documents that recommendations point to: the dialogue, the report, the
addendum with the answers, the adoption. A session of the Working Group (or of a committee) is not a
session of the Council (domain rule 9); answers are due by a date, and a date that passes changes
nothing by itself (domain rules 2 and 10).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

from domain.entry import Effective, Entry, Event, Stamp, Stored, Visibility, dated, named, reasoned
from domain.identity import NAMESPACE, normal_symbol
from domain.refusals import AlreadySo, HasEnded, InvalidInput, LimitExceeded
from domain.words import DocumentKind, Mechanism, ReviewStatus

documents_max = 200
title_chars_max = 1_000
cycle_max = 999

# --- Events (the archive's format: frozen) -------------------------------------------------------


class ReviewDocument(Stored, frozen=True):
    """A document of the review."""

    kind: DocumentKind
    """Its place in the review, such as the State's report or the decision."""
    symbol: str
    date: str | None = None
    """Its date: a day, month or year; null where it is not known."""
    title: str | None = None
    """Its title as printed; null where nobody gave it."""


class ReviewEvent(Event, frozen=True):
    """Base of a review's events."""

    def apply(self, r: Review, entry: Entry) -> None:
        """Adds what this event says to the state."""


class ReviewOpened(ReviewEvent, frozen=True):
    """A review is under way or to come."""

    topic: ClassVar[str] = "review.opened.v1"

    mechanism: Mechanism
    body: str
    cycle: int | None = None
    """Cycle of the Universal Periodic Review; null for other bodies."""
    round: int | None = None
    """Reporting round, of combined reports the later one; null for the Universal Periodic
    Review."""
    session: str | None = None
    reviewed: str | None = None
    """The date of the dialogue: a day, month or year; null where nobody said."""


class ReviewScheduled(ReviewEvent, frozen=True):
    """Sessions and dates were set, or set anew; what is null stays as it was."""

    topic: ClassVar[str] = "review.scheduled.v1"

    session: str | None = None
    """Session of the Working Group or of the body, not of the Council; null where it stays."""
    reviewed: str | None = None
    """The date of the dialogue: a day, month or year; null where it stays."""
    council_session: str | None = None
    """Session of the Human Rights Council that is to adopt the outcome; null where it stays."""
    answers_due: str | None = None
    """The day by which the State is to answer; a day that passes changes nothing."""

    def apply(self, r: Review, entry: Entry) -> None:
        r.session = self.session or r.session
        r.reviewed = self.reviewed or r.reviewed
        r.council_session = self.council_session or r.council_session
        r.answers_due = self.answers_due or r.answers_due


class ReviewDocumentAdded(ReviewEvent, frozen=True):
    """A document of the review appeared; under a symbol it has already, it takes that one's
    place."""

    topic: ClassVar[str] = "review.document-added.v1"

    document: ReviewDocument
    """The document; it replaces one of the same symbol."""

    def apply(self, r: Review, entry: Entry) -> None:
        symbol = normal_symbol(self.document.symbol)
        others = [held for held in r.documents if normal_symbol(held.symbol) != symbol]
        r.documents = [*others, self.document]


class ReviewAdopted(ReviewEvent, frozen=True):
    """The outcome was adopted."""

    topic: ClassVar[str] = "review.adopted.v1"

    council_session: str | None = None
    """The session of the Human Rights Council that adopted it; null where none did, or nobody
    said."""
    decision: str | None = None
    """Symbol of the decision, such as A/HRC/DEC/59/112; null where nobody said."""

    def apply(self, r: Review, entry: Entry) -> None:
        r.status = ReviewStatus.ADOPTED
        r.adopted = self.stamp.effective
        r.council_session = self.council_session or r.council_session
        r.decision = self.decision


class ReviewClosed(ReviewEvent, frozen=True):
    """The review is over. Its recommendations stay as they are."""

    topic: ClassVar[str] = "review.closed.v1"

    def apply(self, r: Review, entry: Entry) -> None:
        r.status = ReviewStatus.CLOSED


class ReviewReopened(ReviewEvent, frozen=True):
    """The review was taken up again, as far as it had come."""

    topic: ClassVar[str] = "review.reopened.v1"

    def apply(self, r: Review, entry: Entry) -> None:
        r.status = ReviewStatus.OPEN if r.adopted is None else ReviewStatus.ADOPTED


EVENTS: tuple[type[ReviewEvent], ...] = (
    ReviewOpened,
    ReviewScheduled,
    ReviewDocumentAdded,
    ReviewAdopted,
    ReviewClosed,
    ReviewReopened,
)

# --- State ---------------------------------------------------------------------------------------


class Review(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One State before one body: a cycle of the UPR, a reporting round."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    mechanism: Mechanism
    body: str
    cycle: int | None = None
    round: int | None = None
    status: ReviewStatus = ReviewStatus.OPEN
    """Whether it is open, its outcome is adopted, or it is over."""
    session: str | None = None
    reviewed: str | None = None
    """The date of the dialogue: a day, month or year; null where nobody said."""
    council_session: str | None = None
    """Session of the Human Rights Council that adopts, or adopted, the outcome; null where nobody
    said."""
    answers_due: str | None = None
    adopted: Effective | None = None
    """When the outcome was adopted; null before."""
    decision: str | None = None
    documents: list[ReviewDocument] = []
    """Its documents in the order in which they were recorded."""

    def schedule(
        self,
        stamp: Stamp,
        *,
        session: str | None = None,
        reviewed: str | None = None,
        council_session: str | None = None,
        answers_due: str | None = None,
    ) -> ReviewScheduled:
        """Sets sessions and dates of a review. Others stay as they are."""
        self._goes_on()
        event = ReviewScheduled(
            stamp=stamp,
            session=_optional(session),
            reviewed=dated(reviewed, "reviewed"),
            council_session=self._of_the_council(council_session),
            answers_due=dated(answers_due, "answersDue"),
        )
        said = session, reviewed, council_session, answers_due
        held = self.session, self.reviewed, self.council_session, self.answers_due
        if not any(said):
            raise InvalidInput("Scheduling sets something: give a session or a date.")
        if all(new in (None, old) for new, old in zip(said, held, strict=True)):
            raise AlreadySo("The review is scheduled like that already.")
        return event

    def add_document(self, stamp: Stamp, document: ReviewDocument) -> ReviewDocumentAdded:
        """Adds a document, or puts what is known of one right; of a closed review too, because
        documents are found late."""
        symbol = normal_symbol(named(document.symbol))
        dated(document.date, "date")
        if document.title is not None and not 0 < len(document.title.strip()) <= title_chars_max:
            raise InvalidInput(f"A title has between 1 and {title_chars_max:,} characters.")
        if document in self.documents:
            raise AlreadySo(f"{document.symbol} is recorded like that already.")
        if len(self.documents) >= documents_max and symbol not in {
            normal_symbol(held.symbol) for held in self.documents
        }:
            raise LimitExceeded(f"A review may have {documents_max} documents.")
        return ReviewDocumentAdded(stamp=stamp, document=document)

    def adopt(
        self,
        stamp: Stamp,
        *,
        council_session: Annotated[
            str | None,
            Meta(description="Session of the Human Rights Council that adopted the outcome."),
        ] = None,
        decision: Annotated[str | None, Meta(description="Symbol of the decision.")] = None,
    ) -> ReviewAdopted:
        """The outcome of a review is adopted; effectiveOn says when."""
        self._goes_on()
        if self.adopted is not None:
            raise AlreadySo("The outcome of this review is adopted already.")
        return ReviewAdopted(
            stamp=stamp,
            council_session=self._of_the_council(council_session),
            decision=_optional(decision),
        )

    def close(self, stamp: Stamp) -> ReviewClosed:
        """Closes the review; a closed one is refused."""
        if self.status is ReviewStatus.CLOSED:
            raise AlreadySo("This review is closed already.")
        return ReviewClosed(stamp=stamp)

    def reopen(self, stamp: Stamp) -> ReviewReopened:
        """Takes a closed review up again; why?"""
        reasoned(stamp, "Reopening")
        if self.status is not ReviewStatus.CLOSED:
            raise AlreadySo("This review is not closed.")
        return ReviewReopened(stamp=stamp)

    def _goes_on(self) -> None:
        if self.status is ReviewStatus.CLOSED:
            raise HasEnded("This review is closed; reopen it first.")

    def _of_the_council(self, session: str | None) -> str | None:
        if session is not None and self.mechanism is not Mechanism.UPR:
            raise InvalidInput(
                "Only the Universal Periodic Review goes to a session of the Council."
            )
        return _optional(session)


def review_id(addressee: str, body: str, cycle: int | None, round: int | None) -> UUID:
    """The id of the review of `addressee` by `body` in that cycle or reporting round.

    Frozen: the same review has the same id in every installation. One of the two is given.
    """
    if (cycle is None) == (round is None):
        raise InvalidInput("A review belongs to a cycle or to a reporting round: give one of them.")
    number = cycle if round is None else round
    key = ("review", addressee.upper(), normal_symbol(body), str(number))
    return uuid5(NAMESPACE, "\x1f".join(key))


def review_of(addressee: str, mechanism: Mechanism, body: str, number: int | None) -> UUID | None:
    """The id of the review that a recommendation was made in: of that cycle, or where the body has
    none, of that reporting round."""
    if number is None:
        return None
    cycle, round = (number, None) if mechanism is Mechanism.UPR else (None, number)
    return review_id(addressee, body, cycle, round)


def open_review(
    stamp: Stamp,
    *,
    addressee: str,
    mechanism: Mechanism,
    body: str,
    cycle: int | None = None,
    round: int | None = None,
    session: str | None = None,
    reviewed: str | None = None,
) -> tuple[UUID, ReviewOpened]:
    """Opens a review.

    Its id is minted from what it is."""
    id = review_id(addressee, named(body), cycle, round)
    if (mechanism is Mechanism.UPR) == (cycle is None):
        raise InvalidInput("The Universal Periodic Review has cycles, every other body has rounds.")
    if not 1 <= (cycle or round or 0) <= cycle_max:
        raise InvalidInput(f"Cycles and rounds count from 1 to {cycle_max}.")
    event = ReviewOpened(
        stamp=stamp,
        mechanism=mechanism,
        body=body,
        cycle=cycle,
        round=round,
        session=_optional(session),
        reviewed=dated(reviewed, "reviewed"),
    )
    return id, event


def add_document(
    r: Review,
    stamp: Stamp,
    kind: Annotated[
        DocumentKind, Meta(description="Its role in the review, such as the Group's report.")
    ],
    symbol: str,
    date: Annotated[
        str | None, Meta(description="The date that it bears: a day, month or year.")
    ] = None,
    title: Annotated[str | None, Meta(description="Its title, as printed.")] = None,
) -> ReviewDocumentAdded:
    """Adds a document to a review, or puts one right."""
    return r.add_document(stamp, ReviewDocument(kind=kind, symbol=symbol, date=date, title=title))


def begin(entry: Entry) -> Review:
    """The state after a review's first entry."""
    event = entry.event
    assert isinstance(event, ReviewOpened), "a review's first entry is ReviewOpened"
    return Review(
        id=entry.stream,
        addressee=entry.addressee,
        version=entry.version,
        visibility=event.stamp.visibility,
        institution=event.stamp.speaker.institution,
        mechanism=event.mechanism,
        body=event.body,
        cycle=event.cycle,
        round=event.round,
        session=event.session,
        reviewed=event.reviewed,
    )


def fold(entries: Iterable[Entry], state: Review | None = None) -> Review | None:
    """The review that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        if state is None:
            state = begin(entry)
        elif isinstance(entry.event, ReviewEvent):
            entry.event.apply(state, entry)
            state.version = entry.version
    return state


def _optional(name: str | None) -> str | None:
    return None if name is None else named(name)
