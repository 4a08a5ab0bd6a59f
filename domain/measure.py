"""A measure: what a State does so that recommendations are met. It is proposed, adopted, assigned
to a lead and to supporting institutions, begun, and completed, or given up.

A measure is a case of its own and no field of a recommendation: one measure may contribute to many
recommendations, and many to one. Nothing that becomes of a measure implements a recommendation; a
link says that it contributes to it, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

from domain.casework import Case, CaseEvent, events_of
from domain.effects import Whose
from domain.entry import (
    Effective,
    Entry,
    Protected,
    RecommendationId,
    Stamp,
    Stored,
    dated,
    first_day,
    last_day,
    named,
    reasoned,
    text_chars_max,
)
from domain.identity import NAMESPACE
from domain.refusals import (
    AlreadySo,
    HasEnded,
    InvalidInput,
    LimitExceeded,
    UnknownEntry,
    UnknownLink,
    UnknownPart,
    valid,
)
from domain.words import Capacity, CorrectionKind, MeasureKind, MeasureStatus, MeasureTurn

languages_max = 20
institutions_max = 50
links_max = 500
title_chars_max = 500

# --- What events are made of, and what they leave (the archive's format: frozen) -----------------


class MeasureText(Stored, frozen=True):
    """What a measure is, in one language."""

    language: str
    """The text's language (BCP 47 tag)."""
    title: str
    """The title, in a line."""
    description: str | None = None
    """The activity, in full; null where the title says it."""


class MeasureTurnTaken(Stored, frozen=True):
    """A turn of a measure's course."""

    version: int
    """The version of the entry that says so."""
    turn: MeasureTurn
    """What it came to."""
    effective: Effective
    """When it did."""


class MeasureDates(Stored, frozen=True):
    """When a measure is to begin and to end, as far as one entry says."""

    version: int
    """The version of the entry."""
    starts: str | None = None
    """First day, month or year; null where the entry sets none."""
    ends: str | None = None
    """Last day, month or year; null where the entry sets none."""


class MeasureResponsibility(Stored, frozen=True):
    """An institution carries a measure out, or helps."""

    version: int
    """The version of the entry that made it responsible."""
    institution: str
    """Code of the institution."""
    capacity: Capacity
    """Whether it leads or supports."""
    since: Effective
    """When that began."""
    until: Effective | None = None
    """When it ended; null while it lasts."""


class MeasureLink(Stored, frozen=True):
    """A measure contributes to a recommendation; `id` is the version of the entry that says so."""

    id: int
    to: RecommendationId
    part: str | None = None
    """The part that it contributes to; null: the whole."""
    since: Effective = Effective()


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
    """What it is, in each language."""
    plan: str | None = None
    """Code of the plan that it is in; null where it is in none."""
    preventive: bool = False
    """True where it prevents violations before they happen."""
    starts: str | None = None
    """First day, month or year planned; null where none is set."""
    ends: str | None = None
    """Last day, month or year planned; null where none is set."""


class MeasureRevised(MeasureEvent, frozen=True):
    """What a measure is was said anew; what is null stays."""

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


class MeasureAssigned(MeasureEvent, frozen=True):
    """The measure was assigned: one institution leads, others support. Whoever was responsible
    before and is not named is so no more."""

    topic: ClassVar[str] = "measure.assigned.v1"
    by_step: ClassVar[str] = "assign-measure"

    lead: str
    """Code of the institution that leads."""
    supporting: tuple[str, ...] = ()
    """Codes of the institutions that support it."""
    instrument: str | None = None
    """The decree or decision, by name; null where none is named."""

    @property
    def addressed(self) -> tuple[str, ...]:
        return self.lead, *self.supporting

    def apply(self, case: Measure, entry: Entry) -> None:
        since = self.stamp.effective
        capacities = dict.fromkeys(self.supporting, Capacity.SUPPORTING)
        capacities[self.lead] = Capacity.LEAD
        kept: list[MeasureResponsibility] = []
        for held in case.responsible:
            if held.until is None and capacities.get(held.institution) is not held.capacity:
                held = msgspec.structs.replace(held, until=since)
            elif held.until is None:
                del capacities[held.institution]
            kept.append(held)
        case.responsible = [
            *kept,
            *(
                MeasureResponsibility(
                    version=entry.version, institution=code, capacity=capacity, since=since
                )
                for code, capacity in sorted(capacities.items(), key=lambda one: one[1].value)
            ),
        ]


