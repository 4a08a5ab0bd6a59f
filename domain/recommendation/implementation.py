"""The third dimension: measures as they are planned, declared done, and assessed by others. How
work goes on is in `progress`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, Protected, Stamp, dated, named
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.held import AssessmentHeld, PlanHeld
from domain.recommendation.state import Recommendation
from domain.refusals import InvalidInput
from domain.schemes import Common, common_grade
from domain.vocabulary import Vocabulary
from domain.words import AssessorKind

# --- Events (the archive's format: frozen) -------------------------------------------------------


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


# --- Commands ------------------------------------------------------------------------------------


def plan(
    r: Recommendation,
    stamp: Stamp,
    measures: Protected,
    plan: Annotated[str | None, Meta(description="In which plan, by name.")] = None,
    starts: str | None = None,
    ends: str | None = None,
) -> Planned:
    """Measures are planned."""
    return Planned(
        stamp=stamp,
        measures=measures,
        plan=plan,
        starts=dated(starts, "starts"),
        ends=dated(ends, "ends"),
    )


def assess(
    r: Recommendation,
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


def declare(
    r: Recommendation, stamp: Stamp, statement: Protected | None = None
) -> DeclaredImplemented:
    """The State declares it implemented: its own view."""
    return DeclaredImplemented(stamp=stamp, statement=statement)
