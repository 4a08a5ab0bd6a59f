"""A match: a row of a second source and the recommendation it is, as far as that is decided."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as all_examples
from hypothesis import strategies as st

from domain.entry import Event, RecommendationId, text_chars_max
from domain.match import (
    Match,
    MatchCandidate,
    MatchProposed,
    candidates_max,
    fold,
    match_id,
    propose_match,
    recommenders_max,
)
from domain.recommendation.elements import Recommender
from domain.recommendation.terms import terms_max
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded
from domain.words import Answer, AssertedHow, MatchStatus
from tests.given import stamp, term
from tests.test_review import told, walk

ONE, TWO = (RecommendationId(UUID(int=n)) for n in (1, 2))


def candidate(to: RecommendationId = ONE, score: int = 80) -> MatchCandidate:
    return MatchCandidate(recommendation=to, score=score)


def proposed(**other: Any) -> tuple[UUID, Event]:
    facts: dict[str, Any] = {
        "addressee": "SVN",
        "scheme": "uhri",
        "key": "u-1",
        "text": "Ratify the convention",
        "language": "en",
        "candidates": [candidate(ONE, 40), candidate(TWO, 90)],
    }
    return propose_match(stamp(), **{**facts, **other})


def given(*commands: Any, begun: tuple[UUID, Event] | None = None) -> Match:
    it = told(fold, begun or proposed(), *commands)
    assert isinstance(it, Match)
    return it


def made(to: RecommendationId = ONE, score: int | None = 90) -> Any:
    return lambda m: m.make(stamp(), to, AssertedHow.SIMILARITY, score)


def refused(m: Match) -> Event:
    return m.refuse(stamp(reason="it is of another review"))


def withdrawn(m: Match) -> Event:
    return m.withdraw(stamp(reason="the number was read wrongly"))


def test_a_proposed_match_is_undecided_and_keeps_what_the_row_says() -> None:
    france = Recommender(printed="France", code="FRA")
    it = given(
        begun=proposed(
            recommenders=[france],
            answer=Answer.NOTED,
            terms=[term("themes", "A12")],
            cycle=4,
            session="48",
            symbol="A/HRC/59/15",
            paragraph="140.1",
        )
    )
    assert (it.status, it.to) == (MatchStatus.UNDECIDED, None)
    assert (it.recommenders, it.answer, it.terms[0].code) == ((france,), Answer.NOTED, "A12")
    assert (it.cycle, it.session, it.symbol, it.paragraph) == (4, "48", "A/HRC/59/15", "140.1")


def test_the_likeliest_candidate_comes_first() -> None:
    assert [c.recommendation for c in given().candidates] == [TWO, ONE]


def test_a_row_has_the_same_id_in_every_installation() -> None:
    """Frozen."""
    frozen = UUID("ff8190d7-d1a9-5db0-9dba-2089e278172b")
    assert match_id("SVN", "uhri", "u-1") == match_id("svn", "uhri", "u-1") == frozen
    assert proposed()[0] == frozen
    others = {proposed(**{name: "XXA"})[0] for name in ("addressee", "scheme", "key")}
    assert len({frozen, *others}) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"scheme": ""},
        {"key": " "},
        {"text": " "},
        {"language": ""},
        {"language": "x" * 36},
        {"paragraph": ""},
        {"recommenders": [Recommender(printed="")]},
        {"candidates": [candidate(score=101)]},
        {"candidates": [candidate(score=-1)]},
        {"candidates": [candidate(), candidate()]},
    ],
)
def test_a_row_has_a_key_and_says_something(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        proposed(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "x" * (text_chars_max + 1)},
        {"recommenders": [Recommender(printed="France")] * (recommenders_max + 1)},
        {"terms": [term("themes", str(n)) for n in range(terms_max + 1)]},
        {
            "candidates": [
                candidate(RecommendationId(UUID(int=n))) for n in range(candidates_max + 1)
            ]
        },
    ],
)
def test_a_row_has_limits(wrong: Any) -> None:
    with pytest.raises(LimitExceeded):
        proposed(**wrong)


def test_a_row_may_have_no_candidate_and_still_be_matched() -> None:
    event = proposed(candidates=[])[1]
    assert isinstance(event, MatchProposed)
    assert event.candidates == ()
    it = given(made(TWO, None), begun=proposed(candidates=[]))
    assert (it.status, it.to, it.score) == (MatchStatus.MADE, TWO, None)


def test_a_match_says_to_what_how_and_how_surely() -> None:
    it = given(made())
    assert (it.to, it.how, it.score) == (ONE, AssertedHow.SIMILARITY, 90)


@pytest.mark.parametrize("score", [-1, 101])
def test_a_score_is_in_per_cent(score: int) -> None:
    with pytest.raises(InvalidInput):
        made(score=score)(given())


def test_a_made_match_is_withdrawn_before_anything_else_is_decided() -> None:
    it = given(made())
    for command in (made(), made(TWO), refused):
        with pytest.raises(AlreadySo):
            command(it)
    assert given(made(), withdrawn, made(TWO)).to == TWO
    assert given(made(), withdrawn, refused).status is MatchStatus.REFUSED


def test_a_withdrawn_match_is_undecided_as_if_nothing_had_been_decided() -> None:
    it = given(made(), withdrawn)
    assert (it.status, it.to, it.how, it.score) == (MatchStatus.UNDECIDED, None, None, None)
    assert given(refused, withdrawn).status is MatchStatus.UNDECIDED
    with pytest.raises(AlreadySo):
        withdrawn(it)


def test_a_refused_match_is_refused_once_and_may_still_be_made() -> None:
    with pytest.raises(AlreadySo):
        refused(given(refused))
    assert given(refused, made()).status is MatchStatus.MADE


def test_refusing_and_withdrawing_need_a_reason() -> None:
    with pytest.raises(InvalidInput):
        given().refuse(stamp())
    with pytest.raises(InvalidInput):
        given(made()).withdraw(stamp(reason=" "))


ANY = (
    lambda m, s, x: m.make(
        s, x.choice([ONE, TWO]), x.choice(list(AssertedHow)), x.choice([None, 0, 100, 101])
    ),
    lambda m, s, x: m.refuse(s),
    lambda m, s, x: m.withdraw(s),
)


@all_examples(st.randoms(use_true_random=False))
def test_whatever_is_said_of_a_match_it_folds_or_is_refused(random: Random) -> None:
    walk(fold, proposed(), ANY, random, 15)
