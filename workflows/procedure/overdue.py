"""How long something would have been overdue: the history of a case with the deadlines of a
procedure, its own or another, reckoned by the addressee's calendar as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.aggregates import begin
from domain.casework import BESIDE, Case, CaseEvent
from domain.casework.held import DeadlineHeld, DeadlineStatus, Due
from domain.entry import Entry
from domain.refusals import UnknownAssignment
from workflows.calendars import Calendar, Calendars
from workflows.procedure.as_if import AsIf, bare
from workflows.procedure.compiled import Compiled
from workflows.procedure.consequences import Moment, microseconds_of
from workflows.procedure.firing import BY_ITSELF


def days_overdue(entries: Sequence[Entry], under: Compiled, calendar: Calendar, now: int) -> int:
    """For how many days the deadline that was overdue longest would have been so, under a
    procedure, until `now` (microseconds since 1970, UTC). What the record says was done counts as
    done, whether or not the step would have been open."""
    procedures = AsIf(under, _Always(calendar))
    first = entries[0]
    assert isinstance(first.event, CaseEvent)
    r = begin(first)
    procedures.now = _when(first, calendar)
    begun = procedures.begin(r, under, first.event, lambda: procedures.moment(r.addressee))
    r.follow(first._replace(event=begun))
    late = _Late(r)

    def look(due: Due) -> None:
        if due.deadline is not None:
            late.look(due.deadline.day)

    for entry in entries[1:]:
        event = entry.event
        assert isinstance(event, CaseEvent)
        procedures.pass_time(r, _when(entry, calendar), look)
        r.version = entry.version - 1
        step = event.step_name
        if step in BESIDE or event.stamp.speaker.role == BY_ITSELF:
            continue
        try:
            procedures.enter(r, step, bare(event))
        except UnknownAssignment:
            continue  # it had lapsed by then
        late.look(Moment(calendar, procedures.now).day(event.stamp.effective))
    procedures.pass_time(r, now, look)
    late.look(calendar.day_of(now), is_over=True)
    return late.longest


class _Always(Calendars):
    """One calendar, at all times."""

    def __init__(self, calendar: Calendar) -> None:
        super().__init__()
        self._calendar = calendar

    def of(self, addressee: str) -> Calendar:
        return self._calendar


class _Late:
    """What stands overdue, and the longest that anything was."""

    def __init__(self, r: Case) -> None:
        self._r = r
        self._standing: dict[tuple[str, int], DeadlineHeld] = {}
        self.longest = 0

    def look(self, day: str, *, is_over: bool = False) -> None:
        """Counts what has come to its end by a day; all of it, if that is the last."""
        passed = {
            (held.deadline, held.generation): held
            for held in self._r.deadlines
            if held.status is DeadlineStatus.PASSED
        }
        ended = self._standing | passed if is_over else self._standing
        for key, held in ended.items():
            if is_over or key not in passed:
                days = (date.fromisoformat(day) - date.fromisoformat(held.day)).days
                self.longest = max(self.longest, days)
        self._standing = passed


def _when(entry: Entry, calendar: Calendar) -> int:
    """When an entry was true in the world, as far as that is known, else when it was recorded: what
    was done in time and entered late was not overdue."""
    recorded = entry.recorded_at or 0
    on = entry.stamp.effective.on
    if on is None or len(on) < 10:
        return recorded
    return min(recorded, microseconds_of(calendar.start_of(on)))
