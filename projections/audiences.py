"""Audiences: what each reader is told of a case.

Readers who see other entries are told other things: a state is folded for each audience from the
entries that it sees. Nearly every case has one audience, everybody; another begins with the first
entry that some of its readers may not see, or by which more readers know the case. So what is
hidden moves no count, no order and no state of those from whom it is hidden, and no question has to
remember to leave it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from domain.aggregates import fold_streams
from domain.casework import Case, CaseEvent
from domain.casework.setback import SetBack
from domain.effects import AnyEffect, Thing
from domain.entry import NARROWNESS, Entry, Visibility
from domain.scope import Scope

LEVEL = {Visibility.PUBLIC: 1, Visibility.INTERNAL: 2, Visibility.CONFIDENTIAL: 4}
"""Who reads entries up to a visibility, as a bit: the public, the State's own, the mechanism."""

_SEEN_BY = {Visibility.PUBLIC: 7, Visibility.INTERNAL: 6, Visibility.CONFIDENTIAL: 4}
_ROWS = {1: "", 2: ".i", 4: ".c"}
_BETWEEN = "\x1f"


class Audience(NamedTuple):
    """Readers of these `levels` (bits of `LEVEL`) but for some `institutions`, which have audiences
    of their own; without levels the State's own readers of one institution."""

    levels: int
    institutions: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[int, str]:
        """As rows have it."""
        return self.levels, listed(self.institutions)

    def row(self, id: UUID) -> str:
        """The id of the row that a view has of a case for it. It begins with the case's, in 32
        hexadecimal digits."""
        lowest = self.levels & -self.levels
        return id.hex + (_ROWS[lowest] if lowest else f".={self.institutions[0]}")

    def has(self, scope: Scope) -> bool:
        """True if this reader belongs to it."""
        narrowest = max(scope.visibilities, key=NARROWNESS.__getitem__, default=None)
        if narrowest is None:
            return False
        named = narrowest is Visibility.INTERNAL and scope.institution in self.institutions
        return named if not self.levels else bool(self.levels & LEVEL[narrowest]) and not named

    @property
    def hears_all(self) -> bool:
        """True for the audience that every entry is told to."""
        return bool(self.levels & LEVEL[Visibility.CONFIDENTIAL])


EVERYBODY = Audience(7)


def listed(names: Collection[str]) -> str:
    """Names as one column holds them."""
    return _BETWEEN.join(("", *sorted(names), "")) if names else ""


def lists(column: Any, name: str) -> ColumnElement[bool]:
    """The condition that a column of `listed` names holds one, letter by letter: LIKE takes large
    letters and small ones for the same on one store."""
    found: ColumnElement[bool] = func.replace(column, f"{_BETWEEN}{name}{_BETWEEN}", "") != column
    return found


def stream_of(row: str) -> UUID:
    """Whose row it is, by its id."""
    return UUID(hex=row[:32])


def told(scope: Scope, c: Any) -> ColumnElement[bool]:
    """The condition that a row is what this reader is told; `c` has the columns of an audience. No
    index is asked for it, as nearly every row fits."""
    if not scope.visibilities:
        return false()
    narrowest = max(scope.visibilities, key=NARROWNESS.__getitem__)
    of_the_level: ColumnElement[bool] = c.levels.bitwise_and(LEVEL[narrowest]) != 0
    if scope.institution is None or narrowest is not Visibility.INTERNAL:
        return of_the_level
    named = lists(c.institutions, scope.institution)
    return or_(and_(of_the_level, not_(named)), and_(c.levels == 0, named))


def everything(c: Any) -> ColumnElement[bool]:
    """The condition that a row tells all there is."""
    found: ColumnElement[bool] = c.levels.bitwise_and(LEVEL[Visibility.CONFIDENTIAL]) != 0
    return found


