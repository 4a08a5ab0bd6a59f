"""What if and what is: random histories are told under a draft, and really run under it, over the
desk and by its clock; both come to the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest

from domain.casework import BESIDE, CaseEvent, approvals, deadlines, suspension, tasks
from domain.entry import Authority, AuthorityKind, Entry, Protected, Stamp, Visibility, effective
from domain.recommendation import (
    Recommendation,
    closing,
    implementation,
    position,
    progress,
    reporting,
    wording,
)
from domain.recommendation.assignment import accept as accept_assignment
from domain.recommendation.assignment import decline as decline_assignment
from domain.recommendation.assignment import decree as decree_assignment
from domain.recommendation.assignment import end as end_assignment
from domain.recommendation.assignment import hand_over as hand_over_assignment
from domain.recommendation.assignment import lapse as lapse_assignment
from domain.recommendation.assignment import offer as offer_assignment
from domain.refusals import Refusal
from domain.words import (
    Answer,
    AssignmentStatus,
    Capacity,
    Closing,
    CorrectionKind,
    Organ,
    ProgressStatus,
    ReportKind,
)
from tests.clock import SetClock
from tests.given import (
    answered,
    claimed,
    decreed,
    drafted,
    given,
    planned,
    principal,
    received,
    speaker,
    supported,
)
from tests.length import times
from tests.server import Server, running
from workflows.access import Principal, Role, authorise_release, authorise_task
from workflows.desk import Command, Desk
from workflows.log import Log
from workflows.procedure import SHIPPED
from workflows.procedure.compiled import Compiled
from workflows.procedure.consequences import instant_of
from workflows.procedure.definition import Definition, canonical
from workflows.procedure.firing import fire
from workflows.procedure.four_eyes import authorise_approval
from workflows.procedure.gate import Report, check
from workflows.procedure.shipped import read, shipped
from workflows.procedure.what_if import Fate, NotAsked, Retelling
from workflows.publishing import Examined, adopt, publish
from workflows.visibility import bounds

PEOPLE = (
    principal(),
    msgspec.structs.replace(principal(), actor="p-2"),
    msgspec.structs.replace(principal(Role.CLERK), actor="p-3"),
    msgspec.structs.replace(principal(Role.FOCAL_POINT, "labour"), actor="p-4"),
    msgspec.structs.replace(principal(Role.FOCAL_POINT, "justice"), actor="p-5"),
    msgspec.structs.replace(principal(), actor=None, system="case-desk"),
)

OPERATIONS = {
    "four eyes": "- {op: four-eyes, step: declare-implemented, apart-from: [plan]}",
    "approvals": """
- op: four-eyes
  step: close
  approvals: {needed: 1, of: [{role: coordinator}, {institution: justice}]}""",
    "reported by others": "- {op: four-eyes, step: report, apart-from: [publish-progress]}",
    "plans are the coordinator's": "- {op: restrict, step: plan, roles: [coordinator]}",
    "reports are the clerk's": "- {op: restrict, step: report, roles: [clerk]}",
    "declared when no offer waits": """
- {op: require, step: declare-implemented, when: not at assignment.offered}""",
    "offers after an answer": """
- {op: require, step: offer-assignment, when: 'position in ["supported", "noted"]'}""",
    "a task for the coordinator": """
- op: add-task
  task:
    id: make-a-plan
    labels: {en: Make a plan}
    while: [assignment.assigned]
    steps: [plan]
    roles: [coordinator]""",
    "silence": """
- op: add-deadline
  deadline:
    id: silence
    labels: {en: Silence}
    while: [assignment.offered]
    due: {after: {days: 20}}
    then: lapse-assignment""",
    "too late to plan": """
- op: add-state
  state:
    id: haste
    labels: {en: Haste}
    bucket: not-counted
    states:
      - id: haste.waits
        labels: {en: Waits}
        moves: [{on: plan, to: haste.none}, {past: haste, to: haste.late}]
      - {id: haste.none, labels: {en: None}}
      - id: haste.late
        labels: {en: Late}
        moves: [{on: offer-assignment, to: haste.waits}]
