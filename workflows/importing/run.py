"""The run of an import, as the log tells it: begun with the first entry it records, and ended."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import msgspec

from domain import import_run
from domain.entry import NARROWNESS, Entry, Source, Stamp, Visibility
from domain.import_run import (
    ImportCount,
    ImportNote,
    ImportOption,
    ImportRun,
    start_import,
    value_chars_max,
)
from domain.refusals import Refusal
from workflows.access import Principal
from workflows.desk import Command, Desk
from workflows.importing.receipt import Options, Positions, Receipt

COUNTED = (
    "rows",
    "paragraphs",
    "merged",
    "repeated",
    "other_states",
    "parts",
    "pairs",
    "new",
    "changed",
    "same",
    "matched",
    "undecided",
    "not_read",
)


class Run:
    """Records what an import finds, chunk by chunk, under one id (the `batch` of each stamp). A
    run that has nothing to record leaves no trace."""

    def __init__(
        self,
        desk: Desk,
        principal: Principal,
        receipt: Receipt,
        options: Options,
        *,
        batch: UUID | None = None,
    ) -> None:
        self.id = batch or uuid4()
        self._desk = desk
        self._principal = principal
        self._receipt = receipt
        self._options = options
        self._run: ImportRun | None = None
        self._chunks = 0
        self._visibility = Visibility.INTERNAL
        self._begins: Visibility | None = None

    def tells_of(self, what: Visibility) -> None:
        """What came of the run is read by no more than what a row of its file is about; that it was
        begun, by whoever may read something that its first rows are about."""
        self._visibility = max(self._visibility, what, key=_narrowness)
        self._begins = min(self._begins or what, what, key=_narrowness)

    @property
    def command(self) -> str:
        """The command id of the chunk that is recorded next."""
        return f"import:{self.id}" + (f":{self._chunks}" if self._chunks else "")

    def record(
        self, entries: Sequence[Entry], *, is_last: bool = False, begins: bool = False
    ) -> None:
        """Records a chunk, all or nothing; the first one that says something, or that `begins`
        all the same, with the run's beginning, the last one with its end."""
        held = self._run
        mine: list[Entry] = []
        if self._run is None and (entries or begins):
            mine.append(self._begin())
        if self._run is None:
            return
        end = [self._end(self._run)] if is_last else []
        chunk = [*mine, *entries, *end]
        if not chunk:
            return
        command = Command.of(self.command, self._principal, self._receipt.sha256)
        try:
            taken = self._desk.append(command, chunk)
        except BaseException:
            self._run = held
            raise
        self._chunks += 1
        self._receipt.batch = self.id
        if self._receipt.first is None:
            self._receipt.first = taken.appended.first
        self._receipt.events += taken.appended.count

    def fail(self, refusal: Refusal) -> None:
        """Records that the run broke off; what it had recorded stays."""
        if self._run is not None:
            event = self._run.fail(
                self._stamp(self._visibility), refusal.code, refusal.message[:value_chars_max]
            )
            entry = Entry(self.id, self._run.version + 1, self._run.addressee, event)
            command = Command.of(self.command, self._principal, self._receipt.sha256)
            self._desk.append(command, [entry])

    def _begin(self) -> Entry:
        receipt = self._receipt
        said = msgspec.to_builtins(self._options)
        begins = max(Visibility.INTERNAL, self._begins or Visibility.INTERNAL, key=_narrowness)
        id, event = start_import(
            self._stamp(begins),
            id=self.id,
            format=receipt.format,
            parser_version=receipt.parser_version,
            file_sha256=receipt.sha256,
            file_size=receipt.size,
            options=[
                ImportOption(name=name, value=value if isinstance(value, str) else _json(value))
                for name, value in said.items()
                if value
            ],
            mapping=[
                ImportOption(name=name, value=str(value))
                for name in ("layout", "cycle", "session", "document")
                if (value := getattr(receipt, name)) is not None
            ],
        )
        entry = Entry(id, 1, receipt.addressee, event)
        self._run = import_run.fold([entry])
        return entry

    def _end(self, run: ImportRun) -> Entry:
        receipt = self._receipt
        positions: Positions = receipt.positions
        counts = {
            **{name.replace("_", "-"): getattr(receipt, name) for name in COUNTED},
            **{f"rows-{n.replace('_', '-')}": rows for n, rows in receipt.row_outcomes.items()},
            **{f"rows-not-read-{why}": rows for why, rows in receipt.not_read_reasons.items()},
            **{f"paragraphs-{n}": getattr(positions, n) for n in positions.__struct_fields__},
        }
        event = run.complete(
            self._stamp(self._visibility),
            [ImportCount(name=name, value=value) for name, value in counts.items()],
            unreadable=[
                ImportNote(
                    row=note.row,
                    reason=note.reason,
                    message=note.message,
                    printed=note.printed[:value_chars_max],
                )
                for note in receipt.unreadable_rows
            ],
            unreadable_rows=receipt.unreadable,
            missing=receipt.missing,
        )
        return Entry(self.id, run.version + 1, run.addressee, event)

    def _stamp(self, visibility: Visibility = Visibility.INTERNAL) -> Stamp:
        return Stamp(
            command=self.command,
            speaker=self._principal.speaker(),
            source=Source(sha256=self._receipt.sha256),
            visibility=visibility,
            batch=self.id,
        )


_narrowness = NARROWNESS.__getitem__


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
