"""Who may do what and who may read what, asked over the API with a key of every role."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from api.schema import schema
from domain.measure import Measure
from domain.refusals import Forbidden, InvalidInput
from tests.server import HOLDERS, ROOT, STORES, SUIVI, Server, running, store, until
from tests.test_graphql import FEED, everything
from tests.test_register_api import REGISTER
from workflows import keys
from workflows.access import SEES, Role, authorise
from workflows.procedure.shipped import shipped
from workflows.step_table import ROWS, STEPS

SCHEMA = schema._schema
MINISTRIES = ("justice", "labour")
"""Holders of keys for focal points; `justice` is the one that is assigned."""


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with store(request, tmp_path_factory) as url, running(url) as served:
        yield served


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite, for what happens above the store."""
    with running(f"sqlite:///{tmp_path_factory.mktemp('here') / 'suivi.db'}") as served:
        served.grant("coordinator", "coordinator", "mfa", addressees=("SVN",))
        yield served


# --- Who may do what -----------------------------------------------------------------------------

OFFERED = (("offerAssignment", {"institution": "justice"}),)
ASSIGNED = (("assignRecommendation", {"institution": "justice"}),)
DRAFTED = (*ASSIGNED, ("reportProgress", {"narrative": "a draft"}))
CLEARED = (*DRAFTED, ("clearProgress", {"report": 3}))
REASON = {"reason": "because"}
TERMS = {"terms": [{"vocabulary": "theme", "version": "2019", "label": "Treaties"}]}
POSITION = {"organ": "ADDENDUM", "instrument": "A/HRC/59/15/Add.1"}
CRC = {"mechanism": "TREATY_BODY", "body": "CRC"}
U_1 = {"scheme": "uhri", "value": "u-1"}
CLOSED = (("closeRecommendation", {"closing": "WITHDRAWN", **REASON}),)
LINKED = (("linkRecommendation", {"type": "REPEATS", "to": "another"}),)


class Case(NamedTuple):
    """What a step says, on a recommendation that has these steps behind it."""

    said: dict[str, Any]
    after: tuple[tuple[str, dict[str, Any]], ...] = ()
    received: dict[str, Any] = {}  # noqa: RUF012 - never changed


C, K, F = "coordinator", "clerk", "justice"

DEFERRED = (("deferPosition", {"due": "2030-06"}),)

