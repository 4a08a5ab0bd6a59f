"""What if: the histories of a million events under a draft, against decoding the same rows alone
and against folding them.

The draft puts a cabinet's approval into each procedure that the record goes by; no history breaks
at it, so each is retold to its end. Each size is taken in a process of its own, whose memory is
looked at."""

from __future__ import annotations

import statistics
import time
from collections import deque
from itertools import islice
from typing import NamedTuple

from benchmarks.measuring import Arm, Bench, Growth, Ratio, apart, in_turns
from benchmarks.rebuild import folding
from benchmarks.record import a_long_record
from benchmarks.stores import sqlite
from domain.words import Mechanism
from workflows.log import Log
from workflows.procedure import SHIPPED
from workflows.procedure.compiled import Compiled
from workflows.procedure.shipped import read, shipped
from workflows.procedure.what_if import Retelling, Totals, tally

SIZES, SIZES_QUICK = (100_000, 1_000_000), (2_000, 20_000)
APPENDED_AT_ONCE = 2_000
DRAFT = """
format: suivi-overlay/1
name: with-cabinet
extends: {base}
labels: {{en: A cabinet approves}}
for: {{mechanisms: [{base}]}}
operations:
  - op: add-state
    after: assignment
    state:
      id: cabinet
      labels: {{en: Cabinet}}
      states:
        - id: cabinet.waits
          labels: {{en: Waits}}
          moves: [{{on: sign-off, when: planned, to: cabinet.signed}}]
        - {{id: cabinet.signed, labels: {{en: Signed off}}}}
  - op: add-step
    after: plan
    step: {{name: sign-off, labels: {{en: Sign off}}, roles: [coordinator]}}
  - {{op: require, step: declare-implemented, when: at cabinet.signed}}
"""
DECODED, FOLDED = "the same rows decoded, no more", "the same rows decoded and folded"


class Retold(NamedTuple):
    """Rates in events a second, round by round, and what all histories came to."""

    ours: list[float]
    decoded: list[float]
    folded: list[float]
    totals: Totals


def steps(quick: bool) -> int:
    return 2 * len(SIZES)


def measure(bench: Bench) -> None:
    sizes = SIZES_QUICK if bench.quick else SIZES
    peaks: list[float] = []
    with sqlite() as fresh:
        for size in sizes:
            with fresh() as url:
                log = Log(url)
                entries = islice(a_long_record(size), size)  # each makes some ten
                while batch := list(islice(entries, APPENDED_AT_ONCE)):
                    log.append(f"import-{batch[0].stream}-{batch[0].version}", bytes(32), batch)
                log.close()
                bench.done(f"retelling, SQLite: a log of {size:,} events")
                found, peak = apart(retold, url, bench.rounds if size < 500_000 else 1)
            peaks.append(round(peak, 1))
            for peer, rates in ((DECODED, found.decoded), (FOLDED, found.folded)):
                bench.ratios.append(_ratio(f"what if of {size:,} events", peer, found.ours, rates))
            bench.notes[f"retelling {size}"] = found.totals._asdict()
            bench.done(f"retelling, SQLite: {size:,} events retold")
    bench.growths.append(
        Growth("retelling", "SQLite", "events retold, memory at most", "MB", sizes, tuple(peaks))
    )


def _ratio(case: str, peer: str, ours: list[float], theirs: list[float]) -> Ratio:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    low, middle, high = (
        statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    )
    return Ratio(
        part="retelling",
        store="SQLite",
        case=case,
        peer=peer,
        ratio=round(middle, 3),
        low=round(low, 3),
        high=round(high, 3),
        rate=round(statistics.median(ours), 1),
        unit="events/s",
    )


def retold(url: str, rounds: int) -> Retold:
    """Retells all histories of a log under the drafts, in this process."""
    log = Log(url)
    size, found = log.size, []

    def ours() -> float:
        start = time.perf_counter()
        found.append(retelling(log))
        return size / (time.perf_counter() - start)

    def decoded() -> float:
        start = time.perf_counter()
        deque(log.read_streams(size - 1), maxlen=0)
        return size / (time.perf_counter() - start)

    arms: dict[str, Arm] = {"ours": ours, DECODED: decoded, FOLDED: lambda: size / folding(log)}
    try:
        rates = in_turns(arms, rounds)
    finally:
        log.close()
    return Retold(rates["ours"], rates[DECODED], rates[FOLDED], found[-1])


def drafts() -> dict[str, Compiled]:
    """A draft beside each profile that the record goes by, by the profile's hash."""
    found: dict[str, Compiled] = {}
    for base in (Mechanism.UPR.value, Mechanism.TREATY_BODY.value):
        text = DRAFT.format(base=base).encode()
        draft = read(text, lambda name: shipped()[name].definition)
        found[shipped()[base].hash] = Compiled(draft)
    return found


def retelling(log: Log) -> Totals:
    """All histories of a log, under the drafts."""
    under = {hash: Retelling(SHIPPED.of, draft) for hash, draft in drafts().items()}
    return tally(
        under[stream[0].stamp.definition or ""].tell(stream)
        for stream in log.read_streams(log.size - 1)
    )
