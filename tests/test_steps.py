"""Steps by name: what each carries, that it comes to the same as its own mutation, and many at
once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import EnumType
from pathlib import Path
from random import Random
from typing import Any, get_args
from uuid import UUID, uuid4

import msgspec
import pytest
from graphql import GraphQLEnumType, get_named_type
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from api.derive import read_id, read_stream
from api.payloads import refused
from api.schema import schema
from domain.aggregates import BY_STATE
from domain.casework import Case, CaseEvent
from domain.entry import Protected, Stamp, Visibility
from domain.progress_report import ProgressReport, draft_report
from domain.recommendation import Recommendation, implementation, progress
from domain.recommendation.implementation import Planned
from domain.refusals import InvalidInput, Refusal, StaleVersion, StepNotOpen
from domain.words import Closing
from tests import reference
from tests.given import principal, received, stamp
from tests.length import times
from tests.server import CIRCUMSTANCES, HOLDERS, ROOT, STORES, Server, nested, running, store
from tests.test_access import MATRIX
from tests.test_own_procedures import CABINET, STEPS, adopted, published
from workflows import steps, visibility
from workflows.desk import Command, Deed, Desk, Foreseen, Taken
from workflows.log import Log
from workflows.procedure.shipped import shipped
from workflows.roles import C
from workflows.step import WITHIN, Step
from workflows.step_table import ROWS
from workflows.step_table import STEPS as ALL

FILE = Path(steps.__file__).with_suffix(".json")
GUIDE = (ROOT / "docs" / "integrating.md").read_text()
SCHEMA = schema._schema

TAKE = """mutation($input: TakeStepInput!) { takeStep(input: $input) {
    recommendation { version states } logIndex entries { event { __typename } visibility }
    errors { code message currentVersion } } }"""
TAKE_ALL = """mutation($input: TakeStepsInput!) { takeSteps(input: $input) { logIndex
    errors { code message }
    results { caseId ok logIndex recommendation { id version states }
        entries { event { __typename } version commandId logIndex reason }
        foreseen { version left entered states } errors { code message currentVersion } } } }"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite, for what happens above the store."""
    with running(f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}") as served:
        yield served


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with store(request, tmp_path_factory) as url, running(url) as served:
        yield served


def take(server: Server, who: str, step: str, id: str, **said: Any) -> dict[str, Any]:
    """The payload of a step taken by name, refused or not."""
    input = {"commandId": uuid4().hex, "step": step, "id": id, **said}
    input.setdefault("expectedVersion", server.version(id, who))
    return server.ask(who, TAKE, input=nested(input))["takeStep"]  # type: ignore[no-any-return]


def take_all(server: Server, *items: dict[str, Any], **said: Any) -> dict[str, Any]:
    """The payload of many steps taken at once."""
    who = said.pop("who", "coordinator")
    input = {"commandId": uuid4().hex, "items": list(items), **said}
    return server.ask(who, TAKE_ALL, input=input)["takeSteps"]  # type: ignore[no-any-return]


def item(id: str, version: int = 1, **said: Any) -> dict[str, Any]:
    return {"id": id, "expectedVersion": version, **said}


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


# --- What each carries ---------------------------------------------------------------------------


def test_the_checked_in_file_says_what_each_step_carries() -> None:
    renew = "suivi schema --steps --output workflows/steps.json"
    assert FILE.read_text() == steps.schemas(), f"if this is what you meant: {renew}"


def test_every_step_of_a_procedure_has_a_row() -> None:
    every = {step.name for procedure in shipped().values() for step in procedure.definition.steps}
    assert every <= ALL.keys(), "give it a row in workflows/step_table.py"


def test_no_two_rows_are_of_one_step() -> None:
    assert len(ALL) == len(ROWS)


def test_every_aggregate_has_steps_and_every_step_is_on_an_aggregate() -> None:
    assert {row.on for row in ROWS} == {*BY_STATE, Case}


def test_a_step_that_carries_an_assignment_says_how_that_stands() -> None:
    for name, row in steps.by_name().items():
        assert ("assignment" in row.data.__struct_fields__) == (row.assignment is not None), name


