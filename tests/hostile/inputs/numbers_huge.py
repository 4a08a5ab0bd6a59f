"""Numbers beyond every bound, as literals and as variables."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    many = "9" * 5_000
    after = "query($n: Int) { events(after: $n, first: 1) { endIndex } }"
    literals = [
        "1" * 41,
        many,
        f"1e{many}",
        "1e400",
        "-" + many,
        "1.5",
        "2147483648",
        "-1",
        "-2147483648",
    ]
    variables = [2**31, 2**63, 2**64, 10**30, 1e400, 1e308, 0.5, -1, True, "1", [1], {}]
    return [
        *(
            Query(
                means="INVALID_INPUT LIMIT_EXCEEDED",
                document=f"{{ recommendations(first: {literal}) {{ totalCount }} }}",
            )
            for literal in literals
        ),
        *(
            Query(means="400 INVALID_INPUT OK", document=after, variables={"n": value})
            for value in variables
        ),
        Query(means="400", raw=b'{"query": "{ logIndex }", "variables": {"n": 1e99999999999}}'),
        Query(
            means="400 OK",
            raw=b'{"query": "{ logIndex }", "variables": {"n": ' + b"9" * 900_000 + b"}}",
        ),
    ]
