"""Several values in one cell of a table, the same on the way out and in (docs/table.md).

Values are divided by semicolons. A value that holds a semicolon, begins with a quotation mark, or
has white space at an end stands in quotation marks; a quotation mark inside is doubled, as in CSV.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

together_max = 4
"""How many pieces between semicolons may be one value that somebody wrote without quotation
marks."""

_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:;|$)')
_PLAIN = re.compile(r"([^;]*)(?:;|$)")


def join(values: Iterable[str]) -> str:
    """One cell that holds these values, each once."""
    return "; ".join(_quoted(value) for value in dict.fromkeys(values) if value)


def divide(cell: str, is_known: Callable[[str], bool] | None = None) -> list[str]:
    """The values of a cell, without the empty ones. Pieces without quotation marks that make up a
    value only together ("Children: definition; general principles; protection") are one where
    `is_known` says so of them together and not of the first alone."""
    pieces: list[tuple[str, bool]] = []
    place = 0
    while place < len(cell):
        quoted = _QUOTED.match(cell, place)
        found = quoted or _PLAIN.match(cell, place)
        assert found is not None
        value = found[1].replace('""', '"') if quoted else found[1].strip()
        if value:
            pieces.append((value, quoted is not None))
        place = max(found.end(), place + 1)
    values: list[str] = []
    while pieces:
        count = _together(pieces, is_known) if is_known else 1
        values.append("; ".join(value for value, _ in pieces[:count]))
        del pieces[:count]
    return values


def _together(pieces: list[tuple[str, bool]], is_known: Callable[[str], bool]) -> int:
    for count in range(min(together_max, len(pieces)), 1, -1):
        some = pieces[:count]
        if any(quoted for _, quoted in some):
            continue
        if is_known("; ".join(value for value, _ in some)):
            return count
    return 1


def _quoted(value: str) -> str:
    if ";" in value or value.startswith('"') or value != value.strip():
        return '"' + value.replace('"', '""') + '"'
    return value
