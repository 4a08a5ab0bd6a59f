"""Cursors that are garbage, of another list, or hold what they should not."""

from __future__ import annotations

import base64
import json
from itertools import product

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    def cursor(*parts: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()

    made = [
        "",
        "x",
        "====",
        "\0",
        "é",
        "A" * 100_000,
        cursor(),
        cursor("document"),
        cursor("document", None, None),
        cursor("document", "' OR 1=1 --", "x"),
        cursor("changed", 10**30, "x"),
        cursor("document", [1], {}),
        cursor(1, 2, 3),
        cursor("document", "a", "b", "c"),
        base64.b64encode(b"[" * 50_000).decode(),
        base64.b64encode(b"\xff\xfe").decode(),
        known.cursor[:-1],
        known.cursor + "A",
        known.cursor.lower(),
    ]
    lists = ("recommendations", "reviews", "progressReports", "tasks", "notifications", "timers")
    return [
        Query(
            means="UNKNOWN_CURSOR INVALID_INPUT OK",
            document=f"query($c: String!) {{ {name}(first: 3, after: $c) {{ pageInfo {{ endCursor }} }} }}",
            variables={"c": made_up},
        )
        for name, made_up in product(lists, made)
        if name == "recommendations" or made_up in made[:12:3]
    ]
