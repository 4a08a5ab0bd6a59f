"""An entry of the record: one event, the stamp it bears, and where it stands in its stream.

The structs of this module are part of the archive's format: every stored event carries a
`Stamp`. Names and meanings below are frozen; a field may be added if its absence keeps its
meaning, none may be renamed or re-used.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar, NamedTuple, NewType
from uuid import UUID

import msgspec

from domain.effects import AnyEffect
from domain.refusals import InvalidInput, LimitExceeded


class Visibility(StrEnum):
    """The readers of an entry."""

    PUBLIC = "public"
    """anyone with a key"""
    INTERNAL = "internal"
    """the State's own institutions and its auditors"""
    CONFIDENTIAL = "confidential"
    """the institution that wrote it and the coordinating mechanism"""


NARROWNESS = {visibility: place for place, visibility in enumerate(Visibility)}
"""How few may read an entry: the higher, the fewer."""


class Basis(StrEnum):
    """How an effective date is known."""

    STATED = "stated"
    """a document says it"""
    INFERRED = "inferred"
    """somebody concluded it"""
    UNKNOWN = "unknown"
    """nobody knows it"""


class AuthorityKind(StrEnum):
    """By what right somebody speaks."""

    MANDATE = "mandate"
    """a lasting mandate, such as that of the national mechanism"""
    DECISION = "decision"
    """a decision on this matter, such as a decree"""
    DELEGATION = "delegation"
    """a right that its holder lends to somebody, for a scope and a period"""


class Precision(StrEnum):
    """How exactly an effective date is known."""

    DAY = "day"
    """the day is known"""
    MONTH = "month"
    """the month is known, and the day is not"""
    YEAR = "year"
    """only the year is known"""


RecommendationId = NewType("RecommendationId", UUID)
"""The id of a recommendation, where one entry points to another recommendation."""

CLOCK = "procedure"
"""The role in which a procedure speaks itself, when the clock does something to a case."""

text_chars_max = 20_000
label_chars_max = 200

_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)


class Stored(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """Base of everything that is written into the log as part of an event. Frozen trees have no
    cycles, so the garbage collector need not walk them: a rebuild holds millions."""


class Effective(Stored, frozen=True):
    """When a fact was true in the world, in the addressee's calendar.

    `on` is an ISO 8601 date of day, month or year precision (`2025-04-08`, `2025-04`, `2025`);
    None means nobody knows. `basis` says how it is known (domain rules 7 and 18).
    """

    on: str | None = None
    """ISO 8601 date of a day, month or year; null where nobody knows it."""
    basis: Basis = Basis.UNKNOWN
    """Whether a document states the date, somebody concluded it, or nobody knows it."""

    @property
    def precision(self) -> Precision | None:
        return None if self.on is None else _PRECISION[len(self.on)]

    @property
    def order(self) -> str:
        """Sorts facts by effective date; an unknown date sorts first, so it displaces none."""
        return self.on or ""


_PRECISION = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}


def effective(on: str | None, basis: Basis = Basis.STATED, field: str = "effectiveOn") -> Effective:
    """An effective date from what a person wrote; refuses what is not a date."""
    if on is None:
        return Effective()
    return Effective(on=dated(on, field), basis=basis)


def is_date(on: str) -> bool:
    """True for a real calendar date of day, month or year precision."""
    if not _DATE.fullmatch(on) or on[:4] == "0000":
        return False
    if len(on) < 10:
        return True
    year, month, day = int(on[:4]), int(on[5:7]), int(on[8:])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def first_day(on: str) -> str:
    """The first day that a date of day, month or year precision may mean."""
    return f"{on}-01-01"[:10] if len(on) == 4 else f"{on}-01"[:10]


def last_day(on: str) -> str:
    """The last day that a date of day, month or year precision may mean."""
    if len(on) == 10:
        return on
    if len(on) == 4:
        return f"{on}-12-31"
    return next(day for n in (31, 30, 29, 28) if is_date(day := f"{on}-{n}"))


class Authority(Stored, frozen=True):
    """By what right somebody speaks."""

    kind: AuthorityKind
    """Whether it is lasting, a single decision, or lent."""
    reference: str
    """The decision, mandate or delegation, by name."""
    scope: str | None = None
    """The matters that it covers; null where no limit is named."""
    since: str | None = None
    """The first day on which it holds; null where none is named."""
    until: str | None = None
    """The last day on which it holds; null where none is named."""


class Speaker(Stored, frozen=True):
    """Who speaks (domain rule 17).

    `actor` is the pseudonym of a person; `system` names the machine that acted for that person.
    A system that names no person stands alone and never satisfies a four-eyes rule. `granted_by`
    is the authority of the key, where the speaker names another.
    """

    role: str
    institution: str
    on_behalf_of: str
    authority: Authority
    actor: str | None = None
    system: str | None = None
    granted_by: Authority | None = None

    def __post_init__(self) -> None:
        if not self.actor and not self.system:
            raise InvalidInput("Somebody must speak: name an actor, or the system that acted.")


class Source(Stored, frozen=True):
    """The document that a fact was taken from."""

    document: str | None = None
    """UN symbol of the document, or another reference; null where none is known."""
    paragraph: str | None = None
    """The paragraph, as printed; null where none is named."""
    language: str | None = None
    """Language that the document was read in (BCP 47 tag); null where nobody said."""
    sha256: str | None = None
    """SHA-256 of the file that was read, in hex; null where no file was read."""
    row: int | None = None
    """Row in that file, from 1; null where the fact is from no row."""


