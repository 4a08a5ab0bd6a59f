"""The fragment that asks for every field of every event is valid as it is, and answered in full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    build_schema,
    execute,
    parse,
    validate,
)

from api.events import SHOWN_AS, SHOWN_BY
from api.measuring import measure
from api.schema import schema
from api.sdl import FRAGMENT_FILE, SDL_FILE
from api.settings import Settings
from domain.entry import Entry
from domain.erasure import TextsErased
from tests.server import Server, running
from tests.test_stored import samples
from workflows.log.mapper import read_payload

FRAGMENT = FRAGMENT_FILE.read_text()
ENTRY: Any = schema._schema.type_map["HistoryEntry"]
UNION: Any = schema._schema.type_map["HistoryEvent"]
assert isinstance(UNION, GraphQLUnionType)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def shown(topic: str, payload: bytes) -> tuple[Entry, dict[str, Any]]:
    """A stored sample as an entry, and what the fragment tells of it."""
    entry = Entry(UUID(int=1), 1, "SVN", read_payload(topic, payload), 0, 0)
    root = GraphQLObjectType(
        "Query", {"history": GraphQLField(GraphQLList(ENTRY), resolve=lambda *_: [entry])}
    )
    asked = parse(f"{{ history {{ topic event {{ ...everyEvent }} }} }} {FRAGMENT}")
    found = execute(GraphQLSchema(root), asked)
    assert found.errors is None, found.errors  # type: ignore[union-attr]
    return entry, found.data["history"][0]  # type: ignore[union-attr, index]


def test_it_is_valid_in_the_schema_that_clients_read_and_asks_for_every_field() -> None:
    query = parse(f"{{ events {{ nodes {{ event {{ ...everyEvent }} }} }} }} {FRAGMENT}")
    assert validate(build_schema(SDL_FILE.read_text()), query) == []
    asked: set[str] = set()
    for selected in query.definitions[1].selection_set.selections:  # type: ignore[attr-defined]
        if isinstance(selected, InlineFragmentNode):
            kind = selected.type_condition.name.value  # type: ignore[union-attr]
            asked |= {f"{kind}.{it.name.value}" for it in selected.selection_set.selections}  # type: ignore[attr-defined]
    assert asked == {f"{kind.name}.{name}" for kind in UNION.types for name in kind.fields}


def test_a_document_may_ask_for_it_in_two_places() -> None:
    places = " ".join(f"a{n}: events {{ nodes {{ event {{ ...everyEvent }} }} }}" for n in range(2))
    settings = Settings()
    measure(
        parse(f"{{ {places} }} {FRAGMENT}", max_tokens=settings.query_tokens_max),
        settings.query_depth_max,
        settings.query_fields_max,
    )


@pytest.mark.parametrize(("topic", "payload"), samples().items())
def test_it_tells_all_that_was_ever_stored_of_an_event(topic: str, payload: bytes) -> None:
    entry, told = shown(topic, payload)
    name = SHOWN_BY[type(entry.event)].__name__
    assert (told["topic"], told["event"].pop("__typename")) == (topic, name)
    stored = {field: value for field, value in json.loads(payload).items() if field != "stamp"}
    names = {
        field: camel(SHOWN_AS.get((name, field), field))
        for field in type(entry.event).__struct_fields__
    }
    hidden = {"sha256"} if name == "CredentialGranted" else set()
    expected = {names[field] for field in stored if field not in hidden} or {"topic"}
    assert told["event"].keys() == expected
    for field, value in stored.items():
        if field not in hidden and value is not None:
            assert told["event"][names[field]] is not None, field


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('every') / 'suivi.db'}") as server:
        yield server


def test_a_server_answers_it_of_a_history_and_of_the_feed(here: Server) -> None:
    id = here.receive(paragraph="7.1")
    here.step("coordinator", "noteRecommendation", id, organ="ADDENDUM", comment="not now")
    here.step("coordinator", "offerAssignment", id, institution="labour")
    here.step("coordinator", "suspendRecommendation", id, until="2040-01-01", reason="elections")
    query = f"""query($id: ID!) {{
        events(first: 500) {{ nodes {{ topic event {{ ...everyEvent }} }} }}
        recommendation(id: $id) {{ history {{ nodes {{ topic event {{ ...everyEvent }} }} }} }} }}
        {FRAGMENT}"""
    told = here.ask("auditor", query, id=id)
    _, noted, offered, suspended = told["recommendation"]["history"]["nodes"]
    assert (noted["topic"], noted["event"]["comment"]["text"]) == (
        "recommendation.position-taken.v1",
        "not now",
    )
    assert offered["event"]["assignee"] == "labour"
    assert suspended["event"] == {"__typename": "Suspended", "restsUntil": "2040-01-01"}
    assert told["events"]["nodes"][-1] == suspended


def test_the_same_event_of_another_aggregate_has_the_same_type() -> None:
    for event, by in SHOWN_BY.items():
        if event is not by:
            assert event.__struct_fields__ == by.__struct_fields__
            assert event.topic.partition(".")[2] == by.topic.partition(".")[2]
    assert SHOWN_BY[TextsErased] is TextsErased
