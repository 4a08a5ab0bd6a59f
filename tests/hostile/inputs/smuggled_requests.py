"""Two requests that two servers would take apart in two ways."""

from __future__ import annotations

from tests.hostile.doors import Raw, raw
from tests.hostile.record import Known


def hostile(known: Known) -> list[Raw]:
    inner = "GET /graphql?query={logIndex} HTTP/1.1\nHost: x\n\n".replace("\n", "\r\n").encode()
    head = "POST /graphql HTTP/1.1\nHost: x\n{key}\nContent-Type: application/json\nConnection: close\n"
    shapes = [
        "Content-Length: 6\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\nContent-Length: 6",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding:\x0bchunked",
        "Transfer-Encoding: identity\nTransfer-Encoding: chunked",
        "X: y\n Transfer-Encoding: chunked",
        "Content-Length: 0\nContent-Length: 60",
    ]
    return [
        raw(
            head + shape,
            b"0\r\n\r\n" + inner,
            means="400 411 415 501 408 CLOSED 413",
            seconds_max=6,
        )
        for shape in shapes
    ]
