"""A Word file of hundreds of thousands of empty paragraphs, rows and cells."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import document, packed
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    said = {"state": "KEN", "cycle": 3, "session": 34, "document": "A/HRC/90/12"}
    cells = "<w:tr>" + "<w:tc><w:p/></w:tc>" * 500 + "</w:tr>"
    bodies = [
        "<w:p/>" * 400_000,
        "<w:tbl>" + cells * 400 + "</w:tbl>",
        "<w:p>" + "<w:r><w:t>1.1 </w:t></w:r>" * 100_000 + "</w:p>",
    ]
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED",
            file=packed([("word/document.xml", document(body))], like="f3a-matrix.docx"),
            format=format,
            options=said,
        )
        for body in bodies
        for format in ("ohchr-matrix", "answers")
    ]