def test_a_word_is_read_as_the_log_has_it_or_as_graphql_spells_it() -> None:
    """In every word list of every step, however deep: a field, one that may be null, a list."""
    asked = 0
    for name, row in steps.by_name().items():
        for field in msgspec.structs.fields(row.data):
            hints = (field.type, *get_args(field.type))
            for words in (hint for hint in hints if isinstance(hint, EnumType)):
                for word in words:
                    by_name, by_value = ({field.encode_name: it} for it in (word.name, word.value))
                    assert steps._as_stored(by_name, row.data) == by_value, name
                    asked += 1
    assert asked > 20, "or it would prove little"
    said = {"type": "SUCCEEDS", "to": "LIKE A WORD", "how": "PERSON"}
    assert steps.read("link", said)["to"] == "LIKE A WORD", "a text stays as it is"


def test_both_spellings_of_a_word_record_the_same(here: Server) -> None:
    for kind in ("MID_TERM", "mid-term"):
        id = here.receive()
        here.step("coordinator", "assignRecommendation", id, institution="justice")
        payload = take(here, "coordinator", "report", id, data={"report": kind, "document": "A/1"})
        assert payload["errors"] == []
        (event,) = [e.event for e in here.service.log.history([read_id(id)])][-1:]
        assert event.report.value == "mid-term"  # type: ignore[attr-defined]
    error = take(here, "coordinator", "report", id, data={"report": "MidTerm", "document": "A/1"})
    assert error["errors"][0]["code"] == "INVALID_INPUT"


def test_the_form_says_that_words_may_be_spelled_as_in_graphql() -> None:
    lists = [
        word_list
        for step in steps.by_name()
        for word_list in steps.json_schema(step).get("$defs", {}).values()
        if "enum" in word_list
    ]
    assert lists
    assert all("GraphQL" in word_list["description"] for word_list in lists)


OF_ANY_STEP = {"takeStep", "takeSteps", "decideCases"}


def test_every_mutation_takes_a_step_of_the_table_and_the_table_names_no_other() -> None:
    assert SCHEMA.mutation_type is not None
    named = {mutation.name for row in ROWS for mutation in row.mutations}
    assert named == SCHEMA.mutation_type.fields.keys() - OF_ANY_STEP


def plan_measure(r: Recommendation, stamp: Stamp, text: Protected, page: int | None) -> CaseEvent:
    """Plans a measure of an annex."""
    return implementation.plan(r, stamp, text, None if page is None else f"Annex, page {page}")


def test_a_row_is_all_that_a_step_needs_to_be_known_everywhere(
    monkeypatch: pytest.MonkeyPatch, here: Server
) -> None:
    id = here.receive()
    assert codes(take(here, "clerk", "plan-measure", id, data={"text": "x"})) == ["STEP_NOT_OPEN"]
    row = Step("plan-measure", Recommendation, C, plan_measure, WITHIN)
    monkeypatch.setitem(ALL, row.name, row)

    (error,) = take(here, "clerk", "plan-measure", id, data={"text": "x"})["errors"]
    assert error["code"] == "FORBIDDEN"
    assert "open to: coordinator" in error["message"]
    assert visibility.allowed("plan-measure") == [Visibility.INTERNAL, Visibility.CONFIDENTIAL]
    (error,) = take(here, "coordinator", "plan-measure", id, data={"text": "x", "line": 1})[
        "errors"
    ]
    assert "There are: text, page." in error["message"]
    assert json.loads(steps.schemas())["plan-measure"]["required"] == ["text"]
    assert "`plan-measure` | recommendation | coordinator | INTERNAL" in reference.page()
    assert [mutation.name for mutation in row.mutations] == ["planMeasure"]
    asked = steps.ask(here.service.desk.procedures, "plan-measure", {"text": "x", "page": 7}, UUID)
    r = Recommendation.fold([received()])
    assert r is not None
    planned = asked.act(r, stamp())
    assert isinstance(planned, Planned)
    assert planned.plan == "Annex, page 7"


def test_what_a_step_carries_is_in_its_form(here: Server) -> None:
    told = here.ask("coordinator", STEPS, id=here.receive())["recommendation"]["steps"]
    forms = {step["name"]: step["form"] for step in told}
    assert forms["plan"]["required"] == ["measures"]
    assert forms["plan"]["properties"]["measures"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 20_000,
        "description": "The measures, in words; they can be erased.",
    }
    assert forms["close"]["$defs"]["Closing"]["enum"] == sorted(Closing)
    assert forms["cover"] is None, "it can't be taken by name"


