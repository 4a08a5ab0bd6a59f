"""A measure begins as a proposal."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID, uuid5

from msgspec import Meta

from domain.casework import CaseEvent
from domain.entry import Stamp, dated, first_day, last_day, named, text_chars_max
from domain.identity import NAMESPACE
from domain.measure.held import MeasureText
from domain.refusals import InvalidInput, LimitExceeded
from domain.words import MeasureKind

languages_max = 20
title_chars_max = 500

Starts = Annotated[str | None, Meta(description="First day, month or year: 2026-03, 2026.")]
Ends = Annotated[str | None, Meta(description="Last day, month or year: 2027-12, 2027.")]
Decree = Annotated[str | None, Meta(description="The decree or decision, by name.")]

# --- Events (the archive's format: frozen) -------------------------------------------------------


class MeasureEvent(CaseEvent, frozen=True):
    """Base of a measure's events."""


class MeasureProposed(MeasureEvent, frozen=True):
    """A measure was proposed."""

    topic: ClassVar[str] = "measure.proposed.v1"
    by_step: ClassVar[str] = "propose-measure"
    begins: ClassVar[bool] = True

    code: str
    """The measure's code, unique in its plan."""
    kind: MeasureKind
    """The kind of activity."""
    texts: tuple[MeasureText, ...]
    """Title and description in each language."""
    plan: str | None = None
    """Code of the plan that it is in; null where it is in none."""
    preventive: bool = False
    """True where it prevents violations before they happen."""
    starts: str | None = None
    """First day, month or year planned; null where none is set."""
    ends: str | None = None
    """Last day, month or year planned; null where none is set."""


# --- Commands ------------------------------------------------------------------------------------


def propose(
    stamp: Stamp,
    addressee: str,
    code: Annotated[str, Meta(description="The measure's code, unique in its plan: 3.2.1.")],
    kind: MeasureKind,
    texts: Annotated[
        tuple[MeasureText, ...], Meta(description="Title and description, one for each language.")
    ],
    plan: Annotated[
        str | None, Meta(description="Code of the plan that it is in, such as nap-2026.")
    ] = None,
    preventive: bool = False,
    starts: Starts = None,
    ends: Ends = None,
) -> tuple[UUID, MeasureProposed]:
    """Proposes a measure."""
    if not texts:
        raise InvalidInput("A measure says what it is: give a text.", field="texts")
    check_texts(texts)
    starts, ends = dated(starts, "starts"), dated(ends, "ends")
    check_order(starts, ends)
    code, plan = named(code), None if plan is None else named(plan)
    event = MeasureProposed(
        stamp=stamp,
        code=code,
        kind=kind,
        texts=texts,
        plan=plan,
        preventive=preventive,
        starts=starts,
        ends=ends,
    )
    return measure_id(addressee, plan, code), event


def measure_id(addressee: str, plan: str | None, code: str) -> UUID:
    """The id of a State's measure: it follows from its code and its plan's."""
    return uuid5(NAMESPACE, "\x1f".join(("measure", addressee, plan or "", code)))


def check_texts(texts: tuple[MeasureText, ...]) -> None:
    """Refuses texts that say nothing, too much, or one thing twice."""
    if len({text.language for text in texts}) != len(texts):
        raise InvalidInput("Give one text a language.", field="texts")
    if len(texts) > languages_max:
        raise LimitExceeded(f"A measure may have texts in {languages_max} languages.")
    for text in texts:
        if not text.title.strip():
            raise InvalidInput("`title`: a title says something.", field="texts")
        if len(text.title) > title_chars_max:
            raise LimitExceeded(f"A title may have {title_chars_max} characters.")
        if len(text.description or "") > text_chars_max:
            raise LimitExceeded(f"A description may have {text_chars_max:,} characters.")


def check_order(starts: str | None, ends: str | None) -> None:
    """Refuses an end before the start."""
    if starts is not None and ends is not None and last_day(ends) < first_day(starts):
        raise InvalidInput(f"It ends before it starts: {starts} to {ends}.", field="ends")
