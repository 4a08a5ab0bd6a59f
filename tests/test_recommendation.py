"""What may be said of a recommendation, what it adds up to, and what is refused."""

from __future__ import annotations

import re
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as all_examples
from hypothesis import strategies as st

from domain import casework, credential, vocabulary
from domain.casework import BESIDE
from domain.entry import (
    Basis,
    Effective,
    Event,
    Protected,
    Speaker,
    Visibility,
    effective,
    is_date,
    text_chars_max,
)
from domain.recommendation import BEGINNING, Recommendation, fold, receive
from domain.recommendation import EVENTS as EVERY_EVENT
from domain.recommendation.assignment import (
    AssignmentAccepted,
    AssignmentDeclined,
    AssignmentDecreed,
    AssignmentEnded,
    AssignmentHandedOver,
    AssignmentLapsed,
    AssignmentOffered,
    assignments_max,
)
from domain.recommendation.closing import Closed, Reopened
from domain.recommendation.elements import Part, Recommender
from domain.recommendation.implementation import Assessed, DeclaredImplemented, Planned
from domain.recommendation.lineage import (
    Continued,
    DeclaredDuplicate,
    DuplicateUndone,
    Linked,
    LinkWithdrawn,
)
from domain.recommendation.names import AliasWithdrawn, Identified, Renumbered
from domain.recommendation.position import PositionDeferred, PositionTaken, StateCommented
from domain.recommendation.progress import (
    Covered,
    ProgressCleared,
    ProgressDrafted,
    ProgressPublished,
)
from domain.recommendation.receiving import Received, parts_max, recommenders_max
from domain.recommendation.reporting import Reported, SelectedForFollowUp
from domain.recommendation.terms import Classified, Declassified, terms_max
from domain.recommendation.wording import Corrected, TextAdded
from domain.refusals import (
    AlreadySo,
    InvalidInput,
    LimitExceeded,
    LinkToItself,
    NoPositionHere,
    Refusal,
    StepNotOpen,
    UnknownAlias,
    UnknownAssignment,
    UnknownEntry,
    UnknownGrade,
    UnknownLink,
    UnknownPart,
    UnknownReport,
    UnknownTerm,
    all_refusals,
)
from domain.schemes import Common, common_grade
from domain.words import (
    Answer,
    AssessorKind,
    AssignmentStatus,
    Capacity,
    Closing,
    Kind,
    LinkType,
    Mechanism,
    Owed,
    Position,
    ProgressStatus,
    Stage,
    TextStatus,
)
from tests.given import (
    ANY,
    OTHERS,
    Act,
    accepted,
    act,
    added,
    any_act,
    assessed,
    classified,
    cleared,
    closed,
    commented,
    continued,
    corrected,
    covered,
    declared,
    declassified,
    declined,
    decreed,
    deferred,
    drafted,
    duplicate,
    ended,
    given,
    handed_over,
    identified,
    lapsed,
    linked,
    noted,
    offered,
    parts,
    planned,
    published,
    received,
    renumbered,
    reopened,
    reported,
    selected,
    stamp,
    struck,
    supported,
    term,
    text,
    undone,
    unlinked,
    unnamed,
)
from workflows.log.mapper import EVENTS
from workflows.procedure import SHIPPED
from workflows.procedure.shipped import shipped
from workflows.step_table import STEPS

EARLIER = OTHERS[0]


# --- Arriving ------------------------------------------------------------------------------------


def test_a_received_recommendation_is_open_pending_unassigned_not_started_and_unreported() -> None:
    it = given(received()).it
    assert it.states == [
        "assignment.unassigned",
        "implementation.not-started",
        "position.pending",
        "record.open",
        "reporting.unreported",
    ]
    assert (it.stage, it.position, it.version) == (Stage.RECEIVED, Position.PENDING, 1)


def test_the_same_paragraph_gets_the_same_id_and_another_paragraph_another() -> None:
    assert received("140.1", states=("LTU",)).stream == received("140.1 ").stream
    assert received("140.1").stream != received("140.10").stream
    assert received("140.1", addressee="FRA").stream != received("140.1").stream
    assert received("140.1", kind=Kind.CONCERN).stream != received("140.1").stream


def test_what_has_no_number_gets_an_id_of_its_own() -> None:
    it = given(received(None, symbol=None, id=UUID(int=5))).it
    assert (it.id, it.aliases) == (UUID(int=5), [])


def test_it_goes_by_its_symbol_and_paragraph_from_the_start() -> None:
    assert [alias.key for alias in given(received()).it.aliases] == [("un", "A/HRC/59/15", "140.1")]


def _receive(**other: Any) -> None:
    facts: dict[str, Any] = {
        "addressee": "SVN",
        "kind": Kind.RECOMMENDATION,
        "mechanism": Mechanism.UPR,
        "body": "UPR",
        "text": text("Do it"),
        "parts": parts(),
        "symbol": "A/HRC/59/15",
        "paragraph": "140.1",
    }
    receive(stamp(), **{**facts, **other})


