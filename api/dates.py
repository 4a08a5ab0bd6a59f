"""Dates in GraphQL: scalars of their own, so that clients know them from other strings. They are
the strings that the record has; what is no date is refused where it is used, with a code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)


def _scalar(name: str, description: str) -> GraphQLScalarType:
    return GraphQLScalarType(
        name,
        serialize=GraphQLString.serialize,
        parse_value=GraphQLString.parse_value,
        parse_literal=GraphQLString.parse_literal,
        description=description,
    )


DATE = _scalar("Date", "A day: ISO 8601, such as 2025-04-08.")
PARTIAL_DATE = _scalar(
    "PartialDate",
    "A day, month or year, as exactly as it is known: ISO 8601, such as 2025-04-08, 2025-04 or "
    "2025.",
)

NAMED: dict[str, GraphQLScalarType] = {
    **dict.fromkeys(("day", "earliest", "workingDays"), DATE),
    **dict.fromkeys(
        (
            *("effectiveOn", "on", "date", "since", "until", "periodFrom", "periodTo", "basis"),
            *("starts", "ends", "reviewed", "published"),
            *("answerDue", "answersDue", "positionDue", "followUpDue"),
        ),
        PARTIAL_DATE,
    ),
}
"""Fields that are dates wherever they are strings."""

OTHERWISE: dict[tuple[str, str], GraphQLScalarType] = {
    ("AbsenceDeclared", "since"): DATE,
    ("AbsenceDeclared", "until"): DATE,
    ("AbsenceHeld", "since"): DATE,
    ("AbsenceHeld", "until"): DATE,
    ("DeclareAbsenceInput", "since"): DATE,
    ("DeclareAbsenceInput", "until"): DATE,
    ("DeadlineExtended", "until"): DATE,
    ("ExtendDeadlineInput", "until"): DATE,
    ("Suspended", "restsUntil"): DATE,
    ("Suspension", "until"): DATE,
    ("SuspendRecommendationInput", "until"): DATE,
    ("DeadlinePaused", "on"): DATE,
    ("Due", "by"): DATE,
    ("Task", "due"): DATE,
    ("PositionDeferred", "due"): PARTIAL_DATE,
    ("DeferPositionInput", "due"): PARTIAL_DATE,
    ("SelectedForFollowUp", "due"): PARTIAL_DATE,
    ("SelectForFollowUpInput", "due"): PARTIAL_DATE,
    ("PositionTaken", "adopted"): PARTIAL_DATE,
    ("StatedPosition", "adopted"): PARTIAL_DATE,
    ("Measure", "due"): DATE,
    ("AcceptRecommendationInput", "adopted"): PARTIAL_DATE,
    ("NoteRecommendationInput", "adopted"): PARTIAL_DATE,
    ("CompetenceTransferHeld", "on"): GraphQLString,  # empty where nobody knows it
}
"""(Type, field) → what it is, where its name alone does not say."""

ARGUMENTS = {"effectiveOn": DATE, "day": DATE, "from": DATE}
"""Arguments that are dates wherever they are strings."""


def date(built: GraphQLSchema) -> None:
    """Gives the fields and arguments of a schema that are dates the scalars of dates."""
    for scalar in (DATE, PARTIAL_DATE):
        built.type_map[scalar.name] = scalar
    for kind in [*built.type_map.values()]:
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            own = {field: scalar for (of, field), scalar in OTHERWISE.items() if of == kind.name}
            _date(kind.fields, NAMED | own)
            for field in kind.fields.values():
                _date(getattr(field, "args", {}), ARGUMENTS)


def _date(shown: Mapping[str, Any], dates: Mapping[str, GraphQLScalarType]) -> None:
    for name, one in shown.items():
        if name in dates:
            one.type = _in_place_of_string(one.type, dates[name])


def _in_place_of_string(said: Any, scalar: GraphQLScalarType) -> Any:
    if isinstance(said, GraphQLNonNull):
        return GraphQLNonNull(_in_place_of_string(said.of_type, scalar))
    if isinstance(said, GraphQLList):
        return GraphQLList(_in_place_of_string(said.of_type, scalar))
    return scalar if said is GraphQLString else said
