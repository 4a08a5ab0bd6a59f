"""What people do about a case itself: tasks are claimed, released and delegated; four eyes look at
a step; a case rests and goes on; more time is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.casework_mutations import ApproveStepInput
from api.context import Context
from api.steps import command
from domain import absence
from domain.casework import approvals, tasks
from domain.casework.tasks import TaskClaimed, TaskDelegated, TaskReleased
from domain.entry import Entry, Speaker, Stamp
from domain.refusals import (
    AlreadySo,
    FourEyes,
    InvalidInput,
    Refusal,
    TaskClaimedByOther,
    UnknownEntry,
    UnknownTask,
)
from tests.clock import SetClock
from tests.given import (
    approved,
    claimed,
    delegated,
    given,
    noted,
    offered,
    received,
    released,
    speaker,
)
from tests.server import Server, running
from tests.test_own_procedures import adopted, published
from workflows.desk import Command
from workflows.procedure.definition import Seat
from workflows.procedure.four_eyes import seats_filled
from workflows.procedure.replay import replay

FOUR_EYES = """
format: suivi-overlay/1
name: four-eyes
extends: upr
labels: {en: Four eyes}
for: {mechanisms: [upr]}
operations:
  - {op: four-eyes, step: declare-implemented, apart-from: [plan]}
  - op: four-eyes
    step: close
    approvals:
      needed: 2
      of:
        - {role: coordinator}
        - {institution: justice}
        - {institution: labour}
"""
"""Nobody declares implemented what he has planned; closing needs two of three others."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("casework")
    with running(f"sqlite:///{folder / 'suivi.db'}") as server:
        adopted(server, published(server, FOUR_EYES))
        for name in ("coordinator", "second", "third"):
            server.grant(name, "coordinator", "mfa", addressees=("SVN",))
        mfas = {"addressees": ("SVN",), "actor": None, "system": "case-desk"}
        server.grant("machine", "coordinator", "mfa", **mfas)
        server.register("mfa", "p-clerk")
        yield server


def refusal(server: Server, who: str, mutation: str, id: str, **said: Any) -> str:
    payload = server.take(who, mutation, id=id, expectedVersion=server.version(id, who), **said)
    assert payload["errors"], "it was taken"
    return str(payload["errors"][0]["code"])


# --- Tasks ---------------------------------------------------------------------------------------


def test_what_a_procedure_asks_for_is_a_task_until_it_is_done() -> None:
    assert {task.task for task in given(received()).it.tasks} == {"assign", "answer"}
    history = given(received(), noted(), offered())
    assert [task.task for task in history.it.tasks] == ["answer-offer"]


def test_a_task_is_claimed_by_one_person_of_an_institution() -> None:
    history = given(received()).when(claimed("assign")).then(TaskClaimed)
    history.when(claimed("assign")).refuses(AlreadySo)
    history.when(claimed("nothing")).refuses(UnknownTask)
    with pytest.raises(TaskClaimedByOther):
        tasks.claim(history.it, Stamp(command="c", speaker=speaker_called("p-2")), "assign")
    free = history.when(released("assign")).then(TaskReleased)
    free.when(released("assign")).refuses(AlreadySo)
    assert free.it.task("assign").claims == ()
    given_on = history.when(delegated("assign", "p-9")).then(TaskDelegated)
    assert [claim.actor for claim in given_on.it.task("assign").claims] == ["p-9"]


def speaker_called(actor: str | None) -> Speaker:
    return msgspec.structs.replace(speaker(), actor=actor, system=None if actor else "desk")


def test_a_system_that_names_no_person_claims_nothing_and_approves_nothing() -> None:
    it = given(received()).it
    nobody = Stamp(command="c", speaker=speaker_called(None))
    with pytest.raises(FourEyes):
        tasks.claim(it, nobody, "assign")
    with pytest.raises(FourEyes):
        approvals.approve(it, nobody, "close", "0" * 64)


