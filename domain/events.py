"""What can be said of a recommendation: its events, and what each adds to the state.

Names, fields and topics are the archive's format: frozen. A new shape is a new topic. The base
class `Event` and the stamp that every event bears are in `domain.entry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

import msgspec

from domain.casework import CaseEvent
from domain.entry import (
    Effective,
    Entry,
    Protected,
    RecommendationId,
    Stamp,
    Stored,
    Visibility,
)
from domain.identity import normal_paragraph, normal_symbol
from domain.schemes import Common
from domain.words import (
    Answer,
    AssertedHow,
    AssessorKind,
    AssignmentStatus,
    Capacity,
    Closing,
    CorrectionKind,
    Kind,
    LinkType,
    Mechanism,
    Organ,
    ProgressStatus,
    ReportKind,
    TextStatus,
)

if TYPE_CHECKING:
    from domain.recommendation import Recommendation

# --- What events are made of ---------------------------------------------------------------------


class Recommender(Stored, frozen=True):
    """A recommending State."""

    printed: str
    """Its name as the document prints it."""
    code: str | None = None
    """Its code of three letters, such as SVN; null where the name was not recognised."""


class Part(Stored, frozen=True):
    """One of the texts a paragraph bundles, with the States that made it."""

    id: str
    """Counts from "1" within the paragraph."""
    recommenders: tuple[Recommender, ...] = ()
    """The States that made it; empty where the document names none."""


class PartText(Stored, frozen=True):
    """The text of one part, in the language of the `Text` it belongs to."""

    part: str
    """The part's number."""
    text: str
    """The wording, as printed."""


class Text(Stored, frozen=True):
    """A recommendation's wording in one language, part by part."""

    language: str
    status: TextStatus
    """Whether it is official, a translation, or a machine's."""
    parts: tuple[PartText, ...]
    """The wording of each part, in their order."""


class Term(Stored, frozen=True):
    """A term of a versioned vocabulary: theme, SDG goal or target, affected persons, action
    category."""

    vocabulary: str
    """Name of the vocabulary, such as `theme` or `sdg`."""
    version: str
    """The vocabulary's version, such as 2014."""
    label: str
    """The term as it was printed."""
    code: str | None = None
    """The term's code, such as A12 or 16.2; null where the vocabulary has none."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.vocabulary, self.version, self.code or self.label.casefold()


class Alias(Stored, frozen=True):
    """A name the recommendation goes by."""

    scheme: str
    """`un` for a document's paragraph, another system such as `uhri`, or `national`."""
    value: str
    """The document's symbol under `un`; else the id or reference in that system."""
    paragraph: str | None = None
    """Number of the paragraph under `un`; else null."""

    @property
    def key(self) -> tuple[str, str, str]:
        if self.scheme == "un":
            return "un", normal_symbol(self.value), normal_paragraph(self.paragraph or "")
        return self.scheme, self.value, ""


# --- What they leave in the state ----------------------------------------------------------------


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


# --- Events --------------------------------------------------------------------------------------


class RecommendationEvent(CaseEvent, frozen=True):
    """Base of what is said of a recommendation and of no other case."""


class Received(RecommendationEvent, frozen=True):
    """The text arrived from its mechanism."""

    topic: ClassVar[str] = "recommendation.received.v1"
    by_step: ClassVar[str] = "receive"
    begins: ClassVar[bool] = True

    kind: Kind
    """The kind of text."""
    mechanism: Mechanism
    body: str
    text: Text
    """The first text that was recorded, in the language of its source."""
    parts: tuple[Part, ...]
    """The texts that the paragraph bundles, with their States; at least one."""
    symbol: str | None = None
    """UN symbol of the document, as printed; null where it has none."""
    paragraph: str | None = None
    """Number of the paragraph, as printed: 140.1 is not 140.10. Null where there is none."""
    cycle: int | None = None
    """Cycle of the Universal Periodic Review, or reporting round; null where there is none."""
    session: str | None = None


