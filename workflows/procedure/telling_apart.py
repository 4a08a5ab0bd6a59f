"""What guards can tell apart: facts reduced to that, so that cases whose dates differ are alike to
whoever decides by guards."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workflows.statecharts.expressions import (
    Compare,
    Expression,
    Fact,
    Facts,
    FactType,
    OneOf,
    Value,
    facts_of,
    parts_of,
)

Seen = tuple[object, ...]
"""Facts as guards see them: two that are equal here are alike to each guard."""

_ORDERED = (FactType.DAY, FactType.NUMBER)


def telling_apart(
    facts: Mapping[str, Fact], guards: Iterable[Expression]
) -> Callable[[Facts], Seen]:
    """What some guards see of facts: none that no guard reads; of days and numbers, only where
    they lie among those that they are compared with; of texts, which of those."""
    guards = list(guards)
    compared: dict[str, set[Any]] = {fact: set() for guard in guards for fact in facts_of(guard)}
    for guard in guards:
        for part in parts_of(guard):
            if isinstance(part, Compare):
                compared[part.fact].add(part.value)
            elif isinstance(part, OneOf):
                compared[part.fact].update(part.values)
    whole, reduced = [], []
    for name, values in sorted(compared.items()):
        fact = facts[name]
        if fact.type in _ORDERED:
            reduced.append((name, _place_among(sorted(values))))
        elif fact.type is FactType.TEXT:
            reduced.append((name, _one_of(frozenset(values))))
        else:
            whole.append(name)

    def seen(facts: Facts) -> Seen:
        get = facts.get
        if not reduced:
            return tuple([get(name) for name in whole])
        return tuple([get(n) for n in whole] + [see(get(n)) for n, see in reduced])

    return seen


def _place_among(known: list[Any]) -> Callable[[Value | None], object]:
    """Before, at or after which of some days or numbers a value lies: an odd number is one of
    them."""

    def place(value: Value | None) -> object:
        if value is None:
            return None
        at = bisect_left(known, value)
        return 2 * at + (at < len(known) and known[at] == value)

    return place


def _one_of(known: frozenset[Any]) -> Callable[[Value | None], object]:
    """Which of some texts a value is; False for any other."""
    return lambda value: value if value is None or value in known else False
