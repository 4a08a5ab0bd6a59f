"""Procedures in GraphQL: definitions, what the gate says of them, how they are drawn, and for a
recommendation which steps are open and why others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from functools import cache
from typing import Annotated

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from api.context import Context, Reading
from api.derive import enum_type
from api.describing import arg
from api.looking_back import AsOf, look
from domain.adoptions import Adoptions
from domain.casework import Case
from domain.entry import Visibility
from domain.refusals import FourEyes, InvalidInput, NotFound, StepNotOpen, TaskClaimedByOther
from domain.words import Aspect, Bucket, Kind, Mechanism
from domain.workflow_definition import PublishedDefinition
from projections import register, standing
from workflows import steps
from workflows.access import Role, may_take
from workflows.procedure import Procedures, forms, four_eyes, gate
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Promise, StateSpec, StepSpec, canonical
from workflows.procedure.definition import label as label_in
from workflows.procedure.drawing import svg
from workflows.procedure.path import path
from workflows.procedure.pictures import mermaid, scxml
from workflows.procedure.shipped import by_hash, shipped
from workflows.statecharts.expressions import Value
from workflows.step_table import STEPS
from workflows.visibility import allowed, bounds

RoleType = enum_type(Role)


@strawberry.enum(description="How a procedure is drawn.")
class DiagramFormat(StrEnum):
    MERMAID = "mermaid"
    """text in Mermaid's language, for documents"""
    SVG = "svg"
    """a drawing that a browser shows"""
    SCXML = "scxml"
    """the W3C's XML for statecharts, for other software"""


@strawberry.type(description="A fault that the gate found in a procedure.")
class GateFault:
    code: str = strawberry.field(description="The kind of fault: stable, for programs.")
    message: str
    """A sentence for the person who mends it."""
    where: str = strawberry.field(description="Where in the definition, as a path.")
    trace: list[str] = strawberry.field(description="The way there, line by line.")


@strawberry.type(description="Whether a procedure is sound.")
class Gate:
    ok: bool
    """True where nothing prevents its publication."""
    faults: list[GateFault] = strawberry.field(
        description="The faults that prevent its publication."
    )
    warnings: list[GateFault] = strawberry.field(
        description="Possible mistakes, and conditions to check later. It can be published."
    )


@strawberry.type(description="A state of a procedure.")
class ProcedureState:
    spec: strawberry.Private[StateSpec]
    counts_as: strawberry.Private[Bucket | None]

    @strawberry.field(
        description="Its name in the procedure, which stays the same in every language."
    )
    def name(self) -> str:
        return self.spec.id

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        return label_in(self.spec.labels, language, self.spec.id)

    @strawberry.field(
        description="What it counts as in overviews; null where that is said by the states within "
        "it, and in procedures older than buckets."
    )
    def bucket(self) -> enum_type(Bucket) | None:  # type: ignore[valid-type]
        return self.counts_as

    @strawberry.field(description="The aspect of its bucket; null if it has no bucket.")
    def aspect(self) -> enum_type(Aspect) | None:  # type: ignore[valid-type]
        return None if self.counts_as is None else self.counts_as.aspect


