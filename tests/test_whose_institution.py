"""An institution's code means something within a State only: a key that names no State speaks for
no institution, and what it may still do is safe."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from domain import credential
from domain.credential import Holder
from domain.entry import Authority, AuthorityKind, Entry, Stamp, Visibility
from domain.refusals import InvalidInput
from tests.server import Server, running
from workflows import keys
from workflows.keys import create_key

MANDATE = Authority(kind=AuthorityKind.MANDATE, reference="Decree 1/2024")
BEFORE = "granted before"
HISTORY = """query($id: ID!) { recommendation(id: $id) {
    history { nodes { event { __typename } } } } }"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('whose') / 'suivi.db'}") as served:
        for name in ("moj", "clerk", "coordinator"):
            role = "focal-point" if name == "moj" else name
            served.keys[f"{name} of before"] = _of_before(served, role, "justice")
        yield served


def _of_before(server: Server, role: str, institution: str) -> str:
    """A key as it was granted before keys had to name their State."""
    key, id = keys.KEY_PREFIX + secrets.token_urlsafe(32), uuid4()
    stamp = Stamp(command=uuid4().hex, speaker=keys.operator(), visibility=Visibility.INTERNAL)
    holder = Holder(role=role, institution=institution, authority=MANDATE, actor="p-before")
    event = credential.grant(stamp, keys.digest(key), holder)
    server.service.log.append(stamp.command, id.bytes, [Entry(id, 1, "", event)])
    return key


def _assigned(server: Server) -> str:
    it = server.receive()
    server.step("coordinator", "assignRecommendation", it, institution="justice")
    return it


def _read(server: Server, who: str, id: str) -> list[str]:
    """The kinds of entries that somebody reads in a history."""
    found = server.ask(who, HISTORY, id=id)["recommendation"]
    return [entry["event"]["__typename"] for entry in found["history"]["nodes"]] if found else []


def _codes(server: Server, who: str, mutation: str, id: str, **said: Any) -> set[str]:
    version = server.version(id, who)
    payload = server.take(who, mutation, id=id, expectedVersion=version, **said)
    return {error["code"] for error in payload["errors"]}


def test_a_focal_points_key_names_its_state(server: Server) -> None:
    with pytest.raises(InvalidInput, match="--addressee SVN"):
        create_key(
            server.service.log,
            role="focal-point",
            institution="justice",
            actor="p-7",
            system=None,
            authority=None,
        )


def test_a_code_that_names_no_state_declares_nothing_implemented(server: Server) -> None:
    it = _assigned(server)
    assert _codes(server, "moj of before", "declareImplemented", it) == {"FORBIDDEN"}
    assert server.step("justice", "declareImplemented", it)


@pytest.mark.parametrize("who", ["moj of before", "clerk of before"])
def test_a_code_that_names_no_state_reads_no_institutions_draft(server: Server, who: str) -> None:
    it = _assigned(server)
    server.step("justice", "reportProgress", it, narrative="a draft")
    assert "ProgressDrafted" in _read(server, "justice", it)
    assert "ProgressDrafted" not in _read(server, who, it)


def test_a_focal_point_of_no_state_reads_what_is_public(server: Server) -> None:
    it = server.receive(visibility="INTERNAL")
    assert _read(server, "justice", it)
    assert not _read(server, "moj of before", it)


def test_another_states_ministry_of_the_same_code_reads_no_draft(server: Server) -> None:
    it = _assigned(server)
    server.step("justice", "reportProgress", it, narrative="a draft")
    server.grant("XAA justice", "focal-point", "justice", addressees=("XAA",))
    assert not _read(server, "XAA justice", it)


def test_a_coordinator_of_all_writes_over_no_institutions_draft(server: Server) -> None:
    it = _assigned(server)
    drafted = server.step("justice", "reportProgress", it, narrative="a draft")
    report = drafted["entries"][-1]["version"]
    said = {"report": report, "narrative": "another"}
    assert _codes(server, "coordinator of before", "reportProgress", it, **said) == {"FORBIDDEN"}


def test_who_speaks_for_no_institution_declares_no_absence_of_one(server: Server) -> None:
    for who in ("moj of before", "clerk of before", "coordinator of before"):
        payload = server.ask(
            who,
            """mutation($input: DeclareAbsenceInput!) { declareAbsence(input: $input) {
            errors { code } } }""",
            input={
                "commandId": uuid4().hex,
                "addressee": "SVN",
                "absent": "p-justice",
                "substitute": "p-before",
                "since": "2026-01-01",
                "until": "2036-01-01",
            },
        )["declareAbsence"]
        assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"], who


def test_who_speaks_for_no_institution_claims_no_task_of_one(server: Server) -> None:
    it = _assigned(server)
    task = "query($id: ID!) { recommendation(id: $id) { tasks { name } } }"
    names = [t["name"] for t in server.ask("coordinator", task, id=it)["recommendation"]["tasks"]]
    assert names
    for name in names:
        assert _codes(server, "moj of before", "claimTask", it, task=name) == {"FORBIDDEN"}
        assert _codes(server, "clerk of before", "claimTask", it, task=name) == {"FORBIDDEN"}


def test_an_institution_that_only_a_key_of_no_state_names_is_assigned_nothing(
    server: Server,
) -> None:
    server.keys["x"] = _of_before(server, "coordinator", "nowhere")
    it = server.receive()
    found = _codes(server, "coordinator", "assignRecommendation", it, institution="nowhere")
    assert found == {"UNKNOWN_INSTITUTION"}
