"""What takes long runs in a process of its own, so that it sinks nobody else.

One interpreter computes one thing at a time: beside looks back, exports and large answers, whoever
asks for little would wait for their turn in it. `suivi serve` is therefore two processes on one
store. The first speaks with clients, counts them at the door, and answers what takes little. The
second, behind the bulkhead, takes the rest, yields the processor to the first, and is started anew
should it end.

A request that passes the bulkhead has a pair of sockets, one of which is handed over: its ASGI
scope and the messages of its body go in, those of the answer come out. A socket that is closed says
that the client has gone. None of them has a name that somebody else could connect to.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.door import WavedThrough
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from api.authentication import Endpoint
    from api.service import Service
    from api.settings import Settings

starting_seconds_max = 30.0
"""How long a request waits for a process that is only being started."""
restart_seconds = 0.5
ending_seconds_max = 5.0
"""For how long the process behind answers what it has begun, and then closes the store."""
handed_max = 64
chunk_bytes = 65_536
nice_max = 19

PASSED = (
    *("type", "http_version", "method", "scheme", "path", "raw_path", "query_string"),
    *("root_path", "headers", "client", "server"),
)
"""What of an ASGI scope is data."""

log_line = structlog.get_logger("suivi.bulkhead")


# --- Frames --------------------------------------------------------------------------------------


async def _read(reader: asyncio.StreamReader) -> Any:
    """The next frame; None where the other side has closed."""
    try:
        size = int.from_bytes(await reader.readexactly(4))
        return msgspec.msgpack.decode(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def _write(writer: asyncio.StreamWriter, said: Any) -> None:
    frame = msgspec.msgpack.encode(said)
    writer.writelines((len(frame).to_bytes(4), frame))
    await writer.drain()


# --- Before it -----------------------------------------------------------------------------------


class Bulkhead:
    """The process behind, and the way to it. `feed`: brings the views up to the log, when that
    process asks for it."""

    def __init__(self, feed: Callable[[], None]) -> None:
        self._feed = feed
        self._control: socket.socket | None = None
        self._ready = asyncio.Event()
        self._ready_at = float("-inf")
        """When the process could last be asked; it is not ready until it could the first time."""
        self._ending = False
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    @staticmethod
    def is_possible() -> bool:
        """True where the system can hand sockets over."""
        return hasattr(socket, "send_fds")

    async def start(self) -> None:
        """Starts the process, and again whenever it ends."""
        self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while not self._ending:
            began = time.monotonic()
            mine, theirs = socket.socketpair()
            with mine:
                with theirs:
                    handed = theirs.fileno()
                    self._process = await asyncio.create_subprocess_exec(
                        *(sys.executable, "-m", "api.bulkhead", str(handed)), pass_fds=[handed]
                    )
                mine.setblocking(False)
                loop = asyncio.get_running_loop()
                with suppress(ConnectionError):
                    if await loop.sock_recv(mine, 1):
                        self._control = mine
                        self._ready.set()
                        while await loop.sock_recv(mine, chunk_bytes):
                            self._feed()
                code = await self._process.wait()
                if self._ready.is_set():
                    self._ready.clear()
                    self._ready_at = time.monotonic()
            if not self._ending:
                log_line.error("the process for what takes long ended; starting it anew", code=code)
                await asyncio.sleep(max(0.0, restart_seconds - (time.monotonic() - began)))

    def why_not(self) -> str | None:
        """Why the process can't be asked, where that lasts; None when it can."""
        lasts = time.monotonic() - self._ready_at > starting_seconds_max
        return "Long work can't be answered yet." if lasts and not self._ready.is_set() else None

    def stop(self) -> None:
        """Tells the process that the server ends: what takes long is told so."""
        self._ending = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    async def close(self) -> None:
        """Ends the process."""
        self.stop()
        if self._keeping is not None:
            done, _ = await asyncio.wait((self._keeping,), timeout=3 * ending_seconds_max)
            if not done and self._process is not None:
                self._process.kill()
                await self._keeping

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the process. Raises OSError where it does not run."""
        await asyncio.wait_for(self._ready.wait(), starting_seconds_max)
        assert self._control is not None
        mine, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:
                mine.close()
                raise
        return await asyncio.open_unix_connection(sock=mine)


def _unavailable() -> Response:
    message = "What takes long can't be answered now; try again."
    error = {"message": message, "extensions": {"code": Unavailable.code}}
    headers = {"Retry-After": "1", "Cache-Control": "no-store"}
    return JSONResponse({"errors": [error]}, 503, headers)


class Passed(Response):
    """A request passed on, and answered as the process behind answers. `body`: its body, where that
    has been read; else the body is passed on as it comes."""

    def __init__(self, bulkhead: Bulkhead, body: bytes | None = None) -> None:
        self._bulkhead = bulkhead
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        asking = asyncio.ensure_future(self._ask(receive, connected))
        answering = asyncio.ensure_future(self._answer(scope, receive, send, connected))
        try:
            await asyncio.wait((asking, answering), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
        finally:
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)

    async def _ask(self, receive: Receive, connected: asyncio.Future[asyncio.StreamWriter]) -> None:
        """Passes the body on; returns when the client has gone."""
        if self._body is not None:
            await self._pass_on({"type": "http.request", "body": self._body}, connected)
        while (message := await receive())["type"] != "http.disconnect":
            if self._body is None:
                await self._pass_on(message, connected)

    @staticmethod
    async def _pass_on(message: Message, connected: asyncio.Future[asyncio.StreamWriter]) -> None:
        try:
            await _write(await connected, message)
        except ConnectionError:
            await asyncio.Event().wait()  # it wants no more of the body: its answer ends this

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        connected: asyncio.Future[asyncio.StreamWriter],
    ) -> None:
        message: Message | None = None
        try:
            reader, writer = await self._bulkhead.connect()
        except OSError:
            await _unavailable()(scope, receive, send)
            return
        try:
            with suppress(ConnectionError):
                await _write(writer, {name: scope[name] for name in PASSED if name in scope})
            connected.set_result(writer)
            while (next_ := await _read(reader)) is not None:
                await send(message := next_)
        finally:
            writer.close()
        if message is None:
            await _unavailable()(scope, receive, send)
        elif message["type"] != "http.response.body" or message.get("more_body"):
            raise ConnectionError("the process for what takes long ended amid an answer")


def passing(endpoint: Endpoint, whose: Callable[[Request, Service], Awaitable[object]]) -> Endpoint:
    """An endpoint whose requests pass the bulkhead, where there is one, once it is known `whose`
    they are."""

    async def answer(request: Request) -> Response:
        state = request.app.state
        if state.bulkhead is None:
            return await endpoint(request)
        await whose(request, state.service)
        return Passed(state.bulkhead)

    return answer


# --- Behind it -----------------------------------------------------------------------------------


class Behind:
    """Answers what has passed the bulkhead."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def answer(self, handed: socket.socket) -> None:
        """Answers the one request that a socket brings."""
        reader, writer = await asyncio.open_unix_connection(sock=handed)
        try:
            if (scope := await _read(reader)) is not None:
                await self._answer(scope, reader, writer)
                # What nobody read of the body would reset the socket, and the answer be lost.
                with suppress(ConnectionError):
                    writer.write_eof()
                    while await reader.read(chunk_bytes):
                        pass
        finally:
            writer.close()

    async def _answer(
        self,
        scope: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        async def receive() -> Message:
            message: Message | None = await _read(reader)
            return {"type": "http.disconnect"} if message is None else message

        async def send(message: Message) -> None:
            # Who answers learns from `receive` that the client has gone, as ASGI has it.
            with suppress(ConnectionError):
                await _write(writer, message)

        for name in ("client", "server"):
            if scope.get(name) is not None:
                scope[name] = tuple(scope[name])
        scope["headers"] = [(name, value) for name, value in scope["headers"]]
        scope |= {"asgi": {"version": "3.0"}, "visit": WavedThrough()}
        await self._app(scope, receive, send)


async def behind(control: socket.socket, settings: Settings) -> None:
    """The process behind: answers at the sockets that it is handed until it is told to stop, or
    the process before it has gone."""
    from api.command_line import loading

    with loading():
        from api.app import create_app
        from api.service import Service

        def wake_feeder() -> None:
            with suppress(BlockingIOError):  # it has been woken, and has not looked yet
                control.send(b"+")

        service = Service(settings, wake_feeder=wake_feeder)
    it = Behind(create_app(service))
    ended = asyncio.Event()
    answering: set[asyncio.Task[None]] = set()

    def take() -> None:
        try:
            said, handed, *_ = socket.recv_fds(control, handed_max, handed_max)
        except BlockingIOError:
            return
        if not said:
            ended.set()
        for one in handed:
            task = asyncio.create_task(it.answer(socket.socket(fileno=one)))
            answering.add(task)
            task.add_done_callback(answering.discard)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # which a terminal sends to both
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_reader(control, take)
    control.send(b"+")
    await ended.wait()
    loop.remove_reader(control)
    service.stop()
    if answering:
        await asyncio.wait(answering, timeout=ending_seconds_max)
    closing = Thread(target=service.close, daemon=True)
    closing.start()
    await asyncio.to_thread(closing.join, ending_seconds_max)


def _end_with(control: socket.socket) -> None:
    """Ends this process a while after the one before it has gone, whatever it waits for."""
    gone = select.poll()
    gone.register(control, 0)
    gone.poll()
    time.sleep(2 * ending_seconds_max)
    os._exit(1)


def yield_processor(nice: int) -> None:
    """Lets others go first. Where it yields most and the system can, it takes only what is left
    over: a processor that does nothing else then counts as free, and who wakes up goes there."""
    os.nice(nice)
    if nice == nice_max and hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def main() -> None:
    from api.command_line import configure_logging, switch_seconds
    from api.settings import read_settings

    settings = read_settings()
    os.umask(0o077)
    sys.setswitchinterval(switch_seconds)
    yield_processor(settings.bulkhead_nice)
    configure_logging(settings.log_format)
    with socket.socket(fileno=int(sys.argv[1])) as control:
        control.setblocking(False)
        Thread(target=_end_with, args=(control,), daemon=True).start()
        asyncio.run(behind(control, settings))
    sys.stderr.flush()
    os._exit(0)  # whatever still waits for a store that does not answer


if __name__ == "__main__":
    main()