MATRIX: dict[str, tuple[set[str], Case]] = {
    "receiveRecommendation": ({C, K}, Case({})),
    "addText": ({C, K}, Case({"language": "fr", "texts": ["Ratifier"]})),
    "correctRecommendation": (
        {C, K},
        Case({"correction": "CLERICAL", "language": "en", "parts": [{"text": "x"}], **REASON}),
    ),
    "strikeEntry": (
        {C},
        Case(
            {"version": 2, "correction": "CLERICAL", **REASON}, (("noteRecommendation", POSITION),)
        ),
    ),
    "renumberRecommendation": ({C, K}, Case({"symbol": "A/HRC/59/15", "paragraph": "new"})),
    "identifyRecommendation": ({C, K}, Case({"scheme": "national", "value": "N-1"})),
    "withdrawAlias": (
        {C, K},
        Case({"scheme": "uhri", "value": "u-1", **REASON}, (("identifyRecommendation", U_1),)),
    ),
    "classifyRecommendation": ({C, K}, Case(TERMS)),
    "declassifyRecommendation": ({C, K}, Case(TERMS, (("classifyRecommendation", TERMS),))),
    "acceptRecommendation": ({C, K}, Case(POSITION)),
    "noteRecommendation": ({C, K}, Case(POSITION)),
    "deferPosition": ({C, K}, Case({"due": "2025-06"})),
    "commentOnRecommendation": ({C, K}, Case({"comment": "the State's view"}, received=CRC)),
    "selectForFollowUp": ({C, K}, Case({"body": "CRC"}, received=CRC)),
    "assignRecommendation": ({C}, Case({"institution": "justice"})),
    "offerAssignment": ({C}, Case({"institution": "justice"})),
    "acceptAssignment": ({F}, Case({"assignment": 2}, OFFERED)),
    "declineAssignment": ({F}, Case({"assignment": 2, **REASON}, OFFERED)),
    "lapseAssignment": ({C}, Case({"assignment": 2}, OFFERED)),
    "handOverAssignment": ({C}, Case({"assignment": 2, "to": "archive"}, ASSIGNED)),
    "endAssignment": ({C}, Case({"assignment": 2, **REASON}, ASSIGNED)),
    "planImplementation": ({C, F}, Case({"measures": "a law"}, ASSIGNED)),
    "reportProgress": ({C, F}, Case({"narrative": "a bill"}, ASSIGNED)),
    "clearProgress": ({C}, Case({"report": 3}, DRAFTED)),
    "publishProgress": ({C}, Case({"report": 3, "narrative": "a bill"}, CLEARED)),
    "assessRecommendation": (
        {C, K},
        Case(
            {
                "assessorKind": "NHRI",
                "assessor": "Ombudsman",
                "scheme": "common",
                "schemeVersion": "1",
                "grade": "implemented",
                "source": {"document": "Annual report"},
            }
        ),
    ),
    "declareImplemented": ({C, F}, Case({}, ASSIGNED)),
    "reportRecommendation": ({C, K}, Case({"report": "MID_TERM", "document": "Mid-term report"})),
    "linkRecommendation": ({C, K}, Case({"type": "REPEATS", "to": "another"})),
    "withdrawLink": ({C, K}, Case({"link": 2, **REASON}, LINKED)),
    "declareDuplicate": ({C, K}, Case({"of": "another"})),
    "undoDuplicate": ({C, K}, Case(REASON, (("declareDuplicate", {"of": "another"}),))),
    "closeRecommendation": ({C}, Case({"closing": "WITHDRAWN", **REASON})),
    "reopenRecommendation": ({C}, Case(REASON, CLOSED)),
    "continueRecommendation": ({C}, Case({"cycle": 5})),
    "suspend": ({C}, Case(REASON)),
    "resume": ({C}, Case(REASON, (("suspend", REASON),))),
    "suspendRecommendation": ({C}, Case(REASON)),
    "resumeRecommendation": ({C}, Case(REASON, (("suspendRecommendation", REASON),))),
    "extendDeadline": (
        {C},
        Case(
            {"deadline": "position", "until": "2035-01-01", **REASON},
            DEFERRED,
        ),
    ),
    "suspendDeadline": ({C}, Case({"deadline": "position", **REASON}, DEFERRED)),
    "resumeDeadline": (
        {C},
        Case(
            {"deadline": "position", **REASON},
            (*DEFERRED, ("suspendDeadline", {"deadline": "position", **REASON})),
        ),
    ),
    "retryTimers": ({C}, Case(REASON, (("raise-incident", {}),))),
    "remark": ({C, K, F}, Case({"words": "ask the ministry"}, ASSIGNED)),
    "claimTask": ({C}, Case({"task": "assign"})),
    "releaseTask": ({C}, Case({"task": "assign"}, (("claimTask", {"task": "assign"}),))),
    "delegate": ({C}, Case({"task": "assign", "to": "p-9"})),
    "approveStep": (set(), Case({"step": "close"})),  # no procedure that ships asks for approvals
}
"""Mutation → who may (all others may not), and a case of it."""


def mutations() -> list[str]:
    """Those on recommendations; tests/test_register_api.py has the table of the others, and
    tests/test_measures.py that of measures."""
    assert SCHEMA.mutation_type is not None
    elsewhere = {*REGISTER, *(m.name for row in ROWS if row.on is Measure for m in row.mutations)}
    return [name for name in SCHEMA.mutation_type.fields if name not in elsewhere]