- op: add-deadline
  deadline:
    id: haste
    labels: {en: Haste}
    while: [haste.waits]
    due: {after: {working-days: 25}}
    reminders: [{before: {working-days: 5}, to: [coordinator]}]
    escalations: [{after: {days: 3}, to: [coordinator]}]
- {op: require, step: plan, when: not at haste.late}""",
    "a step of the procedure's own": """
- op: add-step
  step: {name: wind-up, labels: {en: Wind up}, roles: [coordinator]}
- op: add-state
  state:
    id: winding
    labels: {en: Winding}
    bucket: not-counted
    states:
      - {id: winding.not, labels: {en: No}, moves: [{on: wind-up, to: winding.up}]}
      - id: winding.up
        labels: {en: Up}
        moves: [{on: wind-up}, {on: assess, to: winding.not}]
- op: add-deadline
  deadline:
    id: winding
    labels: {en: Winding}
    while: [winding.not]
    due: {after: {months: 4}}
    then: wind-up
- {op: require, step: report, when: not at winding.up}""",
}
"""What drafts are made of; all together are sound, as the gate says."""


def draft(chosen: Sequence[str]) -> Definition:
    lines = "\n".join(OPERATIONS[name] for name in chosen) or "[]"
    operations = "\n".join(f"  {line}" for line in lines.splitlines())
    head = "format: suivi-overlay/1\nname: draft\nextends: upr\nlabels: {en: Draft}\n"
    text = f"{head}for: {{mechanisms: [upr]}}\noperations:\n{operations}\n"
    return read(text.encode(), lambda name: shipped()[name].definition)


class Step(NamedTuple):
    """A step that somebody takes, in any world: what it names there is found by `act`."""

    who: Principal
    name: str
    stamp: Stamp
    act: Callable[[World, Recommendation, Stamp], CaseEvent]
    assignment: int | None = None
    report: int | None = None
    """The steps, by number, that began the assignment and the progress report it is about."""


class World:
    """A recommendation under the procedure that its State has adopted, in a log of its own."""

    def __init__(self, folder: Path, clock: SetClock, adopted: Definition | None = None) -> None:
        self.log = Log(f"sqlite:///{folder / f'{next(_NUMBERS)}.db'}")
        self.desk = Desk(self.log, clock)
        self.clock = clock
        self.version: dict[int, int] = {}
        """The version of the entry of each step, by its number"""
        self.taken_at: dict[int, int] = {}
        who, said = PEOPLE[0], msgspec.structs.replace(received().stamp, command="begin")
        if adopted is not None:
            found = Examined(adopted, Report(ok=True, hash=adopted.hash, faults=()))
            command = Command.of_the_machine("publish")
            publish(self.desk, who, command, said, "SVN", lambda: found)
            adopt(self.desk, who, Command.of_the_machine("adopt"), said, "SVN", adopted.hash)

    def close(self) -> None:
        self.log.close()

    def begin(self, first: Entry) -> None:
        self.id: UUID = first.stream
        event = msgspec.structs.replace(
            first.event, stamp=msgspec.structs.replace(first.stamp, definition=None)
        )
        entry = self.desk.procedures.opening(self.id, "SVN", event)
        self.append([entry])

    def append(self, entries: Sequence[Entry]) -> None:
        self.desk.append(Command.of_the_machine(f"c-{next(_NUMBERS)}"), entries)
        for entry in entries:
            self.taken_at[entry.version] = self.clock()

    def it(self) -> Recommendation:
        return self.desk.load(self.id, PEOPLE[0])

    def pass_time(self) -> None:
        """What a worker does."""
        r = self.it()
        while (due := r.next_due) is not None and due.at <= instant_of(self.clock()):
            self.append(fire(self.desk.procedures, r, due, "timers"))

    def take(self, number: int, step: Step) -> None:
        taken = self.desk.take(
            step.who,
            Command.of_the_machine(f"step-{number}"),
            self.id,
            step.name,
            step.stamp,
            lambda r, stamp: step.act(self, r, stamp),
            expected_version=None,
            assignment=None if step.assignment is None else self.named(step.assignment),
            report=None if step.report is None else self.named(step.report),
        )
        self.version[number] = taken.entries[-1].version
        self.taken_at[taken.entries[-1].version] = self.clock()

    def named(self, number: int) -> int:
        return self.version.get(number, 999)

    def entries(self, as_recorded: bool) -> list[Entry]:
        """Its history, recorded when the clock said so, or when this machine's did."""
        return [
            entry._replace(recorded_at=self.taken_at[entry.version]) if as_recorded else entry
            for entry in self.log.history([self.id])
        ]


