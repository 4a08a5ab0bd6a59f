"""What is seen of a definition without walking it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from domain.entry import label_chars_max
from domain.institution import is_code
from domain.words import Aspect, Bucket
from workflows import spans
from workflows.access import WRITING
from workflows.procedure import by_itself, forms
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import (
    HISTORY,
    Definition,
    StateSpec,
    StepSpec,
    To,
    Unsound,
)
from workflows.procedure.gate.fault import Fault
from workflows.statecharts.expressions import facts_of
from workflows.step_table import STEPS


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
        allowed = STEPS[step.name].may if step.name in STEPS else WRITING
        if step.name not in STEPS and not step.roles:
            yield Fault("roles-missing", f"Say which roles may take {step.name}.", where)
        for role in step.roles:
            if role not in allowed:
                roles = ", ".join(sorted(allowed))
                message = f"The role {role} may not take {step.name}; these may: {roles}."
                yield Fault("role-not-allowed", message, where)


def unheeded(definition: Definition) -> Iterator[Fault]:
    """Each notice has somebody who can do something about it, and each task somebody who may take
    one of its steps."""
    acting = ", ".join(sorted(WRITING))
    for n, deadline in enumerate(definition.deadlines):
        for kind in ("reminders", "escalations"):
            for m, notice in enumerate(getattr(deadline, kind)):
                where = f"$.deadlines[{n}].{kind}[{m}].to"
                if not notice.to:
                    why = f"{deadline.id} tells nobody here: name roles, of {acting}."
                    yield Fault("notice-to-nobody", why, where)
                for to in notice.to:
                    role = to.role if isinstance(to, To) else to
                    if role not in WRITING:
                        why = f"{deadline.id} tells {role}, who may take no step: name {acting}."
                        yield Fault("notice-to-nobody", why, where)
    steps = {step.name: step for step in definition.steps}
    for n, task in enumerate(definition.tasks):
        where = f"$.tasks[{n}]"
        if not task.steps:
            yield Fault("task-for-nobody", f"Say by which steps {task.id} is done.", where)
        may = {role for name in task.steps for role in _may(steps[name])}
        if not task.roles:
            why = f"Say whose task {task.id} is: of {', '.join(sorted(may)) or acting}."
            yield Fault("task-for-nobody", why, f"{where}.roles")
        for role in task.roles:
            if task.steps and role not in may:
                why = (
                    f"The role {role} may take none of the steps of {task.id}; these may: "
                    f"{', '.join(sorted(may)) or 'none'}."
                )
                yield Fault("task-for-nobody", why, f"{where}.roles")


def _may(step: StepSpec) -> Collection[str]:
    if step.roles or step.name not in STEPS:
        return step.roles
    return STEPS[step.name].may


def formless(definition: Definition) -> Iterator[Fault]:
    """Forms that can be filled in, and only for steps that have no shape of their own."""
    for n, step in enumerate(definition.steps):
        where = f"$.steps[{n}].form"
        if step.form and step.name in STEPS:
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
    may = STEPS["give-approval"].may
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


def misaddressed(definition: Definition) -> Iterator[Fault]:
    """Institutions are named by codes that there can be."""
    for code, _, where in _institutions(definition):
        if not is_code(code):
            yield Fault("institution-malformed", _no_code(code), where)


def _no_code(said: str) -> str:
    return (
        f"“{said[:80]}” is no code of an institution: write it as it is registered, without white "
        f"space around it and in {label_chars_max} characters at most."
    )


def untimely(definition: Definition) -> Iterator[Fault]:
    """Reminders come before what they remind of, and after what it is counted from; what is
    voluntary is never overdue; the procedure takes no step that somebody has to say something
    with."""
    steps = {step.name: step for step in definition.steps}
    for n, deadline in enumerate(definition.deadlines):
        where = f"$.deadlines[{n}]"
        for m, reminder in enumerate(deadline.reminders):
            after = deadline.due.after
            if after is not None and not spans.is_usually_shorter(reminder.before, after):
                why = f"{deadline.id} would remind before it runs: it is due after {after}."
                yield Fault("reminder-too-early", why, f"{where}.reminders[{m}]")
        if deadline.voluntary and deadline.escalations:
            why = f"{deadline.id} is voluntary, so never overdue: it is escalated to nobody."
            yield Fault("voluntary-escalated", why, f"{where}.escalations")
        then = None if deadline.then is None else by_itself.why_not(steps[deadline.then])
        if then is not None:
            yield Fault("then-asks", then, f"{where}.then")


def unread(compiled: Compiled) -> Iterator[Fault]:
    read = {fact for guard in compiled.all_guards() for fact in facts_of(guard)}
    read.update(d.due.fact for d in compiled.definition.deadlines if d.due.fact is not None)
    for name in compiled.fact_names:
        if name not in read:
            message = f"No guard reads the fact {name}, and nothing is due by it."
            yield Fault("fact-unread", message, f"$.facts.{name}")


def unregistered(definition: Definition, is_there: Callable[[str], bool] | None) -> Iterator[Fault]:
    """Institutions that have to approve or are told, and that the State does not have now.
    `is_there` tells of a code; None where that can't be known."""
    for code, for_what, where in _institutions(definition):
        if is_there is not None and is_there(code):
            continue
        why = (
            f"The State has no institution {code} now, and {for_what}: register it, or name "
            "another."
            if is_there is not None
            else f"It names {code}: {for_what}. Whether there is such an institution shows when "
            "the definition is published."
        )
        yield Fault("institution-unknown", why, where)


def _institutions(definition: Definition) -> Iterator[tuple[str, str, str]]:
    """Each institution that is named by its code, what for, and where."""
    for n, step in enumerate(definition.steps):
        for m, seat in enumerate(step.approvals.of if step.approvals else ()):
            if seat.institution is not None:
                where = f"$.steps[{n}].approvals.of[{m}].institution"
                yield seat.institution, f"{step.name} waits for its approval", where
    for n, deadline in enumerate(definition.deadlines):
        for kind in ("reminders", "escalations"):
            for m, notice in enumerate(getattr(deadline, kind)):
                for t, to in enumerate(notice.to):
                    if isinstance(to, To):
                        where = f"$.deadlines[{n}].{kind}[{m}].to[{t}].institution"
                        yield to.institution, f"{deadline.id} tells it", where