@pytest.mark.parametrize("mutation", mutations())
def test_a_mutation_is_open_to_the_roles_of_the_table_and_to_no_other(here, mutation):
    if mutation not in MATRIX:
        pytest.fail(
            f"If you are here because you added a mutation ({mutation}):\n"
            "1. give its step a row in `workflows/step_table.py`, with its roles;\n"
            "2. say it again in `MATRIX` of this file, with a case in which the step is open,\n"
            "   or in `REGISTER` of tests/test_register_api.py;\n"
            "3. give it a step in `LIFE` of tests/test_graphql.py.",
            pytrace=False,
        )
    allowed, case = MATRIX[mutation]
    another = here.receive()
    id: str | None = None
    for who in sorted(HOLDERS, key=lambda who: who in allowed):
        said = {key: another if value == "another" else value for key, value in case.said.items()}
        if mutation == "receiveRecommendation":
            said = {**WHAT_ARRIVES, "paragraph": f"150.{who}", "commandId": uuid4().hex}
        else:
            if id is None:
                id = here.receive(**case.received)
                for before, more in case.after:
                    more = {k: another if v == "another" else v for k, v in more.items()}
                    here.step("coordinator", before, id, **more)
            said |= {"id": id, "expectedVersion": 1 + len(case.after)}
        size = here.size()
        payload = here.take(who, mutation, **said)
        if who in allowed:
            assert payload["errors"] == [], who
            assert here.size() == size + 1
            id = None
            (entry,) = here.service.log.read(payload["logIndex"], 1)
            assert mutation in {by.name for by in STEPS[entry.event.step_name].mutations}
        else:
            assert [e["code"] for e in payload["errors"]] == ["FORBIDDEN"], who
            assert here.size() == size


WHAT_ARRIVES = {
    "addressee": "SVN",
    "mechanism": "UPR",
    "body": "UPR",
    "language": "en",
    "parts": [{"text": "Ratify"}],
    "symbol": "A/HRC/59/15",
}


def test_the_table_names_no_mutation_that_is_gone():
    assert set(MATRIX) == set(mutations())


def test_every_step_of_the_procedure_says_who_may_take_it():
    steps = {step.name for procedure in shipped().values() for step in procedure.definition.steps}
    assert set(STEPS) >= {*steps, "receive", "import", "grant-key", "revoke-key"}
    assert set(SEES) == set(Role)
    for step, row in STEPS.items():
        assert row.may, f"nobody may {step}"
        assert not row.may & {Role.AUDITOR, Role.READER}, f"{step} is no reading"


@pytest.mark.parametrize(
    ("step", "roles"),
    [
        ("import", {Role.COORDINATOR, Role.CLERK}),
        ("grant-key", {Role.ADMINISTRATOR}),
        ("revoke-key", {Role.ADMINISTRATOR}),
    ],
)
def test_what_is_no_mutation_is_open_to_these_roles(here, step, roles):
    for name in HOLDERS:
        principal = here.service.principal(here.keys[name])
        assert principal is not None
        if principal.role in roles:
            authorise(principal, step)
        else:
            with pytest.raises(Forbidden):
                authorise(principal, step)


def test_a_focal_point_works_only_where_its_institution_is_assigned(here):
    id = here.receive()
    for institution in MINISTRIES:
        here.step("coordinator", "assignRecommendation", id, institution=institution)
    here.step("justice", "planImplementation", id, measures="a law")
    here.step("labour", "planImplementation", id, measures="a programme")
    here.step("coordinator", "endAssignment", id, assignment=3, reason="abolished")
    said = {"id": id, "expectedVersion": here.version(id), "measures": "another"}
    (error,) = here.take("labour", "planImplementation", **said)["errors"]
    assert error["code"] == "FORBIDDEN"


