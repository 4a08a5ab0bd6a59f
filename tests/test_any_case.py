"""Procedures, deadlines, four eyes, desk and replay check are for any aggregate that is a case.

`Inspection` is invented, and said nowhere but here. It is added to a copy of the product, at the
places that docs/adding-an-aggregate.md names, with three steps and a procedure that ships, and its
life goes on in that copy, in a process of its own.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.copies import Places, copied, run

pytestmark = pytest.mark.slow

INSPECTION = '''"""An inspection of a place of detention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.casework import Case, CaseEvent, events_of
from domain.effects import Whose
from domain.entry import Entry, Protected, Stamp, named
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo


class InspectionEvent(CaseEvent, frozen=True):
    """Base of an inspection's events."""


class InspectionAnnounced(InspectionEvent, frozen=True):
    """A place will be visited, by an institution."""

    topic: ClassVar[str] = "inspection.announced.v1"
    by_step: ClassVar[str] = "announce-inspection"
    begins: ClassVar[bool] = True

    place: str
    by: str


class InspectionVisited(InspectionEvent, frozen=True):
    """The place was visited; the report is due on a day."""

    topic: ClassVar[str] = "inspection.visited.v1"
    by_step: ClassVar[str] = "visit-inspection"

    report_due: str

    def apply(self, case: Inspection, entry: Entry) -> None:
        case.report_due = self.report_due


class InspectionReported(InspectionEvent, frozen=True):
    """What was found."""

    topic: ClassVar[str] = "inspection.reported.v1"
    by_step: ClassVar[str] = "report-inspection"

    words: Protected

    def apply(self, case: Inspection, entry: Entry) -> None:
        case.is_reported = True


