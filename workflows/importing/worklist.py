"""Importing a worklist: what a focal point filled in offline becomes steps, each against the
version it was exported at. A step that others were faster with, or that is not open any more, is a
conflict: it is listed and not taken."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from domain.casework import CaseEvent
from domain.entry import Effective, Entry, Protected, Source, Stamp, effective
from domain.recommendation import Recommendation, implementation
from domain.recommendation.assignment import accept as accept_assignment
from domain.recommendation.assignment import decline as decline_assignment
from domain.recommendation.progress import draft as draft_progress
from domain.refusals import Forbidden, InvalidInput, Refusal, Unavailable
from workflows.access import Principal, authorise, speaking
from workflows.desk import Command, Desk
from workflows.exporting.worklist import WorklistStep, read_worklist
from workflows.importing.receipt import (
    Options,
    Outcome,
    Progress,
    Receipt,
    RowNote,
    RowOutcomes,
)
from workflows.importing.run import Run
from workflows.procedure.firing import due_now
from workflows.sources import NotThisFormat
from workflows.visibility import bounds


class WorklistImport:
    """Takes the steps of a worklist on behalf of a principal."""

    def __init__(self, desk: Desk, principal: Principal) -> None:
        self._desk = desk
        self._principal = principal
        self._previews: dict[UUID, Recommendation] = {}

    def run(
        self,
        path: Path,
        options: Options,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
        batch: UUID | None = None,
    ) -> Receipt:
        """Takes each step that is open, one after the other, and gives the receipt: `new` steps
        taken, `same` steps taken when the file came before, `conflicts` those that were not."""
        authorise(self._principal, "fill-in-worklist")
        content = path.read_bytes()
        try:
            worklist = read_worklist(content)
        except NotThisFormat as problem:
            raise InvalidInput(str(problem), reason=problem.code) from None
        mine = speaking(self._principal)
        if worklist.institution != mine:
            raise Forbidden(
                f"This is the worklist of {worklist.institution}; the key is for {mine}."
            )
        receipt = Receipt(
            format="worklist",
            language=options.language,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            addressee=options.state or "",
            dry_run=dry_run,
            paragraphs=len({step.id for step in worklist.steps}),
            unreadable=len(worklist.unreadable),
            unreadable_rows=[
                RowNote(row.row, None, row.reason, row.message, row.printed)
                for row in worklist.unreadable
            ],
        )
        run = Run(self._desk, self._principal, receipt, options, batch=batch)
        outcomes = RowOutcomes()  # a row that nobody filled in is the same
        outcomes.settle(Outcome.SAME, range(2, worklist.rows + 2))
        outcomes.settle(Outcome.UNREADABLE, (row.row for row in worklist.unreadable))
        ahead: dict[tuple[str, int], int] = {}
        for done, step in enumerate(worklist.steps, start=1):
            key = step.id.hex, step.row
            try:
                is_new, entries = self._take(step, ahead.get(key, 0), run, dry_run=dry_run)
            except Unavailable:
                raise
            except Refusal as refusal:
                code = refusal.code.lower().replace("_", "-")
                message = f"{step.step}: {refusal.message}"
                receipt.note(receipt.conflicts, RowNote(step.row, None, code, message))
                outcomes.settle(Outcome.UNDECIDED, [step.row])
                continue
            ahead[key] = ahead.get(key, 0) + entries
            receipt.new += is_new
            receipt.same += not is_new
            outcomes.settle(Outcome.NEW if is_new else Outcome.SAME, [step.row])
            if progress is not None:
                progress("taking steps", done, len(worklist.steps))
        outcomes.add_to(receipt)
        if receipt.new and not dry_run:
            run.record([], is_last=True, begins=True)
        return receipt

    def _take(self, step: WorklistStep, ahead: int, run: Run, *, dry_run: bool) -> tuple[bool, int]:
        """Takes a step. False if it was taken when the file came before; how many entries it makes,
        with those of the clock."""
        stamp = Stamp(
            command=_command(step),
            speaker=self._principal.speaker(),
            effective=effective(step.effective_on) if step.effective_on else Effective(),
            visibility=bounds(step.step).usual,
            source=Source(row=step.row),
            part=step.part,
            reason=Protected(step.reason) if step.reason else None,
            batch=run.id,
        )

        def act(r: Recommendation, said: Stamp) -> CaseEvent:
            return _act(step, r, said)

        answers = step.step in ("accept-assignment", "decline-assignment")
        command = Command.of(stamp.command, self._principal, msgspec.to_builtins(_unplaced(step)))
        version = step.version + ahead
        assignment = step.assignment if answers else None
        placed = Command.of(_named(step), self._principal, msgspec.to_builtins(step))
        known = self._desk.repeated(placed) or (self._desk.repeated(command) if dry_run else None)
        if known is not None:
            return False, _on(step, known.entries)
        if dry_run:
            fired: list[Entry] = []
            if step.id not in self._previews:
                held = self._desk.load(step.id, self._principal)
                fired = due_now(self._desk.procedures, held, command.id)
                self._previews[step.id] = held
            made = self._desk.make(
                self._principal,
                self._previews[step.id],
                step.step,
                stamp,
                act,
                expected_version=version,
                assignment=assignment,
            )
            return True, _on(step, [*fired, *made])
        taken = self._desk.take(
            self._principal,
            command,
            step.id,
            step.step,
            stamp,
            act,
            expected_version=version,
            assignment=assignment,
        )
        return not taken.appended.repeated, _on(step, taken.entries)


def _command(step: WorklistStep) -> str:
    """The same step of the same worklist is the same command, however often the file comes and
    wherever its row stands."""
    return _named(_unplaced(step))


def _unplaced(step: WorklistStep) -> WorklistStep:
    return msgspec.structs.replace(step, row=0)


def _named(step: WorklistStep) -> str:
    """With its row, the name of the command as it was until rows no longer counted."""
    said = msgspec.json.encode(step, order="sorted")
    return f"worklist:{hashlib.sha256(said).hexdigest()}"


def _on(step: WorklistStep, entries: Sequence[Entry]) -> int:
    """How many of these entries are the recommendation's."""
    return sum(entry.stream == step.id for entry in entries)


def _act(step: WorklistStep, r: Recommendation, stamp: Stamp) -> CaseEvent:
    match step.step:
        case "accept-assignment":
            return accept_assignment(r, stamp, step.assignment)
        case "decline-assignment":
            return decline_assignment(r, stamp, step.assignment)
        case "plan":
            measures = Protected(step.measures or "")
            return implementation.plan(
                r, stamp, measures, plan=step.plan, starts=step.starts, ends=step.ends
            )
        case "draft-progress":
            return draft_progress(
                r,
                stamp,
                Protected(step.narrative or ""),
                period_from=step.period_from,
                period_to=step.period_to,
            )
        case "declare-implemented":
            said = Protected(step.statement) if step.statement else None
            return implementation.declare(r, stamp, said)
