"""History as event logs, for process mining with the tools of others: OCEL 2.0 (JSON) and XES
(IEEE 1849-2016, XML).

The time of an event is when it was true in the world: the first instant, in UTC, of the day, month
or year that is known. Where none is, it is when it was recorded; `time-basis` says which. So events
of one day share an instant and stand in the order in which they were recorded. In a trace of XES a
fact that came late stands where it belongs; OCEL leaves the order to whoever reads it.

Texts are not in it: an event log is for what happened, when and by whom.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, NamedTuple
from xml.sax.saxutils import quoteattr

import msgspec

from domain.aggregates import AGGREGATES, Aggregate
from domain.casework.steps import StepTaken
from domain.entry import Entry
from domain.identity import normal_symbol
from domain.institution import Institution
from domain.measure.assignment import MeasureAssigned
from domain.measure.links import MeasureLinked
from domain.progress_report import ProgressReport
from domain.recommendation import Recommendation
from domain.recommendation.assignment import AssignmentHandedOver, AssignmentOpened
from domain.recommendation.position import PositionTaken
from domain.recommendation.progress import Covered
from domain.review import Review, review_of
from domain.words import Mechanism
from workflows.exporting.cells import named, printable, terms
from workflows.list_cells import join

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Life(NamedTuple):
    """Something the record follows, as it stands, and those of its entries that a reader may
    see."""

    of: Any
    entries: Sequence[Entry]


class Attribute(NamedTuple):
    """What is said of an event beside its name and its time: a text, a whole number, or a time."""

    name: str
    value: str | int | datetime


TOLD: dict[type, Aggregate] = {a.state: a for a in AGGREGATES if a.told}
"""What objects there are besides cycles."""

CYCLE = "cycle"

ATTRIBUTES = {
    "log-index": "integer",
    "recorded-at": "time",
    "time-basis": "string",
    "effective-on": "string",
    "precision": "string",
    "role": "string",
    "institution": "string",
    "person": "string",
    "system": "string",
    "part": "string",
    "answer": "string",
    "definition": "string",
    "left": "string",
    "entered": "string",
}
"""What may be said of an event, and the type of it."""

OBJECT_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    **{aggregate.word: aggregate.told for aggregate in TOLD.values()},
    CYCLE: ("addressee", "mechanism", "body", "cycle"),
}
"""What is said of an object; all of it is text."""

_TERMS = {"issues": "issue", "actions": "action"}
"""What UPR Info says of a recommendation, and the vocabulary it says it in."""


# --- What is told of an event --------------------------------------------------------------------


def activity(entry: Entry) -> str:
    """What happened, in a word: of a recommendation its own, of anything else with its kind."""
    event = entry.event
    if isinstance(event, StepTaken):
        return event.step
    kind, what, _ = event.topic.split(".")
    return what if kind == "recommendation" else f"{kind} {what}"


def happened(entry: Entry) -> datetime:
    """When it was true in the world, else when it was recorded."""
    on = entry.stamp.effective.on
    if on is None:
        return recorded(entry)
    year, month, day = (*map(int, on.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)


def recorded(entry: Entry) -> datetime:
    """When it was recorded."""
    return _EPOCH + timedelta(microseconds=entry.recorded_at or 0)


def attributes(entry: Entry) -> list[Attribute]:
    """What else is said of an event; what is not known is left out."""
    stamp, event = entry.stamp, entry.event
    said = {
        "log-index": entry.log_index,
        "recorded-at": recorded(entry),
        "time-basis": "recorded" if stamp.effective.on is None else stamp.effective.basis.value,
        "effective-on": stamp.effective.on,
        "precision": None if stamp.effective.precision is None else stamp.effective.precision.value,
        "role": stamp.speaker.role,
        "institution": stamp.speaker.institution,
        "person": stamp.speaker.actor,
        "system": stamp.speaker.system,
        "part": stamp.part,
        "answer": event.answer.value if isinstance(event, PositionTaken) else None,
        "definition": stamp.definition,
        "left": " ".join(stamp.left) or None,
        "entered": " ".join(stamp.entered) or None,
    }
    return [Attribute(name, value) for name, value in said.items() if value is not None]


# --- XES -----------------------------------------------------------------------------------------

_XES_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/>\
<date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>\
<string key="lifecycle:transition" value="complete"/></global>
<classifier name="Activity" keys="concept:name"/>
"""
_XES_KEYS = {"role": "org:role", "institution": "org:group", "person": "org:resource"}
_XES_TAGS = {str: "string", int: "int", datetime: "date"}


