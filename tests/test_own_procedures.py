"""A State's own procedure: published, adopted, followed step by step, and decided again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from jsonschema import Draft202012Validator

from domain.adoptions import adopt, adoptions_id, fold
from domain.entry import Entry
from domain.refusals import AlreadySo, InvalidInput
from domain.words import Kind, Mechanism
from tests.given import given, received, stamp, supported
from tests.server import HOLDERS, ROOT, Server, running
from workflows import publishing
from workflows.procedure import SHIPPED, Procedures, forms
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition, Field, FieldType, Unsound
from workflows.procedure.gate import check
from workflows.procedure.replay import replay
from workflows.procedure.shipped import read, shipped
from workflows.procedure.what_if import Fate, retell

CABINET = """
format: suivi-overlay/1
name: with-cabinet
extends: upr
labels: {en: A cabinet approves}
for: {mechanisms: [upr]}
operations:
  - op: add-state
    after: assignment
    state:
      id: cabinet
      labels: {en: Cabinet}
      bucket: not-counted
      states:
        - id: cabinet.waits
          labels: {en: Waits}
          moves: [{on: approve, when: planned, to: cabinet.approved}]
        - {id: cabinet.approved, labels: {en: Approved}}
  - op: add-step
    after: plan
    step:
      name: approve
      labels: {en: Approve}
      roles: [coordinator]
      form:
        - {name: session, labels: {en: Session}, type: number, required: true, least: 1}
        - {name: held-on, labels: {en: Held on}, type: day, required: true}
        - name: vote
          labels: {en: Vote}
          type: choice
          choices: [{id: all, labels: {en: All}}, {id: most, labels: {en: By majority}}]
        - {name: remarks, labels: {en: Remarks}, type: text}
        - {name: title, labels: {en: Title}, type: text, public: true, most: 20}
        - {name: urgent, labels: {en: Urgent}, type: flag}
  - {op: restrict, step: plan, roles: [coordinator]}
  - {op: require, step: declare-implemented, when: at cabinet.approved}
"""
"""A cabinet approves a plan before the recommendation can be declared implemented."""

PUBLISH = """mutation($input: PublishWorkflowDefinitionInput!) { publishWorkflowDefinition(
    input: $input) { definition { hash name addressee adoptedBy } logIndex
    gate { ok faults { code message where trace } } entries { event { __typename } logIndex }
    errors { code message } } }"""
ADOPT = """mutation($input: AdoptWorkflowDefinitionInput!) { adoptWorkflowDefinition(
    input: $input) { definition { hash name addressee adoptedBy } logIndex
    entries { event { __typename } } errors { code message } } }"""
TAKE = """mutation($input: TakeStepInput!) { takeStep(input: $input) {
    recommendation { states } logIndex entries { definition left entered event { __typename
    ... on StepTaken { step data { field value words { text erased } } } } }
    errors { code message } } }"""
STEPS = """query($id: ID!) { recommendation(id: $id) { definition { hash name addressee }
    steps { name isOpen isOwn allowed roles form blockedBy { guard whoCan } } } }"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        yield server


def asked(server: Server, mutation: str, who: str = "coordinator", **said: Any) -> dict[str, Any]:
    """The payload of one of the three mutations, refused or not."""
    document = {"publish": PUBLISH, "adopt": ADOPT, "take": TAKE}[mutation]
    input = {"commandId": uuid4().hex, **said}
    (payload,) = server.ask(who, document, input=input).values()
    assert isinstance(payload, dict)
    return payload


def published(server: Server, text: str = CABINET, addressee: str = "SVN") -> str:
    payload = asked(server, "publish", addressee=addressee, text=text)
    assert payload["errors"] == [], payload["gate"]
    return payload["definition"]["hash"]  # type: ignore[no-any-return]


def adopted(server: Server, hash: str, addressee: str = "SVN") -> None:
    payload = asked(server, "adopt", addressee=addressee, definition=hash)
    assert payload["errors"] == []


def definition_of(server: Server, id: str) -> str:
    return server.ask("reader", STEPS, id=id)["recommendation"]["definition"]["name"]  # type: ignore[no-any-return]


# --- Published and adopted -----------------------------------------------------------------------


@pytest.mark.slow
def test_what_a_state_receives_starts_under_what_it_has_adopted_and_stays_there(
    database_url: str,
) -> None:
    with running(database_url) as server:
        before = server.receive()
        hash = published(server)
        assert definition_of(server, server.receive()) == "upr", "publishing decides nothing"
        adopted(server, hash)
        own = server.receive()
        assert definition_of(server, own) == "with-cabinet"
        assert definition_of(server, before) == "upr"
        assert definition_of(server, server.receive(addressee="HRV")) == "upr"
        other = server.receive(mechanism="TREATY_BODY", body="CRC")
        assert definition_of(server, other) == "treaty-body"
        adopted(server, shipped()["upr"].hash)
        assert definition_of(server, server.receive()) == "upr"
        assert definition_of(server, own) == "with-cabinet"