def test_what_somebody_may_not_see_makes_no_step_of_theirs_stale(here):
    id = here.receive()
    here.step("coordinator", "assignRecommendation", id, institution="justice")
    here.step("justice", "reportProgress", id, narrative="a draft")
    assert [here.version(id, who) for who in ("clerk", "justice")] == [2, 3]
    said = {"id": id, **TERMS}
    (stale,) = here.take("clerk", "classifyRecommendation", expectedVersion=1, **said)["errors"]
    assert (stale["code"], stale["currentVersion"]) == ("STALE_VERSION", 2)
    (ahead,) = here.take("clerk", "classifyRecommendation", expectedVersion=3, **said)["errors"]
    assert (ahead["code"], ahead["currentVersion"]) == ("STALE_VERSION", 2), "not that there is one"
    payload = here.take("clerk", "classifyRecommendation", expectedVersion=2, **said)
    assert payload["errors"] == []
    assert payload["recommendation"]["version"] == 4


def test_a_focal_point_does_not_answer_an_offer_to_another(here):
    id = here.receive()
    here.step("coordinator", "offerAssignment", id, institution="justice")
    here.step("coordinator", "assignRecommendation", id, institution="labour")
    for mutation in ("acceptAssignment", "declineAssignment"):
        said = {"id": id, "expectedVersion": 3, "assignment": 2, "reason": "ours"}
        (error,) = here.take("labour", mutation, **said)["errors"]
        assert error["code"] == "FORBIDDEN"


def test_a_ministry_does_not_write_over_the_draft_of_another(here):
    id = here.receive()
    for institution in MINISTRIES:
        here.step("coordinator", "assignRecommendation", id, institution=institution)
    here.step("justice", "reportProgress", id, narrative="our own words")
    said = {"id": id, "expectedVersion": 3, "report": 4, "narrative": "put in its mouth"}
    (error,) = here.take("labour", "reportProgress", **said)["errors"]
    assert error["code"] in ("FORBIDDEN", "UNKNOWN_REPORT")
    here.step("justice", "reportProgress", id, report=4, narrative="our better words")


def test_a_persons_key_names_that_person_and_a_systems_key_the_person_it_acts_for(here):
    of_a_state = {"addressees": ("SVN",), "actor": None, "system": "registry"}
    here.grant("machine", "clerk", "archive", **of_a_state)
    here.register("archive", "p-42")
    query = "query($id: ID!) { recommendation(id: $id) { history { nodes { actor system } } } }"
    id = here.receive("machine", actor="p-42")
    here.step("machine", "identifyRecommendation", id, scheme="a", value="1")
    here.step("clerk", "identifyRecommendation", id, scheme="a", value="2", actor="p-clerk")
    history = here.ask("auditor", query, id=id)["recommendation"]["history"]["nodes"]
    assert [(e["actor"], e["system"]) for e in history] == [
        ("p-42", "registry"),
        (None, "registry"),
        ("p-clerk", None),
    ]


# --- Who may read what ---------------------------------------------------------------------------

SECRETS = {
    "open reason": "public",
    "internal reason": "internal",
    "an internal text": "internal",
    "draft of justice": "justice",
    "draft of labour": "labour",
    "plan of the mfa": "mfa",
    "a confidential text": "mfa",
}
"""Words in the record, and to whom they are shown."""

READS = {
    "administrator": {"public"},
    "coordinator": {"public", "internal", "justice", "labour", "mfa"},
    "clerk": {"public", "internal"},
    "justice": {"public", "internal", "justice"},
    "labour": {"public", "internal", "labour"},
    "auditor": {"public", "internal"},
    "reader": {"public"},
}
"""What each holder is shown; independent of `workflows.access.SEES` on purpose."""


