"""What can be asked is what was recorded: fed once, rebuilt alike, paged whole, seen by right."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as all_examples
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    make_url,
    select,
)
from sqlalchemy import event as engine_event
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from domain import casework, credential
from domain.absence import Absences
from domain.adoptions import Adoptions
from domain.aggregates import BY_EVENT
from domain.calendar import OwnCalendar
from domain.credential import Holder
from domain.entry import AuthorityKind, Entry, Event, Visibility, protected_texts
from domain.erasure import Erasure
from domain.identity import natural_order, normal_paragraph, normal_symbol
from domain.import_run import ImportRun
from domain.institution import Institution
from domain.match import Match
from domain.measure import Measure
from domain.person import Person
from domain.progress_report import ProgressReport
from domain.recommendation import Recommendation
from domain.recommendation.assignment import AssignmentHandedOver
from domain.refusals import InvalidInput, Unavailable
from domain.review import Review
from domain.scope import Scope, everything
from domain.stored_file import StoredFile
from domain.vocabulary import Vocabulary
from domain.words import Kind, LinkType, Mechanism, Position, Stage
from domain.workflow_definition import PublishedDefinition
from projections import (
    credentials,
    feed,
    figures,
    history,
    recommendations,
    refilled,
    register,
    standing,
    tables,
    views,
)
from projections.audiences import Audience
from projections.feed import Feed, FeedStopped
from projections.recommendations import Order, Row, Where, page_size_max
from projections.views import Views
from tests import naive, postgres, stores
from tests.given import (
    INSTITUTIONS,
    MANDATE,
    Given,
    any_history,
    any_recommendations,
    classified,
    decreed,
    drafted,
    given,
    linked,
    noted,
    offered,
    planned,
    principal,
    received,
    renumbered,
    stamp,
    supported,
    term,
)
from tests.length import times
from tests.server import until
from tests.test_log import Store
from workflows.access import Role
from workflows.exporting import json_lines
from workflows.log import Log
from workflows.procedure.shipped import shipped


class Place(NamedTuple):
    """One log with its views."""

    url: str
    log: Log
    views: Views
    feed: Feed

    def record(self, *entries: Entry) -> None:
        command = f"c-{self.log.size}"
        self.log.append(command, command.encode(), entries)

    def told(self) -> list[tuple[Recommendation, Audience]]:
        """What each audience is told of each recommendation."""
        c = tables.recommendation.c
        with self.views.snapshot() as (connection, _):
            found = connection.execute(select(c.state, c.levels, c.institutions)).all()
        return [
            (
                msgspec.json.decode(state, type=Recommendation),
                Audience(levels, tuple(filter(None, named.split("\x1f")))),
            )
            for state, levels, named in found
        ]

    def rows(self) -> list[Row]:
        with self.views.snapshot() as (connection, _):
            where, found = Where(), []
            page = recommendations.page(connection, everything, where, first=page_size_max)
            while True:
                found.extend(page.rows)
                if not page.has_next:
                    return found
                after = page.cursors[-1]
                page = recommendations.page(
                    connection, everything, where, first=page_size_max, after=after
                )


@contextmanager
def place(url: str) -> Iterator[Place]:
    log = Log(stores.copied(url))
    views_ = Views(log.url)
    yield Place(url, log, views_, Feed(log, views_))
    views_.close()
    log.close()


Fresh = Callable[[], Any]


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """Makes a new place in SQLite, as often as asked."""
    folder = tmp_path_factory.mktemp("views")
    numbers = itertools.count(1)
    return lambda: place(f"sqlite:///{folder / str(next(numbers)) / 'suivi.db'}")


@pytest.fixture(scope="session")
def on_postgresql(postgres_server: postgres.Server) -> Fresh:
    """Makes a new place in PostgreSQL, as often as asked."""

    @contextmanager
    def fresh() -> Iterator[Place]:
        with postgres_server.store(stores.make) as url, place(url) as made:
            yield made

    return fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Fresh:
    made: Fresh = request.getfixturevalue(f"on_{request.param}")
    return made


@pytest.fixture
def here(fresh: Fresh) -> Iterator[Place]:
    with fresh() as made:
        yield made


# --- Made histories ------------------------------------------------------------------------------


def everything_in(views_: Views) -> dict[str, Any]:
    """What every table of the current views holds, and how many entries of the log it is."""
    with views_.snapshot() as (connection, held):
        return {"held": held, **contents(connection)}


def contents(connection: Connection) -> dict[str, Any]:
    """What every table of these views holds, how far they have come aside."""
    found: dict[str, Any] = {}
    for view in tables.VIEWS.values():
        found |= refilled.contents(connection, view)
        del found[f"{view.name}_head"]
    return found


def as_told(r: Recommendation, log_index: int, recorded_at: str) -> dict[str, Any]:
    """A row of the view in the words of the naive reader."""
    return {
        "addressee": r.addressee,
        "kind": r.kind,
        "mechanism": r.mechanism,
        "body": r.body,
        "cycle": r.cycle,
        "visibility": r.visibility,
        "version": r.version,
        "log_index": log_index,
        "recorded_at": recorded_at,
        "parts": [(p.id, [x.printed for x in p.recommenders]) for p in r.parts],
        "text": {language: r.text(language) for language in r.texts},
        "paragraph": r.paragraph,
        "names": [(a.scheme, a.value, a.paragraph) for a in r.aliases],
        "terms": sorted(held.term.key for held in r.terms),
        "position": r.position,
        "assignments": [
            (a.id, a.institution, a.capacity, a.status, a.part)
            for a in sorted(r.assignments, key=lambda a: a.id)
        ],
        "progress": sorted((p.id, p.status) for p in r.progress),
        "links": [(link.id, link.type, str(link.to)) for link in r.links],
        "duplicate_of": str(r.duplicate_of) if r.duplicate_of else None,
        "closed": r.closed,
        "continued_into": r.continued_into,
        "answer_due": r.answer_due,
        "follow_up_due": r.follow_up_due,
        "assessments": [(a.assessor, a.common) for a in r.assessments],
        "stage": r.stage,
        "states": r.states,
        "amounts to": r.states,
        "suspended": r.suspended is not None,
        "deadlines": {
            held.deadline: (
                held.generation,
                held.due,
                held.status.value,
                held.reminded,
                held.escalated,
            )
            for held in r.deadlines
        },
        "tasks": {
            held.task: {claim.institution: claim.actor for claim in held.claims} for held in r.tasks
        },
    }


AS_REGISTERED: dict[type, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    Review: (
        "review",
        lambda s: {
            "status": s.status,
            "adopted": None if s.adopted is None else s.adopted.order,
            "documents": [document.symbol for document in s.documents],
            "session": s.session,
            "answers_due": s.answers_due,
            "decision": s.decision,
        },
    ),
    Measure: (
        "measure",
        lambda s: {
            "code": s.code,
            "plan": s.plan,
            "kind": s.kind,
            "preventive": s.preventive,
            "texts": {language: text.title for language, text in s.texts.items()},
            "status": s.status,
            "starts": s.starts,
            "ends": s.ends,
            "who": {r.institution: r.capacity for r in s.current},
            "links": sorted(((str(link.to), link.part) for link in s.links), key=str),
        },
    ),
    Institution: (
        "institution",
        lambda s: {
            "status": s.status,
            "code": s.code,
            "successors": list(s.successors),
            "names": s.names,
            "parent": s.parent,
            "moved": [
                (m.on, m.to, m.competence, [(t.vocabulary, t.code) for t in m.terms])
                for m in s.transfers
            ],
        },
    ),
    ProgressReport: (
        "progress-report",
        lambda s: {
            "status": s.status,
            "title": s.title,
            "covers": [str(id) for id in s.covers],
            "evidence": [str(held.file) for held in s.evidence],
        },
    ),
    StoredFile: (
        "file",
        lambda s: {"size": s.size, "media_type": s.media_type, "erased": s.erased},
    ),
    ImportRun: (
        "import-run",
        lambda s: {
            "status": s.status,
            "counts": [(count.name, count.value) for count in s.counts],
            "unreadable_rows": s.unreadable_rows,
            "missing": s.missing,
            "code": s.code,
        },
    ),
    Match: (
        "match",
        lambda s: {
            "status": s.status,
            "key": (s.scheme, s.key),
            "batch": str(s.batch) if s.batch else None,
            "candidates": [str(c.recommendation) for c in s.candidates],
            "to": str(s.to) if s.to else None,
            "score": s.score,
        },
    ),
    Vocabulary: (
        "vocabulary",
        lambda s: {
            "name": s.name,
            "versions": {v: [term.code for term in c.terms] for v, c in s.versions.items()},
            "mapped": {(key[0], key[2]): m.relation for key, m in s.mappings.items()},
        },
    ),
    PublishedDefinition: ("definition", lambda s: {"name": s.name, "sha256": s.sha256}),
    Adoptions: (
        "procedure",
        lambda s: {
            "counts": {
                one: held.sha256
                for held in s.adopted
                for one in (*held.mechanisms, *held.kinds, *held.aggregates)
            }
        },
    ),
    Absences: (
        "absence",
        lambda s: {
            "away": {
                held.version: (held.absent, held.substitute, held.since, held.until)
                for held in s.declared
            }
        },
    ),
    Person: (
        "person",
        lambda s: {"of": (s.institution, s.person), "registered": s.registered},
    ),
    Erasure: (
        "texts",
        lambda s: {
            "entry": s.erased_entry,
            "stream": str(s.erased_stream),
            "gone": list(s.commitments),
        },
    ),
    OwnCalendar: (
        "calendar",
        lambda s: {
            "timezone": s.timezone,
            "subdivision": s.subdivision,
            "off": {off.day: off.name for off in s.days_off},
            "worked": list(s.working_days),
            "weekend": list(s.weekend),
        },
    ),
}
"""Type → the naive reader's word for it, and its state in the naive reader's words."""


def as_registered(connection: Connection) -> dict[str, dict[str, Any]]:
    """The register and the credentials, in the words of the naive reader."""
    found: dict[str, dict[str, Any]] = {"credential": {}}
    for shelf in register.SHELVES:
        name, words = AS_REGISTERED[shelf.type]
        found[name] = {}
        for row in shelf.page(connection, everything, first=register.page_size_max).rows:
            s = row.state
            told = {"addressee": s.addressee, "version": s.version, **words(s)}
            if shelf.type is not Vocabulary:
                told |= {"visibility": s.visibility, "institution": s.institution}
            found[name][str(s.id)] = told
    for held in credentials.all_credentials(connection):
        found["credential"][str(held.id)] = {
            "addressee": "",
            "version": held.version,
            "sha256": held.sha256,
            "role": held.holder.role,
            "revoked": held.revoked,
        }
    return found


def exported(log: Log) -> list[naive.Row]:
    return [json.loads(line) for line in json_lines(log)]


def assert_agrees(there: Place) -> None:
    """The views say what the naive reader reads in the exported rows."""
    rows = exported(there.log)
    at = {row["log_index"]: row["recorded_at"] for row in rows}
    told = {
        str(row.state.id): as_told(row.state, row.log_index, at[row.log_index])
        for row in there.rows()
    }
    assert told == naive.what_stands(rows)
    with there.views.snapshot() as (connection, _):
        assert as_registered(connection) == naive.what_is_registered(rows)
        covers = {
            (UUID(hex=report), UUID(hex=covered))
            for report, covered in connection.execute(select(tables.SEVERAL["report_cover"])).all()
        }
        reports = naive.what_is_registered(rows)["progress-report"]
        assert covers == {(UUID(id), UUID(one)) for id, r in reports.items() for one in r["covers"]}


def switched(views_: Views, names: Iterable[str]) -> None:
    """Makes empty generations of some views the current ones."""
    engine = views_.current().engine.execution_options(writes=True)
    with engine.begin() as connection:
        beside = views_.begin_next(names)
        views_.switch(connection, beside)
    beside.engine.dispose()


def fed_otherwise(there: Place, batch: int) -> dict[str, Any]:
    """The views as they are when they are fed anew in batches of this size."""
    switched(there.views, tables.VIEWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "batch_entries_max", batch)
        assert there.feed.advance() == there.log.size
    return everything_in(there.views)


# --- Fed once ------------------------------------------------------------------------------------

MADE = (st.randoms(use_true_random=False), st.integers(1, 4), st.integers(0, 60))


def _however_it_is_fed(fresh: Fresh, random: Random, streams: int, steps: int) -> None:
    with fresh() as there:
        for entries in any_history(random, streams, steps):
            there.record(*entries)
            there.feed.advance()
        as_it_came = everything_in(there.views)
        assert_agrees(there)
        assert fed_otherwise(there, 1) == as_it_came
        assert fed_otherwise(there, 7) == as_it_came
        there.feed.rebuild()
        assert everything_in(there.views) == as_it_came


@settings(max_examples=times(5, long=50))
@all_examples(*MADE)
def test_however_it_is_fed_the_views_are_the_same_on_sqlite(
    on_sqlite: Fresh, random: Random, streams: int, steps: int
) -> None:
    _however_it_is_fed(on_sqlite, random, streams, steps)


@settings(max_examples=times(2, long=15))
@all_examples(*MADE)
def test_however_it_is_fed_the_views_are_the_same_on_postgresql(
    on_postgresql: Fresh, random: Random, streams: int, steps: int
) -> None:
    _however_it_is_fed(on_postgresql, random, streams, steps)


def met_in(history: list[list[Entry]]) -> set[type[Event]]:
    return {type(entry.event) for entries in history for entry in entries}


OF_A_CASE_BESIDE = (casework.Suspended, casework.Resumed, casework.Remarked)
NOT_WALKED = {
    *(casework.IncidentRaised, casework.TimersRetried, casework.SetBack),
    *(casework.DeadlineSuspended, casework.DeadlineResumed, casework.Approved),
    *(own for event, own in Measure.own_events.items() if event not in OF_A_CASE_BESIDE),
}
"""Events that no random history has yet: tests/test_clock_and_people.py is about them."""


@pytest.mark.endurance
@pytest.mark.parametrize(
    "fresh",
    # In `make check` shorter histories are fed to PostgreSQL, by the two tests above.
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.endurance(only=True))],
    indirect=True,
)
def test_a_long_history_of_every_event_agrees_with_the_naive_reader(here: Place) -> None:
    histories = (any_history(Random(seed), 30, times(2_500, long=4_000)) for seed in range(10, 60))
    walked = set(BY_EVENT) - NOT_WALKED
    history = next(one for one in histories if met_in(one) == walked)
    for entries in history:
        here.record(*entries)
    here.feed.advance()
    assert_agrees(here)


def test_new_views_wait_for_the_process_that_makes_them_at_the_same_time(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path / 'suivi.db'}")
    other = sqlite3.connect(
        tmp_path / "suivi-views.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor() as threads:
        opening = threads.submit(Views, url)
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.1)
        other.execute("COMMIT")
        opening.result(timeout=30).close()
    other.close()


def test_two_feeds_at_once_apply_each_entry_once(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "batch_entries_max", 3)
    with_own_views = Views(here.log.url)
    feeds = [here.feed, Feed(here.log, here.views), Feed(here.log, with_own_views)]
    ended = threading.Event()
    failures: list[BaseException] = []

    def run(one: Feed) -> None:
        try:
            while not ended.is_set():
                one.advance()
            one.advance()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(one,)) for one in feeds]
    for thread in threads:
        thread.start()
    for entries in any_history(Random(3), 8, 200):
        here.record(*entries)
    ended.set()
    for thread in threads:
        thread.join()
    with_own_views.close()
    assert not failures, failures
    assert_agrees(here)
    before = everything_in(here.views)
    here.feed.rebuild()
    assert everything_in(here.views) == before


def test_a_feed_waits_for_the_process_that_feeds(here: Place) -> None:
    woken: list[bool] = []
    follower = Feed(here.log, here.views, wake_feeder=lambda: woken.append(True))
    for entries in any_history(Random(5), 2, 12):
        here.record(*entries)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(follower.advance)
        until(lambda: bool(woken))
        with here.views.snapshot() as (_, held):
            assert held == 0, "it wrote nothing itself"
        assert not waiting.done()
        assert here.feed.advance() == waiting.result(timeout=30) == here.log.size
    assert woken == [True]
    assert follower.advance() == here.log.size
    assert woken == [True], "who has nothing to wait for wakes nobody"
    assert_agrees(here)


def test_a_feed_feeds_where_the_process_that_should_does_not(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "others_seconds_max", 0.05)
    follower = Feed(here.log, here.views, wake_feeder=lambda: None)
    for entries in any_history(Random(5), 2, 12):
        here.record(*entries)
    assert follower.advance() == here.log.size
    assert_agrees(here)


def test_a_background_feed_that_is_woken_looks_at_once(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "poll_seconds", 3_600)
    here.feed.start()
    try:
        for entries in any_history(Random(5), 2, 12):
            here.record(*entries)
        follower = Feed(here.log, here.views, wake_feeder=here.feed.wake)
        assert follower.advance() == here.log.size
        assert not follower._states, "it folded nothing itself"
    finally:
        here.feed.stop()


@pytest.mark.parametrize(
    "statement", ["UPDATE search_head", "INSERT INTO recomm", "INSERT INTO figure"]
)
def test_a_feed_that_crashed_in_a_batch_goes_on_where_the_batch_began(
    here: Place, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr(feed, "batch_entries_max", 5)
    for entries in any_history(Random(9), 3, 60):
        here.record(*entries)
    crashes = iter([False, False, True, False, True])

    def crash(connection: Any, cursor: Any, said: str, *_: Any) -> None:
        if said.startswith(statement) and next(crashes, False):
            raise OperationalError(said, None, Exception("the power went"))

    generation = here.views.current()
    engine_event.listen(generation.engine, "before_cursor_execute", crash)
    for _ in range(3):
        try:
            Feed(here.log, here.views).advance()
        except OperationalError:
            with here.views.snapshot() as (connection, held):
                assert held % 5 == 0
                assert len(contents(connection)["recommendation"]) <= held
    engine_event.remove(generation.engine, "before_cursor_execute", crash)
    assert Feed(here.log, here.views).advance() == here.log.size
    assert_agrees(here)


def test_who_slept_through_rebuilds_reads_and_feeds_what_is_current(here: Place) -> None:
    """Other processes rebuilt, and dropped what this one read last; after one rebuild it is there
    still, and after two it is gone."""
    for rebuilds in (1, 2):
        asleep = Views(here.log.url)
        try:
            feed_asleep = Feed(here.log, asleep)
            feed_asleep.advance()
            for _ in range(rebuilds):
                here.feed.rebuild(names=["figures"])
            here.record(received(str(rebuilds)))
            if rebuilds == 1:
                assert feed_asleep.advance() == here.log.size
            here.feed.advance()
            with asleep.snapshot() as (connection, held):
                assert held == here.log.size
                assert len(contents(connection)["recommendation"]) == here.log.size
            for _ in range(rebuilds):
                here.feed.rebuild(names=["figures"])
            here.record(received(f"{rebuilds}0"))
            assert feed_asleep.advance() == here.log.size
            with here.views.snapshot() as (_, held):
                assert held == here.log.size
        finally:
            asleep.close()


def test_views_that_stay_at_different_entries_answer_nobody_until_the_feed_can_write(
    on_sqlite: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that fails between two files, as on a full disk."""
    monkeypatch.setattr(views, "torn_seconds_max", 0.1)
    with on_sqlite() as here:
        here.record(received())
        here.feed.advance()
        here.record(received("7"))
        generation = here.views.current()
        with generation.engine.execution_options(writes=True).begin() as connection:
            behind = generation.heads(connection).keys() - {"figures"}
            generation.move(connection, behind, 2)
        with pytest.raises(Unavailable, match="different entries"), here.views.snapshot():
            pass
        began = time.monotonic()
        with pytest.raises(Unavailable, match="different entries"), here.views.snapshot():
            pass
        assert time.monotonic() - began < views.torn_seconds_max, "it is known by now"
        assert here.feed.advance() == 2
        with here.views.snapshot() as (_, held):
            assert held == 2


