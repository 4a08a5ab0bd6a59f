"""What walks show: that a case gets everywhere and to its end, that deadlines are heard, and that
four eyes can't be got round."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from domain.words import Bucket
from workflows.procedure.compiled import PAST, signal
from workflows.procedure.definition import HISTORY, DeadlineSpec, Definition
from workflows.procedure.gate.fault import Fault, places
from workflows.procedure.gate.parts import Parts
from workflows.procedure.gate.walk import ANY_STEP, Led, Place, Walk
from workflows.procedure.gate.work import step_work
from workflows.procedure.valuations import all_domains, told, valuations
from workflows.statecharts.expressions import (
    At,
    Constant,
    Expression,
    Facts,
    Or,
    facts_of,
    holds,
    states_of,
)
from workflows.statecharts.kernel import EndlessLoop


def unreached(definition: Definition, walks: Sequence[Walk]) -> Iterator[Fault]:
    passed = set().union(*(walk.passed for walk in walks))
    led_to = {move.to for state in definition.all_states() for move in state.moves}
    for state, where in places(definition.states, "$.states"):
        if state.id not in (led_to if state.kind in HISTORY else passed):
            yield Fault("unreachable", f"Nothing leads to {state.id}.", where)


def without_end(parts: Parts) -> Iterator[Fault]:
    """From everywhere a case can come to an end, by steps that are open."""
    definition = parts.definition
    if not definition.ends:
        yield Fault("no-end", "Say in which states a case is at its end.", "$.ends")
        return
    at_the_end = tuple(At(end) for end in definition.ends)
    walk = parts.strict_walk((Or(at_the_end) if len(at_the_end) > 1 else at_the_end[0],))
    ends = {*definition.ends}
    able = walk.able(lambda place: bool(ends & walk.active(place.states)))
    yield from walk.faults
    for place in walk.ways:
        if place not in able:
            why = f"From here no way leads to {' or '.join(definition.ends)}."
            if unlisted := _unlisted(parts, walk):
                why += f" Steps that are not listed are never open: {'; '.join(unlisted)}."
            yield Fault("no-way-out", why, "$.states", walk.trace(place))
            return


def _unlisted(parts: Parts, walk: Walk) -> list[str]:
    """The facts that no step of the definition changes, with the steps that would."""
    return [
        f"{name} is changed by {', '.join(steps)}"
        for name in walk.domains
        if (steps := parts.compiled.changed_by(name)) and not parts.compiled.specs.keys() & {*steps}
    ]


def never_open(parts: Parts, walks: Sequence[Walk]) -> Iterator[Fault]:
    compiled = parts.compiled
    known = all_domains(compiled)
    for n, step in enumerate(compiled.definition.steps):
        guard = compiled.guards[step.name]
        asked = states_of(guard) if guard else frozenset()
        listening = compiled.listening(step.name)
        sets = [
            sorted(map(sorted, walk.sets))
            for walk in walks
            if (asked | listening) & walk.compiled.chart.index.keys()
        ]
        read = sorted(compiled.read_by(step.name))
        is_open = any(
            _is_open(parts, step.name, [*itertools.chain(*some)], facts)
            for some in itertools.product(*sets)
            for facts in valuations(known, read)
        )
        if not is_open:
            yield Fault("never-open", f"The step {step.name} is never open.", f"$.steps[{n}]")


def _is_open(parts: Parts, step: str, states: Sequence[str], facts: Facts) -> bool:
    parts.work.spend(step_work)
    try:
        return not parts.compiled.blocked(step, states, facts)
    except EndlessLoop:  # of facts and states that never come together
        return False


def overlapping(parts: Parts, walks: Sequence[Walk]) -> Iterator[Fault]:
    """Of two moves of one state on one step, which is taken must not hang on their order."""
    for state, where in places(parts.definition.states, "$.states"):
        walk = next(walk for walk in walks if state.id in walk.compiled.chart.index)
        by_step: dict[tuple[str | None, str | None], list[tuple[int, Expression]]] = {}
        for n, move in enumerate(state.moves):
            guard = parts.compiled.guard_at(f"{where}.moves[{n}].when") or Constant(True)
            by_step.setdefault((move.on, move.past), []).append((n, guard))
        for (on, past), some in by_step.items():
            if len(some) < 2:
                continue
            by_itself = on is None and past is None
            found = _passing(parts, walk, state.id) if by_itself else _standing(walk, state.id, on)
            for facts, active, trace in found:
                parts.work.spend(len(some))
                both = [n for n, guard in some if holds(guard, facts, active)]
                if len(both) > 1:
                    yield Fault(
                        "guards-overlap",
                        f"Moves {both[0]} and {both[1]} of {state.id} can both be taken, where "
                        f"{told(facts)}.",
                        f"{where}.moves[{both[1]}]",
                        trace(),
                    )
                    break


_SAID: dict[str, dict[object, Bucket]] = {
    "position": {
        "pending": Bucket.UNDECIDED,
        "supported": Bucket.SUPPORTED,
        "noted": Bucket.NOTED,
        "by-part": Bucket.DECIDED_BY_PART,
    },
    "closed": {True: Bucket.CLOSED},
    "assigned": {True: Bucket.ASSIGNED},
    "declared": {True: Bucket.DECLARED_IMPLEMENTED},
    "reported": {True: Bucket.REPORTED},
}
"""What a case counts as, by what the record says; of a flag, what needs it."""


def miscounted(definition: Definition, walks: Sequence[Walk]) -> Iterator[Fault]:
    """No case counts as another position than the one that the State took."""
    return _contradictions(definition, walks, ("position",))


def overcounted(definition: Definition, walks: Sequence[Walk]) -> Iterator[Fault]:
    """No case counts as more than the record says."""
    return _contradictions(definition, walks, ("closed", "assigned", "declared", "reported"))


def _contradictions(
    definition: Definition, walks: Sequence[Walk], facts: Sequence[str]
) -> Iterator[Fault]:
    """The first place of each state that counts as what the record contradicts."""
    buckets = definition.buckets()
    where = {state.id: at for state, at in places(definition.states, "$.states")}
    told_of: set[tuple[str, str]] = set()
    for walk in walks:
        for name in facts:
            if name not in walk.domains:
                continue
            said = _SAID[name]
            aspect = next(iter(said.values())).aspect
            for place in walk.ways:
                value = walk.facts[place.facts][name]
                for state in sorted(walk.active(place.states).intersection(walk.compiled.leaves)):
                    bucket = buckets[state]
                    if bucket is None or bucket.aspect is not aspect or (state, name) in told_of:
                        continue
                    needs_it = bucket in said.values() and said.get(value) is not bucket
                    hides_it = name == "position" and said.get(value, bucket) is not bucket
                    if needs_it or hides_it:
                        told_of.add((state, name))
                        why = f"{state} counts as {bucket}, and the record says: {name} is {value}."
                        yield Fault("bucket-contradicts", why, where[state], walk.trace(place))


_Met = tuple[Facts, Collection[str], Callable[[], tuple[str, ...]]]


def _standing(walk: Walk, state: str, step: str | None) -> Iterator[_Met]:
    """Where a case stands in a state and a step is open, or a deadline passes: facts, active
    states, and the way there."""
    when = walk.compiled.guards.get(step) if step else None
    for place in walk.ways:
        active = walk.active(place.states)
        if state in active and (when is None or walk.holds(when, place)):
            yield walk.facts[place.facts], active, partial(walk.trace, place)


def _passing(parts: Parts, walk: Walk, state: str) -> Iterator[_Met]:
    """Where a case goes through a state, or stays in it, whatever the facts are then."""
    read = sorted(
        {
            fact
            for edge in walk.compiled.chart.edges[walk.compiled.chart.index[state]]
            if edge.guard and not edge.events
            for fact in facts_of(edge.guard.expression)
        }
    )
    for active, (place, name) in walk.settling.items():
        if state in active:
            for facts in valuations(walk.domains, read):
                parts.work.spend()
                yield facts, active, partial(walk.trace, place, f"{name}, then {told(facts)}")


class _Fired(NamedTuple):
    """A place, and the deadlines that run there and have passed."""

    place: Place
    passed: frozenset[str]


def unending(parts: Parts) -> Iterator[Fault]:
    """Deadlines that are due by days, which may all be over, don't lead to one another for ever."""
    by_day = [one for one in parts.definition.deadlines if one.due.fact is not None]
    if len(by_day) < 2 and not any(one.then for one in by_day):
        return
    for group in parts.groups:
        mine = {PAST + one.id: one for one in by_day if parts.running(one) & group}
        if not mine:
            continue
        thens = {one.then for one in mine.values() if one.then is not None}
        regions = group.union(*(parts.running(one) for one in mine.values()))
        for then in thens:
            regions |= {*parts.asked(then), *parts.listening.get(then, ())}
        walk = parts.walk(parts.around(regions), steps=thens)
        if walk.faults:
            yield walk.faults[0]
            continue
        turning = _turning(parts, walk, mine)
        if turning is not None:
            place, passings = turning
            names = ", ".join(sorted({step.removeprefix(PAST) for step in passings}))
            why = (
                f"Deadlines lead to one another for ever where their days are over: {names}. "
                "Let one be due a time after its state was entered, or lead elsewhere."
            )
            yield Fault("endless", why, "$.deadlines", walk.trace(place, *passings))


