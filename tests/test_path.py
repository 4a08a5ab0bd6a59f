"""How to get to a state: the shortest way, which can be taken, and how soon."""

from __future__ import annotations

from collections import deque
from datetime import date, timedelta
from pathlib import Path as FilePath
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.casework.held import HandHeld, SuspensionHeld
from domain.casework.steps import take as take_step
from domain.entry import Effective, Entry
from domain.recommendation import Recommendation
from domain.refusals import NotFound
from domain.words import Kind, Mechanism
from tests import given as words
from tests.given import (
    ANY,
    Given,
    any_open_act,
    decreed,
    offered,
    planned,
    received,
    stamp,
    supported,
)
from tests.length import times
from tests.server import running
from workflows.procedure import SHIPPED
from workflows.procedure.compiled import PAST, Compiled
from workflows.procedure.path import Path as Way
from workflows.procedure.path import fact_said, path, places
from workflows.procedure.shipped import read, shipped

TRIES = 400

RECEIVED: dict[str, dict[str, Any]] = {
    "upr": {},
    "treaty-body": {"mechanism": Mechanism.TREATY_BODY},
    "special-procedure": {"mechanism": Mechanism.SPECIAL_PROCEDURE},
    "regional-body": {"mechanism": Mechanism.REGIONAL_BODY},
    "voluntary-pledge": {"kind": Kind.PLEDGE},
}
"""Procedure → what starts under it."""


def way(r: Recommendation, to: str, procedure: Compiled | None = None) -> Way:
    return path(procedure or SHIPPED.of(r), r, to, lambda: SHIPPED.moment(r.addressee))


def named(found: Way) -> list[str]:
    return [step.step for step in found.steps]


def a_history(procedure: str, seed: int, steps: int) -> Given:
    """A recommendation under a procedure, and some steps taken on it."""
    random = Random(seed)
    wordings = ("Ratify", "Report")[: random.randint(1, 2)]
    it = Given(received(wordings=wordings, **RECEIVED[procedure]))
    for _ in range(steps):
        outcome = it.when(any_open_act(it.it, random))
        if outcome.entry is not None:
            it = Given(*it.entries, outcome.entry)
    return it


# --- What is told --------------------------------------------------------------------------------


def test_a_recommendation_is_assigned_and_planned_before_measures_are() -> None:
    found = way(words.given(received()).it, "implementation.planned")
    assert named(found) == ["decree-assignment", "plan"]
    assert [step.so_that for step in found.steps] == [("assigned",), ("planned",)]
    assert found.earliest == SHIPPED.moment("SVN").today


def test_where_it_stands_no_step_leads() -> None:
    found = way(words.given(received(), supported()).it, "position.supported")
    assert (found.reachable, found.steps) == (True, ())


def test_an_offer_that_nobody_made_is_not_accepted() -> None:
    now = words.given(received()).it
    assert "accept-assignment" in SHIPPED.open_steps(now)
    assert named(way(now, "assignment.assigned")) == ["decree-assignment"]
    asked = words.given(received(), offered()).it
    assert named(way(asked, "assignment.assigned")) == ["decree-assignment"]
    assert named(way(asked, "assignment.unassigned")) == ["decline-assignment"]


def test_two_plans_are_struck_one_after_the_other() -> None:
    twice = words.given(received(), decreed(), planned(), planned()).it
    assert named(way(twice, "implementation.not-started")) == ["strike", "strike"]


def test_a_paragraph_of_one_part_never_differs_by_part() -> None:
    assert way(words.given(received()).it, "position.by-part").reachable is False
    two = words.given(received(wordings=("Ratify", "Report"))).it
    assert named(way(two, "position.by-part")) == ["take-position", "take-position"]


def test_a_state_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"“gone”. There are: record, record\.open"):
        way(words.given(received()).it, "gone")


# --- Along random histories ----------------------------------------------------------------------


