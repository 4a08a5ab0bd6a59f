"""Running cases go over to another procedure: by a map, one by one or all at once, as an event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from jsonschema import Draft202012Validator

from api.checking import check_all
from api.derive import read_id
from domain.casework import steps, suspension, tasks
from domain.casework.held import DeadlineHeld, DeadlineStatus
from domain.casework.migration import DeadlinePolicy, Migrated
from domain.effects import (
    DeadlineDropped,
    DeadlineKept,
    DeadlineLifted,
    DeadlineSet,
    TaskEnded,
    TaskOpened,
)
from domain.entry import Entry
from domain.recommendation import Recommendation, fold
from domain.refusals import AlreadySo, NeedsDecision
from tests.clock import SetClock
from tests.given import (
    any_recommendations,
    closed,
    decreed,
    given,
    identified,
    planned,
    received,
    stamp,
    supported,
)
from tests.server import HOLDERS, ROOT, Server, running
from tests.test_own_procedures import CABINET, published
from workflows.procedure import SHIPPED, Procedures
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition, canonical
from workflows.procedure.migration import CaseFate, Migration, Passage
from workflows.procedure.migration import read as read_migration
from workflows.procedure.replay import replay
from workflows.procedure.schema import json_schema
from workflows.procedure.shipped import read, shipped
from workflows.procedure.what_if import retell

UPR = shipped()["upr"]


def made(text: str) -> Compiled:
    return Compiled(read(text.encode(), lambda name: shipped()[name].definition))


CABINETS = made(CABINET)

RENAMED_CABINET = CABINET.replace("cabinet.", "whole.").replace("id: cabinet", "id: whole")

TWO_OF_THREE = (
    "approvals: {needed: 2, of: [{role: administrator}, {role: coordinator}, {role: coordinator}]}"
)
BY_KEYS = TWO_OF_THREE.replace("}]}", "}], separate-keys: true}")

WAITING = """
format: suivi-overlay/1
name: {name}
extends: upr
labels: {{en: A case waits}}
for: {{mechanisms: [upr]}}
operations:
  - op: add-state
    after: assignment
    state:
      id: look
      labels: {{en: Look}}
      bucket: not-counted
      states:
        - id: look.quiet
          labels: {{en: Quiet}}
          moves: [{{past: look-again, to: look.asked-for}}]
        - id: look.asked-for
          labels: {{en: Asked for}}
          moves: [{{on: look-at, to: look.quiet}}]
  - op: add-fact
    name: urgent
    fact: {{type: flag, optional: true, filled: look-at.urgent}}
  - op: add-step
    after: plan
    step:
      name: look-at
      labels: {{en: Look at it}}
      roles: [coordinator]
      form: [{{name: urgent, labels: {{en: Urgent}}, type: flag}}]
  - {{op: require, step: continue, when: urgent is unknown or not urgent}}
  - op: add-deadline
    deadline:
      id: look-again
      while: [look.quiet]
      due: {due}
      labels: {{en: Look again}}
      reminders: [{{before: {{days: 10}}, to: [coordinator]}}]
  - op: add-task
    task:
      id: look
      labels: {{en: Look at it}}
      while: [{task}]
      steps: [look-at]
      roles: [{role}]
