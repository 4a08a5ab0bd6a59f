"""A table of one's own: columns by name, words that are known, and every row accounted for."""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from domain.words import Answer, Kind, Mechanism
from workflows.exporting import sheets
from workflows.importing import Format
from workflows.sources import NotThisFormat, Read, RepeatedRow, SourceRow, UnreadableRow
from workflows.sources.table import COLUMNS, REASONS, REFUSALS, Table

DOCUMENTED = Path(__file__).parents[1] / "docs" / "table.md"
ROW = {
    "addressee": "Slovenia",
    "mechanism": "upr",
    "body": "UPR",
    "kind": "recommendation",
    "symbol": "A/HRC/59/15",
    "paragraph": "140.10",
    "text": "Ratify a treaty",
    "recommending_states": "Norway; TCD",
    "position": "supported",
    "position_printed": "Enjoys the support",
    "cycle": "4",
    "session": "48",
    "themes": "A12 Acceptance of norms; Right to education",
    "sdgs": "16; 16.2 - End abuse",
    "affected_persons": "Children",
    "published": "2025-04-08",
    "key": "",
    "language": "en",
}


def content(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def read(tmp_path: Path, told: str | bytes, state: str | None = None) -> list[Read]:
    path = tmp_path / "table.csv"
    path.write_bytes(told if isinstance(told, bytes) else told.encode())
    return list(Table(path, state=state).read())


def only(tmp_path: Path, **said: str) -> SourceRow:
    (row,) = read(tmp_path, content(ROW | said))
    assert isinstance(row, SourceRow), row
    return row


def refusal(tmp_path: Path, told: str | bytes, state: str | None = None) -> NotThisFormat:
    with pytest.raises(NotThisFormat) as refused:
        read(tmp_path, told, state)
    assert str(refused.value).startswith(REFUSALS[refused.value.code])
    return refused.value


def test_a_row_is_read_whole(tmp_path: Path) -> None:
    row = only(tmp_path)
    assert (row.scheme, row.key, row.rows) == ("un", "A/HRC/59/15 140.10", (2,))
    assert (row.addressee, row.addressee_printed) == ("SVN", "Slovenia")
    assert (row.symbol, row.paragraph, row.text) == ("A/HRC/59/15", "140.10", "Ratify a treaty")
    assert (row.cycle, row.session, row.published) == (4, "48", "2025-04-08")
    assert (row.answer, row.printed) == (Answer.SUPPORTED, "Enjoys the support")
    assert [state.code for state in row.recommenders] == ["NOR", "TCD"]
    assert [(t.vocabulary, t.version, t.code, t.label) for t in row.terms] == [
        ("theme", "2014", "A12", "Acceptance of norms"),
        ("theme", "2025", None, "Right to education"),
        ("sdg", "2015", "16", "16"),
        ("sdg", "2015", "16.2", "End abuse"),
        ("affected-persons", "2025", None, "Children"),
    ]
    assert row.doubts == ()


def test_the_documented_example_is_a_report_without_positions(tmp_path: Path) -> None:
    (example_of_docs,) = re.findall("```csv\n(.*?)```", DOCUMENTED.read_text("utf-8"), re.DOTALL)
    rows = [r for r in read(tmp_path, example_of_docs) if isinstance(r, SourceRow)]
    assert [(r.paragraph, r.answer, r.cycle, len(r.recommenders)) for r in rows] == [
        ("140.1", None, 4, 2),
        ("140.10", None, 4, 1),
    ]
    assert all(r.addressee == "XAA" and r.mechanism is Mechanism.UPR for r in rows)


def test_every_column_is_documented_and_no_other() -> None:
    cells = re.findall(r"^\| (`.*?) \|", DOCUMENTED.read_text("utf-8"), re.MULTILINE)
    assert sorted(re.findall("`(.*?)`", " ".join(cells))) == sorted(COLUMNS)


def test_columns_come_in_any_order_and_case_and_most_may_be_missing(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "\ufeffText;KEY; Recommending States\nRatify;7;Norway\n", state="Chad")
    assert isinstance(row, SourceRow)
    assert (row.scheme, row.key, row.addressee, row.language) == ("table", "7", "TCD", "en")
    assert (row.symbol, row.cycle, row.printed, row.terms) == (None, None, None, ())
    assert [state.code for state in row.recommenders] == ["NOR"]


@pytest.mark.parametrize(
    ("body", "said", "mechanism"),
    [
        ("CEDAW", "", Mechanism.TREATY_BODY),
        ("SR Torture", "", Mechanism.SPECIAL_PROCEDURE),
        ("ECSR", "Regional body", Mechanism.REGIONAL_BODY),
        ("", "", Mechanism.UPR),
    ],
)
def test_the_mechanism_is_as_said_or_as_the_body_tells(
    tmp_path: Path, body: str, said: str, mechanism: Mechanism
) -> None:
    row = only(tmp_path, body=body, mechanism=said, position="", cycle="", kind="Concern")
    assert (row.mechanism, row.body, row.kind) == (mechanism, body or "UPR", Kind.CONCERN)
    assert row.cycle == (4 if mechanism is Mechanism.UPR else None)


def test_a_position_without_its_wording_is_its_own_wording(tmp_path: Path) -> None:
    row = only(tmp_path, position="Accepted", position_printed="")
    assert (row.answer, row.printed) == (Answer.SUPPORTED, "Accepted")


def test_an_unknown_recommending_state_stays_as_printed(tmp_path: Path) -> None:
    row = only(tmp_path, recommending_states="Ruritania;Chad;")
    assert [(state.printed, state.code) for state in row.recommenders] == [
        ("Ruritania", None),
        ("Chad", "TCD"),
    ]
    assert row.doubts == ("state-not-recognised",)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"addressee": ""}, "addressee-missing"),
        ({"addressee": "Ruritania"}, "addressee-unknown"),
        ({"text": ""}, "text-missing"),
        ({"text": "a" * 20_001}, "cell-too-long"),
        ({"paragraph": "1" * 201}, "cell-too-long"),
        ({"paragraph": ""}, "key-missing"),
        ({"kind": "wish"}, "kind-unknown"),
        ({"mechanism": "club"}, "mechanism-unknown"),
        ({"mechanism": "regional-body", "body": "", "position": ""}, "body-missing"),
        ({"position": "supported", "kind": "pledge"}, "position-outside-upr"),
        ({"mechanism": "", "body": "Children Committee", "position": ""}, "mechanism-missing"),
        ({"mechanism": "upr", "body": "CEDAW"}, "mechanism-differs"),
        ({"paragraph": "50.5–50.8"}, "paragraphs-several"),
        ({"paragraph": "50.8-50.5"}, "paragraphs-several"),
        ({"text": "#REF!"}, "cell-in-error"),
        ({"body": "CAT", "mechanism": ""}, "position-outside-upr"),
        ({"cycle": "fourth"}, "cycle-unreadable"),
        ({"published": "8.4.2025"}, "date-unreadable"),
        ({"published": "2025-02-30"}, "date-unreadable"),
        ({"language": "english please"}, "language-unreadable"),
        ({"themes": "x" * 201}, "term-too-long"),
    ],
)
def test_a_row_that_can_not_be_read_says_why_and_stops_nothing(
    tmp_path: Path, said: dict[str, str], reason: str
) -> None:
    bad, good = read(tmp_path, content(ROW | said, ROW))
    assert isinstance(bad, UnreadableRow)
    assert (bad.row, bad.reason) == (2, reason)
    assert bad.message.startswith(REASONS[reason])
    assert isinstance(good, SourceRow)


