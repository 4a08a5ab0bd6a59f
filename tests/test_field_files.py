"""Files as people have them: each small file of `cases/` stands for a kind, and is read aright.

The structure of each is met in public files; the texts are invented.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import WORDS, Reading, read_answer
from domain.identity import (
    normal_paragraph,
    normal_symbol,
    paragraphs_of,
    spelt_paragraph,
    spelt_symbol,
)
from domain.words import Answer, Kind, Mechanism
from workflows.ohchr_matrix import Matrix, read_matrix
from workflows.sources import (
    NotThisFormat,
    Read,
    Reader,
    RepeatedRow,
    RowsNotRead,
    SourceRow,
    UnreadableRow,
)
from workflows.sources.table import Table
from workflows.sources.uhri import Uhri
from workflows.sources.upr_info import UprInfo

CASES = Path(__file__).with_name("cases")
READERS: dict[str, type[Reader]] = {"t": Table, "n": Table, "u": Uhri, "i": UprInfo}


def matrix(name: str) -> Matrix:
    (path,) = CASES.glob(f"{name}-*")
    return read_matrix(path)


def told(name: str) -> list[Read]:
    (path,) = CASES.glob(f"{name}-*")
    return list(READERS[name[0]](path).read())  # type: ignore[call-arg]


def rows(name: str) -> list[SourceRow]:
    return [read for read in told(name) if isinstance(read, SourceRow)]


# Matrices: (paragraph, States of each text, answer, in part)

NOR, TCD, KEN = ("Norway",), ("Chad",), ("Kenya",)
MATRICES: dict[str, list[tuple[str, tuple[str, ...], str, bool]]] = {
    "m01": [
        ("50.1", NOR, "supported", False),
        ("50.2", TCD, "supported", True),
        ("50.3", KEN, "noted", False),
    ],
    "m02": [
        ("50.1", NOR, "supported", False),
        ("50.2", ("Chad", "Bolivia (Plurinational State of)"), "noted", False),
    ],
    "m03": [("50.1", NOR, "supported", False), ("50.2", TCD, "noted", False)],
    "m04": [
        ("50.1", ("Slovenia",), "supported", False),
        ("50.2", ("Uruguay",), "noted", False),
        ("50.3", ("Slovenia", "Uruguay"), "noted", False),
        ("50.4", ("Slovenia", "Uruguay", "Chad"), "noted", False),
    ],
    "m08": [("50.1", NOR, "supported", False), ("50.2", TCD, "noted", False)],
    "m09": [("50.1", NOR, "supported", False)],
    "m13": [
        ("134.1", NOR, "supported", False),
        ("134.2", TCD, "supported", False),
        ("134.3", KEN, "noted", False),
        ("134.4", TCD, "supported", False),
    ],
    "m18": [("134.1", NOR, "supported", False)],
    "t13": [("50.1", NOR, "supported", False)],
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_is_read_whole(name: str) -> None:
    read = matrix(name)
    assert [
        (row.paragraph, row.parts[0].states, row.position, row.in_part) for row in read.rows
    ] == MATRICES[name]
    assert all(len(row.parts) == 1 for row in read.rows)
    assert (read.unreadable, read.not_read, read.data_rows) == ((), (), len(read.rows))


@pytest.mark.parametrize(
    ("name", "place", "text"),
    [
        ("m04", 0, "Ratify the Regional Agreement on Rivers (Lima Agreement)"),
        ("m04", 1, "Ratify the convention on work (No. 29)"),
        ("m04", 2, "Protect pupils of all schools (public and private)"),
        ("m09", 0, "Build schools in the north of the country"),
        ("m03", 1, "Train teachers"),
    ],
)
def test_a_text_of_a_matrix_is_what_is_printed(name: str, place: int, text: str) -> None:
    assert matrix(name).rows[place].parts[0].text == text


def test_a_column_that_is_not_known_is_kept_under_its_heading() -> None:
    assert matrix("m18").rows[0].comment == "Responsible: UNDP"


# Other files: what each row says

RIGHT: dict[str, tuple[Any, list[Any]]] = {
    "i01": (
        lambda r: (r.kind, r.answer, [s.code for s in r.recommenders]),
        [(Kind.PLEDGE, None, []), (Kind.RECOMMENDATION, Answer.SUPPORTED, ["NOR"])],
    ),
    "n01": (
        lambda r: r.addressee,
        ["BHR", "LAO", "ALB", "ARG", "NLD", "MAR", "BHS", "VNM"],
    ),
    "t02": (
        lambda r: (r.rows, r.symbol, r.paragraph),
        [((2,), "A/HRC/90/12", "140.1"), ((4,), "A/HRC/95/12", "90.1")],
    ),
    "t04": (lambda r: (r.rows, r.published), [((2,), "2025-04-08")]),
    "t06": (
        lambda r: (r.body, r.mechanism),
        [
            ("IACHR", Mechanism.REGIONAL_BODY),
            ("CRC-OP-SC", Mechanism.TREATY_BODY),
            ("MESECVI", Mechanism.REGIONAL_BODY),
            ("GREVIO", Mechanism.REGIONAL_BODY),
            ("ECRI", Mechanism.REGIONAL_BODY),
            ("Special Rapporteur on torture", Mechanism.SPECIAL_PROCEDURE),
            ("CCPR", Mechanism.TREATY_BODY),
        ],
    ),
    "t07": (
        lambda r: (r.paragraph, r.answer, r.in_part),
        [
            ("140.1", Answer.SUPPORTED, True),
            ("140.2", Answer.SUPPORTED, True),
            ("140.3", Answer.SUPPORTED, False),
            ("140.4", Answer.NOTED, False),
            ("140.5", None, False),
        ],
    ),
    "t08": (lambda r: r.paragraph, []),
    "t16": (
        lambda r: (r.paragraph, r.symbol.upper()),
        [
            ("12", "CRC/C/XAA/CO/5-6"),
            ("13", "CRC/C/XAA/CO/5-6/CORR.1"),
            ("14", "CRC/C/XAA/CO/5-6"),
            ("15 (a)", "CRC/C/XAA/CO/5-6"),
            ("16", "CRC/C/XAA/CO/5-6"),
        ],
    ),
    "u01": (
        lambda r: (r.body, r.mechanism),
        [
            *((code, Mechanism.TREATY_BODY) for code in ("CRC-OP-AC", "CRC-OP-SC", "CRC")),
            *((code, Mechanism.TREATY_BODY) for code in ("CESCR", "CMW")),
            ("IE Albinism", Mechanism.SPECIAL_PROCEDURE),
            ("SPT", Mechanism.TREATY_BODY),
            ("SR Torture", Mechanism.SPECIAL_PROCEDURE),
            (
                "SRSG on human rights and transnational corporations",
                Mechanism.SPECIAL_PROCEDURE,
            ),
            ("WG on enforced disappearances", Mechanism.SPECIAL_PROCEDURE),
            ("HRC Special Procedures", Mechanism.SPECIAL_PROCEDURE),
            ("Special Procedures", Mechanism.SPECIAL_PROCEDURE),
        ],
    ),
    "u03": (
        lambda r: (r.paragraph, r.text.split()[-1], any(map(str.isdigit, r.text))),
        [
            ("49", "villages.", False),
            ("50", "teachers.", False),
            ("51", "pupils.", False),
            ("r", "Protocol", False),
            ("r", "Protocol", False),
            ("23 (a)", "schools.", False),
        ],
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_is_read_as_it_is_meant(name: str) -> None:
    shown, right = RIGHT[name]
    assert [shown(row) for row in rows(name)] == right


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("t04", ["cell-in-error", "date-unreadable", "date-unreadable"]),
        ("t08", ["paragraphs-several", "paragraphs-several"]),
        ("t18", ["national-body", "national-body"]),
    ],
)
def test_what_a_person_can_put_right_is_handed_back(name: str, reasons: list[str]) -> None:
    assert [r.reason for r in told(name) if isinstance(r, UnreadableRow)] == reasons


@pytest.mark.parametrize(
    ("name", "code"),
    [("t13", "thematic-list"), ("t14", "action-plan"), ("t17", "assessment-table")],
)
def test_a_file_of_another_kind_is_refused(name: str, code: str) -> None:
    with pytest.raises(NotThisFormat) as refused:
        told(name)
    assert refused.value.code == code


@pytest.mark.parametrize("name", sorted({*RIGHT} - {"u01", "u03"}))
def test_every_row_of_a_file_is_counted(name: str) -> None:
    counts = Counter[str]()
    for read in told(name):
        match read:
            case SourceRow():
                counts["rows"] += len(read.rows)
            case RowsNotRead():
                counts["rows"] += read.rows
            case UnreadableRow() | RepeatedRow():
                counts["rows"] += 1
    expected = {"i01": 2, "n01": 8, "t02": 2, "t04": 4, "t06": 7, "t07": 5, "t08": 2, "t16": 9}
    assert counts["rows"] == expected[name]


# Dirt changes nothing

HIDDEN = "\u00ad\u200b\u200e\u200f\u2066\u2069\ufeff"
DASHES = "-‐‑‒–—−－"
SPACES = " \u00a0\u2009\u3000"


def _dirty(draw: st.DrawFn, text: str) -> str:
    """The text as a careless hand writes it."""
    digits = draw(
        st.sampled_from(["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"])
    )
    said = ""
    for character in text:
        if character in "0123456789":
            character = digits[int(character)]
        elif character == "-":
            character = draw(st.sampled_from(DASHES))
        elif character == " ":
            character = draw(st.sampled_from(SPACES))
        said += draw(st.sampled_from(["", "", "", *HIDDEN])) + character
    space = draw(st.sampled_from(["", *SPACES]))
    return space + said + space


@st.composite
def symbols(draw: st.DrawFn) -> tuple[str, str]:
    number = st.integers(1, 999)
    body = draw(st.sampled_from(["A/HRC", "CRC/C/XAA/CO", "CEDAW/C/XAA/CO", "E/C.12/XAA/CO"]))
    clean = f"{body}/{draw(number)}-{draw(number)}"
    printed = clean
    if draw(st.booleans()):
        kind, count = draw(st.sampled_from(["Add", "Corr", "Rev"])), draw(number)
        clean += f"/{kind}.{count}"
        spelling = draw(st.sampled_from(["/{}.{}", " {}. {}", "/ {} {}", " {}.{}"]))
        printed += spelling.format(draw(st.sampled_from([kind, kind.upper(), kind.lower()])), count)
    before = draw(st.sampled_from(["", "", "UN Doc. ", "Document ", "doc: "]))
    return clean, _dirty(draw, before + printed) + draw(st.sampled_from(["", ".", ";"]))


@st.composite
def paragraphs(draw: st.DrawFn) -> tuple[str, str]:
    number = st.integers(1, 999)
    clean = ".".join(map(str, draw(st.lists(number, min_size=1, max_size=3))))
    limb = draw(st.sampled_from(["", "", " (a)", " (iv)"]))
    before = draw(st.sampled_from(["", "", "para. ", "Paragraph ", "§ ", "№ ", "No. ", "пункт "]))
    printed = before + clean + draw(st.sampled_from([limb, limb.strip()]))
    return clean + limb, _dirty(draw, printed) + draw(st.sampled_from(["", "."]))


@given(symbols())
def test_a_symbol_is_one_however_it_is_spelt(told: tuple[str, str]) -> None:
    clean, printed = told
    assert spelt_symbol(clean) == clean
    assert normal_symbol(spelt_symbol(printed)) == normal_symbol(clean)


@given(paragraphs())
def test_a_paragraph_is_one_however_it_is_spelt(told: tuple[str, str]) -> None:
    clean, printed = told
    assert spelt_paragraph(clean) == clean
    assert normal_paragraph(spelt_paragraph(printed)) == normal_paragraph(clean)
    assert len(paragraphs_of(printed)) == 1


@pytest.mark.parametrize(
    ("printed", "named"),
    [
        ("50.5-50.8", ("50.5", "50.6", "50.7", "50.8")),
        ("50.5–8", ("50.5", "50.6", "50.7", "50.8")),
        ("50.23, 50.25 and 50.26", ("50.23", "50.25", "50.26")),
        ("50.23, 25, 26", ("50.23", "50.25", "50.26")),
        ("paras. 12 to 14", ("12", "13", "14")),
        ("15 (a)-(c)", ("15 (a)", "15 (b)", "15 (c)")),
        ("50.1; 50.3–50.5", ("50.1", "50.3", "50.4", "50.5")),
        ("140.1", ("140.1",)),
        ("16.b", ("16.b",)),
        ("A-12", ("A-12",)),
        ("15 (a), (b) and (d)", ("15 (a)", "15 (b)", "15 (d)")),
        ("15 (a), 16", ("15 (a)", "16")),
        ("50.1-51.3", ()),
        ("15 (a)-16", ()),
        ("50.5-x", ()),
        ("annex A, B", ("annex A, B",)),
        ("1-501", tuple(map(str, range(1, 502)))),
        ("1-502", ()),
        ("50.8-50.5", ()),
        ("1-9999", ()),
        ("", ()),
    ],
)
def test_a_range_names_each_of_its_paragraphs(printed: str, named: tuple[str, ...]) -> None:
    assert paragraphs_of(printed) == named


# Answers

ANSWERS = {"supported": Answer.SUPPORTED, "noted": Answer.NOTED, "pending": None}
WORDINGS = [
    (language, said, word)
    for language, words in WORDS.items()
    for said, known in words.items()
    for word in known
]


@given(st.sampled_from(WORDINGS), st.data())
def test_an_answer_is_understood_however_it_is_written(
    known: tuple[str, str, str], data: st.DataObject
) -> None:
    _, said, word = known
    case = data.draw(st.sampled_from([str.upper, str.lower, str.title]))
    printed = data.draw(st.composite(_dirty)(case(word)))
    quoted = data.draw(st.sampled_from(["{}", "“{}”", "({})", "{}.", "- {}", "{}*"]))
    assert read_answer(quoted.format(printed)) == Reading(ANSWERS[said])


@given(
    st.sampled_from(WORDINGS),
    st.sampled_from(["/", " / ", "; ", ", ", " - ", "\n", " and ", "/ ", " (", "+"]),
    st.randoms(),
)
def test_supported_and_noted_is_supported_in_part(
    one: tuple[str, str, str], between: str, random: Any
) -> None:
    language, said, word = one
    if said == "pending":
        return
    other = random.choice(WORDS[language]["noted" if said == "supported" else "supported"])
    assert read_answer(f"{word}{between}{other}") == Reading(Answer.SUPPORTED, in_part=True)


@pytest.mark.parametrize(
    "printed",
    [
        *("supported in part", "Partially accepted", "accepted (in part)", "Partly supported"),
        *("Partiellement acceptée", "Appuyée en partie", "Aceptada parcialmente"),
        *("Apoyada en parte", "Частично поддержана", "مؤيدة جزئيا", "部分接受", "部分支持"),
        *("supported_noted", "Partial", "Supported; pending", "Part 1: Supported; Part 2: Noted"),
        *("Supports part 1", "Supported (part b)", "Enjoys the support of Slovenia in part"),
        *("Recueille l’appui partiel de la France", "Cuenta con el apoyo parcial de España"),
        *("Пользуется поддержкой частично", "تحظى بتأييد جزئي", "得到斯洛文尼亚的部分支持"),
        "Enjoys the support of Slovenia, but part 2 is noted",
    ],
)
def test_an_answer_to_a_part_is_supported_in_part(printed: str) -> None:
    assert read_answer(printed) == Reading(Answer.SUPPORTED, in_part=True)


@pytest.mark.parametrize(
    "printed",
    [
        *("Supported (already implemented)", "Accepted, in the process of implementation"),
        "Enjoys the support of Slovenia, which considers it already implemented",
    ],
)
def test_a_claim_that_it_is_done_already_goes_with_the_answer(printed: str) -> None:
    assert read_answer(printed) == Reading(Answer.SUPPORTED, said_already_implemented=True)


@pytest.mark.parametrize(
    "printed",
    [
        *("see below", "?", "Accepted in principle", "Yes", "General Response", "N/A", "12"),
        *("Already implemented", "Noted; pending", "recommendation", "Supported by Norway"),
        *("Enjoys the support of Slovenia except for the last part", "得到注意"),
        *("Enjoys the support of many", "Does not enjoy the support of those who wrote it"),
    ],
)
def test_an_unclear_answer_is_not_guessed(printed: str) -> None:
    assert read_answer(printed) is None


@pytest.mark.parametrize(
    ("printed", "answer"),
    [
        ("Enjoys the support of the Government of Slovenia", Answer.SUPPORTED),
        ("Enjoys the support of Côte d’Ivoire", Answer.SUPPORTED),
        ("Enjoy the support of Trinidad and Tobago", Answer.SUPPORTED),
        ("Recueille l’appui de la Slovénie", Answer.SUPPORTED),
        ("تحظى بتأييد سلوفينيا", Answer.SUPPORTED),
        ("得到斯洛文尼亚的支持", Answer.SUPPORTED),
        ("未得到斯洛文尼亚的支持", Answer.NOTED),
        ("No cuenta con el apoyo de Bosnia y Herzegovina", Answer.NOTED),
        ("Will be examined by Slovenia by March 2020", None),
    ],
)
def test_an_answer_may_name_the_state_that_gives_it(printed: str, answer: Answer | None) -> None:
    assert read_answer(printed) == Reading(answer)


def test_nothing_printed_is_no_answer_yet() -> None:
    assert {read_answer(printed) for printed in ("", " ", "—", "\u200f")} == {Reading(None)}
