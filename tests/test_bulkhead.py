"""What takes long is answered by a process of its own: whatever becomes of it, the other goes on.

Served by `suivi serve` as an operator starts it.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import httpx
import msgspec
import psutil
import psycopg
import pytest
from graphql import parse
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import bulkhead
from api.execution import Executor, Operation, Takes, looking_back
from api.measuring import objects_of
from api.schema import schema
from api.settings import Settings, variable
from projections.feed import Feed
from projections.views import Views
from tests.server import HOLDERS, Server, process, store, until
from workflows.keys import create_key, revoke_key
from workflows.log import Log

pytestmark = pytest.mark.slow

SCHEMA = schema._schema

SHORT = "{ recommendations { totalCount } }"
LOOK_BACK = "query($at: Int!) { recommendations(asOf: {logIndex: $at}) { totalCount } }"


class Served(NamedTuple):
    """A server, and its processes."""

    server: Server
    first: psutil.Process
    folder: Path
    store: str

    def behind(self) -> psutil.Process:
        """The process for what takes long, once it can be asked."""
        assert self.look_back() == 200
        (child,) = self.first.children()
        return child

    def look_back(self) -> int:
        """The status of a look back, which must be right where it is answered."""
        answer = self.server.post("reader", LOOK_BACK, at=2)
        if answer.status_code == 200:
            assert answer.json() == {"data": {"recommendations": {"totalCount": 1}}}
        else:
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert answer.headers["retry-after"] == "1"
        return answer.status_code


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with (
        store(request, tmp_path_factory) as url,
        process(url, folder / "log", serve_timers=False, files_folder=folder / "files") as started,
    ):
        server, running = started
        log = Log(url)
        for name in ("coordinator", "reader"):
            role, institution = HOLDERS[name]
            more: dict[str, Any] = {"actor": f"p-{name}", "system": None, "authority": None}
            server.keys[name] = create_key(log, role=role, institution=institution, **more)[1]
        log.close()
        server.receive()
        yield Served(server, psutil.Process(running.pid), folder, url)


def test_both_processes_answer_from_one_record(served: Served) -> None:
    served.behind()
    before = served.server.ask("reader", SHORT)["recommendations"]["totalCount"]
    at = served.server.received()["logIndex"]
    found = served.server.ask("reader", LOOK_BACK, at=at)["recommendations"]["totalCount"]
    assert found == before + 1, "what the one has acknowledged, the other knows"
    key = served.server.headers("reader")
    csv = served.server.client.get("/exports/csv", headers=key)
    assert csv.headers["content-disposition"] == "attachment; filename=recommendations.csv"
    assert len(csv.text.splitlines()) == found + 1
    head = served.server.client.head("/exports/csv", headers=key)
    assert (head.headers["content-length"], head.content) == (str(len(csv.content)), b"")
    plot = served.server.client.get("/plots/progress.svg", headers=key)
    assert plot.headers["content-type"] == "image/svg+xml"
    assert plot.headers["x-content-type-options"] == "nosniff"
    again = {**key, "If-None-Match": plot.headers["etag"]}
    assert served.server.client.get("/plots/progress.svg", headers=again).status_code == 304


def test_a_large_body_is_recorded_and_refused_as_a_small_one_is(served: Served) -> None:
    parts = [{"text": "Ratify the convention. " * 750}]
    assert len(str(parts)) > 16_384
    at = served.server.received(parts=parts)["logIndex"]
    assert served.server.ask("reader", "{ logIndex }")["logIndex"] == at
    error = served.server.refused("reader", "{ nonsense }" + " " * 20_000)
    assert "nonsense" in error["message"]
    padded = f"{{ logIndex {' ' * 9_000} }}"
    assert served.server.ask("reader", padded) == {"logIndex": at}


def test_a_revoked_key_is_refused_behind_it_too(served: Served) -> None:
    served.behind()
    server = served.server
    log = Log(served.store)
    more: dict[str, Any] = {"actor": "p-leaver", "system": None, "authority": None}
    id, key = create_key(log, role="coordinator", institution="mfa", **more)
    bearer = {"Authorization": f"Bearer {key}"}
    assert server.client.get("/exports/csv", headers=bearer).status_code == 200
    revoke_key(log, id)
    log.close()
    for answer in (
        server.client.get("/exports/csv", headers=bearer),
        server.client.get("/plots/progress.svg", headers=bearer),
        server.client.put("/files?addressee=SVN", content=b"x" * 1_000_000, headers=bearer),
        server.post(key, LOOK_BACK, at=0),
        server.post(key, "{ logIndex }" + " " * 20_000),
        server.post(key, "{ logIndex }"),
    ):
        assert answer.status_code == 401, answer.text


def test_a_file_is_taken_in_by_the_process_behind_as_it_comes(served: Served) -> None:
    behind = served.behind()
    server, key = served.server, served.server.headers("coordinator")
    large = bytes(range(256)) * 20_000
    pieces = (large[at : at + 100_000] for at in range(0, len(large), 100_000))
    put = server.client.put("/files?addressee=SVN", content=pieces, headers=key)
    assert put.status_code == 201, put.text
    said = put.json()
    assert (said["size"], said["sha256"]) == (len(large), hashlib.sha256(large).hexdigest())
    back = server.client.get(put.headers["location"], headers=key)
    assert back.content == large
    reader = server.headers("reader")
    refused = server.client.put("/files?addressee=SVN", content=large, headers=reader)
    assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    files = served.folder / "files"
    before = {*files.iterdir()}
    lines = (
        "PUT /files?addressee=SVN HTTP/1.1",
        "Host: x",
        f"Authorization: {key['Authorization']}",
        "Content-Length: 5000000",
    )
    with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0)) as gone:
        gone.sendall("\r\n".join((*lines, "", "")).encode() + large[:1_000_000])
        until(lambda: {*files.iterdir()} > before)
    until(lambda: {*files.iterdir()} == before)
    assert served.behind().pid == behind.pid


def test_an_import_is_followed_where_it_runs(served: Served) -> None:
    key = served.server.headers("coordinator")
    name = {"Content-Disposition": "attachment; filename=list.csv"}
    body = b"State,Paragraph,Text\nSVN,1,Ratify the convention\n"
    put = served.server.client.put(
        "/files", params={"addressee": "SVN"}, content=body, headers={**key, **name}
    )
    assert put.status_code == 201, put.text
    query = """mutation($input: StartImportInput!) { startImport(input: $input) {
        job { uuid } errors { code message } } }"""
    said = {"commandId": "import-1", "file": put.json()["id"], "format": "TABLE", "dryRun": True}
    payload = served.server.ask("coordinator", query, input=said)["startImport"]
    assert payload["errors"] == []
    follow = "query($uuid: String!) { importJob(uuid: $uuid) { status } }"

    def status() -> str:
        job = served.server.ask("coordinator", follow, uuid=payload["job"]["uuid"])["importJob"]
        return str(job["status"])

    until(lambda: status() in ("COMPLETED", "FAILED"))


def test_who_asks_for_little_waits_for_nothing_that_takes_long(served: Served) -> None:
    behind = served.behind()
    with ThreadPoolExecutor(1) as pool:
        behind.suspend()
        try:
            waits = pool.submit(served.look_back)
            time.sleep(0.1)
            for _ in range(20):
                served.server.ask("reader", SHORT)
            served.server.receive()
            assert not waits.done()
        finally:
            behind.resume()
        assert waits.result() == 200


def test_a_process_that_ends_is_started_anew_and_who_waits_for_it_is_told(served: Served) -> None:
    behind = served.behind()
    with ThreadPoolExecutor(1) as pool:
        behind.suspend()
        waits = pool.submit(served.look_back)
        time.sleep(0.3)
        behind.kill()
        assert waits.result() == 503
    served.server.ask("reader", SHORT)
    assert served.behind().pid != behind.pid
    assert '"code": -9' in (served.folder / "log").read_text()


# Connections to PostgreSQL are sockets, too, and their pools grow.
@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_nothing_is_left_of_a_request_whose_client_has_gone(served: Served) -> None:
    behind = served.behind()
    key = served.server.keys["reader"]
    assert served.server.client.get("/exports/csv", headers=served.server.headers("reader")).text
    both = behind, served.first
    before = [len(one.net_connections("unix")) for one in both]
    behind.suspend()
    port = httpx.URL(served.server.url).port
    try:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port or 0)) as gone:
                line = (
                    f"GET /exports/csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
                )
                gone.sendall(line.encode())
                time.sleep(0.2)
    finally:
        behind.resume()
    until(lambda: [len(one.net_connections("unix")) for one in both] <= before)


async def test_who_streams_to_a_client_that_has_gone_is_told_so_and_nothing_fails() -> None:
    """A socket that is closed with something unread is reset: what is read of it and what is
    written to it fails."""
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"a" * 100_000
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(endless())(scope, receive, send)

    before, handed = socket.socketpair()
    answering = asyncio.create_task(bulkhead.Behind(app).answer(handed))
    frame = msgspec.msgpack.encode({"type": "http", "headers": []})
    with before:
        before.sendall(len(frame).to_bytes(4) + frame)
        await asyncio.to_thread(before.recv, 4)
    await asyncio.wait_for(answering, 30)
    assert ended.is_set()


async def test_the_process_behind_has_the_views_fed_by_the_one_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    monkeypatch.setenv(variable("database_url"), url)
    log = Log(url)
    views = Views(log.url)
    fed: list[int] = []
    it = bulkhead.Bulkhead(lambda: fed.append(Feed(log, views).advance()))
    await it.start()
    try:
        _, unasked = await it.connect()
        unasked.close()
        holder: dict[str, Any] = {"actor": "p-1", "system": None, "authority": None}
        _, key = create_key(log, role="reader", institution="public", **holder)
        told: list[Message] = []

        async def receive() -> Message:
            return await asyncio.Future()

        async def send(message: Message) -> None:
            told.append(message)

        headers = [(b"authorization", f"Bearer {key}".encode())]
        scope = {"type": "http", "method": "GET", "path": "/exports/csv", "query_string": b""}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}
        passed = bulkhead.Passed(it, b"")
        await asyncio.wait_for(passed(scope, receive, send), 30)
        assert [one["status"] for one in told if "status" in one] == [200]
        assert fed == [log.size], "what it needed to know the key by was fed here"
    finally:
        await it.close()
        views.close()
        log.close()


class Beside(bulkhead.Bulkhead):
    """What is behind the bulkhead, in a thread of this process."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(feed=lambda: None)
        self._app = app
        self.writer: asyncio.StreamWriter | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        mine, theirs = socket.socketpair()
        answering = bulkhead.Behind(self._app).answer(theirs)
        Thread(target=asyncio.run, args=(answering,), daemon=True).start()
        reader, self.writer = await asyncio.open_unix_connection(sock=mine)
        return reader, self.writer


