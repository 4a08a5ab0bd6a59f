"""An empty Word document, without what nobody prints in it."""

from __future__ import annotations

import io
from functools import cache

import docx
from docx.document import Document
from docx.oxml.ns import qn


def empty_document() -> Document:
    """The template of python-docx with its styles for text and the plain table. Its 98 other styles
    for tables are 18,000 elements, which every reader of the file would have to read."""
    return docx.Document(io.BytesIO(_template()))


@cache
def _template() -> bytes:
    document = docx.Document()
    styles = document.styles.element
    for style in styles.findall(qn("w:style")):
        is_plain = style.get(qn("w:styleId")) in {"TableNormal", "TableGrid"}
        if style.get(qn("w:type")) == "table" and not is_plain:
            styles.remove(style)
    relations = document.part.rels
    for name in [n for n, r in relations.items() if r.reltype.endswith("/stylesWithEffects")]:
        del relations[name]
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()
