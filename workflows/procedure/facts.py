"""The facts that a definition's guards may read: what one is, and those of any case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from domain.entry import last_day
from workflows.statecharts.expressions import Fact, FactType, Value


class Known(NamedTuple):
    """A fact there is: its type, how it is read off the record, which steps may change it, and
    which of those never make it true."""

    fact: Fact
    read: Callable[[Any], Value | None]
    changed_by: tuple[str, ...]
    undone_by: tuple[str, ...] = ()


OF_ANY_CASE = {
    "suspended": Known(
        Fact(FactType.FLAG),
        lambda case: case.suspended is not None,
        ("suspend", "resume"),
        undone_by=("resume",),
    ),
}


def day(on: str | None) -> str | None:
    """The day by which it is so at the latest, of a day, month or year."""
    return None if on is None else last_day(on)
