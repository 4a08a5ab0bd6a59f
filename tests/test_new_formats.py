"""Files that people have and could not bring: each case with the values that come of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import docx
import msgspec
import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from api.context import Context
from api.exports import Asked, Export, write
from domain import vocabulary
from domain.entry import Source, Stamp, effective
from domain.refusals import UnknownGrade
from domain.schemes import Common
from domain.words import AssessorKind
from projections.recommendations import Where
from tests.test_importing import Office
from workflows.desk import Command
from workflows.importing import Format
from workflows.list_cells import divide, join
from workflows.sources import NotThisFormat, SourceRow
from workflows.sources.uhri import Uhri
from workflows.vocabularies import entries_for

CASES = Path(__file__).with_name("cases")


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    yield opened
    opened.service.close()


def exported(office: Office, format: Export = Export.CSV, **where: object) -> bytes:
    office.service.feed.advance()
    context = Context(office.service, office.clerk)
    out = Path(office.service.settings.database_url.removeprefix("sqlite:///")).with_suffix(".out")
    try:
        asked = Asked(where=Where(**where))  # type: ignore[arg-type]
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
            lambda r, stamp, grade=grade: r.assess(
                _cited(stamp), AssessorKind.TREATY_BODY, "CCPR", "hrc-follow-up", "2017", grade
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
            lambda r, stamp: r.assess(
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
        docx.Document().save(str(place))
    with pytest.raises(NotThisFormat) as refused:
        list(Uhri(place).read())
    assert refused.value.code == code