def write_xes(lives: Iterable[Life], out: BinaryIO) -> None:
    """Writes a trace a case, named by its UUID, with an event an entry. Some tools take
    the order of a trace from the file and some from the times in it: here they are the same."""
    out.write(_XES_HEAD.encode())
    for life in lives:
        out.write(b"<trace>" + _xes("concept:name", str(life.of.id)))
        for name in OBJECT_ATTRIBUTES[TOLD[type(life.of)].word]:
            if said := _said(life.of, name):
                out.write(_xes(name, str(said)))
        if isinstance(life.of, Recommendation) and life.of.cycle is not None:
            out.write(_xes(CYCLE, life.of.cycle))
        out.write(b"\n")
        for entry in sorted(life.entries, key=happened):
            out.write(b"<event>" + _xes("concept:name", activity(entry)))
            out.write(_xes("time:timestamp", happened(entry)))
            out.write(_xes("lifecycle:transition", "complete"))
            for name, value in attributes(entry):
                out.write(_xes(_XES_KEYS.get(name, name), value))
            out.write(b"</event>\n")
        out.write(b"</trace>\n")
    out.write(b"</log>\n")


def _xes(key: str, value: str | int | datetime) -> bytes:
    told = value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)
    tag = _XES_TAGS[type(value)]
    return f"<{tag} key={quoteattr(key)} value={quoteattr(printable(told))}/>".encode()


# --- OCEL ----------------------------------------------------------------------------------------
# Its schema has every value as text; how to read it is what the type declares.

_ALWAYS = "1970-01-01T00:00:00Z"
"""The time from which an object's attribute holds where it never changes, as OCEL 2.0 has it."""


def write_ocel(lives: Iterable[Life], out: BinaryIO) -> None:
    """Writes an event an entry and an object for all that the entries are about. Events come life
    by life, in the order in which they were recorded. An object's id is its UUID, of institutions
    `SVN/moj`, of cycles `cycle/SVN/upr/4`, which no code of an institution can be.

    Reviews come before recommendations, and those before measures: each is related only to those
    that came."""
    activities: set[str] = set()
    objects = _Objects()
    with tempfile.TemporaryFile() as beside:
        out.write(b'{"events":[\n')
        first = True
        for n, life in enumerate(lives):
            beside.write(b",\n" if n else b"")
            beside.write(msgspec.json.encode(objects.of(life.of)))
            for entry in life.entries:
                activities.add(activity(entry))
                out.write(b"" if first else b",\n")
                out.write(msgspec.json.encode(_event(entry, life.of, objects)))
                first = False
        out.write(b'\n],"objects":[\n')
        mentioned = map(msgspec.json.encode, objects.mentioned.values())
        beside.write(b"".join(b",\n" + one for one in mentioned))
        beside.seek(0)
        while chunk := beside.read(1 << 20):
            out.write(chunk)
    out.write(b'\n],"eventTypes":')
    out.write(msgspec.json.encode([_type(name, ATTRIBUTES) for name in sorted(activities)]))
    out.write(b',"objectTypes":')
    types = [
        _type(kind, dict.fromkeys(names, "string")) for kind, names in OBJECT_ATTRIBUTES.items()
    ]
    out.write(msgspec.json.encode(types))
    out.write(b"}\n")


