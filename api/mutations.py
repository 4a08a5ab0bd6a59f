"""The steps on cases as mutations: short, typed, and named as the procedure names them.
They follow from the rows of `workflows/step_table.py` that have a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import strawberry
from strawberry import Info

from api.context import Context
from api.derive import enum_type
from api.describing import arg
from api.inputs import Given, given, input_type
from api.steps import (
    BeginInput,
    Circumstances,
    StepInput,
    StepPayload,
    answer,
    circumstances,
    command,
    other,
    step,
)
from domain import recommendation as domain
from domain.casework import Case, CaseEvent
from domain.entry import RecommendationId, Stamp, Visibility
from domain.recommendation.elements import Text
from domain.recommendation.receiving import Received
from domain.words import Kind, Mechanism, TextStatus
from workflows import commands
from workflows.step import Mutation, Step
from workflows.step_table import ROWS
from workflows.steps import event_of
from workflows.visibility import bounds

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
                made = _beginning if row.begins else _mutation
                setattr(cls, mutation.name, made(row, mutation, _input(row, mutation, inputs)))
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
            BeginInput if row.begins else StepInput,
            without=mutation.says,
            ids=row.pointing,
            within=row.within,
            later=row.later,
            description=mutation.does or row.does,
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

        def act(r: Case, stamp: Stamp, said: Any) -> CaseEvent:
            data = {**mutation.says, **its.read(said)}
            return event_of(procedures, row, r, stamp, data, lambda id: other(context, id))

        return step(context, row.name, input, act)

    take.__annotations__["input"] = Annotated[
        its.type, arg("The data of the step, and its speaker.")
    ]
    does = mutation.does or row.does
    return strawberry.mutation(resolver=take, name=mutation.name, description=does)


def _beginning(row: Step, mutation: Mutation, its: Given) -> Any:
    begin = row.command
    assert begin is not None, row.name

    def take(self: None, info: Request, input: Any) -> StepPayload:
        context = info.context

        def begun() -> tuple[UUID, CaseEvent]:
            stamp = circumstances(context, input, input.visibility or bounds(row.name).usual)
            id, event = begin(stamp, input.addressee, **mutation.says, **its.read(input))
            return id, event

        return answer(
            context,
            input,
            lambda: context.service.desk.begin(
                context.principal,
                command(context, row.name, input),
                row.name,
                input.addressee,
                begun,
            ),
        )

    take.__annotations__["input"] = Annotated[
        its.type, arg("The data of the step, and its speaker.")
    ]
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
    """The texts that the paragraph bundles, in their order; at least one."""
    kind: enum_type(Kind) = Kind.RECOMMENDATION  # type: ignore[valid-type]
    """Whether it recommends, is a concern, a pledge or another text."""
    symbol: str | None = None
    paragraph: str | None = None
    """Number of the paragraph, as printed."""
    cycle: int | None = None
    """Cycle of the UPR, or reporting round of another body."""
    session: str | None = None
    visibility: enum_type(Visibility) = Visibility.PUBLIC  # type: ignore[valid-type]
    """Its readers."""


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

        def begin() -> tuple[RecommendationId, Received]:
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
