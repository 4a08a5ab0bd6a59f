"""Standing: how many cases stand in which states of their procedures, counted as the log grows.

A cell is a procedure, the states that are active together in it, and who is told so; so asking
reads as many cells as there are differently placed cases, not the cases themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

from sqlalchemy import Connection, and_, func, select

from domain.casework import Case
from domain.scope import Scope
from projections import recommendations, writing
from projections.audiences import Audience, told
from projections.recommendations import Where
from projections.tables import standing as table
from projections.writing import Change

Cell = tuple[str, str, str, int, str]
"""The columns of the table from `definition` to `institutions`, in its order."""


def cell(r: Case, of: Audience) -> Cell:
    """Where a case stands, as an audience is told."""
    return r.definition or "", " ".join(r.states), r.addressee, *of.columns


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Counts anew what changed."""
    sums: Counter[Cell] = Counter()
    for change in changes:
        if isinstance(change.after, Case):
            sums[cell(change.after, change.audience)] += 1
            if change.before:
                sums[cell(change.before, change.was)] -= 1
    rows = [(_key(cell), *cell, cases) for cell, cases in sums.items() if cases]
    writing.add(connection, table, "cell", ("cases",), sorted(rows))


def configurations(
    connection: Connection,
    scope: Scope,
    definition: str,
    addressees: Sequence[str] | None = None,
) -> dict[tuple[str, ...], int]:
    """How many cases under a procedure (its SHA-256) have which states active together: the states
    that have no others within them, by name. Of some addressees, or of all."""
    c = table.c
    asked = recommendations.asked_of(scope, Where(addressee=addressees))
    conditions = [
        c.definition == definition,
        c.cases != 0,
        told(scope, c),
    ]
    if asked is not None:
        conditions.append(c.addressee.in_(asked))
    query = select(c.configuration, func.sum(c.cases)).where(and_(*conditions))
    return {
        tuple(states.split()): int(cases)
        for states, cases in connection.execute(query.group_by(c.configuration))
    }


def standing(
    connection: Connection,
    scope: Scope,
    definition: str,
    addressees: Sequence[str] | None = None,
) -> dict[str, int]:
    """How many cases under a procedure stand in each of those states."""
    counts: Counter[str] = Counter()
    for states, cases in configurations(connection, scope, definition, addressees).items():
        counts.update(dict.fromkeys(states, cases))
    return dict(counts)


def _key(cell: Cell) -> str:
    return blake2b("\x1f".join(map(str, cell)).encode(), digest_size=16).hexdigest()
