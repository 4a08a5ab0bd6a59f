"""Steps that reach other aggregates too: what takes each, given the desk and the principal before
what a command is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workflows import matches, reports

PROCESSES: dict[str, Callable[..., Any]] = {
    "draft-report": reports.draft,
    "redraft-report": reports.redraft,
    "clear-report": reports.clear,
    "publish-report": reports.publish,
    "withdraw-report": reports.withdraw,
    "make-match": matches.make,
    "withdraw-match": matches.withdraw,
}
"""Step → what takes it."""
