"""A State's answers to the numbered recommendations of one document, as addenda give them.

Read are a DOCX (running text, groups under headings, lists of numbers, tables), plain text, and
tables (CSV, XLSX) with a heading row: number, position and comment, in any order. A number may be a
range ("140.1–140.12"): which numbers lie in it is known to the record only, so a range is given as
its two ends (`workflows.importing.answers` spreads it).

In running text a list of numbers has the answer that its clause gives it ("… supports
recommendations 140.1 to 140.12", "140.3 and 140.4 are noted"), else that of the group it stands
under. What follows a number at the beginning of a line is its comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sized
from functools import cache
from pathlib import Path

import msgspec

from domain.answers import Reading, read_answer
from domain.entry import is_date, label_chars_max, text_chars_max
from domain.names import folded
from domain.words import Answer
from workflows.sources import NotThisFormat, RepeatedRow, RowsNotRead, UnreadableRow
from workflows.sources.table import REFUSALS as TABLE_REFUSALS
from workflows.sources.table import CellKind, code_of, fitted, kind_of, printed, read_sheets, utf_8
from workflows.word_document import UnreadableDocument, WordParagraph, is_word, read_word

numbers_max = 20_000
passive_chars_max = 80
"""How far before a wording the verb stands that makes it a passive."""

REFUSALS = {
    **TABLE_REFUSALS,
    "no-answers": "The file names no number with an answer. An addendum lists numbers (140.1 to "
    "140.12) under the answers, or has a table with the columns number and position.",
    "numbers-too-many": "The file names more than 20,000 numbers. Divide it.",
}

REASONS = {
    "number-unreadable": "No paragraph number can be read here. Write it as 140.3, or a range as "
    "140.3-140.8.",
    "answer-missing": "No answer is given for these numbers. Write supported, noted or pending.",
    "answer-unclear": "The answer is none that is known. Record it by hand with its wording.",
    "addressee-unknown": "The addressee is not known. Write its code, or its name as the UN does.",
    "date-unreadable": "Write the date as 2025-04-08, 2025-04 or 2025.",
    "cell-too-long": "A cell is far longer than an answer. Check whether rows ran together.",
}

NOT_READ = {
    "table-without-heading": "A table has no heading row with a number and a position. Name its "
    "columns, and import the file again.",
}

COLUMNS = {
    "number": (
        *("number", "no", "paragraph", "para", "recommendation", "recommendations"),
        *("recommendation no", "recommendation number", "paragraph number", "rec", "rec no"),
        *("numéro", "n", "paragraphe", "recommandation", "número", "párrafo", "recomendación"),
        *("номер", "пункт", "рекомендация", "paragraph no", "numbers", "paragraphs"),
    ),
    "position": (
        *("position", "answer", "response", "status", "reply", "decision", "state position"),
        *("position of the state", "position of the state under review", "réponse", "posición"),
        *("respuesta", "позиция", "ответ", "government response", "response of the state"),
    ),
    "comment": (
        *("comment", "comments", "remark", "remarks", "explanation", "explanations", "reason"),
        *("reasons", "commentaire", "commentaires", "observations", "comentario", "comentarios"),
        *("observaciones", "комментарий", "комментарии", "explanatory remarks", "justification"),
    ),
    "addressee": ("addressee", "state", "country", "état", "estado", "государство"),
    "symbol": ("symbol", "document", "report", "document symbol", "cote", "signatura"),
    "date": ("date", "published", "expressed", "fecha", "дата"),
    "source": ("source", "instrument", "addendum"),
}
"""Column → headings it goes by."""

_NUMBER = r"(?<![\d./])\d{1,4}(?:\.\d{1,4}|\.[a-z](?![a-z]))+(?:\s?\([a-z]\))?(?![\d/])"
_TO = r"\s*(?:-|–|—|−|‐|‑|\bto\b|\bthrough\b|\bà\b|\bau\b|\ba\b|\bal\b|\bдо\b|\bпо\b|至|到)\s*"
_ITEM = re.compile(rf"({_NUMBER})(?:{_TO}(?:no\.?\s*)?({_NUMBER}|\d{{1,3}}(?![\d./%])))?")
_AND = r"(?:,|;|&|\band\b|\bet\b|\by\b|\be\b|\bи\b|\bas well as\b|\bor\b|،|و|、|和|及)"
_BETWEEN = re.compile(
    rf"[\s,;&]*(?:{_AND}\s*)*(?:recommendations?|paragraphs?|paras?\.?|nos?\.?)?\s*", re.IGNORECASE
)
_SHORT = re.compile(rf"\s*{_AND}\s*(\d{{1,3}})(?=\s*(?:[,;.)]|{_AND}|$))(?!\.\d)")
_INTEGER = r"\d{1,4}(?!\.?\d|/)"
_WHOLE = re.compile(
    rf"\b(?:recommendations?|paragraphs?|paras?\.?|nos?\.?):?\s+((?:{_INTEGER}"
    rf"(?:{_TO}{_INTEGER})?\s*(?:{_AND}\s*)*)+)",
    re.IGNORECASE,
)
_WHOLE_ITEM = re.compile(rf"(\d{{1,4}})(?:{_TO}(\d{{1,4}}))?")
_OWN = re.compile(r"(\d{1,3})\.\s+(?=\D)")
_LETTERED = re.compile(r"^(?:\(?[a-z]\)|[A-Z]\.|[IVX]+\.|[-–—•·*])\s+")
_SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[^\W\d_a-z])|(?<=[.])\s+(?=\d{1,4}\.\d)")

_NOTED = (
    r"(?:do|does|did|could|can|is|are|was|were|has|have|may|shall|will)\s*(?:n[o']t|not)\b"
    r"[^.;:,]{0,40}?\b(?:support|accept|endors|approv|agree)\w*"
    r"|\bcannot\b[^.;:,]{0,40}?\b(?:support|accept|endors|approv|agree)\w*"
    r"|\bunable to (?:support|accept)|\bnot (?:been )?(?:supported|accepted|enjoy\w*)"
    r"|\breject(?:s|ed|ing)?\b|\bdeclin(?:es|ed)\b|\b(?:take[sn]?|took|taking)\s+note\b"
    r"|\bnot(?:es|ed|ing)\b|\bto note\b|\bnon (?:acceptée?s?|appuyée?s?)\b|\bprend note\b"
    r"|\bn['’](?:accepte|appuie)\w* pas\b|\brejetée?s?\b|\bnotée?s?\b|\bno (?:acepta|apoya)\w*\b"
    r"|\b(?:toma|tomado|tomó) nota\b|\brechaza\w*\b"
    r"|\bn(?:e |['’])[^.;:,]{0,20}\bpas\b[^.;:,]{0,30}?\b(?:appui|adhésion|soutien|accept|appuy)\w*"
    r"|\bno (?:cuenta|goza|recib)[^.;:,]{0,25}\bapoyo\b"
)
_SUPPORTED = (
    r"\benjoy\w*\s+(?:the\s+|its\s+|full\s+)*support|\bsupport(?:s|ed|ing)?\b"
    r"|\baccept(?:s|ed|ance)?\b|\bendors(?:es|ed)\b|\bagrees? (?:to|with)\b|\bagreed\b"
    r"|\baccepte\w*\b|\bacceptée?s?\b|\bappui\w*\b|\bappuyée?s?\b|\bapoya\w*\b|\bacepta\w*\b"
    r"|\brecueill\w+ l['’]adhésion\b|\b(?:cuenta|goza)n? (?:con el|del) apoyo\b"
)
_PENDING = (
    r"\bwill be (?:examined|considered|studied)\b|\bunder (?:consideration|examination|review)\b"
    r"|\bpending\b|\bdefer(?:s|red)?\b|\bto be examined\b|\bseront examinées?\b|\bpendientes?\b"
)
_MARK = re.compile(
    rf"(?P<noted>{_NOTED})|(?P<pending>{_PENDING})|(?P<supported>{_SUPPORTED})", re.IGNORECASE
)
_IN_PART = re.compile(
    r"\bpartial\w*|\bpartly\b|\bin part\b|\bpartiel\w*|\ben partie\b|\bparcial\w*|\ben parte\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\balready (?:been )?(?:implement|in the process|being|complied|fulfil|under|carried)\w*"
    r"|\bin (?:the )?process of (?:being )?implement\w*|\bbeing implemented\b|\bunder ?way\b"
    r"|\b(?:have|has) been implemented\b|\bimplementation is ongoing\b"
    r"|\bdéjà (?:appliqu|mises? en)\w*|\bya (?:aplicad|implementad|cumplid)\w*",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\bnot\b(?! only)|n['’]t\b|\bnever\b|\bnor\b|\bcannot\b|\bunable\b|\bunwilling\b|\bhardly\b"
    r"|\bwithout\b(?! (?:reservation|hesitation|prejudice))|\bfail(?:s|ed|ing)?\b|\brefus\w*"
    r"|\bwithdr[ae]w\w*|\breluctan\w*|\bno\b(?!\.|\s*\d| (?:objection|difficult|reservation))"
    r"|\bne\b|\bn['’]|\bpas\b|\bsans\b|\bni\b|\bsin\b|\bnunca\b|\btampoco\b|\bniega\b"
    r"|\bне\b|\bбез\b|\bотказ\w*|\b(?:لا|لم|لن|ليس|غير|دون|ترفض)\b|[不未无没非]",
    re.IGNORECASE,
)
"""Words before a wording by which it may say the opposite, in one clause."""

_DENIES_ALL = re.compile(
    r"\bnone\b|\bneither\b|\bno (?:such )?recommendations?\b|\baucune?s?\b|\bningun\w*|\bningún\b"
    r"|\bни одн\w+|没有",
    re.IGNORECASE,
)
"""The same, in the whole sentence."""

_EXCEPTS = re.compile(
    r"\bexcept\w*|\bexclud\w+|\bother than\b|\bapart from\b|\bsave for\b|\ball\b[^.;]{0,60}\bbut\b"
    r"|\bbut not\b|\bsauf\b|\bhormis\b|\bsalvo\b|\bкроме\b|\bисключени\w+|باستثناء|\bعدا\b|除",
    re.IGNORECASE,
)
"""Words by which some numbers are taken out of an answer: which answer they have is not read."""

_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|be|being|sont|est|son|es)\s+(?:\w+ly\s+)?$", re.IGNORECASE
)
_BACKWARD = re.compile(
    r"enjoy|(?:is|are|was|were|do|does|cannot|will be)\b.*(?:accepted|supported|enjoy|examined)",
    re.IGNORECASE,
)
_CLAUSE_ABOUT = re.compile(
    r"(?:is|are|was|were|do|does|did|can|cannot|could|have|has|enjoys?|will|sont|est|son)\b",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"\s*(?:/|,|and|but|or|et|y)?\s*(?:partial\w*|partly|in part|only)?\s*", re.IGNORECASE
)


class AnswerRow(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a number or to a range of numbers.

    `row`: of the sheet, or which block of the document, from 1. `first`, `last`: the ends of a
    range; `last` is None for a single number. `in_text`: it stands in running text, where it may be
    a number of something else. `addressee`, `symbol`, `on`, `source`: where a table names them.
    `is_number`: a number cell of a spreadsheet holds it, so that 50.1 may be 50.10. `printed`: the
    wording of the answer; `cited`: the paragraph of the addendum it stands in.
    """

    row: int
    first: str
    last: str | None = None
    in_text: bool = False
    reading: Reading
    printed: str
    comment: str | None = None
    cited: str | None = None
    addressee: str | None = None
    symbol: str | None = None
    on: str | None = None
    source: str | None = None
    is_number: bool = False


