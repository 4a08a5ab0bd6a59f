"""What the gate finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from workflows.procedure.definition import StateSpec


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong: a stable code, the sentence, where in the definition, and the way there from
    the beginning, line by line."""

    code: str
    message: str
    where: str = "$"
    trace: tuple[str, ...] = ()


def places(states: Sequence[StateSpec], where: str) -> Iterator[tuple[StateSpec, str]]:
    for n, state in enumerate(states):
        yield state, f"{where}[{n}]"
        yield from places(state.states, f"{where}[{n}].states")
