"""Request lines as no client writes them: no version, old, new and unknown ones, absolute URIs, other methods."""

from __future__ import annotations

from tests.hostile.doors import Raw, raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    lines = [
        "GET /health/live",
        "GET /health/live HTTP/0.9",
        "GET /health/live HTTP/1.0",
        "GET /health/live HTTP/2.0",
        "GET /health/live HTTP/9.9",
        "GET  /health/live  HTTP/1.1",
        "get /health/live HTTP/1.1",
        " GET / HTTP/1.1",
        "GET http://elsewhere.example/health/live HTTP/1.1",
        "CONNECT elsewhere.example:443 HTTP/1.1",
        "* * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "TRACE /graphql HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET health/live HTTP/1.1",
        "\0\0\0",
        "GET //health//live HTTP/1.1",
        "GET /health/live?\x00 HTTP/1.1",
        "GET /\xff\xfe HTTP/1.1",
        "\x16\x03\x01\x02\x00",
        "A" * 100_000 + " / HTTP/1.1",
        "SSH-2.0-OpenSSH_9.0",
    ]
    return [
        raw(
            f"{line}\nHost: x\nConnection: close",
            means="200 400 404 405 414 431 505 307 408 501 CLOSED OK",
            who=None,
            seconds_max=6,
        )
        for line in lines
    ]
