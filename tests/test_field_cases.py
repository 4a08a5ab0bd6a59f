"""Files of the field, one after the other: what is in the record in the end, and what is told."""

from __future__ import annotations

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.entry import Effective, Protected, Stamp
from domain.recommendation import Recommendation, wording
from domain.refusals import InvalidInput
from domain.scope import everything
from domain.words import CorrectionKind
from projections import recommendations
from projections.recommendations import Where
from tests.length import times
from tests.test_importing import Office
from workflows.desk import Command
from workflows.importing import Format, Options, Receipt
from workflows.importing.languages import contradicts, language_of, language_of_file
from workflows.importing.sources import SourceImport
from workflows.sources.table import Table
from workflows.sources.uhri import Uhri
from workflows.sources.upr_info import UprInfo

CASES = Path(__file__).with_name("cases")
REVIEWED = {"reviewed": "2019-11-12", "document_dates": {"A/HRC/90/12/Add.1": "2020-02-19"}}
FORMATS = {
    ".docx": (Format.OHCHR_MATRIX, {"state": "XAA", **REVIEWED}),
    ".csv": (Format.TABLE, {"all_states": True}),
    ".xlsx": (Format.TABLE, {"all_states": True}),
    ".json": (Format.UHRI, {"all_states": True}),
}


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    yield opened
    opened.service.close()


def bring(office: Office, name: str, **said: Any) -> Receipt:
    """Imports a file of the field as its README says, and checks the sum of its rows."""
    format, options = FORMATS[Path(name).suffix]
    receipt = office.bring(CASES / name, format=format, **{**options, **said})
    assert sum(receipt.row_outcomes.values()) == receipt.rows
    return receipt


def record(office: Office) -> list[Recommendation]:
    office.service.feed.advance()
    with office.service.views.snapshot() as (connection, _):
        page = recommendations.page(connection, everything, Where(), first=200)
    return [row.state for row in page.rows]


def content(office: Office) -> Counter[Any]:
    """The record without ids, versions and order."""
    return Counter(
        (
            r.addressee,
            r.kind.value,
            r.symbol,
            r.paragraph,
            frozenset((language, r.text(language)) for language in r.texts),
            frozenset((held.answer.value, held.on) for held in r.positions),
            frozenset(held.term.key for held in r.terms),
            frozenset(alias.key for alias in r.aliases),
            frozenset(state.code for part in r.parts for state in part.recommenders),
        )
        for r in record(office)
    )


KEN = {"state": "KEN"}
PAIRS = [
    ("f1a-draft.csv", {}, "f1b-final.docx", {}, {"matched": 2}, 2),
    ("f1b-final.docx", {}, "f1a-draft.csv", {}, {"same": 2}, 2),
    ("f2a-report.csv", {}, "f2b-addendum.csv", {}, {"changed": 2}, 2),
    ("f2a-report.csv", {}, "f1b-final.docx", {}, {"changed": 2}, 2),
    ("f3a-matrix.docx", {}, "f3b-extract.xlsx", {}, {"same": 1}, 5),
    ("f4-uhri.json", {}, "f1b-final.docx", KEN, {"changed": 2}, 2),
    ("f1b-final.docx", KEN, "f4-uhri.json", {}, {"changed": 2}, 2),
    ("f4-uhri.json", {}, "u08-second-language.json", {"language": "es"}, {"changed": 2}, 2),
]


@pytest.mark.parametrize(("first", "of_first", "second", "of_second", "outcomes", "count"), PAIRS)
def test_a_second_file_adds_to_the_first_and_doubles_nothing(
    office: Office,
    first: str,
    of_first: dict[str, Any],
    second: str,
    of_second: dict[str, Any],
    outcomes: dict[str, int],
    count: int,
) -> None:
    bring(office, first, **of_first)
    texts = {(r.id, r.text("en")) for r in record(office)}
    assert bring(office, second, **of_second).row_outcomes == outcomes
    assert len(record(office)) == count
    assert {(r.id, r.text("en")) for r in record(office)} == texts, "no text is corrected"
    size = office.service.log.size
    bring(office, second, **of_second)
    bring(office, first, **of_first)
    assert office.service.log.size == size, "a second run changes nothing"


