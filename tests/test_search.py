"""Search finds what a text says, in the six languages of the United Nations, on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as all_examples
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from domain.entry import Entry, Visibility
from domain.refusals import InvalidInput
from domain.scope import Scope, everything
from domain.words import Position
from projections import recommendations, search
from projections.recommendations import Where, page_size_max
from projections.tokens import index_tokens, query_tokens
from tests import naive, stores
from tests.given import (
    LANGUAGES,
    Act,
    Given,
    added,
    any_recommendations,
    corrected,
    given,
    identified,
    received,
    renumbered,
    supported,
    text,
    unnamed,
)
from tests.length import times
from tests.test_views import Fresh, Place, exported, on_postgresql, on_sqlite, place

__all__ = ["on_postgresql", "on_sqlite"]


def indexed(connection: Connection) -> dict[str, str]:
    """The words of every recommendation, by id."""
    words = (
        "t.tokens FROM search_document d JOIN search_text t ON t.rowid = d.number"
        if connection.dialect.name == "sqlite"
        else "array_to_string(tsvector_to_array(t.tokens), ' ')"
        " FROM search_document d JOIN search_text t ON t.number = d.number"
    )
    found = connection.exec_driver_sql(f"SELECT d.owner, {words}")
    return {id: " ".join(sorted(said.split())) for id, said in found}


WORDS = (
    *("ratify", "torture", "convention", "report", "ratifier", "prévenir", "la", "convenio"),
    *("конвенция", "пытки", "التعذيب", "اتفاقية", "酷刑", "批准公约", "防止", "公"),
    *("140.1", "140.10", "140", "A/HRC/59/15", "59", "u-1", "words 2", "texte", "two", "nobody"),
    *("ratify convention", "torture 140.1", "批准 140"),
)

TEXTS = {
    "en": "Prevent torture and protect women's rights (140.23)",
    "fr": "Garantir l’éducation des filles ; prévenir la torture",
    "es": "Derogar las leyes discriminatorias contra la niñez",
    "ru": "Предотвращать пытки и защищать права человека",
    "ar": "اتخاذ تدابير لمنع التَّعْذِيب وحماية حقوق الإنسان",
    "zh": "采取措施防止酷刑，保护人权",
}
QUERIES = {
    "酷刑": {"zh"},
    "防止酷刑": {"zh"},
    "人权 措施": {"zh"},
    "刑": {"zh"},
    "酷权": set(),
    "تعذيب": {"ar"},
    "التعذيب": {"ar"},
    "حقوق انسان": {"ar"},
    "بالحقوق": {"ar"},
    "المدارس": set(),
    "torture": {"en", "fr"},
    "WOMEN": {"en"},
    "woman": set(),
    "education fille": {"fr"},
    "discriminatoria": {"es"},
    "ninez": {"es"},
    "пытка": {"ru"},
    "прав": {"ru"},
    "140.23": {"en"},
    "140.2": set(),
}


@pytest.fixture
def here(database_url: str) -> Iterator[Place]:
    with place(database_url) as made:
        yield made


def hits(there: Place, query: str, scope: Scope = everything) -> set[UUID]:
    with there.views.snapshot() as (connection, _):
        where = Where(search=query)
        page = recommendations.page(connection, scope, where, first=page_size_max)
        found = {row.state.id for row in page.rows}
        assert recommendations.count(connection, scope, where) == len(found)
        return found


def told(there: Place, *histories: Given) -> None:
    for it in histories:
        there.record(*it.entries)
    there.feed.advance()


def scanned(rows: list[naive.Row], query: str) -> set[UUID]:
    """What a query finds when every text and name is read through."""
    found = set()
    for id, it in naive.what_stands(rows).items():
        tokens = {token for tag, words in it["text"].items() for token in index_tokens(words, tag)}
        for _, value, paragraph in it["names"]:
            tokens |= index_tokens(f"{value} {paragraph or ''}", "")
        if all(tokens & forms for forms in query_tokens(query)):
            found.add(UUID(id))
    return found


# --- Found by reading everything -----------------------------------------------------------------


@settings(max_examples=times(4, long=40))
@all_examples(st.randoms(use_true_random=False), st.integers(1, 12), st.integers(0, 80))
def test_a_query_finds_what_reading_every_text_finds(
    on_sqlite: Fresh, random: Random, streams: int, steps: int
) -> None:
    with on_sqlite() as there:
        for n, entries in enumerate(any_recommendations(random, streams, steps)):
            there.record(*entries)
            if n % 4 == 0:
                there.feed.advance()
        there.feed.advance()
        rows = exported(there.log)
        for word in WORDS:
            assert hits(there, word) == scanned(rows, word), word


@pytest.mark.slow
def test_in_a_long_record_a_query_finds_what_reading_every_text_finds(here: Place) -> None:
    for n, entries in enumerate(any_recommendations(Random(22), 80, 1_200)):
        here.record(*entries)
        if n % 9 == 0:
            here.feed.advance()
    here.feed.advance()
    rows = exported(here.log)
    met = {word: hits(here, word) for word in WORDS}
    assert met == {word: scanned(rows, word) for word in WORDS}
    silent = {word for word, found in met.items() if not found}
    assert silent == {"nobody"}, "or they would prove little"


# --- Queries by name -----------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """One recommendation in each language of the United Nations."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('search') / 'suivi.db'}"
        with place(url) as there:
            told(there, *map(Given, in_each_language()))
            yield there
    else:
        server = request.getfixturevalue("postgres_server")
        with server.store(stores.make) as url, place(url) as there:
            told(there, *map(Given, in_each_language()))
            yield there


