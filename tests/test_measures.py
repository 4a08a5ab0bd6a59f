"""Measures: proposed, adopted, assigned, carried out or given up, linked to what they are for."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from python_calamine import CalamineWorkbook

from api.derive import read_id
from domain import measure
from domain.casework.held import DeadlineStatus
from domain.measure import Measure
from domain.words import MeasureStatus
from tests.clock import SetClock
from tests.server import HOLDERS, Server, document, running
from tests.test_graphql import SCHEMA, everything
from workflows.procedure.shipped import shipped
from workflows.roles import Role
from workflows.step_table import ROWS

PAYLOAD = """case { id version ... on Measure { status starts ends due } } logIndex
    errors { code message field }"""
LIST = """query($where: MeasureWhere) { measures(where: $where) { totalCount
    nodes { code } } }"""
READ = """query($code: String!) { measures(where: {search: $code}) { nodes {
    id code status leadCode starts ends version states openSteps title(language: "sl") due
    dates { version starts ends } turns { turn version }
    responsible { institutionCode capacity until { on } }
    links { number part rationale { text } recommendation { id paragraph stage } }
    steps { name isOpen blockedBy { guard } } deadlines { name day status }
    tasks { name whose } path(to: "course.completed") { reachable steps { step } } } } }"""

SHELTERS = {
    "addressee": "SVN",
    "code": "3.2.1",
    "plan": "nap-2026",
    "kind": "SERVICE",
    "texts": [
        {"language": "en", "title": "Open two shelters", "description": "In the eastern regions."},
        {"language": "sl", "title": "Odpreti dve varni hiši"},
    ],
    "starts": "2025-03",
    "ends": "2025-09",
    "preventive": True,
}


@pytest.fixture
def clock() -> SetClock:
    return SetClock("2025-01-10")


@pytest.fixture
def here(tmp_path: Path, clock: SetClock) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}", clock) as server:
        yield server


def said(server: Server, mutation: str, who: str = "coordinator", **input: Any) -> dict[str, Any]:
    """The payload of a step on a measure, refused or not."""
    query = (
        document(mutation).partition("{")[0] + f"{{ {mutation}(input: $input) {{ {PAYLOAD} }} }}"
    )
    return server.ask(who, query, input={"commandId": uuid4().hex, **input})[mutation]  # type: ignore[no-any-return]


def proposed(server: Server, who: str = "justice", **more: Any) -> str:
    payload = said(server, "proposeMeasure", who, **{**SHELTERS, **more})
    assert payload["errors"] == []
    return payload["case"]["id"]  # type: ignore[no-any-return]


def stands(server: Server, id: str) -> Measure:
    found = server.service.log.load(read_id(id, "Measure", "measure"), measure.fold)
    assert found is not None
    return found


def took(server: Server, mutation: str, id: str, who: str = "coordinator", **input: Any) -> Any:
    """What a step on a measure as it stands led to; it must not be refused."""
    payload = refused(server, mutation, id, who, **input)
    assert payload["errors"] == [], payload["errors"]
    return payload["case"]


def refused(server: Server, mutation: str, id: str, who: str = "coordinator", **input: Any) -> Any:
    query = "query($id: ID!) { node(id: $id) { ... on Measure { version } } }"
    known = server.ask(who, query, id=id)["node"] or {"version": stands(server, id).version}
    return said(server, mutation, who, id=id, **{"expectedVersion": known["version"], **input})


def code_of(payload: dict[str, Any]) -> str:
    (error,) = payload["errors"]
    return error["code"]  # type: ignore[no-any-return]


def read(server: Server, who: str = "coordinator", code: str = "3.2.1") -> Any:
    nodes = server.ask(who, READ, code=code)["measures"]["nodes"]
    return nodes[0] if nodes else None


def listed(server: Server, who: str = "coordinator", **asked: Any) -> list[str]:
    asked["addressee"] = ["SVN"]
    return [node["code"] for node in server.ask(who, LIST, where=asked)["measures"]["nodes"]]


def adopted(server: Server, **more: Any) -> str:
    id = proposed(server, **more)
    took(server, "assignMeasure", id, lead="justice", supporting=["labour"])
    took(server, "adoptMeasure", id, instrument="Government decision 12/2025")
    return id


# --- Its course ----------------------------------------------------------------------------------


def test_a_measure_goes_from_a_proposal_to_its_completion(here: Server, clock: SetClock) -> None:
    id = proposed(here)
    assert stands(here, id).status is MeasureStatus.PROPOSED
    assert took(here, "adoptMeasure", id)["status"] == "PLANNED"
    took(here, "assignMeasure", id, lead="justice", supporting=["labour"])
    clock.set("2025-03-20")
    assert took(here, "startMeasure", id, "justice", effectiveOn="2025-03-15")["status"] == (
        "UNDER_WAY"
    )
    late = took(here, "delayMeasure", id, "labour", ends="2025-12", reason="The site was lost.")
    assert (late["status"], late["ends"]) == ("DELAYED", "2025-12")
    set_anew = took(here, "rescheduleMeasure", id, ends="2026-02", reason="A new site.")
    assert (set_anew["status"], set_anew["ends"]) == ("UNDER_WAY", "2026-02")
    done = took(here, "completeMeasure", id, "justice", statement="Both are open.")
    assert done["status"] == "COMPLETED"
    found = read(here)
    assert found["states"] == ["course.completed", "record.going-on", "responsibility.over"]
    assert [turn["turn"] for turn in found["turns"]] == [
        *("ADOPTED", "STARTED", "DELAYED", "RESCHEDULED", "COMPLETED")
    ]


def test_a_moved_end_keeps_the_old(here: Server) -> None:
    id = adopted(here)
    took(here, "startMeasure", id, "justice")
    took(here, "delayMeasure", id, "justice", ends="2025-12", reason="The site was lost.")
    took(here, "rescheduleMeasure", id, ends="2026", reason="Another site.")
    assert read(here)["dates"] == [
        {"version": 1, "starts": "2025-03", "ends": "2025-09"},
        {"version": 5, "starts": None, "ends": "2025-12"},
        {"version": 6, "starts": None, "ends": "2026"},
    ]
    assert read(here)["starts"] == "2025-03"


@pytest.mark.parametrize("mutation", ["delayMeasure", "abandonMeasure", "rescheduleMeasure"])
def test_a_delay_an_abandonment_and_new_dates_need_a_reason(here: Server, mutation: str) -> None:
    id = adopted(here)
    more = {"ends": "2026"} if mutation == "rescheduleMeasure" else {}
    assert code_of(refused(here, mutation, id, **more)) == "INVALID_INPUT"
    took(here, mutation, id, reason="The funds were cut.", **more)


def test_what_has_ended_takes_no_step_until_it_is_reopened(here: Server) -> None:
    id = adopted(here)
    took(here, "abandonMeasure", id, reason="The funds were cut.")
    assert code_of(refused(here, "startMeasure", id, "justice")) == "STEP_NOT_OPEN"
    assert took(here, "reopenMeasure", id, reason="There are funds.")["status"] == "PLANNED"
    assert took(here, "startMeasure", id, "justice")["status"] == "UNDER_WAY"


def test_a_turn_that_was_entered_in_error_counts_no_more(here: Server) -> None:
    id = adopted(here)
    took(here, "startMeasure", id, "justice")
    took(here, "delayMeasure", id, "justice", ends="2027", reason="The site was lost.")
    late = stands(here, id).version
    took(
        here,
        "strikeMeasureEntry",
        id,
        correction="ENTERED_IN_ERROR",
        version=late,
        reason="It was another measure.",
    )
    found = stands(here, id)
    assert (found.status, found.ends) == (MeasureStatus.UNDER_WAY, "2025-09")
    again = {"correction": "ENTERED_IN_ERROR", "version": late, "reason": "Once more."}
    assert code_of(refused(here, "strikeMeasureEntry", id, **again)) == "UNKNOWN_ENTRY"


def test_while_it_rests_nothing_is_due_and_nobody_carries_it_out(
    here: Server, clock: SetClock
) -> None:
    id = adopted(here)
    case = took(here, "suspend", id, reason="Elections.")
    assert (case["status"], case["due"]) == ("SUSPENDED", None)
    assert code_of(refused(here, "startMeasure", id, "justice")) == "STEP_NOT_OPEN"
    clock.set("2026-01-10")
    assert here.service.worker.catch_up() == 0


def test_it_says_anew_what_it_is(here: Server) -> None:
    id = proposed(here)
    text = {"language": "sl", "title": "Odpreti tri varne hiše"}
    took(here, "reviseMeasure", id, texts=[text], reason="Three are needed.")
    found = read(here)
    assert found["title"] == "Odpreti tri varne hiše"
    again = refused(here, "reviseMeasure", id, texts=[text], reason="Again.")
    assert code_of(again) == "ALREADY_SO"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ends": "2025-02"}, "INVALID_INPUT"),
        ({"starts": "soon"}, "INVALID_INPUT"),
        ({"texts": []}, "INVALID_INPUT"),
        ({"texts": [{"language": "en", "title": " "}]}, "INVALID_INPUT"),
        ({"texts": [{"language": "english!", "title": "Shelters"}]}, "INVALID_INPUT"),
        ({"texts": [{"language": "en", "title": "x" * 501}]}, "LIMIT_EXCEEDED"),
        ({"texts": [{"language": "en", "title": t} for t in "ab"]}, "INVALID_INPUT"),
        ({"code": ""}, "INVALID_INPUT"),
    ],
)
def test_a_proposal_that_contradicts_itself_is_refused(
    here: Server, wrong: dict[str, Any], code: str
) -> None:
    assert code_of(said(here, "proposeMeasure", **{**SHELTERS, **wrong})) == code
    assert here.service.log.size == len(here.keys)


def test_a_code_is_there_once_in_a_plan(here: Server) -> None:
    proposed(here)
    assert code_of(said(here, "proposeMeasure", "justice", **SHELTERS)) == "ALREADY_SO"
    proposed(here, plan="nap-2025")


# --- Who carries it out --------------------------------------------------------------------------


def test_one_leads_and_others_support_and_whoever_did_before_stays_on_record(here: Server) -> None:
    id = proposed(here)
    took(here, "assignMeasure", id, lead="justice", supporting=["labour"])
    took(here, "assignMeasure", id, lead="labour", effectiveOn="2025-01-09")
    assert read(here)["leadCode"] == "labour"
    assert read(here)["responsible"] == [
        {"institutionCode": "justice", "capacity": "LEAD", "until": {"on": "2025-01-09"}},
        {"institutionCode": "labour", "capacity": "SUPPORTING", "until": {"on": "2025-01-09"}},
        {"institutionCode": "labour", "capacity": "LEAD", "until": None},
    ]


def test_only_an_institution_that_the_state_knows_is_assigned_and_once(here: Server) -> None:
    id = proposed(here)
    nobody = refused(here, "assignMeasure", id, lead="nobody")
    assert (code_of(nobody), nobody["errors"][0]["field"]) == ("UNKNOWN_INSTITUTION", "lead")
    twice = refused(here, "assignMeasure", id, lead="justice", supporting=["justice"])
    assert code_of(twice) == "INVALID_INPUT"


def test_a_ministry_acts_only_where_it_leads_or_supports(here: Server) -> None:
    id = proposed(here)
    took(here, "assignMeasure", id, lead="justice")
    took(here, "adoptMeasure", id)
    assert code_of(refused(here, "startMeasure", id, "labour")) == "FORBIDDEN"
    assert code_of(refused(here, "abandonMeasure", id, "justice", reason="No.")) == "FORBIDDEN"
    took(here, "startMeasure", id, "justice")


def test_until_it_is_assigned_it_is_with_the_ministry_that_proposed_it(here: Server) -> None:
    r, id = here.receive(), proposed(here, "labour")
    took(here, "linkMeasure", id, "labour", to=r, rationale="It serves it.")
    took(here, "assignMeasure", id, lead="justice")
    again = refused(here, "linkMeasure", id, "labour", to=here.receive(), rationale="Why.")
    assert code_of(again) == "FORBIDDEN"


# --- What it is for ------------------------------------------------------------------------------


def test_one_measure_serves_many_recommendations_and_many_measures_one(here: Server) -> None:
    first, second = here.receive(), here.receive()
    id, other = adopted(here), proposed(here, code="3.2.2")
    why = "Shelters are what it asks for."
    took(here, "linkMeasure", id, to=first, part="1", rationale=why)
    took(here, "linkMeasure", id, to=second, rationale="They are part of it.")
    took(here, "linkMeasure", other, to=first, rationale="Staff for them.")
    links = read(here)["links"]
    assert [(link["part"], link["rationale"]["text"]) for link in links] == [
        ("1", why),
        (None, "They are part of it."),
    ]
    assert listed(here, recommendation=[first]) == ["3.2.1", "3.2.2"]
    assert listed(here, recommendation=[second]) == ["3.2.1"]
    measures = "query($id: ID!) { recommendation(id: $id) { measures { nodes { code } } } }"
    found = here.ask("coordinator", measures, id=first)["recommendation"]["measures"]["nodes"]
    assert [node["code"] for node in found] == ["3.2.1", "3.2.2"]
    assert code_of(refused(here, "linkMeasure", id, to=second, rationale="Again.")) == "ALREADY_SO"


def test_a_link_is_withdrawn_with_a_reason_and_stays_in_the_history(here: Server) -> None:
    r, id = here.receive(), adopted(here)
    took(here, "linkMeasure", id, to=r, rationale="It serves it.")
    link = read(here)["links"][0]["number"]
    assert code_of(refused(here, "withdrawMeasureLink", id, link=link)) == "INVALID_INPUT"
    took(here, "withdrawMeasureLink", id, link=link, reason="It does not.")
    assert read(here)["links"] == []
    assert listed(here, recommendation=[r]) == []
    assert code_of(refused(here, "withdrawMeasureLink", id, link=link, reason="It does not.")) in (
        "UNKNOWN_LINK",
    )
    assert here.ask("coordinator", "{ measures { totalCount } }")["measures"]["totalCount"] == 1


def test_a_measure_that_is_completed_implements_no_recommendation(here: Server) -> None:
    r, id = here.receive(), adopted(here)
    took(here, "linkMeasure", id, to=r, rationale="It serves it.")
    before = here.version(r)
    took(here, "startMeasure", id, "justice")
    took(here, "completeMeasure", id, "justice")
    (link,) = read(here)["links"]
    assert link["recommendation"]["stage"] == "RECEIVED"
    assert here.version(r) == before


def test_a_link_names_what_all_its_readers_may_read(here: Server) -> None:
    hidden, elsewhere = here.receive(visibility="CONFIDENTIAL"), here.receive(addressee="HRV")
    id = adopted(here)
    for to in (hidden, elsewhere):
        assert code_of(refused(here, "linkMeasure", id, to=to, rationale="Why.")) == "INVALID_INPUT"
    said_to = {"to": hidden, "rationale": "Why.", "visibility": "CONFIDENTIAL"}
    took(here, "linkMeasure", id, **said_to)
    assert len(read(here)["links"]) == 1
    assert read(here, "auditor")["links"] == []
    assert listed(here, "auditor", linked=True) == []
    part = refused(here, "linkMeasure", id, to=here.receive(), part="9", rationale="Why.")
    assert (code_of(part), part["errors"][0]["field"]) == ("UNKNOWN_PART", "part")


def test_a_link_names_a_part_of_its_recommendation_by_id_or_number(here: Server) -> None:
    two = [{"text": "Ratify"}, {"text": "Report"}]
    r, other, id = here.receive(parts=two), here.receive(parts=two), adopted(here)
    parts = {
        of: here.ask(
            "coordinator",
            "query($id: ID!) { node(id: $id) { ... on Recommendation { parts { id number } } } }",
            id=of,
        )["node"]["parts"]
        for of in (r, other)
    }
    took(here, "linkMeasure", id, to=r, part="1", rationale="Why.")
    by_name = {"step": "link-measure", "data": {"to": r, "rationale": "Why."}}
    took(here, "takeStep", id, **by_name, part=parts[r][1]["id"])
    assert [link["part"] for link in read(here)["links"]] == ["1", "2"]
    wrong = refused(here, "linkMeasure", id, to=r, part=parts[other][1]["id"], rationale="Why.")
    assert code_of(wrong) == "INVALID_INPUT"


@pytest.mark.parametrize("step", ["suspend", "remark", "start-measure"])
def test_a_measure_has_no_parts(here: Server, step: str) -> None:
    data = {"words": "Late."} if step == "remark" else {}
    around = {"reason": "Rest.", "part": "1"}
    if step == "remark":
        wrong = refused(here, "remark", adopted(here), **data, **around)
    else:
        wrong = refused(here, "takeStep", adopted(here), step=step, **around)
    assert (code_of(wrong), wrong["errors"][0]["field"]) == ("UNKNOWN_PART", "part")


def test_a_measure_is_not_carried_into_another_cycle(here: Server) -> None:
    id = str(read_id(adopted(here), "Measure", "measure"))
    decide = """mutation($input: DecideCasesInput!) { decideCases(input: $input) {
        results { errors { code } } } }"""
    successor = {"decision": "SUCCEEDED", "successor": here.receive(), "reason": "Why."}
    size = here.size()
    for decision in (successor, {"decision": "CONTINUE", "cycle": 4}):
        one = {"id": id, "expectedVersion": 3, **decision}
        said = {"commandId": uuid4().hex, "decisions": [one]}
        (told,) = here.ask("coordinator", decide, input=said)["decideCases"]["results"]
        assert code_of(told) == "NOT_FOUND"
    assert here.size() == size


# --- Who knows of it -----------------------------------------------------------------------------

HISTORY = """query($id: ID!) { node(id: $id) { ... on Measure { history { nodes {
    event { __typename } } } } } }"""


def test_a_proposal_is_the_states_own_and_what_is_adopted_is_known_to_all(here: Server) -> None:
    id = proposed(here)
    took(here, "assignMeasure", id, lead="justice")
    assert read(here, "reader") is None
    assert read(here, "auditor")["status"] == "PROPOSED"
    took(here, "adoptMeasure", id)
    public = read(here, "reader")
    assert (public["status"], public["leadCode"], public["version"]) == ("PLANNED", "justice", 3)
    took(here, "startMeasure", id, "justice")
    assert read(here, "reader")["status"] == "UNDER_WAY"
    trail = here.ask("reader", HISTORY, id=id)["node"]["history"]["nodes"]
    assert [e["event"]["__typename"] for e in trail] == ["MeasureAdopted", "MeasureStarted"]
    assert len(here.ask("auditor", HISTORY, id=id)["node"]["history"]["nodes"]) == 4


def test_what_is_adopted_within_the_state_stays_there(here: Server) -> None:
    id = proposed(here)
    took(here, "adoptMeasure", id, visibility="INTERNAL")
    assert read(here, "reader") is None
    assert listed(here, "reader", search="shelters") == []


def test_what_was_said_in_confidence_before_is_not_published_with_it(here: Server) -> None:
    secret, id = here.receive(visibility="CONFIDENTIAL"), proposed(here)
    took(here, "linkMeasure", id, to=secret, rationale="Why.", visibility="CONFIDENTIAL")
    took(here, "adoptMeasure", id)
    assert read(here, "reader")["links"] == read(here, "auditor")["links"] == []
    assert len(read(here)["links"]) == 1


HIDDEN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("assignMeasure", "coordinator", {"lead": "labour", "instrument": "velvet"}),
    ("reviseMeasure", "coordinator", {"kind": "DATA", "reason": "velvet"}),
    ("delayMeasure", "coordinator", {"ends": "2026", "reason": "velvet"}),
    ("rescheduleMeasure", "coordinator", {"ends": "2027", "reason": "velvet"}),
    ("startMeasure", "labour", {"reason": "velvet"}),
    ("remark", "coordinator", {"words": "velvet"}),
    ("suspend", "coordinator", {"reason": "velvet"}),
    ("resume", "coordinator", {"reason": "velvet"}),
    ("completeMeasure", "labour", {"statement": "velvet"}),
    ("reopenMeasure", "coordinator", {"reason": "velvet"}),
    ("abandonMeasure", "coordinator", {"reason": "velvet"}),
)


def all_that_is_told(server: Server, who: str) -> str:
    """What a key is told of measures, in every way there is."""
    rows = everything(SCHEMA.get_type("Measure"), ("", ""))
    kinds = " ".join(
        f"{status.lower()}: measures(where: {{status: [{status}]}}) {{ totalCount }}"
        for status in SCHEMA.get_type("MeasureStatus").values
    )
    query = f"""{{ measures {{ totalCount nodes {rows} }} {kinds}
      late: measures(where: {{overdue: true}}) {{ totalCount }}
      labour: measures(where: {{institution: ["labour"]}}) {{ totalCount }}
      linked: measures(where: {{linked: true}}) {{ totalCount }}
      said: measures(where: {{search: "velvet"}}) {{ totalCount }}
      recommendations {{ nodes {{ measures {{ totalCount }} }} }}
      events(first: 500) {{ nodes {{ topic reason event {{ __typename }} }} }} }}"""
    exports = [got(server, f"/exports/{kind}?of=measure", who).text for kind in ("csv", "xes")]
    return json.dumps([server.ask(who, query), *exports], sort_keys=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("visibility", "who"),
    [("INTERNAL", "reader"), ("CONFIDENTIAL", "reader"), ("CONFIDENTIAL", "auditor")],
)
def test_what_is_hidden_of_it_makes_no_difference(here: Server, visibility: str, who: str) -> None:
    id, r = adopted(here), here.receive(visibility=visibility)
    before = all_that_is_told(here, who)
    links = {"to": r, "rationale": "velvet", "visibility": visibility}
    took(here, "linkMeasure", id, **links)
    for mutation, by, said_ in HIDDEN:
        took(here, mutation, id, by, visibility=visibility, **said_)
        assert all_that_is_told(here, who) == before, mutation
    assert stands(here, id).status is MeasureStatus.ABANDONED


def test_views_of_it_are_the_same_when_they_are_made_anew(here: Server) -> None:
    from projections.refilled import contents
    from projections.tables import VIEWS

    r, id = here.receive(), adopted(here)
    took(here, "linkMeasure", id, to=r, rationale="It serves it.")
    took(here, "delayMeasure", id, reason="The site was lost.", visibility="INTERNAL")
    took(here, "startMeasure", id, "justice")

    def rows() -> list[Any]:
        with here.service.views.snapshot() as (connection, _):
            return [contents(connection, view) for view in VIEWS.values()]

    fed = rows()
    here.service.feed.rebuild()
    assert rows() == fed
    assert read(here, "reader")["status"] == "UNDER_WAY"


BY = {row.name: row for row in ROWS if row.on is Measure}


@pytest.mark.parametrize("step", sorted(BY))
def test_only_the_roles_of_the_table_take_a_step_on_it(here: Server, step: str) -> None:
    (mutation,) = BY[step].mutations
    more: dict[str, Any] = {
        "propose-measure": SHELTERS,
        "revise-measure": {"kind": "DATA", "reason": "Why."},
        "assign-measure": {"lead": "labour"},
        "delay-measure": {"reason": "Why."},
        "reschedule-measure": {"ends": "2027", "reason": "Why."},
        "link-measure": {"to": here.receive(), "rationale": "Why."},
        "withdraw-measure-link": {"link": 1, "reason": "Why."},
        "strike-measure-entry": {"correction": "CLERICAL", "version": 1, "reason": "Why."},
    }
    about = {} if BY[step].begins else {"id": adopted(here, code="9"), "expectedVersion": 3}
    for who, (role, _) in HOLDERS.items():
        payload = said(here, mutation.name, who, **about, **more.get(step, {}))
        is_open = Role(role) in BY[step].may
        is_refused = [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]
        assert is_open or is_refused, (who, payload["errors"])
        if is_open and who != "labour":
            assert not is_refused, who


# --- Lists, clock, procedure ---------------------------------------------------------------------


def test_measures_are_listed_narrowed_and_found_by_their_words(here: Server) -> None:
    adopted(here)
    training = [{"language": "en", "title": "Train the police"}]
    proposed(here, code="3.2.10", kind="TRAINING", texts=training, preventive=False)
    proposed(here, code="3.2.9", texts=[{"language": "ar", "title": "تدريب الشرطة"}])
    assert listed(here) == ["3.2.1", "3.2.9", "3.2.10"], "as people count"
    assert listed(here, search="shelter") == ["3.2.1"]
    assert listed(here, search="varni") == ["3.2.1"]
    assert listed(here, search="الشرطة") == ["3.2.9"]
    assert listed(here, status=["PROPOSED"]) == ["3.2.9", "3.2.10"]
    assert listed(here, institution=["labour"]) == ["3.2.1"]
    assert listed(here, preventive=False) == ["3.2.10"]
    assert listed(here, linked=True) == []
    assert listed(here, "reader") == ["3.2.1"]
    found = here.ask("coordinator", '{ recommendations(search: "shelters") { totalCount } }')
    assert found["recommendations"]["totalCount"] == 0


def test_it_is_read_as_it_was_known_then_and_as_it_was_that_day(here: Server) -> None:
    id = proposed(here, effectiveOn="2025-01-02")
    took(here, "assignMeasure", id, lead="justice", effectiveOn="2025-01-03")
    then = here.service.log.size - 1
    took(here, "adoptMeasure", id, effectiveOn="2025-01-05")
    query = """query($asOf: AsOf, $on: Date) { measures(where: {addressee: ["SVN"]}, asOf: $asOf,
      effectiveOn: $on) { nodes { status leadCode } } }"""

    def told(**asked: Any) -> list[str]:
        nodes = here.ask("coordinator", query, **asked)["measures"]["nodes"]
        return [f"{node['status']} {node['leadCode']}" for node in nodes]

    assert told(asOf={"logIndex": then}) == ["PROPOSED justice"]
    assert told(on="2025-01-02") == ["PROPOSED None"]
    assert told(on="2025-01-05") == ["PLANNED justice"]
    assert told(on="2025-01-01") == []
    old = here.ask("reader", query, asOf={"logIndex": then})["measures"]["nodes"]
    assert old == [], "what was published later was not known to all then"


def test_its_end_is_reminded_of_and_passes(here: Server, clock: SetClock) -> None:
    id = adopted(here)
    took(here, "startMeasure", id, "justice")
    assert {d["name"]: d["day"] for d in read(here)["deadlines"]} == {"end": "2025-09-30"}
    assert [task["name"] for task in read(here)["tasks"]] == ["carry-out"]
    clock.set("2025-07-02")
    assert here.service.worker.catch_up() == 1
    notices = here.ask(
        "coordinator",
        """{ notifications { nodes { kind institutionCode deadline
          case { history(first: 1) { nodes { topic } } } } } }""",
    )["notifications"]["nodes"]
    trails = [notice["case"]["history"]["nodes"] for notice in notices]
    assert trails == [[{"topic": "measure.proposed.v1"}]] * 2
    assert {(n["kind"], n["institutionCode"]) for n in notices} == {
        ("Reminded", "justice"),
        ("Reminded", "labour"),
    }
    clock.set("2025-10-01")
    here.service.worker.catch_up()
    here.service.feed.advance()
    (deadline,) = stands(here, id).deadlines
    assert deadline.status is DeadlineStatus.PASSED
    assert listed(here, overdue=True) == ["3.2.1"]
    took(here, "completeMeasure", id, "justice")
    assert listed(here, overdue=True) == []


def test_it_says_why_a_step_is_not_open_and_how_to_get_there(here: Server) -> None:
    proposed(here)
    found = read(here)
    (start,) = [step for step in found["steps"] if step["name"] == "start-measure"]
    assert not start["isOpen"]
    assert start["blockedBy"] == [
        {"guard": "at course.planned or at course.delayed"},
        {"guard": "led"},
    ]
    assert {step["step"] for step in found["path"]["steps"]} == {
        *("adopt-measure", "assign-measure", "start-measure", "complete-measure")
    }


OWN = """
format: suivi-overlay/1
name: own-measure
extends: measure
labels: {en: With two approvals}
for: {aggregate: measure}
operations:
  - op: four-eyes
    step: adopt-measure
    approvals: {needed: 2, of: [{role: coordinator}, {role: focal-point}]}
  - {op: require, step: start-measure, when: linked}
  - {op: add-fact, name: linked, fact: {type: flag}}
