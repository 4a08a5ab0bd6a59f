"""Every aggregate of the record, a row each; read top to bottom, this is all there is.

Whatever lists aggregates follows from here: topics and how they are read, folds, the register,
types of GraphQL, checks, event logs. docs/adding-an-aggregate.md says what a new one needs besides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from domain import (
    absence,
    adoptions,
    calendar,
    casework,
    credential,
    erasure,
    import_run,
    institution,
    match,
    measure,
    person,
    progress_report,
    recommendation,
    review,
    stored_file,
    vocabulary,
    workflow_definition,
)
from domain.casework import Case, CaseEvent
from domain.entry import Entry, Event

Fold = Callable[[Iterable[Entry], Any], Any]


class Aggregate(NamedTuple):
    """What is recorded as a stream of its own.

    `by_id`: it is pointed to by an id, which `node` of GraphQL takes; the others are found by what
    they are of, such as a name or a State. `told`: what event logs for process mining say of it, by
    the names of its fields; empty: they leave it out. `ready`: step → what must be so of a case
    before it, whatever it says.
    """

    state: type[Any]
    events: tuple[type[Event], ...]
    fold: Fold
    by_id: bool = False
    told: tuple[str, ...] = ()
    ready: Mapping[str, Callable[[Any], None]] = MappingProxyType({})

    @property
    def name(self) -> str:
        """Its name in types of GraphQL and in ids."""
        return self.state.__name__

    @property
    def is_case(self) -> bool:
        """True if it has a procedure: deadlines, tasks, approvals."""
        return issubclass(self.state, Case)

    @property
    def word(self) -> str:
        """Its name in topics, exports and texts."""
        return self.events[0].topic.partition(".")[0]


AGGREGATES: tuple[Aggregate, ...] = (
    Aggregate(
        recommendation.Recommendation,
        recommendation.EVENTS,
        recommendation.fold,
        by_id=True,
        # `issues` and `actions` are terms of UPR Info's.
        told=(
            *("addressee", "mechanism", "body", "symbol", "paragraph", "kind", "issues", "actions"),
        ),
        ready=recommendation.READY,
    ),
    Aggregate(
        measure.Measure,
        measure.EVENTS,
        measure.fold,
        by_id=True,
        told=("addressee", "plan", "code", "kind"),
        ready=measure.READY,
    ),
    Aggregate(
        review.Review,
        review.EVENTS,
        review.fold,
        by_id=True,
        told=("addressee", "mechanism", "body"),
    ),
    Aggregate(
        institution.Institution,
        institution.EVENTS,
        institution.fold,
        by_id=True,
        told=("addressee", "code"),
    ),
    Aggregate(
        progress_report.ProgressReport,
        progress_report.EVENTS,
        progress_report.fold,
        by_id=True,
        told=("addressee", "title"),
    ),
    Aggregate(stored_file.StoredFile, stored_file.EVENTS, stored_file.fold, by_id=True),
    Aggregate(import_run.ImportRun, import_run.EVENTS, import_run.fold, by_id=True),
    Aggregate(match.Match, match.EVENTS, match.fold, by_id=True),
    Aggregate(erasure.Erasure, erasure.EVENTS, erasure.fold, by_id=True),
    Aggregate(person.Person, person.EVENTS, person.fold, by_id=True),
    Aggregate(vocabulary.Vocabulary, vocabulary.EVENTS, vocabulary.fold),
    Aggregate(
        workflow_definition.PublishedDefinition,
        workflow_definition.EVENTS,
        workflow_definition.fold,
    ),
    Aggregate(adoptions.Adoptions, adoptions.EVENTS, adoptions.fold),
    Aggregate(calendar.OwnCalendar, calendar.EVENTS, calendar.fold),
    Aggregate(absence.Absences, absence.EVENTS, absence.fold),
    Aggregate(credential.Credential, credential.EVENTS, credential.fold),
)

BY_EVENT: dict[type[Event], Aggregate] = {event: a for a in AGGREGATES for event in a.events}
"""What each event is about."""

BY_STATE: dict[type[Any], Aggregate] = {a.state: a for a in AGGREGATES}


CASES: dict[str, type[Case]] = {a.word: a.state for a in AGGREGATES if a.is_case}
"""The aggregates that have a procedure, by their words."""


def begin(first: Entry) -> Case:
    """A case as it stands after its first entry, as far as its facts go."""
    state = BY_EVENT[type(first.event)].state
    assert issubclass(state, Case), state
    return state.begin(first)


def ready(case: Case, step: str) -> None:
    """Refuses a step that can't be taken as things stand, whatever it says: what its command asks
    first, and what a list of steps asks before anybody takes one."""
    of_it = BY_STATE[type(case)].ready
    if (asked := of_it.get(step) or casework.READY.get(step)) is not None:
        asked(case)


def begins(event: Event) -> bool:
    """True if a case begins with an event."""
    return isinstance(event, CaseEvent) and event.begins


def fold_streams(entries: Iterable[Entry]) -> dict[UUID, Any]:
    """What entries of many streams add up to, by id, whatever aggregate each is of."""
    streams: dict[UUID, list[Entry]] = {}
    for entry in entries:
        streams.setdefault(entry.stream, []).append(entry)
    return {id: BY_EVENT[type(some[0].event)].fold(some, None) for id, some in streams.items()}


def said_of_each(
    aggregates: Iterable[Aggregate], said: Collection[type[Any]], where: str, what: str
) -> None:
    """Raises ImportError unless `where` says `what` of each of some aggregates, and of no other."""
    wanted = {a.state: a.name for a in aggregates}
    if missing := [name for state, name in wanted.items() if state not in said]:
        raise ImportError(f"{where} does not say {what}: {', '.join(missing)}")
    if more := [state.__name__ for state in said if state not in wanted]:
        raise ImportError(f"{where} says {what}, and nobody asks: {', '.join(more)}")
