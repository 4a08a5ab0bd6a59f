"""Four eyes can't be got round: an approval is of what was said, the drafter never approves, and
reports of many ask for each case what that case's procedure asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server, running
from tests.test_casework import refusal
from tests.test_own_procedures import adopted, published
from tests.test_register_api import done, on, report, take

PROCEDURE = """
format: suivi-overlay/1
name: looked-at
extends: upr
labels: {en: Looked at}
for: {mechanisms: [upr]}
operations:
  - op: four-eyes
    step: publish-progress
    approvals: {needed: 1, of: [{role: coordinator}]}
  - op: four-eyes
    step: close
    approvals: {needed: 2, of: [{role: coordinator}, {role: coordinator}], apart-from: [plan]}
"""
"""Progress is published with one other's approval; closing needs two others than who planned."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("four-eyes")
    with running(f"sqlite:///{folder / 'suivi.db'}") as server:
        adopted(server, published(server, PROCEDURE))
        for name in ("second", "third"):
            server.grant(name, "coordinator", "mfa")
        yield server


def planned(server: Server) -> str:
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="labour")
    server.step("coordinator", "planImplementation", id, measures="a law")
    return id


def closing(how: str) -> dict[str, Any]:
    return {"closing": how.upper().replace("-", "_"), "reason": "so it is"}


def approval(how: str) -> dict[str, Any]:
    return {"step": "close", "data": {"closing": how}}


@pytest.mark.slow
def test_an_approval_of_one_thing_is_none_of_another(here: Server) -> None:
    id = planned(here)
    here.step("second", "approveStep", id, **approval("withdrawn"))
    here.step("third", "approveStep", id, **approval("withdrawn"))
    said = closing("carried-out")
    assert refusal(here, "clerk", "closeRecommendation", id, **said) in ("FORBIDDEN", "FOUR_EYES")
    here.grant("fourth", "coordinator", "mfa")
    assert refusal(here, "fourth", "closeRecommendation", id, **said) == "FOUR_EYES"
    here.step("fourth", "closeRecommendation", id, **closing("withdrawn"))


def test_two_others_than_the_drafter_are_two_others(here: Server) -> None:
    id = planned(here)
    here.step("second", "approveStep", id, **approval("withdrawn"))
    here.step("coordinator", "approveStep", id, **approval("withdrawn"))  # they planned it
    here.grant("fifth", "coordinator", "mfa")
    said = closing("withdrawn")
    assert refusal(here, "fifth", "closeRecommendation", id, **said) == "FOUR_EYES"
    here.step("third", "approveStep", id, **approval("withdrawn"))
    here.step("fifth", "closeRecommendation", id, **said)


def test_a_report_of_many_is_published_where_each_case_allows_it(here: Server) -> None:
    ids = [planned(here), planned(here)]
    held = done(here, "clearReport", "second", **on(report(here, "coordinator", *ids)))
    size = here.size()
    (error,) = take(here, "third", "publishReport", **on(held, narrative="As published."))["errors"]
    assert error["code"] == "FOUR_EYES"
    assert here.size() == size, "of none of them anything is recorded"
    data = {"report": held["id"], "narrative": "As published."}
    for id in ids:
        here.step("second", "approveStep", id, step="cover", data=data)
    (error,) = take(here, "third", "publishReport", **on(held, narrative="Otherwise."))["errors"]
    assert error["code"] == "FOUR_EYES", "other words were approved"
    done(here, "publishReport", "third", **on(held, narrative="As published."))


@pytest.mark.parametrize("looked_at", ["publish-progress", "cover"])
def test_who_drafted_a_report_of_many_is_none_of_its_approvers(
    sqlite_url: str, looked_at: str
) -> None:
    procedure = PROCEDURE.replace("step: publish-progress", f"step: {looked_at}")
    with running(sqlite_url) as server:
        adopted(server, published(server, procedure))
        for name in ("second", "third"):
            server.grant(name, "coordinator", "mfa")
        id = planned(server)
        held = done(server, "clearReport", "second", **on(report(server, "coordinator", id)))
        data = {"report": held["id"], "narrative": "As published."}
        server.step("coordinator", "approveStep", id, step="cover", data=data)  # they drafted it
        said = on(held, narrative="As published.")
        (error,) = take(server, "third", "publishReport", **said)["errors"]
        assert error["code"] == "FOUR_EYES"
        server.step("second", "approveStep", id, step="cover", data=data)
        done(server, "publishReport", "third", **said)


def test_a_report_of_many_is_published_by_another_than_who_drafted_it(sqlite_url: str) -> None:
    apart = PROCEDURE.replace(
        "approvals: {needed: 1, of: [{role: coordinator}]}", "apart-from: [draft-progress]"
    )
    with running(sqlite_url) as server:
        adopted(server, published(server, apart))
        server.grant("second", "coordinator", "mfa")
        held = done(
            server, "clearReport", "second", **on(report(server, "coordinator", planned(server)))
        )
        said = on(held, narrative="As published.")
        (error,) = take(server, "coordinator", "publishReport", **said)["errors"]
        assert error["code"] == "FOUR_EYES"
        done(server, "publishReport", "second", **said)


