"""Identity: minted once from what a paragraph officially is, kept when its number changes.

A recommendation's id is a UUID of version 5 over kind, addressee, document symbol and paragraph
(domain rule 4). The namespace and the normalisation below are frozen: the same printed paragraph
gets the same id in every installation, for ever. Where there is no such key the id is random.
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
