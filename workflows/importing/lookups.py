"""What an import asks the views: handed in by `api`, which makes sure that they are up to date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from domain.recommendation import Recommendation
from domain.recommendation.elements import Alias
from domain.scope import Scope
from domain.vocabulary import Vocabulary


class Lookups(Protocol):
    """Questions about the record as it stands. Which names are taken is answered whoever asks; what
    they stand for is answered to those who may read it, by `scope`."""

    def find_aliases(
        self, wanted: Sequence[tuple[str, Alias]]
    ) -> dict[tuple[str, str, str, str], UUID]:
        """Which recommendation of an addressee goes by which alias: by addressee and the three
        parts of the alias's key. Of several the one that bears the alias now, or the last one."""

    def find_bearers(
        self, wanted: Sequence[tuple[str, Alias]]
    ) -> dict[tuple[str, str, str, str], list[UUID]]:
        """All recommendations of an addressee that go by an alias, by the same key. One that has
        passed the alias on is named only where nobody bears it now."""

    def held_by_others(self, scope: Scope, review: UUID, format: str) -> list[Recommendation]:
        """The recommendations of a review that came otherwise than from files of this format."""

    def held_in_review(self, scope: Scope, review: UUID) -> list[Recommendation]:
        """The recommendations of a review, whatever file they came from."""

    def vocabulary(self, name: str) -> Vocabulary | None:
        """A vocabulary with its shipped and its published versions; None if there is none."""

    def held_under(self, scope: Scope, scheme: str, addressee: str) -> dict[str, Recommendation]:
        """The recommendations of an addressee that go by a name of this scheme, by that name."""

    def paragraphs_of(self, scope: Scope, symbol: str, addressee: str) -> dict[str, UUID]:
        """The recommendations of an addressee that one document holds, by paragraph number as
        compared (`domain.identity.normal_paragraph`). A number that only others may read is none,
        also where one that may be read had it before."""
