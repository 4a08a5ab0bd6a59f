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
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_non_null_type,
    lexicographic_sort_schema,
    print_schema,
    validate_schema,
)

from api.events import SHOWN_AS, SHOWN_BY
from api.schema import schema
from api.sdl import FRAGMENT_FILE, SDL_FILE, fragment, sdl
from domain import entry, words
from domain.refusals import all_refusals
from tests.server import ROOT, SUIVI
from workflows.log.mapper import EVENTS as MAPPED

SCHEMA: GraphQLSchema = schema._schema

EVENTS = list(MAPPED.values())

UNSHOWN = {
    ("*", "stamp"): "its fields are those of HistoryEntry",
    ("CredentialGranted", "sha256"): "the digest of a key is of use to nobody who may ask",
}
"""Fields of events that history does not show, and why. To hide one more, say here why."""


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def history_entry() -> GraphQLObjectType:
    kind = SCHEMA.get_type("HistoryEntry")
    assert isinstance(kind, GraphQLObjectType)
    return kind


def history_event() -> GraphQLUnionType:
    kind = SCHEMA.get_type("HistoryEvent")
    assert isinstance(kind, GraphQLUnionType)
    return kind


FILES = {SDL_FILE: (sdl, ""), FRAGMENT_FILE: (fragment, "--fragment ")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_checked_in_schema_is_the_schema(file):
    write, option = FILES[file]
    there, now, name = file.read_text(), write(), f"api/{file.name}"
    if there != now:
        diff = difflib.unified_diff(
            there.splitlines(), now.splitlines(), name, "the code", lineterm=""
        )
        pytest.fail(
            "\n".join(diff)
            + f"\n\nIf this is what you meant: suivi schema {option}--output {name}",
            pytrace=False,
        )


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_command_that_mends_the_file_writes_it(file, tmp_path):
    written = tmp_path / file.name
    option = FILES[file][1].split()
    subprocess.run([*SUIVI, "schema", *option, "--output", written], check=True, cwd=ROOT)
    assert written.read_text() == file.read_text()


def test_the_checked_in_schema_is_valid_to_others_and_says_all_that_the_schema_says():
    read = build_schema(SDL_FILE.read_text())
    assert validate_schema(read) == []
    assert print_schema(lexicographic_sort_schema(read)) == print_schema(
        lexicographic_sort_schema(build_schema(schema.as_str()))
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.__name__)
def test_every_event_has_a_type_with_every_field(event: type[msgspec.Struct]):
    name = SHOWN_BY[event].__name__
    kind = SCHEMA.get_type(name)
    assert isinstance(kind, GraphQLObjectType)
    assert kind in history_event().types
    assert kind.description
    own = set()
    for field in msgspec.structs.fields(event):
        if ("*", field.name) not in UNSHOWN and (name, field.name) not in UNSHOWN:
            own.add(camel(SHOWN_AS.get((name, field.name), field.name)))
    assert kind.fields.keys() == (own or {"topic"})


def test_the_stamp_is_shown_whole_by_the_entry():
    shown = set(history_entry().fields)
    said = {camel(field.name) for field in msgspec.structs.fields(entry.Stamp)}
    renamed = {"command": "commandId", "effective": "effectiveOn", "history": "asHistory"}
    of_the_speaker = {camel(field.name) for field in msgspec.structs.fields(entry.Speaker)}
    assert {renamed.get(name, name) for name in said - {"speaker"}} <= shown
    assert of_the_speaker <= shown
    assert {"logIndex", "recordedAt", "reasonCommitment", "topic", "event"} <= shown


def test_a_field_of_one_name_has_one_type_in_all_events():
    """If you are here because you named a field: give it another name in `api/events.py`, under
    which no other event has something else."""
    types: dict[str, dict[str, list[str]]] = {}
    for kind in history_event().types:
        for name, field in kind.fields.items():
            types.setdefault(name, {}).setdefault(str(field.type), []).append(kind.name)
    assert {name: of for name, of in types.items() if len(of) > 1} == {}


def test_a_field_has_another_name_only_where_its_own_would_mean_two_things():
    fields = {(kind, f.name): f.type for kind in set(SHOWN_BY.values()) for f in fields_of(kind)}
    for event, field in SHOWN_AS:
        ((kind, type_),) = (
            (kind, type_)
            for (kind, name), type_ in fields.items()
            if (kind.__name__, name) == (event, field)
        )
        others = {
            str(it) for (one, name), it in fields.items() if name == field and one is not kind
        }
        assert others - {str(type_)}, f"{event}.{field} could keep its name"


def fields_of(event: type[msgspec.Struct]) -> list[Any]:
    return [field for field in msgspec.structs.fields(event) if field.name != "stamp"]


def test_history_holds_no_type_without_an_event():
    held = {kind.name for kind in history_event().types}
    assert held == {SHOWN_BY[event].__name__ for event in MAPPED.values()}


def test_every_list_that_is_asked_page_by_page_is_a_page_of_one_shape():
    lists = {
        f"{kind.name}.{name}": get_named_type(field.type)
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if field.args.keys() & {"first", "last"} and f"{kind.name}.{name}" not in OF_A_PAGE
    }
    assert len(lists) > 20
    for place, page in lists.items():
        shown: Any = page
        fields = {name: str(field.type) for name, field in shown.fields.items()}
        node = fields["nodes"].strip("[]!")
        assert fields["nodes"] == f"[{node}!]!", place
        assert fields["edges"] == f"[{node}Edge!]!", place
        assert fields["pageInfo"] == "PageInfo!", place
        assert fields["totalCount"] in ("Int!", "Int"), place
        edge: Any = SCHEMA.get_type(f"{node}Edge")
        assert {name: str(field.type) for name, field in edge.fields.items()} == {
            "cursor": "String!",
            "node": f"{node}!",
        }


OF_A_PAGE = {"Query.whatIf"}
"""Asks for a page within its answer: `whatIf { cases { nodes … } totals … }`."""


def test_every_mutation_answers_with_entries_a_log_index_and_errors():
    payload = SCHEMA.get_type("Payload")
    assert SCHEMA.mutation_type is not None
    for name, field in SCHEMA.mutation_type.fields.items():
        answer = get_named_type(field.type)
        assert payload in answer.interfaces, name  # type: ignore[union-attr]
    error: Any = SCHEMA.get_type("StepError")
    assert {"code", "message", "field", "path"} <= error.fields.keys()


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
    assert {"effectiveOn", "reason", "circumstances"} <= set(kind.fields)
