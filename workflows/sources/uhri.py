"""The export of the Universal Human Rights Index (UHRI), JSON: an array of some 260,000 records; or
the spreadsheet (XLSX) that its search gives, whose rows are read as the same records.

Records are decoded one by one as the file is read, so memory holds one record, and 16 bytes of
each id to notice repeated ones. One record may be addressed to several States: it gives a
SourceRow for each, under the same key. Concerns are read too and are no recommendations (domain
rule 11). Known dirt: a dash before every word of a list, tags and character references in texts,
blank countries, the paragraph's number as the start of its text.

The standard library's decoder is used, not a streaming parser: those at hand crash on a number of
5,000 digits or need memory in the square of the nesting, and the file decides over both.
"""

from __future__ import annotations

import codecs
import datetime
import hashlib
import html
import json
import re
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, NoReturn

from domain.addressees import recognise
from domain.answers import Reading, read_answer
from domain.bodies import recognise_body
from domain.cycles import cycle_of
from domain.entry import is_date, label_chars_max, text_chars_max
from domain.identity import spelt_paragraph, spelt_symbol
from domain.recommendation.elements import Recommender, Term
from domain.words import Kind, Mechanism
from workflows.ohchr_matrix import text_and_states
from workflows.sources import (
    NotThisFormat,
    Read,
    RepeatedRow,
    RowsNotRead,
    SourceRow,
    UnreadableRow,
)
from workflows.sources.table import REFUSALS as TABLE_REFUSALS
from workflows.sources.table import Sheet, affected, printed, read_sheets, sdg, utf_8

file_bytes_max = 2_000_000_000
records_max = 1_000_000
record_chars_max = 4_000_000
chunk_chars = 262_144
listed_max = 1_000
nameless_max = 1_000
"""Records without an id, after which a file is no export."""

THEME_LIST = "2025"
"""The export names no version of its themes. All its records, old ones too, are tagged with the
list in use on the day of the export, and that is the one of 2025."""

REFUSALS = {
    **TABLE_REFUSALS,
    "columns-missing": "This is no spreadsheet of the UHRI: its first row must name the columns "
    "Text, Countries Concerned, Recommending Body, Type and OHCHR Annotation Id.",
    "file-too-large": "The file is larger than 2 GB. Export fewer records.",
    "not-json": "This is no JSON export of the UHRI: a list of records was expected.",
    "several-lists": "The file holds more than one list. Keep the one with the records.",
    "damaged": "The file ends too early or is damaged. Download it again.",
    "record-too-large": "A record is far too large. Download the file again.",
    "nested-too-deep": "A record is nested far too deep. Download the file again.",
    "records-too-many": "The file has more than 1,000,000 records. Export fewer.",
    "no-records": "More than 1,000 records have no AnnotationId: this is no export of the UHRI. "
    "Export it again.",
}

REASONS = {
    "not-a-record": "This is no record of the UHRI. Export it again.",
    "key-missing": "The record has no AnnotationId. Export it again.",
    "kind-unknown": "AnnotationType is neither recommendation nor concern. Record it by hand.",
    "body-unknown": "The body is not known. Record it by hand, with its mechanism.",
    "addressee-missing": "Countries is blank. Look up the document and record it by hand.",
    "addressee-unknown": "A country is not known. Record it by hand, under its code.",
    "text-missing": "There is no text. Look it up in the document and record it by hand.",
    "text-too-long": "The text is longer than a recommendation can be. Record it by hand.",
    "repeated-differently": "This AnnotationId stands in an earlier record with other content. "
    "Compare both with the UHRI and record the right one by hand.",
}

