"""What types of the register are made of: fields of a state, and what every row has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import strawberry

from api.cases import Case, Recorded
from api.context import Reading
from api.derive import shows, summary
from api.describing import said_in
from api.joining import NODES, shown
from api.recommendations import together
from domain.aggregates import BY_STATE
from projections import cases, recommendations


@strawberry.type(description="What everything in the register has.")
class Registered(Recorded):
    shows: ClassVar[type[Any]]


@strawberry.type(description="What the register holds and that is a case.")
class Followed(Registered, Case):
    """What the register holds and that is a case."""


Kind = TypeVar("Kind", bound=Registered)


def node(state: type[Any], /, *names: str) -> Callable[[type[Kind]], type[Kind]]:
    """Makes a type of what the register holds: fields of its state, then those of the class. A
    field of the state means what it means in the events, unless the state says more."""

    def make(cls: type[Kind]) -> type[Kind]:
        cls.shows = state
        shown = shows(state, lambda node: node.row.state, *names)(cls)
        said_in(*BY_STATE[state].events, state)(shown)
        made = NODES[state] = strawberry.type(shown, description=summary(state))
        return made

    return make


def cases_of(reading: Reading, rows: Sequence[cases.Row]) -> list[Case]:
    """Rows of cases that were read together, as GraphQL objects that also read on together."""
    texts = [row for row in rows if isinstance(row, recommendations.Row)]
    others = [row for row in rows if not isinstance(row, recommendations.Row)]
    found = {
        id(row): one
        for some, nodes in ((texts, together(reading, texts)), (others, shown(reading, others)))
        for row, one in zip(some, nodes, strict=True)
    }
    return [found[id(row)] for row in rows]
