"""The steps on cases as mutations: short, typed, and named as the procedure names them.
They follow from the rows of `workflows/step_table.py` that have a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import strawberry
from strawberry import Info

from api.context import Context
from api.derive import enum_type
from api.inputs import Given, given, input_type
from api.steps import (
    BeginInput,
    EntryInput,
    StepInput,
    StepPayload,
    WholeStepInput,
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
        by_input: dict[str, list[tuple[Step, Mutation]]] = {}
        for row in rows:
            if row.command is not None and issubclass(row.on, Case):
                for mutation in row.mutations:
                    by_input.setdefault(_input_name(row, mutation), []).append((row, mutation))
        for name, sharing in by_input.items():
            its = _input(name, sharing)
            for row, mutation in sharing:
                made = _beginning if row.begins else _mutation
                setattr(cls, mutation.name, made(row, mutation, its))
        return cls

    return taking


def _input_name(row: Step, mutation: Mutation) -> str:
    """The name of the input of a mutation; those that carry nothing share one."""
    if row.input:
        return row.input
    if not msgspec.structs.fields(row.data):
        return (StepInput if row.has_part else WholeStepInput).__name__
    return mutation.input


def _input(name: str, sharing: list[tuple[Step, Mutation]]) -> Given:
    """The input of one mutation, or of several that share one."""
    (row, mutation), *others = sharing
    base = StepInput if row.has_part else WholeStepInput
    if name == base.__name__:
        return Given(base, lambda input: {})
    fields = msgspec.structs.fields(row.data)
    for other_row, _ in others:
        if msgspec.structs.fields(other_row.data) != fields or other_row.has_part != row.has_part:
            raise ImportError(
                f"workflows/step_table.py: {row.name} and {other_row.name} share {name}, and carry "
                "different data"
            )
    does = mutation.does or row.does
    *firsts, last = [f"`{other.name}`" for _, other in sharing]
    return input_type(
        name,
        row.data,
        BeginInput if row.begins else base,
        without=mutation.says,
        ids=row.pointing,
        within=row.within,
        later=row.later,
        description=f"The input of {', '.join(firsts)} and {last}." if firsts else does,
        means=row.event,
    )


def _mutation(row: Step, mutation: Mutation, its: Given) -> Any:
    def take(self: None, info: Request, input: Any) -> StepPayload:
        context = info.context
        procedures = context.service.desk.procedures

        def act(r: Case, stamp: Stamp, said: Any) -> CaseEvent:
            data = {**mutation.says, **its.read(said)}
            return event_of(procedures, row, r, stamp, data, lambda id: other(context, id))

        return step(context, row.name, input, act)

    take.__annotations__["input"] = its.type
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

    take.__annotations__["input"] = its.type
    does = mutation.does or row.does
    return strawberry.mutation(resolver=take, name=mutation.name, description=does)


# --- By hand: what begins one --------------------------------------------------------------------


@strawberry.input
class ReceiveRecommendationInput(EntryInput):
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
            lambda: context.service.desk.begin(
                context.principal,
                command(context, "receive", input),
                "receive",
                input.addressee,
                begin,
                context.service.find_bearers,
            ),
        )
