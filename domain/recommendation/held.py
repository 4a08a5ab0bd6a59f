"""What events leave in the state of a recommendation. Never stored in the log; views keep it,
and are filled anew where it changes.
"""

from __future__ import annotations

from uuid import UUID

from domain.entry import Effective, RecommendationId, Stored, Visibility
from domain.recommendation.elements import Term
from domain.schemes import Common
from domain.words import (
    Answer,
    AssertedHow,
    AssessorKind,
    AssignmentStatus,
    Capacity,
    LinkType,
    ProgressStatus,
)


class TermHeld(Stored, frozen=True):
    """A term the recommendation bears, and which entry and document said so."""

    term: Term
    version: int
    document: str | None = None


class PositionHeld(Stored, frozen=True):
    """A position taken: `on` is its effective date as a sort key."""

    version: int
    answer: Answer
    on: str
    part: str | None = None
    instrument: str | None = None


class Assignment(Stored, frozen=True):
    """An institution's assignment; `id` is the version of the entry that opened it."""

    id: int
    institution: str
    capacity: Capacity
    status: AssignmentStatus
    since: Effective
    visibility: Visibility
    assigned_by: str
    part: str | None = None
    instrument: str | None = None
    answer_due: str | None = None


class PlanHeld(Stored, frozen=True):
    """A plan, and the date by which its measures end."""

    version: int
    ends: str | None = None


class CoverHeld(Stored, frozen=True):
    """A published progress report that covers it with others."""

    version: int
    report: UUID


class ProgressHeld(Stored, frozen=True):
    """A progress report; `version` is that of its latest entry."""

    id: int
    version: int
    status: ProgressStatus
    institution: str
    part: str | None = None


class AssessmentHeld(Stored, frozen=True):
    """An assessment, as far as overviews need it."""

    version: int
    assessor_kind: AssessorKind
    assessor: str
    on: str
    scheme: str
    scheme_version: str
    grade: str
    visibility: Visibility
    recorded_by: str
    common: Common | None = None
    part: str | None = None


class Link(Stored, frozen=True):
    """A standing link to an earlier recommendation."""

    id: int
    type: LinkType
    to: RecommendationId
    how: AssertedHow
    asserted_by: str
    visibility: Visibility
    confidence: int | None = None
