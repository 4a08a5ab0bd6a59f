"""Entities that expand a billion times, read a file, and ask another server."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import document, packed, sheet
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    laughs = (
        "<!DOCTYPE x [<!ENTITY a0 'ha'>"
        + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(9))
        + "]>"
    )
    outside = "<!DOCTYPE x [<!ENTITY a9 SYSTEM 'file:///etc/passwd'>]>"
    elsewhere = "<!DOCTYPE x [<!ENTITY % b SYSTEM 'http://127.0.0.1:9/x'> %b; <!ENTITY a9 'x'>]>"
    said = {"state": "KEN", "cycle": 3, "session": 34, "document": "A/HRC/90/12"}
    word = [
        packed(
            [("word/document.xml", document("<w:p><w:r><w:t>&a9;</w:t></w:r></w:p>", before))],
            like="f3a-matrix.docx",
        )
        for before in (laughs, outside, elsewhere)
    ]
    excel = [
        packed(
            [
                (
                    "xl/worksheets/sheet1.xml",
                    sheet(
                        '<row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row>', before
                    ),
                )
            ],
            like="f3b-extract.xlsx",
        )
        for before in (laughs, outside, elsewhere)
    ]
    return [
        *(
            Import(
                means="FAILED INVALID_INPUT LIMIT_EXCEEDED",
                file=file,
                format="ohchr-matrix",
                options=said,
            )
            for file in word
        ),
        *(
            Import(
                means="FAILED INVALID_INPUT LIMIT_EXCEEDED COMPLETED",
                file=file,
                format="table",
                options={"state": "KEN"},
            )
            for file in excel
        ),
    ]
