"""Guards: what is written is what is read, and each has an answer whatever the facts are."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from workflows.statecharts.expressions import (
    And,
    At,
    Compare,
    Constant,
    Expression,
    Fact,
    FactType,
    Flag,
    Known,
    Not,
    OneOf,
    Or,
    Unreadable,
    chars_max,
    facts_of,
    holds,
    read,
    states_of,
    write,
)

FACTS = {
    "position": Fact(FactType.CHOICE, ("pending", "supported", "noted"), optional=True),
    "assigned": Fact(FactType.FLAG),
    "offers": Fact(FactType.NUMBER, optional=True),
    "due": Fact(FactType.DAY, optional=True),
    "note": Fact(FactType.TEXT, optional=True),
}
STATES = ("record.open", "assignment.offered")

numbers = st.integers(-(1 << 53) + 1, (1 << 53) - 1)
days = st.dates().map(str)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "position": st.sampled_from(FACTS["position"].values),
    "assigned": st.booleans(),
    "offers": numbers,
    "due": days,
    "note": st.text(st.characters(codec="utf-8"), max_size=8),
}
facts = st.fixed_dictionaries({}, optional={n: st.none() | v for n, v in VALUES.items()})
actives = st.sets(st.sampled_from(STATES))


@st.composite
def comparisons(draw: st.DrawFn) -> Expression:
    name = draw(st.sampled_from(sorted(FACTS)))
    ordered = FACTS[name].type in (FactType.NUMBER, FactType.DAY)
    signs = ["==", "!=", *(("<", "<=", ">", ">=") if ordered else ())]
    return draw(
        st.one_of(
            st.sampled_from([Flag("assigned"), At(STATES[0]), At(STATES[1])]),
            st.builds(Constant, st.booleans()),
            st.builds(Known, st.just(name), st.booleans()),
            st.builds(Compare, st.just(name), st.sampled_from(signs), VALUES[name]),
            st.builds(
                OneOf, st.just(name), st.lists(VALUES[name], min_size=1, max_size=3).map(tuple)
            ),
        )
    )


def joined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.builds(Not, inner),
        some.map(lambda parts: And(tuple(p for p in parts if not isinstance(p, And)))).filter(
            lambda e: len(e.parts) > 1
        ),
        some.map(lambda parts: Or(tuple(p for p in parts if not isinstance(p, Or)))).filter(
            lambda e: len(e.parts) > 1
        ),
    )


expressions = st.recursive(comparisons(), joined, max_leaves=12)


@hypothesis.given(expressions)
def test_what_is_written_is_read_as_the_same(expression: Expression) -> None:
    hypothesis.assume(len(write(expression)) <= chars_max)
    assert read(write(expression), FACTS) == expression


@hypothesis.given(expressions, facts, actives)
def test_every_guard_has_an_answer_and_its_negation_the_other(
    expression: Expression, known: dict[str, Any], active: set[str]
) -> None:
    answer = holds(expression, known, active)
    assert isinstance(answer, bool)
    assert holds(Not(expression), known, active) is not answer
    asked = {name: value for name, value in known.items() if name in facts_of(expression)}
    assert holds(expression, asked, active & states_of(expression)) is answer


@pytest.mark.parametrize(
    ("said", "known", "answer"),
    [
        ('position == "supported"', {"position": "supported"}, True),
        ('position != "supported"', {"position": "noted"}, True),
        ('position != "supported"', {}, False),
        ('not position == "supported"', {}, True),
        ("position is unknown", {"position": None}, True),
        ('position in ["noted", "pending"]', {"position": "noted"}, True),
        ("assigned or assigned and false", {"assigned": True}, True),
        ("(assigned or true) and false", {"assigned": True}, False),
        ("at record.open and not at assignment.offered", {}, True),
        ('due < "2026-03-01"', {"due": "2026-02-28"}, True),
        ("offers >= 2", {"offers": 2}, True),
        ("offers > -1", {"offers": 0}, True),
        (r'note == "a \"b\" \u00e9"', {"note": 'a "b" é'}, True),
    ],
)
def test_a_guard_says_what_it_says(said: str, known: dict[str, Any], answer: bool) -> None:
    assert holds(read(said, FACTS), known, {"record.open"}) is answer


@pytest.mark.parametrize(
    ("said", "why", "at"),
    [
        ("", "fact is missing at the end", 0),
        ("posture", "no declared fact", 0),
        ("assigned assigned", "“and” or “or” is missing", 9),
        ("position", "compare it", 0),
        ('position < "noted"', "no order", 9),
        ('position == "accepted"', "one of pending", 12),
        ("offers == 1.5", "is missing", 11),
        ("offers == true", "whole number", 10),
        ('due > "2026-02-30"', "a day", 6),
        ('due > "2026-02"', "a day", 6),
        ("(assigned", "“)” is missing", 9),
        ("at", "state is missing", 2),
        ("assigned is maybe", "“unknown” is missing", 12),
        ("open(assigned)", "no declared fact", 0),
        ("assigned; assigned", "is missing", 8),
        ("not " * 50 + "assigned", "levels", 160),
        ("assigned" + " or assigned" * 200, "characters", 0),
        (r'note == "\q"', "JSON", 8),
    ],
)
def test_what_is_no_guard_is_refused_where_it_is_wrong(said: str, why: str, at: int) -> None:
    with pytest.raises(Unreadable, match=why.replace("(", r"\(").replace(")", r"\)")) as refused:
        read(said, FACTS)
    assert refused.value.at == at
