"""The view of the register: all that is no recommendation and no key. A row is an aggregate's own
state with the columns that lists need (`projections/shelves.py`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Table, func, select, tuple_

from domain.absence import Absences
from domain.adoptions import Adoptions
from domain.aggregates import BY_STATE
from domain.calendar import OwnCalendar
from domain.entry import last_day
from domain.erasure import Erasure
from domain.import_run import ImportRun
from domain.institution import Institution
from domain.match import Match
from domain.person import Person
from domain.progress_report import ProgressReport
from domain.refusals import InvalidInput
from domain.review import Review
from domain.scope import Scope
from domain.stored_file import StoredFile
from domain.vocabulary import Vocabulary
from domain.workflow_definition import PublishedDefinition
from projections import tables, views, writing
from projections.audiences import seen, told
from projections.shelves import KEPT, OF
from projections.writing import Change

page_size_max = 200

State = TypeVar("State")

written = msgspec.msgpack.Encoder().encode


class Row(NamedTuple, Generic[State]):
    """An aggregate as the view holds it: its state, the log index of its last entry, and when that
    was recorded."""

    state: State
    log_index: int
    recorded_at: int


class Page(NamedTuple, Generic[State]):
    """One page of a list: rows, the cursor to go on after, and whether there is more."""

    rows: list[Row[State]]
    end: str | None
    has_next: bool


class Shelf(Generic[State]):
    """One kind of aggregate: its table and how its state is read and written."""

    def __init__(self, state: type[State]) -> None:
        self.table = tables.REGISTERED[state]
        self.type = state
        self.is_case = BY_STATE[state].is_case
        self._stream = self.table.c.stream if self.is_case else self.table.c.id
        self._kept = KEPT[state]
        self._more = [column.info.get(OF, column.name) for column in self._kept.columns]
        self._read = views.undamaged("register", msgspec.msgpack.Decoder(state).decode)

    def key(self, change: Change) -> str:
        """The id of the row: of a case, that of the audience's."""
        return change.row if self.is_case else str(change.after.id.hex)

    def row(self, change: Change) -> tuple[Any, ...]:
        s = change.after
        order = self._kept.sorted_by
        return (
            self.key(change),
            *((s.id.hex, *change.audience.columns) if self.is_case else ()),
            s.addressee,
            s.visibility.value,
            s.institution,
            self._kept.status(s),
            _at(change.log_index) if order is None else order(s),
            change.log_index,
            change.recorded_at,
            *((s.definition,) if self.is_case else ()),
            *(_plain(getattr(s, name)) for name in self._more),
            written(s),
        )

    def by_id(self, connection: Connection, scope: Scope, id: UUID) -> Row[State] | None:
        """One of them, None where it is not there or not for this reader."""
        return self.by_ids(connection, scope, [id]).get(id)

    def by_ids(
        self, connection: Connection, scope: Scope, ids: Sequence[UUID]
    ) -> dict[UUID, Row[State]]:
        """Some by id; those not there, or not for this reader, are missing."""
        found: dict[UUID, Row[State]] = {}
        wanted = [id.hex for id in ids]
        for i in range(0, len(wanted), 500):
            condition = self._stream.in_(wanted[i : i + 500])
            for row in self._rows(connection, scope, [condition]):
                found[row.state.id] = row  # type: ignore[attr-defined]
        return found

    def page(
        self,
        connection: Connection,
        scope: Scope,
        conditions: Sequence[ColumnElement[bool]] = (),
        *,
        first: int = 50,
        after: str | None = None,
        descending: bool = False,
    ) -> Page[State]:
        """One page, by keyset. A cursor is the id of the last row before it."""
        if not 0 <= first <= page_size_max:
            raise InvalidInput(f"A page has between 0 and {page_size_max} rows.")
        c = self.table.c
        mine = [*conditions, self._readable(scope)]
        here = tuple_(c.sort_key, c.id)
        if after is not None:
            last = select(c.sort_key, c.id).where(self._stream == after, self._readable(scope))
            start = connection.execute(last).first()
            if start is None:
                raise InvalidInput("That is no cursor of this list; take it from pageInfo.")
            bounds = tuple_(*start)
            mine.append(here < bounds if descending else here > bounds)
        order = (c.sort_key.desc(), c.id.desc()) if descending else (c.sort_key, c.id)
        query = select(c.state, c.log_index, c.recorded_at).where(*mine).order_by(*order)
        found = [
            Row(self._read(blob), at, when)
            for blob, at, when in connection.execute(query.limit(first + 1))
        ]
        rows = found[:first]
        end = rows[-1].state.id.hex if rows else None  # type: ignore[attr-defined]
        return Page(rows, end, len(found) > first)

    def count(
        self, connection: Connection, scope: Scope, conditions: Sequence[ColumnElement[bool]] = ()
    ) -> int:
        """How many there are, on all pages."""
        mine = [*conditions, self._readable(scope)]
        counted = select(func.count()).select_from(self.table).where(*mine)
        return int(connection.execute(counted).scalar_one())

    def changed_from(self, log_index: int) -> ColumnElement[bool]:
        """The condition that one began or changed at a log index or later, where the kind is
        sorted by when it last did."""
        assert self._kept.sorted_by is None, self._kept.table
        return self.table.c.sort_key >= _at(log_index)

    def pages(
        self, connection: Connection, scope: Scope, conditions: Sequence[ColumnElement[bool]] = ()
    ) -> Iterator[list[State]]:
        """Every state that the reader may see, page by page."""
        after = None
        while True:
            page = self.page(connection, scope, conditions, first=page_size_max, after=after)
            yield [row.state for row in page.rows]
            if not page.has_next:
                return
            after = page.end

    def all(
        self, connection: Connection, scope: Scope, conditions: Sequence[ColumnElement[bool]] = ()
    ) -> Iterator[State]:
        """The same, one after the other."""
        return itertools.chain.from_iterable(self.pages(connection, scope, conditions))

    def _rows(
        self, connection: Connection, scope: Scope, conditions: Iterable[ColumnElement[bool]]
    ) -> Iterable[Row[State]]:
        c = self.table.c
        query = select(c.state, c.log_index, c.recorded_at).where(
            *conditions, self._readable(scope)
        )
        for blob, at, when in connection.execute(query):
            yield Row(self._read(blob), at, when)

    def _readable(self, scope: Scope) -> ColumnElement[bool]:
        """What speaks of no one State, such as a vocabulary, is for every reader of its
        visibility."""
        c = self.table.c
        condition = told(scope, c) if self.is_case else seen(scope, c.visibility, c.institution)
        if scope.addressees is None:
            return condition
        return condition & c.addressee.in_([*sorted(scope.addressees), ""])


