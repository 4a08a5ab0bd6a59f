"""Matrices as OHCHR lays them out, for an invented State: what the demonstration imports.

    python -m demo.matrices FOLDER

writes the lists of two reviews of the Republic of Arvenia (XAA), cycle 3 and cycle 4. The texts
are in `arvenia.json`; all of it is made up, and the same bytes come out each time.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from docx.document import Document

from workflows.exporting.word_file import empty_document
from workflows.ohchr_matrix import (
    Citation,
    MatrixPart,
    MatrixRow,
    MatrixTerm,
    TermKind,
)
from workflows.ohchr_matrix_words import LANGUAGES, Position

_SAVED = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed date in the file, no moment

_HEADERS = {
    "en": "UPR of {state} ({cycle} Cycle – {session} session)",
    "fr": "EPU de {state} ({cycle}e cycle – {session}e session)",
    "es": "EPU de {state} ({cycle}.º ciclo – {session}.º período de sesiones)",
    "ru": "УПО: {state} ({cycle}-й цикл – {session}-я сессия)",
    "ar": "الاستعراض الدوري الشامل: {state} (الجولة {cycle} – الدورة {session})",
    "zh": "{state}普遍定期审议（第{cycle}轮 – 第{session}届会议）",
}


class Figures(msgspec.Struct, frozen=True):
    """What a matrix holds, each by its unit; `pairs` are of paragraph and recommending State."""

    paragraphs: int
    parts: int
    pairs: int
    supported: int
    noted: int


class Paragraph(msgspec.Struct, frozen=True):
    """One entry of `arvenia.json`; goals by number, each part a text and its States."""

    paragraph: str
    position: Position
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    themes: tuple[str, ...]
    goals: tuple[str, ...]
    persons: tuple[str, ...]


class Review(msgspec.Struct, frozen=True):
    """`in_report`: the leading number of the paragraphs that were answered in the report itself;
    the addendum answers the others."""

    cycle: int
    session: int
    generation: Literal[2, 3, 4]
    report: str
    in_report: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def file_name(self) -> str:
        return f"UPR{self.session}_Arvenia_thematic_list.docx"


class Demonstration(msgspec.Struct, frozen=True):
    """The whole of `arvenia.json`. `goals`: number of a goal or target → its name."""

    state: str
    code: str
    goals: dict[str, str]
    reviews: tuple[Review, ...]


DEMONSTRATION = msgspec.json.decode(
    Path(__file__).with_name("arvenia.json").read_bytes(), type=Demonstration
)


def rows_of(review: Review) -> tuple[MatrixRow, ...]:
    """The rows that reading this review's matrix gives; `row` is only a running number."""
    return tuple(
        MatrixRow(
            row=number,
            paragraph=told.paragraph,
            parts=tuple(MatrixPart(text, states) for text, states in told.parts),
            position=told.position,
            position_printed=LANGUAGES["en"].positions[told.position][0],
            citation=_cited(review, told),
            terms=(
                *(MatrixTerm("theme", None, theme) for theme in told.themes),
                *(MatrixTerm("sdg", goal, DEMONSTRATION.goals[goal]) for goal in told.goals),
                *(MatrixTerm("affected-persons", None, group) for group in told.persons),
            ),
        )
        for number, told in enumerate(review.paragraphs, 1)
    )


def _cited(review: Review, told: Paragraph) -> Citation:
    leading = told.paragraph.partition(".")[0]
    if leading == review.in_report:
        return Citation(f"{review.report} - Para {leading}", review.report, leading)
    place = "2" if told.position == "supported" else "3"
    return Citation(f"{review.report}/Add.1 - Para.{place}", f"{review.report}/Add.1", place)


def figures(rows: Sequence[MatrixRow]) -> Figures:
    """Counts of what is in `rows`."""
    return Figures(
        paragraphs=len(rows),
        parts=sum(len(row.parts) for row in rows),
        pairs=sum(len({s for part in row.parts for s in part.states}) for row in rows),
        supported=sum(row.position == "supported" for row in rows),
        noted=sum(row.position == "noted" for row in rows),
    )