"""


def waiting(
    name: str, due: str = "{after: {years: 1}}", task: str = "look.quiet", role: str = "coordinator"
) -> Compiled:
    return made(WAITING.format(name=name, due=due, task=task, role=role))


YEARLY = waiting("yearly")
HALF_YEARLY = waiting("half-yearly", "{after: {months: 6}}")


def passage(before: Compiled, after: Compiled, **said: Any) -> Passage:
    return Passage(Migration(before=before.hash, after=after.hash, **said), before, after)


class Here(Procedures):
    """Procedures that know what a test has made."""

    def __init__(self, *known: Compiled, on: str = "2031-01-10") -> None:
        self.set_clock = SetClock(on)
        super().__init__(clock=self.set_clock)
        self._mine = {one.hash: one for one in known}

    def find(self, sha256: str, addressee: str) -> Compiled | None:
        return self._mine.get(sha256) or super().find(sha256, addressee)


def goes_over(
    it: Recommendation, way: Passage, here: Procedures = SHIPPED, on: str | None = None
) -> Entry:
    return here.migrate(it, way, way.event(it, stamp(on=on)))


def codes(way: Passage) -> list[str]:
    return [fault.code for fault in way.faults()]


# --- States --------------------------------------------------------------------------------------


def test_what_both_call_alike_needs_no_line_and_a_new_region_begins() -> None:
    way = passage(UPR, CABINETS)
    assert (way.faults(), way.unmapped()) == ([], [])
    it = given(received(), supported()).it
    before = list(it.states)
    entry = goes_over(it, way)
    assert (entry.stamp.left, entry.stamp.entered) == ((), ("cabinet.waits",))
    assert entry.stamp.definition == CABINETS.hash == it.definition
    assert it.states == sorted([*before, "cabinet.waits"])
    assert isinstance(entry.event, Migrated)
    assert entry.event.before == UPR.hash


def test_a_new_region_goes_on_at_once_as_the_cases_facts_say() -> None:
    at_once = made(CABINET.replace("{on: approve, when: planned,", "{when: planned,"))
    it = given(received(), supported(), decreed(), planned()).it
    assert goes_over(it, passage(UPR, at_once)).stamp.entered == ("cabinet.approved",)


def test_no_map_leads_a_case_to_where_only_four_eyes_lead() -> None:
    strict = made(
        CABINET.replace("name: with-cabinet", "name: strict").replace(
            "  - {op: restrict, step: plan",
            "  - {op: four-eyes, step: approve, apart-from: [plan]}\n  - {op: restrict, step: plan",
        )
    )
    alone = given(received(), supported(), decreed(), planned()).it
    goes_over(alone, passage(UPR, CABINETS))
    assert "cabinet.waits" in alone.states
    by_map = passage(CABINETS, strict, states={"cabinet.waits": "cabinet.approved"})
    with pytest.raises(NeedsDecision, match="only four eyes lead"):
        goes_over(alone.clone(), by_map)
    approved = alone.clone()
    approved.states = sorted({*alone.states} - {"cabinet.waits"} | {"cabinet.approved"})
    with pytest.raises(NeedsDecision, match="only four eyes lead"):
        goes_over(approved.clone(), passage(CABINETS, strict))
    back = passage(CABINETS, strict, states={"cabinet.approved": "cabinet.waits"})
    assert goes_over(approved.clone(), back).stamp.entered == ("cabinet.waits",)
    other = made(
        RENAMED_CABINET.replace("name: with-cabinet", "name: other").replace(
            "  - {op: restrict, step: plan",
            "  - {op: four-eyes, step: approve, apart-from: [plan]}\n  - {op: restrict, step: plan",
        )
    )
    goes_over(alone, passage(CABINETS, strict))
    alone.states = sorted({*alone.states} - {"cabinet.waits"} | {"cabinet.approved"})
    kept = passage(strict, other, states={"cabinet.approved": "whole.approved"})
    assert goes_over(alone, kept).stamp.entered == ("whole.approved",), "it was looked at"


def with_eyes(more: str, name: str) -> Compiled:
    """The procedure with a cabinet, where approving needs others."""
    line = f"  - {{op: four-eyes, step: approve, {more}}}\n  - {{op: restrict, step: plan"
    return made(
        CABINET.replace("name: with-cabinet", f"name: {name}").replace(
            "  - {op: restrict, step: plan", line
        )
    )


@pytest.mark.parametrize(
    ("before", "after", "is_refused"),
    [
        ("apart-from: [plan]", None, True),
        ("apart-from: [plan]", "apart-from: [plan, take-position]", False),
        ("apart-from: [plan, take-position]", "apart-from: [plan]", True),
        (None, "apart-from: [plan]", False),
        ("apart-from: [plan]", "apart-from: [plan]", False),
        (TWO_OF_THREE, TWO_OF_THREE, False),
        (BY_KEYS, TWO_OF_THREE, True),
        (TWO_OF_THREE, BY_KEYS, False),
        (TWO_OF_THREE, TWO_OF_THREE.replace("needed: 2", "needed: 1"), True),
        (TWO_OF_THREE, TWO_OF_THREE.replace("needed: 2", "needed: 3"), False),
        (TWO_OF_THREE, "apart-from: [plan]", True),
        (TWO_OF_THREE, TWO_OF_THREE.replace("role: administrator", "role: clerk"), True),
        (TWO_OF_THREE, TWO_OF_THREE.replace("{role: administrator}, ", ""), False),
    ],
)
def test_running_cases_keep_the_eyes_that_they_began_with(
    before: str | None, after: str | None, is_refused: bool
) -> None:
    from_, to = (
        CABINETS if more is None else with_eyes(more, name)
        for more, name in ((before, "one"), (after, "other"))
    )
    assert codes(passage(from_, to)) == (["fewer-eyes"] if is_refused else [])


def test_renamed_states_are_led_by_lines_and_without_them_a_case_needs_a_decision() -> None:
    renamed = made(RENAMED_CABINET)
    lines: dict[str, str | None] = {
        "cabinet.waits": "whole.waits",
        "cabinet.approved": "whole.approved",
    }
    history = given(received(), supported())
    it = history.it
    goes_over(it, passage(UPR, CABINETS))
    other = it.clone()
    entry = goes_over(it, passage(CABINETS, renamed, states=lines))
    assert (entry.stamp.left, entry.stamp.entered) == (("cabinet.waits",), ("whole.waits",))
    bare = passage(CABINETS, renamed)
    assert bare.unmapped() == ["cabinet.waits", "cabinet.approved"]
    assert bare.faults() == []
    with pytest.raises(NeedsDecision, match=r"Nothing takes the place of cabinet\.waits"):
        goes_over(other.clone(), bare)


def test_a_region_that_is_removed_is_left_by_a_line_that_names_none() -> None:
    it = given(received(), supported()).it
    goes_over(it, passage(UPR, CABINETS))
    way = passage(CABINETS, UPR, states={"cabinet": None})
    assert (way.faults(), way.unmapped()) == ([], [])
    entry = goes_over(it, way)
    assert (entry.stamp.left, entry.stamp.entered) == (("cabinet.waits",), ())
    assert it.states == given(received(), supported()).it.states


def test_what_is_the_same_is_told_as_the_same() -> None:
    relabelled = made(CABINET.replace("A cabinet approves", "The cabinet approves"))
    it = given(received(), supported()).it
    goes_over(it, passage(UPR, CABINETS))
    way = passage(CABINETS, relabelled)
    decided = way.decide(it, way.event(it, stamp()), lambda: SHIPPED.moment("SVN"))
    assert decided == (CaseFate.SAME, (), (), (), ())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"states": {"nowhere": "record.open"}}, "unknown-state"),
        ({"states": {"record.open": "nowhere"}}, "unknown-state"),
        ({"states": {"record.open": "record"}}, "no-leaf"),
        ({"states": {"position.noted": "record.closed"}}, "exclude-each-other"),
        ({"facts": {"approve.session": 3}}, "unknown-fact"),
        ({"overrides": {"nothing": DeadlinePolicy.DROP}}, "unknown-deadline"),
    ],
)
def test_a_migration_that_makes_no_sense_is_told_by_code(said: dict[str, Any], code: str) -> None:
    (fault, *_) = passage(UPR, CABINETS, **said).faults()
    assert fault.code == code
    assert fault.message.endswith(".")


def test_facts_are_of_the_type_that_their_form_asks_for() -> None:
    assert codes(passage(UPR, YEARLY, facts={"look-at.urgent": 3})) == ["fact-differs"]
    assert codes(passage(UPR, YEARLY, facts={"look-at.urgent": True})) == []


def test_guards_read_what_forms_would_have_said() -> None:
    here = Here(YEARLY)
    it = given(received(), supported()).it
    goes_over(it, passage(UPR, YEARLY, facts={"look-at.urgent": True}), here)
    assert it.data == {"look-at.urgent": True}
    assert "continue" not in here.open_steps(it)
    other = given(received(), supported()).it
    goes_over(other, passage(UPR, YEARLY), here)
    assert "continue" in here.open_steps(other)


def test_what_was_filled_in_and_reads_otherwise_there_needs_a_decision() -> None:
    it = given(received(), supported()).it
    it.data["look-at.urgent"] = "very"
    with pytest.raises(NeedsDecision, match=r"look-at\.urgent has been filled in with very"):
        goes_over(it.clone(), passage(UPR, YEARLY))
    goes_over(it, passage(UPR, YEARLY, facts={"look-at.urgent": True}))


def test_a_case_at_its_end_stays_there_unless_its_own_state_is_named() -> None:
    it = given(received(), supported(), closed()).it
    with pytest.raises(NeedsDecision, match=r"at its end, at record\.closed"):
        goes_over(it.clone(), passage(UPR, CABINETS))
    goes_over(it, passage(UPR, CABINETS, states={"record.closed": "record.closed"}))
    assert {"record.closed", "cabinet.waits"} <= set(it.states)


def test_nobody_goes_over_to_where_he_is() -> None:
    it = given(received()).it
    with pytest.raises(AlreadySo):
        passage(UPR, UPR).event(it, stamp())


# --- Any history ---------------------------------------------------------------------------------


def renaming(before: Definition) -> Compiled:
    """The same procedure with other names for all its states."""
    said = json.loads(canonical(before))
    ids = {state.id for state in before.all_states()}

    def name(id: str) -> str:
        return f"r-{id}"

    def guard(text: str) -> str:
        return re.sub(
            r"\bat ([a-z][\w.-]*)",
            lambda m: f"at {name(m[1])}" if m[1] in ids else m[0],
            text,
        )

    def state(one: dict[str, Any]) -> None:
        one["id"] = name(one["id"])
        if "initial" in one:
            one["initial"] = name(one["initial"])
        for edge in (*one.get("follows", ()), *one.get("moves", ())):
            if "to" in edge:
                edge["to"] = name(edge["to"])
            if "when" in edge:
                edge["when"] = guard(edge["when"])
        for child in one.get("states", ()):
            state(child)

    for top in said["states"]:
        state(top)
    said["ends"] = [name(end) for end in said["ends"]]
    for running_ in (*said.get("deadlines", ()), *said.get("tasks", ())):
        running_["while"] = [name(id) for id in running_["while"]]
    for step in said["steps"]:
        if "when" in step:
            step["when"] = guard(step["when"])
    said.pop("promises", None)
    said["name"] = "renamed"
    return Compiled(msgspec.convert(said, Definition))


RENAMED = {name: renaming(one.definition) for name, one in shipped().items()}


def histories(seed: int) -> list[Recommendation]:
    """Recommendations with whatever has become of them."""
    streams: dict[Any, list[Entry]] = {}
    for append in any_recommendations(Random(seed), 4, 60):
        for entry in append:
            streams.setdefault(entry.stream, []).append(entry)
    found = [fold(entries) for entries in streams.values()]
    return [it for it in found if it is not None]


def every_line(before: Compiled, prefix: str, after: str) -> dict[str, str | None]:
    names = [state.id for state in before.definition.all_states()]
    return {name: after + name.removeprefix(prefix) for name in names}


@pytest.mark.parametrize("seed", range(12))
def test_to_the_same_definition_nothing_changes(seed: int) -> None:
    for it in histories(seed):
        own = SHIPPED.of(it)
        way = passage(own, own, states=every_line(own, "", ""))
        assert way.faults() == []
        event = Migrated(stamp=stamp(), before=own.hash)
        event = msgspec.structs.replace(
            event, stamp=msgspec.structs.replace(event.stamp, definition=own.hash)
        )
        decided = way.decide(it.clone(), event, lambda it=it: SHIPPED.moment(it.addressee))
        assert decided == (CaseFate.SAME, (), (), (), ())


@pytest.mark.parametrize("seed", range(12))
def test_there_and_back_by_other_names_is_where_it_was(seed: int) -> None:
    for it in histories(seed):
        own = SHIPPED.of(it)
        other = RENAMED[own.definition.name]
        was = it.clone()
        there = passage(own, other, states=every_line(own, "", "r-"))
        back = passage(other, own, states=every_line(other, "r-", ""))
        goes_over(it, there)
        assert it.states == sorted(f"r-{state}" for state in was.states)
        goes_over(it, back)
        assert (it.states, it.deadlines, it.tasks) == (was.states, was.deadlines, was.tasks)
        assert (it.definition, it.remembered) == (was.definition or own.hash, was.remembered)


# --- Deadlines -----------------------------------------------------------------------------------


def look_again(it: Recommendation) -> DeadlineHeld:
    held = it.deadline("look-again")
    assert held is not None
    return held


def yearly(here: Here) -> Recommendation:
    """A case that began to wait on 10 January 2031, on 10 April."""
    it = given(received(), supported()).it
    goes_over(it, passage(UPR, YEARLY), here)
    assert look_again(it).day == "2032-01-10"
    here.set_clock.set("2031-04-10")
    return it


@pytest.mark.parametrize(
    ("policy", "day", "basis"),
    [
        (DeadlinePolicy.KEEP, "2032-01-10", "2031-01-10"),
        (DeadlinePolicy.RESTART, "2031-10-10", "2031-04-10"),
        (DeadlinePolicy.RECOMPUTE, "2031-07-10", "2031-01-10"),
        (DeadlinePolicy.DROP, "2032-01-10", "2031-01-10"),
    ],
)
def test_a_deadline_is_kept_restarted_recomputed_or_dropped(
    policy: DeadlinePolicy, day: str, basis: str
) -> None:
    here = Here(YEARLY, HALF_YEARLY)
    it = yearly(here)
    before = look_again(it)
    entry = goes_over(it, passage(YEARLY, HALF_YEARLY, deadlines=policy), here)
    held = look_again(it)
    assert (held.day, held.basis) == (day, basis)
    match policy:
        case DeadlinePolicy.KEEP:
            assert held == before, "the timer that was set still fires"
            assert entry.stamp.effects == ()
        case DeadlinePolicy.DROP:
            assert {type(e) for e in entry.stamp.effects} == {DeadlineDropped}
            assert len(entry.stamp.effects) == len(it.deadlines)
            assert (held.status, held.next) == (DeadlineStatus.DROPPED, None)
        case _:
            assert held.generation == it.version, "a timer of the generation before is stale"
            assert held.status is DeadlineStatus.RUNNING
            assert len(held.reminders) == 1


def test_what_was_dropped_is_not_set_again_by_the_next_step() -> None:
    here = Here(YEARLY, HALF_YEARLY)
    it = yearly(here)
    goes_over(it, passage(YEARLY, HALF_YEARLY, deadlines=DeadlinePolicy.DROP), here)
    here.enter(it, "identify", identified("u-1").command(it, stamp()))
    assert look_again(it).status is DeadlineStatus.DROPPED
    assert it.due is None, "nothing is due by what was dropped"


def test_one_deadline_may_be_treated_otherwise_and_a_new_one_begins_or_is_dropped() -> None:
    here = Here(YEARLY)
    it = given(received(), supported()).it
    entry = goes_over(it, passage(UPR, YEARLY, deadlines=DeadlinePolicy.DROP), here)
    kinds = [(type(e), getattr(e, "deadline", "")) for e in entry.stamp.effects]
    assert (DeadlineDropped, "mid-term-report") in kinds
    assert (DeadlineSet, "look-again") in kinds, "it did not run before: it begins"
    other = given(received(), supported()).it
    own = {"look-again": DeadlinePolicy.DROP, "mid-term-report": DeadlinePolicy.RESTART}
    goes_over(other, passage(UPR, YEARLY, overrides=own), here)
    assert look_again(other).status is DeadlineStatus.DROPPED
    restarted = other.deadline("mid-term-report")
    assert restarted is not None
    assert restarted.basis == "2031-01-10"


def test_a_deadline_whose_states_are_gone_is_lifted() -> None:
    here = Here(YEARLY)
    it = yearly(here)
    entry = goes_over(it, passage(YEARLY, UPR, states={"look": None}), here)
    assert DeadlineLifted(deadline="look-again", generation=3) in entry.stamp.effects
    assert it.deadline("look-again") is None


def test_kept_is_kept_where_the_other_procedure_is_due_by_a_fact() -> None:
    by_fact = waiting("by-fact", "{fact: measures-due}")
    here = Here(YEARLY, by_fact)
    history = given(received(), supported(), decreed(), planned(ends="2031-06"))
    it = history.it
    goes_over(it, passage(UPR, YEARLY), here)
    before = look_again(it)
    entry = goes_over(it, passage(YEARLY, by_fact), here)
    assert DeadlineKept in [type(e) for e in entry.stamp.effects]
    after = look_again(it)
    assert (after.due, after.generation) == (before.due, before.generation)
    assert (after.fact, after.basis) == ("measures-due", "2031-06-30")
    here.enter(it, "identify", identified("u-1").command(it, stamp()))
    assert look_again(it) == after, "only another day of the fact sets it anew"


def test_the_clock_of_a_case_that_rests_stands_still_there_too() -> None:
    here = Here(YEARLY, HALF_YEARLY)
    it = yearly(here)
    here.enter(it, "suspend", suspension.suspend(it, stamp(on="2031-02-10", reason="elections")))
    assert look_again(it).status is DeadlineStatus.PAUSED
    goes_over(it, passage(YEARLY, HALF_YEARLY, deadlines=DeadlinePolicy.RECOMPUTE), here)
    held = look_again(it)
    assert (held.status, held.day, held.paused) == (
        DeadlineStatus.PAUSED,
        "2031-07-10",
        "2031-02-10",
    )
    here.enter(it, "resume", suspension.resume(it, stamp(on="2031-04-10", reason="elected")))
    assert look_again(it).day == "2031-09-07", "59 days later"


# --- Tasks ---------------------------------------------------------------------------------------


def test_a_task_ends_or_opens_and_one_that_is_claimed_keeps_its_case() -> None:
    elsewhere = waiting("elsewhere", task="look.asked-for")
    for_clerks = waiting("for-clerks", role="clerk")
    here = Here(YEARLY, elsewhere, for_clerks)
    it = given(received(), supported()).it
    opened = goes_over(it, passage(UPR, YEARLY), here)
    assert "look" in [e.task for e in opened.stamp.effects if isinstance(e, TaskOpened)]
    ended = goes_over(it.clone(), passage(YEARLY, elsewhere), here)
    assert TaskEnded(task="look") in ended.stamp.effects
    anew = goes_over(it.clone(), passage(YEARLY, for_clerks), here)
    assert [e.roles for e in anew.stamp.effects if isinstance(e, TaskOpened)] == [("clerk",)]
    here.enter(it, "claim-task", tasks.claim(it, stamp(), "look"))
    with pytest.raises(NeedsDecision, match="has claimed the task look"):
        goes_over(it.clone(), passage(YEARLY, elsewhere), here)
    goes_over(it, passage(YEARLY, HALF_YEARLY), here)
    assert it.task("look").claims, "the same task goes on in the same hands"


# --- Memories ------------------------------------------------------------------------------------

RESTING = """
format: suivi-overlay/1
name: {name}
extends: upr
labels: {{en: Work rests}}
for: {{mechanisms: [upr]}}
operations:
  - op: add-state
    after: assignment
    state:
      id: {work}
      labels: {{en: Work}}
      bucket: not-counted
      states:
        - id: {work}.under-way
          labels: {{en: Under way}}
          moves: [{{on: pause, to: {work}.resting}}]
          states:
            - id: {work}.draft
              labels: {{en: Draft}}
              moves: [{{on: go-on, to: {work}.final}}]
            - id: {work}.final
              labels: {{en: Final}}
            - {{id: {work}.before, kind: history, initial: {work}.draft, labels: {{en: As before}}}}
        - id: {work}.resting
          labels: {{en: Resting}}
          moves: [{{on: go-on, to: {work}.before}}]
  - op: add-step
    after: plan
    step: {{name: pause, labels: {{en: Pause}}, roles: [coordinator]}}
  - op: add-step
    after: plan
    step: {{name: go-on, labels: {{en: Go on}}, roles: [coordinator]}}
