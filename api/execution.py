"""Running one GraphQL operation: parse, limit, validate, execute, mask.

Synchronous on purpose: a whole operation runs in one thread of a small pool, in one read
transaction, so the event loop never blocks and no resolver hops threads.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from threading import Lock
from typing import Any, NamedTuple

import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Token,
    TokenKind,
    VariableNode,
    execute,
    parse,
    validate,
)
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.validation.validate import ValidationAbortedError

from api.context import Context
from api.events import TYPES as EVENT_TYPES
from api.measuring import measure, objects_of
from api.schema import schema
from api.settings import Settings
from domain.refusals import InvalidInput, LimitExceeded, Refusal

documents_chars_max = 250_000
"""Of the documents that are kept ready, in all. One character takes up to 600 bytes, made ready."""
digits_max = 40
"""Of a number in a document. Python itself refuses to read one of some thousand."""
validation_errors_max = 20
short_objects_max = 2_000
"""Objects of an answer that is made among the short ones; a page of 200 recommendations with the
assignments of each may have as many."""

FAULT = {
    "message": "Something went wrong on our side; it has been logged.",
    "extensions": {"code": "INTERNAL"},
}
"""What a caller is told of a fault of ours."""

log_line = structlog.get_logger("suivi.graphql")


class BadRequest(Exception):
    """A request that can't be run at all; `errors` say why."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class Takes(Enum):
    """What an operation takes to run, the longest first."""

    COMMIT = "a mutation"
    WALK = "walks procedures, or retells histories"
    LOOK_BACK = "folds the record as it was"
    LARGE = "may answer with much"
    SHORT = "reads"


Looks = frozenset[tuple[str | None, bool]]
"""The variables that say, by a value, that an operation looks back, and whether they have one by
default; None: it does whatever they say."""

LOOKING_BACK = frozenset(("asOf", "effectiveOn"))
"""Arguments that ask for the record as it was."""

LONG = frozenset(("whatIf", "gate", "path"))
"""Fields that may take long whatever they are asked: they walk procedures, or retell histories."""

APART = frozenset(
    (
        *LONG,
        *("publishWorkflowDefinition", "takeSteps", "migrateCases"),
        *("startImport", "importJob"),
    )
)
"""Fields that are asked behind the bulkhead: those, mutations of many cases or with a gate to pass,
and imports, of which the process knows that runs them."""


class Operation(NamedTuple):
    """A document that passed parsing, limits and validation, and the operation in it to run."""

    document: DocumentNode
    name: str | None
    is_mutation: bool
    looks: Looks
    fields: frozenset[str]
    objects: int

    def is_long(self, variables: dict[str, Any] | None) -> bool:
        """Whether it is answered behind the bulkhead."""
        takes = self.takes(variables)
        return bool(self.fields & APART) or takes not in (Takes.COMMIT, Takes.SHORT)

    def takes(self, variables: dict[str, Any] | None) -> Takes:
        """What it takes with these variables."""
        if self.is_mutation:
            return Takes.COMMIT
        if self.fields & LONG:
            return Takes.WALK
        given = variables or {}
        looks = any(
            has_default if name is None or name not in given else given[name] is not None
            for name, has_default in self.looks
        )
        if looks:
            return Takes.LOOK_BACK
        return Takes.LARGE if self.objects > short_objects_max else Takes.SHORT


class Counting(ExecutorThrowingOnIncremental):
    """Counts the objects of an answer; an event is one with its entry."""

    def complete_object_value(self, kind: GraphQLObjectType, *given: Any) -> Any:
        if kind.name not in EVENT_TYPES:
            self.context_value.ration.answer()
        return super().complete_object_value(kind, *given)


class Prepared(NamedTuple):
    """A valid document, and what says of each of its operations that it takes long: what asks for
    the record as it was, which fields of those in `APART`, and how many objects it may answer
    with."""

    document: DocumentNode
    looks: dict[str | None, tuple[Looks, frozenset[str]]]
    objects: dict[str | None, int]


