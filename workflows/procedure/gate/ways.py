"""What walks show: that a case gets everywhere and to its end, that deadlines are heard, and that
four eyes can't be got round."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

import msgspec

from workflows.procedure.compiled import PAST, Compiled, signal
from workflows.procedure.definition import HISTORY, DeadlineSpec, Definition
from workflows.procedure.gate.fault import Fault, places
from workflows.procedure.gate.parts import Parts
from workflows.procedure.gate.walk import Walk, visits_max
from workflows.procedure.valuations import all_domains, valuations
from workflows.statecharts.expressions import states_of


def unreached(definition: Definition, walks: Sequence[Walk]) -> Iterator[Fault]:
    passed = set().union(*(walk.passed for walk in walks))
    led_to = {move.to for state in definition.all_states() for move in state.moves}
    for state, where in places(definition.states, "$.states"):
        if state.id not in (led_to if state.kind in HISTORY else passed):
            yield Fault("unreachable", f"Nothing leads to {state.id}.", where)


def without_end(definition: Definition, walks: Sequence[Walk]) -> Iterator[Fault]:
    """From everywhere a case can come to an end: in one of the parts, whatever the others do."""
    if not definition.ends:
        yield Fault("no-end", "Say in which states a case is at its end.", "$.ends")
        return
    stuck = [found for walk in walks if (found := _stuck(walk, set(definition.ends))) is not None]
    if len(stuck) == len(walks):
        ends = " or ".join(definition.ends)
        trace = next(trace for trace in stuck if trace)
        yield Fault("no-way-out", f"From here no way leads to {ends}.", "$.states", trace)


def _stuck(walk: Walk, ends: set[str]) -> tuple[str, ...] | None:
    """The way to where no end can be reached any more; empty where a part has no end in it, None
    where from everywhere one can be."""
    if not ends & walk.compiled.chart.index.keys():
        return ()
    able = walk.able(lambda place: bool(ends & walk.active(place.states)))
    return next((walk.trace(place) for place in walk.ways if place not in able), None)


def never_open(compiled: Compiled, walks: Sequence[Walk]) -> Iterator[Fault]:
    known = all_domains(compiled)
    for n, step in enumerate(compiled.definition.steps):
        guard = compiled.guards[step.name]
        asked = states_of(guard) if guard else frozenset()
        listening = compiled.listening(step.name)
        parts = [
            sorted(map(sorted, walk.sets))
            for walk in walks
            if (asked | listening) & walk.compiled.chart.index.keys()
        ]
        read = sorted(compiled.read_by(step.name))
        is_open = any(
            not compiled.blocked(step.name, [*itertools.chain(*some)], facts)
            for some in itertools.islice(itertools.product(*parts), visits_max)
            for facts in valuations(known, read)
        )
        if not is_open:
            yield Fault("never-open", f"The step {step.name} is never open.", f"$.steps[{n}]")


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
        as_strict = {
            other.name
            for other in definition.steps
            if {*other.apart_from} >= {*step.apart_from}
            and other.approvals == (step.approvals or other.approvals)
        }
        found = walk.faults or [*_entered_otherwise(walk, targets, as_strict)]
        found = found or [*_kept_though_changed(walk, targets, looked_at)]
        for fault in found[:1]:
            yield msgspec.structs.replace(fault, where=f"$.steps[{n}]")


def _entered_otherwise(walk: Walk, targets: set[str], by: set[str]) -> Iterator[Fault]:
    for place, way in walk.ways.items():
        if way.before is None and (met := targets & walk.active(place.states)):
            why = f"A case can begin in {min(met)}, before anybody has looked at anything."
            yield Fault("four-eyes-bypassed", why, trace=walk.trace(place))
    for turn, some in walk.led.items():
        for led in some:
            if turn.step in by and any(m.event == signal(turn.step) for m in led.microsteps):
                continue
            now = walk.kept(turn)
            for microstep in led.microsteps:
                if met := targets.intersection(microstep.entered) - now:
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
