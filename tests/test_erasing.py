"""Erasing protected texts: an entry says so, the texts are gone, and everything goes on without."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.checking import Report, check_all
from api.derive import read_id
from domain.entry import protected_texts
from domain.erasure import TextsErased, erasure_id
from domain.recommendation.implementation import Assessed
from domain.stored_file import FileStored
from tests.given import principal, stamp
from tests.server import STORES, Server, running, store, until
from tests.test_casework import refusal
from tests.test_command_line import Shell
from tests.test_four_eyes import PROCEDURE, planned
from tests.test_importing import Office
from tests.test_importing_assessments import HEADING, ROW, bring, office
from tests.test_log import Store
from tests.test_own_procedures import adopted, published
from workflows import erasing
from workflows.desk import Command
from workflows.erasing import Place
from workflows.log import sqlite
from workflows.log.mapper import SealedEvent, VaultRow

pytestmark = pytest.mark.slow

ERASE = """mutation($input: EraseTextsInput!) { eraseTexts(input: $input) {
    node { __typename ... on Erasure { id erasedEntry erasedVersion commitments } } logIndex
    entries { event { __typename } logIndex visibility actor reason } errors { code message } } }"""
__all__ = ["office"]

ENTRY = """query($after: Int!) { events(after: $after, first: 1) { nodes {
    logIndex reason reasonCommitment missingTexts
    event { __typename
        ... on PositionTaken { text: comment { text erased missing } }
        ... on ProgressDrafted { draft: narrative { text erased missing } } }
    erasedBy { event { __typename } logIndex actor reason } } } }"""
NEEDLE = "Ana Novak of Celje"


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with store(request, tmp_path_factory) as url, running(url) as served:
        yield served


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}") as served:
        yield served


def erase(server: Server, who: str = "coordinator", **said: Any) -> dict[str, Any]:
    input = {"commandId": uuid4().hex, "reason": "she asked for it", **said}
    return server.ask(who, ERASE, input=input)["eraseTexts"]  # type: ignore[no-any-return]


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


def entry(server: Server, index: int, who: str = "coordinator") -> dict[str, Any]:
    (found,) = server.ask(who, ENTRY, after=index - 1)["events"]["nodes"]
    assert found["logIndex"] == index
    return found  # type: ignore[no-any-return]


def told(server: Server, words: str = NEEDLE) -> tuple[str, int]:
    """A recommendation that bears a comment with a reason; its id and the comment's log index."""
    id = server.receive()
    said = {"comment": f"{words} was heard", "reason": f"{words} wrote to us"}
    taken = server.step("coordinator", "noteRecommendation", id, organ="OTHER", **said)
    return id, taken["logIndex"]


def check(server: Server) -> Report:
    return check_all(server.service, lambda what, done, total: None)


def test_an_erased_text_is_gone_and_an_entry_says_when_by_whom_and_why(server: Server) -> None:
    _, index = told(server)
    before = check(server).erased
    payload = erase(server, logIndex=index)
    assert codes(payload) == []
    shown = entry(server, index)
    (by,) = shown["erasedBy"]
    assert by == {
        "event": {"__typename": "TextsErased"},
        "logIndex": payload["logIndex"],
        "actor": "p-coordinator",
        "reason": "she asked for it",
    }
    assert (shown["reason"], shown["missingTexts"]) == (None, [])
    assert shown["reasonCommitment"]
    assert shown["event"]["text"] == {"text": None, "erased": True, "missing": False}
    report = check(server)
    assert (report.faults, report.erased) == ([], before + 2)


def test_one_text_is_erased_by_its_field_and_the_others_stay(server: Server) -> None:
    id, index = told(server)
    version = server.version(id)
    assert codes(erase(server, of=id, version=version, fields=["reason"])) == []
    shown = entry(server, index)
    assert (shown["reason"], shown["event"]["text"]["text"]) == (None, f"{NEEDLE} was heard")
    assert codes(erase(server, of=id, version=version, fields=["reason"])) == ["ALREADY_SO"]
    assert codes(erase(server, of=id, version=version)) == []
    assert entry(server, index)["event"]["text"]["erased"] is True
    assert len(entry(server, index)["erasedBy"]) == 2
    assert codes(erase(server, logIndex=index)) == ["ALREADY_SO"]
    query = "query($of: ID!) { erasures(of: $of) { nodes { history { nodes { reason } } } } }"
    (held,) = server.ask("auditor", query, of=id)["erasures"]["nodes"]
    assert held == {"history": {"nodes": [{"reason": "she asked for it"}] * 2}}
    assert check(server).faults == []


