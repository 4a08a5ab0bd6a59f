"""Every kind of value where another is expected."""

from __future__ import annotations

from itertools import product
from typing import Any

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    values: list[Any] = [
        None,
        True,
        0,
        -1,
        1.5,
        "",
        "x",
        [],
        {},
        [[]],
        ["\0"],
        {"a": {"b": []}},
        "x" * 100_000,
    ]
    kinds = {
        "ID!": "recommendation(id: $v) { id }",
        "String!": "vocabulary(name: $v) { name }",
        "Int": "a{n}: events(after: $v) { endIndex }",
        "Boolean!": "progress(mergeDuplicates: $v) { key }",
        "[String!]": "recommendations(where: {addressee: $v}) { totalCount }",
        "RecommendationWhere": "recommendations(where: $v) { totalCount }",
        "Dimension!": "progress(by: $v) { key }",
        "ProcedureInput!": 'whatIf(definition: $v, where: {addressee: ["KEN"]}) { totals { same } }',
    }
    return [
        Query(
            means="400 OK INVALID_INPUT NOT_FOUND LIMIT_EXCEEDED UNSOUND_DEFINITION",
            document=f"query($v: {kind}) {{ {field} }}",
            variables={"v": value},
        )
        for (kind, field), value in product(kinds.items(), values)
    ]
