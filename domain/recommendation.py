"""A recommendation: what was asked of a State, and everything that has become of it since.

Four dimensions are kept apart, because a State may support what nobody carries out, and carry out
what it only noted (domain rule 1): the **position** (Universal Periodic Review only), the
**assignment** to ministries, the **implementation** as declared and assessed, and the
**reporting**. "Received → accepted or noted → assigned → implemented → reported" is a view over
them, `Recommendation.stage`.

Read in this order: the events (`domain.events`: what can be said of a recommendation), the state
(what they add up to), the commands (what may be said when). A command is a method that returns the
event, or refuses what no State may do; which step follows which is the procedure's business
(`workflows.procedure`).
Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.casework import (
    CASE_EVENTS,
    Case,
    CaseEvent,
    DeadlineStatus,
    SetBack,
    StepDatum,
    StepTaken,
)
from domain.effects import Whose
from domain.entry import (
    Effective,
    Entry,
    Protected,
    RecommendationId,
    Stamp,
    dated,
    last_day,
    named,
    reasoned,
    text_chars_max,
)
from domain.events import (
    Alias,
    AliasWithdrawn,
    Assessed,
    AssessmentHeld,
    Assignment,
    AssignmentAccepted,
    AssignmentDeclined,
    AssignmentDecreed,
    AssignmentEnded,
    AssignmentHandedOver,
    AssignmentLapsed,
    AssignmentOffered,
    Classified,
    Closed,
    Continued,
    Corrected,
    Covered,
    CoverHeld,
    DeclaredDuplicate,
    DeclaredImplemented,
    Declassified,
    DuplicateUndone,
    Identified,
    Link,
    Linked,
    LinkWithdrawn,
    Part,
    PlanHeld,
    Planned,
    PositionDeferred,
    PositionHeld,
    PositionTaken,
    ProgressCleared,
    ProgressDrafted,
    ProgressHeld,
    ProgressPublished,
    Received,
    RecommendationEvent,
    Renumbered,
    Reopened,
    Reported,
    SelectedForFollowUp,
    StateCommented,
    Term,
    TermHeld,
    Text,
    TextAdded,
)
from domain.identity import mint
from domain.refusals import (
    AlreadySo,
    InvalidInput,
    LimitExceeded,
    LinkToItself,
    NoPositionHere,
    UnknownAlias,
    UnknownAssignment,
    UnknownEntry,
    UnknownLink,
    UnknownPart,
    UnknownReport,
    UnknownTerm,
    valid,
)
from domain.schemes import common_grade
from domain.scope import Scope
from domain.vocabulary import Vocabulary
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
    Owed,
    Position,
    ProgressStatus,
    ReportKind,
    Stage,
)

parts_max = 50
recommenders_max = 1_000
"""Of one part: several times as many as there are States."""
terms_max = 200
assignments_max = 200

# --- What commands take ---------------------------------------------------------------------------

Scheme = Annotated[str, Meta(description="Whose id it is: national, uhri, …")]
ForeignId = Annotated[str, Meta(description="The id, as the other system writes it.")]
Assignee = Annotated[str, Meta(description="Code of the institution that is to take it on.")]
Decree = Annotated[str | None, Meta(description="The decree or decision, by name.")]
AssignmentId = Annotated[int, Meta(description="The assignment's id, or its number.")]
ReportId = Annotated[int, Meta(description="The update's id, or its number.")]


class Recommendation(Case, msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What the entries of one recommendation add up to: what it says, what has become of it, and
    where it stands as a case under its procedure. Never stored in the log; the views keep it as it
    is, so there is one fold."""

    kind: Kind
    mechanism: Mechanism
    body: str
    received: Effective
    original: str
    texts: dict[str, Text]
    parts: tuple[Part, ...]
    batch: UUID | None = None
    cycle: int | None = None
    session: str | None = None
    symbol: str | None = None
    paragraph: str | None = None
    aliases: list[Alias] = []
    terms: list[TermHeld] = []
    positions: list[PositionHeld] = []
    answer_due: str | None = None
    selected: bool = False
    follow_up_due: str | None = None
    assignments: list[Assignment] = []
    plans: list[PlanHeld] = []
    progress: list[ProgressHeld] = []
    covers: list[CoverHeld] = []
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
        """The wording in `language`, else in the original's: as UN documents print it,
        the parts' texts with a semicolon between."""
        text = self.texts.get(language or self.original) or self.texts[self.original]
        return "; ".join(part.text for part in text.parts)

    @property
    def chars(self) -> int:
        return sum(len(part.text) for text in self.texts.values() for part in text.parts)

    def as_read(self, scope: Scope) -> Recommendation:
        """It with the positions and the assessments that a reader of it may read, and no others."""
        if not self.narrower:
            return self
        other = self.clone()
        other.positions = [p for p in self.positions if self.shows(p.version, scope)]
        other.assessments = [a for a in self.assessments if self.shows(a.version, scope)]
        return other

    def stands(self, version: int) -> bool:
        """True if the entry of this version has not been struck."""
        return version not in self.struck

    @property
    def strikable(self) -> set[int]:
        """The versions of the entries that may be struck."""
        facts = {p.version for p in self.positions} | {a.version for a in self.assessments}
        facts.update(p.version for p in self.plans)
        facts.update(c.version for c in self.covers)
        facts.update(self.declared, self.reported)
        facts.update(held.version for held in self.taken)
        return facts.difference(self.struck)

    def current_position(self, part: str | None = None) -> PositionHeld | None:
        """The latest position in force for the whole, or for one part: the latest effective, ties
        by order of recording; an unknown date never displaces a known one (domain rule 18)."""
        standing = [p for p in self.positions if p.part == part and self.stands(p.version)]
        return max(standing, key=lambda p: (p.on, p.version), default=None)

    @property
    def awaits_position(self) -> bool:
        """True where the State is asked to support or note it: in the Universal Periodic Review,
        and not of what the State pledges of its own accord."""
        return self.mechanism is Mechanism.UPR and self.kind is not Kind.PLEDGE

    @property
    def position(self) -> Position:
        """The position as it stands, for the whole paragraph."""
        if not (self.awaits_position or self.positions):
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
        ids = valid(f"{a.id} ({a.institution}, {a.status.value})" for a in self.assignments)
        raise UnknownAssignment(f"There is no assignment {id}. {ids}")

    @property
    def standing(self) -> list[Assignment]:
        """Assignments that bind somebody now."""
        return [a for a in self.assignments if a.status is AssignmentStatus.ASSIGNED]

    def concerned(self, whose: Whose) -> frozenset[str]:
        status = {
            Whose.OFFERED: AssignmentStatus.OFFERED,
            Whose.ASSIGNED: AssignmentStatus.ASSIGNED,
        }.get(whose)
        return frozenset(a.institution for a in self.assignments if a.status is status)

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

    @property
    def due(self) -> str | None:
        """The day by which something is due that has not been done: by a deadline of its procedure,
        and what is owed that no deadline watches. A mid-term report is voluntary and never owed
        (domain rule 10); nothing is due while it is suspended."""
        watched = {held.fact for held in self.deadlines}
        days = [day for what, day in self.owed() if _WATCHED[what] not in watched]
        days += [
            held.day
            for held in self.deadlines
            if not held.voluntary and held.status not in _RESTING
        ]
        return None if self.suspended else min(days, default=None)

    def owed(self) -> list[tuple[Owed, str]]:
        """What is owed and has not been done, with the last day for it."""
        if self.closed is not None:
            return []
        owed: list[tuple[Owed, str]] = []
        if self.answer_due and self.position is Position.PENDING:
            owed.append((Owed.POSITION, last_day(self.answer_due)))
        owed.extend(
            (Owed.ANSWER_TO_OFFER, last_day(a.answer_due))
            for a in self.assignments
            if a.status is AssignmentStatus.OFFERED and a.answer_due
        )
        if not any(self.stands(v) for v in self.declared):
            ends = [p.ends for p in self.plans if p.ends and self.stands(p.version)]
            owed.extend((Owed.MEASURES, last_day(on)) for on in ends[-1:])
        if self.follow_up_due and not any(self.stands(v) for v in self.reported):
            owed.append((Owed.FOLLOW_UP, last_day(self.follow_up_due)))
        return owed

    def current_assessments(self, part: str | None = None) -> list[AssessmentHeld]:
        """Each assessor's latest grades in each scheme, for the whole or for one part. They stand
        side by side (domain rule 6), and so do different grades that one assessor gave on one day:
        none takes another's place, as where a committee grades the limbs of a paragraph."""
        latest: dict[tuple[str, str, str, str], dict[str, AssessmentHeld]] = {}
        for a in self.assessments:
            if a.part != part or not self.stands(a.version):
                continue
            key = a.assessor_kind.value, a.assessor, a.scheme, a.scheme_version
            held = latest.setdefault(key, {})
            on = max((one.on for one in held.values()), default=a.on)
            if a.on > on:
                held.clear()
            if a.on >= on:
                held[a.grade] = a
        return [a for held in latest.values() for a in held.values()]

    # -- folding

    @classmethod
    def begin(cls, entry: Entry) -> Recommendation:
        event = entry.event
        assert isinstance(event, Received), "a recommendation's first entry is Received"
        aliases = []
        if event.symbol and event.paragraph:
            aliases.append(Alias(scheme="un", value=event.symbol, paragraph=event.paragraph))
        return cls(
            id=entry.stream,
            addressee=entry.addressee,
            kind=event.kind,
            mechanism=event.mechanism,
            body=event.body,
            cycle=event.cycle,
            session=event.session,
            symbol=event.symbol,
            paragraph=event.paragraph,
            visibility=event.stamp.visibility,
            institution=event.stamp.speaker.institution,
            received=event.stamp.effective,
            definition=event.stamp.definition,
            batch=event.stamp.batch,
            original=event.text.language,
            texts={event.text.language: event.text},
            parts=event.parts,
            aliases=aliases,
        )

    def done_since(self, earlier: Recommendation) -> dict[str, Any]:
        was = {a.id: a.status for a in earlier.assignments}
        lapsed = (a.id for a in self.assignments if a.status is AssignmentStatus.LAPSED)
        return {
            **super().done_since(earlier),
            "offered": tuple(id for id in lapsed if was.get(id) is AssignmentStatus.OFFERED),
            "reopened": earlier.closed is None and self.closed is not None,
            "closed": earlier.closed if self.closed is None else None,
        }

    def set_back(self, to: SetBack) -> None:
        super().set_back(to)
        self.assignments = [
            msgspec.structs.replace(a, status=AssignmentStatus.OFFERED) if a.id in to.offered else a
            for a in self.assignments
        ]
        if to.reopened:
            self.closed = None
        if to.closed is not None:
            self.closed = to.closed

    # -- commands

    def ready(self, step: str) -> None:
        if (asked := READY.get(step)) is not None:
            asked(self)
        else:
            super().ready(step)

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
        reasoned(stamp, "A correction")
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

    def strike(
        self,
        stamp: Stamp,
        correction: CorrectionKind,
        version: Annotated[int, Meta(description="The version of the entry to strike.")],
    ) -> Corrected:
        """Strikes an earlier entry that should not have been made: a position, plan, assessment,
        declaration or report, or a step of the procedure's own. It stays in the history and counts
        no more."""
        reasoned(stamp, "A correction")
        self.ready("strike")
        if version not in self.strikable:
            standing = valid(sorted(self.strikable))
            raise UnknownEntry(
                f"Entry {version} is no standing position, plan, assessment, declaration, "
                f"report or step of its own procedure of this recommendation. {standing}"
            )
        return Corrected(stamp=stamp, correction=correction, strikes=version)

    def renumber(self, stamp: Stamp, symbol: str, paragraph: str) -> Renumbered:
        """Records a new symbol or number; the old stays an alias."""
        alias = Alias(scheme="un", value=named(symbol), paragraph=named(paragraph))
        if (self.symbol, self.paragraph) == (symbol, paragraph):
            raise AlreadySo(f"It is {symbol} paragraph {paragraph} already.")
        return Renumbered(stamp=stamp, symbol=alias.value, paragraph=paragraph)

    def identify(self, stamp: Stamp, scheme: Scheme, value: ForeignId) -> Identified:
        """Records another system's id, or a national reference."""
        alias = Alias(scheme=named(scheme), value=named(value))
        if scheme == "un":
            raise InvalidInput("A UN symbol changes by renumbering, not by an alias.")
        if alias.key in {a.key for a in self.aliases}:
            raise AlreadySo(f"It goes by {scheme} “{value}” already.")
        return Identified(stamp=stamp, alias=alias)

    def withdraw_alias(self, stamp: Stamp, alias: Alias) -> AliasWithdrawn:
        """Takes back another system's id that is not its own; a reason is required."""
        reasoned(stamp, "Taking back a name")
        self.ready("withdraw-alias")
        if alias.scheme == "un" or alias.key not in {a.key for a in self.aliases}:
            raise UnknownAlias(f"It does not go by {alias.scheme} “{alias.value}”.")
        return AliasWithdrawn(stamp=stamp, alias=alias)

    def cover(self, stamp: Stamp, report: UUID) -> Covered:
        """A progress report that covers it with others is published."""
        if any(held.report == report and self.stands(held.version) for held in self.covers):
            raise AlreadySo("This report covers it already.")
        return Covered(stamp=stamp, report=report)

    def classify(
        self, stamp: Stamp, terms: Sequence[Term], how: AssertedHow = AssertedHow.PERSON
    ) -> Classified:
        """Says that terms of vocabularies fit; those it bears already are passed over."""
        self.ready("classify")
        borne = {held.term.key for held in self.terms}
        new = {t.key: t for t in terms if t.key not in borne}
        if not new:
            raise AlreadySo("It bears all these terms already.")
        if len(borne) + len(new) > terms_max:
            raise LimitExceeded(f"A recommendation may bear {terms_max} terms.")
        for term in new.values():
            named(term.label)
        return Classified(stamp=stamp, terms=tuple(new.values()), how=how)

    def declassify(self, stamp: Stamp, terms: Sequence[Term]) -> Declassified:
        """Says that terms fit no longer."""
        self.ready("declassify")
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
        instrument: Annotated[
            str | None, Meta(description="Symbol of the document it is expressed in.")
        ] = None,
        printed: Annotated[str | None, Meta(description="The wording, as printed.")] = None,
        in_part: bool = False,
        published: Annotated[str | None, Meta(description="When it was published.")] = None,
        adopted: Annotated[str | None, Meta(description="When the outcome was adopted.")] = None,
        comment: Annotated[Protected | None, Meta(description="The State's comment.")] = None,
        said_already_implemented: Annotated[
            bool, Meta(description="The State says it is implemented already: its claim.")
        ] = False,
        doubt: str | None = None,
    ) -> PositionTaken:
        """The State supports or notes it. A later answer revises an earlier one and never wipes it
        out; the very same answer from the same instrument is refused."""
        self.ready("take-position")
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
            published=dated(published, "published"),
            adopted=dated(adopted, "adopted"),
            comment=comment,
            doubt=doubt,
            revises=before.version if before else None,
        )

    def defer_position(
        self, stamp: Stamp, due: str | None, session: str | None
    ) -> PositionDeferred:
        """The State will answer later: by a date, by a session, or both."""
        self._part(stamp)
        self.ready("defer-position")
        if due is None and session is None:
            raise InvalidInput("Say by when the State will answer: a date or a session.")
        return PositionDeferred(stamp=stamp, due=dated(due, "due"), session=session)

    def comment(self, stamp: Stamp, comment: Protected) -> StateCommented:
        """The State comments, where the mechanism knows no position."""
        self._part(stamp)
        self.ready("comment")
        return StateCommented(stamp=stamp, comment=comment)

    def select_for_follow_up(self, stamp: Stamp, body: str, due: str | None) -> SelectedForFollowUp:
        """A committee selected it for follow-up."""
        self._part(stamp)
        return SelectedForFollowUp(stamp=stamp, body=named(body), due=dated(due, "due"))

    def offer_assignment(
        self,
        stamp: Stamp,
        institution: Assignee,
        capacity: Capacity = Capacity.LEAD,
        instrument: Decree = None,
        answer_due: str | None = None,
    ) -> AssignmentOffered:
        """Offers it to an institution, which accepts or declines."""
        self._part(stamp)
        self._assignable(institution, stamp.part)
        return AssignmentOffered(
            stamp=stamp,
            assignee=institution,
            capacity=capacity,
            instrument=instrument,
            answer_due=dated(answer_due, "answerDue"),
        )

    def decree_assignment(
        self,
        stamp: Stamp,
        institution: Assignee,
        capacity: Capacity = Capacity.LEAD,
        instrument: Decree = None,
    ) -> AssignmentDecreed:
        """Assigns it to an institution by decree."""
        self._part(stamp)
        self._assignable(institution, stamp.part)
        return AssignmentDecreed(
            stamp=stamp, assignee=institution, capacity=capacity, instrument=instrument
        )

    def accept_assignment(self, stamp: Stamp, assignment: AssignmentId) -> AssignmentAccepted:
        """The institution accepts what it was offered."""
        self.ready("accept-assignment")
        self._assignment_that_is(assignment, AssignmentStatus.OFFERED)
        return AssignmentAccepted(stamp=stamp, assignment=assignment)

    def decline_assignment(self, stamp: Stamp, assignment: AssignmentId) -> AssignmentDeclined:
        """The institution declines what it was offered; why?"""
        reasoned(stamp, "Declining")
        self.ready("decline-assignment")
        self._assignment_that_is(assignment, AssignmentStatus.OFFERED)
        return AssignmentDeclined(stamp=stamp, assignment=assignment)

    def lapse_assignment(self, stamp: Stamp, assignment: AssignmentId) -> AssignmentLapsed:
        """The offer lapsed in silence."""
        self.ready("lapse-assignment")
        self._assignment_that_is(assignment, AssignmentStatus.OFFERED)
        return AssignmentLapsed(stamp=stamp, assignment=assignment)

    def end_assignment(self, stamp: Stamp, assignment: AssignmentId) -> AssignmentEnded:
        """The assignment ends; why?"""
        reasoned(stamp, "Ending an assignment")
        self.ready("end-assignment")
        self._assignment_that_is(assignment, AssignmentStatus.ASSIGNED)
        return AssignmentEnded(stamp=stamp, assignment=assignment)

    def hand_over_assignment(
        self,
        stamp: Stamp,
        assignment: AssignmentId,
        to: Annotated[str, Meta(description="The institution that takes it over.")],
        instrument: Decree = None,
    ) -> AssignmentHandedOver:
        """The assignment passes to another institution."""
        self.ready("hand-over-assignment")
        before = self._assignment_that_is(assignment, AssignmentStatus.ASSIGNED)
        self._assignable(to, before.part)
        return AssignmentHandedOver(
            stamp=stamp, assignment=assignment, to=to, instrument=instrument
        )

    def plan(
        self,
        stamp: Stamp,
        measures: Protected,
        plan: Annotated[str | None, Meta(description="In which plan, by name.")] = None,
        starts: str | None = None,
        ends: str | None = None,
    ) -> Planned:
        """Measures are planned."""
        self._part(stamp)
        return Planned(
            stamp=stamp,
            measures=measures,
            plan=plan,
            starts=dated(starts, "starts"),
            ends=dated(ends, "ends"),
        )

    def draft_progress(
        self,
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
        self._part(stamp)
        if report is not None:
            self._report(report, ProgressStatus.DRAFTED, ProgressStatus.CLEARED)
        return ProgressDrafted(
            stamp=stamp,
            narrative=narrative,
            report=report,
            period_from=dated(period_from, "periodFrom"),
            period_to=dated(period_to, "periodTo"),
        )

    def clear_progress(self, stamp: Stamp, report: ReportId) -> ProgressCleared:
        """Clears a drafted progress report for publication."""
        self.ready("clear-progress")
        self._report(report, ProgressStatus.DRAFTED)
        return ProgressCleared(stamp=stamp, report=report)

    def publish_progress(
        self,
        stamp: Stamp,
        report: ReportId,
        narrative: Annotated[Protected, Meta(description="The words to publish.")],
        period_from: str | None = None,
        period_to: str | None = None,
    ) -> ProgressPublished:
        """Publishes a cleared progress report, in the words given."""
        self.ready("publish-progress")
        self._report(report, ProgressStatus.CLEARED)
        return ProgressPublished(
            stamp=stamp,
            report=report,
            narrative=narrative,
            period_from=dated(period_from, "periodFrom"),
            period_to=dated(period_to, "periodTo"),
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
        schemes: Vocabulary | None = None,
    ) -> Assessed:
        """Records somebody's assessment; another's is taken from its document.

        `schemes`: the schemes there are, those that ship where it is None."""
        self._part(stamp)
        if assessor != stamp.speaker.institution and not (stamp.source and stamp.source.document):
            raise InvalidInput(
                f"An assessment by {named(assessor)} is recorded from its document: cite it as "
                "the source."
            )
        return Assessed(
            stamp=stamp,
            assessor_kind=assessor_kind,
            assessor=named(assessor),
            scheme=scheme,
            scheme_version=scheme_version,
            grade=grade,
            common=common_grade(scheme, scheme_version, grade, schemes),
            finding=finding,
        )

    def declare_implemented(
        self, stamp: Stamp, statement: Protected | None = None
    ) -> DeclaredImplemented:
        """The State declares it implemented: its own view."""
        self._part(stamp)
        return DeclaredImplemented(stamp=stamp, statement=statement)

    def report(
        self,
        stamp: Stamp,
        report: ReportKind,
        document: Annotated[str, Meta(description="The report's symbol or name.")],
    ) -> Reported:
        """The State reports on it, in a report to a mechanism."""
        self._part(stamp)
        return Reported(stamp=stamp, report=report, document=named(document))

    def link(
        self,
        stamp: Stamp,
        type: LinkType,
        to: Annotated[RecommendationId, Meta(description="The id of the earlier recommendation.")],
        how: AssertedHow = AssertedHow.PERSON,
        confidence: Annotated[int | None, Meta(description="In per cent.")] = None,
    ) -> Linked:
        """Joins it to an earlier recommendation."""
        self._part(stamp)
        if to == self.id:
            raise LinkToItself("A recommendation cannot be linked to itself.")
        if confidence is not None and not 0 <= confidence <= 100:
            raise InvalidInput("Confidence is a whole number of per cent, from 0 to 100.")
        if any((link.type, link.to) == (type, to) for link in self.links):
            raise AlreadySo(f"It {type.value} that recommendation already.")
        return Linked(stamp=stamp, type=type, to=to, how=how, confidence=confidence)

    def withdraw_link(self, stamp: Stamp, link: int) -> LinkWithdrawn:
        """Withdraws a link; why?"""
        reasoned(stamp, "Withdrawing a link")
        self.ready("withdraw-link")
        if link not in {known.id for known in self.links}:
            known = valid(f"{held.id} ({held.type.value})" for held in self.links)
            raise UnknownLink(f"There is no link {link}. {known}")
        return LinkWithdrawn(stamp=stamp, link=link)

    def declare_duplicate(self, stamp: Stamp, of: RecommendationId) -> DeclaredDuplicate:
        """Declares it a duplicate of another; both histories stay."""
        self._part(stamp)
        if of == self.id:
            raise LinkToItself("A recommendation is no duplicate of itself.")
        self.ready("declare-duplicate")
        return DeclaredDuplicate(stamp=stamp, of=of)

    def undo_duplicate(self, stamp: Stamp) -> DuplicateUndone:
        """Undoes the declaration as a duplicate; why?"""
        reasoned(stamp, "Undoing a duplicate")
        self.ready("undo-duplicate")
        return DuplicateUndone(stamp=stamp)

    def close(self, stamp: Stamp, closing: Closing) -> Closed:
        """Closes follow-up, by decision; why?"""
        self._part(stamp)
        reasoned(stamp, "Closing")
        return Closed(stamp=stamp, closing=closing)

    def reopen(self, stamp: Stamp) -> Reopened:
        """Takes follow-up up again; why?"""
        self._part(stamp)
        reasoned(stamp, "Reopening")
        return Reopened(stamp=stamp)

    def continue_into(self, stamp: Stamp, cycle: int) -> Continued:
        """At a cycle's end: it goes on under its own symbol, by decision."""
        self._part(stamp)
        if self.cycle is not None and cycle <= self.cycle:
            raise InvalidInput(f"It belongs to cycle {self.cycle}; continue it into a later one.")
        if self.continued_into is not None and cycle <= self.continued_into:
            raise AlreadySo(f"It is continued into cycle {self.continued_into} already.")
        return Continued(stamp=stamp, cycle=cycle)

    def take_step(self, stamp: Stamp, step: str, data: tuple[StepDatum, ...] = ()) -> StepTaken:
        self._part(stamp)
        return super().take_step(stamp, step, data)

    # -- invariants

    def _part(self, stamp: Stamp) -> None:
        if stamp.part is not None and stamp.part not in {part.id for part in self.parts}:
            known = ", ".join(part.id for part in self.parts)
            raise UnknownPart(f"There is no part “{stamp.part}”; the paragraph has {known}.")

    def _fits(self, text: Text, parts: tuple[Part, ...] | None = None) -> None:
        _written(text, self.parts if parts is None else parts)

    def _assignable(self, institution: str, part: str | None) -> None:
        named(institution)
        _may_be_assigned(self)
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
        known = valid(f"{p.id} ({p.status.value})" for p in self.progress)
        raise UnknownReport(f"There is no progress report {id}. {known}")


# --- What must be so before a command, whatever it says ------------------------------------------


def _of_the_review(r: Recommendation) -> None:
    if r.mechanism is not Mechanism.UPR:
        raise NoPositionHere(
            f"A {r.mechanism.value} asks for no position; record the State's comment."
        )
    if r.kind is Kind.PLEDGE:
        raise NoPositionHere("A pledge is the State's own word: it asks for no position.")


def _of_another_body(r: Recommendation) -> None:
    if r.mechanism is Mechanism.UPR:
        raise InvalidInput("In the Universal Periodic Review a comment goes with the position.")


def _something_to_strike(r: Recommendation) -> None:
    if not r.strikable:
        raise UnknownEntry(
            "It has no standing position, plan, assessment, declaration, report or step of its own "
            "procedure to strike."
        )


def _another_name(r: Recommendation) -> None:
    if all(alias.scheme == "un" for alias in r.aliases):
        raise UnknownAlias("It goes by no other name than its document's.")


def _room_for_terms(r: Recommendation) -> None:
    if len({held.term.key for held in r.terms}) >= terms_max:
        raise LimitExceeded(f"A recommendation may bear {terms_max} terms.")


def _a_term(r: Recommendation) -> None:
    if not r.terms:
        raise UnknownTerm("It bears no term.")


def _may_be_assigned(r: Recommendation) -> None:
    if len(r.assignments) >= assignments_max:
        raise LimitExceeded(f"A recommendation may have {assignments_max} assignments.")


def _an_assignment(status: AssignmentStatus) -> Callable[[Recommendation], None]:
    def asked(r: Recommendation) -> None:
        if all(a.status is not status for a in r.assignments):
            raise UnknownAssignment(f"No assignment is {status.value} now.")

    return asked


def _a_report(status: ProgressStatus) -> Callable[[Recommendation], None]:
    def asked(r: Recommendation) -> None:
        if all(p.status is not status for p in r.progress):
            raise UnknownReport(f"No progress report is {status.value} now.")

    return asked


def _a_link(r: Recommendation) -> None:
    if not r.links:
        raise UnknownLink("It bears no link.")


def _no_duplicate(r: Recommendation) -> None:
    if r.duplicate_of is not None:
        raise AlreadySo("It is declared a duplicate already; undo that first.")


def _a_duplicate(r: Recommendation) -> None:
    if r.duplicate_of is None:
        raise AlreadySo("It is not declared a duplicate.")


READY: dict[str, Callable[[Recommendation], None]] = {
    "strike": _something_to_strike,
    "withdraw-alias": _another_name,
    "classify": _room_for_terms,
    "declassify": _a_term,
    "take-position": _of_the_review,
    "defer-position": _of_the_review,
    "comment": _of_another_body,
    "offer-assignment": _may_be_assigned,
    "decree-assignment": _may_be_assigned,
    "accept-assignment": _an_assignment(AssignmentStatus.OFFERED),
    "decline-assignment": _an_assignment(AssignmentStatus.OFFERED),
    "lapse-assignment": _an_assignment(AssignmentStatus.OFFERED),
    "hand-over-assignment": _an_assignment(AssignmentStatus.ASSIGNED),
    "end-assignment": _an_assignment(AssignmentStatus.ASSIGNED),
    "clear-progress": _a_report(ProgressStatus.DRAFTED),
    "publish-progress": _a_report(ProgressStatus.CLEARED),
    "withdraw-link": _a_link,
    "declare-duplicate": _no_duplicate,
    "undo-duplicate": _a_duplicate,
}
"""Step → what its command asks of the state before it asks of anything it says."""

_RESTING = (DeadlineStatus.PAUSED, DeadlineStatus.DROPPED)

_WATCHED = {
    Owed.POSITION: "answer-due",
    Owed.ANSWER_TO_OFFER: "offer-answer-due",
    Owed.MEASURES: "measures-due",
    Owed.FOLLOW_UP: "follow-up-due",
}
"""What is owed, and the fact by which a procedure may have a deadline for it."""


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
    if kind in (Kind.VIEWS, Kind.REQUEST):
        raise InvalidInput(
            "Texts of communications name persons and can't be recorded yet: they need a protected "
            "text. Record what was asked of the State in general."
        )
    _countable(parts)
    _written(text, parts)
    named(body)
    if symbol and paragraph:
        id = id or mint(kind.value, addressee, named(symbol), named(paragraph))
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


begin = Recommendation.begin
fold = Recommendation.fold


def _leaves(root: type[CaseEvent]) -> list[type[CaseEvent]]:
    below = root.__subclasses__()
    return [root] if not below else [leaf for sub in below for leaf in _leaves(sub)]


EVENTS: tuple[type[CaseEvent], ...] = (*_leaves(RecommendationEvent), *CASE_EVENTS)
"""Every event a recommendation can have: what is said of it, then what becomes of the case."""

BEGINNING = Received.by_step
"""The step a recommendation begins with; no procedure has to say it."""


def _countable(parts: tuple[Part, ...]) -> None:
    if not 1 <= len(parts) <= parts_max:
        raise LimitExceeded(f"A paragraph has between 1 and {parts_max} parts.")
    if any(len(part.recommenders) > recommenders_max for part in parts):
        raise LimitExceeded(f"A part may have {recommenders_max} recommending States.")
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
