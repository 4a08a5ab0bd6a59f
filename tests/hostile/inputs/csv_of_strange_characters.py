"""Cells of null bytes, half encodings, marks that turn the line, formulas, and other line ends."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import TABLE_HEAD
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    cells = [
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        "\u202eabc\u202c".encode(),
        "\u200b".encode() * 500,
        b"=cmd|' /C calc'!A0",
        b"@SUM(1)",
        b"\r",
        b"\x0b\x0c\x1c\x85",
        "\u2028".encode(),
        b"\x1a",
        b"<script>",
        "̀".encode() * 5_000,
    ]
    rows = [
        b'KEN,A/HRC/90/12,50.%d,"Build %s schools",Norway,34,\n' % (n, cell)
        for n, cell in enumerate(cells)
    ]
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED",
            file=TABLE_HEAD + row,
            format="table",
            options={"state": "KEN"},
        )
        for row in (*rows, b"".join(rows))
    ] + [
        Import(
            means="FAILED INVALID_INPUT COMPLETED",
            file=(TABLE_HEAD + rows[5]).decode("latin-1").encode(code),
            format="table",
            options={"state": "KEN"},
        )
        for code in ("utf-16", "utf-32", "utf-7")
    ]
