"""Who may come in now: how often and how many at once, by key and by address.

Counting takes microseconds and reads nothing. Whoever is turned away is told when to come again,
and told so a little late: who asks without a pause waits for each answer, and a server that
answered floods at once would do nothing else.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.settings import Settings
from domain.refusals import Busy

burst_seconds = 10
"""For so long more may come than on average, if there was nothing before."""
clients_kept_max = 10_000
"""Whose counts are kept; those not seen for longest are forgotten, and begin anew."""
unknown_burst_seconds = 60
"""As above, of requests without a valid key: who mistypes one tries often, and then no more."""
late_seconds = 1.0
"""How much later those are answered who come too often."""
OPEN = "/health/"
"""Paths that are never turned away: a sick server is to be seen."""


class Rate:
    """So many a second of each client, requests or bytes, on average over some seconds."""

    def __init__(
        self, per_second: float, clock: Callable[[], float] = time.monotonic, burst: float = 0
    ) -> None:
        self._per_second = per_second
        self._burst = max(burst or per_second * burst_seconds, 1.0)
        self._clock = clock
        self._held: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        """Client → how many are left to it, and when that was so."""

    def wait(self, client: Hashable, count: float = 1.0) -> float:
        """Counts one request, or so many bytes. 0 if they may come in; if not, after how many
        seconds they may. More than ever may come at once come in when nothing was before them."""
        now = self._clock()
        left, then = self._held.get(client, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        needed = min(count, self._burst)
        is_in = left >= needed
        self._held[client] = (left - count if is_in else left), now
        self._held.move_to_end(client)
        if len(self._held) > clients_kept_max:
            self._held.popitem(last=False)
        return 0.0 if is_in else (needed - left) / self._per_second


class Visit:
    """One request at the door: whose it is, as far as is known, and what it counts for."""

    def __init__(self, door: Door, address: str) -> None:
        self._door = door
        self.address = address
        self.is_too_often = False
        self._key: Hashable = None

    def belongs_to(self, key: Hashable) -> None:
        """The request bears this valid key; Busy where it has too many."""
        door, most = self._door, self._door.settings.key_requests_at_once_max
        if door.by_key[key] >= most:
            message = f"{most} requests of this key are under way: await their answers."
            raise Busy(message, waiting=most)
        if seconds := door.key_rate.wait(key):
            raise self._too_often("This key sends", seconds)
        self._key = key
        door.by_key[key] += 1

    def brings(self, size: int) -> None:
        """So many bytes of its body come in; Busy where its key sends too many."""
        if seconds := self._door.bytes_rate.wait(self._key, size):
            raise self._too_often("This key sends", seconds, "bytes")

    def is_nobodys(self) -> None:
        """The request bears no valid key; Busy where such come too often from there."""
        if seconds := self._door.unknown_rate.wait(self.address):
            raise self._too_often("Without a valid key there come", seconds)

    def _too_often(self, who: str, seconds: float, what: str = "requests") -> Busy:
        self.is_too_often = True
        return Busy(
            f"{who} too many {what} a second: send this one again later.",
            waiting=math.ceil(seconds),
            seconds=math.ceil(seconds),
        )

    def leave(self) -> None:
        """The request is answered."""
        if self._key is not None:
            _less(self._door.by_key, self._key)


class WavedThrough:
    """A request that was counted at the door of another process."""

    def belongs_to(self, key: Hashable) -> None:
        """Is known."""

    def brings(self, size: int) -> None:
        """Was counted."""

    def is_nobodys(self) -> None:
        """Is known, too."""


class Door:
    """Counts who comes in and who leaves, in the event loop."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self.settings = settings
        self.key_rate = Rate(settings.key_requests_per_second_max)
        self.address_rate = Rate(settings.address_requests_per_second_max)
        self.bytes_rate = Rate(settings.key_body_bytes_per_second_max)
        unknown = settings.unknown_keys_per_second_max
        self.unknown_rate = Rate(unknown, burst=unknown * unknown_burst_seconds)
        self.by_key: Counter[Hashable] = Counter()
        self._by_address: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OPEN) or "visit" in scope:
            await self._app(scope, receive, send)
            return
        address = self._address(scope)
        most = self.settings.address_requests_at_once_max
        seconds = 1.0 if self._by_address[address] >= most else self.address_rate.wait(address)
        if seconds:
            await asyncio.sleep(late_seconds)
            await _told(seconds)(scope, receive, send)
            return
        visit = scope["visit"] = Visit(self, address)

        async def answer(message: Message) -> None:
            if visit.is_too_often and message["type"] == "http.response.start":
                await asyncio.sleep(late_seconds)
            await send(message)

        self._by_address[address] += 1
        try:
            await self._app(scope, receive, answer)
        finally:
            _less(self._by_address, address)
            visit.leave()

    def _address(self, scope: Scope) -> str:
        if self.settings.trust_forwarded_for:
            said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            if said:
                return str(said[-1].rpartition(b",")[2].strip().decode("latin-1")[:64])
        client = scope.get("client")
        return str(client[0]) if client else ""


def visit_of(request: Request) -> Visit | WavedThrough:
    """The visit of a request that came through the door."""
    found = request.scope["visit"]
    assert isinstance(found, (Visit, WavedThrough))
    return found


def _told(seconds: float) -> JSONResponse:
    error: dict[str, Any] = {
        "message": "Too many requests come from this address: send this one again later.",
        "extensions": {"code": Busy.code},
    }
    headers = {"Retry-After": str(math.ceil(seconds)), "Cache-Control": "no-store"}
    return JSONResponse({"errors": [error]}, 429, headers)


def _less(counts: Counter[Any], what: Hashable) -> None:
    counts[what] -= 1
    if not counts[what]:
        del counts[what]
