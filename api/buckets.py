"""Figures by what states count as: buckets are the procedures', figures are the views'."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from api.context import Reading
from domain.refusals import InvalidInput
from domain.words import Bucket
from projections import figures, register
from projections.figures import Dimension, ProgressRow
from projections.recommendations import Where
from workflows.procedure.compiled import Compiled
from workflows.procedure.shipped import by_hash


def progress(
    reading: Reading, by: Dimension, where: Where, *, merged: bool = True
) -> list[ProgressRow]:
    """The figures by one dimension. By bucket, states count as the procedures say that cases are
    under, those that ship and those that States have published; what no overview tells apart is not
    told. Refuses to tell by bucket what was true on a day: procedures run by the order of
    recording."""
    if by is Dimension.BUCKET and reading.effective_on is not None:
        raise InvalidInput(
            "States of procedures go by the order of recording: ask for figures by BUCKET with "
            "`asOf`, without `effectiveOn`."
        )
    rows = figures.progress(reading.connection, reading.scope, by, where, merged=merged)
    if by is not Dimension.BUCKET:
        return rows

    @cache
    def buckets_of(sha256: str) -> dict[str, Bucket | None]:
        found = _procedure(reading, sha256)
        return {} if found is None else found.definition.buckets()

    def counts_as(sha256: str, states: tuple[str, ...]) -> Collection[str]:
        known = buckets_of(sha256)
        found = (known.get(state) for state in states)
        return {b.value for b in found if b is not None and b.aspect is not None}

    return figures.by_bucket(rows, counts_as)


def _procedure(reading: Reading, sha256: str) -> Compiled | None:
    if (ships := by_hash().get(sha256)) is not None:
        return ships
    asked = [register.definitions.table.c.sha256 == sha256]
    for held in register.definitions.all(reading.connection, reading.scope, asked):
        return reading.service.desk.procedures.find(sha256, held.addressee)
    return None
