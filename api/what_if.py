"""What if, in GraphQL: what would have become of recommendations under another procedure."""

from __future__ import annotations

import strawberry
from strawberry.types import Info

from api.context import Context
from api.derive import enum_type
from api.looking_back import AsOf, look
from api.procedures import Gate, gate_of
from api.queries import PageInfo, page_info
from api.recommendations import Recommendation, together
from domain.refusals import InvalidInput, NotFound
from projections import history, recommendations
from projections.recommendations import Where
from workflows.access import authorise
from workflows.procedure import Procedures
from workflows.procedure.compiled import Compiled
from workflows.procedure.gate import Report
from workflows.procedure.shipped import is_for
from workflows.procedure.what_if import Fate, Story, retell
from workflows.publishing import examine

FateType = enum_type(Fate)


@strawberry.input(one_of=True, description="A procedure: one there is, or a draft of one.")
class ProcedureInput:
    hash: str | None = strawberry.field(
        default=strawberry.UNSET, description="One that ships, or that the State has published."
    )
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="A definition or an overlay, in YAML 1.2 or JSON."
    )


@strawberry.type(description="A recommendation's history under another procedure.")
class WhatIfCase:
    recommendation: Recommendation
    story: strawberry.Private[Story]

    @strawberry.field(description="What would have become of it.")
    def fate(self) -> FateType:  # type: ignore[valid-type]
        return self.story.fate

    @strawberry.field(description="The states it stands in, or stood in where it diverges.")
    def states(self) -> list[str]:
        return list(self.story.states)

    @strawberry.field(description="The states it would stand in, or would have stood in there.")
    def would_stand(self) -> list[str]:
        return list(self.story.would_stand)

    @strawberry.field(description="The entry that would not have been possible.")
    def log_index(self) -> int | None:
        return self.story.log_index

    @strawberry.field(description="The step that would not have been open.")
    def step(self) -> str | None:
        return self.story.step

    @strawberry.field(description="The conditions that would not have held.")
    def guards(self) -> list[str]:
        return [blocked.guard for blocked in self.story.blocked]


@strawberry.type(description="A page of recommendations under another procedure.")
class WhatIf:
    gate: Gate | None = strawberry.field(
        description="What the gate says of a draft; null for a procedure there is. Of a draft "
        "that is not sound no case is told."
    )
    cases: list[WhatIfCase]
    page_info: PageInfo


@strawberry.type
class WhatIfQuery:
    @strawberry.field(
        description="What would have become of a State's recommendations, if they had been under "
        "this procedure from their beginning: those that would start under it, in the order of "
        "documents; a page may have fewer than asked for. For those who may publish procedures."
    )
    def what_if(
        self,
        info: Info[Context, None],
        definition: ProcedureInput,
        addressee: str,
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
    ) -> WhatIf:
        context = info.context
        authorise(context.principal, "publish-definition", addressee)
        procedures = context.service.desk.procedures
        under, report = _procedure(procedures, definition, addressee)
        gate = None if report is None else gate_of(report)
        if under is None:
            nothing = PageInfo(
                has_next_page=False, has_previous_page=False, start_cursor=None, end_cursor=None
            )
            return WhatIf(gate=gate, cases=[], page_info=nothing)
        reading = look(context, as_of, None, [addressee])
        where = _which(under, addressee)
        connection, scope = reading.connection, reading.scope
        page = recommendations.page(connection, scope, where, first=first, after=after)
        rows = [
            row
            for row in page.rows
            if is_for(under.definition, row.state.mechanism, row.state.kind)
        ]
        ids = [row.state.id for row in rows]
        told = history.without_texts(context.service.log, scope, ids, reading.last)
        cases = [
            WhatIfCase(
                recommendation=node,
                story=retell(told[row.state.id], procedures.of(row.state), under),
            )
            for row, node in zip(rows, together(reading, rows), strict=True)
        ]
        return WhatIf(gate=gate, cases=cases, page_info=page_info(page))


def _procedure(
    procedures: Procedures, asked: ProcedureInput, addressee: str
) -> tuple[Compiled | None, Report | None]:
    """The procedure asked for; of a draft also what the gate says, and none that is unsound."""
    if asked.hash:
        found = procedures.find(asked.hash, addressee)
        if found is None:
            raise NotFound("There is no such procedure; see `workflowDefinitions`.")
        return found, None
    text = (asked.text or "").encode(errors="replace")
    definition, report = examine(procedures, addressee, text)
    return (Compiled(definition) if definition and report.ok else None), report


def _which(under: Compiled, addressee: str) -> Where:
    """At least those that a procedure is for."""
    applies = under.definition.applies
    if not (applies.mechanisms or applies.kinds):
        raise InvalidInput("This procedure is for nothing by itself: extend it, with `for`.")
    return Where(
        addressee=[addressee],
        mechanism=None if applies.kinds else applies.mechanisms,
        kind=None if applies.mechanisms else applies.kinds,
    )