"""


def test_what_a_history_state_remembers_is_carried_over_or_forgotten() -> None:
    work, labour = (made(RESTING.format(name=f"a-{w}", work=w)) for w in ("work", "labour"))
    here = Here(work, labour)
    it = given(received(), supported()).it
    goes_over(it, passage(UPR, work), here)
    for step in ("go-on", "pause"):
        here.enter(it, step, steps.take(it, stamp(), step, ()))
    assert it.remembered == {"work.before": ("work.final",)}
    lines = every_line(work, "work", "labour")
    lines = {name: to for name, to in lines.items() if name.startswith("work")}
    way = passage(work, labour, states=lines)
    assert way.faults() == []
    other = it.clone()
    goes_over(it, way, here)
    assert it.remembered == {"labour.before": ("labour.final",)}
    here.enter(it, "go-on", steps.take(it, stamp(), "go-on", ()))
    assert "labour.final" in it.states
    goes_over(other, passage(work, UPR, states={"work": None}), here)
    assert other.remembered == {}


# --- As data -------------------------------------------------------------------------------------


def test_a_migration_is_written_in_yaml_and_has_a_json_schema() -> None:
    text = f"""
format: suivi-migration/1
from: {UPR.hash}
to: {CABINETS.hash}
states: {{record.open: record.open, assignment: null}}
facts: {{approve.session: 41, approve.urgent: true}}
deadlines: recompute
deadline-overrides: {{position: drop}}
"""
    said = read_migration(text.encode())
    assert said.states == {"record.open": "record.open", "assignment": None}
    assert said.overrides == {"position": DeadlinePolicy.DROP}
    written = json.loads(msgspec.json.encode(said))
    assert Draft202012Validator(json_schema()).is_valid(written)
    assert read_migration(json.dumps(written).encode()) == said


def test_the_guide_lists_every_fault_of_a_migration() -> None:
    source = (ROOT / "workflows" / "procedure" / "migration.py").read_text()
    guide = (ROOT / "docs" / "procedures.md").read_text()
    table = guide.partition("## Cases under way go over")[2].partition("\n## ")[0]
    lines = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {code for line in lines for code in re.findall(r"`([a-z-]+)`", line)}
    assert told == set(re.findall(r'Fault\(\s*"([a-z-]+)"', source))


# --- Over the API --------------------------------------------------------------------------------

MIGRATE = """mutation($input: MigrateCasesInput!) { migrateCases(input: $input) {
    faults { code message where } unmapped counts { same moved needsDecision refused }
    cases { totalCount nodes { recommendation { id version states definition { name } }
      fate left entered why effects { __typename } error { code } } }
    pageInfo { hasNextPage endCursor } logIndex
    entries { definition entered reason logIndex event { __typename
      ... on Migrated { before deadlines states { before after } } } }
    errors { code message } } }"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        yield server


