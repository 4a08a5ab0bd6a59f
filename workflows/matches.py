"""What people decide about rows of second sources, with what it gives to a recommendation or takes
from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.entry import NARROWNESS, Entry, Event, RecommendationId, Stamp, Visibility, apart
from domain.match import Match
from domain.recommendation import Recommendation
from domain.recommendation.elements import Alias
from domain.recommendation.names import withdraw as withdraw_alias
from domain.recommendation.terms import declassify
from domain.refusals import InvalidInput, NeedsDecision
from domain.words import AssertedHow
from workflows.access import Principal
from workflows.desk import Desk
from workflows.importing.door import Door
from workflows.importing.receipt import Conflict
from workflows.importing.sources import join
from workflows.procedure import Procedures


def make(
    desk: Desk,
    principal: Principal,
    match: Match,
    stamp: Stamp,
    to: Annotated[RecommendationId, Meta(description="The recommendation that the row is.")],
) -> list[Entry | Event]:
    """A row of a second source is this recommendation.

    That gets its name, its terms and what else the row says."""
    r = desk.load(to, principal)
    if r.addressee != match.addressee:
        raise InvalidInput("The row and the recommendation are of different addressees.")
    score = next((c.score for c in match.candidates if c.recommendation == r.id), None)
    narrow = _no_wider(stamp, match.visibility, r.visibility)
    made = match.make(narrow, RecommendationId(r.id), AssertedHow.PERSON, score)
    door = Door(desk.procedures, principal, lambda: stamp.command)
    try:
        return [made, *join(door, apart(stamp, r.visibility), r, match)]
    except Conflict as conflict:
        raise NeedsDecision(f"{conflict.message}.") from None


def withdraw(desk: Desk, principal: Principal, match: Match, stamp: Stamp) -> list[Entry | Event]:
    """Takes back what was decided about a row; why? The name and the terms that it gave to a
    recommendation go with it."""
    made: list[Entry | Event] = [match.withdraw(stamp)]
    if match.to is not None:
        r = desk.load(match.to, principal)
        made += _part(desk.procedures, r, match, apart(stamp, r.visibility))
    return made


def _part(procedures: Procedures, r: Recommendation, match: Match, stamp: Stamp) -> Iterator[Entry]:
    """Takes back from a recommendation the name and the terms that a match gave it."""
    alias = Alias(scheme=match.scheme, value=match.key)
    if alias.key in {a.key for a in r.aliases}:
        yield procedures.enter(r, "withdraw-alias", withdraw_alias(r, stamp, alias))
    mine = {term.key for term in match.terms}
    source = match.symbol or match.scheme
    gone = [h.term for h in r.terms if h.term.key in mine and h.document in (source, None)]
    if gone:
        said = declassify(r, apart(stamp, stamp.visibility), gone)
        yield procedures.enter(r, "declassify", said)


def _no_wider(stamp: Stamp, *others: Visibility) -> Stamp:
    """The same circumstances, read by no more than read all of some others."""
    visibility = max((stamp.visibility, *others), key=NARROWNESS.__getitem__)
    return msgspec.structs.replace(stamp, visibility=visibility)
