"""Procedures made at random: the gate answers for each within its bound, and what it certifies
holds when the procedure is run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest

from tests.length import times
from workflows.procedure import gate
from workflows.procedure.compiled import PAST, Compiled
from workflows.procedure.definition import Definition, Unsound
from workflows.procedure.gate.fault import places
from workflows.procedure.gate.work import work_max
from workflows.procedure.on_recommendation import FACTS
from workflows.procedure.shipped import read, shipped
from workflows.procedure.valuations import domains
from workflows.statecharts.expressions import Value, holds

Said = dict[str, Any]

FACTS: dict[str, Said] = {
    "closed": {"type": "flag"},
    "planned": {"type": "flag"},
    "assigned": {"type": "flag"},
    "position": {"type": "choice", "values": list(FACTS["position"].fact.values)},
    "measures-due": {"type": "day", "optional": True},
}
STEPS = (
    "close",
    "reopen",
    "plan",
    "decree-assignment",
    "end-assignment",
    "take-position",
    "strike",
)
OWN = ("endorse", "pause", "kick")
DAYS = ("2026-01-01", "2026-07-01", "0001-01-01", "9999-12-31")


def condition(random: Random, states: list[str], depth: int = 0) -> str:
    """A condition over facts and states, mostly a small one."""
    if depth < 2 and random.random() < 0.3:
        word = random.choice((" and ", " or "))
        return (
            f"({condition(random, states, depth + 1)}{word}{condition(random, states, depth + 1)})"
        )
    if random.random() < 0.2:
        return f"not {condition(random, states, depth + 1)}"
    match random.randrange(6):
        case 0 | 1:
            return f"at {random.choice(states)}"
        case 2:
            answers = ("supported", "noted", "pending")
            return f'position == "{random.choice(answers)}"'
        case 3:
            day = DAYS[random.choice((0, 0, 0, 0, 1, 1, 1, 2, 3)) if random.random() < 0.2 else 0]
            return random.choice((f'measures-due < "{day}"', "measures-due is unknown"))
        case _:
            return random.choice(("closed", "planned", "assigned"))


def made(random: Random) -> Said:
    """A definition of one to three regions beside the record itself."""
    regions = {
        f"r{n}": [f"r{n}.{sign}" for sign in "abcd"[: random.randint(2, 4)]]
        for n in range(random.randint(1, 3))
    }
    states = [state for some in regions.values() for state in some] + ["record.open"]
    deadlines: list[Said] = []
    for n in range(random.choice((0, 0, 1, 2))):
        due: Said = random.choice(
            ({"after": {"days": random.randint(1, 90)}}, {"fact": "measures-due"})
        )
        one: Said = {"id": f"d{n}", "while": [random.choice(states)], "due": due}
        if random.random() < 0.4:
            one["then"] = random.choice((*OWN, "close", "plan"))
        deadlines.append(one)
    said: Said = {
        "format": "suivi-procedure/1",
        "name": "random",
        "for": {"mechanisms": ["upr"]},
        "ends": ["record.closed"],
        "steps": [{"name": name} for name in STEPS],
        "deadlines": deadlines,
    }
    said["steps"] += [{"name": name, "roles": ["coordinator"]} for name in OWN]
    for step in said["steps"]:
        if random.random() < 0.2:
            step["when"] = condition(random, states)
        if step["name"] in OWN and random.random() < 0.15:
            step["apart-from"] = [random.choice(("plan", *OWN))]

    def moves(mine: list[str], at: str) -> Iterator[Said]:
        if random.random() < 0.9:  # round and round, so that each is reached
            onward = mine[(mine.index(at) + 1) % len(mine)]
            yield {"on": random.choice((*OWN, "plan")), "to": onward}
        for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
            move: Said = {"to": random.choice(mine)}
            kind = random.random()
            if kind < 0.6:
                move["on"] = random.choice(("take-position", "strike", *OWN))
            elif kind < 0.8 and deadlines:
                move["past"] = random.choice(deadlines)["id"]
            elif move["to"] == at:
                continue
            if random.random() < 0.4 or not move.keys() & {"on", "past"}:
                move["when"] = condition(random, states)
            yield move

    said["states"] = [
        {
            "id": "record",
            "states": [
                {"id": "record.open", "bucket": "open"},
                {"id": "record.closed", "bucket": "closed"},
            ],
            "follows": [{"to": "record.closed", "when": "closed"}, {"to": "record.open"}],
        },
        *(
            {
                "id": id,
                "bucket": "not-counted",
                "states": [{"id": at, "moves": [*moves(some, at)]} for at in some],
            }
            for id, some in regions.items()
        ),
    ]
    if random.random() < 0.3:
        kind = random.choice(("always", "never", "eventually"))
        said["promises"] = [{"id": "p", kind: condition(random, states)}]
    read_by = " ".join(conditions(said))
    said["facts"] = {
        name: fact for name, fact in FACTS.items() if re.search(rf"(?<![.\w-]){name}\b", read_by)
    }
    return labelled(said)


def conditions(said: Any) -> Iterator[str]:
    """All that a definition asks of facts."""
    for key, value in said.items() if isinstance(said, dict) else enumerate(said):
        if key in ("when", "always", "never", "eventually", "fact"):
            yield value
        elif isinstance(value, dict | list):
            yield from conditions(value)


def labelled(said: Any) -> Any:
    if isinstance(said, dict):
        named = {key: labelled(value) for key, value in said.items()}
        if {"id", "name"} & said.keys():
            named["labels"] = {"en": "A name"}
        return named
    return [labelled(one) for one in said] if isinstance(said, list) else said


def find(name: str) -> Definition | None:
    return shipped()[name].definition if name in shipped() else None


class Run:
    """A case under way: facts change as steps may change them, deadlines pass where they run."""

    def __init__(self, compiled: Compiled, random: Random) -> None:
        self.compiled = compiled
        self.random = random
        self.domains = domains(compiled.definition.facts, compiled.all_guards())
        self.facts: dict[str, Value | None] = {
            name: random.choice(values) for name, values in self.domains.items()
        }
        self.states = list(compiled.begin(self.facts).entered)

    @property
    def active(self) -> frozenset[str]:
        return self.compiled.active(self.states)

    def take(self) -> None:
        """Takes a step that is open, or lets a deadline pass."""
        compiled = self.compiled
        names = [*compiled.open_steps(self.states, self.facts)]
        running = compiled.armed(self.states).deadlines
        names += [PAST + deadline.id for deadline in running]
        if not names:
            return
        name = self.random.choice(names)
        after = dict(self.facts)
        for fact, values in self.domains.items():
            if name in compiled.changed_by(fact) and self.random.random() < 0.8:
                value = self.random.choice(values)
                if not (value is True and compiled.undoes(name, fact)):
                    after[fact] = value
        stepped = compiled.step(name, self.states, self.facts, after)
        self._no_way_round(name, stepped)
        self.facts, self.states = after, sorted(stepped.snapshot.active)

    def _no_way_round(self, name: str, stepped: Any) -> None:
        """What a step under four eyes leads to is entered by that step."""
        for step in self.compiled.definition.steps:
            if not (step.apart_from or step.approvals) or name == step.name:
                continue
            targets = {
                move.to
                for state in self.compiled.definition.all_states()
                for move in state.moves
                if move.on == step.name and move.to is not None
            }
            others = {
                other.name
                for other in self.compiled.definition.steps
                if {*other.apart_from} >= {*step.apart_from}
            }
            if name in others:
                continue
            entered = {state for micro in stepped.microsteps for state in micro.entered}
            assert not entered & targets - self.active, (name, step.name)

    def check(self) -> None:
        """What was certified holds here."""
        compiled, active = self.compiled, self.active
        for promised in compiled.promises:
            if promised.promise.always is not None:
                assert holds(promised.goal, self.facts, active), promised.promise
            if promised.promise.never is not None:
                assert not holds(promised.goal, self.facts, active), promised.promise
        for state, where in places(compiled.definition.states, "$.states"):
            if state.id not in active:
                continue
            for on in {move.on for move in state.moves if move.on is not None}:
                if on not in compiled.open_steps(self.states, self.facts):
                    continue
                guards = [
                    compiled.guard_at(f"{where}.moves[{n}].when")
                    for n, move in enumerate(state.moves)
                    if move.on == on
                ]
                able = [g for g in guards if g is None or holds(g, self.facts, active)]
                assert len(able) < 2, (state.id, on)


def can_end(compiled: Compiled, run: Run) -> bool:
    """True if a way to the end is found from where a case stands, step by step."""
    ends = {*compiled.definition.ends}
    seen = {(tuple(run.states), tuple(run.facts.items()))}
    queue = [(run.states, run.facts)]
    while queue and len(seen) < 3_000:
        states, facts = queue.pop(0)
        if ends & compiled.active(states):
            return True
        names = [*compiled.open_steps(states, facts)]
        names += [PAST + deadline.id for deadline in compiled.armed(states).deadlines]
        for name in names:
            changing = [fact for fact in facts if name in compiled.changed_by(fact)]
            choices: list[dict[str, Value | None]] = [dict(facts)]
            for fact in changing:
                choices = [
                    {**one, fact: value}
                    for one in choices
                    for value in run.domains[fact]
                    if not (value is True and run.compiled.undoes(name, fact) and not one[fact])
                ]
            for after in choices:
                there = sorted(compiled.step(name, states, facts, after).snapshot.active)
                key = (tuple(there), tuple(after.items()))
                if key not in seen:
                    seen.add(key)
                    queue.append((there, after))
    return len(seen) >= 3_000


@pytest.mark.endurance
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_the_gate_answers_and_what_it_certifies_holds(seed: int) -> None:
    random = Random(seed)
    verdicts: Counter[str] = Counter()
    for _ in range(times(12, long=2_500)):
        said = made(random)
        try:
            definition = read(msgspec.json.encode(said), find)
        except Unsound as refused:
            verdicts[refused.code] += 1
            continue
        report = gate.check(definition)
        assert report.work <= work_max * 1.01
        verdicts.update({fault.code for fault in report.faults} or {"sound"})
        if not report.ok:
            continue
        compiled = Compiled(definition)
        for _ in range(5):
            run = Run(compiled, random)
            for _ in range(25):
                run.check()
                run.take()
            assert can_end(compiled, run), said
    assert verdicts["sound"] > 0, verdicts
    print(verdicts)
