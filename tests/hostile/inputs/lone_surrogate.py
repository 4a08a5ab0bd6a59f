"""Half of a pair of surrogates, which no text in UTF-8 can hold, in a search and in a step."""

from __future__ import annotations

from tests.hostile.doors import Query, Step
from tests.hostile.record import Known

SEARCH = "query($s: String!) { recommendations(search: $s) { totalCount } }"


def hostile(known: Known) -> list[Query | Step]:
    id, version = next(iter(known.cases.items()))
    said = {"id": id, "expectedVersion": version, "measures": "half \ud800 of a pair"}
    return [
        Query(means="400", document=SEARCH, variables={"s": "\ud800"}),
        Step(means="400 INVALID_INPUT", mutation="planImplementation", input=said),
        Query(
            means="400 OK INVALID_INPUT",
            document='{ recommendations(search: "\\uD800") { totalCount } }',
        ),
    ]
