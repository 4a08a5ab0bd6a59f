"""The view of recommendations: its rows, and the questions it answers.

A row is the aggregate's own state, as one audience is told of it, with the columns that lists
filter and sort by. Every question takes a snapshot (one read transaction at one log index) and the
reader's scope; what imports ask is answered from all there is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from domain.identity import natural_order, normal_paragraph, normal_symbol
from domain.import_run import ImportRun
from domain.institution import Institution
from domain.recommendation import Recommendation
from domain.recommendation.elements import Alias
from domain.recommendation.held import Link
from domain.refusals import InvalidInput
from domain.review import Review, review_of
from domain.scope import Scope
from domain.words import (
    AssignmentStatus,
    Kind,
    Mechanism,
    Position,
    Stage,
)
from projections import search, tables, writing
from projections.audiences import everything, told
from projections.case_lists import holds
from projections.tables import recommendation as table
from projections.writing import Change

page_size_max = 200
ids_at_once = 500

written = msgspec.json.Encoder(order="deterministic").encode
"""A state as the view keeps it: equal states are equal bytes."""
_read_state = msgspec.json.Decoder(Recommendation).decode

LogIndex = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]

COLUMNS = tuple(column.name for column in table.columns)


class Row(NamedTuple):
    """A recommendation as the view holds it: its state, the log index of its last entry, and when
    that was recorded."""

    state: Recommendation
    log_index: int
    recorded_at: int


class Order(StrEnum):
    """The order of a list."""

    DOCUMENT = "document"
    """addressee, document symbol and paragraph number, as people sort them"""
    RECEIVED = "received"
    """when it was received, by effective date; unknown dates first"""
    CHANGED = "changed"
    """when its last entry was recorded"""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which recommendations: all conditions hold together, a list means any of its values.
    `institution` is assigned or was offered it; `sdg` is a goal ("16", which includes its
    targets) or a target ("16.2"); `theme`, `affected_persons` and UPR Info's `issue` and `action`
    are a code or a label.

    `overdue`: something owed by a day before `today` (ISO) is not done. `orphaned`: an open
    assignment names an institution (with `institution`: one of those) that has ended, or a
    competence it has passed on since. `undecided`: the position is pending, an offer unanswered,
    or its review was closed and it is neither closed, continued nor succeeded. `run`: import runs
    that received it. `definition`: the SHA-256 of the procedure it is under. `search`: words, in
    any language."""

    addressee: Sequence[str] | None = None
    mechanism: Sequence[Mechanism] | None = None
    kind: Sequence[Kind] | None = None
    body: Sequence[str] | None = None
    cycle: Sequence[int] | None = None
    symbol: Sequence[str] | None = None
    position: Sequence[Position] | None = None
    stage: Sequence[Stage] | None = None
    institution: Sequence[str] | None = None
    recommending_state: Sequence[str] | None = None
    theme: Sequence[str] | None = None
    affected_persons: Sequence[str] | None = None
    issue: Sequence[str] | None = None
    action: Sequence[str] | None = None
    sdg: Sequence[str] | None = None
    open: bool | None = None
    duplicate: bool | None = None
    definition: Sequence[str] | None = None
    review: Sequence[UUID] | None = None
    run: Sequence[UUID] | None = None
    overdue: bool | None = None
    orphaned: bool | None = None
    undecided: bool | None = None
    search: str | None = None
    today: str = ""


class Page(NamedTuple):
    """One page of a list: rows with their cursors, and whether there is more on either side."""

    rows: list[Row]
    cursors: list[str]
    has_next: bool
    has_previous: bool


# --- Rows ----------------------------------------------------------------------------------------


def columns(change: Change) -> tuple[Any, ...]:
    """The row of what changed, in the order of `COLUMNS`."""
    state = change.after
    symbol, order = _document_order(state.addressee, state.symbol, state.paragraph)
    return (
        change.row,
        state.id.hex,
        state.addressee,
        *change.audience.columns,
        state.kind.value,
        state.mechanism.value,
        state.body,
        state.cycle,
        _review(state.addressee, state.mechanism, state.body, state.cycle),
        symbol,
        state.position.value,
        state.stage.value,
        0 if state.closed else 1,
        state.due,
        state.continued_into,
        None if state.batch is None else state.batch.hex,
        state.duplicate_of.hex if state.duplicate_of else None,
        state.definition,
        state.version,
        order,
        state.received.order,
        change.log_index,
        change.recorded_at,
        written(state),
    )


