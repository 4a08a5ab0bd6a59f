"""Lists and worklists that are brought back with formulas, and by who may not fill them in."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import case
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    head = b"id,version,plan,progress\n"
    rows = b"".join(
        b"%s,1,%s,%s\n" % (b"x" * 36, cell, cell)
        for cell in (b"=cmd|' /C calc'!A0", b"+1", b"-1", b"@x", b"\t=1")
    )
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED FORBIDDEN",
            who=who,
            file=file,
            format=format,
            options={"state": "SVN"},
        )
        for who in ("coordinator", "justice")
        for format in ("worklist", "lists")
        for file in (head + rows, case("u07-export.xlsx"))
    ]