@settings(max_examples=times(30, long=300), deadline=None)
@given(
    procedure=st.sampled_from(sorted(RECEIVED)),
    seed=st.integers(0, 10**6),
    steps=st.integers(0, 12),
    data=st.data(),
)
def test_following_a_path_arrives(procedure: str, seed: int, steps: int, data: Any) -> None:
    it = a_history(procedure, seed, steps)
    compiled = SHIPPED.of(it.it)
    assert compiled is shipped()[procedure]
    to = data.draw(st.sampled_from(places(compiled)))
    found = way(it.it, to)
    assert found.reachable is not None, "there is not too much to try"
    assume(found.reachable)
    for step in found.steps:
        assert step.step in SHIPPED.open_steps(it.it)
        it = _taken(it, step.step, step.so_that, Random(seed))
    assert to in compiled.active(it.it.states)


def _taken(it: Given, step: str, so_that: tuple[str, ...], random: Random) -> Given:
    """The step taken by some act that makes true what is said, and leaves other facts alone."""
    procedure = SHIPPED.of(it.it)
    known = procedure.definition.facts
    before = procedure.facts(it.it)
    free = [name for name in before if name.endswith("-due")]
    for n in range(TRIES):
        act = ANY[step](it.it, random)
        outcome = it.when(act._replace(said={"on": f"20{30 + n % 60}-01-01", **act.said}))
        if outcome.entry is None:
            continue
        after = Given(*it.entries, outcome.entry)
        facts = procedure.facts(after.it)
        changed = {
            fact_said(name, known[name], facts[name])
            for name in facts
            if facts[name] != before[name] and name not in free
        }
        if changed == {*so_that}:
            return after
    raise AssertionError(f"no act of {step} makes {so_that} true")


@settings(max_examples=times(30, long=300), deadline=None)
@given(
    procedure=st.sampled_from(sorted(RECEIVED)),
    seed=st.integers(0, 10**6),
    steps=st.integers(0, 15),
)
def test_a_path_is_found_in_few_trials(procedure: str, seed: int, steps: int) -> None:
    r = a_history(procedure, seed, steps).it
    for to in places(SHIPPED.of(r)):
        assert way(r, to).tried <= 2_000, to


# --- Against a search that spares nothing --------------------------------------------------------

NAMES = ("a", "b", "c", "d")
FLAGS = tuple(f"said-{name}" for name in NAMES)
STATES = tuple(f"{region}.{n}" for region in ("one", "two", "three") for n in range(3))
_guards = st.one_of(
    st.none(),
    st.sampled_from(FLAGS),
    st.sampled_from(FLAGS).map(lambda fact: f"not {fact}"),
    st.sampled_from(FLAGS).map(lambda fact: f"{fact} is known"),
    st.sampled_from(STATES).map(lambda state: f"at {state}"),
)


@st.composite
def small_charts(draw: st.DrawFn) -> Compiled:
    """A few states in three regions, and steps of a form with one flag; by chance one remembers
    where it was, and some need other persons."""

    def moves(region: str) -> list[dict[str, Any]]:
        inside = [state for state in STATES if state.startswith(region)]
        inside += ["one.paused", "one.last"] if region == "one" else []
        found = []
        for _ in range(draw(st.integers(0, 2))):
            to = draw(st.sampled_from([*inside, *inside, *inside, *STATES]))
            move = {"on": draw(st.sampled_from(NAMES)), "when": draw(_guards), "to": to}
            found.append({key: value for key, value in move.items() if value is not None})
        return found

    label = {"en": "…"}
    regions: list[dict[str, Any]] = []
    for region in ("one", "two", "three"):
        inside: list[dict[str, Any]] = [
            {"id": state, "labels": label, "moves": moves(region)}
            for state in STATES
            if state.startswith(region)
        ]
        if region == "one":
            kind = draw(st.sampled_from(["history", "deep-history"]))
            last = {"id": "one.last", "labels": label, "kind": kind, "initial": "one.1"}
            paused = {"id": "one.paused", "labels": label, "moves": moves(region)}
            work = {"id": "one.work", "labels": label, "states": [*inside, last]}
            inside = [{**work, "moves": moves(region)}, paused]
        regions.append({"id": region, "labels": label, "states": inside, "moves": moves(region)})
    steps = []
    for name in NAMES:
        step: dict[str, Any] = {
            "name": name,
            "labels": label,
            "roles": ["coordinator"],
            "form": [
                {"name": "said", "labels": label, "type": "flag", "required": draw(st.booleans())}
            ],
        }
        if (when := draw(_guards)) is not None:
            step["when"] = when
        if draw(st.integers(0, 3)) == 0:
            step["apart-from"] = [draw(st.sampled_from(NAMES))]
        steps.append(step)
    said = {
        "format": "suivi-procedure/1",
        "name": "small",
        "labels": label,
        "for": {"mechanisms": ["upr"]},
        "facts": {
            fact: {"type": "flag", "optional": True, "filled": f"{fact[-1]}.said"} for fact in FLAGS
        },
        "states": regions,
        "ends": ["one.2"],
        "steps": steps,
    }
    return Compiled(read(msgspec.json.encode(said), lambda name: None))


