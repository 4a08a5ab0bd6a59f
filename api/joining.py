"""From what is named to what it names: codes and ids in rows become objects of the register, read
for all rows that were read together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, ForwardRef
from uuid import UUID

import strawberry

from api.context import Cohort, Reading
from domain.institution import Institution, institution_id

InstitutionType: Any = Annotated[ForwardRef("Institution"), strawberry.lazy("api.register")]
ReviewType: Any = Annotated[ForwardRef("Review"), strawberry.lazy("api.register")]
ImportRunType: Any = Annotated[ForwardRef("ImportRun"), strawberry.lazy("api.register")]

NODES: dict[type[Any], Any] = {}
"""State → its type of GraphQL, of what the register holds."""

NAMED: dict[type[Any], Callable[[Any], Iterable[str | None]]] = {}
"""State → the codes of institutions that it names, of what the register holds."""


def joined(reading: Reading, state: type[Any], id: UUID | None) -> Any:
    """What an id names in the register; None where nothing is named, or it is not there or not for
    this reader."""
    if id is None:
        return None
    return reading.gathered(state).find(id, lambda rows: shown(reading, rows))


def institution_named(reading: Reading, addressee: str, code: str | None) -> Any:
    """The institution of a State that has a code; None where none is named, or none registered."""
    return joined(reading, Institution, None if code is None else institution_id(addressee, code))


def naming(reading: Reading, names: Callable[[], Iterable[tuple[str, str | None]]]) -> None:
    """Lets institutions be read at once that rows name, by State and code."""
    reading.gathered(Institution).expect(
        lambda: (institution_id(state, code) for state, code in names() if code is not None)
    )


def shown(reading: Reading, rows: Sequence[Any]) -> list[Any]:
    """Rows of the register that were read together, as objects of GraphQL that also read on
    together."""
    states = [row.state for row in rows if type(row.state) in NAMED]
    if states:
        naming(reading, lambda: [(s.addressee, code) for s in states for code in NAMED[type(s)](s)])
    cohort = Cohort(reading, rows)
    return [NODES[type(row.state)](row=row, cohort=cohort) for row in rows]