def in_each_language() -> list[Entry]:
    return [
        received(None, symbol=None, id=UUID(int=n), wordings=(TEXTS[tag],), language=tag)
        for n, tag in enumerate(TEXTS, 1)
    ]


@pytest.mark.parametrize(("query", "languages"), QUERIES.items())
def test_a_query_in_any_language_finds_what_it_should(
    library: Place, query: str, languages: set[str]
) -> None:
    ids = dict(zip(TEXTS, range(1, len(TEXTS) + 1), strict=True))
    assert hits(library, query) == {UUID(int=ids[tag]) for tag in languages}


@pytest.mark.parametrize(
    "query", ["a'b", 'x" OR "y', "NEAR(a b)", "a:*", "tokens:torture", "!a & b", "NOT nobody"]
)
def test_a_query_is_words_and_never_a_command_to_the_index(library: Place, query: str) -> None:
    assert hits(library, query) == set()


@pytest.mark.parametrize("query", ["", " ", "'", '"', "\\", "%", "*", "- -"])
def test_a_query_without_a_word_is_refused(library: Place, query: str) -> None:
    with pytest.raises(InvalidInput, match="search"):
        hits(library, query)


def test_a_query_stands_with_other_conditions(library: Place) -> None:
    with library.views.snapshot() as (connection, _):
        for position, count in ((Position.PENDING, 2), (Position.NOTED, 0)):
            where = Where(search="torture", position=[position])
            assert recommendations.count(connection, everything, where) == count


# --- What it is found by changes -----------------------------------------------------------------


def step(there: Place, it: Given, taken: Act) -> Given:
    outcome = it.when(taken)
    assert outcome.entry is not None, outcome.refusal
    told(there, Given(outcome.entry))
    return Given(*it.entries, outcome.entry)


def test_it_is_found_by_its_words_and_names_as_they_are_now(here: Place) -> None:
    it = given(received("140.1", wordings=("Ratify",)))
    told(here, it, given(received("140.2", wordings=("Report",))))
    me = {it.it.id}
    it = step(here, it, added(text("Ratifier les traités", language="fr")))
    assert hits(here, "traité") == hits(here, "ratify") == me
    it = step(here, it, corrected(text=text("Accede")))
    assert hits(here, "ratify") == hits(here, "ratifying") == me, "so says the French text"
    assert hits(here, "accede") == hits(here, "traités") == me
    it = step(here, it, corrected(text=text("Adhérer", language="fr")))
    assert hits(here, "ratify") == hits(here, "traités") == set()
    it = step(here, it, renumbered("141.7"))
    assert hits(here, "141.7") == hits(here, "140.1") == me, "a former number still leads here"
    it = step(here, it, identified("u-77"))
    assert hits(here, "u-77") == me
    it = step(here, it, unnamed("u-77"))
    assert hits(here, "u-77") == set()
    step(here, it, supported())
    assert hits(here, "accede") == me, "what says nothing new leaves the index as it was"


def test_both_parts_of_a_paragraph_are_found_by(here: Place) -> None:
    it = given(received(wordings=LANGUAGES["zh"], language="zh"))
    told(here, it)
    assert hits(here, "公约") == hits(here, "酷刑") == hits(here, "酷刑 公约") == {it.it.id}


def test_the_longest_recommendation_there_can_be_is_found_by_its_words(
    on_postgresql: Fresh,
) -> None:
    """Of two megabytes of words half has room in a tsvector; those that have are not mixed up."""
    letters = str.maketrans("0123456789", "абвгдежзик")
    wordings = tuple(
        " ".join(f"{part:02}{n:06}".translate(letters) for n in range(2_200)) for part in range(50)
    )
    it = given(received(wordings=wordings, language="ru"))
    with on_postgresql() as there:
        told(there, it)
        with there.views.snapshot() as (connection, _):
            held = indexed(connection)[it.it.id.hex].split()
        assert held == search.tokens(it.it)
        assert 900_000 < sum(len(word.encode()) for word in held) <= search.words_bytes_max
        for word in (wordings[0].split()[7], held[0], held[-2], "140.1"):
            assert hits(there, word) == {it.it.id}


# --- Seen by right -------------------------------------------------------------------------------


def test_a_query_finds_nothing_for_those_who_may_not_see_it(here: Place) -> None:
    secret = received("140.1", wordings=("防止酷刑",), language="zh")
    who = {"visibility": Visibility.CONFIDENTIAL, "institution": "justice"}
    hidden = received("140.2", wordings=("防止酷刑",), language="zh", **who)  # type: ignore[arg-type]
    other = received("140.3", wordings=("防止酷刑",), language="zh", addressee="FRA")
    told(here, Given(secret), Given(hidden), Given(other))
    public = frozenset({Visibility.PUBLIC})
    assert hits(here, "酷刑") == {secret.stream, hidden.stream, other.stream}
    assert hits(here, "酷刑", Scope(visibilities=public)) == {secret.stream, other.stream}
    internal = public | {Visibility.INTERNAL}
    mine = Scope(visibilities=internal, institution="justice", addressees=frozenset({"SVN"}))
    assert hits(here, "酷刑", mine) == {secret.stream, hidden.stream}
    like_it = msgspec.structs.replace(mine, institution="Justice")
    assert hits(here, "酷刑", like_it) == {secret.stream}, "a code of before is another's"


def test_what_a_text_is_found_by_is_the_same_on_both_stores(library: Place) -> None:
    with library.views.snapshot() as (connection, _):
        words = indexed(connection)
    for n, (tag, said) in enumerate(TEXTS.items(), 1):
        assert words[UUID(int=n).hex].split() == sorted({*index_tokens(said, tag), "国svn"})