@pytest.mark.parametrize(
    ("step", "data", "words"),
    [
        ("plan", {}, "missing required field `measures`"),
        ("plan", {"measures": " "}, "a text that says something - at `$.measures`"),
        ("plan", {"measures": "x" * 20_001}, "20,000 characters at most - at `$.measures`"),
        ("plan", {"measures": 1}, "at `$.measures`"),
        ("plan", {"measures": "a law", "weather": "fine"}, "unknown field `weather`"),
        ("plan", {"measures": "a law", "starts": "soon"}, "“soon” is not a date"),
        ("plan", ["a law"], "`data` is an object"),
        ("continue", {"cycle": 1 << 31}, "at `$.cycle`"),
        ("continue", {"cycle": True}, "at `$.cycle`"),
        ("close", {"closing": "Carried-Out"}, "at `$.closing`"),
        ("take-position", {"answer": "noted", "organ": "addendum", "doubt": "?"}, "`doubt`"),
        ("link", {"type": "repeats", "to": "no id"}, "That is no id of a recommendation"),
        ("correct", {"correction": "clerical", "language": "en", "parts": [{}]}, "`$.parts[0]`"),
        ("classify", {"terms": [{"label": "x"}]}, "at `$.terms[0]`"),
        ("receive", {}, "`receiveRecommendation`"),
        ("import", {}, "`startImport`"),
        ("fill-in-worklist", {}, "`startImport`"),
        ("cover", {}, "`publishReport`"),
        ("close-review", {}, "no step on a case"),
    ],
)
def test_what_a_step_does_not_carry_is_refused_and_nothing_is_recorded(
    here: Server, step: str, data: Any, words: str
) -> None:
    id = here.receive()
    here.step("coordinator", "assignRecommendation", id, institution="justice")
    size = here.size()
    (error,) = take(here, "coordinator", step, id, data=data, reason="because")["errors"]
    assert error["code"] == "INVALID_INPUT"
    assert words in error["message"]
    assert here.size() == size


def test_a_recommendation_is_pointed_to_by_its_opaque_id_or_its_uuid(here: Server) -> None:
    later, earlier = here.receive(), here.receive()
    for type, id in (("repeats", earlier), ("broadens", str(read_id(earlier)))):
        payload = take(here, "clerk", "link", later, data={"type": type, "to": id})
        assert payload["errors"] == []


@pytest.mark.parametrize(("step", "field"), [("link", "to"), ("declare-duplicate", "of")])
def test_what_the_speaker_may_not_see_is_not_pointed_to(
    here: Server, step: str, field: str
) -> None:
    hidden, id = here.receive(visibility="CONFIDENTIAL"), here.receive()
    data = {field: hidden} | ({"type": "repeats"} if step == "link" else {})
    assert codes(take(here, "clerk", step, id, data=data)) == ["NOT_FOUND"]
    theirs = here.receive(visibility="CONFIDENTIAL")
    assert take(here, "coordinator", step, theirs, data=data)["errors"] == []


def test_data_is_read_into_what_its_command_takes() -> None:
    given = steps.read("plan", {"measures": "a law"})
    assert given == {"measures": Protected("a law"), "plan": None, "starts": None, "ends": None}
    assert ALL["link"].pointing == ("to",)


# --- The same as its own mutation -----------------------------------------------------------------

ANSWERS = {"acceptRecommendation": "supported", "noteRecommendation": "noted"}
"""Mutations that say with their names what the step says in its data."""


def as_data(mutation: str, said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a mutation's input says, as circumstances and as data of the step by name."""
    assert SCHEMA.mutation_type is not None
    fields = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type).fields  # type: ignore[union-attr]
    shared = SCHEMA.get_type("TakeStepInput").fields  # type: ignore[union-attr]
    shared = {*shared, *CIRCUMSTANCES}
    around = {name: value for name, value in said.items() if name in shared}
    data = {
        name: value.lower().replace("_", "-")
        if isinstance(get_named_type(fields[name].type), GraphQLEnumType)
        else value
        for name, value in said.items()
        if name not in shared
    }
    if mutation in ANSWERS:
        data["answer"] = ANSWERS[mutation]
    return around, data


def told(server: Server, log_index: int) -> tuple[str, Any]:
    """The step behind an entry, and what it says but for its command and sealed texts."""
    (entry,) = server.service.log.read(log_index, 1)
    said = msgspec.to_builtins(entry.event, enc_hook=lambda text: type(text).__name__)
    del said["stamp"]["command"]
    return entry.event.step_name, said  # type: ignore[arg-type]