def recommended(count: int) -> tuple[Part, ...]:
    """One part that so many States recommend."""
    return (Part(id="1", recommenders=(Recommender(printed="France"),) * count),)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"symbol": None}, InvalidInput),
        ({"paragraph": " "}, InvalidInput),
        ({"body": ""}, InvalidInput),
        ({"body": "B" * 201}, LimitExceeded),
        ({"text": text(" ")}, InvalidInput),
        ({"text": text("one", "two")}, InvalidInput),
        ({"text": text("Do it", language="")}, InvalidInput),
        ({"text": text("x" * (text_chars_max + 1))}, LimitExceeded),
        ({"parts": ()}, LimitExceeded),
        ({"parts": parts(parts_max + 1)}, LimitExceeded),
        ({"parts": recommended(recommenders_max + 1)}, LimitExceeded),
        ({"parts": parts() + parts(), "text": text("one", "two")}, InvalidInput),
    ],
)
def test_what_cannot_be_a_recommendation_is_refused(
    other: dict[str, Any], reason: type[Refusal]
) -> None:
    with pytest.raises(reason) as refused:
        _receive(**other)
    assert type(refused.value) is reason


# --- Position (domain rules 2, 5, 18) ------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "position", "stage"),
    [(supported(), Position.SUPPORTED, Stage.ACCEPTED), (noted(), Position.NOTED, Stage.NOTED)],
)
def test_a_state_supports_or_notes_it(answer: Act, position: Position, stage: Stage) -> None:
    it = given(received()).when(answer).then(PositionTaken, revises=None).it
    assert (it.position, it.stage) == (position, stage)
    assert f"position.{position}" in it.states


def test_there_is_no_rejected() -> None:
    assert set(Answer) == {"supported", "noted"}


def test_a_later_answer_revises_the_earlier_one_and_wipes_out_nothing() -> None:
    after = (
        given(received(), noted("2025-04-08"))
        .when(supported("2027-06"))
        .then(PositionTaken, revises=2)
    )
    assert after.it.position is Position.SUPPORTED
    assert [p.answer for p in after.it.positions] == [Answer.NOTED, Answer.SUPPORTED]


def test_a_late_fact_about_the_past_does_not_change_what_stands_now() -> None:
    it = given(received(), supported("2027-06-01"), noted("2025-04-08")).it
    assert it.position is Position.SUPPORTED
    assert "position.supported" in it.states


def test_an_unknown_date_never_displaces_a_known_one() -> None:
    it = given(received(), supported("2025-04-08"), noted(None)).it
    assert it.position is Position.SUPPORTED


def test_a_known_date_displaces_an_unknown_one_whichever_came_first() -> None:
    assert given(received(), noted(None), supported("1999")).it.position is Position.SUPPORTED
    assert given(received(), supported("1999"), noted(None)).it.position is Position.SUPPORTED


def test_of_two_answers_on_one_day_the_one_recorded_last_stands() -> None:
    it = given(received(), supported("2025-04-08"), noted("2025-04-08")).it
    assert it.position is Position.NOTED


def test_the_very_same_answer_from_the_same_instrument_is_refused() -> None:
    given(received(), supported()).when(supported()).refuses(AlreadySo)
    given(received(), supported()).when(supported(instrument="plenary")).then(PositionTaken)


def test_a_mechanism_without_positions_takes_a_comment_instead() -> None:
    concern = received(mechanism=Mechanism.TREATY_BODY)
    assert given(concern).it.position is Position.NOT_APPLICABLE
    assert not [state for state in given(concern).it.states if state.startswith("position.")]
    given(concern).when(supported()).refuses(NoPositionHere)
    given(concern).when(deferred()).refuses(NoPositionHere)
    given(concern).when(commented()).then(StateCommented)
    given(received()).when(commented()).refuses(InvalidInput)


def test_a_pledge_awaits_no_position() -> None:
    pledge = received(kind=Kind.PLEDGE)
    assert given(pledge).it.position is Position.NOT_APPLICABLE
    given(pledge).when(supported()).refuses(NoPositionHere)
    given(pledge).when(deferred()).refuses(NoPositionHere)


def test_an_expired_deadline_produces_no_position() -> None:
    it = given(received()).when(deferred("2025-06-30")).then(PositionDeferred).it
    assert (it.position, it.answer_due) == (Position.PENDING, "2025-06-30")
    given(received()).when(deferred(None, "HRC59")).then(PositionDeferred, session="HRC59")
    given(received()).when(deferred(None)).refuses(InvalidInput)
    given(received()).when(deferred("2025-02-30")).refuses(InvalidInput)


def test_each_part_may_have_a_position_of_its_own() -> None:
    two = given(received(wordings=("Ratify", "Report")))
    one = two.when(supported(part="1")).then(PositionTaken)
    assert one.it.position is Position.PENDING, "the other part waits for its answer"
    assert one.when(noted(part="2")).then(PositionTaken).it.position is Position.BY_PART
    assert one.when(supported(part="2")).then(PositionTaken).it.position is Position.SUPPORTED
    assert one.when(noted()).then(PositionTaken).it.position is Position.BY_PART
    two.when(supported(part="3")).refuses(UnknownPart)


def test_no_step_is_about_a_part_that_is_not_there() -> None:
    given(received()).when(classified(term("theme", "A12"), part="9")).refuses(UnknownPart)
    given(received(), decreed()).when(declared(part="9")).refuses(UnknownPart)


def test_a_position_can_be_recorded_after_follow_up_was_closed() -> None:
    given(received(), closed()).when(supported()).then(PositionTaken)


# --- Noted is not refused (domain rule 3), four dimensions (domain rule 1) -----------------------


def test_a_noted_recommendation_can_still_be_assigned_planned_and_carried_out() -> None:
    it = given(received(), noted(), decreed(), planned(), declared(), reported()).it
    assert it.position is Position.NOTED
    assert it.stage is Stage.REPORTED


