"""Commands whose data people say otherwise than the aggregate takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.addressees import recognise
from domain.entry import Stamp
from domain.recommendation import Recommendation, names, wording
from domain.recommendation.elements import Alias, Part, PartText, Recommender, Text
from domain.recommendation.names import AliasWithdrawn, ForeignId, Scheme
from domain.recommendation.receiving import parts_max
from domain.recommendation.wording import Corrected, TextAdded
from domain.refusals import InvalidInput, LimitExceeded
from domain.words import CorrectionKind, TextStatus


class PartSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One part of a paragraph: its text, and the States that made it."""

    text: Annotated[str, Meta(description="The wording, as printed.")]
    recommending_states: Annotated[tuple[str, ...], Meta(description="Names as printed.")] = ()


def parts_of(
    said: Sequence[PartSaid], place: str = "parts.{}.text"
) -> tuple[tuple[Part, ...], tuple[PartText, ...]]:
    """Parts and their texts, numbered in order; States are recognised by their names. Refuses a
    part without a text, by its `place` in the input."""
    if len(said) > parts_max:
        raise LimitExceeded(
            f"A paragraph has at most {parts_max} parts.", field=place.partition(".")[0]
        )
    for n, part in enumerate(said):
        if not part.text.strip():
            raise InvalidInput(
                f"`{place.format(n)}`: a text says something; this one is empty.",
                field=place.format(n),
            )
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
    texts: Annotated[tuple[str, ...], Meta(description="One for each part, in order.")],
    status: Annotated[
        TextStatus, Meta(description="Whether it is official, or who translated it.")
    ] = TextStatus.TRANSLATION,
) -> TextAdded:
    """Adds a text in a further language, or a better one."""
    _, parts = parts_of([PartSaid(text=text) for text in texts], "texts.{}")
    return wording.add_text(r, stamp, Text(language=language, status=status, parts=parts))


def correct(
    r: Recommendation,
    stamp: Stamp,
    correction: CorrectionKind,
    language: str,
    parts: Annotated[
        tuple[PartSaid, ...],
        Meta(description="All parts as they should read; without recommending States those stay."),
    ],
) -> Corrected:
    """Puts a text or its parts right; needs a reason."""
    corrected, texts = parts_of(parts)
    named = any(part.recommenders for part in corrected)
    held = r.texts.get(language)
    status = held.status if held else TextStatus.OFFICIAL
    return wording.correct(
        r,
        stamp,
        correction,
        text=Text(language=language, status=status, parts=texts),
        parts=corrected if named and corrected != r.parts else None,
    )


def withdraw_alias(
    r: Recommendation, stamp: Stamp, scheme: Scheme, value: ForeignId
) -> AliasWithdrawn:
    """Takes back another system's id that is not its own; needs a reason."""
    return names.withdraw(r, stamp, Alias(scheme=scheme, value=value))