def test_an_answer_that_is_worded_unclearly_is_pending_and_doubtful(tmp_path: Path) -> None:
    (row,) = read(tmp_path, content(ROW | {"position": "perhaps", "position_printed": ""}))
    assert isinstance(row, SourceRow)
    assert (row.answer, row.printed, row.doubts) == (None, "perhaps", ("position-unknown",))


def test_a_row_with_another_number_of_fields_is_unreadable(tmp_path: Path) -> None:
    reads = read(tmp_path, "text,key\nRatify,1,\nRatify, it,2\nRatify\n", state="SVN")
    assert [getattr(r, "reason", None) for r in reads] == [None, "columns-differ", "columns-differ"]


def test_the_same_paragraph_twice_is_repeated_or_needs_a_person(tmp_path: Path) -> None:
    reads = read(
        tmp_path,
        content(
            ROW,
            ROW,
            ROW | {"symbol": "a/hrc/59/15 ", "text": "Ratify two"},
            ROW | {"addressee": "Chad"},
            ROW | {"paragraph": "140.1"},
        ),
    )
    assert [type(r) for r in reads] == [
        *(SourceRow, RepeatedRow, UnreadableRow),
        *(SourceRow, SourceRow),
    ]
    assert reads[1] == RepeatedRow(3, 2)
    assert isinstance(reads[2], UnreadableRow)
    assert (reads[2].row, reads[2].reason) == (4, "repeated-differently")


