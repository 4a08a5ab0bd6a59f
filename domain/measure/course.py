"""The course of a measure: adopted, begun, delayed, completed or given up, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from domain.entry import Entry, Protected, Stamp, dated, last_day, reasoned
from domain.measure.held import MeasureDates, MeasureTurnTaken
from domain.measure.proposing import Decree, Ends, MeasureEvent, Starts, check_order
from domain.measure.state import Measure
from domain.refusals import AlreadySo, HasEnded, InvalidInput, UnknownEntry, valid
from domain.words import CorrectionKind, MeasureTurn

# --- Events (the archive's format: frozen) -------------------------------------------------------


class MeasureTurned(MeasureEvent, frozen=True):
    """Base of the turns of a measure's course."""

    turn: ClassVar[MeasureTurn]

    @property
    def moved(self) -> tuple[str | None, str | None]:
        """The first and the last day that it sets; None where it sets none."""
        return None, None

    def apply(self, case: Measure, entry: Entry) -> None:
        case.turns = [
            *case.turns,
            MeasureTurnTaken(version=entry.version, turn=self.turn, effective=self.stamp.effective),
        ]
        starts, ends = self.moved
        if starts is not None or ends is not None:
            case.dates = [
                *case.dates,
                MeasureDates(version=entry.version, starts=starts, ends=ends),
            ]


class MeasureAdopted(MeasureTurned, frozen=True):
    """The measure was adopted: the State is bound to it. Adopted in public it is known to all."""

    topic: ClassVar[str] = "measure.adopted.v1"
    by_step: ClassVar[str] = "adopt-measure"
    publishes: ClassVar[bool] = True
    turn: ClassVar[MeasureTurn] = MeasureTurn.ADOPTED

    instrument: str | None = None
    """The decree or decision, by name; null where none is named."""


class MeasureStarted(MeasureTurned, frozen=True):
    """Work on the measure began."""

    topic: ClassVar[str] = "measure.started.v1"
    by_step: ClassVar[str] = "start-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.STARTED


class MeasureDelayed(MeasureTurned, frozen=True):
    """The measure is late, with a reason; it stays so until its dates are set anew, or it ends."""

    topic: ClassVar[str] = "measure.delayed.v1"
    by_step: ClassVar[str] = "delay-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.DELAYED

    ends: str | None = None
    """Last day, month or year now expected; null where nobody can say, and the end stays."""

    @property
    def moved(self) -> tuple[str | None, str | None]:
        return None, self.ends


class MeasureRescheduled(MeasureTurned, frozen=True):
    """The measure's dates were set anew, with a reason; those before stay on record."""

    topic: ClassVar[str] = "measure.rescheduled.v1"
    by_step: ClassVar[str] = "reschedule-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.RESCHEDULED

    starts: str | None = None
    """First day, month or year; null where it stays."""
    ends: str | None = None
    """Last day, month or year; null where it stays."""

    @property
    def moved(self) -> tuple[str | None, str | None]:
        return self.starts, self.ends


class MeasureCompleted(MeasureTurned, frozen=True):
    """The measure was carried out, says the State. That implements no recommendation."""

    topic: ClassVar[str] = "measure.completed.v1"
    by_step: ClassVar[str] = "complete-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.COMPLETED

    statement: Protected | None = None
    """An account of the result, in words that can be erased; null where none is given."""


class MeasureAbandoned(MeasureTurned, frozen=True):
    """The measure was given up, with a reason."""

    topic: ClassVar[str] = "measure.abandoned.v1"
    by_step: ClassVar[str] = "abandon-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.ABANDONED


class MeasureReopened(MeasureTurned, frozen=True):
    """A measure that had ended goes on, with a reason."""

    topic: ClassVar[str] = "measure.reopened.v1"
    by_step: ClassVar[str] = "reopen-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.REOPENED


class MeasureEntryStruck(MeasureEvent, frozen=True):
    """An entry that should not have been made was struck, with a reason: a turn of its course. It
    stays in the history and counts no more."""

    topic: ClassVar[str] = "measure.entry-struck.v1"
    by_step: ClassVar[str] = "strike-measure-entry"

    correction: CorrectionKind
    """Why a correction was needed."""
    strikes: int
    """The version of the entry that is struck."""

    def about(self, case: Measure) -> int | None:
        return self.strikes

    def met_by(self, told: Measure, whole: Measure) -> None:
        known = {turn.version for turn in told.turns}
        if self.strikes not in known:
            told.turns = [*told.turns, *(t for t in whole.turns if t.version == self.strikes)]

    def apply(self, case: Measure, entry: Entry) -> None:
        case.turns = [turn for turn in case.turns if turn.version != self.strikes]
        case.dates = [dates for dates in case.dates if dates.version != self.strikes]
        case.unfill(self.strikes)


