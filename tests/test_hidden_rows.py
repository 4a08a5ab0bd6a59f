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
from uuid import UUID

import msgspec
import pytest

from api.derive import read_id
from domain.identity import mint
from domain.recommendation import fold
from tests.server import Server, running
from tests.test_importing import matrix, row
from tests.test_register_api import imported, upload
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
        assessments { grade } history { __typename version } } }
    recommendation(symbol: $d, paragraph: "5.1", addressee: $s) { text }
    matches(addressee: [$s]) { totalCount nodes { text status candidates { score } } }
    reviews(addressee: [$s]) { totalCount nodes { documents { symbol date } } }
    importRuns(addressee: [$s]) { nodes { status counts { name value } unreadableRows missing } } }"""


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
        "scheme": "upr-info-mid-term-1",
    }
    more = {"grade": "fully", "date": "2024-01-01", "source": "NHRI/1"}
    rows = [{**said, **more, "paragraph": n, "text": t} for n, t in (("5.1", TEXT), ("5.2", OPEN))]
    return table(*rows), {"format": "ASSESSMENTS"}


def lists(state: str, _: str) -> tuple[bytes, dict[str, Any]]:
    ids = [mint("recommendation", state, DOCUMENT, number) for number in ("5.1", "5.2")]
    said = {"version": "1", "symbol": DOCUMENT, "reason": "typo"}
    texts = (TEXT + ".", OPEN + ".")
    rows = [{"id": str(id), **said, "text": text} for id, text in zip(ids, texts, strict=True)]
    return table(*rows), {"format": "LISTS"}


FILES = {
    made.__name__: made
    for made in (
        a_table,
        a_table_of_another_document,
        a_matrix,
        upr_info,
        uhri,
        answers,
        answers_to_the_hidden_alone,
        assessments,
        lists,
    )
}
NAMING = {"a_table", "a_matrix", "uhri"}
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