def test_the_list_says_which_procedures_ship_which_are_published_and_for_whom_they_count(
    here: Server,
) -> None:
    hash = published(here)
    query = "query($at: AsOf) { workflowDefinitions(asOf: $at) { name hash addressee adoptedBy } }"
    adopted(here, hash)
    told = {d["name"]: d for d in here.ask("reader", query)["workflowDefinitions"]}
    assert told.keys() == {*shipped(), "with-cabinet"}
    assert told["with-cabinet"] == {
        "name": "with-cabinet",
        "hash": hash,
        "addressee": "SVN",
        "adoptedBy": ["SVN"],
    }
    assert (told["upr"]["addressee"], told["upr"]["adoptedBy"]) == (None, [])
    at = {"logIndex": here.size() - 2}
    then = {d["name"]: d for d in here.ask("reader", query, at=at)["workflowDefinitions"]}
    assert then["with-cabinet"]["adoptedBy"] == [], "adopted only afterwards"
    one = "query($h: String!) { workflowDefinition(hash: $h) { name gate { ok } diagram } }"
    found = here.ask("reader", one, h=hash)["workflowDefinition"]
    assert (found["name"], found["gate"]["ok"]) == ("with-cabinet", True)
    assert "Approve" in found["diagram"]


@pytest.mark.slow
def test_an_overlay_may_extend_what_the_state_has_published_but_not_what_another_has(
    here: Server,
) -> None:
    hash = published(here)
    more = f"""
format: suivi-overlay/1
name: with-more
extends: "{hash}"
labels: {{en: More}}
for: {{mechanisms: [upr]}}
operations: [{{op: rename, step: approve, labels: {{en: The cabinet approves}}}}]
"""
    assert published(here, more) != hash
    payload = asked(here, "publish", addressee="HRV", text=more)
    assert [e["code"] for e in payload["errors"]] == ["UNSOUND_DEFINITION"]
    payload = asked(here, "adopt", addressee="HRV", definition=hash)
    assert [e["code"] for e in payload["errors"]] == ["NOT_FOUND"]


def test_what_is_not_sound_is_not_published_and_the_gate_says_why_with_the_way_there(
    here: Server,
) -> None:
    size = here.size()
    broken = CABINET.replace("when: planned, to: cabinet.approved", "when: planned and closed")
    payload = asked(here, "publish", addressee="SVN", text=broken)
    assert [e["code"] for e in payload["errors"]] == ["UNSOUND_DEFINITION"]
    faults = {fault["code"] for fault in payload["gate"]["faults"]}
    assert "unreachable" in faults
    assert (payload["definition"], payload["gate"]["ok"], here.size()) == (None, False, size)
    payload = asked(here, "publish", addressee="SVN", text="[")
    assert payload["gate"]["faults"][0]["code"] == "no-definition"
    assert here.size() == size


def test_published_or_adopted_twice_is_refused_and_sent_twice_gives_the_first_result(
    here: Server,
) -> None:
    said = {"addressee": "SVN", "text": CABINET, "commandId": "publish-1"}
    first = asked(here, "publish", **said)
    again = asked(here, "publish", **said)
    assert again["logIndex"] == first["logIndex"]
    assert again["definition"] == first["definition"]
    (error,) = asked(here, "publish", addressee="SVN", text=CABINET)["errors"]
    assert error["code"] == "ALREADY_SO"
    hash = first["definition"]["hash"]
    adopted(here, hash)
    (error,) = asked(here, "adopt", addressee="SVN", definition=hash)["errors"]
    assert error["code"] == "ALREADY_SO"
    base = shipped()["common"].hash
    (error,) = asked(here, "adopt", addressee="SVN", definition=base)["errors"]
    assert error["code"] == "INVALID_INPUT"


@pytest.mark.parametrize("addressee", ["Slovenia", "ABC", ""])
def test_a_procedure_is_of_an_addressee_that_there_is(here: Server, addressee: str) -> None:
    size = here.size()
    for mutation, said in (
        ("publish", {"text": CABINET}),
        ("adopt", {"definition": shipped()["upr"].hash}),
    ):
        (error,) = asked(here, mutation, addressee=addressee, **said)["errors"]
        assert error["code"] == "INVALID_INPUT", mutation
    assert here.size() == size


@pytest.mark.parametrize("who", sorted(set(HOLDERS) - {"coordinator"}))
def test_only_a_coordinator_publishes_and_adopts(here: Server, who: str) -> None:
    size = here.size()
    for mutation, said in (
        ("publish", {"text": CABINET}),
        ("adopt", {"definition": shipped()["upr"].hash}),
    ):
        payload = asked(here, mutation, who, addressee="SVN", **said)
        assert [e["code"] for e in payload["errors"]] == ["FORBIDDEN"]
        assert payload.get("gate") is None, "the gate is asked only for those who may publish"
    assert here.size() == size