"""


def own(server: Server) -> str:
    """The hash of a procedure of the State's own, which is published and adopted."""
    said_ = {"commandId": uuid4().hex, "addressee": "SVN", "text": OWN}
    publish = """mutation($input: PublishWorkflowDefinitionInput!) {
      publishWorkflowDefinition(input: $input) { definition { hash } errors { message } } }"""
    payload = server.ask("coordinator", publish, input=said_)["publishWorkflowDefinition"]
    assert payload["errors"] == []
    hash = payload["definition"]["hash"]
    said_ = {"commandId": uuid4().hex, "addressee": "SVN", "definition": hash}
    adopt = """mutation($input: AdoptWorkflowDefinitionInput!) {
      adoptWorkflowDefinition(input: $input) { errors { message } } }"""
    payload = server.ask("coordinator", adopt, input=said_)["adoptWorkflowDefinition"]
    assert payload["errors"] == []
    return hash  # type: ignore[no-any-return]


def test_a_states_own_procedure_asks_for_two_approvals(here: Server) -> None:
    own(here)
    id = proposed(here)
    assert code_of(refused(here, "adoptMeasure", id)) == "FOUR_EYES"
    here.grant("another", "coordinator", "mfa")
    for who in ("another", "justice"):
        took(here, "approveStep", id, who, step="adopt-measure", data={})
    assert code_of(refused(here, "adoptMeasure", id, instrument="Decree 1")) == "FOUR_EYES"
    assert took(here, "adoptMeasure", id)["status"] == "PLANNED"


