"""The words of follow-up: every closed list the domain uses. Their values are stored: frozen.

A word may be added; none is renamed or given another meaning.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kind of text. Concerns never count as recommendations."""

    # domain rule 11
    RECOMMENDATION = "recommendation"
    """a mechanism recommends something to the State"""
    CONCERN = "concern"
    """a mechanism is concerned about something, or observes it"""
    PLEDGE = "pledge"
    """the State promises something of its own accord"""
    VIEWS = "views"
    """a committee's views on a communication of individuals"""
    RULING = "ruling"
    """a judgment or decision of a court or court-like body"""
    REQUEST = "request"
    """a mechanism asks the State for something, as in the letter of a special procedure"""


class Mechanism(StrEnum):
    """The kind of body that made the recommendation. Only the Universal Periodic Review asks for a
    position."""

    UPR = "upr"
    """the Universal Periodic Review of the Human Rights Council"""
    TREATY_BODY = "treaty-body"
    """a committee that watches over one human-rights treaty, such as CEDAW"""
    SPECIAL_PROCEDURE = "special-procedure"
    """a special rapporteur, an independent expert or a working group"""
    REGIONAL_BODY = "regional-body"
    """a body of a regional system, such as the Council of Europe"""


class TextStatus(StrEnum):
    """The status of a text: official, a translation, or a machine's translation."""

    # domain rule 16
    OFFICIAL = "official"
    """the mechanism issued it in this language"""
    TRANSLATION = "translation"
    """people translated it"""
    MACHINE = "machine"
    """a machine translated it, and nobody is said to have checked it"""


class Answer(StrEnum):
    """A State's answer to a recommendation. UN documents write "supported"; older documents and
    everyday use say "accepted". No answer is called "rejected"."""

    SUPPORTED = "supported"
    """the State supports it and undertakes to implement it"""
    NOTED = "noted"
    """the State takes note of it; it stays in follow-up"""


class Organ(StrEnum):
    """Where a position was expressed."""

    WORKING_GROUP_REPORT = "working-group-report"
    """in the report of the UPR Working Group"""
    ADDENDUM = "addendum"
    """in the addendum to that report"""
    PLENARY = "plenary"
    """in the plenary of the Human Rights Council that adopts the outcome"""
    MID_TERM_REPORT = "mid-term-report"
    """in a voluntary mid-term report"""
    OTHER = "other"
    """in another document or meeting"""


class Position(StrEnum):
    """The current position of the State."""

    PENDING = "pending"
    """the State has not answered yet"""
    SUPPORTED = "supported"
    """the State supports it (older documents: accepted)"""
    NOTED = "noted"
    """the State takes note of it; it stays in follow-up"""
    BY_PART = "by-part"
    """each part of the paragraph has a position of its own"""
    NOT_APPLICABLE = "not-applicable"
    """its mechanism asks for no position"""


class Capacity(StrEnum):
    """The capacity in which an institution is assigned."""

    LEAD = "lead"
    """it leads the implementation"""
    SUPPORTING = "supporting"
    """it supports the lead"""


class MeasureKind(StrEnum):
    """The kind of activity that a measure is."""

    LEGISLATION = "legislation"
    """a law is made, changed or repealed"""
    RATIFICATION = "ratification"
    """a treaty is ratified, or a reservation withdrawn"""
    POLICY = "policy"
    """a policy, strategy or programme is made"""
    INSTITUTION = "institution"
    """an institution is set up, or made stronger"""
    SERVICE = "service"
    """something is provided to people, such as shelters"""
    TRAINING = "training"
    """officials or others are trained"""
    AWARENESS = "awareness"
    """people are informed of rights"""
    DATA = "data"
    """data are collected or published"""
    STUDY = "study"
    """something is studied or evaluated"""
    REMEDY = "remedy"
    """violations are investigated, punished or made good"""


class MeasureStatus(StrEnum):
    """How far a measure has come."""

    PROPOSED = "proposed"
    """nobody has adopted it"""
    PLANNED = "planned"
    """the State is bound to it, and work has not begun"""
    UNDER_WAY = "under-way"
    """work has begun"""
    DELAYED = "delayed"
    """it is late"""
    SUSPENDED = "suspended"
    """it rests"""
    COMPLETED = "completed"
    """it is carried out, says the State"""
    ABANDONED = "abandoned"
    """it was given up"""


class MeasureTurn(StrEnum):
    """A turn in the course of a measure."""

    ADOPTED = "adopted"
    """the State is bound to it"""
    STARTED = "started"
    """work began"""
    DELAYED = "delayed"
    """it is late"""
    RESCHEDULED = "rescheduled"
    """its dates were set anew"""
    COMPLETED = "completed"
    """it is carried out"""
    ABANDONED = "abandoned"
    """it was given up"""
    REOPENED = "reopened"
    """it goes on after it had ended"""