def test_the_latest_adoption_counts_for_each_mechanism_and_kind() -> None:
    def said(sha256: str, mechanisms: tuple[Mechanism, ...], kinds: tuple[Kind, ...] = ()) -> Any:
        return {"sha256": sha256, "name": sha256, "mechanisms": mechanisms, "kinds": kinds}

    held: Any = None
    for n, one in enumerate(
        [
            said("a", (Mechanism.UPR, Mechanism.TREATY_BODY), (Kind.PLEDGE,)),
            said("b", (Mechanism.UPR,)),
        ]
    ):
        event = adopt(stamp(), held, **one)
        held = fold([Entry(adoptions_id("SVN"), n + 1, "SVN", event)], held)
    assert held.for_mechanism(Mechanism.UPR) == "b"
    assert held.for_mechanism(Mechanism.TREATY_BODY) == "a"
    assert held.for_mechanism(Mechanism.REGIONAL_BODY) is None
    assert held.for_kind(Kind.PLEDGE) == "a"
    assert held.in_force == {"a", "b"}
    with pytest.raises(AlreadySo):
        adopt(stamp(), held, **said("b", (Mechanism.UPR,)))


# --- How many stand where ------------------------------------------------------------------------

CASES = """query($h: String!, $of: [String!], $at: AsOf) { workflowDefinition(hash: $h, asOf: $at) {
    cases(addressee: $of) { total states { name label(language: "fr") count } }
    mermaid: diagram(counts: true, addressee: $of, language: "fr")
    svg: diagram(format: SVG, counts: true, addressee: $of) plain: diagram(format: SVG) } }"""


def test_a_procedure_tells_how_many_cases_stand_in_each_of_its_states(database_url: str) -> None:
    upr = shipped()["upr"].hash
    with running(database_url) as server:
        ids = [server.receive() for _ in range(3)]
        server.receive(addressee="HRV")
        server.receive(mechanism="TREATY_BODY", body="CRC")
        hidden = server.received(visibility="INTERNAL")
        assert hidden["recommendation"]["states"]
        before = server.size() - 1
        server.step("coordinator", "assignRecommendation", ids[0], institution="justice")
        server.step("coordinator", "planImplementation", ids[0], measures="a law")
        server.step("coordinator", "closeRecommendation", ids[1], **CLOSED)

        def told(who: str = "coordinator", **said: Any) -> Any:
            return server.ask(who, CASES, h=upr, **said)["workflowDefinition"]

        def counts(*asked: Any, **said: Any) -> dict[str, int]:
            cases = told(*asked, **said)["cases"]
            return {"all": cases["total"], **{s["name"]: s["count"] for s in cases["states"]}}

        found = counts()
        assert [found[id] for id in ("all", "record", "record.open", "record.closed")] == [
            *(5, 5, 4, 1)
        ]
        assert (found["assignment"], found["assignment.assigned"]) == (5, 1)
        assert (found["implementation.planned"], found["position.pending"]) == (1, 5)
        assert counts("reader")["all"] == 4, "what is internal is not counted for everybody"
        assert (counts(of=["HRV"])["all"], counts(of=["SVN"])["all"]) == (1, 4)
        assert (counts(of=["FRA"])["all"], counts(of=[])["record"]) == (0, 0)
        then = counts(at={"logIndex": before})
        assert (then["all"], then["record.open"], then["implementation.planned"]) == (5, 5, 0)
        whole = told()
        assert 'state "Clos (1)"' in whole["mermaid"]
        assert ">5</text>" in whole["svg"]
        assert ">5</text>" not in whole["plain"]
        assert 'state "Clos (0)"' in told(of=["HRV"])["mermaid"]
        of_it = """query($id: ID!) { recommendation(id: $id) { definition { cases { total }
            diagram(format: SVG, counts: true) } } }"""
        its = server.ask("coordinator", of_it, id=ids[0])["recommendation"]["definition"]
        assert its["cases"]["total"] == 5
        assert 'stroke-width="2.5"' in its["diagram"]
        assert ">5</text>" in its["diagram"]
        scxml = "query($h: String!) { workflowDefinition(hash: $h) "
        error = server.refused(
            "reader", scxml + "{ diagram(format: SCXML, counts: true) } }", h=upr
        )
        assert error["extensions"]["code"] == "INVALID_INPUT"


CLOSED = {"closing": "NOT_PURSUED", "reason": "overtaken"}

# --- A step of its own ---------------------------------------------------------------------------


BY_BUCKET = """query($where: RecommendationWhere) { progress(by: BUCKET, where: $where) {
    key label paragraphs { total open } pairs { total } } }"""


