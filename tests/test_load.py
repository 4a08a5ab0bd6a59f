"""Whoever asks for too much is told so; whoever asks for little is answered meanwhile."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event
from starlette.requests import Request
from starlette.types import Message

from api import door
from api.connections import Connections
from api.door import Rate
from api.lanes import Lanes, in_lane
from api.quota import Quota
from api.settings import Settings
from domain.refusals import LimitExceeded, TimedOut
from projections.ration import Ration
from tests.server import Server, running, until
from tests.test_graphql import ADDENDUM
from workflows.keys import create_key

INDEX = "{ logIndex }"


def nested(depth: int, leaf: str = "paragraph") -> str:
    """A lineage of a lineage, in few bytes."""
    inner = leaf
    for _ in range(depth):
        inner = f"lineage {{ recommendation {{ {inner} }} }}"
    return f"{{ recommendations(first: 200) {{ nodes {{ {inner} }} }} }}"


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A record in which all is linked with all, both ways."""
    url = f"sqlite:///{tmp_path_factory.mktemp('load') / 'suivi.db'}"
    with running(url, answer_objects_max=3_000, request_rows_max=5_000) as server:
        ids = [server.receive() for _ in range(8)]
        for n, later in enumerate(ids):
            for earlier in ids[:n]:
                server.step("clerk", "linkRecommendation", later, type="OVERLAPS", to=earlier)
        yield server


# --- Work ----------------------------------------------------------------------------------------


def test_a_nested_lineage_ends_where_the_answer_is_too_large(linked: Server) -> None:
    answer = linked.post("reader", nested(6)).json()
    assert answer["data"] is None, "half an answer says nothing"
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "3,000 objects" in error["message"]


def test_a_level_of_a_lineage_is_read_at_once(linked: Server) -> None:
    read = list[str]()

    def listen(*said: Any) -> None:
        read.append(said[2])

    counts = []
    for depth in (1, 2, 3):
        read.clear()
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            linked.ask("reader", nested(depth).replace("200", "2"))
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
        counts.append(sum("FROM link" in statement for statement in read))
    assert counts == [1, 2, 3]


def test_a_mutation_is_recorded_also_when_its_answer_is_too_large(linked: Server) -> None:
    id = linked.ask("reader", "{ recommendations(first: 1) { nodes { id } } }")["recommendations"][
        "nodes"
    ][0]["id"]
    size = linked.size()
    inner = nested(6).removeprefix("{ recommendations(first: 200) { nodes {").removesuffix("} } }")
    query = f"""mutation($input: NoteRecommendationInput!) {{ noteRecommendation(input: $input) {{
        logIndex recommendation {{ {inner} }} }} }}"""
    said = {
        "id": id,
        "commandId": "note-once",
        "expectedVersion": linked.version(id),
        **ADDENDUM,
    }
    answer = linked.post("clerk", query, input=said).json()
    assert linked.size() == size + 1, answer
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert codes == {"LIMIT_EXCEEDED"}


def test_what_is_read_of_the_log_counts(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, request_rows_max=1_000) as server:
        for _ in range(12):
            server.receive()
        many = " ".join(f"a{n}: events(first: 500) {{ nodes {{ logIndex }} }}" for n in range(90))
        error = server.refused("auditor", f"{{ {many} }}")
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert "1,000 rows" in error["message"]
        assert server.ask("auditor", "{ events(first: 500) { nodes { logIndex } } }")


# --- Time ----------------------------------------------------------------------------------------


def test_a_request_whose_time_is_up_ends_and_says_so(tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}", query_seconds_max=1e-6) as server:
        server.receive()
        answer = server.post("reader", "{ recommendations { totalCount } }").json()
        assert answer["data"] is None
        (error,) = answer["errors"]
        assert error["extensions"] == {"code": "TIMED_OUT"}