class Inspection(Case, msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """An inspection as it stands."""

    own_events = events_of("inspection")

    place: str
    by: str
    report_due: str | None = None
    is_reported: bool = False

    @classmethod
    def begin(cls, entry: Entry) -> Inspection:
        event = entry.event
        assert isinstance(event, InspectionAnnounced)
        return cls(
            id=entry.stream,
            addressee=entry.addressee,
            visibility=event.stamp.visibility,
            institution=event.stamp.speaker.institution,
            definition=event.stamp.definition,
            place=event.place,
            by=event.by,
        )

    def words(self) -> Iterator[tuple[str, str]]:
        yield "en", self.place

    def concerned(self, whose: Whose) -> frozenset[str]:
        return frozenset((self.by,)) if whose is Whose.ASSIGNED else frozenset()

    def visit(self, stamp: Stamp, report_due: str) -> InspectionVisited:
        """Visits the place."""
        return InspectionVisited(stamp=stamp, report_due=report_due)

    def report(self, stamp: Stamp, words: Protected) -> InspectionReported:
        """Reports what was found."""
        if self.is_reported:
            raise AlreadySo("It is reported already.")
        return InspectionReported(stamp=stamp, words=words)


def announce(
    stamp: Stamp, addressee: str, place: str, by: str
) -> tuple[UUID, InspectionAnnounced]:
    event = InspectionAnnounced(stamp=stamp, place=named(place), by=by)
    return uuid5(NAMESPACE, f"inspection\\x1f{addressee}\\x1f{place}"), event


fold = Inspection.fold
EVENTS = (
    InspectionAnnounced,
    InspectionVisited,
    InspectionReported,
    *Inspection.own_events.values(),
)
'''

PROCEDURE = """format: suivi-procedure/1
name: inspection
labels: {en: Inspection}
for: {aggregate: inspection}
facts:
  visited: {type: flag}
  report-due: {type: day, optional: true}
states:
  - id: visit
    labels: {en: Visit}
    bucket: not-counted
    states:
      - id: visit.announced
        labels: {en: Announced}
        moves: [{when: visited, to: visit.made}]
      - id: visit.made
        labels: {en: Made}
        moves: [{on: report-inspection, to: visit.reported}, {past: report, to: visit.late}]
      - id: visit.late
        labels: {en: Late}
        moves: [{on: report-inspection, to: visit.reported}]
      - id: visit.reported
        labels: {en: Reported}
ends: [visit.reported]
steps:
  - {name: visit-inspection, labels: {en: Visit}, when: not visited}
  - name: report-inspection
    labels: {en: Report}
    when: visited
    apart-from: [visit-inspection]
    approvals: {needed: 1, of: [{role: coordinator}]}
  - {name: suspend, labels: {en: Suspend}}
  - {name: resume, labels: {en: Resume}}
  - {name: extend-deadline, labels: {en: Extend}}
deadlines:
  - id: report
    labels: {en: Report}
    while: [visit.made]
    due: {fact: report-due}
    reminders: [{before: {days: 7}, to: [focal-point]}]
tasks:
  - id: report
    labels: {en: Report}
    while: [visit.made, visit.late]
    steps: [report-inspection]
    roles: [focal-point]
    whose: assigned
    deadline: report
"""

ON_INSPECTION = """
from workflows.procedure.facts import Known
from workflows.procedure.trials import WORDS, Trials, days, one, saying
from workflows.statecharts.expressions import Fact, FactType

FACTS = {
    "visited": Known(
        Fact(FactType.FLAG), lambda i: i.report_due is not None, ("visit-inspection",)
    ),
    "report-due": Known(
        Fact(FactType.DAY, optional=True), lambda i: i.report_due, ("visit-inspection",)
    ),
}

TRIALS = Trials(
    {
        "visit-inspection": lambda i, domains: saying(
            lambda i, s, day: i.visit(s, day or "2026-04-01"), days(domains, "report-due")
        ),
        "report-inspection": one(lambda i, s: i.report(s, WORDS)),
    },
    room=lambda i, start: (i.is_reported,),
)
"""

SHOWN = """
import strawberry

from api.lists import listed_by, where_input
from api.registered import Followed, node
from domain import inspection
from projections.cases import REGISTERED

LIST = REGISTERED[inspection.Inspection]
InspectionWhere = where_input(LIST, "inspections")


@node(inspection.Inspection, "place")
class Inspection(Followed):
    pass


@strawberry.type
class InspectionLists:
    inspections = listed_by(Inspection, "Inspections, by place.", LIST, InspectionWhere)
"""

PLACES: Places = {
    "domain/inspection.py": (("", INSPECTION),),
    "domain/aggregates.py": (
        ("    import_run,\n", "    inspection,\n"),
        (
            "AGGREGATES: tuple[Aggregate, ...] = (\n",
            """    Aggregate(
        inspection.Inspection,
        inspection.EVENTS,
        inspection.fold,
        by_id=True,
        told=("addressee", "place"),
    ),
""",
        ),
    ),
    "workflows/procedure/on_inspection.py": (("", ON_INSPECTION),),
    "workflows/procedure/aggregates.py": (
        ("from domain.casework import Case\n", "from domain.inspection import Inspection\n"),
        ("from workflows.procedure import ", "on_inspection, "),
        (
            "KNOWN: dict[type[Case], Knowing] = {\n",
            "    Inspection: on_inspection,\n",
        ),
    ),
    "workflows/procedure/profiles/inspection.yaml": (("", PROCEDURE),),
    "workflows/step_table.py": (
        ("from domain.import_run import ImportRun\n", "from domain.inspection import Inspection\n"),
        (
            "    # -- beside every procedure\n",
            """    Step("announce-inspection", Inspection, C),
    Step("visit-inspection", Inspection, C | F, Inspection.visit),
    Step("report-inspection", Inspection, C | F, Inspection.report),
""",
        ),
    ),
    "projections/shelves.py": (
        ("from domain.import_run import ImportRun\n", "from domain.inspection import Inspection\n"),
        (
            "KEPT: dict[type[Any], Kept] = {\n",
            """    Inspection: Kept(
        "inspection",
        lambda s: "reported" if s.is_reported else "to-report",
        lambda s: f"{s.addressee} {s.place}",
        (Column("place", Text, nullable=False),),
    ),
""",
        ),
    ),
    "api/inspections.py": (("", SHOWN),),
    "api/kinds.py": (
        (
            "from api.joining import NODES\n",
            "from api.inspections import InspectionLists\n",
        ),
        ("class Lists(", "InspectionLists, "),
    ),
}

LIFE = '''
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from api.checking import check_all
from api.context import Context
from api.derive import global_id
from api.exports import Asked, Export, write
from api.schema import schema
from api.service import Service
from api.settings import Settings
from domain import inspection
from domain.casework import approvals, suspension, tasks
from domain.casework.steps import remark
from domain.entry import Authority, AuthorityKind, Protected, Stamp, Visibility
from domain.inspection import Inspection
from domain.recommendation import Recommendation, terms
from domain.refusals import Refusal
from projections.refilled import contents
from projections.tables import VIEWS
from workflows.access import Principal, Role
from workflows.desk import Command
from workflows.keys import create_key
from workflows.procedure.four_eyes import said_by
from workflows.procedure.migration import Migration
from workflows.procedure.path import path
from workflows.procedure.replay import replay
from workflows.procedure.shipped import shipped
from workflows.procedure.what_if import retell

folder = Path(sys.argv[1])
now = [0]

def it_is(day):
    now[0] = int(datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC).timestamp() * 1e6)

