"""Printed names as they are compared: States, bodies and answers are found by these forms.

Documents write one name in many ways. What a reader's eye takes for the same is the same here:
case, diacritics, apostrophes, hyphens, brackets and other punctuation, white space, marks that are
not seen (soft hyphens, marks of direction), full-width letters, "&" for "and", and character
references make no difference.
"""

from __future__ import annotations

import html
import re
import unicodedata

_ELISION = re.compile(r"\b([ld])['’‘ʼʹ′`´]\s*", re.IGNORECASE)
_APOSTROPHE = re.compile("['’‘ʼʹ′`´]")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_ARABIC = str.maketrans("ىةکی", "يهكي", "ـ")
"""Letters that Arabic typists use for one another; the stretching mark is no letter."""

_RAISED = re.compile("[²³¹⁰⁴-⁹]")
"""Marks of footnotes."""
_TURNED = re.compile(r"(?P<first>[^(),（）]+)(?:, |,| ?[(（])(?P<then>[^(),（）]+)[)）]?")
_ARTICLES = frozenset("the le la les l el los las".split())


def folded(printed: str) -> str:
    """A printed name as compared: its words in small letters, one space between them."""
    text = html.unescape(printed) if "&" in printed else printed
    text = unicodedata.normalize("NFKC", _RAISED.sub("", seen(text)))
    text = _APOSTROPHE.sub("", _ELISION.sub(r"\1 ", text)).replace("&", " and ")
    text = "".join(
        character
        for character in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(character)
    )
    return _NOT_A_LETTER.sub(" ", text.translate(_ARABIC)).strip()


def seen(text: str) -> str:
    """A text without the characters that nobody sees: soft hyphens, marks of direction, joiners."""
    if text.isascii():
        return text
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def without_articles(name: str) -> str:
    """A folded name without the article before or after it: "the bahamas", "bahamas the"."""
    words = name.split()
    while words and words[0] in _ARTICLES:
        del words[0]
    while words and words[-1] in _ARTICLES:
        del words[-1]
    return " ".join(words)


def turned(printed: str) -> str | None:
    """A name whose second half stands in front, as in an index: "Korea (Republic of)" and "Korea,
    Republic of" are "Republic of Korea". None where nothing is turned."""
    found = _TURNED.fullmatch(" ".join(printed.split()))
    return f"{found['then']} {found['first']}" if found else None
