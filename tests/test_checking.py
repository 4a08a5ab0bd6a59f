"""`suivi check` looks at every column of every view, needs the right to read alone, and changes
nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import Connection, inspect, text

from api.checking import check_all, opened
from api.settings import Settings
from domain.entry import Visibility
from projections import tables
from projections.refilled import Refilled
from tests import postgres
from tests.given import any_history, received
from tests.server import SUIVI, running
from tests.test_command_line import ROOT, Shell, damaged, database, imported, without_views
from tests.test_views import Fresh, Place, on_postgresql, on_sqlite
from workflows.keys import create_key, revoke_key

pytestmark = pytest.mark.slow

__all__ = ["on_postgresql", "on_sqlite"]

# --- Every column --------------------------------------------------------------------------------

KEYS = ("number", "recommendation", "owner")
"""Columns that say whose a row is: another value is a row too few and one too many."""
OF_WORKERS = {("timer", "leased_until"), ("timer", "epoch")}
KEPT_BY_THE_INDEX = ("search_text",)
"""What an index of words is made of, in tables of SQLite's own."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[Place, Refilled]]:
    """A record that has lived, and its views filled once more."""
    fresh: Fresh = request.getfixturevalue(f"on_{request.param}")
    with fresh() as there:
        for entries in any_history(Random(11), 25, 350):
            there.record(*entries)
        there.feed.advance()
        size = there.log.size
        with Refilled(dict.fromkeys(tables.VIEWS, size)) as refilled:
            for stream in there.log.read_streams(size - 1):
                refilled.add(stream)
            yield there, refilled


@contextmanager
def undone(there: Place, view: str) -> Iterator[Connection]:
    """A connection to a view; what is done on it is undone."""
    with (
        there.views.alone(view, there.views.numbers()[view]) as connection,
        connection.begin() as doing,
    ):
        yield connection
        doing.rollback()


def tables_of(connection: Connection, view: str, number: int) -> dict[str, list[dict[str, Any]]]:
    """The tables that the store itself knows of a view, and their columns."""
    schema = view if connection.dialect.name == "sqlite" else f"{view}_{number}"
    found = inspect(connection)
    return {
        name: [dict(column) for column in found.get_columns(name, schema)]
        for name in found.get_table_names(schema)
        if not name.startswith(KEPT_BY_THE_INDEX)
    }


def otherwise(connection: Connection, column: dict[str, Any]) -> str:
    """SQL for another value than a column has."""
    name, kind = column["name"], str(column["type"]).upper()
    on_sqlite = connection.dialect.name == "sqlite"
    if "CHAR" in kind or "TEXT" in kind:
        return f"coalesce({name}, '') || 'x'" if on_sqlite else f"md5(coalesce({name}, ''))"
    if kind in ("BLOB", "BYTEA"):
        return f"CAST({name} || 'x' AS BLOB)" if on_sqlite else f"{name} || '\\x00'::bytea"
    return f"coalesce({name}, 0) + 77777"


def one_row(connection: Connection) -> str:
    return "rowid" if connection.dialect.name == "sqlite" else "ctid"


@pytest.mark.parametrize("view", tables.VIEWS)
def test_a_view_as_it_was_fed_has_no_fault(filled: tuple[Place, Refilled], view: str) -> None:
    there, refilled = filled
    with undone(there, view) as connection:
        assert list(refilled.differences(view, connection)) == []


@pytest.mark.parametrize("view", tables.VIEWS)
def test_another_value_in_any_column_of_any_table_is_found(
    filled: tuple[Place, Refilled], view: str
) -> None:
    there, refilled = filled
    damaged_columns = 0
    with undone(there, view) as connection:
        row = one_row(connection)
        for table, columns in tables_of(connection, view, there.views.numbers()[view]).items():
            for column in columns:
                if (table, column["name"]) in OF_WORKERS:
                    continue
                before = connection.begin_nested()
                count = connection.execute(
                    text(
                        f"UPDATE {table} SET {column['name']} = {otherwise(connection, column)}"
                        f" WHERE {row} = (SELECT {row} FROM {table} LIMIT 1)"
                    )
                ).rowcount
                found = list(refilled.differences(view, connection))
                before.rollback()
                assert bool(found) == bool(count), (table, column["name"], found)
                damaged_columns += count
                if column["name"] not in (*KEYS, columns[0]["name"]) and count:
                    assert any(column["name"] in what for _, _, what in found), (column, found)
    assert damaged_columns > 2


@pytest.mark.parametrize("view", tables.VIEWS)
def test_a_row_too_few_or_too_many_is_found_in_any_table(
    filled: tuple[Place, Refilled], view: str
) -> None:
    there, refilled = filled
    with undone(there, view) as connection:
        row = one_row(connection)
        for table, columns in tables_of(connection, view, there.views.numbers()[view]).items():
            made = ", ".join(
                "77777" if "INT" in str(c["type"]).upper() or "DOUBLE" in str(c["type"]).upper()
                else "1.5" if str(c["type"]).upper() == "FLOAT"
                else "'x'"
                for c in columns
            )  # fmt: skip
            for damage in (
                f"INSERT INTO {table} VALUES ({made})",
                f"DELETE FROM {table} WHERE {row} = (SELECT {row} FROM {table} LIMIT 1)",
                f"DELETE FROM {table}",
            ):
                before = connection.begin_nested()
                count = connection.execute(text(damage)).rowcount
                found = list(refilled.differences(view, connection))
                before.rollback()
                assert bool(found) == bool(count), (damage, found)
                assert {one.table for one in found} - {"search_text"} <= {table}


