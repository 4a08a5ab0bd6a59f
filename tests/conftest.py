"""What a test may ask for: a store on SQLite, on PostgreSQL or on each in turn, real documents."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import postgres

# On a shared machine a slow example says nothing about the code, so there are no deadlines.
hypothesis.settings.register_profile(
    "default",
    deadline=None,
    max_examples=100,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
# Every run of the same commit tries the same examples, and more of them.
hypothesis.settings.register_profile(
    "ci",
    hypothesis.settings.get_profile("default"),
    derandomize=True,
    max_examples=300,
    print_blob=True,
)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default")
)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite store that does not exist yet."""
    return f"sqlite:///{tmp_path / 'suivi.db'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL for all tests of this process; `make check` insists on it."""
    try:
        with postgres.running() as server:
            yield server
    except postgres.CannotStart as reason:
        if os.environ.get("SUIVI_REQUIRE_POSTGRES") == "1":
            pytest.fail(f"PostgreSQL is required and did not start: {reason}", pytrace=False)
        pytest.skip(f"PostgreSQL did not start: {reason}")


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """An empty PostgreSQL database that no other test has seen."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both stores."""
    return request.getfixturevalue(
        {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    )


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real documents, where there is one: SUIVI_TEST_DATA names it."""
    named = os.environ.get("SUIVI_TEST_DATA")
    if not named:
        pytest.skip("SUIVI_TEST_DATA names no folder of real documents")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"SUIVI_TEST_DATA names no folder: {folder}", pytrace=False)
    return folder
