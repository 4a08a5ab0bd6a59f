"""Migration in GraphQL: running cases go over to another procedure, many in one mutation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from api.cases import Case as AnyCase
from api.context import Context
from api.derive import enum_type, read_case_id
from api.history import EffectType
from api.pages import Connection, PageInfo, connection, cut, page_info
from api.payloads import Payload, StepError, refused, shown
from api.procedures import GateFault, gate_of
from api.queries import RecommendationWhere, where_of
from api.recommendations import MayBeRecommendation
from api.registered import cases_of
from api.steps import EntryInput, all_said, circumstances, one_of
from domain.aggregates import CASES
from domain.casework.migration import DeadlinePolicy
from domain.entry import Stamp, Visibility
from domain.refusals import InvalidInput, LimitExceeded, Refusal
from projections import cases, recommendations, register
from workflows import migrating
from workflows.desk import Command
from workflows.migrating import Case, cases_max
from workflows.procedure import gate
from workflows.procedure.migration import CaseFate, Migration, Passage

FateType = enum_type(CaseFate)
PolicyType = enum_type(DeadlinePolicy)
cases_usually = 100


@strawberry.input(description="The state that takes the place of another.")
class StateMapInput:
    before: str = strawberry.field(
        description="A state of the procedure to leave; one with others within it stands for all "
        "of those."
    )
    after: str | None = strawberry.field(
        description="A state of the other procedure that has none within it; null: none takes its "
        "place."
    )


@strawberry.input(description="The treatment of one deadline.")
class DeadlineOverrideInput:
    deadline: str
    policy: PolicyType  # type: ignore[valid-type]
    """How its clock goes on under the other procedure."""


@strawberry.input
class MigrateCasesInput(EntryInput):
    addressee: str = strawberry.field(description="The State whose cases they are.")
    from_: str = strawberry.field(
        name="from",
        description="The procedure to leave, by its hash: other cases stay.",
    )
    to: str = strawberry.field(
        description="The procedure to go over to, by its hash: one that ships, or that the State "
        "has published."
    )
    states: list[StateMapInput] = strawberry.field(
        default_factory=list,
        description="Which state takes the place of which. One that both call alike needs no line.",
    )
    facts: JSON | None = strawberry.field(
        default=None,
        description="What fields of forms would have said, for guards to read: an object, a value "
        "a `step.field`.",
    )
    deadlines: PolicyType = strawberry.field(  # type: ignore[valid-type]
        default=DeadlinePolicy.KEEP,
        description="The treatment of deadlines that both procedures have.",
    )
    deadline_overrides: list[DeadlineOverrideInput] = strawberry.field(default_factory=list)
    """Deadlines that go on otherwise than the others."""
    where: RecommendationWhere | None = strawberry.field(
        default=None, description="Only some of the cases under that procedure."
    )
    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Only these cases, to decide them one by one."
    )
    first: int = strawberry.field(
        default=500, description=f"How many cases at most, up to {cases_max:,}."
    )
    after: str | None = strawberry.field(
        default=None, description="Goes on after this cursor, to pass over cases that were left."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Tells what would become of each, and records nothing."
    )


@strawberry.type(description="How many cases have which fate.")
class MigrationCounts:
    same: int
    """How many keep their states under the other procedure."""
    moved: int
    """How many leave or enter states, deadlines or tasks."""
    needs_decision: int
    """How many stay until somebody decides more."""
    refused: int = strawberry.field(description="Something else kept them: see each `error`.")


@strawberry.type(description="Result of the migration for a case; in a dry run, the preview.")
class CaseMigration(MayBeRecommendation):
    of: strawberry.Private[Case]
    case: AnyCase | None = strawberry.field(
        description="As it stands now; null where the views took too long."
    )

    @strawberry.field(description="Null where something else kept it: see `error`.")
    def fate(self) -> FateType | None:  # type: ignore[valid-type]
        return self.of.fate

    @strawberry.field(description="The states it leaves.")
    def left(self) -> list[str]:
        return list(self.of.entry.stamp.left) if self.of.entry else []

    @strawberry.field(description="The states it enters.")
    def entered(self) -> list[str]:
        return list(self.of.entry.stamp.entered) if self.of.entry else []

    @strawberry.field(description="Other effects.")
    def effects(self) -> list[EffectType]:
        return list(self.of.entry.stamp.effects) if self.of.entry else []

    @strawberry.field(description="Why it needs a decision.")
    def why(self) -> str | None:
        needs = self.of.fate is CaseFate.NEEDS_DECISION and self.of.refusal is not None
        return self.of.refusal.message if needs and self.of.refusal else None

    @strawberry.field(description="Why it stays where it is.")
    def error(self) -> StepError | None:
        return refused(self.of.refusal) if self.of.refusal else None


@strawberry.type(description="Results of a migration, case by case.")
class MigrateCasesPayload(Payload):
    faults: list[GateFault] = strawberry.field(
        description="What is wrong with the migration, whatever the case: nothing was tried then."
    )
    unmapped: list[str] = strawberry.field(
        description="States a case may be in and that nothing takes the place of."
    )
    page_info: PageInfo = strawberry.field(
        description="Whether there are more cases to migrate, and the cursor to go on with."
    )
    found: strawberry.Private[Sequence[Case]]
    context: strawberry.Private[Context]

    @strawberry.field(description="How many cases of this request have which fate.")
    def counts(self) -> MigrationCounts:
        return MigrationCounts(**msgspec.structs.asdict(migrating.count(self.found)))

    @strawberry.field(
        description="The cases of this request, in the order of documents; a cursor is a place in "
        "that order, from 1."
    )
    def cases(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[CaseMigration]:
        page = cut(
            list(enumerate(self.found, start=1)),
            cases_usually,
            cases_max,
            first=first,
            after=after,
            last=last,
            before=before,
        )
        some = [case for _, case in page.items]
        context = self.context
        rows = cases.by_ids(context.connection, context.scope, [case.id for case in some])
        nodes = dict(zip(rows, cases_of(context, [*rows.values()]), strict=True))
        places = [str(place) for place, _ in page.items]
        told = [CaseMigration(of=case, case=nodes.get(case.id)) for case in some]
        return connection(
            zip(places, told, strict=True),
            lambda: len(self.found),
            page_info(places, after, has_next=page.has_next, has_previous=page.has_previous),
        )


@strawberry.type
class MigrationMutation:
    @strawberry.mutation(
        description="Running cases go over from one procedure to another, each for itself; those "
        "that need a decision stay and are listed. Sent again, it goes on with the cases that are "
        "still under the procedure to leave."
    )
    def migrate_cases(
        self, info: Info[Context, None], input: MigrateCasesInput
    ) -> MigrateCasesPayload:
        context = info.context
        service = context.service
        try:
            passage = migrating.prepare(
                service.desk, context.principal, input.addressee, _migration(input)
            )
            if faults := passage.faults():
                return _payload(context, input, passage, faults=faults)
            ids, page = _chosen(context, input, passage)
            found = migrating.run(
                service.desk,
                context.principal,
                input.addressee,
                passage,
                ids,
                lambda id: Command.of(id, context.principal, _asked(input, id)),
                lambda id: _stamp(context, input, id),
                input.command_id,
                dry_run=input.dry_run,
            )
        except Refusal as refusal:
            return _payload(context, input, errors=[refused(refusal, input)])
        last = None
        if not input.dry_run:
            indexes = [case.entry.log_index for case in found if case.entry is not None]
            last = max((index for index in indexes if index is not None), default=None)
        if last is not None and service.wait_for(last):
            context.refresh()
        return _payload(context, input, passage, cases=found, page=page, last=last)


# --- Inside --------------------------------------------------------------------------------------

_NOTHING = page_info([], None, has_next=False)


def _payload(
    context: Context,
    input: MigrateCasesInput,
    passage: Passage | None = None,
    *,
    faults: Sequence[gate.Fault] = (),
    cases: Sequence[Case] = (),
    page: PageInfo = _NOTHING,
    last: int | None = None,
    errors: list[StepError] | None = None,
) -> MigrateCasesPayload:
    return MigrateCasesPayload(
        faults=gate_of(gate.Report(not faults, "", tuple(faults))).faults,
        unmapped=passage.unmapped() if passage is not None and not faults else [],
        page_info=page,
        entries=[] if input.dry_run else shown(context, [c.entry for c in cases if c.entry]),
        log_index=last,
        errors=errors or [],
        found=cases,
        context=context,
    )


def _migration(input: MigrateCasesInput) -> Migration:
    said: Any = {} if input.facts is None else input.facts
    if not isinstance(said, dict) or not all(
        isinstance(value, bool | int | str) for value in said.values()
    ):
        raise InvalidInput("`facts` is an object, with a flag, whole number or text a field.")
    return Migration(
        before=input.from_,
        after=input.to,
        states=_once("state", [(line.before, line.after) for line in input.states]),
        facts=said,
        deadlines=input.deadlines,
        overrides=_once("deadline", [(o.deadline, o.policy) for o in input.deadline_overrides]),
    )


def _once(what: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInput(f"A {what} has one line: name none twice.")
    return found


def _asked(input: MigrateCasesInput, command_id: str) -> Any:
    """What makes the command of a case: everything said of each, and not which others there are."""
    migration = msgspec.json.encode(_migration(input), order="sorted").decode()
    return ["migrate-cases", all_said(one_of(input, command_id)), input.addressee, migration]


def _stamp(context: Context, input: MigrateCasesInput, command_id: str) -> Stamp:
    return circumstances(context, one_of(input, command_id), Visibility.PUBLIC)


def _chosen(
    context: Context, input: MigrateCasesInput, passage: Passage
) -> tuple[list[UUID], PageInfo]:
    """The cases asked for that are under the procedure to leave, in the order of their list."""
    if input.ids is not None:
        if len(input.ids) > cases_max:
            raise LimitExceeded(f"One request names {cases_max:,} cases at most.")
        return list(dict.fromkeys(read_case_id(id) for id in input.ids)), _NOTHING
    if not 1 <= input.first <= cases_max:
        raise LimitExceeded(f"`first` is between 1 and {cases_max:,}.")
    if aggregates := passage.before.definition.applies.aggregates:
        return _of_aggregate(context, input, aggregates[0])
    given = where_of(input.where, context.today)
    where = msgspec.structs.replace(given, addressee=[input.addressee], definition=[input.from_])
    found: list[UUID] = []
    cursors: list[str] = []
    after, goes_on = input.after, True
    while goes_on and len(found) < input.first:
        page = recommendations.page(
            context.connection,
            context.scope,
            where,
            first=min(input.first - len(found), recommendations.page_size_max),
            after=after,
        )
        found += [row.state.id for row in page.rows]
        cursors += page.cursors
        goes_on = page.has_next
        after = cursors[-1] if cursors else after
    return found, page_info(cursors, input.after, has_next=goes_on)


def _of_aggregate(
    context: Context, input: MigrateCasesInput, aggregate: str
) -> tuple[list[UUID], PageInfo]:
    if input.where is not None:
        raise InvalidInput("`where` narrows recommendations: leave it out.", field="where")
    of = cases.REGISTERED[CASES[aggregate]]
    where = of.where(addressee=[input.addressee], definition=[input.from_])
    found: list[UUID] = []
    after, goes_on = input.after, True
    while goes_on and len(found) < input.first:
        size = min(input.first - len(found), register.page_size_max)
        page = of.page(context.connection, context.scope, where, first=size, after=after)
        found += [row.state.id for row in page.rows]
        goes_on, after = page.has_next, page.end or after
    cursors = [id.hex for id in found]
    return found, page_info(cursors, input.after, has_next=goes_on)
