"""What a request reads with: who asks, and one snapshot of the views for all its fields."""

from __future__ import annotations

from contextlib import ExitStack
from uuid import UUID

from sqlalchemy import Connection

from api.service import Service
from domain.entry import Entry
from projections import history, recommendations
from projections.recommendations import Lineage, Row
from workflows.access import Principal


class Context:
    """One request: the principal, and a read transaction opened when it is first needed."""

    def __init__(self, service: Service, principal: Principal) -> None:
        self.service = service
        self.principal = principal
        self.scope = principal.scope
        self._stack = ExitStack()
        self._snapshot: tuple[Connection, int] | None = None

    @property
    def connection(self) -> Connection:
        """The request's read transaction on the views."""
        return self._open()[0]

    @property
    def last(self) -> int:
        """The log index of the last entry the request sees; -1 on an empty log."""
        return self._open()[1] - 1

    def _open(self) -> tuple[Connection, int]:
        if self._snapshot is None:
            self._snapshot = self._stack.enter_context(self.service.views.snapshot())
        return self._snapshot

    def refresh(self) -> None:
        """Lets go of the snapshot, so that what this request wrote can be read."""
        self._snapshot = None
        self._stack.close()

    close = refresh


class Cohort:
    """Rows that were read together: what one of them needs besides is read for all at once."""

    def __init__(self, context: Context, rows: list[Row]) -> None:
        self._context = context
        self._rows = rows
        self._histories: dict[UUID, list[Entry]] | None = None
        self._lineage: dict[UUID, list[Lineage]] | None = None

    @property
    def context(self) -> Context:
        return self._context

    def history(self, id: UUID) -> list[Entry]:
        """The visible history of one of the rows, oldest first."""
        if self._histories is None:
            context = self._context
            self._histories = history.histories(
                context.service.log,
                context.scope,
                [row.state.id for row in self._rows],
                context.last,
            )
        return self._histories[id]

    def lineage(self, id: UUID) -> list[Lineage]:
        """The visible links of one of the rows, both ways."""
        if self._lineage is None:
            context = self._context
            self._lineage = dict(
                recommendations.lineage(context.connection, context.scope, self._rows)
            )
        return self._lineage[id]
