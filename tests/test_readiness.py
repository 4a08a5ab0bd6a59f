"""`/health/ready` tells the truth: not 200 while the record can't be read or written or the views
are behind, and 200 again when that has ended, without a restart."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import event, text

from tests.given import received
from tests.server import Server, process, running, until
from tests.test_damaged_views import answers, brought_in, ready, sound, write

pytestmark = pytest.mark.slow

KEEP = 60


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own; skips where none may be mounted."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"a disk that fills needs the right to mount one: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes all the room there is."""
    filler = place / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4_096))
    return filler


def not_ready(server: Server, *words: str) -> None:
    """Soon not ready, for a reason that has these words."""
    until(lambda: any(word in (ready(server) or "") for word in words))


def ready_again(server: Server) -> None:
    until(lambda: ready(server) is None)


def test_a_full_disk_is_told_and_what_is_written_meanwhile_is_refused(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 12) as place,
        running(f"sqlite:///{place}/suivi.db", disk_free_bytes_min=1_000_000) as server,
    ):
        server.receive()
        ready_again(server)
        filler = fill(place)
        not_ready(server, "The disk is full")
        size, commands = server.size(), {f"150.{n}": uuid4().hex for n in range(3)}
        at = [write(server, command, paragraph) for paragraph, command in commands.items()]
        upload = server.client.put(
            "/files?addressee=SVN&name=a.txt",
            content=b"words" * 50_000,
            headers=server.headers("coordinator"),
        )
        assert (upload.status_code, upload.json()["errors"][0]["extensions"]["code"]) == (
            503,
            "UNAVAILABLE",
        )
        assert server.size() == size + sum(index is not None for index in at)
        not_ready(server, "The disk is full")
        filler.unlink()
        ready_again(server)
        for before, (paragraph, command) in zip(at, commands.items(), strict=True):
            after = write(server, command, paragraph)
            assert after is not None
            assert before in (None, after)
        assert server.size() == size + 3
        assert answers(server, 4)
        sound(server.service.settings.database_url)


def test_a_step_that_could_not_be_written_is_remembered_until_one_can(sqlite_url: str) -> None:
    """Whatever it is that takes the room: here, how large a file may become."""
    place = Path(sqlite_url.removeprefix("sqlite:///"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with running(sqlite_url) as server:
        server.receive()
        ready_again(server)
        brought_in(place)
        command = uuid4().hex
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
            assert write(server, command) is None
            not_ready(server, "The record can't be read or written now")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        ready_again(server)
        assert write(server, command) is not None


@pytest.mark.slow
def test_what_is_read_only_is_told_until_it_is_not(
    sqlite_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running(sqlite_url) as server:
        server.receive()
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    said = tmp_path_factory.mktemp("said") / "log"
    with process(sqlite_url, said, under=without_overriding(), bulkhead=False) as (server, _):
        for name in ("suivi.db", "suivi-search-1.db", "suivi-views.db", "."):
            ready_again(server)
            place = folder / name
            mode = place.stat().st_mode
            place.chmod(mode & ~0o222)
            not_ready(server, "read-only", "can't be written to")
            place.chmod(mode)
            for beside in folder.glob(f"{name}-*"):  # made meanwhile, with the rights of the file
                beside.chmod(mode)
        ready_again(server)


def without_overriding() -> tuple[str, ...]:
    """How a process is started that may not write where its user may not."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and setpriv is not there to forbid it")
    return ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")


def test_a_database_that_became_read_only_is_told_until_it_is_not(postgres_url: str) -> None:
    name = postgres_url.split("@/")[1].split("?")[0]

    def read_only(on: str) -> None:
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {on}")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with running(postgres_url) as server:
        server.receive()
        ready_again(server)
        read_only("on")
        not_ready(server, "The record can't be read or written now")
        size, command = server.size(), uuid4().hex
        assert write(server, command) is None
        assert server.size() == size
        read_only("off")
        ready_again(server)
        assert write(server, command) is not None
        assert server.size() == size + 1


def test_a_connection_that_is_lost_amid_a_request_is_told_by_every_field(postgres_url: str) -> None:
    plain = postgres_url.replace("+psycopg", "")
    three = "{ a: recommendations { totalCount } b: reviews { totalCount } progress { key } }"
    with running(postgres_url) as server:
        server.receive()
        server.ask("coordinator", three)
        engine = server.service.views.current().engine
        lost: list[int] = []

        def lose(connection: Any, cursor: Any, said: str, *_: Any) -> None:
            if "recommendation" in said and "_head" not in said and not lost:
                lost.append(connection.connection.driver_connection.info.backend_pid)
                with psycopg.connect(plain, autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s)", lost)

        event.listen(engine, "before_cursor_execute", lose)
        try:
            answer = server.post("coordinator", three).json()
        finally:
            event.remove(engine, "before_cursor_execute", lose)
        errors = answer["errors"]
        assert len(errors) == 3, answer
        assert {error["extensions"]["code"] for error in errors} == {"UNAVAILABLE"}
        assert server.ask("coordinator", three)["a"]["totalCount"] == 1


def test_views_that_are_far_behind_are_told_until_they_have_caught_up(database_url: str) -> None:
    with running(database_url, views_behind_entries_max=3) as server:
        server.receive()
        ready_again(server)
        views = server.service.views
        with views.alone("search", views.numbers()["search"]) as connection:
            locking = connection.execution_options(writes=True)
            locking.execute(text("UPDATE search_head SET next = next"))
            for n in range(4):
                server.service.log.append(f"k-{n}", b"", [received(f"150.{n}")])
            not_ready(server, "entries behind the log")
            connection.rollback()
        ready_again(server)
        assert answers(server, 5)


def test_a_page_of_the_log_that_can_not_be_read_is_told_until_it_can(sqlite_url: str) -> None:
    place = Path(sqlite_url.removeprefix("sqlite:///"))
    with running(sqlite_url) as server:
        for _ in range(KEEP // 10):
            server.receive()
        ready_again(server)
        brought_in(place)
        whole = place.read_bytes()
        with place.open("r+b") as file:
            file.seek(4_096)
            file.write(bytes(len(whole) - 4_096))
        not_ready(server, "The record can't be read or written now")
        with place.open("r+b") as file:
            file.write(whole)
        ready_again(server)
        assert answers(server, KEEP // 10)


def test_pages_of_a_view_that_can_not_be_read_is_told_until_they_are_made_anew(
    sqlite_url: str,
) -> None:
    with running(sqlite_url) as server:
        for _ in range(KEEP):
            server.receive()
        ready_again(server)
        file = Path(sqlite_url.removeprefix("sqlite:///")).with_name("suivi-recommendations-1.db")
        brought_in(file)
        size = file.stat().st_size
        with file.open("r+b") as opened:
            for page in range(4_096 * 4, size, 4_096 * 2):
                opened.seek(page)
                opened.write(bytes(4_096))
        not_ready(server, "`suivi rebuild --view recommendations`")
        server.service.feed.rebuild(names=["recommendations"])
        ready_again(server)
        assert answers(server, KEEP)
