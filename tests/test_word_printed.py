"""What a Word document prints: automatic numbers, and nothing that stays off the paper."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from workflows.word_printed import UNCOMPUTED, Printed, walk


def level(place: int, text: str, format: str = "decimal", more: str = "", start: int = 1) -> str:
    return (
        f'<lvl ilvl="{place}"><start val="{start}"/><numFmt val="{format}"/>{more}'
        f'<lvlText val="{text}"/></lvl>'
    )


def numbering(*levels: str, nums: str = '<num numId="1"><abstractNumId val="0"/></num>') -> str:
    return (
        f'<numbering><abstractNum abstractNumId="0">{"".join(levels)}</abstractNum>{nums}'
        "</numbering>"
    )


def p(text: str, place: int | None = 0, num: int = 1, more: str = "") -> str:
    listed = (
        f'<numPr><ilvl val="{place}"/><numId val="{num}"/></numPr>' if place is not None else ""
    )
    return f"<p><pPr>{more}{listed}</pPr><r><t>{text}</t></r></p>"


def printed(body: str, lists: str | None = None, styles: str | None = None) -> list[str]:
    root = ElementTree.fromstring(f"<body>{body}</body>")  # noqa: S314 - ours
    parts = [None if part is None else ElementTree.fromstring(part) for part in (styles, lists)]  # noqa: S314
    document = Printed(*parts)
    document.number(walk(root, {"p"}))
    return document.text(root).strip("\n").split("\n")


def test_numbers_count_through_the_document() -> None:
    body = p("A") + p("no list", None) + p("B") + p("C")
    assert printed(body, numbering(level(0, "50.%1"))) == ["50.1 A", "no list", "50.2 B", "50.3 C"]


def test_levels_below_begin_anew() -> None:
    lists = numbering(level(0, "%1."), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter"))
    body = p("A") + p("B", 1) + p("C", 2) + p("D", 2) + p("E", 1) + p("F", 2) + p("G") + p("H", 1)
    assert printed(body, lists) == [
        *("1. A", "1.1 B", "(a) C", "(b) D", "1.2 E", "(a) F", "2. G", "2.1 H"),
    ]


def test_a_level_that_is_told_so_counts_on() -> None:
    lists = numbering(level(0, "%1"), level(1, "%1.%2", more='<lvlRestart val="0"/>'))
    assert printed(p("A") + p("B", 1) + p("C") + p("D", 1), lists)[-1] == "2.2 D"


def test_a_list_of_its_own_begins_where_it_says_and_others_count_on() -> None:
    nums = (
        '<num numId="1"><abstractNumId val="0"/></num><num numId="2"><abstractNumId val="0"/></num>'
        '<num numId="3"><abstractNumId val="0"/><lvlOverride ilvl="0"><startOverride val="7"/>'
        "</lvlOverride></num>"
    )
    lists = numbering(level(0, "115.%1"), nums=nums)
    body = p("A") + p("B", 0, 2) + p("C", 0, 3) + p("D", 0, 3) + p("E")
    numbers = [line.split()[0] for line in printed(body, lists)]
    assert numbers == ["115.1", "115.2", "115.7", "115.8", "115.9"]


def test_a_list_begins_where_its_level_says() -> None:
    assert printed(p("A"), numbering(level(0, "%1.", start=12))) == ["12. A"]


@pytest.mark.parametrize(
    ("format", "place", "number"),
    [
        ("lowerLetter", 28, "bb"),
        ("upperLetter", 3, "C"),
        ("lowerRoman", 14, "xiv"),
        ("upperRoman", 9, "IX"),
        ("decimalZero", 5, "05"),
        ("hindiVowels", 1, UNCOMPUTED),
    ],
)
def test_numbers_are_written_in_the_format_of_their_level(
    format: str, place: int, number: str
) -> None:
    lists = numbering(level(0, "%1", format, start=place))
    assert printed(p("A"), lists) == [f"{number} A"]


def test_bullets_and_a_list_that_is_taken_off_print_no_number() -> None:
    lists = numbering(level(0, "•", "bullet"))
    assert printed(p("A") + p("B", 0, 0), lists) == ["A", "B"]


def test_legal_numbering_writes_all_levels_in_figures() -> None:
    lists = numbering(level(0, "%1", "upperRoman"), level(1, "%1.%2", more="<isLgl/>"))
    assert printed(p("A") + p("B", 1), lists) == ["I A", "1.1 B"]


def test_a_style_numbers_its_paragraphs() -> None:
    styles = (
        '<styles><style styleId="Base"><pPr><numPr><numId val="1"/></numPr></pPr></style>'
        '<style styleId="Rec"><basedOn val="Base"/></style></styles>'
    )
    body = "".join(
        f'<p><pPr><pStyle val="Rec"/></pPr><r><t>{text}</t></r></p>' for text in ("A", "B")
    )
    assert printed(body, numbering(level(0, "50.%1")), styles) == ["50.1 A", "50.2 B"]


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ("<r><t>a</t></r><del><r><delText>b</delText></r></del><ins><r><t>c</t></r></ins>", "ac"),
        ("<r><t>a</t></r><r><rPr><vanish/></rPr><t>b</t></r>", "a"),
        ('<r><rPr><vanish val="0"/></rPr><t>a</t></r>', "a"),
        ("<r><t>a</t><softHyphen/><t>b</t></r>", "ab"),
        ("<r><t>a</t><noBreakHyphen/><t>b</t></r>", "a-b"),
        ("<r><instrText>PAGE</instrText></r><r><t>7</t></r>", "7"),
        ('<r><t>a</t></r><r><footnoteReference customMarkFollows="1"/><t>*</t></r>', "a"),
        (
            "<sdt><sdtPr><showingPlcHdr/></sdtPr><sdtContent><r><t>Click</t></r></sdtContent></sdt>",
            "",
        ),
        ("<sdt><sdtPr/><sdtContent><r><t>Norway</t></r></sdtContent></sdt>", "Norway"),
        ("<moveFrom><r><t>a</t></r></moveFrom><moveTo><r><t>b</t></r></moveTo>", "b"),
        ("<ruby><rt><r><t>kan</t></r></rt><rubyBase><r><t>汉</t></r></rubyBase></ruby>", "汉"),
    ],
)
def test_only_what_is_on_the_paper_is_read(runs: str, text: str) -> None:
    assert printed(f"<p>{runs}</p>") == [text]


def test_a_paragraph_whose_end_was_deleted_runs_on() -> None:
    body = "<p><pPr><rPr><del/></rPr></pPr><r><t>a </t></r></p><p><r><t>b</t></r></p>"
    assert printed(body) == ["a b"]


def test_a_style_hides_its_text() -> None:
    styles = '<styles><style styleId="Note"><rPr><vanish/></rPr></style></styles>'
    body = (
        '<p><r><t>a</t></r><r><rPr><rStyle val="Note"/></rPr><t>b</t></r></p>'
        '<p><pPr><pStyle val="Note"/></pPr><r><t>c</t></r></p><p><r><t>d</t></r></p>'
    )
    assert printed(body, styles=styles) == ["a", "", "d"]
