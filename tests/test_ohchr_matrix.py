"""The OHCHR thematic list: what is printed is read, what cannot be right is doubted, and what
cannot be read is handed back."""

from __future__ import annotations

import contextlib
import io
import random
import re
import tracemalloc
import zipfile
from collections import Counter

import docx
import msgspec
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from demo import matrices as demo
from domain.addressees import addressees, recognise
from tests.length import times
from tests.work import calls
from workflows import ohchr_matrix, word_document
from workflows.exporting.word_file import empty_document
from workflows.ohchr_matrix import (
    REASONS,
    Citation,
    MatrixPart,
    MatrixRow,
    MatrixTerm,
    NotAMatrix,
    read_matrix,
)
from workflows.ohchr_matrix_words import LANGUAGES

FIRST = "115.1 Ratify a treaty (Norway);\nSource of position: A/HRC/28/15/Add.1 - Para. 3"
HEADING = ("Recommendation", "Position", "Full list of themes", "Assessment/comments")
HEADING_4 = (
    "Recommendation and recommending State",
    "Position of the State under review",
    "Human rights themes and groups of persons",
    "Relevant SDGs",
)


def saved(document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def fill(cell, text):
    """As a word processor would: a line feed ends a paragraph, a vertical tab breaks a line."""
    first, *others = (line.replace("\v", "\n") for line in text.split("\n"))
    cell.text = first
    for line in others:
        cell.add_paragraph(line)


def written(*rows, heading=HEADING, header="", edit=None) -> bytes:
    """A matrix with these rows of cells; one cell alone is merged over the whole row."""
    document = empty_document()
    document.sections[0].header.paragraphs[0].text = header
    table = document.add_table(rows=0, cols=len(heading))
    for row in (heading, *rows):
        cells = table.add_row().cells
        if len(row) == 1:
            fill(cells[0].merge(cells[-1]), row[0])
        else:
            for cell, text in zip(cells, row, strict=True):
                fill(cell, text)
    if edit:
        edit(table)
    return saved(document)


def read(*rows, **told):
    return read_matrix(written(*rows, **told))


def recommendation(first, position="Supported", themes="A12 Acceptance", comment=""):
    """The one row that is read from these cells."""
    matrix = read((first, position, themes, comment))
    assert not matrix.unreadable
    (row,) = matrix.rows
    return row


def unreadable(*cells):
    matrix = read(cells)
    assert matrix.rows == ()
    assert matrix.data_rows == 1
    return matrix.unreadable[0]


def parts(text):
    return [(part.text, part.states) for part in recommendation(text).parts]


def without_rows(rows):
    return {msgspec.structs.replace(row, row=0) for row in rows}


# The two real lists


@pytest.fixture(scope="module")
def cycle_2(test_data):
    return read_matrix(next((test_data / "ohchr").glob("UPR20*.docx")))


@pytest.fixture(scope="module")
def cycle_3(test_data):
    return read_matrix(next((test_data / "ohchr").glob("UPR34*.docx")))


def by_position(rows, count=lambda row: 1):
    counts = Counter()
    for row in rows:
        counts[row.position] += count(row)
    return counts


def part_pairs(row):
    return sum(len(part.states) for part in row.parts)


def paragraph_pairs(row):
    return len({recognise(state) for part in row.parts for state in part.states})


def test_the_second_cycle_has_163_paragraphs_142_supported_and_21_noted(cycle_2):
    assert (cycle_2.data_rows, len(cycle_2.rows)) == (163, 163)
    assert by_position(cycle_2.rows) == {"supported": 142, "noted": 21}
    assert cycle_2.unreadable == ()


def test_the_third_cycle_has_215_paragraphs_182_supported_and_33_noted(cycle_3):
    assert (cycle_3.data_rows, len(cycle_3.rows)) == (215, 215)
    assert by_position(cycle_3.rows) == {"supported": 182, "noted": 33}
    assert cycle_3.unreadable == ()


def test_each_list_says_which_review_it_is_about(cycle_2, cycle_3):
    def told(m):
        return (m.generation, m.theme_list, m.state, m.cycle, m.session, m.document)

    assert told(cycle_2) == (2, "2014", "SVN", 2, 20, "A/HRC/28/15")
    assert told(cycle_3) == (3, "2019", "SVN", 3, 34, "A/HRC/43/15")


def test_the_un_counts_163_paragraphs_where_upr_info_counts_180_pairs(cycle_2):
    """UPR Info: 180 recommendations, 155 accepted and 25 noted. Its unit is the pair of paragraph
    and recommending State. No State stands twice in one paragraph here, so pairs of part and
    State are as many; parts are not."""
    for pairs in (paragraph_pairs, part_pairs):
        assert by_position(cycle_2.rows, pairs) == {"supported": 155, "noted": 25}
    assert by_position(cycle_2.rows, lambda row: len(row.parts)) == {"supported": 148, "noted": 21}


def test_the_third_cycle_has_219_parts_and_223_pairs(cycle_3):
    assert by_position(cycle_3.rows, lambda row: len(row.parts)) == {"supported": 184, "noted": 35}
    assert by_position(cycle_3.rows, paragraph_pairs) == {"supported": 185, "noted": 38}


def test_six_paragraphs_of_the_two_lists_bundle_several_texts(cycle_2, cycle_3):
    def bundles(matrix):
        return {row.paragraph: len(row.parts) for row in matrix.rows if len(row.parts) > 1}

    assert bundles(cycle_2) == {"115.38": 3, "115.106": 2, "115.124": 4}
    assert bundles(cycle_3) == {"121.2": 2, "122.3": 3, "122.11": 2}
    (trafficking,) = (row for row in cycle_2.rows if row.paragraph == "115.124")
    assert [part.states for part in trafficking.parts] == [
        ("Armenia",),
        ("Costa Rica",),
        ("Uzbekistan",),
        ("Azerbaijan",),
    ]


def test_positions_were_taken_in_the_report_and_in_the_addendum(cycle_2, cycle_3):
    def sources(matrix):
        return Counter((row.citation.symbol, row.position) for row in matrix.rows)

    assert sources(cycle_2) == {
        ("A/HRC/28/15/Add.1", "supported"): 142,
        ("A/HRC/28/15/Add.1", "noted"): 21,
    }
    # 58 paragraphs 121.x, of which the list sources two to the addendum.
    assert sum(row.paragraph.startswith("121.") for row in cycle_3.rows) == 58
    assert sources(cycle_3) == {
        ("A/HRC/43/15", "supported"): 56,
        ("A/HRC/43/15/Add.1", "supported"): 126,
        ("A/HRC/43/15/Add.1", "noted"): 33,
    }


def test_two_citations_of_the_third_cycle_are_in_doubt_and_stay_as_printed(cycle_2, cycle_3):
    doubted = {row.paragraph: row.citation for row in cycle_3.rows if row.citation.doubt}
    cited = Citation("A/HRC/43/15/Add.1", "A/HRC/43/15/Add.1", doubt="differs-from-its-paragraph")
    assert doubted == {"121.23": cited, "121.24": cited}
    assert not [row for row in cycle_2.rows if row.citation.doubt]


def test_every_recommending_state_of_both_lists_is_recognised(cycle_2, cycle_3):
    rows = [*cycle_2.rows, *cycle_3.rows]
    assert not [row.paragraph for row in rows if row.doubts]
    assert all(recognise(s) for row in rows for part in row.parts for s in part.states)


def test_brackets_that_name_no_state_stay_in_the_texts_of_both_lists(cycle_2, cycle_3):
    kept = {
        row.paragraph: found[0]
        for row in (*cycle_2.rows, *cycle_3.rows)
        for part in row.parts
        if (found := re.findall(r"\(.*?\)", part.text))
    }
    assert kept == {
        "115.106": "(2009–2014)",
        "115.6": "(ICRMW)",
        "121.3": "(No. 29)",
        "122.10": "(No. 189)",
    }


def test_themes_are_coded_in_2014_and_goals_come_with_the_third_cycle(cycle_2, cycle_3):
    def kinds(matrix):
        return {(t.kind, t.code is not None) for row in matrix.rows for t in row.terms}

    assert kinds(cycle_2) == {("theme", True), ("affected-persons", False)}
    assert kinds(cycle_3) == {("theme", False), ("sdg", True), ("affected-persons", False)}
    assert MatrixTerm("theme", "A12", "Acceptance of international norms") in cycle_2.rows[0].terms


@pytest.mark.parametrize("pattern", ["UPR20*.docx", "UPR34*.docx"])
def test_a_row_of_a_list_is_read_in_some_thousand_calls(test_data, pattern):
    content = next((test_data / "ohchr").glob(pattern)).read_bytes()
    assert calls(lambda: read_matrix(content)) < 5_000 * len(read_matrix(content).rows)


def test_four_times_the_rows_take_four_times_the_work():
    row = (FIRST, "Supported", "A12 Acceptance", "")
    few, many = (written(*[row] * rows) for rows in (20, 80))
    assert read_matrix(many).data_rows == 80
    assert calls(lambda: read_matrix(many)) < 4.2 * calls(lambda: read_matrix(few))


@pytest.mark.parametrize("pattern", ["UPR20*.docx", "UPR34*.docx"])
def test_order_and_saving_again_change_no_fact(test_data, pattern):
    path = next((test_data / "ohchr").glob(pattern))
    document = docx.Document(str(path))
    table = document.tables[0]._tbl
    rows = table.findall(qn("w:tr"))[1:]
    random.Random(7).shuffle(rows)
    for row in rows:
        table.append(row)
    assert without_rows(read_matrix(saved(document)).rows) == without_rows(read_matrix(path).rows)


# Paragraphs, texts and States


@pytest.mark.parametrize(
    ("printed", "paragraph"),
    [
        ("140.10 Ratify", "140.10"),
        ("140.1 Ratify", "140.1"),
        ("16.b Ratify", "16.b"),
        ("115.3. Ratify", "115.3"),
        ("115. 3 Ratify", "115.3"),
        ("115 .3\u00a0Ratify", "115.3"),
        ("\u00a0 115.3Ratify", "115.3"),
        ("115.3) Ratify", "115.3"),
        ("115.3\nRatify", "115.3"),
        ("6.118.2 Ratify", "6.118.2"),
    ],
)
def test_a_paragraph_number_is_a_string_without_stray_spaces(printed, paragraph):
    row = recommendation(f"{printed} (Norway);")
    assert (row.paragraph, row.parts) == (paragraph, (MatrixPart("Ratify", ("Norway",)),))


@pytest.mark.parametrize(
    ("printed", "states"),
    [
        ("(Portugal, Slovakia);", ("Portugal", "Slovakia")),
        ("(France) (Lithuania);", ("France", "Lithuania")),
        ("(France)(Lithuania).", ("France", "Lithuania")),
        ("(France); (Lithuania);", ("France", "Lithuania")),
        ("(Iran (Islamic Republic of));", ("Iran (Islamic Republic of)",)),
        (
            "(Senegal, Venezuela (Bolivarian Republic of),Peru);",
            ("Senegal", "Venezuela (Bolivarian Republic of)", "Peru"),
        ),
        ("(Bolivia (Plurinational State of)) (Chad)", ("Bolivia (Plurinational State of)", "Chad")),
        (
            "(Congo (Democratic Republic of the), Chad);",
            ("Congo (Democratic Republic of the)", "Chad"),
        ),
        ("(Iran, Islamic Republic of, Chad);", ("Iran, Islamic Republic of", "Chad")),
        (
            "(United Kingdom of Great Britain and Northern Ireland);",
            ("United Kingdom of Great Britain and Northern Ireland",),
        ),
        ("(Bosnia and Herzegovina);", ("Bosnia and Herzegovina",)),
        ("(Norway and Sweden);", ("Norway", "Sweden")),
        ("(Norway, Iceland and Sweden);", ("Norway", "Iceland", "Sweden")),
        ("(Côte d’Ivoire) ;", ("Côte d’Ivoire",)),
        ("(Nor\u00adway\u200b);", ("Norway",)),
        ("（Norway）；", ("Norway",)),
    ],
)
def test_states_are_read_whatever_their_brackets(printed, states):
    row = recommendation(f"115.3 Ratify a treaty {printed}")
    assert row.parts == (MatrixPart("Ratify a treaty", states),)
    assert row.doubts == ("citation-missing",)


@pytest.mark.parametrize(
    "bracket", ["(No. 29)", "(Istanbul Convention)", "(ICRMW)", "(2009–2014)", "(see (a) above)"]
)
def test_a_bracket_that_names_no_state_stays_in_the_text(bracket):
    assert parts(f"115.3 Ratify it {bracket} (Norway) (Chad);") == [
        (f"Ratify it {bracket}", ("Norway", "Chad"))
    ]
    assert parts(f"115.3 Ratify it {bracket}; and apply it (Norway, Chad);") == [
        (f"Ratify it {bracket}; and apply it", ("Norway", "Chad"))
    ]


def test_several_texts_in_one_cell_are_parts_each_with_its_states():
    assert parts("115.38 Ratify it (Egypt); apply it (Peru, Chad);teach it; all of it (Fiji);") == [
        ("Ratify it", ("Egypt",)),
        ("apply it", ("Peru", "Chad")),
        ("teach it; all of it", ("Fiji",)),
    ]


def test_a_text_without_states_is_kept_and_doubted():
    row = recommendation("115.3 Ratify it (Norway); and apply it;")
    assert row.parts == (MatrixPart("Ratify it", ("Norway",)), MatrixPart("and apply it"))
    assert "states-missing" in row.doubts
    assert "states-missing" in recommendation("115.3 Ratify it (No. 29);").doubts


def test_a_state_that_is_not_recognised_is_kept_as_printed_and_doubted():
    for printed, states in [
        ("(Ruritania);", ("Ruritania",)),
        ("(Norway, Ruritania);", ("Norway", "Ruritania")),
        ("(Norway) (Ruritania);", ("Norway", "Ruritania")),
        ("(Ruritania (Upper, Lower), Chad);", ("Ruritania (Upper, Lower)", "Chad")),
    ]:
        row = recommendation(f"115.3 Ratify it {printed}")
        assert row.parts == (MatrixPart("Ratify it", states),)
        assert "state-not-recognised" in row.doubts


def test_states_in_mid_sentence_are_doubted_and_stay_in_the_text():
    row = recommendation("115.3 Ratify it (Norway) Apply it (Chad);")
    assert row.parts == (MatrixPart("Ratify it (Norway) Apply it", ("Chad",)),)
    assert "states-in-the-text" in row.doubts


def test_a_bracket_that_was_never_closed_is_doubted():
    row = recommendation("115.3 Ratify it (Venezuela (Bolivarian Republic of); apply it (Peru);")
    assert [part.text for part in row.parts] == ["Ratify it", "apply it"]
    assert [recognise(s) for part in row.parts for s in part.states] == ["VEN", "PER"]
    assert "bracket-not-closed" in row.doubts


def test_soft_breaks_and_non_breaking_spaces_are_spaces():
    row = recommendation(
        "115.3\u00a0Ratify\vthe  treaty\t(Norway);\vSource of position: A/HRC/28/15 - Para 3",
        themes="- Minorities/ racial,\vethnic groups\v- Migrants",
    )
    assert row.parts == (MatrixPart("Ratify the treaty", ("Norway",)),)
    assert row.citation == Citation("A/HRC/28/15 - Para 3", "A/HRC/28/15", "3")
    assert [term.label for term in row.terms] == ["Minorities/ racial, ethnic groups", "Migrants"]


def test_tracked_insertions_are_read_and_deletions_are_not():
    def track(table):
        paragraph = table.cell(1, 0).paragraphs[0]
        paragraph.text = "115.3 Ratify "
        for kind, tag, text in (
            ("ins", "t", "each treaty "),
            ("del", "delText", "nothing "),
            ("moveFrom", "t", "elsewhere "),
        ):
            change, run, word = (OxmlElement(f"w:{name}") for name in (kind, "r", tag))
            word.text = text
            run.append(word)
            change.append(run)
            paragraph._p.append(change)
        paragraph.add_run("(Norway);")
        table.rows[2]._tr.get_or_add_trPr().append(OxmlElement("w:del"))

    matrix = read(("", "Supported", "", ""), (FIRST, "Supported", "", ""), edit=track)
    assert [row.parts for row in matrix.rows] == [(MatrixPart("Ratify each treaty", ("Norway",)),)]
    assert matrix.data_rows == 1


# Citations


@pytest.mark.parametrize(
    ("printed", "symbol", "paragraph", "doubt"),
    [
        ("A/HRC/28/15/Add.1 - Para. 3", "A/HRC/28/15/Add.1", "3", None),
        ("A/HRC/43/15 - Para 121", "A/HRC/43/15", "121", None),
        ("A/HRC/28/15/Add.1, para. 3 - Para. 3", "A/HRC/28/15/Add.1", "3", None),
        ("A/HRC/28/15/Add.1, para. 3 - Para. 4", "A/HRC/28/15/Add.1", None, "paragraph-malformed"),
        ("A/HRC/43/15/Add.1", "A/HRC/43/15/Add.1", None, None),
        ("A/HRC/43/15/Add.1 - Para.3vv", "A/HRC/43/15/Add.1", None, "paragraph-malformed"),
        ("A/HRC/43/15/Add.1 - Paras. 3-5", "A/HRC/43/15/Add.1", "3-5", None),
        ("A/HRC/43/15/Add.1 - Para. 3 (b)", "A/HRC/43/15/Add.1", "3 (b)", None),
        ("A/HRC/ 43/15 Add.1 - Para 3", "A/HRC/43/15/Add.1", "3", None),
        ("addendum, para 3", None, None, "symbol-missing"),
    ],
)
def test_a_citation_is_kept_as_printed_and_doubted_where_it_cannot_be_right(
    printed, symbol, paragraph, doubt
):
    row = recommendation(f"115.3 Ratify it (Norway);\nSource of position: {printed}")
    assert row.citation == Citation(printed, symbol, paragraph, doubt)


def cited(symbols):
    return read(
        *(
            (f"121.{n} Ratify it (Chad);\nSource of Position: {s}", "Supported", "", "")
            for n, s in enumerate(symbols)
        )
    )


@pytest.mark.parametrize(
    ("usual", "lonely", "doubted"), [(5, 1, 1), (8, 2, 2), (4, 1, 0), (7, 2, 0)]
)
def test_a_lonely_citation_is_doubted_where_the_majority_is_plain(usual, lonely, doubted):
    matrix = cited(["A/HRC/43/15"] * usual + ["A/HRC/43/15/Add.1"] * lonely)
    found = [row for row in matrix.rows if row.citation.doubt == "differs-from-its-paragraph"]
    assert len(found) == doubted
    assert all(row.citation.printed == "A/HRC/43/15/Add.1" for row in found)
    assert matrix.document == "A/HRC/43/15"


# Positions


@pytest.mark.parametrize(
    ("printed", "position"),
    [
        ("Supported", "supported"),
        ("ACCEPTED.", "supported"),
        ("Enjoys the support of Slovenia", "supported"),
        ("Does not enjoy the support of Slovenia", "noted"),
        (" Noted\u00a0", "noted"),
        ("Pending", "pending"),
        ("", "pending"),
        ("see below", "pending"),
        ("Supported/Noted", "supported"),
    ],
)
def test_a_position_is_one_of_three_and_its_wording_is_kept(printed, position):
    row = recommendation(FIRST, printed)
    assert (row.position, row.position_printed) == (position, printed.strip())


@pytest.mark.parametrize(
    ("printed", "doubts"), [("", ("position-missing",)), ("see below", ("position-unclear",))]
)
def test_a_row_without_a_clear_answer_is_pending_and_doubted(printed, doubts):
    row = recommendation(FIRST, printed)
    assert (row.position, row.position_printed, row.doubts) == ("pending", printed, doubts)


@pytest.mark.parametrize("printed", ["Supported in part", "Partially accepted", "Supported\nNoted"])
def test_an_answer_in_part_is_supported_in_part(printed):
    row = recommendation(FIRST, printed)
    assert (row.position, row.in_part, row.doubts) == ("supported", True, ())


@pytest.mark.parametrize(
    ("language", "position", "word"),
    [
        (language, position, word)
        for language, words in LANGUAGES.items()
        for position, known in words.positions.items()
        for word in known
    ],
)
def test_positions_are_understood_in_the_six_languages(language, position, word):
    rows = [
        MatrixRow(1, "115.1", (MatrixPart("Text", ("Norway",)),), position, word.upper()),
    ]
    (row,) = round_trip(rows, 3, language).rows
    assert (row.position, row.position_printed) == (position, word.upper())


# Rows


def test_a_merged_row_is_a_theme_and_an_empty_row_is_nothing():
    matrix = read(("Theme: Minorities",), ("", " ", "\u00a0", ""), (FIRST, "Supported", "", ""))
    assert (len(matrix.rows), matrix.data_rows, matrix.rows[0].row) == (1, 1, 4)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("Ratify a treaty (Norway);", "Supported", "", ""), "paragraph-missing"),
        (("", "Supported", "A12 Acceptance", ""), "paragraph-missing"),
        (("115.3 (Norway);", "Supported", "", ""), "text-missing"),
        (("115.3", "Supported", "", ""), "text-missing"),
        ((FIRST,), "columns-missing"),
        ((f"115.3 {'word ' * 3000}(Norway);", "Supported", "", ""), "cell-too-long"),
    ],
)
def test_a_row_that_cannot_be_read_is_handed_back_with_what_to_do(cells, reason):
    row = unreadable(*cells)
    assert (row.reason, row.message, row.row) == (reason, REASONS[reason], 2)
    assert len(row.printed) <= 500


