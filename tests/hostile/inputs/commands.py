"""The command line with files and words that it was not made for."""

from __future__ import annotations

from tests.hostile.doors import Command
from tests.hostile.record import Known


def hostile(known: Known) -> list[Command]:
    state = ("--state", "KEN", "--dry-run", "--actor", "p-1")
    return [
        Command(
            means="EXIT1",
            arguments=("import", "--format", "table", *state, "{file}"),
            file=b"x" * 5_000_000,
        ),
        Command(
            means="EXIT1",
            arguments=("import", "--format", "ohchr-matrix", *state, "{file}"),
            file=b"PK\x03\x04" + b"x" * 1_000,
        ),
        Command(
            means="EXIT1 EXIT2",
            arguments=("export", "--format", "csv", "--where", "cycle=" + "9" * 5_000),
        ),
        Command(
            means="EXIT1 EXIT2", arguments=("export", "--format", "csv", "--log-index", "9" * 40)
        ),
        Command(means="EXIT1", arguments=("definition", "check", "{file}"), file=b"[" * 100_000),
        Command(means="EXIT1", arguments=("definition", "check", "{file}"), file=b"\xff\xfe\x00"),
        Command(means="EXIT1 EXIT2", arguments=("key", "revoke", "' OR 1=1 --")),
    ]
