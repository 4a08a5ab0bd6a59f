"""The API as an integrator meets it: every query and mutation, over a socket, on both stores."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLScalarType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
)
from sqlalchemy import Engine, event

from api.schema import schema
from api.sdl import of_every_event
from domain import casework
from domain.entry import is_date
from domain.measure import Measure
from domain.recommendation import EVENTS as EVERY_EVENT
from domain.refusals import all_refusals, table
from tests.clock import SetClock
from tests.server import A_RECOMMENDATION, ROOT, STORES, Server, running, store, until
from tests.test_register_api import REGISTER
from workflows.step_table import ROWS

SCHEMA = schema._schema


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with store(request, tmp_path_factory) as url, running(url, SetClock("2026-07-01")) as served:
        yield served


# --- A whole life --------------------------------------------------------------------------------


class Step(NamedTuple):
    """A step of a life: who takes it, what it says, which entry it gives, what holds after it.
    `said` may look up the versions of earlier entries by the name of their type."""

    mutation: str
    who: str
    said: dict[str, Any] | Callable[[dict[str, int]], dict[str, Any]]
    entry: str
    then: dict[str, Any] = {}  # noqa: RUF012 - never changed
    on: str = "upr"


THEME = {"vocabulary": "theme", "version": "2014", "code": "A12", "label": "Treaties"}
GOAL = {"vocabulary": "sdg", "version": "2015", "code": "16.2", "label": "End abuse"}
ADDENDUM = {"organ": "ADDENDUM", "instrument": "A/HRC/59/15/Add.1"}

LIFE = (
    Step("addText", "clerk", {"language": "fr", "texts": ["Ratifier"]}, "TextAdded"),
    Step(
        "correctRecommendation",
        "clerk",
        {
            "correction": "CLERICAL",
            "language": "en",
            "parts": [{"text": "Ratify it", "recommendingStates": ["France", "Lithuania"]}],
            "reason": "a slip of the pen",
        },
        "Corrected",
    ),
    Step(
        "renumberRecommendation",
        "clerk",
        {"symbol": "A/HRC/59/15", "paragraph": "199.9"},
        "Renumbered",
        {"paragraph": "199.9"},
    ),
    Step("identifyRecommendation", "clerk", {"scheme": "national", "value": "N-1"}, "Identified"),
    Step("classifyRecommendation", "clerk", {"terms": [THEME, GOAL]}, "Classified"),
    Step("declassifyRecommendation", "clerk", {"terms": [GOAL]}, "Declassified"),
    Step(
        "deferPosition",
        "coordinator",
        {"due": "2027-06-30", "session": "59th"},
        "PositionDeferred",
        {"position": "PENDING", "stage": "RECEIVED"},
    ),
    Step(
        "noteRecommendation",
        "clerk",
        {**ADDENDUM, "effectiveOn": "2025-04-08", "comment": "not now", "printed": "Noted"},
        "PositionTaken",
        {"position": "NOTED", "stage": "NOTED"},
    ),
    Step(
        "acceptRecommendation",
        "coordinator",
        {"organ": "MID_TERM_REPORT", "effectiveOn": "2026-06", "saidAlreadyImplemented": True},
        "PositionTaken",
        {"position": "SUPPORTED", "stage": "ACCEPTED"},
    ),
    Step(
        "offerAssignment",
        "coordinator",
        {"institution": "justice", "answerDue": "2027-09-01"},
        "AssignmentOffered",
        {"stage": "ACCEPTED"},
    ),
    Step(
        "acceptAssignment",
        "justice",
        lambda seen: {"assignment": seen["AssignmentOffered"]},
        "AssignmentAccepted",
        {"stage": "ASSIGNED"},
    ),
    Step("offerAssignment", "coordinator", {"institution": "labour"}, "AssignmentOffered"),
    Step(
        "declineAssignment",
        "labour",
        lambda seen: {"assignment": seen["AssignmentOffered"], "reason": "not our competence"},
        "AssignmentDeclined",
    ),
    Step("offerAssignment", "coordinator", {"institution": "labour"}, "AssignmentOffered"),
    Step(
        "lapseAssignment",
        "coordinator",
        lambda seen: {"assignment": seen["AssignmentOffered"]},
        "AssignmentLapsed",
    ),
    Step(
        "assignRecommendation",
        "coordinator",
        {"institution": "labour", "capacity": "SUPPORTING", "instrument": "Decree 7"},
        "AssignmentDecreed",
    ),
    Step(
        "handOverAssignment",
        "coordinator",
        lambda seen: {"assignment": seen["AssignmentDecreed"], "to": "archive"},
        "AssignmentHandedOver",
    ),
    Step(
        "endAssignment",
        "coordinator",
        lambda seen: {"assignment": seen["AssignmentHandedOver"], "reason": "abolished"},
        "AssignmentEnded",
    ),
    Step(
        "planImplementation",
        "justice",
        {"measures": "a new law", "plan": "NAP 2026", "starts": "2026", "ends": "2027-06"},
        "Planned",
    ),
    Step(
        "reportProgress",
        "justice",
        {"narrative": "a bill is drafted", "periodFrom": "2026"},
        "ProgressDrafted",
    ),
    Step(
        "clearProgress",
        "coordinator",
        lambda seen: {"report": seen["ProgressDrafted"]},
        "ProgressCleared",
    ),
    Step(
        "publishProgress",
        "coordinator",
        lambda seen: {"report": seen["ProgressDrafted"], "narrative": "a bill is public"},
        "ProgressPublished",
    ),
    Step(
        "assessRecommendation",
        "clerk",
        {
            "assessorKind": "NHRI",
            "assessor": "Ombudsman",
            "scheme": "common",
            "schemeVersion": "1",
            "grade": "partly-implemented",
            "finding": "half of it",
            "source": {"document": "Annual report 2027", "paragraph": "12", "language": "sl"},
        },
        "Assessed",
    ),
    Step(
        "declareImplemented",
        "justice",
        {"statement": "it is law", "effectiveOn": "2026-07"},
        "DeclaredImplemented",
        {"stage": "IMPLEMENTED"},
    ),
    Step(
        "reportRecommendation",
        "clerk",
        {"report": "MID_TERM", "document": "Mid-term report"},
        "Reported",
        {"stage": "REPORTED"},
    ),
    Step(
        "strikeEntry",
        "coordinator",
        lambda seen: {
            "version": seen["Reported"],
            "correction": "ENTERED_IN_ERROR",
            "reason": "another paragraph was meant",
        },
        "Corrected",
        {"stage": "IMPLEMENTED"},
    ),
    Step("linkRecommendation", "clerk", {"type": "OVERLAPS", "confidence": 70}, "Linked"),
    Step(
        "withdrawLink",
        "clerk",
        lambda seen: {"link": seen["Linked"], "reason": "another subject"},
        "LinkWithdrawn",
    ),
    Step("linkRecommendation", "clerk", {"type": "SUCCEEDS", "confidence": 80}, "Linked"),
    Step("declareDuplicate", "clerk", {}, "DeclaredDuplicate"),
    Step("undoDuplicate", "clerk", {"reason": "they differ"}, "DuplicateUndone"),
    Step(
        "closeRecommendation",
        "coordinator",
        {"closing": "CARRIED_OUT", "reason": "it is done"},
        "Closed",
    ),
    Step(
        "reopenRecommendation",
        "coordinator",
        {"reason": "the law was repealed"},
        "Reopened",
        {"stage": "ASSIGNED"},
    ),
    Step("continueRecommendation", "coordinator", {"cycle": 5}, "Continued"),
    Step(
        "commentOnRecommendation",
        "coordinator",
        {"comment": "the State's view"},
        "StateCommented",
        {"position": "NOT_APPLICABLE"},
        on="crc",
    ),
    Step(
        "selectForFollowUp",
        "clerk",
        {"body": "CRC", "due": "2026-05"},
        "SelectedForFollowUp",
        on="crc",
    ),
)
ANOTHER_END = {"linkRecommendation": "to", "declareDuplicate": "of"}
"""Mutations that point to another recommendation, and the field that does."""


class Lived(NamedTuple):
    """Recommendations with all of `LIFE` behind them: their ids, and each step as it was sent and
    answered, the receiving ones first."""

    upr: str
    crc: str
    earlier: str
    steps: list[tuple[str, str, dict[str, Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def lived(server: Server) -> Lived:
    return live(server)


def live(server: Server) -> Lived:
    crc = {"mechanism": "TREATY_BODY", "body": "CRC", "symbol": "CRC/C/SVN/CO/5"}
    ids: dict[str, str] = {}
    steps: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
    for name, more in (("upr", {"paragraph": "199.1"}), ("earlier", {"cycle": 3}), ("crc", crc)):
        said = {**BORN, "commandId": uuid4().hex, "paragraph": "198.1", **more}
        payload = server.take("coordinator", "receiveRecommendation", **said)
        assert payload["errors"] == []
        ids[name] = payload["recommendation"]["id"]
        steps.append(("receiveRecommendation", "coordinator", said, payload))
    versions = dict.fromkeys(ids, 1)
    seen: dict[str, int] = {}
    for step in LIFE:
        said = step.said(seen) if callable(step.said) else dict(step.said)
        said |= {"commandId": uuid4().hex, "id": ids[step.on]}
        said["expectedVersion"] = versions[step.on]
        if step.mutation in ANOTHER_END:
            said[ANOTHER_END[step.mutation]] = ids["earlier"]
        payload = server.take(step.who, step.mutation, **said)
        assert payload["errors"] == [], step.mutation
        versions[step.on] += 1
        seen[step.entry] = versions[step.on]
        steps.append((step.mutation, step.who, said, payload))
    return Lived(**ids, steps=steps)


BORN = {
    "addressee": "SVN",
    "mechanism": "UPR",
    "body": "UPR",
    "language": "en",
    "parts": [{"text": "Ratify", "recommendingStates": ["France"]}],
    "symbol": "A/HRC/59/15",
    "cycle": 4,
    "session": "48",
    "effectiveOn": "2025-01-28",
}


def test_a_life_takes_every_step_there_is():
    """If you are here because you added a mutation: give `LIFE` a step that takes it."""
    assert SCHEMA.mutation_type is not None
    taken = {"receiveRecommendation", *(step.mutation for step in LIFE)}
    # test_register_api.py, test_casework.py, test_measures.py
    elsewhere = {*REGISTER, "withdrawAlias", *CASEWORK, *OF_MEASURES}
    assert taken == set(SCHEMA.mutation_type.fields) - elsewhere


def test_every_step_gives_its_entry_and_the_recommendation_as_it_stands_then(server, lived):
    index = lived.steps[0][3]["logIndex"] - 1
    for step, (mutation, _, said, payload) in zip(
        [None, None, None, *LIFE], lived.steps, strict=True
    ):
        (entry,) = payload["entries"]
        index += 1
        assert payload["logIndex"] == entry["logIndex"] == index, mutation
        assert entry["commandId"] == said["commandId"]
        assert entry["version"] == payload["recommendation"]["version"], "read your own writes"
        assert entry["version"] == said.get("expectedVersion", 0) + 1
        assert entry["event"]["__typename"] == (step.entry if step else "Received")
        if step is not None:
            held = {name: payload["recommendation"][name] for name in step.then}
            assert held == step.then, mutation
    assert server.size() > index


def test_the_same_command_again_gives_the_first_result(server, lived):
    before = server.size()
    for mutation, who, said, first in lived.steps:
        again = server.take(who, mutation, **said)
        assert again["errors"] == [], mutation
        assert (again["entries"], again["logIndex"]) == (first["entries"], first["logIndex"])
    assert server.size() == before


def test_another_request_under_a_used_command_id_is_refused(server, lived):
    before = server.size()
    for mutation, who, said, _ in lived.steps:
        other = server.take(who, mutation, **{**said, "onBehalfOf": "somebody else"})
        assert codes(other) == ["COMMAND_REUSED"], mutation
        assert (other["recommendation"], other["entries"], other["logIndex"]) == (None, [], None)
    assert server.size() == before


def test_a_used_command_id_is_new_to_somebody_else(server, lived):
    mutation, _, said, _ = lived.steps[3]
    assert codes(server.take("coordinator", mutation, **said)) == ["STALE_VERSION"]


def test_a_step_on_a_version_that_has_passed_is_refused_and_says_which_is_current(server, lived):
    before = server.size()
    current = {id: server.version(id) for id in (lived.upr, lived.crc)}
    for mutation, who, said, _ in lived.steps[3:]:
        stale = server.take(who, mutation, **{**said, "commandId": uuid4().hex})
        if said["expectedVersion"] == current[said["id"]]:
            continue
        assert codes(stale) == ["STALE_VERSION"], mutation
        assert stale["errors"][0]["currentVersion"] == current[said["id"]]
    assert server.size() == before


def test_a_version_that_is_yet_to_come_is_refused_too(server):
    id = server.receive()
    ahead = server.take("coordinator", "noteRecommendation", id=id, expectedVersion=2, **ADDENDUM)
    assert codes(ahead) == ["STALE_VERSION"]
    assert ahead["errors"][0]["currentVersion"] == 1


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


# --- Reading -------------------------------------------------------------------------------------


def fields_of(name: str) -> Collection[str]:
    return getattr(SCHEMA.type_map.get(name), "fields", ())


FEED_ENTRY = ("FeedConnection", "HistoryEntry")


def everything(kind: Any, path: tuple[str, ...] = ()) -> str:
    """A selection of all that a type has; a type that comes again below itself is cut off, and
    events are told in one place."""
    kind = get_named_type(kind)
    if isinstance(kind, GraphQLScalarType | GraphQLEnumType):
        return ""
    if kind.name in path or len(path) > 4:
        return "{ __typename }"
    if isinstance(kind, GraphQLUnionType):
        is_told = path[-2:] in (("HistoryEntryConnection", "HistoryEntry"), FEED_ENTRY)
        return of_every_event() if kind.name == "HistoryEvent" and is_told else "{ __typename }"
    if kind.name.endswith("Edge"):
        return "{ cursor node { __typename } }"  # it is among the nodes
    if "uuid" in fields_of(kind.name) and any("uuid" in fields_of(name) for name in path):
        return "{ __typename id }"
    here = (*path, kind.name)
    asked = ["__typename"]
    for name, field in kind.fields.items():
        if not any(is_required_argument(argument) for argument in field.args.values()):
            asked.append(f"{name} {everything(field.type, here)}")
    return f"{{ {' '.join(asked)} }}"


OF_CASEWORK = {e.__name__ for e in EVERY_EVENT if e.__module__.startswith(casework.__name__)}
CASEWORK = {
    *("claimTask", "releaseTask", "delegate", "approveStep", "remark"),
    *("suspendRecommendation", "resumeRecommendation", "extendDeadline"),
    *("suspendDeadline", "resumeDeadline", "retryTimers", "suspend", "resume"),
}
OF_MEASURES = {one.name for row in ROWS if row.on is Measure for one in row.mutations}

ALL_OF_IT = f"""query($id: ID!) {{
  recommendation(id: $id) {everything(SCHEMA.get_type("Recommendation"))}
}}"""


def test_everything_the_schema_promises_of_a_recommendation_can_be_asked(server, lived):
    upr = server.ask("coordinator", ALL_OF_IT, id=lived.upr)["recommendation"]
    assert upr["symbol"] == "A/HRC/59/15"
    assert upr["paragraph"] == "199.9"
    assert [alias["paragraph"] for alias in upr["aliases"]] == ["199.1", "199.9", None]
    assert upr["addresseeName"] == "Slovenia"
    assert upr["text"] == "Ratify it"
    assert [text["language"] for text in upr["texts"]] == ["en", "fr"]
    assert [state["code"] for state in upr["parts"][0]["recommenders"]] == ["FRA", "LTU"]
    assert [term["code"] for term in upr["terms"]] == ["A12"]
    assert upr["position"] == "SUPPORTED"
    assert [p["answer"] for p in upr["positions"]] == ["NOTED", "SUPPORTED"]
    assert upr["positions"][0]["comment"]["text"] == "not now"
    assert [a["status"] for a in upr["assignments"]] == [
        "ASSIGNED",
        "DECLINED",
        "LAPSED",
        "HANDED_OVER",
        "ENDED",
    ]
    assert [(a["assessor"], a["common"]) for a in upr["assessments"]] == [
        ("Ombudsman", "PARTLY_IMPLEMENTED"),
        ("justice", "IMPLEMENTED"),
    ]
    (report,) = upr["reports"]
    assert (report["kind"], report["status"]) == ("PROGRESS", "PUBLISHED")
    assert report["narrative"]["text"] == "a bill is public"
    assert report["institutionCode"] == "justice"
    assert upr["continuedInto"] == 5
    assert upr["closed"] is None
    assert upr["version"] == len(upr["history"]["nodes"])
    assert upr["logIndex"] == upr["history"]["nodes"][-1]["logIndex"]
    crc = server.ask("coordinator", ALL_OF_IT, id=lived.crc)["recommendation"]
    assert crc["selectedForFollowUp"] is True
    assert crc["followUpDue"] == "2026-05"
    assert crc["history"]["nodes"][1]["event"]["stateComment"]["text"] == "the State's view"


def test_the_history_of_a_life_has_an_entry_of_every_type_with_what_was_said(server, lived):
    upr = server.ask("coordinator", ALL_OF_IT, id=lived.upr)["recommendation"]["history"]["nodes"]
    crc = server.ask("coordinator", ALL_OF_IT, id=lived.crc)["recommendation"]["history"]["nodes"]
    assert [e["event"]["__typename"] for e in upr] == [
        "Received",
        *(step.entry for step in LIFE if step.on == "upr"),
    ]
    kinds = {
        kind.name
        for kind in SCHEMA.get_possible_types(SCHEMA.get_type("HistoryEvent"))  # type: ignore[arg-type]
    }
    of_recommendations = {event.__name__ for event in EVERY_EVENT} - OF_CASEWORK
    # tests/test_register_api.py, test_own_procedures.py, test_casework.py, test_timers.py
    of_recommendations -= {"Covered", "AliasWithdrawn", "StepTaken"}
    assert {e["event"]["__typename"] for e in (*upr, *crc)} == kinds & of_recommendations
    declined = next(e for e in upr if e["event"]["__typename"] == "AssignmentDeclined")
    assert declined["reason"] == "not our competence"
    assert declined["actor"] == "p-labour"
    assert declined["role"] == "focal-point"
    assert declined["institution"] == declined["onBehalfOf"] == "labour"
    assert declined["authority"]["kind"] == "MANDATE"
    noted = next(e for e in upr if e["event"]["__typename"] == "PositionTaken")
    assert noted["effectiveOn"] == "2025-04-08"
    assert (noted["effectivePrecision"], noted["effectiveBasis"]) == ("DAY", "STATED")
    assert noted["entered"] == ["position.noted"]
    assert noted["left"] == ["position.pending"]
    assert noted["event"]["comment"]["text"] == "not now"
    assessed = next(e for e in upr if e["event"]["__typename"] == "Assessed")
    assert assessed["source"]["document"] == "Annual report 2027"
    assert [e["version"] for e in upr] == list(range(1, len(upr) + 1))
    recorded = [e["recordedAt"] for e in upr]
    assert recorded == sorted(recorded)
    assert all(e["recommendationId"] == lived.upr for e in upr)


def test_history_is_read_piece_by_piece(server, lived):
    query = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
        recommendation(id: $id) { history(
            first: $first, after: $after, last: $last, before: $before) {
            nodes { version } edges { cursor } totalCount
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""

    def page(**asked):
        return server.ask("auditor", query, id=lived.upr, **asked)["recommendation"]["history"]

    def versions(**asked):
        return [entry["version"] for entry in page(**asked)["nodes"]]

    whole = versions()
    assert versions(first=3, after="2") == [3, 4, 5]
    assert versions(last=2, before="5") == [3, 4]
    assert versions(last=2) == whole[-2:]
    assert versions(first=0) == []
    middle = page(first=3, after="2")
    assert middle["totalCount"] == len(whole)
    assert middle["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": True,
        "startCursor": middle["edges"][0]["cursor"],
        "endCursor": middle["edges"][-1]["cursor"],
    }
    end = page(after=str(whole[-1]))["pageInfo"]
    assert (end["hasNextPage"], end["endCursor"]) == (False, str(whole[-1])), "read on from there"
    for wrong in ({"first": 1_001}, {"last": -1}, {"after": "x"}, {"before": "²"}):
        refused = server.refused("auditor", query, id=lived.upr, **wrong)
        assert refused["extensions"]["code"] == "INVALID_INPUT"


def test_a_recommendation_is_found_by_any_of_its_names(server, lived):
    query = """query($id: ID, $symbol: String, $paragraph: String) {
        recommendation(id: $id, symbol: $symbol, paragraph: $paragraph) { id uuid paragraph } }"""
    now = server.ask("reader", query, id=lived.upr)["recommendation"]
    assert now["id"] == lived.upr
    for said in (
        {"id": now["uuid"]},
        {"symbol": "A/HRC/59/15", "paragraph": "199.9"},
        {"symbol": "A/HRC/59/15", "paragraph": "199.1"},
        {"symbol": " a/hrc/59/15", "paragraph": "199.1."},
    ):
        assert server.ask("reader", query, **said)["recommendation"] == now
    for said in (
        {"symbol": "A/HRC/59/15", "paragraph": "199.90"},
        {"symbol": "A/HRC/59/1", "paragraph": "199.9"},
        {"id": str(UUID(int=0))},
    ):
        assert server.ask("reader", query, **said)["recommendation"] is None
    for said in (
        {},
        {"symbol": "A/HRC/59/15"},
        {"id": lived.upr, "symbol": "A/HRC/59/15", "paragraph": "199.9"},
        {"id": "nonsense"},
        {"id": "UmVjb21tZW5kYXRpb246"},
        {"id": "é" * 36},
    ):
        assert server.refused("reader", query, **said)["extensions"]["code"] == "INVALID_INPUT"


def test_one_paragraph_of_a_document_to_several_states_asks_for_the_addressee(server):
    for addressee in ("HRV", "BIH"):
        server.receive(symbol="A/RES/1", paragraph="1", addressee=addressee)
    query = """query($of: String) {
        recommendation(symbol: "A/RES/1", paragraph: "1", addressee: $of) { addressee } }"""
    assert server.refused("reader", query)["extensions"]["code"] == "AMBIGUOUS"
    for addressee in ("HRV", "BIH"):
        found = server.ask("reader", query, of=addressee)["recommendation"]
        assert found == {"addressee": addressee}


def test_a_number_that_has_passed_to_another_paragraph_finds_the_one_that_bears_it_now(server):
    query = """query($paragraph: String!) {
        recommendation(symbol: "A/HRC/59/15", paragraph: $paragraph) { id } }"""
    first, second = (server.receive(paragraph=number) for number in ("143.1", "143.2"))
    for id, number in ((first, "143.2"), (second, "143.3")):
        step = {"symbol": "A/HRC/59/15", "paragraph": number}
        server.step("clerk", "renumberRecommendation", id, **step)
    for number, id in (("143.1", first), ("143.2", first), ("143.3", second)):
        assert server.ask("reader", query, paragraph=number)["recommendation"] == {"id": id}


def test_node_finds_a_recommendation_by_its_opaque_id(server, lived):
    query = """query($id: ID!) {
        node(id: $id) { __typename id ... on Recommendation { version } } }"""
    node = server.ask("reader", query, id=lived.upr)["node"]
    assert node == {
        "__typename": "Recommendation",
        "id": lived.upr,
        "version": server.version(lived.upr),
    }
    assert server.ask("reader", query, id=str(UUID(int=7)))["node"] is None
    assert server.refused("reader", query, id="x")["extensions"]["code"] == "INVALID_INPUT"


def test_the_text_is_given_in_the_language_asked_for_or_in_the_original(server, lived):
    query = """query($id: ID!) { recommendation(id: $id) {
        fr: text(language: "fr") zh: text(language: "zh") text } }"""
    found = server.ask("reader", query, id=lived.upr)["recommendation"]
    assert found == {"fr": "Ratifier", "zh": "Ratify it", "text": "Ratify it"}


def dates(said: Any) -> Iterator[tuple[str, str, str]]:
    """The dates in an answer: of which type and field, and what they say."""
    for one in said if isinstance(said, list) else [said]:
        if not isinstance(one, dict):
            continue
        kind = SCHEMA.type_map.get(one.get("__typename", ""))
        for name, value in one.items():
            yield from dates(value)
            field = getattr(kind, "fields", {}).get(name.rpartition("_")[2])
            scalar = None if field is None else get_named_type(field.type).name
            if scalar in ("Date", "PartialDate") and value:
                for each in value if isinstance(value, list) else [value]:
                    yield scalar, f"{kind}.{name}", each


def test_a_date_is_told_from_a_date_that_is_known_in_part(server, lived):
    entry = everything(SCHEMA.type_map["HistoryEntry"], ("HistoryConnection",))
    answers = [
        server.ask("coordinator", ALL_OF_IT, id=id) for id in (lived.upr, lived.crc, lived.earlier)
    ]
    answers.append(server.ask("auditor", f"{{ events(first: 500) {{ nodes {entry} }} }}"))
    found = [one for answer in answers for one in dates(list(answer.values()))]
    assert {"Date", "PartialDate"} == {scalar for scalar, _, _ in found}
    for scalar, where, day in found:
        assert is_date(day), where
        assert scalar == "PartialDate" or len(day) == 10, where


def test_what_is_no_date_is_refused_where_it_is_used(server, lived):
    query = """query($on: Date) { recommendations(effectiveOn: $on) { totalCount } }"""
    for on in ("2025-13-01", "2025-04", "soon"):
        assert server.refused("reader", query, on=on)["extensions"]["code"] == "INVALID_INPUT"
    said = {"id": lived.upr, "expectedVersion": server.version(lived.upr), "commandId": "soon"}
    payload = server.take("coordinator", "remark", words="so", effectiveOn="soon", **said)
    assert [error["code"] for error in payload["errors"]] == ["INVALID_INPUT"]


def test_no_string_is_a_date():
    """If you are here because of a new field: `api/dates.py` says which are dates."""
    strings = [
        f"{kind.name}.{name}: {field.description}"
        for kind in SCHEMA.type_map.values()
        for name, field in getattr(kind, "fields", {}).items()
        if get_named_type(field.type).name == "String"
        and re.search(
            r"(?i)ISO 8601|\b(first|last|new) day\b|\bday, month or year", field.description or ""
        )
    ]
    assert strings == []


def test_a_question_that_is_refused_leaves_the_others(server, lived):
    query = "{ tasks { nodes { due } } recommendations(first: 1) { nodes { __typename } } }"
    answer = server.post("reader", query).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert answer["data"]["tasks"] is None
    assert answer["data"]["recommendations"]["nodes"] == [{"__typename": "Recommendation"}]


def test_lineage_is_seen_from_both_ends(server, lived):
    query = """query($id: ID!) { recommendation(id: $id) { lineage {
        number type direction how confidence assertedByCode recommendation { id cycle } } } }"""
    (back,) = server.ask("reader", query, id=lived.upr)["recommendation"]["lineage"]
    (forth,) = server.ask("reader", query, id=lived.earlier)["recommendation"]["lineage"]
    same = {
        "number": next(
            p["entries"][0]["version"] for m, _, _, p in lived.steps[::-1] if "link" in m
        ),
        "type": "SUCCEEDS",
        "how": "PERSON",
        "confidence": 80,
        "assertedByCode": "archive",
    }
    assert back == {
        **same,
        "direction": "EARLIER",
        "recommendation": {"id": lived.earlier, "cycle": 3},
    }
    assert forth == {**same, "direction": "LATER", "recommendation": {"id": lived.upr, "cycle": 4}}


# --- Lists ---------------------------------------------------------------------------------------

LIST = """query($where: RecommendationWhere, $order: RecommendationOrder, $first: Int,
    $after: String, $last: Int, $before: String) {
  recommendations(where: $where, orderBy: $order, first: $first, after: $after, last: $last,
      before: $before) {
    totalCount
    nodes { paragraph }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


@pytest.fixture(scope="module")
def listed(server: Server) -> dict[str, str]:
    """Recommendations of their own addressee, by paragraph: numbers people sort otherwise than
    programs do, positions, themes, assignments, a closed one and a duplicate."""
    ids = {
        paragraph: server.receive(
            addressee="XAA",
            symbol="A/HRC/99/1",
            paragraph=paragraph,
            effectiveOn=f"20{20 - n}",
            parts=[{"text": "Act", "recommendingStates": [["France"], ["Chad"]][n % 2]}],
        )
        for n, paragraph in enumerate(("16.10", "16.9", "16.b", "16.1", "2.1", "16.2"))
    }
    accept = {**ADDENDUM, "instrument": "A/HRC/99/1/Add.1"}
    server.step("coordinator", "acceptRecommendation", ids["16.9"], **accept)
    server.step("coordinator", "noteRecommendation", ids["2.1"], **accept)
    server.step("coordinator", "classifyRecommendation", ids["16.1"], terms=[THEME, GOAL])
    group = {"vocabulary": "affected-persons", "version": "2019", "label": "Women & girls"}
    goal = {**GOAL, "code": "1", "label": "No poverty"}
    server.step("coordinator", "classifyRecommendation", ids["16.2"], terms=[group, goal])
    server.step("coordinator", "assignRecommendation", ids["16.2"], institution="labour")
    close = {"closing": "WITHDRAWN", "reason": "so decided"}
    server.step("coordinator", "closeRecommendation", ids["16.b"], **close)
    server.step("coordinator", "declareDuplicate", ids["16.10"], of=ids["16.1"])
    return ids


def paragraphs(server: Server, where: dict[str, Any] | None = None, **more: Any) -> list[str]:
    """The paragraphs of the addressee that a list gives, checked against its own count."""
    asked = {"addressee": ["XAA"], **(where or {})}
    found = server.ask("reader", LIST, where=asked, **more)["recommendations"]
    given = [node["paragraph"] for node in found["nodes"]]
    assert found["totalCount"] == len(given) or more
    assert len(found["edges"]) == len(given)
    return given


BY_NUMBER = ["2.1", "16.1", "16.2", "16.9", "16.10", "16.b"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, BY_NUMBER),
        ({"field": "DOCUMENT", "direction": "DESC"}, BY_NUMBER[::-1]),
        ({"field": "RECEIVED"}, ["16.2", "2.1", "16.1", "16.b", "16.9", "16.10"]),
        ({"field": "CHANGED"}, ["16.9", "2.1", "16.1", "16.2", "16.b", "16.10"]),
        (
            {"field": "CHANGED", "direction": "DESC"},
            ["16.10", "16.b", "16.2", "16.1", "2.1", "16.9"],
        ),
    ],
)
def test_a_list_is_sorted_as_people_sort(server, listed, order, expected):
    assert paragraphs(server, order=order) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"position": ["SUPPORTED"]}, ["16.9"]),
        ({"position": ["SUPPORTED", "NOTED"]}, ["2.1", "16.9"]),
        ({"position": ["PENDING"], "open": True}, ["16.1", "16.2", "16.10"]),
        ({"stage": ["ACCEPTED", "ASSIGNED"]}, ["16.2", "16.9"]),
        ({"institution": ["labour"]}, ["16.2"]),
        ({"recommendingState": ["TCD"]}, ["16.1", "16.2", "16.9"]),
        ({"theme": ["A12"]}, ["16.1"]),
        ({"theme": ["treaties"]}, ["16.1"]),
        ({"sdg": ["16"]}, ["16.1"]),
        ({"sdg": ["16.2"]}, ["16.1"]),
        ({"sdg": ["1"]}, ["16.2"]),
        ({"affectedPersons": ["women & girls"]}, ["16.2"]),
        ({"open": False}, ["16.b"]),
        ({"duplicate": True}, ["16.10"]),
        ({"duplicate": False, "open": True}, ["2.1", "16.1", "16.2", "16.9"]),
        ({"symbol": ["a/hrc/99/1"]}, BY_NUMBER),
        ({"symbol": ["A/HRC/99/10"]}, []),
        (
            {"cycle": [4], "mechanism": ["UPR"], "kind": ["RECOMMENDATION"], "body": ["UPR"]},
            BY_NUMBER,
        ),
        ({"cycle": [3]}, []),
        ({"mechanism": []}, []),
    ],
)
def test_a_list_holds_what_fits(server, listed, where, expected):
    assert paragraphs(server, where) == expected