ReadAnswer = AnswerRow | UnreadableRow | RepeatedRow | RowsNotRead


class Answers:
    """The answers in the file at `path`."""

    format = "answers"
    version = 1

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[ReadAnswer]:
        """All that the file says, in order. Raises NotThisFormat with a code of `REFUSALS`."""
        found = list(self._word() if is_word(self.path) else self._plain())
        if not any(isinstance(read, AnswerRow | UnreadableRow) for read in found):
            raise NotThisFormat("no-answers", REFUSALS["no-answers"])
        _count(found)
        return found

    def _word(self) -> Iterator[ReadAnswer]:
        try:
            document = read_word(self.path)
        except UnreadableDocument as problem:
            raise NotThisFormat(problem.code, str(problem)) from None
        text = _Text()
        for place, block in enumerate(document.blocks, 1):
            if isinstance(block, WordParagraph):
                text.take(place, block.text, block.is_heading)
                continue
            yield from text.found()
            rows = [(place, [" ".join(cell.text.split()) for cell in row]) for row in block]
            yield from _table(rows, text.group)
        yield from text.found()

    def _plain(self) -> Iterator[ReadAnswer]:
        try:
            sheets = read_sheets(self.path, utf_8)
        except NotThisFormat as problem:
            if problem.code != "columns-too-many":
                raise
            sheets = []  # a long list of numbers in running text
        if any(_columns(cells) for sheet in sheets for _, cells in sheet.rows[:20]):
            for sheet in sheets:
                yield from _table(sheet.rows, None)
            return
        data = self.path.read_bytes()
        if data.startswith((b"PK", b"\xd0\xcf")):
            raise NotThisFormat("no-answers", REFUSALS["no-answers"])
        text = _Text()
        for place, line in enumerate(utf_8(data).splitlines(), 1):
            text.take(place, " ".join(line.split()), is_heading=line.startswith("#"))
        yield from text.found()