def test_the_same_erasure_again_gives_the_first_result(server: Server) -> None:
    _, index = told(server)
    first = erase(server, logIndex=index, commandId="again")
    assert erase(server, logIndex=index, commandId="again")["logIndex"] == first["logIndex"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"reason": " "}, "INVALID_INPUT"),
        ({"fields": ["narrative"]}, "INVALID_INPUT"),
        ({"fields": []}, "ALREADY_SO"),
        ({"logIndex": 1 << 30}, "NOT_FOUND"),
        ({"logIndex": -1}, "NOT_FOUND"),
        ({"version": 1}, "INVALID_INPUT"),
        ({"logIndex": None}, "INVALID_INPUT"),
        ({"logIndex": None, "of": str(uuid4()), "version": 1}, "NOT_FOUND"),
        ({"who": "clerk"}, "FORBIDDEN"),
        ({"who": "administrator"}, "FORBIDDEN"),
        ({"who": "clerk", "logIndex": 1 << 30}, "FORBIDDEN"),
        ({"who": "croatian"}, "NOT_FOUND"),
    ],
)
def test_what_can_not_be_erased_is_refused(here: Server, said: dict[str, Any], code: str) -> None:
    if "croatian" not in here.keys:
        here.grant("croatian", "coordinator", "mvep", addressees=("HRV",))
    _, index = told(here)
    assert codes(erase(here, **{"logIndex": index, **said})) == [code]
    assert entry(here, index)["event"]["text"]["text"]


def test_an_entry_without_texts_and_a_files_entry_are_refused(here: Server) -> None:
    index = here.received()["logIndex"]
    assert codes(erase(here, logIndex=index)) == ["INVALID_INPUT"]
    put = here.client.put(
        "/files?addressee=SVN&name=ana.pdf", content=b"a", headers=here.headers("coordinator")
    ).json()
    (error,) = erase(here, logIndex=put["logIndex"])["errors"]
    assert "eraseFile" in error["message"]


def test_an_erasure_may_be_read_by_whom_the_erased_entry_is_for(here: Server) -> None:
    """A ministry's draft is erased by the coordinator: the ministry reads that, and the auditor,
    who reads no drafts, and others of the coordinator's institution do not."""
    if "mfa-desk" not in here.keys:
        here.grant("mfa-desk", "focal-point", "mfa", addressees=("SVN",))
    id = here.receive()
    here.step("coordinator", "assignRecommendation", id, institution="justice")
    here.step("justice", "planImplementation", id, measures="a law")
    drafted = here.step("justice", "reportProgress", id, narrative=f"{NEEDLE} was heard")
    payload = erase(here, logIndex=drafted["logIndex"])
    assert codes(payload) == []
    seen = "query($after: Int!) { events(after: $after, first: 1) { nodes { logIndex } } }"
    rows = "query($of: ID!) { erasures(of: $of) { totalCount } }"
    for who, reads in (("justice", 1), ("coordinator", 1), ("auditor", 0), ("mfa-desk", 0)):
        found = here.ask(who, seen, after=payload["logIndex"] - 1)["events"]["nodes"]
        assert (who, len(found)) == (who, reads)
        assert (who, here.ask(who, rows, of=id)["erasures"]["totalCount"]) == (who, reads)
    assert entry(here, drafted["logIndex"], "justice")["event"]["draft"]["erased"] is True


def test_the_reason_of_an_erasure_may_be_erased_in_its_turn(here: Server) -> None:
    _, index = told(here)
    first = erase(here, logIndex=index, reason=f"{NEEDLE} asked for it")
    for _ in range(3):
        last = erase(here, logIndex=first["logIndex"])
        assert codes(last) == []
        first = last
    (by,) = entry(here, index)["erasedBy"]
    assert by["reason"] is None
    assert entry(here, by["logIndex"])["missingTexts"] == []
    assert check(here).faults == []


