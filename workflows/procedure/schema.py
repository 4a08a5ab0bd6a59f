"""The JSON Schema of the files that procedures are written in: definitions, overlays, migrations.

It tells shapes; what they mean together, the gate tells. Checked in as `schema.json`, for editors
and for whoever writes such files by program.
"""

from __future__ import annotations

from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from workflows.annual import Annual
from workflows.procedure.definition import Definition, Due
from workflows.procedure.migration import Migration
from workflows.procedure.overlay import Overlay
from workflows.spans import Span

ONE_OF: dict[type, tuple[tuple[str, ...], ...]] = {
    Due: (("fact",), ("after",), ("annual",), ("fact", "annual")),
    Span: (("days",), ("working-days",), ("months",), ("years",)),
    Annual: (("month", "day"), ("month", "weekday", "nth"), ("end-of",)),
}
"""What says some of its fields together, and no others."""

FILE = Path(__file__).with_name("schema.json")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a file: it is one of the three, as its `format` says."""
    kinds, parts = msgspec.json.schema_components(
        (Definition, Overlay, Migration), ref_template="#/$defs/{name}"
    )
    for part in parts.values():
        if "description" in part:
            part["description"] = cleandoc(part["description"])
    for kind, ways in ONE_OF.items():
        part = parts[kind.__name__]
        part["oneOf"] = [
            {
                "required": [*way],
                "properties": {
                    name: {"not": {"type": "null"}} if name in way else {"type": "null"}
                    for name in part["properties"]
                },
            }
            for way in ways
        ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of a procedure: definition, overlay or migration",
        "oneOf": list(kinds),
        "$defs": parts,
    }


def written() -> str:
    """The schema as the checked-in file has it."""
    return msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode() + "\n"
