"""Command ids: they belong to whom a key speaks for, and tell nobody else anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from api.checking import check_all
from domain.refusals import CommandReused
from tests.given import principal, received
from tests.server import STORES, Server, running, store
from tests.test_log import Store
from tests.test_steps import item, take_all
from workflows.access import Principal
from workflows.desk import Command, Desk
from workflows.keys import revoke_key
from workflows.log import Log

STATES = {"arvenia": "XAA", "borduria": "XBB"}


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with store(request, tmp_path_factory) as url, running(url) as served:
        for name, addressee in STATES.items():
            granted(served, name, addressees=(addressee,))
        yield served


@pytest.fixture
def log(sqlite_url: str) -> Iterator[Log]:
    held = Log(sqlite_url)
    yield held
    held.close()


def granted(server: Server, name: str, **more: Any) -> None:
    """The key of a State's own system, which all States call alike."""
    server.grant(name, "coordinator", "mfa", actor=None, system="case-desk", **more)


def of(server: Server, who: str, command: str, **said: Any) -> dict[str, Any]:
    """The payload of a recommendation received by a State's system under this command id."""
    said = {"addressee": STATES[who], "commandId": command, "symbol": "A/HRC/59/15", **said}
    return server.received(who, **said)


def check(server: Server) -> list[str]:
    return check_all(server.service, lambda what, done, total: None).faults


def test_two_states_use_equal_ids_side_by_side(server: Server) -> None:
    first, second = (of(server, who, "answer-1", paragraph="1.1") for who in STATES)
    assert first["logIndex"] != second["logIndex"]
    assert [it["entries"][0]["commandId"] for it in (first, second)] == ["answer-1"] * 2
    again = of(server, "borduria", "answer-1", paragraph="1.1")
    assert again["logIndex"] == second["logIndex"]
    assert check(server) == []


def test_one_states_id_does_not_block_anothers_bulk(server: Server) -> None:
    ids = {
        who: [of(server, who, uuid4().hex)["recommendation"]["id"] for _ in range(3)]
        for who in STATES
    }
    of(server, "arvenia", "decree-44/2", paragraph="44.2")
    for who in ("borduria", "arvenia"):
        done = take_all(
            server,
            *(item(id) for id in ids[who]),
            who=who,
            commandId="decree-44",
            step="strike",
            data={"correction": "entered-in-error", "version": 1},
        )
        told = [[e["code"] for e in one["errors"]] for one in done["results"]]
        own = [] if who == "borduria" else ["COMMAND_REUSED"]
        assert [codes == ["COMMAND_REUSED"] for codes in told] == [False, bool(own), False], told


def test_a_foreign_id_answers_as_one_that_nobody_has_used(server: Server) -> None:
    of(server, "arvenia", "secret-7", paragraph="7.1")
    said = {"addressee": "XAA", "mechanism": "UPR", "body": "UPR", "language": "en", "parts": []}
    told = [
        server.take("borduria", "receiveRecommendation", commandId=id, **said)["errors"]
        for id in ("secret-7", uuid4().hex)
    ]
    assert told[0] == told[1]
    assert told[0]


def test_an_id_of_ones_own_with_another_request_is_refused(server: Server) -> None:
    of(server, "arvenia", "mine-1", paragraph="8.1")
    said = {"addressee": "XAA", "mechanism": "UPR", "body": "UPR", "language": "en", "parts": []}
    (error,) = server.take("arvenia", "receiveRecommendation", commandId="mine-1", **said)["errors"]
    assert error["code"] == "COMMAND_REUSED"


def test_a_holders_next_key_gets_the_first_result(server: Server) -> None:
    first = of(server, "arvenia", "rotated-1", paragraph="9.1")
    granted(server, "arvenia", addressees=("XAA",))  # the same holder's next key
    assert of(server, "arvenia", "rotated-1", paragraph="9.1")["logIndex"] == first["logIndex"]


def test_an_import_started_again_with_the_holders_next_key_is_the_same_job(server: Server) -> None:
    table = b"addressee,text,document,paragraph\nXAA,Ratify it,A/HRC/1/1,1.1\n"
    query = """mutation($input: StartImportInput!) { startImport(input: $input) {
        job { uuid } errors { code message } } }"""

    def start(file: str) -> str:
        input = {"commandId": "import-1", "file": file, "format": "TABLE", "state": "XAA"}
        told = server.ask("arvenia", query, input=input)["startImport"]
        assert told["errors"] == []
        return str(told["job"]["uuid"])

    put = server.client.put(
        "/files?addressee=XAA&name=t.csv", content=table, headers=server.headers("arvenia")
    )
    first = start(put.json()["id"])
    granted(server, "arvenia", addressees=("XAA",))
    assert start(put.json()["id"]) == first
    follow = "query($uuid: String!) { importJob(uuid: $uuid) { uuid } }"
    assert server.ask("arvenia", follow, uuid=first)["importJob"] == {"uuid": first}


def test_no_command_id_keeps_a_key_from_being_revoked(server: Server) -> None:
    lost = server.grant("lost", "reader", "press")
    of(server, "arvenia", f"revoke-key:{lost}", paragraph="10.1")
    revoke_key(server.service.log, UUID(lost))
    assert server.service.principal(server.keys["lost"]) is None
    assert check(server) == []


# --- Logs of before -------------------------------------------------------------------------------


def as_before(id: str, by: Principal, request: object) -> Command:
    """A command as the log had it when ids were one space for all keys. Frozen."""
    written = msgspec.json.encode([by.key, request], order="sorted")
    return Command(id, hashlib.sha256(written).digest(), id)


def test_a_command_of_before_gives_its_first_result_and_blocks_nobody_else(log: Log) -> None:
    desk = Desk(log)
    mine, other = principal(), msgspec.structs.replace(principal(), key=uuid4(), actor="p-2")
    first = desk.append(as_before("c-1", mine, "one"), [received("1.1", command="c-1")])
    again = desk.repeated(Command.of("c-1", mine, "one"))
    assert again is not None
    assert (again.appended.first, again.appended.repeated) == (first.appended.first, True)
    assert desk.repeated(Command.of("c-1", other, "one")) is None
    desk.append(Command.of("c-1", other, "one"), [received("1.2", command="c-1")])
    assert log.size == 2
    with pytest.raises(CommandReused):
        desk.repeated(Command.of("c-1", other, "two"))


def test_a_log_with_commands_of_before_and_since_holds(sqlite_url: str) -> None:
    with running(sqlite_url) as server:
        server.receive()
        log, store = server.service.log, Store(sqlite_url)
        log_index = log.size - 1
        store.sql(f"UPDATE log_command SET id = 'old-1' WHERE first = {log_index}")
        assert check(server) == [
            f"log index {log_index}: another command has recorded it than it says"
        ]
        said = log.read(log_index)[0].stamp.command
        store.sql(f"UPDATE log_command SET id = '{said}' WHERE id = 'old-1'")
        server.receive()
        assert check(server) == []
        store.sql("UPDATE log_command SET count = 2 WHERE first = 0")
        store.sql(f"DELETE FROM log_command WHERE first = {log_index}")
        assert check(server) == [
            "log index 1: another command has recorded it than it says",
            "log index 1: more than one command has recorded it",
            f"log index {log_index}: no command has recorded it",
        ]
