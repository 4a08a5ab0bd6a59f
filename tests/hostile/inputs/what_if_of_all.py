"""Retells all histories of one State at once, by a draft that nobody has seen."""

from __future__ import annotations

from tests.hostile.doors import WHAT_IF, Query
from tests.hostile.record import Known
from tests.test_own_procedures import CABINET


def hostile(known: Known) -> Query:
    return Query(
        allowed=WHAT_IF,
        means="LIMIT_EXCEEDED OK BUSY TIMED_OUT",
        document="""query($text: String!) { whatIf(first: 100, definition: {text: $text},
            where: {addressee: ["SVN"]}) { cases { nodes { fate states wouldStand } } gate { ok } } }""",
        variables={"text": CABINET.replace("with-cabinet", "another")},
    )