def test_a_paragraph_printed_again_under_another_theme_is_one_paragraph():
    matrix = read(
        (FIRST, "Supported", "A12 Acceptance\nAffected persons:\n- women", ""),
        ("Theme: B31 Equality",),
        (FIRST, "Supported", "B31 Equality\nAffected persons:\n- women", "Done"),
    )
    (row,) = matrix.rows
    assert (matrix.merged, matrix.data_rows, row.comment) == (1, 2, "Done")
    assert [term.label for term in row.terms] == ["Acceptance", "Equality", "women"]


@pytest.mark.parametrize("other", [("Noted", "Ratify a treaty"), ("Supported", "Ratify two")])
def test_a_paragraph_printed_again_differently_waits_for_a_person(other):
    again = FIRST.replace("Ratify a treaty", other[1])
    matrix = read((FIRST, "Supported", "", ""), (again, other[0], "", ""))
    assert [row.reason for row in matrix.unreadable] == ["paragraph-repeated-differently"]
    assert (len(matrix.rows), matrix.merged, matrix.data_rows) == (1, 0, 2)


def test_what_the_state_wrote_into_the_last_column_is_its_comment():
    assert recommendation(FIRST, comment="Law in force.\nReport due.").comment == (
        "Law in force.\nReport due."
    )


