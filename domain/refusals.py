"""Refusals: one class for each reason, with a sentence for the person and a stable code for the
program.

    Refusal                     a rule forbids it that has no code of its own
    ├── InvalidInput            the request is malformed or contradicts itself
    │   ├── LimitExceeded       the request is larger than a stated limit
    │   └── UnknownCursor       the cursor does not belong to this log
    ├── NotFound                the named thing does not exist, or this reader may not see it
    ├── Ambiguous               the name fits more than one thing
    ├── Forbidden               the role may not do this
    ├── StaleVersion            another command changed the version first
    ├── CommandReused           the command id was used for another request
    ├── StepNotOpen             the procedure does not allow this step now
    │   └── FourEyes            another person must take the step, or approve it first
    ├── UnsoundDefinition       the procedure did not pass the gate
    ├── Unavailable             the log cannot be reached; send the same command again
    ├── Busy                    too many requests wait; send it again later
    ├── TimedOut                the request took too long; ask for less at once
    └── DoesNotHold             a rule that binds every State forbids it
        ├── NoPositionHere      this mechanism asks for no position
        ├── UnknownPart         the paragraph has no such part
        ├── UnknownInstitution  the State has no such institution
        ├── UnknownAssignment   the assignment does not exist or has ended
        ├── UnknownAlias        the recommendation does not have this name
        ├── UnknownReport       no progress report in the required state has this id
        ├── UnknownEntry        there is no such entry to strike
        ├── UnknownLink         there is no such link
        ├── UnknownTerm         the recommendation does not have this term
        ├── UnknownGrade        the scheme has no such version or grade
        ├── UnknownDeadline     no such deadline is running
        ├── UnknownTask         no such task is open
        ├── UnknownPerson       the person whom a system names is not registered
        ├── TaskClaimedByOther  another person has claimed this task
        ├── NeedsDecision       another role must decide, or people must decide case by case
        ├── AlreadySo           the record says so already; nothing would change
        ├── LinkToItself        a recommendation cannot be linked to itself
        └── HasEnded            it has ended and takes no further step

A refusal leaves no event. Codes are part of the API's promise: they are added, never changed.
Any other exception is a fault of Suivi, and no client sees its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import ClassVar

valid_told_max = 20
"""How many valid values a message names at most."""


def valid(known: Iterable[object], said: object = "") -> str:
    """The valid values in a sentence, for a message that refuses another value. The nearest value
    comes first, and at most `valid_told_max` values are listed."""
    names = [str(name) for name in known]
    if not names:
        return "There are none."
    meant = get_close_matches(str(said)[:200], names, 1, 0.75)
    mean = f"Did you mean {meant[0]}? " if meant else ""
    return f"{mean}There are: {listed(names)}."


def listed(names: Sequence[str]) -> str:
    """Names in a line, at most `valid_told_max` of them."""
    some = ", ".join(names[:valid_told_max])
    return (
        f"{some}, and {len(names) - valid_told_max} more" if len(names) > valid_told_max else some
    )


class Refusal(Exception):
    """Base of all refusals. `code` is stable and `message` says what to do. `facts` has values for
    programs, such as the current version or the refused field."""

    code: ClassVar[str] = "REFUSED"

    def __init__(self, message: str, **facts: str | int | None) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


@contextmanager
def within(*way: str) -> Iterator[None]:
    """Where a part of an input is read: the field of whatever is refused there is named by the way
    to that part, with points between."""
    try:
        yield
    except Refusal as refusal:
        inner = refusal.facts.get("field")
        refusal.facts["field"] = ".".join((*way, *([inner] if isinstance(inner, str) else ())))
        raise


class InvalidInput(Refusal):
    code = "INVALID_INPUT"


class LimitExceeded(InvalidInput):
    code = "LIMIT_EXCEEDED"


class UnknownCursor(InvalidInput):
    code = "UNKNOWN_CURSOR"


class NotFound(Refusal):
    code = "NOT_FOUND"


class Ambiguous(Refusal):
    code = "AMBIGUOUS"


class Forbidden(Refusal):
    code = "FORBIDDEN"


class StaleVersion(Refusal):
    code = "STALE_VERSION"


class CommandReused(Refusal):
    code = "COMMAND_REUSED"


class StepNotOpen(Refusal):
    code = "STEP_NOT_OPEN"


class FourEyes(StepNotOpen):
    code = "FOUR_EYES"


class UnsoundDefinition(Refusal):
    code = "UNSOUND_DEFINITION"


class Unavailable(Refusal):
    code = "UNAVAILABLE"


class Busy(Refusal):
    code = "BUSY"


class TimedOut(Refusal):
    code = "TIMED_OUT"


class DoesNotHold(Refusal):
    code = "DOES_NOT_HOLD"


class NoPositionHere(DoesNotHold):
    code = "NO_POSITION_HERE"


class UnknownPart(DoesNotHold):
    code = "UNKNOWN_PART"


class UnknownInstitution(DoesNotHold):
    code = "UNKNOWN_INSTITUTION"


class UnknownAssignment(DoesNotHold):
    code = "UNKNOWN_ASSIGNMENT"


class UnknownAlias(DoesNotHold):
    code = "UNKNOWN_ALIAS"


class UnknownReport(DoesNotHold):
    code = "UNKNOWN_REPORT"


class UnknownEntry(DoesNotHold):
    code = "UNKNOWN_ENTRY"


class UnknownLink(DoesNotHold):
    code = "UNKNOWN_LINK"


class UnknownTerm(DoesNotHold):
    code = "UNKNOWN_TERM"


class UnknownGrade(DoesNotHold):
    code = "UNKNOWN_GRADE"


class UnknownDeadline(DoesNotHold):
    code = "UNKNOWN_DEADLINE"


class UnknownTask(DoesNotHold):
    code = "UNKNOWN_TASK"


class UnknownPerson(DoesNotHold):
    code = "UNKNOWN_PERSON"


class TaskClaimedByOther(DoesNotHold):
    code = "TASK_CLAIMED_BY_OTHER"


class NeedsDecision(DoesNotHold):
    code = "NEEDS_DECISION"


class AlreadySo(DoesNotHold):
    code = "ALREADY_SO"


class LinkToItself(DoesNotHold):
    code = "LINK_TO_ITSELF"


class HasEnded(DoesNotHold):
    code = "HAS_ENDED"


def meanings() -> dict[str, str]:
    """The meaning of every code, as the tree above has it."""
    tree = dict(re.findall(r"(?m)^(?:    |.*[├└]── )(\w+) {2,}(.+)", __doc__ or ""))
    return {refusal.code: tree[refusal.__name__] for refusal in all_refusals()}


def table() -> str:
    """Code and meaning of every refusal: the table of docs/integrating.md."""
    rows = (f"| `{code}` | {text} |" for code, text in meanings().items() if code != Refusal.code)
    return "\n".join(("| code | means |", "|---|---|", *rows)) + "\n"


def all_refusals(root: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Every refusal class with a code of its own, the tree in depth-first order."""
    own = (sub for sub in root.__subclasses__() if "code" in vars(sub))
    return [root, *(c for sub in own for c in all_refusals(sub))]