def test_a_statement_that_runs_is_interrupted(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        interrupted(server, endless)


@pytest.mark.slow
def test_a_statement_that_runs_on_postgresql_is_interrupted(postgres_url: str) -> None:
    with running(postgres_url) as server:
        interrupted(server, "SELECT pg_sleep(600)")


def interrupted(server: Server, statement: str) -> None:
    ration, began = server.service.ration(), Event()

    def ask() -> None:
        with server.service.views.snapshot() as (connection, _), ration.interrupting(connection):
            began.set()
            connection.exec_driver_sql(statement).all()

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        began.wait(10)
        while not asked.done():
            ration.end()
            time.sleep(0.05)
    assert asked.exception() is not None
    with server.service.views.snapshot() as (connection, _):
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1, "whoever comes next"


def test_what_nobody_waits_for_any_more_ends() -> None:
    """What runs ends where it asks next; what waits leaves the queue."""
    gone = asyncio.Event()
    lanes = Lanes(Settings(what_if_threads=1))
    lane = lanes.what_ifs

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def asked(ration: Ration) -> None:
        def folds() -> None:
            while True:
                ration.check()
                time.sleep(0.001)

        with pytest.raises(TimedOut):
            await in_lane(lane, "me", folds, Request({"type": "http"}, receive), ration)

    async def both() -> None:
        rations = Ration(), Ration()
        tasks = [asyncio.create_task(asked(ration)) for ration in rations]
        await asyncio.sleep(0.2)
        assert lane.waiting == 1
        gone.set()
        await asyncio.gather(*tasks)

    asyncio.run(both())
    assert lane.waiting == 0
    lanes.close()


@pytest.mark.slow
def test_a_step_that_nobody_waits_for_is_recorded_all_the_same(tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}", mutation_threads=1) as server:
        id = server.receive()
        size, gate, started = server.size(), Event(), Event()
        server.service.lanes.mutations.submit("another", lambda: (started.set(), gate.wait(30)))
        started.wait(10)
        query = """mutation($input: NoteRecommendationInput!) { noteRecommendation(input: $input)
            { logIndex } }"""
        said = {"id": id, "commandId": "once", "expectedVersion": 1, **ADDENDUM}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{server.url}/graphql",
                json={"query": query, "variables": {"input": said}},
                headers=server.headers("clerk"),
                timeout=1,
            )
        time.sleep(0.3)  # the server learns that the client has gone
        gate.set()
        until(lambda: server.version(id) == 2)
        assert server.size() == size + 1


# --- Lanes ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_exports_that_wait_hold_up_neither_keys_nor_reads(tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server, ThreadPoolExecutor(16) as pool:
        server.receive()
        gate, started = Event(), Event()
        exports = server.service.lanes.exports
        exports.submit("another", lambda: (started.set(), gate.wait(30)))
        started.wait(10)

        def export() -> int:
            headers = server.headers("reader")
            with httpx.Client(base_url=server.url, timeout=60) as client:
                return client.get("/exports/csv", headers=headers).status_code

        many = [pool.submit(export) for _ in range(16)]
        until(lambda: exports.waiting == 16)
        assert server.ask("auditor", INDEX)
        assert server.ask("reader", INDEX)
        gate.set()
        assert {one.result() for one in many} == {200}


@pytest.mark.slow
def test_one_keys_many_queries_let_another_keys_one_pass(tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}", query_threads=1) as server:
        server.receive()
        key = server.service.principal(server.keys["reader"]).key  # type: ignore[union-attr]
        gate, started, done = Event(), Event(), list[int]()
        queries = server.service.lanes.queries
        queries.submit(key, lambda: (started.set(), gate.wait(30)))
        started.wait(10)
        for n in range(60):
            queries.submit(key, lambda n=n: (time.sleep(0.01), done.append(n)))
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(server.ask, "auditor", INDEX)
            until(lambda: queries.waiting > 60)
            gate.set()
            asked.result()
            assert len(done) <= 5, "one task before it is made ready, one before it runs"
        until(lambda: len(done) == 60)


# --- The door ------------------------------------------------------------------------------------


def test_a_client_may_come_so_often_on_average() -> None:
    now = [0.0]
    rate = Rate(2, lambda: now[0])
    assert [rate.wait("a") for _ in range(20)] == [0] * 20
    assert rate.wait("a") == 0.5
    assert rate.wait("b") == 0, "another's share is another's"
    now[0] += 0.5
    assert (rate.wait("a"), rate.wait("a")) == (0, 0.5)
    now[0] += 3_600
    assert [rate.wait("a") for _ in range(21)] == [0] * 20 + [0.5], "nobody saves up for more"


