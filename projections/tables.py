"""What each view holds: its tables, and the shape by which one of another version is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from zlib import crc32

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from domain.aggregates import BY_STATE
from projections.shelves import KEPT

ordered = Text().with_variant(Text(collation="C"), "postgresql")

OWN = {"own": True}
"""Marks a column that says nothing of the log: a worker's own, or a number that is arbitrary."""


def _told() -> tuple[Column[Any], ...]:
    """The columns of an audience (`projections.audiences`)."""
    return Column("levels", Integer, nullable=False), Column("institutions", Text, nullable=False)


def _of_a_recommendation() -> Column[Any]:
    """The row of a recommendation that a row beside it belongs to."""
    return Column("recommendation", Text, nullable=False, index=True)


# --- Recommendations: lists, names, lineage ------------------------------------------------------

_recommendations = MetaData()

recommendation = Table(
    "recommendation",
    _recommendations,
    # A row for each audience; whose recommendation it is, `stream` says.
    Column("id", ordered, primary_key=True),
    Column("stream", String(32), nullable=False, index=True),
    Column("addressee", Text, nullable=False),
    *_told(),
    Column("kind", Text, nullable=False),
    Column("mechanism", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("cycle", Integer),
    Column("review", String(32), index=True),
    Column("symbol", Text),
    Column("position", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("due", ordered, index=True),
    Column("continued_into", Integer),
    Column("batch", String(32), index=True),
    Column("duplicate_of", String(32)),
    Column("definition", String(64)),
    Column("version", Integer, nullable=False),
    Column("document_order", ordered, nullable=False),
    Column("received_order", ordered, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    # A list is read off an index in its order, all or one State's; nothing is sorted. No index
    # begins with a column of few values: SQLite, not knowing that, would take it and sort them all.
    Index("recommendation_by_document", "document_order", "id"),
    Index("recommendation_by_receipt", "received_order", "id"),
    Index("recommendation_by_change", "log_index", "id"),
    Index("recommendation_of", "addressee", "document_order", "id"),
    # Counting what a reader may see reads this index alone, not the states.
    Index("recommendation_readers", "levels", "institutions", "addressee"),
)
alias = Table(
    "alias",
    _recommendations,
    _of_a_recommendation(),
    Column("scheme", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("paragraph", Text, nullable=False),
    # Numbers change hands: whoever bears one now comes before whoever bore it.
    Column("is_current", Integer, nullable=False),
    Index("alias_named", "value", "paragraph"),
)
assignment = Table(
    "assignment",
    _recommendations,
    _of_a_recommendation(),
    Column("institution", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("since", ordered, nullable=False),
)
term = Table(
    "term",
    _recommendations,
    _of_a_recommendation(),
    Column("vocabulary", Text, nullable=False),
    Column("code", ordered),
    Column("label", Text, nullable=False),
    Index("term_coded", "vocabulary", "code", "recommendation"),
    Index("term_labelled", "vocabulary", "label", "recommendation"),
)
recommender = Table(
    "recommender",
    _recommendations,
    _of_a_recommendation(),
    Column("code", Text, index=True),
    Column("printed", Text, nullable=False),
)
link = Table(
    "link",
    _recommendations,
    _of_a_recommendation(),
    # The recommendations that it joins, whoever is told of them.
    Column("later", String(32), nullable=False, index=True),
    Column("earlier", String(32), nullable=False, index=True),
    Column("number", Integer, nullable=False),
)
SIDES = (alias, assignment, term, recommender, link)
"""Tables whose rows belong to a recommendation and change with it."""

# --- Search: what a text is found by -------------------------------------------------------------

_search = MetaData()

search_document = Table(
    "search_document",
    _search,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=OWN),
    # The row that the case has in its own view.
    Column("owner", Text, nullable=False, unique=True),
)
# The inverted index itself is each store's own: FTS5, and a tsvector under GIN.
_SEARCH_TEXT = {
    "sqlite": (
        (
            "CREATE VIRTUAL TABLE search_text USING fts5"
            " (tokens, detail=none, tokenize='unicode61 remove_diacritics 0')"
        ),
    ),
    "postgresql": (
        "CREATE TABLE search_text (number BIGINT PRIMARY KEY, tokens TSVECTOR NOT NULL)",
        "CREATE INDEX search_text_tokens ON search_text USING gin (tokens)",
    ),
}

# --- Figures: what is counted, in cells ----------------------------------------------------------

_figures = MetaData()
# A cell whose `sums` are all nought has been left, and stands for nothing.

figure = Table(
    "figure",
    _figures,
    Column("cell", String(32), primary_key=True),
    Column("dimension", Text, nullable=False),
    Column("key", ordered, nullable=False),
    Column("version", Text, nullable=False),
    Column("label", Text, nullable=False),
    *_told(),
    Column("addressee", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mechanism", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("cycle", Integer),
    Column("whole_position", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("assignment", Text, nullable=False),
    Column("implementation", Text, nullable=False),
    Column("reporting", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("is_duplicate", Integer, nullable=False),
    Column("assessor_kind", Text, nullable=False),
    Column("assessor", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("scheme_version", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("common", Text, nullable=False),
    Column("paragraphs", BigInteger, nullable=False),
    Column("parts", BigInteger, nullable=False),
    Column("pairs", BigInteger, nullable=False),
    Index("figure_asked", "dimension", "addressee"),
    info={"sums": ("paragraphs", "parts", "pairs")},
)

standing = Table(
    "standing",
    _figures,
    Column("cell", String(32), primary_key=True),
    Column("definition", Text, nullable=False),
    Column("configuration", Text, nullable=False),
    Column("addressee", Text, nullable=False),
    *_told(),
    Column("cases", BigInteger, nullable=False),
    Index("standing_under", "definition", "addressee"),
    info={"sums": ("cases",)},
)

# --- The register: everything that is no recommendation ------------------------------------------

_register = MetaData()


def _register_table(name: str, *more: Column[Any], is_case: bool) -> Table:
    """A case has a row for each audience, as a recommendation has; anything else has one row."""
    stream = Column("stream", String(32), nullable=False, index=True)
    return Table(
        name,
        _register,
        Column("id", Text if is_case else String(32), primary_key=True),
        *((stream, *_told()) if is_case else ()),
        Column("addressee", Text, nullable=False),
        Column("visibility", Text, nullable=False),
        Column("institution", Text, nullable=False),
        Column("status", Text, nullable=False, index=True),
        Column("sort_key", ordered, nullable=False, index=True),
        Column("log_index", BigInteger, nullable=False),
        Column("recorded_at", BigInteger, nullable=False),
        *((Column("definition", String(64), index=True),) if is_case else ()),
        *more,
        Column("state", LargeBinary, nullable=False),
    )


REGISTERED = {
    state: _register_table(kept.table, *kept.columns, is_case=BY_STATE[state].is_case)
    for state, kept in KEPT.items()
}
"""The table of each kind that the register holds."""

SEVERAL = {
    several.table: Table(
        several.table,
        _register,
        Column("owner", Text, nullable=False, index=True),
        Column(several.column, Text, nullable=False, index=True),
    )
    for kept in KEPT.values()
    for several in kept.several
}
"""Tables of values of which one has several, by their names; `owner` is its row."""

moved_competence = Table(
    "moved_competence",
    _register,
    Column("owner", String(32), nullable=False, index=True),
    Column("addressee", Text, nullable=False),
    Column("institution", Text, nullable=False, index=True),
    Column("since", ordered, nullable=False),
    Column("vocabulary", Text, nullable=False),
    Column("code", Text),
    Column("label", Text, nullable=False),
)

# --- Timers: what waits for the clock ------------------------------------------------------------

_timers = MetaData()

timer = Table(
    "timer",
    _timers,
    Column("recommendation", String(32), primary_key=True),
    Column("addressee", Text, nullable=False),
    Column("wakes_at", ordered, nullable=False, index=True),
    # The workers' own: until when a case is claimed (seconds since 1970), and how often it was.
    Column("leased_until", Float, nullable=False, info=OWN),
    Column("epoch", BigInteger, nullable=False, info=OWN),
)

# What readers are told of it: beside the timers, as each audience knows them.
waiting = Table(
    "waiting",
    _timers,
    Column("id", ordered, primary_key=True),
    Column("addressee", Text, nullable=False),
    *_told(),
    Column("wakes_at", ordered, nullable=False, index=True),
)
incident = Table(
    "incident",
    _timers,
    Column("id", ordered, primary_key=True),
    Column("addressee", Text, nullable=False),
    *_told(),
    Column("was_due_at", ordered, nullable=False, index=True),
)

# --- The agenda: what is to be done, and who was told --------------------------------------------

_agenda = MetaData()

task = Table(
    "task",
    _agenda,
    Column("id", Text, primary_key=True),
    _of_a_recommendation(),
    Column("addressee", Text, nullable=False),
    *_told(),
    Column("task", Text, nullable=False),
    Column("roles", Text, nullable=False),
    # The institution that has it; empty: whoever coordinates.
    Column("held_by", Text, nullable=False),
    Column("due", ordered, nullable=False),
    Column("is_passed", Integer, nullable=False),
    Column("escalated", Integer, nullable=False),
    Column("claimed_by", Text),
    Column("document_order", ordered, nullable=False),
    Index("task_by_due", "due", "document_order", "id"),
    Index("task_of", "held_by", "due", "document_order", "id"),
)
notice = Table(
    "notice",
    _agenda,
    Column("id", ordered, primary_key=True),
    Column("log_index", BigInteger, nullable=False),
    Column("recommendation", String(32), nullable=False),
    Column("addressee", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    # The institutions that read it besides, with a space on either side.
    Column("readers", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("deadline", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("held_by", Text, nullable=False),
)

# --- Credentials ---------------------------------------------------------------------------------

_credentials = MetaData()

credential = Table(
    "credential",
    _credentials,
    Column("id", String(32), primary_key=True),
    Column("sha256", Text, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
)


class View(NamedTuple):
    """A view: its name, its tables, and by which way they are written. Raise `way` when the same
    tables are written otherwise."""

    name: str
    way: int
    tables: MetaData
    more: Mapping[str, tuple[str, ...]] = {}

    @property
    def shape(self) -> int:
        """A number for the tables and the way they are written: a view of another shape is rebuilt
        when the server starts."""
        said = [str(self.way), str(self.more)]
        for table in self.tables.sorted_tables:
            said += (f"{table.name}.{c.name} {c.type!r} {c.nullable}" for c in table.columns)
            said += sorted(f"{i.name} {i.unique} {i.columns.keys()}" for i in table.indexes)
            said.append(str(table.primary_key.columns.keys()))
        return crc32("\n".join(said).encode()) >> 1  # as a signed column of 32 bits holds it

    @property
    def head(self) -> Table:
        """Holds one row: how many entries of the log the view holds, and which shape it has."""
        return self.tables.tables[f"{self.name}_head"]


VIEWS = {
    view.name: view
    for view in (
        View("recommendations", 10, _recommendations),
        View("search", 4, _search, _SEARCH_TEXT),
        View("figures", 5, _figures),
        View("register", 8, _register),
        View("timers", 3, _timers),
        View("agenda", 3, _agenda),
        View("credentials", 2, _credentials),
    )
}
for _view in VIEWS.values():
    Table(
        f"{_view.name}_head",
        _view.tables,
        Column("one", Integer, primary_key=True, autoincrement=False),
        Column("next", BigInteger, nullable=False),
        Column("shape", Integer, nullable=False),
    )


def make_tables(connection: Connection, view: View) -> None:
    """Makes the empty tables of a view; it holds no entry yet."""
    view.tables.create_all(connection)
    for statement in view.more.get(connection.dialect.name, ()):
        connection.execute(text(statement))
    connection.execute(
        text(f"INSERT INTO {view.name}_head VALUES (1, 0, :shape)"), {"shape": view.shape}
    )
