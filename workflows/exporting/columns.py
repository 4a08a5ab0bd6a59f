"""What a list has a column for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from workflows.exporting.cells import Sees

Of = TypeVar("Of")


class Reading(NamedTuple):
    """For whom a list is made: the language of the texts, and what may be seen."""

    language: str
    sees: Sees


class Column(NamedTuple, Generic[Of]):
    """`width`: in characters, for XLSX; `of`: the text of the cell."""

    name: str
    width: int
    of: Callable[[Of, Reading], str]
