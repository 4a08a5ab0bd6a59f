"""Word documents for tests: an empty one without the styles that no test prints in."""

from __future__ import annotations

import io
from functools import cache

import docx
from docx.document import Document
from docx.oxml.ns import qn


def blank() -> Document:
    """An empty document."""
    return docx.Document(io.BytesIO(_template()))


@cache
def _template() -> bytes:
    """The template of python-docx without its 9,000 elements of styles for tables: each test would
    write and read them again."""
    document = docx.Document()
    styles = document.styles.element
    for style in styles.findall(qn("w:style")):
        if style.get(qn("w:type")) == "table" and style.get(qn("w:default")) != "1":
            styles.remove(style)
    main = document.part
    for name, relation in list(main.rels.items()):
        if relation.reltype.endswith("/stylesWithEffects"):
            del main.rels[name]
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()
