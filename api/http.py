"""GraphQL over HTTP, as the specification of the GraphQL Foundation has it, and health."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from api.authentication import Bearer, Refused, bearing, busy, holder
from api.bulkhead import Bulkhead, Passed
from api.context import Context
from api.door import visit_of
from api.execution import FAULT, BadRequest, Executor, Operation, Takes, format_error
from api.graphiql import page as graphiql_page
from api.lanes import in_lane
from api.service import Service
from domain.refusals import Busy, LimitExceeded, TimedOut, Unavailable

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"

READING = ("GET", "HEAD")
"""Methods that change nothing; HEAD asks for the headers of GET."""

read_at_once_bytes_max = 16_384
"""A longer body is read behind the bulkhead, or in a thread: it would hold up the loop."""
prepared_chars_max = 8_000
"""A longer document that is new is made ready behind the bulkhead."""

log_line = structlog.get_logger("suivi.http")


class Parameters(msgspec.Struct):
    """The parameters of a request, as the specification names them."""

    query: str
    operationName: str | None = None  # noqa: N815
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(Parameters).decode


class GraphQLEndpoint:
    """Answers at `/graphql`, each kind of operation in its lane."""

    def __init__(self, service: Service, bulkhead: Bulkhead | None = None) -> None:
        settings = service.settings
        self._service = service
        self._bulkhead = bulkhead
        self._executor = Executor(settings)
        self._lanes = service.lanes
        self._waiting = 0
        self._door = threading.Lock()

    async def __call__(self, request: Request) -> Response:
        started = time.perf_counter()
        request_id = uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        media = JSON
        key: str | None = None
        try:
            if request.method in READING and _wants_page(request):
                return graphiql_page()
            media = _accepted(request)
            bearer = await bearing(request, self._service)
            key = str(bearer.id)
            body = await self._body(request)
            asked = await self._asked(request, bearer, body)
            if isinstance(asked, Passed):
                return asked
            response, status = await self._answer(request, bearer, media, *asked)
        except Refused as refused:
            response, status, headers = _told(refused)
        except Busy as refusal:
            response, status, headers = _told(busy(refusal))
        except BadRequest as bad:
            response = {"errors": [format_error(error) for error in bad.errors]}
            status, headers = (400 if media == GRAPHQL_JSON else 200), {}
        except (Unavailable, TimedOut) as refusal:
            why = Refused(503, refusal.message, refusal.code, Retry_After="1")
            response, status, headers = _told(why)
        except Exception as fault:
            log_line.error("fault", exc_info=fault)
            response, status, headers = {"errors": [FAULT]}, 500, {}
        else:
            headers = {}
        answer = msgspec.json.encode(response, enc_hook=str)
        log_line.info(
            "request",
            key=key,
            status=status,
            errors=len(response.get("errors", ())),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )
        return Response(
            answer,
            status,
            {**headers, "Cache-Control": "no-store", "X-Request-Id": request_id},
            media_type=f"{media}; charset=utf-8",
        )

    async def _asked(
        self, request: Request, bearer: Bearer, body: bytes
    ) -> tuple[Operation, dict[str, Any] | None] | Passed:
        """The operation that a request asks for, and its variables; or the request passed on, where
        it takes long to answer or to read."""
        bulkhead = self._bulkhead
        if bulkhead is not None and len(body) > read_at_once_bytes_max:
            return Passed(bulkhead, body)
        parameters = await self._parameters(request, bearer, body)
        asked = parameters.query, parameters.operationName
        if self._executor.is_ready(parameters.query):
            operation = self._executor.prepare(*asked)
        elif bulkhead is not None and len(parameters.query) > prepared_chars_max:
            return Passed(bulkhead, body)
        else:
            # A document that was made to be slow to validate holds up a thread, never the loop.
            prepare = partial(self._prepare, bearer, *asked)
            operation = await in_lane(self._lanes.preparing, bearer.id, prepare, request)
        if bulkhead is not None and operation.is_long(parameters.variables):
            return Passed(bulkhead, body)
        return operation, parameters.variables

    def _prepare(self, bearer: Bearer, query: str, name: str | None) -> Operation:
        holder(bearer, self._service)  # first: a revoked key is told 401, not what the schema lacks
        return self._executor.prepare(query, name)

    async def _answer(
        self,
        request: Request,
        bearer: Bearer,
        media: str,
        operation: Operation,
        variables: dict[str, Any] | None,
    ) -> tuple[dict[str, Any], int]:
        if operation.is_mutation and request.method != "POST":
            raise Refused(405, "A mutation is sent by POST.", Allow="POST")
        response = await self._run(request, operation, variables, bearer)
        failed = "data" not in response
        return response, 400 if failed and media == GRAPHQL_JSON else 200

    async def _run(
        self,
        request: Request,
        operation: Operation,
        variables: dict[str, Any] | None,
        bearer: Bearer,
    ) -> dict[str, Any]:
        service, lanes = self._service, self._lanes
        settings = service.settings
        with self._door:
            if self._waiting >= settings.waiting_requests_max:
                message = "Too many requests at once; send this one again."
                raise Refused(503, message, Busy.code, Retry_After="1")
            self._waiting += 1
        # What folds or walks for long holds no thread of plain reads.
        takes = operation.takes(variables)
        lane, seconds = {
            Takes.SHORT: (lanes.queries, settings.query_seconds_max),
            Takes.LARGE: (lanes.large, settings.query_seconds_max),
            Takes.LOOK_BACK: (lanes.look_backs, settings.long_seconds_max),
            Takes.WALK: (lanes.what_ifs, settings.long_seconds_max),
            Takes.COMMIT: (lanes.mutations, None),
        }[takes]
        ration = service.ration(seconds)

        def run() -> dict[str, Any]:
            context = Context(service, holder(bearer, service), ration)
            return self._executor.run(operation, variables, context)

        # A mutation runs to its end, whoever waits for it: what it records is not half done.
        ends = None if operation.is_mutation else ration
        try:
            return await in_lane(lane, bearer.id, run, request, ends)
        finally:
            with self._door:
                self._waiting -= 1

    async def _body(self, request: Request) -> bytes:
        """The body of a request; Refused where it can't be one of ours."""
        if request.method in READING:
            return b""
        sent = request.headers.get("content-type", "").split(";")
        if sent[0].strip().lower() != JSON:
            raise Refused(415, f"Send {JSON}.", Accept_Post=JSON)
        charset = [p.split("=")[1].strip(' "').lower() for p in sent[1:] if "charset=" in p.lower()]
        if charset and charset[0] not in ("utf-8", "utf8"):
            raise Refused(415, "Send UTF-8.", Accept_Post=JSON)
        body = bytearray()
        limit = self._service.settings.request_bytes_max
        message = f"A request may have {limit:,} bytes."
        too_large = Refused(413, message, LimitExceeded.code, Connection="close")
        announced = (
            int(said) if (said := request.headers.get("content-length", "")).isdecimal() else 0
        )
        if announced > limit:
            raise too_large
        visit = visit_of(request)
        visit.brings(announced)
        try:
            async for chunk in request.stream():
                body.extend(chunk)
                if len(body) > limit:
                    raise too_large
                if not announced:
                    visit.brings(len(chunk))
        except ClientDisconnect:
            raise Refused(400, "The body ended too early.") from None
        return bytes(body)

    async def _parameters(self, request: Request, bearer: Bearer, body: bytes) -> Parameters:
        if request.method in READING:
            return _from_url(request)
        try:
            if len(body) > read_at_once_bytes_max:
                read = partial(self._read_body, body)
                return await in_lane(self._lanes.preparing, bearer.id, read, request)
            return self._read_body(body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Refused(400, f"The body is no GraphQL request: {error}.") from None

    def _read_body(self, body: bytes) -> Parameters:
        parameters = _read_body(body)
        most = self._service.settings.request_values_max
        if _has_more(parameters.variables, most):
            message = f"The variables of a request may have {most:,} values."
            raise Refused(413, message, LimitExceeded.code)
        return parameters


def _has_more(said: Any, most: int) -> bool:
    """True if there are more values in this one than there may be."""
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            waiting.extend(one.values() if isinstance(one, dict) else one)
            most -= len(one)
            if most < 0:
                return True
    return False


def _told(refused: Refused) -> tuple[dict[str, Any], int, dict[str, str]]:
    error: dict[str, Any] = {"message": refused.message}
    if refused.code is not None:
        error["extensions"] = {"code": refused.code}
    return {"errors": [error]}, refused.status, refused.headers


def _read_body(body: bytes) -> Parameters:
    """The parameters of a body. Raises ValueError where one name stands twice in an object: which
    of the two is meant, every reader decides for itself."""
    parameters = _decode(body)
    json.loads(body, object_pairs_hook=_each_once)
    return parameters


def _each_once(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"“{twice[:80]}” stands twice in one object")


def _from_url(request: Request) -> Parameters:
    given = request.query_params
    if "query" not in given:
        raise Refused(400, "The parameter `query` is missing.")
    objects: dict[str, Any] = {}
    for name in ("variables", "extensions"):
        if given.get(name):
            try:
                objects[name] = msgspec.json.decode(given[name], type=dict[str, Any] | None)
                json.loads(given[name], object_pairs_hook=_each_once)
            except (msgspec.DecodeError, ValueError, RecursionError):
                raise Refused(400, f"The parameter `{name}` is no JSON object.") from None
    return Parameters(query=given["query"], operationName=given.get("operationName"), **objects)


def _accepted(request: Request) -> str:
    wanted: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(request.headers.get("accept", "").lower().split(",")):
        media, *parameters = (word.strip() for word in part.split(";"))
        wanted[media or "*/*"] = _quality(parameters), -place

    def liking(media: str) -> tuple[float, int]:
        named = (wanted.get(name) for name in (media, "application/*", "*/*"))
        return next((found for found in named if found), (0.0, 0))

    best = max((JSON, GRAPHQL_JSON), key=liking)
    if liking(best)[0] <= 0:
        raise Refused(406, f"Answers are {GRAPHQL_JSON} or {JSON}.")
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            with suppress(ValueError):
                return float(parameter[2:])
    return 1.0


def _wants_page(request: Request) -> bool:
    return "query" not in request.query_params and "text/html" in request.headers.get("accept", "")


async def live(request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "live"})


async def ready(request: Request) -> Response:
    """The record can be read and written and the views keep up; 503 with the reason when not."""
    service: Service = request.app.state.service
    bulkhead: Bulkhead | None = request.app.state.bulkhead
    why = await run_in_threadpool(service.readiness.why_not)
    if why is None and bulkhead is not None:
        why = bulkhead.why_not()
    if why is not None:
        return JSONResponse({"status": "not ready", "reason": why}, 503)
    return JSONResponse({"status": "ready"})
