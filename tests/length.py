"""How long a test goes on: short in `make test` and `make check`, long in `make endurance`.

A test whose searching has no natural end takes its number from here:

    @settings(max_examples=times(5, long=50))
    def test_figures_are_what_one_counts_who_reads_row_by_row(...): ...

and is marked `endurance`, unless Hypothesis runs it: `make endurance` runs what is marked.
What is marked `endurance(only=True)` has no short form; the mark's comment says what holds its fact
in `make check`.
"""

from __future__ import annotations

import os

LONG = os.environ.get("SUIVI_ENDURANCE") == "1"


def times(short: int, *, long: int) -> int:
    """How often or how much: `short`, or `long` in `make endurance`."""
    return long if LONG else short
