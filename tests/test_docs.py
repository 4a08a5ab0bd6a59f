"""The documents and the code name the same things."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from api.command_line import _parser
from tests import prose, reference
from workflows.access import Role

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RULES = DOCS / "domain-rules.md"
PACKAGES = ("domain", "workflows", "projections", "api")
PUBLIC = ("api/schema.graphql", "workflows/steps.json", "workflows/procedure/schema.json")

CITED = re.compile(r"\bdomain\s+rules?\s+(\d+(?:(?:,| and|, and)\s+\d+)*)", re.IGNORECASE)


def cited(text: str) -> set[int]:
    return {int(n) for numbers in CITED.findall(text) for n in re.findall(r"\d+", numbers)}


def rules() -> dict[int, str]:
    """number → the rule's text."""
    parts = re.split(r"^## (\d+)\. .+$", RULES.read_text(), flags=re.M)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def code() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def test_the_domain_rules_are_numbered_without_gaps_and_each_has_a_source_and_a_keeper() -> None:
    assert list(rules()) == list(range(1, len(rules()) + 1))
    for number, text in rules().items():
        source, kept = text.partition("\n- Source: ")[2].partition("\n- Kept by: ")[::2]
        assert source.strip(), number
        assert kept.strip(), number
        for name in re.findall(r"`((?:[\w-]+/)+[\w.-]*)`", kept):
            assert (ROOT / name).exists(), f"rule {number} is kept by {name}, which does not exist"


def test_every_cited_domain_rule_exists_and_every_rule_that_code_keeps_is_cited() -> None:
    files = [*code(), *(ROOT / "tests").glob("*.py"), *ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    told = {n: p for p in files if p != RULES for n in cited(p.read_text())}
    assert {n: p for n, p in told.items() if n not in rules()} == {}
    kept = {n for n, text in rules().items() if "Kept by: no code yet" not in text}
    assert kept <= set(told), f"no code, test or document cites the rules {kept - set(told)}"


def test_public_texts_name_a_rule_in_words_and_not_by_its_number() -> None:
    """If you are here because of a docstring that the schema shows: say what the rule says."""
    for name in PUBLIC:
        assert not cited((ROOT / name).read_text()), name


def glossary() -> list[list[str]]:
    """The cells of each row: word, meaning, names in code, and so on."""
    lines = (DOCS / "glossary.md").read_text().splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| **")]


def test_every_name_that_the_glossary_gives_is_in_the_code_and_no_word_is_given_twice() -> None:
    text = "\n".join(p.read_text() for p in [*code(), ROOT / "api" / "schema.graphql"])
    words = [word for row in glossary() for word in re.findall(r"\*\*(.+?)\*\*", row[0])]
    assert len(words) == len(set(words)) > 40
    for row in glossary():
        for name in re.findall(r"`([^`]+)`", row[2] if len(row) > 2 else ""):
            known = (ROOT / name).exists() or re.search(
                rf"\b{re.escape(name.rstrip('.*'))}\b", text
            )
            assert known or name.startswith("suivi "), f"{row[0]}: the code has no `{name}`"


# --- Plain English -------------------------------------------------------------------------------


def test_public_prose_has_no_new_sentence_of_the_worst_habits() -> None:
    """If you are here because of a new sentence: `python -m tests.prose` prints it. Say who does
    what, and name the thing. If you removed one: `python -m tests.prose --write`."""
    assert prose.counts() == json.loads(prose.COUNTS.read_text())


@pytest.mark.parametrize(
    ("said", "habit"),
    [
        ("What nobody waits for ends.", "begins with a relative clause"),
        ("It is refused. Whoever asks is told why.", "begins with a relative clause"),
        ("A proof is not to be had.", "to be had"),
        ("The case stands at `plan`.", "stand"),
        ("The position as it stands.", "stand"),
        ("Keys of before keep their rights.", "of before"),
        ("The receipt tells of each row.", "tell"),
    ],
)
def test_a_sentence_of_a_bad_habit_is_found(said: str, habit: str) -> None:
    assert habit in prose.habits(said)


@pytest.mark.parametrize(
    "said",
    [
        "What is a part?",
        "Say what is missing.",
        "A substitute stands in for them.",
        "`What` is a name. The row stands alone.",
    ],
)
def test_a_plain_sentence_is_not(said: str) -> None:
    assert prose.habits(said) == []


# --- Every command, step, event, role and link ---------------------------------------------------


def test_the_reference_lists_every_command_step_and_event_as_the_code_has_them() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run: python -m tests.reference"


def test_the_integrators_page_has_a_row_for_every_role_and_for_no_other() -> None:
    page = (DOCS / "integrating.md").read_text()
    table = page.partition("| role | may do | may read |\n|---|---|---|\n")[2].partition("\n\n")[0]
    told = [line.split("|")[1].strip() for line in table.splitlines()]
    assert sorted(told) == sorted(role.value for role in Role)


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]


def test_every_command_line_in_the_documents_is_one_that_suivi_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent = [
        line
        for page in pages()
        for line in re.findall(
            r"^    (?:\.venv/bin/)?suivi (.+)$", page.read_text().replace("\\\n", " "), re.M
        )
    ]
    assert len(sent) > 20
    for line in sent:
        arguments = re.split(r"\s[>|]\s", line.partition(" #")[0])[0]
        try:
            _parser().parse_args(shlex.split(arguments))
        except SystemExit:
            pytest.fail(f"suivi {arguments}: {capsys.readouterr().err}")


def test_every_link_between_documents_leads_to_a_file() -> None:
    for page in pages():
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links {target}"