def test_others_leave_a_claimed_task_alone_until_it_is_released(here: Server) -> None:
    id = here.receive()
    here.step("coordinator", "claimTask", id, task="assign")
    said = {"institution": "labour"}
    assert refusal(here, "second", "assignRecommendation", id, **said) == "TASK_CLAIMED_BY_OTHER"
    assert refusal(here, "machine", "assignRecommendation", id, **said) == "TASK_CLAIMED_BY_OTHER"
    assert refusal(here, "second", "claimTask", id, task="assign") == "TASK_CLAIMED_BY_OTHER"
    here.step("second", "delegate", id, task="assign", to="p-second")
    here.step("second", "assignRecommendation", id, **said)


def test_an_offer_is_the_task_of_whom_it_was_made_to(here: Server) -> None:
    id = here.receive()
    here.step("coordinator", "offerAssignment", id, institution="labour")
    assert refusal(here, "justice", "claimTask", id, task="answer-offer") == "FORBIDDEN"
    here.step("labour", "claimTask", id, task="answer-offer")
    assert refusal(here, "justice", "releaseTask", id, task="answer-offer") == "FORBIDDEN"
    named = {"task": "answer-offer", "institution": "labour"}
    assert refusal(here, "justice", "releaseTask", id, **named) == "FORBIDDEN"
    here.step("coordinator", "releaseTask", id, **named)


# --- Four eyes -----------------------------------------------------------------------------------


def test_nobody_declares_what_he_has_planned(here: Server) -> None:
    id = here.receive()
    here.step("coordinator", "assignRecommendation", id, institution="labour")
    assert refusal(here, "second", "declareImplemented", id) == "FOUR_EYES", "nobody has planned"
    here.step("coordinator", "planImplementation", id, measures="a law")
    assert refusal(here, "coordinator", "declareImplemented", id) == "FOUR_EYES"
    assert refusal(here, "machine", "declareImplemented", id) == "FOUR_EYES"
    here.step("machine", "planImplementation", id, measures="another law")
    assert refusal(here, "second", "declareImplemented", id) == "FOUR_EYES", "a machine planned"
    here.step("machine", "planImplementation", id, measures="a third law", actor="p-clerk")
    here.step("second", "declareImplemented", id)


AS_WITHDRAWN = {"step": "close", "data": {"closing": "withdrawn"}}


def test_a_command_without_the_fields_added_later_is_the_command_it_was(here: Server) -> None:
    """Frozen: what a client sent before an update, and sends again after it, is one command."""
    speaker = here.service.principal(here.keys["second"])
    assert speaker is not None
    now = ApproveStepInput(command_id="one", id="a", expected_version=3, step="close")  # type: ignore[arg-type]
    not_said = ("effective_on", "effective_basis", "reason", "source", "actor", "on_behalf_of")
    before = {
        **dict.fromkeys((*not_said, "authority", "visibility", "part")),
        "command_id": "one",
        "id": "a",
        "expected_version": 3,
        "step": "close",
    }
    context = Context(here.service, speaker)
    assert command(context, "approve", now) == Command.of("one", speaker, ["approve", before])
    now.data = {"closing": "withdrawn"}
    assert command(context, "approve", now) != Command.of("one", speaker, ["approve", before])


def test_closing_needs_two_of_three_others(here: Server) -> None:
    id = here.receive()
    closing = {"closing": "WITHDRAWN", "reason": "withdrawn"}
    assert refusal(here, "coordinator", "closeRecommendation", id, **closing) == "FOUR_EYES"
    assert refusal(here, "clerk", "approveStep", id, **AS_WITHDRAWN) == "FORBIDDEN"
    here.grant("justice of no State", "coordinator", "justice")
    code = refusal(here, "justice of no State", "approveStep", id, **AS_WITHDRAWN)
    assert code == "FORBIDDEN", "the seat is for the State's own justice"
    here.step("second", "approveStep", id, **AS_WITHDRAWN)
    assert refusal(here, "second", "approveStep", id, **AS_WITHDRAWN) == "ALREADY_SO"
    here.step("third", "approveStep", id, **AS_WITHDRAWN)
    code = refusal(here, "coordinator", "closeRecommendation", id, **closing)
    assert code == "FOUR_EYES", "two persons on one seat fill one seat"
    here.step("labour", "approveStep", id, **AS_WITHDRAWN)
    here.step("coordinator", "closeRecommendation", id, **closing)
    here.step("coordinator", "reopenRecommendation", id, reason="again")
    assert refusal(here, "coordinator", "closeRecommendation", id, **closing) == "FOUR_EYES"