class World(NamedTuple):
    """Recommendations of one State, one of each visibility, and a public one of another State."""

    public: str
    internal: str
    confidential: str
    elsewhere: str

    def readable(self, who: str) -> set[str]:
        shown = {self.public, self.elsewhere}
        if "internal" in READS[who]:
            shown.add(self.internal)
        if "mfa" in READS[who]:
            shown.add(self.confidential)
        return shown


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    def text(words: str) -> dict[str, Any]:
        return {"parts": [{"text": words}], "symbol": "A/HRC/59/15"}

    made = World(
        server.receive(paragraph="1", addressee="XAA", **text("a text")),
        server.receive(
            paragraph="2", addressee="XAA", visibility="INTERNAL", **text("an internal text")
        ),
        server.receive(
            paragraph="3", addressee="XAA", visibility="CONFIDENTIAL", **text("a confidential text")
        ),
        server.receive(paragraph="4", addressee="XAB", **text("a text elsewhere")),
    )
    step = server.step
    step("coordinator", "noteRecommendation", made.public, **POSITION, reason="open reason")
    for ministry in MINISTRIES:
        step("coordinator", "assignRecommendation", made.public, institution=ministry)
    step(
        "coordinator",
        "acceptRecommendation",
        made.public,
        organ="PLENARY",
        reason="internal reason",
        visibility="INTERNAL",
    )
    for ministry in MINISTRIES:
        step(ministry, "reportProgress", made.public, narrative=f"draft of {ministry}")
    plan = {"measures": "plan of the mfa", "visibility": "CONFIDENTIAL"}
    step("coordinator", "planImplementation", made.public, **plan)
    for to in (made.internal, made.confidential, made.elsewhere):
        step("coordinator", "linkRecommendation", made.public, type="OVERLAPS", to=to)
    return made


ALL = (
    f"""{{ recommendations(where: {{ addressee: ["XAA", "XAB"] }}) {{
    totalCount
    nodes {everything(SCHEMA.get_type("Recommendation"))}
  }} }}""",
    f"""{{ events(first: 500) {{
    nodes {everything(SCHEMA.get_type("HistoryEntry"), ("FeedConnection",))}
    pageInfo {{ hasNextPage }}
  }} }}""",
)
"""Two documents, as together they ask for more than one may."""


def ask_all(server: Server, who: str) -> dict[str, Any]:
    return {key: found for query in ALL for key, found in server.ask(who, query).items()}


@pytest.mark.slow
@pytest.mark.parametrize("who", HOLDERS)
def test_nobody_meets_a_word_that_is_not_for_them(server, world, who):
    answer = json.dumps(ask_all(server, who))
    met = {words for words in SECRETS if words in answer}
    assert met == {words for words, kind in SECRETS.items() if kind in READS[who]}


@pytest.mark.slow
@pytest.mark.parametrize("who", HOLDERS)
def test_lists_and_counts_hold_what_the_reader_may_see(server, world, who):
    found = ask_all(server, who)["recommendations"]
    assert {node["id"] for node in found["nodes"]} == world.readable(who)
    assert found["totalCount"] == len(world.readable(who))


@pytest.mark.parametrize("who", HOLDERS)
def test_by_no_way_is_anything_reached_that_is_not_for_the_reader(server, world, who):
    query = """query($id: ID!, $paragraph: String!) {
        node(id: $id) { id }
        byId: recommendation(id: $id) { id }
        byName: recommendation(symbol: "A/HRC/59/15", paragraph: $paragraph) { id } }"""
    for paragraph, id in enumerate(world, start=1):
        expected = {"id": id} if id in world.readable(who) else None
        found = server.ask(who, query, id=id, paragraph=str(paragraph))
        assert found == {"node": expected, "byId": expected, "byName": expected}


@pytest.mark.parametrize("who", HOLDERS)
def test_history_and_feed_show_the_same_entries_of_a_recommendation(server, world, who):
    query = """query($id: ID!) { recommendation(id: $id) {
        history { nodes { logIndex visibility institution } } } }"""
    history = server.ask(who, query, id=world.public)["recommendation"]["history"]["nodes"]
    feed = server.ask(who, FEED, first=500)["events"]
    assert not feed["pageInfo"]["hasNextPage"]
    assert [e["logIndex"] for e in history] == [
        e["logIndex"] for e in feed["nodes"] if e["recommendationId"] == world.public
    ]
    for entry in history:
        kind = entry["visibility"].lower()
        owner = entry["institution"] if kind == "confidential" else kind
        assert owner in READS[who] or entry["institution"] == HOLDERS[who][1]


