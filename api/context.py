"""What a request reads with: who asks, and one snapshot of the views for all its fields."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api.gathering import Gathered, GatheredEffects
from api.service import Service
from domain.adoptions import Adoptions
from domain.entry import Entry, is_date
from domain.import_run import ImportRun
from domain.institution import Institution, institution_id
from domain.recommendation import Recommendation
from domain.refusals import InvalidInput, Unavailable
from domain.review import Review, review_of
from domain.scope import Scope
from projections import history, recommendations, register
from projections.ration import CountedLog, Ration
from projections.reading import ReadableLog
from projections.recommendations import Lineage, Row
from projections.standpoints import Standpoint, recorded_on
from workflows.access import Principal, Role

Naming = Callable[[Any], Iterable[UUID]]
"""What a state names: a function that stays the same one."""

open_standpoints_max = 3
"""How many standpoints one request keeps in use at once; it may return to the others."""


class Reading:
    """The record as one part of a request reads it: on a connection to views, up to and with the
    log index `last` (-1: nothing), on the day `effective_on` (None: every day)."""

    service: Service
    principal: Principal
    scope: Scope
    role: Role
    actor: str | None
    institution: str | None
    effective_on: str | None = None
    ration: Ration
    log: ReadableLog
    """What the request reads of the log, counted."""
    effects: GatheredEffects
    _gathered: dict[type[Any], Gathered[Any]]

    @property
    def connection(self) -> Connection:
        raise NotImplementedError

    @property
    def last(self) -> int:
        raise NotImplementedError

    @property
    def today(self) -> str:
        """The day from which something is overdue."""
        raise NotImplementedError

    def gathered(self, state: type[Any]) -> Gathered[Any]:
        """What rows name in one kind of the register."""
        if state not in self._gathered:
            shelf = register.shelf(state)
            self._gathered[state] = Gathered(
                shelf, self.scope, self.ration, lambda: self.connection
            )
        return self._gathered[state]


class Then(Reading):
    """The record as it was known at a log index, of what was true on a day."""

    def __init__(self, context: Context, from_: Standpoint) -> None:
        self.service = context.service
        self.principal = context.principal
        self.scope = context.scope
        self.role = context.role
        self.actor = context.actor
        self.institution = context.institution
        self.effective_on = from_.effective_on
        self.ration = context.ration
        self.log = context.log
        self.effects = context.effects
        self._gathered = {}
        self._context = context
        self._from = from_
        self._last = from_.log_index

    @property
    def connection(self) -> Connection:
        return self._context.then(self._from)

    @property
    def last(self) -> int:
        return self._last

    @property
    def today(self) -> str:
        if self.effective_on is not None:
            return self.effective_on
        entries = self.log.read(max(self._last, 0), 1)
        return recorded_on(entries[0].recorded_at or 0) if entries else _today()


class Context(Reading):
    """One request: the principal, what it may still do, and a read transaction opened when it is
    first needed."""

    def __init__(
        self, service: Service, principal: Principal, ration: Ration | None = None
    ) -> None:
        self.service = service
        self.principal = principal
        self.scope = principal.scope
        self.role = principal.role
        self.actor = principal.actor
        self.institution = principal.speaks_for
        self._stack = ExitStack()
        self._snapshot: tuple[Connection, int] | None = None
        self.ration = service.ration() if ration is None else ration
        self.log = CountedLog(service.log, self.ration)
        self.effects = GatheredEffects(self.log, self.scope)
        self._gathered = {}
        self._then: dict[Standpoint, Then] = {}
        self._open_then: OrderedDict[Standpoint, tuple[ExitStack, Connection]] = OrderedDict()

    @property
    def connection(self) -> Connection:
        return self._open()[0]

    @property
    def last(self) -> int:
        return self._open()[1] - 1

    @property
    def today(self) -> str:
        return _today()

    def at(
        self,
        log_index: int | None = None,
        recorded_at: datetime | None = None,
        effective_on: str | None = None,
        addressees: list[str] | None = None,
    ) -> Reading:
        """The record as of a log index or a recording time, on a day; now, if nothing is given.
        `addressees`: whose record will be asked for, where that is known."""
        if log_index is None and recorded_at is None and effective_on is None:
            return self
        if effective_on is not None and (len(effective_on) != 10 or not is_date(effective_on)):
            raise InvalidInput(
                f"`effectiveOn` is a day, and “{effective_on[:40]}” is none: write 2025-04-08."
            )
        index = self.index_of(log_index, recorded_at)
        mine = self.scope.addressees
        asked = None if addressees is None else frozenset(addressees)
        whose = asked if mine is None else mine if asked is None else asked & mine
        from_ = Standpoint(index, effective_on, whose)
        if from_ not in self._then:
            self.ration.look(self.last + 1)
            self._then[from_] = Then(self, from_)
            self.then(from_)
        return self._then[from_]

    def then(self, from_: Standpoint) -> Connection:
        """A connection to the views of a standpoint."""
        self.ration.check()
        if from_ not in self._open_then:
            while len(self._open_then) >= open_standpoints_max:
                self._open_then.popitem(last=False)[1][0].close()
            stack = ExitStack()
            look = self.service.standpoints.look(from_, self.connection, self.ration)
            self._open_then[from_] = stack, stack.enter_context(look)
        self._open_then.move_to_end(from_)
        return self._open_then[from_][1]

    def index_of(self, log_index: int | None, recorded_at: datetime | None) -> int:
        """The log index that is meant; refuses one that is not there yet."""
        last = self.last
        if log_index is not None:
            if not 0 <= log_index <= last:
                raise InvalidInput(
                    f"`logIndex` is between 0 and {last}, the last entry so far; {log_index} is "
                    "not."
                    if last >= 0
                    else "`logIndex`: the log holds no entry yet."
                )
            return log_index
        if recorded_at is not None:
            if recorded_at.tzinfo is None:
                raise InvalidInput("`recordedAt` names its offset: write 2025-04-08T12:00:00Z.")
            return min(last, self.service.log.at(round(recorded_at.timestamp() * 1_000_000)))
        return last

    def _open(self) -> tuple[Connection, int]:
        self.ration.check()
        if self._snapshot is None:
            snapshot = self._stack.enter_context(self.service.views.snapshot())
            self._stack.enter_context(self.ration.interrupting(snapshot[0]))
            self._snapshot = snapshot
        if self._snapshot[0].invalidated:
            raise Unavailable("The views were lost while another field was read; try again.")
        return self._snapshot

    def refresh(self) -> None:
        """Lets go of the snapshot, so that what this request wrote can be read."""
        while self._open_then:
            self._open_then.popitem()[1][0].close()
        self._snapshot = None
        self._then.clear()
        self._gathered.clear()
        self._stack.close()

    close = refresh


class Cohort:
    """Rows that were read together: what one of them needs besides is read for all at once."""

    def __init__(self, reading: Reading, rows: Sequence[Any]) -> None:
        self.reading = reading
        self._rows = {row.state.id: row for row in rows}
        self._histories: dict[UUID, list[Entry]] | None = None
        self._recommendations: dict[Naming, RecommendationCohort] = {}
        self._adoptions: list[Adoptions] | None = None

    def row(self, id: UUID) -> Any:
        """The row of one of these; None where it is none of them."""
        return self._rows.get(id)

    def history(self, id: UUID) -> list[Entry]:
        """The visible history of one of the rows, oldest first."""
        if self._histories is None:
            reading = self.reading
            self._histories = history.histories(
                reading.log, reading.scope, [*self._rows], reading.last, reading.effective_on
            )
            reading.effects.expect(chain.from_iterable(self._histories.values()))
        return self._histories[id]

    def recommendations(self, naming: Naming) -> RecommendationCohort:
        """The recommendations that these name in one way, as far as the reader may see them."""
        if naming not in self._recommendations:
            reading = self.reading
            named = {id for row in self._rows.values() for id in naming(row.state)}
            reading.ration.read(len(named))
            found = recommendations.by_ids(reading.connection, reading.scope, [*named])
            self._recommendations[naming] = RecommendationCohort(reading, [*found.values()])
        return self._recommendations[naming]

    def adoptions(self) -> list[Adoptions]:
        """The procedures that States have adopted, as far as the reader may see it."""
        if self._adoptions is None:
            reading = self.reading
            shelf = register.adoptions
            self._adoptions = list(shelf.all(reading.connection, reading.scope))
        return self._adoptions


class RecommendationCohort(Cohort):
    """Recommendations that were read together."""

    def __init__(self, reading: Reading, rows: Sequence[Row]) -> None:
        super().__init__(reading, rows)
        self._lineage: dict[UUID, list[Lineage]] | None = None
        self._linked: RecommendationCohort | None = None
        states = [row.state for row in rows]
        reading.gathered(Institution).expect(
            lambda: {institution_id(s.addressee, code) for s in states for code in _named(s)}
        )
        reading.gathered(ImportRun).expect(lambda: filter(None, (s.batch for s in states)))
        reading.gathered(Review).expect(lambda: filter(None, map(review_id_of, states)))

    def lineage(self, id: UUID) -> list[Lineage]:
        """The visible links of one of the rows, both ways."""
        if self._lineage is None:
            reading = self.reading
            rows = [*self._rows.values()]
            self._lineage = dict(
                recommendations.lineage(
                    reading.connection, reading.scope, rows, reading.ration.read
                )
            )
        return self._lineage[id]

    def linked(self) -> RecommendationCohort:
        """The rows at the other ends of all links of all these: the next level of a lineage, which
        is read for all of them at once."""
        if self._linked is None:
            others: dict[UUID, Row] = {}
            for id in self._rows:
                for link in self.lineage(id):
                    for end in (link.later, link.earlier):
                        if end.state.id != id:
                            others[end.state.id] = end
            self._linked = RecommendationCohort(self.reading, list(others.values()))
        return self._linked


def review_id_of(state: Recommendation) -> UUID | None:
    """The id of the review that a recommendation was made in; None where there is no such."""
    return review_of(state.addressee, state.mechanism, state.body, state.cycle)


def _named(state: Recommendation) -> set[str]:
    """The codes of the institutions that a recommendation names."""
    named = {code for a in state.assignments for code in (a.institution, a.assigned_by)}
    named.update(held.institution for held in state.progress)
    named.update(link.asserted_by for link in state.links)
    return named


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
