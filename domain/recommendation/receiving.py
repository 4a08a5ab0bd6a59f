"""A recommendation arrives: the event it begins with, so this lies below the state."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.entry import Stamp, named, text_chars_max
from domain.identity import mint
from domain.recommendation.elements import Part, Text
from domain.recommendation.event import RecommendationEvent
from domain.refusals import InvalidInput, LimitExceeded
from domain.words import Kind, Mechanism

parts_max = 50
recommenders_max = 1_000
"""Of one part: several times as many as there are States."""


# --- Events (the archive's format: frozen) -------------------------------------------------------


class Received(RecommendationEvent, frozen=True):
    """The text arrived from its mechanism."""

    topic: ClassVar[str] = "recommendation.received.v1"
    by_step: ClassVar[str] = "receive"
    begins: ClassVar[bool] = True

    kind: Kind
    """The kind of text."""
    mechanism: Mechanism
    body: str
    text: Text
    """The first text that was recorded, in the language of its source."""
    parts: tuple[Part, ...]
    """The texts that the paragraph bundles, with their States; at least one."""
    symbol: str | None = None
    """UN symbol of the document, as printed; null where it has none."""
    paragraph: str | None = None
    """Number of the paragraph, as printed: 140.1 is not 140.10. Null where there is none."""
    cycle: int | None = None
    """Cycle of the Universal Periodic Review, or reporting round; null where there is none."""
    session: str | None = None


BEGINNING = Received.by_step
"""The step a recommendation begins with; no procedure has to say it."""


# --- Commands ------------------------------------------------------------------------------------


def receive(
    stamp: Stamp,
    *,
    addressee: str,
    kind: Kind,
    mechanism: Mechanism,
    body: str,
    text: Text,
    parts: tuple[Part, ...],
    symbol: str | None,
    paragraph: str | None,
    cycle: int | None = None,
    session: str | None = None,
    id: UUID | None = None,
) -> tuple[UUID, Received]:
    """A recommendation arrives: its id, minted from its key unless one is given, and the event.

    Without both symbol and paragraph there is no key, so the caller gives an id of its own.
    """
    if kind in (Kind.VIEWS, Kind.REQUEST):
        raise InvalidInput(
            "Texts of communications name persons and can't be recorded yet: they need a protected "
            "text. Record what was asked of the State in general."
        )
    countable(parts)
    written(text, parts)
    named(body)
    if symbol and paragraph:
        id = id or mint(kind.value, addressee, named(symbol), named(paragraph))
    if id is None:
        raise InvalidInput("Give the document's symbol and the paragraph's number.")
    event = Received(
        stamp=stamp,
        kind=kind,
        mechanism=mechanism,
        body=body,
        text=text,
        parts=parts,
        symbol=symbol,
        paragraph=paragraph,
        cycle=cycle,
        session=session,
    )
    return id, event


def countable(parts: tuple[Part, ...]) -> None:
    """Refuses more parts than a paragraph may have, or more States than a part may."""
    if not 1 <= len(parts) <= parts_max:
        raise LimitExceeded(f"A paragraph has between 1 and {parts_max} parts.")
    if any(len(part.recommenders) > recommenders_max for part in parts):
        raise LimitExceeded(f"A part may have {recommenders_max} recommending States.")
    if len({part.id for part in parts}) != len(parts):
        raise InvalidInput("Parts have different ids.")


def written(text: Text, parts: tuple[Part, ...]) -> None:
    """Refuses a text that does not say something for each part."""
    if [p.part for p in text.parts] != [p.id for p in parts]:
        raise InvalidInput("A text has one wording for each part, in their order.")
    if not text.language or len(text.language) > 35:
        raise InvalidInput("Name the text's language by its BCP 47 tag, such as “en”.")
    for part in text.parts:
        if not part.text.strip():
            raise InvalidInput("A text says something.")
        if len(part.text) > text_chars_max:
            raise LimitExceeded(f"A text may have {text_chars_max:,} characters.")
