"""The desk: every step passes over it, in the same order each time.

    authorise → load → the procedure says whether it is open → the aggregate records the fact →
    the procedure says what it leaves and enters → append

A refused step leaves no event. The same command again gives its first result.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import structlog

from domain.entry import Entry, Stamp, Visibility
from domain.events import (
    Alias,
    Received,
    RecommendationEvent,
)
from domain.recommendation import Recommendation, begin, fold
from domain.refusals import (
    AlreadySo,
    CommandReused,
    InvalidInput,
    NotFound,
    Refusal,
    StaleVersion,
    Unavailable,
)
from workflows import procedure
from workflows.access import Principal, authorise, authorise_on
from workflows.log import Appended, Log

command_chars_max = 128
attempts_max = 5

ADDRESSEE = re.compile(r"[A-Z]{3}")

FindAliases = Callable[[str, Sequence[Alias]], dict[tuple[str, str, str], UUID]]
"""Which recommendations of an addressee go by which aliases; answered from a view that is up to
date, and handed in by `api`."""

log_line = structlog.get_logger("suivi.desk")


class Command(msgspec.Struct, frozen=True):
    """What a caller sent: its id, and the SHA-256 of the whole request as it was sent."""

    id: str
    sha256: bytes

    @classmethod
    def of(cls, id: str, principal: Principal, request: object) -> Command:
        """A command over anything msgspec can write: the same id with another request, or from
        another key, is another command and will be refused."""
        if not id.strip() or len(id) > command_chars_max or "\x00" in id:
            raise InvalidInput(f"commandId has between 1 and {command_chars_max} characters.")
        try:
            id.encode()
            written = msgspec.json.encode([principal.key, request], order="sorted")
        except UnicodeEncodeError as error:
            raise InvalidInput("A text holds half a character (a lone surrogate).") from error
        return cls(id, hashlib.sha256(written).digest())


class Taken(msgspec.Struct, frozen=True):
    """A step that was taken: where its entries stand, and the entries."""

    appended: Appended
    entries: Sequence[Entry]


class Desk:
    """Takes steps on recommendations and records them in `log`."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def take(
        self,
        principal: Principal,
        command: Command,
        id: UUID,
        step: str,
        stamp: Stamp,
        act: Callable[[Recommendation, Stamp], RecommendationEvent],
        *,
        expected_version: int | None,
        assignment: int | None = None,
    ) -> Taken:
        """Takes one step on a recommendation.

        `act` is the aggregate's command. `expected_version` is the version the caller saw: None
        takes the step on whatever stands, trying again when others are faster.
        """
        try:
            if repeated := self.repeated(command):
                return repeated
            for attempt in range(attempts_max):
                r = self.load(id, principal)
                authorise_on(principal, step, r, assignment)
                if expected_version is not None and r.version != expected_version:
                    raise StaleVersion(
                        f"You saw version {expected_version}, it is at {r.version}; read it again "
                        "and decide anew.",
                        current=r.version,
                    )
                procedure.check(r, step)
                entry = self.enter(r, step, act(r, stamp))
                try:
                    return self.append(command, [entry])
                except StaleVersion:
                    if expected_version is not None or attempt + 1 == attempts_max:
                        raise
            raise AssertionError
        except Refusal as refusal:
            if late := self._repeated_meanwhile(command, refusal):
                return late
            log_line.info(
                "refused", step=step, code=refusal.code, key=str(principal.key), id=str(id)
            )
            raise

    def receive(
        self,
        principal: Principal,
        command: Command,
        addressee: str,
        begin: Callable[[], tuple[UUID, Received]],
        find: FindAliases,
    ) -> Taken:
        """Records that a recommendation arrived; refuses one that is there already, under this
        number or, since numbers change, under one it went by."""
        if repeated := self.repeated(command):
            return repeated
        authorise(principal, "receive", addressee)
        if not ADDRESSEE.fullmatch(addressee):
            raise InvalidInput("An addressee is named by its code of three letters, such as SVN.")
        id, event = begin()
        there = AlreadySo("This paragraph is in the record already; look it up by its number.")
        try:
            if event.symbol and event.paragraph:
                alias = Alias(scheme="un", value=event.symbol, paragraph=event.paragraph)
                if find(addressee, [alias]):
                    raise there
            return self.append(command, [opening(id, addressee, event)])
        except (StaleVersion, AlreadySo) as refusal:
            if late := self._repeated_meanwhile(command, refusal):
                return late
            raise there from None

    def load(self, id: UUID, principal: Principal) -> Recommendation:
        """The recommendation as it stands; NotFound where it is not, or not for this reader."""
        r = self.log.load(id, fold)
        scope = principal.scope
        if (
            r is None
            or not scope.reads(r.visibility, r.institution)
            or (scope.addressees is not None and r.addressee not in scope.addressees)
        ):
            raise NotFound("There is no such recommendation.")
        return r

    def repeated(self, command: Command) -> Taken | None:
        """What the command recorded when it came before, None if it is new."""
        known = self.log.find_command(command.id)
        if known is None:
            return None
        if known.request_sha256 != command.sha256:
            raise CommandReused(
                f"Command id “{command.id}” was used for another request; take a new one."
            )
        return self._taken(Appended(known.first, known.count, 0, repeated=True))

    def _repeated_meanwhile(self, command: Command, refusal: Refusal) -> Taken | None:
        """The same command, sent twice at once, may have been recorded after it was looked for."""
        return None if isinstance(refusal, Unavailable) else self.repeated(command)

    def append(self, command: Command, entries: Sequence[Entry]) -> Taken:
        """Records entries under a command, all or none."""
        done = self.log.append(command.id, command.sha256, entries)
        if done.repeated:
            return self._taken(done)
        placed = [
            entry._replace(log_index=done.first + i, recorded_at=done.recorded_at)
            for i, entry in enumerate(entries)
        ]
        return Taken(done, placed)

    @staticmethod
    def enter(r: Recommendation, step: str, event: RecommendationEvent) -> Entry:
        """The next entry of `r`, with what the procedure says follows, added to `r` itself. No
        entry has more readers than the recommendation it is about."""
        narrow = list(Visibility).index
        if narrow(event.stamp.visibility) < narrow(r.visibility):
            stamp = msgspec.structs.replace(event.stamp, visibility=r.visibility)
            event = msgspec.structs.replace(event, stamp=stamp)
        entry = Entry(r.id, r.version + 1, r.addressee, event)
        event.apply(r, entry)
        event = procedure.outcome(r, step, event)
        r.version = entry.version
        r.move(event.stamp.left, event.stamp.entered)
        return entry._replace(event=event)

    def _taken(self, done: Appended) -> Taken:
        entries = self.log.read(done.first, done.count) if done.count else []
        return Taken(done, entries)


def opening(id: UUID, addressee: str, event: Received) -> Entry:
    """The first entry of a recommendation, with the states the procedure says it starts in."""
    entry = Entry(id, 1, addressee, event)
    r = begin(entry)
    return entry._replace(event=procedure.outcome(r, "receive", event))