# --- Two keys ------------------------------------------------------------------------------------

TWO_KEYS = """
format: suivi-overlay/1
name: two-keys
extends: upr
labels: {en: Two keys}
for: {mechanisms: [upr]}
operations:
  - op: four-eyes
    step: close
    approvals: {needed: 1, of: [{role: coordinator}], apart-from: [plan]}
  - op: four-eyes
    step: publish-progress
    approvals: {needed: 1, of: [{role: coordinator}], separate-keys: true}
  - op: four-eyes
    step: reopen
    approvals: {needed: 2, of: [{role: coordinator}, {role: coordinator}], separate-keys: true}
"""
"""Closing asks for another person, publishing for another key, reopening for two of them."""


@pytest.fixture(scope="module")
def two_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("two-keys")
    with running(f"sqlite:///{folder / 'suivi.db'}") as server:
        adopted(server, published(server, TWO_KEYS))
        of_svn = {"addressees": ("SVN",)}
        for name in ("desk", "desk again"):
            server.grant(name, "coordinator", "mfa", actor=None, system="desk", **of_svn)
        for name in ("second", "third"):
            server.grant(name, "coordinator", "mfa", **of_svn)
        server.register("mfa", "p-1", "p-2", "p-3")
        yield server


def drafted(server: Server) -> tuple[str, dict[str, Any]]:
    """A recommendation with progress that p-1 has drafted by the desk, cleared; and what its
    publication says."""
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="labour")
    payload = server.step("desk", "reportProgress", id, narrative="A bill.", actor="p-1")
    number = payload["entries"][0]["version"]
    server.step("desk", "clearProgress", id, report=number, actor="p-1")
    return id, {"report": number, "narrative": "As published."}


def test_one_system_with_two_persons_passes_four_eyes_where_persons_are_asked_for(
    two_keys: Server,
) -> None:
    id = two_keys.receive()
    two_keys.step("coordinator", "assignRecommendation", id, institution="labour")
    two_keys.step("desk", "planImplementation", id, measures="a law", actor="p-1")
    two_keys.step("desk", "approveStep", id, **approval("withdrawn"), actor="p-2")
    two_keys.step("desk", "closeRecommendation", id, **closing("withdrawn"), actor="p-1")


@pytest.mark.parametrize("key", ["desk", "desk again"])
def test_one_system_is_one_hand_where_separate_keys_are_asked_for(
    two_keys: Server, key: str
) -> None:
    id, said = drafted(two_keys)
    asked = {"step": "publish-progress", "data": said}
    two_keys.step(key, "approveStep", id, **asked, actor="p-2")
    for who, more in (("desk", {"actor": "p-3"}), ("second", {})):
        wanted = {"id": id, "expectedVersion": two_keys.version(id), **said, **more}
        (error,) = two_keys.take(who, "publishProgress", **wanted)["errors"]
        assert error["code"] == "FOUR_EYES"
        assert "each by a key of their own" in error["message"]
    two_keys.step("second", "approveStep", id, **asked)
    two_keys.step("desk", "publishProgress", id, **said, actor="p-3")


def test_the_key_that_takes_a_step_approves_it_for_nobody(two_keys: Server) -> None:
    id = two_keys.receive()
    two_keys.step("coordinator", "assignRecommendation", id, institution="labour")
    payload = two_keys.step("third", "reportProgress", id, narrative="A bill.")
    number = payload["entries"][0]["version"]
    said = {"report": number, "narrative": "As published."}
    two_keys.step("third", "clearProgress", id, report=number)
    asked = {"step": "publish-progress", "data": said}
    two_keys.step("desk", "approveStep", id, **asked, actor="p-2")
    wanted = said | {"actor": "p-3"}
    assert refusal(two_keys, "desk again", "publishProgress", id, **wanted) == "FOUR_EYES"
    two_keys.step("second", "publishProgress", id, **said)


def test_one_system_fills_one_seat_where_separate_keys_are_asked_for(two_keys: Server) -> None:
    id = two_keys.receive()
    two_keys.step("desk", "approveStep", id, **approval("withdrawn"), actor="p-2")
    two_keys.step("coordinator", "closeRecommendation", id, **closing("withdrawn"))
    asked = {"step": "reopen", "reason": "so it is"}
    for person in ("p-2", "p-3"):
        two_keys.step("desk", "approveStep", id, **asked, actor=person)
    said = {"reason": "so it is"}
    assert refusal(two_keys, "third", "reopenRecommendation", id, **said) == "FOUR_EYES"
    two_keys.step("second", "approveStep", id, **asked)
    two_keys.step("third", "reopenRecommendation", id, **said)
