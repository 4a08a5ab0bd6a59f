"""The state that the entries of a measure add up to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from domain.casework import Case, events_of
from domain.effects import Whose
from domain.entry import Effective, Entry
from domain.measure.held import (
    MeasureDates,
    MeasureLink,
    MeasureResponsibility,
    MeasureText,
    MeasureTurnTaken,
)
from domain.measure.proposing import MeasureProposed
from domain.refusals import UnknownLink, valid
from domain.words import Capacity, MeasureKind, MeasureStatus, MeasureTurn

_LEADS_TO = {
    MeasureTurn.ADOPTED: MeasureStatus.PLANNED,
    MeasureTurn.STARTED: MeasureStatus.UNDER_WAY,
    MeasureTurn.DELAYED: MeasureStatus.DELAYED,
    MeasureTurn.COMPLETED: MeasureStatus.COMPLETED,
    MeasureTurn.ABANDONED: MeasureStatus.ABANDONED,
}
_ENDED = (MeasureTurn.COMPLETED, MeasureTurn.ABANDONED)


class Measure(Case, msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A measure: its texts, its institutions, its course, and the recommendations that it
    contributes to."""

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
    """The institutions that carry it out, and those that did before."""
    links: list[MeasureLink] = []

    # -- reading

    def text(self, language: str) -> MeasureText:
        """What it is in a language, else in the one it came in first."""
        return self.texts.get(language) or next(iter(self.texts.values()))

    def words(self) -> Iterator[tuple[str, str]]:
        yield "", f"{self.code} {self.plan or ''}"
        for language, text in self.texts.items():
            yield language, f"{text.title} {text.description or ''}"

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
        """Until it is assigned, the institution that proposed it."""
        now = [held.institution for held in self.current] or [self.institution]
        return frozenset(now if whose is Whose.ASSIGNED else ())

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
