"""A match: a row of a second source, and the recommendation it is or may be.

UPR Info and the Universal Human Rights Index retell what a review already has. Their rows are
matched to it, never recorded beside it; what is uncertain waits for a person, and a match can be
withdrawn (domain rule 20). `scheme` and `key` name the row in its source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import (
    Entry,
    Event,
    RecommendationId,
    Stamp,
    Stored,
    Visibility,
    named,
    reasoned,
    text_chars_max,
)
from domain.identity import NAMESPACE
from domain.recommendation.elements import Recommender, Term
from domain.recommendation.terms import terms_max
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded
from domain.words import Answer, AssertedHow, MatchStatus

candidates_max = 20
recommenders_max = 250
language_chars_max = 35

# --- Events (the archive's format: frozen) -------------------------------------------------------


class MatchCandidate(Stored, frozen=True):
    """A recommendation that a row may be."""

    recommendation: RecommendationId
    """Id of the recorded recommendation."""
    score: int
    """How alike the texts are, in per cent."""


class MatchEvent(Event, frozen=True):
    """Base of a match's events."""

    def apply(self, m: Match, entry: Entry) -> None:
        """Adds what this event says to the state."""


class MatchProposed(MatchEvent, frozen=True):
    """A row of a second source waits to be matched."""

    topic: ClassVar[str] = "match.proposed.v1"

    scheme: str
    """The source, such as `upr-info` or `uhri`."""
    key: str
    """The row's name in its source."""
    text: str
    """The wording, as the source has it."""
    language: str
    recommenders: tuple[Recommender, ...] = ()
    """The recommending States, as the source names them."""
    answer: Answer | None = None
    """The State's position, as the source gives it; null where it gives none."""
    terms: tuple[Term, ...] = ()
    """Terms of vocabularies, as the source gives them."""
    cycle: int | None = None
    """Cycle of the Universal Periodic Review, or reporting round; null where the source gives
    none."""
    session: str | None = None
    """Session of the Working Group or of the body; null where the source gives none."""
    symbol: str | None = None
    """UN symbol of the document; null where the source gives none."""
    paragraph: str | None = None
    """Number of the paragraph; null where the source gives none."""
    candidates: tuple[MatchCandidate, ...] = ()
    """Recommendations that it may be, the likeliest first."""


class MatchMade(MatchEvent, frozen=True):
    """The row is a recorded recommendation."""

    topic: ClassVar[str] = "match.made.v1"

    to: RecommendationId
    """The recommendation."""
    how: AssertedHow
    score: int | None = None
    """How alike the texts are, in per cent; null where nothing was compared."""

    def apply(self, m: Match, entry: Entry) -> None:
        m.status = MatchStatus.MADE
        m.to, m.how, m.score = self.to, self.how, self.score


class MatchRefused(MatchEvent, frozen=True):
    """The row is none of them, with a reason: it is left out, or received by itself."""

    topic: ClassVar[str] = "match.refused.v1"

    def apply(self, m: Match, entry: Entry) -> None:
        m.status = MatchStatus.REFUSED


class MatchWithdrawn(MatchEvent, frozen=True):
    """The decision is withdrawn with a reason; the row waits again."""

    topic: ClassVar[str] = "match.withdrawn.v1"

    def apply(self, m: Match, entry: Entry) -> None:
        m.status = MatchStatus.UNDECIDED
        m.to = m.how = m.score = None


EVENTS: tuple[type[MatchEvent], ...] = (MatchProposed, MatchMade, MatchRefused, MatchWithdrawn)

# --- State ---------------------------------------------------------------------------------------


