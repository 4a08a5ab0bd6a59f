"""How to get there: the fewest steps from where a case stands to a state, and how soon.

It tries: each step that is open, with each event that the aggregate's own command gives for it as
far as guards can tell them apart, and deadlines that pass. What it names can therefore be taken.
Only what can bear on the state is tried: the steps and facts that guards of its region read, those
that these hang on, and so on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import msgspec

from domain.aggregates import CASES
from domain.casework import Case, CaseEvent
from domain.casework.deadlines import DeadlinePassed
from domain.casework.held import DeadlineStatus, HandHeld
from domain.entry import Entry, Stamp, effective
from domain.refusals import NotFound, valid
from workflows.procedure import by_itself, four_eyes
from workflows.procedure.acts import acts
from workflows.procedure.aggregates import trials_on
from workflows.procedure.compiled import PAST, Compiled
from workflows.procedure.consequences import Moment, effects
from workflows.procedure.definition import HISTORY, StateSpec
from workflows.procedure.trials import SOMEBODY, Domains, stamp_of
from workflows.procedure.valuations import domains as domains_of
from workflows.statecharts.expressions import (
    Compare,
    Fact,
    Facts,
    FactType,
    Flag,
    Known,
    Not,
    Value,
    facts_of,
    states_of,
    write,
)

trials_max = 20_000
"""How many steps are tried before it gives up."""


class PathStep(NamedTuple):
    """One step of a path: a step, or the passing of a deadline (`deadline` names it). `so_that`:
    which facts it has to make true; `needs`: other persons and approvals, in words; `earliest`: the
    first day on which it may be taken."""

    step: str
    deadline: str | None
    so_that: tuple[str, ...]
    needs: tuple[str, ...]
    earliest: str


class Path(NamedTuple):
    """The way to a state. `reachable`: None where there was more than could be looked at; `why`
    tells what keeps it from being reached, or from being known. `earliest`: the first day on which
    the state may be entered; None where no way is known. `tried`: how many steps were."""

    to: str
    reachable: bool | None
    steps: tuple[PathStep, ...] = ()
    earliest: str | None = None
    why: str | None = None
    tried: int = 0


class Relevant(NamedTuple):
    """What bears on a state: steps and passings in order, facts with what they may be, the steps
    that another's four eyes look at."""

    steps: tuple[str, ...]
    passings: tuple[str, ...]
    domains: Domains
    hands: frozenset[str]


class _Place(NamedTuple):
    """Where a case may get: how it would stand, the deadlines that run and that have passed there,
    and the way there: from where, by which step with which event."""

    r: Case
    facts: Facts
    running: frozenset[str]
    passed: frozenset[str]
    before: _Place | None = None
    step: str = ""
    events: tuple[tuple[str, CaseEvent], ...] = ()
    """What is recorded on the way from there, in order, each by its step."""


def places(procedure: Compiled) -> tuple[str, ...]:
    """The states that a case can be in, in document order."""
    return tuple(s.id for s in procedure.definition.all_states() if s.kind not in HISTORY)


def path(procedure: Compiled, r: Case, to: str, moment: Callable[[], Moment]) -> Path:
    """The shortest way from where a case stands to where a state is active; of several, the one
    whose steps come first in the procedure. Refuses a state that there is not."""
    if to not in places(procedure):
        known = valid(places(procedure), to)
        raise NotFound(f"Its procedure has no state “{to[:80]}”. {known}")
    now = moment()
    if to in procedure.active(r.states):
        return Path(to, True, (), now.today)
    search = _Search(procedure, r, to, now)
    found = search.find()
    if found is None:
        if search.tried >= trials_max:
            why = f"More than {trials_max:,} steps would have to be tried to know."
            return Path(to, None, why=why, tried=search.tried)
        why = "No steps lead there from where it stands, whatever they say."
        return Path(to, False, why=why, tried=search.tried)
    steps, earliest = search.walk(found)
    return Path(to, True, steps, earliest, tried=search.tried)


# --- What bears on a state -----------------------------------------------------------------------


