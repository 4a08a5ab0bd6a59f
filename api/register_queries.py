"""What is asked of the register, of the vocabularies, and of the figures."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec
import strawberry
from sqlalchemy import ColumnElement
from strawberry import Info
from strawberry.scalars import JSON

from api import buckets
from api.context import Context, Reading
from api.derive import enum_type, read_global_id, read_id
from api.import_jobs import Job, JobStatus
from api.looking_back import AsOf, look
from api.queries import PageInfo, RecommendationWhere, of_whom, where_of
from api.register import (
    Erasure,
    ImportRun,
    Institution,
    Match,
    Person,
    ProgressReport,
    Review,
    StoredFile,
    VocabularyVersion,
)
from domain import vocabulary
from domain.schemes import Common
from domain.words import (
    AssessorKind,
    ImportStatus,
    InstitutionStatus,
    MatchStatus,
    Mechanism,
    Position,
    ProgressStatus,
    ReviewStatus,
    Stage,
)
from projections import register, views
from projections.figures import Dimension, Figures, ProgressRow
from projections.register import Shelf

Registered = TypeVar("Registered")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Registered]):
    nodes: list[Registered]
    page_info: PageInfo
    total_count: int = strawberry.field(description="How many there are, on all pages.")


# --- Figures -------------------------------------------------------------------------------------


@strawberry.type(description="How many stand at a word of one dimension.")
class Tally:
    value: str
    count: int


@strawberry.enum(description="What is counted.")
class CountingUnit(Enum):
    PARAGRAPH = "paragraph"
    PART = "part"
    PAIR = "pair"


@strawberry.type(
    description="How many of one unit, and where they stand in each of the four dimensions, which "
    "are kept apart; the stage is a view over them."
)
class UnitFigures:
    figures: strawberry.Private[Figures]
    unit: CountingUnit

    @strawberry.field
    def total(self) -> int:
        return self.figures.total

    @strawberry.field(description="Whose follow-up is open.")
    def open(self) -> int:
        return self.figures.open

    @strawberry.field
    def supported(self) -> int:
        return self.figures.by["position"].get(Position.SUPPORTED.value, 0)

    @strawberry.field
    def noted(self) -> int:
        return self.figures.by["position"].get(Position.NOTED.value, 0)

    @strawberry.field
    def pending(self) -> int:
        return self.figures.by["position"].get(Position.PENDING.value, 0)

    @strawberry.field(description="supported, noted, pending, by-part, not-applicable.")
    def positions(self) -> list[Tally]:
        return _tallies(self.figures, "position")

    @strawberry.field(description="unassigned, offered, assigned.")
    def assignments(self) -> list[Tally]:
        return _tallies(self.figures, "assignment")

    @strawberry.field(description="not-started, planned, in-progress, declared.")
    def implementation(self) -> list[Tally]:
        return _tallies(self.figures, "implementation")

    @strawberry.field(description="unreported, reported.")
    def reporting(self) -> list[Tally]:
        return _tallies(self.figures, "reporting")

    @strawberry.field(description="The furthest point reached on the everyday road.")
    def stages(self) -> list[Tally]:
        return _tallies(self.figures, "stage")

    @strawberry.field(description="How many are at one stage.")
    def at_stage(self, stage: enum_type(Stage)) -> int:  # type: ignore[valid-type]
        return self.figures.by["stage"].get(stage.value, 0)


@strawberry.type(
    description="One grade of one assessor's scheme, and how many bear it. Assessors stand side by "
    "side; nothing is averaged."
)
class GradeFigures:
    assessor_kind: enum_type(AssessorKind)  # type: ignore[valid-type]
    assessor: str
    scheme: str
    scheme_version: str
    grade: str
    common: enum_type(Common) | None = strawberry.field(  # type: ignore[valid-type]
        description="What it means on the common scale; null where it does not map."
    )
    paragraphs: int
    parts: int
    pairs: int


@strawberry.type(description="The figures for one value of the dimension.")
class ProgressFigures:
    row: strawberry.Private[ProgressRow]

    @strawberry.field(description="The value: a code or label; empty where there is none.")
    def key(self) -> str:
        return self.row.key

    @strawberry.field(description="The version of the vocabulary that the key is from.")
    def version(self) -> str | None:
        return self.row.version or None

    @strawberry.field(description="The value as printed, where that says more than the key.")
    def label(self) -> str:
        return self.row.label or self.row.key

    @strawberry.field(description="Counted in paragraphs: recommendations.")
    def paragraphs(self) -> UnitFigures:
        return UnitFigures(figures=self.row.units[0], unit=CountingUnit.PARAGRAPH)

    @strawberry.field(description="Counted in parts: texts that a paragraph bundles.")
    def parts(self) -> UnitFigures:
        return UnitFigures(figures=self.row.units[1], unit=CountingUnit.PART)

    @strawberry.field(description="Counted in pairs of paragraph and recommending State.")
    def pairs(self) -> UnitFigures:
        return UnitFigures(figures=self.row.units[2], unit=CountingUnit.PAIR)

    @strawberry.field(description="Each assessor's grades, scheme by scheme.")
    def grades(self) -> list[GradeFigures]:
        return [
            GradeFigures(
                assessor_kind=AssessorKind(g.grade[0]),
                assessor=g.grade[1],
                scheme=g.grade[2],
                scheme_version=g.grade[3],
                grade=g.grade[4],
                common=Common(g.grade[5]) if g.grade[5] else None,
                paragraphs=g.paragraphs,
                parts=g.parts,
                pairs=g.pairs,
            )
            for g in self.row.grades
        ]


# --- Import jobs ---------------------------------------------------------------------------------


@strawberry.type(
    description="An import under way, as this server knows it. The record has it as `importRun`."
)
class ImportJob:
    job: strawberry.Private[Job]
    context: strawberry.Private[Context]

    @strawberry.field(description="Its id, and the run's uuid, the batch of what it records.")
    def uuid(self) -> str:
        return str(self.job.id)

    @strawberry.field
    def status(self) -> enum_type(JobStatus):  # type: ignore[valid-type]
        return self.job.status

    @strawberry.field(description="What it is doing.")
    def doing(self) -> str:
        return self.job.doing

    @strawberry.field(description="How much of that is done, in rows or bytes.")
    def done(self) -> float:
        return float(self.job.done)

    @strawberry.field(description="How much there is.")
    def total(self) -> float:
        return float(self.job.total)

    @strawberry.field(description="What it found and did, once it has ended.")
    def receipt(self) -> JSON | None:
        receipt = self.job.receipt
        return None if receipt is None else msgspec.to_builtins(receipt)

    @strawberry.field(description="Why it failed: a stable code.")
    def code(self) -> str | None:
        return self.job.code

    @strawberry.field(description="Why it failed.")
    def message(self) -> str | None:
        return self.job.message

    @strawberry.field(description="The run in the record; null until, or unless, it has recorded.")
    def run(self) -> ImportRun | None:
        context = self.context
        row = register.runs.by_id(context.connection, context.scope, self.job.id)
        return None if row is None else ImportRun(row=row, reading=context)


# --- Queries -------------------------------------------------------------------------------------


@strawberry.type
class RegisterQuery:
    @strawberry.field(
        description="Progress by one dimension, in each counting unit. Only recommendations are "
        "counted unless `where.kind` says otherwise. `mergeDuplicates`: what is declared a "
        "duplicate is not counted beside what it duplicates. By `BUCKET`: what the states of each "
        "procedure count as, a State's own too."
    )
    def progress(
        self,
        info: Info[Context, None],
        by: enum_type(Dimension) = Dimension.ALL,  # type: ignore[valid-type]
        where: RecommendationWhere | None = None,
        search: str | None = None,
        merge_duplicates: bool = True,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> list[ProgressFigures]:
        reading = look(info.context, as_of, effective_on, of_whom(where))
        fits = where_of(where, reading.today, search)
        rows = buckets.progress(reading, by, fits, merged=merge_duplicates)
        return [ProgressFigures(row=row) for row in rows]

    @strawberry.field(description="Reviews, by addressee, body and cycle.")
    def reviews(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        mechanism: list[enum_type(Mechanism)] | None = None,  # type: ignore[valid-type]
        body: list[str] | None = None,
        cycle: list[int] | None = None,
        status: list[enum_type(ReviewStatus)] | None = None,  # type: ignore[valid-type]
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[Review]:
        reading = look(info.context, as_of, effective_on, addressee)
        c = views.review.c
        conditions = _any(
            (c.addressee, addressee),
            (c.mechanism, mechanism),
            (c.body, body),
            (c.cycle, cycle),
            (c.status, status),
        )
        return _page(reading, register.reviews, Review, conditions, first, after)

    @strawberry.field(description="Institutions, by addressee and code.")
    def institutions(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        code: list[str] | None = None,
        status: list[enum_type(InstitutionStatus)] | None = None,  # type: ignore[valid-type]
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[Institution]:
        reading = look(info.context, as_of, effective_on, addressee)
        c = views.institution.c
        conditions = _any((c.addressee, addressee), (c.code, code), (c.status, status))
        return _page(reading, register.institutions, Institution, conditions, first, after)

    @strawberry.field(description="Persons, by addressee, institution and pseudonym.")
    def persons(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        institution: list[str] | None = None,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
    ) -> Connection[Person]:
        reading = look(info.context, as_of, None, addressee)
        c = views.person.c
        conditions = _any((c.addressee, addressee), (c.institution, institution))
        return _page(reading, register.persons, Person, conditions, first, after)

    @strawberry.field(description="Progress reports, the latest changed last.")
    def progress_reports(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        status: list[enum_type(ProgressStatus)] | None = None,  # type: ignore[valid-type]
        covering: strawberry.ID | None = None,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[ProgressReport]:
        reading = look(info.context, as_of, effective_on, addressee)
        c = views.progress_report.c
        conditions = _any((c.addressee, addressee), (c.status, status))
        if covering is not None:
            conditions.append(c.id.in_(register.covering(read_id(covering))))
        return _page(reading, register.reports, ProgressReport, conditions, first, after)

    @strawberry.field(description="Uploaded files, the latest changed last.")
    def files(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[StoredFile]:
        reading = look(info.context, as_of, effective_on, addressee)
        conditions = _any((views.stored_file.c.addressee, addressee))
        return _page(reading, register.files, StoredFile, conditions, first, after)

    @strawberry.field(description="What was erased, the latest first; `of` one thing, by its id.")
    def erasures(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        of: strawberry.ID | None = None,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[Erasure]:
        reading = look(info.context, as_of, effective_on, addressee)
        c = views.erasure.c
        conditions = _any((c.addressee, addressee))
        if of is not None:
            conditions.append(c.erased_stream == read_global_id(of)[1].hex)
        return _page(reading, register.erasures, Erasure, conditions, first, after, descending=True)

    @strawberry.field(description="Runs of imports, the latest first.")
    def import_runs(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        status: list[enum_type(ImportStatus)] | None = None,  # type: ignore[valid-type]
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[ImportRun]:
        reading = look(info.context, as_of, effective_on, addressee)
        c = views.import_run.c
        conditions = _any((c.addressee, addressee), (c.status, status))
        return _page(reading, register.runs, ImportRun, conditions, first, after, descending=True)

    @strawberry.field(description="An import that this server runs or has run.")
    def import_job(self, info: Info[Context, None], uuid: str) -> ImportJob:
        context = info.context
        job = context.service.imports.find(read_id(uuid, "ImportRun", "run"), context.principal)
        return ImportJob(job=job, context=context)

    @strawberry.field(description="Rows of second sources that wait for a person.")
    def undecided_matches(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        scheme: list[str] | None = None,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[Match]:
        undecided = [MatchStatus.UNDECIDED]
        return _matches(info, addressee, scheme, undecided, first, after, as_of, effective_on)

    @strawberry.field(description="Rows of second sources, matched or not.")
    def matches(
        self,
        info: Info[Context, None],
        addressee: list[str] | None = None,
        scheme: list[str] | None = None,
        status: list[enum_type(MatchStatus)] | None = None,  # type: ignore[valid-type]
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Connection[Match]:
        return _matches(info, addressee, scheme, status, first, after, as_of, effective_on)

    @strawberry.field(
        description="A vocabulary: the version named, else the latest; null if there is none."
    )
    def vocabulary(
        self,
        info: Info[Context, None],
        name: str,
        version: str | None = None,
        as_of: AsOf | None = None,
    ) -> VocabularyVersion | None:
        reading = look(info.context, as_of, None)
        held = _vocabulary(reading, name)
        if held is None or not held.versions:
            return None
        content = held.versions.get(version or list(held.versions)[-1])
        return None if content is None else VocabularyVersion(held=held, content=content)

    @strawberry.field(description="The names of all vocabularies.")
    def vocabularies(self, info: Info[Context, None]) -> list[str]:
        context = info.context
        page = register.vocabularies.page(context.connection, context.scope, first=200)
        return sorted({*vocabulary.shipped(), *(row.state.name for row in page.rows)})


def _vocabulary(reading: Reading, name: str) -> vocabulary.Vocabulary | None:
    id = vocabulary.stream(name)
    row = register.vocabularies.by_id(reading.connection, reading.scope, id)
    return vocabulary.with_published(vocabulary.shipped().get(name), row.state if row else None)


def _matches(
    info: Info[Context, None],
    addressee: list[str] | None,
    scheme: list[str] | None,
    status: list[MatchStatus] | None,
    first: int,
    after: str | None,
    as_of: AsOf | None,
    effective_on: str | None,
) -> Connection[Match]:
    reading = look(info.context, as_of, effective_on, addressee)
    c = views.matched.c
    conditions = _any((c.addressee, addressee), (c.scheme, scheme), (c.status, status))
    return _page(reading, register.matches, Match, conditions, first, after)


def _any(*asked: tuple[Any, list[Any] | None]) -> list[ColumnElement[bool]]:
    """All conditions hold together; a list means any of its values."""
    return [
        column.in_([getattr(value, "value", value) for value in values])
        for column, values in asked
        if values is not None
    ]


def _page(
    reading: Reading,
    shelf: Shelf[Any],
    type_: Callable[..., Registered],
    conditions: list[ColumnElement[bool]],
    first: int,
    after: str | None,
    *,
    descending: bool = False,
) -> Connection[Registered]:
    page = shelf.page(
        reading.connection,
        reading.scope,
        conditions,
        first=first,
        after=after,
        descending=descending,
    )
    return Connection(
        nodes=[type_(row=row, reading=reading) for row in page.rows],
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=after is not None,
            start_cursor=page.rows[0].state.id.hex if page.rows else None,
            end_cursor=page.end,
        ),
        total_count=page.total,
    )


def _tallies(of: Figures, dimension: str) -> list[Tally]:
    return [Tally(value=k, count=n) for k, n in sorted(of.by[dimension].items()) if n]
