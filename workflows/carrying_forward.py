"""What becomes of each case that a review leaves open at its close (domain rule 9): it goes on
under its own symbol into a later cycle, a recommendation of a later cycle succeeds it, or it is
closed.

The end of a cycle changes nothing by itself. Each case is decided for itself, under a command of
its own, however many are decided together; the steps are those of its procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.casework import CaseEvent
from domain.entry import Entry, RecommendationId, Stamp
from domain.identity import normal_symbol
from domain.recommendation import Recommendation, lineage
from domain.recommendation.closing import close
from domain.refusals import InvalidInput
from domain.review import Review, review_of
from domain.words import AssertedHow, Closing, LinkType
from workflows.access import Principal
from workflows.desk import Command, Deed, Desk


class Decision(StrEnum):
    """What is decided of a case that a review leaves open."""

    CONTINUE = "continue"
    """it goes on under its own symbol in a later cycle, and does not count there"""
    SUCCEEDED = "succeeded"
    """it is linked to its successor, and closed as succeeded"""
    CLOSE = "close"
    """it is closed for another reason"""


class CaseDecision(NamedTuple):
    """A decision about one case, seen at `expected_version`: into which `cycle` it continues (the
    next, if not said); its `successor`, and what that does to it; or as what it is closed."""

    id: UUID
    expected_version: int
    decision: Decision
    cycle: int | None = None
    successor: UUID | None = None
    link_type: LinkType | None = None
    closing: Closing | None = None


def decide(
    desk: Desk,
    principal: Principal,
    command: Command,
    said: CaseDecision,
    stamp: Callable[[], Stamp],
    review: Review | None = None,
) -> Deed:
    """What the decision does to the case and, where it has one, to its successor: recorded for both
    or for neither. `stamp` gives each entry circumstances of its own; `review` is the one that
    leaves the case open."""
    _complete(said)

    def take(
        r: Recommendation,
        step: str,
        act: Callable[[Recommendation, Stamp], CaseEvent],
        seen: int | None = None,
    ) -> list[Entry]:
        return desk.make(principal, r, step, stamp(), act, expected_version=seen)

    def carry(held: Mapping[UUID, Recommendation]) -> Sequence[Entry]:
        case, seen = held[said.id], said.expected_version
        if review is not None:
            _left_open(case, review)
        if said.decision is Decision.CONTINUE:
            cycle = said.cycle if said.cycle is not None else _next_cycle(case)
            return take(case, "continue", lambda r, s: lineage.continue_into(r, s, cycle), seen)
        entries: list[Entry] = []
        if said.successor is not None:
            later, earlier = held[said.successor], RecommendationId(case.id)
            _may_succeed(later, case)
            type = said.link_type or LinkType.SUCCEEDS
            if (type, earlier) not in {(link.type, link.to) for link in later.links}:
                how = AssertedHow.PERSON
                entries += take(later, "link", lambda r, s: lineage.link(r, s, type, earlier, how))
        closing = said.closing or Closing.SUCCEEDED
        entries += take(case, "close", lambda r, s: close(r, s, closing), seen)
        return entries

    on = (said.id,) if said.successor is None else (said.successor, said.id)
    return Deed(command, f"decide-case: {said.decision}", on, carry, Recommendation)


_CARRIES = {
    Decision.CONTINUE: (frozenset(), frozenset({"cycle"})),
    Decision.SUCCEEDED: (frozenset({"successor"}), frozenset({"successor", "link_type"})),
    Decision.CLOSE: (frozenset({"closing"}), frozenset({"closing"})),
}
"""Decision → what it has to say, and what it may say."""

_NAMES = {"cycle": "cycle", "successor": "successor", "link_type": "linkType", "closing": "closing"}


def _complete(said: CaseDecision) -> None:
    needed, allowed = _CARRIES[said.decision]
    given = {name for name in _NAMES if getattr(said, name) is not None}
    for name in sorted(needed - given):
        raise InvalidInput(f"To decide {said.decision.name}, give `{_NAMES[name]}`.")
    for name in sorted(given - allowed):
        raise InvalidInput(f"To decide {said.decision.name}, leave `{_NAMES[name]}` out.")
    if said.closing is Closing.SUCCEEDED:
        raise InvalidInput(
            "A recommendation that is closed as succeeded needs a successor: decide SUCCEEDED."
        )


def _left_open(case: Recommendation, review: Review) -> None:
    """Refuses a case that was neither made in the review's cycle nor continued into it."""
    for number in (case.cycle, case.continued_into):
        if review_of(case.addressee, case.mechanism, case.body, number) == review.id:
            return
    raise InvalidInput("This recommendation is not of that review: leave `review` out, or mend it.")


def _next_cycle(case: Recommendation) -> int:
    known = [number for number in (case.cycle, case.continued_into) if number is not None]
    if not known:
        raise InvalidInput("It belongs to no cycle: say into which `cycle` it continues.")
    return max(known) + 1


def _may_succeed(later: Recommendation, earlier: Recommendation) -> None:
    """Refuses a successor of another addressee or, by the same body, of no later cycle. Cycles of
    different bodies are not compared."""
    if later.addressee != earlier.addressee:
        raise InvalidInput(
            f"It is addressed to {earlier.addressee}, the successor to {later.addressee}: name one "
            "of the same addressee."
        )
    if normal_symbol(later.body) != normal_symbol(earlier.body):
        return
    if later.cycle is not None and earlier.cycle is not None and later.cycle <= earlier.cycle:
        raise InvalidInput(
            f"The successor is of cycle {later.cycle}, and it of cycle {earlier.cycle}: name one "
            "of a later cycle."
        )
