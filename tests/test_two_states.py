"""Two invented States follow up the same real matrix, each by a procedure of its own, from the
review to the end of the cycle, by a clock that is set; what is open then goes on into the next."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from api.checking import check_all
from domain.casework.deadlines import DeadlinePassed, Escalated, Reminded
from domain.recommendation.assignment import AssignmentLapsed
from tests.clock import SetClock
from tests.server import Server, running
from tests.test_importing import CYCLE_3
from tests.test_own_procedures import adopted, published
from workflows.importing import Import, Options
from workflows.procedure.replay import replay

pytestmark = pytest.mark.slow

ARVENIA = """
format: suivi-overlay/1
name: arvenia
extends: upr
labels: {en: Arvenia}
for: {mechanisms: [upr]}
operations:
  - op: add-state
    after: assignment
    state:
      id: cabinet
      bucket: not-counted
      labels: {en: Cabinet}
      states:
        - id: cabinet.waits
          labels: {en: Waits for the cabinet}
          moves:
            - {on: approve, when: planned, to: cabinet.approved}
            - {on: plan}
        - id: cabinet.approved
          labels: {en: Approved by the cabinet}
          moves: [{on: plan, to: cabinet.waits}]
  - op: add-step
    after: plan
    step:
      name: approve
      labels: {en: Approve in the cabinet}
      roles: [coordinator]
      form:
        - {name: session, labels: {en: Session}, type: number, required: true, least: 1}
  - {op: four-eyes, step: approve, apart-from: [plan]}
  - {op: require, step: declare-implemented, when: at cabinet.approved}
  - {op: tighten, deadline: mid-term-report, after: {months: 24}}
  - op: add-deadline
    deadline:
      id: silence
      while: [assignment.offered]
      due: {fact: offer-answer-due}
      then: lapse-assignment
      labels: {en: Silence}
"""
"""A cabinet approves what another has planned; an offer lapses in silence."""

BORDURIA = """
format: suivi-overlay/1
name: borduria
extends: upr
labels: {en: Borduria}
for: {mechanisms: [upr]}
operations:
  - {op: restrict, step: plan, roles: [focal-point]}
  - op: four-eyes
    step: declare-implemented
    approvals: {needed: 1, of: [{role: coordinator}]}
  - op: add-state
    after: reporting
    state:
      id: look
      bucket: not-counted
      labels: {en: Yearly look}
      states:
        - id: look.quiet
          labels: {en: Looked at}
          moves: [{past: a-year, to: look.asked-for}]
        - id: look.asked-for
          labels: {en: To be looked at}
          moves: [{on: look-at, to: look.quiet}]
  - op: add-step
    after: plan
    step: {name: look-at, labels: {en: Look at it}, roles: [coordinator]}
  - op: add-deadline
    deadline:
      id: a-year
      while: [look.quiet]
      due: {after: {years: 1}}
      labels: {en: A year}