def migrated(server: Server, who: str = "coordinator", **said: Any) -> dict[str, Any]:
    said = {"commandId": uuid4().hex, "addressee": "SVN", "from": UPR.hash, **said}
    return server.ask(who, MIGRATE, input=said)["migrateCases"]  # type: ignore[no-any-return]


@pytest.mark.slow
def test_cases_go_over_after_a_dry_run_and_the_record_shows_it(database_url: str) -> None:
    with running(database_url) as server:
        ids = [server.receive() for _ in range(4)]
        server.step("coordinator", "closeRecommendation", ids[3], closing="WITHDRAWN", reason="so")
        server.receive(addressee="HRV")
        to = published(server)
        size = server.size()
        dry = migrated(server, to=to, dryRun=True)
        assert dry["errors"] == dry["faults"] == dry["unmapped"] == []
        assert dry["counts"] == {"same": 0, "moved": 3, "needsDecision": 1, "refused": 0}
        assert [case["fate"] for case in dry["cases"]["nodes"]] == ["MOVED"] * 3 + [
            "NEEDS_DECISION"
        ]
        assert "at its end" in dry["cases"]["nodes"][3]["why"]
        assert dry["cases"]["nodes"][0]["recommendation"]["definition"]["name"] == "upr"
        assert (dry["entries"], dry["logIndex"], server.size()) == ([], None, size)

        said = {"to": to, "reason": "The cabinet decides from now on.", "commandId": "over-1"}
        run = migrated(server, **said)
        assert run["counts"] == dry["counts"]
        assert server.size() == size + 3
        assert run["logIndex"] == size + 2
        for case in run["cases"]["nodes"][:3]:
            assert case["recommendation"]["definition"]["name"] == "with-cabinet"
            assert "cabinet.waits" in case["recommendation"]["states"]
        event = run["entries"][0]
        assert (event["event"]["__typename"], event["event"]["before"]) == ("Migrated", UPR.hash)
        assert (event["definition"], event["entered"]) == (to, ["cabinet.waits"])
        assert event["reason"] == "The cabinet decides from now on."

        again = migrated(server, **said)
        assert again["counts"] == {"same": 0, "moved": 0, "needsDecision": 1, "refused": 0}
        assert server.size() == size + 3
        named = migrated(server, **said, ids=ids[:2])
        assert named["counts"]["moved"] == 2, "the first result"
        assert server.size() == size + 3

        line = [{"before": "record.closed", "after": "record.closed"}]
        one = migrated(server, to=to, ids=[ids[3]], states=line)
        assert one["counts"]["moved"] == 1
        trail = """query($id: ID!) { recommendation(id: $id) {
            history { nodes { event { __typename } commandId } } } }"""
        told = server.ask("auditor", trail, id=ids[0])["recommendation"]["history"]["nodes"]
        assert told[-1]["event"] == {"__typename": "Migrated"}
        assert told[-1]["commandId"] == f"over-1/{read_id(ids[0])}"

        log = server.service.log
        found = replay(server.service.desk.procedures, log.read_streams(log.size - 1))
        assert (found.ok, found.different) == (True, 0), found.differences
        server.service.feed.rebuild()
        report = check_all(server.service, lambda what, done, total: None)
        assert report.ok, report