@pytest.mark.parametrize("field", ["DOCUMENT", "RECEIVED", "CHANGED"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_paging_forward_and_backward_meets_each_once(server, listed, field, direction):
    order = {"field": field, "direction": direction}
    where = {"addressee": ["XAA"]}
    whole = paragraphs(server, order=order)
    forward: list[str] = []
    after = None
    while True:
        page = server.ask("reader", LIST, where=where, order=order, first=4, after=after)
        page = page["recommendations"]
        assert page["totalCount"] == len(whole)
        forward += [node["paragraph"] for node in page["nodes"]]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert forward == whole
    backward: list[str] = []
    before = None
    while True:
        page = server.ask("reader", LIST, where=where, order=order, last=4, before=before)
        page = page["recommendations"]
        backward = [node["paragraph"] for node in page["nodes"]] + backward
        assert page["pageInfo"]["hasNextPage"] == (before is not None)
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert backward == whole


def test_a_page_may_be_empty_and_still_counts(server, listed):
    page = server.ask("reader", LIST, where={"addressee": ["XAA"]}, first=0)["recommendations"]
    assert page["totalCount"] == 6
    assert page["edges"] == []
    assert page["pageInfo"]["hasNextPage"] is True
    assert page["pageInfo"]["startCursor"] is None


@pytest.mark.parametrize(
    "said",
    [
        {"first": 201},
        {"first": -1},
        {"first": 1, "last": 1},
        {"last": 1, "after": "x"},
        {"after": "x"},
        {"after": "WyJkb2N1bWVudCJd"},
        {"after": "é"},
        {"where": {"theme": ["x"] * 201}},
    ],
)
def test_a_page_that_makes_no_sense_is_refused(server, said):
    error = server.refused("reader", LIST, **said)
    assert error["extensions"]["code"] in ("INVALID_INPUT", "LIMIT_EXCEEDED")
    assert error["path"] == ["recommendations"]


def test_a_cursor_of_a_list_in_another_order_is_refused(server, listed):
    where = {"addressee": ["XAA"]}
    page = server.ask("reader", LIST, where=where, first=1)["recommendations"]
    cursor = page["pageInfo"]["endCursor"]
    error = server.refused("reader", LIST, where=where, after=cursor, order={"field": "CHANGED"})
    assert error["extensions"]["code"] == "INVALID_INPUT"


# --- The feed ------------------------------------------------------------------------------------

FEED = """query($after: Int, $first: Int!) { events(after: $after, first: $first) {
    nodes { event { __typename } logIndex version recordedAt recommendationId addressee }
    edges { cursor }
    endIndex pageInfo { hasNextPage } } }"""


def test_the_feed_gives_every_entry_once_in_the_order_of_the_log(server, lived):
    indexes: list[int] = []
    after = None
    while True:
        page = server.ask("coordinator", FEED, after=after, first=7)["events"]
        indexes += [node["logIndex"] for node in page["nodes"]]
        cursors = [int(edge["cursor"]) for edge in page["edges"]]
        assert cursors == [entry["logIndex"] for entry in page["nodes"]]
        after = page["endIndex"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert indexes == list(range(len(indexes)))
    assert after == server.ask("coordinator", "{ logIndex }")["logIndex"] == server.size() - 1
    end = server.ask("coordinator", FEED, after=after, first=7)["events"]
    assert end == {
        "nodes": [],
        "edges": [],
        "endIndex": after,
        "pageInfo": {"hasNextPage": False},
    }


def test_the_feed_goes_on_with_what_comes_after(server):
    last = server.ask("coordinator", "{ logIndex }")["logIndex"]
    payload = server.received()
    page = server.ask("coordinator", FEED, after=last, first=500)["events"]
    assert [node["logIndex"] for node in page["nodes"]] == [payload["logIndex"]]
    assert page["nodes"][0]["recommendationId"] == payload["recommendation"]["id"]


def test_a_reader_who_sees_nothing_new_is_told_where_to_go_on(server):
    id = server.receive()
    last = server.ask("reader", "{ logIndex }")["logIndex"]
    server.step("coordinator", "noteRecommendation", id, **ADDENDUM, visibility="INTERNAL")
    page = server.ask("reader", FEED, after=last, first=1)["events"]
    assert (page["nodes"], page["endIndex"]) == ([], last + 1)


@pytest.mark.parametrize("said", [{"first": 0}, {"first": 501}, {"first": 1, "after": -2}])
def test_a_page_of_the_feed_that_makes_no_sense_is_refused(server, said):
    assert server.refused("reader", FEED, **said)["extensions"]["code"] == "INVALID_INPUT"


# --- Writing at once -----------------------------------------------------------------------------


def test_of_two_writers_who_saw_the_same_version_exactly_one_wins(server):
    for _ in range(10):
        id = server.receive()
        before = server.size()
        barrier = threading.Barrier(2)

        def write(value: str, id: str = id, barrier: threading.Barrier = barrier) -> Any:
            barrier.wait()
            return server.take(
                "coordinator",
                "identifyRecommendation",
                id=id,
                expectedVersion=1,
                scheme="national",
                value=value,
            )

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(write, "ab"))
        assert sorted(codes(answer) for answer in answers) == [[], ["STALE_VERSION"]]
        (lost,) = [answer for answer in answers if answer["errors"]]
        assert lost["errors"][0]["currentVersion"] == 2
        assert server.size() == before + 1


def test_the_same_command_sent_by_many_at_once_is_recorded_once(server):
    id = server.receive()
    said = {"commandId": uuid4().hex, "id": id, "expectedVersion": 1, **ADDENDUM}
    before = server.size()
    barrier = threading.Barrier(8)

    def write(_: int) -> Any:
        barrier.wait()
        return server.take("coordinator", "acceptRecommendation", **said)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(8)))
    assert {tuple(codes(answer)) for answer in answers} == {()}
    assert {answer["logIndex"] for answer in answers} == {before}
    assert server.size() == before + 1


