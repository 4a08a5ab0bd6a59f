"""Sources: files as their makers publish them, read into one shape and nothing else.

A reader yields what it makes of each row in the file's order, one after the other, so that a file
of any size is read in bounded memory; every row of the file is in something that it yields. What a
file holds is a claim by its makers: kept as printed, and what can't be right gets a doubt (a stable
code), never a repair. Whether a row is news is not decided here (`workflows.importing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec

from domain.recommendation.elements import Recommender, Term
from domain.words import Answer, Kind, Mechanism


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One recommendation, as a source tells it.

    `rows`: the rows of the file it is made of, 1-based, the heading row counted (records of a JSON
    file: 1-based). `scheme` and `key`: the source's own name for it; where `is_content_key`, the
    key was made from the content, so that an edited row is another one. `addressee`: code, None
    where the printed name is not recognised. `answer`: None where there is none yet. `printed`: the
    wording of the position; `in_part`: the answer is given to a part only;
    `said_already_implemented`: the State's claim.
    `published`: ISO date of the document. `doubts`: stable codes. `paragraph_is_number`: the
    paragraph came from a number cell of a spreadsheet, so 50.1 may be 50.10.
    """

    rows: tuple[int, ...]
    scheme: str
    key: str
    is_content_key: bool = False
    addressee: str | None
    addressee_printed: str
    kind: Kind = Kind.RECOMMENDATION
    mechanism: Mechanism = Mechanism.UPR
    body: str = "UPR"
    text: str
    language: str = "en"
    symbol: str | None = None
    paragraph: str | None = None
    paragraph_is_number: bool = False
    cycle: int | None = None
    session: str | None = None
    recommenders: tuple[Recommender, ...] = ()
    answer: Answer | None = None
    printed: str | None = None
    in_part: bool = False
    said_already_implemented: bool = False
    terms: tuple[Term, ...] = ()
    published: str | None = None
    doubts: tuple[str, ...] = ()


class UnreadableRow(msgspec.Struct, frozen=True):
    """A row that needs a person. `reason`: a stable code; `message`: what to do; `printed`: what
    stood there, cut short."""

    row: int
    reason: str
    message: str
    printed: str = ""


class RepeatedRow(NamedTuple):
    """A row that says again, word for word, what an earlier one said: counted apart."""

    row: int
    repeats: int


class RowsNotRead(NamedTuple):
    """Rows of the file that this reader does not read (a second sheet, a table without heading
    row): how many, and why. `reason`: a stable code; `message`: what to do; `printed`: what stood
    at their head."""

    rows: int
    reason: str
    message: str
    printed: str = ""


Read = SourceRow | UnreadableRow | RepeatedRow | RowsNotRead


class NotThisFormat(ValueError):
    """The file as a whole can't be read as this format. `code` is stable; the message says what to
    do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Reader(Protocol):
    """What every source offers: its name and version, and its rows. `version` is raised when the
    same file would be read differently."""

    format: str
    version: int

    def read(self) -> Iterator[Read]:
        """The rows of the file in order. Every row of the file is accounted for: it is in the
        `rows` of one SourceRow, or unreadable, or a repeated one, or among RowsNotRead. Raises
        NotThisFormat."""

    def done(self) -> tuple[int, int]:
        """How much was read and how much there is, in bytes or rows: for a progress bar."""
