"""A progress report about one or many recommendations: drafted, cleared, published.

It stands beside the progress that is drafted on a single recommendation. What is published are the
words of the publication; the drafts stay in the history (domain rule 7). Narratives are protected
texts: the state only says which entry bears the current one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.casework.held import HandHeld
from domain.entry import (
    NARROWNESS,
    Entry,
    Event,
    Protected,
    RecommendationId,
    Stamp,
    Stored,
    Visibility,
    dated,
    named,
    reasoned,
)
from domain.refusals import (
    AlreadySo,
    HasEnded,
    InvalidInput,
    LimitExceeded,
    NotFound,
    UnknownReport,
)
from domain.words import ProgressStatus

covers_max = 2_000
evidence_max = 500

# --- Events (the archive's format: frozen) -------------------------------------------------------


class EvidenceHeld(Stored, frozen=True):
    """A file that supports a report, or what it says of one recommendation."""

    file: UUID
    version: int
    """The version of the entry that attached it."""
    visibility: Visibility
    institution: str
    about: RecommendationId | None = None
    """The recommendation that it supports; null: the whole report."""


class ReportEvent(Event, frozen=True):
    """Base of a progress report's events."""

    def apply(self, r: ProgressReport, entry: Entry) -> None:
        """Adds what this event says to the state."""


class ReportDrafted(ReportEvent, frozen=True):
    """A progress report about one or many recommendations was drafted."""

    topic: ClassVar[str] = "progress-report.drafted.v1"

    title: str
    """Title, as its readers see it."""
    covers: tuple[RecommendationId, ...]
    """The recommendations that it covers."""
    narrative: Protected
    period_from: str | None = None
    period_to: str | None = None


class ReportRedrafted(ReportEvent, frozen=True):
    """It was drafted again before publication; null fields stay as they were."""

    topic: ClassVar[str] = "progress-report.redrafted.v1"

    title: str | None = None
    """The new title; null where it stays."""
    covers: tuple[RecommendationId, ...] | None = None
    """The recommendations that it covers now; null where they stay."""
    narrative: Protected | None = None
    """The new words, which can be erased; null where they stay."""
    period_from: str | None = None
    """First day, month or year of the period; null where it stays."""
    period_to: str | None = None
    """Last day, month or year of the period; null where it stays."""

    def apply(self, r: ProgressReport, entry: Entry) -> None:
        r.by_hand("draft-progress", entry)
        r.status = ProgressStatus.DRAFTED
        r.visibility = self.stamp.visibility
        r.title = self.title or r.title
        r.covers = self.covers or r.covers
        r.period_from = self.period_from or r.period_from
        r.period_to = self.period_to or r.period_to
        if self.narrative is not None:
            r.narrative_version = entry.version


class ReportCleared(ReportEvent, frozen=True):
    """It was cleared for publication."""

    topic: ClassVar[str] = "progress-report.cleared.v1"

    def apply(self, r: ProgressReport, entry: Entry) -> None:
        r.status = ProgressStatus.CLEARED
        r.by_hand("clear-progress", entry)


class ReportPublished(ReportEvent, frozen=True):
    """It was published, in these words."""

    topic: ClassVar[str] = "progress-report.published.v1"

    title: str
    """Title at publication; a draft may have had another."""
    narrative: Protected
    """The words, as published; they can be erased."""
    covers: tuple[RecommendationId, ...]
    """The recommendations that it covers, as published."""

    def apply(self, r: ProgressReport, entry: Entry) -> None:
        r.status = ProgressStatus.PUBLISHED
        r.visibility = self.stamp.visibility
        r.title, r.covers = self.title, self.covers
        r.narrative_version = entry.version


class ReportWithdrawn(ReportEvent, frozen=True):
    """It was withdrawn, with a reason; what was published stays in the history."""

    topic: ClassVar[str] = "progress-report.withdrawn.v1"

    def apply(self, r: ProgressReport, entry: Entry) -> None:
        r.status = ProgressStatus.WITHDRAWN


