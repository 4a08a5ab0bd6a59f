"""Lists out: CSV and XLSX hold what is there, safely; a matrix is read back as it was written."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import docx
import hypothesis
import pytest
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from domain.addressees import addressees
from domain.casework import CaseEvent
from domain.entry import Visibility
from domain.recommendation import Recommendation, fold
from domain.recommendation.elements import Part, Recommender
from domain.recommendation.position import PositionTaken
from domain.refusals import InvalidInput, LimitExceeded
from domain.scope import Scope, everything
from domain.words import Answer, Mechanism
from tests.given import (
    added,
    answered,
    any_act,
    assessed,
    classified,
    cleared,
    closed,
    declared,
    decreed,
    drafted,
    duplicate,
    given,
    noted,
    offered,
    principal,
    published,
    received,
    reported,
    struck,
    supported,
    term,
    text,
)
from tests.length import times
from workflows.access import Role
from workflows.desk import Desk
from workflows.exporting import cells, matrix, sheets
from workflows.exporting.matrix import Layout, write_matrix
from workflows.exporting.sheets import COLUMNS, csv_lines, write_xlsx
from workflows.importing import Import, Options
from workflows.log import Log
from workflows.ohchr_matrix import Matrix, MatrixPart, read_matrix

CYCLE_2 = "ohchr/UPR20__Slovenia_ThematicListRecommendations_E.docx"
CYCLE_3 = "ohchr/UPR34_Slovenia_Thematic_list_of_Recommendations.docx"
SEES_ALL = everything.reads

Row = dict[str, str]


def as_csv(*states: Recommendation, language: str = "en", sees: cells.Sees = SEES_ALL) -> list[Row]:
    """The list as a program reads it, following the documentation."""
    data = b"".join(csv_lines(states, language, sees=sees))
    assert data.startswith(codecs.BOM_UTF8)
    assert data.endswith(b"\r\n")
    told = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    return [{name: cell.removeprefix("'") for name, cell in row.items()} for row in told]


def as_xlsx(
    out: Path, *states: Recommendation, language: str = "en", sees: cells.Sees = SEES_ALL
) -> list[Row]:
    count = write_xlsx(states, out, language, sees=sees)
    head, *rows = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert count == len(rows)
    return [dict(zip(map(str, head), map(str, row), strict=True)) for row in rows]


# --- Sheets --------------------------------------------------------------------------------------

WORKED_ON = given(
    received("140.10", states=("FRA", "DEU"), wordings=("Train judges", "Pay them")),
    supported(),
    classified(term("theme", "A12", "Norms"), term("sdg", "16.2"), term("sdg", None, "16 - Peace")),
    classified(term("affected-persons", None, "Women & girls")),
    decreed("labour"),
    offered("justice"),
    drafted(),
    cleared(7),
    published(7),
    assessed("C"),
    assessed("B", assessor="Ombudsman", part="2"),
    added(text("Former les juges", "Les payer", language="fr")),
    declared(),
).it


def test_a_row_says_where_a_recommendation_stands(tmp_path: Path) -> None:
    (row,) = as_csv(WORKED_ON)
    assert row == {
        "id": str(WORKED_ON.id),
        "version": "13",
        "addressee": "SVN",
        "mechanism": "upr",
        "body": "UPR",
        "kind": "recommendation",
        "cycle": "4",
        "session": "",
        "symbol": "A/HRC/59/15",
        "paragraph": "140.10",
        "text": "Train judges; Pay them",
        "text_language": "en",
        "recommending_states": "FRA; DEU",
        "position": "supported",
        "stage": "implemented",
        "assigned_to": "labour",
        "offered_to": "justice",
        "themes": "A12 Norms",
        "sdgs": "16.2; 16 - Peace",
        "affected_persons": "Women & girls",
        "declared_implemented": "yes",
        "last_report": "progress",
        "last_report_by": "mfa",
        "last_report_version": "9",
        "assessments": "Human Rights Committee: hrc-follow-up 2017 C; "
        "Ombudsman: hrc-follow-up 2017 B (part 2)",
        "duplicate_of": "",
        "closed": "",
        "issues": "",
        "actions": "",
    }
    assert as_xlsx(tmp_path / "list.xlsx", WORKED_ON) == [row]


def test_a_text_that_is_not_there_in_the_language_is_the_originals() -> None:
    french, other = as_csv(WORKED_ON, language="fr") + as_csv(WORKED_ON, language="es")
    assert (french["text"], french["text_language"]) == ("Former les juges; Les payer", "fr")
    assert (other["text"], other["text_language"]) == ("Train judges; Pay them", "en")


def test_what_was_struck_is_not_told() -> None:
    r = given(received(), assessed("C"), reported(), struck(2), struck(3)).it
    (row,) = as_csv(r)
    assert (row["assessments"], row["last_report"], row["last_report_version"]) == ("", "", "")


def test_a_draft_is_not_told() -> None:
    (row,) = as_csv(given(received(), decreed(), drafted(institution="labour")).it)
    assert row["last_report"] == row["last_report_by"] == ""


def test_duplicates_and_closed_ones_are_marked_not_left_out() -> None:
    rows = as_csv(given(received(), duplicate(UUID(int=5))).it, given(received(), closed()).it)
    assert rows[0]["duplicate_of"] == str(UUID(int=5))
    assert rows[1]["closed"] == "carried-out"


class NothingThere:
    """An empty record, as an import asks about it."""

    def find_aliases(self, wanted: Any) -> dict[Any, Any]:
        return {}

    def find_bearers(self, wanted: Any) -> dict[Any, Any]:
        return {}

    def held_by_others(self, scope: Any, review: Any, format: str) -> list[Any]:
        return []

    def held_in_review(self, scope: Any, review: Any) -> list[Any]:
        return []

    def vocabulary(self, name: str) -> None:
        return None

    def held_under(self, scope: Any, scheme: str, addressee: str) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(
    ("institution", "told"),
    [
        (None, "justice"),
        ("mfa", "labour; justice"),
        ("labour", "labour; justice"),
        ("interior", "justice"),
    ],
)
def test_a_confidential_assignment_is_told_to_its_two_sides_alone(
    tmp_path: Path, institution: str | None, told: str
) -> None:
    scope = Scope(visibilities=frozenset([Visibility.PUBLIC]), institution=institution)
    r = given(
        received(), decreed("labour", visibility=Visibility.CONFIDENTIAL), decreed("justice")
    ).it
    (row,) = as_csv(r, sees=scope.reads)
    assert row["assigned_to"] == told
    (row,) = as_xlsx(tmp_path / "list.xlsx", r, sees=scope.reads)
    assert row["assigned_to"] == told


@pytest.mark.parametrize(
    ("institution", "told"),
    [
        (None, "hrc-follow-up 2017 B"),
        ("mfa", "hrc-follow-up 2017 C"),
        ("labour", "hrc-follow-up 2017 B"),
    ],
)
def test_a_confidential_assessment_is_told_to_who_recorded_it_alone(
    tmp_path: Path, institution: str | None, told: str
) -> None:
    scope = Scope(visibilities=frozenset([Visibility.PUBLIC]), institution=institution)
    r = given(
        received(),
        assessed("B", on="2030-01-01"),
        assessed("C", on="2030-02-01", visibility=Visibility.CONFIDENTIAL),
    ).it
    for row in (
        *as_csv(r, sees=scope.reads),
        *as_xlsx(tmp_path / "list.xlsx", r, sees=scope.reads),
    ):
        assert row["assessments"] == f"Human Rights Committee: {told}"


def test_who_says_nothing_of_the_reader_gets_what_is_public(tmp_path: Path) -> None:
    hidden = given(received("140.2", visibility=Visibility.INTERNAL)).it
    r = given(received(), decreed("labour", visibility=Visibility.INTERNAL)).it
    assert b"labour" not in b"".join(csv_lines([r]))
    assert len(list(csv_lines([r, hidden]))) == 2
    assert write_xlsx([r, hidden], tmp_path / "list.xlsx") == 1


def worded(wording: str) -> Recommendation:
    r = given(received()).it
    r.texts = {"en": text(wording)}
    return r


anything = st.text(st.characters(), max_size=40) | st.builds(
    str.__add__, st.sampled_from([*"=+-@\t\r\n'＝＋－＠", "_x0041_", "\ud800"]), st.text(max_size=5)
)


@hypothesis.given(anything)
def test_no_text_becomes_a_formula_in_csv_and_every_text_can_be_had_back(wording: str) -> None:
    data = b"".join(csv_lines([worded(wording)])).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(data, newline=""))
    raw = row["text"]
    assert not raw.startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert raw.removeprefix("'") == cells.printable(wording)


@hypothesis.settings(max_examples=times(25, long=300))
@hypothesis.given(st.lists(anything, max_size=5))
def test_every_cell_of_xlsx_is_the_text_itself(
    tmp_path_factory: pytest.TempPathFactory, wordings: list[str]
) -> None:
    out = tmp_path_factory.mktemp("sheet") / "list.xlsx"
    told = [row["text"] for row in as_xlsx(out, *map(worded, wordings))]
    assert told == [
        cells.printable(wording).replace("\r\n", "\n").replace("\r", "\n") for wording in wordings
    ]


def test_only_characters_that_xml_forbids_are_dropped() -> None:
    assert cells.printable("a\x00\x0b\x1b\ufffe\ud800b\t\n\u0085é漢😀") == "ab\t\n\u0085é漢😀"


@pytest.mark.parametrize(("character", "units"), [("a", 1), ("漢", 1), ("😀", 2)])
def test_a_text_longer_than_a_cell_is_cut_with_a_mark(
    tmp_path: Path, character: str, units: int
) -> None:
    most = cells.cell_characters_max // units
    whole, longer = worded(character * most), worded(character * (most + 1))
    rows = as_xlsx(tmp_path / "list.xlsx", whole, longer)
    assert rows[0]["text"] == whole.text()
    assert rows[1]["text"].endswith(cells.CUT)
    assert len(rows[1]["text"].encode("utf-16-le")) // 2 <= cells.cell_characters_max
    assert as_csv(longer)[0]["text"] == longer.text(), "CSV is whole"


def test_more_rows_than_a_sheet_holds_are_refused_and_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "sheet_rows_max", 1)
    with pytest.raises(LimitExceeded, match="CSV"):
        write_xlsx([WORKED_ON, WORKED_ON], tmp_path / "list.xlsx", sees=SEES_ALL)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_list_has_its_heading(tmp_path: Path) -> None:
    assert b"".join(csv_lines([])).decode("utf-8-sig") == (
        ",".join(column.name for column in COLUMNS) + "\r\n"
    )
    assert as_xlsx(tmp_path / "list.xlsx") == []


@hypothesis.settings(max_examples=times(15, long=200))
@hypothesis.given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_whatever_became_of_it_it_has_a_row(random: Random, steps: int) -> None:
    history = given(received())
    for _ in range(steps):
        outcome = history.when(any_act(history.it, random))
        if outcome.entry is not None:
            history = type(history)(*history.entries, outcome.entry)
    (row,) = as_csv(history.it)
    assert row["version"] == str(history.it.version)
    assert row["assigned_to"].split("; ") == (
        list(dict.fromkeys(a.institution for a in history.it.standing)) or [""]
    )


def test_the_documentation_names_every_column() -> None:
    told = (Path(__file__).parents[1] / "docs" / "exports.md").read_text()
    for column in COLUMNS:
        assert f"`{column.name}`" in told, column.name


# --- The matrix ----------------------------------------------------------------------------------


def back(
    out: Path,
    states: list[Recommendation],
    layout: Layout,
    told: matrix.Says = lambda r: "",
    cited: matrix.Says = matrix.instrument,
) -> Matrix:
    assert write_matrix(
        states,
        told,
        out,
        state_name="Slovenia",
        cycle=layout,
        session=41,
        layout=layout,
        cited=cited,
    ) == len(states)
    return read_matrix(out)


def said_by(r: Recommendation) -> tuple[object, ...]:
    """What a reader of the matrix should find: texts with States, position, terms."""
    parts = tuple(
        MatrixPart(
            wording.text,
            tuple(NAMES.get(by.printed, by.printed) for by in part.recommenders),
        )
        for part, wording in zip(r.parts, r.texts[r.original].parts, strict=True)
    )
    found = {(h.term.vocabulary, h.term.code, h.term.label) for h in r.terms}
    return parts, r.position.value, found


def read_of(read: Matrix) -> dict[str, tuple[object, ...]]:
    return {
        row.paragraph: (row.parts, row.position, {(t.kind, t.code, t.label) for t in row.terms})
        for row in read.rows
    }


NAMES = {known.code: known.name for known in addressees()}
SENTENCES = st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=1, max_size=5).map(
    lambda words: f"Act on {' '.join(words)}"
)
RECOMMENDERS = st.lists(
    st.sampled_from(addressees()),
    min_size=1,
    max_size=4,
    unique=True,
).map(lambda states: tuple(Recommender(printed=k.code, code=k.code) for k in states))
LABELS = st.sampled_from(["Right to health", "Education", "Torture & ill-treatment"])


@st.composite
def reviews(draw: st.DrawFn, layout: int) -> list[Recommendation]:
    states = []
    for number in draw(st.lists(st.integers(1, 300), min_size=1, max_size=8, unique=True)):
        wordings = tuple(draw(st.lists(SENTENCES, min_size=1, max_size=3)))
        acts = draw(
            st.sampled_from([[], [supported()], [noted()], [supported(), noted("2026-01-01")]])
        )
        code = draw(st.sampled_from(["A12", "B31", "F13"])) if layout == 2 else None
        labels = draw(
            st.lists(LABELS, min_size=layout == 2, max_size=1 if code else 3, unique=True)
        )
        goals = draw(st.sets(st.sampled_from(["5", "16.2"])))
        terms = [term("theme", code, label) for label in labels]
        terms += [term("sdg", goal, f"GOAL {goal}") for goal in sorted(goals)]
        terms += [term("affected-persons", None, "Women & girls")] if draw(st.booleans()) else []
        acts = [*acts, classified(*terms)] if terms else acts
        r = given(received(f"140.{number}", wordings=wordings), *acts).it
        r.parts = tuple(
            Part(id=str(n), recommenders=draw(RECOMMENDERS)) for n in range(1, len(wordings) + 1)
        )
        states.append(r)
    return states


@pytest.mark.slow
@pytest.mark.parametrize("layout", [2, 3, 4])
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, layout: Layout
) -> None:
    @hypothesis.settings(max_examples=times(10, long=100))
    @hypothesis.given(reviews(layout))
    def holds(states: list[Recommendation]) -> None:
        read = back(tmp_path_factory.mktemp("matrix") / "m.docx", states, layout)
        assert read.unreadable == ()
        assert read_of(read) == {r.paragraph: said_by(r) for r in states}
        assert (read.state, read.cycle, read.session) == ("SVN", layout, 41)
        cited = {row.paragraph: row.citation.symbol for row in read.rows if row.citation}
        assert cited == {r.paragraph: matrix.instrument(r) for r in states if r.positions}

    holds()


def test_rows_are_grouped_by_theme_and_in_natural_order_inside(tmp_path: Path) -> None:
    def bearing(paragraph: str, *themes: str) -> Recommendation:
        terms = [term("theme", code, f"Theme {code}") for code in themes]
        return given(received(paragraph), *([classified(*terms)] if terms else [])).it

    states = [
        bearing("140.10", "A12"),
        bearing("140.1"),
        bearing("140.9", "A12", "B31"),
        bearing("140.2", "B31"),
    ]
    read = back(tmp_path / "m.docx", states, 2)
    assert [row.paragraph for row in read.rows] == ["140.9", "140.10", "140.2", "140.1"]
    assert [row.row for row in read.rows] == [3, 4, 6, 8], "a theme row before each group"


@pytest.mark.parametrize("layout", [2, 3, 4])
def test_the_states_word_stands_in_the_last_column(tmp_path: Path, layout: Layout) -> None:
    said = "Done in 2026.\nA second law follows."
    read = back(tmp_path / "m.docx", [given(received(), supported()).it], layout, lambda r: said)
    assert [row.comment for row in read.rows] == [said]


def test_a_paragraph_answered_part_by_part_is_read_as_answered_in_part(tmp_path: Path) -> None:
    r = given(
        received(wordings=("Sign", "Ratify")),
        answered(Answer.SUPPORTED, part="1"),
        answered(Answer.NOTED, part="2"),
    ).it
    read = back(tmp_path / "m.docx", [r], 3)
    (row,) = read.rows
    assert (row.position, row.in_part) == ("supported", True)
    assert row.position_printed == "Part 1: Supported Part 2: Noted"


def test_characters_that_xml_forbids_do_not_stop_a_matrix(tmp_path: Path) -> None:
    read = back(tmp_path / "m.docx", [worded("Act\x00 now\x0b")], 3, lambda r: "so\x1b it is")
    assert (read.rows[0].parts[0].text, read.rows[0].comment) == ("Act now", "so it is")


def test_the_same_states_give_the_same_matrix_byte_for_byte(tmp_path: Path) -> None:
    states = [given(received(f"140.{n}")).it for n in (1, 2, 10)]
    for name, order in (("a", states), ("b", states[::-1])):
        back(tmp_path / name, order, 3)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert str(docx.Document(str(tmp_path / "a")).core_properties.modified)[:4] == "2000"


def test_what_no_matrix_can_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = given(received(mechanism=Mechanism.TREATY_BODY)).it
    for states in ([], [elsewhere]):
        with pytest.raises(InvalidInput, match="filter"):
            back(tmp_path / "m.docx", states, 3)
    monkeypatch.setattr(matrix, "rows_max", 1)
    with pytest.raises(LimitExceeded):
        back(tmp_path / "m.docx", [given(received(f"140.{n}")).it for n in (1, 2)], 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "layouts", "supported", "noted"),
    [(CYCLE_2, (2,), 142, 21), (CYCLE_3, (3, 4), 182, 33)],
)
def test_a_real_review_imported_and_written_is_read_as_the_original(
    sqlite_url: str,
    test_data: Path,
    tmp_path: Path,
    file: str,
    layouts: tuple[Layout, ...],
    supported: int,
    noted: int,
) -> None:
    log = Log(sqlite_url)
    # Nothing goes by any name yet: the log is new.
    importing = Import(Desk(log), NothingThere(), principal(Role.CLERK))
    importing.run(test_data / file, Options())
    entries = list(log.read_all())
    cited = {
        e.stream: e.stamp.source.paragraph or ""
        for e in entries
        if isinstance(e.event, PositionTaken) and e.stamp.source
    }
    streams = {e.stream for e in entries if isinstance(e.event, CaseEvent)}
    states = [r for id in streams if (r := log.load(id, fold))]
    log.close()
    original = read_matrix(test_data / file)
    for layout in layouts:
        read = back(tmp_path / "m.docx", states, layout, cited=lambda r: cited[r.id])
        positions = [row.position for row in read.rows]
        assert (positions.count("supported"), positions.count("noted")) == (supported, noted)
        assert (len(read.rows), read.unreadable) == (supported + noted, ())
        assert (read.generation, read.document) == (layout, original.document)
        wanted = {row.paragraph: row for row in original.rows}
        for row in read.rows:
            was = wanted.pop(row.paragraph)
            assert (row.parts, row.citation, row.doubts) == (was.parts, was.citation, was.doubts)
            assert set(row.terms) == set(was.terms)
        assert not wanted
        (row,) = as_csv(states[0])
        assert row["paragraph"] in {row.paragraph for row in original.rows}
