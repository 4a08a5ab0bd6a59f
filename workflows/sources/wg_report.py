"""A Working Group report of the Universal Periodic Review, DOCX: its list of recommendations.

    140. The recommendations … enjoy the support of Arvenia:
    140.1 Ratify the Convention (Portugal) (Chile);

A recommendation is a paragraph of the list that bears a number of its own. What the paragraph above
says of the group is the State's answer in the report itself: supported, noted, or to be examined.
Numbers may be typed, or made by Word. The result is that of a matrix, so that the same import takes
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from domain.addressees import recognise
from domain.words import Answer
from workflows.ohchr_matrix import (
    Citation,
    Matrix,
    MatrixRow,
    NotAMatrix,
    UnreadableRow,
    WordParagraph,
    headline,
    read_word,
    texts_with_states,
)
from workflows.sources import RowsNotRead

printed_chars_max = 300

_NUMBERED = re.compile(r"(\d{1,3}\.\d{1,3})[.)]?\s+(?=\S)(.*)", re.DOTALL)
_GROUP = re.compile(r"(\d{1,3})\s*[.)]?\s+(?!\d)(\S.*)", re.DOTALL)
_SYMBOL = re.compile(r"A/HRC/(?:WG\.6/)?\d+/(?:[A-Z]{3}/)?(?:L\.)?\d+")
_TO_BE_EXAMINED = re.compile(r"\b(?:will|to|would) (?:be )?examine|\bin due (?:course|time)")
_REFUSED = re.compile(
    r"\b(?:not|cannot|unable to) (?:be )?(?:enjoy|support|accept)\w*(?: (?:the|its|their) support)?"
    r"|\brejected"
)
_NOTED = re.compile(r"\b(?:are|were|been|be|has|have) noted\b|\btak(?:es|en|e|ing) note")
_SUPPORTED = re.compile(
    r"\benjoy(?:s|ed)? (?:the|its|their) support|\b(?:supported|accepted|supports|accepts)\b"
)
_ENDS = re.compile(r"\ball (?:the )?conclusions (?:and|and/or|or) recommendations\b")


def read_report(
    source: bytes | Path,
    *,
    language: str = "en",
    progress: Callable[[int, int], None] | None = None,
) -> Matrix:
    """The recommendations of a report, as a matrix has them. Raises NotAMatrix: "no-list" where it
    holds no list of recommendations. Those of a group whose answer can't be told are pending, with
    the doubt "position-unclear". Only reports in English are read."""
    if language != "en":
        raise NotAMatrix("report-not-english")
    document = read_word(source)
    paragraphs = [block.text for block in document.blocks if isinstance(block, WordParagraph)]
    rows: dict[str, MatrixRow] = {}
    unreadable: list[UnreadableRow] = []
    merged = count = 0
    group, answer, is_known = "", None, False
    symbol = _document(document.header)
    for place, text in enumerate(paragraphs, 1):
        if progress is not None:
            progress(place, len(paragraphs))
        line = " ".join(text.split())
        if _ENDS.search(line.casefold()):
            group = ""
            continue
        found = _NUMBERED.fullmatch(line)
        if found is None:
            opens = _GROUP.fullmatch(line)
            if opens and "recommendation" in line.casefold():
                group = line
                answer, is_known = _answered(line)
            elif opens:
                group = ""
            continue
        if not group:
            continue  # a number of the report's narrative
        count += 1
        doubts: set[str] = set()
        parts = texts_with_states(found[2], doubts)
        if not parts:
            reason = "There is no text. Look it up in the report and record it by hand."
            unreadable.append(
                UnreadableRow(count, "text-missing", reason, line[:printed_chars_max])
            )
            continue
        if not is_known:
            doubts.add("position-unclear")
        row = MatrixRow(
            row=count,
            paragraph=found[1],
            parts=parts,
            position="pending" if answer is None else answer.value,
            position_printed=group[:printed_chars_max],
            citation=None if answer is None else Citation(group[:printed_chars_max], symbol),
            doubts=tuple(sorted(doubts)),
        )
        earlier = rows.setdefault(row.paragraph, row)
        if earlier is row:
            continue
        if earlier.parts == row.parts:
            merged += 1
        else:
            reason = "The number stands twice with other texts. Record the right one by hand."
            unreadable.append(
                UnreadableRow(
                    count, "paragraph-repeated-differently", reason, line[:printed_chars_max]
                )
            )
    if not count:
        raise NotAMatrix("no-list")
    state_printed, cycle, session = headline(document.header_and_text, language)
    return Matrix(
        generation=4,
        theme_list="2025",
        heading_language="en",
        state_printed=state_printed,
        state=recognise(state_printed) if state_printed else None,
        cycle=cycle,
        session=session,
        document=symbol,
        rows=tuple(rows.values()),
        unreadable=tuple(unreadable),
        merged=merged,
        not_read=_tables(sum(map(len, document.tables))),
        theme_rows=0,
        data_rows=count,
    )


def _answered(group: str) -> tuple[Answer | None, bool]:
    """What the paragraph that opens a group says, and whether that is clear."""
    said = group.casefold()
    if _TO_BE_EXAMINED.search(said):
        return None, True
    refused = bool(_REFUSED.search(said))
    supported = bool(_SUPPORTED.search(_REFUSED.sub("", said)))
    noted = refused or bool(_NOTED.search(said))
    if supported is noted:
        return None, False
    return Answer.SUPPORTED if supported else Answer.NOTED, True


def _document(text: str) -> str | None:
    found = _SYMBOL.search(text)
    return found[0] if found else None


def _tables(rows: int) -> tuple[RowsNotRead, ...]:
    why = "Tables of a report are not read; its numbered paragraphs are."
    return (RowsNotRead(rows, "table-of-a-report", why),) if rows else ()
