"""Where a case was before, a history state leads it back to: kept in the record, and drawn."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.effects import Remembered
from domain.recommendation import fold
from tests import given as words
from tests.given import received
from tests.length import times
from tests.server import ROOT, SUIVI, Server, running
from tests.test_own_procedures import adopted, published
from tests.test_path import NAMES, small_charts, way
from workflows.procedure.compiled import Compiled, Outcome, signal
from workflows.procedure.definition import Definition
from workflows.procedure.drawing import svg
from workflows.procedure.gate import check
from workflows.procedure.pictures import mermaid, scxml
from workflows.procedure.replay import replay
from workflows.procedure.shipped import read, shipped
from workflows.procedure.what_if import Fate, retell
from workflows.statecharts.kernel import Event, start, step

PAUSED = """
format: suivi-overlay/1
name: with-pauses
extends: upr
labels: {en: A bill may be left lying}
for: {mechanisms: [upr]}
operations:
  - op: add-state
    state:
      id: bill
      labels: {en: Bill}
      bucket: not-counted
      states:
        - id: bill.work
          labels: {en: Under way}
          moves: [{on: leave-lying, to: bill.paused}]
          states:
            - {id: bill.draft, labels: {en: Draft}, moves: [{on: pass-on, to: bill.reading}]}
            - id: bill.reading
              labels: {en: Reading}
              states:
                - {id: bill.first, labels: {en: First}, moves: [{on: pass-on, to: bill.second}]}
                - {id: bill.second, labels: {en: Second}}
            - id: bill.before
              labels: {en: Where it was}
              kind: deep-history
              initial: bill.draft
        - id: bill.paused
          labels: {en: Left lying}
          moves: [{on: take-up, to: bill.before}]
  - {op: add-step, step: {name: pass-on, labels: {en: Pass on}, roles: [coordinator]}}
  - {op: add-step, step: {name: leave-lying, labels: {en: Leave lying}, roles: [coordinator]}}
  - {op: add-step, step: {name: take-up, labels: {en: Take up}, roles: [coordinator]}}
