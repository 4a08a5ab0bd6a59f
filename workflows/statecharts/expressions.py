"""Guards: conditions over declared facts, in a small language that always ends.

    position == "supported" and not at assignment.offered
    answers in ["supported", "noted"] or due is unknown

A guard compares facts with values; it knows no calls, no loops, no clock and no arithmetic, so it
has an answer whatever the facts are. What is unknown compares with nothing: `==`, `!=` and the
others are false of it, which `is unknown` tells. Days are texts, as in "2026-03-01".

    or       →  and ("or" and)*
    and      →  not ("and" not)*
    not      →  "not" not | test
    test     →  "(" or ")" | "true" | "false" | "at" state | fact comparison?
    comparison → ("==" | "!=" | "<" | "<=" | ">" | ">=") value
               | "in" "[" value ("," value)* "]" | "is" ("known" | "unknown")
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from domain.entry import is_date
from workflows.statecharts.kernel import Active

chars_max = 2_000
depth_max = 40

Value = bool | int | str


class FactType(StrEnum):
    """What sort of fact it is. Days are compared as days, whole ones."""

    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    DAY = "day"


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """A declared fact: its type, the values of a choice, whether it may be unknown, and the field
    of a form that says it (`step.field`), where the record itself does not."""

    type: FactType
    values: tuple[str, ...] = ()
    optional: bool = False
    filled: str | None = None


class Flag(msgspec.Struct, frozen=True, tag=True):
    """A fact that is true."""

    fact: str


class Compare(msgspec.Struct, frozen=True, tag=True):
    """A fact compared with a value."""

    fact: str
    by: str
    value: Value


class OneOf(msgspec.Struct, frozen=True, tag=True):
    """A fact that is one of some values."""

    fact: str
    values: tuple[Value, ...]


class Known(msgspec.Struct, frozen=True, tag=True):
    """A fact that is known, or is not."""

    fact: str
    is_known: bool


class At(msgspec.Struct, frozen=True, tag=True):
    """A state that is active."""

    state: str


class Constant(msgspec.Struct, frozen=True, tag=True):
    """True, or false."""

    value: bool


class Not(msgspec.Struct, frozen=True, tag=True):
    """What does not hold."""

    part: Expression


class And(msgspec.Struct, frozen=True, tag=True):
    """What holds all together."""

    parts: tuple[Expression, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """Of which one holds, or several."""

    parts: tuple[Expression, ...]


Expression = Flag | Compare | OneOf | Known | At | Constant | Not | And | Or

Facts = Mapping[str, Value | None]
"""Facts as they are; None or missing: unknown."""


class Unreadable(Exception):
    """An expression that can't be read: why, and where (characters from its beginning)."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


# --- Reading -------------------------------------------------------------------------------------

