"""Cases of any aggregate, as the views hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection

from domain.casework import Case
from domain.measure import Measure
from domain.recommendation import Recommendation
from domain.scope import Scope
from projections import measures, recommendations, register
from projections.case_lists import CaseList, CaseWhere
from projections.recommendations import document_order
from projections.shelves import KEPT

Row = recommendations.Row | register.Row[Any]


def by_ids(connection: Connection, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Some cases by id; those not there, or not for this reader, are missing."""
    found: dict[UUID, Row] = {**recommendations.by_ids(connection, scope, ids)}
    for shelf in register.SHELVES if len(found) < len({*ids}) else ():
        if shelf.is_case:
            found |= shelf.by_ids(connection, scope, [id for id in ids if id not in found])
    return found


class Pages(Protocol):
    """A list of cases that can be taken away: by which conditions, and page by page."""

    @property
    def where(self) -> type[Any]: ...

    def pages(self, connection: Connection, scope: Scope, where: Any) -> Iterator[list[Any]]: ...


class _Recommendations:
    where = recommendations.Where
    pages = staticmethod(recommendations.pages)


REGISTERED: dict[type[Case], CaseList[Any]] = {
    Measure: measures.LIST,
}
"""How cases that the register holds are listed, where more than the usual narrows them."""

REGISTERED |= {
    shelf.type: CaseList(shelf.type, CaseWhere)
    for shelf in register.SHELVES
    if shelf.is_case and shelf.type not in REGISTERED
}

LISTS: dict[type[Case], Pages] = {Recommendation: _Recommendations(), **REGISTERED}
"""How the cases of each aggregate are listed."""


def order(case: Case) -> str:
    """The order of a case among others: recommendations in that of their documents, then the cases
    of each other aggregate in that of its list."""
    if isinstance(case, Recommendation):
        return document_order(case)
    kept = KEPT[type(case)]
    return f"~{kept.table} {case.addressee if kept.sorted_by is None else kept.sorted_by(case)}"