"""
"""A bill that was left lying is taken up where it was."""

LIFE = ("pass-on", "pass-on", "leave-lying", "take-up")
STATES = "query($id: ID!) { recommendation(id: $id) { states version } }"


def paused(text: str = PAUSED) -> Definition:
    return read(text.encode(), lambda name: shipped()[name].definition)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        adopted(server, published(server, PAUSED))
        id = server.receive()
        for name in LIFE:
            told = server.step("coordinator", "takeStep", id, step=name)
            assert told["errors"] == [], told
        yield server, id


# --- Over the record -----------------------------------------------------------------------------


def test_what_was_left_lying_is_taken_up_where_it_was(here: tuple[Server, str]) -> None:
    server, id = here
    states = server.ask("reader", STATES, id=id)["recommendation"]["states"]
    assert "bill.second" in states
    log = server.service.log
    (stream,) = [s for s in log.read_streams(log.size - 1) if s[0].event.topic.startswith("recom")]
    effects = [effect for entry in stream for effect in entry.stamp.effects]
    kept = [effect for effect in effects if isinstance(effect, Remembered)]
    assert kept == [Remembered(state="bill.before", states=("bill.second",))]
    folded = fold(stream)
    assert folded is not None
    assert folded.remembered == {"bill.before": ("bill.second",)}


@pytest.mark.slow
def test_what_is_remembered_comes_out_the_same_when_it_is_decided_again(
    here: tuple[Server, str], tmp_path: Path
) -> None:
    server, id = here
    before = server.ask("reader", STATES, id=id)
    log = server.service.log
    found = replay(server.service.desk.procedures, log.read_streams(log.size - 1))
    assert (found.ok, found.steps) == (True, 1 + len(LIFE))
    server.service.feed.rebuild()
    assert server.ask("reader", STATES, id=id) == before
    done = subprocess.run(
        [*SUIVI, "replay", "--check", "--json"],
        cwd=ROOT,
        env={"SUIVI_DATABASE_URL": f"sqlite:///{tmp_path / 'suivi.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["different"] == 0


def test_a_memory_that_the_record_lost_is_found_by_a_replay(here: tuple[Server, str]) -> None:
    server, _ = here
    log = server.service.log
    (stream,) = [s for s in log.read_streams(log.size - 1) if s[0].event.topic.startswith("recom")]
    forgotten = [
        entry._replace(
            event=msgspec.structs.replace(
                entry.event, stamp=msgspec.structs.replace(entry.stamp, effects=())
            )
        )
        for entry in stream
    ]
    found = replay(server.service.desk.procedures, [forgotten])
    assert {"leave-lying", "take-up"} <= {different.step for different in found.differences}


def test_what_if_carries_what_is_remembered(here: tuple[Server, str]) -> None:
    server, _ = here
    log, procedures = server.service.log, server.service.desk.procedures
    (stream,) = [s for s in log.read_streams(log.size - 1) if s[0].event.topic.startswith("recom")]
    same = retell(stream, procedures.of, Compiled(paused()))
    assert (same.fate, "bill.second" in same.would_stand) == (Fate.SAME, True)
    shallow = Compiled(paused(PAUSED.replace("kind: deep-history", "kind: history")))
    other = retell(stream, procedures.of, shallow)
    assert (other.fate, "bill.first" in other.would_stand) == (Fate.ELSEWHERE, True)


# --- Before it is used ---------------------------------------------------------------------------


def test_the_gate_asks_that_something_leads_to_a_history_state() -> None:
    assert check(paused()).ok
    lost = paused(PAUSED.replace("to: bill.before", "to: bill.draft"))
    assert [(f.code, "bill.before" in f.message) for f in check(lost).faults] == [
        ("unreachable", True)
    ]


def test_a_history_state_says_where_it_leads_at_first() -> None:
    report = check(paused(PAUSED.replace("              initial: bill.draft\n", "")))
    assert [fault.code for fault in report.faults] == ["no-chart"]


def test_a_path_goes_by_what_is_remembered() -> None:
    procedure = Compiled(paused())
    r = words.given(received()).it
    r.states = [*r.states, "bill.paused"]
    back = [s.step for s in way(r, "bill.second", procedure).steps]
    assert back == ["take-up", "pass-on", "pass-on"]
    r.remembered = {"bill.before": ("bill.second",)}
    assert [s.step for s in way(r, "bill.second", procedure).steps] == ["take-up"]
    assert way(r, "bill.draft", procedure).reachable is False


def test_a_memory_of_another_procedure_means_nothing() -> None:
    procedure = Compiled(paused())
    states = [*procedure.begin({}).entered]
    states = [*(s for s in states if not s.startswith("bill")), "bill.paused"]
    for stale in ({"gone": ("bill.second",)}, {"bill.before": ("gone",)}):
        assert "bill.draft" in procedure.outcome("take-up", states, {}, {}, stale).entered


# --- Pictures ------------------------------------------------------------------------------------


def test_a_history_state_is_drawn_with_its_default() -> None:
    drawn = mermaid(paused())
    lines = [line.strip() for line in drawn.splitlines()]
    (named,) = [line for line in lines if "Where it was (H*)" in line]
    place = named.rpartition(" ")[2]
    (draft,) = [line.rpartition(" ")[2] for line in lines if 'state "Draft"' in line]
    assert f"{place} --> {draft}" in lines
    groups = parsed(svg(paused())).iter()
    (group,) = [group for group in groups if group.get("data-state") == "bill.before"]
    assert "H* … → Draft" in [text.text for text in group]


def parsed(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)  # noqa: S314 - our own


def test_a_history_state_is_one_in_scxml() -> None:
    spaced = "{http://www.w3.org/2005/07/scxml}"
    root = parsed(scxml(Compiled(paused())))
    (found,) = root.iter(f"{spaced}history")
    assert (found.get("id"), found.get("type")) == ("bill.before", "deep")
    assert [t.get("target") for t in found.iter(f"{spaced}transition")] == ["bill.draft"]


# --- As the kernel has it, and W3C ---------------------------------------------------------------


@settings(max_examples=times(30, long=300), deadline=None)
@given(procedure=small_charts(), names=st.lists(st.sampled_from(NAMES), max_size=12))
def test_what_the_record_keeps_is_what_the_kernel_remembers(
    procedure: Compiled, names: list[str]
) -> None:
    """The kernel goes on from its own snapshot; the record from what each step said anew."""
    snapshot = start(procedure.chart, _Facts()).snapshot
    case = words.given(received()).it
    case.states, case.remembered = list(procedure.begin({}).entered), {}
    for name in names:
        snapshot = step(procedure.chart, snapshot, Event(signal(name)), _Facts()).snapshot
        found: Outcome = procedure.outcome(name, case.states, {}, {}, case.remembered)
        case.move(found.left, found.entered)
        case.remembered.update(found.remembered)
        assert (sorted(snapshot.active), dict(snapshot.history)) == (case.states, case.remembered)


class _Facts:
    """All facts unknown."""

    def holds(self, guard, event, active, emit):  # type: ignore[no-untyped-def]
        return guard.holds({}, active)

    def run(self, actions, event, active, emit) -> None:  # type: ignore[no-untyped-def]
        raise AssertionError("a procedure has no actions")

    done_data = run


@pytest.mark.parametrize(("kind", "back"), [("history", "s011"), ("deep-history", "s012")])
def test_history_is_as_in_w3cs_test_388(kind: str, back: str) -> None:
    """A state is left where it stood deep within, and entered by its history: shallow history goes
    back to the child and begins there, deep history to where it was."""
    label = {"en": "…"}
    deep = [{"id": f"s01{n}", "labels": label} for n in (1, 2)]
    within = [
        {"id": "s01", "labels": label, "initial": "s011", "states": deep},
        {"id": "s02", "labels": label},
        {"id": "s0h", "labels": label, "kind": kind, "initial": "s02"},
    ]
    said = {
        "format": "suivi-procedure/1",
        "name": "w3c",
        "labels": label,
        "for": {},
        "states": [
            {
                "id": "doc",
                "labels": label,
                "states": [
                    {
                        "id": "s0",
                        "labels": label,
                        "states": within,
                        "moves": [{"on": "in", "to": "s012"}, {"on": "out", "to": "s1"}],
                    },
                    {"id": "s1", "labels": label, "moves": [{"on": "back", "to": "s0h"}]},
                ],
            }
        ],
        "ends": ["s1"],
        "steps": [{"name": name, "labels": label} for name in ("in", "out", "back")],
    }
    procedure = Compiled(msgspec.convert(said, Definition))
    states: tuple[str, ...] = procedure.begin({}).entered
    remembered: dict[str, tuple[str, ...]] = {}
    for name in ("in", "out", "back"):
        found = procedure.outcome(name, states, {}, {}, remembered)
        states = tuple(sorted({*states}.difference(found.left).union(found.entered)))
        remembered |= dict(found.remembered)
    assert states == (back,)
    first = procedure.outcome("back", ("s1",), {}, {}, {})
    assert first.entered == ("s02",), "where there is no memory, the default"
