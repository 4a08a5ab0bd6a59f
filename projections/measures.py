"""Lists of measures: what narrows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, false, func, select

from domain.measure import Measure
from domain.words import MeasureKind, MeasureStatus
from projections import search, views
from projections.register import Shelf, shelf

measures: Shelf[Measure] = shelf(Measure)

FOR, OF = views.SEVERAL["measure_recommendation"].c, views.SEVERAL["measure_institution"].c


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which measures: all conditions hold together, a list means any of its values. `today` (ISO):
    the day from which something is overdue."""

    addressee: Sequence[str] | None = None
    """Codes of States or other addressees, such as SVN."""
    status: Sequence[MeasureStatus] | None = None
    """How far they have come."""
    kind: Sequence[MeasureKind] | None = None
    """Kinds of activity."""
    plan: Sequence[str] | None = None
    """Codes of plans."""
    preventive: bool | None = None
    """They prevent violations, or they do not."""
    institution: Sequence[str] | None = None
    """Codes of institutions that lead or support them."""
    recommendation: Sequence[UUID] | None = None
    """Ids of recommendations that they contribute to."""
    linked: bool | None = None
    """They contribute to a recommendation, or to none."""
    overdue: bool | None = None
    """Something was due by a day that has passed and is not done, or nothing was."""
    definition: Sequence[str] | None = None
    """Hashes of procedures they go by."""
    search: str | None = None
    """Words, in any language, in one form or another."""
    today: str = ""


def conditions(connection: Connection, where: Where) -> Iterator[ColumnElement[bool]]:
    """What a row has to meet."""
    c = measures.table.c
    for name in ("addressee", "status", "kind", "plan", "definition"):
        if (values := getattr(where, name)) is not None:
            yield c[name].in_([getattr(value, "value", value) for value in values])
    if where.preventive is not None:
        yield c.preventive == int(where.preventive)
    if where.institution is not None:
        yield c.id.in_(select(OF.owner).where(OF.institution.in_(where.institution)))
    if where.recommendation is not None:
        yield c.id.in_(for_recommendations(where.recommendation))
    if where.linked is not None:
        yield _is(c.id.in_(select(FOR.owner)), where.linked)
    if where.overdue is not None:
        yield _is(func.coalesce(c.due < where.today, false()), where.overdue)
    if where.search is not None:
        yield c.id.in_(search.found(connection, where.search, where.addressee))


def for_recommendations(ids: Sequence[UUID]) -> Any:
    """The rows of the measures that contribute to one of some recommendations."""
    return select(FOR.owner).where(FOR.recommendation.in_([id.hex for id in ids]))


def _is(condition: ColumnElement[bool], asked: bool) -> ColumnElement[bool]:
    return condition if asked else ~condition
