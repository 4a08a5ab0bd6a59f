"""The words of follow-up: every closed list the domain uses. Their values are stored: frozen.

A word may be added; none is renamed or given another meaning.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of text it is (domain rule 11). Concerns never count as recommendations."""

    RECOMMENDATION = "recommendation"
    CONCERN = "concern"
    PLEDGE = "pledge"
    VIEWS = "views"
    RULING = "ruling"
    REQUEST = "request"


class Mechanism(StrEnum):
    """Which kind of body speaks. Only the Universal Periodic Review knows a position."""

    UPR = "upr"
    TREATY_BODY = "treaty-body"
    SPECIAL_PROCEDURE = "special-procedure"
    REGIONAL_BODY = "regional-body"


class TextStatus(StrEnum):
    """Where a text comes from (domain rule 16)."""

    OFFICIAL = "official"
    TRANSLATION = "translation"
    MACHINE = "machine"


class Answer(StrEnum):
    """A State's answer to a recommendation. UN documents write supported where everyday use, and
    older documents, say accepted. There is no "rejected"."""

    SUPPORTED = "supported"
    NOTED = "noted"


class Organ(StrEnum):
    """Where a position was expressed."""

    WORKING_GROUP_REPORT = "working-group-report"
    ADDENDUM = "addendum"
    PLENARY = "plenary"
    MID_TERM_REPORT = "mid-term-report"
    OTHER = "other"


class Position(StrEnum):
    """The position as it stands: `by-part` when each part of the paragraph has its own."""

    PENDING = "pending"
    SUPPORTED = "supported"
    NOTED = "noted"
    BY_PART = "by-part"
    NOT_APPLICABLE = "not-applicable"


class Capacity(StrEnum):
    """As what an institution is assigned."""

    LEAD = "lead"
    SUPPORTING = "supporting"


class AssignmentStatus(StrEnum):
    """How an assignment stands (domain rule 8)."""

    OFFERED = "offered"
    ASSIGNED = "assigned"
    DECLINED = "declined"
    LAPSED = "lapsed"
    HANDED_OVER = "handed-over"
    ENDED = "ended"


class ProgressStatus(StrEnum):
    """How far a progress report has come."""

    DRAFTED = "drafted"
    CLEARED = "cleared"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class AssessorKind(StrEnum):
    """Who assesses; never the one who records (domain rule 6)."""

    STATE = "state"
    TREATY_BODY = "treaty-body"
    SPECIAL_PROCEDURE = "special-procedure"
    REGIONAL_BODY = "regional-body"
    NHRI = "nhri"
    CIVIL_SOCIETY = "civil-society"
    UPR_INFO = "upr-info"


class ReportKind(StrEnum):
    """In which report a recommendation is reported. A mid-term report is voluntary."""

    MID_TERM = "mid-term"
    NATIONAL = "national"
    FOLLOW_UP = "follow-up"
    OTHER = "other"


class CorrectionKind(StrEnum):
    """Which kind of correction it is (domain rule 19)."""

    CLERICAL = "clerical"
    CORRIGENDUM = "corrigendum"
    REISSUED = "reissued"
    ENTERED_IN_ERROR = "entered-in-error"
    WITHDRAWN_BY_ISSUER = "withdrawn-by-issuer"


class LinkType(StrEnum):
    """How a later recommendation relates to an earlier one."""

    REPEATS = "repeats"
    SUCCEEDS = "succeeds"
    BROADENS = "broadens"
    NARROWS = "narrows"
    OVERLAPS = "overlaps"
    SUPERSEDES = "supersedes"


class AssertedHow(StrEnum):
    """How a link or a term was found."""

    PERSON = "person"
    SOURCE = "source"
    RULE = "rule"
    SIMILARITY = "similarity"


class Closing(StrEnum):
    """Why a recommendation is closed."""

    CARRIED_OUT = "carried-out"
    SUCCEEDED = "succeeded"
    WITHDRAWN = "withdrawn"
    NOT_PURSUED = "not-pursued"


