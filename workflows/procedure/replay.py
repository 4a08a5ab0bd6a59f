"""The replay check: every step ever taken is decided again, and what would come out differently is
listed. The record needs no decision to be read; this tells whether it was decided by the procedure
that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from domain.entry import Entry
from domain.events import Corrected, Received, RecommendationEvent, StepTaken
from domain.recommendation import begin
from workflows.procedure import BEGINNING, Procedures
from workflows.procedure.facts import facts_of

differences_max = 1_000

STEPS = {
    "recommendation.received.v1": BEGINNING,
    "recommendation.text-added.v1": "add-text",
    "recommendation.corrected.v1": "correct",
    "recommendation.renumbered.v1": "renumber",
    "recommendation.identified.v1": "identify",
    "recommendation.alias-withdrawn.v1": "withdraw-alias",
    "recommendation.classified.v1": "classify",
    "recommendation.declassified.v1": "declassify",
    "recommendation.position-taken.v1": "take-position",
    "recommendation.position-deferred.v1": "defer-position",
    "recommendation.state-commented.v1": "comment",
    "recommendation.selected-for-follow-up.v1": "select-for-follow-up",
    "recommendation.assignment-offered.v1": "offer-assignment",
    "recommendation.assignment-decreed.v1": "decree-assignment",
    "recommendation.assignment-accepted.v1": "accept-assignment",
    "recommendation.assignment-declined.v1": "decline-assignment",
    "recommendation.assignment-lapsed.v1": "lapse-assignment",
    "recommendation.assignment-handed-over.v1": "hand-over-assignment",
    "recommendation.assignment-ended.v1": "end-assignment",
    "recommendation.planned.v1": "plan",
    "recommendation.progress-drafted.v1": "draft-progress",
    "recommendation.progress-cleared.v1": "clear-progress",
    "recommendation.progress-published.v1": "publish-progress",
    "recommendation.covered.v1": "cover",
    "recommendation.assessed.v1": "assess",
    "recommendation.declared-implemented.v1": "declare-implemented",
    "recommendation.reported.v1": "report",
    "recommendation.linked.v1": "link",
    "recommendation.link-withdrawn.v1": "withdraw-link",
    "recommendation.declared-duplicate.v1": "declare-duplicate",
    "recommendation.duplicate-undone.v1": "undo-duplicate",
    "recommendation.closed.v1": "close",
    "recommendation.reopened.v1": "reopen",
    "recommendation.continued.v1": "continue",
}
"""Topic → the step that records it. A correction may also strike; a step of a State's own
procedure names itself."""


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


def step_of(event: RecommendationEvent) -> str:
    """The step that records an event."""
    if isinstance(event, StepTaken):
        return event.step
    if isinstance(event, Corrected) and event.strikes is not None:
        return "strike"
    return STEPS[event.topic]


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
        before = facts_of(r, pinned.fact_names) if pinned else {}
        standing = list(r.states)
        if entry is first:
            r.move(stamp.left, stamp.entered)
        else:
            r.apply(entry)
        if not pinned:
            yield msgspec.structs.replace(recorded, unknown=True)
            continue
        after = facts_of(r, pinned.fact_names)
        now = (
            pinned.begin(after) if entry is first else pinned.outcome(step, standing, before, after)
        )
        if (stamp.definition, stamp.left, stamp.entered) != (pinned.hash, *now):
            yield msgspec.structs.replace(recorded, now_left=now.left, now_entered=now.entered)
