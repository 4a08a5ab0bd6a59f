"""Keys that nobody holds: unknown, huge, not ASCII, of another form, and a known one changed."""

from __future__ import annotations

from itertools import product

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    known_one = known.keys["coordinator"]
    made = [
        "suivi_" + "x" * 43,
        "x" * 50_000,
        "suivi_" + "x" * 30_000,
        known_one[:-1],
        known_one + "x",
        known_one.upper(),
        "' OR 1=1 --",
        "null",
        "Bearer",
        " ",
    ]
    return [
        Request(
            means="401 431 400", who=None, path=path, headers={"Authorization": f"Bearer {key}"}
        )
        for key, path in product(
            made, ("/graphql?query={logIndex}", "/exports/csv", "/plots/progress.svg")
        )
    ]