def _count(found: Sized) -> None:
    """Refuses more than a file may name."""
    if len(found) > numbers_max:
        raise NotThisFormat("numbers-too-many", REFUSALS["numbers-too-many"])


def answer_of_group(text: str) -> Reading | None:
    """What a sentence over a group of recommendations answers for all of them; None where it gives
    no answer, or several."""
    group = _group(text)
    if group is None:
        return None
    is_mixed = len({word for mark in _marks(text) for word in mark.words}) > 1
    return None if is_mixed and not read_answer(group.printed) else group.reading


# Tables


def _columns(cells: list[str]) -> dict[str, int]:
    """Which column stands where, if this is a heading row with a number and a position."""
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        heading = folded(cell)
        if column := _headings().get(heading):
            places.setdefault(column, place)
    return places if {"number", "position"} <= places.keys() else {}


@cache
def _headings() -> dict[str, str]:
    """Heading, folded → the first column that goes by it."""
    named = [(folded(name), column) for column, names in COLUMNS.items() for name in names]
    return dict(reversed(named))


def _table(rows: list[tuple[int, list[str]]], group: _Group | None) -> Iterator[ReadAnswer]:
    start = next((i for i, (_, cells) in enumerate(rows) if _columns(cells)), None)
    if start is None:
        if filled := [cells for _, cells in rows if any(cells)]:
            reason = "table-without-heading"
            yield RowsNotRead(len(filled), reason, NOT_READ[reason], printed(" | ".join(filled[0])))
        return
    places, width = _columns(rows[start][1]), len(rows[start][1])
    for number, cells in rows[start + 1 :]:
        cells = fitted(cells, width)
        said = {
            column: cells[place].strip() for column, place in places.items() if place < len(cells)
        }
        if not any(cells) or cells == rows[start][1]:
            continue
        if len(cells) <= places["number"]:
            cells = [*cells, *[""] * (width - len(cells))]
        is_number = kind_of(cells[places["number"]]) is CellKind.NUMBER
        yield from _of_row(number, said, cells, is_number)


