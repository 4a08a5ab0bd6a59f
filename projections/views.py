"""Where views live: generations beside one another, one of them current.

On SQLite a generation is a file beside the log, on PostgreSQL a schema of its own. One pointer row
says which is current. A rebuild fills the next one and switches the pointer; nothing is migrated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import URL

SHAPE = 1
"""Which shape the tables below have. Raise it when they, or a fold, change: views of another
shape are rebuilt when the server starts."""

readers_max = 32

ordered = Text().with_variant(Text(collation="C"), "postgresql")
tables = MetaData()

head = Table(
    "view_head",
    tables,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
    Column("shape", Integer, nullable=False),
)
recommendation = Table(
    "recommendation",
    tables,
    Column("id", String(32), primary_key=True),
    Column("addressee", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("institution", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mechanism", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("cycle", Integer),
    Column("symbol", Text),
    Column("position", Text, nullable=False, index=True),
    Column("stage", Text, nullable=False, index=True),
    Column("is_open", Integer, nullable=False),
    Column("duplicate_of", String(32)),
    Column("document_order", ordered, nullable=False, index=True),
    Column("received_order", ordered, nullable=False, index=True),
    Column("log_index", BigInteger, nullable=False, index=True),
    Column("recorded_at", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    # Counting what a reader may see reads this index alone, not the states.
    Index("recommendation_readers", "visibility", "institution", "addressee"),
)
alias = Table(
    "alias",
    tables,
    Column("recommendation", String(32), nullable=False, index=True),
    Column("scheme", Text, nullable=False),
    Column("value", Text, nullable=False, index=True),
    Column("paragraph", Text, nullable=False),
    # Numbers change hands: whoever bears one now comes before whoever bore it.
    Column("is_current", Integer, nullable=False),
)
assignment = Table(
    "assignment",
    tables,
    Column("recommendation", String(32), nullable=False, index=True),
    Column("institution", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("assigned_by", Text, nullable=False),
)
term = Table(
    "term",
    tables,
    Column("recommendation", String(32), nullable=False, index=True),
    Column("vocabulary", Text, nullable=False),
    Column("code", Text),
    Column("label", Text, nullable=False, index=True),
)
recommender = Table(
    "recommender",
    tables,
    Column("recommendation", String(32), nullable=False, index=True),
    Column("code", Text, index=True),
    Column("printed", Text, nullable=False),
)
link = Table(
    "link",
    tables,
    Column("recommendation", String(32), nullable=False, index=True),
    Column("earlier", String(32), nullable=False, index=True),
    Column("number", Integer, nullable=False),
)
credential = Table(
    "credential",
    tables,
    Column("id", String(32), primary_key=True),
    Column("sha256", Text, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
)

SIDES = (alias, assignment, term, recommender, link)
"""Tables whose rows belong to a recommendation and are replaced together."""


class Generation:
    """One set of view tables."""

    def __init__(self, number: int, engine: Engine) -> None:
        self.number = number
        self.engine = engine

    def next(self, connection: Connection) -> int:
        """How many entries of the log these views hold."""
        return int(connection.execute(text("SELECT next FROM view_head")).scalar_one())


class Views:
    """The generations belonging to the log at `url`."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._door = Lock()
        self._open: dict[int, Generation] = {}
        self._pointer = self._engine(None)
        with self._pointer.execution_options(writes=True).begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(23575)"))
            connection.execute(
                text(
                    "CREATE TABLE IF NOT EXISTS view_pointer"
                    " (one INTEGER PRIMARY KEY, generation INTEGER NOT NULL)"
                )
            )
            if connection.execute(text("SELECT count(*) FROM view_pointer")).scalar_one() == 0:
                self._drop(1)  # left by a start that was killed
                self._make(1)
                connection.execute(text("INSERT INTO view_pointer VALUES (1, 1)"))

    # -- generations

    def current(self) -> Generation:
        """The generation that queries read and the feed fills."""
        with self._pointer.connect() as connection:
            number = connection.execute(text("SELECT generation FROM view_pointer")).scalar_one()
        return self._generation(number)

    def is_of_this_shape(self) -> bool:
        """False when the current views were made by a version with other tables or folds."""
        with self.current().engine.connect() as connection:
            shape = connection.execute(text("SELECT shape FROM view_head")).scalar_one()
        return bool(shape == SHAPE)

    def begin_next(self) -> Generation:
        """An empty generation beside the current one."""
        number = self.current().number + 1
        self._drop(number)
        self._make(number)
        return self._generation(number)

    def switch(self, to: Generation) -> None:
        """Makes a generation current, in one step, and drops all but it and the one before."""
        with self._pointer.begin() as connection:
            connection.execute(
                text("UPDATE view_pointer SET generation = :number"), {"number": to.number}
            )
        self._drop(to.number - 2)

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Connection, int]]:
        """A read transaction on the current generation, and how many entries it has seen."""
        generation = self.current()
        with generation.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield connection, generation.next(connection)

    def close(self) -> None:
        """Closes all connections."""
        for generation in self._open.values():
            generation.engine.dispose()
        self._pointer.dispose()

    # -- the two stores

    def _generation(self, number: int) -> Generation:
        with self._door:
            if number not in self._open:
                self._open[number] = Generation(number, self._engine(number))
            return self._open[number]

    def _file(self, number: int | None) -> Path:
        path = Path(self.url.database or "")
        name = f"{path.stem}-views.db" if number is None else f"{path.stem}-views-{number}.db"
        return path.with_name(name)

    def _engine(self, number: int | None) -> Engine:
        if not self.is_sqlite:
            args = {} if number is None else {"options": f"-csearch_path=views_{number}"}
            return create_engine(
                self.url, connect_args=args, pool_size=4, max_overflow=readers_max - 4
            )
        engine = create_engine(
            self.url.set(database=str(self._file(number)), query={}),
            connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None},
            pool_size=4,
            max_overflow=readers_max - 4,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _make(self, number: int) -> None:
        engine = self._engine(number)
        with engine.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS views_{number}"))
            tables.create_all(connection)
            connection.execute(head.insert().values(one=1, next=0, shape=SHAPE))
        engine.dispose()

    def _drop(self, number: int) -> None:
        if number < 1:
            return
        with self._door:
            old = self._open.pop(number, None)
        if old is not None:
            old.engine.dispose()
        if self.is_sqlite:
            for suffix in ("", "-wal", "-shm"):
                file = self._file(number)
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            return
        with self._pointer.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS views_{number} CASCADE"))


def _prepare_sqlite(dbapi: Any, record: object) -> None:
    dbapi.execute("PRAGMA journal_mode = WAL")
    dbapi.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
