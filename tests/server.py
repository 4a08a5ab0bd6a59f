"""A running server for tests: a key for everybody, and few words to ask and to take steps.

`running` serves in a thread of this process, over a real socket, so that coverage sees it and a
test may look at the store beside it. `process` is `suivi serve` itself, as an operator starts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from strawberry.utils.str_converters import to_camel_case

from api.app import create_app
from api.connections import bounded
from api.derive import read_id
from api.schema import schema
from api.service import Service
from api.settings import Settings, variable
from api.steps import StepCircumstancesInput
from domain.casework.held import Due, Timer
from domain.effects import Instant
from domain.recommendation import fold
from tests import stores
from workflows.clock import Clock, machine_clock
from workflows.desk import Command
from workflows.keys import create_key
from workflows.procedure.firing import incident_of

ROOT = Path(__file__).parents[1]
SUIVI = (sys.executable, "-m", "api.command_line")

HOLDERS = {
    "administrator": ("administrator", "registry-of-keys"),
    "coordinator": ("coordinator", "mfa"),
    "clerk": ("clerk", "archive"),
    "justice": ("focal-point", "justice"),
    "labour": ("focal-point", "labour"),
    "auditor": ("auditor", "court-of-audit"),
    "reader": ("reader", "public"),
}
"""Who holds a key: role and institution. Two ministries, so that one can be kept from the other."""

OF_A_STATE = ("clerk", "justice", "labour")
"""Holders who speak for an institution of a State."""
STATES = ("SVN", "HRV", "XAA", "XAB")
"""Whose institutions have these codes."""

PAYLOAD = """
recommendation { id version position stage states symbol paragraph }
entries { event { __typename } logIndex version recordedAt visibility commandId }
logIndex
errors { code message currentVersion }
"""


class Server:
    """A server that runs, and how tests speak to it."""

    def __init__(self, url: str, keys: dict[str, str], service: Service | None = None) -> None:
        self.url = url
        self.keys = keys
        self._service = service
        self.client = httpx.Client(base_url=url, timeout=60)
        self._paragraphs = iter(range(1, 1_000_000))

    @property
    def service(self) -> Service:
        """The service inside, where it runs in this process."""
        assert self._service is not None
        return self._service

    def grant(self, name: str, role: str, institution: str, **more: Any) -> str:
        """Grants one more key; gives the key's id."""
        holder: dict[str, Any] = {"actor": f"p-{name}", "system": None, "authority": None, **more}
        id, self.keys[name] = create_key(
            self.service.log, role=role, institution=institution, **holder
        )
        return str(id)

    def register(self, institution: str, *persons: str, addressee: str = "SVN") -> None:
        """Registers persons of an institution, whom its systems may name."""
        for person in persons:
            said = {"addressee": addressee, "institution": institution, "person": person}
            query = """mutation($input: PersonInput!) { registerPerson(input: $input) {
                errors { code message } } }"""
            said["commandId"] = uuid4().hex
            assert self.ask("coordinator", query, input=said)["registerPerson"]["errors"] == []

    # -- asking

    def headers(self, who: str | None, **more: str) -> dict[str, str]:
        bearer = {} if who is None else {"Authorization": f"Bearer {self.keys.get(who, who)}"}
        return {**bearer, **more}

    def post(self, who: str | None, query: str, **variables: Any) -> httpx.Response:
        """A GraphQL request as it is; `who` is the name of a holder, a key, or nobody."""
        asked = {"query": query, "variables": variables}
        return self.client.post("/graphql", json=asked, headers=self.headers(who))

    def ask(self, who: str, query: str, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = self.post(who, query, **variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def refused(self, who: str, query: str, **variables: Any) -> dict[str, Any]:
        """The one error of an answer."""
        (error,) = self.post(who, query, **variables).json()["errors"]
        assert isinstance(error, dict)
        return error

    def size(self) -> int:
        """How many entries the log holds, looked up in the store itself."""
        return self.service.log.size

    # -- taking steps

    def take(self, who: str, mutation: str, **input: Any) -> dict[str, Any]:
        """The payload of a mutation; a command id is chosen where none is given. What belongs to
        the circumstances is named like the rest, and sent in them."""
        said = nested({"commandId": uuid4().hex, **input})
        answer = self.ask(who, document(mutation), input=said)
        assert isinstance(answer[mutation], dict)
        return answer[mutation]

    def step(self, who: str, mutation: str, id: str, **input: Any) -> dict[str, Any]:
        """The payload of a step on a recommendation as it stands, which must not be refused. What
        the clock does has a name of its own: `raise-incident`."""
        if mutation == "raise-incident":
            return self.raise_incident(id)
        if "expectedVersion" not in input:
            input["expectedVersion"] = self.version(id, who)
        payload = self.take(who, mutation, id=id, **input)
        assert payload["errors"] == [], payload["errors"]
        return payload

    def raise_incident(self, id: str) -> dict[str, Any]:
        """Records that a timer of a recommendation could not be fired."""
        desk, command = self.service.desk, Command.of_the_machine(uuid4().hex)
        it = fold(self.service.log.history([read_id(id)]))
        assert it is not None
        due = Due(Instant("2030-01-01T00:00:00Z"), Timer.PASS)
        entry = incident_of(desk.procedures, it, due, command.id, ZeroDivisionError())
        self.service.wait_for(desk.append(command, [entry]).appended.first)
        return {"errors": []}

    def receive(self, who: str = "coordinator", **input: Any) -> str:
        """Records one more recommendation; gives its id."""
        return self.received(who, **input)["recommendation"]["id"]  # type: ignore[no-any-return]

    def received(self, who: str = "coordinator", **input: Any) -> dict[str, Any]:
        """Records one more recommendation; gives the payload."""
        said = {**A_RECOMMENDATION, "paragraph": f"140.{next(self._paragraphs)}", **input}
        payload = self.take(who, "receiveRecommendation", **said)
        assert payload["errors"] == [], payload["errors"]
        return payload

    def version(self, id: str, who: str = "coordinator") -> int:
        query = "query($id: ID!) { recommendation(id: $id) { version } }"
        found = self.ask(who, query, id=id)["recommendation"]
        assert found is not None, id
        return int(found["version"])


A_RECOMMENDATION: dict[str, Any] = {
    "addressee": "SVN",
    "mechanism": "UPR",
    "body": "UPR",
    "language": "en",
    "parts": [{"text": "Ratify the convention", "recommendingStates": ["France"]}],
    "symbol": "A/HRC/59/15",
    "cycle": 4,
}


CIRCUMSTANCES = frozenset(
    to_camel_case(field.name) for field in dataclasses.fields(StepCircumstancesInput)
)


def nested(said: dict[str, Any]) -> dict[str, Any]:
    """An input with what belongs to the circumstances put there."""
    its = {name: value for name, value in said.items() if name in CIRCUMSTANCES}
    rest = {name: value for name, value in said.items() if name not in CIRCUMSTANCES}
    return {**rest, "circumstances": its} if its else rest


def document(mutation: str) -> str:
    """The GraphQL document that takes a step and asks for its whole payload."""
    mutations = schema._schema.mutation_type
    assert mutations is not None
    kind = mutations.fields[mutation].args["input"].type
    return f"mutation($input: {kind}) {{ {mutation}(input: $input) {{ {PAYLOAD} }} }}"


class Inside(uvicorn.Server):
    """Ends when it is told. Uvicorn itself looks every tenth of a second, and waits for another."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        await self.lifespan.shutdown()

    def end(self) -> None:
        """Tells it to end, from another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.set)


@contextmanager
def running(url: str, clock: Clock = machine_clock, **settings: Any) -> Iterator[Server]:
    """A server on the store at `url`, in a thread of this process, with a key for everybody. Timers
    fire only where a test asks for it: most histories are older than their deadlines."""
    settings.setdefault("serve_timers", False)
    beside = tempfile.TemporaryDirectory(prefix="suivi-files-")
    if not url.startswith("sqlite"):  # whose files lie beside it
        settings.setdefault("files_folder", beside.name)
    service = Service(Settings(database_url=stores.copied(url), **settings), clock)
    keys = {
        name: create_key(
            service.log,
            role=role,
            institution=institution,
            actor=f"p-{name}",
            system=None,
            authority=None,
            addressees=STATES if name in OF_A_STATE else (),
        )[1]
        for name, (role, institution) in HOLDERS.items()
    }
    inside = Inside(
        uvicorn.Config(
            create_app(service),
            http=bounded(service.settings),
            timeout_keep_alive=service.settings.idle_connection_seconds_max,
            proxy_headers=False,
            host="127.0.0.1",
            port=0,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
        )
    )
    thread = Thread(target=inside.run, name="server")
    thread.start()
    try:
        until(lambda: inside.started or not thread.is_alive())
        port = inside.servers[0].sockets[0].getsockname()[1]
        server = Server(f"http://127.0.0.1:{port}", keys, service)
        with server.client:
            yield server
    finally:
        inside.end()
        thread.join()
        beside.cleanup()


@contextmanager
def process(
    url: str, log: Path, *, under: tuple[str, ...] = (), **settings: Any
) -> Iterator[tuple[Server, subprocess.Popen[bytes]]]:
    """`suivi serve` as a process of its own, started by the command `under` if one is given; what
    it writes to standard error goes to `log`."""
    environment = {**os.environ, variable("database_url"): url}
    settings.setdefault("bulkhead_nice", 0)  # it need not yield to other tests
    environment |= {variable(name): str(value) for name, value in settings.items()}
    port = own_port()
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*under, *SUIVI, "serve", "--port", str(port)], env=environment, cwd=ROOT, stderr=errors
        ) as started,
    ):
        server = Server(f"http://127.0.0.1:{port}", {})
        try:
            with server.client:
                until(lambda: started.poll() is not None or _live(server))
                assert started.poll() is None, log.read_text()
                yield server, started
        finally:
            started.terminate()


_ports = itertools.count()


def own_port() -> int:
    """A free port that no other test of this run is given: a port that the system gives may be
    given again before a server takes it, and then another server answers there."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = 20_000 + 500 * (worker % 24) + next(_ports) % 500
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _live(server: Server) -> bool:
    try:
        return server.client.get("/health/live").is_success
    except httpx.TransportError:
        return False


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Waits until something holds; fails when it takes too long."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(pause)
        pause = min(1.3 * pause, 0.1)  # what takes long is not asked after all the time


@contextmanager
def store(request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty store for a whole module, on what `request.param` names."""
    if request.param == "sqlite":
        yield f"sqlite:///{factory.mktemp('store') / 'suivi.db'}"
    else:
        with request.getfixturevalue("postgres_server").store(stores.make) as url:
            yield url


STORES = ("sqlite", "postgresql")