def _of_row(
    number: int, said: dict[str, str], cells: list[str], is_number: bool
) -> Iterator[ReadAnswer]:
    reading = read_answer(said.get("position", ""))
    items = _numbers(said.get("number", ""))
    addressee = said.get("addressee", "")
    code = code_of(addressee) if addressee else None
    on = said.get("date", "").removesuffix("T00:00:00")
    for wrong, reason in (
        (any(len(cell) > text_chars_max for cell in cells), "cell-too-long"),
        (not items, "number-unreadable"),
        (not said.get("position"), "answer-missing"),
        (reading is None, "answer-unclear"),
        (bool(addressee) and code is None, "addressee-unknown"),
        (bool(on) and not is_date(on), "date-unreadable"),
    ):
        if wrong:
            stood = printed(" | ".join(filter(None, cells)))
            yield UnreadableRow(number, reason, REASONS[reason], stood)
            return
    assert reading is not None
    for first, last in items:
        yield AnswerRow(
            row=number,
            first=first,
            last=last,
            reading=reading,
            printed=printed(said["position"], label_chars_max),
            comment=said.get("comment") or None,
            addressee=code,
            symbol=said.get("symbol") or None,
            on=on or None,
            source=said.get("source") or None,
            is_number=is_number,
        )


def _numbers(cell: str) -> list[tuple[str, str | None]]:
    """The numbers and ranges at the beginning of a cell; empty where it holds none."""
    items = _lists(cell)
    if len(items) > 1:
        return []
    if items and not cell[: items[0].start].strip(" (#.").replace("No", "").replace("para", ""):
        return items[0].items
    whole = re.fullmatch(
        r"(?:no|para|paragraph|rec)?\.?\s*(\d{1,4})\.?", cell.strip(), re.IGNORECASE
    )
    if whole:
        return [(whole[1], None)]
    span = re.fullmatch(rf"\s*(\d{{1,4}}){_TO}(\d{{1,4}})\s*", cell)
    return [(span[1], span[2])] if span else []


