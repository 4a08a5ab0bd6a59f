"""GraphQL over HTTP, by its specification; limits, faults, health and what is logged of it all."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from api.execution import Executor, documents_chars_max
from api.settings import Settings
from tests.server import ROOT, Server, document, process, running, until
from workflows.keys import create_key
from workflows.log import Log

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
MEDIA = (GRAPHQL, JSON)
ASKED = {"query": "{ __typename }"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('http') / 'suivi.db'}") as served:
        yield served


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small limits."""
    url = f"sqlite:///{tmp_path_factory.mktemp('small') / 'suivi.db'}"
    limits = {"query_tokens_max": 100, "query_depth_max": 5, "query_fields_max": 20}
    with running(url, request_bytes_max=5_000, **limits) as served:
        yield served


def post(server: Server, body: Any, **headers: str) -> httpx.Response:
    """A POST of this body, as JSON unless it is bytes, by a reader."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.client.post(
        "/graphql",
        content=content,
        headers=server.headers("reader", **{"Content-Type": JSON, **named}),
    )


def get(server: Server, accept: str = GRAPHQL, **parameters: str) -> httpx.Response:
    headers = server.headers("reader", Accept=accept)
    return server.client.get("/graphql", params=parameters, headers=headers)


def told(answer: httpx.Response) -> str:
    """What an answer without data says in its errors."""
    body = answer.json()
    assert "data" not in body
    assert body["errors"]
    return " ".join(error["message"] for error in body["errors"])


# --- Media types ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"text/html, {JSON};q=0.9", JSON),
        (f"{JSON};q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0, {JSON}", JSON),
        (GRAPHQL.upper(), GRAPHQL),
        (None, JSON),
        ("", JSON),
    ],
)
def test_an_answer_has_the_media_type_that_is_accepted(server, accept, media):
    headers = server.headers("reader", **{"Content-Type": JSON})
    request = server.client.build_request("POST", "/graphql", json=ASKED, headers=headers)
    del request.headers["Accept"]
    if accept is not None:
        request.headers["Accept"] = accept
    answer = server.client.send(request)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{media}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", ["text/plain", "image/*", "text/html", f"{JSON};q=0"])
def test_what_can_not_be_answered_in_an_accepted_type_is_406(server, accept):
    answer = post(server, ASKED, Accept=accept)
    assert answer.status_code == 406
    assert GRAPHQL in told(answer)


@pytest.mark.parametrize(
    "sent",
    ["text/plain", "application/x-www-form-urlencoded", "application/graphql", "", JSON + "x"],
)
def test_a_body_of_another_type_is_415(server, sent):
    answer = post(server, ASKED, Content_Type=sent)
    assert answer.status_code == 415
    assert answer.headers["Accept-Post"] == JSON


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1", '"utf-7"'])
def test_a_body_in_another_encoding_is_415(server, charset):
    assert post(server, ASKED, Content_Type=f"{JSON}; charset={charset}").status_code == 415


@pytest.mark.parametrize("charset", ["; charset=utf-8", '; charset="UTF-8"', ";charset=utf8", ""])
def test_a_body_in_utf_8_is_taken(server, charset):
    assert post(server, ASKED, Content_Type=f"{JSON}{charset}").status_code == 200


# --- Methods -------------------------------------------------------------------------------------


@pytest.mark.parametrize("media", MEDIA)
def test_a_query_may_come_by_get(server, media):
    said = {
        "query": "query A { __typename } query B($id: ID!) { node(id: $id) { id } }",
        "operationName": "B",
        "variables": json.dumps({"id": "00000000-0000-0000-0000-000000000000"}),
        "extensions": "{}",
    }
    answer = get(server, media, **said)
    assert (answer.status_code, answer.json()) == (200, {"data": {"node": None}})
    assert answer.headers["Content-Type"].startswith(media)


def test_a_mutation_by_get_is_405_and_changes_nothing(server):
    before = server.size()
    input = '{commandId: "x", id: "x", expectedVersion: 1}'
    query = f"mutation {{ undoDuplicate(input: {input}) {{ logIndex }} }}"
    for media in MEDIA:
        answer = get(server, media, query=query)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST"
        assert "POST" in told(answer)
    both = get(
        server,
        query=f"query A {{ __typename }} {query.replace('mutation', 'mutation B')}",
        operationName="A",
    )
    assert both.status_code == 200
    assert server.size() == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(server, method):
    answer = server.client.request(method, "/graphql", headers=server.headers("reader"))
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(re.split(", ?", answer.headers["Allow"]))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"qeury": "{ __typename }"},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "1"},
        {"query": "{ __typename }", "variables": '"' + "[" * 5_000},
        {"query": "{ __typename }", "variables": "[" * 5_000},
        {"query": "{ __typename }", "variables": '{"a": {"b": 1, "b": 2}}'},
        {"query": "{ __typename }", "extensions": "true"},
    ],
)
@pytest.mark.parametrize("media", MEDIA)
def test_parameters_of_a_url_that_make_no_request_are_400(server, parameters, media):
    answer = get(server, media, **parameters)
    assert answer.status_code == 400
    told(answer)


# --- Bodies --------------------------------------------------------------------------------------

NO_REQUEST = {
    "nothing": b"",
    "no JSON": b'{ "not a JSON',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "a string": b'"{ __typename }"',
    "an array": b"[]",
    "a batch": json.dumps([ASKED, ASKED]).encode(),
    "an empty object": b"{}",
    "another name": b'{"qeury": "{ __typename }"}',
    "a query that is null": b'{"query": null}',
    "a query that is a number": b'{"query": 1}',
    "a query that is an object": b'{"query": {}}',
    "a query that is an array": b'{"query": []}',
    "an operation name that is a number": b'{"query": "{ __typename }", "operationName": 1}',
    "an operation name that is an object": b'{"query": "{ __typename }", "operationName": {}}',
    "variables that are a string": b'{"query": "{ __typename }", "variables": "{}"}',
    "variables that are a number": b'{"query": "{ __typename }", "variables": 1}',
    "variables that are an array": b'{"query": "{ __typename }", "variables": []}',
    "extensions that are a string": b'{"query": "{ __typename }", "extensions": "{}"}',
    "bytes that are no UTF-8": b'{"query": "{ \xff\xfe }"}',
    "half a character": b'{"query": "{ __typename } # \\ud800"}',
    "another encoding": json.dumps(ASKED).encode("utf-16"),
    "deep nesting": b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"}",
    "deep nesting that is closed": b'{"query": "{ __typename }", "variables": {"a": '
    + b"[" * 20_000
    + b"]" * 20_000
    + b"}}",
    "a name twice": b'{"query": "{ __typename }", "query": "{ logIndex }"}',
    "a name of a variable twice": b'{"query": "{ __typename }", "variables": {"a": 1, "a": 2}}',
    "a number without an end": b'{"query": "{ __typename }", "variables": {"a": %s}}'
    % (b"9" * 5_000),
    "a number that is none": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    "more than one": b'{"query": "{ __typename }"} {}',
}


@pytest.mark.parametrize("body", NO_REQUEST.values(), ids=NO_REQUEST)
@pytest.mark.parametrize("media", MEDIA)
def test_a_body_that_is_no_request_is_400(server, body, media):
    answer = post(server, body, Accept=media)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith(media)
    told(answer)


@pytest.mark.parametrize(
    "more",
    [
        {"variables": None, "operationName": None, "extensions": None},
        {"variables": {}, "extensions": {"some": "value"}},
        {"operationName": "A", "query": "query A { __typename }"},
        {"somethingElse": 1},
    ],
)
def test_what_may_be_left_out_may_be_null_and_more_does_no_harm(server, more):
    answer = post(server, {**ASKED, **more})
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_a_body_that_ends_too_early_harms_nobody(server):
    port = server.client.base_url.port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port)) as raw:
        key = server.keys["reader"]
        head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        raw.sendall(f"{head}Content-Type: {JSON}\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert post(server, ASKED).status_code == 200


# --- Documents -----------------------------------------------------------------------------------

CAN_NOT_RUN = {
    "bad syntax": {"query": "{"},
    "an empty document": {"query": ""},
    "a comment": {"query": "# nothing"},
    "an unknown field": {"query": "{ recommendatoin }"},
    "an unknown argument": {"query": '{ recommendation(idd: "x") { id } }'},
    "an unknown type": {"query": "query($x: Sring) { node(id: $x) { id } }"},
    "no selection": {"query": "{ recommendations }"},
    "an unknown fragment": {"query": "{ ...f }"},
    "fragments in a circle": {"query": "{ ...f } fragment f on Query { ...f }"},
    "two operations and no name": {"query": "query A { __typename } query B { __typename }"},
    "an unknown name": {"query": "query A { __typename }", "operationName": "B"},
    "an empty name": {"query": "query A { __typename }", "operationName": ""},
    "only a fragment": {"query": "fragment f on Query { __typename }"},
    "a subscription": {"query": "subscription { x }"},
    "a schema": {"query": "type A { b: Int }"},
    "a variable that is missing": {"query": "query($id: ID!) { node(id: $id) { id } }"},
    "a variable of another type": {
        "query": "query($first: Int) { recommendations(first: $first) { totalCount } }",
        "variables": {"first": "ten"},
    },
    "an input with an unknown field": {
        "query": "query($w: RecommendationWhere) { recommendations(where: $w) { totalCount } }",
        "variables": {"w": {"possition": ["NOTED"]}},
    },
    "a word that is not in the list": {
        "query": "query($w: RecommendationWhere) { recommendations(where: $w) { totalCount } }",
        "variables": {"w": {"position": ["REJECTED"]}},
    },
    "a number that is too large": {
        "query": "query($first: Int) { recommendations(first: $first) { totalCount } }",
        "variables": {"first": 99_999_999_999},
    },
}


@pytest.mark.parametrize("request_", CAN_NOT_RUN.values(), ids=CAN_NOT_RUN)
@pytest.mark.parametrize(("media", "status"), [(GRAPHQL, 400), (JSON, 200)])
def test_a_document_that_can_not_run_has_no_data(server, request_, media, status):
    answer = post(server, request_, Accept=media)
    assert answer.status_code == status
    said = told(answer)
    assert "did you mean" not in said.replace("Did you mean 'recommendations { ... }'", "").lower()
    assert all(error["extensions"]["code"] for error in answer.json()["errors"])


@pytest.mark.parametrize("media", MEDIA)
def test_a_refusal_inside_a_query_is_200_with_data(server, media):
    answer = post(server, {"query": '{ __typename node(id: "x") { id } }'}, Accept=media)
    assert answer.status_code == 200
    body = answer.json()
    assert body["data"] == {"__typename": "Query", "node": None}
    assert [error["path"] for error in body["errors"]] == [["node"]]
    assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


def test_the_operation_that_is_named_runs(server):
    query = "query A { a: __typename } query B { b: __typename }"
    answer = post(server, {"query": query, "operationName": "B"})
    assert answer.json() == {"data": {"b": "Query"}}


def test_suggestions_are_left_out_of_everything(server):
    near = [
        "{ recommendation { idd } }",
        '{ recommendation(symbl: "x") { id } }',
        "{ node(id: 1) { ... on Recomendation { id } } }",
        "query($x: RecommendationWher) { __typename }",
        "{ recommendations(where: {positio: [NOTED]}) { totalCount } }",
        "{ recommendations(where: {position: [NOTE]}) { totalCount } }",
        "{ recommendations(orderBy: {field: DOCUMEN}) { totalCount } }",
        "{ __typenam }",
        "{ __typename @inclde(if: true) }",
    ]
    for query in near:
        said = json.dumps(post(server, {"query": query}).json())
        assert "errors" in said
        assert "id you mean" not in said, query


# --- Limits --------------------------------------------------------------------------------------


def limit(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    assert answer.status_code == 400
    return str(error["message"])


def asked(server: Server, query: str) -> httpx.Response:
    return post(server, {"query": query}, Accept=GRAPHQL)


def test_a_document_has_so_many_tokens(small):
    assert asked(small, "{" + " a: logIndex" * 19 + "}").status_code == 200
    assert "100 tokens" in limit(asked(small, "{" + " a: logIndex" * 40 + "}"))


@pytest.mark.parametrize(
    "number", ["9" * 5_000, "-" + "9" * 41, "1." + "0" * 5_000, "1e" + "9" * 5_000]
)
@pytest.mark.parametrize(
    "at",
    [
        "{ recommendations(first: %s) { totalCount } }",
        "query($n: Int = %s) { recommendations(first: $n) { totalCount } }",
    ],
)
def test_a_number_of_a_document_has_so_many_digits(server, at, number):
    assert "40 digits" in limit(asked(server, at % number))


def test_documents_are_kept_ready_by_their_length(tmp_path):
    url, most = f"sqlite:///{tmp_path / 'suivi.db'}", 2 * documents_chars_max
    executor = Executor(Settings(database_url=url, query_chars_max=most))
    for number in range(40):
        executor.prepare(f"{{ a{number}: logIndex }} #" + "x" * 20_000, None)
    kept = executor._documents
    assert sum(map(len, kept)) == executor._kept_chars <= documents_chars_max
    assert len(kept) == documents_chars_max // 20_023
    again = next(iter(kept))
    executor.prepare(again, None)
    assert next(reversed(kept)) == again, "the ones asked last are kept"
    executor.prepare("{ logIndex } #" + "x" * documents_chars_max, None)
    assert (len(kept), executor._kept_chars) == (0, 0)


def test_a_document_nests_so_deep(small):
    deep = "{ recommendations { nodes { lineage { recommendation { %s } } } } }"
    assert asked(small, deep % "id").status_code == 200
    assert "6 deep; 5" in limit(asked(small, deep % "aliases { value }"))
    fragments = "{ ...a } fragment a on Query { recommendations { nodes { lineage { ...b } } } }"
    fragments += " fragment b on LineageLink { recommendation { aliases { value } } }"
    assert "6 deep; 5" in limit(asked(small, fragments))


def test_a_document_selects_so_many_fields_fragments_spread_out(small):
    assert (
        asked(small, "{" + " ".join(f"a{i}: logIndex" for i in range(20)) + "}").status_code == 200
    )
    many = "{" + " ".join(f"a{i}: logIndex" for i in range(21)) + "}"
    assert "21 fields; 20" in limit(asked(small, many))
    doubling = "{ ...a0 }" + "".join(
        f" fragment a{i} on Query {{ ...a{i + 1} ...a{i + 1} }}" for i in range(5)
    )
    doubling += " fragment a5 on Query { logIndex }"
    assert "32 fields; 20" in limit(asked(small, doubling))


def test_every_operation_of_a_document_is_measured(small):
    many = "{" + " ".join(f"a{i}: logIndex" for i in range(21)) + "}"
    answer = post(
        small,
        {"query": f"query A {{ logIndex }} query B {many}", "operationName": "A"},
        Accept=GRAPHQL,
    )
    assert "21 fields" in limit(answer)


def test_a_request_has_so_many_bytes(small):
    fits = json.dumps({"query": "{ __typename }", "extensions": {"x": "y" * 4_900}}).encode()
    assert post(small, fits).status_code == 200
    answer = post(small, fits + b" " * 5_000)
    assert answer.status_code == 413
    assert "5,000 bytes" in told(answer)

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1_000

    headers = small.headers("reader", **{"Content-Type": JSON})
    answer = small.client.post("/graphql", content=endless(), headers=headers)
    assert answer.status_code == 413


def test_a_page_has_so_many_rows(server):
    query = "query($first: Int) { recommendations(first: $first) { totalCount } }"
    answer = post(server, {"query": query, "variables": {"first": 201}}).json()
    assert answer["data"] == {"recommendations": None}
    assert "200" in answer["errors"][0]["message"]
    # Lists in lists multiply, so they have limits of their own.
    query = """{ recommendations(first: 200) { nodes {
        history(first: 1000) { nodes { logIndex } } } } }"""
    assert "errors" not in post(server, {"query": query}).json()


def test_the_introspection_of_a_tool_is_within_the_limits(server):
    from graphql import get_introspection_query

    query = get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True)
    answer = post(server, {"query": query}, Accept=GRAPHQL)
    assert answer.status_code == 200
    assert "errors" not in answer.json()


def same_field_in_fragments(count: int) -> str:
    names = range(count)
    spread = " ".join(f"...f{i}" for i in names)
    return f"{{ {spread} }} " + " ".join(f"fragment f{i} on Query {{ logIndex }}" for i in names)


def test_a_document_made_to_be_slow_holds_nobody_up(server):
    slow = same_field_in_fragments(140)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asked, server, slow)
        live = 0
        while not answer.done():
            assert server.client.get("/health/live").status_code == 200
            live += 1
    assert answer.result().status_code == 200
    assert live > 3, "others are answered meanwhile"


@pytest.mark.parametrize(
    "document",
    [
        same_field_in_fragments(390),
        "{ " + "recommendations { nodes { id } } " * 150 + "}",
        "{ " + "recommendations { ...same } " + "}"
        "fragment same on RecommendationPage { " + "nodes { id } " * 150 + "}",
        "{ logIndex } fragment unused on Query { " + "logIndex " * 300 + "}",
    ],
)
def test_a_document_that_selects_the_same_too_often_is_refused_before_it_is_validated(
    server, document
):
    assert "select each once" in limit(asked(server, document))


@pytest.mark.parametrize("said", [{"a": list(range(30_000))}, {"a": [[[1] * 9_000] * 3]}])
def test_variables_of_more_values_than_there_may_be_are_refused(server, said):
    answer = post(server, {"query": "{ logIndex }", "variables": said})
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


def test_a_body_announced_as_too_large_is_refused_before_it_is_there(server):
    port = server.client.base_url.port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + server.keys["reader"].encode() + b"\r\n"
            b"Content-Length: 1000000000000\r\n\r\n"
        )
        assert one.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_a_file_whose_name_can_not_be_decoded_is_refused_and_leaves_nothing(tmp_path):
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        answer = server.client.put(
            "/files?addressee=SVN",
            content=b"a",
            headers=server.headers(
                "coordinator", **{"Content-Disposition": "attachment; filename*=idna''x"}
            ),
        )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
    assert not [*(tmp_path / "suivi-files").glob("*")]


def test_when_too_many_wait_the_next_is_told_to_come_again(tmp_path):
    with (
        running(f"sqlite:///{tmp_path / 'suivi.db'}", waiting_requests_max=2) as server,
        ThreadPoolExecutor(4) as pool,
    ):
        server.receive()
        log = sqlite3.connect(tmp_path / "suivi.db", isolation_level=None)
        log.execute("BEGIN IMMEDIATE")  # while somebody else writes, steps wait

        def receive(number: int) -> httpx.Response:
            said = {**ANOTHER, "commandId": str(number), "paragraph": str(number)}
            return server.post("coordinator", document("receiveRecommendation"), input=said)

        sent = [pool.submit(receive, number) for number in range(4)]
        until(lambda: sum(each.done() for each in sent) == 2)
        assert [each.result().status_code for each in sent if each.done()] == [503, 503]
        answer = post(server, ASKED)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert "oo many" in told(answer)
        assert server.client.get("/health/live").status_code == 200
        log.execute("ROLLBACK")
        log.close()
        assert sorted(each.result().status_code for each in sent) == [200, 200, 503, 503]
        assert post(server, ASKED).status_code == 200


# --- Faults --------------------------------------------------------------------------------------


def damage(log: Path, log_index: int, payload: bytes = b"{}") -> None:
    """What a failing disk, or somebody with the file, may do."""
    with sqlite3.connect(log) as store:
        store.execute("UPDATE log_event SET payload = ? WHERE log_index = ?", (payload, log_index))
    store.close()


@pytest.mark.slow
def test_a_fault_of_ours_is_masked_and_logged(tmp_path):
    log = tmp_path / "log"
    database = tmp_path / "suivi.db"
    url = f"sqlite:///{database}"
    with process(url, log, bulkhead=False) as (server, started):
        server.keys["coordinator"] = key_of("coordinator", url)
        payload = server.received(parts=[{"text": "Ratify"}], reason="a secret reason")
        damage(database, payload["logIndex"], b'{"stamp":"a secret payload"}')
        query = """query($id: ID!) { recommendation(id: $id) { version
            history { nodes { logIndex } } } }"""
        id = payload["recommendation"]["id"]
        answer = server.post("coordinator", query, id=id)
        assert answer.status_code == 200
        (error,) = answer.json()["errors"]
        assert error["message"] == "Something went wrong on our side; it has been logged."
        assert error["extensions"] == {"code": "INTERNAL"}
        assert error["path"] == ["recommendation", "history"]
        assert "Traceback" not in answer.text
        # What does not need the damaged entry is answered as before.
        found = server.ask("coordinator", "query($id: ID!) { node(id: $id) { id } }", id=id)
        assert found["node"] == {"id": id}
        started.terminate()
        started.wait()
    faults = [line for line in lines(log) if line["event"] == "fault"]
    assert [line["level"] for line in faults] == ["error"]
    assert faults[0]["request_id"] == answer.headers["X-Request-Id"]
    assert faults[0]["path"] == ["recommendation", "history"]
    assert "UnreadableEntry" in faults[0]["exception"]
    assert "a secret" not in log.read_text()


def key_of(role: str, url: str) -> str:
    with closing(Log(url)) as log:
        holder: dict[str, Any] = {"actor": "p-1", "system": None, "authority": None}
        return create_key(log, role=role, institution="mfa", **holder)[1]


def lines(log: Path) -> list[dict[str, Any]]:
    """What a process wrote to standard error; every line must be one JSON object."""
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(isinstance(line, dict) for line in told)
    return told


@pytest.mark.slow
def test_what_is_logged_is_one_object_a_line_and_holds_no_key_and_no_protected_text(tmp_path):
    log = tmp_path / "log"
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with process(url, log) as (server, started):
        server.keys["coordinator"] = key_of("coordinator", url)
        server.keys["reader"] = key_of("reader", url)
        id = server.receive(reason="secret-reason", parts=[{"text": "Ratify"}])
        step = {"organ": "ADDENDUM", "comment": "secret-comment", "reason": "secret-reason"}
        server.step("coordinator", "noteRecommendation", id, **step)
        server.take("reader", "noteRecommendation", id=id, expectedVersion=2, **step)
        said = {"secret": "secret-variable"}
        server.post("coordinator", 'query secretName { node(id: "secret-id") { id } }', **said)
        server.post("coordinator", "{ secretField }")
        server.post("suivi_secret-wrong-key", "{ logIndex }")
        server.post(None, "{ logIndex }")
        server.client.get("/graphql?query=secret-query", headers=server.headers("reader"))
        answer = post(server, b"secret-body")
        port = server.client.base_url.port
        assert port is not None
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(b"secret nonsense\r\n\r\n")
            raw.recv(1_000)
        keys = list(server.keys.values())
        started.terminate()
        assert started.wait() in (0, -15)
    told = lines(log)
    text = log.read_text()
    assert "secret" not in text
    assert not any(key in text or key.removeprefix("suivi_") in text for key in keys)
    requests = [line for line in told if line["event"] == "request"]
    assert len(requests) >= 10
    assert requests[-1]["request_id"] == answer.headers["X-Request-Id"]
    assert {line["status"] for line in requests} == {200, 400, 401}
    for line in told:
        assert {"event", "level", "timestamp"} <= set(line)
    for line in requests:
        assert re.fullmatch("[0-9a-f]{32}", line["request_id"])
        assert line["milliseconds"] >= 0
        assert (line["key"] is None) == (line["status"] == 401)
    (refused,) = [line for line in told if line["event"] == "refused"]
    assert refused["code"] == "FORBIDDEN"
    assert refused["request_id"] in {line["request_id"] for line in requests}


# --- Health --------------------------------------------------------------------------------------


def test_a_server_that_runs_is_live_and_ready(server):
    for path, expected in (("/health/live", "live"), ("/health/ready", "ready")):
        answer = server.client.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, expected)


def test_a_server_whose_feed_stopped_is_live_and_not_ready(tmp_path):
    database = tmp_path / "suivi.db"
    with running(f"sqlite:///{database}") as server:
        id = server.receive()
        until(lambda: server.version(id) == 1)
        at = server.size()
        # An entry that this version does not know, as a newer version would have written it.
        with sqlite3.connect(database) as store:
            store.execute(
                "INSERT INTO log_event SELECT log_index + 1, stream_id, stream_version + 1,"
                " 'recommendation.from-the-future.v9', addressee, recorded_at, payload"
                " FROM log_event WHERE log_index = ?",
                (at - 1,),
            )
            store.execute("UPDATE log_head SET next = next + 1")
        store.close()
        until(lambda: server.client.get("/health/ready").status_code == 503)
        answer = server.client.get("/health/ready").json()
        assert answer["status"] == "not ready"
        assert f"log index {at}" in answer["reason"]
        assert server.client.get("/health/live").status_code == 200
        # What is held is still answered, and is right up to there.
        assert server.version(id) == 1
        assert server.ask("reader", "{ logIndex }")["logIndex"] == at - 1
        # A key nobody knows may have been granted since: that can't be told now.
        assert server.post("suivi_" + 43 * "x", "{ logIndex }").status_code == 503
        payload = server.take("coordinator", "receiveRecommendation", **ANOTHER)
        assert [error["code"] for error in payload["errors"]] == ["UNAVAILABLE"]
        assert server.size() == at + 1


ANOTHER = {
    "addressee": "SVN",
    "mechanism": "UPR",
    "body": "UPR",
    "language": "en",
    "parts": [{"text": "Ratify"}],
    "symbol": "A/HRC/59/15",
    "paragraph": "200.1",
}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/graphql?query={logIndex}",
        "/nowhere",
        "/files/x",
        "/exports/csv",
        "/health/live",
        "/plots/progress.svg",
        "/graphql",
    ],
)
def test_every_answer_tells_a_browser_to_take_it_as_what_it_is(server, path):
    answer = server.client.get(path, headers=server.headers("reader", Accept="*/*"))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_root_leads_to_the_api(server):
    answer = server.client.get("/")
    assert answer.is_redirect
    assert answer.headers["Location"] == "graphql"
    assert server.client.get("/nothing").status_code == 404


def test_a_browser_gets_a_page_and_a_program_an_answer(server):
    page = server.client.get("/graphql", headers={"Accept": "text/html,*/*"})
    assert page.headers["Content-Type"].startswith("text/html")
    query = urlencode(ASKED)
    answer = server.client.get(
        f"/graphql?{query}", headers=server.headers("reader", Accept=f"text/html,{JSON}")
    )
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_head_asks_for_the_headers_of_get(server):
    headers = server.headers("reader")
    query = {"query": "{ __typename }"}
    for path, given in (("/graphql", query), ("/plots/progress.svg", {}), ("/health/live", {})):
        told = server.client.head(path, params=given, headers=headers)
        shown = server.client.get(path, params=given, headers=headers)
        assert (told.status_code, told.content) == (shown.status_code, b"") == (200, b"")
        assert told.headers["Content-Type"] == shown.headers["Content-Type"]


@pytest.mark.parametrize(
    "query",
    ["{" + "a " * 25 + "}", "{ " + "a { " * 3_000 + "a" + " }" * 3_000 + " }", "{ a }" * 2_000],
    ids=["errors", "depth", "tokens"],
)
def test_a_document_that_is_given_up_says_which_limit_it_met(server, query):
    errors = post(server, {"query": query}).json()["errors"]
    assert errors[-1]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert re.search(r"\d", errors[-1]["message"])
    assert not any("aborted" in error["message"] for error in errors)


# --- Looking back --------------------------------------------------------------------------------

INDEX = "{ logIndex }"


def back(*indexes: int) -> str:
    asked = (
        f"a{n}: recommendations(first: 1, asOf: {{logIndex: {index}}}) {{ totalCount }}"
        for n, index in enumerate(indexes)
    )
    return f"{{ {' '.join(asked)} }}"


def test_look_backs_wait_for_one_another_and_hold_up_nothing_else(tmp_path):
    """While one looks back for long, the same key's next waits, the one after that is told so, and
    plain reads and other keys are answered."""
    limits = {"as_of_threads": 2, "as_of_waiting_requests_per_key_max": 1}
    with (
        running(f"sqlite:///{tmp_path / 'suivi.db'}", query_threads=1, **limits) as server,
        ThreadPoolExecutor(2) as pool,
    ):
        server.receive()
        last = server.size() - 1
        gate, started = Event(), Event()
        key = server.service.principal(server.keys["reader"]).key
        server.service.lanes.look_backs.submit(key, lambda: (started.set(), gate.wait(30)))
        started.wait(10)
        waits = pool.submit(server.post, "reader", back(last))
        until(lambda: server.service.lanes.look_backs.waiting == 1)
        answer = server.post("reader", back(last))
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "5"
        assert answer.json()["errors"][0]["extensions"] == {"code": "BUSY"}
        plot = server.client.get(
            f"/plots/progress.svg?logIndex={last}", headers=server.headers("reader")
        )
        assert plot.status_code == 200, "plots have a lane of their own"
        assert server.ask("reader", INDEX) == {"logIndex": last}
        nothing = "query($then: AsOf) { recommendations(asOf: $then) { totalCount } }"
        for variables in ({}, {"then": None}):
            assert server.ask("reader", nothing, **variables)
        assert server.ask("auditor", back(last)) == {"a0": {"totalCount": 1}}
        assert server.post("reader", nothing, then={"logIndex": last}).status_code == 429
        assert not waits.done()
        gate.set()
        assert waits.result().json()["data"] == {"a0": {"totalCount": 1}}


def test_one_request_looks_back_at_so_many_standpoints_and_returns_to_each(tmp_path):
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, as_of_standpoints_max=5) as server:
        for _ in range(4):
            server.receive()
        last = server.size() - 1
        many = [last - 4, last - 3, last - 2, last - 1, last]
        assert [each["totalCount"] for each in server.ask("reader", back(*many)).values()] == [
            *(0, 1, 2, 3, 4)
        ]
        assert len(server.ask("reader", back(*many, *many[::-1]))) == 10
        error = server.refused("reader", back(last - 5, *many))
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert "further requests" in error["message"]


@pytest.mark.slow
def test_a_server_that_is_told_to_end_walks_no_procedure_to_its_end(tmp_path: Path) -> None:
    text = (ROOT / "tests" / "cases" / "procedures" / "n04-alias2.yaml").read_text()
    asked = """query($text: String!) { whatIf(definition: {text: $text},
        where: {addressee: ["SVN"]}) { gate { ok } } }"""
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with process(url, tmp_path / "log") as (server, started):
        server.keys.update({name: key_of("coordinator", url) for name in "abcd"})
        with ThreadPoolExecutor(4) as pool:
            drafts = [text.replace("name: x", f"name: {name}") for name in "abcd"]
            waiting = [
                pool.submit(server.post, name, asked, text=draft)
                for name, draft in zip("abcd", drafts, strict=True)
            ]
            wait(waiting, return_when=FIRST_COMPLETED)
            started.terminate()
            answers = [one.result().json() for one in waiting]
        ended = [a for a in answers if a.get("errors")]
        assert {a["errors"][0]["extensions"]["code"] for a in ended} == {"UNAVAILABLE"}
        assert len(ended) >= 2, answers
        assert started.wait(30) is not None
