"""The view of timers: when the clock has something to do on which case, and who has claimed it.

One row for each case that waits for the clock. `leased_until` and `epoch` are the workers' own;
losing them with the view loses no timer, since what is fired is in the log. Beside it is what
readers are told: of each case, as each audience knows it, when it wakes, and when a timer was due
that can't be fired.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Table, func, select, text, tuple_

from domain.casework import Case
from domain.refusals import InvalidInput
from domain.scope import Scope
from projections import writing
from projections.audiences import stream_of, told
from projections.tables import incident
from projections.tables import timer as table
from projections.tables import waiting as waiting_table
from projections.writing import Change

page_size_max = 200


class Lease(NamedTuple):
    """A case claimed, the how many-th claim of it this is, and when it was due."""

    recommendation: UUID
    epoch: int
    wakes_at: str


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Writes when the clock has something to do next, where that has changed."""
    rows: list[tuple[str, str, str]] = []
    gone: list[str] = []
    mine = [change for change in changes if isinstance(change.after, Case)]
    for change in mine:
        if not change.audience.hears_all:
            continue
        before, after = _wakes(change.before), _wakes(change.after)
        is_apart = change.row != change.after.id.hex  # before it was under the row of all
        if after is not None and after != before:
            rows.append((change.after.id.hex, change.after.addressee, after))
        elif after is None and (before is not None or is_apart):
            gone.append(change.after.id.hex)
    writing.delete(connection, table, "recommendation", gone)
    _tell(connection, waiting_table, _wakes, mine)
    _tell(connection, incident, _incident, mine)
    if rows:
        mark = writing.placeholder(connection)
        writing.each(
            connection,
            "INSERT INTO timer (recommendation, addressee, wakes_at, leased_until, epoch)"
            f" VALUES ({mark}, {mark}, {mark}, 0, 0) ON CONFLICT (recommendation)"
            " DO UPDATE SET wakes_at = excluded.wakes_at",
            rows,
        )


def _tell(
    connection: Connection,
    of: Table,
    instant: Callable[[Case | None], str | None],
    changes: Sequence[Change],
) -> None:
    """Writes the instant of a case that each audience is told, where that has changed."""
    rows: list[writing.Values] = []
    gone: list[str] = []
    for change in changes:
        before, after = instant(change.before), instant(change.after)
        if (before, change.was) == (after, change.audience):
            continue
        if before is not None:
            gone.append(change.row)
        if after is not None:
            rows.append((change.row, change.after.addressee, *change.audience.columns, after))
    writing.delete(connection, of, "id", gone)
    writing.insert(connection, of, rows)


def _incident(state: Case | None) -> str | None:
    return None if state is None or state.incident is None else state.incident.at


def _wakes(state: Case | None) -> str | None:
    due = None if state is None else state.next_due
    return None if due is None else due.at


def claim(connection: Connection, now: str, most: int, lease_seconds: float) -> list[Lease]:
    """Claims cases that are due, those due first, and that nobody holds; in a transaction that
    writes. Workers on PostgreSQL pass over the rows of one another."""
    clock = time.time()
    due = (
        "SELECT recommendation FROM timer WHERE wakes_at <= :now AND leased_until < :clock"
        " ORDER BY wakes_at, recommendation LIMIT :most"
    )
    # As an array PostgreSQL looks the rows up one by one; joined it would read the whole table.
    which = (
        f"IN ({due})"
        if connection.dialect.name == "sqlite"
        else f"= ANY(ARRAY({due} FOR UPDATE SKIP LOCKED))"
    )
    rows = connection.execute(
        text(
            "UPDATE timer SET epoch = epoch + 1, leased_until = :until"
            f" WHERE recommendation {which} RETURNING recommendation, epoch, wakes_at"
        ),
        {"now": now, "clock": clock, "until": clock + lease_seconds, "most": most},
    ).all()
    rows = sorted(rows, key=lambda row: (row[2], row[0]))
    return [Lease(UUID(hex=row[0]), row[1], row[2]) for row in rows]


def release(connection: Connection, leases: Sequence[Lease]) -> None:
    """Gives cases back, as far as nobody has claimed them since."""
    if leases:
        mark = writing.placeholder(connection)
        connection.exec_driver_sql(
            f"UPDATE timer SET leased_until = 0 WHERE recommendation = {mark} AND epoch = {mark}",
            [(lease.recommendation.hex, lease.epoch) for lease in leases],
        )


class Waiting(NamedTuple):
    """A case that waits for the clock, and when it wakes; `cursor`: where a list goes on."""

    recommendation: UUID
    wakes_at: str
    cursor: str


def waiting(
    connection: Connection,
    scope: Scope,
    addressees: Sequence[str] | None,
    *,
    first: int,
    after: str | None,
) -> tuple[list[Waiting], bool]:
    """Cases that wait for the clock, those first that wake first, and whether there are more. A
    cursor is the instant and the id of the last one."""
    at = waiting_table.c.wakes_at
    return _page(connection, scope, waiting_table, at, addressees, first=first, after=after)


def incidents(
    connection: Connection,
    scope: Scope,
    addressees: Sequence[str] | None,
    *,
    first: int,
    after: str | None,
) -> tuple[list[Waiting], bool]:
    """Cases with a timer that can't be fired, and when it was due: those first that were due first,
    and whether there are more. A cursor as above."""
    at = incident.c.was_due_at
    return _page(connection, scope, incident, at, addressees, first=first, after=after)


def count_waiting(connection: Connection, scope: Scope, addressees: Sequence[str] | None) -> int:
    """How many cases wait for the clock."""
    return _count(connection, scope, waiting_table, addressees)


def count_incidents(connection: Connection, scope: Scope, addressees: Sequence[str] | None) -> int:
    """How many cases have a timer that can't be fired."""
    return _count(connection, scope, incident, addressees)


def _count(
    connection: Connection, scope: Scope, of: Table, addressees: Sequence[str] | None
) -> int:
    query = select(func.count(of.c.id)).where(*_told_of(scope, of, addressees))
    return int(connection.execute(query).scalar_one())


def _told_of(
    scope: Scope, of: Table, addressees: Sequence[str] | None
) -> Iterator[ColumnElement[bool]]:
    yield told(scope, of.c)
    if addressees is not None:
        yield of.c.addressee.in_(addressees)


def _page(
    connection: Connection,
    scope: Scope,
    of: Table,
    instant: Column[Any],
    addressees: Sequence[str] | None,
    *,
    first: int,
    after: str | None,
) -> tuple[list[Waiting], bool]:
    if not 0 <= first <= page_size_max:
        raise InvalidInput(f"A page has between 0 and {page_size_max} rows.")
    id = of.c.id
    query = select(id, instant).where(*_told_of(scope, of, addressees)).order_by(instant, id)
    if after is not None:
        at, _, last = after.partition(" ")
        query = query.where(tuple_(instant, id) > tuple_(at, last))
    found = connection.execute(query.limit(first + 1)).all()
    page = [Waiting(stream_of(row[0]), row[1], f"{row[1]} {row[0]}") for row in found[:first]]
    return page, len(found) > first
