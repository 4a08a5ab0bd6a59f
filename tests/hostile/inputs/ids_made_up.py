"""Ids that are garbage, of another kind, and of nothing."""

from __future__ import annotations

import base64
from itertools import product

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    def id(kind: str, rest: bytes) -> str:
        return base64.urlsafe_b64encode(kind.encode() + b":" + rest).decode()

    made = [
        "",
        "x",
        "null",
        "0",
        "../../etc/passwd",
        "%00",
        "\0",
        "A" * 200_000,
        "é" * 1_000,
        "====",
        id("Recommendation", b""),
        id("Recommendation", b"x" * 15),
        id("Recommendation", b"x" * 17),
        id("Recommendation", bytes(16)),
        id("Credential", bytes(16)),
        id("Nothing", bytes(16)),
        id("__class__", bytes(16)),
        id("", bytes(16)),
        "00000000-0000-0000-0000-000000000000",
        "{" + "0" * 32 + "}",
        "urn:uuid:" + "0" * 32,
        known.some.lower(),
        known.some + "\n",
    ]
    fields = ("recommendation(id: $id) { id }", "node(id: $id) { id }")
    return [
        Query(
            means="INVALID_INPUT NOT_FOUND OK",
            document=f"query($id: ID!) {{ {field} }}",
            variables={"id": one},
        )
        for field, one in product(fields, made)
    ]
