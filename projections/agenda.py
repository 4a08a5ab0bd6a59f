"""The view of the agenda: who has what to do, and who was told of what.

A task is a row for each institution that has it, or one where whoever coordinates has it. A notice
is a row for each one it was addressed to, by the log index of its entry: only ever added, so that
whoever delivers notices reads on from where they were and tell each once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from domain.casework import Case
from domain.casework.deadlines import DeadlineEvent, DeadlinePassed, Escalated, Reminded
from domain.casework.event import Addressed
from domain.casework.held import DeadlineStatus, TaskHeld
from domain.effects import Whose
from domain.entry import Entry
from domain.refusals import InvalidInput
from domain.scope import Scope
from projections import writing
from projections.audiences import Audience, listed, lists, stream_of, told
from projections.cases import Row, by_ids, order
from projections.tables import notice as notices_table
from projections.tables import task as tasks_table
from projections.writing import Change

page_size_max = 200
LAST = "9999-99-99"
"""Sorts behind every day: what has no deadline comes last."""

NOTICES = (Reminded, DeadlinePassed, Escalated)


class Task(NamedTuple):
    """Something to do: on which case, whose it is (institution; None: whoever
    coordinates), by which day, and who does it."""

    row: Row
    held: TaskHeld
    institution: str | None
    day: str | None
    is_overdue: bool
    escalated: int
    claimed_by: str | None
    cursor: str


class Notice(NamedTuple):
    """A notice to one of those it was addressed to; `id` is its own for ever."""

    id: str
    log_index: int
    row: Row
    kind: str
    deadline: str
    day: str
    role: str
    institution: str | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks, all conditions together; a list means any of its values. `institution`: of these
    institutions; `coordinator`: also of whoever coordinates."""

    addressee: Sequence[str] | None = None
    institution: Sequence[str] | None = None
    coordinator: bool = True
    role: Sequence[str] | None = None
    task: Sequence[str] | None = None
    claimed_by: Sequence[str] | None = None
    claimed: bool | None = None
    overdue: bool | None = None
    escalated: bool | None = None


# --- Writing -------------------------------------------------------------------------------------


def rows_of(id: str, r: Case, of: Audience) -> list[tuple[Any, ...]]:
    """The rows of a case's tasks, as an audience is told of them; none while it rests.
    `id`: of its row."""
    if r.suspended is not None:
        return []
    found = []
    place = order(r)
    for held in r.tasks:
        deadline = None if held.deadline is None else r.deadline(held.deadline)
        for institution in institutions_of(held, r):
            claim = next((c for c in held.claims if institution in ("", c.institution)), None)
            found.append(
                (
                    f"{id} {held.task} {institution}"[:350],
                    id,
                    r.addressee,
                    *of.columns,
                    held.task,
                    f" {' '.join(held.roles)} ",
                    institution,
                    LAST if deadline is None or deadline.voluntary else deadline.day,
                    int(deadline is not None and deadline.status is DeadlineStatus.PASSED),
                    0 if deadline is None else deadline.escalated,
                    None if claim is None else claim.actor,
                    place,
                )
            )
    return found


