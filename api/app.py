"""The web application: its routes, read top to bottom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import graphiql
from api.authentication import answering, bearing
from api.bulkhead import Bulkhead, passing
from api.door import Door
from api.exports import get_export
from api.files import get_file, put_file
from api.http import GraphQLEndpoint, live, ready
from api.plotting import get_plot, whoever
from api.service import Service

SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""What every answer tells a browser: take it as what it says it is, and tell nobody where you
were."""


class SafeAnswers:
    """Adds to every answer what is the same for all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE)
            await send(message)

        await self._app(scope, receive, safely)


def create_app(service: Service, bulkhead: Bulkhead | None = None) -> Starlette:
    """The application over a service; it starts and ends the service's feed, and the process behind
    the bulkhead, where what takes long is answered."""
    endpoint = GraphQLEndpoint(service, bulkhead)
    export = passing(get_export, bearing)
    plot = passing(get_plot, whoever)
    upload = passing(put_file, bearing)

    async def graphql(request: Request) -> Response:
        return await endpoint(request)

    async def home(request: Request) -> Response:
        return RedirectResponse("graphql")

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        service.start()
        if bulkhead is not None:
            await bulkhead.start()
        yield
        if bulkhead is not None:
            await bulkhead.close()
        service.close()

    app = Starlette(
        routes=[
            Route("/", home),
            Route("/graphql", graphql, methods=["GET", "POST"]),
            Route("/files", answering(upload), methods=["PUT"]),
            Route("/files/{id}", answering(get_file), methods=["GET"]),
            Route("/exports/{format}", answering(export), methods=["GET"]),
            Route("/plots/progress.svg", answering(plot), methods=["GET"]),
            Route("/health/live", live),
            Route("/health/ready", ready),
            *graphiql.mounts(),
        ],
        middleware=[Middleware(SafeAnswers), Middleware(Door, settings=service.settings)],
        lifespan=running,
    )
    app.state.service = service
    app.state.bulkhead = bulkhead
    return app
