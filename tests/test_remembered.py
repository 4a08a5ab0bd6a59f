"""What is remembered of decisions is what would be decided, whatever the facts, and however many
cases have dates of their own."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.length import times
from workflows.procedure import compiled as deciding
from workflows.procedure.compiled import Compiled, Outcome, signal
from workflows.procedure.definition import Applies, Definition, Follow, Move, StateSpec, StepSpec
from workflows.procedure.shipped import shipped
from workflows.statecharts.expressions import (
    And,
    At,
    Compare,
    Expression,
    Fact,
    FactType,
    Flag,
    Known,
    Not,
    OneOf,
    Or,
    Value,
    holds,
    write,
)

FACTS = {
    "flag": Fact(FactType.FLAG, optional=True, filled="s.flag"),
    "number": Fact(FactType.NUMBER, optional=True, filled="s.number"),
    "text": Fact(FactType.TEXT, optional=True, filled="s.text"),
    "choice": Fact(FactType.CHOICE, ("a", "b", "c"), optional=True, filled="s.choice"),
    "day": Fact(FactType.DAY, optional=True, filled="s.day"),
    "other": Fact(FactType.DAY, optional=True, filled="s.other"),
}
DAY_ONE = date(2026, 1, 1)
STATES = ("one", "two", "three")


def a_value(fact: Fact, random: Random) -> Value:
    match fact.type:
        case FactType.FLAG:
            return random.random() < 0.5
        case FactType.NUMBER:
            return random.randint(-3, 6)
        case FactType.TEXT:
            return random.choice(["", "a", "b", "c", "d"])
        case FactType.CHOICE:
            return random.choice(fact.values)
        case FactType.DAY:
            return (DAY_ONE + timedelta(days=random.randint(0, 12))).isoformat()


def any_facts(facts: dict[str, Fact], random: Random) -> dict[str, Value | None]:
    return {
        name: None if fact.optional and random.random() < 0.2 else a_value(fact, random)
        for name, fact in facts.items()
    }


def any_guard(random: Random, depth: int = 2) -> Expression:
    kind = random.choice(["compare", "compare", "one-of", "known", "flag", "at", "and", "or"])
    if depth and kind in ("and", "or"):
        parts = tuple(any_guard(random, depth - 1) for _ in range(2))
        return And(parts) if kind == "and" else Or(parts)
    if depth and random.random() < 0.2:
        return Not(any_guard(random, depth - 1))
    name = random.choice([name for name in FACTS if name != "flag"])
    fact = FACTS[name]
    ordered = fact.type in (FactType.DAY, FactType.NUMBER)
    by = random.choice(["==", "!=", *(["<", "<=", ">", ">="] * ordered)])
    match kind:
        case "one-of":
            return OneOf(name, tuple(a_value(fact, random) for _ in range(2)))
        case "known":
            return Known(name, random.random() < 0.5)
        case "flag":
            return Flag("flag")
        case "at":
            return At(random.choice(STATES))
    return Compare(name, by, a_value(fact, random))


def any_definition(random: Random) -> Compiled:
    """Three states that steps lead between, and two that facts lead to."""
    steps = [
        StepSpec(name=name, labels={}, when=write(any_guard(random)) if n else None)
        for n, name in enumerate("abc")
    ]
    around = zip(STATES, (*STATES[1:], STATES[0]), strict=True)
    moving = tuple(
        StateSpec(
            id=state,
            labels={},
            moves=tuple(
                Move(on=step.name, when=write(any_guard(random, 1)), to=to) for step in steps
            ),
        )
        for state, to in around
    )
    following = StateSpec(
        id="following",
        labels={},
        states=(StateSpec(id="met", labels={}), StateSpec(id="unmet", labels={})),
        follows=(Follow(to="met", when=write(any_guard(random))), Follow(to="unmet")),
    )
    definition = Definition(
        format="suivi-procedure/1",
        name="any",
        labels={},
        applies=Applies(),
        facts=FACTS,
        states=(StateSpec(id="moving", labels={}, states=moving), following),
        ends=(),
        steps=tuple(steps),
    )
    return Compiled(definition, whole=False)


def decided(
    procedure: Compiled,
    step: str,
    states: tuple[str, ...],
    before: dict[str, Value | None],
    after: dict[str, Value | None],
) -> Outcome:
    """What a step leads to, by the chart itself."""
    active = set(procedure.step(step, states, before, after).snapshot.active)
    return Outcome(tuple(sorted({*states} - active)), tuple(sorted(active - {*states})))


def is_open(
    procedure: Compiled, step: str, states: tuple[str, ...], facts: dict[str, Value | None]
) -> bool:
    """Whether a step is open, by its guard and the chart."""
    guard = procedure.guards[step]
    if guard is not None and not holds(guard, facts, procedure.active(states)):
        return False
    taken = procedure.step(step, states, facts, facts).microsteps
    return step not in procedure.listened or any(m.event == signal(step) for m in taken)


def walked(procedure: Compiled, random: Random, steps: int) -> None:
    """Walks, with facts that change at will, and asks each time for what is remembered."""
    known = procedure.definition.facts
    facts = any_facts(known, random)
    states = procedure.begin(facts).entered
    for _ in range(steps):
        after, step = any_facts(known, random), random.choice([*procedure.guards])
        assert (not procedure.blocked(step, states, facts)) is is_open(
            procedure, step, states, facts
        )
        found = procedure.outcome(step, states, facts, after)
        assert found == decided(procedure, step, states, facts, after)
        states = tuple(sorted({*states}.difference(found.left).union(found.entered)))
        facts = after


@settings(max_examples=times(40, long=2_000))
@given(seed=st.integers(0, 1 << 32))
def test_what_is_remembered_is_what_any_procedure_would_decide(seed: int) -> None:
    random = Random(seed)
    procedure = any_definition(random)
    for _ in range(3):
        walked(procedure, random, 25)


@pytest.mark.parametrize("name", sorted({*shipped()} - {"common"}))
def test_what_is_remembered_is_what_a_procedure_that_ships_would_decide(name: str) -> None:
    for seed in range(3):
        walked(shipped()[name], Random(seed), 60)


def test_cases_that_differ_in_their_dates_alone_share_what_was_decided() -> None:
    procedure = Compiled(shipped()["upr"].definition)
    facts = any_facts(procedure.definition.facts, Random(1))
    days = [name for name, fact in procedure.definition.facts.items() if fact.type == "day"]
    assert days
    states = procedure.begin(facts).entered
    first = procedure.outcome("plan", states, facts, facts)
    for n in range(50):
        own = facts | {name: (DAY_ONE + timedelta(days=n)).isoformat() for name in days}
        assert procedure.outcome("plan", states, own, own) is first


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "remembered_max", 20)
    procedure = any_definition(Random(7))
    walked(procedure, Random(8), 300)
    for known in (procedure._outcomes, procedure._blocked, procedure._armed):
        assert len(known) <= 20