@lru_cache(maxsize=10_000)  # each new entry writes the row again, and these rarely change
def _document_order(
    addressee: str, symbol: str | None, paragraph: str | None
) -> tuple[str | None, str]:
    """The symbol as compared, and what a row is sorted by in the order of documents."""
    symbol = normal_symbol(symbol) if symbol else None
    order = (addressee, natural_order(symbol or ""), natural_order(paragraph or ""))
    return symbol, " ".join(order)


@lru_cache(maxsize=10_000)
def _review(addressee: str, mechanism: Mechanism, body: str, number: int | None) -> str | None:
    """The review it belongs to: by cycle, or by reporting round."""
    id = review_of(addressee, mechanism, body, number)
    return None if id is None else id.hex


def sides(id: str, state: Recommendation) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables beside the row with this id, by table name."""
    now = Alias(scheme="un", value=state.symbol or "", paragraph=state.paragraph).key
    return {
        "alias": [(id, *a.key, int(a.scheme != "un" or a.key == now)) for a in state.aliases],
        "assignment": [
            (id, a.institution, a.status.value, a.since.order) for a in state.assignments
        ],
        "term": [
            (id, h.term.vocabulary, h.term.code, h.term.label.casefold()) for h in state.terms
        ],
        "recommender": [(id, r.code, r.printed) for part in state.parts for r in part.recommenders],
        "link": [(id, state.id.hex, link.to.hex, link.id) for link in state.links],
    }


def document_order(state: Recommendation) -> str:
    """What a recommendation is sorted by in the order of documents."""
    return _document_order(state.addressee, state.symbol, state.paragraph)[1]


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Writes the rows of what changed, and of the tables beside it where they differ."""
    mine = [c for c in changes if isinstance(c.after, Recommendation)]
    writing.put(connection, table, [columns(c) for c in mine])
    new: dict[str, list[tuple[Any, ...]]] = {side.name: [] for side in tables.SIDES}
    stale: dict[str, list[str]] = {side.name: [] for side in tables.SIDES}
    for change in mine:
        before = sides(change.row, change.before) if change.before else _NOTHING
        for name, rows in sides(change.row, change.after).items():
            if rows != before[name]:
                new[name].extend(rows)
                if before[name]:
                    stale[name].append(change.row)
    for side in tables.SIDES:
        writing.delete(connection, side, "recommendation", stale[side.name])
        writing.insert(connection, side, new[side.name])


_NOTHING: dict[str, list[tuple[Any, ...]]] = {side.name: [] for side in tables.SIDES}


# --- Questions -----------------------------------------------------------------------------------


def fitting(connection: Connection, scope: Scope, where: Where, limit: int) -> list[Recommendation]:
    """The states of what fits, in the order of documents, at most `limit`."""
    query = select(table.c.state).where(*_asked(connection, scope, where))
    ordered = query.order_by(table.c.document_order, table.c.id).limit(limit)
    return [_read_state(blob) for (blob,) in connection.execute(ordered)]


class Amount(NamedTuple):
    """So many cases with so many entries."""

    cases: int
    entries: int


def amounts(
    connection: Connection, scope: Scope, where: Where
) -> dict[tuple[Mechanism, Kind], Amount]:
    """How many fit and how many entries they have, by mechanism and kind of text."""
    c = table.c
    query = select(c.mechanism, c.kind, func.count(), func.sum(c.version))
    fitting = query.where(*_asked(connection, scope, where))
    return {
        (Mechanism(mechanism), Kind(kind)): Amount(cases, int(entries))
        for mechanism, kind, cases, entries in connection.execute(
            fitting.group_by(c.mechanism, c.kind)
        )
    }


def ids(
    connection: Connection, scope: Scope, where: Where, of: Iterable[tuple[Mechanism, Kind]]
) -> Iterator[list[UUID]]:
    """What fits, of some mechanisms and kinds of text, in no order, some hundreds at a time."""
    kinds = [(mechanism.value, kind.value) for mechanism, kind in of]
    query = select(table.c.stream).where(
        tuple_(table.c.mechanism, table.c.kind).in_(kinds), *_asked(connection, scope, where)
    )
    found = connection.execute(query.execution_options(yield_per=ids_at_once))
    for some in found.scalars().partitions():
        yield [UUID(hex=id) for id in some]