@strawberry.type(
    description="What a procedure promises, which the gate has looked for wherever a case can get."
)
class ProcedurePromise:
    promise: strawberry.Private[Promise]

    @strawberry.field(
        description="Its name in the procedure, which stays the same in every language."
    )
    def name(self) -> str:
        return self.promise.id

    @strawberry.field(description="What it promises, in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        return label_in(self.promise.labels, language, self.promise.id)

    @strawberry.field(description="The promise, in the words of the procedure.")
    def says(self) -> str:
        return self.promise.says


@strawberry.type(description="A state of a procedure, and the number of cases in it.")
class StateCount(ProcedureState):
    count: int
    """How many cases are in the state."""


@strawberry.type(description="The number of cases under a procedure, and their states.")
class CaseCounts:
    total: int
    """How many cases are under the procedure."""
    states: list[StateCount] = strawberry.field(
        description="All its states, in order. A case stands in one of each region, and in those "
        "around it."
    )


@strawberry.type(description="A procedure, by its hash: the SHA-256 of its canonical form.")
class WorkflowDefinition:
    compiled: strawberry.Private[Compiled]
    reading: strawberry.Private[Reading]
    adoptions: strawberry.Private[Callable[[], Sequence[Adoptions]]]
    published: strawberry.Private[str | None] = None
    states_of_case: strawberry.Private[Sequence[str]] = ()

    @strawberry.field(description="The State that has published it; null where it ships.")
    def addressee(self) -> str | None:
        return self.published

    @strawberry.field(
        description="The States for which what they receive now starts under it, by their own "
        "decision."
    )
    def adopted_by(self) -> list[str]:
        return [a.addressee for a in self.adoptions() if self.compiled.hash in a.in_force]

    @strawberry.field(description="SHA-256 of its canonical form, in hex: its identity.")
    def hash(self) -> str:
        return self.compiled.hash

    @strawberry.field(description="Its name, which other procedures use to extend it.")
    def name(self) -> str:
        return self.compiled.definition.name

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        definition = self.compiled.definition
        return label_in(definition.labels, language, definition.name)

    @strawberry.field(description="The mechanisms whose recommendations start under it.")
    def mechanisms(self) -> list[enum_type(Mechanism)]:  # type: ignore[valid-type]
        return list(self.compiled.definition.applies.mechanisms)

    @strawberry.field(description="The kinds of text that start under it, whatever the mechanism.")
    def kinds(self) -> list[enum_type(Kind)]:  # type: ignore[valid-type]
        return list(self.compiled.definition.applies.kinds)

    @strawberry.field(description="All its states, in order.")
    def states(self) -> list[ProcedureState]:
        return states_of(self.compiled)

    @strawberry.field(description="Its promises, which also bind every extension of it.")
    def promises(self) -> list[ProcedurePromise]:
        return [ProcedurePromise(promise=one) for one in self.compiled.definition.promises]

    @strawberry.field(description="Its canonical form (RFC 8785 JSON), of which `hash` is made.")
    def canonical(self) -> str:
        return canonical(self.compiled.definition).decode()

    @strawberry.field(description="Whether it is sound, and where it is not.")
    def gate(self) -> Gate:
        ending = self.reading.service.stopping.is_set
        return gate_of(gate.check(self.compiled.definition, ending=ending))

    @strawberry.field(
        description="How many cases go by it, and how many of them stand in each of its states: "
        "of some States, or of all, as far as the reader may see them."
    )
    def cases(self, addressee: list[str] | None = None) -> CaseCounts:
        total, counts = self._counted(addressee)
        states = [
            StateCount(spec=state.spec, counts_as=state.counts_as, count=counts[state.spec.id])
            for state in states_of(self.compiled)
        ]
        return CaseCounts(total=total, states=states)

    @strawberry.field(
        description="A drawing, with labels in `language`; of a recommendation's procedure, with "
        "the states it is in set off. With `counts`, beside each state how many cases stand in it, "
        "of the States in `addressee` or of all: in Mermaid and SVG."
    )
    def diagram(
        self,
        format: Annotated[
            DiagramFormat, arg("Text in Mermaid, an SVG drawing, or SCXML.")
        ] = DiagramFormat.MERMAID,
        language: str = "en",
        counts: Annotated[bool, arg("Writes beside each state how many cases are in it.")] = False,
        addressee: list[str] | None = None,
    ) -> str:
        if format is DiagramFormat.SCXML:
            if counts:
                raise InvalidInput("SCXML has no place for counts: ask for MERMAID or SVG.")
            return scxml(self.compiled)
        draw = svg if format is DiagramFormat.SVG else mermaid
        live = self.compiled.active(self.states_of_case) if self.states_of_case else ()
        counted = self._counted(addressee)[1] if counts else None
        return draw(self.compiled.definition, language, live, counted)

    def _counted(self, addressee: list[str] | None) -> tuple[int, Counter[str]]:
        """How many cases there are, and how many in each state, those with others within them
        included."""
        total, counts = 0, Counter[str]()
        found = standing.configurations(
            self.reading.connection, self.reading.scope, self.compiled.hash, addressee
        )
        for states, cases in found.items():
            total += cases
            counts.update(dict.fromkeys(self.compiled.active(states), cases))
        return total, counts


@strawberry.type(description="A fact about a recommendation, as a guard reads it.")
class FactValue:
    name: str
    """Name of the fact, as conditions of the procedure write it."""
    value: JSON | None = strawberry.field(
        description="Its current value; null where it is unknown."
    )


@strawberry.type(description="A condition that keeps a step from being open.")
class Blocker:
    guard: str = strawberry.field(
        description="The condition, as the procedure says it; else what is lacking, in words."
    )
    code: str = strawberry.field(description="With which code the step would be refused.")
    facts: list[FactValue] = strawberry.field(description="The current facts that it reads.")
    states: list[str] = strawberry.field(description="The states it asks for.")
    who_can: list[RoleType] = strawberry.field(  # type: ignore[valid-type]
        description="The roles that may take steps which change what it reads."
    )


@strawberry.type(description="A step of the procedure in the current states.")
class ProcedureStep:
    spec: strawberry.Private[StepSpec]
    may: strawberry.Private[frozenset[Role]]
    blockers: strawberry.Private[list[Blocker]]
    is_mine: strawberry.Private[bool]
    of: strawberry.Private[Visibility]

    @strawberry.field(description="Its name in the procedure, for `takeStep`.")
    def name(self) -> str:
        return self.spec.name

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        return label_in(self.spec.labels, language, self.spec.name)

    @strawberry.field(
        description="Whether it is open now: by its procedure, by what there is to take it on, "
        "and to the person who asks."
    )
    def is_open(self) -> bool:
        return not self.blockers

    @strawberry.field(
        description="Whether it is open, and this key may take it: by role, addressee and "
        "institution."
    )
    def allowed(self) -> bool:
        return not self.blockers and self.is_mine

    @strawberry.field(description="The roles that may take it.")
    def roles(self) -> list[RoleType]:  # type: ignore[valid-type]
        return sorted(self.may)

    @strawberry.field(description="The default readers of its entry.")
    def visibility(self) -> enum_type(Visibility):  # type: ignore[valid-type]
        return bounds(self.spec.name).usual

    @strawberry.field(description="The values that `visibility` may have, the widest first.")
    def visibilities(self) -> list[enum_type(Visibility)]:  # type: ignore[valid-type]
        return allowed(self.spec.name, self.of)

    @strawberry.field(description="Whether only this procedure has it: `takeStep` alone takes it.")
    def is_own(self) -> bool:
        return self.spec.name not in STEPS

    @strawberry.field(
        description="The `data` that `takeStep` takes for it, as JSON Schema; titles of a State's "
        "own form are in `language`. Null where it can't be taken by name."
    )
    def form(self, language: str = "en") -> JSON | None:
        name = self.spec.name
        if name in STEPS:
            schema = steps.json_schema(name) if STEPS[name].by_name else None
        else:
            schema = forms.json_schema(self.spec.form, language)
        return schema  # type: ignore[return-value]  # JSON is any of these

    @strawberry.field(description="Why it is not open: every condition that does not hold.")
    def blocked_by(self) -> list[Blocker]:
        return self.blockers


@strawberry.type(description="A step on the way to a state, or a deadline that has to pass.")
class PathStep:
    step: str = strawberry.field(
        description="The step's name; of a deadline that passes, `past.` and the deadline's."
    )
    label: str = strawberry.field(description="Its name in `language`, else in English.")
    is_deadline: bool = strawberry.field(
        description="Whether it is a deadline that passes: nobody takes it."
    )
    roles: list[RoleType] = strawberry.field(  # type: ignore[valid-type]
        description="The roles that may take it."
    )
    so_that: list[str] = strawberry.field(
        description="What has to be true of it, as guards say it: other facts are to stay."
    )
    needs: list[str] = strawberry.field(
        description="Four eyes: what it needs besides, in words: another person, approvals."
    )
    earliest: str = strawberry.field(description="The first day on which it may be taken.")


@strawberry.type(description="The shortest way to a state of the procedure.")
class Path:
    reachable: bool | None = strawberry.field(
        description="Whether a way leads there; null where more would have to be tried to know."
    )
    steps: list[PathStep] = strawberry.field(description="The fewest steps, in order.")
    earliest: str | None = strawberry.field(
        description="The first day on which it may be there; null where no way is known."
    )
    why: str | None = strawberry.field(description="Why no way is known; null where one is.")


@strawberry.type
class ProcedureQuery:
    @strawberry.field(description="The procedures there are: those that ship, then States' own.")
    def workflow_definitions(
        self, info: Info[Context, None], as_of: AsOf | None = None
    ) -> list[WorkflowDefinition]:
        reading = look(info.context, as_of, None)
        adoptions = cache(lambda: adoptions_in(reading))
        found = [
            WorkflowDefinition(compiled=compiled, reading=reading, adoptions=adoptions)
            for compiled in shipped().values()
        ]
        own = register.definitions.all(reading.connection, reading.scope)
        return [*found, *(_published(held, reading, adoptions) for held in own)]

    @strawberry.field(description="The procedure with this hash.")
    def workflow_definition(
        self,
        info: Info[Context, None],
        hash: Annotated[str, arg("SHA-256 of the procedure, in hex: its `hash`.")],
        as_of: AsOf | None = None,
    ) -> WorkflowDefinition:
        reading = look(info.context, as_of, None)
        adoptions = cache(lambda: adoptions_in(reading))
        if compiled := by_hash().get(hash):
            return WorkflowDefinition(compiled=compiled, reading=reading, adoptions=adoptions)
        asked = [register.definitions.table.c.sha256 == hash]
        for held in register.definitions.all(reading.connection, reading.scope, asked):
            return _published(held, reading, adoptions)
        raise NotFound("There is no procedure of this hash; see `workflowDefinitions`.")


def states_of(compiled: Compiled, among: Collection[str] | None = None) -> list[ProcedureState]:
    """The states of a procedure in its order, those `among` some if that is said."""
    counted = compiled.definition.buckets()
    return [
        ProcedureState(spec=spec, counts_as=counted[spec.id])
        for spec in compiled.definition.all_states()
        if among is None or spec.id in among
    ]


def definition_of(
    compiled: Compiled,
    reading: Reading,
    adoptions: Callable[[], Sequence[Adoptions]],
    addressee: str,
    states: Sequence[str] = (),
) -> WorkflowDefinition:
    """A procedure that a recommendation of this addressee is under, in these states."""
    own = None if compiled.hash in by_hash() else addressee
    return WorkflowDefinition(
        compiled=compiled,
        reading=reading,
        adoptions=adoptions,
        published=own,
        states_of_case=states,
    )


def adoptions_in(reading: Reading) -> list[Adoptions]:
    """What States have adopted, as far as the reader may see it."""
    return list(register.adoptions.all(reading.connection, reading.scope))


def gate_of(report: gate.Report) -> Gate:
    """What the gate says, as it is shown."""

    def shown(some: Sequence[gate.Fault]) -> list[GateFault]:
        return [
            GateFault(code=f.code, message=f.message, where=f.where, trace=list(f.trace))
            for f in some
        ]

    return Gate(ok=report.ok, faults=shown(report.faults), warnings=shown(report.warnings))


def _published(
    held: PublishedDefinition, reading: Reading, adoptions: Callable[[], Sequence[Adoptions]]
) -> WorkflowDefinition:
    compiled = reading.service.desk.procedures.find(held.sha256, held.addressee)
    assert compiled is not None, "what the view holds is in the log"
    return WorkflowDefinition(
        compiled=compiled, reading=reading, adoptions=adoptions, published=held.addressee
    )


def steps_of(procedures: Procedures, r: Case, reading: Reading) -> list[ProcedureStep]:
    """The steps of a recommendation's procedure, in its order, with what keeps each from being
    open."""
    compiled = procedures.of(r)
    facts = procedures.facts(r)
    return [
        ProcedureStep(
            spec=spec,
            of=r.visibility,
            may=compiled.may(spec.name),
            is_mine=may_take(reading.principal, spec.name, r, compiled.may(spec.name)),
            blockers=[
                Blocker(
                    guard=blocked.guard,
                    code=StepNotOpen.code,
                    facts=[_fact(name, facts[name]) for name in blocked.facts],
                    states=list(blocked.states),
                    who_can=_who_can(compiled, blocked.facts, blocked.states),
                )
                for blocked in compiled.blocked(spec.name, r.states, facts)
            ]
            + _besides(compiled, r, spec.name, reading),
        )
        for spec in compiled.definition.steps
    ]


def _besides(compiled: Compiled, r: Case, step: str, reading: Reading) -> list[Blocker]:
    """What keeps a step from being taken beside the conditions of its procedure."""
    found: list[Blocker] = []
    who = sorted(compiled.may(step))
    desk = reading.service.desk
    for refusal in desk.hindrances(r, step, reading.institution, reading.actor):
        of_persons = isinstance(refusal, FourEyes | TaskClaimedByOther)
        needs = [refusal.message]
        if isinstance(refusal, FourEyes):
            needs = four_eyes.missing(compiled, r, step, reading.actor)
        found.extend(
            Blocker(
                guard=need,
                code=refusal.code,
                facts=[],
                states=[],
                who_can=who if of_persons else [],
            )
            for need in needs
        )
    return found


def path_of(procedures: Procedures, r: Case, to: str, language: str) -> Path:
    """The shortest way from where a recommendation stands to a state."""
    compiled = procedures.of(r)
    found = path(compiled, r, to, lambda: procedures.moment(r.addressee))
    named: dict[str, dict[str, str]] = {s.name: s.labels for s in compiled.definition.steps}
    steps = [
        PathStep(
            step=one.step,
            label=label_in(
                named[one.step]
                if one.deadline is None
                else compiled.deadlines[one.deadline].labels,
                language,
                one.deadline or one.step,
            ),
            is_deadline=one.deadline is not None,
            roles=sorted(compiled.may(one.step)),
            so_that=list(one.so_that),
            needs=list(one.needs),
            earliest=one.earliest,
        )
        for one in found.steps
    ]
    return Path(reachable=found.reachable, steps=steps, earliest=found.earliest, why=found.why)


def _fact(name: str, value: Value | None) -> FactValue:
    return FactValue(name=name, value=value)  # type: ignore[arg-type]  # JSON is any of these


def _who_can(compiled: Compiled, facts: tuple[str, ...], states: tuple[str, ...]) -> list[Role]:
    read = {*facts, *compiled.facts_leading_to(states)}
    steps = {*compiled.steps_leading_to(states)}
    steps.update(step for fact in read for step in compiled.changed_by(fact))
    return sorted(
        {
            role
            for step in steps
            for role in compiled.may(step) or (STEPS[step].may if step in STEPS else ())
        }
    )