@pytest.mark.slow
def test_figures_are_told_by_what_states_count_as_whatever_a_state_calls_them(
    sqlite_url: str,
) -> None:
    named = CABINET.replace("op: restrict, step: plan, roles: [coordinator]", SIGNED)
    with running(sqlite_url) as server:
        adopted(server, published(server, named))
        own = server.receive()
        server.step("coordinator", "assignRecommendation", own, institution="justice")
        server.step("coordinator", "planImplementation", own, measures="a law")
        other = server.receive(addressee="HRV")
        server.step("coordinator", "closeRecommendation", other, closing="WITHDRAWN", reason="…")

        def told(**where: Any) -> dict[str, tuple[int, int]]:
            rows = server.ask("coordinator", BY_BUCKET, where=where)["progress"]
            return {row["key"]: (row["paragraphs"]["total"], row["pairs"]["total"]) for row in rows}

        both = told()
        assert both == {
            "assigned": (1, 1),
            "closed": (1, 1),
            "not-started": (1, 1),
            "open": (1, 1),
            "undecided": (2, 2),
            "planned": (1, 1),
            "unassigned": (1, 1),
            "unreported": (2, 2),
        }
        mine = told(addressee=["SVN"])
        assert mine == dict.fromkeys(
            ("assigned", "open", "planned", "undecided", "unreported"), (1, 1)
        )
        assert told(addressee=["SVN"], institution=["justice"]) == mine, "read one by one"
        assert told(cycle=[3]) == {}
        url = "/plots/progress.svg?by=bucket&state=SVN"
        answer = server.client.get(url, headers=server.headers("coordinator"))
        assert answer.status_code == 200, answer.text
        assert "planned" in answer.text


SIGNED = "op: rename, state: implementation.planned, labels: {en: Signed}"
"""Stands for another operation, which makes this a procedure of its own."""


@pytest.fixture
def planned(here: Server) -> tuple[Server, str]:
    """A recommendation under the State's own procedure, with a plan."""
    return here, a_plan(here)


def a_plan(server: Server) -> str:
    adopted(server, published(server))
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="justice")
    server.step("coordinator", "planImplementation", id, measures="a law")
    return id


@pytest.fixture(scope="module")
def still_planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """The same for those who change nothing."""
    with running(f"sqlite:///{tmp_path_factory.mktemp('planned') / 'suivi.db'}") as server:
        yield server, a_plan(server)


DATA = {"session": 41, "held-on": "2026-03-12", "remarks": "One minister was absent."}


def taking(server: Server, id: str, who: str = "coordinator", **said: Any) -> dict[str, Any]:
    said = {"step": "approve", "data": DATA, **said}
    return asked(server, "take", who, id=id, expectedVersion=server.version(id, who), **said)


def test_a_step_that_only_this_procedure_has_is_taken_and_stands_in_history(
    planned: tuple[Server, str],
) -> None:
    server, id = planned
    payload = taking(server, id)
    assert payload["errors"] == []
    (entry,) = payload["entries"]
    assert (entry["event"]["__typename"], entry["event"]["step"]) == ("StepTaken", "approve")
    assert (entry["left"], entry["entered"]) == (["cabinet.waits"], ["cabinet.approved"])
    assert entry["event"]["data"] == [
        {"field": "session", "value": 41, "words": None},
        {"field": "held-on", "value": "2026-03-12", "words": None},
        {
            "field": "remarks",
            "value": None,
            "words": {"text": "One minister was absent.", "erased": False},
        },
    ]
    assert "cabinet.approved" in payload["recommendation"]["states"]
    (stored,) = server.service.log.rows(payload["logIndex"])
    assert b"minister" not in stored.payload, "free text lies in the vault"


