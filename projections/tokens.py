"""What a text is found by, in every language.

A text is indexed by tokens: its words folded (case, width, diacritics, Arabic spelling), their
stems in its own language, both halves and the whole of what is hyphenated, paragraph numbers whole
(140.1 is not 140.10: domain rule 4), and, where no spaces part the words, single characters and
overlapping pairs. A query's language is unknown, so each of its words is looked for as it is and by
its stem in every language of its script.

Tokens are letters and digits only: SQLite's FTS5 (unicode61, remove_diacritics 0) splits them at
spaces and nowhere else, and PostgreSQL takes them as lexemes. A change here needs a rebuild of the
views.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import snowballstemmer  # type: ignore[import-untyped]  # it comes without types

from domain.refusals import InvalidInput, LimitExceeded

query_chars_max = 200
query_words_max = 20
token_chars_max = 40

STEMMED = {"ar": "arabic", "en": "english", "es": "spanish", "fr": "french", "ru": "russian"}
"""Languages whose words are also found by their stems, with the stemmer's name for them."""

COMMON = frozenset(
    "a al an and are as at au aux be by da dans de del des do du e el en es est et for from i if in"
    " is it la las le les lo los o of on or ou par para pero por pour que qui se son sur the their"
    " this that to un una une unos unas with y"
    " в во и из к на не о об от по с со у что как для за"
    " في من على الى عن ان او مع التي الذي هذا هذه".split()
)
"""Folded words that say nothing while a query has others. The index has them all."""

# Scripts written without spaces: Thai, Lao, Burmese, Khmer, Hangul, Kana, Bopomofo, Han.
_RUN = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003134f"
)
_WORDS = re.compile(
    r"(?P<number>\d+(?:\.(?:\d+|[a-z])(?![a-z0-9]))+)"
    rf"|(?P<run>[{_RUN}]+)"
    rf"|(?P<word>[^ .'\-{_RUN}]+(?:[-'][^ .'\-{_RUN}]+)*)"
)
# Modifier letters that transliterations use as marks, tatweel, and letters that SQLite's tables
# take for signs or do not know (Unicode 15 and later).
_NO_LETTER = re.compile(
    "[\u02b0-\u02ff\u0640]|(?P<sign>[\u19b0-\u19c0\u19c8\u19c9\u1cf2\u1cf3\U00011f00-\U00011f59"
    "\U0001df25-\U0001df2a\U0001e4d0-\U0001e4f9\U0002ebf0-\U0002ee5d\U00031350-\U0010ffff])"
)
_APOSTROPHES = "'‘’‛′`´"
_HYPHENS = "-‐‑"
_ARTICLE = re.compile("و?(?:[بكف]?ال|لل)(?=..)")
_PARTICLE = re.compile("[وفبكل](?=...)")
_ARABIC = re.compile("[\u0620-\u06ff]")
_SCRIPTS = (
    (re.compile("[a-z]"), ("en", "es", "fr")),
    (re.compile("[\u0400-\u04ff]"), ("ru",)),
    (_ARABIC, ("ar",)),
)


def index_tokens(text: str, language: str) -> set[str]:
    """All that a text in a language ("fr", "zh-Hans") is found by."""
    language = language.partition("-")[0].lower()
    language = language if language in STEMMED else ""
    found: set[str] = set()
    for kind, word in set(_words(text)):
        found |= _indexed(kind, word, language)
    return found


def query_tokens(query: str) -> list[frozenset[str]]:
    """What a query asks for: a text fits when, of every set, it has at least one token.

    Very common words are dropped while others remain. There are at most as many sets as the query
    may have characters. Refuses a query that is too long or holds no letter and no digit."""
    if len(query) > query_chars_max:
        raise LimitExceeded(
            f"A search has at most {query_chars_max} characters, this one has {len(query)}:"
            " leave out what matters least."
        )
    words = list(dict.fromkeys(_words(query)))
    if len(words) > query_words_max:
        raise LimitExceeded(
            f"A search has at most {query_words_max} different words, this one has {len(words)}:"
            " leave out what matters least."
        )
    telling = [(kind, word) for kind, word in words if _folded(word) not in COMMON]
    sets = dict.fromkeys(s for kind, word in telling or words for s in _asked(kind, word))
    if not sets:
        raise InvalidInput("Write a word or a number to search for.")
    return list(sets)


