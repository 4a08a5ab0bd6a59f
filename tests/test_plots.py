"""Plots: valid whatever they are told, and as good for those who do not see them."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.plots import COLOURS, LANGUAGES, Bar, Series, bars, rows_max, series_max, words
from domain.words import Position, Stage
from tests import browser

SVG = "{http://www.w3.org/2000/svg}"
LEGEND = [Series("Supported", COLOURS["supported"]), Series("Noted", COLOURS["noted"])]
ROWS = [Bar("Cycle 3", (182, 33)), Bar("Cycle 4", (1217, 0))]


def parsed(svg: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 (we wrote it ourselves)


def texts(svg: bytes) -> list[str]:
    return [element.text or "" for element in parsed(svg).iter(f"{SVG}text")]


def described(svg: bytes) -> str:
    return parsed(svg).findtext(f"{SVG}desc") or ""


def contrast(colour: str) -> float:
    """Contrast with white by WCAG 2, written down apart from the code it judges."""
    linear = []
    for value in bytes.fromhex(colour[1:]):
        part = value / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_the_figures_are_there_in_words() -> None:
    svg = bars("By cycle", "paragraphs", ROWS, LEGEND)
    assert described(svg) == (
        "Unit: paragraphs."
        " Cycle 3: 215 (Supported 182, Noted 33)."
        " Cycle 4: 1,217 (Supported 1,217, Noted 0)."
        " Total: 1,432 (Supported 1,399, Noted 33)."
    )
    root = parsed(svg)
    assert root.get("role") == "img"
    for attribute, tag in (("aria-labelledby", "title"), ("aria-describedby", "desc")):
        named = root.find(f"{SVG}{tag}")
        assert named is not None
        assert named.get("id") == root.get(attribute)
    assert root.findtext(f"{SVG}title") == "By cycle"


def test_segments_rows_and_legend_say_their_numbers() -> None:
    shown = texts(bars("By cycle", "paragraphs", ROWS, LEGEND))
    assert {"182", "215", "1,217", "Cycle 3", "Cycle 4"} <= set(shown)
    assert {"Supported  1,399", "Noted  33", "Unit: paragraphs · Total: 1,432"} <= set(shown)


def test_segments_are_as_long_as_their_counts() -> None:
    svg = bars("T", "parts", [Bar("a", (300, 100)), Bar("b", (100, 0))], LEGEND)
    drawn = [
        float(rect.get("width", ""))
        for rect in parsed(svg).iter(f"{SVG}rect")
        if rect.get("height") == "22" and rect.get("fill", "").startswith("#")
    ]
    assert [length / drawn[0] for length in drawn] == pytest.approx([1, 1 / 3, 1 / 3], abs=0.01)


def test_a_segment_too_short_for_its_number_tells_it_to_the_pointer() -> None:
    svg = bars("T", "parts", [Bar("a", (100_000, 7))], LEGEND)
    assert "7" not in texts(svg)
    assert "a · Noted: 7" in [title.text for title in parsed(svg).iter(f"{SVG}title")]


def test_it_scales_to_what_holds_it_and_asks_for_nothing_from_elsewhere() -> None:
    svg = bars("T", "parts", ROWS, LEGEND)
    root = parsed(svg)
    assert re.fullmatch(r"0 0 960 \d+(\.\d+)?", root.get("viewBox", ""))
    assert root.get("width") is root.get("height") is None
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= set("svg title desc defs pattern path rect g line text".split())
    told = svg.decode().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "://" not in told
    assert "href" not in told
    ids = {element.get("id") for element in root.iter()}
    assert set(re.findall(r"url\(#([^)]+)\)", told)) <= ids


def test_series_differ_by_more_than_colour() -> None:
    legend = [Series(f"s{n}", "#1d2b53") for n in range(series_max)]
    svg = bars("T", "parts", [Bar("a", (100,) * series_max)], legend)
    fills = re.findall(r"url\(#[^)]+\)", svg.decode())
    assert len(set(fills)) == series_max - 1  # the first is plain
    drawn = [path.get("d") for path in parsed(svg).iter(f"{SVG}path")]
    assert len(set(drawn)) == series_max - 1


def test_the_colours_stand_out_from_white() -> None:
    assert {name for name, colour in COLOURS.items() if contrast(colour) < 3} == set()


@pytest.mark.parametrize("colour", ["#ffffff", "#ffdd00", "#c2570c", "#1d2b53", "#000000"])
def test_figures_can_be_read_on_every_colour(colour: str) -> None:
    svg = bars("T", "parts", [Bar("a", (5,))], [Series("s", colour)])
    (figure,) = [t for t in parsed(svg).iter(f"{SVG}text") if t.get("paint-order")]
    on_white, on_black = contrast(colour), 21 / contrast(colour)
    assert (on_white if figure.get("fill") == "#fff" else on_black) >= 4.5


def test_a_long_label_is_cut_and_its_whole_is_a_title() -> None:
    label = "Ministry of Education, Science, Culture and everything else that is worth doing"
    svg = bars("T", "parts", [Bar(label, (1, 2))], LEGEND)
    (cut,) = [text for text in texts(svg) if text.endswith("…")]
    assert label.startswith(cut[:-1])
    assert f"{label}: 3 (Supported 1, Noted 2)" in [
        title.text for title in parsed(svg).iter(f"{SVG}title")
    ]


def test_rows_beyond_the_limit_are_summed_into_one() -> None:
    rows = [Bar(f"row {n}", (n, 1)) for n in range(200)]
    assert "Others" not in described(bars("T", "parts", rows[:rows_max], LEGEND))
    svg = bars("T", "parts", rows, LEGEND)
    rest = sum(range(rows_max - 1, 200))
    named = f"Others ({200 - rows_max + 1})"
    assert f"{named}: {rest + 141:,} (Supported {rest:,}, Noted 141)." in described(svg)
    assert f"Total: {sum(range(200)) + 200:,} (" in described(svg)
    labels = [text for text in texts(svg) if text.startswith(("row", "Others"))]
    assert len(labels) == rows_max
    assert "Rest of Europe (141)" in texts(
        bars("T", "parts", rows, LEGEND, others="Rest of Europe")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_to_show_is_said_in_every_language(language: str) -> None:
    for svg in (bars("T", "parts", [], LEGEND, language), bars("T", "x", [], [], language)):
        assert words(language)["nothing"] in texts(svg)
        assert words(language)["nothing"] in described(svg)


def test_rows_of_nothing_are_shown_as_zeros() -> None:
    svg = bars("T", "parts", [Bar("a", (0, 0))], LEGEND)
    assert "a: 0 (Supported 0, Noted 0)." in described(svg)
    assert "0" in texts(svg)


def test_arabic_is_mirrored() -> None:
    def axis(svg: bytes) -> float:
        return max(
            float(line.get("x1", ""))
            for line in parsed(svg).iter(f"{SVG}line")
            if line.get("stroke")
        )

    ltr, rtl = (bars("T", "x", ROWS, LEGEND, language) for language in ("en", "ar"))
    assert (parsed(ltr).get("direction"), parsed(rtl).get("direction")) == ("ltr", "rtl")
    assert axis(rtl) == pytest.approx(960 - axis(ltr))
    for rect in parsed(rtl).iter(f"{SVG}rect"):
        if rect.get("height") == "22":
            assert float(rect.get("x", "")) + float(rect.get("width", "")) <= axis(rtl)


def test_figures_are_written_as_the_language_does() -> None:
    assert "1\u202f217" in texts(bars("T", "parts", ROWS, LEGEND, "fr"))
    assert "单位：段落" in described(bars("T", "paragraphs", ROWS, LEGEND, "zh-Hans"))


def test_words_name_every_stage_and_position_in_six_languages() -> None:
    wanted = {*Stage, Position.SUPPORTED, Position.NOTED, Position.PENDING}
    for language in LANGUAGES:
        assert wanted <= set(words(language))
        assert all(words(language).values())
    assert set(COLOURS) == {word.value for word in wanted}
    assert words("fr-CH") == words("fr") != words("en") == words("sl")
    assert len({words(language)["accepted"] for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("rows", "legend"),
    [
        ([Bar("a", (1,))], LEGEND),
        ([Bar("a", (1, -1))], LEGEND),
        ([], [Series("s", 'red"/><script/>')]),
        ([], [Series("s", "#000000")] * (series_max + 1)),
    ],
)
def test_what_no_caller_should_hand_in_is_an_error(rows: list[Bar], legend: list[Series]) -> None:
    with pytest.raises(ValueError, match=r"a row needs|no colour|at most"):
        bars("T", "parts", rows, legend)


wild = st.text(
    st.one_of(st.sampled_from("<>&\"'\0\x1b\x85\u202e\ufffe\ud800]-…ي人"), st.characters())
)


@given(wild, wild, st.lists(st.tuples(wild, st.integers(0, 10**12)), max_size=4), wild, wild)
def test_it_is_valid_whatever_it_is_told(
    title: str, unit: str, told: list[tuple[str, int]], name: str, language: str
) -> None:
    rows = [Bar(label, (count, 1)) for label, count in told]
    svg = bars(title, unit, rows, [Series(name, "#000000"), LEGEND[1]], language)
    root = parsed(svg)
    allowed = {f"{SVG}{tag}" for tag in "svg title desc defs pattern path rect g line text".split()}
    assert {element.tag for element in root.iter()} <= allowed
    assert not {"\u202e", "\x1b", "\x85"} & set(svg.decode())
    assert bars(title, unit, rows, [Series(name, "#000000"), LEGEND[1]], language) == svg


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_browser_draws_every_text_inside_the_picture(language: str, tmp_path: Path) -> None:
    chromium = browser.find()
    if chromium is None:
        pytest.skip(f"no browser: none of {', '.join(browser.NAMES)} is on PATH")
    rows = [Bar("WWW Ministry of the Interior, " * 9, (250_000, 1)), *ROWS]
    picture = tmp_path / "plot.svg"
    picture.write_bytes(bars("A long title " * 20, "parts " * 40, rows, LEGEND, language))
    with browser.page(chromium, tmp_path / "profile") as page:
        page.open(picture.as_uri())
        page.wait_for("document.querySelector('text') !== null")
        outside = page.evaluate(
            "[...document.querySelectorAll('text')].map(t => [t.getBBox(), t.textContent])"
            ".filter(([b]) => b.x < 0 || b.x + b.width > 960).map(([, told]) => told)"
        )
        assert outside == []
        assert page.errors == []
