"""Guards that are programs, regular expressions, numbers without end, or brackets."""

from __future__ import annotations

import json

from tests.hostile.doors import Step
from tests.hostile.made import CASES
from tests.hostile.record import Known


def hostile(known: Known) -> list[Step]:
    guards = [
        "__import__('os').system('true')",
        "(" * 5_000 + "closed" + ")" * 5_000,
        "not " * 10_000 + "closed",
        "9" * 10_000 + " > 1",
        "closed and " * 10_000 + "closed",
        "'" + "x" * 100_000,
        "closed == closed == closed",
        "1/0",
        "a.b.c.d",
        "\0",
        "\u202eclosed",
        "(a+)+$",
        "closed or\n" * 2_000 + "closed",
    ]
    text = (CASES.parent / "broken/never-open.yaml").read_text()
    return [
        Step(
            means="UNSOUND_DEFINITION INVALID_INPUT LIMIT_EXCEEDED",
            mutation="publishWorkflowDefinition",
            input={
                "addressee": "KEN",
                "text": text.replace("at work.waiting and at work.done", json.dumps(guard)),
            },
            asks="gate { ok faults { code } } errors { code message }",
        )
        for guard in guards
    ]
