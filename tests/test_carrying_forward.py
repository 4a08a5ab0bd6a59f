"""At a review's close each open case is decided: continued, succeeded, or closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.derive import read_id
from tests.server import STORES, Server, running, store
from tests.test_register_api import done, on
from tests.test_register_api import take as take_register

DECIDE = """mutation($input: DecideCasesInput!) { decideCases(input: $input) { logIndex
    errors { code message }
    results { caseId ok logIndex recommendation { id version closed continuedInto states }
        entries { recommendationId logIndex commandId reason visibility event { __typename
            ... on Linked { type toRecommendation } ... on Closed { closing }
            ... on Continued { intoCycle } } }
        foreseen { version states } errors { code message currentVersion } } } }"""
LINEAGE = """query($id: ID!) { recommendation(id: $id) {
    closed lineage { type direction recommendation { id } } } }"""
UNDECIDED = """query($review: ID!) { recommendations(where: {undecided: true, review: [$review]}) {
    totalCount nodes { id version } } }"""
CLOSE = """mutation($input: RegisterInput!) { closeReview(input: $input) {
    undecided node { ... on Review { id version } } errors { code } } }"""


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with store(request, tmp_path_factory) as url, running(url) as served:
        yield served


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite, for what happens above the store."""
    with running(f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}") as served:
        yield served


def decide(server: Server, *decisions: dict[str, Any], **said: Any) -> dict[str, Any]:
    """The payload of decisions, taken or refused."""
    who = said.pop("who", "coordinator")
    input = {"commandId": uuid4().hex, "decisions": list(decisions), **said}
    return server.ask(who, DECIDE, input=input)["decideCases"]  # type: ignore[no-any-return]


def case(id: str, decision: str, version: int = 1, **said: Any) -> dict[str, Any]:
    return {"id": id, "expectedVersion": version, "decision": decision, **said}


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


def lineage(server: Server, id: str, who: str = "reader") -> dict[str, Any]:
    return server.ask(who, LINEAGE, id=id)["recommendation"]  # type: ignore[no-any-return]


# --- A review is closed, and what it leaves open is decided ---------------------------------------


def test_a_review_is_closed_and_every_case_it_leaves_open_is_decided(server: Server) -> None:
    upr = {"addressee": "EST", "mechanism": "UPR", "body": "UPR", "cycle": 3}
    held = done(server, "openReview", **upr)
    asked = {**upr, "symbol": "A/HRC/48/7"}
    ids = [server.receive(**asked) for _ in range(5)]
    for id in ids:
        server.step("coordinator", "acceptRecommendation", id, organ="ADDENDUM")
    new = server.receive(**{**asked, "cycle": 4, "symbol": "A/HRC/60/2"})
    server.step("coordinator", "closeRecommendation", ids[4], closing="CARRIED_OUT", reason="a law")

    input = {"commandId": uuid4().hex, **on(held)}
    closed = server.ask("coordinator", CLOSE, input=input)["closeReview"]
    assert (closed["errors"], closed["undecided"]) == ([], 4), "paragraphs; one was closed before"
    listed = server.ask("coordinator", UNDECIDED, review=held["id"])["recommendations"]
    assert {node["id"] for node in listed["nodes"]} == set(ids[:4])

    payload = decide(
        server,
        case(ids[0], "CONTINUE", 2),
        case(ids[1], "SUCCEEDED", 2, successor=new),
        case(ids[2], "SUCCEEDED", 2, successor=new, linkType="BROADENS", reason="wider"),
        case(ids[3], "CLOSE", 2, closing="NOT_PURSUED", reason="noted"),
        commandId=f"close-{uuid4().hex[:8]}",
        review=held["id"],
        reason="the cycle ended",
        effectiveOn="2026-11",
    )
    assert payload["errors"] == []
    results = payload["results"]
    assert [codes(r) for r in results] == [[], [], [], []]
    assert [[e["event"]["__typename"] for e in r["entries"]] for r in results] == [
        *(["Continued"], ["Linked", "Closed"], ["Linked", "Closed"], ["Closed"])
    ]
    assert results[0]["recommendation"]["continuedInto"] == 4
    link, end = results[2]["entries"]
    said = {"type": "BROADENS", "toRecommendation": ids[2]}
    assert (link["event"], link["recommendationId"]) == ({"__typename": "Linked", **said}, new)
    assert (end["event"]["closing"], end["recommendationId"]) == ("SUCCEEDED", ids[2])
    assert (link["commandId"], link["reason"]) == (end["commandId"], end["reason"])
    assert (link["reason"], results[1]["entries"][0]["reason"]) == ("wider", "the cycle ended")
    assert end["logIndex"] == link["logIndex"] + 1, "one append over both"
    assert lineage(server, ids[1])["lineage"] == [
        {"type": "SUCCEEDS", "direction": "LATER", "recommendation": {"id": new}}
    ]
    assert len(lineage(server, new)["lineage"]) == 2, "one may succeed several"
    listed = server.ask("coordinator", UNDECIDED, review=held["id"])["recommendations"]
    assert listed["totalCount"] == 0


