"""Procedures as people and attackers write them: what the gate says of each, and why."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from domain.refusals import Unavailable
from tests.server import ROOT
from workflows.procedure import gate
from workflows.procedure.definition import Definition, Unsound
from workflows.procedure.gate import Fault, Report
from workflows.procedure.gate.labels import illegible
from workflows.procedure.gate.work import work_max
from workflows.procedure.shipped import read, shipped

CASES = ROOT / "tests" / "cases" / "procedures"
SOUND = ""

RIGHT: dict[str, str] = {
    "04-livelock-cross": "endless",
    "05-timer-pingpong": "endless",
    "06-then-close": SOUND,
    "08-four-eyes-alias": "four-eyes-bypassed",
    "09-four-eyes-nobody": "institution-unknown",
    "12-reminder-units-legal": SOUND,
    "14-notice-to-nobody": "notice-to-nobody",
    "15-labels-swapped": "label-contradicts",
    "17-homoglyph-labels": "label-misleading",
    "18-date-overflow-low": "day-out-of-reach",
    "20-history-recursion": "history-to-history",
    "24-bucket-lie": "bucket-contradicts",
    "26-overlap-not-at": "guards-overlap",
    "27-overlap-false-alarm": SOUND,
    "29-close-deadlock": "no-way-out",
    "30-domain-blowup": "too-large-to-check",
    "thenclose2": SOUND,
    "n01-livelock3": "endless",
    "n02-timer-cycle3": "endless",
    "n03-timer-days": SOUND,
    "n04-alias2": "four-eyes-bypassed",
    "n05-four-eyes-plain": SOUND,
    "n06-zero-width": "label-misleading",
    "n07-fullwidth-id": "no-definition",
    "n08-arabic-label": SOUND,
    "n09-zwnj-persian": SOUND,
    "n10-cyrillic-in-latin": "label-misleading",
    "n11-overlap-or": "guards-overlap",
    "n12-exclusive-not": SOUND,
    "n13-reminder": SOUND,
    "n14-reminder": "reminder-too-early",
    "n15-reminder": SOUND,
    "n16-reminder": "reminder-too-early",
    "n17-reminder": SOUND,
    "n18-nulls": "no-definition",
    "n19-alias-bomb": "no-definition",
    "n20-date-high": "no-definition",
    "n21-alias-conditional": "four-eyes-bypassed",
    "n22-deadlines-of-two-facts": "endless",
    "n23-then-ping-pong": "endless",
    "n24-closed-another-way": SOUND,
    "n25-day-beyond-calendars": "day-out-of-reach",
    "n26-many-regions": "too-large-to-check",
    "n27-approved-then-closed": SOUND,
    "n28-withdrawn-instead": SOUND,
    "n29-greek-look-alikes": "label-misleading",
    "n30-bidi-isolate-in-choice": "label-misleading",
    "n32-then-takes-a-position": "then-asks",
    "n31-noted-by-part": "bucket-contradicts",
    "n34-step-that-another-region-waits-for": "no-way-out",
}
"""File → the code of what is wrong with it, as a fault or a warning; nothing where it is sound."""


def find(name: str) -> Definition | None:
    return shipped()[name].definition if name in shipped() else None


def judged(name: str) -> Report:
    try:
        definition = read((CASES / f"{name}.yaml").read_bytes(), find)
    except Unsound as refused:
        return Report(False, "", (Fault(refused.code, str(refused), refused.where),))
    return gate.check(definition)


def test_each_case_has_its_right_verdict() -> None:
    assert {path.stem for path in CASES.glob("*.yaml")} == RIGHT.keys()


NEIGHBOURS = [name for name in sorted(RIGHT) if name.startswith("n")]


@pytest.mark.parametrize(
    "name",
    [
        *sorted(RIGHT.keys() - NEIGHBOURS),
        *(pytest.param(name, marks=pytest.mark.slow) for name in NEIGHBOURS),
    ],
)
def test_the_gate_judges_rightly(name: str) -> None:
    report = judged(name)
    said = [fault.code for fault in (*report.faults, *report.warnings)]
    if RIGHT[name] == SOUND:
        assert report.ok, report.faults
        assert said == []
    else:
        assert RIGHT[name] in said, said
    assert report.work <= work_max + work_max // 100
    for fault in (*report.faults, *report.warnings):
        assert fault.where.startswith("$") or fault.where.startswith("line "), fault


@pytest.mark.parametrize(
    "name", ["04-livelock-cross", "05-timer-pingpong", "n22-deadlines-of-two-facts"]
)
def test_an_endless_loop_comes_with_the_way_there(name: str) -> None:
    (fault,) = [fault for fault in judged(name).faults if fault.code == "endless"]
    assert fault.trace[0].startswith("begin where")
    assert len(fault.trace) > 3


def test_who_has_to_approve_is_looked_up_where_the_state_is_known() -> None:
    definition = read((CASES / "09-four-eyes-nobody.yaml").read_bytes(), find)
    (warning,) = gate.check(definition, lambda code: code == "treasury").warnings
    assert (warning.code, warning.where) == (
        "institution-unknown",
        "$.steps[32].approvals.of[0].institution",
    )
    assert "has no institution ministry-of-nowhere" in warning.message
    assert gate.check(definition, lambda code: True).warnings == ()


@pytest.mark.slow
def test_the_gate_ends_when_nobody_waits_any_more() -> None:
    asked = 0

    def gone() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    definition = read((CASES / "n05-four-eyes-plain.yaml").read_bytes(), find)
    gate.forget()
    with pytest.raises(Unavailable):
        gate.check(definition, ending=gone)
    assert gate.check(definition).ok


def test_a_reminder_is_measured_in_any_unit(tmp_path: Path) -> None:
    text = (CASES / "12-reminder-units-legal.yaml").read_text()
    text = text.replace("extends: upr", "extends: common")
    for before, after, sound in (
        ("working-days: 10", "months: 6", True),
        ("working-days: 20", "months: 2", True),
        ("working-days: 20", "months: 1", False),
        ("days: 27", "months: 1", True),
        ("days: 28", "months: 1", False),
        ("months: 11", "years: 1", True),
        ("months: 12", "years: 1", False),
        ("days: 5", "working-days: 10", True),
        ("days: 14", "working-days: 10", False),
        ("working-days: 9", "working-days: 10", True),
        ("days: 364", "years: 1", True),
        ("days: 365", "years: 1", False),
    ):
        said = text.replace("working-days: 10", f"{before}  ").replace("months: 6", after)
        assert gate.check(read(said.encode(), find)).ok is sound, (before, after)


@pytest.mark.parametrize(
    ("text", "language", "is_legible"),
    [
        ("Closed", "en", True),
        ("Cl\u043esed", "en", False),
        ("\u0421\u043e\u0440\u0430", "en", False),
        ("\u0421\u043e\u0440\u0430", "ru", True),
        ("UPR-доклад", "ru", True),
        ("UPRдоклад", "ru", False),
        ("Überprüfung", "de", True),
        ("U\u0308berprüfung", "de", True),
        ("a\u0301\u0301\u0301\u0301\u0301\u0301", "en", False),
        ("مراجعة UPR", "ar", True),
        ("مراجعة\u200f", "ar", False),
        ("می\u200cشود", "fa", True),
        ("ab\u200cc", "en", False),
        ("क्\u200dष", "hi", True),
        ("レビューの報告", "ja", True),
        ("报告 2026", "zh", True),
        ("Done ✔\ufe0f", "en", True),
        ("Done\ufe0f", "en", False),
        ("\u3164", "ko", False),
        ("Ɛlɛm", "ee", True),
        ("O’Brien’s answer", "en", True),
        ("№ 5, § 3 (a) — 50 %", "ru", True),
        ("\U000e0041", "en", False),
    ],
)
def test_a_name_is_in_letters_that_are_what_they_seem(
    text: str, language: str, is_legible: bool
) -> None:
    said = (
        (CASES / "12-reminder-units-legal.yaml")
        .read_text()
        .replace("extends: upr", "extends: common")
    )
    definition = read(said.encode(), find)
    named = msgspec.structs.replace(definition, labels={language: text})
    misleading = [f for f in illegible(named) if f.where == f"$.labels.{language}"]
    assert (not misleading) is is_legible, misleading
