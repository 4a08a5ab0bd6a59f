"""A Word file of elements in elements, and of tables in tables."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import document, packed
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    said = {"state": "KEN", "cycle": 3, "session": 34, "document": "A/HRC/90/12"}
    deep = document("<w:p>" * 100_000 + "</w:p>" * 100_000)
    tables = document("<w:tbl><w:tr><w:tc>" * 5_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 5_000)
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED",
            file=packed([("word/document.xml", body)], like="f3a-matrix.docx"),
            format=format,
            options=said,
        )
        for body in (deep, tables)
        for format in ("ohchr-matrix", "answers", "wg-report")
    ]