def _turning(
    parts: Parts, walk: Walk, deadlines: Mapping[str, DeadlineSpec]
) -> tuple[Place, tuple[str, ...]] | None:
    """A place, and the passings that lead from there back to it; None where there are none. A
    deadline that has passed passes again only once it has stopped running."""

    def runs(place: Place) -> frozenset[str]:
        active = walk.active(place.states)
        ends = active.intersection(walk.compiled.definition.ends)
        return frozenset(
            name
            for name, one in deadlines.items()
            if not ends and not active.isdisjoint(one.within)
        )

    def onward(node: _Fired) -> Iterator[tuple[str, _Fired]]:
        place, passed = node
        for name in sorted(runs(place) - passed):
            for led in walk.led[walk.turn(place, name)]:
                if led.place.facts != place.facts:
                    continue
                after = [led.place]
                then = deadlines[name].then
                if then is not None:
                    taken = walk.led.get(walk.turn(led.place, then), ())
                    after = [n.place for n in taken if _changed_by(parts, walk, then, place, n)]
                    after = after or [led.place]
                for there in after:
                    parts.work.spend(step_work)
                    yield name, _Fired(there, (passed | {name}) & runs(there))

    done: set[_Fired] = set()
    for start in walk.ways:
        first = _Fired(start, frozenset())
        if first in done or not runs(start):
            continue
        path: dict[_Fired, str] = {first: ""}
        under_way = [(first, onward(first))]
        while under_way:
            node, ways = under_way[-1]
            for name, there in ways:
                if there in path:
                    order = list(path)
                    at = order.index(there)
                    return there.place, (*(path[one] for one in order[at + 1 :]), name)
                if there not in done:
                    path[there] = name
                    under_way.append((there, onward(there)))
                    break
            else:
                done.add(node)
                del path[node]
                under_way.pop()
    return None


