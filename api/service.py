"""The composition root: the parts of one running Suivi, put together in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from api.import_jobs import ImportJobs
from api.known_keys import KnownKeys
from api.lanes import Lanes
from api.quota import Quota
from api.readiness import Readiness
from api.settings import Settings, files_folder
from domain import credential, vocabulary
from domain.effects import Instant
from domain.recommendation import Recommendation
from domain.recommendation.elements import Alias
from domain.refusals import Refusal, Unavailable
from domain.scope import Scope, everything
from projections import credentials, recommendations, register, timers
from projections.feed import Feed, FeedStopped, LogWentBack
from projections.ration import Ration
from projections.standpoints import Standpoints
from projections.views import Views
from workflows import erasing, keys
from workflows.access import Principal
from workflows.clock import Clock, machine_clock
from workflows.desk import Desk
from workflows.files import Files
from workflows.log import Log
from workflows.procedure.gate import stopped
from workflows.publishing import Drafts
from workflows.worker import Claimed, Worker

authenticating_threads = 2
"""Which nothing else takes: whoever comes is known at once, whatever runs. Keys that are not known
have a thread of their own (`finding`), for they wait until the views hold all that was granted."""

log_line = structlog.get_logger("suivi.service")


class Service:
    """The log, the views fed from it, and the desk that writes to it."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock = machine_clock,
        wake_feeder: Callable[[], None] | None = None,
    ) -> None:
        self.settings = settings
        self.log = Log(settings.database_url)
        self.views = Views(self.log.url)
        self.feed = Feed(self.log, self.views, wake_feeder=wake_feeder)
        self.desk = Desk(self.log, clock, self._speaks_for)
        self.stopping = Event()
        self.drafts = Drafts(self.desk.procedures, self.stopping.is_set)
        folder = files_folder(settings, self.log.url)
        self.files = Files(self.desk, folder, settings.file_bytes_max)
        self.quota = Quota(
            self.log, self.views.snapshot, settings.files_bytes_max, settings.key_files_bytes_max
        )
        self.standpoints = Standpoints(
            self.log, settings.as_of_events_max, settings.as_of_memory_bytes_max
        )
        self.lanes = Lanes(settings)
        self.keys = KnownKeys(self._granted)
        self.authenticating = ThreadPoolExecutor(authenticating_threads, "suivi-authenticating")
        self.finding = ThreadPoolExecutor(1, "suivi-finding")
        self.imports = ImportJobs(self.desk, self, self.wait_for)
        self.worker = Worker(self.desk, self, settings.timers_lease_seconds)
        self.readiness = Readiness(self.log, self.views, self.feed, settings, self._disks(folder))
        self._waiting = ThreadPoolExecutor(1, "suivi-wait")
        self._firing: Thread | None = None
        self._mending = Thread(target=self._mend, name="suivi-erase", daemon=True)
        if misshapen := self.views.misshapen():
            self.feed.rebuild(names=misshapen)
        self.feed.agree()

    def _disks(self, files: Path) -> Iterator[Path]:
        if self.views.is_sqlite:
            yield Path(self.log.url.database or "").absolute().parent
        yield files.absolute()

    def principal(self, key: str) -> Principal | None:
        """Whom a key belongs to, None if it is unknown or revoked. Raises Unavailable where the log
        went back: what it acknowledges then would be given away twice."""
        self.serve_no_older_log()
        id = self.keys.find(key)
        # Views only say where to look. The log has the last word: a revocation counts from its
        # commit on, and whoever can write to the views gains no key by that.
        now = None if id is None else self.log.load(id, credential.fold)
        if now is None or now.revoked or now.sha256 != keys.digest(key):
            return None
        return keys.principal_of(now)

    def _granted(self) -> dict[str, UUID]:
        """The ids of all keys by digest, as of now."""
        self._catch_up()
        try:
            with self.views.snapshot() as (connection, _):
                return credentials.ids_by_digest(connection)
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error

    def ration(self, seconds_max: float | None = None) -> Ration:
        """What one request may do; `seconds_max`: for how long, without an end if None."""
        settings = self.settings
        return Ration(
            standpoints_max=settings.as_of_standpoints_max,
            events_max=settings.as_of_events_max,
            rows_max=settings.request_rows_max,
            objects_max=settings.answer_objects_max,
            seconds_max=seconds_max,
            stopped=lambda: stopped() if self.stopping.is_set() else None,
        )

    def serve_no_older_log(self) -> None:
        """Raises Unavailable where the log is not the one that the views were made of."""
        if isinstance(self.feed.stopped, LogWentBack):
            raise Unavailable(str(self.feed.stopped))

    def _speaks_for(self, addressee: str, institution: str) -> bool:
        """Whether somebody holds a key that speaks for an institution."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            return any(
                held.holder.institution == institution
                and not held.revoked
                and addressee in held.holder.addressees
                for held in credentials.all_credentials(connection)
            )

    def find_aliases(
        self, wanted: Sequence[tuple[str, Alias]]
    ) -> dict[tuple[str, str, str, str], UUID]:
        """Which recommendation of an addressee goes by which alias, as of now."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            return recommendations.find_aliases(connection, wanted)

    def find_bearers(
        self, wanted: Sequence[tuple[str, Alias]]
    ) -> dict[tuple[str, str, str, str], list[UUID]]:
        """All recommendations of an addressee that go by an alias, as of now."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            return recommendations.find_bearers(connection, wanted)

    def held_in_review(self, scope: Scope, review: UUID) -> list[Recommendation]:
        """The recommendations of a review, as of now."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            return recommendations.held_in_review(connection, scope, review)

    def vocabulary(self, name: str) -> vocabulary.Vocabulary | None:
        """A vocabulary with its shipped and its published versions, as of now."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            row = register.vocabularies.by_id(connection, everything, vocabulary.stream(name))
        return vocabulary.with_published(vocabulary.shipped().get(name), row.state if row else None)

    def held_by_others(self, scope: Scope, review: UUID, format: str) -> list[Recommendation]:
        """The recommendations of a review that came otherwise than from files of this format."""
        with self.views.snapshot() as (connection, _):
            return recommendations.held_by_others(connection, scope, review, format)

    def held_under(self, scope: Scope, scheme: str, addressee: str) -> dict[str, Recommendation]:
        """The recommendations of an addressee that go by a name of this scheme, by that name."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            return recommendations.held_under(connection, scope, scheme, addressee)

    def paragraphs_of(self, scope: Scope, symbol: str, addressee: str) -> dict[str, UUID]:
        """The recommendations of an addressee that one document holds, by paragraph number."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            return recommendations.paragraphs_of(connection, scope, symbol, addressee)

    def wait_for(self, log_index: int) -> bool:
        """True once the views hold the entry at `log_index`; False when that can't be, or takes
        longer than the settings allow, whatever it is that holds the views up."""
        seconds = self.settings.wait_seconds_max
        waiting = self._waiting.submit(self.feed.wait_for, log_index, seconds)
        try:
            return waiting.result(seconds)
        except TimeoutError:
            waiting.cancel()
        except (SQLAlchemyError, Unavailable) as error:
            log_line.warning("the views can't be used now", why=_said(error))
        return False

    # -- what is due

    def claim(self, now: Instant, most: int, lease_seconds: float) -> list[Claimed]:
        """Claims cases that are due, for a worker."""
        try:
            with self._timers() as connection:
                leases = timers.claim(connection, now, most, lease_seconds)
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error
        return [Claimed(*lease) for lease in leases]

    def release(self, claimed: Sequence[Claimed]) -> None:
        """Gives cases back that a worker had claimed."""
        try:
            with self._timers() as connection:
                timers.release(connection, [timers.Lease(*case) for case in claimed])
        except SQLAlchemyError as error:
            log_line.warning("claims run out by themselves", why=_said(error))

    def advance(self) -> None:
        """Brings the views up to the log."""
        self._catch_up()

    @contextmanager
    def _timers(self) -> Iterator[Connection]:
        """A connection for one statement; on PostgreSQL in no transaction, so that a worker who
        stands still holds no row."""
        options: dict[str, Any] = {"writes": True}
        if not self.views.is_sqlite:
            options = {"isolation_level": "AUTOCOMMIT"}
        generation = self.views.current()
        with generation.engine.execution_options(**options).begin() as connection:
            yield connection

    def _catch_up(self) -> None:
        try:
            self.feed.advance()
        except (FeedStopped, SQLAlchemyError) as error:
            raise self._unavailable(error) from error

    @staticmethod
    def _unavailable(error: Exception) -> Unavailable:
        if isinstance(error, LogWentBack):
            return Unavailable(str(error))
        # What the store's driver says names hosts and statements: for the log, not for callers.
        log_line.warning("the views can't be used now", why=_said(error))
        return Unavailable("The views can't be read or brought up to date now; try again.")

    def erase_again(self) -> int:
        """Deletes what entries say was erased and is there all the same, as after a crash: how many
        texts and files."""
        self._catch_up()
        with self.views.snapshot() as (connection, _):
            texts = [
                commitment
                for held in register.erasures.all(connection, everything)
                for commitment in held.commitments
            ]
            gone = register.files.table.c.status == "erased"
            erased = [held.id for held in register.files.all(connection, everything, [gone])]
        return erasing.erase_again(self.log, self.files, texts, erased)

    def start(self) -> None:
        """Feeds in the background, deletes what an erasure left behind when it broke off, and fires
        what is due where the settings say so."""
        self.feed.start()
        self._mending.start()
        if self.settings.serve_timers:
            self._firing = Thread(target=self.worker.run, name="suivi-timers", daemon=True)
            self._firing.start()

    def _mend(self) -> None:
        try:
            if done := self.erase_again():
                log_line.warning("deleted what was erased and still there", texts_and_files=done)
        except (Refusal, SQLAlchemyError, OSError) as problem:
            log_line.warning("what was erased may still be there", why=_said(problem))

    def stop(self) -> None:
        """Ends soon what takes long: the worker after its turn, walks and retellings at once."""
        self.stopping.set()
        self.worker.stop()

    def close(self) -> None:
        """Stops the feed and the worker, and closes every connection."""
        self.stop()
        if self._firing is not None:
            self._firing.join()
        if self._mending.is_alive():
            self._mending.join()
        self.imports.close()
        self._waiting.shutdown()
        self.feed.stop()
        self.authenticating.shutdown()
        self.finding.shutdown()
        self.lanes.close()
        self.standpoints.close()
        self.views.close()
        self.log.close()


def _said(error: Exception) -> str:
    """What an error says, without the statement that SQLAlchemy adds."""
    return str(getattr(error, "orig", error))