BESIDE_THEM = (
    *("claimTask", "releaseTask", "delegate", "approveStep", "remark"),
    *("suspendDeadline", "resumeDeadline", "retryTimers"),
)
"""Mutations of steps beside every procedure: takeStep does not take them."""


@pytest.mark.slow
@pytest.mark.parametrize("mutation", sorted(set(MATRIX) - {"receiveRecommendation", *BESIDE_THEM}))
def test_a_step_by_name_comes_to_the_same_as_its_mutation_whoever_takes_it(
    here: Server, mutation: str
) -> None:
    """takeStep opens no door that the named mutation keeps shut, and writes the same entries."""
    allowed, case = MATRIX[mutation]
    another = here.receive()

    as_they_were: list[dict[str, Any]] = []

    def prepared() -> dict[str, Any]:
        if as_they_were:
            return as_they_were.pop()
        id = here.receive(**case.received)
        for before, more in case.after:
            here.step("coordinator", before, id, **_pointing(more, another))
        return {"id": id, "expectedVersion": 1 + len(case.after)}

    def kept(payload: dict[str, Any], on: dict[str, Any]) -> dict[str, Any]:
        """What was refused leaves its case to the next."""
        as_they_were.extend([on] if payload["errors"] else [])
        return payload

    said = _pointing(case.said, another)
    around, data = as_data(mutation, said)
    first = here.take(next(iter(sorted(allowed))), mutation, **prepared(), **said)
    step, _ = told(here, first["logIndex"])
    narrower = [(who, {"visibility": "INTERNAL"}) for who in ("coordinator", "justice")]
    stale = [("coordinator", {"expectedVersion": 9})]
    for who, more in [*((who, {}) for who in HOLDERS), *narrower, *stale]:
        on = prepared()
        named = kept(here.take(who, mutation, **{**on, **said, **more}), on)
        on = prepared()
        by_name = kept(take(here, who, step, **{**on, **around, **more}, data=data), on)
        assert codes(by_name) == codes(named), (who, more, named["errors"], by_name["errors"])
        if not named["errors"]:
            assert told(here, by_name["logIndex"]) == told(here, named["logIndex"])


def _pointing(said: dict[str, Any], another: str) -> dict[str, Any]:
    return {key: another if value == "another" else value for key, value in said.items()}


def test_a_ministry_does_not_write_over_the_draft_of_another_by_name_either(here: Server) -> None:
    id = here.receive()
    for institution in ("justice", "labour"):
        here.step("coordinator", "assignRecommendation", id, institution=institution)
    drafted = take(here, "justice", "draft-progress", id, data={"narrative": "our own words"})
    assert drafted["entries"][0]["visibility"] == "CONFIDENTIAL"
    data = {"narrative": "put in its mouth", "report": 4}
    said = {"data": data, "expectedVersion": 3}  # the draft is not for it
    assert codes(take(here, "labour", "draft-progress", id, **said)) == ["FORBIDDEN"]
    assert take(here, "justice", "draft-progress", id, data=data)["errors"] == []


def test_a_focal_point_answers_by_name_only_what_its_institution_was_offered(here: Server) -> None:
    id = here.receive()
    here.step("coordinator", "offerAssignment", id, institution="justice")
    here.step("coordinator", "assignRecommendation", id, institution="labour")
    data = {"assignment": 2}
    assert codes(take(here, "labour", "accept-assignment", id, data=data)) == ["FORBIDDEN"]
    assert take(here, "justice", "accept-assignment", id, data=data)["errors"] == []


@pytest.mark.slow
def test_a_procedure_that_leaves_a_step_to_fewer_leaves_it_to_them_by_name_too(
    here: Server,
) -> None:
    adopted(here, published(here, CABINET, "XAB"), "XAB")
    id = here.receive(addressee="XAB")
    here.step("coordinator", "assignRecommendation", id, institution="justice")
    data = {"measures": "a law"}
    assert codes(take(here, "justice", "plan", id, data=data)) == ["FORBIDDEN"]
    assert codes(take(here, "coordinator", "declare-implemented", id)) == ["STEP_NOT_OPEN"]
    assert take(here, "coordinator", "plan", id, data=data)["errors"] == []


