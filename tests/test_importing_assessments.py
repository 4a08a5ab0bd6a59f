"""Assessments as people keep them, in tables: sourced, attributed, and recorded once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.recommendation.implementation import Assessed
from domain.recommendation.receiving import Received
from domain.refusals import InvalidInput
from domain.schemes import Common
from domain.words import AssessorKind
from tests.test_importing import Office
from workflows.importing import Format, Receipt

CASES = Path(__file__).with_name("cases")
REPORT = "A/HRC/90/12"
TOLD_IN = "A/HRC/WG.6/52/XAA/3"

TABLE = f"""addressee,symbol,paragraph,text,recommending_states,session
XAA,{REPORT},50.1,Build schools in the north,Norway,34
XAA,{REPORT},50.10,Train all teachers,Kenya,34
XAA,{REPORT},50.2,Train teachers,Kenya,34
"""

HEADING = "paragraph,assessor,assessor_kind,scheme,grade,part,comment"
ROW = "50.1,Ombudsman,nhri,common-1,implemented,,Ten schools were built"


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    assert opened.bring(TABLE.encode(), format=Format.TABLE).new == 3
    yield opened
    opened.service.close()


def bring(office: Office, *rows: str, **more: Any) -> Receipt:
    said = {"state": "XAA", "document": REPORT, "document_dates": {TOLD_IN: "2026-03-04"}, **more}
    file = "\n".join(rows).encode()
    receipt = office.bring(file, format=Format.ASSESSMENTS, **said)
    assert sum(receipt.row_outcomes.values()) == receipt.rows, "each row is in one count"
    return receipt


def assessed(office: Office) -> list[Assessed]:
    found = [event for event in office.events(0) if isinstance(event, Assessed)]
    office.service.log.reveal(event.finding for event in found if event.finding)
    return found


def test_an_assessment_names_its_assessor_scheme_document_and_day(office: Office) -> None:
    receipt = bring(office, HEADING, ROW)
    assert (receipt.rows, receipt.changed) == (1, 1)
    (event,) = assessed(office)
    assert (event.assessor_kind, event.assessor) == (AssessorKind.NHRI, "Ombudsman")
    assert (event.scheme, event.scheme_version, event.grade) == ("common", "1", "implemented")
    assert event.common is Common.IMPLEMENTED
    assert event.finding is not None
    assert event.finding.text == "Ten schools were built"
    assert event.stamp.source is not None
    assert (event.stamp.source.document, event.stamp.effective.on) == (TOLD_IN, "2026-03-04")
    size = office.service.log.size
    again = bring(office, HEADING, ROW, ROW)
    assert (again.same, again.events, office.service.log.size) == (2, 0, size)


def test_each_row_may_say_what_the_options_say_for_the_file(office: Office) -> None:
    receipt = bring(
        office,
        "State;Report;Number;Assessor;Scheme;Scheme version;Rating;Date;Source;Rationale;Evidence",
        f"XAA;{REPORT};50.2;CCPR;hrc-follow-up;2017;b;2024-07;CCPR/C/130/2;Some;One law",
        f"KEN;{REPORT};50.2;CCPR;hrc-follow-up;2017;b;2024-07;CCPR/C/130/2;Some;One law",
        document=None,
        document_dates={},
    )
    assert (receipt.changed, receipt.other_states) == (1, 1)
    (event,) = assessed(office)
    assert (event.assessor_kind, event.grade) == (AssessorKind.TREATY_BODY, "B")
    assert event.finding is not None
    assert event.finding.text == "Some\nOne law"
    assert event.stamp.effective.on == "2024-07"


def test_two_grades_of_one_day_stand_side_by_side_and_are_told(office: Office) -> None:
    rows = [
        f"50.1,CCPR,,hrc-follow-up-2017,{grade},,{said}"
        for grade, said in (("B", "A law was drafted"), ("C", "No judge was appointed"))
    ]
    receipt = bring(office, HEADING, *rows)
    assert (receipt.changed, [d.reason for d in receipt.doubts]) == (2, ["grade-differs"])
    limb = rows[0].replace("A law was drafted", "Nobody was appointed to the commission")
    assert bring(office, HEADING, limb).changed == 1, "the same grade for another reason"
    again = bring(office, HEADING, *reversed(rows))
    assert (again.same, again.doubts) == (2, [])
    reworded = bring(office, HEADING, rows[0].replace("drafted", "adopted"))
    assert (reworded.undecided, reworded.conflicts[0].reason) == (1, "finding-differs")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("50.1,", "50.9,", "number-not-known"),
        ("50.1,", "50.1-50.2,", "number-unreadable"),
        ("common-1", "traffic-lights-1", "unknown-grade"),
        ("common-1", "common", "unknown-grade"),
        ("implemented,", "excellent,", "unknown-grade"),
        ("nhri", "friend", "assessor-kind-unknown"),
        ("nhri", "", "assessor-kind-unknown"),
        ("Ombudsman", "", "cell-missing"),
        ("implemented,,", "implemented,7,", "unknown-part"),
    ],
)
def test_a_row_that_can_not_be_read_says_why(
    office: Office, before: str, after: str, reason: str
) -> None:
    size = len(office.events(0))
    assert before in ROW
    receipt = bring(office, HEADING, ROW.replace(before, after, 1))
    assert [note.reason for note in receipt.unreadable_rows] == [reason]
    assert len(office.events(0)) == size


def test_a_row_with_the_text_of_another_paragraph_is_a_conflict(office: Office) -> None:
    receipt = bring(office, f"{HEADING},text", f"{ROW},Abolish the tax on bread and salt")
    assert [note.reason for note in receipt.conflicts] == ["text-differs"]


def test_a_table_that_lacks_who_judged_and_how_is_refused_with_what_to_write(
    office: Office,
) -> None:
    file = (CASES / "t17-assessment-table.csv").read_text()
    with pytest.raises(InvalidInput) as refused:
        bring(office, file, document=None, document_dates={})
    for word in ("assessor:", "scheme:", "--document)", "--document-date"):
        assert word in refused.value.message
    assert not assessed(office)


def test_the_same_table_with_assessor_and_scheme_gives_two_assessments(office: Office) -> None:
    heading, *rows = (CASES / "t17-assessment-table.csv").read_text().splitlines()
    rows = [f"CCPR,hrc-follow-up-2017,{row}" for row in rows]
    receipt = bring(office, f"assessor,scheme,{heading}", *rows)
    assert (receipt.rows, receipt.changed) == (2, 2)
    assert {d.reason for d in receipt.doubts} == {"column-unknown"}
    assert [event.grade for event in assessed(office)] == ["B", "C"]
    assert sum(isinstance(event, Received) for event in office.events(0)) == 3, "and none more"
