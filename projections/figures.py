"""Figures: how many stand where, counted in cells as the log grows, so that asking reads no record.

A cell is a combination of everything figures are asked by; it holds how many paragraphs, parts and
pairs of paragraph and recommending State fall into it (domain rule 5: every count says its unit).
What a recommendation adds to the cells is said once, in `cells`. A condition that cells don't know
is answered from the recommendations that fit it, by the same function.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from domain.identity import natural_order
from domain.recommendation import Recommendation
from domain.recommendation.held import AssessmentHeld
from domain.refusals import LimitExceeded
from domain.scope import Scope
from domain.words import AssignmentStatus, Kind, ProgressStatus
from projections import recommendations, standing, writing
from projections.audiences import EVERYBODY, Audience, told
from projections.recommendations import Where
from projections.tables import figure as table
from projections.writing import Change

counted_one_by_one_max = 20_000

Units = tuple[int, int, int]
"""Paragraphs, parts, pairs."""

Cell = tuple[Any, ...]
"""The columns of the table from `dimension` to `common`, in its order."""

_NAMES = tuple(table.columns.keys())[1:-3]
_SUMS: tuple[str, ...] = table.info["sums"]

_PLACE = {name: place for place, name in enumerate(_NAMES)}

NO_GRADE = ("", "", "", "", "", "")

EVERYWHERE = ""
"""The addressee of cells that hold the sums over all of them."""


class Dimension(StrEnum):
    """The grouping of figures."""

    ALL = "all"
    """all together, in one group"""
    ADDRESSEE = "addressee"
    """the State or other addressee"""
    MECHANISM = "mechanism"
    """the kind of body that made it"""
    BODY = "body"
    """the body that made it, such as UPR or CEDAW"""
    CYCLE = "cycle"
    """the cycle of the UPR or the reporting round in which it was made"""
    INSTITUTION = "institution"
    """the institution that it is assigned to"""
    THEME = "theme"
    """the human-rights theme, by the vocabulary of its time"""
    SDG = "sdg"
    """the Sustainable Development Goal; a target counts for its goal"""
    SDG_TARGET = "sdg-target"
    """the target of a Sustainable Development Goal"""
    AFFECTED_PERSONS = "affected-persons"
    """the group of persons whose rights it is about"""
    ACTION = "action"
    """the category of action by UPR Info, from 1 (minimal) to 5 (specific)"""
    ISSUE = "issue"
    """the issue, as UPR Info names it"""
    MONTH = "month"
    """the month in which it was received; empty where that is not known so exactly"""
    BUCKET = "bucket"
    """the buckets that its states count as, in each aspect"""


_OF_THE_ROW = {
    Dimension.ALL: None,
    Dimension.ADDRESSEE: table.c.addressee,
    Dimension.MECHANISM: table.c.mechanism,
    Dimension.BODY: table.c.body,
    Dimension.CYCLE: table.c.cycle,
}
"""Dimensions every recommendation has one value of: they need no cells of their own."""

_IN_CELLS = {"addressee", "mechanism", "kind", "body", "cycle", "position", "stage", "open"}
_IN_CELLS |= {"duplicate"}


class Figures:
    """How many of one unit, and how many of them stand where in each of the four dimensions."""

    def __init__(self) -> None:
        self.total = 0
        self.open = 0
        self.by: dict[str, dict[str, int]] = {name: defaultdict(int) for name in FOUR_AND_STAGE}

    def add(self, where: Sequence[str], is_open: int, amount: int) -> None:
        self.total += amount
        self.open += amount if is_open else 0
        for name, state in zip(FOUR_AND_STAGE, where, strict=True):
            if amount:
                self.by[name][state] += amount

    def include(self, other: Figures) -> None:
        """Adds the figures of others to these."""
        self.total += other.total
        self.open += other.open
        for name, states in other.by.items():
            for state, amount in states.items():
                self.by[name][state] += amount


FOUR_AND_STAGE = ("position", "assignment", "implementation", "reporting", "stage")


class Grade(NamedTuple):
    """One grade of one assessor's scheme, and how many bear it: each assessor's own, side by side,
    never averaged (domain rule 6). `grade`: kind of assessor, assessor, scheme, its version, the
    grade, and what it means on the common scale (empty: nothing)."""

    grade: tuple[str, ...]
    paragraphs: int
    parts: int
    pairs: int


class ProgressRow:
    """The figures for one value of a dimension. `version`: of the vocabulary the key is from."""

    def __init__(self, key: str, version: str) -> None:
        self.key = key
        self.version = version
        self.label = ""
        self.units = (Figures(), Figures(), Figures())
        self._grades: dict[tuple[str, ...], list[int]] = {}

    def add(self, cell: _Asked, amounts: Units) -> None:
        self.label = max(self.label, cell.label)
        if cell.grade == NO_GRADE:
            for unit, amount in zip(self.units, amounts, strict=True):
                unit.add(cell.stands, cell.is_open, amount)
        else:
            held = self._grades.setdefault(cell.grade, [0, 0, 0])
            for i, amount in enumerate(amounts):
                held[i] += amount

    def include(self, other: ProgressRow) -> None:
        """Adds the figures of another row to these."""
        for mine, more in zip(self.units, other.units, strict=True):
            mine.include(more)
        for grade, amounts in other._grades.items():
            held = self._grades.setdefault(grade, [0, 0, 0])
            for i, amount in enumerate(amounts):
                held[i] += amount

    @property
    def grades(self) -> list[Grade]:
        return [Grade(g, *n) for g, n in sorted(self._grades.items()) if any(n)]


class _Asked(NamedTuple):
    key: str
    version: str
    label: str
    stands: tuple[str, ...]
    is_open: int
    grade: tuple[str, ...]


# --- What a recommendation adds ------------------------------------------------------------------


def cells(r: Recommendation, of: Audience = EVERYBODY) -> Iterator[tuple[Cell, Units]]:
    """The cells a recommendation falls into, as an audience is told of it, and how many paragraphs,
    parts and pairs it adds."""
    common = (
        r.addressee,
        r.kind.value,
        r.mechanism.value,
        r.body,
        r.cycle,
        r.position.value,
    )
    after = (
        _assignment(r),
        _implementation(r),
        "reported" if any(r.stands(v) for v in r.reported) else "unreported",
        r.stage.value,
        0 if r.closed else 1,
        1 if r.duplicate_of else 0,
    )
    positions = _positions(r)
    grades = list(_grades(r))
    for named in _values(r):
        start = (*named, *of.columns, *common)
        for position, amounts in positions.items():
            yield (*start, position, *after, *NO_GRADE), amounts
        for position, grade, amounts in grades:
            yield (*start, position, *after, *grade), amounts


def _values(r: Recommendation) -> Iterator[tuple[str, str, str, str]]:
    """Dimension, key, version and label."""
    yield "all", "", "", ""
    month = r.received.on or ""
    yield "month", month[:7] if len(month) >= 7 else "", "", ""
    # What states count as, their procedure says (`by_bucket`).
    yield "bucket", " ".join(r.states), r.definition or "", ""
    for name in {a.institution for a in r.standing}:
        yield "institution", name, "", name
    found: dict[tuple[str, str, str], str] = {}
    for held in r.terms:
        term = held.term
        key = term.code or term.label.casefold()
        if term.vocabulary == "sdg":
            goal = key.partition(".")[0]
            if goal == key:
                found["sdg", goal, term.version] = term.label
            else:
                found.setdefault(("sdg", goal, term.version), "")
                found["sdg-target", key, term.version] = term.label
        elif term.vocabulary in ("theme", "affected-persons", "action", "issue"):
            found[term.vocabulary, key, term.version] = term.label
    for (dimension, key, version), label in found.items():
        yield dimension, key, version, label


def _positions(r: Recommendation) -> dict[str, Units]:
    whole = r.position
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    counted[whole.value][0] = 1
    seen: set[str] = set()
    for part in r.parts:
        own = r.current_position(part.id) or r.current_position()
        position = own.answer.value if own else whole.value
        states = {s.code or s.printed for s in part.recommenders} - seen
        seen |= states
        counted[position][1] += 1
        counted[position][2] += len(states)
    return {position: (n[0], n[1], n[2]) for position, n in counted.items()}


def _grades(r: Recommendation) -> Iterator[tuple[str, tuple[str, ...], Units]]:
    """A grade of the whole counts for the paragraph, its pairs and each part without its own."""
    if not r.assessments:
        return
    current = r.current_assessments
    position = r.position.value
    pairs = len({s.code or s.printed for part in r.parts for s in part.recommenders})
    own = {part.id: current(part.id) for part in r.parts}
    for a in current():
        by = _graded(a)[:4]
        parts = sum(all(_graded(b)[:4] != by for b in some) for some in own.values())
        yield position, _graded(a), (1, parts, pairs)
    for some in own.values():
        for a in some:
            yield position, _graded(a), (0, 1, 0)


def _graded(a: AssessmentHeld) -> tuple[str, ...]:
    common = a.common.value if a.common else ""
    return a.assessor_kind.value, a.assessor, a.scheme, a.scheme_version, a.grade, common


def _assignment(r: Recommendation) -> str:
    if r.standing:
        return "assigned"
    offered = any(a.status is AssignmentStatus.OFFERED for a in r.assignments)
    return "offered" if offered else "unassigned"


def _implementation(r: Recommendation) -> str:
    if any(r.stands(v) for v in r.declared):
        return "declared"
    if any(p.status is ProgressStatus.PUBLISHED for p in r.progress):
        return "in-progress"
    if any(r.stands(held.version) for held in r.covers):
        return "in-progress"
    return "planned" if any(r.stands(p.version) for p in r.plans) else "not-started"


# --- Writing -------------------------------------------------------------------------------------


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Adds to the cells what changed."""
    sums: Sums = defaultdict(lambda: [0, 0, 0])
    for change in changes:
        if isinstance(change.after, Recommendation):
            _count(sums, change.after, change.audience, 1)
            if change.before:
                _count(sums, change.before, change.was, -1)
    _sum_up(sums)
    rows = [(_key(cell), *cell, *amounts) for cell, amounts in sums.items() if any(amounts)]
    writing.add(connection, table, "cell", _SUMS, sorted(rows, key=lambda row: row[0]))
    standing.store(connection, changes)


