"""What if: a recommendation's history, lived again under another procedure.

Each step that somebody took is taken again, by the same person, in the same role and on the same
day, and goes over the desk as it did; the clock is the other procedure's own. The first step that
the desk would have refused is where the history diverges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.aggregates import begin, begins
from domain.casework import BESIDE, Case, CaseEvent
from domain.casework.approvals import Approval
from domain.casework.held import ApprovalHeld
from domain.casework.migration import Migrated
from domain.casework.setback import SetBack
from domain.casework.steps import StepTaken
from domain.casework.tasks import TaskClaimed, TaskDelegated, TaskReleased
from domain.entry import Entry, Event, Protected, Speaker, Stamp, Visibility
from domain.recommendation.progress import ProgressDrafted
from domain.refusals import Forbidden, FourEyes, InvalidInput, Refusal, StepNotOpen
from workflows.access import Principal, Role, authorise_release, authorise_task
from workflows.desk import Desk
from workflows.procedure import Procedures, forms
from workflows.procedure.as_if import AsIf, CalendarsThen, ReadableLog, bare
from workflows.procedure.compiled import Blocked, Compiled
from workflows.procedure.consequences import microseconds_of
from workflows.procedure.firing import BY_ITSELF
from workflows.procedure.four_eyes import Said, authorise_approval
from workflows.references import References


class Fate(StrEnum):
    """What would have become of a recommendation under another procedure."""

    SAME = "same"
    """every step would have been taken, and it would stand where it stands, as far as both
    procedures know those states"""
    ELSEWHERE = "elsewhere"
    """every step would have been taken, and it would stand in other states"""
    DIVERGES = "diverges"
    """a step that was taken would have been refused"""


class NotAsked(StrEnum):
    """What a retelling passes over."""

    HISTORY = "history"
    """what was recorded as history: it counts, and is no step of any procedure"""
    IMPORTED = "imported"
    """steps that an import took: whether they were open was asked, and not who may take them"""
    BESIDE = "beside"
    """claims, releases, delegations and approvals that would have been refused: they are left out,
    and the history goes on"""
    MIGRATED = "migrated"
    """a migration: what it said for guards to read counts, and the rest of it does not"""


class Story(NamedTuple):
    """A history under another procedure: the states it stands in and those it would stand in, up to
    where it diverges; there the log index, the step, the code with which it would have been
    refused, why, and the conditions that would not have held. `migrated`: the entry with which it
    went over to the procedure that it is under, where it did not begin there."""

    fate: Fate
    states: tuple[str, ...]
    would_stand: tuple[str, ...]
    log_index: int | None = None
    step: str | None = None
    blocked: Sequence[Blocked] = ()
    migrated: int | None = None
    code: str | None = None
    why: str | None = None
    not_asked: tuple[NotAsked, ...] = ()


class Break(NamedTuple):
    """A condition that steps which were taken would not have met, the code with which they would
    have been refused, and in how many cases."""

    step: str
    guard: str
    cases: int
    code: str


class Totals(NamedTuple):
    """How many cases would have had which fate, and what the diverging ones break at, the most
    frequent first. A case counts under each condition that would not have held. `not_asked`: what
    was passed over, and in how many cases."""

    same: int
    elsewhere: int
    diverges: int
    breaks: tuple[Break, ...]
    not_asked: tuple[tuple[NotAsked, int], ...] = ()


class Retelling:
    """Histories retold under one procedure instead of their own, which `of` names. `log` tells what
    States have said of their calendars, and who stands in for whom; without one nobody has said
    anything."""

    def __init__(
        self,
        of: Callable[[Any], Compiled],
        under: Compiled,
        log: ReadableLog | None = None,
    ) -> None:
        self._of = of
        self._under = under
        self._as_if = AsIf(under, CalendarsThen(log, lambda: self._as_if.now))
        self._desk = _DeskAsIf(log, self._as_if)
        self._both: dict[str, frozenset[str]] = {}

    def tell(self, entries: Sequence[Entry], now: int | None = None) -> Story:
        """A case's whole history, under the procedure, until `now` (microseconds since
        1970, UTC; None: until its last entry). A step is taken when it was recorded, or on the day
        from which it is true, where that comes later."""
        as_if, first = self._as_if, entries[0]
        is_case, would = begin(first), begin(first)
        as_if.now = fired = self._when(first, now)
        event = bare_of(first)
        assert begins(event)
        begun = as_if.begin(would, self._under, event, lambda: as_if.moment(would.addressee))
        would.follow(first._replace(event=begun))
        is_case.follow(first)
        passed_over: set[NotAsked] = set()
        migrated: int | None = None
        for entry in entries[1:]:
            standing = is_case.states
            is_case.apply(entry)
            event = bare_of(entry)
            at = self._when(entry, now)
            if event.stamp.speaker.role == BY_ITSELF:
                fired = max(fired, at)
                continue  # its own clock's, and not the other's
            as_if.pass_time(would, max(fired, at))
            would.version = entry.version - 1
            if isinstance(event, Migrated):
                migrated = entry.log_index
                passed_over.add(NotAsked.MIGRATED)
                _fill_in(would, entry, event)
                as_if.changed()
                continue
            step = event.step_name
            before = tuple(would.states)
            try:
                if event.stamp.history is not None:
                    passed_over.add(NotAsked.HISTORY)
                    as_if.enter(would, step, _again(as_if, would, event, event.stamp))
                elif event.stamp.batch is not None:
                    if self._is_left_to_some(step):
                        passed_over.add(NotAsked.IMPORTED)
                    as_if.check(would, step)
                    as_if.enter(would, step, _again(as_if, would, event, event.stamp))
                else:
                    self._desk.take_again(would, step, event)
            except Refusal as refusal:
                if step in BESIDE:
                    passed_over.add(NotAsked.BESIDE)
                    continue
                return Story(
                    Fate.DIVERGES,
                    tuple(standing),
                    before,
                    entry.log_index,
                    step,
                    self._needs(would, step, refusal),
                    migrated,
                    refusal.code,
                    refusal.message,
                    tuple(sorted(passed_over)),
                )
        if now is not None:
            as_if.pass_time(would, now)
        both = self._known_to_both(is_case)
        same = both.intersection(is_case.states) == both.intersection(would.states)
        return Story(
            Fate.SAME if same else Fate.ELSEWHERE,
            tuple(is_case.states),
            tuple(would.states),
            migrated=migrated,
            not_asked=tuple(sorted(passed_over)),
        )

    def _when(self, entry: Entry, now: int | None) -> int:
        at, on = entry.recorded_at or 0, entry.stamp.effective.on
        if on is None or len(on) < 10:
            return at
        calendar = self._as_if.calendars.of(entry.addressee)
        start = microseconds_of(calendar.start_of(on))
        return max(at, start if now is None else min(start, now))

    def _is_left_to_some(self, step: str) -> bool:
        spec = self._under.specs.get(step)
        return spec is not None and bool(spec.roles or spec.apart_from or spec.approvals)

    def _needs(self, would: Case, step: str, refusal: Refusal) -> tuple[Blocked, ...]:
        """The conditions that a refused step would have had to meet, alike for all whom they keep
        from it."""
        under, spec = self._under, self._under.specs.get(step)
        if isinstance(refusal, FourEyes) and spec is not None:
            needs = [f"another person than took {other}" for other in spec.apart_from]
            if spec.approvals is not None:
                of = len(spec.approvals.of)
                keys = ", each by a key of their own" if spec.approvals.separate_keys else ""
                needs.append(f"approvals of {spec.approvals.needed} of {of} others{keys}")
            return (Blocked(" and ".join(needs), (), ()),)
        if isinstance(refusal, StepNotOpen):
            return tuple(under.blocked(step, would.states, under.facts(would)))
        if isinstance(refusal, Forbidden):
            roles = " or ".join(sorted(under.may(step)))
            return (Blocked(f"the role {roles}, and an institution that it concerns", (), ()),)
        return (Blocked(f"a record that lets {step} be taken", (), ()),)

    def _known_to_both(self, r: Case) -> frozenset[str]:
        """The states that a case's own procedure and the other one know."""
        own = self._of(r)
        if own.hash not in self._both:
            self._both[own.hash] = frozenset(
                own.chart.index.keys() & self._under.chart.index.keys()
            )
        return self._both[own.hash]