def test_decisions_sent_again_give_their_first_results(server: Server) -> None:
    earlier, later = server.receive(cycle=3), server.receive(cycle=4)
    said = {"commandId": uuid4().hex, "reason": "the cycle ended"}
    one = case(earlier, "SUCCEEDED", successor=later)
    first = decide(server, one, **said)
    size = server.size()
    assert decide(server, one, **said)["results"] == first["results"]
    assert server.size() == size
    other = decide(server, {**one, "linkType": "REPEATS"}, **said)
    assert codes(other["results"][0]) == ["COMMAND_REUSED"]


def test_a_link_that_is_there_already_is_not_said_twice(server: Server) -> None:
    earlier, later = server.receive(cycle=3), server.receive(cycle=4)
    server.step("clerk", "linkRecommendation", later, type="SUCCEEDS", to=earlier)
    (result,) = decide(server, case(earlier, "SUCCEEDED", successor=later), reason="r")["results"]
    assert [e["event"]["__typename"] for e in result["entries"]] == ["Closed"]


def test_decisions_can_be_tried_out(here: Server) -> None:
    earlier, later = here.receive(cycle=3), here.receive(cycle=4)
    size = here.size()
    payload = decide(
        here,
        case(earlier, "SUCCEEDED", successor=later),
        case(later, "CONTINUE", 2),
        case(earlier, "CONTINUE", 2),
        reason="r",
        dryRun=True,
    )
    first, second, third = payload["results"]
    assert "record.closed" in first["foreseen"]["states"]
    assert (second["ok"], second["foreseen"]["version"]) == (True, 3), "it was linked before"
    assert codes(third) == ["STEP_NOT_OPEN"], "it was closed before"
    assert here.size() == size


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"decision": "CLOSE"}, "give `closing`"),
        ({"decision": "CLOSE", "closing": "SUCCEEDED"}, "decide SUCCEEDED"),
        ({"decision": "CLOSE", "closing": "WITHDRAWN", "cycle": 5}, "leave `cycle` out"),
        ({"decision": "CLOSE", "closing": "WITHDRAWN", "reason": " "}, "needs a reason"),
        ({"decision": "SUCCEEDED"}, "give `successor`"),
        ({"decision": "SUCCEEDED", "successor": "same cycle"}, "of a later cycle"),
        ({"decision": "SUCCEEDED", "successor": "earlier"}, "of a later cycle"),
        ({"decision": "SUCCEEDED", "successor": "elsewhere"}, "of the same addressee"),
        ({"decision": "SUCCEEDED", "successor": "itself"}, "later cycle"),
        ({"decision": "CONTINUE", "linkType": "REPEATS"}, "leave `linkType` out"),
        ({"decision": "CONTINUE", "cycle": 4}, "continue it into a later one"),
    ],
)
def test_a_decision_that_says_too_little_too_much_or_what_can_not_be_is_refused(
    here: Server, said: dict[str, Any], words: str
) -> None:
    id = here.receive(cycle=4)
    named = {
        "same cycle": lambda: here.receive(cycle=4),
        "earlier": lambda: here.receive(cycle=3),
        "elsewhere": lambda: here.receive(cycle=5, addressee="HRV"),
        "itself": lambda: id,
    }
    if said.get("successor") in named:
        said = {**said, "successor": named[said["successor"]]()}
    size = here.size()
    (result,) = decide(here, {**case(id, "CLOSE"), **said})["results"]
    assert codes(result) == ["INVALID_INPUT"]
    assert words in result["errors"][0]["message"]
    assert here.size() == size


def test_where_there_is_no_cycle_a_decision_says_into_which(here: Server) -> None:
    id = here.receive(cycle=None, mechanism="SPECIAL_PROCEDURE", body="SR Housing")
    (result,) = decide(here, case(id, "CONTINUE"))["results"]
    assert "say into which `cycle`" in result["errors"][0]["message"]
    (result,) = decide(here, case(id, "CONTINUE", cycle=2))["results"]
    assert result["recommendation"]["continuedInto"] == 2


def test_cycles_of_different_bodies_are_not_compared(here: Server) -> None:
    earlier = here.receive(cycle=8, mechanism="TREATY_BODY", body="CEDAW")
    later = here.receive(cycle=4)
    (result,) = decide(here, case(earlier, "SUCCEEDED", successor=later), reason="r")["results"]
    assert result["errors"] == []


