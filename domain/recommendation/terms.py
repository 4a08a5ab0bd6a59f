"""The terms of vocabularies that a recommendation bears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from domain.entry import Entry, Stamp, named
from domain.recommendation.elements import Term
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.held import TermHeld
from domain.recommendation.state import Recommendation
from domain.refusals import AlreadySo, LimitExceeded, UnknownTerm
from domain.words import AssertedHow

terms_max = 200


# --- Events (the archive's format: frozen) -------------------------------------------------------


class Classified(RecommendationEvent, frozen=True):
    """Terms of vocabularies were assigned, each with the version of its vocabulary."""

    topic: ClassVar[str] = "recommendation.classified.v1"
    by_step: ClassVar[str] = "classify"

    terms: tuple[Term, ...]
    """The terms that it bears from now on, besides earlier ones."""
    how: AssertedHow

    def apply(self, r: Recommendation, entry: Entry) -> None:
        document = self.stamp.source.document if self.stamp.source else None
        for term in self.terms:
            r.terms.append(TermHeld(term=term, version=entry.version, document=document))


class Declassified(RecommendationEvent, frozen=True):
    """Terms were said to fit no longer."""

    topic: ClassVar[str] = "recommendation.declassified.v1"
    by_step: ClassVar[str] = "declassify"

    terms: tuple[Term, ...]
    """The terms that it no longer bears."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        gone = {term.key for term in self.terms}
        r.terms = [held for held in r.terms if held.term.key not in gone]


# --- Commands ------------------------------------------------------------------------------------


def classify(
    r: Recommendation, stamp: Stamp, terms: Sequence[Term], how: AssertedHow = AssertedHow.PERSON
) -> Classified:
    """Says that terms of vocabularies fit; those it bears already are passed over."""
    _room_for_terms(r)
    borne = {held.term.key for held in r.terms}
    new = {t.key: t for t in terms if t.key not in borne}
    if not new:
        raise AlreadySo("It bears all these terms already.")
    if len(borne) + len(new) > terms_max:
        raise LimitExceeded(f"A recommendation may bear {terms_max} terms.")
    for term in new.values():
        named(term.label)
    return Classified(stamp=stamp, terms=tuple(new.values()), how=how)


def declassify(r: Recommendation, stamp: Stamp, terms: Sequence[Term]) -> Declassified:
    """Says that terms fit no longer."""
    _a_term(r)
    asked = tuple(terms)
    missing = {t.key for t in asked} - {held.term.key for held in r.terms}
    if missing or not asked:
        names = ", ".join(sorted(" ".join(key) for key in missing))
        raise UnknownTerm(f"It does not bear: {names or 'no term was named'}.")
    return Declassified(stamp=stamp, terms=asked)


# --- What must be so before a command, whatever it says ------------------------------------------


def _room_for_terms(r: Recommendation) -> None:
    if len({held.term.key for held in r.terms}) >= terms_max:
        raise LimitExceeded(f"A recommendation may bear {terms_max} terms.")


def _a_term(r: Recommendation) -> None:
    if not r.terms:
        raise UnknownTerm("It bears no term.")


READY: dict[str, Callable[[Recommendation], None]] = {
    "classify": _room_for_terms,
    "declassify": _a_term,
}
