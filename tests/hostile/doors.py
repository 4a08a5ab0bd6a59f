"""The doors by which inputs come in: data that says what is sent, as whom, and what is meant.

`means` names what may be the answer, words apart: a status ("413"), a code ("LIMIT_EXCEEDED"), "OK"
for an answer without an error, "CLOSED" for a connection that the server ended without an answer.
`events`: how many entries the log then has more; none where the answer is a refusal.
"""

from __future__ import annotations

import csv
import http.client
import io
import json
import os
import resource
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import msgspec

from tests.hostile.record import Known
from tests.server import ROOT, SUIVI

SECONDS_MAX = 20.0
"""How long the sender waits for an answer: longer than any request may take."""
ANSWER_BYTES_MAX = 50_000_000


class Used(NamedTuple):
    """What a process has used: CPU, and memory at its highest."""

    cpu_seconds: float
    peak_bytes: int


class Answer(msgspec.Struct):
    """What came back: the words that `means` is compared with, and the bytes. `used`: by the
    process that answered, where it was not the server."""

    words: frozenset[str]
    body: bytes = b""
    used: Used | None = None

    @property
    def status(self) -> int:
        return next((int(word) for word in self.words if word.isdecimal()), 0)


class Place(msgspec.Struct, frozen=True):
    """Where the server listens, what its record holds, the environment of its commands, and from
    which address it is asked."""

    port: int
    known: Known
    environment: dict[str, str]
    source: str = "127.0.0.1"


class Allowed(NamedTuple):
    """What an input may take where honest people ask for as much. `why`: who they are."""

    why: str
    cpu_seconds: float = 1.0
    memory_bytes: int = 50_000_000