async def test_an_answer_arrives_though_nobody_reads_the_body() -> None:
    told: list[Message] = []
    come = 0

    async def receive() -> Message:
        nonlocal come
        come += 1
        if come == 2:
            time.sleep(0.3)  # noqa: ASYNC251 - the answer is there before the loop looks
        return {"type": "http.request", "body": b"a" * 1_000, "more_body": True}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {"type": "http", "method": "PUT", "path": "/files", "headers": []}
    beside = Beside(Response("no", 403))
    await asyncio.wait_for(bulkhead.Passed(beside)(scope, receive, send), 30)
    assert beside.writer is not None
    with suppress(ConnectionError):
        await asyncio.wait_for(beside.writer.wait_closed(), 30)
    assert [one["status"] for one in told if "status" in one] == [403]


@pytest.mark.slow
def test_the_process_ends_with_the_one_before_it(tmp_path: Path) -> None:
    for end in (signal.SIGKILL, signal.SIGTERM):
        url = f"sqlite:///{tmp_path / end.name}.db"
        with process(url, tmp_path / "log", serve_timers=False) as (_, running):
            first = psutil.Process(running.pid)
            until(lambda first=first: len(first.children()) == 1)  # type: ignore[misc]
            (child,) = first.children()
            first.send_signal(end)
            running.wait(20)
            until(lambda child=child: not child.is_running())  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.parametrize("asks", [True, False])
