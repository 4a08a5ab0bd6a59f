"""What facts may be, as far as a procedure's guards can tell values apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from workflows.procedure.compiled import Compiled
from workflows.statecharts.expressions import (
    Expression,
    Fact,
    Facts,
    FactType,
    Value,
    compared,
)


def domains(
    facts: dict[str, Fact], guards: Iterable[Expression]
) -> dict[str, tuple[Value | None, ...]]:
    """What each fact may be, as far as guards can tell values apart: of numbers and days, those
    that are compared with, and their neighbours; of choices, those, and one more."""
    values: dict[str, set[Value]] = {name: set() for name in facts}
    for guard in guards:
        for name, value in compared(guard):
            values[name].add(value)
    return {name: _domain(fact, values[name]) for name, fact in facts.items()}


def all_domains(compiled: Compiled) -> dict[str, tuple[Value | None, ...]]:
    return domains(compiled.definition.facts, compiled.all_guards())


def _domain(fact: Fact, values: set[Value]) -> tuple[Value | None, ...]:
    unknown: tuple[None, ...] = (None,) if fact.optional else ()
    match fact.type:
        case FactType.FLAG:
            return (False, True, *unknown)
        case FactType.CHOICE:
            others = [value for value in fact.values if value not in values]
            return (
                *(value for value in fact.values if value in {*values, *others[:1]}),
                *unknown,
            )
        case FactType.NUMBER:
            near = {n + d for n in values if isinstance(n, int) for d in (-1, 0, 1)}
            return (*sorted(near or {0}), *unknown)
        case FactType.DAY:
            days = {
                str(date.fromisoformat(str(on)) + timedelta(days=d))
                for on in values
                for d in (-1, 0, 1)
            }
            return (*sorted(days or {"2026-01-01"}), *unknown)
        case FactType.TEXT:
            return (*sorted(map(str, values)), "something else", *unknown)


def valuations(
    domains: dict[str, tuple[Value | None, ...]], names: Sequence[str]
) -> Iterator[dict[str, Value | None]]:
    """Every combination of what some facts may be."""
    for values in itertools.product(*(domains[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def told(facts: Facts) -> str:
    """Facts in a line, without those that are false or unknown."""
    said = [
        name if value is True else f"{name} is {value}"
        for name, value in facts.items()
        if value is not None and value is not False
    ]
    return ", ".join(said) or "nothing is the case"
