"""Answers over HTTP, against an endpoint that does nothing but send as many bytes.

Server and peer are processes of their own; the client is this process: threads with one kept
connection each, speaking through the standard library, the cheapest client at hand. With eight
clients on two cores the client's own share is large, for both arms alike.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from benchmarks.measuring import Bench, Ratio
from benchmarks.record import a_record
from benchmarks.stores import STORES
from domain.recommendation import fold
from workflows import keys
from workflows.log import Log

HOST = "127.0.0.1"
CLIENTS = (1, 8)
cases_max = 400
LIST = """{ recommendations(first: 50) { totalCount pageInfo { endCursor }
  nodes { id symbol paragraph text position stage version } } }"""
PLAN = """mutation($input: PlanImplementationInput!) { planImplementation(input: $input) {
  recommendation { version stage } entries { event { __typename } logIndex } logIndex
  errors { code } } }"""
PEER = "a constant answer of the same size, starlette on uvicorn"
BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
answer = b"x" * int(sys.argv[2])
async def constant(request):
    await request.body()
    return Response(answer, media_type="application/json")
uvicorn.run(
    Starlette(routes=[Route("/graphql", constant, methods=["POST"])]),
    host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False,
)
"""


class Case(NamedTuple):
    """A recommendation a client works on, and the version it saw last."""

    id: str
    version: int


def steps(quick: bool) -> int:
    return 2 * len(CLIENTS) * len(STORES)


def measure(bench: Bench) -> None:
    recommendations, requests = (200, 40) if bench.quick else (2_000, 200)
    for store, started in STORES.items():
        with started() as fresh, fresh() as url:
            key, cases = prepared(url, recommendations)
            with served(url) as port:
                for clients in CLIENTS:
                    compare(bench, store, "list of 50", clients, requests, port, key, listing)
                    each = len(cases) // clients
                    take = [Planner(cases[i * each : (i + 1) * each]) for i in range(clients)]
                    compare(bench, store, "mutation", clients, requests, port, key, take)
                    cases = [Case(*known) for plan in take for known in plan.versions.items()]


def listing() -> str:
    return json.dumps({"query": LIST})


class Planner:
    """One client's mutations, on one of its recommendations after the other."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.versions = {case.id: case.version for case in cases}
        self.turns = itertools.cycle(self.versions)
        self.at = ""

    def __call__(self) -> str:
        self.at = next(self.turns)
        said = {
            "id": self.at,
            "commandId": f"plan-{self.at}-{self.versions[self.at]}",
            "expectedVersion": self.versions[self.at],
            "measures": "A bill is drafted and a working group is set up.",
        }
        return json.dumps({"query": PLAN, "variables": {"input": said}})

    def heard(self, answer: bytes) -> None:
        payload = json.loads(answer)["data"]["planImplementation"]
        assert payload["errors"] == [], payload
        self.versions[self.at] += 1


def prepared(url: str, recommendations: int) -> tuple[str, list[Case]]:
    """A record of so many recommendations, a coordinator's key, and cases that are assigned."""
    log = Log(url)
    try:
        entries = a_record(recommendations)
        for start in range(0, len(entries), 1_000):
            log.append(f"import-{start}", bytes(32), entries[start : start + 1_000])
        _, key = keys.create_key(
            log, role="coordinator", institution="mfa", actor=None, system=None, authority=None
        )
        cases: list[Case] = []
        for entry in entries:
            if entry.version != 1 or len(cases) == cases_max:
                continue
            r = log.load(entry.stream, fold)
            assert r is not None
            if r.closed is None and r.standing:
                cases.append(Case(str(r.id), r.version))
        return key, cases
    finally:
        log.close()


@contextlib.contextmanager
def served(url: str) -> Iterator[int]:
    """`suivi serve` on a free port."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "SUIVI_DATABASE_URL": url}
    command = [sys.executable, "-m", "api.command_line", "serve", "--port", str(port)]
    with running(command, port, environment):
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        for _ in range(600):
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                break
            time.sleep(0.1)
        connection.close()
        yield port


@contextlib.contextmanager
def running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    """A process that listens on a port, ended afterwards."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection((HOST, port)):
                    break
                assert process.poll() is None, f"{command[:3]} ended"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def compare(
    bench: Bench,
    store: str,
    what: str,
    clients: int,
    requests: int,
    port: int,
    key: str,
    asked: Callable[[], str] | list[Planner],
) -> None:
    """Times requests round by round, ours and the peer's in turns, and keeps p50 and p99."""
    makers = asked if isinstance(asked, list) else [asked] * clients
    sample = ask(http.client.HTTPConnection(HOST, port, timeout=60), key, makers[0])[1]
    with socket.create_server((HOST, 0)) as free:
        beside = free.getsockname()[1]
    peer = [sys.executable, "-c", BARE, str(beside), str(len(sample))]
    ratios: dict[str, list[float]] = {"p50": [], "p99": []}
    seconds: dict[str, list[float]] = {"p50": [], "p99": []}
    with running(peer, beside, dict(os.environ)):
        for turn in range(bench.rounds + 1):
            ours = percentiles(port, key, makers, requests)
            theirs = percentiles(beside, key, [lambda: "{}"] * clients, requests)
            for name in ratios if turn else ():
                ratios[name].append(theirs[name] / ours[name])
                seconds[name].append(ours[name])
    for name, found in ratios.items():
        low, middle, high = statistics.quantiles(found, n=4, method="inclusive")
        bench.ratios.append(
            Ratio(
                part="http",
                store=store,
                case=f"{what}, {clients} client{'s' if clients > 1 else ''}, {name}",
                peer=PEER,
                ratio=round(middle, 3),
                low=round(low, 3),
                high=round(high, 3),
                rate=round(1_000 * statistics.median(seconds[name]), 2),
                unit="ms",
            )
        )
    bench.done(f"http, {store}: {what}, {clients}")


def percentiles(port: int, key: str, makers: list[Any], requests: int) -> dict[str, float]:
    """p50 and p99 of `requests` requests, shared out among as many clients as there are makers."""

    def one(maker: Any) -> list[float]:
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        times = [ask(connection, key, maker)[0] for _ in range(max(requests // len(makers), 10))]
        connection.close()
        return times

    with ThreadPoolExecutor(len(makers)) as pool:
        times = sorted(t for some in pool.map(one, makers) for t in some)
    return {
        "p50": times[len(times) // 2],
        "p99": times[min(len(times) * 99 // 100, len(times) - 1)],
    }


def ask(connection: http.client.HTTPConnection, key: str, maker: Any) -> tuple[float, bytes]:
    """One request: how long it took, and the answer."""
    body = maker()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    start = time.perf_counter()
    connection.request("POST", "/graphql", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    took = time.perf_counter() - start
    assert answer.status == 200, content
    if isinstance(maker, Planner):
        maker.heard(content)
    return took, content
