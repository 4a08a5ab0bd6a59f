"""What a recommendation says: texts in further languages, and corrections, by which an earlier
entry may be struck.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, Stamp, reasoned
from domain.recommendation.elements import Part, Text
from domain.recommendation.event import RecommendationEvent
from domain.recommendation.receiving import countable, written
from domain.recommendation.state import Recommendation
from domain.refusals import AlreadySo, InvalidInput, UnknownEntry, valid
from domain.words import CorrectionKind

# --- Events (the archive's format: frozen) -------------------------------------------------------


class TextAdded(RecommendationEvent, frozen=True):
    """A text in another language, or a better one in a language already there, was added."""

    topic: ClassVar[str] = "recommendation.text-added.v1"
    by_step: ClassVar[str] = "add-text"

    text: Text
    """The text, which replaces an earlier one in its language."""

    def apply(self, r: Recommendation, entry: Entry) -> None:
        r.texts[self.text.language] = self.text


class Corrected(RecommendationEvent, frozen=True):
    """Something recorded was wrong and is put right: a text, the parts with their recommending
    States, or an earlier entry, which is struck. The earlier entry stays where it is."""

    topic: ClassVar[str] = "recommendation.corrected.v1"
    by_step: ClassVar[str] = "correct"

    correction: CorrectionKind
    """Why it was wrong."""
    text: Text | None = None
    """The right text; null where texts stay."""
    parts: tuple[Part, ...] | None = None
    """The right parts with their States; null where they stay."""
    strikes: int | None = None
    """The version of the entry that counts no more; null where none is struck."""

    @property
    def step_name(self) -> str:
        return self.by_step if self.strikes is None else "strike"

    def about(self, r: Recommendation) -> int | None:
        return self.strikes

    def apply(self, r: Recommendation, entry: Entry) -> None:
        if self.text is not None:
            r.texts[self.text.language] = self.text
        if self.parts is not None:
            r.parts = self.parts
        if self.strikes is not None:
            r.struck.append(self.strikes)
            r.unfill(self.strikes)


# --- Commands ------------------------------------------------------------------------------------


def add_text(r: Recommendation, stamp: Stamp, text: Text) -> TextAdded:
    """A text in a further language, or a better one; the same again is refused."""
    written(text, r.parts)
    if r.texts.get(text.language) == text:
        raise AlreadySo(f"This text is recorded in “{text.language}” already.")
    return TextAdded(stamp=stamp, text=text)


def correct(
    r: Recommendation,
    stamp: Stamp,
    correction: CorrectionKind,
    *,
    text: Text | None = None,
    parts: tuple[Part, ...] | None = None,
) -> Corrected:
    """Puts a text, or the parts with their States, right; a reason is required."""
    reasoned(stamp, "A correction")
    if text is None and parts is None:
        raise InvalidInput("A correction says what it corrects: give a text or parts.")
    if parts is not None:
        countable(parts)
    if text is not None:
        written(text, r.parts if parts is None else parts)
        if parts is None and r.texts.get(text.language) == text:
            raise AlreadySo("The text reads like that already.")
    if parts is not None and (text is None or text.language != r.original):
        written(r.texts[r.original], parts)
    return Corrected(stamp=stamp, correction=correction, text=text, parts=parts)


def strike(
    r: Recommendation,
    stamp: Stamp,
    correction: CorrectionKind,
    version: Annotated[int, Meta(description="The version of the entry to strike.")],
) -> Corrected:
    """Strikes an earlier entry that should not have been made: a position, plan, assessment,
    declaration or report, or a step of the procedure's own. It stays in the history and counts
    no more."""
    reasoned(stamp, "A correction")
    _something_to_strike(r)
    if version not in r.strikable:
        standing = valid(sorted(r.strikable))
        raise UnknownEntry(
            f"Entry {version} is no standing position, plan, assessment, declaration, "
            f"report or step of its own procedure of this recommendation. {standing}"
        )
    return Corrected(stamp=stamp, correction=correction, strikes=version)


# --- What must be so before a command, whatever it says ------------------------------------------


def _something_to_strike(r: Recommendation) -> None:
    if not r.strikable:
        raise UnknownEntry(
            "It has no standing position, plan, assessment, declaration, report or step of its own "
            "procedure to strike."
        )


READY: dict[str, Callable[[Recommendation], None]] = {"strike": _something_to_strike}
