"""UPR Info's export, CSV or XLS/XLSX: one row for each paragraph and recommending State.

Rows of the same addressee, session, text and response are one recommendation, made by several
States: every count of rows is a count of pairs, every count of SourceRows one of recommendations
(domain rule 5). White space at the ends makes no difference; any within, or a capital, does, since
two paragraphs of one report can differ by no more. The export has no paragraph number and no key of
its own, so the key is made of the content: an edited row is a new one, and the old one is missing.

Files met have CR-only line ends and Mac Roman bytes. Encodings are told apart in `decoded`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from domain.addressees import recognise
from domain.answers import Reading, read_answer
from domain.entry import label_chars_max, text_chars_max
from domain.names import folded
from domain.recommendation.elements import Recommender, Term
from domain.words import Kind
from workflows.sources import NotThisFormat, Read, RepeatedRow, SourceRow, UnreadableRow
from workflows.sources.table import REFUSALS as TABLE_REFUSALS
from workflows.sources.table import fitted, printed, rows_under_one_heading, upr_cycle

sample_bytes_max = 20_000

VOCABULARY = "upr-info-1"
ACTIONS = {
    "1": "minimal action",
    "2": "continuing action",
    "3": "considering action",
    "4": "general action",
    "5": "specific action",
}
"""Action categories, from minimal to specific (domain rule 13), in our words."""

REFUSALS = {
    **TABLE_REFUSALS,
    "columns-missing": "This is no export of UPR Info: its first row must name the columns To, "
    "Text, From, Response and Session.",
}

REASONS = {
    "columns-differ": "The row has another number of fields than the heading row. Look for a comma "
    "or quotation mark too many or too few.",
    "addressee-missing": "To is empty. Fill in the State under review.",
    "addressee-unknown": "The State in To is not known. Write its name as the UN does.",
    "text-missing": "There is no text of a recommendation. Export the row again.",
    "cell-too-long": "A cell is far longer than a recommendation. Check whether rows ran together.",
}

_NEEDED = ("to", "text", "from", "response", "session")


class UprInfo:
    """The export at `path`. Sheets with the columns of the first are read after it.

    A voluntary pledge, which the State under review makes itself, is no recommendation: it is of
    another kind, and awaits no position.

    Doubts: "response-unclear" (a word such as "General Response" that is no position: none is
    read, the wording is kept), "session-not-recognised", "states-missing",
    "state-not-recognised", "action-unknown", "issue-too-long"."""

    format = "upr-info"
    version = 2

    def __init__(self, path: Path) -> None:
        self.path = path
        self._done = (0, 0)

    def done(self) -> tuple[int, int]:
        """Recommendations given, and recommendations there are."""
        return self._done

    def read(self) -> Iterator[Read]:
        """Recommendations in the order of their first rows. The whole file is read before the
        first, since a State may join at its end. Raises NotThisFormat with a code of `REFUSALS`."""
        grid, not_read = rows_under_one_heading(self.path, decoded, _headed)
        found: list[_Told | RepeatedRow | UnreadableRow] = []
        told: dict[str, _Told] = {}
        for number, names, cells, _ in grid:
            cells = fitted(cells, len(names))
            said = dict(zip(names, map(str, cells), strict=False))
            if reason := _why_not(said, len(cells) == len(names)):
                stood = printed(" | ".join(filter(None, cells)))
                found.append(UnreadableRow(number, reason, REASONS[reason], stood))
                continue
            key = _key(said)
            if key not in told:
                told[key] = _Told(key, said)
                found.append(told[key])
            first = told[key].add(number, said)
            if first != number:
                found.append(RepeatedRow(number, first))
        for place, read in enumerate(found, 1):
            self._done = (place, len(found))
            yield read.row() if isinstance(read, _Told) else read
        yield from not_read


def _headed(heading: list[str]) -> list[str]:
    names = ["".join(filter(str.isalpha, name.casefold())) for name in heading]
    if not set(_NEEDED) <= set(names):
        raise NotThisFormat("columns-missing", REFUSALS["columns-missing"])
    while not names[-1]:
        names.pop()
    if len(set(names)) < len(names):
        raise NotThisFormat("heading-repeated", REFUSALS["heading-repeated"])
    return names


class _Told(msgspec.Struct):
    """A recommendation as far as its rows have been met; `said`: the first of them."""

    key: str
    said: dict[str, str]
    rows: list[int] = []
    contents: dict[tuple[tuple[str, str], ...], int] = {}
    states: dict[str, Recommender] = {}
    terms: dict[tuple[str, str, str], Term] = {}
    doubts: dict[str, None] = {}

    def add(self, number: int, said: dict[str, str]) -> int:
        """Adds a row, unless it says nothing but what an earlier one did: then that one's number
        is the answer, else `number`."""
        first = self.contents.setdefault(tuple(sorted(said.items())), number)
        if first != number:
            return first
        self.rows.append(number)
        if _is_pledge(said):
            pass
        elif state := said["from"]:
            code = recognise(state)
            self.states.setdefault(code or _folded(state), Recommender(printed=state, code=code))
            self._doubt(code is None, "state-not-recognised")
        else:
            self.doubts["states-missing"] = None
        action = said.get("action", "")
        self._doubt(bool(action) and action not in ACTIONS, "action-unknown")
        if action in ACTIONS:
            self._term(
                Term(vocabulary="action", version=VOCABULARY, code=action, label=ACTIONS[action])
            )
        for issue in filter(None, map(str.strip, said.get("issue", "").split(","))):
            self._doubt(len(issue) > label_chars_max, "issue-too-long")
            if len(issue) <= label_chars_max:
                self._term(Term(vocabulary="issue", version=VOCABULARY, label=issue))
        return number

    def row(self) -> SourceRow:
        to, response, session = self.said["to"], self.said["response"], self.said["session"]
        is_pledge = _is_pledge(self.said)
        answer = Reading(None) if is_pledge else read_answer(response)
        self._doubt(answer is None, "response-unclear")
        answer = answer or Reading(None)
        self._doubt(upr_cycle(session) is None, "session-not-recognised")
        return SourceRow(
            rows=tuple(self.rows),
            scheme=UprInfo.format,
            key=self.key,
            is_content_key=True,
            addressee=recognise(to),
            addressee_printed=to,
            kind=Kind.PLEDGE if is_pledge else Kind.RECOMMENDATION,
            text=self.said["text"],
            cycle=upr_cycle(session),
            session=session[:label_chars_max] or None,
            recommenders=tuple(self.states.values()),
            answer=answer.answer,
            in_part=answer.in_part,
            said_already_implemented=answer.said_already_implemented,
            printed=response[:label_chars_max] or None,
            terms=tuple(self.terms.values()),
            doubts=tuple(self.doubts),
        )

    def _term(self, term: Term) -> None:
        self.terms.setdefault(term.key, term)

    def _doubt(self, is_so: bool, doubt: str) -> None:
        if is_so:
            self.doubts[doubt] = None


def _why_not(said: dict[str, str], has_its_columns: bool) -> str | None:
    """Why a row can't be read: a key of `REASONS`, None where it can."""
    if not has_its_columns:
        return "columns-differ"
    if any(len(cell) > text_chars_max for cell in said.values()):
        return "cell-too-long"
    if not said["to"]:
        return "addressee-missing"
    if recognise(said["to"]) is None:
        return "addressee-unknown"
    return None if said["text"] else "text-missing"


