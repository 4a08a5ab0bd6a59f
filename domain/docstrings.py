"""Docstrings below fields and members: the meaning of each, which the API and JSON Schema show.

Python keeps the docstring of a class and drops those below its fields, so they are read from the
source.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache

SHARED = {
    "absent": "The person who is away, by pseudonym.",
    "body": "Code of the body, such as UPR or CEDAW.",
    "competence": "The competence, in words.",
    "deadline": "The deadline's name in the procedure.",
    "file": "The stored file, by its UUID.",
    "generation": "The version of the entry that set the deadline; each setting is a "
    "generation of its own.",
    "how": "Whether a person, the source, a rule or a likeness of texts says so.",
    "instrument": "The decree, decision or other document that says so; null where none is named.",
    "language": "BCP 47 tag of the language, such as `en` or `fr`.",
    "mechanism": "The kind of body, such as a treaty body.",
    "narrative": "The institution's words on its measures and results, which can be erased.",
    "period_from": "First day, month or year of the period; null where none is named.",
    "period_to": "Last day, month or year of the period; null where none is named.",
    "session": "Session of the Working Group or of the body, not of the Council; null where "
    "nobody said.",
    "substitute": "The person who stands in, by pseudonym.",
    "symbol": "UN symbol of the document, as printed, such as A/HRC/59/15.",
    "task": "The task's name in the procedure.",
}
"""Fields that mean the same in every struct that says nothing else of them."""


def of_members(cls: type) -> dict[str, str]:
    """The meaning of each field of a struct, or of each member of an enum, as a sentence. A base
    class speaks for the classes under it. A field without a meaning is left out."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        names = inspect.get_annotations(base)
        found |= {name: SHARED[name] for name in names if name in SHARED} | below(base)
    return {name: sentence(text) for name, text in found.items()}


def sentence(text: str) -> str:
    """A docstring on one line, with a capital letter and a full stop."""
    line = " ".join(text.split())
    return f"{line[:1].upper()}{line[1:]}" + ("" if line.endswith((".", "?", ":")) else ".")


def below(cls: type) -> dict[str, str]:
    """The docstrings below the fields or members of one class, its bases left out."""
    is_a_base_of_python = "." not in cls.__module__
    return {} if is_a_base_of_python else _of_module(cls.__module__).get(cls.__name__, {})


@cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (OSError, TypeError):  # it is compiled
        return {}
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: dict(_below(node)) for node in classes}


def _below(node: ast.ClassDef) -> list[tuple[str, str]]:
    """(name, docstring) of what a class assigns or annotates."""
    return [
        (target.id, text.value.value)
        for said, text in zip(node.body, node.body[1:], strict=False)
        for target in _targets(said)
        if isinstance(target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]


def _targets(said: ast.stmt) -> list[ast.expr]:
    if isinstance(said, ast.AnnAssign):
        return [said.target]
    return said.targets if isinstance(said, ast.Assign) else []
