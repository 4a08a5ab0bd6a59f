"""Where requests run: a lane for each kind of work, so that none takes the threads of another."""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import wrap_future
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TypeVar

from starlette.requests import Request
from starlette.types import Receive

from api.fair_pool import FairPool
from api.settings import Settings
from projections.ration import Ration
from workflows.procedure.gate import stopped

watch_after_seconds = 0.1
"""What is answered sooner is not worth asking whether the client is still there."""
look_seconds = 0.5

Result = TypeVar("Result")


class Lanes:
    """The lanes of one server. Keys take turns in each; in the long ones a key has one request at a
    time."""

    def __init__(self, settings: Settings) -> None:
        waiting = settings.waiting_requests_max, settings.waiting_requests_per_key_max
        long = settings.as_of_waiting_requests_max, settings.as_of_waiting_requests_per_key_max
        queries, mutations = settings.query_threads, settings.mutation_threads
        self.queries = FairPool("suivi-query", queries, *waiting, "read", queries)
        """Plain reads that answer with little."""
        self.preparing = FairPool("suivi-prepare", 1, *waiting, "prepare")
        """Documents and variables made ready, where they are new or large."""
        self.large = FairPool("suivi-large", settings.large_threads, *waiting, "read much")
        """Plain reads that may answer with much."""
        self.mutations = FairPool("suivi-mutation", mutations, *waiting, "write", mutations)
        """Mutations, which spend their time waiting for a commit they share."""
        self.look_backs = FairPool("suivi-look-back", settings.as_of_threads, *long, "look back")
        """The record as it was."""
        self.what_ifs = FairPool("suivi-what-if", settings.what_if_threads, *long, "ask what if")
        """Walks through procedures, and histories retold."""
        self.exports = FairPool("suivi-export", settings.export_threads, *long, "export")
        """Files made of the record."""
        self.plots = FairPool("suivi-plot", settings.plot_threads, *long, "plot")
        """Pictures of figures."""
        self.uploads = FairPool("suivi-upload", settings.upload_threads, *waiting, "store files", 2)
        """Bytes of files, in and out: they wait for the disk."""

    def close(self) -> None:
        """Ends the threads, after what is running; what waits is not begun."""
        for lane in vars(self).values():
            if isinstance(lane, FairPool):
                lane.close()


async def in_lane(
    lane: FairPool,
    client: Hashable,
    act: Callable[[], Result],
    request: Request,
    ration: Ration | None = None,
) -> Result:
    """What `act` returns, run in a lane. With a ration it ends when its time is up or its client
    has gone; without one it runs to its end. Returns or raises only when it has ended."""
    in_this_request = contextvars.copy_context().run

    def run() -> Result:
        if ration is None:
            return act()
        ration.begin()
        try:
            return act()
        except Exception:
            # Whatever it was in when it was interrupted: the reason is the ration's.
            ration.check()
            raise

    future = wrap_future(lane.submit(client, lambda: in_this_request(run)))
    try:
        if ration is not None:
            done, _ = await asyncio.wait((future,), timeout=watch_after_seconds)
            if not done:
                await _watch(future, request, ration)
        return await future
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # It was not begun: nobody waited for it any more, or the server ends.
        raise (None if ration is None else ration.refused) or stopped() from None
    finally:
        if ration is not None and not future.done():
            ration.end()


async def _watch(future: asyncio.Future[Result], request: Request, ration: Ration) -> None:
    """Waits for what runs, and ends it when it is to end."""
    hanging_up = asyncio.ensure_future(gone(request.receive))
    try:
        while not future.done():
            await asyncio.wait((future, hanging_up), timeout=look_seconds)
            if hanging_up.done() or ration.is_over():
                # A statement is cancelled over the network: not in the loop.
                await asyncio.to_thread(ration.end)
                if hanging_up.done():
                    future.cancel()  # if it has not begun
                await asyncio.wait((future,), timeout=look_seconds)
    finally:
        hanging_up.cancel()
        with suppress(asyncio.CancelledError):
            await hanging_up


async def gone(receive: Receive) -> None:
    """Returns when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
