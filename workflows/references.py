"""What an event names is checked before it is recorded for ever: codes, language tags, dates that
have come, institutions that stand.

One place for every way a step is taken by hand: a mutation, `takeStep`, many at once, a preview.
What a file brings is not refused here: an import lists as a doubt what it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from domain import institution, recommendation, vocabulary
from domain.addressees import addressee as known_addressee
from domain.bodies import BODIES, recognise_body
from domain.casework import Case, CaseEvent
from domain.cycles import SESSIONS
from domain.entry import NARROWNESS, Effective, Entry, Event, Visibility, last_day
from domain.institution import (
    CompetenceTransferred,
    InstitutionMerged,
    InstitutionName,
    InstitutionRegistered,
    InstitutionRenamed,
    InstitutionSplit,
    ParentChanged,
    institution_id,
)
from domain.languages import language
from domain.measure.assignment import MeasureAssigned
from domain.measure.links import MeasureLinked
from domain.measure.proposing import MeasureProposed
from domain.measure.wording import MeasureRevised
from domain.person import PersonRegistered
from domain.recommendation import Recommendation
from domain.recommendation.assignment import (
    AssignmentDecreed,
    AssignmentHandedOver,
    AssignmentOffered,
)
from domain.recommendation.elements import Part, Term
from domain.recommendation.implementation import Assessed
from domain.recommendation.lineage import Continued, DeclaredDuplicate
from domain.recommendation.position import PositionTaken
from domain.recommendation.receiving import Received
from domain.recommendation.reporting import SelectedForFollowUp
from domain.recommendation.terms import Classified
from domain.recommendation.wording import Corrected, TextAdded
from domain.refusals import AlreadySo, HasEnded, InvalidInput, UnknownInstitution
from domain.review import ReviewDocumentAdded, ReviewOpened
from domain.vocabulary import Vocabulary
from domain.words import AssessorKind, Mechanism
from workflows.procedure import Procedures

rounds_max = 999
"""How large the number of a reporting round may be."""

UNKNOWN_STATE = "XXX"
"""A recommending State that a source does not know; nothing is addressed to it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CODE = re.compile(r"[A-Z]{3}")

_ASSESSES = {
    AssessorKind.TREATY_BODY: Mechanism.TREATY_BODY,
    AssessorKind.REGIONAL_BODY: Mechanism.REGIONAL_BODY,
}

State = TypeVar("State")


class ReadableLog(Protocol):
    """What is asked of the log."""

    def load(
        self, stream: UUID, fold: Callable[[Iterable[Entry], State | None], State | None]
    ) -> State | None: ...


SpeaksFor = Callable[[str, str], bool]
"""Whether somebody holds a key that speaks for an institution (addressee, code); answered from a
view, and handed in by `api`."""