def test_the_stage_is_the_furthest_point_reached() -> None:
    history = given(received(), supported())
    stages = [history.it.stage]
    for step in (decreed(), declared(), reported()):
        history = history.when(step).then(Event)
        stages.append(history.it.stage)
    assert stages == [Stage.ACCEPTED, Stage.ASSIGNED, Stage.IMPLEMENTED, Stage.REPORTED]


def test_it_can_be_carried_out_before_any_position_is_taken() -> None:
    it = given(received(), decreed(), declared()).it
    assert (it.position, it.stage) == (Position.PENDING, Stage.IMPLEMENTED)


# --- Assignment (domain rule 8) ------------------------------------------------------------------


def test_a_decree_assigns_at_once() -> None:
    it = given(received()).when(decreed()).then(AssignmentDecreed, assignee="labour").it
    assert [(a.id, a.institution, a.status) for a in it.standing] == [
        (2, "labour", AssignmentStatus.ASSIGNED)
    ]


def test_an_offer_is_accepted_declined_with_a_reason_or_lapses() -> None:
    offer = given(received()).when(offered()).then(AssignmentOffered)
    assert "assignment.offered" in offer.it.states
    accepted_ = offer.when(accepted(2)).then(AssignmentAccepted)
    assert "assignment.assigned" in accepted_.it.states
    gone = offer.when(declined(2)).then(AssignmentDeclined)
    assert "assignment.unassigned" in gone.it.states
    offer.when(declined(2, reason=None)).refuses(InvalidInput)
    assert offer.when(lapsed(2)).then(AssignmentLapsed).it.standing == []


@pytest.mark.parametrize("again", [accepted(2), declined(2), lapsed(2)])
def test_an_offer_is_answered_once(again: Act) -> None:
    given(received(), offered(), accepted(2)).when(again).refuses(UnknownAssignment)


def test_an_institution_is_not_asked_twice_for_the_same_part() -> None:
    two = given(received(wordings=("Ratify", "Report")), decreed(part="1"))
    two.when(offered(part="1")).refuses(AlreadySo)
    two.when(offered(part="2")).then(AssignmentOffered)
    two.when(offered()).then(AssignmentOffered)
    two.when(offered("justice", part="1")).then(AssignmentOffered)
    two.when(offered(part="9")).refuses(UnknownPart)


def test_who_declined_may_be_asked_again() -> None:
    given(received(), offered(), declined(2)).when(offered()).then(AssignmentOffered)


def test_a_lead_and_supporting_institutions_stand_together() -> None:
    it = given(received(), decreed(), decreed("justice", Capacity.SUPPORTING)).it
    assert [a.capacity for a in it.standing] == [Capacity.LEAD, Capacity.SUPPORTING]


def test_an_assignment_passes_to_another_institution_and_history_stays() -> None:
    after = given(received(), decreed()).when(handed_over(2, "justice")).then(AssignmentHandedOver)
    assert [(a.id, a.institution, a.status.value) for a in after.it.assignments] == [
        (2, "labour", "handed-over"),
        (3, "justice", "assigned"),
    ]


def test_an_assignment_is_not_handed_over_to_who_has_it_or_has_one_already() -> None:
    history = given(received(), decreed(), decreed("justice"))
    history.when(handed_over(2, "labour")).refuses(AlreadySo)
    history.when(handed_over(2, "justice")).refuses(AlreadySo)
    history.when(handed_over(9, "interior")).refuses(UnknownAssignment)
    history.when(handed_over(2, " ")).refuses(InvalidInput)


def test_an_assignment_ends_with_a_reason() -> None:
    history = given(received(), decreed())
    history.when(ended(2, reason=" ")).refuses(InvalidInput)
    it = history.when(ended(2)).then(AssignmentEnded).it
    assert "assignment.unassigned" in it.states


def test_assignments_have_a_limit() -> None:
    history = given(received(), *(decreed(f"institution {n}") for n in range(assignments_max)))
    history.when(decreed("one more")).refuses(LimitExceeded)
    history.when(handed_over(2, "one more")).refuses(LimitExceeded)


def test_what_nobody_is_assigned_to_is_not_planned_drafted_ended_or_declared() -> None:
    for step in (planned(), drafted(), declared(), ended(2), handed_over(2, "justice")):
        given(received(), supported()).when(step).refuses(StepNotOpen)


# --- Implementation and reporting ----------------------------------------------------------------


def test_a_plan_moves_implementation() -> None:
    it = given(received(), decreed()).when(planned()).then(Planned).it
    assert "implementation.planned" in it.states
    given(received(), decreed()).when(planned(part="9")).refuses(UnknownPart)


def test_a_progress_report_is_drafted_cleared_and_published_in_that_order() -> None:
    history = given(received(), decreed())
    draft = history.when(drafted()).then(ProgressDrafted)
    draft.when(published(3)).refuses(UnknownReport)
    clear = draft.when(cleared(3)).then(ProgressCleared)
    clear.when(cleared(3)).refuses(UnknownReport)
    out = clear.when(published(3)).then(ProgressPublished)
    assert "implementation.in-progress" in out.it.states
    out.when(drafted(3)).refuses(UnknownReport)
    draft.when(cleared(9)).refuses(UnknownReport)


def test_a_draft_drafted_again_is_the_same_report_and_must_be_cleared_again() -> None:
    history = (
        given(received(), decreed(), drafted(), cleared(3)).when(drafted(3)).then(ProgressDrafted)
    )
    assert [(p.id, p.version) for p in history.it.progress] == [(3, 5)]
    history.when(published(3)).refuses(UnknownReport)