def test_an_addendums_answers_are_dated_by_the_addendum(office: Office) -> None:
    bring(office, "f2a-report.csv")
    bring(office, "f2b-addendum.csv")
    taken = [(p.answer.value, p.on) for r in record(office) for p in r.positions]
    assert sorted(taken) == [("noted", "2020-02-19"), ("supported", "2020-02-19")]


def test_a_number_cell_is_the_paragraph_whose_text_it_has(office: Office) -> None:
    bring(office, "f3a-matrix.docx")
    receipt = bring(office, "f3b-extract.xlsx")
    (doubt,) = receipt.doubts
    assert (doubt.paragraph, doubt.reason) == ("50.10", "position-differs")


def test_a_number_cell_that_the_record_does_not_tell_apart_is_not_recorded(office: Office) -> None:
    receipt = bring(office, "f3b-extract.xlsx")
    assert (receipt.undecided, record(office)) == (1, [])
    assert [note.reason for note in receipt.conflicts] == ["paragraph-is-number"]


def test_terms_that_no_vocabulary_has_are_told_once_each(office: Office) -> None:
    receipt = bring(office, "t12-unknown-terms.csv")
    told = [note for note in receipt.doubts if note.reason == "term-unknown"]
    assert len(told) == 7
    last = next(r for r in record(office) if r.paragraph == "50.3")
    assert ("sdg", "2015", "4") in {held.term.key for held in last.terms}


def test_no_theme_or_group_comes_twice_under_another_name(office: Office) -> None:
    bring(office, "f4-uhri.json")
    bring(office, "u08-second-language.json", language="es")
    for r in record(office):
        assert set(r.texts) == {"en", "es"}
        assert Counter(held.term.vocabulary for held in r.terms).most_common(1)[0][1] == 1


def test_an_export_in_another_language_than_said_is_refused(office: Office) -> None:
    bring(office, "f4-uhri.json")
    with pytest.raises(InvalidInput, match="--language es"):
        bring(office, "u08-second-language.json")


TABLE = "addressee,symbol,paragraph,text,recommending_states,session\n"


def table(*rows: tuple[str, str], symbol: str = "A/HRC/90/12", states: str = "Norway") -> bytes:
    lines = [f'XAA,{symbol},{paragraph},"{text}",{states},34' for paragraph, text in rows]
    return (TABLE + "\n".join(lines)).encode()


@pytest.mark.parametrize(
    ("text", "changed", "reasons"),
    [
        ("Ratify the Convention against Torture without any further delay", 1, []),
        ("Abolish the death penalty", 0, ["text-differs"]),
        ("Ratify the Convention against Torture and its protocols", 0, ["text-of-another"]),
    ],
)
def test_a_correction_is_made_only_where_the_texts_are_near(
    office: Office, text: str, changed: int, reasons: list[str]
) -> None:
    first = "Ratify the Convention against Torture without further delay"
    other = "Ratify the Convention against Torture and its protocols"
    office.bring(table(("1.1", first), ("1.2", other)), format=Format.TABLE)
    receipt = office.bring(table(("1.1", text)), format=Format.TABLE)
    assert (receipt.changed, [n.reason for n in receipt.conflicts]) == (changed, reasons)
    held = next(r for r in record(office) if r.paragraph == "1.1")
    assert held.text() == (text if changed else first)


def test_what_reads_like_a_paragraph_of_an_unrelated_document_waits_for_a_person(
    office: Office,
) -> None:
    office.bring(table(("1.1", "Build schools")), format=Format.TABLE)
    again = table(("7", "Build schools"), symbol="A/HRC/91/3")
    receipt = office.bring(again, format=Format.TABLE)
    assert (receipt.undecided, len(record(office))) == (1, 1)


# --- Languages -----------------------------------------------------------------------------------

