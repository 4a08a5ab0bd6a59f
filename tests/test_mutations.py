"""Inputs and mutations follow from rows: a step that is said here alone has both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any
from uuid import uuid4

import pytest
import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType
from msgspec import Meta

from api.context import Context
from api.derive import read_id
from api.mutations import takes
from api.queries import RecommendationQuery
from api.steps import CircumstancesInput, command
from domain.casework import Case
from domain.entry import Protected, RecommendationId, Stamp
from domain.recommendation import Recommendation, implementation, lineage
from domain.recommendation.closing import close as close_
from domain.recommendation.elements import Term
from domain.recommendation.implementation import Planned
from domain.review import Review
from domain.words import Closing
from tests.server import Server, running
from tests.test_own_procedures import adopted, published
from workflows.desk import Command
from workflows.roles import C
from workflows.step import Mutation, Step
from workflows.step_table import STEPS


def hear_witness(
    r: Recommendation,
    stamp: Stamp,
    witness: Annotated[Protected, Meta(description="Who was heard.")],
    about: RecommendationId,
    terms: tuple[Term, ...] = (),
    closing: Closing | None = None,
    public: bool = True,
    remarks: Annotated[Protected, Meta(description="The chair's.")] | None = None,
    page: Annotated[int, Meta(description="Of the minutes.")] | None = None,
) -> Planned:
    """Hears a witness.

    What was said is kept elsewhere."""
    labels = ", ".join(term.label for term in terms)
    told = f"{about}: {labels}; {closing}; {public}; {remarks and remarks.text}; {page}"
    return implementation.plan(r, stamp, witness, plan=told)


HEARING = Step(
    "hear-witness",
    Recommendation,
    C,
    hear_witness,
    by=("hearWitness", Mutation("hearInCamera", "Hears one in camera.", {"public": False})),
    later=("page",),
)

WITH_HEARINGS = """
format: suivi-overlay/1
name: with-hearings
extends: upr
labels: {en: Witnesses are heard}
for: {mechanisms: [upr]}
operations:
  - {op: add-step, after: plan, step: {name: hear-witness, labels: {en: Hear}}}
"""


def schema_of(*rows: Step) -> strawberry.Schema:
    """A schema with the mutations of rows that are in no table."""

    @strawberry.type
    @takes(rows)
    class Hearings:
        pass

    return strawberry.Schema(query=RecommendationQuery, mutation=Hearings)


def fields(schema: strawberry.Schema, name: str) -> dict[str, Any]:
    type_ = schema._schema.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    return type_.fields


def resting(r: Recommendation, stamp: Stamp) -> Any:
    """Rests."""


def test_an_input_has_what_its_step_carries_behind_what_every_step_has() -> None:
    schema = schema_of(HEARING, Step("rest", Recommendation, C, resting))
    every = list(fields(schema, "StepInput").items())
    hearing = list(fields(schema, "HearWitnessInput").items())
    assert [name for name, _ in hearing[: len(every)]] == [name for name, _ in every]
    assert [(n, str(f.type), f.description) for n, f in hearing[len(every) :]] == [
        ("witness", "String!", "Who was heard."),
        ("about", "ID!", "The id of a recommendation."),
        ("terms", "[TermInput!]!", None),
        ("closing", "Closing", None),
        ("public", "Boolean!", None),
        ("remarks", "String", "The chair's."),
        ("page", "Int", "Of the minutes."),
    ]
    told = {name: field.default_value for name, field in hearing[len(every) :]}
    assert (told["terms"], told["public"], told["page"]) == ([], True, None)
    assert fields(schema, "TermInput").keys() == {"vocabulary", "version", "label", "code"}
    assert fields(schema, "HearInCameraInput").keys() == dict(hearing).keys() - {"public"}


def test_a_mutation_does_what_the_command_says_or_the_row() -> None:
    mutations = schema_of(HEARING, Step("rest", Recommendation, C, resting))._schema.mutation_type
    assert isinstance(mutations, GraphQLObjectType)
    assert [(n, f.description, str(f.args["input"].type)) for n, f in mutations.fields.items()] == [
        ("hearWitness", "Hears a witness.", "HearWitnessInput!"),
        ("hearInCamera", "Hears one in camera.", "HearInCameraInput!"),
        ("rest", "Rests.", "StepInput!"),
    ]


def test_only_a_step_on_a_case_that_has_a_command_follows_from_its_row() -> None:
    rows = (
        Step("rest", Case, C, resting),
        Step("rest-review", Review, C, resting),
        Step("rest-by-hand", Recommendation, C),
    )
    mutations = schema_of(*rows)._schema.mutation_type
    assert mutations is not None
    assert mutations.fields.keys() == {"rest"}


def test_steps_that_share_an_input_carry_the_same() -> None:
    close = Step("shut", Recommendation, C, close_, input="EndInput")
    other = Step("end", Recommendation, C, close_, input="EndInput")
    assert "closing" in fields(schema_of(close, other), "EndInput")
    cycle = Step("go-on", Recommendation, C, lineage.continue_into, input="EndInput")
    with pytest.raises(ImportError, match="shut and go-on share EndInput"):
        schema_of(close, cycle)


# --- Taken ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a State whose procedure has the step."""
    url = f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}"
    with pytest.MonkeyPatch.context() as patch, running(url) as server:
        patch.setitem(STEPS, HEARING.name, HEARING)
        adopted(server, published(server, WITH_HEARINGS))
        yield server