class EvidenceAttached(ReportEvent, frozen=True):
    """A stored file was attached as evidence, for the whole report or about one recommendation."""

    topic: ClassVar[str] = "progress-report.evidence-attached.v1"

    file: UUID
    about: RecommendationId | None = None
    """The recommendation that the file is about; null: the whole report."""

    def apply(self, r: ProgressReport, entry: Entry) -> None:
        held = EvidenceHeld(
            file=self.file,
            version=entry.version,
            visibility=self.stamp.visibility,
            institution=self.stamp.speaker.institution,
            about=self.about,
        )
        r.evidence = [*(e for e in r.evidence if e.file != self.file), held]


class EvidenceRemoved(ReportEvent, frozen=True):
    """A file no longer counts as evidence; the file itself stays where it is."""

    topic: ClassVar[str] = "progress-report.evidence-removed.v1"

    file: UUID

    def apply(self, r: ProgressReport, entry: Entry) -> None:
        r.evidence = [held for held in r.evidence if held.file != self.file]


EVENTS: tuple[type[ReportEvent], ...] = (
    ReportDrafted,
    ReportRedrafted,
    ReportCleared,
    ReportPublished,
    ReportWithdrawn,
    EvidenceAttached,
    EvidenceRemoved,
)

# --- State ---------------------------------------------------------------------------------------


