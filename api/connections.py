"""Connections over HTTP/1.1, bounded in what they may keep a server waiting for and holding.

uvicorn bounds neither the headers of a request nor the time they take, nor how slowly a body may
come or an answer be taken. A connection that breaks a bound is closed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.settings import Settings

pace_bytes_per_second = 1_000
"""The slowest that a body may come."""
framing_bytes_per_byte = 8
"""What surrounds a chunk of a body, at most, for each byte of it."""


class Connections:
    """The open connections of one server, by address."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Counts a connection; False where there are too many."""
        self._open[address] += 1
        settings = self.settings
        if self._open.total() > settings.connections_max:
            return False
        # Behind a proxy all come from one address.
        most = settings.address_connections_max
        return settings.trust_forwarded_for or self._open[address] <= most

    def leave(self, address: str) -> None:
        """A connection is closed."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Its parser tells what comes; what is kept meanwhile is counted."""

    def __init__(self, among: Connections, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._among = among
        self._settings = among.settings
        self._address = ""
        self._waiting_for: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._is_in_headers = False
        self._is_in_body = False
        self._head_bytes = 0
        """Of the headers that come, and of what surrounds the chunks of a body."""
        self._rest_bytes = 0
        """Of what came last: all but the body."""
        self._body_bytes = 0
        self._paced_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        if self._among.enter(self._address):
            self._wait(self._settings.header_seconds_max, self._give_up)
        else:
            self._give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self._among.leave(self._address)
        self._no_longer_wait()
        self.resume_writing()
        super().connection_lost(exc)

    # -- what comes in

    def data_received(self, data: bytes) -> None:
        self._rest_bytes = len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        self._head_bytes += self._rest_bytes
        framing = framing_bytes_per_byte * self._body_bytes if self._is_in_body else 0
        if not (self._is_in_headers or self._is_in_body):
            self._head_bytes = 0
        elif self._head_bytes > self._settings.header_bytes_max + framing:
            self._too_large()
            return
        if self._is_in_body:
            if self._waiting_for is None:
                self._paced_bytes = self._body_bytes
                self._wait(self._settings.body_seconds_max, self._pace)
        elif self._waiting_for is None and not self._is_answering():
            self._wait(self._settings.header_seconds_max, self._give_up)

    def _is_answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_headers = True
        self._head_bytes = self._body_bytes = 0

    def on_headers_complete(self) -> None:
        self._is_in_headers, self._is_in_body = False, True
        self._no_longer_wait()
        said = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if said > self._settings.header_bytes_max:
            self._too_large()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._rest_bytes -= len(body)
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        self._no_longer_wait()
        if not self.transport.is_closing():
            super().on_message_complete()

    def _pace(self) -> None:
        """Closes a connection whose body comes too slowly, unless it is we who do not read it."""
        self._waiting_for = None
        seconds = self._settings.body_seconds_max
        came = self._body_bytes - self._paced_bytes
        if came < pace_bytes_per_second * seconds and not self.flow.read_paused:
            self._give_up()
        else:
            self._paced_bytes = self._body_bytes
            self._wait(seconds, self._pace)

    # -- what goes out

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self._settings.body_seconds_max, self._give_up)

    def resume_writing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    # -- the end

    def _wait(self, seconds: float, then: Any) -> None:
        self._waiting_for = self.loop.call_later(seconds, then)

    def _no_longer_wait(self) -> None:
        if self._waiting_for is not None:
            self._waiting_for.cancel()
            self._waiting_for = None

    def _too_large(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
                b"connection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.close()

    def _give_up(self) -> None:
        self.transport.abort()


def bounded(settings: Settings) -> Any:
    """What makes the connections of one server, for uvicorn."""
    return partial(BoundedProtocol, Connections(settings))