def taken(server: Server, who: str, mutation: str, **said: Any) -> dict[str, Any]:
    input = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"""mutation($input: {input}!) {{ {mutation}(input: $input) {{
        logIndex errors {{ code message }} }} }}"""
    context = Context(server.service, server.service.principal(server.keys[who]))
    try:
        variables = {"input": {"commandId": uuid4().hex, **said}}
        told = schema_of(HEARING).execute_sync(query, variables, context)
    finally:
        context.close()
    assert not told.errors
    assert told.data is not None
    return told.data[mutation]  # type: ignore[no-any-return]


def test_its_command_takes_the_step_with_what_the_input_says(here: Server) -> None:
    id, other = here.receive(), here.receive()
    said = {"id": id, "expectedVersion": 1, "witness": "the mayor", "about": other}
    term = {"vocabulary": "theme", "version": "1", "label": "Housing"}
    said |= {"terms": [term], "closing": "WITHDRAWN", "remarks": " "}
    payload = taken(here, "coordinator", "hearInCamera", **said)
    assert payload["errors"] == []
    (entry,) = here.service.log.read(payload["logIndex"], 1)
    assert isinstance(entry.event, Planned)
    about = read_id(other)
    assert entry.event.plan == f"{about}: Housing; withdrawn; False; None; None"


@pytest.mark.parametrize(
    ("who", "said", "code", "words"),
    [
        ("clerk", {}, "FORBIDDEN", "open to: coordinator"),
        ("coordinator", {"witness": " "}, "INVALID_INPUT", "`witness` says something"),
        ("coordinator", {"about": "nobody"}, "INVALID_INPUT", "no id of a recommendation"),
    ],
)
def test_what_cannot_be_is_refused_as_data(
    here: Server, who: str, said: dict[str, Any], code: str, words: str
) -> None:
    id, other = here.receive(), here.receive()
    every = {"id": id, "expectedVersion": 1, "witness": "the mayor", "about": other, **said}
    size = here.size()
    (error,) = taken(here, who, "hearWitness", **every)["errors"]
    assert error["code"] == code
    assert words in error["message"]
    assert here.size() == size


def test_what_was_added_later_and_is_not_said_leaves_the_command_as_it_was(here: Server) -> None:
    sent = schema_of(HEARING).get_type_by_name("HearWitnessInput")
    speaker = here.service.principal(here.keys["coordinator"])
    assert speaker is not None
    context = Context(here.service, speaker)
    now = sent.origin(command_id="1", id="a", expected_version=1, witness="w", about="b")  # type: ignore[union-attr]
    before = {**asdict(now), **asdict(CircumstancesInput())}
    for later in ("circumstances", "page"):
        del before[later]
    as_before = Command.of("1", speaker, ["hear-witness", before])
    assert command(context, "hear-witness", now) == as_before
    now.page = 7
    assert command(context, "hear-witness", now) != as_before
