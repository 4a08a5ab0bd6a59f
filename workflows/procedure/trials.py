"""What a search for a way tries of each aggregate: the events that its steps may give on a case as
it stands, one for each that later decisions can tell apart.

They are trials, made by the aggregate's own commands, and never recorded. A step whose command
refuses is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from domain.casework import CaseEvent
from domain.entry import Authority, AuthorityKind, Protected, Source, Speaker, Stamp, effective
from workflows.statecharts.expressions import Value

Domains = Mapping[str, tuple[Value | None, ...]]
"""What each fact may be, as far as it matters; a fact that does not matter is missing."""

SOMEBODY = "(somebody)"
"""Who takes the steps of a trial."""
WORDS = Protected("…")

Make = Callable[[Any, Stamp], CaseEvent]
"""Gives an event of a case, with a stamp; it may refuse."""
Maker = Callable[[Any, Domains], Iterable[Make]]
"""The events that a step may give on a case, as far as guards can tell them apart."""
Said = TypeVar("Said")


class Trials(NamedTuple):
    """What there is to try of an aggregate. `makers`: step → its events. `prepared_by`: step →
    the steps after which what it is about is there, whatever guards say; `heard_after`: the same,
    of steps that a state waits for. `again`: steps that may have to be taken more than once before
    a fact changes. `sight`: what of a case bears on a state, besides states and facts; `room`: what
    besides decides how it goes on from a version."""

    makers: Mapping[str, Maker]
    prepared_by: Mapping[str, tuple[str, ...]] = {}
    heard_after: Mapping[str, tuple[str, ...]] = {}
    again: frozenset[str] = frozenset()
    sight: Callable[[Any, Domains], tuple[object, ...]] = lambda case, domains: ()
    room: Callable[[Any, int], tuple[object, ...]] = lambda case, start: ()


def stamp_of(day: str) -> Stamp:
    """What a trial says beside its facts."""
    return Stamp(
        command="",
        speaker=Speaker(
            actor=SOMEBODY,
            role="coordinator",
            institution=SOMEBODY,
            on_behalf_of=SOMEBODY,
            authority=Authority(kind=AuthorityKind.MANDATE, reference="…"),
        ),
        effective=effective(day),
        source=Source(document="…"),
        reason=WORDS,
    )


def one(make: Make) -> Maker:
    return lambda case, domains: (make,)


def saying(make: Callable[[Any, Stamp, Said], CaseEvent], some: Iterable[Said]) -> Iterator[Make]:
    """A maker for each of some things that a step may say."""

    def one(said: Said) -> Make:
        return lambda r, s: make(r, s, said)

    return map(one, some)


def days(domains: Domains, fact: str) -> list[str | None]:
    """The days that matter for a fact; none, where it does not."""
    return [None if day is None else str(day) for day in domains.get(fact, (None,))]
