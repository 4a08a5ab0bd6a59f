"""Views filled once more from the log, to compare those there are with: every row of every table.

What is compared follows from the tables themselves. A column is left out where it is marked as
telling nothing of the log (`views.OWN`); rows are told apart by the first column that is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, StaticPool, Table, create_engine, event, or_, select

from domain.entry import Entry
from projections import search
from projections.feed import STORES, all_changes
from projections.tables import VIEWS, View, make_tables
from projections.views import begin_sqlite

rows_at_once = 1_000
changes_at_once = 2_000
cache_kibibytes = 64_000

Row = tuple[Any, ...]


class Difference(NamedTuple):
    """What is wrong with the rows of one key: in which table, and in what. No value of a row is
    told but its key."""

    table: str
    key: str
    what: str


class Refilled:
    """Views in a temporary database of SQLite's, which lies on the disk as far as it is large.
    `heads`: how many entries of the log each of them is to hold."""

    def __init__(self, heads: Mapping[str, int]) -> None:
        self._heads = dict(heads)
        self._changes: dict[int, list[Any]] = {head: [] for head in self._heads.values()}
        self._engine = create_engine(
            "sqlite://",
            connect_args={"isolation_level": None, "check_same_thread": False},
            poolclass=StaticPool,
        )
        event.listen(self._engine, "do_connect", _on_the_disk)
        event.listen(self._engine, "begin", begin_sqlite)

    def __enter__(self) -> Refilled:
        with self._engine.connect() as connection:
            for pragma in ("journal_mode = OFF", f"cache_size = -{cache_kibibytes}"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        with self._engine.begin() as connection:
            for name, head in self._heads.items():
                make_tables(connection, VIEWS[name])
                connection.execute(VIEWS[name].head.update().values(next=head))
                for table in VIEWS[name].tables.sorted_tables:
                    for index in table.indexes:  # nobody asks: rows are sorted once, in the end
                        index.drop(connection)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    def add(self, stream: Sequence[Entry]) -> Any:
        """Adds the entries of a stream, from its first on; gives the state they add up to. Raises
        whatever a fold raises of entries that do not follow."""
        whole = [*all_changes(stream)]
        for head, changes in self._changes.items():
            held = [entry for entry in stream if (entry.log_index or 0) < head]
            if held:
                changes.extend(whole if len(held) == len(stream) else all_changes(held))
            if len(changes) >= changes_at_once:
                self._flush(head)
        return whole[-1].after

    def _flush(self, head: int) -> None:
        with self._engine.begin() as connection:
            for name, its in self._heads.items():
                if its == head:
                    STORES[name](connection, self._changes[head])
        self._changes[head].clear()

    def differences(
        self, name: str, there: Connection, besides: Collection[str] = ()
    ) -> Iterator[Difference]:
        """Where a view is not what the log adds up to, `besides` rows of some streams, of which it
        can't be told."""
        self._flush(self._heads[name])
        view = VIEWS[name]
        with self._engine.connect() as here:
            for table in view.tables.sorted_tables:
                if besides and "sums" in table.info:
                    continue
                columns = [column.name for column in compared(table)]
                rows = rows_of(here, table), rows_of(there, table)
                yield from _differences(table.name, columns, *rows, besides)
            if name == "search":
                words = search.indexed(here), search.indexed(there)
                columns = ["owner", "words", "words in the index"]
                yield from _differences("search_text", columns, *words, besides)


def _on_the_disk(dialect: object, record: object, args: list[Any], named: object) -> None:
    args[:] = [""]  # SQLite's name for a database of its own, which it deletes when it is closed


def compared(table: Table) -> list[Column[Any]]:
    """The columns of a table that follow from the log."""
    return [column for column in table.columns if "own" not in column.info]


def rows_of(connection: Connection, table: Table) -> Iterator[Row]:
    """The rows of a table that stand for something, in the order of their keys: what is compared
    of them."""
    columns = compared(table)
    key: Any = columns[0]
    if connection.dialect.name != "sqlite":
        key = key.collate("C") if key.type.python_type is str else key
    query = select(*columns).order_by(key)
    if "sums" in table.info:
        query = query.where(or_(*(table.c[name] != 0 for name in table.info["sums"])))
    piecemeal = {"yield_per": rows_at_once}
    return map(tuple, connection.execute(query, execution_options=piecemeal))


def contents(connection: Connection, view: View) -> dict[str, list[Row]]:
    """All that is compared of a view, by table."""
    found = {t.name: sorted(rows_of(connection, t), key=repr) for t in view.tables.sorted_tables}
    if view.name == "search":
        found["search_text"] = list(search.indexed(connection))
    return found


def _differences(
    table: str,
    columns: Sequence[str],
    right: Iterable[Row],
    found: Iterable[Row],
    besides: Collection[str],
) -> Iterator[Difference]:
    for key, wanted, there in _side_by_side(right, found):
        if wanted == there:
            continue
        missing = [*(Counter(wanted) - Counter(there)).elements()]
        more = [*(Counter(there) - Counter(wanted)).elements()]
        if besides and any(str(v)[:32] in besides for row in (*missing, *more) for v in row):
            continue
        if len(missing) == len(more) == 1:
            differing = [n for n, a, b in zip(columns, missing[0], more[0], strict=True) if a != b]
            what = f"{', '.join(differing)} differ{'s' if len(differing) == 1 else ''} from the log"
        else:
            counts = (len(missing), "missing"), (len(more), "that the log does not tell of")
            what = ", ".join(f"{n} row{'s' * (n > 1)} {said}" for n, said in counts if n)
        if missing or more:
            yield Difference(table, str(key)[:80], what)


def _side_by_side(
    right: Iterable[Row], found: Iterable[Row]
) -> Iterator[tuple[Any, list[Row], list[Row]]]:
    """The rows of each key, of the one and of the other; both are sorted by it."""
    ends: tuple[Any, list[Row]] = (None, [])
    one, other = (
        ((key, list(rows)) for key, rows in groupby(some, itemgetter(0))) for some in (right, found)
    )
    a, b = next(one, ends), next(other, ends)
    while a[1] or b[1]:
        if not b[1] or (a[1] and _order(a[0]) < _order(b[0])):
            yield a[0], a[1], []
            a = next(one, ends)
        elif not a[1] or _order(b[0]) < _order(a[0]):
            yield b[0], [], b[1]
            b = next(other, ends)
        else:
            yield a[0], a[1], b[1]
            a, b = next(one, ends), next(other, ends)


def _order(key: Any) -> tuple[int, Any]:
    """SQLite's order: nothing, numbers, texts, bytes; what was damaged may be of any kind."""
    if key is None:
        return 0, 0
    return 1 if isinstance(key, (int, float)) else 2 if isinstance(key, str) else 3, key