SAID = {
    "en": "Take all the measures that are needed to protect the rights of the children in the care",
    "fr": "Prendre toutes les mesures pour que les droits des enfants soient protégés dans le pays",
    "es": "Adoptar todas las medidas para que los derechos de las niñas y los niños se protejan",
    "ru": "Принять все необходимые меры для защиты прав детей в стране",
    "ar": "اتخاذ جميع التدابير اللازمة لحماية حقوق الأطفال في البلد",
    "zh": "采取一切必要措施保护该国儿童的权利",
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("written", SAID)
def test_a_text_contradicts_every_language_but_its_own(said: str, written: str) -> None:
    assert contradicts(SAID[written], said) == (None if said == written else written)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Ratify", "fr"),
        ("Ratificar a Convenção para que os direitos das crianças e as mulheres", "pt"),
        ("Предузети све мере за заштиту права деце у земљи", "sr"),
        ("الاتخاذ جميع التدابير اللازمة لحماية حقوق", "fa"),
        ("Sprejeti vse ukrepe za varstvo otrokovih pravic v državi", "sl"),
    ],
)
def test_what_is_short_or_a_neighbour_is_never_judged(text: str, tag: str) -> None:
    assert contradicts(text, tag) is None


def test_a_text_of_two_languages_is_not_judged() -> None:
    assert language_of(f"{SAID['en']} {SAID['fr']}") is None


def test_a_table_in_another_language_than_said_is_refused_whole(office: Office) -> None:
    rows = table(("1.1", SAID["fr"]), ("1.2", SAID["fr"] + " entier"))
    with pytest.raises(InvalidInput, match="--language fr"):
        office.bring(rows, format=Format.TABLE)
    assert office.service.log.size == 0


def test_a_language_that_is_none_is_refused_or_told(office: Office) -> None:
    with pytest.raises(InvalidInput, match="no language"):
        office.bring(table(("1.1", "Build schools")), format=Format.TABLE, language="klingon!")
    said = TABLE.replace("\n", ",language\n") + "XAA,A/HRC/90/12,1.1,Build schools,Norway,34,qqx"
    receipt = office.bring(said.encode(), format=Format.TABLE)
    reasons = [note.reason for note in (*receipt.doubts, *receipt.unreadable_rows)]
    assert len(reasons) == 1
    assert reasons[0].startswith("language-un")


# --- Any split, order and repetition -------------------------------------------------------------


def annotation(number: int, paragraph: str, text: str, body: str, theme: str) -> dict[str, Any]:
    upr = body == "UPR"
    return {
        "AnnotationId": f"00000000-0000-4000-8000-{number:012}",
        "AnnotationType": "- Recommendations",
        "Symbol": "A/HRC/90/12" if upr else "CERD/C/AGO/CO/5",
        "Body": f"- {body}",
        "Countries": ["- Angola", "- Kenya"],
        "Text": f"{paragraph}. {text}",
        "Themes": [f"- {theme}"],
        "UprCycle": "3" if upr else None,
        "UprSession": ["34"] if upr else [],
        "UprPositions": ["- Supported"] if upr else [],
        "UprRecommendingCountry": ["- Norway"] if upr else [],
    }


TEXTS = ("Build schools in the north", "Build schools in the south", "Train all judges")
ANNOTATIONS = st.lists(
    st.builds(
        lambda paragraph, text, body, theme: (paragraph, text, body, theme),
        st.sampled_from(["20", "21"]),
        st.sampled_from(TEXTS),
        st.sampled_from(["CERD", "UPR"]),
        st.sampled_from(["Right to education", "Torture"]),
    ),
    min_size=1,
    max_size=6,
).map(lambda said: [annotation(number, *one) for number, one in enumerate(said)])


def taken(office: Office, path: Path, rows: list[Any], format: type, chunk_rows: int) -> Receipt:
    if format is Uhri:
        path.write_text(json.dumps(rows))
    elif format is UprInfo:
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([UPR_INFO, *rows])
    else:
        path.write_bytes(table(*rows))
    importing = SourceImport(
        office.service.desk, office.service, office.clerk, chunk_rows=chunk_rows
    )
    receipt = importing.run(path, format(path), Options(all_states=True))
    assert sum(receipt.row_outcomes.values()) == receipt.rows == len(rows)
    return receipt