it_is("2026-03-01")
service = Service(Settings(database_url=f"sqlite:///{folder / 'suivi.db'}"), lambda: now[0])
desk, log = service.desk, service.log
mandate = Authority(kind=AuthorityKind.MANDATE, reference="the law")

def principal(name, role, institution):
    return Principal(
        key=uuid4(), role=role, institution=institution, authority=mandate, actor=name,
        addressees=("SVN",),
    )

ana = principal("p-ana", Role.COORDINATOR, "mfa")
bor = principal("p-bor", Role.COORDINATOR, "mfa")
eva = principal("p-eva", Role.FOCAL_POINT, "npm")
jan = principal("p-jan", Role.FOCAL_POINT, "moj")
found = {}

def stamp(who, **more):
    more.setdefault("visibility", Visibility.INTERNAL)
    return Stamp(command=uuid4().hex, speaker=who.speaker(), **more)

def ask(role, query, **said):
    _, key = create_key(
        log, role=role, institution="mfa", actor=f"p-{uuid4().hex[:8]}", system=None, authority=None
    )
    service.feed.advance()
    context = Context(service, service.principal(key))
    try:
        said = schema.execute_sync(query, variable_values=said, context_value=context)
    finally:
        context.close()
    assert not said.errors, said.errors
    return said.data

first = stamp(ana)
begun = desk.begin(
    ana, Command.of(first.command, ana, 1), "announce-inspection", "SVN",
    lambda: inspection.announce(first, "SVN", "the prison", "npm"),
)
id = begun.entries[0].stream
procedure = shipped()["inspection"]
way = path(
    procedure, log.load(id, inspection.fold), "visit.reported",
    lambda: desk.procedures.moment("SVN"),
)
found["way"] = [step.step for step in way.steps]
try:
    desk.procedures.passage(Migration(before=shipped()["upr"].hash, after=procedure.hash), "SVN")
except Refusal as refusal:
    found["migrates"] = refusal.message
found["begins"] = begun.entries[0].stamp.entered

def take(who, step, act, **more):
    said = stamp(who, **more)
    try:
        taken = desk.take(
            who, Command.of(said.command, who, step), id, step, said, act, expected_version=None
        )
    except Refusal as refusal:
        return refusal.code
    entry = taken.entries[-1]
    return [entry.event.topic, entry.stamp.left, entry.stamp.entered]

reported = lambda i, s: i.report(s, Protected("The cells are small."))
why = {"reason": Protected("Asked for.")}
found["not open"] = take(ana, "report-inspection", reported)
found["not theirs"] = take(jan, "visit-inspection", lambda i, s: i.visit(s, "2026-04-01"))
found["not of it"] = take(ana, "classify", lambda r, s: terms.classify(r, s, [], None))
found["visited"] = take(eva, "visit-inspection", lambda i, s: i.visit(s, "2026-04-01"))
service.feed.advance()
found["inbox"] = ask(
    "coordinator",
    """{ tasks(where: {institution: ["npm"], role: [FOCAL_POINT]}) { nodes { due task { name }
    recommendation { id } case { __typename id states ... on Inspection { place } } } }
    timers { nodes { does deadline case { __typename } } } }""",
)
found["why not"] = ask(
    "coordinator",
    """{ inspections { nodes { openSteps steps { name isOpen blockedBy { guard } }
    path(to: "visit.reported") { reachable steps { step } } deadlines { name day } } } }""",
)["inspections"]["nodes"][0]
found["rests"] = take(ana, "suspend", lambda i, s: suspension.suspend(i, s), **why)
found["goes on"] = ask(
    "coordinator",
    """mutation($id: ID!) { takeSteps(input: {commandId: "t-1", reason: "Asked for.", items: [
      {id: $id, expectedVersion: 3, step: "resume"}]}) {
        results { errors { code } case { states version } recommendation { id } } } }""",
    id=global_id(id, "Inspection"),
)["takeSteps"]["results"]
found["claimed"] = take(eva, "claim-task", lambda i, s: tasks.claim(i, s, "report"))
found["hidden"] = take(
    ana, "remark", lambda i, s: remark(i, s, Protected("Look here.")),
    visibility=Visibility.CONFIDENTIAL,
)
found["same eyes"] = take(eva, "report-inspection", reported)

