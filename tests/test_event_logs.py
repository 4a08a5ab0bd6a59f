"""History as event logs: what a tool of process mining reads in them is what the record holds."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest

from domain import institution, review
from domain.entry import Basis, Entry, Event
from domain.institution import InstitutionName
from domain.recommendation import fold
from domain.words import Mechanism
from tests import suites
from tests.given import (
    Given,
    any_recommendations,
    decreed,
    given,
    planned,
    received,
    stamp,
    supported,
)
from tests.server import HOLDERS, Server, running
from workflows.exporting.event_logs import (
    ATTRIBUTES,
    OBJECT_ATTRIBUTES,
    Life,
    activity,
    write_ocel,
    write_xes,
)

XES = "{http://www.xes-standard.org/}"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Recommendations of two cycles, a ministry registered, a report over two of them."""
    with running(f"sqlite:///{tmp_path_factory.mktemp('logs') / 'suivi.db'}") as server:
        ids = [server.receive(effectiveOn="2025-01-28"), server.receive(cycle=3)]
        for id in ids:
            server.step("coordinator", "assignRecommendation", id, institution="justice")
        server.step("clerk", "acceptRecommendation", ids[0], **ADDENDUM)
        server.step("coordinator", "assignRecommendation", ids[0], institution="labour", **HIDDEN)
        server.step("coordinator", "planImplementation", ids[0], measures="A law & <more>.")
        register(server, "registerInstitution", code="justice", names=[NAMED])
        report = register(
            server, "draftReport", title="Two at once", narrative="n", recommendations=ids
        )
        report = on(server, "clearReport", report)
        on(server, "publishReport", report, narrative="As published.")
        yield server


ADDENDUM = {"organ": "ADDENDUM", "effectiveOn": "2025-04", "instrument": "A/HRC/59/15/Add.1"}
HIDDEN = {"visibility": "CONFIDENTIAL"}
NAMED = {"language": "en", "text": "Ministry of Justice"}
NODE = "{ node { ... on ProgressReport { id version } } errors { code message } }"


def register(server: Server, mutation: str, **said: Any) -> dict[str, Any]:
    name = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation($input: {name}!) {{ {mutation}(input: $input) {NODE} }}"
    input = {"commandId": f"{mutation}-{said.get('id', '')}", **said}
    if "id" not in said:
        input["addressee"] = "SVN"
    payload = server.ask("coordinator", query, input=input)[mutation]
    assert payload["errors"] == []
    return payload["node"]  # type: ignore[no-any-return]


def on(server: Server, mutation: str, node: dict[str, Any], **said: Any) -> dict[str, Any]:
    kind = {"clearReport": "RegisterInput"}.get(mutation)
    query = f"mutation($input: {kind or 'PublishReportInput'}!) {{ {mutation}(input: $input) "
    input = {"commandId": mutation, "id": node["id"], "expectedVersion": node["version"], **said}
    payload = server.ask("coordinator", f"{query}{NODE} }}", input=input)[mutation]
    assert payload["errors"] == []
    return payload["node"]  # type: ignore[no-any-return]


def exported(server: Server, format: str, who: str = "coordinator", **asked: Any) -> bytes:
    answer = server.client.get(f"/exports/{format}", params=asked, headers=server.headers(who))
    assert answer.status_code == 200, answer.text
    return answer.content


def ocel(server: Server, who: str = "coordinator", **asked: Any) -> dict[str, Any]:
    return json.loads(exported(server, "ocel", who, **asked))  # type: ignore[no-any-return]


def xes(server: Server, who: str = "coordinator", **asked: Any) -> ElementTree.Element:
    return parsed(exported(server, "xes", who, **asked))