class Protected:
    """A text that may have to be forgotten: a reason, a narrative, a comment, a person's name.

    The event holds only a salted commitment to it; the text lies in the vault and can be erased
    there while the proof of the log still holds (domain rule 15). `text` is None when the text
    was not loaded or is not there; `commitment` is None until the text is sealed. `missing` says
    that it was looked for and is not there, `erased_by` which entry says that it was erased: a
    text that is missing without one was lost.
    """

    __slots__ = ("commitment", "erased_by", "missing", "text")

    def __init__(self, text: str | None = None, *, commitment: str | None = None) -> None:
        if text is not None and len(text) > text_chars_max:
            raise InvalidInput(f"A text may have {text_chars_max:,} characters; shorten it.")
        self.text = text
        self.commitment = commitment
        self.missing = False
        self.erased_by: Entry | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Protected):
            return NotImplemented
        if self.commitment and other.commitment:
            return self.commitment == other.commitment
        return self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Protected({(self.commitment or 'unsealed')[:12]})"


class Stamp(Stored, frozen=True):
    """What every event says beside its own facts.

    `command` is the id under which a caller sent it; `cause` the log index of the event that led
    to it; `batch` the run that wrote it with others; `part` the part of the paragraph it is
    about (None: the whole). `readers` are institutions that may read it besides its speaker's.
    `definition`, `left` and `entered` are the outcome the procedure decided: its SHA-256, the
    states left and entered, and `effects` besides. They are applied, never recomputed. `history`:
    by what right it is recorded as history, outside the procedure; None: as a step of it.
    """

    command: str
    speaker: Speaker
    effective: Effective = Effective()
    visibility: Visibility = Visibility.PUBLIC
    source: Source | None = None
    part: str | None = None
    reason: Protected | None = None
    cause: int | None = None
    batch: UUID | None = None
    definition: str | None = None
    left: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()
    effects: tuple[AnyEffect, ...] = ()
    readers: tuple[str, ...] = ()
    history: Authority | None = None


def apart(stamp: Stamp, visibility: Visibility | None = None) -> Stamp:
    """The same circumstances for an entry of another stream: a protected text is sealed once."""
    reason = stamp.reason
    return msgspec.structs.replace(
        stamp,
        reason=Protected(reason.text) if reason is not None else None,
        visibility=visibility or stamp.visibility,
    )


class Event(Stored, frozen=True):
    """Base of all stored events. `topic` is the frozen name under which a class is stored; it
    ends in the version of the event's shape."""

    topic: ClassVar[str]

    stamp: Stamp

    @property
    def readers(self) -> tuple[str, ...]:
        """The institutions that may read it, however few others may."""
        speaker = self.stamp.speaker
        own = () if speaker.role == CLOCK else (speaker.institution,)
        return *own, *self.stamp.readers


class Entry(NamedTuple):
    """One event in its place: stream (the aggregate's id), 1-based version in it, the addressee
    every row carries; log index and recording time (microseconds since 1970 in UTC) once the log
    has given them."""

    stream: UUID
    version: int
    addressee: str
    event: Event
    log_index: int | None = None
    recorded_at: int | None = None

    @property
    def originator_id(self) -> UUID:
        return self.stream

    @property
    def originator_version(self) -> int:
        return self.version

    @property
    def stamp(self) -> Stamp:
        return self.event.stamp


def named(name: str) -> str:
    """The name, where it says something and is not too long; refuses it otherwise."""
    if not name.strip():
        raise InvalidInput("A name or number is missing: it is empty.")
    if len(name) > label_chars_max:
        raise LimitExceeded(f"A name may have {label_chars_max} characters: “{name[:40]}…”.")
    return name


def dated(on: str | None, field: str) -> str | None:
    """The date, where it is one; refuses it otherwise, naming the field."""
    if on is not None and not is_date(on):
        raise InvalidInput(
            f"`{field}`: “{on[:40]}” is not a date: write 2025-04-08, 2025-04 or 2025.", field=field
        )
    return on


def reasoned(stamp: Stamp, what: str) -> None:
    """Refuses a step without a reason."""
    if stamp.reason is None or not (stamp.reason.text or "").strip():
        raise InvalidInput(f"{what} needs a reason.", field="reason")


class UnreadableEntry(Exception):
    """A stored payload is not what its topic promises: the log is damaged or newer than we are."""

    log_index: int | None = None


def protected_texts(value: object) -> list[Protected]:
    """All protected texts inside an event, found by type."""
    found: list[Protected] = []
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Protected):
            found.append(item)
        elif isinstance(item, msgspec.Struct):
            pending.extend(getattr(item, name) for name in item.__struct_fields__)
        elif isinstance(item, tuple):
            pending.extend(item)
    return found


def texts_by_field(event: Event) -> dict[str, Protected]:
    """The protected texts of an event by their fields, in camel case, as in `narrative`,
    `data.1.words` (places count from 0) and `reason`, which is the stamp's."""
    found: dict[str, Protected] = {}

    def walk(value: object, path: tuple[str, ...]) -> None:
        if isinstance(value, Protected):
            found[".".join(path)] = value
        elif isinstance(value, msgspec.Struct):
            for name in value.__struct_fields__:
                first, *more = name.split("_")
                field = first + "".join(word.capitalize() for word in more)
                walk(getattr(value, name), path if name == "stamp" else (*path, field))
        elif isinstance(value, tuple):
            for place, item in enumerate(value):
                walk(item, (*path, str(place)))

    walk(event, ())
    return found