def test_a_case_goes_on_by_the_procedure_it_has_gone_over_to(here: Server) -> None:
    id = here.receive()
    to = published(here)
    assert migrated(here, to=to)["counts"]["moved"] == 1
    here.step("coordinator", "assignRecommendation", id, institution="justice")
    here.step("coordinator", "planImplementation", id, measures="a law")
    data = {"session": 41, "held-on": "2026-03-12"}
    here.step("coordinator", "takeStep", id, step="approve", data=data)
    states = "query($id: ID!) { recommendation(id: $id) { states } }"
    assert "cabinet.approved" in here.ask("reader", states, id=id)["recommendation"]["states"]
    lines = [{"before": "cabinet", "after": None}]
    back = migrated(here, **{"from": to}, to=UPR.hash, states=lines)
    assert back["counts"]["moved"] == 1
    assert back["cases"]["nodes"][0]["left"] == ["cabinet.approved"]
    log = here.service.log
    assert replay(here.service.desk.procedures, log.read_streams(log.size - 1)).ok


def test_what_if_tells_a_history_with_a_migration_as_what_it_is(here: Server) -> None:
    id = here.receive()
    to = published(here)
    moved = migrated(here, to=to)
    assert moved["counts"]["moved"] == 1
    procedures = here.service.desk.procedures
    entries = here.service.log.history([read_id(id)])
    story = retell(entries, procedures.of, CABINETS)
    assert (story.fate, story.migrated) == ("same", moved["logIndex"])
    assert retell(entries[:1], procedures.of, CABINETS).migrated is None


