"""An institution that recommendations are assigned to, and what becomes of it.

Ministries are renamed, merged, split and abolished, and lose or gain a competence (domain rule 8).
Its code is what assignments name and never changes; what ends goes on in its successors only by new
decisions about its open assignments. Names and parents are dated facts: the current one is the
latest effective, and one of unknown date displaces none that is known (domain rule 18).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

from domain.entry import (
    Effective,
    Entry,
    Event,
    Stamp,
    Stored,
    Visibility,
    label_chars_max,
    named,
)
from domain.identity import NAMESPACE
from domain.names import seen
from domain.recommendation.elements import Term
from domain.recommendation.terms import terms_max
from domain.refusals import AlreadySo, HasEnded, InvalidInput, LimitExceeded
from domain.words import InstitutionKind, InstitutionStatus

names_max = 200
successors_max = 50
transfers_max = 1_000
language_chars_max = 35

# --- Events (the archive's format: frozen) -------------------------------------------------------


class InstitutionName(Stored, frozen=True):
    """A name of the institution in one language."""

    language: str
    text: str
    """The name in that language."""


class InstitutionNameHeld(Stored, frozen=True):
    """A name it bears or bore, and since when."""

    language: str
    text: str
    since: Effective
    version: int


class InstitutionFormerName(Stored, frozen=True):
    """A name that the institution had."""

    language: str
    text: str
    """The name in that language."""
    until: Effective
    """When the next name in that language took its place."""


class InstitutionParentHeld(Stored, frozen=True):
    """The code of the institution it belongs or belonged to (null: none), and since when."""

    parent: str | None
    since: Effective
    version: int


class CompetenceTransferHeld(Stored, frozen=True):
    """A competence that the institution gave away."""

    version: int
    """The version of the entry that says so."""
    on: str
    """When it passed, as in `effectiveOn`; empty where nobody knows."""
    to: str
    """Code of the institution that received it."""
    competence: str
    terms: tuple[Term, ...] = ()
    """Terms by which recommendations about it are found."""


class InstitutionEvent(Event, frozen=True):
    """Base of an institution's events."""

    def apply(self, i: Institution, entry: Entry) -> None:
        """Adds what this event says to the state."""


class InstitutionRegistered(InstitutionEvent, frozen=True):
    """An institution became known under its code."""

    topic: ClassVar[str] = "institution.registered.v1"

    code: str
    """The code that assignments name; it never changes."""
    names: tuple[InstitutionName, ...]
    """Its names, one a language."""
    parent: str | None = None
    """Code of the institution above it; null: none."""
    kind: InstitutionKind | None = None
    """The kind of institution; null where nobody said."""


class InstitutionRenamed(InstitutionEvent, frozen=True):
    """It got other names; in languages not named here it keeps the one it has."""

    topic: ClassVar[str] = "institution.renamed.v1"

    names: tuple[InstitutionName, ...]
    """The new names, one a language."""

    def apply(self, i: Institution, entry: Entry) -> None:
        i.named.extend(_held(self.names, entry))


class InstitutionMerged(InstitutionEvent, frozen=True):
    """It ended and goes on in another institution."""

    topic: ClassVar[str] = "institution.merged.v1"

    into: str
    """Code of the institution in which it goes on."""

    def apply(self, i: Institution, entry: Entry) -> None:
        i.end(InstitutionStatus.MERGED, entry, self.into)


class InstitutionSplit(InstitutionEvent, frozen=True):
    """It ended and goes on in two or more institutions."""

    topic: ClassVar[str] = "institution.split.v1"

    into: tuple[str, ...]
    """Codes of the institutions in which it goes on."""

    def apply(self, i: Institution, entry: Entry) -> None:
        i.end(InstitutionStatus.SPLIT, entry, *self.into)


class ParentChanged(InstitutionEvent, frozen=True):
    """It came under another institution, or under none."""

    topic: ClassVar[str] = "institution.parent-changed.v1"

    parent: str | None
    """Code of the institution above it; null: none."""

    def apply(self, i: Institution, entry: Entry) -> None:
        i.parents.append(_under(self.parent, entry))


class CompetenceTransferred(InstitutionEvent, frozen=True):
    """A competence passed to another institution."""

    topic: ClassVar[str] = "institution.competence-transferred.v1"

    to: str
    """Code of the institution that receives it."""
    competence: str
    terms: tuple[Term, ...] = ()
    """Terms by which recommendations that it touches are found; empty where none are named."""

    def apply(self, i: Institution, entry: Entry) -> None:
        held = CompetenceTransferHeld(
            version=entry.version,
            on=self.stamp.effective.order,
            to=self.to,
            competence=self.competence,
            terms=self.terms,
        )
        i.transfers.append(held)


class InstitutionAbolished(InstitutionEvent, frozen=True):
    """It ended and goes on in none."""

    topic: ClassVar[str] = "institution.abolished.v1"

    def apply(self, i: Institution, entry: Entry) -> None:
        i.end(InstitutionStatus.ABOLISHED, entry)