@pytest.mark.slow
def test_write_ahead_logs_stay_short_where_there_is_always_somebody_who_reads(
    on_sqlite: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "checkpoint_pages", 20)
    monkeypatch.setattr(views, "journal_bytes_max", 400_000)
    monkeypatch.setattr(views, "shortened_seconds_apart", 0.0)
    longest, ending = 0, threading.Event()
    with on_sqlite() as here, ThreadPoolExecutor(2) as pool:

        def read(last: threading.Event, mine: threading.Event) -> None:
            while not ending.is_set():
                with here.views.snapshot() as (connection, _):
                    last.wait(1)  # the other one has begun to read, too
                    last.clear()
                    connection.execute(select(tables.recommendation.c.id)).all()
                    mine.set()

        files = Path(here.log.url.database or "").parent.glob("*-1.db")
        journals = [file.with_name(f"{file.name}-wal") for file in files]
        one, other = threading.Event(), threading.Event()
        reading = [pool.submit(read, one, other), pool.submit(read, other, one)]
        one.set()
        try:
            for number in range(150):
                here.record(received(f"{number}"))
                here.feed.advance()
                longest = max(longest, *(file.stat().st_size for file in journals))
        finally:
            ending.set()
            for future in reading:
                future.result()
    assert 400_000 < longest < 900_000


