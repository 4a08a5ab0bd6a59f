"""Imports that run in the background: started over GraphQL, followed until their receipt is there.

The record has the run (`importRuns`); a job is what this process knows of it while it runs, and of
runs that recorded nothing. Whoever loses sight of one sends the same command again: an import that
was recorded is not news.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import structlog

from api.fair_pool import FairPool
from domain.refusals import CommandReused, NotFound, Refusal
from workflows.access import Principal
from workflows.desk import Desk
from workflows.log import REUSED

if TYPE_CHECKING:
    from workflows.importing import Format, Lookups, Options, Receipt

jobs_kept_max = 200
receipts_bytes_max = 50_000_000
waiting_max = 16
waiting_per_key_max = 4

log_line = structlog.get_logger("suivi.imports")


class JobStatus(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"
    """other imports run first"""
    RUNNING = "running"
    """it reads or records"""
    COMPLETED = "completed"
    """it came to its end: see `receipt`"""
    FAILED = "failed"
    """it broke off: see `code` and `message`"""


class Job:
    """An import under way: what it is doing, how much of it is done, and in the end its receipt,
    or why there is none."""

    def __init__(self, id: UUID, principal: Principal) -> None:
        self.id = id
        self.holder = principal.holder
        self.visibilities = principal.scope.visibilities
        self.status = JobStatus.WAITING
        self.doing = ""
        self.done = 0
        self.total = 0
        self.receipt: Receipt | None = None
        self.receipt_bytes = 0
        self.code: str | None = None
        self.message: str | None = None

    def is_for(self, principal: Principal) -> bool:
        """True if a principal may know of it: its holder, by a key that reads what its key read."""
        return self.holder == principal.holder and self.visibilities <= principal.scope.visibilities

    def tell(self, doing: str, done: int, total: int) -> None:
        self.doing, self.done, self.total = doing, done, total


class ImportJobs:
    """Runs imports one after the other; keys take turns."""

    def __init__(self, desk: Desk, lookups: Lookups, wait_for: Callable[[int], bool]) -> None:
        self._wait_for = wait_for
        self._desk = desk
        self._lookups = lookups
        self._lane = FairPool("suivi-import", 1, waiting_max, waiting_per_key_max, "import")
        self._door = threading.Lock()
        self._jobs: OrderedDict[UUID, Job] = OrderedDict()

    def start(
        self,
        id: UUID,
        principal: Principal,
        path: Path,
        format: Format,
        options: Options,
        *,
        dry_run: bool,
    ) -> Job:
        """Starts an import, or gives the job started under this id; refuses an id under which a key
        of the same holder started one that this key may not know of. Busy where too many wait."""
        with self._door:
            if id in self._jobs:
                if not self._jobs[id].is_for(principal):
                    raise CommandReused(REUSED)
                return self._jobs[id]
            job = Job(id, principal)
            run = partial(self._run, job, principal, path, format, options, dry_run)
            self._lane.submit(principal.key, run)
            self._jobs[id] = job
            self._let_go()
        return job

    def _let_go(self) -> None:
        """Lets go of the jobs begun first, where there are too many or their receipts too large."""
        held = sum(job.receipt_bytes for job in self._jobs.values())
        while len(self._jobs) > jobs_kept_max or (
            held > receipts_bytes_max and len(self._jobs) > 1
        ):
            held -= self._jobs.popitem(last=False)[1].receipt_bytes

    def find(self, id: UUID, principal: Principal) -> Job:
        """A job that this key's holder started, by a key that reads no more; NotFound where this
        process knows none."""
        job = self._jobs.get(id)
        if job is None or not job.is_for(principal):
            raise NotFound("This server knows no such import; see `importRuns`.")
        return job

    def _run(
        self,
        job: Job,
        principal: Principal,
        path: Path,
        format: Format,
        options: Options,
        dry_run: bool,
    ) -> None:
        from workflows.importing import Import  # only where something is imported

        job.status = JobStatus.RUNNING
        try:
            job.receipt = Import(self._desk, self._lookups, principal).run(
                path, options, format=format, dry_run=dry_run, progress=job.tell, batch=job.id
            )
            job.receipt_bytes = len(msgspec.json.encode(job.receipt))
            with self._door:
                self._let_go()
            if job.receipt.events:
                self._wait_for(self._desk.log.size - 1)
            job.status = JobStatus.COMPLETED
        except Refusal as refusal:
            job.code, job.message = refusal.code, refusal.message
            job.status = JobStatus.FAILED
        except Exception as fault:
            log_line.error("fault in an import", job=str(job.id), exc_info=fault)
            job.code = "INTERNAL"
            job.message = "Something went wrong on our side; it has been logged."
            job.status = JobStatus.FAILED

    def close(self) -> None:
        """Ends after what is running; what waits is not begun."""
        self._lane.close()
