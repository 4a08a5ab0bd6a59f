"""Procedures in YAML: anchors that multiply, brackets, tags, merges, other types, documents after one another."""

from __future__ import annotations

from tests.hostile.doors import Step
from tests.hostile.record import Known


def hostile(known: Known) -> list[Step]:
    anchors = "a0: &a0 [x]\n" + "".join(
        f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9)
    )
    texts = [
        "format: suivi-procedure/1\n" + anchors,
        "[" * 10_000,
        "{a: " * 10_000,
        "- " * 10_000,
        "&a [*a]",
        "a: &a\n  <<: *a\n",
        "!!python/object/apply:os.system ['true']",
        "!!binary x",
        "%YAML 9.9\n---\n",
        "---\n" * 10_000,
        "? " * 10_000,
        "a: 1\n" * 20_000,
        "x" * 900_000,
        "'" + "x" * 900_000,
        "\0",
        "\ufeff",
        "\u202e",
        "",
        "null",
        "1e999999",
        "0x" + "f" * 10_000,
        "9" * 100_000,
        "12:" * 10_000 + "1",
        "2025-99-99",
        "a: |\n" + "  x\n" * 100_000,
        "format: suivi-procedure/1\nname: [x]\nstates: "
        + "[{id: a, states: " * 500
        + "[]"
        + "}]" * 500,
        '{"format": "suivi-procedure/1", "format": "suivi-overlay/1"}',
        '{"a":' * 50_000,
        "format: suivi-overlay/1\nname: x\nextends: x\noperations: " + "[" * 500 + "]" * 500,
    ]
    return [
        Step(
            means="UNSOUND_DEFINITION INVALID_INPUT LIMIT_EXCEEDED",
            mutation="publishWorkflowDefinition",
            input={"addressee": "KEN", "text": text},
            asks="gate { ok faults { code } } errors { code message }",
        )
        for text in texts
    ]