def test_a_step_that_waits_for_the_cabinet_says_what_it_waits_for(
    planned: tuple[Server, str],
) -> None:
    server, id = planned
    told = server.ask("coordinator", STEPS, id=id)["recommendation"]
    assert told["definition"]["addressee"] == "SVN"
    steps = {step["name"]: step for step in told["steps"]}
    (why,) = steps["declare-implemented"]["blockedBy"]
    assert why == {"guard": "at cabinet.approved", "whoCan": ["COORDINATOR"]}
    assert steps["approve"]["isOwn"] is True
    drawing = "query($id: ID!) { recommendation(id: $id) { definition { diagram(format: SVG) } } }"
    drawn = server.ask("coordinator", drawing, id=id)["recommendation"]["definition"]["diagram"]
    assert drawn.count('stroke-width="2.5"') == 12, "six regions, and a state in each"
    assert steps["plan"]["isOwn"] is False
    assert steps["plan"]["form"]["required"] == ["measures"]
    form = steps["approve"]["form"]
    assert form["required"] == ["session", "held-on"]
    assert form["properties"]["session"] == {
        "title": "Session",
        "type": "integer",
        "minimum": 1,
        "maximum": (1 << 53) - 1,
    }
    refused = server.take(
        "coordinator", "declareImplemented", id=id, expectedVersion=server.version(id)
    )
    assert [e["code"] for e in refused["errors"]] == ["STEP_NOT_OPEN"]
    assert taking(server, id)["errors"] == []
    server.step("coordinator", "declareImplemented", id)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ({"data": {}}, "INVALID_INPUT", "session: is required; held-on: is required"),
        ({"data": DATA | {"session": 0}}, "INVALID_INPUT", "session: is a whole number from 1"),
        ({"data": DATA | {"session": True}}, "INVALID_INPUT", "session: is a whole number"),
        ({"data": DATA | {"session": 1.5}}, "INVALID_INPUT", "session: is a whole number"),
        ({"data": DATA | {"held-on": "2026-02-30"}}, "INVALID_INPUT", "held-on: is a day"),
        ({"data": DATA | {"vote": "none"}}, "INVALID_INPUT", "vote: is one of all, most"),
        ({"data": DATA | {"title": "x" * 21}}, "INVALID_INPUT", "title: is a text of 1 to 20"),
        ({"data": DATA | {"remarks": "  "}}, "INVALID_INPUT", "remarks: is a text"),
        ({"data": DATA | {"urgent": "yes"}}, "INVALID_INPUT", "urgent: is true or false"),
        ({"data": DATA | {"weather": "fine"}}, "INVALID_INPUT", "weather: the form has no such"),
        ({"data": [1]}, "INVALID_INPUT", "an object"),
        ({"step": "bless"}, "STEP_NOT_OPEN", "no step “bless”; its own are: approve"),
        ({"step": "plan"}, "INVALID_INPUT", "`data` does not fit “plan”"),
        ({"part": "7"}, "UNKNOWN_PART", "no part"),
        ({"who": "clerk"}, "FORBIDDEN", "open to: coordinator"),
        ({"who": "justice"}, "FORBIDDEN", "open to: coordinator"),
        ({"who": "auditor"}, "FORBIDDEN", "open to: coordinator"),
    ],
)
def test_a_step_of_its_own_is_refused_with_the_reason_and_nothing_is_recorded(
    still_planned: tuple[Server, str], said: dict[str, Any], code: str, words: str
) -> None:
    server, id = still_planned
    size = server.size()
    (error,) = taking(server, id, **said)["errors"]
    assert error["code"] == code
    assert words in error["message"]
    assert server.size() == size


def test_a_step_is_left_to_fewer_roles_where_the_procedure_says_so(
    planned: tuple[Server, str],
) -> None:
    server, id = planned
    said = {"id": id, "expectedVersion": server.version(id), "measures": "another"}
    (error,) = server.take("justice", "planImplementation", **said)["errors"]
    assert (error["code"], "open to: coordinator" in error["message"]) == ("FORBIDDEN", True)


# --- Forms ---------------------------------------------------------------------------------------

LABEL = {"en": "x"}


def base(name: str) -> Definition | None:
    return shipped()[name].definition


@pytest.mark.parametrize("roles", ["[]", "[coordinator, focal-point]", "[focal-point]"])
@pytest.mark.parametrize("step", ["plan", "approve"])
def test_what_one_overlay_has_left_to_fewer_another_does_not_open_again(
    step: str, roles: str
) -> None:
    narrow = read(CABINET.encode(), base)
    wider = f"""
format: suivi-overlay/1
name: wider
extends: with-cabinet
labels: {{en: Wider}}
for: {{mechanisms: [upr]}}
operations: [{{op: restrict, step: {step}, roles: {roles}}}]
"""
    with pytest.raises(Unsound) as refused:
        read(wider.encode(), lambda name: narrow)
    assert refused.value.where == "$.operations[0]"


@pytest.mark.slow
def test_a_step_that_every_procedure_has_takes_no_form() -> None:
    definition = read(CABINET.encode(), base)
    form = (Field(name="a", labels=LABEL, type=FieldType.FLAG),)
    steps = tuple(
        msgspec.structs.replace(step, form=form) if step.name == "plan" else step
        for step in definition.steps
    )
    faults = check(msgspec.structs.replace(definition, steps=steps)).faults
    assert [fault.code for fault in faults] == ["form-not-asked"]


def test_what_a_form_takes_its_json_schema_says() -> None:
    (form,) = [s.form for s in read(CABINET.encode(), base).steps if s.name == "approve"]
    schema = forms.json_schema(form)
    assert list(schema["properties"]) == [field.name for field in form]
    assert schema["properties"]["vote"]["oneOf"][0] == {"const": "all", "title": "All"}
    assert schema["properties"]["title"]["maxLength"] == 20
    assert schema["properties"]["held-on"]["format"] == "date"
    assert schema["properties"]["urgent"]["type"] == "boolean"
    filled = forms.fill_in(form, {**DATA, "vote": "most", "title": "A law", "urgent": False})
    assert [(d.field, d.value) for d in filled if d.words is None] == [
        ("session", 41),
        ("held-on", "2026-03-12"),
        ("vote", "most"),
        ("title", "A law"),
        ("urgent", False),
    ]
    Draft202012Validator.check_schema(schema)
    says = Draft202012Validator(schema)
    whole = {**DATA, "vote": "most", "title": "A law", "urgent": False}
    assert says.is_valid(whole)
    with pytest.raises(InvalidInput):
        forms.fill_in(form, {})
    wrong = [{}, {**whole, "title": "x" * 21}, {**whole, "vote": "nobody"}, {**whole, "other": 1}]
    for data in (*wrong, {**whole, "urgent": "no"}, {**whole, "session": "41"}):
        assert not says.is_valid(data), data
        with pytest.raises(InvalidInput):
            forms.fill_in(form, data)