def by_id(connection: Connection, scope: Scope, id: UUID) -> Row | None:
    """One recommendation, None where it is not there or not for this reader."""
    found = by_ids(connection, scope, [id])
    return found.get(id)


def by_ids(connection: Connection, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Some recommendations by id; those not there, or not for this reader, are missing."""
    found: dict[UUID, Row] = {}
    wanted = [id.hex for id in ids]
    for i in range(0, len(wanted), 500):
        query = _rows().where(table.c.stream.in_(wanted[i : i + 500]), _readable(scope))
        for row in map(_row, connection.execute(query)):
            found[row.state.id] = row
    return found


def by_symbol(
    connection: Connection, scope: Scope, symbol: str, paragraph: str, addressee: str | None
) -> list[Row]:
    """The recommendations that go by a document's symbol and paragraph number, or went by them
    where nobody else of that addressee does now. There are several where one document addresses
    several States."""
    query = (
        _rows()
        .add_columns(tables.alias.c.is_current)
        .join(tables.alias, tables.alias.c.recommendation == table.c.id)
        .where(
            tables.alias.c.scheme == "un",
            tables.alias.c.value == normal_symbol(symbol),
            tables.alias.c.paragraph == normal_paragraph(paragraph),
            _readable(scope),
        )
    )
    if addressee is not None:
        query = query.where(table.c.addressee == addressee)
    found = [(_row(row), bool(row.is_current)) for row in connection.execute(query)]
    taken = {row.state.addressee for row, is_current in found if is_current}
    fitting = {
        row.state.id: row
        for row, is_current in found
        if is_current or row.state.addressee not in taken
    }
    return list(fitting.values())


def addressees_about(connection: Connection, id: UUID) -> list[str]:
    """Whose records a recommendation is told from: its addressee's, and those of what it is linked
    with; whoever asks. None at all where there is no such recommendation."""
    c = tables.link.c
    linked = union_all(
        select(literal(id.hex)),
        select(c.earlier).where(c.later == id.hex),
        select(c.later).where(c.earlier == id.hex),
    )
    query = select(table.c.addressee).where(table.c.stream.in_(linked)).distinct()
    return sorted(connection.execute(query).scalars())


def find_aliases(
    connection: Connection, wanted: Iterable[tuple[str, Alias]]
) -> dict[tuple[str, str, str, str], UUID]:
    """Which recommendation of an addressee goes by which alias, by addressee and the alias's key:
    for imports, whoever asks. Of several it is the last one of `find_bearers`."""
    return {key: bearers[-1] for key, bearers in find_bearers(connection, wanted).items()}


def find_bearers(
    connection: Connection, wanted: Iterable[tuple[str, Alias]]
) -> dict[tuple[str, str, str, str], list[UUID]]:
    """All recommendations of an addressee that go by an alias, by addressee and the alias's key:
    for imports, whoever asks. One that has passed the alias on is named only where nobody bears it
    now."""
    asked = {(addressee, *alias.key) for addressee, alias in wanted}
    names = sorted({(value, paragraph) for _, _, value, paragraph in asked})
    bearing: dict[tuple[str, str, str, str], dict[UUID, bool]] = {}
    c = tables.alias.c
    for i in range(0, len(names), 500):
        query = (
            select(table.c.addressee, c.scheme, c.value, c.paragraph, table.c.stream, c.is_current)
            .join(table, table.c.id == c.recommendation)
            .where(everything(table.c), tuple_(c.value, c.paragraph).in_(names[i : i + 500]))
            .order_by(c.is_current, table.c.stream)
        )
        for *key, id, is_current in connection.execute(query):
            if tuple(key) in asked:
                bearing.setdefault(tuple(key), {})[UUID(hex=id)] = bool(is_current)
    return {
        key: [id for id, bears in found.items() if bears] or list(found)
        for key, found in bearing.items()
    }


def held_in_review(connection: Connection, scope: Scope, review: UUID) -> list[Recommendation]:
    """The recommendations of a review."""
    query = select(table.c.state).where(table.c.review == review.hex, _readable(scope))
    return [_read_state(blob) for (blob,) in connection.execute(query.order_by(table.c.id))]


def held_by_others(
    connection: Connection, scope: Scope, review: UUID, format: str
) -> list[Recommendation]:
    """The recommendations of a review that came otherwise than from files of this format."""
    run = tables.REGISTERED[ImportRun].c
    runs = select(run.id).where(run.format == format)
    of_this = and_(table.c.batch.is_not(None), table.c.batch.in_(runs))
    query = select(table.c.state).where(table.c.review == review.hex, ~of_this, _readable(scope))
    return [_read_state(blob) for (blob,) in connection.execute(query.order_by(table.c.id))]


def held_under(
    connection: Connection, scope: Scope, scheme: str, addressee: str
) -> dict[str, Recommendation]:
    """The recommendations of an addressee that go by a name of this scheme, by that name."""
    c = tables.alias.c
    query = (
        select(c.value, table.c.state)
        .join(table, table.c.id == c.recommendation)
        .where(c.scheme == scheme, table.c.addressee == addressee, _readable(scope))
    )
    return {value: _read_state(blob) for value, blob in connection.execute(query)}


def paragraphs_of(
    connection: Connection, scope: Scope, symbol: str, addressee: str
) -> dict[str, UUID]:
    """The recommendations of an addressee that one document holds, by paragraph number as compared.
    A number that only others may read is none, also where one that may be read had it before."""
    c = tables.alias.c
    readable = case((_readable(scope), 1), else_=0)
    query = (
        select(c.paragraph, table.c.stream, readable)
        .join(table, table.c.id == c.recommendation)
        .where(c.scheme == "un", c.value == normal_symbol(symbol), table.c.addressee == addressee)
        .order_by(c.is_current, readable)  # whoever bears it now comes last, and stays
    )
    bearers = {paragraph: (id, is_read) for paragraph, id, is_read in connection.execute(query)}
    return {paragraph: UUID(hex=id) for paragraph, (id, is_read) in bearers.items() if is_read}


def count(connection: Connection, scope: Scope, where: Where) -> int:
    """How many recommendations (paragraphs) fit."""
    query = select(func.count()).select_from(table).where(*_asked(connection, scope, where))
    return int(connection.execute(query).scalar_one())


def page(
    connection: Connection,
    scope: Scope,
    where: Where,
    *,
    order: Order = Order.DOCUMENT,
    descending: bool = False,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page:
    """One page of a list, by keyset: stable under concurrent writes, flat in cost at any depth.

    `first` after a cursor, or `last` before one, as Relay's connections have it. Refuses sizes
    out of bounds, both directions at once, and cursors that are not of this list.
    """
    if (first is not None or after is not None) and (last is not None or before is not None):
        raise InvalidInput("Page forward with first and after, or backward with last and before.")
    backward = last is not None or before is not None
    size = last if backward else first
    size = 50 if size is None else size
    if not 0 <= size <= page_size_max:
        raise InvalidInput(f"A page has between 0 and {page_size_max} rows.")
    key = _KEYS[order]
    cursor = before if backward else after
    falling = descending != backward
    query = _rows(key).where(*_asked(connection, scope, where))
    if cursor is not None:
        start = _read_cursor(cursor, order)
        bounds = tuple_(literal(start[0], key.type), literal(start[1], table.c.id.type))
        here = tuple_(key, table.c.id)
        query = query.where(here < bounds if falling else here > bounds)
    direction = (key.desc(), table.c.id.desc()) if falling else (key.asc(), table.c.id.asc())
    found = connection.execute(query.order_by(*direction).limit(size + 1)).all()
    more = len(found) > size
    found = found[:size]
    if backward:
        found = found[::-1]
    return Page(
        rows=[_row(row) for row in found],
        cursors=[_write_cursor(order, row[4], row[0]) for row in found],
        has_next=cursor is not None if backward else more,
        has_previous=more if backward else cursor is not None,
    )


def pages(connection: Connection, scope: Scope, where: Where) -> Iterator[list[Recommendation]]:
    """All that fit, in the order of documents, page by page."""
    after: str | None = None
    while True:
        found = page(connection, scope, where, first=page_size_max, after=after)
        yield [row.state for row in found.rows]
        if not found.has_next:
            return
        after = found.cursors[-1]


class Lineage(NamedTuple):
    """A link as seen from one of its ends: `later` bears it, `earlier` is what it points to."""

    link: Link
    later: Row
    earlier: Row


def lineage(
    connection: Connection,
    scope: Scope,
    rows: Sequence[Row],
    count: Callable[[int], None] = lambda rows: None,
) -> Mapping[UUID, list[Lineage]]:
    """The links of some recommendations, both ways; an end not for this reader hides the link.
    `count` is told how many rows are read."""
    ids = {row.state.id.hex for row in rows}
    c = tables.link.c
    pairs: set[tuple[str, str, int]] = set()
    counted = 0
    wanted = sorted(ids)
    for i in range(0, len(wanted), 500):
        some = wanted[i : i + 500]
        query = select(c.later, c.earlier, c.number).where(
            or_(c.later.in_(some), c.earlier.in_(some))
        )
        pairs.update(
            (later, earlier, number) for later, earlier, number in connection.execute(query)
        )
        count(len(pairs) - counted)
        counted = len(pairs)
    named = sorted({UUID(hex=x) for pair in pairs for x in pair[:2]})
    count(len(named))
    ends = by_ids(connection, scope, named)
    found: dict[UUID, list[Lineage]] = {row.state.id: [] for row in rows}
    for later, earlier, number in sorted(pairs, key=lambda pair: pair[2]):
        a, b = ends.get(UUID(hex=later)), ends.get(UUID(hex=earlier))
        if a is None or b is None:
            continue
        for joined in a.state.links:
            for end in (a, b) if joined.id == number else ():
                if end.state.id in found:
                    found[end.state.id].append(Lineage(joined, a, b))
    return found


# --- Inside --------------------------------------------------------------------------------------

_KEYS: dict[Order, Any] = {
    Order.DOCUMENT: table.c.document_order,
    Order.RECEIVED: table.c.received_order,
    Order.CHANGED: table.c.log_index,
}


def _rows(key: Any = None) -> Select[Any]:
    named = (table.c.id, table.c.state, table.c.log_index, table.c.recorded_at)
    return select(*named) if key is None else select(*named, key.label("sort_key"))


def _row(row: Any) -> Row:
    return Row(_read_state(row[1]), row[2], row[3])


def _asked(connection: Connection, scope: Scope, where: Where) -> tuple[ColumnElement[bool], ...]:
    return _readable(scope), _fits(connection, scope, where)


def _readable(scope: Scope) -> ColumnElement[bool]:
    conditions = [told(scope, table.c)]
    if scope.addressees is not None:
        conditions.append(table.c.addressee.in_(sorted(scope.addressees)))
    return and_(*conditions)


def asked_of(scope: Scope, where: Where) -> list[str] | None:
    """The addressees that are asked for and that the reader may ask for; None for all."""
    if scope.addressees is None:
        return None if where.addressee is None else sorted(set(where.addressee))
    asked = scope.addressees if where.addressee is None else scope.addressees & set(where.addressee)
    return sorted(asked)


_AS_THEY_ARE = (
    *("addressee", "mechanism", "kind", "body", "cycle", "position", "stage"),
    "definition",
)
"""Conditions on a column of their name."""


def _fits(connection: Connection, scope: Scope, where: Where) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    for name in _AS_THEY_ARE:
        values = getattr(where, name)
        if values is not None:
            conditions.append(table.c[name].in_([getattr(v, "value", v) for v in values]))
    if where.symbol is not None:
        conditions.append(table.c.symbol.in_([normal_symbol(symbol) for symbol in where.symbol]))
    if where.open is not None:
        conditions.append(table.c.is_open == int(where.open))
    if where.duplicate is not None:
        is_one = table.c.duplicate_of.is_not(None)
        conditions.append(is_one if where.duplicate else ~is_one)
    if where.review is not None:
        conditions.append(table.c.review.in_([id.hex for id in where.review]))
    if where.run is not None:
        conditions.append(table.c.batch.in_([id.hex for id in where.run]))
    if where.overdue is not None:
        conditions.append(holds(table.c.due < where.today, where.overdue))
    if where.orphaned is not None:
        listed = and_(
            table.c.is_open == 1,
            table.c.id.in_(_orphaned(asked_of(scope, where), where.institution)),
        )
        conditions.append(holds(listed, where.orphaned))
    if where.undecided is not None:
        conditions.append(holds(_undecided(scope), where.undecided))
    if where.search is not None:
        found = search.found(connection, where.search, asked_of(scope, where))
        conditions.append(table.c.id.in_(found))
    if where.institution is not None:
        held = (AssignmentStatus.OFFERED.value, AssignmentStatus.ASSIGNED.value)
        c = tables.assignment.c
        conditions.append(
            table.c.id.in_(
                select(c.recommendation).where(
                    c.institution.in_(where.institution),
                    c.status.in_(held),
                )
            )
        )
    if where.recommending_state is not None:
        c = tables.recommender.c
        conditions.append(
            table.c.id.in_(select(c.recommendation).where(c.code.in_(where.recommending_state)))
        )
    for vocabulary, values in (
        ("theme", where.theme),
        ("affected-persons", where.affected_persons),
        ("issue", where.issue),
        ("action", where.action),
        ("sdg", where.sdg),
    ):
        if values is not None:
            conditions.append(table.c.id.in_(_bearing(vocabulary, values)))
    return and_(*conditions)


def _open_assignments(*statuses: AssignmentStatus) -> Select[Any]:
    c = tables.assignment.c
    return select(c.recommendation).where(c.status.in_([status.value for status in statuses]))


def _orphaned(addressees: Sequence[str] | None, institutions: Sequence[str] | None) -> Select[Any]:
    """Open assignments, to some addressees or all, of institutions (some, or all) that have ended
    or have passed the competence on since."""
    a, m, t = tables.assignment.c, tables.moved_competence.c, tables.term.c
    i = tables.REGISTERED[Institution].c
    r = table.alias()  # a name of its own: an inner query shares those of the one around it only
    ended = exists(
        select(literal(1)).where(
            i.code == a.institution,
            i.status != "active",
            i.addressee == r.c.addressee,
        )
    )
    moved = exists(
        select(literal(1)).where(
            m.institution == a.institution,
            m.since >= a.since,
            m.addressee == r.c.addressee,
            t.recommendation == a.recommendation,
            t.vocabulary == m.vocabulary,
            or_(t.code == m.code, and_(m.code.is_(None), t.label == m.label)),
        )
    )
    both = AssignmentStatus.OFFERED, AssignmentStatus.ASSIGNED
    held = _open_assignments(*both).join(r, r.c.id == a.recommendation)
    if addressees is not None:
        held = held.where(r.c.addressee.in_(addressees))
    if institutions is not None:
        held = held.where(a.institution.in_(institutions))
    return held.where(or_(ended, moved))


def _undecided(scope: Scope) -> ColumnElement[bool]:
    review, link = tables.REGISTERED[Review].c, tables.link.c
    later = table.alias()
    left_open = and_(
        table.c.continued_into.is_(None),
        table.c.review.in_(select(review.id).where(review.status == "closed")),
        ~exists(
            select(literal(1))
            .join_from(tables.link, later, later.c.id == link.recommendation)
            .where(link.earlier == table.c.stream, told(scope, later.c))
        ),
    )
    offered = (
        _open_assignments(AssignmentStatus.OFFERED)
        .where(tables.assignment.c.recommendation == table.c.id)
        .exists()
    )
    pending = table.c.position == Position.PENDING.value
    return and_(table.c.is_open == 1, or_(pending, offered, left_open))


def _bearing(vocabulary: str, values: Sequence[str]) -> CompoundSelect[Any]:
    """What bears one of the terms: a select for each way to fit, as each has an index of its own.
    A goal's targets are the codes from "5." up to "5/", the next character."""
    c = tables.term.c
    fits: list[ColumnElement[bool]] = [
        c.code.in_(values),
        c.label.in_([value.casefold() for value in values]),
    ]
    if vocabulary == "sdg":
        fits.extend(and_(c.code >= f"{goal}.", c.code < f"{goal}/") for goal in values)
    bears = select(c.recommendation).where(c.vocabulary == vocabulary)
    return union_all(*(bears.where(fit) for fit in fits))


class LastChange(NamedTuple):
    """The entry that a recommendation was changed by last of all."""

    log_index: int
    id: str
    version: int
    recorded_at: int


def last_change(connection: Connection) -> LastChange | None:
    """The entry of the log by which a recommendation was changed last."""
    c = table.c
    query = select(c.log_index, c.stream, c.version, c.recorded_at)
    row = connection.execute(query.order_by(c.log_index.desc()).limit(1)).first()
    return None if row is None else LastChange(*row)


def _write_cursor(order: Order, key: Any, id: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([order.value, key, id])).decode()


def _read_cursor(cursor: str, order: Order) -> tuple[Any, str]:
    try:
        named, key, id = msgspec.json.decode(
            base64.urlsafe_b64decode(cursor.encode()), type=tuple[str, str | LogIndex, str]
        )
        if "\x00" in f"{key}{id}":
            raise ValueError
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise InvalidInput("That is no cursor of this list; take it from pageInfo.") from None
    if named != order.value or isinstance(key, int) != (order is Order.CHANGED):
        raise InvalidInput("That cursor belongs to a list in another order.")
    return key, id