def test_a_feeder_that_stands_still_keeps_others_waiting_but_for_a_while(
    on_postgresql: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "idle_seconds_max", 0.5)
    stands, goes_on = threading.Event(), threading.Event()
    store = feed.STORES["credentials"]

    def standing_still(connection: Connection, some: Any) -> None:  # once
        if not stands.is_set():
            stands.set()
            goes_on.wait()
        store(connection, some)

    monkeypatch.setitem(feed.STORES, "credentials", standing_still)
    with on_postgresql() as here, ThreadPoolExecutor(1) as pool:
        here.record(received())
        late = pool.submit(here.feed.advance)
        stands.wait()
        try:
            assert Feed(here.log, here.views).advance() == 1
        finally:
            goes_on.set()
        with pytest.raises(SQLAlchemyError):
            late.result()
        assert here.feed.advance() == 1
        assert_agrees(here)


def test_who_waits_for_an_entry_that_another_has_fed_reads_no_log(here: Place) -> None:
    entries = [received(f"140.{n}") for n in range(3)]
    for entry in entries:
        here.record(entry)
    last = here.log.size - 1
    assert here.feed.wait_for(last, 5)
    here.feed.log = None  # type: ignore[assignment]
    for log_index in range(last + 1):
        assert here.feed.wait_for(log_index, 5)


