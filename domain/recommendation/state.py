"""What the entries of one recommendation add up to, and what can be read from that. Here is the
fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.casework import Case
from domain.casework.setback import SetBack
from domain.effects import Whose
from domain.entry import Effective, Entry, RecommendationId, last_day
from domain.recommendation.elements import Alias, Part, Text
from domain.recommendation.held import (
    AssessmentHeld,
    Assignment,
    CoverHeld,
    Link,
    PlanHeld,
    PositionHeld,
    ProgressHeld,
    TermHeld,
)
from domain.recommendation.receiving import Received
from domain.refusals import UnknownAssignment, valid
from domain.scope import Scope
from domain.words import AssignmentStatus, Closing, Kind, Mechanism, Owed, Position, Stage


class Recommendation(Case, msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What the entries of one recommendation add up to: what it says, what has become of it, and
    where it stands as a case under its procedure. Never stored in the log; the views keep it as it
    is, so there is one fold."""

    has_parts: ClassVar[bool] = True

    kind: Kind
    mechanism: Mechanism
    body: str
    received: Effective
    original: str
    texts: dict[str, Text]
    parts: tuple[Part, ...]
    batch: UUID | None = None
    cycle: int | None = None
    session: str | None = None
    symbol: str | None = None
    paragraph: str | None = None
    aliases: list[Alias] = []
    terms: list[TermHeld] = []
    positions: list[PositionHeld] = []
    answer_due: str | None = None
    selected: bool = False
    follow_up_due: str | None = None
    assignments: list[Assignment] = []
    plans: list[PlanHeld] = []
    progress: list[ProgressHeld] = []
    covers: list[CoverHeld] = []
    assessments: list[AssessmentHeld] = []
    declared: list[int] = []
    reported: list[int] = []
    links: list[Link] = []
    duplicate_of: RecommendationId | None = None
    closed: Closing | None = None
    continued_into: int | None = None
    struck: list[int] = []

    # -- reading

    def text(self, language: str | None = None) -> str:
        """The wording in `language`, else in the original's: as UN documents print it,
        the parts' texts with a semicolon between."""
        text = self.texts.get(language or self.original) or self.texts[self.original]
        return "; ".join(part.text for part in text.parts)

    def words(self) -> Iterator[tuple[str, str]]:
        for alias in self.aliases:
            yield "", f"{alias.value} {alias.paragraph or ''}"
        for language, text in self.texts.items():
            for part in text.parts:
                yield language, part.text

    def as_read(self, scope: Scope) -> Recommendation:
        """It with the positions and the assessments that a reader of it may read, and no others."""
        if not self.narrower:
            return self
        other = self.clone()
        other.positions = [p for p in self.positions if self.shows(p.version, scope)]
        other.assessments = [a for a in self.assessments if self.shows(a.version, scope)]
        return other

    def stands(self, version: int) -> bool:
        """True if the entry of this version has not been struck."""
        return version not in self.struck

    @property
    def strikable(self) -> set[int]:
        """The versions of the entries that may be struck."""
        facts = {p.version for p in self.positions} | {a.version for a in self.assessments}
        facts.update(p.version for p in self.plans)
        facts.update(c.version for c in self.covers)
        facts.update(self.declared, self.reported)
        facts.update(held.version for held in self.taken)
        return facts.difference(self.struck)

    def current_position(self, part: str | None = None) -> PositionHeld | None:
        """The latest position in force for the whole, or for one part: the latest effective, ties
        by order of recording; an unknown date never displaces a known one (domain rule 18)."""
        standing = [p for p in self.positions if p.part == part and self.stands(p.version)]
        return max(standing, key=lambda p: (p.on, p.version), default=None)

    @property
    def part_ids(self) -> tuple[str, ...]:
        return tuple(part.id for part in self.parts)

    @property
    def awaits_position(self) -> bool:
        """True where the State is asked to support or note it: in the Universal Periodic Review,
        and not of what the State pledges of its own accord."""
        return self.mechanism is Mechanism.UPR and self.kind is not Kind.PLEDGE

    @property
    def position(self) -> Position:
        """The position as it stands, for the whole paragraph."""
        if not (self.awaits_position or self.positions):
            return Position.NOT_APPLICABLE
        by_part = [self.current_position(part.id) for part in self.parts]
        answered = [p for p in by_part if p]
        whole = self.current_position()
        if answered and (whole or len(answered) == len(by_part)):
            answers = {p.answer if p else whole.answer for p in by_part if p or whole}  # type: ignore[union-attr]
            return Position(answers.pop().value) if len(answers) == 1 else Position.BY_PART
        return Position(whole.answer.value) if whole else Position.PENDING

    def assignment(self, id: int) -> Assignment:
        """The assignment with this id; refuses one that does not exist."""
        for a in self.assignments:
            if a.id == id:
                return a
        ids = valid(f"{a.id} ({a.institution}, {a.status.value})" for a in self.assignments)
        raise UnknownAssignment(f"There is no assignment {id}. {ids}")

    @property
    def standing(self) -> list[Assignment]:
        """Assignments that bind somebody now."""
        return [a for a in self.assignments if a.status is AssignmentStatus.ASSIGNED]

    def concerned(self, whose: Whose) -> frozenset[str]:
        status = {
            Whose.OFFERED: AssignmentStatus.OFFERED,
            Whose.ASSIGNED: AssignmentStatus.ASSIGNED,
        }.get(whose)
        return frozenset(a.institution for a in self.assignments if a.status is status)

    @property
    def stage(self) -> Stage:
        """The furthest point reached on the everyday road; a view, never stored in the log."""
        if any(self.stands(v) for v in self.reported):
            return Stage.REPORTED
        if any(self.stands(v) for v in self.declared):
            return Stage.IMPLEMENTED
        if self.standing:
            return Stage.ASSIGNED
        position = self.position
        if position is Position.SUPPORTED:
            return Stage.ACCEPTED
        return Stage.NOTED if position is Position.NOTED else Stage.RECEIVED

    @property
    def due(self) -> str | None:
        """The day by which something is due that has not been done: by a deadline of its procedure,
        and what is owed that no deadline watches. A mid-term report is voluntary and never owed
        (domain rule 10); nothing is due while it is suspended."""
        watched = {held.fact for held in self.deadlines}
        days = [day for what, day in self.owed() if _WATCHED[what] not in watched]
        days += [held.day for held in self.deadlines if held.is_owed]
        return None if self.suspended else min(days, default=None)

    def owed(self) -> list[tuple[Owed, str]]:
        """What is owed and has not been done, with the last day for it."""
        if self.closed is not None:
            return []
        owed: list[tuple[Owed, str]] = []
        if self.answer_due and self.position is Position.PENDING:
            owed.append((Owed.POSITION, last_day(self.answer_due)))
        owed.extend(
            (Owed.ANSWER_TO_OFFER, last_day(a.answer_due))
            for a in self.assignments
            if a.status is AssignmentStatus.OFFERED and a.answer_due
        )
        if not any(self.stands(v) for v in self.declared):
            ends = [p.ends for p in self.plans if p.ends and self.stands(p.version)]
            owed.extend((Owed.MEASURES, last_day(on)) for on in ends[-1:])
        if self.follow_up_due and not any(self.stands(v) for v in self.reported):
            owed.append((Owed.FOLLOW_UP, last_day(self.follow_up_due)))
        return owed

    def current_assessments(self, part: str | None = None) -> list[AssessmentHeld]:
        """Each assessor's latest grades in each scheme, for the whole or for one part. They stand
        side by side (domain rule 6), and so do different grades that one assessor gave on one day:
        none takes another's place, as where a committee grades the limbs of a paragraph."""
        latest: dict[tuple[str, str, str, str], dict[str, AssessmentHeld]] = {}
        for a in self.assessments:
            if a.part != part or not self.stands(a.version):
                continue
            key = a.assessor_kind.value, a.assessor, a.scheme, a.scheme_version
            held = latest.setdefault(key, {})
            on = max((one.on for one in held.values()), default=a.on)
            if a.on > on:
                held.clear()
            if a.on >= on:
                held[a.grade] = a
        return [a for held in latest.values() for a in held.values()]

    # -- folding

    @classmethod
    def begin(cls, entry: Entry) -> Recommendation:
        event = entry.event
        assert isinstance(event, Received), "a recommendation's first entry is Received"
        aliases = []
        if event.symbol and event.paragraph:
            aliases.append(Alias(scheme="un", value=event.symbol, paragraph=event.paragraph))
        return cls(
            id=entry.stream,
            addressee=entry.addressee,
            kind=event.kind,
            mechanism=event.mechanism,
            body=event.body,
            cycle=event.cycle,
            session=event.session,
            symbol=event.symbol,
            paragraph=event.paragraph,
            visibility=event.stamp.visibility,
            institution=event.stamp.speaker.institution,
            received=event.stamp.effective,
            definition=event.stamp.definition,
            batch=event.stamp.batch,
            original=event.text.language,
            texts={event.text.language: event.text},
            parts=event.parts,
            aliases=aliases,
        )

    def done_since(self, earlier: Recommendation) -> dict[str, Any]:
        was = {a.id: a.status for a in earlier.assignments}
        lapsed = (a.id for a in self.assignments if a.status is AssignmentStatus.LAPSED)
        return {
            **super().done_since(earlier),
            "offered": tuple(id for id in lapsed if was.get(id) is AssignmentStatus.OFFERED),
            "reopened": earlier.closed is None and self.closed is not None,
            "closed": earlier.closed if self.closed is None else None,
        }

    def set_back(self, to: SetBack) -> None:
        super().set_back(to)
        self.assignments = [
            msgspec.structs.replace(a, status=AssignmentStatus.OFFERED) if a.id in to.offered else a
            for a in self.assignments
        ]
        if to.reopened:
            self.closed = None
        if to.closed is not None:
            self.closed = to.closed


_WATCHED = {
    Owed.POSITION: "answer-due",
    Owed.ANSWER_TO_OFFER: "offer-answer-due",
    Owed.MEASURES: "measures-due",
    Owed.FOLLOW_UP: "follow-up-due",
}
"""What is owed, and the fact by which a procedure may have a deadline for it."""
