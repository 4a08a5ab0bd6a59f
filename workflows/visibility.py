"""Who may read what a step records: what may be said of it, and what holds where nobody says
anything."""

from __future__ import annotations

from domain.entry import NARROWNESS, Visibility
from domain.refusals import InvalidInput
from workflows.step import ANY, INTERNAL, PUBLIC, Bounds
from workflows.step_table import STEPS


def bounds(step: str) -> Bounds:
    """Who may read a step's entry."""
    return STEPS[step].readers if step in STEPS else ANY


def usual(step: str, of: Visibility) -> Visibility:
    """The visibility of a step's entry where none is said; `of`: that of what it is taken on."""
    return max(bounds(step).usual, allowed(step, of)[0], key=NARROWNESS.__getitem__)


def allowed(step: str, of: Visibility = PUBLIC) -> list[Visibility]:
    """The visibilities that a step's entry may have, the widest first; `of`: that of what the step
    is taken on."""
    _, widest, narrowest = bounds(step)
    if widest is None:
        widest = PUBLIC if of is PUBLIC else INTERNAL
    last = NARROWNESS[of if narrowest is None else narrowest]
    return [v for v in Visibility if NARROWNESS[widest] <= NARROWNESS[v] <= last]


def check(step: str, visibility: Visibility, of: Visibility = PUBLIC) -> None:
    """Refuses an entry that more may read than the step lets, or fewer."""
    may = allowed(step, of)
    if visibility not in may:
        names = " or ".join(one.name for one in may)
        raise InvalidInput(
            f"What “{step}” says is {names}, and not {visibility.name}: say so, or leave "
            "`visibility` out.",
            field="visibility",
        )
