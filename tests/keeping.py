"""Keeps what ships: each procedure's canonical form, by its hash, for as long as there are archives
whose recommendations started under it.

    .venv/bin/python -m tests.keeping
"""

from __future__ import annotations

from tests.server import ROOT
from workflows.procedure.definition import canonical
from workflows.procedure.shipped import shipped

KEPT = ROOT / "workflows" / "procedure" / "profiles" / "kept"


def keep() -> None:
    """Writes down what ships now and is not yet kept, and says what to add to EVER_SHIPPED."""
    for name, procedure in shipped().items():
        path = KEPT / f"{procedure.hash}.json"
        if not path.exists():
            path.write_bytes(canonical(procedure.definition))
            print(f"{name}: {procedure.hash}")


if __name__ == "__main__":
    keep()
