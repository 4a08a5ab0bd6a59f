"""The events that a step may give on a case: a step of any case, of an aggregate, of a State."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from domain.casework import Case, CaseEvent, deadlines, steps, suspension
from domain.casework.event import StepDatum
from domain.casework.steps import StepTaken
from domain.entry import Stamp
from domain.refusals import Refusal
from workflows.procedure.aggregates import trials_on
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Field, FieldType
from workflows.procedure.trials import (
    Domains,
    Make,
    Maker,
    one,
    saying,
)
from workflows.statecharts.expressions import Value

forms_max = 200


def acts(
    procedure: Compiled, case: Case, step: str, stamp: Stamp, domains: Domains
) -> Iterator[CaseEvent]:
    """The events that a step may give on a case, as far as they differ; none where what it is about
    is not there. Whether the step is open is for the procedure to say."""
    known = trials_on(type(case)).makers.get(step) or _OF_ANY_CASE.get(step)
    makers = _own(procedure, step, domains) if known is None else known(case, domains)
    for make in makers:
        try:
            yield make(case, stamp)
        except Refusal:
            continue


def _own(procedure: Compiled, step: str, domains: Domains) -> Iterator[Make]:
    """A step that only this procedure has: all that its form may fill in for guards to read."""
    filled = {
        fact.filled: domains[name]
        for name, fact in procedure.definition.facts.items()
        if fact.filled is not None and name in domains
    }
    fields = [field for field in procedure.specs[step].form if f"{step}.{field.name}" in filled]
    some = [_values(field, filled[f"{step}.{field.name}"]) for field in fields]
    names = [field.name for field in fields]

    def filling(r: Case, s: Stamp, values: tuple[Value | None, ...]) -> StepTaken:
        said = zip(names, values, strict=True)
        data = tuple(StepDatum(field=name, value=v) for name, v in said if v is not None)
        return steps.take(r, s, step, data)

    return saying(filling, itertools.islice(itertools.product(*some), forms_max))


def _values(field: Field, domain: Iterable[Value | None]) -> list[Value | None]:
    least = field.least if field.least is not None else -(1 << 53)
    most = field.most if field.most is not None else 1 << 53

    def fits(value: Value) -> bool:
        return field.type is not FieldType.NUMBER or least <= int(value) <= most

    found: list[Value | None] = [v for v in domain if v is not None and fits(v)]
    if field.type is FieldType.NUMBER and not found:
        found = [least if field.least is not None else most]
    return found if field.required else [None, *found]


def _extension(case: Case, s: Stamp) -> CaseEvent:
    name = case.deadlines[0].deadline if case.deadlines else ""
    return deadlines.extend(case, s, name, "2299-12-31")


_OF_ANY_CASE: dict[str, Maker] = {
    "suspend": one(lambda case, s: suspension.suspend(case, s)),
    "resume": one(lambda case, s: suspension.resume(case, s)),
    "extend-deadline": one(_extension),
}
