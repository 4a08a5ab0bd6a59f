"""Many steps in one mutation: by their names, or as the decisions at a review's close. Each item is
a command of its own, taken or refused for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from api.cases import Case
from api.context import Context
from api.derive import enum_type, read_id
from api.payloads import Payload, StepError, last_of, names_of, refused
from api.procedure_mutations import TakeStepInput, deed_of
from api.recommendations import MayBeRecommendation
from api.registered import cases_of
from api.steps import EntryInput, all_said, circumstances, one_of
from domain import review
from domain.entry import Entry, Visibility
from domain.refusals import InvalidInput, LimitExceeded, Refusal, within
from domain.words import Closing, LinkType
from projections import cases, history
from workflows.carrying_forward import CaseDecision, Decision, decide
from workflows.desk import Command, Deed, Foreseen, Taken, command_chars_max

Request = Info[Context, None]

command_of_many_chars_max = command_chars_max - 8
"""Leaves room for the number of an item."""


@strawberry.input(description="One of many steps: what is not said here is said for all.")
class StepItemInput:
    id: strawberry.ID = strawberry.field(description="The recommendation.")
    expected_version: int = strawberry.field(
        description="The version you saw. If it has moved on, this step is refused."
    )
    step: str | None = strawberry.field(default=None, description="Another step than for all.")
    data: JSON | None = strawberry.field(
        default=None,
        description="What this step carries: its fields go before those for all; with a `step` of "
        "its own they stand alone.",
    )
    part: strawberry.ID | None = strawberry.field(
        default=None,
        description="The part of the paragraph it is about, by its id or its number; the whole, if "
        "not given.",
    )
    reason: str | None = strawberry.field(default=None, description="Another reason than for all.")


@strawberry.input
class ManyInput(EntryInput):
    visibility: enum_type(Visibility) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="The readers of the entries."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Tells what would come of each, and records nothing."
    )


@strawberry.input
class TakeStepsInput(ManyInput):
    items: list[StepItemInput] = strawberry.field(
        description="In this order, where they are about the same recommendation."
    )
    step: str | None = strawberry.field(default=None, description="The step of all items.")
    data: JSON | None = strawberry.field(default=None, description="The data of the step.")


@strawberry.input(description="Decision on one case that a review leaves open.")
class CaseDecisionInput:
    id: strawberry.ID = strawberry.field(description="The recommendation.")
    expected_version: int = strawberry.field(
        description="The version you saw. If it has moved on, this decision is refused."
    )
    decision: enum_type(Decision)  # type: ignore[valid-type]
    """The outcome for the case."""
    cycle: int | None = strawberry.field(
        default=None, description="CONTINUE: into which cycle; the next one, if not given."
    )
    successor: strawberry.ID | None = strawberry.field(
        default=None, description="SUCCEEDED: the recommendation of a later cycle."
    )
    link_type: enum_type(LinkType) | None = strawberry.field(  # type: ignore[valid-type]
        default=None,
        description="SUCCEEDED: how they relate; SUCCEEDS, if not given.",
    )
    closing: enum_type(Closing) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="CLOSE: as what."
    )
    reason: str | None = strawberry.field(
        default=None, description="Another reason than for all. Closing needs one."
    )


@strawberry.input
class DecideCasesInput(ManyInput):
    decisions: list[CaseDecisionInput]
    """One a case, each for itself."""
    review: strawberry.ID | None = strawberry.field(
        default=None,
        description="If given, a case that is not of this review is refused.",
    )


@strawberry.type(description="How the case would stand after a step of a dry run.")
class ForeseenStep:
    version: int
    """The version that the recommendation would have."""
    left: list[str] = strawberry.field(description="The states it would leave.")
    entered: list[str] = strawberry.field(description="The states it would enter.")
    states: list[str] = strawberry.field(description="The states that would be active.")


@strawberry.type(description="Result of one of many steps.")
class StepResult(MayBeRecommendation, Payload):
    case_id: strawberry.ID = strawberry.field(description="The case, as it was named.")
    ok: bool = strawberry.field(description="Whether it was taken, or in a dry run would be.")
    case: Case | None = strawberry.field(
        default=None,
        description="As it stands after all the steps; null when this one was refused, in a dry "
        "run, or when the views took too long.",
    )
    foreseen: ForeseenStep | None = strawberry.field(
        default=None, description="In a dry run, what would come of it."
    )


@strawberry.type(description="Results of many steps, each independent of the others.")
class StepsPayload(Payload):
    results: list[StepResult] = strawberry.field(
        default_factory=list, description="In the order of the items."
    )


@strawberry.type
class BulkMutation:
    @strawberry.mutation(
        description="Takes many steps, each for itself: one that is refused leaves the others. "
        "Sent again, what was taken gives its first result and the rest is tried again."
    )
    def take_steps(self, info: Request, input: TakeStepsInput) -> StepsPayload:
        context = info.context

        def deed(n: int, item: StepItemInput) -> Deed:
            step = item.step or input.step
            if step is None:
                raise InvalidInput("Say which `step`: for all, or for this item.")
            data = item.data if item.step is not None else _together(input.data, item.data)
            said = TakeStepInput(
                **vars(one_of(input, _command_id(input, n), item.reason)),
                id=item.id,
                expected_version=item.expected_version,
                visibility=input.visibility,
                part=item.part,
                step=step,
                data=data,
            )
            return deed_of(context, said)

        return _answer(context, input, "items", input.items, deed)

    @strawberry.mutation(
        description="Decides what becomes of cases that a review leaves open: continued into a "
        "later cycle, linked to a successor and closed, or closed. Each is decided for itself."
    )
    def decide_cases(self, info: Request, input: DecideCasesInput) -> StepsPayload:
        context = info.context
        desk, principal = context.service.desk, context.principal
        held: review.Review | None = None
        if input.review is not None:
            try:
                with within("review"):
                    id = read_id(input.review, "Review", "review")
                held = desk.read(id, review.fold, principal)
            except Refusal as refusal:
                return StepsPayload(errors=[refused(refusal, input)])

        def deed(n: int, item: CaseDecisionInput) -> Deed:
            said = one_of(input, _command_id(input, n), item.reason)
            asked = ["decide-case", all_said(said), asdict(item), input.visibility, input.review]
            return decide(
                desk,
                principal,
                Command.of(said.command_id, principal, asked),
                CaseDecision(
                    id=read_id(item.id),
                    expected_version=item.expected_version,
                    decision=item.decision,
                    cycle=item.cycle,
                    successor=None if item.successor is None else read_id(item.successor),
                    link_type=item.link_type,
                    closing=item.closing,
                ),
                lambda: circumstances(context, said, input.visibility or Visibility.PUBLIC),
                held,
            )

        return _answer(context, input, "decisions", input.decisions, deed)


# --- Inside --------------------------------------------------------------------------------------

Item = TypeVar("Item", StepItemInput, CaseDecisionInput)


Outcome = Taken | Foreseen | Refusal


def _answer(
    context: Context,
    input: ManyInput,
    name: str,
    items: list[Item],
    deed: Callable[[int, Item], Deed],
) -> StepsPayload:
    """Does all that is asked, waits for the views once, and answers item by item. `name`: the field
    of the input that has the items."""
    try:
        _few_enough(context, input, name, len(items))
        asked = [_or_refusal(deed, n, item) for n, item in enumerate(items, start=1)]
        outcomes = _outcomes(context, asked, dry_run=input.dry_run)
    except Refusal as refusal:
        return StepsPayload(errors=[refused(refusal, input)])
    seen = [_seen(context, outcome) for outcome in outcomes]
    recorded = [entry for each in seen for entry in each]
    history.reveal(context.service.log, recorded)
    last = max((last_of(done) for done in outcomes if isinstance(done, Taken)), default=None)
    nodes: dict[UUID, Case] = {}
    if last is not None and context.service.wait_for(last):
        context.refresh()
        ids = list({one.on[-1] for one in asked if isinstance(one, Deed)})
        found = list(cases.by_ids(context.connection, context.scope, ids).values())
        nodes = {
            row.state.id: one for row, one in zip(found, cases_of(context, found), strict=True)
        }
    results = [
        StepResult(
            case_id=item.id,
            ok=not isinstance(outcome, Refusal),
            case=nodes.get(one.on[-1])
            if isinstance(one, Deed) and isinstance(outcome, Taken)
            else None,
            entries=entries,  # type: ignore[arg-type]
            log_index=last_of(outcome) if isinstance(outcome, Taken) else None,
            foreseen=_foreseen(outcome) if isinstance(outcome, Foreseen) else None,
            errors=[_refused(outcome, input, name, n, item)]
            if isinstance(outcome, Refusal)
            else [],
        )
        for n, (item, one, outcome, entries) in enumerate(
            zip(items, asked, outcomes, seen, strict=True)
        )
    ]
    return StepsPayload(results=results, entries=recorded, log_index=last)  # type: ignore[arg-type]


def _refused(
    refusal: Refusal, input: ManyInput, name: str, n: int, item: StepItemInput | CaseDecisionInput
) -> StepError:
    """The refusal of an item: by one of its own fields, or by one that is said for all."""
    error = refused(refusal, item, input)
    way = error.path[1:] if error.path else []
    if way and names_of(item).get(way[0]) is None:
        return error
    return replace(error, path=["input", name, str(n), *way])


def _few_enough(context: Context, input: ManyInput, name: str, count: int) -> None:
    most = context.service.settings.bulk_items_max
    if count > most:
        raise LimitExceeded(
            f"One request takes {most:,} steps at most: send the rest in another.", field=name
        )
    id = input.command_id
    if not id.strip() or len(id) > command_of_many_chars_max:
        raise InvalidInput(
            f"commandId has between 1 and {command_of_many_chars_max} characters here: each item's "
            "own has its number added.",
            field="commandId",
        )


def _or_refusal(deed: Callable[[int, Item], Deed], n: int, item: Item) -> Deed | Refusal:
    try:
        return deed(n, item)
    except Refusal as refusal:
        return refusal


def _outcomes(
    context: Context, asked: Sequence[Deed | Refusal], *, dry_run: bool
) -> Sequence[Outcome]:
    desk = context.service.desk
    deeds = [one for one in asked if isinstance(one, Deed)]
    done: Iterator[Outcome]
    if dry_run:
        done = iter(desk.foresee(context.principal, deeds))
    else:
        done = iter(desk.take_all(context.principal, deeds))
    return [next(done) if isinstance(one, Deed) else one for one in asked]


def _seen(context: Context, outcome: Outcome) -> list[Entry]:
    entries = outcome.entries if isinstance(outcome, Taken) else ()
    return [entry for entry in entries if context.scope.sees(entry)]


def _foreseen(outcome: Foreseen) -> ForeseenStep:
    entry = outcome.entries[-1]
    return ForeseenStep(
        version=entry.version,
        left=list(entry.stamp.left),
        entered=list(entry.stamp.entered),
        states=outcome.held[entry.stream].states,
    )


def _command_id(input: ManyInput, n: int) -> str:
    return f"{input.command_id}/{n}"


def _together(for_all: Any, own: Any) -> Any:
    """What an item carries: its own fields before those of all."""
    if isinstance(for_all, dict) and isinstance(own, dict):
        return {**for_all, **own}
    return for_all if own is None else own