class _Objects:
    """The objects of one file, each once: those that have a life in it, and those only mentioned:
    cycles, institutions nobody has registered, reports that cover what the reader may see."""

    def __init__(self) -> None:
        self.mentioned: dict[str, dict[str, Any]] = {}
        self._written: set[str] = set()

    def of(self, it: Any) -> dict[str, Any]:
        """The object of something that has a life."""
        kind, id = TOLD[type(it)].word, _id(it)
        said = {name: _said(it, name) for name in OBJECT_ATTRIBUTES[kind]}
        cycle, review = self.cycle(it), self.review(it)
        relations = [(cycle, "belongs-to")] if cycle else []
        relations += [(review, "made-in")] if review else []
        self._written.add(id)
        self.mentioned.pop(id, None)
        return _object(id, kind, said, relations)

    def has(self, id: str) -> bool:
        """True if something is in the file with its life."""
        return id in self._written

    def mention(self, id: str, kind: str, said: dict[str, Any]) -> str:
        """Its id; it becomes an object, where it has no life of its own."""
        if id not in self._written and id not in self.mentioned:
            self.mentioned[id] = _object(id, kind, said)
        return id

    def cycle(self, it: Any) -> str | None:
        """The id of the cycle something belongs to, if to any. Bodies other than the Universal
        Periodic Review have rounds, each body its own."""
        if not isinstance(it, Recommendation | Review):
            return None
        number = it.round if isinstance(it, Review) and it.cycle is None else it.cycle
        if number is None:
            return None
        body = None if it.mechanism is Mechanism.UPR else normal_symbol(it.body)
        whose = {"addressee": it.addressee, "mechanism": it.mechanism.value, "body": body}
        id = "/".join(filter(None, [CYCLE, *whose.values(), str(number)]))
        return self.mention(id, CYCLE, {**whose, "cycle": number})

    def review(self, it: Any) -> str | None:
        """The id of the review a recommendation was made in, where that is in the file."""
        if not isinstance(it, Recommendation):
            return None
        id = review_of(it.addressee, it.mechanism, it.body, it.cycle)
        return str(id) if id is not None and str(id) in self._written else None

    def institution(self, addressee: str, code: str) -> str:
        """The id of an institution."""
        said = {"addressee": addressee, "code": code}
        return self.mention(f"{addressee}/{code}", TOLD[Institution].word, said)


def _said(it: Any, name: str) -> Any:
    """What is said of an object; None where nothing is."""
    if isinstance(it, Recommendation) and name in _TERMS:
        return join(map(named, terms(it, _TERMS[name]))) or None
    return getattr(it, name)


def _event(entry: Entry, of: Any, objects: _Objects) -> dict[str, Any]:
    return {
        "id": f"e{entry.log_index}",
        "type": activity(entry),
        "time": _ocel(happened(entry)),
        "attributes": [
            {"name": name, "value": _ocel(value) if isinstance(value, datetime) else str(value)}
            for name, value in attributes(entry)
        ],
        "relationships": [
            {"objectId": id, "qualifier": qualifier} for id, qualifier in _about(entry, of, objects)
        ],
    }


def _about(entry: Entry, of: Any, objects: _Objects) -> Iterator[tuple[str, str]]:
    """The objects an event is about: its own and its cycle, who said it, who was assigned, what
    covers it."""
    event = entry.event
    yield _id(of), "subject"
    if cycle := objects.cycle(of):
        yield cycle, "cycle"
    yield objects.institution(of.addressee, entry.stamp.speaker.institution), "said-by"
    if isinstance(event, AssignmentOpened):
        yield objects.institution(of.addressee, event.assignee), "assignee"
    elif isinstance(event, AssignmentHandedOver):
        yield objects.institution(of.addressee, event.to), "assignee"
    elif isinstance(event, MeasureAssigned):
        for code in event.addressed:
            yield objects.institution(of.addressee, code), "assignee"
    elif isinstance(event, MeasureLinked) and objects.has(str(event.to)):
        yield str(event.to), "contributes-to"
    elif isinstance(event, Covered):
        yield objects.mention(str(event.report), TOLD[ProgressReport].word, {}), "covered-by"


def _id(of: Any) -> str:
    return f"{of.addressee}/{of.code}" if isinstance(of, Institution) else str(of.id)


def _object(
    id: str, kind: str, said: dict[str, Any], relations: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    return {
        "id": id,
        "type": kind,
        "attributes": [
            {"name": name, "time": _ALWAYS, "value": str(value)}
            for name, value in said.items()
            if value is not None
        ],
        "relationships": [{"objectId": to, "qualifier": as_what} for to, as_what in relations],
    }


def _type(name: str, typed: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": n, "type": t} for n, t in typed.items()]}


def _ocel(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