class Match(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A row of a second source, and the recommendation it is or may be."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    batch: UUID | None = None
    """The import run that found the row."""
    scheme: str
    key: str
    text: str
    language: str
    recommenders: tuple[Recommender, ...] = ()
    answer: Answer | None = None
    terms: tuple[Term, ...] = ()
    cycle: int | None = None
    session: str | None = None
    symbol: str | None = None
    paragraph: str | None = None
    candidates: tuple[MatchCandidate, ...] = ()
    status: MatchStatus = MatchStatus.UNDECIDED
    """Whether it waits, is matched, or is none of the recorded recommendations."""
    to: RecommendationId | None = None
    """The recommendation that it is matched to."""
    how: AssertedHow | None = None
    """By what means it was matched; null where it is not."""
    score: int | None = None

    def make(
        self, stamp: Stamp, to: RecommendationId, how: AssertedHow, score: int | None = None
    ) -> MatchMade:
        """The row is that recommendation, one of the candidates or another; a person may also
        match what was refused before."""
        self._unmatched()
        if score is not None:
            _per_cent(score)
        return MatchMade(stamp=stamp, to=to, how=how, score=score)

    def refuse(self, stamp: Stamp) -> MatchRefused:
        """The row is none of them; why?"""
        reasoned(stamp, "Refusing a match")
        self._unmatched()
        if self.status is MatchStatus.REFUSED:
            raise AlreadySo("This match is refused already.")
        return MatchRefused(stamp=stamp)

    def withdraw(self, stamp: Stamp) -> MatchWithdrawn:
        """Takes back what was decided, with a reason."""
        reasoned(stamp, "Withdrawing a match")
        if self.status is MatchStatus.UNDECIDED:
            raise AlreadySo("Nothing is decided about this match.")
        return MatchWithdrawn(stamp=stamp)

    def _unmatched(self) -> None:
        if self.status is MatchStatus.MADE:
            raise AlreadySo("This row is matched already; withdraw that match first.")


def match_id(addressee: str, scheme: str, key: str) -> UUID:
    """The id of the match of row `key` of `scheme`. Frozen: the same row is never matched twice."""
    return uuid5(NAMESPACE, f"match\x1f{addressee.upper()}\x1f{scheme}\x1f{key}")


def propose_match(
    stamp: Stamp,
    *,
    addressee: str,
    scheme: str,
    key: str,
    text: str,
    language: str,
    recommenders: Iterable[Recommender] = (),
    answer: Answer | None = None,
    terms: Iterable[Term] = (),
    cycle: int | None = None,
    session: str | None = None,
    symbol: str | None = None,
    paragraph: str | None = None,
    candidates: Iterable[MatchCandidate] = (),
) -> tuple[UUID, MatchProposed]:
    """A row waits to be matched: its id, minted from its key, and the event. Candidates are put
    in order, the likeliest first."""
    made_by, borne, likely = tuple(recommenders), tuple(terms), tuple(candidates)
    if not text.strip():
        raise InvalidInput("A row says something: its text is empty.")
    if len(text) > text_chars_max:
        raise LimitExceeded(f"A text may have {text_chars_max:,} characters.")
    if not 0 < len(language.strip()) <= language_chars_max:
        raise InvalidInput("Name the text's language by its BCP 47 tag, such as “en”.")
    for many, count_max, what in (
        (made_by, recommenders_max, "recommending States"),
        (borne, terms_max, "terms"),
        (likely, candidates_max, "candidates"),
    ):
        if len(many) > count_max:
            raise LimitExceeded(f"A row may have {count_max} {what}; it has {len(many):,}.")
    for name in (session, symbol, paragraph, *(r.printed for r in made_by)):
        if name is not None:
            named(name)
    for term in borne:
        named(term.label)
    for candidate in likely:
        _per_cent(candidate.score)
    if len({candidate.recommendation for candidate in likely}) != len(likely):
        raise InvalidInput("A recommendation is a candidate once.")
    event = MatchProposed(
        stamp=stamp,
        scheme=named(scheme),
        key=named(key),
        text=text,
        language=language,
        recommenders=made_by,
        answer=answer,
        terms=borne,
        cycle=cycle,
        session=session,
        symbol=symbol,
        paragraph=paragraph,
        candidates=tuple(sorted(likely, key=lambda candidate: -candidate.score)),
    )
    return match_id(addressee, scheme, key), event


def begin(entry: Entry) -> Match:
    """The state after a match's first entry."""
    event = entry.event
    assert isinstance(event, MatchProposed), "a match's first entry is MatchProposed"
    return Match(
        id=entry.stream,
        addressee=entry.addressee,
        version=entry.version,
        visibility=event.stamp.visibility,
        institution=event.stamp.speaker.institution,
        batch=event.stamp.batch,
        scheme=event.scheme,
        key=event.key,
        text=event.text,
        language=event.language,
        recommenders=event.recommenders,
        answer=event.answer,
        terms=event.terms,
        cycle=event.cycle,
        session=event.session,
        symbol=event.symbol,
        paragraph=event.paragraph,
        candidates=event.candidates,
    )


def fold(entries: Iterable[Entry], state: Match | None = None) -> Match | None:
    """The match that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        if state is None:
            state = begin(entry)
        elif isinstance(entry.event, MatchEvent):
            entry.event.apply(state, entry)
            state.version = entry.version
    return state


def _per_cent(score: int) -> None:
    if not 0 <= score <= 100:
        raise InvalidInput("A score is a whole number of per cent, from 0 to 100.")
