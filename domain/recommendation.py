"""A recommendation: what was asked of a State, and everything that has become of it since.

Four dimensions are kept apart, because a State may support what nobody carries out, and carry out
what it only noted (domain rule 1): the **position** (Universal Periodic Review only), the
**assignment** to ministries, the **implementation** as declared and assessed, and the
**reporting**. "Received → accepted or noted → assigned → implemented → reported" is a view over
them, `Recommendation.stage`.

Read in this order: the events (what can be said of a recommendation), the state (what they add up
to), the commands (what may be said when). A command is a method that returns the event, or refuses
what no State may do; which step follows which is the procedure's business (`workflows.procedure`).
Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.entry import (
    Effective,
    Entry,
    Event,
    Protected,
    RecommendationId,
    Stamp,
    Stored,
    Visibility,
    is_date,
    label_chars_max,
    text_chars_max,
)
from domain.identity import mint, normal_paragraph, normal_symbol
from domain.refusals import (
    AlreadySo,
    InvalidInput,
    LimitExceeded,
    LinkToItself,
    NoPositionHere,
    UnknownAssignment,
    UnknownEntry,
    UnknownLink,
    UnknownPart,
    UnknownReport,
    UnknownTerm,
)
from domain.schemes import Common, common_grade

parts_max = 50
terms_max = 200
assignments_max = 200

# --- Words -------------------------------------------------------------------------------------


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


class Stage(StrEnum):
    """The everyday view over the four dimensions: the furthest point reached."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOTED = "noted"
    ASSIGNED = "assigned"
    IMPLEMENTED = "implemented"
    REPORTED = "reported"


# --- What events are made of (the archive's format: frozen) --------------------------------------


class Recommender(Stored, frozen=True):
    """A recommending State: its code where recognised, and its name as printed."""

    printed: str
    code: str | None = None


class Part(Stored, frozen=True):
    """One of the texts a paragraph bundles, with the States that made it. Ids count from "1"."""

    id: str
    recommenders: tuple[Recommender, ...] = ()


class PartText(Stored, frozen=True):
    """The text of one part, in the language of the `Text` it belongs to."""

    part: str
    text: str


class Text(Stored, frozen=True):
    """A recommendation's wording in one language (BCP 47 tag), part by part."""

    language: str
    status: TextStatus
    parts: tuple[PartText, ...]


class Term(Stored, frozen=True):
    """A term of a versioned vocabulary: theme, SDG goal or target, affected persons, action
    category. `code` where the vocabulary has one, `label` as printed."""

    vocabulary: str
    version: str
    label: str
    code: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.vocabulary, self.version, self.code or self.label.casefold()


class Alias(Stored, frozen=True):
    """A name the recommendation goes by: scheme `un` (document symbol and paragraph), another
    system's (`uhri`, …), or `national`."""

    scheme: str
    value: str
    paragraph: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        if self.scheme == "un":
            return "un", normal_symbol(self.value), normal_paragraph(self.paragraph or "")
        return self.scheme, self.value, ""


# --- Events (the archive's format: frozen; a new shape is a new topic) ---------------------------


class RecommendationEvent(Event, frozen=True):
    """Base of a recommendation's events."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        """Adds what this event says to the state; by itself it adds nothing."""


class Received(RecommendationEvent, frozen=True):
    """The text arrived from its mechanism."""

    topic: ClassVar[str] = "recommendation.received.v1"

    kind: Kind
    mechanism: Mechanism
    body: str
    text: Text
    parts: tuple[Part, ...]
    symbol: str | None = None
    paragraph: str | None = None
    cycle: int | None = None
    session: str | None = None

    def begin(self, entry: Entry) -> Recommendation:
        aliases = []
        if self.symbol and self.paragraph:
            aliases.append(Alias(scheme="un", value=self.symbol, paragraph=self.paragraph))
        return Recommendation(
            id=entry.stream,
            addressee=entry.addressee,
            kind=self.kind,
            mechanism=self.mechanism,
            body=self.body,
            cycle=self.cycle,
            session=self.session,
            symbol=self.symbol,
            paragraph=self.paragraph,
            visibility=self.stamp.visibility,
            institution=self.stamp.speaker.institution,
            received=self.stamp.effective,
            original=self.text.language,
            texts={self.text.language: self.text},
            parts=self.parts,
            aliases=aliases,
        )


class TextAdded(RecommendationEvent, frozen=True):
    """A text in another language, or a better one in a language already there, was added."""

    topic: ClassVar[str] = "recommendation.text-added.v1"

    text: Text

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.texts[self.text.language] = self.text


class Corrected(RecommendationEvent, frozen=True):
    """What was recorded was wrong and is put right: a text, the parts with their recommending
    States, or an earlier entry that is struck (`strikes`: its version). The reason is in the
    stamp; the earlier entry stays where it is."""

    topic: ClassVar[str] = "recommendation.corrected.v1"

    correction: CorrectionKind
    text: Text | None = None
    parts: tuple[Part, ...] | None = None
    strikes: int | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        if self.text is not None:
            r.texts[self.text.language] = self.text
        if self.parts is not None:
            r.parts = self.parts
        if self.strikes is not None:
            r.struck.append(self.strikes)


class Renumbered(RecommendationEvent, frozen=True):
    """The document's symbol or the paragraph's number changed; the old one stays an alias."""

    topic: ClassVar[str] = "recommendation.renumbered.v1"

    symbol: str
    paragraph: str

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.symbol, r.paragraph = self.symbol, self.paragraph
        r.aliases.append(Alias(scheme="un", value=self.symbol, paragraph=self.paragraph))


class Identified(RecommendationEvent, frozen=True):
    """Another system's id, or a national reference, was recorded."""

    topic: ClassVar[str] = "recommendation.identified.v1"

    alias: Alias

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.aliases.append(self.alias)


