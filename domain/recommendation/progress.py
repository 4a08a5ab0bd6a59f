"""Progress updates on one recommendation, drafted, cleared, published; and the published
progress reports that cover it with others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.entry import Entry, Protected, Stamp, dated
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.held import CoverHeld, ProgressHeld
from domain.recommendation.state import Recommendation
from domain.refusals import AlreadySo, UnknownReport, valid
from domain.words import ProgressStatus

ReportId = Annotated[int, Meta(description="The update's id, or its number.")]

# --- Events (the archive's format: frozen) -------------------------------------------------------


class ProgressDrafted(RecommendationEvent, frozen=True):
    """An institution drafted a progress update, or drafted it again."""

    topic: ClassVar[str] = "recommendation.progress-drafted.v1"
    by_step: ClassVar[str] = "draft-progress"

    narrative: Protected
    report: int | None = None
    """The id of the update that is drafted again; null for a new one, whose id is `version`."""
    period_from: str | None = None
    period_to: str | None = None

    def about(self, r: Recommendation) -> int | None:
        return self.report

    def thing(self, version: int) -> int | None:
        return self.report or version

    def draft(self, r: Recommendation) -> int | None:
        return next((held.version for held in r.progress if held.id == self.report), None)

    def apply(self, r: Recommendation, entry: Entry) -> None:
        id = self.report or entry.version
        r.progress = [p for p in r.progress if p.id != id]
        r.progress.append(
            ProgressHeld(
                id=id,
                version=entry.version,
                status=ProgressStatus.DRAFTED,
                institution=self.stamp.speaker.institution,
                part=self.stamp.part,
            )
        )


class ProgressChanged(RecommendationEvent, frozen=True):
    """Base of what happens to a progress update."""

    report: int
    """The update's id: the version of the entry that drafted it first."""

    status: ClassVar[ProgressStatus]

    def thing(self, version: int) -> int | None:
        return self.report

    def met_by(self, told: Recommendation, whole: Recommendation) -> None:
        if self.report not in {one.id for one in told.progress}:
            told.progress += [p for p in whole.progress if p.id == self.report]

    def draft(self, r: Recommendation) -> int | None:
        return next((held.version for held in r.progress if held.id == self.report), None)

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.progress = [
            msgspec.structs.replace(p, status=self.status, version=entry.version)
            if p.id == self.report
            else p
            for p in r.progress
        ]


class ProgressCleared(ProgressChanged, frozen=True):
    """The progress update was cleared for publication."""

    topic: ClassVar[str] = "recommendation.progress-cleared.v1"
    by_step: ClassVar[str] = "clear-progress"
    status: ClassVar[ProgressStatus] = ProgressStatus.CLEARED

    def about(self, r: Recommendation) -> int | None:
        return self.report


class ProgressPublished(ProgressChanged, frozen=True):
    """The progress update was published, in the words given here; the draft stays as it was."""

    topic: ClassVar[str] = "recommendation.progress-published.v1"
    by_step: ClassVar[str] = "publish-progress"
    status: ClassVar[ProgressStatus] = ProgressStatus.PUBLISHED

    narrative: Protected
    period_from: str | None = None
    period_to: str | None = None


class Covered(RecommendationEvent, frozen=True):
    """A published progress report, an aggregate of its own, covers it with others."""

    topic: ClassVar[str] = "recommendation.covered.v1"
    by_step: ClassVar[str] = "cover"

    report: UUID
    """The progress report, by its UUID."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.covers.append(CoverHeld(version=entry.version, report=self.report))


# --- Commands ------------------------------------------------------------------------------------


def draft(
    r: Recommendation,
    stamp: Stamp,
    narrative: Protected,
    *,
    report: Annotated[
        ReportId | None,
        Meta(description="The unpublished report this draft takes the place of."),
    ] = None,
    period_from: str | None = None,
    period_to: str | None = None,
) -> ProgressDrafted:
    """Drafts a progress report; confidential until it is published, unless said otherwise."""
    if report is not None:
        _that_is(r, report, ProgressStatus.DRAFTED, ProgressStatus.CLEARED)
    return ProgressDrafted(
        stamp=stamp,
        narrative=narrative,
        report=report,
        period_from=dated(period_from, "periodFrom"),
        period_to=dated(period_to, "periodTo"),
    )


def clear(r: Recommendation, stamp: Stamp, report: ReportId) -> ProgressCleared:
    """Clears a drafted progress report for publication."""
    _drafted(r)
    _that_is(r, report, ProgressStatus.DRAFTED)
    return ProgressCleared(stamp=stamp, report=report)


def publish(
    r: Recommendation,
    stamp: Stamp,
    report: ReportId,
    narrative: Annotated[Protected, Meta(description="The words to publish.")],
    period_from: str | None = None,
    period_to: str | None = None,
) -> ProgressPublished:
    """Publishes a cleared progress report, in the words given."""
    _cleared(r)
    _that_is(r, report, ProgressStatus.CLEARED)
    return ProgressPublished(
        stamp=stamp,
        report=report,
        narrative=narrative,
        period_from=dated(period_from, "periodFrom"),
        period_to=dated(period_to, "periodTo"),
    )


def cover(r: Recommendation, stamp: Stamp, report: UUID) -> Covered:
    """A progress report that covers it with others is published."""
    if any(held.report == report and r.stands(held.version) for held in r.covers):
        raise AlreadySo("This report covers it already.")
    return Covered(stamp=stamp, report=report)


def _that_is(r: Recommendation, id: int, *statuses: ProgressStatus) -> None:
    for p in r.progress:
        if p.id == id:
            if p.status in statuses:
                return
            raise UnknownReport(f"Progress report {id} is {p.status.value} already.")
    known = valid(f"{p.id} ({p.status.value})" for p in r.progress)
    raise UnknownReport(f"There is no progress report {id}. {known}")


# --- What must be so before a command, whatever it says ------------------------------------------


def _a_report(status: ProgressStatus) -> Callable[[Recommendation], None]:
    def asked(r: Recommendation) -> None:
        if all(p.status is not status for p in r.progress):
            raise UnknownReport(f"No progress report is {status.value} now.")

    return asked


_drafted = _a_report(ProgressStatus.DRAFTED)
_cleared = _a_report(ProgressStatus.CLEARED)


READY: dict[str, Callable[[Recommendation], None]] = {
    "clear-progress": _drafted,
    "publish-progress": _cleared,
}
