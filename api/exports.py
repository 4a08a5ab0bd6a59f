"""What the record says, to take away: lists, the matrix with its last column, worklists.

The same for the command line and for `GET /exports/…`: whoever asks gets what they may read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.authentication import authenticated
from api.conditions import names, read_where
from api.context import Context, Reading
from api.lanes import in_lane
from api.service import Service
from domain.addressees import addressee as find_addressee
from domain.aggregates import CASES
from domain.casework import Case
from domain.entry import Protected
from domain.recommendation import Recommendation
from domain.recommendation.implementation import DeclaredImplemented
from domain.recommendation.position import PositionTaken
from domain.recommendation.progress import ProgressPublished
from domain.refusals import InvalidInput, NotFound
from domain.words import Mechanism
from projections import cases, history, register
from projections.ration import without_end
from projections.recommendations import Where
from workflows.exporting.cells import Sees, seen
from workflows.exporting.event_logs import TOLD, Life, write_ocel, write_xes
from workflows.exporting.matrix import write_matrix
from workflows.exporting.sheets import csv_lines, write_xlsx
from workflows.exporting.worklist import write_worklist
from workflows.files import chunk_bytes

page_rows = 500
rows_max = 300_000


class Export(StrEnum):
    """What can be taken away, named by format."""

    CSV = "csv"
    XLSX = "xlsx"
    OHCHR_MATRIX = "ohchr-matrix"
    WORKLIST = "worklist"
    OCEL = "ocel"
    XES = "xes"


MEDIA = {
    Export.CSV: ("text/csv; charset=utf-8", "{of}s.csv"),
    Export.XLSX: (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "{of}s.xlsx",
    ),
    Export.OHCHR_MATRIX: (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "matrix.docx",
    ),
    Export.WORKLIST: (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "worklist.xlsx",
    ),
    Export.OCEL: ("application/json", "history.jsonocel"),
    Export.XES: ("application/xml", "history.xes"),
}


def kind_of(word: str) -> type[Case]:
    """The aggregate whose cases a word names; refuses another word."""
    if word not in CASES:
        raise InvalidInput(f"`of`: “{word[:40]}” is none of {', '.join(CASES)}.", field="of")
    return CASES[word]


def conditions_of(word: str) -> type[Any]:
    """The conditions that the list of an aggregate takes."""
    return cases.LISTS[kind_of(word)].where


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases are exported, `of` one aggregate, by its word, and how. `layout`: of the matrix,
    2 to 4."""

    of: str = "recommendation"
    where: Any = None
    language: str = "en"
    layout: Annotated[int, msgspec.Meta(ge=2, le=4)] | None = None

    def __post_init__(self) -> None:
        if self.where is None:
            msgspec.structs.force_setattr(self, "where", conditions_of(self.of)())

    @property
    def kind(self) -> type[Case]:
        """The aggregate whose cases are exported."""
        return kind_of(self.of)

    def reading(self, context: Context, log_index: int | None) -> Reading:
        """What it is read from: the record as of now, or of a log index."""
        whose = self.where.addressee
        return context.at(log_index=log_index, addressees=None if whose is None else [*whose])

    def one(self, name: str) -> Any:
        """The value of a condition that has exactly one; None otherwise."""
        values = getattr(self.where, name)
        return values[0] if values and len(values) == 1 else None


HOW = ("of", "language", "layout", "logIndex")
"""Parameters that are no conditions."""

OF_RECOMMENDATIONS = {Export.OHCHR_MATRIX, Export.WORKLIST, Export.OCEL}
"""Formats that are not of one kind of case: forms about recommendations, and the log of all there
is beside them."""

OF_A_MATRIX = {"addressee", "cycle", "symbol", "institution", "search", "today"}
"""Conditions that a matrix takes: it is the list of one review."""


