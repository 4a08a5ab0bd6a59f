"""The charts that engines are compared on, and the walks through them.

Each is a definition as procedures are, so that what runs is what the product runs; others are told
the same tree of states, with the same guards. A walk ends where it began, and is walked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import msgspec

from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Applies, Definition, Move, StateSpec, StepSpec
from workflows.procedure.on_recommendation import FACTS
from workflows.procedure.shipped import shipped
from workflows.statecharts.expressions import Facts, Value
from workflows.statecharts.kernel import Chart, Kind, State


class Taken(NamedTuple):
    """A step of a walk: the facts before it, and after it."""

    step: str
    before: Facts
    after: Facts


class Case(NamedTuple):
    """A procedure, its chart as the bare kernel and others have it, and a walk."""

    name: str
    procedure: Compiled
    chart: Chart
    walk: Sequence[Taken]


def cases() -> list[Case]:
    """From the smallest chart there is to what is shipped."""
    return [
        case("three states in a ring", ring(), ["go"] * 3),
        case("a case in three regions", regions(), CASE),
        case("the UPR profile", shipped()["upr"], LIFE),
        case(AS_PEOPLES, shipped()["upr"], DATED),
    ]


AS_PEOPLES = "the UPR profile, as people's cases are"

CASE: list[str | tuple[str, dict[str, Value]]] = [
    "submit",
    "pass",
    ("assign", {"assigned": True}),
    "pass",
    "return",
    "submit",
    "pass",
    "pass",
    "report",
    "report",
    ("declare", {"declared": True}),
    ("close", {"closed": True}),
    ("reopen", {"closed": False, "declared": False, "assigned": False}),
]
"""An approval is refused once, given, the work done and declared; then all begins anew. The first
`pass` is open to nobody yet."""

LIFE: list[str | tuple[str, dict[str, Value]]] = [
    "classify",
    ("take-position", {"position": "supported"}),
    ("offer-assignment", {"offered": True}),
    ("accept-assignment", {"offered": False, "assigned": True}),
    ("plan", {"planned": True}),
    "draft-progress",
    "clear-progress",
    ("publish-progress", {"progress-published": True}),
    "assess",
    ("report", {"reported": True}),
    ("declare-implemented", {"declared": True}),
    ("close", {"closed": True}),
    (
        "strike",
        {
            "position": "pending",
            "assigned": False,
            "planned": False,
            "progress-published": False,
            "reported": False,
            "declared": False,
            "closed": False,
        },
    ),
]
"""A life of twelve steps; the last one takes all back."""


DATED: list[str | tuple[str, dict[str, Value | None]]] = [
    "classify",
    ("defer-position", {"answer-due": "2026-06-30"}),
    ("take-position", {"position": "supported"}),
    ("offer-assignment", {"offered": True, "offer-answer-due": "2026-09-01"}),
    ("accept-assignment", {"offered": False, "offer-answer-due": None, "assigned": True}),
    ("plan", {"planned": True, "measures-due": "2028-12-31"}),
    ("publish-progress", {"progress-published": True}),
    ("report", {"reported": True}),
    ("declare-implemented", {"declared": True}),
    ("close", {"closed": True}),
    (
        "strike",
        {
            "answer-due": None,
            "position": "pending",
            "assigned": False,
            "planned": False,
            "measures-due": None,
            "progress-published": False,
            "reported": False,
            "declared": False,
            "closed": False,
        },
    ),
]
"""A life with dates, which each case has of its own."""


def with_own_dates(walk: Sequence[Taken], random: Random) -> list[Taken]:
    """A walk of another case: the same steps, and other days wherever one is known."""
    days: dict[Value, str] = {}

    def own(facts: Facts) -> Facts:
        return {
            name: days.setdefault(value, any_day(random))
            if isinstance(value, str) and value[:2] == "20"
            else value
            for name, value in facts.items()
        }

    return [Taken(step, own(before), own(after)) for step, before, after in walk]


def any_day(random: Random) -> str:
    return f"20{random.randint(20, 39)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"


def case(
    name: str, procedure: Compiled, steps: Iterable[str | tuple[str, Mapping[str, Value | None]]]
) -> Case:
    known = procedure.definition.facts
    facts: dict[str, Value | None] = {
        name: None if known[name].optional else False for name in procedure.fact_names
    }
    if "position" in facts:
        facts["position"] = "pending"
    walk = []
    for step in steps:
        named, changes = (step, {}) if isinstance(step, str) else step
        after = {**facts, **changes}
        walk.append(Taken(named, facts, after))
        facts = after
    assert facts == walk[0].before, "a walk ends where it began"
    (whole,) = procedure.chart.states[0].children
    alone = len(whole.children) == 1
    return Case(name, procedure, Chart(whole.children[0]) if alone else procedure.chart, walk)


def ring() -> Compiled:
    states = [state(f"ring.{a}", [Move(on="go", to=f"ring.{b}")]) for a, b in ("ab", "bc", "ca")]
    return compiled([state("ring", [], *states)])


def regions() -> Compiled:
    """A record, an approval that passes through two offices, and work that waits for both."""
    record = state(
        "record",
        [],
        state("record.open", [Move(on="close", when="declared", to="record.closed")]),
        state("record.closed", [Move(on="reopen", to="record.open")]),
    )
    examined = state(
        "approval.examined",
        [Move(on="return", to="approval.draft")],
        state(
            "approval.legal",
            [Move(on="pass", when="assigned and at record.open", to="approval.finance")],
        ),
        state(
            "approval.finance",
            [Move(on="pass", when="assigned and not declared", to="approval.approved")],
        ),
    )
    approval = state(
        "approval",
        [],
        state("approval.draft", [Move(on="submit", to="approval.examined")]),
        examined,
        state("approval.approved", [Move(on="reopen", to="approval.draft")]),
    )
    work = state(
        "work",
        [],
        state("work.idle", [Move(when="assigned and at approval.approved", to="work.running")]),
        state(
            "work.running",
            [Move(when="declared", to="work.done")],
            state("work.planning", [Move(on="report", to="work.reporting")]),
            state("work.reporting", [Move(on="report", when="assigned", to="work.planning")]),
        ),
        state("work.done", [Move(on="reopen", to="work.idle")]),
    )
    return compiled([record, approval, work])


def state(id: str, moves: Sequence[Move], *states: StateSpec) -> StateSpec:
    return StateSpec(id=id, labels={}, moves=tuple(moves), states=states)


def compiled(states: Sequence[StateSpec]) -> Compiled:
    """A procedure of some states, in which any step that moves one is open to all."""
    facts = ("assigned", "declared", "closed") if len(states) > 1 else ()
    definition = Definition(
        format="suivi-procedure/1",
        name="measured",
        labels={},
        applies=Applies(),
        facts={name: FACTS[name].fact for name in facts},
        states=tuple(states),
        ends=(),
        steps=(),
    )
    named = {move.on: None for s in definition.all_states() for move in s.moves if move.on}
    steps = tuple(StepSpec(name=name, labels={}) for name in named)
    return Compiled(msgspec.structs.replace(definition, steps=steps))


# --- As others are told -----------------------------------------------------------------------


def plain(id: str) -> str:
    """An id in letters that every engine takes."""
    return re.sub(r"\W", "_", id)


def told(case: Case) -> dict[str, Any]:
    """A case as plain data."""
    root = case.chart.states[0]
    if len(root.children) == 1:
        (root,) = root.children  # what is around it is active always and decides nothing
    walk = [
        {"name": plain(f"step.{t.step}"), "before": facts(t.before), "after": facts(t.after)}
        for t in case.walk
    ]
    return {"root": tree(root), "walk": walk}


def facts(values: Mapping[str, Value | None]) -> dict[str, Value | None]:
    return {plain(name): value for name, value in values.items()}


def tree(state: State) -> dict[str, Any]:
    initial = None
    if state.kind is Kind.COMPOUND:
        initial = state.initial.targets[0] if state.initial else state.children[0].id
    return {
        "id": plain(state.id),
        "kind": state.kind.value,
        "initial": initial and plain(initial),
        "states": [tree(child) for child in state.children],
        "moves": [
            {
                "on": plain(move.events[0]) if move.events else None,
                "guard": move.guard and guard(msgspec.to_builtins(move.guard.expression)),
                "to": plain(move.targets[0]) if move.targets else None,
                "internal": move.internal,
            }
            for move in state.transitions
        ],
    }


def guard(said: Any) -> Any:
    """An expression as plain data, its names plain."""
    if isinstance(said, (list, tuple)):
        return [guard(part) for part in said]
    if not isinstance(said, dict):
        return said
    named = {key: plain(said[key]) for key in ("fact", "state") if key in said}
    return {key: guard(value) for key, value in said.items()} | named
