"""What an import asks the views: handed in by `api`, which makes sure that they are up to date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from domain.events import Alias
from domain.recommendation import Recommendation


class Lookups(Protocol):
    """Questions about the record as it stands, whoever asks."""

    def find_aliases(
        self, wanted: Sequence[tuple[str, Alias]]
    ) -> dict[tuple[str, str, str, str], UUID]:
        """Which recommendation of an addressee goes by which alias: by addressee and the three
        parts of the alias's key."""

    def held_by_others(self, review: UUID, format: str) -> list[Recommendation]:
        """The recommendations of a review that came otherwise than from files of this format."""

    def held_under(self, scheme: str, addressee: str) -> dict[str, Recommendation]:
        """The recommendations of an addressee that go by a name of this scheme, by that name."""

    def paragraphs_of(self, symbol: str, addressee: str) -> dict[str, UUID]:
        """The recommendations of an addressee that one document holds, by paragraph number as
        compared (`domain.identity.normal_paragraph`)."""