def test_seats_are_filled_as_well_as_they_can_be() -> None:
    seats = (Seat(role="coordinator"), Seat(institution="mfa"))  # type: ignore[arg-type]
    history = given(received(), approved("close"))
    (one,) = history.it.approved_by("close", 0)
    other = one.__class__(step="close", actor="p-2", role="clerk", institution="mfa", version=3)
    assert seats_filled(seats, [one]) == 1
    assert seats_filled(seats, [one, other]) == 2, "the first moves over for the second"
    assert seats_filled(seats, [other, one]) == 2
    assert seats_filled(seats, [other]) == 1


# --- Rest, and more time -------------------------------------------------------------------------


def test_a_case_rests_and_goes_on_and_gets_more_time_over_the_api(here: Server) -> None:
    id = here.receive()
    here.step("coordinator", "deferPosition", id, due="2035-06-30")
    here.step("coordinator", "suspendRecommendation", id, reason="elections", until="2034-12-31")
    said = {"deadline": "position", "until": "2036-01-31", "reason": "asked for"}
    assert refusal(here, "coordinator", "extendDeadline", id, **said) == "STEP_NOT_OPEN"
    here.step("coordinator", "resumeRecommendation", id, reason="a government is formed")
    here.step("coordinator", "extendDeadline", id, **said)
    query = """query($id: ID!) { recommendation(id: $id) { history { nodes {
        event { __typename }
        effects { __typename ... on DeadlineSet { deadline day due generation } } } } } }"""
    history = here.ask("auditor", query, id=id)["recommendation"]["history"]["nodes"]
    effect = history[-1]["effects"][0]
    assert effect["day"] == "2036-01-31"
    assert effect["due"].startswith("2036-01-31T23:59:59")


def test_a_case_that_rests_until_a_day_is_in_the_inbox_again_after_it(database_url: str) -> None:
    clock = SetClock("2031-01-10")
    with running(database_url, clock) as server:
        id = server.receive()
        server.step("coordinator", "deferPosition", id, due="2031-06-30")
        rest = {"reason": "elections", "until": "2031-03-01"}
        server.step("coordinator", "suspendRecommendation", id, **rest)
        timers = server.ask("auditor", "{ timers { nodes { at does deadline } } }")["timers"]
        at = "2031-03-01T23:59:59+00:00"
        assert timers["nodes"] == [{"at": at, "does": "RESUME", "deadline": None}]
        assert server.ask("coordinator", TASKS)["tasks"]["nodes"] == []
        clock.set("2031-03-02")
        assert server.service.worker.catch_up() == 1
        assert server.ask("coordinator", TASKS)["tasks"]["nodes"] != []
        query = """query($id: ID!) { recommendation(id: $id) { suspended { until } history { nodes {
            event { __typename } role actor effectiveOn } } } }"""
        told = server.ask("auditor", query, id=id)["recommendation"]
        assert told["suspended"] is None
        assert told["history"]["nodes"][-1] == {
            "event": {"__typename": "Resumed"},
            "role": "procedure",
            "actor": None,
            "effectiveOn": "2031-03-01",
        }
        log = server.service.log
        again = replay(server.service.desk.procedures, log.read_streams(log.size - 1))
        assert again.ok, again.differences


