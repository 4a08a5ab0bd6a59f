"""What has an `id` is one thing: caches of clients keep objects by it, and show what they kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from tests.server import Server, running
from tests.test_graphql import SCHEMA, Lived, everything, live

OUTPUTS = [
    kind
    for kind in SCHEMA.type_map.values()
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('identity') / 'suivi.db'}") as server:
        yield server


@pytest.fixture(scope="module")
def lived(server: Server) -> Lived:
    return live(server)


class Cache:
    """Keeps objects as Apollo's does by default: by type and id; others within what has them."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], dict[str, Any]] = {}

    def keep(self, said: Any) -> Any:
        if isinstance(said, list):
            return [self.keep(one) for one in said]
        if not isinstance(said, dict):
            return said
        fields = {name: self.keep(value) for name, value in said.items()}
        if not isinstance(said.get("id"), str | int):
            return fields
        key = said["__typename"], str(said["id"])
        self.kept.setdefault(key, {}).update(fields)
        return key

    def give(self, kept: Any, asked: Any) -> Any:
        """What is given to whoever asks for just what `asked` has."""
        if isinstance(kept, tuple):
            kept = self.kept[kept]
        if isinstance(kept, list):
            return [self.give(one, two) for one, two in zip(kept, asked, strict=True)]
        if isinstance(kept, dict):
            return {name: self.give(kept[name], two) for name, two in asked.items()}
        return kept


NEAR = ("", "")
"""Where `everything` starts, so that a document has no more fields than it may."""


def test_every_field_called_id_is_an_id() -> None:
    called = {kind.name: str(kind.fields["id"].type) for kind in OUTPUTS if "id" in kind.fields}
    assert called == dict.fromkeys(called, "ID!")
    assert {"Recommendation", "RecommendationPart", "Assignment", "Report"} <= called.keys()


def test_what_names_a_thing_in_an_input_is_an_id() -> None:
    for kind in SCHEMA.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            for name in ("id", "part", "assignment"):
                if name in kind.fields:
                    assert str(kind.fields[name].type).rstrip("!") == "ID", (kind.name, name)


@pytest.mark.slow
def test_a_cache_by_type_and_id_gives_back_what_was_answered(server: Server, lived: Lived) -> None:
    another = server.receive(parts=[{"text": "Ratify"}, {"text": "Amend the law"}])
    server.step("coordinator", "acceptRecommendation", another, organ="PLENARY")
    for institution in ("labour", "justice"):
        server.step(
            "coordinator",
            "assignRecommendation",
            another,
            institution=institution,
            instrument="Decree 7",
        )
    server.step("coordinator", "reportProgress", another, narrative="a bill", visibility="INTERNAL")
    cache = Cache()
    for name, kind in (("recommendations", "Recommendation"), ("tasks", "Task")):
        rows = everything(SCHEMA.type_map[kind], NEAR)
        answer = server.ask("coordinator", f"{{ {name} {{ nodes {rows} }} }}")
        assert answer[name]["nodes"]
        assert cache.give(cache.keep(answer), answer) == answer
    version = server.version(another)
    items = [
        {"id": another, "expectedVersion": version + n, "data": {"institution": who}}
        for n, who in enumerate(("archive", "mfa"))
    ]
    said = {"commandId": uuid4().hex, "step": "offer-assignment", "items": items, "dryRun": True}
    results = everything(SCHEMA.type_map["StepResult"], NEAR)
    answer = server.ask(
        "coordinator",
        f"mutation($i: TakeStepsInput!) {{ takeSteps(input: $i) {{ results {results} }} }}",
        i=said,
    )
    assert cache.give(cache.keep(answer), answer) == answer
    one_of_all = {id for _, id in cache.kept}
    assert len(one_of_all) == len(cache.kept), "Relay keeps objects by their ids alone"


def test_every_type_with_an_id_of_its_own_is_refetched_by_it(server: Server, lived: Lived) -> None:
    query = """query($id: ID!) { recommendation(id: $id) {
        assignments { __typename id number status } reports { __typename id number status }
        parts { __typename id number text } } }"""
    held = server.ask("coordinator", query, id=lived.upr)["recommendation"]
    again = """query($id: ID!) { node(id: $id) { __typename id
        ... on Assignment { number status: status } ... on Report { number report: status }
        ... on RecommendationPart { label: number text } } }"""
    for some in held.values():
        assert some
        for one in some:
            found = server.ask("coordinator", again, id=one["id"])["node"]
            assert list(found.values()) == list(one.values())


