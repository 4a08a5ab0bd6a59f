"""Texts that a spreadsheet would run as formulas, which come out of every table as texts."""

from __future__ import annotations

from tests.hostile.doors import Export
from tests.hostile.record import FORMULAS, Known


def hostile(known: Known) -> list[Export]:
    wanted = [("addressee", "KEN"), ("symbol", FORMULAS[0]), ("institution", "justice")]
    return [
        Export(means="OK", path=f"/exports/{format}", parameters=wanted)
        for format in ("csv", "xlsx", "worklist")
    ]