def test_the_same_command_by_name_gives_the_first_result_and_no_other_request_takes_it(
    here: Server,
) -> None:
    id = here.receive()
    said = {"commandId": uuid4().hex, "expectedVersion": 1, "data": {"institution": "justice"}}
    first = take(here, "coordinator", "decree-assignment", id, **said)
    assert take(here, "coordinator", "decree-assignment", id, **said) == first
    said["data"] = {"institution": "labour"}
    again = take(here, "coordinator", "decree-assignment", id, **said)
    assert codes(again) == ["COMMAND_REUSED"]


# --- Many at once --------------------------------------------------------------------------------


def test_many_steps_are_taken_each_for_itself_and_answered_in_their_order(server: Server) -> None:
    ids = [server.receive() for _ in range(4)]
    size = server.size()
    payload = take_all(
        server,
        item(ids[3]),
        item(ids[1], version=7),
        item(ids[0], step="defer-position", data={"session": "59th"}),
        item("no id"),
        item(ids[2], data={"institution": "labour", "instrument": "Decree 1"}, reason="theirs"),
        commandId="bulk",
        step="decree-assignment",
        data={"institution": "justice", "capacity": "supporting"},
        reason="by decree",
    )
    assert payload["errors"] == []
    results = payload["results"]
    assert [r["caseId"] for r in results] == [ids[3], ids[1], ids[0], "no id", ids[2]]
    assert [r["ok"] for r in results] == [True, False, True, False, True]
    assert [codes(r) for r in results] == [[], ["STALE_VERSION"], [], ["INVALID_INPUT"], []]
    assert results[1]["errors"][0]["currentVersion"] == 1
    assert [r["recommendation"] and r["recommendation"]["version"] for r in results] == [
        *(2, None, 2, None, 2)
    ]
    recorded = [entry for result in results for entry in result["entries"]]
    told_ = [(e["event"]["__typename"], e["commandId"], e["reason"]) for e in recorded]
    assert told_ == [
        ("AssignmentDecreed", "bulk/1", "by decree"),
        ("PositionDeferred", "bulk/3", "by decree"),
        ("AssignmentDecreed", "bulk/5", "theirs"),
    ]
    assert [r["logIndex"] for r in results] == [size, None, size + 1, None, size + 2]
    assert (payload["logIndex"], server.size()) == (size + 2, size + 3)
    query = (
        "query($id: ID!) { recommendation(id: $id) { assignments { institutionCode capacity } } }"
    )
    (held,) = server.ask("coordinator", query, id=ids[2])["recommendation"]["assignments"]
    assert held == {"institutionCode": "labour", "capacity": "SUPPORTING"}, "field by field"


def test_what_the_guide_sends_is_taken(here: Server) -> None:
    (sent,) = re.findall(r"^    (mutation \{ takeSteps.*?)\n\n", GUIDE, re.M | re.S)
    for version in (3, 5):
        id = here.receive()
        for n in range(1, version):
            here.step("clerk", "identifyRecommendation", id, scheme="national", value=f"N-{n}")
        sent = sent.replace("…", id, 1)
    payload = here.ask("coordinator", sent)["takeSteps"]
    assert (payload["errors"], [codes(r) for r in payload["results"]]) == ([], [[], []])


def test_many_sent_again_give_their_first_results_and_what_was_refused_is_tried_again(
    server: Server,
) -> None:
    ids = [server.receive() for _ in range(3)]
    said = {"commandId": uuid4().hex, "step": "decree-assignment"}
    said["data"] = {"institution": "justice"}
    items = [item(ids[0]), item(ids[1], version=2), item(ids[2])]
    first = take_all(server, *items, **said)
    assert [r["ok"] for r in first["results"]] == [True, False, True]
    size = server.size()
    assert take_all(server, *items, **said)["results"] == first["results"]
    assert server.size() == size
    server.step("coordinator", "deferPosition", ids[1], session="59th")
    again = take_all(server, *items, **said)
    assert [r["ok"] for r in again["results"]] == [True, True, True]
    assert again["results"][0]["logIndex"] == first["results"][0]["logIndex"]
    assert server.size() == size + 2
    changed = take_all(server, item(ids[0], data={"institution": "labour"}), **said)
    assert codes(changed["results"][0]) == ["COMMAND_REUSED"]