it_is("2026-03-27")
service.feed.advance()
found["reminded"] = service.worker.catch_up()
it_is("2026-04-03")
service.feed.advance()
found["passed"] = service.worker.catch_up()
service.feed.advance()

def content(who):
    case = log.load(id, inspection.fold)
    return said_by(case, "report-inspection", reported(case, stamp(who)))

found["outbox"] = ask(
    "coordinator",
    "{ notifications { nodes { kind institutionCode deadline case { __typename } } } }",
)["notifications"]["nodes"]
found["approved"] = take(
    bor, "give-approval",
    lambda i, s: approvals.approve(
        i, s, "report-inspection", content(ana).content, Protected(content(ana).words)
    ),
)
found["reported"] = take(ana, "report-inspection", reported)
service.feed.advance()

found["by mutations"] = ask(
    "coordinator",
    """mutation($id: ID!, $other: ID!) {
      visitInspection(input: {commandId: "t-2", id: $id, expectedVersion: 10,
        reportDue: "2026-06-01", visibility: INTERNAL}) { errors { code } case { id } }
      remark(input: {commandId: "t-3", id: $id, expectedVersion: 10, words: "Seen."}) {
        case { __typename version ... on Inspection { place } } recommendation { id }
        errors { code } }
      other: classifyRecommendation(input: {commandId: "t-4", id: $other, expectedVersion: 10,
        terms: []}) { errors { code } } }""",
    id=global_id(id, "Inspection"), other=str(id),
)
case = log.load(id, inspection.fold)
found["stands"] = [case.states, [t.task for t in case.tasks], case.version]
found["topics"] = [entry.event.topic for entry in log.history([id])]
again = replay(desk.procedures, log.read_streams(log.size - 1))
found["again"] = [again.ok, again.cases, again.recommendations, again.steps]
found["told"] = retell(log.history([id]), desk.procedures.of, shipped()["inspection"]).fate

def rows():
    with service.views.snapshot() as (connection, _):
        return [contents(connection, VIEWS[name]) for name in ("register", "timers")]

fed = rows()
service.feed.rebuild()
found["rebuilt alike"] = rows() == fed
found["checked"] = check_all(service, lambda *_: None).faults

found["counted"] = ask(
    "coordinator",
    """query($hash: String!) { workflowDefinition(hash: $hash) { name
    cases(addressee: ["SVN"]) { total states { name count } } } }""",
    hash=procedure.hash,
)["workflowDefinition"]

LIST = """{ inspections(where: {search: "prison", addressee: ["SVN"]}) { totalCount nodes {
    place version states history { nodes { event { __typename } } } } } }"""
reading = Context(service, ana)
write(reading, Export.CSV, Asked(of="inspection"), folder / "list.csv")
reading.close()
found["csv"] = (folder / "list.csv").read_text(encoding="utf-8-sig").splitlines()

for role in ("coordinator", "auditor", "reader"):
    found[role] = ask(role, LIST)["inspections"]
