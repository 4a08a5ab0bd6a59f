"""A recommendation in GraphQL: attributes of a row, nothing computed twice."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import strawberry

from api.context import Cohort, Reading
from api.derive import ProtectedText, enum_type, global_id, protected_text, struct_type
from api.describing import arg, said_in
from api.history import TYPES, HistoryEntry, SourceType, instant
from api.procedures import (
    Path,
    ProcedureState,
    ProcedureStep,
    WorkflowDefinition,
    definition_of,
    path_of,
    states_of,
    steps_of,
)
from domain import events
from domain.addressees import addressee as find_addressee
from domain.casework import DeadlineHeld, DeadlineStatus, TaskHeld
from domain.effects import DeadlineSet, TaskOpened, Whose
from domain.entry import Effective, Entry, RecommendationId
from domain.refusals import InvalidInput
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
from projections.recommendations import Lineage, Row, by_id
from workflows.procedure import Procedures
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import label as label_in

history_entries_max = 1_000
open_steps_objects = 10
"""Which steps are open takes about as long as so many objects of an answer."""

TextType: Any = struct_type(events.Text)
AliasType: Any = struct_type(events.Alias)
RecommenderType: Any = struct_type(events.Recommender)
EffectiveType: Any = struct_type(Effective)
PositionTakenType: Any = TYPES["PositionTaken"]


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


@strawberry.interface(description="Anything with an opaque id, as Relay has it.")
class Node:
    @strawberry.field(description="Its opaque id.")
    def id(self) -> strawberry.ID:
        raise NotImplementedError


@strawberry.type(description="A term of a versioned vocabulary that the recommendation bears.")
@said_in(events.Term)
class RecommendationTerm:
    vocabulary: str
    version: str = strawberry.field(description="Which version of the vocabulary.")
    code: str | None
    label: str
    document: str | None = strawberry.field(description="The document that said so, if one did.")
    since_version: int = strawberry.field(description="The version of the entry that said so.")


@strawberry.type(description="One of the texts a paragraph bundles. A counting unit of its own.")
@said_in(events.Part)
class RecommendationPart:
    id: str
    recommenders: list[RecommenderType]
    position: enum_type(Position) = strawberry.field(  # type: ignore[valid-type]
        description="The part's own position, else the whole's."
    )
    text: str = strawberry.field(description="The part's text in the original's language.")


@strawberry.type(description="An institution's assignment.")
@said_in(events.AssignmentOpened)
class Assignment:
    id: int = strawberry.field(description="The version of the entry that opened it.")
    institution: str
    """Code of the institution."""
    capacity: enum_type(Capacity)  # type: ignore[valid-type]
    status: enum_type(AssignmentStatus)  # type: ignore[valid-type]
    """Whether it is offered, assigned, or has ended, and how."""
    since: EffectiveType = strawberry.field(description="The date since which this is so.")
    part: str | None
    instrument: str | None = strawberry.field(
        description="The decree or decision, if one is named."
    )
    assigned_by: str
    """Code of the institution that offered or decreed it."""


@strawberry.type(
    description="Somebody's judgement of the implementation. Assessments stand side by side; the "
    "State's own declaration is one of them."
)
@said_in(events.Assessed)
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


@strawberry.type(description="A promise or a request that is due by a day.")
class Due:
    what: enum_type(Owed)  # type: ignore[valid-type]
    """The obligation."""
    by: str = strawberry.field(description="The last day for it.")


@strawberry.type(description="A progress update or a State report about the recommendation.")
@said_in(events.ProgressPublished)
class Report:
    id: int = strawberry.field(description="The report's id within the recommendation.")
    kind: ReportType
    """Whether it is a progress update, or which report of the State."""
    status: enum_type(ProgressStatus) = strawberry.field(  # type: ignore[valid-type]
        description="How far it has come; reports to a mechanism are published."
    )
    institution: str
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


DeadlineStatusType: Any = enum_type(DeadlineStatus)


@strawberry.type(description="Somebody does a task for an institution.")
class TaskClaim:
    institution: str
    """Code of the institution."""
    actor: str
    """The person, by pseudonym."""


@strawberry.type(description="Something to do about a recommendation, as its procedure has it.")
@said_in(TaskOpened)
class TaskOnCase:
    held: strawberry.Private[TaskHeld]
    compiled: strawberry.Private[Compiled]

    @strawberry.field(description="Its name in the procedure, for `claimTask`.")
    def name(self) -> str:
        return self.held.task

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        specs = self.compiled.definition.tasks
        labels = next((spec.labels for spec in specs if spec.id == self.held.task), {})
        return label_in(labels, language, self.held.task)

    @strawberry.field
    def steps(self) -> list[str]:
        return list(self.held.steps)

    @strawberry.field
    def roles(self) -> list[str]:
        return list(self.held.roles)

    @strawberry.field
    def whose(self) -> enum_type(Whose):  # type: ignore[valid-type]
        return self.held.whose

    @strawberry.field
    def deadline(self) -> str | None:
        return self.held.deadline

    @strawberry.field(description="The persons who claimed it, by institution.")
    def claims(self) -> list[TaskClaim]:
        return [
            TaskClaim(institution=claim.institution, actor=claim.actor)
            for claim in self.held.claims
        ]


@strawberry.type(description="Something that is due, or was.")
@said_in(DeadlineSet)
class Deadline:
    held: strawberry.Private[DeadlineHeld]
    compiled: strawberry.Private[Compiled]

    @strawberry.field(description="Its name in the procedure, for `extendDeadline`.")
    def name(self) -> str:
        return self.held.deadline

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        spec = self.compiled.deadlines.get(self.held.deadline)
        return label_in(spec.labels if spec else {}, language, self.held.deadline)

    @strawberry.field(description="Whether its clock runs, or what became of it.")
    def status(self) -> DeadlineStatusType:
        return self.held.status

    @strawberry.field
    def day(self) -> str:
        return self.held.day

    @strawberry.field
    def due(self) -> datetime:
        return datetime.fromisoformat(self.held.due)

    @strawberry.field
    def basis(self) -> str:
        return self.held.basis

    @strawberry.field
    def calendar(self) -> str:
        return self.held.calendar

    @strawberry.field
    def generation(self) -> int:
        return self.held.generation

    @strawberry.field
    def voluntary(self) -> bool:
        return self.held.voluntary

    @strawberry.field(description="How many reminders were given.")
    def reminded(self) -> int:
        return self.held.reminded

    @strawberry.field(description="How often others were told that it is overdue.")
    def escalated(self) -> int:
        return self.held.escalated


@strawberry.type(description="Follow-up rests.")
class Suspension:
    since: EffectiveType
    """Since when follow-up rests."""
    until: str | None = strawberry.field(
        description="To the end of which day, where one is named; then it goes on by itself."
    )


@strawberry.type(description="A typed link between two recommendations, across cycles or bodies.")
@said_in(events.Linked)
class LineageLink:
    id: int = strawberry.field(description="The link's id on the later recommendation.")
    type: enum_type(LinkType)  # type: ignore[valid-type]
    """How the later recommendation relates to the earlier one."""
    direction: Direction = strawberry.field(description="Where the other end lies.")
    how: enum_type(AssertedHow)  # type: ignore[valid-type]
    confidence: int | None
    asserted_by: str
    """Code of the institution that recorded the link."""
    recommendation: Annotated[Recommendation, strawberry.lazy("api.recommendations")] = (
        strawberry.field(description="The recommendation at the other end.")
    )


@strawberry.type(
    description="What was asked of a State, and what has become of it: four dimensions kept apart "
    "(position, assignment, implementation, reporting) and the stage, a view over them."
)
class Recommendation(Node):
    row: strawberry.Private[Row]
    cohort: strawberry.Private[Cohort]

    @classmethod
    def is_type_of(cls, obj: object, info: object) -> bool:
        return isinstance(obj, cls)

    @strawberry.field(description="Its opaque id.")
    def id(self) -> strawberry.ID:
        return global_id(self.row.state.id)

    @strawberry.field(description="The same identity as a UUID, as the log has it.")
    def uuid(self) -> str:
        return str(self.row.state.id)

    @strawberry.field(description="The kind of text: a recommendation, a concern, a pledge.")
    def kind(self) -> enum_type(Kind):  # type: ignore[valid-type]
        return self.row.state.kind

    @strawberry.field(description="The kind of body that made it.")
    def mechanism(self) -> enum_type(Mechanism):  # type: ignore[valid-type]
        return self.row.state.mechanism

    @strawberry.field(description="The body that made it, such as UPR or CEDAW.")
    def body(self) -> str:
        return self.row.state.body

    @strawberry.field(description="Code of the State or other addressee.")
    def addressee(self) -> str:
        return self.row.state.addressee

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
                    id=part.id,
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
    def positions(self) -> list[PositionTakenType]:
        return [e for e in self._standing() if isinstance(e.event, events.PositionTaken)]

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

    @property
    def _procedures(self) -> Procedures:
        return self.cohort.reading.service.desk.procedures

    @strawberry.field(description="The furthest point on the everyday road.")
    def stage(self) -> enum_type(Stage):  # type: ignore[valid-type]
        return self.row.state.stage

    @strawberry.field(description="The states of the procedure it is in, one per region.")
    def states(self) -> list[str]:
        return self.row.state.states

    @strawberry.field(description="The steps the procedure allows now.")
    def open_steps(self) -> list[str]:
        self.cohort.reading.ration.answer(open_steps_objects)
        return self._procedures.open_steps(self.row.state)

    @strawberry.field(description="The procedure it started under.")
    def definition(self) -> WorkflowDefinition:
        state = self.row.state
        compiled = self._procedures.of(state)
        cohort = self.cohort
        return definition_of(
            compiled, cohort.reading, cohort.adoptions, state.addressee, state.states
        )

    @strawberry.field(description="The states of the procedure it is in, with their names.")
    def active_states(self) -> list[ProcedureState]:
        return states_of(self._procedures.of(self.row.state), set(self.row.state.states))

    @strawberry.field(description="The steps of the procedure: which are open, and why not others.")
    def steps(self) -> list[ProcedureStep]:
        reading = self.cohort.reading
        return steps_of(self._procedures, self.row.state, reading)

    @strawberry.field(
        description="How to get there: the fewest steps to a state of its procedure, by which "
        "facts and persons, and how soon."
    )
    def path(
        self,
        to: Annotated[str, arg("Name of the state to reach, of those of `definition`.")],
        language: str = "en",
    ) -> Path:
        return path_of(self._procedures, self.row.state, to, language)

    @strawberry.field(description="Assignments, standing and past.")
    def assignments(self) -> list[Assignment]:
        return [
            Assignment(
                id=a.id,
                institution=a.institution,
                capacity=a.capacity,
                status=a.status,
                since=a.since,
                part=a.part,
                instrument=a.instrument,
                assigned_by=a.assigned_by,
            )
            for a in self.row.state.assignments
        ]

    @strawberry.field(description="Assessments that were not struck, oldest first.")
    def assessments(self) -> list[Assessment]:
        return [
            _assessment(entry)
            for entry in self._standing()
            if isinstance(entry.event, events.Assessed | events.DeclaredImplemented)
        ]

    @strawberry.field(description="Progress updates and State reports, oldest first.")
    def reports(self) -> list[Report]:
        return _reports(self._standing(), self.row.state.progress)

    @strawberry.field(
        description="The audit trail, oldest first: at most `first` entries after version `after`."
    )
    def history(
        self,
        first: int = history_entries_max,
        after: Annotated[int, arg("Only entries of a later version than this.")] = 0,
    ) -> list[HistoryEntry]:
        if not 0 <= first <= history_entries_max:
            raise InvalidInput(f"History is read {history_entries_max} entries at a time at most.")
        entries = [e for e in self.cohort.history(self.row.state.id) if e.version > after]
        return entries[:first]  # type: ignore[return-value]

    def compiled(self) -> Compiled:
        """The procedure it is under."""
        return self._procedures.of(self.row.state)

    @strawberry.field(description="Its deadlines under its procedure.")
    def deadlines(self) -> list[Deadline]:
        compiled = self.compiled()
        return [Deadline(held=held, compiled=compiled) for held in self.row.state.deadlines]

    @strawberry.field(description="Open tasks of persons or institutions.")
    def tasks(self) -> list[TaskOnCase]:
        compiled = self.compiled()
        return [TaskOnCase(held=held, compiled=compiled) for held in self.row.state.tasks]

    @strawberry.field(description="Since when follow-up rests; null where it does not.")
    def suspended(self) -> Suspension | None:
        held = self.row.state.suspended
        return None if held is None else Suspension(since=held.since, until=held.until)

    @strawberry.field(description="Links to earlier and later recommendations, both ways.")
    def lineage(self) -> list[LineageLink]:
        links = self.cohort.lineage(self.row.state.id)
        return [_link(link, self.row.state.id, self.cohort.linked()) for link in links]

    @strawberry.field(
        description="The recommendation it was declared a duplicate of, where you may read that."
    )
    def duplicate_of(self) -> strawberry.ID | None:
        other, reading = self.row.state.duplicate_of, self.cohort.reading
        if other is None or by_id(reading.connection, reading.scope, other) is None:
            return None
        return global_id(other)

    @strawberry.field(description="Why follow-up was closed; null while it is open.")
    def closed(self) -> enum_type(Closing) | None:  # type: ignore[valid-type]
        return self.row.state.closed

    @strawberry.field(description="The latest cycle it was continued into, by decision.")
    def continued_into(self) -> int | None:
        return self.row.state.continued_into

    @strawberry.field(
        description="The version of its last entry that you may read. Send it back as "
        "expectedVersion."
    )
    def version(self) -> int:
        return self.row.state.version

    @strawberry.field(description="The log index of its last entry.")
    def log_index(self) -> int:
        return self.row.log_index

    @strawberry.field(description="When its last entry was recorded.")
    def changed_at(self) -> datetime:
        return instant(self.row.recorded_at)

    def _standing(self) -> list[Entry]:
        state = self.row.state
        return [e for e in self.cohort.history(state.id) if state.stands(e.version)]


def together(reading: Reading, rows: list[Row]) -> list[Recommendation]:
    """Rows that were read together, as GraphQL objects that also read on together."""
    cohort = Cohort(reading, rows)
    return [Recommendation(row=row, cohort=cohort) for row in rows]


def _assessment(entry: Entry) -> Assessment:
    event = entry.event
    assert isinstance(event, events.Assessed | events.DeclaredImplemented)
    assessed = event if isinstance(event, events.Assessed) else None
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


def _reports(entries: list[Entry], progress: list[events.ProgressHeld]) -> list[Report]:
    """`progress` says whose a report is and how far it has come, also to those who don't see the
    entries between."""
    held = {p.id: p for p in progress}
    found: dict[int, Report] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, events.ProgressDrafted | events.ProgressPublished):
            id = event.report or entry.version
            found[id] = Report(
                id=id,
                kind=ReportType.PROGRESS,
                status=held[id].status,
                institution=held[id].institution,
                narrative=protected_text(event.narrative),
                document=entry.stamp.source.document if entry.stamp.source else None,
                period_from=event.period_from,
                period_to=event.period_to,
                effective_on=entry.stamp.effective.on,
                recorded_at=instant(entry.recorded_at or 0),
                log_index=entry.log_index or 0,
            )
        elif isinstance(event, events.Reported):
            found[entry.version] = Report(
                id=entry.version,
                kind=ReportType(event.report.value),
                status=ProgressStatus.PUBLISHED,
                institution=entry.stamp.speaker.on_behalf_of,
                narrative=None,
                document=event.document,
                period_from=None,
                period_to=None,
                effective_on=entry.stamp.effective.on,
                recorded_at=instant(entry.recorded_at or 0),
                log_index=entry.log_index or 0,
            )
    return list(found.values())


def _link(link: Lineage, from_id: RecommendationId | Any, linked: Cohort) -> LineageLink:
    later = link.later.state.id == from_id
    other = link.earlier if later else link.later
    return LineageLink(
        id=link.link.id,
        type=link.link.type,
        direction=Direction.EARLIER if later else Direction.LATER,
        how=link.link.how,
        confidence=link.link.confidence,
        asserted_by=link.link.asserted_by,
        recommendation=Recommendation(row=other, cohort=linked),
    )
