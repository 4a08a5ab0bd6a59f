"""A definition for people and for other tools: a Mermaid diagram, and SCXML."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from workflows.procedure.compiled import ALL, WHOLE, Compiled
from workflows.procedure.definition import HISTORY, Definition, StateSpec, label
from workflows.statecharts.expressions import write
from workflows.statecharts.kernel import Kind

SCXML = "http://www.w3.org/2005/07/scxml"


def mermaid(
    definition: Definition,
    language: str = "en",
    live: Collection[str] = (),
    counts: Mapping[str, int] | None = None,
) -> str:
    """A state diagram in Mermaid's words, in a language as far as there are labels; `live` states
    are set off. `counts`: how many cases stand in each state."""
    lines = ["stateDiagram-v2"]
    places = {state.id: f"s{n}" for n, state in enumerate(definition.all_states())}

    def name(labels: dict[str, str]) -> str:
        return _quoted(label(labels, language))

    def states(some: tuple[StateSpec, ...], indent: str) -> Iterator[str]:
        for state in some:
            place = places[state.id]
            remembers = state.kind in HISTORY
            count = "" if counts is None or remembers else f" ({counts.get(state.id, 0):,})"
            sign = {"history": " (H)", "deep-history": " (H*)"}.get(state.kind or "", "")
            yield f'{indent}state "{name(state.labels)}{sign}{count}" as {place}'
            if state.states:
                yield f"{indent}state {place} {{"
                inner = indent + "  "
                if state.kind == "parallel":
                    for n, region in enumerate(state.states):
                        if n and region.kind not in HISTORY:
                            yield f"{inner}--"
                        yield from states((region,), inner)
                else:
                    plain = next(s.id for s in state.states if s.kind not in HISTORY)
                    first = places[state.initial or plain]
                    if state.follows:
                        first = f"{place}_choice"
                        yield f"{inner}state {first} <<choice>>"
                    yield f"{inner}[*] --> {first}"
                    yield from states(state.states, inner)
                    for follow in state.follows:
                        when = _quoted(follow.when or "otherwise")
                        yield f"{inner}{first} --> {places[follow.to]}: {when}"
                yield f"{indent}}}"
            if state.kind == "final":
                yield f"{indent}{place} --> [*]"
            if remembers and state.initial is not None:
                yield f"{indent}{place} --> {places[state.initial]}"

    lines.extend(states(definition.states, "  "))
    steps = {step.name: step for step in definition.steps}
    deadlines = {deadline.id: deadline for deadline in definition.deadlines}
    for state in definition.all_states():
        for move in state.moves:
            if move.to is not None:
                on = name(steps[move.on].labels) if move.on else ""
                if move.past is not None:
                    on = f"◷ {name(deadlines[move.past].labels)}"
                when = f" [{_quoted(move.when)}]" if move.when else ""
                lines.append(f"  {places[state.id]} --> {places[move.to]}: {on}{when}")
    shown = [places[id] for id in live if id in places]
    if shown:
        lines.append("  classDef live stroke-width:4px")
        lines.append(f"  class {','.join(sorted(shown))} live")
    return "\n".join(lines) + "\n"


_ENTITIES = {"#": "#35;", '"': "#quot;", ";": "#59;", ":": "#58;", "<": "#lt;", ">": "#gt;"}


def _quoted(text: str) -> str:
    """A text as Mermaid takes it: its own signs are written as entities."""
    return text.translate({ord(sign): entity for sign, entity in _ENTITIES.items()})


def scxml(compiled: Compiled) -> str:
    """The chart as SCXML, its guards in the language of definitions."""
    chart = compiled.chart
    tags = {
        Kind.ATOMIC: "state",
        Kind.COMPOUND: "state",
        Kind.PARALLEL: "parallel",
        Kind.FINAL: "final",
        Kind.HISTORY: "history",
        Kind.DEEP_HISTORY: "history",
    }
    names = {WHOLE: "whole", ALL: "all"}

    def element(i: int) -> ElementTree.Element:
        state = chart.states[i]
        made = ElementTree.Element("scxml" if i == 0 else tags[chart.kind[i]])
        made.set("id" if i else "name", names.get(state.id, state.id))
        if chart.kind[i] in (Kind.HISTORY, Kind.DEEP_HISTORY):
            assert state.initial is not None, "a history state has a default"
            made.set("type", "deep" if chart.kind[i] is Kind.DEEP_HISTORY else "shallow")
            default = " ".join(state.initial.targets)
            ElementTree.SubElement(made, "transition", {"target": default})
        elif state.initial is not None:
            made.set("initial", " ".join(state.initial.targets))
        for edge, transition in zip(chart.edges[i], state.transitions, strict=True):
            moved = ElementTree.SubElement(made, "transition")
            if edge.events:
                moved.set("event", " ".join(edge.events))
            if edge.guard is not None:
                moved.set("cond", write(edge.guard.expression))
            if transition.targets:
                moved.set("target", " ".join(transition.targets))
            if transition.internal:
                moved.set("type", "internal")
        made.extend(map(element, chart.children[i]))
        return made

    root = element(0)
    root.set("xmlns", SCXML)
    root.set("version", "1.0")
    root.set("datamodel", "suivi")
    ElementTree.indent(root)
    head = f"<?xml version={quoteattr('1.0')} encoding={quoteattr('UTF-8')}?>\n"
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"
