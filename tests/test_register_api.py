"""Reviews, institutions, reports, files, matches, vocabularies and imports, over the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from api.checking import Report, check_all
from api.schema import schema
from domain.entry import Entry
from domain.match import MatchCandidate, propose_match
from domain.recommendation.elements import Recommender, Term
from domain.words import Answer
from tests.given import stamp
from tests.server import HOLDERS, STORES, Server, running, store, until

PAYLOAD = """
{ node { __typename ... on Review { id uuid version } ... on Institution { id uuid version }
... on ProgressReport { id uuid version } ... on StoredFile { id uuid version erased }
... on Match { id uuid version } } entries { event { __typename } visibility } logIndex
errors { code message currentVersion } }
"""
STEPS = schema._schema.mutation_type
assert STEPS is not None


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
        yield served


def take(server: Server, who: str, mutation: str, **said: Any) -> dict[str, Any]:
    """The payload of a step, refused or not."""
    assert STEPS is not None
    kind = STEPS.fields[mutation].args["input"].type
    query = f"mutation($input: {kind}) {{ {mutation}(input: $input) {PAYLOAD} }}"
    answer = server.ask(who, query, input={"commandId": uuid4().hex, **said})[mutation]
    assert isinstance(answer, dict)
    return answer


def done(server: Server, mutation: str, who: str = "coordinator", **said: Any) -> dict[str, Any]:
    """What a step that must not be refused has led to: its node."""
    payload = take(server, who, mutation, **said)
    assert payload["errors"] == [], payload["errors"]
    return payload["node"]  # type: ignore[no-any-return]


def on(node: dict[str, Any], **said: Any) -> dict[str, Any]:
    """A step on something as it was seen."""
    return {"id": node["id"], "expectedVersion": node["version"], **said}


# --- Things to take steps on ---------------------------------------------------------------------

_numbers = iter(range(1, 10_000))


def review(server: Server) -> dict[str, Any]:
    said = {"addressee": "SVN", "mechanism": "TREATY_BODY", "body": "CRC"}
    return done(server, "openReview", **said, round=next(_numbers) % 900 + 1)


def institution(server: Server, code: str = "", **more: Any) -> dict[str, Any]:
    names = [{"language": "en", "text": "A ministry"}, {"language": "fr", "text": "Un ministère"}]
    code = code or f"m-{next(_numbers)}"
    said = {"addressee": "SVN", "code": code, "names": names, "kind": "MINISTRY", **more}
    return done(server, "registerInstitution", **said)


def another(server: Server) -> str:
    """The code of an institution that is registered."""
    code = f"other-{next(_numbers)}"
    institution(server, code)
    return code


def report(server: Server, who: str = "coordinator", *covered: str) -> dict[str, Any]:
    ids = list(covered) or [server.receive(), server.receive()]
    said = {"addressee": "SVN", "title": "Two years on", "narrative": "A bill is drafted."}
    return done(server, "draftReport", who, **said, recommendations=ids)


def upload(server: Server, content: bytes = b"%PDF-1.7", **more: Any) -> dict[str, Any]:
    """An uploaded file as `PUT /files` tells it."""
    name = more.pop("name", "law.pdf")
    media = more.pop("media", "application/pdf")
    answer = server.client.put(
        "/files",
        params={"addressee": "SVN", "name": name, **more},
        content=content,
        headers=server.headers("coordinator", **{"Content-Type": media}),
    )
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def file(server: Server) -> dict[str, Any]:
    return {"id": upload(server)["id"], "version": 1}


def somebody() -> dict[str, Any]:
    return {"addressee": "SVN", "institution": "justice", "person": f"p-{next(_numbers)}"}


def registered(server: Server) -> dict[str, Any]:
    """A person who is registered."""
    done(server, "registerPerson", **(said := somebody()))
    return said


def match(server: Server, to: str | None = None) -> dict[str, Any]:
    """A row of UPR Info that waits for a person."""
    candidates = []
    if to is not None:
        uuid = server.ask(
            "coordinator", "query($id:ID!) { recommendation(id:$id) { uuid } }", id=to
        )
        candidates = [MatchCandidate(recommendation=uuid["recommendation"]["uuid"], score=77)]
    key = uuid4().hex
    id, event = propose_match(
        stamp(key, document="upr-info"),
        addressee="SVN",
        scheme="upr-info",
        key=key,
        text="Ratify it",
        language="en",
        recommenders=[Recommender(printed="France", code="FRA")],
        answer=Answer.SUPPORTED,
        terms=[Term(vocabulary="action", version="upr-info-1", code="5", label="specific action")],
        cycle=4,
        session="48",
        candidates=candidates,
    )
    server.service.log.append(key, key.encode(), [Entry(id, 1, "SVN", event)])
    return {"id": str(id), "version": 1}


VOCABULARY = {
    "name": "national-theme",
    "title": {"en": "National themes"},
    "source": "Decree 7/2026",
    "terms": [{"code": "N1", "labels": {"en": "Water", "fr": "Eau"}}],
}


def vocabulary_file(server: Server, version: str, **more: Any) -> str:
    said = {**VOCABULARY, "version": version, **more}
    content = json.dumps(said).encode()
    return upload(server, content, name="v.json", media="application/json")["id"]  # type: ignore[no-any-return]


# --- Who may do what -----------------------------------------------------------------------------


class Case(NamedTuple):
    """Who may take a step, and how: `said` makes its input on something new."""

    allowed: set[str]
    said: Callable[[Server], dict[str, Any]]


REASON = {"reason": "because"}
A, C, K, F = "administrator", "coordinator", "clerk", {"justice", "labour"}


def drafted(server: Server) -> dict[str, Any]:
    return report(server)


def cleared(server: Server) -> dict[str, Any]:
    return done(server, "clearReport", **on(report(server)))


def with_evidence(server: Server) -> dict[str, Any]:
    held = report(server)
    id = upload(server)["id"]
    return {**done(server, "attachEvidence", **on(held, file=id)), "file": id}


def removing(server: Server) -> dict[str, Any]:
    held = with_evidence(server)
    return on(held, file=held["file"], **REASON)


def closed_review(server: Server) -> dict[str, Any]:
    return done(server, "closeReview", **on(review(server)))


REGISTER: dict[str, Case] = {
    "openReview": Case(
        {C, K},
        lambda s: {
            "addressee": "SVN",
            "mechanism": "TREATY_BODY",
            "body": "CRC",
            "round": next(_numbers) % 900 + 1,
        },
    ),
    "scheduleReview": Case({C, K}, lambda s: on(review(s), reviewed="2025-01-28")),
    "addReviewDocument": Case(
        {C, K}, lambda s: on(review(s), kind="CONCLUDING_OBSERVATIONS", symbol="CRC/C/SVN/CO/5")
    ),
    "adoptReview": Case({C, K}, lambda s: on(review(s), effectiveOn="2025-07-02")),
    "closeReview": Case({C}, lambda s: on(review(s))),
    "reopenReview": Case({C}, lambda s: on(closed_review(s), **REASON)),
    "registerInstitution": Case(
        {C},
        lambda s: {
            "addressee": "SVN",
            "code": f"m-{next(_numbers)}",
            "names": [{"language": "en", "text": "x"}],
        },
    ),
    "renameInstitution": Case(
        {C}, lambda s: on(institution(s), names=[{"language": "en", "text": "New"}])
    ),
    "mergeInstitution": Case({C}, lambda s: on(institution(s), into=another(s))),
    "splitInstitution": Case({C}, lambda s: on(institution(s), into=[another(s), another(s)])),
    "changeParent": Case({C}, lambda s: on(institution(s), parent=another(s))),
    "transferCompetence": Case(
        {C}, lambda s: on(institution(s), to=another(s), competence="water", terms=[])
    ),
    "abolishInstitution": Case({C}, lambda s: on(institution(s))),
    "draftReport": Case(
        {C} | F,
        lambda s: {
            "addressee": "SVN",
            "title": "t",
            "narrative": "n",
            "recommendations": [s.receive()],
        },
    ),
    "redraftReport": Case({C}, lambda s: on(drafted(s), narrative="Again.")),
    "clearReport": Case({C}, lambda s: on(drafted(s))),
    "publishReport": Case({C}, lambda s: on(cleared(s), narrative="As published.")),
    "withdrawReport": Case({C}, lambda s: on(drafted(s), **REASON)),
    "attachEvidence": Case({C}, lambda s: on(drafted(s), file=upload(s)["id"])),
    "removeEvidence": Case({C}, removing),
    "eraseFile": Case({C}, lambda s: on(file(s), **REASON)),
    "eraseTexts": Case(
        {C}, lambda s: {"logIndex": s.received(reason="a name")["logIndex"], **REASON}
    ),
    "makeMatch": Case({C, K}, lambda s: on(match(s), to=s.receive())),
    "refuseMatch": Case({C, K}, lambda s: on(match(s), **REASON)),
    "withdrawMatch": Case(
        {C, K}, lambda s: on(done(s, "refuseMatch", **on(match(s), **REASON)), **REASON)
    ),
    "registerPerson": Case({A, C}, lambda s: somebody()),
    "retirePerson": Case({A, C}, lambda s: registered(s)),
    "publishVocabulary": Case(
        {C}, lambda s: {"file": vocabulary_file(s, uuid4().hex[:8], name=f"v-{next(_numbers)}")}
    ),
}
"""Mutation → who may, and a case of it."""
OF_THEIR_OWN = {
    "startImport",
    "publishWorkflowDefinition",
    "adoptWorkflowDefinition",
    "takeStep",
    "setCalendar",
    "declareAbsence",
    "endAbsence",
    "takeSteps",
    "decideCases",
    "migrateCases",
}
"""Those that have tests of their own: in this file, and in tests/test_own_procedures.py,
test_calendars.py, test_steps.py, test_carrying_forward.py, test_casework.py and
test_migration.py."""
REGISTER.update({mutation: Case({C}, lambda s: {}) for mutation in OF_THEIR_OWN})


@pytest.mark.parametrize("mutation", sorted(set(REGISTER) - OF_THEIR_OWN))
def test_a_step_is_open_to_the_roles_of_the_table_and_to_no_other(here: Server, mutation: str):
    allowed, said = REGISTER[mutation]
    input: dict[str, Any] | None = None
    for who in sorted(HOLDERS, key=lambda who: who in allowed):
        input = input or said(here)
        size = here.size()
        payload = take(here, who, mutation, **input)
        if who in allowed:
            input = None
            assert payload["errors"] == [], who
            assert here.size() > size
        else:
            (error,) = payload["errors"]
            # What is not for a reader is not there for it.
            assert error["code"] in ("FORBIDDEN", "NOT_FOUND"), who
            assert here.size() == size


def test_a_key_for_one_state_changes_nothing_of_the_others(here: Server):
    who = "coordinator of another State"
    here.grant(who, "coordinator", "mfa", addressees=("XAB",))
    for mutation in sorted(set(REGISTER) - OF_THEIR_OWN):
        input = REGISTER[mutation].said(here)
        size = here.size()
        (error,) = take(here, who, mutation, **input)["errors"]
        assert error["code"] in ("FORBIDDEN", "NOT_FOUND"), mutation
        assert here.size() == size, mutation


@pytest.mark.parametrize("mutation", ["scheduleReview", "renameInstitution", "clearReport"])
def test_a_step_on_a_version_that_has_passed_is_refused(here: Server, mutation: str):
    input = REGISTER[mutation].said(here)
    assert take(here, "coordinator", mutation, **input)["errors"] == []
    (error,) = take(here, "coordinator", mutation, **input)["errors"]
    assert (error["code"], error["currentVersion"]) == (
        "STALE_VERSION",
        input["expectedVersion"] + 1,
    )


@pytest.mark.parametrize("mutation", ["openReview", "addReviewDocument", "draftReport"])
def test_the_same_command_again_gives_its_first_result(here: Server, mutation: str):
    input = {**REGISTER[mutation].said(here), "commandId": uuid4().hex}
    first = take(here, "coordinator", mutation, **input)
    size = here.size()
    assert take(here, "coordinator", mutation, **input)["logIndex"] == first["logIndex"]
    assert here.size() == size
    other = {**input, "reason": "another request under the same id"}
    (error,) = take(here, "coordinator", mutation, **other)["errors"]
    assert error["code"] == "COMMAND_REUSED"


@pytest.mark.parametrize(
    "id", ["no id", "UmVjb21tZW5kYXRpb246AAAAAAAAAAAAAAAAAAAAAA==", str(UUID(int=3))]
)
def test_an_id_of_something_else_is_refused(here: Server, id: str):
    (error,) = take(here, "coordinator", "closeReview", id=id, expectedVersion=1)["errors"]
    assert error["code"] in ("INVALID_INPUT", "NOT_FOUND")
    another = institution(here)
    plain = {"id": another["uuid"], "expectedVersion": 1}
    (error,) = take(here, "coordinator", "closeReview", **plain)["errors"]
    assert error["code"] == "NOT_FOUND"


def test_another_states_key_neither_sees_nor_touches_it(here: Server):
    held = review(here)
    here.grant("elsewhere", "coordinator", "mfa-of-france", addressees=("FRA",))
    assert here.ask("elsewhere", "{ reviews { totalCount } }")["reviews"]["totalCount"] == 0
    (error,) = take(here, "elsewhere", "closeReview", **on(held))["errors"]
    assert error["code"] == "NOT_FOUND"
    (error,) = take(here, "elsewhere", "openReview", **REGISTER["openReview"].said(here))["errors"]
    assert error["code"] == "FORBIDDEN"


# --- Reviews and institutions --------------------------------------------------------------------


def test_a_review_is_opened_documented_adopted_and_closed(server: Server):
    said = {"addressee": "HRV", "mechanism": "UPR", "body": "UPR", "cycle": 4, "session": "49"}
    held = done(server, "openReview", **said)
    (error,) = take(server, "coordinator", "openReview", **said)["errors"]
    assert error["code"] == "ALREADY_SO"
    held = done(server, "scheduleReview", **on(held, answersDue="2025-10", councilSession="60"))
    report_ = {"kind": "WORKING_GROUP_REPORT", "symbol": "A/HRC/60/8", "date": "2025-07-01"}
    held = done(server, "addReviewDocument", **on(held, **report_))
    held = done(server, "adoptReview", **on(held, effectiveOn="2025-10-02", decision="A/HRC/DEC/1"))
    (error,) = take(server, "coordinator", "reopenReview", **on(held))["errors"]
    assert error["code"] == "INVALID_INPUT"
    held = done(server, "closeReview", **on(held))
    query = """query($a: [String!]) { reviews(addressee: $a, cycle: [4]) { totalCount nodes { id
        body cycle session status councilSession answersDue decision adopted { on }
        recommendationCount documents { kind symbol date }
        history { nodes { event { __typename } effectiveOn subjectId } } } } }"""
    found = server.ask("reader", query, a=["HRV"])["reviews"]
    assert found["totalCount"] == 1
    (node,) = found["nodes"]
    assert (node["status"], node["adopted"], node["decision"]) == (
        "CLOSED",
        {"on": "2025-10-02"},
        "A/HRC/DEC/1",
    )
    assert node["documents"] == [report_]
    assert [e["event"]["__typename"] for e in node["history"]["nodes"]] == [
        "ReviewOpened",
        "ReviewScheduled",
        "ReviewDocumentAdded",
        "ReviewAdopted",
        "ReviewClosed",
    ]
    assert {e["subjectId"] for e in node["history"]["nodes"]} == {node["id"]}
    shown = server.ask(
        "reader", "query($id: ID!) { node(id: $id) { __typename id } }", id=node["id"]
    )
    assert shown["node"] == {"__typename": "Review", "id": node["id"]}


def test_a_closed_review_leaves_its_open_recommendations_to_be_decided(server: Server):
    kept, carried = (server.receive(addressee="HUN", cycle=3) for _ in range(2))
    said = {"addressee": "HUN", "mechanism": "UPR", "body": "UPR", "cycle": 3}
    for id in (kept, carried):
        answer = {"organ": "ADDENDUM", "instrument": "A/HRC/59/15/Add.1"}
        server.step("coordinator", "acceptRecommendation", id, **answer)
    asked = """{ recommendations(where: {addressee: ["HUN"], undecided: true}) { nodes { id } } }"""
    assert server.ask("coordinator", asked)["recommendations"]["nodes"] == []
    done(server, "closeReview", **on(done(server, "openReview", **said)))
    found = server.ask("coordinator", asked)["recommendations"]["nodes"]
    assert {node["id"] for node in found} == {kept, carried}
    server.step("coordinator", "continueRecommendation", carried, cycle=4)
    found = server.ask("coordinator", asked)["recommendations"]["nodes"]
    assert [node["id"] for node in found] == [kept]


ORPHANED = """query($code: [String!]) { recommendations(where: {institution: $code, orphaned: true})
    { nodes { id } }
    institutions(code: $code) { nodes { orphanedCount status successorCodes } } }"""


@pytest.mark.parametrize(
    ("mutation", "said", "status"),
    [
        ("splitInstitution", lambda one, two: {"into": [one, two]}, "SPLIT"),
        ("mergeInstitution", lambda one, two: {"into": one}, "MERGED"),
        ("abolishInstitution", lambda one, two: {}, "ABOLISHED"),
    ],
)
def test_an_institution_that_ends_leaves_assignments_to_be_decided(
    server: Server, mutation: str, said: Callable[[str, str], dict[str, Any]], status: str
):
    code = f"ending-{uuid4().hex[:6]}"
    one, two = another(server), another(server)
    held = institution(server, code)
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution=code)
    assert server.ask("coordinator", ORPHANED, code=[code])["recommendations"]["nodes"] == []
    ended = done(server, mutation, **on(held, **said(one, two)))
    (error,) = take(server, "coordinator", "changeParent", **on(ended, parent="x"))["errors"]
    assert error["code"] == "HAS_ENDED"
    found = server.ask("coordinator", ORPHANED, code=[code])
    assert found["recommendations"]["nodes"] == [{"id": id}]
    (node,) = found["institutions"]["nodes"]
    assert (node["orphanedCount"], node["status"]) == (1, status)
    server.step("coordinator", "handOverAssignment", id, assignment=2, to=one)
    assert server.ask("coordinator", ORPHANED, code=[code])["recommendations"]["nodes"] == []


def test_an_institution_counts_its_own_orphaned_assignments(server: Server):
    gone, sound = f"gone-{uuid4().hex[:6]}", f"sound-{uuid4().hex[:6]}"
    held = institution(server, gone)
    institution(server, sound)
    id = server.receive()
    for code in (gone, sound):
        server.step("coordinator", "assignRecommendation", id, institution=code)
    done(server, "abolishInstitution", **on(held))
    for code, count in ((gone, 1), (sound, 0)):
        found = server.ask("coordinator", ORPHANED, code=[code])
        assert found["institutions"]["nodes"][0]["orphanedCount"] == count
        assert len(found["recommendations"]["nodes"]) == count


def test_a_competence_that_is_given_away_orphans_what_it_is_about_and_no_more(server: Server):
    code = f"giving-{uuid4().hex[:6]}"
    held = institution(server, code)
    water, air = server.receive(), server.receive()
    for id, label in ((water, "Water"), (air, "Air")):
        term = {"vocabulary": "theme", "version": "2019", "label": label}
        server.step("coordinator", "classifyRecommendation", id, terms=[term])
        said = {"institution": code, "effectiveOn": "2024-01-01"}
        server.step("coordinator", "assignRecommendation", id, **said)
    term = {"vocabulary": "theme", "version": "2019", "label": "water"}
    moved = {
        "to": another(server),
        "competence": "water",
        "terms": [term],
        "effectiveOn": "2025-06-01",
    }
    done(server, "transferCompetence", **on(held, **moved))
    found = server.ask("coordinator", ORPHANED, code=[code])
    assert found["recommendations"]["nodes"] == [{"id": water}]


def test_an_institution_keeps_its_names_and_says_what_it_was_called(server: Server):
    code = f"renamed-{uuid4().hex[:6]}"
    held = institution(server, code)
    names = [{"language": "en", "text": "Ministry of Work"}]
    held = done(server, "renameInstitution", **on(held, names=names, effectiveOn="2025-03-01"))
    government = another(server)
    held = done(server, "changeParent", **on(held, parent=government))
    query = """query($c: [String!]) { institutions(code: $c) { nodes { code parentCode kind name
        french: name(language: "fr") names { language } formerNames { text until { on } } } } }"""
    (node,) = server.ask("reader", query, c=[code])["institutions"]["nodes"]
    assert (node["name"], node["french"]) == ("Ministry of Work", "Un ministère")
    assert node["formerNames"] == [{"text": "A ministry", "until": {"on": "2025-03-01"}}]
    assert (node["parentCode"], node["kind"]) == (government, "MINISTRY")


# --- Reports and files ---------------------------------------------------------------------------

A_REPORT = """query($id: ID!) { node(id: $id) { ... on ProgressReport { title status institutionCode
    covers { totalCount nodes { id } }
    narrative { text } evidence { about { id } file { url size } } } } }"""


def test_a_report_covers_many_recommendations_once_it_is_published(server: Server):
    ids = [server.receive(), server.receive()]
    held = report(server, "coordinator", *ids)
    assert server.ask("justice", A_REPORT, id=held["id"])["node"] is None, "a draft is its writer's"
    stored = upload(server, b"a law", name="закон.pdf", visibility="public")
    held = done(server, "attachEvidence", **on(held, file=stored["id"], about=ids[0]))
    held = done(server, "clearReport", **on(held))
    payload = take(server, "coordinator", "publishReport", **on(held, narrative="As published."))
    kinds = [event["event"]["__typename"] for event in payload["entries"]]
    assert kinds == ["ReportPublished", "Covered", "Covered"], "one fact, recorded together"
    node = server.ask("reader", A_REPORT, id=held["id"])["node"]
    assert (node["status"], node["narrative"], node["covers"]["totalCount"]) == (
        "PUBLISHED",
        {"text": "As published."},
        2,
    )
    assert [covered["id"] for covered in node["covers"]["nodes"]] == ids
    some = """query($id: ID!, $after: String, $last: Int) { node(id: $id) {
        ... on ProgressReport { covers(first: 1, after: $after, last: $last) {
            nodes { id } pageInfo { hasNextPage endCursor } } } } }"""
    one = server.ask("reader", some, id=held["id"])["node"]["covers"]
    assert (one["nodes"], one["pageInfo"]["hasNextPage"]) == ([{"id": ids[0]}], True)
    after = one["pageInfo"]["endCursor"]
    rest = server.ask("reader", some, id=held["id"], after=after)["node"]["covers"]
    assert (rest["nodes"], rest["pageInfo"]["hasNextPage"]) == ([{"id": ids[1]}], False)
    assert server.refused("reader", some, id=held["id"], last=201)["extensions"]["code"]
    (evidence,) = server.ask("coordinator", A_REPORT, id=held["id"])["node"]["evidence"]
    assert evidence["file"]["size"] == 5
    state = """query($id: ID!) { recommendation(id: $id) { states
        history { nodes { event { __typename } } } } }"""
    for id in ids:
        found = server.ask("reader", state, id=id)["recommendation"]
        assert "implementation.in-progress" in found["states"]
        assert found["history"]["nodes"][-1]["event"]["__typename"] == "Covered"
    covering = "query($r: ID!) { progressReports(covering: $r) { totalCount } }"
    assert server.ask("reader", covering, r=ids[1])["progressReports"]["totalCount"] == 1
    done(server, "withdrawReport", **on(payload["node"], **REASON))
    for id in ids:
        found = server.ask("reader", state, id=id)["recommendation"]
        assert "implementation.not-started" in found["states"]


def test_a_report_is_about_one_states_recommendations(here: Server):
    elsewhere = here.receive(addressee="FRA")
    said = {"addressee": "SVN", "title": "t", "narrative": "n", "recommendations": [elsewhere]}
    (error,) = take(here, "coordinator", "draftReport", **said)["errors"]
    assert error["code"] == "INVALID_INPUT"


def test_a_ministry_drafts_its_own_reports_and_no_others(here: Server):
    mine = report(here, "justice")
    assert done(here, "redraftReport", "justice", **on(mine, narrative="Better."))["version"] == 2
    theirs = report(here, "labour")
    (error,) = take(here, "justice", "redraftReport", **on(theirs, narrative="No."))["errors"]
    assert error["code"] in ("NOT_FOUND", "FORBIDDEN")


def fetched(server: Server, id: str, who: str = "coordinator") -> Any:
    return server.client.get(f"/files/{id}", headers=server.headers(who))


@pytest.mark.parametrize("name", ["law.pdf", "закон.pdf", "قانون.pdf", "法律.pdf", "../../x y.pdf"])
def test_a_file_comes_back_as_it_was_sent(here: Server, name: str):
    content = bytes(range(256)) * 4_000
    stored = upload(here, content, name=name)
    answer = fetched(here, stored["id"])
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/pdf"
    assert "attachment" in answer.headers["content-disposition"]
    assert stored["name"] == name.rpartition("/")[2]


def folder(server: Server) -> Path:
    return server.service.files._folder


def test_neither_name_nor_digest_of_a_file_is_in_the_log(here: Server):
    stored = upload(here, b"secret of an expropriation", name="expropriation.pdf")
    log = b"".join(row.payload for row in here.service.log.rows())
    assert stored["sha256"].encode() not in log
    assert b"expropriation" not in log


def test_a_file_that_was_changed_in_its_folder_is_not_given_out(here: Server):
    stored = upload(here, b"the law as it is")
    (folder(here) / stored["id"].replace("-", "")).write_bytes(b"the law as it was")
    answer = fetched(here, stored["id"])
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


def test_an_erased_file_is_gone_and_its_erasure_recorded(here: Server):
    stored = upload(here)
    payload = take(
        here, "coordinator", "eraseFile", id=stored["id"], expectedVersion=1, reason="a name"
    )
    assert payload["node"]["erased"] is True
    assert fetched(here, stored["id"]).status_code == 404
    assert not (folder(here) / stored["id"].replace("-", "")).exists()


def test_an_erased_file_leaves_neither_name_nor_digest_anywhere(sqlite_url: str):
    with running(sqlite_url) as server:
        stored = upload(server, b"minutes of a hearing", name="hearing-of-ana.pdf")
        other = upload(server, b"another law", name="another-law.pdf")
        said = {"id": stored["id"], "expectedVersion": 1, "reason": "a name"}
        take(server, "coordinator", "eraseFile", **said)
        server.service.feed.advance()
        place = Path(sqlite_url.removeprefix("sqlite:///"))
        for file in (path for path in place.parent.rglob("*") if path.is_file()):
            data = file.read_bytes()
            for gone in (b"hearing-of-ana", stored["sha256"].encode(), b"minutes of a hearing"):
                assert gone not in data, file.name
        report = check_all(server.service, lambda what, done, total: None)
        assert (report.faults, report.erased) == ([], 2)
        assert fetched(server, other["id"]).status_code == 200


@pytest.mark.slow
def test_an_erasure_that_broke_off_is_found_and_done_again(database_url: str):
    with running(database_url) as server:
        stored = upload(server, name="hearing-of-ana.pdf")
        place = folder(server) / stored["id"].replace("-", "")
        place.unlink()
        place.mkdir()  # which nobody can unlink
        said = {"id": stored["id"], "expectedVersion": 1, "reason": "a name"}
        kind = STEPS.fields["eraseFile"].args["input"].type
        query = f"mutation($input: {kind}) {{ eraseFile(input: $input) {PAYLOAD} }}"
        again = {"commandId": "erase-1", **said}
        assert server.refused("coordinator", query, input=again)["extensions"]["code"] == "INTERNAL"
        report = check_all(server.service, lambda what, done, total: None)
        assert [fault.partition(": ")[2] for fault in report.faults] == [
            "it was erased, and its bytes are still there",
            "it was erased, and its name is still there",
        ]
        place.rmdir()
        assert server.ask("coordinator", query, input=again)["eraseFile"]["errors"] == []
        report = check_all(server.service, lambda what, done, total: None)
        assert (report.faults, report.erased) == ([], 2)


def test_check_finds_files_that_were_changed_lost_or_put_back(tmp_path: Path):
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:

        def checked() -> Report:
            return check_all(server.service, lambda what, done, total: None)

        changed, lost, erased = (upload(server, b"the law as it is")["id"] for _ in range(3))
        places = {id: folder(server) / id.replace("-", "") for id in (changed, lost, erased)}
        take(server, "coordinator", "eraseFile", id=erased, expectedVersion=1, reason="a name")
        assert (checked().ok, checked().files, checked().stray_files) == (True, 3, 0)
        places[changed].write_bytes(b"the law as it was")
        places[lost].unlink()
        places[erased].write_bytes(b"the law as it is")
        (folder(server) / "00.part").write_bytes(b"an upload that broke off")
        report = checked()
        assert report.stray_files == 1
        assert set(report.faults) == {
            f"file {changed}: The file in its folder is not the one that was uploaded.",
            f"file {lost}: The bytes of this file are not here: it was erased or not copied.",
            f"file {erased}: it was erased, and its bytes are still there",
        }


def test_a_file_is_read_by_whoever_may_and_by_nobody_else(here: Server):
    internal = upload(here)["id"]
    assert fetched(here, internal, "auditor").status_code == 200
    assert fetched(here, internal, "reader").status_code == 404
    assert here.client.get(f"/files/{internal}").status_code == 401
    assert fetched(here, "no-uuid").status_code == 400
    assert fetched(here, str(uuid4())).status_code == 404
    asked = here.ask("reader", "{ files { totalCount } }")
    assert asked["files"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("said", "headers", "status"),
    [
        ({"addressee": "SVN", "visibility": "secret"}, {}, 400),
        ({"addressee": "Slovenia"}, {}, 400),
        ({"addressee": "SVN"}, {"Content-Type": "nonsense"}, 400),
    ],
)
def test_an_upload_that_makes_no_sense_leaves_nothing(
    here: Server, said: dict[str, str], headers: dict[str, str], status: int
):
    before, size = set(folder(here).glob("*")), here.size()
    answer = here.client.put(
        "/files", params=said, content=b"x", headers=here.headers("coordinator", **headers)
    )
    assert answer.status_code == status
    assert (set(folder(here).glob("*")), here.size()) == (before, size)


def test_a_file_beyond_the_limit_is_refused_while_it_comes(tmp_path: Path):
    with running(f"sqlite:///{tmp_path / 'suivi.db'}", file_bytes_max=1_000) as server:
        contents: list[Any] = [iter([b"x" * 600] * 3), b"x" * 1_800]
        for content in contents:  # of a length that is not told, and of one that is
            answer = server.client.put(
                "/files",
                params={"addressee": "SVN"},
                content=content,
                headers=server.headers("coordinator"),
            )
            assert answer.status_code == 413
        assert list((tmp_path / "suivi-files").iterdir()) == []


# --- Matches and vocabularies --------------------------------------------------------------------

A_RECOMMENDATION = """query($id: ID!) { recommendation(id: $id)
    { aliases { scheme value } terms { vocabulary code } } }"""


def test_a_match_gives_name_and_terms_and_takes_them_back(server: Server):
    to = server.receive()
    held = match(server, to)
    waiting = """{ undecidedMatches { nodes { uuid text scheme candidates { score recommendation
        { id } } recommenders { code } answer } } }"""
    until(lambda: bool(server.ask("coordinator", waiting)["undecidedMatches"]["nodes"]))
    node = server.ask("coordinator", waiting)["undecidedMatches"]["nodes"][-1]
    assert node["candidates"] == [{"score": 77, "recommendation": {"id": to}}]
    made = done(server, "makeMatch", **on(held, to=to))
    found = server.ask("reader", A_RECOMMENDATION, id=to)["recommendation"]
    assert "upr-info" in [alias["scheme"] for alias in found["aliases"]]
    assert found["terms"] == [{"vocabulary": "action", "code": "5"}]
    (error,) = take(server, "coordinator", "makeMatch", **on(made, to=to))["errors"]
    assert error["code"] == "ALREADY_SO"
    payload = take(server, "coordinator", "withdrawMatch", **on(made, **REASON))
    assert [event["event"]["__typename"] for event in payload["entries"]] == [
        "MatchWithdrawn",
        "AliasWithdrawn",
        "Declassified",
    ]
    found = server.ask("reader", A_RECOMMENDATION, id=to)["recommendation"]
    assert [alias["scheme"] for alias in found["aliases"]] == ["un"]
    assert found["terms"] == []
    matches = "{ matches(status: [UNDECIDED]) { nodes { uuid status to { id } how } } }"
    nodes = server.ask("coordinator", matches)["matches"]["nodes"]
    assert {"uuid": made["uuid"], "status": "UNDECIDED", "to": None, "how": None} in nodes


def test_a_match_joins_what_is_of_one_addressee(here: Server):
    (error,) = take(
        here, "coordinator", "makeMatch", **on(match(here), to=here.receive(addressee="FRA"))
    )["errors"]
    assert error["code"] == "INVALID_INPUT"


A_VOCABULARY = """query($n: String!, $v: String) { vocabulary(name: $n, version: $v) { name version
    versions complete coded source logVersion title { text } mappings { relation }
    terms { code label(language: "zh") labels { language } broader former } } }"""


def test_a_shipped_vocabulary_speaks_the_six_languages(here: Server):
    goals = here.ask("reader", A_VOCABULARY, n="sdg", v="2015")["vocabulary"]
    top = [term for term in goals["terms"] if term["broader"] is None]
    assert (len(top), len(goals["terms"])) == (17, 186)
    assert all(len(term["labels"]) >= 6 for term in top)
    assert here.ask("reader", A_VOCABULARY, n="sdg", v="1999")["vocabulary"] is None
    assert here.ask("reader", A_VOCABULARY, n="nothing")["vocabulary"] is None
    assert "theme" in here.ask("reader", "{ vocabularies }")["vocabularies"]


def test_a_version_of_a_vocabulary_is_an_event_and_never_changes(server: Server):
    payload = take(server, "coordinator", "publishVocabulary", file=vocabulary_file(server, "2026"))
    assert [event["event"]["__typename"] for event in payload["entries"]] == ["VocabularyPublished"]
    more = [*VOCABULARY["terms"], {"code": "N2", "labels": {"en": "Air"}}]  # type: ignore[misc]
    (error,) = take(
        server, "coordinator", "publishVocabulary", file=vocabulary_file(server, "2026", terms=more)
    )["errors"]
    assert error["code"] == "INVALID_INPUT"
    done(server, "publishVocabulary", file=vocabulary_file(server, "2027", terms=more))
    held = server.ask("reader", A_VOCABULARY, n="national-theme")["vocabulary"]
    assert (held["versions"], held["version"], len(held["terms"])) == (["2026", "2027"], "2027", 2)
    assert held["logVersion"] == 2
    old = server.ask("reader", A_VOCABULARY, n="national-theme", v="2026")["vocabulary"]
    assert len(old["terms"]) == 1
    (error,) = take(server, "coordinator", "publishVocabulary", file=upload(server, b"\xff")["id"])[
        "errors"
    ]
    assert error["code"] == "INVALID_INPUT"


# --- Imports -------------------------------------------------------------------------------------

START = """mutation($input: StartImportInput!) { startImport(input: $input)
    { job { uuid status } errors { code message field } } }"""
FOLLOW = """query($u: String!) { importJob(uuid: $u) { status doing done total receipt code message
    run { format status unreadableRows unreadable { row reason } counts { name value } } } }"""
TABLE = """addressee,symbol,paragraph,text,recommending_states
Slovenia,A/HRC/77/1,5.1,Ratify it,France; Chile
Slovenia,A/HRC/77/1,5.2,Train judges,Chile
Nowhere,A/HRC/77/1,5.3,Adopt a law,Chile
"""


def imported(server: Server, who: str = "clerk", **said: Any) -> dict[str, Any]:
    """What an import over GraphQL came to."""
    input = {"commandId": uuid4().hex, "format": "TABLE", "state": "SVN", **said}
    started = server.ask(who, START, input=input)["startImport"]
    assert started["errors"] == [], started
    job: dict[str, Any] = {}

    def ended() -> bool:
        job.update(server.ask(who, FOLLOW, u=started["job"]["uuid"])["importJob"])
        return job["status"] in ("COMPLETED", "FAILED")

    until(ended)
    return job


def test_an_uploaded_file_is_imported_and_followed_to_its_receipt(server: Server):
    id = upload(server, TABLE.encode(), name="list.csv", media="text/csv")["id"]
    size = server.size()
    dry = imported(server, file=id, dryRun=True)
    assert (dry["status"], dry["receipt"]["new"], dry["run"]) == ("COMPLETED", 2, None)
    assert server.size() == size
    job = imported(server, file=id)
    receipt = job["receipt"]
    assert (receipt["new"], receipt["rows"], receipt["unreadable"]) == (2, 3, 1)
    assert job["run"]["status"] == "COMPLETED"
    assert [note["row"] for note in job["run"]["unreadable"]] == [4]
    assert {"name": "new", "value": 2} in job["run"]["counts"]
    runs = server.ask("coordinator", "{ importRuns(first: 1) { nodes { uuid id format } } }")
    (run,) = runs["importRuns"]["nodes"]
    brought = "query($r: [ID!]) { recommendations(where: {importRun: $r}) { totalCount } }"
    assert server.ask("reader", brought, r=[run["id"]])["recommendations"]["totalCount"] == 2
    size = server.size()
    assert imported(server, file=id)["receipt"]["same"] == 2
    assert server.size() == size, "a second run has nothing to say"


CASES = Path(__file__).with_name("cases")
ADDENDUM = "A/HRC/90/12/Add.1"
REPORT = """symbol,paragraph,text,recommending_states
A/HRC/95/7,60.1,Build bridges,Norway
A/HRC/95/7,60.2,Train nurses,Chad
"""
ANSWERED = """query($s: [String!]) { recommendations(where: {symbol: $s}) { nodes {
    paragraph position positions { effectiveOn } } } }"""


def answered(server: Server, symbol: str) -> dict[str, tuple[str, list[str]]]:
    """Number → position, and the days on which it was taken."""
    nodes = server.ask("reader", ANSWERED, s=[symbol])["recommendations"]["nodes"]
    return {
        n["paragraph"]: (n["position"], [p["effectiveOn"] for p in n["positions"]]) for n in nodes
    }


def test_a_matrix_takes_the_dates_of_its_documents_over_graphql(server: Server):
    file = (CASES / "m01-supported-noted.docx").read_bytes()
    id = upload(server, file, name="matrix.docx")["id"]
    job = imported(
        server,
        file=id,
        format="OHCHR_MATRIX",
        state="XAA",
        reviewed="2019-11-12",
        documentDates=[{"symbol": ADDENDUM, "on": "2020-02-19"}],
    )
    assert (job["status"], job["receipt"]["new"]) == ("COMPLETED", 3)
    assert answered(server, "A/HRC/90/12")["50.1"] == ("SUPPORTED", ["2020-02-19"])


def test_an_addendum_is_imported_over_graphql_with_its_date(server: Server):
    report = upload(server, REPORT.encode(), name="report.csv")["id"]
    assert imported(server, file=report, state="XAA")["receipt"]["new"] == 2
    told = upload(server, b"Accepted\n60.1\nNoted\n60.2\n", name="addendum.txt")["id"]
    said = {"file": told, "format": "ANSWERS", "state": "XAA", "document": "A/HRC/95/7"}
    undated = imported(server, **said)
    assert (undated["status"], undated["code"]) == ("FAILED", "INVALID_INPUT")
    dates = [{"symbol": "A/HRC/95/7/Add.1", "on": "2020-02-19"}]
    job = imported(server, **said, documentDates=dates)
    assert (job["status"], job["receipt"]["changed"]) == ("COMPLETED", 2)
    assert answered(server, "A/HRC/95/7") == {
        "60.1": ("SUPPORTED", ["2020-02-19"]),
        "60.2": ("NOTED", ["2020-02-19"]),
    }


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ([("A/HRC/1/2", "2020-13-01")], "documentDates", "INVALID_INPUT"),
        ([(" ", "2020-01-01")], "documentDates", "INVALID_INPUT"),
        ([("A/HRC/1/2", "2020"), ("a/hrc/1/2", "2021")], "documentDates", "INVALID_INPUT"),
        ([(f"A/HRC/1/{n}", "2020") for n in range(101)], None, "LIMIT_EXCEEDED"),
    ],
)
def test_dates_of_documents_are_checked_before_an_import_starts(
    here: Server, said: list[tuple[str, str]], field: str | None, code: str
):
    id = upload(here, TABLE.encode())["id"]
    dates = [{"symbol": symbol, "on": on} for symbol, on in said]
    input = {"commandId": uuid4().hex, "format": "TABLE", "file": id, "state": "SVN"}
    started = here.ask("clerk", START, input=input | {"documentDates": dates})["startImport"]
    assert (started["job"], [e["code"] for e in started["errors"]]) == (None, [code])
    assert [e["field"] for e in started["errors"]] == [field]


def test_an_import_that_fails_says_why(here: Server):
    id = upload(here, b"no matrix", name="list.docx")["id"]
    job = imported(here, file=id, format="OHCHR_MATRIX")
    assert (job["status"], job["code"]) == ("FAILED", "INVALID_INPUT")
    assert job["message"]


@pytest.mark.parametrize(("who", "code"), [("reader", "FORBIDDEN"), ("justice", "FORBIDDEN")])
def test_who_may_not_import_is_refused(here: Server, who: str, code: str):
    id = upload(here, TABLE.encode())["id"]
    input = {"commandId": "x", "format": "TABLE", "file": id, "state": "SVN"}
    started = here.ask(who, START, input=input)["startImport"]
    assert [error["code"] for error in started["errors"]] == [code]


def test_the_same_command_gives_the_import_that_was_started(here: Server):
    id = upload(here, TABLE.encode())["id"]
    command = uuid4().hex
    imported(here, file=id, commandId=command)
    input = {"commandId": command, "format": "TABLE", "file": id, "state": "SVN"}
    assert here.ask("clerk", START, input=input)["startImport"]["job"]["status"] == "COMPLETED"
    unknown = here.refused("clerk", FOLLOW, u=str(uuid4()))
    assert unknown["extensions"]["code"] == "NOT_FOUND"
