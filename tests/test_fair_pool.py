"""Many clients share threads: each waits for their own tasks, and for one of everybody else's."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock

import pytest

from api.fair_pool import FairPool
from domain.refusals import Busy


def recorder(done: list[str], name: str) -> Callable[[], str]:
    def act() -> str:
        done.append(name)
        return name

    return act


def test_clients_take_turns() -> None:
    pool, gate, done = FairPool("turns", 1, 50, 50), Event(), list[str]()
    pool.submit("first", gate.wait)
    waiting = [pool.submit("much", recorder(done, f"much {n}")) for n in range(5)]
    waiting += [pool.submit("little", recorder(done, "little"))]
    waiting += [pool.submit("two", recorder(done, f"two {n}")) for n in range(2)]
    gate.set()
    assert sorted(future.result(10) for future in waiting) == sorted(done)
    assert done == ["much 0", "little", "two 0", "much 1", "two 1", "much 2", "much 3", "much 4"]
    pool.close()


def busy(seconds: float) -> None:
    """Computes for so much CPU."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_who_has_taken_much_comes_after_who_has_taken_little() -> None:
    pool, gate, done = FairPool("shares", 1, 50, 50), Event(), list[str]()
    pool.submit("much", lambda: busy(0.05)).result(10)
    pool.submit("other", gate.wait)
    waiting = [pool.submit("much", recorder(done, "much"))]
    waiting += [pool.submit("little", recorder(done, f"little {n}")) for n in range(3)]
    gate.set()
    for future in waiting:
        future.result(10)
    assert done == ["little 0", "little 1", "little 2", "much"]
    pool.close()


def test_a_client_has_one_task_at_a_time_and_the_other_threads_are_for_others() -> None:
    pool, gate, running, most, door = FairPool("one", 3, 50, 50), Event(), 0, 0, Lock()

    def mine() -> None:
        nonlocal running, most
        with door:
            running += 1
            most = max(most, running)
        gate.wait(10)
        with door:
            running -= 1

    waiting = [pool.submit("me", mine) for _ in range(6)]
    assert pool.submit("you", lambda: "answered").result(10) == "answered"
    gate.set()
    for future in waiting:
        future.result(10)
    assert most == 1
    pool.close()


def test_a_queue_that_is_full_says_whose_it_is() -> None:
    pool, gate = FairPool("full", 1, 3, 2), Event()
    started = Event()
    pool.submit("a", lambda: (started.set(), gate.wait(10)))
    started.wait(10)
    kept = [pool.submit("a", gate.is_set) for _ in range(2)]
    with pytest.raises(Busy, match="of this key") as mine:
        pool.submit("a", gate.is_set)
    assert mine.value.facts == {"waiting": 2}
    kept.append(pool.submit("b", gate.is_set))
    with pytest.raises(Busy, match="Many requests") as all_:
        pool.submit("c", gate.is_set)
    assert all_.value.facts == {}
    gate.set()
    assert [future.result(10) for future in kept] == [True] * 3
    pool.close()


def test_a_fault_is_the_callers_and_the_threads_go_on() -> None:
    pool = FairPool("fault", 1, 3, 2)
    with pytest.raises(ZeroDivisionError):
        pool.submit("a", lambda: 1 // 0).result(10)
    assert pool.submit("a", lambda: 1).result(10) == 1
    pool.close()
    with pytest.raises(Busy):
        pool.submit("a", lambda: 1)


def test_what_waits_when_the_pool_closes_is_cancelled() -> None:
    pool, gate, started = FairPool("closing", 1, 5, 5), Event(), Event()
    running = pool.submit("a", lambda: (started.set(), gate.wait(10)))
    started.wait(10)
    waiting = pool.submit("a", gate.is_set)
    gate.set()
    pool.close()
    assert running.done()
    assert waiting.cancelled() or waiting.result(10)
