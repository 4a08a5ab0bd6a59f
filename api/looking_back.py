"""`asOf` and `effectiveOn`: every query can be asked of the record as it was."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.context import Context, Reading


@strawberry.input(
    one_of=True,
    description="From where one looks back: what the record held then, and nothing later.",
)
class AsOf:
    log_index: int | None = strawberry.field(
        default=strawberry.UNSET, description="Up to and with the entry of this log index."
    )
    recorded_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Up to this instant, by the recording clock."
    )


def look(
    context: Context,
    as_of: AsOf | None,
    effective_on: str | None,
    addressees: list[str] | None = None,
) -> Reading:
    """The record as a query asks for it. `addressees`: whose, where the query says so."""
    return context.at(*chosen(as_of), effective_on, addressees)


def chosen(as_of: AsOf | None) -> tuple[int | None, datetime | None]:
    """The log index or the recording time that is named; neither, if nothing is."""
    if as_of is None:
        return None, None
    log_index, recorded_at = as_of.log_index, as_of.recorded_at
    return (
        None if log_index is strawberry.UNSET else log_index,
        None if recorded_at is strawberry.UNSET else recorded_at,
    )
