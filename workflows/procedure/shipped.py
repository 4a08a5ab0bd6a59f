"""The procedures that ship with the product: a profile for each mechanism, over one they share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from domain.words import Kind, Mechanism
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import (
    Definition,
    NoDefinition,
    check_names,
    convert,
    decode,
    read_file,
)
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


_reading = threading.Lock()


def shipped() -> Mapping[str, Compiled]:
    """The procedures that are shipped, by name."""
    with _reading:
        return _shipped()


@cache
def _shipped() -> Mapping[str, Compiled]:
    folder = files(__package__) / "profiles"
    found: dict[str, Definition] = {}
    sources = {
        path.name.removesuffix(".yaml"): path.read_bytes()
        for path in folder.iterdir()
        if path.name.endswith(".yaml")
    }
    for name in sorted(sources, key=lambda name: (name != "common", name)):
        found[name] = read(sources[name], found.get)
        assert found[name].name == name, "a profile is called as its file is"
    return {name: Compiled(definition) for name, definition in found.items()}


@cache
def profile(mechanism: Mechanism, kind: Kind) -> Compiled:
    """The shipped procedure that a recommendation starts under, where its State has no own."""
    return next(p for p in shipped().values() if is_for(p.definition, mechanism, kind))


@cache
def usual(aggregate: str) -> Compiled | None:
    """The shipped procedure that the cases of an aggregate start under, where their State has no
    own: of any that is not the recommendation."""
    found = (p for p in shipped().values() if aggregate in p.definition.applies.aggregates)
    return next(found, None)


def is_for(definition: Definition, mechanism: Mechanism, kind: Kind) -> bool:
    """True if such recommendations start under a definition that is in force: a procedure for a
    kind of text goes before one for a mechanism."""
    applies = definition.applies
    return kind in applies.kinds or (mechanism in applies.mechanisms and kind not in _apart())


@cache
def _apart() -> frozenset[Kind]:
    """The kinds of text that have a procedure of their own, whatever the mechanism."""
    return frozenset(kind for p in shipped().values() for kind in p.definition.applies.kinds)


@cache
def by_hash() -> Mapping[str, Compiled]:
    """The procedures that are shipped or ever were, by their identity. Those that were are no
    longer chosen by name; what started under one stays under it."""
    kept = (files(__package__) / "profiles" / "kept").iterdir()
    ever = (Compiled(decode(path.read_bytes())) for path in kept)
    return {
        **{procedure.hash: procedure for procedure in ever},
        **{procedure.hash: procedure for procedure in shipped().values()},
    }
