"""How much work something takes, counted: no test asserts seconds, which tell of the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls(what: Callable[[], Any]) -> int:
    """How many functions are called, those of C too, until `what` returns."""
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        what()
    finally:
        sys.setprofile(before)
    return count