def test_cases_go_over_page_by_page(here: Server) -> None:
    ids = [here.receive() for _ in range(5)]
    here.step("coordinator", "closeRecommendation", ids[0], closing="WITHDRAWN", reason="so")
    to = published(here)
    first = migrated(here, to=to, first=2, commandId="p")
    assert first["counts"] == {"same": 0, "moved": 1, "needsDecision": 1, "refused": 0}
    assert first["pageInfo"]["hasNextPage"] is True
    after = first["pageInfo"]["endCursor"]
    second = migrated(here, to=to, first=10, commandId="p", after=after)
    assert second["counts"]["moved"] == 3
    assert second["pageInfo"]["hasNextPage"] is False
    picked = (
        'mutation($i: MigrateCasesInput!) { migrateCases(input: $i) { cases(first: 1, after: "1") '
    )
    picked += "{ nodes { fate } pageInfo { hasNextPage hasPreviousPage } } } }"
    said = {"commandId": "q", "addressee": "SVN", "from": to, "to": UPR.hash, "dryRun": True}
    found = here.ask("coordinator", picked, i=said)["migrateCases"]["cases"]
    assert [case["fate"] for case in found["nodes"]] == ["NEEDS_DECISION"]
    assert found["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": True}


def test_a_migration_with_faults_tries_nothing(here: Server) -> None:
    here.receive()
    to = shipped()["common"].hash
    size = here.size()
    lines = [{"before": "nowhere", "after": "record.open"}]
    payload = migrated(here, to=to, states=lines)
    assert [fault["code"] for fault in payload["faults"]] == ["unknown-state"]
    assert (payload["cases"]["nodes"], here.size()) == ([], size)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"to": UPR.hash}, "INVALID_INPUT"),
        ({"to": "0" * 64}, "NOT_FOUND"),
        ({"to": CABINETS.hash}, "NOT_FOUND"),
        ({"to": shipped()["common"].hash, "first": 5_001}, "LIMIT_EXCEEDED"),
        ({"to": shipped()["common"].hash, "commandId": "x" * 92}, "INVALID_INPUT"),
        ({"to": shipped()["common"].hash, "facts": {"a.b": 1.5}}, "INVALID_INPUT"),
    ],
)
def test_what_can_not_be_asked_is_refused(here: Server, said: dict[str, Any], code: str) -> None:
    here.receive()
    size = here.size()
    payload = migrated(here, **said, states=[{"before": "position", "after": None}])
    assert [error["code"] for error in payload["errors"]] == [code]
    assert here.size() == size


def test_only_a_coordinator_takes_cases_over(here: Server) -> None:
    here.receive()
    to = shipped()["common"].hash
    size = here.size()
    for who, dry_run in product(sorted(set(HOLDERS) - {"coordinator"}), (True, False)):
        payload = migrated(here, who, to=to, dryRun=dry_run)
        assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]
    assert here.size() == size


def test_a_case_of_another_state_does_not_go_over_by_name(here: Server) -> None:
    other = here.receive(addressee="HRV")
    lines = [{"before": "position", "after": None}]
    to = shipped()["common"].hash
    (case,) = migrated(here, to=to, ids=[other], states=lines)["cases"]["nodes"]
    assert (case["fate"], case["error"]["code"]) == (None, "NOT_FOUND")
