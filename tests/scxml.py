"""SCXML documents, with a data model in Python, made to run on our kernel: for conformance tests.

The kernel knows neither data nor expressions nor sending; all of that is here, as the behaviour of
a document. Time is virtual: what is sent later comes when nothing else is left to come.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

from workflows.statecharts.kernel import (
    Active,
    Chart,
    Emit,
    Event,
    Kind,
    Snapshot,
    State,
    Transition,
    start,
    step,
)

NAMESPACE = "{http://www.w3.org/2005/07/scxml}"
PROCESSOR = "http://www.w3.org/TR/scxml/#SCXMLEventProcessor"
SYSTEM = ("_event", "_sessionid", "_name", "_ioprocessors", "_x")
KINDS = {
    "state": Kind.ATOMIC,
    "parallel": Kind.PARALLEL,
    "final": Kind.FINAL,
    "history": Kind.HISTORY,
}

Element = ElementTree.Element


class Processor(str):
    """The type of SCXML's own event processor, which "scxml" names as well (appendix C.1)."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True or other == "scxml"

    __hash__ = str.__hash__


class Failed(Exception):
    """An action can't be carried out: `error.execution`, or `error.communication`."""

    def __init__(self, error: str = "error.execution", sendid: str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.sendid = sendid


class Unknown(dict[str, Any]):
    """What an event carries, by attribute too."""

    __getattr__ = dict.__getitem__


# --- Reading -------------------------------------------------------------------------------------


def read(path: Path) -> Element:
    """A document, its elements without their namespace."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - the suite's own files
    for element in root.iter():
        element.tag = element.tag.removeprefix(NAMESPACE)
    return root


def chart(root: Element) -> Chart:
    """The chart of a document."""
    numbers = itertools.count(1)

    def words(element: Element, name: str) -> tuple[str, ...]:
        return tuple(element.get(name, "").split())

    def actions(element: Element | None) -> tuple[Any, ...]:
        return () if element is None else tuple(element)

    def transition(element: Element) -> Transition:
        return Transition(
            events=words(element, "event"),
            guard=element.get("cond"),
            targets=words(element, "target"),
            actions=actions(element),
            internal=element.get("type") == "internal",
        )

    def state(element: Element) -> State:
        children = tuple(state(child) for child in element if child.tag in KINDS)
        kind = KINDS.get(element.tag, Kind.COMPOUND)
        transitions = [transition(child) for child in element.findall("transition")]
        initial = element.find("initial/transition")
        begins = None
        if initial is not None:
            begins = transition(initial)
        elif element.get("initial"):
            begins = Transition(targets=words(element, "initial"))
        if kind is Kind.HISTORY:
            (begins,), transitions = transitions, []
            kind = Kind.DEEP_HISTORY if element.get("type") == "deep" else kind
        proper = [c for c in children if c.kind not in (Kind.HISTORY, Kind.DEEP_HISTORY)]
        if kind is Kind.ATOMIC and proper:
            kind = Kind.COMPOUND
        late = [("late data", element)] if element.find("datamodel") is not None else []
        return State(
            id=element.get("id") or f"_{next(numbers)}",
            kind=kind,
            children=children,
            initial=begins,
            transitions=tuple(transitions),
            entering=(*([tuple(late)] if late else []), *map(actions, element.findall("onentry"))),
            leaving=tuple(map(actions, element.findall("onexit"))),
            done_data=element.find("donedata"),
        )

    root.set("id", root.get("id") or "_scxml")
    return Chart(state(root))


# --- Running -------------------------------------------------------------------------------------


class Session:
    """A document as it runs: its data, and the events on their way to it."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.chart = chart(root)
        self.late = root.get("binding") == "late"
        self.bound: set[int] = set()
        self.now = 0.0
        self.queue: list[tuple[float, int, str | None, Event]] = []
        self.numbers = itertools.count(1)
        self.data: dict[str, Any] = {
            "_sessionid": "session-1",
            "_name": root.get("name"),
            "_ioprocessors": {PROCESSOR: {"location": "#_scxml_session-1"}},
            "_event": None,
            "true": True,
            "false": False,
        }

    def to_its_end(self, steps_max: int = 1_000) -> Snapshot:
        """Runs until it is done, or nothing is on its way any more."""
        raised: list[Event] = []
        if not self.late:
            for model in self.root.iter("datamodel"):
                self._bind(model, raised.append)
        else:
            for model in self.root.findall("datamodel"):
                self._bind(model, raised.append)
        for script in self.root.findall("script"):
            self._try(lambda script=script: self._execute(script), raised.append)
        self.early = raised
        stepped = start(self.chart, self)
        for _ in range(steps_max):
            if stepped.done or not self.queue:
                break
            self.now, _, _, event = heapq.heappop(self.queue)
            stepped = step(self.chart, stepped.snapshot, event, self)
        return stepped.snapshot

    # -- the kernel's questions

    def holds(self, guard: str, event: Event | None, active: Active, emit: Emit) -> bool:
        self._early(emit)
        self._see(event)
        try:
            return bool(self._value(guard, active))
        except Exception:
            emit(Event("error.execution", _told("error.execution", "platform")))
            return False

    def run(self, actions: Sequence[Any], event: Event | None, active: Active, emit: Emit) -> None:
        self._early(emit)
        self._see(event)
        for action in actions:
            if isinstance(action, tuple):
                if self.late:
                    for model in action[1].findall("datamodel"):
                        self._bind(model, emit)
            elif not self._try(lambda action=action: self._do(action, active, emit), emit):
                return

    def done_data(self, content: Element, event: Event | None, active: Active, emit: Emit) -> Any:
        self._see(event)
        found: list[Any] = []
        name = "done.state"
        ok = self._try(lambda: found.append(self._payload(content, active)), emit)
        return _told(name, "internal", found[0] if ok else None)

    # -- data

    def _early(self, emit: Emit) -> None:
        for event in self.early:
            emit(event)
        self.early = []

    def _see(self, event: Event | None) -> None:
        if event is None:
            return
        told = event.data
        if not isinstance(told, SimpleNamespace):
            told = _told(event.name, "internal", told)
        told.name = event.name
        self.data["_event"] = told

    def _value(self, expression: str, active: Active | None = None) -> Any:
        names = {**self.data, "In": lambda id: active is not None and id in active}
        return eval(expression.strip(), {}, names)  # noqa: S307 - the suite's own expressions

    def _bind(self, model: Element, emit: Emit) -> None:
        if id(model) in self.bound:
            return
        self.bound.add(id(model))
        for data in model.findall("data"):
            name = data.get("id") or ""
            self.data[name] = None
            said = data.get("expr")
            if said is None and data.text and data.text.strip():
                said = data.text
            if said is not None:
                self._try(
                    lambda name=name, said=said: self.data.__setitem__(name, self._value(said)),
                    emit,
                )

    def _try(self, act: Any, emit: Emit) -> bool:
        """False if it failed; then the error is an event inside."""
        try:
            act()
        except Failed as failed:
            emit(Event(failed.error, _told(failed.error, "platform", sendid=failed.sendid)))
            return False
        except Exception:
            emit(Event("error.execution", _told("error.execution", "platform")))
            return False
        return True

    # -- actions

    def _do(self, action: Element, active: Active, emit: Emit) -> None:
        def of(name: str) -> Any:
            said = action.get(f"{name}expr")
            return action.get(name) if said is None else self._value(said, active)

        match action.tag:
            case "raise":
                emit(Event(action.get("event") or ""))
            case "assign":
                said = action.get("expr")
                value = (action.text or "") if said is None else self._value(said, active)
                self._assign(action.get("location") or "", value)
            case "log":
                if said := action.get("expr"):
                    self._value(said, active)
            case "script":
                self._execute(action)
            case "if":
                self._choose(action, active, emit)
            case "foreach":
                self._each(action, active, emit)
            case "send":
                self._send(action, of, active, emit)
            case "cancel":
                sendid = of("sendid")
                self.queue = [sent for sent in self.queue if sent[2] != sendid]
                heapq.heapify(self.queue)
            case _:
                raise Failed

    def _execute(self, script: Element) -> None:
        exec((script.text or "").strip(), {}, self.data)  # noqa: S102 - the suite's own scripts

    def _assign(self, location: str, value: Any) -> None:
        location = location.strip()
        if location not in self.data or location in SYSTEM:
            raise Failed
        self.data[location] = value

    def _choose(self, action: Element, active: Active, emit: Emit) -> None:
        branches: list[tuple[str | None, list[Element]]] = [(action.get("cond"), [])]
        for child in action:
            if child.tag in ("elseif", "else"):
                branches.append((child.get("cond"), []))
            else:
                branches[-1][1].append(child)
        for condition, some in branches:
            holds = True
            if condition is not None:
                try:
                    holds = bool(self._value(condition, active))
                except Exception:
                    emit(Event("error.execution", _told("error.execution", "platform")))
                    holds = False
            if holds:
                for child in some:
                    self._do(child, active, emit)
                return

    def _each(self, action: Element, active: Active, emit: Emit) -> None:
        items = self._value(action.get("array") or "", active)
        if not isinstance(items, (list, tuple)):
            raise Failed
        item, index = action.get("item") or "", action.get("index")
        for name in (item, index):
            if name is not None and (not name.isidentifier() or name == "continue"):
                raise Failed
        self.data.setdefault(item, None)
        for place, value in enumerate(list(items)):
            self.data[item] = value
            if index is not None:
                self.data[index] = place
            for child in action:
                self._do(child, active, emit)

    def _send(self, action: Element, of: Any, active: Active, emit: Emit) -> None:
        sendid = action.get("id")
        if location := action.get("idlocation"):
            sendid = f"sent-{next(self.numbers)}"
            self._assign(location, sendid)
        try:
            name, target, kind, delay = of("event"), of("target"), of("type"), of("delay")
            data = self._payload(action, active)
        except Exception:
            raise Failed(sendid=sendid) from None
        if kind is not None and kind != Processor(PROCESSOR):
            raise Failed(sendid=sendid)
        if target == "#_internal":
            emit(Event(name, _told(name, "internal", data, sendid=sendid)))
            return
        if target is not None and target != "#_scxml_session-1":
            if str(target).startswith("#_"):
                raise Failed("error.communication", sendid)
            raise Failed(sendid=sendid)
        told = _told(
            name,
            "external",
            data,
            sendid=action.get("id"),
            origin="#_scxml_session-1",
            origintype=Processor(PROCESSOR),
        )
        at = self.now + _seconds(delay)
        heapq.heappush(self.queue, (at, next(self.numbers), sendid, Event(name, told)))

    def _payload(self, action: Element, active: Active) -> Any:
        content = action.find("content")
        if content is not None:
            said = content.get("expr")
            if said is not None:
                return self._value(said, active)
            text = " ".join((content.text or "").split())
            try:
                return self._value(text, active)
            except Exception:
                return text
        data = Unknown()
        for name in (action.get("namelist") or "").split():
            if name not in self.data:
                raise Failed
            data[name] = self.data[name]
        for param in action.findall("param"):
            said = param.get("expr") or param.get("location") or ""
            data[param.get("name") or ""] = self._value(said, active)
        return data or None


def _told(
    name: str,
    kind: str,
    data: Any = None,
    sendid: str | None = None,
    origin: str | None = None,
    origintype: str | None = None,
) -> SimpleNamespace:
    """An event as `_event` shows it."""
    return SimpleNamespace(
        name=name,
        type=kind,
        sendid=sendid,
        origin=origin,
        origintype=origintype,
        invokeid=None,
        data=data,
    )


def _seconds(delay: Any) -> float:
    if delay is None:
        return 0.0
    said = str(delay).strip()
    if said.endswith("ms"):
        return float(said[:-2]) / 1000
    return float(said.removesuffix("s"))
