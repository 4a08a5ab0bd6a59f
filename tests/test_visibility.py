"""Who may read what a step records: nothing that nobody has cleared is public, and what everybody
reads is hidden from nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain.entry import NARROWNESS, Visibility
from tests.server import Server, running
from tests.test_register_api import done, on, report, take, upload
from workflows.step_table import STEPS
from workflows.visibility import allowed, usual

WORDS = "uncleared words of the ministry"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}") as served:
        yield served


def assigned(server: Server) -> str:
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="justice")
    return id


def now(server: Server, id: str, **said: Any) -> dict[str, Any]:
    """A step on a recommendation as it stands."""
    return {"id": id, "expectedVersion": server.version(id), **said}


def refused(payload: dict[str, Any], allowed: str) -> None:
    """It is refused, and says what is allowed."""
    assert [error["code"] for error in payload["errors"]] == ["INVALID_INPUT"], payload
    assert f" is {allowed}, and not " in payload["errors"][0]["message"]
    assert payload["entries"] == []


def test_words_that_nobody_has_cleared_are_never_public(here: Server) -> None:
    id, public = assigned(here), {"visibility": "PUBLIC"}
    said = {"narrative": WORDS}
    within = "INTERNAL or CONFIDENTIAL"
    refused(here.take("justice", "reportProgress", **now(here, id, **said, **public)), within)
    step = {"step": "draft-progress", "data": said}
    refused(here.take("justice", "takeStep", **now(here, id, **step, **public)), within)
    drafted = here.step("justice", "reportProgress", id, **said, visibility="INTERNAL")
    number = drafted["entries"][0]["version"]
    again = now(here, id, narrative=WORDS, report=number, **public)
    refused(here.take("justice", "reportProgress", **again), within)
    cleared = now(here, id, report=number, **public)
    refused(here.take("coordinator", "clearProgress", **cleared), within)
    history = """query($id: ID!) { recommendation(id: $id) {
        history { nodes { event { __typename } } } } }"""
    told = here.ask("reader", history, id=id)["recommendation"]["history"]["nodes"]
    kinds = [entry["event"]["__typename"] for entry in told]
    assert kinds == ["Received", "AssignmentDecreed"]


def test_a_remark_is_never_public(here: Server) -> None:
    id = assigned(here)
    said = now(here, id, words="ask the ministry of health first", visibility="PUBLIC")
    refused(here.take("justice", "remark", **said), "INTERNAL or CONFIDENTIAL")


def test_the_drafts_of_a_report_about_many_are_never_public(here: Server) -> None:
    public, within = {"visibility": "PUBLIC"}, "INTERNAL or CONFIDENTIAL"
    said: dict[str, Any] = {"addressee": "SVN", "title": "t", "narrative": WORDS}
    said["recommendations"] = [assigned(here)]
    refused(take(here, "justice", "draftReport", **said, **public), within)
    held = report(here, "justice")
    redrafted = on(held, narrative=WORDS, **public)
    refused(take(here, "justice", "redraftReport", **redrafted), within)
    refused(take(here, "coordinator", "clearReport", **on(held, **public)), within)
    attached = on(held, file=upload(here)["id"], **public)
    refused(take(here, "coordinator", "attachEvidence", **attached), within)


def test_what_is_published_is_not_hidden_from_those_who_read_the_recommendation(
    here: Server,
) -> None:
    id = assigned(here)
    number = here.step("justice", "reportProgress", id, narrative=WORDS)["entries"][0]["version"]
    here.step("coordinator", "clearProgress", id, report=number)
    said = now(here, id, report=number, narrative="As published.", visibility="INTERNAL")
    refused(here.take("coordinator", "publishProgress", **said), "PUBLIC")
    held = done(here, "clearReport", **on(report(here, "coordinator", id)))
    said = on(held, narrative="As published.", visibility="CONFIDENTIAL")
    refused(take(here, "coordinator", "publishReport", **said), "PUBLIC or INTERNAL")


def test_an_internal_recommendation_has_internal_texts(here: Server) -> None:
    id = here.receive(visibility="INTERNAL")
    said: dict[str, Any] = {"language": "fr", "texts": ["Ratifier"]}
    hidden = now(here, id, **said, visibility="CONFIDENTIAL")
    refused(here.take("coordinator", "addText", **hidden), "PUBLIC or INTERNAL")
    told = here.step("coordinator", "addText", id, **said, visibility="INTERNAL")
    assert told["entries"][0]["visibility"] == "INTERNAL"


def test_evidence_of_a_draft_is_attached_again_for_all_once_the_report_is_published(
    here: Server,
) -> None:
    query = """query($id: ID!) { node(id: $id) {
        ... on ProgressReport { evidence { file { size } } } } }"""
    file = upload(here, b"a law", visibility="public")["id"]
    held = report(here, "coordinator", assigned(here))
    payload = take(here, "coordinator", "attachEvidence", **on(held, file=file))
    assert payload["entries"][0]["visibility"] == "INTERNAL", "it tells that there is a draft"
    held = done(here, "clearReport", **on(payload["node"]))
    held = done(here, "publishReport", **on(held, narrative="As published."))
    assert here.ask("reader", query, id=held["id"])["node"]["evidence"] == []
    quiet = on(held, file=file, visibility="INTERNAL")
    assert take(here, "coordinator", "attachEvidence", **quiet)["errors"][0]["code"] == "ALREADY_SO"
    done(here, "attachEvidence", **on(held, file=file))
    for who in ("reader", "coordinator"):
        assert here.ask(who, query, id=held["id"])["node"]["evidence"] == [{"file": {"size": 5}}]


def test_what_is_published_within_the_state_says_so_on_what_it_covers_within_the_state(
    here: Server,
) -> None:
    held = done(here, "clearReport", **on(report(here, "coordinator", assigned(here))))
    said = on(held, narrative="For us.", visibility="INTERNAL", reason=WORDS)
    told = take(here, "coordinator", "publishReport", **said)
    assert [event["visibility"] for event in told["entries"]] == ["INTERNAL", "INTERNAL"]
    told = take(here, "coordinator", "withdrawReport", **on(told["node"], reason=WORDS))
    assert [event["visibility"] for event in told["entries"]] == ["INTERNAL", "INTERNAL"]


def test_why_a_draft_was_withdrawn_is_not_public_and_why_a_report_was_is(here: Server) -> None:
    reason = {"reason": WORDS}
    draft = report(here, "coordinator", assigned(here))
    refused(
        take(here, "coordinator", "withdrawReport", **on(draft, **reason, visibility="PUBLIC")),
        "INTERNAL or CONFIDENTIAL",
    )
    told = take(here, "coordinator", "withdrawReport", **on(draft, **reason))
    assert told["entries"][0]["visibility"] == "INTERNAL"
    held = done(here, "clearReport", **on(report(here, "coordinator", assigned(here))))
    held = done(here, "publishReport", **on(held, narrative="As published."))
    told = take(here, "coordinator", "withdrawReport", **on(held, **reason))
    assert told["entries"][0]["visibility"] == "PUBLIC"


def test_steps_tell_who_may_read_what_they_say(here: Server) -> None:
    query = """query($id: ID!) { recommendation(id: $id) {
        steps { name visibility visibilities } } }"""
    id = here.receive(visibility="INTERNAL")
    steps = here.ask("coordinator", query, id=id)["recommendation"]["steps"]
    told = {s["name"]: (s["visibility"], s["visibilities"]) for s in steps}
    assert told["draft-progress"] == ("CONFIDENTIAL", ["INTERNAL", "CONFIDENTIAL"])
    assert told["add-text"] == ("PUBLIC", ["PUBLIC", "INTERNAL"])
    assert told["plan"] == ("PUBLIC", ["PUBLIC", "INTERNAL", "CONFIDENTIAL"])


def test_every_step_lets_what_is_usual() -> None:
    for step in STEPS:
        may = allowed(step, Visibility.CONFIDENTIAL)
        assert usual(step, Visibility.CONFIDENTIAL) in may
        assert may == sorted(may, key=NARROWNESS.__getitem__)
    assert allowed("plan") == list(Visibility)