@lru_cache(maxsize=4_096)
def relevant(procedure: Compiled, to: str) -> Relevant:
    """What bears on a state, by going back from it: guards of its region, what they read, what
    changes that, and what in turn opens it."""
    definition = procedure.definition
    trials = trials_on(CASES[definition.applies.aggregate])
    region = {state.id: n for n, top in enumerate(definition.states) for state in _within((top,))}
    regions: set[int] = set()
    steps: set[str] = set()
    passings: set[str] = set()
    facts: set[str] = set()
    hands: set[str] = set()
    wanted: list[tuple[str, str | int]] = [("region", region[to])]
    wanted += [
        ("region", n)
        for n, top in enumerate(definition.states)
        for state in _within((top,))
        for move in state.moves
        if move.to is not None and region[move.to] != n
    ]
    while wanted:
        what, which = wanted.pop()
        if what == "region" and which not in regions:
            assert isinstance(which, int)
            regions.add(which)
            for guard in procedure.guards_within(f"$.states[{which}]"):
                wanted += [("fact", fact) for fact in facts_of(guard)]
                wanted += [("region", region[id]) for id in states_of(guard)]
            for state in _within((definition.states[which],)):
                for move in state.moves:
                    if move.on is not None:
                        wanted.append(("step", move.on))
                    if move.past is not None:
                        wanted.append(("deadline", move.past))
        elif what == "step" and which not in steps:
            step = str(which)
            if step not in procedure.specs:
                continue
            steps.add(step)
            wanted += [("step", other) for other in trials.prepared_by.get(step, ())]
            if procedure.listening(step):
                wanted += [("step", other) for other in trials.heard_after.get(step, ())]
            wanted += [("step", other) for other in procedure.specs[step].apart_from]
            hands.update(procedure.specs[step].apart_from)
            if (opens := procedure.guards[step]) is not None:
                wanted += [("fact", fact) for fact in facts_of(opens)]
                wanted += [("region", region[id]) for id in states_of(opens)]
            wanted += [("region", region[id]) for id in procedure.listening(step)]
            wanted += [("deadline", d.id) for d in definition.deadlines if d.then == step]
        elif what == "fact" and which not in facts:
            facts.add(str(which))
            wanted += [("step", step) for step in procedure.changed_by(str(which))]
        elif what == "deadline" and which not in passings:
            deadline = procedure.deadlines[str(which)]
            passings.add(deadline.id)
            # None runs any more where a case is at its end.
            wanted += [("region", region[id]) for id in (*deadline.within, *definition.ends)]
            if deadline.due.fact is not None:
                wanted.append(("fact", deadline.due.fact))
            if deadline.then is not None:
                wanted.append(("step", deadline.then))
    known = domains_of(definition.facts, procedure.all_guards())
    return Relevant(
        tuple(name for name in procedure.specs if name in steps),
        tuple(id for id in procedure.deadlines if id in passings),
        {name: known[name] for name in procedure.fact_names if name in facts},
        frozenset(hands),
    )


def _within(states: Iterable[StateSpec]) -> Iterator[StateSpec]:
    for state in states:
        yield state
        yield from _within(state.states)


# --- The search ----------------------------------------------------------------------------------