def test_whoever_waits_for_an_entry_reads_it(here: Place) -> None:
    here.record(received())
    assert here.feed.wait_for(0, 1)
    assert not here.feed.wait_for(1, 0.02)
    with here.views.snapshot() as (connection, held):
        assert held == 1
        assert recommendations.by_id(connection, everything, received().stream)


def test_states_that_take_too_much_are_let_go_and_read_again(here: Place) -> None:
    feed = Feed(here.log, here.views, bytes_max=8_000)
    kept = []
    for entries in any_recommendations(Random(5), 12, 60):
        here.record(*entries)
        feed.advance()
        kept.append(len(feed._states))
    assert 0 < max(kept) < 12, "not all of them have room"
    with here.views.snapshot() as (connection, _):
        fed = contents(connection)["recommendation"]
    here.feed.rebuild()
    with here.views.snapshot() as (connection, _):
        assert contents(connection)["recommendation"] == fed


def test_a_feed_in_the_background_applies_what_others_write(here: Place) -> None:
    here.feed.start()
    here.record(received())
    until = time.monotonic() + 10
    while not here.rows() and time.monotonic() < until:
        time.sleep(0.01)
    here.feed.stop()
    assert len(here.rows()) == 1


def test_a_key_is_known_by_its_digest_until_it_is_revoked(here: Place) -> None:
    id = UUID(int=8)
    holder = Holder(role="clerk", institution="mfa", authority=MANDATE, actor="p-1")
    granted = credential.grant(stamp(), "ab" * 32, holder)
    here.record(Entry(id, 1, "", granted))
    here.feed.advance()
    with here.views.snapshot() as (connection, _):
        (held,) = credentials.all_credentials(connection)
        assert held.sha256 == "ab" * 32
        assert held.holder.authority.kind is AuthorityKind.MANDATE
    here.record(Entry(id, 2, "", held.revoke(stamp())))
    here.feed.advance()
    with here.views.snapshot() as (connection, _):
        assert [h.revoked for h in credentials.all_credentials(connection)] == [True]


# --- Rebuilt -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_rebuild_switches_in_one_step_and_queries_go_on_meanwhile(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "rebuild_states_max", 4)
    them = [given(received(f"140.{n}")) for n in range(12)]
    for it in them:
        here.record(*it.entries)

    def renumber(n: int) -> None:
        it = them[n % 12].when(renumbered(f"{150 + n}.1")).then(Event)
        them[n % 12] = it
        here.record(it.entries[-1])

    for n in range(240):
        renumber(n)
    here.feed.advance()
    numbers = here.views.current().numbers
    ended = threading.Event()
    counts: set[int] = set()
    waited: list[bool] = []
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            while not ended.is_set():
                with here.views.snapshot() as (connection, _):
                    counts.add(recommendations.count(connection, everything, Where()))
        except BaseException as failure:
            failures.append(failure)

    def write() -> None:
        try:
            for n in range(240, 360):
                renumber(n)
                waited.append(here.feed.wait_for(here.log.size - 1, 10))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=ask), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    progress: list[tuple[int, int]] = []
    for _ in range(3):
        here.feed.rebuild(lambda done, of: progress.append((done, of)))
    threads[1].join()
    ended.set()
    threads[0].join()
    assert not failures, failures
    assert counts == {12}, "nobody saw half a rebuild"
    assert waited == [True] * 120
    assert here.views.current().numbers == {name: n + 3 for name, n in numbers.items()}
    assert all(done <= of for done, of in progress)
    here.feed.advance()
    assert_agrees(here)


def test_what_came_while_a_rebuild_ended_is_in_the_views_it_switches_to(here: Place) -> None:
    here.record(received("140.1"))

    class Late:
        """The log, to which somebody writes as soon as a reader has come to its end."""

        def __getattr__(self, name: str) -> Any:
            return getattr(here.log, name)

        def read_streams(self, stop: int) -> Iterator[list[Entry]]:
            yield from here.log.read_streams(stop)
            here.record(received("140.2"))
            assert here.feed.wait_for(1, 1)

    log: Any = Late()
    Feed(log, here.views).rebuild()
    with here.views.snapshot() as (_, held):
        assert held == 2