@pytest.mark.parametrize("who", HOLDERS)
def test_a_link_whose_other_end_is_not_for_the_reader_is_not_shown(server, world, who):
    query = "query($id: ID!) { recommendation(id: $id) { lineage { recommendation { id } } } }"
    lineage = server.ask(who, query, id=world.public)["recommendation"]["lineage"]
    ends = {link["recommendation"]["id"] for link in lineage}
    assert ends == world.readable(who) - {world.public}


@pytest.mark.parametrize("who", HOLDERS)
def test_reports_show_the_drafts_of_those_who_may_read_them(server, world, who):
    query = "query($id: ID!) { recommendation(id: $id) { reports { institutionCode status } } }"
    reports = server.ask(who, query, id=world.public)["recommendation"]["reports"]
    assert {r["institutionCode"] for r in reports} == READS[who] & set(MINISTRIES)


def test_a_published_report_is_its_institutions_to_every_reader(server):
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="justice")
    server.step("justice", "reportProgress", id, narrative="a draft")
    server.step("coordinator", "clearProgress", id, report=3)
    query = """query($id: ID!) { recommendation(id: $id) {
        reports { institutionCode status narrative { text } } } }"""

    def reports(who: str) -> Any:
        return server.ask(who, query, id=id)["recommendation"]["reports"]

    draft = {"institutionCode": "justice", "status": "CLEARED", "narrative": {"text": "a draft"}}
    assert reports("justice") == reports("coordinator") == [draft]
    assert reports("reader") == reports("auditor") == []
    server.step("coordinator", "publishProgress", id, report=3, narrative="in public")
    public = {
        "institutionCode": "justice",
        "status": "PUBLISHED",
        "narrative": {"text": "in public"},
    }
    assert [reports(who) for who in HOLDERS] == [[public]] * len(HOLDERS)


def test_what_is_said_of_the_recommendation_as_a_whole_is_not_hidden_halfway(server):
    """A name or a text is shown to all who see the recommendation, so that it may not be given
    with fewer readers: it would be published in silence."""
    id = server.receive()
    term = {"vocabulary": "theme", "version": "2019", "label": "kept quiet"}
    for mutation, said in (
        ("identifyRecommendation", {"scheme": "national", "value": "kept quiet"}),
        ("addText", {"language": "fr", "texts": ["kept quiet"]}),
        ("classifyRecommendation", {"terms": [term]}),
    ):
        payload = server.take(
            "coordinator", mutation, id=id, expectedVersion=1, visibility="INTERNAL", **said
        )
        assert [error["code"] for error in payload["errors"]] == ["INVALID_INPUT"]
    assert "kept quiet" not in json.dumps(server.ask("reader", ONE, id=id))


ONE = f"""query($id: ID!) {{
  recommendation(id: $id) {everything(SCHEMA.get_type("Recommendation"))}
}}"""


def test_a_step_does_not_tell_its_author_what_it_may_not_read(server, world):
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="justice")
    hidden = {"measures": "quiet", "visibility": "CONFIDENTIAL"}
    server.step("coordinator", "planImplementation", id, **hidden)
    payload = server.step("justice", "planImplementation", id, measures="our own")
    assert [entry["version"] for entry in payload["entries"]] == [4]
    query = "query($id: ID!) { recommendation(id: $id) { history { nodes { version } } } }"
    seen = server.ask("justice", query, id=id)
    assert [e["version"] for e in seen["recommendation"]["history"]["nodes"]] == [1, 2, 4]


def test_what_is_not_for_the_reader_can_not_be_written_to_either(server, world):
    server.step("coordinator", "assignRecommendation", world.confidential, institution="justice")
    said = {"id": world.confidential, "expectedVersion": server.version(world.confidential)}
    for who, mutation, more in (
        ("justice", "planImplementation", {"measures": "a law"}),
        ("clerk", "identifyRecommendation", {"scheme": "x", "value": "1"}),
    ):
        (error,) = server.take(who, mutation, **said, **more)["errors"]
        assert error["code"] == "NOT_FOUND"
    there = {"id": world.public, "expectedVersion": server.version(world.public)}
    link = {"type": "REPEATS", "to": world.confidential}
    (error,) = server.take("clerk", "linkRecommendation", **there, **link)["errors"]
    assert error["code"] == "NOT_FOUND"


