"""python-statemachine beside our kernel: the same lines in and out as `xstate.cjs`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from statemachine.io import (  # type: ignore[import-not-found]  # installed for the run only
    create_machine_class_from_definition,
)

WALKS_AT_ONCE = 2

Said = dict[str, Any]
Ask = Callable[[Said, Any], bool]


class Case:
    """A chart under way. Its eventless transitions are given no event: facts stand beside it."""

    def __init__(self, root: Said, walk: list[Said]) -> None:
        self.walk = walk
        self.now: dict[str, Said] = {"before": walk[0]["before"], "after": walk[0]["before"]}
        top = [root] if root["kind"] == "parallel" else root["states"]
        states = {state["id"]: self.state(state, first=state is top[0]) for state in top}
        made = create_machine_class_from_definition(
            "Made", states, validate_final_reachability=False, validate_trap_states=False
        )
        self.machine = made()

    def state(self, said: Said, *, first: bool) -> Said:
        state: Said = {"initial": first} if first else {}
        if said["kind"] == "parallel":
            state["parallel"] = True
        if said["kind"] == "final":
            state["final"] = True
        nested = said["kind"] == "compound"
        if said["states"]:
            state["states"] = {
                child["id"]: self.state(child, first=nested and child["id"] == said["initial"])
                for child in said["states"]
            }
        for move in said["moves"]:
            transition: Said = {"target": move["to"], "internal": move["internal"]}
            if move["guard"]:
                transition["cond"] = self.guard(move["guard"], move["on"])
            if move["on"] is None:
                state.setdefault("transitions", []).append(transition)
            else:
                state.setdefault("on", {}).setdefault(move["on"], []).append(transition)
        return state

    def guard(self, said: Said, on: str | None) -> Callable[[Any], bool]:
        holds = ask(said)
        now, when = self.now, "after" if on is None else "before"
        return lambda machine: holds(now[when], machine)

    def step(self, event: Said) -> None:
        self.now["before"], self.now["after"] = event["before"], event["after"]
        self.machine.send(event["name"])

    def active(self) -> list[str]:
        return sorted(s.id for s in self.machine.configuration if not s.states)

    def walked(self) -> list[list[str]]:
        found = []
        for event in self.walk:
            self.step(event)
            found.append(self.active())
        return found

    def timed(self, seconds: float) -> Said:
        steps = 0
        start = time.perf_counter()
        until = start + seconds
        while time.perf_counter() < until:
            for _ in range(WALKS_AT_ONCE):
                for event in self.walk:
                    self.step(event)
            steps += WALKS_AT_ONCE * len(self.walk)
        return {"steps": steps, "seconds": time.perf_counter() - start, "active": self.active()}


def ask(said: Said) -> Ask:
    """A guard made ready."""
    match said["type"]:
        case "Flag":
            fact = said["fact"]
            return lambda facts, machine: facts[fact] is True
        case "Compare":
            fact, value, equal = said["fact"], said["value"], said["by"] == "=="
            return lambda facts, machine: (facts[fact] == value) is equal
        case "At":
            state = said["state"]
            return lambda facts, machine: state in machine.configuration_values
        case "Not":
            inner = ask(said["part"])
            return lambda facts, machine: not inner(facts, machine)
        case "And":
            every = [ask(part) for part in said["parts"]]
            return lambda facts, machine: all(part(facts, machine) for part in every)
        case "Or":
            some = [ask(part) for part in said["parts"]]
            return lambda facts, machine: any(part(facts, machine) for part in some)
    raise AssertionError(f"no guard: {said['type']}")


def main() -> None:
    cases = [Case(**said) for said in json.loads(sys.stdin.readline())]
    for line in sys.stdin:
        asked = json.loads(line)
        case = cases[asked["chart"]]
        seconds = asked.get("seconds")
        print(json.dumps(case.timed(seconds) if seconds else case.walked()), flush=True)


if __name__ == "__main__":
    main()