def write(reading: Reading, format: Export, asked: Asked, out: Path) -> None:
    """Writes an export to a file."""
    sees, kind = reading.scope.reads, asked.kind
    if kind is not Recommendation and format in OF_RECOMMENDATIONS:
        raise InvalidInput(f"The format {format} is of recommendations: leave `of` out.")
    if format is Export.CSV:
        with out.open("wb") as file:
            file.writelines(csv_lines(_all(reading, asked), asked.language, sees=sees, of=kind))
    elif format is Export.XLSX:
        write_xlsx(_all(reading, asked), out, asked.language, sees=sees, of=kind)
    elif format is Export.WORKLIST:
        institution = asked.one("institution")
        if institution is None:
            raise InvalidInput("A worklist is one institution's: name it.")
        write_worklist(
            _all(reading, asked), institution, out, asked.language, log_index=reading.last
        )
    elif format is Export.OCEL:
        with out.open("wb") as file:
            write_ocel(
                chain(
                    _beside(reading, asked, others=False),
                    _lives(reading, asked),
                    _beside(reading, asked, others=True),
                ),
                file,
            )
    elif format is Export.XES:
        with out.open("wb") as file:
            write_xes(_lives(reading, asked), file)
    else:
        _write_matrix(reading, asked, out)


def _all(reading: Reading, asked: Asked) -> Iterator[Any]:
    return chain.from_iterable(_pages(reading, asked))


def _pages(reading: Reading, asked: Asked) -> Iterator[list[Any]]:
    where, found = msgspec.structs.replace(asked.where, today=reading.today), 0
    for page in cases.LISTS[asked.kind].pages(reading.connection, reading.scope, where):
        found += len(page)
        reading.ration.read(len(page))
        if found > rows_max:
            raise InvalidInput(f"An export has {rows_max:,} rows at most; narrow it down.")
        yield page


# --- Event logs ----------------------------------------------------------------------------------


def _lives(reading: Reading, asked: Asked) -> Iterator[Life]:
    """The cases asked for, with their histories."""
    for page in _pages(reading, asked):
        yield from _told(reading, page)


def _beside(reading: Reading, asked: Asked, *, others: bool) -> Iterator[Life]:
    """What else is told of the States asked for, or of all: reviews, institutions, reports; or
    other cases."""
    states = asked.where.addressee
    for shelf in (one for one in register.SHELVES if one.type in TOLD and one.is_case is others):
        of = [] if states is None else [shelf.table.c.addressee.in_(states)]
        for page in shelf.pages(reading.connection, reading.scope, of):
            yield from _told(reading, page)


def _told(reading: Reading, states: Sequence[Any]) -> Iterator[Life]:
    ids = [state.id for state in states]
    found = history.without_texts(reading.log, reading.scope, ids, reading.last)
    return (Life(state, found[state.id]) for state in states)


# --- The matrix ----------------------------------------------------------------------------------


def _write_matrix(reading: Reading, asked: Asked, out: Path) -> None:
    state = asked.one("addressee")
    if state is None or (asked.one("cycle") is None and asked.one("symbol") is None):
        raise InvalidInput("A matrix is of one review: name the State and the cycle.")
    said = {name for name in Where.__struct_fields__ if getattr(asked.where, name) is not None}
    if said - OF_A_MATRIX:
        taken = ", ".join(sorted(OF_A_MATRIX - {"today"}))
        raise InvalidInput(f"A matrix is the list of one review and takes only {taken}.")
    states = [r for r in _all(reading, asked) if r.mechanism is Mechanism.UPR]
    if not states:
        raise NotFound("There are no recommendations of that review.")
    first = states[0]
    known = find_addressee(state)
    says = _says(reading, states)
    session = first.session or ""
    cycle = first.cycle or 0
    write_matrix(
        states,
        lambda r: says(r)[0],
        out,
        state_name=known.name if known else state,
        cycle=cycle,
        session=int(session) if session.isdecimal() else 0,
        layout=asked.layout or {2: 2, 3: 3}.get(cycle, 4),  # type: ignore[arg-type]
        cited=lambda r: says(r)[1],
    )