@pytest.mark.slow
def test_many_writers_each_read_what_they_wrote(server):
    def write(_: int) -> bool:
        payload = server.received()
        id = payload["recommendation"]["id"]
        step = server.step("coordinator", "noteRecommendation", id, **ADDENDUM)
        return bool(step["recommendation"]["position"] == "NOTED") and server.version(id) == 2

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(write, range(48)))


# --- Refusals ------------------------------------------------------------------------------------

REASON = {"reason": "because"}

REFUSED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("INVALID_INPUT", "noteRecommendation", "coordinator", {**ADDENDUM, "effectiveOn": "8 April"}),
    (
        "INVALID_INPUT",
        "noteRecommendation",
        "coordinator",
        {**ADDENDUM, "effectiveOn": "2025-02-29"},
    ),
    (
        "INVALID_INPUT",
        "noteRecommendation",
        "coordinator",
        {**ADDENDUM, "effectiveBasis": "STATED"},
    ),
    ("INVALID_INPUT", "noteRecommendation", "coordinator", {**ADDENDUM, "commandId": " "}),
    ("INVALID_INPUT", "noteRecommendation", "coordinator", {**ADDENDUM, "commandId": "x" * 129}),
    ("INVALID_INPUT", "noteRecommendation", "coordinator", {**ADDENDUM, "id": "nonsense"}),
    ("INVALID_INPUT", "noteRecommendation", "coordinator", {**ADDENDUM, "actor": "p-other"}),
    ("INVALID_INPUT", "noteRecommendation", "coordinator", {**ADDENDUM, "printed": "a\x00b"}),
    ("INVALID_INPUT", "closeRecommendation", "coordinator", {"closing": "WITHDRAWN"}),
    (
        "INVALID_INPUT",
        "closeRecommendation",
        "coordinator",
        {"closing": "WITHDRAWN", "reason": " "},
    ),
    ("INVALID_INPUT", "commentOnRecommendation", "coordinator", {"comment": "  "}),
    (
        "UNKNOWN_ALIAS",
        "withdrawAlias",
        "clerk",
        {"scheme": "uhri", "value": "u-9", "reason": "not it"},
    ),
    ("INVALID_INPUT", "addText", "clerk", {"language": "fr", "texts": ["un", "deux"]}),
    ("INVALID_INPUT", "continueRecommendation", "coordinator", {"cycle": 4}),
    ("INVALID_INPUT", "identifyRecommendation", "clerk", {"scheme": "un", "value": "x"}),
    ("INVALID_INPUT", "noteRecommendation", "coordinator", {**ADDENDUM, "comment": "x" * 20_001}),
    ("LIMIT_EXCEEDED", "noteRecommendation", "coordinator", {**ADDENDUM, "onBehalfOf": "x" * 201}),
    (
        "LIMIT_EXCEEDED",
        "correctRecommendation",
        "clerk",
        {"correction": "CLERICAL", "language": "en", "parts": [{"text": "x"}] * 51, **REASON},
    ),
    ("NOT_FOUND", "noteRecommendation", "coordinator", {**ADDENDUM, "id": str(UUID(int=3))}),
    ("NOT_FOUND", "linkRecommendation", "clerk", {"type": "REPEATS", "to": str(UUID(int=3))}),
    ("FORBIDDEN", "noteRecommendation", "auditor", ADDENDUM),
    ("FORBIDDEN", "planImplementation", "labour", {"measures": "a law"}),
    ("STALE_VERSION", "noteRecommendation", "coordinator", {**ADDENDUM, "expectedVersion": 7}),
    ("STEP_NOT_OPEN", "reopenRecommendation", "coordinator", REASON),
    ("STEP_NOT_OPEN", "planImplementation", "coordinator", {"measures": "a law"}),
    ("UNKNOWN_PART", "noteRecommendation", "coordinator", {**ADDENDUM, "part": "2"}),
    ("UNKNOWN_ASSIGNMENT", "lapseAssignment", "coordinator", {"assignment": 9}),
    ("UNKNOWN_REPORT", "clearProgress", "coordinator", {"report": 9}),
    (
        "UNKNOWN_ENTRY",
        "strikeEntry",
        "coordinator",
        {"version": 1, "correction": "ENTERED_IN_ERROR", **REASON},
    ),
    ("UNKNOWN_LINK", "withdrawLink", "clerk", {"link": 9, **REASON}),
    ("UNKNOWN_TERM", "declassifyRecommendation", "clerk", {"terms": [THEME]}),
    (
        "UNKNOWN_GRADE",
        "assessRecommendation",
        "clerk",
        {
            "assessorKind": "STATE",
            "assessor": "archive",
            "scheme": "hrc-follow-up",
            "schemeVersion": "2017",
            "grade": "B1",
        },
    ),
    ("ALREADY_SO", "undoDuplicate", "clerk", REASON),
    ("LINK_TO_ITSELF", "declareDuplicate", "clerk", {"of": "itself"}),
    ("LINK_TO_ITSELF", "linkRecommendation", "clerk", {"type": "REPEATS", "to": "itself"}),
]
REFUSED_ELSEWHERE = {
    "REFUSED": "the root of all refusals, never used itself",
    "DOES_NOT_HOLD": "a branch of refusals, never used itself",
    "AMBIGUOUS": "refused by a query, above",
    "TIMED_OUT": "tests/test_load.py",
    "COMMAND_REUSED": "above, for every mutation",
    "NO_POSITION_HERE": "below, of a treaty body",
    "HAS_ENDED": "tests/test_register_api.py, of an institution",
    "UNKNOWN_INSTITUTION": "tests/test_references.py",
    "UNSOUND_DEFINITION": "tests/test_own_procedures.py",
    "FOUR_EYES": "tests/test_casework.py",
    "UNKNOWN_TASK": "tests/test_casework.py",
    "UNKNOWN_PERSON": "tests/test_speaking.py",
    "TASK_CLAIMED_BY_OTHER": "tests/test_casework.py",
    "UNKNOWN_DEADLINE": "tests/test_timers.py",
    "NEEDS_DECISION": "tests/test_migration.py",
    "UNKNOWN_CURSOR": "below, of the feed",
    "BUSY": "tests/test_http.py: too many look back",
    "UNAVAILABLE": "the store is gone: tests.chaos",
}


