"""Hypothesis walks every procedure over the API: what is said to be open is open, what is not is
refused as such, and each step leads where the record says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.derive import read_id
from domain.casework import CaseEvent
from domain.recommendation import EVENTS
from domain.refusals import DoesNotHold, Forbidden, InvalidInput, all_refusals
from tests.length import times
from tests.server import Server, running
from tests.test_access import MATRIX
from tests.test_own_procedures import DATA, TAKE, adopted, published
from workflows.procedure.replay import replay
from workflows.procedure.shipped import shipped

STEPS_A_WALK = 25

RECEIVED: dict[str, dict[str, Any]] = {
    "upr": {},
    "treaty-body": {"mechanism": "TREATY_BODY", "body": "CRC"},
    "special-procedure": {"mechanism": "SPECIAL_PROCEDURE", "body": "SR Housing"},
    "regional-body": {"mechanism": "REGIONAL_BODY", "body": "ECRI"},
    "voluntary-pledge": {"kind": "PLEDGE"},
    "with-cabinet": {"addressee": "HRV"},
}
"""Procedure → what starts under it."""

BESIDE_THEM = {"claimTask", "releaseTask", "delegate", "approveStep", "remark"}
BESIDE_THEM |= {"suspendDeadline", "resumeDeadline", "retryTimers"}
WALKED = sorted(set(MATRIX) - {"receiveRecommendation", *BESIDE_THEM})
NAMED = {
    "assignment": ("AssignmentOffered", "AssignmentDecreed", "AssignmentHandedOver"),
    "report": ("ProgressDrafted",),
    "link": ("Linked",),
    "version": tuple(event.__name__ for event in EVENTS),
}
"""Which entries an input names by their version."""

STANDS = """query($id: ID!) { recommendation(id: $id) { version states definition { name }
    steps { name isOpen } } }"""
RULES = {refusal.code for refusal in all_refusals() if issubclass(refusal, DoesNotHold)}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('walks') / 'suivi.db'}") as server:
        adopted(server, published(server, addressee="HRV"), addressee="HRV")
        yield server


def test_every_procedure_is_walked() -> None:
    # What a letter asks for is refused until its text is protected.
    apart = {"common", "communication", "measure"}  # test_measures.py
    assert set(RECEIVED) == set(shipped()) - apart | {"with-cabinet"}


@pytest.mark.parametrize("name", RECEIVED)
@settings(max_examples=times(2, long=15))
@given(seed=st.integers(0, 1 << 32))
def test_a_walk_over_the_api_goes_as_the_procedure_says(here: Server, name: str, seed: int) -> None:
    random = Random(seed)
    id, another = here.receive(**RECEIVED[name]), here.receive()
    met: dict[str, list[int]] = {}
    for _ in range(STEPS_A_WALK):
        stands = here.ask("coordinator", STANDS, id=id)["recommendation"]
        assert stands["definition"]["name"] == name
        is_open = {step["name"] for step in stands["steps"] if step["isOpen"]}
        who, payload = _any_step(here, name, random, id, another, stands["version"], met)
        for error in payload["errors"]:
            codes = {*RULES, "STEP_NOT_OPEN", InvalidInput.code}
            if who == "justice":  # an offer to another ministry
                codes.add(Forbidden.code)
            assert error["code"] in codes, error
            if error["code"] == "STEP_NOT_OPEN":
                (refused,) = re.findall("^“([a-z-]+)” is not open", error["message"])
                assert refused not in is_open
        if payload["errors"]:
            after = here.ask("coordinator", STANDS, id=id)["recommendation"]
            assert after == stands, "a refusal leaves no trace"
            continue
        (entry,) = here.service.log.read(payload["logIndex"], 1)
        assert isinstance(entry.event, CaseEvent)
        assert entry.event.step_name in is_open
        left, entered = set(entry.stamp.left), set(entry.stamp.entered)
        assert left <= set(stands["states"])
        assert set(payload["recommendation"]["states"]) == set(stands["states"]) - left | entered
        met.setdefault(type(entry.event).__name__, []).append(entry.version)
    log = here.service.log
    assert replay(here.service.desk.procedures, [log.history([read_id(id)])]).ok
    assert met, "some steps of a walk are taken"


def _any_step(
    here: Server,
    name: str,
    random: Random,
    id: str,
    another: str,
    version: int,
    met: dict[str, list[int]],
) -> tuple[str, dict[str, Any]]:
    """The payload of some step, and who took it: somebody who may take such."""
    input: dict[str, Any] = {"commandId": uuid4().hex, "id": id, "expectedVersion": version}
    if name == "with-cabinet" and random.random() < 0.2:
        said = {**input, "step": "approve", "data": DATA}
        return "coordinator", here.ask("coordinator", TAKE, input=said)["takeStep"]
    mutation = random.choice(WALKED)
    allowed, case = MATRIX[mutation]
    said = {key: another if value == "another" else value for key, value in case.said.items()}
    for key, entries in NAMED.items():
        if isinstance(said.get(key), int):
            known = [version for entry in entries for version in met.get(entry, [])]
            said[key] = random.choice(known or [1])
    if mutation == "renumberRecommendation":
        said["paragraph"] = f"r.{uuid4().hex[:8]}"
    who = "coordinator" if "coordinator" in allowed else "justice"
    return who, here.take(who, mutation, **input, **said)