class TextAdded(RecommendationEvent, frozen=True):
    """A text in another language, or a better one in a language already there, was added."""

    topic: ClassVar[str] = "recommendation.text-added.v1"
    by_step: ClassVar[str] = "add-text"

    text: Text
    """The text, which replaces an earlier one in its language."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.texts[self.text.language] = self.text


class Corrected(RecommendationEvent, frozen=True):
    """Something recorded was wrong and is put right: a text, the parts with their recommending
    States, or an earlier entry, which is struck. The earlier entry stays where it is."""

    topic: ClassVar[str] = "recommendation.corrected.v1"
    by_step: ClassVar[str] = "correct"

    correction: CorrectionKind
    """Why it was wrong."""
    text: Text | None = None
    """The right text; null where texts stay."""
    parts: tuple[Part, ...] | None = None
    """The right parts with their States; null where they stay."""
    strikes: int | None = None
    """The version of the entry that counts no more; null where none is struck."""

    @property
    def step_name(self) -> str:
        return self.by_step if self.strikes is None else "strike"

    def about(self, r: Recommendation) -> int | None:
        return self.strikes

    def apply(self, r: Recommendation, entry: Entry) -> None:
        if self.text is not None:
            r.texts[self.text.language] = self.text
        if self.parts is not None:
            r.parts = self.parts
        if self.strikes is not None:
            r.struck.append(self.strikes)
            r.unfill(self.strikes)


class Renumbered(RecommendationEvent, frozen=True):
    """The document's symbol or the paragraph's number changed; the old one stays an alias."""

    topic: ClassVar[str] = "recommendation.renumbered.v1"
    by_step: ClassVar[str] = "renumber"

    symbol: str
    """The new symbol of the document."""
    paragraph: str
    """The new number of the paragraph."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.symbol, r.paragraph = self.symbol, self.paragraph
        r.aliases.append(Alias(scheme="un", value=self.symbol, paragraph=self.paragraph))


class Identified(RecommendationEvent, frozen=True):
    """Another system's id, or a national reference, was recorded."""

    topic: ClassVar[str] = "recommendation.identified.v1"
    by_step: ClassVar[str] = "identify"

    alias: Alias
    """The id or reference, and the system that it is from."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.aliases.append(self.alias)


class AliasWithdrawn(RecommendationEvent, frozen=True):
    """A name was withdrawn because it belongs to another recommendation: the match with a row of a
    second source was wrong."""

    topic: ClassVar[str] = "recommendation.alias-withdrawn.v1"
    by_step: ClassVar[str] = "withdraw-alias"

    alias: Alias
    """The name that no longer leads here."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.aliases = [alias for alias in r.aliases if alias.key != self.alias.key]


class Classified(RecommendationEvent, frozen=True):
    """Terms of vocabularies were assigned, each with the version of its vocabulary."""

    topic: ClassVar[str] = "recommendation.classified.v1"
    by_step: ClassVar[str] = "classify"

    terms: tuple[Term, ...]
    """The terms that it bears from now on, besides earlier ones."""
    how: AssertedHow

    def apply(self, r: Recommendation, entry: Entry) -> None:
        document = self.stamp.source.document if self.stamp.source else None
        for term in self.terms:
            r.terms.append(TermHeld(term=term, version=entry.version, document=document))


