"""Procedures as data: what is a definition, what an overlay makes of one, and what the gate lets
through."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, get_args
from xml.etree import ElementTree

import msgspec
import pytest
from jsonschema import Draft202012Validator

from domain.entry import Event
from domain.refusals import Unavailable
from domain.words import Aspect, Bucket, Kind, Mechanism
from tests.given import any_act, given, received, supported
from tests.keeping import KEPT
from tests.length import times
from tests.server import ROOT, running
from workflows.procedure import SHIPPED, schema
from workflows.procedure.aggregates import facts_about
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import (
    Definition,
    NoDefinition,
    Promise,
    Unsound,
    bytes_max,
    canonical,
    convert,
    marks_max,
    read_file,
)
from workflows.procedure.drawing import svg
from workflows.procedure.gate import Fault, check
from workflows.procedure.migration import Migration
from workflows.procedure.overlay import OVERLAY, Operation, Overlay
from workflows.procedure.pictures import mermaid, scxml
from workflows.procedure.shipped import by_hash, profile, read, shipped
from workflows.procedure.valuations import domains
from workflows.statecharts.expressions import holds

Said = dict[str, Any]
GUIDE = (ROOT / "docs" / "procedures.md").read_text()
SVG = "{http://www.w3.org/2000/svg}"


def find(name: str) -> Definition | None:
    return shipped()[name].definition if name in shipped() else None


def a_procedure(**more: Any) -> Said:
    """A small procedure of one State: a cabinet approves a plan before it is under way."""
    label = {"en": "A label"}
    return {
        "format": "suivi-procedure/1",
        "name": "small",
        "labels": {"en": "Small"},
        "for": {"mechanisms": ["upr"]},
        "facts": {"closed": {"type": "flag"}, "planned": {"type": "flag"}},
        "states": [
            {
                "id": "work",
                "labels": label,
                "bucket": "not-counted",
                "states": [
                    {
                        "id": "work.waiting",
                        "labels": label,
                        "moves": [{"on": "approve", "when": "planned", "to": "work.approved"}],
                    },
                    {
                        "id": "work.approved",
                        "labels": label,
                        "moves": [
                            {"on": "reopen", "to": "work.waiting"},
                            {"when": "closed", "to": "work.done"},
                        ],
                    },
                    {
                        "id": "work.done",
                        "labels": label,
                        "moves": [{"on": "reopen", "to": "work.waiting"}],
                    },
                ],
            }
        ],
        "ends": ["work.done"],
        "steps": [
            {"name": "approve", "labels": label, "roles": ["coordinator"]},
            {"name": "reopen", "labels": label},
            {"name": "plan", "labels": label},
            {"name": "close", "labels": label},
        ],
        **more,
    }


def written(said: Said) -> bytes:
    return msgspec.json.encode(said)


def made(said: Said) -> Definition:
    return read(written(said), find)


def changed(path: str, value: Any) -> Said:
    """The small procedure with one place of it changed; a value of None takes it away."""
    said = a_procedure()
    here: Any = said
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        here = here[step]
    if value is None:
        del here[last]
    else:
        here[last] = value
    return said


# --- Reading -------------------------------------------------------------------------------------


def test_the_same_definition_has_the_same_hash_however_it_is_written() -> None:
    as_json = made(a_procedure())
    states, steps = (
        msgspec.json.encode(a_procedure()[key]).decode() for key in ("states", "steps")
    )
    as_yaml = f"""# the same, otherwise
name: small
format: suivi-procedure/1
labels: {{en: Small}}
for: {{mechanisms: [upr]}}
facts:
  planned: {{type: flag}}
  closed: {{type: flag, optional: false}}