class Executor:
    """Runs operations of our schema; keeps documents it has validated."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._schema: GraphQLSchema = schema._schema
        self._documents: OrderedDict[str, Prepared] = OrderedDict()
        self._kept_chars = 0
        self._door = Lock()

    def is_ready(self, query: str) -> bool:
        """True if a document is kept ready to run."""
        return query in self._documents

    def prepare(self, query: str, operation_name: str | None) -> Operation:
        """The operation a request asks for; BadRequest if there is no such one, or no valid one."""
        document, looks, objects = self._document(query)
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        if operation_name is not None:
            operations = [o for o in operations if o.name and o.name.value == operation_name]
            if not operations:
                raise BadRequest([_error(f"There is no operation “{operation_name}”.")])
        if len(operations) != 1:
            raise BadRequest([_error("Name the operation to run: operationName.")])
        (operation,) = operations
        if operation.operation is OperationType.SUBSCRIPTION:
            raise BadRequest([_error("There are no subscriptions; follow `events`.")])
        is_mutation = operation.operation is OperationType.MUTATION
        named = operation.name.value if operation.name else None
        return Operation(document, operation_name, is_mutation, *looks[named], objects[named])

    def run(
        self, operation: Operation, variables: dict[str, Any] | None, context: Context
    ) -> dict[str, Any]:
        """The response to an operation. Refusals are shown, faults of ours are masked."""
        try:
            result = execute(
                self._schema,
                operation.document,
                None,
                context,
                variables,
                operation.name,
                is_awaitable=_never,  # type: ignore[arg-type]
                hide_suggestions=True,
                executor_class=Counting,
            )
        finally:
            context.close()
        assert isinstance(result, ExecutionResult)
        ended = context.ration.refused
        if ended is not None and not operation.is_mutation:
            # What is there of the answer says nothing: it ends somewhere.
            return {"errors": [told(ended)], "data": None}
        response: dict[str, Any] = {}
        if result.errors:
            response["errors"] = [format_error(error) for error in result.errors]
        # Variables that do not fit are a request error: then there is no data entry at all.
        if result.data is not None or any(error.path for error in result.errors or ()):
            response["data"] = result.data
        return response

    def _document(self, query: str) -> Prepared:
        with self._door:
            known = self._documents.get(query)
            if known is not None:
                self._documents.move_to_end(query)
                return known
        limits = self._settings
        if len(query) > limits.query_chars_max:
            message = (
                f"The document has more than {limits.query_chars_max:,} characters, the limit: "
                "put texts into variables."
            )
            raise BadRequest([_error(message, LimitExceeded.code)])
        try:
            document = parse(query, no_location=False, max_tokens=limits.query_tokens_max)
        except GraphQLError as error:
            if "Parsing aborted" not in error.message:
                raise BadRequest([error]) from None
            message = f"The document has more than {limits.query_tokens_max} tokens, the limit."
            raise BadRequest([_error(message, LimitExceeded.code)]) from None
        except RecursionError:
            raise BadRequest([self._too_deep()]) from None
        if too_long := _numbers_too_long(document):
            raise BadRequest(too_long)
        try:
            measure(document, limits.query_depth_max, limits.query_fields_max)
        except Refusal as problem:
            raise BadRequest([_error(problem.message, problem.code)]) from None
        except RecursionError:
            raise BadRequest([self._too_deep()]) from None
        errors = validate(
            self._schema, document, max_errors=validation_errors_max, hide_suggestions=True
        )
        if errors:
            raise BadRequest([self._explained(error, errors) for error in errors])
        prepared = Prepared(document, looking_back(document), objects_of(document, self._schema))
        with self._door:
            if query not in self._documents:
                self._kept_chars += len(query)
            self._documents[query] = prepared
            while self._kept_chars > documents_chars_max:
                self._kept_chars -= len(self._documents.popitem(last=False)[0])
        return prepared

    def _explained(self, error: GraphQLError, errors: list[GraphQLError]) -> GraphQLError:
        """An error of validation; where that was given up, with the limit that was met."""
        if not isinstance(error, ValidationAbortedError):
            return error
        if len(errors) <= validation_errors_max:
            return self._too_deep()
        message = f"There are more errors; the first {validation_errors_max} are told."
        return _error(message, LimitExceeded.code)

    def _too_deep(self) -> GraphQLError:
        message = (
            "The document nests too deeply to be read; "
            f"{self._settings.query_depth_max} levels are the limit."
        )
        return _error(message, LimitExceeded.code)


def _numbers_too_long(document: DocumentNode) -> list[GraphQLError]:
    """What is wrong with a document that has a number of more digits than there may be."""
    assert document.loc is not None
    token: Token | None = document.loc.start_token
    while token is not None:
        is_number = token.kind in (TokenKind.INT, TokenKind.FLOAT)
        if is_number and token.end - token.start > digits_max:
            message = f"A number may have {digits_max} digits."
            at = [token.start]
            source = document.loc.source
            code = {"code": LimitExceeded.code}
            return [GraphQLError(message, source=source, positions=at, extensions=code)]
        token = token.next
    return []


def looking_back(document: DocumentNode) -> dict[str | None, tuple[Looks, frozenset[str]]]:
    """What says of each operation of a valid document that it takes long."""
    fragments = {
        d.name.value: d.selection_set
        for d in document.definitions
        if isinstance(d, FragmentDefinitionNode)
    }
    found: dict[str | None, tuple[Looks, frozenset[str]]] = {}
    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        defaulted = {
            d.variable.name.value
            for d in operation.variable_definitions or ()
            if d.default_value is not None and not isinstance(d.default_value, NullValueNode)
        }
        looks: set[tuple[str | None, bool]] = set()
        fields: set[str] = set()
        waiting: list[SelectionSetNode | None] = [operation.selection_set]
        spread: set[str] = set()
        while waiting:
            selections = waiting.pop()
            for node in selections.selections if selections else ():
                if isinstance(node, FragmentSpreadNode):
                    name = node.name.value
                    if name not in spread:
                        spread.add(name)
                        waiting.append(fragments[name])
                    continue
                assert isinstance(node, (FieldNode, InlineFragmentNode))
                waiting.append(node.selection_set)
                if isinstance(node, FieldNode) and node.name.value in APART:
                    fields.add(node.name.value)
                for given in node.arguments or () if isinstance(node, FieldNode) else ():
                    if given.name.value not in LOOKING_BACK:
                        continue
                    if isinstance(given.value, VariableNode):
                        name = given.value.name.value
                        looks.add((name, name in defaulted))
                    elif not isinstance(given.value, NullValueNode):
                        looks.add((None, True))
        found[operation.name.value if operation.name else None] = (
            frozenset(looks),
            frozenset(fields),
        )
    return found


def format_error(error: GraphQLError) -> dict[str, Any]:
    """An error as the caller sees it: a refusal with its code, a fault of ours without its text."""
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    shown = dict(error.formatted)
    if isinstance(original, Refusal):
        shown.update(told(original))
    elif original is not None:
        log_line.error("fault", path=error.path, exc_info=original)
        shown.update(FAULT)
    else:
        shown.setdefault("extensions", {"code": InvalidInput.code})
    return shown


def told(refusal: Refusal) -> dict[str, Any]:
    """A refusal as the caller sees it."""
    facts = {name: value for name, value in refusal.facts.items() if value is not None}
    return {"message": refusal.message, "extensions": {"code": refusal.code, **facts}}


def _error(message: str, code: str = InvalidInput.code) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def _never(value: object) -> bool:
    return False
