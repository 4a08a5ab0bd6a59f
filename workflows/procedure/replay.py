"""The replay check: every step ever taken is decided again, and what would come out differently is
listed. The record needs no decision to be read; this tells whether it was decided by the procedure
that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from domain.aggregates import begin, begins
from domain.casework import BESIDE, Case, CaseEvent
from domain.casework.deadlines import DeadlinePassed
from domain.casework.incidents import IncidentRaised
from domain.casework.migration import Migrated
from domain.casework.setback import SetBack
from domain.effects import (
    AnyEffect,
    DeadlineDropped,
    DeadlineKept,
    DeadlineLifted,
    DeadlinePaused,
    DeadlineSet,
    Remembered,
    RestUntil,
    TaskEnded,
    TaskOpened,
)
from domain.entry import CLOCK, Authority, Entry, Stamp
from domain.recommendation.receiving import Received
from workflows.procedure import Procedures, four_eyes
from workflows.procedure.compiled import PAST, Compiled
from workflows.procedure.consequences import Moment
from workflows.procedure.migration import Passage, with_outcome

differences_max = 1_000


class Difference(msgspec.Struct, frozen=True):
    """A step that would come out differently now: what was recorded, and what is decided now.
    `definition` is the procedure it names, `pinned` the one the recommendation started under, by
    their hashes; `unknown`: that one is nowhere to be found."""

    log_index: int
    recommendation: str
    step: str
    definition: str | None
    pinned: str | None
    left: tuple[str, ...]
    entered: tuple[str, ...]
    besides: tuple[str, ...] = ()
    now_left: tuple[str, ...] = ()
    now_entered: tuple[str, ...] = ()
    now_besides: tuple[str, ...] = ()
    unknown: bool = False


class AsHistory(msgspec.Struct, frozen=True):
    """An entry that was recorded as history: by which step, when it happened, who recorded it, and
    by what authority. `was_open`: the step was open all the same."""

    log_index: int
    recommendation: str
    step: str
    effective_on: str | None
    role: str
    institution: str
    authority: Authority
    was_open: bool


class Replayed(msgspec.Struct):
    """What the check found: how many steps of procedures on how many cases, recommendations among
    them, and the first of those that differ with their number. `history`: how many entries were
    recorded as history, which are no steps of a procedure; `as_history`: the first of them.

    `past_four_eyes` and `past_procedure`: entries of imports that took a step which four eyes look
    at, or which was not open, and do not say that they are history. Imports record none such any
    more, and a log may hold older ones. `…_at`: the log indexes of the first of them."""

    ok: bool = True
    steps: int = 0
    history: int = 0
    as_history: list[AsHistory] = []
    cases: int = 0
    recommendations: int = 0
    different: int = 0
    differences: list[Difference] = []
    past_four_eyes: int = 0
    past_four_eyes_at: list[int] = []
    past_procedure: int = 0
    past_procedure_at: list[int] = []


def replay(
    procedures: Procedures,
    streams: Iterable[list[Entry]],
    tell: Callable[[int], None] = lambda steps: None,
) -> Replayed:
    """Decides every step again, stream by stream."""
    found = Replayed()
    for stream in streams:
        if begins(stream[0].event):
            found.cases += 1
            found.recommendations += isinstance(stream[0].event, Received)
            for entry in _past_four_eyes(procedures, stream):
                found.past_four_eyes += 1
                if len(found.past_four_eyes_at) < differences_max:
                    found.past_four_eyes_at.append(entry.log_index or 0)
            for difference in _differing(procedures, stream, found):
                found.ok = False
                found.different += 1
                if len(found.differences) < differences_max:
                    found.differences.append(difference)
            found.steps += sum(entry.stamp.history is None for entry in stream)
        tell(len(stream))
    return found


def _past_four_eyes(procedures: Procedures, stream: list[Entry]) -> Iterable[Entry]:
    """The entries of imports that took a step which four eyes look at."""
    for entry in stream[1:]:
        assert isinstance(entry.event, CaseEvent)
        stamp = entry.stamp
        if not _is_of_an_import(stamp) or stamp.definition is None or stamp.history is not None:
            continue
        procedure = procedures.find(stamp.definition, entry.addressee)
        if procedure is not None and four_eyes.looks_at(procedure, entry.event.step_name):
            yield entry


def _is_of_an_import(stamp: Stamp) -> bool:
    return stamp.batch is not None and stamp.speaker.role != CLOCK


def _tell_apart(r: Case, pinned: Compiled | None, entry: Entry, found: Replayed) -> None:
    """Tells an entry that no procedure let pass: one that says so, and one that does not."""
    event, stamp = entry.event, entry.stamp
    assert isinstance(event, CaseEvent)
    if stamp.history is None and not (_is_of_an_import(stamp) and entry.version > 1):
        return
    step = event.step_name
    is_open = pinned is not None and not pinned.blocked(step, r.states, pinned.facts(r))
    if stamp.history is not None:
        found.history += 1
        if len(found.as_history) < differences_max:
            found.as_history.append(
                AsHistory(
                    log_index=entry.log_index or 0,
                    recommendation=str(entry.stream),
                    step=step,
                    effective_on=stamp.effective.on,
                    role=stamp.speaker.role,
                    institution=stamp.speaker.institution,
                    authority=stamp.history,
                    was_open=is_open,
                )
            )
    elif pinned is not None and not is_open:
        found.past_procedure += 1
        if len(found.past_procedure_at) < differences_max:
            found.past_procedure_at.append(entry.log_index or 0)


def _differing(
    procedures: Procedures, stream: list[Entry], found: Replayed
) -> Iterable[Difference]:
    """The entries that come out otherwise; those that no procedure let pass are told in `found`."""
    r = begin(stream[0])
    pinned = r.definition and procedures.find(r.definition, r.addressee)
    earlier: dict[int, Case] = {}
    for entry in stream:
        event = entry.event
        assert isinstance(event, CaseEvent)
        stamp = event.stamp
        recorded = Difference(
            log_index=entry.log_index or 0,
            recommendation=str(entry.stream),
            step=event.step_name,
            definition=stamp.definition,
            pinned=r.definition,
            left=stamp.left,
            entered=stamp.entered,
            besides=told(stamp.effects),
        )
        _tell_apart(r, pinned or None, entry, found)
        if not pinned or (now := _again(procedures, r.clone(), pinned, entry, earlier)) is None:
            yield msgspec.structs.replace(recorded, unknown=True)
        else:
            again = now.definition, now.left, now.entered, told(now.effects)
            if again != (stamp.definition, stamp.left, stamp.entered, recorded.besides):
                yield msgspec.structs.replace(
                    recorded,
                    now_left=now.left,
                    now_entered=now.entered,
                    now_besides=told(now.effects),
                )
        if isinstance(event, DeadlinePassed):
            earlier[entry.version] = r.clone()
        elif stamp.speaker.role != CLOCK and event.step_name not in BESIDE:
            earlier.clear()
        if entry.version > 1:
            event.apply(r, entry)
        r.follow(entry)
        if isinstance(event, Migrated):
            pinned = r.definition and procedures.find(r.definition, r.addressee)


def _again(
    procedures: Procedures,
    r: Case,
    pinned: Compiled,
    entry: Entry,
    earlier: Mapping[int, Case],
) -> Stamp | None:
    """The stamp of an entry as it is decided now; None where it leads to a procedure that is
    nowhere to be found. `earlier` is the case as it stood before each deadline that passed since
    the last step, by the version of that entry."""
    event = entry.event
    calendar = procedures.calendars.of(r.addressee)

    def moment() -> Moment:
        return Moment(calendar, entry.recorded_at or 0)

    assert isinstance(event, CaseEvent)
    if event.begins:
        return procedures.begin(r, pinned, event, moment).stamp
    if isinstance(event, Migrated):
        after = procedures.find(event.stamp.definition or "", r.addressee)
        if after is None:
            return None
        passage = Passage.of(event, pinned, after)
        return with_outcome(event, passage, passage.decide(r, event, moment)).stamp
    if isinstance(event, SetBack):
        before = earlier.get(event.since)
        return None if before is None else procedures.decide_set_back(r, before, event).stamp
    if isinstance(event, IncidentRaised):
        return msgspec.structs.replace(
            event.stamp, definition=pinned.hash, left=(), entered=(), effects=()
        )
    step = PAST + event.deadline if isinstance(event, DeadlinePassed) else event.step_name
    return procedures.decide(r, pinned, step, event, moment).stamp


def told(effects: Iterable[AnyEffect]) -> tuple[str, ...]:
    """Effects as a replay compares them. When something is due is a fact once it is set: it may
    have been reckoned by holidays that are known otherwise now."""
    return tuple(_told(effect) for effect in effects)


def _told(effect: AnyEffect) -> str:
    match effect:
        case DeadlineSet():
            return f"set {effect.deadline} {effect.generation}"
        case DeadlineLifted():
            return f"lifted {effect.deadline} {effect.generation}"
        case DeadlinePaused():
            return f"paused {effect.deadline} {effect.generation}"
        case DeadlineKept():
            return f"kept {effect.deadline} {effect.generation}"
        case DeadlineDropped():
            return f"dropped {effect.deadline} {effect.generation}"
        case RestUntil():
            return "rests until a day"
        case TaskOpened():
            return f"opened {effect.task} for {effect.whose}: {', '.join(effect.roles)}"
        case TaskEnded():
            return f"ended {effect.task}"
        case Remembered():
            return f"remembered {effect.state}: {', '.join(effect.states)}"
