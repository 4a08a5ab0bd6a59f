"""Which step may follow: a recommendation's procedure decides, the record keeps what was decided.

    facts before → open? → the aggregate records the fact → facts after → states left and entered

What is decided is stored in the event, with the definition's hash, and never decided again.
"""

from __future__ import annotations

import msgspec

from domain.events import RecommendationEvent
from domain.recommendation import Recommendation
from domain.refusals import StepNotOpen
from workflows.procedure.compiled import Compiled, Outcome
from workflows.procedure.facts import facts_of
from workflows.procedure.shipped import by_hash, profile
from workflows.statecharts.expressions import Value

BEGINNING = "receive"
"""The step a recommendation begins with; no definition has to say it."""


def of(r: Recommendation) -> Compiled:
    """The procedure a recommendation is pinned to: the one it started under, where it is known."""
    return by_hash().get(r.definition or "") or profile(r.mechanism, r.kind)


def facts(r: Recommendation) -> dict[str, Value | None]:
    """The facts its procedure reads, as they stand."""
    return facts_of(r, of(r).fact_names)


def check(r: Recommendation, step: str) -> None:
    """Refuses a step that is not open in the recommendation's states; says what it needs."""
    procedure = of(r)
    needs = [blocked.guard for blocked in procedure.blocked(step, r.states, facts(r))]
    if needs:
        now = ", ".join(r.states)
        raise StepNotOpen(
            f"“{step}” is not open: it needs {' and '.join(needs)}; it stands at {now}. "
            f"Open now: {', '.join(open_steps(r))}.",
            step=step,
        )


def open_steps(r: Recommendation) -> list[str]:
    """The steps open now, in the definition's order."""
    return of(r).open_steps(r.states, facts(r))


def outcome(
    r: Recommendation, step: str, before: dict[str, Value | None], event: RecommendationEvent
) -> RecommendationEvent:
    """The event with the states left and entered, read off `r` after the event's facts were added
    to it. `before`: the facts as they were before that."""
    procedure = of(r)
    if step == BEGINNING:
        decided = procedure.begin(facts(r))
    else:
        decided = procedure.outcome(step, r.states, before, facts(r))
    return _stamped(event, procedure, decided)


def _stamped(
    event: RecommendationEvent, procedure: Compiled, decided: Outcome
) -> RecommendationEvent:
    stamp = msgspec.structs.replace(
        event.stamp, definition=procedure.hash, left=decided.left, entered=decided.entered
    )
    return msgspec.structs.replace(event, stamp=stamp)
