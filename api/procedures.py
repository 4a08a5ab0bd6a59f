"""Procedures in GraphQL: definitions, what the gate says of them, how they are drawn, and for a
recommendation which steps are open and why others are not."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import strawberry
from strawberry.scalars import JSON

from api.derive import enum_type
from domain.recommendation import Recommendation
from domain.refusals import NotFound
from domain.words import Kind, Mechanism
from workflows import procedure
from workflows.access import MAY, Role
from workflows.procedure import gate
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import StateSpec, StepSpec, canonical
from workflows.procedure.facts import KNOWN
from workflows.procedure.pictures import mermaid, scxml
from workflows.procedure.shipped import by_hash, shipped
from workflows.statecharts.expressions import Value

RoleType = enum_type(Role)


@strawberry.enum(description="How a procedure is drawn.")
class DiagramFormat(StrEnum):
    MERMAID = "mermaid"
    SCXML = "scxml"


@strawberry.type(description="What the gate found wrong with a procedure.")
class GateFault:
    code: str = strawberry.field(description="Stable.")
    message: str
    where: str = strawberry.field(description="Where in the definition, as a path.")
    trace: list[str] = strawberry.field(description="The way there, line by line.")


@strawberry.type(description="Whether a procedure is sound.")
class Gate:
    ok: bool
    faults: list[GateFault]


@strawberry.type(description="A state of a procedure.")
class ProcedureState:
    spec: strawberry.Private[StateSpec]

    @strawberry.field
    def id(self) -> str:
        return self.spec.id

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        return _label(self.spec.labels, language, self.spec.id)


@strawberry.type(description="A procedure, by its hash: the SHA-256 of its canonical form.")
class WorkflowDefinition:
    compiled: strawberry.Private[Compiled]

    @strawberry.field
    def hash(self) -> str:
        return self.compiled.hash

    @strawberry.field
    def name(self) -> str:
        return self.compiled.definition.name

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        definition = self.compiled.definition
        return _label(definition.labels, language, definition.name)

    @strawberry.field(description="The mechanisms whose recommendations start under it.")
    def mechanisms(self) -> list[enum_type(Mechanism)]:  # type: ignore[valid-type]
        return list(self.compiled.definition.applies.mechanisms)

    @strawberry.field(description="The kinds of text that start under it, whatever the mechanism.")
    def kinds(self) -> list[enum_type(Kind)]:  # type: ignore[valid-type]
        return list(self.compiled.definition.applies.kinds)

    @strawberry.field(description="All its states, in order.")
    def states(self) -> list[ProcedureState]:
        return [ProcedureState(spec=spec) for spec in self.compiled.definition.all_states()]

    @strawberry.field(description="Its canonical form (RFC 8785 JSON), of which `hash` is made.")
    def canonical(self) -> str:
        return canonical(self.compiled.definition).decode()

    @strawberry.field(description="Whether it is sound, and where it is not.")
    def gate(self) -> Gate:
        report = _checked(self.compiled.hash)
        faults = [
            GateFault(code=f.code, message=f.message, where=f.where, trace=list(f.trace))
            for f in report.faults
        ]
        return Gate(ok=report.ok, faults=faults)

    @strawberry.field(description="A drawing, with labels in `language`.")
    def diagram(self, format: DiagramFormat = DiagramFormat.MERMAID, language: str = "en") -> str:
        if format is DiagramFormat.SCXML:
            return scxml(self.compiled)
        return mermaid(self.compiled.definition, language)


@strawberry.type(description="A fact about a recommendation, as a guard reads it.")
class FactValue:
    name: str
    value: JSON | None = strawberry.field(description="Null where it is unknown.")


@strawberry.type(description="A condition that keeps a step from being open.")
class Blocker:
    guard: str = strawberry.field(description="The condition, as the procedure says it.")
    facts: list[FactValue] = strawberry.field(description="The facts it reads, as they stand.")
    states: list[str] = strawberry.field(description="The states it asks for.")
    who_can: list[RoleType] = strawberry.field(  # type: ignore[valid-type]
        description="The roles that may take steps which change what it reads."
    )


@strawberry.type(description="A step of the procedure, as things stand.")
class ProcedureStep:
    spec: strawberry.Private[StepSpec]
    blockers: strawberry.Private[list[Blocker]]
    role: strawberry.Private[Role]

    @strawberry.field
    def name(self) -> str:
        return self.spec.name

    @strawberry.field(description="Its name in `language`, else in English.")
    def label(self, language: str = "en") -> str:
        return _label(self.spec.labels, language, self.spec.name)

    @strawberry.field(description="Whether it is open now.")
    def is_open(self) -> bool:
        return not self.blockers

    @strawberry.field(description="Whether it is open, and this key's role may take it.")
    def allowed(self) -> bool:
        return not self.blockers and self.role in MAY[self.spec.name]

    @strawberry.field(description="The roles that may take it.")
    def roles(self) -> list[RoleType]:  # type: ignore[valid-type]
        return sorted(MAY[self.spec.name])

    @strawberry.field(description="Why it is not open: every condition that does not hold.")
    def blocked_by(self) -> list[Blocker]:
        return self.blockers


@strawberry.type
class ProcedureQuery:
    @strawberry.field(description="The procedures there are.")
    def workflow_definitions(self) -> list[WorkflowDefinition]:
        return [WorkflowDefinition(compiled=compiled) for compiled in shipped().values()]

    @strawberry.field(description="The procedure with this hash.")
    def workflow_definition(self, hash: str) -> WorkflowDefinition:
        compiled = by_hash().get(hash)
        if compiled is None:
            raise NotFound("There is no procedure of this hash; see `workflowDefinitions`.")
        return WorkflowDefinition(compiled=compiled)


def steps_of(r: Recommendation, role: Role) -> list[ProcedureStep]:
    """The steps of a recommendation's procedure, in its order, with what keeps each from being
    open."""
    compiled = procedure.of(r)
    facts = procedure.facts(r)
    return [
        ProcedureStep(
            spec=spec,
            role=role,
            blockers=[
                Blocker(
                    guard=blocked.guard,
                    facts=[_fact(name, facts[name]) for name in blocked.facts],
                    states=list(blocked.states),
                    who_can=_who_can(compiled, blocked.facts, blocked.states),
                )
                for blocked in compiled.blocked(spec.name, r.states, facts)
            ],
        )
        for spec in compiled.definition.steps
    ]


def _fact(name: str, value: Value | None) -> FactValue:
    return FactValue(name=name, value=value)  # type: ignore[arg-type]  # JSON is any of these


def _who_can(compiled: Compiled, facts: tuple[str, ...], states: tuple[str, ...]) -> list[Role]:
    read = {*facts, *compiled.facts_leading_to(states)}
    steps = {*compiled.steps_leading_to(states)}
    steps.update(step for fact in read for step in KNOWN[fact].changed_by)
    return sorted({role for step in steps for role in MAY.get(step, ())})


def _label(labels: dict[str, str], language: str, name: str) -> str:
    return labels.get(language) or labels.get("en") or name


@cache
def _checked(hash: str) -> gate.Report:
    return gate.check(by_hash()[hash].definition)
