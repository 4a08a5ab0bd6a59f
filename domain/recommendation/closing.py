"""Follow-up ends by decision, and is taken up again."""

from __future__ import annotations

from typing import ClassVar

from domain.entry import Entry, Stamp, reasoned
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.state import Recommendation
from domain.words import Closing

# --- Events (the archive's format: frozen) -------------------------------------------------------


class Closed(RecommendationEvent, frozen=True):
    """Follow-up was closed, by decision."""

    topic: ClassVar[str] = "recommendation.closed.v1"
    by_step: ClassVar[str] = "close"

    closing: Closing
    """Why it was closed."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.closed = self.closing


class Reopened(RecommendationEvent, frozen=True):
    """Follow-up was taken up again; what had been declared implemented no longer counts so."""

    topic: ClassVar[str] = "recommendation.reopened.v1"
    by_step: ClassVar[str] = "reopen"

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.closed = None
        r.declared = []


# --- Commands ------------------------------------------------------------------------------------


def close(r: Recommendation, stamp: Stamp, closing: Closing) -> Closed:
    """Closes follow-up, by decision; why?"""
    reasoned(stamp, "Closing")
    return Closed(stamp=stamp, closing=closing)


def reopen(r: Recommendation, stamp: Stamp) -> Reopened:
    """Takes follow-up up again; why?"""
    reasoned(stamp, "Reopening")
    return Reopened(stamp=stamp)