def test_views_of_an_older_shape_are_known_by_it(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.record(received())
    here.feed.advance()
    assert here.views.misshapen() == []
    older = tables.VIEWS["figures"]._replace(way=tables.VIEWS["figures"].way + 1)
    monkeypatch.setitem(tables.VIEWS, "figures", older)
    assert here.views.misshapen() == ["figures"]
    numbers = here.views.current().numbers
    here.feed.rebuild(names=["figures"])
    assert here.views.misshapen() == []
    assert here.views.current().numbers == {**numbers, "figures": numbers["figures"] + 1}


def test_a_view_has_another_shape_when_its_tables_or_the_way_they_are_written_change() -> None:
    def shape(*columns: Column[Any], way: int = 1, more: str = "") -> int:
        tables = MetaData()
        Table("town", tables, Column("id", String(32), primary_key=True), *columns)
        return views.View("towns", way, tables, {"sqlite": (more,)}).shape

    shapes = [
        shape(),
        shape(way=2),
        shape(more="CREATE VIRTUAL TABLE words USING fts5 (words)"),
        shape(Column("name", Text)),
        shape(Column("name", Text, nullable=False)),
        shape(Column("name", Text, index=True)),
        shape(Column("name", LargeBinary)),
        shape(Column("name", Text, primary_key=True)),
    ]
    assert len({*shapes}) == len(shapes)
    assert all(0 <= one < 2**31 for one in shapes), "PostgreSQL keeps it in 32 bits with a sign"
    assert shape(Column("name", Text)) == shape(Column("name", Text))


def test_views_whose_making_was_killed_are_made_again(here: Place) -> None:
    here.record(received())
    with here.views._pointer.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("DELETE FROM view_generation")
    again = Views(here.log.url)
    assert Feed(here.log, again).advance() == 1
    again.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", tables.VIEWS)
def test_each_view_can_be_rebuilt_by_itself(here: Place, name: str) -> None:
    for entries in any_history(Random(5), 6, 80):
        here.record(*entries)
    here.feed.advance()
    before, numbers = everything_in(here.views), here.views.current().numbers
    here.feed.rebuild(names=[name])
    assert everything_in(here.views) == before
    assert here.views.current().numbers == {**numbers, name: numbers[name] + 1}
    here.record(received("199.1"))
    assert here.feed.advance() == here.log.size
    assert_agrees(here)


@pytest.mark.parametrize("name", tables.VIEWS)
def test_a_view_that_a_crash_left_behind_comes_up_with_the_others(here: Place, name: str) -> None:
    """On SQLite a commit reaches one view's file after the other, and the power may go between."""
    for entries in any_history(Random(6), 6, 80):
        here.record(*entries)
    here.feed.advance()
    before = everything_in(here.views)
    switched(here.views, [name])
    heads = here.views.current()
    with heads.engine.connect() as connection:
        assert heads.heads(connection)[name] == 0
    assert Feed(here.log, here.views).advance() == here.log.size
    assert everything_in(here.views) == before


# --- Where it stops ------------------------------------------------------------------------------

BAD = 13
TAMPERED = {
    "a topic nobody knows": "topic = 'recommendation.dreamt-of.v1'",
    "a version that does not follow": "stream_version = 77",
    "an assignment that is not there": "",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_an_entry_that_cannot_be_applied_stops_the_feed_at_its_index(
    here: Place, what: str
) -> None:
    for n in range(BAD):
        here.record(received(f"140.{n}"))
    if TAMPERED[what]:
        here.record(received("150.1"))
        set_ = TAMPERED[what]
        before = Store(here.url).sql(
            f"SELECT topic, stream_version FROM log_event WHERE log_index = {BAD}"
        )
        Store(here.url).sql(f"UPDATE log_event SET {set_} WHERE log_index = {BAD}")
    else:
        before = []
        handed = AssignmentHandedOver(stamp=stamp(), assignment=99, to="justice")
        here.record(Entry(received("140.1").stream, 2, "SVN", handed))
    for n in range(3):
        here.record(received(f"160.{n}"))
    for stopping in (here.feed, Feed(here.log, here.views)):
        with pytest.raises(FeedStopped) as stopped:
            stopping.advance()
        assert stopped.value.log_index == BAD
        assert stopping.stopped is stopped.value
        assert str(BAD) in str(stopping.stopped)
        assert not stopping.wait_for(BAD, 0.1)
        with here.views.snapshot() as (connection, held):
            assert held == BAD
            assert recommendations.count(connection, everything, Where()) == BAD
    numbers = here.views.current().numbers
    with pytest.raises(Exception, match=r"."):
        here.feed.rebuild()
    assert here.views.current().numbers == numbers, "a rebuild that fails switches nothing"
    if before:
        ((topic, version),) = before
        Store(here.url).sql(
            f"UPDATE log_event SET topic = '{topic}', stream_version = {version}"
            f" WHERE log_index = {BAD}"
        )
        here.feed.rebuild()
        assert here.feed.stopped is None
        assert here.feed.advance() == here.log.size
        assert_agrees(here)


# --- Paged ---------------------------------------------------------------------------------------

KEYS: dict[Order, Callable[[Row], Any]] = {
    Order.DOCUMENT: lambda row: (
        " ".join(
            (
                row.state.addressee,
                natural_order(normal_symbol(row.state.symbol or "")),
                natural_order(row.state.paragraph or ""),
            )
        ),
        row.state.id.hex,
    ),
    Order.RECEIVED: lambda row: (row.state.received.order, row.state.id.hex),
    Order.CHANGED: lambda row: (row.log_index, row.state.id.hex),
}


def walked(there: Place, order: Order, falling: bool, sizes: list[int], backward: bool) -> Any:
    """All rows, page by page in pages of changing sizes; yields after each page."""
    size = itertools.cycle(sizes)
    cursor: str | None = None
    for _ in range(300):
        with there.views.snapshot() as (connection, _held):
            asked: dict[str, Any] = (
                {"last": next(size), "before": cursor}
                if backward
                else {"first": next(size), "after": cursor}
            )
            page = recommendations.page(
                connection, everything, Where(), order=order, descending=falling, **asked
            )
        assert len(page.rows) == len(page.cursors)
        yield page.rows[::-1] if backward else page.rows
        if not (page.has_previous if backward else page.has_next):
            return
        cursor = page.cursors[0] if backward else page.cursors[-1]
    raise AssertionError("the list has no end")


PAGED = (
    st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from([None, "2014", "2020-01", "2020-01-05"])),
        min_size=1,
        max_size=25,
        unique_by=lambda made: made[0],
    ),
    st.sampled_from(list(Order)),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.lists(st.integers(31, 60), max_size=8, unique=True),
)