def test_words_are_found_missing_from_the_index_and_from_what_it_is_made_of(
    filled: tuple[Place, Refilled],
) -> None:
    there, refilled = filled
    with undone(there, "search") as connection:
        damages = (
            (
                "UPDATE search_text_content SET c0 = 'x' WHERE id = 1",
                "DELETE FROM search_text WHERE rowid = 1",
                "INSERT INTO search_text (rowid, tokens) VALUES (99999, 'x')",
            )
            if connection.dialect.name == "sqlite"
            else (
                "UPDATE search_text SET tokens = array_to_tsvector(ARRAY['x']) WHERE number = 1",
                "DELETE FROM search_text WHERE number = 1",
                "INSERT INTO search_text VALUES (99999, array_to_tsvector(ARRAY['x']))",
            )
        )
        for damage in damages:
            before = connection.begin_nested()
            assert connection.execute(text(damage)).rowcount == 1
            (found,) = refilled.differences("search", connection)
            before.rollback()
            assert found.table == "search_text"


def test_what_was_kept_quiet_is_not_told_by_a_fault(on_sqlite: Fresh) -> None:
    with on_sqlite() as there:
        secret = received(
            "140.1", wordings=("a secret",), visibility=Visibility.CONFIDENTIAL, institution="mfa"
        )
        there.record(secret)
        there.feed.advance()
        with (
            there.views.current().engine.execution_options(writes=True).begin() as connection,
        ):
            connection.execute(text("UPDATE recommendation SET state = 'another secret'"))
            connection.execute(text("UPDATE recommendation SET levels = levels + 1"))
        with opened(Settings(database_url=there.url)) as parts:
            report = check_all(parts, lambda *_: None)
    faults = [fault for fault in report.faults if "table recommendation" in fault]
    assert faults
    for fault in faults:
        before, _, said = fault.rpartition(": ")
        assert before.startswith(
            f"view recommendations, table recommendation, row {secret.stream.hex}"
        )
        assert said == "levels, state differ from the log"
        assert "secret" not in fault


def test_a_key_that_was_revoked_and_is_shown_as_valid_is_found(on_sqlite: Fresh) -> None:
    with on_sqlite() as there:
        holder = {"role": "reader", "institution": "public", "actor": "p-1"}
        id, _ = create_key(there.log, system=None, authority=None, **holder)
        there.feed.advance()
        file = there.views._file("credentials", 1)
        with closing(sqlite3.connect(file)) as view, view:
            (valid,) = view.execute("SELECT state FROM credential").fetchone()
        revoke_key(there.log, id)
        there.feed.advance()
        with closing(sqlite3.connect(file)) as view, view:
            view.execute("UPDATE credential SET state = ?", (valid,))
        with opened(Settings(database_url=there.url)) as parts:
            report = check_all(parts, lambda *_: None)
        assert report.faults == [
            f"view credentials, table credential, row {id.hex}: state differs from the log"
        ]


# --- The log -------------------------------------------------------------------------------------


def test_an_entry_recorded_later_than_now_is_a_fault(shell: Shell) -> None:
    imported(shell)
    later = time.time_ns() // 1000 + 60_000_000
    damaged(shell, f"UPDATE log_event SET recorded_at = {later} WHERE log_index > 10")
    shell.ok("rebuild")
    report = json.loads(shell.run("check", "--json").stdout)
    assert report["faults"] == ["log index 11, and 2 more: recorded later than now"]


# --- Reading alone -------------------------------------------------------------------------------


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


def digests(folder: Path) -> dict[str, str]:
    """Each file with a digest of its bytes and its time."""
    return {
        path.name: f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        for path in folder.iterdir()
        if path.is_file()
    }


def test_check_and_replay_touch_no_file(shell: Shell) -> None:
    imported(shell)
    shell.file(b"nothing")
    before = digests(database(shell).parent)
    assert shell.json("check")["ok"]
    assert shell.json("replay", "--check")["differences"] == []
    assert digests(database(shell).parent) == before


def test_check_touches_no_file_of_a_server_that_runs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url) as server:
        server.receive()
        before = digests(tmp_path)
        assert any(name.endswith("-wal") for name in before)
        with opened(Settings(database_url=url)) as parts:
            report = check_all(parts, lambda *_: None)
        assert (report.faults, report.events) == ([], server.size())
        assert digests(tmp_path) == before


