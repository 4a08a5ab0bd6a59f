"""The clock: handed in wherever time matters, so that tests run years in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Microseconds since 1970, UTC."""


def machine_clock() -> int:
    """The clock of this machine."""
    return time.time_ns() // 1_000