# --- Words ---------------------------------------------------------------------------------------


class _Cleaning(dict[int, str]):
    """Character → what stays of it: a letter, a digit, a joining sign, a space or nothing."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = _clean(chr(code))
        return kept


class _Folding(dict[int, str]):
    """Letter → the letter it counts as."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = _base(chr(code))
        return kept


_cleaning = _Cleaning()
_folding = _Folding(
    str.maketrans(
        {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th"}
        | {"ı": "i", "й": "й", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ٱ": "ا"}
    )
)


def _clean(char: str) -> str:
    if char in _APOSTROPHES:
        return "'"
    if char in _HYPHENS:
        return "-"
    if char == ".":
        return "."
    if unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf"):
        return " " if char == "\u200b" else ""
    if no_letter := _NO_LETTER.match(char):
        return " " if no_letter["sign"] else ""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return char if char.isalnum() else " "


def _base(char: str) -> str:
    """The letter without diacritics. Kana keep their voicing; й is a letter of its own."""
    if "\u3040" <= char <= "\u30ff":
        return char
    bare = [c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c)]
    return unicodedata.normalize("NFC", "".join(bare))


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text, each with its kind: "number", "run" or "word"."""
    # NFKC would take ´ apart into a space and an accent.
    even = unicodedata.normalize("NFKC", text.replace("´", "'")).casefold()
    clean = unicodedata.normalize("NFKC", even).translate(_cleaning)
    for found in _WORDS.finditer(clean):
        assert found.lastgroup is not None
        yield found.lastgroup, found[0]


def _folded(word: str) -> str:
    return word.translate(_folding)[:token_chars_max]


# --- Tokens --------------------------------------------------------------------------------------


@lru_cache(maxsize=200_000)
def _indexed(kind: str, word: str, language: str) -> frozenset[str]:
    """What a word of a text is found by."""
    if kind == "run":
        word = word.translate(_folding)
        return frozenset(word) | {a + b for a, b in pairwise(word)}
    if kind == "number":
        pieces = word.split(".")
        wholes = ("p".join(pieces[:n]) for n in range(2, len(pieces) + 1))
        return frozenset(token[:token_chars_max] for token in (*pieces, *wholes))
    parts = _parts(word)
    found = {_folded("".join(parts))}
    for part in parts:
        found |= _forms(part, (language,) if language else (), attached=True)
    return frozenset(found)


def _asked(kind: str, word: str) -> list[frozenset[str]]:
    """What a word of a query asks for."""
    if kind == "run":
        word = word.translate(_folding)
        pairs = [a + b for a, b in pairwise(word)]
        return [frozenset([pair]) for pair in pairs or word]
    if kind == "number":
        return [frozenset([word.replace(".", "p")[:token_chars_max]])]
    parts = _parts(word)
    if "'" in word:  # what is elided or appended is no word: l'éducation, women's
        parts = [part for part in parts if len(part) > 1 and part != "qu"] or parts
    whole = _folded("".join(_parts(word)))
    return [_forms(part, _languages(part), attached=False) | {whole} for part in parts]


def _parts(word: str) -> list[str]:
    return word.replace("'", "-").split("-")


def _languages(word: str) -> tuple[str, ...]:
    """The languages a word may be of, by its script."""
    word = _folded(word)
    return next((languages for script, languages in _SCRIPTS if script.match(word)), ())


@lru_cache(maxsize=100_000)
def _forms(word: str, languages: tuple[str, ...], attached: bool) -> frozenset[str]:
    """A word folded, without its Arabic article, and the stems of these. `attached`: also without
    the particles that Arabic writes as one with the noun, which makes false words too."""
    word = word[:token_chars_max]
    forms = {word, _folded(word)}
    if _ARABIC.match(word):
        forms |= {_ARTICLE.sub("", form, count=1) for form in forms if _ARTICLE.match(form)}
        if attached:
            forms |= {form[1:] for form in forms if _PARTICLE.match(form)}
    stems = (stem for language in languages for stem in _stems(forms, language))
    return frozenset(_folded(form) for form in (*forms, *stems))


def _stems(forms: Iterable[str], language: str) -> list[str]:
    """A stemmer holds the word it works on, so each thread takes a new one; that costs nothing."""
    stemmer = snowballstemmer.stemmer(STEMMED[language])
    return [stem for stem in map(stemmer.stemWord, forms) if len(stem) > 1]