def fewest(procedure: Compiled, begun: tuple[str, ...]) -> dict[str, int]:
    """How many steps it takes to each state, when everything is tried everywhere."""
    found: dict[str, int] = {}
    required = {
        name for name, spec in procedure.specs.items() if any(field.required for field in spec.form)
    }
    first = (begun, (), (), frozenset[str]())
    seen, queue = {first}, deque([(first, 0)])
    while queue:
        (states, remembered, facts, taken), count = queue.popleft()
        for state in procedure.active(states):
            found.setdefault(state, count)
        before = dict(facts)
        for name in NAMES:
            apart = procedure.specs[name].apart_from
            if not taken.issuperset(apart) or procedure.blocked(name, states, before):
                continue
            for value in (True, False, *(() if name in required else (None,))):
                said = {} if value is None else {f"said-{name}": value}
                after = {**before, **said}
                outcome = procedure.outcome(name, states, before, after, dict(remembered))
                place = (
                    tuple(sorted({*states}.difference(outcome.left).union(outcome.entered))),
                    tuple(sorted({**dict(remembered), **dict(outcome.remembered)}.items())),
                    tuple(sorted(after.items())),
                    taken | {name},
                )
                if place not in seen:
                    seen.add(place)
                    queue.append((place, count + 1))
    return found


@settings(max_examples=times(30, long=300), deadline=None)
@given(procedure=small_charts())
def test_no_way_is_shorter(procedure: Compiled) -> None:
    r = words.given(received()).it.clone()
    begun = procedure.begin(procedure.facts(r)).entered
    r.states, r.deadlines = list(begun), []
    known = fewest(procedure, begun)
    for to in places(procedure):
        found = way(r, to, procedure)
        assert (found.reachable, len(found.steps)) == (to in known, known.get(to, 0)), to


# --- Deadlines and four eyes ---------------------------------------------------------------------

SILENT = """
format: suivi-overlay/1
name: silent
extends: upr
labels: {en: Silence counts}
for: {mechanisms: [upr]}
operations:
  - op: add-state
    state:
      id: cabinet
      labels: {en: Cabinet}
      states:
        - id: cabinet.idle
          labels: {en: Idle}
          moves: [{on: submit, to: cabinet.waits}]
        - id: cabinet.waits
          labels: {en: Waits}
          moves: [{past: silence, to: cabinet.agreed}, {on: refuse, to: cabinet.idle}]
        - id: cabinet.agreed
          labels: {en: Agreed}
          moves: [{on: seal, to: cabinet.sealed}]
        - {id: cabinet.sealed, labels: {en: Sealed}}
  - {op: add-step, step: {name: submit, labels: {en: Submit}, roles: [coordinator]}}
  - {op: add-step, step: {name: refuse, labels: {en: Refuse}, roles: [coordinator]}}
  - op: add-step
    step:
      name: seal
      labels: {en: Seal}
      roles: [coordinator]
      apart-from: [submit]
      approvals: {needed: 2, of: [{role: clerk}, {institution: justice}, {institution: labour}]}
  - op: add-deadline
    deadline:
      id: silence
      while: [cabinet.waits]
      due: {after: {days: 30}}
      labels: {en: Silence of the cabinet}
"""
"""What a cabinet does not refuse within thirty days, it has agreed to."""


