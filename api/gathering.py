"""What rows name is read for all of them at once, when the first is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from domain.scope import Scope
from projections.ration import Ration
from projections.register import Row, Shelf

State = TypeVar("State")


class Gathered(Generic[State]):
    """Rows of one shelf by id, as one reader sees them at one time, and as they are shown. `expect`
    says what may be asked for; `find` reads all that is expected with what it is asked for."""

    def __init__(
        self, shelf: Shelf[State], scope: Scope, ration: Ration, connect: Callable[[], Connection]
    ) -> None:
        self._shelf = shelf
        self._scope = scope
        self._ration = ration
        self._connect = connect
        self._expected: list[Callable[[], Iterable[UUID]]] = []
        self._found: dict[UUID, Any] = {}

    def expect(self, ids: Callable[[], Iterable[UUID]]) -> None:
        """Ids that may be asked for, found out when the first is."""
        self._expected.append(ids)

    def find(self, id: UUID, shown: Callable[[list[Row[State]]], Sequence[Any]]) -> Any:
        """What has an id, as `shown` shows all that was read with it; None where it is not there,
        or not for this reader."""
        if id not in self._found:
            named = {one for ids in self._expected for one in ids()}
            self._expected.clear()
            wanted = [*({id, *named} - self._found.keys())]
            self._ration.read(len(wanted))
            rows = self._shelf.by_ids(self._connect(), self._scope, wanted)
            self._found |= dict.fromkeys(wanted)
            self._found |= zip(rows, shown([*rows.values()]), strict=True)
        return self._found[id]
