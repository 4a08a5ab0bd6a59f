"""The tests' own PostgreSQL is what the other tests, the benchmarks and chaos take it for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from projections.feed import Feed
from projections.views import Views
from tests import postgres, stores
from tests.given import received
from workflows.desk import Command, Desk
from workflows.log import Log


def connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def all_that_is_in(connection: psycopg.Connection) -> list[str]:
    """Rows, columns, and what else is made in a database; all as text."""
    made = [said for (said,) in connection.execute(ALL_THAT_IS_MADE)]
    for table in [said.split()[1] for said in made if said.startswith("table ")]:
        made += [
            f"{table}: {said}" for (said,) in connection.execute(f"SELECT t::text FROM {table} t")
        ]
    return sorted(made)


def test_two_databases_do_not_see_each_other(postgres_server):
    with postgres_server.database() as one, postgres_server.database() as other:
        assert one != other
        with connected(one) as here, connected(other) as there:
            here.execute("CREATE TABLE log (id int)")
            assert there.execute("SELECT to_regclass('log')").fetchone() == (None,)


def test_a_database_given_again_is_empty_and_has_another_name(postgres_server):
    with postgres_server.database() as first, connected(first) as connection:
        connection.execute("CREATE TABLE log (id int)")
        connection.execute("CREATE SCHEMA views_1")
        connection.execute("CREATE TYPE views_1.state AS ENUM ('open')")
        connection.execute("CREATE FUNCTION greet() RETURNS text RETURN 'hello'")
        oid = connection.execute(OID).fetchone()
    with postgres_server.database() as second, connected(second) as connection:
        assert connection.execute(OID).fetchone() == oid, "the same database, used again"
        assert second != first
        assert connection.execute(WHAT_SOMEBODY_MADE).fetchall() == [("public",)]


def test_a_client_that_stayed_is_sent_away_and_finds_no_database(postgres_server):
    with postgres_server.database() as url:
        stayed = connected(url)
    with pytest.raises(psycopg.OperationalError):
        stayed.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connected(url)


def test_what_cannot_be_emptied_is_not_given_again(postgres_server):
    with postgres_server.database() as url, connected(url) as connection:
        connection.execute("SELECT lo_create(0)")
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET work_mem = '1MB'")
        oid = connection.execute(OID).fetchone()
    with postgres_server.database() as url, connected(url) as connection:
        assert connection.execute(OID).fetchone() != oid


def test_a_store_given_again_is_as_it_was_made_and_has_another_name(postgres_server):
    with postgres_server.store(stores.make) as first, connected(first) as connection:
        oid = connection.execute(OID).fetchone()
        made = all_that_is_in(connection)
        log = Log(first)
        Desk(log).append(Command.of_the_machine("it"), [received(wordings=("Secret",))])
        views = Views(log.url)
        Feed(log, views).advance()
        views.close()
        log.close()
        assert all_that_is_in(connection) != made
    with postgres_server.store(stores.make) as second, connected(second) as connection:
        assert connection.execute(OID).fetchone() == oid, "the same database, used again"
        assert second != first
        assert all_that_is_in(connection) == made


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (id int)",
        "CREATE FUNCTION greet() RETURNS text RETURN 'hello'",
        "DROP TABLE search_1.search_head",
        "ALTER TABLE log_head RENAME TO lost",
        "ALTER TABLE log_head ADD COLUMN more int",
        "ALTER TABLE log_head DROP COLUMN at",
        "ALTER TABLE log_head ADD CHECK (next < 5)",
        "DROP SCHEMA search_1 CASCADE",
        "CREATE SCHEMA search_2",
        "CREATE INDEX more ON log_head (next)",
        "SELECT lo_create(0)",
    ],
)
def test_a_store_that_is_made_of_something_else_is_not_given_again(postgres_server, change):
    with postgres_server.store(stores.make) as url, connected(url) as connection:
        made = all_that_is_in(connection)
        connection.execute(change)
        assert all_that_is_in(connection) != made
    with postgres_server.store(stores.make) as url, connected(url) as connection:
        assert all_that_is_in(connection) == made


def test_a_commit_is_on_the_disk_before_it_is_reported(postgres_url):
    with connected(postgres_url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",), setting


def test_there_is_room_for_64_writers_with_two_connections_each(postgres_url):
    with connected(postgres_url) as connection:
        assert int(connection.execute("SHOW max_connections").fetchone()[0]) >= 150


def test_text_is_unicode_and_ordered_by_code_point_on_every_machine(postgres_url):
    with connected(postgres_url) as connection:
        words = ["été", "zoo", "人权", "Zoo", "انسان"]
        rows = connection.execute(ORDERED, (words,))
        assert [word for (word,) in rows] == ["Zoo", "zoo", "été", "انسان", "人权"]
        assert connection.execute("SELECT lower('ÉTÉ')").fetchone() == ("été",)


@pytest.mark.slow
def test_what_was_committed_survives_a_crash():
    with postgres.running() as server, server.database() as url:
        with connected(url) as connection:
            connection.execute("CREATE TABLE log (id int)")
            connection.execute("INSERT INTO log VALUES (1)")
            connection.execute("BEGIN")
            connection.execute("INSERT INTO log VALUES (2)")
            server.crash()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("COMMIT")
        with connected(url) as connection:
            assert connection.execute("SELECT id FROM log").fetchall() == [(1,)]


def test_nothing_is_left_behind_when_the_tests_are_killed():
    tests = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    with tests:
        folder, pid = Path(tests.stdout.readline().strip()), int(tests.stdout.readline())
        assert folder.is_dir()
        tests.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while (folder.exists() or alive(pid)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not folder.exists()
    assert not alive(pid)


def test_where_it_cannot_start_the_reason_is_told(tmp_path):
    with pytest.raises(postgres.CannotStart, match="no_such_setting"):  # noqa: SIM117
        with postgres.running(no_such_setting="1"):
            pass


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


ORDERED = "SELECT word FROM unnest(%s::text[]) AS word ORDER BY word"

OID = "SELECT oid FROM pg_database WHERE datname = current_database()"

ALL_THAT_IS_MADE = """
SELECT 'table ' || c.oid::regclass FROM pg_class c WHERE relkind = 'r' AND oid >= 16384
UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relkind = 'r' AND attrelid >= 16384 AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname !~ '^pg_'
UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE oid >= 16384
UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE oid >= 16384
UNION ALL SELECT 'sequence ' || sequencename || coalesce(last_value, 0) FROM pg_sequences
UNION ALL SELECT 'large object ' || oid FROM pg_largeobject_metadata
"""

WHAT_SOMEBODY_MADE = """
SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT relname FROM pg_class WHERE oid >= 16384
UNION ALL SELECT proname FROM pg_proc WHERE oid >= 16384
UNION ALL SELECT typname FROM pg_type WHERE oid >= 16384
"""

START_AND_WAIT = """
import time
from tests import postgres

with postgres.running() as server:
    print(server.folder)
    print((server.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
    time.sleep(600)
"""
