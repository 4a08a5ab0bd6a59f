"""The gate: is a definition sound? Each fault comes with the way there, found by walking it.

Regions that know nothing of one another are walked apart. Each walk takes every step from every
place that can be reached, and takes any step to change any fact that guards read, whatever the
record may say: what it finds nowhere is nowhere. It gives up, and says so, where there is more than
it may look at.

What a promise says is always or never so is looked for on such a walk of the regions it reads. What
it says stays possible is looked for on a stricter one, where each step has to be open, and changes
no facts but those it can; a correction leads to places, and is no way out of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

import msgspec

from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition, Unsound
from workflows.procedure.gate.fault import Fault
from workflows.procedure.gate.labels import illegible, misnamed, unlabelled
from workflows.procedure.gate.parts import Parts
from workflows.procedure.gate.promises import broken
from workflows.procedure.gate.reading import (
    for_nobody,
    formless,
    misaddressed,
    same_eyes,
    uncounted,
    unfilled,
    unheeded,
    unread,
    unregistered,
    untimely,
)
from workflows.procedure.gate.ways import (
    bypassed,
    miscounted,
    never_open,
    overcounted,
    overlapping,
    unending,
    unheard,
    unreached,
    without_end,
)
from workflows.procedure.gate.work import TooLarge, Work, stopped

__all__ = ["Fault", "Report", "check", "forget", "reachable", "stopped"]

faults_max = 100
reports_max = 256


class Report(msgspec.Struct, frozen=True):
    """What the gate found. `warnings`: what people may not mean, and what can't be known here.
    `work`: how much was looked at, in conditions asked."""

    ok: bool
    hash: str
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()
    work: int = 0


_lately: OrderedDict[str, Report] = OrderedDict()
"""The reports of the definitions looked at last, by hash."""

_door = threading.Lock()


def check(
    definition: Definition,
    is_there: Callable[[str], bool] | None = None,
    ending: Callable[[], bool] = lambda: False,
) -> Report:
    """Looks at a whole definition, and lists every fault. Of what was looked at lately the report
    is at hand. `is_there`: whether the State has an institution of this code now, None where that
    can't be known. Raises Unavailable soon after `ending` says so."""
    with _door:
        report = _lately.get(definition.hash)
    if report is None:
        report = _look(definition, Work(ending))
        with _door:
            _lately[definition.hash] = report
            while len(_lately) > reports_max:
                _lately.popitem(last=False)
    unknown = tuple(unregistered(definition, is_there))
    return msgspec.structs.replace(report, warnings=(*report.warnings, *unknown))


def _look(definition: Definition, work: Work) -> Report:
    try:
        compiled = Compiled(definition)
    except Unsound as fault:
        return Report(False, definition.hash, (Fault(fault.code, str(fault), fault.where),))
    warnings = [*misnamed(definition)]
    faults = [
        *unlabelled(definition),
        *illegible(definition),
        *uncounted(definition),
        *for_nobody(definition),
        *unheeded(definition),
        *formless(definition),
        *same_eyes(definition),
        *unfilled(definition),
        *untimely(definition),
        *misaddressed(definition),
        *unread(compiled),
    ]
    try:
        faults += _walked(Parts(compiled, work), warnings)
    except TooLarge as problem:
        faults.append(Fault("too-large-to-check", str(problem)))
    return Report(
        not faults, definition.hash, tuple(faults[:faults_max]), tuple(warnings), work.done
    )


def _walked(parts: Parts, warnings: list[Fault]) -> list[Fault]:
    """What walks show; adds what people may not mean to the warnings."""
    walks = [parts.walk(group) for group in parts.groups]
    if faults := [fault for walk in walks for fault in walk.faults]:
        return faults
    definition = parts.definition
    warnings += overcounted(definition, walks)
    return [
        *unreached(definition, walks),
        *overlapping(parts, walks),
        *miscounted(definition, walks),
        *without_end(parts),
        *never_open(parts, walks),
        *unheard(parts),
        *unending(parts),
        *bypassed(parts),
        *broken(parts),
    ]


@lru_cache(maxsize=256)
def reachable(compiled: Compiled) -> tuple[frozenset[frozenset[str]], ...]:
    """The sets of states that a case can get to, in each part that knows nothing of the others.
    The definition is one that the gate has let through."""
    parts = Parts(compiled, Work())
    return tuple(frozenset(parts.walk(group).sets) for group in parts.groups)


def forget() -> None:
    """Lets go of the reports that are at hand."""
    with _door:
        _lately.clear()
