"""An aggregate is a row: whatever lists aggregates follows from it.

`Hearing` is invented, and said nowhere but here. It is added to a copy of the product, at the
places that docs/adding-an-aggregate.md names, and looked for in that copy by a process of its own.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

import domain
from api.schema import schema
from domain.aggregates import AGGREGATES, BY_EVENT, said_of_each
from domain.recommendation import Recommendation
from domain.review import Review
from tests import given, naive
from tests.copies import copied, run
from tests.server import ROOT

DOC = ROOT / "docs/adding-an-aggregate.md"
WORDS = {aggregate.word for aggregate in AGGREGATES}

# --- What holds of each --------------------------------------------------------------------------


MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(domain.__path__, "domain.")
]
STRUCTS = {
    cls
    for module in MODULES
    for name, cls in vars(module).items()
    if isinstance(cls, type) and issubclass(cls, msgspec.Struct)
    if not name.startswith("_") and cls.__module__.startswith("domain.")
}


def has_events(module: Any) -> bool:
    return hasattr(module, "EVENTS")


def test_every_module_of_the_domain_that_has_events_is_a_row() -> None:
    theirs = [module.EVENTS for module in MODULES if has_events(module)]
    assert {event for events in theirs for event in events} == set(BY_EVENT)


def test_every_event_that_has_a_topic_is_of_a_row() -> None:
    """If you are here because you added an event: name it in `EVENTS` of its aggregate."""
    assert {cls for cls in STRUCTS if "topic" in vars(cls)} <= set(BY_EVENT)


def test_what_must_be_so_before_the_steps_of_an_aggregate_is_in_its_row() -> None:
    said = {module.EVENTS: getattr(module, "READY", {}) for module in MODULES if has_events(module)}
    for aggregate in AGGREGATES:
        assert aggregate.ready == said[aggregate.events], aggregate.name


def test_each_has_a_name_a_word_and_events_of_its_own() -> None:
    """Types of GraphQL, ids and topics derive from them."""
    assert len({aggregate.name for aggregate in AGGREGATES}) == len(AGGREGATES)
    assert len(WORDS) == len(AGGREGATES)
    for aggregate in AGGREGATES:
        assert {event.topic.partition(".")[0] for event in aggregate.events} == {aggregate.word}
    assert len(BY_EVENT) == sum(len(aggregate.events) for aggregate in AGGREGATES)


def test_every_event_and_stored_struct_has_a_name_of_its_own() -> None:
    """Types of GraphQL derive from them."""
    assert len({cls.__name__ for cls in STRUCTS}) == len(STRUCTS)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda a: a.name)
def test_no_entries_add_up_to_nothing(aggregate: Any) -> None:
    assert aggregate.fold([], None) is None


def test_each_has_any_history_and_a_naive_reader() -> None:
    """If you are here because you added an aggregate: see docs/adding-an-aggregate.md."""
    assert set(given.BESIDE) == set(naive.BESIDE) == WORDS - {"recommendation"}


@pytest.mark.parametrize("name", [a.name for a in AGGREGATES if a.by_id])
def test_what_has_an_id_has_a_node_and_a_list(name: str) -> None:
    types = schema._schema.type_map
    asked = {str(field.type).strip("!") for field in types["Query"].fields.values()}
    assert f"{name}Connection" in asked
    assert {"id", "version", "history"} <= set(types[name].fields)


def test_a_room_that_forgets_an_aggregate_is_named() -> None:
    rows = [aggregate for aggregate in AGGREGATES if aggregate.state in (Review, Recommendation)]
    said_of_each(rows, {Review, Recommendation}, "here.py", "how it is kept")
    with pytest.raises(ImportError, match=r"here\.py does not say how it is kept: Review$"):
        said_of_each(rows, {Recommendation}, "here.py", "how it is kept")
    with pytest.raises(ImportError, match=r"and nobody asks: Recommendation$"):
        said_of_each(rows[1:], {Review, Recommendation}, "here.py", "how it is kept")


# --- One more ------------------------------------------------------------------------------------

HEARING = '''"""A hearing of civil society."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Protected, Stamp, Visibility, named
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo


