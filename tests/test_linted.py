"""What others ask of a schema: linters of GraphQL, and the compiler of Relay. They run in the long
form; test_identity.py, test_schema.py and test_descriptions.py hold the same every day."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.sdl import SDL_FILE
from tests.suites import LINTED, NotThere, installed

pytestmark = [pytest.mark.slow, pytest.mark.endurance(only=True)]

RULES = (
    *("deprecations-have-a-reason", "descriptions-are-capitalized", "defined-types-are-used"),
    *("enum-values-all-caps", "enum-values-have-descriptions", "types-are-capitalized"),
    *("fields-are-camel-cased", "fields-have-descriptions", "arguments-have-descriptions"),
    *("input-object-values-are-camel-cased", "input-object-values-have-descriptions"),
    *("types-have-descriptions", "relay-page-info-spec"),
)
"""Of graphql-schema-linter: all but those that want an order by the alphabet, ours is by meaning,
and those that want pages with edges (tests/linted/eslint.config.js)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linted")
    try:
        installed(LINTED, folder)
    except NotThere as reason:
        pytest.skip(str(reason))
    shutil.copy(SDL_FILE, folder / "schema.graphql")
    (folder / "src").mkdir()
    (folder / "app.js").rename(folder / "src" / "app.js")
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npx", "--no", "--", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_graphql_eslint_finds_nothing(folder: Path) -> None:
    done = run(folder, "eslint", "schema.graphql", "--format", "json")
    (file,) = json.loads(done.stdout)
    assert [(one["line"], one["ruleId"], one["message"]) for one in file["messages"]] == []


def test_graphql_schema_linter_finds_nothing(folder: Path) -> None:
    asked = ("--rules", ",".join(RULES), "--format", "json", "schema.graphql")
    found: dict[str, Any] = json.loads(run(folder, "graphql-schema-linter", *asked).stdout)
    assert found["errors"] == []


def test_relay_compiles_an_application(folder: Path) -> None:
    done = run(folder, "relay-compiler")
    assert done.returncode == 0, done.stdout + done.stderr
    made = {path.name.partition(".")[0] for path in folder.rglob("*.graphql.js")}
    assert {"appPartQuery", "appAssignmentQuery", "appInstitutionQuery", "appListQuery"} <= made