def test_a_declaration_is_the_states_own_and_says_nothing_for_others() -> None:
    it = given(received(), decreed(), assessed("E")).when(declared()).then(DeclaredImplemented).it
    assert it.stage is Stage.IMPLEMENTED
    assert [a.common for a in it.assessments] == [Common.NOT_IMPLEMENTED]


def test_a_report_names_its_document() -> None:
    it = given(received()).when(reported()).then(Reported).it
    assert "reporting.reported" in it.states
    given(received()).when(reported(" ")).refuses(InvalidInput)


# --- Assessments (domain rule 6) -----------------------------------------------------------------


def test_assessments_stand_side_by_side() -> None:
    it = given(
        received(),
        assessed("A"),
        assessed(
            "partially-implemented",
            assessor="UPR Info",
            kind=AssessorKind.UPR_INFO,
            scheme="upr-info",
            version="1",
        ),
    ).it
    assert [(a.assessor, a.common) for a in it.assessments] == [
        ("Human Rights Committee", Common.IMPLEMENTED),
        ("UPR Info", Common.PARTLY_IMPLEMENTED),
    ]


def test_who_enters_anothers_finding_cites_its_document() -> None:
    given(received()).when(assessed(document=None)).refuses(InvalidInput)
    given(received()).when(assessed(document=None, assessor="mfa")).then(Assessed)


def test_no_cooperation_is_on_no_common_scale() -> None:
    given(received()).when(assessed("D")).then(Assessed, common=None)


@pytest.mark.parametrize(
    ("scheme", "version", "grade"),
    [("hrc-follow-up", "2017", "B1"), ("hrc-follow-up", "1999", "A"), ("upr-info", "1", "A")],
)
def test_a_grade_its_scheme_does_not_know_is_refused(scheme: str, version: str, grade: str) -> None:
    given(received()).when(assessed(grade, scheme=scheme, version=version)).refuses(UnknownGrade)


def test_two_grades_of_one_committee_on_one_day_stand_side_by_side_until_a_later_one() -> None:
    it = given(received(), assessed("B", on="2026-03-04"), assessed("C", on="2026-03-04"))
    assert [a.grade for a in it.it.current_assessments()] == ["B", "C"]
    again = it.when(assessed("C", on="2026-03-04")).then(Assessed)
    assert [a.grade for a in again.it.current_assessments()] == ["B", "C"]
    earlier = again.when(assessed("E", on="2025-01-01")).then(Assessed)
    assert [a.grade for a in earlier.it.current_assessments()] == ["B", "C"]
    later = earlier.when(assessed("A", on="2027")).then(Assessed)
    assert [a.grade for a in later.it.current_assessments()] == ["A"]


def test_the_committees_grades_of_2013_and_2017_differ() -> None:
    schemes = vocabulary.shipped()["assessment-scheme"].versions
    before, now = (
        {term.code for term in schemes[f"hrc-follow-up-{year}"].terms} for year in ("2013", "2017")
    )
    assert before - now == {"B1", "B2", "C1", "C2", "D1", "D2"}
    assert common_grade("hrc-follow-up", "2013", "B2") is Common.PARTLY_IMPLEMENTED


def test_a_committee_selects_it_for_follow_up_with_a_date() -> None:
    it = given(received()).when(selected(due="2026-05")).then(SelectedForFollowUp).it
    assert (it.selected, it.follow_up_due) == (True, "2026-05")
    given(received()).when(selected(due="soon")).refuses(InvalidInput)
    given(received()).when(selected(body="")).refuses(InvalidInput)


# --- Corrections (domain rules 7 and 19) ---------------------------------------------------------


def test_strike_a_position_and_the_one_before_stands_again() -> None:
    after = (
        given(received(), noted("2025-04-08"), supported("2027"))
        .when(struck(3))
        .then(Corrected, strikes=3)
    )
    assert after.it.position is Position.NOTED
    assert "position.noted" in after.it.states
    assert len(after.it.positions) == 2, "what was struck stays in the history"


def test_strike_the_only_position_and_it_is_pending_again() -> None:
    assert given(received(), noted(), struck(2)).it.position is Position.PENDING


def test_strike_a_plan_a_declaration_a_report_and_they_count_no_more() -> None:
    history = given(received(), decreed(), planned(), declared(), reported())
    assert "reporting.unreported" in history.when(struck(5)).then(Corrected).it.states
    back = history.when(struck(4)).then(Corrected)
    assert "implementation.planned" in back.it.states
    assert "implementation.not-started" in back.when(struck(3)).then(Corrected).it.states


def test_what_is_no_standing_fact_cannot_be_struck() -> None:
    history = given(received(), noted(), struck(2))
    for version in (1, 2, 3, 99):
        history.when(struck(version)).refuses(UnknownEntry)
    history.when(struck(2, reason=None)).refuses(InvalidInput)


def test_a_correction_says_why_and_what() -> None:
    history = given(received())
    history.when(corrected(None, text=text("Ratify it"))).refuses(InvalidInput)
    history.when(corrected()).refuses(InvalidInput)
    history.when(corrected(text=text("Ratify the convention"))).refuses(AlreadySo)
    it = history.when(corrected(text=text("Ratify it"))).then(Corrected).it
    assert it.text() == "Ratify it"


