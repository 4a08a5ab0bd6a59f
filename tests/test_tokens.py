"""What a text is found by: real queries in six languages, and SQLite's own tokenizer as judge."""

from __future__ import annotations

import sqlite3
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refusals import InvalidInput, LimitExceeded
from projections.tokens import (
    index_tokens,
    query_chars_max,
    query_tokens,
    query_words_max,
    token_chars_max,
)
from tests.length import times

TEXTS = {
    "en": "Prevent torture, protect women's rights and end racial discrimination (A/HRC/43/15)",
    "en-school": "Build schools in rural areas, 140.23; see also 140.2",
    "fr": "Garantir l’éducation des filles et la non-discrimination ; prévenir la torture",
    "fr-work": "Œuvrer à l'abolition de la peine de mort",
    "es": "Prevenir la tortura y garantizar los derechos humanos de la niñez indígena",
    "es-law": "Derogar las leyes discriminatorias",
    "ru": "Предотвращать пытки и защищать права человека; всё для детей",
    "ru-school": "Строить сельские школы, где была война",
    "ar": "اتخاذ تدابير لمنع التَّعْذِيب وحماية حقوق الإنسان للمرأة، الفقرة ١٤٠",
    "ar-school": "بناء المدارس في المناطق الريفية",
    "zh": "采取措施防止酷刑，保护人权，批准第18条",
    "zh-school": "在农村地区建设学校",
    "ja": "ガザの子どもの人権を守る",
    "ko": "고문을 방지하고 인권을 보호한다",
    "sl": "Preprečevati mučenje in varovati človekove pravice",
}
TOKENS = {name: index_tokens(text, name.partition("-")[0]) for name, text in TEXTS.items()}


def fits(tokens: set[str], query: str) -> bool:
    return all(tokens & alternatives for alternatives in query_tokens(query))


def found(query: str) -> set[str]:
    return {name for name, tokens in TOKENS.items() if fits(tokens, query)}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("人权", {"zh"}),
        ("酷刑", {"zh"}),
        ("刑", {"zh"}),
        ("防止酷刑 保护", {"zh"}),
        ("农村学校", set()),
        ("第18条", {"zh"}),
        ("ガザ", {"ja"}),
        ("カサ", set()),
        ("고문", {"ko"}),
        ("حقوق الإنسان", {"ar"}),
        ("الحقوق", {"ar"}),
        ("حقوق انسان", {"ar"}),
        ("التعذيب", {"ar"}),
        ("تعذيب", {"ar"}),
        ("بالتعذيب", {"ar"}),
        ("المرأة", {"ar"}),
        ("مدارس ريفيه", {"ar-school"}),
        ("140", {"ar", "en-school"}),
        ("пытка", {"ru"}),
        ("прав человека", {"ru"}),
        ("все дети", {"ru"}),
        ("война", {"ru-school"}),
        ("воина", set()),
        ("школа", {"ru-school"}),
        ("women", {"en"}),
        ("woman's", set()),
        ("women's right", {"en"}),
        ("womens", {"en"}),
        ("TORTURE", {"en", "fr", "es"}),
        ("the discriminations", {"en", "fr"}),
        ("nondiscrimination", {"fr"}),
        ("non discrimination", {"fr"}),
        ("non-discrimination", {"fr"}),
        ("éducation", {"fr"}),
        ("l'education des fille", {"fr"}),
        ("oeuvre", {"fr-work"}),
        ("d’abolitions", {"fr-work"}),
        ("derecho humano", {"es"}),
        ("ninez", {"es"}),
        ("discriminatorio", {"es-law"}),
        ("mucenje", {"sl"}),
        ("človekove pravice", {"sl"}),
        ("A/HRC/43/15", {"en"}),
        ("a/hrc/43", {"en"}),
        ("A/HRC/59/15", set()),
        ("140.23", {"en-school"}),
        ("140.2", {"en-school"}),
        ("140.20", set()),
        ("１４０.２３", {"en-school"}),
    ],
)
def test_a_query_finds_what_it_should_and_nothing_else(query: str, names: set[str]) -> None:
    assert found(query) == names


def test_a_paragraph_is_no_decimal_and_is_found_with_its_subparagraphs() -> None:
    tokens = index_tokens("Target 16.b, paragraph 140.10.a", "en")
    assert fits(tokens, "16.b")
    assert fits(tokens, "140.10")
    assert not fits(tokens, "140.1")


def test_text_that_is_written_without_spaces_still_gives_its_number() -> None:
    assert fits(index_tokens("第140.23段建议", "zh"), "140.23")


