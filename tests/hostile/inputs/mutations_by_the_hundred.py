"""Two hundred mutations in one document, each of which would be an entry."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> Query:
    id, version = next(iter(known.cases.items()))
    fields = " ".join(
        f'a{n}: remark(input: {{commandId: "h{n}", id: "{id}", expectedVersion: {version}, words: "x"}}) {{ errors {{ code }} }}'
        for n in range(200)
    )
    return Query(means="LIMIT_EXCEEDED INVALID_INPUT", document=f"mutation {{ {fields} }}")
