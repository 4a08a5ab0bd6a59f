"""A spreadsheet of a million empty rows, of one cell in the last place, and of a cell at every corner."""

from __future__ import annotations

from tests.hostile.doors import Import
from tests.hostile.made import packed, sheet
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    bodies = [
        '<row r="1"/>' * 1_000_000,
        "".join(f'<row r="{n}"/>' for n in range(1, 1_000_001)),
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="99999999"><c r="ZZZZZ99999999"><v>1</v></c></row>',
        '<row r="1">' + "<c><v>1</v></c>" * 200_000 + "</row>",
    ]
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED",
            file=packed([("xl/worksheets/sheet1.xml", sheet(body))], like="f3b-extract.xlsx"),
            format=format,
            options={"state": "KEN"},
        )
        for body in bodies
        for format in ("table", "lists")
    ]