def test_a_cell_merged_downwards_holds_for_each_row():
    def merge(table):
        table.cell(1, 1).merge(table.cell(2, 1)).text = "Noted"

    matrix = read((FIRST, "", "", ""), (FIRST.replace("115.1", "115.2"), "", "", ""), edit=merge)
    assert [row.position for row in matrix.rows] == ["noted", "noted"]


def test_several_tables_are_read_one_after_the_other():
    document = docx.Document(io.BytesIO(written((FIRST, "Supported", "", ""))))
    document.add_table(rows=2, cols=2)
    second = docx.Document(io.BytesIO(written((FIRST.replace("115.1", "115.2"), "Noted", "", ""))))
    document.element.body.insert(-1, second.tables[0]._tbl)
    matrix = read_matrix(saved(document))
    assert [(row.row, row.paragraph) for row in matrix.rows] == [(2, "115.1"), (4, "115.2")]


def test_progress_counts_every_row():
    seen = []
    content = written((FIRST, "Supported", "", ""), ("Theme: x",))
    read_matrix(content, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_fourth_layout_has_goals_in_their_own_column():
    matrix = read(
        (
            FIRST,
            "Supported",
            "- Minorities\nGroups of Persons:\n- Roma",
            "- 16 - PEACE, JUSTICE AND STRONG INSTITUTIONS\n- 16.2 - End abuse\n- 5",
        ),
        heading=HEADING_4,
    )
    assert (matrix.generation, matrix.theme_list) == (4, "2025")
    assert matrix.rows[0].terms == (
        MatrixTerm("theme", None, "Minorities"),
        MatrixTerm("sdg", "16", "PEACE, JUSTICE AND STRONG INSTITUTIONS"),
        MatrixTerm("sdg", "16.2", "End abuse"),
        MatrixTerm("sdg", "5", ""),
        MatrixTerm("affected-persons", None, "Roma"),
    )


@pytest.mark.parametrize(
    ("header", "state", "cycle", "session"),
    [
        ("UPR of Slovenia (2nd Cycle – 20th session)\tPage 1", "SVN", 2, 20),
        ("UPR of Iran (Islamic Republic of) (3rd Cycle - 34th Session)", "IRN", 3, 34),
        ("UPR of the Bahamas (4th cycle — 43rd session)", "BHS", 4, 43),
        ("Thematic list of recommendations", None, None, None),
    ],
)
def test_the_page_header_tells_state_cycle_and_session(header, state, cycle, session):
    matrix = read((FIRST, "Supported", "", ""), header=header)
    assert (matrix.state, matrix.cycle, matrix.session) == (state, cycle, session)


# Files


def refusal(content, **told):
    with pytest.raises(NotAMatrix) as refused:
        read_matrix(content, **told)
    return refused.value.code


def repacked(content, name, change):
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", 8) as new:
        for entry in old.namelist():
            data = old.read(entry)
            new.writestr(entry, change(data) if entry == name else data)
    return file.getvalue()


def test_a_file_that_is_no_matrix_is_refused_with_a_reason(monkeypatch):
    good = written((FIRST, "Supported", "", ""))
    assert refusal(b"") == refusal(b"%PDF-1.7") == "not-a-docx"
    assert refusal(b"PK\x03\x04 nothing") == refusal(good[:-300]) == "damaged"
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert refusal(ole) == "old-word-format"
    assert refusal(ole + "EncryptedPackage".encode("utf-16-le")) == "encrypted"
    assert refusal(saved(empty_document())) == "no-heading-row"
    assert refusal(written(heading=("No.", "Text", "Remarks", ""))) == "no-heading-row"
    assert refusal(repacked(good, "word/document.xml", lambda data: data[:-9])) == "damaged"
    assert refusal(repacked(good, "_rels/.rels", lambda data: b"<a/>")) == "not-a-docx"
    assert refusal(good, language="xx") == "language-unknown"
    monkeypatch.setattr(ohchr_matrix, "rows_max", 1)
    assert refusal(good) == "rows-too-many"
    monkeypatch.setattr(word_document, "file_bytes_max", 100)
    assert refusal(good) == "file-too-large"


def test_a_bomb_is_refused_before_it_is_unpacked():
    good = written((FIRST, "Supported", "", ""))
    bomb = repacked(good, "docProps/app.xml", lambda data: bytes(201_000_000))
    assert len(bomb) < word_document.file_bytes_max
    assert refusal(bomb) == "unpacked-too-large"
    body = repacked(good, "word/document.xml", lambda data: data + b" " * 33_000_000)
    assert refusal(body) == "unpacked-too-large"


def in_body(data: bytes, more: bytes) -> bytes:
    return data.replace(b"<w:body>", b"<w:body>" + more, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        b"<w:p/>" * 3_000_000,
        b"<w:p " + b" ".join(b'a%d=""' % n for n in range(700_000)) + b"/>",
        b"<w:p/>" * word_document.blocks_max,
        b"<w:tbl>" * word_document.depth_max + b"</w:tbl>" * word_document.depth_max,
    ],
    ids=["elements", "attributes", "paragraphs", "depth"],
)
def test_a_part_of_many_elements_takes_little_memory(more):
    good = written((FIRST, "Supported", "", ""))
    bomb = repacked(good, "word/document.xml", lambda data: in_body(data, more))
    assert len(bomb) < 3_000_000
    tracemalloc.start()
    try:
        assert refusal(bomb) == "unpacked-too-large"
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()