def _is_pledge(said: dict[str, str]) -> bool:
    words = set(folded(said["response"]).split())
    return bool(words & {"pledge", "pledges"}) or words >= {"voluntary", "commitment"}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _key(said: dict[str, str]) -> str:
    to, session = recognise(said["to"]) or "", _folded(said["session"])
    content = (to, session, said["text"], _folded(said["response"]))
    return hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:32]


# Bytes

_HIGH = re.compile(rb"[\x80-\xff]")
_NEVER_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def decoded(data: bytes) -> str:
    """The text of a CSV file in UTF-8, Windows-1252 or Mac Roman.

    It is UTF-8 if it can be. Five bytes mean nothing in Windows-1252, so they decide for Mac
    Roman. Otherwise each of the first 20,000 bytes above 127 speaks for the encoding in which it
    fits its neighbours (a small letter next to a letter, a quotation mark, dash or ellipsis) where
    it does not in the other. Where they balance, CR-only line ends, the mark of an old Macintosh,
    decide."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if _NEVER_WINDOWS.search(data):
        return data.decode("mac_roman")
    windows = 0
    for place in islice(_HIGH.finditer(data), sample_bytes_max):
        around = data[max(0, place.start() - 1) : place.end() + 1]
        windows += _fits(around, "cp1252") - _fits(around, "mac_roman")
    is_old_mac = b"\r" in data and b"\n" not in data
    return data.decode(
        "cp1252" if windows > 0 or (windows == 0 and not is_old_mac) else "mac_roman"
    )


def _fits(around: bytes, encoding: str) -> bool:
    text = around.decode(encoding)
    high = [character for character in text if character > "\x7f"]
    if any(character in "‘’“”–—… «»" for character in high):
        return True
    beside_a_letter = sum(character.isalpha() for character in text) > 1
    return beside_a_letter and any(character.islower() for character in high)
