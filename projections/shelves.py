"""How the register keeps each aggregate: its table, its status, and what lists of it are sorted and
narrowed by. Tables (`views`), shelves (`register`) and what is compared (`refilled`) follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Column, Integer, String, Text

from domain.absence import Absences
from domain.adoptions import Adoptions
from domain.aggregates import AGGREGATES, said_of_each
from domain.calendar import OwnCalendar
from domain.credential import Credential
from domain.erasure import Erasure
from domain.identity import natural_order
from domain.import_run import ImportRun
from domain.institution import Institution
from domain.match import Match
from domain.measure import Measure
from domain.person import Person
from domain.progress_report import ProgressReport
from domain.recommendation import Recommendation
from domain.review import Review
from domain.stored_file import StoredFile
from domain.vocabulary import Vocabulary
from domain.workflow_definition import PublishedDefinition

OF = "of"
"""Marks a column that holds another field of the state than that of its name."""


class Several(NamedTuple):
    """Values of which one has several, and by which lists of it are narrowed: the table beside its
    own that holds them, the column there, and how they are read off the state."""

    table: str
    column: str
    of: Callable[[Any], Iterable[str]]


class Kept(NamedTuple):
    """How one kind is kept. `sorted_by` None: by when it last changed. `columns` hold fields of the
    state by which lists of it are narrowed, and `several` those of which it has several."""

    table: str
    status: Callable[[Any], str]
    sorted_by: Callable[[Any], str] | None = None
    columns: tuple[Column[Any], ...] = ()
    several: tuple[Several, ...] = ()


def _said(state: Any) -> str:
    return str(state.status.value)


def _always(word: str) -> Callable[[Any], str]:
    return lambda state: word


def _number(n: int | None) -> str:
    return "" if n is None else f"{n:06d}"


KEPT: dict[type[Any], Kept] = {
    Review: Kept(
        "review",
        _said,
        lambda s: f"{s.addressee} {s.body} {_number(s.cycle)}{_number(s.round)}",
        (
            Column("mechanism", Text, nullable=False),
            Column("body", Text, nullable=False),
            Column("cycle", Integer),
        ),
    ),
    Institution: Kept(
        "institution",
        _said,
        lambda s: f"{s.addressee} {s.code}",
        (Column("code", Text, nullable=False, index=True),),
    ),
    Measure: Kept(
        "measure",
        _said,
        lambda s: f"{s.addressee} {s.plan or ''} {natural_order(s.code)}",
        (
            Column("kind", Text, nullable=False),
            Column("plan", Text),
            Column("preventive", Integer, nullable=False),
            Column("due", Text),
        ),
        (
            Several(
                "measure_institution", "institution", lambda s: {r.institution for r in s.current}
            ),
            Several(
                "measure_recommendation", "recommendation", lambda s: {k.to.hex for k in s.links}
            ),
        ),
    ),
    ProgressReport: Kept(
        "progress_report",
        _said,
        several=(Several("report_cover", "recommendation", lambda s: (id.hex for id in s.covers)),),
    ),
    StoredFile: Kept("stored_file", lambda s: "erased" if s.erased else "stored"),
    ImportRun: Kept("import_run", _said, columns=(Column("format", Text, nullable=False),)),
    Match: Kept(
        "matched",
        _said,
        lambda s: f"{s.addressee} {s.scheme} {s.key}",
        (
            Column("scheme", Text, nullable=False),
            Column("run", String(32), index=True, info={OF: "batch"}),
        ),
    ),
    Vocabulary: Kept("vocabulary", _always("published"), lambda s: str(s.name)),
    PublishedDefinition: Kept(
        "published_definition",
        _always("published"),
        lambda s: f"{s.addressee} {s.name}",
        (Column("sha256", String(64), nullable=False, index=True),),
    ),
    Adoptions: Kept("adoptions", _always("adopted"), lambda s: str(s.addressee)),
    OwnCalendar: Kept("calendar", _always("set"), lambda s: str(s.addressee)),
    Absences: Kept("absences", _always("declared"), lambda s: f"{s.addressee} {s.institution}"),
    Person: Kept(
        "person",
        lambda s: "registered" if s.registered else "retired",
        lambda s: f"{s.addressee} {s.institution} {s.person}",
    ),
    Erasure: Kept(
        "erasure",
        _always("erased"),
        columns=(Column("erased_stream", String(32), nullable=False, index=True),),
    ),
}

ELSEWHERE = {Recommendation, Credential}
"""What has views of its own."""

said_of_each(
    [aggregate for aggregate in AGGREGATES if aggregate.state not in ELSEWHERE],
    KEPT,
    "projections/shelves.py",
    "how the register keeps it",
)
