"""Deadlines: set once, reminded of, passed, escalated, extended, paused; fired once, in the order
of their due, by whichever worker comes first."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from api.derive import read_id
from api.service import Service
from api.settings import Settings
from domain.casework import deadlines, suspension
from domain.casework.deadlines import DeadlineExtended, DeadlinePassed, Escalated, Reminded
from domain.casework.held import DeadlineHeld, DeadlineStatus, Due, Timer
from domain.casework.steps import StepTaken
from domain.casework.suspension import Resumed, Suspended
from domain.effects import DeadlineLifted, DeadlineSet, Instant
from domain.entry import CLOCK, Entry, Visibility
from domain.recommendation import Recommendation, fold
from domain.recommendation.assignment import AssignmentLapsed
from domain.refusals import (
    AlreadySo,
    InvalidInput,
    StaleVersion,
    StepNotOpen,
    UnknownDeadline,
)
from domain.scope import Scope
from domain.words import Mechanism
from tests.clock import SetClock
from tests.given import (
    Given,
    closed,
    decreed,
    deferred,
    extended,
    given,
    noted,
    offered,
    planned,
    received,
    reopened,
    reported,
    resumed,
    selected,
    stamp,
    supported,
    suspended,
)
from tests.server import ROOT, SUIVI, Server, running, until
from tests.test_own_procedures import adopted, published
from workflows.procedure import SHIPPED, Procedures
from workflows.procedure.firing import fire
from workflows.procedure.overdue import days_overdue
from workflows.procedure.replay import replay
from workflows.procedure.shipped import shipped


def due(it: Recommendation, name: str) -> DeadlineHeld:
    held = it.deadline(name)
    assert held is not None, [held.deadline for held in it.deadlines]
    return held


def fired(history: Given, until_: str) -> Given:
    """The history after everything that falls due by an instant was fired."""
    it, entries = history.it, list(history.entries)
    while (next_ := it.next_due) is not None and next_.at <= until_:
        entries += fire(SHIPPED, it, next_, "timers/1")
    return Given(*entries)


def kinds(history: Given) -> list[str]:
    return [type(entry.event).__name__ for entry in history.entries]


# --- What is due ---------------------------------------------------------------------------------


def test_a_deadline_is_an_instant_fixed_when_it_is_set() -> None:
    history = given(received(), deferred("2031-06-30"))
    held = due(history.it, "position")
    assert (held.day, held.due) == ("2031-06-30", "2031-06-30T23:59:59Z")
    assert (held.fact, held.generation, held.status) == ("answer-due", 2, DeadlineStatus.RUNNING)
    assert held.calendar.startswith("holidays ")
    effect = history.entries[-1].stamp.effects[0]
    assert isinstance(effect, DeadlineSet)
    assert effect.due == held.due, "it is in the entry: folding reckons nothing"


def test_a_day_of_month_precision_is_due_on_the_months_last_day() -> None:
    assert due(given(received(), deferred("2031-06")).it, "position").day == "2031-06-30"


def test_another_day_sets_it_anew_in_another_generation() -> None:
    history = given(received(), deferred("2031-06-30"), deferred("2031-09-30"))
    held = due(history.it, "position")
    assert (held.day, held.generation) == ("2031-09-30", 3)
    assert len(history.it.deadlines) == 1


def test_the_same_day_said_again_leaves_it_alone() -> None:
    history = given(received(), deferred("2031-06-30"), deferred("2031-06-30", "HRC 59"))
    assert due(history.it, "position").generation == 2
    assert history.entries[-1].stamp.effects == ()


def test_what_is_done_is_due_no_more() -> None:
    history = given(received(), deferred("2031-06-30"), noted())
    assert history.it.deadline("position") is None
    lifted = [e for e in history.entries[-1].stamp.effects if isinstance(e, DeadlineLifted)]
    assert [effect.deadline for effect in lifted] == ["position"]


def test_a_mid_term_report_is_reminded_of_and_never_overdue() -> None:
    history = given(received(), supported(on="2031-04-08"))
    held = due(history.it, "mid-term-report")
    assert (held.day, held.voluntary) == ("2033-10-08", True)
    assert history.it.due is None
    later = fired(history, "2040-01-01T00:00:00Z")
    assert kinds(later)[2:] == ["Reminded", "Reminded"]
    assert later.it.next_due is None
    assert due(later.it, "mid-term-report").status is DeadlineStatus.RUNNING


def test_a_span_counts_from_the_day_the_step_was_true() -> None:
    early = due(given(received(), supported(on="2030-01-31")).it, "mid-term-report")
    assert (early.basis, early.day) == ("2030-01-31", "2032-07-31")


def test_closing_lifts_every_deadline_and_ends_every_task_and_reopening_sets_them_again() -> None:
    history = given(received(), deferred("2031-06-30"), closed())
    assert (history.it.deadlines, history.it.tasks) == ([], [])
    again = given(received(), deferred("2031-06-30"), closed(), reopened())
    assert due(again.it, "position").day == "2031-06-30"
    assert {task.task for task in again.it.tasks} == {"assign", "answer"}


def test_a_committees_follow_up_is_due_until_the_state_reports() -> None:
    history = given(received(mechanism=Mechanism.TREATY_BODY), selected(due="2031-05"))
    assert due(history.it, "follow-up").day == "2031-05-31"
    assert history.it.due == "2031-05-31"
    done = history.when(reported()).then(object)  # type: ignore[arg-type]
    assert done.it.deadlines == []


# --- The clock -----------------------------------------------------------------------------------


def test_reminders_then_the_passing_then_escalations_each_once_in_due_order() -> None:
    history = fired(given(received(), deferred("2031-06-30")), "2031-12-31T00:00:00Z")
    assert kinds(history)[2:] == ["Reminded", "Reminded", "DeadlinePassed", "Escalated"]
    days = [entry.stamp.effective.on for entry in history.entries[2:]]
    assert days == ["2031-04-30", "2031-06-16", "2031-06-30", "2031-07-01"]
    reminded = history.entries[3].event
    assert isinstance(reminded, Reminded)
    assert [to.role for to in reminded.to] == ["coordinator", "clerk"]
    assert history.it.next_due is None
    assert due(history.it, "position").status is DeadlineStatus.PASSED
    assert history.it.position == "pending", "a deadline that passes never produces a position"


def test_what_the_clock_says_nobody_says() -> None:
    entry = fired(given(received(), deferred("2031-06-30")), "2031-07-01T00:00:00Z").entries[-1]
    speaker = entry.stamp.speaker
    assert (speaker.actor, speaker.system, speaker.role) == (None, "suivi", "procedure")


def test_a_reminder_that_lies_behind_when_the_deadline_is_set_is_not_sent() -> None:
    held = due(given(received(), deferred("2020-06-30")).it, "position")
    assert held.reminders == ()
    history = fired(given(received(), deferred("2020-06-30")), "2021-01-01T00:00:00Z")
    assert kinds(history)[2:] == ["DeadlinePassed", "Escalated"]


def test_focal_points_of_the_institutions_concerned_are_told() -> None:
    history = given(received(), noted(), offered("labour", answer_due="2031-09-01"))
    told = fired(history, "2031-08-26T00:00:00Z").entries[-1].event
    assert isinstance(told, Reminded)
    assert [(to.role, to.institution) for to in told.to] == [("focal-point", "labour")]
    two = given(received(), decreed("labour"), decreed("justice"), planned(ends="2031-12-31"))
    told = fired(two, "2031-10-01T00:00:00Z").entries[-1].event
    assert isinstance(told, Reminded)
    assert [to.institution for to in told.to] == ["justice", "labour"]


# --- More time, and rest -------------------------------------------------------------------------


def test_more_time_is_given_with_a_reason_and_what_was_due_before_is_stale() -> None:
    history = given(received(), decreed(), planned(ends="2031-06-30"))
    history.when(extended("measures", "2031-12-31", None)).refuses(InvalidInput)
    history.when(extended("measures", "2031-06-30")).refuses(InvalidInput)
    history.when(extended("measures", "2031-12")).refuses(InvalidInput)
    history.when(extended("nothing", "2031-12-31")).refuses(UnknownDeadline)
    later = history.when(extended("measures", "2031-12-31")).then(DeadlineExtended)
    held = due(later.it, "measures")
    assert (held.day, held.basis, held.generation) == ("2031-12-31", "2031-06-30", 4)
    assert later.it.due == "2031-12-31"
    stale = due(history.it, "measures")
    passed = deadlines.let_pass(later.it, later.entries[0].stamp, stale)
    passed.apply(later.it, later.entries[0])
    assert due(later.it, "measures").status is DeadlineStatus.RUNNING, "another generation"


def test_a_passed_deadline_that_is_extended_runs_again() -> None:
    late = fired(given(received(), decreed(), planned(ends="2031-06-30")), "2031-08-01T00:00:00Z")
    assert due(late.it, "measures").status is DeadlineStatus.PASSED
    again = late.when(extended("measures", "2032-01-31")).then(DeadlineExtended)
    assert due(again.it, "measures").status is DeadlineStatus.RUNNING


def test_the_clock_stands_still_while_a_case_rests() -> None:
    history = given(received(), decreed(), planned(ends="2031-06-30"))
    rests = history.when(suspended(on="2031-05-01")).then(Suspended)
    assert due(rests.it, "measures").status is DeadlineStatus.PAUSED
    assert (rests.it.due, rests.it.next_due) == (None, None)
    rests.when(planned()).refuses(StepNotOpen)
    rests.when(suspended()).refuses(StepNotOpen)
    goes_on = rests.when(resumed(on="2031-08-01")).then(Resumed)
    held = due(goes_on.it, "measures")
    assert (held.status, held.day) == (DeadlineStatus.RUNNING, "2031-09-30"), "92 days later"
    assert held.basis == "2031-06-30"
    goes_on.when(resumed()).refuses(StepNotOpen)


def test_a_case_that_rests_until_a_day_goes_on_by_itself_when_that_is_over() -> None:
    history = given(received(), decreed(), planned(ends="2031-06-30"))
    rests = history.when(suspended(on="2031-05-01", until="2031-08-01")).then(Suspended)
    assert rests.it.next_due == Due(Instant("2031-08-01T23:59:59Z"), Timer.RESUME)
    assert fired(rests, "2031-08-01T23:59:58Z").it.suspended is not None
    goes_on = fired(rests, "2031-08-02T00:00:00Z")
    entry = goes_on.entries[len(rests.entries)]
    assert isinstance(entry.event, Resumed)
    assert (entry.stamp.speaker.role, entry.stamp.effective.on) == ("procedure", "2031-08-01")
    held = due(goes_on.it, "measures")
    assert (held.status, held.day) == (DeadlineStatus.RUNNING, "2031-09-30"), "92 days later"
    by_hand = rests.when(resumed(on="2031-06-01")).then(Resumed)
    after = fired(by_hand, "2031-08-02T00:00:00Z").entries[len(by_hand.entries) :]
    assert Resumed not in {type(entry.event) for entry in after}, "it had been taken up before"


def test_what_falls_due_after_a_long_rest_is_fired_in_order() -> None:
    history = given(received(), decreed(), planned(ends="2031-06-30"))
    rests = history.when(suspended(on="2031-05-01", until="2031-08-01")).then(Suspended)
    late = fired(rests, "2032-01-01T00:00:00Z")
    assert [type(e.event).__name__ for e in late.entries[len(rests.entries) :]][:2] == [
        "Resumed",
        "Reminded",
    ]
    assert due(late.it, "measures").status is DeadlineStatus.PASSED


def test_resting_and_going_on_say_why() -> None:
    given(received()).when(suspended(None)).refuses(InvalidInput)
    given(received(), suspended()).when(resumed(None)).refuses(InvalidInput)
    with pytest.raises(AlreadySo):
        suspension.suspend(given(received(), suspended()).it, stamp(reason="again"))


# --- A State's own -------------------------------------------------------------------------------

SILENCE = """
format: suivi-overlay/1
name: silence-lapses
extends: upr
labels: {en: Silence lapses}
for: {mechanisms: [upr]}
operations:
  - op: add-fact
    name: minutes
    fact: {type: number, optional: true, filled: review.minutes}
  - op: add-state
    after: assignment
    state:
      id: review
      bucket: not-counted
      labels: {en: Yearly look}
      states:
        - id: review.quiet
          bucket: not-counted
          labels: {en: Quiet}
          moves:
            - {past: look-again, to: review.asked-for}
        - id: review.asked-for
          bucket: not-counted
          labels: {en: Asked for}
          moves:
            - {on: review, to: review.quiet}
  - op: add-step
    after: plan
    step:
      name: review
      labels: {en: Look at it again}
      roles: [coordinator]
      form:
        - {name: minutes, labels: {en: Minutes}, type: number, least: 1}
  - op: add-deadline
    deadline:
      id: look-again
      while: [review.quiet]
      due: {after: {years: 1}}
      labels: {en: A year has passed}
  - op: add-deadline
    deadline:
      id: silence
      while: [assignment.offered]
      due: {fact: offer-answer-due}
      then: lapse-assignment
      labels: {en: Silence}
  - {op: require, step: continue, when: minutes is unknown or minutes > 5}
