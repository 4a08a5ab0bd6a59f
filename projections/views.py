"""Where views live: each in generations beside one another, one of them current.

A generation of a view is a file beside the log on SQLite, a schema on PostgreSQL. One pointer row a
view says which is current. A rebuild fills the next one beside it and switches the pointer; nothing
is migrated. A connection sees the current generations of all views at once, by their plain table
names: they are attached databases on SQLite, the search path on PostgreSQL.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    QueuePool,
    String,
    Table,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

readers_max = 32
engines_max = 3
torn_seconds_max = 5.0
busy_timeout_seconds = 30
checkpoint_pages = 10_000

ordered = Text().with_variant(Text(collation="C"), "postgresql")


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
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("recommendation", Text, nullable=False, unique=True),
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
)

# --- The register: everything that is no recommendation ------------------------------------------

_register = MetaData()


def _register_table(name: str, *more: Column[Any]) -> Table:
    return Table(
        name,
        _register,
        Column("id", String(32), primary_key=True),
        Column("addressee", Text, nullable=False),
        Column("visibility", Text, nullable=False),
        Column("institution", Text, nullable=False),
        Column("status", Text, nullable=False, index=True),
        Column("sort_key", ordered, nullable=False, index=True),
        Column("log_index", BigInteger, nullable=False),
        Column("recorded_at", BigInteger, nullable=False),
        *more,
        Column("state", LargeBinary, nullable=False),
    )


review = _register_table(
    "review",
    Column("mechanism", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("cycle", Integer),
)
institution = _register_table("institution", Column("code", Text, nullable=False, index=True))
progress_report = _register_table("progress_report")
stored_file = _register_table("stored_file")
import_run = _register_table("import_run", Column("format", Text, nullable=False))
matched = _register_table(
    "matched",
    Column("scheme", Text, nullable=False),
    Column("run", String(32), index=True),
)
vocabulary = _register_table("vocabulary")
published_definition = _register_table(
    "published_definition", Column("sha256", String(64), nullable=False, index=True)
)
adoptions = _register_table("adoptions")
calendar = _register_table("calendar")
absences = _register_table("absences")
person = _register_table("person")
erasure = _register_table(
    "erasure", Column("erased_stream", String(32), nullable=False, index=True)
)
report_cover = Table(
    "report_cover",
    _register,
    Column("owner", String(32), nullable=False, index=True),
    Column("recommendation", String(32), nullable=False, index=True),
)
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
    Column("leased_until", Float, nullable=False),
    Column("epoch", BigInteger, nullable=False),
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
    """A view: its name, its tables, and which shape they have. Raise `shape` when the tables, or
    what is written into them, change: a view of another shape is rebuilt when the server starts."""

    name: str
    shape: int
    tables: MetaData
    more: Mapping[str, tuple[str, ...]] = {}


VIEWS = {
    view.name: view
    for view in (
        View("recommendations", 9, _recommendations),
        View("search", 3, _search, _SEARCH_TEXT),
        View("figures", 5, _figures),
        View("register", 7, _register),
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


class Generation:
    """Generations of some views that are read and written together."""

    def __init__(self, numbers: Mapping[str, int], engine: Engine) -> None:
        self.numbers = dict(numbers)
        self.engine = engine

    def heads(self, connection: Connection, besides: Collection[str] = ()) -> dict[str, int]:
        """How many entries of the log each of these views holds; `besides` some."""
        names = [name for name in self.numbers if name not in besides]
        if not names:
            return {}
        query = "SELECT " + ", ".join(f"(SELECT next FROM {name}_head)" for name in names)
        return dict(zip(names, connection.execute(text(query)).one(), strict=True))

    def next(self, connection: Connection) -> int:
        """How many entries of the log all of these views hold."""
        return min(self.heads(connection).values())

    def move(self, connection: Connection, names: Iterable[str], to: int) -> None:
        """Says that some views hold the log's entries before `to`."""
        moves = [f"UPDATE {name}_head SET next = {to:d}" for name in names]
        if connection.dialect.name != "sqlite":
            moves = ["; ".join(moves)]  # all in one message
        for statement in filter(None, moves):
            connection.exec_driver_sql(statement)