# Running text


class _List(msgspec.Struct):
    """Numbers that stand together, and where."""

    start: int
    end: int
    items: list[tuple[str, str | None]]


class _Group(msgspec.Struct, frozen=True):
    """The answer of what stands under a heading, and its wording."""

    reading: Reading
    printed: str


class _Mark(msgspec.Struct):
    """A wording that answers: `words` are what it says, "unclear" among them where a word before it
    may turn it round; `backward`: it answers what stands before it."""

    start: int
    end: int
    words: set[str]
    backward: bool


class _Text:
    """The blocks of a text, one after the other."""

    def __init__(self) -> None:
        self.group: _Group | None = None
        self._open: list[AnswerRow] = []
        self._found: list[ReadAnswer] = []

    def found(self) -> list[ReadAnswer]:
        """What was found since it was asked last."""
        done, self._found, self._open = [*self._found, *self._open], [], []
        return done

    def take(self, place: int, text: str, is_heading: bool) -> None:
        """Reads one block."""
        if not text:
            return
        _count(self._found)
        if len(text) > text_chars_max:
            self._close()
            self._unreadable(place, "cell-too-long", text)
            return
        cited = None
        if own := _OWN.match(text):
            cited, text = own[1], text[own.end() :]
        bare = _LETTERED.sub("", text, count=1)
        lists = _lists(bare)
        if lists and lists[0].start == 0:
            self._close()
            self._entry(place, bare, lists[0], cited)
        elif lists:
            self._close()
            for sentence in _SENTENCE.split(bare):
                self._sentence(place, sentence, cited)
        elif _heads(bare, is_heading):
            self._close()
            self.group = _group(bare)
        elif self._open and cited is None:
            self._go_on(text)
        else:
            self._close()

    def _close(self) -> None:
        self._found.extend(self._open)
        self._open = []

    def _go_on(self, text: str) -> None:
        """Adds a block without numbers to the comment of the numbers before it."""
        self._open = [
            msgspec.structs.replace(
                row, comment="\n".join(filter(None, (row.comment, text)))[:text_chars_max]
            )
            for row in self._open
        ]

    def _entry(self, place: int, text: str, numbers: _List, cited: str | None) -> None:
        """A block that begins with its numbers: the answer is what follows, or the group's."""
        rest = text[numbers.end :].lstrip(" .:;)–—-")
        opening = re.split(r"[.:;,–—(]|\s-\s", rest, maxsplit=1)[0].strip()
        closing = re.split(r"[.:;()–—]\s*|\s-\s", rest.rstrip(" .;)"))[-1].strip()
        reading, said, comment = None, "", rest
        if _EXCEPTS.search(rest) and _lists(rest):
            self._unreadable(place, "answer-unclear", text)
            return
        if rest and opening and (reading := read_answer(opening)):
            said, comment = opening, rest[len(opening) :].lstrip(" .:;,–—-")
        elif _CLAUSE_ABOUT.match(rest) and _MARK.search(rest):
            self._sentence(place, text, cited)
            return
        elif self.group:
            reading, said = self.group.reading, self.group.printed
        elif rest and closing and (reading := read_answer(closing)):
            said, comment = closing, rest[: rest.rindex(closing)].rstrip(" .:;,–—-(")
        if reading is None:
            self._unreadable(place, "answer-missing", text)
            return
        self._open = [
            _row(place, item, reading, said, cited, comment or None) for item in numbers.items
        ]

    def _sentence(self, place: int, sentence: str, cited: str | None) -> None:
        """A sentence with numbers: each list has the answer of its clause, else the group's."""
        lists = _lists(sentence)
        marks = _marks(sentence)
        if not lists:
            if marks and "following" in sentence.casefold():
                self.group = _group(sentence)
            return
        if _EXCEPTS.search(sentence):
            self._unreadable(place, "answer-unclear", sentence)
            return
        for numbers in lists:
            mark = _mark_of(numbers, lists, marks)
            if mark is not None:
                reading, said = _reading(mark, sentence, lists), printed(sentence, label_chars_max)
                if reading is None:
                    self._unreadable(place, "answer-unclear", sentence)
                    continue
            elif self.group is not None:
                reading, said = self.group.reading, self.group.printed
            else:
                self._unreadable(place, "answer-missing", sentence)
                continue
            self._found.extend(
                msgspec.structs.replace(_row(place, item, reading, said, cited, None), in_text=True)
                for item in numbers.items
            )

    def _unreadable(self, place: int, reason: str, stood: str) -> None:
        self._found.append(UnreadableRow(place, reason, REASONS[reason], printed(stood)))


