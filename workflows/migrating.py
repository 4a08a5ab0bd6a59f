"""Many cases go over to another procedure: each by a command of its own, for itself.

A case that the migration does not settle is left as it is, and listed with the reasons. Sent again,
the same command goes on with those that are still under the procedure they are to leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.casework import Case as AnyCase
from domain.entry import Entry, Stamp
from domain.refusals import (
    AlreadySo,
    InvalidInput,
    LimitExceeded,
    NeedsDecision,
    NotFound,
    Refusal,
    UnsoundDefinition,
)
from workflows.access import Principal, authorise, authorise_beside
from workflows.desk import Command, Deed, Desk, Foreseen, Taken, command_chars_max
from workflows.procedure import gate
from workflows.procedure.migration import CaseFate, Migration, Passage

cases_max = 5_000
together_max = 500
migration_command_chars_max = command_chars_max - 37
"""Leaves room for the id of a case."""


class Case(NamedTuple):
    """What became of a case, or would: its entry, which a dry run records nowhere, or why it stays
    where it is."""

    id: UUID
    fate: CaseFate | None
    entry: Entry | None = None
    refusal: Refusal | None = None


def prepare(desk: Desk, principal: Principal, addressee: str, migration: Migration) -> Passage:
    """A migration between two procedures of a State, for somebody who may migrate. Refuses one that
    leads nowhere, or to a procedure that the gate does not let through."""
    authorise(principal, "migrate", addressee)
    if migration.before == migration.after:
        raise InvalidInput("The procedure to leave and the one to go over to are the same.")
    passage = desk.procedures.passage(migration, addressee)
    report = gate.check(passage.after.definition)
    if not report.ok:
        first = report.faults[0]
        raise UnsoundDefinition(
            f"{len(report.faults)} faults keep cases from going over to it. The first, at "
            f"{first.where}: {first.message} [{first.code}]"
        )
    return passage


def run(
    desk: Desk,
    principal: Principal,
    addressee: str,
    passage: Passage,
    ids: Sequence[UUID],
    command: Callable[[str], Command],
    stamp: Callable[[str], Stamp],
    command_id: str,
    *,
    dry_run: bool,
) -> list[Case]:
    """What becomes of some cases, or in a dry run would, in their order. `command` and `stamp` are
    those of a command id, of which each case has its own."""
    if len(ids) > cases_max:
        raise LimitExceeded(f"One request migrates {cases_max:,} cases at most.")
    if not command_id.strip() or len(command_id) > migration_command_chars_max:
        raise InvalidInput(
            f"commandId has between 1 and {migration_command_chars_max} characters here: each "
            "case's own has its id added."
        )

    def deed(id: UUID) -> Deed:
        own = f"{command_id}/{id}"

        def make(held: Mapping[UUID, AnyCase]) -> Sequence[Entry]:
            r = held[id]
            authorise_beside(principal, "migrate", r)
            if r.addressee != addressee:
                raise NotFound(f"It is no case of {addressee}.")
            if desk.procedures.of(r).hash != passage.before.hash:
                raise AlreadySo("It is under another procedure than the one to leave.")
            return [desk.procedures.migrate(r, passage, passage.event(r, stamp(own)))]

        return Deed(command(own), "migrate", (id,), make)

    deeds = [deed(id) for id in ids]
    found: list[Case] = []
    for start in range(0, len(deeds), together_max):
        some = deeds[start : start + together_max]
        tell: Callable[[Principal, Sequence[Deed]], Sequence[Taken | Foreseen | Refusal]]
        tell = desk.foresee if dry_run else desk.take_all
        outcomes = tell(principal, some)
        found += [_case(deed.on[0], out) for deed, out in zip(some, outcomes, strict=True)]
    return found


def _case(id: UUID, outcome: Taken | Foreseen | Refusal) -> Case:
    if isinstance(outcome, Refusal):
        fate = CaseFate.NEEDS_DECISION if isinstance(outcome, NeedsDecision) else None
        return Case(id, fate, refusal=outcome)
    entry = outcome.entries[-1]
    said = entry.stamp
    fate = CaseFate.MOVED if said.left or said.entered or said.effects else CaseFate.SAME
    return Case(id, fate, entry)


class Counts(msgspec.Struct, frozen=True):
    """How many cases have which fate; `refused`: those that something else kept."""

    same: int
    moved: int
    needs_decision: int
    refused: int


def count(cases: Sequence[Case]) -> Counts:
    """How many cases have which fate."""
    fates = [case.fate for case in cases]
    return Counts(
        fates.count(CaseFate.SAME),
        fates.count(CaseFate.MOVED),
        fates.count(CaseFate.NEEDS_DECISION),
        fates.count(None),
    )
