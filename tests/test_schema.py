"""The schema as a promise: the file in review, and what it derives from the domain."""

from __future__ import annotations

import difflib
import subprocess
from enum import StrEnum
from typing import Any

import msgspec
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_non_null_type,
    validate_schema,
)

from api.schema import SDL_FILE, schema, sdl
from domain import entry, words
from domain.refusals import all_refusals
from tests.server import ROOT, SUIVI
from workflows.log.mapper import EVENTS as MAPPED

SCHEMA: GraphQLSchema = schema._schema

EVENTS = list(MAPPED.values())

UNSHOWN = {
    ("*", "stamp"): "its fields are those of the interface HistoryEntry",
    ("CredentialGranted", "sha256"): "the digest of a key is of use to nobody who may ask",
}
"""Fields of events that history does not show, and why. To hide one more, say here why."""


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def history_entry() -> GraphQLInterfaceType:
    kind = SCHEMA.get_type("HistoryEntry")
    assert isinstance(kind, GraphQLInterfaceType)
    return kind


def test_the_checked_in_schema_is_the_schema():
    there, now = SDL_FILE.read_text(), sdl()
    if there != now:
        diff = difflib.unified_diff(
            there.splitlines(), now.splitlines(), "api/schema.graphql", "the code", lineterm=""
        )
        pytest.fail(
            "\n".join(diff)
            + "\n\nIf this is what you meant: suivi schema --output api/schema.graphql",
            pytrace=False,
        )


@pytest.mark.slow
def test_the_command_that_mends_the_file_writes_it(tmp_path):
    file = tmp_path / "schema.graphql"
    subprocess.run([*SUIVI, "schema", "--output", file], check=True, cwd=ROOT)
    assert file.read_text() == SDL_FILE.read_text()


def test_the_checked_in_schema_is_valid_to_others():
    assert validate_schema(build_schema(SDL_FILE.read_text())) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.__name__)
def test_every_event_has_a_type_with_every_field(event: type[msgspec.Struct]):
    kind = SCHEMA.get_type(event.__name__)
    assert isinstance(kind, GraphQLObjectType)
    assert kind.interfaces == (history_entry(),)
    assert kind.description
    for field in msgspec.structs.fields(event):
        hidden = ("*", field.name) in UNSHOWN or (event.__name__, field.name) in UNSHOWN
        assert (camel(field.name) in kind.fields) != hidden, field.name


def test_the_stamp_is_shown_whole_by_the_interface():
    shown = set(history_entry().fields)
    said = {camel(field.name) for field in msgspec.structs.fields(entry.Stamp)}
    renamed = {"command": "commandId", "effective": "effectiveOn", "history": "asHistory"}
    of_the_speaker = {camel(field.name) for field in msgspec.structs.fields(entry.Speaker)}
    assert {renamed.get(name, name) for name in said - {"speaker"}} <= shown
    assert of_the_speaker <= shown
    assert {"logIndex", "recordedAt", "reasonCommitment"} <= shown


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.__name__)
def test_no_field_of_an_event_hides_one_of_the_interface(event: type[msgspec.Struct]):
    """If you are here because you named a field: an event may say `institution` only of its
    speaker, so the field of the event needs another name, such as `assignee`."""
    own = {camel(f.name) for f in msgspec.structs.fields(event) if f.name != "stamp"}
    assert not own & set(history_entry().fields)


def test_history_holds_no_type_without_an_event():
    held = {kind.name for kind in SCHEMA.get_possible_types(history_entry())}
    assert held == {event.__name__ for event in MAPPED.values()}


def test_every_refusal_has_its_code_and_every_code_its_refusal():
    kind = SCHEMA.get_type("RefusalCode")
    assert isinstance(kind, GraphQLEnumType)
    codes = [refusal.code for refusal in all_refusals()]
    assert sorted(kind.values) == sorted(codes)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("root", [SCHEMA.query_type, SCHEMA.mutation_type], ids=str)
def test_what_may_fail_alone_may_be_null(root: GraphQLObjectType):
    never_null = [name for name, field in root.fields.items() if is_non_null_type(field.type)]
    assert never_null == []


def word_lists() -> list[type[StrEnum]]:
    found = [*vars(words).values(), *vars(entry).values()]
    return [
        kind
        for kind in dict.fromkeys(v for v in found if isinstance(v, type))
        if issubclass(kind, StrEnum) and kind is not StrEnum
    ]


@pytest.mark.parametrize("kind", word_lists(), ids=lambda kind: kind.__name__)
def test_a_word_list_is_an_enum_with_its_words(kind: type[StrEnum]):
    shown = SCHEMA.get_type(kind.__name__)
    assert isinstance(shown, GraphQLEnumType)
    assert shown.description
    assert list(shown.values) == [word.name for word in kind]


def inputs() -> list[Any]:
    assert SCHEMA.mutation_type is not None
    return [
        pytest.param(field.args["input"].type.of_type, id=name)  # type: ignore[union-attr]
        for name, field in SCHEMA.mutation_type.fields.items()
    ]


BEGINNINGS = {
    "ReceiveRecommendationInput",
    "OpenReviewInput",
    "RegisterInstitutionInput",
    "DraftReportInput",
    "PublishVocabularyInput",
    "PublishWorkflowDefinitionInput",
    "AdoptWorkflowDefinitionInput",
    "SetCalendarInput",
    "DeclareAbsenceInput",
    "EndAbsenceInput",
    "EraseTextsInput",
    "PersonInput",
    "ProposeMeasureInput",
}
"""Nobody has seen a version of what begins, of what counts from now on whatever counted, of an
entry, which never changes, or of whether a person is there."""

MANY = {"TakeStepsInput": "items", "DecideCasesInput": "decisions"}
"""Inputs of many steps: the field that has one for each."""


@pytest.mark.parametrize("kind", inputs())
def test_every_step_takes_a_command_id_and_the_version_that_was_seen(kind):
    assert isinstance(kind, GraphQLInputObjectType)
    assert str(kind.fields["commandId"].type) == "String!"
    if kind.name == "StartImportInput":
        return  # it is followed as a job, and records as a run
    if kind.name not in BEGINNINGS | {"MigrateCasesInput"}:  # which names the procedure they leave
        each = get_named_type(kind.fields[MANY[kind.name]].type) if kind.name in MANY else kind
        assert str(each.fields["expectedVersion"].type) == "Int!"
        assert str(each.fields["id"].type) == "ID!"
    assert {"effectiveOn", "reason", "source", "authority"} <= set(kind.fields)
