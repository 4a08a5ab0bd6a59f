"""A case in GraphQL: what has a procedure, whatever it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.context import Cohort, Reading
from api.derive import enum_type, global_id, struct_type
from api.describing import arg, said_in
from api.history import HistoryEntry, history_page, instant
from api.joining import InstitutionType, institution_named
from api.pages import Connection
from api.procedures import (
    Path,
    ProcedureState,
    ProcedureStep,
    WorkflowDefinition,
    definition_of,
    path_of,
    states_of,
    steps_of,
)
from domain.casework.held import DeadlineHeld, DeadlineStatus, TaskHeld
from domain.effects import DeadlineSet, TaskOpened, Whose
from domain.entry import Effective, Entry
from workflows.procedure import Procedures
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import label as label_in

open_steps_objects = 10
"""Which steps are open takes about as long as so many objects of an answer."""

EffectiveType: Any = struct_type(Effective)


@strawberry.interface(description="Anything with an opaque id, as Relay has it.")
class Node:
    @strawberry.field(description="Its opaque id.")
    def id(self) -> strawberry.ID:
        raise NotImplementedError


DeadlineStatusType: Any = enum_type(DeadlineStatus)


@strawberry.type(description="Somebody does a task for an institution.")
class TaskClaim:
    case: strawberry.Private[Case]
    institution_code: str
    """Code of the institution for which the person does it."""
    actor: str
    """The person, by pseudonym."""

    @strawberry.field(description="The institution; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        return self.case.institution_of(self.institution_code)


@strawberry.type(description="Something to do about a case, as its procedure has it.")
@said_in(TaskOpened)
class TaskOnCase:
    held: strawberry.Private[TaskHeld]
    case: strawberry.Private[Case]

    @strawberry.field(description="Its name in the procedure, for `claimTask`.")
    def name(self) -> str:
        return self.held.task

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        specs = self.case.compiled().definition.tasks
        labels = next((spec.labels for spec in specs if spec.id == self.held.task), {})
        return label_in(labels, language, self.held.task)

    @strawberry.field
    def steps(self) -> list[str]:
        return list(self.held.steps)

    @strawberry.field
    def roles(self) -> list[str]:
        return list(self.held.roles)

    @strawberry.field
    def whose(self) -> enum_type(Whose):  # type: ignore[valid-type]
        return self.held.whose

    @strawberry.field
    def deadline(self) -> str | None:
        return self.held.deadline

    @strawberry.field(description="The persons who claimed it, by institution.")
    def claims(self) -> list[TaskClaim]:
        return [
            TaskClaim(case=self.case, institution_code=claim.institution, actor=claim.actor)
            for claim in self.held.claims
        ]


@strawberry.type(description="Something that is due, or was.")
@said_in(DeadlineSet)
class Deadline:
    held: strawberry.Private[DeadlineHeld]
    compiled: strawberry.Private[Compiled]

    @strawberry.field(description="Its name in the procedure, for `extendDeadline`.")
    def name(self) -> str:
        return self.held.deadline

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        spec = self.compiled.deadlines.get(self.held.deadline)
        return label_in(spec.labels if spec else {}, language, self.held.deadline)

    @strawberry.field(description="Whether its clock runs, or what became of it.")
    def status(self) -> DeadlineStatusType:
        return self.held.status

    @strawberry.field
    def day(self) -> str:
        return self.held.day

    @strawberry.field
    def due(self) -> datetime:
        return datetime.fromisoformat(self.held.due)

    @strawberry.field
    def basis(self) -> str:
        return self.held.basis

    @strawberry.field
    def calendar(self) -> str:
        return self.held.calendar

    @strawberry.field
    def generation(self) -> int:
        return self.held.generation

    @strawberry.field
    def voluntary(self) -> bool:
        return self.held.voluntary

    @strawberry.field(description="How many reminders were given.")
    def reminded(self) -> int:
        return self.held.reminded

    @strawberry.field(description="How often others were told that it is overdue.")
    def escalated(self) -> int:
        return self.held.escalated


@strawberry.type(description="Follow-up rests.")
class Suspension:
    since: EffectiveType
    """Since when follow-up rests."""
    until: str | None = strawberry.field(
        description="To the end of which day, where one is named; then it goes on by itself."
    )


@strawberry.type(description="What the views have a row of.")
class Recorded(Node):
    row: strawberry.Private[Any]
    cohort: strawberry.Private[Cohort]

    @classmethod
    def is_type_of(cls, obj: object, info: object) -> bool:
        return isinstance(obj, cls)

    @property
    def reading(self) -> Reading:
        """The record that it is read from."""
        return self.cohort.reading

    def trail(self) -> list[Entry]:
        """The entries of it that the reader may read, oldest first."""
        return self.cohort.history(self.row.state.id)

    def institution_of(self, code: str | None) -> Any:
        """The institution of its State that has a code; None where none is registered."""
        return institution_named(self.reading, self.row.state.addressee, code)

    @strawberry.field(description="Its opaque id.")
    def id(self) -> strawberry.ID:
        return global_id(self.row.state.id, type(self).__name__)

    @strawberry.field(description="The same identity as a UUID, as the log has it.")
    def uuid(self) -> str:
        return str(self.row.state.id)

    @strawberry.field(description="Code of the State or other addressee; empty: of many.")
    def addressee(self) -> str:
        return str(self.row.state.addressee)

    @strawberry.field(
        description="The version of its last entry that you may read. Send it back as "
        "expectedVersion."
    )
    def version(self) -> int:
        return int(self.row.state.version)

    @strawberry.field(description="The log index of its last entry.")
    def log_index(self) -> int:
        return int(self.row.log_index)

    @strawberry.field(description="When its last entry was recorded.")
    def changed_at(self) -> datetime:
        return instant(self.row.recorded_at)

    @strawberry.field(description="The audit trail, oldest first; a cursor is a version.")
    def history(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[HistoryEntry]:
        return history_page(self.trail(), first=first, after=after, last=last, before=before)


@strawberry.interface(description="Anything that has a procedure: states, deadlines, tasks.")
class Case(Recorded):
    @property
    def _procedures(self) -> Procedures:
        return self.reading.service.desk.procedures

    @strawberry.field(description="The states of the procedure it is in, one per region.")
    def states(self) -> list[str]:
        return list(self.row.state.states)

    @strawberry.field(description="The steps the procedure allows now.")
    def open_steps(self) -> list[str]:
        self.reading.ration.answer(open_steps_objects)
        return self._procedures.open_steps(self.row.state)

    @strawberry.field(description="The procedure it started under.")
    def definition(self) -> WorkflowDefinition:
        state = self.row.state
        compiled = self._procedures.of(state)
        return definition_of(
            compiled, self.reading, self.cohort.adoptions, state.addressee, state.states
        )

    @strawberry.field(description="The states of the procedure it is in, with their names.")
    def active_states(self) -> list[ProcedureState]:
        return states_of(self._procedures.of(self.row.state), set(self.row.state.states))

    @strawberry.field(description="The steps of the procedure: which are open, and why not others.")
    def steps(self) -> list[ProcedureStep]:
        return steps_of(self._procedures, self.row.state, self.reading)

    @strawberry.field(
        description="How to get there: the fewest steps to a state of its procedure, by which "
        "facts and persons, and how soon."
    )
    def path(
        self,
        to: Annotated[str, arg("Name of the state to reach, of those of `definition`.")],
        language: str = "en",
    ) -> Path:
        return path_of(self._procedures, self.row.state, to, language)

    def compiled(self) -> Compiled:
        """The procedure it is under."""
        return self._procedures.of(self.row.state)

    @strawberry.field(description="Its deadlines under its procedure.")
    def deadlines(self) -> list[Deadline]:
        compiled = self.compiled()
        return [Deadline(held=held, compiled=compiled) for held in self.row.state.deadlines]

    @strawberry.field(description="Open tasks of persons or institutions.")
    def tasks(self) -> list[TaskOnCase]:
        return [TaskOnCase(held=held, case=self) for held in self.row.state.tasks]

    @strawberry.field(description="Since when follow-up rests; null where it does not.")
    def suspended(self) -> Suspension | None:
        held = self.row.state.suspended
        return None if held is None else Suspension(since=held.since, until=held.until)
