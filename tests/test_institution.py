"""An institution: its names and parents over time, and how it ends."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as all_examples
from hypothesis import strategies as st

from domain.entry import Event
from domain.institution import (
    Institution,
    InstitutionName,
    coined,
    fold,
    institution_id,
    names_max,
    register_institution,
    successors_max,
    transfers_max,
)
from domain.recommendation.terms import terms_max
from domain.refusals import AlreadySo, HasEnded, InvalidInput, LimitExceeded
from domain.words import InstitutionKind, InstitutionStatus
from tests.given import stamp, term
from tests.test_review import told, walk


def called(**names: str) -> tuple[InstitutionName, ...]:
    return tuple(InstitutionName(language=tag, text=text) for tag, text in names.items())


def registered(on: str | None = "2004", **other: Any) -> tuple[UUID, Event]:
    names = called(sl="Ministrstvo za delo", en="Ministry of Labour")
    facts: dict[str, Any] = {"addressee": "SVN", "code": "labour", "names": names}
    return register_institution(stamp(on=on), **{**facts, **other})


def given(*commands: Any, begun: tuple[UUID, Event] | None = None) -> Institution:
    it = told(fold, begun or registered(), *commands)
    assert isinstance(it, Institution)
    return it


def renamed(on: str | None, **names: str) -> Any:
    return lambda i: i.rename(stamp(on=on), called(**names))


def moved(parent: str | None, on: str | None) -> Any:
    return lambda i: i.change_parent(stamp(on=on), parent)


ENDS: dict[InstitutionStatus, Any] = {
    InstitutionStatus.MERGED: lambda i: i.merge(stamp(on="2025-03"), "social"),
    InstitutionStatus.SPLIT: lambda i: i.split(stamp(on="2025-03"), ["work", "family"]),
    InstitutionStatus.ABOLISHED: lambda i: i.abolish(stamp(on="2025-03")),
}


def test_a_registered_institution_is_active_and_keeps_its_code() -> None:
    it = given(begun=registered(parent="government", kind=InstitutionKind.MINISTRY))
    assert (it.status, it.code, it.parent) == (InstitutionStatus.ACTIVE, "labour", "government")
    assert (it.kind, it.institution) == (InstitutionKind.MINISTRY, "mfa")
    assert it.names == {"sl": "Ministrstvo za delo", "en": "Ministry of Labour"}
    assert (it.name("en"), it.name("fr")) == ("Ministry of Labour", "Ministrstvo za delo")
    assert (it.former_names, it.ended) == ([], None)


def test_an_institution_has_the_same_id_in_every_installation() -> None:
    """Frozen."""
    frozen = UUID("4ccc53ab-a8ac-55ff-bca9-0cf9c3b0edfb")
    assert institution_id("SVN", "labour") == institution_id("svn", "labour") == frozen
    assert registered()[0] == frozen
    assert institution_id("SVN", "Labour") != frozen


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": ""},
        {"code": "labour "},
        {"code": "x" * 201},
        {"parent": "labour"},
        {"parent": " "},
        {"names": ()},
        {"names": called(en=" ")},
        {"names": called(en="One") + called(en="Two")},
        {"names": (InstitutionName(language=" ", text="One"),)},
        {"names": (InstitutionName(language="x" * 36, text="One"),)},
    ],
)
def test_an_institution_has_a_code_and_one_name_a_language(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        registered(**wrong)


def test_a_former_name_keeps_the_date_it_ended() -> None:
    it = given(renamed("2012-02", en="Ministry of Work"), renamed("2020", en="Work and Family"))
    assert it.names == {"sl": "Ministrstvo za delo", "en": "Work and Family"}
    assert [(n.text, n.until.on) for n in it.former_names] == [
        ("Ministry of Labour", "2012-02"),
        ("Ministry of Work", "2020"),
    ]


def test_a_name_learned_late_takes_its_place_in_time() -> None:
    it = given(renamed("2020", en="Work and Family"), renamed("2012", en="Ministry of Work"))
    assert it.names["en"] == "Work and Family"
    assert [(n.text, n.until.on) for n in it.former_names] == [
        ("Ministry of Labour", "2012"),
        ("Ministry of Work", "2020"),
    ]


def test_a_name_or_parent_of_unknown_date_displaces_none_that_is_known() -> None:
    it = given(renamed(None, en="Some Office"), moved("government", "2004"), moved("other", None))
    assert (it.names["en"], it.parent) == ("Ministry of Labour", "government")
    unknown = given(renamed(None, en="B"), moved("x", None), begun=registered(on=None))
    assert (unknown.names["en"], unknown.parent) == ("B", "x")


def test_renaming_passes_over_names_it_bears_already() -> None:
    it = given()
    new = it.rename(stamp(), called(en="Work", sl="Ministrstvo za delo", fr="Travail"))
    assert new.names == called(en="Work", fr="Travail")
    with pytest.raises(AlreadySo):
        it.rename(stamp(), called(en="Ministry of Labour"))


def test_it_comes_under_another_institution_or_none() -> None:
    assert given(moved("government", "2010")).parent == "government"
    assert given(moved("government", "2010"), moved(None, "2011")).parent is None
    with pytest.raises(AlreadySo):
        given().change_parent(stamp(), None)
    with pytest.raises(InvalidInput):
        given().change_parent(stamp(), "labour")


def test_a_competence_passes_with_the_terms_that_find_it() -> None:
    equality = term("themes", "B31", "Equality")
    it = given(
        lambda i: i.transfer_competence(
            stamp(on="2025"), "justice", "Equal treatment", [equality, equality]
        )
    )
    (held,) = it.transfers
    assert (held.version, held.on, held.to, held.terms) == (2, "2025", "justice", (equality,))
    assert it.status is InstitutionStatus.ACTIVE


@pytest.mark.parametrize(
    ("to", "competence", "count"),
    [("labour", "Equality", 0), ("", "Equality", 0), ("x", " ", 0), ("x", "y", terms_max + 1)],
)
def test_a_competence_has_a_name_and_passes_to_somebody_else(
    to: str, competence: str, count: int
) -> None:
    terms = [term("themes", str(n)) for n in range(count)]
    with pytest.raises(InvalidInput):
        given().transfer_competence(stamp(), to, competence, terms)


@pytest.mark.parametrize("status", ENDS)
def test_an_institution_that_ended_takes_no_further_step(status: InstitutionStatus) -> None:
    it = given(ENDS[status])
    assert it.status is status
    assert it.ended is not None
    assert it.ended.on == "2025-03"
    further = (renamed("2026", en="New"), moved("x", "2026"), *ENDS.values())
    for command in (*further, lambda i: i.transfer_competence(stamp(), "x", "y")):
        with pytest.raises(HasEnded):
            command(it)


def test_what_it_goes_on_in_is_known() -> None:
    assert [given(end).successors for end in ENDS.values()] == [("social",), ("work", "family"), ()]


@pytest.mark.parametrize(
    "into",
    [
        [],
        ["work"],
        ["work", "work"],
        ["work", "labour"],
        ["work", " "],
        [str(n) for n in range(successors_max + 1)],
    ],
)
def test_a_split_names_two_or_more_different_others(into: list[str]) -> None:
    with pytest.raises(InvalidInput):
        given().split(stamp(), into)


@pytest.mark.parametrize("into", ["labour", "", " social"])
def test_a_merger_names_another(into: str) -> None:
    with pytest.raises(InvalidInput):
        given().merge(stamp(), into)


def test_names_parents_and_transfers_have_limits() -> None:
    it = given(moved("government", "2010"), lambda i: i.transfer_competence(stamp(), "x", "y"))
    it.named *= names_max // 2
    it.parents *= names_max
    it.transfers *= transfers_max
    with pytest.raises(LimitExceeded):
        it.rename(stamp(), called(en="One more"))
    with pytest.raises(LimitExceeded):
        it.change_parent(stamp(), "one-more")
    with pytest.raises(LimitExceeded):
        it.transfer_competence(stamp(), "x", "one more")


CODES = ["labour", "social", "work", "family", " "]
ANY = (
    lambda i, s, x: i.rename(s, called(**{x.choice(["en", "fr"]): x.choice(["A", "B", ""])})),
    lambda i, s, x: i.change_parent(s, x.choice([*CODES, None])),
    lambda i, s, x: i.transfer_competence(s, x.choice(CODES), "Equality", [term("themes", "B31")]),
) * 4 + (
    lambda i, s, x: i.merge(s, x.choice(CODES)),
    lambda i, s, x: i.split(s, [x.choice(CODES), x.choice(CODES)]),
    lambda i, s, x: i.abolish(s),
)


@all_examples(st.sampled_from([None, "2004", "2025-03-01"]), st.randoms(use_true_random=False))
def test_whatever_is_said_of_an_institution_it_folds_or_is_refused(
    on: str | None, random: Random
) -> None:
    walk(fold, registered(on), ANY, random, 20)


@pytest.mark.parametrize(
    "code", ["moj", "mfa-hr", "café", "минюст", "وزارة-العدل", "司法部", "office 2"]
)
def test_a_code_is_written_in_one_way(code: str) -> None:
    assert coined(code) == code


@pytest.mark.parametrize(
    ("code", "usual"),
    [
        *(("MOJ", "moj"), ("cafe\u0301", "café"), ("ＭＯＪ", "moj"), ("moj\u200b", "moj")),
        *(("mo\u202ej", "moj"), (" moj", "moj"), ("a  b", "a b"), ("a\u00a0b", "a b")),
        *(("Минюст", "минюст"), ("\ufeffmoj", "moj"), ("mo\u00adj", "moj")),
    ],
)
def test_a_code_that_looks_like_another_is_refused_with_the_usual_one(
    code: str, usual: str
) -> None:
    with pytest.raises(InvalidInput, match=f"“{usual}”"):
        coined(code)


@pytest.mark.parametrize("code", ["\u200b", "a\x00b", "a\ue000b"])
def test_a_code_is_of_characters_that_people_can_read(code: str) -> None:
    with pytest.raises(InvalidInput, match="`code`"):
        coined(code)