def test_parts_are_corrected_together_with_the_wording_they_need() -> None:
    history = given(received(), added(text("Ratifier", language="fr")))
    history.when(corrected(parts=parts(2))).refuses(InvalidInput)
    history.when(corrected(parts=parts(2), text=text("un", "deux", language="fr"))).refuses(
        InvalidInput
    )
    history.when(corrected(parts=parts(parts_max + 1))).refuses(LimitExceeded)
    it = history.when(corrected(parts=parts(2), text=text("one", "two"))).then(Corrected).it
    assert (len(it.parts), it.text()) == (2, "one; two")
    who = history.when(corrected(parts=parts(1, "LTU", "LVA"))).then(Corrected).it
    assert [r.code for r in who.parts[0].recommenders] == ["LTU", "LVA"]


def test_a_correction_of_parts_moves_the_position_it_amounts_to() -> None:
    history = given(received(wordings=("one", "two")), supported(part="1"))
    assert "position.pending" in history.it.states
    one = history.when(corrected(parts=parts(1), text=text("one"))).then(Corrected)
    assert "position.supported" in one.it.states


def test_a_text_in_another_language_corrects_none() -> None:
    it = given(received()).when(added(text("Ratifier", language="fr"))).then(TextAdded).it
    assert (it.text(), it.text("fr"), it.text("ar")) == (
        "Ratify the convention",
        "Ratifier",
        "Ratify the convention",
    )
    given(received(), added(text("Ratifier", language="fr"))).when(
        added(text("Ratifier", language="fr"))
    ).refuses(AlreadySo)
    given(received()).when(added(text("un", "deux", language="fr"))).refuses(InvalidInput)
    better = text("Ratifier", language="fr", status=TextStatus.OFFICIAL)
    machine = text("Ratifier", language="fr", status=TextStatus.MACHINE)
    given(received(), added(machine)).when(added(better)).then(TextAdded)


# --- Names and terms (domain rules 4 and 12) -----------------------------------------------------


def test_a_number_that_changed_stays_an_alias_and_the_id_stays_too() -> None:
    before = given(received("140.1"))
    after = before.when(renumbered("141.1")).then(Renumbered)
    assert (after.it.id, after.it.paragraph) == (before.it.id, "141.1")
    assert [alias.paragraph for alias in after.it.aliases] == ["140.1", "141.1"]
    after.when(renumbered("141.1")).refuses(AlreadySo)
    after.when(renumbered(" ")).refuses(InvalidInput)


def test_another_systems_id_is_an_alias() -> None:
    history = given(received()).when(identified("u-1")).then(Identified)
    history.when(identified("u-1")).refuses(AlreadySo)
    history.when(identified("A/HRC/1", "un")).refuses(InvalidInput)
    history.when(identified("", "national")).refuses(InvalidInput)


def test_a_name_that_turns_out_to_be_anothers_is_taken_back_with_a_reason() -> None:
    named = given(received(), identified("u-1"))
    named.when(unnamed("u-1", None)).refuses(InvalidInput)
    named.when(unnamed("u-2")).refuses(UnknownAlias)
    named.when(unnamed("A/HRC/59/15", scheme="un")).refuses(UnknownAlias)
    without = named.when(unnamed("u-1")).then(AliasWithdrawn)
    assert [a.scheme for a in without.it.aliases] == ["un"]
    assert without.when(identified("u-1")).then(Identified)


def test_a_published_report_that_covers_it_is_progress_until_it_is_struck() -> None:
    report = UUID(int=5)
    history = given(received(), decreed("labour"), covered(report))
    assert "implementation.in-progress" in history.it.states
    history.when(covered(report)).refuses(AlreadySo)
    again = history.when(struck(3)).then(Corrected)
    assert "implementation.not-started" in again.it.states


def test_what_is_owed_by_a_day_is_owed_until_it_is_done() -> None:
    pending = given(received(), deferred("2025-06"))
    assert pending.it.owed() == [(Owed.POSITION, "2025-06-30")]
    assert given(received(), deferred("2025-06"), noted()).it.due is None
    offered_ = given(received(), noted(), offered("labour", answer_due="2025-03-01"))
    assert offered_.it.due == "2025-03-01"
    assert offered_.when(accepted(3)).then(Event).it.due is None
    worked = given(received(), decreed("labour"), planned(ends="2026"))
    assert worked.it.owed() == [(Owed.MEASURES, "2026-12-31")]
    assert worked.when(declared()).then(Event).it.owed() == []
    assert worked.when(closed("over")).then(Event).it.due is None
    chosen = given(received(mechanism=Mechanism.TREATY_BODY), selected(due="2026-02"))
    assert chosen.it.owed() == [(Owed.FOLLOW_UP, "2026-02-28")]
    assert chosen.when(reported("CRC/C/X/CO/6/Add.1")).then(Event).it.due is None


def test_each_assessors_latest_grade_in_each_scheme_stands() -> None:
    it = given(
        received(), assessed("C", on="2024"), assessed("A", on="2025"), assessed("D", on=None)
    ).it
    assert [a.grade for a in it.current_assessments()] == ["A"]


def test_further_entries_leave_a_clone_as_it_is() -> None:
    history = given(received(), decreed("labour"))
    it = history.it
    kept = it.clone()
    it.apply(history.when(identified("u-9")).then(Identified).entries[-1])
    assert kept == history.it
    assert it != kept


