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
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.addressees import recognise
from domain.answers import Reading
from workflows.ohchr_matrix import (
    REASONS,
    Citation,
    Matrix,
    MatrixRow,
    NotAMatrix,
    UnreadableRow,
    cell_characters_max,
    numbered,
    printed_characters_max,
    rows_max,
    says,
    texts_with_states,
)
from workflows.sources import RowsNotRead
from workflows.sources.answers import answer_of_group
from workflows.word_document import UnreadableDocument, WordParagraph, read_word

heading_chars_max = 200

NOT_READ = {
    "table-of-a-report": "Tables of a report are not read; its numbered paragraphs are.",
    "number-outside-the-list": "These paragraphs have numbers as recommendations have, and stand "
    "under no paragraph that says what the State answers. If they are recommendations, record them "
    "by hand.",
}

_SYMBOL = re.compile(r"\bA/HRC/(?:WG\.6/)?\d+/(?:[A-Z]{3}/)?(?:L\.)?\d+")
_ENDS = re.compile(r"\ball (?:the )?conclusions (?:and/or|and|or) (?:the )?recommendations\b")
_REVIEW = re.compile(r"\buniversal periodic review\b[\s*:–—-]*(.*)", re.IGNORECASE)
_LETTERED = re.compile(r"\(?(?:[a-z]|[ivx]+)\)\s")
_CLOSED = re.compile(r"[.;][\s*]*$")


class _Group(NamedTuple):
    """A paragraph that says what the State answers; `reading` is None where that is unclear.
    `number`: its own, "" where it has none."""

    number: str
    text: str
    reading: Reading | None


class _Item(msgspec.Struct):
    """A paragraph of the list, with those that go on with it. `number` is "" where it has none."""

    number: str
    text: str
    group: _Group


def read_report(
    source: bytes | Path,
    *,
    language: str = "en",
    progress: Callable[[int, int], None] | None = None,
    document: str | None = None,
) -> Matrix:
    """The recommendations of a report, as a matrix has them; `document` is its symbol, where the
    caller knows it. Raises NotAMatrix: "no-list" where it holds no list of recommendations. Those
    of a group whose answer can't be told are pending, with the doubt "position-unclear". Only
    reports in English are read. The session is never taken from the text, which names others."""
    if language != "en":
        raise NotAMatrix("report-not-english")
    try:
        word = read_word(source)
    except UnreadableDocument as problem:
        raise NotAMatrix(problem.code) from None
    paragraphs = [block for block in word.blocks if isinstance(block, WordParagraph)]
    cover = _cover(paragraphs)
    symbol = document or _symbol([word.header, *cover])
    found = list(_items(paragraphs))
    items = [item for item in found if item is not None]
    if not any(item.number for item in items):
        raise NotAMatrix("no-list")
    if len(items) > rows_max:
        raise NotAMatrix("rows-too-many")
    rows: dict[str, MatrixRow] = {}
    unreadable: list[UnreadableRow] = []
    merged = 0
    for place, item in enumerate(items, 1):
        if progress is not None:
            progress(place, len(items))
        read = _row(place, item, symbol)
        if isinstance(read, UnreadableRow):
            unreadable.append(read)
            continue
        first = rows.setdefault(read.paragraph, read)
        if first is read:
            continue
        if says(first) == says(read):
            merged += 1
        else:
            unreadable.append(_unreadable(place, "paragraph-repeated-differently", item))
    counts = {
        "table-of-a-report": sum(map(len, word.tables)),
        "number-outside-the-list": len(found) - len(items),
    }
    not_read = [RowsNotRead(n, reason, NOT_READ[reason]) for reason, n in counts.items() if n]
    state_printed = _state(cover)
    return Matrix(
        generation=4,
        theme_list="2025",
        heading_language="en",
        state_printed=state_printed,
        state=recognise(state_printed) if state_printed else None,
        cycle=None,
        session=None,
        document=symbol,
        rows=tuple(rows.values()),
        unreadable=tuple(unreadable),
        merged=merged,
        not_read=tuple(not_read),
        theme_rows=0,
        data_rows=len(items) + sum(counts.values()),
    )


