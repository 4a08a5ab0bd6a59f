"""How long something would have been overdue: a recommendation's history with the deadlines of a
procedure, its own or another, reckoned by the addressee's calendar as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from domain.casework import DeadlineHeld, DeadlineStatus, Due
from domain.entry import Entry
from domain.events import Received, RecommendationEvent
from domain.recommendation import Recommendation, begin
from domain.refusals import UnknownAssignment
from domain.steps import BESIDE, step_of
from workflows.calendars import Calendar
from workflows.procedure import Procedures
from workflows.procedure.compiled import Compiled
from workflows.procedure.consequences import Moment, instant_of, microseconds_of
from workflows.procedure.firing import BY_ITSELF, fire

timers_max = 1_000


class _Under(Procedures):
    """Whatever it is, it is under this procedure, and it is now when it is said to be."""

    def __init__(self, under: Compiled, calendar: Calendar) -> None:
        super().__init__(clock=lambda: self.now)
        self.now = 0
        self._under = under
        self._calendar = calendar

    def of(self, r: Recommendation) -> Compiled:
        return self._under

    def moment(self, addressee: str) -> Moment:
        return Moment(self._calendar, self.now)


def days_overdue(entries: Sequence[Entry], under: Compiled, calendar: Calendar, now: int) -> int:
    """For how many days the deadline that was overdue longest would have been so, under a
    procedure, until `now` (microseconds since 1970, UTC). What the record says was done counts as
    done, whether or not the step would have been open."""
    procedures = _Under(under, calendar)
    first = entries[0]
    assert isinstance(first.event, Received)
    r = begin(first)
    procedures.now = _when(first, calendar)
    begun = procedures.begin(r, under, first.event, lambda: procedures.moment(r.addressee))
    r.follow(first._replace(event=begun))
    late = _Late(r)
    for entry in entries[1:]:
        event = entry.event
        assert isinstance(event, RecommendationEvent)
        procedures.now = _when(entry, calendar)
        _pass(procedures, r, late)
        r.version = entry.version - 1
        step = step_of(event)
        if step in BESIDE or event.stamp.speaker.role == BY_ITSELF:
            continue
        try:
            procedures.enter(r, step, _bare(event))
        except UnknownAssignment:
            continue  # it had lapsed by then
        late.look(Moment(calendar, procedures.now).day(event.stamp.effective))
    procedures.now = now
    _pass(procedures, r, late)
    late.look(calendar.day_of(now), is_over=True)
    return late.longest


class _Late:
    """What stands overdue, and the longest that anything was."""

    def __init__(self, r: Recommendation) -> None:
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


def _pass(procedures: _Under, r: Recommendation, late: _Late) -> None:
    """Lets pass what is due by now."""
    now, until = instant_of(procedures.now), procedures.now
    for _ in range(timers_max):
        due: Due | None = r.next_due
        if due is None or due.at > now:
            break
        fire(procedures, r, due, "")
        if due.deadline is not None:
            late.look(due.deadline.day)
    procedures.now = until


def _when(entry: Entry, calendar: Calendar) -> int:
    """When an entry was true in the world, as far as that is known, else when it was recorded: what
    was done in time and entered late was not overdue."""
    recorded = entry.recorded_at or 0
    on = entry.stamp.effective.on
    if on is None or len(on) < 10:
        return recorded
    return min(recorded, microseconds_of(calendar.end_of(on)) - _A_DAY)


_A_DAY = 86_400 * 1_000_000


def _bare(event: RecommendationEvent) -> RecommendationEvent:
    """An event without what was decided when it was recorded."""
    stamp = msgspec.structs.replace(event.stamp, left=(), entered=(), effects=())
    return msgspec.structs.replace(event, stamp=stamp)
