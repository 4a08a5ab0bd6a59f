"""Every method on every path."""

from __future__ import annotations

from itertools import product

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    methods = (
        "HEAD",
        "OPTIONS",
        "TRACE",
        "PUT",
        "DELETE",
        "PATCH",
        "CONNECT",
        "PROPFIND",
        "X" * 5_000,
    )
    paths = (
        "/",
        "/graphql",
        "/files",
        "/files/x",
        "/exports/csv",
        "/plots/progress.svg",
        "/health/live",
        "/static/x",
    )
    return [
        Request(
            means="200 201 204 304 307 400 401 403 404 405 406 413 415 501 OK CLOSED",
            who="reader",
            path=path,
            method=method,
        )
        for path, method in product(paths, methods)
        if (path, method) != ("/exports/csv", "HEAD")
    ]