def _row(
    place: int,
    item: tuple[str, str | None],
    reading: Reading,
    said: str,
    cited: str | None,
    comment: str | None,
) -> AnswerRow:
    first, last = item
    return AnswerRow(
        row=place,
        first=first,
        last=last,
        reading=reading,
        printed=printed(said, label_chars_max),
        cited=cited,
        comment=comment[:text_chars_max] if comment else None,
    )


def _lists(text: str) -> list[_List]:
    """The numbers in a text, those that stand together in one list."""
    lists: list[_List] = []
    for found in _items(text):
        start, end, item = found
        if lists and _BETWEEN.fullmatch(text, lists[-1].end, start):
            lists[-1].items.append(item)
            lists[-1].end = end
        else:
            lists.append(_List(start, end, [item]))
    return lists


def _items(text: str) -> Iterator[tuple[int, int, tuple[str, str | None]]]:
    place = 0
    dotted = _ITEM.search(text)
    if dotted is None:
        for run in _WHOLE.finditer(text):
            for found in _WHOLE_ITEM.finditer(text, run.start(1), run.end(1)):
                yield found.start(), found.end(), (found[1], found[2])
        return
    while dotted := _ITEM.search(text, place):
        found = dotted
        first, last = _bare(found[1]), _bare(found[2]) if found[2] else None
        stem = first.rpartition(".")[0]
        if last is not None and last.isdigit():
            last = f"{stem}.{last}"
        yield found.start(), found.end(), (first, last)
        place = found.end()
        # "140.1, 2 and 7": a list goes on with the last part of each number.
        while short := _SHORT.match(text, place):
            yield short.start(1), short.end(1), (f"{stem}.{short[1]}", None)
            place = short.end(1)