@pytest.mark.parametrize(("code", "mutation", "who", "said"), REFUSED)
def test_a_refusal_is_data_with_a_stable_code_and_leaves_no_entry(
    server, code, mutation, who, said
):
    id = server.receive()
    before = server.size()
    said = {key: id if value == "itself" else value for key, value in said.items()}
    payload = server.take(who, mutation, **{"id": id, "expectedVersion": 1, **said})
    assert codes(payload) == [code]
    assert payload["errors"][0]["message"].endswith((".", "…"))
    assert payload["errors"][0]["currentVersion"] == (1 if code == "STALE_VERSION" else None)
    assert (payload["recommendation"], payload["entries"], payload["logIndex"]) == (None, [], None)
    assert server.size() == before


def test_a_treaty_body_knows_no_position(server, lived):
    before = server.size()
    said = {"id": lived.crc, "expectedVersion": server.version(lived.crc)}
    for mutation, more in (
        ("noteRecommendation", ADDENDUM),
        ("acceptRecommendation", ADDENDUM),
        ("deferPosition", {"due": "2026"}),
    ):
        assert codes(server.take("clerk", mutation, **said, **more)) == ["NO_POSITION_HERE"]
    assert server.size() == before


def test_every_code_is_refused_somewhere():
    """If you are here because you added a refusal: show in REFUSED how a caller meets it."""
    assert {code for code, *_ in REFUSED} | set(REFUSED_ELSEWHERE) == {
        refusal.code for refusal in all_refusals()
    }