class AssignmentStatus(StrEnum):
    """The state of an assignment."""

    # domain rule 8
    OFFERED = "offered"
    """the institution was asked and has not answered"""
    ASSIGNED = "assigned"
    """the institution has it, by decree or because it accepted the offer"""
    DECLINED = "declined"
    """the institution declined the offer, with a reason"""
    LAPSED = "lapsed"
    """nobody answered the offer in time"""
    HANDED_OVER = "handed-over"
    """another institution has taken it over"""
    ENDED = "ended"
    """it was ended by decision"""


class ProgressStatus(StrEnum):
    """The state of a progress update or a progress report."""

    DRAFTED = "drafted"
    """the institution has written it, and nobody has cleared it"""
    CLEARED = "cleared"
    """it may be published"""
    PUBLISHED = "published"
    """its words are published"""
    WITHDRAWN = "withdrawn"
    """it was taken back; its history stays"""


class AssessorKind(StrEnum):
    """The kind of assessor. The assessor is not the person who records the assessment."""

    # domain rule 6
    STATE = "state"
    """the State itself"""
    TREATY_BODY = "treaty-body"
    """a committee that watches over a treaty"""
    SPECIAL_PROCEDURE = "special-procedure"
    """a special rapporteur, an independent expert or a working group"""
    REGIONAL_BODY = "regional-body"
    """a body of a regional system"""
    NHRI = "nhri"
    """a national human rights institution"""
    CIVIL_SOCIETY = "civil-society"
    """an organisation of civil society"""
    UPR_INFO = "upr-info"
    """the organisation UPR Info"""


class ReportKind(StrEnum):
    """The kind of State report that reports a recommendation. A mid-term report is voluntary."""

    MID_TERM = "mid-term"
    """the voluntary report between two cycles of the UPR"""
    NATIONAL = "national"
    """the report for the next review, to the UPR or to a treaty body"""
    FOLLOW_UP = "follow-up"
    """the reply to a committee that selected recommendations for follow-up"""
    OTHER = "other"
    """another report to a mechanism"""


class CorrectionKind(StrEnum):
    """The kind of a correction."""

    # domain rule 19
    CLERICAL = "clerical"
    """it was typed or read wrongly"""
    CORRIGENDUM = "corrigendum"
    """the issuer corrected the document in a corrigendum"""
    REISSUED = "reissued"
    """the issuer published the document again"""
    ENTERED_IN_ERROR = "entered-in-error"
    """it should never have been recorded"""
    WITHDRAWN_BY_ISSUER = "withdrawn-by-issuer"
    """the issuer took it back"""


class LinkType(StrEnum):
    """How a later recommendation relates to an earlier one."""

    REPEATS = "repeats"
    """it asks the same again"""
    SUCCEEDS = "succeeds"
    """it takes the place of the earlier one"""
    BROADENS = "broadens"
    """it asks for more than the earlier one"""
    NARROWS = "narrows"
    """it asks for less than the earlier one, or more specifically"""
    OVERLAPS = "overlaps"
    """both share something and differ in something"""
    SUPERSEDES = "supersedes"
    """it makes the earlier one obsolete"""


class AssertedHow(StrEnum):
    """How a link or a term was found."""

    PERSON = "person"
    """a person said so"""
    SOURCE = "source"
    """the source that was read says so"""
    RULE = "rule"
    """a rule of the software found it, such as an equal number"""
    SIMILARITY = "similarity"
    """the software compared texts and found them alike"""


class Closing(StrEnum):
    """Why a recommendation is closed."""

    CARRIED_OUT = "carried-out"
    """it is implemented"""
    SUCCEEDED = "succeeded"
    """a later recommendation takes its place"""
    WITHDRAWN = "withdrawn"
    """its issuer took it back"""
    NOT_PURSUED = "not-pursued"
    """the State decided to follow it up no further"""


class Owed(StrEnum):
    """The obligation that is due by a day."""

    POSITION = "position"
    """the State's answer, which it announced for that day"""
    ANSWER_TO_OFFER = "answer-to-offer"
    """the answer of an institution that was offered an assignment"""
    MEASURES = "measures"
    """the planned measures, until the State declares implementation"""
    FOLLOW_UP = "follow-up"
    """the information that a committee asked for"""


class Stage(StrEnum):
    """The stage computed from the four dimensions: the furthest point reached."""

    RECEIVED = "received"
    """it is recorded, and none of the other stages is reached"""
    ACCEPTED = "accepted"
    """the State supports it, and no institution is assigned"""
    NOTED = "noted"
    """the State takes note of it, and no institution is assigned"""
    ASSIGNED = "assigned"
    """an institution is assigned, and nobody has declared it implemented"""
    IMPLEMENTED = "implemented"
    """the State has declared it implemented, and has not reported on it"""
    REPORTED = "reported"
    """the State has reported on it to a mechanism"""


