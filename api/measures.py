"""Measures in GraphQL: what they show, and their list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from api.context import Reading
from api.derive import ProtectedText, enum_type, protected_text, shows, struct_type
from api.describing import said_in
from api.joining import NAMED, InstitutionType
from api.lists import listed_by, page_of, where_input
from api.pages import Connection
from api.recommendations import EffectiveType, Recommendation, named
from api.registered import Followed, node
from domain import measure as domain
from domain.measure import held
from domain.measure.links import MeasureLinked
from domain.words import MeasureStatus
from projections.measures import LIST, Where

MeasureTextType: Any = struct_type(held.MeasureText)


@strawberry.type(description="A measure contributes to a recommendation.")
@said_in(MeasureLinked)
class MeasureLink:
    held: strawberry.Private[held.MeasureLink]
    measure: strawberry.Private[Measure]

    @strawberry.field(description="The version of the entry that made it.")
    def number(self) -> int:
        return self.held.id

    @strawberry.field(description="The recommendation; null where it is not for this reader.")
    def recommendation(self) -> Recommendation | None:
        return named(self.measure.cohort.recommendations(_linked), self.held.to)

    @strawberry.field(description="The part that it contributes to; null: the whole.")
    def part(self) -> str | None:
        return self.held.part

    @strawberry.field(description="The date since which this is so.")
    def since(self) -> EffectiveType:
        return self.held.since

    @strawberry.field(description="Why it contributes to it.")
    def rationale(self) -> ProtectedText | None:
        told = (entry.event for entry in self.measure.trail() if entry.version == self.held.id)
        event = next(told, None)
        return protected_text(event.rationale) if isinstance(event, MeasureLinked) else None


def _linked(measure: domain.Measure) -> list[UUID]:
    return [link.to for link in measure.links]


@strawberry.type(description="An institution carries a measure out, or helps.")
@shows(held.MeasureResponsibility, lambda one: one.held, "capacity", "since", "until", "version")
class Responsible:
    held: strawberry.Private[held.MeasureResponsibility]
    measure: strawberry.Private[Measure]

    @strawberry.field(description="The institution; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        return self.measure.institution_of(self.held.institution)

    @strawberry.field(description="Its code; assignments of measures name it.")
    def institution_code(self) -> str:
        return self.held.institution


@node(
    domain.Measure,
    "code",
    "plan",
    "kind",
    "preventive",
    "proposed",
    "turns",
    "dates",
)
class Measure(Followed):
    @strawberry.field(description="The institution that leads now; null: none that is registered.")
    def lead(self) -> InstitutionType | None:
        return self.institution_of(self.row.state.lead)

    @strawberry.field(description="The institutions that carry it out, and those that did before.")
    def responsible(self) -> list[Responsible]:
        return [Responsible(held=one, measure=self) for one in self.row.state.responsible]

    @strawberry.field(description="How far it has come.")
    def status(self) -> enum_type(MeasureStatus):  # type: ignore[valid-type]
        return self.row.state.status

    @strawberry.field(description="Its title in `language`, else in the one it came in.")
    def title(self, language: str = "en") -> str:
        return str(self.row.state.text(language).title)

    @strawberry.field(description="Title and description in each language.")
    def texts(self) -> list[MeasureTextType]:
        return list(self.row.state.texts.values())

    @strawberry.field(description="First day, month or year, as it was set last; null: not set.")
    def starts(self) -> str | None:
        return self.row.state.starts  # type: ignore[no-any-return]

    @strawberry.field(description="Last day, month or year, as it was set last; null: not set.")
    def ends(self) -> str | None:
        return self.row.state.ends  # type: ignore[no-any-return]

    @strawberry.field(description="Code of the institution that leads now; null: none.")
    def lead_code(self) -> str | None:
        return self.row.state.lead  # type: ignore[no-any-return]

    @strawberry.field(
        description="The earliest day by which something is due that has not been done."
    )
    def due(self) -> str | None:
        return self.row.state.due  # type: ignore[no-any-return]

    @strawberry.field(description="The recommendations that it contributes to.")
    def links(self) -> list[MeasureLink]:
        return [MeasureLink(held=one, measure=self) for one in self.row.state.links]


NAMED[domain.Measure] = lambda state: (one.institution for one in state.responsible)


# --- Their list ----------------------------------------------------------------------------------

MeasureWhere = where_input(LIST, "measures")


def measures_for(
    reading: Reading, recommendation: UUID, first: int, after: str | None
) -> Connection[Measure]:
    """The measures that contribute to a recommendation."""
    return page_of(reading, LIST, Where(recommendation=[recommendation]), first, after)


@strawberry.type
class MeasureLists:
    measures = listed_by(Measure, "Measures, by addressee, plan and code.", LIST, MeasureWhere)
