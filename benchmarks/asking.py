"""What is asked of small and of large records: how a question's time grows with the record.

The peer of a large record is a small one: the same question on the same machine in the same run.
One State has as many recommendations in each of them, so what is asked of it should cost the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection

from api.context import Context
from api.execution import Executor
from api.service import Service
from api.settings import Settings
from benchmarks.measuring import Bench, Growth
from benchmarks.record import COMMON, MANY_STATES, MANY_THEMES, ONE, RARE, a_world
from benchmarks.stores import STORES
from domain.entry import Authority, AuthorityKind, Visibility
from domain.scope import Scope, everything
from domain.words import Position
from projections import figures, recommendations
from projections.figures import Dimension
from projections.recommendations import Order, Where
from projections.standpoints import Standpoint, Standpoints
from workflows.access import Principal, Role

SIZES = {"SQLite": (1_000, 100_000, 250_000), "PostgreSQL": (1_000, 100_000)}
SIZES_QUICK = (1_000, 10_000)
ROUND_SECONDS = 0.3
RUNS_MAX = 40
APPENDED_AT_ONCE = 2_000

LIST = """query($where: RecommendationWhere) {
  recommendations(first: 50, where: $where) { pageInfo { endCursor }
  nodes { id symbol paragraph text position stage version } } }"""
COUNTED_LIST = LIST.replace("pageInfo", "totalCount pageInfo")

public = Scope(visibilities=frozenset((Visibility.PUBLIC,)))
one_state = Scope(visibilities=frozenset(Visibility), addressees=frozenset((ONE,)))
coordinator = Principal(
    key=uuid4(),
    role=Role.COORDINATOR,
    institution="mfa",
    authority=Authority(kind=AuthorityKind.DECISION, reference="Decree 12/2024"),
    actor="p-0001",
)


class Record(NamedTuple):
    """A record that is asked: how many recommendations, and what answers."""

    size: int
    service: Service
    connection: Connection
    executor: Executor
    middle: str
    """The cursor of a row in the middle of the order of documents."""


Ask = Callable[[Record], int]


class Question(NamedTuple):
    """What is asked, what its answer should grow with, and how to ask it: `ask` gives how many
    rows came of it."""

    name: str
    grows_with: str
    ask: Ask


# --- Ways of asking ------------------------------------------------------------------------------


def listed(where: Where, scope: Scope = everything, order: Order = Order.DOCUMENT) -> Ask:
    def ask(record: Record) -> int:
        page = recommendations.page(record.connection, scope, where, order=order, first=50)
        return len(page.rows)

    return ask


def after_the_middle(record: Record) -> int:
    page = recommendations.page(
        record.connection, everything, Where(), first=50, after=record.middle
    )
    return len(page.rows)


def counted(where: Where, scope: Scope = everything) -> Ask:
    return lambda record: figures.count(record.connection, scope, where)


def figured(by: Dimension, where: Where) -> Ask:
    return lambda record: len(figures.progress(record.connection, everything, by, where))


def found_by_number(record: Record) -> int:
    state = recommendations.page(record.connection, everything, Where(), first=1).rows[0].state
    assert state.symbol
    assert state.paragraph
    found = recommendations.by_symbol(
        record.connection, everything, state.symbol, state.paragraph, None
    )
    return len(found)


def executed(query: str, where: dict[str, object] | None = None) -> Ask:
    def ask(record: Record) -> int:
        operation = record.executor.prepare(query, None)
        context = Context(record.service, coordinator)
        answer = record.executor.run(operation, {"where": where}, context)
        assert "errors" not in answer, answer
        return len(answer["data"]["recommendations"]["nodes"])

    return ask


def looked_back(standpoints: Standpoints, record: Record) -> int:
    from_ = Standpoint(record.service.log.size - 1, None, frozenset((ONE,)))
    with standpoints.look(from_, record.connection) as then:
        return len(recommendations.page(then, everything, Where(addressee=[ONE]), first=50).rows)


def looked_back_first(record: Record) -> int:
    standpoints = Standpoints(record.service.log, record.service.settings.as_of_events_max)
    try:
        return looked_back(standpoints, record)
    finally:
        standpoints.close()


FLAT, HITS, CELLS = "", "its hits", "the values there are"

QUESTIONS = (
    Question("one, by id or number", FLAT, found_by_number),
    Question("first 50, by document", FLAT, listed(Where())),
    Question("50 from the middle on", FLAT, after_the_middle),
    Question("first 50, for the public", FLAT, listed(Where(), public)),
    Question("first 50, of one State's scope", FLAT, listed(Where(), one_state)),
    Question("first 50, last changed", FLAT, listed(Where(), order=Order.CHANGED)),
    Question("first 50 of one State in one cycle", FLAT, listed(Where(addressee=[ONE], cycle=[3]))),
    Question(
        "first 50 of one State, supported",
        FLAT,
        listed(Where(addressee=[ONE], position=[Position.SUPPORTED])),
    ),
    Question("first 50 of one theme", HITS, listed(Where(theme=[MANY_THEMES[7]]))),
    Question(
        "first 50 of one State, one theme",
        FLAT,
        listed(Where(addressee=[ONE], theme=[MANY_THEMES[7]])),
    ),
    Question(
        "first 50 of one State, undecided", FLAT, listed(Where(addressee=[ONE], undecided=True))
    ),
    Question(
        "first 50 of one State, orphaned", FLAT, listed(Where(addressee=[ONE], orphaned=True))
    ),
    Question(
        "first 50 of one State, overdue",
        FLAT,
        listed(Where(addressee=[ONE], overdue=True, today="2026-01-01")),
    ),
    Question("count of one State in one cycle", FLAT, counted(Where(addressee=[ONE], cycle=[3]))),
    Question("count of all", CELLS, counted(Where())),
    Question("search of a rare word", FLAT, listed(Where(search=RARE))),
    Question(
        "search of a common word in one State", FLAT, listed(Where(addressee=[ONE], search=COMMON))
    ),
    Question("search of a common word", HITS, listed(Where(search=COMMON))),
    Question("count of a common word", HITS, counted(Where(search=COMMON))),
    Question("figures by cycle", CELLS, figured(Dimension.CYCLE, Where())),
    Question("figures by theme", CELLS, figured(Dimension.THEME, Where())),
    Question(
        "figures by theme of one State", FLAT, figured(Dimension.THEME, Where(addressee=[ONE]))
    ),
    Question(
        "figures by theme of one State and one goal",
        FLAT,
        figured(Dimension.THEME, Where(addressee=[ONE], sdg=["5"])),
    ),
    Question("one State as of then, first time", FLAT, looked_back_first),
    Question(
        "one State as of then, again",
        FLAT,
        lambda record: looked_back(record.service.standpoints, record),
    ),
    Question("GraphQL: 50 of one State", FLAT, executed(LIST, {"addressee": [ONE]})),
    Question("GraphQL: 50 of all", FLAT, executed(LIST)),
    Question("GraphQL: 50 of all and their count", CELLS, executed(COUNTED_LIST)),
)


# --- Measuring -----------------------------------------------------------------------------------


def sizes(store: str, quick: bool) -> Sequence[int]:
    return SIZES_QUICK if quick else SIZES[store]


def steps(quick: bool) -> int:
    return sum(len(sizes(store, quick)) + len(QUESTIONS) for store in STORES)


def measure(bench: Bench) -> None:
    for store, started in STORES.items():
        with ExitStack() as stack:
            records = []
            for size in sizes(store, bench.quick):
                fresh = stack.enter_context(started())
                records.append(prepared(stack, stack.enter_context(fresh()), size))
                bench.done(f"asking, {store}: a record of {size:,}")
            for question in QUESTIONS:
                bench.growths.append(asked(store, question, records, bench.rounds))
                bench.done(f"asking, {store}: {question.name}")


def prepared(stack: ExitStack, url: str, size: int) -> Record:
    """A record of so many recommendations, its views filled."""
    service = Service(Settings(database_url=url))
    stack.callback(service.close)
    entries = a_world(size)
    while batch := list(islice(entries, APPENDED_AT_ONCE)):
        service.log.append(f"import-{batch[0].stream}", bytes(32), batch)
    service.feed.rebuild()
    connection, _ = stack.enter_context(service.views.snapshot())
    halfway = sorted(MANY_STATES)[len(MANY_STATES) // 2]
    page = recommendations.page(connection, everything, Where(addressee=[halfway]), first=1)
    return Record(size, service, connection, Executor(service.settings), page.cursors[0])


def asked(store: str, question: Question, records: Sequence[Record], rounds: int) -> Growth:
    """A question put to each record in turns, a few times each: the medians in milliseconds."""
    seconds: list[list[float]] = [[] for _ in records]
    found = [question.ask(record) for record in records]
    for _ in range(rounds):
        for record, taken in zip(records, seconds, strict=True):
            until = time.perf_counter() + ROUND_SECONDS / rounds
            for _ in range(RUNS_MAX):
                start = time.perf_counter()
                question.ask(record)
                end = time.perf_counter()
                taken.append(end - start)
                if end > until:
                    break
    return Growth(
        part="asking",
        store=store,
        case=question.name,
        unit="ms",
        sizes=tuple(record.size for record in records),
        values=tuple(round(1_000 * statistics.median(taken), 2) for taken in seconds),
        found=tuple(found),
        grows_with=question.grows_with,
    )