class Classified(RecommendationEvent, frozen=True):
    """Terms of vocabularies were said to fit (domain rule 12); `how` says by what means."""

    topic: ClassVar[str] = "recommendation.classified.v1"

    terms: tuple[Term, ...]
    how: AssertedHow

    def apply(self, r: Recommendation, entry: Entry) -> None:
        document = self.stamp.source.document if self.stamp.source else None
        for term in self.terms:
            r.terms.append(TermHeld(term=term, version=entry.version, document=document))


class Declassified(RecommendationEvent, frozen=True):
    """Terms were said to fit no longer."""

    topic: ClassVar[str] = "recommendation.declassified.v1"

    terms: tuple[Term, ...]

    def apply(self, r: Recommendation, entry: Entry) -> None:
        gone = {term.key for term in self.terms}
        r.terms = [held for held in r.terms if held.term.key not in gone]


class PositionTaken(RecommendationEvent, frozen=True):
    """The State took a position, or a new one (domain rule 2).

    The stamp's effective date is when it was expressed, its source the citation as printed.
    `printed` is the wording; `published` and `adopted` are dates where they differ;
    `said_already_implemented` is the State's claim, not an assessment; `doubt` says why the
    citation can't be right; `revises` is the version of the entry it takes the place of.
    """

    topic: ClassVar[str] = "recommendation.position-taken.v1"

    answer: Answer
    organ: Organ
    instrument: str | None = None
    printed: str | None = None
    in_part: bool = False
    said_already_implemented: bool = False
    published: str | None = None
    adopted: str | None = None
    comment: Protected | None = None
    doubt: str | None = None
    revises: int | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.positions.append(
            PositionHeld(
                version=entry.version,
                answer=self.answer,
                on=self.stamp.effective.order,
                part=self.stamp.part,
                instrument=self.instrument,
            )
        )


class PositionDeferred(RecommendationEvent, frozen=True):
    """The State will answer by `due`, or by the named session. A deadline that passes never
    produces a position."""

    topic: ClassVar[str] = "recommendation.position-deferred.v1"

    due: str | None = None
    session: str | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.answer_due = self.due


class StateCommented(RecommendationEvent, frozen=True):
    """The State commented, where the mechanism knows no position."""

    topic: ClassVar[str] = "recommendation.state-commented.v1"

    comment: Protected


class SelectedForFollowUp(RecommendationEvent, frozen=True):
    """A committee selected it for follow-up, to be answered by a date."""

    topic: ClassVar[str] = "recommendation.selected-for-follow-up.v1"

    body: str
    due: str | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.follow_up_due = self.due
        r.selected = True


class AssignmentOpened(RecommendationEvent, frozen=True):
    """Base of the two ways an assignment begins. Its id is the version of this entry."""

    assignee: str
    capacity: Capacity
    instrument: str | None = None

    status: ClassVar[AssignmentStatus]

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.assignments.append(
            Assignment(
                id=entry.version,
                institution=self.assignee,
                capacity=self.capacity,
                status=self.status,
                part=self.stamp.part,
                since=self.stamp.effective,
                instrument=self.instrument,
                visibility=self.stamp.visibility,
                assigned_by=self.stamp.speaker.institution,
            )
        )


class AssignmentOffered(AssignmentOpened, frozen=True):
    """An institution was asked to take it on; it accepts, declines, or lets the offer lapse."""

    topic: ClassVar[str] = "recommendation.assignment-offered.v1"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.OFFERED

    answer_due: str | None = None


class AssignmentDecreed(AssignmentOpened, frozen=True):
    """An institution was assigned by decree."""

    topic: ClassVar[str] = "recommendation.assignment-decreed.v1"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ASSIGNED


class AssignmentChanged(RecommendationEvent, frozen=True):
    """Base of what happens to an assignment, named by the version of the entry that opened it."""

    assignment: int

    status: ClassVar[AssignmentStatus]

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.assignments = [
            msgspec.structs.replace(a, status=self.status, since=self.stamp.effective)
            if a.id == self.assignment
            else a
            for a in r.assignments
        ]