# --- Commands ------------------------------------------------------------------------------------


def adopt(m: Measure, stamp: Stamp, instrument: Decree = None) -> MeasureAdopted:
    """Adopts the measure."""
    _not_adopted(m)
    return MeasureAdopted(stamp=stamp, instrument=instrument)


def start(m: Measure, stamp: Stamp) -> MeasureStarted:
    """Work on the measure begins, on the effective date."""
    _not_started(m)
    return MeasureStarted(stamp=stamp)


def delay(m: Measure, stamp: Stamp, ends: Ends = None) -> MeasureDelayed:
    """The measure is late; why? And by when is it expected now?"""
    reasoned(stamp, "Delaying a measure")
    not_ended(m)
    check_order(m.starts, dated(ends, "ends"))
    if ends is not None and m.ends is not None and last_day(ends) < last_day(m.ends):
        raise InvalidInput(f"The measure is to end by {m.ends}: a delay names no earlier end.")
    return MeasureDelayed(stamp=stamp, ends=ends)


def reschedule(
    m: Measure,
    stamp: Stamp,
    starts: Starts = None,
    ends: Ends = None,
) -> MeasureRescheduled:
    """Sets the measure's dates anew; why? Dates that are left out stay, and those before stay
    on record."""
    reasoned(stamp, "Setting dates anew")
    not_ended(m)
    starts, ends = dated(starts, "starts"), dated(ends, "ends")
    if starts is None and ends is None:
        raise InvalidInput("Say which date changes: `starts`, `ends` or both.")
    if (starts or m.starts, ends or m.ends) == (m.starts, m.ends):
        raise AlreadySo("The measure has these dates already.")
    check_order(starts or m.starts, ends or m.ends)
    return MeasureRescheduled(stamp=stamp, starts=starts, ends=ends)


def complete(
    m: Measure,
    stamp: Stamp,
    statement: Annotated[
        Protected | None, Meta(description="An account of the result. It can be erased later.")
    ] = None,
) -> MeasureCompleted:
    """The measure is carried out, says the State. That implements no recommendation."""
    not_ended(m)
    return MeasureCompleted(stamp=stamp, statement=statement)


def abandon(m: Measure, stamp: Stamp) -> MeasureAbandoned:
    """Gives the measure up; why?"""
    reasoned(stamp, "Abandoning a measure")
    not_ended(m)
    return MeasureAbandoned(stamp=stamp)


def reopen(m: Measure, stamp: Stamp) -> MeasureReopened:
    """A measure that had ended goes on; why?"""
    reasoned(stamp, "Reopening a measure")
    _ended(m)
    return MeasureReopened(stamp=stamp)


def strike(
    m: Measure,
    stamp: Stamp,
    correction: CorrectionKind,
    version: Annotated[int, Meta(description="The version of the entry to strike.")],
) -> MeasureEntryStruck:
    """Strikes an entry that should not have been made: that it was adopted, begun, delayed,
    set anew, completed, abandoned or reopened. It stays in the history and counts no more."""
    reasoned(stamp, "A correction")
    _a_turn(m)
    known = [turn.version for turn in m.turns]
    if version not in known:
        raise UnknownEntry(f"Entry {version} is no turn of this measure. {valid(known)}")
    return MeasureEntryStruck(stamp=stamp, correction=correction, strikes=version)


# --- What must be so before a command, whatever it says ------------------------------------------


def not_ended(m: Measure) -> None:
    """Refuses a step on what has ended."""
    if m.has_ended:
        raise HasEnded(f"The measure is {m.status.value}: reopen it first.")


def _ended(m: Measure) -> None:
    if not m.has_ended:
        raise AlreadySo("The measure has not ended: there is nothing to reopen.")


def _not_yet(turn: MeasureTurn) -> Callable[[Measure], None]:
    def asked(m: Measure) -> None:
        not_ended(m)
        if m.has(turn):
            raise AlreadySo(f"The measure is {turn.value} already.")

    return asked


def _a_turn(m: Measure) -> None:
    if not m.turns:
        raise UnknownEntry("The measure has only been proposed: there is nothing to strike.")


_not_adopted = _not_yet(MeasureTurn.ADOPTED)
_not_started = _not_yet(MeasureTurn.STARTED)

READY: dict[str, Callable[[Any], None]] = {
    "adopt-measure": _not_adopted,
    "start-measure": _not_started,
    "delay-measure": not_ended,
    "reschedule-measure": not_ended,
    "complete-measure": not_ended,
    "abandon-measure": not_ended,
    "reopen-measure": _ended,
    "strike-measure-entry": _a_turn,
}
"""Step → what must be so before it, whatever it says."""
