"""The steps on cases as mutations: short, typed, and named as the procedure names them.
They follow from the rows of `workflows/step_table.py` that have a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import strawberry
from strawberry import Info

from api.context import Context
from api.derive import enum_type
from api.inputs import Given, given, input_type
from api.steps import (
    Circumstances,
    StepInput,
    StepPayload,
    answer,
    circumstances,
    command,
    other,
    step,
)
from domain import events
from domain import recommendation as domain
from domain.casework import Case, CaseEvent
from domain.entry import RecommendationId, Stamp, Visibility
from domain.events import Text
from domain.words import Kind, Mechanism, TextStatus
from workflows import commands
from workflows.step import Mutation, Step
from workflows.step_table import ROWS
from workflows.steps import event_of

Request = Info[Context, None]
Taking = TypeVar("Taking")
Parts, read_parts = given(tuple[commands.PartSaid, ...])

# --- From rows -----------------------------------------------------------------------------------


def takes(rows: Iterable[Step]) -> Callable[[type[Taking]], type[Taking]]:
    """Gives a class the mutations of the rows on cases that have a command, behind its own. What
    the input of one says besides the circumstances is what the step carries."""

    def taking(cls: type[Taking]) -> type[Taking]:
        inputs: dict[str, tuple[Step, Given]] = {}
        for row in rows:
            if row.command is None or not issubclass(row.on, Case):
                continue
            for mutation in row.mutations:
                setattr(cls, mutation.name, _mutation(row, mutation, _input(row, mutation, inputs)))
        return cls

    return taking


def _input(row: Step, mutation: Mutation, made: dict[str, tuple[Step, Given]]) -> Given:
    fields = msgspec.structs.fields(row.data)
    if not fields:
        return Given(StepInput, lambda input: {})
    name = row.input or f"{mutation.name[0].upper()}{mutation.name[1:]}Input"
    if name not in made:
        its = input_type(
            name,
            row.data,
            StepInput,
            without=mutation.says,
            ids=row.pointing,
            later=row.later,
            means=row.event,
        )
        made[name] = row, its
    first, its = made[name]
    if msgspec.structs.fields(first.data) != fields:
        raise ImportError(
            f"workflows/step_table.py: {first.name} and {row.name} share {name}, and carry "
            "different data"
        )
    return its


def _mutation(row: Step, mutation: Mutation, its: Given) -> Any:
    def take(self: None, info: Request, input: Any) -> StepPayload:
        context = info.context
        procedures = context.service.desk.procedures

        def act(r: Case, stamp: Stamp) -> CaseEvent:
            data = {**mutation.says, **its.read(input)}
            return event_of(procedures, row, r, stamp, data, lambda id: other(context, id))

        return step(
            context,
            row.name,
            input,
            act,
            assignment=input.assignment if row.assignment else None,
            report=input.report if row.redrafts else None,
        )

    take.__annotations__["input"] = its.type
    does = mutation.does or row.does
    return strawberry.mutation(resolver=take, name=mutation.name, description=does)


# --- By hand: what begins one --------------------------------------------------------------------


@strawberry.input
class ReceiveRecommendationInput(Circumstances):
    addressee: str = strawberry.field(description="Code of the State or other addressee.")
    mechanism: enum_type(Mechanism)  # type: ignore[valid-type]
    body: str = strawberry.field(description="The body that made it, such as UPR or CEDAW.")
    language: str
    parts: Parts  # type: ignore[valid-type]
    kind: enum_type(Kind) = Kind.RECOMMENDATION  # type: ignore[valid-type]
    symbol: str | None = None
    paragraph: str | None = None
    cycle: int | None = None
    session: str | None = None
    visibility: enum_type(Visibility) = Visibility.PUBLIC  # type: ignore[valid-type]


@strawberry.type
@takes(ROWS)
class RecommendationMutation:
    @strawberry.mutation(
        description="Records a recommendation that arrived by other ways than a file."
    )
    def receive_recommendation(
        self, info: Request, input: ReceiveRecommendationInput
    ) -> StepPayload:
        context = info.context

        def begin() -> tuple[RecommendationId, events.Received]:
            parts, texts = commands.parts_of(read_parts(input.parts))
            id, event = domain.receive(
                circumstances(context, input, input.visibility),
                addressee=input.addressee,
                kind=input.kind,
                mechanism=input.mechanism,
                body=input.body,
                text=Text(language=input.language, status=TextStatus.OFFICIAL, parts=texts),
                parts=parts,
                symbol=input.symbol,
                paragraph=input.paragraph,
                cycle=input.cycle,
                session=input.session,
                id=None if input.symbol and input.paragraph else uuid4(),
            )
            return RecommendationId(id), event

        return answer(
            context,
            input,
            lambda: context.service.desk.receive(
                context.principal,
                command(context, "receive", input),
                input.addressee,
                begin,
                context.service.find_bearers,
            ),
        )
