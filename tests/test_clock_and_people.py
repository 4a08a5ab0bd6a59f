"""A person's step and the clock: whoever comes first, history and outcome are the same. What the
clock can't do is an incident; what is recorded late comes in by an entry that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from api.derive import read_id
from domain.casework import deadlines, suspension
from domain.casework.deadlines import DeadlineResumed, DeadlineSuspended
from domain.casework.held import DeadlineStatus
from domain.casework.incidents import IncidentRaised
from domain.casework.steps import take as take_step
from domain.casework.suspension import Resumed, Suspended
from domain.entry import Entry, Protected
from domain.recommendation import (
    Recommendation,
    assignment,
    begin,
    closing,
    fold,
    implementation,
    position,
)
from domain.recommendation.receiving import Received
from domain.refusals import AlreadySo, InvalidInput, UnknownDeadline
from domain.words import Closing
from tests.clock import SetClock
from tests.given import (
    Given,
    deferred,
    given,
    received,
    rested,
    resumed,
    runs_again,
    stamp,
    suspended,
)
from tests.server import Server, running
from tests.test_own_procedures import adopted, published
from tests.test_register_api import done, imported, match, on
from tests.test_taking_away import POSITION, filled_in
from workflows.calendars import Calendars
from workflows.procedure.as_if import AsIf
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition
from workflows.procedure.firing import due_now, timers_in_a_row_max
from workflows.procedure.replay import replay
from workflows.procedure.shipped import read, shipped

CALENDARS = Calendars(None)
CASES = Path(__file__).parent / "cases" / "procedures"

SILENCE = """
format: suivi-overlay/1
name: silence
extends: upr
labels: {en: Silence}
for: {mechanisms: [upr]}
operations:
  - op: add-state
    after: assignment
    state:
      id: answer
      labels: {en: Answer}
      bucket: not-counted
      states:
        - {id: answer.awaited, labels: {en: Awaited}, moves: [{past: silence, to: answer.missed},
             {on: hear, to: answer.heard}]}
        - {id: answer.missed, labels: {en: Missed}, moves: [{on: look, to: answer.looked-at}]}
        - {id: answer.heard, labels: {en: Heard}}
        - {id: answer.looked-at, labels: {en: Looked at}}
  - op: add-step
    step: {name: hear, labels: {en: Hear}, roles: [coordinator], form: [
      {name: who, labels: {en: Who}, type: number}]}
  - {op: add-step, step: {name: look, labels: {en: Look}, roles: [coordinator]}}
  - op: add-deadline
    deadline:
      {id: silence, labels: {en: Silence}, while: [answer.awaited], due: {after: {days: 30}}}