def test_a_case_of_another_review_is_refused_and_one_continued_into_it_is_not(here: Server) -> None:
    upr = {"mechanism": "UPR", "body": "UPR"}
    fourth = done(here, "openReview", addressee="SVN", **upr, cycle=4)
    continued, other = here.receive(cycle=3), here.receive(cycle=2)
    here.step("coordinator", "continueRecommendation", continued, cycle=4)
    elsewhere = here.receive(cycle=4, addressee="HRV")
    payload = decide(
        here,
        case(continued, "CONTINUE", 2),
        case(other, "CONTINUE"),
        case(elsewhere, "CONTINUE"),
        review=fourth["id"],
    )
    assert [codes(r) for r in payload["results"]] == [[], ["INVALID_INPUT"], ["INVALID_INPUT"]]
    assert payload["results"][0]["recommendation"]["continuedInto"] == 5
    payload = decide(here, case(other, "CONTINUE"), review=other)
    assert (codes(payload), payload["results"]) == (["INVALID_INPUT"], [])


def test_neither_half_is_recorded_where_one_is_refused(here: Server) -> None:
    earlier, later = here.receive(cycle=3), here.receive(cycle=4)
    size = here.size()
    one = case(earlier, "SUCCEEDED", successor=later)
    (clerk,) = decide(here, one, who="clerk", reason="r")["results"]
    assert codes(clerk) == ["FORBIDDEN"], "a clerk links and does not close"
    (stale,) = decide(here, {**one, "expectedVersion": 2}, reason="r")["results"]
    assert (codes(stale), stale["errors"][0]["currentVersion"]) == (["STALE_VERSION"], 1)
    (silent,) = decide(here, one)["results"]
    assert codes(silent) == ["INVALID_INPUT"], "closing needs a reason"
    assert here.size() == size
    assert lineage(here, later)["lineage"] == []


def test_what_is_not_for_the_speaker_is_neither_decided_nor_a_successor(here: Server) -> None:
    here.grant("croatian", "coordinator", "mfa-hr", addressees=("HRV",))
    earlier, later = here.receive(cycle=3), here.receive(cycle=4)
    mine = here.receive(cycle=3, addressee="HRV")
    payload = decide(
        here,
        case(earlier, "CONTINUE"),
        case(mine, "SUCCEEDED", successor=later),
        case(mine, "CONTINUE"),
        who="croatian",
        reason="r",
    )
    assert [codes(r) for r in payload["results"]] == [["NOT_FOUND"], ["NOT_FOUND"], []]


@pytest.mark.parametrize("who", ["clerk", "justice", "auditor", "reader", "administrator"])
def test_only_a_coordinator_decides(here: Server, who: str) -> None:
    id = here.receive(cycle=3)
    closing = {"closing": "WITHDRAWN", "reason": "r"}
    for one in (case(id, "CONTINUE"), case(id, "CLOSE", **closing)):
        (result,) = decide(here, one, who=who)["results"]
        assert codes(result) == ["FORBIDDEN"]


def test_a_successor_that_another_reached_first_is_linked_all_the_same(here: Server) -> None:
    """Nobody has to have seen the successor's version: it is read again."""
    earlier, later = here.receive(cycle=3), here.receive(cycle=4)
    desk = here.service.desk
    load, met = desk.log.append_all, []

    def overtaken(requests: Any) -> Any:
        if not met and len(requests[0][2]) == 2:
            met.append(True)
            here.step("clerk", "identifyRecommendation", later, scheme="national", value="N-7")
        return load(requests)

    desk.log.append_all = overtaken  # type: ignore[method-assign]
    try:
        (result,) = decide(here, case(earlier, "SUCCEEDED", successor=later), reason="r")["results"]
    finally:
        del desk.log.append_all
    assert (codes(result), met) == ([], [True])
    history = desk.log.history([read_id(later)])
    assert [type(e.event).__name__ for e in history] == ["Received", "Identified", "Linked"]
    desk.log.reveal(text for text in [history[-1].stamp.reason] if text)
    assert history[-1].stamp.reason is not None
    assert history[-1].stamp.reason.text == "r", "sealed with the attempt that was recorded"


def test_closing_a_review_that_is_refused_counts_nothing(here: Server) -> None:
    held = done(here, "openReview", addressee="SVN", mechanism="UPR", body="UPR", cycle=1)
    assert take_register(here, "coordinator", "closeReview", **on(held))["errors"] == []
    input = {"commandId": uuid4().hex, "id": held["id"], "expectedVersion": 2}
    again = here.ask("coordinator", CLOSE, input=input)["closeReview"]
    assert (again["undecided"], codes(again)) == (None, ["ALREADY_SO"])
