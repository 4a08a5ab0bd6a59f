"""What rows name is read for all of them at once, when the first is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from domain.effects import AnyEffect
from domain.entry import Entry
from domain.scope import Scope
from projections.history import effects_told
from projections.ration import Ration
from projections.reading import ReadableLog
from projections.register import Row, Shelf

State = TypeVar("State")


class GatheredEffects:
    """What entries led to, as one reader is told of it; read for all that are shown together."""

    def __init__(self, log: ReadableLog, scope: Scope) -> None:
        self._log = log
        self._scope = scope
        self._expected: list[Iterable[Entry]] = []
        self._told: dict[tuple[UUID, int], tuple[AnyEffect, ...]] = {}

    def expect(self, entries: Iterable[Entry]) -> None:
        """Entries that are shown together."""
        self._expected.append(entries)

    def of(self, entry: Entry) -> tuple[AnyEffect, ...]:
        """What an entry led to."""
        if self._scope.hides_nothing or not _may_be_untold(entry):
            return entry.stamp.effects
        place = entry.stream, entry.version
        if place not in self._told:
            shown = [entry, *chain.from_iterable(self._expected)]
            self._expected.clear()
            streams = {one.stream for one in shown if _may_be_untold(one)}
            self._told[place] = ()
            self._told |= effects_told(self._log, self._scope, sorted(streams))
        return self._told[place]


def _may_be_untold(entry: Entry) -> bool:
    """True if an entry led to something about a thing that may have begun before it."""
    return any(effect.thing is not None for effect in entry.stamp.effects) and entry.version > 1


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