# --- What if -------------------------------------------------------------------------------------

WHAT_IF = """query($definition: ProcedureInput!, $where: RecommendationWhere!, $first: Int = 50,
    $after: String, $at: AsOf) { whatIf(definition: $definition, where: $where,
    first: $first, after: $after, asOf: $at) { gate { ok faults { code } }
    cases { nodes { recommendation { paragraph } fate step logIndex guards states wouldStand code
        why notAsked } pageInfo { hasNextPage endCursor } totalCount }
    totals { same elsewhere diverges breaks { step guard cases code }
        notAsked { what cases } } } }"""
OF_SVN = {"addressee": ["SVN"]}


def what_if(server: Server, who: str = "coordinator", **said: Any) -> dict[str, Any]:
    said = {"definition": {"text": CABINET}, "where": OF_SVN, **said}
    return server.ask(who, WHAT_IF, **said)["whatIf"]  # type: ignore[no-any-return]


@pytest.fixture
def two_lives(here: Server) -> Server:
    """One recommendation declared implemented without any cabinet, one only planned."""
    for paragraph in ("1.1", "1.2"):
        id = here.receive(paragraph=paragraph)
        here.step("coordinator", "assignRecommendation", id, institution="justice")
        here.step("coordinator", "planImplementation", id, measures="a law")
        if paragraph == "1.1":
            here.step("coordinator", "declareImplemented", id)
    here.receive(paragraph="1.3", mechanism="TREATY_BODY", body="CRC")
    here.receive(paragraph="1.4", kind="PLEDGE")
    return here


def test_what_if_a_cabinet_had_had_to_approve(two_lives: Server) -> None:
    told = what_if(two_lives)
    assert told["gate"] == {"ok": True, "faults": []}
    declared, planned = told["cases"]["nodes"]
    declared_at = two_lives.size() - 6
    assert declared == {
        "recommendation": {"paragraph": "1.1"},
        "fate": "DIVERGES",
        "step": "declare-implemented",
        "logIndex": declared_at,
        "guards": ["at cabinet.approved"],
        "states": declared["states"],
        "wouldStand": sorted([*declared["states"], "cabinet.waits"]),
        "code": "STEP_NOT_OPEN",
        "why": declared["why"],
        "notAsked": [],
    }
    assert declared["why"].startswith("“declare-implemented” is not open: it needs at cabinet")
    assert "implementation.planned" in declared["states"], "as it stood before that step"
    assert (planned["fate"], planned["step"], planned["guards"]) == ("SAME", None, [])
    assert planned["wouldStand"] == sorted([*planned["states"], "cabinet.waits"])


@pytest.mark.slow
def test_what_if_asks_the_gate_of_a_draft_and_takes_what_ships_as_it_is(two_lives: Server) -> None:
    other = """
format: suivi-overlay/1
name: never-assigned
extends: upr
labels: {en: Nobody is assigned}
for: {mechanisms: [upr]}
operations:
  - op: add-move
    state: implementation
    move: {when: planned and not at implementation.declared, to: implementation.declared}
"""
    told = what_if(two_lives, definition={"text": other})
    assert told["gate"]["ok"] is False, "it and what follows facts would chase each other"
    assert told["cases"]["nodes"] == []
    plain = what_if(two_lives, definition={"hash": shipped()["upr"].hash})
    assert (plain["gate"], {case["fate"] for case in plain["cases"]["nodes"]}) == (None, {"SAME"})
    treaty = what_if(two_lives, definition={"hash": shipped()["treaty-body"].hash})
    assert [case["recommendation"]["paragraph"] for case in treaty["cases"]["nodes"]] == ["1.3"]
    pledge = what_if(two_lives, definition={"hash": shipped()["voluntary-pledge"].hash})
    assert [case["recommendation"]["paragraph"] for case in pledge["cases"]["nodes"]] == ["1.4"]
    both = CABINET.replace("for: {mechanisms: [upr]}", "for: {mechanisms: [upr], kinds: [pledge]}")
    told = what_if(two_lives, definition={"text": both})
    assert [c["recommendation"]["paragraph"] for c in told["cases"]["nodes"]] == [
        "1.1",
        "1.2",
        "1.4",
    ]