class _NoLog:
    """A log that holds nothing."""

    def history(self, streams: Sequence[UUID], stop: int | None = None) -> list[Entry]:
        return []

    def load(self, stream: UUID, fold: Any) -> None:
        return None


class _AsTheyWere(References):
    """What entries point to was there when they were recorded, under whatever procedure."""

    def __init__(self) -> None: ...

    def check(self, addressee: str, event: Event, r: Case | None = None) -> None:
        return


class _DeskAsIf(Desk):
    """The desk, as if all were under one procedure; it records nothing."""

    def __init__(self, log: ReadableLog | None, procedures: Procedures) -> None:
        self.log = log or _NoLog()  # type: ignore[assignment]
        self.procedures = procedures
        self.references = _AsTheyWere()

    def _fits(self, step: str, stamp: Stamp, of: Visibility) -> None:
        """Who may read it was said when it was recorded."""

    def _approved(self, r: Case, step: str, said: Said) -> list[ApprovalHeld]:
        """All approvals of a step: they were of what was recorded, and no texts are read again."""
        return list(r.approved_by(step, 0))

    def take_again(self, r: Case, step: str, event: CaseEvent) -> None:
        """Takes a step that was taken, as the same person in the same role, and adds it to `r`."""
        principal = _principal(event.stamp.speaker, r.addressee)

        def act(r: Case, stamp: Stamp) -> CaseEvent:
            _allow_beside(self.procedures, principal, r, event)
            return _again(self.procedures, r, event, stamp)

        self.make(
            principal,
            r,
            step,
            event.stamp,
            act,
            expected_version=None,
            assignment=getattr(event, "assignment", None),
            report=event.report if isinstance(event, ProgressDrafted) else None,
        )