def test_a_text_that_is_missing_without_an_entry_is_shown_as_missing(server: Server) -> None:
    _, index = told(server)
    lost = {t.commitment for t in protected_texts(server.service.log.read(index, 1)[0].event)}
    with contextlib.ExitStack() as stack:
        stack.callback(restore, server, kept := taken_away(server, lost))
        assert len(kept) == 2
        shown = entry(server, index)
        assert shown["event"]["text"] == {"text": None, "erased": False, "missing": True}
        assert sorted(shown["missingTexts"]) == ["comment", "reason"]
        assert shown["erasedBy"] == []
        assert [fault.partition(":")[0] for fault in check(server).faults] == [
            f"log index {index}"
        ] * 2
    assert check(server).faults == []


def taken_away(server: Server, lost: set[str | None]) -> list[tuple[Any, ...]]:
    """Deletes rows of the vault past all code; gives them."""
    held = Store(server.service.log.url.render_as_string(hide_password=False))
    rows = held.sql("SELECT commitment, salt, content FROM vault")
    with contextlib.closing(held.connect()) as connection:
        mine = [row for row in rows if bytes(row[0]).hex() in lost]
        mark = "?" if held.is_sqlite else "%s"
        for row in mine:
            connection.execute(f"DELETE FROM vault WHERE commitment = {mark}", (bytes(row[0]),))
    return mine


def restore(server: Server, rows: list[tuple[Any, ...]]) -> None:
    held = Store(server.service.log.url.render_as_string(hide_password=False))
    mark = "?" if held.is_sqlite else "%s"
    with contextlib.closing(held.connect()) as connection:
        for row in rows:
            connection.execute(
                f"INSERT INTO vault VALUES ({mark}, {mark}, {mark})",
                (bytes(row[0]), bytes(row[1]), row[2]),
            )


# --- Gone, byte by byte ---------------------------------------------------------------------------