steps: {steps}
states: {states}
ends: [work.done]
""".encode()
    assert read(as_yaml, find).hash == as_json.hash
    assert made(msgspec.json.decode(canonical(as_json))) == as_json
    assert made(a_procedure(name="smaller")).hash != as_json.hash


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"\xff", "UTF-8"),
        (b"a: [1", "neither YAML nor JSON"),
        (b"&a [*a, *a]", "Aliases"),
        (b"a: 1\na: 2", "neither YAML nor JSON"),
        (b"- a", "object"),
        (b"{}", "format"),
        (b" " * (bytes_max + 1), "bytes"),
        (b"[" * 250_000, "levels"),
        (b"a: 1\n" * (marks_max // 2 + 1), "names and values"),
        (b"- " * 100_000, "levels"),
        (b'{"a":' * 50_000, "levels"),
        (b'{"a": [' + b"[" * 200_000 + b"]" * 200_000, "bytes"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "levels"),
        (b'{"format": 1, "format": 2}', "twice"),
        (written(changed("mystery", 1)), "mystery"),
        (written(changed("states/0/states/0/moves/0/when", 7)), "str"),
        (written(changed("name", "No Name")), "name"),
        (written(changed("labels/xx-", "A")), "language"),
        (written(changed("steps/0/labels/en", " ")), "label"),
        (written(changed("states", [])), "states"),
        (written(changed("steps/0/name", "approve.it")), "no dot"),
        (
            written(
                {
                    "format": "suivi-overlay/1",
                    "name": "x",
                    "extends": "nothing",
                    "labels": {},
                    "for": {},
                }
            ),
            "nothing",
        ),
    ],
)
def test_what_is_no_definition_is_refused(source: bytes, why: str) -> None:
    with pytest.raises(Unsound, match=why) as refused:
        read(source, find)
    assert refused.value.code == "no-definition"


def test_the_checked_in_file_says_how_procedures_are_written() -> None:
    renew = "suivi schema --procedures --output workflows/procedure/schema.json"
    assert schema.FILE.read_text() == schema.written(), f"if this is what you meant: {renew}"
    told = schema.json_schema()["$defs"]["Definition"]
    assert set(told["properties"]) == {*a_procedure(), "deadlines", "tasks", "promises"}


def has_a_shape(said: object) -> bool:
    """True if it can be read, whatever the gate says of it then."""
    format = said.get("format") if isinstance(said, dict) else None
    kinds: dict[object, Any] = {OVERLAY: Overlay, "suivi-migration/1": Migration}
    try:
        convert(said, kinds.get(str(format), Definition))
    except NoDefinition:
        return False
    return True


FILES = [
    *(path for path in (ROOT / "workflows" / "procedure" / "profiles").glob("*.yaml")),
    *(ROOT / "tests" / "broken").glob("*.yaml"),
]


@pytest.mark.endurance
def test_the_json_schema_takes_what_can_be_read_and_nothing_else() -> None:
    """Every file there is, and each with one place of it after the other gone or put wrong."""
    check_it = Draft202012Validator(json.loads(schema.FILE.read_text()))
    Draft202012Validator.check_schema(check_it.schema)
    found: Counter[bool] = Counter()
    random = Random(5)
    for path in FILES:
        said = read_file(path.read_bytes())
        assert check_it.is_valid(said) is has_a_shape(said), path
        for _ in range(times(3, long=30)):
            other = spoilt(said, random)
            shaped = has_a_shape(other)
            assert check_it.is_valid(other) is shaped, other
            found[shaped] += 1
    assert min(found.values()) > 20, found


def spoilt(said: object, random: Random) -> object:
    """The same, but for one place: gone, of another type, or beside something nobody knows."""
    other = json.loads(json.dumps(said))
    at: Any = other
    while True:
        keys = [*at] if isinstance(at, dict) else [*range(len(at))]
        inner = [key for key in keys if isinstance(at[key], dict | list) and at[key]]
        if inner and random.random() < 0.8:
            at = at[random.choice(inner)]
            continue
        key = random.choice(keys)
        match random.randrange(4):
            case 0:
                del at[key]
            case 1:
                at[key] = random.choice([7, None, True, "x", [], {}])
            case 2 if isinstance(at, dict):
                at["nobody-knows"] = 1
            case _:
                at[key] = [at[key]]
        return other


# --- The gate ------------------------------------------------------------------------------------


EVER_SHIPPED: dict[str, list[str]] = {
    "common": [
        "5d130b5b985cab014f5594f726d2bdd25774f6836652c193cc325864fc9ec145",
        "52c00a0a7b9f02ed92716ff9a6a27f913cb58c072c87cd0aba16499c1a95ccd0",
    ],
    "communication": [
        "dc60aa63e3a0e92f357052d2060473bbb3cc020611d70b6932c0ffa4704c37b2",
    ],
    "regional-body": [
        "cbf0a7640837a9bbfc6c45b783831d7aba115fff39021db59f9a211ea5faaeaf",
        "7fe80dfbf2a8c170803178fa4b7eeaffc2e9688ee5fbe1a414d545fac0eb69a3",
    ],
    "measure": [
        "8a0ef8ca54a628f269bc14cea4b715bb9ebc8e1c68ad433dd5894d91307554fe",
    ],
    "special-procedure": [
        "39ece4cedc40881aa95b45f58803f7bad0c343e0cce0c5d996ccc17bae81a1d5",
        "04a6b1e1589a8870f44c5b7e47bd2b00cb53842dd038f047f3b4c94a8623e157",
    ],
    "treaty-body": [
        "eb120a0022cbaf878743ee6386532924435b9f2b84d7fad11fd18a029b86fe64",
        "0fc2d97cff5c1814705ff11acbaa7294b128823b7287c8c557c2564fad6836e4",
    ],
    "upr": [
        "01837cb0aaba0241fd4dde899ecf882c5470659640ebbcb2074059575b5971b1",
        "bae6c9bc74abbdfe95285e4358d0a6c85c237a019fdc1cdb5fed73ffb336005f",
    ],
    "voluntary-pledge": [
        "edc9d30a2c285d63d748be1a15b1f421c5d97a46977a0d88347fb302384134aa",
        "44c3a9371ae7efd3dd4e1335bac3679ada6c1995a4e27f991d478392e500a56b",
    ],
}

IF_YOU_CHANGED_A_PROFILE = """
If you are here because you changed a shipped procedure: its hash is another now, and from the first
release on there are archives whose recommendations are pinned to the old one.
 1. .venv/bin/python -m tests.keeping    keeps what ships now, for ever, by its hash;
 2. add the hash that it prints to the end of its line in EVER_SHIPPED; take none away that was in
    a release, nor what is kept of it.
