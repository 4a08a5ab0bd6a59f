"""Importing: files become recommendations; what is recorded already is not news.

Each format has its reader and its way of comparing; all give the same receipt and leave the same
trace, a run (`domain.import_run`) whose id is the batch of everything it recorded.
"""

from __future__ import annotations

import tempfile
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.entry import named
from domain.languages import language
from domain.refusals import InvalidInput
from workflows.access import Principal, authorise
from workflows.as_history import RIGHT
from workflows.desk import Desk
from workflows.importing.answers import AnswersImport
from workflows.importing.assessments import AssessmentsImport
from workflows.importing.facts import FactsImport
from workflows.importing.lists import ListImport
from workflows.importing.lookups import Lookups
from workflows.importing.matrix import MatrixImport
from workflows.importing.receipt import Options, Outcome, Positions, Progress, Receipt, RowNote
from workflows.importing.sources import SourceImport
from workflows.importing.worklist import WorklistImport
from workflows.sources import Reader
from workflows.sources.table import Table
from workflows.sources.uhri import Uhri
from workflows.sources.upr_info import UprInfo
from workflows.sources.wg_report import read_report

__all__ = [
    "Format",
    "Import",
    "Lookups",
    "Options",
    "Outcome",
    "Positions",
    "Progress",
    "Receipt",
    "RowNote",
    "authorise_import",
]


class Format(StrEnum):
    """The format of a file."""

    OHCHR_MATRIX = "ohchr-matrix"
    """the OHCHR's thematic list of a review's recommendations, DOCX or spreadsheet"""
    WG_REPORT = "wg-report"
    """a Working Group report of the UPR with its list of recommendations, DOCX"""
    UPR_INFO = "upr-info"
    """UPR Info's export, CSV or spreadsheet"""
    UHRI = "uhri"
    """the Universal Human Rights Index's export, JSON"""
    TABLE = "table"
    """a plain table with a documented heading row, CSV or spreadsheet"""
    ANSWERS = "answers"
    """a State's answers by number, as an addendum gives them: DOCX, text, CSV or spreadsheet"""
    ASSESSMENTS = "assessments"
    """a table of assessments by number: assessor, scheme and grade, CSV or spreadsheet"""
    LISTS = "lists"
    """Suivi's own list, CSV or XLSX, changed and brought back"""
    WORKLIST = "worklist"
    """a focal point's worklist, filled in"""


def authorise_import(
    principal: Principal, format: Format, state: str | None, *, as_history: bool
) -> None:
    """Refuses a principal who may not import a file of this format, before anything is read."""
    authorise(principal, "fill-in-worklist" if format is Format.WORKLIST else "import", state)
    if as_history:
        authorise(principal, RIGHT, state)


_FACTS: dict[Format, type[FactsImport[Any]]] = {
    Format.ANSWERS: AnswersImport,
    Format.ASSESSMENTS: AssessmentsImport,
    Format.LISTS: ListImport,
}
"""Formats that state facts about recommendations which the record has."""


class Import:
    """Imports files on behalf of a principal."""

    def __init__(self, desk: Desk, lookups: Lookups, principal: Principal) -> None:
        self._desk = desk
        self._lookups = lookups
        self._principal = principal

    def run(
        self,
        source: bytes | Path,
        options: Options,
        *,
        format: Format = Format.OHCHR_MATRIX,
        dry_run: bool = False,
        progress: Progress | None = None,
        batch: UUID | None = None,
    ) -> Receipt:
        """Imports one file and gives the receipt; a dry run records nothing. A matrix and a
        worklist's row are taken all or nothing, the large sources chunk by chunk. `batch`: the id
        of the run, a new one where none is given.

        Refuses a file that is not of this format, one of which nobody says what it is about, and
        texts in a language that is none or clearly is another one.
        """
        language(options.language)
        if options.as_history is not None:
            authorise(self._principal, RIGHT, options.state)
            named(options.as_history.reference)
            if format is Format.WORKLIST:
                raise InvalidInput(
                    "A worklist contains steps and no history: leave the authority out."
                )
        mine = self._desk, self._lookups, self._principal
        if format is Format.OHCHR_MATRIX:
            return MatrixImport(*mine).run(
                source, options, dry_run=dry_run, progress=progress, batch=batch
            )
        if format is Format.WG_REPORT:
            read = partial(read_report, document=options.document)
            return MatrixImport(*mine, read, format.value).run(
                source, options, dry_run=dry_run, progress=progress, batch=batch
            )
        if isinstance(source, bytes):
            with tempfile.NamedTemporaryFile(suffix=".import") as file:
                file.write(source)
                file.flush()
                return self.run(
                    Path(file.name),
                    options,
                    format=format,
                    dry_run=dry_run,
                    progress=progress,
                    batch=batch,
                )
        if format is Format.WORKLIST:
            return WorklistImport(self._desk, self._principal).run(
                source, options, dry_run=dry_run, progress=progress, batch=batch
            )
        if format in _FACTS:
            importing = _FACTS[format](
                *mine, source, options, dry_run=dry_run, progress=progress, batch=batch
            )
            return importing.run()
        reader = _reader(source, format, options)
        return SourceImport(*mine).run(
            source, reader, options, dry_run=dry_run, progress=progress, batch=batch
        )


def _reader(path: Path, format: Format, options: Options) -> Reader:
    if format is Format.UHRI:
        return Uhri(path, options.language)
    if format is Format.TABLE:
        return Table(path, options.language, options.state)
    if options.language != "en":
        raise InvalidInput("UPR Info's export is in English; leave --language out.")
    return UprInfo(path)
