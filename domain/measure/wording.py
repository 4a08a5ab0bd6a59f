"""The wording of a measure is changed."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from domain.entry import Entry, Stamp, reasoned
from domain.measure.course import not_ended
from domain.measure.held import MeasureText
from domain.measure.proposing import MeasureEvent, check_texts, languages_max
from domain.measure.state import Measure
from domain.refusals import AlreadySo, LimitExceeded
from domain.words import MeasureKind

# --- Events (the archive's format: frozen) -------------------------------------------------------


class MeasureRevised(MeasureEvent, frozen=True):
    """The texts or the kind of the measure were changed; fields that are null stay."""

    topic: ClassVar[str] = "measure.revised.v1"
    by_step: ClassVar[str] = "revise-measure"

    texts: tuple[MeasureText, ...] = ()
    """Texts that take the place of those in the same languages."""
    kind: MeasureKind | None = None
    """The kind of activity; null where it stays."""
    preventive: bool | None = None
    """True where it prevents violations before they happen; null where that stays."""

    def apply(self, case: Measure, entry: Entry) -> None:
        case.texts = {**case.texts, **{text.language: text for text in self.texts}}
        case.kind = self.kind or case.kind
        case.preventive = case.preventive if self.preventive is None else self.preventive


# --- Commands ------------------------------------------------------------------------------------


def revise(
    m: Measure,
    stamp: Stamp,
    texts: Annotated[
        tuple[MeasureText, ...],
        Meta(description="Texts that take the place of those in the same languages."),
    ] = (),
    kind: MeasureKind | None = None,
    preventive: bool | None = None,
) -> MeasureRevised:
    """Changes the texts or the kind of the measure; why? Fields that are left out stay."""
    reasoned(stamp, "Revising a measure")
    not_ended(m)
    check_texts(texts)
    as_it_is = (
        all(m.texts.get(text.language) == text for text in texts)
        and kind in (None, m.kind)
        and preventive in (None, m.preventive)
    )
    if as_it_is:
        raise AlreadySo("The measure says that already: give what changes.")
    if len({*m.texts, *(text.language for text in texts)}) > languages_max:
        raise LimitExceeded(f"A measure may have texts in {languages_max} languages.")
    return MeasureRevised(stamp=stamp, texts=texts, kind=kind, preventive=preventive)


READY = {"revise-measure": not_ended}
"""Step → what must be so before it, whatever it says."""
