"""The schema: read top to bottom, this is all there is. Checked in as `schema.graphql`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import (
    GraphQLFieldResolver,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)
from strawberry.schema.config import StrawberryConfig

from api.absences import AbsenceMutation, AbsenceQuery
from api.agenda import AgendaQuery
from api.bulk_mutations import BulkMutation
from api.calendars import CalendarMutation, CalendarQuery
from api.casework_mutations import CaseworkMutation
from api.dates import date
from api.describing import describe
from api.erasing import ErasureMutation
from api.events import UNION, name_of
from api.joining import NODES
from api.kinds import Lists
from api.migration_mutations import MigrationMutation
from api.mutations import RecommendationMutation
from api.nodes import NodeQuery
from api.persons import PersonMutation
from api.procedure_mutations import ProcedureMutation
from api.procedures import ProcedureQuery
from api.queries import RecommendationQuery
from api.recommendations import Recommendation
from api.register_mutations import RegisterMutation
from api.register_queries import RegisterQuery
from api.what_if import WhatIfQuery


@strawberry.type(
    description="The questions. One that is refused is null, with an error that has a code; others "
    "beside it are answered."
)
class Query(
    NodeQuery,
    RecommendationQuery,
    Lists,
    RegisterQuery,
    ProcedureQuery,
    WhatIfQuery,
    CalendarQuery,
    AgendaQuery,
    AbsenceQuery,
):
    pass


@strawberry.type(description="The steps. Each gives what it led to, or the reasons it was refused.")
class Mutation(
    RecommendationMutation,
    RegisterMutation,
    ProcedureMutation,
    BulkMutation,
    CaseworkMutation,
    MigrationMutation,
    CalendarMutation,
    AbsenceMutation,
    ErasureMutation,
    PersonMutation,
):
    pass


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Recommendation, *NODES.values()],
    config=StrawberryConfig(disable_field_suggestions=True),
)


def _call_directly(built: GraphQLSchema) -> None:
    """Lets graphql-core call our plain resolvers itself.

    A field that asks for nothing but its row needs no arguments converted and no extension run;
    strawberry's wrapper does both for each field of each row, at about the cost of the field.
    """
    for named in built.type_map.values():
        if not isinstance(named, GraphQLObjectType):
            continue
        for field in named.fields.values():
            ours = field.extensions.get("strawberry-definition")
            if ours is None or ours.arguments or ours.permission_classes or ours.extensions:
                continue
            resolver = ours.base_resolver
            if resolver is None:
                field.resolve = _attribute(ours.python_name)
            elif resolver.info_parameter is None:
                field.resolve = _row_only(resolver.wrapped_func)


def _attribute(name: str) -> GraphQLFieldResolver:
    return lambda row, info: getattr(row, name)


def _row_only(function: Callable[[Any], Any]) -> GraphQLFieldResolver:
    return lambda row, info: function(row)


def _let_fail_alone(built: GraphQLSchema) -> None:
    """Lets a question or a step that fails be null, beside others that are answered."""
    for root in (built.query_type, built.mutation_type):
        assert root is not None
        for field in root.fields.values():
            if isinstance(field.type, GraphQLNonNull):
                field.type = field.type.of_type


def _tell_events_apart(built: GraphQLSchema) -> None:
    """Lets graphql-core ask an event for its type, where strawberry would ask one type of the union
    after the other."""
    union = built.type_map[UNION]
    assert isinstance(union, GraphQLUnionType)
    union.resolve_type = lambda event, *_: name_of(event)
    for kind in union.types:
        kind.is_type_of = None


describe(schema._schema)
date(schema._schema)
_let_fail_alone(schema._schema)
_tell_events_apart(schema._schema)
_call_directly(schema._schema)
