"""For whom a key speaks, by what authority, and which persons a system may name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from domain.entry import Authority, AuthorityKind
from tests.server import A_RECOMMENDATION, Server, running

SPOKE = """query($id: ID!) { recommendation(id: $id) { history { nodes {
    institution onBehalfOf actor system authority { kind reference }
    grantedBy { kind reference } } } } }"""
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
    history = server.ask("auditor", SPOKE, id=id)["recommendation"]["history"]["nodes"]
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


# --- Persons -------------------------------------------------------------------------------------

SYSTEM: dict[str, Any] = {"addressees": ("SVN",), "actor": None, "system": "case-desk"}
PERSONS = """query($of: [String!]) { persons(addressee: ["SVN"], institution: $of) {
    nodes { person institutionCode registered history { nodes { event { __typename } } } } } }"""


def say(server: Server, who: str, mutation: str, institution: str, person: str) -> list[str]:
    """The codes with which a person is not registered or retired."""
    query = f"""mutation($input: PersonInput!) {{ {mutation}(input: $input) {{
        errors {{ code message }} }} }}"""
    said = {"addressee": "SVN", "institution": institution, "person": person}
    payload = server.ask(who, query, input={**said, "commandId": uuid4().hex})[mutation]
    return [error["code"] for error in payload["errors"]]


def codes(server: Server, who: str, **said: Any) -> list[str]:
    """The codes with which a recommendation is not received."""
    said = {**A_RECOMMENDATION, "paragraph": uuid4().hex[:8], **said}
    payload = server.take(who, "receiveRecommendation", **said)
    return [error["code"] for error in payload["errors"]]


def test_a_system_names_only_persons_who_are_registered(here: Server) -> None:
    here.grant("desk", "clerk", "archive", **SYSTEM)
    size = here.size()
    payload = here.take("desk", "receiveRecommendation", **A_RECOMMENDATION, actor="p-ghost")
    (error,) = payload["errors"]
    assert error["code"] == "UNKNOWN_PERSON"
    assert "registerPerson" in error["message"]
    assert "suivi person register “p-ghost” --addressee SVN" in error["message"]
    assert here.size() == size
    assert say(here, "coordinator", "registerPerson", "archive", "p-novak") == []
    assert codes(here, "desk", actor="p-novak") == []
    assert codes(here, "desk") == [], "a system may stand alone"
    assert say(here, "coordinator", "registerPerson", "justice", "p-other") == []
    assert codes(here, "desk", actor="p-other") == ["UNKNOWN_PERSON"], "another institution's"


def test_a_person_who_has_left_is_named_no_more_and_what_was_done_stays(here: Server) -> None:
    here.grant("old desk", "clerk", "archive", **SYSTEM)
    assert say(here, "coordinator", "registerPerson", "archive", "p-leaver") == []
    assert say(here, "coordinator", "registerPerson", "archive", "p-leaver") == ["ALREADY_SO"]
    said = {**A_RECOMMENDATION, "paragraph": "9.1", "actor": "p-leaver", "commandId": "by-leaver"}
    first = here.take("old desk", "receiveRecommendation", **said)
    assert first["errors"] == []
    assert say(here, "coordinator", "retirePerson", "archive", "p-leaver") == []
    assert say(here, "coordinator", "retirePerson", "archive", "p-leaver") == ["ALREADY_SO"]
    assert codes(here, "old desk", actor="p-leaver") == ["UNKNOWN_PERSON"]
    assert here.take("old desk", "receiveRecommendation", **said) == first, "it was done before"
    assert say(here, "coordinator", "registerPerson", "archive", "p-leaver") == []
    assert codes(here, "old desk", actor="p-leaver") == []


def test_a_system_does_not_vouch_for_the_persons_it_names(here: Server) -> None:
    here.grant("follow-up desk", "coordinator", "mfa", **SYSTEM)
    assert say(here, "follow-up desk", "registerPerson", "mfa", "p-invented") == ["FORBIDDEN"]
    for who in ("clerk", "justice", "auditor", "reader"):
        assert say(here, who, "registerPerson", "mfa", "p-invented") == ["FORBIDDEN"]
    assert say(here, "administrator", "registerPerson", "mfa", "p-real") == []
    here.grant("of another State", "coordinator", "mfa", addressees=("HRV",))
    assert say(here, "of another State", "registerPerson", "mfa", "p-7") == ["FORBIDDEN"]
    assert say(here, "coordinator", "registerPerson", "nobody's", "p-7") == ["UNKNOWN_INSTITUTION"]


def test_a_system_of_no_state_names_no_person(here: Server) -> None:
    here.grant("for all", "clerk", "archive", **{**SYSTEM, "addressees": ()})
    assert codes(here, "for all", actor="p-novak") == ["FORBIDDEN"]
    assert codes(here, "for all") == []


def test_who_works_for_an_institution_is_for_the_states_own(here: Server) -> None:
    assert say(here, "coordinator", "registerPerson", "labour", "p-1") == []
    for who in ("coordinator", "clerk", "justice", "auditor"):
        (told,) = here.ask(who, PERSONS, of=["labour"])["persons"]["nodes"]
        assert (told["person"], told["institutionCode"], told["registered"]) == (
            "p-1",
            "labour",
            True,
        )
        (entry,) = told["history"]["nodes"]
        assert entry["event"]["__typename"] == "PersonRegistered"
    assert here.ask("reader", PERSONS, of=["labour"])["persons"]["nodes"] == []
