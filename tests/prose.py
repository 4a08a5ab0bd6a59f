"""Public prose and its worst habits: sentences whose subject is a relative clause, and short verbs
that stand for several meanings. `python -m tests.prose` prints every finding;
`python -m tests.prose --write` lowers the counts."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from domain.refusals import all_refusals

ROOT = Path(__file__).parents[1]
COUNTS = Path(__file__).with_name("prose.json")
"""Findings that are still there: file → number. It may only shrink."""

HABITS = {
    "begins with a relative clause": r"^(?:What|Whatever|Whoever|Who|Whose|Whom)\b[^?]*$",
    "whoever": r"\bwhoever\b",
    "stand": r"\bstands? (?:at|for|under|beside|there|so|in (?:it|each|one|their|the|there))\b"
    r"|\b(?:as|how|where) (?:\w+ ){1,3}(?:stands?|stood)\b",
    "to be had": r"\bto be had\b",
    "of before": r"\bof before\b",
    "tell": r"\btell(?:s|ing)? (?:of|what|whether|how|who|which|each|it|its|no|nothing)\b"
    r"|\b(?:is|are) told\b",
}
"""Habit → pattern, for one sentence."""


def sentences(text: str) -> list[str]:
    """The sentences of a text, without code."""
    text = re.sub(r"`[^`]*`", "`…`", " ".join(text.split()))
    return re.split(r"(?<=[.!?:;])[\s*)]+(?=[A-Z`“\"(])", text)


def blocks(markdown: str) -> Iterator[str]:
    """Paragraphs, list items and cells of a Markdown text; blocks of code are left out."""
    markdown = re.sub(r"```.*?```", "", markdown, flags=re.S)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) |\||#)", markdown):
        if not block.startswith(("    ", "#")):
            yield from (part.strip(" #*-") for part in block.split("|"))


def words(node: ast.AST) -> str:
    """The text of a string, with … for each value put into it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) or "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return words(node.left) + words(node.right)
    return ""


def said_to_people(path: Path) -> Iterator[str]:
    """The messages of refusals, and the help of the command line, in a source file."""
    refusals = {refusal.__name__ for refusal in all_refusals()}
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
        if name in refusals and node.args:
            yield words(node.args[0])
        if path.name == "command_line.py":
            yield from (
                words(k.value) for k in node.keywords if k.arg in ("help", "description", "epilog")
            )


def descriptions(schema: str) -> Iterator[str]:
    return (match[1] for match in re.finditer(r'"""(.*?)"""', schema, re.S))


def texts() -> Iterator[tuple[str, str]]:
    """(file, text) of everything that people read first."""
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
        if path.name != "CHANGELOG.md":
            yield from ((str(path.relative_to(ROOT)), b) for b in blocks(path.read_text()))
    for package in ("domain", "workflows", "projections", "api"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from ((str(path.relative_to(ROOT)), said) for said in said_to_people(path))
    schema = ROOT / "api" / "schema.graphql"
    yield from (("api/schema.graphql", d) for d in descriptions(schema.read_text()))


def habits(text: str) -> list[str]:
    """The bad habits of a text."""
    return [habit for _, habit in found(text)]


def found(text: str) -> list[tuple[str, str]]:
    """(sentence, habit) in a text."""
    return [
        (sentence, habit)
        for sentence in sentences(text)
        for habit, pattern in HABITS.items()
        if re.search(pattern, sentence)
    ]


def findings() -> list[tuple[str, str, str]]:
    """(file, habit, sentence), each once however often a description is repeated."""
    return list(
        dict.fromkeys(
            (file, habit, sentence) for file, text in texts() for sentence, habit in found(text)
        )
    )


def counts() -> dict[str, int]:
    """file → number of findings."""
    return dict(sorted(Counter(file for file, _, _ in findings()).items()))


if __name__ == "__main__":
    for file, habit, sentence in findings():
        print(f"{file}: {habit}: {sentence}")
    if "--write" in sys.argv[1:]:
        COUNTS.write_text(json.dumps(counts(), indent=2) + "\n")
