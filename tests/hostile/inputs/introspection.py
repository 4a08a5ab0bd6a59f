"""The whole schema, asked for many times, and its types of types."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known


def hostile(known: Known) -> list[Query]:
    of = "name"
    for _ in range(13):
        of = f"name ofType {{ {of} }}"
    whole = "__schema { types { name fields { name args { name } type { " + of + " } } } }"
    deep = "name"
    for _ in range(5):
        deep = f"name fields {{ name type {{ {deep} }} }}"
    return [
        Query(
            means="OK LIMIT_EXCEEDED",
            document="{ " + " ".join(f"a{n}: {whole}" for n in range(30)) + " }",
        ),
        Query(
            means="OK LIMIT_EXCEEDED INVALID_INPUT",
            document=f"{{ __schema {{ types {{ {deep} }} }} }}",
        ),
    ]
