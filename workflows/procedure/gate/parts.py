"""A procedure in parts that know nothing of one another, and the walks of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import DeadlineSpec, StepSpec
from workflows.procedure.gate.fault import places
from workflows.procedure.gate.walk import ANY_STEP, CORRECTIONS, Walk
from workflows.procedure.gate.work import Work
from workflows.procedure.valuations import domains
from workflows.statecharts.expressions import Expression, Value, facts_of, states_of


class Parts:
    """A definition in parts that know nothing of one another, and the walks of them, each walked
    once. A part is some regions, by their numbers."""

    def __init__(self, compiled: Compiled, work: Work) -> None:
        self.compiled = compiled
        self.work = work
        self.definition = compiled.definition
        self.region = {
            state.id: n
            for n, top in enumerate(self.definition.states)
            for state, _ in places((top,), "$")
        }
        self.listening: dict[str, set[int]] = {}
        self.groups = self._apart()
        self._walks: dict[object, Walk] = {}

    def _apart(self) -> list[frozenset[int]]:
        """Regions whose guards ask for each other's states, that lead into each other, listen to
        the same step or to a deadline of the other stay together."""
        definition, region = self.definition, self.region
        together = list(range(len(definition.states)))

        def join(regions: Iterable[int]) -> None:
            joined = {together[n] for n in regions}
            for n, one in enumerate(together):
                if one in joined:
                    together[n] = min(joined)

        for n, top in enumerate(definition.states):
            for state, _ in places((top,), "$"):
                for move in state.moves:
                    join([n, *([region[move.to]] if move.to else [])])
                    if move.on is not None:
                        self.listening.setdefault(move.on, set()).add(n)
                    if move.past is not None:
                        join([n, *self.running(self.compiled.deadlines[move.past])])
            for guard in self.compiled.guards_within(f"$.states[{n}]"):
                join([n, *(region[id] for id in states_of(guard))])
        for step, regions in self.listening.items():
            join([*regions, *self.asked(step)])
        return [
            frozenset(n for n, one in enumerate(together) if one == first)
            for first in sorted(set(together))
        ]

    def running(self, deadline: DeadlineSpec) -> set[int]:
        """The regions in whose states a deadline runs."""
        return {self.region[id] for id in deadline.within}

    def asked(self, step: str) -> set[int]:
        """The regions that a step's own condition asks for."""
        when = self.compiled.guards[step]
        return {self.region[id] for id in (states_of(when) if when else ())}

    def around(self, regions: Collection[int]) -> frozenset[int]:
        """Some regions, with those they can't be walked without; of none, the first."""
        wanted = {*regions} or {0}
        return frozenset().union(*(group for group in self.groups if group & wanted))

    def reading(self, *conditions: Expression) -> set[int]:
        """The regions whose states some conditions ask for."""
        return {self.region[id] for one in conditions for id in states_of(one)}

    def walk(
        self,
        regions: frozenset[int],
        conditions: tuple[Expression, ...] = (),
        steps: Collection[str] = (),
    ) -> Walk:
        """The walk of some regions, which tells apart what the conditions can, and also takes some
        steps that the regions do not listen to."""
        taken = {name for name, heard in self.listening.items() if heard & regions} | {*steps}
        compiled = self._part(regions, taken)
        known = _told_apart(compiled, conditions)
        names = tuple(known)
        changes = dict.fromkeys((*sorted(taken), *compiled.passings, ANY_STEP), names)
        return self._walked(regions, compiled, known, changes, strict=False)

    def strict_walk(self, conditions: tuple[Expression, ...]) -> Walk:
        """The walk of all that bears on some conditions, on which each step has to be open, and
        changes those facts only that it can."""
        regions: frozenset[int] = frozenset()
        wanted = self.reading(*conditions) or {0}
        read = {fact for one in conditions for fact in facts_of(one)}
        steps: set[str] = set()
        before = None
        while before != (before := (len(wanted), len(read), len(steps))):
            regions = self.around(wanted)
            wanted |= regions
            for n in regions:
                for guard in self.compiled.guards_within(f"$.states[{n}]"):
                    read |= facts_of(guard)
            steps |= {name for name, heard in self.listening.items() if heard & regions}
            steps |= {step.name for step in self.definition.steps if read & self._changes(step)}
            for name in steps:
                # Whether it is open, its own condition says, and the states that wait for it.
                wanted |= self.asked(name) | self.listening.get(name, set())
                read |= self.compiled.read_by(name)
        compiled = self._part(regions, steps)
        known = _told_apart(compiled, conditions)
        changes: dict[str, tuple[str, ...]] = {}
        alike: set[object] = set()
        for step in self.definition.steps:
            changed = tuple(name for name in known if name in self._changes(step))
            undone = tuple(name for name in changed if compiled.undoes(step.name, name))
            kind = step.when, changed, undone, step.name in CORRECTIONS
            if step.name in steps and (step.name in self.listening or kind not in alike):
                changes[step.name] = changed
                alike.add(kind)
        changes |= dict.fromkeys(compiled.passings, ())
        return self._walked(regions, compiled, known, changes, strict=True)

    def _walked(
        self,
        regions: frozenset[int],
        compiled: Compiled,
        known: dict[str, tuple[Value | None, ...]],
        changes: dict[str, tuple[str, ...]],
        strict: bool,
    ) -> Walk:
        key = regions, tuple(known.items()), tuple(changes), strict
        if key not in self._walks:
            self._walks[key] = Walk(compiled, known, changes, strict, self.work)
        return self._walks[key]

    def _changes(self, step: StepSpec) -> frozenset[str]:
        """The facts that a step may change."""
        return frozenset(
            name for name in self.definition.facts if step.name in self.compiled.changed_by(name)
        )

    def _part(self, regions: frozenset[int], steps: Collection[str]) -> Compiled:
        definition = self.definition
        part = msgspec.structs.replace(
            definition,
            states=tuple(definition.states[n] for n in sorted(regions)),
            steps=tuple(s for s in definition.steps if s.name in steps),
            deadlines=tuple(d for d in definition.deadlines if self.running(d) & regions),
            tasks=(),
            promises=(),
            ends=tuple(end for end in definition.ends if self.region[end] in regions),
        )
        return Compiled(part, whole=False)


def _told_apart(
    compiled: Compiled, conditions: Iterable[Expression]
) -> dict[str, tuple[Value | None, ...]]:
    """What each fact may be that a part or some conditions read."""
    guards = [*compiled.all_guards(), *conditions]
    read = {fact for guard in guards for fact in facts_of(guard)}
    facts = {name: fact for name, fact in compiled.definition.facts.items() if name in read}
    return domains(facts, guards)