"""
"""Silence lapses an offer; a case that nobody has looked at for a year is asked for."""


@contextmanager
def own(url: str, clock: SetClock, **settings: Any) -> Iterator[Server]:
    """A server of a State that has adopted this procedure."""
    with running(url, clock, **settings) as server:
        adopted(server, published(server, SILENCE))
        yield server


def case(server: Server, id: str) -> list[Entry]:
    return server.service.log.history([read_id(id)])


def states(server: Server, id: str) -> set[str]:
    it = fold(case(server, id))
    assert it is not None
    return set(it.states)


def test_silence_lapses_an_offer_where_the_procedure_says_so(database_url: str) -> None:
    clock = SetClock("2031-01-10")
    with own(database_url, clock) as server:
        id = server.receive(effectiveOn="2031-01-10")
        for institution, on in (("labour", "2031-03-01"), ("justice", "2031-05-01")):
            server.step("coordinator", "offerAssignment", id, institution=institution, answerDue=on)
        clock.set("2031-03-02")
        assert server.service.worker.catch_up() >= 1
        lapsed = [e.event for e in case(server, id) if isinstance(e.event, AssignmentLapsed)]
        assert [event.assignment for event in lapsed] == [2], "the other has time yet"
        clock.set("2031-05-02")
        server.service.worker.catch_up()
        assert "assignment.unassigned" in states(server, id)
        entry = case(server, id)[-1]
        assert entry.stamp.effective.on == "2031-05-01"
        assert replay(
            server.service.desk.procedures, server.service.log.read_streams(server.size() - 1)
        ).ok


def test_what_the_clock_says_of_a_confidential_offer_is_for_those_who_read_the_offer(
    database_url: str,
) -> None:
    clock = SetClock("2031-01-10")
    with own(database_url, clock) as server:
        id = server.receive(effectiveOn="2031-01-10")
        quiet = {"institution": "labour", "answerDue": "2031-03-01", "visibility": "CONFIDENTIAL"}
        server.step("coordinator", "offerAssignment", id, **quiet)
        clock.set("2031-03-02")
        server.service.worker.catch_up()
        by_clock = [e for e in case(server, id) if e.stamp.speaker.role == CLOCK]
        assert {type(e.event) for e in by_clock} >= {DeadlinePassed, AssignmentLapsed}
        assert {e.stamp.visibility for e in by_clock} == {Visibility.CONFIDENTIAL}
        for institution, sees in (("labour", True), ("justice", False)):
            scope = Scope(frozenset((Visibility.PUBLIC, Visibility.INTERNAL)), institution)
            assert [scope.sees(e) for e in by_clock] == [sees] * len(by_clock)
        asked = "{ notifications(first: 100) { nodes { kind deadline institutionCode } } }"
        assert "labour" in str(server.ask("coordinator", asked))
        assert "labour" not in str(server.ask("clerk", asked))


def test_the_task_of_a_confidential_offer_is_its_institutions_and_the_coordinators(
    sqlite_url: str,
) -> None:
    clock = SetClock("2031-01-10")
    with own(sqlite_url, clock) as server:
        id = server.receive(effectiveOn="2031-01-10")
        quiet = {"institution": "labour", "answerDue": "2031-03-01", "visibility": "CONFIDENTIAL"}
        server.step("coordinator", "offerAssignment", id, **quiet)
        node = "tasks { name claims { actor } } deadlines { name }"
        asked = f"""{{
          tasks(where: {{institution: ["labour"], role: [FOCAL_POINT]}}) {{
            nodes {{ institutionCode }} }}
          node(id: "{id}") {{ ... on Recommendation {{ {node} }} }}
        }}"""
        seen, hidden = server.ask("coordinator", asked), server.ask("clerk", asked)
        assert [task["institutionCode"] for task in seen["tasks"]["nodes"]] == ["labour"]
        assert hidden["tasks"]["nodes"] == []
        told = {one["name"] for one in seen["node"]["deadlines"]}
        assert "silence" in told
        assert "silence" not in {one["name"] for one in hidden["node"]["deadlines"]}
        tasks = [{task["name"] for task in of["node"]["tasks"]} for of in (seen, hidden)]
        assert ("answer-offer" in tasks[0], "answer-offer" in tasks[1]) == (True, False)
        assert ("assign" in tasks[0], "assign" in tasks[1]) == (False, True), "as if not offered"


def test_a_deadline_moves_a_case_and_a_form_says_what_guards_read(sqlite_url: str) -> None:
    clock = SetClock("2031-01-10")
    with own(sqlite_url, clock) as server:
        id = server.receive(effectiveOn="2031-01-10")
        clock.set("2032-01-09")
        assert server.service.worker.catch_up() == 0
        clock.set("2032-01-11")
        assert server.service.worker.catch_up() == 1
        assert "review.asked-for" in states(server, id)
        server.step("coordinator", "takeStep", id, step="review", data={"minutes": 3})
        assert "review.quiet" in states(server, id)
        refused = server.take(
            "coordinator",
            "continueRecommendation",
            id=id,
            expectedVersion=server.version(id),
            cycle=5,
        )
        assert refused["errors"][0]["code"] == "STEP_NOT_OPEN"
        assert "minutes" in refused["errors"][0]["message"]
        it = fold(case(server, id))
        assert it is not None
        assert due(it, "look-again").day == "2033-01-11", "it counts from the day of the look"
        assert isinstance(case(server, id)[-1].event, StepTaken)


# --- The worker ----------------------------------------------------------------------------------


def waiting(server: Server, count: int, on: str = "2031-06-{day:02}") -> list[str]:
    """Recommendations whose answer is due, one after the other."""
    ids = []
    for n in range(count):
        id = server.receive()
        server.step("coordinator", "deferPosition", id, due=on.format(day=n % 28 + 1))
        ids.append(id)
    return ids


def told(server: Server, ids: list[str]) -> list[tuple[int, str, str, str | None]]:
    """What the clock said of some: log index, recommendation, what, from which day on."""
    found = [
        (
            entry.log_index or 0,
            str(entry.stream),
            type(entry.event).__name__,
            entry.stamp.effective.on,
        )
        for id in ids
        for entry in case(server, id)
        if isinstance(entry.event, (Reminded, DeadlinePassed, Escalated))
    ]
    return sorted(found)


def test_after_a_standstill_all_is_fired_in_the_order_of_its_due(database_url: str) -> None:
    clock = SetClock("2031-01-10")
    with running(database_url, clock) as server:
        ids = waiting(server, 12)
        clock.set("2035-01-01")
        assert server.service.worker.catch_up() == 12 * 4
        happened = told(server, ids)
        assert len(happened) == 12 * 4
        days = [on for _, _, _, on in happened]
        assert days == sorted(days)
        assert server.service.worker.catch_up() == 0, "nothing fires twice"


def test_what_a_passing_leads_to_comes_after_it_even_if_it_was_due_before(sqlite_url: str) -> None:
    clock = SetClock("2031-01-10")
    with own(sqlite_url, clock) as server:
        id = server.receive(effectiveOn="2031-01-10")
        for institution, on in (("labour", "2031-03-01"), ("justice", "2031-05-01")):
            server.step("coordinator", "offerAssignment", id, institution=institution, answerDue=on)
        for deadline in ("silence", "offer-answer"):
            extension = {"deadline": deadline, "until": "2031-09-30", "reason": "elections"}
            server.step("coordinator", "extendDeadline", id, **extension)
        clock.set("2031-10-01")
        assert server.service.worker.catch_up() >= 2
        history = case(server, id)
        assert [entry.version for entry in history] == list(range(1, len(history) + 1))
        lapsed = [e.stamp.effective.on for e in history if isinstance(e.event, AssignmentLapsed)]
        assert lapsed == ["2031-09-30", "2031-05-01"], "the second had to wait for the first"
        assert "assignment.unassigned" in states(server, id)


def test_a_batch_at_a_time_is_in_order_too(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.worker.batch_cases_max", 3)
    clock = SetClock("2031-01-10")
    with running(sqlite_url, clock) as server:
        ids = waiting(server, 10)
        clock.set("2035-01-01")
        assert server.service.worker.catch_up() == 10 * 4
        days = [on for _, _, _, on in told(server, ids)]
        assert days == sorted(days)


def test_several_workers_fire_each_timer_once(postgres_url: str) -> None:
    clock = SetClock("2031-01-10")
    with running(postgres_url, clock) as server:
        ids = waiting(server, 40)
        clock.set("2035-01-01")
        services = [Service(Settings(database_url=postgres_url), clock) for _ in range(4)]
        try:
            with ThreadPoolExecutor(4) as pool:
                fired_ = sum(pool.map(lambda s: s.worker.catch_up(), services))
        finally:
            for service in services:
                service.close()
        happened = [(id, what) for _, id, what, _ in told(server, ids)]
        assert fired_ == len(happened) == 40 * 4
        for id in {id for id, _ in happened}:
            mine = [what for other, what in happened if other == id]
            assert mine == ["Reminded", "Reminded", "DeadlinePassed", "Escalated"]


def test_a_step_between_loading_and_appending_is_not_overridden(sqlite_url: str) -> None:
    clock = SetClock("2031-01-10")
    with running(sqlite_url, clock) as server:
        first, second = waiting(server, 2)
        clock.set("2035-01-01")
        desk = server.service.desk
        append = desk.append

        def interrupted(*said: Any) -> Any:
            desk.append = append  # type: ignore[method-assign]
            server.step(
                "coordinator", "noteRecommendation", first, organ="ADDENDUM", instrument="Add.1"
            )
            return append(*said)

        desk.append = interrupted  # type: ignore[method-assign]
        assert server.service.worker.catch_up() >= 4
        assert [what for _, _, what, _ in told(server, [second])][-1] == "Escalated"
        mine = [type(entry.event).__name__ for entry in case(server, first)][2:]
        passed = ["Reminded", "Reminded", "DeadlinePassed", "Escalated"]
        assert mine == [*passed, "PositionTaken"], "the step fired what was due before it"


@pytest.mark.parametrize("how", ["by its default", "analysed"])
def test_a_claim_reads_what_is_due_and_not_what_sleeps(postgres_url: str, how: str) -> None:
    service = Service(Settings(database_url=postgres_url))
    plans: list[str] = []
    sleeping = "lpad(n::text, 32, '0'), 'SVN', '2090-01-01T00:00:00Z', 0, 0"

    def explained(connection: Any, cursor: Any, said: str, parameters: Any, *_: Any) -> None:
        if said.startswith("UPDATE timer SET epoch"):
            cursor.execute(f"EXPLAIN {said}", parameters)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    try:
        with service._timers() as connection:
            insert = f"INSERT INTO timer SELECT {sleeping} FROM generate_series(1, 20000) AS s (n)"
            connection.exec_driver_sql(insert)
            if how == "analysed":
                connection.exec_driver_sql("ANALYZE timer")
        engine = service.views.current().engine
        event.listen(engine, "before_cursor_execute", explained)
        assert service.claim("2031-01-01T00:00:00Z", 500, 60) == []  # type: ignore[arg-type]
        event.remove(engine, "before_cursor_execute", explained)
    finally:
        service.close()
    (plan,) = plans
    assert "ix_timer_wakes_at" in plan
    assert "Seq Scan" not in plan


def test_a_claim_that_is_lost_loses_no_timer(database_url: str) -> None:
    clock = SetClock("2031-01-10")
    with running(database_url, clock) as server:
        ids = waiting(server, 3)
        clock.set("2035-01-01")
        service = server.service
        held = service.claim("2035-01-01T00:00:00Z", 10, 60)  # type: ignore[arg-type]
        assert len(held) == 3
        assert service.worker.catch_up() == 0, "another worker has claimed them"
        service.feed.rebuild()
        assert service.worker.catch_up() == 12
        service.release(held)
        assert len(told(server, ids)) == 12


def test_a_procedure_that_is_not_known_here_stops_no_other_case(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.worker.batch_cases_max", 1)
    clock = SetClock("2031-01-10")
    with own(sqlite_url, clock) as server:
        stuck = server.receive(effectiveOn="2031-01-10")
        other = server.receive(addressee="HRV")
        server.step("coordinator", "deferPosition", other, due="2031-06-01")
        hash = case(server, stuck)[0].stamp.definition
        find = Procedures.find
        monkeypatch.setattr(
            "workflows.procedure.Procedures.find",
            lambda self, sha256, state: None if sha256 == hash else find(self, sha256, state),
        )
        clock.set("2035-01-01")
        assert server.service.worker.catch_up() == 4
        assert told(server, [stuck]) == []
        assert len(told(server, [other])) == 4


def test_a_case_that_breaks_the_worker_stops_no_other_case(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock("2031-01-10")
    with running(sqlite_url, clock) as server:
        broken, *others = waiting(server, 9)
        append = server.service.desk.append

        def failing(command: Any, entries: Any) -> Any:
            if any(entry.stream == read_id(broken) for entry in entries):
                raise ZeroDivisionError
            return append(command, entries)

        monkeypatch.setattr(server.service.desk, "append", failing)
        clock.set("2035-01-01")
        assert server.service.worker.catch_up() == 8 * 4
        assert (len(told(server, others)), told(server, [broken])) == (8 * 4, [])
        monkeypatch.undo()
        assert server.service.worker.catch_up() == 0, "it has its lease yet"
        server.service.feed.rebuild()
        assert server.service.worker.catch_up() == 4


def test_steps_that_keep_coming_between_hold_up_no_other_case(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock("2031-01-10")
    with running(sqlite_url, clock) as server:
        busy, *others = waiting(server, 5)
        append = server.service.desk.append

        def between(command: Any, entries: Any) -> Any:
            if any(entry.stream == read_id(busy) for entry in entries):
                raise StaleVersion("somebody is always faster")
            return append(command, entries)

        monkeypatch.setattr(server.service.desk, "append", between)
        clock.set("2035-01-01")
        assert server.service.worker.catch_up() == 4 * 4
        assert (len(told(server, others)), told(server, [busy])) == (4 * 4, [])
        monkeypatch.undo()
        assert server.service.worker.catch_up() == 4, "the next turn finds it"


@pytest.mark.slow
def test_suivi_worker_fires_and_ends_when_told(sqlite_url: str) -> None:
    with running(sqlite_url) as server:
        id = server.receive()
        server.step("coordinator", "deferPosition", id, due="2020-01-31")
    environment = {**os.environ, "SUIVI_DATABASE_URL": sqlite_url}
    with subprocess.Popen([*SUIVI, "worker"], env=environment, cwd=ROOT) as worker:
        service = Service(Settings(database_url=sqlite_url))
        try:
            until(lambda: _passed(service))
        finally:
            worker.send_signal(signal.SIGTERM)
            service.close()
        assert worker.wait(20) == 0
    once = [*SUIVI, "worker", "--once", "--json"]
    again = subprocess.run(once, env=environment, cwd=ROOT, capture_output=True, check=True)
    assert again.stdout == b'{"fired":0}\n'


def _passed(service: Service) -> bool:
    return any(isinstance(entry.event, Escalated) for entry in service.log.read_all())


@pytest.mark.slow
def test_serve_fires_too(sqlite_url: str) -> None:
    with running(sqlite_url, serve_timers=True) as server:
        id = server.receive()
        server.step("coordinator", "deferPosition", id, due="2020-01-31")
        until(lambda: len(told(server, [id])) == 2)


# --- How long something would have been overdue --------------------------------------------------


def as_recorded(history: Given, *days: str) -> list[Entry]:
    """The entries, as recorded at noon of these days."""
    return [
        entry._replace(log_index=n, recorded_at=SetClock(day).now)
        for n, (entry, day) in enumerate(zip(history.entries, days, strict=True))
    ]


def overdue(entries: list[Entry], name: str = "upr", now: str = "2032-01-01") -> int:
    calendar = SHIPPED.calendars.of("SVN")
    return days_overdue(entries, shipped()[name], calendar, SetClock(now).now)


def test_what_was_answered_in_time_was_never_overdue_however_late_it_was_entered() -> None:
    history = given(received(), deferred("2031-06-30"), noted(on="2031-06-01"))
    assert overdue(as_recorded(history, "2031-01-01", "2031-01-02", "2031-06-01")) == 0
    assert overdue(as_recorded(history, "2031-01-01", "2031-01-02", "2031-12-24")) == 0


def test_what_was_answered_late_was_overdue_until_then_and_what_was_not_is_so_still() -> None:
    history = given(received(), deferred("2031-06-30"), noted(on="2031-07-10"))
    assert overdue(as_recorded(history, "2031-01-01", "2031-01-02", "2031-07-10")) == 10
    waits = given(received(), deferred("2031-06-30"))
    assert overdue(as_recorded(waits, "2031-01-01", "2031-01-02"), now="2031-07-31") == 31
    assert overdue(as_recorded(waits, "2031-01-01", "2031-01-02"), "treaty-body") == 0