class References:
    """Checks what events name, against `log` and what ships. Without `speaks_for` an institution
    that nobody has registered is taken at its word: nobody can tell."""

    def __init__(
        self, log: ReadableLog, procedures: Procedures, speaks_for: SpeaksFor | None = None
    ) -> None:
        self._log = log
        self._procedures = procedures
        self._speaks_for = speaks_for

    def check(self, addressee: str, event: Event, r: Case | None = None) -> None:
        """Refuses an event that names what is not known, and says which field and what to do. `r`
        is the case it is about."""
        stamp = event.stamp
        self._has_come(addressee, stamp.effective.on, "effectiveOn")
        if stamp.source is not None and stamp.source.language is not None:
            language(stamp.source.language, "source.language")
        match event:
            case Received():
                of_addressee(addressee)
                of_body(event.mechanism, event.body)
                of_cycle(event.mechanism, event.cycle)
                language(event.text.language)
                _parts(event.parts)
            case TextAdded():
                language(event.text.language)
            case Corrected():
                if event.text is not None:
                    language(event.text.language)
                _parts(event.parts or ())
            case PositionTaken():
                self._has_come(addressee, event.published, "published")
                self._has_come(addressee, event.adopted, "adopted")
            case SelectedForFollowUp():
                if isinstance(r, Recommendation):
                    of_body(r.mechanism, event.body)
            case AssignmentOffered() | AssignmentDecreed():
                self._stands(addressee, event.assignee, stamp.effective, "institution")
            case AssignmentHandedOver():
                self._stands(addressee, event.to, stamp.effective, "to")
            case Assessed():
                if event.assessor_kind in _ASSESSES:
                    of_body(_ASSESSES[event.assessor_kind], event.assessor, "assessor", False)
            case Classified():
                self._terms(event.terms)
            case DeclaredDuplicate():
                self._original(addressee, event, r)
            case Continued():
                mechanism = r.mechanism if isinstance(r, Recommendation) else Mechanism.UPR
                of_cycle(mechanism, event.cycle)
            case MeasureProposed() | MeasureRevised():
                for text in event.texts:
                    language(text.language, "texts.language")
            case MeasureAssigned():
                self._stands(addressee, event.lead, stamp.effective, "lead")
                for code in event.supporting:
                    self._stands(addressee, code, stamp.effective, "supporting")
            case MeasureLinked():
                self._linked(addressee, event, r)
            case ReviewOpened():
                of_body(event.mechanism, event.body)
                of_cycle(event.mechanism, event.cycle)
                of_round(event.round)
            case ReviewDocumentAdded():
                self._has_come(addressee, event.document.date, "date")
            case InstitutionRegistered():
                _names(event.names)
                if event.parent is not None:
                    self._stands(addressee, event.parent, stamp.effective, "parent")
            case InstitutionRenamed():
                _names(event.names)
            case ParentChanged():
                if event.parent is not None:
                    self._stands(addressee, event.parent, stamp.effective, "parent")
            case InstitutionMerged():
                self._stands(addressee, event.into, stamp.effective, "into")
            case InstitutionSplit():
                for code in event.into:
                    self._stands(addressee, code, stamp.effective, "into")
            case PersonRegistered():
                self._stands(addressee, event.works_for, stamp.effective, "institution")
            case CompetenceTransferred():
                self._stands(addressee, event.to, stamp.effective, "to")
                self._terms(event.terms)

    # -- what has to be looked up

    def _has_come(self, addressee: str, on: str | None, field: str) -> None:
        """Refuses a date of which no day has come, by the addressee's calendar."""
        if on is None or on <= _day_before(self._procedures.clock())[: len(on)]:
            return  # what has come everywhere needs no calendar
        moment = self._procedures.moment(addressee)
        if on > moment.today[: len(on)]:
            raise InvalidInput(
                f"`{field}`: {on} has not come yet, it is {moment.today} there. Record what has "
                "happened; what is planned or due goes into the fields for that.",
                field=field,
            )

    def _stands(self, addressee: str, code: str, on: Effective, field: str) -> None:
        """Refuses an institution that nobody knows, or that had ended by that day; today, where no
        date is given."""
        known = self._log.load(institution_id(addressee, code), institution.fold)
        if known is None:
            if self._speaks_for is None or self._speaks_for(addressee, code):
                return
            raise UnknownInstitution(
                f"`{field}`: {addressee} has no institution “{code[:80]}”. Take the code of one of "
                "its `institutions`, or record it by `registerInstitution` first.",
                field=field,
            )
        if known.ended is None:
            return
        ended = known.ended.on
        day = on.on or self._procedures.moment(addressee).today
        if ended is None or last_day(day) >= ended:
            after = ", ".join(known.successors) or "none"
            raise HasEnded(
                f"`{field}`: {code} was {known.status.value}{f' on {ended}' if ended else ''}; "
                f"what goes on in its place: {after}. Name an institution that stood that day.",
                field=field,
            )

    def _terms(self, terms: Iterable[Term]) -> None:
        for n, term in enumerate(terms):
            known = self._vocabulary(term.vocabulary)
            if known is None or term.version not in known.versions:
                there = "there is no such vocabulary"
                if known is not None:
                    there = f"its versions are {', '.join(known.versions)}"
                raise InvalidInput(
                    f"`terms`: {term.vocabulary[:80]} {term.version[:80]} is not known, {there}. "
                    "See `vocabularies`; another is published by `publishVocabulary`.",
                    field=f"terms.{n}",
                )
            if term.code is not None and known.term(term.version, term.code) is None:
                raise InvalidInput(
                    f"`terms`: {term.vocabulary} {term.version} has no term “{term.code[:80]}”. "
                    "Take one of its codes, or leave `code` out.",
                    field=f"terms.{n}.code",
                )

    def _vocabulary(self, name: str) -> Vocabulary | None:
        published = self._log.load(vocabulary.stream(name), vocabulary.fold)
        return vocabulary.with_published(vocabulary.shipped().get(name), published)

    def _original(self, addressee: str, event: DeclaredDuplicate, r: Case | None) -> None:
        original = self._log.load(event.of, recommendation.fold)
        if original is None or original.addressee != addressee or _fewer_read(original, r, event):
            raise InvalidInput(
                f"`of`: name a recommendation to {addressee}, one that is read by all who read its "
                "duplicate: the duplicate names it to them.",
                field="of",
            )
        if r is not None and original.duplicate_of == r.id:
            raise AlreadySo(
                "`of`: that one is declared a duplicate of this one, so neither would count. Undo "
                "that first.",
                field="of",
            )

    def _linked(self, addressee: str, event: MeasureLinked, m: Case | None) -> None:
        to = self._log.load(event.to, recommendation.fold)
        if to is None or to.addressee != addressee or _fewer_read(to, m, event):
            raise InvalidInput(
                f"`to`: name a recommendation to {addressee}, one that is read by all who read the "
                "link: it names the recommendation to them. Say a narrower `visibility` otherwise.",
                field="to",
            )
        to.check_part(event.stamp.part)


