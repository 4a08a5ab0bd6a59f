"""A Working Group report's list of recommendations, from its Word document."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from domain.words import Position
from tests.test_importing import Office
from workflows.exporting.word_file import empty_document
from workflows.importing import Format, Receipt
from workflows.ohchr_matrix import NotAMatrix, read_matrix
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
    document = empty_document()
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
    assert (matrix.document, matrix.data_rows, matrix.unreadable) == (REPORT, 6, ())


def test_a_report_is_recorded_once_with_its_positions(office: Office) -> None:
    receipt = bring(office, written(*LINES))
    assert (receipt.format, receipt.new, receipt.rows) == ("wg-report", 5, 6)
    assert receipt.not_read_reasons == {"number-outside-the-list": 1}
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


# --- Groups and their answers --------------------------------------------------------------------


def numbered_by_word(*items: tuple[int, str]) -> bytes:
    """A report whose numbers Word makes; each paragraph with its level in the list."""
    document = empty_document()
    document.sections[0].header.paragraphs[0].text = REPORT
    lists = document.part.numbering_part.element
    shape = OxmlElement("w:abstractNum")
    shape.set(qn("w:abstractNumId"), "77")
    for place, (printed, start) in enumerate((("%1.", "140"), ("%1.%2", "1"))):
        level = OxmlElement("w:lvl")
        level.set(qn("w:ilvl"), str(place))
        for tag, value in (("start", start), ("numFmt", "decimal"), ("lvlText", printed)):
            told = OxmlElement(f"w:{tag}")
            told.set(qn("w:val"), value)
            level.append(told)
        shape.append(level)
    lists.insert(0, shape)
    num = OxmlElement("w:num")
    num.set(qn("w:numId"), "77")
    of = OxmlElement("w:abstractNumId")
    of.set(qn("w:val"), "77")
    num.append(of)
    lists.append(num)
    for place, text in items:
        number = document.add_paragraph(text)._p.get_or_add_pPr().get_or_add_numPr()
        number.get_or_add_ilvl().val = place
        number.get_or_add_numId().val = 77
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


SUPPORTED = "140. The recommendations below have been examined and enjoy the support of Arvenia:"
ONE = "140.1 Ratify the Convention (Chile);"


def answers(content: bytes) -> list[tuple[str, str]]:
    return [(row.paragraph, row.position) for row in read_report(content).rows]


def test_numbers_that_word_makes_are_read() -> None:
    content = numbered_by_word(
        (0, "The following recommendations enjoy the support of Arvenia:"),
        (1, "Ratify the Convention (Portugal) (Chile);"),
        (1, "Train judges (Kenya)."),
        (0, "The recommendations listed below were noted by Arvenia:"),
        (1, "Abolish the death penalty (Norway)."),
    )
    assert answers(content) == [("140.1", "supported"), ("140.2", "supported"), ("141.1", "noted")]


@pytest.mark.parametrize(
    "second",
    [
        "The following recommendations are noted by Arvenia:",
        "Recommendations that do not enjoy the support of Arvenia",
        "141. The recommendations below did not enjoy the support and would thus be noted:",
        "141. Arvenia has examined the recommendations below and notes them:",
        "141. Arvenia cannot support the following:",
    ],
)
def test_a_group_ends_where_the_next_one_begins_numbered_or_not(second: str) -> None:
    content = written(SUPPORTED, ONE, second, "140.2 Abolish the death penalty (Norway).")
    assert answers(content) == [("140.1", "supported"), ("140.2", "noted")]


@pytest.mark.parametrize(
    "unclear",
    [
        "140. The recommendations below enjoy the support, and those marked are noted:",
        "140. None of the recommendations below enjoys the support of Arvenia:",
        "140. The recommendations below are accepted, with the exception of some:",
        "140. The following recommendations no longer enjoy the support of Arvenia:",
    ],
)
def test_a_group_without_one_clear_answer_is_pending_and_doubtful(unclear: str) -> None:
    (row,) = read_report(written(unclear, ONE)).rows
    assert (row.position, row.doubts) == ("pending", ("position-unclear",))


def test_what_the_state_says_is_done_or_supported_in_part_is_kept() -> None:
    done = SUPPORTED[:-1] + ", which considers them already implemented:"
    part = "141. The following recommendations are supported in part:"
    first, second = read_report(written(done, ONE, part, "141.1 Train judges (Kenya).")).rows
    assert (first.said_already_implemented, first.in_part) == (True, False)
    assert (second.position, second.in_part) == ("supported", True)


def test_a_recommendation_goes_on_in_paragraphs_without_numbers() -> None:
    lines = "140.1 Take these measures:", "(a) Build schools;", "(b) Train judges (Chile);"
    first, second = read_report(written(SUPPORTED, *lines, "140.2 Ratify it (Peru).")).rows
    assert first.parts[0].text == "Take these measures: (a) Build schools; (b) Train judges"
    assert (first.parts[0].states, second.parts[0].text) == (("Chile",), "Ratify it")


def test_a_recommendation_is_closed_by_its_states_or_its_stop_and_by_a_heading() -> None:
    lead = "140. The recommendations listed below enjoy the support of Arvenia:"
    aside = "The secretariat has not edited this text"
    for item in ("140.1 Ratify it (Chad)", "140.1 Ratify it (Chad);", "140.1 Ratify it."):
        (row,) = read_report(written(lead, item, aside)).rows
        assert row.parts[0].text.rstrip(".") == "Ratify it"
    document = empty_document()
    for line in (REPORT, lead, "140.1 Ratify it"):
        document.add_paragraph(line)
    document.add_paragraph("Follow-up", style="Heading 1")
    out = io.BytesIO()
    document.save(out)
    (row,) = read_report(out.getvalue()).rows
    assert row.parts[0].text == "Ratify it"


def test_a_numbered_paragraph_opens_a_group_by_two_of_three_signs() -> None:
    first = "140. The recommendations listed below enjoy the support of Arvenia:"
    for second, position in (
        ("141. Recommendations of this part are noted by Arvenia.", "noted"),
        ("141. The following are noted by Arvenia:", "noted"),
    ):
        rows = read_report(
            written(first, "140.1 Ratify it (Chad);", second, "141.1 Train judges (Peru).")
        ).rows
        assert [row.position for row in rows] == ["supported", position]
    told = read_report(
        written(first, "140.1 Ratify it (Chad);", "141. Many spoke.", "141.1 Train judges (Peru).")
    )
    assert [row.paragraph for row in told.rows] == ["140.1"]
    assert [left.reason for left in told.not_read] == ["number-outside-the-list"]


def test_every_numbered_paragraph_is_in_a_count(office: Office) -> None:
    content = written(
        "12. Chile made recommendations on schools.",
        "15.3 per cent of pupils are rural.",
        SUPPORTED,
        "A. Treaties",
        ONE,
        "Build schools (Kenya);",
        ONE,
        "141. The following recommendations were noted:",
        ONE,
    )
    matrix = read_report(content)
    assert (len(matrix.rows), matrix.merged, matrix.data_rows) == (1, 1, 5)
    assert [row.reason for row in matrix.unreadable] == [
        "paragraph-missing",
        "paragraph-repeated-differently",
    ]
    assert [(n.rows, n.reason) for n in matrix.not_read] == [(1, "number-outside-the-list")]
    receipt = bring(office, content)
    assert (receipt.rows, receipt.new, receipt.unreadable, receipt.not_read) == (5, 1, 2, 1)


def test_no_session_is_taken_from_what_the_text_says_of_others() -> None:
    pending = "140. The recommendations will be examined no later than the 61st session:"
    title = "Report of the Working Group on the Universal Periodic Review*", "Slovenia"
    matrix = read_report(written(*title, pending, ONE))
    assert (matrix.session, matrix.state, matrix.rows[0].position) == (None, "SVN", "pending")


def test_a_report_without_its_symbol_is_cited_by_the_one_that_is_given(office: Office) -> None:
    document = empty_document()
    for line in (SUPPORTED, ONE):
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    said = {"state": "XAA", "session": 49, "document": REPORT}
    office.bring(out.getvalue(), format=Format.WG_REPORT, **said)
    (position,) = office.find("140.1", REPORT, "XAA").positions
    assert (position.instrument, position.answer.value) == (REPORT, "supported")


def test_the_matrix_that_comes_later_in_a_spreadsheet_adds_nothing_new(office: Office) -> None:
    bring(office, written(*LINES))
    cited = f"; Source of position: {REPORT}"
    rows = [
        ("140.1 Ratify the Convention against Torture (Portugal) (Chile)", "Supported"),
        ("141.1 Abolish the death penalty (Norway)", "Noted"),
    ]
    content = sheet(HEADINGS, *((text + cited, answer, "- Treaties") for text, answer in rows))
    receipt = office.bring(content, state="XAA", session=49)
    assert (receipt.new, receipt.changed, receipt.rows) == (0, 2, 2)
    for paragraph in ("140.1", "141.1"):
        assert len(office.find(paragraph, REPORT, "XAA").positions) == 1


# --- A matrix in a spreadsheet -------------------------------------------------------------------

HEADINGS = ("Recommendation", "Position", "Full list of themes")


def sheet(*rows: tuple[object, ...]) -> bytes:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        page = workbook.add_worksheet()
        for place, row in enumerate(rows):
            page.write_row(place, 0, row)
    return book.getvalue()


def test_the_lines_above_a_matrix_in_a_spreadsheet_say_whose_it_is() -> None:
    title = ("UPR of Slovenia (4th Cycle – 49th session)",)
    theme = ("Theme: Treaties", "")
    matrix = read_matrix(sheet(title, HEADINGS[:2], theme, (ONE, "Supported")))
    assert (matrix.state, matrix.cycle, matrix.session) == ("SVN", 4, 49)
    assert (matrix.data_rows, matrix.theme_rows) == (1, 1)
    assert [term.label for term in matrix.rows[0].terms] == ["Treaties"]


def test_a_number_cell_is_no_paragraph_number() -> None:
    headings = ("No.", "Recommendation", "Position")
    rows = (140.1, "Ratify (Chile)", "Noted"), ("140.20", "Train judges (Kenya)", "Noted")
    matrix = read_matrix(sheet(headings, *rows))
    assert [row.paragraph for row in matrix.rows] == ["140.20"]
    assert [row.reason for row in matrix.unreadable] == ["paragraph-is-number"]


def test_a_spreadsheet_that_is_no_matrix_is_refused() -> None:
    with pytest.raises(NotAMatrix) as refused:
        read_matrix(sheet(("Text", "Remarks"), ("Build schools", "")))
    assert refused.value.code == "no-heading-row"
