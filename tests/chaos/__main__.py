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
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.chaos import events, hostile, mishaps, timers

PARTS: dict[str, tuple[Callable[..., bool], Callable[..., bool], int]] = {
    "events": (events.run, events.sabotage, 100),
    "timers": (timers.run, timers.sabotage, 12),
    "hostile": (hostile.run, hostile.sabotage, 1),
    "mishaps": (mishaps.run, mishaps.sabotage, 5),
}
"""How each part runs, how it is proved, and how many rounds are usual."""


def main() -> int:
    match sys.argv[1:]:
        case ["write", url, file, name]:
            events.Writer(url, Path(file), name).run()
            return 0
        case ["people", url, file, name, steps_max]:
            timers.People(url, Path(file), name, float(steps_max)).run()
            return 0
        case ["attack", file]:
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
    asked = parser.parse_args()
    console = Console()
    stores = ["sqlite", "postgresql"] if asked.store == "both" else [asked.store]
    failed = 0
    for name in [asked.only] if asked.only else PARTS:
        run, sabotage, rounds = PARTS[name]
        for store in stores:
            if asked.sabotage:
                failed += not sabotage(store, asked.seed, console)
            else:
                more: dict[str, float] = {}
                if name in ("timers", "hostile"):
                    given = {"seconds": asked.seconds, "steps_max": asked.steps}
                    more = {what: value for what, value in given.items() if value}
                if name == "mishaps" and asked.mishaps:
                    more = {"mishaps_max": asked.mishaps}
                failed += not run(store, asked.rounds or rounds, asked.seed, console, **more)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
