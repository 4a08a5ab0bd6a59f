"""Inputs changed at random: a text, some bytes or a number in one is replaced by another."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from tests.hostile.doors import Sent

KEPT = {
    *("means", "allowed", "who", "events", "mutation", "asks", "kind", "method", "format", "name"),
    *("pause_seconds", "hangs_up", "connections", "seconds_max", "arguments"),
}
"""Fields that say how it is sent and judged."""

FREE = {"variables", "input", "options"}
"""Fields that are JSON, in which any value may stand."""

TEXTS = (
    *(
        "",
        "\0",
        "\ud800",
        "\u202e",
        "\ufeff",
        "%",
        "_",
        "*",
        "'",
        '"',
        "\\",
        "{",
        "[",
        "(",
        "$",
        "@",
    ),
    *(
        "null",
        "true",
        "NaN",
        "-0",
        "1e999",
        "9" * 50,
        "__typename",
        "...",
        "{{",
        "<!--",
        "&x;",
        "=1",
    ),
    *(
        "\r\n",
        "\n\n",
        "\u2028",
        "A" * 5_000,
        "🏳️‍🌈",
        "İ",
        "ﷺ",
        "../",
        "00000000-0000-0000-0000-000000000000",
    ),
)
NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, -(2**31), 2**53, 2**63, 10**30, 0.5, 1e308, True, None)


def changed(sent: Sent, random: Random) -> Sent:
    """The same input with one to three of its values changed."""
    for _ in range(random.randint(1, 3)):
        names = [name for name in sent.__struct_fields__ if name not in KEPT]
        name = random.choice(names)
        other = _any_other if name in FREE else _other
        sent = msgspec.structs.replace(sent, **{name: other(getattr(sent, name), random)})
    return sent


def _other(value: Any, random: Random) -> Any:
    """Another value of the same kind; in a list or an object one of the values in it."""
    return _changed(value, random, _other)


def _any_other(value: Any, random: Random) -> Any:
    """Another value, where one stands in an object now and then of another kind."""
    if isinstance(value, dict) and value:
        return _changed(value, random, _of_any_kind)
    return _changed(value, random, _any_other)


def _of_any_kind(value: Any, random: Random) -> Any:
    others: list[Callable[[], Any]] = [
        lambda: _any_other(value, random),
        lambda: random.choice(NUMBERS),
        lambda: random.choice(TEXTS),
        lambda: [value] * random.randint(0, 3),
        lambda: {"a": value},
    ]
    return random.choices(others, weights=(6, 1, 1, 1, 1))[0]()


def _changed(value: Any, random: Random, within: Callable[[Any, Random], Any]) -> Any:
    match value:
        case dict() if value:
            key = random.choice(list(value))
            return {**value, key: within(value[key], random)}
        case list() | tuple() if value:
            n = random.randrange(len(value))
            return type(value)([*value[:n], within(value[n], random), *value[n + 1 :]])
        case str():
            return _cut(value, random.choice(TEXTS), random)
        case bytes():
            bits = [text.encode("utf-8", "replace") for text in TEXTS]
            return _cut(value, random.choice([*bits, random.randbytes(4)]), random)
        case bool() | int() | float():
            return random.choice(NUMBERS)
    return value


def _cut(value: Any, piece: Any, random: Random) -> Any:
    """A text or bytes with something put in, left out, doubled, or put in the place of a part."""
    at, to = sorted(random.randint(0, len(value)) for _ in range(2))
    to = min(to, at + 200)
    kinds = (value[:at] + piece + value[at:], value[:at] + value[to:], value[:to] + value[at:])
    return random.choice([*kinds, value[:at] + piece + value[to:]])
