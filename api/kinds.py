"""The kinds of what the register holds, by the word in an opaque id."""

from __future__ import annotations

from typing import Annotated, Any, Union

import strawberry

from api.joining import NODES
from api.measures import MeasureLists
from api.register import RegisterLists
from domain.aggregates import AGGREGATES, said_of_each
from domain.recommendation import Recommendation
from projections.register import Shelf, shelf


@strawberry.type
class Lists(RegisterLists, MeasureLists):
    """The lists of all of them. The modules that these come from put their types into `NODES`."""


_BY_ID = [a for a in AGGREGATES if a.by_id and a.state is not Recommendation]
said_of_each(
    _BY_ID, NODES, "api/register.py, or a module that api/kinds.py names", "how it is shown"
)

KINDS: dict[str, Shelf[Any]] = {a.name: shelf(a.state) for a in _BY_ID}
"""Where each kind is kept."""

RegisterNode: Any = Annotated[
    Union[tuple(NODES[a.state] for a in _BY_ID)],  # noqa: UP007
    strawberry.union("RegisterNode", description="Anything in the register."),
]