def test_classifying_and_declassifying_are_facts_of_their_own() -> None:
    a12, sdg = term("theme", "A12"), term("sdg", "16.2")
    history = given(received()).when(classified(a12, sdg)).then(Classified, terms=(a12, sdg))
    history.when(classified(a12)).refuses(AlreadySo)
    new = term("theme", "B31")
    history.when(classified(a12, new)).then(Classified, terms=(new,))
    bare = history.when(declassified(a12)).then(Declassified)
    assert [held.term for held in bare.it.terms] == [sdg]
    bare.when(declassified(a12)).refuses(UnknownTerm)
    bare.when(declassified()).refuses(UnknownTerm)
    bare.when(classified(term("theme", None, " "))).refuses(InvalidInput)


def test_the_same_term_of_another_version_is_another_term() -> None:
    history = given(received(), classified(term("theme", "A12", version="2014")))
    history.when(classified(term("theme", "A12", version="2025"))).then(Classified)


def test_terms_have_a_limit() -> None:
    many = [term("theme", f"X{n}") for n in range(terms_max + 1)]
    given(received()).when(classified(*many)).refuses(LimitExceeded)


# --- Links and duplicates (domain rules 9, 19, 20) -----------------------------------------------


def test_a_link_lives_on_the_later_one_and_can_be_withdrawn_with_a_reason() -> None:
    history = given(received()).when(linked(EARLIER)).then(Linked)
    assert [(k.id, k.type, k.to) for k in history.it.links] == [(2, LinkType.SUCCEEDS, EARLIER)]
    history.when(linked(EARLIER)).refuses(AlreadySo)
    history.when(linked(EARLIER, LinkType.BROADENS)).then(Linked)
    history.when(unlinked(2, reason=None)).refuses(InvalidInput)
    history.when(unlinked(9)).refuses(UnknownLink)
    gone = history.when(unlinked(2)).then(LinkWithdrawn)
    gone.when(linked(EARLIER)).then(Linked)


def test_a_link_joins_two_and_is_sure_from_0_to_100() -> None:
    history = given(received())
    history.when(linked(history.it.id)).refuses(LinkToItself)
    history.when(linked(EARLIER, confidence=101)).refuses(InvalidInput)
    history.when(linked(EARLIER, confidence=-1)).refuses(InvalidInput)
    history.when(linked(EARLIER, confidence=None)).then(Linked)


def test_a_duplicate_is_declared_once_and_undone_with_a_reason() -> None:
    history = given(received())
    history.when(undone()).refuses(AlreadySo)
    history.when(duplicate(history.it.id)).refuses(LinkToItself)
    twin = history.when(duplicate(EARLIER)).then(DeclaredDuplicate)
    twin.when(duplicate(OTHERS[1])).refuses(AlreadySo)
    twin.when(undone(None)).refuses(InvalidInput)
    assert twin.when(undone()).then(DuplicateUndone).it.duplicate_of is None


# --- A cycle's end, closing, reopening (domain rule 9) -------------------------------------------


def test_a_recommendation_goes_on_under_its_own_symbol_into_a_later_cycle() -> None:
    history = given(received(cycle=4)).when(continued(5)).then(Continued)
    assert (history.it.cycle, history.it.continued_into) == (4, 5)
    history.when(continued(5)).refuses(AlreadySo)
    given(received(cycle=4)).when(continued(4)).refuses(InvalidInput)


def test_closing_ends_the_work_and_reopening_takes_it_up_again() -> None:
    history = (
        given(received(), decreed(), declared())
        .when(closed())
        .then(Closed, closing=Closing.CARRIED_OUT)
    )
    assert "record.closed" in history.it.states
    for step in (planned(), decreed("justice"), reported(), continued(5), closed()):
        history.when(step).refuses(StepNotOpen)
    again = history.when(reopened()).then(Reopened)
    assert {"record.open", "implementation.not-started"} <= set(again.it.states)
    assert again.it.stage is Stage.ASSIGNED
    again.when(reopened()).refuses(StepNotOpen)


def test_closing_and_reopening_say_why() -> None:
    given(received()).when(closed(None)).refuses(InvalidInput)
    given(received(), closed()).when(reopened("")).refuses(InvalidInput)


def test_what_was_declared_before_reopening_cannot_be_struck_any_more() -> None:
    given(received(), decreed(), declared(), closed(), reopened()).when(struck(3)).refuses(
        UnknownEntry
    )


# --- Dates and speakers (domain rules 7, 17, 18) -------------------------------------------------


@pytest.mark.parametrize("on", ["2025", "2025-04", "2025-04-08", "2024-02-29", "2000-02-29"])
def test_a_date_has_the_precision_of_a_day_a_month_or_a_year(on: str) -> None:
    assert effective(on).precision == {4: "year", 7: "month", 10: "day"}[len(on)]


@pytest.mark.parametrize(
    "on",
    ["", "25", "2025-13", "2025-02-29", "1900-02-29", "0000", "2025-4-8", "08/04/2025", "٢٠٢٥"],
)
def test_what_is_no_date_is_refused(on: str) -> None:
    assert not is_date(on)
    with pytest.raises(InvalidInput):
        effective(on)


def test_an_unknown_date_says_that_nobody_knows_it() -> None:
    assert effective(None) == Effective(on=None, basis=Basis.UNKNOWN)
    assert effective("2025").basis is Basis.STATED
    assert effective(None).precision is None


@all_examples(st.dates())
def test_every_day_of_the_calendar_is_a_date(day: Any) -> None:
    assert is_date(day.isoformat())


def test_somebody_must_speak() -> None:
    mandate = stamp().speaker.authority
    with pytest.raises(InvalidInput):
        Speaker(role="clerk", institution="mfa", on_behalf_of="mfa", authority=mandate)