def test_the_process_ends_too_where_the_store_does_not_answer(
    postgres_server: Any, tmp_path: Path, asks: bool
) -> None:
    """Once it is asked something, or while it starts."""
    with (
        postgres_server.database() as url,
        process(url, tmp_path / "log", serve_timers=False) as (server, running),
        psycopg.connect(url.replace("+psycopg", "")) as holding,
        ThreadPoolExecutor(1) as pool,
    ):
        log = Log(url)
        holder: dict[str, Any] = {"actor": "p-1", "system": None, "authority": None}
        _, key = create_key(log, role="reader", institution="public", **holder)
        log.close()
        first = psutil.Process(running.pid)
        until(lambda: len(first.children()) == 1)
        (child,) = first.children()
        if asks:
            assert server.post(key, LOOK_BACK, at=0).status_code == 200
        query = """SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE tablename = 'recommendations_head'"""
        [(table,)] = holding.execute(query).fetchall()
        holding.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        asked = pool.submit(server.post, key, LOOK_BACK, at=0)
        time.sleep(1)
        first.kill()
        with pytest.raises(httpx.TransportError):
            asked.result()
        until(lambda: not child.is_running(), 3 * bulkhead.ending_seconds_max)


def listed(first: int | str) -> str:
    return f"recommendations(first: {first}) {{ totalCount nodes {{ id assignments {{ id }} }} }}"


