"""Whether a procedure keeps what it promises."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import msgspec

from workflows import spans
from workflows.procedure.compiled import PAST, Promised
from workflows.procedure.definition import DeadlineSpec
from workflows.procedure.gate.fault import Fault
from workflows.procedure.gate.parts import Parts
from workflows.procedure.gate.walk import Place, Walk
from workflows.statecharts.expressions import Expression


def broken(parts: Parts) -> Iterator[Fault]:
    for n, promised in enumerate(parts.compiled.promises):
        where = f"$.promises[{n}]"
        promise = promised.promise
        for fault in _looked_for(parts, promised):
            if fault.code != "promise-broken":
                yield msgspec.structs.replace(fault, where=where)
                continue
            why = f"The promise {promise.id} is broken: {promise.says}. {fault.message}"
            yield msgspec.structs.replace(fault, message=why, where=where)


def _looked_for(parts: Parts, promised: Promised) -> Sequence[Fault]:
    """The first place where a promise does not hold, as a fault; none where it holds."""
    promise, goal, whence, along = promised
    if promise.within is not None:
        return _not_within(parts, promised)
    if promise.eventually is None:
        walk = parts.walk(parts.around(parts.reading(goal)), (goal,))
        so = promise.always is not None
        broken = (place for place in walk.ways if walk.holds(goal, place) is not so)
        why = "Here it does not." if so else "Here it holds."
    else:
        walk = parts.strict_walk(promised.conditions)
        able = walk.able(
            lambda place: walk.holds(goal, place), lambda place: walk.holds(along, place)
        )
        broken = (p for p in walk.ways if p not in able and walk.holds(whence, p))
        why = "From here no way leads there."
    if walk.faults:
        return walk.faults
    return [
        Fault("promise-broken", why, trace=walk.trace(place))
        for place in itertools.islice(broken, 1)
    ]


def _not_within(parts: Parts, promised: Promised) -> Sequence[Fault]:
    """A promise of a time holds where one deadline runs as long as it is about, starts no later,
    is no longer, and leads on when it passes. What is told otherwise: where the last one looked
    at fails."""
    within, goal, whence = promised.promise.within, promised.goal, promised.whence
    assert within is not None
    found: Sequence[Fault] = [
        Fault("promise-broken", f"No deadline is due after {within.span} or less.")
    ]
    for deadline in parts.definition.deadlines:
        if deadline.due.after is None or not spans.is_no_longer(deadline.due.after, within.span):
            continue
        then = (deadline.then,) if deadline.then is not None else ()
        regions = parts.running(deadline) | parts.reading(goal, whence)
        for name in then:
            regions |= {*parts.asked(name), *parts.listening.get(name, ())}
        walk = parts.walk(parts.around(regions), (goal, whence), then)
        found = walk.faults or [*itertools.islice(_late(walk, deadline, goal, whence), 1)]
        if not found:
            return []
    return found


def _late(
    walk: Walk, deadline: DeadlineSpec, goal: Expression, whence: Expression
) -> Iterator[Fault]:
    """Where the time that a deadline gives is not the time that was promised. A case at its end has
    all the time."""
    ends = {*walk.compiled.definition.ends}
    under_way = [place for place in walk.ways if ends.isdisjoint(walk.active(place.states))]
    about = {p for p in under_way if walk.holds(whence, p) and not walk.holds(goal, p)}
    running = {p for p in under_way if not walk.active(p.states).isdisjoint(deadline.within)}
    passing = PAST + deadline.id
    for place in walk.ways:
        if place in about - running:
            why = f"Here {deadline.id} does not run."
            yield Fault("promise-broken", why, trace=walk.trace(place))
        elif place in about and not _leads_on(walk, deadline, goal, place):
            why = f"Here {deadline.id} can pass and nothing leads on."
            yield Fault("promise-broken", why, trace=walk.trace(place, passing))
    goes_on = any(
        led.place in running and led.place not in about
        for turn, some in walk.led.items()
        if turn.step == passing
        for led in some
    )
    for turn, some in walk.led.items() if goes_on else ():
        for led in some:
            if led.place in about and not (running - about).isdisjoint(walk.takers[turn]):
                why = f"Here {deadline.id} has run before, and can have passed."
                yield Fault("promise-broken", why, trace=walk.beyond(turn, led))


def _leads_on(walk: Walk, deadline: DeadlineSpec, goal: Expression, place: Place) -> bool:
    """True if what a deadline does when it passes, which changes no fact by itself, leads on; of
    the step that follows it is taken that it changes what it can."""
    passing = walk.turn(place, PAST + deadline.id)
    after = [led.place for led in walk.led[passing] if led.place.facts == place.facts]
    if any(walk.holds(goal, led) for led in after):
        return True
    if deadline.then is None:
        return False
    return any(
        walk.holds(goal, led.place)
        for one in after
        for led in walk.led[walk.turn(one, deadline.then)]
    )