def seen(scope: Scope, visibility: Any, institution: Any) -> ColumnElement[bool]:
    """The condition that the reader may see what `institution` wrote with this visibility: of what
    has one row for all its readers."""
    open_ = visibility.in_(sorted(v.value for v in scope.visibilities))
    return or_(open_, institution == scope.institution) if scope.institution else open_


class Told:
    """What one audience has been told: the state, where its last entry stands in the log and what
    that led to, and what it was not told of: the entries that moved the case, and the deadlines and
    tasks that began with one."""

    __slots__ = (
        *("effects", "hidden", "levels", "log_index", "own", "recorded_at", "state", "untold"),
    )

    def __init__(self, levels: int, own: str = "") -> None:
        self.levels = levels
        self.own = own
        self.state: Case | None = None
        self.log_index = 0
        self.recorded_at = 0
        self.effects: tuple[AnyEffect, ...] = ()
        self.hidden: list[Entry] = []
        self.untold: set[Thing] = set()

    def apart(self, levels: int, own: str = "") -> Told:
        """Another that was told the same so far."""
        other = Told(levels, own)
        other.state = None if self.state is None else self.state.clone()
        other.log_index, other.recorded_at = self.log_index, self.recorded_at
        other.hidden = [*self.hidden]
        other.untold = {*self.untold}
        return other

    def hears(self, entry: Entry, levels: int) -> bool:
        """True if it may see an entry that readers of these levels see."""
        return bool(self.levels & levels) or (self.own != "" and self.own in entry.event.readers)

    def add(self, entry: Entry, whole: Case | None) -> None:
        """Adds an entry that it sees. `whole`: all there is before that entry."""
        self.effects = entry.stamp.effects
        if self.state is not None and whole is not None and whole is not self.state:
            self._catch_up(self.state, entry, whole)
            entry = self._but_untold(entry, whole)
        if self.state is None:
            self.state = fold_streams([entry])[entry.stream]
        else:
            self.state.apply(entry)
        self.log_index, self.recorded_at = entry.log_index or 0, entry.recorded_at or 0

    def pass_over(self, entry: Entry, whole: Case) -> None:
        """Leaves out an entry that it does not see. `whole`: all there is before that entry."""
        if entry.stamp.left or entry.stamp.entered:
            self.hidden.append(entry)
        self.untold.update(_begun(entry, whole))

    def _but_untold(self, entry: Entry, whole: Case) -> Entry:
        """An entry that it sees, without the beginnings that it does not: a deadline that began
        with a hidden entry stays untold when this one sets it for another day."""
        if not isinstance(entry.event, SetBack):
            self.untold.difference_update(_begun(entry, whole))
        if not self.untold:
            return entry
        told = [effect for effect in self.effects if effect.thing not in self.untold]
        if len(told) == len(self.effects):
            return entry
        # What becomes of an untold thing changes nothing where it is not, and ends what a hidden
        # entry began anew.
        self.effects = tuple(told)
        effects = [e for e in entry.stamp.effects if e.thing not in self.untold or not e.begins]
        stamp = msgspec.structs.replace(entry.stamp, effects=tuple(effects))
        return entry._replace(event=msgspec.structs.replace(entry.event, stamp=stamp))

    def _catch_up(self, state: Case, entry: Entry, whole: Case) -> None:
        """Whoever sees an entry learns what it is about, and by which moves the case came there."""
        assert isinstance(entry.event, CaseEvent)
        entry.event.met_by(state, whole)
        wanted = set(entry.stamp.left).difference(state.states)
        led: list[Entry] = []
        for move in reversed(self.hidden if wanted else ()):
            if not wanted.isdisjoint(move.stamp.entered):
                wanted.difference_update(move.stamp.entered)
                wanted.update(set(move.stamp.left).difference(state.states))
                led.append(move)
        for move in reversed(led):
            self.hidden.remove(move)
            state.come_after(move)


