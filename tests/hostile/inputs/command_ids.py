"""Command ids that are empty, a megabyte long, or hold what is no name."""

from __future__ import annotations

from tests.hostile.doors import Step
from tests.hostile.record import Known


def hostile(known: Known) -> list[Step]:
    id = next(iter(known.cases))
    made = [
        "",
        " ",
        "\0",
        "x" * 900_000,
        "\u202e",
        "../..",
        "import-1",
        "grant-key:1",
        "\n",
        "é" * 300,
    ]
    return [
        Step(
            means="INVALID_INPUT LIMIT_EXCEEDED COMMAND_REUSED STALE_VERSION",
            mutation="planImplementation",
            input={"commandId": command, "id": id, "expectedVersion": 1, "measures": "so"},
        )
        for command in made
    ]