# --- Keys for some addressees --------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_a_key_for_an_addressee_reads_and_writes_that_record_only(server, world, role):
    name = f"{role} of XAB"
    server.grant(name, role.value, "mfa", addressees=("XAB",))
    found = ask_all(server, name)
    assert [node["id"] for node in found["recommendations"]["nodes"]] == [world.elsewhere]
    assert found["recommendations"]["totalCount"] == 1
    assert {node["addressee"] for node in found["events"]["nodes"]} == {"XAB"}
    query = """query($id: ID!) { node(id: $id) { id } recommendation(id: $id) { id } }"""
    assert server.ask(name, query, id=world.public) == {"node": None, "recommendation": None}
    lineage = "query($id: ID!) { recommendation(id: $id) { lineage { number } } }"
    assert server.ask(name, lineage, id=world.elsewhere)["recommendation"]["lineage"] == []
    before = server.size()
    arriving = {**WHAT_ARRIVES, "paragraph": "9", "addressee": "XAA"}
    for mutation, said in (
        ("receiveRecommendation", arriving),
        ("noteRecommendation", {"id": world.public, "expectedVersion": 1, **POSITION}),
    ):
        (error,) = server.take(name, mutation, **said)["errors"]
        assert error["code"] in ("FORBIDDEN", "NOT_FOUND")
    assert server.size() == before


ASKED = {"query": "{ logIndex }"}

# --- Keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer suivi_",
        "Basic c3VpdmlfeA==",
        "suivi_x",
        "Bearer suivi_unknown",
        "Bearer " + "x" * 5_000,
        "Bearer \u00e9",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_known_key_nothing_is_answered(server, authorization, method):
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    sent = {"json": ASKED} if method == "POST" else {"params": ASKED}
    answer = server.client.request(method, "/graphql", headers=headers, **sent)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="suivi"')
    assert "data" not in answer.json()
    if authorization and "unknown" in authorization:
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.slow
def test_a_revoked_key_is_refused_at_once(database_url):
    with running(database_url) as server:
        id = server.grant("guest", "reader", "public")
        assert server.post("guest", "{ logIndex }").status_code == 200
        generation = server.service.views.current()
        with generation.engine.execution_options(writes=True).connect() as holding:
            # Nor does it matter that the views can't be told.
            holding.begin()
            holding.exec_driver_sql("UPDATE search_head SET next = next")
            environment = {"SUIVI_DATABASE_URL": database_url}
            revoked = suivi("key", "revoke", id, **environment)
            assert revoked.returncode == 0, revoked.stderr
            for query in ("{ logIndex }", "{ nothingOfTheKind }", "mutation { noSuchStep }"):
                assert server.post("guest", query).status_code == 401
            for path in ("/exports/csv", "/plots/progress.svg", f"/files/{uuid4()}"):
                answer = server.client.get(path, headers=server.headers("guest"))
                assert answer.status_code == 401
            holding.rollback()
        assert server.post("guest", "{ logIndex }").status_code == 401
        again = suivi("key", "revoke", id, **environment)
        assert (again.returncode, "revoked already" in again.stderr) == (1, True)


def test_unknown_keys_hold_up_nobody_while_the_views_can_t_be_fed(database_url):
    with running(database_url) as server, ThreadPoolExecutor(4) as pool:
        assert server.post("reader", "{ logIndex }").status_code == 200
        generation = server.service.views.current()
        with generation.engine.execution_options(writes=True).connect() as holding:
            holding.begin()
            holding.exec_driver_sql("UPDATE search_head SET next = next")
            server.grant("late", "reader", "public")
            asked = [pool.submit(server.post, unknown(), "{ logIndex }") for _ in range(4)]
            time.sleep(0.3)
            assert not any(one.done() for one in asked), "they wait for the views"
            assert server.post("reader", "{ logIndex }").status_code == 200
            holding.rollback()
        assert {one.result().status_code for one in asked} == {401}


