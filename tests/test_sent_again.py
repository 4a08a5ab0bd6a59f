"""What a client sent before an update, and sends again after it, is the same command."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.schema import schema
from tests.server import Server, document, nested, running
from workflows.desk import kept_as

SENT: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("requests.jsonl").read_text(encoding="utf-8").splitlines()
]
"""Frozen: requests as clients sent them, the least and the most that each mutation lets them say,
with the SHA-256 that logs have of each. A line is never edited; a new mutation adds lines. What
belongs to the circumstances stands beside them, where it was; today's schema takes it in them."""

ANSWERED_OTHERWISE = {
    *("startImport", "takeSteps", "decideCases", "migrateCases"),
    *("eraseFile", "eraseTexts", "setCalendar", "declareAbsence", "endAbsence"),
    *("publishWorkflowDefinition", "adoptWorkflowDefinition"),
}
"""Mutations that are followed as jobs, whose commands are those of their items, or that answer from
what kind of entry they have recorded."""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a log that has recorded every frozen request already, as its first entry."""
    place = tmp_path_factory.mktemp("before") / "suivi.db"
    with running(f"sqlite:///{place}") as server:
        speaker = server.service.principal(server.keys["coordinator"])
        assert speaker is not None
        with sqlite3.connect(place) as log:
            log.executemany(
                "INSERT INTO log_command (id, request_sha256, first, count) VALUES (?, ?, 0, 1)",
                [
                    (
                        kept_as(sent["input"]["commandId"], speaker.holder),
                        bytes.fromhex(sent["sha256"]),
                    )
                    for sent in SENT
                ],
            )
        yield server


def test_every_mutation_has_requests_that_were_sent_before() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    assert {sent["mutation"] for sent in SENT} == set(mutations.fields) - ANSWERED_OTHERWISE


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: str(sent["input"]["commandId"]))
def test_what_was_sent_before_an_update_is_the_same_command_after_it(
    before: Server, sent: dict[str, Any]
) -> None:
    query = f"""mutation($input: {kind(sent["mutation"])}) {{
        {sent["mutation"]}(input: $input) {{ logIndex errors {{ code message }} }} }}"""
    payload = before.ask("coordinator", query, input=nested(sent["input"]))[sent["mutation"]]
    assert payload == {"logIndex": 0, "errors": []}
    other = {**nested(sent["input"]), "reason": "another than before"}
    payload = before.ask("coordinator", query, input=other)[sent["mutation"]]
    assert [error["code"] for error in payload["errors"]] == ["COMMAND_REUSED"]


def kind(mutation: str) -> str:
    return document(mutation).partition("$input: ")[2].partition(")")[0]
