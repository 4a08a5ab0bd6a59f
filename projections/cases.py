"""Cases of any aggregate, as the views hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection

from domain.casework import Case
from domain.recommendation import Recommendation
from domain.scope import Scope
from projections import recommendations, register
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


def listed(state: type[Case], addressee: str, definition: str | None = None) -> Listed:
    """The cases of a State, of an aggregate that the register holds; only those under a procedure,
    by its hash, where one is named."""
    shelf = register.shelf(state)
    c = shelf.table.c
    under = () if definition is None else (c.definition == definition,)
    return Listed(shelf, (c.addressee == addressee, *under))


class Listed(NamedTuple):
    """A list of cases: on which shelf, and what each meets."""

    shelf: register.Shelf[Any]
    fits: tuple[ColumnElement[bool], ...]

    def page(
        self, connection: Connection, scope: Scope, first: int, after: str | None
    ) -> register.Page[Any]:
        """A page of them."""
        return self.shelf.page(connection, scope, self.fits, first=first, after=after)

    def pages(self, connection: Connection, scope: Scope) -> Iterator[list[Case]]:
        """All of them, page by page."""
        return self.shelf.pages(connection, scope, self.fits)

    def total(self, connection: Connection, scope: Scope) -> int:
        """How many they are."""
        return self.shelf.count(connection, scope, self.fits)


def order(case: Case) -> str:
    """The order of a case among others: recommendations in that of their documents, then the cases
    of each other aggregate in that of its list."""
    if isinstance(case, Recommendation):
        return document_order(case)
    kept = KEPT[type(case)]
    return f"~{kept.table} {case.addressee if kept.sorted_by is None else kept.sorted_by(case)}"
