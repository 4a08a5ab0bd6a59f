"""Measures in GraphQL: their list, and those that contribute to a recommendation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from strawberry import Info

from api.context import Context, Reading
from api.derive import read_id
from api.inputs import input_type
from api.joining import shown
from api.looking_back import AsOf, look
from api.pages import Connection, connection, page_info
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


def page_of(reading: Reading, where: Where, first: int, after: str | None) -> Connection[Measure]:
    """A page of the measures that fit, by addressee, plan and code."""
    fits = [*measures.conditions(reading.connection, where)]
    page = measures.measures.page(reading.connection, reading.scope, fits, first=first, after=after)
    ids = [row.state.id.hex for row in page.rows]
    return connection(
        zip(ids, shown(reading, page.rows), strict=True),
        lambda: measures.measures.count(reading.connection, reading.scope, fits),
        page_info(ids, after, has_next=page.has_next),
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
) -> Connection[Measure]:
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
    ) -> Connection[Measure]:
        reading = look(info.context, as_of, effective_on, where and where.addressee)
        return page_of(reading, where_of(where, reading.today), first, after)