def same_however_it_comes(rows: list[Any], data: st.DataObject, format: type) -> None:
    order = data.draw(st.permutations([*rows, *data.draw(st.lists(st.sampled_from(rows)))]))
    cut = data.draw(st.integers(0, len(order)))
    chunk_rows = data.draw(st.integers(1, 4))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        whole, split = (Office(f"sqlite:///{folder}/{name}.db") for name in ("whole", "split"))
        try:
            taken(whole, path, rows, format, 500)
            for piece in (order[:cut], order[cut:]):
                if piece:
                    taken(split, path, piece, format, chunk_rows)
            assert content(split) == content(whole)
            size = split.service.log.size
            taken(split, path, rows, format, chunk_rows)
            assert split.service.log.size == size, "a second run changes nothing"
        finally:
            whole.service.close()
            split.service.close()


@given(rows=ANNOTATIONS, data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_annotations_give_the_same_record_in_any_split_order_and_repetition(
    rows: list[Any], data: st.DataObject
) -> None:
    same_however_it_comes(rows, data, Uhri)


@given(
    rows=st.dictionaries(
        st.sampled_from(["50.1", "50.2", "50.10", "50.11"]), st.sampled_from(TEXTS), min_size=1
    ).map(lambda said: list(said.items())),
    data=st.data(),
)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_tables_rows_give_the_same_record_in_any_split_order_and_repetition(
    rows: list[Any], data: st.DataObject
) -> None:
    same_however_it_comes(rows, data, Table)


UPR_INFO = ["To", "Text", "From", "Response", "Action", "Issue", "Session"]
PAIRS_OF_UPR_INFO = st.lists(
    st.tuples(
        st.sampled_from(["Angola", "Kenya"]),
        st.sampled_from(TEXTS),
        st.sampled_from(["Norway", "Peru", "Chad"]),
        st.sampled_from(["Supported", "Noted", ""]),
        st.sampled_from(["3", "5"]),
        st.sampled_from(["Right to education", "Torture, Justice"]),
        st.just("34"),
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(rows=PAIRS_OF_UPR_INFO, data=st.data())
@settings(max_examples=times(8, long=300), deadline=None, suppress_health_check=list(HealthCheck))
def test_pairs_of_upr_info_give_the_same_record_in_any_split_order_and_repetition(
    rows: list[Any], data: st.DataObject
) -> None:
    same_however_it_comes(rows, data, UprInfo)


def test_another_state_in_a_later_file_is_added_and_one_that_differs_is_told(
    office: Office, tmp_path: Path
) -> None:
    def states() -> list[str]:
        return [state.printed for r in record(office) for p in r.parts for state in p.recommenders]

    path = tmp_path / "file"
    for named, outcome, doubts, then in (
        ("Norway; Kenya", "new", [], ["Norway", "Kenya"]),
        ("Norway; Kenya; Peru", "changed", [], ["Norway", "Kenya", "Peru"]),
        ("Norway", "same", ["states-differ"], ["Norway", "Kenya", "Peru"]),
        ("Chad", "same", ["states-differ"], ["Norway", "Kenya", "Peru"]),
        ("Norway; Kenya; Peru", "same", [], ["Norway", "Kenya", "Peru"]),
    ):
        path.write_bytes(table(("50.1", TEXTS[0]), states=named))
        importing = SourceImport(office.service.desk, office.service, office.clerk)
        receipt = importing.run(path, Table(path), Options(all_states=True))
        assert receipt.row_outcomes == {outcome: 1}
        assert [note.reason for note in receipt.doubts] == doubts
        assert states() == then


def test_a_state_that_a_person_took_out_is_not_brought_back(office: Office, tmp_path: Path) -> None:
    rows = [
        ("Angola", TEXTS[0], state, "Supported", "3", "Torture", "34")
        for state in ("Norway", "Peru")
    ]
    taken(office, tmp_path / "file", rows, UprInfo, 500)
    (r,) = record(office)
    (part,) = r.parts
    parts = (msgspec.structs.replace(part, recommenders=part.recommenders[:1]),)
    stamp = Stamp(
        command="c-1",
        speaker=office.clerk.speaker(),
        effective=Effective(),
        reason=Protected("It was another paragraph's."),
    )
    office.service.desk.append(
        Command.of_the_machine("c-1"),
        [
            office.service.desk.procedures.enter(
                r, "correct", wording.correct(r, stamp, CorrectionKind.CLERICAL, parts=parts)
            )
        ],
    )
    taken(office, tmp_path / "file", rows, UprInfo, 500)
    assert [[s.code for s in p.recommenders] for p in record(office)[0].parts] == [["NOR"]]


@pytest.mark.parametrize(
    ("body", "mechanism", "symbol", "outcome"),
    [
        ("UPR", "UPR", "A/HRC/90/12", "undecided"),
        ("CERD", "treaty body", "CERD/C/AGO/CO/5", "new"),
    ],
)
def test_another_text_under_a_number_waits_in_the_upr_and_is_its_own_in_a_committees_paragraph(
    office: Office, tmp_path: Path, body: str, mechanism: str, symbol: str, outcome: str
) -> None:
    told = [annotation(1, "20", "The Committee recommends a larger budget", body, "Torture")]
    told[0]["Countries"] = ["- Angola"]
    taken(office, tmp_path / "file", told, Uhri, 500)
    path = tmp_path / "table.csv"
    session = "34" if body == "UPR" else ""
    path.write_text(
        "addressee,mechanism,body,symbol,paragraph,text,session\n"
        f"AGO,{mechanism},{body},{symbol},20,Abolish the death penalty,{session}\n"
    )
    importing = SourceImport(office.service.desk, office.service, office.clerk)
    receipt = importing.run(path, Table(path), Options(all_states=True))
    assert receipt.row_outcomes == {outcome: 1}, [n.message for n in receipt.conflicts]
    assert len(record(office)) == (2 if outcome == "new" else 1)


def test_texts_that_are_too_short_alone_tell_their_language_together(office: Office) -> None:
    short = ["Ratifier la Convention", "Former des juges", "Des écoles pour les filles"]
    assert {language_of(text) for text in short} == {None}
    assert language_of_file((text, "en") for text in short * 3) == "fr"
    assert language_of_file((text, "fr") for text in short * 3) is None
    mixed = [(text, tag) for text, tag in zip(short, ("en", "de", "en"), strict=True)]
    assert language_of_file(mixed) is None


@pytest.mark.parametrize("format", [Uhri, UprInfo])
def test_a_key_of_one_state_imports_that_states_recommendations_only(
    office: Office, tmp_path: Path, format: type
) -> None:
    office.clerk = msgspec.structs.replace(office.clerk, addressees=("KEN",))
    rows: list[Any] = [annotation(1, "20", TEXTS[0], "UPR", "Torture")]
    if format is UprInfo:
        rows = [
            (state, TEXTS[0], "Peru", "Noted", "3", "Torture", "34")
            for state in ("Angola", "Kenya")
        ]
    taken(office, tmp_path / "file", rows, format, 500)
    assert [r.addressee for r in record(office)] == ["KEN"]


def test_two_annotations_under_one_number_are_two_texts_in_any_chunks(
    office: Office, tmp_path: Path
) -> None:
    said = ["The Committee recommends a larger budget", "It also recommends to ratify"]
    rows = [annotation(n, "20", text, "CERD", "Torture") for n, text in enumerate(said)]
    taken(office, tmp_path / "file", rows, Uhri, 1)
    again = taken(office, tmp_path / "file", rows[::-1], Uhri, 500)
    assert again.row_outcomes == {"same": 2}
    assert {(r.addressee, r.text()) for r in record(office)} == {
        (state, text) for state in ("AGO", "KEN") for text in said
    }
