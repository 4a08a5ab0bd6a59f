"""What refuses something says what would be valid, and which state is meant, by its name."""

from __future__ import annotations

from typing import Any

import pytest

from domain.refusals import InvalidInput, Refusal, valid, valid_told_max
from tests.given import closed, given, offered, received, struck, supported
from tests.test_own_procedures import CABINET, base
from workflows import steps
from workflows.procedure import forms
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Unsound
from workflows.procedure.shipped import read


def test_valid_values_are_told_the_meant_one_first_and_not_too_many() -> None:
    assert valid([]) == "There are none."
    assert valid(["plan", "close"], "x") == "There are: plan, close."
    assert valid(["plan", "close"], "plann") == "Did you mean plan? There are: plan, close."
    many = valid(range(100))
    assert many.endswith(f", {valid_told_max - 1}, and {100 - valid_told_max} more.")


@pytest.mark.parametrize(
    ("step", "data", "told"),
    [
        ("take-position", {"answer": "suported"}, "Did you mean supported? There are: supported,"),
        ("take-position", {"anser": "noted"}, "Did you mean answer? There are: answer,"),
        ("close", {"closing": 3}, "There are: carried-out,"),
    ],
)
def test_data_of_a_step_is_refused_with_what_would_be_valid(
    step: str, data: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        steps.read(step, data)
    assert told in refused.value.message


def test_a_form_is_refused_with_its_fields_and_choices() -> None:
    form = Compiled(read(CABINET.encode(), base)).specs["approve"].form
    said = {"session": 1, "held-on": "2026-01-01", "vote": "non", "sesion": 2}
    with pytest.raises(InvalidInput) as refused:
        forms.fill_in(form, said)
    assert "vote: is one of all, most" in refused.value.message
    assert "sesion: the form has no such field. Did you mean session?" in refused.value.message


@pytest.mark.parametrize(
    ("found", "wrong", "told"),
    [
        ("to: cabinet.approved}", "to: cabinet.aproved}", "Did you mean cabinet.approved?"),
        ("step: plan, roles", "step: plann, roles", "Did you mean plan?"),
        ("after: assignment\n", "after: asignment\n", "Did you mean assignment?"),
        ("{on: approve,", "{on: aprove,", "Did you mean approve?"),
    ],
)
def test_a_definition_is_refused_with_the_name_that_may_be_meant(
    found: str, wrong: str, told: str
) -> None:
    assert found in CABINET
    with pytest.raises(Unsound) as refused:
        Compiled(read(CABINET.replace(found, wrong).encode(), base))
    assert told in str(refused.value)


def test_a_step_that_is_not_open_says_where_the_case_stands_in_words() -> None:
    refused = given(received(), closed()).when(closed()).refusal
    assert isinstance(refused, Refusal)
    assert "record.closed (Closed)" in refused.message
    procedure = Compiled(read(CABINET.encode(), base))
    it = given(received()).it
    states = procedure.begin(procedure.facts(it)).entered
    *_, why = procedure.blocked("declare-implemented", states, procedure.facts(it))
    assert procedure.in_words(why) == "at cabinet.approved (Approved)"


def test_what_is_numbered_is_refused_with_the_numbers_there_are() -> None:
    offers = given(received(), offered("labour"))
    with pytest.raises(Refusal) as refused:
        offers.it.assignment(9)
    assert refused.value.message == "There is no assignment 9. There are: 2 (labour, offered)."
    refusal = given(received(), supported()).when(struck(9)).refusal
    assert refusal is not None
    assert refusal.message.endswith("There are: 2.")
