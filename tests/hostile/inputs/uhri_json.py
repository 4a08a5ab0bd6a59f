"""UHRI's export that is deep, endless, of other types, or names things millions of times."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

from tests.hostile.doors import Import
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    one = {
        "AnnotationId": "00000000-0000-4000-8000-000000000001",
        "AnnotationType": "- Recommendations",
        "Symbol": "A/HRC/90/12",
        "Body": "- UPR",
        "Countries": ["- Kenya"],
        "Text": "50.1 Build schools (Norway)",
    }
    strange: list[Any] = [
        {**one, name: value}
        for name, value in product(
            one, (None, 1, [], {}, [[]], "", "\0", "\u202e", ["- x"] * 20_000)
        )
    ]
    files = [
        b"[" * 1_000_000,
        b'[{"a":' * 100_000,
        b"[" + b"{}," * 300_000 + b"{}]",
        b"[1" + b",1" * 500_000 + b"]",
        b'[{"Text": "' + b"x" * 4_500_000,
        b"",
        b"{}",
        b"null",
        b"[",
        b"\xff" * 1_000,
        b"[" + b" " * 5_000_000,
        json.dumps(strange).encode(),
        b'[{"AnnotationId": NaN}]',
        b'[{"UprCycle": 1e999999}]',
        b"[" + b'{"AnnotationId": "x"},' * 20_000 + b"{}]",
        json.dumps([{**one, "Text": "50.1 " + "(Norway) " * 50_000}]).encode(),
        json.dumps([{**one, "Countries": ["- Kenya"] * 100_000}]).encode(),
    ]
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED",
            file=file,
            format="uhri",
            options={"allStates": True},
        )
        for file in files
        if file
    ]
