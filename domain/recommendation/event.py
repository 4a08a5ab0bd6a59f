"""The base of what is said of a recommendation. The base class `Event` and the stamp that every
event bears are in `domain.entry`.
"""

from __future__ import annotations

from domain.casework import CaseEvent


class RecommendationEvent(CaseEvent, frozen=True):
    """Base of what is said of a recommendation and of no other case."""