"""
"""What is not heard within thirty days counts as missed."""


@contextmanager
def state(url: str, source: str | bytes) -> Iterator[tuple[Server, SetClock]]:
    clock = SetClock("2031-01-10")
    with running(url, clock) as server:
        adopted(server, published(server, source if isinstance(source, str) else source.decode()))
        yield server, clock


def case(server: Server, id: str) -> list[Entry]:
    return server.service.log.history([read_id(id)])


def it(server: Server, id: str) -> Recommendation:
    found = fold(case(server, id))
    assert found is not None
    return found


def told(entries: list[Entry]) -> list[tuple[str, str | None, tuple[str, ...], tuple[str, ...]]]:
    """What happened and where it led, without when it was recorded and by which command."""
    return [
        (type(e.event).__name__, e.stamp.effective.on, e.stamp.left, e.stamp.entered)
        for e in entries
    ]


def sound(server: Server) -> bool:
    procedures = server.service.desk.procedures
    return replay(procedures, server.service.log.read_streams(server.size() - 1)).ok


# --- Whoever comes first -------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["worker first", "person first"])
def test_a_deadline_that_passed_leaves_its_trace_whoever_comes_first(
    sqlite_url: str, how: str
) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-03-01")
        if how == "worker first":
            assert server.service.worker.catch_up() == 1
        refused = server.take(
            "coordinator",
            "takeStep",
            id=id,
            expectedVersion=server.version(id),
            step="hear",
            data={},
        )
        assert [e["code"] for e in refused["errors"]] == ["STEP_NOT_OPEN"]
        assert len(case(server, id)) == 1 + (how == "worker first"), "a refusal leaves no event"
        payload = server.step("coordinator", "takeStep", id, step="look", data={})
        assert told(case(server, id))[1:] == [
            ("DeadlinePassed", "2031-02-09", ("answer.awaited",), ("answer.missed",)),
            ("StepTaken", None, ("answer.missed",), ("answer.looked-at",)),
        ]
        assert payload["entries"][-1]["event"]["__typename"] == "StepTaken"
        assert server.service.worker.catch_up() == 0
        assert sound(server)


def test_a_match_is_made_after_what_was_due_before(sqlite_url: str) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        row = match(server, id)
        clock.set("2031-03-01")
        done(server, "makeMatch", **on(row, to=id))
        assert [type(e.event).__name__ for e in case(server, id)][1:] == [
            "DeadlinePassed",
            "Identified",
            "Classified",
        ]
        assert server.service.worker.catch_up() == 0
        assert sound(server)


@pytest.mark.slow
def test_a_worklists_dry_run_tells_what_the_clock_has_closed(
    sqlite_url: str, tmp_path: Path
) -> None:
    no_more = SILENCE + "  - {op: require, step: plan, when: not at answer.missed}\n"
    with state(sqlite_url, no_more) as (server, clock):
        id = server.receive(paragraph="140.1", effectiveOn="2031-01-10")
        server.step("coordinator", "acceptRecommendation", id, **POSITION)
        server.step("coordinator", "offerAssignment", id, institution="justice")
        file = filled_in(
            server, tmp_path, {"140.1": {"Answer": "accept", "Measures planned": "a bill"}}
        )
        clock.set("2031-03-01")
        for dry_run in (True, False):
            said = {"file": file, "format": "WORKLIST", "state": None, "dryRun": dry_run}
            receipt = imported(server, "justice", **said)["receipt"]
            assert receipt["new"] == 1
            assert [note["reason"] for note in receipt["conflicts"]] == ["step-not-open"]


def test_the_same_command_again_gives_the_passing_and_the_step(sqlite_url: str) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-03-01")
        said = {"commandId": "look-1", "id": id, "expectedVersion": 1, "step": "look", "data": {}}
        first = server.take("coordinator", "takeStep", **said)
        again = server.take("coordinator", "takeStep", **said)
        kinds = [e["event"]["__typename"] for e in first["entries"]]
        assert kinds == ["DeadlinePassed", "StepTaken"]
        assert (again["entries"], again["logIndex"]) == (first["entries"], first["logIndex"])
        stale = server.take("coordinator", "takeStep", **{**said, "commandId": "look-2"})
        assert [e["code"] for e in stale["errors"]] == ["STALE_VERSION"]


def test_a_preview_shows_what_the_clock_does_first_and_many_steps_at_once_do_it(
    sqlite_url: str,
) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        ids = [server.receive(effectiveOn="2031-01-10") for _ in range(2)]
        clock.set("2031-03-01")
        many = """mutation($input: TakeStepsInput!) { takeSteps(input: $input) { results {
            ok foreseen { version left entered } entries { event { __typename } }
            errors { code } } } }"""
        items = [{"id": id, "expectedVersion": 1} for id in ids]
        said: dict[str, Any] = {"commandId": "m", "step": "look", "data": {}, "items": items}
        dry = server.ask("coordinator", many, input={**said, "dryRun": True})["takeSteps"][
            "results"
        ]
        assert dry[0]["foreseen"] == {
            "version": 3,
            "left": ["answer.missed"],
            "entered": ["answer.looked-at"],
        }
        assert len(case(server, ids[0])) == 1
        done = server.ask("coordinator", many, input=said)["takeSteps"]["results"]
        events = [[e["event"]["__typename"] for e in one["entries"]] for one in done]
        assert events == [["DeadlinePassed", "StepTaken"]] * 2


def first_of(procedures: AsIf) -> Entry:
    """The first entry of a case under the procedure."""
    first = received()
    assert isinstance(first.event, Received)
    r = begin(first)
    under = procedures.of(r)
    return first._replace(
        event=procedures.begin(r, under, first.event, lambda: procedures.moment("SVN"))
    )


def shape(up: bool, seed: int) -> tuple[list[Any], list[str]]:
    """A random life under the procedure, with a worker that is up all the time or never."""
    random = Random(seed)
    definition = read(SILENCE.encode(), lambda name: shipped()[name].definition)
    procedures = AsIf(Compiled(definition), CALENDARS)
    procedures.now = SetClock("2031-01-01").now
    entry = first_of(procedures)
    entries = [entry]
    r = fold([entry])
    assert r is not None
    for _ in range(12):
        procedures.now += random.randint(1, 40) * 86_400_000_000
        if up:
            entries += due_now(procedures, r, "w")
        trial = r.clone()
        before = due_now(procedures, trial, "c")
        steps = procedures.open_steps(trial)
        step = random.choice(
            ["hear", "look", "suspend", "resume", "defer-position", "close", "reopen"]
        )
        if step not in steps:
            continue
        said = stamp(reason="why")
        match step:
            case "suspend":
                event: Any = suspension.suspend(trial, said)
            case "resume":
                event = suspension.resume(trial, said)
            case "defer-position":
                event = position.defer(trial, said, f"2031-{random.randint(1, 12):02}-28", None)
            case "close":
                event = closing.close(trial, said, Closing.WITHDRAWN)
            case "reopen":
                event = closing.reopen(trial, said)
            case _:
                event = take_step(trial, said, step)
        entries += [*before, procedures.enter(trial, step, event)]
        r = trial
    entries += due_now(procedures, r, "w")
    return told(entries), r.states


@settings(max_examples=40, deadline=None)
@for_all(st.integers(0, 1 << 32))
def test_a_life_is_the_same_with_the_worker_up_and_down(seed: int) -> None:
    assert shape(True, seed) == shape(False, seed)


# --- What is recorded late -----------------------------------------------------------------------


@pytest.mark.parametrize("worker", [True, False])
def test_what_was_true_in_time_comes_in_late_by_an_entry_that_says_so(
    sqlite_url: str, worker: bool
) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-03-01")
        if worker:
            server.service.worker.catch_up()
        said = {"step": "hear", "data": {"who": 3}, "recordedLate": True}
        assert code(server, id, **said, effectiveOn="2031-02-01") == "INVALID_INPUT", "no reason"
        assert code(server, id, **said, reason="post") == "INVALID_INPUT", "no day"
        too_late = {**said, "reason": "post", "effectiveOn": "2031-02-10"}
        assert code(server, id, **too_late) == "INVALID_INPUT", "it was not in time"
        server.step("coordinator", "takeStep", id, **said, reason="post", effectiveOn="2031-02-09")
        assert told(case(server, id))[1:] == [
            ("DeadlinePassed", "2031-02-09", ("answer.awaited",), ("answer.missed",)),
            ("SetBack", "2031-02-09", ("answer.missed",), ("answer.awaited",)),
            ("StepTaken", "2031-02-09", ("answer.awaited",), ("answer.heard",)),
        ]
        assert it(server, id).deadline("silence") is None
        assert server.service.worker.catch_up() == 0
        assert sound(server)


def test_what_somebody_has_decided_since_is_not_set_back(sqlite_url: str) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-03-01")
        server.step("coordinator", "takeStep", id, step="look", data={})
        late = {"step": "hear", "data": {}, "recordedLate": True, "reason": "post"}
        assert code(server, id, **late, effectiveOn="2031-02-01") == "INVALID_INPUT"


def test_what_the_procedure_did_by_itself_is_undone_with_it(sqlite_url: str) -> None:
    source = (CASES / "06-then-close.yaml").read_bytes()
    with state(sqlite_url, source) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-03-01")
        server.service.worker.catch_up()
        assert it(server, id).closed == "not-pursued"
        on = {"effectiveOn": "2031-01-11", "reason": "post", "recordedLate": True}
        server.step("coordinator", "noteRecommendation", id, organ="ADDENDUM", **on)
        kinds = [type(entry.event).__name__ for entry in case(server, id)]
        assert kinds == ["Received", "DeadlinePassed", "Closed", "SetBack", "PositionTaken"]
        assert it(server, id).closed is None
        assert sound(server)


def code(server: Server, id: str, **said: Any) -> str | None:
    version = server.version(id)
    payload = server.take("coordinator", "takeStep", id=id, expectedVersion=version, **said)
    return payload["errors"][0]["code"] if payload["errors"] else None


# --- What a procedure does by itself -------------------------------------------------------------


@pytest.mark.parametrize("file", ["06-then-close.yaml", "thenclose2.yaml"])
def test_then_close_closes(sqlite_url: str, file: str) -> None:
    with state(sqlite_url, (CASES / file).read_bytes()) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-06-01")
        server.service.worker.catch_up()
        assert it(server, id).closed == "not-pursued"
        entry = case(server, id)[-1]
        assert (entry.stamp.speaker.role, entry.stamp.entered) == ("procedure", ("record.closed",))
        server.service.log.reveal([entry.stamp.reason or Protected("")])
        assert entry.stamp.reason == Protected("The deadline d1 has passed.")
        assert sound(server)


# --- Incidents -----------------------------------------------------------------------------------


def test_deadlines_that_lead_to_each_other_for_ever_become_an_incident() -> None:
    under = Compiled(
        read((CASES / "05-timer-pingpong.yaml").read_bytes(), lambda n: shipped()[n].definition)
    )
    case_ = endless(under.definition)
    r = case_.it
    (incident,) = [e.event for e in case_.entries if isinstance(e.event, IncidentRaised)]
    assert incident.code == "TOO_MANY_TIMERS"
    assert len(case_.entries) <= timers_in_a_row_max + 10
    assert (r.next_due, r.incident is not None) == (None, True)


def endless(definition: Definition) -> Given:
    procedures = AsIf(Compiled(definition), CALENDARS)
    procedures.now = SetClock("2031-01-10").now
    entry = first_of(procedures)
    r = fold([entry])
    assert r is not None
    made = [entry]
    made.append(procedures.enter(r, "decree-assignment", assignment.decree(r, stamp(), "labour")))
    made.append(
        procedures.enter(
            r, "plan", implementation.plan(r, stamp(), Protected("x"), ends="2030-06-30")
        )
    )
    made += due_now(procedures, r, "w")
    assert due_now(procedures, r, "w") == [], "it is raised once"
    return Given(*made)


def test_an_incident_is_seen_mended_and_tried_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-03-01")
        with monkeypatch.context() as broken:
            broken.setattr(deadlines, "let_pass", lambda *_: 1 / 0)
            assert server.service.worker.catch_up() == 0
            assert server.service.worker.catch_up() == 0, "it is left alone, and raised once"
        asked = """{ incidents { nodes { code message timer deadline at since
            recommendation { id } } pageInfo { hasNextPage } totalCount } }"""
        page = server.ask("coordinator", asked)["incidents"]
        (found,) = page["nodes"]
        assert page["totalCount"] == 1
        assert (found["code"], found["deadline"]) == ("INTERNAL", "silence")
        assert found["recommendation"]["id"] == id
        assert server.service.worker.catch_up() == 0
        assert it(server, id).incident is not None
        server.step("coordinator", "retryTimers", id, reason="the release is mended")
        assert server.ask("coordinator", asked)["incidents"] == {
            "nodes": [],
            "pageInfo": {"hasNextPage": False},
            "totalCount": 0,
        }
        assert server.service.worker.catch_up() == 1
        assert "answer.missed" in it(server, id).states
        assert sound(server)


# --- Struck, and at rest -------------------------------------------------------------------------


def test_a_step_of_its_own_that_was_entered_in_error_is_struck(sqlite_url: str) -> None:
    with state(sqlite_url, SILENCE) as (server, _):
        id = server.receive(effectiveOn="2031-01-10")
        server.step("coordinator", "takeStep", id, step="hear", data={"who": 3})
        assert it(server, id).data == {"hear.who": 3}
        said = {"version": 2, "correction": "ENTERED_IN_ERROR", "reason": "another file"}
        server.step("coordinator", "strikeEntry", id, **said)
        r = it(server, id)
        assert ("answer.awaited" in r.states, r.data, r.struck) == (True, {}, [2])
        assert "hear" not in r.hands, "nobody's hand took it"
        assert r.deadline("silence") is not None
        assert sound(server)


def test_a_struck_step_that_the_case_has_moved_on_from_needs_a_decision(sqlite_url: str) -> None:
    with state(sqlite_url, SILENCE) as (server, clock):
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2031-03-01")
        server.step("coordinator", "takeStep", id, step="look", data={})
        assert it(server, id).taken[0].version == 3
        said = {"correction": "ENTERED_IN_ERROR", "reason": "another file"}
        server.step("coordinator", "strikeEntry", id, version=3, **said)
        assert "answer.missed" in it(server, id).states


def test_one_deadline_rests_while_the_case_goes_on() -> None:
    history = given(received(), deferred("2031-06-30"))
    r = history.it
    with pytest.raises(UnknownDeadline):
        deadlines.suspend(r, stamp(reason="why"), "nothing")
    with pytest.raises(InvalidInput):
        deadlines.suspend(r, stamp(), "position")
    alone = history.when(rested("position", "2031-05-01")).then(DeadlineSuspended)
    rests = alone.it
    held = rests.deadline("position")
    assert held is not None
    assert (held.status, rests.suspended, rests.next_due) == (DeadlineStatus.PAUSED, None, None)
    with pytest.raises(AlreadySo):
        deadlines.suspend(rests, stamp(reason="why"), "position")
    still = given(*alone.entries[:1], deferred("2031-06-30"), rested("position", "2031-05-01"))
    whole = still.when(suspended(on="2031-05-10")).then(Suspended)
    back = whole.when(resumed(on="2031-05-20")).then(Resumed)
    assert back.it.next_due is None, "it rests alone, whatever the case does"
    runs = back.when(runs_again("position", "2031-06-01")).then(DeadlineResumed).it
    held = runs.deadline("position")
    assert held is not None
    assert (held.status, held.day) == (DeadlineStatus.RUNNING, "2031-07-31"), "31 days later"
    with pytest.raises(AlreadySo):
        deadlines.resume(runs, stamp(reason="why"), "position")