Sums = dict[Cell, list[int]]


def _count(sums: Sums, r: Recommendation, of: Audience, times: int) -> None:
    for cell, amounts in cells(r, of):
        _add(sums[cell], amounts, times)


def _add(held: list[int], amounts: Sequence[int], times: int) -> None:
    for i in range(3):
        held[i] += times * amounts[i]


def _sum_up(sums: Sums) -> None:
    """Adds the cells of all addressees together."""
    at = _PLACE["addressee"]
    for cell, amounts in list(sums.items()):
        _add(sums[(*cell[:at], EVERYWHERE, *cell[at + 1 :])], amounts, 1)


def _key(cell: Cell) -> str:
    return blake2b("\x1f".join(map(str, cell)).encode(), digest_size=16).hexdigest()


# --- Questions -----------------------------------------------------------------------------------


def progress(
    connection: Connection,
    scope: Scope,
    by: Dimension,
    where: Where,
    *,
    merged: bool = True,
) -> list[ProgressRow]:
    """The figures by one dimension, sorted by key. Only recommendations are counted, unless
    `where.kind` says otherwise (domain rule 11). `merged`: what is declared a duplicate is not
    counted beside what it duplicates.

    Conditions that cells know (addressee, mechanism, kind, body, cycle, position, stage, open,
    duplicate) cost no more on a large record than on a small one of as many different values;
    others read each recommendation that fits, 20,000 at most."""
    if where.kind is None:
        where = msgspec.structs.replace(where, kind=[Kind.RECOMMENDATION])
    rows: dict[tuple[str, str], ProgressRow] = {}
    ask = _from_cells if _is_in_cells(where) else _one_by_one
    found = ask(connection, scope, by, where, merged)
    for cell, amounts in found:
        key = cell.key, cell.version
        if key not in rows:
            rows[key] = ProgressRow(*key)
        rows[key].add(cell, amounts)
    some = [row for row in rows.values() if any(unit.total for unit in row.units)]
    return sorted(some, key=lambda row: (natural_order(row.key), row.key, row.version))


