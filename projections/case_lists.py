"""Lists of cases of one aggregate: what narrows them, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, func, true

from domain.scope import Scope
from projections import search
from projections.register import Page, shelf


class CaseWhere(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases: all conditions hold together, a list means any of its values. `today` (ISO):
    the day from which something is overdue."""

    addressee: Sequence[str] | None = None
    """Codes of States or other addressees, such as SVN."""
    definition: Sequence[str] | None = None
    """Hashes of procedures they go by."""
    search: str | None = None
    """Words, in any language, in one form or another."""
    today: str = ""


Where = TypeVar("Where", bound=CaseWhere)


def holds(condition: ColumnElement[bool], asked: bool) -> ColumnElement[bool]:
    """The condition, or that it does not hold; where nothing is known it does not."""
    return condition if asked else func.coalesce(~condition, true())


def nothing_more(where: CaseWhere) -> Iterator[ColumnElement[bool]]:
    return iter(())


class CaseList(Generic[Where]):
    """The cases of an aggregate that the register holds: `where` says which, with conditions of
    its own that `more` makes of it."""

    def __init__(
        self,
        state: type[Any],
        where: type[Where],
        more: Callable[[Where], Iterator[ColumnElement[bool]]] = nothing_more,
    ) -> None:
        self.shelf = shelf(state)
        self.where = where
        self._more = more

    def page(
        self,
        connection: Connection,
        scope: Scope,
        where: Where,
        *,
        first: int = 50,
        after: str | None = None,
    ) -> Page[Any]:
        """A page of those that fit."""
        fits = self._fits(connection, where)
        return self.shelf.page(connection, scope, fits, first=first, after=after)

    def pages(self, connection: Connection, scope: Scope, where: Where) -> Iterator[list[Any]]:
        """All that fit, page by page."""
        return self.shelf.pages(connection, scope, self._fits(connection, where))

    def count(self, connection: Connection, scope: Scope, where: Where) -> int:
        """How many fit."""
        return self.shelf.count(connection, scope, self._fits(connection, where))

    def _fits(self, connection: Connection, where: Where) -> list[ColumnElement[bool]]:
        c = self.shelf.table.c
        fits = [*self._more(where)]
        if where.addressee is not None:
            fits.append(c.addressee.in_(where.addressee))
        if where.definition is not None:
            fits.append(c.definition.in_(where.definition))
        if where.search is not None:
            fits.append(c.id.in_(search.found(connection, where.search, where.addressee)))
        return fits
