"""What a measure is for: the recommendations that it contributes to, each with a rationale."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, Protected, RecommendationId, Stamp, reasoned
from domain.measure.held import MeasureLink
from domain.measure.proposing import MeasureEvent
from domain.measure.state import Measure
from domain.refusals import AlreadySo, LimitExceeded, UnknownLink

links_max = 500

# --- Events (the archive's format: frozen) -------------------------------------------------------


class MeasureLinked(MeasureEvent, frozen=True):
    """The measure contributes to a recommendation, or to the part of it that the stamp names."""

    topic: ClassVar[str] = "measure.linked.v1"
    by_step: ClassVar[str] = "link-measure"
    part_of: ClassVar[str] = "to"

    to: RecommendationId
    """The recommendation."""
    rationale: Protected
    """Why the measure contributes to it, in words that can be erased."""

    def thing(self, version: int) -> int | None:
        return version

    def apply(self, case: Measure, entry: Entry) -> None:
        held = MeasureLink(
            id=entry.version, to=self.to, part=self.stamp.part, since=self.stamp.effective
        )
        case.links = [*case.links, held]


class MeasureLinkWithdrawn(MeasureEvent, frozen=True):
    """A link to a recommendation was withdrawn, with a reason; it stays in the history."""

    topic: ClassVar[str] = "measure.link-withdrawn.v1"
    by_step: ClassVar[str] = "withdraw-measure-link"

    link: int
    """The link's number."""

    def about(self, case: Measure) -> int | None:
        return self.link

    def thing(self, version: int) -> int | None:
        return self.link

    def met_by(self, told: Measure, whole: Measure) -> None:
        if self.link not in {link.id for link in told.links}:
            told.links = [*told.links, whole.link_of(self.link)]

    def apply(self, case: Measure, entry: Entry) -> None:
        case.links = [link for link in case.links if link.id != self.link]


# --- Commands ------------------------------------------------------------------------------------


def link(
    m: Measure,
    stamp: Stamp,
    to: Annotated[RecommendationId, Meta(description="The id of the recommendation.")],
    rationale: Annotated[
        Protected, Meta(description="Why it contributes to it. It can be erased later.")
    ],
) -> MeasureLinked:
    """Says that the measure contributes to a recommendation, or to the `part` of it that is
    named."""
    if any((link.to, link.part) == (to, stamp.part) for link in m.links):
        raise AlreadySo("The measure is linked to that already.")
    if len(m.links) >= links_max:
        raise LimitExceeded(f"A measure may be linked to {links_max} recommendations.")
    return MeasureLinked(stamp=stamp, to=to, rationale=rationale)


def withdraw(
    m: Measure, stamp: Stamp, link: Annotated[int, Meta(description="The link's number.")]
) -> MeasureLinkWithdrawn:
    """Withdraws a link to a recommendation; why?"""
    reasoned(stamp, "Withdrawing a link")
    _a_link(m)
    m.link_of(link)
    return MeasureLinkWithdrawn(stamp=stamp, link=link)


def _a_link(m: Measure) -> None:
    if not m.links:
        raise UnknownLink("The measure is linked to no recommendation.")


READY = {"withdraw-measure-link": _a_link}
"""Step → what must be so before it, whatever it says."""