def test_the_documentation_lists_every_code_as_the_refusals_do():
    docs = (ROOT / "docs" / "integrating.md").read_text()
    assert table() in docs, (
        "put the table that `python -c 'from domain.refusals import table; print(table())'` prints "
        "into docs/integrating.md"
    )


def test_a_log_that_has_another_entry_at_the_cursor_refuses_its_mark(server, tmp_path):
    query = (
        "query($i: Int, $m: String) { events(after: $i, mark: $m, first: 3) { endIndex endMark } }"
    )
    first = server.ask("reader", query)["events"]
    then = server.ask("reader", query, i=first["endIndex"], m=first["endMark"])["events"]
    assert then["endIndex"] == first["endIndex"] + 3
    again = server.ask("coordinator", query, i=then["endIndex"] - 3, m=first["endMark"])["events"]
    assert again == then, "whoever asks"
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as other:
        for _ in range(4):
            other.receive()
        there = {"i": first["endIndex"], "m": first["endMark"]}
        assert first["endIndex"] < other.size()
        assert other.refused("reader", query, **there)["extensions"]["code"] == "UNKNOWN_CURSOR"
    error = server.refused("reader", query, i=then["endIndex"], m=first["endMark"])
    assert error["extensions"]["code"] == "UNKNOWN_CURSOR", "a mark is of one entry"
    assert server.ask("reader", "{ events(after: -1) { endMark } }")["events"]["endMark"]
    last = server.ask("reader", "{ logIndex }")["logIndex"]
    end = server.ask("reader", query, i=last)["events"]
    assert (end["endIndex"], end["endMark"] is None) == (last, False), "also where nothing follows"


