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

from collections import OrderedDict
from functools import lru_cache

import msgspec

from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition, Unsound
from workflows.procedure.gate.fault import Fault
from workflows.procedure.gate.parts import Parts
from workflows.procedure.gate.promises import broken
from workflows.procedure.gate.reading import (
    for_nobody,
    formless,
    misaddressed,
    overlapping,
    same_eyes,
    uncounted,
    unfilled,
    unlabelled,
    unread,
    untimely,
)
from workflows.procedure.gate.ways import bypassed, never_open, unheard, unreached, without_end

__all__ = ["Fault", "Report", "check", "reachable"]

faults_max = 100
reports_max = 256


class Report(msgspec.Struct, frozen=True):
    """What the gate found. `visited`: how many steps it took."""

    ok: bool
    hash: str
    faults: tuple[Fault, ...]
    visited: int = 0


_lately: OrderedDict[str, Report] = OrderedDict()
"""The reports of the definitions looked at last, by hash."""


def check(definition: Definition) -> Report:
    """Looks at a whole definition, and lists every fault. Of what was looked at lately the report
    is at hand."""
    report = _lately.get(definition.hash)
    if report is None:
        report = _lately[definition.hash] = _look(definition)
        while len(_lately) > reports_max:
            _lately.popitem(last=False)
    return report


def _look(definition: Definition) -> Report:
    try:
        compiled = Compiled(definition)
    except Unsound as fault:
        return Report(False, definition.hash, (Fault(fault.code, str(fault), fault.where),))
    parts = Parts(compiled)
    walks = [parts.walk(group) for group in parts.groups]
    faults = [
        *unlabelled(definition),
        *uncounted(definition),
        *for_nobody(definition),
        *formless(definition),
        *same_eyes(definition),
        *unfilled(definition),
        *untimely(definition),
        *misaddressed(definition),
        *(fault for walk in walks for fault in walk.faults),
        *overlapping(compiled),
        *unread(compiled),
    ]
    if not any(walk.faults for walk in walks):
        faults += unreached(definition, walks)
        faults += without_end(definition, walks)
        faults += never_open(compiled, walks)
        faults += unheard(parts)
        faults += bypassed(parts)
        faults += broken(parts)
    return Report(not faults, definition.hash, tuple(faults[:faults_max]), parts.visited)


@lru_cache(maxsize=256)
def reachable(compiled: Compiled) -> tuple[frozenset[frozenset[str]], ...]:
    """The sets of states that a case can get to, in each part that knows nothing of the others."""
    parts = Parts(compiled)
    return tuple(frozenset(parts.walk(group).sets) for group in parts.groups)
