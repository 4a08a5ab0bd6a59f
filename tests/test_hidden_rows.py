"""An import tells nothing of what its key can't read, and changes nothing of it.

One State has a confidential recommendation with the text that the file has, one has it with another
text, one has none. A clerk brings the same file to each, and what is told must be the same.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from api.derive import global_id, read_id
from domain.identity import mint
from domain.recommendation import fold
from tests.given import given, offered, received
from tests.server import Server, running
from tests.test_importing import matrix, row
from tests.test_register_api import FOLLOW, START, imported, take, upload
from tests.test_wg_report import written as report
from tests.test_worklist import saved_again, written
from workflows.ohchr_matrix import Citation, MatrixPart

STATES = {"this": ("SVN", "Slovenia"), "another": ("HRV", "Croatia"), "none": ("AUT", "Austria")}
"""What the hidden recommendation says, beside what the file says → in which State."""
TEXT = "Protect the witness of the trial in the north"
OTHER = "Adopt a budget for the prevention of floods"
OPEN = "Train judges in international law"
DOCUMENT = "A/HRC/77/9"
ALL = tuple(state for state, _ in STATES.values())

QUERY = """query($s: String!, $d: String!) {
    recommendations(where: {addressee: [$s]}) { totalCount nodes { id symbol paragraph text version
        position positions { answer instrument effectiveOn } aliases { scheme value }
        assessments { grade } history { nodes { event { __typename } version } } } }
    recommendation(symbol: $d, paragraph: "5.1", addressee: $s) { text }
    matches(addressee: [$s]) { totalCount nodes { text status candidates { score } } }
    reviews(addressee: [$s]) { totalCount nodes { documents { symbol date } } }
    importRuns(addressee: [$s]) { nodes {
        status counts { name value } unreadableRows missing } } }"""


@pytest.fixture
def here(tmp_path: Any) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        server.grant("clerk", "clerk", "archive", addressees=ALL)
        yield server


def hide(server: Server, said: str, **more: Any) -> str | None:
    """Records the hidden recommendation of a State, and beside it one that all may read."""
    state = STATES[said][0]
    base = {"addressee": state, "symbol": DOCUMENT, **more}
    parts = [{"text": OPEN, "recommendingStates": ["Chile"]}]
    server.receive(**base, paragraph="5.2", parts=parts)
    if said == "none":
        return None
    parts = [{"text": TEXT if said == "this" else OTHER, "recommendingStates": ["France"]}]
    return server.receive(**base, paragraph="5.1", parts=parts, visibility="CONFIDENTIAL")


def table(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def a_table(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    said = {"addressee": state, "symbol": DOCUMENT, "cycle": "4", "recommending_states": "France"}
    rows = [
        {**said, "paragraph": "5.1", "text": TEXT, "position": "supported", "themes": "Health"},
        {**said, "paragraph": "5.3", "text": "Build schools", "position": "", "themes": ""},
    ]
    return table(*rows), {"format": "TABLE"}


def a_table_of_another_document(state: str, name: str) -> tuple[bytes, dict[str, Any]]:
    content, said = a_table(state, name)
    return content.replace(DOCUMENT.encode(), b"A/HRC/88/1"), said


def a_matrix(_: str, name: str) -> tuple[bytes, dict[str, Any]]:
    cited = Citation(printed=f"{DOCUMENT}/Add.1", symbol=f"{DOCUMENT}/Add.1", paragraph="3")
    rows = [
        row("5.1", parts=(MatrixPart(text=TEXT, states=("France",)),), citation=cited),
        row("5.3", "Build schools", citation=cited),
    ]
    return matrix(rows, state=name), {"format": "OHCHR_MATRIX", "document": DOCUMENT}


def a_report(_: str, name: str) -> tuple[bytes, dict[str, Any]]:
    lines = (
        f"Report of the Working Group on the Universal Periodic Review: {name}",
        f"5. The recommendations listed below enjoy the support of {name}:",
        f"5.1 {TEXT} (France);",
        "5.3 Build schools (France).",
    )
    return report(*lines), {"format": "WG_REPORT", "document": DOCUMENT, "session": 48}


def a_committees_table(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    """Of a committee, whose paragraphs may hold several texts."""
    said = {"addressee": state, "symbol": DOCUMENT, "body": "CAT", "mechanism": "treaty-body"}
    rows = [{**said, "paragraph": "5.1", "text": TEXT}, {**said, "paragraph": "6", "text": "Act"}]
    return table(*rows), {"format": "TABLE"}


def upr_info(_: str, name: str) -> tuple[bytes, dict[str, Any]]:
    head = "To,To-Rgrp,To-Org,Text,From,From-Rgrp,From-Org,Response,Action,Issue,Session"
    rows = [head, *(f"{name},EEG,EU,{t},France,,,Accepted,5,Health,48" for t in (TEXT, "Build"))]
    return "\n".join(rows).encode(), {"format": "UPR_INFO"}


def uhri(state: str, name: str) -> tuple[bytes, dict[str, Any]]:
    record = {
        "AnnotationId": str(UUID(int=int.from_bytes(state.encode()))),
        "AnnotationType": "- Recommendations",
        "DocumentId": "1",
        "Symbol": DOCUMENT,
        "Body": "- UPR",
        "Countries": [f"- {name}"],
        "Regions": [],
        "Text": f"5.1 {TEXT} (France);",
        "Themes": [],
        "AffectedPersons": [],
        "Sdgs": [],
        "PublicationDate": "2025-01-01",
        "PublicationDateOnUhri": "2025-01-02",
        "UprCycle": "4",
        "UprSession": ["48"],
        "UprPositions": ["Supported"],
        "UprRecommendingCountry": ["- France"],
        "UprRecommendingRegions": [],
    }
    return json.dumps([record]).encode(), {"format": "UHRI"}


def answers(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    said = {"symbol": DOCUMENT, "position": "supported", "date": "2025-04-08"}
    more = {"source": f"{DOCUMENT}/Add.1"}
    rows = [{**said, **more, "paragraph": n} for n in ("5.1", "5.2", "5.1-5.2")]
    return table(*rows), {"format": "ANSWERS"}


def answers_to_the_hidden_alone(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    said = {"position": "noted", "date": "2025-04-08", "source": f"{DOCUMENT}/Add.1"}
    return table({"symbol": "A/HRC/70/1", "paragraph": "1", **said}), {"format": "ANSWERS"}


def assessments(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    said = {
        "symbol": DOCUMENT,
        "assessor": "Ombudsman",
        "assessor_kind": "nhri",
        "scheme": "upr-info-1",
    }
    more = {"grade": "fully-implemented", "date": "2024-01-01", "source": "NHRI/1"}
    rows = [{**said, **more, "paragraph": n, "text": t} for n, t in (("5.1", TEXT), ("5.2", OPEN))]
    return table(*rows), {"format": "ASSESSMENTS"}


def lists(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    ids = [mint("recommendation", state, DOCUMENT, number) for number in ("5.1", "5.2")]
    said = {"version": "1", "symbol": DOCUMENT, "reason": "typo"}
    texts = (TEXT + ".", OPEN + ".")
    rows = [{"id": str(id), **said, "text": text} for id, text in zip(ids, texts, strict=True)]
    return table(*rows), {"format": "LISTS"}


def a_list_with_an_answer(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    id = str(mint("recommendation", state, DOCUMENT, "5.1"))
    said = {"id": id, "version": "1", "position": "supported", "position_date": "2025-04-08"}
    return table({**said, "position_source": f"{DOCUMENT}/Add.1"}), {"format": "LISTS"}


FILES = {
    made.__name__: made
    for made in (
        a_table,
        a_table_of_another_document,
        a_matrix,
        a_report,
        a_committees_table,
        upr_info,
        uhri,
        answers,
        answers_to_the_hidden_alone,
        assessments,
        lists,
        a_list_with_an_answer,
    )
}
NAMING = {"a_table", "a_matrix", "a_report", "a_committees_table", "uhri"}
"""Files that would give the hidden one's number to another: that it is taken can't be hidden."""


def alike(told: Any, said: str) -> Any:
    """What was told, without what differs between States and files: names, ids, digests, places."""
    state, name = STATES[said]
    text = json.dumps(told, sort_keys=True)
    text = text.replace(state, "(state)").replace(name, "(state)")
    text = re.sub(r'"[0-9a-f]{64}"', '"(hash)"', text)
    for id in sorted(set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))):
        text = text.replace(id, "(id)")
    text = re.sub(r'"id": "[^"]*"', '"id": "(id)"', text)
    text = re.sub(r'"(first|size|done|total)": [\d.]+', r'"\1": 0', text)
    return json.loads(text, object_hook=_in_one_order)


def _in_one_order(found: dict[str, Any]) -> dict[str, Any]:
    """Lists that are in the order of ids are in another order in each State."""
    return {
        name: sorted(it, key=json.dumps) if name == "nodes" else it for name, it in found.items()
    }


def told(server: Server, said: str, made: Any) -> list[Any]:
    """All that a clerk learns of a file: dry run, run, again, and what can be asked then."""
    state, name = STATES[said]
    content, options = made(state, name)
    file = upload(server, content, addressee=state, name="rows.csv")["id"]
    found: list[Any] = []
    for dry in (True, False, True):
        job = imported(server, file=file, state=state, dryRun=dry, **options)
        found.append(job)
        found.append(server.ask("clerk", QUERY, s=state, d=DOCUMENT))
    return found


def test_a_worklist_tells_nothing_of_what_its_key_cant_read(here: Server, tmp_path: Any) -> None:
    here.grant("labour", "focal-point", "labour", addressees=ALL)
    found = {}
    for said, (state, _) in STATES.items():
        if (id := hide(here, said)) is not None:
            here.step("coordinator", "offerAssignment", id, institution="labour")
        r = given(received("5.1"), offered("labour")).it
        hidden = mint("recommendation", state, DOCUMENT, "5.1")
        r = msgspec.structs.replace(r, id=hidden, addressee=state)
        content = saved_again(written(tmp_path, [r]), {(2, "Answer"): "accept"})
        file = upload(here, content, addressee=state, name="list.xlsx")["id"]
        asked = {"file": file, "format": "WORKLIST", "state": None}
        jobs = [imported(here, "labour", dryRun=d, **asked) for d in (True, False)]
        assert [n["reason"] for n in jobs[1]["receipt"]["conflicts"]] == ["not-found"]
        found[said] = alike(jobs, said)
    assert found["this"] == found["another"] == found["none"]


def test_another_systems_name_is_taken_as_a_number_is(here: Server) -> None:
    found = []
    for said in ("this", "another"):
        state, name = STATES[said]
        more = {"addressee": state, "symbol": "A/HRC/70/1", "paragraph": "1"}
        parts = [{"text": TEXT if said == "this" else OTHER}]
        hidden = here.receive(**more, parts=parts, visibility="CONFIDENTIAL")
        content, options = uhri(state, name)
        value = json.loads(content)[0]["AnnotationId"]
        here.step("coordinator", "identifyRecommendation", hidden, scheme="uhri", value=value)
        file = upload(here, content, addressee=state, name="rows.json")["id"]
        jobs = [imported(here, file=file, state=state, dryRun=d, **options) for d in (True, False)]
        receipt = jobs[1]["receipt"]
        assert [note["reason"] for note in receipt["conflicts"]] == ["needs-decision"]
        assert receipt["new"] == 0
        found.append(alike(jobs, said))
    assert found[0] == found[1]


def test_a_number_that_passed_on_to_what_is_hidden_is_nobody_elses(here: Server) -> None:
    """The one that had it before is still looked up by it, and nothing is recorded there."""
    before = here.receive(symbol=DOCUMENT, paragraph="5.1")
    renumbered = {"symbol": DOCUMENT, "paragraph": "5.9"}
    here.step("coordinator", "renumberRecommendation", before, **renumbered)
    hidden = here.receive(symbol="A/HRC/70/1", paragraph="1", visibility="CONFIDENTIAL")
    here.step("coordinator", "renumberRecommendation", hidden, symbol=DOCUMENT, paragraph="5.1")
    content, said = answers("SVN", "")
    file = upload(here, content.replace(b"5.2", b"5.9"), name="a.csv")["id"]
    receipt = imported(here, file=file, state="SVN", **said)["receipt"]
    assert "number-not-known" in {note["reason"] for note in receipt["unreadable_rows"]}
    assert [note["paragraph"] for note in receipt["changes"]] == ["5.9"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_file_tells_nothing_of_what_its_key_cant_read(here: Server, kind: str) -> None:
    made = FILES[kind]
    hidden = {said: hide(here, said) for said in STATES}
    more = {"symbol": "A/HRC/70/1", "paragraph": "1", "visibility": "CONFIDENTIAL"}
    for said in ("this", "another"):
        here.receive(**more, addressee=STATES[said][0])
    held = {said: here.service.log.load(read_id(id), fold) for said, id in hidden.items() if id}
    found = {said: told(here, said, made) for said in STATES}
    assert all(job["status"] in ("COMPLETED", "FAILED") for job in found["this"][::2])
    assert alike(found["this"], "this") == alike(found["another"], "another")
    if kind not in NAMING:
        assert alike(found["this"], "this") == alike(found["none"], "none")
        last = found["this"][2]["receipt"]
        assert last is None or last["paragraphs"] > 0
    else:
        run = found["this"][2]["receipt"]
        (left,) = run["conflicts"]
        assert (left["reason"], run["undecided"]) == ("needs-decision", 1)
        assert "coordinator" in left["message"]
    for said, before in held.items():
        id = hidden[said]
        assert id is not None
        after = here.service.log.load(read_id(id), fold)
        assert msgspec.to_builtins(after) == msgspec.to_builtins(before), "nothing is changed"


# --- By hand -------------------------------------------------------------------------------------

A_REVIEW = {"mechanism": "UPR", "body": "UPR", "cycle": 2}


def refusal(payload: dict[str, Any]) -> tuple[str, str]:
    """Code and sentence of the one refusal of a step."""
    (error,) = payload["errors"]
    return error["code"], error["message"]


def test_a_taken_number_is_left_to_a_coordinator_also_by_hand(here: Server) -> None:
    said: dict[str, Any] = {"mechanism": "UPR", "body": "UPR", "cycle": 4, "language": "en"}
    said |= {"parts": [{"text": TEXT}], "symbol": DOCUMENT}
    answers = []
    for world in ("this", "another"):
        hide(here, world)
        state = STATES[world][0]
        payload = here.take(
            "clerk", "receiveRecommendation", **said, addressee=state, paragraph="5.1"
        )
        answers.append(refusal(payload))
        there = here.take(
            "clerk", "receiveRecommendation", **said, addressee=state, paragraph="5.2"
        )
        assert refusal(there)[0] == "ALREADY_SO", "what the clerk may read is there, and said to be"
        sees = {**said, "addressee": state, "paragraph": "5.1"}
        assert refusal(here.take("coordinator", "receiveRecommendation", **sees))[0] == "ALREADY_SO"
    assert answers[0] == answers[1]
    assert (answers[0][0], "coordinator" in answers[0][1]) == ("NEEDS_DECISION", True)
    assert TEXT not in answers[0][1]


def test_a_hidden_review_is_neither_opened_again_nor_written_to(here: Server) -> None:
    take(here, "coordinator", "openReview", **A_REVIEW, addressee="SVN", visibility="CONFIDENTIAL")
    again = take(here, "clerk", "openReview", **A_REVIEW, addressee="SVN")
    assert refusal(again)[0] == "NEEDS_DECISION"
    cited = Citation(printed="A/HRC/59/15/Add.1", symbol="A/HRC/59/15/Add.1", paragraph="3")
    file = upload(here, matrix([row("140.1", citation=cited)]), name="m.docx")["id"]
    here.grant("clerk of one", "clerk", "archive", addressees=("SVN",))
    said = {"file": file, "format": "OHCHR_MATRIX", "document": "A/HRC/59/15"}
    dry = imported(here, "clerk of one", dryRun=True, **said)["receipt"]
    job = imported(here, "clerk of one", **said)["receipt"]
    assert job["new"] == 1
    for receipt in (dry, job):
        assert [n["reason"] for n in receipt["conflicts"]] == ["needs-decision"]
    query = '{ reviews(addressee: ["SVN"]) { nodes { documents { symbol } } } }'
    assert here.ask("coordinator", query)["reviews"]["nodes"] == [{"documents": []}]


def test_a_duplicate_is_of_one_that_all_may_read_who_read_it(here: Server) -> None:
    hidden = hide(here, "this")
    open_ = here.receive(addressee="SVN")
    nobody = global_id(mint("recommendation", "SVN", "A/HRC/1/1", "1"))
    answers = [
        refusal(here.take(who, "declareDuplicate", id=open_, expectedVersion=1, of=of))
        for who, of in (("clerk", hidden), ("clerk", nobody))
    ]
    assert answers[0] == answers[1]
    told = here.take("coordinator", "declareDuplicate", id=open_, expectedVersion=1, of=hidden)
    assert refusal(told)[0] == "INVALID_INPUT", "all would read its id"
    assert hidden is not None
    there = here.take("coordinator", "declareDuplicate", id=hidden, expectedVersion=1, of=open_)
    assert there["errors"] == []


def test_a_cursor_tells_of_nothing_that_is_not_in_the_list(here: Server) -> None:
    hidden = take(
        here, "coordinator", "openReview", **A_REVIEW, addressee="SVN", visibility="CONFIDENTIAL"
    )["node"]["uuid"]
    query = "query($a: String!) { reviews(after: $a) { totalCount } }"
    answers = [here.refused("clerk", query, a=UUID(id).hex) for id in (hidden, str(uuid4()))]
    assert answers[0] == answers[1]


# --- What came of a run --------------------------------------------------------------------------

RUNS = """{ importRuns { nodes { status format counts { name } unreadableRows missing code message
    unreadable { row } } } }"""


def test_what_came_of_a_run_is_told_to_those_who_may_read_all_it_was_about(here: Server) -> None:
    hide(here, "this")
    content, said = answers("SVN", "")
    file = upload(here, content, name="a.csv")["id"]
    job = imported(here, "coordinator", file=file, state="SVN", **said)
    assert job["receipt"]["changed"] == 2
    (whole,) = here.ask("coordinator", RUNS)["importRuns"]["nodes"]
    assert whole["counts"]
    for who in ("clerk", "auditor"):
        (run,) = here.ask(who, RUNS)["importRuns"]["nodes"]
        assert (run["status"], run["counts"], run["unreadable"]) == ("COMPLETED", [], [])
    content, said = a_table("HRV", "")
    file = upload(here, content, name="a.csv")["id"]
    imported(here, "coordinator", file=file, state="HRV", **said)
    assert all(here.ask("clerk", RUNS)["importRuns"]["nodes"][0]["counts"]), "nothing is hidden"


def test_a_run_about_nothing_but_what_is_hidden_is_hidden_with_it(here: Server) -> None:
    here.receive(symbol="A/HRC/70/1", paragraph="1", visibility="CONFIDENTIAL")
    content, said = answers_to_the_hidden_alone("SVN", "")
    file = upload(here, content, name="a.csv")["id"]
    imported(here, "coordinator", file=file, state="SVN", **said)
    assert len(here.ask("coordinator", RUNS)["importRuns"]["nodes"]) == 1
    assert here.ask("auditor", RUNS)["importRuns"]["nodes"] == []


def test_a_receipt_is_for_keys_that_read_what_its_key_reads(here: Server) -> None:
    """A system of one institution may have a key as coordinator and one as clerk."""
    for role in ("coordinator", "clerk"):
        said = {"actor": None, "system": "tool", "addressees": ("SVN",)}
        here.grant(f"tool as {role}", role, "mfa", **said)
    hide(here, "this")
    content, said = a_table("SVN", "")
    file = upload(here, content, name="a.csv")["id"]
    command = uuid4().hex
    as_coordinator, as_clerk = "tool as coordinator", "tool as clerk"
    job = imported(
        here, as_coordinator, file=file, state="SVN", dryRun=True, commandId=command, **said
    )
    assert job["receipt"]["same"] + job["receipt"]["changed"] == 1
    uuid = here.ask(
        as_coordinator,
        START,
        input={"commandId": command, "file": file, "state": "SVN", "dryRun": True, **said},
    )["startImport"]["job"]["uuid"]
    error = here.refused(as_clerk, FOLLOW, u=uuid)
    assert error["extensions"]["code"] == "NOT_FOUND"
    input = {"commandId": command, "file": file, "state": "SVN", "dryRun": True, **said}
    started = here.ask(as_clerk, START, input=input)["startImport"]
    assert (started["job"], started["errors"][0]["code"]) == (None, "COMMAND_REUSED")


def test_a_row_matched_to_what_is_hidden_waits_where_only_they_see_it_who_see_that(
    here: Server,
) -> None:
    hide(here, "this")
    content, said = upr_info("SVN", "Slovenia")
    file = upload(here, content, name="a.csv")["id"]
    done = imported(here, "coordinator", file=file, state="SVN", **said)["receipt"]
    assert done["matched"] == 1
    query = '{ matches(addressee: ["SVN"]) { nodes { text candidates { score } } } }'
    assert TEXT in [m["text"] for m in here.ask("coordinator", query)["matches"]["nodes"]]
    for who in ("clerk", "auditor"):
        assert TEXT not in [m["text"] for m in here.ask(who, query)["matches"]["nodes"]]
    receipt = imported(here, file=file, state="SVN", dryRun=True, **said)["receipt"]
    assert [(n["row"], n["reason"]) for n in receipt["conflicts"]] == [(2, "needs-decision")]


# --- What is hidden of one that may be read ------------------------------------------------------

POSITION = {"organ": "ADDENDUM", "visibility": "CONFIDENTIAL", "effectiveOn": "2025-04-08"}
ASSESSED = {
    "assessorKind": "NHRI",
    "assessor": "Ombudsman",
    "scheme": "upr-info",
    "schemeVersion": "1",
    "effectiveOn": "2024-01-01",
    "source": {"document": "NHRI/1"},
    "visibility": "CONFIDENTIAL",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["answers", "a_matrix", "a_table", "a_list_with_an_answer"])
def test_a_confidential_position_is_told_by_no_file(here: Server, kind: str) -> None:
    """As the file has it, and of another document; the clerk's file is told the same."""
    found = {}
    for said, (state, name) in STATES.items():
        id = here.receive(addressee=state, symbol=DOCUMENT, paragraph="5.1", parts=[{"text": TEXT}])
        if said != "none":
            document = f"{DOCUMENT}/Add.1" if said == "this" else "A/HRC/1/Add.7"
            here.step("coordinator", "acceptRecommendation", id, instrument=document, **POSITION)
        content, options = FILES[kind](state, name)
        file = upload(here, content, addressee=state, name="rows.csv")["id"]
        jobs = [imported(here, file=file, state=state, dryRun=d, **options) for d in (True, False)]
        found[said] = alike(jobs, said)
    assert found["this"] == found["another"] == found["none"]


