"""W3C's tests of SCXML on our kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.suites import (
    EXTERNAL,
    NotThere,
    as_definition,
    invokes,
    needs_data,
    passes,
    passes_as_definition,
    scxml_documents,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    try:
        return scxml_documents(tmp_path_factory.mktemp("scxml"))
    except NotThere as reason:
        pytest.skip(str(reason))


def test_the_kernel_passes_the_mandatory_tests_that_start_no_other_document(
    documents: list[Path],
) -> None:
    run = [path for path in documents if not invokes(path) and path.stem not in EXTERNAL]
    assert len(run) == 124
    assert [path.stem for path in run if not passes(path)] == []
    by_itself = [path.stem for path in run if not needs_data(path)]
    assert len(by_itself) == 9, "these need neither data nor anything sent"


def test_the_definition_language_runs_those_that_only_move(documents: list[Path]) -> None:
    run = [path for path in documents if not invokes(path) and path.stem not in EXTERNAL]
    told = {path.stem: procedure for path in run if (procedure := as_definition(path))}
    assert sorted(told) == ["test310", "test355"], "all others raise events or carry data"
    assert all(map(passes_as_definition, told.values()))