_BLOCK = re.compile(r"</?(?:p|br|div|li|ul|ol|t[drh]|table|h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--[^<>]*-->")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufeff]")
_LIMB = r"(?:\.?\s?\((?:[a-z]|[ivx]{2,4})\))+"
_LETTER = r"[A-ZÀ-ÞА-ЯЁ\u0621-\u064a\u3400-\u9fff«“\"(]"
_WHO = (
    r"(?:The|El|La|Le|Les|Los|It|In|Комитет|Подкомитет|Государство|اللجنة|委员会|缔约国)"
    r"(?![^\W\d_a-z])"
)
_PARAGRAPH = re.compile(
    # 36 (a), 23(a)Build; 140.23. or 6.5) or 49.The, before white space or a capital; 140.23 or 50
    # alone, if no sentence goes on ("2.5 per cent"); a limb alone: (r), r), (iv)
    rf"(\d{{1,3}}(?:\.\d{{1,3}}){{0,2}}{_LIMB})[.):]*\s*"
    rf"|(\d{{1,3}}(?:\.\d{{1,3}}){{0,2}}) ?[.):]+(?:\s+|(?={_LETTER}))"
    r"|(\d{1,3}(?:\.\d{1,3}){1,2})\s+(?![a-z%])"
    rf"|(\d{{1,3}})\s+(?={_WHO}\s)"
    r"|\(?([a-z]|[ivx]{2,4})\)\s*"
)
_HEADED = re.compile(
    # "Rural women 49.The Committee"; the heading is no sentence and counts nothing ("article 12.")
    r"(?P<heading>[^\d\W][^.;:!?\d()]{0,100}?)\s+(?P<number>\d{1,3})"
    rf" ?\.(?:(?={_LETTER})|\s+(?={_WHO}\s))"
)
_COUNTED = re.compile(
    r"\b(?:articles?|art|protocols?|no|nos|numbers?|para|paras|paragraphs?|conventions?|rules?|goals?"
    r"|sections?|chapters?|parts?|sdgs?|targets?|resolutions?|laws?|acts?|ages?|of|to|than|under"
    r"|least|by|in|on|from|and|or|n|artículos?|article|párrafos?|статьи|статья|статью|пункт|пункта"
    r"|المادة|第)$",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[ \t\r\n]*")
_CODED = re.compile(r"([A-Z]\d{1,3})\s+(\S.*)")
_NUMBER = re.compile(r"\d{1,3}")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ][\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?")


class Uhri:
    """The export at `path`, JSON or XLSX, whose texts are in `language`.

    Doubts: "states-missing", "state-not-recognised", "blank-country" (beside one that is not),
    "position-unknown", "position-outside-upr" (none is read, the wording is kept),
    "positions-differ" (read as an answer in part), "cycle-differs" (the session belongs to
    another), "date-unreadable", "sdg-not-recognised", "term-too-long", "terms-too-many"."""

    format = "uhri"
    version = 2

    def __init__(self, path: Path, language: str = "en") -> None:
        self.path, self.language = path, language
        self._done = (0, 0)

    def done(self) -> tuple[int, int]:
        """Bytes read, and bytes there are."""
        return self._done

    def read(self) -> Iterator[Read]:
        """The records in order. Where some countries of a record are known and others not, the
        record is in SourceRows and an UnreadableRow. Raises NotThisFormat with a code of
        `REFUSALS`."""
        size = self.path.stat().st_size
        if size > file_bytes_max:
            raise NotThisFormat("file-too-large", REFUSALS["file-too-large"])
        nameless = 0
        earlier: dict[bytes, int] = {}
        contents = array("Q", [0])
        with self.path.open("rb") as file:
            is_spreadsheet = file.read(len(_PACKAGE)) == _PACKAGE
            file.seek(0)
            sheets = read_sheets(self.path, utf_8) if is_spreadsheet else []
            records = _sheet_records(sheets) if is_spreadsheet else enumerate(_Records(file), 1)
            for count, (number, record) in enumerate(records, 1):
                self._done = (file.tell(), size)
                if count > records_max:
                    raise NotThisFormat("records-too-many", REFUSALS["records-too-many"])
                content = hashlib.blake2b(repr(record).encode("utf-8", "replace"), digest_size=8)
                contents.extend([0] * (number - len(contents)))
                contents.append(int.from_bytes(content.digest(), "big"))
                key = _one(record, "AnnotationId") if isinstance(record, dict) else ""
                if not isinstance(record, dict) or not key or len(key) > label_chars_max:
                    nameless += 1
                    if nameless > nameless_max:
                        raise NotThisFormat("no-records", REFUSALS["no-records"])
                    reason = "key-missing" if isinstance(record, dict) else "not-a-record"
                    yield _unreadable(number, reason, repr(record)[:1000])
                    continue
                id = hashlib.blake2b(key.casefold().encode(), digest_size=16).digest()
                first = earlier.setdefault(id, number)
                if first == number:
                    yield from _rows(number, key, record, self.language)
                elif contents[first] == contents[number]:
                    yield RepeatedRow(number, first)
                else:
                    yield _unreadable(number, "repeated-differently", key)
        yield from _sheets_not_read(sheets[1:])
        self._done = (size, size)


_Json = dict[str, object]


def _rows(number: int, key: str, record: _Json, language: str) -> Iterator[Read]:
    paragraph, text = _text(record.get("Text"))
    kind = _kind(_one(record, "AnnotationType"))
    body = _one(record, "Body")
    known = recognise_body(body)
    countries = list(dict.fromkeys(_many(record, "Countries")))
    for wrong, reason in (
        (kind is None, "kind-unknown"),
        (known is None or len(body) > label_chars_max, "body-unknown"),
        (not any(countries), "addressee-missing"),
        (not text, "text-missing"),
        (len(text) > text_chars_max, "text-too-long"),
    ):
        if wrong:
            yield _unreadable(number, reason, f"{key} {body} {', '.join(countries)}: {text}")
            return
    assert kind
    assert known
    doubts: dict[str, None] = {}
    if "" in countries:
        doubts["blank-country"] = None
    mechanism = known.mechanism
    upr = mechanism is Mechanism.UPR
    states: tuple[str, ...] = ()
    if upr:
        text, states = text_and_states(text, language)
    answer, stood = _answer(_many(record, "UprPositions"), upr, doubts)
    cycle, session = _number(record, "UprCycle"), _number(record, "UprSession")
    if upr and session and cycle and cycle_of(session) not in {None, cycle}:
        doubts["cycle-differs"] = None
    named = tuple(filter(None, _many(record, "UprRecommendingCountry"))) or states
    recommenders = tuple(map(_recommender, named))
    if upr and kind is Kind.RECOMMENDATION and not recommenders:
        doubts["states-missing"] = None
    if any(state.code is None for state in recommenders):
        doubts["state-not-recognised"] = None
    published, terms = _published(record, doubts), _terms(record, doubts)
    for country in filter(None, countries):
        code = _code(country)
        if code is None:
            yield _unreadable(number, "addressee-unknown", f"{key} {country}")
            continue
        yield SourceRow(
            rows=(number,),
            scheme=Uhri.format,
            key=key,
            addressee=code,
            addressee_printed=country,
            kind=kind,
            mechanism=mechanism,
            body=known.code,
            text=text,
            language=language,
            symbol=spelt_symbol(_one(record, "Symbol")[:label_chars_max]) or None,
            paragraph=paragraph,
            cycle=cycle or (cycle_of(session) if upr and session else None),
            session=str(session) if session else None,
            recommenders=recommenders,
            answer=answer.answer,
            in_part=answer.in_part,
            said_already_implemented=answer.said_already_implemented,
            printed=stood,
            terms=terms,
            published=published,
            doubts=tuple(doubts),
        )


def _text(given: object) -> tuple[str | None, str]:
    """The paragraph's number, where the text starts with one, by itself or after a heading, and the
    text without it. Tags go before references are resolved, so that what was printed as "&lt;" is
    no tag."""
    text = given if isinstance(given, str) else ""
    if "<" in text:
        text = _TAG.sub("", _BLOCK.sub(" ", text))
    if "&" in text:
        text = html.unescape(text)
    text = " ".join(_UNPRINTABLE.sub(" ", text.replace("\xad", "")).split())
    text = text.removeprefix("- ")
    if found := _PARAGRAPH.match(text):
        number = next(filter(None, found.groups()))
        return spelt_paragraph(re.sub(r"\.\s?\(", " (", number)), text[found.end() :]
    if (found := _HEADED.match(text)) and not _COUNTED.search(found["heading"]):
        return spelt_paragraph(found["number"]), f"{found['heading']} {text[found.end() :]}"
    return None, text


def _kind(printed: str) -> Kind | None:
    word = printed.casefold()
    if word.startswith(("concern", "observation")):
        return Kind.CONCERN
    return Kind.RECOMMENDATION if word.startswith("recommendation") else None


def _answer(positions: list[str], upr: bool, doubts: dict[str, None]) -> tuple[Reading, str | None]:
    """What the positions of a record say together: several that differ are one in part."""
    stood = printed("; ".join(filter(None, positions)), label_chars_max) or None
    answer = read_answer(stood or "")
    if stood and not upr:
        doubts["position-outside-upr"] = None
    elif answer is None:
        doubts["position-unknown"] = None
    else:
        if len({read_answer(position) for position in positions if position}) > 1:
            doubts["positions-differ"] = None
        return answer, stood
    return Reading(None), stood


def _published(record: _Json, doubts: dict[str, None]) -> str | None:
    """The day of publication; a year before the United Nations is a blank of the database."""
    given = _one(record, "PublicationDate")
    found = _DATE.fullmatch(given)
    if found and is_date(found[1]) and found[1] >= "1945":
        return found[1]
    if given and not given.startswith("0001"):
        doubts["date-unreadable"] = None
    return None


def _terms(record: _Json, doubts: dict[str, None]) -> tuple[Term, ...]:
    found = {}
    for member in ("Themes", "AffectedPersons", "Sdgs"):
        for item in filter(None, _many(record, member)):
            if len(item) > label_chars_max:
                doubts["term-too-long"] = None
                continue
            term = _term(member, item)
            if member == "Sdgs" and term.code is None:
                doubts["sdg-not-recognised"] = None
            found[term.key] = term
    if len(found) > listed_max:
        doubts["terms-too-many"] = None
    return tuple(found.values())[:listed_max]


@lru_cache(maxsize=4096)
def _term(member: str, item: str) -> Term:
    if member == "Sdgs":
        return sdg(item)
    if member == "AffectedPersons":
        return affected(item)
    coded = _CODED.fullmatch(item)
    code, label = (coded[1], coded[2]) if coded else (None, item)
    return Term(vocabulary="theme", version=THEME_LIST, code=code, label=label)


@lru_cache(maxsize=4096)
def _code(name: str) -> str | None:
    return recognise(name[:label_chars_max])


@lru_cache(maxsize=4096)
def _recommender(name: str) -> Recommender:
    return Recommender(printed=name[:label_chars_max], code=_code(name))


def _unreadable(number: int, reason: str, stood: str) -> UnreadableRow:
    return UnreadableRow(number, reason, REASONS[reason], printed(stood))


# Members of a record: a string, a number, null, or a list of them


def _many(record: _Json, member: str) -> list[str]:
    """The first 1,000 words of a member, without their dashes; a blank one is an empty string."""
    value = record.get(member)
    if value is None:
        return []
    return [_word(item) for item in (value if isinstance(value, list) else [value])[:listed_max]]


def _one(record: _Json, member: str) -> str:
    return next(filter(None, _many(record, member)), "")


def _word(value: object) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    text = html.unescape(str(value)) if "&" in str(value) else str(value)
    text = text.replace("\xa0", " ").strip()
    if not text.isprintable():
        text = re.sub("[\ud800-\udfff\x00]", " ", text).strip()
    return text.lstrip("-").lstrip() if text.startswith("-") else text


def _number(record: _Json, member: str) -> int | None:
    found = _NUMBER.search(_one(record, member))
    return int(found[0]) if found and int(found[0]) else None


# The spreadsheet

_PACKAGE = b"PK\x03\x04"
_HEADINGS = {
    "text": "Text",
    "countries concerned": "Countries",
    "recommending body": "Body",
    "document symbol": "Symbol",
    "themes": "Themes",
    "affected persons": "AffectedPersons",
    "sdgs": "Sdgs",
    "document publication date": "PublicationDate",
    "upr recommending states": "UprRecommendingCountry",
    "upr position": "UprPositions",
    "type": "AnnotationType",
    "ohchr annotation id": "AnnotationId",
    "upr session": "UprSession",
    "upr cycle": "UprCycle",
}
"""Columns of the spreadsheet → members of a record. Some headings print "Reccomending"."""

_HEADINGS_NEEDED = {"Text", "Countries", "Body", "AnnotationType", "AnnotationId"}
_RECOMMENDING = re.compile(r"\brecc?omm?ending\b")
_FIRST_DAY = datetime.date(1899, 12, 30)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")


def _sheet_records(sheets: Sequence[Sheet]) -> Iterator[tuple[int, object]]:
    """The rows of the spreadsheet as records of the JSON export, each with its number."""
    (_, heading), *grid = sheets[0].rows if sheets else [(0, [])]
    names = [_HEADINGS.get(_heading(cell), "") for cell in heading]
    if not set(names) >= _HEADINGS_NEEDED:
        raise NotThisFormat("columns-missing", REFUSALS["columns-missing"])
    for number, cells in grid:
        record: _Json = {}
        for name, cell in zip(names, cells, strict=False):
            if name == "PublicationDate":
                record[name] = _day(cell)
            elif name in ("Text", "AnnotationId", "Symbol"):
                record[name] = cell
            elif name:
                record[name] = _items(cell)
        yield number, record


def _sheets_not_read(sheets: Sequence[Sheet]) -> Iterator[Read]:
    """The sheets after the first: the export has one."""
    for sheet in sheets:
        message = "The export has one sheet. Save the others as files of their own."
        yield RowsNotRead(len(sheet.rows), "further-sheet", message, sheet.name)


def _heading(cell: str) -> str:
    return _RECOMMENDING.sub("recommending", " ".join(cell.casefold().split()))


def _items(cell: str) -> list[str]:
    """The items of a cell, one a line. Where they begin with a dash, a line without one goes on
    with the item before it."""
    lines = [line for line in map(str.strip, cell.splitlines()) if line]
    items: list[str] = []
    for line in lines:
        if items and lines[0].startswith("-") and not line.startswith("-"):
            items[-1] = f"{items[-1]} {line}"
        else:
            items.append(line)
    return items


def _day(cell: str) -> str:
    """A date of the spreadsheet, also where its cell holds only the number of the day."""
    serial = _SERIAL.fullmatch(cell)
    return str(_FIRST_DAY + datetime.timedelta(int(serial[1]))) if serial else cell


# The file


class _Records:
    """The members of the array that a file holds, at its top or as the only array of an object.

    `text` is what has been read and not yet used up, from `place` on."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.text, self.place, self.ended = file, "", 0, False
        self.decode = codecs.getincrementaldecoder("utf-8-sig")()
        self.decoder = json.JSONDecoder(parse_constant=self._constant, strict=False)
        self.number = 0

    def __iter__(self) -> Iterator[object]:
        if self._next() == "[":
            yield from self._array()
        elif self._next() == "{":
            yield from self._object()
        else:
            self._refuse("not-json")
        if self._next():
            self._refuse("damaged")

    def _object(self) -> Iterator[object]:
        lists = 0
        self._take("{")
        while True:
            if not isinstance(self._value(), str):
                self._refuse("not-json")
            self._take(":")
            if self._next() == "[":
                lists += 1
                if lists > 1:
                    self._refuse("several-lists")
                yield from self._array()
            else:
                self._value()
            if self._next() != ",":
                break
            self._take(",")
        self._take("}")
        if not lists:
            self._refuse("not-json")

    def _array(self) -> Iterator[object]:
        self._take("[")
        if self._next() != "]":
            while True:
                value = self._value()
                self.number += 1
                yield value
                if self._next() != ",":
                    break
                self._take(",")
        self._take("]")

    def _value(self) -> object:
        """The next value; read on for as long as it is not whole."""
        self._next()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.place)
            except RecursionError:
                self._refuse("nested-too-deep")
            except ValueError as reason:
                if isinstance(reason, NotThisFormat):
                    raise
                end = -1
                value = None
            # A number may go on in what is still to be read.
            if end >= 0 and (end < len(self.text) or self.ended):
                self.place = end
                return value
            if self.ended:
                self._refuse("damaged")
            if len(self.text) - self.place > record_chars_max:
                self._refuse("record-too-large")
            self._fill()

    def _next(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            blank = _BLANKS.match(self.text, self.place)
            self.place = blank.end() if blank else self.place
            if self.place < len(self.text) or self.ended:
                return self.text[self.place : self.place + 1]
            self._fill()

    def _take(self, mark: str) -> None:
        if self._next() != mark:
            self._refuse("damaged")
        self.place += 1

    def _fill(self) -> None:
        chunk = self.file.read(max(chunk_chars, len(self.text) - self.place))
        self.ended = not chunk
        try:
            more = self.decode.decode(chunk, final=self.ended)
        except UnicodeDecodeError:
            self._refuse("damaged")
        self.text, self.place = self.text[self.place :] + more, 0

    def _constant(self, name: str) -> NoReturn:
        self._refuse("damaged")

    def _refuse(self, code: str) -> NoReturn:
        where = f" It happened at record {self.number + 1}." if code != "not-json" else ""
        raise NotThisFormat(code, REFUSALS[code] + where)