def test_a_cursor_beyond_the_log_is_refused(server):
    last = server.ask("reader", "{ logIndex }")["logIndex"]
    query = "query($after: Int) { events(after: $after) { endIndex } }"
    assert server.ask("reader", query, after=last) == {"events": {"endIndex": last}}
    error = server.refused("reader", query, after=last + 1)
    assert error["extensions"] == {"code": "UNKNOWN_CURSOR", "last": last}
    assert str(last) in error["message"]


@pytest.mark.parametrize(
    ("mutation", "said", "field"),
    [
        ("noteRecommendation", {**ADDENDUM, "effectiveOn": "8 April"}, "effectiveOn"),
        ("noteRecommendation", {**ADDENDUM, "published": "2025-02-29"}, "published"),
        ("deferPosition", {"due": "soon"}, "due"),
    ],
)
def test_a_date_that_is_none_says_which_field(server, mutation, said, field):
    id = server.receive()
    error = server.take("clerk", mutation, id=id, expectedVersion=1, **said)["errors"][0]
    assert f"`{field}`" in error["message"]


def test_a_paragraph_is_received_once(server):
    server.receive(paragraph="141.1")
    before = server.size()
    for again in ("141.1", " 141.1", "141.1."):
        said = {**BORN, "paragraph": again, "symbol": "A/HRC/59/15", "addressee": "SVN"}
        assert codes(server.take("clerk", "receiveRecommendation", **said)) == ["ALREADY_SO"]
    assert server.size() == before