CYCLE_3, CYCLE_4 = (figures(rows_of(review)) for review in DEMONSTRATION.reviews)


def write_matrix(
    file: Path | BinaryIO,
    rows: Iterable[MatrixRow],
    *,
    generation: Literal[2, 3, 4],
    state_name: str,
    cycle: int,
    session: int,
    language: str = "en",
) -> None:
    """Writes `rows` as a DOCX in the layout of that generation; same rows, same bytes.

    A theme row is put wherever the first theme changes. Layout 4 has no place for comments."""
    words = LANGUAGES[language]
    columns = ["recommendation", "position", "themes", "sdgs" if generation == 4 else "comment"]
    document = empty_document()
    document.core_properties.created = document.core_properties.modified = _SAVED
    document.core_properties.author = document.core_properties.comments = ""
    numbers = (_ordinal(cycle), _ordinal(session)) if language == "en" else (cycle, session)
    document.sections[0].header.paragraphs[0].text = _HEADERS[language].format(
        state=state_name, cycle=numbers[0], session=numbers[1]
    )
    table = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    for cell, column in zip(table.rows[0].cells, columns, strict=True):
        headings = words.headings[column]
        cell.text = headings[1] if generation == 4 and column != "sdgs" else headings[0]
    theme: str | None = None
    for row in rows:
        themes = [_printed(term) for term in row.terms if term.kind == "theme"]
        if themes and themes[0] != theme:
            theme = themes[0]
            cells = table.add_row().cells
            cells[0].merge(cells[-1]).text = f"{words.labels['theme'][0]}: {theme}"
        for cell, text in zip(
            table.add_row().cells, _cells(row, generation, language), strict=True
        ):
            cell.text = text[0]
            for line in text[1:]:
                cell.add_paragraph(line)
    _save(document, file)


def _cells(row: MatrixRow, generation: int, language: str) -> tuple[list[str], ...]:
    """The four cells of a row, each as lines."""
    labels = LANGUAGES[language].labels
    parts = "; ".join(
        f"{part.text} {_bracketed(part.states, generation)}".strip() for part in row.parts
    )
    first = [f"{row.paragraph} {parts};"]
    if row.citation:
        first.append(f"{labels['source'][0]}: {row.citation.printed}")

    def listed(kind: TermKind, dash: str = "- ") -> list[str]:
        return [dash + _printed(term) for term in row.terms if term.kind == kind]

    themes = listed("theme", "" if generation == 2 else "- ")
    goals, persons = listed("sdg"), listed("affected-persons")
    if goals and generation != 4:
        themes += [f"{labels['sdgs'][0]}:", *goals]
    if persons:
        themes += [f"{labels['persons'][1 if generation == 4 else 0]}:", *persons]
    last = goals if generation == 4 else row.comment.split("\n")
    return first, [row.position_printed], themes or [""], last or [""]


def _bracketed(states: Sequence[str], generation: int) -> str:
    if not states:
        return ""
    return f"({', '.join(states)})" if generation == 2 else " ".join(f"({s})" for s in states)


def _printed(term: MatrixTerm) -> str:
    if term.code is None:
        return term.label
    return f"{term.code} - {term.label}" if term.kind == "sdg" else f"{term.code} {term.label}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 14 else ending}"


def _save(document: Document, file: Path | BinaryIO) -> None:
    saved = io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as package, zipfile.ZipFile(file, "w") as stable:
        for name in sorted(package.namelist()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            stable.writestr(entry, package.read(name))


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes both matrices into the folder that the command line names."""
    (folder,) = map(Path, sys.argv[1:] if arguments is None else arguments)
    folder.mkdir(parents=True, exist_ok=True)
    for review in DEMONSTRATION.reviews:
        path = folder / review.file_name
        write_matrix(
            path,
            rows_of(review),
            generation=review.generation,
            state_name=DEMONSTRATION.state,
            cycle=review.cycle,
            session=review.session,
        )
        print(path, figures(rows_of(review)))


if __name__ == "__main__":
    main()
