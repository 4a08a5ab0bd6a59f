"""OHCHR's thematic list of one UPR review with the State's last column filled in, as DOCX.

The layouts are those that `workflows.ohchr_matrix` reads, and what is written here is read there
into the same paragraphs, texts, States, positions, citations and terms. Layout 4 as OHCHR publishes
it has no place for the State's word, so it gets a fifth column, headed as in layouts 2 and 3.
A paragraph stands once, under the first of its themes. A paragraph whose parts were answered
differently says so part by part; no reader of matrices knows such an answer, so one that reads it
back asks a person.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph

from domain.addressees import addressee
from domain.identity import natural_order
from domain.recommendation import Recommendation
from domain.recommendation.elements import Recommender, Term
from domain.refusals import InvalidInput, LimitExceeded
from domain.words import Mechanism, Position
from workflows.exporting.cells import printable, terms
from workflows.exporting.word_file import empty_document
from workflows.ohchr_matrix import rows_max
from workflows.ohchr_matrix_words import LANGUAGES

Layout = Literal[2, 3, 4]
Says = Callable[[Recommendation], str]

_WORDS = LANGUAGES["en"]
_SAVED = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed date in the file, no moment
_COLUMNS: dict[int, dict[str, float]] = {
    2: {"recommendation": 8.0, "position": 2.0, "themes": 7.6, "comment": 9.5},
    3: {"recommendation": 8.0, "position": 2.0, "themes": 7.6, "comment": 9.5},
    4: {"recommendation": 7.6, "position": 2.4, "themes": 5.6, "sdgs": 4.4, "comment": 7.1},
}
"""Layout → column → width in centimetres; together 27.1, a landscape page of A4 inside its
margins."""


def instrument(r: Recommendation) -> str:
    """The document the position stands in, as far as state knows it: its symbol. The paragraph in
    it is in the log (`stamp.source.paragraph`): who can read that gives a `cited` of their own."""
    held = r.current_position()
    return (held.instrument if held else None) or ""


def write_matrix(
    states: Iterable[Recommendation],
    told: Says,
    out: Path,
    *,
    state_name: str,
    cycle: int,
    session: int,
    layout: Layout = 3,
    cited: Says = instrument,
) -> int:
    """Writes the matrix of one review and says how many paragraphs are in it; the same states give
    the same bytes. `told`: what the State says of its implementation, for the last column, a line
    feed between paragraphs; `cited`: the citation after "Source of position:", "" for none.

    Raises InvalidInput where there is nothing to write or something that is not of the Universal
    Periodic Review, LimitExceeded beyond what a reader of matrices takes."""
    found = sorted(states, key=lambda r: (_theme_order(r), natural_order(r.paragraph or "")))
    if not found or any(r.mechanism is not Mechanism.UPR for r in found):
        raise InvalidInput(
            "A matrix holds the recommendations of one review of the Universal Periodic Review: "
            "filter by mechanism upr and cycle."
        )
    if len(found) > rows_max:
        raise LimitExceeded(f"A matrix holds {rows_max:,} paragraphs; filter by cycle.")
    document, widths = _page(state_name, cycle, session), _COLUMNS[layout]
    table = document.add_table(rows=0, cols=len(widths), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, widths.values(), strict=True):
        column.width = Cm(width)

    def row() -> list[_Cell]:
        added = table.add_row()
        _property(added, "w:cantSplit")
        cells = list(added.cells)
        for cell, width in zip(cells, widths.values(), strict=True):
            cell.width = Cm(width)
        return cells

    for cell, column in zip(row(), widths, strict=True):
        headings = _WORDS.headings[column]
        own = layout == 4 and column not in ("sdgs", "comment")
        _write(cell, [headings[1] if own else headings[0]], bold=True)
        _shade(cell, "D9E2EC")
    _property(table.rows[0], "w:tblHeader")
    for theme, together in groupby(found, key=_theme):
        cells = row()
        merged = cells[0].merge(cells[-1])
        label = _printed(theme) if theme else "not classified"
        _write(merged, [f"{_WORDS.labels['theme'][0]}: {label}"], bold=True, size=14)
        merged.paragraphs[0].paragraph_format.keep_with_next = True
        _shade(merged, "F2F2F2")
        for r in together:
            lines = _cells(r, layout, told(r), cited(r))
            for cell, column in zip(row(), widths, strict=True):
                _write(cell, lines[column], size=8 if column in ("themes", "sdgs") else 10)
    _save(document, out)
    return len(found)


def _theme(r: Recommendation) -> Term | None:
    return next(iter(terms(r, "theme")), None)


def _theme_order(r: Recommendation) -> tuple[bool, str, str]:
    """Themes by code where they have one, then by name; what bears none comes last."""
    theme = _theme(r)
    return (
        theme is None,
        theme.code or "~" if theme else "",
        theme.label.casefold() if theme else "",
    )


def _cells(r: Recommendation, layout: Layout, told: str, cited: str) -> dict[str, list[str]]:
    """The text of each cell, in lines."""
    labels = _WORDS.labels

    def listed(vocabulary: str, dash: str = "- ") -> list[str]:
        return [f"{dash}{_printed(term)}" for term in terms(r, vocabulary)]

    goals, persons = listed("sdg"), listed("affected-persons")
    themes = listed("theme", "" if layout == 2 else "- ")
    if goals and layout != 4:
        themes += [f"{labels['sdgs'][0]}:", *goals]
    if persons:
        themes += [f"{labels['persons'][1 if layout == 4 else 0]}:", *persons]
    wording = {p.part: p.text for p in r.texts[r.original].parts}
    parts = "; ".join(
        f"{wording[part.id]} {_bracketed(part.recommenders, layout)}".strip() for part in r.parts
    )
    source = [f"{labels['source'][0]}: {cited}"] if cited else []
    return {
        "recommendation": [f"{r.paragraph or ''} {parts};".lstrip(), *source],
        "position": list(_position(r)),
        "themes": themes,
        "sdgs": goals,
        "comment": told.splitlines(),
    }


def _position(r: Recommendation) -> Iterator[str]:
    words: dict[str, str] = {answer: said[0] for answer, said in _WORDS.positions.items()}
    if r.position is not Position.BY_PART:
        yield words[r.position.value]
        return
    whole = r.current_position()
    for part in r.parts:
        held = r.current_position(part.id) or whole
        yield f"Part {part.id}: {words[held.answer.value if held else 'pending']}"


def _bracketed(by: Sequence[Recommender], layout: Layout) -> str:
    names = [_name(recommender) for recommender in by]
    if not names:
        return ""
    return f"({', '.join(names)})" if layout == 2 else " ".join(f"({name})" for name in names)


def _name(by: Recommender) -> str:
    """As printed; a State that was recorded by its code alone, by its name."""
    known = addressee(by.code) if by.code == by.printed and by.code else None
    return known.name if known else by.printed


def _printed(term: Term) -> str:
    if term.code is None:
        return term.label
    return (
        f"{term.code} - {term.label}" if term.vocabulary == "sdg" else f"{term.code} {term.label}"
    )


# The document


def _page(state_name: str, cycle: int, session: int) -> Document:
    """An empty document: A4 on its side, the header as OHCHR's files have it."""
    document = empty_document()
    about = document.core_properties
    about.created = about.modified = _SAVED
    about.title, about.author, about.comments = "Thematic list of recommendations", "", ""
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(10)
    normal.paragraph_format.space_before = normal.paragraph_format.space_after = Pt(1.5)
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin = section.right_margin = Cm(1.3)
    section.top_margin, section.bottom_margin = Cm(1.8), Cm(1.3)
    section.header_distance = Cm(0.9)
    line = section.header.paragraphs[0]
    line.style = normal
    line.paragraph_format.tab_stops.add_tab_stop(Cm(13.55), WD_TAB_ALIGNMENT.CENTER)
    line.paragraph_format.tab_stops.add_tab_stop(Cm(27.1), WD_TAB_ALIGNMENT.RIGHT)
    review = f"{_ordinal(cycle)} Cycle – {_ordinal(session)} session"
    line.add_run(
        f"UPR of {printable(state_name)} ({review})\tThematic list of recommendations\tPage "
    )
    _field(line, "PAGE")
    line.add_run(" of ")
    _field(line, "NUMPAGES")
    return document


