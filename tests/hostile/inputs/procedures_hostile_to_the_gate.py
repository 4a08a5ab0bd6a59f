"""Procedures made to keep the gate walking: many regions, many facts, many steps, deep guards."""

from __future__ import annotations

from tests.hostile.doors import GATE, Step
from tests.hostile.made import CASES
from tests.hostile.record import Known

HEAD = """format: suivi-procedure/1
name: hostile
labels: {{en: Hostile}}
for: {{mechanisms: [upr]}}
facts:
{facts}states:
{states}ends: [r0.s0]
steps:
{steps}"""


def hostile(known: Known) -> list[Step]:
    def procedure(
        states: str, steps: str, facts: str = "  closed: {type: flag}\n  planned: {type: flag}\n"
    ) -> str:
        return HEAD.format(facts=facts, states=states, steps=steps)

    def region(n: int, size: int) -> str:
        parts = "".join(
            f"      - {{id: r{n}.s{i}, labels: {{en: S}}, moves: [{{on: go{n}x{i}, to: r{n}.s{(i + 1) % size}}}]}}\n"
            for i in range(size)
        )
        return f"  - id: r{n}\n    labels: {{en: R}}\n    bucket: not-counted\n    states:\n{parts}"

    def steps(count: int, size: int) -> str:
        return "".join(
            f"  - {{name: go{n}x{i}, labels: {{en: Go}}, roles: [coordinator]}}\n"
            for n in range(count)
            for i in range(size)
        )

    deep = "at r0.s0" + " and (at r0.s1 or not (at r0.s0" * 300 + "))" * 300
    texts = [
        procedure("".join(region(n, 8) for n in range(12)), steps(12, 8)),
        procedure(region(0, 1_500), steps(1, 1_500)),
        procedure(
            region(0, 3),
            f"  - {{name: go0x0, labels: {{en: Go}}, roles: [coordinator], when: {deep!r}}}\n"
            + steps(1, 3),
        ),
        procedure(
            region(0, 3), steps(1, 3), "".join(f"  f{n}: {{type: flag}}\n" for n in range(3_000))
        ),
        (CASES / "procedures/30-domain-blowup.yaml").read_text(),
        (CASES / "procedures/n26-many-regions.yaml").read_text(),
        (CASES / "procedures/20-history-recursion.yaml").read_text(),
        (CASES / "procedures/04-livelock-cross.yaml").read_text(),
        (CASES.parent / "broken/too-large-to-check.yaml").read_text(),
    ]
    return [
        Step(
            allowed=GATE,
            means="UNSOUND_DEFINITION INVALID_INPUT LIMIT_EXCEEDED",
            mutation="publishWorkflowDefinition",
            input={"addressee": "KEN", "text": text},
            asks="gate { ok faults { code } } errors { code message }",
        )
        for text in texts
    ]
