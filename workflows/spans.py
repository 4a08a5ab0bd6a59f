"""A span of time, as a procedure says it: 60 days, 20 working days, 6 months, 2 years."""

from __future__ import annotations

import msgspec

days_max = 36_600
working_days_max = 25_000
months_max = 1_200
years_max = 100


class Span(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"working_days": "working-days"},
):
    """How long something takes: days, working days, months or years; one of them, and no more than
    a century. Raises ValueError for anything else (which msgspec tells with the place)."""

    days: int | None = None
    working_days: int | None = None
    months: int | None = None
    years: int | None = None

    def __post_init__(self) -> None:
        said = [
            (count, most)
            for count, most in (
                (self.days, days_max),
                (self.working_days, working_days_max),
                (self.months, months_max),
                (self.years, years_max),
            )
            if count is not None
        ]
        if len(said) != 1:
            raise ValueError("A span says one of days, working-days, months and years")
        ((count, most),) = said
        if not 1 <= count <= most:
            raise ValueError(f"A span is between 1 and {most:,} here, not {count:,}")
