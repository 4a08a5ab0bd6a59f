"""What is hidden makes no difference: whatever is recorded for fewer readers, all that the others
can ask is answered as before.

What is asked is made from the schema, what is recorded from the table of steps: a new query, a new
condition and a new step are tried without a line here.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_required_argument,
)
from python_calamine import CalamineWorkbook

from tests.length import times
from tests.server import Server, running
from tests.test_access import MATRIX, Case
from tests.test_graphql import SCHEMA, everything

pytestmark = pytest.mark.slow

LOWER = {
    "CONFIDENTIAL": ("registrar", "reader", "auditor", "labour")[: times(1, long=4)],
    "INTERNAL": ("reader", "administrator")[: times(1, long=2)],
}
"""Visibility → who reads no entry of it: none of them speaks for an institution that writes one, or
that one is for."""

OF_THE_LOG = {"logIndex", "endIndex", "endMark"}
"""What a query tells of the log as a whole: how long it is, whoever wrote in it."""

FROM = "A/HRC/59/15"
SECRET = "velvet"
"""Stands in all that is hidden and nowhere else."""

COUNTED = {
    "recommendingState": ["FRA", "KEN"],
    "institution": ["justice", "labour", "archive", "mfa"],
    "addressee": ["SVN"],
    "body": ["UPR", "CRC"],
    "cycle": [3, 4, 5],
    "symbol": [FROM, "A/HRC/1/1"],
    "theme": ["Treaties"],
    "affectedPersons": ["children"],
    "issue": ["Justice"],
    "action": ["2"],
    "sdg": ["16"],
}
"""Values of conditions whose type is a string or a number."""


# --- Asked ---------------------------------------------------------------------------------------


def _arguments(field: GraphQLField, known: dict[str, list[str]]) -> Iterator[str]:
    """The arguments with which a field of the root is asked: each way that `known` names."""
    paged = ["first: 200"] if "first" in field.args else []
    required = [name for name, one in field.args.items() if is_required_argument(one)]
    if not required:
        yield ", ".join(paged)
        return
    (name,) = required
    for value in known.get(name, []):
        yield ", ".join([f"{name}: {json.dumps(value)}", *paged])


def _roots(known: dict[str, list[str]]) -> Iterator[str]:
    """A document for each field of the root, with all that its type has."""
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        if name in ASKED_OTHERWISE:
            continue
        for said in _arguments(field, known):
            yield f"{{ {name}{f'({said})' if said else ''} {everything(field.type)} }}"


ASKED_OTHERWISE = {"recommendation", "recommendations", "events", "progress"} | {
    *("node", "nodes", "nodeAsOf"),
    "importJob",  # no import runs here
    "whatIf",  # needs a procedure, and is a question to the record as a whole
}


def _conditions() -> Iterator[str]:
    """Every condition that a list can be asked by."""
    kind = SCHEMA.get_type("RecommendationWhere")
    assert isinstance(kind, GraphQLInputObjectType)
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLEnumType):
            for value in inner.values:
                yield f"{name}: [{value}]"
        elif isinstance(inner, GraphQLScalarType) and inner.name == "Boolean":
            yield f"{name}: true"
            yield f"{name}: false"
        else:
            for value in COUNTED.get(name, []):
                yield f"{name}: [{json.dumps(value)}]"


def _lists() -> Iterator[str]:
    order = SCHEMA.get_type("Order")
    assert isinstance(order, GraphQLEnumType)
    ids = "totalCount nodes { id } pageInfo { endCursor hasNextPage }"
    for by in order.values:
        for way in ("ASC", "DESC"):
            sorted_by = f"orderBy: {{ field: {by}, direction: {way} }}"
            yield f"recommendations({sorted_by}, first: 200) {{ {ids} }}"
    for condition in _conditions():
        where = f"where: {{ {condition} }}"
        yield f"recommendations({where}, first: 200) {{ totalCount nodes {{ id }} }}"
    for words in (SECRET, "ratify"):
        yield f'recommendations(search: "{words}", first: 200) {{ totalCount nodes {{ id }} }}'


def _figures() -> Iterator[str]:
    dimensions = SCHEMA.get_type("Dimension")
    rows = everything(SCHEMA.query_type.fields["progress"].type)  # type: ignore[union-attr]
    assert isinstance(dimensions, GraphQLEnumType)
    for value in dimensions.values:
        yield f"progress(by: {value}) {rows}"
        yield f'progress(by: {value}, where: {{ symbol: ["{FROM}"] }}) {rows}'


EXPORTS = ("csv", "xlsx", "ohchr-matrix", "worklist", "ocel", "xes")
PLOTS = ("cycle", "theme", "institution", "sdg")


class World(NamedTuple):
    """Recommendations to one State, each with the steps behind it that a case needs."""

    server: Server
    ids: dict[str, str]
    known: dict[str, list[str]]


def told(world: World, who: str) -> dict[str, Any]:
    """All that somebody is told, by what they asked."""
    found: dict[str, Any] = {}
    server = world.server

    def ask(query: str, **variables: str) -> None:
        answer = server.post(who, query, **variables).json()
        found[f"{query} {variables}"] = _but_of_the_log(answer)

    for document in _roots(world.known):
        ask(document)
    for one in (*_lists(), *_figures()):
        ask(f"{{ {one} }}")
    whole = everything(SCHEMA.get_type("Recommendation"))
    for id in world.ids.values():
        # Documents that are the same are read and validated once.
        ask(f"query($id: ID!) {{ recommendation(id: $id) {whole} }}", id=id)
        way = 'path(to: "record.closed") { reachable }'
        ask(f"query($id: ID!) {{ recommendation(id: $id) {{ {way} }} }}", id=id)
    entry = everything(SCHEMA.get_type("HistoryEntry"), ("FeedConnection",))
    ask(f"{{ events(first: 500) {{ nodes {entry} pageInfo {{ hasNextPage }} }} }}")
    now = f"asOf: {{ logIndex: {server.size() - 1} }}"
    rows = "totalCount nodes { id version states position stage tasks { name } }"
    found["as of now"] = _but_of_the_log(
        server.post(who, f"{{ recommendations({now}, first: 200) {{ {rows} }} }}").json()
    )
    for format in EXPORTS:
        found[format] = _exported(server, who, format)
    for by in PLOTS:
        plot = server.client.get(
            "/plots/progress.svg",
            params={"by": by, "addressee": "SVN"},
            headers=server.headers(who),
        )
        found[f"plot by {by}"] = plot.text
    found.update(_refused(world, who))
    return found


def _but_of_the_log(said: Any) -> Any:
    """An answer without what it tells of the log as a whole."""
    data = said.get("data") or {}
    shown = {name: value for name, value in data.items() if name not in OF_THE_LOG}
    return {**said, "data": shown}


def _exported(server: Server, who: str, format: str) -> Any:
    answer = server.client.get(
        f"/exports/{format}", params={"addressee": "SVN"}, headers=server.headers(who)
    )
    if format == "xlsx" and answer.status_code == 200:
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    return answer.status_code, answer.text


def _refused(world: World, who: str) -> Iterator[tuple[str, Any]]:
    """What somebody is told who takes steps that are refused, with versions that were right."""
    query = """mutation($input: TakeStepInput!) { takeStep(input: $input) {
        recommendation { id version } errors { code message currentVersion } } }"""
    for name, id in world.ids.items():
        for version in (0, 1):
            input = {
                "commandId": uuid4().hex,
                "id": id,
                "expectedVersion": version,
                "step": "close",
                "data": {"closing": "withdrawn"},
            }
            yield f"{name} refused at {version}", world.server.post(who, query, input=input).json()


# --- Recorded ------------------------------------------------------------------------------------


def _hidden(visibility: str) -> Iterator[tuple[str, Case, str]]:
    """Every step that a visibility can be said of: its mutation, a case, and who takes it."""
    assert SCHEMA.mutation_type is not None
    for mutation, (allowed, case) in MATRIX.items():
        kind = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        if "visibility" in kind.fields and allowed and mutation != "receiveRecommendation":
            yield mutation, case, "coordinator" if "coordinator" in allowed else min(allowed)


def _pointing(said: dict[str, Any], another: str) -> dict[str, Any]:
    return {key: another if value == "another" else value for key, value in said.items()}


def prepared(server: Server, visibility: str) -> World:
    """A recommendation for each of these steps, as it stands before it."""
    another = server.receive()
    ids = {"another": another}
    for mutation, case, _ in _hidden(visibility):
        ids[mutation] = id = server.receive(**case.received)
        for before, more in case.after:
            server.step("coordinator", before, id, **_pointing(more, another))
    known = {"addressee": ["SVN"], "name": ["theme"]}
    return World(server, ids, known)


def record_hidden(world: World, visibility: str) -> list[str]:
    """Takes every step for fewer readers; gives those that were taken. A step that says what all
    readers of the recommendation read is refused."""
    taken = []
    for mutation, case, who in _hidden(visibility):
        id = world.ids[mutation]
        said = {**_pointing(case.said, world.ids["another"]), "visibility": visibility}
        for name in ("reason", "words", "measures", "narrative"):
            if name in said:
                said[name] = f"{SECRET} {said[name]}"
        version = world.server.version(id, who)
        payload = world.server.take(who, mutation, id=id, expectedVersion=version, **said)
        if not payload["errors"]:
            taken.append(mutation)
    return taken


@contextmanager
def _office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one State, with its coordinator and its registry."""
    url = f"sqlite:///{tmp_path_factory.mktemp('difference') / 'suivi.db'}"
    with running(url) as server:
        server.grant("coordinator", "coordinator", "mfa", addressees=("SVN",))
        server.grant("registrar", "clerk", "registry", addressees=("SVN",))
        yield server


