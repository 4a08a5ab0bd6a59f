"""docs/reference.md, made from the code: `python -m tests.reference` renews it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from api.command_line import _parser
from workflows.access import Role
from workflows.log.mapper import EVENTS
from workflows.step_table import STEPS
from workflows.steps import takers

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"

ABOUT = """# Reference

Every command, step and event. `python -m tests.reference` makes this page from the code, and a test
compares them.
[settings.md](settings.md) has the settings, and [integrating.md](integrating.md) has the roles and
refusals.
"""

VISIBILITY = """A step's entry has the default `visibility`, or another value from `widest` to
`narrowest`.
`as the report` means PUBLIC for a public report, and INTERNAL for another one.
"""


def commands(
    parser: argparse.ArgumentParser | None = None, name: str = "suivi"
) -> Iterator[tuple[str, ...]]:
    """(command, help) of every command that runs something."""
    parser = parser or _parser()
    under = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not under:
        yield f"`{name}`", parser.description or ""
    for action in under:
        for verb, command in action.choices.items():
            yield from commands(command, f"{name} {verb}")


def steps() -> Iterator[tuple[str, ...]]:
    """(step, aggregate, roles, three visibilities, mutations) of every step."""
    for row in STEPS.values():
        usual, widest, narrowest = row.readers
        yield (
            f"`{row.name}`",
            row.about,
            ", ".join(role.value for role in Role if role in row.may),
            usual.name if widest else "as the report",
            widest.name if widest else "as the report",
            narrowest.name if narrowest else "the recommendation's",
            ", ".join(takers(row)),
        )


def events() -> Iterator[tuple[str, ...]]:
    """(topic, type in the API, step, meaning) of every event that was ever stored."""
    for topic, event in EVENTS.items():
        step = getattr(event, "by_step", None)
        paragraph = re.split(r"\n\s*\n", event.__doc__ or "")[0]
        meaning = re.split(r"(?<=[.;:])\s", " ".join(paragraph.split()))[0].rstrip(".;:")
        yield f"`{topic}`", f"`{event.__name__}`", f"`{step}`" if step else "", meaning


def table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    names = head.split(" | ")
    lines = (f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)
    return "\n".join((f"| {head} |", "|" + "---|" * len(names), *lines)) + "\n"


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            ABOUT,
            "## Commands\n",
            table("command | purpose", commands()),
            "## Steps and the roles that may take them\n",
            VISIBILITY,
            table("step | on | roles | visibility | widest | narrowest | taken by", steps()),
            "## Events\n",
            table("topic | type | step | meaning", events()),
        )
    )


if __name__ == "__main__":
    PAGE.write_text(page())