def test_a_paragraph_is_not_received_again_under_a_number_it_went_by(server):
    id = server.receive(paragraph="142.1")
    server.step("clerk", "renumberRecommendation", id, symbol="A/HRC/59/15", paragraph="142.2")
    for number in ("142.1", "142.2"):
        said = {**BORN, "paragraph": number}
        assert codes(server.take("clerk", "receiveRecommendation", **said)) == ["ALREADY_SO"]


def test_what_has_no_number_can_be_received_more_than_once(server):
    said = {**BORN, "symbol": None, "paragraph": None}
    first, second = (server.received(**said)["recommendation"]["id"] for _ in range(2))
    assert first != second


# --- A view that is behind -----------------------------------------------------------------------


def test_a_step_succeeds_without_the_object_when_the_views_are_behind(database_url):
    with running(database_url, wait_seconds_max=0.2) as server:
        id = server.receive()
        generation = server.service.views.current()
        with generation.engine.execution_options(writes=True).connect() as holding:
            # Somebody holds the views' head, as a rebuild or a backup may: nothing is applied.
            holding.begin()
            holding.exec_driver_sql("UPDATE search_head SET next = next")
            behind = server.take(
                "coordinator", "noteRecommendation", id=id, expectedVersion=1, **ADDENDUM
            )
            assert behind["errors"] == []
            assert behind["recommendation"] is None
            assert behind["logIndex"] == server.size() - 1
            (entry,) = behind["entries"]
            assert entry["event"]["__typename"] == "PositionTaken"
            assert server.version(id) == 1
            holding.rollback()
        until(lambda: server.version(id) == 2)