_NO_KEY = UUID(int=0)
_ROLES = {role.value: role for role in Role}


def _principal(speaker: Speaker, addressee: str) -> Principal:
    """Whoever spoke in a State's record, as if they asked again. A role that is known no more may
    take no step."""
    return Principal(
        key=_NO_KEY,
        role=_ROLES.get(speaker.role, Role.READER),
        institution=speaker.institution,
        authority=speaker.authority,
        actor=speaker.actor,
        system=speaker.system,
        addressees=(addressee,),
    )


def _allow_beside(procedures: Procedures, principal: Principal, r: Case, event: CaseEvent) -> None:
    """Refuses what people do beside a procedure, where it is not for them."""
    match event:
        case TaskReleased():
            authorise_release(principal, r, event.task, event.released)
        case TaskClaimed() | TaskDelegated():
            authorise_task(principal, r, event.task)
        case Approval():
            speaker = event.stamp.speaker
            authorise_approval(procedures.of(r), event.step, speaker.role, speaker.institution)


def _again(procedures: Procedures, r: Case, event: CaseEvent, stamp: Stamp) -> CaseEvent:
    """The event as it is said again. Refuses what could not be said."""
    match event:
        case SetBack():
            raise InvalidInput("What the clock did under the other procedure is not set back here.")
        case StepTaken():
            said = {d.field: "…" if d.words else d.value for d in event.data}
            forms.fill_in(procedures.of(r).specs[event.step].form, said)
    return event.again(r, stamp)


def bare_of(entry: Entry) -> CaseEvent:
    """An entry's event without what was decided when it was recorded, and with a reason wherever
    one was given: retellings read no protected texts."""
    event = entry.event
    assert isinstance(event, CaseEvent)
    event = bare(event)
    if event.stamp.reason is None:
        return event
    stamp = msgspec.structs.replace(event.stamp, reason=Protected("…"))
    return msgspec.structs.replace(event, stamp=stamp)


def _fill_in(would: Case, entry: Entry, event: Migrated) -> None:
    """What a migration said for guards to read; the case stays under the procedure it is told
    under."""
    under = would.definition
    event.apply(would, entry)
    would.version, would.definition = entry.version, under


def retell(
    entries: Sequence[Entry],
    of: Callable[[Any], Compiled],
    under: Compiled,
    now: int | None = None,
) -> Story:
    """A recommendation's whole history under another procedure than its own, which `of` names."""
    return Retelling(of, under).tell(entries, now)


def tally(stories: Iterable[Story]) -> Totals:
    """What many stories add up to."""
    fates: Counter[Fate] = Counter()
    breaks: Counter[tuple[str, str, str]] = Counter()
    passed_over: Counter[NotAsked] = Counter()
    for story in stories:
        fates[story.fate] += 1
        step, code = story.step or "", story.code or ""
        breaks.update({(step, blocked.guard, code) for blocked in story.blocked})
        passed_over.update(story.not_asked)
    by_cases = sorted(breaks.items(), key=lambda item: (-item[1], item[0]))
    return Totals(
        fates[Fate.SAME],
        fates[Fate.ELSEWHERE],
        fates[Fate.DIVERGES],
        tuple(Break(step, guard, cases, code) for (step, guard, code), cases in by_cases),
        tuple(sorted(passed_over.items())),
    )