"""


def test_every_procedure_ever_shipped_is_found_by_its_hash() -> None:
    ever = {hash for hashes in EVER_SHIPPED.values() for hash in hashes}
    assert {name: procedure.hash for name, procedure in shipped().items()} == {
        name: hashes[-1] for name, hashes in EVER_SHIPPED.items()
    }, IF_YOU_CHANGED_A_PROFILE
    assert {path.stem for path in KEPT.iterdir()} == ever, IF_YOU_CHANGED_A_PROFILE
    assert ever == by_hash().keys()
    for path in KEPT.iterdir():
        kept = path.read_bytes()
        assert sha256(kept).hexdigest() == path.stem, f"{path.name} was changed"
        assert canonical(by_hash()[path.stem].definition) == kept, "a new field has no default"


def test_what_once_shipped_goes_on_and_is_not_to_be_had_by_name() -> None:
    for name, hashes in EVER_SHIPPED.items():
        for hash in hashes[:-1]:
            old = SHIPPED.find(hash, "SVN")
            assert old is not None
            assert old.definition.name == name
            assert SHIPPED.base(name, "SVN") == shipped()[name].definition != old.definition
            it = msgspec.structs.replace(given(received(), supported()).it, definition=hash)
            assert "offer-assignment" in SHIPPED.open_steps(it)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_what_is_shipped_is_sound_and_labelled_in_the_six_languages(name: str) -> None:
    definition = shipped()[name].definition
    assert check(definition).faults == ()
    assert definition.labels.keys() == {"en", "fr", "es", "ru", "ar", "zh"}


def test_the_small_procedure_is_sound() -> None:
    report = check(made(a_procedure()))
    assert (report.ok, report.faults) == (True, ())


BROKEN = ROOT / "tests" / "broken"


def said_in(path: Path) -> tuple[str, tuple[str, ...]]:
    """Where the fault is, and the way there, as the head of a broken definition says."""
    head = [line[1:] for line in path.read_text().splitlines() if line.startswith("#")]
    place = next(n for n, line in enumerate(head) if line.startswith(" where: "))
    return head[place].removeprefix(" where: "), tuple(line.strip() for line in head[place + 1 :])


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_gate_names_what_is_wrong_and_the_way_there(path: Path) -> None:
    """A broken definition is called as its fault, or as that and what is special about it."""
    try:
        report = check(read(path.read_bytes(), find))
        faults = (*report.faults, *report.warnings)
    except Unsound as refused:
        faults = (Fault(refused.code, str(refused), refused.where),)
    found = next((f for f in faults if f.code == path.name.partition(".")[0]), None)
    assert found is not None, faults
    assert (found.where, found.trace) == said_in(path)


def codes() -> set[str]:
    """The codes of all faults of definitions, as the code has them; migrations have their own."""
    rooms = (ROOT / "workflows" / "procedure").rglob("*.py")
    sources = "".join(p.read_text() for p in rooms if p.name != "migration.py")
    return {"no-definition", *re.findall(r'(?:Fault|Unsound)\(\s*"([a-z-]+)"', sources)}


def test_each_fault_has_a_broken_definition_and_a_line_in_the_guide() -> None:
    table = GUIDE.partition("## What the gate looks for")[2].partition("\n## ")[0]
    told = {
        code
        for line in table.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([a-z-]+)`", line.split("|")[1])
    }
    assert len(codes()) > 40
    assert told == codes()
    assert {path.name.partition(".")[0] for path in BROKEN.glob("*.yaml")} == codes()


@pytest.mark.parametrize(
    ("broken", "found", "remedy"),
    [
        (
            "four-eyes-bypassed.changed",
            "[{when: closed",
            "[{on: plan, to: cabinet.waits}, {when: closed",
        ),
        ("four-eyes-bypassed.led-back", "{on: plan}]", "{on: plan, to: cabinet.waits}]"),
        ("four-eyes-bypassed.led-back", ", {on: plan}]", "]"),
        ("four-eyes-bypassed.begins", "    initial: cabinet.approved\n", ""),
        ("promise-broken.within-none", "{days: 61}", "{days: 60}"),
        ("promise-broken.within-none", "{days: 61}", "{months: 1}"),
        ("promise-broken.always", "always: at work.waiting or planned", "always: at work"),
        ("bucket-twice", "bucket: under-way", "bucket: reported"),
        ("then-not-open", "then: lapse", "then: endorse"),
        ("approvals-wrong", "needed: 3", "needed: 2"),
        ("approvals-wrong.role", "auditor", "focal-point"),
        ("reminder-too-early", "before: {months: 1}", "before: {days: 8}"),
        ("deadline-unheard", "while: [work],", "while: [work.waiting],"),
    ],
)
def test_with_the_remedy_it_is_sound(broken: str, found: str, remedy: str) -> None:
    text = (BROKEN / f"{broken}.yaml").read_text()
    assert text.count(found) == 1
    text = text.replace(found, remedy)
    if broken == "then-not-open":
        text = text.replace("when: planned, ", "").replace("  planned: {type: flag}\n", "")
    assert check(read(text.encode(), find)).faults == ()


# --- What is promised ----------------------------------------------------------------------------


def followed(said: Said, region: str, to: str, when: str | None) -> None:
    """Lets facts lead otherwise to a state of a region."""
    (top,) = [state for state in said["states"] if state["id"] == region]
    (follow,) = [follow for follow in top["follows"] if follow["to"] == to]
    follow["when"] = when


def opened(said: Said, when: str, *names: str) -> None:
    """Opens steps where something else holds."""
    for step in said["steps"]:
        if step["name"] in names:
            step["when"] = when


STRIKE = "strike-measure-entry"
ASSIGNING = ("decree-assignment", "accept-assignment", "hand-over-assignment")


def one_rejected(said: Said) -> None:
    (top,) = [state for state in said["states"] if state["id"] == "position"]
    rejected = {"id": "position.rejected", "bucket": "noted", "labels": {"en": "Rejected"}}
    top["states"] = [*top["states"], rejected]
    top["follows"] = [{"to": rejected["id"], "when": 'position == "by-part"'}, *top["follows"]]


def all_at_once(said: Said) -> None:
    (top,) = [state for state in said["states"] if state["id"] == "position"]
    del top["follows"]
    top["kind"] = "parallel"


BREAKING: dict[str, Callable[[Said], None]] = {
    "closed-by-decision": lambda it: followed(it, "record", "record.closed", "closed or reported"),
    "closed-is-not-open": lambda it: followed(it, "record", "record.closed", "closed and reported"),
    "can-be-closed": lambda it: opened(it, "at record.open and at record.closed", "close"),
    "can-be-reopened": lambda it: opened(it, "at record.open", "reopen"),
    "implemented-when-declared": lambda it: followed(
        it, "implementation", "implementation.declared", "declared or reported"
    ),
    "reported-when-reported": lambda it: followed(
        it, "reporting", "reporting.reported", "reported or declared"
    ),
    "can-be-implemented": lambda it: opened(it, "at assignment.assigned", *ASSIGNING),
    "a-position": one_rejected,
    "one-position": all_at_once,
    "silence-is-no-position": lambda it: followed(
        it, "position", "position.supported", 'position in ["supported", "pending"]'
    ),
    "noted-goes-on": lambda it: opened(it, "at position.supported", *ASSIGNING),
    "can-change": lambda it: opened(it, "at position.pending", "take-position"),
    "completed-by-declaration": lambda it: followed(
        it, "course", "course.completed", "completed or started"
    ),
    "abandoned-by-decision": lambda it: followed(
        it, "course", "course.abandoned", "abandoned or delayed"
    ),
    "can-be-completed": lambda it: opened(it, "at course.completed", "complete-measure", STRIKE),
    "can-be-abandoned": lambda it: opened(it, "at course.abandoned", "abandon-measure", STRIKE),
}
"""Promise → what would break it."""


def test_an_overlay_keeps_what_its_procedure_promises_and_may_promise_more() -> None:
    more = {"id": "more", "labels": {"en": "More"}, "always": "at record.open or at record.closed"}
    base = shipped()["treaty-body"].definition
    own = made(overlay({"op": "add-promise", "promise": more}))
    assert own.promises[:-1] == base.promises
    assert [f.where for f in check(own).faults] == [f"$.promises[{len(base.promises)}]"]
    again = {**more, "id": base.promises[0].id}
    with pytest.raises(Unsound, match="already"):
        made(overlay({"op": "add-promise", "promise": again}))


@pytest.mark.endurance
@pytest.mark.parametrize("promise", sorted(BREAKING))
def test_a_shipped_procedure_that_broke_what_it_promises_would_not_pass(promise: str) -> None:
    """Each procedure that promises it, in `make endurance`; else the smallest of them."""
    promising = [p.definition for p in shipped().values() if promise in ids(p.definition.promises)]
    promising.sort(key=lambda definition: len(list(definition.all_states())))
    for definition in promising[: times(1, long=len(promising))]:
        said = msgspec.to_builtins(definition)
        BREAKING[promise](said)
        place = ids(definition.promises).index(promise)
        found = [f for f in check(made(said)).faults if f.where == f"$.promises[{place}]"]
        assert [fault.code for fault in found] == ["promise-broken"], definition.name
        assert found[0].trace[0].startswith("begin")


def ids(promises: Iterable[Promise]) -> list[str]:
    return [promise.id for promise in promises]


def test_each_promise_of_each_shipped_procedure_is_broken_by_one_of_these() -> None:
    made = {one.id for procedure in shipped().values() for one in procedure.definition.promises}
    assert made == BREAKING.keys()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_what_the_gate_finds_nowhere_no_walk_comes_upon_and_what_it_finds_is_so(seed: int) -> None:
    """Random things are promised of a procedure, and random histories led under it."""
    random = Random(seed)
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    plain = read(example.encode(), find)
    states = [state.id for state in plain.all_states()]
    flags = [name for name, fact in plain.facts.items() if fact.type == "flag"]
    atoms = [f"at {random.choice(states)}", f"not at {random.choice(states)}"]
    atoms += random.sample([*flags, *(f"not {flag}" for flag in flags)], random.randint(1, 2))
    never = " and ".join(atoms[random.randint(0, 1) :])
    said = msgspec.to_builtins(plain)
    said["promises"] = [{"id": "one", "labels": {"en": "One"}, "never": never}]
    procedure = Compiled(made(said))
    (goal,) = (promised.goal for promised in procedure.promises)
    broken = [f for f in check(procedure.definition).faults if f.code == "promise-broken"]
    if broken:
        *_, way, at = broken[0].trace
        told = re.split(r"then |where ", way, maxsplit=1)[1].split(", ")
        active = procedure.active(at.removeprefix("→ ").split(", "))
        assert holds(goal, dict.fromkeys(told, True), active), broken[0].trace
        return
    known = domains(procedure.definition.facts, procedure.all_guards())
    facts = {name: random.choice(values) for name, values in known.items()}
    states = list(procedure.begin(facts).entered)
    for _ in range(300):
        assert not holds(goal, facts, procedure.active(states)), (states, facts)
        step = random.choice(procedure.open_steps(states, facts))
        after = {name: random.choice(values) for name, values in known.items()}
        outcome = procedure.outcome(step, states, facts, after)
        states, facts = sorted({*states} - {*outcome.left} | {*outcome.entered}), after


# --- What states count as ------------------------------------------------------------------------


def test_states_within_a_state_count_as_it_does_if_they_say_nothing_else() -> None:
    said = changed("states/0/bucket", "planned")
    said["states"][0]["states"][2]["bucket"] = "under-way"
    buckets = made(said).buckets()
    assert buckets["work.approved"] is buckets["work"] is Bucket.PLANNED
    assert buckets["work.done"] is Bucket.UNDER_WAY


def test_every_bucket_but_one_tells_an_aspect_and_every_aspect_is_told_by_what_ships() -> None:
    assert [bucket for bucket in Bucket if bucket.aspect is None] == [Bucket.NOT_COUNTED]
    told = {bucket for bucket in shipped()["upr"].definition.buckets().values() if bucket}
    assert {bucket.aspect for bucket in told} == {*Aspect}


# --- Overlays ------------------------------------------------------------------------------------


def overlay(*operations: Said, extends: str = "treaty-body") -> Said:
    return {
        "format": "suivi-overlay/1",
        "name": "slovenia",
        "extends": extends,
        "labels": {"en": "Slovenia"},
        "for": {"mechanisms": ["treaty-body"]},
        "operations": list(operations),
    }


CABINET = {
    "id": "cabinet",
    "labels": {"en": "Cabinet"},
    "bucket": "not-counted",
    "states": [
        {
            "id": "cabinet.waits",
            "labels": {"en": "Waits"},
            "moves": [{"on": "approve", "when": "planned", "to": "cabinet.approved"}],
        },
        {"id": "cabinet.approved", "labels": {"en": "Approved"}},
    ],
}
APPROVAL = [
    {"op": "add-state", "after": "assignment", "state": CABINET},
    {
        "op": "add-step",
        "after": "plan",
        "step": {"name": "approve", "labels": {"en": "Approve"}, "roles": ["coordinator"]},
    },
    {"op": "require", "step": "declare-implemented", "when": "at cabinet.approved"},
]


def test_an_overlay_adds_a_cabinets_approval_without_which_nothing_is_declared() -> None:
    procedure = Compiled(made(overlay(*APPROVAL)))
    assert check(procedure.definition).ok
    assert [s.id for s in procedure.definition.states][1:3] == ["assignment", "cabinet"]
    known = {"assigned": True, "planned": False}
    states = list(procedure.begin(known).entered)
    assert procedure.blocked("approve", states, known)
    (why,) = procedure.blocked("declare-implemented", states, known)
    assert (why.guard, why.states) == ("at cabinet.approved", ("cabinet.approved",))
    planned = {**known, "planned": True}
    after = procedure.outcome("approve", states, planned, planned)
    assert "cabinet.approved" in after.entered
    moved = sorted({*states} - {*after.left} | {*after.entered})
    assert not procedure.blocked("declare-implemented", moved, planned)


def test_no_step_is_taken_for_an_event_of_the_charts_own() -> None:
    """A region that comes to its end is an event `done.state.…` within."""
    done = {"id": "work.done", "labels": {"en": "Done"}, "kind": "final"}
    said = changed("states/0/states/2", done)
    said["steps"].append({"name": "done", "labels": {"en": "Done"}})
    said["states"][0]["moves"] = [{"on": "done", "to": "work.waiting"}]
    procedure = Compiled(made(said))
    facts = {"planned": True, "closed": True}
    assert procedure.outcome("approve", ["work.waiting"], facts, facts).entered == ("work.done",)
    assert procedure.outcome("done", ["work.done"], facts, facts).entered == ("work.waiting",)


def test_what_an_overlay_changes_is_all_that_differs() -> None:
    base = shipped()["treaty-body"].definition
    plain = made(overlay())
    assert (plain.states, plain.steps, plain.facts) == (base.states, base.steps, base.facts)
    renamed = made(
        overlay(
            {"op": "rename", "step": "plan", "labels": {"en": "Draw up a plan"}},
            {"op": "rename", "state": "record", "labels": {"en": "File"}},
        )
    )
    assert {s.name: s.labels["en"] for s in renamed.steps}["plan"] == "Draw up a plan"
    assert renamed.states[0].labels["en"] == "File"
    assert renamed.states[1:] == base.states[1:]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "burn"},
        {"op": "add-step", "step": {"name": "plan", "labels": {"en": "Plan"}}},
        {"op": "add-step", "after": "bless", "step": {"name": "x", "labels": {"en": "X"}}},
        {"op": "add-state", "within": "nowhere", "state": CABINET},
        {"op": "add-state", "after": "nowhere", "state": CABINET},
        {"op": "add-move", "state": "nowhere", "move": {"on": "plan"}},
        {"op": "retarget", "state": "record", "on": "plan", "to": "record.open"},
        {"op": "require", "step": "bless", "when": "closed"},
        {"op": "rename", "labels": {"en": "X"}},
        {"op": "rename", "step": "bless", "labels": {"en": "X"}},
        {"op": "add-fact", "name": "closed", "fact": {"type": "number"}},
    ],
)
def test_an_operation_that_finds_nothing_to_work_on_is_refused(operation: Said) -> None:
    with pytest.raises(Unsound) as refused:
        made(overlay(operation))
    assert refused.value.where.startswith("$.operations[0]")


def test_a_move_can_be_added_and_led_elsewhere() -> None:
    first = overlay(
        *APPROVAL,
        {"op": "add-move", "state": "cabinet.approved", "move": {"on": "approve", "to": "cabinet"}},
        {"op": "retarget", "state": "cabinet.approved", "on": "approve", "to": "cabinet.waits"},
    )
    cabinet = made(first).states[2]
    assert [move.to for move in cabinet.states[1].moves] == ["cabinet.waits"]


# --- What is written of it -----------------------------------------------------------------------


def test_the_guides_overlay_is_sound() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    report = check(read(example.encode(), find))
    assert report.faults == ()


def test_the_guide_lists_every_fact_and_every_operation() -> None:
    told = set(re.findall(r"`([a-z-]+)`", GUIDE))
    assert told >= (facts_about("recommendation") or {}).keys()
    assert told >= {op.__struct_config__.tag for op in get_args(Operation)}


# --- Which procedure -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mechanism", "kind", "name"),
    [
        (Mechanism.UPR, Kind.RECOMMENDATION, "upr"),
        (Mechanism.UPR, Kind.PLEDGE, "voluntary-pledge"),
        (Mechanism.TREATY_BODY, Kind.CONCERN, "treaty-body"),
        (Mechanism.SPECIAL_PROCEDURE, Kind.REQUEST, "communication"),
        (Mechanism.SPECIAL_PROCEDURE, Kind.CONCERN, "special-procedure"),
        (Mechanism.REGIONAL_BODY, Kind.RULING, "regional-body"),
    ],
)
def test_each_mechanism_has_a_profile(mechanism: Mechanism, kind: Kind, name: str) -> None:
    assert profile(mechanism, kind).definition.name == name


def test_a_recommendation_stays_under_the_procedure_it_started_under() -> None:
    it = given(received(), supported()).it
    assert it.definition == shipped()["upr"].hash
    assert SHIPPED.of(it).definition.name == "upr"
    assert SHIPPED.of(msgspec.structs.replace(it, definition=None)).definition.name == "upr"
    other = msgspec.structs.replace(it, definition=shipped()["treaty-body"].hash)
    assert SHIPPED.of(other).definition.name == "treaty-body"
    unknown = msgspec.structs.replace(it, definition="0" * 64)
    with pytest.raises(Unavailable):
        SHIPPED.of(unknown)


def test_every_fact_is_read_off_the_record_as_its_type_says() -> None:
    it = given(received(), supported()).it
    for name, known in (facts_about("recommendation") or {}).items():
        value = known.read(it)
        assert (value is None and known.fact.optional) or isinstance(value, (bool, str)), name


@pytest.mark.parametrize("seed", range(40))
def test_a_fact_is_changed_by_the_steps_that_are_said_to_change_it_and_no_others(seed: int) -> None:
    random = Random(seed)
    history = given(received(wordings=("Train", "Pay") if seed % 2 else ("Train",)))
    for _ in range(40):
        taken = any_act(history.it, random)
        outcome = history.when(taken)
        if outcome.entry is None:
            continue
        before, history = history.it, outcome.then(Event)
        for name, known in (facts_about("recommendation") or {}).items():
            if known.read(before) != known.read(history.it):
                assert taken.step in known.changed_by, name
                if known.read(history.it) is True:
                    assert taken.step not in known.undone_by, name


# --- Pictures ------------------------------------------------------------------------------------


def test_a_diagram_shows_states_and_steps_by_their_names() -> None:
    drawn = mermaid(made(overlay(*APPROVAL)), live=["cabinet.waits"])
    assert drawn.startswith("stateDiagram-v2\n")
    assert 'state "Cabinet" as' in drawn
    assert "Approve [planned]" in drawn
    assert drawn.count("{") == drawn.count("}")
    assert "live" in drawn
    assert 'state "Dossier" as' in mermaid(shipped()["upr"].definition, "fr")


def drawn_as_svg(*arguments: Any) -> ElementTree.Element:
    return ElementTree.fromstring(svg(*arguments))  # noqa: S314 - we wrote it ourselves


def boxes(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {g.attrib["data-state"]: g for g in root.iter(f"{SVG}g")}


@pytest.mark.parametrize("name", sorted(shipped()))
@pytest.mark.parametrize("language", ["en", "ar", "zh"])
def test_a_drawing_shows_every_state_within_its_own_and_inside_the_sheet(
    name: str, language: str
) -> None:
    definition = shipped()[name].definition
    root = drawn_as_svg(definition, language)
    drawn = boxes(root)
    assert list(drawn) == [state.id for state in definition.all_states()]

    def edges(group: ElementTree.Element) -> tuple[float, float, float, float]:
        at = {k: float(v) for k, v in group[0].attrib.items() if k in ("x", "y", "width", "height")}
        return at["x"], at["y"], at["x"] + at["width"], at["y"] + at["height"]

    def lies_in(inner: tuple[float, ...], outer: tuple[float, ...]) -> bool:
        return all(map(float.__le__, outer[:2], inner[:2])) and all(
            map(float.__le__, inner[2:], outer[2:])
        )

    sheet = (0.0, 0.0, float(root.attrib["width"]), float(root.attrib["height"]))
    for state in definition.all_states():
        assert drawn[state.id].findtext(f"{SVG}text") == state.labels[language]
        assert lies_in(edges(drawn[state.id]), sheet)
        below = [edges(drawn[child.id]) for child in state.states]
        assert all(lies_in(one, edges(drawn[state.id])) for one in below)
        assert all(one[3] <= other[1] for one, other in pairwise(below))


def test_a_drawing_tells_steps_and_sets_off_live_states() -> None:
    definition = made(overlay(*APPROVAL))
    root = drawn_as_svg(definition, "en", ["cabinet", "cabinet.waits"])
    waits, approved = boxes(root)["cabinet.waits"], boxes(root)["cabinet.approved"]
    told = [text.text for text in waits.iter(f"{SVG}text")]
    assert told == ["Waits", "Approve [planned] → Approved"]
    assert waits[0].attrib["fill"] != approved[0].attrib["fill"]
    assert "stroke-width" in waits[0].attrib
    assert "stroke-width" not in approved[0].attrib


def test_a_drawing_from_the_right_is_the_same_in_a_mirror() -> None:
    definition = shipped()["upr"].definition
    english, arabic = boxes(drawn_as_svg(definition)), boxes(drawn_as_svg(definition, "ar"))
    width = float(drawn_as_svg(definition).attrib["width"])
    for id, group in english.items():
        here, there = group[0].attrib, arabic[id][0].attrib
        assert float(there["x"]) == width - float(here["x"]) - float(here["width"])


COUNTS = {"record": 1_234_567, "record.open": 1_234_000, "record.closed": 567}


def test_a_drawing_shows_in_each_state_what_is_due_in_it() -> None:
    definition = shipped()["upr"].definition
    groups = boxes(drawn_as_svg(definition, "fr", ()))
    shown = {
        (id, text.text or "")
        for id, group in groups.items()
        for text in group.findall(f"{SVG}text")
        if (text.text or "").startswith("◷")
    }
    assert ("assignment.offered", "◷ Réponse à l’offre") in shown
    due = {(state, one.id) for one in definition.deadlines for state in one.within}
    assert len(shown) == len(due) > 4


def test_a_drawing_shows_beside_each_state_how_many_cases_stand_in_it() -> None:
    definition = shipped()["upr"].definition
    for language in ("en", "ar"):
        root = drawn_as_svg(definition, language, (), COUNTS)
        for id, group in boxes(root).items():
            name, count = group.findall(f"{SVG}text")[:2]
            assert count.text == f"{COUNTS.get(id, 0):,}"
            box = {k: float(group[0].attrib[k]) for k in ("x", "width")}
            left, right = box["x"], box["x"] + box["width"]
            begins, ends = (float(text.attrib["x"]) for text in (name, count))
            if language == "ar":
                assert (right - begins, ends - left) == (10, 10)
                assert (name.get("text-anchor"), count.get("text-anchor")) == ("end", None)
            else:
                assert (begins - left, right - ends) == (10, 10)
                assert (name.get("text-anchor"), count.get("text-anchor")) == (None, "end")
            assert count.attrib["y"] == name.attrib["y"]
    plain = ElementTree.tostring(drawn_as_svg(definition), encoding="unicode")
    assert "1,234" not in plain


def test_a_long_name_makes_room_for_the_count_beside_it() -> None:
    definition = shipped()["upr"].definition
    root = drawn_as_svg(definition, "ru", (), {"implementation.declared": 1_234})
    name = boxes(root)["implementation.declared"].find(f"{SVG}text")
    assert name is not None
    assert name.text == "Заявлено как выполненное"
    assert float(name.attrib["textLength"]) < 220
    crowded = {"implementation.declared": 10**18}
    (cut, *_) = boxes(drawn_as_svg(definition, "ru", (), crowded))[
        "implementation.declared"
    ].findall(f"{SVG}text")
    assert (cut.text or "").endswith("…")


def test_a_diagram_in_mermaid_shows_counts_too() -> None:
    drawn = mermaid(shipped()["upr"].definition, "fr", (), COUNTS)
    assert 'state "Dossier (1,234,567)" as' in drawn
    assert 'state "Clos (567)" as' in drawn
    assert drawn.count("(0)") == len([*shipped()["upr"].definition.all_states()]) - 3


def test_the_chart_as_scxml_is_the_same_chart(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.scxml import chart
    from tests.scxml import read as read_scxml

    procedure = Compiled(made(overlay(*APPROVAL)))
    path = tmp_path_factory.mktemp("scxml") / "chart.scxml"
    path.write_text(scxml(procedure))
    again = chart(read_scxml(path))
    assert set(procedure.chart.ids[2:]) <= set(again.ids)
    assert [len(edges) for edges in again.edges] == [len(e) for e in procedure.chart.edges]


# --- Over GraphQL --------------------------------------------------------------------------------

DEFINITIONS = """{ workflowDefinitions { hash name label(language: "fr") mechanisms kinds canonical
    states { name label bucket aspect } promises { name label(language: "es") says }
    gate { ok faults { code } } diagram
    drawn: diagram(format: SCXML, language: "fr") } }"""
STEPS = """query($id: ID!) { recommendation(id: $id) { definition { name hash }
    activeStates { name label(language: "zh") } steps { name label isOpen allowed roles
    blockedBy { guard facts { name value } states whoCan } } } }"""


def test_procedures_are_read_over_graphql(tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        told = server.ask("reader", DEFINITIONS)["workflowDefinitions"]
        assert {d["name"]: d["hash"] for d in told} == {n: c.hash for n, c in shipped().items()}
        assert all(d["gate"] == {"ok": True, "faults": []} for d in told)
        (upr,) = [d for d in told if d["mechanisms"] == ["UPR"]]
        assert sha256(upr["canonical"].encode()).hexdigest() == upr["hash"]
        assert upr["label"] == "Examen périodique universel"
        assert upr["diagram"].startswith("stateDiagram")
        counted = {state["name"]: (state["bucket"], state["aspect"]) for state in upr["states"]}
        assert counted["position"] == (None, None), "its states say it"
        assert counted["position.noted"] == ("NOTED", "POSITION")
        (promise,) = [one for one in upr["promises"] if one["name"] == "closed-by-decision"]
        assert promise["says"] == "never at record.closed and not closed"
        assert promise["label"] == "Nada se cierra sin una decisión"
        assert "<scxml" in upr["drawn"]
        one = "query($h: String!) { workflowDefinition(hash: $h) { name } }"
        found = server.ask("reader", one, h=upr["hash"])["workflowDefinition"]
        assert found == {"name": "upr"}
        unknown = server.refused("reader", one, h="0" * 64)
        assert unknown["extensions"]["code"] == "NOT_FOUND"


def test_for_each_step_one_is_told_whether_it_is_open_and_why_not(tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'suivi.db'}") as server:
        id = server.receive()
        told = server.ask("clerk", STEPS, id=id)["recommendation"]
        assert told["definition"]["name"] == "upr"
        assert [s["name"] for s in told["activeStates"]][:2] == ["record.open", "position.pending"]
        assert told["activeStates"][0]["label"] == "未结"
        steps = {step["name"]: step for step in told["steps"]}
        assert steps["plan"]["isOpen"] is False
        (why,) = steps["plan"]["blockedBy"]
        assert (why["guard"], why["states"]) == ("at assignment.assigned", ["assignment.assigned"])
        assert set(why["whoCan"]) == {"COORDINATOR", "FOCAL_POINT"}
        assert steps["take-position"]["allowed"] is True
        assert (steps["close"]["isOpen"], steps["close"]["allowed"]) == (True, False)
        assert steps["close"]["roles"] == ["COORDINATOR"]
        server.step("coordinator", "assignRecommendation", id, institution="justice")
        told = server.ask("justice", STEPS, id=id)["recommendation"]
        (plan,) = [step for step in told["steps"] if step["name"] == "plan"]
        assert (plan["isOpen"], plan["allowed"], plan["blockedBy"]) == (True, True, [])