def test_a_part_that_is_named_many_times_is_read_once():
    header = ("word/_rels/document.xml.rels", b"relationships/header")
    row = (FIRST, "Supported", "", "")

    def often(data):
        (one,) = [part for part in data.split(b"<") if header[1] in part]
        again = b"".join(b"<" + one.replace(b'Id="', b'Id="x%d' % n) for n in range(1_000))
        return data.replace(b"</Relationships>", again + b"</Relationships>")

    once = written(row, header="UPR of Slovenia (3rd Cycle – 34th session)")
    assert read_matrix(repacked(once, header[0], often)) == read_matrix(once)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_not_expanded(encoding):
    def declare(data):
        text = data.decode().split("?>", 1)[1].replace("Ratify a treaty", "&e;")
        text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE d [<!ENTITY e "x">]>{text}'
        return text.encode(encoding)

    good = written((FIRST, "Supported", "", ""))
    assert refusal(repacked(good, "word/document.xml", declare)) == "damaged"


def test_a_path_is_read_like_its_bytes(tmp_path):
    path = tmp_path / "any name.docx"
    path.write_bytes(written((FIRST, "Supported", "", "")))
    assert read_matrix(path) == read_matrix(path.read_bytes())


# Languages


def round_trip(rows, generation, language="en", cycle=None):
    file = io.BytesIO()
    demo.write_matrix(
        file,
        rows,
        generation=generation,
        state_name="Slovenia" if language == "en" else "X",
        cycle=cycle or generation,
        session=20,
        language=language,
    )
    return read_matrix(file.getvalue(), language=language)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("generation", [2, 3, 4])
