"""`make bench`: takes all figures in one run, shows them, and keeps them in `results.json`.

With --only NAME,NAME it takes the figures of some parts; those of the others stay as they are.
With --write-readme the tables in `benchmarks/README.md` are written anew, from what is kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import append, asking, deciding, importing, rebuild, retelling, serving, timers
from benchmarks.measuring import Bench, Growth, Ratio

HERE = Path(__file__).parent
PARTS: dict[str, ModuleType] = {
    "append": append,
    "importing": importing,
    "rebuild": rebuild,
    "deciding": deciding,
    "retelling": retelling,
    "asking": asking,
    "timers": timers,
    "http": serving,
}
ROUNDS, ROUNDS_QUICK = 5, 3
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, by commas")
    parser.add_argument("--json", type=Path, default=HERE / "results.json", metavar="FILE")
    parser.add_argument("--write-readme", action="store_true", help="put the table into README.md")
    given = parser.parse_args()
    names = given.only.split(",")
    if unknown := set(names) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    console = Console(width=None if sys.stdout.isatty() else 140)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rounds = ROUNDS_QUICK if given.quick else ROUNDS
    taken: dict[str, Part] = {}
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        total = sum(PARTS[name].steps(given.quick) for name in names)
        task = progress.add_task("starting", total=total)

        def done(what: str) -> None:
            progress.update(task, advance=1, description=f"{what:<60.60}")

        for name in names:
            started = time.monotonic()
            bench = Bench(quick=given.quick, rounds=rounds, done=done)
            PARTS[name].measure(bench)
            taken[name] = Part(
                taken_on=datetime.now(UTC).date().isoformat(),
                machine=machine(),
                quick=bench.quick,
                rounds=bench.rounds,
                seconds=round(time.monotonic() - started),
                notes=bench.notes,
                ratios=bench.ratios,
                growths=bench.growths,
            )
            keep(given.json, {name: taken[name]})
    for part in taken.values():
        show(part.ratios, console)
        show_growths(part.growths, console)
    figures = sum(len(part.ratios) + len(part.growths) for part in taken.values())
    seconds = sum(part.seconds or 0 for part in taken.values())
    console.print(f"{figures} figures in {seconds} s on {machine()}")
    if given.write_readme:
        write_readme(HERE / "README.md", kept(given.json))
    return 0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of the bench has measured, when, and on what. `seconds`: how long it took, None
    where it was measured together with others."""

    taken_on: str
    machine: str
    quick: bool
    rounds: int
    seconds: int | None = None
    notes: dict[str, Any] = {}
    ratios: list[Ratio] = []
    growths: list[Growth] = []


def kept(file: Path) -> dict[str, Part]:
    """The last results of each part, in the order of `PARTS`."""
    if not file.exists():
        return {}
    found = msgspec.json.decode(file.read_bytes(), type=dict[str, Part])
    return {name: found[name] for name in PARTS if name in found}


def keep(file: Path, taken: Mapping[str, Part]) -> None:
    """Writes the results of some parts; those of the others stay."""
    found = {**kept(file), **taken}
    ordered = {name: found[name] for name in PARTS if name in found}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")


def machine() -> str:
    """What the figures were taken on."""
    versions = ", ".join(f"{n} {version(n)}" for n in ("eventsourcing", "sqlalchemy", "psycopg"))
    return (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {versions}, fsync on"
    )


def show(ratios: list[Ratio], console: Console) -> None:
    """The ratios as tables, one a part."""
    for part in dict.fromkeys(r.part for r in ratios):
        table = Table("store", "case", "against", "ratio", "quartiles", "ours", "aim", title=part)
        for column in (3, 4, 5, 6):
            table.columns[column].justify = "right"
        for r in ratios:
            if r.part == part:
                colour = {None: "white", True: "green", False: "red"}[r.reached]
                ratio = f"[{colour}]{r.ratio:.2f}[/]"
                spread = f"{r.low:.2f}–{r.high:.2f}"
                table.add_row(r.store, r.case, r.peer, ratio, spread, rate(r), aim(r))
        console.print(table)


GROWTH_HEADS = ("store", "case", "size", "rows", "", "times", "should grow with")


def show_growths(growths: list[Growth], console: Console) -> None:
    """How things grow, one table a part."""
    for part in dict.fromkeys(g.part for g in growths):
        table = Table(*GROWTH_HEADS, title=f"{part}: what grows")
        for column in (2, 3, 4, 5):
            table.columns[column].justify = "right"
        for g in growths:
            if g.part == part:
                for row in growth_rows(g):
                    table.add_row(*row)
        console.print(table)


def growth_rows(growth: Growth) -> list[tuple[str, ...]]:
    """A line a size, in the order of `GROWTH_HEADS`."""
    aim = {None: growth.grows_with, True: "nothing ✓", False: "nothing ✗"}[growth.reached]
    rows = growth.found or [None] * len(growth.sizes)
    return [
        (
            growth.store if first else "",
            growth.case if first else "",
            f"{size:,}",
            "" if found is None else f"{found:,}",
            f"{value:,.2f} {growth.unit}",
            f"{times:.2f}",
            aim if first else "",
        )
        for first, size, found, value, times in zip(
            [True] + [False] * (len(growth.sizes) - 1),
            growth.sizes,
            rows,
            growth.values,
            growth.times,
            strict=True,
        )
    ]


def rate(ratio: Ratio) -> str:
    return f"{ratio.rate:,.1f} {ratio.unit}" if ratio.unit == "ms" else f"{ratio.rate:,.0f}/s"


def aim(ratio: Ratio) -> str:
    return "" if ratio.aim is None else f"{ratio.aim:g} {'✓' if ratio.reached else '✗'}"


def write_readme(readme: Path, parts: Mapping[str, Part]) -> None:
    """Puts the results between the two markers of the README."""
    lines: list[str] = []
    for name, part in parts.items():
        taken = f"Taken {part.taken_on}, {part.machine}, {part.rounds} rounds."
        lines += [f"### {name}", "", taken, ""]
        if part.ratios:
            lines.append("| store | case | against | ratio | quartiles | ours | aim |")
            lines.append("|---|---|---|---:|---:|---:|---|")
        for r in part.ratios:
            cells = (r.store, r.case, r.peer, f"**{r.ratio:.2f}**", f"{r.low:.2f}–{r.high:.2f}")
            lines.append(f"| {' | '.join(cells)} | {rate(r)} | {aim(r)} |")
        if part.ratios:
            lines.append("")
        if part.growths:
            lines += [f"What grows in {name}:", "", f"| {' | '.join(GROWTH_HEADS)} |"]
            lines.append("|---|---|---:|---:|---:|---:|---|")
            lines += [f"| {' | '.join(row)} |" for g in part.growths for row in growth_rows(g)]
            lines.append("")
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