def test_common_words_are_dropped_only_while_others_remain() -> None:
    assert query_tokens("the rights of the child") == query_tokens("rights child")
    assert query_tokens("de la") == [frozenset({"de"}), frozenset({"la"})]


def test_a_stem_is_no_single_letter() -> None:
    for query in ("as", "dés", "es", "и", "ее"):
        for alternatives in query_tokens(query):
            assert {t for t in alternatives if len(t) == 1} <= {query}


def test_a_language_with_a_region_is_that_language() -> None:
    assert index_tokens("droits", "fr-CH") == index_tokens("droits", "fr") == {"droits", "droit"}
    assert index_tokens("droits", "de") == {"droits"}


@pytest.mark.parametrize("query", ["", "   ", "?!", "—", "\u064b", "\ud800"])
def test_a_query_of_nothing_is_refused_with_what_to_do(query: str) -> None:
    with pytest.raises(InvalidInput, match="Write a word or a number"):
        query_tokens(query)


def test_a_query_has_limits() -> None:
    assert len(query_tokens("权" * query_chars_max)) == 1
    with pytest.raises(LimitExceeded, match="at most 200 characters, this one has 201"):
        query_tokens("a" * (query_chars_max + 1))
    words = [f"w{n}" for n in range(query_words_max + 1)]
    assert len(query_tokens(" ".join(words[1:]))) == query_words_max
    with pytest.raises(LimitExceeded, match="at most 20 different words, this one has 21"):
        query_tokens(" ".join(words))


# --- In general ----------------------------------------------------------------------------------

SCRIPTS = "aZéßñŒıſﬁ'’-‑.·/_0٣²½ёйЩїبةآأﻷىًـپ人权酷〇がガーｶ고ㄅहिก́\u200b\u200d\u00ad𠀀𝒜Ꭰ᧙ǰΐΣς"
some_text = st.text(st.one_of(st.sampled_from(SCRIPTS + " "), st.characters()), max_size=60)
languages = st.sampled_from(["ar", "en", "es", "fr", "ru", "zh", "sl", ""])


@given(some_text, languages)
def test_every_word_of_a_text_finds_it(text: str, language: str) -> None:
    tokens = index_tokens(text, language)
    for word in text.split():
        if len(word) <= query_chars_max and index_tokens(word, language):
            assert fits(tokens, word), word


@given(some_text, languages)
def test_tokens_are_letters_and_digits_and_not_long(text: str, language: str) -> None:
    tokens = index_tokens(text + "ﷺ" * 50, language)
    for token in tokens:
        assert token.isalnum()
        assert len(token) <= token_chars_max


# --- As SQLite splits it -------------------------------------------------------------------------


class Index:
    """An FTS5 table with the tokenizer that the views use, and what it makes of a string."""

    def __init__(self) -> None:
        self.store = sqlite3.connect(":memory:")
        self.store.execute(
            "CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'unicode61 remove_diacritics 0')"
        )
        self.store.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'row')")

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def split(self, tokens: set[str]) -> set[str]:
        self.store.execute("DELETE FROM t")
        self.store.execute("INSERT INTO t VALUES (?)", (" ".join(sorted(tokens)),))
        return {term for (term,) in self.store.execute("SELECT term FROM v")}


@pytest.mark.slow
@pytest.mark.endurance
def test_sqlite_splits_the_tokens_of_every_character_as_we_do() -> None:
    """The short form: of all alphabets, and of every ninth thousand of signs and planes beyond."""
    tokens: set[str] = set()
    beyond = range(12_000, sys.maxunicode + 1, times(9_000, long=1_000))
    for first in (*range(0, 12_000, 1_000), *beyond):
        some = map(chr, range(first, min(first + 1_000, sys.maxunicode + 1)))
        tokens |= index_tokens(" ".join(f"{char} a{char}b" for char in some), "en")
    assert len(tokens) > times(20_000, long=100_000)
    with Index() as index:
        assert index.split(tokens) ^ tokens == set()


@given(some_text, languages)
def test_sqlite_splits_tokens_as_we_do(text: str, language: str) -> None:
    tokens = index_tokens(text, language)
    with Index() as index:
        assert index.split(tokens) == tokens


def test_sqlite_finds_by_the_longest_query() -> None:
    characters = "".join(chr(0x4E00 + n) for n in range(query_chars_max))
    with Index() as index:
        index.split(index_tokens(characters, "zh"))
        asked = " AND ".join(
            "(" + " OR ".join(f'"{token}"' for token in sorted(some)) + ")"
            for some in query_tokens(characters)
        )
        assert index.store.execute("SELECT count(*) FROM t(?)", (asked,)).fetchone() == (1,)
