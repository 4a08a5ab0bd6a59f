"""What a Word document prints: the text of its paragraphs, with the numbers that Word makes.

A document says more than it prints (deleted and hidden text, field codes, notes), and prints more
than it says: automatic numbers are not in its text. Both are put right here, so that a reader sees
what a person sees on paper. Elements have no namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree import ElementTree

UNCOMPUTED = "\ufffc"
"""Stands where Word prints a number in a way that is not computed here."""

levels_max = 9
number_max = 1_000_000

_NOT_PRINTED = {
    *("del", "moveFrom", "Fallback", "drawing", "pict", "object", "txbxContent", "pPr", "rPr"),
    *("sdtPr", "rt", "fldData"),
}
_SIGNS = {"tab": " ", "ptab": " ", "br": "\v", "cr": "\v", "noBreakHyphen": "-"}


def walk(element: ElementTree.Element, tags: set[str]) -> Iterator[ElementTree.Element]:
    """Descendants of these tags in document order, nothing that is not printed. Not recursive: a
    file decides how deep it is."""
    open_children = [iter(element)]
    while open_children:
        child = next(open_children[-1], None)
        if child is None:
            open_children.pop()
        elif child.tag not in _NOT_PRINTED and not _is_placeholder(child):
            if child.tag in tags:
                yield child
            open_children.append(iter(child))


def _is_placeholder(element: ElementTree.Element) -> bool:
    """True for a content control that nobody has filled in."""
    return element.tag == "sdt" and element.find("sdtPr/showingPlcHdr") is not None


class _Level(NamedTuple):
    """A level of a list: where it begins, how it counts, what it prints ("50.%1"), and after which
    level it begins anew (0: after none)."""

    start: int = 1
    format: str = "decimal"
    text: str = ""
    restart: int | None = None
    is_legal: bool = False


class _List(NamedTuple):
    """`abstract`: lists of the same one count on together; `overrides`: levels that this one begins
    anew, and with which number."""

    abstract: str
    levels: dict[int, _Level]
    overrides: dict[int, int]


class Printed:
    """The printed text of one document's elements; `number` comes first."""

    def __init__(
        self, styles: ElementTree.Element | None, numbering: ElementTree.Element | None
    ) -> None:
        self._styles = {} if styles is None else {s.get("styleId", ""): s for s in styles}
        self._lists = {} if numbering is None else self._read(numbering)
        self._numbers: dict[ElementTree.Element, str] = {}

    def text(self, element: ElementTree.Element) -> str:
        """What is printed of an element: paragraphs begin with line feeds, soft breaks are vertical
        tabs."""
        said: list[str] = []
        is_joined = False
        hidden: set[ElementTree.Element] = set()
        for found in walk(element, {"t", "p", "r", *_SIGNS}):
            if found.tag == "p":
                said.append("" if is_joined else "\n")
                said.append(self._numbers.get(found, ""))
                is_joined = found.find("pPr/rPr/del") is not None
                hides = self._is_hidden(found.find("pPr/pStyle"))
                hidden = set(found.iter()) if hides else set()
            elif found.tag == "r":
                if self._is_unprinted(found):
                    hidden |= set(found)
            elif found not in hidden:
                said.append(found.text or "" if found.tag == "t" else _SIGNS[found.tag])
        return "".join(said)

    def number_of(self, paragraph: ElementTree.Element) -> str:
        """The number that Word prints before a paragraph, with the space after it."""
        return self._numbers.get(paragraph, "")

    def number(self, paragraphs: Iterable[ElementTree.Element]) -> None:
        """Counts through all paragraphs of the document in order, as Word does."""
        counts: dict[str, dict[int, int]] = {}
        begun: set[tuple[str, int]] = set()
        for paragraph in paragraphs:
            id, level = self._numbered(paragraph)
            held = self._lists.get(id)
            if held is None or level not in held.levels:
                continue
            count = counts.setdefault(held.abstract, {})
            if level in held.overrides and (id, level) not in begun:
                begun.add((id, level))
                count[level] = held.overrides[level] - 1
            self._advance(count, level, held)
            printed = self._label(count, level, held)
            self._numbers[paragraph] = f"{printed} " if printed else ""

    # -- counting

    @staticmethod
    def _advance(count: dict[int, int], level: int, held: _List) -> None:
        for above in range(level):
            if above in held.levels:
                count.setdefault(above, held.levels[above].start)
        before = count.get(level, held.levels[level].start - 1)
        count[level] = min(before + 1, number_max)
        for below in [b for b in count if b > level]:
            restart = held.levels[below].restart if below in held.levels else None
            if restart is None or (0 < restart <= below and level < restart):
                del count[below]

    @staticmethod
    def _label(count: dict[int, int], level: int, held: _List) -> str:
        this = held.levels[level]
        if this.format == "bullet":
            return ""
        printed = this.text
        for other in range(level, -1, -1):
            mark = f"%{other + 1}"
            if mark in printed:
                format = held.levels[other].format if other in held.levels else "decimal"
                number = _formatted(count.get(other, 1), "decimal" if this.is_legal else format)
                printed = printed.replace(mark, number)
        return printed

    # -- what the document says

    def _numbered(self, paragraph: ElementTree.Element) -> tuple[str, int]:
        """The list and level of a paragraph: its own, else its style's."""
        own = paragraph.find("pPr/numPr")
        id, level = _of(own, "numId"), _of(own, "ilvl")
        style = paragraph.find("pPr/pStyle")
        for held in self._style_and_above(style):
            properties = held.find("pPr/numPr")
            if properties is None:
                continue
            if id is None:
                id = _of(properties, "numId")
            if level is None:
                level = _of(properties, "ilvl")
            if id is not None:
                break
        if id is not None and level is None and own is None:
            level = self._level_of_style(id, style)
        return id or "0", min(int(level or "0"), levels_max) if (level or "0").isdigit() else 0

    def _level_of_style(self, id: str, style: ElementTree.Element | None) -> str | None:
        name = "" if style is None else style.get("val", "")
        held = self._lists.get(id)
        return self._styled.get((held.abstract, name)) if held else None

    def _style_and_above(self, style: ElementTree.Element | None) -> Iterator[ElementTree.Element]:
        seen: set[str] = set()
        while style is not None:
            name = style.get("val", "")
            held = self._styles.get(name)
            if held is None or name in seen:
                return
            seen.add(name)
            yield held
            style = held.find("basedOn")

    def _is_hidden(self, style: ElementTree.Element | None) -> bool:
        for held in self._style_and_above(style):
            if (vanish := held.find("rPr/vanish")) is not None:
                return _is_on(vanish)
        return False

    def _is_unprinted(self, run: ElementTree.Element) -> bool:
        """True for hidden text, and for the sign of a note that the author chose."""
        if (vanish := run.find("rPr/vanish")) is not None:
            return _is_on(vanish)
        notes = (run.find(f"{kind}Reference") for kind in ("footnote", "endnote"))
        if any(n is not None and "customMarkFollows" in n.attrib for n in notes):
            return True
        return self._is_hidden(run.find("rPr/rStyle"))

    def _read(self, numbering: ElementTree.Element) -> dict[str, _List]:
        abstracts = {a.get("abstractNumId", ""): a for a in numbering.findall("abstractNum")}
        pointed = {
            n.get("numId", ""): _of(n, "abstractNumId") or "" for n in numbering.findall("num")
        }
        self._styled: dict[tuple[str, str], str] = {}
        lists = {}
        for num in numbering.findall("num"):
            id = num.get("numId", "")
            abstract = pointed[id]
            held = abstracts.get(abstract)
            for _ in range(levels_max):
                link = held.find("numStyleLink") if held is not None else None
                style = self._styles.get(link.get("val", "")) if link is not None else None
                to = _of(style.find("pPr/numPr"), "numId") if style is not None else None
                if to is None:
                    break
                abstract = pointed.get(to, "")
                held = abstracts.get(abstract)
            levels: dict[int, _Level] = {}
            overrides: dict[int, int] = {}
            for level in held.findall("lvl") if held is not None else ():
                self._take(level, abstract, levels)
            for changed in num.findall("lvlOverride"):
                if (own := changed.find("lvl")) is not None:
                    self._take(own, abstract, levels)
                place, start = changed.get("ilvl", ""), _of(changed, "startOverride")
                if place.isdigit() and start is not None and start.isdigit():
                    overrides[int(place)] = min(int(start), number_max)
            lists[id] = _List(abstract, levels, overrides)
        return lists

    def _take(self, level: ElementTree.Element, abstract: str, levels: dict[int, _Level]) -> None:
        place = level.get("ilvl", "")
        if not place.isdigit() or int(place) >= levels_max:
            return
        start, restart = _of(level, "start") or "1", _of(level, "lvlRestart")
        levels[int(place)] = _Level(
            start=min(int(start), number_max) if start.isdigit() else 1,
            format=_of(level, "numFmt") or "decimal",
            text=_of(level, "lvlText") or "",
            restart=int(restart) if restart is not None and restart.isdigit() else None,
            is_legal=level.find("isLgl") is not None,
        )
        if style := _of(level, "pStyle"):
            self._styled[abstract, style] = place


def _of(element: ElementTree.Element | None, tag: str) -> str | None:
    found = element.find(tag) if element is not None else None
    return None if found is None else found.get("val")


def _is_on(switch: ElementTree.Element) -> bool:
    return switch.get("val", "true") not in ("0", "false", "off")


# Numbers

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def _formatted(number: int, format: str) -> str:
    """A number as Word writes it; `UNCOMPUTED` in a format that is not known here."""
    if format in ("decimal", "decimalFullWidth", "decimalHalfWidth", "numberInDash"):
        return str(number)
    if format == "none":
        return ""
    if format == "decimalZero":
        return f"{number:02d}"
    if format in ("lowerLetter", "upperLetter"):
        # After z come aa, bb, cc.
        place, times = (number - 1) % 26, (number - 1) // 26 + 1
        letters = chr(ord("a") + place) * min(times, 10) if number > 0 else ""
        return letters.upper() if format == "upperLetter" else letters
    if format in ("lowerRoman", "upperRoman") and number < 10_000:
        letters, rest = "", number
        for value, sign in _ROMAN:
            letters += sign * (rest // value)
            rest %= value
        return letters.upper() if format == "upperRoman" else letters
    return UNCOMPUTED
