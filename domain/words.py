"""The words of follow-up: every closed list the domain uses. Their values are stored: frozen.

A word may be added; none is renamed or given another meaning.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kind of text. Concerns never count as recommendations."""

    # domain rule 11
    RECOMMENDATION = "recommendation"
    CONCERN = "concern"
    PLEDGE = "pledge"
    VIEWS = "views"
    RULING = "ruling"
    REQUEST = "request"


class Mechanism(StrEnum):
    """The kind of body that made the recommendation. Only the Universal Periodic Review asks for a
    position."""

    UPR = "upr"
    TREATY_BODY = "treaty-body"
    SPECIAL_PROCEDURE = "special-procedure"
    REGIONAL_BODY = "regional-body"


class TextStatus(StrEnum):
    """The status of a text: official, a translation, or a machine's translation."""

    # domain rule 16
    OFFICIAL = "official"
    TRANSLATION = "translation"
    MACHINE = "machine"


class Answer(StrEnum):
    """A State's answer to a recommendation. UN documents write "supported"; older documents and
    everyday use say "accepted". No answer is called "rejected"."""

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
    """The current position: `by-part` when each part of the paragraph has its own."""

    PENDING = "pending"
    SUPPORTED = "supported"
    NOTED = "noted"
    BY_PART = "by-part"
    NOT_APPLICABLE = "not-applicable"


class Capacity(StrEnum):
    """The capacity in which an institution is assigned."""

    LEAD = "lead"
    SUPPORTING = "supporting"


class AssignmentStatus(StrEnum):
    """The state of an assignment."""

    # domain rule 8
    OFFERED = "offered"
    ASSIGNED = "assigned"
    DECLINED = "declined"
    LAPSED = "lapsed"
    HANDED_OVER = "handed-over"
    ENDED = "ended"


class ProgressStatus(StrEnum):
    """The state of a progress update or a progress report."""

    DRAFTED = "drafted"
    CLEARED = "cleared"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class AssessorKind(StrEnum):
    """The kind of assessor. The assessor is not the person who records the assessment."""

    # domain rule 6
    STATE = "state"
    TREATY_BODY = "treaty-body"
    SPECIAL_PROCEDURE = "special-procedure"
    REGIONAL_BODY = "regional-body"
    NHRI = "nhri"
    CIVIL_SOCIETY = "civil-society"
    UPR_INFO = "upr-info"


class ReportKind(StrEnum):
    """The kind of State report that reports a recommendation. A mid-term report is voluntary."""

    MID_TERM = "mid-term"
    NATIONAL = "national"
    FOLLOW_UP = "follow-up"
    OTHER = "other"


class CorrectionKind(StrEnum):
    """The kind of a correction."""

    # domain rule 19
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
    """The obligation that is due by a day."""

    POSITION = "position"
    ANSWER_TO_OFFER = "answer-to-offer"
    MEASURES = "measures"
    FOLLOW_UP = "follow-up"


class Stage(StrEnum):
    """The stage computed from the four dimensions: the furthest point reached."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOTED = "noted"
    ASSIGNED = "assigned"
    IMPLEMENTED = "implemented"
    REPORTED = "reported"


class ReviewStatus(StrEnum):
    """The state of a review. An adopted review continues until it is closed."""

    OPEN = "open"
    ADOPTED = "adopted"
    CLOSED = "closed"


class DocumentKind(StrEnum):
    """The kind of a review's document."""

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
    """The kind of an institution."""

    MINISTRY = "ministry"
    AGENCY = "agency"
    PARLIAMENT = "parliament"
    NHRI = "nhri"
    COURT = "court"
    REGIONAL_AUTHORITY = "regional-authority"
    CIVIL_SOCIETY = "civil-society"
    OTHER = "other"


class InstitutionStatus(StrEnum):
    """Whether an institution exists, or how it ended."""

    # domain rule 8
    ACTIVE = "active"
    MERGED = "merged"
    SPLIT = "split"
    ABOLISHED = "abolished"


class ImportStatus(StrEnum):
    """The state of an import run."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class MatchStatus(StrEnum):
    """The decision about a row of a second source."""

    # domain rule 20
    UNDECIDED = "undecided"
    MADE = "made"
    REFUSED = "refused"


class Aspect(StrEnum):
    """A dimension of a recommendation. Each changes independently: there is no single status."""

    RECORD = "record"
    POSITION = "position"
    ASSIGNMENT = "assignment"
    IMPLEMENTATION = "implementation"
    REPORTING = "reporting"


class Bucket(StrEnum):
    """The category in which overviews count a state of a procedure, whatever label the State gives
    it. Overviews do not show `not-counted` states."""

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