def test_a_list_is_read_in_each_of_the_six_languages(language, generation):
    rows = demo.rows_of(demo.DEMONSTRATION.reviews[0])
    matrix = round_trip(rows, generation, language)
    assert without_rows(matrix.rows) == without_rows(rows)
    assert (matrix.generation, matrix.heading_language) == (generation, language)
    assert (matrix.cycle, matrix.session) == (generation, 20)


def test_a_file_in_another_language_than_chosen_is_refused():
    file = io.BytesIO()
    rows = demo.rows_of(demo.DEMONSTRATION.reviews[0])[:1]
    told = {"generation": 3, "state_name": "Slovénie", "cycle": 3, "session": 34}
    demo.write_matrix(file, rows, language="fr", **told)
    assert refusal(file.getvalue()) == "language-differs"
    assert refusal(file.getvalue(), language="ru") == "language-differs"
    french = read_matrix(file.getvalue(), language="fr")
    assert (french.state, french.state_printed) == ("SVN", "Slovénie")


def test_an_arabic_paragraph_number_is_the_same_paragraph():
    rows = [MatrixRow(1, "115-3", (MatrixPart("نص", ("النرويج",)),), "noted", "أحيط بها علما")]
    (row,) = round_trip(rows, 3, "ar").rows
    assert (row.paragraph, row.parts) == ("115.3", rows[0].parts)