@pytest.mark.parametrize("left", ["-wal alone", "-wal and -shm"])
def test_what_a_crash_or_a_backup_left_is_read_as_it_lies(tmp_path: Path, left: str) -> None:
    place, copy = tmp_path / "live", tmp_path / "copy"
    with running(f"sqlite:///{place / 'suivi.db'}") as server:
        server.receive()
        size = server.size()
        without = "*-shm" if left == "-wal alone" else "nothing"
        shutil.copytree(place, copy, ignore=shutil.ignore_patterns(without))
    before = digests(copy)
    with opened(Settings(database_url=f"sqlite:///{copy / 'suivi.db'}")) as parts:
        report = check_all(parts, lambda *_: None)
    assert (report.faults, report.events) == ([], size)
    assert digests(copy) == before


def test_check_needs_no_right_to_write(shell: Shell) -> None:
    imported(shell)
    drop = ("--bounding-set=-dac_override", "--inh-caps=-dac_override")
    as_anybody = ["setpriv", *drop] if os.geteuid() == 0 else []
    if as_anybody and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and setpriv is not there to forbid it")
    folder = database(shell).parent
    for file in [*folder.iterdir(), folder]:
        file.chmod(file.stat().st_mode & ~0o222)
    try:
        done = subprocess.run(
            [*as_anybody, *SUIVI, "check", "--json"],
            cwd=ROOT,
            env=shell.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout)["ok"]


def test_a_role_that_may_only_select_can_check(
    postgres_server: postgres.Server, postgres_url: str
) -> None:
    with running(postgres_url) as server:
        server.receive()
        size = server.size()
    name = postgres_url.split("@/")[1].split("?")[0]
    owner = postgres_url.replace("+psycopg", "")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS auditor")
        connection.execute("CREATE ROLE auditor LOGIN IN ROLE pg_read_all_data")
        connection.execute(f"REVOKE TEMPORARY, CREATE ON DATABASE {name} FROM PUBLIC")
        reading = f"postgresql+psycopg://auditor@/{name}?host={quote(str(postgres_server.folder))}"
        try:
            with psycopg.connect(reading.replace("+psycopg", ""), autocommit=True) as auditor:
                for refused in (
                    "CREATE TEMP TABLE t (a int)",
                    "CREATE TABLE t (a int)",
                    "UPDATE log_head SET next = next",
                    "DELETE FROM log_head",
                ):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        auditor.execute(refused)
            with opened(Settings(database_url=reading)) as parts:
                report = check_all(parts, lambda *_: None)
        finally:
            connection.execute("DROP ROLE auditor")
    assert (report.faults, report.events, report.behind) == ([], size, {})


# --- Views that are behind, gone or damaged ------------------------------------------------------


def test_views_that_are_behind_are_compared_as_far_as_they_have_come(here: Place) -> None:
    history = any_history(Random(3), 6, 60)
    half = len(history) // 2
    for entries in history[:half]:
        here.record(*entries)
    here.feed.advance()
    held = here.log.size
    for entries in history[half:]:
        here.record(*entries)
    with opened(Settings(database_url=here.url)) as parts:
        report = check_all(parts, lambda *_: None)
    assert [fault for fault in report.faults if fault.startswith("view")] == []
    assert report.behind == dict.fromkeys(tables.VIEWS, here.log.size - held)
    here.feed.rebuild(names=["search"])
    with opened(Settings(database_url=here.url)) as parts:
        assert set(check_all(parts, lambda *_: None).behind) == set(tables.VIEWS) - {"search"}


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest) -> Iterator[Place]:
    fresh: Fresh = request.getfixturevalue(f"on_{request.param}")
    with fresh() as made:
        yield made


def test_check_makes_no_views_where_there_are_none_and_says_how_far_they_are_behind(
    shell: Shell,
) -> None:
    imported(shell)
    without_views(shell)
    report = shell.json("check")
    assert (report["ok"], report["behind"]) == (True, dict.fromkeys(tables.VIEWS, 14))
    assert list(database(shell).parent.glob("suivi-*")) == []


def test_check_makes_no_log(shell: Shell) -> None:
    assert "[UNAVAILABLE]" in shell.fails("check")
    assert not database(shell).exists()


@pytest.mark.parametrize("damage", ["deleted", "emptied", "zeroed", "no database"])
def test_a_view_that_can_not_be_read_is_named_with_the_command_that_mends_it(
    shell: Shell, damage: str
) -> None:
    imported(shell)
    file = database(shell).with_name("suivi-register-1.db")
    if damage == "deleted":
        file.unlink()
    elif damage == "no database":
        file.write_text("this is no database at all")
    else:
        size = file.stat().st_size
        with file.open("r+b") as opened_file:
            if damage == "emptied":
                opened_file.truncate(0)
            else:
                opened_file.seek(4_096)
                opened_file.write(bytes(size - 4_096))
    said = shell.run("check").stdout
    assert "✗ view register" in said
    assert "`suivi rebuild --view register`" in said
    shell.ok("rebuild", "--view", "register")
    assert shell.json("check")["ok"]


def test_a_pointer_that_is_damaged_is_mended_by_a_rebuild(shell: Shell) -> None:
    imported(shell)
    database(shell).with_name("suivi-views.db").write_text("this is no database at all" * 99)
    assert "`suivi rebuild`" in shell.run("check").stdout
    shell.ok("rebuild")
    assert shell.json("check")["ok"]