def test_a_text_has_a_limit() -> None:
    with pytest.raises(InvalidInput):
        Protected("x" * (text_chars_max + 1))


def test_no_entry_has_more_readers_than_the_recommendation_it_is_about() -> None:
    secret = received(visibility=Visibility.CONFIDENTIAL)
    for said in Visibility:
        history = given(secret).when(supported(visibility=said)).then(PositionTaken)
        assert history.entries[-1].stamp.visibility is Visibility.CONFIDENTIAL
    inner = given(received(visibility=Visibility.INTERNAL))
    assert inner.when(supported()).then(Event).entries[-1].stamp.visibility == "internal"


# --- The procedure -------------------------------------------------------------------------------


def test_an_event_says_what_the_procedure_decided_and_by_which_definition() -> None:
    taken = given(received()).when(decreed()).then(AssignmentDecreed).entries[-1].stamp
    assert (taken.left, taken.entered) == (("assignment.unassigned",), ("assignment.assigned",))
    assert taken.definition == shipped()["upr"].hash
    assert re.fullmatch("[0-9a-f]{64}", taken.definition)


def test_a_step_that_changes_no_state_leaves_and_enters_none() -> None:
    history = given(received(), supported(), identified("u-1"))
    assert (history.entries[-1].stamp.left, history.entries[-1].stamp.entered) == ((), ())


def test_what_is_not_open_says_what_is_missing_and_what_is_open_instead() -> None:
    refusal = given(received()).when(planned()).refusal
    assert isinstance(refusal, StepNotOpen)
    assert "assignment.assigned" in refusal.message
    assert "decree-assignment" in refusal.message


def test_folding_applies_what_was_decided_and_evaluates_no_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = given(received(), supported(), decreed(), planned()).entries
    before = fold(entries)
    monkeypatch.setattr("workflows.procedure.Procedures.of", None)
    assert fold(entries) == before


def _amounts_to(it: Recommendation) -> list[str]:
    """The states that the facts amount to, said once more."""
    statuses = {a.status for a in it.assignments}
    progress = {p.status for p in it.progress}
    done = {
        "declared": any(it.stands(v) for v in it.declared),
        "in-progress": ProgressStatus.PUBLISHED in progress
        or any(it.stands(c.version) for c in it.covers),
        "planned": any(it.stands(p.version) for p in it.plans),
        "not-started": True,
    }
    assigned = {
        "assigned": AssignmentStatus.ASSIGNED in statuses,
        "offered": AssignmentStatus.OFFERED in statuses,
        "unassigned": True,
    }
    states = [
        f"record.{'closed' if it.closed else 'suspended' if it.suspended else 'open'}",
        f"assignment.{next(name for name, so in assigned.items() if so)}",
        f"implementation.{next(name for name, so in done.items() if so)}",
        f"reporting.{'reported' if any(it.stands(v) for v in it.reported) else 'unreported'}",
    ]
    if it.mechanism is Mechanism.UPR:
        states.append(f"position.{it.position.value}")
    if it.mechanism is Mechanism.TREATY_BODY:
        reported = any(it.stands(v) for v in it.reported)
        graded = any(it.stands(a.version) for a in it.assessments)
        told = "graded" if graded else "answered"
        states.append(
            f"follow-up.{'none' if not it.selected else told if reported else 'selected'}"
        )
    return sorted(states)


OPEN = {"record.open"}
ASSIGNED = {"record.open", "assignment.assigned"}
OPEN_IN = {
    **dict.fromkeys(
        (
            *("offer-assignment", "decree-assignment", "accept-assignment", "decline-assignment"),
            *("lapse-assignment", "clear-progress", "publish-progress", "report", "continue"),
            *("close", "suspend", "extend-deadline"),
        ),
        OPEN,
    ),
    **dict.fromkeys(
        (
            *("hand-over-assignment", "end-assignment", "plan", "draft-progress"),
            "declare-implemented",
        ),
        ASSIGNED,
    ),
    "reopen": {"record.closed"},
    "resume": {"record.suspended"},
}
"""Steps that are open in these states only; the others are always open (domain rules 3, 8, 9)."""


MECHANISMS = st.sampled_from([Mechanism.UPR, Mechanism.TREATY_BODY])


@all_examples(MECHANISMS, st.integers(1, 2), st.randoms(use_true_random=False), st.integers(1, 25))
def test_whatever_happens_an_open_step_gives_its_event_and_a_closed_one_none(
    mechanism: Mechanism, count: int, random: Random, steps: int
) -> None:
    wordings = tuple(f"part {n}" for n in range(count))
    history = given(received(mechanism=mechanism, wordings=wordings))
    it = history.it
    seen: list[tuple[str, str]] = []
    for _ in range(steps):
        taken = any_act(history.it, random)
        is_open = taken.step in SHIPPED.open_steps(history.it)
        assert is_open == (OPEN_IN.get(taken.step, set()) <= set(history.it.states))
        outcome = history.when(taken)
        seen.append((taken.step, outcome.refusal.code if outcome.refusal else "taken"))
        if not is_open:
            outcome.refuses(StepNotOpen)
        elif outcome.refusal is not None:
            assert not isinstance(outcome.refusal, StepNotOpen)
            assert outcome.refusal.code in {cls.code for cls in all_refusals()}
        else:
            assert outcome.entry is not None
            event = outcome.entry.event
            assert isinstance(event, PRODUCES[taken.step])
            history = outcome.then(PRODUCES[taken.step])
            it = fold([outcome.entry], it) or it
            assert it == history.it, "one entry more == all entries from the first"
            assert outcome.entry.version == len(history.entries) == it.version
        assert it.states == _amounts_to(it), seen
    again = [fold(history.entries), fold(history.entries)]
    assert again[0] == again[1] == it


