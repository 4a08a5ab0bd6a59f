"""Where views live: each in generations beside one another, one of them current.

A generation of a view is a file beside the log on SQLite, a schema on PostgreSQL. One pointer row a
view says which is current. A rebuild fills the next one beside it and switches the pointer; nothing
is migrated. A connection sees the current generations of all views at once, by their plain table
names: they are attached databases on SQLite, the search path on PostgreSQL.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, cached_property
from pathlib import Path
from random import Random, SystemRandom
from threading import Lock
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    QueuePool,
    Table,
    create_engine,
    event,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, SQLAlchemyError

from domain.refusals import InvalidInput, Unavailable
from projections.tables import VIEWS, View, make_tables

log_line = structlog.get_logger("suivi.views")

readers_max = 32
engines_max = 3
torn_seconds_max = 5.0
busy_timeout_seconds = 30
checkpoint_pages = 2_000
page_bytes = 4_096
journal_bytes_max = 4 * checkpoint_pages * page_bytes
"""How long the write-ahead log of a view gets before those who read are waited for."""
shortened_milliseconds_max = 1_000
shortened_seconds_apart = 10.0


class Generation:
    """Generations of some views that are read and written together."""

    def __init__(self, numbers: Mapping[str, int], engine: Engine, key: object = None) -> None:
        self.numbers = dict(numbers)
        self.engine = engine
        self.key = key
        heads = [f"(SELECT next FROM {name}_head)" for name in self.numbers]
        current = [
            f"(SELECT generation FROM view_generation WHERE name = '{name}')"
            for name in self.numbers
        ]
        self._heads = "SELECT " + ", ".join(heads)
        self._heads_and_current = "SELECT " + ", ".join([*heads, *current])

    def heads(self, connection: Connection) -> dict[str, int]:
        """How many entries of the log each of these views holds. Raises Unreadable where a view
        does not say."""
        if not self.numbers:
            return {}
        return self._said(connection.exec_driver_sql(self._heads).one())

    def current_heads(self, connection: Connection) -> dict[str, int] | None:
        """The same; None where others are current by now."""
        if not self.numbers:
            return {}
        found = connection.exec_driver_sql(self._heads_and_current).one()
        if tuple(found[len(self.numbers) :]) != (*self.numbers.values(),):
            return None
        return self._said(found)

    def _said(self, found: Iterable[int | None]) -> dict[str, int]:
        heads = dict(zip(self.numbers, found, strict=False))
        if silent := [name for name, head in heads.items() if head is None]:
            raise Unreadable(silent)
        return {name: head for name, head in heads.items() if head is not None}

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


State = TypeVar("State")
Reads = Callable[[Path], str]


class Unreadable(Unavailable):
    """Views that are damaged or gone: `names`, as far as it is known which."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self.names = sorted(names)
        if not self.names or len(self.names) == len(VIEWS):
            super().__init__("The views can't be read: `suivi rebuild` makes them anew.")
        else:
            which = " ".join(f"--view {name}" for name in self.names)
            said = ", ".join(f"“{name}”" for name in self.names)
            super().__init__(
                f"The view {said} can't be read: `suivi rebuild {which}` makes it anew."
            )


def undamaged(view: str, decode: Callable[[bytes], State]) -> Callable[[bytes], State]:
    """Decodes what a view holds. Raises Unreadable where it is not what was written."""

    def read(blob: bytes) -> State:
        try:
            return decode(blob)
        except msgspec.DecodeError as error:
            raise Unreadable([view]) from error

    return read