def _says(
    reading: Reading, states: Sequence[Recommendation]
) -> Callable[[Recommendation], tuple[str, str]]:
    """What the State says of the implementation, and where its position is written."""
    log = reading.log
    told: dict[str, tuple[str, str]] = {}
    for i in range(0, len(states), page_rows):
        some = states[i : i + page_rows]
        found = history.histories(
            log, reading.scope, [r.id for r in some], reading.last, reading.effective_on
        )
        for r in some:
            told[r.id.hex] = _of_one(r, found[r.id], reading.scope.reads)
    return lambda r: told[r.id.hex]


def _of_one(r: Recommendation, entries: Sequence[Any], sees: Sees) -> tuple[str, str]:
    lines: list[str] = []
    cited = ""
    taken = r.current_position()
    for entry in entries:
        event = entry.event
        if isinstance(event, ProgressPublished):
            on = event.period_to or entry.stamp.effective.on
            lines.append(f"{f'{on}: ' if on else ''}{_text(event.narrative)}")
        elif isinstance(event, DeclaredImplemented) and r.stands(entry.version):
            on = entry.stamp.effective.on
            said = _text(event.statement) if event.statement else ""
            lines.append(
                " ".join(filter(None, [f"Implemented ({on})." if on else "Implemented.", said]))
            )
        elif isinstance(event, PositionTaken) and taken and entry.version == taken.version:
            source = entry.stamp.source
            if source and source.document:
                cited = source.paragraph or source.document
    standing = {a.id for a in r.standing}
    shown = (a.institution for a in seen(r, sees) if a.id in standing)
    bound = "; ".join(dict.fromkeys(shown))
    if bound:
        lines.insert(0, f"Responsible: {bound}.")
    return "\n".join(lines), cited


def _text(text: Protected) -> str:
    if text.text is None:
        return "[missing]" if text.erased_by is None else "[erased]"
    return text.text


# --- Over HTTP -----------------------------------------------------------------------------------


async def get_export(request: Request) -> Response:
    """`GET /exports/{format}?addressee=SVN&cycle=3&overdue=true`: the file, by the conditions of
    lists, as of now or of `?logIndex=`. `state` is another name for `addressee`."""
    service: Service = request.app.state.service
    principal = await authenticated(request, service)
    said = request.query_params.multi_items()
    given = {name: value for name, value in said if name in HOW}
    conditions = [
        ("addressee" if name == "state" else name, value) for name, value in said if name not in HOW
    ]
    at = given.pop("logIndex", None)
    try:
        format = Export(request.path_params["format"])
        how = msgspec.convert(given, Asked, strict=False)
        index = None if at is None else int(at)
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidInput(f"That can't be exported: {error}.") from None
    known = names(conditions_of(how.of))
    if unknown := {name for name, _ in conditions}.difference(known):
        there = ", ".join((*known, "state", *HOW))
        raise InvalidInput(f"“{min(unknown)[:40]}” is no parameter; there are {there}.")
    asked = msgspec.structs.replace(how, where=read_where(conditions_of(how.of), conditions))
    media, name = MEDIA[format]
    name = name.format(of=asked.of)

    ration = service.ration(service.settings.export_seconds_max)
    ration.rows_max = without_end  # an export has a bound of its own, in rows

    def made() -> BinaryIO:
        context = Context(service, principal, ration)
        try:
            # The folder goes before the answer does: the open file is all that is left of it.
            with tempfile.TemporaryDirectory(prefix="suivi-", ignore_cleanup_errors=True) as folder:
                place = Path(folder) / name
                write(asked.reading(context, index), format, asked, place)
                return place.open("rb")
        finally:
            context.close()

    file = await in_lane(service.lanes.exports, principal.key, made, request, ration)
    return _Sent(file, media, name)


class _Sent(StreamingResponse):
    """An open file, sent as an attachment and closed, also when the caller has hung up or asked
    for the headers alone."""

    def __init__(self, file: BinaryIO, media_type: str, name: str) -> None:
        self._file = file
        super().__init__(
            iter(lambda: file.read(chunk_bytes), b""),
            media_type=media_type,
            headers={
                "Content-Length": str(os.fstat(file.fileno()).st_size),
                "Content-Disposition": f"attachment; filename={name}",
                "Cache-Control": "no-store",
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()
