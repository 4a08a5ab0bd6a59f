"""Identity: minted once from what a paragraph officially is, kept when its number changes.

A recommendation's id is a UUID of version 5 over kind, addressee, document symbol and paragraph
(domain rule 4). The namespace and the normalisation below are frozen: the same printed paragraph
gets the same id in every installation, for ever. Where there is no such key the id is random. What
people write in other ways is spelt well before it is named (`spelt_symbol`, `spelt_paragraph`).
"""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1f2b54-6a0e-5b7c-9d58-0b0a8f5d2c11")

_SPACE = re.compile(r"\s+")
_CHUNK = re.compile(r"\d+|[^\W\d_]+")


def normal_symbol(symbol: str) -> str:
    """A document symbol as compared: compatibility forms folded, no white space, upper case."""
    return _folded(_folded(symbol).upper())


def normal_paragraph(paragraph: str) -> str:
    """A paragraph number as compared: a string, never a decimal: 140.1 is not 140.10."""
    return _folded(_folded(paragraph).lower()).rstrip(".")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", _SPACE.sub("", unicodedata.normalize("NFKC", text)))


def spelt_symbol(printed: str) -> str:
    """A document symbol as the United Nations spell it, from the ways people write it: dashes,
    digits and letters of any width, spaces at strokes, "UN Doc.", a stop at the end, and "Add. 1"
    or "Corr 1" beside the symbol. What is spelt well stays as it is."""
    symbol = _ADDED.sub(_added, _FOREWORD.sub("", _plain(printed)))
    return re.sub(r"\s*/\s*", "/", symbol).strip(" .,;:")


def spelt_paragraph(printed: str) -> str:
    """A paragraph number from the ways people write it: "para. 16", "§ 16", "16.", "(16)" and "16"
    are one."""
    number = _PARAGRAPH.sub("", _plain(printed)).strip(" .,;:")
    if number.count(")") > number.count("("):
        number = number.removesuffix(")").rstrip(" .")
    enclosed = re.fullmatch(r"[(\[]([\d.]+)[)\]]", number)
    return enclosed[1] if enclosed else number


def paragraphs_of(printed: str) -> tuple[str, ...]:
    """The paragraphs that a cell names: one, or those of a list or range ("50.5-50.8", "50.23, 25,
    26", "15 (a)-(c)"), each whole. None where it is empty, or a range that runs backwards or over
    more than `range_paragraphs_max`."""
    number = spelt_paragraph(printed)
    pieces = [piece for piece in map(str.strip, _LISTED.split(number)) if piece]
    if len(pieces) < 2 and not _RANGE.fullmatch(number):
        return (number,) if number else ()
    found: list[str] = []
    for piece in pieces:
        ends = _RANGE.fullmatch(piece)
        first, last = (ends[1], ends[2]) if ends else (piece, piece)
        first = _completed(spelt_paragraph(first), found[-1] if found else "")
        named = _between(first, _completed(spelt_paragraph(last), first)) if ends else [first]
        if named is None:
            return ()
        if not all(map(_NUMBER.fullmatch, named)):
            return (number,)
        found.extend(named)
    return tuple(dict.fromkeys(found))


range_paragraphs_max = 500

_DASH = re.compile(r"[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d\u00ad\u30fc]")
_FOREWORD = re.compile(
    r"^(?:UN )?(?:docs?|documents?|symbols?)\b[.: ]*(?=[A-Z]{1,8}/)|^UN (?=[A-Z]{1,8}/)",
    re.IGNORECASE,
)
_ADDED = re.compile(r"[\s/]*\b(add|corr|rev)(?:endum|igendum)?[\s.]*(\d+)", re.IGNORECASE)
_PARAGRAPH = re.compile(
    r"^(?:(?:paragraphs?|paragraphes?|párrafos?|parágrafos?|paras?|pars?|párrs?|пункты?|пп?"
    r"|recommendations?|no|nos|nr|§+|№|n[º°]|الفقرات|الفقرة|فقرة|第|段落?)(?![^\W\d_])[.: ]*)+|段$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\s*(?:[,;&/]|\b(?:and|et|y|и)\b|و|和|、)+\s*")
_RANGE = re.compile(
    r"([\d.]+(?:\s*\([a-z]+\))?)\s*(?:-|\bto\b|\bà\b|\ba\b|\bпо\b|至)\s*(\(?[\da-z.]+\)?|[\d.]+\s*\([a-z]+\))"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:\.[a-z])?(?:\s*\([a-z]+\))*")


def _plain(printed: str) -> str:
    """Letters and digits of one width and script, dashes of one kind, single spaces, nothing that
    is not seen."""
    text = _DASH.sub("-", printed.replace("\u00ad", ""))
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    digits = (str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return _SPACE.sub(" ", "".join(digits)).strip()


def _added(found: re.Match[str]) -> str:
    return f"/{found[1].capitalize()}.{found[2]}"


def _completed(short: str, before: str) -> str:
    """A number in a list that leaves out what it shares with the one before: 25 after 50.23."""
    if short.startswith("(") and "(" in before:
        return before[: before.rindex("(")] + short
    head, dot, _ = before.rpartition(".")
    return f"{head}.{short}" if dot and short.isdigit() and "(" not in before else short


def _between(first: str, last: str) -> list[str] | None:
    """The numbers of a range, both ends among them."""
    one, other = (re.fullmatch(r"(.*?)(\d+|[a-z])(\)?)", end) for end in (first, last))
    if not one or not other or (one[1], one[3]) != (other[1], other[3]):
        return None
    if one[2].isdigit() != other[2].isdigit():
        return None
    begin, end = (int(e) if e.isdigit() else ord(e) for e in (one[2], other[2]))
    if not begin <= end <= begin + range_paragraphs_max:
        return None
    values = (str(n) if one[2].isdigit() else chr(n) for n in range(begin, end + 1))
    return [f"{one[1]}{value}{one[3]}" for value in values]


def mint(kind: str, addressee: str, symbol: str, paragraph: str) -> UUID:
    """The id of the aggregate that `paragraph` of document `symbol`, said to `addressee`, is."""
    key = (kind, addressee.upper(), normal_symbol(symbol), normal_paragraph(paragraph))
    return uuid5(NAMESPACE, "\x1f".join(key))


def natural_order(paragraph: str) -> str:
    """A key that sorts paragraph numbers as people do, by code point: 16.9 < 16.10 < 16.b."""
    return ".".join(
        f"{int(chunk):08d}" if chunk.isdecimal() else chunk
        for chunk in _CHUNK.findall(normal_paragraph(paragraph))
    )