_NUMBERS = count()


def any_step(world: World, random: Random, number: int, dated: bool) -> Step:
    """Any step, that fits or not."""
    r = world.it()
    number_of = {version: n for n, version in world.version.items()}
    today = world.clock.today

    def soon(most: int = 120) -> str:
        return (today + timedelta(days=random.randint(1, most))).isoformat()

    def one(ids: Sequence[int]) -> int:
        return random.choice([number_of.get(id, 0) for id in ids] or [0])

    def assignment(*statuses: AssignmentStatus) -> int:
        return one([a.id for a in r.assignments if a.status in statuses])

    def report(status: ProgressStatus) -> int:
        return one([p.id for p in r.progress if p.status is status])

    words, to = Protected("words"), random.choice(["labour", "justice", "interior"])
    offered, assigned = assignment(AssignmentStatus.OFFERED), assignment(AssignmentStatus.ASSIGNED)
    drafted, cleared = report(ProgressStatus.DRAFTED), report(ProgressStatus.CLEARED)
    held = (r.deadlines and random.choice(r.deadlines).deadline) or "none"
    task = (r.tasks and random.choice(r.tasks).task) or "none"
    some = [
        *r.declared,
        *r.reported,
        *(p.version for p in r.plans),
        *(p.version for p in r.positions),
    ]
    struck, day, until = one(some), soon(), random.choice([None, soon(60)])
    answer, approved = random.choice(list(Answer)), random.choice(["close", "declare-implemented"])
    acts: dict[str, Callable[[World, Recommendation, Stamp], CaseEvent]] = {
        "take-position": lambda w, r, s: position.take(r, s, answer, organ=Organ.OTHER),
        "defer-position": lambda w, r, s: position.defer(r, s, day, None),
        "offer-assignment": lambda w, r, s: offer_assignment(
            r, s, to, Capacity.LEAD, None, random_day
        ),
        "decree-assignment": lambda w, r, s: decree_assignment(r, s, to, Capacity.LEAD),
        "accept-assignment": lambda w, r, s: accept_assignment(r, s, w.named(offered)),
        "decline-assignment": lambda w, r, s: decline_assignment(r, s, w.named(offered)),
        "lapse-assignment": lambda w, r, s: lapse_assignment(r, s, w.named(offered)),
        "end-assignment": lambda w, r, s: end_assignment(r, s, w.named(assigned)),
        "hand-over-assignment": lambda w, r, s: hand_over_assignment(r, s, w.named(assigned), to),
        "plan": lambda w, r, s: implementation.plan(r, s, words, ends=random_day),
        "draft-progress": lambda w, r, s: progress.draft(r, s, words),
        "clear-progress": lambda w, r, s: progress.clear(r, s, w.named(drafted)),
        "publish-progress": lambda w, r, s: progress.publish(r, s, w.named(cleared), words),
        "declare-implemented": lambda w, r, s: implementation.declare(r, s),
        "report": lambda w, r, s: reporting.report(r, s, ReportKind.MID_TERM, "report"),
        "close": lambda w, r, s: closing.close(r, s, Closing.CARRIED_OUT),
        "reopen": lambda w, r, s: closing.reopen(r, s),
        "suspend": lambda w, r, s: suspension.suspend(r, s, until),
        "resume": lambda w, r, s: suspension.resume(r, s),
        "extend-deadline": lambda w, r, s: deadlines.extend(r, s, held, day),
        "strike": lambda w, r, s: wording.strike(
            r, s, CorrectionKind.ENTERED_IN_ERROR, w.named(struck)
        ),
    }
    random_day = random.choice([None, soon()])
    name = random.choice([*acts, *acts, "claim-task", "release-task", "give-approval"])
    open_now = [step for step in world.desk.procedures.open_steps(r) if step in acts]
    if name in acts and random.random() < 0.7 and open_now:
        name = random.choice(open_now)
    who = random.choice([*PEOPLE, *PEOPLE[:2] * 3])

    def beside(w: World, r: Recommendation, s: Stamp) -> CaseEvent:
        if name == "claim-task":
            authorise_task(who, r, task)
            return tasks.claim(r, s, task)
        if name == "release-task":
            authorise_release(who, r, task, who.institution)
            return tasks.release(r, s, task, who.institution)
        procedure = w.desk.procedures.of(r)
        authorise_approval(procedure, approved, who.role.value, who.institution)
        return approvals.approve(r, s, approved)

    stamp = Stamp(
        command=f"step-{number}",
        speaker=who.speaker(),
        visibility=bounds(name).usual,
        effective=effective(today.isoformat() if dated else None),
        reason=Protected("because"),
    )
    is_of = {"accept-assignment": offered, "decline-assignment": offered}
    is_of |= {"end-assignment": assigned, "hand-over-assignment": assigned}
    is_of |= {"lapse-assignment": offered}
    return Step(who, name, stamp, acts.get(name, beside), is_of.get(name))


