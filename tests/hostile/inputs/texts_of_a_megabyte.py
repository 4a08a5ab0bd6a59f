"""Every text of a step a megabyte long, or the same name half a million times."""

from __future__ import annotations

from typing import Any

from tests.hostile.doors import Step
from tests.hostile.record import Known
from tests.server import A_RECOMMENDATION as RECEIVED


def hostile(known: Known) -> list[Step]:
    id = next(iter(known.cases))
    said: dict[str, Any] = {"id": id, "expectedVersion": 1, "measures": "so"}
    long = "x" * 900_000
    return [
        Step(
            means="INVALID_INPUT LIMIT_EXCEEDED STALE_VERSION",
            mutation="planImplementation",
            input={**said, **more},
        )
        for more in (
            {"measures": long},
            {"reason": long},
            {"effectiveOn": long},
            {"circumstances": {"actor": long}},
            {"circumstances": {"onBehalfOf": long}},
            {"circumstances": {"source": {"document": long}}},
            {"id": long},
        )
    ] + [
        Step(
            means="INVALID_INPUT LIMIT_EXCEEDED",
            mutation="receiveRecommendation",
            input={
                **RECEIVED,
                "paragraph": "x1",
                "parts": [{"text": "a", "recommendingStates": ["France"] * 80_000}],
            },
        ),
        Step(
            means="INVALID_INPUT LIMIT_EXCEEDED",
            mutation="receiveRecommendation",
            input={**RECEIVED, "parts": [{"text": f"part {n}"} for n in range(30_000)]},
        ),
    ]
