"""The names that a recommendation goes by: its document's symbol and number, ids of other
systems, national references.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, Stamp, named, reasoned
from domain.recommendation.elements import Alias
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.state import Recommendation
from domain.refusals import AlreadySo, InvalidInput, UnknownAlias

Scheme = Annotated[str, Meta(description="Whose id it is: national, uhri, …")]
ForeignId = Annotated[str, Meta(description="The id, as the other system writes it.")]


# --- Events (the archive's format: frozen) -------------------------------------------------------


class Renumbered(RecommendationEvent, frozen=True):
    """The document's symbol or the paragraph's number changed; the old one stays an alias."""

    topic: ClassVar[str] = "recommendation.renumbered.v1"
    by_step: ClassVar[str] = "renumber"

    symbol: str
    """The new symbol of the document."""
    paragraph: str
    """The new number of the paragraph."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.symbol, r.paragraph = self.symbol, self.paragraph
        r.aliases.append(Alias(scheme="un", value=self.symbol, paragraph=self.paragraph))


class Identified(RecommendationEvent, frozen=True):
    """Another system's id, or a national reference, was recorded."""

    topic: ClassVar[str] = "recommendation.identified.v1"
    by_step: ClassVar[str] = "identify"

    alias: Alias
    """The id or reference, and the system that it is from."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.aliases.append(self.alias)


class AliasWithdrawn(RecommendationEvent, frozen=True):
    """A name was withdrawn because it belongs to another recommendation: the match with a row of a
    second source was wrong."""

    topic: ClassVar[str] = "recommendation.alias-withdrawn.v1"
    by_step: ClassVar[str] = "withdraw-alias"

    alias: Alias
    """The name that no longer leads here."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.aliases = [alias for alias in r.aliases if alias.key != self.alias.key]


# --- Commands ------------------------------------------------------------------------------------


def renumber(r: Recommendation, stamp: Stamp, symbol: str, paragraph: str) -> Renumbered:
    """Records a new symbol or number; the old stays an alias."""
    alias = Alias(scheme="un", value=named(symbol), paragraph=named(paragraph))
    if (r.symbol, r.paragraph) == (symbol, paragraph):
        raise AlreadySo(f"It is {symbol} paragraph {paragraph} already.")
    return Renumbered(stamp=stamp, symbol=alias.value, paragraph=paragraph)


def identify(r: Recommendation, stamp: Stamp, scheme: Scheme, value: ForeignId) -> Identified:
    """Records another system's id, or a national reference."""
    alias = Alias(scheme=named(scheme), value=named(value))
    if scheme == "un":
        raise InvalidInput("A UN symbol changes by renumbering, not by an alias.")
    if alias.key in {a.key for a in r.aliases}:
        raise AlreadySo(f"It goes by {scheme} “{value}” already.")
    return Identified(stamp=stamp, alias=alias)


def withdraw(r: Recommendation, stamp: Stamp, alias: Alias) -> AliasWithdrawn:
    """Takes back another system's id that is not its own; a reason is required."""
    reasoned(stamp, "Taking back a name")
    _another_name(r)
    if alias.scheme == "un" or alias.key not in {a.key for a in r.aliases}:
        raise UnknownAlias(f"It does not go by {alias.scheme} “{alias.value}”.")
    return AliasWithdrawn(stamp=stamp, alias=alias)


# --- What must be so before a command, whatever it says ------------------------------------------


def _another_name(r: Recommendation) -> None:
    if all(alias.scheme == "un" for alias in r.aliases):
        raise UnknownAlias("It goes by no other name than its document's.")


READY: dict[str, Callable[[Recommendation], None]] = {"withdraw-alias": _another_name}
