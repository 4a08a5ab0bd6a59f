"""The procedures that ship with the product: a profile for each mechanism, over one they share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from domain.words import Kind, Mechanism
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition, NoDefinition, check_names, convert, read_file
from workflows.procedure.overlay import OVERLAY, Overlay, extend


def read(source: bytes, find: Callable[[str], Definition | None]) -> Definition:
    """The definition that a file says, or that its overlay makes of the one it extends, which
    `find` gives by name or hash. Raises NoDefinition."""
    said = read_file(source)
    if not isinstance(said, dict):
        raise NoDefinition("A definition is an object with its fields.")
    if said.get("format") != OVERLAY:
        definition = convert(said, Definition)
        check_names(definition)
        return definition
    overlay = convert(said, Overlay)
    base = find(overlay.extends)
    if base is None:
        raise NoDefinition(f"There is no procedure {overlay.extends} to extend.", "$.extends")
    return extend(base, overlay)


def shipped() -> Mapping[str, Compiled]:
    """The procedures that are shipped, by name."""
    with _reading:
        return _shipped()


@cache
def _shipped() -> Mapping[str, Compiled]:
    folder = files(__package__) / "profiles"
    found: dict[str, Definition] = {}
    sources = {path.name.removesuffix(".yaml"): path.read_bytes() for path in folder.iterdir()}
    for name in sorted(sources, key=lambda name: (name != "common", name)):
        found[name] = read(sources[name], found.get)
        assert found[name].name == name, "a profile is called as its file is"
    return {name: Compiled(definition) for name, definition in found.items()}


_reading = threading.Lock()


@cache
def profile(mechanism: Mechanism, kind: Kind) -> Compiled:
    """The shipped procedure that a recommendation starts under, where its State has no own."""
    by_kind = [p for p in shipped().values() if kind in p.definition.applies.kinds]
    by_mechanism = [p for p in shipped().values() if mechanism in p.definition.applies.mechanisms]
    return (by_kind or by_mechanism)[0]


@cache
def by_hash() -> Mapping[str, Compiled]:
    """The procedures that are shipped, by their identity."""
    return {procedure.hash: procedure for procedure in shipped().values()}
