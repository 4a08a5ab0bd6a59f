"""A Word file that names its main part fifteen times, each of which is large."""

from __future__ import annotations

import warnings

from tests.hostile.doors import Import
from tests.hostile.made import document, packed
from tests.hostile.record import Known


def hostile(known: Known) -> list[Import]:
    large = document("<w:p><w:r><w:t>" + "x " * 1_000_000 + "</w:t></w:r></w:p>")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name stands there twice is the point
        file = packed([("word/document.xml", large)] * 15, like="f3a-matrix.docx")
    return [
        Import(
            means="FAILED INVALID_INPUT LIMIT_EXCEEDED",
            file=file,
            format=format,
            options={"state": "KEN", "cycle": 3, "session": 34, "document": "A/HRC/90/12"},
        )
        for format in ("ohchr-matrix", "wg-report", "answers")
    ]
