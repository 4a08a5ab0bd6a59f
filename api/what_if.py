"""What if, in GraphQL: what would have become of recommendations under another procedure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

import msgspec
import strawberry
from strawberry.types import Info
from strawberry.utils.str_converters import to_camel_case

from api.cases import Case
from api.context import Context, Reading
from api.derive import enum_type
from api.describing import arg
from api.looking_back import AsOf, look
from api.pages import Connection, connection, page_info
from api.payloads import RefusalCode
from api.procedures import Gate, gate_of
from api.queries import RecommendationWhere, where_of
from api.recommendations import MayBeRecommendation
from api.registered import cases_of
from domain.aggregates import CASES
from domain.casework import Case as State
from domain.refusals import InvalidInput, LimitExceeded, NotFound
from domain.words import Kind, Mechanism
from projections import cases, history, recommendations
from projections.case_lists import CaseList, CaseWhere
from projections.cases import Row
from projections.recommendations import Amount, Where
from workflows.procedure.compiled import Compiled
from workflows.procedure.gate import Report
from workflows.procedure.overdue import days_overdue
from workflows.procedure.shipped import is_for
from workflows.procedure.what_if import Fate, NotAsked, Retelling, Story, tally
from workflows.publishing import authorise_trying

FateType = enum_type(Fate)
NotAskedType = enum_type(NotAsked)


@strawberry.input(one_of=True, description="A procedure: one there is, or a draft of one.")
class ProcedureInput:
    hash: str | None = strawberry.field(
        default=strawberry.UNSET, description="One that ships, or that the State has published."
    )
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="A definition or an overlay, in YAML 1.2 or JSON."
    )


@strawberry.type(description="The history of a case under another procedure.")
class WhatIfCase(MayBeRecommendation):
    case: Case
    """The case as it is now, under its own procedure."""
    story: strawberry.Private[Story]
    overdue: strawberry.Private[Callable[[bool], int]]

    @strawberry.field(description="The result for the case.")
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

    @strawberry.field(
        description="The entry with which it went over to the procedure it is under, where it did "
        "not begin there."
    )
    def migrated(self) -> int | None:
        return self.story.migrated

    @strawberry.field(
        description="For how many days the deadline that was overdue longest would have been so, "
        "with what the record says was done."
    )
    def days_overdue(self) -> int:
        return self.overdue(True)

    @strawberry.field(description="The same under the procedure it is under.")
    def days_overdue_as_it_is(self) -> int:
        return self.overdue(False)

    @strawberry.field(description="The conditions that would not have held.")
    def guards(self) -> list[str]:
        return [blocked.guard for blocked in self.story.blocked]

    @strawberry.field(description="The code with which that step would have been refused.")
    def code(self) -> RefusalCode | None:
        return None if self.story.code is None else RefusalCode[self.story.code]

    @strawberry.field(description="Why it would have been refused, as its person would have read.")
    def why(self) -> str | None:
        return self.story.why

    @strawberry.field(description="Checks that were skipped in this history; empty: none.")
    def not_asked(self) -> list[NotAskedType]:  # type: ignore[valid-type]
        return list(self.story.not_asked)


@strawberry.type(description="A condition that steps which were taken would not have met.")
class WhatIfBreak:
    step: str
    """Name of the step that was taken."""
    guard: str
    """The condition that did not hold, as the procedure writes it."""
    cases: int = strawberry.field(
        description="In how many cases; one counts under each of its conditions."
    )
    code: RefusalCode = strawberry.field(
        description="The code with which they would have been refused."
    )


@strawberry.type(description="Checks that were skipped, and the number of cases.")
class WhatIfNotAsked:
    what: NotAskedType  # type: ignore[valid-type]
    """The kind of entry whose check was skipped."""
    cases: int
    """In how many cases."""


@strawberry.type(description="Totals over all matching recommendations.")
class WhatIfTotals:
    same: int
    """How many would be in the states that they are in."""
    elsewhere: int
    """How many would be in other states."""
    diverges: int
    """In how many a step that was taken would have been refused."""
    breaks: list[WhatIfBreak] = strawberry.field(
        description="The steps at which cases diverge, the most frequent first."
    )
    not_asked: list[WhatIfNotAsked] = strawberry.field(
        description="Checks that were skipped, and the number of cases; empty: none."
    )


@strawberry.type(description="Recommendations under another procedure.")
class WhatIf:
    gate: Gate | None = strawberry.field(
        description="The findings of the gate on a draft; null for a published procedure. An "
        "unsound draft has no cases."
    )
    asked: strawberry.Private[_Asked | None]
    usually: strawberry.Private[tuple[int, str | None]]

    @strawberry.field(
        description="The cases, page by page: `first` and `after` are those of `whatIf`, if not "
        "given. A draft that is not sound has none."
    )
    def cases(self, first: int | None = None, after: str | None = None) -> Connection[WhatIfCase]:
        if self.asked is None:
            return connection((), lambda: 0, page_info([], None, has_next=False))
        size, start = self.usually
        return self.asked.page(size if first is None else first, start if after is None else after)

    @strawberry.field(
        description="All that fit, on all pages; null for a draft that is not sound. Refused where "
        "they have more entries than a look back may read."
    )
    def totals(self) -> WhatIfTotals | None:
        if self.asked is None:
            return None
        found = tally(self.asked.stories())
        return WhatIfTotals(
            same=found.same,
            elsewhere=found.elsewhere,
            diverges=found.diverges,
            breaks=[
                WhatIfBreak(step=b.step, guard=b.guard, cases=b.cases, code=RefusalCode[b.code])
                for b in found.breaks
            ],
            not_asked=[WhatIfNotAsked(what=what, cases=cases) for what, cases in found.not_asked],
        )


class _Asked:
    """Which cases of an aggregate are retold, under which procedure."""

    def __init__(
        self, reading: Reading, addressee: str, under: Compiled, retelling: Retelling, now: int
    ) -> None:
        self.reading = reading
        self.addressee = addressee
        self.under = under
        self.retelling = retelling
        self.now = now

    @cached_property
    def of(self) -> CaseList[Any]:
        """The list that they are in."""
        (aggregate,) = self.under.definition.applies.aggregates
        return cases.REGISTERED[CASES[aggregate]]

    @property
    def those(self) -> CaseWhere:
        """Which of the list they are."""
        fits: CaseWhere = self.of.where(addressee=[self.addressee])
        return fits

    def retold(self, ids: Sequence[UUID]) -> Iterator[Story]:
        """The stories of some of them, in their order."""
        told = history.without_texts(self.reading.log, self.reading.scope, ids, self.reading.last)
        return (self.retelling.tell(told[id], self.now) for id in ids)

    def overdue(self, r: State) -> Callable[[bool], int]:
        """For how long something of one of them would have been overdue (True), or was (False)."""
        procedures = self.reading.service.desk.procedures

        def days(would: bool) -> int:
            told = history.without_texts(
                self.reading.log, self.reading.scope, [r.id], self.reading.last
            )
            under = self.under if would else procedures.of(r)
            return days_overdue(told[r.id], under, procedures.calendars.of(r.addressee), self.now)

        return days

    def page(self, first: int, after: str | None) -> Connection[WhatIfCase]:
        """A page of them, with what would have become of each."""
        reading = self.reading
        page = self.of.page(reading.connection, reading.scope, self.those, first=first, after=after)
        cursors = [row.state.id.hex for row in page.rows]
        return connection(
            zip(cursors, self.told(page.rows), strict=True),
            lambda: self.of.count(reading.connection, reading.scope, self.those),
            page_info(cursors, after, has_next=page.has_next),
        )

    def told(self, rows: Sequence[Row]) -> list[WhatIfCase]:
        """Some of them, with what would have become of each."""
        stories = self.retold([row.state.id for row in rows])
        return [
            WhatIfCase(case=node, story=story, overdue=self.overdue(row.state))
            for node, row, story in zip(cases_of(self.reading, rows), rows, stories, strict=True)
        ]

    def stories(self) -> Iterator[Story]:
        """The stories of all; refuses too many."""
        reading, entries = self.reading, 0
        for some in self.of.pages(reading.connection, reading.scope, self.those):
            entries += sum(case.version for case in some)
            self.bear(entries)
            yield from self.retold([case.id for case in some])

    def bear(self, entries: int) -> None:
        """Refuses more entries than totals may read."""
        most = self.reading.service.settings.as_of_events_max
        if entries > most:
            raise LimitExceeded(
                f"They have {entries:,} entries, and totals read {most:,} at most: narrow `where` "
                "down, by cycle or body for instance, or go through `cases` page by page."
            )


class _AskedRecommendations(_Asked):
    """Which recommendations are retold: those that fit and would start under the procedure."""

    def __init__(self, where: Where, *given: Any) -> None:
        super().__init__(*given)
        self.where = _narrowed(where, self.under)

    def page(self, first: int, after: str | None) -> Connection[WhatIfCase]:
        reading = self.reading
        page = recommendations.page(
            reading.connection, reading.scope, self.where, first=first, after=after
        )
        fits = [
            (cursor, row)
            for cursor, row in zip(page.cursors, page.rows, strict=True)
            if is_for(self.under.definition, row.state.mechanism, row.state.kind)
        ]
        return connection(
            zip((cursor for cursor, _ in fits), self.told([row for _, row in fits]), strict=True),
            lambda: sum(amount.cases for amount in self.amounts().values()),
            page_info(page.cursors, after, has_next=page.has_next, has_previous=page.has_previous),
        )

    def stories(self) -> Iterator[Story]:
        reading, amounts = self.reading, self.amounts()
        self.bear(sum(amount.entries for amount in amounts.values()))
        for some in recommendations.ids(reading.connection, reading.scope, self.where, amounts):
            yield from self.retold(some)

    def amounts(self) -> dict[tuple[Mechanism, Kind], Amount]:
        """How many they are, and how many entries they have, by mechanism and kind of text."""
        reading, definition = self.reading, self.under.definition
        found = recommendations.amounts(reading.connection, reading.scope, self.where)
        return {of: amount for of, amount in found.items() if is_for(definition, *of)}


@strawberry.type
class WhatIfQuery:
    @strawberry.field(
        description="What would have become of a State's cases, if they had been under this "
        "procedure from their beginning: those that would start under it, in the order of their "
        "list; a page may have fewer than asked for. `where` names one addressee, and nothing else "
        "where the procedure is for other cases than recommendations. For those who may publish "
        "procedures."
    )
    def what_if(
        self,
        info: Info[Context, None],
        definition: Annotated[
            ProcedureInput, arg("The procedure to compare with: one there is, or a draft.")
        ],
        where: Annotated[
            RecommendationWhere, arg("Which recommendations; it names one addressee.")
        ],
        first: int = 50,
        after: str | None = None,
        as_of: AsOf | None = None,
    ) -> WhatIf:
        context = info.context
        context.ration.ask_what_if()
        addressee = _whose(where)
        authorise_trying(context.principal, addressee)
        under, report = _procedure(context, definition, addressee)
        gate = None if report is None else gate_of(report)
        if under is None:
            return WhatIf(gate=gate, asked=None, usually=(first, after))
        reading = look(context, as_of, None, [addressee])
        service = context.service
        retelling = Retelling(service.desk.procedures.of, under, service.log)
        given = reading, addressee, under, retelling, _now(reading, as_of)
        if under.definition.applies.aggregates:
            _addressee_alone(where)
            asked = _Asked(*given)
        else:
            asked = _AskedRecommendations(where_of(where, reading.today), *given)
        return WhatIf(gate=gate, asked=asked, usually=(first, after))


def _addressee_alone(where: RecommendationWhere) -> None:
    """Refuses conditions of recommendations where the cases are others."""
    if more := [name for name, said in vars(where).items() if said and name != "addressee"]:
        raise InvalidInput(
            f"`{to_camel_case(more[0])}` narrows recommendations, and this procedure is for other "
            "cases: name the addressee alone.",
            field="where",
        )


def _now(reading: Reading, as_of: AsOf | None) -> int:
    """Until when histories are told, in microseconds since 1970: until now, or until what was
    recorded last when one looks back."""
    service = reading.service
    last = [] if as_of is None else reading.log.read(max(reading.last, 0), 1)
    return (last[0].recorded_at or 0) if last else service.desk.procedures.clock()


def _whose(where: RecommendationWhere) -> str:
    named = where.addressee or []
    if len(named) != 1:
        raise InvalidInput('A procedure is of one State: name it, `where: {addressee: ["SVN"]}`.')
    return named[0]


def _procedure(
    context: Context, asked: ProcedureInput, addressee: str
) -> tuple[Compiled | None, Report | None]:
    """The procedure asked for; of a draft also what the gate says, and none that is unsound."""
    if asked.hash:
        found = context.service.desk.procedures.find(asked.hash, addressee)
        if found is None:
            raise NotFound("There is no such procedure; see `workflowDefinitions`.")
        return found, None
    text = (asked.text or "").encode(errors="replace")
    return context.service.drafts.examine(addressee, text, context.ration.is_over)


def _narrowed(where: Where, under: Compiled) -> Where:
    """Of what is asked for, at least what a procedure is for."""
    applies = under.definition.applies
    if not (applies.mechanisms or applies.kinds):
        raise InvalidInput("This procedure is for nothing by itself: extend it, with `for`.")
    if applies.mechanisms and applies.kinds:
        return where
    name = "kind" if applies.kinds else "mechanism"
    mine, asked = applies.kinds or applies.mechanisms, getattr(where, name)
    some = [one for one in mine if asked is None or one in asked]
    return msgspec.structs.replace(where, **{name: some})