def a_life(world: World, random: Random, dated: bool) -> list[tuple[int, Step, str]]:
    """The steps that were taken, each with the instant; some others were refused."""
    taken: list[tuple[int, Step, str]] = []
    day = world.clock.today
    for number in range(1, 31):
        day += timedelta(days=random.choice([0, 1, 3, 10, 40]))
        world.clock.set(day.isoformat())
        world.pass_time()
        step = any_step(world, random, number, dated)
        try:
            world.take(number, step)
        except Refusal:
            continue
        taken.append((number, step, day.isoformat()))
    return taken


def run(
    folder: Path, first: Entry, steps: Sequence[tuple[int, Step, str]], under: Definition, end: str
) -> tuple[tuple[str, ...], int | None, str | None]:
    """Really runs a history under a draft: the states it comes to, the number of the step that is
    refused, and the code."""
    clock = SetClock(START)
    world = World(folder, clock, under)
    try:
        world.begin(first)
        for number, step, day in steps:
            clock.set(day)
            world.pass_time()
            before = tuple(world.it().states)
            try:
                world.take(number, step)
            except Refusal as refusal:
                if step.name in BESIDE:
                    continue
                return before, number, refusal.code
        clock.set(end)
        world.pass_time()
        return tuple(world.it().states), None, None
    finally:
        world.close()


START, DRAFTS_A_LIFE = "2030-03-01", 2
LIVES = times(6, long=500)


@pytest.mark.endurance
def test_what_drafts_are_made_of_is_sound_with_one_another() -> None:
    some = list(OPERATIONS)[-times(2, long=len(OPERATIONS)) :]
    report = check(draft(some))
    assert report.ok, report.faults


