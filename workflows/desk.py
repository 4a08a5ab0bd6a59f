"""The desk: every step passes over it, in the same order each time.

    load → the clock fires what was due before → authorise → the procedure says whether it is open →
    the aggregate records the fact → the procedure says what it leaves and enters → append

What was due before is recorded with the step, so that history is the same whether a worker came
first or not. A refused step leaves no event. The same command again gives its first result. Many
may pass over it together (`take_all`), each as if it had come alone; and one command may go on with
several recommendations, recorded for all of them or for none (`Deed`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec
import structlog

from domain import absence
from domain.aggregates import fold_streams, ready
from domain.casework import BESIDE, Case, CaseEvent
from domain.casework.held import ApprovalHeld
from domain.entry import Entry, Event, Protected, Speaker, Stamp, Visibility
from domain.progress_report import ProgressReport
from domain.recommendation import Recommendation, progress
from domain.recommendation.elements import Alias
from domain.recommendation.receiving import Received
from domain.refusals import (
    AlreadySo,
    CommandReused,
    Forbidden,
    FourEyes,
    InvalidInput,
    NeedsDecision,
    NotFound,
    Refusal,
    StaleVersion,
    StepNotOpen,
    TaskClaimedByOther,
    Unavailable,
    listed,
    valid,
)
from workflows import as_history, visibility
from workflows.access import (
    Principal,
    Role,
    authorise,
    authorise_beside,
    authorise_draft,
    authorise_on,
    may_read,
)
from workflows.clock import Clock, machine_clock
from workflows.log import REUSED, Appended, CommandRow, Log
from workflows.procedure import Procedures, four_eyes
from workflows.procedure.firing import due_now, passings, set_back
from workflows.references import References, SpeaksFor, of_addressee
from workflows.step_table import STEPS

command_chars_max = 128
attempts_max = 5


class Aggregate(Protocol):
    """What every aggregate of the record has."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str


FindBearers = Callable[[Sequence[tuple[str, Alias]]], dict[tuple[str, str, str, str], list[UUID]]]
"""Which recommendations of an addressee go by which alias, by addressee and the alias's key;
answered from a view that is up to date, and handed in by `api`."""

State = TypeVar("State", bound=Aggregate)
Fold = Callable[[Iterable[Entry], "State | None"], "State | None"]

log_line = structlog.get_logger("suivi.desk")


class Command(msgspec.Struct, frozen=True):
    """What a caller sent: its id, the SHA-256 of the whole request as it was sent, and the id under
    which the log keeps it, which is its holder's alone. `before` is the SHA-256 that the log has
    where the command was recorded when ids were one space for all keys."""

    id: str
    sha256: bytes
    kept: str
    before: bytes = b""

    @classmethod
    def of(cls, id: str, principal: Principal, request: object) -> Command:
        """A command over anything msgspec can write: the same id with another request is another
        command of the same holder and will be refused; from another holder, it is no matter."""
        if not id.strip() or len(id) > command_chars_max or "\x00" in id:
            raise InvalidInput(
                f"commandId has between 1 and {command_chars_max} characters.", field="commandId"
            )
        try:
            kept = kept_as(id, principal.holder)
            said = msgspec.json.encode(request, order="sorted")
            before = msgspec.json.encode([principal.key, request], order="sorted")
        except UnicodeEncodeError as error:
            raise InvalidInput("A text holds half a character (a lone surrogate).") from error
        return cls(id, hashlib.sha256(said).digest(), kept, hashlib.sha256(before).digest())

    @classmethod
    def of_the_machine(cls, id: str) -> Command:
        """A command that nobody sent and nobody will send again."""
        return cls(id, hashlib.sha256(id.encode()).digest(), id)


def kept_as(id: str, holder: str) -> str:
    """The id under which the log keeps a holder's command: longer than any id that somebody may
    choose, so that it is none."""
    return f"{holder}:{hashlib.sha256(id.encode()).hexdigest()}"


def is_kept_as(id: str, kept: str) -> bool:
    """True if the log keeps a command of this id so, whoever's it is."""
    return kept == id or (len(kept) > command_chars_max and kept == kept_as(id, kept[:64]))


class Taken(msgspec.Struct, frozen=True):
    """A step that was taken: where its entries stand, and the entries."""

    appended: Appended
    entries: Sequence[Entry]


THERE_IS_NO_SUCH = "There is no such thing for this key: take the id from what it may read."


