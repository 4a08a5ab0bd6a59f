"""What a recommendation has to do with others: links to earlier ones, duplicates, the next
cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, RecommendationId, Stamp, reasoned
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.held import Link
from domain.recommendation.state import Recommendation
from domain.refusals import AlreadySo, InvalidInput, LinkToItself, UnknownLink, valid
from domain.words import AssertedHow, LinkType

# --- Events (the archive's format: frozen) -------------------------------------------------------


class Linked(RecommendationEvent, frozen=True):
    """It was joined to an earlier recommendation; the link's id is the version of this entry."""

    topic: ClassVar[str] = "recommendation.linked.v1"
    by_step: ClassVar[str] = "link"

    type: LinkType
    """How this recommendation relates to the earlier one."""
    to: RecommendationId
    """The earlier recommendation."""
    how: AssertedHow
    confidence: int | None = None
    """How sure the finding is, in per cent; null where it is certain."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.links.append(
            Link(
                id=entry.version,
                type=self.type,
                to=self.to,
                how=self.how,
                confidence=self.confidence,
                asserted_by=self.stamp.speaker.institution,
                visibility=self.stamp.visibility,
            )
        )


class LinkWithdrawn(RecommendationEvent, frozen=True):
    """A link was withdrawn."""

    topic: ClassVar[str] = "recommendation.link-withdrawn.v1"
    by_step: ClassVar[str] = "withdraw-link"

    link: int
    """The link's id: the version of the entry that joined them."""

    def about(self, r: Recommendation) -> int | None:
        return self.link

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.links = [link for link in r.links if link.id != self.link]


class DeclaredDuplicate(RecommendationEvent, frozen=True):
    """It was declared a duplicate of another; both histories stay."""

    topic: ClassVar[str] = "recommendation.declared-duplicate.v1"
    by_step: ClassVar[str] = "declare-duplicate"

    of: RecommendationId
    """The other recommendation, which is counted."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.duplicate_of = self.of


class DuplicateUndone(RecommendationEvent, frozen=True):
    """It was found to be no duplicate after all."""

    topic: ClassVar[str] = "recommendation.duplicate-undone.v1"
    by_step: ClassVar[str] = "undo-duplicate"

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.duplicate_of = None


class Continued(RecommendationEvent, frozen=True):
    """At a cycle's end, the State decided to continue the recommendation under its own symbol. It
    does not count in the next cycle."""

    topic: ClassVar[str] = "recommendation.continued.v1"
    by_step: ClassVar[str] = "continue"

    cycle: int
    """The later cycle of the Universal Periodic Review, in which it does not count."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.continued_into = self.cycle


# --- Commands ------------------------------------------------------------------------------------


def link(
    r: Recommendation,
    stamp: Stamp,
    type: LinkType,
    to: Annotated[RecommendationId, Meta(description="The id of the earlier recommendation.")],
    how: AssertedHow = AssertedHow.PERSON,
    confidence: Annotated[int | None, Meta(description="In per cent.")] = None,
) -> Linked:
    """Joins it to an earlier recommendation."""
    if to == r.id:
        raise LinkToItself("A recommendation cannot be linked to itself.")
    if confidence is not None and not 0 <= confidence <= 100:
        raise InvalidInput("Confidence is a whole number of per cent, from 0 to 100.")
    if any((link.type, link.to) == (type, to) for link in r.links):
        raise AlreadySo(f"It {type.value} that recommendation already.")
    return Linked(stamp=stamp, type=type, to=to, how=how, confidence=confidence)


def withdraw_link(r: Recommendation, stamp: Stamp, link: int) -> LinkWithdrawn:
    """Withdraws a link; why?"""
    reasoned(stamp, "Withdrawing a link")
    _a_link(r)
    if link not in {known.id for known in r.links}:
        known = valid(f"{held.id} ({held.type.value})" for held in r.links)
        raise UnknownLink(f"There is no link {link}. {known}")
    return LinkWithdrawn(stamp=stamp, link=link)


def declare_duplicate(r: Recommendation, stamp: Stamp, of: RecommendationId) -> DeclaredDuplicate:
    """Declares it a duplicate of another; both histories stay."""
    if of == r.id:
        raise LinkToItself("A recommendation is no duplicate of itself.")
    _no_duplicate(r)
    return DeclaredDuplicate(stamp=stamp, of=of)


def undo_duplicate(r: Recommendation, stamp: Stamp) -> DuplicateUndone:
    """Undoes the declaration as a duplicate; why?"""
    reasoned(stamp, "Undoing a duplicate")
    _a_duplicate(r)
    return DuplicateUndone(stamp=stamp)


def continue_into(r: Recommendation, stamp: Stamp, cycle: int) -> Continued:
    """At a cycle's end: it goes on under its own symbol, by decision."""
    if r.cycle is not None and cycle <= r.cycle:
        raise InvalidInput(f"It belongs to cycle {r.cycle}; continue it into a later one.")
    if r.continued_into is not None and cycle <= r.continued_into:
        raise AlreadySo(f"It is continued into cycle {r.continued_into} already.")
    return Continued(stamp=stamp, cycle=cycle)


# --- What must be so before a command, whatever it says ------------------------------------------


def _a_link(r: Recommendation) -> None:
    if not r.links:
        raise UnknownLink("It bears no link.")


def _no_duplicate(r: Recommendation) -> None:
    if r.duplicate_of is not None:
        raise AlreadySo("It is declared a duplicate already; undo that first.")


def _a_duplicate(r: Recommendation) -> None:
    if r.duplicate_of is None:
        raise AlreadySo("It is not declared a duplicate.")


READY: dict[str, Callable[[Recommendation], None]] = {
    "withdraw-link": _a_link,
    "declare-duplicate": _no_duplicate,
    "undo-duplicate": _a_duplicate,
}
