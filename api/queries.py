"""Every query: a few lines from the question to the projection that answers it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry import Info

from api.context import Context, Reading
from api.derive import enum_type, read_id
from api.describing import arg
from api.history import HistoryEntry
from api.looking_back import AsOf, chosen, look
from api.pages import Connection, connection, page_info
from api.recommendations import Recommendation, together
from domain.refusals import Ambiguous, InvalidInput, UnknownCursor
from domain.scope import Scope
from domain.words import (
    Kind,
    Mechanism,
    Position,
    Stage,
)
from projections import figures, history, recommendations
from projections.recommendations import Order, Where


@strawberry.type(description="A page of the feed.")
class FeedConnection(Connection[HistoryEntry]):
    sees_all: strawberry.Private[bool]
    end_index: int = strawberry.field(
        description="Read on with this as `after`: the log index read up to, also where the last "
        "entries were not for this reader."
    )
    end_mark: str | None = strawberry.field(
        description="What tells the entry at `endIndex` from any that another log has there: send "
        "it as `mark` with `after`. Null before the first entry."
    )

    @strawberry.field(
        description="How many entries the log holds; null for who may not read them all."
    )
    def total_count(self) -> int | None:
        return self.count() if self.sees_all else None


@strawberry.enum(description="In which direction a list is sorted.")
class SortDirection(Enum):
    ASC = "asc"
    """upwards, such as from A to Z or from the earliest"""
    DESC = "desc"
    """downwards, such as from Z to A or from the latest"""


@strawberry.input(description="The order of a list, and its direction.")
class RecommendationOrder:
    field: enum_type(Order) = Order.DOCUMENT  # type: ignore[valid-type]
    """By which value the list is sorted."""
    direction: SortDirection = SortDirection.ASC
    """Upwards or downwards."""


@strawberry.input(
    description="Which recommendations. All conditions hold together; a list means any of it."
)
class RecommendationWhere:
    addressee: list[str] | None = None
    """Codes of States or other addressees, such as SVN."""
    mechanism: list[enum_type(Mechanism)] | None = None  # type: ignore[valid-type]
    """Kinds of bodies."""
    kind: list[enum_type(Kind)] | None = None  # type: ignore[valid-type]
    """Kinds of text."""
    body: list[str] | None = None
    """Bodies, such as UPR or CEDAW."""
    cycle: list[int] | None = None
    """Cycles of the UPR, or reporting rounds."""
    symbol: list[str] | None = None
    """UN symbols of documents, also former ones."""
    position: list[enum_type(Position)] | None = None  # type: ignore[valid-type]
    """Current positions of the State."""
    stage: list[enum_type(Stage)] | None = None  # type: ignore[valid-type]
    """The furthest points reached."""
    institution: list[str] | None = strawberry.field(
        default=None, description="It is assigned, or was offered it."
    )
    recommending_state: list[str] | None = strawberry.field(
        default=None, description="Codes of recommending States."
    )
    theme: list[str] | None = strawberry.field(default=None, description="Codes or labels.")
    affected_persons: list[str] | None = strawberry.field(default=None, description="Labels.")
    issue: list[str] | None = strawberry.field(
        default=None, description="Issues, as UPR Info names them."
    )
    action: list[str] | None = strawberry.field(
        default=None, description="Categories of action by UPR Info, 1 (minimal) to 5 (specific)."
    )
    sdg: list[str] | None = strawberry.field(
        default=None, description="Goals (16, with their targets) or targets (16.2)."
    )
    open: bool | None = strawberry.field(default=None, description="Follow-up is open, or closed.")
    duplicate: bool | None = strawberry.field(
        default=None, description="It is declared a duplicate, or not."
    )
    definition: list[str] | None = strawberry.field(
        default=None, description="Hashes of procedures they go by."
    )
    review: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Ids of reviews."
    )
    import_run: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Ids of import runs that brought them."
    )
    overdue: bool | None = strawberry.field(
        default=None, description="Something owed by a day that has passed is not done, or not."
    )
    orphaned: bool | None = strawberry.field(
        default=None,
        description="An open assignment is to an institution that has ended, or gave the "
        "competence away since.",
    )
    undecided: bool | None = strawberry.field(
        default=None,
        description="The position is pending, an offer unanswered, or its review is closed and "
        "nothing was decided about it.",
    )


def where_of(
    given: RecommendationWhere | None, today: str = "", search: str | None = None
) -> Where:
    values: dict[str, Any] = {} if given is None else dict(vars(given))
    sizes = [len(v) for v in values.values() if isinstance(v, list)]
    if sizes and max(sizes) > 200:
        raise InvalidInput("A condition has 200 values at most.")
    reviews, runs = values.pop("review", None), values.pop("import_run", None)
    return Where(
        **values,
        review=reviews and [read_id(id, "Review", "review") for id in reviews],
        run=runs and [read_id(id, "ImportRun", "run") for id in runs],
        search=search,
        today=today,
    )


def connection_of(
    reading: Reading,
    fits: Where,
    order_by: RecommendationOrder | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[Recommendation]:
    """A page of recommendations that fit."""
    order = order_by or RecommendationOrder()
    page = recommendations.page(
        reading.connection,
        reading.scope,
        fits,
        order=order.field,
        descending=order.direction is SortDirection.DESC,
        first=first,
        after=after,
        last=last,
        before=before,
    )
    return connection(
        zip(page.cursors, together(reading, page.rows), strict=True),
        lambda: figures.count(reading.connection, reading.scope, fits),
        page_info(page.cursors, after, has_next=page.has_next, has_previous=page.has_previous),
    )


def of_whom(where: RecommendationWhere | None, addressee: str | None = None) -> list[str] | None:
    """Whose record a query is about, where it says so."""
    if addressee is not None:
        return [addressee]
    return where.addressee if where is not None else None


@strawberry.type
class RecommendationQuery:
    @strawberry.field(
        description="One recommendation, by id, or by the symbol of a document and the number of "
        "a paragraph, past ones included; null where there is none for this reader."
    )
    def recommendation(
        self,
        info: Info[Context, None],
        id: Annotated[strawberry.ID | None, arg("Its opaque id, or its UUID.")] = None,
        symbol: Annotated[
            str | None, arg("UN symbol of a document, such as A/HRC/59/15; needs `paragraph`.")
        ] = None,
        paragraph: Annotated[
            str | None, arg("Number of the paragraph in that document, such as 140.1.")
        ] = None,
        addressee: Annotated[
            str | None, arg("Code of the State, where the paragraph is addressed to several.")
        ] = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Recommendation | None:
        whose = of_whom(None, addressee)
        if id is not None and (as_of is not None or effective_on is not None):
            whose = recommendations.addressees_about(info.context.connection, read_id(id))
        context = look(info.context, as_of, effective_on, whose)
        if id is not None and symbol is None and paragraph is None:
            row = recommendations.by_id(context.connection, context.scope, read_id(id))
            rows = [] if row is None else [row]
        elif id is None and symbol is not None and paragraph is not None:
            rows = recommendations.by_symbol(
                context.connection, context.scope, symbol, paragraph, addressee
            )
        else:
            raise InvalidInput("Ask by `id`, or by `symbol` and `paragraph`.")
        if len(rows) > 1:
            states = ", ".join(sorted(row.state.addressee for row in rows))
            raise Ambiguous(f"Several addressees have this paragraph: {states}; give `addressee`.")
        return together(context, rows)[0] if rows else None

    @strawberry.field(
        description="Recommendations that fit, page by page. `search`: words in any language, of "
        "which they have all. `asOf`: what was known then; `effectiveOn`: what was true that day."
    )
    def recommendations(
        self,
        info: Info[Context, None],
        where: RecommendationWhere | None = None,
        search: str | None = None,
        as_of: AsOf | None = None,
        effective_on: str | None = None,
        order_by: RecommendationOrder | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Recommendation]:
        reading = look(info.context, as_of, effective_on, of_whom(where))
        fits = where_of(where, reading.today, search)
        return connection_of(reading, fits, order_by, first, after, last, before)

    @strawberry.field(
        description="The feed: entries after a log index, in the order of the log; without "
        "`after` from the beginning. `mark` is the `endMark` of the answer that gave `after`: "
        "another log, and one that was restored from an older copy, refuse it."
    )
    def events(
        self,
        info: Info[Context, None],
        after: Annotated[
            int | None,
            arg("Only entries of a higher log index than this, the `endIndex` of an earlier page."),
        ] = None,
        first: int = 100,
        as_of: AsOf | None = None,
        mark: Annotated[
            str | None, arg("The `endMark` of the page that gave `after`; another log refuses it.")
        ] = None,
    ) -> FeedConnection:
        context = info.context
        log = context.log
        if after is not None and after > context.last:
            problem = f"{after} lies beyond this log, whose last entry is {context.last}"
            raise _unknown_cursor(problem, context.last)
        if mark is not None and mark != history.mark(log, -1 if after is None else after):
            raise _unknown_cursor(f"this log has another entry at {after}", context.last)
        last = context.last if as_of is None else context.index_of(*chosen(as_of))
        entries, end, more = history.feed(log, context.scope, after, first, last)
        if entries:
            context.ration.answer(len(entries))  # each is read from the log, too
            context.effects.expect(entries)
        cursors = [str(entry.log_index) for entry in entries]
        return FeedConnection(
            nodes=entries,  # type: ignore[arg-type]
            cursors=cursors,
            page_info=page_info(cursors, None if after is None else str(after), has_next=more),
            count=lambda: context.last + 1,
            sees_all=_sees_all(context.scope),
            end_index=end,
            end_mark=history.mark(log, end),
        )

    @strawberry.field(description="The log index of the last entry this answer knows of.")
    def log_index(self, info: Info[Context, None]) -> int:
        return info.context.last


def _sees_all(scope: Scope) -> bool:
    return scope.addressees is None and scope.hides_nothing


def _unknown_cursor(problem: str, last: int) -> UnknownCursor:
    return UnknownCursor(
        f"`after`: {problem}. The cursor is of another log, or this one was restored from an older "
        "copy: compare the entries you hold with it, then read on from where they agree.",
        last=last,
    )