class ProgressReport(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A progress report about one or many recommendations."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    """The readers of the entry whose words are current: a draft for few may be published for
    all."""
    institution: str
    """Code of the institution that wrote it."""
    title: str
    """Title, as its readers see it."""
    covers: tuple[RecommendationId, ...]
    narrative_version: int
    """The version of the entry that bears the current words."""
    status: ProgressStatus = ProgressStatus.DRAFTED
    """How far it has come."""
    period_from: str | None = None
    """First day, month or year of the period; null where none is named."""
    period_to: str | None = None
    """Last day, month or year of the period; null where none is named."""
    evidence: list[EvidenceHeld] = []
    hands: dict[str, HandHeld] = {}

    def by_hand(self, step: str, entry: Entry) -> None:
        """Remembers whose hand took a step on it, by the name that the step has on one
        recommendation alone."""
        self.hands = {**self.hands, step: HandHeld.of(entry, self.hands.get(step))}

    def redraft(
        self,
        stamp: Stamp,
        *,
        title: str | None = None,
        covers: Iterable[RecommendationId] | None = None,
        narrative: Protected | None = None,
        period_from: str | None = None,
        period_to: str | None = None,
    ) -> ReportRedrafted:
        """Drafts it again; a cleared one has to be cleared again."""
        self._is(ProgressStatus.DRAFTED, ProgressStatus.CLEARED)
        covered = None if covers is None else _covered(covers)
        said = title, covered, narrative, period_from, period_to
        if all(value is None for value in said):
            raise InvalidInput("Drafting again changes something: give what changes.")
        _period(period_from or self.period_from, period_to or self.period_to)
        return ReportRedrafted(
            stamp=stamp,
            title=None if title is None else named(title),
            covers=covered,
            narrative=narrative,
            period_from=dated(period_from, "periodFrom"),
            period_to=dated(period_to, "periodTo"),
        )

    def clear(self, stamp: Stamp) -> ReportCleared:
        """Clears the draft for publication."""
        self._is(ProgressStatus.DRAFTED)
        return ReportCleared(stamp=stamp)

    def publish(
        self,
        stamp: Stamp,
        narrative: Protected,
        *,
        title: str | None = None,
        covers: Iterable[RecommendationId] | None = None,
    ) -> ReportPublished:
        """Publishes what was cleared, in the words given; title and covers are the draft's unless
        others are given."""
        self._is(ProgressStatus.CLEARED)
        return ReportPublished(
            stamp=stamp,
            title=self.title if title is None else named(title),
            narrative=narrative,
            covers=self.covers if covers is None else _covered(covers),
        )

    def withdraw(self, stamp: Stamp) -> ReportWithdrawn:
        """Withdraws it, published or not, with a reason."""
        reasoned(stamp, "Withdrawing a report")
        self._goes_on()
        return ReportWithdrawn(stamp=stamp)

    def attach_evidence(
        self, stamp: Stamp, file: UUID, about: RecommendationId | None = None
    ) -> EvidenceAttached:
        """Attaches a stored file, once; again, where more may read it now, as what a draft had of a
        published report."""
        self._goes_on()
        if about is not None and about not in self.covers:
            raise InvalidInput("The report does not cover that recommendation.")
        for held in self.evidence:
            if held.file == file and NARROWNESS[held.visibility] <= NARROWNESS[stamp.visibility]:
                raise AlreadySo("This file is attached already.")
        if len(self.evidence) >= evidence_max:
            raise LimitExceeded(f"A report may have {evidence_max} pieces of evidence.")
        return EvidenceAttached(stamp=stamp, file=file, about=about)

    def remove_evidence(self, stamp: Stamp, file: UUID) -> EvidenceRemoved:
        """Takes a file from the evidence, with a reason."""
        reasoned(stamp, "Removing evidence")
        self._goes_on()
        if all(held.file != file for held in self.evidence):
            raise NotFound("This file is no evidence of the report; ask for `evidence`.")
        return EvidenceRemoved(stamp=stamp, file=file)

    def _goes_on(self) -> None:
        if self.status is ProgressStatus.WITHDRAWN:
            raise HasEnded("This report is withdrawn; draft another one.")

    def _is(self, *statuses: ProgressStatus) -> None:
        self._goes_on()
        if self.status not in statuses:
            needed = " or ".join(status.value for status in statuses)
            raise UnknownReport(f"The report is {self.status.value}; this needs a {needed} one.")


def draft_report(
    stamp: Stamp,
    *,
    id: UUID,
    title: str,
    covers: Iterable[RecommendationId],
    narrative: Protected,
    period_from: str | None = None,
    period_to: str | None = None,
) -> tuple[UUID, ReportDrafted]:
    """A report is drafted under the id given, a random one."""
    _period(period_from, period_to)
    event = ReportDrafted(
        stamp=stamp,
        title=named(title),
        covers=_covered(covers),
        narrative=narrative,
        period_from=period_from,
        period_to=period_to,
    )
    return id, event


def begin(entry: Entry) -> ProgressReport:
    """The state after a report's first entry."""
    event = entry.event
    assert isinstance(event, ReportDrafted), "a report's first entry is ReportDrafted"
    report = ProgressReport(
        id=entry.stream,
        addressee=entry.addressee,
        version=entry.version,
        visibility=event.stamp.visibility,
        institution=event.stamp.speaker.institution,
        title=event.title,
        covers=event.covers,
        narrative_version=entry.version,
        period_from=event.period_from,
        period_to=event.period_to,
    )
    report.by_hand("draft-progress", entry)
    return report


def fold(entries: Iterable[Entry], state: ProgressReport | None = None) -> ProgressReport | None:
    """The report that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        if state is None:
            state = begin(entry)
        elif isinstance(entry.event, ReportEvent):
            entry.event.apply(state, entry)
            state.version = entry.version
    return state


def _covered(covers: Iterable[RecommendationId]) -> tuple[RecommendationId, ...]:
    covered = tuple(covers)
    if not 1 <= len(covered) <= covers_max:
        raise LimitExceeded(f"A report covers between 1 and {covers_max:,} recommendations.")
    if len(set(covered)) != len(covered):
        raise InvalidInput("A report covers a recommendation once.")
    return covered


def _period(start: str | None, end: str | None) -> None:
    start, end = dated(start, "periodFrom"), dated(end, "periodTo")
    if start and end:
        shared = min(len(start), len(end))
        if start[:shared] > end[:shared]:
            raise InvalidInput(f"The period ends before it begins: {start} to {end}.")