class MeasureTurned(MeasureEvent, frozen=True):
    """Base of the turns of a measure's course."""

    turn: ClassVar[MeasureTurn]

    @property
    def moved(self) -> tuple[str | None, str | None]:
        """The first and the last day that it sets; None where it sets none."""
        return None, None

    def apply(self, case: Measure, entry: Entry) -> None:
        case.turns = [
            *case.turns,
            MeasureTurnTaken(version=entry.version, turn=self.turn, effective=self.stamp.effective),
        ]
        starts, ends = self.moved
        if starts is not None or ends is not None:
            case.dates = [
                *case.dates,
                MeasureDates(version=entry.version, starts=starts, ends=ends),
            ]


class MeasureAdopted(MeasureTurned, frozen=True):
    """The measure was adopted: the State is bound to it. Adopted in public it is known to all."""

    topic: ClassVar[str] = "measure.adopted.v1"
    by_step: ClassVar[str] = "adopt-measure"
    publishes: ClassVar[bool] = True
    turn: ClassVar[MeasureTurn] = MeasureTurn.ADOPTED

    instrument: str | None = None
    """The decree or decision, by name; null where none is named."""


class MeasureStarted(MeasureTurned, frozen=True):
    """Work on the measure began."""

    topic: ClassVar[str] = "measure.started.v1"
    by_step: ClassVar[str] = "start-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.STARTED


class MeasureDelayed(MeasureTurned, frozen=True):
    """The measure is late, with a reason; it stays so until its dates are set anew, or it ends."""

    topic: ClassVar[str] = "measure.delayed.v1"
    by_step: ClassVar[str] = "delay-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.DELAYED

    ends: str | None = None
    """Last day, month or year now expected; null where nobody can say, and the end stays."""

    @property
    def moved(self) -> tuple[str | None, str | None]:
        return None, self.ends


class MeasureRescheduled(MeasureTurned, frozen=True):
    """The measure's dates were set anew, with a reason; those before stay on record."""

    topic: ClassVar[str] = "measure.rescheduled.v1"
    by_step: ClassVar[str] = "reschedule-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.RESCHEDULED

    starts: str | None = None
    """First day, month or year; null where it stays."""
    ends: str | None = None
    """Last day, month or year; null where it stays."""

    @property
    def moved(self) -> tuple[str | None, str | None]:
        return self.starts, self.ends


class MeasureCompleted(MeasureTurned, frozen=True):
    """The measure was carried out, says the State. That implements no recommendation."""

    topic: ClassVar[str] = "measure.completed.v1"
    by_step: ClassVar[str] = "complete-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.COMPLETED

    statement: Protected | None = None
    """What was done, in words that can be erased; null where nothing is said."""


class MeasureAbandoned(MeasureTurned, frozen=True):
    """The measure was given up, with a reason."""

    topic: ClassVar[str] = "measure.abandoned.v1"
    by_step: ClassVar[str] = "abandon-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.ABANDONED


class MeasureReopened(MeasureTurned, frozen=True):
    """A measure that had ended goes on, with a reason."""

    topic: ClassVar[str] = "measure.reopened.v1"
    by_step: ClassVar[str] = "reopen-measure"
    turn: ClassVar[MeasureTurn] = MeasureTurn.REOPENED


class MeasureLinked(MeasureEvent, frozen=True):
    """The measure contributes to a recommendation, or to the part of it that the stamp names."""

    topic: ClassVar[str] = "measure.linked.v1"
    by_step: ClassVar[str] = "link-measure"

    to: RecommendationId
    """The recommendation."""
    rationale: Protected
    """Why the measure contributes to it, in words that can be erased."""

    def thing(self, version: int) -> int | None:
        return version

    def apply(self, case: Measure, entry: Entry) -> None:
        held = MeasureLink(
            id=entry.version, to=self.to, part=self.stamp.part, since=self.stamp.effective
        )
        case.links = [*case.links, held]


