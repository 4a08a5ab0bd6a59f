"""How much a GraphQL document asks for, told before it is validated.

Validation compares each field with each that has its name in the same place, and what is below
them too: a short document of many would keep it busy for seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from domain.refusals import InvalidInput, LimitExceeded

alike_max = 10_000
"""Pairs of fields of one name in one place. Twenty fragments that each select an id make 190."""

Fragments = dict[str, FragmentDefinitionNode]


def measure(document: DocumentNode, depth_max: int, fields_max: int) -> None:
    """Refuses a document that nests too deep or, fragments spread out, selects too much or the same
    too often. What else is wrong with it validation says."""
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    sizes: dict[str, tuple[int, int] | None] = {}

    def spread(name: str) -> tuple[int, int]:
        if name not in fragments:
            return 0, 0
        if name not in sizes:
            sizes[name] = None
            sizes[name] = size(fragments[name].selection_set)
        found = sizes[name]
        if found is None:
            raise InvalidInput(f"Cannot spread fragment “{name}” within itself.")
        return found

    def size(selections: SelectionSetNode | None) -> tuple[int, int]:
        deepest = fields = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                depth, below = spread(node.name.value)
            else:
                assert isinstance(node, (FieldNode, InlineFragmentNode))
                depth, below = size(node.selection_set)
                if isinstance(node, FieldNode):
                    depth, below = depth + 1, below + 1
            deepest, fields = max(deepest, depth), fields + below
        return deepest, fields

    alike = 0
    for definition in document.definitions:
        if not isinstance(definition, (OperationDefinitionNode, FragmentDefinitionNode)):
            continue
        depth, fields = size(definition.selection_set)
        if depth > depth_max and not _is_introspection(definition):
            raise LimitExceeded(f"The document nests {depth} deep; {depth_max} is the limit.")
        if fields > fields_max:
            raise LimitExceeded(f"The document selects {fields} fields; {fields_max} is the limit.")
        alike += _alike([definition.selection_set], fragments)
    if alike > alike_max:
        raise LimitExceeded("The document selects the same fields too often: select each once.")


def _is_introspection(definition: OperationDefinitionNode | FragmentDefinitionNode) -> bool:
    return isinstance(definition, FragmentDefinitionNode) or all(
        isinstance(node, FieldNode) and node.name.value.startswith("__")
        for node in definition.selection_set.selections
    )


def _alike(places: Iterable[SelectionSetNode], fragments: Fragments) -> int:
    """How many pairs of fields are to be compared: those in the same place, and those below."""
    named: dict[str, list[FieldNode]] = defaultdict(list)
    spread: set[str] = set()
    for place in places:
        for field in _fields(place, fragments, spread):
            named[(field.alias or field.name).value].append(field)
    pairs = 0
    for fields in named.values():
        pairs += len(fields) * (len(fields) - 1) // 2
        pairs += _alike([f.selection_set for f in fields if f.selection_set], fragments)
    return pairs


def _fields(place: SelectionSetNode, fragments: Fragments, spread: set[str]) -> Iterator[FieldNode]:
    """The fields of one place, each fragment spread once."""
    for node in place.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments, spread)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name in fragments and name not in spread:
                spread.add(name)
                yield from _fields(fragments[name].selection_set, fragments, spread)
