"""UPR Info's export: pairs are rows, recommendations are groups of them, and no row is lost."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
import xlsxwriter
import xlwt
from hypothesis import example, given
from hypothesis import strategies as st

from domain.words import Answer
from workflows.sources import NotThisFormat, Read, RepeatedRow, SourceRow, UnreadableRow
from workflows.sources import upr_info as module
from workflows.sources.upr_info import ACTIONS, REASONS, REFUSALS, UprInfo, decoded

HEADING = "To,To-Rgrp,To-Org,Text,From,From-Rgrp,From-Org,Response,Action,Issue,Session".split(",")


def line(**said: str) -> list[str]:
    row = {
        "To": "Slovenia",
        "Text": "Ratify a treaty",
        "From": "Norway",
        "Response": "Accepted",
        "Action": "5",
        "Issue": "International instruments",
        "Session": "7",
    } | {name.capitalize(): value for name, value in said.items()}
    return [row.get(name, "") for name in HEADING]


def text_of(*lines: list[str], end: str = "\r", heading: list[str] = HEADING) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=end).writerows([heading, *lines])
    return file.getvalue()


def read(tmp_path: Path, content: str | bytes) -> list[Read]:
    path = tmp_path / "export.csv"
    path.write_bytes(content.encode("mac_roman") if isinstance(content, str) else content)
    return list(UprInfo(path).read())


def only(tmp_path: Path, *lines: list[str]) -> SourceRow:
    (row,) = read(tmp_path, text_of(*lines))
    assert isinstance(row, SourceRow)
    return row


def accounted(reads: list[Read]) -> int:
    return sum(len(r.rows) if isinstance(r, SourceRow) else 1 for r in reads)


# The real files


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows", "repeats"),
    [("sessions-01-05", 6_094, []), ("sessions-06-09", 8_343, [RepeatedRow(5765, 5764)])],
)
def test_every_row_of_the_real_files_is_accounted_for(
    test_data: Path, name: str, rows: int, repeats: list[RepeatedRow]
) -> None:
    reads = list(UprInfo(test_data / "upr-info" / f"{name}.csv").read())
    assert accounted(reads) == rows
    assert [r for r in reads if isinstance(r, RepeatedRow)] == repeats
    assert not [r for r in reads if isinstance(r, UnreadableRow)]
    found = [number for r in reads if isinstance(r, SourceRow) for number in r.rows]
    assert len(set(found)) == len(found) == rows - len(repeats)


@pytest.mark.slow
def test_the_real_files_hold_13_822_recommendations_and_nothing_doubtful(test_data: Path) -> None:
    files = sorted((test_data / "upr-info").glob("*.csv"))
    rows = [r for f in files for r in UprInfo(f).read() if isinstance(r, SourceRow)]
    assert len(rows) == len({r.key for r in rows}) == 13_822
    assert Counter(doubt for r in rows for doubt in r.doubts) == {}
    assert all(r.addressee and r.answer and r.is_content_key for r in rows)
    assert all(state.code for r in rows for state in r.recommenders)
    assert {r.session: r.cycle for r in rows} == {str(n): 1 for n in range(1, 10)}
    slovenia = [r for r in rows if (r.addressee, r.session) == ("SVN", "7")]
    assert sum(len(r.rows) for r in slovenia) == 106
    assert sum("Guaraní" in r.text or "Autorité" in r.text for r in rows) == 2


# Rows and recommendations


def test_rows_that_differ_in_the_state_alone_are_one_recommendation(tmp_path: Path) -> None:
    row = only(
        tmp_path,
        line(action="4", issue="Justice"),
        line(**{"from": "Chad", "text": " Ratify a treaty  "}, issue="Justice, Detention"),
    )
    assert row.rows == (2, 3)
    assert [(state.printed, state.code) for state in row.recommenders] == [
        ("Norway", "NOR"),
        ("Chad", "TCD"),
    ]
    assert [(t.vocabulary, t.code, t.label) for t in row.terms] == [
        ("action", "4", ACTIONS["4"]),
        ("issue", None, "Justice"),
        ("action", "5", ACTIONS["5"]),
        ("issue", None, "Detention"),
    ]
    assert {t.version for t in row.terms} == {"upr-info-1"}


def test_another_response_session_or_addressee_is_another_recommendation(tmp_path: Path) -> None:
    reads = read(
        tmp_path,
        text_of(
            line(), line(response="Noted"), line(session="20"), line(to="Kenya"), line(text="R")
        ),
    )
    assert [r.rows for r in reads if isinstance(r, SourceRow)] == [(2,), (3,), (4,), (5,), (6,)]
    assert len({r.key for r in reads if isinstance(r, SourceRow)}) == 5


def test_a_row_repeated_word_for_word_is_counted_apart(tmp_path: Path) -> None:
    reads = read(tmp_path, text_of(line(), line(**{"from": "Chad"}), line()))
    assert [type(r) for r in reads] == [SourceRow, RepeatedRow]
    assert reads[1] == RepeatedRow(4, 2)


def test_the_key_is_the_content_whatever_the_order_of_rows_and_the_spelling_of_the_state(
    tmp_path: Path,
) -> None:
    bolivia = line(to="Bolivia (Plurinational State of)")
    first = only(tmp_path, bolivia, line(**{"from": "Chad", "to": "Bolivia"}))
    second = only(tmp_path, line(to="Bolivia"))
    assert first.key == second.key
    assert len(first.key) == 32
    assert first.addressee == "BOL"
    assert only(tmp_path, line(to="Bolivia", text="Ratify another treaty")).key != first.key


@pytest.mark.parametrize(
    ("response", "answer", "doubts"),
    [
        ("Accepted", Answer.SUPPORTED, ()),
        ("Supported", Answer.SUPPORTED, ()),
        ("noted ", Answer.NOTED, ()),
        ("Rejected", Answer.NOTED, ()),
        ("Pending", None, ()),
        ("No Response", None, ()),
        ("", None, ()),
        ("General Response", None, ("response-unclear",)),
        ("Accepted in part", Answer.SUPPORTED, ()),
    ],
)
def test_a_response_is_read_where_it_is_a_position_and_always_kept_as_printed(
    tmp_path: Path, response: str, answer: Answer | None, doubts: tuple[str, ...]
) -> None:
    row = only(tmp_path, line(response=response))
    assert (row.answer, row.printed, row.doubts) == (answer, response.strip() or None, doubts)


def test_what_can_not_be_right_is_doubted_and_kept(tmp_path: Path) -> None:
    row = only(tmp_path, line(**{"from": "Ruritania"}, action="9", session="x", issue="y" * 201))
    assert set(row.doubts) == {
        "state-not-recognised",
        "action-unknown",
        "session-not-recognised",
        "issue-too-long",
    }
    assert (row.recommenders[0].printed, row.recommenders[0].code) == ("Ruritania", None)
    assert (row.session, row.cycle, row.terms) == ("x", None, ())
    assert only(tmp_path, line(**{"from": ""})).doubts == ("states-missing",)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (line(to=""), "addressee-missing"),
        (line(to="Ruritania"), "addressee-unknown"),
        (line(text=" "), "text-missing"),
        (line(text="a" * 20_001), "cell-too-long"),
        (line()[:-1], "columns-differ"),
        ([*line(), "one more"], "columns-differ"),
    ],
)
def test_a_row_that_can_not_be_read_says_why_and_stops_nothing(
    tmp_path: Path, cells: list[str], reason: str
) -> None:
    bad, good = read(tmp_path, text_of(cells, line()))
    assert isinstance(bad, UnreadableRow)
    assert (bad.row, bad.reason, bad.message) == (2, reason, REASONS[reason])
    assert 0 < len(bad.printed) <= 500
    assert isinstance(good, SourceRow)
    assert good.rows == (3,)


def test_empty_rows_and_empty_cells_at_the_end_are_no_data(tmp_path: Path) -> None:
    lines = [*line(), "", ""], [""] * 11, line(**{"from": "Chad"})
    content = text_of(*lines, heading=[*HEADING, ""])
    assert [r.rows for r in read(tmp_path, content) if isinstance(r, SourceRow)] == [(2, 4)]


# Files


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "mac_roman", "cp1252", "utf-16"])
def test_line_ends_and_encodings_make_no_difference(
    tmp_path: Path, encoding: str, end: str
) -> None:
    text = (
        "Protect the Guaraní’s, women’s and girls’ rights – vis-à-vis “São Tomé” and Hissène Habré"
    )
    reads = read(tmp_path, text_of(line(text=text, issue="A\n,B"), end=end).encode(encoding))
    assert [r.text for r in reads if isinstance(r, SourceRow)] == [text]


@pytest.mark.parametrize("word", "women’s Guaraní Guaranís vis-à-vis Autorité “rights”".split())
@pytest.mark.parametrize(("encoding", "end"), [("mac_roman", "\r"), ("cp1252", "\r\n")])
def test_one_word_and_the_line_ends_tell_mac_roman_from_windows(
    word: str, encoding: str, end: str
) -> None:
    text = f"To protect {word} now{end}"
    assert decoded(text.encode(encoding)) == text


def test_a_byte_that_windows_does_not_know_makes_it_mac_roman() -> None:
    assert decoded("Hissène\r\n".encode("mac_roman")) == "Hissène\r\n"


def test_spreadsheets_are_read_like_csv(tmp_path: Path) -> None:
    lines = [HEADING, line(), line(**{"from": "Chad"}), line(response="Noted")]
    new, old = tmp_path / "a.xlsx", tmp_path / "a.xls"
    book = xlsxwriter.Workbook(new)
    sheet = book.add_worksheet()
    old_book = xlwt.Workbook()
    old_sheet = old_book.add_sheet("Export")
    for place, cells in enumerate(lines):
        for column, cell in enumerate(cells):
            value = int(cell) if cell.isdigit() else cell
            sheet.write(place, column, value)
            old_sheet.write(place, column, value)
    book.close()
    old_book.save(str(old))
    expected = read(tmp_path, text_of(*lines[1:]))
    assert list(UprInfo(new).read()) == list(UprInfo(old).read()) == expected
    assert len(expected) == 2


def test_semicolons_divide_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";").writerows([HEADING, line(text="One; two, three")])
    path.write_text(file.getvalue(), encoding="utf-8")
    (row,) = UprInfo(path).read()
    assert isinstance(row, SourceRow)
    assert row.text == "One; two, three"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "columns-missing"),
        (b"a,b\r1,2\r", "columns-missing"),
        (text_of(line(), heading=[*HEADING[:-2], "To", "Session"]).encode(), "heading-repeated"),
        (b"To,Text\0", "not-text"),
        (b"PK\x03\x04 no archive", "damaged"),
        (b"\xd0\xcf\x11\xe0 no workbook", "damaged"),
        (text_of(line()).encode() + b'"' + b"a" * 140_000, "quotation-not-closed"),
    ],
)
def test_another_file_is_refused_with_what_to_do(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(NotThisFormat) as refused:
        read(tmp_path, content)
    assert refused.value.code == code
    assert str(refused.value).startswith(REFUSALS[code])


def test_a_file_may_not_be_larger_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.sources.table.rows_max", 1)
    assert len(read(tmp_path, text_of(line()))) == 1
    with pytest.raises(NotThisFormat) as refused:
        read(tmp_path, text_of(line(), line(to="Chad")))
    assert refused.value.code == "rows-too-many"
    monkeypatch.setattr("workflows.sources.table.file_bytes_max", 10)
    with pytest.raises(NotThisFormat) as refused:
        read(tmp_path, text_of(line()))
    assert refused.value.code == "file-too-large"


def test_progress_ends_where_the_rows_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text_of(line(), line(to="Chad")), newline="")
    reader = UprInfo(path)
    assert reader.done() == (0, 0)
    assert len(list(reader.read())) == 2
    assert reader.done() == (2, 2)
    assert (reader.format, reader.version) == (module.UprInfo.format, 2)


# Any file


@given(st.binary(max_size=400), st.booleans())
@example(b"\xff\xfe\x00", False)
def test_no_bytes_raise_anything_but_not_this_format(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, with_heading: bool
) -> None:
    content = (text_of().encode() if with_heading else b"") + content
    codes = set()
    try:
        for r in read(tmp_path_factory.getbasetemp(), content):
            codes |= {r.reason} if isinstance(r, UnreadableRow) else set()
    except NotThisFormat as refused:
        codes.add(refused.code)
    assert codes <= {*REFUSALS, *REASONS}


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
STATES = st.sampled_from(["Slovenia", "Chad", "Norway", "Ruritania", ""])


@given(st.lists(st.tuples(STATES, CELLS, STATES, st.sampled_from(["Accepted", "Noted"]), CELLS)))
def test_every_row_is_in_one_recommendation_or_unreadable_or_repeated(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, str, str, str, str]]
) -> None:
    lines = [
        line(
            to=to,
            text=text.replace("\0", ""),
            **{"from": state},
            response=response,
            issue=issue.replace("\0", ""),
        )
        for to, text, state, response, issue in told
    ]
    reads = read(tmp_path_factory.getbasetemp(), text_of(*lines, end="\r\n").encode())
    rows = [number for r in reads if isinstance(r, SourceRow) for number in r.rows]
    others = [r.row for r in reads if not isinstance(r, SourceRow)]
    assert sorted(rows + others) == list(range(2, len(lines) + 2))
