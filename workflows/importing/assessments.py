"""Importing a table of assessments: who judged how far a recommendation is implemented, by which
scheme, when, and where that is written (domain rule 6).

A row never makes a recommendation. What the record has of the same assessor, day and document is
not recorded again; two grades of one day stand side by side, and the second is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from domain.bodies import recognise_body
from domain.entry import Entry, Protected, effective, is_date
from domain.identity import normal_paragraph, normal_symbol, paragraphs_of
from domain.names import folded
from domain.recommendation import Recommendation, implementation
from domain.recommendation.implementation import Assessed
from domain.vocabulary import Resolver
from domain.words import AssessorKind, Mechanism
from workflows.importing.facts import REASONS as OF_NUMBERS
from workflows.importing.facts import Fact, FactsImport
from workflows.importing.matching import NEAR, nearness, plain
from workflows.importing.receipt import (
    Conflict,
    Options,
    Outcome,
    text_differs,
)
from workflows.sources import NotThisFormat, RowsNotRead, UnreadableRow
from workflows.sources.table import (
    REFUSALS,
    CellKind,
    Row,
    code_of,
    fitted,
    kind_of,
    printed,
    rows_under_one_heading,
    utf_8,
)

COLUMNS = {
    "addressee": ("addressee", "state", "country", "state under review"),
    "symbol": ("symbol", "document", "report"),
    "paragraph": ("paragraph", "number", "no", "paragraph number", "recommendation number"),
    "part": ("part", "limb"),
    "text": ("text", "recommendation"),
    "assessor": ("assessor", "assessed by"),
    "assessor_kind": ("assessor kind",),
    "scheme": ("scheme", "assessment scheme"),
    "scheme_version": ("scheme version",),
    "grade": ("grade", "rating", "assessment"),
    "date": ("date", "assessed on"),
    "source": ("source", "assessment document"),
    "finding": ("finding", "comment", "comments", "rationale", "evidence", "evidence quotes"),
}
"""Columns and the headings that name them."""

_NAMES = {heading: name for name, headings in COLUMNS.items() for heading in headings}

TO_WRITE = {
    "paragraph": "paragraph, as 50.1",
    "assessor": "assessor: who judged, as CCPR or Ombudsman",
    "scheme": "scheme: by which scheme, with its version, as hrc-follow-up-2017",
    "grade": "grade: a grade of that scheme",
}
"""What is needed of every row, and what is written there."""

REASONS = {
    **OF_NUMBERS,
    "columns-differ": "The row has another number of fields than the heading row.",
    "cell-missing": "These cells are empty, and are needed: ",
    "addressee-unknown": "The addressee is not known. Write its code, or its name as the UN does.",
    "number-unreadable": "No paragraph number can be read here. Write one number, as 50.1.",
    "assessor-kind-unknown": f"Write in a column assessor_kind one of: {', '.join(AssessorKind)}.",
    "date-unreadable": "Write the date as 2025-04-08, 2025-04 or 2025.",
}

_KINDS = {
    Mechanism.TREATY_BODY: AssessorKind.TREATY_BODY,
    Mechanism.SPECIAL_PROCEDURE: AssessorKind.SPECIAL_PROCEDURE,
    Mechanism.REGIONAL_BODY: AssessorKind.REGIONAL_BODY,
}


class _Unreadable(Exception):
    """`code`: a key of `REASONS`; `more`: what is added to the sentence there."""

    def __init__(self, code: str, more: str = "") -> None:
        super().__init__(code)
        self.code, self.more = code, more


class AssessmentsImport(FactsImport[tuple[list[Row], list[RowsNotRead]]]):
    """An import of assessments."""

    format = "assessments"
    version = 1

    def read(self) -> tuple[list[Row], list[RowsNotRead]]:
        unknown: list[str] = []

        def headed(heading: list[str]) -> list[str]:
            names, others = _columns(heading, self.options)
            unknown[:] = unknown or others
            return names

        found = rows_under_one_heading(self.path, utf_8, headed)
        for name in unknown:
            message = f"“{printed(name, 60)}” is no column of assessments; it is not read."
            self.doubt(1, None, "column-unknown", message)
        return found

    def facts(self, found: tuple[list[Row], list[RowsNotRead]]) -> Iterator[Fact]:
        self._schemes = self.procedures.schemes()
        self._source = _said_source(self.options)
        rows, not_read = found
        for row in rows:
            if (fact := self._of(row)) is not None:
                yield fact
        for read in not_read:
            self.account(read)

    def _of(self, row: Row) -> Fact | None:
        """What a row states; None where that is nothing, which is told."""
        try:
            return self._fact(row)
        except _Unreadable as reason:
            message = f"{REASONS[reason.code]}{reason.more}"
            shown = printed(" | ".join(filter(None, row.cells)))
            self.account(UnreadableRow(row.number, reason.code, message, shown))
            return None

    def _fact(self, row: Row) -> Fact | None:
        cells = fitted(row.cells, len(row.names))
        if len(cells) != len(row.names):
            raise _Unreadable("columns-differ")
        said = {name: "" for name in row.names if name}
        for name, cell in zip(row.names, cells, strict=True):
            if name and cell:
                said[name] = f"{said[name]}\n{cell}".strip()
        if empty := [name for name in TO_WRITE if not said[name]]:
            raise _Unreadable("cell-missing", f"{', '.join(empty)}.")
        addressee = code_of(said["addressee"]) if said.get("addressee") else None
        if said.get("addressee") and addressee is None:
            raise _Unreadable("addressee-unknown")
        state = self.addressee(addressee)
        if state is None:
            self.receipt.count(Outcome.OTHER_STATES)
            self.receipt.other_states += 1
            return None
        symbol = self.document(said.get("symbol") or None)
        known = self.paragraphs(state, symbol)
        numbers = paragraphs_of(said["paragraph"])
        if len(numbers) != 1:
            raise _Unreadable("number-unreadable")
        number = normal_paragraph(numbers[0])
        if number not in known:
            raise _Unreadable("number-not-known")
        cell = cells[row.names.index("paragraph")]
        if kind_of(cell) is CellKind.NUMBER and "." in number and f"{number}0" in known:
            raise _Unreadable("number-cell-unclear")
        kind = _kind(said.get("assessor_kind", ""), said["assessor"])
        source, on = self._source
        source = said.get("source") or source
        on = said.get("date", "").removesuffix("T00:00:00") or on
        if not is_date(on):
            raise _Unreadable("date-unreadable")

        def plan(r: Recommendation, entries: Sequence[Entry]) -> list[Entry]:
            return self._assess(row.number, number, said, kind, source, on, r, entries)

        return Fact(row.number, number, known[number], plan, printed(" | ".join(cells)))

    def _assess(
        self,
        row: int,
        number: str,
        said: dict[str, str],
        kind: AssessorKind,
        source: str,
        on: str,
        r: Recommendation,
        entries: Sequence[Entry],
    ) -> list[Entry]:
        text, language = said.get("text"), self.options.language
        if text and language in r.texts and nearness(text, r, language) < NEAR:
            raise text_differs(number, r, language)
        scheme, version = _scheme(said["scheme"], said.get("scheme_version", ""))
        content = self._schemes.versions.get(f"{scheme}-{version}")
        term = Resolver(content).find(said["grade"], said["grade"]) if content else None
        finding, part = said.get("finding", ""), said.get("part") or None
        stamp = self.stamp(row, effective(on), document=source or None, part=part)
        event = implementation.assess(
            r,
            stamp,
            kind,
            said["assessor"],
            scheme,
            version,
            term.code if term else said["grade"],
            Protected(finding) if finding else None,
            schemes=self._schemes,
        )
        there = [
            e.event
            for e in entries
            if isinstance(e.event, Assessed)
            and r.shows(e.version, self.principal.scope)
            and _name(e.event) == _name(event)
        ]
        alike = [held.finding for held in there if held.grade == event.grade]
        self._desk.log.reveal(finding for finding in alike if finding)
        for found in alike:
            before = "" if found is None else found.text
            if before is None or plain(before) == plain(finding):  # erased, or said again
                return []
            if fuzz.ratio(plain(before), plain(finding)) >= NEAR:
                raise Conflict(
                    "finding-differs",
                    f"{number}: the record has this assessment with nearly the same finding. "
                    "Strike it, if its wording is wrong, and record the right one by hand.",
                )
        if grades := sorted({h.grade for h in there} - {event.grade}):
            message = (
                f"{number}: the record has {', '.join(grades)} of the same assessor, day and "
                f"document; {event.grade} stands beside it. Strike the one that is wrong."
            )
            self.doubt(row, number, "grade-differs", message)
        return self.enter(r, "assess", event)


def _columns(heading: list[str], options: Options) -> tuple[list[str], list[str]]:
    """The columns of a heading row, empty where one is not known, and the headings of those. The
    finding may stand in several."""
    names = [_NAMES.get(folded(name.replace("_", " ")), "") for name in heading]
    unknown = [name for name, known in zip(heading, names, strict=True) if name and not known]
    if repeated := sorted(
        {name for name in names if name not in ("", "finding") and names.count(name) > 1}
    ):
        raise NotThisFormat(
            "heading-repeated", f"{REFUSALS['heading-repeated']} {', '.join(repeated)}."
        )
    missing = [said for name, said in TO_WRITE.items() if name not in names]
    if "addressee" not in names and options.state is None:
        missing.append("addressee: the State, as XAA (or --state)")
    if "symbol" not in names and options.document is None:
        missing.append("symbol: the document whose paragraphs are meant (or --document)")
    source, on = _said_source(options)
    if "date" not in names and not on:
        missing.append("date: of the assessment (or --document-date SYMBOL=DATE)")
    if "source" not in names and not source:
        missing.append("source: the document that it stands in (or --document-date SYMBOL=DATE)")
    if missing:
        raise NotThisFormat(
            "columns-missing", f"{REFUSALS['columns-missing']} Missing: {'; '.join(missing)}."
        )
    return names, unknown


def _said_source(options: Options) -> tuple[str, str]:
    """The document that gives the assessments of the file, and its date, where the options say
    both."""
    dates = options.document_dates
    return next(iter(dates.items())) if len(dates) == 1 else ("", "")


def _scheme(named: str, version: str) -> tuple[str, str]:
    """A scheme and its version, which one cell may hold: "hrc-follow-up-2017"."""
    scheme = "-".join(named.casefold().split())
    if version:
        return scheme, version
    scheme, _, version = scheme.rpartition("-")
    return scheme or version, version if scheme else ""


def _kind(named: str, assessor: str) -> AssessorKind:
    """What sort of assessor it is: as named, else that of a body that is known."""
    if not named:
        body = recognise_body(assessor)
        if body is None or body.mechanism not in _KINDS:
            raise _Unreadable("assessor-kind-unknown")
        return _KINDS[body.mechanism]
    try:
        return AssessorKind("-".join(named.casefold().replace("-", " ").split()))
    except ValueError:
        raise _Unreadable("assessor-kind-unknown") from None


def _name(event: Assessed) -> tuple[str | None, ...]:
    """By what two assessments are of one assessor, scheme, day, document and part."""
    source = event.stamp.source
    document = source.document if source else None
    return (
        plain(event.assessor),
        event.scheme,
        event.scheme_version,
        event.stamp.effective.order,
        normal_symbol(document or ""),
        event.stamp.part,
    )
