"""Long work gives way to short, and a document says itself which of the two it asks for."""

from __future__ import annotations

import time
from threading import Thread

import pytest
from graphql import parse

from api.execution import Executor, Takes
from api.measuring import objects_of
from api.pace import Pace, share
from api.schema import schema
from api.settings import Settings
from tests.test_fair_pool import busy

SCHEMA = schema._schema


def worked(pace: Pace, seconds: float) -> float:
    """Which part of so many seconds a thread of long work computes."""
    until, spent = time.monotonic() + seconds, time.thread_time()
    pace.begin()
    while time.monotonic() < until:
        busy(0.003)
        pace.give_way()
    return (time.thread_time() - spent) / seconds


def together(pace: Pace, threads: int) -> float:
    """Which part of a second threads of long work compute, all together."""
    parts: list[float] = []
    running = [Thread(target=lambda: parts.append(worked(pace, 1.0))) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(parts)


@pytest.mark.parametrize("threads", [1, 4])
def test_all_long_work_together_takes_its_share_while_there_is_short_work(threads: int) -> None:
    pace = Pace()
    with pace.short():
        assert together(pace, threads) < 1.5 * share


def test_long_work_goes_on_where_there_is_no_short_work() -> None:
    assert worked(Pace(), 0.5) > 1.5 * share


def listed(first: int | str) -> str:
    return f"recommendations(first: {first}) {{ totalCount nodes {{ id assignments {{ id }} }} }}"


@pytest.mark.parametrize(
    ("document", "objects"),
    [
        ("{ logIndex }", 0),
        ("{ recommendations { totalCount } }", 1),
        ("{ recommendations { nodes { id } } }", 51),
        ("{ recommendations(first: 3) { edges { node { id } } } }", 1 + 3 * 2),
        (f"{{ {listed(7)} }}", 1 + 7 * 11),
        (f"query($n: Int) {{ {listed('$n')} }}", 1 + 200 * 11),
        (f"{{ ...more {listed(2)} }} fragment more on Query {{ b: {listed(3)} }}", 2 + 5 * 11),
        ("{ __schema { types { name } } }", 15_000),
        ("mutation { remark(input: {}) { recommendation { id } } }", 2),
    ],
)
def test_a_document_tells_how_many_objects_it_may_be_answered_with(
    document: str, objects: int
) -> None:
    assert objects_of(parse(document), SCHEMA) == {None: objects}


@pytest.mark.parametrize(
    ("document", "takes"),
    [
        ("{ recommendations(first: 200) { nodes { id text } } }", Takes.SHORT),
        ("{ recommendations { nodes { history { reason } } } }", Takes.LARGE),
        (
            "{ recommendations { nodes { lineage { recommendation { lineage { type } } } } } }",
            Takes.LARGE,
        ),
        ("{ events(first: 500) { nodes { logIndex } } }", Takes.SHORT),
        ("{ recommendations(asOf: {logIndex: 1}) { totalCount } }", Takes.LOOK_BACK),
    ],
)
def test_what_may_answer_with_much_is_read_apart(document: str, takes: Takes) -> None:
    assert Executor(Settings()).prepare(document, None).takes(None) is takes
