"""As if: a case lived under one procedure, whichever it is really under, by a clock that is set."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from domain import calendar
from domain.calendar import OwnCalendar, calendar_id
from domain.casework import Case, CaseEvent
from domain.casework.held import Due
from domain.entry import Entry
from workflows.calendars import Calendar, Calendars
from workflows.procedure import Procedures
from workflows.procedure.compiled import Compiled
from workflows.procedure.consequences import instant_of, microseconds_of
from workflows.procedure.firing import fire
from workflows.statecharts.expressions import Facts

timers_max = 1_000
clock_versions_from = 1 << 40
"""The versions of entries that the clock makes here. No history comes so far: what names an entry
by its version never means one of these."""

State = TypeVar("State")


class ReadableLog(Protocol):
    """What is asked of the log: what a State has said of its calendar, and who stands in for
    whom."""

    def history(self, streams: Sequence[UUID], stop: int | None = None) -> list[Entry]: ...

    def load(
        self, stream: UUID, fold: Callable[[Iterable[Entry], State | None], State | None]
    ) -> State | None: ...


class AsIf(Procedures):
    """Every case is under this procedure, and it is `now` whenever it is said to be (microseconds
    since 1970, UTC)."""

    def __init__(self, under: Compiled, calendars: Calendars) -> None:
        super().__init__(clock=lambda: self.now)
        self.now = 0
        self.under = under
        self.calendars = calendars
        self._standing: tuple[Case, Facts] | None = None
        self._clock_version = clock_versions_from

    def of(self, r: Case) -> Compiled:
        return self.under

    def facts(self, r: Case) -> Facts:
        if self._standing is None or self._standing[0] is not r:
            self._standing = r, self.under.facts(r)
        return self._standing[1]

    def _facts_around(
        self, r: Case, procedure: Compiled, step: str, event: CaseEvent
    ) -> tuple[Facts, Facts]:
        before = self.facts(r)
        event.apply(r, Entry(r.id, r.version + 1, r.addressee, event))
        self._standing = r, self.under.facts_after(step, r, before)
        return before, self._standing[1]

    def changed(self) -> None:
        """Facts of a case were changed by no step."""
        self._standing = None

    def pass_time(self, r: Case, now: int, tell: Callable[[Due], None] = lambda due: None) -> None:
        """Fires all that is due on a case by `now`, each when it is due, and tells of each. The
        version of the case stays what it is."""
        until, version = instant_of(now), r.version
        for _ in range(timers_max):
            due = r.next_due
            if due is None or due.at > until:
                break
            self.now = max(self.now, microseconds_of(due.at))
            r.version = self._clock_version
            fire(self, r, due, "")
            self._clock_version, r.version = r.version, version
            tell(due)
        self.now = now


class _Said(NamedTuple):
    """A calendar, and since when a State has said so (microseconds since 1970, UTC)."""

    since: int
    calendar: Calendar


class CalendarsThen(Calendars):
    """The calendars of States as they were when it was `now`."""

    def __init__(self, log: ReadableLog | None, now: Callable[[], int]) -> None:
        super().__init__()
        self._history = log
        self._now = now
        self._said: dict[str, list[_Said]] = {}

    def of(self, addressee: str) -> Calendar:
        said = self._said.get(addressee)
        if said is None:
            said = self._said[addressee] = list(self._all(addressee))
        return said[max(bisect_right(said, self._now(), key=lambda one: one.since) - 1, 0)].calendar

    def _all(self, addressee: str) -> Iterable[_Said]:
        yield _Said(0, Calendar(addressee))
        own: OwnCalendar | None = None
        for entry in self._history.history([calendar_id(addressee)]) if self._history else ():
            own = calendar.fold([entry], own)
            yield _Said(entry.recorded_at or 0, Calendar(addressee, own))


def bare(event: CaseEvent) -> CaseEvent:
    """An event without what was decided when it was recorded."""
    stamp = msgspec.structs.replace(event.stamp, left=(), entered=(), effects=())
    return msgspec.structs.replace(event, stamp=stamp)
