"""What a form does not ask for: deep, wide, of other types, with names of methods."""

from __future__ import annotations

from typing import Any

from tests.hostile.doors import Step
from tests.hostile.record import Known


def hostile(known: Known) -> list[Step]:
    deep: Any = 1
    for _ in range(300):
        deep = {"session": deep}
    made: list[Any] = [
        None,
        [],
        "x",
        1,
        deep,
        {"session": deep},
        {"session": 10**30, "held-on": "2025-01-01"},
        {"session": -1, "held-on": "2025-01-01"},
        {"session": 1.5, "held-on": "2025-01-01"},
        {"session": 1, "held-on": "9999-99-99"},
        {"session": 1, "held-on": "2025-01-01", "title": "x" * 100_000},
        {"__class__": {}, "__init__": 1},
        {f"k{n}": n for n in range(20_000)},
        {"session": True, "held-on": []},
    ]
    return [
        Step(
            means="INVALID_INPUT STEP_NOT_OPEN LIMIT_EXCEEDED 400",
            mutation="takeStep",
            input={"id": known.own, "expectedVersion": 1, "step": "approve", "data": data},
        )
        for data in made
    ]