class MeasureLinkWithdrawn(MeasureEvent, frozen=True):
    """A link to a recommendation was withdrawn, with a reason; it stays in the history."""

    topic: ClassVar[str] = "measure.link-withdrawn.v1"
    by_step: ClassVar[str] = "withdraw-measure-link"

    link: int
    """The link's id."""

    def about(self, case: Measure) -> int | None:
        return self.link

    def thing(self, version: int) -> int | None:
        return self.link

    def met_by(self, told: Measure, whole: Measure) -> None:
        if self.link not in {link.id for link in told.links}:
            told.links = [*told.links, whole.link_of(self.link)]

    def apply(self, case: Measure, entry: Entry) -> None:
        case.links = [link for link in case.links if link.id != self.link]


class MeasureEntryStruck(MeasureEvent, frozen=True):
    """An entry that should not have been made was struck, with a reason: a turn of its course. It
    stays in the history and counts no more."""

    topic: ClassVar[str] = "measure.entry-struck.v1"
    by_step: ClassVar[str] = "strike-measure-entry"

    correction: CorrectionKind
    """Why a correction was needed."""
    strikes: int
    """The version of the entry that is struck."""

    def about(self, case: Measure) -> int | None:
        return self.strikes

    def met_by(self, told: Measure, whole: Measure) -> None:
        known = {turn.version for turn in told.turns}
        if self.strikes not in known:
            told.turns = [*told.turns, *(t for t in whole.turns if t.version == self.strikes)]

    def apply(self, case: Measure, entry: Entry) -> None:
        case.turns = [turn for turn in case.turns if turn.version != self.strikes]
        case.dates = [dates for dates in case.dates if dates.version != self.strikes]
        case.unfill(self.strikes)


# --- State ---------------------------------------------------------------------------------------

_LEADS_TO = {
    MeasureTurn.ADOPTED: MeasureStatus.PLANNED,
    MeasureTurn.STARTED: MeasureStatus.UNDER_WAY,
    MeasureTurn.DELAYED: MeasureStatus.DELAYED,
    MeasureTurn.COMPLETED: MeasureStatus.COMPLETED,
    MeasureTurn.ABANDONED: MeasureStatus.ABANDONED,
}
_ENDED = (MeasureTurn.COMPLETED, MeasureTurn.ABANDONED)

Ends = Annotated[str | None, Meta(description="Last day, month or year: 2027-12, 2027.")]
Decree = Annotated[str | None, Meta(description="The decree or decision, by name.")]
Texts = Annotated[
    tuple[MeasureText, ...], Meta(description="What it is, a text for each language.")
]