STRANGER = Allowed("nobody needs more")
LOOK_BACK = Allowed(
    "one honest look back at the whole record folds each of its 13,600 entries, and what is kept "
    "of it for the next (SUIVI_AS_OF_MEMORY_BYTES_MAX) stays",
    cpu_seconds=4.0,
    memory_bytes=150_000_000,
)
EXPORT = Allowed("an honest export of the whole record reads and writes all of it", cpu_seconds=3.0)
SPREADSHEET = Allowed(
    "an honest spreadsheet of 200,000 rows has a million texts",
    cpu_seconds=2.0,
    memory_bytes=100_000_000,
)
GATE = Allowed("honest overlays take the gate more than a million conditions", cpu_seconds=3.0)
WHAT_IF = Allowed(
    "an honest draft is walked by the gate, and tried on 1,000 cases", cpu_seconds=3.0
)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What all doors have in common."""

    means: str
    allowed: Allowed = STRANGER
    who: str | None = "coordinator"
    events: int = 0

    def send(self, place: Place) -> Answer:
        raise NotImplementedError

    def entries(self, answer: Answer) -> int:
        """How many entries are meant by this answer."""
        return self.events if "OK" in answer.words else 0

    def harm(self, answer: Answer) -> Iterator[str]:
        """What in the answer would do harm to whoever opens it."""
        return iter(())

    def bearer(self, place: Place) -> dict[str, str]:
        key = None if self.who is None else place.known.keys.get(self.who, self.who)
        return {} if key is None else {"Authorization": f"Bearer {key}"}


# --- HTTP in its usual form ----------------------------------------------------------------------


class Request(Sent, frozen=True, kw_only=True):
    """A request by any method to any path, whose parameters are encoded."""

    path: str
    method: str = "GET"
    parameters: Sequence[tuple[str, str]] = ()
    headers: dict[str, str] = {}
    body: bytes = b""

    def send(self, place: Place) -> Answer:
        target = f"{self.path}?{urlencode(self.parameters)}" if self.parameters else self.path
        return exchange(
            place, self.method, target, self.body, {**self.bearer(place), **self.headers}
        )


class Query(Sent, frozen=True, kw_only=True):
    """A GraphQL document by POST, with variables. `raw`: the body as it is, instead of them."""

    document: str = ""
    variables: dict[str, Any] | None = None
    operation: str | None = None
    raw: bytes | None = None
    headers: dict[str, str] = {}

    def send(self, place: Place) -> Answer:
        asked: dict[str, Any] = {"query": self.document}
        if self.variables is not None:
            asked["variables"] = self.variables
        if self.operation is not None:
            asked["operationName"] = self.operation
        body = json.dumps(asked).encode() if self.raw is None else self.raw
        headers = {"Content-Type": "application/json", **self.bearer(place), **self.headers}
        return exchange(place, "POST", "/graphql", body, headers)


class Step(Sent, frozen=True, kw_only=True):
    """A mutation with its input; a command id is chosen where none is given."""

    mutation: str
    input: dict[str, Any]
    asks: str = "errors { code message }"
    kind: str = ""
    """The GraphQL type of the input, where it is not called like the mutation."""

    def query(self) -> Query:
        kind = self.kind or f"{self.mutation[0].upper()}{self.mutation[1:]}Input"
        document = (
            f"mutation($input: {kind}!) {{ {self.mutation}(input: $input) {{ {self.asks} }} }}"
        )
        variables = {"input": {"commandId": uuid4().hex, **self.input}}
        return Query(means=self.means, who=self.who, document=document, variables=variables)

    def send(self, place: Place) -> Answer:
        return self.query().send(place)


class Import(Sent, frozen=True, kw_only=True):
    """A file that is uploaded and then read by a dry run; the file itself is an entry."""

    file: bytes
    format: str
    options: dict[str, Any] = msgspec.field(default_factory=lambda: {"state": "SVN"})

    def send(self, place: Place) -> Answer:
        headers = {**self.bearer(place), "Content-Disposition": 'attachment; filename="file"'}
        put = exchange(place, "PUT", "/files?addressee=SVN", self.file, headers)
        if "201" not in put.words:
            return put
        answer = self._read(place, json.loads(put.body)["id"])
        return Answer(answer.words | {"STORED"}, answer.body)

    def entries(self, answer: Answer) -> int:
        return int("STORED" in answer.words)

    def _read(self, place: Place, id: str) -> Answer:
        started = Step(
            means="",
            who=self.who,
            mutation="startImport",
            input={
                "file": id,
                "format": self.format.upper().replace("-", "_"),
                "dryRun": True,
                **self.options,
            },
            asks="job { uuid } errors { code message }",
        ).send(place)
        if "OK" not in started.words:
            return started
        uuid = json.loads(started.body)["data"]["startImport"]["job"]["uuid"]
        document = "query($uuid: String!) { importJob(uuid: $uuid) { status code message } }"
        asking = Query(means="", who=self.who, document=document, variables={"uuid": uuid})
        until = time.monotonic() + SECONDS_MAX
        while True:
            asked = asking.send(place)
            if "OK" not in asked.words:
                return asked
            job = json.loads(asked.body)["data"]["importJob"]
            if job["status"] in ("COMPLETED", "FAILED"):
                codes = {job["code"]} if job["code"] else {"OK"}
                return Answer(frozenset({"200", job["status"], *codes}), asked.body)
            if time.monotonic() > until:
                return Answer(frozenset({"UNFINISHED"}), asked.body)
            time.sleep(0.1)


class Export(Request, frozen=True, kw_only=True):
    """A table as a file, no cell of which a spreadsheet may take for a formula."""

    def harm(self, answer: Answer) -> Iterator[str]:
        if not answer.body.startswith(b"PK"):
            rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""))
            for cell in (cell for row in rows for cell in row):
                if cell.lstrip().startswith(("=", "+", "@")):
                    yield f"a cell is a formula: {cell[:80]!r}"
            return
        with zipfile.ZipFile(io.BytesIO(answer.body)) as file:
            for name in file.namelist():
                if b"<f>" in (part := file.read(name)) or b"<f " in part:
                    yield f"a cell of {name} is a formula"


# --- HTTP as it should not be --------------------------------------------------------------------


class Raw(Sent, frozen=True, kw_only=True):
    """Bytes as they are, piece by piece with a pause after each. `{key}` in the first piece is the
    key's header. `hangs_up`: the connection is closed after the last piece, nothing is read."""

    pieces: Sequence[bytes]
    pause_seconds: float = 0.0
    hangs_up: bool = False
    connections: int = 1
    """How many do so at once."""
    seconds_max: float = SECONDS_MAX

    def send(self, place: Place) -> Answer:
        key = "".join(f"{name}: {value}" for name, value in self.bearer(place).items())
        first, *more = self.pieces
        pieces = [first.replace(b"{key}", key.encode()), *more]
        sockets = []
        try:
            sockets.extend(_connected(place) for _ in range(self.connections))
            for piece in pieces:
                for one in sockets:
                    try:
                        one.sendall(piece)
                    except OSError:
                        break  # it has been closed; what it said is read below
                else:
                    if self.pause_seconds:
                        time.sleep(self.pause_seconds)
                    continue
                break
            if self.hangs_up:
                return Answer(frozenset({"CLOSED"}))
            until = time.monotonic() + self.seconds_max
            answers = [_read(one, max(until - time.monotonic(), 0.1)) for one in sockets]
        finally:
            for one in sockets:
                one.close()
        words = frozenset.intersection(*(answer.words for answer in answers))
        return Answer(words or frozenset({"DIFFERENT"}), answers[0].body)