def unknown() -> str:
    """A key that nobody was granted, of the shape that keys have."""
    return keys.KEY_PREFIX + secrets.token_urlsafe(32)


def test_whoever_can_write_to_the_views_has_no_key_by_that(tmp_path):
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        assert server.post("coordinator", "{ logIndex }").status_code == 200
        forged = hashlib.sha256(b"suivi_forged").hexdigest()
        with closing(sqlite3.connect(tmp_path / "suivi-credentials-1.db")) as views, views:
            views.execute("UPDATE credential SET sha256 = ?", (forged,))
        assert server.post("suivi_forged", "{ logIndex }").status_code == 401


@pytest.mark.slow
def test_a_key_granted_a_moment_ago_by_another_process_works_at_once(database_url):
    with running(database_url) as server:
        made = suivi("key", "create", "--role", "reader", "--json", SUIVI_DATABASE_URL=database_url)
        key = json.loads(made.stdout)["key"]
        assert server.post(key, "{ logIndex }").status_code == 200


def suivi(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SUIVI, *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_key_lies_nowhere_but_with_its_holder(tmp_path):
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        server.receive()
        server.ask("reader", "{ logIndex }")
        keys = list(server.keys.values())
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"suivi.db", "suivi-views.db", "suivi-search-1.db"}
    for file in files:
        held = file.read_bytes()
        for key in keys:
            assert key.encode() not in held
            assert key.removeprefix("suivi_").encode() not in held
    log = sqlite3.connect(tmp_path / "suivi.db")
    payloads = b"".join(row[0] for row in log.execute("SELECT payload FROM log_event"))
    log.close()
    assert all(hashlib.sha256(key.encode()).hexdigest().encode() in payloads for key in keys)


def test_keys_are_long_and_never_the_same(here):
    keys = set(here.keys.values())
    assert len(keys) == len(here.keys)
    assert all(key.startswith("suivi_") and len(key) >= 6 + 43 for key in keys)


def test_grants_and_revocations_are_entries_an_auditor_reads(here):
    query = """query($after: Int) { events(first: 500, after: $after) { nodes {
        event { __typename
            ... on CredentialGranted { holder { role institution actor addressees } } }
        logIndex recommendationId actor system role institution visibility } } }"""
    late = max(here.size() - 400, 0)
    id = here.grant("leaver", "clerk", "archive")
    suivi("key", "revoke", id, SUIVI_DATABASE_URL=here.service.settings.database_url)
    until(lambda: here.ask("auditor", "{ logIndex }")["logIndex"] == here.size() - 1)
    pages = [here.ask("auditor", query, after=after)["events"]["nodes"] for after in (None, late)]
    seen = list({e["logIndex"]: e for page in pages for e in page}.values())
    granted = [e for e in seen if e["event"]["__typename"] == "CredentialGranted"]
    holders = [e["event"]["holder"] for e in granted]
    assert {(one["role"], one["institution"]) for one in holders} >= set(HOLDERS.values())
    (leaver,) = [e for e in granted if e["event"]["holder"]["actor"] == "p-leaver"]
    assert (leaver["system"], leaver["role"], leaver["actor"]) == ("suivi", "operator", None)
    assert [e["event"]["__typename"] for e in seen if e["logIndex"] > leaver["logIndex"]][:1] == [
        "CredentialRevoked"
    ]
    assert all(e["recommendationId"] is None for e in granted)
    for_all = here.ask("reader", query)["events"]["nodes"]
    assert not [e for e in for_all if e["event"]["__typename"].startswith("Credential")]


def test_a_key_speaks_for_a_code_that_can_be_told_from_others(sqlite_url: str) -> None:
    with running(sqlite_url) as server:
        for code in ("MOJ", "moj\u200b", "cafe\u0301"):
            with pytest.raises(InvalidInput, match="`code`"):
                server.grant("other", "focal-point", code, addressees=("SVN",))
        assert server.grant("justice-2", "focal-point", "moj", addressees=("SVN",))
