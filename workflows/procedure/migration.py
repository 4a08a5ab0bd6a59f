"""Migration: a case that runs goes on under another procedure.

A migration is data: which state takes the place of which, what fields of forms would have said for
guards to read, and what becomes of deadlines. It is looked at once for a pair of procedures, and
then decided case by case:

    states → those that take their place → all that is around and beside them → until nothing moves

It is decided once, and recorded like any step (`domain.casework.migration.Migrated`): what was
left, entered, set and lifted. A case that it does not settle needs a decision of its own: a line
more in the map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import combinations
from typing import Literal, NamedTuple

import msgspec

from domain.casework import Case
from domain.casework.event import StepDatum
from domain.casework.migration import (
    DeadlinePolicy,
    DeadlineTreated,
    Migrated,
    StateMapped,
    migrate,
)
from domain.effects import AnyEffect, Remembered
from domain.entry import Entry, Stamp
from domain.refusals import InvalidInput, valid
from workflows.procedure import forms, four_eyes, gate
from workflows.procedure.compiled import Compiled
from workflows.procedure.consequences import Moment, carried_over, is_as_it_was
from workflows.procedure.definition import Field, convert, read_file, states_max
from workflows.statecharts.expressions import Fact, FactType, Value
from workflows.statecharts.kernel import EndlessLoop, Kind

FORMAT = "suivi-migration/1"
facts_max = 500
unmapped_told_max = 20


class Migration(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"before": "from", "after": "to", "overrides": "deadline-overrides"},
):
    """How cases go over `from` one procedure `to` another, by their SHA-256.

    `states` names for a state the one that takes its place, for one with others within it the one
    that takes the place of each of them, or null: none does. A state that both call alike needs no
    line. `facts` are what fields of forms would have said, by `step.field`. `deadlines` says what
    becomes of them, `deadline-overrides` of some, by name."""

    format: Literal["suivi-migration/1"] = "suivi-migration/1"
    before: str
    after: str
    states: dict[str, str | None] = {}
    facts: dict[str, bool | int | str] = {}
    deadlines: DeadlinePolicy = DeadlinePolicy.KEEP
    overrides: dict[str, DeadlinePolicy] = {}


# msgspec readies a type when it is first read; threads that meet it unready crash the process.
decode = msgspec.json.Decoder(Migration).decode


def read(source: bytes) -> Migration:
    """The migration that a file says, in YAML 1.2 or JSON. Raises NoDefinition."""
    return convert(read_file(source), Migration)


class CaseFate(StrEnum):
    """What becomes of a case in a migration."""

    SAME = "same"
    """it stands where it stood, with what was due and open, under the other procedure"""
    MOVED = "moved"
    """states are left or entered, or something is set, lifted, opened or ended"""
    NEEDS_DECISION = "needs-decision"
    """the migration does not settle it: somebody has to say more"""


class Decided(NamedTuple):
    """What becomes of a case; why it needs a decision, where it does."""

    fate: CaseFate
    left: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()
    effects: tuple[AnyEffect, ...] = ()
    why: tuple[str, ...] = ()


class Passage:
    """A migration between two procedures that are here: from `before` to `after`."""

    def __init__(self, migration: Migration, before: Compiled, after: Compiled) -> None:
        self.migration = migration
        self.before = before
        self.after = after
        self.leaves = frozenset(after.leaves)
        self.kinds = {after.chart.ids[i]: kind for i, kind in enumerate(after.chart.kind)}

    @classmethod
    def of(cls, event: Migrated, before: Compiled, after: Compiled) -> Passage:
        """The passage that an event records."""
        migration = Migration(
            before=before.hash,
            after=after.hash,
            states={line.before: line.after for line in event.states},
            facts={said.field: said.value for said in event.data if said.value is not None},
            deadlines=event.deadlines,
            overrides={treated.deadline: treated.policy for treated in event.overrides},
        )
        return cls(migration, before, after)

    # -- for the pair

    def faults(self) -> list[gate.Fault]:
        """What is wrong with it, whatever the case."""
        found = [
            *self._unknown_states(),
            *self._misread_facts(),
            *self._unknown_deadlines(),
            *self._fewer_eyes(),
        ]
        return found or [*self._crowded()]

    def unmapped(self) -> list[str]:
        """The states that a case may be in before and that nothing takes the place of: such cases
        need a decision."""
        reached = {leaf for sets in gate.reachable(self.before) for some in sets for leaf in some}
        return [leaf for leaf in self.before.leaves if leaf in reached and not self._has(leaf)]

    def event(self, r: Case, stamp: Stamp) -> Migrated:
        """The event that takes a case over, with what follows from it still to be decided."""
        said = self.migration
        return migrate(
            r,
            stamp,
            self.before.hash,
            self.after.hash,
            states=tuple(StateMapped(before=b, after=a) for b, a in sorted(said.states.items())),
            deadlines=said.deadlines,
            overrides=tuple(
                DeadlineTreated(deadline=name, policy=policy)
                for name, policy in sorted(said.overrides.items())
            ),
            data=tuple(StepDatum(field=f, value=v) for f, v in sorted(said.facts.items())),
        )

    # -- for a case

    def decide(self, r: Case, event: Migrated, moment: Callable[[], Moment]) -> Decided:
        """What becomes of a case; the event's facts are added to `r`, and nothing else."""
        stood, memory = tuple(r.states), dict(r.remembered)
        why = [*self._lost(r), *self._ended(r)]
        event.apply(r, Entry(r.id, r.version + 1, r.addressee, event))
        why += self._misfitting(r)
        if why:
            return Decided(CaseFate.NEEDS_DECISION, why=tuple(why))
        facts = self.after.facts(r)
        targets = sorted({to for leaf in stood if (to := self._counterpart(leaf))})
        try:
            states, remembers = self.after.resume(targets, self._carried(memory), facts)
        except EndlessLoop as loop:
            return Decided(CaseFate.NEEDS_DECISION, why=(str(loop),))
        why = [*self._unlooked_at(stood, states), *self._claimed(r, states)]
        if why:
            return Decided(CaseFate.NEEDS_DECISION, why=tuple(why))
        effects = (
            *_remembered(memory, remembers),
            *carried_over(self.after, r, event, states, facts, moment),
        )
        left = tuple(sorted({*stood} - {*states}))
        entered = tuple(sorted({*states} - {*stood}))
        fate = CaseFate.MOVED if left or entered or effects else CaseFate.SAME
        return Decided(fate, left, entered, effects)

    # -- states

    def _line(self, leaf: str) -> tuple[bool, str | None]:
        """Whether a line of the map is about a state, and what it says. A line that leads to a
        state with others within it is for memories only."""
        lines = self.migration.states
        for name in self.before.around(leaf):
            if name in lines and (lines[name] is None or lines[name] in self.leaves):
                return True, lines[name]
        return False, None

    def _counterpart(self, leaf: str) -> str | None:
        is_said, to = self._line(leaf)
        if is_said:
            return to
        return leaf if leaf in self.leaves else None

    def _has(self, leaf: str) -> bool:
        return self._line(leaf)[0] or leaf in self.leaves

    def _carried(self, memory: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """What history states remember, where both are still there and all it remembers is: what
        does not carry over is forgotten."""
        found: dict[str, tuple[str, ...]] = {}
        for state, names in memory.items():
            to = self.migration.states.get(state, state)
            kind = None if to is None else self.kinds.get(to)
            if to is None or kind not in (Kind.HISTORY, Kind.DEEP_HISTORY):
                continue
            mapped = tuple(n for name in names if (n := self._recalled(name)) is not None)
            if len(mapped) == len(names) and self._fits(to, mapped):
                found[to] = mapped
        return found

    def _recalled(self, name: str) -> str | None:
        if name in self.before.leaves:
            return self._counterpart(name)
        to = self.migration.states.get(name, name)
        return to if to in self.kinds else None

    def _fits(self, history: str, names: Sequence[str]) -> bool:
        """True if a history state may remember these: as deep as its kind says, and none twice."""
        chart = self.after.chart
        parent = chart.parent[chart.index[history]]
        places = [chart.index[name] for name in names]
        if self.kinds[history] is Kind.HISTORY:
            within = all(place in chart.proper[parent] for place in places)
        else:
            within = all(
                chart.within[parent] >> place & 1 and chart.ids[place] in self.leaves
                for place in places
            )
        pairs = combinations(names, 2)
        return within and not any(one == two or self.after.excludes(one, two) for one, two in pairs)

    # -- why a case needs a decision

    def _lost(self, r: Case) -> Iterator[str]:
        for leaf in r.states:
            if leaf not in self.before.chart.index:
                yield f"It stands at {leaf}, which its procedure does not have."
            elif not self._has(leaf):
                yield f"Nothing takes the place of {leaf}: name a state for it, or none."
        known = [leaf for leaf in r.states if leaf in self.before.chart.index]
        targets = sorted({to for leaf in known if (to := self._counterpart(leaf))})
        for one, two in combinations(targets, 2):
            if self.after.excludes(one, two):
                yield f"It would stand at {one} and at {two}, which exclude each other."

    def _ended(self, r: Case) -> Iterator[str]:
        """A case at its end stays as it is, unless the map says what becomes of that very state."""
        ends = {*self.before.definition.ends}
        for leaf in r.states:
            if leaf in self.before.chart.index and leaf not in self.migration.states:
                for end in ends.intersection(self.before.around(leaf)):
                    yield f"It is at its end, at {end}: name a state for {leaf}, if it is to go on."

    def _unlooked_at(self, stood: Sequence[str], states: Sequence[str]) -> Iterator[str]:
        """States that only four eyes lead to, and that a case would come to by the map alone. One
        that stood where four eyes had led it goes over."""
        looked_at = four_eyes.led_to(self.before)
        for state in sorted(self.after.active(states) & four_eyes.led_to(self.after)):
            inside = {leaf for leaf in stood if self._counterpart(leaf) in self._leaves_of(state)}
            if not any(looked_at & self.before.active([leaf]) for leaf in inside):
                yield (
                    f"It would stand at {state}, where only four eyes lead: name a state before "
                    "it, and take the step there."
                )

    def _leaves_of(self, state: str) -> set[str]:
        return {leaf for leaf in self.leaves if state in self.after.around(leaf)}

    def _claimed(self, r: Case, states: Sequence[str]) -> Iterator[str]:
        goes_on = self.after.armed(states).tasks
        for held in r.tasks:
            task = goes_on.get(held.task)
            if held.claims and (task is None or not is_as_it_was(held, task)):
                who = ", ".join(claim.actor for claim in held.claims)
                yield f"{who} has claimed the task {held.task}, which would end: release it first."

    def _misfitting(self, r: Case) -> Iterator[str]:
        for name, fact in self.after.definition.facts.items():
            value = None if fact.filled is None else r.data.get(fact.filled)
            if value is not None and not _is_of(fact, value):
                yield (
                    f"{fact.filled} has been filled in with {value}, which {name} can't read: say "
                    "it among the facts."
                )

    # -- what is wrong with the pair

    def _unknown_states(self) -> Iterator[gate.Fault]:
        if len(self.migration.states) > states_max:
            yield gate.Fault("too-many", f"There are at most {states_max} lines.", "$.states")
        known = self.before.chart
        for before, after in self.migration.states.items():
            where = f"$.states.{before}"
            if before not in known.index:
                states = (state.id for state in self.before.definition.all_states())
                why = f"Before there is no state {before}. {valid(states, before)}"
                yield gate.Fault("unknown-state", why, where)
                continue
            if after is None:
                continue
            kind = self.kinds.get(after)
            if kind is None:
                why = f"Afterwards there is no state {after}. {valid(self.kinds, after)}"
                yield gate.Fault("unknown-state", why, where)
            elif known.kind[known.index[before]] in _MEMORIES:
                if kind not in _MEMORIES:
                    why = f"{before} remembers states, and {after} does not."
                    yield gate.Fault("not-alike", why, where)
            elif before in self.before.leaves and after not in self.leaves:
                why = f"{after} is none that a case stands in: name one that has none within it."
                yield gate.Fault("no-leaf", why, where)
            elif kind in _MEMORIES:
                why = f"{after} remembers states, and {before} does not."
                yield gate.Fault("not-alike", why, where)

    def _fewer_eyes(self) -> Iterator[gate.Fault]:
        """Steps that fewer would have to look at: one person could lead a case over, take the
        step, and lead it back."""
        for name in self.before.specs:
            if name in self.after.specs and four_eyes.fewer(self.before, self.after, name):
                why = (
                    f"Fewer eyes would look at “{name}”: running cases keep those that they began "
                    "with. Adopt the procedure for what comes, and leave these where they are."
                )
                yield gate.Fault("fewer-eyes", why, "$.to")

    def _crowded(self) -> Iterator[gate.Fault]:
        """States that may be active together, and would have to be one."""
        parts = gate.reachable(self.before)
        told: set[tuple[str, str]] = set()
        ranges = [{leaf for some in sets for leaf in some} for sets in parts]
        pairs = {pair for sets in parts for some in sets for pair in combinations(sorted(some), 2)}
        for mine, theirs in combinations(ranges, 2):
            pairs.update((one, two) for one in mine for two in theirs)
        for one, two in sorted(pairs):
            a, b = self._counterpart(one), self._counterpart(two)
            if a and b and self.after.excludes(a, b) and (a, b) not in told:
                told.add((a, b))
                why = (
                    f"A case may be at {one} and at {two}, and can't be at {a} and at {b}: they "
                    "exclude each other."
                )
                yield gate.Fault("exclude-each-other", why, "$.states")

    def _misread_facts(self) -> Iterator[gate.Fault]:
        if len(self.migration.facts) > facts_max:
            yield gate.Fault("too-many", f"There are at most {facts_max} facts.", "$.facts")
        filled = {f.filled: f for f in self.after.definition.facts.values() if f.filled}
        for name, value in self.migration.facts.items():
            where = f"$.facts.{name}"
            step, _, field = name.partition(".")
            if name not in filled:
                why = f"No fact is filled by the field {name}. {valid(sorted(filled), name)}"
                yield gate.Fault("unknown-fact", why, where)
                continue
            form = self.after.specs[step].form
            asked: Field = next(f for f in form if f.name == field)
            try:
                forms.fill_in((asked,), {field: value})
            except InvalidInput as refusal:
                yield gate.Fault("fact-differs", refusal.message, where)

    def _unknown_deadlines(self) -> Iterator[gate.Fault]:
        for name in self.migration.overrides:
            if name not in self.after.deadlines:
                where = f"$.deadline-overrides.{name}"
                why = f"Afterwards there is no deadline {name}. {valid(self.after.deadlines, name)}"
                yield gate.Fault("unknown-deadline", why, where)


def with_outcome(event: Migrated, passage: Passage, decided: Decided) -> Migrated:
    """The event with what was decided."""
    stamp = msgspec.structs.replace(
        event.stamp,
        definition=passage.after.hash,
        left=decided.left,
        entered=decided.entered,
        effects=decided.effects,
    )
    return msgspec.structs.replace(event, stamp=stamp)


_MEMORIES = (Kind.HISTORY, Kind.DEEP_HISTORY)


def _remembered(
    before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> Iterator[AnyEffect]:
    for state in sorted(before.keys() | after.keys()):
        if before.get(state) != after.get(state):
            yield Remembered(state=state, states=after.get(state, ()))


def _is_of(fact: Fact, value: Value) -> bool:
    match fact.type:
        case FactType.FLAG:
            return isinstance(value, bool)
        case FactType.NUMBER:
            return isinstance(value, int) and not isinstance(value, bool)
        case FactType.CHOICE:
            return value in fact.values
        case _:
            return isinstance(value, str)