def unheard(parts: Parts) -> Iterator[Fault]:
    """Wherever a deadline can pass, something follows where the procedure says that it does."""
    definition = parts.definition
    heard = {move.past for state in definition.all_states() for move in state.moves}
    for n, deadline in enumerate(definition.deadlines):
        regions, where = parts.running(deadline), f"$.deadlines[{n}]"
        if deadline.id in heard:
            walk = parts.walk(parts.around(regions))
            if found := walk.faults or [*_unheard_in(walk, PAST + deadline.id, where)]:
                yield found[0]
                continue
        if deadline.then is not None:
            then = deadline.then
            regions |= {*parts.asked(then), *parts.listening.get(then, ())}
            walk = parts.walk(parts.around(regions), steps=(then,))
            yield from walk.faults or itertools.islice(
                _idle_in(walk, deadline, where, definition.ends), 1
            )


def _unheard_in(walk: Walk, passing: str, where: str) -> Iterator[Fault]:
    for turn, some in walk.led.items():
        if turn.step == passing:
            for led in some:
                if all(microstep.event != signal(passing) for microstep in led.microsteps):
                    why = "It can pass where nothing follows: add a move for it, maybe without to."
                    trace = walk.trace(walk.takers[turn][0], passing)
                    yield Fault("deadline-unheard", why, where, trace)


def _idle_in(
    walk: Walk, deadline: DeadlineSpec, where: str, ends: Sequence[str]
) -> Iterator[Fault]:
    """Where a deadline has passed, and the step that it leads to is not open."""
    for turn, some in walk.led.items():
        if turn.step != PAST + deadline.id:
            continue
        for led in some:
            facts = walk.facts[led.place.facts]
            at_its_end = walk.compiled.active(sorted(led.place.states)).intersection(ends)
            if at_its_end or facts.get("suspended") is True:
                continue  # nothing passes there: the clock stands still
            assert deadline.then is not None
            blocked = walk.compiled.blocked(deadline.then, sorted(led.place.states), facts)
            if blocked:
                why = f"{deadline.then} is not open here: it needs {blocked[0].guard}."
                yield Fault("then-not-open", why, f"{where}.then", walk.beyond(turn, led))


