"""Files that people have and could not bring: each case with the values that come of it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from api.context import Context
from api.exports import Asked, Export, write
from domain import vocabulary
from domain.entry import Source, Stamp, effective
from domain.recommendation import implementation
from domain.recommendation.position import PositionTaken
from domain.refusals import InvalidInput, UnknownGrade
from domain.schemes import Common
from domain.words import Answer, AssessorKind
from projections.recommendations import Where
from tests.length import times
from tests.test_importing import Office
from workflows.desk import Command
from workflows.exporting.word_file import empty_document
from workflows.importing import Format, Receipt
from workflows.importing.facts import spread
from workflows.list_cells import divide, join
from workflows.sources import NotThisFormat, SourceRow, UnreadableRow
from workflows.sources.answers import AnswerRow, Answers
from workflows.sources.uhri import Uhri
from workflows.vocabularies import entries_for

CASES = Path(__file__).with_name("cases")


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    yield opened
    opened.service.close()


def exported(
    office: Office, format: Export = Export.CSV, *, language: str = "en", **where: object
) -> bytes:
    office.service.feed.advance()
    context = Context(office.service, office.clerk)
    out = Path(office.service.settings.database_url.removeprefix("sqlite:///")).with_suffix(".out")
    try:
        asked = Asked(where=Where(**where), language=language)  # type: ignore[arg-type]
        write(asked.reading(context, None), format, asked, out)
    finally:
        context.close()
    return out.read_bytes()


def listed(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# --- Lists in cells ------------------------------------------------------------------------------

VALUES = st.lists(st.text(st.sampled_from("ab;\" \n'=,"), min_size=1, max_size=8), max_size=5)


@any_of(VALUES)
def test_values_that_share_a_cell_come_back_as_they_were(values: list[str]) -> None:
    values = list(dict.fromkeys(values))
    assert divide(join(values)) == values


def test_a_theme_with_semicolons_is_one_theme_on_the_way_in_and_out(office: Office) -> None:
    office.bring(CASES / "t11-theme-with-semicolon.csv", format=Format.TABLE, state="XAA")
    label = "Children: definition; general principles; protection"
    (row,) = listed(exported(office))
    assert row["themes"] == f'"{label}"'
    assert divide(row["themes"]) == [label]


# --- Issues and actions of UPR Info --------------------------------------------------------------

UPR_INFO = b"""To,To-Rgrp,To-Org,Text,From,From-Rgrp,From-Org,Response,Action,Issue,Session
Albania,EEG,OIC,Train teachers,Norway,WEOG,,Accepted,4,"Right to education,Minorities",19
Albania,EEG,OIC,Build schools,Chad,Africa,,Noted,5,Right to education,19
"""


def test_issues_and_actions_of_upr_info_are_in_every_export_and_filter(office: Office) -> None:
    office.bring(UPR_INFO, format=Format.UPR_INFO, state="ALB")
    rows = listed(exported(office, action=["4"]))
    assert [(r["issues"], r["actions"]) for r in rows] == [
        ("Right to education; Minorities", "4 general action")
    ]
    assert len(listed(exported(office, issue=["right to education"]))) == 2
    assert len(listed(exported(office, issue=["minorities"], action=["5"]))) == 0
    for format in (Export.OCEL, Export.XES):
        told = exported(office, format).decode()
        assert "Right to education; Minorities" in told
        assert "5 specific action" in told


# --- Grades --------------------------------------------------------------------------------------


def test_both_grades_that_a_committee_gave_on_one_day_are_in_the_list(office: Office) -> None:
    office.bring(CASES / "g01-limbs.csv", format=Format.TABLE, state="XAA")
    r = office.find("29", "CCPR/C/XAA/CO/5", "XAA")
    for grade in ("B", "C"):
        office.take(
            r.id,
            "assess",
            lambda r, stamp, grade=grade: implementation.assess(
                r, _cited(stamp), AssessorKind.TREATY_BODY, "CCPR", "hrc-follow-up", "2017", grade
            ),
        )
    (row,) = listed(exported(office))
    assert row["assessments"] == "CCPR: hrc-follow-up 2017 B; CCPR: hrc-follow-up 2017 C"


def _cited(stamp: Stamp) -> Stamp:
    source = Source(document="CCPR/C/130/2")
    return msgspec.structs.replace(stamp, source=source, effective=effective("2026-03-04"))


def test_a_published_scheme_grades_like_one_that_ships(office: Office) -> None:
    office.bring(CASES / "g01-limbs.csv", format=Format.TABLE, state="XAA")
    r = office.find("29", "CCPR/C/XAA/CO/5", "XAA")

    def grade(grade: str) -> None:
        schemes = office.service.desk.procedures.schemes()
        office.take(
            r.id,
            "assess",
            lambda r, stamp: implementation.assess(
                r,
                *(_cited(stamp), AssessorKind.NHRI, "Ombudsman", "lights", "1", grade),
                schemes=schemes,
            ),
        )

    with pytest.raises(UnknownGrade, match="published"):
        grade("amber")
    content = vocabulary.decode(LIGHTS)
    known = vocabulary.shipped()["assessment-scheme"]
    stamp = Stamp(command="publish", speaker=office.clerk.speaker())
    command = Command.of("publish", office.clerk, "lights")
    office.service.desk.append(command, entries_for(known, stamp, content))
    grade("amber")
    held = office.find("29", "CCPR/C/XAA/CO/5", "XAA").current_assessments()
    assert [(a.grade, a.common) for a in held] == [("amber", Common.PARTLY_IMPLEMENTED)]


LIGHTS = b"""{"name": "assessment-scheme", "version": "lights-1", "title": {"en": "Traffic lights"},
"source": "Ombudsman", "terms": [{"code": "green"}, {"code": "amber"}, {"code": "none"}],
"mappings": [{"from_version": "lights-1", "from_code": "amber", "to_version": "common-1",
"to_code": "partly-implemented", "relation": "exact"}]}"""


# --- UHRI's spreadsheet --------------------------------------------------------------------------


def test_uhris_spreadsheet_gives_the_records_of_its_json(tmp_path: Path) -> None:
    (row,) = Uhri(CASES / "u07-export.xlsx").read()
    record = {
        "AnnotationId": "b4288060-0000-4000-8000-000000000001",
        "AnnotationType": "- Recommendations",
        "Symbol": "A/HRC/44/90",
        "Body": "- UPR",
        "Countries": ["- Kenya"],
        "Text": "50.1 Build schools (Norway);",
        "Themes": ["- Right to education", "- Right to health"],
        "AffectedPersons": ["- Children"],
        "Sdgs": ["- 4 - QUALITY EDUCATION", "- 4.1 - Free schools"],
        "PublicationDate": "2026-02-25T00:00:00",
        "UprSession": ["35"],
        "UprPositions": ["- Supported"],
        "UprRecommendingCountry": ["- Norway"],
    }
    told = tmp_path / "export.json"
    told.write_bytes(msgspec.json.encode([record]))
    (same,) = Uhri(told).read()
    assert isinstance(row, SourceRow)
    assert isinstance(same, SourceRow)
    assert row == msgspec.structs.replace(same, rows=(2,))
    assert (row.addressee, row.cycle, row.published) == ("KEN", 3, "2026-02-25")


@pytest.mark.parametrize(
    ("file", "code"),
    [("t13-matrix-in-excel.xlsx", "columns-missing"), ("report.docx", "word-document")],
)
def test_a_file_that_is_no_export_of_uhri_is_refused(tmp_path: Path, file: str, code: str) -> None:
    place = CASES / file
    if not place.exists():
        place = tmp_path / file
        empty_document().save(str(place))
    with pytest.raises(NotThisFormat) as refused:
        list(Uhri(place).read())
    assert refused.value.code == code


# --- Answers by number ---------------------------------------------------------------------------

REPORT = "A/HRC/90/12"
ADDENDUM = f"{REPORT}/Add.1"
NUMBERS = ("50.1", "50.2", "50.9", "50.10", "50.11", "50.a", "50.b")


def reported(office: Office, *numbers: str) -> None:
    """A report that the record has, without any answer."""
    rows = [f"XAA,{REPORT},{n},Ratify convention {n},Norway,34" for n in numbers]
    told = "\n".join(["addressee,symbol,paragraph,text,recommending_states,session", *rows])
    receipt = office.bring(told.encode(), format=Format.TABLE, state="XAA")
    assert receipt.new == len(numbers)


def answer(office: Office, file: bytes | Path, on: str = "2020-02-19", **more: Any) -> Receipt:
    said = {"state": "XAA", "document": REPORT, "document_dates": {ADDENDUM: on}, **more}
    receipt = office.bring(file, format=Format.ANSWERS, **said)
    held = (receipt.changed, receipt.same, receipt.undecided, receipt.repeated)
    rest = (receipt.unreadable, receipt.not_read, receipt.other_states)
    assert receipt.rows == sum(held) + sum(rest)
    return receipt


def positions(office: Office) -> dict[str, str]:
    return {r["paragraph"]: r["position"] for r in listed(exported(office))}


def word(*blocks: str | list[list[str]], headings: tuple[str, ...] = ()) -> bytes:
    document = empty_document()
    for block in blocks:
        if isinstance(block, str):
            document.add_paragraph(block, style="Heading 1" if block in headings else None)
            continue
        table = document.add_table(rows=len(block), cols=len(block[0]))
        for row, cells in zip(table.rows, block, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def test_positions_alone_answer_the_numbers_of_a_report(office: Office) -> None:
    office.bring(CASES / "f2a-report.csv", format=Format.TABLE, state="XAA")
    receipt = answer(office, CASES / "f2c-positions-only.csv")
    assert (receipt.rows, receipt.changed) == (2, 2)
    assert positions(office) == {"50.1": "supported", "50.2": "noted"}
    taken = [e for e in office.events(0) if isinstance(e, PositionTaken)]
    assert {(e.instrument, e.stamp.effective.on) for e in taken} == {(ADDENDUM, "2020-02-19")}
    size = office.service.log.size
    assert answer(office, CASES / "f2c-positions-only.csv").same == 2
    assert office.service.log.size == size, "a second run changes nothing"


def test_an_addendum_answers_by_sentences_groups_and_tables(office: Office) -> None:
    reported(office, *NUMBERS)
    file = word(
        "1. The Government welcomes the dialogue of paragraph 2.5.",
        "2. The Government supports recommendations 50.9\u201350.10.",
        "Noted recommendations",
        "50.11 The Constitution does not allow it.",
        "A referendum would be needed.",
        [["No.", "Position", "Comments"], ["50.a to 50.b", "Partially accepted", "One part"]],
        "3. The Government notes recommendation 50.77.",
        headings=("Noted recommendations",),
    )
    receipt = answer(office, file)
    assert (receipt.rows, receipt.changed, receipt.unreadable) == (7, 5, 2)
    assert positions(office) == {
        **dict.fromkeys(("50.1", "50.2"), "pending"),
        **dict.fromkeys(("50.9", "50.10", "50.a", "50.b"), "supported"),
        "50.11": "noted",
    }
    comments = [
        e.comment.text for e in office.events(0) if isinstance(e, PositionTaken) and e.comment
    ]
    assert len(comments) == 3


def test_a_later_document_revises_an_answer_and_an_earlier_one_is_a_conflict(
    office: Office,
) -> None:
    reported(office, "50.1", "50.2")
    answer(office, b"Accepted\n50.1, 50.2\n")
    earlier = answer(office, b"Noted\n50.1\n", document_dates={f"{REPORT}/Add.9": "2019-01-01"})
    assert (earlier.undecided, earlier.conflicts[0].reason) == (1, "answered-otherwise")
    later = answer(office, b"Noted\n50.1\n", document_dates={"A/HRC/95/1": "2022-01-01"})
    assert later.changed == 1
    assert positions(office) == {"50.1": "noted", "50.2": "supported"}
    same = answer(office, b"Noted\n50.2\n")
    assert (same.undecided, same.changed) == (1, 0), "one document answers once"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Government supports recommendations 50.1-3 and 50.5.", "50.1-50.3+ 50.5+"),
        ("Slovenia accepts 50.1, 2 and notes 50.13.", "50.1+ 50.2+ 50.13-"),
        ("Recommendations 50.1 to 50.5 enjoy the support of X; 50.6 is noted.", "50.1-50.5+ 50.6-"),
        ("The following are supported: 50.1; the following are noted: 50.3.", "50.1+ 50.3-"),
        ("Recommendations 50.3 and 50.4 cannot be accepted.", "50.3- 50.4-"),
        ("The State does not support recommendation 50.1.", "50.1-"),
        ("The State partially supports 50.1.", "50.1~"),
        ("Accepted\n50.1 Continue to support women (Chad)", "50.1+"),
        ("Noted\n50.1 Accept the procedure (Chad)", "50.1-"),
        ("50.1 Supported. A law is drafted.\n50.2 Noted: it is too early", "50.1+ 50.2-"),
        ("Les recommandations 50.1 et 50.2 ne recueillent pas l’appui de X.", "50.1- 50.2-"),
        ("Las recomendaciones 50.1 y 50.2 no cuentan con el apoyo de X.", "50.1- 50.2-"),
        ("Although X is not a party to it, X accepts recommendation 50.1.", "50.1+"),
        ("X has no objection to it and supports 50.1.", "50.1+"),
        ("Accepted recommendations: 1, 2, 5-9", "1+ 2+ 5-9+"),
        ("The State accepts recommendations 1 and 2 and rejects recommendation 3.", "1+ 2+ 3-"),
    ],
)
def test_the_answers_that_a_text_words(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "addendum.txt"
    file.write_text(text)
    told = []
    for read in Answers(file).read():
        assert isinstance(read, AnswerRow), read
        sign = {"supported": "~" if read.reading.in_part else "+", "noted": "-", None: "?"}
        answer = read.reading.answer
        end = f"-{read.last}" if read.last else ""
        told.append(f"{read.first}{end}{sign[answer.value if answer else None]}")
    assert " ".join(told) == expected


def test_a_paragraph_longer_than_any_text_needs_a_person(tmp_path: Path) -> None:
    file = tmp_path / "addendum.txt"
    file.write_text("X supports " + "50.1, " * 4_000 + "50.2.\n50.3 Noted.")
    long, answer = Answers(file).read()
    assert isinstance(long, UnreadableRow)
    assert long.reason == "cell-too-long"
    assert isinstance(answer, AnswerRow)


@pytest.mark.parametrize(
    "text",
    [
        *("50.1 and 50.2 are neither accepted nor rejected.", "None of 50.1 to 50.3 is accepted."),
        *("X refuses to accept recommendation 50.4.", "X no longer supports recommendation 50.7."),
        *("X accepts all recommendations but 50.5.", "X accepts 50.1 to 50.9, except 50.5."),
        "X supports all recommendations with the exception of 50.5 and 50.6.",
        "No recommendation below enjoys the support of X:\n50.1 Ratify it (Chad)",
        "The following recommendations are accepted, save for some:\n50.1 Ratify it (Chad)",
        "number,position\n50.1-50.9 except 50.5,supported",
    ],
)
def test_what_is_denied_or_excepted_answers_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "addendum.txt"
    file.write_text(text)
    found = Answers(file).read()
    assert found
    assert all(isinstance(read, UnreadableRow) for read in found), found


@pytest.mark.parametrize(
    ("blocks", "comments"),
    [
        (
            ["50.1 Noted. A law forbids it.", "It will be looked at again."],
            {"50.1": "A law forbids it.\nIt will be looked at again."},
        ),
        (
            ["50.1 Noted. A law forbids it.", "7. The Government thanks all."],
            {"50.1": "A law forbids it."},
        ),
        (
            ["50.1 and 50.2 Noted", "Both are early."],
            {"50.1": "Both are early.", "50.2": "Both are early."},
        ),
        (["50.1 A law forbids it - noted"], {"50.1": "A law forbids it"}),
        (["(a) 50.1 A law forbids it – Noted."], {"50.1": "A law forbids it"}),
        (["50.1 Ratify it (Chad) (noted)"], {"50.1": "Ratify it (Chad)"}),
    ],
)
def test_what_is_said_below_a_number_is_its_comment_until_the_next_paragraph(
    tmp_path: Path, blocks: list[str], comments: dict[str, str]
) -> None:
    file = tmp_path / "addendum.docx"
    file.write_bytes(word(*blocks))
    found = [read for read in Answers(file).read() if isinstance(read, AnswerRow)]
    assert {read.first: read.comment for read in found} == comments
    assert {read.reading.answer for read in found} == {Answer.NOTED}


@pytest.mark.parametrize(
    ("heading", "answer"),
    [
        ("Recommendations that enjoy the support of Arvenia", Answer.SUPPORTED),
        ("Recommendations that are noted", Answer.NOTED),
        ("The recommendations that Arvenia supports, of which some are noted,", Answer.SUPPORTED),
        ("The State accepts the following", Answer.SUPPORTED),
    ],
)
def test_a_heading_in_words_answers_the_numbers_below_it(
    tmp_path: Path, heading: str, answer: Answer
) -> None:
    file = tmp_path / "addendum.docx"
    file.write_bytes(word(heading, "50.1 Ratify it (Chad)"))
    (read,) = Answers(file).read()
    assert isinstance(read, AnswerRow)
    assert (read.reading.answer, read.printed) == (answer, heading)


def test_numbers_of_a_table_may_be_whole_ranges_or_labelled(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("number,position\n7-9,noted\nNo. 12,noted\npara 14.,noted\n\n15,noted\n")
    found = [read for read in Answers(file).read() if isinstance(read, AnswerRow)]
    assert [(read.first, read.last) for read in found] == [
        ("7", "9"),
        ("12", None),
        ("14", None),
        ("15", None),
    ]


def test_the_report_itself_may_answer_and_its_answer_is_taken_as_documented(
    office: Office,
) -> None:
    reported(office, "50.1", "50.2")
    office.bring(
        f"addressee,symbol,paragraph,text,position\n"
        f"XAA,{REPORT},50.1,Ratify convention 50.1,supported\n".encode(),
        format=Format.TABLE,
        state="XAA",
    )
    itself = answer(office, b"Accepted\n50.1, 50.2\n", document_dates={REPORT: "2019-12-01"})
    assert itself.changed == 2, "what had no document has one now"
    assert answer(office, b"Accepted\n50.1, 50.2\n").same == 2, "and needs no other that agrees"
    taken = [e.instrument for e in office.events(0) if isinstance(e, PositionTaken)]
    assert taken == [None, REPORT, REPORT]
    two = {ADDENDUM: "2020-02-19", f"{REPORT}/Add.2": "2021-02-19"}
    with pytest.raises(InvalidInput, match="which one document"):
        answer(office, b"Accepted\n50.1\n", document_dates=two)


def test_an_addendum_is_later_than_its_report_also_where_neither_day_is_known(
    office: Office,
) -> None:
    table = f"addressee,symbol,paragraph,text,position\nXAA,{REPORT},50.1,Ratify it,supported\n"
    office.bring(table.encode(), format=Format.TABLE, state="XAA")
    assert answer(office, b"Noted\n50.1\n").undecided == 1, "the record names no document"


def test_a_comment_that_only_repeats_the_recommendation_is_left_out(office: Office) -> None:
    reported(office, "50.1", "50.2")
    answer(office, b"50.1 Accepted: Ratify convention 50.1.\n50.2 Accepted: A law is drafted.\n")
    comments = [e.comment for e in office.events(0) if isinstance(e, PositionTaken)]
    assert [comment is None for comment in comments] == [True, False]


def test_a_key_of_one_state_imports_facts_of_that_state_only(office: Office) -> None:
    reported(office, "50.1")
    office.clerk = msgspec.structs.replace(office.clerk, addressees=("KEN",))
    size = office.service.log.size
    table = b"addressee,number,position\nXAA,50.1,accepted\n"
    receipt = answer(office, table, state=None)
    assert (receipt.other_states, receipt.changed) == (1, 0)
    assert not [e for e in list(office.service.log.read_all(size)) if "XAA" in e.addressee]


KNOWN = st.sets(st.integers(1, 30), min_size=1).map(sorted)


@any_of(KNOWN, st.integers(1, 30), st.integers(0, 30))
def test_a_range_is_every_number_between_its_ends(known: list[int], start: int, more: int) -> None:
    numbers = [f"50.{n}" for n in known]
    within, missing = spread(f"50.{start}", f"50.{start + more}", numbers)
    asked = [f"50.{n}" for n in range(start, start + more + 1)]
    assert [n for n in asked if n in within] == within, "in their order, and no other"
    assert sorted([*within, *missing]) == sorted(asked)


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        ("50.1", "50.1000", None),
        ("50.1", "50.1001", "range-too-long"),
        ("50.2", "50.1", "range-reversed"),
        ("51.1", "50.2", "range-reversed"),
    ],
)
def test_a_range_has_an_order_and_a_length(first: str, last: str, reason: str | None) -> None:
    if reason is None:
        assert spread(first, last, ["50.1"])[0] == ["50.1"]
        return
    with pytest.raises(ValueError, match=reason):
        spread(first, last, ["50.1"])


def test_a_number_cell_that_may_be_another_number_answers_nothing(
    office: Office, tmp_path: Path
) -> None:
    reported(office, "50.1", "50.10", "50.2")
    place = tmp_path / "answers.xlsx"
    book = xlsxwriter.Workbook(place)
    for name in ("First", "Second"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["Number", "Position"])
        sheet.write_row(1, 0, [50.1 if name == "First" else 50.2, "Accepted"])
    book.close()
    receipt = answer(office, place)
    assert (receipt.rows, receipt.changed, receipt.unreadable) == (2, 1, 1)
    assert "50.10" in receipt.unreadable_rows[0].message
    assert positions(office) == {"50.1": "pending", "50.2": "supported", "50.10": "pending"}


def test_answers_without_a_document_or_a_date_are_refused(office: Office) -> None:
    reported(office, "50.1")
    with pytest.raises(InvalidInput, match="--document-date"):
        answer(office, b"Accepted\n50.1\n", document_dates={})
    with pytest.raises(InvalidInput, match="import that document first"):
        answer(office, b"Accepted\n50.1\n", document="A/HRC/1/1")


# --- Any split, order and repetition -------------------------------------------------------------

ANSWERED = st.dictionaries(
    st.sampled_from(NUMBERS), st.sampled_from(["supported", "noted", "partially accepted"])
).map(lambda said: [{"number": n, "position": p} for n, p in said.items()])
GRADED = st.lists(
    st.builds(
        lambda number, assessor, grade: {
            "paragraph": number,
            "assessor": assessor,
            "assessor_kind": "nhri",
            "scheme": "common-1",
            "grade": grade,
        },
        st.sampled_from(NUMBERS),
        st.sampled_from(["Ombudsman", "Institute"]),
        st.sampled_from(["implemented", "not-implemented"]),
    ),
    unique_by=lambda row: (row["paragraph"], row["assessor"]),
)


def written(rows: list[dict[str, str]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def facts(office: Office) -> Counter[Any]:
    """What the record holds of positions and assessments, without order and versions."""
    found: Counter[Any] = Counter()
    for number in NUMBERS:
        r = office.find(number, REPORT, "XAA")
        found.update((number, p.answer, p.on, p.instrument) for p in r.positions)
        found.update((number, a.assessor, a.grade, a.on) for a in r.assessments)
    return found


@pytest.mark.parametrize(
    ("format", "drawn"),
    [(Format.ANSWERS, ANSWERED), (Format.ASSESSMENTS, GRADED), (Format.LISTS, ANSWERED)],
)
@any_of(data=st.data())
@settings(max_examples=times(5, long=200), deadline=None)
def test_facts_give_the_same_record_in_any_split_order_and_repetition(
    format: Format, drawn: st.SearchStrategy[list[dict[str, str]]], data: st.DataObject
) -> None:
    rows = data.draw(drawn.filter(bool))
    with tempfile.TemporaryDirectory() as folder:
        whole, split = (Office(f"sqlite:///{folder}/{name}.db") for name in ("whole", "split"))
        try:
            for office in (whole, split):
                reported(office, *NUMBERS)
            if format is Format.LISTS:
                shown = {row["paragraph"]: row for row in listed(exported(whole))}
                dated = {"position_date": "2020-02-19", "position_source": ADDENDUM}
                rows = [
                    {**shown[row["number"]], "position": row["position"], **dated} for row in rows
                ]
            again = data.draw(st.lists(st.sampled_from(rows)))
            order = data.draw(st.permutations([*rows, *again]))
            cut = data.draw(st.integers(0, len(order)))
            said = {"state": "XAA", "document": REPORT, "document_dates": {ADDENDUM: "2020-02-19"}}
            options = {} if format is Format.LISTS else said
            whole.bring(written(rows), format=format, **options)
            for piece in filter(None, (order[:cut], order[cut:])):
                receipt = split.bring(written(piece), format=format, **options)
                assert sum(receipt.row_outcomes.values()) == receipt.rows == len(piece)
            assert facts(split) == facts(whole)
            assert sum(facts(whole).values()) == len(rows)
            size = split.service.log.size
            split.bring(written(rows), format=format, **options)
            assert split.service.log.size == size, "a second run changes nothing"
        finally:
            whole.service.close()
            split.service.close()