def _paging_gives_the_whole_list(
    fresh: Fresh,
    made: list[tuple[int, str | None]],
    order: Order,
    falling: bool,
    backward: bool,
    sizes: list[int],
    late: list[int],
) -> None:
    with fresh() as there:
        there.record(*(received(f"140.{n}", on=on) for n, on in made))
        there.feed.advance()
        whole = sorted(there.rows(), key=KEYS[order], reverse=falling != backward)
        pages = list(walked(there, order, falling, sizes, backward))
        assert list(itertools.chain(*pages)) == whole
        if order is Order.CHANGED:
            return
        # Others arrive meanwhile and something happens to those there: each is still met once.
        coming = iter(late)
        met: list[UUID] = []
        for page in walked(there, order, falling, sizes, backward):
            met.extend(row.state.id for row in page)
            if (n := next(coming, None)) is not None:
                there.record(received(f"{140 + n % 2}.{n}", on="2020-01"))
                touched = received(f"140.{made[n % len(made)][0]}", on=made[n % len(made)][1])
                versions = there.log.load(touched.stream, _count) or 0
                it = given(touched).when(supported("2025")).then(Event)
                there.record(it.entries[-1]._replace(version=versions + 1))
                there.feed.advance()
        original = [row.state.id for row in whole]
        assert [id for id in met if id in set(original)] == original
        assert len(set(met)) == len(met)


def _count(entries: Any, before: int | None) -> int | None:
    return sum(1 for _ in entries) or before


@settings(max_examples=times(8, long=80))
@all_examples(*PAGED)
def test_pages_of_any_size_give_the_whole_list_once_on_sqlite(
    on_sqlite: Fresh, made: Any, order: Any, falling: bool, backward: bool, sizes: Any, late: Any
) -> None:
    _paging_gives_the_whole_list(on_sqlite, made, order, falling, backward, sizes, late)


@settings(max_examples=times(3, long=25))
@all_examples(*PAGED)
def test_pages_of_any_size_give_the_whole_list_once_on_postgresql(
    on_postgresql: Fresh,
    made: Any,
    order: Any,
    falling: bool,
    backward: bool,
    sizes: Any,
    late: Any,
) -> None:
    _paging_gives_the_whole_list(on_postgresql, made, order, falling, backward, sizes, late)


def test_what_changes_moves_to_the_end_of_what_changed(here: Place) -> None:
    here.record(received("140.1"), received("140.2"))
    here.record(given(received("140.1"), supported()).entries[-1])
    here.feed.advance()
    with here.views.snapshot() as (connection, _):
        page = recommendations.page(connection, everything, Where(), order=Order.CHANGED)
    assert [row.state.paragraph for row in page.rows] == ["140.2", "140.1"]


def test_a_cursor_is_of_one_list_only(here: Place) -> None:
    here.record(received("140.1"), received("140.2"))
    here.feed.advance()
    with here.views.snapshot() as (connection, _):
        for mine, other in itertools.permutations(Order, 2):
            page = recommendations.page(connection, everything, Where(), order=mine, first=1)
            for asked in ({"after": page.cursors[0]}, {"before": page.cursors[0]}):
                with pytest.raises(InvalidInput):
                    recommendations.page(connection, everything, Where(), order=other, **asked)  # type: ignore[arg-type]


NO_CURSORS = [
    *("", "x", "é", "\ud83d", "bnVsbA==", "W10=", "WyJkb2N1bWVudCIsIDEsICJ4Il0="),
    "WyJjaGFuZ2VkIiwgOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LCAieCJd",
    "WyJkb2N1bWVudCIsICJcdTAwMDAiLCAieCJd",
]


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_what_is_no_cursor_is_refused(here: Place, cursor: str) -> None:
    with here.views.snapshot() as (connection, _):
        for order in Order:
            with pytest.raises(InvalidInput):
                recommendations.page(connection, everything, Where(), order=order, after=cursor)


def test_a_page_has_a_size_and_one_direction(here: Place) -> None:
    with here.views.snapshot() as (connection, _):
        for asked in (
            {"first": -1},
            {"first": page_size_max + 1},
            {"last": page_size_max + 1},
            {"first": 1, "last": 1},
            {"first": 1, "before": "x"},
        ):
            with pytest.raises(InvalidInput):
                recommendations.page(connection, everything, Where(), **asked)
        none = recommendations.page(connection, everything, Where(), first=0)
        assert (none.rows, none.has_next, none.has_previous) == ([], False, False)


# --- Filtered ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def library(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place with sixty recommendations in all conditions, for tests that only ask."""
    with request.getfixturevalue(f"on_{request.param}")() as there:
        for entries in any_recommendations(Random(12), 60, 1_500):
            there.record(*entries)
        there.feed.advance()
        yield there


def some(*values: Any) -> st.SearchStrategy[list[Any] | None]:
    return st.none() | st.none() | st.lists(st.sampled_from(values), max_size=2)


WHERE = st.builds(
    Where,
    addressee=some("SVN", "FRA", "XXX"),
    mechanism=some(*Mechanism),
    kind=some(Kind.RECOMMENDATION, Kind.CONCERN),
    body=some("UPR", "CRC"),
    cycle=some(3, 4, 5),
    symbol=some("a/hrc/59/15", "A/HRC/1/1"),
    position=some(*Position),
    stage=some(*Stage),
    institution=some(*INSTITUTIONS, "nobody"),
    recommending_state=some("FRA", "LTU", "USA"),
    theme=some("A12", "b31", "F13", "Z"),
    affected_persons=some("women & GIRLS", "children"),
    issue=some("Right to HEALTH", "torture"),
    action=some("4", "specific action"),
    sdg=some("16", "16.2", "1", "16.1"),
    open=st.none() | st.booleans(),
    duplicate=st.none() | st.booleans(),
    definition=some(*(procedure.hash for procedure in shipped().values()), "0" * 64),
)


def fits(r: Recommendation, where: Where) -> bool:
    """The same question, asked of one row in Python."""
    held = {a.institution for a in r.assignments if a.status.value in ("offered", "assigned")}
    made_by = {state.code for part in r.parts for state in part.recommenders}

    def bears(vocabulary: str, wanted: Any) -> bool:
        for word in wanted:
            for borne in (h.term for h in r.terms if h.term.vocabulary == vocabulary):
                goal = vocabulary == "sdg" and (borne.code or "").startswith(f"{word}.")
                if borne.code == word or borne.label.casefold() == word.casefold() or goal:
                    return True
        return False

    symbol = normal_symbol(r.symbol) if r.symbol else None
    asked: list[tuple[Any, Callable[[Any], bool]]] = [
        (where.addressee, lambda some: r.addressee in some),
        (where.mechanism, lambda some: r.mechanism in some),
        (where.kind, lambda some: r.kind in some),
        (where.body, lambda some: r.body in some),
        (where.cycle, lambda some: r.cycle in some),
        (where.symbol, lambda some: symbol in {normal_symbol(s) for s in some}),
        (where.position, lambda some: r.position in some),
        (where.stage, lambda some: r.stage in some),
        (where.institution, lambda some: bool(held & set(some))),
        (where.recommending_state, lambda some: bool(made_by & set(some))),
        (where.theme, lambda some: bears("theme", some)),
        (where.affected_persons, lambda some: bears("affected-persons", some)),
        (where.issue, lambda some: bears("issue", some)),
        (where.action, lambda some: bears("action", some)),
        (where.sdg, lambda some: bears("sdg", some)),
        (where.open, lambda open: (r.closed is None) == open),
        (where.definition, lambda some: r.definition in some),
        (where.duplicate, lambda is_one: (r.duplicate_of is not None) == is_one),
    ]
    return all(question is None or answer(question) for question, answer in asked)