class Declassified(RecommendationEvent, frozen=True):
    """Terms were said to fit no longer."""

    topic: ClassVar[str] = "recommendation.declassified.v1"
    by_step: ClassVar[str] = "declassify"

    terms: tuple[Term, ...]
    """The terms that it no longer bears."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        gone = {term.key for term in self.terms}
        r.terms = [held for held in r.terms if held.term.key not in gone]


class PositionTaken(RecommendationEvent, frozen=True):
    """The State took a position, or revised an earlier one. `effectiveOn` is when it expressed it,
    `source` the citation as printed."""

    topic: ClassVar[str] = "recommendation.position-taken.v1"
    by_step: ClassVar[str] = "take-position"

    answer: Answer
    """Supported or noted."""
    organ: Organ
    """Where the State expressed it."""
    instrument: str | None = None
    """The document in which the State expressed it; null where none is known."""
    printed: str | None = None
    """The wording of the answer, as printed; null where there is none."""
    in_part: bool = False
    """True where the answer is to a part of the text only."""
    said_already_implemented: bool = False
    """True where the State says that it is implemented already: a claim, not an assessment."""
    published: str | None = None
    """The day on which the document appeared; null where it is `effectiveOn` or unknown."""
    adopted: str | None = None
    """The day on which the outcome was adopted; null where it is `effectiveOn` or unknown."""
    comment: Protected | None = None
    """The State's comment on its answer; null where there is none."""
    doubt: str | None = None
    """Why the citation as printed cannot be right; null where nothing is in doubt."""
    revises: int | None = None
    """The version of the entry with the earlier position; null for a first one."""

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
    """The State will answer later. A deadline that passes never produces a position."""

    topic: ClassVar[str] = "recommendation.position-deferred.v1"
    by_step: ClassVar[str] = "defer-position"

    due: str | None = None
    """The day by whose end it will answer; null where only a session is named."""
    session: str | None = None
    """The session by which it will answer; null where only a day is named."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.answer_due = self.due


class StateCommented(RecommendationEvent, frozen=True):
    """The State commented, where the mechanism knows no position."""

    topic: ClassVar[str] = "recommendation.state-commented.v1"
    by_step: ClassVar[str] = "comment"

    comment: Protected
    """The comment, which can be erased."""


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


class AssignmentOpened(RecommendationEvent, frozen=True):
    """Base of the two ways an assignment begins. Its id is the version of this entry."""

    assignee: str
    """Code of the institution that gets the assignment."""
    capacity: Capacity
    """Whether the institution leads or supports."""
    instrument: str | None = None

    status: ClassVar[AssignmentStatus]

    @property
    def addressed(self) -> tuple[str, ...]:
        return (self.assignee,)

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
                answer_due=self.due_by(),
            )
        )

    def thing(self, version: int) -> int | None:
        return version

    def due_by(self) -> str | None:
        """By when the institution answers; a decree asks for no answer."""
        return None


class AssignmentOffered(AssignmentOpened, frozen=True):
    """An institution was asked to take it on; it accepts, declines, or lets the offer lapse."""

    topic: ClassVar[str] = "recommendation.assignment-offered.v1"
    by_step: ClassVar[str] = "offer-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.OFFERED

    answer_due: str | None = None
    """The last day for its answer; null where none is set."""

    def due_by(self) -> str | None:
        return self.answer_due

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return r.offer_assignment(
            stamp, self.assignee, self.capacity, self.instrument, self.answer_due
        )


class AssignmentDecreed(AssignmentOpened, frozen=True):
    """An institution was assigned by decree."""

    topic: ClassVar[str] = "recommendation.assignment-decreed.v1"
    by_step: ClassVar[str] = "decree-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ASSIGNED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return r.decree_assignment(stamp, self.assignee, self.capacity, self.instrument)


class AssignmentChanged(RecommendationEvent, frozen=True):
    """Base of what happens to an assignment, named by the version of the entry that opened it."""

    assignment: int
    """The assignment's id: the version of the entry that opened it."""

    status: ClassVar[AssignmentStatus]

    def about(self, r: Recommendation) -> int | None:
        return self.assignment

    def thing(self, version: int) -> int | None:
        return self.assignment

    def met_by(self, told: Recommendation, whole: Recommendation) -> None:
        mine = whole.assignment(self.assignment)
        if mine.id not in {one.id for one in told.assignments}:
            told.assignments += [mine]

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
    by_step: ClassVar[str] = "accept-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ASSIGNED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return r.accept_assignment(stamp, self.assignment)


class AssignmentDeclined(AssignmentChanged, frozen=True):
    """The institution declined, with a reason."""

    topic: ClassVar[str] = "recommendation.assignment-declined.v1"
    by_step: ClassVar[str] = "decline-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.DECLINED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return r.decline_assignment(stamp, self.assignment)


