"""Who may read what a step records: one table of what may be said of it, and of what holds where
nobody says anything."""

from __future__ import annotations

from typing import NamedTuple

from domain.entry import NARROWNESS, Visibility
from domain.refusals import InvalidInput

PUBLIC, INTERNAL, CONFIDENTIAL = Visibility


class Bounds(NamedTuple):
    """The visibility of a step's entry where nobody says one (`widest`, where that is narrower),
    the widest that it may have, and the narrowest.

    Without a `widest` it is PUBLIC on what is public and INTERNAL on the rest: a reason given on a
    draft tells of the draft. Without a `narrowest` it is that of the recommendation: whoever reads
    the recommendation reads what the step says, so that fewer readers would be promised in vain."""

    usual: Visibility = PUBLIC
    widest: Visibility | None = PUBLIC
    narrowest: Visibility | None = CONFIDENTIAL


ANY = Bounds()
WITH_IT = Bounds(narrowest=None)
"""What is shown with the recommendation: its texts, names, terms, dates, and what is published."""
DRAFT = Bounds(CONFIDENTIAL, widest=INTERNAL)
"""Words that nobody has cleared."""
WITHIN = Bounds(INTERNAL, widest=INTERNAL)
AS_IT_IS = Bounds(widest=None)

BOUNDS: dict[str, Bounds] = {
    "add-text": WITH_IT,
    "correct": WITH_IT,
    "renumber": WITH_IT,
    "identify": WITH_IT,
    "withdraw-alias": WITH_IT,
    "classify": WITH_IT,
    "declassify": WITH_IT,
    "defer-position": WITH_IT,
    "select-for-follow-up": WITH_IT,
    "declare-duplicate": WITH_IT,
    "undo-duplicate": WITH_IT,
    "draft-progress": DRAFT,
    "clear-progress": DRAFT,
    "publish-progress": WITH_IT,
    "draft-report": DRAFT,
    "redraft-report": DRAFT,
    "clear-report": WITHIN,
    "attach-evidence": AS_IT_IS,
    "remove-evidence": AS_IT_IS,
    "withdraw-report": AS_IT_IS,
    "publish-report": Bounds(narrowest=INTERNAL),
    "remark": WITHIN,
    "store-file": Bounds(INTERNAL),
    "declare-absence": WITHIN,
    "end-absence": WITHIN,
    "register-person": WITHIN,
    "retire-person": WITHIN,
}
"""Step → who may read its entry, where that is not `ANY`."""


def bounds(step: str) -> Bounds:
    """Who may read a step's entry."""
    return BOUNDS.get(step, ANY)


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


def table() -> str:
    """The table of the steps whose entries may not have just any visibility, for the guide."""
    rows: dict[Bounds, list[str]] = {}
    for step, its in BOUNDS.items():
        rows.setdefault(its, []).append(f"`{step}`")
    lines = ["| steps | unless said otherwise | widest | narrowest |", "|---|---|---|---|"]
    for its, steps in rows.items():
        as_it_is = "PUBLIC if the report is, else INTERNAL"
        usually, widest = (
            (as_it_is, as_it_is) if its.widest is None else (its.usual.name, its.widest.name)
        )
        narrowest = "the recommendation's" if its.narrowest is None else its.narrowest.name
        lines.append(f"| {', '.join(steps)} | {usually} | {widest} | {narrowest} |")
    return "\n".join([*lines, f"| all others | {ANY.usual.name} | any | any |"])
