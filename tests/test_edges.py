"""What a code or an id names is a step away: from a recommendation to institutions, reviews and
other recommendations, and back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from projections.ration import CountedLog
from tests.server import Server, running
from tests.test_graphql import ADDENDUM
from tests.test_register_api import done, institution, on, report, upload


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('edges') / 'suivi.db'}") as server:
        institution(server, "government")
        institution(server, "justice", parent="government")
        institution(server, "labour", parent="government")
        yield server


@pytest.fixture(scope="module")
def assigned(server: Server) -> str:
    id = server.receive()
    server.step("coordinator", "acceptRecommendation", id, **ADDENDUM)
    server.step("coordinator", "assignRecommendation", id, institution="justice")
    return id


@contextmanager
def reads() -> Iterator[list[str]]:
    """The statements that queries send to the stores meanwhile."""
    sent: list[str] = []

    def listen(*said: Any) -> None:
        if threading.current_thread().name.startswith(("suivi-query", "suivi-large")):
            sent.append(said[2])

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def test_an_assignment_leads_to_its_institution_and_that_to_the_one_above(
    server: Server, assigned: str
) -> None:
    query = """query($id: ID!) { recommendation(id: $id) { assignments {
        institutionCode institution { code parentCode parent { code parent { code } } }
        assignedByCode assignedBy { code } } } }"""
    (held,) = server.ask("reader", query, id=assigned)["recommendation"]["assignments"]
    assert held["institution"]["code"] == held["institutionCode"] == "justice"
    assert held["institution"]["parent"] == {"code": "government", "parent": None}
    assert (held["assignedByCode"], held["assignedBy"]) == ("mfa", None), "nobody registered it"


def test_an_institution_that_is_not_for_the_reader_is_null(server: Server) -> None:
    institution(server, "service", visibility="INTERNAL")
    id = server.receive()
    server.step("coordinator", "acceptRecommendation", id, **ADDENDUM)
    server.step("coordinator", "assignRecommendation", id, institution="service")
    query = """query($id: ID!) { recommendation(id: $id) { assignments {
        institution { code } } } }"""
    for who, seen in (("auditor", {"code": "service"}), ("reader", None)):
        (held,) = server.ask(who, query, id=id)["recommendation"]["assignments"]
        assert held == {"institution": seen}


def test_an_institution_leads_to_what_it_has(server: Server, assigned: str) -> None:
    elsewhere = server.receive(cycle=3)
    server.step("coordinator", "acceptRecommendation", elsewhere, **ADDENDUM)
    server.step("coordinator", "offerAssignment", elsewhere, institution="justice")
    query = """query($where: RecommendationWhere) { institutions(code: ["justice"]) { nodes {
        recommendations(where: $where, first: 1) {
            totalCount nodes { id } pageInfo { hasNextPage } }
        tasks { nodes { institutionCode case { id } } } } } }"""

    def asked(who: str, **where: Any) -> Any:
        (node,) = server.ask(who, query, where=where)["institutions"]["nodes"]
        return node

    held = asked("coordinator")
    assert held["recommendations"]["totalCount"] == 2
    assert held["recommendations"]["pageInfo"]["hasNextPage"]
    assert {task["institutionCode"] for task in held["tasks"]["nodes"]} == {"justice"}
    assert asked("coordinator", cycle=[3])["recommendations"]["nodes"] == [{"id": elsewhere}]
    assert asked("coordinator", institution=["labour"])["recommendations"]["totalCount"] == 0
    assert asked("justice")["tasks"] == held["tasks"]
    assert asked("labour")["tasks"] is None, "they are another's"
    assert asked("reader")["tasks"] is None


def test_an_institution_that_ended_leads_to_those_it_goes_on_in(server: Server) -> None:
    held = institution(server, "health")
    done(server, "mergeInstitution", **on(held, into="labour"))
    query = """{ institutions(code: ["health"]) { nodes { successorCodes successors { code
        parent { code } } } } }"""
    (node,) = server.ask("reader", query)["institutions"]["nodes"]
    assert node["successorCodes"] == ["labour"]
    assert node["successors"] == [{"code": "labour", "parent": {"code": "government"}}]


def test_a_recommendation_and_its_review_lead_to_each_other(server: Server) -> None:
    said = {"addressee": "SVN", "mechanism": "UPR", "body": "UPR", "cycle": 2}
    review = done(server, "openReview", **said)
    id = server.receive(cycle=2)
    query = """query($id: ID!) { recommendation(id: $id) { review { id cycle
        recommendations { totalCount nodes { id review { id } } } } importRun { id } } }"""
    found = server.ask("reader", query, id=id)["recommendation"]
    assert found["importRun"] is None
    assert found["review"]["id"] == review["id"]
    assert found["review"]["recommendations"] == {
        "totalCount": 1,
        "nodes": [{"id": id, "review": {"id": review["id"]}}],
    }
    assert server.ask("reader", query, id=server.receive(cycle=1))["recommendation"] == {
        "review": None,
        "importRun": None,
    }


def test_a_duplicate_leads_to_its_original(server: Server) -> None:
    original, id = server.receive(), server.receive()
    server.step("coordinator", "declareDuplicate", id, of=original)
    query = "query($id: ID!) { recommendation(id: $id) { duplicateOf { id duplicateOf { id } } } }"
    found = server.ask("reader", query, id=id)["recommendation"]
    assert found["duplicateOf"] == {"id": original, "duplicateOf": None}


def test_evidence_leads_to_what_it_supports(server: Server) -> None:
    one, other = server.receive(), server.receive()
    held = report(server, "coordinator", one, other)
    for about in (None, one):
        file = upload(server, f"%PDF of {about}".encode())["id"]
        held = done(server, "attachEvidence", **on(held, file=file, about=about))
    query = """query($id: ID!) { node(id: $id) { ... on ProgressReport {
        institutionCode institution { code } evidence { whole about { id } } } } }"""
    found = server.ask("coordinator", query, id=held["id"])["node"]
    assert found["evidence"] == [
        {"whole": True, "about": None},
        {"whole": False, "about": {"id": one}},
    ]
    assert (found["institutionCode"], found["institution"]) == ("mfa", None)


EDGES = """query($first: Int!) { recommendations(first: $first) { nodes { id
    assignments { institution { code parent { code parent { code } } successors { code } }
        assignedBy { code } }
    lineage { assertedBy { code } recommendation { id assignments { institution { code } } } }
    review { cycle } importRun { status }
    duplicateOf { id assignments { institution { code } } } } } }"""


def test_the_edges_of_a_page_are_read_at_once_however_many_rows_it_has(tmp_path: Any) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        for number in range(4):
            institution(server, f"parent-{number}")
            institution(server, f"child-{number}", parent=f"parent-{number}")
        original = server.receive()
        for number in range(8):
            id = server.receive()
            server.step("coordinator", "noteRecommendation", id, **ADDENDUM)
            code = f"child-{number % 4}"
            server.step("coordinator", "assignRecommendation", id, institution=code)
            server.step("clerk", "linkRecommendation", id, type="SUCCEEDS", to=original)
            server.step("clerk", "declareDuplicate", id, of=original)
        counts = []
        for first in (3, 9):
            with reads() as sent:
                page = server.ask("auditor", EDGES, first=first)["recommendations"]["nodes"]
            assert len(page) == first
            assert page[-1]["assignments"][0]["institution"]["parent"]["code"]
            counts.append(len(sent))
        assert 0 < counts[0] == counts[1] < 12
        counts = []
        query = """query($codes: [String!]) { institutions(code: $codes) { nodes { code
            parent { code parent { code } } successors { code } } } }"""
        for codes in (["child-1"], [f"child-{number}" for number in range(4)]):
            with reads() as sent:
                server.ask("auditor", query, codes=codes)
            counts.append(len(sent))
        assert 0 < counts[0] == counts[1]


def test_a_page_of_measures_reads_what_they_lead_to_once(server: Server) -> None:
    r = server.receive()
    proposal = {
        "addressee": "SVN",
        "kind": "SERVICE",
        "texts": [{"language": "en", "title": "Open shelters"}],
        "visibility": "PUBLIC",
    }
    propose = """mutation($input: ProposeMeasureInput!) { proposeMeasure(input: $input) {
        case { id } errors { message } } }"""
    link = """mutation($input: LinkMeasureInput!) { linkMeasure(input: $input) {
        errors { message } } }"""
    query = """query($first: Int!) { measures(first: $first) { nodes {
        links { rationale { text } recommendation { id } } definition { name }
        history { nodes { topic } } lead { code } } } }"""
    for n in range(8):
        said = {**proposal, "commandId": f"propose-{n}", "code": str(n)}
        made = server.ask("coordinator", propose, input=said)["proposeMeasure"]
        assert made["errors"] == []
        on_it = {"id": made["case"]["id"], "expectedVersion": 1, "commandId": f"link-{n}"}
        linked = server.ask("coordinator", link, input={**on_it, "to": r, "rationale": f"Why {n}."})
        assert linked["linkMeasure"]["errors"] == []
    sent: dict[int, int] = {}
    for first in (1, 8):
        with reads() as some:
            found = server.ask("coordinator", query, first=first)["measures"]["nodes"]
        sent[first] = len(some)
        assert [node["links"] for node in found] == [
            [{"rationale": {"text": f"Why {n}."}, "recommendation": {"id": r}}]
            for n in range(first)
        ]
        assert all(len(node["history"]["nodes"]) == 2 for node in found)
    assert 0 < sent[8] == sent[1] < 12, "what one needs is read for all"


def test_histories_are_read_where_they_are_asked_for_and_once_a_page(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    history = CountedLog.history

    def listening(self: Any, streams: Any, *more: Any) -> Any:
        told.append(len(streams))
        return history(self, streams, *more)

    monkeypatch.setattr(CountedLog, "history", listening)
    shown = "{ measures { nodes { links { number recommendation { id } } } } }"
    server.ask("coordinator", shown)
    assert told == []
    asked = "{ measures { nodes { links { rationale { text } } history { nodes { version } } } } }"
    server.ask("coordinator", asked)
    assert told == [8]
    del told[:]
    server.ask("coordinator", "{ institutions { nodes { history { nodes { version } } } } }")
    assert len(told) == 1


def test_what_entries_led_to_is_read_once_a_page_and_only_for_those_from_whom_some_is_hidden(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        id = server.receive()
        server.step("coordinator", "acceptRecommendation", id, **ADDENDUM)
        server.step("coordinator", "assignRecommendation", id, institution="justice")
    told: list[int] = []
    history = CountedLog.history

    def listening(self: Any, streams: Any, *more: Any) -> Any:
        told.append(len(streams))
        return history(self, streams, *more)

    monkeypatch.setattr(CountedLog, "history", listening)
    page = "{ recommendations { nodes { history { nodes { effects { __typename } } } } } }"
    feed = "{ events(first: 500) { nodes { effects { __typename } } } }"
    for query, read in (
        (page, {"coordinator": 1, "reader": 2}),
        (feed, {"coordinator": 0, "reader": 1}),
    ):
        shown = {}
        for who, times in read.items():
            del told[:]
            shown[who] = server.ask(who, query)
            assert len(told) == times, (who, query)
        assert "TaskEnded" in str(shown["reader"])
