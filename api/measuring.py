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
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_list_type,
)

from domain.refusals import InvalidInput, LimitExceeded

some_items = 10
"""In a list that is not asked page by page, such as the assignments of a recommendation."""
introspected = 15_000
"""Objects that tell of the schema."""
usual_page = 50
page_max = 200
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


def objects_of(document: DocumentNode, schema: GraphQLSchema) -> dict[str | None, int]:
    """About how many objects each operation of a valid document may answer with: pages as large as
    they are asked for, other lists of some items. One of a union, as the event of an entry, is one
    with what has it."""
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }

    def size(place: SelectionSetNode, kind: GraphQLNamedType, page: int) -> int:
        """Of an object of a type, which is a page of so many items, what is below it."""
        below = 0
        for node in place.selections:
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                on = schema.type_map[fragment.type_condition.name.value]
                below += size(fragment.selection_set, on, page)
            elif isinstance(node, InlineFragmentNode):
                named = node.type_condition
                on = kind if named is None else schema.type_map[named.name.value]
                below += size(node.selection_set, on, page)
            elif isinstance(node, FieldNode) and node.selection_set is not None:
                if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                    continue
                field = kind.fields.get(node.name.value)
                if field is None:
                    below += introspected
                    continue
                asked = _page(node, field)
                inner = get_named_type(field.type)
                items = (asked or page or some_items) if is_list_type(_bare(field.type)) else 1
                own = 0 if isinstance(inner, GraphQLUnionType) and items == 1 else 1
                below += items * (own + size(node.selection_set, inner, asked))
        return below

    root = {
        OperationType.QUERY: schema.query_type,
        OperationType.MUTATION: schema.mutation_type,
    }
    found: dict[str | None, int] = {}
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            kind = root.get(operation.operation)
            named = operation.name.value if operation.name else None
            found[named] = size(operation.selection_set, kind, 0) if kind is not None else 0
    return found


def _page(node: FieldNode, field: GraphQLField) -> int:
    """How many items a field is asked for; 0 where it is not asked page by page."""
    if "first" not in field.args and "last" not in field.args:
        return 0
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            if isinstance(argument.value, IntValueNode):
                return max(1, int(argument.value.value))
            if isinstance(argument.value, VariableNode):
                return page_max
    return usual_page


def _bare(kind: GraphQLOutputType) -> GraphQLOutputType:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


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
