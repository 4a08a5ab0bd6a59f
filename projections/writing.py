"""Writing view rows: many at once, in the words of SQL that both stores share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from domain.entry import Entry
from projections.audiences import EVERYBODY, Audience

Values = tuple[Any, ...]


class Change(NamedTuple):
    """What entries of one stream made of it: the state they met (None where it is new, or where no
    view asks), the state they left, the log index and time of the last of them, and the entries.
    Of a case there is a change for each audience; `was` is which one it was before."""

    before: Any
    after: Any
    log_index: int
    recorded_at: int
    entries: Sequence[Entry] = ()
    audience: Audience = EVERYBODY
    was: Audience = EVERYBODY

    @property
    def row(self) -> str:
        """The id of its row in a view that has one for each audience."""
        return self.audience.row(self.after.id)


def insert(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Adds rows that are not there yet; columns in the table's order."""
    if rows:
        each(connection, _insert(connection, table), list(rows))


def put(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Adds rows, or puts them in the place of those with the same id."""
    if rows:
        changes = ", ".join(f"{n} = excluded.{n}" for n in _names(table) if n != "id")
        statement = f"{_insert(connection, table)} ON CONFLICT (id) DO UPDATE SET {changes}"
        each(connection, statement, list(rows))


def add(
    connection: Connection, table: Table, key: str, sums: Iterable[str], rows: Sequence[Values]
) -> None:
    """Adds rows, or adds the values of `sums` to those of the row with the same key."""
    if rows:
        changes = ", ".join(f"{n} = {table.name}.{n} + excluded.{n}" for n in sums)
        statement = f"{_insert(connection, table)} ON CONFLICT ({key}) DO UPDATE SET {changes}"
        each(connection, statement, list(rows))


def delete(connection: Connection, table: Table, column: str, values: Iterable[Any]) -> None:
    """Removes the rows that have one of these values."""
    if gone := [(value,) for value in values]:
        mark = placeholder(connection)
        each(connection, f"DELETE FROM {table.name} WHERE {column} = {mark}", gone)


def each(connection: Connection, statement: str, rows: list[Values]) -> None:
    """Does what a statement says with each of some rows."""
    connection.exec_driver_sql(statement, rows)
    if len(rows) > 1:
        # They went in one pipeline, after which the server's clock for idle transactions stands
        # still until the next statement.
        stir(connection)


def stir(connection: Connection) -> None:
    """Lets the server hear that this transaction is at work; it ends one that stands still."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SELECT")


def placeholder(connection: Connection) -> str:
    """How the store's driver marks a parameter."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def _insert(connection: Connection, table: Table) -> str:
    names = _names(table)
    marks = ", ".join([placeholder(connection)] * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]
