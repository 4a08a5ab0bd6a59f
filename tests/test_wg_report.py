"""A Working Group report's list of recommendations, from its Word document."""

from __future__ import annotations

import io
from collections.abc import Iterator

import docx
import pytest

from domain.words import Position
from tests.test_importing import Office
from workflows.importing import Format, Receipt
from workflows.ohchr_matrix import NotAMatrix
from workflows.sources.wg_report import read_report

REPORT = "A/HRC/60/90"
TEXT = """
Report of the Working Group on the Universal Periodic Review: Arvenia
12. The delegation stated that 15.3 per cent of pupils were rural.
II. Conclusions and/or recommendations
140. The recommendations listed below have been examined by Arvenia and enjoy its support:
140.1 Ratify the Convention against Torture (Portugal) (Chile);
140.2 Ratify the regional agreement on rivers (Lima Agreement) (Peru);
141. The following recommendations did not enjoy the support of Arvenia and were noted:
141.1 Abolish the death penalty (Norway);
142. The following recommendations will be examined by Arvenia, no later than the next session:
142.1 Train judges (Kenya);
142.10 Train teachers (Chad).
143. All conclusions and/or recommendations in this report reflect the position of their authors.
144.1 is a number of nothing.
"""
LINES = TEXT.strip().splitlines()


def written(*lines: str) -> bytes:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = REPORT
    for line in lines:
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    yield opened
    opened.service.close()


def bring(office: Office, content: bytes) -> Receipt:
    dates = {REPORT: "2025-07-04"}
    said = {"state": "XAA", "session": 49, "reviewed": "2025-05-02", "document_dates": dates}
    receipt = office.bring(content, format=Format.WG_REPORT, **said)
    assert sum(receipt.row_outcomes.values()) == receipt.rows
    return receipt


def test_the_list_is_read_with_the_answer_of_each_group() -> None:
    matrix = read_report(written(*LINES))
    assert [(row.paragraph, row.position) for row in matrix.rows] == [
        ("140.1", "supported"),
        ("140.2", "supported"),
        ("141.1", "noted"),
        ("142.1", "pending"),
        ("142.10", "pending"),
    ]
    assert matrix.rows[0].parts[0].states == ("Portugal", "Chile")
    assert (
        matrix.rows[1].parts[0].text == "Ratify the regional agreement on rivers (Lima Agreement)"
    )
    assert (matrix.document, matrix.data_rows, matrix.unreadable) == (REPORT, 5, ())


def test_a_report_is_recorded_once_with_its_positions(office: Office) -> None:
    receipt = bring(office, written(*LINES))
    assert (receipt.format, receipt.new, receipt.rows) == ("wg-report", 5, 5)
    held = office.find("140.1", REPORT, "XAA")
    assert held.position is Position.SUPPORTED
    (position,) = held.positions
    assert (position.on, position.instrument) == ("2025-07-04", REPORT)
    assert office.find("142.10", REPORT, "XAA").position is Position.PENDING
    size = office.service.log.size
    again = bring(office, written(*LINES))
    assert (again.same, office.service.log.size) == (5, size)


def test_a_tab_may_stand_after_the_number() -> None:
    lines = [line.replace("140.1 ", "140.1\t") for line in LINES]
    assert len(read_report(written(*lines)).rows) == 5


def test_a_group_whose_answer_is_unclear_is_pending_and_doubtful() -> None:
    unclear = "140. Arvenia considers that the recommendations listed below are interesting:"
    (row,) = read_report(written(unclear, "140.1 Ratify the Convention (Chile).")).rows
    assert (row.position, row.doubts) == ("pending", ("position-unclear",))


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(NotAMatrix) as refused:
        read_report(written("A letter.", "1. It says nothing."))
    assert refused.value.code == "no-list"
