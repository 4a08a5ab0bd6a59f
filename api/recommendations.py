"""A recommendation in GraphQL: attributes of a row, nothing computed twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.cases import Case, Node
from api.context import Reading, RecommendationCohort, review_id_of
from api.derive import ProtectedText, enum_type, global_id, protected_text, shows, struct_type
from api.describing import arg, said_in
from api.history import HistoryEntry, SourceType, instant
from api.joining import (
    ImportRunType,
    InstitutionType,
    ReviewType,
    institution_named,
    joined,
)
from api.pages import Connection
from domain import import_run, review
from domain import recommendation as domain
from domain.addressees import addressee as find_addressee
from domain.entry import Effective, Entry, RecommendationId
from domain.recommendation.assignment import AssignmentOpened
from domain.recommendation.elements import Alias, Part, Recommender, Term, Text
from domain.recommendation.implementation import Assessed, DeclaredImplemented
from domain.recommendation.lineage import Linked
from domain.recommendation.position import PositionTaken
from domain.recommendation.progress import ProgressDrafted, ProgressPublished
from domain.recommendation.reporting import Reported
from domain.schemes import Common
from domain.words import (
    AssertedHow,
    AssessorKind,
    AssignmentStatus,
    Capacity,
    Closing,
    Kind,
    LinkType,
    Mechanism,
    Owed,
    Position,
    ProgressStatus,
    Stage,
)
from projections.recommendations import Lineage, Row

if TYPE_CHECKING:
    from api.measures import Measure

TextType: Any = struct_type(Text)
AliasType: Any = struct_type(Alias)
RecommenderType: Any = struct_type(Recommender)
EffectiveType: Any = struct_type(Effective)


@strawberry.enum(description="In which direction a link is seen.")
class Direction(StrEnum):
    EARLIER = "earlier"
    """the other end is earlier"""
    LATER = "later"
    """the other end is later"""


@strawberry.enum(
    description="The kind of report: a progress update, or a State report to a mechanism."
)
class ReportType(StrEnum):
    PROGRESS = "progress"
    """a progress update of an institution"""
    MID_TERM = "mid-term"
    """a voluntary mid-term report of the State"""
    NATIONAL = "national"
    """the State's report for the next review"""
    FOLLOW_UP = "follow-up"
    """the State's reply to a committee"""
    OTHER = "other"
    """another report of the State"""


@strawberry.type(description="What a recommendation has several of.")
class Within(Node):
    row: strawberry.Private[Row]
    reading: strawberry.Private[Reading]

    @classmethod
    def is_type_of(cls, obj: object, info: object) -> bool:
        return isinstance(obj, cls)

    @strawberry.field(description="Its opaque id.")
    def id(self) -> strawberry.ID:
        return global_id(self.row.state.id, type(self).__name__, self.number)  # type: ignore[attr-defined]

    def _named(self, code: str) -> Any:
        return institution_named(self.reading, self.row.state.addressee, code)


@strawberry.type(description="A term of a versioned vocabulary that the recommendation bears.")
@said_in(Term)
class RecommendationTerm:
    vocabulary: str
    version: str = strawberry.field(description="Which version of the vocabulary.")
    code: str | None
    label: str
    document: str | None = strawberry.field(description="The document that said so, if one did.")
    since_version: int = strawberry.field(description="The version of the entry that said so.")


@strawberry.type(description="One of the texts a paragraph bundles. A counting unit of its own.")
@said_in(Part)
class RecommendationPart(Within):
    number: str = strawberry.field(description="Its number within the paragraph, from “1”.")
    recommenders: list[RecommenderType]
    position: enum_type(Position) = strawberry.field(  # type: ignore[valid-type]
        description="The part's own position, else the whole's."
    )
    text: str = strawberry.field(description="The part's text in the original's language.")