_WORDS = {"or", "and", "not", "at", "in", "is", "known", "unknown", "true", "false"}
_ORDERED = {"<", "<=", ">", ">="}
_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][\w.-]*)|(?P<number>-?\d+)|(?P<text>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<sign>==|!=|<=|>=|[<>()\[\],])|(?P<end>$)|(?P<other>.))",
    re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Reader:
    def __init__(self, text: str, facts: Mapping[str, Fact]) -> None:
        if len(text) > chars_max:
            raise Unreadable(f"An expression has at most {chars_max:,} characters.", 0)
        self.facts = facts
        self.tokens = list(self._tokens(text))
        self.place = 0
        self.depth = 0

    @staticmethod
    def _tokens(text: str) -> Iterator[_Token]:
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup or ""
            yield _Token(kind, found[kind], found.start(kind))
            if kind == "end":
                return

    @property
    def now(self) -> _Token:
        return self.tokens[self.place]

    def take(self, *texts: str) -> bool:
        if self.now.kind in ("name", "sign") and self.now.text in texts:
            self.place += 1
            return True
        return False

    def want(self, text: str) -> None:
        if not self.take(text):
            raise self.wrong(f"“{text}” is missing")

    def wrong(self, why: str) -> Unreadable:
        here = f"before “{self.now.text}”" if self.now.text else "at the end"
        return Unreadable(f"{why} {here}.", self.now.at)

    def whole(self) -> Expression:
        found = self.any_of()
        if self.now.kind != "end":
            raise self.wrong("“and” or “or” is missing")
        return found

    def any_of(self) -> Expression:
        parts = [self.all_of()]
        while self.take("or"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else Or(_flat(Or, parts))

    def all_of(self) -> Expression:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(_flat(And, parts))

    def negation(self) -> Expression:
        self.depth += 1
        if self.depth > depth_max:
            raise self.wrong(f"More than {depth_max} levels within one another")
        found = Not(self.negation()) if self.take("not") else self.test()
        self.depth -= 1
        return found

    def test(self) -> Expression:
        if self.take("("):
            found = self.any_of()
            self.want(")")
            return found
        if self.take("true"):
            return Constant(True)
        if self.take("false"):
            return Constant(False)
        if self.take("at"):
            return At(self.name("a state"))
        at = self.now.at
        name = self.name("a fact")
        fact = self.facts.get(name)
        if fact is None:
            known = ", ".join(sorted(self.facts)) or "none"
            raise Unreadable(f"“{name}” is no declared fact; these are: {known}.", at)
        if self.take("is"):
            if self.take("known"):
                return Known(name, True)
            self.want("unknown")
            return Known(name, False)
        if self.take("in"):
            self.want("[")
            values = [self.value(name, fact)]
            while self.take(","):
                values.append(self.value(name, fact))
            self.want("]")
            return OneOf(name, tuple(values))
        sign = self.now
        if self.take("==", "!=", *_ORDERED):
            if sign.text in _ORDERED and fact.type not in (FactType.NUMBER, FactType.DAY):
                raise Unreadable(f"“{name}” is a {fact.type} and has no order.", sign.at)
            return Compare(name, sign.text, self.value(name, fact))
        if fact.type is not FactType.FLAG:
            raise Unreadable(f"“{name}” is a {fact.type}: compare it with a value.", at)
        return Flag(name)

    def name(self, what: str) -> str:
        if self.now.kind != "name" or self.now.text in _WORDS:
            raise self.wrong(f"The name of {what} is missing")
        self.place += 1
        return self.tokens[self.place - 1].text

    def value(self, name: str, fact: Fact) -> Value:
        token = self.now
        value: Value | None = None
        if token.kind == "number":
            value = int(token.text)
        elif token.kind == "text":
            try:
                value = msgspec.json.decode(token.text, type=str)
            except msgspec.DecodeError:
                raise Unreadable("This text is not written as in JSON.", token.at) from None
        elif token.kind == "name" and token.text in ("true", "false"):
            value = token.text == "true"
        if value is None:
            raise self.wrong("A value is missing")
        if why := misfit(fact, value):
            raise Unreadable(f"“{name}” {why}.", token.at)
        self.place += 1
        return value


def read(text: str, facts: Mapping[str, Fact]) -> Expression:
    """The expression that a text says, over declared facts. Raises Unreadable."""
    return _Reader(text, facts).whole()


def misfit(fact: Fact, value: Value) -> str | None:
    """Why a value is none of this fact's; None if it is one."""
    match fact.type:
        case FactType.FLAG:
            return None if isinstance(value, bool) else "is true or false"
        case FactType.NUMBER:
            if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 53:
                return "is a whole number"
            return None
        case FactType.CHOICE:
            return None if value in fact.values else f"is one of {', '.join(fact.values)}"
        case FactType.DAY:
            is_day = isinstance(value, str) and len(value) == 10 and is_date(value)
            return None if is_day else "is a day, as in 2026-03-01"
        case FactType.TEXT:
            return None if isinstance(value, str) else "is a text"


# --- Writing -------------------------------------------------------------------------------------


def write(expression: Expression) -> str:
    """An expression as one would write it; read again, it is the same."""
    match expression:
        case Flag(fact):
            return fact
        case Compare(fact, by, value):
            return f"{fact} {by} {_written(value)}"
        case OneOf(fact, values):
            return f"{fact} in [{', '.join(map(_written, values))}]"
        case Known(fact, is_known):
            return f"{fact} is {'known' if is_known else 'unknown'}"
        case At(state):
            return f"at {state}"
        case Constant(value):
            return _written(value)
        case Not(part):
            return f"not {_within(part, And, Or)}"
        case And(parts):
            return " and ".join(_within(part, Or) for part in parts)
        case Or(parts):
            return " or ".join(map(write, parts))


def _within(part: Expression, *weaker: type) -> str:
    return f"({write(part)})" if isinstance(part, weaker) else write(part)


def _written(value: Value) -> str:
    return msgspec.json.encode(value).decode()


def _flat(kind: type[And] | type[Or], parts: list[Expression]) -> tuple[Expression, ...]:
    """What stands in brackets without need joins those around it."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else (part,))
    return tuple(flat)


# --- Holding -------------------------------------------------------------------------------------

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(expression: Expression, facts: Facts, active: Active) -> bool:
    """True if an expression holds."""
    return ready(expression)(facts, active)


@lru_cache(maxsize=20_000)
def ready(expression: Expression) -> Callable[[Facts, Active], bool]:
    """An expression made ready to be asked often."""
    match expression:
        case And(parts):
            every = tuple(map(ready, parts))

            def all_hold(facts: Facts, active: Active) -> bool:
                for part in every:  # noqa: SIM110 - all() takes twice as long
                    if not part(facts, active):
                        return False
                return True

            return all_hold
        case Or(parts):
            some = tuple(map(ready, parts))

            def one_holds(facts: Facts, active: Active) -> bool:
                for part in some:  # noqa: SIM110
                    if part(facts, active):
                        return True
                return False

            return one_holds
        case Not(part):
            inner = ready(part)
            return lambda facts, active: not inner(facts, active)
        case Flag(fact):
            return lambda facts, active: facts.get(fact) is True
        case At(state):
            return lambda facts, active: state in active
        case Compare(fact, by, value):
            return _compare(fact, _COMPARED[by], value)
        case OneOf(fact, values):
            return lambda facts, active: facts.get(fact) in values
        case Known(fact, is_known):
            return lambda facts, active: (facts.get(fact) is not None) is is_known
        case Constant(constant):
            return lambda facts, active: constant


def _compare(
    fact: str, by: Callable[[Any, Any], bool], value: Value
) -> Callable[[Facts, Active], bool]:
    def compared(facts: Facts, active: Active) -> bool:
        now = facts.get(fact)
        return now is not None and by(now, value)

    return compared


def parts_of(expression: Expression) -> Iterator[Expression]:
    """The expression, and all that it is made of."""
    yield expression
    match expression:
        case Not(part):
            yield from parts_of(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from parts_of(part)


def facts_of(expression: Expression) -> frozenset[str]:
    """The facts that an expression reads."""
    return frozenset(
        part.fact
        for part in parts_of(expression)
        if isinstance(part, (Flag, Compare, OneOf, Known))
    )


def compared(expression: Expression) -> Iterator[tuple[str, Value]]:
    """Each fact that an expression compares, with each value that it is compared with."""
    for part in parts_of(expression):
        if isinstance(part, Compare):
            yield part.fact, part.value
        elif isinstance(part, OneOf):
            for value in part.values:
                yield part.fact, value


def states_of(expression: Expression) -> frozenset[str]:
    """The states that an expression asks for."""
    return frozenset(part.state for part in parts_of(expression) if isinstance(part, At))