def _changed_by(parts: Parts, walk: Walk, step: str, before: Place, led: Led) -> bool:
    """True if a step alone may have changed the facts that are other than before."""
    was, now = walk.facts[before.facts], walk.facts[led.place.facts]
    return all(
        step in parts.compiled.changed_by(name)
        and not (now[name] is True and parts.compiled.undoes(step, name))
        for name in now
        if now[name] != was[name]
    )


def bypassed(parts: Parts) -> Iterator[Fault]:
    """What one person may not do alone can't be come by otherwise: the states that a step under
    four eyes leads to are entered by no other, and left when what was looked at changes. Where a
    history state leads back to them they count as not left."""
    definition = parts.definition
    steps = {step.name: step for step in definition.steps}
    around = {
        child.id: state.id
        for state in definition.all_states()
        for child in state.states
        if child.kind in HISTORY
    }
    for n, step in enumerate(definition.steps):
        targets = {
            around.get(move.to, move.to)
            for state in definition.all_states()
            for move in state.moves
            if move.on == step.name and move.to is not None
        }
        if not targets or not (step.apart_from or step.approvals):
            continue
        looked_at = [name for name in step.apart_from if name in steps]
        regions = {parts.region[target] for target in targets}
        for name in looked_at:
            regions |= {*parts.asked(name), *parts.listening.get(name, ())}
        walk = parts.walk(parts.around(regions), steps=looked_at)
        beyond = _led_on_to(parts, walk, step.name, targets)
        as_strict = {
            other.name
            for other in definition.steps
            if {*other.apart_from} >= {*step.apart_from}
            and other.approvals == (step.approvals or other.approvals)
        }
        found = walk.faults or [*_entered_otherwise(walk, targets, beyond, as_strict)]
        if not any(targets & walk.active(place.states) for place in walk.ways):
            targets |= beyond  # a case stays in none of the states that the step itself names
        found = found or [*_kept_though_changed(walk, targets, looked_at)]
        for fault in found[:1]:
            yield msgspec.structs.replace(fault, where=f"$.steps[{n}]")


def _led_on_to(parts: Parts, walk: Walk, step: str, targets: Collection[str]) -> set[str]:
    """The states that a step leads on to through those that its moves name, in the same regions,
    that conditions ask for, and that would not have been entered without it."""
    regions = {parts.region[target] for target in targets}
    asked = {state for guard in parts.compiled.all_guards() for state in states_of(guard)}
    found: set[str] = set()
    for turn, some in walk.led.items():
        if turn.step != step or not some:
            continue
        place = walk.takers[turn][0]
        anyway = walk.led[walk.turn(place, ANY_STEP)]
        otherwise = {led.place.facts: walk.active(led.place.states) for led in anyway}
        for led in some:
            entered = walk.active(led.place.states) - walk.active(turn.states)
            entered -= otherwise.get(led.place.facts, frozenset())
            found |= {one for one in entered & asked if parts.region[one] in regions}
    return found.difference(targets)


def _entered_otherwise(
    walk: Walk, targets: set[str], beyond: set[str], by: set[str]
) -> Iterator[Fault]:
    """Where a case enters what a step under four eyes leads to, without that step. `beyond`: where
    it leads on to; that may be entered from its `targets` too."""
    both = targets | beyond
    for place, way in walk.ways.items():
        if way.before is None and (met := both & walk.active(place.states)):
            why = f"A case can begin in {min(met)}, before anybody has looked at anything."
            yield Fault("four-eyes-bypassed", why, trace=walk.trace(place))
    for turn, some in walk.led.items():
        for led in some:
            if turn.step in by and any(m.event == signal(turn.step) for m in led.microsteps):
                continue
            now = walk.kept(turn)
            for microstep in led.microsteps:
                met = both.intersection(microstep.entered) - now
                if both.intersection(microstep.left):
                    met -= beyond
                if met:
                    why = f"{min(met)} can be entered without the step that two people take."
                    yield Fault("four-eyes-bypassed", why, trace=walk.beyond(turn, led))
                now = now.difference(microstep.left).union(microstep.entered)


def _kept_though_changed(
    walk: Walk, targets: set[str], looked_at: Collection[str]
) -> Iterator[Fault]:
    for turn, some in walk.led.items():
        if turn.step not in looked_at:
            continue
        before = targets & walk.kept(turn)
        for led in some:
            if kept := before & walk.kept(led.place):
                stays = kept <= walk.active(led.place.states)
                why = (
                    f"{min(kept)} {'stays' if stays else 'is led back to'} although {turn.step} "
                    f"was taken again after it was looked at: move on {turn.step} from there."
                )
                yield Fault("four-eyes-bypassed", why, trace=walk.beyond(turn, led))
