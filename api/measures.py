"""Measures in GraphQL: their list, and those that contribute to a recommendation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from strawberry import Info

from api.context import Context, Reading
from api.derive import read_id
from api.inputs import input_type
from api.looking_back import AsOf, look
from api.queries import PageInfo
from api.register import Measure
from domain.refusals import LimitExceeded
from projections import measures
from projections.measures import Where

values_max = 200

MeasureWhere: Any
MeasureWhere, read_where = input_type(
    "MeasureWhere",
    Where,
    without=("today",),
    description="Which measures. All conditions hold together; a list means any of it.",
)


@strawberry.type(description="A page of measures.")
class MeasureConnection:
    nodes: list[Measure]
    page_info: PageInfo
    total_count: int
    """How many measures fit, on all pages."""


def page_of(reading: Reading, where: Where, first: int, after: str | None) -> MeasureConnection:
    """A page of the measures that fit, by addressee, plan and code."""
    fits = [*measures.conditions(reading.connection, where)]
    page = measures.measures.page(reading.connection, reading.scope, fits, first=first, after=after)
    return MeasureConnection(
        nodes=[Measure(row=row, reading=reading) for row in page.rows],
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=after is not None,
            start_cursor=page.rows[0].state.id.hex if page.rows else None,
            end_cursor=page.end,
        ),
        total_count=page.total,
    )


def where_of(given: Any, today: str) -> Where:
    """Which measures an input asks for."""
    said = {} if given is None else read_where(given)
    if any(isinstance(one, list | tuple) and len(one) > values_max for one in said.values()):
        raise LimitExceeded(f"A condition has {values_max} values at most.")
    ids = said.pop("recommendation", None)
    of = None if ids is None else [read_id(id) for id in ids]
    return Where(**said, recommendation=of, today=today)


def measures_for(
    reading: Reading, recommendation: UUID, first: int, after: str | None
) -> MeasureConnection:
    """The measures that contribute to a recommendation."""
    return page_of(reading, Where(recommendation=[recommendation]), first, after)


@strawberry.type
class MeasureQuery:
    @strawberry.field(description="Measures, by addressee, plan and code.")
    def measures(
        self,
        info: Info[Context, None],
        where: MeasureWhere | None = None,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> MeasureConnection:
        reading = look(info.context, as_of, effective_on, where and where.addressee)
        return page_of(reading, where_of(where, reading.today), first, after)
