"""What search engines and databases read as syntax: operators, wildcards, quotes, columns."""

from __future__ import annotations

from tests.hostile.doors import Query
from tests.hostile.record import Known

SEARCH = "query($s: String!) { recommendations(first: 20, search: $s) { totalCount nodes { id } } }"


def hostile(known: Known) -> list[Query]:
    made = [
        '"',
        '""',
        "'",
        "*",
        "**",
        "%",
        "_",
        "women*",
        "-women",
        "NOT women",
        "women OR children",
        "women AND",
        "NEAR(women children, 5)",
        "text:women",
        "{a b}: c",
        "^women",
        "(((",
        ")))",
        "a:b:c",
        "\\",
        "'; DROP TABLE log_event; --",
        "' OR '1'='1",
        "women' & !children",
        "a|b",
        "<->",
        "(a+)+$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "\\b" * 50,
        "\u202ewomen",
        "wo\u00admen",
        "w\u200bo\u200bm\u200be\u200bn",
        "\ufeff",
        "ﷺ" * 200,
        "̀" * 1_000,
        "İ" * 1_000,
        "a " * 20_000,
        "women " * 5_000,
        "x" * 200_000,
        "🏳️‍🌈" * 500,
        "\x01\x02\x7f",
        "é\u0301" * 1_000,
    ]
    return [
        Query(means="OK INVALID_INPUT LIMIT_EXCEEDED", document=SEARCH, variables={"s": word})
        for word in made
    ]