class Views:
    """The views of the log at `url`."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._door = Lock()
        self._open: dict[tuple[int, ...], Generation] = {}
        self._pointer = self._engine({})
        if not self._is_made():
            self._make_what_is_missing()

    def _is_made(self) -> bool:
        """True where every view has a generation: then starting writes nothing, and waits for no
        one who does."""
        try:
            with self._pointer.connect() as connection:
                return self._numbers(connection).keys() == VIEWS.keys()
        except SQLAlchemyError:
            return False

    def _make_what_is_missing(self) -> None:
        with self._pointer.execution_options(writes=True).begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(23575)"))
            connection.execute(
                text(
                    "CREATE TABLE IF NOT EXISTS view_generation"
                    " (name TEXT PRIMARY KEY, generation INTEGER NOT NULL)"
                )
            )
            known = self._numbers(connection)
            for name in VIEWS.keys() - known.keys():
                self._drop({name: 1})  # left by a start that was killed
                self._make({name: 1})
                connection.execute(
                    text("INSERT INTO view_generation VALUES (:name, 1)"), {"name": name}
                )

    # -- generations

    def current(self) -> Generation:
        """The generations that queries read and the feed fills."""
        with self._pointer.connect() as connection:
            return self._generation(self._numbers(connection))

    def is_current(self, connection: Connection, generation: Generation) -> bool:
        """False when somebody has switched to another generation since."""
        return self._numbers(connection) == generation.numbers

    def misshapen(self) -> list[str]:
        """The views that were made by a version with other tables or folds, or were dropped."""
        found: list[str] = []
        with self._pointer.connect() as connection:
            numbers = self._numbers(connection)
        for name, view in VIEWS.items():
            try:
                with self._alone({name: numbers[name]}) as connection:
                    shape = connection.execute(text(f"SELECT shape FROM {name}_head")).scalar_one()
            except SQLAlchemyError:
                shape = None
            if shape != view.shape:
                found.append(name)
        return found

    def begin_next(self, names: Iterable[str]) -> Generation:
        """Empty generations of some views, beside the current ones."""
        with self._pointer.connect() as connection:
            numbers = self._numbers(connection)
        beside = {name: numbers[name] + 1 for name in names}
        self._drop(beside)
        self._make(beside)
        return Generation(beside, self._engine(beside, with_pointer=False))

    def switch(self, connection: Connection, to: Generation) -> None:
        """Makes generations current, in the transaction of `connection`."""
        for name, number in to.numbers.items():
            connection.execute(
                text("UPDATE view_generation SET generation = :number WHERE name = :name"),
                {"number": number, "name": name},
            )

    def forget(self, to: Generation) -> None:
        """Drops what was there before the generation before `to`: nobody reads it any more."""
        self._drop({name: number - 2 for name, number in to.numbers.items() if number > 2})

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Connection, int]]:
        """A read transaction on the current generations, and how many entries it has seen."""
        generation = self.current()
        deadline = time.monotonic() + torn_seconds_max
        while True:
            with generation.engine.connect() as connection:
                if not self.is_sqlite:
                    connection = connection.execution_options(
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
                with connection.begin():
                    heads = set(generation.heads(connection).values())
                    # On SQLite a commit reaches one file after the other: a reader who comes
                    # between looks again.
                    if len(heads) == 1 or time.monotonic() > deadline:
                        yield connection, min(heads)
                        return
            time.sleep(0.001)

    def close(self) -> None:
        """Closes all connections."""
        for generation in self._open.values():
            generation.engine.dispose()
        self._pointer.dispose()

    # -- the two stores

    @staticmethod
    def _numbers(connection: Connection) -> dict[str, int]:
        query = text("SELECT name, generation FROM view_generation")
        known: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
        return {name: known[name] for name in VIEWS if name in known}

    def _generation(self, numbers: dict[str, int]) -> Generation:
        key = tuple(numbers.values())
        with self._door:
            if key not in self._open:
                while len(self._open) >= engines_max:  # readers of the one before may go on
                    self._open.pop(next(iter(self._open))).engine.dispose()
                self._open[key] = Generation(numbers, self._engine(numbers))
            return self._open[key]

    @contextmanager
    def _alone(self, numbers: Mapping[str, int]) -> Iterator[Connection]:
        engine = self._engine(numbers, with_pointer=False)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def _file(self, name: str, number: int) -> Path:
        path = Path(self.url.database or "")
        return path.with_name(f"{path.stem}-{name}-{number}.db")

    def _engine(self, numbers: Mapping[str, int], *, with_pointer: bool = True) -> Engine:
        """Connections to some generations, and on SQLite, where a transaction locks all the files
        it sees, to the pointer only where it is needed."""
        if not self.is_sqlite:
            path = ",".join([*(f"{name}_{number}" for name, number in numbers.items()), "public"])
            return create_engine(
                self.url,
                connect_args={"options": f"-csearch_path={path} -csynchronous_commit=off"},
                pool_size=4,
                max_overflow=readers_max - 4,
            )
        log = Path(self.url.database or "")
        files = {name: self._file(name, number) for name, number in numbers.items()}
        main = log.with_name(f"{log.stem}-views.db") if with_pointer else ":memory:"
        return sqlite_engine(main, files)

    def _make(self, numbers: Mapping[str, int]) -> None:
        for name, number in numbers.items():
            if self.is_sqlite:
                engine = sqlite_engine(self._file(name, number), {})
            else:
                with self._pointer.begin() as connection:
                    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {name}_{number}"))
                engine = self._engine({name: number})
            with engine.begin() as connection:
                make_tables(connection, VIEWS[name])
            engine.dispose()

    def _drop(self, numbers: Mapping[str, int]) -> None:
        for name, number in numbers.items():
            if self.is_sqlite:
                file = self._file(name, number)
                for suffix in ("", "-wal", "-shm"):
                    file.with_name(file.name + suffix).unlink(missing_ok=True)
            else:
                with self._pointer.begin() as connection:
                    connection.execute(text(f"DROP SCHEMA IF EXISTS {name}_{number} CASCADE"))


def make_tables(connection: Connection, view: View) -> None:
    """Makes the empty tables of a view; it holds no entry yet."""
    view.tables.create_all(connection)
    for statement in view.more.get(connection.dialect.name, ()):
        connection.execute(text(statement))
    connection.execute(
        text(f"INSERT INTO {view.name}_head VALUES (1, 0, :shape)"), {"shape": view.shape}
    )


def sqlite_engine(main: Path | str, attached: Mapping[str, Path]) -> Engine:
    """Connections to a SQLite file that see the tables of others beside it."""
    engine = create_engine(
        URL.create("sqlite", database=str(main)),
        poolclass=QueuePool,
        connect_args={
            "timeout": busy_timeout_seconds,
            "check_same_thread": False,
            "isolation_level": None,
        },
        pool_size=4,
        max_overflow=readers_max - 4,
    )

    def prepare(dbapi: Any, record: object) -> None:
        _write_ahead(dbapi, "main")
        dbapi.execute("PRAGMA synchronous = NORMAL")
        for name, file in attached.items():
            dbapi.execute(f"ATTACH ? AS {name}", (str(file),))
            _write_ahead(dbapi, name)
            dbapi.execute(f"PRAGMA {name}.synchronous = NORMAL")
        # Views may be lost and made again: their pages go to the disk less often than a log's.
        dbapi.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin_sqlite)
    return engine


def _write_ahead(dbapi: Any, name: str) -> None:
    """Sets write-ahead logging. SQLite itself does not wait for the process that sets it for a new
    file at the same time."""
    until = time.monotonic() + busy_timeout_seconds
    while True:
        try:
            dbapi.execute(f"PRAGMA {name}.journal_mode = WAL")
            return
        except dbapi.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.005)


def begin_sqlite(connection: Connection) -> None:
    """Begins a transaction; one that writes takes its locks at once."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