@pytest.mark.parametrize("visibility", LOWER)
def test_what_is_hidden_makes_no_difference_to_those_from_whom_it_is(
    tmp_path_factory: pytest.TempPathFactory, visibility: str
) -> None:
    with _office(tmp_path_factory) as server:
        world = prepared(server, visibility)
        before = {who: told(world, who) for who in LOWER[visibility]}
        taken = record_hidden(world, visibility)
        assert len(taken) > 15, taken
        hidden = server.receive(visibility=visibility, parts=[{"text": f"{SECRET} text"}])
        assert hidden
        for who in LOWER[visibility]:
            after = told(world, who)
            different = [asked for asked in before[who] if before[who][asked] != after[asked]]
            assert not different, _shown(who, different, before[who], after)
            assert SECRET not in json.dumps(after, default=str).replace(f'\\"{SECRET}\\"', "")


AFTERWARDS = (("suspendRecommendation", {"reason": "elections"}), ("resumeRecommendation", {}))
"""Steps that all may see, which move every deadline."""

ON_WHAT_ALL_SEE = {"strikeEntry", "suspendDeadline", "resumeDeadline"}
"""Steps for fewer readers on a deadline that all know, or on an entry that set one. The visible
step goes on from how the deadline stands by then."""


@pytest.mark.parametrize("visibility", LOWER)
def test_what_is_hidden_makes_no_difference_to_what_a_visible_step_leads_to(
    tmp_path_factory: pytest.TempPathFactory, visibility: str
) -> None:
    with _office(tmp_path_factory) as server:
        with_it, without = prepared(server, visibility), prepared(server, visibility)
        followed, wrong = 0, []
        for mutation in {*record_hidden(with_it, visibility)} - ON_WHAT_ALL_SEE:
            twins = with_it.ids[mutation], without.ids[mutation]
            for step, said in AFTERWARDS:
                taken = [
                    server.take(
                        *("coordinator", step), id=id, expectedVersion=server.version(id), **said
                    )
                    for id in twins
                ]
                if any(answer["errors"] for answer in taken):
                    break  # the hidden step was one of these
                followed += 1
                for who in LOWER[visibility]:
                    one, other = (_led_to(server, who, id) for id in twins)
                    if one != other:
                        wrong.append(f"{who}, {step} after {mutation}:\n  {one}\n  {other}")
        assert not wrong, "\n".join(wrong)
        assert followed > 20