def test_bytes_count_one_by_one_and_a_body_of_any_size_comes_in_after_a_rest() -> None:
    now = [0.0]
    rate = Rate(100, lambda: now[0])
    assert (rate.wait("a", 600), rate.wait("a", 600)) == (0, 2)
    now[0] += 2
    assert (rate.wait("a", 600), rate.wait("a", 1)) == (0, 0.01)
    now[0] += 10
    assert rate.wait("a", 5_000) == 0, "more than ever may come at once"
    assert rate.wait("a", 1) == 40.01


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who come too often need not wait for the answer."""
    monkeypatch.setattr(door, "late_seconds", 0.0)


@pytest.mark.usefixtures("told_at_once")
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_key_that_sends_too_much_is_told_when_to_come_again(
    tmp_path: Path, is_announced: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    body = json.dumps({"query": INDEX + "#" * 6_000}).encode()
    with running(url, key_body_bytes_per_second_max=1_000.0) as server:

        def send(who: str) -> httpx.Response:
            content: Any = body if is_announced else iter([body])
            headers = server.headers(who, **{"Content-Type": "application/json"})
            return server.client.post("/graphql", content=content, headers=headers)

        answers = [send("reader") for _ in range(2)]
        assert [a.status_code for a in answers] == [200, 429]
        assert answers[-1].headers["Retry-After"] in ("2", "3")
        assert answers[-1].json()["errors"][0]["extensions"] == {"code": "BUSY"}
        assert send("auditor").status_code == 200, "another key is not concerned"


def test_as_many_clients_as_may_be_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.door.clients_kept_max", 10)
    rate = Rate(1)
    for n in range(1_000):
        rate.wait(n)
    assert len(rate._held) == 10


@pytest.mark.usefixtures("told_at_once")
def test_a_key_that_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, key_requests_per_second_max=0.5) as server:
        answers = [server.post("reader", INDEX) for _ in range(6)]
        assert [a.status_code for a in answers] == [200] * 5 + [429]
        assert answers[-1].headers["Retry-After"] in ("1", "2")
        assert answers[-1].json()["errors"][0]["extensions"] == {"code": "BUSY"}
        assert server.ask("auditor", INDEX), "another key is not concerned"


@pytest.mark.usefixtures("told_at_once")
def test_an_address_that_asks_too_often_is_told_and_health_is_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, address_requests_per_second_max=0.5) as server:
        codes = [server.post("reader", INDEX).status_code for _ in range(6)]
        assert codes == [200] * 5 + [429]
        assert server.client.get("/health/live").status_code == 200
        spoofed = server.headers("reader", **{"X-Forwarded-For": "192.0.2.7"})
        answer = server.client.post("/graphql", json={"query": INDEX}, headers=spoofed)
        assert answer.status_code == 429, "what anybody may claim is not believed"


@pytest.mark.usefixtures("told_at_once")
def test_behind_a_proxy_the_last_address_it_names_counts(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, address_requests_per_second_max=0.1, trust_forwarded_for=True) as server:

        def ask(said: str) -> int:
            headers = server.headers("reader", **{"X-Forwarded-For": said})
            found = server.client.post("/graphql", json={"query": INDEX}, headers=headers)
            return found.status_code

        assert [ask("192.0.2.7"), ask("198.51.100.1, 192.0.2.7")] == [200, 429]
        assert ask("192.0.2.7, 192.0.2.8") == 200


@pytest.mark.slow
def test_who_comes_too_often_is_told_so_late_and_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, unknown_keys_per_second_max=1 / 60) as server, ThreadPoolExecutor(8) as pool:

        def timed(who: str) -> tuple[int, float]:
            began = time.monotonic()
            return server.post(who, INDEX).status_code, time.monotonic() - began

        status, seconds = timed("none of ours")
        assert (status, seconds < door.late_seconds) == (401, True)
        late = [pool.submit(timed, "none of ours") for _ in range(7)]
        status, seconds = timed("reader")
        assert (status, seconds < door.late_seconds / 2) == (200, True)
        for status, seconds in (future.result() for future in late):
            assert (status, seconds >= door.late_seconds) == (429, True)


def test_floods_of_unknown_keys_read_nothing_and_known_ones_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "late_seconds", 0.0)
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, unknown_keys_per_second_max=1 / 3) as server:
        server.ask("reader", INDEX)
        reads = []
        read = server.service.keys._read
        server.service.keys._read = lambda: (reads.append(1), read())[1]
        codes = [server.post("suivi_" + f"{n:043}", INDEX).status_code for n in range(60)]
        assert codes[:20] == [401] * 20
        assert set(codes[20:]) == {429}
        assert len(reads) <= 60
        before = len(reads)
        assert {server.post("none of ours", INDEX).status_code for _ in range(3)} == {429}
        assert len(reads) == before, "what has not the shape of a key is looked for nowhere"
        assert server.ask("reader", INDEX)


def test_a_key_that_another_process_granted_works_within_a_second(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url) as server:
        for n in range(50):
            server.post("suivi_" + f"{n:043}", INDEX)
        _, key = create_key(
            server.service.log,
            role="reader",
            institution="press",
            actor="p-press",
            system=None,
            authority=None,
        )
        until(lambda: server.post(key, INDEX).status_code == 200, 2)


# --- Connections ---------------------------------------------------------------------------------


def opened(server: Server) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def ended(connection: socket.socket) -> bytes:
    """What the server still says before it closes a connection."""
    said = b""
    try:
        while chunk := connection.recv(4096):
            said += chunk
    except ConnectionError:
        pass
    return said


def is_ended_by(connection: socket.socket, piece: bytes) -> bool:
    """True if the server ends a connection before it has taken a piece fifty times."""
    connection.settimeout(0.02)
    for _ in range(50):
        try:
            connection.sendall(piece)
            if not (said := connection.recv(4096)) or b" 431 " in said:
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path_factory.mktemp('hasty') / 'suivi.db'}"
    bounds = {"header_bytes_max": 4_000, "header_seconds_max": 0.5, "body_seconds_max": 0.5}
    with running(url, **bounds, idle_connection_seconds_max=1) as server:
        yield server


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path_factory.mktemp('narrow') / 'suivi.db'}"
    with running(url, header_bytes_max=4_000) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nA: b", b"\r\n"])
def test_headers_that_do_not_come_in_time_end_the_connection(hasty: Server, start: bytes) -> None:
    with opened(hasty) as connection:
        connection.sendall(start)
        assert ended(connection) == b""


@pytest.mark.parametrize("before", [b"GET /", b"GET / HTTP/1.1\r\nA: "])
def test_a_line_without_end_is_not_kept(narrow: Server, before: bytes) -> None:
    with opened(narrow) as connection:
        connection.sendall(before)
        assert is_ended_by(connection, b"a" * 1_000)


def test_headers_are_so_large(narrow: Server) -> None:
    answer = narrow.client.get("/health/live", headers={"A": "a" * 3_000})
    assert answer.status_code == 200
    with opened(narrow) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nA: " + b"a" * 4_000 + b"\r\n\r\n")
        assert ended(connection).startswith(b"HTTP/1.1 431 ")


def test_large_bodies_are_no_headers(narrow: Server) -> None:
    for size in (10, 300_000, 10, 300_000):
        query = f"# {'a' * size}\n{INDEX}"
        assert narrow.post("reader", query).status_code == 200

        def pieces(query: str = query) -> Iterator[bytes]:
            sent = json.dumps({"query": query}).encode()
            yield from (sent[i : i + 1_000] for i in range(0, len(sent), 1_000))

        headers = narrow.headers("reader", **{"Content-Type": "application/json"})
        assert narrow.client.post("/graphql", content=pieces(), headers=headers).status_code == 200


def test_a_body_and_the_next_request_may_come_at_once(narrow: Server) -> None:
    body = json.dumps({"query": f"# {'a' * 20_000}\n{INDEX}"}).encode()
    with opened(narrow) as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%sGET /health/live HTTP/1.1\r\n"
            % (narrow.keys["reader"].encode(), len(body), body)
        )
        time.sleep(0.3)
        connection.sendall(b"Connection: close\r\nHost: a\r\n\r\n")
        assert ended(connection).count(b" 200 OK") == 2


def test_a_trailer_without_end_is_not_kept(narrow: Server) -> None:
    with opened(narrow) as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\nAuthorization: Bearer "
            + narrow.keys["reader"].encode()
            + b"\r\n\r\n1\r\n{\r\n0\r\nA: "
        )
        assert is_ended_by(connection, b"a" * 1_000)


def test_a_body_that_comes_too_slowly_ends_the_connection(hasty: Server) -> None:
    with opened(hasty) as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\nAuthorization: Bearer "
            + hasty.keys["reader"].encode()
            + b"\r\n\r\n{"
        )
        assert ended(connection) == b""


def test_so_many_connections_are_open_at_once_of_each_address() -> None:
    among = Connections(Settings(connections_max=3, address_connections_max=2))
    assert [among.enter(a) for a in ("a", "a", "a", "b")] == [True, True, False, False]
    among.leave("a")
    among.leave("a")
    among.leave("b")
    assert among.enter("b")
    behind = Connections(Settings(address_connections_max=1, trust_forwarded_for=True))
    assert [behind.enter("proxy") for _ in range(3)] == [True] * 3


# --- Files ---------------------------------------------------------------------------------------


def put(server: Server, who: str, size: int) -> httpx.Response:
    return server.client.put(
        "/files?name=a.txt&addressee=SVN", content=b"a" * size, headers=server.headers(who)
    )


def test_files_take_no_more_than_they_may(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url, key_files_bytes_max=1_000, files_bytes_max=1_500) as server:
        assert put(server, "clerk", 600).status_code == 201
        answer = put(server, "clerk", 600)
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}
        assert put(server, "clerk", 400).status_code == 201
        assert put(server, "coordinator", 501).status_code == 413
        assert put(server, "coordinator", 500).status_code == 201
        assert not server.service.quota._coming, "what came or was refused comes no more"


def test_room_is_taken_by_what_is_on_its_way() -> None:
    quota = Quota(None, None, 1_000, 800)  # type: ignore[arg-type]
    me, you = ("a", "p", None), ("b", "q", None)
    with quota.room(me) as mine, quota.room(me) as also, quota.room(you) as yours:
        mine.take(500)
        also.take(300)
        with pytest.raises(LimitExceeded, match="800"):
            also.take(301)
        with pytest.raises(LimitExceeded, match="1,000"):
            yours.take(201)
    with quota.room(me) as mine:
        mine.take(800)
