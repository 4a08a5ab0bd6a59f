"""Four eyes: a step that another person must take, or that others must approve first.

A person is known by a pseudonym. A system that names none can't be told from anybody, so it
satisfies nothing, and a step that it took leaves nobody to be apart from.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.casework import ApprovalHeld
from domain.recommendation import Recommendation
from domain.refusals import Forbidden
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Approvals, Seat


def missing(procedure: Compiled, r: Recommendation, step: str, actor: str | None) -> list[str]:
    """What a step still needs before this person takes it, in words; nothing if it needs no more.
    Approvals count from the last time that what is approved was done."""
    spec = procedure.specs.get(step)
    if spec is None or not (spec.apart_from or spec.approvals):
        return []
    found = ["a person takes it: name `actor`"] if actor is None else []
    for other in spec.apart_from:
        hand = r.hands.get(other)
        if hand is None:
            found.append(f"“{other}” has been taken before")
        elif hand.actor is None:
            found.append(f"a person has taken “{other}”, and not a system that names none")
        elif hand.actor == actor:
            found.append(f"another person than {actor}, who took “{other}”, takes it")
    if spec.approvals is not None:
        since = max((r.hands[s].version for s in spec.apart_from if s in r.hands), default=0)
        given = [held for held in r.approved_by(step, since) if held.actor != actor]
        filled = seats_filled(spec.approvals.of, given)
        if filled < spec.approvals.needed:
            found.append(
                f"{spec.approvals.needed} of {len(spec.approvals.of)} others have approved it "
                f"({filled} have)"
            )
    return found


def seats_filled(seats: Sequence[Seat], given: Sequence[ApprovalHeld]) -> int:
    """How many seats these approvals fill at most, each by another person: a largest matching."""
    sitting: dict[int, str] = {}
    by_person = {held.actor: held for held in given}

    def seat(actor: str, asked: set[int]) -> bool:
        for n, one in enumerate(seats):
            if n in asked or not sits(one, by_person[actor].role, by_person[actor].institution):
                continue
            asked.add(n)
            if n not in sitting or seat(sitting[n], asked):
                sitting[n] = actor
                return True
        return False

    return sum(seat(actor, set()) for actor in by_person)


def sits(seat: Seat, role: str, institution: str) -> bool:
    """True if somebody in this role, of this institution, may fill a seat."""
    return seat.role in (None, role) and seat.institution in (None, institution)


def may_approve(approvals: Approvals | None, role: str, institution: str) -> bool:
    """True if somebody in this role, of this institution, has a say."""
    return approvals is not None and any(sits(seat, role, institution) for seat in approvals.of)


def authorise_approval(procedure: Compiled, step: str, role: str, institution: str) -> None:
    """Refuses an approval that a step does not ask of somebody in this role, of this
    institution."""
    spec = procedure.specs.get(step)
    if not may_approve(None if spec is None else spec.approvals, role, institution):
        raise Forbidden(f"“{step[:80]}” does not ask for your approval.")
