"""Which step may follow: a case's procedure decides, the record keeps what was decided.

    facts before → open? → the aggregate records the fact → facts after → states left and entered
                                                                     → deadlines, tasks

What is decided is stored in the event, with the definition's hash, and never decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from domain import adoptions, institution, schemes, vocabulary, workflow_definition
from domain.adoptions import Adoptions, adoptions_id
from domain.aggregates import BY_STATE, begin
from domain.casework import BESIDE, Case, CaseEvent
from domain.casework.deadlines import Escalated, Reminded
from domain.casework.held import StepHeld
from domain.casework.incidents import IncidentRaised
from domain.casework.migration import Migrated
from domain.casework.setback import SetBack
from domain.entry import NARROWNESS, Entry, Visibility
from domain.recommendation import Recommendation
from domain.recommendation.wording import Corrected
from domain.refusals import InvalidInput, NeedsDecision, NotFound, StepNotOpen, Unavailable
from domain.vocabulary import Vocabulary
from domain.workflow_definition import definition_id
from workflows.calendars import Calendars
from workflows.clock import Clock, machine_clock
from workflows.procedure.compiled import Compiled, Outcome
from workflows.procedure.consequences import Moment, as_it_was, effects
from workflows.procedure.definition import Definition, decode
from workflows.procedure.migration import CaseFate, Migration, Passage, with_outcome
from workflows.procedure.shipped import by_hash, profile, shipped, usual
from workflows.statecharts.expressions import Facts

known_definitions_max = 1_000


State = TypeVar("State")
Said = TypeVar("Said", bound=CaseEvent)


class ReadableLog(Protocol):
    """What procedures need of the log."""

    def load(
        self, stream: UUID, fold: Callable[[Iterable[Entry], State | None], State | None]
    ) -> State | None: ...


class Procedures:
    """The procedures of one installation: those that ship with it and those its States have
    published in `log`; without one, those that ship. `clock` says when a step is taken, where
    nobody knows when it was true."""

    def __init__(self, log: ReadableLog | None = None, clock: Clock = machine_clock) -> None:
        self._log = log
        self.clock = clock
        self.calendars = Calendars(log)
        self._known: dict[tuple[str, str], Compiled] = {}
        self._adopted: dict[str, Adoptions | None] | None = None

    def for_a_file(self) -> Procedures:
        """The same, with what each State has adopted looked up but once: it counts for all that is
        received together."""
        same = Procedures(self._log, self.clock)
        same.calendars = self.calendars.for_a_file()
        same._known, same._adopted = self._known, {}
        return same

    # -- which one

    def of(self, r: Case) -> Compiled:
        """The procedure a case is pinned to: the one it started under; another never
        takes its place."""
        if r.definition is None:
            assert isinstance(r, Recommendation), "only the oldest have none"
            return profile(r.mechanism, r.kind)
        return self._known_here(r.definition, r.addressee)

    def find(self, sha256: str, addressee: str) -> Compiled | None:
        """The procedure of this hash that ships, or that this State has published."""
        if found := by_hash().get(sha256) or self._known.get((addressee, sha256)):
            return found
        if self._log is None:
            return None
        held = self._log.load(definition_id(addressee, sha256), workflow_definition.fold)
        if held is None:
            return None
        read = Compiled(decode(held.canonical))
        if len(self._known) < known_definitions_max:
            self._known[addressee, sha256] = read
        return read

    def _known_here(self, sha256: str, addressee: str) -> Compiled:
        found = self.find(sha256, addressee)
        if found is None:
            raise Unavailable(
                f"The procedure {sha256} is not known here: a newer release, or the log it was "
                "published in, has it."
            )
        return found

    def base(self, name: str, addressee: str) -> Definition | None:
        """The definition that an overlay of this State extends: by the name of one that ships, or
        by hash."""
        found = shipped().get(name) or self.find(name, addressee)
        return None if found is None else found.definition

    def starting(self, case: Case) -> Compiled:
        """The procedure that a case starts under now: the one its State has adopted, else the one
        that ships. A procedure for a kind of text goes before one for a mechanism."""
        adopted = self.adopted(case.addressee)
        own: str | None = None
        if isinstance(case, Recommendation):
            ships: Compiled | None = profile(case.mechanism, case.kind)
            if adopted is not None:
                own = adopted.for_kind(case.kind)
                if own is None and ships and case.kind not in ships.definition.applies.kinds:
                    own = adopted.for_mechanism(case.mechanism)
        else:
            word = BY_STATE[type(case)].word
            ships = usual(word)
            own = None if adopted is None else adopted.for_aggregate(word)
        if own is not None:
            return self._known_here(own, case.addressee)
        if ships is None:
            raise NotFound("No procedure ships for this: publish one and adopt it.")
        return ships

    def adopted(self, addressee: str) -> Adoptions | None:
        """What a State has adopted; None where everything is as it ships."""
        if self._log is None:
            return None
        if self._adopted is not None and addressee in self._adopted:
            return self._adopted[addressee]
        found = self._log.load(adoptions_id(addressee), adoptions.fold)
        if self._adopted is not None:
            self._adopted[addressee] = found
        return found

    def has_institution(self, addressee: str, code: str) -> bool:
        """Whether a State has registered an institution that has not ended."""
        if self._log is None:
            return False
        held = self._log.load(institution.institution_id(addressee, code), institution.fold)
        return held is not None and held.ended is None

    def schemes(self) -> Vocabulary:
        """The assessment schemes there are: those that ship, and those that were published."""
        ships = vocabulary.shipped()[schemes.VOCABULARY]
        if self._log is None:
            return ships
        published = self._log.load(ships.id, vocabulary.fold)
        return vocabulary.with_published(ships, published) or ships

    # -- what it says

    def facts(self, r: Case) -> Facts:
        """The facts its procedure reads, as they stand."""
        return self.of(r).facts(r)

    def open_steps(self, r: Case) -> list[str]:
        """The steps open now, in the definition's order."""
        return self.of(r).open_steps(r.states, self.facts(r))

    def check(self, r: Case, step: str) -> None:
        """Refuses a step that is not open in the states of a case; says what it needs."""
        if step in BESIDE:
            return
        procedure = self.of(r)
        blocked = procedure.blocked(step, r.states, self.facts(r))
        if blocked:
            needs = " and ".join(procedure.in_words(one) for one in blocked)
            now = ", ".join(map(procedure.called, r.states))
            open_now = ", ".join(self.open_steps(r)) or "nothing"
            raise StepNotOpen(
                f"“{step}” is not open: it needs {needs}; it stands at {now}. Open now: "
                f"{open_now}.",
                step=step,
            )

    # -- what follows

    def opening(self, id: UUID, addressee: str, event: CaseEvent) -> Entry:
        """The first entry of a case, with the states it starts in."""
        entry = Entry(id, 1, addressee, event)
        case = begin(entry)
        first = self.begin(case, self.starting(case), event, lambda: self.moment(addressee))
        return entry._replace(event=first)

    def enter(self, r: Case, step: str, event: CaseEvent) -> Entry:
        """The next entry of `r`, with what the procedure says follows, added to `r` itself. No
        entry has more readers than the case it is about. Refuses a part that is not there."""
        event.check_part(r)
        event = _narrowed(event, r)
        decided = self.decide(r, self.of(r), step, event, lambda: self.moment(r.addressee))
        entry = Entry(r.id, r.version + 1, r.addressee, decided)
        r.follow(entry)
        return entry

    def passage(self, migration: Migration, addressee: str) -> Passage:
        """A migration between two procedures that ship or that this State has published."""
        before, after = (self.find(h, addressee) for h in (migration.before, migration.after))
        if before is None or after is None:
            raise NotFound("There is no such procedure; see `workflowDefinitions`.")
        if before.definition.applies.aggregate != after.definition.applies.aggregate:
            raise InvalidInput("The two procedures are for cases of different kinds.")
        return Passage(migration, before, after)

    def migrate(self, r: Case, passage: Passage, event: Migrated) -> Entry:
        """The entry with which `r` goes on under another procedure, added to `r` itself. Refuses a
        case that needs a decision, and says why."""
        event = _narrowed(event, r)
        decided = passage.decide(r, event, lambda: self.moment(r.addressee))
        if decided.fate is CaseFate.NEEDS_DECISION:
            raise NeedsDecision(" ".join(decided.why))
        entry = Entry(r.id, r.version + 1, r.addressee, with_outcome(event, passage, decided))
        r.follow(entry)
        return entry

    def enter_notice(self, r: Case, notice: Reminded | Escalated | IncidentRaised) -> Entry:
        """The same for a notice, after which every fact and every state is as it was: the check
        that decides all again finds that nothing follows from it. An incident is entered even where
        the procedure can't be found."""
        sha256 = r.definition or self.of(r).hash
        stamp = msgspec.structs.replace(notice.stamp, definition=sha256)
        told = _narrowed(msgspec.structs.replace(notice, stamp=stamp), r)
        entry = Entry(r.id, r.version + 1, r.addressee, told)
        r.apply(entry)
        return entry

    def decide(
        self,
        r: Case,
        procedure: Compiled,
        step: str,
        event: CaseEvent,
        moment: Callable[[], Moment],
    ) -> CaseEvent:
        """An event with what follows from it; its facts are added to `r`, and nothing else."""
        struck = _struck(r, event)
        before, after = self._facts_around(r, procedure, step, event)
        if struck is not None:
            self.changed()
            after = procedure.facts(r)
        if struck is not None and (struck.left or struck.entered):
            outcome = _undone(procedure, r, struck, after)
        else:
            outcome = procedure.outcome(step, r.states, before, after, r.remembered)
        return _stamped(event, procedure, r, outcome, after, moment)

    def set_back(
        self,
        r: Case,
        earlier: Case,
        event: SetBack,
    ) -> Entry:
        """The entry that sets aside what the clock did since a deadline passed, added to `r`
        itself. `earlier` is the case as it stood before that."""
        event = _narrowed(event, r)
        entry = Entry(r.id, r.version + 1, r.addressee, self.decide_set_back(r, earlier, event))
        r.follow(entry)
        return entry

    def decide_set_back(self, r: Case, earlier: Case, event: SetBack) -> SetBack:
        """The event with what follows: every state, deadline, task and memory as it was before.
        Its facts are added to `r`."""
        event.apply(r, Entry(r.id, r.version + 1, r.addressee, event))
        now, then = set(r.states), set(earlier.states)
        stamp = msgspec.structs.replace(
            event.stamp,
            definition=r.definition or self.of(r).hash,
            left=tuple(sorted(now - then)),
            entered=tuple(sorted(then - now)),
            effects=tuple(as_it_was(r, earlier)),
        )
        return msgspec.structs.replace(event, stamp=stamp)

    def changed(self) -> None:
        """Facts of a case were changed by no step that says so: what is remembered of them is
        not asked."""

    def _facts_around(
        self, r: Case, procedure: Compiled, step: str, event: CaseEvent
    ) -> tuple[Facts, Facts]:
        """The facts before an event and after it, which is added to `r` in between."""
        before = procedure.facts(r)
        event.apply(r, Entry(r.id, r.version + 1, r.addressee, event))
        return before, procedure.facts_after(step, r, before)

    def begin(
        self, r: Case, procedure: Compiled, event: CaseEvent, moment: Callable[[], Moment]
    ) -> CaseEvent:
        """The first event of `r`, with the states it starts in and what follows besides."""
        facts = procedure.facts(r)
        return _stamped(event, procedure, r, procedure.begin(facts), facts, moment)

    def moment(self, addressee: str) -> Moment:
        """Now, by the calendar of a State."""
        return Moment(self.calendars.of(addressee), self.clock())


