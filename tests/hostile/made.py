"""Files that inputs are made of, a few lines each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from random import Random

CASES = Path(__file__).parents[1] / "cases"

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TABLE_HEAD = b"addressee,symbol,paragraph,text,recommending_states,session,position\n"


def case(name: str) -> bytes:
    """A file of tests/cases, honest as it is."""
    return (CASES / name).read_bytes()


def packed(parts: Iterable[tuple[str, bytes]], like: str | None = None) -> bytes:
    """A ZIP archive of parts; those of the case `like` come first, unless a part has their name."""
    given = list(parts)
    names = {name for name, _ in given}
    if like is not None:
        with zipfile.ZipFile(CASES / like) as source:
            given = [
                *((name, source.read(name)) for name in source.namelist() if name not in names),
                *given,
            ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in given:
            archive.writestr(name, data)
    return out.getvalue()


def document(body: str, before: str = "") -> bytes:
    """The main part of a Word file."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<w:document xmlns:w="{WORD}">'
        f"<w:body>{body}</w:body></w:document>"
    ).encode()


def sheet(rows: str, before: str = "") -> bytes:
    """The part of a sheet in a spreadsheet."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<worksheet xmlns="{SHEET}">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    ).encode()


def swapped(data: bytes, seed: int, count: int = 20) -> bytes:
    """The same file with some bytes changed, the same on every run."""
    random, changed = Random(seed), bytearray(data)
    for _ in range(count):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)
