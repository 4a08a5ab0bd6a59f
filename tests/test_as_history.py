"""Recording history as it happened is a right of its own: who has it, what it needs, and how the
replay check tells it from the steps of a procedure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from domain.entry import Authority, AuthorityKind
from tests.server import A_RECOMMENDATION, Server, running
from tests.test_command_line import Shell, shell  # noqa: F401 - a fixture
from tests.test_door import ANSWERS, FOUR_EYES, ROWS, adopt
from tests.test_register_api import START, imported, upload
from workflows.access import Principal, Role
from workflows.procedure import replay

CLOSED = """
format: suivi-overlay/1
name: slow
extends: upr
labels: {en: Slow}
for: {mechanisms: [upr]}
operations:
  - {op: require, step: take-position, when: at assignment.assigned}
  - {op: require, step: classify, when: at assignment.assigned}
"""
"""Neither a position nor terms before it is assigned."""

DECREE = {"kind": "DECISION", "reference": "Cabinet decision 12 of 2020"}
AS_HISTORY = Authority(kind=AuthorityKind.DECISION, reference=DECREE["reference"])
SAID: dict[str, Any] = {"format": "TABLE", "state": "XAA"}
HISTORY = """query($n: String!) { recommendation(symbol: "A/HRC/90/12", paragraph: $n) {
    position history { nodes { event { __typename } logIndex actor authority { reference }
        asHistory { kind reference } } } } }"""


@pytest.fixture
def here(tmp_path: Any) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        yield server


def under(server: Server, overlay: str) -> None:
    """Lets the State XAA receive under a procedure of its own."""
    by = Principal(
        key=UUID(int=7),
        role=Role.COORDINATOR,
        institution="mfa",
        authority=Authority(kind=AuthorityKind.MANDATE, reference="Decree 1"),
        actor="p-chief",
    )
    adopt(SimpleNamespace(service=server.service, clerk=by), overlay)  # type: ignore[arg-type]


def brought(server: Server, text: str, who: str = "coordinator", **said: Any) -> dict[str, Any]:
    file = upload(server, text.encode(), name="rows.csv", addressee="XAA")["id"]
    receipt = imported(server, who, file=file, **{**SAID, **said})["receipt"]
    assert isinstance(receipt, dict)
    return receipt


def replayed(server: Server) -> replay.Replayed:
    log = server.service.log
    return replay.replay(server.service.desk.procedures, log.read_streams(log.size - 1))


def entries(server: Server, paragraph: str = "50.1") -> tuple[str, dict[str, Any]]:
    """The position of a recommendation, and of each kind of entry its authority as history."""
    found = server.ask("auditor", HISTORY, n=paragraph)["recommendation"]
    told = found["history"]["nodes"]
    return found["position"], {e["event"]["__typename"]: e["asHistory"] for e in told}


@pytest.mark.parametrize("overlay", [FOUR_EYES, CLOSED], ids=["four eyes", "not open"])
def test_what_the_procedure_lets_not_pass_is_recorded_as_history_by_its_authority(
    here: Server, overlay: str
) -> None:
    under(here, overlay)
    plain = brought(here, ROWS)
    assert [note["reason"] for note in plain["conflicts"]] == ["needs-decision"]
    assert entries(here)[0] == "PENDING"
    assert replayed(here).history == (overlay is CLOSED), "terms are what others have said"
    dry = brought(here, ROWS, asHistory=DECREE, dryRun=True)
    receipt = brought(here, ROWS, asHistory=DECREE)
    assert (dry["changed"], receipt["changed"], receipt["conflicts"]) == (1, 1, [])
    position, said = entries(here)
    assert (position, said["PositionTaken"]) == ("SUPPORTED", DECREE)
    assert said["Received"] is None, "it is no entry of another kind"
    found = replayed(here)
    told = [one for one in found.as_history if one.step == "take-position"]
    assert [(one.effective_on, one.role, one.authority) for one in told] == [
        ("2020-02-19", "coordinator", AS_HISTORY)
    ]
    assert (found.ok, found.past_four_eyes, found.past_procedure) == (True, 0, 0)
    assert found.steps + found.history == sum(
        len(s) for s in here.service.log.read_streams(here.size() - 1) if is_a_case(s)
    )


def is_a_case(stream: list[Any]) -> bool:
    return bool(stream[0].event.topic.startswith("recommendation."))


def test_what_others_have_said_a_clerk_records_whenever_it_comes(here: Server) -> None:
    under(here, CLOSED)
    receipt = brought(here, ROWS, "clerk")
    (left,) = receipt["conflicts"]
    assert "take-position" in left["message"]
    assert "not open" in left["message"]
    _, said = entries(here)
    told = here.ask("auditor", HISTORY, n="50.1")["recommendation"]["history"]["nodes"]
    own = told[0]["authority"]
    assert said["Classified"]["reference"] == own["reference"], "by the mandate of the key"
    assert "PositionTaken" not in said
    (told,) = replayed(here).as_history
    assert (told.step, told.role, told.was_open) == ("classify", "clerk", False)


def test_a_clerk_records_no_act_of_the_state_as_history(here: Server) -> None:
    file = upload(here, ROWS.encode(), name="rows.csv", addressee="XAA")["id"]
    input = {"commandId": uuid4().hex, "file": file, "asHistory": DECREE, **SAID}
    started = here.ask("clerk", START, input=input)["startImport"]
    assert [error["code"] for error in started["errors"]] == ["FORBIDDEN"]


def test_history_needs_the_day_on_which_it_happened(here: Server) -> None:
    under(here, FOUR_EYES)
    receipt = brought(here, ROWS.replace("2020-02-19", ""), asHistory=DECREE)
    (left,) = receipt["conflicts"]
    assert (left["reason"], "the day" in left["message"]) == ("needs-decision", True)
    said = {"format": "ANSWERS", "document": "A/HRC/90/12"}
    late = brought(here, ANSWERS.replace("2020", "2999"), asHistory=DECREE, **said)
    assert [note["reason"] for note in late["conflicts"]] == ["needs-decision"]
    assert "has not" in late["conflicts"][0]["message"]
    done = brought(here, ANSWERS, asHistory=DECREE, **said)
    assert (done["changed"], entries(here)[0]) == (1, "SUPPORTED")


def test_history_is_entered_by_hand_by_the_same_right(here: Server) -> None:
    under(here, FOUR_EYES)
    more = {"addressee": "XAA", "symbol": "A/HRC/90/12", "paragraph": "50.1", "cycle": 4}
    said = {
        "id": here.receive(**{**A_RECOMMENDATION, **more}),
        "expectedVersion": 1,
        "organ": "ADDENDUM",
        "effectiveOn": "2020-02-19",
        "source": {"document": "A/HRC/90/12/Add.1"},
    }

    def code(who: str, **other: Any) -> str:
        (error,) = here.take(who, "acceptRecommendation", **{**said, **other})["errors"]
        return str(error["code"])

    assert code("coordinator") == "FOUR_EYES"
    assert code("clerk", asHistory=DECREE) == "FORBIDDEN"
    assert code("coordinator", asHistory=DECREE, effectiveOn=None) == "INVALID_INPUT"
    assert code("coordinator", asHistory=DECREE, source=None) == "INVALID_INPUT"
    assert code("coordinator", asHistory=DECREE, effectiveOn="2999-01-01") == "INVALID_INPUT"
    done = here.take("coordinator", "acceptRecommendation", **said, asHistory=DECREE)
    assert done["errors"] == []
    assert entries(here) == ("SUPPORTED", {"Received": None, "PositionTaken": DECREE})
    assert replayed(here).history == 1


def test_an_import_of_before_that_took_a_closed_step_is_told_as_such(here: Server) -> None:
    """As imports recorded it before they said so."""
    under(here, CLOSED)
    brought(here, ROWS, asHistory=DECREE)
    log = here.service.log
    streams = [
        [e._replace(event=unmarked(e.event)) for e in stream]
        for stream in log.read_streams(log.size - 1)
    ]
    found = replay.replay(here.service.desk.procedures, streams)
    assert (found.ok, found.history) == (True, 0)
    assert found.past_procedure == len(found.past_procedure_at) == 2


def unmarked(event: Any) -> Any:
    return msgspec.structs.replace(event, stamp=msgspec.structs.replace(event.stamp, history=None))


def test_the_command_line_records_history_and_tells_it_apart(shell: Shell) -> None:  # noqa: F811
    overlay = shell.file(CLOSED.encode(), "closed.yaml")
    shell.ok("definition", "publish", overlay, "--state", "XAA", "--adopt")
    rows = shell.file(ROWS.encode(), "rows.csv")
    said = ("import", rows, "--format", "table", "--state", "XAA")
    shell.run(*said)
    done = shell.run(*said, "--as-history", "decision=Cabinet decision 12 of 2020")
    assert done.returncode == 0, done.stderr
    plain = shell.run("replay", "--check")
    assert (plain.returncode, "recorded as history" in plain.stdout) == (0, True)
    assert "take-position of 2020-02-19, by operator (coordinator)" in plain.stdout
    assert "Cabinet decision 12 of 2020" in plain.stdout
    found = json.loads(shell.run("replay", "--check", "--json").stdout)
    assert (found["ok"], found["history"], len(found["as_history"])) == (True, 2, 2)
    wrong = shell.run(*said, "--as-history", "because")
    assert wrong.returncode == 2