# --- The inbox and the outbox --------------------------------------------------------------------

TASKS = """query($where: TaskWhere, $first: Int! = 50, $after: String) {
  tasks(where: $where, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes {
    recommendation { id } institutionCode due overdue escalated claimedBy
    task { name label(language: "fr") steps roles whose deadline claims { actor } } } } }"""
NOTICES = """query($first: Int! = 50, $after: String) {
  notifications(first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes {
    id kind deadline day role institutionCode recommendation { id } } } }"""


def test_the_inbox_tells_each_what_is_to_be_done_and_what_is_overdue(database_url: str) -> None:
    clock = SetClock("2031-01-10")
    with running(database_url, clock) as server:
        offered_ = server.receive()
        server.step("coordinator", "noteRecommendation", offered_, organ="ADDENDUM")
        due = {"institution": "labour", "answerDue": "2031-03-01"}
        server.step("coordinator", "offerAssignment", offered_, **due)
        pending = server.receive()
        server.step("coordinator", "deferPosition", pending, due="2031-02-01")
        mine = server.ask("labour", TASKS)["tasks"]["nodes"]
        assert [(task["recommendation"]["id"], task["due"]) for task in mine] == [
            (offered_, "2031-03-01")
        ]
        assert mine[0]["task"]["label"] == "Accepter ou décliner l’offre"
        assert server.ask("justice", TASKS)["tasks"]["nodes"] == []
        assert server.refused("reader", TASKS)["extensions"]["code"] == "FORBIDDEN"
        theirs = {"where": {"institution": ["labour"]}}
        assert server.refused("justice", TASKS, **theirs)["extensions"]["code"] == "FORBIDDEN"
        told = server.ask("coordinator", TASKS)["tasks"]["nodes"]
        assert [task["task"]["name"] for task in told] == ["answer", "assign"], "due ones first"
        one = server.ask("coordinator", TASKS, first=1)["tasks"]
        assert one["pageInfo"]["hasNextPage"]
        rest = server.ask("coordinator", TASKS, after=one["pageInfo"]["endCursor"])["tasks"]
        assert [task["task"]["name"] for task in rest["nodes"]] == ["assign"]
        assert one["totalCount"] == rest["totalCount"] == 2, "on all pages"

        server.step("labour", "claimTask", offered_, task="answer-offer")
        clock.set("2031-03-20")
        server.service.worker.catch_up()
        (late,) = server.ask("labour", TASKS, where={"overdue": True})["tasks"]["nodes"]
        assert (late["claimedBy"], late["overdue"], late["escalated"]) == ("p-labour", True, 1)
        all_ = server.ask("auditor", TASKS, where={"overdue": True})["tasks"]["nodes"]
        assert {task["recommendation"]["id"] for task in all_} == {offered_, pending}

        server.step("coordinator", "suspendRecommendation", offered_, reason="elections")
        assert server.ask("labour", TASKS)["tasks"]["nodes"] == []


def test_the_outbox_tells_each_notice_once_and_goes_on_where_one_was(sqlite_url: str) -> None:
    clock = SetClock("2031-01-10")
    with running(sqlite_url, clock) as server:
        id = server.receive()
        server.step("coordinator", "noteRecommendation", id, organ="ADDENDUM")
        due = {"institution": "labour", "answerDue": "2031-03-01"}
        server.step("coordinator", "offerAssignment", id, **due)
        clock.set("2031-02-25")
        server.service.worker.catch_up()
        first = server.ask("labour", NOTICES)["notifications"]
        assert [(n["kind"], n["institutionCode"], n["day"]) for n in first["nodes"]] == [
            ("Reminded", "labour", "2031-02-22")
        ]
        clock.set("2031-04-01")
        server.service.worker.catch_up()
        more = server.ask("coordinator", NOTICES, after=first["pageInfo"]["endCursor"])[
            "notifications"
        ]
        assert [n["kind"] for n in more["nodes"]] == ["DeadlinePassed", "Escalated"]
        end = more["pageInfo"]["endCursor"]
        none = server.ask("coordinator", NOTICES, after=end)["notifications"]
        assert none["pageInfo"] == {"hasNextPage": False, "endCursor": end}, "read on from there"
        page = server.ask("coordinator", NOTICES)["notifications"]
        every = page["nodes"]
        assert page["totalCount"] == len(every) == 3
        assert server.ask("justice", NOTICES)["notifications"]["totalCount"] == 0
        server.service.feed.rebuild()
        assert server.ask("coordinator", NOTICES)["notifications"]["nodes"] == every
        assert server.ask("justice", NOTICES)["notifications"]["nodes"] == []
        assert server.refused("reader", NOTICES)["extensions"]["code"] == "FORBIDDEN"