def _at(log_index: int) -> str:
    return f"{log_index:016d}"


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bool):
        return int(value)
    return value.value if isinstance(value, StrEnum) else value


SHELVES: tuple[Shelf[Any], ...] = tuple(map(Shelf, KEPT))
_BY_TYPE = {shelf.type: shelf for shelf in SHELVES}


def shelf(state: type[State]) -> Shelf[State]:
    """The shelf of one kind."""
    return _BY_TYPE[state]


reviews = shelf(Review)
institutions = shelf(Institution)
reports = shelf(ProgressReport)
files = shelf(StoredFile)
runs = shelf(ImportRun)
matches = shelf(Match)
vocabularies = shelf(Vocabulary)
definitions = shelf(PublishedDefinition)
adoptions = shelf(Adoptions)
calendars = shelf(OwnCalendar)
absences = shelf(Absences)
persons = shelf(Person)
erasures = shelf(Erasure)


def covering(recommendation: UUID) -> Select[Any]:
    """The ids of the reports that cover a recommendation."""
    c = tables.SEVERAL["report_cover"].c
    return select(c.owner).where(c.recommendation == recommendation.hex)


# --- Writing -------------------------------------------------------------------------------------


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Writes the rows of what changed."""
    of: dict[type, list[Change]] = {}
    for change in changes:
        if type(change.after) in _BY_TYPE:
            of.setdefault(type(change.after), []).append(change)
    for type_, some in of.items():
        its = _BY_TYPE[type_]
        writing.put(connection, its.table, [its.row(change) for change in some])
        for several in KEPT[type_].several:
            values = {its.key(change): several.of(change.after) for change in some}
            rows = {key: [(key, value) for value in found] for key, found in values.items()}
            _replace(connection, tables.SEVERAL[several.table], rows)
    _replace(
        connection,
        tables.moved_competence,
        {
            s.id.hex: [
                (
                    s.id.hex,
                    s.addressee,
                    s.code,
                    # Of unknown date: it may have passed on since any assignment began.
                    last_day(moved.on) if moved.on else "9999",
                    term.vocabulary,
                    term.code,
                    term.label.casefold(),
                )
                for moved in s.transfers
                for term in moved.terms
            ]
            for s in _states(changes, Institution)
        },
    )


def _states(changes: Sequence[Change], type_: type[State]) -> list[State]:
    return [c.after for c in changes if isinstance(c.after, type_)]


def _replace(connection: Connection, table: Table, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    writing.delete(connection, table, "owner", rows)
    writing.insert(connection, table, [row for some in rows.values() for row in some])