def silent(r: Recommendation) -> tuple[Compiled, Recommendation]:
    procedure = Compiled(read(SILENT.encode(), lambda name: shipped()[name].definition))
    r.states = list(procedure.begin(procedure.facts(r)).entered)
    return procedure, r


def test_silence_is_waited_for_from_the_day_it_can_begin() -> None:
    procedure, r = silent(words.given(received()).it)
    today = SHIPPED.moment("SVN").today
    found = way(r, "cabinet.agreed", procedure)
    assert named(found) == ["submit", f"{PAST}silence"]
    assert [step.deadline for step in found.steps] == [None, "silence"]
    agreed = (date.fromisoformat(today) + timedelta(days=30)).isoformat()
    assert [step.earliest for step in found.steps] == [today, agreed]
    assert found.earliest == agreed


def test_a_deadline_that_is_set_passes_on_the_day_it_is_due() -> None:
    procedure, r = silent(words.given(received()).it)
    own = take_step(r, stamp(on="2026-06-01"), "submit")
    event = SHIPPED.decide(r, procedure, "submit", own, lambda: SHIPPED.moment("SVN"))
    r.follow(Entry(r.id, r.version + 1, r.addressee, event))
    held = r.deadline("silence")
    assert held is not None
    assert held.day == "2026-07-01"
    r.deadlines = [
        msgspec.structs.replace(one, day="2199-01-31") if one is held else one
        for one in r.deadlines
    ]
    found = way(r, "cabinet.agreed", procedure)
    assert named(found) == [f"{PAST}silence"]
    assert found.earliest == "2199-01-31"
    r.suspended = SuspensionHeld(version=2, since=Effective())
    assert named(way(r, "cabinet.agreed", procedure)) == ["resume", f"{PAST}silence"]


def test_a_path_says_who_else_is_needed() -> None:
    procedure, r = silent(words.given(received()).it)
    found = way(r, "cabinet.sealed", procedure)
    assert named(found) == ["submit", f"{PAST}silence", "seal"]
    assert found.steps[-1].needs == (
        "another person than the one who takes “submit” takes it",
        "2 of 3 others than who drafted it have approved it (0 have)",
    )
    assert found.steps[-1].earliest == found.steps[1].earliest


def test_a_system_that_names_nobody_has_to_be_followed_by_a_person() -> None:
    procedure, r = silent(words.given(received()).it)
    r.states = [*(s for s in r.states if s != "cabinet.idle"), "cabinet.agreed"]
    r.hands["submit"] = HandHeld(version=1, actor=None)
    assert way(r, "cabinet.sealed", procedure).reachable is False
    r.hands["submit"] = HandHeld(version=1, actor="p-1")
    (step,) = way(r, "cabinet.sealed", procedure).steps
    assert step.needs[0] == "another person than the one who took “submit” takes it"
    assert "p-1" not in " ".join(step.needs), "who it was is for those to see who may"


# --- Over GraphQL --------------------------------------------------------------------------------

PATH = """query($id: ID!, $to: String!) { recommendation(id: $id) { path(to: $to, language: "fr") {
    reachable earliest why steps { step label isDeadline roles soThat needs earliest } } } }"""


def test_a_recommendation_tells_how_to_get_to_a_state(tmp_path: FilePath) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as here:
        id = here.receive()
        found = here.ask("reader", PATH, id=id, to="implementation.planned")["recommendation"]
        steps = found["path"]["steps"]
        assert found["path"]["reachable"] is True
        assert [step["label"] for step in steps] == [
            "Attribuer par décision",
            "Planifier des mesures",
        ]
        assert [step["roles"] for step in steps] == [
            ["COORDINATOR"],
            ["COORDINATOR", "FOCAL_POINT"],
        ]
        assert [step["soThat"] for step in steps] == [["assigned"], ["planned"]]
        assert found["path"]["earliest"] == steps[-1]["earliest"]
        refused = here.refused("reader", PATH, id=id, to="gone")
        assert "There are: record, record.open" in refused["message"]