def parsed(written: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(written)  # noqa: S314 - our own


def said(element: ElementTree.Element) -> dict[str, str]:
    """The attributes of a trace or an event, by key."""
    return {one.attrib["key"]: one.attrib["value"] for one in element if "key" in one.attrib}


# --- OCEL ----------------------------------------------------------------------------------------


def related(one: dict[str, Any], qualifier: str) -> list[str]:
    """The ids of what an event or an object is related to in this way."""
    return [r["objectId"] for r in one["relationships"] if r["qualifier"] == qualifier]


def written(*lives: Life) -> dict[str, Any]:
    """The OCEL log of some lives."""
    out = io.BytesIO()
    write_ocel(lives, out)
    log: dict[str, Any] = json.loads(out.getvalue())
    check_ocel(log)
    return log


_indexes = count()


def placed(*entries: Entry) -> list[Entry]:
    """Entries as the log gives them back, each with its index and the time it was recorded."""
    indexes = islice(_indexes, len(entries))
    return [
        entry._replace(log_index=n, recorded_at=1_800_000_000_000_000 + n)
        for n, entry in zip(indexes, entries, strict=True)
    ]


def life(history: Given) -> Life:
    return Life(history.it, placed(*history.entries))


def opened(id: UUID, event: Event) -> list[Entry]:
    return placed(Entry(id, 1, "SVN", event))


def review_by(mechanism: Mechanism, body: str, **number: int) -> Life:
    said = {"addressee": "SVN", "mechanism": mechanism, "body": body, **number}
    entries = opened(*review.open_review(stamp(), **said))  # type: ignore[arg-type]
    found = review.fold(entries)
    assert found is not None
    return Life(found, entries)


def check_ocel(log: dict[str, Any]) -> None:
    """What OCEL 2.0 and its JSON schema ask of a log: types are declared with their attributes, a
    value is text that the type declared can read, ids are unique, and whatever is referred to is
    there."""
    assert log.keys() == {"eventTypes", "objectTypes", "events", "objects"}
    declared = {
        t["name"]: {a["name"]: a["type"] for a in t["attributes"]} for t in log["eventTypes"]
    }
    kinds = {t["name"]: {a["name"] for a in t["attributes"]} for t in log["objectTypes"]}
    ids = [one["id"] for one in log["objects"]]
    assert len(set(ids)) == len(ids)
    assert len({event["id"] for event in log["events"]}) == len(log["events"])
    read = {"integer": int, "string": str, "time": datetime.fromisoformat}
    for event in log["events"]:
        typed = declared[event["type"]]
        for attribute in event["attributes"]:
            assert isinstance(attribute["value"], str)
            assert read[typed[attribute["name"]]](attribute["value"]) is not None
        assert {relation["objectId"] for relation in event["relationships"]} <= set(ids)
        assert event["time"].endswith("Z")
    for one in log["objects"]:
        assert {attribute["name"] for attribute in one["attributes"]} <= kinds[one["type"]]
        assert all(isinstance(attribute["value"], str) for attribute in one["attributes"])
        assert {relation["objectId"] for relation in one["relationships"]} <= set(ids)


def test_an_ocel_log_has_every_entry_once_and_all_it_is_about(record: Server) -> None:
    log = ocel(record)
    check_ocel(log)
    recorded = [
        entry
        for entry in record.service.log.read_all()
        if not entry.event.topic.startswith("credential.")
    ]
    assert {event["id"] for event in log["events"]} == {f"e{e.log_index}" for e in recorded}
    assert Counter(one["type"] for one in log["objects"]) == {
        "recommendation": 2,
        "institution": 4,
        "progress-report": 1,
        "cycle": 2,
    }
    assert {one["id"] for one in log["objects"] if one["type"] == "institution"} == {
        "SVN/justice",  # registered
        "SVN/labour",  # assigned
        *(f"SVN/{HOLDERS[who][1]}" for who in ("coordinator", "clerk")),  # who speak
    }
    covered = [e for e in log["events"] if e["type"] == "covered"]
    assert {r["qualifier"] for e in covered for r in e["relationships"]} == {
        "subject",
        "cycle",
        "said-by",
        "covered-by",
    }
    assert {e["type"] for e in log["events"]} >= {"position-taken", "progress-report published"}


def test_the_time_of_an_event_is_when_it_was_true_in_the_world(record: Server) -> None:
    events = ocel(record)["events"]
    (taken,) = [e for e in events if e["type"] == "position-taken"]
    told = {a["name"]: a["value"] for a in taken["attributes"]}
    assert taken["time"] == "2025-04-01T00:00:00.000000Z"
    assert (told["effective-on"], told["time-basis"]) == ("2025-04", Basis.STATED.value)
    assert told["precision"] == "month"
    assert told["recorded-at"] > taken["time"]
    assert (told["answer"], told["person"]) == ("supported", "p-clerk")
    plan = next(e for e in events if e["type"] == "planned")
    told = {a["name"]: a["value"] for a in plan["attributes"]}
    assert plan["time"] == told["recorded-at"]
    assert not told.keys() & {"effective-on", "precision"}
    assert told["time-basis"] == "recorded"


def test_a_reader_finds_only_what_it_may_read_and_no_texts(record: Server) -> None:
    log = ocel(record, "reader")
    check_ocel(log)
    institutions = {one["id"] for one in log["objects"] if one["type"] == "institution"}
    assert "SVN/labour" not in institutions, "its assignment is confidential"
    assert len(log["events"]) < len(ocel(record)["events"])
    for format in ("ocel", "xes"):
        whole = exported(record, format)
        assert b"A law" not in whole
        assert b"As published" not in whole


@pytest.mark.parametrize("who", ["coordinator", "clerk", "justice", "labour", "auditor", "reader"])
def test_each_entry_that_a_reader_may_see_is_in_both_once(record: Server, who: str) -> None:
    query = "query($id: ID!) { recommendation(id: $id) { history { nodes { logIndex } } } }"
    log = ocel(record, who)
    ids = [one["id"] for one in log["objects"] if one["type"] == "recommendation"]
    assert len(ids) == 2
    told = [record.ask(who, query, id=id)["recommendation"]["history"]["nodes"] for id in ids]
    seen = sorted(entry["logIndex"] for history in told for entry in history)
    about = [e for e in log["events"] if related(e, "subject")[0] in ids]
    assert sorted(int(event["id"].removeprefix("e")) for event in about) == seen
    events = xes(record, who).iter(f"{XES}event")
    assert sorted(int(said(event)["log-index"]) for event in events) == seen


def test_an_event_log_is_narrowed_down_and_looked_back_at(record: Server) -> None:
    log = ocel(record, cycle=3, state="SVN")
    check_ocel(log)
    assert Counter(one["type"] for one in log["objects"])["recommendation"] == 1
    first = next(iter(record.service.log.read_all(len(record.keys)))).log_index
    then = ocel(record, logIndex=first)
    check_ocel(then)
    assert [e["type"] for e in then["events"]] == ["received"]
    assert ocel(record, state="HRV")["events"] == []
    check_ocel(ocel(record, state="HRV"))


def test_a_recommendation_is_related_to_its_review_where_that_is_in_the_log() -> None:
    upr = review_by(Mechanism.UPR, "UPR", cycle=4)
    crc = review_by(Mechanism.TREATY_BODY, "CRC", round=5)
    one = life(given(received()))
    said = {"symbol": "CRC/C/SVN/CO/5", "mechanism": Mechanism.TREATY_BODY, "cycle": 5}
    other = life(given(received(**said)))  # type: ignore[arg-type]
    objects = {o["id"]: o for o in written(upr, crc, one, other)["objects"]}
    assert related(objects[str(one.of.id)], "made-in") == [str(upr.of.id)]
    assert related(objects[str(other.of.id)], "made-in") == [str(crc.of.id)]
    objects = {o["id"]: o for o in written(crc, one)["objects"]}
    assert related(objects[str(one.of.id)], "made-in") == [], "the reader may not see it"


def test_rounds_of_two_bodies_are_two_cycles() -> None:
    crc = review_by(Mechanism.TREATY_BODY, "CRC", round=5)
    cat = review_by(Mechanism.TREATY_BODY, "CAT", round=5)
    of_crc = life(given(received(mechanism=Mechanism.TREATY_BODY, cycle=5)))
    log = written(crc, cat, of_crc)
    cycles = {o["id"] for o in log["objects"] if o["type"] == "cycle"}
    assert cycles == {"cycle/SVN/treaty-body/CRC/5", "cycle/SVN/treaty-body/CAT/5"}
    objects = {o["id"]: o for o in log["objects"]}
    assert related(objects[str(of_crc.of.id)], "belongs-to") == ["cycle/SVN/treaty-body/CRC/5"]


def test_no_code_makes_an_institution_a_cycle() -> None:
    names = [InstitutionName(language="en", text="Office of the fourth review")]
    entries = opened(
        *institution.register_institution(stamp(), addressee="SVN", code="upr/4", names=names)  # type: ignore[arg-type]
    )
    registered = institution.fold(entries)
    assert registered is not None
    of_the_cycle = life(given(received(cycle=4)))
    objects = written(Life(registered, entries), of_the_cycle)["objects"]
    kinds = Counter(one["type"] for one in objects)
    assert (kinds["cycle"], kinds["institution"]) == (1, 2), "it and who speaks"


# --- XES -----------------------------------------------------------------------------------------


def test_events_of_a_trace_stand_in_the_order_of_their_time() -> None:
    arrived = given(received(on="2025-01-28"))
    known_late = arrived.when(decreed(on="2025-06")).entry
    assert known_late is not None
    late = Given(*arrived.entries, known_late)
    for taken in (supported(on="2025-04-08"), planned(on="2025-06-01")):
        entry = late.when(taken).entry
        assert entry is not None
        late = Given(*late.entries, entry)
    out = io.BytesIO()
    write_xes([life(late)], out)
    events = [said(event) for event in parsed(out.getvalue()).iter(f"{XES}event")]
    names = [event["concept:name"] for event in events]
    assert names == ["received", "position-taken", "assignment-decreed", "planned"]
    indexes = [int(event["log-index"]) for event in events]
    assert [sorted(indexes).index(n) for n in indexes] == [0, 2, 1, 3], "ties as recorded"
    assert [event.get("precision") for event in events] == ["day", "day", "month", "day"]


def test_a_xes_trace_is_a_recommendation_and_its_events_are_its_entries(record: Server) -> None:
    log = xes(record)
    assert log.tag == f"{XES}log"
    assert Decimal(log.attrib["xes.version"]) == Decimal("1849.2016"), "its schema wants a decimal"
    prefixes = {extension.attrib["prefix"] for extension in log.iter(f"{XES}extension")}
    globals_ = {one.attrib["scope"]: set(said(one)) for one in log.iter(f"{XES}global")}
    classified = {
        key for one in log.iter(f"{XES}classifier") for key in one.attrib["keys"].split(" ")
    }
    traces = list(log.iter(f"{XES}trace"))
    assert len(traces) == 2
    for trace in traces:
        assert said(trace).keys() >= globals_["trace"]
        events = [said(event) for event in trace.iter(f"{XES}event")]
        assert events[0]["concept:name"] == "received"
        order = [(event["time:timestamp"], int(event["log-index"])) for event in events]
        assert order == sorted(order)
        for event in events:
            assert event.keys() >= globals_["event"] >= classified
            assert {key.split(":")[0] for key in event if ":" in key} <= prefixes
    assert {said(trace)["cycle"] for trace in traces} == {"3", "4"}


def test_characters_that_xml_forbids_are_left_out() -> None:
    history = given(received(paragraph="140.1\x0b<&\"'"))
    out = io.BytesIO()
    write_xes([Life(history.it, history.entries)], out)
    (trace,) = parsed(out.getvalue()).iter(f"{XES}trace")
    assert said(trace)["paragraph"] == "140.1<&\"'"


# --- Any history ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_any_history_is_told_whole_in_both(seed: int) -> None:
    streams: dict[Any, list[Any]] = {}
    for n, entry in enumerate(e for es in any_recommendations(Random(seed), 5, 120) for e in es):
        there = entry._replace(log_index=n, recorded_at=1_700_000_000_000_000 + n)
        streams.setdefault(entry.stream, []).append(there)
    lives = [Life(fold(entries), entries) for entries in streams.values()]  # type: ignore[arg-type]
    log = written(*lives)
    indexes = sorted(entry.log_index for life in lives for entry in life.entries)  # type: ignore[type-var]
    assert sorted(int(event["id"].removeprefix("e")) for event in log["events"]) == indexes
    happened = Counter(activity(entry) for life in lives for entry in life.entries)
    assert Counter(event["type"] for event in log["events"]) == happened
    assert {t["name"] for t in log["eventTypes"]} == happened.keys()
    assert all(t["attributes"] == _declared() for t in log["eventTypes"])
    assert {t["name"] for t in log["objectTypes"]} == OBJECT_ATTRIBUTES.keys()
    out = io.BytesIO()
    write_xes(lives, out)
    events = [said(event) for event in parsed(out.getvalue()).iter(f"{XES}event")]
    assert sorted(int(event["log-index"]) for event in events) == indexes
    assert Counter(event["concept:name"] for event in events) == happened


def _declared() -> list[dict[str, str]]:
    return [{"name": name, "type": type_} for name, type_ in ATTRIBUTES.items()]


# --- Read by others ------------------------------------------------------------------------------


# What it reads is held to the formats' own schemas above. pm4py weighs half a gigabyte.
@pytest.mark.endurance(only=True)
def test_pm4py_reads_in_both_what_we_wrote(
    record: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pm4py")
    try:
        python = suites.pm4py(folder / "environment")
    except suites.NotThere as why:
        pytest.skip(str(why))
    files = folder / "history.jsonocel", folder / "history.xes"
    for file in files:
        file.write_bytes(exported(record, {".jsonocel": "ocel", ".xes": "xes"}[file.suffix]))
    reading = Path(suites.__file__).parent / "pm4py" / "read.py"
    try:
        done = subprocess.run(
            [python, reading, *files], capture_output=True, text=True, check=False, timeout=120
        )
    finally:
        shutil.rmtree(folder / "environment")  # half a gigabyte
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    log, traces = ocel(record), list(xes(record).iter(f"{XES}trace"))
    assert told["ocel events"] == len(log["events"])
    assert told["ocel objects"] == Counter(one["type"] for one in log["objects"])
    assert told["ocel activities"] == sorted({event["type"] for event in log["events"]})
    assert told["qualifiers"] == ["assignee", "covered-by", "cycle", "said-by", "subject"]
    assert told["log indexes"] == sorted(
        int(event["id"].removeprefix("e")) for event in log["events"]
    )
    assert told["object to object"] == sum(len(o["relationships"]) for o in log["objects"])
    assert told["xes traces"] == len(traces)
    assert told["xes events"] == sum(len(list(t.iter(f"{XES}event"))) for t in traces)
    assert told["starts"] == {"received": 2}
    assert ["received", "position-taken", 1] in told["follows"], "by when it was true in the world"
