"""Who asks: the bearer key of an HTTP request, and how one is refused before anything runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.door import visit_of
from api.service import Service
from domain.refusals import Busy, Forbidden, LimitExceeded, NotFound, Refusal, TimedOut, Unavailable
from workflows.access import Principal

retry_seconds = 5
"""After how long a request may be sent again that has to wait its turn."""

log_line = structlog.get_logger("suivi.http")


class Refused(Exception):
    """A request that is answered without running anything: HTTP status, message, headers, and the
    code of the refusal that says the same, where one does."""

    def __init__(self, status: int, message: str, code: str | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Bearer(NamedTuple):
    """The key that a request bears, and its id: it was granted once, and may be revoked since."""

    key: str
    id: UUID


async def bearing(request: Request, service: Service) -> Bearer:
    """The key that a request bears; Refused (401) where it bears none that was ever granted, Busy
    where such requests, or those of the key, come too often. `holder` says whose it is."""
    visit = visit_of(request)
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    key = said.strip()
    challenge = 'Bearer realm="suivi"'
    if scheme.lower() != "bearer" or not key:
        visit.is_nobodys()
        raise Refused(401, "Send a key: Authorization: Bearer …", WWW_Authenticate=challenge)
    service.serve_no_older_log()  # here, for what is passed on to another process too
    id = service.keys.known(key)
    if id is None and service.keys.may_be(key):
        loop = asyncio.get_running_loop()
        id = await loop.run_in_executor(service.finding, service.keys.find, key)
    if id is None:
        visit.is_nobodys()
        raise _unknown()
    visit.belongs_to(id)
    return Bearer(key, id)


def holder(bearer: Bearer, service: Service) -> Principal:
    """Whose a key is now, as the log says; Refused (401) where it was revoked. It reads the log:
    not in the event loop."""
    principal = service.principal(bearer.key)
    if principal is None:
        raise _unknown()
    return principal


async def authenticated(request: Request, service: Service) -> Principal:
    """Whose key a request bears; Refused (401) where it bears none that is valid, Busy where such
    requests, or those of the key, come too often."""
    bearer = await bearing(request, service)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(service.authenticating, holder, bearer, service)


def _unknown() -> Refused:
    challenge = 'Bearer realm="suivi", error="invalid_token"'
    return Refused(401, "This key is unknown or revoked.", WWW_Authenticate=challenge)


Endpoint = Callable[[Request], Awaitable[Response]]


def busy(refusal: Busy) -> Refused:
    """How a request is answered that has to wait its turn: too many of this key, or of all."""
    status = 429 if "waiting" in refusal.facts else 503
    seconds = refusal.facts.get("seconds", retry_seconds)
    return Refused(status, refusal.message, refusal.code, Retry_After=str(seconds))


_STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (LimitExceeded, 413),
    (Unavailable, 503),
    (TimedOut, 503),
    (Refusal, 400),
)


def answering(endpoint: Endpoint) -> Endpoint:
    """An endpoint beside GraphQL, whose refusals are JSON with the same stable codes."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            return _error(refused.status, refused.message, refused.code, refused.headers)
        except Busy as refusal:
            later = busy(refusal)
            return _error(later.status, later.message, later.code, later.headers)
        except Refusal as refusal:
            status = next(status for kind, status in _STATUS if isinstance(refusal, kind))
            return _error(status, refusal.message, refusal.code, {})
        except Exception as fault:
            log_line.error("fault", path=request.url.path, exc_info=fault)
            message = "Something went wrong on our side; it has been logged."
            return _error(500, message, "INTERNAL", {})

    return answer


def _error(status: int, message: str, code: str | None, headers: dict[str, str]) -> Response:
    error = {"message": message, **({"extensions": {"code": code}} if code else {})}
    return JSONResponse({"errors": [error]}, status, {**headers, "Cache-Control": "no-store"})
