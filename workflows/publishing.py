"""How a State's own procedure comes into force: examined, published, adopted."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

from domain import adoptions, workflow_definition
from domain.entry import Event, Stamp
from domain.refusals import InvalidInput, NotFound, UnsoundDefinition
from workflows.access import Principal, authorise
from workflows.desk import Command, Desk, Taken
from workflows.procedure import Procedures, gate
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition, Unsound, canonical
from workflows.procedure.shipped import read

drafts_max = 8


class Examined(NamedTuple):
    """What a file says, and what the gate finds; no definition where the file holds none."""

    definition: Definition | None
    report: gate.Report


def examine(
    procedures: Procedures,
    addressee: str,
    source: bytes,
    ending: Callable[[], bool] = lambda: False,
) -> Examined:
    """Looks at what a file says. An overlay extends a procedure that ships, or one the State has
    published. Raises Unavailable soon after `ending` says so."""
    try:
        definition = read(source, lambda name: procedures.base(name, addressee))
    except Unsound as fault:
        found = gate.Fault(fault.code, str(fault), fault.where)
        return Examined(None, gate.Report(False, "", (found,)))
    stands = partial(procedures.has_institution, addressee)
    return Examined(definition, gate.check(definition, stands, ending))


def authorise_trying(principal: Principal, addressee: str) -> None:
    """Refuses a principal who may not ask what a procedure would have come to: whoever publishes
    one may."""
    authorise(principal, "publish-definition", addressee)


class Draft(NamedTuple):
    """A draft as it was examined; ready to decide, where the gate lets it through."""

    compiled: Compiled | None
    report: gate.Report


class Drafts:
    """The drafts lately tried out, by State and text: each is asked of the gate and made ready
    once, whoever asks again, and at the same time."""

    def __init__(self, procedures: Procedures, ending: Callable[[], bool] = lambda: False) -> None:
        self._procedures = procedures
        self._ending = ending
        self._door = threading.Lock()
        self._kept: OrderedDict[tuple[str, bytes], _Kept] = OrderedDict()

    def examine(
        self, addressee: str, source: bytes, ending: Callable[[], bool] | None = None
    ) -> Draft:
        """A draft of this State's; `ending` says that nobody waits for it any more."""
        key = addressee, hashlib.sha256(source).digest()
        with self._door:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > drafts_max:
                self._kept.popitem(last=False)
        with kept.door:
            if kept.draft is not None:
                return kept.draft
            definition, report = examine(
                self._procedures, addressee, source, ending or self._ending
            )
            if definition is None:  # what it extends may be published any time
                return Draft(None, report)
            kept.draft = Draft(Compiled(definition) if report.ok else None, report)
            return kept.draft


class _Kept:
    def __init__(self) -> None:
        self.door = threading.Lock()
        self.draft: Draft | None = None


def publish(
    desk: Desk,
    principal: Principal,
    command: Command,
    stamp: Stamp,
    addressee: str,
    examined: Callable[[], Examined],
) -> Taken:
    """Publishes a definition; `examined` looks at it, and is asked only where the speaker may
    publish. Refuses what the gate does not let through."""

    def act() -> tuple[UUID, Event]:
        definition, report = examined()
        if definition is None or not report.ok:
            first = report.faults[0]
            raise UnsoundDefinition(
                f"{len(report.faults)} faults keep it from being published. The first, at "
                f"{first.where}: {first.message} [{first.code}]"
            )
        return workflow_definition.publish(
            stamp,
            addressee=addressee,
            name=definition.name,
            canonical=canonical(definition).decode(),
        )

    return desk.begin(principal, command, "publish-definition", addressee, act)


def adopt(
    desk: Desk,
    principal: Principal,
    command: Command,
    stamp: Stamp,
    addressee: str,
    sha256: str,
) -> Taken:
    """Lets whatever the State receives or begins from now on start under a definition that ships or
    that it has published: the cases that the definition says it is for."""
    held = desk.procedures.adopted(addressee)

    def act() -> Event:
        found = desk.procedures.find(sha256, addressee)
        if found is None:
            raise NotFound("There is no such procedure to adopt; see `workflowDefinitions`.")
        definition = found.definition
        applies = definition.applies
        if not (applies.mechanisms or applies.kinds or applies.aggregates):
            raise InvalidInput(
                f"“{definition.name}” is for nothing by itself: extend it, with `for`."
            )
        return adoptions.adopt(
            stamp,
            held,
            sha256=sha256,
            name=definition.name,
            mechanisms=applies.mechanisms,
            kinds=applies.kinds,
            aggregates=applies.aggregates,
        )

    return desk.go_on(
        principal,
        command,
        adoptions.adoptions_id(addressee),
        adoptions.Adoptions,
        "adopt-definition",
        lambda _: [act()],
        expected_version=0 if held is None else held.version,
        addressee=addressee,
    )