class AssignmentAccepted(AssignmentChanged, frozen=True):
    """The institution took on what it was offered."""

    topic: ClassVar[str] = "recommendation.assignment-accepted.v1"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ASSIGNED


class AssignmentDeclined(AssignmentChanged, frozen=True):
    """The institution declined, with a reason."""

    topic: ClassVar[str] = "recommendation.assignment-declined.v1"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.DECLINED


class AssignmentLapsed(AssignmentChanged, frozen=True):
    """The offer was met by silence until it lapsed."""

    topic: ClassVar[str] = "recommendation.assignment-lapsed.v1"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.LAPSED


class AssignmentEnded(AssignmentChanged, frozen=True):
    """The assignment ended."""

    topic: ClassVar[str] = "recommendation.assignment-ended.v1"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ENDED


class AssignmentHandedOver(AssignmentChanged, frozen=True):
    """The assignment passed to another institution; a new one begins with this entry."""

    topic: ClassVar[str] = "recommendation.assignment-handed-over.v1"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.HANDED_OVER

    to: str
    instrument: str | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        before = r.assignment(self.assignment)
        super().apply(r, entry)
        r.assignments.append(
            msgspec.structs.replace(
                before,
                id=entry.version,
                institution=self.to,
                status=AssignmentStatus.ASSIGNED,
                since=self.stamp.effective,
                instrument=self.instrument,
                visibility=self.stamp.visibility,
                assigned_by=self.stamp.speaker.institution,
            )
        )


class Planned(RecommendationEvent, frozen=True):
    """Measures were planned: in which plan, and from when to when."""

    topic: ClassVar[str] = "recommendation.planned.v1"

    measures: Protected
    plan: str | None = None
    starts: str | None = None
    ends: str | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.plans.append(entry.version)


class ProgressDrafted(RecommendationEvent, frozen=True):
    """An institution drafted a progress report. Its id is the version of this entry; drafting
    again under `report` takes the place of the earlier draft."""

    topic: ClassVar[str] = "recommendation.progress-drafted.v1"

    narrative: Protected
    report: int | None = None
    period_from: str | None = None
    period_to: str | None = None

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
    """Base of what happens to a progress report, named by its id."""

    report: int

    status: ClassVar[ProgressStatus]

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.progress = [
            msgspec.structs.replace(p, status=self.status, version=entry.version)
            if p.id == self.report
            else p
            for p in r.progress
        ]


class ProgressCleared(ProgressChanged, frozen=True):
    """The progress report was cleared for publication."""

    topic: ClassVar[str] = "recommendation.progress-cleared.v1"
    status: ClassVar[ProgressStatus] = ProgressStatus.CLEARED


class ProgressPublished(ProgressChanged, frozen=True):
    """The progress report was published, in the words given here; the draft stays as it was."""

    topic: ClassVar[str] = "recommendation.progress-published.v1"
    status: ClassVar[ProgressStatus] = ProgressStatus.PUBLISHED

    narrative: Protected
    period_from: str | None = None
    period_to: str | None = None


class Assessed(RecommendationEvent, frozen=True):
    """Somebody assessed the implementation (domain rule 6). Assessments stand side by side.

    `assessor` is who judged, the stamp's speaker who recorded it, the stamp's source where it is
    written. `common` is the grade on the common scale as it mapped that day, None: does not map.
    """

    topic: ClassVar[str] = "recommendation.assessed.v1"

    assessor_kind: AssessorKind
    assessor: str
    scheme: str
    scheme_version: str
    grade: str
    common: Common | None = None
    finding: Protected | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.assessments.append(
            AssessmentHeld(
                version=entry.version,
                assessor_kind=self.assessor_kind,
                assessor=self.assessor,
                common=self.common,
                on=self.stamp.effective.order,
                part=self.stamp.part,
            )
        )


class DeclaredImplemented(RecommendationEvent, frozen=True):
    """The State declared it implemented: its own view, one assessment among others."""

    topic: ClassVar[str] = "recommendation.declared-implemented.v1"

    statement: Protected | None = None

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.declared.append(entry.version)


class Reported(RecommendationEvent, frozen=True):
    """The State reported on it, in a report to a mechanism."""

    topic: ClassVar[str] = "recommendation.reported.v1"

    report: ReportKind
    document: str

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.reported.append(entry.version)


class Linked(RecommendationEvent, frozen=True):
    """It was joined to an earlier recommendation; the link's id is the version of this entry.
    `confidence` is in per cent, None where the person was simply sure."""

    topic: ClassVar[str] = "recommendation.linked.v1"

    type: LinkType
    to: RecommendationId
    how: AssertedHow
    confidence: int | None = None

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

    link: int

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.links = [link for link in r.links if link.id != self.link]