@strawberry.type(description="An institution's assignment.")
@said_in(AssignmentOpened)
class Assignment(Within):
    number: int = strawberry.field(description="The version of the entry that opened it.")
    institution_code: str
    """Code of the institution to which it is assigned, or was offered."""
    capacity: enum_type(Capacity)  # type: ignore[valid-type]
    status: enum_type(AssignmentStatus)  # type: ignore[valid-type]
    """Whether it is offered, assigned, or has ended, and how."""
    since: EffectiveType = strawberry.field(description="The date since which this is so.")
    part: str | None
    instrument: str | None = strawberry.field(
        description="The decree or decision, if one is named."
    )
    assigned_by_code: str
    """Code of the institution that offered or decreed it."""

    @strawberry.field(description="The institution; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        return self._named(self.institution_code)

    @strawberry.field(
        description="The institution that offered or decreed it; null where it is not registered."
    )
    def assigned_by(self) -> InstitutionType | None:
        return self._named(self.assigned_by_code)


@strawberry.type(
    description="Somebody's judgement of the implementation. Assessments stand side by side; the "
    "State's own declaration is one of them."
)
@said_in(Assessed)
class Assessment:
    entry: HistoryEntry
    """The entry that recorded it."""
    assessor_kind: enum_type(AssessorKind)  # type: ignore[valid-type]
    assessor: str
    scheme: str | None = strawberry.field(description="Null for the State's plain declaration.")
    scheme_version: str | None
    grade: str | None
    common: enum_type(Common) | None = strawberry.field(  # type: ignore[valid-type]
        description="The grade on the common scale; null where it does not map."
    )
    finding: ProtectedText | None
    """The finding, or the State's statement; null where there is none."""
    effective_on: str | None
    recorded_at: datetime
    log_index: int
    source: SourceType | None
    """The document that it was taken from; null where none is named."""
    part: str | None


@strawberry.type(description="A position that the State has taken.")
@shows(
    PositionTaken,
    lambda position: position.entry.event,
    *(field for field in PositionTaken.__struct_fields__ if field != "stamp"),
)
class StatedPosition:
    entry: HistoryEntry
    """The entry that recorded it."""

    @strawberry.field
    def effective_on(self) -> str | None:
        return _of(self).stamp.effective.on

    @strawberry.field
    def recorded_at(self) -> datetime:
        return instant(_of(self).recorded_at or 0)

    @strawberry.field
    def log_index(self) -> int:
        return _of(self).log_index or 0

    @strawberry.field(description="The document that it was taken from; null where none is named.")
    def source(self) -> SourceType | None:
        return _of(self).stamp.source

    @strawberry.field
    def part(self) -> str | None:
        return _of(self).stamp.part


def _of(position: StatedPosition) -> Entry:
    return position.entry  # type: ignore[return-value]


@strawberry.type(description="A promise or a request that is due by a day.")
class Due:
    what: enum_type(Owed)  # type: ignore[valid-type]
    """The obligation."""
    by: str = strawberry.field(description="The last day for it.")


@strawberry.type(description="A progress update or a State report about the recommendation.")
@said_in(ProgressPublished)
class Report(Within):
    number: int = strawberry.field(
        description="The version of the entry that drafted it first, or recorded it."
    )
    kind: ReportType
    """Whether it is a progress update, or which report of the State."""
    status: enum_type(ProgressStatus) = strawberry.field(  # type: ignore[valid-type]
        description="How far it has come; reports to a mechanism are published."
    )
    institution_code: str
    """Code of the institution that wrote it; of a State report, on whose behalf it was recorded."""
    narrative: ProtectedText | None
    """The words of the latest draft or publication; null for a State report."""
    document: str | None
    """The document that it was taken from, or the State report itself; null where none is named."""
    period_from: str | None
    period_to: str | None
    effective_on: str | None
    recorded_at: datetime
    log_index: int

    @strawberry.field(description="The institution that wrote it; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        return self._named(self.institution_code)


@strawberry.type(description="A typed link between two recommendations, across cycles or bodies.")
@said_in(Linked)
class LineageLink:
    number: int = strawberry.field(
        description="The version of the entry that joined them, on the later recommendation."
    )
    type: enum_type(LinkType)  # type: ignore[valid-type]
    """How the later recommendation relates to the earlier one."""
    direction: Direction = strawberry.field(description="Where the other end lies.")
    how: enum_type(AssertedHow)  # type: ignore[valid-type]
    confidence: int | None
    asserted_by_code: str
    """Code of the institution that recorded the link."""
    recommendation: Annotated[Recommendation, strawberry.lazy("api.recommendations")] = (
        strawberry.field(description="The recommendation at the other end.")
    )
    later: strawberry.Private[Row]
    reading: strawberry.Private[Reading]

    @strawberry.field(
        description="The institution that recorded the link; null where it is not registered."
    )
    def asserted_by(self) -> InstitutionType | None:
        return institution_named(self.reading, self.later.state.addressee, self.asserted_by_code)


@strawberry.type(
    description="What was asked of a State, and what has become of it: four dimensions kept apart "
    "(position, assignment, implementation, reporting) and the stage, a view over them."
)
class Recommendation(Case):
    row: strawberry.Private[Row]
    cohort: strawberry.Private[RecommendationCohort]

    @strawberry.field(description="The kind of text: a recommendation, a concern, a pledge.")
    def kind(self) -> enum_type(Kind):  # type: ignore[valid-type]
        return self.row.state.kind

    @strawberry.field(description="The kind of body that made it.")
    def mechanism(self) -> enum_type(Mechanism):  # type: ignore[valid-type]
        return self.row.state.mechanism

    @strawberry.field(description="The body that made it, such as UPR or CEDAW.")
    def body(self) -> str:
        return self.row.state.body

    @strawberry.field(description="Name of the addressee in English.")
    def addressee_name(self) -> str:
        known = find_addressee(self.row.state.addressee)
        return known.name if known else self.row.state.addressee

    @strawberry.field(description="Cycle of the Universal Periodic Review, or reporting round.")
    def cycle(self) -> int | None:
        return self.row.state.cycle

    @strawberry.field(description="Session of the Working Group or body.")
    def session(self) -> str | None:
        return self.row.state.session

    @strawberry.field(description="Symbol of the document that contains it.")
    def symbol(self) -> str | None:
        return self.row.state.symbol

    @strawberry.field(description="Number of the paragraph: a string; 140.1 is not 140.10.")
    def paragraph(self) -> str | None:
        return self.row.state.paragraph

    @strawberry.field(description="All names it goes or went by.")
    def aliases(self) -> list[AliasType]:
        return self.row.state.aliases

    @strawberry.field(description="When it was received.")
    def received(self) -> EffectiveType:
        return self.row.state.received

    @strawberry.field(description="The wording, in `language` where there is such a text.")
    def text(
        self,
        language: Annotated[
            str | None,
            arg("BCP 47 tag, such as `sl`. Else, or without such a text, the original."),
        ] = None,
    ) -> str:
        return self.row.state.text(language)

    @strawberry.field(description="The texts by language, part by part.")
    def texts(self) -> list[TextType]:
        return list(self.row.state.texts.values())

    @strawberry.field(description="The parts of the paragraph; at least one.")
    def parts(self) -> list[RecommendationPart]:
        state = self.row.state
        wording = {p.part: p.text for p in state.texts[state.original].parts}
        found: list[RecommendationPart] = []
        for part in state.parts:
            own = state.current_position(part.id)
            found.append(
                RecommendationPart(
                    row=self.row,
                    reading=self.reading,
                    number=part.id,
                    recommenders=list(part.recommenders),
                    position=Position(own.answer.value) if own else state.position,
                    text=wording[part.id],
                )
            )
        return found

    @strawberry.field(description="Terms it bears: themes, SDGs, affected persons.")
    def terms(
        self,
        vocabulary: Annotated[
            str | None, arg("Only terms of this vocabulary, such as `theme` or `sdg`.")
        ] = None,
    ) -> list[RecommendationTerm]:
        return [
            RecommendationTerm(
                vocabulary=held.term.vocabulary,
                version=held.term.version,
                code=held.term.code,
                label=held.term.label,
                document=held.document,
                since_version=held.version,
            )
            for held in self.row.state.terms
            if vocabulary in (None, held.term.vocabulary)
        ]

    @strawberry.field(description="The current position.")
    def position(self) -> enum_type(Position):  # type: ignore[valid-type]
        return self.row.state.position

    @strawberry.field(description="Every position ever taken that was not struck, oldest first.")
    def positions(self) -> list[StatedPosition]:
        return [
            StatedPosition(entry=e)  # type: ignore[arg-type]
            for e in self._standing()
            if isinstance(e.event, PositionTaken)
        ]

    @strawberry.field(description="By when the State will answer, if it said so.")
    def position_due(self) -> str | None:
        return self.row.state.answer_due

    @strawberry.field(description="Whether a committee selected it for follow-up.")
    def selected_for_follow_up(self) -> bool:
        return self.row.state.selected

    @strawberry.field(description="By when the committee asked for follow-up.")
    def follow_up_due(self) -> str | None:
        return self.row.state.follow_up_due

    @strawberry.field(description="Obligations that are due by a day and still open.")
    def owed(self) -> list[Due]:
        return [Due(what=what, by=by) for what, by in self.row.state.owed()]

    @strawberry.field(description="The furthest point on the everyday road.")
    def stage(self) -> enum_type(Stage):  # type: ignore[valid-type]
        return self.row.state.stage

    @strawberry.field(description="Assignments, standing and past.")
    def assignments(self) -> list[Assignment]:
        return [
            Assignment(
                row=self.row,
                reading=self.reading,
                number=a.id,
                institution_code=a.institution,
                capacity=a.capacity,
                status=a.status,
                since=a.since,
                part=a.part,
                instrument=a.instrument,
                assigned_by_code=a.assigned_by,
            )
            for a in self.row.state.assignments
        ]

    @strawberry.field(description="Assessments that were not struck, oldest first.")
    def assessments(self) -> list[Assessment]:
        return [
            _assessment(entry)
            for entry in self._standing()
            if isinstance(entry.event, Assessed | DeclaredImplemented)
        ]

    @strawberry.field(description="Progress updates and State reports, oldest first.")
    def reports(self) -> list[Report]:
        return _reports(self._standing(), self.row, self.reading)

    def within(self, kind: str | None) -> Sequence[Any]:
        """What it has of a kind that has ids of its own (`derive.WITHIN`)."""
        has: dict[str | None, Callable[[], Sequence[Any]]] = {
            "Assignment": self.assignments,
            "Report": self.reports,
            "RecommendationPart": self.parts,
        }
        return has[kind]()

    @strawberry.field(description="Links to earlier and later recommendations, both ways.")
    def lineage(self) -> list[LineageLink]:
        links = self.cohort.lineage(self.row.state.id)
        return [_link(link, self.row.state.id, self.cohort.linked()) for link in links]

    @strawberry.field(description="Measures that contribute to it, by plan and code.")
    def measures(
        self, first: int = 50, after: str | None = None
    ) -> Connection[Annotated[Measure, strawberry.lazy("api.measures")]]:
        from api.measures import measures_for

        return measures_for(self.reading, self.row.state.id, first, after)

    @strawberry.field(
        description="The recommendation it was declared a duplicate of, where you may read that."
    )
    def duplicate_of(
        self,
    ) -> Annotated[Recommendation, strawberry.lazy("api.recommendations")] | None:
        return named(self.cohort.recommendations(_original), self.row.state.duplicate_of)

    @strawberry.field(
        description="The review in which it was made; null where none is opened, or not for you."
    )
    def review(self) -> ReviewType | None:
        return joined(self.reading, review.Review, review_id_of(self.row.state))

    @strawberry.field(
        description="The run of an import that brought it; null where it came otherwise, or the "
        "run is not for you."
    )
    def import_run(self) -> ImportRunType | None:
        return joined(self.reading, import_run.ImportRun, self.row.state.batch)

    @strawberry.field(description="Why follow-up was closed; null while it is open.")
    def closed(self) -> enum_type(Closing) | None:  # type: ignore[valid-type]
        return self.row.state.closed

    @strawberry.field(description="The latest cycle it was continued into, by decision.")
    def continued_into(self) -> int | None:
        return self.row.state.continued_into

    def _standing(self) -> list[Entry]:
        state = self.row.state
        return [e for e in self.trail() if state.stands(e.version)]


@strawberry.type(description="What has a case, which may be a recommendation.")
class MayBeRecommendation:
    @strawberry.field(description="The case; null if it is something else.")
    def recommendation(self) -> Recommendation | None:
        case: Case | None = self.case  # type: ignore[attr-defined]
        return case if isinstance(case, Recommendation) else None


def together(reading: Reading, rows: list[Row]) -> list[Recommendation]:
    """Rows that were read together, as GraphQL objects that also read on together."""
    cohort = RecommendationCohort(reading, rows)
    return [Recommendation(row=row, cohort=cohort) for row in rows]


def named(cohort: RecommendationCohort, id: UUID | None) -> Recommendation | None:
    """The recommendation of a cohort that has an id; None where it is not for this reader."""
    row = None if id is None else cohort.row(id)
    return None if row is None else Recommendation(row=row, cohort=cohort)


def _original(state: domain.Recommendation) -> list[UUID]:
    return [] if state.duplicate_of is None else [state.duplicate_of]


def _assessment(entry: Entry) -> Assessment:
    event = entry.event
    assert isinstance(event, Assessed | DeclaredImplemented)
    assessed = event if isinstance(event, Assessed) else None
    text = assessed.finding if assessed else event.statement  # type: ignore[union-attr]
    return Assessment(
        entry=entry,  # type: ignore[arg-type]
        assessor_kind=assessed.assessor_kind if assessed else AssessorKind.STATE,
        assessor=assessed.assessor if assessed else entry.stamp.speaker.on_behalf_of,
        scheme=assessed.scheme if assessed else None,
        scheme_version=assessed.scheme_version if assessed else None,
        grade=assessed.grade if assessed else None,
        common=assessed.common if assessed else Common.IMPLEMENTED,
        finding=protected_text(text) if text else None,
        effective_on=entry.stamp.effective.on,
        recorded_at=instant(entry.recorded_at or 0),
        log_index=entry.log_index or 0,
        source=entry.stamp.source,
        part=entry.stamp.part,
    )


def _reports(entries: list[Entry], row: Row, reading: Reading) -> list[Report]:
    """`row` says whose a report is and how far it has come, also to those who don't see the entries
    between."""
    held = {p.id: p for p in row.state.progress}
    found: dict[int, Report] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, ProgressDrafted | ProgressPublished):
            id = event.report or entry.version
            found[id] = Report(
                row=row,
                reading=reading,
                number=id,
                kind=ReportType.PROGRESS,
                status=held[id].status,
                institution_code=held[id].institution,
                narrative=protected_text(event.narrative),
                document=entry.stamp.source.document if entry.stamp.source else None,
                period_from=event.period_from,
                period_to=event.period_to,
                effective_on=entry.stamp.effective.on,
                recorded_at=instant(entry.recorded_at or 0),
                log_index=entry.log_index or 0,
            )
        elif isinstance(event, Reported):
            found[entry.version] = Report(
                row=row,
                reading=reading,
                number=entry.version,
                kind=ReportType(event.report.value),
                status=ProgressStatus.PUBLISHED,
                institution_code=entry.stamp.speaker.on_behalf_of,
                narrative=None,
                document=event.document,
                period_from=None,
                period_to=None,
                effective_on=entry.stamp.effective.on,
                recorded_at=instant(entry.recorded_at or 0),
                log_index=entry.log_index or 0,
            )
    return list(found.values())


def _link(
    link: Lineage, from_id: RecommendationId | Any, linked: RecommendationCohort
) -> LineageLink:
    later = link.later.state.id == from_id
    other = link.earlier if later else link.later
    return LineageLink(
        number=link.link.id,
        type=link.link.type,
        direction=Direction.EARLIER if later else Direction.LATER,
        how=link.link.how,
        confidence=link.link.confidence,
        asserted_by_code=link.link.asserted_by,
        recommendation=Recommendation(row=other, cohort=linked),
        later=link.later,
        reading=linked.reading,
    )
