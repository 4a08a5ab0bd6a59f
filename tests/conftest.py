"""What a test may ask for: a store on SQLite, on PostgreSQL or on each in turn, real documents."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import endurance, postgres, stores
from tests.length import LONG

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there
MEMORY_BYTES_MIN = 4 << 30


def lies_in_memory() -> bool:
    """True where the machine has a file system in memory, with room and for programs."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)):
        return False
    held = os.statvfs(MEMORY)
    may_run = not held.f_flag & getattr(os, "ST_NOEXEC", 0)
    return may_run and held.f_bavail * held.f_frsize >= MEMORY_BYTES_MIN


# A test waits for the disk five times as long as it computes: each store has eight files, and each
# is brought to the disk. What is tested dies by signals, which a file in memory survives too.
if "TMPDIR" not in os.environ and lies_in_memory():
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None

# A shell has what it runs in the background ignore Ctrl-C, and so would all that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Looking for cycles among all that a run keeps, the schema first, takes a tenth of its time.
gc.set_threshold(2_000, 10, 10)

# On a shared machine a slow example says nothing about the code, so there are no deadlines.
hypothesis.settings.register_profile(
    "default",
    deadline=None,
    max_examples=100,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
# Every run of the same commit tries the same examples.
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("default"), derandomize=True, print_blob=True
)
# What has a number of its own takes it from tests/length.py.
hypothesis.settings.register_profile(
    "endurance",
    hypothesis.settings.get_profile("default"),
    max_examples=1_000,
    print_blob=True,
)
hypothesis.settings.load_profile(
    "endurance"
    if LONG
    else os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default")
)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what runs on PostgreSQL and what has a long form, so that `-m` can choose."""
    for item in items:
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        fixtures = getattr(item, "fixturenames", ())
        if "postgresql" in given or {"postgres_server", "on_postgresql"} & set(fixtures):
            item.add_marker(pytest.mark.postgres)
        if hasattr(getattr(item, "obj", None), "hypothesis"):
            item.add_marker(pytest.mark.endurance)
        marks = item.iter_markers("endurance")
        if any(mark.kwargs.get("only") for mark in marks) and not LONG:
            item.add_marker(pytest.mark.skip(reason="it is long: `make endurance` runs it"))


if LONG:

    @pytest.hookimpl(trylast=True)
    def pytest_itemcollected(item: pytest.Item) -> None:
        examples = endurance.examples_of(item)
        if examples is not None:
            item.user_properties.append((endurance.EXAMPLES, examples))

    def pytest_terminal_summary(
        terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
    ) -> None:
        """Writes down what the run did, unless only a part was asked for."""
        if config.option.keyword or config.args != config.getini("testpaths"):
            return
        reports = [
            report
            for outcome in ("passed", "failed", "error", "skipped")
            for report in terminalreporter.stats.get(outcome, [])
        ]
        complete = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        endurance.write(reports, complete=complete)


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
    """An empty store on PostgreSQL that no other test has seen."""
    with postgres_server.store(stores.make) as url:
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