class DeclaredDuplicate(RecommendationEvent, frozen=True):
    """It was declared a duplicate of another; both histories stay."""

    topic: ClassVar[str] = "recommendation.declared-duplicate.v1"

    of: RecommendationId

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.duplicate_of = self.of


class DuplicateUndone(RecommendationEvent, frozen=True):
    """It was found to be no duplicate after all."""

    topic: ClassVar[str] = "recommendation.duplicate-undone.v1"

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.duplicate_of = None


class Closed(RecommendationEvent, frozen=True):
    """Follow-up was closed, by decision."""

    topic: ClassVar[str] = "recommendation.closed.v1"

    closing: Closing

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.closed = self.closing


class Reopened(RecommendationEvent, frozen=True):
    """Follow-up was taken up again; what had been declared implemented no longer counts so."""

    topic: ClassVar[str] = "recommendation.reopened.v1"

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.closed = None
        r.declared = []


class Continued(RecommendationEvent, frozen=True):
    """At a cycle's end it was decided to go on under its own symbol; it does not count in the
    next cycle (domain rule 9)."""

    topic: ClassVar[str] = "recommendation.continued.v1"

    cycle: int

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.continued_into = self.cycle


def _leaves(root: type[RecommendationEvent]) -> list[type[RecommendationEvent]]:
    below = root.__subclasses__()
    return [root] if not below else [leaf for sub in below for leaf in _leaves(sub)]


EVENTS: tuple[type[RecommendationEvent], ...] = tuple(_leaves(RecommendationEvent))
"""Every event a recommendation can have, in the order of this file."""

# --- State ---------------------------------------------------------------------------------------


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


