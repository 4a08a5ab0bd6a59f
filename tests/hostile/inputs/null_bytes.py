"""Null bytes where a text is expected: in a search, an id, a symbol, a step."""

from __future__ import annotations

from tests.hostile.doors import Query, Step
from tests.hostile.record import Known
from tests.server import A_RECOMMENDATION as RECEIVED

SEARCH = "query($s: String!) { recommendations(search: $s) { totalCount } }"


def hostile(known: Known) -> list[Query | Step]:
    id, version = next(iter(known.cases.items()))
    by_symbol = "query($s: String!) { recommendation(symbol: $s, paragraph: $s) { id } }"
    return [
        Query(means="OK INVALID_INPUT", document=SEARCH, variables={"s": "\0"}),
        Query(means="OK INVALID_INPUT", document=SEARCH, variables={"s": "women\0rights"}),
        Query(means="OK INVALID_INPUT NOT_FOUND", document=by_symbol, variables={"s": "A/HRC\0"}),
        Query(
            means="OK INVALID_INPUT",
            document="query($s: [String!]) { recommendations(where: {addressee: $s, institution: $s, body: $s, symbol: $s}) { totalCount } }",
            variables={"s": ["\0"]},
        ),
        Step(
            means="INVALID_INPUT",
            mutation="planImplementation",
            input={"id": id, "expectedVersion": version, "measures": "a\0b"},
        ),
        Step(
            means="INVALID_INPUT",
            mutation="receiveRecommendation",
            input={**RECEIVED, "symbol": "A/HRC/\0", "paragraph": "1"},
        ),
    ]