def _items(paragraphs: list[WordParagraph]) -> Iterator[_Item | None]:
    """The paragraphs of the list; None for one with such a number outside of it."""
    group: _Group | None = None
    item: _Item | None = None
    for paragraph in paragraphs:
        text = paragraph.text
        number, rest = numbered(text, "en")
        if "." in number:
            if item is not None:
                yield item
            item = _Item(number, rest.lstrip(" .:"), group) if group else None
            if group is None:
                yield None
            continue
        if item is not None and not number and _goes_on(item, paragraph):
            item.text = f"{item.text} {text}"
            continue
        if item is not None:
            yield item
            item = None
        if _ENDS.search(text.casefold()):
            group = None
        elif opened := _opened(number, rest or text, paragraph.is_heading):
            group = opened
        elif number:
            group = None
        elif group and not _is_theme(paragraph):
            yield _Item("", text, group)
    if item is not None:
        yield item


def _opened(number: str, text: str, is_heading: bool) -> _Group | None:
    """The group that a paragraph opens. One without a number of its own says so by its form."""
    reading = answer_of_group(text)
    is_lead = text.rstrip("* ").endswith(":") or bool(
        re.search(r"\b(?:following|below)\b", text.casefold())
    )
    names_them = "recommendation" in text.casefold()
    if number:
        opens = [names_them, is_lead, reading is not None].count(True) > 1
    else:
        short = len(text) <= heading_chars_max and not _CLOSED.search(text)
        opens = (names_them and is_lead) or (reading is not None and (is_heading or short))
    return _Group(number, text, reading) if opens else None


def _goes_on(item: _Item, paragraph: WordParagraph) -> bool:
    """True if a paragraph without a number goes on with the one before it."""
    if paragraph.is_heading:
        return False
    text = paragraph.text
    is_part = bool(_LETTERED.match(text)) or text[:1].islower()
    return is_part or not (_is_closed(item.text) or _opened("", text, is_heading=False))


def _is_closed(text: str) -> bool:
    """True if a text ends as recommendations do: with a stop, or with its States."""
    parts = texts_with_states(text, set())
    return bool(_CLOSED.search(text)) or bool(parts and parts[-1].states)


def _is_theme(paragraph: WordParagraph) -> bool:
    """True if a paragraph without a number among the others is a heading, and no recommendation
    that lost its number."""
    text = paragraph.text
    return paragraph.is_heading or (len(text) <= heading_chars_max and not _is_closed(text))


def _row(place: int, item: _Item, symbol: str | None) -> MatrixRow | UnreadableRow:
    if not item.number:
        return _unreadable(place, "paragraph-missing", item)
    if len(item.text) > cell_characters_max:
        return _unreadable(place, "cell-too-long", item)
    doubts: set[str] = set()
    parts = texts_with_states(item.text, doubts)
    if not parts:
        return _unreadable(place, "text-missing", item)
    said = item.group.reading
    if said is None:
        doubts.add("position-unclear")
    answer = said.answer if said else None
    where = item.group.number or item.number
    return MatrixRow(
        row=place,
        paragraph=item.number,
        parts=parts,
        position=answer.value if answer else "pending",
        position_printed=item.group.text[:printed_characters_max],
        in_part=said is not None and said.in_part,
        said_already_implemented=said is not None and said.said_already_implemented,
        citation=Citation(where, symbol, where) if answer else None,
        doubts=tuple(sorted(doubts)),
    )


def _unreadable(place: int, reason: str, item: _Item) -> UnreadableRow:
    stood = f"{item.number} {item.text}".strip()
    return UnreadableRow(place, reason, REASONS[reason], stood[:printed_characters_max])


def _cover(paragraphs: list[WordParagraph]) -> list[str]:
    """What stands before the first numbered paragraph."""
    texts = [paragraph.text for paragraph in paragraphs]
    first = next((i for i, text in enumerate(texts) if numbered(text, "en")[0]), len(texts))
    return texts[:first]


def _symbol(texts: list[str]) -> str | None:
    return next((found[0] for text in texts if (found := _SYMBOL.search(text))), None)


def _state(cover: list[str]) -> str:
    """The State that the title names: after the review's name, or in the line below it."""
    for text, below in zip_longest(cover, cover[1:], fillvalue=""):
        if found := _REVIEW.search(text):
            for name in (found[1], below):
                name = name.removeprefix("of ").strip(" *")
                if recognise(name):
                    return name
    return ""