# --- What a page costs ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_page_of_fifty_histories_takes_no_more_reads_than_one_of_two(tmp_path):
    query = """query($first: Int!) { recommendations(first: $first) {
        totalCount
        nodes {
          symbol paragraph text position
          assignments { institutionCode } assessments { grade finding { text } }
          reports { kind narrative { text } } positions { answer comment { text } }
          history { nodes { event { __typename } reason } }
          lineage { type recommendation { paragraph } }
        } } }"""
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        ids = [server.receive() for _ in range(50)]
        for id in ids:
            server.step("clerk", "noteRecommendation", id, **ADDENDUM, reason="why", comment="so")
        for later, earlier in zip(ids[1:], ids, strict=False):
            server.step("clerk", "linkRecommendation", later, type="SUCCEEDS", to=earlier)

        reads: list[str] = []

        def note(statement: str) -> None:
            if threading.current_thread().name.startswith("suivi-query"):
                reads.append(statement)

        def listen(*said: Any) -> None:
            note(said[2])

        event.listen(Engine, "before_cursor_execute", listen)
        for connection in server.service.log.recorder._idle:  # type: ignore[attr-defined]
            connection.set_trace_callback(note)
        try:
            counts = []
            for first in (2, 50):
                reads.clear()
                page = server.ask("auditor", query, first=first)["recommendations"]
                assert len(page["nodes"]) == first
                assert page["nodes"][0]["history"]["nodes"][1]["reason"] == "why"
                counts.append(len(reads))
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
            for connection in server.service.log.recorder._idle:  # type: ignore[attr-defined]
                connection.set_trace_callback(None)
    assert counts[0] == counts[1] < 12, reads


NOWHERE = (
    "query($s: String!) { recommendations(search: $s) { totalCount } }",
    "query($s: String!) { recommendation(symbol: $s, paragraph: $s) { id } }",
    "query($s: String!) { recommendations(where: {symbol: [$s]}) { totalCount } }",
    "query($s: String!) { vocabulary(name: $s) { name } }",
    *(
        f"query($s: String!) {{ {name}(after: $s) {{ totalCount }} }}"
        for name in ("recommendations", "reviews", "progressReports", "tasks", "timers", "measures")
    ),
)
"""Questions about a text that none has."""


@pytest.mark.parametrize("text", ["\0", "women\0rights"])
def test_a_text_that_no_record_can_hold_is_the_askers_fault_and_not_the_stores(
    database_url: str, text: str
) -> None:
    with running(database_url) as server:
        server.receive()
        codes = set()
        for query in NOWHERE:
            answer = server.post("coordinator", query, s=text).json()
            codes |= {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= {"INVALID_INPUT", "UNKNOWN_CURSOR", "NOT_FOUND"}
        (error,) = server.take(
            "coordinator",
            "receiveRecommendation",
            **{**A_RECOMMENDATION, "symbol": f"A/{text}", "paragraph": "1"},
        )["errors"]
        assert error["code"] == "INVALID_INPUT"
        plot = server.client.get(
            "/plots/progress.svg",
            params={"state": text},
            headers={"Authorization": f"Bearer {server.keys['coordinator']}"},
        )
        assert plot.status_code < 500
        until(lambda: server.client.get("/health/ready").status_code == 200)