def test_empty_rows_are_skipped_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    reads = read(tmp_path, "text,key\n\n,\nRatify,1\n \nRatify,2\n", state="SVN")
    assert [r.rows for r in reads if isinstance(r, SourceRow)] == [(4,), (6,)]


@pytest.mark.parametrize(
    ("told", "code", "names"),
    [
        (b"", "no-heading-row", ""),
        (b"text,key,colour\n", "heading-unknown", "“colour”; known: addressee, mechanism"),
        (b"text,key,\n,,\n", "columns-missing", "addressee"),
        (b"addressee,key\n", "columns-missing", "text"),
        (b"addressee,text,symbol\n", "columns-missing", "symbol and paragraph (or key)"),
        (b"addressee,text,key,Text\n", "heading-repeated", "text"),
        (b"text,key\n\xff", "not-utf-8", ""),
        (b"text\0", "not-text", ""),
        (b"text,key\na" + b"," * 256, "columns-too-many", "row 2"),
        (b"text,key\n" + b"," * 60_000, "columns-too-many", "line 2"),
    ],
)
def test_a_heading_row_that_does_not_fit_is_refused_by_name(
    tmp_path: Path, told: bytes, code: str, names: str
) -> None:
    refused = refusal(tmp_path, told)
    assert refused.code == code
    assert names in str(refused)


HEADINGS = {
    "action-plan": (
        "Mesures,Institution responsable,Échéance,Indicateurs",
        "Recomendación;Actividades;Plazo;Presupuesto",
        "Мероприятие,Ответственный исполнитель,Срок",
        "活动,负责机构,期限,预算",
        "الأنشطة,الجهة المسؤولة,المؤشرات",
        "Ref,Action point,Lead agency,Timeline,Cost (USD)",
    ),
    "assessment-table": (
        "symbol,paragraph,Rating",
        "No.,Recommendation,Level of implementation,Evidence",
        "Recomendación,Grado de cumplimiento",
        "addressee,symbol,paragraph,text,score",
    ),
    "answers-only": (
        "symbol,paragraph,position",
        "No.,Response of the Government,Comments",
        "Numéro,Réponse",
        "Párrafo;Posición",
        "编号,立场",
    ),
    "own-list": (
        ",".join(column.name for column in sheets.COLUMNS),
        "version,id,symbol,paragraph,assessments",
    ),
    "heading-unknown": (
        "text,key,colour",
        "addressee,symbol,paragraph,text,position,deadline",
        "No.,Recommendation",
    ),
}
"""What a table is → headings that show it."""


@pytest.mark.parametrize(
    ("heading", "code"), [(line, code) for code, lines in HEADINGS.items() for line in lines]
)
def test_a_table_of_another_kind_is_refused_by_its_name(
    tmp_path: Path, heading: str, code: str
) -> None:
    assert refusal(tmp_path, heading.encode()).code == code


def test_refusals_name_formats_that_exist() -> None:
    named = re.findall(r"the format ([\w-]+)", " ".join(REFUSALS.values()))
    assert set(named) >= {"answers", "ohchr-matrix", "wg-report"}
    assert set(named) <= set(Format)


@pytest.mark.parametrize(
    ("mechanism", "body", "reason"),
    [
        ("National body", "Ombudsman", "national-body"),
        ("national-body", "", "national-body"),
        ("NHRI", "Human Rights Commission", "national-body"),
        ("parliament", "Committee on Justice", "national-body"),
        ("Audit office", "Court", "national-body"),
        ("", "Defensoría del Pueblo", "national-body"),
        ("", "Défenseur des droits", "national-body"),
        ("", "European Ombudsman", "mechanism-missing"),
        ("", "Some committee", "mechanism-missing"),
        ("national", "CEDAW", "mechanism-unknown"),
    ],
)
def test_national_bodies_are_told_from_what_is_not_known(
    tmp_path: Path, mechanism: str, body: str, reason: str
) -> None:
    said = {"mechanism": mechanism, "body": body, "position": "", "position_printed": ""}
    (row,) = read(tmp_path, content(ROW | said))
    assert isinstance(row, UnreadableRow)
    assert row.reason == reason


def test_progress_ends_where_the_rows_end(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content(ROW, ROW), "utf-8")
    reader = Table(path)
    assert reader.done() == (0, 0)
    assert len(list(reader.read())) == reader.done()[0] == reader.done()[1] == 2


def test_a_state_for_the_whole_file_must_be_known(tmp_path: Path) -> None:
    assert refusal(tmp_path, content(ROW), state="Ruritania").code == "state-unknown"


def workbook(path: Path, cells: dict[tuple[int, int], object]) -> Path:
    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    for (row, column), cell in cells.items():
        sheet.write(row, column, cell)
    book.close()
    return path