def _bare(number: str) -> str:
    return "".join(number.split())


def _marks(text: str) -> list[_Mark]:
    """The answers worded in a text; those joined to one another are one."""
    marks: list[_Mark] = []
    for found in _MARK.finditer(text):
        clause = text[marks[-1].end if marks else 0 : found.start()]
        word = "unclear" if _is_denied(clause, found) else found.lastgroup or ""
        before = text[max(0, found.start() - passive_chars_max) : found.start()]
        backward = bool(_PASSIVE.search(before) or _BACKWARD.match(found[0]))
        if marks and _JOINS.fullmatch(text, marks[-1].end, found.start()):
            marks[-1].words.add(word)
            marks[-1].end = found.end()
        else:
            marks.append(_Mark(found.start(), found.end(), {word}, backward))
    return marks


def _is_denied(before: str, found: re.Match[str]) -> bool:
    """True if a wording may say the opposite, by what stands before it in its sentence."""
    sentence = re.split(r"[.;:](?:\s|$)", before)[-1]
    if found.lastgroup != "supported":
        return re.search(r"\b(?:not|never|neither|nor)\s+(?:\w+\s+)?$", sentence) is not None
    clause = sentence.rpartition(",")[2]
    return bool(_DENIES.search(clause) or _DENIES_ALL.search(sentence))


def _mark_of(numbers: _List, lists: list[_List], marks: list[_Mark]) -> _Mark | None:
    """The answer that a list has: of a wording that answers what stands before it, if it follows
    at once; else of the last before; else of the next."""
    before = [mark for mark in marks if mark.end <= numbers.start]
    after = [mark for mark in marks if mark.start >= numbers.end]
    next_list = next((one.start for one in lists if one.start >= numbers.end), None)
    if after and after[0].backward and (next_list is None or after[0].start < next_list):
        taken = before and not _answers_something(before[-1], lists)
        if not taken:
            return after[0]
    if before:
        return before[-1]
    return after[0] if after else None


def _answers_something(mark: _Mark, lists: list[_List]) -> bool:
    """True if a list stands before a wording that answers backward."""
    return not mark.backward or any(one.end <= mark.start for one in lists)


def _reading(mark: _Mark, text: str, lists: list[_List] | None = None) -> Reading | None:
    """What a wording says, with what its clause adds: in part, done already. None where that is
    unclear."""
    if "unclear" in mark.words:
        return None
    start = max((one.end for one in lists or () if one.end <= mark.start), default=0)
    end = min((one.start for one in lists or () if one.start >= mark.end), default=len(text))
    tail = text[mark.end :] if lists and end == len(text) else text[mark.end : end]
    clause = text[start : mark.end] + tail
    in_part = bool(_IN_PART.search(clause))
    done = bool(_DONE.search(clause))
    if "supported" in mark.words:
        mixed = bool(mark.words & {"noted", "pending"})
        return Reading(Answer.SUPPORTED, in_part or mixed, done)
    if "noted" in mark.words:
        return Reading(Answer.NOTED, False, False)
    return Reading(None)


def _heads(text: str, is_heading: bool) -> bool:
    """True if a block without numbers says what the numbers below it are answered."""
    if not (_MARK.search(text) or read_answer(text)):
        return is_heading
    short = len(text) <= 200 and not text.endswith((".", ";"))
    return is_heading or short or text.endswith(":") or "following" in text.casefold()


def _group(text: str) -> _Group | None:
    """The group that a heading opens; none where it gives no answer, or an unclear one."""
    said = printed(text.rstrip(" :."), label_chars_max)
    if reading := read_answer(text.rstrip(" :.")):
        return _Group(reading, said)
    marks = _marks(text)
    if not marks or _EXCEPTS.search(text):
        return None
    whole = marks[0]
    for mark in marks[1:]:
        whole.words |= mark.words if "supported" not in whole.words else set()
    reading = _reading(whole, text)
    return None if reading is None else _Group(reading, said)
