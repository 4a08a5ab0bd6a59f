"""Ranges that overlap a thousand times, lie beyond the end, or are no ranges."""

from __future__ import annotations

from itertools import product

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    ranges = [
        "bytes=" + ",".join(f"{n}-" for n in range(1_000)),
        "bytes=-1",
        "bytes=9-1",
        "bytes=0-" + "9" * 50,
        "x=1",
        "bytes=0-0,-1",
    ]
    paths = ("/static/graphiql.css", "/plots/progress.svg", "/graphql?query={logIndex}")
    return [
        Request(means="200 206 400 404 406 416 OK", path=path, headers={"Range": one})
        for path, one in product(paths, ranges)
    ]