def _begun(entry: Entry, whole: Case) -> Iterator[Thing]:
    """The deadlines and tasks that begin with an entry. `whole`: all there is before it."""
    effects = entry.stamp.effects
    if not any(effect.begins for effect in effects):
        return
    standing = {("deadline", held.deadline) for held in whole.deadlines}
    standing.update(("task", held.task) for held in whole.tasks)
    for effect in effects:
        if effect.thing is not None and effect.ends:
            standing.discard(effect.thing)
        elif effect.thing is not None and effect.begins and effect.thing not in standing:
            yield effect.thing


class Telling:
    """A case, as each of its audiences is told of it."""

    __slots__ = ("_all", "_visibility")

    def __init__(self) -> None:
        self._all: list[Told] = []  # the one that hears all comes last
        self._visibility = Visibility.PUBLIC

    @property
    def whole(self) -> Case:
        """All there is."""
        state = self._all[-1].state
        assert state is not None
        return state

    @property
    def version(self) -> int:
        """How many entries there are."""
        return self.whole.version

    def add(self, entry: Entry) -> list[Audience]:
        """Tells an entry to whoever may see it; gives the audiences that heard it. Raises a refusal
        where it is about something that there is not."""
        whole = self._all[-1].state if self._all else None
        if whole is not None:
            assert isinstance(entry.event, CaseEvent)
            entry.event.met_by(whole, whole)
        visibility = entry.stamp.visibility
        if whole is None:
            self._begin(entry)
        elif isinstance(entry.event, CaseEvent) and entry.event.opens(self._visibility):
            self._open(visibility)
        elif NARROWNESS[visibility] > NARROWNESS[self._visibility]:
            self._part(entry)
        levels = _SEEN_BY[max(visibility, self._visibility, key=NARROWNESS.__getitem__)]
        heard: list[Audience] = []
        for one in self._all:
            if one.hears(entry, levels):
                one.add(entry, whole)
                heard.append(self._audience(one))
            elif whole is not None:
                one.pass_over(entry, whole)
        return heard

    def _begin(self, entry: Entry) -> None:
        self._visibility = entry.stamp.visibility
        own = entry.event.readers if self._visibility is Visibility.CONFIDENTIAL else ()
        of_the_state = LEVEL[Visibility.INTERNAL]
        self._all = [Told(of_the_state, institution) for institution in sorted({*own})]
        self._all.append(Told(_SEEN_BY[self._visibility]))

    def _open(self, visibility: Visibility) -> None:
        """Tells more readers what the State's own have been told."""
        more = _SEEN_BY[visibility] & ~_SEEN_BY[self._visibility]
        of_the_state = LEVEL[Visibility.INTERNAL]
        known = next(one for one in self._all if one.levels & of_the_state and not one.own)
        self._all.insert(0, known.apart(more))
        self._visibility = visibility

    def _part(self, entry: Entry) -> None:
        """Divides the audiences of which some may see an entry and some may not."""
        levels = _SEEN_BY[entry.stamp.visibility]
        for one in list(self._all):
            inside = one.levels & levels
            if not one.own and inside and inside != one.levels:
                self._all.append(one.apart(inside))
                one.levels &= ~levels
        self._all.sort(key=lambda one: one.levels & LEVEL[Visibility.CONFIDENTIAL])
        of_the_state = LEVEL[Visibility.INTERNAL]
        others = next((o for o in self._all if o.levels & of_the_state and not o.own), None)
        if entry.stamp.visibility is Visibility.CONFIDENTIAL and others is not None:
            known = {one.own for one in self._all}
            for institution in sorted({*entry.event.readers} - known):
                self._all.insert(0, others.apart(of_the_state, institution))

    def _audience(self, one: Told) -> Audience:
        if one.own:
            return Audience(0, (one.own,))
        apart: tuple[str, ...] = ()
        if one.levels & LEVEL[Visibility.INTERNAL]:
            apart = tuple(sorted(other.own for other in self._all if other.own))
        return Audience(one.levels, apart)

    def __iter__(self) -> Iterator[tuple[Audience, Told]]:
        return ((self._audience(one), one) for one in self._all)