def test_a_spreadsheet_is_read_as_a_person_sees_it(tmp_path: Path) -> None:
    said = ROW | {"cycle": 4, "published": datetime.date(2025, 4, 8), "session": 48}
    cells = {(0, place): name for place, name in enumerate(said)}
    cells |= {(2, place): value for place, value in enumerate(said.values())}
    (row,) = Table(workbook(tmp_path / "a.xlsx", cells)).read()
    assert isinstance(row, SourceRow)
    assert row.rows == (3,)
    (expected,) = read(tmp_path, content(ROW))
    assert isinstance(expected, SourceRow)
    assert (row.published, row.cycle, row.session) == ("2025-04-08", 4, "48")
    assert (row.terms, row.key) == (expected.terms, expected.key)


def test_cells_far_apart_are_refused_before_they_take_all_memory(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {(0, 0): "text", (1_048_575, 16_383): "x"})
    assert path.stat().st_size < 10_000
    assert refusal(tmp_path, path.read_bytes()).code == "unpacked-too-large"
    wide = workbook(tmp_path / "b.xlsx", {(0, 0): "text", (0, 300): "x"})
    assert refusal(tmp_path, wide.read_bytes()).code == "unpacked-too-large"


def test_one_long_text_that_many_cells_name_counts_as_often(tmp_path: Path) -> None:
    cells: dict[tuple[int, int], object] = {(n + 1, 0): "x" * 30_000 for n in range(7_000)}
    path = workbook(tmp_path / "a.xlsx", {(0, 0): "text", **cells})
    assert path.stat().st_size < 100_000
    assert refusal(tmp_path, path.read_bytes()).code == "unpacked-too-large"


def test_a_spreadsheet_that_grows_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx", {(0, 0): "text"})
    monkeypatch.setattr("workflows.sources.table.unpacked_bytes_max", 1_000)
    assert refusal(tmp_path, path.read_bytes()).code == "unpacked-too-large"


@given(st.data())
def test_a_damaged_spreadsheet_is_refused_or_read_and_never_breaks(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = workbook(folder / "whole.xlsx", {(0, 0): "text", (0, 1): "key", (1, 0): "a", (1, 1): 1})
    parts = {}
    with zipfile.ZipFile(path) as package:
        parts = {name: bytearray(package.read(name)) for name in package.namelist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    for place, byte in data.draw(st.dictionaries(st.integers(0, 500), st.integers(0, 255))).items():
        parts[name][place % len(parts[name])] = byte
    with zipfile.ZipFile(path, "w") as package:
        for part, content_of in parts.items():
            package.writestr(part, bytes(content_of))
    assert codes_of(folder, path.read_bytes()) <= {*REFUSALS, *REASONS}


def codes_of(folder: Path, told: bytes) -> set[str]:
    """The codes of all that can't be read."""
    try:
        reads = read(folder, told, state="SVN")
    except NotThisFormat as refused:
        return {refused.code}
    return {r.reason for r in reads if isinstance(r, UnreadableRow)}


@given(st.binary(max_size=300), st.booleans())
@example(b'"', True)
@example(b"PK\x03\x04", False)
def test_no_bytes_raise_anything_but_not_this_format(
    tmp_path_factory: pytest.TempPathFactory, told: bytes, with_heading: bool
) -> None:
    told = (content().encode() if with_heading else b"") + told
    assert codes_of(tmp_path_factory.getbasetemp(), told) <= {*REFUSALS, *REASONS}


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters=";\0"), min_size=1, max_size=30
).map(lambda text: re.sub("[\x00-\x1f\x7f\ufeff]", " ", text).strip() or "x")


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "text": WORDS,
                "affected_persons": st.lists(WORDS, max_size=3, unique_by=str.casefold).map(
                    ";".join
                ),
                "position": st.sampled_from(["supported", "noted", ""]),
                "addressee": st.sampled_from(["SVN", "Chad"]),
            }
        ),
        max_size=8,
    )
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, told: list[dict[str, str]]
) -> None:
    rows = [{**said, "key": str(place)} for place, said in enumerate(told)]
    columns = ("position", "key", "addressee", "text", "affected_persons")
    reads = read(tmp_path_factory.getbasetemp(), content(*rows, columns=columns))
    again = [
        {
            "text": r.text,
            "affected_persons": ";".join(term.label for term in r.terms),
            "position": r.answer or "",
            "addressee": r.addressee_printed,
            "key": r.key,
        }
        for r in reads
        if isinstance(r, SourceRow)
    ]
    assert again == rows