# --- Coverage of coverage ------------------------------------------------------------------------

PRODUCES: dict[str, type[Event]] = {
    "add-text": TextAdded,
    "correct": Corrected,
    "strike": Corrected,
    "renumber": Renumbered,
    "identify": Identified,
    "withdraw-alias": AliasWithdrawn,
    "cover": Covered,
    "classify": Classified,
    "declassify": Declassified,
    "take-position": PositionTaken,
    "defer-position": PositionDeferred,
    "comment": StateCommented,
    "select-for-follow-up": SelectedForFollowUp,
    "offer-assignment": AssignmentOffered,
    "decree-assignment": AssignmentDecreed,
    "accept-assignment": AssignmentAccepted,
    "decline-assignment": AssignmentDeclined,
    "lapse-assignment": AssignmentLapsed,
    "hand-over-assignment": AssignmentHandedOver,
    "end-assignment": AssignmentEnded,
    "plan": Planned,
    "draft-progress": ProgressDrafted,
    "clear-progress": ProgressCleared,
    "publish-progress": ProgressPublished,
    "assess": Assessed,
    "declare-implemented": DeclaredImplemented,
    "report": Reported,
    "link": Linked,
    "withdraw-link": LinkWithdrawn,
    "declare-duplicate": DeclaredDuplicate,
    "undo-duplicate": DuplicateUndone,
    "continue": Continued,
    "close": Closed,
    "reopen": Reopened,
    "suspend": casework.Suspended,
    "resume": casework.Resumed,
    "extend-deadline": casework.DeadlineExtended,
}
PRODUCES_BESIDE: dict[str, type[Event]] = {
    "pass-deadline": casework.DeadlinePassed,
    "remind": casework.Reminded,
    "escalate": casework.Escalated,
    "claim-task": casework.TaskClaimed,
    "release-task": casework.TaskReleased,
    "delegate-task": casework.TaskDelegated,
    "give-approval": casework.StepApproved,
    "raise-incident": casework.IncidentRaised,
    "retry-timers": casework.TimersRetried,
    "set-back": casework.SetBack,
    "suspend-deadline": casework.DeadlineSuspended,
    "resume-deadline": casework.DeadlineResumed,
    "remark": casework.Remarked,
    "migrate": casework.Migrated,
}
"""Steps beside every procedure."""

IF_YOU_ADDED_AN_EVENT = """
If you are here because you added an event:
 1. give it a topic of its own that ends in .v1, in the module of domain/recommendation/ that it is
    about, and name it in EVENTS of domain/recommendation/__init__.py;
 2. add its step to workflows/procedure/profiles/common.yaml and to workflows/step_table.py;
 3. add an act and a maker to tests/given.py (ANY), and its step to PRODUCES above;
 4. write down in this file, as facts, when it may be said and when it is refused;
 5. add a frozen sample: tests/test_stored.py says how.
"""


def test_every_event_can_be_produced_by_some_step() -> None:
    produced = {*PRODUCES.values(), *PRODUCES_BESIDE.values(), Received, casework.StepTaken}
    produced.add(casework.Approved)  # read for ever, and recorded no more
    assert produced == set(EVERY_EVENT), IF_YOU_ADDED_AN_EVENT
    assert PRODUCES_BESIDE.keys() == BESIDE


def test_every_step_is_in_the_procedure_in_the_table_and_in_the_walk() -> None:
    for name, shipped_one in shipped().items():
        if shipped_one.definition.applies.aggregates:
            continue  # of another aggregate
        steps = {step.name for step in shipped_one.definition.steps}
        assert set(ANY) == steps, (name, IF_YOU_ADDED_AN_EVENT)
        assert set(PRODUCES) == steps, (name, IF_YOU_ADDED_AN_EVENT)
        assert set(STEPS) >= {*steps, BEGINNING}, IF_YOU_ADDED_AN_EVENT


def test_every_event_has_a_topic_of_its_own_that_ends_in_its_version() -> None:
    classes = (*EVERY_EVENT, *credential.EVENTS)
    topics = [cls.topic for cls in classes]
    assert len(set(topics)) == len(topics), IF_YOU_ADDED_AN_EVENT
    for topic in topics:
        assert re.fullmatch(r"[a-z]+\.[a-z-]+\.v[1-9]\d*", topic), IF_YOU_ADDED_AN_EVENT
    for topic, cls in EVENTS.items():
        assert cls.topic == topic
        assert "topic" in vars(cls), f"{cls.__name__} inherits its topic"


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in all_refusals()]
    assert len(set(codes)) == len(codes)


def test_events_keep_what_they_say() -> None:
    event = given(received(), supported()).entries[-1].event
    with pytest.raises((AttributeError, TypeError)):
        event.answer = Answer.NOTED  # type: ignore[attr-defined]
    assert msgspec.structs.asdict(event)["answer"] is Answer.SUPPORTED


def test_an_act_that_fits_nothing_is_refused_before_anything_is_said() -> None:
    nothing = act("plan", lambda r, s: pytest.fail("the aggregate was asked"))
    given(received()).when(nothing).refuses(StepNotOpen)
