"""A log that went back is served by nobody: an index that was given away is given once."""

from __future__ import annotations

import gc
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from domain.refusals import Unavailable
from projections.feed import LogWentBack
from tests.server import Server, running, until
from tests.test_command_line import Shell
from workflows.log import read_url

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "suivi.db"


def copy_of(log: Path) -> Path:
    """A copy of the log alone, as a backup keeps it."""
    to = log.with_name("backup.db")
    with sqlite3.connect(log) as store, sqlite3.connect(to) as backup:
        store.backup(backup)
    return to


def restore(backup: Path, log: Path) -> None:
    gc.collect()  # a connection of the server's that is only forgotten would still lock the file
    for more in ("-wal", "-shm"):
        log.with_name(log.name + more).unlink(missing_ok=True)
    shutil.copy(backup, log)


@contextmanager
def started_again(place: Path, keys: dict[str, str]) -> Iterator[Server]:
    with running(f"sqlite:///{place}") as server:
        server.keys.update(keys)
        yield server


def lived(place: Path, more: int) -> tuple[dict[str, str], Path, int]:
    """A record with a backup, and as many recommendations since; the keys, the backup, the size."""
    with running(f"sqlite:///{place}") as server:
        server.receive()
        backup = copy_of(place)
        for _ in range(more):
            server.receive()
        return dict(server.keys), backup, server.size()


def said(url: str, *statements: str) -> None:
    """Says something to the store itself."""
    engine = create_engine(read_url(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def serve(shell: Shell) -> str:
    """What a command that would write says."""
    done = shell.run(
        "import", shell.file(b"addressee,text\n", "list.csv"), "--format", "table", "--all-states"
    )
    assert done.returncode != 0
    return done.stderr


def test_an_older_log_under_newer_views_is_not_served_until_somebody_decides(
    place: Path, tmp_path: Path
) -> None:
    keys, backup, size = lived(place, 3)
    restore(backup, place)
    shell = Shell(f"sqlite:///{place}", tmp_path)
    told = serve(shell)
    assert f"The log holds {size - 3:,} entries and the views {size:,}" in told
    assert "suivi rebuild" in told
    assert "The log holds" in shell.run("check").stdout
    assert "suivi rebuild" in shell.run("key", "list").stderr
    shell.ok("rebuild")
    assert "all hold" in shell.ok("check")
    with started_again(place, keys) as server:
        assert server.client.get("/health/ready").status_code == 200
        assert server.received(paragraph="141.1")["logIndex"] == server.size() - 1


def test_an_older_log_that_went_on_is_told_by_its_entries(place: Path, tmp_path: Path) -> None:
    keys, backup, size = lived(place, 2)
    kept = tmp_path / "views"
    kept.mkdir()
    for file in place.parent.glob("suivi-*"):
        if file.is_file():
            shutil.copy(file, kept)
    restore(backup, place)
    for file in place.parent.glob("suivi-*.db*"):
        file.unlink()
    with started_again(place, keys) as server:  # as if the views had been lost
        for number in range(4):
            server.receive(paragraph=f"141.{number}")
        assert server.size() > size
    for file in kept.iterdir():
        shutil.copy(file, place.parent)
    assert "holds other entries" in serve(Shell(f"sqlite:///{place}", tmp_path))


def test_a_log_that_goes_back_under_a_running_server_is_served_no_more(database_url: str) -> None:
    with running(database_url) as server:
        for _ in range(3):
            server.receive()
        assert server.client.get("/health/ready").status_code == 200
        size = server.size()
        newer = f"log_event WHERE log_index >= {size - 2}"
        said(
            database_url,
            f"CREATE TABLE kept AS SELECT * FROM {newer}",
            f"DELETE FROM {newer}",
            f"UPDATE log_head SET next = {size - 2}",
        )
        until(lambda: isinstance(server.service.feed.stopped, LogWentBack))
        ready = server.client.get("/health/ready")
        assert (ready.status_code, "The log holds" in ready.text) == (503, True)
        for path in ("/graphql?query={logIndex}", "/exports/csv", "/plots/progress.svg"):
            answer = server.client.get(path, headers=server.headers("coordinator"))
            assert answer.status_code == 503, path
            assert "suivi rebuild" in answer.text
        with pytest.raises(Unavailable, match="suivi rebuild"):
            server.service.principal(server.keys["clerk"])
        with pytest.raises(Unavailable):
            server.service.worker.catch_up()
        assert server.size() == size - 2, "no index was given away again"
        said(
            database_url,
            "INSERT INTO log_event SELECT * FROM kept",
            f"UPDATE log_head SET next = {size}",
        )
        until(lambda: server.client.get("/health/ready").status_code == 200)
        assert server.received()["logIndex"] == size
