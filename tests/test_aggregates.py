"""Every aggregate is said once, and a place that forgets one is named before anybody is served."""

from __future__ import annotations

import subprocess
import sys

import pytest

from domain.aggregates import AGGREGATES, BY_EVENT, BY_STATE, Aggregate, said_of_each
from domain.entry import Event
from tests.server import ROOT
from workflows.log import mapper

FORGOTTEN = """
import domain.aggregates as aggregates
from domain.aggregates import Aggregate
from domain.entry import Event

class Meeting:
    pass

class Convened(Event, frozen=True):
    topic = "meeting.convened.v1"

row = Aggregate(Meeting, (Convened,), lambda entries, state: state, by_id=True)
aggregates.AGGREGATES += (row,)
aggregates.BY_EVENT[Convened] = row
import {place}
"""


def leaves(root: type[Event]) -> list[type[Event]]:
    below = root.__subclasses__()
    return [root] if not below else [leaf for sub in below for leaf in leaves(sub)]


def test_every_event_is_one_aggregates_and_its_topic_begins_with_its_word() -> None:
    ours = {event for event in leaves(Event) if event.__module__.startswith("domain.")}
    assert ours == set(BY_EVENT)
    assert sum(len(aggregate.events) for aggregate in AGGREGATES) == len(BY_EVENT)
    for event, aggregate in BY_EVENT.items():
        assert event.topic.partition(".")[0] == aggregate.word
        assert mapper.EVENTS[event.topic] is event
    assert len(BY_STATE) == len(AGGREGATES)


@pytest.mark.parametrize("place", ["projections.shelves", "api.register"])
def test_a_place_that_says_nothing_of_an_aggregate_keeps_the_program_from_starting(
    place: str,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORGOTTEN.format(place=place)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert "ImportError: projections/shelves.py does not say" in done.stderr
    assert done.stderr.strip().endswith(": Meeting")


def test_what_nobody_asks_for_is_told_too() -> None:
    one: Aggregate = AGGREGATES[0]
    said_of_each([one], [one.state], "a place", "how")
    with pytest.raises(ImportError, match="a place says how, and nobody asks: dict"):
        said_of_each([one], [one.state, dict], "a place", "how")
