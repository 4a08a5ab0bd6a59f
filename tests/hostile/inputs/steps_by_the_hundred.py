"""A dry run of as many steps as one request may take, and of more."""

from __future__ import annotations

from typing import Any

from tests.hostile.doors import Step
from tests.hostile.record import Known


def hostile(known: Known) -> list[Step]:
    def items(count: int) -> list[dict[str, Any]]:
        return [{"id": id, "expectedVersion": v} for id, v in list(known.cases.items())[:count]]

    return [
        Step(
            means=means,
            mutation="takeSteps",
            asks="errors { code }",
            input={
                "step": "plan",
                "data": {"measures": "so"},
                "dryRun": True,
                "items": items(count),
            },
        )
        for count, means in ((500, "OK INVALID_INPUT"), (900, "LIMIT_EXCEEDED INVALID_INPUT"))
    ]
