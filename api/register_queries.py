"""What is asked of the register, of the vocabularies, and of the figures."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import msgspec
import strawberry
from strawberry import Info
from strawberry.scalars import JSON

from api import buckets
from api.context import Context, Reading
from api.derive import enum_type, read_id
from api.describing import arg, said_in
from api.import_jobs import Job, JobStatus
from api.joining import shown
from api.looking_back import AsOf, look
from api.queries import RecommendationWhere, of_whom, where_of
from api.register import (
    ImportRun,
    VocabularyVersion,
)
from domain import vocabulary
from domain.recommendation.implementation import Assessed
from domain.schemes import Common
from domain.words import (
    AssessorKind,
    Position,
    Stage,
)
from projections import register
from projections.figures import Dimension, Figures, ProgressRow

DimensionType: Any = enum_type(Dimension)
StageType: Any = enum_type(Stage)

# --- Figures -------------------------------------------------------------------------------------


@strawberry.type(description="A word of one dimension, and how many have it.")
class Tally:
    value: str
    """The word of the dimension, such as `supported`."""
    count: int
    """How many, in the unit of the figures."""


@strawberry.enum(description="What is counted.")
class CountingUnit(Enum):
    PARAGRAPH = "paragraph"
    """numbered paragraphs, that is recommendations: the unit of the United Nations"""
    PART = "part"
    """texts, of which a paragraph may bundle several"""
    PAIR = "pair"
    """a paragraph and one recommending State: the unit of UPR Info"""


@strawberry.type(
    description="How many of one unit, and where they stand in each of the four dimensions, which "
    "are kept apart; the stage is a view over them."
)
class UnitFigures:
    figures: strawberry.Private[Figures]
    unit: CountingUnit
    """The unit of all numbers here."""

    @strawberry.field(description="How many in all.")
    def total(self) -> int:
        return self.figures.total

    @strawberry.field(description="How many are still followed up.")
    def open(self) -> int:
        return self.figures.open

    @strawberry.field(description="How many the State supports.")
    def supported(self) -> int:
        return self.figures.by["position"].get(Position.SUPPORTED.value, 0)

    @strawberry.field(description="How many the State noted.")
    def noted(self) -> int:
        return self.figures.by["position"].get(Position.NOTED.value, 0)

    @strawberry.field(description="How many the State has not answered.")
    def pending(self) -> int:
        return self.figures.by["position"].get(Position.PENDING.value, 0)

    @strawberry.field(
        description="By position: `supported`, `noted`, `pending`, `by-part`, `not-applicable`."
    )
    def positions(self) -> list[Tally]:
        return _tallies(self.figures, "position")

    @strawberry.field(description="By assignment: `unassigned`, `offered`, `assigned`.")
    def assignments(self) -> list[Tally]:
        return _tallies(self.figures, "assignment")

    @strawberry.field(
        description="By implementation: `not-started`, `planned`, `in-progress`, `declared`."
    )
    def implementation(self) -> list[Tally]:
        return _tallies(self.figures, "implementation")

    @strawberry.field(description="By reporting: `unreported`, `reported`.")
    def reporting(self) -> list[Tally]:
        return _tallies(self.figures, "reporting")

    @strawberry.field(description="The furthest point reached on the everyday road.")
    def stages(self) -> list[Tally]:
        return _tallies(self.figures, "stage")

    @strawberry.field(description="How many are at one stage.")
    def at_stage(
        self, stage: Annotated[StageType, arg("The stage that they have reached, and none beyond.")]
    ) -> int:
        return self.figures.by["stage"].get(stage.value, 0)


@strawberry.type(
    description="One grade of one assessor's scheme, and how many bear it. Assessors stand side by "
    "side; nothing is averaged."
)
@said_in(Assessed)
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
    """How many paragraphs bear the grade."""
    parts: int
    """How many parts bear the grade."""
    pairs: int
    """How many pairs of paragraph and recommending State bear the grade."""


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

    @strawberry.field(description="How far it has come.")
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
        return None if row is None else shown(context, [row])[0]


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
        by: Annotated[
            DimensionType, arg("The dimension by which figures are grouped.")
        ] = Dimension.ALL,
        where: RecommendationWhere | None = None,
        search: str | None = None,
        merge_duplicates: Annotated[
            bool, arg("False: a declared duplicate counts beside the one it duplicates.")
        ] = True,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> list[ProgressFigures]:
        reading = look(info.context, as_of, effective_on, of_whom(where))
        fits = where_of(where, reading.today, search)
        rows = buckets.progress(reading, by, fits, merged=merge_duplicates)
        return [ProgressFigures(row=row) for row in rows]

    @strawberry.field(description="An import that this server runs or has run.")
    def import_job(
        self,
        info: Info[Context, None],
        uuid: Annotated[str, arg("The `uuid` of the job, as `startImport` gave it.")],
    ) -> ImportJob:
        context = info.context
        job = context.service.imports.find(read_id(uuid, "ImportRun", "run"), context.principal)
        return ImportJob(job=job, context=context)

    @strawberry.field(
        description="A vocabulary: the version named, else the latest; null if there is none."
    )
    def vocabulary(
        self,
        info: Info[Context, None],
        name: Annotated[str, arg("Its name, of those in `vocabularies`.")],
        version: Annotated[
            str | None, arg("Name of the version; the latest, if not given.")
        ] = None,
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


def _tallies(of: Figures, dimension: str) -> list[Tally]:
    return [Tally(value=k, count=n) for k, n in sorted(of.by[dimension].items()) if n]