class Recommendation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the entries of one recommendation add up to. Never stored in the log; the views keep
    it as it is, so there is one fold."""

    id: UUID
    addressee: str
    kind: Kind
    mechanism: Mechanism
    body: str
    visibility: Visibility
    institution: str
    received: Effective
    original: str
    texts: dict[str, Text]
    parts: tuple[Part, ...]
    version: int = 0
    cycle: int | None = None
    session: str | None = None
    symbol: str | None = None
    paragraph: str | None = None
    aliases: list[Alias] = []
    states: list[str] = []
    terms: list[TermHeld] = []
    positions: list[PositionHeld] = []
    answer_due: str | None = None
    selected: bool = False
    follow_up_due: str | None = None
    assignments: list[Assignment] = []
    plans: list[int] = []
    progress: list[ProgressHeld] = []
    assessments: list[AssessmentHeld] = []
    declared: list[int] = []
    reported: list[int] = []
    links: list[Link] = []
    duplicate_of: RecommendationId | None = None
    closed: Closing | None = None
    continued_into: int | None = None
    struck: list[int] = []

    # -- reading

    def text(self, language: str | None = None) -> str:
        """The wording in `language`, else in the original's: the parts' texts, a space between."""
        text = self.texts.get(language or self.original) or self.texts[self.original]
        return " ".join(part.text for part in text.parts)

    def stands(self, version: int) -> bool:
        """True if the entry of this version has not been struck."""
        return version not in self.struck

    def current_position(self, part: str | None = None) -> PositionHeld | None:
        """The latest position in force for the whole, or for one part: the latest effective, ties
        by order of recording; an unknown date never displaces a known one (domain rule 18)."""
        standing = [p for p in self.positions if p.part == part and self.stands(p.version)]
        return max(standing, key=lambda p: (p.on, p.version), default=None)

    @property
    def position(self) -> Position:
        """The position as it stands, for the whole paragraph."""
        if self.mechanism is not Mechanism.UPR:
            return Position.NOT_APPLICABLE
        by_part = [self.current_position(part.id) for part in self.parts]
        answered = [p for p in by_part if p]
        whole = self.current_position()
        if answered and (whole or len(answered) == len(by_part)):
            answers = {p.answer if p else whole.answer for p in by_part if p or whole}  # type: ignore[union-attr]
            return Position(answers.pop().value) if len(answers) == 1 else Position.BY_PART
        return Position(whole.answer.value) if whole else Position.PENDING

    def assignment(self, id: int) -> Assignment:
        """The assignment with this id; refuses one that does not exist."""
        for a in self.assignments:
            if a.id == id:
                return a
        raise UnknownAssignment(f"There is no assignment {id}; ask for `assignments`.")

    @property
    def standing(self) -> list[Assignment]:
        """Assignments that bind somebody now."""
        return [a for a in self.assignments if a.status is AssignmentStatus.ASSIGNED]

    @property
    def stage(self) -> Stage:
        """The furthest point reached on the everyday road; a view, never stored in the log."""
        if any(self.stands(v) for v in self.reported):
            return Stage.REPORTED
        if any(self.stands(v) for v in self.declared):
            return Stage.IMPLEMENTED
        if self.standing:
            return Stage.ASSIGNED
        position = self.position
        if position is Position.SUPPORTED:
            return Stage.ACCEPTED
        return Stage.NOTED if position is Position.NOTED else Stage.RECEIVED

    # -- folding

    def apply(self, entry: Entry) -> None:
        """Adds one entry: its facts, then the states the procedure said were left and entered."""
        event = entry.event
        assert isinstance(event, RecommendationEvent)
        event.apply(self, entry)
        self.version = entry.version
        self.move(event.stamp.left, event.stamp.entered)

    def move(self, left: tuple[str, ...], entered: tuple[str, ...]) -> None:
        """Leaves and enters states of the procedure; the rest stay as they are."""
        if left or entered:
            self.states = sorted({*self.states}.difference(left).union(entered))

    # -- commands

    def add_text(self, stamp: Stamp, text: Text) -> TextAdded:
        """A text in a further language, or a better one; the same again is refused."""
        self._fits(text)
        if self.texts.get(text.language) == text:
            raise AlreadySo(f"This text is recorded in “{text.language}” already.")
        return TextAdded(stamp=stamp, text=text)

    def correct(
        self,
        stamp: Stamp,
        correction: CorrectionKind,
        *,
        text: Text | None = None,
        parts: tuple[Part, ...] | None = None,
    ) -> Corrected:
        """Puts a text, or the parts with their States, right; a reason is required."""
        _reasoned(stamp, "A correction")
        if text is None and parts is None:
            raise InvalidInput("A correction says what it corrects: give a text or parts.")
        if parts is not None:
            _countable(parts)
        if text is not None:
            self._fits(text, parts)
            if parts is None and self.texts.get(text.language) == text:
                raise AlreadySo("The text reads like that already.")
        if parts is not None and (text is None or text.language != self.original):
            self._fits(self.texts[self.original], parts)
        return Corrected(stamp=stamp, correction=correction, text=text, parts=parts)

    def strike(self, stamp: Stamp, correction: CorrectionKind, version: int) -> Corrected:
        """Strikes an earlier entry that should not have been made: a position, plan, assessment,
        declaration or report. It stays in the history and counts no more."""
        _reasoned(stamp, "A correction")
        facts = {p.version for p in self.positions} | {a.version for a in self.assessments}
        facts.update(self.plans, self.declared, self.reported)
        if version not in facts or not self.stands(version):
            raise UnknownEntry(
                f"Entry {version} is no standing position, plan, assessment, declaration or "
                "report of this recommendation; see its history."
            )
        return Corrected(stamp=stamp, correction=correction, strikes=version)

    def renumber(self, stamp: Stamp, symbol: str, paragraph: str) -> Renumbered:
        """Records that the document's symbol or the paragraph's number changed."""
        alias = Alias(scheme="un", value=_named(symbol), paragraph=_named(paragraph))
        if (self.symbol, self.paragraph) == (symbol, paragraph):
            raise AlreadySo(f"It is {symbol} paragraph {paragraph} already.")
        return Renumbered(stamp=stamp, symbol=alias.value, paragraph=paragraph)

    def identify(self, stamp: Stamp, scheme: str, value: str) -> Identified:
        """Records another system's id or a national reference."""
        alias = Alias(scheme=_named(scheme), value=_named(value))
        if scheme == "un":
            raise InvalidInput("A UN symbol changes by renumbering, not by an alias.")
        if alias.key in {a.key for a in self.aliases}:
            raise AlreadySo(f"It goes by {scheme} “{value}” already.")
        return Identified(stamp=stamp, alias=alias)

    def classify(self, stamp: Stamp, terms: Iterable[Term], how: AssertedHow) -> Classified:
        """Says that terms fit; those it bears already are passed over."""
        borne = {held.term.key for held in self.terms}
        new = {t.key: t for t in terms if t.key not in borne}
        if not new:
            raise AlreadySo("It bears all these terms already.")
        if len(borne) + len(new) > terms_max:
            raise LimitExceeded(f"A recommendation may bear {terms_max} terms.")
        for term in new.values():
            _named(term.label)
        return Classified(stamp=stamp, terms=tuple(new.values()), how=how)

    def declassify(self, stamp: Stamp, terms: Iterable[Term]) -> Declassified:
        """Says that terms fit no longer."""
        asked = tuple(terms)
        missing = {t.key for t in asked} - {held.term.key for held in self.terms}
        if missing or not asked:
            names = ", ".join(sorted(" ".join(key) for key in missing))
            raise UnknownTerm(f"It does not bear: {names or 'no term was named'}.")
        return Declassified(stamp=stamp, terms=asked)

    def take_position(
        self,
        stamp: Stamp,
        answer: Answer,
        *,
        organ: Organ,
        instrument: str | None = None,
        printed: str | None = None,
        in_part: bool = False,
        said_already_implemented: bool = False,
        published: str | None = None,
        adopted: str | None = None,
        comment: Protected | None = None,
        doubt: str | None = None,
    ) -> PositionTaken:
        """The State supports or notes it. A later answer revises an earlier one and never wipes it
        out; the very same answer from the same instrument is refused."""
        if self.mechanism is not Mechanism.UPR:
            raise NoPositionHere(
                f"A {self.mechanism.value} asks for no position; record the State's comment."
            )
        self._part(stamp)
        before = self.current_position(stamp.part)
        if before and (before.answer, before.instrument, before.on) == (
            answer,
            instrument,
            stamp.effective.order,
        ):
            raise AlreadySo(f"It is {answer.value} by {instrument or 'the State'} already.")
        return PositionTaken(
            stamp=stamp,
            answer=answer,
            organ=organ,
            instrument=instrument,
            printed=printed,
            in_part=in_part,
            said_already_implemented=said_already_implemented,
            published=_dated(published),
            adopted=_dated(adopted),
            comment=comment,
            doubt=doubt,
            revises=before.version if before else None,
        )

    def defer_position(
        self, stamp: Stamp, due: str | None, session: str | None
    ) -> PositionDeferred:
        """The State will answer later: by a date, by a session, or both."""
        if self.mechanism is not Mechanism.UPR:
            raise NoPositionHere(f"A {self.mechanism.value} asks for no position.")
        if due is None and session is None:
            raise InvalidInput("Say by when the State will answer: a date or a session.")
        return PositionDeferred(stamp=stamp, due=_dated(due), session=session)

    def comment(self, stamp: Stamp, comment: Protected) -> StateCommented:
        """The State's comment, where the mechanism knows no position."""
        if self.mechanism is Mechanism.UPR:
            raise InvalidInput("In the Universal Periodic Review a comment goes with the position.")
        return StateCommented(stamp=stamp, comment=comment)

    def select_for_follow_up(self, stamp: Stamp, body: str, due: str | None) -> SelectedForFollowUp:
        """A committee selected it for its follow-up procedure."""
        return SelectedForFollowUp(stamp=stamp, body=_named(body), due=_dated(due))

    def offer_assignment(
        self,
        stamp: Stamp,
        institution: str,
        capacity: Capacity,
        instrument: str | None = None,
        answer_due: str | None = None,
    ) -> AssignmentOffered:
        """Asks an institution to take it on."""
        self._part(stamp)
        self._assignable(institution, stamp.part)
        return AssignmentOffered(
            stamp=stamp,
            assignee=institution,
            capacity=capacity,
            instrument=instrument,
            answer_due=_dated(answer_due),
        )

    def decree_assignment(
        self, stamp: Stamp, institution: str, capacity: Capacity, instrument: str | None = None
    ) -> AssignmentDecreed:
        """Assigns it to an institution by decree."""
        self._part(stamp)
        self._assignable(institution, stamp.part)
        return AssignmentDecreed(
            stamp=stamp, assignee=institution, capacity=capacity, instrument=instrument
        )

    def accept_assignment(self, stamp: Stamp, id: int) -> AssignmentAccepted:
        """The institution accepts what it was offered."""
        self._assignment_that_is(id, AssignmentStatus.OFFERED)
        return AssignmentAccepted(stamp=stamp, assignment=id)

    def decline_assignment(self, stamp: Stamp, id: int) -> AssignmentDeclined:
        """The institution declines what it was offered, with a reason."""
        _reasoned(stamp, "Declining")
        self._assignment_that_is(id, AssignmentStatus.OFFERED)
        return AssignmentDeclined(stamp=stamp, assignment=id)

    def lapse_assignment(self, stamp: Stamp, id: int) -> AssignmentLapsed:
        """The offer lapsed in silence."""
        self._assignment_that_is(id, AssignmentStatus.OFFERED)
        return AssignmentLapsed(stamp=stamp, assignment=id)

    def end_assignment(self, stamp: Stamp, id: int) -> AssignmentEnded:
        """The assignment ends, with a reason."""
        _reasoned(stamp, "Ending an assignment")
        self._assignment_that_is(id, AssignmentStatus.ASSIGNED)
        return AssignmentEnded(stamp=stamp, assignment=id)

    def hand_over_assignment(
        self, stamp: Stamp, id: int, to: str, instrument: str | None = None
    ) -> AssignmentHandedOver:
        """The assignment passes to another institution."""
        before = self._assignment_that_is(id, AssignmentStatus.ASSIGNED)
        self._assignable(to, before.part)
        return AssignmentHandedOver(stamp=stamp, assignment=id, to=to, instrument=instrument)

    def plan(
        self,
        stamp: Stamp,
        measures: Protected,
        plan: str | None = None,
        starts: str | None = None,
        ends: str | None = None,
    ) -> Planned:
        """Measures are planned."""
        self._part(stamp)
        return Planned(
            stamp=stamp, measures=measures, plan=plan, starts=_dated(starts), ends=_dated(ends)
        )

    def draft_progress(
        self,
        stamp: Stamp,
        narrative: Protected,
        *,
        report: int | None = None,
        period_from: str | None = None,
        period_to: str | None = None,
    ) -> ProgressDrafted:
        """Drafts a progress report, or drafts an unpublished one again."""
        self._part(stamp)
        if report is not None:
            self._report(report, ProgressStatus.DRAFTED, ProgressStatus.CLEARED)
        return ProgressDrafted(
            stamp=stamp,
            narrative=narrative,
            report=report,
            period_from=_dated(period_from),
            period_to=_dated(period_to),
        )

    def clear_progress(self, stamp: Stamp, report: int) -> ProgressCleared:
        """Clears a drafted progress report for publication."""
        self._report(report, ProgressStatus.DRAFTED)
        return ProgressCleared(stamp=stamp, report=report)

    def publish_progress(
        self,
        stamp: Stamp,
        report: int,
        narrative: Protected,
        period_from: str | None = None,
        period_to: str | None = None,
    ) -> ProgressPublished:
        """Publishes a cleared progress report, in the words given."""
        self._report(report, ProgressStatus.CLEARED)
        return ProgressPublished(
            stamp=stamp,
            report=report,
            narrative=narrative,
            period_from=_dated(period_from),
            period_to=_dated(period_to),
        )

    def assess(
        self,
        stamp: Stamp,
        assessor_kind: AssessorKind,
        assessor: str,
        scheme: str,
        scheme_version: str,
        grade: str,
        finding: Protected | None = None,
    ) -> Assessed:
        """Records somebody's assessment. Whoever enters another's finding cites its document."""
        self._part(stamp)
        if assessor != stamp.speaker.institution and not (stamp.source and stamp.source.document):
            raise InvalidInput(
                f"An assessment by {_named(assessor)} is recorded from its document: cite it as "
                "the source."
            )
        return Assessed(
            stamp=stamp,
            assessor_kind=assessor_kind,
            assessor=_named(assessor),
            scheme=scheme,
            scheme_version=scheme_version,
            grade=grade,
            common=common_grade(scheme, scheme_version, grade),
            finding=finding,
        )

    def declare_implemented(
        self, stamp: Stamp, statement: Protected | None = None
    ) -> DeclaredImplemented:
        """The State declares it implemented."""
        self._part(stamp)
        return DeclaredImplemented(stamp=stamp, statement=statement)

    def report(self, stamp: Stamp, report: ReportKind, document: str) -> Reported:
        """The State reports on it in a document."""
        return Reported(stamp=stamp, report=report, document=_named(document))

    def link(
        self, stamp: Stamp, type: LinkType, to: RecommendationId, how: AssertedHow, confidence: int | None
    ) -> Linked:
        """Joins it to an earlier recommendation."""
        if to == self.id:
            raise LinkToItself("A recommendation cannot be linked to itself.")
        if confidence is not None and not 0 <= confidence <= 100:
            raise InvalidInput("Confidence is a whole number of per cent, from 0 to 100.")
        if any((link.type, link.to) == (type, to) for link in self.links):
            raise AlreadySo(f"It {type.value} that recommendation already.")
        return Linked(stamp=stamp, type=type, to=to, how=how, confidence=confidence)

    def withdraw_link(self, stamp: Stamp, link: int) -> LinkWithdrawn:
        """Withdraws a link, with a reason."""
        _reasoned(stamp, "Withdrawing a link")
        if link not in {known.id for known in self.links}:
            raise UnknownLink(f"There is no link {link}; ask for `lineage`.")
        return LinkWithdrawn(stamp=stamp, link=link)

    def declare_duplicate(self, stamp: Stamp, of: RecommendationId) -> DeclaredDuplicate:
        """Declares it a duplicate of another."""
        if of == self.id:
            raise LinkToItself("A recommendation is no duplicate of itself.")
        if self.duplicate_of is not None:
            raise AlreadySo("It is declared a duplicate already; undo that first.")
        return DeclaredDuplicate(stamp=stamp, of=of)

    def undo_duplicate(self, stamp: Stamp) -> DuplicateUndone:
        """Undoes the declaration, with a reason."""
        _reasoned(stamp, "Undoing a duplicate")
        if self.duplicate_of is None:
            raise AlreadySo("It is not declared a duplicate.")
        return DuplicateUndone(stamp=stamp)

    def close(self, stamp: Stamp, closing: Closing) -> Closed:
        """Closes follow-up, with a reason."""
        _reasoned(stamp, "Closing")
        return Closed(stamp=stamp, closing=closing)

    def reopen(self, stamp: Stamp) -> Reopened:
        """Takes follow-up up again, with a reason."""
        _reasoned(stamp, "Reopening")
        return Reopened(stamp=stamp)

    def continue_into(self, stamp: Stamp, cycle: int) -> Continued:
        """Decides that it goes on under its own symbol in a new cycle."""
        if self.cycle is not None and cycle <= self.cycle:
            raise InvalidInput(f"It belongs to cycle {self.cycle}; continue it into a later one.")
        if self.continued_into is not None and cycle <= self.continued_into:
            raise AlreadySo(f"It is continued into cycle {self.continued_into} already.")
        return Continued(stamp=stamp, cycle=cycle)

    # -- invariants

    def _part(self, stamp: Stamp) -> None:
        if stamp.part is not None and stamp.part not in {part.id for part in self.parts}:
            known = ", ".join(part.id for part in self.parts)
            raise UnknownPart(f"There is no part “{stamp.part}”; the paragraph has {known}.")

    def _fits(self, text: Text, parts: tuple[Part, ...] | None = None) -> None:
        _written(text, self.parts if parts is None else parts)

    def _assignable(self, institution: str, part: str | None) -> None:
        _named(institution)
        if len(self.assignments) >= assignments_max:
            raise LimitExceeded(f"A recommendation may have {assignments_max} assignments.")
        for a in self.assignments:
            open_now = a.status in (AssignmentStatus.OFFERED, AssignmentStatus.ASSIGNED)
            if open_now and (a.institution, a.part) == (institution, part):
                raise AlreadySo(f"{institution} is {a.status.value} already (assignment {a.id}).")

    def _assignment_that_is(self, id: int, status: AssignmentStatus) -> Assignment:
        a = self.assignment(id)
        if a.status is not status:
            raise UnknownAssignment(f"Assignment {id} is {a.status.value}, not {status.value}.")
        return a

    def _report(self, id: int, *statuses: ProgressStatus) -> None:
        for p in self.progress:
            if p.id == id:
                if p.status in statuses:
                    return
                raise UnknownReport(f"Progress report {id} is {p.status.value} already.")
        raise UnknownReport(f"There is no progress report {id}.")