class ReviewStatus(StrEnum):
    """The state of a review. An adopted review continues until it is closed."""

    OPEN = "open"
    """it is to come or under way"""
    ADOPTED = "adopted"
    """the outcome is adopted"""
    CLOSED = "closed"
    """it is over; its recommendations stay as they are"""


class DocumentKind(StrEnum):
    """The kind of a review's document."""

    NATIONAL_REPORT = "national-report"
    """the State's report for the review"""
    COMPILATION = "compilation"
    """the United Nations' information on the State, compiled for the review"""
    WORKING_GROUP_REPORT = "working-group-report"
    """the report of the UPR Working Group, with the recommendations"""
    ADDENDUM = "addendum"
    """the State's answers to the recommendations"""
    DECISION = "decision"
    """the decision that adopts the outcome"""
    CONCLUDING_OBSERVATIONS = "concluding-observations"
    """a treaty body's findings and recommendations"""
    FOLLOW_UP_REPORT = "follow-up-report"
    """the State's reply to a committee's questions after the review"""
    MID_TERM_REPORT = "mid-term-report"
    """the State's voluntary report between two cycles"""
    LETTER = "letter"
    """a letter, such as the High Commissioner's after the review"""
    OTHER = "other"
    """another document"""


class InstitutionKind(StrEnum):
    """The kind of an institution."""

    MINISTRY = "ministry"
    """a ministry or department of the government"""
    AGENCY = "agency"
    """an agency or office under the government"""
    PARLIAMENT = "parliament"
    """the parliament or a committee of it"""
    NHRI = "nhri"
    """a national human rights institution or ombudsperson"""
    COURT = "court"
    """a court, or the judiciary"""
    REGIONAL_AUTHORITY = "regional-authority"
    """an authority of a region, province or municipality"""
    CIVIL_SOCIETY = "civil-society"
    """an organisation of civil society"""
    OTHER = "other"
    """another institution"""


class InstitutionStatus(StrEnum):
    """Whether an institution exists, or how it ended."""

    # domain rule 8
    ACTIVE = "active"
    """it exists and can be assigned"""
    MERGED = "merged"
    """it ended and goes on in one other institution"""
    SPLIT = "split"
    """it ended and goes on in several institutions"""
    ABOLISHED = "abolished"
    """it ended without a successor"""


class ImportStatus(StrEnum):
    """The state of an import run."""

    RUNNING = "running"
    """it has begun and has recorded no end"""
    COMPLETED = "completed"
    """the whole file was read"""
    FAILED = "failed"
    """it broke off; its recorded entries stay"""


class MatchStatus(StrEnum):
    """The decision about a row of a second source."""

    # domain rule 20
    UNDECIDED = "undecided"
    """a person has to decide"""
    MADE = "made"
    """the row is a recorded recommendation"""
    REFUSED = "refused"
    """the row is none of the recorded recommendations"""


class Aspect(StrEnum):
    """A dimension of a recommendation. Each changes independently: there is no single status."""

    RECORD = "record"
    """whether follow-up is open, suspended or closed"""
    POSITION = "position"
    """the State's answer"""
    ASSIGNMENT = "assignment"
    """the institutions that have it"""
    IMPLEMENTATION = "implementation"
    """the measures, up to the State's declaration"""
    REPORTING = "reporting"
    """reports of the State to a mechanism"""


class Bucket(StrEnum):
    """The category in which overviews count a state of a procedure, whatever label the State gives
    it. Overviews do not show `not-counted` states."""

    OPEN = "open"
    """follow-up is open"""
    SUSPENDED = "suspended"
    """follow-up rests"""
    CLOSED = "closed"
    """follow-up is closed"""

    UNDECIDED = "undecided"
    """the State has not answered"""
    SUPPORTED = "supported"
    """the State supports it"""
    NOTED = "noted"
    """the State takes note of it"""
    DECIDED_BY_PART = "decided-by-part"
    """parts of the paragraph have positions of their own"""

    UNASSIGNED = "unassigned"
    """no institution has it"""
    OFFERED = "offered"
    """an institution was asked and has not answered"""
    ASSIGNED = "assigned"
    """an institution has it"""

    NOT_STARTED = "not-started"
    """no measures are planned"""
    PLANNED = "planned"
    """measures are planned"""
    UNDER_WAY = "under-way"
    """measures are being taken"""
    DECLARED_IMPLEMENTED = "declared-implemented"
    """the State declares it implemented"""

    UNREPORTED = "unreported"
    """the State has not reported on it"""
    REPORTED = "reported"
    """the State has reported on it"""

    NOT_COUNTED = "not-counted"
    """no overview counts the state"""

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
