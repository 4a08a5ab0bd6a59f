"""What the entries of a measure leave in its state, and what its events are made of."""

from __future__ import annotations

from domain.entry import Effective, RecommendationId, Stored
from domain.words import Capacity, MeasureTurn


class MeasureText(Stored, frozen=True):
    """The title and the description of a measure, in one language."""

    language: str
    """The text's language (BCP 47 tag)."""
    title: str
    """The title, in a line."""
    description: str | None = None
    """The activity, in full; null where the title says it."""


class MeasureTurnTaken(Stored, frozen=True):
    """A turn of a measure's course."""

    version: int
    """The version of the entry that says so."""
    turn: MeasureTurn
    """The kind of turn."""
    effective: Effective
    """When it did."""


class MeasureDates(Stored, frozen=True):
    """When a measure is to begin and to end, as far as one entry says."""

    version: int
    """The version of the entry."""
    starts: str | None = None
    """First day, month or year; null where the entry sets none."""
    ends: str | None = None
    """Last day, month or year; null where the entry sets none."""


class MeasureResponsibility(Stored, frozen=True):
    """An institution carries a measure out, or helps."""

    version: int
    """The version of the entry that made it responsible."""
    institution: str
    """Code of the institution."""
    capacity: Capacity
    """Whether it leads or supports."""
    since: Effective
    """When that began."""
    until: Effective | None = None
    """When it ended; null while it lasts."""


class MeasureLink(Stored, frozen=True):
    """A measure contributes to a recommendation; `id` is the version of the entry that says so."""

    id: int
    to: RecommendationId
    part: str | None = None
    """The part that it contributes to; null: the whole."""
    since: Effective = Effective()