@settings(max_examples=times(40, long=500))
@all_examples(where=WHERE)
def test_a_filter_gives_what_filtering_all_rows_gives(library: Place, where: Where) -> None:
    wanted = [row for row in library.rows() if fits(row.state, where)]
    with library.views.snapshot() as (connection, _):
        page = recommendations.page(connection, everything, where, first=page_size_max)
        assert page.rows == wanted
        assert recommendations.count(connection, everything, where) == len(wanted)
        assert figures.count(connection, everything, where) == len(wanted)


def test_every_filter_can_find_something_and_nothing(library: Place) -> None:
    """Or the test above would prove little."""
    for name, one, other in (
        ("position", Position.SUPPORTED, Position.NOT_APPLICABLE),
        ("stage", Stage.REPORTED, Stage.ASSIGNED),
        ("institution", "labour", "justice"),
        ("sdg", "16", "16.2"),
        ("theme", "A12", "B31"),
    ):
        with library.views.snapshot() as (connection, _):
            for value in (one, other):
                where = msgspec.convert({name: [value]}, Where)
                assert 0 < recommendations.count(connection, everything, where) < 60, name


@pytest.mark.parametrize(
    "scope",
    [
        everything,
        Scope(visibilities=frozenset((Visibility.PUBLIC,))),
        Scope(visibilities=frozenset((Visibility.PUBLIC, Visibility.INTERNAL)), institution="mfa"),
        Scope(visibilities=frozenset(Visibility), addressees=frozenset(("SVN",))),
    ],
)
@pytest.mark.parametrize("addressees", [None, ["SVN"], ["FRA", "SVN"], ["XXX"], []])
def test_how_many_stand_in_which_states_is_what_counting_all_rows_gives(
    library: Place, scope: Scope, addressees: list[str] | None
) -> None:
    level = {1: 1, 2: 2, 3: 4}[len(scope.visibilities)]
    rows = library.told()
    for definition in {r.definition for r, _ in rows}:
        assert definition
        mine = [
            tuple(r.states)
            for r, of in rows
            if r.definition == definition
            and bool(of.levels & level) != (level == 2 and scope.institution in of.institutions)
            and (scope.addressees is None or r.addressee in scope.addressees)
            and (addressees is None or r.addressee in addressees)
        ]
        with library.views.snapshot() as (connection, _):
            asked = connection, scope, definition, addressees
            assert standing.configurations(*asked) == Counter(mine)
            assert standing.standing(*asked) == Counter(s for some in mine for s in some)


def test_where_cases_stand_is_counted_by_the_feed_as_from_the_rows(library: Place) -> None:
    fed = everything_in(library.views)["standing"]
    library.feed.rebuild(names=["figures"])
    assert everything_in(library.views)["standing"] == fed
    assert len(fed) > 10, "or this would prove little"


def test_amounts_and_ids_are_of_what_fits(library: Place) -> None:
    for where in (Where(), Where(addressee=["SVN"]), Where(position=[Position.SUPPORTED])):
        rows = [row.state for row in library.rows() if fits(row.state, where)]
        with library.views.snapshot() as (connection, _):
            found = recommendations.amounts(connection, everything, where)
            by_kind = defaultdict(list)
            for r in rows:
                by_kind[r.mechanism, r.kind].append(r)
            assert found == {
                of: (len(some), sum(r.version for r in some)) for of, some in by_kind.items()
            }
            for of in [*([key] for key in by_kind), [*by_kind], []]:
                ids = [*itertools.chain(*recommendations.ids(connection, everything, where, of))]
                assert len(ids) == len(set(ids))
                assert set(ids) == {r.id for key in of for r in by_kind[key]}


def test_it_is_found_by_every_number_it_went_by_that_nobody_else_bears_now(
    library: Place,
) -> None:
    bearers: dict[tuple[str, str, str], set[UUID]] = defaultdict(set)
    for r in (row.state for row in library.rows()):
        if r.symbol and r.paragraph:
            number = (r.addressee, normal_symbol(r.symbol), normal_paragraph(r.paragraph))
            bearers[number].add(r.id)
    for row in library.rows():
        with library.views.snapshot() as (connection, _):
            for alias in row.state.aliases:
                found = recommendations.by_symbol(
                    connection, everything, alias.value.lower(), alias.paragraph or "", None
                )
                is_there = row.state.id in {r.state.id for r in found}
                bear_it = bearers[row.state.addressee, alias.key[1], alias.key[2]]
                assert is_there == (
                    alias.scheme == "un" and (not bear_it or row.state.id in bear_it)
                )
            wanted = [(row.state.addressee, alias) for alias in row.state.aliases]
            keys = recommendations.find_aliases(connection, wanted)
            assert {(whose, *alias.key) for whose, alias in wanted} == set(keys)
    assert normal_paragraph("140.1") != normal_paragraph("140.10")


# --- Seen by right -------------------------------------------------------------------------------

BOTH = ("SVN", "FRA")
READERS = {
    "reader": principal(Role.READER, "press"),
    "auditor": principal(Role.AUDITOR, "court of audit"),
    "administrator": principal(Role.ADMINISTRATOR, "operator"),
    "clerk": principal(Role.CLERK, "mfa", addressees=BOTH),
    "coordinator": principal(Role.COORDINATOR, "nmirf"),
    "focal point of labour": principal(Role.FOCAL_POINT, "labour", addressees=BOTH),
    "focal point of justice": principal(Role.FOCAL_POINT, "justice", addressees=BOTH),
    "reader of SVN": principal(Role.READER, "press", addressees=("SVN",)),
    "coordinator of FRA": principal(Role.COORDINATOR, "nmirf", addressees=("FRA",)),
}

MAY_SEE = {
    "reader": {"public"},
    "auditor": {"public", "internal"},
    "administrator": {"public"},
    "clerk": {"public", "internal", "mfa"},
    "coordinator": {"public", "internal", "labour", "justice", "mfa", "nmirf"},
    "focal point of labour": {"public", "internal", "labour"},
    "focal point of justice": {"public", "internal", "justice"},
    "reader of SVN": {"public"},
    "coordinator of FRA": {"public", "internal", "labour", "justice", "mfa", "nmirf"},
}
"""Reader → kinds of entries it may see; an institution's name stands for its confidential ones."""