# The demonstration


@pytest.mark.parametrize(
    ("review", "told", "true"),
    [
        (0, demo.CYCLE_3, demo.Figures(48, 50, 62, 41, 7)),
        (1, demo.CYCLE_4, demo.Figures(60, 63, 89, 52, 8)),
    ],
)
def test_the_demonstration_reads_back_as_it_was_told(tmp_path, review, told, true):
    demo.main([str(tmp_path)])
    review = demo.DEMONSTRATION.reviews[review]
    matrix = read_matrix(tmp_path / review.file_name)
    assert without_rows(matrix.rows) == without_rows(demo.rows_of(review))
    assert demo.figures(matrix.rows) == told == true
    assert (matrix.unreadable, matrix.merged, matrix.document) == ((), 0, review.report)
    assert (matrix.generation, matrix.cycle, matrix.session) == (
        review.generation,
        review.cycle,
        review.session,
    )
    assert not [row.paragraph for row in matrix.rows if row.doubts or row.citation.doubt]


def test_the_demonstration_is_the_same_bytes_each_time(tmp_path):
    for folder in ("a", "b"):
        demo.main([str(tmp_path / folder)])
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_demonstrations_state_is_in_no_table_of_states():
    assert recognise(demo.DEMONSTRATION.state) is None
    assert demo.DEMONSTRATION.code not in {known.code for known in addressees()}


