"""Lists of what the register holds: conditions, pages and their arguments follow from the state of
each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any, Optional

import strawberry
from sqlalchemy import ColumnElement
from strawberry import Info
from strawberry.utils.str_converters import to_camel_case

from api.conditions import IDS, values_max
from api.context import Context, Reading
from api.derive import asked_type, read_id
from api.describing import ARGUMENTS, arg
from api.inputs import Given, input_type
from api.joining import shown
from api.looking_back import AsOf, look
from api.pages import Connection, connection, page_info
from api.registered import Registered
from domain.refusals import LimitExceeded
from projections import register
from projections.case_lists import CaseList

Condition = Callable[[Any, strawberry.ID], ColumnElement[bool]]

_several: Any = list
_nullable: Any = Optional


def listed(
    node: type[Registered],
    description: str,
    *by: str,
    only: Mapping[str, str] | None = None,
    descending: bool = False,
    has_days: bool = True,
    **by_id: tuple[str, Condition],
) -> Any:
    """The list of one kind, narrowed by its addressee and by fields of its state, a list of values
    each (`by`), and by the ids of other things (`by_id`: its meaning and its condition).
    `only`: what columns hold in any case. `has_days` False: it is not asked as of a day in the
    world."""
    shelf = register.shelf(node.shows)
    lists = {"addressee": _several[str]} | {
        name: _several[asked_type(node.shows, name)] for name in by
    }

    def resolve(info: Info[Context, None], **asked: Any) -> Any:
        days = asked.pop("effective_on", None)
        reading = look(info.context, asked.pop("as_of"), days, asked["addressee"])
        first, after = asked.pop("first"), asked.pop("after")
        c = shelf.table.c
        conditions = [c[name] == word for name, word in (only or {}).items()]
        for name, wanted in asked.items():
            if wanted is None:
                continue
            if name in by_id:
                conditions.append(by_id[name][1](c, wanted))
            else:
                conditions.append(c[name].in_([getattr(one, "value", one) for one in wanted]))
        page = shelf.page(
            reading.connection,
            reading.scope,
            conditions,
            first=first,
            after=after,
            descending=descending,
        )
        count = lambda: shelf.count(reading.connection, reading.scope, conditions)  # noqa: E731
        return _shown(reading, page, count, after)

    return _field(
        node,
        description,
        resolve,
        [
            *((name, _one_of(name, type_), None) for name, type_ in lists.items()),
            *((name, _id_of(text), None) for name, (text, _) in by_id.items()),
            ("first", int, 50),
            ("after", _nullable[str], None),
            ("as_of", _nullable[AsOf], None),
            *([("effective_on", _nullable[str], None)] if has_days else []),
        ],
    )


def listed_by(node: type[Registered], description: str, of: CaseList[Any], asked: Given) -> Any:
    """The list of the cases of an aggregate, narrowed by the conditions that it takes: `asked` is
    their input (`where_input`)."""

    def resolve(info: Info[Context, None], **given: Any) -> Any:
        where = given["where"]
        whose = None if where is None else where.addressee
        reading = look(info.context, given["as_of"], given["effective_on"], whose)
        fits = of.where(**({} if where is None else asked.read(where)), today=reading.today)
        return page_of(reading, of, fits, given["first"], given["after"])

    return _field(
        node,
        description,
        resolve,
        [
            ("where", _nullable[asked.type], None),
            ("first", int, 50),
            ("after", _nullable[str], None),
            ("as_of", _nullable[AsOf], None),
            ("effective_on", _nullable[str], None),
        ],
    )


def where_input(of: CaseList[Any], plural: str) -> Given:
    """The input of the conditions that a list of cases takes."""
    type_, read = input_type(
        f"{of.shelf.type.__name__}Where",
        of.where,
        without=("today",),
        description=f"Which {plural}. All conditions hold together; a list means any of it.",
    )

    def conditions(given: Any) -> dict[str, Any]:
        said: dict[str, Any] = read(given)
        if any(isinstance(one, tuple) and len(one) > values_max for one in said.values()):
            raise LimitExceeded(f"A condition has {values_max} values at most.")
        return {
            name: tuple(read_id(id, *IDS[name]) for id in value) if value and name in IDS else value
            for name, value in said.items()
        }

    return Given(type_, conditions)


def page_of(
    reading: Reading, of: CaseList[Any], where: Any, first: int, after: str | None
) -> Connection[Any]:
    """A page of the cases of an aggregate that fit."""
    page = of.page(reading.connection, reading.scope, where, first=first, after=after)
    count = lambda: of.count(reading.connection, reading.scope, where)  # noqa: E731
    return _shown(reading, page, count, after)


def _shown(
    reading: Reading, page: register.Page[Any], count: Callable[[], int], after: str | None
) -> Connection[Any]:
    ids = [row.state.id.hex for row in page.rows]
    return connection(
        zip(ids, shown(reading, page.rows), strict=True),
        count,
        page_info(ids, after, has_next=page.has_next),
    )


def _field(
    node: type[Registered],
    description: str,
    resolve: Any,
    arguments: list[tuple[str, Any, Any]],
) -> Any:
    resolve.__signature__ = Signature(
        [
            Parameter("info", Parameter.KEYWORD_ONLY, annotation=Info[Context, None]),
            *(
                Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=type_)
                for name, type_, default in arguments
            ),
        ],
        return_annotation=Connection[node],  # type: ignore[valid-type]
    )
    return strawberry.field(resolver=resolve, description=description)


def _one_of(name: str, type_: Any) -> Any:
    if name in ARGUMENTS:
        return _nullable[type_]
    said = f"Only those whose `{to_camel_case(name)}` is one of these."
    return Annotated[_nullable[type_], arg(said)]


def _id_of(meaning: str) -> Any:
    return Annotated[_nullable[strawberry.ID], arg(meaning)]
