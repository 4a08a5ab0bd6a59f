"""What procedures know of each aggregate that is a case: a module for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from domain.aggregates import AGGREGATES, CASES, said_of_each
from domain.casework import Case
from domain.measure import Measure
from domain.recommendation import Recommendation
from workflows.procedure import on_measure, on_recommendation
from workflows.procedure.facts import OF_ANY_CASE, Known
from workflows.procedure.trials import Trials


class Knowing(Protocol):
    """The facts of an aggregate, besides those of any case, and what its steps may come to."""

    @property
    def FACTS(self) -> Mapping[str, Known]: ...  # noqa: N802 - a module says it

    @property
    def TRIALS(self) -> Trials: ...  # noqa: N802


KNOWN: dict[type[Case], Knowing] = {
    Measure: on_measure,
    Recommendation: on_recommendation,
}

said_of_each(
    [aggregate for aggregate in AGGREGATES if aggregate.is_case],
    KNOWN,
    "workflows/procedure/aggregates.py",
    "what procedures know of it",
)

_BY_WORD = {word: {**OF_ANY_CASE, **KNOWN[state].FACTS} for word, state in CASES.items()}


def facts_about(aggregate: str) -> Mapping[str, Known] | None:
    """The facts of an aggregate by its word, such as `recommendation`; None where it is no case."""
    return _BY_WORD.get(aggregate)


def trials_on(state: type[Case]) -> Trials:
    """What the steps on a case may come to, by its type."""
    return KNOWN[state].TRIALS