def test_it_is_told_what_would_have_become_of_it_under_another_procedure(here: Server) -> None:
    here.receive()
    took(here, "startMeasure", adopted(here), "justice")
    proposed(here, code="3.2.2")
    hash = own(here)
    query = """query($hash: String!, $where: RecommendationWhere!) {
      whatIf(definition: {hash: $hash}, where: $where) { totals { same elsewhere diverges
        breaks { step guard code } } cases { totalCount nodes { fate step code recommendation { id }
        case { ... on Measure { code } } } } } }"""
    found = here.ask("coordinator", query, hash=hash, where={"addressee": ["SVN"]})["whatIf"]
    assert found["totals"]["diverges"] == 1
    assert found["totals"]["same"] == 1
    assert [(one["case"]["code"], one["fate"]) for one in found["cases"]["nodes"]] == [
        ("3.2.1", "DIVERGES"),
        ("3.2.2", "SAME"),
    ]
    assert found["cases"]["nodes"][0]["step"] == "adopt-measure"
    narrowed = {"addressee": ["SVN"], "symbol": ["A/1"]}
    wrong = here.refused("coordinator", query, hash=hash, where=narrowed)
    assert wrong["extensions"]["code"] == "INVALID_INPUT"


def test_measures_under_way_go_over_to_another_procedure(here: Server) -> None:
    before = {adopted(here), proposed(here, code="3.2.2")}
    hash = own(here)
    query = """mutation($input: MigrateCasesInput!) { migrateCases(input: $input) {
      counts { same moved needsDecision refused } errors { code message } faults { message }
      cases { totalCount nodes { fate case { id definition { hash } } } } } }"""
    asked = {"addressee": "SVN", "from": shipped()["measure"].hash, "to": hash, "reason": "A law."}
    for dry in (True, False):
        command = {"commandId": uuid4().hex, "dryRun": dry}
        payload = here.ask("coordinator", query, input={**asked, **command})["migrateCases"]
        assert (payload["errors"], payload["faults"]) == ([], [])
        assert payload["counts"] == {"same": 2, "moved": 0, "needsDecision": 0, "refused": 0}
    assert {one["case"]["id"] for one in payload["cases"]["nodes"]} == before
    assert {one["case"]["definition"]["hash"] for one in payload["cases"]["nodes"]} == {hash}
    assert listed(here, definition=[hash]) == ["3.2.1", "3.2.2"]
    where = {"commandId": uuid4().hex, "where": {"position": ["NOTED"]}}
    payload = here.ask("coordinator", query, input={**asked, **where})["migrateCases"]
    assert code_of(payload) == "INVALID_INPUT"


