"""Pages of lists, all of one shape: Relay's, with the nodes beside the edges and how many there are
on all pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

import strawberry

from domain.refusals import InvalidInput

Node = TypeVar("Node")


@strawberry.type(description="Whether a list goes on, and the cursors to go on with.")
class PageInfo:
    has_next_page: bool
    """True where more follow."""
    has_previous_page: bool
    """True where others come before."""
    start_cursor: str | None
    """Cursor of the first on the page, for `before`; null on an empty page."""
    end_cursor: str | None
    """Read on with this as `after`: the cursor of the last on the page, or on an empty page the one
    that was sent; null where the list is empty."""


@strawberry.type(description="One in its place in a list.")
class Edge(Generic[Node]):
    cursor: str
    """Its place in the list, for `after` or `before`."""
    node: Node
    """The one at this place."""


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    nodes: list[Node]
    """The page in the order of the list, without their cursors."""
    page_info: PageInfo
    """Whether the list goes on, and the cursors to go on with."""
    cursors: strawberry.Private[Sequence[str]]
    count: strawberry.Private[Callable[[], int]]

    @strawberry.field(description="The page in the order of the list, each with its cursor.")
    def edges(self) -> list[Edge[Node]]:
        placed = zip(self.cursors, self.nodes, strict=True)
        return [Edge(cursor=cursor, node=node) for cursor, node in placed]

    @strawberry.field(description="How many there are, on all pages.")
    def total_count(self) -> int:
        return self.count()


class Part(NamedTuple, Generic[Node]):
    """A page cut out of a list that is at hand, each with its place, and what lies around it."""

    items: Sequence[tuple[int, Node]]
    has_next: bool
    has_previous: bool


def cut(
    items: Sequence[tuple[int, Node]],
    usual: int,
    most: int,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Part[Node]:
    """A page of a list whose items have places that rise; a cursor is a place. It has `usual` items
    where neither `first` nor `last` says how many."""
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= most:
            raise InvalidInput(f"`{name}` is between 0 and {most:,} here.", field=name)
    low, high = _place(after, "after"), _place(before, "before")
    found = [
        item
        for item in items
        if (low is None or item[0] > low) and (high is None or item[0] < high)
    ]
    if first is not None or last is None:
        found = found[: usual if first is None else first]
    if last is not None:
        found = found[max(0, len(found) - last) :]
    if not found:
        return Part(found, False, False)
    return Part(found, items[-1][0] > found[-1][0], items[0][0] < found[0][0])


def _place(cursor: str | None, name: str) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise InvalidInput("That is no cursor of this list; take it from pageInfo.", field=name)
    return int(cursor)


def connection(
    found: Iterable[tuple[str, Node]],
    count: Callable[[], int],
    info: PageInfo,
) -> Connection[Node]:
    """A page of nodes, each with its cursor. `count` is asked only where the reader asks how many
    there are."""
    placed = list(found)
    return Connection(
        nodes=[node for _, node in placed],
        cursors=[cursor for cursor, _ in placed],
        page_info=info,
        count=count,
    )


def page_info(
    cursors: Sequence[str], after: str | None, *, has_next: bool, has_previous: bool | None = None
) -> PageInfo:
    """What is said of a page by the cursors that were read for it, and by the one it was to come
    after: on an empty page one reads on from there."""
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=after is not None if has_previous is None else has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else after,
    )
