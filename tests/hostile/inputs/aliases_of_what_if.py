"""Retells the histories of a State under its procedure, under many aliases."""

from __future__ import annotations

from tests.hostile.doors import WHAT_IF, Query
from tests.hostile.record import Known
from tests.test_own_procedures import CABINET


def hostile(known: Known) -> Query:
    fields = " ".join(
        f'a{n}: whatIf(definition: {{text: $text}}, where: {{addressee: ["SVN"], cycle: [{n % 5}]}})'
        " { totals { same } gate { ok } }"
        for n in range(100)
    )
    return Query(
        allowed=WHAT_IF,
        means="LIMIT_EXCEEDED OK BUSY REFUSED INVALID_INPUT",
        document=f"query($text: String!) {{ {fields} }}",
        variables={"text": CABINET},
    )