def got(server: Server, path: str, who: str = "coordinator") -> httpx.Response:
    return server.client.get(path, headers=server.headers(who))


def test_its_list_is_taken_away_as_a_table(here: Server) -> None:
    r, id = here.receive(), adopted(here)
    took(here, "linkMeasure", id, to=r, part="1", rationale="It serves it.")
    proposed(here, code="3.2.2")
    (row,) = csv.DictReader(
        io.StringIO(got(here, "/exports/csv?of=measure&status=planned").text.lstrip("\ufeff"))
    )
    assert row["code"] == "3.2.1"
    assert (row["lead"], row["supporting"]) == ("justice", "labour")
    assert (row["starts"], row["ends"], row["due"]) == ("2025-03", "2025-09", "2025-03-31")
    assert row["recommendations"] == f"{read_id(r)} (part 1)"
    sheet = got(here, "/exports/xlsx?of=measure&language=sl")
    assert "measures.xlsx" in sheet.headers["content-disposition"]
    cells = (
        CalamineWorkbook.from_filelike(io.BytesIO(sheet.content)).get_sheet_by_index(0).to_python()
    )
    assert [cell for line in cells for cell in line if cell].count("Odpreti dve varni hiši") == 2
    public = got(here, "/exports/csv?of=measure", "reader").text
    assert public.count("3.2.1") == 1
    assert "3.2.2" not in public


