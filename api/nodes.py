"""Objects by their opaque ids, as Relay asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import Info

from api.cases import Node
from api.context import Context, Reading
from api.derive import WITHIN, Named, read_global_id, read_id
from api.describing import arg
from api.joining import shown
from api.kinds import KINDS
from api.looking_back import AsOf, look
from api.recommendations import Recommendation, together
from domain.refusals import LimitExceeded
from projections import recommendations
from projections.register import page_size_max

ID = "The `id` of an object, or the UUID of a recommendation."


@strawberry.type
class NodeQuery:
    @strawberry.field(
        description="The object with this opaque id; null where there is none for this reader."
    )
    def node(self, info: Info[Context, None], id: Annotated[strawberry.ID, arg(ID)]) -> Node | None:
        return nodes_of(info.context, [read_node(id)])[0]

    @strawberry.field(
        description="The objects with these opaque ids, in their order; null where there is none "
        "for this reader."
    )
    def nodes(
        self, info: Info[Context, None], ids: Annotated[list[strawberry.ID], arg(ID)]
    ) -> list[Node | None]:
        if len(ids) > page_size_max:
            raise LimitExceeded(f"Ask for {page_size_max} objects at most at a time.")
        return nodes_of(info.context, [read_node(id) for id in ids])

    @strawberry.field(
        description="The object with this opaque id, as the record had it, or as it was on a day."
    )
    def node_as_of(
        self,
        info: Info[Context, None],
        id: Annotated[strawberry.ID, arg(ID)],
        as_of: AsOf | None = None,
        effective_on: str | None = None,
    ) -> Node | None:
        context, named = info.context, read_node(id)
        whose = None
        if named.kind not in KINDS and (as_of is not None or effective_on is not None):
            whose = recommendations.addressees_about(context.connection, named.id)
        return nodes_of(look(context, as_of, effective_on, whose), [named])[0]


def read_node(id: str) -> Named:
    """What an opaque id names that can be asked for; refuses anything else."""
    named = read_global_id(id)
    if named.kind not in KINDS and named.kind not in WITHIN:
        read_id(id)
    return named


def nodes_of(reading: Reading, asked: Sequence[Named]) -> list[Node | None]:
    """What ids name, as far as it is for the reader: one read for all of a kind."""
    found: dict[tuple[str | None, UUID], Node] = {}
    for kind, shelf in KINDS.items():
        if ids := [one.id for one in asked if one.kind == kind]:
            rows = shelf.by_ids(reading.connection, reading.scope, ids)
            for id, node in zip(rows, shown(reading, [*rows.values()]), strict=True):
                found[kind, id] = node
    if ids := [one.id for one in asked if one.kind not in KINDS]:
        texts = recommendations.by_ids(reading.connection, reading.scope, ids)
        found |= {(None, one.row.state.id): one for one in together(reading, list(texts.values()))}
    return [_within(found.get(_key(one)), one) for one in asked]


def _key(named: Named) -> tuple[str | None, UUID]:
    return named.kind if named.kind in KINDS else None, named.id


def _within(node: Node | None, named: Named) -> Node | None:
    """The node, or what of it has the number that is named."""
    if not named.number or not isinstance(node, Recommendation):
        return node
    own = node.within(named.kind)
    return next((one for one in own if str(one.number) == named.number), None)
