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