def test_what_if_goes_page_by_page_and_looks_back(two_lives: Server) -> None:
    one = what_if(two_lives, first=1)
    assert one["cases"]["pageInfo"]["hasNextPage"] is True
    assert one["cases"]["totalCount"] == 2
    rest = what_if(two_lives, first=1, after=one["cases"]["pageInfo"]["endCursor"])
    assert [
        c["recommendation"]["paragraph"] for c in one["cases"]["nodes"] + rest["cases"]["nodes"]
    ] == [
        "1.1",
        "1.2",
    ]
    before = what_if(two_lives, at={"logIndex": two_lives.size() - 7})
    assert [case["fate"] for case in before["cases"]["nodes"]] == ["SAME"]
    assert what_if(two_lives, where={"addressee": ["HRV"]})["cases"]["nodes"] == []


@pytest.mark.parametrize(
    ("who", "definition", "code"),
    [
        ("clerk", {"text": CABINET}, "FORBIDDEN"),
        ("auditor", {"text": CABINET}, "FORBIDDEN"),
        ("coordinator", {"hash": "0" * 64}, "NOT_FOUND"),
        ("coordinator", {"hash": shipped()["common"].hash}, "INVALID_INPUT"),
    ],
)
def test_what_if_is_refused(here: Server, who: str, definition: Any, code: str) -> None:
    error = here.refused(who, WHAT_IF, definition=definition, where=OF_SVN)
    assert error["extensions"]["code"] == code


@pytest.mark.parametrize(
    "where", [{}, {"addressee": []}, {"addressee": ["SVN", "HRV"]}, {"cycle": [4]}]
)
def test_what_if_is_asked_of_one_state(here: Server, where: Any) -> None:
    error = here.refused("coordinator", WHAT_IF, definition={"text": CABINET}, where=where)
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert "one State" in error["message"]


@pytest.mark.slow
def test_what_if_takes_the_conditions_of_lists(two_lives: Server) -> None:
    for said, paragraphs in (
        ({"symbol": ["A/HRC/59/15"], "stage": ["IMPLEMENTED"]}, ["1.1"]),
        ({"stage": ["ASSIGNED"]}, ["1.2"]),
        ({"mechanism": ["TREATY_BODY"]}, []),
        ({"mechanism": ["TREATY_BODY", "UPR"]}, ["1.1", "1.2"]),
        ({"kind": ["PLEDGE"]}, []),
        ({"definition": [shipped()["upr"].hash]}, ["1.1", "1.2"]),
        ({"definition": [shipped()["treaty-body"].hash]}, []),
        ({"overdue": True}, []),
    ):
        told = what_if(two_lives, where={**OF_SVN, **said})
        assert [c["recommendation"]["paragraph"] for c in told["cases"]["nodes"]] == paragraphs, (
            said
        )
        assert sum(told["totals"][fate] for fate in FATES) == len(paragraphs), said


FATES = ("same", "elsewhere", "diverges")


@pytest.mark.slow
def test_what_if_adds_up_all_that_fit_whatever_the_page_and_says_what_a_draft_breaks(
    two_lives: Server,
) -> None:
    whole = {
        "same": 1,
        "elsewhere": 0,
        "diverges": 1,
        "breaks": [
            {
                "step": "declare-implemented",
                "guard": "at cabinet.approved",
                "cases": 1,
                "code": "STEP_NOT_OPEN",
            }
        ],
        "notAsked": [],
    }
    for first in (0, 1, 50):
        told = what_if(two_lives, first=first)
        assert (len(told["cases"]["nodes"]), told["totals"]) == (min(first, 2), whole)
    both = CABINET.replace("for: {mechanisms: [upr]}", "for: {mechanisms: [upr], kinds: [pledge]}")
    assert what_if(two_lives, definition={"text": both})["totals"]["same"] == 2
    before = what_if(two_lives, at={"logIndex": two_lives.size() - 7})
    assert [before["totals"][fate] for fate in FATES] == [1, 0, 0]
    assert what_if(two_lives, definition={"text": "["})["totals"] is None


def test_what_if_of_more_entries_than_may_be_read_tells_cases_and_how_to_narrow_it_down(
    tmp_path: Path,
) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}", as_of_events_max=2) as server:
        for n in range(3):
            server.receive(cycle=3 + n % 2)
        answer = server.post(
            "coordinator", WHAT_IF, definition={"text": CABINET}, where=OF_SVN
        ).json()
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert "3 entries" in error["message"]
        assert "narrow `where`" in error["message"]
        assert len(answer["data"]["whatIf"]["cases"]) == 3
        assert answer["data"]["whatIf"]["totals"] is None
        told = what_if(server, where={**OF_SVN, "cycle": [3]})
        assert told["totals"]["same"] == 2


