"""A spreadsheet of a million shared strings, of one long one named a million times, and of ones that there are not."""

from __future__ import annotations

from tests.hostile.doors import SPREADSHEET, Import
from tests.hostile.made import packed, sheet
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    shared = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'
    named = "".join(
        f'<row r="{n + 1}">' + '<c t="s"><v>0</v></c>' * 100 + "</row>" for n in range(1_000)
    )
    missing = '<row r="1"><c r="A1" t="s"><v>99999999</v></c><c r="B1" t="s"><v>-1</v></c><c r="C1" t="s"><v>x</v></c></row>'
    files = [
        [
            ("xl/sharedStrings.xml", shared.format("<si><t>a</t></si>" * 1_000_000).encode()),
            ("xl/worksheets/sheet1.xml", sheet(missing)),
        ],
        [
            ("xl/sharedStrings.xml", shared.format(f"<si><t>{'x' * 30_000}</t></si>").encode()),
            ("xl/worksheets/sheet1.xml", sheet(named)),
        ],
        [("xl/sharedStrings.xml", b"<sst"), ("xl/worksheets/sheet1.xml", sheet(missing))],
    ]
    return [
        Import(
            allowed=SPREADSHEET,
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED",
            file=packed(parts, like="t02-second-sheet.xlsx"),
            format="table",
            options={"state": "KEN"},
        )
        for parts in files
    ]
