"""What is seen of a definition without walking it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from domain.words import Aspect, Bucket
from workflows import spans
from workflows.access import MAY, WRITING
from workflows.procedure import forms
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import HISTORY, Definition, StateSpec, Unsound
from workflows.procedure.gate.fault import Fault, places
from workflows.procedure.valuations import all_domains, told, valuations
from workflows.statecharts.expressions import Expression, facts_of, holds


def unlabelled(definition: Definition) -> Iterator[Fault]:
    """Everything people see has a name in every language that the procedure itself has one in."""
    languages = definition.labels.keys()
    if "en" not in languages:
        yield Fault("label-missing", "The procedure has no label in en.", "$.labels")
    named = [(s.id, s.labels, where) for s, where in places(definition.states, "$.states")]
    for n, s in enumerate(definition.steps):
        named.append((s.name, s.labels, f"$.steps[{n}]"))
        for f, field in enumerate(s.form):
            here = f"$.steps[{n}].form[{f}]"
            named.append((field.name, field.labels, here))
            named += [
                (choice.id, choice.labels, f"{here}.choices[{c}]")
                for c, choice in enumerate(field.choices)
            ]
    for kind in ("deadlines", "tasks", "promises"):
        for n, one in enumerate(getattr(definition, kind)):
            named.append((one.id, one.labels, f"$.{kind}[{n}]"))
    for name, labels, where in named:
        if missing := sorted(languages - labels.keys()):
            yield Fault(
                "label-missing", f"{name} has no label in {', '.join(missing)}.", f"{where}.labels"
            )


def uncounted(definition: Definition) -> Iterator[Fault]:
    """Each state says what it counts as, and no case counts twice in one aspect."""
    buckets = definition.buckets()
    seen: dict[Aspect, list[dict[str, int]]] = {}

    def within(state: StateSpec, where: str, way: dict[str, int]) -> Iterator[Fault]:
        """`way`: by each parallel state around, in which of its states."""
        for n, child in enumerate(state.states):
            beside = {**way, state.id: n} if state.kind == "parallel" else way
            yield from within(child, f"{where}.states[{n}]", beside)
        if state.states or state.kind in HISTORY:
            return
        bucket = buckets[state.id]
        if bucket is None:
            why = f"Say what {state.id} counts as: one of {', '.join(Bucket)}."
            yield Fault("bucket-missing", why, where)
        elif bucket.aspect is not None:
            ways = seen.setdefault(bucket.aspect, [])
            if any(other.get(around, n) != n for other in ways for around, n in way.items()):
                why = (
                    f"{state.id} counts as {bucket} while another state of {bucket.aspect} is "
                    f"active, and a case counts once in each: one of them is {Bucket.NOT_COUNTED}."
                )
                yield Fault("bucket-twice", why, where)
            ways.append(way)

    for n, top in enumerate(definition.states):
        yield from within(top, f"$.states[{n}]", {"": n})


def for_nobody(definition: Definition) -> Iterator[Fault]:
    """Each step has somebody who may take it: one of the procedure's own says who, one that every
    procedure has is left to fewer, never to more."""
    for n, step in enumerate(definition.steps):
        where = f"$.steps[{n}].roles"
        allowed = MAY.get(step.name, WRITING)
        if step.name not in MAY and not step.roles:
            yield Fault("roles-missing", f"Say which roles may take {step.name}.", where)
        for role in step.roles:
            if role not in allowed:
                roles = ", ".join(sorted(allowed))
                message = f"The role {role} may not take {step.name}; these may: {roles}."
                yield Fault("role-not-allowed", message, where)


def formless(definition: Definition) -> Iterator[Fault]:
    """Forms that can be filled in, and only for steps that have no shape of their own."""
    for n, step in enumerate(definition.steps):
        where = f"$.steps[{n}].form"
        if step.form and step.name in MAY:
            yield Fault("form-not-asked", f"{step.name} has its own input, and no form.", where)
        try:
            forms.check(step.form, where)
        except Unsound as fault:
            yield Fault(fault.code, str(fault), fault.where)


def same_eyes(definition: Definition) -> Iterator[Fault]:
    """Four eyes look at a step that there is, and that is another."""
    names = {step.name for step in definition.steps}
    for n, step in enumerate(definition.steps):
        for m, other in enumerate(step.apart_from):
            if other not in names or other == step.name:
                why = f"{step.name} can't be apart from {other}: name another step there is."
                yield Fault("four-eyes-unknown", why, f"$.steps[{n}].apart-from[{m}]")
        for m, other in enumerate(step.approvals.apart_from if step.approvals else ()):
            if other not in names:
                why = (
                    f"Approvals of {step.name} can't be apart from {other}: there is no such step."
                )
                yield Fault("four-eyes-unknown", why, f"$.steps[{n}].approvals.apart-from[{m}]")


def unfilled(definition: Definition) -> Iterator[Fault]:
    """As many approvals as are needed can be given, each seat by somebody who may approve."""
    may = MAY["give-approval"]
    for n, step in enumerate(definition.steps):
        if step.approvals is None:
            continue
        where, needed, seats = f"$.steps[{n}].approvals", step.approvals.needed, step.approvals.of
        for m, seat in enumerate(seats):
            if seat.role not in (None, *may):
                why = f"The role {seat.role} may not approve; these may: {', '.join(sorted(may))}."
                yield Fault("approvals-wrong", why, f"{where}.of[{m}].role")
        if not 0 < needed <= len(seats):
            why = f"{step.name} can't have {needed} approvals from {len(seats)} seats."
            yield Fault("approvals-wrong", why, f"{where}.needed")


def untimely(definition: Definition) -> Iterator[Fault]:
    """Reminders come before what they remind of, and after what it is counted from; what is
    voluntary is never overdue; the procedure takes no step that somebody has to say something
    with."""
    forms_of = {step.name: step.form for step in definition.steps}
    for n, deadline in enumerate(definition.deadlines):
        where = f"$.deadlines[{n}]"
        for m, reminder in enumerate(deadline.reminders):
            after = deadline.due.after
            if after is not None and not spans.is_shorter(reminder.before, after):
                why = f"{deadline.id} would remind before it runs: it is due after {after}."
                yield Fault("reminder-too-early", why, f"{where}.reminders[{m}]")
        if deadline.voluntary and deadline.escalations:
            why = f"{deadline.id} is voluntary, so never overdue: it is escalated to nobody."
            yield Fault("voluntary-escalated", why, f"{where}.escalations")
        if deadline.then is not None and any(f.required for f in forms_of[deadline.then]):
            why = f"{deadline.then} asks for what only somebody can say, so nothing takes it alone."
            yield Fault("then-asks", why, f"{where}.then")


def overlapping(compiled: Compiled) -> Iterator[Fault]:
    """Of two moves of one state on one step, which is taken must not hang on their order."""
    known = all_domains(compiled)
    for state, where in places(compiled.definition.states, "$.states"):
        by_step: dict[object, list[tuple[int, Expression | None]]] = {}
        for n, move in enumerate(state.moves):
            by_step.setdefault((move.on, move.past), []).append(
                (n, compiled.guard_at(f"{where}.moves[{n}].when"))
            )
        for some in by_step.values():
            for (a, one), (b, other) in itertools.combinations(some, 2):
                read = sorted(
                    {*(facts_of(one) if one else ()), *(facts_of(other) if other else ())}
                )
                for facts in valuations(known, read):
                    if all(g is None or holds(g, facts, _Everywhere()) for g in (one, other)):
                        yield Fault(
                            "guards-overlap",
                            f"Moves {a} and {b} of {state.id} can both be taken, where "
                            f"{told(facts)}.",
                            f"{where}.moves[{b}]",
                        )
                        break


class _Everywhere:
    def __contains__(self, id: object) -> bool:
        return True


def unread(compiled: Compiled) -> Iterator[Fault]:
    read = {fact for guard in compiled.all_guards() for fact in facts_of(guard)}
    read.update(d.due.fact for d in compiled.definition.deadlines if d.due.fact is not None)
    for name in compiled.fact_names:
        if name not in read:
            message = f"No guard reads the fact {name}, and nothing is due by it."
            yield Fault("fact-unread", message, f"$.facts.{name}")