class Views:
    """The views of the log at `url`. With `reads`, which gives SQLite's URI for reading a file,
    nothing is made or changed, and the right to read is enough."""

    def __init__(self, url: URL, reads: Reads | None = None) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._reads = reads
        self._door = Lock()
        self._open: dict[Any, Generation] = {}
        self._lately: Generation | None = None
        self._files_of: dict[tuple[str, int], Path] = {}
        self._pointed: Engine | None = None
        self._pointer_is: Identity | None = None
        self._damaged: tuple[object, Collection[str]] | None = None
        self._torn: tuple[Mapping[str, int], float] | None = None
        self._shortened = -shortened_seconds_apart
        if reads is None and not self._is_made():
            self._make_what_is_missing()

    @property
    def _pointer(self) -> Engine:
        """Connections to the pointer; new ones where its file is another by now."""
        is_ = _identity(self._pointer_file) if self.is_sqlite else None
        with self._door:
            if self._pointed is None or is_ != self._pointer_is:
                if self._pointed is not None:
                    self._pointed.dispose()
                self._pointed, self._pointer_is = self._engine({}), is_
            return self._pointed

    @cached_property
    def _pointer_file(self) -> Path:
        log = Path(self.url.database or "")
        return log.with_name(f"{log.stem}-views.db")

    def _is_made(self) -> bool:
        """True where every view has a generation: then starting writes nothing, and waits for no
        one who does."""
        pointer = self._pointer_file
        if self.is_sqlite and _identity(pointer) is None and _beside(pointer, "-wal").exists():
            self._unlink(pointer)  # it was emptied: one that is only being made has no log yet
        try:
            with self._pointer.connect() as connection:
                return self._numbers(connection).keys() == VIEWS.keys()
        except SQLAlchemyError as error:
            if self.is_sqlite and _code(error) in _DAMAGE_SQLITE:
                self._unlink(self._pointer_file)  # it says nothing that can't be said again
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
                number = self._clear(connection, name)
                self._make({name: number})
                connection.execute(
                    text("INSERT INTO view_generation VALUES (:name, :number)"),
                    {"name": name, "number": number},
                )

    def _clear(self, connection: Connection, name: str) -> int:
        """Drops the generations of a view that no pointer knows: a start that was killed left them,
        or the pointer was lost. Returns the number of the next: a new one, or those who remember
        an old one as damaged would take it for that."""
        if self.is_sqlite:  # a file is told from another by itself
            self._drop({name: 1})
            return 1
        schemas = connection.execute(text("SELECT nspname FROM pg_namespace")).scalars()
        found = (re.fullmatch(rf"{name}_(\d+)", schema) for schema in schemas)
        left = [int(one[1]) for one in found if one]
        for number in left:
            self._drop({name: number})
        return max(left, default=0) + 1

    # -- generations

    def current(self, besides: Collection[str] = ()) -> Generation:
        """The generations that queries read and the feed fills; `besides` some. Raises Unreadable
        where one of them is gone."""
        numbers = self.numbers()
        if numbers.keys() != VIEWS.keys():
            raise Unreadable(VIEWS.keys() - numbers.keys())
        generation = self._generation({n: numbers[n] for n in numbers if n not in besides})
        if not besides:
            self._lately = generation
        return generation

    def standing(self) -> tuple[Generation, dict[str, int]]:
        """The current generations, and how many entries of the log each of them holds."""
        generation = self._known() or self.current()
        while True:
            # One statement needs no transaction, whose begin and end the server would hear, too.
            alone = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
            with generation.engine.connect().execution_options(**alone) as connection:
                heads = self._current_heads(generation, connection)
            if heads is not None:
                return generation, heads
            generation = self.current()

    def _known(self) -> Generation | None:
        """The generations that were current lately, as long as their files are the same: whether
        they still are is read with their heads."""
        lately = self._lately
        with suppress(Unreadable):
            if lately is not None and lately.key == self._key(lately.numbers):
                return lately
        return None

    def _current_heads(
        self, generation: Generation, connection: Connection
    ) -> dict[str, int] | None:
        """How many entries each view holds; None where other generations are current by now."""
        try:
            return generation.current_heads(connection)
        except SQLAlchemyError:  # those of two rebuilds ago were dropped
            if generation is self.current():
                raise
            return None

    def numbers(self) -> dict[str, int]:
        """Which generation of each view is current; none where there is no pointer. Raises
        Unreadable where the pointer is damaged."""
        if self.is_sqlite and _identity(self._pointer_file) is None:
            return {}
        try:
            with self._pointer.connect() as connection:
                return self._numbers(connection)
        except SQLAlchemyError as error:
            if _is_damage(error):
                raise Unreadable() from error
            raise

    def found_damaged(self, generation: Generation, names: Collection[str]) -> Unreadable:
        """Remembers that views can't be relied on: nobody is answered from them until others are
        current."""
        self._damaged = generation.key, names
        log_line.error("views are damaged", views=sorted(names))
        return Unreadable(names)

    def misshapen(self) -> list[str]:
        """The views that were made by a version with other tables or folds, or were dropped."""
        numbers = {name: number for name, number in self.numbers().items() if name in VIEWS}
        unreadable = (SQLAlchemyError, Unreadable)
        shapes: dict[str, int | None] = {}
        try:
            shapes = self._shapes(numbers)
        except unreadable:  # one of them is: which, each tells by itself
            for name, number in numbers.items():
                with suppress(*unreadable):
                    shapes |= self._shapes({name: number})
        return [name for name, view in VIEWS.items() if shapes.get(name) != view.shape]

    def _shapes(self, numbers: Mapping[str, int]) -> dict[str, int | None]:
        """The shapes of generations, each of whose tables can be read."""
        with self._apart(numbers) as connection:
            for name in numbers:
                for table in VIEWS[name].tables.sorted_tables:
                    connection.exec_driver_sql(_any_row(table)).all()
            return {
                name: connection.execute(text(f"SELECT shape FROM {name}_head")).scalar()
                for name in numbers
            }

    def begin_next(self, names: Iterable[str]) -> Generation:
        """Empty generations of some views, beside the current ones."""
        numbers = self.numbers()
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
        """A read transaction on the current generations, and how many entries it has seen. What
        goes wrong while it is read is a refusal: Unreadable where a rebuild mends it."""
        generation = self._known() or self._reached()
        deadline = time.monotonic() + torn_seconds_max
        while True:
            if self._damaged is not None and self._damaged[0] == generation.key:
                raise Unreadable(self._damaged[1])
            with self._connected(generation) as connection:
                reading = connection.begin()
                try:
                    heads = self._heads_of(generation, connection)
                    if heads is not None and len({*heads.values()}) == 1:
                        yield (
                            connection.execution_options(answers=generation),
                            min(heads.values()),
                        )
                        return
                finally:
                    reading.rollback()  # which works on a connection that was lost, too
            if heads is None:
                generation = self._reached()
                continue
            # On SQLite a commit reaches one file after the other: a reader who comes between looks
            # again. Where the commit failed between two files, the feed mends it once it can.
            if self._are_torn(heads) or time.monotonic() > deadline:
                raise Unavailable(
                    "The views have reached different entries of the log, and can't be brought "
                    "up to date now; try again."
                )
            time.sleep(0.001)

    def _are_torn(self, heads: Mapping[str, int]) -> bool:
        """True where the views have stood at these different heads for long."""
        now = time.monotonic()
        if self._torn is None or self._torn[0] != heads:
            self._torn = heads, now
        return now - self._torn[1] > torn_seconds_max

    def shorten(self, generation: Generation) -> None:
        """Begins anew the write-ahead logs that have grown long, as they do on SQLite where there
        is always somebody who reads. Those who read are waited for, the longer the log, the more;
        who writes waits meanwhile."""
        if not self.is_sqlite or time.monotonic() - self._shortened < shortened_seconds_apart:
            return
        long = {
            name: size
            for name, number in generation.numbers.items()
            if (size := _size(_beside(self._file(name, number), "-wal"))) > journal_bytes_max
        }
        if not long:
            return
        self._shortened = time.monotonic()
        with generation.engine.connect() as connection:
            dbapi: Any = connection.connection.dbapi_connection
            with suppress(dbapi.OperationalError):  # a store that fails tells whoever writes next
                for name, size in long.items():
                    wait = min(20 * size // journal_bytes_max, shortened_milliseconds_max)
                    dbapi.execute(f"PRAGMA busy_timeout = {wait}")
                    dbapi.execute(f"PRAGMA {name}.wal_checkpoint(RESTART)").fetchone()
            dbapi.execute(f"PRAGMA busy_timeout = {busy_timeout_seconds * 1000}")

    def _reached(self) -> Generation:
        try:
            return self.current()
        except SQLAlchemyError as error:
            raise self.refusal(error) from error

    def _connected(self, generation: Generation) -> Connection:
        try:
            connection = generation.engine.connect()
        except SQLAlchemyError as error:
            raise self.refusal(error, generation) from error
        if self.is_sqlite:
            return connection
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def _heads_of(self, generation: Generation, connection: Connection) -> dict[str, int] | None:
        try:
            return self._current_heads(generation, connection)
        except SQLAlchemyError as error:
            statement = str(getattr(error, "statement", ""))
            raise self.refusal(error, generation, statement) from error

    def _told(self, context: ExceptionContext) -> Exception | None:
        error, connection = context.sqlalchemy_exception, context.connection
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True  # or the connection stays so when rights are back
        if error is None or connection is None:
            return None
        generation = connection.get_execution_options().get("answers")
        if generation is None:
            return None
        if isinstance(error, DataError) and context.parameters:  # the store is as it should be
            return InvalidInput(
                "A value that is asked for can be in no record: it holds a null character, or is a "
                "number out of range."
            )
        return self.refusal(error, generation, context.statement or "")

    def refusal(
        self, error: Exception, generation: Generation | None = None, statement: str = ""
    ) -> Unavailable:
        """What callers are told of an error of the store, met in a generation or on the way to
        one."""
        # What the store's driver says names hosts and statements: for the log, not for callers.
        log_line.warning("the views can't be used now", why=str(getattr(error, "orig", error)))
        if not _is_damage(error):
            return Unavailable("The views can't be read or brought up to date now; try again.")
        names = self.misshapen() or _views_in(statement)
        return Unreadable(names) if generation is None else self.found_damaged(generation, names)

    def look(self) -> None:
        """Reads a little of each view past all that is kept in memory, by chance, and looks whether
        more can be written. Raises Unavailable where not: Unreadable where a rebuild mends it."""
        generation = self._reached()
        if self.is_sqlite:
            for file in self._files(generation):
                if file.exists() and not os.access(file, os.W_OK):
                    raise Unavailable(f"The views can't be written: {file.name} is read-only.")
        engine = self._engine(generation.numbers)
        try:
            with engine.connect() as fresh:
                reading = fresh.execution_options(answers=generation)
                with reading.begin():
                    for view in VIEWS.values():
                        self._sample(reading, view, SystemRandom())
        except SQLAlchemyError as error:
            raise self.refusal(error, generation) from error
        finally:
            engine.dispose()

    def _sample(self, connection: Connection, view: View, random: Random) -> None:
        for table in view.tables.sorted_tables:
            connection.exec_driver_sql(_any_row(table)).all()
        if not self.is_sqlite:
            # Locking a row is written, and refused wherever writing is; nobody waits for it.
            connection.execute(select(view.head).with_for_update(skip_locked=True)).all()
            return
        with_rowids = text(
            f"SELECT name FROM {view.name}.sqlite_master WHERE type = 'table'"
            " AND sql NOT LIKE '%WITHOUT ROWID%' AND sql NOT LIKE '%VIRTUAL%'"
        )
        for (table,) in connection.execute(with_rowids).all():
            some = text(
                f"SELECT * FROM {view.name}.{table} WHERE rowid >="
                f" :random % max(1, (SELECT max(rowid) FROM {view.name}.{table})) LIMIT 1"
            )
            connection.execute(some, {"random": random.randrange(1 << 62)}).all()

    def _files(self, generation: Generation) -> Iterator[Path]:
        places = (self._file(name, number) for name, number in generation.numbers.items())
        for file in (self._pointer_file, *places):
            for suffix in ("", "-wal", "-shm"):
                yield _beside(file, suffix)

    def close(self) -> None:
        """Closes all connections."""
        for generation in self._open.values():
            generation.engine.dispose()
        if self._pointed is not None:
            self._pointed.dispose()

    # -- the two stores

    @staticmethod
    def _numbers(connection: Connection) -> dict[str, int]:
        query = text("SELECT name, generation FROM view_generation")
        known: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
        return {name: known[name] for name in VIEWS if name in known}

    def _generation(self, numbers: dict[str, int]) -> Generation:
        key = self._key(numbers)
        with self._door:
            if key not in self._open:
                while len(self._open) >= engines_max:  # readers of the one before may go on
                    self._open.pop(next(iter(self._open))).engine.dispose()
                self._open[key] = Generation(numbers, self._engine(numbers), key)
            return self._open[key]

    def _key(self, numbers: Mapping[str, int]) -> Any:
        """What tells generations from any others: their numbers and, where a file may be put in the
        place of another, their files. Raises Unreadable where a file is gone."""
        if not self.is_sqlite:
            return tuple(numbers.items())
        files = {name: _identity(self._file(name, number)) for name, number in numbers.items()}
        if gone := [name for name, file in files.items() if file is None]:
            raise Unreadable(gone)
        return _identity(self._pointer_file), tuple(numbers.items()), tuple(files.values())

    def alone(self, name: str, number: int) -> AbstractContextManager[Connection]:
        """A connection to one generation of one view. Raises Unreadable where it is gone."""
        return self._apart({name: number})

    @contextmanager
    def _apart(self, numbers: Mapping[str, int]) -> Iterator[Connection]:
        self._key(numbers)
        engine = self._engine(numbers, with_pointer=False)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def _file(self, name: str, number: int) -> Path:
        file = self._files_of.get((name, number))
        if file is None:
            path = Path(self.url.database or "")
            file = path.with_name(f"{path.stem}-{name}-{number}.db")
            self._files_of[name, number] = file
        return file

    def _engine(self, numbers: Mapping[str, int], *, with_pointer: bool = True) -> Engine:
        """Connections to some generations, and on SQLite, where a transaction locks all the files
        it sees, to the pointer only where it is needed."""
        if self.is_sqlite:
            files = {name: self._file(name, number) for name, number in numbers.items()}
            main = self._pointer_file if with_pointer else ":memory:"
            engine = sqlite_engine(main, files, self._reads)
        else:
            path = ",".join([*(f"{name}_{number}" for name, number in numbers.items()), "public"])
            options = f"-csearch_path={path} -csynchronous_commit=off"
            if self._reads is not None:
                options += " -cdefault_transaction_read_only=on"
            engine = create_engine(
                self.url,
                connect_args={"options": options},
                pool_size=4,
                max_overflow=readers_max - 4,
            )
        event.listen(engine, "handle_error", self._told, retval=True)
        return engine

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
                self._unlink(self._file(name, number))
            else:
                with self._pointer.begin() as connection:
                    connection.execute(text(f"DROP SCHEMA IF EXISTS {name}_{number} CASCADE"))

    @staticmethod
    def _unlink(file: Path) -> None:
        for suffix in ("", "-wal", "-shm"):
            _beside(file, suffix).unlink(missing_ok=True)


def _beside(file: Path, suffix: str) -> Path:
    return Path(f"{file}{suffix}")


Identity = tuple[int, int]


def _identity(file: Path) -> Identity | None:
    """Which file this is, None where there is none or nothing in it."""
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


_DAMAGE_SQLITE = (11, 26)
"""SQLITE_CORRUPT, SQLITE_NOTADB."""
_NO_CODE_SQLITE = ("no such ", "Could not decode ")
"""How errors begin that have no code of their own: a table, or a column, that is not there, and a
text that is none."""
READ_ONLY = "25006"
_DAMAGE_POSTGRESQL = ("42P01", "42703", "3F000", "58P01", "XX001", "XX002")
"""A table, a column, a schema or a file that is not there; a page or an index that is damaged."""


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _code(error: Exception) -> int | None:
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _is_damage(error: Exception) -> bool:
    """True for what mends by making views anew; False for what passes, as a disk that is full."""
    orig = getattr(error, "orig", None)
    if orig is not None and hasattr(orig, "sqlstate"):
        return orig.sqlstate in _DAMAGE_POSTGRESQL
    return _code(error) in _DAMAGE_SQLITE or str(orig).startswith(_NO_CODE_SQLITE)


def _views_in(statement: str) -> list[str]:
    """The views whose tables a statement names."""
    words = {*re.findall(r"\w+", statement)}
    return [name for name, view in VIEWS.items() if words & view.tables.tables.keys()]


@cache
def _any_row(table: Table) -> str:
    """The query for one row of a table in words that both stores read. What an engine would make
    of the same `select` it forgets with the engine."""
    return str(select(table).limit(1).compile(compile_kwargs={"literal_binds": True}))


def sqlite_engine(
    main: Path | str, attached: Mapping[str, Path], reads: Reads | None = None
) -> Engine:
    """Connections to a SQLite file that see the tables of others beside it; by what `reads` gives
    for a file, where they are only to read."""

    def where(file: Path | str) -> str:
        return reads(file) if reads is not None and isinstance(file, Path) else str(file)

    engine = create_engine(
        "sqlite://",
        poolclass=QueuePool,
        connect_args={
            "uri": reads is not None,
            "timeout": busy_timeout_seconds,
            "check_same_thread": False,
            "isolation_level": None,
        },
        pool_size=4,
        max_overflow=readers_max - 4,
    )

    def choose(dialect: object, record: object, args: list[Any], named: object) -> None:
        args[:] = [where(main)]  # anew: how a file is read depends on who writes it now

    def prepare(dbapi: Any, record: object) -> None:
        for name, file in attached.items():
            dbapi.execute(f"ATTACH ? AS {name}", (where(file),))
        if reads is not None:
            return
        for name in ("main", *attached):
            _write_ahead(dbapi, name)
            dbapi.execute(f"PRAGMA {name}.synchronous = NORMAL")
            dbapi.execute(f"PRAGMA {name}.journal_size_limit = {checkpoint_pages * page_bytes}")
        # Views may be lost and made again: their pages go to the disk less often than a log's.
        dbapi.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")

    event.listen(engine, "do_connect", choose)
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
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        dbapi: Any = connection.connection.dbapi_connection
        dbapi.execute("BEGIN")