def test_why_not_tells_of_four_eyes_and_claims(here: Server) -> None:
    query = """query($id: ID!) { recommendation(id: $id) { deadlines { name status day voluntary }
        tasks { name claims { actor } } suspended { until }
        steps { name isOpen blockedBy { guard whoCan } } } }"""
    id = here.receive()
    here.step("coordinator", "claimTask", id, task="assign")

    def blockers(who: str, step: str) -> list[str]:
        steps = here.ask(who, query, id=id)["recommendation"]["steps"]
        (found,) = [one for one in steps if one["name"] == step]
        return [blocker["guard"] for blocker in found["blockedBy"]]

    assert blockers("coordinator", "decree-assignment") == []
    (why,) = blockers("second", "decree-assignment")
    assert "p-coordinator" in why
    assert any("approved" in guard for guard in blockers("coordinator", "close"))


# --- Who stands in -------------------------------------------------------------------------------

AWAY = """mutation($input: DeclareAbsenceInput!) { declareAbsence(input: $input) {
    absences { version absences { version absent substitute since until } }
    errors { code message } } }"""
BACK = """mutation($input: EndAbsenceInput!) { endAbsence(input: $input) {
    absences { version absences { version } } errors { code message } } }"""
ABSENCES = """{ absences(addressee: "SVN") { version absences { absent } } }"""
TIMERS = """query($after: String) { timers(first: 1, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { at does deadline recommendation { id } } } }"""


