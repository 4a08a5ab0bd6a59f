"""Whoever sees other entries is told otherwise, and what is hidden moves nothing they are told."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
from hypothesis import given as all_examples
from hypothesis import settings
from hypothesis import strategies as st

from domain.casework import CaseEvent
from domain.effects import AnyEffect
from domain.entry import Entry, Visibility
from domain.recommendation import Recommendation, fold
from domain.scope import Scope
from projections.audiences import LEVEL, Audience, Telling
from tests.given import (
    Act,
    Given,
    accepted,
    any_recommendations,
    declared,
    declined,
    decreed,
    extended,
    given,
    noted,
    offered,
    planned,
    received,
    resumed,
    supported,
    suspended,
)
from tests.length import times

PUBLIC = Scope(visibilities=frozenset({Visibility.PUBLIC}))
OFFICIAL = Scope(visibilities=frozenset({Visibility.PUBLIC, Visibility.INTERNAL}))
LABOUR = Scope(visibilities=OFFICIAL.visibilities, institution="labour")
MECHANISM = Scope(visibilities=frozenset(Visibility))
READERS = (PUBLIC, OFFICIAL, LABOUR, MECHANISM)

SECRET = {"visibility": Visibility.CONFIDENTIAL, "institution": "justice"}
INTERNAL = {"visibility": Visibility.INTERNAL}


def telling(*entries: Entry) -> Telling:
    """What entries come to for all their audiences."""
    made = Telling()
    for entry in entries:
        made.add(entry)
    return made


def is_told(scope: Scope, audience: Audience) -> bool:
    """True if these readers belong to an audience."""
    levels = {1: Visibility.PUBLIC, 2: Visibility.INTERNAL, 3: Visibility.CONFIDENTIAL}
    level = LEVEL[levels[len(scope.visibilities)]]
    named = scope.institution is not None and scope.institution in audience.institutions
    return named if audience.levels == 0 else bool(audience.levels & level) and not named


def told(made: Telling, scope: Scope) -> Recommendation | None:
    """What a reader is told; nothing where they may see none of it."""
    found = [one.state for audience, one in made if is_told(scope, audience)]
    assert len(found) <= 1, "nobody is told two things"
    return found[0] if found else None


def audiences(made: Telling) -> set[Audience]:
    return {audience for audience, _ in made}


def then(it: Given, *acts: Act) -> Given:
    for act in acts:
        it = it.when(act).then(CaseEvent)
    return it


def test_what_all_may_see_has_one_audience() -> None:
    it = given(received(), noted(), decreed("labour"))
    assert audiences(telling(*it.entries)) == {Audience(7)}


def test_an_entry_sets_those_apart_who_may_not_see_it() -> None:
    it = given(received(), noted(**INTERNAL))
    assert audiences(telling(*it.entries)) == {Audience(1), Audience(6)}
    it = then(it, noted(on="2025-05", **SECRET))
    apart = {Audience(1), Audience(2, ("justice",)), Audience(0, ("justice",)), Audience(4)}
    assert audiences(telling(*it.entries)) == apart


def test_whom_a_confidential_offer_is_for_is_told_of_it() -> None:
    it = given(received(), offered("labour", **SECRET))
    made = telling(*it.entries)
    for scope, knows in zip(READERS, (False, False, True, True), strict=True):
        state = told(made, scope)
        assert state is not None
        assert ([a.institution for a in state.assignments] == ["labour"]) is knows
        assert ("assignment.offered" in state.states) is knows
        assert (state.version, len(state.tasks)) == ((2, 2) if knows else (1, 2))


def test_who_accepts_a_hidden_offer_in_anothers_place_is_told_of_it() -> None:
    hidden = {"visibility": Visibility.CONFIDENTIAL}
    offer = offered("justice", institution="mfa", **hidden)
    it = given(received(), offer, accepted(2, institution="labour", **hidden))
    made = telling(*it.entries)
    knows, alone = told(made, LABOUR), folded_alone(it.entries, LABOUR)
    assert knows is not None
    assert alone is not None
    assert [a.institution for a in knows.assignments] == ["justice"]
    assert knows.assignments == alone.assignments
    others = told(made, OFFICIAL)
    assert others is not None
    assert others.assignments == []


def test_those_whose_a_confidential_recommendation_is_are_told_what_became_of_it() -> None:
    it = given(received(**SECRET), noted(), decreed("labour", institution="mfa"))
    made = telling(*it.entries)
    mine = told(made, Scope(visibilities=OFFICIAL.visibilities, institution="justice"))
    assert mine is not None
    assert mine == told(made, MECHANISM)
    assert told(made, OFFICIAL) is None


def test_whoever_is_told_what_followed_learns_by_which_moves() -> None:
    it = given(received(), decreed("labour"), planned(institution="labour", **INTERNAL))
    hidden = told(telling(*it.entries), PUBLIC)
    assert hidden is not None
    assert "implementation.not-started" in hidden.states
    it = then(it, declared(institution="labour"))
    known = told(telling(*it.entries), PUBLIC)
    assert known is not None
    assert (known.states, known.plans) == (it.it.states, [])
    assert [task.task for task in known.tasks] == [task.task for task in it.it.tasks]


def test_a_deadline_of_a_hidden_entry_stays_untold_when_a_visible_one_moves_it() -> None:
    it = given(received(), supported(), offered("labour", **SECRET))
    for act in (suspended(), resumed(), extended("offer-answer", "2030-01-01")):
        it = then(it, act)
        assert "offer-answer" in _named(it.entries[-1].stamp.effects), "it does move it"
        for scope, knows in zip(READERS, (False, False, True, True), strict=True):
            state = told(telling(*it.entries), scope)
            assert state is not None
            assert (state.deadline("offer-answer") is not None) is knows
            assert ("offer-answer" in _named(_led_to(it.entries, scope))) is knows


def test_a_deadline_that_a_visible_entry_begins_anew_is_told() -> None:
    it = then(given(received(), supported(), offered("labour", **SECRET)), declined(3))
    it = then(it, offered("justice"))
    for scope in READERS:
        state = told(telling(*it.entries), scope)
        assert state is not None
        assert state.deadline("offer-answer") is not None
        assert "offer-answer" in _named(_led_to(it.entries, scope))
    it = then(it, suspended())
    assert "offer-answer" in _named(_led_to(it.entries, PUBLIC))


def _led_to(entries: Sequence[Entry], scope: Scope) -> tuple[AnyEffect, ...]:
    """What the last entry led to, as a reader is told."""
    made = telling(*entries)
    (one,) = (one for audience, one in made if audience.has(scope))
    return one.effects


def _named(effects: Sequence[AnyEffect]) -> list[str]:
    return [effect.thing[1] for effect in effects if effect.thing is not None]


OF_THE_CASE = {
    *("states", "remembered", "tasks", "deadlines", "hands", "approvals", "resting"),
    *("suspended", "incident", "fired_in_a_row"),
}
"""What the procedure moves: hidden moves show where a visible one follows from them."""


@settings(max_examples=times(40, long=1_000), deadline=None)
@all_examples(st.randoms(use_true_random=False), st.integers(1, 4), st.integers(0, 60))
def test_each_reader_is_told_what_the_entries_say_that_they_see(
    random: Random, streams: int, steps: int
) -> None:
    streams_: dict[object, list[Entry]] = {}
    for entries in any_recommendations(random, streams, steps):
        for entry in entries:
            streams_.setdefault(entry.stream, []).append(entry)
    for entries in streams_.values():
        made = Telling()
        for entry in entries:
            before = {scope: _written(told(made, scope)) for scope in READERS} if made else {}
            made.add(entry)
            for scope in READERS:
                if not scope.sees(entry):
                    assert _written(told(made, scope)) == before.get(scope), "it moves nothing"
        for scope in READERS:
            state = told(made, scope)
            seen = [entry for entry in entries if scope.sees(entry)]
            if not seen or seen[0].version > 1:
                assert state is None
                continue
            assert state is not None
            alone = folded_alone(entries, scope)
            for name in Recommendation.__struct_fields__:
                if name not in OF_THE_CASE:
                    assert getattr(state, name) == getattr(alone, name), name
        assert told(made, MECHANISM) == fold(entries)


def folded_alone(entries: Sequence[Entry], scope: Scope) -> Recommendation | None:
    """What the entries come to that a reader sees. Whoever sees an entry learns what it is about:
    who accepts a hidden offer in another's place is told of the offer."""
    state = None
    for n, entry in enumerate(entries):
        if scope.sees(entry):
            if state is not None and isinstance(entry.event, CaseEvent):
                entry.event.met_by(state, fold(entries[:n]))
            state = fold([entry], state)
    return state


def _written(state: Recommendation | None) -> bytes:
    return b"" if state is None else msgspec.json.encode(state, order="deterministic")