def receive(
    stamp: Stamp,
    *,
    addressee: str,
    kind: Kind,
    mechanism: Mechanism,
    body: str,
    text: Text,
    parts: tuple[Part, ...],
    symbol: str | None,
    paragraph: str | None,
    cycle: int | None = None,
    session: str | None = None,
    id: UUID | None = None,
) -> tuple[UUID, Received]:
    """A recommendation arrives: its id, minted from its key unless one is given, and the event.

    Without both symbol and paragraph there is no key, so the caller gives an id of its own.
    """
    _countable(parts)
    _written(text, parts)
    _named(body)
    if symbol and paragraph:
        id = id or mint(kind.value, addressee, _named(symbol), _named(paragraph))
    if id is None:
        raise InvalidInput("Give the document's symbol and the paragraph's number.")
    event = Received(
        stamp=stamp,
        kind=kind,
        mechanism=mechanism,
        body=body,
        text=text,
        parts=parts,
        symbol=symbol,
        paragraph=paragraph,
        cycle=cycle,
        session=session,
    )
    return id, event


def fold(entries: Iterable[Entry], state: Recommendation | None = None) -> Recommendation | None:
    """The state that entries of one stream add up to, on top of `state`; None if there are none."""
    for entry in entries:
        if state is None:
            event = entry.event
            assert isinstance(event, Received), "a recommendation's first entry is Received"
            state = event.begin(entry)
            state.version = entry.version
            state.move(event.stamp.left, event.stamp.entered)
        else:
            state.apply(entry)
    return state