# Any matrix

_word = st.text("abcdefgéüßčжج中’“-", min_size=1, max_size=8).map(
    lambda word: word.strip("-’“") or "x"
)
_plain_text = st.lists(_word, min_size=1, max_size=8).map(lambda words: "Z" + " ".join(words))
_text = st.builds(
    "".join,
    st.tuples(
        _plain_text,
        st.sampled_from(
            ["", " (No. 29)", " (Istanbul Convention)", "; also", ", 2009", " (see c)"]
        ),
    ),
)
_names = [known.name for known in addressees() if known.code[0] != "X"]
_state = st.sampled_from(
    # Behind “China”, “Hong Kong, China” reads as well as “China, Hong Kong” before “China”.
    [name for name in _names if not any(name.endswith(f", {other}") for other in _names)]
)
_states = st.lists(_state, min_size=1, max_size=4, unique=True).map(tuple)
_label = _plain_text.map(str.capitalize)


@st.composite
def matrix_rows(draw, generation):
    paragraphs = draw(
        st.lists(
            st.tuples(st.integers(1, 200), st.one_of(st.integers(1, 300), st.sampled_from("abz"))),
            min_size=1,
            max_size=6,
            unique=True,
        )
    )
    rows = []
    for number, (leading, own) in enumerate(paragraphs, 1):
        code = st.sampled_from(["A12", "B31", "F4"]) if generation == 2 else st.none()
        terms = {draw(st.builds(MatrixTerm, st.just("theme"), code, _label)) for _ in "ab"}
        goals = draw(st.sets(st.sampled_from(["5", "16", "16.2"])))
        groups = draw(st.sets(_label))
        position = draw(st.sampled_from(["supported", "noted", "pending"]))
        place = draw(st.integers(1, 9))
        rows.append(
            MatrixRow(
                row=number,
                paragraph=f"{leading}.{own}",
                parts=tuple(draw(st.lists(st.builds(MatrixPart, _text, _states), min_size=1))),
                position=position,
                position_printed=position.capitalize(),
                citation=Citation(f"A/HRC/1/2 - Para. {place}", "A/HRC/1/2", str(place)),
                terms=(
                    *sorted(terms, key=lambda term: (term.code or "", term.label)),
                    *(MatrixTerm("sdg", goal, "PEACE, JUSTICE") for goal in sorted(goals)),
                    *(MatrixTerm("affected-persons", None, group) for group in sorted(groups)),
                ),
                comment="" if generation == 4 else draw(st.one_of(st.just(""), _plain_text)),
            )
        )
    return rows


