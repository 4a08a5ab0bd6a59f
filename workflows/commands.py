"""Commands whose data people say otherwise than the aggregate takes it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.addressees import recognise
from domain.entry import Stamp
from domain.events import (
    Alias,
    AliasWithdrawn,
    Corrected,
    Part,
    PartText,
    Recommender,
    Text,
    TextAdded,
)
from domain.recommendation import Recommendation, parts_max
from domain.refusals import LimitExceeded
from domain.words import CorrectionKind, TextStatus


class PartSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A part of a paragraph: its text, and the States that made it, as printed."""

    text: str
    recommending_states: tuple[str, ...] = ()


def parts_of(said: Sequence[PartSaid]) -> tuple[tuple[Part, ...], tuple[PartText, ...]]:
    """Parts and their texts, numbered in order; States are recognised by their names."""
    if len(said) > parts_max:
        raise LimitExceeded(f"A paragraph has at most {parts_max} parts.")
    parts = tuple(
        Part(
            id=str(i),
            recommenders=tuple(
                Recommender(printed=name, code=recognise(name)) for name in part.recommending_states
            ),
        )
        for i, part in enumerate(said, start=1)
    )
    return parts, tuple(PartText(part=str(i), text=p.text) for i, p in enumerate(said, start=1))


def add_text(
    r: Recommendation,
    stamp: Stamp,
    language: str,
    texts: tuple[str, ...],
    status: TextStatus = TextStatus.TRANSLATION,
) -> TextAdded:
    """A text in a further language, or a better one: a wording for each part, in order."""
    _, parts = parts_of([PartSaid(text=text) for text in texts])
    return r.add_text(stamp, Text(language=language, status=status, parts=parts))


def correct(
    r: Recommendation,
    stamp: Stamp,
    correction: CorrectionKind,
    language: str,
    parts: tuple[PartSaid, ...],
) -> Corrected:
    """Puts a text, or the parts with their States, right: all parts as they should read. Without
    recommending States those stay."""
    corrected, texts = parts_of(parts)
    named = any(part.recommenders for part in corrected)
    held = r.texts.get(language)
    status = held.status if held else TextStatus.OFFICIAL
    return r.correct(
        stamp,
        correction,
        text=Text(language=language, status=status, parts=texts),
        parts=corrected if named and corrected != r.parts else None,
    )


def withdraw_alias(r: Recommendation, stamp: Stamp, scheme: str, value: str) -> AliasWithdrawn:
    """Takes back another system's id that is not its own."""
    return r.withdraw_alias(stamp, Alias(scheme=scheme, value=value))