def test_a_confidential_position_is_told_by_no_step(here: Server) -> None:
    """Neither by a refusal nor by what a position says that it revises."""
    said = {"instrument": f"{DOCUMENT}/Add.1", "effectiveOn": "2025-04-08", "organ": "ADDENDUM"}
    query = """query($id: ID!) { recommendation(id: $id) { history { nodes {
        event { ... on PositionTaken { revises answer } } } } } }"""
    found = []
    for world in STATES:
        state = STATES[world][0]
        id = here.receive(addressee=state)
        if world != "none":
            other = {} if world == "this" else {"instrument": "A/HRC/1/Add.7"}
            here.step("coordinator", "acceptRecommendation", id, **{**POSITION, **said, **other})
        seen = here.ask("clerk", "query($i: ID!) { recommendation(id: $i) { version } }", i=id)
        mine = {"id": id, "expectedVersion": seen["recommendation"]["version"], **said}
        taken = here.take("clerk", "acceptRecommendation", **mine)
        found.append((taken["errors"], here.ask("clerk", query, id=id)))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == []


def test_a_confidential_assessment_is_told_by_no_file(here: Server) -> None:
    found = {}
    for said, (state, name) in STATES.items():
        id = here.receive(addressee=state, symbol=DOCUMENT, paragraph="5.1", parts=[{"text": TEXT}])
        if said != "none":
            grade = "fully-implemented" if said == "this" else "not-implemented"
            here.step("coordinator", "assessRecommendation", id, grade=grade, **ASSESSED)
        content, options = assessments(state, name)
        file = upload(here, content, addressee=state, name="rows.csv")["id"]
        jobs = [imported(here, file=file, state=state, dryRun=d, **options) for d in (True, False)]
        found[said] = alike(jobs, said)
    assert found["this"] == found["another"] == found["none"]
