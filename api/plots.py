"""Progress as a picture: stacked horizontal bars, an SVG that says its figures in words too.

A reader who sees no colours has patterns, value labels and the legend in the order of the
segments; one who sees no picture has `<title>` and `<desc>`. Arabic runs from right to left.
Lengths are in units of the view box, which scales to whatever holds it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from zlib import crc32

rows_max = 60
series_max = 8
legend_name_chars_max = 60

LANGUAGES = ("en", "fr", "es", "ru", "ar", "zh")
_WORDS = {
    "progress": (
        "Progress of recommendations",
        "Progrès des recommandations",
        "Avance de las recomendaciones",
        "Ход выполнения рекомендаций",
        "التقدم المحرز في التوصيات",
        "建议落实进展",
    ),
    # The stages of a recommendation, and its positions.
    "received": ("Received", "Reçue", "Recibida", "Получена", "واردة", "已收到"),
    "accepted": ("Accepted", "Acceptée", "Aceptada", "Принята", "مقبولة", "已接受"),
    "noted": ("Noted", "Notée", "Anotada", "Принята к сведению", "أُحيط بها علماً", "已注意到"),
    "assigned": ("Assigned", "Attribuée", "Asignada", "Поручена", "مُسندة", "已分配"),
    "implemented": ("Implemented", "Mise en œuvre", "Aplicada", "Выполнена", "منفَّذة", "已落实"),
    "reported": (
        *("Reported", "Rendue compte", "Informada"),
        *("Отражена в докладе", "أُبلغ عنها", "已报告"),
    ),
    "supported": ("Supported", "Soutenue", "Apoyada", "Поддержана", "مؤيَّدة", "已支持"),
    "pending": ("Pending", "En attente", "Pendiente", "Ожидает ответа", "معلَّقة", "待定"),
    # What is counted (domain rule 5).
    "recommendations": (
        *("recommendations", "recommandations", "recomendaciones"),
        *("рекомендации", "التوصيات", "建议"),
    ),
    "paragraphs": ("paragraphs", "paragraphes", "párrafos", "пункты", "الفقرات", "段落"),
    "parts": ("parts", "parties", "partes", "части", "الأجزاء", "部分"),
    "pairs": (
        "pairs of paragraph and recommending State",
        "paires paragraphe-État auteur",
        "pares de párrafo y Estado recomendante",
        "пары «пункт — рекомендующее государство»",
        "أزواج الفقرة والدولة الموصية",
        "段落与建议国的配对",
    ),
    # What is said about the plot.
    "others": ("Others", "Autres", "Otras", "Прочие", "أخرى", "其他"),
    "nothing": (
        *("Nothing to show.", "Rien à afficher.", "Nada que mostrar."),
        *("Нет данных для показа.", "لا يوجد ما يُعرض.", "没有可显示的内容。"),
    ),
    "unit": (
        *("Unit: {}", "Unité : {}", "Unidad: {}"),
        *("Единица счёта: {}", "وحدة العدّ: {}", "计数单位：{}"),
    ),
    "overlaps": (
        "each counts in every row it belongs to",
        "chacun compte dans chaque ligne dont il relève",
        "cada uno cuenta en cada fila a la que pertenece",
        "каждый учитывается в каждой строке, к которой относится",
        "يُحسب كل منها في كل صف ينتمي إليه",
        "每项计入其所属的每一行",
    ),
    "total": ("Total: {}", "Total : {}", "Total: {}", "Всего: {}", "المجموع: {}", "总计：{}"),
    # How figures are written.
    "thousands": (",", "\u202f", "\u202f", "\u202f", ",", ","),
    "comma": (", ", ", ", ", ", ", ", "، ", "，"),
    "colon": (": ", " : ", ": ", ": ", ": ", "："),
    "stop": (".", ".", ".", ".", ".", "。"),
}
_TABLES = {
    language: MappingProxyType({key: some[n] for key, some in _WORDS.items()})
    for n, language in enumerate(LANGUAGES)
}

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "received": "#6b7280",
        "pending": "#6b7280",
        "accepted": "#1f6fb2",
        "supported": "#1f6fb2",
        "noted": "#c2570c",
        "assigned": "#8e4b9e",
        "implemented": "#00806a",
        "reported": "#1d2b53",
    }
)
"""A colour for each stage and position: each has a contrast of 3:1 or more on white."""


class Bar(NamedTuple):
    """One row: what it is about, and a count for every series of the legend."""

    label: str
    values: tuple[int, ...]


class Series(NamedTuple):
    """One kind of segment: its name, and its colour as "#rrggbb"."""

    name: str
    colour: str


def words(language: str) -> Mapping[str, str]:
    """Names of stages, positions and counting units, and the plot's own words, in a language of
    the United Nations ("fr", "zh-Hans"); in English for any other."""
    return _TABLES[_known(language)]


def _known(language: str) -> str:
    code = language.partition("-")[0].lower()
    return code if code in _TABLES else "en"


def bars(
    title: str,
    unit: str,
    rows: Sequence[Bar],
    legend: Sequence[Series],
    language: str = "en",
    others: str = "",
    whole: Sequence[int] | None = None,
) -> bytes:
    """The plot as an SVG document in UTF-8.

    `unit` is a counting unit as `words` names it ("paragraphs"), or printed as it is. Rows beyond
    `rows_max` are summed into a last one, called `others`. `whole`: what there is in all, a count
    for each series, where one thing may count in several rows; the plot then says so. Raises
    ValueError for what no caller should hand in: values that do not fit the legend, negative
    counts, no colour."""
    _check(rows, legend)
    spoken = words(language)
    kept = _summed(rows, others or spoken["others"]) if legend else []
    return _Plot(
        _plain(title), _plain(spoken.get(unit, unit)), kept, legend, language, whole
    ).drawn()


def _check(rows: Sequence[Bar], legend: Sequence[Series]) -> None:
    if len(legend) > series_max:
        raise ValueError(f"a plot has at most {series_max} series")
    for series in legend:
        if not re.fullmatch("#[0-9a-fA-F]{6}", series.colour):
            raise ValueError(f"no colour of the form #rrggbb: {series.colour!r}")
    for row in rows:
        if len(row.values) != len(legend) or min(row.values, default=0) < 0:
            raise ValueError(f"a row needs {len(legend)} counts of 0 or more: {row!r}")


def _summed(rows: Sequence[Bar], others: str) -> list[Bar]:
    """The rows to draw: all of them, or the first and the sum of the rest."""
    kept = [Bar(_plain(row.label), row.values) for row in rows]
    if len(kept) > rows_max:
        rest = kept[rows_max - 1 :]
        values = tuple(map(sum, zip(*(row.values for row in rest), strict=True)))
        kept[rows_max - 1 :] = [Bar(_plain(f"{others} ({len(rest)})"), values)]
    return kept


# --- Texts ---------------------------------------------------------------------------------------


# Marks that turn the direction of what follows them, beyond the label they came in.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def _plain(text: str) -> str:
    """A text as one line, without what XML forbids or nobody can see."""
    line = _TURNS.sub("", " ".join(text.split()))
    return "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cs") or ord(c) & 0xFFFE == 0xFFFE else c
        for c in line
    )


def _width(text: str, size: float) -> float:
    """How wide a text is likely to be: what measures it exactly is the reader's machine."""
    return size * sum(map(_em, text))


