"""A clock that tests set: years pass in milliseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime


class SetClock:
    """Says the time it was last set to: microseconds since 1970, UTC."""

    def __init__(self, on: str) -> None:
        self.set(on)

    def set(self, on: str) -> None:
        """Sets it to an ISO 8601 day (noon, UTC) or instant."""
        at = datetime.fromisoformat(on if len(on) > 10 else f"{on}T12:00:00+00:00")
        self.now = int(at.astimezone(UTC).timestamp()) * 1_000_000

    @property
    def today(self) -> date:
        """The day, in UTC."""
        return datetime.fromtimestamp(self.now / 1_000_000, UTC).date()

    def __call__(self) -> int:
        return self.now