@pytest.mark.parametrize(
    ("document", "objects"),
    [
        ("{ logIndex }", 0),
        ("{ recommendations { totalCount } }", 1),
        ("{ recommendations { nodes { id } } }", 51),
        ("{ recommendations(first: 3) { edges { node { id } } } }", 1 + 3 * 2),
        (f"{{ {listed(7)} }}", 1 + 7 * 11),
        (f"query($n: Int) {{ {listed('$n')} }}", 1 + 200 * 11),
        (f"{{ ...more {listed(2)} }} fragment more on Query {{ b: {listed(3)} }}", 2 + 5 * 11),
        ("{ __schema { types { name } } }", 15_000),
        ("mutation { remark(input: {}) { recommendation { id } } }", 2),
    ],
)
def test_a_document_tells_how_many_objects_it_may_be_answered_with(
    document: str, objects: int
) -> None:
    assert objects_of(parse(document), SCHEMA) == {None: objects}


HISTORY = "history { nodes { logIndex event { __typename } } }"


@pytest.mark.parametrize(
    ("document", "takes"),
    [
        ("{ recommendations(first: 200) { nodes { id text } } }", Takes.SHORT),
        ("{ recommendations { nodes { history { nodes { reason } } } } }", Takes.LARGE),
        (f"{{ recommendations(first: 20) {{ nodes {{ {HISTORY} }} }} }}", Takes.SHORT),
        (
            "{ recommendations { nodes { lineage { recommendation { lineage { type } } } } } }",
            Takes.LARGE,
        ),
        ("{ events(first: 500) { nodes { logIndex } } }", Takes.SHORT),
        ("{ recommendations(asOf: {logIndex: 1}) { totalCount } }", Takes.LOOK_BACK),
    ],
)
def test_what_may_answer_with_much_is_read_apart(document: str, takes: Takes) -> None:
    operation = Executor(Settings()).prepare(document, None)
    assert operation.takes(None) is takes
    assert operation.is_long(None) is (takes is not Takes.SHORT)


@pytest.mark.parametrize(
    ("document", "is_long"),
    [
        ("query($at: Int) { recommendations(asOf: {logIndex: $at}) { totalCount } }", True),
        ('{ importJob(uuid: "x") { status } }', True),
        ('mutation { takeSteps(input: {commandId: "c-1", steps: []}) { logIndex } }', True),
        ('mutation { remark(input: {commandId: "c-1", id: "x"}) { logIndex } }', False),
    ],
)
def test_what_many_cases_or_jobs_need_is_done_apart(document: str, is_long: bool) -> None:
    looks, fields = looking_back(parse(document))[None]
    is_mutation = "mutation" in document
    assert Operation(parse(document), None, is_mutation, looks, fields, 0).is_long({}) is is_long