class Measure(Case, msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A measure as it stands: what it is, who carries it out, how far it has come, and the
    recommendations that it contributes to."""

    own_events = events_of("measure")

    code: str
    kind: MeasureKind
    texts: dict[str, MeasureText]
    plan: str | None = None
    preventive: bool = False
    proposed: Effective = Effective()
    """When it was proposed."""
    dates: list[MeasureDates] = []
    """When it was to begin and to end, the dates that were set last in the end."""
    turns: list[MeasureTurnTaken] = []
    """Its course, oldest first; what was struck is left out."""
    responsible: list[MeasureResponsibility] = []
    """Who carries it out, and who did before."""
    links: list[MeasureLink] = []

    # -- reading

    def text(self, language: str) -> MeasureText:
        """What it is in a language, else in the one it came in first."""
        return self.texts.get(language) or next(iter(self.texts.values()))

    @property
    def chars(self) -> int:
        return sum(len(t.title) + len(t.description or "") for t in self.texts.values())

    @property
    def starts(self) -> str | None:
        """First day, month or year, as it was set last."""
        return next((dates.starts for dates in reversed(self.dates) if dates.starts), None)

    @property
    def ends(self) -> str | None:
        """Last day, month or year, as it was set last."""
        return next((dates.ends for dates in reversed(self.dates) if dates.ends), None)

    @property
    def lead(self) -> str | None:
        """Code of the institution that leads now."""
        return next((r.institution for r in self.current if r.capacity is Capacity.LEAD), None)

    @property
    def current(self) -> list[MeasureResponsibility]:
        """Who is responsible now."""
        return [held for held in self.responsible if held.until is None]

    def has(self, turn: MeasureTurn) -> bool:
        """True if its course has come to a turn that counts: one that ended it counts until it is
        reopened."""
        of = [t.turn for t in self.turns]
        if turn in _ENDED and MeasureTurn.REOPENED in of:
            of = of[len(of) - of[::-1].index(MeasureTurn.REOPENED) :]
        return turn in of

    @property
    def has_ended(self) -> bool:
        """True once it is completed or abandoned, until it is reopened."""
        return any(map(self.has, _ENDED))

    @property
    def is_delayed(self) -> bool:
        """True while it is late: until its dates are set anew, or it ends."""
        return self._status is MeasureStatus.DELAYED

    @property
    def status(self) -> MeasureStatus:
        """How far it has come."""
        if self.suspended is not None and not self.has_ended:
            return MeasureStatus.SUSPENDED
        return self._status

    @property
    def _status(self) -> MeasureStatus:
        status, going_on = MeasureStatus.PROPOSED, MeasureStatus.PROPOSED
        for taken in self.turns:
            status = _LEADS_TO.get(taken.turn, going_on)
            if taken.turn in (MeasureTurn.ADOPTED, MeasureTurn.STARTED):
                going_on = status
        return status

    @property
    def due(self) -> str | None:
        """The earliest day by which something is due that has not been done; None while it
        rests."""
        if self.suspended is not None:
            return None
        return min((held.day for held in self.deadlines if held.is_owed), default=None)

    def concerned(self, whose: Whose) -> frozenset[str]:
        return frozenset(r.institution for r in self.current if whose is Whose.ASSIGNED)

    def link_of(self, id: int) -> MeasureLink:
        """The link with this id; refuses one that does not exist, or was withdrawn."""
        for link in self.links:
            if link.id == id:
                return link
        raise UnknownLink(f"There is no link {id}. {valid(link.id for link in self.links)}")

    # -- folding

    @classmethod
    def begin(cls, entry: Entry) -> Measure:
        event = entry.event
        assert isinstance(event, MeasureProposed), "a measure's first entry is MeasureProposed"
        dates = MeasureDates(version=entry.version, starts=event.starts, ends=event.ends)
        return cls(
            id=entry.stream,
            addressee=entry.addressee,
            visibility=event.stamp.visibility,
            institution=event.stamp.speaker.institution,
            definition=event.stamp.definition,
            code=event.code,
            kind=event.kind,
            texts={text.language: text for text in event.texts},
            plan=event.plan,
            preventive=event.preventive,
            proposed=event.stamp.effective,
            dates=[dates] if event.starts or event.ends else [],
        )

    # -- commands

    def ready(self, step: str) -> None:
        if (asked := READY.get(step)) is not None:
            asked(self)
        else:
            super().ready(step)

    def revise(
        self,
        stamp: Stamp,
        texts: Annotated[
            tuple[MeasureText, ...],
            Meta(description="Texts that take the place of those in the same languages."),
        ] = (),
        kind: MeasureKind | None = None,
        preventive: bool | None = None,
    ) -> MeasureRevised:
        """Says anew what the measure is; why? What is left out stays."""
        _whole(stamp)
        reasoned(stamp, "Revising a measure")
        self.ready("revise-measure")
        _texts(texts)
        as_it_is = (
            all(self.texts.get(text.language) == text for text in texts)
            and kind in (None, self.kind)
            and preventive in (None, self.preventive)
        )
        if as_it_is:
            raise AlreadySo("The measure says that already: give what changes.")
        if len({*self.texts, *(text.language for text in texts)}) > languages_max:
            raise LimitExceeded(f"A measure may have texts in {languages_max} languages.")
        return MeasureRevised(stamp=stamp, texts=texts, kind=kind, preventive=preventive)

    def adopt(self, stamp: Stamp, instrument: Decree = None) -> MeasureAdopted:
        """Adopts the measure."""
        _whole(stamp)
        self.ready("adopt-measure")
        return MeasureAdopted(stamp=stamp, instrument=instrument)

    def assign(
        self,
        stamp: Stamp,
        lead: str,
        supporting: tuple[str, ...] = (),
        instrument: Decree = None,
    ) -> MeasureAssigned:
        """Assigns the measure: one institution leads, others support. It takes the place of the
        assignment before."""
        _whole(stamp)
        self.ready("assign-measure")
        supporting = tuple(map(named, supporting))
        if len(supporting) > institutions_max:
            raise LimitExceeded(f"A measure may have {institutions_max} supporting institutions.")
        if len({named(lead), *supporting}) != 1 + len(supporting):
            raise InvalidInput("An institution leads or supports, once: name each once.")
        if {(r.institution, r.capacity) for r in self.current} == {
            (lead, Capacity.LEAD),
            *((code, Capacity.SUPPORTING) for code in supporting),
        }:
            raise AlreadySo("It is assigned like that already.")
        return MeasureAssigned(stamp=stamp, lead=lead, supporting=supporting, instrument=instrument)

    def start(self, stamp: Stamp) -> MeasureStarted:
        """Work on the measure begins, on the effective date."""
        _whole(stamp)
        self.ready("start-measure")
        return MeasureStarted(stamp=stamp)

    def delay(self, stamp: Stamp, ends: Ends = None) -> MeasureDelayed:
        """The measure is late; why? And by when is it expected now?"""
        _whole(stamp)
        reasoned(stamp, "Delaying a measure")
        self.ready("delay-measure")
        _in_order(self.starts, dated(ends, "ends"))
        if ends is not None and self.ends is not None and last_day(ends) < last_day(self.ends):
            raise InvalidInput(
                f"The measure is to end by {self.ends}: a delay names no earlier end."
            )
        return MeasureDelayed(stamp=stamp, ends=ends)

    def reschedule(
        self,
        stamp: Stamp,
        starts: Annotated[
            str | None, Meta(description="First day, month or year: 2026-03, 2026.")
        ] = None,
        ends: Ends = None,
    ) -> MeasureRescheduled:
        """Sets the measure's dates anew; why? What is left out stays, and the dates before stay on
        record."""
        _whole(stamp)
        reasoned(stamp, "Setting dates anew")
        self.ready("reschedule-measure")
        starts, ends = dated(starts, "starts"), dated(ends, "ends")
        if starts is None and ends is None:
            raise InvalidInput("Say which date changes: `starts`, `ends` or both.")
        if (starts or self.starts, ends or self.ends) == (self.starts, self.ends):
            raise AlreadySo("The measure has these dates already.")
        _in_order(starts or self.starts, ends or self.ends)
        return MeasureRescheduled(stamp=stamp, starts=starts, ends=ends)

    def complete(
        self,
        stamp: Stamp,
        statement: Annotated[
            Protected | None, Meta(description="What was done. It can be erased later.")
        ] = None,
    ) -> MeasureCompleted:
        """The measure is carried out, says the State. That implements no recommendation."""
        _whole(stamp)
        self.ready("complete-measure")
        return MeasureCompleted(stamp=stamp, statement=statement)

    def abandon(self, stamp: Stamp) -> MeasureAbandoned:
        """Gives the measure up; why?"""
        _whole(stamp)
        reasoned(stamp, "Abandoning a measure")
        self.ready("abandon-measure")
        return MeasureAbandoned(stamp=stamp)

    def reopen(self, stamp: Stamp) -> MeasureReopened:
        """A measure that had ended goes on; why?"""
        _whole(stamp)
        reasoned(stamp, "Reopening a measure")
        self.ready("reopen-measure")
        return MeasureReopened(stamp=stamp)

    def link(
        self,
        stamp: Stamp,
        to: Annotated[RecommendationId, Meta(description="The id of the recommendation.")],
        rationale: Annotated[
            Protected, Meta(description="Why it contributes to it. It can be erased later.")
        ],
    ) -> MeasureLinked:
        """Says that the measure contributes to a recommendation, or to the `part` of it that is
        named."""
        if any((link.to, link.part) == (to, stamp.part) for link in self.links):
            raise AlreadySo("The measure is linked to that already.")
        if len(self.links) >= links_max:
            raise LimitExceeded(f"A measure may be linked to {links_max} recommendations.")
        return MeasureLinked(stamp=stamp, to=to, rationale=rationale)

    def withdraw_link(
        self, stamp: Stamp, link: Annotated[int, Meta(description="The link's id.")]
    ) -> MeasureLinkWithdrawn:
        """Withdraws a link to a recommendation; why?"""
        _whole(stamp)
        reasoned(stamp, "Withdrawing a link")
        self.ready("withdraw-measure-link")
        self.link_of(link)
        return MeasureLinkWithdrawn(stamp=stamp, link=link)

    def strike(
        self,
        stamp: Stamp,
        correction: CorrectionKind,
        version: Annotated[int, Meta(description="The version of the entry to strike.")],
    ) -> MeasureEntryStruck:
        """Strikes an entry that should not have been made: that it was adopted, begun, delayed,
        set anew, completed, abandoned or reopened. It stays in the history and counts no more."""
        _whole(stamp)
        reasoned(stamp, "A correction")
        self.ready("strike-measure-entry")
        known = [turn.version for turn in self.turns]
        if version not in known:
            raise UnknownEntry(f"Entry {version} is no turn of this measure. {valid(known)}")
        return MeasureEntryStruck(stamp=stamp, correction=correction, strikes=version)


# --- What must be so before a command, whatever it says ------------------------------------------


def _not_ended(measure: Measure) -> None:
    if measure.has_ended:
        raise HasEnded(f"The measure is {measure.status.value}: reopen it first.")


def _ended(measure: Measure) -> None:
    if not measure.has_ended:
        raise AlreadySo("The measure has not ended: there is nothing to reopen.")


def _not_yet(turn: MeasureTurn) -> Callable[[Measure], None]:
    def asked(measure: Measure) -> None:
        _not_ended(measure)
        if measure.has(turn):
            raise AlreadySo(f"The measure is {turn.value} already.")

    return asked


def _a_link(measure: Measure) -> None:
    if not measure.links:
        raise UnknownLink("The measure is linked to no recommendation.")


def _a_turn(measure: Measure) -> None:
    if not measure.turns:
        raise UnknownEntry("The measure has only been proposed: there is nothing to strike.")


READY: dict[str, Callable[[Measure], None]] = {
    "revise-measure": _not_ended,
    "adopt-measure": _not_yet(MeasureTurn.ADOPTED),
    "assign-measure": _not_ended,
    "start-measure": _not_yet(MeasureTurn.STARTED),
    "delay-measure": _not_ended,
    "reschedule-measure": _not_ended,
    "complete-measure": _not_ended,
    "abandon-measure": _not_ended,
    "reopen-measure": _ended,
    "withdraw-measure-link": _a_link,
    "strike-measure-entry": _a_turn,
}
"""Step → what its command asks of the state before it asks of anything it says."""


def measure_id(addressee: str, plan: str | None, code: str) -> UUID:
    """The id of a State's measure: it follows from its code and its plan's."""
    return uuid5(NAMESPACE, "\x1f".join(("measure", addressee, plan or "", code)))


def propose(
    stamp: Stamp,
    addressee: str,
    code: Annotated[str, Meta(description="The measure's code, unique in its plan: 3.2.1.")],
    kind: MeasureKind,
    texts: Texts,
    plan: Annotated[
        str | None, Meta(description="Code of the plan that it is in, such as nap-2026.")
    ] = None,
    preventive: bool = False,
    starts: Annotated[
        str | None, Meta(description="First day, month or year planned: 2026-03, 2026.")
    ] = None,
    ends: Ends = None,
) -> tuple[UUID, MeasureProposed]:
    """Proposes a measure."""
    _whole(stamp)
    if not texts:
        raise InvalidInput("A measure says what it is: give a text.", field="texts")
    _texts(texts)
    starts, ends = dated(starts, "starts"), dated(ends, "ends")
    _in_order(starts, ends)
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


def _whole(stamp: Stamp) -> None:
    if stamp.part is not None:
        raise UnknownPart("A measure has no parts: leave `part` out.")


def _texts(texts: tuple[MeasureText, ...]) -> None:
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


def _in_order(starts: str | None, ends: str | None) -> None:
    if starts is not None and ends is not None and last_day(ends) < first_day(starts):
        raise InvalidInput(f"It ends before it starts: {starts} to {ends}.", field="ends")


fold = Measure.fold

EVENTS: tuple[type[CaseEvent], ...] = (
    MeasureProposed,
    MeasureRevised,
    MeasureAssigned,
    MeasureAdopted,
    MeasureStarted,
    MeasureDelayed,
    MeasureRescheduled,
    MeasureCompleted,
    MeasureAbandoned,
    MeasureReopened,
    MeasureLinked,
    MeasureLinkWithdrawn,
    MeasureEntryStruck,
    *Measure.own_events.values(),
)
