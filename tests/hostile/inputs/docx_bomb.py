"""A Word file of two megabytes that unpacks to two gigabytes; and one that says it is small."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import packed
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    bomb = packed([("word/document.xml", b" " * 190_000_000)], like="f3a-matrix.docx")
    beside = packed(
        [(f"word/media/{n}", bytes(100_000_000)) for n in range(3)], like="f3a-matrix.docx"
    )
    said = {"state": "KEN", "cycle": 3, "session": 34, "document": "A/HRC/90/12"}
    at = bomb.rindex(b"PK\x01\x02")
    while not bomb[at:].startswith(b"PK\x01\x02") or b"word/document.xml" not in bomb[at : at + 80]:
        at = bomb.rindex(b"PK\x01\x02", 0, at)
    lying = bomb[: at + 24] + (1_000).to_bytes(4, "little") + bomb[at + 28 :]
    return [
        Import(means="FAILED INVALID_INPUT LIMIT_EXCEEDED", file=file, format=format, options=said)
        for file in (bomb, beside, lying)
        for format in ("ohchr-matrix", "answers")
    ]
