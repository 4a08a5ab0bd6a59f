"""Importing facts about recommendations that the record has: answers, assessments, corrections.

A fact whose recommendation is not in the record is told, and never makes one. A fact that
contradicts the record without being later is a conflict: it is listed, and a person decides.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

from domain.casework import CaseEvent
from domain.entry import Effective, Entry, Protected, Source, Stamp
from domain.identity import natural_order, normal_paragraph
from domain.recommendation import Recommendation, fold
from domain.recommendation.receiving import Received
from domain.refusals import InvalidInput, NotFound, Refusal, StaleVersion
from workflows.access import Principal, authorise, may_read
from workflows.desk import Desk
from workflows.importing.door import NEEDS_DECISION, Door
from workflows.importing.lookups import Lookups
from workflows.importing.receipt import Conflict, Options, Outcome, Progress, Receipt, RowNote
from workflows.importing.run import Run
from workflows.sources import NotThisFormat, RepeatedRow, RowsNotRead, UnreadableRow

chunk_facts = 500
attempts_max = 3
range_numbers_max = 1_000

Found = TypeVar("Found")

REASONS = {
    "number-not-known": "The document has no such paragraph in the record. Check the number, or "
    "import the report first.",
    "number-cell-unclear": "The cell is a number, which can't tell apart paragraphs as 50.1 and "
    "50.10. Format the column as text and type the number again.",
}
"""Why a number of a row names no recommendation."""


class NotAskedFor(Exception):
    """What a file states is of a State that is not asked for."""


class Fact(NamedTuple):
    """What a file states of one recommendation that the principal may read. `plan` gives the
    entries that record it, none where the record has it, as far as that may be read; raises
    `Conflict`, `NotAskedFor`, or a refusal."""

    row: int
    name: str
    id: UUID
    plan: Callable[[Recommendation, Sequence[Entry]], list[Entry]]
    printed: str = ""


Planned = list[Entry] | Refusal | Conflict | NotAskedFor
"""What came of a fact: its entries, or why there are none."""


class FactsImport(ABC, Generic[Found]):
    """One import of facts on behalf of a principal: one run, its receipt, chunk by chunk. A format
    says how its file is read, and what it states. `version`: raised when the same file would be
    read differently."""

    format: ClassVar[str]
    version: ClassVar[int]

    def __init__(
        self,
        desk: Desk,
        lookups: Lookups,
        principal: Principal,
        path: Path,
        options: Options,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
        batch: UUID | None = None,
    ) -> None:
        if options.state is not None:
            authorise(principal, "import", options.state)
        self.lookups = lookups
        self.principal = principal
        self.path = path
        self.options = options
        self.procedures = desk.procedures.for_a_file()
        self.receipt = Receipt(
            format=self.format,
            parser_version=self.version,
            language=options.language,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            size=path.stat().st_size,
            addressee=options.state or "",
            document=options.document,
            dry_run=dry_run,
        )
        self._desk = desk
        self._run = Run(desk, principal, self.receipt, options, batch=batch)
        self.door = Door(self.procedures, principal, lambda: self._run.command, options.as_history)
        self._progress = progress
        self._paragraphs: dict[tuple[str, str], dict[str, UUID]] = {}

    def run(self) -> Receipt:
        """Records what is new of the file, chunk by chunk, and gives the receipt. Each row is
        changed (it states something new), same, undecided (a conflict), repeated, unreadable, not
        read, or of a State not asked for."""
        try:
            found = self.read()
        except NotThisFormat as problem:
            raise InvalidInput(str(problem), reason=problem.code) from None
        return self._record(list(self.facts(found)))

    @abstractmethod
    def read(self) -> Found:
        """What the file holds. Raises NotThisFormat."""

    @abstractmethod
    def facts(self, found: Found) -> Iterable[Fact]:
        """What that states, in the file's order; accounts for the rows that state nothing."""

    def enter(self, r: Recommendation, step: str, event: CaseEvent) -> list[Entry]:
        """The entries of a step, by the door of files. Raises Conflict where it is left to
        people."""
        if (why := self.door.judge(r, step, event).why) is not None:
            raise Conflict(NEEDS_DECISION, why)
        return self.door.enter(r, step, event)

    # -- rows that state nothing

    def account(self, read: UnreadableRow | RepeatedRow | RowsNotRead) -> None:
        """Counts a row that gives no fact."""
        receipt = self.receipt
        if isinstance(read, RowsNotRead):
            receipt.leave(read.rows, read.reason, read.message, read.printed)
            return
        if isinstance(read, RepeatedRow):
            receipt.count(Outcome.REPEATED)
            receipt.repeated += 1
            return
        receipt.count(Outcome.UNREADABLE)
        receipt.unreadable += 1
        note = RowNote(read.row, None, read.reason, read.message, read.printed)
        receipt.note(receipt.unreadable_rows, note)

    def doubt(self, row: int, paragraph: str | None, code: str, message: str) -> None:
        """Lists a doubt."""
        self.receipt.note(self.receipt.doubts, RowNote(row, paragraph, code, message))

    # -- which recommendation

    def addressee(self, said: str | None) -> str | None:
        """The addressee of a row; None where it is of a State that is not asked for."""
        state = said or self.options.state
        if state is None:
            raise InvalidInput("The file does not say whom it addresses: give --state SVN.")
        if self.options.state not in (None, state):
            return None
        if self.principal.addressees and state not in self.principal.addressees:
            return None
        authorise(self.principal, "import", state)
        return state

    def document(self, said: str | None) -> str:
        """The symbol of the document whose numbers a row means."""
        symbol = said or self.options.document
        if symbol is None:
            raise InvalidInput(
                "The file does not say which document's numbers it means: give the report's "
                "symbol, --document A/HRC/59/15."
            )
        return symbol

    def paragraphs(self, addressee: str, symbol: str) -> dict[str, UUID]:
        """The paragraphs of a document that the record has, in their natural order."""
        key = addressee, symbol
        if key not in self._paragraphs:
            found = self.lookups.paragraphs_of(self.principal.scope, symbol, addressee)
            if not found:
                raise InvalidInput(
                    f"The record has no recommendation to {addressee} of {symbol[:100]}. Check "
                    "the symbol, or import that document first."
                )
            ordered = sorted(found, key=lambda number: (natural_order(number), number))
            self._paragraphs[key] = {number: found[number] for number in ordered}
        return self._paragraphs[key]

    # -- recording

    def _record(self, facts: Sequence[Fact]) -> Receipt:
        """Records what is new of the facts, chunk by chunk, and ends the run."""
        receipt = self.receipt
        receipt.paragraphs = len({fact.id for fact in facts})
        try:
            for i in range(0, len(facts), chunk_facts):
                self._take(facts[i : i + chunk_facts])
                if self._progress is not None:
                    self._progress("importing", min(i + chunk_facts, len(facts)), len(facts))
        except Refusal as refusal:
            self._run.fail(refusal)
            raise
        if not receipt.dry_run:
            self._run.record([], is_last=True)
        return receipt

    def _take(self, facts: Sequence[Fact]) -> None:
        for attempt in range(attempts_max):
            entries, outcomes = self._plan(facts)
            if not self.receipt.dry_run:
                try:
                    self._run.record(entries)
                except StaleVersion:
                    if attempt + 1 == attempts_max:
                        raise
                    continue
            for fact, outcome in zip(facts, outcomes, strict=True):
                self._count(fact, outcome)
            return

    def _plan(self, facts: Sequence[Fact]) -> tuple[list[Entry], list[Planned]]:
        histories: dict[UUID, list[Entry]] = {fact.id: [] for fact in facts}
        for entry in self._desk.log.history(list(histories)):
            histories[entry.stream].append(entry)
        planned: list[Entry] = []
        outcomes: list[Planned] = []
        for fact in facts:
            history = histories[fact.id]
            try:
                if not history or not isinstance(history[0].event, Received):
                    raise NotFound("The record has no recommendation of this id.")
                r = fold(history)
                assert r is not None
                if not may_read(self.principal, r):
                    raise NotFound("The record has no recommendation of this id.")
                self._run.tells_of(r.visibility)
                made = fact.plan(r, history)
            except (Refusal, Conflict, NotAskedFor) as reason:
                outcomes.append(reason)
                continue
            history.extend(made)
            planned.extend(made)
            outcomes.append(made)
        return planned, outcomes

    def _count(self, fact: Fact, outcome: Planned) -> None:
        receipt = self.receipt
        if isinstance(outcome, NotAskedFor):
            receipt.count(Outcome.OTHER_STATES)
            receipt.other_states += 1
        elif isinstance(outcome, Conflict):
            receipt.count(Outcome.UNDECIDED)
            receipt.undecided += 1
            note = RowNote(fact.row, fact.name, outcome.reason, outcome.message, fact.printed)
            receipt.note(receipt.conflicts, note)
        elif isinstance(outcome, Refusal):
            receipt.count(Outcome.UNREADABLE)
            receipt.unreadable += 1
            code = outcome.code.lower().replace("_", "-")
            note = RowNote(
                fact.row, fact.name, code, f"{fact.name}: {outcome.message}", fact.printed
            )
            receipt.note(receipt.unreadable_rows, note)
        elif outcome:
            receipt.count(Outcome.CHANGED)
            receipt.changed += 1
            what = ", ".join(dict.fromkeys(e.event.topic.split(".")[1] for e in outcome))
            note = RowNote(fact.row, fact.name, what, f"{fact.name}: {what}")
            receipt.note(receipt.changes, note)
        else:
            receipt.count(Outcome.SAME)
            receipt.same += 1

    def stamp(
        self,
        row: int,
        when: Effective,
        *,
        document: str | None,
        paragraph: str | None = None,
        part: str | None = None,
        reason: str | None = None,
    ) -> Stamp:
        """The circumstances of an entry."""
        return Stamp(
            command=self._run.command,
            speaker=self.principal.speaker(),
            effective=when,
            source=Source(
                document=document,
                paragraph=paragraph,
                language=self.options.language,
                sha256=self.receipt.sha256,
                row=row,
            ),
            part=part,
            reason=Protected(reason) if reason else None,
            batch=self._run.id,
        )


def spread(first: str, last: str | None, known: Sequence[str]) -> tuple[list[str], list[str]]:
    """The numbers of a range: those that the document has, in its natural order, and those that
    the range names or steps over and that the document does not have. Raises ValueError where its
    ends stand in the wrong order or lie far apart."""
    start = normal_paragraph(first)
    if last is None:
        return ([start], []) if start in known else ([], [start])
    end = normal_paragraph(last)
    if natural_order(end) < natural_order(start):
        raise ValueError("range-reversed")
    within = [
        number
        for number in known
        if natural_order(start) <= natural_order(number) <= natural_order(end)
    ]
    stem, _, a = start.rpartition(".")
    other, _, b = end.rpartition(".")
    expected = [start, end]
    if stem == other and a.isdecimal() and b.isdecimal():
        if int(b) - int(a) >= range_numbers_max:
            raise ValueError("range-too-long")
        expected = [f"{stem}.{n}".lstrip(".") for n in range(int(a), int(b) + 1)]
    return within, [number for number in dict.fromkeys(expected) if number not in known]
