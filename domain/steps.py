"""Which step an entry of a recommendation came from."""

from __future__ import annotations

from domain.events import Corrected, RecommendationEvent, StepTaken

BEGINNING = "receive"
"""The step a recommendation begins with; no procedure has to say it."""

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
    "recommendation.suspended.v1": "suspend",
    "recommendation.resumed.v1": "resume",
    "recommendation.deadline-extended.v1": "extend-deadline",
    "recommendation.deadline-passed.v1": "pass-deadline",
    "recommendation.reminded.v1": "remind",
    "recommendation.escalated.v1": "escalate",
    "recommendation.task-claimed.v1": "claim-task",
    "recommendation.task-released.v1": "release-task",
    "recommendation.task-delegated.v1": "delegate-task",
    "recommendation.remarked.v1": "remark",
    "recommendation.approved.v1": "give-approval",
    "recommendation.step-approved.v1": "give-approval",
    "recommendation.incident-raised.v1": "raise-incident",
    "recommendation.timers-retried.v1": "retry-timers",
    "recommendation.set-back.v1": "set-back",
    "recommendation.deadline-suspended.v1": "suspend-deadline",
    "recommendation.deadline-resumed.v1": "resume-deadline",
    "recommendation.migrated.v1": "migrate",
}
"""Topic → the step that records it. A correction may also strike; a step of a State's own
procedure names itself."""

BESIDE = frozenset(
    (
        *("pass-deadline", "remind", "escalate", "raise-incident", "retry-timers", "set-back"),
        *("suspend-deadline", "resume-deadline"),
        *("claim-task", "release-task", "delegate-task", "give-approval", "remark", "migrate"),
    )
)
"""Steps beside every procedure: no definition has to say them, and they are open whenever what they
are about is there."""


def step_of(event: RecommendationEvent) -> str:
    """The step that records an event."""
    step = STEPS.get(event.topic)
    if step is None:
        assert isinstance(event, StepTaken)
        return event.step
    if step == "correct":
        assert isinstance(event, Corrected)
        return step if event.strikes is None else "strike"
    return step
