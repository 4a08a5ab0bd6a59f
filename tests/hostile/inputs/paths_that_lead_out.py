"""Paths that lead out of the folder, encoded once, twice and wrongly."""

from __future__ import annotations

from itertools import product

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    outs = (
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%252f..%252fetc",
        "%c0%ae%c0%ae/",
        "..\\\\..\\\\x",
        "%00",
        "%",
        "%zz",
        "%ff%fe",
        "a" * 20_000,
        "%e2%80%ae",
        "CON",
        "..;/x",
    )
    roots = ("/files/", "/exports/", "/static/", "/plots/", "/")
    return [
        Request(means="307 400 404 405 414 431 401 CLOSED", path=root + out)
        for root, out in product(roots, outs)
    ]