"""
"""No cabinet; somebody looks at each case every year, and a coordinator approves declarations."""

LIST = """query($where: RecommendationWhere!, $after: String) {
  recommendations(where: $where, first: 200, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { id version position states assignments { id institutionCode status } } } }"""
MANY = """mutation($input: TakeStepsInput!) { takeSteps(input: $input) {
  results { ok errors { code message } } errors { code message } } }"""
DECIDE = """mutation($input: DecideCasesInput!) { decideCases(input: $input) {
  results { ok errors { code message } } errors { code message } } }"""

CASES = 215
"""Paragraphs of the real matrix, 182 supported and 33 noted."""

Case = dict[str, Any]


class State(NamedTuple):
    """An invented State: how its server is asked, and its code."""

    server: Server
    clock: SetClock
    code: str

    def cases(self, **where: Any) -> list[Case]:
        """Its recommendations, in the order of the document."""
        found: list[Case] = []
        after = None
        while True:
            said = {"addressee": [self.code], **where}
            page = self.server.ask("coordinator", LIST, where=said, after=after)["recommendations"]
            found += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found

    def take(self, who: str, step: str, some: list[tuple[Case, dict[str, Any]]]) -> None:
        """The same step on many cases, none refused."""
        items = [
            {"id": case["id"], "expectedVersion": case["version"], "data": data}
            for case, data in some
        ]
        said = {"commandId": uuid4().hex, "step": step, "items": items}
        done = self.server.ask(who, MANY, input={**said, "reason": "by the plan"})["takeSteps"]
        assert done["errors"] == []
        assert [one["errors"] for one in done["results"] if not one["ok"]] == []

    def until(self, day: str) -> int:
        """Lets the clock run to a day; how many timers fired."""
        self.clock.set(day)
        return self.server.service.worker.catch_up()


def addressed_to(name: str, source: Path, folder: Path) -> Path:
    """The same matrix, of another State."""
    made = folder / f"{name}.docx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.startswith("word/header"):
                data = data.replace(b"Slovenia", name.encode())
            new.writestr(part, data)
    return made


@pytest.fixture(scope="module", params=["XAA", "XAB"])
def state(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, test_data: Path
) -> Iterator[State]:
    code = request.param
    folder = tmp_path_factory.mktemp("states")
    clock = SetClock("2020-02-20")
    with running(f"sqlite:///{folder / 'suivi.db'}", clock) as server:
        server.grant("second", "coordinator", "mfa")
        text = {"XAA": ARVENIA, "XAB": BORDURIA}[code]
        adopted(server, published(server, text, code), code)
        clerk = server.service.principal(server.keys["clerk"])
        assert clerk is not None
        matrix = addressed_to(f"Invented {code}", test_data / CYCLE_3, folder)
        Import(server.service.desk, server.service, clerk).run(
            matrix,
            Options(
                state=code,
                reviewed="2019-11-12",
                document_dates={
                    "A/HRC/43/15": "2020-01-08",
                    "A/HRC/43/15/Add.1": "2020-02-19",
                },
            ),
        )
        server.service.feed.advance()
        yield State(server, clock, code)


def of(cases: list[Case], institution: str, status: str) -> list[tuple[Case, dict[str, Any]]]:
    """The assignments of an institution that stand so, as data of the steps about them."""
    return [
        (case, {"assignment": a["id"]})
        for case in cases
        for a in case["assignments"]
        if (a["institutionCode"], a["status"]) == (institution, status)
    ]


def in_arvenia(state: State) -> None:
    """Offers, silence, plans that another approves, measures that are late."""
    cases = state.cases()
    offers = [
        (case, {"institution": ("labour", "justice")[n % 2], "capacity": "lead",
                "answerDue": "2020-06-30"})
        for n, case in enumerate(cases)
    ]  # fmt: skip
    state.take("coordinator", "offer-assignment", offers)
    state.take("labour", "accept-assignment", of(state.cases(), "labour", "OFFERED"))
    assert state.until("2020-07-02") > 0
    silent = of(state.cases(), "justice", "LAPSED")
    assert len(silent) == CASES // 2, "an offer lapses in silence"
    decree = {"institution": "justice", "capacity": "lead"}
    state.take("coordinator", "decree-assignment", [(case, decree) for case, _ in silent])
    planned = state.cases()[:60]
    measures = {"measures": "a law", "ends": "2023-06-30"}
    state.take("coordinator", "plan", [(case, measures) for case in planned])
    planned = state.cases()[:60]
    refused = state.server.take(
        "coordinator",
        "takeStep",
        id=planned[0]["id"],
        expectedVersion=planned[0]["version"],
        step="approve",
        data={"session": 7},
    )
    assert [error["code"] for error in refused["errors"]] == ["FOUR_EYES"]
    state.take("second", "approve", [(case, {"session": 7}) for case in planned[:40]])
    assert all("cabinet.approved" in case["states"] for case in state.cases()[:40])
    state.until("2023-01-15")
    state.take("coordinator", "declare-implemented", [(c, {}) for c in state.cases()[:30]])
    state.until("2023-08-15")


def in_borduria(state: State) -> None:
    """Decrees, plans of the ministry, a look every year, declarations that are approved."""
    decree = {"institution": "labour", "capacity": "lead"}
    state.take("coordinator", "decree-assignment", [(case, decree) for case in state.cases()])
    measures = {"measures": "a programme", "ends": "2022-12-31"}
    state.take("labour", "plan", [(case, measures) for case in state.cases()[:50]])
    for day in ("2021-03-01", "2022-03-10", "2023-03-20"):
        assert state.until(day) > 0
        late = [case for case in state.cases() if "look.asked-for" in case["states"]]
        assert len(late) == CASES, "a year after each look somebody has to look again"
        state.take("coordinator", "look-at", [(case, {}) for case in late])
    for case in state.cases()[:3]:
        state.server.step("second", "approveStep", case["id"], step="declare-implemented")
    state.take("labour", "declare-implemented", [(c, {}) for c in state.cases()[:3]])
    state.until("2023-08-15")


LIVES: dict[str, Callable[[State], None]] = {"XAA": in_arvenia, "XAB": in_borduria}


@pytest.fixture(scope="module")
def lived(state: State) -> State:
    """A State at the end of a cycle, with each case decided."""
    server = state.server
    assert len(state.cases()) == CASES
    LIVES[state.code](state)

    state.until("2024-11-15")
    later = [
        server.receive(addressee=state.code, symbol="A/HRC/58/99", paragraph=f"120.{n}", cycle=4)
        for n in range(1, 31)
    ]
    reviews = server.ask(
        "coordinator",
        "query($a: [String!]) { reviews(addressee: $a, first: 10) { nodes { id cycle version } } }",
        a=[state.code],
    )["reviews"]["nodes"]
    review = next(one for one in reviews if one["cycle"] == 3)
    said = {"id": review["id"], "expectedVersion": review["version"], "commandId": uuid4().hex}
    ended = server.ask(
        "coordinator",
        "mutation($input: RegisterInput!) { closeReview(input: $input) { errors { code } } }",
        input=said,
    )["closeReview"]
    assert ended["errors"] == []
    left = state.cases(undecided=True, cycle=[3])
    assert len(left) == CASES, "the end of a cycle changes no recommendation"

    decisions: list[dict[str, Any]] = []
    for n, case in enumerate(left):
        said: dict[str, Any] = {"id": case["id"], "expectedVersion": case["version"]}
        if n < 30:
            decisions.append({**said, "decision": "SUCCEEDED", "successor": later[n]})
        elif case["position"] == "NOTED":
            decisions.append({**said, "decision": "CLOSE", "closing": "NOT_PURSUED"})
        else:
            decisions.append({**said, "decision": "CONTINUE", "cycle": 4})
    said = {"commandId": uuid4().hex, "reason": "decided at the end of the cycle"}
    done = server.ask("coordinator", DECIDE, input={**said, "decisions": decisions})["decideCases"]
    assert [one["errors"] for one in done["results"] if not one["ok"]] == []
    assert state.cases(undecided=True, cycle=[3]) == []
    return state


def test_a_cycle_runs_from_the_review_to_its_end_and_each_case_is_decided(lived: State) -> None:
    assert lived.cases(undecided=True, cycle=[3]) == []
    assert len(lived.cases(cycle=[4])) == 30, "what goes on never counts in the next cycle"
    service = lived.server.service
    again = replay(service.desk.procedures, service.log.read_streams(service.log.size - 1))
    assert again.ok, again.differences[:3]
    report = check_all(service, lambda *_: None)
    assert report.ok, report.faults[:3]
    fired: dict[tuple[Any, ...], int] = {}
    for entry in service.log.read_all():
        event = entry.event
        if isinstance(event, (Reminded, DeadlinePassed, Escalated)):
            number = getattr(event, "number", 0)
            key = entry.stream, event.deadline, event.generation, type(event), number
            fired[key] = fired.get(key, 0) + 1
    assert fired
    assert set(fired.values()) == {1}, "each once"
    lapsed = [e for e in service.log.read_all() if isinstance(e.event, AssignmentLapsed)]
    assert bool(lapsed) == (lived.code == "XAA"), "only where its own procedure says so"


def test_its_diagram_counts_its_cases(lived: State) -> None:
    query = """query($a: [String!]!) { workflowDefinitions { name cases(addressee: $a) { total
        states { name count } } diagram(format: SVG, counts: true, addressee: $a) } }"""
    told = lived.server.ask("auditor", query, a=[lived.code])["workflowDefinitions"]
    own = next(one for one in told if one["name"] in ("arvenia", "borduria"))
    assert own["cases"]["total"] == len(lived.cases())
    closed = next(s for s in own["cases"]["states"] if s["name"] == "record.closed")
    assert closed["count"] == len(lived.cases(open=False))
    assert own["diagram"].startswith("<svg")


WHAT_IF = """query($text: String!, $a: [String!]!) {
  whatIf(definition: {text: $text}, where: {addressee: $a, cycle: [3]}, first: 20) {
    gate { ok } totals { same elsewhere diverges breaks { step guard cases code } }
    cases { nodes { fate step guards daysOverdue daysOverdueAsItIs } } } }"""


BROKEN = {
    "XAA": {("plan", "FORBIDDEN"), ("decree-assignment", "ALREADY_SO")},
    "XAB": {("look-at", "STEP_NOT_OPEN")},
}
"""Which steps of a State could not have been taken under the other's procedure, and why."""


def test_what_if_it_had_gone_by_the_others_procedure(lived: State) -> None:
    other = {"XAA": BORDURIA, "XAB": ARVENIA}[lived.code]
    told = lived.server.ask("coordinator", WHAT_IF, text=other, a=[lived.code])["whatIf"]
    assert told["gate"]["ok"]
    totals = told["totals"]
    assert sum(totals[fate] for fate in ("same", "elsewhere", "diverges")) == CASES
    broken = {(one["step"], one["code"]) for one in totals["breaks"]}
    assert broken == BROKEN[lived.code]
    assert all(case["daysOverdueAsItIs"] >= 0 for case in told["cases"]["nodes"])
    late = [case for case in told["cases"]["nodes"] if case["daysOverdueAsItIs"] > 0]
    assert late, "measures were late"