_any = st.sampled_from([2, 3, 4]).flatmap(
    lambda generation: st.tuples(st.just(generation), matrix_rows(generation))
)


@settings(max_examples=times(12, long=200))
@given(_any)
def test_what_is_written_is_what_is_read(told):
    generation, rows = told
    matrix = round_trip(rows, generation)
    assert (matrix.generation, matrix.unreadable, matrix.merged) == (generation, (), 0)
    assert without_rows(matrix.rows) == without_rows(rows)


_DAMAGE = st.sampled_from(
    [
        *("", "115.1", "115.1 x", "(", ")", "((((", "(Norway", "Norway);", "();", "; ; ;", "\v"),
        *("Source of position:", "Source of position: A/HRC/", "Theme: x", "SDGs:", "- ", "Noted"),
        *("115.1 Ratify (Norway)) (Chad;", "Recommendation", "Position", "\u00a0", "Full list of"),
    ]
)


@settings(max_examples=times(15, long=300))
@given(
    _any,
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), _DAMAGE | _plain_text), max_size=6),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=3),
)
def test_damage_loses_no_row(told, replaced, removed):
    """The sum is counted here again, from the document that is left."""
    generation, rows = told
    file = io.BytesIO()
    demo.write_matrix(
        file, rows, generation=generation, state_name="Chad", cycle=generation, session=20
    )
    document = docx.Document(file)
    trs = document.tables[0]._tbl.findall(qn("w:tr"))[1:]
    whole = [tr for tr in trs if len(tr.findall(qn("w:tc"))) == 4]
    for place, column, text in replaced:
        table_cell = whole[place % len(whole)].findall(qn("w:tc"))[column]
        fill(docx.table._Cell(table_cell, document.tables[0]), text)
    for place, column in removed:
        cells = whole[place % len(whole)].findall(qn("w:tc"))
        if len(cells) > 2:
            cells[column % len(cells)].getparent().remove(cells[column % len(cells)])
    cells = [[fitting.strip() for fitting in texts(tr)] for tr in whole]
    filled = [row for row in cells if any(row)]
    headings = [
        row
        for row in filled
        if all(any(c.casefold().startswith(h) for c in row) for h in ("recommendation", "position"))
    ]
    alone = [row for row in filled if len(list(filter(None, row))) == 1]
    matrix = read_matrix(saved(document))
    assert matrix.data_rows == len(matrix.rows) + len(matrix.unreadable) + matrix.merged
    assert matrix.data_rows + matrix.theme_rows == len(trs) - len(whole) + len(filled) - len(
        headings
    )
    assert matrix.theme_rows <= len(trs) - len(whole) + len(alone)


def texts(tr):
    """What stands in each cell of a row."""
    return ["".join(t.text or "" for t in tc.iter(qn("w:t"))) for tc in tr.findall(qn("w:tc"))]


GOOD = written((FIRST, "Supported", "A12 Acceptance", ""))


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(noise, at):
    for data in (GOOD[:at] + noise + GOOD[at + len(noise) :], GOOD[:at], noise):
        with contextlib.suppress(NotAMatrix):
            assert read_matrix(data).data_rows < 3