@pytest.mark.endurance
@pytest.mark.parametrize("seed", sorted({*range(LIVES), 352}))  # 352 strikes where the clock acted
def test_what_if_comes_to_what_really_running_a_history_comes_to(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    dated = bool(seed % 2)
    clock = SetClock(START)
    first = received(on=START if dated else None)
    own = World(tmp_path, clock)
    try:
        own.begin(first)
        steps = a_life(own, random, dated)
        end = clock.today + timedelta(days=random.choice([0, 200]))
        clock.set(end.isoformat())
        own.pass_time()
        entries = own.entries(as_recorded=not dated)
        r = own.it()
    finally:
        own.close()
    version = {number: own.version[number] for number, _, _ in steps}
    for _ in range(DRAFTS_A_LIFE):
        chosen = random.sample(list(OPERATIONS), random.choice([0, 1, 2, 3]))
        under = draft(chosen)
        story = Retelling(own.desk.procedures.of, Compiled(under)).tell(entries, clock())
        states, refused, code = run(tmp_path, first, steps, under, end.isoformat())
        assert (story.would_stand, story.code) == (states, code), (chosen, story)
        if refused is not None:
            assert story.fate is Fate.DIVERGES
            at = {entry.version: entry.log_index for entry in entries}
            assert story.log_index == at[version[refused]]
        else:
            both = {s.id for s in under.all_states()} & {*shipped()["upr"].chart.index}
            same = both & {*r.states} == both & {*states}
            assert story.fate is (Fate.SAME if same else Fate.ELSEWHERE)


TOLD = """query($text: String!) { whatIf(definition: {text: $text}, where: {addressee: ["SVN"]}) {
    cases { nodes { fate step code guards why notAsked } }
    totals { breaks { step code guard cases } notAsked { what cases } } } }"""


def told(server: Server, *chosen: str) -> dict[str, Any]:
    text = canonical(draft(chosen)).decode()
    return server.ask("coordinator", TOLD, text=text)["whatIf"]  # type: ignore[no-any-return]


@pytest.mark.slow
def test_what_if_says_who_would_have_been_refused_and_what_it_passed_over(sqlite_url: str) -> None:
    with running(sqlite_url) as here:
        id = here.receive()
        here.step("coordinator", "assignRecommendation", id, institution="labour")
        here.step("labour", "planImplementation", id, measures="a law")
        here.step("labour", "declareImplemented", id)
        found = told(here, "four eyes")
        (case,) = found["cases"]["nodes"]
        assert (case["step"], case["code"]) == ("declare-implemented", "FOUR_EYES")
        assert "p-labour" in case["why"]
        assert found["totals"]["breaks"] == [
            {
                "step": "declare-implemented",
                "code": "FOUR_EYES",
                "guard": "another person than took plan",
                "cases": 1,
            }
        ], "whoever it was"


def test_what_if_asks_who_may_take_a_step() -> None:
    focal = speaker("labour", "focal-point")
    taken = given(received(), supported(), decreed("labour"), planned())
    *before, entry = taken.entries
    event = entry.event
    said = msgspec.structs.replace(event, stamp=msgspec.structs.replace(entry.stamp, speaker=focal))
    under = Compiled(draft(["plans are the coordinator's"]))
    story = Retelling(SHIPPED.of, under).tell([*before, entry._replace(event=said)])
    assert (story.fate, story.step, story.code) == (Fate.DIVERGES, "plan", "FORBIDDEN")
    assert story.why == "The role focal-point may not plan; open to: coordinator."
    (needed,) = story.blocked
    assert needed.guard == "the role coordinator, and an institution that it concerns"


def test_what_if_takes_who_could_read_an_older_entry_as_it_was() -> None:
    """Drafts of before might be public."""
    history = given(received(), supported(), decreed("labour"), drafted(institution="labour"))
    assert history.entries[-1].stamp.visibility is Visibility.PUBLIC
    story = Retelling(SHIPPED.of, Compiled(draft([]))).tell(history.entries)
    assert story.fate is Fate.SAME


def test_what_an_import_did_and_what_was_done_beside_is_told_as_passed_over() -> None:
    taken = given(received(), answered(Answer.SUPPORTED, batch=UUID(int=5)), claimed("assign"))
    under = Compiled(draft(["plans are the coordinator's"]))
    assert Retelling(SHIPPED.of, under).tell(taken.entries).not_asked == ()
    text = """
format: suivi-overlay/1
name: fewer
extends: upr
labels: {en: Fewer}
for: {mechanisms: [upr]}
operations:
  - {op: restrict, step: take-position, roles: [clerk]}
"""
    fewer = read(text.encode(), lambda name: shipped()[name].definition)
    without = msgspec.structs.replace(fewer, tasks=())
    story = Retelling(SHIPPED.of, Compiled(without)).tell(taken.entries)
    assert story.fate is Fate.SAME
    assert story.not_asked == (NotAsked.BESIDE, NotAsked.IMPORTED)


def test_what_was_recorded_as_history_counts_and_is_asked_nothing() -> None:
    text = """
format: suivi-overlay/1
name: careful
extends: upr
labels: {en: Careful}
for: {mechanisms: [upr]}
operations:
  - {op: four-eyes, step: take-position, approvals: {needed: 1, of: [{role: coordinator}]}}
"""
    under = Compiled(read(text.encode(), lambda name: shipped()[name].definition))
    decree = Authority(kind=AuthorityKind.DECISION, reference="Decree 5")
    told = [
        Retelling(SHIPPED.of, under).tell(
            given(received(), answered(Answer.SUPPORTED, history=history)).entries
        )
        for history in (None, decree)
    ]
    assert [story.fate for story in told] == [Fate.DIVERGES, Fate.SAME]
    assert told[1].not_asked == (NotAsked.HISTORY,)