def _em(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if char in " .,:;'!|()[]iIjlftr\u202f":
        return 0.4
    if char in "mwMWшщжюфШЩЖЮФ%@—…":
        return 0.98
    if "\u0600" <= char <= "\u06ff":
        return 0.5
    return 0.74 if char.isupper() else 0.62


def _cut(text: str, room: float, size: float) -> str:
    """A text that fits, its end replaced by … where it would not."""
    if _width(text, size) <= room:
        return text
    room -= _width("…", size)
    for n, char in enumerate(text):
        room -= _width(char, size)
        if room < 0:
            return text[:n].rstrip() + "…"
    return text


def _luminance(colour: str) -> float:
    """Relative luminance by WCAG, 0 for black to 1 for white."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- Drawing -------------------------------------------------------------------------------------

_FONT = (
    "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans Arabic', 'Noto Sans SC',"
    " 'Microsoft YaHei', sans-serif"
)
_INK, _FAINT, _LINE = "#1f2937", "#4b5563", "#dfe3e8"
_WIDTH, _MARGIN = 960.0, 28.0
_PITCH, _THICK = 34.0, 22.0  # from row to row, and of a bar
_LABELS_MAX = 320.0
_TITLE, _TEXT, _SMALL = 21.0, 14.0, 12.5
_VISIBLE = 1.5  # the least length of what is not zero

_PATTERNS = (  # over the second series and those after it
    "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
    "M2,2 h1.6 M6,6 h1.6",
    "M0,2 h8 M0,6 h8",
    "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
    "M2,0 v8 M6,0 v8",
    "M0,4 h8 M4,0 v8",
    "M0,0 l8,8 M0,8 l8,-8",
)


class _Plot:
    """A plot while it is drawn, from the top down. `y` is how far it has come; x runs in the
    direction of reading and is mirrored where it is written."""

    def __init__(
        self,
        title: str,
        unit: str,
        rows: list[Bar],
        legend: Sequence[Series],
        language: str,
        whole: Sequence[int] | None,
    ) -> None:
        self.title, self.unit, self.rows = title, unit, rows
        self.legend = [Series(_plain(s.name)[:legend_name_chars_max], s.colour) for s in legend]
        self.words = words(language)
        self.mirrored = _known(language) == "ar"
        self.totals = [sum(row.values) for row in rows]
        columns = zip(*(row.values for row in rows), strict=True)
        self.sums = list(map(sum, columns)) if rows else [0] * len(legend)
        self.overlaps = whole is not None and list(whole) != self.sums
        if whole is not None:
            self.sums = list(whole)
        self.y = _MARGIN
        self.root = Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "role": "img",
                "xml:lang": _known(language),
                "direction": "rtl" if self.mirrored else "ltr",
                "font-family": _FONT,
                "font-size": _number(_TEXT),
                "fill": _INK,
            },
        )

    def drawn(self) -> bytes:
        self._say()
        ground = SubElement(self.root, "rect", {"width": "100%", "height": "100%", "fill": "#fff"})
        self._patterns()
        self._heading()
        if self.rows:
            self._legend()
            self._bars()
        else:
            self.y += 30
            self._text(_MARGIN, self.words["nothing"], size=16, fill=_FAINT)
        self.y += _MARGIN
        self.root.set("viewBox", f"0 0 {_number(_WIDTH)} {_number(self.y)}")
        ground.set("height", _number(self.y))
        ground.set("width", _number(_WIDTH))
        told: bytes = ElementTree.tostring(self.root, encoding="utf-8", xml_declaration=True)
        return told

    def _say(self) -> None:
        """The plot for those who do not see it; the ids differ between plots of one page."""
        figures = [self._sentence(row.label, row.values) for row in self.rows]
        if len(figures) > 1:
            figures.append(self.words["total"].format(self._figures(self.sums)))
        said = [self.words["unit"].format(self.unit) + self.words["stop"]]
        if self.overlaps:
            said.append(self.words["overlaps"] + self.words["stop"])
        said += [f + self.words["stop"] for f in figures] or [self.words["nothing"]]
        text = " ".join(said)
        mark = f"plot-{crc32((self.title + text).encode()):08x}"
        SubElement(self.root, "title", {"id": f"{mark}-title"}).text = self.title
        SubElement(self.root, "desc", {"id": f"{mark}-desc"}).text = text
        self.root.set("aria-labelledby", f"{mark}-title")
        self.root.set("aria-describedby", f"{mark}-desc")

    def _sentence(self, label: str, values: Sequence[int]) -> str:
        return f"{label}{self.words['colon']}{self._figures(values)}"

    def _figures(self, values: Sequence[int]) -> str:
        named = [
            f"{series.name} {self._count(value)}"
            for series, value in zip(self.legend, values, strict=True)
        ]
        return f"{self._count(sum(values))} ({self.words['comma'].join(named)})"

    def _count(self, number: int) -> str:
        return f"{number:,}".replace(",", self.words["thousands"])

    # -- parts of the picture

    def _patterns(self) -> None:
        """Light lines over the colours. The same in every plot, so equal ids do no harm."""
        kept = SubElement(self.root, "defs")
        for n, path in enumerate(_PATTERNS[: max(0, len(self.legend) - 1)], 1):
            pattern = SubElement(
                kept,
                "pattern",
                {
                    "id": f"suivi-pattern-{n}",
                    "patternUnits": "userSpaceOnUse",
                    "width": "8",
                    "height": "8",
                },
            )
            light = {"stroke": "#fff", "stroke-opacity": "0.4", "stroke-width": "1.4"}
            SubElement(pattern, "path", {"d": path, "fill": "none", **light})

    def _heading(self) -> None:
        self.y += _TITLE * 0.8
        self._text(_MARGIN, self.title, _WIDTH - 2 * _MARGIN, size=_TITLE, bold=True)
        self.y += 24
        told = self.words["unit"].format(self.unit)
        if self.rows:
            told += " · " + self.words["total"].format(self._count(sum(self.sums)))
            if self.overlaps:
                told += " · " + self.words["overlaps"]
        self._text(_MARGIN, told, _WIDTH - 2 * _MARGIN, fill=_FAINT)

    def _legend(self) -> None:
        """Swatches with names and sums, in the order of the segments, wrapped where full."""
        x = _MARGIN
        self.y += 30
        for n, (series, total) in enumerate(zip(self.legend, self.sums, strict=True)):
            told = f"{series.name}  {self._count(total)}"
            wide = 22 + _width(told, _TEXT)
            if x > _MARGIN and x + wide > _WIDTH - _MARGIN:
                x = _MARGIN
                self.y += 24
            self._segment(self.root, n, x, self.y - 12, 15, 15)
            self._text(x + 22, told, _WIDTH - _MARGIN - x - 22)
            x += wide + 24
        self.y += 20

    def _bars(self) -> None:
        label_room = min(_LABELS_MAX, max(_width(row.label, _TEXT) for row in self.rows) + 4)
        start = _MARGIN + label_room + 12
        total_room = max(_width(self._count(total), _TEXT) for total in self.totals) * 1.12 + 10
        slack = _VISIBLE * len(self.legend)
        scale = (_WIDTH - _MARGIN - start - total_room - slack) / max(1, *self.totals)
        top, self.y = self.y, self.y + 8
        grid = SubElement(self.root, "g", {"stroke": _LINE})
        for row, total in zip(self.rows, self.totals, strict=True):
            self._row(row, total, start, scale, label_room)
        for tick in _ticks(max(self.totals)):
            x = start + tick * scale
            line = {"x1": self._x(x), "x2": self._x(x)}
            ends = {"y1": _number(top), "y2": _number(self.y)}
            SubElement(grid, "line", {**line, **ends} | ({} if tick else {"stroke": "#9aa3ae"}))
            self._text(
                x, self._count(tick), size=_SMALL, fill=_FAINT, anchor="middle", y=self.y + 17
            )
        self.y += 17

    def _row(self, row: Bar, total: int, start: float, scale: float, label_room: float) -> None:
        here = SubElement(self.root, "g")
        base = self.y + _THICK / 2 + _TEXT * 0.35
        whole = SubElement(here, "g")
        SubElement(whole, "title").text = self._sentence(row.label, row.values)
        self._text(start - 12, row.label, label_room, anchor="end", y=base, into=whole)
        x = start
        for n, value in enumerate(row.values):
            if not value:
                continue
            long = max(_VISIBLE, value * scale)
            part = SubElement(here, "g")
            name, told = self.legend[n].name, self._count(value)
            SubElement(part, "title").text = f"{row.label} · {name}{self.words['colon']}{told}"
            self._segment(part, n, x, self.y, long, _THICK)
            if _width(told, _SMALL) + 8 <= long:
                self._value(part, n, x + long / 2, base, told)
            x += long
        self._text(x + 8, self._count(total), bold=True, y=base, into=here)
        self.y += _PITCH

    def _segment(
        self, into: Element, n: int, x: float, y: float, long: float, thick: float
    ) -> None:
        """A rectangle in the colour and pattern of series `n`, with a fine gap after it."""
        long = max(1.0, long - (1.0 if long > 3 else 0.0))
        shape = {
            "x": self._x(x + long if self.mirrored else x),
            "y": _number(y),
            "width": _number(long),
            "height": _number(thick),
        }
        colour = self.legend[n].colour
        pale = 1.05 / (_luminance(colour) + 0.05) < 3
        edge = {"stroke": _FAINT, "stroke-width": "0.6"} if pale else {}
        SubElement(into, "rect", {**shape, "fill": colour, **edge})
        if n and long > 4:
            SubElement(into, "rect", {**shape, "fill": f"url(#suivi-pattern-{n})"})

    def _value(self, into: Element, n: int, x: float, y: float, told: str) -> None:
        """A count on its segment: light on dark or dark on light, with the colour around it so
        that no pattern runs through the figures."""
        colour = self.legend[n].colour
        light = 1.05 / (_luminance(colour) + 0.05) >= 4.5
        text = self._text(
            x,
            told,
            size=_SMALL,
            fill="#fff" if light else "#000",
            anchor="middle",
            y=y - 0.5,
            into=into,
        )
        text.attrib.update({"paint-order": "stroke", "stroke": colour, "stroke-width": "5"})
        text.set("stroke-linejoin", "round")

    def _text(
        self,
        x: float,
        text: str,
        room: float = _WIDTH,
        *,
        size: float = _TEXT,
        fill: str = _INK,
        bold: bool = False,
        anchor: str = "start",
        y: float | None = None,
        into: Element | None = None,
    ) -> Element:
        place = {"x": self._x(x), "y": _number(self.y if y is None else y)}
        look = {} if size == _TEXT else {"font-size": _number(size)}
        look |= {} if fill == _INK else {"fill": fill}
        look |= {"font-weight": "600"} if bold else {}
        look |= {} if anchor == "start" else {"text-anchor": anchor}
        drawn = SubElement(self.root if into is None else into, "text", {**place, **look})
        drawn.text = _cut(text, room, size * (1.12 if bold else 1))
        return drawn

    def _x(self, x: float) -> str:
        return _number(_WIDTH - x if self.mirrored else x)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _ticks(largest: int) -> range:
    """Round numbers from 0 up to the largest total, at most six."""
    step = 1
    while largest > 5 * step:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return range(0, largest + 1, step)