class _Search:
    def __init__(self, procedure: Compiled, r: Case, to: str, now: Moment) -> None:
        self.procedure = procedure
        self.trials = trials_on(type(r))
        self.to = to
        self.now = now
        self.relevant = relevant(procedure, to)
        self.stamp: Stamp = stamp_of(now.today)
        nobody = msgspec.structs.replace(self.stamp.speaker, actor=None, system="suivi")
        self.by_itself = msgspec.structs.replace(self.stamp, speaker=nobody)
        self.domains = {
            name: _with_today(procedure.definition.facts[name], domain, now.today)
            for name, domain in self.relevant.domains.items()
        }
        self.tried = 0
        held = r.deadlines if self.relevant.passings else []
        self.start = _Place(
            r,
            procedure.facts(r),
            frozenset(d.deadline for d in held),
            frozenset(d.deadline for d in held if d.status is DeadlineStatus.PASSED),
        )

    def find(self) -> _Place | None:
        """Breadth first: the first place where the state is active; None where there is none, or
        too much to try."""
        seen = {self._key(self.start)}
        queue = deque([self.start])
        while queue:
            place = queue.popleft()
            for after in self._next(place):
                if self.to in self.procedure.active(after.r.states):
                    return after
                if self.tried >= trials_max:
                    return None
                key = self._key(after)
                if key not in seen:
                    seen.add(key)
                    queue.append(after)
        return None

    def _next(self, place: _Place) -> Iterator[_Place]:
        procedure, r = self.procedure, place.r
        for step in self.relevant.steps:
            if not self._apart(step, r) or procedure.blocked(step, r.states, place.facts):
                continue
            for event in acts(procedure, r, step, self.stamp, self.domains):
                self.tried += 1
                after = self._after(place, step, event)
                if self._changes(place, step, after):
                    yield after
        if r.suspended is None:
            armed = {spec.id for spec in procedure.armed(r.states).deadlines}
            for id in self.relevant.passings:
                runs = id in armed and id in place.running and id not in place.passed
                if runs and not procedure.deadlines[id].voluntary:
                    self.tried += 1
                    yield self._past(place, id)

    def _apart(self, step: str, r: Case) -> bool:
        """Whether there is somebody from whom another can be told apart."""
        return all(self._is_by_person(r, name) for name in self.procedure.specs[step].apart_from)

    def _is_by_person(self, r: Case, step: str) -> bool:
        hand = r.hands.get(step)
        return hand is not None and hand.actor is not None

    def _past(self, place: _Place, id: str) -> _Place:
        """Where a deadline has passed, and with it what the procedure itself does then."""
        step, spec = PAST + id, self.procedure.deadlines[id]
        passing = DeadlinePassed(stamp=self.by_itself, deadline=id, generation=0)
        after = self._after(place, step, passing)
        events = list(after.events)
        then = spec.then
        if then is not None and not self.procedure.blocked(then, after.r.states, after.facts):
            until = str(place.facts[spec.due.fact]) if spec.due.fact is not None else None
            step_spec = self.procedure.specs[then]
            for event in by_itself.events(after.r, step_spec, self.by_itself, id, until):
                after = self._after(after, then, event)
                events += after.events
        return after._replace(before=place, step=step, events=tuple(events))

    def _after(self, place: _Place, step: str, event: CaseEvent) -> _Place:
        procedure = self.procedure
        r = place.r.clone()
        event.apply(r, Entry(r.id, r.version + 1, r.addressee, event))
        facts = procedure.facts(r)
        outcome = procedure.outcome(step, r.states, place.facts, facts, r.remembered)
        r.version += 1
        r.move(outcome.left, outcome.entered)
        r.remembered.update(outcome.remembered)
        if step in self.relevant.hands:
            r.hands[step] = HandHeld(version=r.version, actor=event.stamp.speaker.actor)
        running, passed = place.running, place.passed
        if self.relevant.passings:
            running, passed = self._clocks(place, step, r, facts)
        return _Place(r, facts, running, passed, place, step, ((step, event),))

    def _clocks(
        self, place: _Place, step: str, r: Case, facts: Facts
    ) -> tuple[frozenset[str], frozenset[str]]:
        """The deadlines that run after a step, and those of them that have passed."""
        running: set[str] = set()
        passed = {*place.passed, *([step.removeprefix(PAST)] if step.startswith(PAST) else [])}
        for spec in self.procedure.armed(r.states).deadlines:
            fact = spec.due.fact
            if fact is None or facts.get(fact) is not None:
                running.add(spec.id)
            if fact is not None and facts.get(fact) != place.facts.get(fact):
                passed.discard(spec.id)  # another day was said: it is set anew
        return frozenset(running), frozenset(passed & running)

    def _changes(self, place: _Place, step: str, after: _Place) -> bool:
        """False where a step leads nowhere: nothing that bears on the state is otherwise."""
        return step in self.trials.again or self._sight(place) != self._sight(after)

    def _sight(self, place: _Place) -> tuple[object, ...]:
        r = place.r
        return (
            tuple(r.states),
            tuple(sorted(r.remembered.items())),
            tuple([place.facts.get(name) for name in self.domains]),
            place.running,
            place.passed,
            tuple([self._is_by_person(r, name) for name in self.relevant.hands]),
            *self.trials.sight(r, self.domains),
        )

    def _key(self, place: _Place) -> tuple[object, ...]:
        """What of a place decides how it goes on."""
        return (*self._sight(place), *self.trials.room(place.r, self.start.r.version))

    # -- what is told of it

    def walk(self, end: _Place) -> tuple[tuple[PathStep, ...], str]:
        """The steps on the way, each with its earliest day, and the day of the last."""
        way: list[_Place] = []
        place: _Place | None = end
        while place is not None and place.before is not None:
            way.insert(0, place)
            place = place.before
        r, day = self.start.r.clone(), self.now.today
        steps: list[PathStep] = []
        for place in way:
            deadline = place.step.removeprefix(PAST) if place.step.startswith(PAST) else None
            needs: tuple[str, ...] = ()
            if deadline is None:
                needs = self._needs(place.step, r, [step.step for step in steps])
            elif held := r.deadline(deadline):
                day = max(day, held.day)
            for step, event in place.events:
                self._take(r, step, event, day)
            assert place.before is not None
            so_that = self._so_that(place.before.facts, place.facts)
            steps.append(PathStep(place.step, deadline, so_that, needs, day))
        return tuple(steps), day

    def _take(self, r: Case, step: str, event: CaseEvent, day: str) -> None:
        """A step with all that follows, deadlines too, on its day."""
        procedure = self.procedure
        if isinstance(event, DeadlinePassed) and (held := r.deadline(event.deadline)):
            event = msgspec.structs.replace(event, generation=held.generation)
        stamp = msgspec.structs.replace(event.stamp, effective=effective(day))
        event = msgspec.structs.replace(event, stamp=stamp)
        before = procedure.facts(r)
        event.apply(r, Entry(r.id, r.version + 1, r.addressee, event))
        after = procedure.facts(r)
        outcome = procedure.outcome(step, r.states, before, after, r.remembered)
        stamp = msgspec.structs.replace(
            stamp,
            left=outcome.left,
            entered=outcome.entered,
            effects=effects(procedure, r, event, outcome, after, lambda: self.now),
        )
        event = msgspec.structs.replace(event, stamp=stamp)
        r.follow(Entry(r.id, r.version + 1, r.addressee, event))

    def _needs(self, step: str, r: Case, before: list[str]) -> tuple[str, ...]:
        """Four eyes: who else, and what approvals are missing."""
        spec = self.procedure.specs[step]
        found: list[str] = []
        for other in spec.apart_from:
            took = "takes" if other in before else "took"
            found.append(f"another person than the one who {took} “{other}” takes it")
        # Asked for somebody who is nobody of those named, only approvals can be missing.
        return (*found, *four_eyes.missing(self.procedure, r, step, f"{SOMEBODY} else"))

    def _so_that(self, before: Facts, after: Facts) -> tuple[str, ...]:
        known = self.procedure.definition.facts
        return tuple(
            fact_said(name, known[name], after.get(name))
            for name in self.domains
            if before.get(name) != after.get(name)
        )


def fact_said(name: str, fact: Fact, value: Value | None) -> str:
    """That a fact is so, as a guard says it."""
    if value is None:
        return write(Known(name, False))
    if fact.type is FactType.FLAG:
        return write(Flag(name) if value is True else Not(Flag(name)))
    return write(Compare(name, "==", value))


def _with_today(
    fact: Fact, domain: tuple[Value | None, ...], today: str
) -> tuple[Value | None, ...]:
    """Days that no guard compares with are all the same: then today stands for them."""
    if fact.type is not FactType.DAY:
        return domain
    days = [day for day in domain if day is not None]
    unknown = (None,) if None in domain else ()
    return (*unknown, today, *(days if len(days) > 1 else ()))