def kind_of(visibility: Visibility, institution: str) -> str:
    return institution if visibility is Visibility.CONFIDENTIAL else visibility.value


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ministry(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Recommendations of every visibility, with entries of every visibility on each."""
    with request.getfixturevalue(f"on_{request.param}")() as there:
        numbers = itertools.count(1)
        earlier: list[UUID] = []
        for addressee in ("SVN", "FRA"):
            for said in Visibility:
                for institution in ("mfa", "labour", "justice"):
                    who: dict[str, Any] = {"visibility": said, "institution": institution}
                    number = f"140.{next(numbers)}"
                    it = given(received(number, addressee=addressee, reason="secret", **who))
                    # What is confidential is worked on by whoever wrote it and the coordinator.
                    hidden = said is Visibility.CONFIDENTIAL
                    others = (institution, "nmirf") if hidden else ("mfa", "labour", "justice")
                    for inner, by in itertools.product(Visibility, others):
                        who = {"visibility": inner, "institution": by}
                        steps = [
                            noted(f"20{it.it.version:02}", reason="secret", **who),
                            offered(f"{by} for {inner}", **who),
                        ]
                        if earlier:
                            n = it.it.version % len(earlier)
                            kind = list(LinkType)[it.it.version % len(LinkType)]
                            steps.append(linked(earlier[n], kind, **who))
                        for step in steps:
                            outcome = it.when(step)
                            if outcome.entry is not None:
                                it = Given(*it.entries, outcome.entry)
                    for step in (
                        decreed(visibility=Visibility.INTERNAL, institution=institution),
                        planned(institution=institution),
                        drafted(visibility=Visibility.CONFIDENTIAL, institution=institution),
                    ):
                        it = it.when(step).then(Event)
                    there.record(*it.entries)
                    earlier.append(it.it.id)
        there.feed.advance()
        yield there


@pytest.mark.parametrize("name", READERS)
def test_a_reader_sees_what_it_may_and_nothing_else(ministry: Place, name: str) -> None:
    scope, may = READERS[name].scope, MAY_SEE[name]
    addressees = scope.addressees or {"SVN", "FRA"}
    entries = ministry.log.read()
    first = {e.stream: e for e in entries if e.version == 1}

    def sees(e: Entry) -> bool:
        said = kind_of(e.stamp.visibility, e.stamp.speaker.institution)
        named = scope.institution in e.stamp.readers
        return e.addressee in addressees and (said in may or named)

    allowed = {id for id, e in first.items() if sees(e)}
    assert len(allowed) > 0
    with ministry.views.snapshot() as (connection, held):
        page = recommendations.page(connection, scope, Where(), first=page_size_max)
        assert {row.state.id for row in page.rows} == allowed
        assert recommendations.count(connection, scope, Where()) == len(allowed)
        assert figures.count(connection, scope, Where()) == len(allowed)
        assert set(recommendations.by_ids(connection, scope, list(first))) == allowed
        for id, e in first.items():
            row = recommendations.by_id(connection, scope, id)
            assert (row is not None) == (id in allowed)
            number = str(getattr(e.event, "paragraph", ""))
            found = recommendations.by_symbol(connection, scope, "A/HRC/59/15", number, None)
            assert {row.state.id for row in found} == {id} & allowed
        everybody = recommendations.by_ids(connection, everything, list(first))
        joined = recommendations.lineage(connection, scope, list(everybody.values()))
        for each in itertools.chain(*joined.values()):
            assert {each.later.state.id, each.earlier.state.id} <= allowed
    links = [e for e in entries if e.event.topic == "recommendation.linked.v1" and sees(e)]
    both = [e for e in links if e.stream in allowed and getattr(e.event, "to", None) in allowed]
    shown = {(x.later.state.id, x.link.id) for x in itertools.chain(*joined.values())}
    assert shown == {(e.stream, e.version) for e in both}

    told = history.histories(ministry.log, scope, list(first), held - 1)
    for id, seen in told.items():
        assert [e.version for e in seen] == [
            e.version for e in entries if e.stream == id and sees(e)
        ]
        assert id in allowed or not seen, "nothing is told of what it may not know of"
        assert all(t.text for e in seen for t in protected_texts(e.event))

    fed: list[int] = []
    after: int | None = None
    more = True
    while more:
        some_, after, more = history.feed(ministry.log, scope, after, 7, held - 1)
        fed.extend(e.log_index for e in some_ if e.log_index is not None)
    assert fed == [e.log_index for e in entries if sees(e)]


@pytest.mark.parametrize("name", READERS)
def test_a_filter_by_institution_betrays_no_assignment_the_reader_may_not_see(
    ministry: Place, name: str
) -> None:
    scope, may = READERS[name].scope, MAY_SEE[name]
    for inner, by in itertools.product(Visibility, ("mfa", "labour", "justice")):
        where = Where(institution=[f"{by} for {inner}"])
        with ministry.views.snapshot() as (connection, _):
            page = recommendations.page(connection, scope, where, first=page_size_max)
        for row in page.rows:
            held = [a for a in row.state.assignments if a.institution == f"{by} for {inner}"]
            assert any(kind_of(a.visibility, a.assigned_by) in may for a in held)


def test_an_entry_is_in_the_feed_up_to_where_it_was_asked_and_once(here: Place) -> None:
    here.record(*(received(f"140.{n}") for n in range(5)))
    some_, end, more = history.feed(here.log, everything, None, 2, 3)
    assert ([e.log_index for e in some_], end, more) == ([0, 1], 1, True)
    some_, end, more = history.feed(here.log, everything, end, 9, 3)
    assert ([e.log_index for e in some_], end, more) == ([2, 3], 3, False)
    assert history.feed(here.log, everything, 3, 9, 3) == ([], 3, False)
    nobody = Scope(visibilities=frozenset())
    assert history.feed(here.log, nobody, None, 9, 4)[:2] == ([], 4)
    for first, after in ((0, None), (history.feed_page_max + 1, None), (1, -2)):
        with pytest.raises(InvalidInput):
            history.feed(here.log, everything, after, first, 4)


def test_a_term_is_found_whatever_its_case(here: Place) -> None:
    it = given(received(), classified(term("theme", None, "Équality BEFORE the law")))
    here.record(*it.entries)
    here.feed.advance()
    with here.views.snapshot() as (connection, _):
        where = Where(theme=["équality before THE law"])
        assert recommendations.count(connection, everything, where) == 1


def test_nothing_of_the_naive_reader_is_ours() -> None:
    source = Path(naive.__file__).read_text()
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert [line.split()[1] for line in imports] == [
        "__future__",
        "collections.abc",
        "hashlib",
        "typing",
    ]
