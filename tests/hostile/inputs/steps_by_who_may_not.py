"""Steps by a reader, an auditor, a focal point of another ministry, and nobody."""

from __future__ import annotations

from tests.hostile.doors import Step
from tests.hostile.record import Known


def hostile(known: Known) -> list[Step]:
    id, version = next(iter(known.cases.items()))
    said = {"id": id, "expectedVersion": version, "measures": "ours"}
    whose = {
        "reader": "FORBIDDEN",
        "auditor": "FORBIDDEN",
        "administrator": "FORBIDDEN",
        "suivi_x": "401",
        None: "401",
    }
    return [
        Step(means=means, who=who, mutation="planImplementation", input=said)
        for who, means in whose.items()
    ]