def _led_to(server: Server, who: str, id: str) -> Any:
    """What a reader is told of what the last entry led to, and how the case then stands."""
    entry, case = (SCHEMA.get_type(name) for name in ("HistoryEntry", "Recommendation"))
    assert isinstance(entry, GraphQLObjectType)
    assert isinstance(case, GraphQLObjectType)
    led = " ".join(f"{name} {everything(entry.fields[name].type)}" for name in LED_TO)
    stands = " ".join(f"{name} {everything(case.fields[name].type)}" for name in STANDS)
    query = f"""query($id: ID!) {{ recommendation(id: $id) {{
        {stands} history(last: 1) {{ nodes {{ {led} }} }} }} }}"""
    return _but_versions(server.ask(who, query, id=id)["recommendation"])


LED_TO = ("effects", "left", "entered", "event")
STANDS = ("states", "stage", "deadlines", "tasks", "suspended")
VERSIONS = {"generation", "opened", "version"}
"""What counts the entries of a case, the hidden ones among them."""


def _but_versions(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _but_versions(one) for key, one in said.items() if key not in VERSIONS}
    return [_but_versions(one) for one in said] if isinstance(said, list) else said


def _shown(who: str, different: list[str], before: dict[str, Any], after: dict[str, Any]) -> str:
    lines = [f"{who} is told otherwise, who asks:"]
    for asked in different[:20]:
        a, b = (json.dumps(one[asked], default=str) for one in (before, after))
        at = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
        lines.append(f"- {asked[:120]} … {asked[-60:]}\n    {a[max(0, at - 100) : at + 120]}")
        lines.append(f"    {b[max(0, at - 100) : at + 120]}")
    return "\n".join(lines)
