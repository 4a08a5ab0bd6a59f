"""Everything that clients read in the schema says what it means."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module

import msgspec
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)

import domain
from api.describing import ARGUMENTS, FIELDS
from api.schema import schema
from domain.docstrings import SHARED, below, of_members
from domain.entry import Visibility
from domain.recommendation.assignment import AssignmentOpened
from domain.recommendation.elements import Term
from domain.recommendation.receiving import Received
from domain.recommendation.reporting import SelectedForFollowUp
from workflows import steps

SCHEMA: GraphQLSchema = schema._schema


def told() -> Iterator[tuple[str, str, str | None]]:
    """(kind, name, description) of everything that the schema names."""
    for name, kind in SCHEMA.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        is_input = isinstance(kind, GraphQLInputObjectType)
        yield "input" if is_input else "type", name, kind.description
        if isinstance(kind, GraphQLEnumType):
            for word, value in kind.values.items():
                yield "value", f"{name}.{word}", value.description
        elif isinstance(kind, GraphQLInputObjectType):
            for field, given in kind.fields.items():
                yield "input field", f"{name}.{field}", given.description
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            of = "mutation " if kind is SCHEMA.mutation_type else ""
            for field, shown in kind.fields.items():
                yield f"{of}field", f"{name}.{field}", shown.description
                for argument, given in shown.args.items():
                    yield f"{of}argument", f"{name}.{field}({argument})", given.description


def undescribed(kind: str) -> list[str]:
    return [name for of, name, text in told() if of == kind and not (text or "").strip()]


KINDS = ("type", "field", "argument", "value", "mutation field", "mutation argument", "input")


@pytest.mark.parametrize("kind", [*KINDS, "input field"])
def test_everything_that_clients_read_says_what_it_means(kind: str):
    """If you are here because you added a field: write its docstring below it."""
    assert not undescribed(kind)


def test_no_description_only_repeats_the_name():
    for kind, name, text in told():
        if kind in ("field", "argument", "value"):
            said = words(name.replace("(", "."))
            assert not words(text or "") <= said | SMALL, f"{name}: {text}"


def words(text: str) -> set[str]:
    """The words of a text or a name, in small letters and without the plural."""
    found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+", text)
    return {word.lower().removesuffix("s") for word in found}


SMALL = words("a an as at by for from in is it its of on or that the this to where which")


def test_a_field_has_the_docstring_below_it():
    received = SCHEMA.type_map["Received"].fields["parts"]  # type: ignore[union-attr]
    assert received.description == of_members(Received)["parts"]
    assert received.description.startswith("The texts that the paragraph bundles")


def test_a_field_of_a_base_class_means_the_same_in_the_classes_under_it():
    meaning = below(AssignmentOpened)["assignee"]
    for name in ("AssignmentOffered", "AssignmentDecreed"):
        assert SCHEMA.type_map[name].fields["assignee"].description == meaning  # type: ignore[union-attr]


def test_a_member_has_the_docstring_below_it_as_a_sentence():
    values = SCHEMA.type_map["Visibility"].values  # type: ignore[union-attr]
    assert values["PUBLIC"].description == of_members(Visibility)["PUBLIC"] == "Anyone with a key."


def test_data_of_a_step_means_what_it_means_in_the_event():
    body = steps.json_schema("select-for-follow-up")["properties"]["body"]
    assert body["description"] == of_members(SelectedForFollowUp)["body"]
    term = steps.json_schema("classify")["$defs"]["Term"]["properties"]["code"]
    assert term["description"] == of_members(Term)["code"]


def structs() -> list[type[msgspec.Struct]]:
    found_in = pkgutil.walk_packages(domain.__path__, "domain.")
    modules = [import_module(one.name) for one in found_in]
    found = (kind for module in modules for kind in vars(module).values())
    return [k for k in dict.fromkeys(k for k in found if inspect.isclass(k)) if _is_ours(k)]


def _is_ours(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct) and kind.__module__.startswith("domain.")


def test_words_for_many_types_are_used_by_many():
    """If you are here because one type is left that uses them: write them below its field."""
    used = Counter(
        name
        for struct in structs()
        for name in inspect.get_annotations(struct)
        if name in SHARED and name not in below(struct)
    )
    assert not {name for name in SHARED if used[name] < 2}
    shown = Counter(text for _, _, text in told())
    assert not {text for text in (*FIELDS.values(), *ARGUMENTS.values()) if shown[text] < 2}