def test_a_list_of_measures_takes_the_conditions_of_measures(here: Server) -> None:
    wrong = got(here, "/exports/csv?of=measure&position=noted")
    assert wrong.status_code == 400
    assert "overdue" in wrong.text
    assert got(here, "/exports/worklist?of=measure").status_code == 400


def test_its_history_is_an_event_log_for_process_mining(here: Server) -> None:
    r, id = here.receive(), adopted(here)
    took(here, "linkMeasure", id, to=r, rationale="It serves it.")
    trace = got(here, "/exports/xes?of=measure").text
    names = re.findall(r'<event><string key="concept:name" value="(.*?)"', trace)
    assert names == ["measure proposed", "measure assigned", "measure adopted", "measure linked"]
    told = got(here, "/exports/ocel").json()
    (linked,) = [e for e in told["events"] if e["type"] == "measure linked"]
    about = {one["qualifier"]: one["objectId"] for one in linked["relationships"]}
    assert about["contributes-to"] == str(read_id(r))
    assert {one["objectId"] for e in told["events"] for one in e["relationships"]} <= {
        one["id"] for one in told["objects"]
    }


def test_every_step_on_it_comes_out_the_same_when_it_is_decided_again(here: Server) -> None:
    from workflows.procedure.replay import replay

    r, id = here.receive(), adopted(here)
    took(here, "linkMeasure", id, to=r, rationale="It serves it.")
    took(here, "startMeasure", id, "justice")
    took(here, "completeMeasure", id, "justice")
    log = here.service.log
    again = replay(here.service.desk.procedures, log.read_streams(log.size - 1))
    assert (again.ok, again.cases) == (True, 2)