def raw(head: str, body: bytes = b"", **more: Any) -> Raw:
    """A request whose lines are written as they are sent; line ends become CRLF."""
    lines = head.strip("\n").replace("\n", "\r\n") + "\r\n\r\n"
    return Raw(pieces=[lines.encode("latin-1") + body], **more)


# --- The command line ----------------------------------------------------------------------------


class Command(Sent, frozen=True, kw_only=True):
    """`suivi` with arguments, beside the server and on its store. `{file}` among them is a file
    that holds `file`. Its CPU and memory are the process's own."""

    arguments: Sequence[str]
    file: bytes = b""
    name: str = "file"

    def send(self, place: Place) -> Answer:
        with (
            tempfile.TemporaryDirectory(prefix="suivi-hostile-") as folder,
            tempfile.TemporaryFile() as out,
        ):
            file = Path(folder) / self.name
            file.write_bytes(self.file)
            started = subprocess.Popen(
                [*SUIVI, *(argument.replace("{file}", str(file)) for argument in self.arguments)],
                cwd=ROOT,
                env=place.environment,
                stdout=out,
                stderr=out,
                preexec_fn=_bounded,
            )
            _, status, used = os.wait4(started.pid, 0)
            started.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            said = out.read()
        code = said.rpartition(b"[")[2].partition(b"]")[0].decode("utf-8", "replace")
        return Answer(
            frozenset({f"EXIT{started.returncode}", code}),
            said,
            Used(used.ru_utime + used.ru_stime, used.ru_maxrss * 1_024),
        )


def _bounded() -> None:
    """Ends a command that computes without end."""
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))


# --- Answers -------------------------------------------------------------------------------------


def exchange(
    place: Place, method: str, target: str, body: bytes, headers: dict[str, str]
) -> Answer:
    """One request and its answer, over a connection of its own."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", place.port, timeout=SECONDS_MAX, source_address=(place.source, 0)
    )
    try:
        connection.request(method, target, body or None, headers)
        answer = connection.getresponse()
        return read(answer.status, answer.read(ANSWER_BYTES_MAX))
    except TimeoutError:
        return Answer(frozenset({"NO-ANSWER"}))
    except (OSError, http.client.HTTPException, ValueError):
        return Answer(frozenset({"CLOSED"}))
    finally:
        connection.close()


def _connected(place: Place) -> socket.socket:
    to, source = ("127.0.0.1", place.port), (place.source, 0)
    return socket.create_connection(to, timeout=5, source_address=source)


def _read(one: socket.socket, seconds_max: float) -> Answer:
    """The first answer on a connection, or that there was none."""
    one.settimeout(seconds_max)
    try:
        answer = http.client.HTTPResponse(one)
        answer.begin()
        return read(answer.status, answer.read(ANSWER_BYTES_MAX))
    except TimeoutError:
        return Answer(frozenset({"NO-ANSWER"}))
    except (OSError, http.client.HTTPException):
        return Answer(frozenset({"CLOSED"}))


def read(status: int, body: bytes) -> Answer:
    """An answer's words: its status, the codes of its errors, OK where there are none."""
    words = {str(status)}
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    codes = {code for code in _codes(said) if code}
    if status < 300 and not codes:
        words.add("OK")
    return Answer(frozenset(words | codes), body)


def _codes(said: Any) -> Iterator[str]:
    """The codes of errors, of the request and in the payload of each mutation."""
    if not isinstance(said, dict):
        return
    for error in said.get("errors") or ():
        yield (error.get("extensions") or {}).get("code", "REFUSED")
    if isinstance(said.get("code"), str):
        yield said["code"]
    for payload in (said.get("data") or {}).values() if isinstance(said.get("data"), dict) else ():
        if isinstance(payload, dict):
            for error in payload.get("errors") or ():
                if isinstance(error, dict):
                    yield error.get("code", "REFUSED")
