"""A definition drawn as SVG: a column a region, its states below one another, each with what leads
to it or out of it, and what is due (◷) in it; the states a case is in are set off."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from textwrap import wrap
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from workflows.procedure.definition import HISTORY, Definition, Labels, StateSpec, label
from workflows.statecharts.expressions import read, write

_COLUMN, _GAP, _MARGIN, _PAD = 300, 20, 24, 10
_COLUMNS_MAX = 3
_LINE, _NAME = 17, 20
_SIZE, _SMALL = 14, 12
_INK, _FAINT, _EDGE, _LIVE, _PAPER = "#1a1a1a", "#595959", "#8a8a8a", "#dbe8fb", "#ffffff"
_LEFTWARDS = ("ar", "fa", "he", "ur")
_WIDEST = 1.25
"""How much wider than measured a bold text may come out, by the font that is there."""
_FONT = "system-ui, 'Noto Sans', 'Noto Sans Arabic', 'Noto Sans SC', sans-serif"


class _Box(NamedTuple):
    """A state as it is drawn: its name, the lines below it, the states within it, its height."""

    id: str
    name: str
    lines: tuple[str, ...]
    within: tuple[_Box, ...]
    height: int
    kind: str | None


def svg(
    definition: Definition,
    language: str = "en",
    live: Collection[str] = (),
    counts: Mapping[str, int] | None = None,
) -> str:
    """The drawing, with labels in a language as far as there are any. `live`: the states a case is
    in. `counts`: how many cases stand in each state."""
    words = _Words(definition, language)
    columns = [words.box(state, None, _COLUMN) for state in definition.states]
    rows = [columns[i : i + _COLUMNS_MAX] for i in range(0, len(columns), _COLUMNS_MAX)]
    width = min(len(columns), _COLUMNS_MAX) * (_COLUMN + _GAP) - _GAP + 2 * _MARGIN
    title = wrap(words.said(definition.labels), 80) or [definition.name]
    top = _MARGIN + 26 * len(title) + 6
    height = top + sum(max(box.height for box in row) + _GAP for row in rows) - _GAP + _MARGIN
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"})
    root.set("viewBox", f"0 0 {width} {height}")
    root.set("width", str(width))
    root.set("height", str(height))
    root.set("font-family", _FONT)
    SubElement(root, "title").text = words.said(definition.labels)
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": _PAPER})
    sheet = _Sheet(width, _is_leftwards(language), frozenset(live), counts)
    for n, line in enumerate(title):
        sheet.text(root, _MARGIN, _MARGIN + 20 + 26 * n, line, size=20, bold=True)
    for row in rows:
        for n, box in enumerate(row):
            sheet.draw(root, box, _MARGIN + n * (_COLUMN + _GAP), top, _COLUMN)
        top += max(box.height for box in row) + _GAP
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


class _Words:
    """What is written on a drawing."""

    def __init__(self, definition: Definition, language: str) -> None:
        self._language = language
        self._facts = definition.facts
        self._steps = {step.name: step.labels for step in definition.steps}
        self._states = {state.id: state.labels for state in definition.all_states()}
        self._deadlines = {one.id: one for one in definition.deadlines}

    def said(self, labels: Labels) -> str:
        """A label, in the drawing's language where it has one."""
        return label(labels, self._language)

    def box(self, state: StateSpec, leads: str | None, width: int) -> _Box:
        """A state; `leads` is the condition that leads to it."""
        told = [leads] if leads else []
        if state.kind in HISTORY and state.initial is not None:
            whole = "H*" if state.kind == "deep-history" else "H"
            told.append(f"{whole} … → {self.said(self._states[state.initial])}")
        told += [self._move(state, n) for n in range(len(state.moves))]
        heard = {move.past for move in state.moves}
        told += [
            f"◷ {self.said(deadline.labels)}"
            for deadline in self._deadlines.values()
            if state.id in deadline.within and deadline.id not in heard
        ]
        lines = tuple(line for one in told for line in _wrapped(one, width - 2 * _PAD, _SMALL))
        leading = {
            follow.to: f"◆ {'…' if follow.when is None else self._guard(follow.when)}"
            for follow in state.follows
        }
        within = tuple(
            self.box(child, leading.get(child.id), width - 2 * _PAD) for child in state.states
        )
        height = 2 * _PAD + _NAME + _LINE * len(lines) - 4
        height += sum(box.height + _PAD for box in within)
        return _Box(state.id, self.said(state.labels), lines, within, height, state.kind)

    def _move(self, state: StateSpec, n: int) -> str:
        move = state.moves[n]
        on = self.said(self._steps[move.on]) if move.on else ""
        if move.past is not None:
            on = f"◷ {self.said(self._deadlines[move.past].labels)}"
        when = f"[{self._guard(move.when)}]" if move.when else ""
        to = f"→ {self.said(self._states[move.to])}" if move.to else ""
        return " ".join(filter(None, (on, when, to)))

    def _guard(self, when: str) -> str:
        said = write(read(when, self._facts))
        return _rightwards(said) if _is_leftwards(self._language) else said


