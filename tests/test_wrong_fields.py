"""A refusal leads to the field of the input that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.schema import schema
from tests.server import Server, nested, running
from tests.test_register_api import REGISTER

ERRORS = "errors { code message field path }"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('wrong') / 'suivi.db'}") as server:
        yield server


@pytest.fixture(scope="module")
def id(here: Server) -> str:
    found = here.receive()
    here.step("coordinator", "assignRecommendation", found, institution="labour")
    return found


def refusal(server: Server, mutation: str, who: str = "coordinator", **input: Any) -> Any:
    """The one error of a mutation, whose path ends in its field."""
    said = {"commandId": uuid4().hex, **input}
    kind = schema._schema.mutation_type.fields[mutation].args["input"].type  # type: ignore[union-attr]
    query = f"mutation($input: {kind}) {{ {mutation}(input: $input) {{ {ERRORS} }} }}"
    (error,) = server.ask(who, query, input=said)[mutation]["errors"]
    if error["path"] is not None:
        assert error["field"] == ".".join(error["path"][1:]).removeprefix("data.")
    return error


def leads_to(path: list[str], said: dict[str, Any]) -> Any:
    """What lies at the end of a path in variables."""
    found: Any = {"input": said}
    for step in path:
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


A_TEXT = {
    "addressee": "SVN",
    "mechanism": "UPR",
    "body": "UPR",
    "language": "en",
    "symbol": "A/HRC/59/15",
    "paragraph": "9.9",
    "parts": [{"text": "Ratify"}],
}
TERM = {"vocabulary": "theme", "version": "2014", "label": "x"}


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"parts": [{"text": "a"}, {"text": " "}]}, "parts.1.text"),
        (
            {"parts": [{"text": "a", "recommendingStates": ["France", "QQQ"]}]},
            "parts.0.recommendingStates.1",
        ),
        ({"addressee": "QQQ"}, "addressee"),
        ({"body": "CEDAW"}, "body"),
        ({"language": "english"}, "language"),
        ({"effectiveOn": "yesterday"}, "effectiveOn"),
        ({"commandId": " "}, "commandId"),
        ({"source": {"document": " "}}, "circumstances.source.document"),
        ({"source": {"document": "A/1", "language": "xx-yy"}}, "circumstances.source.language"),
        ({"authority": {"kind": "MANDATE", "reference": ""}}, "circumstances.authority.reference"),
        ({"actor": "p-other"}, "circumstances.actor"),
        ({"onBehalfOf": "another"}, "circumstances.onBehalfOf"),
    ],
)
def test_what_begins_is_refused_by_its_field(here: Server, said: Any, path: str) -> None:
    asked = nested({**A_TEXT, **said})
    error = refusal(here, "receiveRecommendation", **asked)
    assert error["path"] == ["input", *path.split(".")]
    leads_to(error["path"], {"commandId": "", **asked})


@pytest.mark.parametrize(
    ("mutation", "said", "path"),
    [
        ("classifyRecommendation", {"terms": [TERM, {**TERM, "vocabulary": "y"}]}, "terms.1"),
        ("assignRecommendation", {"institution": "nobody"}, "institution"),
        ("endAssignment", {"assignment": 7, "reason": "r"}, "assignment"),
        ("linkRecommendation", {"to": "x", "type": "REPEATS"}, "to"),
        ("withdrawLink", {"link": 7, "reason": "r"}, "link"),
        ("addText", {"language": "fr", "texts": [""]}, "texts.0"),
        ("extendDeadline", {"deadline": "none", "until": "2040-01-01", "reason": "r"}, "deadline"),
        ("assignRecommendation", {"institution": "justice", "part": "9"}, "part"),
        ("commentOnRecommendation", {"comment": "c", "expectedVersion": 9}, "expectedVersion"),
        ("closeRecommendation", {"closing": "WITHDRAWN", "reason": ""}, "reason"),
        (
            "takeStep",
            {"step": "add-text", "data": {"language": "fr", "texts": [""]}},
            "data.texts.0",
        ),
        ("takeStep", {"step": "report", "data": {"report": "never"}}, "data.report"),
        ("takeStep", {"step": "report", "data": []}, "data"),
        (
            "takeStep",
            {"step": "classify", "data": {"terms": [TERM, {**TERM, "label": 1}], "how": "RULE"}},
            "data.terms.1.label",
        ),
        (
            "takeStep",
            {"step": "add-text", "data": {"language": "fr", "texts": ["a", 7]}},
            "data.texts.1",
        ),
        (
            "takeStep",
            {"step": "end-assignment", "reason": "r", "data": {"assignment": 7}},
            "data.assignment",
        ),
    ],
)
def test_a_step_is_refused_by_its_field(
    here: Server, id: str, mutation: str, said: Any, path: str
) -> None:
    asked = {"id": id, "expectedVersion": here.version(id), **said}
    error = refusal(here, mutation, **asked)
    assert error["path"] == ["input", *path.split(".")], error
    leads_to(error["path"], asked)


def test_an_id_that_is_none_is_refused_by_its_field(here: Server) -> None:
    said = {"id": "x", "expectedVersion": 1}
    assert refusal(here, "undoDuplicate", **said)["path"] == ["input", "id"]


def test_one_of_many_steps_is_refused_by_its_place(here: Server, id: str) -> None:
    query = f"""mutation($input: TakeStepsInput!) {{ takeSteps(input: $input) {{
        results {{ ok {ERRORS} }} {ERRORS} }} }}"""
    items = [
        {"id": id, "expectedVersion": 99, "data": {"institution": "justice"}},
        {"id": id, "expectedVersion": 1, "data": {"capacity": "none"}},
        {"id": id, "expectedVersion": here.version(id), "data": {"institution": "nobody"}},
    ]
    said = {
        "commandId": uuid4().hex,
        "step": "decree-assignment",
        "data": {"institution": "labour"},
        "items": items,
        "dryRun": True,
    }
    told = here.ask("coordinator", query, input=said)["takeSteps"]
    assert told["errors"] == []
    assert [result["errors"][0]["path"] for result in told["results"]] == [
        ["input", "items", "0", "expectedVersion"],
        ["input", "items", "1", "data", "capacity"],
        ["input", "items", "2", "data", "institution"],
    ]
    told = here.ask("coordinator", query, input={**said, "commandId": ""})["takeSteps"]
    assert told["errors"][0]["path"] == ["input", "commandId"]
    several = {**said, "effectiveOn": "never", "items": items[2:]}
    (result,) = here.ask("coordinator", query, input=several)["takeSteps"]["results"]
    assert result["errors"][0]["path"] == ["input", "effectiveOn"], "it is said for all"


def test_a_refusal_about_no_field_leads_nowhere(here: Server, id: str) -> None:
    asked = {"id": id, "expectedVersion": here.version(id), "reason": "r"}
    error = refusal(here, "resumeRecommendation", **asked)
    assert (error["code"], error["field"], error["path"]) == ("STEP_NOT_OPEN", None, None)


@pytest.mark.parametrize(
    ("mutation", "said", "path"),
    [
        ("makeMatch", {"to": "x"}, "to"),
        ("attachEvidence", {"file": "x"}, "file"),
        ("attachEvidence", {"file": str(uuid4()), "about": "x"}, "about"),
        ("removeEvidence", {"file": "x", "reason": "r"}, "file"),
        ("renameInstitution", {"names": []}, "names"),
        ("clearReport", {"id": "x"}, "id"),
    ],
)
def test_a_step_of_the_register_is_refused_by_its_field(
    here: Server, mutation: str, said: Any, path: str
) -> None:
    input = {**REGISTER[mutation].said(here), **said}
    error = refusal(here, mutation, **input)
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", path])
