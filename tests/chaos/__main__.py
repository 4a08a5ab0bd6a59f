"""Kill and pause what runs, and the server under it, and look for what was lost, doubled or halved.

    python -m tests.chaos [--only PART] [--rounds N] [--store sqlite|postgresql|both]
    python -m tests.chaos --sabotage [--only …] [--store …]

The parts:

`events`: writers with appends in flight (`events.py`). `timers`: workers that fire what is due
beside people who take steps (`timers.py`). `hostile`: honest clients beside hostile ones
(`hostile.py`). `mishaps`: a server whose disk fills, whose files become read-only and whose views
are damaged (`mishaps.py`).

`--sabotage` proves that the searches can fail: each way to damage a store, or to fire wrongly, must
be found. The exit code is 1 after any violation, or any sabotage that was not found.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path

from rich.console import Console

PARTS = {"events": 100, "timers": 12, "hostile": 1, "mishaps": 5}
"""How many rounds of each part are usual. A part is loaded on use: each writer starts without the
others."""


def main(arguments: list[str]) -> int:
    match arguments:
        case ["write", url, file, name]:
            from tests.chaos import events

            events.Writer(url, Path(file), name).run()
            return 0
        case ["people", url, file, name, steps_max]:
            from tests.chaos import timers

            timers.People(url, Path(file), name, float(steps_max)).run()
            return 0
        case ["attack", file]:
            from tests.chaos import hostile

            hostile.attack(Path(file))
            return 0
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--only", choices=list(PARTS), help="only this part")
    parser.add_argument("--rounds", type=int)
    parser.add_argument(
        "--seconds", type=float, help="how long a round takes, of timers or beside the hostile"
    )
    parser.add_argument("--mishaps", type=int, help="how many befall the store in a round")
    parser.add_argument("--steps", type=float, help="how many steps each of the people takes")
    parser.add_argument("--store", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--sabotage", action="store_true", help="prove that the search can fail")
    asked = parser.parse_args(arguments)
    console = Console()
    stores = ["sqlite", "postgresql"] if asked.store == "both" else [asked.store]
    failed = 0
    for name in [asked.only] if asked.only else PARTS:
        part = import_module(f"tests.chaos.{name}")
        for store in stores:
            if asked.sabotage:
                failed += not part.sabotage(store, asked.seed, console)
            else:
                more: dict[str, float] = {}
                if name in ("timers", "hostile"):
                    given = {"seconds": asked.seconds, "steps_max": asked.steps}
                    more = {what: value for what, value in given.items() if value}
                if name == "mishaps" and asked.mishaps:
                    more = {"mishaps_max": asked.mishaps}
                rounds = asked.rounds or PARTS[name]
                failed += not part.run(store, rounds, asked.seed, console, **more)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