def test_one_recommendation_named_twice_is_taken_in_order(server: Server) -> None:
    id, other = server.receive(), server.receive()
    payload = take_all(
        server,
        item(id, 1, step="decree-assignment", data={"institution": "justice"}),
        item(id, 2, step="plan", data={"measures": "a law"}),
        item(other, 1, step="plan", data={"measures": "too early"}),
        item(id, 3, step="declare-implemented"),
        item(id, 3, step="close", data={"closing": "carried-out"}, reason="late"),
    )
    assert [codes(r) for r in payload["results"]] == [
        *([], [], ["STEP_NOT_OPEN"], [], ["STALE_VERSION"])
    ]
    assert [r["recommendation"]["version"] for r in payload["results"] if r["ok"]] == [4, 4, 4]


def test_a_dry_run_tells_what_would_come_of_each_and_records_nothing(server: Server) -> None:
    id, other = server.receive(), server.receive()
    said = {"commandId": uuid4().hex, "reason": "done"}
    items = (
        item(id, 1, step="decree-assignment", data={"institution": "justice"}),
        item(other, 1, step="plan", data={"measures": "too early"}),
        item(id, 2, step="close", data={"closing": "carried-out"}),
        item(id, 3, step="plan", data={"measures": "too late"}),
    )
    size = server.size()
    dry = take_all(server, *items, **said, dryRun=True)
    assert server.size() == size
    assert dry["logIndex"] is None
    assert [r["ok"] for r in dry["results"]] == [True, False, True, False]
    assert all(r["entries"] == [] and r["recommendation"] is None for r in dry["results"])
    assert dry["results"][0]["foreseen"]["entered"] == ["assignment.assigned"]
    done = take_all(server, *items, **said)
    assert [codes(r) for r in done["results"]] == [codes(r) for r in dry["results"]]
    last = done["results"][2]["recommendation"]
    assert (last["version"], last["states"]) == (
        dry["results"][2]["foreseen"]["version"],
        dry["results"][2]["foreseen"]["states"],
    )
    after = take_all(server, *items, **said, dryRun=True)
    assert after["results"][0]["logIndex"] == done["results"][0]["logIndex"], "taken already"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"commandId": " "}, "INVALID_INPUT"),
        ({"commandId": "x" * 121}, "INVALID_INPUT"),
        ({"items": [item("x")] * 501}, "LIMIT_EXCEEDED"),
    ],
)
def test_many_that_can_not_be_tried_are_refused_as_a_whole(
    here: Server, said: dict[str, Any], code: str
) -> None:
    input = {"commandId": "x", "items": [item(here.receive())], "step": "reopen", **said}
    payload = here.ask("coordinator", TAKE_ALL, input=input)["takeSteps"]
    assert (codes(payload), payload["results"]) == ([code], [])


def test_an_item_without_a_step_and_one_with_a_text_no_store_keeps_are_refused_alone(
    here: Server,
) -> None:
    ids = [here.receive() for _ in range(3)]
    deferred = {"step": "defer-position"}
    payload = take_all(
        here,
        item(ids[0]),
        item(ids[1], **deferred, data={"session": "a \x00"}),
        item(ids[2], **deferred, data={"session": "59th"}),
    )
    assert [codes(r) for r in payload["results"]] == [["INVALID_INPUT"], ["INVALID_INPUT"], []]
    assert "Say which `step`" in payload["results"][0]["errors"][0]["message"]


@pytest.mark.parametrize("who", HOLDERS)
def test_many_are_open_to_whom_each_is_open(here: Server, who: str) -> None:
    mine, elsewhere = here.receive(), here.receive()
    here.step("coordinator", "assignRecommendation", mine, institution="justice")
    here.step("coordinator", "assignRecommendation", elsewhere, institution="labour")
    items = [item(id, 2, data={"measures": "a law"}) for id in (mine, elsewhere)]
    results = take_all(here, *items, step="plan", who=who)["results"]
    allowed = {"coordinator": [True, True], "justice": [True, False], "labour": [False, True]}
    assert [r["ok"] for r in results] == allowed.get(who, [False, False])
    assert {code for r in results for code in codes(r)} <= {"FORBIDDEN"}


# --- As if each had come alone --------------------------------------------------------------------

TRIED = ("decree-assignment", "plan", "declare-implemented", "close", "reopen", "defer-position")
SAID: dict[str, dict[str, Any]] = {
    "decree-assignment": {"institution": "justice"},
    "plan": {"measures": "a law"},
    "close": {"closing": "carried-out"},
    "defer-position": {"session": "59th"},
}
MFA = principal()


