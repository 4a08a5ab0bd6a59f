"""What is another State's: read, stepped upon, looked back at by who is for Kenya alone."""

from __future__ import annotations

from tests.hostile.doors import Query, Request, Step
from tests.hostile.record import Known
from tests.server import A_RECOMMENDATION as RECEIVED


def hostile(known: Known) -> list[Query | Request | Step]:
    id, version = next(iter(known.cases.items()))
    read = (
        "recommendation(id: $id) { id }",
        "node(id: $id) { id }",
        "recommendation(id: $id, asOf: {logIndex: 9000}) { id }",
    )
    return [
        *(
            Query(
                means="OK NOT_FOUND",
                who="kenya",
                document=f"query($id: ID!) {{ {field} }}",
                variables={"id": known.foreign},
            )
            for field in read
        ),
        Step(
            means="NOT_FOUND FORBIDDEN",
            who="kenya",
            mutation="planImplementation",
            input={"id": id, "expectedVersion": version, "measures": "ours"},
        ),
        Step(
            means="FORBIDDEN",
            who="kenya",
            mutation="receiveRecommendation",
            input={**RECEIVED, "addressee": "SVN"},
        ),
        Query(
            means="FORBIDDEN OK NOT_FOUND",
            who="kenya",
            document='{ whatIf(definition: {hash: "x"}, where: {addressee: ["SVN"]}) { totals { same } } }',
        ),
        Request(
            means="OK 403 404", who="kenya", path="/exports/csv", parameters=[("addressee", "SVN")]
        ),
    ]