def test_a_draft_is_asked_of_the_gate_and_made_ready_once_by_whomever_at_once(
    here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    look = publishing.examine

    def noting(
        procedures: Procedures, addressee: str, source: bytes, ending: Callable[[], bool]
    ) -> publishing.Examined:
        looked_at.append(addressee)
        return look(procedures, addressee, source, ending)

    monkeypatch.setattr(publishing, "examine", noting)
    drafts = publishing.Drafts(here.service.desk.procedures)
    text = CABINET.encode()
    with ThreadPoolExecutor(8) as several:
        found = list(several.map(lambda _: drafts.examine("SVN", text), range(24)))
    assert len({id(draft.compiled) for draft in found}) == len(looked_at) == 1
    other = drafts.examine("HRV", text)
    assert (looked_at, other.compiled is None) == (["SVN", "HRV"], False)
    for n in range(publishing.drafts_max):
        drafts.examine("SVN", text + b"#" * (n + 1))
    drafts.examine("SVN", text)
    assert looked_at.count("SVN") == publishing.drafts_max + 2, "the one not used lately went"


@pytest.mark.slow
def test_a_draft_that_extends_nothing_yet_is_looked_at_again(here: Server) -> None:
    more = CABINET.replace("extends: upr", f"extends: {'0' * 64}")
    assert what_if(here, definition={"text": more})["gate"]["ok"] is False
    renamed = CABINET.replace("name: with-cabinet", "name: with-more").replace(
        "extends: upr", f'extends: "{OWN}"'
    )
    renamed = renamed.partition("operations:")[0] + "operations: []\n"
    assert what_if(here, definition={"text": renamed})["gate"]["ok"] is False
    assert published(here) == OWN
    assert what_if(here, definition={"text": renamed})["gate"]["ok"] is True


OWN = read(CABINET.encode(), lambda name: shipped()[name].definition).hash


def test_a_life_that_would_stand_elsewhere_is_told_so() -> None:
    history = given(received(), supported()).entries
    upr = shipped()["upr"]
    assert retell(history, SHIPPED.of, upr).fate is Fate.SAME
    definition = read(CABINET.encode(), base)
    states = tuple(
        msgspec.structs.replace(state, follows=_noted(state.follows))
        if state.id == "position"
        else state
        for state in definition.states
    )
    other = Compiled(msgspec.structs.replace(definition, states=states))
    told = retell(history, SHIPPED.of, other)
    assert told.fate is Fate.ELSEWHERE
    assert "position.noted" in told.would_stand


def _noted(follows: Any) -> Any:
    """Whatever is supported is noted."""
    leads = {"position.supported": "position.noted", "position.noted": "position.supported"}
    return tuple(msgspec.structs.replace(f, to=leads.get(f.to, f.to)) for f in follows)


# --- Decided again -------------------------------------------------------------------------------


def test_every_step_ever_taken_comes_out_the_same_when_it_is_decided_again(
    planned: tuple[Server, str],
) -> None:
    server, id = planned
    assert taking(server, id)["errors"] == []
    log = server.service.log
    found = replay(server.service.desk.procedures, log.read_streams(log.size - 1))
    assert (found.ok, found.different, found.recommendations) == (True, 0, 1)
    assert found.steps == 4
    lost = replay(SHIPPED, log.read_streams(log.size - 1))
    assert (lost.ok, lost.different) == (False, 4), "without the log nobody knows the procedure"
    assert all(difference.unknown for difference in lost.differences)


def test_a_step_that_would_come_out_differently_is_told() -> None:
    history = list(given(received(), supported()).entries)
    taken = history[1]
    wrong = msgspec.structs.replace(taken.stamp, entered=("position.noted",))
    history[1] = taken._replace(
        event=msgspec.structs.replace(taken.event, stamp=wrong), log_index=1
    )
    found = replay(SHIPPED, [history])
    (difference,) = found.differences
    assert (difference.log_index, difference.step) == (1, "take-position")
    assert (difference.entered, difference.now_entered) == (
        ("position.noted",),
        ("position.supported",),
    )
    assert (found.ok, found.steps) == (False, 2)


def test_a_step_decided_under_another_procedure_than_it_started_under_is_told() -> None:
    history = list(given(received(), supported()).entries)
    taken = history[1]
    other = msgspec.structs.replace(taken.stamp, definition=shipped()["common"].hash)
    history[1] = taken._replace(
        event=msgspec.structs.replace(taken.event, stamp=other), log_index=1
    )
    (difference,) = replay(SHIPPED, [history]).differences
    assert difference.definition == shipped()["common"].hash
    assert difference.pinned == shipped()["upr"].hash


@pytest.mark.slow
def test_many_threads_may_meet_the_procedures_at_once() -> None:
    """msgspec readies a type on first sight; threads that met one at once crashed the process."""
    meet = (
        "import sys, threading\n"
        "sys.setswitchinterval(1e-6)\n"
        "from workflows.procedure.definition import Definition, convert, read_file\n"
        "from pathlib import Path\n"
        "said = read_file(Path('workflows/procedure/profiles/common.yaml').read_bytes())\n"
        "together = threading.Barrier(8)\n"
        "def run():\n"
        "    together.wait()\n"
        "    convert(said, Definition)\n"
        "threads = [threading.Thread(target=run) for _ in range(8)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    for _ in range(10):
        done = subprocess.run(
            [sys.executable, "-c", meet], cwd=ROOT, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