def by_bucket(
    rows: Iterable[ProgressRow], counts_as: Callable[[str, tuple[str, ...]], Collection[str]]
) -> list[ProgressRow]:
    """The rows of `progress` by bucket, one a bucket in the order of their names. `counts_as` says
    what states of a procedure (its SHA-256) count as; a case counts once in each aspect, so once in
    each row."""
    found: dict[str, ProgressRow] = {}
    for row in rows:
        for bucket in {*counts_as(row.version, tuple(row.key.split()))}:
            found.setdefault(bucket, ProgressRow(bucket, "")).include(row)
    return [found[bucket] for bucket in sorted(found)]


def count(connection: Connection, scope: Scope, where: Where) -> int:
    """How many recommendations (paragraphs) fit. What cells know was counted beforehand."""
    if not _is_in_cells(where):
        return recommendations.count(connection, scope, where)
    c = table.c
    of_all = and_(*_conditions(scope, Dimension.ALL, where), c.assessor_kind == "", c.grade == "")
    query = select(func.coalesce(func.sum(c.paragraphs), 0)).where(of_all)
    return int(connection.execute(query).scalar_one())


def _is_in_cells(where: Where) -> bool:
    asked = {name for name in Where.__struct_fields__ if getattr(where, name) is not None}
    return asked - {"today"} <= _IN_CELLS


