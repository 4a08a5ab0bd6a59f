"""Conditions with tens of thousands of values, and all conditions at once."""

from __future__ import annotations

from typing import Any

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    many = [f"X{n}" for n in range(60_000)]
    where = "query($w: RecommendationWhere) { recommendations(first: 1, where: $w) { totalCount } progress(where: $w) { key } }"
    named: list[dict[str, Any]] = [
        {name: many}
        for name in (
            "addressee",
            "symbol",
            "institution",
            "theme",
            "sdg",
            "body",
            "recommendingState",
        )
    ]
    named += [
        {"cycle": list(range(100_000))},
        {"mechanism": ["UPR"] * 60_000},
        {"definition": many[:30_000], "issue": many[:30_000]},
        {"review": [known.some] * 15_000},
    ]
    return [
        Query(
            means="OK INVALID_INPUT LIMIT_EXCEEDED NOT_FOUND", document=where, variables={"w": one}
        )
        for one in named
    ]