def test_what_is_not_there_is_null_and_what_no_id_names_is_refused(
    server: Server, lived: Lived
) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    asked = """query($id: ID!) { recommendation(id: $id) { parts { id } } }"""
    held = server.ask("reader", asked, id=lived.upr)["recommendation"]
    part = held["parts"][0]["id"]
    hidden = server.receive(visibility="INTERNAL")
    its = server.ask("coordinator", asked, id=hidden)["recommendation"]["parts"][0]["id"]
    found = server.ask("reader", query, ids=[part, hidden, lived.upr, its, lived.upr])["nodes"]
    one = {"__typename": "Recommendation", "id": lived.upr}
    assert found == [{"__typename": "RecommendationPart", "id": part}, None, one, None, one]
    refused = server.refused("reader", query, ids=[lived.upr, "QXNzaWdubWVudDoy"])
    assert refused["extensions"]["code"] == "INVALID_INPUT"
    refused = server.refused("reader", query, ids=[lived.upr] * 201)
    assert refused["extensions"]["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("by", ["id", "number"])
def test_an_assignment_is_named_by_its_id_or_its_number(server: Server, by: str) -> None:
    id = server.receive(parts=[{"text": "Ratify"}, {"text": "Amend the law"}])
    server.step("coordinator", "acceptRecommendation", id, organ="PLENARY")
    server.step("coordinator", "offerAssignment", id, institution="justice")
    query = """query($id: ID!) { recommendation(id: $id) { parts { id number }
        assignments { id number } } }"""
    held = server.ask("coordinator", query, id=id)["recommendation"]
    (offered,), (_, part) = held["assignments"], held["parts"]
    said = {"id": id, "expectedVersion": 3, "commandId": uuid4().hex}
    said |= {"assignment": offered[by], "part": part[by]}
    first = server.take("justice", "acceptAssignment", **said)
    query = """query($id: ID!) { recommendation(id: $id) {
        history(after: "3") { nodes { part } } } }"""
    assert server.ask("justice", query, id=id)["recommendation"]["history"]["nodes"] == [
        {"part": "2"}
    ]
    for other in ("id", "number"):
        said |= {"assignment": offered[other], "part": part[other]}
        again = server.take("justice", "acceptAssignment", **said)
        assert (again["errors"], again["logIndex"]) == ([], first["logIndex"])


def test_data_of_steps_by_name_names_things_by_their_ids(server: Server) -> None:
    id = server.receive()
    server.step("coordinator", "acceptRecommendation", id, organ="PLENARY")
    server.step("coordinator", "offerAssignment", id, institution="justice")
    query = "query($id: ID!) { recommendation(id: $id) { assignments { id } } }"
    (offered,) = server.ask("justice", query, id=id)["recommendation"]["assignments"]
    data = {"assignment": offered["id"]}
    payload = server.step("justice", "takeStep", id, step="accept-assignment", data=data)
    assert payload["entries"][0]["event"]["__typename"] == "AssignmentAccepted"


def test_what_another_case_has_is_not_this_ones(server: Server) -> None:
    one, other = server.receive(), server.receive()
    for id in (one, other):
        server.step("coordinator", "acceptRecommendation", id, organ="PLENARY")
        server.step("coordinator", "offerAssignment", id, institution="justice")
    query = "query($id: ID!) { recommendation(id: $id) { assignments { id } parts { id } } }"
    held = server.ask("justice", query, id=other)["recommendation"]
    wrong: list[dict[str, Any]] = [
        {"assignment": held["assignments"][0]["id"]},
        {"assignment": held["parts"][0]["id"]},
        {"assignment": one},
        {"assignment": 3, "part": held["parts"][0]["id"]},
        {"assignment": "the first"},
    ]
    for said in wrong:
        payload = server.take(
            "justice", "acceptAssignment", id=one, expectedVersion=3, commandId=uuid4().hex, **said
        )
        assert [error["code"] for error in payload["errors"]] == ["INVALID_INPUT"], said