def test_whoever_stands_in_takes_what_the_other_has_claimed_as_himself(database_url: str) -> None:
    clock = SetClock("2026-08-01")
    with running(database_url, clock) as server:
        for name in ("coordinator", "second"):
            server.grant(name, "coordinator", "mfa", addressees=("SVN",))
        server.grant("elsewhere", "coordinator", "interior", addressees=("SVN",))
        id = server.receive()
        server.step("coordinator", "claimTask", id, task="assign")
        away = {
            "commandId": "away-1",
            "addressee": "SVN",
            "absent": "p-coordinator",
            "substitute": "p-second",
            "since": "2026-08-03",
            "until": "2026-08-21",
        }
        done = server.ask("coordinator", AWAY, input=away)["declareAbsence"]
        assert done["errors"] == []
        assert done["absences"]["absences"][0]["substitute"] == "p-second"
        again = server.ask("coordinator", AWAY, input=away)["declareAbsence"]
        assert again["absences"]["version"] == 1, "sent twice it is said once"
        said = {"institution": "labour"}
        not_yet = refusal(server, "second", "assignRecommendation", id, **said)
        assert not_yet == "TASK_CLAIMED_BY_OTHER"
        clock.set("2026-08-10")
        other = refusal(server, "justice", "claimTask", id, task="assign")
        assert other == "FORBIDDEN", "another institution's absences are its own"
        entry = server.step("second", "assignRecommendation", id, **said)
        assert entry["recommendation"]["stage"] == "ASSIGNED"
        assert server.ask("coordinator", ABSENCES)["absences"]["version"] == 1
        assert server.ask("elsewhere", ABSENCES)["absences"]["absences"] == []
        assert server.refused("reader", ABSENCES)["extensions"]["code"] == "FORBIDDEN"
        back = {"commandId": "back-1", "addressee": "SVN", "expectedVersion": 1, "absence": 1}
        done = server.ask("second", BACK, input=back)["endAbsence"]
        assert (done["errors"], done["absences"]["absences"]) == ([], [])
        stale = server.ask("second", BACK, input={**back, "commandId": "back-2"})["endAbsence"]
        assert stale["errors"][0]["code"] == "STALE_VERSION"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"absent": "p-1", "substitute": "p-1"}, InvalidInput),
        ({"since": "2026-09-01", "until": "2026-08-01"}, InvalidInput),
        ({"since": "2026-09"}, InvalidInput),
        ({"substitute": "p-3"}, AlreadySo),
        ({"absent": "p-2", "substitute": "p-4"}, InvalidInput),
        ({"absent": "p-4", "substitute": "p-1"}, InvalidInput),
    ],
)
def test_an_absence_that_makes_no_sense_is_refused(
    said: dict[str, str], reason: type[Refusal]
) -> None:
    usual = {"absent": "p-1", "substitute": "p-2", "since": "2026-08-03", "until": "2026-08-21"}
    here_now = Stamp(command="c", speaker=speaker_called("p-9"))
    first = absence.declare(here_now, None, **usual)
    id = absence.absences_id("SVN", "mfa")
    held = absence.fold([Entry(id, 1, "SVN", first)])
    assert held is not None
    assert held.absent_for("p-2", "2026-08-21") == ["p-1"]
    assert held.absent_for("p-2", "2026-08-22") == []
    with pytest.raises(reason):
        absence.declare(here_now, held, **{**usual, **said})
    with pytest.raises(UnknownEntry):
        held.end(here_now, 9)


def test_the_clock_tells_what_it_does_next_the_earliest_first(sqlite_url: str) -> None:
    with running(sqlite_url, SetClock("2031-01-10")) as server:
        late, soon = server.receive(), server.receive()
        server.step("coordinator", "deferPosition", late, due="2031-12-31")
        server.step("coordinator", "deferPosition", soon, due="2031-06-30")
        page = server.ask("auditor", TIMERS)["timers"]
        assert [node["recommendation"]["id"] for node in page["nodes"]] == [soon]
        assert page["nodes"][0]["does"] == "REMIND"
        assert page["nodes"][0]["at"].startswith("2031-04-30T23:59:59")
        rest = server.ask("auditor", TIMERS, after=page["pageInfo"]["endCursor"])["timers"]
        assert [node["recommendation"]["id"] for node in rest["nodes"]] == [late]
        assert not rest["pageInfo"]["hasNextPage"]
        assert page["totalCount"] == rest["totalCount"] == 2
        assert server.refused("reader", TIMERS)["extensions"]["code"] == "FORBIDDEN"


def test_a_remark_is_for_those_who_work_on_it_and_changes_nothing(here: Server) -> None:
    id = here.receive()
    words = {"words": "ask the ministry of health first"}
    assert refusal(here, "justice", "remark", id, **words) == "FORBIDDEN"
    here.step("coordinator", "offerAssignment", id, institution="justice")
    told = here.step("justice", "remark", id, words="ask the ministry of health first")
    assert told["entries"][0]["visibility"] == "INTERNAL"
    query = """query($id: ID!) { recommendation(id: $id) { states history { nodes {
        left entered event { __typename ... on Remarked { words { text } } } } } } }"""
    found = here.ask("clerk", query, id=id)["recommendation"]["history"]["nodes"]
    assert found[-1]["event"]["words"]["text"] == "ask the ministry of health first"
    assert (found[-1]["left"], found[-1]["entered"]) == ([], [])
    public = here.ask("reader", query, id=id)["recommendation"]["history"]["nodes"]
    assert "Remarked" not in [entry["event"]["__typename"] for entry in public]
