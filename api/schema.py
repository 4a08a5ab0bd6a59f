"""The schema: read top to bottom, this is all there is. Checked in as `schema.graphql`."""

from __future__ import annotations

from pathlib import Path

import strawberry
from strawberry.schema.config import StrawberryConfig

from api.history import TYPES
from api.mutations import Mutation
from api.queries import Query
from api.recommendations import Recommendation

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Recommendation, *TYPES.values()],
    config=StrawberryConfig(disable_field_suggestions=True),
)

SDL_FILE = Path(__file__).with_name("schema.graphql")


def sdl() -> str:
    """The schema in GraphQL's definition language."""
    return schema.as_str().strip() + "\n"
