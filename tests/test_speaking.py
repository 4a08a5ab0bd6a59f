"""For whom a key speaks, by what authority, and which persons a system may name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain.entry import Authority, AuthorityKind
from tests.server import Server, running

SPOKE = """query($id: ID!) { recommendation(id: $id) { history { institution onBehalfOf actor system
    authority { kind reference } grantedBy { kind reference } } } }"""
ORDER = Authority(kind=AuthorityKind.DECISION, reference="Minister's order 4/2020")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}") as served:
        for name, more in {
            "minister": {"authority": ORDER},
            "prisons": {"represents": ("prison-service",)},
        }.items():
            served.grant(name, "focal-point", "justice", addressees=("SVN",), **more)
        yield served


def assigned(server: Server) -> str:
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="justice")
    return id


def error(server: Server, who: str, mutation: str, id: str, **said: Any) -> tuple[str, str]:
    """Code and message of what a step is refused with."""
    said = {"id": id, "expectedVersion": server.version(id), **said}
    (error,) = server.take(who, mutation, **said)["errors"]
    return error["code"], error["message"]


def last(server: Server, id: str) -> dict[str, Any]:
    history = server.ask("auditor", SPOKE, id=id)["recommendation"]["history"]
    return history[-1]  # type: ignore[no-any-return]


def test_a_ministry_does_not_speak_for_the_ombudsman(here: Server) -> None:
    id, said = assigned(here), {"onBehalfOf": "ombudsman"}
    cited = {**said, "source": {"document": "Annual report 2023"}}
    for claimed in (said, cited):
        code, message = error(here, "justice", "declareImplemented", id, **claimed)
        assert code == "FORBIDDEN"
        assert "--represents “ombudsman”" in message
    here.step("justice", "declareImplemented", id, onBehalfOf="justice")
    assert last(here, id)["onBehalfOf"] == "justice"


def test_a_key_speaks_for_those_that_its_grant_names(here: Server) -> None:
    id = assigned(here)
    here.step("prisons", "declareImplemented", id, onBehalfOf="prison-service")
    told = last(here, id)
    assert (told["institution"], told["onBehalfOf"]) == ("justice", "prison-service")


def test_what_was_recorded_gives_its_result_whatever_is_refused_today(here: Server) -> None:
    id = assigned(here)
    said = {"id": id, "expectedVersion": 2, "commandId": "declared"}
    first = here.take("justice", "declareImplemented", **said)
    assert first["errors"] == []
    other = here.take("justice", "declareImplemented", **said, onBehalfOf="ombudsman")
    assert [error["code"] for error in other["errors"]] == ["COMMAND_REUSED"]
    assert here.take("justice", "declareImplemented", **said) == first


@pytest.mark.parametrize("who", ["coordinator", "clerk"])
def test_what_others_have_said_is_entered_with_its_source(here: Server, who: str) -> None:
    id = here.receive()
    said = {"organ": "ADDENDUM", "instrument": "A/1/Add.1", "onBehalfOf": "government"}
    code, message = error(here, who, "acceptRecommendation", id, **said)
    assert code == "FORBIDDEN"
    assert "in `source` where government has said it" in message
    here.step(who, "acceptRecommendation", id, **said, source={"document": "A/1/Add.1"})
    assert last(here, id)["onBehalfOf"] == "government"


def test_no_authority_goes_further_than_that_of_the_key(here: Server) -> None:
    id = assigned(here)
    mandate = {"kind": "MANDATE", "reference": "the constitution"}
    code, message = error(here, "minister", "declareImplemented", id, authority=mandate)
    assert code == "FORBIDDEN"
    assert ORDER.reference in message
    decision = {"kind": "DECISION", "reference": "Minister's note 118/2023"}
    here.step("minister", "declareImplemented", id, authority=decision)
    told = last(here, id)
    assert told["authority"] == decision
    assert told["grantedBy"] == {"kind": "DECISION", "reference": ORDER.reference}
    here.step("justice", "declareImplemented", id)
    assert last(here, id)["grantedBy"] is None