EVENTS: tuple[type[InstitutionEvent], ...] = (
    InstitutionRegistered,
    InstitutionRenamed,
    InstitutionMerged,
    InstitutionSplit,
    ParentChanged,
    CompetenceTransferred,
    InstitutionAbolished,
)

# --- State ---------------------------------------------------------------------------------------


class Institution(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """An institution that recommendations can be assigned to."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    """Code of the institution that registered it."""
    code: str
    """The code that assignments name; it never changes."""
    named: list[InstitutionNameHeld]
    """All names that it ever had, in the order in which they were recorded."""
    parents: list[InstitutionParentHeld]
    """All institutions that it was ever under, in the order in which they were recorded."""
    kind: InstitutionKind | None = None
    status: InstitutionStatus = InstitutionStatus.ACTIVE
    """Whether it exists, or how it ended."""
    successors: tuple[str, ...] = ()
    """Codes of the institutions in which it goes on; empty while it exists, or where it was
    abolished."""
    transfers: list[CompetenceTransferHeld] = []
    """Competences that it gave away, in the order in which that was recorded."""
    ended: Effective | None = None
    """When it ended; null while it exists."""

    # -- reading

    @property
    def names(self) -> dict[str, str]:
        """What it is called now, by language."""
        return {held.language: held.text for held in self._in_order()}

    @property
    def former_names(self) -> list[InstitutionFormerName]:
        """What it was called before, the earliest first, each with the date it ended."""
        later: dict[str, InstitutionNameHeld] = {}
        former: list[InstitutionFormerName] = []
        for held in reversed(self._in_order()):
            if (after := later.get(held.language)) is not None:
                name = InstitutionFormerName(
                    language=held.language, text=held.text, until=after.since
                )
                former.append(name)
            later[held.language] = held
        return former[::-1]

    @property
    def parent(self) -> str | None:
        """The code of the institution it belongs to now; None if to none."""
        return max(self.parents, key=lambda held: (held.since.order, held.version)).parent

    def name(self, language: str) -> str:
        """Its name in `language`, else in the language that was recorded first."""
        names = self.names
        return names.get(language) or names[self.named[0].language]

    def _in_order(self) -> list[InstitutionNameHeld]:
        return sorted(self.named, key=lambda held: (held.since.order, held.version))

    def end(self, status: InstitutionStatus, entry: Entry, *successors: str) -> None:
        """Folds its end in."""
        self.status = status
        self.ended = entry.stamp.effective
        self.successors = successors

    # -- commands

    def rename(
        self,
        stamp: Stamp,
        names: Annotated[
            Sequence[InstitutionName],
            Meta(description="One name a language; names in other languages stay."),
        ],
    ) -> InstitutionRenamed:
        """Gives an institution other names."""
        self._goes_on()
        held = self.names
        new = tuple(n for n in _called(names) if held.get(n.language) != n.text)
        if not new:
            raise AlreadySo(f"{self.code} is called that already.")
        if len(self.named) + len(new) > names_max:
            raise LimitExceeded(f"An institution may have {names_max} names, former ones included.")
        return InstitutionRenamed(stamp=stamp, names=new)

    def merge(
        self,
        stamp: Stamp,
        into: Annotated[str, Meta(description="Code of the institution in which it goes on.")],
    ) -> InstitutionMerged:
        """The institution ends and goes on in another."""
        self._goes_on()
        return InstitutionMerged(stamp=stamp, into=self._other(into))

    def split(
        self,
        stamp: Stamp,
        into: Annotated[Sequence[str], Meta(description="Codes of two or more.")],
    ) -> InstitutionSplit:
        """The institution ends and goes on in several."""
        self._goes_on()
        others = tuple(self._other(code) for code in into)
        if not 2 <= len(set(others)) == len(others) <= successors_max:
            raise InvalidInput(
                f"An institution is split into 2 to {successors_max} different ones; into one, it "
                "is merged."
            )
        return InstitutionSplit(stamp=stamp, into=others)

    def change_parent(
        self,
        stamp: Stamp,
        parent: Annotated[
            str | None,
            Meta(description="Code of the institution above it from now on; none, if not given."),
        ] = None,
    ) -> ParentChanged:
        """Puts an institution under another, or under none."""
        self._goes_on()
        if parent is not None:
            self._other(parent)
        if parent == self.parent:
            raise AlreadySo(f"The parent of {self.code} is {parent or 'none'} already.")
        if len(self.parents) >= names_max:
            raise LimitExceeded(f"The parent of an institution may change {names_max} times.")
        return ParentChanged(stamp=stamp, parent=parent)

    def transfer_competence(
        self,
        stamp: Stamp,
        to: Annotated[str, Meta(description="Code of the institution that receives it.")],
        competence: str,
        terms: Annotated[
            Sequence[Term], Meta(description="By which recommendations about it are found.")
        ] = (),
    ) -> CompetenceTransferred:
        """The institution gives a competence away. Open assignments about it are then listed as
        orphaned until somebody decides."""
        self._goes_on()
        meant = tuple({term.key: term for term in terms}.values())
        if len(meant) > terms_max:
            raise LimitExceeded(f"A competence may have {terms_max} terms.")
        for term in meant:
            named(term.label)
        if len(self.transfers) >= transfers_max:
            raise LimitExceeded(f"An institution may give away {transfers_max:,} competences.")
        return CompetenceTransferred(
            stamp=stamp, to=self._other(to), competence=named(competence), terms=meant
        )

    def abolish(self, stamp: Stamp) -> InstitutionAbolished:
        """The institution ends. Its open assignments are then listed as orphaned."""
        self._goes_on()
        return InstitutionAbolished(stamp=stamp)

    def _goes_on(self) -> None:
        if self.status is not InstitutionStatus.ACTIVE:
            into = f" into {', '.join(self.successors)}" if self.successors else ""
            raise HasEnded(f"{self.code} was {self.status.value}{into}; it takes no further step.")

    def _other(self, code: str) -> str:
        if _coded(code) == self.code:
            raise InvalidInput(f"Name another institution than {code} itself.")
        return code


def institution_id(addressee: str, code: str) -> UUID:
    """The id of the institution of this code. Frozen; a code is compared letter by letter."""
    return uuid5(NAMESPACE, f"institution\x1f{addressee.upper()}\x1f{code}")


def register_institution(
    stamp: Stamp,
    *,
    addressee: str,
    code: Annotated[str, Meta(description="What assignments name; it never changes.")],
    names: Annotated[Sequence[InstitutionName], Meta(description="One name a language.")],
    parent: Annotated[
        str | None, Meta(description="Code of the institution above it; none, if not given.")
    ] = None,
    kind: Annotated[
        InstitutionKind | None, Meta(description="Its place in the State, such as a ministry.")
    ] = None,
) -> tuple[UUID, InstitutionRegistered]:
    """Registers an institution under its code.

    Its id is minted from the code."""
    if parent is not None and _coded(parent) == code:
        raise InvalidInput("An institution cannot be its own parent.")
    event = InstitutionRegistered(
        stamp=stamp, code=coined(code), names=_called(names), parent=parent, kind=kind
    )
    return institution_id(addressee, code), event


def begin(entry: Entry) -> Institution:
    """The state after an institution's first entry."""
    event = entry.event
    assert isinstance(event, InstitutionRegistered), "the first entry is InstitutionRegistered"
    return Institution(
        id=entry.stream,
        addressee=entry.addressee,
        version=entry.version,
        visibility=event.stamp.visibility,
        institution=event.stamp.speaker.institution,
        code=event.code,
        named=_held(event.names, entry),
        parents=[_under(event.parent, entry)],
        kind=event.kind,
    )


def fold(entries: Iterable[Entry], state: Institution | None = None) -> Institution | None:
    """The institution that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        if state is None:
            state = begin(entry)
        elif isinstance(entry.event, InstitutionEvent):
            entry.event.apply(state, entry)
            state.version = entry.version
    return state


def _held(names: tuple[InstitutionName, ...], entry: Entry) -> list[InstitutionNameHeld]:
    return [
        InstitutionNameHeld(
            language=name.language,
            text=name.text,
            since=entry.stamp.effective,
            version=entry.version,
        )
        for name in names
    ]


def _under(parent: str | None, entry: Entry) -> InstitutionParentHeld:
    return InstitutionParentHeld(parent=parent, since=entry.stamp.effective, version=entry.version)


def _called(names: Iterable[InstitutionName]) -> tuple[InstitutionName, ...]:
    called = tuple(names)
    if not 1 <= len(called) <= names_max:
        raise InvalidInput(f"Give between 1 and {names_max} names.", field="names")
    if len({name.language for name in called}) != len(called):
        raise InvalidInput("Give one name for each language.", field="names")
    for name in called:
        if not 0 < len(name.language.strip()) <= language_chars_max:
            raise InvalidInput("Name the language by its BCP 47 tag, such as “en”.", field="names")
        named(name.text)
    return called


def is_code(said: str) -> bool:
    """True if an institution may be registered under this code."""
    return 0 < len(said) <= label_chars_max and said == said.strip() and said.isprintable()


def coined(code: str) -> str:
    """The code, where a new institution may have it; refuses it otherwise. Codes are compared
    letter by letter, so a new one is written in the one way that tells it from others: composed
    characters (Unicode's NFKC), small letters, single spaces, none that nobody sees."""
    usual = " ".join(seen(unicodedata.normalize("NFKC", named(code))).lower().split())
    if not usual or not usual.isprintable():
        raise InvalidInput("`code`: write letters and digits that people can read.", field="code")
    if code != usual:
        raise InvalidInput(
            f"`code`: write “{usual}”. A code has small letters, single spaces and no characters "
            "that nobody sees.",
            field="code",
        )
    return code


def _coded(code: str) -> str:
    if named(code) != code.strip():
        raise InvalidInput(f"A code has no white space around it: “{code.strip()}”.")
    return code