class Owed(StrEnum):
    """What somebody has promised, or was asked, to do by a day."""

    POSITION = "position"
    ANSWER_TO_OFFER = "answer-to-offer"
    MEASURES = "measures"
    FOLLOW_UP = "follow-up"


class Stage(StrEnum):
    """The everyday view over the four dimensions: the furthest point reached."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOTED = "noted"
    ASSIGNED = "assigned"
    IMPLEMENTED = "implemented"
    REPORTED = "reported"


class ReviewStatus(StrEnum):
    """How far a review has come. An adopted one goes on until it is closed."""

    OPEN = "open"
    ADOPTED = "adopted"
    CLOSED = "closed"


class DocumentKind(StrEnum):
    """What a document is in a review."""

    NATIONAL_REPORT = "national-report"
    COMPILATION = "compilation"
    WORKING_GROUP_REPORT = "working-group-report"
    ADDENDUM = "addendum"
    DECISION = "decision"
    CONCLUDING_OBSERVATIONS = "concluding-observations"
    FOLLOW_UP_REPORT = "follow-up-report"
    MID_TERM_REPORT = "mid-term-report"
    LETTER = "letter"
    OTHER = "other"


class InstitutionKind(StrEnum):
    """What sort of institution it is."""

    MINISTRY = "ministry"
    AGENCY = "agency"
    PARLIAMENT = "parliament"
    NHRI = "nhri"
    COURT = "court"
    REGIONAL_AUTHORITY = "regional-authority"
    CIVIL_SOCIETY = "civil-society"
    OTHER = "other"


class InstitutionStatus(StrEnum):
    """Whether an institution goes on, or how it ended (domain rule 8)."""

    ACTIVE = "active"
    MERGED = "merged"
    SPLIT = "split"
    ABOLISHED = "abolished"


class ImportStatus(StrEnum):
    """How a run of an import stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class MatchStatus(StrEnum):
    """What was decided about a row of a second source (domain rule 20)."""

    UNDECIDED = "undecided"
    MADE = "made"
    REFUSED = "refused"


class Aspect(StrEnum):
    """What is told of a recommendation, each apart from the others: never one status."""

    RECORD = "record"
    POSITION = "position"
    ASSIGNMENT = "assignment"
    IMPLEMENTATION = "implementation"
    REPORTING = "reporting"


class Bucket(StrEnum):
    """What a state of a procedure counts as in overviews, however a State calls it. What is
    `not-counted`, no overview tells apart."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"

    UNDECIDED = "undecided"
    SUPPORTED = "supported"
    NOTED = "noted"
    DECIDED_BY_PART = "decided-by-part"

    UNASSIGNED = "unassigned"
    OFFERED = "offered"
    ASSIGNED = "assigned"

    NOT_STARTED = "not-started"
    PLANNED = "planned"
    UNDER_WAY = "under-way"
    DECLARED_IMPLEMENTED = "declared-implemented"

    UNREPORTED = "unreported"
    REPORTED = "reported"

    NOT_COUNTED = "not-counted"

    @property
    def aspect(self) -> Aspect | None:
        """What it tells of a recommendation; None if no overview tells it."""
        return _ASPECTS.get(self)


_ASPECTS = {
    bucket: aspect
    for aspect, buckets in {
        Aspect.RECORD: (Bucket.OPEN, Bucket.SUSPENDED, Bucket.CLOSED),
        Aspect.POSITION: (
            *(Bucket.UNDECIDED, Bucket.SUPPORTED),
            *(Bucket.NOTED, Bucket.DECIDED_BY_PART),
        ),
        Aspect.ASSIGNMENT: (Bucket.UNASSIGNED, Bucket.OFFERED, Bucket.ASSIGNED),
        Aspect.IMPLEMENTATION: (
            *(Bucket.NOT_STARTED, Bucket.PLANNED),
            *(Bucket.UNDER_WAY, Bucket.DECLARED_IMPLEMENTED),
        ),
        Aspect.REPORTING: (Bucket.UNREPORTED, Bucket.REPORTED),
    }.items()
    for bucket in buckets
}