def _fewer_read(it: Recommendation, case: Case | None, event: CaseEvent) -> bool:
    """True if somebody may read what is said of a case, and not the recommendation that it
    names. What is declared a duplicate names the other to all who read the duplicate."""
    if case is None or it.visibility is Visibility.PUBLIC:
        return False
    visibility, readers = case.visibility, {case.institution}
    if not isinstance(event, DeclaredDuplicate):
        narrower = NARROWNESS[event.stamp.visibility] > NARROWNESS[visibility]
        readers = {*event.readers, *(() if narrower else readers)}
        visibility = event.stamp.visibility if narrower else visibility
    if it.visibility is not visibility:
        return NARROWNESS[it.visibility] > NARROWNESS[visibility]
    return it.visibility is Visibility.CONFIDENTIAL and not readers <= {it.institution}


# --- What needs no looking up --------------------------------------------------------------------


def of_addressee(code: str) -> None:
    """Refuses an addressee that is not known. Of the codes that ISO 3166 leaves to its users those
    from XAA to XZZ may be agreed on here; the others are what people type where they know none."""
    if not _is_known(code) or code == UNKNOWN_STATE:
        raise InvalidInput(
            f"`addressee`: “{code[:40]}” is not known. An addressee is named by its code of three "
            "letters, such as SVN.",
            field="addressee",
        )


def _is_known(code: str) -> bool:
    known = known_addressee(code)
    return known is not None and (known.name != code or code.startswith("X"))


def of_body(mechanism: Mechanism, code: str, field: str = "body", by_code: bool = True) -> None:
    """Refuses a body that is not known, or not of this mechanism; `by_code`: or that is named
    otherwise than by its code."""
    found = recognise_body(code)
    of_it = sorted(body.code for body in BODIES.values() if body.mechanism is mechanism)
    if found is None and not of_it and code.strip():
        # Special procedures are in no list: each goes by what it is called.
        return
    said = f"`{field}`: “{code[:80]}” "
    if found is None:
        what = f"is no body of the mechanism {mechanism.value}"
    elif found.mechanism is not mechanism:
        what = f"is of the mechanism {found.mechanism.value}, not {mechanism.value}"
    elif by_code and found.code != code:
        what = f"goes by the code {found.code}"
    else:
        return
    named = ", ".join(of_it) or "by the name of the special procedure, as it is printed"
    raise InvalidInput(f"{said}{what}. Write one of: {named}.", field=field)


def of_cycle(mechanism: Mechanism, cycle: int | None) -> None:
    """Refuses a cycle that is neither in the calendar nor the next one; of other mechanisms, a
    number that is none."""
    most = max(SESSIONS) + 1 if mechanism is Mechanism.UPR else rounds_max
    if cycle is not None and not 1 <= cycle <= most:
        raise InvalidInput(f"`cycle`: {cycle} is none; cycles are 1 to {most}.", field="cycle")


def of_round(number: int | None) -> None:
    """Refuses a number that is no reporting round."""
    if number is not None and not 1 <= number <= rounds_max:
        raise InvalidInput(
            f"`round`: {number} is none; rounds are 1 to {rounds_max}.", field="round"
        )


def _day_before(now: int) -> str:
    """The day before an instant (microseconds since 1970), in UTC: it is over everywhere."""
    return (_EPOCH + timedelta(microseconds=now, days=-1)).date().isoformat()


def _parts(parts: Iterable[Part]) -> None:
    """Refuses a recommending State that is meant as a code and is none. Other names stay as they
    are printed: documents print names that no list has."""
    for place, recommender in _recommenders(parts):
        if _CODE.fullmatch(recommender) and not _is_known(recommender):
            raise InvalidInput(
                f"`parts`: “{recommender}” is no State's code. Write the name as it is printed, or "
                "a code such as FRA.",
                field=place,
            )


def _recommenders(parts: Iterable[Part]) -> Iterator[tuple[str, str]]:
    for n, part in enumerate(parts):
        for k, recommender in enumerate(part.recommenders):
            place = f"parts.{n}.recommendingStates.{k}"
            yield place, recommender.code or recommender.printed


def _names(names: Iterable[InstitutionName]) -> None:
    for name in names:
        language(name.language, "names.language")