class HearingEvent(Event, frozen=True):
    """Base of a hearing's events."""


class HearingCalled(HearingEvent, frozen=True):
    """People are asked to come."""

    topic: ClassVar[str] = "hearing.called.v1"

    subject: str
    seats: int | None = None


class HearingHeld(HearingEvent, frozen=True):
    """They came, and said this."""

    topic: ClassVar[str] = "hearing.held.v1"

    minutes: Protected


class HearingCancelled(HearingEvent, frozen=True):
    """It was not held."""

    topic: ClassVar[str] = "hearing.cancelled.v1"


EVENTS: tuple[type[HearingEvent], ...] = (HearingCalled, HearingHeld, HearingCancelled)


class Hearing(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A hearing as it stands."""

    id: UUID
    addressee: str
    version: int
    visibility: Visibility
    institution: str
    subject: str
    seats: int | None = None
    over: str = ""

    def hold(self, stamp: Stamp, minutes: Protected) -> HearingHeld:
        self._is_to_come()
        return HearingHeld(stamp=stamp, minutes=minutes)

    def cancel(self, stamp: Stamp) -> HearingCancelled:
        self._is_to_come()
        return HearingCancelled(stamp=stamp)

    def _is_to_come(self) -> None:
        if self.over:
            raise AlreadySo(f"This hearing is {self.over} already.")


def call(
    stamp: Stamp, addressee: str, subject: str, seats: int | None = None
) -> tuple[UUID, HearingCalled]:
    event = HearingCalled(stamp=stamp, subject=named(subject), seats=seats)
    return uuid5(NAMESPACE, f"hearing\\x1f{addressee}\\x1f{subject}"), event


def fold(entries: Iterable[Entry], state: Hearing | None = None) -> Hearing | None:
    for entry in entries:
        event = entry.event
        if state is None:
            assert isinstance(event, HearingCalled)
            state = Hearing(
                id=entry.stream,
                addressee=entry.addressee,
                version=entry.version,
                visibility=event.stamp.visibility,
                institution=event.stamp.speaker.institution,
                subject=event.subject,
                seats=event.seats,
            )
        elif isinstance(event, (HearingHeld, HearingCancelled)):
            state.over = "held" if isinstance(event, HearingHeld) else "cancelled"
        state.version = entry.version
    return state
'''

PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "domain/hearing.py": (("", HEARING),),
    "domain/aggregates.py": (
        ("    erasure,\n", "    hearing,\n"),
        (
            "AGGREGATES: tuple[Aggregate, ...] = (\n",
            """    Aggregate(
        hearing.Hearing, hearing.EVENTS, hearing.fold, by_id=True, told=("addressee", "subject")
    ),
""",
        ),
    ),
    "projections/shelves.py": (
        ("from domain.erasure import Erasure\n", "from domain.hearing import Hearing\n"),
        (
            "KEPT: dict[type[Any], Kept] = {\n",
            """    Hearing: Kept(
        "hearing",
        lambda s: s.over or "to-come",
        lambda s: f"{s.addressee} {s.subject}",
        (Column("subject", Text, nullable=False), Column("seats", Integer)),
    ),
""",
        ),
    ),
    "api/register.py": (
        ("from domain import (\n", "    hearing,\n"),
        (
            "covered_usually = 50\n",
            """

@node(hearing.Hearing, "subject", "seats", "over")
class Hearing(Registered):
    pass
""",
        ),
        (
            "class RegisterLists:\n",
            "    hearings = listed(Hearing, 'Hearings, by subject.', 'subject', 'seats')\n\n",
        ),
    ),
}
"""Where one more aggregate is said: file → what it is added after, and what."""

LOOKING = '''
import json, sys
from pathlib import Path

from sqlalchemy import text

from api.checking import check_all
from api.context import Context
from api.exports import Asked, Export, write
from api.schema import schema
from api.service import Service
from api.settings import Settings
from domain import hearing
from domain.entry import Authority, AuthorityKind, Entry, Protected, Speaker, Stamp, effective
from projections.refilled import contents
from projections.tables import VIEWS
from workflows.keys import create_key

folder = Path(sys.argv[1])
service = Service(Settings(database_url=f"sqlite:///{folder / 'suivi.db'}"))
mandate = Authority(kind=AuthorityKind.MANDATE, reference="the law")
speaker = Speaker(
    role="clerk", institution="mfa", on_behalf_of="mfa", authority=mandate, actor="p-1"
)

def record(id, version, event):
    entry = Entry(id, version, "SVN", event)
    service.log.append(event.stamp.command, b"%64d" % 0, [entry])
    service.wait_for(service.log.size - 1)

def stamp(n):
    return Stamp(command=f"c-{n}", speaker=speaker, effective=effective("2026-03-01"))

ids = []
for n, (subject, seats) in enumerate((("housing", 40), ("schools", None), ("water", 40))):
    id, called = hearing.call(stamp(n), "SVN", subject, seats)
    ids.append(id)
    record(id, 1, called)
load = lambda n: service.log.load(ids[n], hearing.fold)
record(ids[0], 2, load(0).hold(stamp(10), Protected("They want homes.")))
record(ids[1], 2, load(1).cancel(stamp(11)))

_, key = create_key(
    service.log, role="reader", institution="mfa", actor="p-2", system=None, authority=None
)
service.feed.advance()

def ask(query, **variables):
    context = Context(service, service.principal(key))
    try:
        said = schema.execute_sync(query, variable_values=variables, context_value=context)
    finally:
        context.close()
    assert not said.errors, said.errors
    return said.data

def rows():
    with service.views.snapshot() as (connection, _):
        return contents(connection, VIEWS["register"])["hearing"]

found = {"ids": [str(id) for id in ids]}
found["loaded"] = [(s.subject, s.over, s.version) for s in map(load, range(3))]
fed = rows()
found["fed"] = [row[4:6] for row in fed]
service.feed.rebuild()
found["rebuilt alike"] = rows() == fed
found["list"] = ask(
    """query { hearings(seats: [40], first: 1) { totalCount pageInfo { hasNextPage }
    nodes { __typename id uuid subject seats over version addressee } } }"""
)["hearings"]
found["by subject"] = ask("{ hearings(subject: [\\"schools\\"]) { nodes { over } } }")["hearings"]
found["then"] = ask("{ hearings(asOf: {logIndex: 1}) { nodes { subject over } } }")["hearings"]
found["node"] = ask(
    """query($id: ID!) { node(id: $id) { __typename ... on Hearing { subject history { nodes {
    event { __typename ... on HearingCalled { subject seats } ... on HearingHeld {
    minutes { text } } } version subjectId } } } } }""",
    id=found["list"]["nodes"][0]["id"],
)["node"]
happened = ask("{ events { nodes { event { __typename } } } }")["events"]["nodes"]
found["feed"] = [entry["event"]["__typename"] for entry in happened]
found["checked"] = check_all(service, lambda *_: None).faults

context = Context(service, service.principal(key))
asked = Asked()
write(asked.reading(context, None), Export.OCEL, asked, folder / "log.json")
context.close()
log = json.loads((folder / "log.json").read_text())
found["objects"] = [
    [o["id"], [(a["name"], a["value"]) for a in o["attributes"]]]
    for o in log["objects"] if o["type"] == "hearing"
]
found["types"] = [t["name"] for t in log["objectTypes"]]
found["happened"] = sorted(e["type"] for e in log["events"])

with service.views.current().engine.execution_options(writes=True).begin() as connection:
    connection.execute(text("UPDATE hearing SET seats = 4 WHERE subject = 'water'"))
found["spoilt"] = check_all(service, lambda *_: None).faults
service.close()
print(json.dumps(found))
'''


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    copy = copied(tmp_path_factory.mktemp("product"), PLACES)
    told = run(copy, LOOKING, str(tmp_path_factory.mktemp("record")))
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.slow
def test_one_more_is_stored_and_loaded_again(found: dict[str, Any]) -> None:
    assert found["loaded"] == [
        ["housing", "held", 2],
        ["schools", "cancelled", 2],
        ["water", "", 1],
    ]


@pytest.mark.slow
def test_one_more_is_in_the_register_when_it_is_fed_and_when_it_is_rebuilt(
    found: dict[str, Any],
) -> None:
    assert sorted(found["fed"]) == [
        ["cancelled", "SVN schools"],
        ["held", "SVN housing"],
        ["to-come", "SVN water"],
    ]
    assert found["rebuilt alike"]


@pytest.mark.slow
def test_one_more_is_listed_narrowed_and_looked_back_on(found: dict[str, Any]) -> None:
    (node,) = found["list"]["nodes"]
    assert node.pop("id")
    assert node == {
        "__typename": "Hearing",
        "uuid": found["ids"][0],
        "subject": "housing",
        "seats": 40,
        "over": "held",
        "version": 2,
        "addressee": "SVN",
    }
    assert (found["list"]["totalCount"], found["list"]["pageInfo"]) == (2, {"hasNextPage": True})
    assert found["by subject"] == {"nodes": [{"over": "cancelled"}]}
    then = [{"subject": "housing", "over": ""}, {"subject": "schools", "over": ""}]
    assert found["then"] == {"nodes": then}


@pytest.mark.slow
def test_one_more_is_a_node_with_a_history(found: dict[str, Any]) -> None:
    assert found["node"]["__typename"] == "Hearing"
    called, held = found["node"]["history"]["nodes"]
    assert called == {
        "version": 1,
        "subjectId": held["subjectId"],
        "event": {"__typename": "HearingCalled", "subject": "housing", "seats": 40},
    }
    assert held["event"]["minutes"] == {"text": "They want homes."}
    assert held["subjectId"]
    assert found["feed"][:5] == [*["HearingCalled"] * 3, "HearingHeld", "HearingCancelled"]


@pytest.mark.slow
def test_one_more_is_compared_by_the_check(found: dict[str, Any]) -> None:
    assert found["checked"] == []
    water = UUID(found["ids"][2]).hex
    assert found["spoilt"] == [
        f"view register, table hearing, row {water}: seats differs from the log"
    ]


@pytest.mark.slow
def test_one_more_is_in_event_logs(found: dict[str, Any]) -> None:
    assert "hearing" in found["types"]
    assert sorted(found["objects"]) == sorted(
        [id, [["addressee", "SVN"], ["subject", subject]]]
        for id, subject in zip(found["ids"], ("housing", "schools", "water"), strict=True)
    )
    assert found["happened"] == [
        "hearing called",
        "hearing called",
        "hearing called",
        "hearing cancelled",
        "hearing held",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", ["projections/shelves.py", "api/register.py"])
def test_nothing_starts_where_a_place_is_forgotten(tmp_path: Path, forgotten: str) -> None:
    told = run(copied(tmp_path, PLACES, forgotten), "import api.kinds")
    assert told.returncode != 0
    last = told.stderr.strip().splitlines()[-1]
    assert re.fullmatch(rf"ImportError: {forgotten}.* does not say how [a-z ]+: Hearing", last), (
        told.stderr
    )


def test_the_guide_names_the_places_that_are_added_to_here() -> None:
    items = re.split(r"^\d+\. ", DOC.read_text(), flags=re.MULTILINE)[1:]
    steps = [re.findall(r"\]\(\.\./([^)]+)\)", item)[0] for item in items]
    product = steps[: len(PLACES)]
    assert product == ["domain/person.py", *[*PLACES][1:]]
    assert all((ROOT / step).exists() for step in steps)