def _write(cell: _Cell, lines: Sequence[str], *, bold: bool = False, size: int = 10) -> None:
    """A paragraph a line; labels, which end in a colon, and the source's label are bold."""
    for place, text in enumerate(lines):
        paragraph = cell.paragraphs[0] if place == 0 else cell.add_paragraph()
        text = " ".join(printable(text).split())
        label, colon, rest = text.partition(":")
        labelled = label in _LABELS and colon
        for words, strong in ((label + colon, True), (rest, bold)) if labelled else ((text, bold),):
            if words:
                run = paragraph.add_run(words)
                run.bold, run.font.size = strong or None, Pt(size)


_LABELS = {label for which in ("source", "sdgs", "persons") for label in _WORDS.labels[which]}


def _property(row: _Row, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))


def _shade(cell: _Cell, colour: str) -> None:
    shading: Any = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shading.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shading)


def _field(paragraph: Paragraph, name: str) -> None:
    field: Any = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    field.append(paragraph.add_run("1")._r)
    paragraph._p.append(field)


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 14 else ending}"


def _save(document: Document, out: Path) -> None:
    """Without the moment of saving, which every entry of the package would bear."""
    saved = io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as package, zipfile.ZipFile(out, "w") as stable:
        for name in sorted(package.namelist()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            stable.writestr(entry, package.read(name))
