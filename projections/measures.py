"""Lists of measures: what narrows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select

from domain.measure import Measure
from domain.words import MeasureKind, MeasureStatus
from projections import tables
from projections.case_lists import CaseList, CaseWhere, holds

MEASURE = tables.REGISTERED[Measure].c
FOR, OF = tables.SEVERAL["measure_recommendation"].c, tables.SEVERAL["measure_institution"].c


class Where(CaseWhere, frozen=True, kw_only=True):
    """Which measures."""

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


def _more(where: Where) -> Iterator[ColumnElement[bool]]:
    for name in ("status", "kind", "plan"):
        if (values := getattr(where, name)) is not None:
            yield MEASURE[name].in_([getattr(value, "value", value) for value in values])
    if where.preventive is not None:
        yield MEASURE.preventive == int(where.preventive)
    if where.institution is not None:
        yield MEASURE.id.in_(select(OF.owner).where(OF.institution.in_(where.institution)))
    if where.recommendation is not None:
        wanted = [id.hex for id in where.recommendation]
        yield MEASURE.id.in_(select(FOR.owner).where(FOR.recommendation.in_(wanted)))
    if where.linked is not None:
        yield holds(MEASURE.id.in_(select(FOR.owner)), where.linked)
    if where.overdue is not None:
        yield holds(MEASURE.due < where.today, where.overdue)


LIST = CaseList(Measure, Where, _more)
