"""Which step may follow: one data table behind two functions.

`STEPS` says for every step in which states it is open and which regions it may move. `REGIONS`
says, region by region, which state the facts of a recommendation amount to. `check` refuses a step
that is not open; `outcome` says which states a recorded fact leaves and enters. What they decide
is stored in the event, with the definition's hash, and never decided again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from domain.entry import Stamp
from domain.events import (
    RecommendationEvent,
)
from domain.recommendation import (
    Recommendation,
)
from domain.refusals import StepNotOpen
from domain.words import (
    AssignmentStatus,
    Position,
    ProgressStatus,
)

REGIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "record",
        (
            ("it is closed", "record.closed"),
            ("otherwise", "record.open"),
        ),
    ),
    (
        "position",
        (
            ("its mechanism knows no position", "position.not-applicable"),
            ("it is supported", "position.supported"),
            ("it is noted", "position.noted"),
            ("its parts differ", "position.by-part"),
            ("otherwise", "position.pending"),
        ),
    ),
    (
        "assignment",
        (
            ("an institution is assigned", "assignment.assigned"),
            ("an offer is open", "assignment.offered"),
            ("otherwise", "assignment.unassigned"),
        ),
    ),
    (
        "implementation",
        (
            ("it is declared implemented", "implementation.declared"),
            ("progress is published", "implementation.in-progress"),
            ("measures are planned", "implementation.planned"),
            ("otherwise", "implementation.not-started"),
        ),
    ),
    (
        "reporting",
        (
            ("it is reported", "reporting.reported"),
            ("otherwise", "reporting.unreported"),
        ),
    ),
)
"""Region by region: the first fact that holds names the state."""

FACTS: dict[str, Callable[[Recommendation], bool]] = {
    "it is closed": lambda r: r.closed is not None,
    "its mechanism knows no position": lambda r: r.position is Position.NOT_APPLICABLE,
    "it is supported": lambda r: r.position is Position.SUPPORTED,
    "it is noted": lambda r: r.position is Position.NOTED,
    "its parts differ": lambda r: r.position is Position.BY_PART,
    "an institution is assigned": lambda r: bool(r.standing),
    "an offer is open": lambda r: any(a.status is AssignmentStatus.OFFERED for a in r.assignments),
    "it is declared implemented": lambda r: any(r.stands(v) for v in r.declared),
    "progress is published": lambda r: (
        any(p.status is ProgressStatus.PUBLISHED for p in r.progress)
        or any(r.stands(held.version) for held in r.covers)
    ),
    "measures are planned": lambda r: any(r.stands(plan.version) for plan in r.plans),
    "it is reported": lambda r: any(r.stands(v) for v in r.reported),
    "otherwise": lambda r: True,
}


class Step(NamedTuple):
    """A step: the states that must all be active for it to be open (none: always open), and the
    regions it may move."""

    when: tuple[str, ...] = ("record.open",)
    moves: tuple[str, ...] = ()


STEPS: dict[str, Step] = {
    "receive": Step(
        when=(), moves=("record", "position", "assignment", "implementation", "reporting")
    ),
    # What the text is may be put right at any time, whatever has become of it.
    "add-text": Step(when=()),
    "correct": Step(when=(), moves=("position",)),
    "strike": Step(when=(), moves=("position", "implementation", "reporting")),
    "renumber": Step(when=()),
    "identify": Step(when=()),
    "withdraw-alias": Step(when=()),
    "classify": Step(when=()),
    "declassify": Step(when=()),
    "link": Step(when=()),
    "withdraw-link": Step(when=()),
    "declare-duplicate": Step(when=()),
    "undo-duplicate": Step(when=()),
    # Facts of the world happen whether or not follow-up is open here.
    "take-position": Step(when=(), moves=("position",)),
    "defer-position": Step(when=()),
    "comment": Step(when=()),
    "select-for-follow-up": Step(when=()),
    "assess": Step(when=()),
    # The work itself. A noted recommendation stays in it like any other (domain rule 3).
    "offer-assignment": Step(moves=("assignment",)),
    "decree-assignment": Step(moves=("assignment",)),
    "accept-assignment": Step(when=("record.open",), moves=("assignment",)),
    "decline-assignment": Step(moves=("assignment",)),
    "lapse-assignment": Step(moves=("assignment",)),
    "hand-over-assignment": Step(
        when=("record.open", "assignment.assigned"), moves=("assignment",)
    ),
    "end-assignment": Step(when=("record.open", "assignment.assigned"), moves=("assignment",)),
    "plan": Step(when=("record.open", "assignment.assigned"), moves=("implementation",)),
    "draft-progress": Step(when=("record.open", "assignment.assigned")),
    "clear-progress": Step(),
    "publish-progress": Step(moves=("implementation",)),
    "cover": Step(when=(), moves=("implementation",)),
    "declare-implemented": Step(
        when=("record.open", "assignment.assigned"), moves=("implementation",)
    ),
    "report": Step(moves=("reporting",)),
    "continue": Step(),
    "close": Step(moves=("record",)),
    "reopen": Step(when=("record.closed",), moves=("record", "implementation")),
}

DEFINITION = hashlib.sha256(
    msgspec.json.encode({"regions": REGIONS, "steps": STEPS}, order="sorted")
).hexdigest()
"""SHA-256 of the two tables: which definition decided is part of every event."""


def check(r: Recommendation, step: str) -> None:
    """Refuses a step that is not open in the recommendation's states; says which are missing."""
    missing = [state for state in STEPS[step].when if state not in r.states]
    if missing:
        now = ", ".join(r.states)
        raise StepNotOpen(
            f"“{step}” is not open: it needs {' and '.join(missing)}; it stands at {now}. "
            f"Open now: {', '.join(open_steps(r))}.",
            step=step,
        )


def open_steps(r: Recommendation) -> list[str]:
    """The steps open now, in the table's order."""
    active = set(r.states)
    return [name for name, s in STEPS.items() if name != "receive" and active.issuperset(s.when)]


def outcome(r: Recommendation, step: str, event: RecommendationEvent) -> RecommendationEvent:
    """The event with the states left and entered, read off `r` after the event's facts were
    added to it."""
    moves = STEPS[step].moves
    left: list[str] = []
    entered: list[str] = []
    for region, rows in REGIONS:
        if region not in moves:
            continue
        state = next(state for fact, state in rows if FACTS[fact](r))
        before = [s for s in r.states if s.startswith(f"{region}.")]
        if before != [state]:
            left.extend(before)
            entered.append(state)
    stamp: Stamp = msgspec.structs.replace(
        event.stamp, definition=DEFINITION, left=tuple(left), entered=tuple(entered)
    )
    return msgspec.structs.replace(event, stamp=stamp)