def test_no_file_of_the_store_holds_what_was_erased(tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        many = [told(server, f"Needle {n:03} of Celje " + "x" * (n * 37 % 900)) for n in range(60)]
        gone = [n for n in range(60) if n % 3]
        for n in gone:
            assert codes(erase(server, logIndex=many[n][1])) == []
        server.service.feed.advance()
        for file in (path for path in tmp_path.rglob("*") if path.is_file()):
            data = file.read_bytes()
            assert [n for n in gone if f"Needle {n:03} of".encode() in data] == [], file.name
        data = (tmp_path / "suivi.db").read_bytes()
        assert all(f"Needle {n:03} of".encode() in data for n in range(60) if n % 3 == 0)


def test_pages_that_rows_moved_from_hold_nothing_that_was_erased(tmp_path: Path) -> None:
    """Deleting alone leaves copies of a few rows in a thousand, where rows moved to other pages."""
    place = tmp_path / "suivi.db"
    recorder = sqlite.SQLiteRecorder(place)
    rows = [
        VaultRow(sha256(b"%d" % n).digest(), bytes(32), f"needle {n:04} " + "x" * (n * 7919 % 400))
        for n in range(1_000)
    ]
    for at in range(0, 1_000, 20):
        some = [
            SealedEvent(UUID(int=n), 1, "a.v1", b"{}", vault=(rows[n],)) for n in range(at, at + 20)
        ]
        recorder.append(f"c-{at}", b"c", some)
    gone = [n for n in range(1_000) if n % 4]
    recorder.erase_vault([rows[n].commitment for n in gone])
    data = place.read_bytes()
    assert [n for n in gone if f"needle {n:04}".encode() in data] == []
    kept = recorder.open_vault([row.commitment for row in rows])
    assert kept == {row.commitment: row for n, row in enumerate(rows) if n % 4 == 0}
    recorder.close()


@pytest.mark.postgres
def test_no_row_of_any_table_holds_what_was_erased(postgres_url: str) -> None:
    with running(postgres_url) as server:
        _, index = told(server)
        held = Store(postgres_url)
        tables = held.sql(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )

        def holding() -> list[str]:
            hexed = NEEDLE.encode().hex()
            return [
                table
                for (table,) in tables
                if held.sql(
                    f"SELECT 1 FROM {table} AS t WHERE t::text LIKE '%{NEEDLE}%'"
                    f" OR t::text LIKE '%{hexed}%'"
                )
            ]

        assert holding() == ["public.vault"]
        assert codes(erase(server, logIndex=index)) == []
        server.service.feed.advance()
        assert holding() == []


# --- A crash between the entry and the deletion ---------------------------------------------------


def broken_off(server: Server) -> tuple[int, dict[str, Any]]:
    """An erasure whose entry was recorded and whose texts are still there."""
    _, index = told(server)
    lost = {t.commitment for t in protected_texts(server.service.log.read(index, 1)[0].event)}
    rows = taken_away(server, lost)
    restore(server, rows)
    said = {"logIndex": index, "commandId": "broken", "reason": "she asked for it"}
    payload = erase(server, **said)
    assert codes(payload) == []
    restore(server, rows)
    (fault, *more) = check(server).faults
    assert more == []
    assert fault == (
        f"log index {index}: erased by entry {payload['logIndex']}, and the text is still there: "
        "run `suivi erase`"
    )
    return index, said


def test_an_erasure_that_broke_off_is_done_by_sending_it_again(server: Server) -> None:
    _, said = broken_off(server)
    assert codes(erase(server, **said)) == []
    assert check(server).faults == []


def test_an_erasure_that_broke_off_is_done_by_the_operator_or_the_next_start(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url) as server:
        broken_off(server)
        rows = Store(url).sql(
            "SELECT commitment, salt, content FROM vault WHERE content LIKE 'Ana%'"
        )
    shell = Shell(url, tmp_path)
    assert "run `suivi erase`" in shell.run("check").stdout
    assert "2 texts and files were still there" in shell.ok("erase")
    assert "0 texts and files" in shell.ok("erase")
    assert "all hold" in shell.ok("check")
    with running(url) as server:
        restore(server, rows)
    with running(url) as server:
        until(lambda: check(server).faults == [])


def test_an_erasure_that_readers_hold_up_says_that_it_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "suivi.db"
    with running(f"sqlite:///{place}") as server:
        _, index = told(server)
        monkeypatch.setattr(sqlite, "busy_timeout_seconds", 0.05)
        with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM vault").fetchone()
            payload = erase(server, logIndex=index, commandId="held-up")
            assert codes(payload) == ["UNAVAILABLE"]
            assert "suivi erase" in payload["errors"][0]["message"]
        assert codes(erase(server, logIndex=index, commandId="held-up")) == []
        assert NEEDLE.encode() not in place.read_bytes()
        assert check(server).faults == []


def test_an_erasure_that_names_what_is_not_there_is_found(here: Server) -> None:
    _, index = told(here)
    payload = erase(here, logIndex=index)
    place = here.service.log.url.database
    assert place is not None
    stream = here.service.log.read(index, 1)[0].stream
    assert here.service.log.read(payload["logIndex"], 1)[0].stream == erasure_id(stream, 2)
    changed = f"REPLACE(CAST(payload AS TEXT), '\"erased_entry\":{index},', '\"erased_entry\":0,')"
    with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as connection:
        (kept,) = connection.execute(
            "SELECT payload FROM log_event WHERE log_index = ?", (payload["logIndex"],)
        ).fetchone()
        connection.execute(
            f"UPDATE log_event SET payload = CAST({changed} AS BLOB) WHERE log_index = ?",
            (payload["logIndex"],),
        )
        faults = check(here).faults
        assert f"log index {payload['logIndex']}: what it erased is not where it says" in faults
        connection.execute(
            "UPDATE log_event SET payload = ? WHERE log_index = ?", (kept, payload["logIndex"])
        )
    assert check(here).faults == []


# --- Everything goes on without -------------------------------------------------------------------


def erased_whole(server: Server) -> int:
    """Erases every text of the record but those of files and of erasures; how many entries."""
    some = [
        e.log_index
        for e in server.service.log.read_all()
        if protected_texts(e.event) and not isinstance(e.event, FileStored | TextsErased)
    ]
    for index in some:
        assert codes(erase(server, logIndex=index)) in ([], ["ALREADY_SO"])
    return len(some)


def lived_through(server: Server) -> str:
    """A recommendation from its answer to its report, each step with words; its id."""
    id, _ = told(server)
    said = {"reason": f"{NEEDLE} wrote to us"}
    server.step("coordinator", "assignRecommendation", id, institution="justice", **said)
    server.step("justice", "planImplementation", id, measures=f"a house for {NEEDLE}", **said)
    drafted = server.step("justice", "reportProgress", id, narrative=f"{NEEDLE} was heard", **said)
    assert drafted["recommendation"]["version"] == 5
    server.step("coordinator", "clearProgress", id, report=5, **said)
    data = {"report": 5, "narrative": f"{NEEDLE} was heard"}
    server.step("coordinator", "publishProgress", id, **data, **said)
    server.step("justice", "declareImplemented", id, statement=f"{NEEDLE} has a house", **said)
    server.step("coordinator", "remark", id, words=f"call {NEEDLE}")
    return id


def test_everything_goes_on_when_every_text_is_erased(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'suivi.db'}"
    with running(url) as server:
        id = lived_through(server)
        names = "event { __typename } reason missingTexts erasedBy { logIndex reason }"
        told = f"version history {{ nodes {{ {names} }} }}"
        query = f"query($id: ID!) {{ recommendation(id: $id) {{ {told} }} }}"
        past = query.replace("id: $id)", f"id: $id, asOf: {{logIndex: {server.size() - 1}}})")
        assert NEEDLE in server.post("coordinator", past, id=id).text
        assert erased_whole(server) == 8
        report = check(server)
        assert (report.faults, report.erased) == ([], 13)
        for format in ("csv", "xlsx", "ohchr-matrix", "worklist", "ocel", "xes"):
            asked = {"state": "SVN", "institution": "justice", "cycle": 4}
            told = server.client.get(
                f"/exports/{format}", params=asked, headers=server.headers("coordinator")
            )
            assert told.status_code == 200, told.text
            assert not holds(told.content, NEEDLE), format
            if format == "ohchr-matrix":
                assert holds(told.content, "[erased]")
        history = server.ask("coordinator", query, id=id)["recommendation"]["history"]["nodes"]
        assert all(e["missingTexts"] == [] and e["reason"] is None for e in history)
        then = server.post("coordinator", past, id=id)
        assert ("errors" in then.json(), NEEDLE in then.text) == (False, False)
        server.step("coordinator", "closeRecommendation", id, closing="CARRIED_OUT", reason="done")
        server.service.feed.rebuild()
        assert check(server).faults == []
    shell = Shell(url, tmp_path)
    assert NEEDLE not in shell.ok("export", "--format", "jsonl")
    shell.ok("replay", "--check")
    shell.ok("rebuild")
    assert "all hold" in shell.ok("check")


def holds(content: bytes, words: str) -> bool:
    """True if a file, or what is packed in it, holds these words."""
    parts = [content]
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = [packed.read(name) for name in packed.namelist()]
    return any(words.encode() in part for part in parts)


def test_a_text_that_was_lost_is_exported_as_missing(here: Server) -> None:
    id = lived_through(here)
    stream = here.service.log.history([read_id(id)])
    lost = {t.commitment for e in stream for t in protected_texts(e.event)}
    kept = taken_away(here, lost)
    told = here.client.get(
        "/exports/ohchr-matrix?state=SVN&cycle=4", headers=here.headers("coordinator")
    )
    restore(here, kept)
    assert holds(told.content, "[missing]")
    assert not holds(told.content, "[erased]")


def test_an_approval_whose_words_are_erased_counts_no_more(sqlite_url: str) -> None:
    with running(sqlite_url) as server:
        adopted(server, published(server, PROCEDURE))
        for name in ("second", "third"):
            server.grant(name, "coordinator", "mfa")
        id = planned(server)
        server.step("labour", "reportProgress", id, narrative="Ten houses stand.")
        server.step("coordinator", "clearProgress", id, report=server.version(id))
        said = {"report": 4, "narrative": "Ten houses stand."}
        approved = server.step("second", "approveStep", id, step="publish-progress", data=said)
        assert codes(erase(server, logIndex=approved["logIndex"])) == []
        assert refusal(server, "third", "publishProgress", id, **said) == "FOUR_EYES"
        server.step("second", "approveStep", id, step="publish-progress", data=said)
        server.step("third", "publishProgress", id, **said)
        assert check(server).faults == []


def test_a_finding_that_was_erased_does_not_come_back_with_its_file(office: Office) -> None:
    assert bring(office, HEADING, ROW).changed == 1
    (entry,) = [e for e in office.service.log.read_all() if isinstance(e.event, Assessed)]
    assert entry.log_index is not None
    coordinator = principal()
    command = Command.of("erase", coordinator, "erase")
    said = stamp("erase", reason="she asked for it")
    desk = office.service.desk
    taken = erasing.erase(desk, coordinator, command, Place(entry.log_index), None, said)
    assert taken.appended.count == 1
    again = bring(office, HEADING, ROW)
    assert (again.same, again.events) == (1, 0)
    texts = protected_texts(office.service.log.read(entry.log_index, 1)[0].event)
    assert office.service.log.still_there(str(text.commitment) for text in texts) == []