def deed(desk: Desk, id: UUID, step: str, version: int, n: int) -> Deed:
    """A step by name on a recommendation seen at a version, under the command of this number."""
    asked = steps.ask(desk.procedures, step, SAID.get(step, {}), UUID)

    def make(held: Any) -> list[Any]:
        said = stamp(f"c-{n}", reason="because")
        seen = {"expected_version": version, "assignment": asked.assignment}
        return desk.make(MFA, held[id], step, said, asked.act, **seen)

    return Deed(Command.of(f"c-{n}", MFA, [str(id), step, version]), step, (id,), make)


def world(folder: Path) -> tuple[Desk, list[UUID]]:
    """A desk over a new log with three recommendations."""
    desk = Desk(Log(f"sqlite:///{folder / uuid4().hex}.db"))
    ids = []
    for n in (1, 2, 3):
        first = received(f"140.{n}")
        entry = desk.procedures.opening(first.stream, first.addressee, first.event)  # type: ignore[arg-type]
        desk.append(Command.of(f"r-{n}", MFA, n), [entry])
        ids.append(entry.stream)
    return desk, ids


def stood(desk: Desk, ids: list[UUID]) -> list[Recommendation]:
    return [desk.load(id, MFA) for id in ids]


@settings(max_examples=times(10, long=100), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_many_come_to_what_they_come_to_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = Random(seed)
    folder = tmp_path_factory.mktemp("worlds")
    together, ids = world(folder)
    alone, _ = world(folder)
    versions = dict.fromkeys(ids, 1)
    tried = []
    for _ in range(random.randrange(1, 25)):
        id = random.choice(ids)
        version = versions[id] + (random.random() < 0.1)
        tried.append((id, random.choice(TRIED), version))
        versions[id] += random.random() < 0.7
    foreseen = together.foresee(MFA, [deed(together, *one, n) for n, one in enumerate(tried)])
    outcomes = together.take_all(MFA, [deed(together, *one, n) for n, one in enumerate(tried)])
    for n, (one, outcome, seen) in enumerate(zip(tried, outcomes, foreseen, strict=True)):
        try:
            same: Any = alone.do(MFA, deed(alone, *one, n))
        except Refusal as refusal:
            same = refusal
        if isinstance(same, Refusal):
            assert isinstance(outcome, Refusal)
            assert isinstance(seen, Refusal)
            assert refused(outcome) == refused(same) == refused(seen)
        else:
            assert isinstance(outcome, Taken)
            assert isinstance(seen, Foreseen)
            assert outcome.entries[0].stamp.entered == same.entries[0].stamp.entered
            assert seen.entries[0].stamp.entered == same.entries[0].stamp.entered
    assert stood(together, ids) == stood(alone, ids)
    assert together.log.size == alone.log.size
    again = together.take_all(MFA, [deed(together, *one, n) for n, one in enumerate(tried)])
    for first, second in zip(outcomes, again, strict=True):
        if isinstance(first, Taken):
            assert isinstance(second, Taken)
            assert [e.log_index for e in second.entries] == [e.log_index for e in first.entries]
    for desk in (together, alone):
        desk.log.close()


def test_an_item_whose_recommendation_another_reached_first_says_where_it_is_now(
    tmp_path: Path,
) -> None:
    desk, ids = world(tmp_path)
    first = deed(desk, ids[0], "decree-assignment", 1, 1)

    def overtaken(held: Any) -> Any:
        made = first.make(held)
        if desk.load(ids[0], MFA).version == 1:  # between reading and writing
            desk.do(MFA, deed(desk, ids[0], "defer-position", 1, 2))
        return made

    mine, other, after = desk.take_all(
        MFA,
        [
            first._replace(make=overtaken),
            deed(desk, ids[1], "decree-assignment", 1, 3),
            deed(desk, ids[0], "plan", 2, 4),
        ],
    )
    assert isinstance(mine, StaleVersion)
    assert mine.facts == {"current": 2}
    assert isinstance(other, Taken)
    assert isinstance(after, StepNotOpen), "nobody is assigned, as the first was refused"
    desk.log.close()


def test_a_deed_on_several_recommendations_is_recorded_for_all_or_for_none(tmp_path: Path) -> None:
    desk, ids = world(tmp_path)
    parts = [deed(desk, id, "decree-assignment", 1, 9) for id in ids[:2]]

    def both(held: Any) -> list[Any]:
        return [entry for part in parts for entry in part.make(held)]

    def half(held: Any) -> list[Any]:
        both(held)
        raise InvalidInput("The second of the two may not.")

    size = desk.log.size
    together = Deed(parts[0].command, "both", tuple(ids[:2]), both)
    (told_,) = desk.take_all(MFA, [together._replace(make=half)])
    assert isinstance(told_, InvalidInput)
    assert (desk.log.size, stood(desk, ids)[0].version) == (size, 1)
    _, seen = desk.foresee(MFA, [together._replace(make=half), together])
    assert isinstance(seen, Foreseen)
    assert [r.version for r in seen.held.values()] == [2, 2], "what was refused has left nothing"
    taken = desk.do(MFA, together)
    assert [entry.stream for entry in taken.entries] == ids[:2]
    assert (taken.appended.count, desk.log.size) == (2, size + 2)
    desk.log.close()


def test_a_report_is_published_although_somebody_takes_a_step_on_what_it_covers(
    tmp_path: Path,
) -> None:
    desk, ids = world(tmp_path)
    quiet: dict[str, Any] = {"visibility": Visibility.INTERNAL}
    narrative = Protected("As it stands.")
    id, drafted = draft_report(
        stamp("d", **quiet), id=uuid4(), title="Mid-term", covers=ids, narrative=narrative
    )
    desk.begin(MFA, Command.of("d", MFA, "d"), "draft-report", "SVN", lambda: (id, drafted))
    asked = 0

    def published(r: Any) -> list[Any]:
        nonlocal asked
        asked += 1
        said = stamp("p")
        covered = [
            desk.procedures.enter(one, "cover", progress.cover(one, said, r.id))
            for one in desk.load_all(r.covers, MFA)
        ]
        if asked == 1:  # between reading and writing
            desk.do(MFA, deed(desk, ids[1], "defer-position", 1, 1))
        return [r.clear(stamp("c", **quiet)), *covered]

    command = Command.of("p", MFA, "p")
    taken = desk.go_on(
        MFA, command, id, ProgressReport, "clear-report", published, expected_version=1
    )
    assert (asked, taken.appended.count) == (2, 4)
    assert [r.version for r in stood(desk, ids)] == [2, 3, 2]
    with pytest.raises(StaleVersion):
        desk.go_on(
            MFA,
            Command.of("q", MFA, "q"),
            id,
            ProgressReport,
            "clear-report",
            published,
            expected_version=1,
        )
    assert asked == 2, "who has not seen the report as it is decides anew"
    desk.log.close()


def test_json_schemas_are_valid_json() -> None:
    every = json.loads(steps.schemas())
    assert every.keys() == steps.by_name().keys()
    for each in every.values():
        Draft202012Validator.check_schema(each)


# --- The id of something else --------------------------------------------------------------------


@pytest.mark.parametrize("of", ["a review", "a key", "nothing"])
@pytest.mark.parametrize("step", ["reopen", "approve"])
def test_a_step_on_what_is_no_case_finds_nothing(here: Server, of: str, step: str) -> None:
    opened = {"addressee": "SVN", "mechanism": "UPR", "body": "UPR", "cycle": 2}
    open_review = """mutation($input: OpenReviewInput!) { openReview(input: $input) {
        entries { subjectId } } }"""
    review = here.ask("coordinator", open_review, input={"commandId": "open", **opened})
    ids = {
        "a review": str(read_stream(review["openReview"]["entries"][0]["subjectId"])),
        "a key": here.grant("another", "coordinator", "mfa"),
        "nothing": str(uuid4()),
    }
    id, size = ids[of], here.size()
    said = {"commandId": uuid4().hex, "id": id, "expectedVersion": 1, "reason": "why"}
    told = here.ask("coordinator", TAKE, input={**said, "step": step, "data": {}})["takeStep"]
    assert codes(told) == ["NOT_FOUND"]
    for dry in (True, False):
        found = take_all(here, {"id": id, "expectedVersion": 1}, step=step, reason="y", dryRun=dry)
        assert [codes(result) for result in found["results"]] == [["NOT_FOUND"]]
    link = {"type": "repeats", "to": id}
    assert codes(take(here, "coordinator", "link", here.receive(), data=link)) == ["NOT_FOUND"]
    query = "mutation($i: RegisterInput!) { clearReport(input: $i) { errors { code } } }"
    said["commandId"] = uuid4().hex
    assert codes(here.ask("coordinator", query, i=said)["clearReport"]) == ["NOT_FOUND"]
    assert here.size() == size + 1, "the recommendation that was received"