service.close()
print(json.dumps(found))
'''


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    copy = copied(tmp_path_factory.mktemp("product"), PLACES)
    told = run(copy, LIFE, str(tmp_path_factory.mktemp("record")))
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_a_case_begins_under_the_procedure_that_is_for_its_aggregate(found: dict[str, Any]) -> None:
    assert found["begins"] == ["visit.announced"]


def test_its_procedure_says_which_steps_are_open_and_its_states_follow(
    found: dict[str, Any],
) -> None:
    assert found["not open"] == "STEP_NOT_OPEN"
    assert found["visited"] == [
        "inspection.visited.v1",
        ["visit.announced"],
        ["visit.made"],
    ]
    assert found["reported"] == [
        "inspection.reported.v1",
        ["visit.late"],
        ["visit.reported"],
    ]
    assert found["stands"] == [["visit.reported"], [], 11]


def test_it_is_told_how_to_get_somewhere(found: dict[str, Any]) -> None:
    assert found["way"] == ["visit-inspection", "report-inspection"]


def test_a_focal_point_takes_steps_where_the_aggregate_says_its_institution_is_concerned(
    found: dict[str, Any],
) -> None:
    assert found["not theirs"] == "FORBIDDEN"


def test_no_case_goes_over_to_a_procedure_for_others(found: dict[str, Any]) -> None:
    assert found["migrates"] == "The two procedures are for cases of different kinds."


def test_a_step_of_another_aggregate_is_not_taken_on_it(found: dict[str, Any]) -> None:
    assert found["not of it"] == "NOT_FOUND"


def test_what_becomes_of_any_case_becomes_of_it_under_topics_of_its_own(
    found: dict[str, Any],
) -> None:
    assert found["topics"] == [
        f"inspection.{name}.v1"
        for name in (
            *("announced", "visited", "suspended", "resumed", "task-claimed", "remarked"),
            *("reminded", "deadline-passed", "step-approved", "reported", "remarked"),
        )
    ]


def test_four_eyes_look_at_its_steps(found: dict[str, Any]) -> None:
    assert found["same eyes"] == "FOUR_EYES"
    assert found["approved"][0] == "inspection.step-approved.v1"


def test_the_clock_reminds_and_lets_its_deadlines_pass(found: dict[str, Any]) -> None:
    assert (found["reminded"], found["passed"]) == (1, 1)


def test_its_tasks_timers_and_notices_are_listed_with_those_of_others(
    found: dict[str, Any],
) -> None:
    (task,) = found["inbox"]["tasks"]["nodes"]
    assert task["case"].pop("id")
    assert task == {
        "due": "2026-04-01",
        "task": {"name": "report"},
        "recommendation": None,
        "case": {"__typename": "Inspection", "states": ["visit.made"], "place": "the prison"},
    }
    assert found["inbox"]["timers"]["nodes"] == [
        {"does": "REMIND", "deadline": "report", "case": {"__typename": "Inspection"}}
    ]
    assert [(one["kind"], one["institutionCode"]) for one in found["outbox"]] == [
        ("Reminded", "npm"),
        ("DeadlinePassed", "npm"),
    ]


def test_it_says_which_steps_are_open_and_why_others_are_not(found: dict[str, Any]) -> None:
    told = found["why not"]
    assert told["path"] == {"reachable": True, "steps": [{"step": "report-inspection"}]}
    (visit,) = [step for step in told["steps"] if step["name"] == "visit-inspection"]
    assert visit["blockedBy"] == [{"guard": "not visited"}]
    assert told["deadlines"] == [{"name": "report", "day": "2026-04-01"}]


def test_its_steps_are_taken_by_name_and_by_mutations_that_follow_from_its_rows(
    found: dict[str, Any],
) -> None:
    (resumed,) = found["goes on"]
    assert resumed == {
        "errors": [],
        "case": {"states": ["visit.made"], "version": 4},
        "recommendation": None,
    }
    by = found["by mutations"]
    assert by["visitInspection"] == {"errors": [{"code": "STEP_NOT_OPEN"}], "case": None}
    assert by["remark"] == {
        "errors": [],
        "case": {"__typename": "Inspection", "version": 11, "place": "the prison"},
        "recommendation": None,
    }
    assert by["other"] == {"errors": [{"code": "NOT_FOUND"}]}


def test_it_is_counted_among_the_cases_of_its_procedure(found: dict[str, Any]) -> None:
    counted = found["counted"]["cases"]
    assert counted["total"] == 1
    assert {"name": "visit.reported", "count": 1} in counted["states"]


def test_every_step_on_it_comes_out_the_same_when_it_is_decided_again(
    found: dict[str, Any],
) -> None:
    assert found["again"] == [True, 1, 0, 11]
    assert found["told"] == "same"


def test_its_views_are_what_the_log_adds_up_to(found: dict[str, Any]) -> None:
    assert found["rebuilt alike"]
    assert found["checked"] == []


def test_each_reader_is_told_of_it_what_is_for_them(found: dict[str, Any]) -> None:
    def told(role: str) -> list[str]:
        (node,) = found[role]["nodes"]
        assert (node["place"], node["states"]) == ("the prison", ["visit.reported"])
        return [entry["event"]["__typename"] for entry in node["history"]["nodes"]]

    assert len(told("coordinator")) == 11
    assert told("auditor") == [*told("coordinator")[:5], *told("coordinator")[6:]]
    assert found["reader"] == {"totalCount": 0, "nodes": []}


def test_its_list_is_taken_away(found: dict[str, Any]) -> None:
    heading, row = found["csv"]
    assert heading == "id,version,addressee,states"
    assert row.endswith(",SVN,visit.reported")


def test_where_its_facts_are_not_declared_nothing_starts(tmp_path_factory: Any) -> None:
    copy = copied(tmp_path_factory.mktemp("product"), PLACES, "workflows/procedure/aggregates.py")
    told = run(copy, "import workflows.procedure.aggregates")
    assert "does not say what procedures know of it: Inspection" in told.stderr
