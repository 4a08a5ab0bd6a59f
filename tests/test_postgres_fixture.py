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

from tests import postgres


def connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


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