def institutions_of(held: TaskHeld, r: Case) -> list[str]:
    """The institutions that have a task; an empty name stands for whoever coordinates."""
    return [""] if held.whose is Whose.COORDINATOR else sorted(r.concerned(held.whose))


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Writes the tasks that differ, and the notices that were given."""
    stale: list[str] = []
    fresh: list[tuple[Any, ...]] = []
    notices: list[tuple[Any, ...]] = []
    for change in changes:
        r = change.after
        if not isinstance(r, Case):
            continue
        met = change.before
        before = [] if met is None else rows_of(change.row, met, change.was)
        after = rows_of(change.row, r, change.audience)
        if before != after:
            if before:
                stale.append(change.row)
            fresh += after
        if change.audience.hears_all:
            notices += [row for entry in change.entries for row in _notices(r, entry)]
    writing.delete(connection, tasks_table, "recommendation", stale)
    writing.insert(connection, tasks_table, fresh)
    writing.insert(connection, notices_table, notices)


def _notices(r: Case, entry: Entry) -> Iterator[tuple[Any, ...]]:
    event, visibility = entry.event, entry.stamp.visibility
    readers = {r.institution} if visibility is r.visibility else {*event.readers}
    if isinstance(event, NOTICES):
        for number, to in enumerate(event.to or (Addressed(role="coordinator"),)):
            yield (
                f"{entry.log_index:016d}-{number:03d}",
                entry.log_index,
                r.id.hex,
                r.addressee,
                visibility.value,
                listed(readers),
                _kind(event),
                event.deadline,
                entry.stamp.effective.on or "",
                to.role,
                to.institution or "",
            )


def _kind(event: DeadlineEvent) -> str:
    """Reminded, DeadlinePassed or Escalated, of whatever aggregate."""
    return next(kind.__name__ for kind in NOTICES if isinstance(event, kind))


# --- Asking --------------------------------------------------------------------------------------


def tasks(
    connection: Connection, scope: Scope, asked: Asked, *, first: int, after: str | None
) -> tuple[list[Task], bool]:
    """A page of tasks in the order of their due, then of documents, and whether there are more."""
    _sized(first)
    c = tasks_table.c
    here = tuple_(c.due, c.document_order, c.id)
    readable = _of(scope, c, told(scope, c))
    conditions = [readable, *_fitting(asked)]
    if after is not None:
        start = select(c.due, c.document_order, c.id).where(c.id == after, readable)
        bounds = connection.execute(start).first()
        if bounds is None:
            raise InvalidInput("That task is done, or it never was: begin the list again.")
        conditions.append(here > tuple_(*bounds))
    query = (
        select(tasks_table)
        .where(and_(*conditions))
        .order_by(c.due, c.document_order, c.id)
        .limit(first + 1)
    )
    found = connection.execute(query).all()
    rows = by_ids(connection, scope, [stream_of(one.recommendation) for one in found[:first]])
    page = []
    for one in found[:first]:
        row = rows[stream_of(one.recommendation)]
        page.append(
            Task(
                row=row,
                held=row.state.task(one.task),
                institution=one.held_by or None,
                day=None if one.due == LAST else one.due,
                is_overdue=bool(one.is_passed),
                escalated=one.escalated,
                claimed_by=one.claimed_by,
                cursor=one.id,
            )
        )
    return page, len(found) > first


def count_tasks(connection: Connection, scope: Scope, asked: Asked) -> int:
    """How many tasks there are, on all pages."""
    c = tasks_table.c
    fit = and_(_of(scope, c, told(scope, c)), *_fitting(asked))
    return int(connection.execute(select(func.count(c.id)).where(fit)).scalar_one())


class AskedNotices(msgspec.Struct, frozen=True, kw_only=True):
    """Which notices, all conditions together. `institution`: those to it; None: to all."""

    roles: Sequence[str] | None = None
    institution: str | None = None
    addressee: Sequence[str] | None = None


def notices(
    connection: Connection, scope: Scope, asked: AskedNotices, *, first: int, after: str | None
) -> tuple[list[Notice], bool]:
    """Notices behind one, oldest first, and whether there are more."""
    _sized(first)
    c = notices_table.c
    conditions = list(_noticed(scope, asked))
    if after is not None:
        conditions.append(c.id > after)
    query = select(notices_table).where(and_(*conditions)).order_by(c.id).limit(first + 1)
    found = connection.execute(query).all()
    rows = by_ids(connection, scope, [UUID(hex=one.recommendation) for one in found[:first]])
    page = [
        Notice(
            id=one.id,
            log_index=one.log_index,
            row=row,
            kind=one.kind,
            deadline=one.deadline,
            day=one.day,
            role=one.role,
            institution=one.held_by or None,
        )
        for one in found[:first]
        if (row := rows.get(UUID(hex=one.recommendation))) is not None
    ]
    return page, len(found) > first


def count_notices(connection: Connection, scope: Scope, asked: AskedNotices) -> int:
    """How many notices there are, on all pages."""
    counted = select(func.count(notices_table.c.id)).where(*_noticed(scope, asked))
    return int(connection.execute(counted).scalar_one())


def _noticed(scope: Scope, asked: AskedNotices) -> Iterator[ColumnElement[bool]]:
    c = notices_table.c
    is_open = c.visibility.in_(sorted(v.value for v in scope.visibilities))
    mine = None if scope.institution is None else lists(c.readers, scope.institution)
    yield _of(scope, c, is_open if mine is None else or_(is_open, mine))
    if asked.roles is not None:
        yield c.role.in_(asked.roles)
    if asked.institution is not None:
        yield c.held_by == asked.institution
    if asked.addressee is not None:
        yield c.addressee.in_(asked.addressee)


def _sized(first: int) -> None:
    if not 0 <= first <= page_size_max:
        raise InvalidInput(f"A page has between 0 and {page_size_max} rows.")


def _of(scope: Scope, c: Any, readable: ColumnElement[bool]) -> ColumnElement[bool]:
    if scope.addressees is None:
        return readable
    return and_(readable, c.addressee.in_(sorted(scope.addressees)))


def _fitting(asked: Asked) -> Iterator[ColumnElement[bool]]:
    c = tasks_table.c
    if asked.addressee is not None:
        yield c.addressee.in_(asked.addressee)
    if asked.institution is not None:
        mine = c.held_by.in_(asked.institution)
        yield or_(mine, c.held_by == "") if asked.coordinator else mine
    if asked.role is not None:
        yield or_(*(c.roles.contains(f" {role} ", autoescape=True) for role in asked.role))
    if asked.task is not None:
        yield c.task.in_(asked.task)
    if asked.claimed_by is not None:
        yield c.claimed_by.in_(asked.claimed_by)
    if asked.claimed is not None:
        yield c.claimed_by.is_not(None) if asked.claimed else c.claimed_by.is_(None)
    if asked.overdue is not None:
        yield c.is_passed == int(asked.overdue)
    if asked.escalated is not None:
        yield c.escalated > 0 if asked.escalated else c.escalated == 0