class Deed(NamedTuple):
    """What one command does: `on` are the things it goes on with, all `of` a kind (none, where it
    begins one), and `make` gives its entries from them as they stand, those of cases each added to
    its own (`Desk.make`). It is asked again when others were faster. `name` says in the operator's
    log what was refused. One that `may_begin` is given what is not there as missing."""

    command: Command
    name: str
    on: tuple[UUID, ...]
    make: Callable[[Mapping[UUID, Any]], Sequence[Entry]]
    of: type[Any] = Case
    may_begin: bool = False


class Foreseen(NamedTuple):
    """What would come of a deed: its entries, recorded nowhere, and how the recommendations would
    stand."""

    entries: Sequence[Entry]
    held: Mapping[UUID, Case]


class Desk:
    """Takes steps on cases and on all other aggregates, and records them in `log`."""

    def __init__(
        self, log: Log, clock: Clock = machine_clock, speaks_for: SpeaksFor | None = None
    ) -> None:
        self.log = log
        self.procedures = Procedures(log, clock)
        self.references = References(log, self.procedures, speaks_for)

    def take(
        self,
        principal: Principal,
        command: Command,
        id: UUID,
        step: str,
        stamp: Stamp,
        act: Callable[[Any, Stamp], CaseEvent],
        *,
        expected_version: int | None,
        assignment: int | None = None,
        report: int | None = None,
        late: bool = False,
    ) -> Taken:
        """Takes one step on a case.

        `act` is the aggregate's command. `expected_version` is the version the caller saw: None
        takes the step on whatever stands, trying again when others are faster. `late`: what it
        says was true before a deadline passed, and is recorded after.
        """

        def made(held: Mapping[UUID, Any]) -> Sequence[Entry]:
            return self.make(
                principal,
                held[id],
                step,
                stamp,
                act,
                expected_version=expected_version,
                assignment=assignment,
                report=report,
                late=late,
            )

        return self.do(principal, Deed(command, step, (id,), made))

    def do(self, principal: Principal, deed: Deed) -> Taken:
        """Does what one command asks for, on whatever recommendations: all of it or nothing."""
        (outcome,) = self.take_all(principal, [deed])
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    def take_all(self, principal: Principal, deeds: Sequence[Deed]) -> list[Taken | Refusal]:
        """Does what many commands ask for: what became of each, in their order. One that is
        refused leaves the others as they are. Those that go on with the same recommendation are
        done one after the other; the others share reads and commits."""
        outcomes: dict[int, Taken | Refusal] = {}
        attempts = [0] * len(deeds)
        while waiting := [n for n in range(len(deeds)) if n not in outcomes]:
            now = _apart(waiting, deeds)
            together = self._take_together(principal, [deeds[n] for n in now])
            for n, outcome in zip(now, together, strict=True):
                attempts[n] += 1
                overtaken = isinstance(outcome, StaleVersion) and "current" not in outcome.facts
                if not overtaken or attempts[n] == attempts_max:
                    outcomes[n] = outcome
        for n, deed in enumerate(deeds):
            if isinstance(outcome := outcomes[n], Refusal):
                id, key = str(deed.on[-1]) if deed.on else None, str(principal.key)
                log_line.info("refused", step=deed.name, code=outcome.code, key=key, id=id)
        return [outcomes[n] for n in range(len(deeds))]

    def foresee(
        self, principal: Principal, deeds: Sequence[Deed]
    ) -> list[Taken | Foreseen | Refusal]:
        """What would come of many commands, one after the other, if nobody else did anything;
        nothing is recorded. Of one that was recorded before, what came of it."""
        held = self._held(id for deed in deeds for id in deed.on)
        outcomes: list[Taken | Foreseen | Refusal] = []
        for deed in deeds:
            try:
                if repeated := self.repeated(deed.command):
                    outcomes.append(repeated)
                    continue
                mine = {id: one.clone() for id, one in _seen(deed, held, principal).items()}
                outcomes.append(Foreseen(self._make(deed, mine), mine))
                held.update(mine)
            except Refusal as refusal:
                outcomes.append(refusal)
        return outcomes

    def _make(self, deed: Deed, held: Mapping[UUID, Any]) -> list[Entry]:
        """The entries of a deed, and before them those of what was due on its cases."""
        cases = [one for one in held.values() if isinstance(one, Case)]
        entries = [
            entry for case in cases for entry in due_now(self.procedures, case, deed.command.id)
        ]
        return [*entries, *deed.make(held)]

    def make(
        self,
        principal: Principal,
        r: Case,
        step: str,
        stamp: Stamp,
        act: Callable[[Any, Stamp], CaseEvent],
        *,
        expected_version: int | None,
        assignment: int | None = None,
        report: int | None = None,
        late: bool = False,
    ) -> list[Entry]:
        """The entries a step makes of `r`, added to `r` and not recorded: what a preview shows. It
        is one; where the step is `late` another comes before it, which sets aside what the clock
        did since. Refuses what the step itself refuses. `assignment` is the one it is about,
        `report` the progress report that it drafts again."""
        if step in STEPS:
            _readable(r, STEPS[step].on, principal)
        if stamp.history is not None:
            self._authorise_history(principal, step, stamp, r, assignment)
        elif step in BESIDE:
            authorise_beside(principal, step, r)
        else:
            authorise_on(principal, step, r, assignment, self._roles(r, step))
        fired, r.unrecorded = r.unrecorded, 0
        recorded = r.version - fired
        current = r.version_for(principal.scope, recorded)
        if expected_version not in (None, current, r.version_for(principal.scope, r.version)):
            raise StaleVersion(
                f"You saw version {expected_version}, it is at {current}; read it again and "
                "decide anew.",
                current=current,
            )
        entries: list[Entry] = []
        if late:
            history = list(self.log.history([r.id]))
            passed = passings(self.procedures, history, fired, r, stamp.command)
            entries.append(set_back(self.procedures, r, stamp, passed))
        read = r.as_read(principal.scope)
        if stamp.history is None:
            self.procedures.check(r, step)
            if four_eyes.looks_at(self.procedures.of(r), step):
                self._seen_by_others(r, step, stamp.speaker, act(read, stamp))
            self._unclaimed(r, step, principal.speaks_for, stamp.speaker.actor)
        self._fits(step, stamp, r.visibility)
        authorise_draft(principal, r, report)
        event = act(read, stamp)
        self.references.check(r.addressee, event, r)
        return [*entries, self.procedures.enter(r, step, event)]

    def _authorise_history(
        self,
        principal: Principal,
        step: str,
        stamp: Stamp,
        r: Case,
        assignment: int | None,
    ) -> None:
        """Refuses a step as history where the principal has no right to that, where the procedure
        has no such step, and where its entry lacks what history needs."""
        if step in BESIDE:
            raise InvalidInput("`asHistory`: this is no step of a procedure.", field="asHistory")
        self._roles(r, step)
        authorise_on(principal, step, r, assignment, STEPS[as_history.RIGHT].may)
        as_history.check(stamp, lambda: self.procedures.moment(r.addressee).today)

    def _fits(self, step: str, stamp: Stamp, of: Visibility) -> None:
        """Refuses an entry that other people may read than the step lets."""
        visibility.check(step, stamp.visibility, of)

    def _seen_by_others(self, r: Case, step: str, speaker: Speaker, event: CaseEvent) -> None:
        """Refuses a step that four eyes have to look at, and have not."""
        said = four_eyes.said_by(r, step, event)
        missing = four_eyes.missing(
            self.procedures.of(r),
            r,
            step,
            speaker.actor,
            four_eyes.Taking(said, self._approved(r, step, said), four_eyes.report_of(event)),
            speaker.system,
        )
        if missing:
            raise FourEyes(f"“{step}” needs four eyes: {' and '.join(missing)}.", step=step)

    def _approved(self, r: Case, step: str, said: four_eyes.Said) -> list[ApprovalHeld]:
        """The approvals of a step that are of just this."""
        held = [a for a in r.approved_by(step, 0) if a.content in (None, said.content)]
        words = {a.version: Protected(commitment=a.words) for a in held if a.words is not None}
        self.log.reveal(words.values())
        return [
            a
            for a in held
            if (of := words.get(a.version)) is None or (not of.missing and of.text == said.words)
        ]

    def ready(
        self, ids: Sequence[UUID], principal: Principal, command: str
    ) -> tuple[dict[UUID, Recommendation], list[Entry]]:
        """Several recommendations as they stand, all from one read, and the entries of what was
        due on them; NotFound where one is not, or not for this reader."""
        held = {r.id: r for r in self.load_all(ids, principal)}
        fired = [e for r in held.values() for e in due_now(self.procedures, r, command)]
        return held, fired

    def publish_on(
        self,
        r: Recommendation,
        report: ProgressReport,
        stamp: Stamp,
        words: str | None,
    ) -> Entry:
        """The entry by which a progress report of many covers a recommendation, added to `r`. What
        its procedure asks of progress on it alone it asks here too: other eyes than the drafter's,
        and approvals of this report in these words."""
        self.procedures.check(r, "cover")
        self.looked_at(r, report, ("cover", "publish-progress"), stamp.speaker, words)
        return self.procedures.enter(r, "cover", progress.cover(r, stamp, report.id))

    def looked_at(
        self,
        r: Recommendation,
        report: ProgressReport,
        steps: Sequence[str],
        speaker: Speaker,
        words: str | None = None,
    ) -> None:
        """Refuses what four eyes have to look at on a recommendation, and have not, where a
        progress report of many does it: one of these steps of its procedure."""
        procedure = self.procedures.of(r)
        for step in steps:
            if not four_eyes.looks_at(procedure, step):
                continue
            said = four_eyes.said_of(report, words)
            given = self._approved(r, "cover", said)
            taking = four_eyes.Taking(said, given, of_many=report)
            missing = four_eyes.missing(procedure, r, step, speaker.actor, taking, speaker.system)
            if missing:
                number = " ".join(filter(None, (r.symbol, r.paragraph))) or str(r.id)
                raise FourEyes(
                    f"“{step}” on {number} needs four eyes: {' and '.join(missing)}.", step=step
                )

    def hindrances(
        self, r: Case, step: str, institution: str | None, actor: str | None
    ) -> list[Refusal]:
        """What keeps a step from being taken that its procedure has open, whatever it says: what
        the recommendation lacks, four eyes, a task that another has claimed. Of a system, which
        names its persons step by step (`actor` None), what has to do with persons is not asked."""
        found: list[Refusal] = []
        asked: list[Callable[[], None]] = [lambda: ready(r, step)]
        if actor is not None:
            asked.append(lambda: self._by_four_eyes(r, step, actor))
            asked.append(lambda: self._unclaimed(r, step, institution, actor))
        for ask in asked:
            try:
                ask()
            except Refusal as refusal:
                found.append(refusal)
        return found

    def _by_four_eyes(self, r: Case, step: str, actor: str | None) -> None:
        """Refuses a step that another person must take, or that others must approve first."""
        if missing := four_eyes.missing(self.procedures.of(r), r, step, actor):
            raise FourEyes(f"“{step}” needs four eyes: {' and '.join(missing)}.", step=step)

    def _unclaimed(self, r: Case, step: str, institution: str | None, actor: str | None) -> None:
        """Refuses a step of a task that another person of the same institution has claimed; whoever
        speaks for none (None) is bound by no claim."""
        if institution is None:
            return
        for task in r.tasks:
            claim = task.claim_of(institution)
            if (
                step in task.steps
                and claim is not None
                and claim.actor != actor
                and claim.actor not in self._stood_in_for(r.addressee, institution, actor)
            ):
                raise TaskClaimedByOther(
                    f"{claim.actor} has claimed the task “{task.task}”; release or delegate it "
                    "first."
                )

    def _stood_in_for(self, addressee: str, institution: str, actor: str | None) -> list[str]:
        """Those of the same institution for whom a person stands in today."""
        id = absence.absences_id(addressee, institution)
        held = self.log.load(id, absence.fold) if actor else None
        if held is None:
            return []
        return held.absent_for(actor or "", self.procedures.moment(addressee).today)

    def begin(
        self,
        principal: Principal,
        command: Command,
        step: str,
        addressee: str,
        act: Callable[[], tuple[UUID, Event]],
        find: FindBearers = lambda names: {},
    ) -> Taken:
        """Begins anything: a recommendation, a measure, a review, a file; a case starts under its
        procedure. Refuses one that is there already, with `find` also under another number that it
        went by. Where that is not for this reader, it needs a decision of one who may read it."""

        def made(_: Mapping[UUID, Any]) -> Sequence[Entry]:
            authorise(principal, step, addressee)
            of_addressee(addressee)
            id, event = act()
            visibility.check(step, event.stamp.visibility)
            self.references.check(addressee, event)
            there = [id]
            if isinstance(event, Received) and event.symbol and event.paragraph:
                alias = Alias(scheme="un", value=event.symbol, paragraph=event.paragraph)
                there += [r for bearers in find([(addressee, alias)]).values() for r in bearers]
            self._is_new(principal, step, there)
            if isinstance(event, CaseEvent):
                return [self.procedures.opening(id, addressee, event)]
            return [Entry(id, 1, addressee, event)]

        return self.do(principal, Deed(command, step, (), made))

    def _is_new(self, principal: Principal, step: str, ids: Sequence[UUID]) -> None:
        """Refuses to begin what is there: what is not for this reader is told as needing a
        decision, and nothing is said of it."""
        firsts = [entry for entry in self.log.history(ids) if entry.version == 1]
        if any(principal.scope.sees(entry) for entry in firsts):
            raise AlreadySo("It is in the record already; look it up.")
        if firsts:
            raise NeedsDecision(f"“{step}” needs a decision by: {Role.COORDINATOR.value}.")

    def go_on(
        self,
        principal: Principal,
        command: Command,
        id: UUID,
        of: type[Any],
        step: str,
        act: Callable[[Any], Sequence[Entry | Event]],
        *,
        expected_version: int,
        addressee: str | None = None,
    ) -> Taken:
        """Takes a step on anything that is no case. `act` gives its events, and with them whole
        entries of others that belong to the same fact: recorded all or none. Where another step on
        one of those others was recorded first, `act` is asked again. `addressee`: whose it is,
        where there is one for each, such as a calendar, that begins with the first step on it; that
        is given None, and sees version 0."""

        def made(held: Mapping[UUID, Any]) -> Sequence[Entry]:
            state: Any = held.get(id)
            version, whose = 0, addressee or ""
            if state is None:
                authorise(principal, step, whose)
                of_addressee(whose)
            else:
                version, whose = state.version, state.addressee
                authorise(principal, step, whose)
                if principal.role is Role.FOCAL_POINT and (
                    state.institution != principal.speaks_for
                ):
                    raise Forbidden(
                        f"It is {state.institution}'s; {principal.institution} may not {step}."
                    )
            if version != expected_version:
                raise StaleVersion(
                    f"You saw version {expected_version}, it is at {version}; read it again and "
                    "decide anew.",
                    current=version,
                )
            return self._told(id, whose, state, step, act(state))

        return self.do(principal, Deed(command, step, (id,), made, of, addressee is not None))

    def _told(
        self, id: UUID, addressee: str, state: Any, step: str, made: Sequence[Entry | Event]
    ) -> list[Entry]:
        """The entries of what was made: those of the thing itself follow on its state."""
        entries: list[Entry] = []
        version = 0 if state is None else state.version
        readers = Visibility.PUBLIC if state is None else state.visibility
        for one in made:
            if isinstance(one, Entry):
                entries.append(one)
                continue
            visibility.check(step, one.stamp.visibility, readers)
            self.references.check(addressee, one)
            version += 1
            entries.append(Entry(id, version, addressee, one))
        return entries

    def read(self, id: UUID, fold: Fold[State], principal: Principal) -> State:
        """Anything that is no recommendation, as it stands; NotFound where it is not, or not for
        this reader."""
        try:
            state = self.log.load(id, fold)
        except (AssertionError, AttributeError):
            state = None  # the id of something else
        if state is None or not may_read(principal, state):
            raise NotFound(THERE_IS_NO_SUCH)
        return state

    def load(self, id: UUID, principal: Principal) -> Recommendation:
        """The recommendation as it stands; NotFound where it is not, or not for this reader."""
        return self.load_all([id], principal)[0]

    def load_all(self, ids: Sequence[UUID], principal: Principal) -> list[Recommendation]:
        """The recommendations as they stand, from one read; NotFound where one is not, or not for
        this reader."""
        held = self._held(ids)
        return [_readable(held.get(id), Recommendation, principal) for id in ids]

    def repeated(self, command: Command) -> Taken | None:
        """What the command recorded when it came before, None if it is new."""
        known = self._known([command]).get(command.kept)
        return None if known is None else self._first_result(command, known)

    def recorded(self, id: str, principal: Principal) -> bool:
        """True if a command of this id was recorded for whom the principal speaks for: it has its
        result, whatever would be refused today."""
        kept = Command.of(id, principal, None).kept
        return kept in self.log.find_commands([kept])

    def _known(self, commands: Sequence[Command]) -> dict[str, CommandRow]:
        """What some commands recorded, by the ids under which the log keeps them. One that was
        recorded when ids were one space is told by its request, which says its key."""
        rows = self.log.find_commands([id for c in commands for id in {c.kept, c.id}])
        found: dict[str, CommandRow] = {}
        for command in commands:
            if row := rows.get(command.kept):
                found[command.kept] = row
            elif (old := rows.get(command.id)) and old.request_sha256 == command.before:
                found[command.kept] = old._replace(request_sha256=command.sha256)
        return found

    def _repeated_meanwhile(self, command: Command, refusal: Refusal) -> Taken | None:
        """The same command, sent twice at once, may have been recorded after it was looked for."""
        return None if isinstance(refusal, Unavailable) else self.repeated(command)

    def append(self, command: Command, entries: Sequence[Entry]) -> Taken:
        """Records entries under a command, all or none."""
        return self._placed(self.log.append(command.kept, command.sha256, entries), entries)

    def _take_together(self, principal: Principal, deeds: Sequence[Deed]) -> list[Taken | Refusal]:
        """Tries deeds that share no recommendation, once."""
        outcomes: dict[int, Taken | Refusal] = {}
        made: dict[int, Sequence[Entry]] = {}
        try:
            known = self._known([deed.command for deed in deeds])
            held = self._held(i for d in deeds if d.command.kept not in known for i in d.on)
        except Unavailable as refusal:
            return [refusal] * len(deeds)
        for n, deed in enumerate(deeds):
            try:
                if before := known.get(deed.command.kept):
                    outcomes[n] = self._first_result(deed.command, before)
                else:
                    mine = _seen(deed, held, principal)
                    made[n] = self._make(deed, mine)
            except Refusal as refusal:
                outcomes[n] = self._late(deed.command, refusal)
        written = self.log.append_all(
            [(deeds[n].command.kept, deeds[n].command.sha256, made[n]) for n in made]
        )
        for n, done in zip(made, written, strict=True):
            if isinstance(done, Refusal):
                outcomes[n] = self._late(deeds[n].command, done)
            else:
                outcomes[n] = self._placed(done, made[n])
        return [outcomes[n] for n in range(len(deeds))]

    def _held(self, ids: Iterable[UUID]) -> dict[UUID, Any]:
        """Things as they stand, all from one read; what is not there is missing."""
        return fold_streams(self.log.history(list(dict.fromkeys(ids))))

    def _late(self, command: Command, refusal: Refusal) -> Taken | Refusal:
        """What the same command recorded meanwhile, else why it was refused."""
        try:
            return self._repeated_meanwhile(command, refusal) or refusal
        except Refusal as another:
            return another

    def _first_result(self, command: Command, known: CommandRow) -> Taken:
        if known.request_sha256 != command.sha256:
            raise CommandReused(REUSED)
        return self._taken(Appended(known.first, known.count, 0, repeated=True))

    def _placed(self, done: Appended, entries: Sequence[Entry]) -> Taken:
        if done.repeated:
            return self._taken(done)
        placed = [
            entry._replace(log_index=done.first + i, recorded_at=done.recorded_at)
            for i, entry in enumerate(entries)
        ]
        return Taken(done, placed)

    def _roles(self, r: Case, step: str) -> frozenset[Role] | None:
        """Who may take a step, where the recommendation's procedure has it. Refuses one that
        neither it nor any other procedure has."""
        mine = self.procedures.of(r)
        if step in mine.specs:
            return mine.may(step)
        if step not in STEPS:
            own = listed([name for name in mine.specs if name not in STEPS]) or "none"
            raise StepNotOpen(
                f"Its procedure has no step “{step[:80]}”; its own are: {own}. "
                f"{valid(mine.specs, step)}",
                step=step,
            )
        return None

    def _taken(self, done: Appended) -> Taken:
        entries = self.log.read(done.first, done.count) if done.count else []
        return Taken(done, entries)


def _seen(deed: Deed, held: Mapping[UUID, Any], principal: Principal) -> dict[UUID, Any]:
    """What a deed goes on with; NotFound where it is not, or not for this reader."""
    return {
        id: _readable(held.get(id), deed.of, principal)
        for id in deed.on
        if id in held or not deed.may_begin
    }


def _readable(it: Any, of: type[State], principal: Principal) -> State:
    """A thing of a kind; NotFound where it is none, or not for this reader."""
    if not isinstance(it, of) or not may_read(principal, it):
        raise NotFound(THERE_IS_NO_SUCH)
    return it


def _apart(waiting: Sequence[int], deeds: Sequence[Deed]) -> list[int]:
    """Those of the waiting deeds that no earlier one of them has to go before."""
    now: list[int] = []
    busy: set[UUID] = set()
    for n in waiting:
        if busy.isdisjoint(deeds[n].on):
            now.append(n)
        busy.update(deeds[n].on)
    return now
