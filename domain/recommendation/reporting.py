"""The fourth dimension: what the State tells the mechanism, and what a committee asks to be
told.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, Stamp, dated, named
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.state import Recommendation
from domain.words import ReportKind

# --- Events (the archive's format: frozen) -------------------------------------------------------


class SelectedForFollowUp(RecommendationEvent, frozen=True):
    """A committee selected it for follow-up, to be answered by a date."""

    topic: ClassVar[str] = "recommendation.selected-for-follow-up.v1"
    by_step: ClassVar[str] = "select-for-follow-up"

    body: str
    """The committee, such as CEDAW."""
    due: str | None = None
    """The day by which it asks for information; null where none is named."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.follow_up_due = self.due
        r.selected = True


class Reported(RecommendationEvent, frozen=True):
    """The State reported on it, in a report to a mechanism."""

    topic: ClassVar[str] = "recommendation.reported.v1"
    by_step: ClassVar[str] = "report"

    report: ReportKind
    """The kind of report to the mechanism."""
    document: str
    """UN symbol of the report, or another reference."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.reported.append(entry.version)


# --- Commands ------------------------------------------------------------------------------------


def select_for_follow_up(
    r: Recommendation, stamp: Stamp, body: str, due: str | None
) -> SelectedForFollowUp:
    """A committee selected it for follow-up."""
    return SelectedForFollowUp(stamp=stamp, body=named(body), due=dated(due, "due"))


def report(
    r: Recommendation,
    stamp: Stamp,
    report: ReportKind,
    document: Annotated[str, Meta(description="The report's symbol or name.")],
) -> Reported:
    """The State reports on it, in a report to a mechanism."""
    return Reported(stamp=stamp, report=report, document=named(document))