SHIPPED = Procedures()
"""The procedures that ship, where there is no log."""


def _struck(r: Case, event: CaseEvent) -> StepHeld | None:
    """The step of the procedure's own that an event strikes. Refuses it where the case has moved
    on from where that step led."""
    if not isinstance(event, Corrected) or event.strikes is None:
        return None
    held = next((held for held in r.taken if held.version == event.strikes), None)
    if held is not None and not set(held.entered) <= set(r.states):
        gone = ", ".join(sorted(set(held.entered) - set(r.states)))
        raise NeedsDecision(
            f"“{held.step}” led to {gone}, where the case no longer stands: strike what came after "
            "it first, or take the step that leads back."
        )
    return held


def _undone(procedure: Compiled, r: Case, struck: StepHeld, facts: Facts) -> Outcome:
    """What striking a step leaves and enters: it goes back to where the case stood before, and on
    from there as far as facts lead."""
    stood = set(r.states)
    back = sorted(stood.difference(struck.entered).union(struck.left))
    states, remembers = procedure.resume(back, r.remembered, facts)
    now = set(states)
    return Outcome(
        tuple(sorted(stood - now)),
        tuple(sorted(now - stood)),
        tuple(sorted(set(remembers.items()) - set(r.remembered.items()))),
    )


def _narrowed(event: Said, r: Case) -> Said:
    """The event, read by no more than read the recommendation and the entry that it is about. Where
    fewer read it than the recommendation, the institutions that it is addressed to do, and those
    that read the entry it is about; else, of a confidential one, the institution whose it is."""
    if event.opens(r.visibility):
        return event
    stamp, of = event.stamp, r.readers_of(event.about(r))
    about = r.visibility if of is None else of.visibility
    visibility = max(stamp.visibility, about, key=NARROWNESS.__getitem__)
    readers = set(stamp.readers)
    if of is not None:
        readers.update(of.institutions)
    if visibility is not r.visibility:
        readers.update(event.addressed)
    elif visibility is Visibility.CONFIDENTIAL and r.institution != stamp.speaker.institution:
        readers.add(r.institution)
    stamp = msgspec.structs.replace(stamp, visibility=visibility, readers=tuple(sorted(readers)))
    return event if stamp == event.stamp else msgspec.structs.replace(event, stamp=stamp)


def _stamped(
    event: CaseEvent,
    procedure: Compiled,
    r: Case,
    decided: Outcome,
    facts: Facts,
    moment: Callable[[], Moment],
) -> CaseEvent:
    stamp = msgspec.structs.replace(
        event.stamp,
        definition=procedure.hash,
        left=decided.left,
        entered=decided.entered,
        effects=effects(procedure, r, event, decided, facts, moment),
    )
    return msgspec.structs.replace(event, stamp=stamp)
