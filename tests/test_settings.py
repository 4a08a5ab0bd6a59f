"""Settings: every one has a paragraph, and a wrong one is refused by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.settings import Settings, describe, read_settings, variable
from domain.refusals import InvalidInput

DOCS = Path(__file__).parents[1] / "docs" / "settings.md"


def test_docs_list_every_setting_as_it_is() -> None:
    rows = [f"| `{name}` | `{default}` | {help} |" for name, default, help in describe()]
    told = [line for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    assert told == rows, "run: suivi settings --markdown, and put the table into docs/settings.md"
    assert all(help for _, _, help in describe())


def test_what_the_environment_does_not_say_has_a_default() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({"SUIVI_QUERY_THREADS": ""}) == Settings()


def test_the_environment_sets_every_setting() -> None:
    for name in Settings.__struct_fields__:
        value = str(getattr(Settings(), name))
        assert read_settings({variable(name): value}) == Settings()
    assert read_settings({"SUIVI_QUERY_THREADS": "4"}).query_threads == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUIVI_QUERY_THREADS", "many"),
        ("SUIVI_QUERY_THREADS", "0"),
        ("SUIVI_MUTATION_THREADS", "100000"),
        ("SUIVI_WAIT_SECONDS_MAX", "-1"),
        ("SUIVI_REQUEST_BYTES_MAX", "1.5"),
    ],
)
def test_a_wrong_value_is_refused_and_the_variable_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        read_settings({name: value})


def test_operators_are_told_of_every_limit_and_of_what_whoever_meets_it_sees() -> None:
    """If you are here because you added a limit: give it a row in docs/operating.md, "Limits"."""
    text = (DOCS.parent / "operating.md").read_text()
    told = dict(re.findall(r"^\| `(SUIVI_\w+)` \| ([^|]+) \|", text, re.M))
    limits = {
        name: default
        for name, default, _ in describe()
        if name.endswith(("_MAX", "_THREADS", "_MIN"))
    }
    assert {name: value.strip("` ").replace(",", "") for name, value in told.items()} == limits