class AssignmentLapsed(AssignmentChanged, frozen=True):
    """The offer was met by silence until it lapsed."""

    topic: ClassVar[str] = "recommendation.assignment-lapsed.v1"
    by_step: ClassVar[str] = "lapse-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.LAPSED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return r.lapse_assignment(stamp, self.assignment)


class AssignmentEnded(AssignmentChanged, frozen=True):
    """The assignment ended."""

    topic: ClassVar[str] = "recommendation.assignment-ended.v1"
    by_step: ClassVar[str] = "end-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.ENDED

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return r.end_assignment(stamp, self.assignment)


class AssignmentHandedOver(AssignmentChanged, frozen=True):
    """The assignment passed to another institution; a new one begins with this entry."""

    topic: ClassVar[str] = "recommendation.assignment-handed-over.v1"
    by_step: ClassVar[str] = "hand-over-assignment"
    status: ClassVar[AssignmentStatus] = AssignmentStatus.HANDED_OVER

    to: str
    """Code of the institution that takes it over."""
    instrument: str | None = None

    @property
    def addressed(self) -> tuple[str, ...]:
        return (self.to,)

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

    def again(self, r: Recommendation, stamp: Stamp) -> CaseEvent:
        return r.hand_over_assignment(stamp, self.assignment, self.to, self.instrument)


class Planned(RecommendationEvent, frozen=True):
    """Measures were planned."""

    topic: ClassVar[str] = "recommendation.planned.v1"
    by_step: ClassVar[str] = "plan"

    measures: Protected
    """The measures, in words; they can be erased."""
    plan: str | None = None
    """The plan that they are part of; null where none is named."""
    starts: str | None = None
    """When they start: a day, month or year; null where nobody said."""
    ends: str | None = None
    """When they are to be done: a day, month or year; null where nobody said."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.plans.append(PlanHeld(version=entry.version, ends=self.ends))


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


class Assessed(RecommendationEvent, frozen=True):
    """An assessor judged the implementation. Assessments of several assessors stand side by side.
    `source` says where it is written."""

    topic: ClassVar[str] = "recommendation.assessed.v1"
    by_step: ClassVar[str] = "assess"

    assessor_kind: AssessorKind
    """Whether the State, a committee, an organisation or somebody else judged."""
    assessor: str
    """The assessor's name, such as CCPR or Ombudsman; not the person who records it."""
    scheme: str
    """The scheme of grades, such as `hrc-follow-up`."""
    scheme_version: str
    """The scheme's version: grades change."""
    grade: str
    """The grade, as the scheme writes it."""
    common: Common | None = None
    """The grade on the common scale, as it mapped that day; null where it does not map."""
    finding: Protected | None = None
    """The finding in words; null where there is none, or it is not for this reader."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.assessments.append(
            AssessmentHeld(
                version=entry.version,
                assessor_kind=self.assessor_kind,
                assessor=self.assessor,
                scheme=self.scheme,
                scheme_version=self.scheme_version,
                grade=self.grade,
                visibility=self.stamp.visibility,
                recorded_by=self.stamp.speaker.institution,
                common=self.common,
                on=self.stamp.effective.order,
                part=self.stamp.part,
            )
        )


class DeclaredImplemented(RecommendationEvent, frozen=True):
    """The State declared it implemented: its own view, one assessment among others."""

    topic: ClassVar[str] = "recommendation.declared-implemented.v1"
    by_step: ClassVar[str] = "declare-implemented"

    statement: Protected | None = None
    """The State's statement in words; null where there is none."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.declared.append(entry.version)


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


class Continued(RecommendationEvent, frozen=True):
    """At a cycle's end, the State decided to continue the recommendation under its own symbol. It
    does not count in the next cycle."""

    topic: ClassVar[str] = "recommendation.continued.v1"
    by_step: ClassVar[str] = "continue"

    cycle: int
    """The later cycle of the Universal Periodic Review, in which it does not count."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.continued_into = self.cycle
