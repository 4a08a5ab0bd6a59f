"""Threads that many clients share: the clients take turns, by what their tasks have taken."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from domain.refusals import Busy

Result = TypeVar("Result")
Task = tuple[Future[Any], Callable[[], Any]]

clients_max = 10_000
"""Of how many clients it is remembered what they have taken."""
task_seconds_least = 0.01
"""What a task counts at least: many that take nothing have a thread, too."""


class FairPool:
    """Some threads and a bounded queue. A client who asks for much waits for their own tasks; a
    client who asks for one task waits for at most one task of each client before them, and for none
    of those who have taken more. `what`: what the tasks do, as a verb; `at_once`: how many tasks of
    one client run at once."""

    def __init__(
        self,
        name: str,
        threads: int,
        waiting_max: int,
        waiting_per_client_max: int,
        what: str = "look back",
        at_once: int = 1,
    ) -> None:
        self._what = what
        self._place = 0.0
        """Where in the order of all the task stands that was begun last."""
        self._begins: OrderedDict[Hashable, float] = OrderedDict()
        """Where in that order a client's next task stands, in seconds of CPU."""
        self._at_once = at_once
        self._waiting_max = waiting_max
        self._waiting_per_client_max = waiting_per_client_max
        self._queues: OrderedDict[Hashable, deque[Task]] = OrderedDict()
        """Client → what waits, the client whose turn is next first."""
        self._busy: Counter[Hashable] = Counter()
        self.waiting = 0
        """How many tasks wait."""
        self._closing = False
        self._changed = threading.Condition()
        # They start when the first task comes: commands of the command line have none.
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True)
            for n in range(threads)
        ]
        self._is_started = False

    def submit(self, client: Hashable, act: Callable[[], Result]) -> Future[Result]:
        """Puts a task at the end of a client's queue; Busy where it is full, or all are."""
        future: Future[Result] = Future()
        with self._changed:
            mine = len(self._queues.get(client, ()))
            if mine >= self._waiting_per_client_max:
                raise Busy(
                    f"{mine} requests of this key that {self._what} wait already: await their "
                    "answers, then send this one again.",
                    waiting=mine,
                )
            if self.waiting >= self._waiting_max or self._closing:
                raise Busy(f"Many requests {self._what} just now: send this one again in a while.")
            self._queues.setdefault(client, deque()).append((future, act))
            self._enter(client)
            self.waiting += 1
            self._changed.notify()
            if not self._is_started:
                self._is_started = True
                for thread in self._threads:
                    thread.start()
        future.add_done_callback(partial(self._forget, client))
        return future

    def _forget(self, client: Hashable, future: Future[Any]) -> None:
        """What was given up before its turn makes room at once."""
        if not future.cancelled():
            return
        with self._changed:
            queue = self._queues.get(client, deque())
            left = [task for task in queue if task[0] is not future]
            self.waiting -= len(queue) - len(left)
            queue.clear()
            queue.extend(left)
            self._drop_if_idle(client)

    def _work(self) -> None:
        while True:
            with self._changed:
                while (client := self._next()) is None:
                    if self._closing:
                        return
                    self._changed.wait()
                future, act = self._queues[client].popleft()
                self.waiting -= 1
                self._busy[client] += 1
                self._queues.move_to_end(client)
                self._place = max(self._place, self._begins[client])
            before = time.thread_time()
            try:
                if future.set_running_or_notify_cancel():
                    try:
                        future.set_result(act())
                    except BaseException as error:
                        future.set_exception(error)
            finally:
                del future, act
                taken = max(time.thread_time() - before, task_seconds_least)
                with self._changed:
                    self._begins[client] = self._begins.get(client, self._place) + taken
                    self._busy[client] -= 1
                    self._drop_if_idle(client)
                    self._changed.notify()

    def _drop_if_idle(self, client: Hashable) -> None:
        if not self._busy[client]:
            del self._busy[client]
            if not self._queues.get(client, True):
                del self._queues[client]

    def _enter(self, client: Hashable) -> None:
        """Gives a client a place in the order: nobody saves up time in which they asked nothing."""
        begins = self._begins.setdefault(client, self._place)
        if len(self._queues[client]) == 1 and not self._busy[client]:
            self._begins[client] = max(begins, self._place)
        self._begins.move_to_end(client)
        while len(self._begins) > clients_max:
            # Whoever waits or runs has come lately.
            self._begins.popitem(last=False)

    def _next(self) -> Hashable | None:
        """The client whose turn it is: of those who have taken least, the one who waits longest."""
        waiting = (
            client
            for client, queue in self._queues.items()
            if queue and self._busy[client] < self._at_once
        )
        return min(waiting, key=self._begins.__getitem__, default=None)

    def close(self) -> None:
        """Ends the threads after what is running; what waits is told so."""
        with self._changed:
            self._closing = True
            for queue in list(self._queues.values()):
                for future in [future for future, _ in queue]:
                    future.cancel()
                queue.clear()
            self.waiting = 0
            self._changed.notify_all()
            started = self._threads if self._is_started else ()
        for thread in started:
            thread.join()
