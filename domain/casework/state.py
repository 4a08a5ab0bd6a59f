"""A case: where it stands, what is due by when, who has something to do, and whose hands a step
went through. Here is the fold; what is decided is in the stamp of each entry and never decided
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from functools import cache
from typing import Any, ClassVar, Self, cast, get_origin
from uuid import UUID

import msgspec

from domain.casework.event import CaseEvent, StepDatum, Told
from domain.casework.held import (
    ApprovalHeld,
    DeadlineHeld,
    DeadlineStatus,
    Due,
    HandHeld,
    IncidentHeld,
    Narrower,
    StepHeld,
    SuspensionHeld,
    TaskHeld,
    Timer,
    hand_on,
    order_of,
)
from domain.casework.setback import SetBack
from domain.effects import (
    DeadlineDropped,
    DeadlineKept,
    DeadlineLifted,
    DeadlinePaused,
    DeadlineSet,
    Remembered,
    RestUntil,
    TaskEnded,
    TaskOpened,
    Whose,
)
from domain.entry import CLOCK, NARROWNESS, Entry, Visibility
from domain.refusals import UnknownPart, UnknownTask
from domain.scope import Scope


class Case(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What every case under a procedure has. `institution` is the one that recorded it;
    `definition` the procedure it is under, by its SHA-256; `data` what forms filled in, by step and
    field, for guards to read. `resting` are the deadlines that rest alone; `taken` the steps of its
    own that may be struck; `narrower` the entries that fewer may read than the case. Cases of an
    aggregate that `has_parts` may be spoken of part by part.
    `fired_in_a_row` counts what the clock did since somebody else did anything, `unrecorded` the
    entries that were made just now and are not in the log."""

    id: UUID
    addressee: str
    visibility: Visibility
    institution: str
    version: int = 0
    has_parts: ClassVar[bool] = False
    own_events: ClassVar[Mapping[type[CaseEvent], type[CaseEvent]]] = {}
    """Event of any case → the same under a topic of this aggregate; where it is not here, as it
    is."""

    definition: str | None = None
    states: list[str] = []
    remembered: dict[str, tuple[str, ...]] = {}
    deadlines: list[DeadlineHeld] = []
    tasks: list[TaskHeld] = []
    hands: dict[str, HandHeld] = {}
    approvals: list[ApprovalHeld] = []
    data: dict[str, bool | int | str] = {}
    suspended: SuspensionHeld | None = None
    resting: list[str] = []
    taken: list[StepHeld] = []
    incident: IncidentHeld | None = None
    fired_in_a_row: int = 0
    unrecorded: int = 0
    narrower: list[Narrower] = []

    # -- reading

    def readers_of(self, version: int | None) -> Narrower | None:
        """Who may read the entry of this version; None: whoever may read the case."""
        return next((one for one in self.narrower if one.version == version), None)

    def shows(self, version: int, scope: Scope) -> bool:
        """True if a reader of the case may read the entry of this version."""
        of = self.readers_of(version)
        return of is None or (
            of.visibility in scope.visibilities or scope.institution in of.institutions
        )

    def version_for(self, scope: Scope, version: int) -> int:
        """The version of the last entry that a reader may see, up to one; 0 if they see none."""
        while version and not self.shows(version, scope):
            version -= 1
        return version

    def concerned(self, whose: Whose) -> frozenset[str]:
        """The institutions that are concerned with it in one of the ways that tasks know; none
        unless the aggregate says so."""
        return frozenset()

    def words(self) -> Iterator[tuple[str, str]]:
        """The texts that it is found by, each behind its language, the one it came in first. Names
        and numbers have none. A case that says nothing here is not searched."""
        return iter(())

    @property
    def chars(self) -> int:
        """About how many characters its texts have."""
        return sum(len(text) for _, text in self.words())

    @property
    def next_due(self) -> Due | None:
        """What the clock does to it next; the earliest, ties by the deadline's name. None while a
        timer that could not be fired is to be looked at."""
        if self.incident is not None:
            return None
        found = [due for held in self.deadlines if (due := held.next)]
        if self.suspended is not None and self.suspended.wakes is not None:
            found.append(Due(self.suspended.wakes, Timer.RESUME))
        return min(found, key=order_of, default=None)

    def deadline(self, name: str) -> DeadlineHeld | None:
        """A deadline that stands, by its name."""
        return next((held for held in self.deadlines if held.deadline == name), None)

    def generation(self, name: str) -> int | None:
        """The version of the entry that set a deadline that stands, by its name."""
        held = self.deadline(name)
        return None if held is None else held.generation

    def task(self, name: str) -> TaskHeld:
        """A task that stands, by its name; refuses one that does not."""
        for held in self.tasks:
            if held.task == name:
                return held
        open_now = ", ".join(held.task for held in self.tasks) or "none"
        raise UnknownTask(f"There is no task “{name[:80]}” now; there are: {open_now}.")

    def approved_by(self, step: str, since: int) -> Iterator[ApprovalHeld]:
        """The approvals of a step given after the entry of this version."""
        for held in self.approvals:
            if held.step == step and held.version > since:
                yield held

    def as_read(self, scope: Scope) -> Self:
        """The case as a reader knows it; the same for every reader who may read the case, unless
        the aggregate says otherwise."""
        return self

    @property
    def part_ids(self) -> tuple[str, ...]:
        """The ids of its parts; none unless the aggregate has parts."""
        return ()

    def check_part(self, part: str | None) -> None:
        """Refuses a part that the case does not have."""
        if part is None or part in self.part_ids:
            return
        known = ", ".join(self.part_ids)
        there_are = f"there are: {known}" if known else "it has none, so leave `part` out"
        raise UnknownPart(f"There is no part “{part[:80]}”; {there_are}.", field="part")

    @classmethod
    def own(cls, event: type[Told]) -> type[Told]:
        """The type by which an event of any case is recorded of this aggregate."""
        return cast("type[Told]", cls.own_events.get(event, event))

    # -- folding

    @classmethod
    def begin(cls, entry: Entry) -> Self:
        """The state after a case's first entry, as far as its facts go."""
        raise NotImplementedError

    @classmethod
    def fold(cls, entries: Iterable[Entry], state: Self | None = None) -> Self | None:
        """The state that entries of one case add up to, on top of `state`; None if there are
        none."""
        for entry in entries:
            if state is None:
                state = cls.begin(entry)
                state.follow(entry)
            else:
                state.apply(entry)
        return state

    def clone(self) -> Self:
        """A copy that further entries of this one leave as it is."""
        other = copy(self)
        for name in _collections(type(self)):
            setattr(other, name, getattr(self, name).copy())
        return other

    def apply(self, entry: Entry) -> None:
        """Adds one entry: its facts, then what the procedure said follows from them."""
        event = entry.event
        assert isinstance(event, CaseEvent)
        event.apply(self, entry)
        self.follow(entry)

    def follow(self, entry: Entry) -> None:
        """Applies what the procedure decided for an entry: states, effects, and whose hand it
        was."""
        stamp = entry.stamp
        self.version = entry.version
        self.move(stamp.left, stamp.entered)
        event = entry.event
        assert isinstance(event, CaseEvent)
        if stamp.speaker.role == CLOCK:
            self.fired_in_a_row += 1
        elif self.fired_in_a_row:
            self.fired_in_a_row = 0
        if not event.begins:
            self._by_hand(event, entry)
            event.settle(self, entry)
        for effect in stamp.effects:
            self._affect(effect, entry)
        visibility, readers = stamp.visibility, event.readers
        if event.opens(self.visibility):
            self._open_to(visibility)
        if NARROWNESS[visibility] > NARROWNESS[self.visibility] or (
            self.visibility is Visibility.CONFIDENTIAL and self.institution not in readers
        ):
            self.narrower.append(Narrower(entry.version, visibility, readers))

    def _open_to(self, visibility: Visibility) -> None:
        """More readers know the case from now on, and not the entries before."""
        known = {one.version: one for one in self.narrower}
        earlier = range(1, self.version)
        self.narrower = [known.get(v) or Narrower(v, self.visibility, ()) for v in earlier]
        self.visibility = visibility

    def _by_hand(self, event: CaseEvent, entry: Entry) -> None:
        """Remembers whose hand took a step: on the case, and on the thing that it is about."""
        step = event.step_name
        self.hands[step] = HandHeld.of(entry, None)
        about = event.thing(entry.version)
        if about is not None:
            key = hand_on(step, about)
            self.hands[key] = HandHeld.of(entry, self.hands.get(key))
        if self.approvals:
            self.approvals = [held for held in self.approvals if held.step != step]

    def done_since(self, earlier: Any) -> dict[str, Any]:
        """What the procedure has done by itself since the case stood so, as `SetBack` says it."""
        return {"resumed": earlier.suspended is None and self.suspended is not None}

    def set_back(self, to: SetBack) -> None:
        """Stands again as it did before a deadline passed."""
        self.taken = [held for held in self.taken if held.version < to.since]
        if to.resumed:
            self.suspended = None

    def unfill(self, version: int) -> None:
        """What a struck step filled in counts no more: what the step said before it does. Nobody's
        hand is that of a struck step."""
        gone = next((held for held in self.taken if held.version == version), None)
        self.hands = {key: hand for key, hand in self.hands.items() if hand.version != version}
        if gone is None:
            return
        self.taken = [held for held in self.taken if held.version != version]
        for datum in gone.data:
            self.data.pop(f"{gone.step}.{datum.field}", None)
        for held in self.taken:
            if held.step == gone.step:
                self.fill_in(held.step, held.data)

    def move(self, left: tuple[str, ...], entered: tuple[str, ...]) -> None:
        """Leaves and enters states of the procedure; the rest stay as they are."""
        if left or entered:
            self.states = sorted({*self.states}.difference(left).union(entered))

    def fill_in(self, step: str, data: tuple[StepDatum, ...]) -> None:
        """Keeps what a form said in the open, by step and field."""
        for datum in data:
            if datum.value is not None:
                self.data[f"{step}.{datum.field}"] = datum.value

    def come_after(self, entry: Entry) -> None:
        """Comes where an entry led that is not told here: to its states, with what it ended
        ended."""
        self.move(entry.stamp.left, entry.stamp.entered)
        for effect in entry.stamp.effects:
            if isinstance(effect, (TaskEnded, DeadlineLifted, DeadlineDropped)):
                self._affect(effect, entry)

    def _affect(self, effect: Any, entry: Entry) -> None:
        match effect:
            case DeadlineSet():
                self._without(effect.deadline)
                self.deadlines.append(DeadlineHeld(**_fields(effect)))
            case DeadlineLifted():
                self._without(effect.deadline)
                if effect.deadline in self.resting:
                    self.resting = [name for name in self.resting if name != effect.deadline]
            case DeadlinePaused():
                self._change(effect.deadline, status=DeadlineStatus.PAUSED, paused=effect.on)
            case DeadlineKept():
                self._change(effect.deadline, fact=effect.fact, basis=effect.basis)
            case RestUntil():
                if self.suspended is not None:
                    self.suspended = msgspec.structs.replace(self.suspended, wakes=effect.at)
            case DeadlineDropped():
                self._change(effect.deadline, status=DeadlineStatus.DROPPED)
            case TaskOpened():
                self.tasks = [held for held in self.tasks if held.task != effect.task]
                self.tasks.append(TaskHeld(opened=entry.version, **_fields(effect)))
            case TaskEnded():
                self.tasks = [held for held in self.tasks if held.task != effect.task]
            case Remembered(state=state, states=()):
                self.remembered.pop(state, None)
            case Remembered():
                self.remembered[effect.state] = effect.states

    def _change(self, deadline: str, **fields: Any) -> None:
        self.deadlines = [
            msgspec.structs.replace(held, **fields) if held.deadline == deadline else held
            for held in self.deadlines
        ]

    def _without(self, deadline: str) -> None:
        self.deadlines = [held for held in self.deadlines if held.deadline != deadline]


_fields = msgspec.structs.asdict


@cache
def _collections(case: type[Case]) -> tuple[str, ...]:
    fields = msgspec.structs.fields(case)
    return tuple(field.name for field in fields if get_origin(field.type) in (list, dict))
