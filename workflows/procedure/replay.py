"""The replay check: every step ever taken is decided again, and what would come out differently is
listed. The record needs no decision to be read; this tells whether it was decided by the procedure
that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from domain.entry import Entry
from domain.events import Received, RecommendationEvent
from domain.recommendation import begin
from domain.steps import step_of
from workflows.procedure import Procedures

differences_max = 1_000

class Difference(msgspec.Struct, frozen=True):
    """A step that would come out differently now: what was recorded, and what is decided now.
    `definition` is the procedure it names, `pinned` the one the recommendation started under, by
    their hashes; `unknown`: that one is nowhere to be found."""

    log_index: int
    recommendation: str
    step: str
    definition: str | None
    pinned: str | None
    left: tuple[str, ...]
    entered: tuple[str, ...]
    now_left: tuple[str, ...] = ()
    now_entered: tuple[str, ...] = ()
    unknown: bool = False


class Replayed(msgspec.Struct):
    """What the check found: how many steps on how many recommendations, and the first of those that
    differ with their number."""

    ok: bool = True
    steps: int = 0
    recommendations: int = 0
    different: int = 0
    differences: list[Difference] = []


def replay(
    procedures: Procedures,
    streams: Iterable[list[Entry]],
    tell: Callable[[int], None] = lambda steps: None,
) -> Replayed:
    """Decides every step again, stream by stream."""
    found = Replayed()
    for stream in streams:
        if isinstance(stream[0].event, Received):
            found.recommendations += 1
            for difference in _differing(procedures, stream):
                found.ok = False
                found.different += 1
                if len(found.differences) < differences_max:
                    found.differences.append(difference)
            found.steps += len(stream)
        tell(len(stream))
    return found


def _differing(procedures: Procedures, stream: list[Entry]) -> Iterable[Difference]:
    first = stream[0]
    r = begin(first)
    pinned = r.definition and procedures.find(r.definition, r.addressee)
    for entry in stream:
        event = entry.event
        assert isinstance(event, RecommendationEvent)
        stamp, step = event.stamp, step_of(event)
        recorded = Difference(
            log_index=entry.log_index or 0,
            recommendation=str(entry.stream),
            step=step,
            definition=stamp.definition,
            pinned=r.definition,
            left=stamp.left,
            entered=stamp.entered,
        )
        before = pinned.facts(r) if pinned else {}
        standing = list(r.states)
        if entry is first:
            r.move(stamp.left, stamp.entered)
        else:
            r.apply(entry)
        if not pinned:
            yield msgspec.structs.replace(recorded, unknown=True)
            continue
        after = pinned.facts(r)
        now = (
            pinned.begin(after) if entry is first else pinned.outcome(step, standing, before, after)
        )
        if (stamp.definition, stamp.left, stamp.entered) != (pinned.hash, *now):
            yield msgspec.structs.replace(recorded, now_left=now.left, now_entered=now.entered)