def _countable(parts: tuple[Part, ...]) -> None:
    if not 1 <= len(parts) <= parts_max:
        raise LimitExceeded(f"A paragraph has between 1 and {parts_max} parts.")
    if len({part.id for part in parts}) != len(parts):
        raise InvalidInput("Parts have different ids.")


def _written(text: Text, parts: tuple[Part, ...]) -> None:
    if [p.part for p in text.parts] != [p.id for p in parts]:
        raise InvalidInput("A text has one wording for each part, in their order.")
    if not text.language or len(text.language) > 35:
        raise InvalidInput("Name the text's language by its BCP 47 tag, such as “en”.")
    for part in text.parts:
        if not part.text.strip():
            raise InvalidInput("A text says something.")
        if len(part.text) > text_chars_max:
            raise LimitExceeded(f"A text may have {text_chars_max:,} characters.")


def _named(name: str) -> str:
    if not name.strip():
        raise InvalidInput("A name or number is missing: it is empty.")
    if len(name) > label_chars_max:
        raise LimitExceeded(f"A name may have {label_chars_max} characters: “{name[:40]}…”.")
    return name


def _dated(on: str | None) -> str | None:
    if on is not None and not is_date(on):
        raise InvalidInput(f"“{on[:40]}” is not a date: write 2025-04-08, 2025-04 or 2025.")
    return on


def _reasoned(stamp: Stamp, what: str) -> None:
    if stamp.reason is None or not (stamp.reason.text or "").strip():
        raise InvalidInput(f"{what} needs a reason.")