class _Sheet(NamedTuple):
    """What is drawn on: `width` pixels wide, from the right where the language is written so."""

    width: int
    leftwards: bool
    live: frozenset[str]
    counts: Mapping[str, int] | None

    def draw(self, into: Element, box: _Box, x: int, y: int, width: int) -> None:
        """Draws a state and all within it."""
        active = box.id in self.live
        group = SubElement(into, "g", {"data-state": box.id})
        filled = active and not any(child.id in self.live for child in box.within)
        look = {"fill": _LIVE if filled else _PAPER, "stroke": _INK if active else _EDGE}
        look |= {"stroke-width": "2.5"} if active else {}
        self._frame(group, x, y, width, box.height, look)
        if box.kind == "final":
            look = {"fill": "none", "stroke": _EDGE}
            self._frame(group, x + 4, y + 4, width - 8, box.height - 8, look)
        line = y + _PAD + 13
        room, count = width - 2 * _PAD, None
        if self.counts is not None and box.kind not in HISTORY:
            count = self.counts.get(box.id, 0)
            room -= _measure(f"{count:,}", _SIZE) + _PAD
        name = _cut(box.name, room)
        self.text(group, x + _PAD, line, name, size=_SIZE, bold=True, room=room)
        if count is not None:
            ink, end = _INK if count else _FAINT, x + width - _PAD
            self.text(group, end, line, f"{count:,}", size=_SIZE, fill=ink, ends=True)
        for told in box.lines:
            line += _LINE
            told = _leftwards(told) if self.leftwards else told
            self.text(group, x + _PAD, line, told, size=_SMALL, fill=_FAINT)
        line += _PAD
        for child in box.within:
            self.draw(group, child, x + _PAD, line, width - 2 * _PAD)
            line += child.height + _PAD

    def text(
        self,
        into: Element,
        x: int,
        y: int,
        said: str,
        *,
        size: int,
        fill: str = _INK,
        bold: bool = False,
        ends: bool = False,
        room: int | None = None,
    ) -> None:
        """Writes a line that begins at `x`, or `ends` there; set closer where it might need more
        than its `room`."""
        look = {"x": str(self.width - x if self.leftwards else x), "y": str(y)}
        look |= {"font-size": str(size), "fill": fill}
        look |= {"font-weight": "600"} if bold else {}
        look |= {"text-anchor": "end"} if self.leftwards is not ends else {}
        if room is not None and _measure(said, size) * _WIDEST > room:
            look |= {"textLength": str(room), "lengthAdjust": "spacingAndGlyphs"}
        SubElement(into, "text", look).text = said

    def _frame(
        self, into: Element, x: int, y: int, width: int, height: int, look: dict[str, str]
    ) -> None:
        left = self.width - x - width if self.leftwards else x
        place = {"x": left, "y": y, "width": width, "height": height, "rx": 8}
        SubElement(into, "rect", {name: str(value) for name, value in place.items()} | look)


def _is_leftwards(language: str) -> bool:
    return language.split("-")[0] in _LEFTWARDS


# Said in the text itself (Unicode Annex 9): not all that draw SVG know its `direction`.
def _leftwards(text: str) -> str:
    return f"\u2067{text}\u2069"


def _rightwards(text: str) -> str:
    return f"\u2066{text}\u2069"


def _measure(text: str, size: int) -> int:
    """About how wide a text is, in pixels: East Asian signs are as wide as they are high."""
    wide = sum(1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.56 for sign in text)
    return round(wide * size)


def _cut(text: str, room: int) -> str:
    while _measure(text, _SIZE) > room and len(text) > 1:
        text = f"{text[:-2].rstrip()}…"
    return text


def _wrapped(text: str, room: int, size: int) -> Iterator[str]:
    """A text in lines that have room, broken at spaces where there are any."""
    average = max(_measure(text, size) / len(text), 1)
    yield from wrap(text, max(int(room / average), 8))