def _conditions(scope: Scope, by: Dimension, where: Where) -> list[ColumnElement[bool]]:
    """Which cells are asked for."""
    c = table.c
    conditions: list[ColumnElement[bool]] = [
        c.dimension == ("all" if by in _OF_THE_ROW else by.value),
        told(scope, c),
        or_(*(c[name] != 0 for name in _SUMS)),  # what has been left holds nothing any more
    ]
    addressees = recommendations.asked_of(scope, where)
    if addressees is not None:
        conditions.append(c.addressee.in_(addressees))
    elif by is Dimension.ADDRESSEE:
        conditions.append(c.addressee != EVERYWHERE)
    else:
        conditions.append(c.addressee == EVERYWHERE)
    for name, column in (
        ("kind", c.kind),
        ("mechanism", c.mechanism),
        ("body", c.body),
        ("cycle", c.cycle),
        ("position", c.whole_position),
        ("stage", c.stage),
    ):
        values = getattr(where, name)
        if values is not None:
            conditions.append(column.in_([getattr(v, "value", v) for v in values]))
    if where.open is not None:
        conditions.append(c.is_open == int(where.open))
    if where.duplicate is not None:
        conditions.append(c.is_duplicate == int(where.duplicate))
    return conditions


def _from_cells(
    connection: Connection, scope: Scope, by: Dimension, where: Where, merged: bool
) -> Iterator[tuple[_Asked, Units]]:
    c = table.c
    conditions = _conditions(scope, by, where)
    if merged:
        conditions.append(c.is_duplicate == 0)
    own = _OF_THE_ROW.get(by, c.key)
    grouped = (
        *(() if own is None else (own,)),
        c.version,
        *(c[name] for name in FOUR_AND_STAGE),
        c.is_open,
        *(c[name] for name in _NAMES[-6:]),
    )
    query = (
        select(
            *((c.key,) if own is None else ()),
            *grouped,
            func.max(c.label),
            *(func.sum(c[name]) for name in _SUMS),
        )
        .where(and_(*conditions))
        .group_by(*grouped, *((c.key,) if own is None else ()))
    )
    for row in connection.execute(query):
        stands, rest = tuple(row[2:7]), row[7:]
        key = "" if row[0] is None else str(row[0])
        asked = _Asked(key, row[1], rest[7], stands, rest[0], tuple(rest[1:7]))
        yield asked, (int(rest[8]), int(rest[9]), int(rest[10]))


def _one_by_one(
    connection: Connection, scope: Scope, by: Dimension, where: Where, merged: bool
) -> Iterator[tuple[_Asked, Units]]:
    states = recommendations.fitting(connection, scope, where, counted_one_by_one_max + 1)
    if len(states) > counted_one_by_one_max:
        raise LimitExceeded(
            f"More than {counted_one_by_one_max:,} recommendations fit; narrow `where` down, or "
            "ask only by addressee, mechanism, kind, body, cycle, position, stage, open and "
            "duplicate, which are counted beforehand."
        )
    dimension = "all" if by in _OF_THE_ROW else by.value
    own = _OF_THE_ROW.get(by)
    key_at = _PLACE["key" if by not in _OF_THE_ROW or own is None else own.name]
    for r in states:
        if merged and r.duplicate_of:
            continue
        for cell, amounts in cells(r):
            if cell[0] != dimension:
                continue
            key = cell[key_at]
            yield (
                _Asked(
                    "" if key is None else str(key),
                    cell[_PLACE["version"]],
                    cell[_PLACE["label"]],
                    tuple(cell[_PLACE[name]] for name in FOUR_AND_STAGE),
                    cell[_PLACE["is_open"]],
                    tuple(cell[-6:]),
                ),
                amounts,
            )
