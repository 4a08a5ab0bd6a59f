"""Statecharts: whatever the chart and whatever happens to it, a step leaves it standing rightly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from tests.length import times
from workflows.statecharts.kernel import (
    Active,
    Chart,
    Emit,
    EndlessLoop,
    Event,
    Kind,
    MalformedChart,
    Snapshot,
    State,
    Stepped,
    Transition,
    matches,
    start,
    step,
)

EVENTS = ("a", "b", "a.b")


class Told:
    """A behaviour whose guards are states that must be active, or true and false, and whose
    actions are effects, or events where they are said to be."""

    def holds(self, guard: Any, event: Event | None, active: Active, emit: Emit) -> bool:
        return guard in active if isinstance(guard, str) else bool(guard)

    def run(self, actions: Sequence[Any], event: Event | None, active: Active, emit: Emit) -> None:
        for action in actions:
            emit(action)

    def done_data(self, content: Any, event: Event | None, active: Active, emit: Emit) -> Any:
        return content


told = Told()


def to(*targets: str, on: str = "", **more: Any) -> Transition:
    return Transition(events=tuple(on.split()), targets=targets, **more)


def state(id: str, *parts: Any, **more: Any) -> State:
    """A state from its children and transitions, as one would write it down."""
    children = tuple(part for part in parts if isinstance(part, State))
    proper = [c for c in children if c.kind not in (Kind.HISTORY, Kind.DEEP_HISTORY)]
    more.setdefault("kind", Kind.COMPOUND if proper else Kind.ATOMIC)
    transitions = tuple(part for part in parts if isinstance(part, Transition))
    return State(id=id, children=children, transitions=transitions, **more)


def final(id: str) -> State:
    return State(id=id, kind=Kind.FINAL)


def walk(root: State, *events: str) -> Stepped:
    chart = Chart(root)
    stepped = start(chart, told)
    for event in events:
        stepped = step(chart, stepped.snapshot, Event(event), told)
    return stepped


# --- Any chart -----------------------------------------------------------------------------------


@st.composite
def charts(draw: st.DrawFn) -> State:
    """Charts of up to some dozen states, with every kind of state and transition."""
    numbers = iter(range(1, 1_000))
    ids: list[str] = []

    def shape(depth: int) -> State:
        id = f"s{next(numbers)}"
        ids.append(id)
        count = draw(st.integers(0, 3)) if depth < 3 else 0
        if count == 0:
            kind = draw(st.sampled_from([Kind.ATOMIC, Kind.ATOMIC, Kind.FINAL]))
            return State(id=id, kind=kind)
        kind = draw(st.sampled_from([Kind.COMPOUND, Kind.PARALLEL]))
        children = [shape(depth + 1) for _ in range(count)]
        if draw(st.booleans()):
            memory = f"h{next(numbers)}"
            default = Transition(targets=(draw(st.sampled_from(children)).id,))
            deep = draw(st.sampled_from([Kind.HISTORY, Kind.DEEP_HISTORY]))
            if kind is Kind.COMPOUND:
                children.append(State(id=memory, kind=deep, initial=default))
                ids.append(memory)
        return State(id=id, kind=kind, children=tuple(children))

    def with_transitions(state: State) -> State:
        if state.kind in (Kind.HISTORY, Kind.DEEP_HISTORY):
            return state
        some = []
        if state.kind is not Kind.FINAL:
            for _ in range(draw(st.integers(0, 2))):
                target = draw(st.sampled_from(["", *ids]))
                raised = draw(st.sampled_from([None, *EVENTS]))
                some.append(
                    Transition(
                        events=(draw(st.sampled_from([*EVENTS, "*"])),),
                        targets=(target,) if target else (),
                        guard=draw(st.sampled_from([None, True, False, *ids])),
                        internal=draw(st.booleans()),
                        actions=(f"{state.id}!",) if raised is None else (Event(raised),),
                    )
                )
        return msgspec.structs.replace(
            state,
            transitions=tuple(some),
            children=tuple(map(with_transitions, state.children)),
            entering=((f"+{state.id}",),),
            leaving=((f"-{state.id}",),),
        )

    children = [shape(1) for _ in range(draw(st.integers(1, 3)))]
    tree = State(id="root", kind=Kind.COMPOUND, children=tuple(children))
    return msgspec.structs.replace(tree, children=tuple(map(with_transitions, tree.children)))


def stands_rightly(chart: Chart, snapshot: Snapshot) -> None:
    """Of a compound state one child is active, of a parallel one all."""
    active = chart.decode(snapshot.active) | 1
    for i, kind in enumerate(chart.kind):
        if not active >> i & 1:
            continue
        below = [child for child in chart.proper[i] if active >> child & 1]
        if kind is Kind.COMPOUND:
            assert len(below) == 1, chart.ids[i]
        elif kind is Kind.PARALLEL:
            assert below == chart.proper[i], chart.ids[i]
        if i:
            assert active >> chart.parent[i] & 1


@hypothesis.settings(max_examples=times(100, long=2_000))
@hypothesis.given(charts(), st.lists(st.sampled_from([*EVENTS, "unknown"]), max_size=8))
def test_whatever_happens_one_child_of_each_active_state_is_active_and_all_regions(
    root: State, events: list[str]
) -> None:
    chart = Chart(root)
    try:
        stepped = start(chart, told)
        for microstep in stepped.microsteps:
            in_order = sorted(microstep.entered, key=chart.index.__getitem__)
            assert list(microstep.entered) == in_order, "parents before children"
        for name in events:
            stands_rightly(chart, stepped.snapshot)
            before = stepped.snapshot
            stepped = step(chart, before, Event(name), told)
            assert step(chart, before, Event(name), told) == stepped, "a step is pure"
            written = msgspec.json.encode(stepped.snapshot)
            assert msgspec.json.decode(written, type=Snapshot) == stepped.snapshot
            told_of = [e for e in stepped.effects if isinstance(e, str) and e[0] in "+-"]
            moved = [
                sign + id
                for micro in stepped.microsteps
                for sign, ids in (("-", micro.left), ("+", micro.entered))
                for id in ids
            ]
            assert told_of == moved, "a state is left before it is entered, children first"
        stands_rightly(chart, stepped.snapshot)
    except EndlessLoop as loop:
        hypothesis.assume("follow at once" in str(loop))


# --- What the suite leaves out --------------------------------------------------------------------


def test_an_event_nobody_takes_changes_nothing() -> None:
    root = state("root", state("a", to("b", on="go")), state("b"))
    stepped = walk(root, "stop")
    assert (stepped.snapshot, stepped.microsteps) == (walk(root).snapshot, ())


def test_a_transition_of_an_inner_state_pre_empts_that_of_an_outer_one() -> None:
    inner = state("in", to("far", on="go"))
    other = state("other", to("near", on="go"), state("other1"))
    root = state(
        "root",
        state("both", to("far", on="go"), inner, other, kind=Kind.PARALLEL),
        state("far"),
        state("near"),
    )
    assert walk(root, "go").snapshot.active == ("far",)


def test_history_remembers_shallowly_or_deeply() -> None:
    def of(kind: Kind) -> State:
        return state(
            "root",
            state(
                "work",
                to("pause", on="stop"),
                state("first"),
                state("second", state("second.a", to("second.b", on="on")), state("second.b")),
                State(id="memory", kind=kind, initial=to("first")),
            ),
            state("pause", to("memory", on="go"), to("second", on="jump")),
        )

    for kind, back in ((Kind.HISTORY, "second.a"), (Kind.DEEP_HISTORY, "second.b")):
        stepped = walk(of(kind), "stop", "jump", "on", "stop", "go")
        assert stepped.snapshot.active == (back,)
        assert walk(of(kind), "stop", "go").snapshot.active == ("first",)


def test_a_finished_chart_takes_nothing_more() -> None:
    root = state("root", state("a", to("end", on="go")), final("end"), to("a", on="go"))
    stepped = walk(root, "go")
    assert stepped.done
    assert walk(root, "go", "go").snapshot == stepped.snapshot


def test_all_regions_finished_is_an_event() -> None:
    region = [
        state(f"r{n}", state(f"r{n}a", to(f"r{n}z", on=f"go{n}")), final(f"r{n}z")) for n in (1, 2)
    ]
    both = state("both", to("after", on="done.state.both"), *region, kind=Kind.PARALLEL)
    root = state("root", both, state("after"))
    assert walk(root, "go1").snapshot.active == ("r1z", "r2a")
    assert walk(root, "go1", "go2").snapshot.active == ("after",)


def test_transitions_without_end_are_refused() -> None:
    root = state("root", state("a", to("b")), state("b", to("a")))
    with pytest.raises(EndlessLoop, match="a, b"):
        walk(root)


@pytest.mark.parametrize(
    ("root", "why"),
    [
        (state("root", state("a"), state("a")), "several states called a"),
        (state("root", state("a", to("nowhere", on="go"))), "nowhere"),
        (state("root", State(id="a", kind=Kind.COMPOUND)), "needs states"),
        (state("root", state("a", state("b"), kind=Kind.FINAL)), "may have no states"),
        (state("root", state("a"), State(id="h", kind=Kind.HISTORY)), "default"),
        (state("root", state("a", state("b"), initial=to("c")), state("c")), "outside"),
        (state("root", state("a"), kind=Kind.PARALLEL), "compound"),
    ],
)
def test_states_that_make_no_chart_are_refused(root: State, why: str) -> None:
    with pytest.raises(MalformedChart, match=why):
        Chart(root)


@pytest.mark.parametrize(
    ("descriptor", "event", "fits"),
    [
        ("a", "a", True),
        ("a", "a.b", True),
        ("a", "ab", False),
        ("a.*", "a.b", True),
        ("a.", "a", True),
        ("*", "anything.at.all", True),
        ("a.b", "a", False),
    ],
)
def test_a_descriptor_fits_names_it_begins(descriptor: str, event: str, fits: bool) -> None:
    assert matches([descriptor], event) is fits
