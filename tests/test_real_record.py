"""The whole road on real documents: two of Slovenia's reviews, imported, worked on, audited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server, running
from tests.test_importing import CYCLE_2, CYCLE_3
from workflows.importing import Import, Options

pytestmark = pytest.mark.slow

ENTRY = """
event { __typename } logIndex recordedAt effectiveOn effectiveBasis
actor system role institution onBehalfOf authority { kind reference }
source { document paragraph sha256 row } reason
"""
LATER = ("A/HRC/43/15", "121.1")
EARLIER = ("A/HRC/28/15", "115.16")
"""Both ask to ratify the convention against enforced disappearance."""


@pytest.fixture
def server(sqlite_url: str, test_data: Path) -> Iterator[Server]:
    with running(sqlite_url) as started:
        service = started.service
        clerk = service.principal(started.keys["clerk"])
        assert clerk is not None
        importing = Import(service.desk, service, clerk)
        for file, options in (
            (CYCLE_2, Options(reviewed="2014-11-04")),
            (
                CYCLE_3,
                Options(reviewed="2019-11-12", document_dates={"A/HRC/43/15/Add.1": "2020-02-19"}),
            ),
        ):
            importing.run(test_data / file, options)
        service.feed.advance()
        yield started


def look(server: Server, who: str, named: tuple[str, str]) -> dict[str, Any]:
    query = f"""query($symbol: String!, $paragraph: String!) {{
      recommendation(symbol: $symbol, paragraph: $paragraph) {{
        id version cycle text position stage
        history {{ nodes {{ {ENTRY} }} }}
        lineage {{ type direction recommendation {{ symbol paragraph cycle }} }}
      }} }}"""
    found = server.ask(who, query, symbol=named[0], paragraph=named[1])["recommendation"]
    assert isinstance(found, dict)
    return found


def test_an_auditor_reads_every_step_with_both_clocks_and_who_spoke(server: Server) -> None:
    id = look(server, "clerk", LATER)["id"]
    earlier = look(server, "clerk", EARLIER)["id"]
    server.step(
        "coordinator",
        "assignRecommendation",
        id,
        institution="justice",
        effectiveOn="2020-03",
        reason="Government decision 7/2020",
        authority={"kind": "DECISION", "reference": "7/2020"},
        onBehalfOf="government",
        source={"document": "Government decision 7/2020"},
    )
    server.step("justice", "planImplementation", id, measures="A bill by 2021")
    server.step("justice", "reportProgress", id, narrative="Not for the public yet")
    server.step("justice", "declareImplemented", id, effectiveOn="2021-12-15")
    server.step("coordinator", "linkRecommendation", id, to=earlier, type="REPEATS")

    told = look(server, "auditor", LATER)
    assert [entry["event"]["__typename"] for entry in told["history"]["nodes"]] == [
        "Received",
        "PositionTaken",
        "Classified",
        "AssignmentDecreed",
        "Planned",
        "DeclaredImplemented",
        "Linked",
    ]
    received, position, _, decreed, *_ = told["history"]["nodes"]
    assert (received["effectiveOn"], received["effectiveBasis"]) == ("2019-11-12", "STATED")
    assert position["source"]["document"] == "A/HRC/43/15"
    assert position["effectiveOn"] is None, "nobody gave the report's date"
    assert (decreed["effectiveOn"], decreed["onBehalfOf"]) == ("2020-03", "government")
    assert decreed["authority"] == {"kind": "DECISION", "reference": "7/2020"}
    assert decreed["reason"] == "Government decision 7/2020"
    for entry in told["history"]["nodes"]:
        assert entry["recordedAt"]
        assert entry["actor"] or entry["system"]
        assert entry["institution"]
        assert entry["role"]
    indexes = [entry["logIndex"] for entry in told["history"]["nodes"]]
    assert indexes == sorted(indexes)
    recorded = [entry["recordedAt"] for entry in told["history"]["nodes"]]
    assert recorded == sorted(recorded)


def test_lineage_joins_the_second_and_the_third_cycle_both_ways(server: Server) -> None:
    id = look(server, "clerk", LATER)["id"]
    earlier = look(server, "clerk", EARLIER)["id"]
    server.step("clerk", "linkRecommendation", id, to=earlier, type="REPEATS", how="SIMILARITY")
    assert look(server, "reader", LATER)["lineage"] == [
        {
            "type": "REPEATS",
            "direction": "EARLIER",
            "recommendation": {"symbol": EARLIER[0], "paragraph": EARLIER[1], "cycle": 2},
        }
    ]
    assert look(server, "reader", EARLIER)["lineage"] == [
        {
            "type": "REPEATS",
            "direction": "LATER",
            "recommendation": {"symbol": LATER[0], "paragraph": LATER[1], "cycle": 3},
        }
    ]


def test_counts_over_graphql_equal_the_addendums(server: Server) -> None:
    counts = server.ask(
        "reader",
        """{
          two: recommendations(where: { cycle: [2] }) { totalCount }
          supported: recommendations(where: { cycle: [2], position: [SUPPORTED] }) { totalCount }
          three: recommendations(where: { cycle: [3] }) { totalCount }
          noted: recommendations(where: { cycle: [3], position: [NOTED] }) { totalCount }
          goal: recommendations(where: { cycle: [3], sdg: ["16"] }) { totalCount }
          french: recommendations(where: { recommendingState: ["FRA"] }) { totalCount }
        }""",
    )
    figures = {name: page["totalCount"] for name, page in counts.items()}
    assert (figures["two"], figures["supported"]) == (163, 142)
    assert (figures["three"], figures["noted"]) == (215, 33)
    assert figures["goal"] > 0
    assert figures["french"] > 0
