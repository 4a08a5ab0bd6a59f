"""How figures are taken: all arms of a comparison in turns, round by round, and only ratios count.

The machine's other work falls on all arms alike, a ratio is formed within its round, and the
median of the rounds is told with its quartiles: half of the rounds lie between them.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import statistics
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar

import msgspec
import psutil  # type: ignore[import-untyped]  # it brings no types

Given = ParamSpec("Given")
Found = TypeVar("Found")

SAMPLE_SECONDS = 0.02

Arm = Callable[[], float]
"""Runs once and says at what rate: units a second."""


class Ratio(msgspec.Struct, frozen=True):
    """One figure: the rate of ours over the rate of a peer, 1 is as fast. `aim` is the least it
    should be; None where it only informs. `rate` is ours in units a second, on this machine."""

    part: str
    store: str
    case: str
    peer: str
    ratio: float
    low: float
    high: float
    rate: float
    unit: str
    aim: float | None = None

    @property
    def reached(self) -> bool | None:
        return None if self.aim is None else self.ratio >= self.aim


class Growth(msgspec.Struct, frozen=True):
    """What one thing takes at several sizes, in `unit`; the first size is the measure of the
    others. `found`: how many rows came of it. `grows_with`: what it should grow with; empty if
    with nothing but the depth of an index, and then `GROWTH_MAX` is the aim."""

    part: str
    store: str
    case: str
    unit: str
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    found: tuple[int, ...] = ()
    grows_with: str = ""

    @property
    def times(self) -> tuple[float, ...]:
        """How many times the first value each is; 1 is flat."""
        return tuple(round(value / self.values[0], 2) for value in self.values)

    @property
    def reached(self) -> bool | None:
        return None if self.grows_with else max(self.times) <= GROWTH_MAX


GROWTH_MAX = 2.0
"""The logarithm of 250,000 is not quite twice that of 1,000."""


class Bench:
    """What a part needs to run: how long, where to say that a step is done."""

    def __init__(self, *, quick: bool, rounds: int, done: Callable[[str], None]) -> None:
        self.quick = quick
        self.rounds = rounds
        self.done = done
        self.ratios: list[Ratio] = []
        self.growths: list[Growth] = []
        self.notes: dict[str, Any] = {}

    def compare(
        self,
        part: str,
        store: str,
        case: str,
        arms: Mapping[str, Arm],
        *,
        ours: str,
        unit: str,
        aims: Mapping[str, float] | None = None,
        turns: int = 1,
    ) -> dict[str, float]:
        """Runs the arms in turns and keeps the ratio of `ours` to each other one. `turns`: so many
        times as many rounds as usual."""
        rates = in_turns(arms, self.rounds * turns)
        for peer in arms:
            if peer == ours:
                continue
            ratios = [mine / theirs for mine, theirs in zip(rates[ours], rates[peer], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
            self.ratios.append(
                Ratio(
                    part=part,
                    store=store,
                    case=case,
                    peer=peer,
                    ratio=round(middle, 3),
                    low=round(low, 3),
                    high=round(high, 3),
                    rate=round(statistics.median(rates[ours]), 1),
                    unit=unit,
                    aim=(aims or {}).get(peer),
                )
            )
        self.done(f"{part}, {store}: {case}")
        return {name: statistics.median(some) for name, some in rates.items()}


def in_turns(arms: Mapping[str, Arm], rounds: int) -> dict[str, list[float]]:
    """The rates of all arms, round by round, after one round that doesn't count. Each round begins
    with another arm."""
    rates: dict[str, list[float]] = {name: [] for name in arms}
    names = list(arms)
    for turn in range(rounds + 1):
        gc.collect()
        start = turn % len(names)
        for name in (*names[start:], *names[:start]):
            rate = arms[name]()
            if turn:
                rates[name].append(rate)
    return rates


def one_ratio(
    part: str,
    store: str,
    case: str,
    peer: str,
    ours: float,
    theirs: float,
    unit: str = "events/s",
) -> Ratio:
    """The ratio of two figures that were each taken once: rates, or milliseconds of which ours
    are a share."""
    ratio = round(ours / theirs, 3)
    return Ratio(part, store, case, peer, ratio, ratio, ratio, round(ours, 1), unit)


def apart(
    function: Callable[Given, Found], *given: Given.args, **named: Given.kwargs
) -> tuple[Found, float]:
    """What a function gives in a process of its own, and the memory (resident, in megabytes) that
    the process took at most, looked at every `SAMPLE_SECONDS`."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        process = psutil.Process(pool.submit(os.getpid).result())
        running = pool.submit(function, *given, **named)
        most = 0
        while not running.done():
            most = max(most, process.memory_info().rss)
            wait([running], SAMPLE_SECONDS)
        return running.result(), most / 1e6
