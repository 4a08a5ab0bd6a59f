"""Views that are damaged or deleted while a server runs: no wrong answer is given, what is written
meanwhile is recorded or refused, and the command that the refusal names mends them."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api.checking import check_all, opened
from api.service import Service
from api.settings import Settings
from tests.server import Server, document, running, until

ALL = "{ recommendations(first: 100) { totalCount nodes { symbol } } }"
SEARCHED = '{ recommendations(first: 100, search: "convention") { totalCount } }'
DOCUMENTS = 12


def long(*values: Any) -> Any:
    """A damage that differs from one of the others in where it is or how much: `make check` has
    each kind of damage, and each view damaged once."""
    return pytest.param(*values, marks=pytest.mark.endurance(only=True))


def place(url: str, what: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).with_name(f"suivi-{what}.db")


def brought_in(file: Path) -> None:
    """The whole of a database in its file, nothing beside it."""
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        until(lambda: not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])


def deleted(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def deleted_alone(file: Path) -> None:
    file.unlink()


def zeroed(file: Path) -> None:
    brought_in(file)
    with file.open("r+b") as opened:
        opened.write(bytes(file.stat().st_size))


def zeroed_but_its_head(file: Path) -> None:
    brought_in(file)
    with file.open("r+b") as opened:
        opened.seek(4_096)
        opened.write(bytes(file.stat().st_size - 4_096))


def truncated(file: Path) -> None:
    brought_in(file)
    os.truncate(file, 0)


def halved(file: Path) -> None:
    brought_in(file)
    os.truncate(file, file.stat().st_size // 2 // 4_096 * 4_096)


def no_database(file: Path) -> None:
    deleted(file)
    file.write_text("this is no database at all" * 400)


ON_FILES: tuple[Callable[[Path], None], ...] = (
    *(deleted, deleted_alone, zeroed, zeroed_but_its_head, truncated, halved, no_database),
)
ON_SCHEMAS = (
    "DROP SCHEMA {view}_1 CASCADE",
    "DROP TABLE {view}_1.{table} CASCADE",
    "DROP TABLE {view}_1.{view}_head",
    "TRUNCATE {view}_1.{view}_head",
    "ALTER TABLE {view}_1.{table} RENAME TO lost",
)
TABLES = {"recommendations": "recommendation", "search": "search_document", "register": "review"}


def answers(server: Server, size: int) -> bool:
    """True if questions are answered, False if one is refused; a wrong answer fails."""
    well = True
    for query in (ALL, SEARCHED):
        answer = server.post("coordinator", query)
        said = answer.json()
        if "errors" in said:
            assert {error["extensions"]["code"] for error in said["errors"]} == {"UNAVAILABLE"}, (
                said
            )
            well = False
        else:
            assert said["data"]["recommendations"]["totalCount"] == size, said
    return well


def write(server: Server, command: str, paragraph: str = "150.1") -> int | None:
    """Which log index a step got, None if it was refused: in one sentence, as unavailable."""
    said: dict[str, Any] = {"addressee": "SVN", "mechanism": "UPR", "body": "UPR", "cycle": 4}
    said |= {"language": "en", "parts": [{"text": "Ratify the convention"}]}
    said |= {"symbol": "A/HRC/59/15", "paragraph": paragraph, "commandId": command}
    answer = server.post("coordinator", document("receiveRecommendation"), input=said).json()
    if "errors" in answer:
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAVAILABLE"}, (
            answer
        )
        return None
    payload = answer["data"]["receiveRecommendation"]
    assert {error["code"] for error in payload["errors"]} <= {"UNAVAILABLE"}, payload
    return None if payload["errors"] else int(payload["logIndex"])


def ready(server: Server) -> str | None:
    """Why the server is not ready, None when it is."""
    answer = server.client.get("/health/ready")
    assert answer.status_code in (200, 503)
    return answer.json().get("reason")


def mended(url: str, command: str) -> None:
    """What `suivi rebuild` does, beside the server."""
    beside = Service(Settings(database_url=url))
    beside.feed.rebuild(names=re.findall(r"--view (\w+)", command) or None)
    beside.close()


def sound(url: str) -> None:
    with opened(Settings(database_url=url)) as parts:
        assert check_all(parts, lambda *_: None).faults == []


def goes_on(server: Server, url: str) -> None:
    """From the damage on: nothing wrong is told, and what the reason names mends it."""
    until(lambda: ready(server) is not None)
    size, command = server.size(), uuid4().hex
    answers(server, DOCUMENTS)
    at = write(server, command)
    assert server.size() in (size, size + 1)
    answers(server, DOCUMENTS + (server.size() - size))
    reason = ready(server)
    assert reason is not None
    named = re.search(r"`suivi (rebuild[^`]*)`", reason)
    assert named is not None, reason
    mended(url, named[1])
    until(lambda: ready(server) is None)
    again = write(server, command)
    assert again is not None
    assert again == at or at is None
    assert server.size() == size + 1
    assert answers(server, DOCUMENTS + 1)
    sound(url)


def filled(server: Server) -> None:
    for _ in range(DOCUMENTS):
        server.receive()
    assert answers(server, DOCUMENTS)
    assert ready(server) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("view", "damage"),
    [
        ("recommendations", deleted_alone),
        ("recommendations", zeroed_but_its_head),
        ("search", halved),
        ("register", zeroed),
        ("credentials", no_database),
        *(
            long("recommendations", damage)
            for damage in ON_FILES
            if damage not in (deleted_alone, zeroed_but_its_head)
        ),
        *(long("search", damage) for damage in (deleted, zeroed_but_its_head)),
    ],
)
def test_a_view_whose_file_is_damaged_is_refused_until_it_is_rebuilt(
    sqlite_url: str, view: str, damage: Callable[[Path], None]
) -> None:
    with running(sqlite_url) as server:
        filled(server)
        damage(place(sqlite_url, f"{view}-1"))
        goes_on(server, sqlite_url)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [deleted, halved, *(long(d) for d in ON_FILES if d not in (deleted, halved))]
)
def test_pointers_that_are_damaged_are_made_anew(
    sqlite_url: str, damage: Callable[[Path], None]
) -> None:
    with running(sqlite_url) as server:
        filled(server)
        damage(place(sqlite_url, "views"))
        goes_on(server, sqlite_url)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("view", "damage"),
    [
        ("recommendations", ON_SCHEMAS[0]),
        ("recommendations", ON_SCHEMAS[-1]),
        ("search", ON_SCHEMAS[1]),
        ("search", "DROP TABLE view_generation"),
        *(long("recommendations", damage) for damage in ON_SCHEMAS[1:-1]),
        long("search", ON_SCHEMAS[0]),
    ],
)
def test_a_view_whose_tables_are_gone_is_refused_until_it_is_rebuilt(
    postgres_url: str, view: str, damage: str
) -> None:
    with running(postgres_url) as server:
        filled(server)
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(damage.format(view=view, table=TABLES[view]))
        goes_on(server, postgres_url)


@pytest.mark.slow
def test_one_damage_after_another_is_mended(postgres_url: str) -> None:
    """The pointers begin anew at numbers that were damaged before."""
    with running(postgres_url) as server:
        filled(server)
        for damage in ("DROP SCHEMA figures_{} CASCADE", "DROP TABLE view_generation") * 2:
            with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as asked:
                query = "SELECT generation FROM view_generation WHERE name = 'figures'"
                [(number,)] = asked.execute(query).fetchall()
                asked.execute(damage.format(number))
            until(lambda: ready(server) is not None)
            named = re.search(r"`suivi (rebuild[^`]*)`", ready(server) or "")
            assert named is not None
            mended(postgres_url, named[1])
            until(lambda: ready(server) is None)
            assert answers(server, DOCUMENTS)


@pytest.mark.slow
def test_a_deleted_view_is_named_and_mended_while_the_server_runs(sqlite_url: str) -> None:
    with running(sqlite_url) as server:
        filled(server)
        deleted(place(sqlite_url, "search-1"))
        until(lambda: ready(server) is not None)
        refused = server.refused("coordinator", SEARCHED)
        assert refused["extensions"]["code"] == "UNAVAILABLE"
        assert "`suivi rebuild --view search`" in refused["message"]
        server.service.feed.rebuild(names=server.service.views.misshapen())
        until(lambda: ready(server) is None)
        assert answers(server, DOCUMENTS)


def test_a_step_that_was_recorded_is_told_so_where_no_view_can_show_it(sqlite_url: str) -> None:
    with running(sqlite_url) as server:
        id = server.receive()
        until(lambda: ready(server) is None)
        deleted(place(sqlite_url, "search-1"))
        size = server.size()
        said = {"organ": "MID_TERM_REPORT", "effectiveOn": "2026-06"}
        payload = server.take(
            "coordinator", "acceptRecommendation", id=id, expectedVersion=1, **said
        )
        assert (payload["errors"], payload["logIndex"]) == ([], size)
        assert (payload["recommendation"], server.size()) == (None, size + 1)
